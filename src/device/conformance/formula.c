/* SPDX-License-Identifier: MIT */
/*
 * By recursive descent:
 *
 *   choice  = either [ "?" choice ":" choice ]
 *   either  = compare { "||" compare }
 *   compare = sum [ ( "<" | ">" | "<=" | ">=" | "==" ) sum ]
 *   sum     = product { ( "+" | "-" ) product }
 *   product = factor { ( "*" | "/" ) factor }
 *   factor  = "-" factor | "(" choice ")" | "R(" [ "-" ] NUMBER ")" | FUNCTION "(" choice ")" | "x" | "v" | "a" | "b"
 *
 * A condition is 1 or 0, with an error of 1 where the operands' errors could turn it round. Then both sides of a choice
 * count.
 */
#include "device/conformance/formula.h"

#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *at;
    const soma_formula_values *values;
    bool failed;
} reader;

static soma_bounded read_choice(reader *r);

static bool take(reader *r, const char *token) {
    while (*r->at == ' ') r->at++;
    if (*r->at != *token) return false; /* most often: a formula is read anew for each element */
    size_t length = strlen(token);
    if (strncmp(r->at, token, length) != 0) return false;
    r->at += length;
    return true;
}

static void expect(reader *r, const char *token) {
    if (!take(r, token)) r->failed = true;
}

/* R(0.5): a constant, which float32 holds exactly or rounded. */
static soma_bounded read_literal(reader *r) {
    bool negative = take(r, "-");
    char *end;
    double value = strtod(r->at, &end);
    if (end == r->at) r->failed = true;
    r->at = end;
    if (negative) value = -value;
    return (double)(float)value == value ? soma_exact(value) : soma_constant(value);
}

/* X(NAME, in C, ulps): functions that rise or fall all over where they are defined. */
#define MONOTONE(X)                                                                                                    \
    X(FLOOR, floor, 0.0)                                                                                               \
    X(CEIL, ceil, 0.0)                                                                                                 \
    X(ROUND, rint, 0.0)                                                                                                \
    X(ASIN, asin, SOMA_ULPS_SIN)                                                                                       \
    X(ACOS, acos, SOMA_ULPS_SIN)                                                                                       \
    X(ATAN, atan, SOMA_ULPS_TAN)                                                                                       \
    X(SINH, sinh, SOMA_ULPS_SIN)                                                                                       \
    X(ASINH, asinh, SOMA_ULPS_SIN)                                                                                     \
    X(ACOSH, acosh, SOMA_ULPS_SIN)                                                                                     \
    X(ATANH, atanh, SOMA_ULPS_TAN)

#define X(NAME, name, ulps)                                                                                            \
    static soma_bounded bounded_##name(soma_bounded x) {                                                               \
        return soma_bounded_monotone(name, x, ulps);                                                                   \
    }
MONOTONE(X)
#undef X

static soma_bounded bounded_sin(soma_bounded x) {
    return soma_bounded_wave(sin, x);
}

static soma_bounded bounded_cos(soma_bounded x) {
    return soma_bounded_wave(cos, x);
}

static soma_bounded read_factor(reader *r) {
    static const struct {
        const char *name;
        soma_bounded (*function)(soma_bounded);
    } functions[] = {
        {"EXPM1(", soma_bounded_expm1},
        {"EXP(", soma_bounded_exp},
        {"LOG1P(", soma_bounded_log1p},
        {"LOG(", soma_bounded_log},
        {"TANH(", soma_bounded_tanh},
        {"ERF(", soma_bounded_erf},
        {"SQRT(", soma_bounded_sqrt},
        {"ABS(", soma_bounded_abs},
        {"SIN(", bounded_sin},
        {"COS(", bounded_cos},
        {"TAN(", soma_bounded_tan},
        {"COSH(", soma_bounded_cosh},
#define X(NAME, name, ulps) {#NAME "(", bounded_##name},
        MONOTONE(X)
#undef X
            {"(", NULL},
    };
    soma_bounded inner;
    if (take(r, "-")) return soma_bounded_negate(read_factor(r));
    if (take(r, "R(")) {
        inner = read_literal(r);
        expect(r, ")");
        return inner;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (take(r, functions[i].name)) {
            inner = read_choice(r);
            expect(r, ")");
            return functions[i].function ? functions[i].function(inner) : inner;
        }
    if (take(r, "x")) return r->values->x;
    if (take(r, "v")) return r->values->v;
    if (take(r, "a")) return soma_exact(r->values->a);
    if (take(r, "b")) return soma_exact(r->values->b);
    r->failed = true;
    return soma_exact(NAN);
}

static soma_bounded read_product(reader *r) {
    soma_bounded left = read_factor(r);
    while (!r->failed) {
        if (take(r, "*"))
            left = soma_bounded_multiply(left, read_factor(r));
        else if (take(r, "/"))
            left = soma_bounded_divide(left, read_factor(r));
        else
            break;
    }
    return left;
}

static soma_bounded read_sum(reader *r) {
    soma_bounded left = read_product(r);
    while (!r->failed) {
        if (take(r, "+"))
            left = soma_bounded_add(left, read_product(r));
        else if (take(r, "-"))
            left = soma_bounded_subtract(left, read_product(r));
        else
            break;
    }
    return left;
}

static soma_bounded condition(bool holds, soma_bounded left, soma_bounded right) {
    double doubt = left.error + right.error;
    return (soma_bounded){holds, doubt > 0.0 && fabs(left.value - right.value) <= doubt ? 1.0 : 0.0};
}

static soma_bounded read_compare(reader *r) {
    soma_bounded left = read_sum(r), right;
    if (take(r, "<=")) return right = read_sum(r), condition(left.value <= right.value, left, right);
    if (take(r, ">=")) return right = read_sum(r), condition(left.value >= right.value, left, right);
    if (take(r, "==")) return right = read_sum(r), condition(left.value == right.value, left, right);
    if (take(r, "<")) return right = read_sum(r), condition(left.value < right.value, left, right);
    if (take(r, ">")) return right = read_sum(r), condition(left.value > right.value, left, right);
    return left;
}

static soma_bounded read_either(reader *r) {
    soma_bounded left = read_compare(r);
    while (!r->failed && take(r, "||")) {
        soma_bounded right = read_compare(r);
        bool sure = (left.value != 0.0 && left.error == 0.0) || (right.value != 0.0 && right.error == 0.0);
        left = (soma_bounded){left.value != 0.0 || right.value != 0.0, sure ? 0.0 : fmax(left.error, right.error)};
    }
    return left;
}

/* Whichever it is: the value of the one, with an error that reaches to the other. */
static soma_bounded either_of(soma_bounded chosen, soma_bounded other) {
    double reach = fabs(chosen.value - other.value) + other.error;
    return (soma_bounded){chosen.value, fmax(chosen.error, reach)};
}

static soma_bounded read_choice(reader *r) {
    soma_bounded which = read_either(r);
    if (r->failed || !take(r, "?")) return which;
    soma_bounded yes = read_choice(r);
    expect(r, ":");
    soma_bounded no = read_choice(r);
    soma_bounded chosen = which.value != 0.0 ? yes : no, other = which.value != 0.0 ? no : yes;
    return which.error > 0.0 ? either_of(chosen, other) : chosen;
}

soma_bounded soma_formula(const char *text, const soma_formula_values *values) {
    reader r = {text, values, false};
    soma_bounded result = read_choice(&r);
    while (*r.at == ' ') r.at++;
    if (!r.failed && *r.at == 0) return result;
    return (soma_bounded){NAN, NAN};
}
