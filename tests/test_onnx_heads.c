/* SPDX-License-Identifier: MIT */
/*
 * ONNX models in which the batch and dimensions of its samples are one, as PyTorch's two exporters write
 * nn.MultiheadAttention: [steps, batch x heads, features] and [steps x batch, features]. Attention is held against its
 * formula in double, operations on rows against what they make of each row.
 */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>
#include <stdio.h>

static soma_device *device;

enum { STEPS = 3, FEATURES = 4, HEADS = 2, WIDTH = FEATURES / HEADS, MOST_SAMPLES = 64 };

/* ----------------------------------------------------------------------------------------------------- writing */

/* Sizes in a new shape: the batch, so many times. */
enum { BATCH = -100 };
#define BATCHES(times) (BATCH - (times))

static bool
    by_arithmetic; /* the sizes of new shapes are computed of the input's; else -1 stands for that of the batch */
static unsigned made_names;

static void transposed(const char *x, const char *out, size_t rank, const int64_t *order) {
    const size_t one = soma_onnx_begin_node(&made, "Transpose", out, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integers(&made, "perm", order, rank);
    soma_onnx_end_node(&made, one);
}

static void with_axis(const char *op, const char *a, const char *b, const char *out, int64_t axis) {
    const size_t one = soma_onnx_begin_node(&made, op, out, (const char *[]){a, b, NULL});
    soma_onnx_put_attribute_integer(&made, "axis", axis);
    soma_onnx_end_node(&made, one);
}

/* A name that no other value has. */
static const char *fresh(void) {
    static char name[64][16];
    char *one = name[made_names % 64];
    snprintf(one, sizeof name[0], "v%u", made_names++);
    return one;
}

/* "batch": [1], of the shape of x, where `axis` counts its samples. */
static void measure(int64_t axis) {
    integers("from", 1, &axis);
    integers("to", 1, &(int64_t){axis + 1});
    node("Shape", "x", NULL, "shape");
    const size_t one = soma_onnx_begin_node(&made, "Slice", "batch", (const char *[]){"shape", "from", "to", NULL});
    soma_onnx_end_node(&made, one);
}

static const char *size_of_dimension(int64_t size) {
    const char *number = fresh(), *product = fresh();
    const int64_t times = size <= BATCH ? BATCH - size : size;
    integers(number, 1, &times);
    if (size > BATCH) return number;
    node("Mul", "batch", number, product);
    return product;
}

static void reshaped(const char *x, const char *out, size_t rank, const int64_t *shape) {
    int64_t given[4] = {0};
    const char *parts[5] = {NULL}, *name = fresh();
    for (size_t i = 0; i < rank; i++) given[i] = shape[i] <= BATCH ? -1 : shape[i];
    if (!by_arithmetic)
        integers(name, rank, given);
    else {
        for (size_t i = 0; i < rank; i++) parts[i] = size_of_dimension(shape[i]);
        const size_t one = soma_onnx_begin_node(&made, "Concat", name, parts);
        soma_onnx_put_attribute_integer(&made, "axis", 0);
        soma_onnx_end_node(&made, one);
    }
    node("Reshape", x, name, out);
}

static soma_status load(soma_network **network) {
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, NULL, network);
}

static void run(size_t samples, const float *const *inputs, float *y) {
    soma_network *network;
    soma_session *session;
    expect_ok(load(&network));
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_session_create(network, NULL, &session));
    expect_ok(soma_session_run(session, samples, inputs, (float *const[]){y}));
    soma_session_destroy(session);
    soma_network_destroy(network);
}

/* --------------------------------------------------------------------------------------------------- attention */

enum { NO_MASK, CAUSAL, OF_KEYS, MASKS };
static struct form {
    bool batch_first, computed, of_heads; /* of_heads: products are of [batch x heads, steps, width] */
    int mask;
    int64_t batch; /* OPEN or fixed */
} form;

static float weights_in[FEATURES][3 * FEATURES], bias_in[3 * FEATURES], weights_out[FEATURES][FEATURES],
    bias_out[FEATURES];
static float x[MOST_SAMPLES][STEPS][FEATURES], mask[MOST_SAMPLES][STEPS], y[MOST_SAMPLES][STEPS][FEATURES];

/* From -1 to 1. */
static void fill(float *values, size_t count, unsigned seed) {
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / 8388608.0f - 1;
    }
}

/* [batch x heads, steps, width], or [batch, heads, steps, width], of number `part` of queries, keys, values. */
static void write_part(int64_t part, const char *out) {
    const char *number = fresh(), *alone = fresh(), *beside = fresh(), *turned = fresh();
    integers(number, 1, &part);
    with_axis("Gather", "parts", number, alone, 2);
    reshaped(alone, beside, SHAPE(STEPS, BATCHES(HEADS), WIDTH));
    transposed(beside, form.of_heads ? out : turned, SHAPE(1, 0, 2));
    if (!form.of_heads) reshaped(turned, out, SHAPE(BATCHES(1), HEADS, STEPS, WIDTH));
}

/* What is added to the scores. */
static void write_mask(void) {
    const float no = -INFINITY, causal[STEPS][STEPS] = {{0, no, no}, {0, 0, no}, {0, 0, 0}};
    if (form.mask == CAUSAL) floats("mask", SHAPE(STEPS, STEPS), causal[0]);
    if (form.mask != OF_KEYS) return;
    reshaped("hidden", "hidden4", SHAPE(BATCHES(1), 1, 1, STEPS));
    integers("heads", 4, (const int64_t[]){1, HEADS, 1, 1});
    node("Expand", "hidden4", "heads", "of_heads");
    reshaped("of_heads", form.of_heads ? "mask" : "of_heads3", SHAPE(BATCHES(HEADS), 1, STEPS));
    if (!form.of_heads) reshaped("of_heads3", "mask", SHAPE(BATCHES(1), HEADS, 1, STEPS));
}

static void write_weights(void) {
    const float scale = (float)(1 / sqrt((double)WIDTH));
    floats("scale", 0, NULL, &scale);
    floats("weights_in", SHAPE(FEATURES, 3 * FEATURES), weights_in[0]);
    floats("bias_in", SHAPE(3 * FEATURES), bias_in);
    floats("weights_out", SHAPE(FEATURES, FEATURES), weights_out[0]);
    floats("bias_out", SHAPE(FEATURES), bias_out);
}

static void write_heads(void) {
    write_part(0, "q");
    write_part(1, "k");
    write_part(2, "v");
    write_mask();
    if (form.of_heads)
        transposed("k", "kt", SHAPE(0, 2, 1));
    else
        transposed("k", "kt", SHAPE(0, 1, 3, 2));
    node("Mul", "q", "scale", "scaled");
    node("MatMul", "scaled", "kt", "scores");
    if (form.mask != NO_MASK) node("Add", "scores", "mask", "seen");
    with_axis("Softmax", form.mask == NO_MASK ? "scores" : "seen", NULL, "weights", form.of_heads ? 2 : -1);
    node("MatMul", "weights", "v", "mean");
    if (form.of_heads)
        transposed("mean", "turned", SHAPE(1, 0, 2));
    else
        transposed("mean", "turned", SHAPE(2, 0, 1, 3));
}

static void write_attention(void) {
    const int64_t first[] = {form.batch, STEPS, FEATURES}, second[] = {STEPS, form.batch, FEATURES};
    put_value(GRAPH_INPUT, "x", 3, form.batch_first ? first : second);
    if (form.mask == OF_KEYS) put_value(GRAPH_INPUT, "hidden", SHAPE(form.batch, STEPS));
    write_weights();
    measure(form.batch_first ? 0 : 1);
    if (form.batch_first) transposed("x", "steps", SHAPE(1, 0, 2));
    node("MatMul", form.batch_first ? "steps" : "x", "weights_in", "product");
    node("Add", "product", "bias_in", "projected");
    reshaped("projected", "parts", SHAPE(STEPS, BATCHES(1), 3, FEATURES));
    write_heads();
    reshaped("turned", "rows", SHAPE(BATCHES(STEPS), FEATURES));
    const size_t one =
        soma_onnx_begin_node(&made, "Gemm", "out", (const char *[]){"rows", "weights_out", "bias_out", NULL});
    soma_onnx_put_attribute_integer(&made, "transB", 1);
    soma_onnx_end_node(&made, one);
    reshaped("out", form.batch_first ? "last" : "y", SHAPE(STEPS, BATCHES(1), FEATURES));
    if (form.batch_first) transposed("last", "y", SHAPE(1, 0, 2));
    put_value(GRAPH_OUTPUT, "y", 3, form.batch_first ? first : second);
}

static double projected(size_t sample, size_t step, size_t column) {
    double sum = (double)bias_in[column];
    for (size_t i = 0; i < FEATURES; i++) sum += (double)x[sample][step][i] * (double)weights_in[i][column];
    return sum;
}

/* What head `head` of a step gives. */
static void attend(size_t sample, size_t step, size_t head, double *out) {
    double weight[STEPS], total = 0;
    for (size_t key = 0; key < STEPS; key++) {
        double score = 0;
        for (size_t i = head * WIDTH; i < (head + 1) * WIDTH; i++)
            score += projected(sample, step, i) * projected(sample, key, FEATURES + i);
        const bool hidden = (form.mask == CAUSAL && key > step) || (form.mask == OF_KEYS && isinf(mask[sample][key]));
        weight[key] = hidden ? 0 : exp(score / sqrt((double)WIDTH));
        total += weight[key];
    }
    for (size_t i = 0; i < WIDTH; i++) {
        out[i] = 0;
        for (size_t key = 0; key < STEPS; key++)
            out[i] += weight[key] / total * projected(sample, key, 2 * FEATURES + head * WIDTH + i);
    }
}

static void expect_attention(size_t samples) {
    for (size_t sample = 0; sample < samples; sample++)
        for (size_t step = 0; step < STEPS; step++) {
            double heads[FEATURES];
            for (size_t head = 0; head < HEADS; head++) attend(sample, step, head, heads + head * WIDTH);
            for (size_t i = 0; i < FEATURES; i++) {
                double sum = (double)bias_out[i];
                for (size_t j = 0; j < FEATURES; j++) sum += heads[j] * (double)weights_out[i][j];
                ck_assert_double_eq_tol((double)y[sample][step][i], sum, 1e-5);
            }
        }
}

/* Keys are hidden by chance, but never all of a sample. */
static void make_numbers(void) {
    float chance[MOST_SAMPLES][STEPS];
    fill(weights_in[0], sizeof weights_in / sizeof(float), 1);
    fill(bias_in, sizeof bias_in / sizeof(float), 2);
    fill(weights_out[0], sizeof weights_out / sizeof(float), 3);
    fill(bias_out, sizeof bias_out / sizeof(float), 4);
    fill(x[0][0], sizeof x / sizeof(float), 5);
    fill(chance[0], sizeof chance / sizeof(float), 6);
    for (size_t i = 0; i < MOST_SAMPLES; i++)
        for (size_t j = 0; j < STEPS; j++) mask[i][j] = chance[i][j] < 0 && j != i % STEPS ? -INFINITY : 0;
}

START_TEST(attention_is_its_formula) {
    static const size_t sizes[] = {1, 3, MOST_SAMPLES};
    make_numbers();
    form = (struct form){.batch_first = _i & 1, .computed = _i & 2, .of_heads = _i & 4, .mask = _i / 8 % MASKS};
    by_arithmetic = form.computed;
    for (size_t i = 0; i < 3; i++)
        for (int fixed = 0; fixed < (form.batch_first && i == 1 ? 2 : 1); fixed++) { /* what is in front is the batch */
            form.batch = fixed ? (int64_t)sizes[i] : OPEN;
            onnx_make_graph(write_attention, 8, 17);
            memset(y, 0, sizeof y);
            run(sizes[i], (const float *const[]){x[0][0], mask[0]}, y[0][0]);
            expect_attention(sizes[i]);
        }
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- rows */

enum { ROWS = 2, COLUMNS = 3, MOST_COLUMNS = 6, SAMPLES = 5 };

static void write_softmax(int64_t axis) {
    with_axis("Softmax", "rows", NULL, "made", axis);
}
static void of_softmax(const double *row, double *out) {
    double total = 0;
    for (size_t i = 0; i < COLUMNS; i++) total += exp(row[i]);
    for (size_t i = 0; i < COLUMNS; i++) out[i] = exp(row[i]) / total;
}

static void write_sum(int64_t axis) {
    integers("axes", 1, &axis);
    const size_t one = soma_onnx_begin_node(&made, "ReduceSum", "made", (const char *[]){"rows", "axes", NULL});
    soma_onnx_put_attribute_integer(&made, "keepdims", 0);
    soma_onnx_end_node(&made, one);
}
static void of_sum(const double *row, double *out) {
    out[0] = row[0] + row[1] + row[2];
}

static void write_slice(int64_t axis) {
    integers("first", 1, (const int64_t[]){1});
    integers("behind", 1, (const int64_t[]){3});
    integers("axes", 1, &axis);
    soma_onnx_end_node(
        &made, soma_onnx_begin_node(&made, "Slice", "made", (const char *[]){"rows", "first", "behind", "axes", NULL}));
}
static void of_slice(const double *row, double *out) {
    out[0] = row[1];
    out[1] = row[2];
}

static void write_concat(int64_t axis) {
    node("Neg", "rows", NULL, "negative");
    with_axis("Concat", "rows", "negative", "made", axis);
}
static void of_concat(const double *row, double *out) {
    for (size_t i = 0; i < COLUMNS; i++) out[i] = row[i], out[COLUMNS + i] = -row[i];
}

static void write_gather(int64_t axis) {
    integers("indices", 2, (const int64_t[]){2, 0});
    with_axis("Gather", "rows", "indices", "made", axis);
}
static void of_gather(const double *row, double *out) {
    out[0] = row[2];
    out[1] = row[0];
}

static void write_norm(int64_t axis) {
    floats("scales", SHAPE(COLUMNS), (const float[]){1, 2, -1});
    with_axis("LayerNormalization", "rows", "scales", "made", axis);
}
static void of_norm(const double *row, double *out) {
    const double scale[] = {1, 2, -1}, mean = (row[0] + row[1] + row[2]) / 3;
    double variance = 0;
    for (size_t i = 0; i < COLUMNS; i++) variance += (row[i] - mean) * (row[i] - mean) / 3;
    for (size_t i = 0; i < COLUMNS; i++) out[i] = (row[i] - mean) / sqrt(variance + 1e-5) * scale[i];
}

/* Constants that are aligned with rows, with a dimension of 1 where these are counted, and without. */
static void write_choice(int64_t axis) {
    (void)axis;
    floats("more", SHAPE(1, COLUMNS), (const float[]){0.5f, -0.25f, 0});
    floats("other", SHAPE(COLUMNS), (const float[]){7, 8, 9});
    floats("zero", SHAPE(1), (const float[]){0});
    node("Add", "rows", "more", "raised");
    node("Greater", "raised", "zero", "positive");
    soma_onnx_end_node(
        &made, soma_onnx_begin_node(&made, "Where", "made", (const char *[]){"positive", "raised", "other", NULL}));
}
static void of_choice(const double *row, double *out) {
    const double more[] = {0.5, -0.25, 0}, other[] = {7, 8, 9};
    for (size_t i = 0; i < COLUMNS; i++) out[i] = row[i] + more[i] > 0 ? row[i] + more[i] : other[i];
}

static void write_product(int64_t axis) {
    (void)axis;
    floats("matrix", SHAPE(COLUMNS, 2), (const float[]){1, 2, 3, 4, 5, 6});
    node("MatMul", "rows", "matrix", "made");
}
static void of_product(const double *row, double *out) {
    out[0] = row[0] + 3 * row[1] + 5 * row[2];
    out[1] = 2 * row[0] + 4 * row[1] + 6 * row[2];
}

static const struct operation {
    const char *name;
    void (*write)(int64_t axis); /* makes "made" of "rows" */
    void (*compute)(const double *row, double *out);
    size_t columns;
} operations[] = {{"Softmax", write_softmax, of_softmax, COLUMNS},
                  {"ReduceSum", write_sum, of_sum, 1},
                  {"Slice", write_slice, of_slice, 2},
                  {"Concat", write_concat, of_concat, 2 * COLUMNS},
                  {"Gather", write_gather, of_gather, 2},
                  {"LayerNormalization", write_norm, of_norm, COLUMNS},
                  {"Where", write_choice, of_choice, COLUMNS},
                  {"MatMul", write_product, of_product, 2}};
static const struct operation *operation;
static bool behind; /* rows are [rows x batch, columns], else [batch x rows, columns] */
static int64_t axis_of_rows;

static void write_rows(void) {
    const int64_t columns = (int64_t)operation->columns;
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, ROWS, COLUMNS));
    measure(0);
    if (behind) transposed("x", "turned", SHAPE(1, 0, 2));
    reshaped(behind ? "turned" : "x", "rows", SHAPE(BATCHES(ROWS), COLUMNS));
    operation->write(axis_of_rows);
    if (behind)
        reshaped("made", "apart", SHAPE(ROWS, BATCHES(1), columns));
    else
        reshaped("made", "y", SHAPE(BATCHES(1), ROWS, columns));
    if (behind) transposed("apart", "y", SHAPE(1, 0, 2));
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, ROWS, columns));
}

START_TEST(rows_are_what_is_made_of_each) {
    float in[SAMPLES * ROWS * COLUMNS], out[SAMPLES * ROWS * MOST_COLUMNS];
    operation = &operations[_i / 8];
    behind = _i & 1;
    by_arithmetic = _i & 2;
    axis_of_rows = _i & 4 ? 1 : -1;
    fill(in, sizeof in / sizeof(float), 7);
    onnx_make_graph(write_rows, 8, 17);
    run(SAMPLES, (const float *const[]){in}, out);
    for (size_t i = 0; i < SAMPLES * ROWS; i++) {
        double row[COLUMNS], expected[MOST_COLUMNS];
        for (size_t j = 0; j < COLUMNS; j++) row[j] = (double)in[i * COLUMNS + j];
        operation->compute(row, expected);
        for (size_t j = 0; j < operation->columns; j++) {
            const double found = (double)out[i * operation->columns + j];
            ck_assert_msg(fabs(found - expected[j]) <= 1e-5, "%s, row %zu, column %zu: %.9g, expected %.9g",
                          operation->name, i, j, found, expected[j]);
        }
    }
}
END_TEST

/* -------------------------------------------------------------------------------------------------- refused */

static void joined_output(void) {
    reshaped("x", "y", SHAPE(BATCHES(2), 2));
}
static void across(void) {
    reshaped("x", "rows", SHAPE(BATCHES(2), 2));
    with_axis("Softmax", "rows", NULL, "made", 0);
    reshaped("made", "y", SHAPE(BATCHES(1), 4));
}
static void by_columns(void) {
    reshaped("x", "rows", SHAPE(BATCHES(2), 2));
    transposed("rows", "columns", SHAPE(1, 0));
    node("MatMul", "columns", "rows", "y");
}
static void squeezed(void) {
    integers("axes", 1, (const int64_t[]){0});
    reshaped("x", "rows", SHAPE(BATCHES(2), 2));
    node("Squeeze", "rows", "axes", "y");
}
/* 3 times the batch do not divide its elements. */
static void uneven(void) {
    integers("from", 1, (const int64_t[]){0});
    integers("to", 1, (const int64_t[]){1});
    node("Shape", "x", NULL, "shape");
    soma_onnx_end_node(&made,
                       soma_onnx_begin_node(&made, "Slice", "batch", (const char *[]){"shape", "from", "to", NULL}));
    by_arithmetic = true;
    reshaped("x", "y", SHAPE(BATCHES(3), -1));
}
/* Half of the batch is no size that is known. */
static void halved(void) {
    integers("from", 1, (const int64_t[]){0});
    integers("to", 1, (const int64_t[]){1});
    integers("two", 1, (const int64_t[]){2});
    integers("eight", 1, (const int64_t[]){8});
    node("Shape", "x", NULL, "shape");
    soma_onnx_end_node(&made,
                       soma_onnx_begin_node(&made, "Slice", "batch", (const char *[]){"shape", "from", "to", NULL}));
    node("Div", "batch", "two", "half");
    with_axis("Concat", "half", "eight", "sizes", 0);
    node("Reshape", "x", "sizes", "y");
}

static const struct {
    void (*body)(void);
    const char *word;
} refused[] = {{joined_output, "as one, dimension 0"},
               {across, "works across the first dimension"},
               {by_columns, "works across"},
               {squeezed, "works across"},
               {uneven, "works across"},
               {halved, "half is computed of the size of the batch"}};

START_TEST(what_mixes_samples_is_refused) {
    soma_network *network;
    by_arithmetic = false;
    make(refused[_i].body, 8, 17);
    expect_error(load(&network), SOMA_UNSUPPORTED, refused[_i].word);
}
END_TEST

/* Where the file fixes all, a sum over samples is read as one of the sample that an input is: 4 numbers, in rows of 2,
 * whose columns are multiplied by a matrix. */
static void summed(void) {
    integers("shape", 2, (const int64_t[]){4, 2});
    floats("matrix", SHAPE(4, 3), (const float[]){1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1});
    node("Reshape", "x", "shape", "rows");
    transposed("rows", "columns", SHAPE(1, 0));
    node("MatMul", "columns", "matrix", "y");
}

/* More dimensions before the matrices than a tensor has room for: each of four pairs of rows has a matrix of its own.
 */
#define PAIRS 4
static float pair_matrix[PAIRS][COLUMNS][2];
static void many_dimensions(void) {
    integers("apart", 7, (const int64_t[]){-1, 1, 2, 2, 1, 2, COLUMNS});
    integers("flat", 2, (const int64_t[]){-1, 2 * PAIRS * 2});
    floats("matrices", SHAPE(1, 1, 2, 2, 1, COLUMNS, 2), &pair_matrix[0][0][0]);
    node("Reshape", "x", "apart", "pairs");
    node("MatMul", "pairs", "matrices", "products");
    node("Reshape", "products", "flat", "y");
}

START_TEST(products_have_many_dimensions_before_them) {
    float in[SAMPLES][PAIRS][2][COLUMNS], out[SAMPLES][PAIRS][2][2];
    for (size_t i = 0; i < sizeof pair_matrix / sizeof(float); i++)
        (&pair_matrix[0][0][0])[i] = (float)(7 * i % 11) - 5;
    for (size_t i = 0; i < sizeof in / sizeof(float); i++) (&in[0][0][0][0])[i] = (float)(5 * i % 13) - 6;
    onnx_make(many_dimensions, 8, 17, SHAPE(OPEN, PAIRS * 2 * COLUMNS));
    run(SAMPLES, (const float *const[]){&in[0][0][0][0]}, &out[0][0][0][0]);
    for (size_t at = 0; at < SAMPLES * PAIRS * 2 * 2; at++) {
        const size_t column = at % 2, row = at / 2 % 2, pair = at / 4 % PAIRS, sample = at / 4 / PAIRS;
        float expected = 0; /* of small whole numbers: exact */
        for (size_t k = 0; k < COLUMNS; k++) expected += in[sample][pair][row][k] * pair_matrix[pair][k][column];
        ck_assert_float_eq(out[sample][pair][row][column], expected);
    }
}
END_TEST

/* What is added to each step and is the same for all heads of all samples: its dimensions before those of the batch,
 * and behind, are those of the steps and of the features. */
static const float more[STEPS][FEATURES] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
static void raised_steps(void) {
    transposed("x", "steps", SHAPE(1, 0, 2, 3));
    measure(0);
    reshaped("steps", "heads", SHAPE(STEPS, BATCHES(HEADS), FEATURES));
    floats("more", SHAPE(STEPS, 1, FEATURES), &more[0][0]);
    node("Add", "heads", "more", "raised");
    reshaped("raised", "apart", SHAPE(STEPS, BATCHES(1), HEADS, FEATURES));
    transposed("apart", "y", SHAPE(1, 0, 2, 3));
}

START_TEST(steps_are_raised_alike_in_all_heads) {
    float in[SAMPLES][STEPS][HEADS][FEATURES], out[SAMPLES][STEPS][HEADS][FEATURES];
    by_arithmetic = _i;
    for (size_t i = 0; i < sizeof in / sizeof(float); i++) (&in[0][0][0][0])[i] = (float)(5 * i % 13) - 6;
    onnx_make(raised_steps, 8, 17, SHAPE(OPEN, STEPS, HEADS, FEATURES));
    run(SAMPLES, (const float *const[]){&in[0][0][0][0]}, &out[0][0][0][0]);
    for (size_t i = 0; i < SAMPLES * STEPS * HEADS * FEATURES; i++) {
        const size_t feature = i % FEATURES, step = i / FEATURES / HEADS % STEPS;
        ck_assert_float_eq((&out[0][0][0][0])[i], (&in[0][0][0][0])[i] + more[step][feature]);
    }
}
END_TEST

START_TEST(a_fixed_batch_may_be_a_sample) {
    const float in[] = {1, 2, 3, 4, 5, 6, 7, 8}, expected[] = {8, 10, 12, 10, 12, 14};
    float out[6];
    onnx_make(summed, 8, 17, SHAPE(2, 4));
    run(1, (const float *const[]){in}, out);
    for (size_t i = 0; i < 6; i++) ck_assert_float_eq(out[i], expected[i]);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *all = tcase_create("onnx-heads");
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, attention_is_its_formula, 0, 8 * MASKS);
    tcase_add_loop_test(all, rows_are_what_is_made_of_each, 0, 8 * (int)(sizeof operations / sizeof *operations));
    tcase_add_loop_test(all, what_mixes_samples_is_refused, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(all, products_have_many_dimensions_before_them);
    tcase_add_loop_test(all, steps_are_raised_alike_in_all_heads, 0, 2);
    tcase_add_test(all, a_fixed_batch_may_be_a_sample);
    Suite *suite = suite_create("onnx-heads");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
