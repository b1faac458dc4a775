/* SPDX-License-Identifier: MIT */
/*
 * DynamicQuantizeLSTM, which onnxruntime's quantize_dynamic writes for an LSTM (docs/ContribOperators.md of
 * onnxruntime): weights of 8 bits, [directions, rows, gates units], with a scale and a zero point of each direction, or
 * of each of its columns. They become the float32 that they stand for when the model is read, and it is an LSTM again.
 * Inputs and states are not quantised on the way, as onnxruntime has them to multiply bytes.
 */
#include "io/onnx/compose.h"
#include "io/onnx/quantize.h"
#include "io/onnx/recurrent.h"

/* Inputs behind those of LSTM; the zero point of either follows its scale. */
enum { W_SCALE = PEEPHOLES + 1, R_SCALE = W_SCALE + 2, ALL_INPUTS = R_SCALE + 2 };

static bool is_of_bytes(const soma_onnx_value *value) {
    const int32_t type = value->elements.type;
    return value->constant && value->integer &&
           (type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT8 || type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT8);
}

static soma_status check_weights(const soma_onnx_value *weights) {
    if (!is_of_bytes(weights))
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of int8 or uint8", weights->name);
    if (weights->shape.rank == 3 && weights->elements.count > 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions and %zu elements; it must have 3, and some",
                      weights->name, weights->shape.rank, weights->elements.count);
}

/* Scales or zero points: [directions] or [directions, columns]. */
static soma_status check_list(const soma_onnx_value *list, const soma_onnx_shape *weights) {
    const soma_onnx_shape *shape = &list->shape;
    const size_t directions = weights->dim[0], columns = weights->dim[2];
    if (shape->rank > 0 && shape->dim[0] == directions &&
        (shape->rank == 1 || (shape->rank == 2 && shape->dim[1] == columns)))
        return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions and %zu elements; expected are [%zu] or [%zu, %zu]",
                      list->name, shape->rank, list->elements.count, directions, directions, columns);
}

/* Both are bytes with a sign, or both are without. */
static soma_status check_same(const soma_onnx_value *a, const soma_onnx_value *b) {
    if (a->elements.type == b->elements.type) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s and %s are of different types, %s and %s", a->name, b->name,
                      soma_onnx_describe_type(a->elements.type).text, soma_onnx_describe_type(b->elements.type).text);
}

/* Bytes, scale and zero point. */
static soma_status check(const soma_onnx_file *file, const soma_onnx_value *const values[3]) {
    const soma_onnx_value *weights = values[0], *scale = values[1], *zero = values[2];
    SOMA_TRY(check_weights(weights));
    if (!scale->constant || scale->integer)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of numbers that are not whole", scale->name);
    if (!is_of_bytes(zero)) return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of int8 or uint8", zero->name);
    SOMA_TRY(check_same(weights, zero));
    SOMA_TRY(check_list(scale, &weights->shape));
    SOMA_TRY(check_list(zero, &weights->shape));
    return soma_onnx_check_scale(file, scale);
}

/* What there is for direction and column: of each direction, or of each column of it. */
static double of_column(const soma_onnx_reader *list, size_t directions, size_t column, size_t columns) {
    const bool each = list->elements->count != directions;
    return soma_onnx_read(list, each ? column : column / columns);
}

/* [directions, rows, columns] as [directions, columns, rows] */
static void dequantize(const soma_onnx_shape *shape, const soma_onnx_reader reader[3], double *to) {
    const size_t directions = shape->dim[0], rows = shape->dim[1], columns = shape->dim[2];
    for (size_t column = 0; column < directions * columns; column++) {
        const double scale = of_column(&reader[1], directions, column, columns);
        const double zero = of_column(&reader[2], directions, column, columns);
        const size_t first = column / columns * rows * columns + column % columns;
        for (size_t row = 0; row < rows; row++) {
            const double number = soma_onnx_read(&reader[0], first + row * columns) - zero;
            to[column * rows + row] = (double)((float)number * (float)scale);
        }
    }
}

/* Weights as LSTM has them, [directions, columns, rows], but for their numbers. */
static soma_onnx_value describe(const soma_onnx_value *bytes) {
    const size_t *dim = bytes->shape.dim;
    return (soma_onnx_value){
        .constant = true, .name = bytes->name, .shape = {.rank = 3, .dim = {dim[0], dim[2], dim[1]}}};
}

static soma_status make_numbers(soma_onnx_node *node, const soma_onnx_value *const values[3], soma_onnx_value *weight) {
    const size_t count = values[0]->elements.count;
    soma_onnx_reader reader[3];
    unsigned opened = 0;
    double *numbers = NULL;
    soma_status status = soma_onnx_make(node, count, &numbers);
    for (; opened < 3 && status == SOMA_OK; opened += status == SOMA_OK)
        status = soma_onnx_reader_open(node->importer->file, &values[opened]->elements, &reader[opened]);
    if (status == SOMA_OK) dequantize(&values[0]->shape, reader, numbers);
    while (opened > 0) soma_onnx_reader_close(&reader[--opened]);
    weight->elements = (soma_onnx_elements){
        .type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .count = count, .made = true, .doubles = numbers};
    return status;
}

/* The node as that of an LSTM, whose weights are made only once all else fits: eight times the bytes, and more. */
static soma_status import_as_lstm(soma_onnx_node *node, const soma_onnx_value *values[2][3]) {
    soma_onnx_value weight[] = {describe(values[0][0]), describe(values[1][0])};
    soma_onnx_recurrence layer;
    node->row = &soma_onnx_row_LSTM;
    node->input_count = W_SCALE;
    node->input[W] = &weight[0], node->input[R] = &weight[1];
    SOMA_TRY(soma_onnx_begin_recurrence(node, &layer));
    for (uint32_t i = 0; i < 2 && !node->kept[0]; i++) /* else the layers are there, of which this is another output */
        SOMA_TRY(make_numbers(node, values[i], &weight[i]));
    return node->row->rule(node);
}

static soma_status import_quantized(soma_onnx_node *node) {
    const soma_onnx_row *row = node->row;
    const uint32_t count = node->input_count;
    soma_onnx_value *given[] = {node->input[W], node->input[R]};
    const soma_onnx_value *values[2][3];
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t scale = i ? R_SCALE : W_SCALE;
        values[i][0] = given[i];
        values[i][1] = soma_onnx_optional(node, scale);
        values[i][2] = soma_onnx_optional(node, scale + 1);
        if (!values[i][1] || !values[i][2])
            return soma_error(SOMA_INVALID_FILE, "%s has no scale or no zero point", given[i]->name);
        SOMA_TRY(check(node->importer->file, values[i]));
    }
    SOMA_TRY(check_same(given[0], given[1]));
    soma_status status = import_as_lstm(node, values);
    node->input[W] = given[0], node->input[R] = given[1];
    node->input_count = count;
    node->row = row;
    return status;
}

SOMA_ONNX_SEVERAL(DynamicQuantizeLSTM, 1, 3, ALL_INPUTS,
                  "activation_alpha activation_beta activations clip direction hidden_size input_forget",
                  import_quantized, 0, .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT);
