/* SPDX-License-Identifier: MIT */
/* ScatterElements and ScatterND by numbers that the model computes: on the device, by PUT; and of what is all known. */
#include "io/onnx/compose.h"
#include "io/onnx/host.h"
#include "io/onnx/scatter.h"

#include "device/reference/reference.h" /* behind others, as it makes a word of `real` */

#include <string.h>

/* ---------------------------------------------------------------------------------------------------- on the device */

/* A constant of one number, of as many samples as the places are of. */
static soma_status fill_samples(soma_onnx_node *node, const soma_onnx_value *value, soma_tensor **tensor) {
    const soma_onnx_elements *elements = &value->elements;
    const bool equal = value->constant && !elements->open && (elements->equal || elements->count == 1);
    soma_onnx_reader reader;
    if (!equal || value->shape.rank == 0 || value->shape.dim[0] != node->input[1]->shape.dim[0])
        return soma_onnx_mixes(node);
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, elements, &reader));
    const float number = (float)soma_onnx_read(&reader, 0);
    soma_onnx_reader_close(&reader);
    return soma_onnx_fill(node, number, tensor);
}

/* An input as [rows, width] of each sample. */
static soma_status rows_of(soma_onnx_node *node, uint32_t input, size_t rows, size_t width, soma_tensor **tensor) {
    soma_onnx_value *value = node->input[input];
    soma_tensor like = {.batched = value->shape.batched, .rank = 2, .shape = {rows, width}};
    const uint32_t first = soma_onnx_first(node->importer, &node->input[1]->shape);
    if (!value->shape.batched && first)
        SOMA_TRY(fill_samples(node, value, tensor));
    else {
        SOMA_TRY(soma_onnx_tensor_of_any(node, value, tensor));
        SOMA_TRY(soma_graph_reshape((*tensor)->graph, *tensor, &like, tensor));
    }
    if (like.batched) return SOMA_OK;
    like.batched = true;
    return soma_graph_copy((*tensor)->graph, *tensor, &like, 1, tensor);
}

static soma_status index_of(soma_onnx_node *node, soma_onnx_value *place, size_t count, soma_tensor **index) {
    const soma_tensor like = {.batched = true, .rank = 1, .shape = {count}};
    soma_tensor *numbers;
    const soma_tensor_spec spec = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &numbers};
    SOMA_TRY(soma_onnx_tensor(node, place, &numbers));
    SOMA_TRY(soma_graph_reshape(numbers->graph, numbers, &like, &numbers));
    return soma_graph_add(soma_onnx_graph(node), &spec, index);
}

soma_status soma_onnx_put_computed(soma_onnx_node *node, soma_onnx_value *place, size_t rows, size_t width,
                                   soma_put_params params) {
    const soma_onnx_value *x = node->input[0];
    const size_t count =
        soma_onnx_count(&place->shape, soma_onnx_first(node->importer, &place->shape), place->shape.rank);
    soma_onnx_shape out = x->shape;
    soma_tensor *input[3], *y;
    const soma_tensor_spec spec = {.op = SOMA_OP_PUT, .input_count = 3, .input = input, .attributes = {.put = params}};
    if (rows == 0 || width == 0 || count == 0) return soma_error(SOMA_UNSUPPORTED, "there are no elements");
    if (rows > SOMA_ONNX_MOST_COUNTED)
        return soma_error(SOMA_UNSUPPORTED, "places among %zu; at most %zu are counted", rows, SOMA_ONNX_MOST_COUNTED);
    SOMA_TRY(rows_of(node, 0, rows, width, &input[0]));
    SOMA_TRY(rows_of(node, 2, count, width, &input[1]));
    SOMA_TRY(index_of(node, place, count, &input[2]));
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    out.batched = true;
    node->output.integer = x->integer;
    node->output.elements.type = x->elements.type;
    return soma_onnx_give(node, y, &out);
}

/* ------------------------------------------------------------------------------------------------------ on the host */

soma_status soma_onnx_put_known(soma_onnx_node *node, const soma_onnx_places *at, soma_put_params params) {
    const soma_onnx_value *x = node->input[0];
    const double *table, *values;
    double *y = NULL;
    size_t all, count;
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &table, &all));
    SOMA_TRY(soma_onnx_numbers_of(node, 2, &values, &count));
    if (count != at->count * at->slice)
        return soma_error(SOMA_INVALID_FILE, "the values are not as many as the places");
    SOMA_TRY(soma_onnx_make(node, all, &y));
    memcpy(y, table, all * sizeof *y);
    for (size_t i = 0; i < count; i++) {
        double *to = y + at->place[i / at->slice] + i % at->slice;
        *to = soma_reference_put_one(&params, *to, values[i]);
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of(x), &x->shape, false, y);
}
