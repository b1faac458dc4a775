/* SPDX-License-Identifier: MIT */
/* Cases of CONV_WEIGHT_GRAD. */
#include "device/conformance/conv.h"

/*
 * alpha times a sum of a product for each place of dy, plus beta times what was there: the product, the additions, and
 * at most three roundings more, in any order.
 */
static void weight_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_conv_params *params = &before->params.conv;
    const soma_view *x = &before->view[0], *dy = &before->view[1], *dweight = &before->view[2];
    soma_bounded *sums = expected[2];
    for (size_t i = 0; i < soma_view_count(dweight); i++) sums[i] = (soma_bounded){0.0, 0.0};
    conv_walk walk = conv_walk_begin(params, x, dweight, dy);
    while (conv_walk_next(&walk)) {
        double product = soma_element_get(x, walk.x_at) * soma_element_get(dy, walk.y_at);
        sums[walk.weight_at].value += product;
        sums[walk.weight_at].error += fabs(product); /* for now: the sum of absolute terms */
    }
    size_t terms = dy->shape[0] * dy->shape[1] * dy->shape[2] * dy->shape[3];
    for (size_t i = 0; i < soma_view_count(dweight); i++) {
        double old = params->beta != 0.0f ? (double)params->beta * soma_element_get(dweight, i) : 0.0;
        double value = (double)params->alpha * sums[i].value + old;
        double absolute = fabs((double)params->alpha) * sums[i].error + fabs(old);
        sums[i] = soma_rounded(value, soma_gamma(terms + 3) * absolute, 0.0);
    }
}

static soma_call make_call(const conv_size *size, float alpha, float beta) {
    soma_conv_params params = conv_params_of(size);
    params.alpha = alpha;
    params.beta = beta;
    return soma_call_conv_weight_grad(conv_x(size), conv_y(size), conv_weight(size), params);
}

static void size_case(soma_suite *suite, const conv_size *size, float alpha, float beta) {
    soma_call call = make_call(size, alpha, beta);
    soma_case c;
    soma_case_begin(suite, &c, &call, weight_grad_bound);
    /* alpha and beta are live: a later run may also begin, or cease, to read dweight. */
    c.run_count = 2;
    c.run[1] = call;
    c.run[1].params.conv.alpha = alpha * -0.6f;
    c.run[1].params.conv.beta = beta == 0.0f ? 0.5f : 0.0f;
    conv_describe(&c, size, "");
    soma_case_describe(&c, ", alpha %g, beta %g", (double)alpha, (double)beta);
    soma_case_run(suite, &c);
}

static void special_case(soma_suite *suite, uint32_t operand, float value) {
    static const char *const names[] = {"x", "dy", "dweight"};
    soma_call call = make_call(&conv_plain, 1.0f, operand == 2 ? 1.0f : 0.0f);
    soma_case c;
    soma_case_begin(suite, &c, &call, weight_grad_bound);
    soma_case_poke(&c, operand, c.positions[operand] / 2, (double)value);
    c.garbage_is_finite = true;
    conv_describe(&c, &conv_plain, "");
    soma_case_describe(&c, ", %g in %s", (double)value, names[operand]);
    soma_case_run(suite, &c);
}

void soma_conv_weight_grad_cases(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_sizes); i++)
        size_case(suite, &conv_sizes[i], i % 2 ? 1.0f : -0.5f, i % 4 < 2 ? 0.0f : 1.0f);
    for (uint32_t operand = 0; operand < 3; operand++)
        for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++) special_case(suite, operand, soma_specials[i]);
}

void soma_conv_weight_grad_speeds(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(conv_timed); i++) {
        soma_call call = make_call(&conv_timed[i].size, 1.0f, 0.0f);
        soma_case c;
        soma_case_begin(suite, &c, &call, weight_grad_bound);
        soma_case_time(suite, &c, conv_timed[i].what);
    }
}
