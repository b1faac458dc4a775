/* SPDX-License-Identifier: MIT */
/*
 * What goes by places along an axis: the place of an extreme, the largest ones, triangles, and rows with a one at a
 * place. The numbers 0, 1, 2, ... that places are compared with are made by doubling, of no parameters.
 */
#include "io/onnx/family.h"
#include "io/onnx/host.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64, MOST_PLACES = 1 << 24 };

static soma_status with_number(soma_onnx_node *node, soma_tensor *x, float number, soma_binary op, soma_tensor **y) {
    soma_tensor *fill;
    SOMA_TRY(soma_onnx_fill(node, number, &fill));
    return soma_graph_binary(soma_onnx_graph(node), x, fill, op, y);
}

soma_status soma_onnx_count_up(soma_onnx_node *node, size_t count, soma_tensor **numbers) {
    soma_tensor *further;
    if (count > MOST_PLACES)
        return soma_error(SOMA_UNSUPPORTED, "an axis of %zu; at most %d places are counted", count, MOST_PLACES);
    SOMA_TRY(soma_onnx_fill(node, 0, numbers));
    for (size_t made = 1; made < count; made *= 2) {
        SOMA_TRY(with_number(node, *numbers, (float)made, SOMA_BINARY_ADD, &further));
        SOMA_TRY(soma_graph_join((soma_tensor *[]){*numbers, further}, 2, 0, numbers));
    }
    return (*numbers)->shape[0] == count ? SOMA_OK : soma_onnx_slice_axis(*numbers, 0, 0, count, numbers);
}

/* The same as the last dimension but so many. */
static soma_status count_along(soma_onnx_node *node, size_t count, uint32_t behind, soma_tensor **numbers) {
    soma_tensor like = {.rank = 1 + behind, .shape = {count}};
    for (uint32_t i = 0; i < behind; i++) like.shape[1 + i] = 1;
    SOMA_TRY(soma_onnx_count_up(node, count, numbers));
    return behind ? soma_graph_reshape(soma_onnx_graph(node), *numbers, &like, numbers) : SOMA_OK;
}

/* A tensor and one of its axes. */
typedef struct line {
    soma_tensor *x;
    uint32_t axis;
    size_t size;
    uint32_t behind; /* dimensions */
} line;

static soma_status get_line(soma_onnx_node *node, int64_t otherwise, uint32_t *onnx_axis, line *of) {
    const soma_onnx_shape *shape = &node->input[0]->shape;
    int64_t given;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", otherwise, &given));
    SOMA_TRY(soma_onnx_axis(node, given, shape->rank, onnx_axis));
    SOMA_TRY(soma_onnx_tensor_axis(node, shape, *onnx_axis, &of->axis));
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &of->x));
    of->size = shape->dim[*onnx_axis];
    of->behind = shape->rank - 1 - *onnx_axis;
    return SOMA_OK;
}

/* The extreme along the axis, which stays as a dimension of 1. */
static soma_status extreme(const line *of, soma_tensor *x, soma_reduction op, soma_tensor **y) {
    soma_tensor kept = *x;
    kept.shape[of->axis - (x->batched ? 1 : 0)] = 1;
    SOMA_TRY(soma_graph_reduce(x->graph, x, op, of->axis, y));
    return soma_graph_reshape(x->graph, *y, &kept, y);
}

/* The places at which x is equal to its extreme m: the first of them or the last. */
static soma_status place_of(soma_onnx_node *node, const line *of, soma_tensor *x, soma_tensor *m, bool last,
                            soma_tensor **place) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *numbers, *equal;
    SOMA_TRY(count_along(node, of->size, of->behind, &numbers));
    SOMA_TRY(soma_graph_binary(graph, x, m, SOMA_BINARY_EQUAL, &equal));
    if (last) {
        SOMA_TRY(soma_graph_binary(graph, equal, numbers, SOMA_BINARY_MULTIPLY, place));
        return extreme(of, *place, SOMA_REDUCE_MAX, place);
    }
    /* number - size where it is equal, 0 elsewhere: the least of these is that of the first */
    SOMA_TRY(with_number(node, numbers, (float)of->size, SOMA_BINARY_SUBTRACT, &numbers));
    SOMA_TRY(soma_graph_binary(graph, equal, numbers, SOMA_BINARY_MULTIPLY, place));
    SOMA_TRY(extreme(of, *place, SOMA_REDUCE_MIN, place));
    return with_number(node, *place, (float)of->size, SOMA_BINARY_ADD, place);
}

static soma_status give_places(soma_onnx_node *node, soma_tensor *y, const soma_onnx_shape *out) {
    node->output.integer = true;
    node->output.elements.type = INT64;
    return soma_onnx_give(node, y, out);
}

static soma_status import_arg(soma_onnx_node *node) {
    if (soma_onnx_can_fold(node)) return soma_onnx_fold_place(node);
    soma_onnx_shape out = node->input[0]->shape;
    int64_t keep, last;
    uint32_t axis;
    soma_tensor *m, *y;
    line of;
    SOMA_TRY(soma_onnx_get_integer(node, "keepdims", 1, &keep));
    SOMA_TRY(soma_onnx_get_integer(node, "select_last_index", 0, &last));
    SOMA_TRY(get_line(node, 0, &axis, &of));
    SOMA_TRY(extreme(&of, of.x, (soma_reduction)node->row->parameter, &m));
    SOMA_TRY(place_of(node, &of, of.x, m, last != 0, &y));
    out.dim[axis] = 1;
    for (uint32_t i = axis; !keep && i + 1 < out.rank; i++) out.dim[i] = out.dim[i + 1];
    if (!keep) out.rank--;
    return give_places(node, y, &out);
}

SOMA_ONNX_OP(ArgMax, 1, 1, 1, "axis keepdims select_last_index", import_arg, SOMA_REDUCE_MAX, .carries = true);
SOMA_ONNX_OP(ArgMin, 1, 1, 1, "axis keepdims select_last_index", import_arg, SOMA_REDUCE_MIN, .carries = true);

/* 1 at the place of the first of the largest, else 0. */
static soma_status import_hardmax(soma_onnx_node *node) {
    const bool single = node->opset >= 13;
    soma_tensor *m, *place, *numbers, *y;
    uint32_t axis;
    line of;
    SOMA_TRY(get_line(node, single ? -1 : 1, &axis, &of));
    if (!single && of.behind) /* all dimensions from the axis on are one there */
        return soma_error(SOMA_UNSUPPORTED, "of an axis that is not the last, in an opset before 13");
    SOMA_TRY(extreme(&of, of.x, SOMA_REDUCE_MAX, &m));
    SOMA_TRY(place_of(node, &of, of.x, m, false, &place));
    SOMA_TRY(count_along(node, of.size, of.behind, &numbers));
    SOMA_TRY(soma_graph_copy(place->graph, place, of.x, 1, &place));
    SOMA_TRY(soma_graph_binary(place->graph, place, numbers, SOMA_BINARY_EQUAL, &y));
    return soma_onnx_give(node, y, &node->input[0]->shape);
}

SOMA_ONNX_OP(Hardmax, 1, 1, 1, "axis", import_hardmax, 0);

/* ------------------------------------------------------------------------------------------------------------- TopK */

/* One after the other: the extreme and its place, which is then out of the question. */
static soma_status take_extremes(soma_onnx_node *node, const line *of, bool largest, size_t count, soma_tensor **values,
                                 soma_tensor **places) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *x = of->x, *numbers, *taken, *left;
    SOMA_TRY(count_along(node, of->size, of->behind, &numbers));
    for (size_t i = 0; i < count; i++) {
        SOMA_TRY(extreme(of, x, largest ? SOMA_REDUCE_MAX : SOMA_REDUCE_MIN, &values[i]));
        SOMA_TRY(place_of(node, of, x, values[i], false, &places[i]));
        if (i + 1 == count) break;
        SOMA_TRY(soma_graph_copy(graph, places[i], x, 1, &taken));
        SOMA_TRY(soma_graph_binary(graph, taken, numbers, SOMA_BINARY_EQUAL, &taken));
        SOMA_TRY(with_number(node, taken, 0, SOMA_BINARY_EQUAL, &left));
        SOMA_TRY(soma_graph_binary(graph, x, left, SOMA_BINARY_KEEP, &x));
        SOMA_TRY(soma_onnx_function(node, taken, SOMA_LINEAR, largest ? -FLT_MAX : FLT_MAX, 0, &taken));
        SOMA_TRY(soma_graph_binary(graph, x, taken, SOMA_BINARY_ADD, &x));
    }
    return SOMA_OK;
}

static soma_status get_top(soma_onnx_node *node, size_t size, int64_t *count) {
    size_t numbers;
    if (node->opset < 10)
        SOMA_TRY(soma_onnx_get_integer(node, "k", -1, count));
    else {
        SOMA_TRY(soma_onnx_integers(node, 1, count, 1, &numbers));
        if (numbers != 1) return soma_error(SOMA_INVALID_FILE, "k is %zu numbers; it must be one", numbers);
    }
    if (*count < 0 || (uint64_t)*count > size)
        return soma_error(SOMA_INVALID_FILE, "the first %" PRId64 " of an axis of %zu", *count, size);
    if (*count < 1 || *count > SOMA_ONNX_MOST_TOP)
        return soma_error(SOMA_UNSUPPORTED, "the first %" PRId64 " are asked for; 1 to %d are possible", *count,
                          SOMA_ONNX_MOST_TOP);
    return SOMA_OK;
}

/* The values, or their places: output number node->number. */
static soma_status import_top(soma_onnx_node *node) {
    if (soma_onnx_can_fold(node)) return soma_onnx_fold_top(node);
    soma_onnx_shape out = node->input[0]->shape;
    soma_tensor *values[SOMA_ONNX_MOST_TOP], *places[SOMA_ONNX_MOST_TOP], *y;
    int64_t largest, count = 1;
    uint32_t axis;
    line of;
    SOMA_TRY(soma_onnx_get_integer(node, "largest", 1, &largest));
    SOMA_TRY(get_line(node, -1, &axis, &of));
    SOMA_TRY(get_top(node, of.size, &count));
    SOMA_TRY(take_extremes(node, &of, largest != 0, (size_t)count, values, places));
    SOMA_TRY(soma_graph_join(node->number ? places : values, (size_t)count, of.axis, &y));
    out.dim[axis] = (size_t)count;
    return node->number ? give_places(node, y, &out) : soma_onnx_give(node, y, &out);
}

SOMA_ONNX_SEVERAL(TopK, 1, 1, 2, "axis largest sorted k", import_top, 0, .carries = true);

/* ------------------------------------------------------------------------------------------------- Trilu, OneHot */

/* 1 in the triangle, k being the diagonal that it ends with. */
static soma_status triangle(soma_onnx_node *node, size_t rows, size_t columns, bool upper, int64_t k,
                            soma_tensor **mask) {
    soma_tensor *row, *column, like = {.rank = 2, .shape = {rows, columns}};
    SOMA_TRY(count_along(node, rows, 1, &row));
    SOMA_TRY(count_along(node, columns, 0, &column));
    SOMA_TRY(with_number(node, row, (float)k, SOMA_BINARY_ADD, &row));
    SOMA_TRY(soma_graph_copy(soma_onnx_graph(node), row, &like, 1, &row));
    SOMA_TRY(soma_graph_copy(soma_onnx_graph(node), column, &like, 1, &column));
    return soma_graph_binary(soma_onnx_graph(node), upper ? column : row, upper ? row : column,
                             SOMA_BINARY_GREATER_EQUAL, mask);
}

static soma_status import_trilu(soma_onnx_node *node) {
    const soma_onnx_shape *shape = &node->input[0]->shape;
    int64_t upper, k = 0;
    size_t count = 1;
    uint32_t axis;
    soma_tensor *x, *mask;
    SOMA_TRY(soma_onnx_get_integer(node, "upper", 1, &upper));
    if (node->input_count > 1 && node->input[1]) SOMA_TRY(soma_onnx_integers(node, 1, &k, 1, &count));
    if (count != 1 || shape->rank < 2)
        return soma_error(SOMA_INVALID_FILE, "%zu diagonals of %u dimensions", count, shape->rank);
    SOMA_TRY(soma_onnx_tensor_axis(node, shape, shape->rank - 2, &axis));
    size_t rows = shape->dim[shape->rank - 2], columns = shape->dim[shape->rank - 1];
    int64_t most = (int64_t)SOMA_MAX(rows, columns);
    k = k < -most ? -most : k > most ? most : k;
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[0], &x));
    SOMA_TRY(triangle(node, rows, columns, upper != 0, k, &mask));
    SOMA_TRY(soma_graph_binary(x->graph, x, mask, SOMA_BINARY_KEEP, &x));
    node->output.integer = node->input[0]->integer;
    node->output.elements.type = node->input[0]->elements.type;
    return soma_onnx_give(node, x, shape);
}

SOMA_ONNX_OP(Trilu, 14, 1, 2, "upper", import_trilu, 0);

/* Two numbers: for the places that are not meant, and for the one that is. */
static soma_status get_values(soma_onnx_node *node, float *off, float *on) {
    const soma_onnx_value *value = node->input[2];
    double numbers[2];
    soma_onnx_reader reader;
    if (!value->constant)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file; it is known only when the model runs",
                          value->name);
    if (value->elements.count != 2 || value->elements.open)
        return soma_error(SOMA_INVALID_FILE, "%s has %zu elements; it must have two", value->name,
                          value->elements.count);
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    for (size_t i = 0; i < 2; i++) numbers[i] = soma_onnx_read(&reader, i);
    soma_onnx_reader_close(&reader);
    *off = (float)numbers[0];
    *on = (float)numbers[1];
    return SOMA_OK;
}

static soma_status get_depth(soma_onnx_node *node, size_t *depth) {
    const soma_onnx_value *value = node->input[1];
    soma_onnx_reader reader;
    if (!value->constant)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file; it is known only when the model runs",
                          value->name);
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    double number = value->elements.count == 1 ? soma_onnx_read(&reader, 0) : 0;
    soma_onnx_reader_close(&reader);
    if (!(number >= 1 && number <= MOST_PLACES))
        return soma_error(SOMA_INVALID_FILE, "%s must be one number from 1 to %d", value->name, MOST_PLACES);
    *depth = (size_t)number;
    return SOMA_OK;
}

/* A place below 0 counts from the end. */
static soma_status rows_of_places(soma_onnx_node *node, size_t depth, soma_tensor *x, soma_tensor *numbers,
                                  soma_tensor **y) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *negative, *zero;
    SOMA_TRY(soma_onnx_fill(node, 0, &zero));
    SOMA_TRY(with_number(node, x, 0, SOMA_BINARY_GREATER_EQUAL, &negative));
    SOMA_TRY(soma_graph_binary(graph, negative, zero, SOMA_BINARY_EQUAL, &negative));
    SOMA_TRY(soma_onnx_function(node, negative, SOMA_LINEAR, (float)depth, 0, &negative));
    SOMA_TRY(soma_graph_binary(graph, x, negative, SOMA_BINARY_ADD, &x));
    return soma_graph_binary(graph, x, numbers, SOMA_BINARY_EQUAL, y);
}

static soma_status import_one_hot(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape, wide;
    soma_tensor *x, *y, *numbers;
    size_t depth = 1;
    float off = 0, on = 1;
    int64_t given;
    uint32_t axis;
    SOMA_TRY(get_depth(node, &depth));
    SOMA_TRY(get_values(node, &off, &on));
    if (out.rank + 1 > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    SOMA_TRY(soma_onnx_get_integer(node, "axis", -1, &given));
    SOMA_TRY(soma_onnx_axis(node, given, out.rank + 1, &axis));
    if (axis < soma_onnx_first(node->importer, &out)) return soma_onnx_mixes(node);
    for (uint32_t i = out.rank++; i > axis; i--) out.dim[i] = out.dim[i - 1];
    out.dim[axis] = depth;
    wide = out;
    wide.dim[axis] = 1;
    uint32_t tensor_axis;
    SOMA_TRY(soma_onnx_tensor_axis(node, &out, axis, &tensor_axis));
    SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_reshaped(node, x, &wide, &x));
    SOMA_TRY(count_along(node, depth, out.rank - 1 - axis, &numbers));
    SOMA_TRY(rows_of_places(node, depth, x, numbers, &y));
    if (on - off != 1) SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, on - off, 0, &y));
    if (off != 0) SOMA_TRY(with_number(node, y, off, SOMA_BINARY_ADD, &y));
    node->output.integer = node->input[2]->integer;
    node->output.elements.type = node->input[2]->elements.type;
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(OneHot, 9, 3, 3, "axis", import_one_hot, 0);
