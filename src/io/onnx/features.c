/* SPDX-License-Identifier: MIT */
/* Ops of ai.onnx.ml that prepare features: scaled, normalised, filled up, told from a threshold, put side by side. */
#include "io/onnx/classes.h"
#include "io/onnx/family.h"
#include "io/onnx/vocabulary.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The input's elements, whatever they are, in ONNX's order; the result has its shape. */
static soma_status get_features(soma_onnx_node *node, soma_tensor **x, size_t *features) {
    soma_onnx_value *value = node->input[0];
    if (value->shape.rank < 1 || value->words.count)
        return soma_error(SOMA_UNSUPPORTED, "%s is no list of numbers", value->name);
    *features = value->shape.dim[value->shape.rank - 1];
    return soma_onnx_tensor_of_any(node, value, x);
}

/* x op the attribute's numbers: one for all features, or one for each. */
static soma_status with_numbers(soma_onnx_node *node, const char *name, const char *ending, size_t features,
                                soma_binary op, soma_tensor **x) {
    const double *numbers;
    size_t count;
    soma_tensor *values;
    SOMA_TRY(soma_onnx_get_numbers(node, name, &numbers, &count));
    if (count == 0) return SOMA_OK;
    if (count == 1) return soma_onnx_with_number(node, *x, (float)numbers[0], op, x);
    if (count != features)
        return soma_error(SOMA_INVALID_FILE, "%s has %zu elements; one for each of %zu features is needed, or one",
                          name, count, features);
    SOMA_TRY(soma_onnx_add_numbers(node, ending, 1, &count, numbers, true, &values));
    return soma_graph_binary((*x)->graph, *x, values, op, x);
}

/* (x - offset) scale */
static soma_status import_scaler(soma_onnx_node *node) {
    soma_tensor *x = NULL;
    size_t features = 0;
    SOMA_TRY(get_features(node, &x, &features));
    soma_tensor *y = x;
    SOMA_TRY(with_numbers(node, "offset", ".offset", features, SOMA_BINARY_SUBTRACT, &y));
    SOMA_TRY(with_numbers(node, "scale", ".scale", features, SOMA_BINARY_MULTIPLY, &y));
    if (y == x) SOMA_TRY(soma_onnx_function(node, x, SOMA_IDENTITY, 0, 0, &y));
    return soma_onnx_give(node, y, &node->input[0]->shape);
}

SOMA_ONNX_OP(Scaler, 1, 1, 1, "offset scale", import_scaler, 0, .domain = SOMA_ONNX_ML);

/* By the largest, the sum of the sizes, or the length; what would be divided by 0 stays as it is. */
static soma_status import_normalizer(soma_onnx_node *node) {
    char norm[8];
    soma_tensor *x = NULL, *size, *zero;
    size_t features = 0;
    SOMA_TRY(soma_onnx_get_text(node, "norm", "MAX", norm, sizeof norm));
    SOMA_TRY(get_features(node, &x, &features));
    if (strcmp(norm, "MAX") == 0)
        SOMA_TRY(soma_onnx_reduce_last(x, SOMA_REDUCE_MAX, &size));
    else if (strcmp(norm, "L1") == 0) {
        SOMA_TRY(soma_onnx_function(node, x, SOMA_ABS, 0, 0, &size));
        SOMA_TRY(soma_onnx_reduce_last(size, SOMA_REDUCE_SUM, &size));
    } else if (strcmp(norm, "L2") == 0) {
        SOMA_TRY(soma_onnx_reduce_last(x, SOMA_REDUCE_SUM_SQUARES, &size));
        SOMA_TRY(soma_onnx_function(node, size, SOMA_SQRT, 0, 0, &size));
    } else
        return soma_error(SOMA_INVALID_FILE, "norm is %s; MAX, L1 and L2 are known", norm);
    SOMA_TRY(soma_onnx_with_number(node, size, 0, SOMA_BINARY_EQUAL, &zero));
    SOMA_TRY(soma_graph_binary(x->graph, size, zero, SOMA_BINARY_ADD, &size));
    SOMA_TRY(soma_graph_binary(x->graph, x, size, SOMA_BINARY_DIVIDE, &x));
    return soma_onnx_give(node, x, &node->input[0]->shape);
}

SOMA_ONNX_OP(Normalizer, 1, 1, 1, "norm", import_normalizer, 0, .domain = SOMA_ONNX_ML);

static soma_status import_binarizer(soma_onnx_node *node) {
    soma_tensor *x = NULL;
    size_t features = 0;
    float threshold;
    SOMA_TRY(soma_onnx_get_float(node, "threshold", 0, &threshold));
    SOMA_TRY(get_features(node, &x, &features));
    SOMA_TRY(soma_onnx_with_number(node, x, threshold, SOMA_BINARY_GREATER, &x));
    return soma_onnx_give(node, x, &node->input[0]->shape);
}

SOMA_ONNX_OP(Binarizer, 1, 1, 1, "threshold", import_binarizer, 0, .domain = SOMA_ONNX_ML);

/* 1 where x is what is to be replaced: NaN equals nothing, itself neither. */
static soma_status find_missing(soma_onnx_node *node, soma_tensor *x, float replaced, soma_tensor **there,
                                soma_tensor **missing) {
    if (isnan(replaced)) {
        SOMA_TRY(soma_graph_binary(x->graph, x, x, SOMA_BINARY_EQUAL, there));
        return soma_onnx_with_number(node, *there, 0, SOMA_BINARY_EQUAL, missing);
    }
    SOMA_TRY(soma_onnx_with_number(node, x, replaced, SOMA_BINARY_EQUAL, missing));
    return soma_onnx_with_number(node, *missing, 0, SOMA_BINARY_EQUAL, there);
}

static soma_status import_imputer(soma_onnx_node *node) {
    const bool whole = soma_onnx_attribute(node, "imputed_value_int64s") != NULL;
    soma_tensor *x = NULL, *there, *missing, *filled;
    const double *value = NULL;
    size_t features = 0, count = 0;
    float replaced = 0;
    int64_t whole_replaced;
    SOMA_TRY(soma_onnx_get_integer(node, "replaced_value_int64", 0, &whole_replaced));
    SOMA_TRY(soma_onnx_get_float(node, "replaced_value_float", 0, &replaced));
    SOMA_TRY(get_features(node, &x, &features));
    SOMA_TRY(find_missing(node, x, whole ? (float)whole_replaced : replaced, &there, &missing));
    SOMA_TRY(soma_onnx_get_numbers(node, whole ? "imputed_value_int64s" : "imputed_value_floats", &value, &count));
    if (count == 0) return soma_error(SOMA_INVALID_FILE, "there are no imputed values");
    if (count != 1 && count != features)
        return soma_error(SOMA_INVALID_FILE, "%zu imputed values; one for each of %zu features is needed, or one",
                          count, features);
    SOMA_TRY(soma_onnx_keep_numbers(node, missing, ".imputed", count, value, &missing));
    SOMA_TRY(soma_graph_binary(x->graph, x, there, SOMA_BINARY_KEEP, &filled));
    SOMA_TRY(soma_graph_binary(x->graph, filled, missing, SOMA_BINARY_ADD, &filled));
    node->output.integer = node->input[0]->integer;
    node->output.elements.type = node->input[0]->elements.type;
    return soma_onnx_give(node, filled, &node->input[0]->shape);
}

SOMA_ONNX_OP(Imputer, 1, 1, 1, "imputed_value_floats imputed_value_int64s replaced_value_float replaced_value_int64",
             import_imputer, 0, .domain = SOMA_ONNX_ML);

/* Features of several inputs side by side. */
static soma_status import_vectorizer(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    soma_tensor *part[SOMA_MAX_INPUTS], *y;
    out.dim[1] = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        soma_onnx_value *value = node->input[i];
        if (!value->shape.batched || value->shape.rank != 2 || value->words.count)
            return soma_error(SOMA_UNSUPPORTED, "%s is not of samples with features, [batch, features]", value->name);
        SOMA_TRY(soma_onnx_tensor_of_any(node, value, &part[i]));
        out.dim[1] += value->shape.dim[1];
    }
    if (node->input_count == 1)
        SOMA_TRY(soma_onnx_function(node, part[0], SOMA_IDENTITY, 0, 0, &y));
    else
        SOMA_TRY(soma_graph_join(part, node->input_count, part[0]->rank - (part[0]->batched ? 0 : 1), &y));
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(FeatureVectorizer, 1, 1, SOMA_MAX_INPUTS, "inputdimensions", import_vectorizer, 0, .domain = SOMA_ONNX_ML);

/* Beside each element a one at the place that it has among the categories, the last one as in onnxruntime: those that
 * come again later are NaN, which equals nothing. */
static soma_status import_one_hot(soma_onnx_node *node) {
    const bool words = node->input[0]->encoded;
    const char *name = words ? "cats_strings" : "cats_int64s";
    const Soma__Onnx__AttributeProto *listed = soma_onnx_attribute(node, name);
    soma_onnx_shape out = node->input[0]->shape, wide = out;
    const double *categories;
    size_t count, features = 0;
    soma_tensor *x = NULL, *values, *y;
    if (!listed || !(words ? listed->n_strings : listed->n_ints))
        return soma_error(SOMA_UNSUPPORTED, "%s holds %s, and there are no categories of them, %s",
                          node->input[0]->name, words ? "words" : "numbers", name);
    if (out.rank + 1 > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    SOMA_TRY(get_features(node, &x, &features));
    if (words) {
        count = listed->n_strings;
        SOMA_TRY(soma_onnx_word_numbers(node, name, listed->strings, count, &categories));
    } else
        SOMA_TRY(soma_onnx_get_numbers(node, name, &categories, &count));
    for (size_t i = 0; i < count; i++)
        if (fabs(categories[i]) > 0x1p24)
            return soma_error(SOMA_UNSUPPORTED, "category %zu is %.17g; up to 2^24 can be counted in float32", i,
                              categories[i]);
    SOMA_TRY(soma_onnx_without_repeats(node, categories, count, true, categories, NAN, &categories));
    SOMA_TRY(soma_onnx_add_numbers(node, ".categories", 1, &count, categories, true, &values));
    wide.dim[wide.rank++] = 1;
    out.dim[out.rank++] = count;
    SOMA_TRY(soma_onnx_reshaped(node, x, &wide, &x));
    SOMA_TRY(soma_graph_binary(x->graph, x, values, SOMA_BINARY_EQUAL, &y));
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(OneHotEncoder, 1, 1, 1, "cats_int64s cats_strings zeros", import_one_hot, 0, .domain = SOMA_ONNX_ML);
