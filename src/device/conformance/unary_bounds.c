/* SPDX-License-Identifier: MIT */
/* Error bounds of the functions of one number and of their derivatives: those of their formulas. */
#include "device/conformance/unary_bounds.h"

#include "device/conformance/formula.h"

/* A formula as text, with the constants of the table in their places: R, EXP and the like are no macros here. */
#define TEXT_OF(...)  #__VA_ARGS__
#define TEXT(formula) TEXT_OF(formula)

static const char *const formulas[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, ...) [SOMA_##NAME] = TEXT(f),
    SOMA_FUNCTION_TABLE(X)
#undef X
};

static const char *const derivatives[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, ...) [SOMA_##NAME] = TEXT(derivative),
    SOMA_FUNCTION_TABLE(X)
#undef X
};

soma_bounded soma_bounded_function(soma_function function, soma_bounded x, double a, double b) {
    if ((unsigned)function >= SOMA_FUNCTION_COUNT) return soma_exact(NAN);
    return soma_formula(formulas[function], &(soma_formula_values){.x = x, .a = a, .b = b});
}

soma_bounded soma_bounded_derivative(soma_function function, double v, double a, double b) {
    if ((unsigned)function >= SOMA_FUNCTION_COUNT) return soma_exact(NAN);
    return soma_formula(derivatives[function], &(soma_formula_values){.v = soma_exact(v), .a = a, .b = b});
}

soma_bounded soma_bounded_sigmoid(soma_bounded x) {
    return soma_bounded_function(SOMA_SIGMOID, x, 0, 0);
}
