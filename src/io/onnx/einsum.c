/* SPDX-License-Identifier: MIT */
/*
 * Einsum of one or two values: a product with a matrix, where the second is one as seen from the sums' letters; else
 * both broadcast to all letters, multiplied, and added up, which takes memory for all terms.
 */
#include "io/onnx/family.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { MOST_LETTERS = SOMA_ONNX_MAX_RANK };

typedef struct equation {
    uint32_t terms, length[2], results, letters;
    char term[2][MOST_LETTERS + 1];
    char letter[2 * MOST_LETTERS + 1]; /* those of the result, then those that are summed over */
    size_t size[2 * MOST_LETTERS];
} equation;

static soma_status bad_equation(const char *what) {
    return soma_error(SOMA_INVALID_FILE, "attribute equation %s", what);
}

static int place_in(const char *letters, char letter) {
    const char *at = letter ? strchr(letters, letter) : NULL;
    return at ? (int)(at - letters) : -1;
}

/* One more letter of a term or of the result. */
static soma_status add_letter(char *letters, uint32_t *count, uint32_t most, char letter) {
    if (*count == most) return soma_error(SOMA_UNSUPPORTED, "more than %u letters", most);
    if (place_in(letters, letter) >= 0)
        return soma_error(SOMA_UNSUPPORTED, "the letter %c comes twice in a term", letter);
    letters[(*count)++] = letter;
    return SOMA_OK;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Without an arrow the letters that come once are the result's, in the order of the alphabet. */
static soma_status add_implied(equation *e) {
    for (int c = 'A'; c <= 'z'; c++) {
        int times = (place_in(e->term[0], (char)c) >= 0) + (e->terms > 1 && place_in(e->term[1], (char)c) >= 0);
        if (is_letter((char)c) && times == 1) SOMA_TRY(add_letter(e->letter, &e->results, MOST_LETTERS, (char)c));
    }
    return SOMA_OK;
}

static soma_status read_equation(const char *text, size_t length, equation *e) {
    bool arrow = false;
    *e = (equation){.terms = 1};
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ' ') continue;
        if (text[i] == ',' && !arrow && e->terms < 2)
            e->terms++;
        else if (text[i] == ',')
            return soma_error(SOMA_UNSUPPORTED, "Einsum of more than two values");
        else if (text[i] == '-' && !arrow && i + 1 < length && text[i + 1] == '>')
            arrow = true, i++;
        else if (text[i] == '.')
            return soma_error(SOMA_UNSUPPORTED, "Einsum with an ellipsis");
        else if (!is_letter(text[i]))
            return bad_equation("has a character that is no letter");
        else if (arrow)
            SOMA_TRY(add_letter(e->letter, &e->results, MOST_LETTERS, text[i]));
        else
            SOMA_TRY(add_letter(e->term[e->terms - 1], &e->length[e->terms - 1], MOST_LETTERS, text[i]));
    }
    return arrow ? SOMA_OK : add_implied(e);
}

/* The sizes of all letters, of which those of no result come last. */
static soma_status measure(const soma_onnx_node *node, equation *e) {
    e->letters = e->results;
    for (uint32_t t = 0; t < e->terms; t++) {
        const soma_onnx_shape *x = &node->input[t]->shape;
        if (x->rank != e->length[t]) return bad_equation("has another number of letters than a value has dimensions");
        for (uint32_t i = 0; i < x->rank; i++) {
            int at = place_in(e->letter, e->term[t][i]);
            if (at < 0) at = (int)e->letters, e->letter[e->letters++] = e->term[t][i];
            if (e->size[at] > 1 && x->dim[i] != e->size[at] && x->dim[i] != 1)
                return soma_error(SOMA_INVALID_SHAPE, "the letter %c stands for %zu and %zu", e->term[t][i],
                                  e->size[at], x->dim[i]);
            e->size[at] = e->size[at] > 1 ? e->size[at] : x->dim[i];
        }
    }
    for (uint32_t i = 0; i < e->results; i++)
        if (place_in(e->term[0], e->letter[i]) < 0 && place_in(e->term[1], e->letter[i]) < 0)
            return bad_equation("has a letter in the result alone");
    return SOMA_OK;
}

/* The batch is the first letter, of all that depend on it and of the result. */
static soma_status check_batch(const soma_onnx_node *node, const equation *e, bool batched) {
    if (!batched || node->importer->whole) return SOMA_OK;
    for (uint32_t t = 0; t < e->terms; t++) {
        int at = place_in(e->term[t], e->letter[0]);
        if (node->input[t]->shape.batched ? at != 0 : at >= 0) return soma_onnx_mixes(node);
    }
    return e->results ? SOMA_OK : soma_onnx_mixes(node);
}

/* A value with a dimension for each letter, of 1 where it has none. */
static soma_status spread(soma_onnx_node *node, const equation *e, uint32_t t, bool batched, soma_tensor **x) {
    soma_onnx_value *value = node->input[t];
    uint32_t order[SOMA_ONNX_MAX_RANK], count = 0, first = soma_onnx_first(node->importer, &value->shape);
    soma_onnx_shape shape = {.batched = value->shape.batched, .rank = e->letters};
    for (uint32_t i = 0; i < e->letters; i++) {
        int at = place_in(e->term[t], e->letter[i]);
        shape.dim[i] = at < 0 ? 1 : value->shape.dim[at];
        if (at >= (int)first) order[count++] = (uint32_t)at - first;
    }
    SOMA_TRY(soma_onnx_arranged(node, value, &value->shape, order, x));
    if (batched && !shape.batched && !node->importer->whole) /* the first letter is the batch */
        memmove(shape.dim, shape.dim + 1, --shape.rank * sizeof *shape.dim);
    if (!soma_onnx_is_exact(node->importer, &shape))
        return soma_error(SOMA_UNSUPPORTED, "an Einsum of %u letters", e->letters);
    return soma_onnx_reshaped(node, *x, &shape, x);
}

static soma_status multiply_and_add(soma_onnx_node *node, const equation *e, bool batched, soma_tensor **y) {
    soma_tensor *other;
    SOMA_TRY(spread(node, e, 0, batched, y));
    if (e->terms > 1) {
        SOMA_TRY(spread(node, e, 1, batched, &other));
        SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), *y, other, SOMA_BINARY_MULTIPLY, y));
    }
    uint32_t summed = e->letters - e->results;
    if (summed == 0) return SOMA_OK;
    return soma_graph_reduce_axes((*y)->graph, *y, SOMA_REDUCE_SUM, soma_tensor_full_rank(*y) - summed, summed, y);
}

/* Whether it is P K, K Q -> P Q, of a second value that is the same for all samples: then a matrix of it. */
static bool is_product(const soma_onnx_node *node, const equation *e) {
    uint32_t summed = e->letters - e->results, rows = e->length[0] - summed;
    return e->terms == 2 && summed > 0 && e->length[0] > summed && e->length[1] > summed &&
           !node->input[1]->shape.batched && node->input[0]->shape.batched &&
           memcmp(e->term[0] + rows, e->letter + e->results, summed) == 0 &&
           memcmp(e->term[1], e->letter + e->results, summed) == 0 && memcmp(e->term[0], e->letter, rows) == 0 &&
           e->results == rows + e->length[1] - summed &&
           memcmp(e->term[1] + summed, e->letter + rows, e->length[1] - summed) == 0;
}

static soma_status by_matrix(soma_onnx_node *node, const equation *e, soma_tensor **y) {
    uint32_t summed = e->letters - e->results, rows = e->length[0] - summed;
    const soma_onnx_shape *a = &node->input[0]->shape, *b = &node->input[1]->shape;
    soma_onnx_shape left = *a, right = {.rank = 2};
    soma_tensor *x, *w;
    left.rank = rows + 1;
    left.dim[rows] = soma_onnx_count(a, rows, a->rank);
    right.dim[0] = soma_onnx_count(b, 0, summed);
    right.dim[1] = soma_onnx_count(b, summed, b->rank);
    if (left.dim[rows] != right.dim[0])
        return soma_error(SOMA_INVALID_SHAPE, "cannot multiply: %zu columns by %zu rows", left.dim[rows], right.dim[0]);
    soma_onnx_weight(node->input[1]);
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_tensor(node, node->input[1], &w));
    SOMA_TRY(soma_onnx_reshaped(node, x, &left, &x));
    SOMA_TRY(soma_onnx_reshaped(node, w, &right, &w));
    return soma_graph_gemm(soma_onnx_graph(node), x, w, NULL, false, false, y);
}

static soma_status import_einsum(soma_onnx_node *node) {
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(node, "equation");
    soma_onnx_shape out = {.batched = node->input[0]->shape.batched};
    soma_tensor *y;
    equation e;
    if (!given || !given->has_s) return bad_equation("must be a text");
    SOMA_TRY(read_equation((const char *)given->s.data, given->s.len, &e));
    if (e.terms != node->input_count) return bad_equation("has another number of terms than there are values");
    if (e.terms > 1) out.batched |= node->input[1]->shape.batched;
    SOMA_TRY(measure(node, &e));
    SOMA_TRY(check_batch(node, &e, out.batched));
    SOMA_TRY(is_product(node, &e) ? by_matrix(node, &e, &y) : multiply_and_add(node, &e, out.batched, &y));
    out.rank = e.results;
    memcpy(out.dim, e.size, out.rank * sizeof *out.dim);
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(Einsum, 12, 1, 2, "equation", import_einsum, 0);
