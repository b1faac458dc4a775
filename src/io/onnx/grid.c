/* SPDX-License-Identifier: MIT */
/*
 * GridSample: values at places between those of an image, which the model computes; AffineGrid: such places. Each value
 * is a sum of its neighbours, which are rows of the image as a table of positions: the numbers of rows are computed,
 * and what lies outside is no row, of which a table gives zeros.
 */
#include "io/onnx/compose.h"

#include <math.h>

enum { MOST_POSITIONS = 3, MOST_TAPS = 4 };

typedef enum sampling { NEAREST, LINEAR, CUBIC } sampling;
typedef enum padding { ZEROS, BORDER, REFLECTION } padding;

typedef struct way {
    sampling mode;
    padding outside;
    bool align;
    uint32_t rank;                 /* dimensions of positions */
    size_t size[MOST_POSITIONS];   /* of the image */
    size_t stride[MOST_POSITIONS]; /* rows from one place to the next */
    size_t rows, points;           /* places of the image, and of the result */
} way;

/* Neighbours along a dimension: which places of the table, and their shares. */
typedef struct line {
    uint32_t count;
    soma_onnx_value place[MOST_TAPS], weight[MOST_TAPS];
} line;

/* ------------------------------------------------------------------------------------------------------- attributes */

static soma_status get_choice(const soma_onnx_node *node, const char *name, const char *const *words, size_t count,
                              int *choice) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    *choice = 0;
    for (size_t i = 0; attribute && i < count; i++)
        if (soma_onnx_is_text(attribute, words[i])) return *choice = (int)i, SOMA_OK;
    if (!attribute) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "attribute %s is none of %s, %s, %s", name, words[0], words[1], words[2]);
}

/* From opset 20 on linear and cubic, before that bilinear and bicubic. */
static soma_status get_way(const soma_onnx_node *node, way *by) {
    static const char *const old[] = {"bilinear", "nearest", "bicubic"}, *const new[] = {"linear", "nearest", "cubic"};
    static const char *const outside[] = {"zeros", "border", "reflection"};
    static const sampling modes[] = {LINEAR, NEAREST, CUBIC};
    int64_t align;
    int choice;
    SOMA_TRY(get_choice(node, "mode", node->opset < 20 ? old : new, 3, &choice));
    by->mode = modes[choice];
    SOMA_TRY(get_choice(node, "padding_mode", outside, 3, &choice));
    by->outside = (padding)choice;
    SOMA_TRY(soma_onnx_get_integer(node, "align_corners", 0, &align));
    by->align = align != 0;
    return SOMA_OK;
}

static soma_status count_rows(const soma_onnx_value *x, way *by) {
    by->rows = 1;
    for (uint32_t i = by->rank; i-- > 0;) {
        by->size[i] = x->shape.dim[2 + i];
        by->stride[i] = by->rows;
        if (!soma_multiply_size(by->rows, by->size[i], &by->rows) || by->rows > SOMA_ONNX_MOST_COUNTED)
            return soma_error(SOMA_UNSUPPORTED, "more than %zu positions of an image", SOMA_ONNX_MOST_COUNTED);
    }
    return by->rows ? SOMA_OK : soma_error(SOMA_INVALID_SHAPE, "an image without positions");
}

static soma_status get_sizes(const soma_onnx_node *node, way *by) {
    const soma_onnx_shape *x = &node->input[0]->shape, *grid = &node->input[1]->shape;
    by->rank = x->rank - 2;
    by->points = 1;
    if (x->rank < 4 || x->rank > 5 || grid->rank != x->rank || grid->dim[grid->rank - 1] != by->rank ||
        x->dim[0] != grid->dim[0] || !x->batched)
        return soma_error(SOMA_UNSUPPORTED,
                          "an image of %u dimensions and a grid of %u, of which the last is %zu; an image [batch, "
                          "channels, 2 or 3 positions] that depends on an input and a grid [batch, 2 or 3 positions, 2 "
                          "or 3] of as many samples are possible",
                          x->rank, grid->rank, grid->rank ? grid->dim[grid->rank - 1] : 0);
    for (uint32_t i = 0; i < by->rank; i++)
        if (!soma_multiply_size(by->points, grid->dim[1 + i], &by->points) || by->points > INT32_MAX || !by->points)
            return soma_error(SOMA_UNSUPPORTED, "%zu places along dimension %u of a grid; in all 1 to %d are possible",
                              grid->dim[1 + i], 1 + i, INT32_MAX);
    return count_rows(node->input[0], by);
}

/* ----------------------------------------------------------------------------------------------------------- places */

#define WITH(op, x, number, out) SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_##op, x, number, out))
#define PAIR(op, x, y, out)      SOMA_TRY(SOMA_ONNX_COMPOSE(node, op, NULL, out, x, y))

static soma_status clamped(soma_onnx_node *node, soma_onnx_value *x, double least, double most, soma_onnx_value *out) {
    WITH(Max, x, least, out);
    WITH(Min, out, most, out);
    return SOMA_OK;
}

/* Where the edges of the image are, behind which places are outside. */
static void get_edges(const way *by, uint32_t axis, double *low, double *high) {
    *low = by->align ? 0 : -0.5;
    *high = (double)by->size[axis] - (by->align ? 1 : 0.5);
}

/* As often at the edges as it takes. */
static soma_status reflected(soma_onnx_node *node, const way *by, uint32_t axis, soma_onnx_value *x,
                             soma_onnx_value *out) {
    soma_onnx_made made;
    soma_onnx_value turn;
    double low, high;
    get_edges(by, axis, &low, &high);
    if (high <= low) return clamped(node, x, low, low, out);
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "fmod", 1);
    WITH(Sub, x, low, out);
    SOMA_TRY(soma_onnx_compose_function(node, out, SOMA_ABS, out));
    SOMA_TRY(soma_onnx_compose_number(node, 2 * (high - low), &turn));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Mod, &made, out, out, &turn));
    WITH(Sub, out, high - low, out);
    SOMA_TRY(soma_onnx_compose_function(node, out, SOMA_ABS, out));
    WITH(Mul, out, -1, out);
    WITH(Add, out, high, out);
    return SOMA_OK;
}

/* What lies outside of the edges, as the padding has it; what lies inside stays what it is, to the bit. */
static soma_status bring_in(soma_onnx_node *node, const way *by, uint32_t axis, soma_onnx_value *x) {
    soma_onnx_value below, above, inner;
    double low, high;
    if (by->outside == ZEROS || (by->outside == BORDER && by->mode == CUBIC)) /* no farther than its neighbours see */
        return clamped(node, x, -3, (double)by->size[axis] + 2, x);
    if (by->outside == BORDER) return clamped(node, x, 0, (double)by->size[axis] - 1, x);
    SOMA_TRY(reflected(node, by, axis, x, &inner));
    get_edges(by, axis, &low, &high);
    WITH(Less, x, low, &below);
    WITH(Greater, x, high, &above);
    PAIR(Or, &below, &above, &below);
    return SOMA_ONNX_COMPOSE(node, Where, NULL, x, &below, &inner, x);
}

/* A whole place, which may be outside, as one of the table. */
static soma_status settle(soma_onnx_node *node, const way *by, uint32_t axis, soma_onnx_value *place) {
    soma_onnx_value inside, below;
    const double last = (double)by->size[axis] - 1, stride = (double)by->stride[axis];
    if (by->outside == REFLECTION) SOMA_TRY(reflected(node, by, axis, place, place));
    if (by->outside != ZEROS) {
        SOMA_TRY(clamped(node, place, 0, last, place));
        WITH(Mul, place, stride, place);
        return SOMA_OK;
    }
    SOMA_TRY(clamped(node, place, 0, last, &inside));
    PAIR(Equal, place, &inside, &below);
    WITH(Mul, &inside, stride, &inside);
    SOMA_TRY(soma_onnx_compose_number(node, SOMA_ONNX_NO_ROW, place));
    return SOMA_ONNX_COMPOSE(node, Where, NULL, place, &below, &inside, place);
}

/* Shares of the four neighbours, by cubics (Keys 1981) with -0.75 as PyTorch and onnxruntime have it, at t behind the
 * second. */
static soma_status cubics(soma_onnx_node *node, soma_onnx_value *t, soma_onnx_value *weight) {
    const double a = -0.75;
    soma_onnx_value s, *side[] = {t, &s};
    WITH(Sub, t, 1, &s);
    WITH(Mul, &s, -1, &s);
    for (uint32_t i = 0; i < 2; i++) { /* of u the far one behind: a u^2 (1 - u); the near one in front */
        soma_onnx_value *u = side[i], *far = &weight[3 - 3 * i], *near = &weight[1 + i], square;
        PAIR(Mul, u, u, &square);
        PAIR(Mul, &square, side[1 - i], far);
        WITH(Mul, far, a, far);
        WITH(Mul, u, a + 2, near);
        WITH(Sub, near, a + 3, near);
        PAIR(Mul, near, &square, near);
        WITH(Add, near, 1, near);
    }
    return SOMA_OK;
}

/* Of places along a dimension. */
static soma_status neighbours(soma_onnx_node *node, const way *by, uint32_t axis, soma_onnx_value *x, line *of) {
    soma_onnx_value first, t;
    SOMA_TRY(bring_in(node, by, axis, x));
    of->count = by->mode == NEAREST ? 1 : by->mode == LINEAR ? 2 : 4;
    SOMA_TRY(soma_onnx_compose_function(node, x, by->mode == NEAREST ? SOMA_ROUND : SOMA_FLOOR, &first));
    PAIR(Sub, x, &first, &t);
    for (uint32_t i = 0; i < of->count; i++) {
        WITH(Add, &first, by->mode == CUBIC ? (double)i - 1 : i, &of->place[i]);
        SOMA_TRY(settle(node, by, axis, &of->place[i]));
    }
    if (by->mode == CUBIC) return cubics(node, &t, of->weight);
    if (by->mode == NEAREST) return SOMA_OK;
    of->weight[1] = t;
    WITH(Sub, &t, 1, &of->weight[0]);
    WITH(Mul, &of->weight[0], -1, &of->weight[0]);
    return SOMA_OK;
}

/* Adds up what the neighbours along all dimensions give. */
static soma_status add_up(soma_onnx_node *node, const way *by, soma_onnx_value *table, line *of, soma_onnx_value *sum) {
    uint32_t all = 1;
    for (uint32_t i = 0; i < by->rank; i++) all *= of[i].count;
    for (uint32_t n = 0; n < all; n++) {
        soma_onnx_value place = {0}, weight = {0}, rows;
        for (uint32_t i = 0, left = n; i < by->rank; left /= of[i++].count) {
            soma_onnx_value *one = &of[i].place[left % of[i].count], *share = &of[i].weight[left % of[i].count];
            if (i)
                PAIR(Add, &place, one, &place);
            else
                place = *one;
            if (by->mode == NEAREST) continue;
            if (i)
                PAIR(Mul, &weight, share, &weight);
            else
                weight = *share;
        }
        SOMA_TRY(soma_onnx_rows_of(node, table, &place, &rows));
        if (by->mode != NEAREST) PAIR(Mul, &rows, &weight, &rows);
        if (n)
            PAIR(Add, sum, &rows, sum);
        else
            *sum = rows;
    }
    return SOMA_OK;
}

/* `at` has places along each dimension, [batch, points, 1]; they change. */
static soma_status sample(soma_onnx_node *node, const way *by, soma_onnx_value *x, soma_onnx_value *at,
                          soma_onnx_value *y) {
    line of[MOST_POSITIONS];
    soma_onnx_value table;
    SOMA_TRY(soma_onnx_compose_rows(node, x, by->rows, &table));
    for (uint32_t i = 0; i < by->rank; i++) SOMA_TRY(neighbours(node, by, i, &at[i], &of[i]));
    return add_up(node, by, &table, of, y);
}

soma_status soma_onnx_sample_linearly(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *at,
                                      soma_onnx_value *y) {
    way by = {.mode = LINEAR, .outside = ZEROS, .rank = x->shape.rank - 2, .points = at->shape.dim[1]};
    SOMA_TRY(count_rows(x, &by));
    return sample(node, &by, x, at, y);
}

/* The numbers of a dimension, from -1 at one edge to 1 at the other, as places. */
static soma_status find_places(soma_onnx_node *node, const way *by, uint32_t axis, soma_onnx_value *x) {
    const double size = (double)by->size[axis]; /* the last dimension of a grid has those of the last one first */
    SOMA_TRY(soma_onnx_compose_part(node, node->input[1], -1, by->rank - 1 - axis, 1, x));
    SOMA_TRY(soma_onnx_compose_reshaped(node, x, (const int64_t[]){0, (int64_t)by->points, 1}, 3, x));
    WITH(Add, x, 1, x);
    WITH(Mul, x, (by->align ? size - 1 : size) / 2, x);
    if (!by->align) WITH(Sub, x, 0.5, x);
    return SOMA_OK;
}

static soma_status import_grid_sample(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], *grid = node->input[1], at[MOST_POSITIONS], y;
    int64_t shape[MOST_POSITIONS + 2] = {0}, order[MOST_POSITIONS + 2] = {0};
    way by;
    SOMA_TRY(get_way(node, &by));
    SOMA_TRY(get_sizes(node, &by));
    for (uint32_t i = 0; i < by.rank; i++) SOMA_TRY(find_places(node, &by, i, &at[i]));
    SOMA_TRY(sample(node, &by, x, at, &y));
    for (uint32_t i = 0; i < by.rank; i++) shape[1 + i] = (int64_t)grid->shape.dim[1 + i], order[2 + i] = 1 + i;
    shape[1 + by.rank] = (int64_t)x->shape.dim[1];
    order[1] = 1 + by.rank;
    SOMA_TRY(soma_onnx_compose_reshaped(node, &y, shape, by.rank + 2, &y));
    SOMA_TRY(soma_onnx_compose_turned(node, &y, order, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(GridSample, 16, 2, 2, "align_corners mode padding_mode", import_grid_sample, 0);

/* ---------------------------------------------------------------------------------------------------- affine places */

/* [dimensions + 1, points]: where the points are, from -1 to 1, the last dimension first, and 1 of each. */
static soma_status make_points(soma_onnx_node *node, const int64_t *size, uint32_t rank, size_t points, bool align,
                               soma_onnx_value *value) {
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make_table(node, points, (size_t)rank + 1, &numbers));
    for (size_t p = 0; p < points; p++) {
        size_t left = p;
        for (uint32_t i = 0; i < rank; i++) {
            const size_t count = (size_t)size[rank - 1 - i], at = left % count;
            const double steps = (double)count - (align ? 1 : 0);
            left /= count;
            numbers[i * points + p] = steps > 0 ? (2 * (double)at + (align ? 0 : 1)) / steps - 1 : 0;
        }
        numbers[rank * points + p] = 1;
    }
    return soma_onnx_compose_numbers(node, ".points", 2, (size_t[]){rank + 1, points}, numbers, value);
}

/* The matrix of each sample times the points of an image of this size, [batch, channels, positions...]. */
static soma_status import_affine_grid(soma_onnx_node *node) {
    soma_onnx_value *theta = node->input[0], points, y;
    int64_t size[MOST_POSITIONS + 2], align, shape[MOST_POSITIONS + 2] = {0};
    size_t count, all = 1;
    uint32_t open;
    SOMA_TRY(soma_onnx_get_integer(node, "align_corners", 0, &align));
    SOMA_TRY(soma_onnx_sizes(node, 1, size, MOST_POSITIONS + 2, &count, &open));
    const uint32_t rank = (uint32_t)count - 2;
    if (count < 4 || open > 1 || theta->shape.rank != 3 || !theta->shape.batched || theta->shape.dim[1] != rank ||
        theta->shape.dim[2] != rank + 1)
        return soma_error(SOMA_UNSUPPORTED,
                          "%zu sizes and matrices of %u dimensions; 4 sizes and matrices [batch, 2, 3], or 5 and "
                          "[batch, 3, 4], that depend on an input, are possible",
                          count, theta->shape.rank);
    for (uint32_t i = 0; i < rank; i++) {
        shape[1 + i] = size[2 + i];
        if (size[2 + i] < 1 || size[2 + i] > INT32_MAX || !soma_multiply_size(all, (size_t)size[2 + i], &all) ||
            all > INT32_MAX)
            return soma_error(SOMA_INVALID_FILE, "size %lld of dimension %u", (long long)size[2 + i], 2 + i);
    }
    shape[1 + rank] = rank;
    SOMA_TRY(make_points(node, size + 2, rank, all, align != 0, &points));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, &y, theta, &points));
    SOMA_TRY(soma_onnx_compose_turned(node, &y, (const int64_t[]){0, 2, 1}, &y));
    SOMA_TRY(soma_onnx_compose_reshaped(node, &y, shape, rank + 2, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(AffineGrid, 20, 2, 2, "align_corners", import_affine_grid, 0);
