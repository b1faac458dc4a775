/* SPDX-License-Identifier: MIT */
/* Values that are repeated: up to a shape, or so many times along each axis; and numbers that follow each other. */
#include "base/size.h"
#include "io/onnx/family.h"

#include <inttypes.h>
#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* Where the result's elements come from: the dimensions of x have those of 1 before them. */
typedef struct repetition {
    uint32_t rank;
    size_t from[SOMA_ONNX_MAX_RANK], to[SOMA_ONNX_MAX_RANK];
} repetition;

static size_t source(const void *context, size_t i) {
    const repetition *of = context;
    size_t at = 0, stride = 1;
    for (uint32_t axis = of->rank; axis-- > 0; i /= of->to[axis]) {
        at += i % of->to[axis] % of->from[axis] * stride;
        stride *= of->from[axis];
    }
    return at;
}

static soma_status check_count(const soma_onnx_shape *shape) {
    size_t count = 1;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (!soma_multiply_size(count, shape->dim[i], &count))
            return soma_error(SOMA_INVALID_SHAPE, "more elements than memory has bytes");
    return SOMA_OK;
}

static soma_status fold(soma_onnx_node *node, const soma_onnx_shape *x, const soma_onnx_shape *out) {
    repetition of = {.rank = out->rank};
    for (uint32_t i = 0; i < out->rank; i++) {
        of.to[i] = out->dim[i];
        of.from[i] = i < out->rank - x->rank ? 1 : x->dim[i - (out->rank - x->rank)];
    }
    return soma_onnx_fold_selection(node, out, source, &of);
}

/* What the result holds is what the first input held. */
static soma_status give_repeated(soma_onnx_node *node, soma_tensor *y, const soma_onnx_shape *out) {
    node->output.integer = node->input[0]->integer;
    node->output.elements.type = node->input[0]->elements.type;
    return soma_onnx_give(node, y, out);
}

/* In more dimensions than a tensor has. */
static soma_status repeat_merged(soma_onnx_node *node, const soma_onnx_shape *out) {
    soma_tensor like[3], *x;
    if (!soma_onnx_merge(node, &node->input[0]->shape, out, out, like))
        return soma_error(SOMA_UNSUPPORTED,
                          "repeating in %u dimensions, which are more than a tensor has although those that are "
                          "repeated alike are taken as one",
                          out->rank);
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[0], &x));
    SOMA_TRY(soma_graph_reshape(x->graph, x, &like[0], &x));
    SOMA_TRY(soma_graph_copy(x->graph, x, &like[2], 1, &x));
    return give_repeated(node, x, out);
}

/* x in as many dimensions as the result has; of the batch, which the result may have alone, nothing is left in x. */
static soma_status repeat_to(soma_onnx_node *node, const soma_onnx_shape *out) {
    soma_onnx_shape x = node->input[0]->shape;
    uint32_t missing = out->rank - x.rank, first = soma_onnx_first(node->importer, out);
    soma_tensor *tensor, like;
    if (first && x.batched && missing) return soma_onnx_mixes(node);
    if (first && !x.batched && missing == 0 && x.dim[0] != 1) return soma_onnx_mixes(node);
    if (!soma_onnx_is_exact(node->importer, out)) return repeat_merged(node, out);
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[0], &tensor));
    SOMA_TRY(soma_onnx_canonical(node->importer, out, &like));
    soma_tensor wide = like;
    wide.batched = x.batched;
    for (uint32_t i = 0; i < out->rank - first; i++) {
        uint32_t axis = i + first;
        wide.shape[i + (like.rank - (out->rank - first))] = axis < missing ? 1 : x.dim[axis - missing];
    }
    SOMA_TRY(soma_graph_reshape(tensor->graph, tensor, &wide, &tensor));
    SOMA_TRY(soma_graph_copy(tensor->graph, tensor, &like, 1, &tensor));
    return give_repeated(node, tensor, out);
}

/* A constant, repeated for a batch that is dimension `batch` of the shape: first states of recurrent ops, mostly. */
static soma_status expand_for_batch(soma_onnx_node *node, const int64_t *target, size_t count, uint32_t batch) {
    soma_onnx_value *x = node->input[0], wide = *x;
    soma_onnx_shape out = {.batched = true, .batch = batch, .rank = (uint32_t)count};
    const uint32_t missing = out.rank - SOMA_MIN(x->shape.rank, out.rank);
    if (x->shape.batched || x->shape.rank > out.rank) return soma_onnx_mixes(node);
    wide.shape.rank = out.rank;
    wide.shape.batch = batch;
    for (uint32_t i = 0; i < out.rank; i++) {
        wide.shape.dim[i] = i < missing ? 1 : x->shape.dim[i - missing];
        if (i != batch && (!soma_size_of(target[i], &out.dim[i]) || out.dim[i] == 0))
            return soma_error(SOMA_UNSUPPORTED, "dimension %u of the shape is %" PRId64, i, target[i]);
        if (i != batch && out.dim[i] == 1) out.dim[i] = wide.shape.dim[i];
        if (wide.shape.dim[i] != 1 && (i == batch || wide.shape.dim[i] != out.dim[i]))
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is %zu, and cannot be repeated", i, wide.shape.dim[i]);
    }
    soma_onnx_shape moved = out;
    out.dim[batch] = node->importer->batch;
    moved.dim[batch] = 1;
    SOMA_TRY(check_count(&moved));
    soma_onnx_move_batch(&moved, 0);
    soma_onnx_move_batch(&wide.shape, 0);
    node->input[0] = &wide;
    soma_status status = repeat_to(node, &moved);
    node->input[0] = x;
    x->tensor = wide.tensor;
    node->output.shape = out;
    return status;
}

static soma_status import_expand(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t target[SOMA_ONNX_MAX_RANK];
    size_t count;
    uint32_t open;
    SOMA_TRY(soma_onnx_sizes(node, 1, target, SOMA_ONNX_MAX_RANK, &count, &open));
    for (uint32_t i = 1; i < count && !node->importer->whole; i++)
        if (open == 1u << i) return expand_for_batch(node, target, count, i);
    if (soma_onnx_first(node->importer, x) && x->batch) return soma_onnx_mixes(node);
    soma_onnx_shape out = {.batched = x->batched || open, .rank = SOMA_MAX(x->rank, (uint32_t)count)};
    if (open > 1 || (open && (node->importer->whole || count < out.rank))) return soma_onnx_mixes(node);
    bool same = !open || x->batched;
    for (uint32_t i = 0; i < out.rank; i++) { /* from the last dimension to the first */
        uint32_t axis = out.rank - 1 - i;
        size_t p = i < x->rank ? x->dim[x->rank - 1 - i] : 1, q = 1;
        if (i < count && target[count - 1 - i] < 0)
            return soma_error(SOMA_INVALID_FILE, "dimension %u of the shape is %" PRId64, axis, target[count - 1 - i]);
        if (i < count && !soma_size_of(target[count - 1 - i], &q))
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is more than memory has bytes", axis);
        bool batch = axis == 0 && soma_onnx_first(node->importer, &out);
        if (batch && !open && q != 1 && q != p) return soma_onnx_mixes(node);
        if (batch && open) q = node->importer->batch;
        if (!batch && p != q && p != 1 && q != 1)
            return soma_error(SOMA_INVALID_SHAPE, "dimensions of %zu and %zu cannot be broadcast", p, q);
        out.dim[axis] = batch ? (x->batched ? p : q) : p == 1 ? q : p;
        same &= i < x->rank && (batch || out.dim[axis] == p);
    }
    SOMA_TRY(check_count(&out));
    if (same) return soma_onnx_pass_on(node);
    if (!open && soma_onnx_is_known(node->input[0])) return fold(node, x, &out);
    return repeat_to(node, &out);
}

SOMA_ONNX_OP(Expand, 8, 2, 2, "", import_expand, 0, .place = SOMA_ONNX_ANYWHERE);

/* ------------------------------------------------------------------------------------------------------------- Tile */

/* So many of x one after the other. */
static soma_status repeat_axis(soma_tensor *x, uint32_t axis, size_t times, soma_tensor **y) {
    if (times > SOMA_MOST_PIECES)
        return soma_error(SOMA_UNSUPPORTED, "%zu repetitions, at most %d are possible", times, SOMA_MOST_PIECES);
    soma_tensor **parts = soma_calloc(times, sizeof *parts);
    if (!parts) return soma_out_of_memory(times * sizeof *parts, "the parts of a tensor");
    for (size_t i = 0; i < times; i++) parts[i] = x;
    soma_status status = soma_graph_join(parts, times, axis, y);
    soma_free(parts);
    return status;
}

static soma_status import_tile(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    soma_onnx_shape out = *x;
    int64_t times[SOMA_ONNX_MAX_RANK];
    size_t count;
    soma_tensor *y;
    uint32_t axis;
    bool same = true;
    SOMA_TRY(soma_onnx_integers(node, 1, times, SOMA_ONNX_MAX_RANK, &count));
    if (count != x->rank)
        return soma_error(SOMA_INVALID_FILE, "%zu numbers of repetitions for %u dimensions", count, x->rank);
    for (uint32_t i = 0; i < x->rank; i++) {
        size_t number;
        if (times[i] < 1 || !soma_size_of(times[i], &number) || !soma_multiply_size(x->dim[i], number, &out.dim[i]))
            return soma_error(times[i] == 0 ? SOMA_UNSUPPORTED : SOMA_INVALID_FILE,
                              "dimension %u is repeated %" PRId64 " times", i, times[i]);
        same &= times[i] == 1;
        if (i < soma_onnx_first(node->importer, x) && times[i] != 1) return soma_onnx_mixes(node);
    }
    SOMA_TRY(check_count(&out));
    if (same) return soma_onnx_pass_on(node);
    if (soma_onnx_is_known(node->input[0])) return fold(node, x, &out);
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[0], &y));
    for (uint32_t i = 0; i < x->rank; i++) {
        if (times[i] == 1) continue;
        SOMA_TRY(soma_onnx_tensor_axis(node, x, i, &axis));
        SOMA_TRY(repeat_axis(y, axis, (size_t)times[i], &y));
    }
    return give_repeated(node, y, &out);
}

SOMA_ONNX_OP(Tile, 6, 2, 2, "", import_tile, 0);

/* ------------------------------------------------------------------------------------------------------------ Range */

static soma_status get_number(soma_onnx_node *node, uint32_t input, double *number) {
    const soma_onnx_value *value = node->input[input];
    soma_onnx_reader reader;
    if (!value->constant)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file; it is known only when the model runs",
                          value->name);
    if (value->elements.count != 1)
        return soma_error(SOMA_INVALID_FILE, "%s has %zu elements; it must have one", value->name,
                          value->elements.count);
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    *number = soma_onnx_read(&reader, 0);
    soma_onnx_reader_close(&reader);
    return value->integer && isnan(*number) ? soma_onnx_unknown_batch(value->name) : SOMA_OK;
}

static soma_status import_range(soma_onnx_node *node) {
    double start = 0, limit = 0, step = 0, *numbers = NULL;
    SOMA_TRY(get_number(node, 0, &start));
    SOMA_TRY(get_number(node, 1, &limit));
    SOMA_TRY(get_number(node, 2, &step));
    double most = fmax(ceil((limit - start) / step), 0);
    if (step == 0 || !isfinite(start) || !isfinite(limit) || !isfinite(step))
        return soma_error(SOMA_INVALID_FILE, "from %g to %g by %g", start, limit, step);
    if (most >= (double)(SIZE_MAX / 16)) return soma_error(SOMA_INVALID_SHAPE, "more elements than memory has bytes");
    size_t count = (size_t)most;
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    for (size_t i = 0; i < count; i++) numbers[i] = start + (double)i * step;
    return soma_onnx_give_numbers(node, soma_onnx_type_of(node->input[0]),
                                  &(soma_onnx_shape){.rank = 1, .dim = {count}}, false, numbers);
}

SOMA_ONNX_OP(Range, 11, 3, 3, "", import_range, 0);
