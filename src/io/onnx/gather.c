/* SPDX-License-Identifier: MIT */
/* Gather: slices of an axis, by numbers that are constants; or rows of a table, by numbers that come from outside. */
#include "io/onnx/family.h"
#include "io/onnx/quantize.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* Where the result's elements come from: it is [outer, count of index, inner]. */
typedef struct gathering {
    const int64_t *index;
    size_t count, size, inner; /* of the indices, of the axis, of a slice */
} gathering;

static size_t source(const void *context, size_t i) {
    const gathering *from = context;
    size_t inside = i % from->inner, slice = i / from->inner % from->count, outer = i / from->inner / from->count;
    return (outer * from->size + (size_t)from->index[slice]) * from->inner + inside;
}

/* The axis gives way to the dimensions of the indices. */
static soma_status result_shape(const soma_onnx_shape *x, uint32_t axis, const soma_onnx_shape *index,
                                soma_onnx_shape *out) {
    *out = (soma_onnx_shape){.batched = x->batched};
    if (x->rank - 1 + index->rank > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    for (uint32_t i = 0; i < axis; i++) out->dim[out->rank++] = x->dim[i];
    for (uint32_t i = 0; i < index->rank; i++) out->dim[out->rank++] = index->dim[i];
    for (uint32_t i = axis + 1; i < x->rank; i++) out->dim[out->rank++] = x->dim[i];
    size_t count = 1;
    for (uint32_t i = 0; i < out->rank; i++)
        if (!soma_multiply_size(count, out->dim[i], &count))
            return soma_error(SOMA_INVALID_SHAPE, "more elements than memory has bytes");
    return SOMA_OK;
}

static soma_status read_indices(soma_onnx_node *node, size_t size, int64_t *index) {
    const soma_onnx_elements *elements = &node->input[1]->elements;
    SOMA_TRY(soma_onnx_read_integers(node->importer->file, elements, index));
    for (size_t i = 0; i < elements->count; i++) {
        if (index[i] < -(int64_t)size || index[i] >= (int64_t)size)
            return soma_error(SOMA_INVALID_FILE, "index %zu is %" PRId64 " in an axis of %zu", i, index[i], size);
        if (index[i] < 0) index[i] += (int64_t)size;
    }
    return SOMA_OK;
}

static size_t index_of(const void *context, size_t i) {
    return (size_t)((const gathering *)context)->index[i];
}

/* Slices of a tensor: the axis, then reshaped to the dimensions of the indices. */
static soma_status take_slices(soma_onnx_node *node, uint32_t axis, const gathering *from, const soma_onnx_shape *out) {
    soma_tensor *x, *y;
    soma_onnx_shape shape = node->input[0]->shape;
    uint32_t order[SOMA_ONNX_MAX_RANK], at;
    if (!soma_onnx_is_exact(node->importer, &shape)) {
        SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
        SOMA_TRY(soma_onnx_around(node, x, &shape, axis, axis + 1, &x, &at));
        SOMA_TRY(soma_graph_pick(x, at - (x->batched ? 1 : 0), from->count, index_of, from, &y));
        return soma_onnx_give(node, y, out);
    }
    SOMA_TRY(soma_onnx_as_arranged(node, node->input[0], order, &x));
    SOMA_TRY(soma_onnx_arranged_axis(node, &shape, order, axis, &at));
    SOMA_TRY(soma_graph_pick(x, at - (x->batched ? 1 : 0), from->count, index_of, from, &y));
    shape.dim[axis] = from->count;
    SOMA_TRY(soma_onnx_give_arranged(node, y, &shape, order));
    return soma_onnx_give_like(node, y, &(soma_onnx_value){.shape = *out, .layout = node->output.layout});
}

static soma_status gather(soma_onnx_node *node, uint32_t axis, int64_t *index) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    size_t count = node->input[1]->elements.count;
    soma_onnx_shape out;
    SOMA_TRY(result_shape(x, axis, &node->input[1]->shape, &out));
    if (axis < soma_onnx_first(node->importer, x)) return soma_onnx_mixes(node);
    SOMA_TRY(read_indices(node, x->dim[axis], index));
    const gathering from = {index, count, x->dim[axis], soma_onnx_count(x, axis + 1, x->rank)};
    if (soma_onnx_is_known(node->input[0])) return soma_onnx_fold_selection(node, &out, source, &from);
    if (count == 0) return soma_error(SOMA_UNSUPPORTED, "no slice is gathered: there would be no elements");
    return take_slices(node, axis, &from, &out);
}

/* A number below 0 counts from the end. What comes from outside is looked at where it comes in, and is none. */
static soma_status count_from_end(soma_onnx_node *node, size_t rows, soma_tensor **x) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *zero, *below;
    const soma_tensor *from = *x;
    while (from->op == SOMA_OP_RESHAPE) from = from->input[0];
    if (from->op == SOMA_OP_INPUT) return SOMA_OK;
    SOMA_TRY(soma_onnx_fill(node, 0, &zero));
    SOMA_TRY(soma_graph_binary(graph, zero, *x, SOMA_BINARY_GREATER, &below));
    SOMA_TRY(soma_onnx_function(node, below, SOMA_LINEAR, (float)rows, 0, &below));
    return soma_graph_binary(graph, *x, below, SOMA_BINARY_ADD, x);
}

/* Weights of 8 or 16 bits, each of which is a float32; what they stand for comes behind. */
static bool is_quantised(const soma_onnx_value *table) {
    switch (table->elements.type) {
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT16:
        return table->constant;
    default:
        return false;
    }
}

/* The table as a tensor. That of a quantised one stays with it, so that it is made once, however many ops name it. */
static soma_status make_table(soma_onnx_node *node, soma_onnx_value *table, bool quantised, soma_tensor **rows) {
    if (!quantised) {
        soma_onnx_weight(table);
        return soma_onnx_tensor(node, table, rows);
    }
    if (!table->tensor) {
        soma_onnx_value floats = soma_onnx_as_floats(table);
        SOMA_TRY(soma_onnx_tensor(node, &floats, rows));
        table->tensor = *rows;
    }
    return soma_onnx_tensor_of_any(node, table, rows);
}

/* An embedding: of a matrix the rows that whole numbers of each sample name. */
static soma_status look_up(soma_onnx_node *node, uint32_t axis) {
    soma_onnx_value *table = node->input[0], *numbers = node->input[1];
    const int32_t type = table->elements.type;
    const bool quantised = table->integer;
    soma_onnx_shape out;
    soma_tensor *rows, *x, *index, *y;
    if (axis != 0 || table->shape.rank != 2 || table->shape.batched || (quantised && !is_quantised(table)))
        return soma_error(SOMA_UNSUPPORTED,
                          "by numbers that are no constants, rows of a matrix of the file are taken; %s has %u "
                          "dimensions, and slices of axis %u are asked for",
                          table->name, table->shape.rank, axis);
    SOMA_TRY(result_shape(&table->shape, axis, &numbers->shape, &out));
    out.batched = numbers->shape.batched;
    SOMA_TRY(make_table(node, table, quantised, &rows));
    SOMA_TRY(soma_onnx_tensor_of_any(node, numbers, &x));
    SOMA_TRY(count_from_end(node, table->shape.dim[0], &x));
    soma_tensor_spec whole = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &x};
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &whole, &index));
    soma_tensor_spec spec = {.op = SOMA_OP_GATHER, .input_count = 2, .input = (soma_tensor *[]){rows, index}};
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    node->output.integer = quantised;
    if (quantised) node->output.elements.type = type;
    return soma_onnx_give(node, y, &out);
}

static soma_status import_gather(soma_onnx_node *node) {
    const soma_onnx_value *indices = node->input[1];
    int64_t given;
    uint32_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    SOMA_TRY(soma_onnx_axis(node, given, node->input[0]->shape.rank, &axis));
    if (!indices->constant && indices->integer) return look_up(node, axis);
    if (axis && axis <= node->batch) node->batch += indices->shape.rank - 1;
    if (!indices->constant || !indices->integer)
        return soma_error(SOMA_UNSUPPORTED, "%s must be whole numbers, and a constant of the file", indices->name);
    SOMA_TRY(soma_onnx_take_made(node->importer, indices->elements.count, sizeof(int64_t), indices->name));
    int64_t *index = soma_calloc(SOMA_MAX(indices->elements.count, (size_t)1), sizeof *index);
    if (!index) return soma_out_of_memory(indices->elements.count * sizeof *index, indices->name);
    soma_status status = gather(node, axis, index);
    soma_free(index);
    return status;
}

SOMA_ONNX_CARRIER(Gather, 1, 2, 2, "axis", import_gather, 0, .place = SOMA_ONNX_MOVED);

/* ---------------------------------------------------------------------------------------------------------- export */

/* Numbers of rows come as int64, as other frameworks have it, where an input is nothing else. */
soma_status soma_onnx_export_index(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    if (x->op == SOMA_OP_INPUT && soma_onnx_names_rows(x)) {
        memcpy(exporter->name[tensor->id], soma_onnx_name_of(exporter, x), sizeof exporter->name[tensor->id]);
        return SOMA_OK;
    }
    const char *input[] = {soma_onnx_name_of(exporter, x), NULL};
    size_t opened = soma_onnx_begin_node(exporter, "Cast", soma_onnx_name_of(exporter, tensor), input);
    soma_onnx_put_attribute_integer(exporter, "to", ONNX_INT64);
    soma_onnx_end_node(exporter, opened);
    return SOMA_OK;
}

soma_status soma_onnx_export_gather(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    if (tensor->input[0]->batched)
        return soma_error(SOMA_UNSUPPORTED, "rows of a table that each sample has for itself, by numbers that are "
                                            "computed, have no ONNX form that is known");
    PUT("Gather", soma_onnx_name_of(exporter, tensor), soma_onnx_name_of(exporter, tensor->input[0]),
        soma_onnx_name_of(exporter, tensor->input[1]));
    return SOMA_OK;
}
