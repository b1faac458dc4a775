/* SPDX-License-Identifier: MIT */
/* Places that the model computes, and GatherElements by them: the elements of each sample are a table of as many rows.
 */
#include "io/onnx/compose.h"

/* [1, .., size, .., 1]: 0, 1, ... times a stride, along one of so many axes. */
static soma_status make_steps(soma_onnx_node *node, uint32_t rank, uint32_t axis, size_t size, size_t stride,
                              soma_onnx_value *steps) {
    size_t shape[SOMA_ONNX_MAX_RANK];
    double *numbers = NULL;
    for (uint32_t i = 0; i < rank; i++) shape[i] = i == axis ? size : 1;
    SOMA_TRY(soma_onnx_make_table(node, size, 1, &numbers));
    for (size_t i = 0; i < size; i++) numbers[i] = (double)(i * stride);
    return soma_onnx_compose_numbers(node, ".steps", rank, shape, numbers, steps);
}

/* Whole numbers as floats, those below 0 counted from the end. */
static soma_status count_from_start(soma_onnx_node *node, soma_onnx_value *index, size_t size, soma_onnx_value *out) {
    soma_onnx_value zero, below;
    soma_onnx_made to;
    soma_onnx_begin_made(&to);
    soma_onnx_made_integer(&to, "to", SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &to, out, index));
    SOMA_TRY(soma_onnx_compose_number(node, 0, &zero));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Less, NULL, &below, out, &zero));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &to, &below, &below));
    SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Mul, &below, (double)size, &below));
    return SOMA_ONNX_COMPOSE(node, Add, NULL, out, out, &below);
}

/* Whole numbers along an axis of this size, as floats; those that are none of it are SOMA_ONNX_NO_ROW. */
static soma_status place_in(soma_onnx_node *node, soma_onnx_value *index, size_t size, soma_onnx_value *place) {
    SOMA_TRY(count_from_start(node, index, size, place));
    return soma_onnx_keep_inside(node, place, size, place);
}

soma_status soma_onnx_places_computed(soma_onnx_node *node, uint32_t axis, soma_onnx_value *place) {
    const soma_onnx_shape x = node->input[0]->shape, index = node->input[1]->shape;
    const uint32_t first = soma_onnx_first(node->importer, &index);
    soma_onnx_value steps;
    if (first && (axis == 0 || index.dim[0] != x.dim[0])) return soma_onnx_mixes(node);
    for (uint32_t i = first; i < x.rank; i++)
        if (i != axis && index.dim[i] > x.dim[i])
            return soma_error(SOMA_INVALID_SHAPE, "%zu numbers along axis %u, which has %zu elements", index.dim[i], i,
                              x.dim[i]);
    SOMA_TRY(place_in(node, node->input[1], x.dim[axis], place));
    SOMA_TRY(
        soma_onnx_compose_with(node, &soma_onnx_row_Mul, place, (double)soma_onnx_count(&x, axis + 1, x.rank), place));
    for (uint32_t i = first; i < x.rank; i++) {
        if (i == axis || index.dim[i] == 1) continue;
        SOMA_TRY(make_steps(node, x.rank, i, index.dim[i], soma_onnx_count(&x, i + 1, x.rank), &steps));
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Add, NULL, place, place, &steps));
    }
    return SOMA_OK;
}

soma_status soma_onnx_tuples_computed(soma_onnx_node *node, soma_onnx_value *place) {
    const soma_onnx_shape x = node->input[0]->shape, index = node->input[1]->shape;
    const size_t length = index.dim[index.rank - 1];
    size_t stride = 1;
    soma_onnx_value numbers = *node->input[1], one;
    for (size_t i = length; i-- > 0; stride *= x.dim[i]) {
        SOMA_TRY(soma_onnx_compose_part(node, &numbers, index.rank - 1, i, 1, &one));
        SOMA_TRY(place_in(node, &one, x.dim[i], &one));
        SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Mul, &one, (double)stride, &one));
        if (i + 1 == length)
            *place = one;
        else
            SOMA_TRY(SOMA_ONNX_COMPOSE(node, Add, NULL, place, place, &one));
    }
    return SOMA_OK;
}

soma_status soma_onnx_gather_computed(soma_onnx_node *node, uint32_t axis) {
    const soma_onnx_shape x = node->input[0]->shape, index = node->input[1]->shape;
    const uint32_t first = soma_onnx_first(node->importer, &x);
    const size_t count = soma_onnx_count(&x, first, x.rank), wanted = soma_onnx_count(&index, first, index.rank);
    int64_t shape[SOMA_ONNX_MAX_RANK];
    soma_onnx_value table, place, y;
    if (wanted == 0 || count == 0) return soma_error(SOMA_UNSUPPORTED, "there are no elements");
    SOMA_TRY(soma_onnx_places_computed(node, axis, &place));
    const int64_t samples = first ? 0 : 1;
    SOMA_TRY(
        soma_onnx_compose_reshaped(node, node->input[0], (const int64_t[]){samples, (int64_t)count, 1}, 3, &table));
    SOMA_TRY(soma_onnx_compose_reshaped(node, &place, (const int64_t[]){samples, (int64_t)wanted}, 2, &place));
    SOMA_TRY(soma_onnx_rows_of(node, &table, &place, &y));
    for (uint32_t i = 0; i < x.rank; i++) shape[i] = first && i == 0 ? 0 : (int64_t)index.dim[i];
    SOMA_TRY(soma_onnx_compose_reshaped(node, &y, shape, x.rank, &y));
    return soma_onnx_pass(node, &y);
}
