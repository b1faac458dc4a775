/* SPDX-License-Identifier: MIT */
/* Sums, means and extremes along axes. */
#include "io/onnx/family.h"

#include <float.h>
#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* The opset since which the axes are an input. */
static int64_t first_by_input(const soma_onnx_row *row) {
    return row == &soma_onnx_row_ReduceSum ? 13 : 18;
}

/* What is done before and after, or otherwise. */
typedef enum reduction {
    BY_MAX,
    BY_MEAN,
    BY_MIN,
    BY_SUM,
    BY_SUM_SQUARE,
    BY_L1,
    BY_L2,
    BY_LOG_SUM,
    BY_LOG_SUM_EXP,
    BY_PROD
} reduction;

/* Those of ONNX's axes as the tensor's, as bits. */
static soma_status tensor_axes(const soma_onnx_node *node, uint32_t bits, const uint32_t *order, uint32_t *axes) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t axis;
    *axes = 0;
    for (uint32_t i = 0; i < x->rank; i++) {
        if (!(bits >> i & 1)) continue;
        SOMA_TRY(soma_onnx_arranged_axis(node, x, order, i, &axis));
        *axes |= 1u << axis;
    }
    return SOMA_OK;
}

/* Over those of the bits, which are neighbours in the tensor at once. */
static soma_status reduce_axes(soma_tensor *x, soma_reduction op, uint32_t axes, soma_tensor **y) {
    uint32_t count = 0;
    *y = x;
    for (uint32_t axis = SOMA_MAX_RANK; axis-- > 0;) { /* last first, so that the axes before stay where they are */
        count = axes >> axis & 1 ? count + 1 : 0;
        if (count == 0 || (axis > 0 && axes >> (axis - 1) & 1)) continue;
        SOMA_TRY(soma_graph_reduce_axes((*y)->graph, *y, op, axis, count, y));
        if (op == SOMA_REDUCE_SUM_SQUARES) op = SOMA_REDUCE_SUM; /* what is left are squares already */
    }
    return SOMA_OK;
}

/* The shape with 1 along those axes. */
static soma_tensor kept(const soma_tensor *x, uint32_t axes) {
    soma_tensor like = *x;
    for (uint32_t i = 0; i < x->rank; i++)
        if (axes >> (i + (x->batched ? 1 : 0)) & 1) like.shape[i] = 1;
    return like;
}

/* The product along one axis, which stays, of its halves, and so on. */
static soma_status multiply_axis(soma_tensor *x, uint32_t axis, soma_tensor **y) {
    uint32_t dimension = axis - (x->batched ? 1 : 0);
    soma_tensor *first, *second, *rest;
    while (x->shape[dimension] > 1) {
        size_t half = x->shape[dimension] / 2;
        SOMA_TRY(soma_onnx_slice_axis(x, axis, 0, half, &first));
        SOMA_TRY(soma_onnx_slice_axis(x, axis, half, half, &second));
        SOMA_TRY(soma_graph_binary(x->graph, first, second, SOMA_BINARY_MULTIPLY, &first));
        if (x->shape[dimension] % 2) {
            SOMA_TRY(soma_onnx_slice_axis(x, axis, 2 * half, 1, &rest));
            SOMA_TRY(soma_graph_join((soma_tensor *[]){first, rest}, 2, axis, &first));
        }
        x = first;
    }
    *y = x;
    return SOMA_OK;
}

/* ln sum e^x = m + ln sum e^(x - m), m being the largest, if that is a number; so nothing overflows. */
static soma_status log_sum_exp(soma_onnx_node *node, soma_tensor *x, uint32_t axes, soma_tensor **y) {
    soma_graph *graph = x->graph;
    soma_tensor like = kept(x, axes), *m, *size, *largest, *infinite, *zero, *sum;
    SOMA_TRY(reduce_axes(x, SOMA_REDUCE_MAX, axes, &m));
    SOMA_TRY(soma_graph_reshape(graph, m, &like, &m));
    SOMA_TRY(soma_onnx_function(node, m, SOMA_ABS, 0, 0, &size));
    SOMA_TRY(soma_onnx_fill(node, FLT_MAX, &largest));
    SOMA_TRY(soma_onnx_fill(node, 0, &zero));
    SOMA_TRY(soma_graph_binary(graph, size, largest, SOMA_BINARY_GREATER, &infinite));
    SOMA_TRY(soma_graph_binary(graph, infinite, zero, SOMA_BINARY_EQUAL, &size));
    SOMA_TRY(soma_graph_binary(graph, m, size, SOMA_BINARY_KEEP, &m));
    SOMA_TRY(soma_graph_binary(graph, x, m, SOMA_BINARY_SUBTRACT, &sum));
    SOMA_TRY(soma_onnx_function(node, sum, SOMA_EXP, 0, 0, &sum));
    SOMA_TRY(reduce_axes(sum, SOMA_REDUCE_SUM, axes, &sum));
    SOMA_TRY(soma_graph_reshape(graph, sum, &like, &sum));
    SOMA_TRY(soma_onnx_function(node, sum, SOMA_LOG, 0, 0, &sum));
    return soma_graph_binary(graph, sum, m, SOMA_BINARY_ADD, y);
}

static soma_status product(soma_tensor *x, uint32_t axes, soma_tensor **y) {
    *y = x;
    for (uint32_t axis = 0; axis < SOMA_MAX_RANK; axis++)
        if (axes >> axis & 1) SOMA_TRY(multiply_axis(*y, axis, y));
    return SOMA_OK;
}

static soma_status reduce(soma_onnx_node *node, reduction by, soma_tensor *x, uint32_t axes, soma_tensor **y) {
    static const soma_reduction ops[] = {[BY_MAX] = SOMA_REDUCE_MAX,
                                         [BY_MEAN] = SOMA_REDUCE_MEAN,
                                         [BY_MIN] = SOMA_REDUCE_MIN,
                                         [BY_SUM] = SOMA_REDUCE_SUM,
                                         [BY_SUM_SQUARE] = SOMA_REDUCE_SUM_SQUARES,
                                         [BY_L1] = SOMA_REDUCE_SUM,
                                         [BY_L2] = SOMA_REDUCE_SUM_SQUARES,
                                         [BY_LOG_SUM] = SOMA_REDUCE_SUM};
    if (by == BY_PROD) return product(x, axes, y);
    if (by == BY_LOG_SUM_EXP) return log_sum_exp(node, x, axes, y);
    if (by == BY_L1) SOMA_TRY(soma_onnx_function(node, x, SOMA_ABS, 0, 0, &x));
    SOMA_TRY(reduce_axes(x, ops[by], axes, y));
    if (by == BY_L2) return soma_onnx_function(node, *y, SOMA_SQRT, 0, 0, y);
    return by == BY_LOG_SUM ? soma_onnx_function(node, *y, SOMA_LOG, 0, 0, y) : SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------- of constants */

static double join(reduction by, double so_far, double x) {
    switch (by) {
    case BY_MAX:
        return isnan(x) || x > so_far ? x : so_far;
    case BY_MIN:
        return isnan(x) || x < so_far ? x : so_far;
    case BY_PROD:
        return so_far * x;
    default:
        return so_far + x;
    }
}

static bool folds(const soma_onnx_node *node, reduction by) {
    bool simple =
        by == BY_MAX || by == BY_MIN || by == BY_SUM || by == BY_PROD || (by == BY_MEAN && node->importer->host);
    return simple && soma_onnx_can_fold(node) &&
           (node->importer->host || /* there, what is reduced may be nothing */
            (node->input[0]->integer && soma_onnx_count(&node->input[0]->shape, 0, node->input[0]->shape.rank) > 0));
}

/* Number i of the input goes into which of the result. */
static size_t target(const soma_onnx_shape *x, uint32_t bits, size_t i) {
    size_t at = 0, stride = 1;
    for (uint32_t axis = x->rank; axis-- > 0; i /= x->dim[axis]) {
        if (bits >> axis & 1) continue;
        at += i % x->dim[axis] * stride;
        stride *= x->dim[axis];
    }
    return at;
}

/* Element i joins what there is so far; sums of whole numbers stay exact on the way. */
static soma_status take_next(const soma_onnx_node *node, reduction by, double next, size_t i, double *so_far) {
    const soma_onnx_value *x = node->input[0];
    *so_far = join(by, *so_far, next);
    if (!x->integer || by == BY_MAX || by == BY_MIN) return SOMA_OK;
    SOMA_TRY(soma_onnx_check_whole(x->name, i, next, x->elements.type));
    return soma_onnx_check_whole(node->output.name, i, *so_far, x->elements.type);
}

static soma_status fold(soma_onnx_node *node, reduction by, uint32_t bits, const soma_onnx_shape *out) {
    const soma_onnx_value *x = node->input[0];
    const double neutral[] = {[BY_MAX] = -INFINITY, [BY_MEAN] = 0, [BY_MIN] = INFINITY, [BY_SUM] = 0, [BY_PROD] = 1};
    size_t count = soma_onnx_count(out, 0, out->rank), elements = soma_onnx_count(&x->shape, 0, x->shape.rank);
    soma_onnx_reader reader;
    soma_status status = SOMA_OK;
    double *numbers = NULL;
    if (x->elements.open) return soma_onnx_unknown_batch(node->output.name);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &x->elements, &reader));
    for (size_t i = 0; i < count; i++) numbers[i] = neutral[by];
    for (size_t i = 0; i < elements && status == SOMA_OK; i++) {
        double *to = &numbers[target(&x->shape, bits, i)];
        status = take_next(node, by, soma_onnx_read(&reader, i), i, to);
    }
    soma_onnx_reader_close(&reader);
    SOMA_TRY(status);
    const size_t each = count ? elements / count : 0;
    for (size_t i = 0; by == BY_MEAN && each && i < count; i++) {
        numbers[i] /= (double)each;
        if (x->integer) numbers[i] = trunc(numbers[i]);
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of(x), out, false, numbers);
}

/* Dimensions of 1 for those that were reduced, or none. */
static soma_onnx_shape result_shape(const soma_onnx_shape *x, uint32_t bits, bool keep) {
    soma_onnx_shape out = *x;
    out.rank = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        if (!(bits >> i & 1))
            out.dim[out.rank++] = x->dim[i];
        else if (keep)
            out.dim[out.rank++] = 1;
    return out;
}

/* Of each number by itself: only the adding up is left out, not what is done before and after it. */
static soma_status give_each(soma_onnx_node *node, reduction by) {
    soma_function function = by == BY_SUM_SQUARE          ? SOMA_SQUARE
                             : by == BY_L1 || by == BY_L2 ? SOMA_ABS
                             : by == BY_LOG_SUM           ? SOMA_LOG
                                                          : SOMA_IDENTITY;
    return soma_onnx_give_function(node, function, 0, 0);
}

/* Where there are more dimensions than a tensor has: from the last to the first, neighbours at a time, what is before
 * them being one dimension, and what is behind. */
static soma_status reduce_merged(soma_onnx_node *node, reduction by, uint32_t bits, soma_tensor **y) {
    soma_onnx_shape left = node->input[0]->shape;
    const uint32_t first = soma_onnx_first(node->importer, &left);
    reduction now = by == BY_LOG_SUM ? BY_SUM : by;
    uint32_t axis;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], y));
    for (uint32_t end = left.rank; end > first; end--) {
        uint32_t begin = end - 1;
        if (!(bits >> begin & 1)) continue;
        while (begin > first && bits >> (begin - 1) & 1) begin--;
        SOMA_TRY(soma_onnx_around(node, *y, &left, begin, end, y, &axis));
        SOMA_TRY(reduce(node, now, *y, 1u << axis, y));
        for (uint32_t i = begin; i < end; i++) left.dim[i] = 1;
        if (now == BY_SUM_SQUARE) now = BY_SUM;
        end = begin + 1;
    }
    return by == BY_LOG_SUM ? soma_onnx_function(node, *y, SOMA_LOG, 0, 0, y) : SOMA_OK;
}

static soma_status import_reduce(soma_onnx_node *node) {
    reduction by = (reduction)node->row->parameter;
    const soma_onnx_shape *x = &node->input[0]->shape;
    soma_tensor *y;
    uint32_t bits, axes, order[SOMA_ONNX_MAX_RANK];
    int64_t keep, noop;
    bool none;
    SOMA_TRY(soma_onnx_get_axes(node, first_by_input(node->row), x->rank, &bits, &none));
    SOMA_TRY(soma_onnx_get_integer(node, "keepdims", 1, &keep));
    SOMA_TRY(soma_onnx_get_integer(node, "noop_with_empty_axes", 0, &noop));
    if (none && !noop) bits = (1u << x->rank) - 1;
    for (uint32_t i = 1, last = node->batch; !keep && i <= last; i++) node->batch -= bits >> i & 1;
    if (!bits) return give_each(node, by);
    soma_onnx_shape out = result_shape(x, bits, true), narrow = result_shape(x, bits, false);
    if (folds(node, by)) return fold(node, by, bits, keep ? &out : &narrow);
    if (!soma_onnx_is_exact(node->importer, x)) {
        if (bits & 1 && soma_onnx_first(node->importer, x)) return soma_onnx_mixes(node);
        SOMA_TRY(reduce_merged(node, by, bits, &y));
        SOMA_TRY(soma_onnx_reshaped(node, y, keep ? &out : &narrow, &y));
        return soma_onnx_give(node, y, keep ? &out : &narrow);
    }
    SOMA_TRY(soma_onnx_as_arranged(node, node->input[0], order, &y));
    SOMA_TRY(tensor_axes(node, bits, order, &axes));
    SOMA_TRY(reduce(node, by, y, axes, &y));
    SOMA_TRY(soma_onnx_give_arranged(node, y, &out, order));
    if (keep) return SOMA_OK;
    return soma_onnx_give_like(node, y, &(soma_onnx_value){.shape = narrow, .layout = node->output.layout});
}

#define REDUCE(op, parameter)                                                                                          \
    SOMA_ONNX_OP(op, 1, 1, 2, "axes keepdims noop_with_empty_axes", import_reduce, parameter,                          \
                 .place = SOMA_ONNX_MOVED,                                                                             \
                 .whole = (parameter) == BY_MAX || (parameter) == BY_MIN || (parameter) == BY_SUM ||                   \
                          (parameter) == BY_SUM_SQUARE || (parameter) == BY_L1 || (parameter) == BY_PROD)
REDUCE(ReduceL1, BY_L1);
REDUCE(ReduceL2, BY_L2);
REDUCE(ReduceLogSum, BY_LOG_SUM);
REDUCE(ReduceLogSumExp, BY_LOG_SUM_EXP);
REDUCE(ReduceMax, BY_MAX);
REDUCE(ReduceMean, BY_MEAN);
REDUCE(ReduceMin, BY_MIN);
REDUCE(ReduceProd, BY_PROD);
REDUCE(ReduceSum, BY_SUM);
REDUCE(ReduceSumSquare, BY_SUM_SQUARE);

/* ---------------------------------------------------------------------------------------------------------- export */

static void put_reduction(soma_onnx_exporter *exporter, const soma_onnx_row *row, const char *out, const char *x,
                          const int64_t *axes, size_t count, bool keep) {
    bool by_input = exporter->opset >= first_by_input(row);
    soma_onnx_name list = {""};
    if (by_input) list = soma_onnx_list(exporter, axes, count);
    size_t node =
        soma_onnx_begin_node(exporter, row->name, out, (const char *[]){x, by_input ? list.text : NULL, NULL});
    if (!by_input) soma_onnx_put_attribute_integers(exporter, "axes", axes, count);
    soma_onnx_put_attribute_integer(exporter, "keepdims", keep);
    soma_onnx_end_node(exporter, node);
}

void soma_onnx_put_mean(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *axes,
                        size_t count) {
    put_reduction(exporter, &soma_onnx_row_ReduceMean, out, x, axes, count, true);
}

soma_status soma_onnx_export_reduce(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    static const soma_onnx_row *const rows[SOMA_REDUCTION_COUNT] = {[SOMA_REDUCE_SUM] = &soma_onnx_row_ReduceSum,
                                                                    [SOMA_REDUCE_MEAN] = &soma_onnx_row_ReduceMean,
                                                                    [SOMA_REDUCE_MAX] = &soma_onnx_row_ReduceMax,
                                                                    [SOMA_REDUCE_MIN] = &soma_onnx_row_ReduceMin,
                                                                    [SOMA_REDUCE_SUM_SQUARES] =
                                                                        &soma_onnx_row_ReduceSum};
    soma_reduction op = tensor->attributes.reduce.op;
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]);
    int64_t axes[SOMA_MAX_RANK];
    uint32_t count = tensor->attributes.reduce.count;
    for (uint32_t i = 0; i < count; i++) axes[i] = tensor->attributes.reduce.axis + i;
    soma_onnx_name square = soma_onnx_temporary(exporter);
    if (op == SOMA_REDUCE_SUM_SQUARES) {
        PUT("Mul", square.text, x, x);
        x = square.text;
    }
    put_reduction(exporter, rows[op], soma_onnx_name_of(exporter, tensor), x, axes, count, false);
    return SOMA_OK;
}
