/* SPDX-License-Identifier: MIT */
/* Loops over the cpu device's elementary functions, compiled once per instruction set with the flags of the kernels. */
#include "cpu_elementary_loops.h"
#include "device/cpu/vectors.h"

#define X(name)                                                                                                        \
    static void loop_##name(const float *x, float *y, size_t count) {                                                  \
        for (size_t i = 0; i < count; i++) y[i] = soma_##name##f(x[i]);                                                \
    }
ELEMENTARY_LIST(X)
#undef X

#define X(name)                                                                                                        \
    static void vectors_##name(const float *x, float *y, size_t count) {                                               \
        for (size_t i = 0; i < count; i += SOMA_LANES) {                                                               \
            const size_t lanes = SOMA_MIN(count - i, (size_t)SOMA_LANES);                                              \
            soma_store_lanes(y + i, soma_vector_##name(soma_load_lanes(x + i, lanes)), lanes);                         \
        }                                                                                                              \
    }
ELEMENTARY_VECTORS(X)
#undef X

extern const elementary_loops SOMA_FOR_ISA(loops);
const elementary_loops SOMA_FOR_ISA(loops) = {
#define X(name) .name = loop_##name,
    ELEMENTARY_LIST(X)
#undef X
#define X(name) .vector_##name = vectors_##name,
        ELEMENTARY_VECTORS(X)
#undef X
};
