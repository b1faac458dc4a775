/* SPDX-License-Identifier: MIT */
/* ATTENTION and its gradient, for C: their views by name, and the sizes that the host and all devices work with. */
#ifndef SOMA_KERNELS_ATTENTION_CALL_H
#define SOMA_KERNELS_ATTENTION_CALL_H

#include <soma/device.h>

enum { ATTENTION_Q, ATTENTION_K, ATTENTION_V, ATTENTION_MASK, ATTENTION_Y, ATTENTION_TOTAL };

enum {
    ATTENTION_GRAD_DY,
    ATTENTION_GRAD_Q,
    ATTENTION_GRAD_K,
    ATTENTION_GRAD_V,
    ATTENTION_GRAD_MASK,
    ATTENTION_GRAD_Y,
    ATTENTION_GRAD_TOTAL,
    ATTENTION_GRAD_DQ,
    ATTENTION_GRAD_DK,
    ATTENTION_GRAD_DV
};

/* width: of a head's queries and keys; value_width: of its values. group: heads that share keys. */
typedef struct soma_attention_size {
    size_t samples, steps, keys, heads, key_heads, group, width, value_width;
} soma_attention_size;

/* Of a call whose views have been checked; q, k and v are one behind the other. */
static inline soma_attention_size soma_attention_size_of(const soma_call *call) {
    const soma_attention_params *params = &call->params.attention;
    const soma_view *q = &call->view[call->primitive == SOMA_PRIMITIVE_ATTENTION ? ATTENTION_Q : ATTENTION_GRAD_Q];
    return (soma_attention_size){.samples = q[0].shape[0],
                                 .steps = q[0].shape[1],
                                 .keys = q[1].shape[1],
                                 .heads = params->heads,
                                 .key_heads = params->key_heads,
                                 .group = params->heads / params->key_heads,
                                 .width = q[0].shape[2] / params->heads,
                                 .value_width = q[2].shape[2] / params->key_heads};
}

/* Whether a mask is added to the scores; else it says which keys are seen, or there is none. */
static inline bool soma_attention_is_added(const soma_view *mask) {
    return mask->rank == 4;
}

/* Where such a mask has what is added to a score. */
static inline size_t soma_attention_added_at(const soma_view *mask, size_t sample, size_t head, size_t query,
                                             size_t key) {
    return sample * mask->stride[0] + head * mask->stride[1] + query * mask->stride[2] + key * mask->stride[3];
}

/* Of `count` keys from `first` on, how many from the front query `step` sees, but for the mask. */
static inline size_t soma_attention_sees(const soma_attention_params *params, size_t step, size_t first, size_t count) {
    if (!params->causal || step >= first + count) return count;
    return step < first ? 0 : step - first + 1;
}

#endif
