/* SPDX-License-Identifier: MIT */
/*
 * Attention that the op of a network does not have, with masks that are added, a bound on the scores, keys of earlier
 * runs or a window: as the products and the softmax that it is made of.
 */
#include "io/onnx/compose.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { Q, K, V, MASK, PAST_KEY, PAST_VALUE, LENGTHS }; /* inputs */

/* A node as it is read; the values are [batch, heads, steps, width]. */
typedef struct written {
    soma_onnx_node *node;
    const soma_attention_params *params;
    soma_onnx_value q, k, v;
    size_t steps, keys, earlier; /* keys: with those of earlier runs, which are so many */
    int64_t left, right;         /* keys that a step sees on either side; -1: all */
    soma_onnx_value lengths;     /* how many keys each sample has, [batch, 1, 1, 1], where that is given */
    int64_t wanted;              /* what scores are asked for, as qk_matmul_output_mode says; -1: none are */
    soma_onnx_value asked;       /* those */
} written;

/* Scores as they come, bounded, with what is added, as weights. */
enum { AS_THEY_COME, BOUNDED, WITH_MASK, WEIGHTS };

static void note(written *w, int64_t stage, const soma_onnx_value *scores) {
    if (w->wanted == stage) w->asked = *scores;
}

static soma_status in_heads(soma_onnx_node *node, soma_onnx_value *x, uint32_t heads, soma_onnx_value *out) {
    const int64_t shape[] = {0, (int64_t)x->shape.dim[1], heads, (int64_t)(x->shape.dim[2] / heads)};
    if (x->shape.rank == 4) return *out = *x, SOMA_OK;
    SOMA_TRY(soma_onnx_compose_reshaped(node, x, shape, 4, out));
    return soma_onnx_compose_turned(node, out, (const int64_t[]){0, 2, 1, 3}, out);
}

/* Behind those of an earlier run. */
static soma_status join_earlier(soma_onnx_node *node, soma_onnx_value *earlier, soma_onnx_value *x) {
    soma_onnx_made made;
    if (!earlier) return SOMA_OK;
    if (earlier->shape.rank != 4)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions; it must have 4", earlier->name,
                          earlier->shape.rank);
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", 2);
    return SOMA_ONNX_COMPOSE(node, Concat, &made, x, earlier, x);
}

/* Heads of keys, each for all queries that share it. */
static soma_status repeat_heads(const written *w, soma_onnx_value *x) {
    const uint32_t heads = w->params->heads, group = heads / w->params->key_heads;
    soma_onnx_made made;
    double *place = NULL;
    if (group == 1) return SOMA_OK;
    if (heads > SOMA_MOST_PIECES)
        return soma_error(SOMA_UNSUPPORTED, "%u heads of queries for %u of keys; at most %d can share such", heads,
                          w->params->key_heads, SOMA_MOST_PIECES);
    SOMA_TRY(soma_onnx_make(w->node, heads, &place));
    for (uint32_t i = 0; i < heads; i++) {
        const uint32_t of_keys = i / group;
        place[i] = of_keys;
    }
    soma_onnx_value list = {
        .constant = true, .integer = true, .name = w->node->output.name, .shape = {.rank = 1, .dim = {heads}}};
    list.elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
                                         .rank = 1,
                                         .dim = {heads},
                                         .count = heads,
                                         .made = true,
                                         .doubles = place};
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", 1);
    return SOMA_ONNX_COMPOSE(w->node, Gather, &made, x, x, &list);
}

static soma_status times(soma_onnx_node *node, soma_onnx_value *x, double factor) {
    soma_onnx_value number;
    SOMA_TRY(soma_onnx_compose_number(node, factor, &number));
    return SOMA_ONNX_COMPOSE(node, Mul, NULL, x, x, &number);
}

static soma_status make_scores(written *w, soma_onnx_value *scores) {
    soma_onnx_node *node = w->node;
    soma_onnx_value q = w->q, k = w->k;
    float softcap;
    SOMA_TRY(soma_onnx_get_float(node, "softcap", 0, &softcap));
    SOMA_TRY(repeat_heads(w, &k));
    SOMA_TRY(soma_onnx_compose_turned(node, &k, (const int64_t[]){0, 1, 3, 2}, &k));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, scores, &q, &k));
    SOMA_TRY(times(node, scores, (double)w->params->scale));
    note(w, AS_THEY_COME, scores);
    if (softcap > 0) {
        SOMA_TRY(times(node, scores, 1 / (double)softcap));
        SOMA_TRY(soma_onnx_compose(node, &soma_onnx_functions[SOMA_TANH], NULL, &scores, 1, scores));
        SOMA_TRY(times(node, scores, (double)softcap));
    }
    note(w, BOUNDED, scores);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------- what is added to scores
 */

/* Which keys a step sees by their places alone: 0, else -infinity. */
static soma_status places(const written *w, soma_onnx_value *bias) {
    const size_t shape[] = {w->steps, w->keys};
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(w->node, w->steps * w->keys, &numbers));
    for (size_t i = 0; i < w->steps; i++)
        for (size_t j = 0; j < w->keys; j++) {
            const int64_t ahead = (int64_t)j - (int64_t)(i + w->earlier);
            const bool seen = !(w->params->causal && ahead > 0) && (w->left < 0 || -ahead <= w->left) &&
                              (w->right < 0 || ahead <= w->right);
            numbers[i * w->keys + j] = seen ? 0 : -(double)INFINITY;
        }
    return soma_onnx_compose_numbers(w->node, ".places", 2, shape, numbers, bias);
}

/* Truth that is known becomes 0 and -infinity. */
static soma_status known_mask(soma_onnx_node *node, const soma_onnx_value *mask, soma_onnx_value *bias, bool *hides) {
    const size_t count = soma_onnx_count(&mask->shape, 0, mask->shape.rank);
    soma_onnx_reader reader;
    double *numbers = NULL;
    if (mask->shape.rank > SOMA_MAX_RANK || mask->elements.open || count == 0)
        return soma_error(SOMA_UNSUPPORTED, "%s is a mask of %u dimensions", mask->name, mask->shape.rank);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &mask->elements, &reader));
    *hides = false;
    for (size_t i = 0; i < count; i++) {
        const double number = soma_onnx_read(&reader, mask->elements.equal ? 0 : i);
        numbers[i] = !mask->integer ? number : number != 0 ? 0 : -(double)INFINITY;
        *hides |= isinf(numbers[i]) && numbers[i] < 0;
    }
    soma_onnx_reader_close(&reader);
    return soma_onnx_compose_numbers(node, ".mask", mask->shape.rank, mask->shape.dim, numbers, bias);
}

static soma_status make_mask(const written *w, soma_onnx_value *bias, bool *hides) {
    soma_onnx_node *node = w->node;
    soma_onnx_value *mask = node->input[MASK], seen, hidden;
    if (mask->shape.rank == 0 || mask->shape.dim[mask->shape.rank - 1] > w->keys)
        return soma_error(SOMA_INVALID_SHAPE, "%s is a mask of more keys than the %zu that there are", mask->name,
                          w->keys);
    int64_t finite; /* which no file says: it is no attribute of ONNX's */
    SOMA_TRY(soma_onnx_get_integer(node, SOMA_ONNX_FINITE_MASK, 0, &finite));
    *hides = !finite;
    if (mask->constant && !(mask->trained && !mask->integer)) return known_mask(node, mask, bias, hides);
    if (!mask->integer) return *bias = *mask, SOMA_OK;
    SOMA_TRY(soma_onnx_compose_number(node, 0, &seen));
    SOMA_TRY(soma_onnx_compose_number(node, -(double)INFINITY, &hidden));
    return SOMA_ONNX_COMPOSE(node, Where, NULL, bias, mask, &seen, &hidden);
}

/* Keys behind those that the mask has are hidden. */
static soma_status widen(const written *w, soma_onnx_value *bias, bool *hides) {
    soma_onnx_node *node = w->node;
    const uint32_t rank = bias->shape.rank;
    int64_t pads[2 * SOMA_ONNX_MAX_RANK] = {0};
    soma_onnx_value list, hidden;
    soma_onnx_made none;
    if (bias->shape.dim[rank - 1] == w->keys) return SOMA_OK;
    pads[2 * rank - 1] = (int64_t)(w->keys - bias->shape.dim[rank - 1]);
    *hides = true;
    soma_onnx_begin_made(&none);
    SOMA_TRY(soma_onnx_compose_list(node, pads, (size_t)2 * rank, &list));
    SOMA_TRY(soma_onnx_compose_number(node, -(double)INFINITY, &hidden));
    return SOMA_ONNX_COMPOSE(node, Pad, &none, bias, bias, &list, &hidden);
}

/* 1 where these numbers, of this shape [.., steps, keys], less the lengths, are above a bound. */
static soma_status above(const written *w, const soma_onnx_value *numbers, double bound, bool below,
                         soma_onnx_value *hidden, bool *any) {
    soma_onnx_node *node = w->node;
    soma_onnx_value length = w->lengths, given = *numbers, difference, limit, y;
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Sub, NULL, &difference, &given, &length));
    SOMA_TRY(soma_onnx_compose_number(node, bound, &limit));
    if (below)
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Less, NULL, &y, &difference, &limit));
    else
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Greater, NULL, &y, &difference, &limit));
    if (*any)
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Or, NULL, hidden, hidden, &y));
    else
        *hidden = y;
    *any = true;
    return SOMA_OK;
}

/* Which keys a step sees where each sample has a number of them, the last of which is that of the last step. */
static soma_status places_by_length(const written *w, soma_onnx_value *bias) {
    soma_onnx_node *node = w->node;
    double *key = NULL, *ahead = NULL;
    soma_onnx_value keys, from_end, hidden, none, no;
    bool any = false;
    SOMA_TRY(soma_onnx_make(node, w->keys, &key));
    SOMA_TRY(soma_onnx_make(node, w->steps * w->keys, &ahead));
    for (size_t j = 0; j < w->keys; j++) key[j] = (double)j;
    for (size_t step = 0; step < w->steps; step++)
        for (size_t j = 0; j < w->keys; j++) ahead[step * w->keys + j] = (double)j + (double)w->steps - (double)step;
    SOMA_TRY(soma_onnx_compose_numbers(node, ".keys", 4, (const size_t[]){1, 1, 1, w->keys}, key, &keys));
    SOMA_TRY(soma_onnx_compose_numbers(node, ".ahead", 4, (const size_t[]){1, 1, w->steps, w->keys}, ahead, &from_end));
    SOMA_TRY(above(w, &keys, -0.5, false, &hidden, &any));
    if (w->params->causal) SOMA_TRY(above(w, &from_end, 0.5, false, &hidden, &any));
    if (w->left >= 0) SOMA_TRY(above(w, &from_end, -(double)w->left - 0.5, true, &hidden, &any));
    if (w->right >= 0) SOMA_TRY(above(w, &from_end, (double)w->right + 0.5, false, &hidden, &any));
    SOMA_TRY(soma_onnx_compose_number(node, -(double)INFINITY, &no));
    SOMA_TRY(soma_onnx_compose_number(node, 0, &none));
    return SOMA_ONNX_COMPOSE(node, Where, NULL, bias, &hidden, &no, &none);
}

/* *any: there is something to add; *hides: it may hide all keys of a step. */
static soma_status make_bias(const written *w, soma_onnx_value *bias, bool *any, bool *hides) {
    const bool counted = soma_onnx_optional(w->node, LENGTHS);
    const bool by_place = counted || w->params->causal || w->left >= 0 || w->right >= 0;
    soma_onnx_value mask;
    *hides = counted;
    *any = by_place || soma_onnx_optional(w->node, MASK);
    if (by_place) SOMA_TRY(counted ? places_by_length(w, bias) : places(w, bias));
    if (!soma_onnx_optional(w->node, MASK)) return SOMA_OK;
    SOMA_TRY(make_mask(w, by_place ? &mask : bias, hides));
    SOMA_TRY(widen(w, by_place ? &mask : bias, hides));
    *hides |= counted;
    return by_place ? SOMA_ONNX_COMPOSE(w->node, Add, NULL, bias, &mask, bias) : SOMA_OK;
}

/* Nothing where all keys are hidden. */
static soma_status keep_seen(soma_onnx_node *node, soma_onnx_value *bias, soma_onnx_value *weights) {
    soma_onnx_value axis, least, none, any;
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "keepdims", 1);
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){-1}, 1, &axis));
    SOMA_TRY(soma_onnx_compose_number(node, -(double)FLT_MAX, &least));
    SOMA_TRY(soma_onnx_compose_number(node, 0, &none));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, ReduceMax, &made, &any, bias, &axis));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, GreaterOrEqual, NULL, &any, &any, &least));
    return SOMA_ONNX_COMPOSE(node, Where, NULL, weights, &any, weights, &none);
}

/* ---------------------------------------------------------------------------------------------------------- all of it
 */

static soma_status attend(written *w, soma_onnx_value *y) {
    soma_onnx_node *node = w->node;
    soma_onnx_value scores, bias, v = w->v;
    soma_onnx_made made;
    bool any = false, hides = false;
    SOMA_TRY(make_scores(w, &scores));
    SOMA_TRY(make_bias(w, &bias, &any, &hides));
    if (any) SOMA_TRY(SOMA_ONNX_COMPOSE(node, Add, NULL, &scores, &scores, &bias));
    note(w, WITH_MASK, &scores);
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", -1);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Softmax, &made, &scores, &scores));
    if (hides) SOMA_TRY(keep_seen(node, &bias, &scores));
    note(w, WEIGHTS, &scores);
    if (w->wanted >= 0) return SOMA_OK;
    SOMA_TRY(repeat_heads(w, &v));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, y, &scores, &v));
    if (node->input[Q]->shape.rank == 4) return SOMA_OK;
    const int64_t shape[] = {0, (int64_t)w->steps, (int64_t)(v.shape.dim[3] * w->params->heads)};
    SOMA_TRY(soma_onnx_compose_turned(node, y, (const int64_t[]){0, 2, 1, 3}, y));
    return soma_onnx_compose_reshaped(node, y, shape, 3, y);
}

static soma_status get_lengths(written *w) {
    soma_onnx_node *node = w->node;
    soma_onnx_value *given = soma_onnx_optional(node, LENGTHS);
    soma_onnx_made to;
    if (!given) return SOMA_OK;
    if (soma_onnx_optional(node, PAST_KEY))
        return soma_error(SOMA_INVALID_FILE, "%s and keys of an earlier run are given", given->name);
    if (given->shape.rank != 1 || !given->integer)
        return soma_error(SOMA_INVALID_SHAPE, "%s must be whole numbers, [batch], how many keys each sample has",
                          given->name);
    soma_onnx_begin_made(&to);
    soma_onnx_made_integer(&to, "to", SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &to, &w->lengths, given));
    return soma_onnx_compose_reshaped(node, &w->lengths, (const int64_t[]){0, 1, 1, 1}, 4, &w->lengths);
}

static soma_status get_wanted(written *w) {
    w->wanted = -1;
    if (w->node->number < 3) return SOMA_OK;
    SOMA_TRY(soma_onnx_get_integer(w->node, "qk_matmul_output_mode", 0, &w->wanted));
    if (w->wanted >= AS_THEY_COME && w->wanted <= WEIGHTS) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "attribute qk_matmul_output_mode is %lld; it must be from 0 to 3",
                      (long long)w->wanted);
}

soma_status soma_onnx_give_written_attention(soma_onnx_node *node, const soma_attention_params *params) {
    written w = {.node = node, .params = params};
    soma_onnx_value y, *earlier = soma_onnx_optional(node, PAST_KEY);
    SOMA_TRY(get_lengths(&w));
    SOMA_TRY(get_wanted(&w));
    if (!earlier != !soma_onnx_optional(node, PAST_VALUE))
        return soma_error(SOMA_INVALID_FILE, "of keys and values of an earlier run one alone is given");
    SOMA_TRY(soma_onnx_get_integer(node, "left_window_size", -1, &w.left));
    SOMA_TRY(soma_onnx_get_integer(node, "right_window_size", -1, &w.right));
    SOMA_TRY(in_heads(node, node->input[Q], params->heads, &w.q));
    SOMA_TRY(in_heads(node, node->input[K], params->key_heads, &w.k));
    SOMA_TRY(in_heads(node, node->input[V], params->key_heads, &w.v));
    SOMA_TRY(join_earlier(node, earlier, &w.k));
    SOMA_TRY(join_earlier(node, soma_onnx_optional(node, PAST_VALUE), &w.v));
    w.steps = w.q.shape.dim[2];
    w.keys = w.k.shape.dim[2];
    w.earlier = earlier ? earlier->shape.dim[2] : 0;
    if (node->number == 1) return soma_onnx_pass(node, &w.k);
    if (node->number == 2) return soma_onnx_pass(node, &w.v);
    SOMA_TRY(attend(&w, &y));
    return soma_onnx_pass(node, w.wanted >= 0 ? &w.asked : &y);
}
