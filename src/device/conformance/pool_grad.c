/* SPDX-License-Identifier: MIT */
/* Cases of POOL_GRAD. */
#include "device/conformance/pool.h"

static size_t window_index(const soma_view *dy, const size_t *q, size_t sample, size_t channel) {
    for (int i = 0; i < 3; i++) sample = sample * dy->shape[1 + i] + q[i];
    return sample * dy->shape[4] + channel;
}

static bool is_largest(double element, double y) {
    return isnan(y) ? isnan(element) : element == y;
}

/* Whether place k is the first of window q that is the window's y. */
static bool is_first(const soma_call *before, const size_t *q, const size_t *k, size_t sample, size_t channel) {
    const soma_pool_params *params = &before->params.pool;
    const soma_view *x = &before->view[1], *y = &before->view[2];
    double largest = soma_element_get(y, window_index(y, q, sample, channel));
    size_t earlier[3], at;
    FOR_EACH_PLACE(earlier, params->size) {
        bool inside = pool_element(params, x, q, earlier, sample, channel, &at);
        bool here = earlier[0] == k[0] && earlier[1] == k[1] && earlier[2] == k[2];
        if (inside && is_largest(soma_element_get(x, at), largest)) return here;
        if (here) return false;
    }
    return false;
}

/* The window that has `place` as its k-th; false: there is none. */
static bool window_with(const soma_pool_params *params, const soma_view *dy, const size_t *place, const size_t *k,
                        size_t *q) {
    for (int i = 0; i < 3; i++) {
        size_t from_start = place[i] + (size_t)params->before[i], back = k[i] * params->dilation[i];
        if (from_start < back || (from_start - back) % params->stride[i]) return false;
        q[i] = (from_start - back) / params->stride[i];
        if (q[i] >= dy->shape[1 + i]) return false;
    }
    return true;
}

static soma_bounded slope_at(const soma_call *before, const size_t *place, size_t sample, size_t channel) {
    const soma_pool_params *params = &before->params.pool;
    const soma_view *dy = &before->view[0], *dx = &before->view[3];
    soma_bounded_sum sum = {0};
    size_t k[3], q[3];
    FOR_EACH_PLACE(k, params->size) {
        if (!window_with(params, dy, place, k, q)) continue;
        soma_bounded slope = soma_given(dy, window_index(dy, q, sample, channel));
        if (params->kind == SOMA_POOL_AVERAGE)
            soma_bounded_sum_add(&sum, soma_bounded_divide(slope, soma_exact(pool_divisor(params, dx, q))));
        else if (is_first(before, q, k, sample, channel))
            soma_bounded_sum_add(&sum, slope);
    }
    return soma_bounded_sum_result(&sum);
}

static void pool_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *dx = &before->view[3];
    size_t place[3], next = 0;
    for (size_t sample = 0; sample < dx->shape[0]; sample++) FOR_EACH_PLACE(place, &dx->shape[1])
    for (size_t channel = 0; channel < dx->shape[4]; channel++)
        expected[3][next++] = slope_at(before, place, sample, channel);
}

/* y becomes what POOL makes of x. */
static void pool_x(soma_case *c) {
    const soma_pool_params *params = &c->call.params.pool;
    const soma_view *x = &c->call.view[1], *y = &c->call.view[2];
    size_t q[3], k[3], at, next = 0;
    if (!c->data[1] || !c->data[2]) return;
    for (size_t sample = 0; sample < y->shape[0]; sample++) FOR_EACH_PLACE(q, &y->shape[1])
    for (size_t channel = 0; channel < y->shape[4]; channel++) {
        double largest = -INFINITY;
        FOR_EACH_PLACE(k, params->size)
        if (pool_element(params, x, q, k, sample, channel, &at))
            largest = isnan(largest) || c->data[1][at] <= largest ? largest : c->data[1][at];
        soma_case_poke(c, 2, next++, largest);
    }
}

static soma_call pool_grad_call(const pool_row *row, soma_pool_kind kind, bool count_padding) {
    soma_view x = pool_x_of(row), y = pool_y_of(row), absent = soma_view_absent();
    bool largest = kind == SOMA_POOL_MAX;
    return soma_call_pool_grad(y, largest ? x : absent, largest ? y : absent, x,
                               pool_params_of(row, kind, count_padding));
}

typedef struct contents {
    bool whole;          /* x is of few whole numbers, so that windows have several largest elements */
    const float *x, *dy; /* two values that are strewn in; NULL for none */
} contents;

static void pool_grad_case(soma_suite *suite, const pool_row *row, soma_pool_kind kind, bool count_padding,
                           contents with) {
    soma_call call = pool_grad_call(row, kind, count_padding);
    soma_case c;
    soma_case_begin(suite, &c, &call, pool_grad_bound);
    uint32_t places = row->size[0] * row->size[1] * row->size[2];
    if (with.whole) soma_case_whole(suite, &c, 1, -1, 1);
    if (with.x) soma_case_sprinkle(suite, &c, 1, places, with.x, 2);
    if (with.dy) soma_case_sprinkle(suite, &c, 0, 3 * places, with.dy, 2);
    pool_x(&c);
    c.garbage_is_finite = with.dy != NULL;
    pool_describe(&c, row, &call.params.pool);
    if (with.whole) soma_case_describe(&c, ", of whole numbers");
    if (with.x) soma_case_describe(&c, ", with %g and %g in x", (double)with.x[0], (double)with.x[1]);
    if (with.dy) soma_case_describe(&c, ", with %g and %g in dy", (double)with.dy[0], (double)with.dy[1]);
    soma_case_run(suite, &c);
}

void soma_pool_grad_cases(soma_suite *suite) {
    static const float specials[][2] = {
        {NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}, {INFINITY, -INFINITY}, {NAN, INFINITY}};
    static const pool_row row = {5, {1, 9, 13}, 11, {1, 3, 2}, {1, 2, 2}, ONE, {0, 1, 0}, {0, 1, 1}, false};
    for (size_t i = 0; i < SOMA_COUNT_OF(pool_rows); i++) {
        pool_grad_case(suite, &pool_rows[i], SOMA_POOL_MAX, false, (contents){.whole = false});
        pool_grad_case(suite, &pool_rows[i], SOMA_POOL_MAX, false, (contents){.whole = true});
        pool_grad_case(suite, &pool_rows[i], SOMA_POOL_AVERAGE, false, (contents){.whole = false});
        pool_grad_case(suite, &pool_rows[i], SOMA_POOL_AVERAGE, true, (contents){.whole = false});
    }
    for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++) {
        pool_grad_case(suite, &row, SOMA_POOL_MAX, false, (contents){.x = specials[i]});
        pool_grad_case(suite, &row, SOMA_POOL_MAX, false, (contents){.dy = specials[i]});
        pool_grad_case(suite, &row, SOMA_POOL_AVERAGE, false, (contents){.dy = specials[i]});
    }
}

void soma_pool_grad_speeds(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(timed_pools); i++) {
        soma_call call = pool_grad_call(&timed_pools[i].row, timed_pools[i].kind, false);
        soma_case c;
        soma_case_begin(suite, &c, &call, pool_grad_bound);
        if (timed_pools[i].kind == SOMA_POOL_MAX) pool_x(&c);
        soma_case_time(suite, &c, timed_pools[i].what);
    }
}
