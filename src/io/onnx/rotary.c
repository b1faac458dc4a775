/* SPDX-License-Identifier: MIT */
/* Rotary positions of queries and keys, by tables of cosines and sines (Su et al. 2021). */
#include "io/onnx/compose.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { X, COSINES, SINES, POSITIONS }; /* inputs */

/* A node as it is read: of the `width` features of a head the first `turned` are, in pairs. */
typedef struct rotary {
    soma_onnx_node *node;
    bool apart; /* the heads are a dimension of their own, before the steps */
    bool interleaved;
    size_t steps, heads, width, turned;
} rotary;

static soma_status get_sizes(rotary *r) {
    const soma_onnx_node *node = r->node;
    const soma_onnx_shape *x = &node->input[X]->shape;
    int64_t heads, turned, interleaved;
    SOMA_TRY(soma_onnx_get_integer(node, "num_heads", 0, &heads));
    SOMA_TRY(soma_onnx_get_integer(node, "rotary_embedding_dim", 0, &turned));
    SOMA_TRY(soma_onnx_get_integer(node, "interleaved", 0, &interleaved));
    if (!x->batched || node->input[X]->integer)
        return soma_error(SOMA_UNSUPPORTED, "%s must be numbers that depend on the model's input",
                          node->input[X]->name);
    if (x->rank != 3 && x->rank != 4)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions; 3 or 4 are possible", node->input[X]->name,
                          x->rank);
    r->apart = x->rank == 4;
    r->interleaved = interleaved != 0;
    r->steps = x->dim[r->apart ? 2 : 1];
    r->heads = r->apart ? x->dim[1] : heads > 0 ? (size_t)heads : 1;
    r->width = r->apart ? x->dim[3] : x->dim[2] / r->heads;
    r->turned = turned > 0 ? (size_t)turned : r->width;
    if (!r->apart && (heads < 1 || x->dim[2] % r->heads))
        return soma_error(SOMA_INVALID_FILE, "num_heads is %lld of %zu features; a divisor is needed", (long long)heads,
                          x->dim[2]);
    if (r->turned % 2 == 0 && r->turned > 0 && r->turned <= r->width) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%zu of a head's %zu features are turned; an even number of them is needed",
                      r->turned, r->width);
}

/* Whether a constant is `each` numbers, once or for each of several samples again. */
static soma_status check_repeated(const rotary *r, const soma_onnx_value *value, size_t each) {
    const soma_onnx_elements *elements = &value->elements;
    soma_onnx_reader reader;
    if (elements->count == 0 || each == 0 || elements->count % each)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu numbers, for samples of %zu", value->name, elements->count,
                          each);
    SOMA_TRY(soma_onnx_reader_open(r->node->importer->file, elements, &reader));
    bool same = true;
    for (size_t i = each; i < elements->count && !elements->equal && same; i++)
        same = soma_onnx_read(&reader, i) == soma_onnx_read(&reader, i - each);
    soma_onnx_reader_close(&reader);
    return same ? SOMA_OK : soma_error(SOMA_UNSUPPORTED, "%s is not the same for all samples", value->name);
}

/* Rows of positions, [rows, turned / 2], or where there are none, of the steps of each sample,
 * [samples, steps, turned / 2]. */
static soma_status check_table(const rotary *r, const soma_onnx_value *table, bool placed) {
    const soma_onnx_shape *shape = &table->shape;
    if (!table->constant || shape->batched || table->integer || table->elements.open)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file", table->name);
    if (placed && shape->rank == 2 && shape->dim[1] == r->turned / 2) return SOMA_OK;
    if (!placed && shape->rank == 3 && shape->dim[1] == r->steps && shape->dim[2] == r->turned / 2)
        return check_repeated(r, table, r->steps * (r->turned / 2));
    return soma_error(SOMA_UNSUPPORTED, "%s has %u dimensions; a table for %s of %zu pairs is read", table->name,
                      shape->rank, placed ? "positions" : "the steps of all samples", r->turned / 2);
}

/* Where the table has the row of each step. */
static soma_status get_rows(const rotary *r, size_t count, size_t *row) {
    const bool placed = r->node->input_count > POSITIONS && r->node->input[POSITIONS];
    for (size_t i = 0; i < r->steps; i++) row[i] = i;
    if (!placed) return SOMA_OK;
    const soma_onnx_value *positions = r->node->input[POSITIONS];
    soma_onnx_reader reader;
    if (!positions->constant || positions->elements.open)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant, of a position for each of %zu steps",
                          positions->name, r->steps);
    SOMA_TRY(check_repeated(r, positions, r->steps));
    SOMA_TRY(soma_onnx_reader_open(r->node->importer->file, &positions->elements, &reader));
    double most = 0, least = 0;
    for (size_t i = 0; i < r->steps; i++) {
        const double position = soma_onnx_read(&reader, positions->elements.equal ? 0 : i);
        most = position > most ? position : most;
        least = position < least ? position : least;
        row[i] = position >= 0 && position < (double)count ? (size_t)position : 0;
    }
    soma_onnx_reader_close(&reader);
    if (least >= 0 && most < (double)count) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s has positions from %g to %g of a table of %zu", positions->name, least,
                      most, count);
}

/* Numbers [steps, turned] of a table, each of them for both of a pair; the first of which has the negative one of
 * sines. */
static soma_status fill_table(const rotary *r, const soma_onnx_value *table, bool sines, const size_t *row,
                              float *numbers) {
    const size_t half = r->turned / 2;
    soma_onnx_reader reader;
    SOMA_TRY(soma_onnx_reader_open(r->node->importer->file, &table->elements, &reader));
    for (size_t step = 0; step < r->steps; step++)
        for (size_t i = 0; i < half; i++) {
            const double number = soma_onnx_read(&reader, table->elements.equal ? 0 : row[step] * half + i);
            numbers[step * r->turned + (r->interleaved ? 2 * i : i)] = (float)(sines ? -number : number);
            numbers[step * r->turned + (r->interleaved ? 2 * i + 1 : i + half)] = (float)number;
        }
    soma_onnx_reader_close(&reader);
    return SOMA_OK;
}

/* As a parameter that stays, [steps, 1, turned] or [steps, turned]. */
static soma_status add_table(const rotary *r, uint32_t input, soma_tensor **out) {
    soma_onnx_node *node = r->node;
    const soma_onnx_value *table = node->input[input];
    const bool placed = node->input_count > POSITIONS && node->input[POSITIONS];
    SOMA_TRY(check_table(r, table, placed));
    SOMA_TRY(soma_onnx_take_made(node->importer, r->steps * r->turned, sizeof(float), table->name));
    float *numbers = soma_calloc(r->steps * r->turned, sizeof *numbers);
    size_t *row = soma_calloc(r->steps, sizeof *row);
    soma_status status = numbers && row ? SOMA_OK : soma_out_of_memory(r->steps * r->turned, table->name);
    if (status == SOMA_OK) status = get_rows(r, table->shape.dim[placed ? 0 : 1], row);
    if (status == SOMA_OK) status = fill_table(r, table, input == SINES, row, numbers);
    soma_free(row);
    if (status != SOMA_OK) {
        soma_free(numbers);
        return status;
    }
    const size_t beside[] = {r->steps, 1, r->turned}, apart[] = {r->steps, r->turned};
    SOMA_TRY(soma_onnx_add_parameter(node, table->name, "_of_steps", r->apart ? 2 : 3, r->apart ? apart : beside,
                                     numbers, out));
    soma_network *network = node->importer->network;
    network->parameters[network->parameter_count - 1].is_frozen = true;
    return SOMA_OK;
}

static soma_status slice_last(soma_tensor *x, size_t start, size_t length, soma_tensor **out) {
    return soma_onnx_slice_axis(x, x->rank, start, length, out); /* the batch is counted */
}

/* x with the two of each pair exchanged. */
static soma_status exchange(const rotary *r, soma_tensor *x, soma_tensor **out) {
    const size_t half = r->interleaved ? 1 : r->turned / 2;
    soma_tensor pairs = *x, *cut = x, *part[2];
    if (r->interleaved) {
        pairs.rank = 4;
        pairs.shape[2] = r->turned / 2;
        pairs.shape[3] = 2;
        SOMA_TRY(soma_graph_reshape(x->graph, x, &pairs, &cut));
    }
    SOMA_TRY(slice_last(cut, half, half, &part[0]));
    SOMA_TRY(slice_last(cut, 0, half, &part[1]));
    SOMA_TRY(soma_graph_join(part, 2, cut->rank, out));
    return r->interleaved ? soma_graph_reshape(x->graph, *out, x, out) : SOMA_OK;
}

static soma_status turn_by_constants(const rotary *r) {
    soma_onnx_node *node = r->node;
    soma_tensor *x, *all, *cosines, *sines, *exchanged, *rest = NULL;
    SOMA_TRY(add_table(r, COSINES, &cosines));
    SOMA_TRY(add_table(r, SINES, &sines));
    SOMA_TRY(soma_onnx_samples(node, node->input[X], &all));
    const soma_tensor heads = {.batched = true,
                               .rank = 3,
                               .shape = {r->apart ? r->heads : r->steps, r->apart ? r->steps : r->heads, r->width}};
    SOMA_TRY(soma_graph_reshape(all->graph, all, &heads, &all));
    x = all;
    if (r->turned < r->width) {
        SOMA_TRY(slice_last(all, 0, r->turned, &x));
        SOMA_TRY(slice_last(all, r->turned, r->width - r->turned, &rest));
    }
    SOMA_TRY(exchange(r, x, &exchanged));
    SOMA_TRY(soma_graph_binary(x->graph, x, cosines, SOMA_BINARY_MULTIPLY, &x));
    SOMA_TRY(soma_graph_binary(x->graph, exchanged, sines, SOMA_BINARY_MULTIPLY, &exchanged));
    SOMA_TRY(soma_graph_binary(x->graph, x, exchanged, SOMA_BINARY_ADD, &x));
    if (rest) SOMA_TRY(soma_graph_join((soma_tensor *[]){x, rest}, 2, 3, &x));
    return soma_onnx_give(node, x, &node->input[X]->shape);
}

/* ------------------------------------------------------------- tables or positions that are known when the model runs
 */

/* Of a table the numbers of each step, with a dimension for the heads. */
static soma_status rows_of_steps(const rotary *r, uint32_t input, soma_onnx_value *rows) {
    soma_onnx_node *node = r->node;
    soma_onnx_value *positions = soma_onnx_optional(node, POSITIONS), list;
    const size_t half = r->turned / 2;
    soma_onnx_made none;
    soma_onnx_begin_made(&none);
    *rows = *node->input[input];
    if (rows->integer || rows->shape.rank != (positions ? 2 : 3) || rows->shape.dim[rows->shape.rank - 1] != half)
        return soma_error(SOMA_UNSUPPORTED, "%s has %u dimensions; a table for %s of %zu pairs is read", rows->name,
                          rows->shape.rank, positions ? "positions" : "the steps of all samples", half);
    if (positions) SOMA_TRY(SOMA_ONNX_COMPOSE(node, Gather, &none, rows, rows, positions));
    const int64_t heads = r->apart ? rows->shape.rank - 2 : rows->shape.rank - 1;
    SOMA_TRY(soma_onnx_compose_list(node, &heads, 1, &list));
    return SOMA_ONNX_COMPOSE(node, Unsqueeze, &none, rows, rows, &list);
}

/* The first or second of each pair: of [.., width] they are [.., turned / 2]. */
static soma_status halves(const rotary *r, soma_onnx_value *x, size_t which, soma_onnx_value *half) {
    soma_onnx_node *node = r->node;
    soma_onnx_value from, to, axes, steps;
    if (!r->interleaved) return soma_onnx_compose_part(node, x, 3, which * (r->turned / 2), r->turned / 2, half);
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){(int64_t)which}, 1, &from));
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){(int64_t)r->turned}, 1, &to));
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){3}, 1, &axes));
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){2}, 1, &steps));
    return SOMA_ONNX_COMPOSE(node, Slice, NULL, half, x, &from, &to, &axes, &steps);
}

/* a b + sign c d */
static soma_status combine(const rotary *r, soma_onnx_value *a, soma_onnx_value *b, bool less, soma_onnx_value *c,
                           soma_onnx_value *d, soma_onnx_value *y) {
    soma_onnx_value p, q;
    SOMA_TRY(SOMA_ONNX_COMPOSE(r->node, Mul, NULL, &p, a, b));
    SOMA_TRY(SOMA_ONNX_COMPOSE(r->node, Mul, NULL, &q, c, d));
    return less ? SOMA_ONNX_COMPOSE(r->node, Sub, NULL, y, &p, &q) : SOMA_ONNX_COMPOSE(r->node, Add, NULL, y, &p, &q);
}

/* Pairs of which these are the first and the second numbers, with what was not turned behind them. */
static soma_status join_pairs(const rotary *r, soma_onnx_value *first, soma_onnx_value *second, soma_onnx_value *rest,
                              soma_onnx_value *y) {
    soma_onnx_node *node = r->node;
    const int64_t between[] = {0, (int64_t)first->shape.dim[1], (int64_t)first->shape.dim[2],
                               (int64_t)first->shape.dim[3], 1};
    soma_onnx_made along;
    soma_onnx_begin_made(&along);
    soma_onnx_made_integer(&along, "axis", -1);
    if (r->interleaved) {
        SOMA_TRY(soma_onnx_compose_reshaped(node, first, between, 5, first));
        SOMA_TRY(soma_onnx_compose_reshaped(node, second, between, 5, second));
    }
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Concat, &along, y, first, second));
    if (r->interleaved) {
        const int64_t shape[] = {0, between[1], between[2], (int64_t)r->turned};
        SOMA_TRY(soma_onnx_compose_reshaped(node, y, shape, 4, y));
    }
    return rest ? SOMA_ONNX_COMPOSE(node, Concat, &along, y, y, rest) : SOMA_OK;
}

static soma_status turn_computed(const rotary *r) {
    soma_onnx_node *node = r->node;
    soma_onnx_value x = *node->input[X], cosines, sines, first, second, real, imaginary, rest, y;
    const int64_t heads[] = {0, (int64_t)r->steps, (int64_t)r->heads, (int64_t)r->width};
    const int64_t beside[] = {0, (int64_t)r->steps, (int64_t)(r->heads * r->width)};
    const bool part = r->turned < r->width;
    SOMA_TRY(rows_of_steps(r, COSINES, &cosines));
    SOMA_TRY(rows_of_steps(r, SINES, &sines));
    if (!r->apart) SOMA_TRY(soma_onnx_compose_reshaped(node, &x, heads, 4, &x));
    SOMA_TRY(halves(r, &x, 0, &first));
    SOMA_TRY(halves(r, &x, 1, &second));
    if (part) SOMA_TRY(soma_onnx_compose_part(node, &x, 3, r->turned, r->width - r->turned, &rest));
    SOMA_TRY(combine(r, &cosines, &first, true, &sines, &second, &real));
    SOMA_TRY(combine(r, &sines, &first, false, &cosines, &second, &imaginary));
    SOMA_TRY(join_pairs(r, &real, &imaginary, part ? &rest : NULL, &y));
    if (!r->apart) SOMA_TRY(soma_onnx_compose_reshaped(node, &y, beside, 3, &y));
    return soma_onnx_pass(node, &y);
}

/* Of constants tables are made that have a row for each step; where samples are read as one, each may have its own. */
static bool is_by_constants(const rotary *r) {
    const soma_onnx_node *node = r->node;
    const soma_onnx_value *positions = soma_onnx_optional(node, POSITIONS);
    if (node->importer->whole && node->input[X]->shape.dim[0] != 1) return false;
    return node->input[COSINES]->constant && node->input[SINES]->constant && (!positions || positions->constant);
}

static soma_status import_rotary(soma_onnx_node *node) {
    rotary r = {.node = node};
    SOMA_TRY(get_sizes(&r));
    return is_by_constants(&r) ? turn_by_constants(&r) : turn_computed(&r);
}

SOMA_ONNX_OP(RotaryEmbedding, 23, 3, 4, "interleaved num_heads rotary_embedding_dim", import_rotary, 0);
