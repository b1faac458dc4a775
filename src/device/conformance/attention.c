/* SPDX-License-Identifier: MIT */
/* Cases of ATTENTION. */
#include "device/conformance/attention.h"

/* ------------------------------------------------------------------------------------------------------- bound */

#define MOST_KEYS 512
/* A device that goes through the keys in blocks takes so many at least. It then scales what it has by e to the power of
 * the difference of two maxima, once for each block. */
#define LEAST_BLOCK 16

/* e^(s_j - the largest): where maxima follow each other, their differences are rounded one by one; but together they
 * are no larger than that of the largest and the least score. */
static soma_bounded weight_of(soma_bounded x, double largest, double least, size_t keys) {
    const size_t blocks = keys / LEAST_BLOCK + 1;
    soma_bounded power = soma_bounded_subtract(x, soma_exact(largest));
    power.error += SOMA_ULPS_ROUNDING * SOMA_ULP * (largest - least);
    soma_bounded weight = soma_bounded_exp(power);
    weight.error += (double)blocks * (SOMA_ULPS_EXP + SOMA_ULPS_ROUNDING) * SOMA_ULP * weight.value;
    return weight;
}

static void query_bound(const track *t) {
    const soma_view *v = &t->call->view[ATTENTION_V];
    const size_t width = t->size.value_width;
    soma_bounded weight[MOST_KEYS];
    soma_bounded_sum total = {0};
    double largest = -INFINITY, least = INFINITY;
    for (size_t key = 0; key < t->size.keys; key++) {
        if (!sees(t, key)) continue;
        weight[key] = score(t, key);
        largest = fmax(largest, weight[key].value);
        least = fmin(least, weight[key].value);
    }
    for (size_t key = 0; key < t->size.keys; key++) {
        if (!sees(t, key)) continue;
        weight[key] = weight_of(weight[key], largest, least, t->size.keys);
        soma_bounded_sum_add(&total, weight[key]);
    }
    soma_bounded divisor = soma_bounded_sum_result(&total);
    for (size_t i = 0; i < width; i++) {
        soma_bounded_sum sum = {0};
        for (size_t key = 0; key < t->size.keys; key++)
            if (sees(t, key))
                soma_bounded_sum_add(&sum, soma_bounded_multiply(weight[key], soma_given(v, at_key(t, key, width, i))));
        t->expected[ATTENTION_Y][at_query(t, width, i)] =
            total.count ? soma_bounded_divide(soma_bounded_sum_result(&sum), divisor) : soma_exact(0.0);
    }
    if (!soma_view_present(&t->call->view[ATTENTION_TOTAL])) return;
    t->expected[ATTENTION_TOTAL][at_total(t)] =
        total.count ? soma_bounded_add(soma_exact(largest), soma_bounded_log(divisor)) : soma_exact(INFINITY);
}

static void attention_bound(const soma_call *before, soma_bounded *const *expected) {
    track t = {.call = before,
               .expected = expected,
               .q = ATTENTION_Q,
               .mask = ATTENTION_MASK,
               .size = soma_attention_size_of(before)};
    for (t.sample = 0; t.sample < t.size.samples; t.sample++)
        for (t.head = 0; t.head < t.size.heads; t.head++)
            for (t.step = 0; t.step < t.size.steps; t.step++) query_bound(&t);
}

/* ------------------------------------------------------------------------------------------------------- cases */

static void begin_case(soma_suite *suite, soma_case *c, soma_attention_size size, unsigned mix) {
    const attention_shapes s = attention_shapes_of(size, mix);
    const soma_attention_views views = {.q = s.q,
                                        .k = s.k,
                                        .v = s.v,
                                        .mask = s.mask,
                                        .y = s.y,
                                        .total = mix & WITH_TOTAL ? s.total : soma_view_absent()};
    const soma_call call = soma_call_attention(&views, attention_params_of(size, mix));
    soma_case_begin(suite, c, &call, attention_bound);
    attention_fill_mask(suite, c, ATTENTION_MASK, mix);
    attention_describe(c, size, mix);
}

/* Scores that lie far apart: e^s alone would overflow, and most weights vanish. */
static void large_case(soma_suite *suite, soma_attention_size size, double most) {
    soma_case c;
    begin_case(suite, &c, size, WITH_TOTAL);
    soma_case_uniform(suite, &c, ATTENTION_Q, -most, most);
    soma_case_describe(&c, ", q up to %g", most);
    soma_case_run(suite, &c);
}

/* The first sample sees no key at all, the second the last one alone. */
static void hidden_case(soma_suite *suite, soma_attention_size size) {
    soma_case c;
    begin_case(suite, &c, size, WITH_MASK | WITH_TOTAL);
    soma_case_whole(suite, &c, ATTENTION_MASK, 0, 0);
    soma_case_poke(&c, ATTENTION_MASK, 2 * size.keys - 1, 1.0);
    soma_case_describe(&c, ", hardly a key is seen");
    soma_case_run(suite, &c);
}

/* The same of masks that are added. */
static void hidden_added_case(soma_suite *suite, soma_attention_size size) {
    soma_case c;
    const size_t rows = 2 * size.heads * size.steps;
    begin_case(suite, &c, size, WITH_MASK | ADDED | WITH_TOTAL);
    for (size_t row = 0; row < rows; row++)
        for (size_t key = 0; key < size.keys; key++)
            soma_case_poke(&c, ATTENTION_MASK, row * size.keys + key,
                           2 * row >= rows && key + 1 == size.keys ? 0.5 : -(double)INFINITY);
    soma_case_describe(&c, ", hardly a key is seen");
    soma_case_run(suite, &c);
}

/* A NaN among the queries is in the results of its own row. */
static void nan_case(soma_suite *suite, soma_attention_size size, unsigned mix) {
    soma_case c;
    begin_case(suite, &c, size, mix | WITH_TOTAL);
    soma_case_poke(&c, ATTENTION_Q, 3 * size.heads * size.width, (double)NAN);
    c.garbage_is_finite = true;
    soma_case_describe(&c, ", NaN in q");
    soma_case_run(suite, &c);
}

void soma_attention_cases(soma_suite *suite) {
    for (size_t i = 0; i < ATTENTION_SIZE_COUNT; i++)
        for (size_t j = 0; j < ATTENTION_MIX_COUNT; j++) {
            soma_case c;
            if (!attention_is_asked(suite, SOMA_PRIMITIVE_ATTENTION, attention_mixes[j])) continue;
            begin_case(suite, &c, attention_sizes[i], attention_mixes[j]);
            soma_case_run(suite, &c);
        }
    large_case(suite, attention_sizes[5], 400.0);
    large_case(suite, attention_sizes[3], 60.0);
    hidden_case(suite, attention_sizes[1]);
    hidden_case(suite, attention_sizes[3]);
    if (attention_is_asked(suite, SOMA_PRIMITIVE_ATTENTION, ADDED)) {
        hidden_added_case(suite, attention_sizes[1]);
        hidden_added_case(suite, attention_sizes[3]);
    }
    nan_case(suite, attention_sizes[1], 0);
    nan_case(suite, attention_sizes[3], CAUSAL);
}

/* As a small language model has it. */
#define TIMED                                                                                                          \
    (soma_attention_size) {                                                                                            \
        .samples = 16, .steps = 128, .keys = 128, .heads = 4, .key_heads = 4, .width = 32, .value_width = 32           \
    }

void soma_attention_speeds(soma_suite *suite) {
    soma_case c;
    begin_case(suite, &c, TIMED, CAUSAL | WITH_TOTAL);
    soma_case_time(suite, &c, "causal");
    begin_case(suite, &c, TIMED, 0);
    soma_case_time(suite, &c, "all keys");
}
