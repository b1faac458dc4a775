/* SPDX-License-Identifier: MIT */
/* Cases of POOL. */
#include "device/conformance/pool.h"

static soma_bounded pooled(const soma_pool_params *params, const soma_view *x, const size_t *q, size_t sample,
                           size_t channel) {
    double largest = -INFINITY;
    soma_bounded_sum sum = {0};
    size_t k[3], at;
    FOR_EACH_PLACE(k, params->size) {
        if (!pool_element(params, x, q, k, sample, channel, &at)) continue;
        double element = soma_element_get(x, at);
        largest = isnan(element) || isnan(largest) ? NAN : fmax(largest, element);
        soma_bounded_sum_add(&sum, soma_exact(element));
    }
    if (params->kind == SOMA_POOL_MAX) return soma_exact(largest);
    return soma_bounded_divide(soma_bounded_sum_result(&sum), soma_exact(pool_divisor(params, x, q)));
}

static void pool_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0], *y = &before->view[1];
    size_t q[3], next = 0;
    for (size_t sample = 0; sample < y->shape[0]; sample++) FOR_EACH_PLACE(q, &y->shape[1])
    for (size_t channel = 0; channel < y->shape[4]; channel++)
        expected[1][next++] = pooled(&before->params.pool, x, q, sample, channel);
}

static void pool_case(soma_suite *suite, const pool_row *row, soma_pool_kind kind, bool count_padding,
                      const float *special) {
    soma_pool_params params = pool_params_of(row, kind, count_padding);
    soma_call call = soma_call_pool(pool_x_of(row), pool_y_of(row), params);
    soma_case c;
    soma_case_begin(suite, &c, &call, pool_bound);
    uint32_t places = row->size[0] * row->size[1] * row->size[2];
    if (special) soma_case_sprinkle(suite, &c, 0, 2 * places, special, 2);
    c.garbage_is_finite = special != NULL;
    pool_describe(&c, row, &params);
    if (special) soma_case_describe(&c, ", with %g and %g", (double)special[0], (double)special[1]);
    soma_case_run(suite, &c);
}

void soma_pool_cases(soma_suite *suite) {
    static const float specials[][2] = {
        {NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}, {INFINITY, -INFINITY}, {NAN, INFINITY}};
    static const pool_row row = {5, {1, 9, 13}, 11, {1, 3, 2}, {1, 2, 2}, ONE, {0, 1, 0}, {0, 1, 1}, false};
    static const struct {
        soma_pool_kind kind;
        bool count_padding;
    } ways[] = {{SOMA_POOL_MAX, false}, {SOMA_POOL_AVERAGE, false}, {SOMA_POOL_AVERAGE, true}};
    for (size_t w = 0; w < SOMA_COUNT_OF(ways); w++) {
        for (size_t i = 0; i < SOMA_COUNT_OF(pool_rows); i++)
            pool_case(suite, &pool_rows[i], ways[w].kind, ways[w].count_padding, NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++)
            pool_case(suite, &row, ways[w].kind, ways[w].count_padding, specials[i]);
    }
}

void soma_pool_speeds(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(timed_pools); i++) {
        const pool_row *row = &timed_pools[i].row;
        soma_call call =
            soma_call_pool(pool_x_of(row), pool_y_of(row), pool_params_of(row, timed_pools[i].kind, false));
        soma_case c;
        soma_case_begin(suite, &c, &call, pool_bound);
        soma_case_time(suite, &c, timed_pools[i].what);
    }
}
