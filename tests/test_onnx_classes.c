/* SPDX-License-Identifier: MIT */
/*
 * Ops of ai.onnx.ml on a device, by hand; their models saved and read again; the names of classes; trees that no file
 * may have.
 *
 * Usage: test_onnx_classes DEVICE      (exits with 77 where there is no such device)
 */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/export.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 16 };
static soma_device *device;

/* Of one of these kinds; the list ends with a name of NULL. */
typedef struct attribute {
    const char *name;
    size_t count;
    const float *floats;
    const int64_t *integers;
    const char *const *texts;
    const char *text;
} attribute;
#define FLOATS(name, ...)                                                                                              \
    { name, sizeof((float[]){__VA_ARGS__}) / sizeof(float), (const float[]){__VA_ARGS__}, NULL, NULL, NULL }
#define WHOLE(name, ...)                                                                                               \
    { name, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), NULL, (const int64_t[]){__VA_ARGS__}, NULL, NULL }
#define TEXTS(name, ...)                                                                                               \
    {                                                                                                                  \
        name, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), NULL, NULL, (const char *const[]){__VA_ARGS__},  \
            NULL                                                                                                       \
    }
#define TEXT(name, text)                                                                                               \
    { name, 0, NULL, NULL, NULL, text }

typedef struct example {
    const char *name, *op;
    int output; /* which of its outputs is the model's; the other has no name */
    size_t features, samples, count;
    float x[MOST], y[MOST];
    const char *refused; /* what the message says; NULL: it runs */
    attribute attributes[16];
} example;

/* x0 <= 1 ? 10 : (x1 < 2 ? 20 : 30), and x1 OP 3 ? 1 : 2 */
#define TREES(op, last, below)                                                                                         \
    WHOLE("nodes_treeids", 7, 7, 7, 7, 7, 9, 9, 9), WHOLE("nodes_nodeids", 0, 1, 2, 3, 4, 0, 1, 2),                    \
        WHOLE("nodes_featureids", 0, 0, 1, 0, 0, last, 0, 0), FLOATS("nodes_values", 1, 0, 2, 0, 0, 3, 0, 0),          \
        TEXTS("nodes_modes", "BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF", op, "LEAF", "LEAF"),                   \
        WHOLE("nodes_truenodeids", 1, 0, 3, 0, 0, 1, 0, 0), WHOLE("nodes_falsenodeids", 2, 0, below, 0, 0, 2, 0, 0)
#define ONE_OF_TWO(...)                                                                                                \
    WHOLE("class_treeids", 7, 7, 7, 9, 9), WHOLE("class_nodeids", 1, 3, 4, 1, 2), WHOLE("class_ids", 0, 0, 0, 0, 0),   \
        FLOATS("class_weights", __VA_ARGS__), WHOLE("classlabels_int64s", 40, -2)
#define SUMS                                                                                                           \
    WHOLE("target_treeids", 7, 7, 7, 9, 9), WHOLE("target_nodeids", 1, 3, 4, 1, 2),                                    \
        WHOLE("target_ids", 0, 0, 0, 0, 0), FLOATS("target_weights", 10, 20, 30, 1, 2), WHOLE("n_targets", 1)

/* x0 is 1 or 3 ? 10 : (x1 <= 2 ? 20 : 30), and x0 < 2 ? 1 : 2 */
#define ENSEMBLE(...)                                                                                                  \
    WHOLE("nodes_featureids", 0, 1, 0), FLOATS("nodes_modes", 6, 0, 1), FLOATS("nodes_splits", 0, 2, 2),               \
        WHOLE("nodes_trueleafs", 1, 1, 1), WHOLE("nodes_truenodeids", 0, 1, 3), WHOLE("nodes_falseleafs", 0, 1, 1),    \
        WHOLE("nodes_falsenodeids", 1, 2, 4), WHOLE("leaf_targetids", 0, 0, 0, 0, 0),                                  \
        FLOATS("leaf_weights", 10, 20, 30, 1, 2), FLOATS("membership_values", 1, 3, NAN),                              \
        WHOLE("tree_roots", __VA_ARGS__)

static const example examples[] = {
    {"ensemble", "TreeEnsemble", 0, 2, 4, 4, {1, 9, 3, 9, 2, 2, 0, 5}, {11, 12, 22, 31}, NULL, {ENSEMBLE(0, 2)}},
    {"ensemble, least",
     "TreeEnsemble",
     0,
     2,
     4,
     4,
     {1, 9, 3, 9, 2, 2, 0, 5},
     {1, 2, 2, 1},
     NULL,
     {ENSEMBLE(0, 2), WHOLE("aggregate_function", 2)}},
    {"ensemble, largest",
     "TreeEnsemble",
     0,
     2,
     4,
     4,
     {1, 9, 3, 9, 2, 2, 0, 5},
     {10, 10, 20, 30},
     NULL,
     {ENSEMBLE(0, 2), WHOLE("aggregate_function", 3)}},
    {"ensemble, a node of two trees",
     "TreeEnsemble",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "two ways lead to node 1",
     {ENSEMBLE(0, 1)}},
    {"ensemble, no such root", "TreeEnsemble", 0, 2, 0, 0, {0}, {0}, "begins at node 3 of 3", {ENSEMBLE(0, 3)}},
    {"scaled",
     "Scaler",
     0,
     2,
     2,
     4,
     {1, 2, 3, 4},
     {0, -4, 4, 4},
     NULL,
     {FLOATS("offset", 1, 3), FLOATS("scale", 2, 4)}},
    {"by one number", "Scaler", 0, 2, 1, 2, {1, 2}, {-4, -2}, NULL, {FLOATS("offset", 3), FLOATS("scale", 2)}},
    {"by sums of sizes", "Normalizer", 0, 2, 2, 4, {1, -3, 0, 0}, {0.25f, -0.75f, 0, 0}, NULL, {TEXT("norm", "L1")}},
    {"by lengths", "Normalizer", 0, 2, 2, 4, {3, -4, 0, 0}, {0.6f, -0.8f, 0, 0}, NULL, {TEXT("norm", "L2")}},
    {"by the largest", "Normalizer", 0, 2, 2, 4, {2, -4, 0, -1}, {1, -2, 0, -1}, NULL, {TEXT("norm", "MAX")}},
    {"above", "Binarizer", 0, 3, 1, 3, {1, 2, 3}, {0, 0, 1}, NULL, {FLOATS("threshold", 2)}},
    {"filled up",
     "Imputer",
     0,
     2,
     2,
     4,
     {NAN, 2, 3, NAN},
     {7, 2, 3, 8},
     NULL,
     {FLOATS("imputed_value_floats", 7, 8), FLOATS("replaced_value_float", NAN)}},
    {"NaN for a gap that there is none of",
     "Imputer",
     0,
     2,
     2,
     4,
     {1, 9, 3, 2},
     {1, 8, 3, 2},
     NULL,
     {FLOATS("imputed_value_floats", NAN, 8), FLOATS("replaced_value_float", 9)}},
    {"looked up where another value is infinite",
     "LabelEncoder",
     0,
     3,
     1,
     3,
     {4, 9, 4},
     {-40, 7, -40},
     NULL,
     {FLOATS("keys_floats", 4, 5), FLOATS("values_floats", -40, INFINITY), FLOATS("default_float", 7)}},
    {"looked up where the usual value is NaN",
     "LabelEncoder",
     0,
     2,
     1,
     2,
     {5, 4},
     {50, -40},
     NULL,
     {FLOATS("keys_floats", 4, 5), FLOATS("values_floats", -40, 50), FLOATS("default_float", NAN)}},
    /* Where all weights are positive they are the second class's probability, and else a score above or below 0. */
    {"the likelier class of two",
     "TreeEnsembleClassifier",
     0,
     2,
     4,
     4,
     {1, 3, 2, 1, 2, 2, 2, 4},
     {40, 40, 40, -2},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), ONE_OF_TWO(0.125f, 0.25f, 0.375f, 0.0625f, 0.25f)}},
    {"how likely two classes are",
     "TreeEnsembleClassifier",
     1,
     2,
     4,
     8,
     {1, 3, 2, 1, 2, 2, 2, 4},
     {0.8125f, 0.1875f, 0.6875f, 0.3125f, 0.5625f, 0.4375f, 0.375f, 0.625f},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), ONE_OF_TWO(0.125f, 0.25f, 0.375f, 0.0625f, 0.25f)}},
    {"the class of two by the sign of a score",
     "TreeEnsembleClassifier",
     0,
     2,
     4,
     4,
     {1, 3, 2, 1, 2, 2, 2, 4},
     {40, -2, -2, 40},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), ONE_OF_TWO(-0.125f, 0.25f, 0.375f, 0.0625f, -0.5f)}},
    {"the scores of two classes",
     "TreeEnsembleClassifier",
     1,
     2,
     4,
     8,
     {1, 3, 2, 1, 2, 2, 2, 4},
     {0.0625f, -0.0625f, -0.3125f, 0.3125f, -0.4375f, 0.4375f, 0.125f, -0.125f},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), ONE_OF_TWO(-0.125f, 0.25f, 0.375f, 0.0625f, -0.5f)}},
    {"class that no leaf speaks of",
     "TreeEnsembleClassifier",
     1,
     2,
     1,
     1,
     {0},
     {0},
     "none speaks of class 0",
     {TREES("BRANCH_LEQ", 1, 4), WHOLE("class_treeids", 7, 7, 7, 9, 9), WHOLE("class_nodeids", 1, 3, 4, 1, 2),
      WHOLE("class_ids", 1, 2, 1, 1, 2), FLOATS("class_weights", -1, -2, -1, -3, -4),
      WHOLE("classlabels_int64s", 0, 1, 2)}},
    {"categories", "OneHotEncoder", 0, 2, 1, 6, {5, -1}, {0, 1, 0, 0, 0, 1}, NULL, {WHOLE("cats_int64s", 3, 5, -1)}},
    {"a category that is there twice",
     "OneHotEncoder",
     0,
     2,
     1,
     6,
     {7, 8},
     {0, 0, 1, 0, 1, 0},
     NULL,
     {WHOLE("cats_int64s", 7, 8, 7)}},
    {"keys that are there twice",
     "LabelEncoder",
     0,
     4,
     1,
     4,
     {1, 0, NAN, 4},
     {1, 3, 2, 9},
     NULL,
     {FLOATS("keys_floats", 1, NAN, 1, 0, -0.0f, NAN), FLOATS("values_floats", 1, 2, 5, 3, INFINITY, 6),
      FLOATS("default_float", 9)}},
    {"looked up",
     "LabelEncoder",
     0,
     3,
     1,
     3,
     {4, 9, 5},
     {-40, 7, 50},
     NULL,
     {FLOATS("keys_floats", 4, 5), FLOATS("values_floats", -40, 50), FLOATS("default_float", 7)}},
    {"regression",
     "LinearRegressor",
     0,
     2,
     2,
     2,
     {1, 2, 3, 4},
     {52, 74},
     NULL,
     {FLOATS("coefficients", 1, 10), FLOATS("intercepts", 31)}},
    /* By the formula in float64. */
    {"of a probability",
     "LinearRegressor",
     0,
     1,
     4,
     4,
     {0.75F, 0.25F, 0.5F, 0.9F},
     {0.67457424687528F, -0.67457424687528F, 0, 1.28171289913857F},
     NULL,
     {FLOATS("coefficients", 1), TEXT("post_transform", "PROBIT")}},
    {"class by its label",
     "LinearClassifier",
     0,
     2,
     3,
     3,
     {9, 1, 1, 9, 5, 5},
     {40, -2, 40},
     NULL,
     {FLOATS("coefficients", 1, 0, 0, 1), FLOATS("intercepts", 0, 0), WHOLE("classlabels_ints", 40, -2)}},
    {"class by its place",
     "LinearClassifier",
     0,
     2,
     2,
     2,
     {9, 1, 1, 9},
     {0, 1},
     NULL,
     {FLOATS("coefficients", 1, 0, 0, 1), FLOATS("intercepts", 0, 0), TEXTS("classlabels_strings", "red", "blue")}},
    {"score of two",
     "LinearClassifier",
     1,
     1,
     2,
     4,
     {3, -1},
     {-2, 3, 2, -1},
     NULL,
     {FLOATS("coefficients", 1), FLOATS("intercepts", 0), WHOLE("classlabels_ints", 4, 6)}},
    /* 1 / (1 + e^s) and 1 / (1 + e^-s) of 3 and -1 */
    {"score of two, logistic",
     "LinearClassifier",
     1,
     1,
     2,
     4,
     {3, -1},
     {0.04742587f, 0.95257413f, 0.73105858f, 0.26894142f},
     NULL,
     {FLOATS("coefficients", 1), FLOATS("intercepts", 0), WHOLE("classlabels_ints", 4, 6),
      TEXT("post_transform", "LOGISTIC")}},
    {"trees",
     "TreeEnsembleRegressor",
     0,
     2,
     4,
     4,
     {1, 3, 2, 1, 2, 2, 2, 4},
     {11, 21, 31, 32},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), SUMS}},
    {"trees by >",
     "TreeEnsembleRegressor",
     0,
     2,
     3,
     3,
     {1, 3, 1, 4, 1, NAN},
     {12, 11, 12},
     NULL,
     {TREES("BRANCH_GT", 1, 4), SUMS}},
    {"trees by >=",
     "TreeEnsembleRegressor",
     0,
     2,
     3,
     3,
     {1, 3, 1, 2, 1, NAN},
     {11, 12, 12},
     NULL,
     {TREES("BRANCH_GTE", 1, 4), SUMS}},
    {"trees by =",
     "TreeEnsembleRegressor",
     0,
     2,
     4,
     4,
     {1, 3, 1, 2, 1, 4, 1, NAN},
     {11, 12, 12, 12},
     NULL,
     {TREES("BRANCH_EQ", 1, 4), SUMS}},
    {"trees by not =",
     "TreeEnsembleRegressor",
     0,
     2,
     4,
     4,
     {1, 3, 1, 2, 1, 4, 1, NAN},
     {12, 11, 11, 11},
     NULL,
     {TREES("BRANCH_NEQ", 1, 4), SUMS}},
    {"missing values",
     "TreeEnsembleRegressor",
     0,
     2,
     2,
     2,
     {1, NAN, NAN, 3},
     {11, 32},
     NULL,
     {TREES("BRANCH_GT", 1, 4), SUMS, WHOLE("nodes_missing_value_tracks_true", 0, 0, 0, 0, 0, 1, 0, 0)}},
    {"mean of trees",
     "TreeEnsembleRegressor",
     0,
     2,
     1,
     1,
     {1, 3},
     {5.5f + 100},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), SUMS, TEXT("aggregate_function", "AVERAGE"), FLOATS("base_values", 100)}},
    {"targets that none of a sample's leaves names",
     "TreeEnsembleRegressor",
     0,
     2,
     2,
     6,
     {1, 3, 2, 4},
     {100 + 11, 200, 300, 100, 200 + 32, 300},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), WHOLE("target_treeids", 7, 7, 7, 9, 9), WHOLE("target_nodeids", 1, 3, 4, 1, 2),
      WHOLE("target_ids", 0, 0, 1, 0, 1), FLOATS("target_weights", 10, 20, 30, 1, 2), WHOLE("n_targets", 3),
      FLOATS("base_values", 100, 200, 300)}},
    {"least of trees",
     "TreeEnsembleRegressor",
     0,
     2,
     2,
     2,
     {1, 3, 2, 4},
     {101, 102},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), SUMS, TEXT("aggregate_function", "MIN"), FLOATS("base_values", 100)}},
    {"least of trees, of targets that not all leaves name",
     "TreeEnsembleRegressor",
     0,
     2,
     3,
     9,
     {1, 3, 2, 4, 1, 4},
     {101, 200, 300, 100, 202, 300, 110, 202, 300},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), WHOLE("target_treeids", 7, 7, 7, 9, 9), WHOLE("target_nodeids", 1, 3, 4, 1, 2),
      WHOLE("target_ids", 0, 0, 1, 0, 1), FLOATS("target_weights", 10, 20, 30, 1, 2), WHOLE("n_targets", 3),
      FLOATS("base_values", 100, 200, 300), TEXT("aggregate_function", "MIN")}},
    {"largest of trees, of targets that not all leaves name",
     "TreeEnsembleRegressor",
     0,
     2,
     3,
     9,
     {1, 3, 2, 4, 1, 4},
     {110, 200, 300, 100, 230, 300, 110, 202, 300},
     NULL,
     {TREES("BRANCH_LEQ", 1, 4), WHOLE("target_treeids", 7, 7, 7, 9, 9), WHOLE("target_nodeids", 1, 3, 4, 1, 2),
      WHOLE("target_ids", 0, 0, 1, 0, 1), FLOATS("target_weights", 10, 20, 30, 1, 2), WHOLE("n_targets", 3),
      FLOATS("base_values", 100, 200, 300), TEXT("aggregate_function", "MAX")}},
    {"neither sum nor extreme",
     "TreeEnsembleRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "aggregate_function is MEDIAN; SUM, AVERAGE, MIN and MAX",
     {TREES("BRANCH_LEQ", 1, 4), SUMS, TEXT("aggregate_function", "MEDIAN")}},
    {"a feature that there is not",
     "TreeEnsembleRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "feature 2 of 2",
     {TREES("BRANCH_LEQ", 2, 4), SUMS}},
    {"a node that there is not",
     "TreeEnsembleRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "node 5, which the tree does not have",
     {TREES("BRANCH_LEQ", 1, 5), SUMS}},
    {"a way back",
     "TreeEnsembleRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "paths that never end",
     {TREES("BRANCH_LEQ", 1, 2), SUMS}},
    {"a way to the root",
     "TreeEnsembleRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "paths that never end",
     {TREES("BRANCH_LEQ", 1, 0), SUMS}},
    {"two roots", "TreeEnsembleRegressor", 0, 2, 0, 0, {0}, {0}, "two roots", {TREES("BRANCH_LEQ", 1, 3), SUMS}},
    {"an unknown mode",
     "TreeEnsembleRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "mode of node 5",
     {TREES("BRANCH_MEMBER", 1, 4), SUMS}},
    {"too few nodes",
     "TreeEnsembleRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "has 1 elements",
     {WHOLE("nodes_nodeids", 0, 1), WHOLE("nodes_treeids", 0), SUMS}},
    {"no nodes", "TreeEnsembleRegressor", 0, 2, 0, 0, {0}, {0}, "no nodes", {SUMS}},
    {"too few coefficients",
     "LinearRegressor",
     0,
     3,
     0,
     0,
     {0},
     {0},
     "2 coefficients for 3 features",
     {FLOATS("coefficients", 1, 10)}},
    {"columns", "ArrayFeatureExtractor", 0, 3, 2, 4, {1, 2, 3, 4, 5, 6}, {3, 1, 6, 4}, NULL, {WHOLE("places", 2, 0)}},
    {"columns, behind the last",
     "ArrayFeatureExtractor",
     0,
     3,
     0,
     0,
     {0},
     {0},
     "element 1 is place 3 of 3",
     {WHOLE("places", 0, 3)}},
    {"columns, before the first",
     "ArrayFeatureExtractor",
     0,
     3,
     0,
     0,
     {0},
     {0},
     "element 0 is place -1 of 3",
     {WHOLE("places", -1)}},
    {"columns, none",
     "ArrayFeatureExtractor",
     0,
     3,
     0,
     0,
     {0},
     {0},
     "places must be a constant of the file",
     {{"places", 0, NULL, (const int64_t[]){0}, NULL, NULL}}},
    {"map", "ZipMap", 0, 2, 2, 4, {1, 2, 3, 4}, {1, 2, 3, 4}, NULL, {WHOLE("classlabels_int64s", 5, 7)}},
    {"map of more classes",
     "ZipMap",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "there are 3 classes, and x has 2 values",
     {WHOLE("classlabels_int64s", 5, 7, 9)}},
    {"no vectors",
     "SVMClassifier",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "vectors_per_class",
     {WHOLE("classlabels_ints", 0, 1), FLOATS("coefficients", 1, 2), FLOATS("rho", 0)}},
    {"too few vectors",
     "SVMRegressor",
     0,
     2,
     0,
     0,
     {0},
     {0},
     "support_vectors has 3 elements",
     {WHOLE("n_supports", 2), FLOATS("support_vectors", 1, 2, 3), FLOATS("coefficients", 1, 2), FLOATS("rho", 0)}},
    {"two vectors",
     "SVMRegressor",
     0,
     2,
     2,
     2,
     {1, 0, 0, 2},
     {1 * 1 + 3 * -2 + 0.5f, 2 * 2 + 0.5f},
     NULL,
     {WHOLE("n_supports", 2), FLOATS("support_vectors", 1, 2, 3, 0), FLOATS("coefficients", 1, -2), FLOATS("rho", 0.5f),
      TEXT("kernel_type", "LINEAR")}},
};

static const example *current;

/* Field numbers and types of onnx.proto's AttributeProto. */
static void put_attribute(const attribute *a) {
    const bool one =
        a->count == 1 && (strcmp(a->name, "threshold") == 0 || strcmp(a->name, "n_targets") == 0 ||
                          strcmp(a->name, "n_supports") == 0 || strcmp(a->name, "default_float") == 0 ||
                          strcmp(a->name, "replaced_value_float") == 0 || strcmp(a->name, "aggregate_function") == 0);
    size_t opened = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, a->name);
    if (a->floats && strcmp(current->op, "TreeEnsemble") == 0) { /* there, they are tensors */
        size_t tensor = soma_protobuf_open(W, 5);
        soma_protobuf_put_integer(W, 1, (int64_t)a->count);
        soma_protobuf_put_integer(W, 2, 1);
        for (size_t i = 0; i < a->count; i++) soma_protobuf_put_float(W, 4, a->floats[i]);
        soma_protobuf_close(W, tensor);
        soma_protobuf_put_integer(W, 20, 4);
        soma_protobuf_close(W, opened);
        return;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->floats) soma_protobuf_put_float(W, one ? 2 : 7, a->floats[i]);
        if (a->integers) soma_protobuf_put_integer(W, one ? 3 : 8, a->integers[i]);
        if (a->texts) soma_protobuf_put_text(W, 9, a->texts[i]);
    }
    if (a->text) soma_protobuf_put_text(W, 4, a->text);
    soma_protobuf_put_integer(W, 20, a->text ? 3 : a->floats ? (one ? 1 : 6) : a->integers ? (one ? 2 : 7) : 8);
    soma_protobuf_close(W, opened);
}

/* Attributes that are not: the op takes them as an input. */
static bool is_input(const attribute *a) {
    return strcmp(a->name, "places") == 0;
}

static void put_node(void) {
    for (const attribute *a = current->attributes; a->name; a++)
        if (is_input(a)) integers(a->name, a->count, a->integers);
    size_t opened = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "x");
    for (const attribute *a = current->attributes; a->name; a++)
        if (is_input(a)) soma_protobuf_put_text(W, NODE_INPUT, a->name);
    if (current->output) soma_protobuf_put_text(W, NODE_OUTPUT, "label");
    soma_protobuf_put_text(W, NODE_OUTPUT, "y");
    soma_protobuf_put_text(W, NODE_OP, current->op);
    soma_protobuf_put_text(W, 7, "ai.onnx.ml");
    for (const attribute *a = current->attributes; a->name; a++)
        if (!is_input(a)) put_attribute(a);
    soma_protobuf_close(W, opened);
}

static const char *write_model(const example *e) {
    const char *path = temporary_path("m.onnx");
    current = e;
    onnx_make(put_node, 8, 16, 2, (const int64_t[]){OPEN, (int64_t)e->features});
    import_domain("ai.onnx.ml", strcmp(e->op, "LabelEncoder") == 0 ? 2 : strcmp(e->op, "TreeEnsemble") == 0 ? 5 : 1);
    expect_ok(soma_file_write(path, W->data, W->size));
    return path;
}

static void expect_values(soma_network *network, const example *e) {
    float found[MOST];
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, device, &options));
    ck_assert_uint_eq(e->samples * soma_tensor_count(soma_network_output(network, 0)), e->count);
    expect_ok(soma_run(network, e->x, e->samples, found));
    for (size_t i = 0; i < e->count; i++)
        ck_assert_msg(fabsf(found[i] - e->y[i]) <= 4 * 0x1p-24f * fabsf(e->y[i]),
                      "%s: value %zu is %.9g, expected %.9g", e->name, i, (double)found[i], (double)e->y[i]);
}

START_TEST(ops_give_what_is_worked_out) {
    const example *e = &examples[_i];
    const char *path = write_model(e);
    soma_network *network;
    if (e->refused) {
        ck_assert_int_ne(soma_load_onnx(path, NULL, &network), SOMA_OK);
        ck_assert_msg(strstr(soma_last_error(), e->refused) != NULL, "%s: %s", e->name, soma_last_error());
        return;
    }
    expect_ok(soma_load_onnx(path, NULL, &network));
    expect_values(network, e);
    expect_ok(soma_save(network, temporary_path("m.safetensors")));
    soma_network_destroy(network);
    expect_ok(soma_load(temporary_path("m.safetensors"), &network));
    expect_values(network, e);
    soma_network_destroy(network);
}
END_TEST

/* Trees that share a node are right, but not known. */
START_TEST(trees_that_share_nodes_are_not_supported) {
    soma_network *network;
    for (size_t i = 0; i < SOMA_COUNT_OF(examples); i++)
        if (strcmp(examples[i].name, "ensemble, a node of two trees") == 0)
            expect_error(soma_load_onnx(write_model(&examples[i]), NULL, &network), SOMA_UNSUPPORTED,
                         "two ways lead to node 1", "one each");
}
END_TEST

/* Words, and whole numbers as words. */
START_TEST(classes_have_names) {
    static const char *const expected[][2] = {{"red", "blue"}, {"40", "-2"}};
    soma_network *network;
    for (size_t i = 0; i < SOMA_COUNT_OF(examples); i++) {
        const bool words = strcmp(examples[i].name, "class by its place") == 0;
        if (!words && strcmp(examples[i].name, "class by its label") != 0) continue;
        expect_ok(soma_load_onnx(write_model(&examples[i]), NULL, &network));
        ck_assert_uint_eq(soma_network_class_count(network), 2);
        for (size_t j = 0; j < 2; j++)
            ck_assert_str_eq(soma_network_class_name(network, j), expected[words ? 0 : 1][j]);
        soma_network_destroy(network);
    }
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *all = tcase_create("onnx, classes");
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, ops_give_what_is_worked_out, 0, sizeof examples / sizeof *examples);
    tcase_add_test(all, trees_that_share_nodes_are_not_supported);
    tcase_add_test(all, classes_have_names);
    Suite *suite = suite_create("onnx, classes");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
