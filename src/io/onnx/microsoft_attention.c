/* SPDX-License-Identifier: MIT */
/*
 * Attention as onnxruntime's optimiser writes it: with its products of queries, keys and values, and masks of whole
 * numbers; and the embeddings at the beginning of a transformer, added up and normalised. See microsoft.c.
 */
#include "io/onnx/compose.h"

#include <math.h>
#include <string.h>

enum { INT32 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT32 };

static soma_status add(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *b, soma_onnx_value *sum) {
    if (!b) return *sum = *x, SOMA_OK;
    return SOMA_ONNX_COMPOSE(node, Add, NULL, sum, x, b);
}

enum { BIAS = 5 };                  /* the input that is added to the scores */
static const float FILTER = -10000; /* what is added to those of keys that are not there, if nothing is said */

/* ------------------------------------------------------------------------------------------------------------ masks */

/* Which of so many keys a sample has, by their number, as truth [batch, 1, 1, keys]. */
static soma_status by_length(soma_onnx_node *node, soma_onnx_value *length, size_t keys, soma_onnx_value *truth) {
    soma_onnx_value places, column;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, keys, &numbers));
    for (size_t i = 0; i < keys; i++) numbers[i] = (double)i;
    places = (soma_onnx_value){.constant = true, .integer = true, .name = length->name};
    places.shape = (soma_onnx_shape){.rank = 4, .dim = {1, 1, 1, keys}};
    places.elements = (soma_onnx_elements){.type = INT32, .count = keys, .made = true, .doubles = numbers};
    SOMA_TRY(soma_onnx_compose_reshaped(node, length, (const int64_t[]){0, 1, 1, 1}, 4, &column));
    return SOMA_ONNX_COMPOSE(node, Less, NULL, truth, &places, &column);
}

/* A mask of whole numbers, above 0 for a key that is there, [batch, keys] or [batch, steps, keys], or lengths, [batch].
 */
static soma_status make_truth(soma_onnx_node *node, soma_onnx_value *mask, size_t keys, soma_onnx_value *truth) {
    const soma_onnx_shape *shape = &mask->shape;
    soma_onnx_value zero;
    if (shape->rank == 1) return by_length(node, mask, keys, truth);
    if ((shape->rank != 2 && shape->rank != 3) || shape->dim[shape->rank - 1] != keys)
        return soma_error(SOMA_UNSUPPORTED,
                          "%s is a mask of %u dimensions; known are [batch], [batch, keys] and [batch, steps, keys], "
                          "with %zu keys",
                          mask->name, shape->rank, keys);
    const int64_t steps = shape->rank == 3 ? (int64_t)shape->dim[1] : 1;
    SOMA_TRY(soma_onnx_compose_list(node, &(int64_t){0}, 1, &zero));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Greater, NULL, truth, mask, &zero));
    return soma_onnx_compose_reshaped(node, truth, (const int64_t[]){0, 1, steps, (int64_t)keys}, 4, truth);
}

/* What is added to the scores: for keys that are not there what the file says, which need not hide them all, and the
 * bias; NULL where neither is given. */
static soma_status make_mask(soma_onnx_node *node, soma_onnx_value *mask, soma_onnx_value *bias, size_t keys,
                             soma_onnx_value *made, soma_onnx_value **all) {
    soma_onnx_value seen, hidden;
    float filter;
    *all = mask ? made : bias;
    if (!mask) return SOMA_OK;
    SOMA_TRY(soma_onnx_get_float(node, "mask_filter_value", FILTER, &filter));
    SOMA_TRY(make_truth(node, mask, keys, made));
    SOMA_TRY(soma_onnx_compose_number(node, 0, &seen));
    SOMA_TRY(soma_onnx_compose_number(node, (double)filter, &hidden));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Where, NULL, made, made, &seen, &hidden));
    return add(node, made, bias, made);
}

/* -------------------------------------------------------------------------------------------------------- attention */

static soma_status refuse_given(const soma_onnx_node *node, uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; i++)
        if (soma_onnx_optional(node, i))
            return soma_error(SOMA_UNSUPPORTED, "input %u, %s, is given; keys and values of earlier runs are not known",
                              i, node->input[i]->name);
    return SOMA_OK;
}

static soma_status attend(soma_onnx_node *node, soma_onnx_value *const *qkv, soma_onnx_value *mask) {
    soma_onnx_made made;
    soma_onnx_value y, *inputs[] = {qkv[0], qkv[1], qkv[2], mask};
    int64_t heads, causal;
    float scale, filter;
    SOMA_TRY(soma_onnx_get_float(node, "mask_filter_value", FILTER, &filter));
    SOMA_TRY(soma_onnx_get_integer(node, "num_heads", 0, &heads));
    SOMA_TRY(soma_onnx_get_integer(node, "unidirectional", 0, &causal));
    SOMA_TRY(soma_onnx_get_float(node, "scale", 0, &scale));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "q_num_heads", heads);
    soma_onnx_made_integer(&made, "kv_num_heads", heads);
    soma_onnx_made_integer(&made, "is_causal", causal);
    soma_onnx_made_integer(&made, SOMA_ONNX_FINITE_MASK, isfinite(filter) && !soma_onnx_optional(node, BIAS));
    if (scale != 0) soma_onnx_made_float(&made, "scale", scale);
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_row_Attention, &made, inputs, mask ? 4 : 3, &y));
    return soma_onnx_pass(node, &y);
}

/* Widths of queries, keys and values beside each other; all the same where nothing is said. */
static soma_status get_widths(soma_onnx_node *node, size_t all, size_t *width) {
    int64_t given[3];
    size_t count;
    bool present;
    SOMA_TRY(soma_onnx_get_integers(node, "qkv_hidden_sizes", given, 3, &count, &present));
    for (int i = 0; i < 3; i++) width[i] = present && count == 3 && given[i] > 0 ? (size_t)given[i] : all / 3;
    if (width[0] + width[1] + width[2] == all) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%zu numbers for queries, keys and values of %zu, %zu and %zu", all, width[0],
                      width[1], width[2]);
}

/* Of x, weights, bias, mask, and what is added to the scores, as input 5. */
static soma_status import_attention(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], packed, part[3], mask, *all;
    size_t width[3], start = 0;
    int64_t rotary;
    SOMA_TRY(soma_onnx_get_integer(node, "do_rotary", 0, &rotary));
    if (rotary) return soma_error(SOMA_UNSUPPORTED, "attribute do_rotary is not 0");
    SOMA_TRY(refuse_given(node, 4, 5));
    SOMA_TRY(refuse_given(node, 6, 7));
    if (x->shape.rank != 3) return soma_error(SOMA_INVALID_SHAPE, "%s must have 3 dimensions", x->name);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, &packed, x, node->input[1]));
    SOMA_TRY(add(node, &packed, soma_onnx_optional(node, 2), &packed));
    SOMA_TRY(get_widths(node, packed.shape.dim[2], width));
    for (int i = 0; i < 3; start += width[i++])
        SOMA_TRY(soma_onnx_compose_part(node, &packed, -1, start, width[i], &part[i]));
    SOMA_TRY(
        make_mask(node, soma_onnx_optional(node, 3), soma_onnx_optional(node, BIAS), x->shape.dim[1], &mask, &all));
    return attend(node, (soma_onnx_value *[]){&part[0], &part[1], &part[2]}, all);
}

const soma_onnx_row soma_onnx_row_MicrosoftAttention = {
    .name = "Attention",
    .since = 1,
    .least = 2,
    .most = 7,
    .attributes = "do_rotary mask_filter_value num_heads past_present_share_buffer qkv_hidden_sizes "
                  "rotary_embedding_dim scale unidirectional",
    .rule = import_attention,
    .domain = SOMA_ONNX_MICROSOFT};

/* Of queries, keys, values, their biases in one list, which keys there are, and what is added to the scores. */
static soma_status import_multi_head(soma_onnx_node *node) {
    soma_onnx_value part[3], bias[3], mask, *all, *given = soma_onnx_optional(node, 3);
    size_t start = 0;
    SOMA_TRY(refuse_given(node, 6, 10));
    for (uint32_t i = 0; i < 3; i++) {
        soma_onnx_value *x = soma_onnx_optional(node, i);
        if (!x || x->shape.rank != 3)
            return soma_error(SOMA_UNSUPPORTED, "queries, keys and values must be three inputs of 3 dimensions");
        const size_t width = x->shape.dim[2];
        if (given) SOMA_TRY(soma_onnx_compose_part(node, given, -1, start, width, &bias[i]));
        SOMA_TRY(add(node, x, given ? &bias[i] : NULL, &part[i]));
        start += width;
    }
    SOMA_TRY(make_mask(node, soma_onnx_optional(node, 4), soma_onnx_optional(node, BIAS), part[1].shape.dim[1], &mask,
                       &all));
    return attend(node, (soma_onnx_value *[]){&part[0], &part[1], &part[2]}, all);
}

SOMA_ONNX_OP(MultiHeadAttention, 1, 1, 10, "mask_filter_value num_heads scale unidirectional", import_multi_head, 0,
             .domain = SOMA_ONNX_MICROSOFT);

/* ------------------------------------------------------------------------------------------------------- embeddings */

enum { IDS, SEGMENTS, WORDS, POSITIONS, SEGMENT_ROWS, GAMMA, BETA, MASK, PLACES }; /* inputs */

static soma_status rows(soma_onnx_node *node, soma_onnx_value *table, soma_onnx_value *places, soma_onnx_value *out) {
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", 0);
    return SOMA_ONNX_COMPOSE(node, Gather, &made, out, table, places);
}

/* Rows of words, positions and, where there are any, segments. */
static soma_status add_rows(soma_onnx_node *node, soma_onnx_value *sum) {
    soma_onnx_value more, places, *given = soma_onnx_optional(node, PLACES);
    const size_t steps = node->input[IDS]->shape.dim[1];
    SOMA_TRY(rows(node, node->input[WORDS], node->input[IDS], sum));
    if (!given) { /* 0, 1, ... */
        double *numbers = NULL;
        SOMA_TRY(soma_onnx_make(node, steps, &numbers));
        for (size_t i = 0; i < steps; i++) numbers[i] = (double)i;
        places = (soma_onnx_value){.constant = true, .integer = true, .name = node->output.name};
        places.shape = (soma_onnx_shape){.rank = 1, .dim = {steps}};
        places.elements = (soma_onnx_elements){.type = INT32, .count = steps, .made = true, .doubles = numbers};
    }
    SOMA_TRY(rows(node, node->input[POSITIONS], given ? given : &places, &more));
    SOMA_TRY(add(node, sum, &more, sum));
    if (!soma_onnx_optional(node, SEGMENTS) || !soma_onnx_optional(node, SEGMENT_ROWS)) return SOMA_OK;
    SOMA_TRY(rows(node, node->input[SEGMENT_ROWS], node->input[SEGMENTS], &more));
    return add(node, sum, &more, sum);
}

/* How many keys each sample has: those of which the mask says 1. */
static soma_status count_keys(soma_onnx_node *node, soma_onnx_value *out) {
    soma_onnx_value axis, one, there;
    soma_onnx_made made;
    const int64_t number = 1;
    SOMA_TRY(soma_onnx_compose_list(node, &number, 1, &one));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Equal, NULL, &there, soma_onnx_optional(node, MASK), &one));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "to", INT32);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &made, &there, &there));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "keepdims", 0);
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){1}, 1, &axis));
    return SOMA_ONNX_COMPOSE(node, ReduceSum, &made, out, &there, &axis);
}

/* Outputs: normalised; how many there are; the sum. */
static soma_status import_embed(soma_onnx_node *node) {
    soma_onnx_value y;
    soma_onnx_made made;
    float epsilon;
    if (node->input[IDS]->shape.rank != 2)
        return soma_error(SOMA_INVALID_SHAPE, "%s must have 2 dimensions", node->input[IDS]->name);
    if (!soma_onnx_optional(node, WORDS) || !soma_onnx_optional(node, POSITIONS) || !soma_onnx_optional(node, GAMMA) ||
        !soma_onnx_optional(node, BETA))
        return soma_error(SOMA_INVALID_FILE, "rows of words and positions, scale and offset must be given");
    if (node->number == 1 && !soma_onnx_optional(node, MASK)) return node->output.missing = true, SOMA_OK;
    if (node->number == 1)
        SOMA_TRY(count_keys(node, &y));
    else
        SOMA_TRY(add_rows(node, &y));
    if (node->number > 0) return soma_onnx_pass(node, &y);
    SOMA_TRY(soma_onnx_get_float(node, "epsilon", 1e-12f, &epsilon));
    soma_onnx_begin_made(&made);
    soma_onnx_made_float(&made, "epsilon", epsilon);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, LayerNormalization, &made, &y, &y, node->input[GAMMA], node->input[BETA]));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_SEVERAL(EmbedLayerNormalization, 1, 1, 9, "epsilon mask_index_type", import_embed, 0,
                  .domain = SOMA_ONNX_MICROSOFT);
