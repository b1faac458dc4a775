/* SPDX-License-Identifier: MIT */
/* Cases of CONV. */
#include "device/conformance/conv.h"

static void conv_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0], *weight = &before->view[1], *y = &before->view[3];
    for (size_t i = 0; i < soma_view_count(y); i++) expected[3][i] = (soma_bounded){0.0, 0.0};
    conv_walk walk = conv_walk_begin(&before->params.conv, x, weight, y);
    while (conv_walk_next(&walk)) {
        double product = soma_element_get(x, walk.x_at) * soma_element_get(weight, walk.weight_at);
        expected[3][walk.y_at].value += product;
        expected[3][walk.y_at].error += fabs(product); /* for now: the sum of absolute terms */
    }
    size_t terms = weight->shape[0] * weight->shape[1] * weight->shape[2] * weight->shape[3];
    conv_bound_finish(before, terms, expected[3], expected[3]);
}

static soma_call make_call(const conv_size *size, bool bias, soma_function function, float a, float b) {
    soma_conv_params params = conv_params_of(size);
    params.function = function;
    params.a = a;
    params.b = b;
    return soma_call_conv(conv_x(size), conv_weight(size), bias ? SOMA_F32_VIEW(size->filters) : soma_view_absent(),
                          conv_y(size), params);
}

static void size_case(soma_suite *suite, const conv_size *size, bool bias, soma_function function) {
    soma_call call = make_call(size, bias, function, 0, 0);
    soma_case c;
    soma_case_begin(suite, &c, &call, conv_bound);
    conv_describe(&c, size, bias ? function == SOMA_RELU ? ", bias, relu" : ", bias" : "");
    soma_case_run(suite, &c);
}

static void epilogue_case(soma_suite *suite, soma_function function) {
    bool takes_b = function == SOMA_LEAKY_RELU || function == SOMA_HARD_SIGMOID;
    soma_call call = make_call(&conv_plain, function % 2, function, 0.8f, takes_b ? 0.3f : 0.0f);
    soma_case c;
    soma_case_begin(suite, &c, &call, conv_bound);
    if (function == SOMA_LOG || function == SOMA_SQRT)
        for (uint32_t i = 0; i < 3; i++) soma_case_uniform(suite, &c, i, 0.1, 2.0); /* else NaN hangs on a rounding */
    conv_describe(&c, &conv_plain, ", ");
    soma_case_describe(&c, "%s", soma_function_name(function));
    soma_case_run(suite, &c);
}

/* One NaN or infinity: it must reach the elements that it belongs to, and no other. */
static void special_case(soma_suite *suite, const conv_size *size, uint32_t operand, float value) {
    static const char *const names[] = {"x", "weight", "bias"};
    soma_call call = make_call(size, true, SOMA_IDENTITY, 0, 0);
    soma_case c;
    soma_case_begin(suite, &c, &call, conv_bound);
    soma_case_poke(&c, operand, c.positions[operand] / 2, (double)value);
    c.garbage_is_finite = true;
    conv_describe(&c, size, "");
    soma_case_describe(&c, ", %g in %s", (double)value, names[operand]);
    soma_case_run(suite, &c);
}

void soma_conv_cases(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_sizes); i++) {
        size_case(suite, &conv_sizes[i], false, SOMA_IDENTITY);
        size_case(suite, &conv_sizes[i], true, i % 2 ? SOMA_RELU : SOMA_IDENTITY);
        if (conv_sizes[i].images && conv_sizes[i].x[1] && conv_sizes[i].channels)
            special_case(suite, &conv_sizes[i], 0, NAN); /* padding is no NaN's neighbour */
    }
    for (int function = 0; function < SOMA_FUNCTION_COUNT; function++) epilogue_case(suite, (soma_function)function);
    for (uint32_t operand = 0; operand < 3; operand++)
        for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++) special_case(suite, &conv_plain, operand, soma_specials[i]);
}

void soma_conv_speeds(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_timed); i++) {
        soma_call call = make_call(&conv_timed[i].size, true, SOMA_RELU, 0, 0);
        soma_case c;
        soma_case_begin(suite, &c, &call, conv_bound);
        soma_case_time(suite, &c, conv_timed[i].what);
    }
}
