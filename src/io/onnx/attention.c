/* SPDX-License-Identifier: MIT */
/*
 * Attention. ONNX takes the heads beside each other, [batch, steps, heads w], as soma does, or as a dimension before
 * the steps, [batch, heads, steps, w].
 */
#include "io/onnx/family.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { Q, K, V, MASK, PAST_KEY, PAST_VALUE, LENGTHS }; /* inputs */

/* A node as it is read. */
typedef struct attention {
    soma_onnx_node *node;
    bool apart; /* the heads are a dimension of their own */
    size_t steps, keys, width, value_width;
    soma_attention_params params;
    soma_tensor *mask;
} attention;

static bool is_given(const soma_onnx_node *node, uint32_t input) {
    return input < node->input_count && node->input[input];
}

/* Nothing is given that the op of a network has no place for. */
static soma_status look_for_more(const soma_onnx_node *node, bool *more) {
    const soma_onnx_shape *q = &node->input[Q]->shape;
    int64_t left, right;
    float softcap;
    SOMA_TRY(soma_onnx_get_float(node, "softcap", 0, &softcap));
    SOMA_TRY(soma_onnx_get_integer(node, "left_window_size", -1, &left));
    SOMA_TRY(soma_onnx_get_integer(node, "right_window_size", -1, &right));
    *more = softcap != 0 || left >= 0 || right >= 0 || node->number > 0;
    *more |= node->importer->whole && q->dim[0] != 1;
    for (uint32_t i = PAST_KEY; i <= LENGTHS; i++) *more |= is_given(node, i);
    for (uint32_t i = Q; i <= V; i++) *more |= !node->input[i]->shape.batched;
    return SOMA_OK;
}

static soma_status check_input(const soma_onnx_node *node, uint32_t input, uint32_t rank) {
    const soma_onnx_value *value = node->input[input];
    const soma_onnx_shape *shape = &value->shape;
    if (value->integer) return soma_error(SOMA_UNSUPPORTED, "%s must be numbers that are not whole", value->name);
    if (shape->rank != rank || rank < 3 || rank > 4)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions; queries, keys and values have 3, or all 4",
                          value->name, shape->rank);
    return SOMA_OK;
}

/* Heads: attributes where they are no dimension. */
static soma_status get_heads(attention *a) {
    const soma_onnx_node *node = a->node;
    const soma_onnx_shape *q = &node->input[Q]->shape, *k = &node->input[K]->shape, *v = &node->input[V]->shape;
    int64_t heads, key_heads;
    SOMA_TRY(soma_onnx_get_integer(node, "q_num_heads", a->apart ? (int64_t)q->dim[1] : 0, &heads));
    SOMA_TRY(soma_onnx_get_integer(node, "kv_num_heads", a->apart ? (int64_t)k->dim[1] : 0, &key_heads));
    if (a->apart) {
        heads = (int64_t)q->dim[1];
        key_heads = (int64_t)k->dim[1];
    }
    const uint32_t last = a->apart ? 3 : 2;
    const size_t divisor = a->apart ? 1 : (size_t)SOMA_MAX(heads, 1);
    const size_t key_divisor = a->apart ? 1 : (size_t)SOMA_MAX(key_heads, 1);
    if (heads < 1 || key_heads < 1 || heads > UINT32_MAX || heads % key_heads)
        return soma_error(SOMA_INVALID_FILE,
                          "%lld heads of queries and %lld of keys; at least one, and a multiple of those of the keys, "
                          "is needed",
                          (long long)heads, (long long)key_heads);
    a->params.heads = (uint32_t)heads;
    a->params.key_heads = (uint32_t)key_heads;
    a->steps = q->dim[last - 1];
    a->keys = k->dim[last - 1];
    a->width = q->dim[last] / divisor;
    a->value_width = v->dim[last] / key_divisor;
    if (q->dim[last] % divisor == 0 && v->dim[last] % key_divisor == 0 && k->dim[last] == a->width * key_divisor &&
        v->dim[last - 1] == a->keys && (!a->apart || v->dim[1] == k->dim[1]))
        return SOMA_OK;
    return soma_error(
        SOMA_INVALID_SHAPE,
        "queries of %zu numbers in %lld heads, keys of %zu and values of %zu in %lld do not fit each other",
        q->dim[last], (long long)heads, k->dim[last], v->dim[last], (long long)key_heads);
}

/* [steps, keys], the same for all samples and heads: what comes before is 1. */
static bool is_of_steps(const attention *a, const soma_onnx_shape *mask) {
    const uint32_t rank = mask->rank;
    if (rank == 0 || mask->dim[rank - 1] != a->keys) return false;
    if ((rank > 1 ? mask->dim[rank - 2] : 1) != a->steps) return false;
    return soma_onnx_count(mask, 0, rank) == a->steps * a->keys;
}

/* What a constant mask says of a step and a key: numbers are added to the scores, truth says what is seen. *fits: all
 * are seen, or those up to the step's own. */
static soma_status read_mask(const attention *a, const soma_onnx_value *mask, bool *causal, bool *fits) {
    const bool truth = mask->integer;
    soma_onnx_reader reader;
    bool all = true, lower = true;
    *fits = mask->constant && !mask->elements.open && is_of_steps(a, &mask->shape);
    if (!*fits) return SOMA_OK;
    SOMA_TRY(soma_onnx_reader_open(a->node->importer->file, &mask->elements, &reader));
    for (size_t i = 0; i < a->steps * a->keys; i++) {
        const double number = soma_onnx_read(&reader, mask->elements.equal ? 0 : i);
        /* Less than that leaves nothing of a weight. */
        const bool seen = truth ? number != 0 : number == 0, hidden = truth ? number == 0 : number <= -1e4;
        all &= seen;
        lower &= i % a->keys <= i / a->keys ? seen : hidden;
    }
    soma_onnx_reader_close(&reader);
    *causal |= lower && !all;
    *fits = all || lower;
    return SOMA_OK;
}

static soma_status get_mask(attention *a, bool *fits) {
    soma_onnx_node *node = a->node;
    *fits = true;
    if (!is_given(node, MASK)) return SOMA_OK;
    soma_onnx_value *mask = node->input[MASK];
    const soma_tensor keys = {.batched = true, .rank = 1, .shape = {a->keys}};
    if (!mask->shape.batched) return read_mask(a, mask, &a->params.causal, fits);
    const uint32_t first = soma_onnx_first(node->importer, &mask->shape);
    /* Of fewer dimensions the first is not that of samples: they are aligned from the right. */
    *fits = mask->integer && mask->shape.rank == 4 &&
            soma_onnx_count(&mask->shape, first, mask->shape.rank) == a->keys &&
            mask->shape.dim[mask->shape.rank - 1] == a->keys;
    if (!*fits) return SOMA_OK;
    SOMA_TRY(soma_onnx_samples(node, mask, &a->mask));
    return soma_graph_reshape(a->mask->graph, a->mask, &keys, &a->mask);
}

/* An input as [steps, heads width]. */
static soma_status get_rows(const attention *a, uint32_t input, soma_tensor **x) {
    const soma_onnx_shape *shape = &a->node->input[input]->shape;
    SOMA_TRY(soma_onnx_samples(a->node, a->node->input[input], x));
    soma_tensor like = {.batched = true, .rank = 2, .shape = {shape->dim[1], shape->dim[2]}};
    if (!a->apart) return soma_graph_reshape((*x)->graph, *x, &like, x);
    like = (soma_tensor){.batched = true, .rank = 3, .shape = {shape->dim[1], shape->dim[2], shape->dim[3]}};
    SOMA_TRY(soma_graph_reshape((*x)->graph, *x, &like, x));
    SOMA_TRY(soma_graph_transpose((*x)->graph, *x, (const uint32_t[]){0, 2, 1, 3}, x));
    like = (soma_tensor){.batched = true, .rank = 2, .shape = {shape->dim[2], shape->dim[1] * shape->dim[3]}};
    return soma_graph_reshape((*x)->graph, *x, &like, x);
}

static soma_status give_rows(const attention *a, soma_tensor *y) {
    soma_onnx_shape out = a->node->input[Q]->shape;
    if (!a->apart) {
        out.dim[2] = y->shape[1];
        return soma_onnx_give(a->node, y, &out);
    }
    out.dim[3] = a->value_width;
    const soma_tensor like = {.batched = true, .rank = 3, .shape = {a->steps, a->params.heads, a->value_width}};
    SOMA_TRY(soma_graph_reshape(y->graph, y, &like, &y));
    SOMA_TRY(soma_graph_transpose(y->graph, y, (const uint32_t[]){0, 2, 1, 3}, &y));
    return soma_onnx_give(a->node, y, &out);
}

static soma_status import_attention(soma_onnx_node *node) {
    attention a = {.node = node, .apart = node->input[Q]->shape.rank == 4};
    soma_tensor *input[4], *y;
    int64_t causal;
    bool more, fits = false;
    for (uint32_t i = Q; i <= V; i++) SOMA_TRY(check_input(node, i, node->input[Q]->shape.rank));
    SOMA_TRY(get_heads(&a));
    SOMA_TRY(soma_onnx_get_integer(node, "is_causal", 0, &causal));
    a.params.causal = causal != 0;
    SOMA_TRY(
        soma_onnx_get_float(node, "scale", (float)(1.0 / sqrt((double)SOMA_MAX(a.width, (size_t)1))), &a.params.scale));
    SOMA_TRY(look_for_more(node, &more));
    const soma_attention_params params = a.params;
    if (!more) SOMA_TRY(get_mask(&a, &fits));
    if (!fits) return soma_onnx_give_written_attention(node, &params);
    for (uint32_t i = Q; i <= V; i++) SOMA_TRY(get_rows(&a, i, &input[i]));
    input[MASK] = a.mask;
    const soma_tensor_spec spec = {.op = SOMA_OP_ATTENTION,
                                   .input_count = a.mask ? 4 : 3,
                                   .input = input,
                                   .attributes = {.attention = {a.params, a.mask != NULL}}};
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return give_rows(&a, y);
}

SOMA_ONNX_SEVERAL(Attention, 23, 3, 7,
                  "is_causal kv_num_heads left_window_size q_num_heads qk_matmul_output_mode right_window_size scale "
                  "softcap softmax_precision",
                  import_attention, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

enum { TRUTH = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL };

/* [batch, keys] as the truth of [batch, 1, 1, keys]. */
static soma_onnx_name put_mask(soma_onnx_exporter *exporter, const soma_tensor *mask) {
    const soma_onnx_name apart = soma_onnx_temporary(exporter), truth = soma_onnx_temporary(exporter);
    soma_onnx_put_reshaped(exporter, apart.text, soma_onnx_name_of(exporter, mask),
                           (const int64_t[]){0, 1, 1, (int64_t)mask->shape[0]}, 4);
    const size_t opened = soma_onnx_begin_node(exporter, "Cast", truth.text, (const char *const[]){apart.text, NULL});
    soma_onnx_put_attribute_integer(exporter, "to", TRUTH);
    soma_onnx_end_node(exporter, opened);
    return truth;
}

soma_status soma_onnx_export_attention(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_attention_params *params = &tensor->attributes.attention.params;
    const bool masked = tensor->attributes.attention.masked;
    soma_onnx_name mask = {{0}}, input[3];
    if (masked && tensor->input[MASK]->rank != 1)
        return soma_error(SOMA_UNSUPPORTED, "attention with a mask that is added to the scores; accepted is one that "
                                            "says which keys there are, [batch, keys]");
    if (!soma_onnx_may_need(exporter, soma_onnx_row_Attention.since))
        return soma_onnx_put_attention_parts(exporter, tensor);
    if (masked) mask = put_mask(exporter, tensor->input[MASK]);
    for (uint32_t i = Q; i <= V; i++)
        memcpy(input[i].text, soma_onnx_name_of(exporter, tensor->input[i]), sizeof input[i].text);
    const size_t opened = soma_onnx_begin_node(
        exporter, soma_onnx_row_Attention.name, soma_onnx_name_of(exporter, tensor),
        (const char *const[]){input[Q].text, input[K].text, input[V].text, masked ? mask.text : NULL, NULL});
    soma_onnx_put_attribute_integer(exporter, "q_num_heads", params->heads);
    soma_onnx_put_attribute_integer(exporter, "kv_num_heads", params->key_heads);
    soma_onnx_put_attribute_integer(exporter, "is_causal", params->causal);
    soma_onnx_put_attribute_float(exporter, "scale", params->scale);
    soma_onnx_end_node(exporter, opened);
    soma_onnx_need_opset(exporter, soma_onnx_row_Attention.since);
    return SOMA_OK;
}
