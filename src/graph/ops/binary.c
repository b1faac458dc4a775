/* SPDX-License-Identifier: MIT */
/* BINARY: operations on two numbers, with broadcasting. */
#include "graph/ops/op.h"

static soma_status shape_binary(soma_tensor *tensor) {
    soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    SOMA_TRY(soma_shape_like_first(tensor));
    bool fits = b->rank <= a->rank && (a->batched || !b->batched);
    for (uint32_t i = 0; fits && i < b->rank; i++) {
        size_t from = b->shape[b->rank - 1 - i];
        fits = from == 1 || from == a->shape[a->rank - 1 - i];
    }
    char text[2][SOMA_SHAPE_TEXT];
    if (!fits)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s cannot be broadcast to %s",
                              soma_tensor_shape_text(b, text[0]), soma_tensor_shape_text(a, text[1]));
    return SOMA_OK;
}

/* dy where a `op` b is true, else 0. */
static soma_status masked(soma_graph *graph, soma_tensor *dy, soma_tensor *a, soma_tensor *b, soma_binary op,
                          soma_tensor **out) {
    soma_tensor *mask;
    SOMA_TRY(soma_graph_binary(graph, a, b, op, &mask));
    return soma_graph_binary(graph, dy, mask, SOMA_BINARY_MULTIPLY, out);
}

/* a^b: da = dy b a^(b - 1), db = dy a^b ln a. */
static soma_status gradient_power(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **da,
                                  soma_tensor **db) {
    soma_tensor *a = tensor->input[0], *b = tensor->input[1], *one, *less, *power, *log;
    SOMA_TRY(soma_op_constant_like(graph, b, 1, &one));
    SOMA_TRY(soma_graph_binary(graph, b, one, SOMA_BINARY_SUBTRACT, &less));
    SOMA_TRY(soma_graph_binary(graph, a, less, SOMA_BINARY_POWER, &power));
    SOMA_TRY(soma_graph_binary(graph, power, b, SOMA_BINARY_MULTIPLY, &power));
    SOMA_TRY(soma_graph_binary(graph, dy, power, SOMA_BINARY_MULTIPLY, da));
    SOMA_TRY(soma_graph_unary(graph, a, (soma_unary_params){.function = SOMA_LOG}, &log));
    SOMA_TRY(soma_graph_binary(graph, tensor, log, SOMA_BINARY_MULTIPLY, &log));
    return soma_graph_binary(graph, dy, log, SOMA_BINARY_MULTIPLY, db);
}

/* a - b trunc(a / b), of which the last factor is constant by pieces: db = -dy (a - y) / b. */
static soma_status gradient_remainder(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **da,
                                      soma_tensor **db) {
    soma_tensor *whole;
    *da = dy;
    SOMA_TRY(soma_graph_binary(graph, tensor, tensor->input[0], SOMA_BINARY_SUBTRACT, &whole));
    SOMA_TRY(soma_graph_binary(graph, whole, tensor->input[1], SOMA_BINARY_DIVIDE, &whole));
    return soma_graph_binary(graph, dy, whole, SOMA_BINARY_MULTIPLY, db);
}

/* The two gradients in the shape of the result. */
static soma_status gradient_binary_full(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **da,
                                        soma_tensor **db) {
    soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    switch (tensor->attributes.binary.op) {
    case SOMA_BINARY_ADD:
        *da = *db = dy;
        return SOMA_OK;
    case SOMA_BINARY_SUBTRACT:
        *da = dy;
        return soma_graph_copy(graph, dy, dy, -1, db);
    case SOMA_BINARY_MULTIPLY:
        SOMA_TRY(soma_graph_binary(graph, dy, b, SOMA_BINARY_MULTIPLY, da));
        return soma_graph_binary(graph, dy, a, SOMA_BINARY_MULTIPLY, db);
    case SOMA_BINARY_DIVIDE: /* db = -dy (a / b) / b */
        SOMA_TRY(soma_graph_binary(graph, dy, b, SOMA_BINARY_DIVIDE, da));
        SOMA_TRY(soma_graph_binary(graph, *da, tensor, SOMA_BINARY_MULTIPLY, db));
        return soma_graph_copy(graph, *db, *db, -1, db);
    case SOMA_BINARY_MAXIMUM: /* where they are equal, the gradient goes to a */
        SOMA_TRY(masked(graph, dy, a, b, SOMA_BINARY_GREATER_EQUAL, da));
        return soma_graph_binary(graph, dy, *da, SOMA_BINARY_SUBTRACT, db);
    case SOMA_BINARY_MINIMUM:
        SOMA_TRY(masked(graph, dy, a, b, SOMA_BINARY_GREATER, db));
        return soma_graph_binary(graph, dy, *db, SOMA_BINARY_SUBTRACT, da);
    case SOMA_BINARY_POWER:
        return gradient_power(graph, tensor, dy, da, db);
    case SOMA_BINARY_REMAINDER:
        return gradient_remainder(graph, tensor, dy, da, db);
    case SOMA_BINARY_KEEP:
        return soma_graph_binary(graph, dy, b, SOMA_BINARY_KEEP, da);
    default: /* comparisons are constant almost everywhere */
        return SOMA_OK;
    }
}

static soma_status gradient_binary(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *full[2] = {NULL, NULL};
    SOMA_TRY(gradient_binary_full(graph, tensor, dy, &full[0], &full[1]));
    for (int i = 0; i < 2; i++)
        if (full[i]) SOMA_TRY(soma_op_sum_to(graph, full[i], tensor->input[i], &gradient[i]));
    return SOMA_OK;
}

static soma_status lower_binary(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    soma_binary op = tensor->attributes.binary.op;
    if (soma_tensor_same_shape(a, b))
        return soma_lowering_push(lowering, tensor,
                                  soma_call_binary(soma_lowering_flat(lowering, a), soma_lowering_flat(lowering, b),
                                                   soma_lowering_flat(lowering, tensor), op));
    return soma_lowering_push(lowering, tensor,
                              soma_call_binary(soma_lowering_view(lowering, a),
                                               soma_op_broadcast_view(lowering, b, tensor),
                                               soma_lowering_view(lowering, tensor), op));
}

SOMA_OP(binary) = {2, 2, shape_binary, SOMA_GRADIENT(gradient_binary), lower_binary};
