/* SPDX-License-Identifier: MIT */
/* Which nodes are put off; see late.h. */
#include "io/onnx/late.h"
#include "base/size.h"
#include "io/onnx/family.h"
#include "io/onnx/inside.h"
#include "io/onnx/svm.h"

enum { ALL = 0xFF };

/* Ops that a network can only have where these inputs, as bits, are known when it is made. */
static const struct {
    const soma_onnx_row *row;
    unsigned known;
} wanting[] = {
    {&soma_onnx_row_BitShift, ALL},
    {&soma_onnx_row_BitwiseAnd, ALL},
    {&soma_onnx_row_BitwiseNot, ALL},
    {&soma_onnx_row_BitwiseOr, ALL},
    {&soma_onnx_row_BitwiseXor, ALL},
    {&soma_onnx_row_BlackmanWindow, ALL},
    {&soma_onnx_row_Compress, ALL},
    {&soma_onnx_row_ConstantOfShape, 1},
    {&soma_onnx_row_Expand, 2},
    {&soma_onnx_row_Gather, 2},
    {&soma_onnx_row_GatherElements, 2},
    {&soma_onnx_row_GatherND, 2},
    {&soma_onnx_row_HammingWindow, ALL},
    {&soma_onnx_row_HannWindow, ALL},
    {&soma_onnx_row_If, 1},
    {&soma_onnx_row_Loop, 3},
    {&soma_onnx_row_MaxUnpool, 4},
    {&soma_onnx_row_MelWeightMatrix, ALL},
    {&soma_onnx_row_NonMaxSuppression, ALL},
    {&soma_onnx_row_NonZero, ALL},
    {&soma_onnx_row_Range, ALL},
    {&soma_onnx_row_Reshape, 2},
    {&soma_onnx_row_Slice, ALL & ~1u},
    {&soma_onnx_row_Tile, 2},
    {&soma_onnx_row_TopK, 2},
    {&soma_onnx_row_Unique, ALL},
};

/* Ops whose inputs of these bits are the same for every sample; else the op is of the numbers of a run. */
static const struct {
    const soma_onnx_row *row;
    unsigned same;
} sharing[] = {
    {&soma_onnx_row_BatchNormalization, 30},
    {&soma_onnx_row_Conv, 6},
    {&soma_onnx_row_ConvTranspose, 6},
    {&soma_onnx_row_GRU, 14},
    {&soma_onnx_row_LSTM, 14},
    {&soma_onnx_row_RNN, 14},
};

void soma_onnx_late_clear(soma_onnx_late *late) {
    soma_onnx_blocks_free(late->blocks);
    soma_words_clear(&late->names);
    soma_free(late->needed);
    soma_free(late->node);
    *late = (soma_onnx_late){.node = NULL};
}

/* ------------------------------------------------------------------------------------------------- what nodes read */

typedef soma_status visitor(soma_onnx_importer *importer, const char *name, bool *found);

/* The names that a node reads, and those that graphs inside of it read of this one. */
static soma_status visit(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node, visitor *see, bool *found) {
    for (size_t i = 0; i < node->n_input; i++) SOMA_TRY(see(importer, node->input[i], found));
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Soma__Onnx__GraphProto *graph = node->attribute[i]->g;
        for (size_t j = 0; graph && j < graph->n_output; j++)
            if (graph->output[j]->name) SOMA_TRY(see(importer, graph->output[j]->name, found));
        for (size_t j = 0; graph && j < graph->n_node; j++) SOMA_TRY(visit(importer, graph->node[j], see, found));
    }
    return SOMA_OK;
}

static soma_status is_late(soma_onnx_importer *importer, const char *name, bool *found) {
    const soma_onnx_value *value = *name ? soma_onnx_find_value(importer, name) : NULL;
    *found |= value && value->late;
    return SOMA_OK;
}

soma_status soma_onnx_need(soma_onnx_importer *importer, const char *name) {
    soma_onnx_late *late = importer->late;
    const soma_onnx_value *value = *name ? soma_onnx_find_value(importer, name) : NULL;
    size_t number;
    if (!value || value->late) return SOMA_OK; /* of a graph inside, or not there, which the host will say */
    if (value->missing) return soma_onnx_not_computed(name);
    if (!soma_onnx_is_constant(value)) SOMA_TRY(soma_onnx_refuse_sequence(value));
    return soma_words_add(&late->names, name, 0, &number);
}

static soma_status need_name(soma_onnx_importer *importer, const char *name, bool *found) {
    (void)found;
    return soma_onnx_need(importer, name);
}

/* ---------------------------------------------------------------------------------------------------- which nodes */

static int64_t axis_of(const Soma__Onnx__NodeProto *node) {
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(&(soma_onnx_node){.proto = node}, "axis");
    return given ? given->i : 0;
}

/* Rows of a table that the file has, or that is computed of what it has, as of a quantized one, are taken by numbers
 * that come from outside, on the device. */
static bool is_embedding(const soma_onnx_importer *importer, const soma_onnx_row *row,
                         const Soma__Onnx__NodeProto *node) {
    if (row != &soma_onnx_row_Gather || node->n_input < 2) return false;
    const soma_onnx_value *table = soma_onnx_find_value(importer, node->input[0]);
    const soma_onnx_value *index = soma_onnx_find_value(importer, node->input[1]);
    if (!table || table->shape.rank != 2) return false;
    return table->constant || (!table->shape.batched && !table->integer && index && index->integer &&
                               index->shape.batched && axis_of(node) == 0);
}

/* More of the largest than a network takes one after the other. */
static bool is_many(const soma_onnx_importer *importer, const soma_onnx_row *row, const Soma__Onnx__NodeProto *node) {
    const soma_onnx_value *value = node->n_input > 1 ? soma_onnx_find_value(importer, node->input[1]) : NULL;
    const soma_onnx_value *x = node->n_input > 0 ? soma_onnx_find_value(importer, node->input[0]) : NULL;
    int64_t count;
    return row == &soma_onnx_row_TopK && value && x && !soma_onnx_is_known(x) && value->constant &&
           value->elements.count == 1 && soma_onnx_read_integers(importer->file, &value->elements, &count) == SOMA_OK &&
           count > SOMA_ONNX_MOST_TOP;
}

/* GatherElements along the batch, or where it is among other dimensions. */
static bool is_across(const soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node, const soma_onnx_shape *x) {
    const int64_t axis = axis_of(node);
    if (!soma_onnx_first(importer, x)) return false;
    return axis == 0 || axis == -(int64_t)x->rank || x->batch || soma_onnx_beside_batch(x) > 1;
}

/* Elements of what is computed, at places that are, are taken on the device: as many as rows are counted there. */
static bool is_computed(const soma_onnx_importer *importer, const soma_onnx_row *row,
                        const Soma__Onnx__NodeProto *node) {
    if (row != &soma_onnx_row_GatherElements || node->n_input < 2) return false;
    const soma_onnx_value *value = soma_onnx_find_value(importer, node->input[0]);
    const soma_onnx_value *index = soma_onnx_find_value(importer, node->input[1]);
    if (!value || !index || !value->shape.batched || !index->shape.batched || value->integer || !index->integer)
        return false;
    const soma_onnx_shape *x = &value->shape, *places = &index->shape;
    const uint32_t first = x->rank && x->dim[0] == 0 && soma_onnx_first(importer, x) ? 1 : 0; /* 0: it is open */
    size_t all = 1;
    if (is_across(importer, node, x) || (soma_onnx_first(importer, x) && places->rank && places->dim[0] != x->dim[0]))
        return false;
    for (uint32_t i = first; i < x->rank; i++)
        if (!soma_multiply_size(all, x->dim[i], &all) || all > SOMA_ONNX_MOST_COUNTED) return false;
    return all > 0 && soma_onnx_count(places, SOMA_MIN(first, places->rank), places->rank) > 0;
}

/* Probabilities are found in as many turns as the sample needs. */
static bool is_iterated(const soma_onnx_importer *importer, const soma_onnx_row *row,
                        const Soma__Onnx__NodeProto *node) {
    return row == &soma_onnx_row_SVMClassifier && node->n_output > 1 && *node->output[1] &&
           soma_onnx_needs_value(importer->selection, node->output[1]) && soma_onnx_has_probabilities(node);
}

/* Elements at places that no MaxPool of the network has found. */
static bool is_put_anywhere(const soma_onnx_importer *importer, const soma_onnx_row *row,
                            const Soma__Onnx__NodeProto *node) {
    const soma_onnx_value *places = node->n_input > 1 ? soma_onnx_find_value(importer, node->input[1]) : NULL;
    return row == &soma_onnx_row_MaxUnpool && places && !places->pooled;
}

/* Means of as many values as the regions say. */
static bool is_adaptive(const soma_onnx_row *row, const Soma__Onnx__NodeProto *node) {
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(&(soma_onnx_node){.proto = node}, "sampling_ratio");
    return row == &soma_onnx_row_RoiAlign && (!given || given->i == 0);
}

/* Determinants of more rows than a formula is written out for; where they are known only later, they are such. */
static bool is_eliminated(const soma_onnx_importer *importer, const soma_onnx_row *row,
                          const Soma__Onnx__NodeProto *node) {
    const soma_onnx_value *x = node->n_input ? soma_onnx_find_value(importer, node->input[0]) : NULL;
    return row == &soma_onnx_row_Det && x && x->shape.rank > 1 && x->shape.dim[x->shape.rank - 1] > 3;
}

/* Weights that depend on an input. */
static bool is_weighted(const soma_onnx_importer *importer, const soma_onnx_row *row,
                        const Soma__Onnx__NodeProto *node) {
    size_t at = 0;
    while (at < SOMA_COUNT_OF(sharing) && sharing[at].row != row) at++;
    for (size_t i = 0; at < SOMA_COUNT_OF(sharing) && i < node->n_input && i < 8; i++) {
        const soma_onnx_value *value = *node->input[i] ? soma_onnx_find_value(importer, node->input[i]) : NULL;
        if (sharing[at].same >> i & 1 && value && !value->constant && value->shape.batched) return true;
    }
    return false;
}

static bool wants_numbers(const soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node) {
    const soma_onnx_row *row = soma_onnx_find_row(node->domain, node->op_type ? node->op_type : "");
    size_t at = 0;
    if (is_iterated(importer, row, node) || is_put_anywhere(importer, row, node) || is_adaptive(row, node) ||
        is_eliminated(importer, row, node) || is_weighted(importer, row, node))
        return true;
    while (at < SOMA_COUNT_OF(wanting) && wanting[at].row != row) at++;
    if (!row || at == SOMA_COUNT_OF(wanting) || node->n_input == 0 || is_embedding(importer, row, node) ||
        is_computed(importer, row, node))
        return false;
    for (size_t i = 0; i < node->n_input && i < 8; i++) {
        const soma_onnx_value *value = *node->input[i] ? soma_onnx_find_value(importer, node->input[i]) : NULL;
        if (wanting[at].known >> i & 1 && value && !value->constant) return true;
    }
    return row == &soma_onnx_row_NonMaxSuppression || is_many(importer, row, node);
}

static bool is_wanting(const soma_onnx_row *row) {
    for (size_t i = 0; row && i < SOMA_COUNT_OF(wanting); i++)
        if (wanting[i].row == row) return true;
    return false;
}

bool soma_onnx_may_want(const Soma__Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Soma__Onnx__GraphProto *graph = node->attribute[i]->g;
        for (size_t j = 0; graph && j < graph->n_node; j++) {
            const Soma__Onnx__NodeProto *inner = graph->node[j];
            if (is_wanting(soma_onnx_find_row(inner->domain, inner->op_type ? inner->op_type : "")) ||
                soma_onnx_may_want(inner))
                return true;
        }
    }
    return false;
}

soma_status soma_onnx_put_off(soma_onnx_importer *importer, size_t number, bool *late) {
    const Soma__Onnx__NodeProto *node = importer->file->model->graph->node[number];
    *late = false;
    SOMA_TRY(visit(importer, node, is_late, late));
    *late |= wants_numbers(importer, node) || importer->on_host[number];
    if (!*late) return SOMA_OK;
    importer->late->node[number] = true;
    importer->late->count++;
    SOMA_TRY(visit(importer, node, need_name, NULL));
    for (size_t i = 0; i < node->n_output; i++) {
        const soma_onnx_value value = {.late = true, .name = node->output[i]};
        if (*node->output[i]) SOMA_TRY(soma_onnx_define(importer, &value));
    }
    return SOMA_OK;
}
