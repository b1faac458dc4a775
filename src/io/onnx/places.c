/* SPDX-License-Identifier: MIT */
/* See places.h. */
#include "io/onnx/places.h"
#include "base/size.h"

#include <inttypes.h>
#include <string.h>

void soma_onnx_places_clear(soma_onnx_places *places) {
    soma_free(places->place);
    places->place = NULL;
}

/* The second input's numbers; what the places are in has no batch that they would count from. Free them. */
static soma_status read_numbers(soma_onnx_node *node, int64_t **numbers) {
    const soma_onnx_value *indices = node->input[1];
    *numbers = NULL;
    if (!indices->constant || !indices->integer)
        return soma_error(SOMA_UNSUPPORTED, "%s must be whole numbers, and a constant of the file", indices->name);
    if (indices->elements.open) return soma_onnx_unknown_batch(indices->name);
    if (soma_onnx_first(node->importer, &node->input[0]->shape)) return soma_onnx_mixes(node);
    if (indices->elements.count == 0 && !node->importer->host)
        return soma_error(SOMA_UNSUPPORTED, "%s has no elements", indices->name);
    SOMA_TRY(soma_onnx_take_made(node->importer, indices->elements.count, sizeof(int64_t), indices->name));
    *numbers = soma_calloc(indices->elements.count + 1, sizeof **numbers);
    if (!*numbers) return soma_out_of_memory(indices->elements.count * sizeof **numbers, indices->name);
    return soma_onnx_read_integers(node->importer->file, &indices->elements, *numbers);
}

static soma_status add_place(int64_t number, size_t index, size_t size, size_t stride, size_t *place) {
    if (number < -(int64_t)size || number >= (int64_t)size)
        return soma_error(SOMA_INVALID_FILE, "index %zu is %" PRId64 " in an axis of %zu", index, number, size);
    *place += (size_t)(number < 0 ? number + (int64_t)size : number) * stride;
    return SOMA_OK;
}

static soma_status make_places(soma_onnx_node *node, size_t count, soma_onnx_places *places) {
    SOMA_TRY(soma_onnx_take_made(node->importer, count, sizeof *places->place, node->input[1]->name));
    places->count = count;
    places->place = soma_calloc(count + 1, sizeof *places->place);
    return places->place ? SOMA_OK : soma_out_of_memory(count * sizeof *places->place, node->input[1]->name);
}

/* Of element number i: its own coordinates but along the axis. */
static soma_status place_along(const soma_onnx_shape *x, const soma_onnx_shape *indices, uint32_t axis,
                               const int64_t *numbers, size_t i, size_t *place) {
    size_t stride = 1, rest = i;
    for (uint32_t j = x->rank; j-- > 0; rest /= indices->dim[j], stride *= x->dim[j])
        if (j == axis)
            SOMA_TRY(add_place(numbers[i], i, x->dim[j], stride, place));
        else
            *place += rest % indices->dim[j] * stride;
    return SOMA_OK;
}

soma_status soma_onnx_places_along(soma_onnx_node *node, soma_onnx_places *places) {
    const soma_onnx_shape *x = &node->input[0]->shape, *indices = &node->input[1]->shape;
    int64_t given, *numbers;
    uint32_t axis;
    *places = (soma_onnx_places){.slice = 1, .shape = *indices};
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    SOMA_TRY(soma_onnx_axis(node, given, x->rank, &axis));
    if (indices->rank != x->rank)
        return soma_error(SOMA_INVALID_FILE, "%u dimensions of indices for %u", indices->rank, x->rank);
    for (uint32_t i = 0; i < x->rank; i++)
        if (i != axis && indices->dim[i] > x->dim[i])
            return soma_error(SOMA_INVALID_FILE, "%zu indices along dimension %u of %zu", indices->dim[i], i,
                              x->dim[i]);
    soma_status status = read_numbers(node, &numbers);
    if (status == SOMA_OK) status = make_places(node, node->input[1]->elements.count, places);
    for (size_t i = 0; i < places->count && status == SOMA_OK; i++)
        status = place_along(x, indices, axis, numbers, i, &places->place[i]);
    soma_free(numbers);
    return status;
}

/* Of tuple number i, whose first dimensions are those of x, as many as `batches`. */
static soma_status place_of_tuple(const soma_onnx_shape *x, const soma_onnx_shape *indices, uint32_t batches,
                                  const int64_t *numbers, size_t i, size_t *place) {
    uint32_t length = (uint32_t)indices->dim[indices->rank - 1];
    size_t rest = i / soma_onnx_count(indices, batches, indices->rank - 1);
    for (uint32_t j = batches; j-- > 0; rest /= x->dim[j])
        *place += rest % x->dim[j] * soma_onnx_count(x, j + 1, x->rank);
    for (uint32_t j = 0; j < length; j++)
        SOMA_TRY(add_place(numbers[i * length + j], i * length + j, x->dim[batches + j],
                           soma_onnx_count(x, batches + j + 1, x->rank), place));
    return SOMA_OK;
}

/* The dimensions of the tuples, and those that they leave of x. */
static soma_status shape_of_tuples(const soma_onnx_shape *x, const soma_onnx_shape *indices, int64_t batches,
                                   soma_onnx_places *places) {
    bool fits = indices->rank >= 1 && batches >= 0 && batches < (int64_t)SOMA_MIN(indices->rank, x->rank);
    for (int64_t i = 0; fits && i < batches; i++) fits = indices->dim[i] == x->dim[i];
    size_t length = fits ? indices->dim[indices->rank - 1] : 0;
    if (!fits || length == 0 || length > x->rank - (size_t)batches)
        return soma_error(SOMA_INVALID_FILE,
                          "the indices, of %u dimensions, do not fit the %u dimensions that they count in",
                          indices->rank, x->rank);
    uint32_t behind = (uint32_t)batches + (uint32_t)length;
    *places = (soma_onnx_places){.slice = soma_onnx_count(x, behind, x->rank), .shape = {.rank = indices->rank - 1}};
    if (places->shape.rank + x->rank - behind > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    memcpy(places->shape.dim, indices->dim, places->shape.rank * sizeof *indices->dim);
    for (uint32_t i = behind; i < x->rank; i++) places->shape.dim[places->shape.rank++] = x->dim[i];
    return SOMA_OK;
}

soma_status soma_onnx_places_of_tuples(soma_onnx_node *node, int64_t batches, soma_onnx_places *places) {
    const soma_onnx_shape *x = &node->input[0]->shape, *indices = &node->input[1]->shape;
    int64_t *numbers;
    *places = (soma_onnx_places){.place = NULL};
    SOMA_TRY(shape_of_tuples(x, indices, batches, places));
    soma_status status = read_numbers(node, &numbers);
    if (status == SOMA_OK)
        status = make_places(node, node->input[1]->elements.count / indices->dim[indices->rank - 1], places);
    for (size_t i = 0; i < places->count && status == SOMA_OK; i++)
        status = place_of_tuple(x, indices, (uint32_t)batches, numbers, i, &places->place[i]);
    soma_free(numbers);
    return status;
}

soma_status soma_onnx_flattened(soma_onnx_node *node, uint32_t input, soma_tensor **x) {
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[input], x));
    soma_tensor flat = {.batched = (*x)->batched, .rank = 1, .shape = {soma_tensor_count(*x)}};
    return soma_graph_reshape((*x)->graph, *x, &flat, x);
}
