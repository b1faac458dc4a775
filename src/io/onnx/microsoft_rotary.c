/* SPDX-License-Identifier: MIT */
/* Rotary positions as onnxruntime has them: as ONNX's op, with positions in the second place. See microsoft.c. */
#include "io/onnx/compose.h"

#include <inttypes.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { X, POSITIONS, COSINES, SINES }; /* inputs */

/* What no sample or number of heads is turned by. */
static soma_status check_attributes(const soma_onnx_node *node) {
    int64_t packed;
    float scale;
    SOMA_TRY(soma_onnx_get_integer(node, "is_packed_batching", 0, &packed));
    SOMA_TRY(soma_onnx_get_float(node, "scale", 1, &scale));
    if (packed) return soma_error(SOMA_UNSUPPORTED, "attribute is_packed_batching is %" PRId64 ", not 0", packed);
    return scale == 1 ? SOMA_OK : soma_error(SOMA_UNSUPPORTED, "attribute scale is %g, not 1", (double)scale);
}

/* One number is the position of the first step of all samples. */
static soma_status get_positions(soma_onnx_node *node, size_t steps, soma_onnx_value *positions) {
    soma_onnx_value *given = node->input[POSITIONS], list;
    double *numbers = NULL;
    *positions = *given;
    if (given->shape.rank != 1) return SOMA_OK;
    if (given->shape.dim[0] != 1 || !given->integer)
        return soma_error(SOMA_UNSUPPORTED,
                          "%s has %zu elements; accepted: one whole number, or one for each step of "
                          "each sample",
                          given->name, given->shape.dim[0]);
    SOMA_TRY(soma_onnx_make(node, steps, &numbers));
    for (size_t i = 0; i < steps; i++) numbers[i] = (double)i;
    list =
        (soma_onnx_value){.constant = true, .integer = true, .name = given->name, .shape = {.rank = 1, .dim = {steps}}};
    list.elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
                                         .rank = 1,
                                         .dim = {steps},
                                         .count = steps,
                                         .made = true,
                                         .doubles = numbers};
    return SOMA_ONNX_COMPOSE(node, Add, NULL, positions, given, &list);
}

static soma_status import_rotary(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[X]->shape, *table = &node->input[COSINES]->shape;
    soma_onnx_value positions, y;
    int64_t heads, turned, interleaved;
    soma_onnx_made made;
    SOMA_TRY(check_attributes(node));
    SOMA_TRY(soma_onnx_get_integer(node, "num_heads", 0, &heads));
    SOMA_TRY(soma_onnx_get_integer(node, "rotary_embedding_dim", 0, &turned));
    SOMA_TRY(soma_onnx_get_integer(node, "interleaved", 0, &interleaved));
    if ((x->rank != 3 && x->rank != 4) || table->rank != 2 || table->dim[1] == 0)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions and %s %u; 3 or 4 and 2 are possible",
                          node->input[X]->name, x->rank, node->input[COSINES]->name, table->rank);
    /* where nothing is said a head is as wide as what the table turns */
    if (x->rank == 3 && heads == 0) heads = (int64_t)(x->dim[2] / (2 * table->dim[1]));
    SOMA_TRY(get_positions(node, x->dim[x->rank - 2], &positions));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "num_heads", heads);
    soma_onnx_made_integer(&made, "rotary_embedding_dim", turned);
    soma_onnx_made_integer(&made, "interleaved", interleaved);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, RotaryEmbedding, &made, &y, node->input[X], node->input[COSINES],
                               node->input[SINES], &positions));
    return soma_onnx_pass(node, &y);
}

const soma_onnx_row soma_onnx_row_MicrosoftRotaryEmbedding = {
    .name = "RotaryEmbedding",
    .since = 1,
    .least = 4,
    .most = 4,
    .attributes = "interleaved is_packed_batching num_heads rotary_embedding_dim scale",
    .rule = import_rotary,
    .domain = SOMA_ONNX_MICROSOFT};
