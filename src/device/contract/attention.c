/* SPDX-License-Identifier: MIT */
/* ATTENTION and its gradient. */
#include "device/contract/contract.h"
#include "kernels/attention_call.h"

#include <math.h>

/* q, k and v begin at view `first`. */
static soma_status check_heads(const soma_call *call, uint32_t first) {
    const soma_attention_params *params = &call->params.attention;
    const soma_view *q = &call->view[first], *k = q + 1, *v = q + 2;
    for (uint32_t i = 0; i < 3; i++) SOMA_TRY(soma_need_rank(call, first + i, 3));
    if (params->heads < 1 || params->key_heads < 1 || params->heads % params->key_heads)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                "%u heads with keys of %u; at least one, and a multiple of those of the keys is needed",
                                params->heads, params->key_heads);
    if (!isfinite(params->scale))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "the scale is %g; a finite number is needed",
                                (double)params->scale);
    if (q->shape[2] % params->heads || v->shape[2] % params->key_heads)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "q is %s and v %s; they do not divide into %u and %u heads",
                                SHAPE(q), SHAPE(v), params->heads, params->key_heads);
    const size_t keys[] = {q->shape[0], v->shape[1], q->shape[2] / params->heads * params->key_heads};
    const soma_view wanted = soma_view_of(NULL, 0, SOMA_F32, 3, keys);
    if (memcmp(k->shape, keys, sizeof keys) != 0 || v->shape[0] != q->shape[0])
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "k is %s and v %s; %s, and values for as many, are needed",
                                SHAPE(k), SHAPE(v), SHAPE(&wanted));
    return SOMA_OK;
}

static soma_status need_three(const soma_call *call, uint32_t index, size_t first, size_t second, size_t third) {
    const soma_view *view = &call->view[index];
    const size_t shape[] = {first, second, third};
    const soma_view wanted = soma_view_of(NULL, 0, SOMA_F32, 3, shape);
    if (!soma_view_present(view) || (view->rank == 3 && memcmp(view->shape, shape, sizeof shape) == 0)) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %s is needed", soma_call_view_name(call, index),
                            SHAPE(view), SHAPE(&wanted));
}

/* [n, keys], or what is added to the scores, which tells the keys apart. */
static soma_status check_mask(const soma_call *call, uint32_t mask, soma_attention_size size) {
    const soma_view *view = &call->view[mask];
    const size_t scores[] = {size.samples, size.heads, size.steps, size.keys};
    const soma_view wanted = soma_view_of(NULL, 0, SOMA_F32, 4, scores);
    if (!soma_view_present(view)) return SOMA_OK;
    if (view->rank != 4) {
        SOMA_TRY(soma_need_shape(call, mask, 2, size.samples, size.keys));
    } else if (memcmp(view->shape, scores, sizeof scores) != 0)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "mask is %s; %s is needed", SHAPE(view), SHAPE(&wanted));
    if (view->stride[view->rank - 1] == 1 || size.keys <= 1) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "mask has a stride of %zu along the keys; 1 is needed",
                            view->stride[view->rank - 1]);
}

static soma_status check_others(const soma_call *call, uint32_t mask, uint32_t y, uint32_t total) {
    const soma_attention_size size = soma_attention_size_of(call);
    SOMA_TRY(check_mask(call, mask, size));
    SOMA_TRY(need_three(call, y, size.samples, size.steps, size.heads * size.value_width));
    return need_three(call, total, size.samples, size.heads, size.steps);
}

static soma_status check_attention(const soma_call *call) {
    SOMA_TRY(check_heads(call, ATTENTION_Q));
    return check_others(call, ATTENTION_MASK, ATTENTION_Y, ATTENTION_TOTAL);
}

/* Of pairs of a query and a key that it sees: so many products of w, and of u. */
static double pair_flops(const soma_call *call, double of_width, double of_values) {
    const soma_attention_size size = soma_attention_size_of(call);
    double pairs = (double)size.steps * (double)size.keys;
    if (call->params.attention.causal) { /* the first query sees a key, the next two, ... */
        const double least = (double)(size.steps < size.keys ? size.steps : size.keys);
        pairs = least * (least + 1.0) / 2.0 + ((double)size.steps - least) * (double)size.keys;
    }
    return 2.0 * (double)(size.samples * size.heads) * pairs *
           (of_width * (double)size.width + of_values * (double)size.value_width);
}

static double attention_flops(const soma_call *call) {
    return pair_flops(call, 1.0, 1.0);
}

SOMA_CONTRACT(attention) = {.check = check_attention,
                            .view = {{"q", F},
                                     {"k", F},
                                     {"v", F},
                                     {"mask", F | OPTIONAL | BROADCAST},
                                     {"y", F | OUT},
                                     {"total", F | OPTIONAL | OUT}},
                            .flops = attention_flops};

static soma_status check_attention_grad(const soma_call *call) {
    SOMA_TRY(check_heads(call, ATTENTION_GRAD_Q));
    SOMA_TRY(check_others(call, ATTENTION_GRAD_MASK, ATTENTION_GRAD_Y, ATTENTION_GRAD_TOTAL));
    SOMA_TRY(soma_need_same_shape(call, ATTENTION_GRAD_Y, ATTENTION_GRAD_DY));
    SOMA_TRY(soma_need_same_shape(call, ATTENTION_GRAD_Q, ATTENTION_GRAD_DQ));
    SOMA_TRY(soma_need_same_shape(call, ATTENTION_GRAD_K, ATTENTION_GRAD_DK));
    return soma_need_same_shape(call, ATTENTION_GRAD_V, ATTENTION_GRAD_DV);
}

/* The scores and the gradients of q and k; those of the weights, and of v. */
static double attention_grad_flops(const soma_call *call) {
    return pair_flops(call, 3.0, 2.0);
}

SOMA_CONTRACT(attention_grad) = {.check = check_attention_grad,
                                 .view = {{"dy", F},
                                          {"q", F},
                                          {"k", F},
                                          {"v", F},
                                          {"mask", F | OPTIONAL | BROADCAST},
                                          {"y", F},
                                          {"total", F},
                                          {"dq", F | OUT},
                                          {"dk", F | OUT},
                                          {"dv", F | OUT}},
                                 .flops = attention_grad_flops};
