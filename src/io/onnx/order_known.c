/* SPDX-License-Identifier: MIT */
/* Places of extremes along an axis, and the largest or least ones, of numbers that are known; see order.c. */
#include "io/onnx/family.h"
#include "io/onnx/host.h"

#include <math.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

/* Elements along an axis: number i of a line is at first + i * step. */
typedef struct line {
    const double *at;
    size_t first, step;
    bool largest, last; /* which is wanted; of equal ones the last */
} line;

/* Before others: the larger or smaller; a NaN is behind all numbers. */
static bool is_before(const void *context, size_t a, size_t b) {
    const line *of = context;
    const double p = of->at[of->first + a * of->step], q = of->at[of->first + b * of->step];
    if (isnan(p) || isnan(q)) return !isnan(p);
    return of->largest ? p > q : p < q;
}

/* So many of each line, in their order: values or places. */
static soma_status take_lines(soma_onnx_node *node, uint32_t axis, size_t most, line of, bool places,
                              const soma_onnx_shape *out) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const size_t size = x->dim[axis], outer = soma_onnx_count(x, 0, axis);
    double *to = NULL;
    size_t count, *order;
    if (node->input[0]->elements.open) return soma_onnx_unknown_batch(node->input[0]->name);
    of.step = soma_onnx_count(x, axis + 1, x->rank);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &of.at, &count));
    SOMA_TRY(soma_onnx_make(node, outer * most * of.step, &to));
    order = soma_calloc(SOMA_MAX(size, (size_t)1), sizeof *order);
    if (!order) return soma_out_of_memory(size * sizeof *order, node->output.name);
    soma_status status = SOMA_OK;
    for (size_t i = 0; most > 0 && i < outer * of.step && status == SOMA_OK; i++) {
        of.first = i / of.step * size * of.step + i % of.step;
        for (size_t k = 0; k < size; k++) order[k] = of.last ? size - 1 - k : k;
        status = soma_onnx_sort(order, size, is_before, &of);
        for (size_t k = 0; k < most; k++)
            to[(i / of.step * most + k) * of.step + i % of.step] =
                places ? (double)order[k] : of.at[of.first + order[k] * of.step];
    }
    soma_free(order);
    SOMA_TRY(status);
    return soma_onnx_give_numbers(node, places ? INT64 : soma_onnx_type_of(node->input[0]), out, false, to);
}

soma_status soma_onnx_fold_top(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    int64_t given, largest, k = -1;
    size_t count = 1;
    uint32_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", -1, &given));
    SOMA_TRY(soma_onnx_get_integer(node, "largest", 1, &largest));
    SOMA_TRY(soma_onnx_axis(node, given, out.rank, &axis));
    SOMA_TRY(node->opset < 10 ? soma_onnx_get_integer(node, "k", -1, &k) : soma_onnx_integers(node, 1, &k, 1, &count));
    if (count != 1 || k < 0 || (uint64_t)k > out.dim[axis])
        return soma_error(SOMA_INVALID_FILE, "the first %lld of an axis of %zu", (long long)k, out.dim[axis]);
    out.dim[axis] = (size_t)k;
    return take_lines(node, axis, (size_t)k, (line){.largest = largest != 0}, node->number > 0, &out);
}

soma_status soma_onnx_fold_place(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    int64_t given, keep, last;
    uint32_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    SOMA_TRY(soma_onnx_get_integer(node, "keepdims", 1, &keep));
    SOMA_TRY(soma_onnx_get_integer(node, "select_last_index", 0, &last));
    SOMA_TRY(soma_onnx_axis(node, given, out.rank, &axis));
    if (out.dim[axis] == 0) return soma_error(SOMA_INVALID_FILE, "the place of one along an axis of 0");
    out.dim[axis] = 1;
    for (uint32_t i = axis; !keep && i + 1 < out.rank; i++) out.dim[i] = out.dim[i + 1];
    if (!keep) out.rank--;
    const line of = {.largest = node->row->parameter == SOMA_REDUCE_MAX, .last = last != 0};
    return take_lines(node, axis, 1, of, true, &out);
}
