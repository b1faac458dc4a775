/* SPDX-License-Identifier: MIT */
/*
 * Attention that attention_parts.c wrote for readers of older opsets becomes attention again: causal where it was,
 * trained, written and fed in pieces as such, which a mask of numbers and a softmax are not. It is looked for in the
 * file's nodes, before any of them is read, so that nothing of the parts is left in the network. What differs in
 * anything from what is written there is read as the nodes that it is.
 */
#include "io/onnx/again.h"
#include "io/onnx/compose.h"
#include "io/onnx/wiring.h"

#include <string.h>

/* A mask's number for what is not seen is at most this. */
#define LEAST_HIDING (-1e30)

enum { MOST_PARTS = 32 };
enum { TRUTH = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, REAL = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT };

typedef Soma__Onnx__NodeProto proto;

/* Attention as it is found, from its result back. */
typedef struct match {
    const soma_onnx_wiring *wiring;
    size_t part[MOST_PARTS], parts; /* nodes */
    int64_t steps, keys, heads, group, width, value_width;
    double scale;
    bool causal;
    const char *q, *k, *v, *mask; /* mask: NULL if there is none */
    soma_status *status;          /* no match can be told where memory or the file fail */
} match;

/* ------------------------------------------------------------------------------------------------------- constants */

static bool read_constant(const match *m, const char *name, int32_t type, soma_onnx_elements *elements,
                          soma_onnx_reader *reader) {
    bool found = false;
    if (*m->status == SOMA_OK) *m->status = soma_onnx_wiring_constant(m->wiring, name, type, elements, reader, &found);
    return found;
}

static bool is_number(const match *m, const char *name, double *number) {
    soma_onnx_elements elements;
    soma_onnx_reader reader;
    if (!read_constant(m, name, REAL, &elements, &reader)) return false;
    const bool one = elements.rank == 0;
    *number = soma_onnx_read(&reader, 0);
    soma_onnx_reader_close(&reader);
    return one;
}

/* 0, 1, ... as a row [1, count] or a column [count, 1]. */
static bool are_places(const match *m, const char *name, bool column, int64_t count) {
    soma_onnx_elements elements;
    soma_onnx_reader reader;
    if (!read_constant(m, name, REAL, &elements, &reader)) return false;
    bool right = elements.rank == 2 && elements.dim[column] == 1 && elements.count == (size_t)count;
    for (size_t i = 0; right && i < elements.count; i++) right = soma_onnx_read(&reader, i) == (double)i;
    soma_onnx_reader_close(&reader);
    return right;
}

/* Dimensions, of which the first stays as it is. */
static bool are_dimensions(const match *m, const char *name, int64_t *dim, size_t rank) {
    soma_onnx_elements elements;
    soma_onnx_reader reader;
    if (!read_constant(m, name, SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64, &elements, &reader)) return false;
    bool right = elements.rank == 1 && elements.count == rank && soma_onnx_read(&reader, 0) == 0;
    for (size_t i = 1; right && i < rank; i++) {
        const double number = soma_onnx_read(&reader, i);
        right = number >= 1 && number <= INT32_MAX; /* so products of two are whole numbers, too */
        dim[i] = right ? (int64_t)number : 0;
    }
    soma_onnx_reader_close(&reader);
    return right;
}

/* ----------------------------------------------------------------------------------------------------------- nodes */

/* The node of this op that makes a value which is used so often, and becomes a part; *name: its first input. */
static const proto *take(match *m, const char **name, const char *op, uint32_t uses, size_t inputs, size_t attributes) {
    size_t at;
    const proto *node = m->parts == MOST_PARTS ? NULL : soma_onnx_wiring_maker(m->wiring, *name, uses, &at);
    if (!node || !node->op_type || strcmp(node->op_type, op) != 0 || !soma_onnx_is_standard(node->domain) ||
        node->n_output != 1 || node->n_input != inputs || node->n_attribute != attributes)
        return NULL;
    m->part[m->parts++] = at;
    *name = node->input[0];
    return node;
}

static bool take_reshape(match *m, const char **name, int64_t *dim, size_t rank) {
    const proto *node = take(m, name, "Reshape", 1, 2, 0);
    return node && are_dimensions(m, node->input[1], dim, rank);
}

static bool take_turn(match *m, const char **name, const int64_t *order, size_t rank) {
    const Soma__Onnx__AttributeProto *perm = soma_onnx_only_attribute(take(m, name, "Transpose", 1, 1, 1), "perm");
    return perm && perm->n_ints == rank && memcmp(perm->ints, order, rank * sizeof *order) == 0;
}

static bool take_cast(match *m, const char **name, int64_t type, uint32_t uses) {
    const Soma__Onnx__AttributeProto *to = soma_onnx_only_attribute(take(m, name, "Cast", uses, 1, 1), "to");
    return to && to->has_i && to->i == type;
}

static bool take_with_number(match *m, const char **name, const char *op, double *number) {
    const proto *node = take(m, name, op, 1, 2, 0);
    return node && is_number(m, node->input[1], number);
}

/* ------------------------------------------------------------------------------------------ from the result on back */

/* [batch, heads, keys, width], or turned [batch, heads, width, keys], of [batch, keys, heads width]. */
static bool take_keys(match *m, const char **name, bool values) {
    int64_t dim[4];
    if (!take_turn(m, name, values ? (const int64_t[]){0, 2, 1, 3} : (const int64_t[]){0, 2, 3, 1}, 4) ||
        !take_reshape(m, name, dim, 4) || dim[1] != m->keys || dim[2] != m->heads)
        return false;
    if (values) return dim[3] == m->value_width;
    m->width = dim[3];
    return true;
}

static bool take_queries(match *m, const char **name) {
    int64_t dim[5];
    if (m->group == 1)
        return take_turn(m, name, (const int64_t[]){0, 2, 1, 3}, 4) && take_reshape(m, name, dim, 4) &&
               dim[1] == m->steps && dim[2] == m->heads && dim[3] == m->width &&
               take_with_number(m, name, "Mul", &m->scale);
    return take_reshape(m, name, dim, 4) && dim[1] == m->heads && dim[2] == m->group * m->steps && dim[3] == m->width &&
           take_turn(m, name, (const int64_t[]){0, 2, 3, 1, 4}, 5) && take_reshape(m, name, dim, 5) &&
           dim[1] == m->steps && dim[2] == m->heads && dim[3] == m->group && dim[4] == m->width &&
           take_with_number(m, name, "Mul", &m->scale);
}

/* Numbers added to scores of keys behind a query, if there are any. */
static bool take_causal(match *m, const char **name) {
    const char *sum = *name, *bias;
    double far;
    match tried = *m;
    const proto *node = take(&tried, &sum, "Add", 1, 2, 0);
    if (!node) return true;
    bias = node->input[1];
    if (!take_with_number(&tried, &bias, "Mul", &far) || !(far <= LEAST_HIDING) ||
        !take(&tried, &bias, "Relu", 1, 1, 0) || !(node = take(&tried, &bias, "Sub", 1, 2, 0)) ||
        !are_places(m, node->input[0], false, m->keys) || !are_places(m, node->input[1], true, m->steps))
        return false;
    *m = tried;
    m->causal = true;
    *name = sum;
    return true;
}

/* Of scores of keys that are not there, which are then taken away by a factor: `there`, used twice. */
static bool take_mask(match *m, const char **name, const char *there) {
    const char *bias, *mask = there;
    const size_t rank = m->group > 1 ? 5 : 4;
    int64_t dim[5];
    double far, one;
    const proto *node = take(m, name, "Add", 1, 2, 0);
    if (!node) return false;
    bias = node->input[1];
    if (!take_with_number(m, &bias, "Mul", &far) || !(far >= -LEAST_HIDING) ||
        !take_with_number(m, &bias, "Sub", &one) || one != 1 || strcmp(bias, there) != 0 ||
        !take_cast(m, &mask, REAL, 2) || !take_cast(m, &mask, TRUTH, 1) || !take_reshape(m, &mask, dim, rank))
        return false;
    for (size_t i = 1; i + 1 < rank; i++)
        if (dim[i] != 1) return false;
    m->mask = mask;
    return dim[rank - 1] == m->keys;
}

static bool take_weights(match *m, const char **name) {
    const int64_t last = m->group > 1 ? 4 : 3;
    const char *there = NULL, *masked = *name;
    int64_t dim[5];
    if (m->group > 1 &&
        (!take_reshape(m, name, dim, 4) || dim[1] != m->heads || dim[2] != m->group * m->steps || dim[3] != m->keys))
        return false;
    masked = *name;
    const proto *node = take(m, &masked, "Mul", 1, 2, 0);
    if (node) {
        there = node->input[1];
        *name = masked;
    }
    const Soma__Onnx__AttributeProto *axis = soma_onnx_only_attribute(take(m, name, "Softmax", 1, 1, 1), "axis");
    if (!axis || !axis->has_i || axis->i != last) return false;
    if (there && !take_mask(m, name, there)) return false;
    if (!take_causal(m, name)) return false;
    return m->group == 1 || (take_reshape(m, name, dim, 5) && dim[1] == m->heads && dim[2] == m->group &&
                             dim[3] == m->steps && dim[4] == m->keys);
}

/* The dimensions of the heads, from those of the result; *name: the product with the values. */
static bool take_beside(match *m, const char **name, const int64_t *result) {
    const char *back = *name;
    int64_t dim[5];
    match tried = *m;
    m->steps = result[1];
    if (take_turn(&tried, &back, (const int64_t[]){0, 3, 1, 2, 4}, 5)) {
        if (!take_reshape(&tried, &back, dim, 5) || dim[3] != m->steps) return false;
        memcpy(m->part, tried.part, sizeof m->part);
        m->parts = tried.parts;
        m->heads = dim[1];
        m->group = dim[2];
        m->value_width = dim[4];
        *name = back;
        return m->group > 1 && m->heads * m->group <= INT32_MAX && m->heads * m->group * m->value_width == result[2];
    }
    m->group = 1;
    return take_turn(m, name, (const int64_t[]){0, 2, 1, 3}, 4);
}

/* Of one head for each head of queries the sizes stand where the values are cut. */
static bool find_sizes(match *m, const char *values, const int64_t *result) {
    match look = *m;
    int64_t dim[4];
    if (!take_turn(&look, &values, (const int64_t[]){0, 2, 1, 3}, 4) || !take_reshape(&look, &values, dim, 4))
        return false;
    m->keys = dim[1];
    if (m->group > 1) return true;
    m->heads = dim[2];
    m->value_width = dim[3];
    return m->heads * m->value_width == result[2];
}

static bool matches(match *m, const proto *last) {
    const char *name = last->input[0], *weights, *values;
    int64_t result[3];
    if (!are_dimensions(m, last->input[1], result, 3) || !take_beside(m, &name, result)) return false;
    const proto *node = take(m, &name, "MatMul", 1, 2, 0);
    if (!node) return false;
    weights = node->input[0];
    values = node->input[1];
    if (!find_sizes(m, values, result) || !take_keys(m, &values, true) || !take_weights(m, &weights) ||
        !(node = take(m, &weights, "MatMul", 1, 2, 0)))
        return false;
    m->q = node->input[0];
    m->k = node->input[1];
    m->v = values;
    return take_keys(m, &m->k, false) && take_queries(m, &m->q);
}

/* ------------------------------------------------------------------------------------------------------- all of them
 */

/* As a node of its own, with attributes of ONNX's Attention. */
static soma_status keep(const match *m, size_t last, soma_onnx_attentions *found) {
    const Soma__Onnx__GraphProto *graph = m->wiring->file->model->graph;
    soma_onnx_again *again = soma_calloc(1, sizeof *again);
    if (!again) return soma_out_of_memory(sizeof *again, "the nodes of a model");
    soma_onnx_begin_made(&again->made);
    soma_onnx_made_integer(&again->made, "q_num_heads", m->heads * m->group);
    soma_onnx_made_integer(&again->made, "kv_num_heads", m->heads);
    soma_onnx_made_integer(&again->made, "is_causal", m->causal);
    soma_onnx_made_float(&again->made, "scale", (float)m->scale);
    const char *input[] = {m->q, m->k, m->v, m->mask};
    for (size_t i = 0; i < SOMA_COUNT_OF(input); i++) again->input[i] = (char *)(uintptr_t)input[i];
    again->made.node.input = again->input;
    again->made.node.n_input = m->mask ? 4 : 3;
    again->made.node.output = graph->node[last]->output;
    again->made.node.n_output = 1;
    again->made.node.name = graph->node[last]->name;
    again->size = (soma_onnx_again_size){m->steps, m->keys, m->heads * m->group * m->width, m->heads * m->width,
                                         m->heads * m->value_width};
    for (size_t i = 0; i < m->parts; i++) found->part[m->part[i]] = true;
    found->again[last] = again;
    return SOMA_OK;
}

static soma_status find_all(const soma_onnx_wiring *wiring, soma_onnx_attentions *found) {
    const Soma__Onnx__GraphProto *graph = wiring->file->model->graph;
    for (size_t i = 0; i < graph->n_node; i++) {
        const proto *node = graph->node[i];
        soma_status status = SOMA_OK;
        match m = {.wiring = wiring, .status = &status};
        const bool matched = node->op_type && strcmp(node->op_type, "Reshape") == 0 &&
                             soma_onnx_is_standard(node->domain) && node->n_input == 2 && node->n_output == 1 &&
                             node->n_attribute == 0 && matches(&m, node);
        SOMA_TRY(status);
        if (matched) SOMA_TRY(keep(&m, i, found));
    }
    return SOMA_OK;
}

soma_status soma_onnx_find_attentions(const soma_onnx_file *file, soma_onnx_attentions *found) {
    const size_t nodes = file->model->graph->n_node;
    soma_onnx_wiring wiring;
    bool plain = false, any = false;
    *found = (soma_onnx_attentions){.nodes = nodes};
    found->part = soma_calloc(nodes + 1, sizeof *found->part);
    found->again = soma_calloc(nodes + 1, sizeof *found->again);
    for (size_t i = 0; i < nodes; i++) {
        const char *op = file->model->graph->node[i]->op_type;
        any |= op && strcmp(op, "Softmax") == 0;
    }
    if (!found->part || !found->again) return soma_out_of_memory(nodes * sizeof *found->again, "the nodes of a model");
    if (!any) return SOMA_OK;
    soma_status status = soma_onnx_wiring_open(file, &wiring, &plain);
    if (status == SOMA_OK && plain) status = find_all(&wiring, found);
    soma_onnx_wiring_clear(&wiring);
    return status;
}

void soma_onnx_attentions_clear(soma_onnx_attentions *found) {
    for (size_t i = 0; found->again && i < found->nodes; i++) soma_free(found->again[i]);
    soma_free(found->again);
    soma_free(found->part);
    *found = (soma_onnx_attentions){.nodes = 0};
}

/* ----------------------------------------------------------------------------------------------------------- reading
 */

/* Of whatever dimensions it is: the parts cut it as they want it. */
static soma_status rows_of(soma_onnx_node *node, uint32_t input, int64_t steps, int64_t features,
                           soma_onnx_value *rows) {
    soma_onnx_value *value = node->input[input];
    const soma_onnx_shape *shape = &value->shape;
    if (shape->rank == 3 && shape->dim[1] == (size_t)steps && shape->dim[2] == (size_t)features)
        return *rows = *value, SOMA_OK;
    return soma_onnx_compose_reshaped(node, value, (const int64_t[]){0, steps, features}, 3, rows);
}

static soma_status import_again(soma_onnx_node *node) {
    const soma_onnx_again_size *size = &((const soma_onnx_again *)node->proto)->size;
    soma_onnx_value q, k, v, mask, y;
    soma_onnx_made made;
    SOMA_TRY(rows_of(node, 0, size->steps, size->query_features, &q));
    SOMA_TRY(rows_of(node, 1, size->keys, size->key_features, &k));
    SOMA_TRY(rows_of(node, 2, size->keys, size->value_features, &v));
    if (!soma_onnx_optional(node, 3)) {
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Attention, NULL, &y, &q, &k, &v));
        return soma_onnx_pass(node, &y);
    }
    SOMA_TRY(soma_onnx_compose_reshaped(node, node->input[3], (const int64_t[]){0, 1, 1, size->keys}, 4, &mask));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "to", TRUTH);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &made, &mask, &mask));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Attention, NULL, &y, &q, &k, &v, &mask));
    return soma_onnx_pass(node, &y);
}

const soma_onnx_row soma_onnx_row_again = {
    .name = "Attention", .since = 1, .least = 3, .most = 4, .attributes = "", .rule = import_again};
