/* SPDX-License-Identifier: MIT */
/*
 * Support vector machines: SVMRegressor and SVMClassifier. What a sample is to each support vector, its kernel, is a
 * product of matrices and a function; what follows is one more product. Probabilities are svm_probabilities.c's.
 */
#include "io/onnx/svm.h"
#include "io/onnx/family.h"

#include <string.h>

enum { MOST_CLASSES = 1024 };

/* ---------------------------------------------------------------------------------------------------------- kernels */

/* factor x vectors^T + bias */
static soma_status product(soma_onnx_node *node, const soma_onnx_machine *all, soma_tensor *x, const double *vector,
                           double factor, const double *bias, soma_tensor **y) {
    const size_t count = all->vectors * all->features;
    double *scaled = NULL;
    soma_tensor *weight, *added = NULL;
    SOMA_TRY(soma_onnx_make(node, count, &scaled));
    for (size_t i = 0; i < count; i++) scaled[i] = factor * vector[i];
    SOMA_TRY(
        soma_onnx_add_numbers(node, ".vectors", 2, (size_t[]){all->vectors, all->features}, scaled, true, &weight));
    if (bias) SOMA_TRY(soma_onnx_add_numbers(node, ".norms", 1, &all->vectors, bias, true, &added));
    return soma_graph_gemm(soma_onnx_graph(node), x, weight, added, false, true, y);
}

/*
 * exp(-gamma |x - v|^2). |x|^2 - 2 x v + |v|^2 is a product of matrices, but loses digits where data lie far from 0, so
 * the mean of the support vectors is taken from both before.
 */
static soma_status radial(soma_onnx_node *node, const soma_onnx_machine *all, soma_tensor *x, soma_tensor **y) {
    double *mean = NULL, *centred = NULL, *norm = NULL;
    soma_tensor *centre, *own;
    SOMA_TRY(soma_onnx_make(node, all->features, &mean));
    SOMA_TRY(soma_onnx_make(node, all->vectors, &norm));
    SOMA_TRY(soma_onnx_make(node, all->vectors * all->features, &centred));
    for (size_t j = 0; j < all->features; j++) {
        mean[j] = 0;
        for (size_t i = 0; i < all->vectors; i++) mean[j] += all->vector[i * all->features + j] / (double)all->vectors;
        mean[j] = (double)(float)mean[j];
    }
    for (size_t i = 0; i < all->vectors; i++) {
        norm[i] = 0;
        for (size_t j = 0; j < all->features; j++) {
            const double d = (double)(float)(all->vector[i * all->features + j] - mean[j]);
            centred[i * all->features + j] = d;
            norm[i] += d * d;
        }
    }
    SOMA_TRY(soma_onnx_add_numbers(node, ".centre", 1, &all->features, mean, true, &centre));
    SOMA_TRY(soma_graph_binary(x->graph, x, centre, SOMA_BINARY_SUBTRACT, &x));
    SOMA_TRY(product(node, all, x, centred, -2, norm, y));
    SOMA_TRY(soma_onnx_reduce_last(x, SOMA_REDUCE_SUM_SQUARES, &own));
    SOMA_TRY(soma_graph_binary(x->graph, *y, own, SOMA_BINARY_ADD, y));
    SOMA_TRY(soma_onnx_with_number(node, *y, 0, SOMA_BINARY_MAXIMUM, y));
    SOMA_TRY(soma_onnx_function(node, *y, SOMA_LINEAR, (float)-all->kernel[0], 0, y));
    return soma_onnx_function(node, *y, SOMA_EXP, 0, 0, y);
}

/* What x is to each support vector. */
static soma_status kernel(soma_onnx_node *node, const soma_onnx_machine *all, soma_tensor *x, soma_tensor **y) {
    const double gamma = all->kernel[0];
    if (strcmp(all->type, "LINEAR") == 0) return product(node, all, x, all->vector, 1, NULL, y);
    if (strcmp(all->type, "RBF") == 0) return radial(node, all, x, y);
    SOMA_TRY(product(node, all, x, all->vector, gamma, NULL, y));
    SOMA_TRY(soma_onnx_with_number(node, *y, (float)all->kernel[1], SOMA_BINARY_ADD, y));
    if (all->type[0] == 'P') return soma_onnx_with_number(node, *y, (float)all->kernel[2], SOMA_BINARY_POWER, y);
    return soma_onnx_function(node, *y, SOMA_TANH, 0, 0, y);
}

/* y weight + bias, of [rows, columns] and [columns]. */
static soma_status weigh(soma_onnx_node *node, soma_tensor *x, size_t rows, size_t columns, const double *weight,
                         const double *bias, soma_tensor **y) {
    soma_tensor *w, *b;
    SOMA_TRY(soma_onnx_add_numbers(node, ".coefficients", 2, (size_t[]){rows, columns}, weight, true, &w));
    SOMA_TRY(soma_onnx_add_numbers(node, ".rho", 1, &columns, bias, true, &b));
    return soma_graph_gemm(soma_onnx_graph(node), x, w, b, false, false, y);
}

/* ------------------------------------------------------------------------------------------------------- regression */

static soma_status import_regressor(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    soma_tensor *x = NULL, *y;
    size_t features = 0;
    int64_t vectors, one_class;
    soma_onnx_machine all = {.vectors = 0};
    SOMA_TRY(soma_onnx_rows(node, &x, &features));
    SOMA_TRY(soma_onnx_get_integer(node, "n_supports", 0, &vectors));
    SOMA_TRY(soma_onnx_get_integer(node, "one_class", 0, &one_class));
    if (vectors < 0 || vectors > INT32_MAX)
        return soma_error(SOMA_INVALID_FILE, "so many support vectors: %lld", (long long)vectors);
    all.vectors = (size_t)vectors;
    SOMA_TRY(soma_onnx_read_machine(node, features, &all));
    if (all.rhos != 1 || all.coefficients != (vectors ? all.vectors : features))
        return soma_error(SOMA_INVALID_FILE, "%zu coefficients and %zu numbers rho; %zu and one are needed",
                          all.coefficients, all.rhos, vectors ? all.vectors : features);
    if (vectors) SOMA_TRY(kernel(node, &all, x, &x));
    SOMA_TRY(weigh(node, x, all.coefficients, 1, all.coefficient, all.rho, &y));
    if (one_class) { /* 1 where it is one of them, else -1 */
        SOMA_TRY(soma_onnx_with_number(node, y, 0, SOMA_BINARY_GREATER, &y));
        SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, 2, 0, &y));
        SOMA_TRY(soma_onnx_with_number(node, y, -1, SOMA_BINARY_ADD, &y));
    } else
        SOMA_TRY(soma_onnx_transform_scores(node, y, &y));
    out.dim[1] = 1;
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(SVMRegressor, 1, 1, 1,
             "coefficients kernel_params kernel_type n_supports one_class post_transform rho support_vectors",
             import_regressor, 0, .domain = SOMA_ONNX_ML);

/* --------------------------------------------------------------------------------------------------- classification */

/* For each pair of classes: the first against the second, of the vectors of both. */
static soma_status compare_pairs(soma_onnx_node *node, const soma_onnx_machine *all, const size_t *start,
                                 size_t classes, soma_tensor *x, soma_tensor **y) {
    const size_t pairs = classes * (classes - 1) / 2;
    double *weight = NULL;
    size_t pair = 0;
    if (all->coefficients != (classes - 1) * all->vectors || all->rhos != pairs)
        return soma_error(SOMA_INVALID_FILE, "%zu coefficients and %zu numbers rho for %zu vectors and %zu classes",
                          all->coefficients, all->rhos, all->vectors, classes);
    SOMA_TRY(soma_onnx_make(node, all->vectors * pairs, &weight));
    memset(weight, 0, all->vectors * pairs * sizeof *weight);
    for (size_t i = 0; i < classes; i++)
        for (size_t j = i + 1; j < classes; j++, pair++) {
            for (size_t v = start[i]; v < start[i + 1]; v++)
                weight[v * pairs + pair] = all->coefficient[(j - 1) * all->vectors + v];
            for (size_t v = start[j]; v < start[j + 1]; v++)
                weight[v * pairs + pair] = all->coefficient[i * all->vectors + v];
        }
    return weigh(node, x, all->vectors, pairs, weight, all->rho, y);
}

/* How many pairs are decided for each class: of class i as the first of a pair those above 0, as the second the others.
 */
static soma_status count_votes(soma_onnx_node *node, size_t classes, soma_tensor *scores, soma_tensor **votes) {
    const size_t pairs = classes * (classes - 1) / 2;
    double *weight = NULL, *second = NULL;
    size_t pair = 0;
    soma_tensor *first, *w, *b;
    SOMA_TRY(soma_onnx_make(node, pairs * classes, &weight));
    SOMA_TRY(soma_onnx_make(node, classes, &second));
    memset(weight, 0, pairs * classes * sizeof *weight);
    memset(second, 0, classes * sizeof *second);
    for (size_t i = 0; i < classes; i++)
        for (size_t j = i + 1; j < classes; j++, pair++) {
            weight[pair * classes + i] = 1;
            weight[pair * classes + j] = -1;
            second[j]++;
        }
    SOMA_TRY(soma_onnx_with_number(node, scores, 0, SOMA_BINARY_GREATER, &first));
    SOMA_TRY(soma_onnx_add_numbers(node, ".votes", 2, (size_t[]){pairs, classes}, weight, true, &w));
    SOMA_TRY(soma_onnx_add_numbers(node, ".seconds", 1, &classes, second, true, &b));
    return soma_graph_gemm(soma_onnx_graph(node), first, w, b, false, false, votes);
}

static soma_status make_scores(soma_onnx_node *node, size_t classes, soma_tensor **scores, soma_tensor **place) {
    soma_tensor *x = NULL, *votes;
    size_t features = 0, *start;
    soma_onnx_machine all = {.vectors = 0};
    SOMA_TRY(soma_onnx_rows(node, &x, &features));
    SOMA_TRY(soma_onnx_take_made(node->importer, classes + 1, sizeof *start, node->output.name));
    start = soma_calloc(classes + 1, sizeof *start);
    if (!start) return soma_out_of_memory(classes * sizeof *start, "classes");
    soma_status status = soma_onnx_read_starts(node, classes, start);
    all.vectors = status == SOMA_OK ? start[classes] : 0;
    if (status == SOMA_OK) status = soma_onnx_read_machine(node, features, &all);
    if (status == SOMA_OK) status = kernel(node, &all, x, &x);
    if (status == SOMA_OK) status = compare_pairs(node, &all, start, classes, x, scores);
    soma_free(start);
    SOMA_TRY(status);
    SOMA_TRY(count_votes(node, classes, *scores, &votes));
    return soma_onnx_first_largest(node, votes, place);
}

static soma_status import_classifier(soma_onnx_node *node) {
    soma_onnx_classes classes;
    soma_onnx_shape out = node->input[0]->shape;
    soma_onnx_score_kind kind = SOMA_ONNX_SCORES;
    char how[16];
    SOMA_TRY(soma_onnx_get_classes(node, "classlabels_ints", "classlabels_strings", &classes));
    if (classes.count < 2 || classes.count > MOST_CLASSES)
        return soma_error(SOMA_UNSUPPORTED, "%zu classes; 2 to %d are possible", classes.count, MOST_CLASSES);
    const bool likely = soma_onnx_has_probabilities(node->proto);
    if (likely && node->number > 0 && !soma_onnx_needs_value(node->importer->selection, node->output.name)) {
        node->output.missing = true; /* only labels are wanted, which a network has */
        return SOMA_OK;
    }
    if (likely && (node->importer->host || node->number > 0)) return soma_onnx_give_probabilities(node, &classes);
    if (!node->kept[0]) SOMA_TRY(make_scores(node, classes.count, &node->kept[0], &node->kept[1]));
    if (node->number == 0) {
        out.rank = 1;
        return soma_onnx_give_labels(node, node->kept[1], &out, &classes);
    }
    SOMA_TRY(soma_onnx_get_text(node, "post_transform", "NONE", how, sizeof how));
    if (classes.count == 2) kind = strcmp(how, "NONE") == 0 ? SOMA_ONNX_MARGIN : SOMA_ONNX_PROBABILITY;
    return soma_onnx_give_scores(node, node->kept[0], kind, &classes);
}

SOMA_ONNX_SEVERAL(SVMClassifier, 1, 1, 1,
                  "classlabels_ints classlabels_strings coefficients kernel_params kernel_type post_transform prob_a "
                  "prob_b rho support_vectors vectors_per_class",
                  import_classifier, 0, .domain = SOMA_ONNX_ML);
