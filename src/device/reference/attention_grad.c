/* SPDX-License-Identifier: MIT */
/* ATTENTION_GRAD. */
#include "device/reference/attention.h"

/* Of the head's row of dy: with values of a key, or with y. */
static double dot_dy(const query *at, const soma_view *other, size_t first) {
    double sum = 0.0;
    for (size_t i = 0; i < at->size.value_width; i++)
        sum += soma_element_get(&at->call->view[ATTENTION_GRAD_DY], at_query(at, at->size.value_width, i)) *
               soma_element_get(other, first + i);
    return sum;
}

/* p and t of soma_attention_params, of a key that the query sees. */
static double weight_of(const query *at, size_t key) {
    return exp(score(at, key) - soma_element_get(&at->call->view[ATTENTION_GRAD_TOTAL], at_total(at)));
}

static double slope_of(const query *at, size_t key, double weight) {
    const size_t width = at->size.value_width;
    const double with_value = dot_dy(at, &at->call->view[ATTENTION_GRAD_V], at_key(at, key, width, 0)),
                 with_y = dot_dy(at, &at->call->view[ATTENTION_GRAD_Y], at_query(at, width, 0));
    return (double)at->call->params.attention.scale * weight * (with_value - with_y);
}

static void query_gradient(const query *at, double *sums) {
    const soma_view *k = &at->call->view[ATTENTION_GRAD_K], *dq = &at->call->view[ATTENTION_GRAD_DQ];
    const size_t width = at->size.width;
    for (size_t i = 0; i < width; i++) sums[i] = 0.0;
    for (size_t key = 0; key < at->size.keys; key++) {
        if (!sees(at, key)) continue;
        const double slope = slope_of(at, key, weight_of(at, key));
        for (size_t i = 0; i < width; i++) sums[i] += slope * soma_element_get(k, at_key(at, key, width, i));
    }
    for (size_t i = 0; i < width; i++) soma_element_set(dq, at_query(at, width, i), sums[i]);
}

/* at->head: the first that takes these keys. */
static void key_gradients(query *at, size_t key, double *keys, double *values) {
    const soma_view *q = &at->call->view[ATTENTION_GRAD_Q], *dy = &at->call->view[ATTENTION_GRAD_DY];
    const size_t first = at->head, width = at->size.width, value_width = at->size.value_width;
    for (size_t i = 0; i < width; i++) keys[i] = 0.0;
    for (size_t i = 0; i < value_width; i++) values[i] = 0.0;
    for (; at->head < first + at->size.group; at->head++)
        for (at->step = 0; at->step < at->size.steps; at->step++) {
            if (!sees(at, key)) continue;
            const double weight = weight_of(at, key), slope = slope_of(at, key, weight);
            for (size_t i = 0; i < width; i++) keys[i] += slope * soma_element_get(q, at_query(at, width, i));
            for (size_t i = 0; i < value_width; i++)
                values[i] += weight * soma_element_get(dy, at_query(at, value_width, i));
        }
    at->head = first;
    for (size_t i = 0; i < width; i++)
        soma_element_set(&at->call->view[ATTENTION_GRAD_DK], at_key(at, key, width, i), keys[i]);
    for (size_t i = 0; i < value_width; i++)
        soma_element_set(&at->call->view[ATTENTION_GRAD_DV], at_key(at, key, value_width, i), values[i]);
}

soma_status soma_reference_attention_grad(const soma_call *call) {
    query at = {.call = call, .size = soma_attention_size_of(call), .q = ATTENTION_GRAD_Q, .mask = ATTENTION_GRAD_MASK};
    const size_t count = at.size.width + at.size.value_width + 1;
    double *sums = soma_calloc(count, sizeof *sums);
    if (!sums) return soma_out_of_memory(count * sizeof *sums, "the gradient of attention on the host");
    for (at.sample = 0; at.sample < at.size.samples; at.sample++) {
        for (at.head = 0; at.head < at.size.heads; at.head++)
            for (at.step = 0; at.step < at.size.steps; at.step++) query_gradient(&at, sums);
        for (at.head = 0; at.head < at.size.heads; at.head += at.size.group)
            for (size_t key = 0; key < at.size.keys; key++) key_gradients(&at, key, sums, sums + at.size.width);
    }
    soma_free(sums);
    return SOMA_OK;
}
