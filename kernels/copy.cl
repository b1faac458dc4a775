/* SPDX-License-Identifier: MIT */
/*
 * Strided copies between element types: out = scale in + shift. `exact`, or the build option EXACT: the values go over as they are, without a detour
 * through float. The skews are the views' first elements in their buffers. The build options IN and OUT make the kernel for these types alone.
 */
#include "strided.h"

#ifdef EXACT
#define IS_EXACT true
#else
#define IS_EXACT exact
#endif

#ifdef IN
#include "copy.h"
#else
#define IN float
#define OUT float
#include "copy.h"
#define IN float
#define OUT int
#include "copy.h"
#define IN float
#define OUT uchar
#include "copy.h"
#define IN uchar
#define OUT float
#include "copy.h"
#define IN uchar
#define OUT int
#include "copy.h"
#define IN uchar
#define OUT uchar
#include "copy.h"
#define IN int
#define OUT float
#include "copy.h"
#define IN int
#define OUT int
#include "copy.h"
#define IN int
#define OUT uchar
#include "copy.h"
#endif
