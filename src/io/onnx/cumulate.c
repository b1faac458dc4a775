/* SPDX-License-Identifier: MIT */
/* CumProd: products so far along an axis. Each step multiplies by what lies twice as far away as the one before, so
 * that there are as many as the size has bits. */
#include "io/onnx/compose.h"

/* The value moved by so many along the axis, towards its end or, with `reverse`, its beginning; ones come behind it. */
static soma_status moved(soma_onnx_node *node, soma_onnx_value *x, uint32_t axis, size_t by, bool reverse,
                         soma_onnx_value *out) {
    const size_t size = x->shape.dim[axis];
    int64_t pads[2 * SOMA_ONNX_MAX_RANK] = {0};
    soma_onnx_value list, one;
    pads[axis + (reverse ? x->shape.rank : 0)] = (int64_t)by;
    SOMA_TRY(soma_onnx_compose_part(node, x, axis, reverse ? by : 0, size - by, out));
    SOMA_TRY(soma_onnx_compose_list(node, pads, 2 * (size_t)x->shape.rank, &list));
    SOMA_TRY(soma_onnx_compose_number(node, 1, &one));
    return SOMA_ONNX_COMPOSE(node, Pad, NULL, out, out, &list, &one);
}

/* Ones, where nothing is left. */
static soma_status ones_like(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *out) {
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Equal, NULL, out, x, x));
    soma_onnx_made to;
    soma_onnx_begin_made(&to);
    soma_onnx_made_integer(&to, "to", SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &to, out, out));
    SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Mul, out, 0, out));
    return soma_onnx_compose_with(node, &soma_onnx_row_Add, out, 1, out);
}

static soma_status import_cumprod(soma_onnx_node *node) {
    const soma_onnx_shape *shape = &node->input[0]->shape;
    soma_onnx_value y = *node->input[0], other;
    int64_t given, exclusive, reverse;
    size_t count;
    uint32_t axis;
    SOMA_TRY(soma_onnx_integers(node, 1, &given, 1, &count));
    SOMA_TRY(soma_onnx_get_integer(node, "exclusive", 0, &exclusive));
    SOMA_TRY(soma_onnx_get_integer(node, "reverse", 0, &reverse));
    if (count != 1) return soma_error(SOMA_INVALID_FILE, "%zu axes; it must be one", count);
    SOMA_TRY(soma_onnx_axis(node, given, shape->rank, &axis));
    if (axis < soma_onnx_first(node->importer, shape)) return soma_onnx_mixes(node);
    const size_t size = shape->dim[axis];
    if (exclusive && size == 1)
        SOMA_TRY(ones_like(node, &y, &y));
    else if (exclusive)
        SOMA_TRY(moved(node, &y, axis, 1, reverse != 0, &y));
    for (size_t by = 1; by < size; by *= 2) {
        SOMA_TRY(moved(node, &y, axis, by, reverse != 0, &other));
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Mul, NULL, &y, &y, &other));
    }
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(CumProd, 26, 2, 2, "exclusive reverse", import_cumprod, 0);
