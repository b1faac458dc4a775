/* SPDX-License-Identifier: MIT */
/*
 * Where the batch is. Recurrent ops have it as the second dimension, behind the steps, and exporters put transpositions
 * around them for that. soma's tensors have it in front, always: the shape of a value says which of ONNX's dimensions
 * it is, a transposition that moves it changes the shape alone, and what lies in the tensor are the samples' elements,
 * in the order of the other dimensions. Most rules know of no other place than the front, and get their inputs so.
 *
 * Exporters also make one dimension of the batch and others beside it: PyTorch's attention has [steps, batch x heads,
 * features] and [steps x batch, features]. Which of a sample's dimensions are in it is part of the value's shape. Rules
 * see them apart, as dimensions of their own, and what they make is put together again.
 */
#include "io/onnx/import.h"

#include <string.h>

/* How the batches of the inputs lie: `behind`: from the end, counting them; rank: the largest. */
typedef struct lying {
    uint32_t behind, rank;
} lying;

/* False where all are in front. */
static bool find(const soma_onnx_node *node, lying *how, bool *agree) {
    bool any = false;
    *how = (lying){0, 0};
    *agree = true;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *value = node->input[i];
        if (!value) continue;
        how->rank = SOMA_MAX(how->rank, value->shape.rank);
        if (!value->shape.batched || node->importer->whole) continue;
        const uint32_t here = value->shape.rank - value->shape.batch;
        *agree &= how->behind == 0 || here == how->behind;
        how->behind = here;
        any |= value->shape.batch != 0;
    }
    return any;
}

/* The shape with the batch in front and, where it is broadcast, as many dimensions as the others. */
static soma_status to_front(const soma_onnx_node *node, const void *lies, soma_onnx_shape *shape) {
    const bool align = node->row->place == SOMA_ONNX_BROADCAST;
    const uint32_t behind = ((const lying *)lies)->behind, rank = ((const lying *)lies)->rank;
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

/* How the inputs' shapes change before a rule sees them. */
typedef soma_status change_shape(const soma_onnx_node *node, const void *how, soma_onnx_shape *shape);

/* Applies `rule` to copies of the inputs whose shapes are changed. */
static soma_status apply_to_copies(soma_onnx_node *node, change_shape *change, const void *how, soma_onnx_rule *rule,
                                   soma_onnx_value *copy) {
    soma_onnx_value *given[SOMA_MAX_INPUTS] = {NULL};
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; i < node->input_count && status == SOMA_OK; i++) {
        uint32_t same = 0;
        given[i] = node->input[i];
        if (!given[i]) continue;
        while (given[same] != given[i]) same++;
        node->input[i] = &copy[same];
        if (same < i) continue;
        copy[i] = *given[i];
        status = change(node, how, &copy[i].shape);
    }
    if (status == SOMA_OK) status = rule(node);
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (status == SOMA_OK && given[i] && node->input[i] == &copy[i]) take_back(given[i], &copy[i]);
        node->input[i] = given[i] ? given[i] : node->input[i];
    }
    return status;
}

static soma_status apply_changed(soma_onnx_node *node, change_shape *change, const void *how, soma_onnx_rule *rule) {
    soma_onnx_value *copy = soma_calloc(node->input_count, sizeof *copy);
    if (!copy) return soma_out_of_memory(node->input_count * sizeof *copy, node->output.name);
    soma_status status = apply_to_copies(node, change, how, rule, copy);
    soma_free(copy);
    return status;
}

/* ------------------------------------------------------------------------------------------ a batch that is not in
 * front
 */

static soma_status apply_moved(soma_onnx_node *node) {
    const soma_onnx_batch_place place = node->row->place;
    lying how;
    bool agree;
    node->batch = 0;
    if (place == SOMA_ONNX_ANYWHERE || !find(node, &how, &agree)) return node->row->rule(node);
    if (place == SOMA_ONNX_FIRST || !agree) return soma_onnx_mixes(node);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i] && node->input[i]->shape.batched) node->batch = node->input[i]->shape.batch;
    SOMA_TRY(apply_changed(node, to_front, &how, node->row->rule));
    soma_onnx_shape *out = &node->output.shape;
    if (place == SOMA_ONNX_BROADCAST) node->batch = out->rank - how.behind;
    if (out->batched) soma_onnx_move_batch(out, node->batch);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------- a dimension of which the batch is a part
 */

/* What the inputs' dimensions are made of: the same in all that have a batch, at places that the op aligns. False where
 * all are the batch alone. */
static bool find_joint(const soma_onnx_node *node, soma_onnx_joint *joint, bool *agree) {
    const bool align = node->row->place == SOMA_ONNX_BROADCAST;
    const soma_onnx_shape *first = NULL;
    uint32_t rank = 0;
    *agree = true;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_shape *x = node->input[i] ? &node->input[i]->shape : NULL;
        if (!x) continue;
        rank = SOMA_MAX(rank, x->rank);
        if (!soma_onnx_first(node->importer, x)) continue;
        if (!first) first = x;
        *agree &= SOMA_MAX(x->outer, (size_t)1) == SOMA_MAX(first->outer, (size_t)1) &&
                  SOMA_MAX(x->inner, (size_t)1) == SOMA_MAX(first->inner, (size_t)1) &&
                  (align ? x->rank - x->batch == first->rank - first->batch : x->batch == first->batch);
        if (soma_onnx_beside_batch(x) > 1) first = x;
    }
    if (!first || soma_onnx_beside_batch(first) == 1) return false;
    *joint = (soma_onnx_joint){.outer = first->outer, .inner = first->inner};
    joint->place = align ? rank - (first->rank - first->batch) : first->batch;
    joint->more = (first->outer > 1 ? 1 : 0) + (first->inner > 1 ? 1 : 0);
    return true;
}

/* Apart; of a constant that is aligned with them a 1 for each. */
static soma_status divide(const soma_onnx_node *node, const void *how, soma_onnx_shape *shape) {
    const uint32_t behind = *(const uint32_t *)how, more = node->joint.more;
    const bool constant = !soma_onnx_first(node->importer, shape);
    if (constant && (node->row->place != SOMA_ONNX_BROADCAST || shape->rank < behind)) return SOMA_OK;
    if (shape->rank + more > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    if (!constant) return *shape = soma_onnx_divided(shape), SOMA_OK;
    const uint32_t place = shape->rank - behind;
    if (shape->dim[place] != 1) return soma_onnx_mixes(node);
    memmove(shape->dim + place + more, shape->dim + place, behind * sizeof *shape->dim);
    for (uint32_t i = 0; i < more; i++) shape->dim[place + i] = 1;
    shape->rank += more;
    return SOMA_OK;
}

/* The result's dimensions beside the batch are what they were, and become one with it. */
static soma_status join(const soma_onnx_node *node, const soma_onnx_joint *joint, soma_onnx_shape *out) {
    const uint32_t before = joint->outer > 1 ? 1 : 0, behind = joint->inner > 1 ? 1 : 0;
    if (!out->batched || out->batch < before || out->batch + behind >= out->rank ||
        (before && out->dim[out->batch - 1] != joint->outer) || (behind && out->dim[out->batch + 1] != joint->inner))
        return soma_onnx_mixes(node);
    const uint32_t place = out->batch - before;
    out->dim[place] = soma_onnx_count(out, place, place + joint->more + 1);
    out->rank -= joint->more;
    memmove(out->dim + place + 1, out->dim + place + 1 + joint->more, (out->rank - place - 1) * sizeof *out->dim);
    out->batch = place;
    out->outer = joint->outer;
    out->inner = joint->inner;
    return SOMA_OK;
}

soma_status soma_onnx_apply_in_front(soma_onnx_node *node) {
    const soma_onnx_batch_place place = node->row->place;
    soma_onnx_joint joint;
    bool agree;
    node->joint = (soma_onnx_joint){.more = 0};
    if (node->row->joins || !find_joint(node, &joint, &agree)) return apply_moved(node);
    if (!agree || place == SOMA_ONNX_FIRST || place == SOMA_ONNX_ANYWHERE) return soma_onnx_mixes(node);
    uint32_t behind = 0; /* counting the dimension itself */
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i]) behind = SOMA_MAX(behind, node->input[i]->shape.rank);
    behind -= joint.place;
    node->joint = joint;
    soma_status status = apply_changed(node, divide, &behind, apply_moved);
    node->joint = (soma_onnx_joint){.more = 0};
    node->batch = 0;
    return status == SOMA_OK ? join(node, &joint, &node->output.shape) : status;
}

soma_status soma_onnx_samples(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor) {
    soma_onnx_value moved = *value;
    moved.shape = soma_onnx_divided(&value->shape);
    if (soma_onnx_first(node->importer, &value->shape)) soma_onnx_move_batch(&moved.shape, 0);
    SOMA_TRY(soma_onnx_tensor_of_any(node, &moved, tensor));
    take_back(value, &moved);
    return SOMA_OK;
}
