/* SPDX-License-Identifier: MIT */
/* What Check would generate on a system with a C99 library. */
#include <stdint.h>
