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
    const bool fulfilled[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, kinks, parameters, usual_a, usual_b, needs, ...)                     \
    [SOMA_##NAME] = (needs),
        SOMA_FUNCTION_TABLE(X)
#undef X
    };
    return isfinite(a) && isfinite(b) && (unsigned)function < SOMA_FUNCTION_COUNT && fulfilled[function];
}

/* The column of kinks as an initialiser: how many, and where. Without braces, which cppcheck does not follow in an
 * argument of a macro. */
#define SOMA_SMOOTH      0, 0, 0
#define SOMA_KINK(x)     1, x, 0
#define SOMA_KINKS(x, y) 2, x, y

uint32_t soma_function_kinks(soma_function function, double a, double b, double kink[2]) {
    const struct {
        uint32_t count;
        double first, second;
    } rows_kinks[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, kinks, ...) [SOMA_##NAME] = {kinks},
        SOMA_FUNCTION_TABLE(X)
#undef X
    };
    (void)a, (void)b;
    if ((unsigned)function >= SOMA_FUNCTION_COUNT) return 0;
    kink[0] = rows_kinks[function].first;
    kink[1] = rows_kinks[function].second;
    return rows_kinks[function].count;
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
