/* SPDX-License-Identifier: MIT */
/* What models that are fed piece by piece have: CausalConvWithState, and SwiGLU, a gate. */
#include "io/onnx/compose.h"

/* --------------------------------------------------------------------------------------------------------- convolution
 */

/* What was before, or zeros, and the input: [batch, channels, kernel - 1 + length]. */
static soma_status join_past(soma_onnx_node *node, size_t before, soma_onnx_value *all) {
    soma_onnx_value *x = node->input[0], *past = soma_onnx_optional(node, 3), pads;
    soma_onnx_made made;
    if (before == 0) return *all = *x, SOMA_OK;
    if (!past) {
        SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){0, 0, (int64_t)before, 0, 0, 0}, 6, &pads));
        return SOMA_ONNX_COMPOSE(node, Pad, NULL, all, x, &pads);
    }
    if (past->shape.rank != 3 || past->shape.dim[2] != before)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu positions; the kernel looks back at %zu", past->name,
                          past->shape.rank == 3 ? past->shape.dim[2] : 0, before);
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", 2);
    return SOMA_ONNX_COMPOSE(node, Concat, &made, all, past, x);
}

static soma_status get_activation(const soma_onnx_node *node, bool *swish) {
    const Soma__Onnx__AttributeProto *activation = soma_onnx_attribute(node, "activation");
    *swish = activation && (soma_onnx_is_text(activation, "silu") || soma_onnx_is_text(activation, "swish"));
    if (!activation || *swish || soma_onnx_is_text(activation, "none")) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "attribute activation must be silu, swish or none");
}

static soma_status import_causal(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], *weight = node->input[1], all, y;
    soma_onnx_value *inputs[] = {&all, weight, soma_onnx_optional(node, 2)};
    soma_onnx_made made;
    bool swish;
    SOMA_TRY(get_activation(node, &swish));
    if (x->shape.rank != 3 || weight->shape.rank != 3 || weight->shape.dim[0] != x->shape.dim[1] ||
        weight->shape.dim[1] != 1 || weight->shape.dim[2] == 0)
        return soma_error(SOMA_INVALID_SHAPE,
                          "%u dimensions and a weight of %u; they must be [batch, channels, length] "
                          "and [channels, 1, kernel]",
                          x->shape.rank, weight->shape.rank);
    const size_t before = weight->shape.dim[2] - 1;
    SOMA_TRY(join_past(node, before, &all));
    if (node->number == 1) {
        if (before == 0) return soma_error(SOMA_UNSUPPORTED, "a kernel of 1 leaves nothing behind");
        SOMA_TRY(soma_onnx_compose_part(node, &all, 2, x->shape.dim[2], before, &y));
        return soma_onnx_pass(node, &y);
    }
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "group", (int64_t)x->shape.dim[1]);
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_row_Conv, &made, inputs, inputs[2] ? 3 : 2, &y));
    if (swish) SOMA_TRY(soma_onnx_compose_function(node, &y, SOMA_SILU, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_SEVERAL(CausalConvWithState, 27, 2, 4, "activation", import_causal, 0);

/* ---------------------------------------------------------------------------------------------------------- the gate
 */

static soma_status import_gate(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], y;
    float alpha;
    SOMA_TRY(soma_onnx_get_float(node, "alpha", 1, &alpha));
    SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Mul, x, (double)alpha, &y));
    SOMA_TRY(soma_onnx_compose_function(node, &y, SOMA_SIGMOID, &y));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Mul, NULL, &y, &y, x));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Mul, NULL, &y, &y, node->input[1]));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(SwiGLU, 28, 2, 2, "alpha", import_gate, 0);
