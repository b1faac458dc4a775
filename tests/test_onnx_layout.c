/* SPDX-License-Identifier: MIT */
/*
 * In which order values of ONNX models lie. Layouts are held against lists of what is where, which are made by
 * counting; networks against values by hand, and against the number of transpositions that they may have: none but at
 * the edges, and where the model puts elements into another order for good.
 */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/layout.h"
#include "nn/network.h"
#include "onnx_model.h"
#include "temporary.h"

#include <stdlib.h>

static soma_device *device;

/* --------------------------------------------------------------------------------------------------------- layouts */

enum { MOST_DIMENSIONS = 4, MOST_ELEMENTS = 256 };

static unsigned random_state;
static uint32_t below(uint32_t limit) {
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 10) % limit;
}

static void shuffle(uint32_t *order, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = below(i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* list[i]: the element, counted in ONNX's order, at place i of a tensor of these dimensions in this order. Returns how
 * many there are. */
static size_t list_elements(uint32_t rank, const size_t *dim, const uint32_t *order, size_t *list) {
    size_t index[MOST_DIMENSIONS] = {0}, count = 1;
    for (uint32_t i = 0; i < rank; i++) count *= dim[i];
    for (size_t place = 0; place < count; place++) {
        size_t at = 0;
        for (uint32_t i = 0; i < rank; i++) at = at * dim[i] + index[i];
        list[place] = at;
        for (uint32_t i = rank; i-- > 0;) {
            if (++index[order[i]] < dim[order[i]]) break;
            index[order[i]] = 0;
        }
    }
    return count;
}

static uint32_t random_dimensions(size_t *dim) {
    uint32_t rank = 1 + below(MOST_DIMENSIONS);
    for (uint32_t i = 0; i < rank; i++) dim[i] = 1 + below(4);
    return rank;
}

START_TEST(a_layout_keeps_its_order) {
    size_t dim[MOST_DIMENSIONS], list[MOST_ELEMENTS], read[MOST_ELEMENTS];
    uint32_t order[MOST_DIMENSIONS], found[MOST_DIMENSIONS];
    soma_onnx_layout layout;
    random_state = 1;
    for (int i = 0; i < 2000; i++) {
        uint32_t rank = random_dimensions(dim);
        shuffle(order, rank);
        size_t count = list_elements(rank, dim, order, list);
        ck_assert(soma_onnx_layout_make(rank, dim, order, &layout));
        ck_assert(soma_onnx_layout_order(&layout, rank, dim, found));
        list_elements(rank, dim, found, read);
        ck_assert_mem_eq(list, read, count * sizeof *list);
        bool straight = true;
        for (size_t j = 0; j < count; j++) straight &= list[j] == j;
        ck_assert_int_eq(layout.rank == 0, straight);
    }
}
END_TEST

/* Seen with two other dimensions, elements have an order of these only where that puts each where it was. */
START_TEST(an_order_of_other_dimensions_is_found_where_there_is_one) {
    static const uint32_t orders[2][2] = {{0, 1}, {1, 0}};
    size_t dim[MOST_DIMENSIONS], list[MOST_ELEMENTS], read[MOST_ELEMENTS];
    uint32_t order[MOST_DIMENSIONS], found[2], with = 0, without = 0;
    soma_onnx_layout layout;
    random_state = 7;
    for (int i = 0; i < 4000; i++) {
        uint32_t rank = random_dimensions(dim);
        shuffle(order, rank);
        size_t count = list_elements(rank, dim, order, list), other[2] = {1 + below(6)};
        if (count % other[0]) continue;
        other[1] = count / other[0];
        bool there = false;
        for (int j = 0; j < 2; j++) {
            list_elements(2, other, orders[j], read);
            there |= memcmp(list, read, count * sizeof *list) == 0;
        }
        ck_assert(soma_onnx_layout_make(rank, dim, order, &layout));
        ck_assert_int_eq(soma_onnx_layout_order(&layout, 2, other, found), there);
        *(there ? &with : &without) += 1;
        if (!there) continue;
        list_elements(2, other, found, read);
        ck_assert_mem_eq(list, read, count * sizeof *list);
    }
    ck_assert_uint_gt(SOMA_MIN(with, without), 100);
}
END_TEST

START_TEST(a_turn_puts_one_order_into_another) {
    size_t dim[2][MOST_DIMENSIONS], list[2][MOST_ELEMENTS], turned[MOST_ELEMENTS], step[12];
    uint32_t order[2][MOST_DIMENSIONS], possible = 0;
    random_state = 2;
    for (int i = 0; i < 4000; i++) {
        soma_onnx_layout layout[2];
        soma_onnx_turn turn;
        uint32_t rank[2];
        rank[0] = random_dimensions(dim[0]);
        rank[1] = rank[0];
        memcpy(dim[1], dim[0], sizeof dim[0]);
        if (i & 1) { /* the same elements cut in another way */
            size_t count = 1;
            for (uint32_t j = 0; j < rank[0]; j++) count *= dim[0][j];
            rank[1] = 2;
            dim[1][0] = 1 + below(4);
            if (count % dim[1][0]) continue;
            dim[1][1] = count / dim[1][0];
        }
        for (int j = 0; j < 2; j++) shuffle(order[j], rank[j]);
        size_t count = list_elements(rank[0], dim[0], order[0], list[0]);
        ck_assert_uint_eq(list_elements(rank[1], dim[1], order[1], list[1]), count);
        for (int j = 0; j < 2; j++) ck_assert(soma_onnx_layout_make(rank[j], dim[j], order[j], &layout[j]));
        bool same = memcmp(list[0], list[1], count * sizeof **list) == 0;
        if (!soma_onnx_layout_turn(&layout[0], &layout[1], count, &turn)) { /* only where one cuts through the other */
            ck_assert(i & 1);
            continue;
        }
        possible++;
        ck_assert_int_eq(turn.rank <= 1, same || count == 1);
        for (uint32_t j = turn.rank; j-- > 0;) step[j] = j + 1 == turn.rank ? 1 : step[j + 1] * turn.dim[j + 1];
        for (size_t place = 0; place < count; place++) {
            size_t at = 0, rest = place;
            for (uint32_t j = turn.rank; j-- > 0; rest /= turn.dim[turn.axis[j]])
                at += rest % turn.dim[turn.axis[j]] * step[turn.axis[j]];
            turned[place] = list[0][turn.rank > 1 ? at : place];
        }
        ck_assert_mem_eq(turned, list[1], count * sizeof *turned);
    }
    ck_assert_uint_gt(possible, 2000);
}
END_TEST

START_TEST(a_transposition_changes_the_layout_alone) {
    size_t dim[MOST_DIMENSIONS], after[MOST_DIMENSIONS], list[MOST_ELEMENTS], turned[MOST_ELEMENTS];
    size_t read[MOST_ELEMENTS], to[MOST_ELEMENTS];
    uint32_t order[MOST_DIMENSIONS], perm[MOST_DIMENSIONS], found[MOST_DIMENSIONS];
    random_state = 3;
    for (int i = 0; i < 2000; i++) {
        soma_onnx_layout layout, out;
        uint32_t rank = random_dimensions(dim);
        shuffle(order, rank);
        shuffle(perm, rank);
        for (uint32_t j = 0; j < rank; j++) after[j] = dim[perm[j]];
        ck_assert(soma_onnx_layout_make(rank, dim, order, &layout));
        ck_assert(soma_onnx_layout_transpose(&layout, rank, dim, perm, &out));
        size_t count = list_elements(rank, dim, order, list);
        list_elements(rank, dim, perm, turned); /* element j of the transposed value was element turned[j] */
        for (size_t j = 0; j < count; j++) to[turned[j]] = j;
        for (size_t j = 0; j < count; j++) list[j] = to[list[j]];
        ck_assert(soma_onnx_layout_order(&out, rank, after, found));
        list_elements(rank, after, found, read);
        ck_assert_mem_eq(list, read, count * sizeof *list);
    }
}
END_TEST

START_TEST(what_does_not_fit_is_said) {
    soma_onnx_layout layout;
    soma_onnx_turn turn;
    uint32_t order[8] = {1, 0};
    ck_assert(soma_onnx_layout_make(2, (const size_t[]){2, 3}, order, &layout));
    ck_assert(!soma_onnx_layout_order(&layout, 2, (const size_t[]){3, 2}, order)); /* cut across */
    ck_assert(!soma_onnx_layout_order(&layout, 1, (const size_t[]){6}, order)); /* in two pieces, the wrong way round */
    ck_assert(!soma_onnx_layout_order(&layout, 2, (const size_t[]){2, 2}, order)); /* other elements */
    soma_onnx_layout other = {.rank = 2, .order = {1, 0}, .dim = {3, 2}};
    ck_assert(!soma_onnx_layout_turn(&layout, &other, 6, &turn));
    for (uint32_t i = 0; i < 8; i++) order[i] = 7 - i;
    ck_assert(!soma_onnx_layout_make(8, (const size_t[]){2, 2, 2, 2, 2, 2, 2, 2}, order, &layout));
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- networks */

static void transposed(const char *x, const char *out, size_t count, const int64_t *order) {
    size_t one = soma_onnx_begin_node(&made, "Transpose", out, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integers(&made, "perm", order, count);
    soma_onnx_end_node(&made, one);
}

static void with_axis(const char *op, const char *a, const char *b, const char *out, int64_t axis) {
    size_t one = soma_onnx_begin_node(&made, op, out, (const char *[]){a, b, NULL});
    soma_onnx_put_attribute_integer(&made, "axis", axis);
    soma_onnx_end_node(&made, one);
}

static const int64_t first_to_last[] = {0, 2, 3, 1}, last_to_first[] = {0, 3, 1, 2};

/* All of it channels first, between two transpositions of a channels-last program. x [n, 2, 1, 2]: [h, w, c] */
static void there_and_back(void) {
    const float scale[] = {10, 100}, offset[] = {1, 2, 3, 4};
    transposed("x", "f", 4, last_to_first);      /* [n, 2, 2, 1] */
    floats("scale", SHAPE(2, 1, 1), scale);      /* for each channel */
    floats("offset", SHAPE(1, 2, 2, 1), offset); /* for each channel and row */
    node("Mul", "f", "scale", "m");
    node("Add", "m", "offset", "a");
    node("Neg", "a", NULL, "r");
    node("Add", "r", "f", "s");
    with_axis("Concat", "s", "f", "c", 1);
    transposed("c", "y", 4, first_to_last);
}

/* A mean over the positions, weights of the channels, and their softmax. */
static void over_channels(void) {
    const float weight[] = {1, 0, 1, 1, 0, 2}; /* [channels 2, classes 3] */
    transposed("x", "f", 4, last_to_first);
    size_t one = soma_onnx_begin_node(&made, "ReduceMean", "p", (const char *[]){"f", NULL});
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){2, 3}, 2);
    soma_onnx_end_node(&made, one);
    node("Mul", "f", "p", "q"); /* by the channel's mean */
    one = soma_onnx_begin_node(&made, "ReduceSum", "t", (const char *[]){"q", "positions", NULL});
    soma_onnx_put_attribute_integer(&made, "keepdims", 0);
    soma_onnx_end_node(&made, one);
    integers("positions", 2, (const int64_t[]){2, 3});
    floats("weight", SHAPE(2, 3), weight);
    node("MatMul", "t", "weight", "y");
}

/* Flattened channels first: the rows of the matrix are put into the order of the samples. */
static void flattened(void) {
    /* [channels 2, height 2, width 3] to 2 */
    const float weight[] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6};
    transposed("x", "f", 4, last_to_first); /* x [n, 2, 3, 2] */
    floats("weight", SHAPE(12, 2), weight);
    with_axis("Flatten", "f", NULL, "l", 1);
    node("Gemm", "l", "weight", "y");
}
static void flattened_by_columns(void) {
    const float weight[] = {1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6};
    transposed("x", "f", 4, last_to_first);
    floats("weight", SHAPE(2, 12), weight);
    with_axis("Flatten", "f", NULL, "l", 1);
    size_t one = soma_onnx_begin_node(&made, "Gemm", "y", (const char *[]){"l", "weight", NULL});
    soma_onnx_put_attribute_integer(&made, "transB", 1);
    soma_onnx_end_node(&made, one);
}

/* What does the same to each element takes them as they lie. */
static void weight_of_two(void) {
    flattened();
    node("Relu", "weight", NULL, "unused");
}
/* A weight that was used in ONNX's order keeps it: then the samples are turned, once for all. */
static void weight_seen_before(void) {
    const float weight[] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6};
    floats("weight", SHAPE(12, 2), weight);
    node("Neg", "weight", NULL, "negative");
    transposed("x", "f", 4, last_to_first);
    with_axis("Flatten", "f", NULL, "l", 1);
    node("Gemm", "l", "weight", "p");
    node("MatMul", "l", "negative", "q");
    node("Sub", "p", "q", "s");
    const float half = 0.5f;
    soma_onnx_put_constant(&made, "half", 0, NULL, &half);
    node("Mul", "s", "half", "y");
}

/* Channels are shuffled between groups, which is an order of their own: one transposition. x [n, 1, 2, 4] */
static void shuffled(void) {
    integers("groups", 5, (const int64_t[]){0, 2, 2, 1, 2});
    integers("together", 4, (const int64_t[]){0, 4, 1, 2});
    transposed("x", "f", 4, last_to_first); /* [n, 4, 1, 2] */
    node("Reshape", "f", "groups", "g");
    transposed("g", "t", 5, (const int64_t[]){0, 2, 1, 3, 4});
    node("Reshape", "t", "together", "u");
    node("Neg", "u", NULL, "v");
    transposed("v", "y", 4, first_to_last);
}

/* The output is asked for in ONNX's order, and keeps its name. */
static void turned_at_the_end(void) {
    transposed("x", "f", 4, last_to_first);
    node("Neg", "f", NULL, "y");
}

/* Pieces and slices of channels and positions. */
static void cut_up(void) {
    integers("one", 1, (const int64_t[]){1});
    integers("two", 1, (const int64_t[]){2});
    tensor("zero", 7, 0, NULL, 8);
    transposed("x", "f", 4, last_to_first); /* [n, 3, 2, 2] of [n, 2, 2, 3] */
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, "Slice", "s",
                                                   (const char *[]){"f", "one", "two", "one", NULL})); /* channel 1 */
    with_axis("Gather", "s", "zero", "g", 3); /* [n, 1, 2]: the first column */
    node("Neg", "g", NULL, "y");
}

/* Between a constant in ONNX's order and a number. */
static void with_constants(void) {
    const float image[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, two = 2;
    floats("image", SHAPE(1, 3, 2, 2), image);
    soma_onnx_put_constant(&made, "two", 0, NULL, &two);
    transposed("x", "f", 4, last_to_first);
    node("Sub", "two", "f", "d");
    with_axis("Concat", "d", "image", "c", 1);
    node("Max", "c", "two", "m");
    transposed("m", "y", 4, first_to_last);
}

static const float identity[] = {1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
                                 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1};

/* Channels first from beginning to end, as exporters write it: x [n, 2, 2, 3]. The image is turned once. */
static void convolved(void) {
    const float first[] = {1, 0, 0, 1, 1, 1}, second[] = {1, 2, 3, 4, 5, 6}, bias[] = {1, 0, -1};
    const float scale[] = {1, 2, 1}, offset[] = {0, 0, 1}, mean[] = {1, 0, 0}, variance[] = {1, 1, 4};
    floats("first", SHAPE(3, 2, 1, 1), first); /* c0, c1, c0 + c1 */
    floats("bias", SHAPE(3), bias);
    floats("second", SHAPE(3, 1, 1, 2), second); /* each channel by its own pair of columns */
    floats("scale", SHAPE(3), scale);
    floats("offset", SHAPE(3), offset);
    floats("mean", SHAPE(3), mean);
    floats("variance", SHAPE(3), variance);
    const char *figures[] = {"r", "scale", "offset", "mean", "variance", NULL};
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, "Conv", "a", (const char *[]){"x", "first", "bias", NULL}));
    node("Relu", "a", NULL, "r");
    size_t one = soma_onnx_begin_node(&made, "BatchNormalization", "b", figures);
    soma_onnx_put_attribute_float(&made, "epsilon", 0);
    soma_onnx_end_node(&made, one);
    one = soma_onnx_begin_node(&made, "Conv", "c", (const char *[]){"b", "second", NULL});
    soma_onnx_put_attribute_integer(&made, "group", 3);
    soma_onnx_put_attribute_integers(&made, "strides", (const int64_t[]){1, 2}, 2);
    soma_onnx_end_node(&made, one);
    node("Add", "c", "c", "s");
    with_axis("Concat", "s", "c", "d", 1);
    node("GlobalMaxPool", "d", NULL, "g");
    with_axis("Flatten", "g", NULL, "f", 1);
    floats("all", SHAPE(6, 6), identity);
    node("MatMul", "f", "all", "y");
}

static const struct {
    const char *name;
    void (*body)(void);
    int64_t shape[4];
    size_t count;
    float x[12], y[24];
    uint32_t transpositions;
} cases[] = {
    {"there and back", there_and_back, {OPEN, 2, 1, 2}, 8, {1, 2, 3, 4}, {-10, -201, 1, 2, -29, -400, 3, 4}, 0},
    {"channels", over_channels, {OPEN, 1, 2, 2}, 3, {1, 2, 3, 4}, {26, 0, 44}, 0},
    {"flattened", flattened, {OPEN, 2, 3, 2}, 2, {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60}, {91, 910}, 0},
    {"flattened, by columns",
     flattened_by_columns,
     {OPEN, 2, 3, 2},
     2,
     {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60},
     {91, 910},
     0},
    {"used twice", weight_of_two, {OPEN, 2, 3, 2}, 2, {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60}, {91, 910}, 0},
    {"used before", weight_seen_before, {OPEN, 2, 3, 2}, 2, {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60}, {91, 910}, 1},
    {"shuffled", shuffled, {OPEN, 1, 2, 4}, 8, {1, 2, 3, 4, 5, 6, 7, 8}, {-1, -3, -2, -4, -5, -7, -6, -8}, 1},
    {"at the end", turned_at_the_end, {OPEN, 1, 2, 2}, 4, {1, 2, 3, 4}, {-1, -3, -2, -4}, 1},
    {"cut up", cut_up, {OPEN, 2, 2, 3}, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {-2, -8}, 0},
    {"convolved", convolved, {OPEN, 2, 2, 3}, 6, {1, 2, 3, 4, 5, 6, -1, -2, 3, 1, 0, 2}, {28, 12, 66, 14, 6, 33}, 1},
    {"constants",
     with_constants,
     {1, 2, 2, 3},
     24,
     {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, -7},
     {2, 2, 2, 2, 5, 9, 2, 2, 2, 2, 6, 10, 2, 2, 2, 3, 7, 11, 2, 2, 9, 4, 8, 12},
     0},
};

START_TEST(transpositions_stand_only_where_an_order_is_needed) {
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    float found[24];
    uint32_t transpositions = 0;
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    onnx_make(cases[_i].body, 8, 13, 4, cases[_i].shape);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_load_onnx(path, NULL, &network));
    for (uint32_t i = 0; i < network->graph.count; i++)
        transpositions += network->graph.tensor[i]->op == SOMA_OP_TRANSPOSE;
    ck_assert_msg(transpositions == cases[_i].transpositions, "%s: %u transpositions, expected %u", cases[_i].name,
                  transpositions, cases[_i].transpositions);
    ck_assert_str_eq(soma_tensor_name(soma_network_output(network, 0)), "y");
    expect_ok(soma_compile(network, device, &options));
    ck_assert_uint_eq(soma_tensor_count(soma_network_output(network, 0)), cases[_i].count);
    expect_ok(soma_run(network, cases[_i].x, 1, found));
    for (size_t i = 0; i < cases[_i].count; i++)
        ck_assert_msg(found[i] == cases[_i].y[i], "%s: value %zu is %.9g, expected %.9g", cases[_i].name, i,
                      (double)found[i], (double)cases[_i].y[i]);
    soma_network_destroy(network);
}
END_TEST

/* More than what is read of a file at a time, of sizes that are no multiples of anything. */
enum { FILTERS = 37, DEPTH = 701, TAPS = 3 };

static float weight_of(size_t filter, size_t channel, size_t tap) {
    return (float)(filter * 10000 + channel * 10 + tap);
}

static void with_large_weights(void) {
    float *weights = calloc((size_t)FILTERS * DEPTH * TAPS, sizeof *weights);
    for (size_t i = 0; i < (size_t)FILTERS * DEPTH * TAPS; i++)
        weights[i] = weight_of(i / (DEPTH * TAPS), i / TAPS % DEPTH, i % TAPS);
    floats("w", SHAPE(FILTERS, DEPTH, TAPS), weights);
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, "Conv", "y", (const char *[]){"x", "w", NULL}));
    free(weights);
}

START_TEST(large_weights_are_turned_piece_by_piece) {
    soma_network *network;
    float *weights = calloc((size_t)FILTERS * DEPTH * TAPS, sizeof *weights);
    const char *path = temporary_path("large.onnx");
    onnx_make(with_large_weights, 8, 18, SHAPE(OPEN, DEPTH, 5));
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_load_onnx(path, NULL, &network));
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "w"), weights, (size_t)FILTERS * DEPTH * TAPS));
    for (size_t tap = 0, i = 0; tap < TAPS; tap++) /* [taps, channels, filters] */
        for (size_t channel = 0; channel < DEPTH; channel++)
            for (size_t filter = 0; filter < FILTERS; filter++, i++)
                ck_assert_msg(weights[i] == weight_of(filter, channel, tap), "tap %zu, channel %zu, filter %zu: %g",
                              tap, channel, filter, (double)weights[i]);
    soma_network_destroy(network);
    free(weights);
}
END_TEST

/* One number for as many places as the image has, which lies channels last: none of them is there to be turned. */
enum { CHANNELS = 3, HEIGHT = 40, BREADTH = 50, PIXELS = CHANNELS * HEIGHT * BREADTH };

static void begin_equal(void) {
    floats("w", SHAPE(CHANNELS, CHANNELS, 1, 1), (const float[]){1, 0, 0, 0, 1, 0, 0, 0, 1});
    integers("shape", 4, (const int64_t[]){1, CHANNELS, HEIGHT, BREADTH});
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, "Conv", "c", (const char *[]){"x", "w", NULL}));
}

static void made_of_a_shape(void) { /* of zeros */
    begin_equal();
    node("ConstantOfShape", "shape", NULL, "k");
    node("Max", "c", "k", "y");
}

static void expanded(void) {
    begin_equal();
    floats("three", SHAPE(1), &(const float){3});
    node("Expand", "three", "shape", "k");
    node("Max", "c", "k", "y");
}

START_TEST(equal_numbers_lie_in_any_order) {
    const char *path = temporary_path("equal.onnx");
    const float least = _i ? 3 : 0;
    float *x = calloc((size_t)2 * PIXELS, sizeof *x), *y = x + PIXELS;
    soma_network *network;
    for (size_t i = 0; i < PIXELS; i++) x[i] = (float)(int)(i * 7 % 11) - 4;
    onnx_make(_i ? expanded : made_of_a_shape, 8, 13, SHAPE(OPEN, CHANNELS, HEIGHT, BREADTH));
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_load_onnx(path, NULL, &network));
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_run(network, x, 1, y));
    for (size_t i = 0; i < PIXELS; i++)
        ck_assert_msg(y[i] == SOMA_MAX(x[i], least), "value %zu is %.9g, expected %.9g", i, (double)y[i],
                      (double)SOMA_MAX(x[i], least));
    soma_network_destroy(network);
    free(x);
}
END_TEST

int main(void) {
    if (soma_device_open("cpu", NULL, &device) != SOMA_OK) return 1;
    TCase *all = tcase_create("onnx, layouts");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, a_layout_keeps_its_order);
    tcase_add_test(all, an_order_of_other_dimensions_is_found_where_there_is_one);
    tcase_add_test(all, a_turn_puts_one_order_into_another);
    tcase_add_test(all, a_transposition_changes_the_layout_alone);
    tcase_add_test(all, what_does_not_fit_is_said);
    tcase_add_test(all, large_weights_are_turned_piece_by_piece);
    tcase_add_loop_test(all, equal_numbers_lie_in_any_order, 0, 2);
    tcase_add_loop_test(all, transpositions_stand_only_where_an_order_is_needed, 0, sizeof cases / sizeof *cases);
    Suite *suite = suite_create("onnx, layouts");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
