/* SPDX-License-Identifier: MIT */
/* Cases of NORMALIZE_GRAD: its mean and inverse are any numbers, not those of x. */
#include "device/conformance/normalize.h"

/* ------------------------------------------------------------------------------------------------------- bound */

/* As in the reference: g and h with their errors. What a sum takes besides its additions, such as a scale that is
 * multiplied into a sum and not into each term, is a few roundings more of each term. */
#define MORE_ROUNDINGS 8

typedef struct element {
    soma_bounded dy, g, h;
} element;

static element element_of(const soma_call *call, const part *p, size_t i) {
    size_t at = part_position(p, i);
    soma_bounded difference =
        soma_bounded_subtract(soma_given(&call->view[1], at), given_or(&call->view[3], p->index, 0.0));
    element e = {.dy = soma_given(&call->view[0], at),
                 .h = soma_bounded_multiply(difference, soma_given(&call->view[4], p->index))};
    e.g = soma_bounded_multiply(e.dy, given_or(&call->view[2], part_channel(p, i), 1.0));
    return e;
}

static void part_bound(const soma_call *call, const part *p, soma_bounded *const *expected) {
    soma_bounded count = soma_exact((double)p->count), inverse = soma_given(&call->view[4], p->index);
    soma_bounded_sum g_sum = {.count = MORE_ROUNDINGS}, gh_sum = {.count = MORE_ROUNDINGS};
    for (size_t i = 0; i < p->count; i++) {
        element e = element_of(call, p, i);
        soma_bounded_sum_add(&g_sum, e.g);
        soma_bounded_sum_add(&gh_sum, soma_bounded_multiply(e.g, e.h));
    }
    soma_bounded g = soma_bounded_divide(soma_bounded_sum_result(&g_sum), count);
    soma_bounded gh = soma_bounded_divide(soma_bounded_sum_result(&gh_sum), count);
    if (!call->params.normalize.centered) g = soma_exact(0.0);
    for (size_t i = 0; i < p->count; i++) {
        element e = element_of(call, p, i);
        soma_bounded rest = soma_bounded_subtract(soma_bounded_subtract(e.g, g), soma_bounded_multiply(e.h, gh));
        expected[5][part_position(p, i)] = soma_bounded_multiply(inverse, rest);
    }
}

static void channel_bound(const soma_call *call, size_t channel, soma_bounded *const *expected) {
    const size_t *shape = call->view[1].shape;
    soma_bounded_sum dscale = {.count = MORE_ROUNDINGS}, doffset = {.count = MORE_ROUNDINGS};
    for (size_t outer = 0; outer < shape[0]; outer++) {
        const part p = part_of(&call->view[1], outer * shape[2] + channel / shape[3]);
        for (size_t i = channel % shape[3]; i < p.count; i += shape[3]) {
            element e = element_of(call, &p, i);
            soma_bounded_sum_add(&dscale, soma_bounded_multiply(e.dy, e.h));
            soma_bounded_sum_add(&doffset, e.dy);
        }
    }
    if (soma_view_present(&call->view[6])) expected[6][channel] = soma_bounded_sum_result(&dscale);
    if (soma_view_present(&call->view[7])) expected[7][channel] = soma_bounded_sum_result(&doffset);
}

static void normalize_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    const size_t *shape = before->view[1].shape;
    for (size_t i = 0; i < shape[0] * shape[2]; i++) {
        const part p = part_of(&before->view[1], i);
        part_bound(before, &p, expected);
    }
    for (size_t i = 0; i < shape[2] * shape[3]; i++) channel_bound(before, i, expected);
}

/* ------------------------------------------------------------------------------------------------------- cases */

typedef struct mix {
    bool centered, mean, scale, dscale, doffset;
} mix;

static soma_call make_call(const size_t *shape, mix how) {
    soma_view x = soma_view_shaped(SOMA_F32, 4, shape), figures = SOMA_F32_VIEW(shape[0], shape[2]);
    size_t channels = shape[2] * shape[3];
    soma_normalize_grad_views views = {.dy = x,
                                       .x = x,
                                       .scale = view_if(how.scale, channels),
                                       .mean = how.mean ? figures : soma_view_absent(),
                                       .inverse = figures,
                                       .dx = x,
                                       .dscale = view_if(how.dscale, channels),
                                       .doffset = view_if(how.doffset, channels)};
    return soma_call_normalize_grad(&views, how.centered);
}

static void normalize_grad_case(soma_suite *suite, const size_t *shape, mix how, const float *special, uint32_t view) {
    soma_call call = make_call(shape, how);
    soma_case c;
    soma_case_begin(suite, &c, &call, normalize_grad_bound);
    soma_case_uniform(suite, &c, 4, 0.3, 3.0);
    if (special) soma_case_sprinkle(suite, &c, view, (uint32_t)(2 * shape[1] * shape[3]), special, 2);
    c.garbage_is_finite = c.any_not_finite = special != NULL;
    soma_case_describe(&c, ": %s%s%s%s%s%s", SHAPE(&call.view[0]), how.centered ? ", centered" : "",
                       how.mean ? ", mean" : "", how.scale ? ", scale" : "", how.dscale ? ", dscale" : "",
                       how.doffset ? ", doffset" : "");
    if (special)
        soma_case_describe(&c, ", with %g and %g in %s", (double)special[0], (double)special[1], view ? "x" : "dy");
    soma_case_run(suite, &c);
}

void soma_normalize_grad_cases(soma_suite *suite) {
    static const mix mixes[] = {{true, true, true, true, true},     {true, true, false, false, false},
                                {true, true, true, true, false},    {false, false, true, true, true},
                                {false, true, true, true, true},    {true, true, false, false, true},
                                {false, false, false, false, false}};
    static const size_t special_shapes[][4] = {{1, 31, 13, 1}, {1, 3001, 5, 1}, {61, 1, 1, 10}, {3, 13, 4, 5}};
    static const float specials[][2] = {{NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, INFINITY}};
    for (size_t i = 0; i < NORMALIZE_SHAPE_COUNT; i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(mixes); j++)
            normalize_grad_case(suite, normalize_shapes[i], mixes[j], NULL, 0);
    for (size_t i = 0; i < SOMA_COUNT_OF(special_shapes); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(specials); j++)
            for (uint32_t view = 0; view < 2; view++)
                normalize_grad_case(suite, special_shapes[i], mixes[j], specials[j], view);
}

void soma_normalize_grad_speeds(soma_suite *suite) {
    static const struct {
        const char *what;
        size_t shape[4];
    } rows[] = {{"batch", {1, SOMA_TIMED_COUNT / 64, 64, 1}},
                {"batch, 16 channels", {1, SOMA_TIMED_COUNT / 16, 16, 1}},
                {"layers", {SOMA_TIMED_ROWS, 1, 1, SOMA_TIMED_COLUMNS}},
                {"groups of 8", {16, SOMA_TIMED_COUNT / 1024, 8, 8}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_call call = make_call(rows[i].shape, (mix){true, true, true, true, true});
        soma_case c;
        soma_case_begin(suite, &c, &call, normalize_grad_bound);
        soma_case_uniform(suite, &c, 4, 0.3, 3.0);
        soma_case_time(suite, &c, rows[i].what);
    }
}
