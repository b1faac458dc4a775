/* SPDX-License-Identifier: MIT */
/* Values over their length along an axis, and over their deviation along several. */
#include "io/onnx/compose.h"

/* The sum of sizes, or the root of that of squares, is 1 afterwards; zeros stay zeros. */
static soma_status import_lp(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], axes, length, zero, one, none, y;
    soma_onnx_made made;
    int64_t axis, p;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", -1, &axis));
    SOMA_TRY(soma_onnx_get_integer(node, "p", 2, &p));
    if (p != 1 && p != 2) return soma_error(SOMA_INVALID_FILE, "attribute p is %lld; it must be 1 or 2", (long long)p);
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "keepdims", 1);
    SOMA_TRY(soma_onnx_compose_list(node, &axis, 1, &axes));
    SOMA_TRY(soma_onnx_compose_number(node, 0, &zero));
    SOMA_TRY(soma_onnx_compose_number(node, 1, &one));
    if (p == 1)
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, ReduceL1, &made, &length, x, &axes));
    else
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, ReduceL2, &made, &length, x, &axes));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Equal, NULL, &none, &length, &zero));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Where, NULL, &length, &none, &one, &length));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Div, NULL, &y, x, &length));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(LpNormalization, 1, 1, 1, "axis p", import_lp, 0);

/* (x - mean) / (deviation + 1e-9) */
static soma_status import_mean_variance(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], list, mean, away, square, least, *root = &square, y;
    int64_t axes[SOMA_ONNX_MAX_RANK];
    soma_onnx_made made;
    size_t count;
    bool present;
    SOMA_TRY(soma_onnx_get_integers(node, "axes", axes, SOMA_ONNX_MAX_RANK, &count, &present));
    if (!present) axes[0] = 0, axes[1] = 2, axes[2] = 3, count = 3;
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "keepdims", 1);
    SOMA_TRY(soma_onnx_compose_list(node, axes, count, &list));
    SOMA_TRY(soma_onnx_compose_number(node, 1e-9, &least));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, ReduceMean, &made, &mean, x, &list));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Sub, NULL, &away, x, &mean));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Mul, NULL, &square, &away, &away));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, ReduceMean, &made, &square, &square, &list));
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_functions[SOMA_SQRT], NULL, &root, 1, &square));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Add, NULL, &square, &square, &least));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Div, NULL, &y, &away, &square));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(MeanVarianceNormalization, 9, 1, 1, "axes", import_mean_variance, 0);
