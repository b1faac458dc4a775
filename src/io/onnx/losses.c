/* SPDX-License-Identifier: MIT */
/* Losses as ops of a graph: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss. */
#include "io/onnx/compose.h"

/* Which of the classes each target is, as truth [batch, classes, positions...]; none for one that is ignored. */
static soma_status find_classes(soma_onnx_node *node, const soma_onnx_shape *x, soma_onnx_value *truth,
                                soma_onnx_value *counted) {
    soma_onnx_value target, classes, ignored, *given = node->input[1];
    int64_t shape[SOMA_ONNX_MAX_RANK] = {0, 1}, ignore;
    size_t dim[SOMA_ONNX_MAX_RANK];
    double *numbers = NULL;
    const size_t count = x->dim[1];
    for (uint32_t i = 0; i < x->rank; i++) dim[i] = i == 1 ? count : 1;
    for (uint32_t i = 2; i < x->rank; i++) shape[i] = (int64_t)x->dim[i];
    SOMA_TRY(soma_onnx_compose_reshaped(node, given, shape, x->rank, &target));
    SOMA_TRY(soma_onnx_make_table(node, count, 1, &numbers));
    for (size_t i = 0; i < count; i++) numbers[i] = (double)i;
    SOMA_TRY(soma_onnx_compose_numbers(node, ".classes", x->rank, dim, numbers, &classes));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Equal, NULL, truth, &target, &classes));
    if (!soma_onnx_attribute(node, "ignore_index")) return *counted = *truth, SOMA_OK;
    SOMA_TRY(soma_onnx_get_integer(node, "ignore_index", 0, &ignore));
    SOMA_TRY(soma_onnx_compose_list(node, &ignore, 1, &ignored));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Equal, NULL, &ignored, &target, &ignored));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Not, NULL, &ignored, &ignored));
    return SOMA_ONNX_COMPOSE(node, And, NULL, counted, truth, &ignored);
}

/* The sum over the classes, without that dimension; over all dimensions. */
static soma_status sum_classes(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *sum) {
    soma_onnx_value axes = {0};
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "keepdims", 0);
    SOMA_TRY(soma_onnx_compose_list(node, &(int64_t){1}, 1, &axes));
    return SOMA_ONNX_COMPOSE(node, ReduceSum, &made, sum, x, &axes);
}

static soma_status sum_all(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *sum) {
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "keepdims", 0);
    return SOMA_ONNX_COMPOSE(node, ReduceSum, &made, sum, x);
}

/* What each target counts: its class's weight, or 1, but 0 where it is ignored. */
static soma_status find_weights(soma_onnx_node *node, const soma_onnx_shape *x, soma_onnx_value *counted,
                                soma_onnx_value *weights) {
    soma_onnx_value one, zero, *given = soma_onnx_optional(node, 2);
    int64_t shape[SOMA_ONNX_MAX_RANK];
    SOMA_TRY(soma_onnx_compose_number(node, 0, &zero));
    SOMA_TRY(soma_onnx_compose_number(node, 1, &one));
    for (uint32_t i = 0; i < x->rank; i++) shape[i] = i == 1 ? (int64_t)x->dim[1] : 1;
    if (given) SOMA_TRY(soma_onnx_compose_reshaped(node, given, shape, x->rank, &one));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Where, NULL, weights, counted, &one, &zero));
    return sum_classes(node, weights, weights);
}

static soma_status get_reduction(const soma_onnx_node *node, bool *mean, bool *none) {
    const Soma__Onnx__AttributeProto *how = soma_onnx_attribute(node, "reduction");
    *none = how && soma_onnx_is_text(how, "none");
    *mean = !how || soma_onnx_is_text(how, "mean");
    if (*none || *mean || soma_onnx_is_text(how, "sum")) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "attribute reduction must be none, sum or mean");
}

/* The loss of logarithms of probabilities [batch, classes, positions...]. */
static soma_status loss_of(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *y) {
    soma_onnx_value truth, counted, weights, zero, least;
    const soma_onnx_shape shape = x->shape;
    bool mean, none;
    SOMA_TRY(get_reduction(node, &mean, &none));
    if (shape.rank < 2 || node->input[1]->shape.rank != shape.rank - 1 || !node->input[1]->integer)
        return soma_error(SOMA_INVALID_FILE,
                          "%u dimensions and targets of %u; targets are whole numbers, and have all dimensions but the "
                          "classes, the second",
                          shape.rank, node->input[1]->shape.rank);
    SOMA_TRY(find_classes(node, &shape, &truth, &counted));
    SOMA_TRY(soma_onnx_compose_number(node, 0, &zero));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Where, NULL, y, &counted, x, &zero));
    SOMA_TRY(sum_classes(node, y, y));
    SOMA_TRY(find_weights(node, &shape, &counted, &weights));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Mul, NULL, y, y, &weights));
    SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Mul, y, -1, y));
    if (none) return SOMA_OK;
    SOMA_TRY(sum_all(node, y, y));
    if (!mean) return SOMA_OK;
    SOMA_TRY(sum_all(node, &weights, &least));
    return SOMA_ONNX_COMPOSE(node, Div, NULL, y, y, &least);
}

static soma_status import_likelihood(soma_onnx_node *node) {
    soma_onnx_value y;
    SOMA_TRY(loss_of(node, node->input[0], &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(NegativeLogLikelihoodLoss, 12, 2, 3, "ignore_index reduction", import_likelihood, 0);

/* The loss, and what it is of. */
static soma_status import_cross_entropy(soma_onnx_node *node) {
    soma_onnx_value logarithms, y;
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", 1);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, LogSoftmax, &made, &logarithms, node->input[0]));
    if (node->number == 1) return soma_onnx_pass(node, &logarithms);
    SOMA_TRY(loss_of(node, &logarithms, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_SEVERAL(SoftmaxCrossEntropyLoss, 12, 2, 3, "ignore_index reduction", import_cross_entropy, 0);
