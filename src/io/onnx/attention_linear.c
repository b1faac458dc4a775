/* SPDX-License-Identifier: MIT */
/*
 * LinearAttention: a matrix of each head takes up a key and a value at a time, and a query reads it. Each step is
 * written out, as those of loops are.
 */
#include "io/onnx/compose.h"

#include <math.h>

enum { Q, K, V, PAST, DECAY, BETA }; /* inputs */

enum { MOST_STEPS = 1024 };

#define PAIR(op, x, y, out) SOMA_TRY(SOMA_ONNX_COMPOSE(node, op, NULL, out, x, y))

/* A node as it is read. */
typedef struct linear {
    soma_onnx_node *node;
    bool gated, corrected; /* by decay, by beta */
    int64_t heads, key_heads, width, value_width;
    size_t steps;
    soma_onnx_value decay; /* e to the power of it */
    soma_onnx_value state; /* [batch, key heads, width, value width] */
    bool begun;            /* there is one */
} linear;

static soma_status get_rule(linear *l) {
    static const struct {
        const char *name;
        bool gated, corrected;
    } rules[] = {{"gated_delta", true, true}, {"linear", false, false}, {"gated", true, false}, {"delta", false, true}};
    const soma_onnx_node *node = l->node;
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(node, "update_rule");
    size_t at = 0;
    while (given && at < SOMA_COUNT_OF(rules) && !soma_onnx_is_text(given, rules[at].name)) at++;
    if (at == SOMA_COUNT_OF(rules))
        return soma_error(SOMA_UNSUPPORTED, "attribute update_rule is none of linear, gated, delta and gated_delta");
    l->gated = rules[at].gated;
    l->corrected = rules[at].corrected;
    if (l->gated == !!soma_onnx_optional(node, DECAY) && l->corrected == !!soma_onnx_optional(node, BETA))
        return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "update_rule %s takes %s decay and %s beta", rules[at].name,
                      l->gated ? "a" : "no", l->corrected ? "a" : "no");
}

/* [batch, steps, heads times one of two widths]; 0 is none. */
static soma_status check_rows(const linear *l, uint32_t input, int64_t width, int64_t other) {
    const soma_onnx_value *x = soma_onnx_optional(l->node, input);
    if (!x) return SOMA_OK;
    if (x->shape.rank == 3 && x->shape.dim[1] == l->steps &&
        (x->shape.dim[2] == (size_t)width || (other && x->shape.dim[2] == (size_t)other)))
        return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE,
                      "%s must be [batch, steps, width] with %zu steps and a width of %lld%s, and has %u dimensions",
                      x->name, l->steps, (long long)width, other ? " or another one" : "", x->shape.rank);
}

static soma_status get_sizes(linear *l) {
    const soma_onnx_node *node = l->node;
    const soma_onnx_shape *q = &node->input[Q]->shape, *v = &node->input[V]->shape;
    SOMA_TRY(soma_onnx_get_integer(node, "q_num_heads", 0, &l->heads));
    SOMA_TRY(soma_onnx_get_integer(node, "kv_num_heads", 0, &l->key_heads));
    if (l->heads < 1 || l->key_heads < 1 || l->heads % l->key_heads || q->rank != 3 || v->rank != 3 || q->dim[2] == 0 ||
        v->dim[2] == 0 || q->dim[2] % (size_t)l->heads || v->dim[2] % (size_t)l->key_heads)
        return soma_error(SOMA_INVALID_FILE,
                          "%lld heads of queries and %lld of keys; a multiple of those of the keys, and widths of 3 "
                          "dimensions that are multiples of them, are taken",
                          (long long)l->heads, (long long)l->key_heads);
    l->steps = q->dim[1];
    l->width = (int64_t)(q->dim[2] / (size_t)l->heads);
    l->value_width = (int64_t)(v->dim[2] / (size_t)l->key_heads);
    if (l->steps == 0 || l->steps > MOST_STEPS)
        return soma_error(SOMA_UNSUPPORTED, "%zu steps; from one to %d are possible", l->steps, MOST_STEPS);
    SOMA_TRY(check_rows(l, K, l->key_heads * l->width, 0));
    SOMA_TRY(check_rows(l, V, l->key_heads * l->value_width, 0));
    SOMA_TRY(check_rows(l, DECAY, l->key_heads * l->width, l->key_heads));
    return check_rows(l, BETA, l->key_heads, 1);
}

/* Of a step, cut into [batch, heads, rows, columns]. */
static soma_status step_of(const linear *l, soma_onnx_value *x, size_t step, int64_t heads, int64_t rows,
                           int64_t columns, soma_onnx_value *out) {
    SOMA_TRY(soma_onnx_compose_part(l->node, x, 1, step, 1, out));
    return soma_onnx_compose_reshaped(l->node, out, (const int64_t[]){0, heads, rows, columns}, 4, out);
}

static soma_status fade(linear *l, size_t step) {
    soma_onnx_node *node = l->node;
    const int64_t rows = (int64_t)l->decay.shape.dim[2] / l->key_heads;
    soma_onnx_value factor;
    if (!l->gated || !l->begun) return SOMA_OK;
    SOMA_TRY(step_of(l, &l->decay, step, l->key_heads, rows, 1, &factor));
    PAIR(Mul, &l->state, &factor, &l->state);
    return SOMA_OK;
}

/* What is written of the value: what the state does not have yet for the key. */
static soma_status correct(linear *l, size_t step, soma_onnx_value *value) {
    soma_onnx_node *node = l->node;
    soma_onnx_value key, known, beta;
    if (!l->corrected) return SOMA_OK;
    if (l->begun) {
        SOMA_TRY(step_of(l, node->input[K], step, l->key_heads, 1, l->width, &key));
        PAIR(MatMul, &key, &l->state, &known);
        PAIR(Sub, value, &known, value);
    }
    const int64_t heads = (int64_t)node->input[BETA]->shape.dim[2];
    SOMA_TRY(step_of(l, node->input[BETA], step, heads, 1, 1, &beta));
    PAIR(Mul, value, &beta, value);
    return SOMA_OK;
}

/* The state takes up the step's key and value, and the query reads it: [batch, 1, heads value width]. */
static soma_status go_on(linear *l, size_t step, soma_onnx_value *y) {
    soma_onnx_node *node = l->node;
    soma_onnx_value q, key, value, change;
    SOMA_TRY(fade(l, step));
    SOMA_TRY(step_of(l, node->input[V], step, l->key_heads, 1, l->value_width, &value));
    SOMA_TRY(correct(l, step, &value));
    SOMA_TRY(step_of(l, node->input[K], step, l->key_heads, l->width, 1, &key));
    PAIR(Mul, &key, &value, &change);
    if (l->begun)
        PAIR(Add, &l->state, &change, &l->state);
    else
        l->state = change;
    l->begun = true;
    SOMA_TRY(step_of(l, node->input[Q], step, l->key_heads, l->heads / l->key_heads, l->width, &q));
    PAIR(MatMul, &q, &l->state, y);
    return soma_onnx_compose_reshaped(node, y, (const int64_t[]){0, 1, l->heads * l->value_width}, 3, y);
}

static soma_status go_through(linear *l, soma_tensor **parts, soma_tensor **y) {
    soma_onnx_node *node = l->node;
    const uint32_t kept = 1 - soma_onnx_first(node->importer, &node->input[Q]->shape);
    float scale;
    SOMA_TRY(soma_onnx_get_float(node, "scale", 0, &scale));
    if (scale == 0) scale = (float)(1.0 / sqrt((double)l->width));
    for (size_t step = 0; step < l->steps; step++) {
        soma_onnx_value part;
        SOMA_TRY(go_on(l, step, &part));
        SOMA_TRY(soma_onnx_tensor(node, &part, &parts[step]));
    }
    SOMA_TRY(soma_onnx_tensor(node, &l->state, &node->kept[0]));
    SOMA_TRY(soma_graph_join(parts, l->steps, (parts[0]->batched ? 1 : 0) + kept, y));
    return soma_onnx_function(node, *y, SOMA_LINEAR, scale, 0, y);
}

static soma_status begin(linear *l) {
    soma_onnx_node *node = l->node;
    soma_onnx_value *past = soma_onnx_optional(node, PAST);
    SOMA_TRY(get_rule(l));
    SOMA_TRY(get_sizes(l));
    if (l->gated) SOMA_TRY(soma_onnx_compose_function(node, node->input[DECAY], SOMA_EXP, &l->decay));
    if (!past) return SOMA_OK;
    if (past->shape.rank != 4 || past->shape.dim[1] != (size_t)l->key_heads || past->shape.dim[2] != (size_t)l->width ||
        past->shape.dim[3] != (size_t)l->value_width)
        return soma_error(SOMA_INVALID_SHAPE, "%s must be [batch, %lld, %lld, %lld]", past->name,
                          (long long)l->key_heads, (long long)l->width, (long long)l->value_width);
    l->state = *past;
    l->begun = true;
    return SOMA_OK;
}

static soma_status import_linear(soma_onnx_node *node) {
    linear l = {.node = node};
    soma_tensor *y = NULL;
    SOMA_TRY(begin(&l));
    soma_onnx_shape out = node->input[Q]->shape, state = out;
    for (uint32_t i = Q; i <= V; i++)
        if (!node->input[i]->shape.batched)
            return soma_error(SOMA_UNSUPPORTED, "%s does not depend on an input", node->input[i]->name);
    if (!node->kept[0]) {
        soma_tensor **parts = soma_calloc(l.steps, sizeof(soma_tensor *));
        if (!parts) return soma_out_of_memory(l.steps * sizeof *parts, node->output.name);
        soma_status status = go_through(&l, parts, &y);
        soma_free(parts);
        SOMA_TRY(status);
    }
    out.dim[2] = (size_t)(l.heads * l.value_width);
    state.rank = 4;
    state.dim[1] = (size_t)l.key_heads;
    state.dim[2] = (size_t)l.width;
    state.dim[3] = (size_t)l.value_width;
    return node->number == 0 ? soma_onnx_give(node, y, &out) : soma_onnx_give(node, node->kept[0], &state);
}

SOMA_ONNX_SEVERAL(LinearAttention, 27, 3, 6, "chunk_size kv_num_heads q_num_heads scale update_rule", import_linear, 0);
