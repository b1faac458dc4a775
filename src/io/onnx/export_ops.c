/* SPDX-License-Identifier: MIT */
/* The ops of a network as ONNX nodes. */
#include "io/onnx/export.h"

#include <string.h>

static const char *name_of(const soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    return exporter->name[tensor->id];
}

/* "out = op(x)", "out = op(a, b)". */
#define PUT(op, out, a, b) soma_onnx_put_node(exporter, op, out, a, b)

static void put_reshaped(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *shape,
                         size_t rank) {
    soma_onnx_name list = soma_onnx_list(exporter, shape, rank);
    PUT("Reshape", out, x, list.text);
}

/* The tensor's dimensions, for Reshape: 0 keeps that of the batch. */
static size_t dimensions(const soma_tensor *tensor, int64_t *shape) {
    size_t rank = 0;
    if (tensor->batched) shape[rank++] = 0;
    for (uint32_t i = 0; i < tensor->rank; i++) shape[rank++] = (int64_t)tensor->shape[i];
    return rank;
}

/* ------------------------------------------------------------------------------------------------------- functions */

static void put_scaled(soma_onnx_exporter *exporter, const char *out, const char *x, float factor) {
    if (factor == -1) {
        PUT("Neg", out, x, NULL);
        return;
    }
    soma_onnx_name number = soma_onnx_number(exporter, factor);
    PUT("Mul", out, x, number.text);
}

static void put_with(soma_onnx_exporter *exporter, const char *op, const char *out, const char *x, const char *first,
                     float a, const char *second, float b) {
    size_t node = soma_onnx_begin_node(exporter, op, out, (const char *[]){x, NULL});
    soma_onnx_put_attribute_float(exporter, first, a);
    if (second) soma_onnx_put_attribute_float(exporter, second, b);
    soma_onnx_end_node(exporter, node);
}

/* a x for x > 0, else b x. */
static void put_leaky_relu(soma_onnx_exporter *exporter, const char *out, const char *x, float a, float b) {
    if (a == 1) {
        put_with(exporter, "LeakyRelu", out, x, "alpha", b, NULL, 0);
        return;
    }
    soma_onnx_name right = soma_onnx_temporary(exporter), left = soma_onnx_temporary(exporter);
    soma_onnx_name scaled[2] = {soma_onnx_temporary(exporter), soma_onnx_temporary(exporter)};
    soma_onnx_name negative = soma_onnx_temporary(exporter);
    PUT("Relu", right.text, x, NULL);
    PUT("Neg", negative.text, x, NULL);
    PUT("Relu", left.text, negative.text, NULL);
    put_scaled(exporter, scaled[0].text, right.text, a);
    put_scaled(exporter, scaled[1].text, left.text, b);
    PUT("Sub", out, scaled[0].text, scaled[1].text);
}

/* 1 where the comparison holds, else 0. */
static void put_comparison(soma_onnx_exporter *exporter, const char *op, const char *out, const char *a,
                           const char *b) {
    soma_onnx_name truth = soma_onnx_temporary(exporter);
    PUT(op, truth.text, a, b);
    size_t node = soma_onnx_begin_node(exporter, "Cast", out, (const char *[]){truth.text, NULL});
    soma_onnx_put_attribute_integer(exporter, "to", 1); /* FLOAT */
    soma_onnx_end_node(exporter, node);
}

static const char *plain_function(soma_function function) {
    static const char *const names[SOMA_FUNCTION_COUNT] = {
        [SOMA_IDENTITY] = "Identity", [SOMA_SIGMOID] = "Sigmoid",   [SOMA_TANH] = "Tanh", [SOMA_RELU] = "Relu",
        [SOMA_SELU] = "Selu",         [SOMA_SOFTPLUS] = "Softplus", [SOMA_GELU] = "Gelu", [SOMA_EXP] = "Exp",
        [SOMA_LOG] = "Log",           [SOMA_SQRT] = "Sqrt",         [SOMA_ABS] = "Abs"};
    return names[function];
}

static soma_status export_unary(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_unary_params *params = &tensor->attributes.unary;
    const char *x = name_of(exporter, tensor->input[0]), *out = name_of(exporter, tensor);
    if (plain_function(params->function)) return PUT(plain_function(params->function), out, x, NULL), SOMA_OK;
    soma_onnx_name other;
    switch (params->function) {
    case SOMA_LINEAR:
        return put_scaled(exporter, out, x, params->a), SOMA_OK;
    case SOMA_LEAKY_RELU:
        return put_leaky_relu(exporter, out, x, params->a, params->b), SOMA_OK;
    case SOMA_ELU:
        return put_with(exporter, "Elu", out, x, "alpha", params->a, NULL, 0), SOMA_OK;
    case SOMA_HARD_SIGMOID:
        return put_with(exporter, "HardSigmoid", out, x, "alpha", params->a, "beta", params->b), SOMA_OK;
    case SOMA_SQUARE:
        return PUT("Mul", out, x, x), SOMA_OK;
    case SOMA_SILU:
        other = soma_onnx_temporary(exporter);
        PUT("Sigmoid", other.text, x, NULL);
        return PUT("Mul", out, x, other.text), SOMA_OK;
    case SOMA_STEP:
        other = soma_onnx_number(exporter, 0);
        return put_comparison(exporter, "GreaterOrEqual", out, x, other.text), SOMA_OK;
    default:
        return soma_error(SOMA_INTERNAL, "the function %s has no ONNX form", soma_function_name(params->function));
    }
}

/* ----------------------------------------------------------------------------------------------------- two operands */

/* ONNX aligns dimensions from the last; of two batches the smaller sample needs dimensions of 1 after its batch. */
static soma_onnx_name aligned(soma_onnx_exporter *exporter, const soma_tensor *x, const soma_tensor *result) {
    soma_onnx_name out;
    int64_t shape[SOMA_MAX_RANK + 1] = {0};
    if (!x->batched || x->rank == result->rank) {
        memcpy(out.text, exporter->name[x->id], sizeof out.text);
        return out;
    }
    for (uint32_t i = 0; i < result->rank; i++) {
        uint32_t missing = result->rank - x->rank;
        shape[i + 1] = i < missing ? 1 : (int64_t)x->shape[i - missing];
    }
    out = soma_onnx_temporary(exporter);
    put_reshaped(exporter, out.text, name_of(exporter, x), shape, result->rank + 1);
    return out;
}

static soma_status export_binary(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    static const char *const names[SOMA_BINARY_COUNT] = {
        [SOMA_BINARY_ADD] = "Add",         [SOMA_BINARY_SUBTRACT] = "Sub",
        [SOMA_BINARY_MULTIPLY] = "Mul",    [SOMA_BINARY_DIVIDE] = "Div",
        [SOMA_BINARY_MAXIMUM] = "Max",     [SOMA_BINARY_MINIMUM] = "Min",
        [SOMA_BINARY_GREATER] = "Greater", [SOMA_BINARY_GREATER_EQUAL] = "GreaterOrEqual",
        [SOMA_BINARY_POWER] = "Pow"};
    soma_binary op = tensor->attributes.binary.op;
    soma_onnx_name a = aligned(exporter, soma_onnx_operand(tensor, 0), tensor);
    soma_onnx_name b = aligned(exporter, soma_onnx_operand(tensor, 1), tensor);
    if (op == SOMA_BINARY_GREATER || op == SOMA_BINARY_GREATER_EQUAL)
        put_comparison(exporter, names[op], name_of(exporter, tensor), a.text, b.text);
    else
        PUT(names[op], name_of(exporter, tensor), a.text, b.text);
    return SOMA_OK;
}

/* Rows of samples by a matrix: MatMul knows no transposition and no bias. */
static soma_status export_rows(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const char *b = name_of(exporter, tensor->input[1]), *out = name_of(exporter, tensor);
    soma_onnx_name turned = soma_onnx_temporary(exporter), product = soma_onnx_temporary(exporter);
    bool bias = tensor->input_count > 2;
    if (tensor->attributes.gemm.transpose_b) {
        PUT("Transpose", turned.text, b, NULL);
        b = turned.text;
    }
    PUT("MatMul", bias ? product.text : out, name_of(exporter, tensor->input[0]), b);
    if (bias) PUT("Add", out, product.text, name_of(exporter, tensor->input[2]));
    return SOMA_OK;
}

static soma_status export_gemm(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const char *input[4] = {NULL};
    if (tensor->rank + (tensor->batched ? 1 : 0) > 2) return export_rows(exporter, tensor);
    for (uint32_t i = 0; i < tensor->input_count; i++) input[i] = name_of(exporter, tensor->input[i]);
    size_t node = soma_onnx_begin_node(exporter, "Gemm", name_of(exporter, tensor), input);
    if (tensor->attributes.gemm.transpose_a) soma_onnx_put_attribute_integer(exporter, "transA", 1);
    if (tensor->attributes.gemm.transpose_b) soma_onnx_put_attribute_integer(exporter, "transB", 1);
    soma_onnx_end_node(exporter, node);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ shapes
 */

static soma_status export_fill(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    size_t count = soma_tensor_count(tensor);
    float *values = tensor->batched ? NULL : soma_calloc(count, sizeof *values);
    if (tensor->batched)
        return soma_error(SOMA_UNSUPPORTED, "a constant for each sample of the batch has no ONNX form here");
    if (!values) return soma_out_of_memory(count * sizeof *values, "a constant");
    for (size_t i = 0; i < count; i++) values[i] = tensor->attributes.fill.value;
    size_t node = soma_onnx_begin_node(exporter, "Constant", name_of(exporter, tensor), (const char *[]){NULL});
    size_t attribute = soma_onnx_open_message(&exporter->writer, NODE_ATTRIBUTE);
    soma_onnx_put_text(&exporter->writer, 1, "value");
    soma_onnx_put_integer(&exporter->writer, 20, 4); /* TENSOR */
    soma_onnx_put_tensor(exporter, 5, "", tensor->rank, tensor->shape, values);
    soma_onnx_close_message(&exporter->writer, attribute);
    soma_onnx_end_node(exporter, node);
    soma_free(values);
    return SOMA_OK;
}

/* Scaled, then repeated; where only the batch is missing, ONNX's broadcasting adds it. */
/* A product with as many equal numbers as there are in the result repeats and scales at once, and any reader knows it.
 */
static soma_status export_copy(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    float scale = tensor->attributes.copy.scale;
    if (!x->batched && tensor->batched)
        return soma_error(SOMA_UNSUPPORTED, "a constant repeated for each sample of the batch has no ONNX form here");
    if (soma_tensor_same_shape(x, tensor)) {
        put_scaled(exporter, name_of(exporter, tensor), name_of(exporter, x), scale);
        return SOMA_OK;
    }
    soma_onnx_name from = aligned(exporter, x, tensor), factors;
    SOMA_TRY(soma_onnx_equal_numbers(exporter, tensor->rank, tensor->shape, scale, &factors));
    PUT("Mul", name_of(exporter, tensor), from.text, factors.text);
    return SOMA_OK;
}

static soma_status export_reduce(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    static const char *const names[SOMA_REDUCTION_COUNT] = {[SOMA_REDUCE_SUM] = "ReduceSum",
                                                            [SOMA_REDUCE_MEAN] = "ReduceMean",
                                                            [SOMA_REDUCE_MAX] = "ReduceMax",
                                                            [SOMA_REDUCE_MIN] = "ReduceMin",
                                                            [SOMA_REDUCE_SUM_SQUARES] = "ReduceSum"};
    soma_reduction op = tensor->attributes.reduce.op;
    const char *x = name_of(exporter, tensor->input[0]);
    int64_t axis = tensor->attributes.reduce.axis;
    bool by_input = exporter->opset >= 18 || strcmp(names[op], "ReduceSum") == 0;
    soma_onnx_name square = soma_onnx_temporary(exporter), list = {""};
    if (op == SOMA_REDUCE_SUM_SQUARES) {
        PUT("Mul", square.text, x, x);
        x = square.text;
    }
    if (by_input) list = soma_onnx_list(exporter, &axis, 1);
    size_t node = soma_onnx_begin_node(exporter, names[op], name_of(exporter, tensor),
                                       (const char *[]){x, by_input ? list.text : NULL, NULL});
    if (!by_input) soma_onnx_put_attribute_integers(exporter, "axes", &axis, 1);
    soma_onnx_put_attribute_integer(exporter, "keepdims", 0);
    soma_onnx_end_node(exporter, node);
    return SOMA_OK;
}

static soma_status export_slice(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t start = (int64_t)tensor->attributes.slice.start, axis = tensor->attributes.slice.axis;
    int64_t end = start + (int64_t)tensor->attributes.slice.length;
    soma_onnx_name starts = soma_onnx_list(exporter, &start, 1), ends = soma_onnx_list(exporter, &end, 1);
    soma_onnx_name axes = soma_onnx_list(exporter, &axis, 1);
    const char *input[] = {name_of(exporter, tensor->input[0]), starts.text, ends.text, axes.text, NULL};
    soma_onnx_end_node(exporter, soma_onnx_begin_node(exporter, "Slice", name_of(exporter, tensor), input));
    return SOMA_OK;
}

/* A node of all inputs and one attribute. */
static soma_status export_with_axis(soma_onnx_exporter *exporter, const soma_tensor *tensor, const char *op,
                                    uint32_t axis) {
    const char *input[SOMA_MAX_INPUTS + 1] = {NULL};
    for (uint32_t i = 0; i < tensor->input_count; i++) input[i] = name_of(exporter, tensor->input[i]);
    size_t node = soma_onnx_begin_node(exporter, op, name_of(exporter, tensor), input);
    soma_onnx_put_attribute_integer(exporter, "axis", axis);
    soma_onnx_end_node(exporter, node);
    return SOMA_OK;
}

static soma_status export_transpose(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t order[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_full_rank(tensor);
    for (uint32_t i = 0; i < rank; i++) order[i] = tensor->attributes.transpose.axis[i];
    size_t node = soma_onnx_begin_node(exporter, "Transpose", name_of(exporter, tensor),
                                       (const char *[]){name_of(exporter, tensor->input[0]), NULL});
    soma_onnx_put_attribute_integers(exporter, "perm", order, rank);
    soma_onnx_end_node(exporter, node);
    return SOMA_OK;
}

soma_status soma_onnx_export_tensor(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t shape[SOMA_MAX_RANK + 1];
    soma_onnx_name number;
    switch (tensor->op) {
    case SOMA_OP_INPUT:
    case SOMA_OP_PARAMETER:
        return SOMA_OK; /* written before */
    case SOMA_OP_FILL:
        return export_fill(exporter, tensor);
    case SOMA_OP_COPY:
        return export_copy(exporter, tensor);
    case SOMA_OP_RESHAPE:
        put_reshaped(exporter, name_of(exporter, tensor), name_of(exporter, tensor->input[0]), shape,
                     dimensions(tensor, shape));
        return SOMA_OK;
    case SOMA_OP_GEMM:
        return export_gemm(exporter, tensor);
    case SOMA_OP_UNARY:
        return export_unary(exporter, tensor);
    case SOMA_OP_BINARY:
        return export_binary(exporter, tensor);
    case SOMA_OP_REDUCE:
        return export_reduce(exporter, tensor);
    case SOMA_OP_TRANSPOSE:
        return export_transpose(exporter, tensor);
    case SOMA_OP_CONCAT:
        return export_with_axis(exporter, tensor, "Concat", tensor->attributes.concat.axis);
    case SOMA_OP_SLICE:
        return export_slice(exporter, tensor);
    case SOMA_OP_SOFTMAX:
        return export_with_axis(exporter, tensor, tensor->attributes.softmax.log ? "LogSoftmax" : "Softmax",
                                tensor->attributes.softmax.axis);
    case SOMA_OP_DROPOUT:
        number = soma_onnx_number(exporter, tensor->attributes.dropout.rate);
        PUT("Dropout", name_of(exporter, tensor), name_of(exporter, tensor->input[0]), number.text);
        return SOMA_OK;
    default:
        return soma_error(SOMA_INTERNAL, "the op %s is no part of a network", soma_op_name(tensor->op));
    }
}
