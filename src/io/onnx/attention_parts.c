/* SPDX-License-Identifier: MIT */
/* Attention where its op, of opset 23, is not to be used: as the products and the softmax that it is made of. */
#include "io/onnx/family.h"

/* Scores of keys that are not there, and of those behind a query: far below all others, the latter below the former,
 * so that a query that sees nothing gives weights to the former alone, which are then taken away by the mask. */
#define ABSENT -1e30f
#define BEHIND -1e33f

enum { Q, K, V, MASK }; /* inputs */

typedef struct attention {
    soma_onnx_exporter *exporter;
    const soma_attention_params *params;
    int64_t steps, keys, width, value_width;
    int64_t heads, group; /* heads of keys; and of queries for each of them */
} attention;

static soma_onnx_name made(const attention *a, const char *op, const char *x, const char *y) {
    const soma_onnx_name out = soma_onnx_temporary(a->exporter);
    soma_onnx_put_node(a->exporter, op, out.text, x, y);
    return out;
}

static soma_onnx_name reshaped(const attention *a, const char *x, const int64_t *shape, size_t rank) {
    const soma_onnx_name out = soma_onnx_temporary(a->exporter);
    soma_onnx_put_reshaped(a->exporter, out.text, x, shape, rank);
    return out;
}

static soma_onnx_name turned(const attention *a, const char *x, const int64_t *order, size_t rank) {
    const soma_onnx_name out = soma_onnx_temporary(a->exporter);
    const size_t node = soma_onnx_begin_node(a->exporter, "Transpose", out.text, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integers(a->exporter, "perm", order, rank);
    soma_onnx_end_node(a->exporter, node);
    return out;
}

static soma_onnx_name cast(const attention *a, const char *x, int64_t type) {
    const soma_onnx_name out = soma_onnx_temporary(a->exporter);
    const size_t node = soma_onnx_begin_node(a->exporter, "Cast", out.text, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integer(a->exporter, "to", type);
    soma_onnx_end_node(a->exporter, node);
    return out;
}

/* [batch, heads, group steps, width], scaled. */
static soma_onnx_name put_queries(const attention *a, const soma_tensor *q) {
    const soma_onnx_name scale = soma_onnx_number(a->exporter, a->params->scale);
    soma_onnx_name x = made(a, "Mul", soma_onnx_name_of(a->exporter, q), scale.text);
    if (a->group == 1) {
        x = reshaped(a, x.text, (const int64_t[]){0, a->steps, a->heads, a->width}, 4);
        return turned(a, x.text, (const int64_t[]){0, 2, 1, 3}, 4);
    }
    x = reshaped(a, x.text, (const int64_t[]){0, a->steps, a->heads, a->group, a->width}, 5);
    x = turned(a, x.text, (const int64_t[]){0, 2, 3, 1, 4}, 5);
    return reshaped(a, x.text, (const int64_t[]){0, a->heads, a->group * a->steps, a->width}, 4);
}

/* [batch, heads, width, keys], or of values [batch, heads, keys, width]. */
static soma_onnx_name put_keys(const attention *a, const soma_tensor *x, int64_t width, bool values) {
    const soma_onnx_name apart =
        reshaped(a, soma_onnx_name_of(a->exporter, x), (const int64_t[]){0, a->keys, a->heads, width}, 4);
    return turned(a, apart.text, values ? (const int64_t[]){0, 2, 1, 3} : (const int64_t[]){0, 2, 3, 1}, 4);
}

/* Numbers from 0 on, as a row or a column. */
static soma_status put_places(const attention *a, int64_t count, bool column, soma_onnx_name *name) {
    const size_t shape[] = {column ? (size_t)count : 1, column ? 1 : (size_t)count};
    float *numbers = soma_calloc((size_t)count, sizeof *numbers);
    if (!numbers) return soma_out_of_memory((size_t)count * sizeof *numbers, "steps");
    for (int64_t i = 0; i < count; i++) numbers[i] = (float)i;
    *name = soma_onnx_constant_name(a->exporter, "steps");
    soma_onnx_put_constant(a->exporter, name->text, 2, shape, numbers);
    soma_free(numbers);
    return SOMA_OK;
}

/* Keys that are behind a query, [steps, keys]. */
static soma_status hide_later(const attention *a, soma_onnx_name *scores) {
    soma_onnx_name queries, keys;
    SOMA_TRY(put_places(a, a->steps, true, &queries));
    SOMA_TRY(put_places(a, a->keys, false, &keys));
    soma_onnx_name distance = made(a, "Sub", keys.text, queries.text);
    distance = made(a, "Relu", distance.text, NULL);
    const soma_onnx_name far = soma_onnx_number(a->exporter, BEHIND);
    distance = made(a, "Mul", distance.text, far.text);
    *scores = made(a, "Add", scores->text, distance.text);
    return SOMA_OK;
}

/* 1 for keys that are there and else 0, as wide as the scores. */
static soma_onnx_name put_mask(const attention *a, const soma_tensor *mask, size_t rank) {
    enum { TRUTH = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL };
    const int64_t narrow[] = {0, 1, 1, a->keys}, wide[] = {0, 1, 1, 1, a->keys};
    soma_onnx_name there = reshaped(a, soma_onnx_name_of(a->exporter, mask), rank == 5 ? wide : narrow, rank);
    there = cast(a, there.text, TRUTH);
    return cast(a, there.text, ONNX_FLOAT);
}

static soma_onnx_name hide_absent(const attention *a, const char *mask, const char *scores) {
    const soma_onnx_name one = soma_onnx_number(a->exporter, 1), far = soma_onnx_number(a->exporter, -ABSENT);
    soma_onnx_name bias = made(a, "Sub", mask, one.text);
    bias = made(a, "Mul", bias.text, far.text);
    return made(a, "Add", scores, bias.text);
}

/* Scores, [batch, heads, group steps, keys], become weights. */
static soma_status put_weights(const attention *a, const soma_tensor *mask, soma_onnx_name *x) {
    const size_t rank = a->group > 1 ? 5 : 4;
    soma_onnx_name there = {{0}};
    if (rank == 5) *x = reshaped(a, x->text, (const int64_t[]){0, a->heads, a->group, a->steps, a->keys}, 5);
    if (a->params->causal) SOMA_TRY(hide_later(a, x));
    if (mask) {
        there = put_mask(a, mask, rank);
        *x = hide_absent(a, there.text, x->text);
    }
    const soma_onnx_name weights = soma_onnx_temporary(a->exporter);
    const size_t node = soma_onnx_begin_node(a->exporter, "Softmax", weights.text, (const char *[]){x->text, NULL});
    soma_onnx_put_attribute_integer(a->exporter, "axis", (int64_t)rank - 1);
    soma_onnx_end_node(a->exporter, node);
    *x = mask ? made(a, "Mul", weights.text, there.text) : weights;
    if (rank == 5) *x = reshaped(a, x->text, (const int64_t[]){0, a->heads, a->group * a->steps, a->keys}, 4);
    return SOMA_OK;
}

/* From [batch, heads, group steps, width] to the tensor's [batch, steps, heads group width]. */
static void put_beside(const attention *a, const soma_tensor *tensor, const char *heads) {
    soma_onnx_name x;
    if (a->group == 1) {
        x = turned(a, heads, (const int64_t[]){0, 2, 1, 3}, 4);
    } else {
        x = reshaped(a, heads, (const int64_t[]){0, a->heads, a->group, a->steps, a->value_width}, 5);
        x = turned(a, x.text, (const int64_t[]){0, 3, 1, 2, 4}, 5);
    }
    soma_onnx_put_reshaped(a->exporter, soma_onnx_name_of(a->exporter, tensor), x.text,
                           (const int64_t[]){0, a->steps, a->heads * a->group * a->value_width}, 3);
}

soma_status soma_onnx_put_attention_parts(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_attention_params *params = &tensor->attributes.attention.params;
    const soma_tensor *q = tensor->input[Q], *k = tensor->input[K], *v = tensor->input[V];
    const attention a = {.exporter = exporter,
                         .params = params,
                         .steps = (int64_t)q->shape[0],
                         .keys = (int64_t)k->shape[0],
                         .width = (int64_t)(q->shape[1] / params->heads),
                         .value_width = (int64_t)(v->shape[1] / params->key_heads),
                         .heads = params->key_heads,
                         .group = params->heads / params->key_heads};
    const soma_onnx_name queries = put_queries(&a, q), keys = put_keys(&a, k, a.width, false);
    soma_onnx_name x = made(&a, "MatMul", queries.text, keys.text);
    SOMA_TRY(put_weights(&a, tensor->attributes.attention.masked ? tensor->input[MASK] : NULL, &x));
    const soma_onnx_name values = put_keys(&a, v, a.value_width, true);
    x = made(&a, "MatMul", x.text, values.text);
    put_beside(&a, tensor, x.text);
    return SOMA_OK;
}
