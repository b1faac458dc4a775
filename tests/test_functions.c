/* SPDX-License-Identifier: MIT */
/*
 * The rows of soma/functions.h: derivatives are those of the functions, kinks are where the table says, and the
 * documentation has what the table has. (What the functions are is in test_reference.c.)
 *
 * Usage: test_functions NETWORKS.md
 */
#include "device/calls.h"
#include "device/functions.h"
#include "device/reference/reference.h"
#include "expect.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *documentation_path;

#ifdef SOMA_HAVE_TRAINING

static double value_of(soma_function function, double x, double a, double b) {
    double y;
    size_t one = 1;
    soma_call call = soma_call_unary(soma_view_of(&x, 0, SOMA_F64, 1, &one), soma_view_of(&y, 0, SOMA_F64, 1, &one),
                                     (soma_unary_params){function, (float)a, (float)b});
    expect_ok(soma_reference_run(&call));
    return y;
}

static double slope_of(soma_function function, double x, double a, double b) {
    double dy = 1, v = x, dx;
    size_t one = 1;
    if (soma_function_grad_uses_output(function)) v = value_of(function, x, a, b);
    soma_call call = soma_call_unary_grad(
        soma_view_of(&dy, 0, SOMA_F64, 1, &one), soma_view_of(&v, 0, SOMA_F64, 1, &one),
        soma_view_of(&dx, 0, SOMA_F64, 1, &one), (soma_unary_params){function, (float)a, (float)b});
    expect_ok(soma_reference_run(&call));
    return dx;
}

/*
 * A difference over 2 STEP is off by STEP^2 / 6 times the third derivative, at most 1e-6 of the first one on this grid
 * (1/x and its kin at one STRIDE from 0), by STEP times a jump of the second, and by 2^-53 |f| / STEP, 2e-6 for e^12:
 * all below BOUND.
 */
#define STEP     0x1p-17
#define STRIDE   0x1p-5
#define FARTHEST 12.0
#define BOUND    1e-4

static double difference(soma_function function, double x, double a, double b) {
    return (value_of(function, x + STEP, a, b) - value_of(function, x - STEP, a, b)) / (2 * STEP);
}

static double one_sided(soma_function function, double x, double side, double a, double b) {
    /* Of points beside x, since x itself may be on either piece. */
    double near = x + side * STEP, far = x + 2 * side * STEP;
    return (value_of(function, far, a, b) - value_of(function, near, a, b)) / (far - near);
}

static bool is_near_kink(soma_function function, double x, double a, double b) {
    double kink[2];
    uint32_t count = soma_function_kinks(function, a, b, kink);
    for (uint32_t i = 0; i < count; i++)
        if (fabs(x - kink[i]) <= 2 * STEP) return true;
    return false;
}

static bool is_flat(soma_function function) {
#define X(NAME) || function == SOMA_##NAME
    return false SOMA_FLAT_FUNCTIONS(X);
#undef X
}

/* 0 by definition; and so it is, but for the jumps. */
static void check_flat(soma_function function) {
    for (double x = -FARTHEST; x <= FARTHEST; x += STRIDE) {
        ck_assert_double_eq(slope_of(function, x, 0, 0), 0);
        double between = x + STRIDE / 2;
        ck_assert_double_eq(value_of(function, between + STEP, 0, 0), value_of(function, between - STEP, 0, 0));
    }
}

static void check_derivative(soma_function function, double a, double b) {
    uint32_t checked = 0;
    if (is_flat(function)) {
        check_flat(function);
        return;
    }
    /* As many points within [-1, 1], where there is nothing beyond. */
    double scale = isnan(value_of(function, 2, a, b)) && isnan(value_of(function, -2, a, b)) ? 1 / FARTHEST : 1;
    for (double at = -FARTHEST; at <= FARTHEST; at += STRIDE) {
        double x = at * scale;
        double expected = difference(function, x, a, b), found = slope_of(function, x, a, b);
        if (is_near_kink(function, x, a, b) || !isfinite(expected)) continue; /* past the edge of its domain */
        double bound = BOUND * fmax(1, fabs(expected));
        ck_assert_msg(fabs(found - expected) <= bound,
                      "%s(%g, %g) at %g: the derivative is %.9g, differences give %.9g (+- %g)",
                      soma_function_name(function), a, b, x, found, expected, bound);
        checked++;
    }
    ck_assert_msg(checked > FARTHEST / STRIDE / 2, "%s: only %u points", soma_function_name(function), checked);
}

START_TEST(derivatives_are_those_of_the_functions) {
    soma_function function = (soma_function)_i;
    const soma_function_row *row = soma_function_get(function);
    check_derivative(function, (double)row->a, (double)row->b);
    float a = row->a * 1.7f, b = row->b - 0.25f;
    if (row->parameters && soma_function_fits(function, a, b)) check_derivative(function, (double)a, (double)b);
}
END_TEST

/* A kink that is none would hide a wrong derivative beside it. */
START_TEST(kinks_are_kinks) {
    soma_function function = (soma_function)_i;
    const soma_function_row *row = soma_function_get(function);
    double a = (double)row->a, b = (double)row->b, kink[2];
    /* elu with a = 1 alone has none */
    if (function == SOMA_ELU) a = 1.5;
    uint32_t count = soma_function_kinks(function, a, b, kink);
    for (uint32_t i = 0; i < count; i++) {
        double left = one_sided(function, kink[i], -1, a, b), right = one_sided(function, kink[i], 1, a, b);
        bool jumps = fabs(value_of(function, kink[i] - STEP, a, b) - value_of(function, kink[i] + STEP, a, b)) > 0.5;
        ck_assert_msg(jumps || !(fabs(left - right) < 0.05), "%s has no kink at %g: slopes %g and %g", row->name,
                      kink[i], left, right);
    }
}
END_TEST

#endif

/* ---------------------------------------------------------------------------------------------------- documentation */

static char *read_documentation(void) {
    FILE *file = fopen(documentation_path, "rb");
    ck_assert_ptr_nonnull(file);
    char *text = calloc(1, 1 << 17);
    ck_assert_ptr_nonnull(text);
    ck_assert(fread(text, 1, (1 << 17) - 1, file) > 0);
    fclose(file);
    return text;
}

/* The line of the tables of functions that begins with this cell. */
static char *line_of(const char *text, const char *cell) {
    const char *tables = strstr(text, "\n## Functions"), *at = tables ? strstr(tables, cell) : NULL;
    if (!at) ck_abort_msg("%s has no line %s", documentation_path, cell);
    char *line = strndup(at + 1, strcspn(at + 1, "\n"));
    ck_assert_ptr_nonnull(line);
    return line;
}

static void expect_in(const char *line, const char *what, const char *name) {
    ck_assert_msg(strstr(line, what) != NULL, "%s: its line in %s does not say %s", name, documentation_path, what);
}

/* `name(a,b)`, with as many parameters as there are; other names; the defaults; the ONNX op. */
START_TEST(documentation_has_every_row) {
    static const char *const parameters[] = {"", "(a)", "(a,b)"};
    const soma_function_row *row = soma_function_get((soma_function)_i);
    char *text = read_documentation(), cell[64], word[64];
    snprintf(cell, sizeof cell, "\n| `%s%s` |", row->name, parameters[row->parameters]);
    char *line = line_of(text, cell);
    for (const char *at = row->words; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        snprintf(word, sizeof word, "`%.*s`", (int)length, at);
        expect_in(line, word, row->name);
        at += length;
    }
    if (row->parameters > 0) snprintf(word, sizeof word, "a = %g", (double)row->a), expect_in(line, word, row->name);
    if (row->parameters > 1) snprintf(word, sizeof word, "b = %g", (double)row->b), expect_in(line, word, row->name);
    if (row->parameters > 0 && *row->needs != '1') expect_in(line, row->needs, row->name);
    if (*row->onnx.op)
        snprintf(word, sizeof word, "%s (%d)", row->onnx.op, row->onnx.since), expect_in(line, word, row->name);
    free(line);
    free(text);
}
END_TEST

static Suite *make_suite(void) {
    Suite *suite = suite_create("functions");
    TCase *tests = tcase_create("rows");
#ifdef SOMA_HAVE_TRAINING
    tcase_add_loop_test(tests, derivatives_are_those_of_the_functions, 0, SOMA_FUNCTION_COUNT);
    tcase_add_loop_test(tests, kinks_are_kinks, 0, SOMA_FUNCTION_COUNT);
#endif
    tcase_add_loop_test(tests, documentation_has_every_row, 0, SOMA_FUNCTION_COUNT);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(int argc, char **argv) {
    documentation_path = argc > 1 ? argv[1] : "docs/networks.md";
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
