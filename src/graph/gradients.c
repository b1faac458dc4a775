/* SPDX-License-Identifier: MIT */
/*
 * Gradient rules: each is given dy, the gradient of the objective with respect to a tensor, and emits those with
 * respect to its inputs as tensors of the same graph (reverse-mode differentiation: Griewank & Walther, "Evaluating
 * Derivatives", ch. 3).
 */
#include "graph/rules.h"

static soma_status add_op(soma_graph *graph, soma_op op, soma_tensor *const *input, uint32_t count,
                          soma_attributes attributes, soma_tensor **out) {
    soma_tensor_spec spec = {.op = op, .input_count = count, .input = input, .attributes = attributes};
    return soma_graph_add(graph, &spec, out);
}

static soma_status constant_like(soma_graph *graph, const soma_tensor *like, float value, soma_tensor **out) {
    soma_tensor_spec spec = {.op = SOMA_OP_FILL,
                             .attributes = {.fill = {value, false}},
                             .dtype = SOMA_F32,
                             .batched = like->batched,
                             .rank = like->rank};
    for (uint32_t i = 0; i < like->rank; i++) spec.shape[i] = like->shape[i];
    return soma_graph_add(graph, &spec, out);
}

/* The other way round from broadcasting: sums dy over the dimensions in which x was repeated, down to x's shape. */
static soma_status sum_to(soma_graph *graph, soma_tensor *dy, const soma_tensor *x, soma_tensor **out) {
    uint32_t extra = dy->rank - x->rank;
    for (uint32_t i = dy->rank; i-- > 0;) { /* last first, so that the axes before stay where they are */
        bool repeated = i < extra || (x->shape[i - extra] == 1 && dy->shape[i] != 1);
        if (repeated) SOMA_TRY(soma_graph_reduce(graph, dy, SOMA_REDUCE_SUM, i + (dy->batched ? 1 : 0), &dy));
    }
    if (dy->batched && !x->batched) SOMA_TRY(soma_graph_reduce(graph, dy, SOMA_REDUCE_SUM, 0, &dy));
    if (!soma_tensor_same_shape(dy, x)) SOMA_TRY(soma_graph_reshape(graph, dy, x, &dy));
    *out = dy;
    return SOMA_OK;
}

soma_status soma_gradient_none(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    (void)graph, (void)tensor, (void)dy, (void)gradient;
    return SOMA_OK;
}

soma_status soma_gradient_copy(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    float scale = tensor->attributes.copy.scale;
    SOMA_TRY(sum_to(graph, dy, tensor->input[0], &dy));
    if (scale != 1) SOMA_TRY(soma_graph_copy(graph, dy, dy, scale, &dy));
    gradient[0] = dy;
    return SOMA_OK;
}

soma_status soma_gradient_reshape(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    return soma_graph_reshape(graph, dy, tensor->input[0], &gradient[0]);
}

/* c = op(a) op(b) + bias:  d op(a) = dc op(b)^T,  d op(b) = op(a)^T dc,  d bias = the sum of dc's rows. */
soma_status soma_gradient_gemm(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    bool ta = tensor->attributes.gemm.transpose_a, tb = tensor->attributes.gemm.transpose_b;
    /* The gradient of a transposed operand is the transpose of the gradient: the factors change places. */
    if (!ta) SOMA_TRY(soma_graph_gemm(graph, dy, b, NULL, false, !tb, &gradient[0]));
    if (ta && !dy->batched) SOMA_TRY(soma_graph_gemm(graph, b, dy, NULL, tb, true, &gradient[0]));
    if (!tb) SOMA_TRY(soma_graph_gemm(graph, a, dy, NULL, !ta, false, &gradient[1]));
    if (tb) SOMA_TRY(soma_graph_gemm(graph, dy, a, NULL, true, ta, &gradient[1]));
    if (tensor->input_count > 2) SOMA_TRY(sum_to(graph, dy, tensor->input[2], &gradient[2]));
    return SOMA_OK;
}

soma_status soma_gradient_unary(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    bool from_output = soma_function_grad_uses_output(tensor->attributes.unary.function);
    soma_tensor *input[] = {dy, from_output ? tensor : tensor->input[0]};
    return add_op(graph, SOMA_OP_UNARY_GRAD, input, 2, tensor->attributes, &gradient[0]);
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
    SOMA_TRY(constant_like(graph, b, 1, &one));
    SOMA_TRY(soma_graph_binary(graph, b, one, SOMA_BINARY_SUBTRACT, &less));
    SOMA_TRY(soma_graph_binary(graph, a, less, SOMA_BINARY_POWER, &power));
    SOMA_TRY(soma_graph_binary(graph, power, b, SOMA_BINARY_MULTIPLY, &power));
    SOMA_TRY(soma_graph_binary(graph, dy, power, SOMA_BINARY_MULTIPLY, da));
    SOMA_TRY(soma_graph_unary(graph, a, (soma_unary_params){.function = SOMA_LOG}, &log));
    SOMA_TRY(soma_graph_binary(graph, tensor, log, SOMA_BINARY_MULTIPLY, &log));
    return soma_graph_binary(graph, dy, log, SOMA_BINARY_MULTIPLY, db);
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
    default: /* comparisons are constant almost everywhere */
        return SOMA_OK;
    }
}

soma_status soma_gradient_binary(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *full[2] = {NULL, NULL};
    SOMA_TRY(gradient_binary_full(graph, tensor, dy, &full[0], &full[1]));
    for (int i = 0; i < 2; i++)
        if (full[i]) SOMA_TRY(sum_to(graph, full[i], tensor->input[i], &gradient[i]));
    return SOMA_OK;
}

/* Maximum and minimum: the gradient is shared among the elements that are equal to the result. */
static soma_status gradient_extreme(soma_graph *graph, soma_tensor *tensor, soma_tensor *y, soma_tensor *dy,
                                    soma_tensor **dx) {
    soma_tensor *x = tensor->input[0], *mask, *count;
    bool maximum = tensor->attributes.reduce.op == SOMA_REDUCE_MAX;
    if (maximum)
        SOMA_TRY(soma_graph_binary(graph, x, y, SOMA_BINARY_GREATER_EQUAL, &mask));
    else {
        SOMA_TRY(soma_graph_copy(graph, y, x, 1, &y));
        SOMA_TRY(soma_graph_binary(graph, y, x, SOMA_BINARY_GREATER_EQUAL, &mask));
    }
    SOMA_TRY(soma_graph_reduce(graph, mask, SOMA_REDUCE_SUM, tensor->attributes.reduce.axis, &count));
    SOMA_TRY(soma_graph_reshape(graph, count, dy, &count));
    SOMA_TRY(soma_graph_binary(graph, dy, count, SOMA_BINARY_DIVIDE, &dy));
    return soma_graph_binary(graph, mask, dy, SOMA_BINARY_MULTIPLY, dx);
}

soma_status soma_gradient_reduce(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *x = tensor->input[0], *y;
    uint32_t axis = tensor->attributes.reduce.axis;
    /* Put the reduced dimension back, with size 1, so that results broadcast along it. */
    soma_tensor kept = *x;
    bool over_batch = x->batched && axis == 0;
    size_t length = over_batch ? 0 : x->shape[axis - (x->batched ? 1 : 0)];
    if (over_batch)
        kept.batched = false;
    else
        kept.shape[axis - (x->batched ? 1 : 0)] = 1;
    SOMA_TRY(soma_graph_reshape(graph, dy, &kept, &dy));
    SOMA_TRY(soma_graph_reshape(graph, tensor, &kept, &y));
    switch (tensor->attributes.reduce.op) {
    case SOMA_REDUCE_SUM:
        return soma_graph_copy(graph, dy, x, 1, &gradient[0]);
    case SOMA_REDUCE_MEAN:
        if (over_batch) break;
        return soma_graph_copy(graph, dy, x, 1 / (float)length, &gradient[0]);
    case SOMA_REDUCE_SUM_SQUARES:
        SOMA_TRY(soma_graph_copy(graph, dy, dy, 2, &dy));
        return soma_graph_binary(graph, x, dy, SOMA_BINARY_MULTIPLY, &gradient[0]);
    default:
        return gradient_extreme(graph, tensor, y, dy, &gradient[0]);
    }
    char label[SOMA_SHAPE_TEXT];
    return soma_error(SOMA_NO_GRADIENT, "%s: the mean over the batch has no gradient; sum the samples instead",
                      soma_tensor_label(tensor, label));
}

/* The inverse permutation. */
soma_status soma_gradient_transpose(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    uint32_t inverse[SOMA_MAX_RANK] = {0};
    for (uint32_t i = 0; i < soma_tensor_full_rank(tensor); i++) inverse[tensor->attributes.transpose.axis[i]] = i;
    return soma_graph_transpose(graph, dy, inverse, &gradient[0]);
}

soma_status soma_gradient_concat(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    uint32_t axis = tensor->attributes.concat.axis, dimension = axis - (tensor->batched ? 1 : 0);
    size_t start = 0;
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        size_t length = tensor->input[i]->shape[dimension];
        soma_attributes attributes = {.slice = {axis, start, length}};
        SOMA_TRY(add_op(graph, SOMA_OP_SLICE, &dy, 1, attributes, &gradient[i]));
        start += length;
    }
    return SOMA_OK;
}

/* Zeros on both sides of dy. */
soma_status soma_gradient_slice(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    const soma_tensor *x = tensor->input[0];
    uint32_t axis = tensor->attributes.slice.axis, dimension = axis - (x->batched ? 1 : 0), count = 0;
    size_t before = tensor->attributes.slice.start;
    size_t after = x->shape[dimension] - before - tensor->attributes.slice.length;
    soma_tensor *part[3], zeros = *x;
    if (before) {
        zeros.shape[dimension] = before;
        SOMA_TRY(constant_like(graph, &zeros, 0, &part[count++]));
    }
    part[count++] = dy;
    if (after) {
        zeros.shape[dimension] = after;
        SOMA_TRY(constant_like(graph, &zeros, 0, &part[count++]));
    }
    return add_op(graph, SOMA_OP_CONCAT, part, count, (soma_attributes){.concat = {axis}}, &gradient[0]);
}

soma_status soma_gradient_softmax(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *input[] = {dy, tensor};
    return add_op(graph, SOMA_OP_SOFTMAX_GRAD, input, 2, tensor->attributes, &gradient[0]);
}

/* The same mask: it is a function of the layer's stream and the step. */
soma_status soma_gradient_dropout(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    return add_op(graph, SOMA_OP_DROPOUT, &dy, 1, tensor->attributes, &gradient[0]);
}

/* With respect to the predictions; targets and weights are data. */
soma_status soma_gradient_loss(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *input[5];
    for (uint32_t i = 0; i < tensor->input_count; i++) input[i] = tensor->input[i];
    input[tensor->input_count] = dy;
    return add_op(graph, SOMA_OP_LOSS_GRAD, input, tensor->input_count + 1, tensor->attributes, &gradient[0]);
}
