/* SPDX-License-Identifier: MIT */
/* Cases of CONV_DATA_GRAD. What must come out is made by scattering every product of the convolution. */
#include "device/conformance/conv.h"

static void data_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *dy = &before->view[0], *weight = &before->view[1], *dx = &before->view[3];
    for (size_t i = 0; i < soma_view_count(dx); i++) expected[3][i] = (soma_bounded){0.0, 0.0};
    conv_walk walk = conv_walk_begin(&before->params.conv, dx, weight, dy);
    while (conv_walk_next(&walk)) {
        double product = soma_element_get(dy, walk.y_at) * soma_element_get(weight, walk.weight_at);
        expected[3][walk.x_at].value += product;
        expected[3][walk.x_at].error += fabs(product); /* for now: the sum of absolute terms */
    }
    size_t filters = weight->shape[4] / before->params.conv.groups;
    conv_bound_finish(before, weight->shape[0] * weight->shape[1] * weight->shape[2] * filters, expected[3],
                      expected[3]);
}

static soma_call make_call(const conv_size *size, bool bias, soma_function function) {
    soma_conv_params params = conv_params_of(size);
    params.function = function;
    return soma_call_conv_data_grad(conv_y(size), conv_weight(size),
                                    bias ? SOMA_F32_VIEW(size->channels) : soma_view_absent(), conv_x(size), params);
}

static void size_case(soma_suite *suite, const conv_size *size, bool bias, soma_function function) {
    soma_call call = make_call(size, bias, function);
    soma_case c;
    soma_case_begin(suite, &c, &call, data_grad_bound);
    conv_describe(&c, size, bias ? ", bias, relu" : "");
    soma_case_run(suite, &c);
}

static void special_case(soma_suite *suite, const conv_size *size, uint32_t operand, float value) {
    soma_call call = make_call(size, true, SOMA_IDENTITY);
    soma_case c;
    soma_case_begin(suite, &c, &call, data_grad_bound);
    soma_case_poke(&c, operand, c.positions[operand] / 2, (double)value);
    c.garbage_is_finite = true;
    conv_describe(&c, size, "");
    soma_case_describe(&c, ", %g in %s", (double)value, operand ? "bias" : "dy");
    soma_case_run(suite, &c);
}

void soma_conv_data_grad_cases(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_sizes); i++) {
        size_case(suite, &conv_sizes[i], false, SOMA_IDENTITY);
        size_case(suite, &conv_sizes[i], true, SOMA_RELU);
        if (conv_sizes[i].images && conv_sizes[i].y[1] && conv_sizes[i].filters)
            special_case(suite, &conv_sizes[i], 0, NAN);
    }
    for (uint32_t operand = 0; operand < 3; operand += 2)
        for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++) special_case(suite, &conv_plain, operand, soma_specials[i]);
}

void soma_conv_data_grad_speeds(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_timed); i++) {
        soma_call call = make_call(&conv_timed[i].size, false, SOMA_IDENTITY);
        soma_case c;
        soma_case_begin(suite, &c, &call, data_grad_bound);
        soma_case_time(suite, &c, conv_timed[i].what);
    }
}
