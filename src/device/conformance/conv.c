/* SPDX-License-Identifier: MIT */
/* Cases of CONV and CONV_ADD. */
#include "device/conformance/conv.h"
#include "device/functions.h"

static void conv_bound(const soma_call *before, soma_bounded *const *expected) {
    bool adds = before->primitive == SOMA_PRIMITIVE_CONV_ADD;
    const soma_view *x = &before->view[0], *weight = &before->view[1], *y = &before->view[before->view_count - 1];
    soma_bounded *sums = expected[before->view_count - 1];
    for (size_t i = 0; i < soma_view_count(y); i++) {
        double added = adds ? soma_element_get(&before->view[3], i) : 0.0;
        sums[i] = (soma_bounded){added, fabs(added)};
    }
    conv_walk walk = conv_walk_begin(&before->params.conv, x, weight, y);
    while (conv_walk_next(&walk)) {
        double product = soma_element_get(x, walk.x_at) * soma_element_get(weight, walk.weight_at);
        sums[walk.y_at].value += product;
        sums[walk.y_at].error += fabs(product); /* for now: the sum of absolute terms */
    }
    size_t terms = weight->shape[0] * weight->shape[1] * weight->shape[2] * weight->shape[3];
    conv_bound_finish(before, terms + adds, sums, sums);
}

static soma_call make_call(const conv_size *size, bool adds, bool bias, soma_function function, float a, float b) {
    soma_conv_params params = conv_params_of(size);
    params.function = function;
    params.a = a;
    params.b = b;
    soma_view added = bias ? SOMA_F32_VIEW(size->filters) : soma_view_absent();
    if (adds) return soma_call_conv_add(conv_x(size), conv_weight(size), added, conv_y(size), conv_y(size), params);
    return soma_call_conv(conv_x(size), conv_weight(size), added, conv_y(size), params);
}

static void size_case(soma_suite *suite, const conv_size *size, bool adds, bool bias, soma_function function) {
    soma_call call = make_call(size, adds, bias, function, 0, 0);
    soma_case c;
    soma_case_begin(suite, &c, &call, conv_bound);
    conv_describe(&c, size, bias ? function == SOMA_RELU ? ", bias, relu" : ", bias" : "");
    soma_case_run(suite, &c);
}

static void epilogue_case(soma_suite *suite, bool adds, soma_function function) {
    bool takes_b = soma_function_get(function)->parameters > 1;
    soma_call call = make_call(&conv_plain, adds, function % 2, function, 0.8f, takes_b ? 0.3f : 0.0f);
    soma_case c;
    soma_case_begin(suite, &c, &call, conv_bound);
    if (function == SOMA_LOG || function == SOMA_SQRT)
        for (uint32_t i = 0; i < 3u + adds; i++)
            soma_case_uniform(suite, &c, i, 0.1, 2.0); /* else NaN hangs on a rounding */
    conv_describe(&c, &conv_plain, ", ");
    soma_case_describe(&c, "%s", soma_function_name(function));
    soma_case_run(suite, &c);
}

/* One NaN or infinity: it must reach the elements that it belongs to, and no other. */
static void special_case(soma_suite *suite, const conv_size *size, bool adds, uint32_t operand, float value) {
    static const char *const names[] = {"x", "weight", "bias", "addend"};
    soma_call call = make_call(size, adds, true, SOMA_IDENTITY, 0, 0);
    soma_case c;
    soma_case_begin(suite, &c, &call, conv_bound);
    soma_case_poke(&c, operand, c.positions[operand] / 2, (double)value);
    c.garbage_is_finite = true;
    conv_describe(&c, size, "");
    soma_case_describe(&c, ", %g in %s", (double)value, names[operand]);
    soma_case_run(suite, &c);
}

static void all_cases(soma_suite *suite, bool adds) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_sizes); i++) {
        size_case(suite, &conv_sizes[i], adds, false, SOMA_IDENTITY);
        size_case(suite, &conv_sizes[i], adds, true, i % 2 ? SOMA_RELU : SOMA_IDENTITY);
        if (conv_sizes[i].images && conv_sizes[i].x[1] && conv_sizes[i].channels)
            special_case(suite, &conv_sizes[i], adds, 0, NAN); /* padding is no NaN's neighbour */
    }
    for (int function = 0; function < SOMA_FUNCTION_COUNT; function++)
        epilogue_case(suite, adds, (soma_function)function);
    for (uint32_t operand = 0; operand < 3u + adds; operand++)
        for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++)
            special_case(suite, &conv_plain, adds, operand, soma_specials[i]);
}

void soma_conv_cases(soma_suite *suite) {
    all_cases(suite, false);
}

void soma_conv_add_cases(soma_suite *suite) {
    all_cases(suite, true);
}

static void time_all(soma_suite *suite, bool adds) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_timed); i++) {
        soma_call call = make_call(&conv_timed[i].size, adds, true, SOMA_RELU, 0, 0);
        soma_case c;
        soma_case_begin(suite, &c, &call, conv_bound);
        soma_case_time(suite, &c, conv_timed[i].what);
    }
}

void soma_conv_speeds(soma_suite *suite) {
    time_all(suite, false);
}

void soma_conv_add_speeds(soma_suite *suite) {
    time_all(suite, true);
}
