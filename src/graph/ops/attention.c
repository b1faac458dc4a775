/* SPDX-License-Identifier: MIT */
/* ATTENTION and its gradient: scaled dot-product attention of all heads. */
#include "graph/ops/op.h"

#include <math.h>

/* The inputs of both, from the queries on. */
typedef struct inputs {
    soma_tensor *q, *k, *v, *mask; /* mask: NULL if there is none */
} inputs;

/* Such a mask, which a rewrite makes, is added to the scores: [heads, steps, keys], the first two of which may be 1, of
 * a batch or not. */
static bool is_added(const soma_tensor *mask) {
    return mask && mask->rank == 3;
}

static inputs inputs_of(const soma_tensor *tensor) {
    const bool back = tensor->op == SOMA_OP_ATTENTION_GRAD;
    soma_tensor *const *input = tensor->input + (back ? 1 : 0);
    return (inputs){input[0], input[1], input[2], tensor->attributes.attention.masked ? input[back ? 4 : 3] : NULL};
}

/* ---------------------------------------------------------------------------------------------------------- shape */

static soma_status check_params(const soma_tensor *tensor) {
    const soma_attention_params *params = &tensor->attributes.attention.params;
    const uint32_t expected = 3u + tensor->attributes.attention.masked;
    if (tensor->input_count != expected)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "it has %u inputs, expected %u", tensor->input_count,
                              expected);
    if (params->heads < 1 || params->key_heads < 1 || params->heads % params->key_heads)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT,
                              "%u heads with keys of %u; at least one, and a multiple of those of the keys is needed",
                              params->heads, params->key_heads);
    if (isfinite(params->scale)) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "the scale is %g; a finite number is needed",
                          (double)params->scale);
}

static soma_status check_steps(const soma_tensor *tensor, const soma_tensor *x, const char *what, uint32_t heads) {
    char text[SOMA_SHAPE_TEXT];
    if (x->batched && x->rank == 2 && x->dtype == SOMA_F32 && x->shape[1] % heads == 0) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                          "the %s must be [batch, steps, features] with features that divide into %u heads, got %s",
                          what, heads, soma_tensor_shape_text(x, text));
}

static soma_status check_mask(const soma_tensor *tensor, const inputs *in) {
    const soma_tensor *mask = in->mask;
    const uint32_t heads = tensor->attributes.attention.params.heads;
    char text[SOMA_SHAPE_TEXT];
    if (is_added(mask)) {
        if (mask->rank == 3 && (mask->shape[0] == 1 || mask->shape[0] == heads) &&
            (mask->shape[1] == 1 || mask->shape[1] == in->q->shape[0]) && mask->shape[2] == in->k->shape[0])
            return SOMA_OK;
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "the mask must be [%u, %zu, %zu], or repeated to that, got %s", heads, in->q->shape[0],
                              in->k->shape[0], soma_tensor_shape_text(mask, text));
    }
    if (mask->batched && mask->rank == 1 && mask->shape[0] == in->k->shape[0]) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the mask must be [batch, %zu], got %s", in->k->shape[0],
                          soma_tensor_shape_text(mask, text));
}

static soma_status shape_attention(soma_tensor *tensor) {
    const soma_attention_params *params = &tensor->attributes.attention.params;
    char text[2][SOMA_SHAPE_TEXT];
    SOMA_TRY(check_params(tensor));
    const inputs in = inputs_of(tensor);
    SOMA_TRY(check_steps(tensor, in.q, "queries", params->heads));
    SOMA_TRY(check_steps(tensor, in.k, "keys", params->key_heads));
    SOMA_TRY(check_steps(tensor, in.v, "values", params->key_heads));
    if (in.k->shape[1] / params->key_heads != in.q->shape[1] / params->heads || in.k->shape[0] != in.v->shape[0])
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "the keys are %s and the values %s; heads of %zu features, and as many values as keys, "
                              "are needed",
                              soma_tensor_shape_text(in.k, text[0]), soma_tensor_shape_text(in.v, text[1]),
                              in.q->shape[1] / params->heads);
    if (in.mask) SOMA_TRY(check_mask(tensor, &in));
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->shape[1] = in.v->shape[1] / params->key_heads * params->heads;
    tensor->is_sequence = true;
    return SOMA_OK;
}

/* SECOND of an ATTENTION: the totals; SECOND and THIRD of its gradient: those of keys and values. */
void soma_op_shape_of_attention(const soma_tensor *attention, soma_tensor *result) {
    const inputs in = inputs_of(attention);
    const soma_tensor *like = result->op == SOMA_OP_SECOND ? in.k : in.v;
    result->is_sequence = false;
    result->batched = true;
    result->rank = 2;
    result->shape[0] = like->shape[0];
    result->shape[1] = like->shape[1];
    if (attention->op == SOMA_OP_ATTENTION_GRAD) return;
    result->shape[0] = attention->attributes.attention.params.heads;
    result->shape[1] = in.q->shape[0];
}

/* ------------------------------------------------------------------------------------------------------- gradient */

static soma_status gradient_attention(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    const soma_attributes none = {.fill = {0, false}};
    const inputs in = inputs_of(tensor);
    soma_tensor *total, *input[] = {dy, in.q, in.k, in.v, tensor, in.mask, NULL};
    const uint32_t count = in.mask ? 7 : 6;
    SOMA_TRY(soma_op_add(graph, SOMA_OP_SECOND, &tensor, 1, none, &total));
    input[count - 1] = total;
    SOMA_TRY(soma_op_add(graph, SOMA_OP_ATTENTION_GRAD, input, count, tensor->attributes, &gradient[0]));
    SOMA_TRY(soma_op_add(graph, SOMA_OP_SECOND, &gradient[0], 1, none, &gradient[1]));
    return soma_op_add(graph, SOMA_OP_THIRD, &gradient[0], 1, none, &gradient[2]);
}

/* ------------------------------------------------------------------------------------------------------- lowering */

static soma_view view_of(const soma_lowering *lowering, const soma_tensor *tensor) {
    return tensor ? soma_lowering_view(lowering, tensor) : soma_view_absent();
}

/* What is added is repeated to the shape of the scores. */
static soma_view mask_of(const soma_lowering *lowering, const soma_tensor *attention, const inputs *in) {
    const soma_tensor scores = {
        .batched = true,
        .rank = 3,
        .shape = {attention->attributes.attention.params.heads, in->q->shape[0], in->k->shape[0]}};
    return is_added(in->mask) ? soma_op_broadcast_view(lowering, in->mask, &scores) : view_of(lowering, in->mask);
}

static soma_status lower_attention(soma_lowering *lowering, const soma_tensor *tensor) {
    const inputs in = inputs_of(tensor);
    const soma_attention_views views = {.q = view_of(lowering, in.q),
                                        .k = view_of(lowering, in.k),
                                        .v = view_of(lowering, in.v),
                                        .mask = mask_of(lowering, tensor, &in),
                                        .y = view_of(lowering, tensor),
                                        .total = view_of(lowering, lowering->second[tensor->id])};
    return soma_lowering_push(lowering, tensor, soma_call_attention(&views, tensor->attributes.attention.params));
}

SOMA_OP(attention) = {3, 4, shape_attention, SOMA_GRADIENT(gradient_attention), lower_attention};

static soma_status shape_attention_grad(soma_tensor *tensor) {
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->shape[1] = tensor->input[1]->shape[1];
    return SOMA_OK;
}

static soma_status lower_attention_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    const inputs in = inputs_of(tensor);
    const soma_attention_grad_views views = {.dy = view_of(lowering, tensor->input[0]),
                                             .q = view_of(lowering, in.q),
                                             .k = view_of(lowering, in.k),
                                             .v = view_of(lowering, in.v),
                                             .mask = mask_of(lowering, tensor, &in),
                                             .y = view_of(lowering, tensor->input[4]),
                                             .total = view_of(lowering, tensor->input[tensor->input_count - 1]),
                                             .dq = view_of(lowering, tensor),
                                             .dk = view_of(lowering, lowering->second[tensor->id]),
                                             .dv = view_of(lowering, lowering->third[tensor->id])};
    return soma_lowering_push(lowering, tensor, soma_call_attention_grad(&views, tensor->attributes.attention.params));
}

SOMA_OP(attention_grad) = {6, 7, shape_attention_grad, NULL, SOMA_TRAINING_CALL(lower_attention_grad)};
