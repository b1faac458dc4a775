/* SPDX-License-Identifier: MIT */
/* Sizes of attention, and the bounds that ATTENTION and its gradient share. */
#ifndef SOMA_DEVICE_CONFORMANCE_ATTENTION_H
#define SOMA_DEVICE_CONFORMANCE_ATTENTION_H

#include "device/conformance/shapes.h"
#include "kernels/attention_call.h"

/* One of everything; odd sizes round the widths of vectors and tiles; keys and queries of several blocks; other numbers
 * of keys than of queries; none. */
static const soma_attention_size attention_sizes[] = {
    {.samples = 1, .steps = 1, .keys = 1, .heads = 1, .key_heads = 1, .width = 1, .value_width = 1},
    {.samples = 2, .steps = 7, .keys = 7, .heads = 2, .key_heads = 2, .width = 4, .value_width = 4},
    {.samples = 1, .steps = 5, .keys = 19, .heads = 3, .key_heads = 1, .width = 7, .value_width = 5},
    {.samples = 2, .steps = 17, .keys = 17, .heads = 4, .key_heads = 2, .width = 16, .value_width = 40},
    {.samples = 1, .steps = 67, .keys = 67, .heads = 1, .key_heads = 1, .width = 33, .value_width = 9},
    {.samples = 1, .steps = 3, .keys = 300, .heads = 2, .key_heads = 1, .width = 2, .value_width = 3},
    {.samples = 1, .steps = 141, .keys = 70, .heads = 1, .key_heads = 1, .width = 5, .value_width = 17},
    {.samples = 3, .steps = 1, .keys = 13, .heads = 1, .key_heads = 1, .width = 8, .value_width = 8},
    {.samples = 0, .steps = 3, .keys = 3, .heads = 1, .key_heads = 1, .width = 2, .value_width = 2},
    {.samples = 2, .steps = 0, .keys = 3, .heads = 2, .key_heads = 1, .width = 2, .value_width = 2},
    {.samples = 2, .steps = 3, .keys = 0, .heads = 2, .key_heads = 1, .width = 2, .value_width = 2},
    {.samples = 2, .steps = 3, .keys = 5, .heads = 2, .key_heads = 1, .width = 0, .value_width = 2},
    {.samples = 2, .steps = 3, .keys = 5, .heads = 2, .key_heads = 1, .width = 2, .value_width = 0},
};
#define ATTENTION_SIZE_COUNT SOMA_COUNT_OF(attention_sizes)

/* What a call has beside what it must have. */
enum { WITH_MASK = 1, WITH_TOTAL = 2, CAUSAL = 4, ADDED = 8, REPEATED = 16 };
static const unsigned attention_mixes[] = {0,
                                           CAUSAL | WITH_TOTAL,
                                           WITH_MASK | WITH_TOTAL,
                                           WITH_MASK | CAUSAL,
                                           WITH_MASK | ADDED | WITH_TOTAL,
                                           WITH_MASK | ADDED | REPEATED | CAUSAL};
#define ATTENTION_MIX_COUNT SOMA_COUNT_OF(attention_mixes)

/* Masks that are added go to devices that combine alone: others may know nothing of them. */
static inline bool attention_is_asked(const soma_suite *suite, soma_primitive primitive, unsigned mix) {
    return !(mix & ADDED) || soma_device_combines(suite->device, primitive);
}

static inline soma_attention_params attention_params_of(soma_attention_size s, unsigned mix) {
    const double scale = 1.0 / sqrt((double)SOMA_MAX(s.width, (size_t)1));
    return (soma_attention_params){
        .heads = (uint32_t)s.heads, .key_heads = (uint32_t)s.key_heads, .causal = mix & CAUSAL, .scale = (float)scale};
}

/* The views that both calls have. */
typedef struct attention_shapes {
    soma_view q, k, v, y, mask, total;
} attention_shapes;

/* Added to the scores: of each head and query its own, or the same for all queries of a head, whichever sample it is.
 */
static inline soma_view attention_mask_of(soma_attention_size s, unsigned mix) {
    if (!(mix & WITH_MASK)) return soma_view_absent();
    if (!(mix & ADDED)) return SOMA_F32_VIEW(s.samples, s.keys);
    soma_view view = SOMA_F32_VIEW(s.samples, s.heads, s.steps, s.keys);
    if (mix & REPEATED) {
        view.stride[0] = view.stride[2] = 0;
        view.stride[1] = s.keys;
    }
    return view;
}

static inline attention_shapes attention_shapes_of(soma_attention_size s, unsigned mix) {
    return (attention_shapes){.q = SOMA_F32_VIEW(s.samples, s.steps, s.heads * s.width),
                              .k = SOMA_F32_VIEW(s.samples, s.keys, s.key_heads * s.width),
                              .v = SOMA_F32_VIEW(s.samples, s.keys, s.key_heads * s.value_width),
                              .y = SOMA_F32_VIEW(s.samples, s.steps, s.heads * s.value_width),
                              .mask = attention_mask_of(s, mix),
                              .total = SOMA_F32_VIEW(s.samples, s.heads, s.steps)};
}

static inline void attention_describe(soma_case *c, soma_attention_size s, unsigned mix) {
    soma_case_describe(c, ": n %zu, steps %zu, keys %zu, heads %zu of %zu, width %zu and %zu%s%s%s%s%s", s.samples,
                       s.steps, s.keys, s.heads, s.key_heads, s.width, s.value_width, mix & CAUSAL ? ", causal" : "",
                       mix & WITH_MASK ? ", mask" : "", mix & ADDED ? " that is added" : "",
                       mix & REPEATED ? ", repeated" : "", mix & WITH_TOTAL ? ", total" : "");
}

/* Truth, or numbers of which some hide a key altogether. */
static inline void attention_fill_mask(soma_suite *suite, soma_case *c, uint32_t view, unsigned mix) {
    static const float hidden = -INFINITY;
    if (!(mix & ADDED))
        soma_case_whole(suite, c, view, 0, 1);
    else
        soma_case_sprinkle(suite, c, view, 4, &hidden, 1);
}

/* A query of one head of a sample; `q` is the number of the view of queries, `mask` of the mask. */
typedef struct track {
    const soma_call *call;
    soma_bounded *const *expected;
    soma_attention_size size;
    uint32_t q, mask;
    size_t sample, head, step;
} track;

static inline size_t at_query(const track *t, size_t width, size_t i) {
    return ((t->sample * t->size.steps + t->step) * t->size.heads + t->head) * width + i;
}
static inline size_t at_key(const track *t, size_t key, size_t width, size_t i) {
    return ((t->sample * t->size.keys + key) * t->size.key_heads + t->head / t->size.group) * width + i;
}
static inline size_t at_total(const track *t) {
    return (t->sample * t->size.heads + t->head) * t->size.steps + t->step;
}

static inline size_t at_score(const track *t, size_t key) {
    return soma_attention_added_at(&t->call->view[t->mask], t->sample, t->head, t->step, key);
}

static inline bool sees(const track *t, size_t key) {
    const soma_view *mask = &t->call->view[t->mask];
    if (t->call->params.attention.causal && key > t->step) return false;
    if (soma_attention_is_added(mask)) return soma_element_get(mask, at_score(t, key)) != -INFINITY;
    return !soma_view_present(mask) || soma_element_get(mask, t->sample * t->size.keys + key) != 0.0;
}

/* The products of a head's numbers, from two places on. */
static inline soma_bounded dot(const soma_view *x, size_t x_first, const soma_view *y, size_t y_first, size_t width) {
    soma_bounded_sum sum = {0};
    for (size_t i = 0; i < width; i++)
        soma_bounded_sum_add(&sum, soma_bounded_multiply(soma_given(x, x_first + i), soma_given(y, y_first + i)));
    return soma_bounded_sum_result(&sum);
}

static inline soma_bounded score(const track *t, size_t key) {
    const soma_view *q = &t->call->view[t->q];
    const size_t width = t->size.width;
    const soma_view *mask = &t->call->view[t->mask];
    soma_bounded product = dot(q, at_query(t, width, 0), q + 1, at_key(t, key, width, 0), width);
    product = soma_bounded_multiply(product, soma_exact((double)t->call->params.attention.scale));
    return soma_attention_is_added(mask) ? soma_bounded_add(product, soma_given(mask, at_score(t, key))) : product;
}

#endif
