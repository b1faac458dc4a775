/* SPDX-License-Identifier: MIT */
/* Cases of REDUCE. */
#include "device/conformance/axis.h"

static const char *const op_names[SOMA_REDUCTION_COUNT] = {
#define X(name) #name,
    SOMA_REDUCTION_LIST(X)
#undef X
};

static soma_bounded extreme(const soma_view *x, line along, bool largest) {
    double value = largest ? -INFINITY : INFINITY;
    for (size_t i = 0; i < along.count; i++) {
        double element = soma_element_get(x, along.first + i * along.step);
        if (isnan(element)) return soma_exact(element);
        value = largest ? fmax(value, element) : fmin(value, element);
    }
    return soma_exact(value);
}

static soma_bounded sum_of(const soma_view *x, line along, bool squares) {
    soma_bounded_sum sum = {0};
    for (size_t i = 0; i < along.count; i++) {
        soma_bounded element = soma_given(x, along.first + i * along.step);
        soma_bounded_sum_add(&sum, squares ? soma_bounded_multiply(element, element) : element);
    }
    return soma_bounded_sum_result(&sum);
}

static void reduce_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0];
    soma_reduction op = before->params.reduce.op;
    size_t lines = line_count(x);
    for (size_t i = 0; i < lines; i++) {
        line along = line_of(x, i);
        if (op == SOMA_REDUCE_MAX || op == SOMA_REDUCE_MIN)
            expected[1][i] = extreme(x, along, op == SOMA_REDUCE_MAX);
        else
            expected[1][i] = sum_of(x, along, op == SOMA_REDUCE_SUM_SQUARES);
        if (op == SOMA_REDUCE_MEAN)
            expected[1][i] = soma_bounded_divide(expected[1][i], soma_exact((double)along.count));
    }
}

static void reduce_case(soma_suite *suite, soma_reduction op, const size_t *shape, const float *special) {
    soma_view x = soma_view_shaped(SOMA_F32, 3, shape);
    soma_call call = soma_call_reduce(x, SOMA_F32_VIEW(shape[0], shape[2]), op);
    soma_case c;
    soma_case_begin(suite, &c, &call, reduce_bound);
    if (special) soma_case_sprinkle(suite, &c, 0, (uint32_t)(2 * shape[1]), special, 2);
    c.garbage_is_finite = special || shape[1] == 0;
    soma_case_describe(&c, ": %s of %s%s", op_names[op], SHAPE(&x), special ? ", with" : "");
    if (special) soma_case_describe(&c, " %g and %g", (double)special[0], (double)special[1]);
    soma_case_run(suite, &c);
}

void soma_reduce_cases(soma_suite *suite) {
    static const size_t special_shape[] = {31, 13, 7};
    static const float specials[][2] = {
        {NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}, {INFINITY, -INFINITY}, {NAN, INFINITY}};
    for (int op = 0; op < SOMA_REDUCTION_COUNT; op++) {
        for (size_t i = 0; i < AXIS_SHAPE_COUNT; i++) reduce_case(suite, (soma_reduction)op, axis_shapes[i], NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++)
            reduce_case(suite, (soma_reduction)op, special_shape, specials[i]);
    }
}

void soma_reduce_speeds(soma_suite *suite) {
    static const struct {
        const char *what;
        size_t shape[3];
    } rows[] = {{"sum of rows", {SOMA_TIMED_ROWS, SOMA_TIMED_COLUMNS, 1}},
                {"sum of columns", {1, SOMA_TIMED_ROWS, SOMA_TIMED_COLUMNS}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        const size_t *shape = rows[i].shape;
        soma_call call =
            soma_call_reduce(soma_view_shaped(SOMA_F32, 3, shape), SOMA_F32_VIEW(shape[0], shape[2]), SOMA_REDUCE_SUM);
        soma_case c;
        soma_case_begin(suite, &c, &call, reduce_bound);
        soma_case_time(suite, &c, rows[i].what);
    }
}
