/* SPDX-License-Identifier: MIT */
/* Tensors joined along an axis. */
#include "io/onnx/family.h"
#include "io/onnx/inside.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* One of the inputs with its dimensions in this order; a constant is repeated for every sample. */
static soma_status part(soma_onnx_node *node, soma_onnx_value *value, bool batched, const uint32_t *order,
                        soma_tensor **x) {
    const soma_onnx_importer *importer = node->importer;
    soma_onnx_shape shape = value->shape;
    if (batched && !shape.batched && !importer->whole) {
        if (importer->batch != 1 || shape.dim[0] != 1) return soma_onnx_mixes(node);
        shape.rank--;
        memmove(shape.dim, shape.dim + 1, shape.rank * sizeof *shape.dim);
    }
    SOMA_TRY(soma_onnx_arranged(node, value, &shape, order, x));
    if (!batched || (*x)->batched) return SOMA_OK;
    soma_tensor like = **x;
    like.batched = true;
    return soma_graph_copy((*x)->graph, *x, &like, 1, x);
}

/* As the first lies that does not lie in ONNX's order, if that is one of its dimensions. */
static void choose_order(const soma_onnx_node *node, uint32_t *order) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i]->layout.rank && soma_onnx_order(node, node->input[i], &node->input[i]->shape, order)) return;
    for (uint32_t i = 0; i < SOMA_ONNX_MAX_RANK; i++) order[i] = i;
}

/* Number i of the result, for the inputs one after the other: which and where. */
static soma_status join(soma_onnx_node *node, const soma_onnx_shape *out, uint32_t axis, double *numbers) {
    size_t after = soma_onnx_count(out, axis + 1, out->rank), row = out->dim[axis] * after;
    size_t rows = soma_onnx_count(out, 0, axis), start = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *x = node->input[i];
        size_t part = x->shape.dim[axis] * after;
        soma_onnx_reader reader;
        SOMA_TRY(soma_onnx_reader_open(node->importer->file, &x->elements, &reader));
        for (size_t j = 0; part > 0 && j < rows; j++)
            soma_onnx_read_range(&reader, j * part, part, numbers + j * row + start);
        soma_onnx_reader_close(&reader);
        start += part;
    }
    return SOMA_OK;
}

/* Whole numbers of both widths are held alike, so that a cast from one to the other leaves them what they were. */
static bool alike(int32_t a, int32_t b) {
    enum { INT32 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT32, INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };
    return a == b || ((a == INT32 || a == INT64) && (b == INT32 || b == INT64));
}

static soma_status fold_concat(soma_onnx_node *node, const soma_onnx_shape *out, uint32_t axis) {
    int32_t type = soma_onnx_type_of(node->input[0]);
    double *numbers = NULL;
    size_t count = 1;
    for (uint32_t i = 0; i < out->rank; i++)
        if (!soma_multiply_size(count, out->dim[i], &count))
            return soma_error(SOMA_INVALID_SHAPE, "more elements than memory has bytes");
    for (uint32_t i = 1; i < node->input_count; i++)
        if (!alike(soma_onnx_type_of(node->input[i]), type))
            return soma_error(SOMA_INVALID_FILE, "input %u is of another type than the first", i);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    SOMA_TRY(join(node, out, axis, numbers));
    return soma_onnx_give_numbers(node, type, out, false, numbers);
}

/* Of more dimensions than a tensor has: what is before the axis is one, and what is behind it. */
static soma_status concat_merged(soma_onnx_node *node, const soma_onnx_shape *out, uint32_t axis) {
    soma_tensor *parts[SOMA_MAX_INPUTS], *y;
    uint32_t count = 0, tensor_axis = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        soma_onnx_value *value = node->input[i];
        if (value->shape.dim[axis] == 0 && value->constant) continue;
        SOMA_TRY(soma_onnx_tensor_of_any(node, value, &y));
        if (y->batched != out->batched)
            return soma_error(
                SOMA_UNSUPPORTED,
                "%u dimensions, of which %s has no batch; in so many all inputs must depend on the model's", out->rank,
                value->name);
        SOMA_TRY(soma_onnx_around(node, y, &value->shape, axis, axis + 1, &parts[count++], &tensor_axis));
    }
    SOMA_TRY(soma_graph_join(parts, count, tensor_axis, &y));
    return soma_onnx_give(node, y, out);
}

static soma_status import_concat(soma_onnx_node *node) {
    soma_tensor *parts[SOMA_MAX_INPUTS], *y;
    soma_onnx_shape out = node->input[0]->shape;
    int64_t given;
    uint32_t axis, tensor_axis, order[SOMA_ONNX_MAX_RANK];
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 1, &given));
    SOMA_TRY(soma_onnx_axis(node, given, out.rank, &axis));
    for (uint32_t i = 1; i < node->input_count; i++) {
        const soma_onnx_shape *x = &node->input[i]->shape;
        bool fits = x->rank == out.rank;
        for (uint32_t j = 0; fits && j < x->rank; j++) fits = j == axis || x->dim[j] == out.dim[j];
        if (!fits)
            return soma_error(SOMA_INVALID_SHAPE, "input %u differs from the first in more than dimension %u", i, axis);
        out.batched |= x->batched;
        if (!soma_add_size(out.dim[axis], x->dim[axis], &out.dim[axis]))
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is larger than memory", axis);
    }
    if (soma_onnx_can_fold(node)) return fold_concat(node, &out, axis);
    if (!soma_onnx_is_exact(node->importer, &out)) return concat_merged(node, &out, axis);
    choose_order(node, order);
    SOMA_TRY(soma_onnx_arranged_axis(node, &out, order, axis, &tensor_axis));
    uint32_t count = 0; /* of those that have elements: what an exporter pads with may come to nothing */
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i]->shape.dim[axis] > 0 || !node->input[i]->constant)
            SOMA_TRY(part(node, node->input[i], out.batched, order, &parts[count++]));
    soma_tensor_spec spec = {.op = SOMA_OP_CONCAT, .input_count = count, .input = parts};
    spec.attributes.concat.axis = tensor_axis;
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return soma_onnx_give_arranged(node, y, &out, order);
}

SOMA_ONNX_CARRIER(Concat, 1, 1, SOMA_MAX_INPUTS, "axis", import_concat, 0, .place = SOMA_ONNX_BROADCAST,
                  .whole = SOMA_MAX_INPUTS);

soma_status soma_onnx_add_long_concat(soma_onnx_node *node, bool *done) {
    const Soma__Onnx__NodeProto *proto = node->proto;
    int64_t axis;
    void *names;
    *done = node->row == &soma_onnx_row_Concat && proto->n_input > SOMA_MAX_INPUTS;
    if (!*done) return SOMA_OK;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 1, &axis));
    SOMA_TRY(soma_onnx_keep(node->importer, proto->n_input * sizeof(char *), proto->output[0], &names));
    memcpy(names, proto->input, proto->n_input * sizeof(char *));
    return soma_onnx_join(node->importer, names, proto->n_input, axis, proto->output[0]);
}

/* ---------------------------------------------------------------------------------------------------------- export */

soma_status soma_onnx_export_concat(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    soma_onnx_put_with_axis(exporter, "Concat", tensor, tensor->attributes.concat.axis);
    return SOMA_OK;
}
