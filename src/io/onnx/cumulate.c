/* SPDX-License-Identifier: MIT */
/* CumProd and CumSum: products and sums so far along an axis. Each step takes what lies twice as far away as the one
 * before, so that there are as many as the size has bits. */
#include "io/onnx/compose.h"
#include "io/onnx/family.h"
#include "io/onnx/host.h"

/* ---------------------------------------------------------------------------------------------------------- CumProd */

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

/* ----------------------------------------------------------------------------------------------------------- CumSum */

/* A tensor and one of its axes. */
typedef struct line {
    soma_tensor *x;
    uint32_t axis;
    size_t size;
} line;

/* x, as many places further on, with zeros where nothing comes; `back`: towards the beginning. */
static soma_status shift(const line *of, soma_tensor *x, size_t places, bool back, soma_tensor **y) {
    uint32_t dimension = of->axis - (x->batched ? 1 : 0);
    soma_tensor_spec spec = {.op = SOMA_OP_PAD, .input_count = 1, .input = &x};
    if (places >= of->size) { /* whatever x is */
        soma_tensor_spec zero = {.op = SOMA_OP_FILL, .dtype = SOMA_F32, .rank = 1, .shape = {1}};
        SOMA_TRY(soma_graph_add(x->graph, &zero, y));
        return soma_graph_binary(x->graph, x, *y, SOMA_BINARY_KEEP, y);
    }
    SOMA_TRY(soma_onnx_slice_axis(x, of->axis, back ? places : 0, of->size - places, &x));
    *(back ? &spec.attributes.pad.after[dimension] : &spec.attributes.pad.before[dimension]) = places;
    return soma_graph_add(x->graph, &spec, y);
}

/* Of a constant, as positions are counted. */
static soma_status fold_cumsum(soma_onnx_node *node, uint32_t axis, bool exclusive, bool reverse) {
    const soma_onnx_shape *shape = &node->input[0]->shape;
    const size_t size = shape->dim[axis], step = soma_onnx_count(shape, axis + 1, shape->rank);
    const double *x;
    size_t count;
    double *y = NULL;
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &x, &count));
    SOMA_TRY(soma_onnx_make(node, count, &y));
    for (size_t i = 0; count > 0 && i < count / size; i++) {
        const size_t first = i / step * size * step + i % step;
        double sum = 0;
        for (size_t k = 0; k < size; k++) {
            const size_t at = first + (reverse ? size - 1 - k : k) * step;
            const double before = sum;
            sum += x[at];
            y[at] = exclusive ? before : sum;
        }
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of(node->input[0]), shape, false, y);
}

/* After the step of n, each place has the sum of the 2 n up to it. */
static soma_status import_cumsum(soma_onnx_node *node) {
    const soma_onnx_shape *shape = &node->input[0]->shape;
    int64_t given, exclusive, reverse;
    uint32_t axis;
    size_t count;
    soma_tensor *further;
    SOMA_TRY(soma_onnx_get_integer(node, "exclusive", 0, &exclusive));
    SOMA_TRY(soma_onnx_get_integer(node, "reverse", 0, &reverse));
    SOMA_TRY(soma_onnx_integers(node, 1, &given, 1, &count));
    if (count != 1) return soma_error(SOMA_INVALID_FILE, "the axis is %zu numbers; it must be one", count);
    SOMA_TRY(soma_onnx_axis(node, given, shape->rank, &axis));
    if (soma_onnx_can_fold(node)) return fold_cumsum(node, axis, exclusive != 0, reverse != 0);
    line of = {.size = shape->dim[axis]};
    SOMA_TRY(soma_onnx_tensor_axis(node, shape, axis, &of.axis));
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &of.x));
    soma_tensor *y = of.x;
    if (exclusive) SOMA_TRY(shift(&of, y, 1, reverse != 0, &y));
    for (size_t n = 1; n < of.size; n *= 2) {
        SOMA_TRY(shift(&of, y, n, reverse != 0, &further));
        SOMA_TRY(soma_graph_binary(y->graph, y, further, SOMA_BINARY_ADD, &y));
    }
    return y == of.x ? soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0) : soma_onnx_give(node, y, shape);
}

SOMA_ONNX_OP(CumSum, 11, 2, 2, "exclusive reverse", import_cumsum, 0, .whole = 1);
