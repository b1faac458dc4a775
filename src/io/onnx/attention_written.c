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
} written;

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

static soma_status make_scores(const written *w, soma_onnx_value *scores) {
    soma_onnx_node *node = w->node;
    soma_onnx_value q = w->q, k = w->k;
    float softcap;
    SOMA_TRY(soma_onnx_get_float(node, "softcap", 0, &softcap));
    SOMA_TRY(repeat_heads(w, &k));
    SOMA_TRY(soma_onnx_compose_turned(node, &k, (const int64_t[]){0, 1, 3, 2}, &k));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, scores, &q, &k));
    SOMA_TRY(times(node, scores, (double)w->params->scale));
    if (!(softcap > 0)) return SOMA_OK;
    SOMA_TRY(times(node, scores, 1 / (double)softcap));
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_functions[SOMA_TANH], NULL, &scores, 1, scores));
    return times(node, scores, (double)softcap);
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
    if (mask->shape.rank == 0 || mask->shape.dim[mask->shape.rank - 1] < w->keys)
        return soma_error(SOMA_UNSUPPORTED, "%s is a mask of fewer keys than the %zu that there are", mask->name,
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

/* *any: there is something to add; *hides: it may hide all keys of a step. */
static soma_status make_bias(const written *w, soma_onnx_value *bias, bool *any, bool *hides) {
    const bool by_place = w->params->causal || w->left >= 0 || w->right >= 0;
    soma_onnx_value mask;
    *hides = false;
    *any = by_place || soma_onnx_optional(w->node, MASK);
    if (by_place) SOMA_TRY(places(w, bias));
    if (!soma_onnx_optional(w->node, MASK)) return SOMA_OK;
    SOMA_TRY(make_mask(w, by_place ? &mask : bias, hides));
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
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", -1);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Softmax, &made, &scores, &scores));
    if (hides) SOMA_TRY(keep_seen(node, &bias, &scores));
    SOMA_TRY(repeat_heads(w, &v));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, y, &scores, &v));
    if (node->input[Q]->shape.rank == 4) return SOMA_OK;
    const int64_t shape[] = {0, (int64_t)w->steps, (int64_t)(v.shape.dim[3] * w->params->heads)};
    SOMA_TRY(soma_onnx_compose_turned(node, y, (const int64_t[]){0, 2, 1, 3}, y));
    return soma_onnx_compose_reshaped(node, y, shape, 3, y);
}

soma_status soma_onnx_give_written_attention(soma_onnx_node *node, const soma_attention_params *params) {
    written w = {.node = node, .params = params};
    soma_onnx_value y, *earlier = soma_onnx_optional(node, PAST_KEY);
    if (soma_onnx_optional(node, LENGTHS))
        return soma_error(SOMA_UNSUPPORTED, "%s is given: lengths of keys", node->input[LENGTHS]->name);
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
    return soma_onnx_pass(node, &y);
}
