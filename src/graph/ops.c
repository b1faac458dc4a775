/* SPDX-License-Identifier: MIT */
/* THE op table: a row per op, and the shape rules. Gradient rules are in gradients.c, lowering in lower.c. */
#include "graph/rules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Fails with the tensor's label before the message. */
static soma_status __attribute__((format(printf, 3, 4)))
refuse(const soma_tensor *tensor, soma_status status, const char *format, ...) {
    char message[512], label[SOMA_SHAPE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return soma_error(status, "%s: %s", soma_tensor_label(tensor, label), message);
}

static soma_status shape_like_first(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    tensor->dtype = x->dtype;
    tensor->batched = x->batched;
    tensor->rank = x->rank;
    memcpy(tensor->shape, x->shape, sizeof tensor->shape);
    return SOMA_OK;
}

/* INPUT, PARAMETER, FILL: the shape is given. */
static soma_status shape_given(soma_tensor *tensor) {
    if (soma_tensor_full_rank(tensor) > SOMA_MAX_RANK)
        return refuse(tensor, SOMA_INVALID_SHAPE, "%u dimensions, at most %d are possible (the batch counts)",
                      soma_tensor_full_rank(tensor), SOMA_MAX_RANK);
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (tensor->shape[i] == 0)
            return refuse(tensor, SOMA_INVALID_SHAPE, "dimension %u is 0, it must be at least 1", i);
    return SOMA_OK;
}

static soma_status shape_copy(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    SOMA_TRY(shape_given(tensor));
    bool fits = x->rank <= tensor->rank && (tensor->batched || !x->batched);
    for (uint32_t i = 0; fits && i < x->rank; i++) {
        size_t from = x->shape[x->rank - 1 - i], to = tensor->shape[tensor->rank - 1 - i];
        fits = from == to || from == 1;
    }
    char text[2][SOMA_SHAPE_TEXT];
    if (!fits)
        return refuse(tensor, SOMA_INVALID_SHAPE, "%s cannot be broadcast to %s", soma_tensor_shape_text(x, text[0]),
                      soma_tensor_shape_text(tensor, text[1]));
    return SOMA_OK;
}

static soma_status shape_reshape(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    SOMA_TRY(shape_given(tensor));
    char text[2][SOMA_SHAPE_TEXT];
    if (x->batched != tensor->batched || soma_tensor_count(x) != soma_tensor_count(tensor))
        return refuse(tensor, SOMA_INVALID_SHAPE, "%s has %zu elements per sample, %s has %zu",
                      soma_tensor_shape_text(x, text[0]), soma_tensor_count(x), soma_tensor_shape_text(tensor, text[1]),
                      soma_tensor_count(tensor));
    tensor->dtype = x->dtype;
    return SOMA_OK;
}

/* A matrix dimension: a number, or so many rows for each sample of the batch. */
typedef struct extent {
    bool batch;
    size_t size;
} extent;

static soma_status matrix_extents(const soma_tensor *tensor, const soma_tensor *x, bool transpose, extent out[2]) {
    char text[SOMA_SHAPE_TEXT];
    if (x->rank < 1 || (!x->batched && x->rank != 2))
        return refuse(tensor, SOMA_INVALID_SHAPE, "a matrix product needs a matrix, or a batch of rows, got %s",
                      soma_tensor_shape_text(x, text));
    size_t columns_size = x->shape[x->rank - 1];
    extent rows = {x->batched, soma_tensor_count(x) / columns_size}, columns = {false, columns_size};
    out[0] = transpose ? columns : rows;
    out[1] = transpose ? rows : columns;
    return SOMA_OK;
}

static soma_status shape_gemm(soma_tensor *tensor) {
    const soma_gemm_params *params = &tensor->attributes.gemm;
    const soma_tensor *bias = tensor->input_count > 2 ? tensor->input[2] : NULL;
    extent a[2] = {{false, 0}}, b[2] = {{false, 0}};
    SOMA_TRY(matrix_extents(tensor, tensor->input[0], params->transpose_a, a));
    SOMA_TRY(matrix_extents(tensor, tensor->input[1], params->transpose_b, b));
    char text[2][SOMA_SHAPE_TEXT];
    if (a[1].batch != b[0].batch || a[1].size != b[0].size || b[1].batch)
        return refuse(tensor, SOMA_INVALID_SHAPE, "cannot multiply %s%s by %s%s",
                      soma_tensor_shape_text(tensor->input[0], text[0]), params->transpose_a ? " transposed" : "",
                      soma_tensor_shape_text(tensor->input[1], text[1]), params->transpose_b ? " transposed" : "");
    if (bias && (bias->batched || bias->rank != 1 || bias->shape[0] != b[1].size))
        return refuse(tensor, SOMA_INVALID_SHAPE, "the bias must be [%zu], got %s", b[1].size,
                      soma_tensor_shape_text(bias, text[0]));
    tensor->dtype = SOMA_F32;
    tensor->batched = a[0].batch;
    tensor->rank = a[0].batch ? tensor->input[0]->rank : 2;
    tensor->shape[0] = a[0].size;
    if (a[0].batch) memcpy(tensor->shape, tensor->input[0]->shape, sizeof tensor->shape);
    tensor->shape[tensor->rank - 1] = b[1].size;
    return SOMA_OK;
}

static soma_status shape_unary(soma_tensor *tensor) {
    const soma_unary_params *params = &tensor->attributes.unary;
    if ((unsigned)params->function >= SOMA_FUNCTION_COUNT)
        return refuse(tensor, SOMA_INVALID_ARGUMENT, "%d is not a function of one number", (int)params->function);
    if (!isfinite(params->a) || !isfinite(params->b))
        return refuse(tensor, SOMA_INVALID_ARGUMENT, "%s needs finite parameters, got a = %g, b = %g",
                      soma_function_name(params->function), (double)params->a, (double)params->b);
    if (params->function == SOMA_LEAKY_RELU && !(params->b < params->a))
        return refuse(tensor, SOMA_INVALID_ARGUMENT,
                      "leaky_relu needs b < a (slope b for x <= 0, a for x > 0), got a = %g, b = %g", (double)params->a,
                      (double)params->b);
    if (params->function == SOMA_ELU && !(params->a >= 0))
        return refuse(tensor, SOMA_INVALID_ARGUMENT, "elu needs a >= 0, got a = %g", (double)params->a);
    return shape_like_first(tensor);
}

static soma_status shape_of_equal_inputs(soma_tensor *tensor) {
    char text[2][SOMA_SHAPE_TEXT];
    if (!soma_tensor_same_shape(tensor->input[0], tensor->input[1]))
        return refuse(tensor, SOMA_INVALID_SHAPE, "%s and %s should be equal",
                      soma_tensor_shape_text(tensor->input[0], text[0]),
                      soma_tensor_shape_text(tensor->input[1], text[1]));
    return shape_like_first(tensor);
}

/* The shape of SECOND is that of the bias: the input without its batch. */
static soma_status shape_second(soma_tensor *tensor) {
    SOMA_TRY(shape_like_first(tensor));
    tensor->batched = false;
    return SOMA_OK;
}

static soma_status shape_binary(soma_tensor *tensor) {
    soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    SOMA_TRY(shape_like_first(tensor));
    bool fits = b->rank <= a->rank && (a->batched || !b->batched);
    for (uint32_t i = 0; fits && i < b->rank; i++) {
        size_t from = b->shape[b->rank - 1 - i];
        fits = from == 1 || from == a->shape[a->rank - 1 - i];
    }
    char text[2][SOMA_SHAPE_TEXT];
    if (!fits)
        return refuse(tensor, SOMA_INVALID_SHAPE, "%s cannot be broadcast to %s", soma_tensor_shape_text(b, text[0]),
                      soma_tensor_shape_text(a, text[1]));
    return SOMA_OK;
}

static soma_status check_axis(const soma_tensor *tensor, const soma_tensor *x, uint32_t axis) {
    char text[SOMA_SHAPE_TEXT];
    uint32_t batch = x->batched ? 1 : 0;
    if (axis < x->rank + batch) return SOMA_OK;
    /* People count the dimensions of a sample. */
    return refuse(tensor, SOMA_INVALID_SHAPE, "%s has no dimension %u per sample (the first is 0)",
                  soma_tensor_shape_text(x, text), axis - batch);
}

static soma_status shape_reduce(soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.reduce.axis;
    SOMA_TRY(check_axis(tensor, tensor->input[0], axis));
    SOMA_TRY(shape_like_first(tensor));
    if (tensor->batched && axis == 0) {
        tensor->batched = false;
        return SOMA_OK;
    }
    uint32_t dimension = axis - (tensor->batched ? 1 : 0);
    for (uint32_t i = dimension; i + 1 < tensor->rank; i++) tensor->shape[i] = tensor->shape[i + 1];
    tensor->rank--;
    return SOMA_OK;
}

static soma_status shape_transpose(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    const uint32_t *axis = tensor->attributes.transpose.axis, rank = soma_tensor_full_rank(x);
    uint32_t batch = x->batched ? 1 : 0, seen = 0;
    SOMA_TRY(shape_like_first(tensor));
    for (uint32_t i = 0; i < SOMA_MAX_RANK; i++) {
        if (i < rank ? axis[i] >= rank || (seen >> axis[i] & 1) : axis[i] != 0)
            return refuse(tensor, SOMA_INVALID_SHAPE, "a transposition names each of %u dimensions once", rank);
        if (i < rank) seen |= 1u << axis[i];
        if (i >= batch && i < batch + x->rank && axis[i] >= batch) tensor->shape[i - batch] = x->shape[axis[i] - batch];
    }
    if (batch && axis[0] != 0) return refuse(tensor, SOMA_INVALID_SHAPE, "the batch must stay the first dimension");
    return SOMA_OK;
}

static soma_status shape_concat(soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.concat.axis;
    SOMA_TRY(shape_like_first(tensor));
    SOMA_TRY(check_axis(tensor, tensor, axis));
    if (tensor->batched && axis == 0) return refuse(tensor, SOMA_INVALID_SHAPE, "the batch cannot be joined along");
    uint32_t dimension = axis - (tensor->batched ? 1 : 0);
    for (uint32_t i = 1; i < tensor->input_count; i++) {
        const soma_tensor *x = tensor->input[i];
        bool fits = x->batched == tensor->batched && x->rank == tensor->rank;
        for (uint32_t j = 0; fits && j < x->rank; j++) fits = j == dimension || x->shape[j] == tensor->shape[j];
        char text[2][SOMA_SHAPE_TEXT];
        if (!fits)
            return refuse(tensor, SOMA_INVALID_SHAPE, "%s and %s differ in more than dimension %u",
                          soma_tensor_shape_text(tensor->input[0], text[0]), soma_tensor_shape_text(x, text[1]),
                          dimension);
        tensor->shape[dimension] += x->shape[dimension];
    }
    return SOMA_OK;
}

static soma_status shape_slice(soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.slice.axis;
    SOMA_TRY(shape_like_first(tensor));
    SOMA_TRY(check_axis(tensor, tensor, axis));
    if (tensor->batched && axis == 0) return refuse(tensor, SOMA_INVALID_SHAPE, "the batch cannot be sliced");
    uint32_t dimension = axis - (tensor->batched ? 1 : 0);
    size_t start = tensor->attributes.slice.start, length = tensor->attributes.slice.length;
    size_t size = tensor->shape[dimension];
    if (length == 0 || start > size || length > size - start)
        return refuse(tensor, SOMA_INVALID_SHAPE, "slice of %zu from %zu does not lie in a dimension of %zu", length,
                      start, size);
    tensor->shape[dimension] = length;
    return SOMA_OK;
}

static soma_status shape_softmax(soma_tensor *tensor) {
    SOMA_TRY(check_axis(tensor, tensor->input[0], tensor->attributes.softmax.axis));
    if (tensor->input[0]->batched && tensor->attributes.softmax.axis == 0)
        return refuse(tensor, SOMA_INVALID_SHAPE, "softmax over the batch is not meaningful");
    return shape_like_first(tensor);
}

static soma_status shape_dropout(soma_tensor *tensor) {
    float rate = tensor->attributes.dropout.rate;
    if (!(rate >= 0 && rate < 1))
        return refuse(tensor, SOMA_INVALID_ARGUMENT, "the dropout rate must be at least 0 and less than 1, got %g",
                      (double)rate);
    return shape_like_first(tensor);
}

/* One number per sample. */
static soma_status shape_loss(soma_tensor *tensor) {
    const soma_tensor *prediction = tensor->input[0], *target = tensor->input[1];
    bool classes = target->dtype == SOMA_I32;
    char text[2][SOMA_SHAPE_TEXT];
    if (!prediction->batched || (classes ? target->rank != 0 || prediction->rank != 1
                                         : soma_tensor_count(target) != soma_tensor_count(prediction)))
        return refuse(tensor, SOMA_INVALID_SHAPE, "predictions %s do not fit targets %s%s",
                      soma_tensor_shape_text(prediction, text[0]), soma_tensor_shape_text(target, text[1]),
                      classes ? " (class numbers)" : "");
    tensor->dtype = SOMA_F32;
    tensor->batched = true;
    tensor->rank = 0;
    return SOMA_OK;
}

/* METRIC, NORM, OPTIMIZER have no value of their own. */
static soma_status shape_none(soma_tensor *tensor) {
    tensor->rank = 0;
    tensor->batched = false;
    return SOMA_OK;
}

#define ROW(NAME, ...) [SOMA_OP_##NAME] = {__VA_ARGS__}
#define GRADIENT(rule) SOMA_FOR_TRAINING(soma_gradient_##rule)

/* clang-format off */
const soma_op_row soma_op_table[SOMA_OP_COUNT] = {
    /*  op               name in files    inputs   shape                  gradient               lowering */
    ROW(INPUT,           "input",          0, 0,   shape_given,           GRADIENT(none),        NULL),
    ROW(PARAMETER,       "parameter",      0, 0,   shape_given,           GRADIENT(none),        NULL),
    ROW(FILL,            "fill",           0, 0,   shape_given,           GRADIENT(none),        soma_lower_fill),
    ROW(COPY,            "copy",           1, 1,   shape_copy,            GRADIENT(copy),        soma_lower_copy),
    ROW(RESHAPE,         "reshape",        1, 1,   shape_reshape,         GRADIENT(reshape),     NULL),
    ROW(GEMM,            "gemm",           2, 3,   shape_gemm,            GRADIENT(gemm),        soma_lower_gemm),
    ROW(UNARY,           "unary",          1, 1,   shape_unary,           GRADIENT(unary),       soma_lower_unary),
    ROW(UNARY_GRAD,      "unary_grad",     2, 2,   shape_of_equal_inputs, NULL,                  soma_lower_unary_grad),
    ROW(BIAS_UNARY_GRAD, "bias_unary_grad", 2, 2,  shape_of_equal_inputs, NULL,                  soma_lower_bias_unary_grad),
    ROW(SECOND,          "second",         1, 1,   shape_second,          NULL,                  NULL),
    ROW(BINARY,          "binary",         2, 2,   shape_binary,          GRADIENT(binary),      soma_lower_binary),
    ROW(REDUCE,          "reduce",         1, 1,   shape_reduce,          GRADIENT(reduce),      soma_lower_reduce),
    ROW(TRANSPOSE,       "transpose",      1, 1,   shape_transpose,       GRADIENT(transpose),   soma_lower_transpose),
    ROW(CONCAT,          "concat",         1, SOMA_MAX_INPUTS, shape_concat,          GRADIENT(concat),      soma_lower_concat),
    ROW(SLICE,           "slice",          1, 1,   shape_slice,           GRADIENT(slice),       soma_lower_slice),
    ROW(SOFTMAX,         "softmax",        1, 1,   shape_softmax,         GRADIENT(softmax),     soma_lower_softmax),
    ROW(SOFTMAX_GRAD,    "softmax_grad",   2, 2,   shape_of_equal_inputs, NULL,                  soma_lower_softmax_grad),
    ROW(DROPOUT,         "dropout",        1, 1,   shape_dropout,         GRADIENT(dropout),     soma_lower_dropout),
    ROW(LOSS,            "loss",           2, 4,   shape_loss,            GRADIENT(loss),        soma_lower_loss),
    ROW(LOSS_GRAD,       "loss_grad",      3, 5,   shape_like_first,      NULL,                  soma_lower_loss_grad),
    ROW(METRIC,          "metric",         1, 2,   shape_none,            NULL,                  soma_lower_metric),
    ROW(NORM,            "norm",           0, 0,   shape_none,            NULL,                  soma_lower_norm),
    ROW(OPTIMIZER,       "optimizer",      0, 1,   shape_none,            NULL,                  soma_lower_optimizer),
};
/* clang-format on */
