/* SPDX-License-Identifier: MIT */
/* What ATTENTION and its gradient share: scores, and elements of a head. */
#ifndef SOMA_DEVICE_REFERENCE_ATTENTION_H
#define SOMA_DEVICE_REFERENCE_ATTENTION_H

#include "device/reference/reference.h"
#include "kernels/attention_call.h"

/* A query of one head of a sample; `q` is the number of the view of queries, `mask` of the mask. */
typedef struct query {
    const soma_call *call;
    soma_attention_size size;
    uint32_t q, mask;
    size_t sample, head, step;
} query;

static inline size_t key_head(const query *at) {
    return at->head / at->size.group;
}

/* Element i of the head's row of what has a row for each query, and for each key. */
static inline size_t at_query(const query *at, size_t width, size_t i) {
    return ((at->sample * at->size.steps + at->step) * at->size.heads + at->head) * width + i;
}
static inline size_t at_key(const query *at, size_t key, size_t width, size_t i) {
    return ((at->sample * at->size.keys + key) * at->size.key_heads + key_head(at)) * width + i;
}
static inline size_t at_total(const query *at) {
    return (at->sample * at->size.heads + at->head) * at->size.steps + at->step;
}

/* What is added to the score. */
static inline double added(const query *at, size_t key) {
    const soma_view *mask = &at->call->view[at->mask];
    return soma_attention_is_added(mask)
               ? soma_element_get(mask, soma_attention_added_at(mask, at->sample, at->head, at->step, key))
               : 0.0;
}

static inline bool sees(const query *at, size_t key) {
    const soma_view *mask = &at->call->view[at->mask];
    if (at->call->params.attention.causal && key > at->step) return false;
    if (soma_attention_is_added(mask)) return added(at, key) != -INFINITY;
    return !soma_view_present(mask) || soma_element_get(mask, at->sample * mask->stride[0] + key) != 0.0;
}

static inline double score(const query *at, size_t key) {
    const soma_view *q = &at->call->view[at->q], *k = q + 1;
    double sum = 0.0;
    for (size_t i = 0; i < at->size.width; i++)
        sum += soma_element_get(q, at_query(at, at->size.width, i)) *
               soma_element_get(k, at_key(at, key, at->size.width, i));
    return (double)at->call->params.attention.scale * sum + added(at, key);
}

#endif
