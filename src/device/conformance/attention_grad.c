/* SPDX-License-Identifier: MIT */
/* Cases of ATTENTION_GRAD. What a forward pass would have left may be any numbers here: the formulas are the same. */
#include "device/conformance/attention.h"

/* ------------------------------------------------------------------------------------------------------- bound */

static soma_bounded weight_of(const track *t, size_t key) {
    return soma_bounded_exp(
        soma_bounded_subtract(score(t, key), soma_given(&t->call->view[ATTENTION_GRAD_TOTAL], at_total(t))));
}

static soma_bounded slope_of(const track *t, size_t key, soma_bounded weight) {
    const size_t width = t->size.value_width;
    const soma_view *dy = &t->call->view[ATTENTION_GRAD_DY];
    const size_t first = at_query(t, width, 0);
    soma_bounded with_value = dot(dy, first, &t->call->view[ATTENTION_GRAD_V], at_key(t, key, width, 0), width),
                 with_y = dot(dy, first, &t->call->view[ATTENTION_GRAD_Y], first, width);
    soma_bounded slope = soma_bounded_multiply(weight, soma_bounded_subtract(with_value, with_y));
    return soma_bounded_multiply(slope, soma_exact((double)t->call->params.attention.scale));
}

/* The weights and what comes back to the scores, of all keys, for the query at hand; 0 of those that it does not see.
 */
static void query_weights(const track *t, soma_bounded *weight, soma_bounded *slope) {
    for (size_t key = 0; key < t->size.keys; key++) {
        weight[key] = sees(t, key) ? weight_of(t, key) : soma_exact(0.0);
        slope[key] = sees(t, key) ? slope_of(t, key, weight[key]) : soma_exact(0.0);
    }
}

/* The sums of one head's queries. */
typedef struct sums {
    soma_bounded_sum *dk, *dv; /* as the views are */
} sums;

static void query_bound(const track *t, const soma_bounded *weight, const soma_bounded *slope, sums *all) {
    const soma_view *q = &t->call->view[ATTENTION_GRAD_Q], *k = &t->call->view[ATTENTION_GRAD_K],
                    *dy = &t->call->view[ATTENTION_GRAD_DY];
    const size_t width = t->size.width, value_width = t->size.value_width;
    for (size_t i = 0; i < width; i++) {
        soma_bounded_sum sum = {0};
        for (size_t key = 0; key < t->size.keys; key++) {
            const size_t at = at_key(t, key, width, i);
            soma_bounded_sum_add(&sum, soma_bounded_multiply(slope[key], soma_given(k, at)));
            soma_bounded_sum_add(&all->dk[at], soma_bounded_multiply(slope[key], soma_given(q, at_query(t, width, i))));
        }
        t->expected[ATTENTION_GRAD_DQ][at_query(t, width, i)] = soma_bounded_sum_result(&sum);
    }
    for (size_t i = 0; i < value_width; i++)
        for (size_t key = 0; key < t->size.keys; key++)
            soma_bounded_sum_add(&all->dv[at_key(t, key, value_width, i)],
                                 soma_bounded_multiply(weight[key], soma_given(dy, at_query(t, value_width, i))));
}

#define MOST_KEYS    512
#define MOST_NUMBERS 4096

static void attention_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    static soma_bounded_sum none;
    soma_bounded weight[MOST_KEYS], slope[MOST_KEYS];
    soma_bounded_sum dk[MOST_NUMBERS], dv[MOST_NUMBERS];
    sums all = {dk, dv};
    const size_t keys = soma_view_count(&before->view[ATTENTION_GRAD_DK]),
                 values = soma_view_count(&before->view[ATTENTION_GRAD_DV]);
    track t = {.call = before,
               .expected = expected,
               .q = ATTENTION_GRAD_Q,
               .mask = ATTENTION_GRAD_MASK,
               .size = soma_attention_size_of(before)};
    for (size_t i = 0; i < keys; i++) dk[i] = none;
    for (size_t i = 0; i < values; i++) dv[i] = none;
    for (t.sample = 0; t.sample < t.size.samples; t.sample++)
        for (t.head = 0; t.head < t.size.heads; t.head++)
            for (t.step = 0; t.step < t.size.steps; t.step++) {
                query_weights(&t, weight, slope);
                query_bound(&t, weight, slope, &all);
            }
    for (size_t i = 0; i < keys; i++) expected[ATTENTION_GRAD_DK][i] = soma_bounded_sum_result(&dk[i]);
    for (size_t i = 0; i < values; i++) expected[ATTENTION_GRAD_DV][i] = soma_bounded_sum_result(&dv[i]);
}

/* ------------------------------------------------------------------------------------------------------- cases */

static void begin_case(soma_suite *suite, soma_case *c, soma_attention_size size, unsigned mix) {
    const attention_shapes s = attention_shapes_of(size, mix);
    const soma_attention_grad_views views = {.dy = s.y,
                                             .q = s.q,
                                             .k = s.k,
                                             .v = s.v,
                                             .mask = s.mask,
                                             .y = s.y,
                                             .total = s.total,
                                             .dq = s.q,
                                             .dk = s.k,
                                             .dv = s.v};
    const soma_call call = soma_call_attention_grad(&views, attention_params_of(size, mix));
    soma_case_begin(suite, c, &call, attention_grad_bound);
    attention_fill_mask(suite, c, ATTENTION_GRAD_MASK, mix);
    soma_case_uniform(suite, c, ATTENTION_GRAD_TOTAL, 0.0, 4.0);
    attention_describe(c, size, mix & ~(unsigned)WITH_TOTAL);
}

/* The first query saw nothing: its total is infinite. */
static void hidden_case(soma_suite *suite, soma_attention_size size) {
    soma_case c;
    begin_case(suite, &c, size, 0);
    soma_case_poke(&c, ATTENTION_GRAD_TOTAL, 0, (double)INFINITY);
    soma_case_describe(&c, ", one total is infinite");
    soma_case_run(suite, &c);
}

/* So it did where masks that are added hide all keys of it. */
static void hidden_added_case(soma_suite *suite, soma_attention_size size) {
    soma_case c;
    begin_case(suite, &c, size, WITH_MASK | ADDED);
    for (size_t key = 0; key < size.keys; key++) soma_case_poke(&c, ATTENTION_GRAD_MASK, key, -(double)INFINITY);
    soma_case_poke(&c, ATTENTION_GRAD_TOTAL, 0, (double)INFINITY);
    soma_case_describe(&c, ", its first query sees no key");
    soma_case_run(suite, &c);
}

/* A number in dy of the last query goes to it, and to the keys, all of which it sees. */
static void special_case(soma_suite *suite, soma_attention_size size, float value) {
    soma_case c;
    begin_case(suite, &c, size, CAUSAL);
    soma_case_poke(&c, ATTENTION_GRAD_DY, (size.steps - 1) * size.heads * size.value_width, (double)value);
    c.garbage_is_finite = c.any_not_finite = true;
    soma_case_describe(&c, ", %g in dy", (double)value);
    soma_case_run(suite, &c);
}

void soma_attention_grad_cases(soma_suite *suite) {
    for (size_t i = 0; i < ATTENTION_SIZE_COUNT; i++)
        for (size_t j = 0; j < ATTENTION_MIX_COUNT; j++) {
            soma_case c;
            if (!attention_is_asked(suite, SOMA_PRIMITIVE_ATTENTION_GRAD, attention_mixes[j])) continue;
            begin_case(suite, &c, attention_sizes[i], attention_mixes[j]);
            soma_case_run(suite, &c);
        }
    hidden_case(suite, attention_sizes[1]);
    if (attention_is_asked(suite, SOMA_PRIMITIVE_ATTENTION_GRAD, ADDED)) {
        hidden_added_case(suite, attention_sizes[1]);
        hidden_added_case(suite, attention_sizes[3]);
    }
    for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++) special_case(suite, attention_sizes[1], soma_specials[i]);
}

void soma_attention_grad_speeds(soma_suite *suite) {
    const soma_attention_size size = {
        .samples = 16, .steps = 128, .keys = 128, .heads = 4, .key_heads = 4, .width = 32, .value_width = 32};
    soma_case c;
    begin_case(suite, &c, size, CAUSAL);
    soma_case_time(suite, &c, "causal");
    begin_case(suite, &c, size, 0);
    soma_case_time(suite, &c, "all keys");
}
