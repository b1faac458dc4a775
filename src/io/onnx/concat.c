/* SPDX-License-Identifier: MIT */
/* Tensors joined along an axis. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* A value of an input's kind: a constant is repeated for every sample. */
static soma_status for_each_sample(soma_onnx_node *node, const soma_onnx_value *value, soma_tensor **x) {
    const soma_onnx_importer *importer = node->importer;
    soma_onnx_shape shape = value->shape;
    soma_tensor like;
    if (!importer->whole && (importer->batch == 0 || shape.dim[0] != importer->batch || shape.dim[0] != 1))
        return soma_onnx_mixes(node);
    shape.batched = true;
    SOMA_TRY(soma_onnx_canonical(importer, &shape, &like));
    soma_tensor unbatched = like;
    unbatched.batched = false;
    if (!soma_tensor_same_shape(*x, &unbatched)) SOMA_TRY(soma_graph_reshape((*x)->graph, *x, &unbatched, x));
    return soma_graph_copy((*x)->graph, *x, &like, 1, x);
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
        for (size_t j = 0; j < rows * part; j++)
            numbers[j / part * row + start + j % part] = soma_onnx_read(&reader, j);
        soma_onnx_reader_close(&reader);
        start += part;
    }
    return SOMA_OK;
}

static soma_status fold_concat(soma_onnx_node *node, const soma_onnx_shape *out, uint32_t axis) {
    int32_t type = soma_onnx_type_of(node->input[0]);
    double *numbers = NULL;
    size_t count = 1;
    for (uint32_t i = 0; i < out->rank; i++)
        if (!soma_multiply_size(count, out->dim[i], &count))
            return soma_error(SOMA_INVALID_SHAPE, "more elements than memory has bytes");
    for (uint32_t i = 1; i < node->input_count; i++)
        if (soma_onnx_type_of(node->input[i]) != type)
            return soma_error(SOMA_INVALID_FILE, "input %u is of another type than the first", i);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    SOMA_TRY(join(node, out, axis, numbers));
    return soma_onnx_give_numbers(node, type, out, false, numbers);
}

static soma_status import_concat(soma_onnx_node *node) {
    soma_tensor *part[SOMA_MAX_INPUTS], *y;
    soma_onnx_shape out = node->input[0]->shape;
    int64_t given;
    uint32_t axis, tensor_axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 1, &given));
    SOMA_TRY(soma_onnx_axis(given, out.rank, &axis));
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
    SOMA_TRY(soma_onnx_tensor_axis(node, &out, axis, &tensor_axis));
    for (uint32_t i = 0; i < node->input_count; i++) {
        SOMA_TRY(soma_onnx_tensor(node, node->input[i], &part[i]));
        if (out.batched && !part[i]->batched) SOMA_TRY(for_each_sample(node, node->input[i], &part[i]));
    }
    soma_tensor_spec spec = {.op = SOMA_OP_CONCAT, .input_count = node->input_count, .input = part};
    spec.attributes.concat.axis = tensor_axis;
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(Concat, 1, 1, SOMA_MAX_INPUTS, "axis", import_concat, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

soma_status soma_onnx_export_concat(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    soma_onnx_put_with_axis(exporter, "Concat", tensor, tensor->attributes.concat.axis);
    return SOMA_OK;
}
