/* SPDX-License-Identifier: MIT */
/* What the parts of the reference share; the tables in kernels/ are compiled for double. */
#ifndef SOMA_DEVICE_REFERENCE_H
#define SOMA_DEVICE_REFERENCE_H

#include "device/device.h"

#include "device/calls.h"
#include "device/element.h"
#include <math.h>

#define real  double
#define R(x)  x
#define EXP   exp
#define EXPM1 expm1
#define LOG   log
#define LOG1P log1p
#define TANH  tanh
#define ERF   erf
#define SQRT  sqrt
#define ABS   fabs
#define FLOOR floor
#define CEIL  ceil
#define ROUND rint
#define SIN   sin
#define COS   cos
#define TAN   tan
#define ASIN  asin
#define ACOS  acos
#define ATAN  atan
#define SINH  sinh
#define COSH  cosh
#define ASINH asinh
#define ACOSH acosh
#define ATANH atanh

/* f(x) */
double soma_reference_function(soma_function function, double x, double a, double b);

/* What PUT leaves of `there` where x comes to it. */
double soma_reference_put_one(const soma_put_params *params, double there, double x);

/* Whether DROPOUT keeps element `index` of a tensor: the definition that devices reproduce bit by bit. */
bool soma_dropout_keeps(const soma_dropout_params *params, size_t index);

/* One per primitive; the call has passed soma_call_check(). */
typedef soma_status soma_reference_primitive(const soma_call *call);
#define X(NAME, name, ...) soma_reference_primitive soma_reference_##name;
SOMA_PRIMITIVE_LIST(X)
#undef X

#endif
