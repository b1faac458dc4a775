/* SPDX-License-Identifier: MIT */
/* Rotary positions of queries and keys, by tables of cosines and sines (Su et al. 2021). */
#include "io/onnx/family.h"

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
    if (node->importer->whole && x->dim[0] != 1) return soma_onnx_mixes(node);
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

static soma_status import_rotary(soma_onnx_node *node) {
    rotary r = {.node = node};
    soma_tensor *x, *all, *cosines, *sines, *exchanged, *rest = NULL;
    SOMA_TRY(get_sizes(&r));
    SOMA_TRY(add_table(&r, COSINES, &cosines));
    SOMA_TRY(add_table(&r, SINES, &sines));
    SOMA_TRY(soma_onnx_samples(node, node->input[X], &all));
    const soma_tensor heads = {
        .batched = true, .rank = 3, .shape = {r.apart ? r.heads : r.steps, r.apart ? r.steps : r.heads, r.width}};
    SOMA_TRY(soma_graph_reshape(all->graph, all, &heads, &all));
    x = all;
    if (r.turned < r.width) {
        SOMA_TRY(slice_last(all, 0, r.turned, &x));
        SOMA_TRY(slice_last(all, r.turned, r.width - r.turned, &rest));
    }
    SOMA_TRY(exchange(&r, x, &exchanged));
    SOMA_TRY(soma_graph_binary(x->graph, x, cosines, SOMA_BINARY_MULTIPLY, &x));
    SOMA_TRY(soma_graph_binary(x->graph, exchanged, sines, SOMA_BINARY_MULTIPLY, &exchanged));
    SOMA_TRY(soma_graph_binary(x->graph, x, exchanged, SOMA_BINARY_ADD, &x));
    if (rest) SOMA_TRY(soma_graph_join((soma_tensor *[]){x, rest}, 2, 3, &x));
    return soma_onnx_give(node, x, &node->input[X]->shape);
}

SOMA_ONNX_OP(RotaryEmbedding, 23, 3, 4, "interleaved num_heads rotary_embedding_dim", import_rotary, 0);
