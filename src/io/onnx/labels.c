/* SPDX-License-Identifier: MIT */
/* Labels looked up: ArrayFeatureExtractor and LabelEncoder. */
#include "io/onnx/classes.h"
#include "io/onnx/family.h"
#include "io/onnx/host.h"
#include "io/onnx/vocabulary.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    FLOAT = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    STRING = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING
};

/* ---------------------------------------------------------------------------------------------- ArrayFeatureExtractor
 */

/* How many places of the list each sample has; 0: that is not what the places are. */
static size_t places_of_sample(const soma_onnx_node *node, const soma_onnx_shape *shape) {
    if (!shape->batched || shape->rank < 1 || shape->batch != 0 || soma_onnx_beside_batch(shape) != 1) return 0;
    return soma_onnx_count(shape, node->importer->whole ? 0 : 1, shape->rank);
}

/* Of a constant list the elements at places that come of the samples, one after the other: the result is
 * [1, samples * places of each], with as many dimensions as the list where it has more; of several lists
 * [lists, samples]. */
static soma_status look_up(soma_onnx_node *node, const soma_onnx_value *list, soma_onnx_value *places) {
    const size_t each = places_of_sample(node, &places->shape);
    const bool whole = node->importer->whole;
    const size_t own = list->shape.dim[list->shape.rank - 1],
                 lists = own ? soma_onnx_count(&list->shape, 0, list->shape.rank) / own : 0;
    const uint32_t rank = SOMA_MAX(list->shape.rank, 2u); /* with 1 for each dimension before the last */
    soma_onnx_shape out = {.batched = true, .batch = whole ? 0 : rank - 1, .rank = rank};
    soma_tensor *x = NULL, *y;
    if (!whole && each > 1) out.inner = each;
    for (uint32_t i = 0; i + 1 < rank; i++) out.dim[i] = rank == 2 ? lists : 1;
    out.dim[rank - 1] = whole ? each : places->shape.dim[0] * each;
    if (each == 0)
        return soma_error(SOMA_UNSUPPORTED, "%s must have places for each sample, [batch, places]", places->name);
    if (lists != 1 && (list->shape.rank != 2 || each != 1 || list->words.count))
        return soma_error(SOMA_UNSUPPORTED,
                          "%s must be one list; or numbers, [lists, elements], where %s has one place for each sample",
                          list->name, places->name);
    SOMA_TRY(soma_onnx_tensor_of_any(node, places, &x));
    node->output.integer = list->integer;
    node->output.elements.type = list->elements.type;
    node->output.words = list->words;
    if (list->words.count)
        SOMA_TRY(soma_onnx_function(node, x, SOMA_IDENTITY, 0, 0, &y));
    else
        SOMA_TRY(soma_onnx_look_up(node, list, x, &y));
    return soma_onnx_give_samples(node, y, &out);
}

static size_t place_of(const void *context, size_t i) {
    return (size_t)((const int64_t *)context)[i];
}

/* Columns of the last dimension. */
static soma_status take_columns(soma_onnx_node *node, const int64_t *column, size_t count) {
    soma_onnx_shape out = node->input[0]->shape;
    const uint32_t last = out.rank - 1;
    soma_tensor *x = NULL, *y;
    uint32_t axis;
    for (size_t i = 0; i < count; i++)
        if (column[i] < 0 || (uint64_t)column[i] >= out.dim[last])
            return soma_error(SOMA_INVALID_FILE, "element %zu is place %" PRId64 " of %zu", i, column[i],
                              out.dim[last]);
    SOMA_TRY(soma_onnx_tensor_axis(node, &out, last, &axis));
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[0], &x));
    SOMA_TRY(soma_graph_pick(x, axis - (x->batched ? 1 : 0), count, place_of, column, &y));
    out.dim[last] = count;
    node->output.integer = node->input[0]->integer;
    node->output.elements.type = node->input[0]->elements.type;
    return soma_onnx_give(node, y, &out);
}

typedef struct columns {
    const double *place;
    size_t count, size;
} columns;

static size_t place_in_rows(const void *context, size_t i) {
    const columns *of = context;
    return i / of->count * of->size + (size_t)of->place[i % of->count];
}

/* Of a value that is known; a list is a row. */
static soma_status fold_columns(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    columns of = {.size = out.dim[out.rank - 1]};
    SOMA_TRY(soma_onnx_numbers_of(node, 1, &of.place, &of.count));
    for (size_t i = 0; i < of.count; i++)
        if (!(of.place[i] >= 0 && of.place[i] < (double)of.size))
            return soma_error(SOMA_INVALID_FILE, "element %zu is place %g of %zu", i, of.place[i], of.size);
    if (out.rank == 1) out = (soma_onnx_shape){.rank = 2, .dim = {1, out.dim[0]}};
    out.dim[out.rank - 1] = of.count;
    return soma_onnx_fold_selection(node, &out, place_in_rows, &of);
}

static soma_status import_extractor(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], *places = node->input[1];
    if (x->shape.rank < 1 || !places->integer)
        return soma_error(SOMA_INVALID_FILE, "%s has no dimension, or %s holds no whole numbers", x->name,
                          places->name);
    if (soma_onnx_can_fold(node) && !soma_onnx_is_words(x)) return fold_columns(node);
    if (x->constant && !places->constant) return look_up(node, x, places);
    if (!places->constant || places->elements.count == 0)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file", places->name);
    if (soma_onnx_is_words(x))
        return soma_error(SOMA_UNSUPPORTED, "%s holds words, and %s says once and for all which", x->name,
                          places->name);
    SOMA_TRY(soma_onnx_take_made(node->importer, places->elements.count, sizeof(int64_t), places->name));
    int64_t *column = soma_calloc(places->elements.count, sizeof *column);
    if (!column) return soma_out_of_memory(places->elements.count * sizeof *column, places->name);
    soma_status status = soma_onnx_read_integers(node->importer->file, &places->elements, column);
    if (status == SOMA_OK) status = take_columns(node, column, places->elements.count);
    soma_free(column);
    return status;
}

SOMA_ONNX_OP(ArrayFeatureExtractor, 1, 2, 2, "", import_extractor, 0, .domain = SOMA_ONNX_ML, .takes_words = true);

/* ---------------------------------------------------------------------------------------------------- LabelEncoder */

/* What stands in attributes named PREFIX_int64s and PREFIX_floats, or PREFIX_tensor. */
static soma_status get_list(soma_onnx_node *node, const char *const names[3], const double **numbers, size_t *count,
                            bool *whole) {
    for (unsigned i = 0; i < 3; i++) {
        const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, names[i]);
        if (!attribute) continue;
        *whole = i == 0 || (i == 2 && attribute->t && soma_onnx_is_integer(attribute->t->data_type));
        return i == 2 ? soma_onnx_get_tensor_numbers(node, attribute, numbers, count)
                      : soma_onnx_get_numbers(node, names[i], numbers, count);
    }
    return soma_error(SOMA_UNSUPPORTED, "words are looked up; numbers, %s or %s, are known", names[0], names[1]);
}

/* Words of a list or a tensor, as numbers of the vocabulary; *count is 0 where there are none. */
static soma_status get_words(soma_onnx_node *node, const char *listed, const char *as_tensor, const double **numbers,
                             size_t *count) {
    const Soma__Onnx__AttributeProto *list = soma_onnx_attribute(node, listed);
    const Soma__Onnx__AttributeProto *tensor = soma_onnx_attribute(node, as_tensor);
    *count = list ? list->n_strings : 0;
    if (*count) return soma_onnx_word_numbers(node, listed, list->strings, *count, numbers);
    *count = tensor && tensor->t ? tensor->t->n_string_data : 0;
    return *count ? soma_onnx_word_numbers(node, as_tensor, tensor->t->string_data, *count, numbers) : SOMA_OK;
}

/* The keys of an input of words. */
static soma_status get_keys(soma_onnx_node *node, const double **numbers, size_t *count) {
    SOMA_TRY(get_words(node, "keys_strings", "keys_tensor", numbers, count));
    return *count ? SOMA_OK
                  : soma_error(SOMA_UNSUPPORTED,
                               "%s holds words, and there are no keys of them, keys_strings or keys_tensor",
                               node->input[0]->name);
}

/* The word that stands for what is no key. */
static soma_status get_usual_word(soma_onnx_node *node, float *usual) {
    const Soma__Onnx__AttributeProto *text = soma_onnx_attribute(node, "default_string");
    const Soma__Onnx__AttributeProto *tensor = soma_onnx_attribute(node, "default_tensor");
    const double *numbers = NULL;
    double number = 0;
    if (tensor && tensor->t && tensor->t->n_string_data == 1)
        SOMA_TRY(soma_onnx_word_numbers(node, "default_tensor", tensor->t->string_data, 1, &numbers));
    else if (text && text->has_s)
        SOMA_TRY(soma_onnx_word_numbers(node, "default_string", &text->s, 1, &numbers));
    else
        SOMA_TRY(soma_onnx_encode_word(node->importer->file, SOMA_ONNX_USUAL_WORD, &number));
    *usual = (float)(numbers ? numbers[0] : number);
    return SOMA_OK;
}

static bool comes_before(const void *context, size_t a, size_t b) {
    const double *key = context;
    return isnan(key[b]) ? !isnan(key[a]) : key[a] < key[b];
}

/* The first of the keys that x is, of their numbers in order; count where it is none. */
static size_t find_key(const double *key, const size_t *order, size_t count, double x) {
    size_t first = 0, end = count;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const double other = key[order[middle]];
        if (isnan(x) ? !isnan(other) : other < x)
            first = middle + 1;
        else
            end = middle;
    }
    if (first == count) return count;
    const double found = key[order[first]];
    return found == x || (isnan(found) && isnan(x)) ? order[first] : count;
}

/* Of an input whose numbers are known. */
static soma_status fold_label_encoder(soma_onnx_node *node, const double *key, const double *value, size_t count,
                                      double usual, int32_t type) {
    const double *x;
    double *y = NULL;
    size_t all;
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &x, &all));
    SOMA_TRY(soma_onnx_make(node, all, &y));
    size_t *order = soma_calloc(count, sizeof *order);
    if (!order) return soma_out_of_memory(count * sizeof *order, "keys in order");
    for (size_t i = 0; i < count; i++) order[i] = i;
    soma_status status = soma_onnx_sort(order, count, comes_before, key);
    for (size_t i = 0; i < all && status == SOMA_OK; i++) {
        const size_t at = find_key(key, order, count, x[i]);
        y[i] = at < count ? value[at] : usual;
    }
    soma_free(order);
    SOMA_TRY(status);
    SOMA_TRY(soma_onnx_give_numbers(node, type, &node->input[0]->shape, false, y));
    node->output.encoded = type == STRING;
    node->output.integer = type != FLOAT;
    return SOMA_OK;
}

/* Of x, with a last dimension of 1: whether it is each of the keys. NaN is equal to a key that is NaN. */
static soma_status compare_keys(soma_onnx_node *node, soma_tensor *x, const double *key, size_t count,
                                soma_tensor **equal) {
    soma_tensor *keys, *own, *number, *missing;
    double *is_nan = NULL;
    bool any = false;
    SOMA_TRY(soma_onnx_make(node, count, &is_nan));
    for (size_t i = 0; i < count; i++) any |= (is_nan[i] = isnan(key[i]) ? 1 : 0) != 0;
    SOMA_TRY(soma_onnx_add_numbers(node, ".keys", 1, &count, key, true, &keys));
    SOMA_TRY(soma_graph_binary(x->graph, x, keys, SOMA_BINARY_EQUAL, equal));
    if (!any) return SOMA_OK;
    SOMA_TRY(soma_onnx_add_numbers(node, ".missing", 1, &count, is_nan, true, &own));
    SOMA_TRY(soma_graph_binary(x->graph, x, x, SOMA_BINARY_EQUAL, &number));
    SOMA_TRY(soma_onnx_with_number(node, number, 0, SOMA_BINARY_EQUAL, &missing));
    SOMA_TRY(soma_graph_binary(x->graph, missing, own, SOMA_BINARY_MULTIPLY, &missing));
    return soma_graph_binary(x->graph, *equal, missing, SOMA_BINARY_ADD, equal);
}

/* The value of the first key that is equal, or the usual one: one of these terms at most is not 0, so that it is exact;
 * beside the keys that repeat another stands 0. */
static soma_status choose(soma_onnx_node *node, soma_tensor *equal, const double *value, size_t count, double usual,
                          soma_tensor **y) {
    const size_t one = 1;
    soma_tensor *found, *none;
    SOMA_TRY(soma_onnx_keep_numbers(node, equal, ".values", count, value, y));
    SOMA_TRY(soma_onnx_reduce_last(*y, SOMA_REDUCE_SUM, y));
    if (usual == 0) return SOMA_OK;
    SOMA_TRY(soma_onnx_reduce_last(equal, SOMA_REDUCE_MAX, &found));
    SOMA_TRY(soma_onnx_with_number(node, found, 0, SOMA_BINARY_EQUAL, &none));
    SOMA_TRY(soma_onnx_keep_numbers(node, none, ".default", one, &usual, &none));
    return soma_graph_binary(equal->graph, *y, none, SOMA_BINARY_ADD, y);
}

static soma_status import_label_encoder(soma_onnx_node *node) {
    static const char *const keys[] = {"keys_int64s", "keys_floats", "keys_tensor"};
    static const char *const values[] = {"values_int64s", "values_floats", "values_tensor"};
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(node, "default_tensor");
    const soma_onnx_shape *shape = &node->input[0]->shape;
    soma_onnx_shape wide = *shape;
    const double *key, *value, *usual;
    size_t count, other = 0;
    bool whole = false, whole_key;
    int64_t whole_usual;
    float float_usual;
    soma_tensor *x = NULL, *y;
    if (node->input[0]->words.count || wide.rank + 1 > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "%s holds words, or has too many dimensions", node->input[0]->name);
    whole_key = node->input[0]->encoded;
    SOMA_TRY(whole_key ? get_keys(node, &key, &count) : get_list(node, keys, &key, &count, &whole_key));
    if (node->importer->file->encodes) SOMA_TRY(get_words(node, "values_strings", "values_tensor", &value, &other));
    const bool words = other > 0;
    if (!words) SOMA_TRY(get_list(node, values, &value, &other, &whole));
    if (count == 0 || other != count)
        return soma_error(SOMA_INVALID_FILE, "%zu keys and %zu values; there must be as many, and one at least", count,
                          other);
    SOMA_TRY(soma_onnx_get_integer(node, "default_int64", -1, &whole_usual));
    SOMA_TRY(soma_onnx_get_float(node, "default_float", 0, &float_usual));
    if (whole) float_usual = (float)whole_usual;
    if (words)
        SOMA_TRY(get_usual_word(node, &float_usual));
    else if (given) {
        SOMA_TRY(soma_onnx_get_tensor_numbers(node, given, &usual, &other));
        if (other != 1)
            return soma_error(SOMA_INVALID_FILE, "default_tensor has %zu elements; it must have one", other);
        float_usual = (float)usual[0];
    }
    for (size_t i = 0; i < count; i++)
        if ((whole && fabs(value[i]) > 0x1p24) || (whole_key && fabs(key[i]) > 0x1p24))
            return soma_error(SOMA_UNSUPPORTED, "key or value %zu is above 2^24, up to which float32 counts", i);
    if (soma_onnx_can_fold(node))
        return fold_label_encoder(node, key, value, count, (double)float_usual, words ? STRING : whole ? INT64 : FLOAT);
    /* Which of equal keys counts the specification does not say; in onnxruntime it is the first. */
    SOMA_TRY(soma_onnx_without_repeats(node, key, count, false, value, 0, &value));
    wide.dim[wide.rank++] = 1;
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_reshaped(node, x, &wide, &x));
    SOMA_TRY(compare_keys(node, x, key, count, &y));
    SOMA_TRY(choose(node, y, value, count, float_usual, &y));
    node->output.encoded = words;
    node->output.integer = whole || words;
    node->output.elements.type = words ? STRING : whole ? INT64 : FLOAT;
    return soma_onnx_give(node, y, shape);
}

SOMA_ONNX_OP(
    LabelEncoder, 2, 1, 1,
    "keys_int64s keys_floats keys_tensor values_int64s values_floats values_tensor default_int64 default_float "
    "default_tensor default_string keys_strings values_strings",
    import_label_encoder, 0, .domain = SOMA_ONNX_ML);
