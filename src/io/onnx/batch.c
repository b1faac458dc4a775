/* SPDX-License-Identifier: MIT */
/*
 * Where the batch is. Recurrent ops have it as the second dimension, behind the steps, and exporters put transpositions
 * around them for that. soma's tensors have it in front, always: the shape of a value says which of ONNX's dimensions
 * it is, a transposition that moves it changes the shape alone, and what lies in the tensor are the samples' elements,
 * in the order of the other dimensions. Most rules know of no other place than the front, and get their inputs so.
 */
#include "io/onnx/import.h"

#include <string.h>

/* How the batches of the inputs lie: `behind`: from the end, counting them; rank: the largest. False where all are in
 * front. */
static bool find(const soma_onnx_node *node, uint32_t *behind, uint32_t *rank, bool *agree) {
    bool any = false;
    *behind = *rank = 0;
    *agree = true;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *value = node->input[i];
        if (!value) continue;
        *rank = SOMA_MAX(*rank, value->shape.rank);
        if (!value->shape.batched || node->importer->whole) continue;
        const uint32_t here = value->shape.rank - value->shape.batch;
        *agree &= *behind == 0 || here == *behind;
        *behind = here;
        any |= value->shape.batch != 0;
    }
    return any;
}

/* The shape with the batch in front and, where it is broadcast, as many dimensions as the others. */
static soma_status to_front(const soma_onnx_node *node, uint32_t behind, uint32_t rank, soma_onnx_shape *shape) {
    const bool align = node->row->place == SOMA_ONNX_BROADCAST;
    if (!shape->batched && (!align || shape->rank < behind)) return SOMA_OK;
    if (!shape->batched) { /* a constant: none of its elements may have to move */
        shape->batch = shape->rank - behind;
        if (shape->dim[shape->batch] != 1 && soma_onnx_count(shape, 0, shape->batch) != 1) return soma_onnx_mixes(node);
    }
    soma_onnx_move_batch(shape, 0);
    for (; align && shape->rank < rank; shape->rank++) {
        memmove(shape->dim + 2, shape->dim + 1, (shape->rank - 1) * sizeof *shape->dim);
        shape->dim[1] = 1;
    }
    return SOMA_OK;
}

/* What a rule has found out about a value is kept; its shape is what it was. */
static void take_back(soma_onnx_value *value, const soma_onnx_value *moved) {
    const soma_onnx_shape shape = value->shape;
    *value = *moved;
    value->shape = shape;
}

static soma_status apply_moved(soma_onnx_node *node, uint32_t behind, uint32_t rank, soma_onnx_value *moved) {
    soma_onnx_value *given[SOMA_MAX_INPUTS] = {NULL};
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; i < node->input_count && status == SOMA_OK; i++) {
        uint32_t same = 0;
        given[i] = node->input[i];
        if (!given[i]) continue;
        while (given[same] != given[i]) same++;
        node->input[i] = &moved[same];
        if (same < i) continue;
        moved[i] = *given[i];
        status = to_front(node, behind, rank, &moved[i].shape);
    }
    if (status == SOMA_OK) status = node->row->rule(node);
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (status == SOMA_OK && given[i] && node->input[i] == &moved[i]) take_back(given[i], &moved[i]);
        node->input[i] = given[i] ? given[i] : node->input[i];
    }
    return status;
}

soma_status soma_onnx_apply_in_front(soma_onnx_node *node) {
    const soma_onnx_batch_place place = node->row->place;
    uint32_t behind, rank;
    bool agree;
    node->batch = 0;
    if (place == SOMA_ONNX_ANYWHERE || !find(node, &behind, &rank, &agree)) return node->row->rule(node);
    if (place == SOMA_ONNX_FIRST || !agree) return soma_onnx_mixes(node);
    soma_onnx_value *moved = soma_calloc(node->input_count, sizeof *moved);
    if (!moved) return soma_out_of_memory(node->input_count * sizeof *moved, node->output.name);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i] && node->input[i]->shape.batched) node->batch = node->input[i]->shape.batch;
    soma_status status = apply_moved(node, behind, rank, moved);
    soma_free(moved);
    SOMA_TRY(status);
    soma_onnx_shape *out = &node->output.shape;
    if (place == SOMA_ONNX_BROADCAST) node->batch = out->rank - behind;
    if (out->batched) soma_onnx_move_batch(out, node->batch);
    return SOMA_OK;
}

soma_status soma_onnx_samples(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor) {
    soma_onnx_value moved = *value;
    if (soma_onnx_first(node->importer, &value->shape)) soma_onnx_move_batch(&moved.shape, 0);
    SOMA_TRY(soma_onnx_tensor_of_any(node, &moved, tensor));
    take_back(value, &moved);
    return SOMA_OK;
}
