/* SPDX-License-Identifier: MIT */
/*
 * Quantised models: whole numbers of 8 or 16 bits, with a scale and a zero point. They are floats here, which is exact
 * as long as no sum goes beyond 2^24, up to which float32 has all whole numbers. That no sum of products does is made
 * sure of by the weights, which are constants: each is cut into digits, as many as it takes, and the products of all
 * digits are put together. What is put together may itself be beyond 2^24, and so may the bias of a QLinearConv, which
 * is added to that: such a bias and such a sum are rounded to the nearest float32.
 */
#include "io/onnx/quantize.h"
#include "base/floats.h"
#include "io/onnx/family.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define TYPE(name) SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* ------------------------------------------------------------------------------------------------------- numbers */

/* What the type of a quantised value holds. */
static soma_status get_range(int32_t type, float *least, float *most) {
    static const struct {
        int32_t type;
        float least, most;
    } ranges[] = {
        {TYPE(UINT8), 0, 255}, {TYPE(INT8), -128, 127}, {TYPE(UINT16), 0, 65535}, {TYPE(INT16), -32768, 32767}};
    for (size_t i = 0; i < SOMA_COUNT_OF(ranges); i++)
        if (ranges[i].type == type) return *least = ranges[i].least, *most = ranges[i].most, SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "quantised to %s; uint8, int8, uint16 and int16 are known",
                      soma_onnx_describe_type(type).text);
}

soma_onnx_value soma_onnx_as_floats(const soma_onnx_value *value) {
    soma_onnx_value floats = *value;
    floats.integer = floats.trained = false;
    if (value->constant) floats.tensor = floats.plain = NULL; /* which may be a parameter */
    return floats;
}

static soma_onnx_value *input(const soma_onnx_node *node, uint32_t number) {
    return number < node->input_count ? node->input[number] : NULL;
}

/* One number, or a list along an axis of a value with so many dimensions: as it is broadcast to that. */
static soma_status along(const soma_onnx_node *node, const soma_onnx_value *list, uint32_t rank, uint32_t axis,
                         size_t size, soma_onnx_shape *shape) {
    *shape = list->shape;
    if (soma_onnx_count(shape, 0, shape->rank) == 1 && !soma_onnx_first(node->importer, shape))
        return shape->rank = 0, SOMA_OK;
    if (list->shape.batched || shape->rank != 1 || axis >= rank || shape->dim[0] != size)
        return soma_error(SOMA_UNSUPPORTED,
                          "%s is neither one number nor a list of as many as there are along the axis", list->name);
    shape->rank = rank - axis;
    for (uint32_t i = 1; i < shape->rank; i++) shape->dim[i] = 1;
    return SOMA_OK;
}

soma_status soma_onnx_apply_along(soma_onnx_node *node, soma_onnx_value *x, const soma_onnx_value *list, uint32_t axis,
                                  soma_binary op) {
    soma_onnx_value other = soma_onnx_as_floats(list), y;
    soma_onnx_shape shape;
    SOMA_TRY(along(node, list, x->shape.rank, axis, axis < x->shape.rank ? x->shape.dim[axis] : 0, &shape));
    SOMA_TRY(soma_onnx_combine(node, x, &x->shape, &other, &shape, op, &y));
    y.name = x->name;
    *x = y;
    return SOMA_OK;
}

static soma_status apply_number(soma_onnx_node *node, soma_tensor *x, float number, soma_binary op, soma_tensor **y) {
    soma_tensor *fill;
    SOMA_TRY(soma_onnx_fill(node, number, &fill));
    return soma_graph_binary(x->graph, x, fill, op, y);
}

/* Whether nothing is to be taken away: there is no zero point, or it is a constant of zeros. */
static soma_status is_zero(soma_onnx_node *node, const soma_onnx_value *zero, bool *none) {
    soma_onnx_reader reader;
    *none = !zero;
    if (!zero || !zero->constant) return SOMA_OK;
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &zero->elements, &reader));
    *none = true;
    for (size_t i = 0; i < zero->elements.count; i++) *none &= soma_onnx_read(&reader, i) == 0;
    soma_onnx_reader_close(&reader);
    return SOMA_OK;
}

static soma_status subtract_zeros(soma_onnx_node *node, soma_onnx_value *x, const soma_onnx_value *zero,
                                  uint32_t axis) {
    bool none;
    SOMA_TRY(is_zero(node, zero, &none));
    return none ? SOMA_OK : soma_onnx_apply_along(node, x, zero, axis, SOMA_BINARY_SUBTRACT);
}

soma_status soma_onnx_subtract_zero(soma_onnx_node *node, soma_onnx_value *x, const soma_onnx_value *zero) {
    return subtract_zeros(node, x, zero, 0);
}

soma_status soma_onnx_give_quantised(soma_onnx_node *node, soma_onnx_value *x, const soma_onnx_value *zero,
                                     uint32_t axis, int32_t type) {
    float least = 0, most = 0;
    bool none;
    SOMA_TRY(get_range(type, &least, &most));
    SOMA_TRY(soma_onnx_function(node, x->tensor, SOMA_ROUND, 0, 0, &x->tensor));
    x->plain = NULL;
    SOMA_TRY(is_zero(node, zero, &none));
    if (!none) SOMA_TRY(soma_onnx_apply_along(node, x, zero, axis, SOMA_BINARY_ADD));
    SOMA_TRY(apply_number(node, x->tensor, least, SOMA_BINARY_MAXIMUM, &x->tensor));
    SOMA_TRY(apply_number(node, x->tensor, most, SOMA_BINARY_MINIMUM, &x->tensor));
    node->output.integer = true;
    node->output.elements.type = type;
    return soma_onnx_give_like(node, x->tensor, x);
}

/* --------------------------------------------------------------------------------- QuantizeLinear, DequantizeLinear */

static soma_status get_axis(const soma_onnx_node *node, uint32_t *axis) {
    int64_t given, block;
    SOMA_TRY(soma_onnx_get_integer(node, "block_size", 0, &block));
    if (block) return soma_error(SOMA_UNSUPPORTED, "scales of blocks; one for all, or one along an axis are known");
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 1, &given));
    const soma_onnx_value *scale = input(node, 1);
    *axis = 0;
    if (soma_onnx_count(&scale->shape, 0, scale->shape.rank) == 1) return SOMA_OK;
    return soma_onnx_axis(node, given, node->input[0]->shape.rank, axis);
}

static soma_status import_quantize(soma_onnx_node *node) {
    soma_onnx_value x = soma_onnx_as_floats(node->input[0]);
    const soma_onnx_value *zero = input(node, 2);
    uint32_t axis;
    int64_t type;
    SOMA_TRY(soma_onnx_get_integer(node, "output_dtype", zero ? zero->elements.type : TYPE(UINT8), &type));
    SOMA_TRY(get_axis(node, &axis));
    SOMA_TRY(soma_onnx_apply_along(node, &x, node->input[1], axis, SOMA_BINARY_DIVIDE));
    return soma_onnx_give_quantised(node, &x, zero, axis, type > 0 && type < 100 ? (int32_t)type : 0);
}

SOMA_ONNX_OP(QuantizeLinear, 10, 2, 3, "axis saturate block_size output_dtype precision", import_quantize, 0);

soma_status soma_onnx_check_scale(const soma_onnx_file *file, const soma_onnx_value *scale) {
    const soma_onnx_elements *elements = &scale->elements;
    const size_t count = elements->equal ? SOMA_MIN(elements->count, (size_t)1) : elements->count;
    soma_onnx_reader reader;
    soma_status status = SOMA_OK;
    SOMA_TRY(soma_onnx_reader_open(file, elements, &reader));
    for (size_t i = 0; i < count && status == SOMA_OK; i++) {
        const double number = soma_onnx_read(&reader, i);
        if (!isfinite(number) || soma_is_beyond_float(number))
            status = soma_error(SOMA_INVALID_FILE, "%s, element %zu, is %.9g; a scale must be finite, and %s",
                                scale->name, i, number, SOMA_BEYOND_FLOAT);
    }
    soma_onnx_reader_close(&reader);
    return status;
}

static double of_list(const soma_onnx_reader *reader, size_t i, size_t inner) {
    const size_t count = reader->elements->count;
    return count == 1 ? soma_onnx_read(reader, 0) : soma_onnx_read(reader, i / inner % count);
}

/* Weights: the numbers that they stand for. */
static soma_status dequantize_constant(soma_onnx_node *node, uint32_t axis, const soma_onnx_value *zero) {
    const soma_onnx_value *x = node->input[0], *scale = node->input[1];
    const soma_onnx_file *file = node->importer->file;
    const size_t count = x->elements.count,
                 inner = axis < x->shape.rank ? soma_onnx_count(&x->shape, axis + 1, x->shape.rank) : 1;
    soma_onnx_reader reader[3];
    unsigned opened = 0;
    double *numbers = NULL;
    const soma_onnx_value *values[] = {x, scale, zero};
    SOMA_TRY(soma_onnx_check_scale(file, scale));
    soma_status status = soma_onnx_make(node, count, &numbers);
    for (; opened < (zero ? 3u : 2u) && status == SOMA_OK; opened += status == SOMA_OK)
        status = soma_onnx_reader_open(file, &values[opened]->elements, &reader[opened]);
    for (size_t i = 0; i < count && status == SOMA_OK; i++) {
        const double from = zero ? of_list(&reader[2], i, inner) : 0;
        numbers[i] = (double)((float)(soma_onnx_read(&reader[0], i) - from) * (float)of_list(&reader[1], i, inner));
    }
    while (opened > 0) soma_onnx_reader_close(&reader[--opened]);
    SOMA_TRY(status);
    return soma_onnx_give_numbers(node, TYPE(FLOAT), &x->shape, false, numbers);
}

static soma_status import_dequantize(soma_onnx_node *node) {
    const soma_onnx_value *zero = input(node, 2), *scale = node->input[1];
    soma_onnx_value x = soma_onnx_as_floats(node->input[0]);
    soma_onnx_shape shape;
    uint32_t axis;
    SOMA_TRY(get_axis(node, &axis));
    const size_t size = axis < x.shape.rank ? x.shape.dim[axis] : 0;
    SOMA_TRY(along(node, scale, x.shape.rank, axis, size, &shape));
    if (zero) SOMA_TRY(along(node, zero, x.shape.rank, axis, size, &shape));
    if (x.constant && scale->constant && (!zero || zero->constant) && !x.elements.open)
        return dequantize_constant(node, axis, zero);
    SOMA_TRY(subtract_zeros(node, &x, zero, axis));
    SOMA_TRY(soma_onnx_apply_along(node, &x, scale, axis, SOMA_BINARY_MULTIPLY));
    return soma_onnx_give_like(node, x.tensor, &x);
}

SOMA_ONNX_OP(DequantizeLinear, 10, 2, 3, "axis block_size output_dtype", import_dequantize, 0);

/* -------------------------------------------------------------------------------------------- DynamicQuantizeLinear */

/* The extreme of all elements and 0. */
static soma_status extreme(soma_onnx_node *node, soma_tensor *x, soma_reduction op, soma_binary with, soma_tensor **y) {
    const soma_tensor one = {.batched = x->batched, .rank = 1, .shape = {1}};
    SOMA_TRY(soma_graph_reduce_axes(x->graph, x, op, x->batched ? 1 : 0, x->rank, y));
    SOMA_TRY(soma_graph_reshape(x->graph, *y, &one, y));
    return apply_number(node, *y, 0, with, y);
}

/* Scale and zero point of all elements together, 0 among them. */
static soma_status find_scale(soma_onnx_node *node, soma_tensor *x, soma_tensor **scale, soma_tensor **zero) {
    soma_tensor *least, *most, *none;
    SOMA_TRY(extreme(node, x, SOMA_REDUCE_MIN, SOMA_BINARY_MINIMUM, &least));
    SOMA_TRY(extreme(node, x, SOMA_REDUCE_MAX, SOMA_BINARY_MAXIMUM, &most));
    SOMA_TRY(soma_graph_binary(x->graph, most, least, SOMA_BINARY_SUBTRACT, scale));
    SOMA_TRY(apply_number(node, *scale, 255, SOMA_BINARY_DIVIDE, scale));
    SOMA_TRY(apply_number(node, *scale, 0, SOMA_BINARY_EQUAL, &none)); /* of zeros alone it is 1 */
    SOMA_TRY(soma_graph_binary(x->graph, *scale, none, SOMA_BINARY_ADD, scale));
    SOMA_TRY(soma_graph_binary(x->graph, least, *scale, SOMA_BINARY_DIVIDE, zero));
    SOMA_TRY(soma_onnx_function(node, *zero, SOMA_LINEAR, -1, 0, zero));
    SOMA_TRY(apply_number(node, *zero, 255, SOMA_BINARY_MINIMUM, zero));
    return soma_onnx_function(node, *zero, SOMA_ROUND, 0, 0, zero);
}

static soma_status give_number(soma_onnx_node *node, soma_tensor *number, bool whole) {
    const soma_onnx_shape single = {.batched = true};
    soma_tensor *y;
    node->output.integer = whole;
    node->output.elements.type = whole ? TYPE(UINT8) : TYPE(FLOAT);
    SOMA_TRY(soma_onnx_function(node, number, SOMA_IDENTITY, 0, 0, &y));
    return soma_onnx_give(node, y, &single);
}

static soma_status import_dynamic(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0];
    soma_tensor *y = NULL;
    if (soma_onnx_first(node->importer, &x->shape))
        return soma_error(SOMA_UNSUPPORTED, "its scale is that of all samples together: give the shapes of the inputs, "
                                            "the batch included (--input, soma_onnx_options.inputs)");
    SOMA_TRY(soma_onnx_tensor(node, x, &y));
    if (!node->kept[0]) SOMA_TRY(find_scale(node, y, &node->kept[0], &node->kept[1]));
    if (node->number > 0) return give_number(node, node->kept[node->number - 1], node->number == 2);
    SOMA_TRY(soma_graph_binary(y->graph, y, node->kept[0], SOMA_BINARY_DIVIDE, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_ROUND, 0, 0, &y));
    SOMA_TRY(soma_graph_binary(y->graph, y, node->kept[1], SOMA_BINARY_ADD, &y));
    SOMA_TRY(apply_number(node, y, 0, SOMA_BINARY_MAXIMUM, &y));
    SOMA_TRY(apply_number(node, y, 255, SOMA_BINARY_MINIMUM, &y));
    node->output.integer = true;
    node->output.elements.type = TYPE(UINT8);
    return soma_onnx_give(node, y, &x->shape);
}

SOMA_ONNX_SEVERAL(DynamicQuantizeLinear, 11, 1, 1, "", import_dynamic, 0);
