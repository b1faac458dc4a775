/* SPDX-License-Identifier: MIT */
/* TfIdfVectorizer: how often runs of words or whole numbers, those of a list, stand in each row. */
#include "io/onnx/classes.h"
#include "io/onnx/compose.h"
#include "io/onnx/family.h"
#include "io/onnx/host.h"
#include "io/onnx/texts.h"
#include "io/onnx/vocabulary.h"

#include <inttypes.h>
#include <stdlib.h>

/* That a run costs, in items that are compared. */
enum { COST_OF_SEARCH = 16 };

/* A run of the list: its items, and which of the list it is. */
typedef struct gram {
    const double *items;
    size_t length, number;
} gram;

typedef struct grams {
    gram *sorted; /* of all lengths */
    size_t count;
    size_t *lengths; /* that there are runs of */
    size_t length_count;
    int64_t shortest, longest, skips;
    const Soma__Onnx__AttributeProto *places; /* ngram_indexes */
    const Soma__Onnx__AttributeProto *weights;
    size_t columns;
    bool counts; /* else whether it is there at all */
} grams;

static int compare_grams(const void *a, const void *b) {
    const gram *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    for (size_t i = 0; i < x->length; i++)
        if (x->items[i] < y->items[i] || x->items[i] > y->items[i]) return x->items[i] < y->items[i] ? -1 : 1;
    return 0;
}

/* ------------------------------------------------------------------------------------------------------ attributes */

static soma_status get_pool(soma_onnx_node *node, const double **pool, size_t *count) {
    const bool words = node->input[0]->encoded;
    const char *name = words ? "pool_strings" : "pool_int64s";
    const Soma__Onnx__AttributeProto *list = soma_onnx_attribute(node, name);
    *count = !list ? 0 : words ? list->n_strings : list->n_ints;
    if (*count == 0)
        return soma_error(SOMA_INVALID_FILE, "%s holds %s, and attribute %s is not there or empty",
                          node->input[0]->name, words ? "words" : "whole numbers", name);
    if (words) return soma_onnx_word_numbers(node, name, list->strings, *count, pool);
    return soma_onnx_get_numbers(node, name, pool, count);
}

static soma_status get_attributes(soma_onnx_node *node, grams *of) {
    const Soma__Onnx__AttributeProto *mode = soma_onnx_attribute(node, "mode");
    const bool tf = soma_onnx_is_text(mode, "TF"), idf = soma_onnx_is_text(mode, "IDF");
    SOMA_TRY(soma_onnx_get_integer(node, "min_gram_length", 0, &of->shortest));
    SOMA_TRY(soma_onnx_get_integer(node, "max_gram_length", 0, &of->longest));
    SOMA_TRY(soma_onnx_get_integer(node, "max_skip_count", 0, &of->skips));
    of->places = soma_onnx_attribute(node, "ngram_indexes");
    of->weights = soma_onnx_attribute(node, "weights");
    of->counts = !idf;
    if (!tf && !idf && !soma_onnx_is_text(mode, "TFIDF"))
        return soma_error(SOMA_INVALID_FILE, "mode must be TF, IDF or TFIDF");
    if (of->shortest < 1 || of->longest < of->shortest || of->skips < 0)
        return soma_error(SOMA_INVALID_FILE,
                          "runs of %" PRId64 " to %" PRId64 " items, %" PRId64 " left out between them", of->shortest,
                          of->longest, of->skips);
    if (tf || !of->weights || !of->weights->n_floats) of->weights = NULL;
    return of->places && of->places->n_ints ? SOMA_OK : soma_error(SOMA_INVALID_FILE, "there are no ngram_indexes");
}

static soma_status list_lengths(const soma_onnx_node *node, grams *of) {
    of->lengths = soma_calloc(of->count + 1, sizeof *of->lengths);
    if (!of->lengths) return soma_out_of_memory(of->count * sizeof *of->lengths, node->output.name);
    for (size_t i = 0; i < of->count; i++)
        if (i == 0 || of->sorted[i].length != of->sorted[i - 1].length)
            of->lengths[of->length_count++] = of->sorted[i].length;
    return SOMA_OK;
}

/* The runs of one length lie at [first, end) of the pool. */
static soma_status add_runs(grams *of, const double *pool, size_t first, size_t end, size_t length, size_t *number) {
    if (end < first || (end - first) % length != 0)
        return soma_error(SOMA_INVALID_FILE, "ngram_counts: runs of %zu items are at [%zu, %zu) of the pool", length,
                          first, end);
    for (size_t at = first; at < end; at += length, (*number)++) {
        if (*number >= of->places->n_ints || of->places->ints[*number] < 0 ||
            (of->weights && *number >= of->weights->n_floats))
            return soma_error(SOMA_INVALID_FILE, "run %zu has no place in ngram_indexes, or no weight", *number);
        if ((int64_t)length >= of->shortest && (int64_t)length <= of->longest)
            of->sorted[of->count++] = (gram){pool + at, length, *number};
    }
    return SOMA_OK;
}

static soma_status list_grams(soma_onnx_node *node, grams *of) {
    const Soma__Onnx__AttributeProto *counts = soma_onnx_attribute(node, "ngram_counts");
    const double *pool;
    size_t size, number = 0;
    if (!counts || !counts->n_ints) return soma_error(SOMA_INVALID_FILE, "there are no ngram_counts");
    SOMA_TRY(get_pool(node, &pool, &size));
    SOMA_TRY(soma_onnx_take_made(node->importer, size, sizeof *of->sorted, node->output.name));
    of->sorted = soma_calloc(size, sizeof *of->sorted);
    if (!of->sorted) return soma_out_of_memory(size * sizeof *of->sorted, node->output.name);
    for (size_t i = 0; i < counts->n_ints; i++) {
        const int64_t first = counts->ints[i], end = i + 1 < counts->n_ints ? counts->ints[i + 1] : (int64_t)size;
        if (first < 0 || end < 0 || (uint64_t)end > size)
            return soma_error(SOMA_INVALID_FILE, "ngram_counts: %" PRId64 " to %" PRId64 " of %zu", first, end, size);
        SOMA_TRY(add_runs(of, pool, (size_t)first, (size_t)end, i + 1, &number));
    }
    qsort(of->sorted, of->count, sizeof *of->sorted, compare_grams);
    for (size_t i = 1; i < of->count; i++)
        if (compare_grams(&of->sorted[i - 1], &of->sorted[i]) == 0)
            return soma_error(SOMA_INVALID_FILE, "runs %zu and %zu of the pool are the same", of->sorted[i - 1].number,
                              of->sorted[i].number);
    for (size_t i = 0; i < of->places->n_ints; i++)
        if (of->places->ints[i] >= 0) of->columns = SOMA_MAX(of->columns, (size_t)of->places->ints[i] + 1);
    return list_lengths(node, of);
}

/* -------------------------------------------------------------------------------------------------------- counting */

/* What a run adds to its column: each time, or the first time alone. */
static void count_gram(const grams *of, const gram *found, double *row) {
    double *at = &row[of->places->ints[found->number]];
    const double weight = of->weights ? (double)of->weights->floats[found->number] : 1;
    *at = of->counts ? *at + weight : weight;
}

/* All runs of `length` items, `distance` places from one to the next. */
static void count_runs(const grams *of, const double *items, size_t count, size_t length, size_t distance,
                       double *taken, double *row) {
    for (size_t first = 0; first < count && (count - 1 - first) / distance >= length - 1; first++) {
        for (size_t i = 0; i < length; i++) taken[i] = items[first + i * distance];
        const gram wanted = {taken, length, 0};
        const gram *found = bsearch(&wanted, of->sorted, of->count, sizeof *of->sorted, compare_grams);
        if (found) count_gram(of, found, row);
    }
}

/* Single items are counted once, however many places may be left out. */
static soma_status count_row(soma_onnx_node *node, const grams *of, const double *items, size_t count, double *taken,
                             double *row) {
    for (size_t i = 0; i < of->length_count && of->lengths[i] <= count; i++) {
        const size_t length = of->lengths[i], skips = length == 1 ? 0 : (size_t)of->skips;
        for (size_t distance = 1; distance <= skips + 1 && (count - 1) / distance >= length - 1; distance++) {
            const double runs = (double)(count - (length - 1) * distance);
            SOMA_TRY(soma_onnx_take_steps(node, runs * (double)(length + COST_OF_SEARCH), "items of runs"));
            count_runs(of, items, count, length, distance, taken, row);
        }
    }
    return SOMA_OK;
}

static soma_status count_all(soma_onnx_node *node, const grams *of) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const size_t rows = x->rank == 2 ? x->dim[0] : 1, each = x->dim[x->rank - 1];
    soma_onnx_shape out = {.rank = x->rank, .dim = {rows, of->columns}};
    const double *items;
    double *numbers = NULL, *taken = NULL;
    size_t count;
    if (x->rank == 1) out.dim[0] = of->columns;
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &items, &count));
    SOMA_TRY(soma_onnx_make_table(node, rows, of->columns, &numbers));
    for (size_t i = 0; i < rows * of->columns; i++) numbers[i] = 0;
    SOMA_TRY(soma_onnx_make(node, each, &taken));
    for (size_t i = 0; i < rows; i++)
        SOMA_TRY(count_row(node, of, items + i * each, each, taken, numbers + i * of->columns));
    return soma_onnx_give_numbers(node, SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, &out, false, numbers);
}

static soma_status import_vectorizer(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    grams of = {.sorted = NULL};
    if (!soma_onnx_is_known(x)) return soma_onnx_on_host("runs of words and numbers are counted");
    if (x->shape.rank < 1 || x->shape.rank > 2 || !x->integer)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions; one or two, of words or whole numbers, are taken",
                          x->name, x->shape.rank);
    soma_status status = get_attributes(node, &of);
    if (status == SOMA_OK) status = list_grams(node, &of);
    if (status == SOMA_OK) status = count_all(node, &of);
    soma_free(of.sorted);
    soma_free(of.lengths);
    return status;
}

SOMA_ONNX_OP(TfIdfVectorizer, 9, 1, 1,
             "max_gram_length max_skip_count min_gram_length mode ngram_counts ngram_indexes pool_int64s pool_strings "
             "weights",
             import_vectorizer, 0, .place = SOMA_ONNX_ANYWHERE);
