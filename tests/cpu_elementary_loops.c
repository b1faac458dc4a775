/* SPDX-License-Identifier: MIT */
/* Loops over the cpu device's elementary functions, compiled once per instruction set with the flags of the kernels. */
#include "cpu_elementary_loops.h"
#include "device/cpu/kernels.h"

#define X(name)                                                                                                        \
    static void loop_##name(const float *x, float *y, size_t count) {                                                  \
        for (size_t i = 0; i < count; i++) y[i] = soma_##name##f(x[i]);                                                \
    }
ELEMENTARY_LIST(X)
#undef X

extern const elementary_loops SOMA_FOR_ISA(loops);
const elementary_loops SOMA_FOR_ISA(loops) = {
#define X(name) .name = loop_##name,
    ELEMENTARY_LIST(X)
#undef X
};
