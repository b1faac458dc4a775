/* SPDX-License-Identifier: MIT */
/* Shapes of values as numbers, and constants of a shape: both are known when the network is made. */
#include "base/size.h"
#include "io/onnx/family.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

/* As in a slice: from the end if negative, and never outside. */
static uint32_t bound(int64_t given, uint32_t rank) {
    if (given < 0) given += rank;
    return given < 0 ? 0 : (uint32_t)SOMA_MIN(given, (int64_t)rank);
}

/* The size of the batch is not known where the model does not fix it: NaN. */
static double dimension(const soma_onnx_node *node, uint32_t axis) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    bool open = soma_onnx_first(node->importer, x) && axis == x->batch && x->dim[axis] == 0;
    return open ? soma_onnx_times_batch(soma_onnx_beside_batch(x)) : (double)x->dim[axis];
}

static soma_status import_shape(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t start, end;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_get_integer(node, "start", 0, &start));
    SOMA_TRY(soma_onnx_get_integer(node, "end", x->rank, &end));
    uint32_t from = bound(start, x->rank), to = SOMA_MAX(bound(end, x->rank), from);
    SOMA_TRY(soma_onnx_make(node, to - from, &numbers));
    for (uint32_t i = from; i < to; i++) numbers[i - from] = dimension(node, i);
    return soma_onnx_give_numbers(node, INT64, &(soma_onnx_shape){.rank = 1, .dim = {to - from}}, false, numbers);
}

SOMA_ONNX_OP(Shape, 1, 1, 1, "start end", import_shape, 0, .place = SOMA_ONNX_ANYWHERE, .joins = true);

static soma_status import_size(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    double *number, size = 1;
    for (uint32_t i = 0; i < x->rank; i++) size *= dimension(node, i);
    if (isnan(size)) return soma_onnx_unknown_batch(node->output.name);
    SOMA_TRY(soma_onnx_make(node, 1, &number));
    *number = size;
    return soma_onnx_give_numbers(node, INT64, &(soma_onnx_shape){.rank = 0}, false, number);
}

SOMA_ONNX_OP(Size, 1, 1, 1, "", import_size, 0, .place = SOMA_ONNX_ANYWHERE);

/* One element for all; without the attribute a float of 0. */
static soma_status get_element(const soma_onnx_node *node, soma_onnx_elements *elements) {
    static const float zero = 0;
    const Soma__Onnx__AttributeProto *value = soma_onnx_attribute(node, "value");
    *elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .count = 1, .floats = &zero};
    if (!value) return SOMA_OK;
    if (!value->t) return soma_error(SOMA_INVALID_FILE, "attribute value must be a tensor");
    SOMA_TRY(soma_onnx_elements_of(value->t, elements));
    return elements->count == 1
               ? SOMA_OK
               : soma_error(SOMA_INVALID_FILE, "attribute value has %zu elements; it must have one", elements->count);
}

/* Takes no memory but where it becomes a tensor. */
static soma_status make_constant(soma_onnx_node *node, const int64_t *size, size_t rank) {
    soma_onnx_value *output = &node->output;
    soma_onnx_elements *elements = &output->elements;
    size_t count = 1;
    SOMA_TRY(get_element(node, elements));
    output->shape.rank = (uint32_t)rank;
    for (size_t i = 0; i < rank; i++) {
        if (size[i] < 0)
            return soma_error(SOMA_INVALID_FILE, "dimension %zu of the shape is %lld", i, (long long)size[i]);
        if (!soma_size_of(size[i], &output->shape.dim[i]) || !soma_multiply_size(count, output->shape.dim[i], &count))
            return soma_error(SOMA_INVALID_SHAPE, "more elements than memory has bytes");
    }
    output->constant = elements->equal = elements->made = true;
    output->integer = soma_onnx_is_integer(elements->type);
    elements->count = count;
    elements->rank = output->shape.rank;
    memcpy(elements->dim, output->shape.dim, sizeof elements->dim);
    return SOMA_OK;
}

/* For a batch of unknown size, which is dimension `batch`: the number, repeated. */
static soma_status make_for_batch(soma_onnx_node *node, int64_t *size, size_t rank, uint32_t batch) {
    soma_tensor *number, like;
    float value;
    size[batch] = 1;
    SOMA_TRY(make_constant(node, size, rank));
    soma_onnx_elements one = node->output.elements;
    soma_onnx_shape shape = node->output.shape, front;
    one.count = 1;
    if (node->output.integer || soma_onnx_count(&shape, 0, shape.rank) == 0)
        return soma_onnx_unknown_batch(node->output.name);
    SOMA_TRY(soma_onnx_read_floats(node->importer->file, &one, &value));
    node->output = (soma_onnx_value){.name = node->output.name};
    shape.batched = true;
    shape.batch = batch;
    front = shape;
    soma_onnx_move_batch(&front, 0);
    SOMA_TRY(soma_onnx_canonical(node->importer, &front, &like));
    SOMA_TRY(soma_onnx_fill(node, value, &number));
    SOMA_TRY(soma_graph_copy(number->graph, number, &like, 1, &number));
    shape.dim[batch] = node->importer->batch;
    return soma_onnx_give_samples(node, number, &shape);
}

static soma_status import_constant_of_shape(soma_onnx_node *node) {
    int64_t size[SOMA_ONNX_MAX_RANK];
    size_t rank;
    uint32_t open, batch = 0;
    SOMA_TRY(soma_onnx_sizes(node, 0, size, SOMA_ONNX_MAX_RANK, &rank, &open));
    if (!open) return make_constant(node, size, rank);
    while (!(open >> batch & 1)) batch++;
    return open == 1u << batch ? make_for_batch(node, size, rank, batch) : soma_onnx_mixes(node);
}

SOMA_ONNX_OP(ConstantOfShape, 9, 1, 1, "value", import_constant_of_shape, 0);
