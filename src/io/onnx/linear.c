/* SPDX-License-Identifier: MIT */
/* LinearRegressor and LinearClassifier: a product of features with coefficients, which lie in attributes. */
#include "io/onnx/classes.h"
#include "io/onnx/family.h"

/* x coefficients^T + intercepts, of so many rows. */
static soma_status scores(soma_onnx_node *node, size_t targets, soma_tensor **y) {
    const double *coefficient, *intercept;
    size_t coefficients, intercepts, features = 0;
    soma_tensor *x = NULL, *weight, *bias = NULL;
    SOMA_TRY(soma_onnx_rows(node, &x, &features));
    SOMA_TRY(soma_onnx_get_numbers(node, "coefficients", &coefficient, &coefficients));
    SOMA_TRY(soma_onnx_get_numbers(node, "intercepts", &intercept, &intercepts));
    if (targets == 0 || coefficients % targets || coefficients / targets != features)
        return soma_error(SOMA_INVALID_FILE, "%zu coefficients for %zu features and %zu targets", coefficients,
                          features, targets);
    if (intercepts && intercepts != targets)
        return soma_error(SOMA_INVALID_FILE, "%zu intercepts for %zu targets", intercepts, targets);
    SOMA_TRY(
        soma_onnx_add_numbers(node, ".coefficients", 2, (size_t[]){targets, features}, coefficient, false, &weight));
    if (intercepts) SOMA_TRY(soma_onnx_add_numbers(node, ".intercepts", 1, &targets, intercept, false, &bias));
    return soma_graph_gemm(soma_onnx_graph(node), x, weight, bias, false, true, y);
}

static soma_status import_regressor(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    soma_tensor *y = NULL;
    int64_t targets;
    SOMA_TRY(soma_onnx_get_integer(node, "targets", 1, &targets));
    SOMA_TRY(scores(node, targets > 0 ? (size_t)targets : 0, &y));
    SOMA_TRY(soma_onnx_transform_scores(node, y, &y));
    out.dim[1] = (size_t)targets;
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(LinearRegressor, 1, 1, 1, "coefficients intercepts post_transform targets", import_regressor, 0,
             .domain = SOMA_ONNX_ML);

static soma_status import_classifier(soma_onnx_node *node) {
    const Soma__Onnx__AttributeProto *intercepts = soma_onnx_attribute(node, "intercepts");
    const size_t targets = intercepts ? intercepts->n_floats : 0;
    soma_onnx_classes classes;
    SOMA_TRY(soma_onnx_get_classes(node, "classlabels_ints", "classlabels_strings", &classes));
    if (targets != classes.count && (targets != 1 || classes.count != 2))
        return soma_error(SOMA_UNSUPPORTED, "%zu intercepts for %zu classes; one for each, or one for two, are taken",
                          targets, classes.count);
    if (!node->kept[0]) SOMA_TRY(scores(node, targets, &node->kept[0]));
    return soma_onnx_give_classes(node, node->kept[0],
                                  targets == classes.count ? SOMA_ONNX_SCORES : SOMA_ONNX_PROBABILITY, 0, &classes);
}

SOMA_ONNX_SEVERAL(LinearClassifier, 1, 1, 1,
                  "classlabels_ints classlabels_strings coefficients intercepts multi_class post_transform",
                  import_classifier, 0, .domain = SOMA_ONNX_ML);
