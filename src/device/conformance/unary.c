/* SPDX-License-Identifier: MIT */
/* Cases of UNARY: every function of one number. */
#include "device/conformance/unary_rows.h"

static void unary_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_unary_params *params = &before->params.unary;
    size_t count = soma_view_count(&before->view[0]);
    for (size_t i = 0; i < count; i++)
        expected[1][i] = soma_bounded_function(params->function, soma_given(&before->view[0], i), (double)params->a,
                                               (double)params->b);
}

static void unary_case(soma_suite *suite, const function_row *row, soma_view shape, bool special) {
    soma_call call = soma_call_unary(shape, shape, (soma_unary_params){row->function, row->a, row->b});
    soma_case c;
    soma_case_begin(suite, &c, &call, unary_bound);
    set_inputs(suite, &c, 0, special);
    describe(&c, row, special);
    soma_case_run(suite, &c);
}

void soma_unary_cases(soma_suite *suite) {
    function_row row;
    static const function_row for_shapes[] = {{SOMA_RELU, 0, 0}, {SOMA_TANH, 0, 0}};
    FOR_EACH_FUNCTION_ROW(row) {
        unary_case(suite, &row, SOMA_F32_VIEW(1031), false);
        unary_case(suite, &row, SOMA_F32_VIEW(5, 7), true);
    }
    for (size_t i = 0; i < SOMA_FLAT_SHAPE_COUNT; i++)
        unary_case(suite, &for_shapes[i % SOMA_COUNT_OF(for_shapes)], soma_flat_view(i), false);
}

void soma_unary_speeds(soma_suite *suite) {
    soma_view shape = SOMA_F32_VIEW(SOMA_TIMED_COUNT);
    for (size_t i = 0; i < SOMA_COUNT_OF(timed_functions); i++) {
        soma_call call = soma_call_unary(shape, shape, (soma_unary_params){timed_functions[i], 0, 0});
        soma_case c;
        soma_case_begin(suite, &c, &call, unary_bound);
        soma_case_time(suite, &c, soma_function_name(timed_functions[i]));
    }
}
