/* SPDX-License-Identifier: MIT */
/* The rows of soma/functions.h as data. */
#include "device/functions.h"

#include <math.h>

#define ONNX(op, since, a, b)                                                                                          \
    { op, since, a, b }

static const soma_function_row rows[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, kinks, parameters, a, b, needs, initializer, words, onnx)            \
    [SOMA_##NAME] = {#name, words, from_output, parameters, a, b, #needs, ONNX onnx},
    SOMA_FUNCTION_TABLE(X)
#undef X
};

const soma_function_row *soma_function_get(soma_function function) {
    return (unsigned)function < SOMA_FUNCTION_COUNT ? &rows[function] : NULL;
}

bool soma_function_fits(soma_function function, float a, float b) {
    if (!isfinite(a) || !isfinite(b)) return false;
    switch ((int)function) {
#define X(NAME, name, from_output, f, derivative, kinks, parameters, usual_a, usual_b, needs, ...)                     \
    case SOMA_##NAME:                                                                                                  \
        return needs;
        SOMA_FUNCTION_TABLE(X)
#undef X
    default:
        return false;
    }
}

#define SOMA_SMOOTH      (uint32_t)0
#define SOMA_KINK(x)     (kink[0] = (x), (uint32_t)1)
#define SOMA_KINKS(x, y) (kink[0] = (x), kink[1] = (y), (uint32_t)2)

uint32_t soma_function_kinks(soma_function function, double a, double b, double kink[2]) {
    (void)a, (void)b;
    switch ((int)function) {
#define X(NAME, name, from_output, f, derivative, kinks, ...)                                                          \
    case SOMA_##NAME:                                                                                                  \
        return kinks;
        SOMA_FUNCTION_TABLE(X)
#undef X
    default:
        return 0;
    }
}

const char *soma_function_name(soma_function function) {
    if (function == SOMA_SOFTMAX) return "softmax";
    const soma_function_row *row = soma_function_get(function);
    return row ? row->name : NULL;
}

bool soma_function_grad_uses_output(soma_function function) {
    if (function == SOMA_SOFTMAX) return true;
    const soma_function_row *row = soma_function_get(function);
    return row && row->from_output;
}
