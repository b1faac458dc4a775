/* SPDX-License-Identifier: MIT */
/* Classes, their labels and scores, as the classifiers of ai.onnx.ml have them; and ops that are about labels alone. */
#include "io/onnx/classes.h"
#include "base/utf8.h"
#include "io/onnx/family.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64, STRING = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING };

/* Whole numbers that float32 holds. */
#define MOST_WHOLE 0x1p24

/* ------------------------------------------------------------------------------------------------- what all have */

soma_status soma_onnx_rows(soma_onnx_node *node, soma_tensor **x, size_t *features) {
    soma_onnx_value *value = node->input[0];
    if (!value->shape.batched || value->shape.rank != 2)
        return soma_error(SOMA_UNSUPPORTED, "%s has %u dimensions; samples of features, [batch, features], are taken",
                          value->name, value->shape.rank);
    if (value->words.count) return soma_error(SOMA_UNSUPPORTED, "%s holds words; numbers are taken", value->name);
    *features = value->shape.dim[1];
    return soma_onnx_tensor_of_any(node, value, x);
}

soma_status soma_onnx_with_number(soma_onnx_node *node, soma_tensor *x, float number, soma_binary op, soma_tensor **y) {
    soma_tensor *fill;
    SOMA_TRY(soma_onnx_fill(node, number, &fill));
    return soma_graph_binary(soma_onnx_graph(node), x, fill, op, y);
}

soma_status soma_onnx_keep_numbers(soma_onnx_node *node, soma_tensor *x, const char *ending, size_t count,
                                   const double *numbers, soma_tensor **y) {
    soma_tensor *all, *row;
    SOMA_TRY(soma_onnx_add_numbers(node, ending, 1, &count, numbers, true, &row));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_LINEAR, 0, 0, &all));
    SOMA_TRY(soma_graph_binary(x->graph, all, row, SOMA_BINARY_ADD, &all));
    return soma_graph_binary(x->graph, all, x, SOMA_BINARY_KEEP, y);
}

/* ----------------------------------------------------------------------------------------------------- attributes */

soma_status soma_onnx_get_tensor_numbers(soma_onnx_node *node, const Soma__Onnx__AttributeProto *attribute,
                                         const double **numbers, size_t *count) {
    soma_onnx_elements elements;
    soma_onnx_reader reader;
    double *made = NULL;
    if (!attribute->t) return soma_error(SOMA_INVALID_FILE, "attribute %s must be a tensor", attribute->name);
    SOMA_TRY(soma_onnx_elements_of(attribute->t, &elements));
    SOMA_TRY(soma_onnx_make(node, elements.count, &made));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &elements, &reader));
    for (size_t i = 0; i < elements.count; i++) made[i] = soma_onnx_read(&reader, i);
    soma_onnx_reader_close(&reader);
    *numbers = made;
    *count = elements.count;
    return SOMA_OK;
}

soma_status soma_onnx_get_numbers(soma_onnx_node *node, const char *name, const double **numbers, size_t *count) {
    char other[64];
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    double *made = NULL;
    snprintf(other, sizeof other, "%s_as_tensor", name);
    *count = 0;
    *numbers = NULL;
    if (!attribute) {
        attribute = soma_onnx_attribute(node, other);
        return attribute ? soma_onnx_get_tensor_numbers(node, attribute, numbers, count) : SOMA_OK;
    }
    *count = attribute->n_floats ? attribute->n_floats : attribute->n_ints;
    SOMA_TRY(soma_onnx_make(node, *count, &made));
    for (size_t i = 0; i < *count; i++)
        made[i] = attribute->n_floats ? (double)attribute->floats[i] : (double)attribute->ints[i];
    *numbers = made;
    return SOMA_OK;
}

typedef struct placed {
    float number;
    size_t place;
} placed;

/* NaN behind all others, and equals among themselves as they were. */
static int compare_placed(const void *a, const void *b) {
    const placed *x = a, *y = b;
    if (isnan(x->number) != isnan(y->number)) return isnan(x->number) ? 1 : -1;
    if (x->number < y->number || x->number > y->number) return x->number < y->number ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static bool are_same(const placed *a, const placed *b) {
    return a->number == b->number || (isnan(a->number) && isnan(b->number));
}

soma_status soma_onnx_without_repeats(soma_onnx_node *node, const double *numbers, size_t count, bool last,
                                      const double *of, double instead, const double **kept) {
    double *made = NULL;
    SOMA_TRY(soma_onnx_make(node, count, &made));
    SOMA_TRY(soma_onnx_take_made(node->importer, count, sizeof(placed), node->output.name));
    placed *sorted = soma_calloc(count, sizeof *sorted);
    if (!sorted) return soma_out_of_memory(count * sizeof *sorted, node->output.name);
    for (size_t i = 0; i < count; i++) sorted[i] = (placed){(float)numbers[i], i};
    qsort(sorted, count, sizeof *sorted, compare_placed);
    memcpy(made, of, count * sizeof *made);
    for (size_t i = 1; i < count; i++)
        if (are_same(&sorted[i - 1], &sorted[i])) made[sorted[last ? i - 1 : i].place] = instead;
    soma_free(sorted);
    *kept = made;
    return SOMA_OK;
}

soma_status soma_onnx_get_text(const soma_onnx_node *node, const char *name, const char *otherwise, char *text,
                               size_t size) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    if (!attribute) return snprintf(text, size, "%s", otherwise), SOMA_OK;
    if (!attribute->has_s || attribute->s.len >= size)
        return soma_error(SOMA_INVALID_FILE, "attribute %s must be a text of at most %zu bytes", name, size - 1);
    memcpy(text, attribute->s.data, attribute->s.len);
    text[attribute->s.len] = 0;
    return SOMA_OK;
}

soma_status soma_onnx_add_numbers(soma_onnx_node *node, const char *ending, uint32_t rank, const size_t *shape,
                                  const double *numbers, bool frozen, soma_tensor **tensor) {
    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++) count *= shape[i];
    SOMA_TRY(soma_onnx_take_made(node->importer, count, sizeof(float), node->output.name));
    float *values = soma_calloc(count, sizeof *values);
    if (!values) return soma_out_of_memory(count * sizeof *values, node->output.name);
    for (size_t i = 0; i < count; i++) values[i] = (float)numbers[i];
    SOMA_TRY(soma_onnx_add_parameter(node, node->output.name, ending, rank, shape, values, tensor));
    soma_network *network = node->importer->network;
    network->parameters[network->parameter_count - 1].is_frozen = frozen;
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- classes */

soma_status soma_onnx_get_classes(soma_onnx_node *node, const char *numbers, const char *words,
                                  soma_onnx_classes *classes) {
    const Soma__Onnx__AttributeProto *whole = soma_onnx_attribute(node, numbers);
    const Soma__Onnx__AttributeProto *text = soma_onnx_attribute(node, words);
    *classes = (soma_onnx_classes){.count = 0};
    if (text && text->n_strings)
        *classes = (soma_onnx_classes){.count = text->n_strings, .words = text->strings};
    else if (whole && whole->n_ints)
        *classes = (soma_onnx_classes){.count = whole->n_ints, .numbers = whole->ints};
    if (!classes->count) return soma_error(SOMA_INVALID_FILE, "attributes %s and %s name no class", numbers, words);
    for (size_t i = 0; classes->numbers && i < classes->count; i++)
        if (fabs((double)classes->numbers[i]) > MOST_WHOLE)
            return soma_error(SOMA_UNSUPPORTED, "%s: class %zu is %" PRId64 "; up to 2^24 can be counted in float32",
                              numbers, i, classes->numbers[i]);
    return SOMA_OK;
}

void soma_onnx_name_classes(soma_onnx_importer *importer, const soma_onnx_classes *classes) {
    if (!importer->classes.count) importer->classes = *classes;
}

static char *name_of(const soma_onnx_classes *classes, size_t i) {
    char number[32];
    if (classes->words) {
        soma_text text = {.data = NULL};
        soma_text_append(&text, "%.*s", (int)SOMA_MIN(classes->words[i].len, (size_t)INT_MAX),
                         (const char *)classes->words[i].data);
        return text.data;
    }
    snprintf(number, sizeof number, "%" PRId64, classes->numbers[i]);
    return soma_strdup(number);
}

soma_status soma_onnx_keep_classes(soma_onnx_importer *importer) {
    soma_preprocessing *kept = &importer->network->preprocessing;
    const soma_onnx_classes *classes = &importer->classes;
    if (!classes->count || kept->class_count) return SOMA_OK;
    SOMA_TRY(soma_onnx_take_made(importer, classes->count, sizeof(char *), "classes"));
    kept->class_names = soma_calloc(classes->count, sizeof *kept->class_names);
    if (!kept->class_names) return soma_out_of_memory(classes->count * sizeof(char *), "class names");
    while (kept->class_count < classes->count) {
        char *name = name_of(classes, kept->class_count);
        if (!name) return soma_out_of_memory(64, "a class name");
        kept->class_names[kept->class_count++] = name;
    }
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- labels */

/* Whether the label of every class is its place, so that nothing has to be looked up. */
static bool are_places(const soma_onnx_classes *classes) {
    for (size_t i = 0; classes->numbers && i < classes->count; i++)
        if (classes->numbers[i] != (int64_t)i) return false;
    return true;
}

/* Row number `place` of a table [count, columns]. */
static soma_status take_row(soma_onnx_node *node, soma_tensor *place, const double *numbers, size_t count,
                            size_t columns, soma_tensor **y) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *table, *index;
    SOMA_TRY(soma_onnx_add_numbers(node, ".labels", 2, (size_t[]){count, columns}, numbers, true, &table));
    soma_tensor_spec whole = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &place};
    SOMA_TRY(soma_graph_add(graph, &whole, &index));
    soma_tensor_spec spec = {.op = SOMA_OP_GATHER, .input_count = 2, .input = (soma_tensor *[]){table, index}};
    return soma_graph_add(graph, &spec, y);
}

static soma_status look_up(soma_onnx_node *node, soma_tensor *place, const soma_onnx_classes *classes,
                           soma_tensor **y) {
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, classes->count, &numbers));
    for (size_t i = 0; i < classes->count; i++) numbers[i] = (double)classes->numbers[i];
    return take_row(node, place, numbers, classes->count, 1, y);
}

soma_status soma_onnx_look_up(soma_onnx_node *node, const soma_onnx_value *list, soma_tensor *place, soma_tensor **y) {
    const size_t count = list->elements.count, each = list->shape.rank ? list->shape.dim[list->shape.rank - 1] : 1;
    soma_onnx_reader reader;
    double *numbers = NULL;
    bool large = false;
    if (count == 0 || list->elements.open) return soma_error(SOMA_UNSUPPORTED, "%s has no elements", list->name);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &list->elements, &reader));
    for (size_t i = 0; i < count; i++) {
        const double number = soma_onnx_read(&reader, i);
        large |= fabs(number) > MOST_WHOLE;
        numbers[i % each * (count / each) + i / each] = number;
    }
    soma_onnx_reader_close(&reader);
    if (list->integer && large)
        return soma_error(SOMA_UNSUPPORTED, "%s has whole numbers above 2^24, up to which float32 counts", list->name);
    return take_row(node, place, numbers, each, count / each, y);
}

soma_status soma_onnx_give_labels(soma_onnx_node *node, soma_tensor *place, const soma_onnx_shape *shape,
                                  const soma_onnx_classes *classes) {
    soma_onnx_name_classes(node->importer, classes);
    if (!are_places(classes)) SOMA_TRY(look_up(node, place, classes, &place));
    node->output.integer = true;
    node->output.elements.type = classes->words ? STRING : INT64;
    if (classes->words) node->output.words = *classes;
    return soma_onnx_give(node, place, shape);
}

/* --------------------------------------------------------------------------------------------------------- scores */

soma_status soma_onnx_reduce_last(soma_tensor *x, soma_reduction op, soma_tensor **y) {
    soma_tensor like = *x;
    like.shape[like.rank - 1] = 1;
    SOMA_TRY(soma_graph_reduce(x->graph, x, op, x->rank - (x->batched ? 0 : 1), y));
    return soma_graph_reshape(x->graph, *y, &like, y);
}

/* count - (the largest of count - place, where x is equal to its largest, else 0) */
soma_status soma_onnx_first_largest(soma_onnx_node *node, soma_tensor *x, soma_tensor **place) {
    const size_t count = x->shape[x->rank - 1];
    soma_tensor *largest, *equal, *numbers;
    SOMA_TRY(soma_onnx_reduce_last(x, SOMA_REDUCE_MAX, &largest));
    SOMA_TRY(soma_graph_binary(x->graph, x, largest, SOMA_BINARY_EQUAL, &equal));
    SOMA_TRY(soma_onnx_count_up(node, count, &numbers));
    SOMA_TRY(soma_onnx_with_number(node, numbers, (float)count, SOMA_BINARY_SUBTRACT, &numbers));
    SOMA_TRY(soma_graph_binary(x->graph, equal, numbers, SOMA_BINARY_MULTIPLY, &equal));
    SOMA_TRY(soma_onnx_reduce_last(equal, SOMA_REDUCE_MIN, place));
    return soma_onnx_with_number(node, *place, (float)count, SOMA_BINARY_ADD, place);
}

/* The softmax of those that are not 0; those are what they are over the same sum. */
static soma_status softmax_but_zeros(soma_onnx_node *node, soma_tensor *x, soma_tensor **y) {
    const float least = 0.0000001f; /* what counts as 0 to onnxruntime */
    soma_tensor *largest, *power, *counts, *sum;
    SOMA_TRY(soma_onnx_reduce_last(x, SOMA_REDUCE_MAX, &largest));
    SOMA_TRY(soma_graph_binary(x->graph, x, largest, SOMA_BINARY_SUBTRACT, &power));
    SOMA_TRY(soma_onnx_function(node, power, SOMA_EXP, 0, 0, &power));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_ABS, 0, 0, &counts));
    SOMA_TRY(soma_onnx_with_number(node, counts, least, SOMA_BINARY_GREATER, &counts));
    SOMA_TRY(soma_graph_binary(x->graph, power, counts, SOMA_BINARY_KEEP, &power));
    SOMA_TRY(soma_onnx_reduce_last(power, SOMA_REDUCE_SUM, &sum));
    return soma_graph_binary(x->graph, power, sum, SOMA_BINARY_DIVIDE, y);
}

static soma_status softmax(soma_tensor *x, soma_tensor **y) {
    soma_tensor_spec spec = {.op = SOMA_OP_SOFTMAX, .input_count = 1, .input = &x};
    spec.attributes.softmax.axis = x->rank - (x->batched ? 0 : 1);
    return soma_graph_add(x->graph, &spec, y);
}

static soma_status get_transform(const soma_onnx_node *node, char text[16]) {
    return soma_onnx_get_text(node, "post_transform", "NONE", text, 16);
}

/*
 * What the standard normal distribution has below it with this probability: sqrt(2) times the inverse of erf at 2 x -
 * 1, as Winitzki 2008, "A handy approximation for the error function and its inverse", has it; so do ONNX's own
 * evaluator and onnxruntime.
 */
static soma_status probit(soma_onnx_node *node, soma_tensor *x, soma_tensor **y) {
    const float a = 0.147f, pi = 3.14159265358979f;
    soma_tensor *sign, *log, *half;
    SOMA_TRY(soma_onnx_function(node, x, SOMA_LINEAR, 2, 0, &x));
    SOMA_TRY(soma_onnx_with_number(node, x, 1, SOMA_BINARY_SUBTRACT, &x));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_SIGN, 0, 0, &sign));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_LINEAR, -1, 0, &log));
    SOMA_TRY(soma_onnx_with_number(node, log, 1, SOMA_BINARY_ADD, &log));
    SOMA_TRY(soma_onnx_with_number(node, x, 1, SOMA_BINARY_ADD, &half));
    SOMA_TRY(soma_graph_binary(x->graph, log, half, SOMA_BINARY_MULTIPLY, &log));
    SOMA_TRY(soma_onnx_function(node, log, SOMA_LOG, 0, 0, &log)); /* of 1 - x^2 */
    SOMA_TRY(soma_onnx_function(node, log, SOMA_LINEAR, 0.5f, 0, &half));
    SOMA_TRY(soma_onnx_with_number(node, half, 2 / (pi * a), SOMA_BINARY_ADD, &half));
    SOMA_TRY(soma_onnx_function(node, log, SOMA_LINEAR, 1 / a, 0, &log));
    SOMA_TRY(soma_onnx_function(node, half, SOMA_SQUARE, 0, 0, y));
    SOMA_TRY(soma_graph_binary(x->graph, *y, log, SOMA_BINARY_SUBTRACT, y));
    SOMA_TRY(soma_onnx_function(node, *y, SOMA_SQRT, 0, 0, y));
    SOMA_TRY(soma_graph_binary(x->graph, *y, half, SOMA_BINARY_SUBTRACT, y));
    SOMA_TRY(soma_onnx_function(node, *y, SOMA_SQRT, 0, 0, y));
    SOMA_TRY(soma_graph_binary(x->graph, *y, sign, SOMA_BINARY_MULTIPLY, y));
    return soma_onnx_function(node, *y, SOMA_LINEAR, 1.4142135623731f, 0, y);
}

soma_status soma_onnx_transform_scores(soma_onnx_node *node, soma_tensor *x, soma_tensor **y) {
    char how[16];
    *y = x;
    SOMA_TRY(get_transform(node, how));
    if (strcmp(how, "NONE") == 0) return SOMA_OK;
    if (strcmp(how, "LOGISTIC") == 0) return soma_onnx_function(node, x, SOMA_SIGMOID, 0, 0, y);
    if (strcmp(how, "SOFTMAX") == 0) return softmax(x, y);
    if (strcmp(how, "SOFTMAX_ZERO") == 0) return softmax_but_zeros(node, x, y);
    if (strcmp(how, "PROBIT") == 0) return probit(node, x, y);
    return soma_error(SOMA_INVALID_FILE,
                      "post_transform is %s; NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO and PROBIT are known", how);
}

/* [first, second] */
static soma_status pair(soma_tensor *first, soma_tensor *second, soma_tensor **y) {
    return soma_graph_join((soma_tensor *[]){first, second}, 2, first->rank - (first->batched ? 0 : 1), y);
}

/* Of one score of two classes those of both, as onnxruntime has them. */
static soma_status both_scores(soma_onnx_node *node, soma_tensor *s, soma_onnx_score_kind kind, soma_tensor **y) {
    char how[16];
    soma_tensor *other;
    SOMA_TRY(get_transform(node, how));
    SOMA_TRY(soma_onnx_function(node, s, SOMA_LINEAR, -1, 0, &other));
    if (strcmp(how, "LOGISTIC") == 0) {
        SOMA_TRY(soma_onnx_function(node, s, SOMA_SIGMOID, 0, 0, &s));
        SOMA_TRY(soma_onnx_function(node, other, SOMA_SIGMOID, 0, 0, &other));
    } else if (strcmp(how, "PROBIT") == 0)
        return soma_error(SOMA_UNSUPPORTED, "post_transform is PROBIT; NONE, LOGISTIC and SOFTMAX are known here");
    else if (kind == SOMA_ONNX_PROBABILITY)
        SOMA_TRY(soma_onnx_with_number(node, other, 1, SOMA_BINARY_ADD, &other));
    return pair(other, s, y);
}

soma_status soma_onnx_give_scores(soma_onnx_node *node, soma_tensor *scores, soma_onnx_score_kind kind,
                                  const soma_onnx_classes *classes) {
    soma_onnx_shape out = node->input[0]->shape;
    soma_tensor *y = scores;
    if (node->number > 1) return soma_error(SOMA_INVALID_FILE, "a classifier has two outputs");
    soma_onnx_name_classes(node->importer, classes);
    if (kind == SOMA_ONNX_SCORES)
        SOMA_TRY(soma_onnx_transform_scores(node, scores, &y));
    else
        SOMA_TRY(both_scores(node, scores, kind, &y));
    if (y == scores) SOMA_TRY(soma_onnx_function(node, y, SOMA_IDENTITY, 0, 0, &y)); /* that has a name already */
    out.dim[1] = y->shape[y->rank - 1];
    return soma_onnx_give(node, y, &out);
}

soma_status soma_onnx_give_classes(soma_onnx_node *node, soma_tensor *scores, soma_onnx_score_kind kind,
                                   float threshold, const soma_onnx_classes *classes) {
    soma_onnx_shape out = node->input[0]->shape;
    soma_tensor *place;
    if (node->number > 0) return soma_onnx_give_scores(node, scores, kind, classes);
    if (kind == SOMA_ONNX_SCORES)
        SOMA_TRY(soma_onnx_first_largest(node, scores, &place));
    else
        SOMA_TRY(soma_onnx_with_number(node, scores, threshold, SOMA_BINARY_GREATER, &place));
    out.rank = 1;
    return soma_onnx_give_labels(node, place, &out, classes);
}

/* A map from each class to its score is the scores, beside the names of the classes. */
static soma_status import_zip_map(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    soma_onnx_classes classes;
    SOMA_TRY(soma_onnx_get_classes(node, "classlabels_int64s", "classlabels_strings", &classes));
    if (x->shape.rank < 1 || x->shape.dim[x->shape.rank - 1] != classes.count)
        return soma_error(SOMA_INVALID_FILE, "there are %zu classes, and %s has %zu values", classes.count, x->name,
                          x->shape.rank ? x->shape.dim[x->shape.rank - 1] : 1);
    soma_onnx_name_classes(node->importer, &classes);
    return soma_onnx_pass_on(node);
}

SOMA_ONNX_OP(ZipMap, 1, 1, 1, "classlabels_int64s classlabels_strings", import_zip_map, 0, .domain = SOMA_ONNX_ML);
