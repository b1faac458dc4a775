/* SPDX-License-Identifier: MIT */
/* The layers attention and transformer: their values, what a mask hides, what a step sees; what is kept in a file; that
 * they learn. Usage: test_attention DEVICE */
#include "nn/network.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void expect_near(const float *found, const double *expected, size_t count, double tolerance, const char *what) {
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs((double)found[i] - expected[i]) <= tolerance, "%s: element %zu is %.9g, expected %.9g", what,
                      i, (double)found[i], expected[i]);
}

static void compile(soma_network *network) {
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
}

static soma_network *network_of_text(const char *text, size_t steps, size_t features) {
    const size_t shape[2] = {steps, features};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 1);
    if (!soma_layers(soma_input(network, NULL, 2, shape), text)) ck_abort_msg("%s: %s", text, soma_last_error());
    return network;
}

/* ------------------------------------------------------------------------------------------------ other frameworks */

enum { STEPS = 3, FEATURES = 4 };

static float weight_of(size_t number, size_t i, size_t j) {
    return ((float)((i * 7 + j * 3 + number * 5) % 11) - 5.0f) / 8.0f;
}
static float bias_of(size_t number, size_t j) {
    return ((float)((j * 5 + number * 3) % 7) - 3.0f) / 8.0f;
}

static void set(soma_network *network, const char *name, const float *values) {
    soma_tensor *parameter = soma_network_tensor(network, name);
    ck_assert_msg(parameter != NULL, "there is no %s", name);
    expect_ok(soma_set_parameter(network, parameter, values, soma_tensor_count(parameter)));
}

/* PREFIXweight and PREFIXbias of a product. */
static void set_product(soma_network *network, const char *prefix, size_t number) {
    float weight[FEATURES * FEATURES], bias[FEATURES];
    char name[64];
    snprintf(name, sizeof name, "%sweight", prefix);
    soma_tensor *parameter = soma_network_tensor(network, name);
    ck_assert_msg(parameter != NULL, "there is no %s", name);
    const size_t *shape = parameter->shape;
    for (size_t i = 0; i < shape[0]; i++)
        for (size_t j = 0; j < shape[1]; j++) weight[i * shape[1] + j] = weight_of(number, i, j);
    for (size_t j = 0; j < shape[1]; j++) bias[j] = bias_of(number, j);
    set(network, name, weight);
    snprintf(name, sizeof name, "%sbias", prefix);
    set(network, name, bias);
}

static void set_norm(soma_network *network, const char *layer, size_t number) {
    float weight[FEATURES], bias[FEATURES];
    char name[64];
    for (size_t j = 0; j < FEATURES; j++) {
        weight[j] = 1.0f + ((float)((j * 3 + number) % 5) - 2.0f) / 8.0f;
        bias[j] = ((float)((j * 2 + number) % 5) - 2.0f) / 8.0f;
    }
    snprintf(name, sizeof name, "%s.weight", layer);
    set(network, name, weight);
    snprintf(name, sizeof name, "%s.bias", layer);
    set(network, name, bias);
}

/* PyTorch 2.15's MultiheadAttention, without and with a causal mask, and TransformerEncoderLayer, norm_first with GELU,
 * and not, with relu and a causal mask; in float64. */
static const struct {
    const char *text;
    double y[STEPS * FEATURES];
} modules[] = {
    {"attention heads 2",
     {-0.349003446270109, -0.648641729459706, 0.134725135360338, 0.592967652994137, -0.290592329498056,
      -0.668868172427598, -0.127718984586998, 0.784143246519801, -0.350979856976408, -0.646946648368101,
      0.145826106504977, 0.584711611779963}},
    {"attention heads 2 causal",
     {-0.15234375, -0.80078125, -1.00390625, 1.44140625, -0.382353460069313, -0.662352224612715, 0.196881925898097,
      0.552575542068264, -0.350979856976408, -0.646946648368101, 0.145826106504977, 0.584711611779963}},
    {"transformer heads 2 hidden 3",
     {-1.956603246073091, -0.712847796595404, 1.071877891283007, -0.324636093714619, -0.876673700401471,
      0.673887159337088, 0.119802838272234, 0.721251249977807, -1.706603246073091, -0.462847796595403,
      1.321877891283007, -0.074636093714619}},
    {"transformer heads 2 hidden 3 causal postnorm relu",
     {-1.394876136823761, 0.025931488969858, 0.24810243712902, 1.316739098155607, -1.200619007499855, 1.194708901712164,
      -0.94169722996082, 0.708590202867708, -1.430433747690379, 0.306569549894663, 1.444566829746785,
      0.089857520104476}},
};

START_TEST(values_are_those_of_other_frameworks) {
    static const char *const products[] = {"attention_1.query_",  "attention_1.key_", "attention_1.value_",
                                           "attention_1.output_", "dense_1.",         "dense_2."};
    soma_network *network = network_of_text(modules[_i].text, STEPS, FEATURES);
    const bool block = _i > 1;
    float x[STEPS * FEATURES], y[STEPS * FEATURES];
    compile(network);
    for (size_t i = 0; i < (block ? 6u : 4u); i++) set_product(network, products[i], i);
    if (block) set_norm(network, "layernorm_1", 6);
    if (block) set_norm(network, "layernorm_2", 7);
    for (size_t t = 0; t < STEPS; t++)
        for (size_t j = 0; j < FEATURES; j++) x[t * FEATURES + j] = ((float)((t * 5 + j * 3) % 9) - 4.0f) / 4.0f;
    expect_ok(soma_run(network, x, 1, y));
    expect_near(y, modules[_i].y, STEPS * FEATURES, 4e-6, modules[_i].text);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ the formula */

typedef struct form {
    const char *text;
    size_t steps, features, heads, key_heads, width;
    bool causal, rotary;
} form;

/* The last has more keys than a block of the cpu device. */
static const form forms[] = {
    {"attention heads 3", 5, 6, 3, 3, 2, false, false},
    {"attention heads 4 kvheads 2 width 6 causal rotary", 7, 5, 4, 2, 6, true, true},
    {"attention heads 2 kvheads 1 rotary", 9, 8, 2, 1, 4, false, true},
    {"attention heads 2 causal", 300, 4, 2, 2, 2, true, false},
};

enum { MOST = 300 * 24 };

static void get(soma_network *network, const char *role, double *values) {
    float *narrow = malloc(MOST * sizeof *narrow);
    char name[64];
    snprintf(name, sizeof name, "attention_1.%s", role);
    const soma_tensor *parameter = soma_network_tensor(network, name);
    ck_assert_msg(narrow && parameter, "there is no %s", name);
    expect_ok(soma_get_parameter(network, parameter, narrow, soma_tensor_count(parameter)));
    for (size_t i = 0; i < soma_tensor_count(parameter); i++) values[i] = (double)narrow[i];
    free(narrow);
}

/* y [rows, columns] = x [rows, depth] W + b. */
static void multiply(soma_network *network, const char *role, const double *x, size_t rows, size_t depth,
                     size_t columns, double *y) {
    static double weight[MOST], bias[MOST];
    char name[32];
    snprintf(name, sizeof name, "%s_weight", role);
    get(network, name, weight);
    snprintf(name, sizeof name, "%s_bias", role);
    get(network, name, bias);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double sum = bias[j];
            for (size_t p = 0; p < depth; p++) sum += x[i * depth + p] * weight[p * columns + j];
            y[i * columns + j] = sum;
        }
}

/* Turns the pair (i, i + width / 2) of each head at step p by p / 10000^(2 i / width). */
static void rotate(double *x, size_t steps, size_t heads, size_t width) {
    for (size_t p = 0; p < steps; p++)
        for (size_t head = 0; head < heads; head++)
            for (size_t i = 0; i < width / 2; i++) {
                double *a = x + (p * heads + head) * width + i, *b = a + width / 2;
                const double angle = (double)p / pow(10000.0, 2.0 * (double)i / (double)width);
                const double turned = *a * cos(angle) - *b * sin(angle);
                *b = *a * sin(angle) + *b * cos(angle);
                *a = turned;
            }
}

static double q[MOST], k[MOST], v[MOST], middle[MOST];

static void attend(const form *f, const float *mask, size_t step, size_t head) {
    const size_t all = f->heads * f->width, shared = f->key_heads * f->width;
    const double *query = q + step * all + head * f->width;
    double weight[300], total = 0, *to = middle + step * all + head * f->width;
    memset(to, 0, f->width * sizeof *to);
    for (size_t key = 0; key < f->steps; key++) {
        const double *with = k + key * shared + head * f->key_heads / f->heads * f->width;
        double score = 0;
        for (size_t i = 0; i < f->width; i++) score += query[i] * with[i];
        weight[key] = (f->causal && key > step) || (mask && mask[key] == 0) ? 0 : exp(score / sqrt((double)f->width));
        total += weight[key];
    }
    for (size_t key = 0; total > 0 && key < f->steps; key++)
        for (size_t i = 0; i < f->width; i++)
            to[i] += weight[key] / total * v[key * shared + head * f->key_heads / f->heads * f->width + i];
}

/* Of one sample. */
static void by_formula(soma_network *network, const form *f, const float *x, const float *mask, double *y) {
    static double wide[MOST];
    const size_t all = f->heads * f->width, shared = f->key_heads * f->width;
    for (size_t i = 0; i < f->steps * f->features; i++) wide[i] = (double)x[i];
    multiply(network, "query", wide, f->steps, f->features, all, q);
    multiply(network, "key", wide, f->steps, f->features, shared, k);
    multiply(network, "value", wide, f->steps, f->features, shared, v);
    if (f->rotary) rotate(q, f->steps, f->heads, f->width);
    if (f->rotary) rotate(k, f->steps, f->key_heads, f->width);
    for (size_t step = 0; step < f->steps; step++)
        for (size_t head = 0; head < f->heads; head++) attend(f, mask, step, head);
    multiply(network, "output", middle, f->steps, all, f->features, y);
}

static void set_biases(soma_network *network) {
    static const char *const names[] = {"attention_1.query_bias", "attention_1.key_bias", "attention_1.value_bias",
                                        "attention_1.output_bias"};
    float values[32];
    for (size_t i = 0; i < SOMA_COUNT_OF(names); i++) {
        fill_uniform(20 + (unsigned)i, values, SOMA_COUNT_OF(values));
        set(network, names[i], values);
    }
}

/* Numbers of at most 1 in four sums of at most 24 terms each: a few units of float32's precision for each term. */
#define TOLERANCE (4 * 24 * 0x1p-23)

START_TEST(values_are_those_of_the_formula) {
    enum { SAMPLES = 2 };
    const form *f = &forms[_i];
    static float x[SAMPLES * MOST], y[SAMPLES * MOST];
    static double expected[MOST];
    const size_t each = f->steps * f->features;
    soma_network *network = network_of_text(f->text, f->steps, f->features);
    compile(network);
    set_biases(network);
    fill_uniform(11, x, SAMPLES * each);
    expect_ok(soma_run(network, x, SAMPLES, y));
    for (size_t i = 0; i < SAMPLES; i++) {
        by_formula(network, f, x + i * each, NULL, expected);
        expect_near(y + i * each, expected, each, TOLERANCE, f->text);
    }
    soma_network_destroy(network);
}
END_TEST

/* So many scores that the opencl device takes some samples at a time, and some queries of each. */
enum { MANY = 140, LONG = 300, MANY_EACH = LONG * 4 };

START_TEST(many_scores_are_taken_in_rounds) {
    static const size_t checked[] = {0, 108, 109, MANY - 1};
    static double expected[MOST];
    const form f = {"attention heads 2 causal", LONG, 4, 2, 2, 2, true, false};
    soma_network *network = network_of_text(f.text, LONG, 4);
    float *x = malloc(2 * MANY * MANY_EACH * sizeof *x), *y = x + MANY * MANY_EACH;
    ck_assert_ptr_nonnull(x);
    compile(network);
    set_biases(network);
    fill_uniform(18, x, MANY * MANY_EACH);
    expect_ok(soma_run(network, x, MANY, y));
    for (size_t i = 0; i < SOMA_COUNT_OF(checked); i++) {
        by_formula(network, &f, x + checked[i] * MANY_EACH, NULL, expected);
        expect_near(y + checked[i] * MANY_EACH, expected, MANY_EACH, TOLERANCE, f.text);
    }
    soma_network_destroy(network);
    free(x);
}
END_TEST

#ifdef SOMA_HAVE_TRAINING
/* One step of gradient descent with a rate of 1: the weights behind it on the device, and on the cpu. */
static void step_on(soma_device *where, soma_dataset *dataset, float *weights, size_t *count) {
    soma_network *network = network_of_text("attention heads 2 causal", LONG, 4);
    const soma_compile_options options = {.optimizer = {.kind = SOMA_SGD, .learning_rate = 1}};
    expect_ok(soma_compile(network, where, &options));
    set_biases(network);
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 1, .batch_size = MANY}, NULL));
    *count = 0;
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        const soma_tensor *parameter = soma_network_parameter(network, i);
        expect_ok(soma_get_parameter(network, parameter, weights + *count, soma_tensor_count(parameter)));
        *count += soma_tensor_count(parameter);
    }
    soma_network_destroy(network);
}

START_TEST(rounds_of_gradients_add_up) {
    float *x = malloc(2 * MANY * MANY_EACH * sizeof *x), *y = x + MANY * MANY_EACH, found[128];
    double expected[128];
    size_t count;
    soma_device *cpu;
    ck_assert_ptr_nonnull(x);
    fill_uniform(19, x, MANY * MANY_EACH);
    fill_uniform(20, y, MANY * MANY_EACH);
    soma_dataset *dataset =
        dataset_of((soma_array){x, SOMA_F32, 3, {MANY, LONG, 4}}, (soma_array){y, SOMA_F32, 3, {MANY, LONG, 4}});
    expect_ok(soma_device_open("cpu", NULL, &cpu));
    step_on(cpu, dataset, found, &count);
    for (size_t i = 0; i < count; i++) expected[i] = (double)found[i];
    step_on(test_device, dataset, found, &count);
    expect_near(found, expected, count, 1e-5, "a step");
    soma_dataset_destroy(dataset);
    soma_device_close(cpu);
    free(x);
}
END_TEST
#endif

/* ----------------------------------------------------------------------------------------------------------- masks */

static soma_network *masked_network(const char *text, size_t steps, size_t features) {
    soma_network *network;
    const size_t shape[2] = {steps, features};
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 2, shape);
    soma_tensor *y = soma_layers(soma_mask(x, soma_input(network, "mask", 1, &steps)), text);
    if (!y || !soma_output(y)) ck_abort_msg("%s", soma_last_error());
    compile(network);
    return network;
}

static void predict(soma_network *network, const float *x, const float *mask, size_t samples, size_t steps,
                    size_t features, float *y) {
    const soma_array arrays[] = {{x, SOMA_F32, 3, {samples, steps, features}}, array_f32(mask, samples, steps)};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(arrays, 2, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 0, y));
    soma_dataset_destroy(dataset);
}

enum { LENGTH = 6 };
static const float masks[3][LENGTH] = {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 0, 0, 0}, {0, 0, 0, 0, 0, 0}};

/* A sequence that has no step is seen by nobody: what is left is the output's bias. */
START_TEST(masked_keys_are_not_seen) {
    enum { SAMPLES = 3, EACH = LENGTH * 4 };
    const form f = {_i ? "attention heads 2 causal" : "attention heads 2", LENGTH, 4, 2, 2, 2, _i, false};
    soma_network *network = masked_network(f.text, LENGTH, 4);
    float x[SAMPLES * EACH], y[SAMPLES * EACH], again[SAMPLES * EACH];
    double expected[EACH];
    set_biases(network);
    fill_uniform(12, x, SAMPLES * EACH);
    predict(network, x, masks[0], SAMPLES, LENGTH, 4, y);
    for (size_t i = 0; i < SAMPLES; i++) {
        by_formula(network, &f, x + i * EACH, masks[i], expected);
        expect_near(y + i * EACH, expected, EACH, TOLERANCE, f.text);
    }
    /* What is filled up with does not matter to the steps that there are. */
    for (size_t j = 3 * 4; j < EACH; j++) x[EACH + j] = 100;
    predict(network, x, masks[0], SAMPLES, LENGTH, 4, again);
    ck_assert_mem_eq(y + EACH, again + EACH, 3 * 4 * sizeof *y);
    ck_assert_mem_ne(y + EACH, again + EACH, EACH * sizeof *y);
    soma_network_destroy(network);
}
END_TEST

/* Through positions, blocks of both kinds and a recurrent layer behind them. */
START_TEST(masks_go_through_blocks) {
    static const char *const texts[] = {
        "positions; transformer heads 2 rotary; transformer heads 2 postnorm swiglu; lstm 3 last",
        "attention heads 2 kvheads 1; layernorm; attention heads 4 causal; gru 2 last"};
    enum { SAMPLES = 3, EACH = LENGTH * 4 };
    soma_network *network = masked_network(texts[_i], LENGTH, 4);
    float x[SAMPLES * EACH], y[SAMPLES * 3], again[SAMPLES * 3];
    const size_t units = _i ? 2 : 3;
    fill_uniform(13, x, SAMPLES * EACH);
    predict(network, x, masks[0], SAMPLES, LENGTH, 4, y);
    for (size_t j = 3 * 4; j < EACH; j++) x[EACH + j] = 50;
    predict(network, x, masks[0], SAMPLES, LENGTH, 4, again);
    ck_assert_mem_eq(y, again, SAMPLES * units * sizeof *y);
    soma_network_destroy(network);
}
END_TEST

/* The steps of keys and values are hidden, not those that ask; the result has as many of them, which all are there. */
START_TEST(a_context_has_a_mask_of_its_own) {
    const size_t shape[2] = {LENGTH, 4}, length = LENGTH;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 2, shape), *context = soma_input(network, "context", 2, shape);
    soma_mask(context, soma_input(network, "mask", 1, &length));
    soma_tensor *y = soma_attention(x, 2, &(soma_attention_options){.context = context});
    ck_assert_ptr_nonnull(y);
    ck_assert_ptr_null(y->mask);
    ck_assert(y->is_sequence);
    soma_tensor *z = soma_attention(context, 2, &(soma_attention_options){.context = x});
    ck_assert_ptr_nonnull(z);
    ck_assert_ptr_eq(z->mask, context->mask);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ what comes behind */

static const char *const causal_texts[] = {"attention heads 2 causal", "transformer heads 2 causal rotary",
                                           "transformer heads 4 causal postnorm; transformer heads 1 causal swiglu"};

START_TEST(causal_steps_see_none_behind_them) {
    enum { T = 9, EACH = T * 4 };
    soma_network *network = network_of_text(causal_texts[_i], T, 4);
    float x[EACH], y[EACH], again[EACH];
    compile(network);
    fill_uniform(14, x, EACH);
    expect_ok(soma_run(network, x, 1, y));
    for (size_t j = 5 * 4; j < EACH; j++) x[j] = -x[j] + 3;
    expect_ok(soma_run(network, x, 1, again));
    ck_assert_mem_eq(y, again, 5 * 4 * sizeof *y);
    ck_assert_mem_ne(y, again, EACH * sizeof *y);
    soma_network_destroy(network);
}
END_TEST

/* With their masks. */
START_TEST(files_keep_them) {
    static const char *const texts[] = {"attention heads 2 kvheads 1 width 4 rotary causal", "transformer heads 4",
                                        "transformer heads 2 swiglu rmsnorm nobias dropout 0.1; lstm 2 last"};
    enum { SAMPLES = 3, EACH = LENGTH * 4 };
    char path[] = "/tmp/soma-attention-XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (size_t i = 0; i < SOMA_COUNT_OF(texts); i++) {
        soma_network *network = masked_network(texts[i], LENGTH, 4), *again;
        float x[SAMPLES * EACH], y[SAMPLES * EACH] = {0}, z[SAMPLES * EACH] = {0};
        fill_uniform(15, x, SAMPLES * EACH);
        expect_ok(soma_save(network, path));
        expect_ok(soma_load(path, &again));
        compile(again);
        predict(network, x, masks[0], SAMPLES, LENGTH, 4, y);
        predict(again, x, masks[0], SAMPLES, LENGTH, 4, z);
        ck_assert_mem_eq(y, z, sizeof y);
        ck_assert((soma_network_output(again, 0)->mask == NULL) == (soma_network_output(network, 0)->mask == NULL));
        soma_network_destroy(network);
        soma_network_destroy(again);
    }
    remove(path);
}
END_TEST

#ifdef SOMA_HAVE_TRAINING
/* The class is that of the step whose mark is set: to find it takes a look at all of them. */
START_TEST(they_find_what_is_marked) {
    enum { ROWS = 96, T = 5, WIDTH = 4 };
    float *x = calloc(ROWS * T * WIDTH, sizeof *x);
    int32_t classes[ROWS], found[ROWS];
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < ROWS; i++) {
        const size_t marked = i * 7 % T;
        for (size_t t = 0; t < T; t++) x[(i * T + t) * WIDTH + (i + t * t) % 3] = 1;
        x[(i * T + marked) * WIDTH + 3] = 1;
        classes[i] = (int32_t)((i + marked * marked) % 3);
    }
    soma_network *network =
        network_of_text("positions; transformer heads 2 hidden 16; lstm 8 last; dense 3 softmax", T, WIDTH);
    soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.02f}};
    const soma_array inputs = {x, SOMA_F32, 3, {ROWS, T, WIDTH}}, targets = array_i32(classes, ROWS);
    soma_dataset *dataset = dataset_of(inputs, targets);
    expect_ok(soma_compile(network, test_device, &options));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 60, .batch_size = 16}, NULL));
    expect_ok(soma_predict_classes(network, dataset, 0, found));
    ck_assert_mem_eq(found, classes, sizeof classes);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    free(x);
}
END_TEST

/* Angles stay as they are, and do not decay. */
START_TEST(rotary_tables_stay) {
    enum { ROWS = 16, T = 3 };
    soma_network *network = network_of_text("attention heads 1 rotary; flatten; dense 1", T, 2);
    float x[ROWS * T * 2], y[ROWS], before[T * 2], after[T * 2];
    const soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.1f, .decay = 0.1f}};
    fill_uniform(16, x, SOMA_COUNT_OF(x));
    fill_uniform(17, y, ROWS);
    soma_dataset *dataset = dataset_of((soma_array){x, SOMA_F32, 3, {ROWS, T, 2}}, array_f32(y, ROWS, 1));
    expect_ok(soma_compile(network, test_device, &options));
    for (int i = 0; i < 2; i++) {
        const soma_tensor *table =
            soma_network_tensor(network, i ? "attention_1.rotary_sines" : "attention_1.rotary_cosines");
        expect_ok(soma_get_parameter(network, table, before, SOMA_COUNT_OF(before)));
        expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 2, .batch_size = 8}, NULL));
        expect_ok(soma_get_parameter(network, table, after, SOMA_COUNT_OF(after)));
        ck_assert_mem_eq(before, after, sizeof after);
    }
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST
#endif

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, values_are_those_of_other_frameworks, 0, (int)SOMA_COUNT_OF(modules));
    tcase_add_loop_test(cases, values_are_those_of_the_formula, 0, (int)SOMA_COUNT_OF(forms));
    tcase_add_test(cases, many_scores_are_taken_in_rounds);
    tcase_add_loop_test(cases, masked_keys_are_not_seen, 0, 2);
    tcase_add_loop_test(cases, masks_go_through_blocks, 0, 2);
    tcase_add_test(cases, a_context_has_a_mask_of_its_own);
    tcase_add_loop_test(cases, causal_steps_see_none_behind_them, 0, (int)SOMA_COUNT_OF(causal_texts));
    tcase_add_test(cases, files_keep_them);
#ifdef SOMA_HAVE_TRAINING
    tcase_add_test(cases, they_find_what_is_marked);
    tcase_add_test(cases, rotary_tables_stay);
    tcase_add_test(cases, rounds_of_gradients_add_up);
#endif
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "attention", add_tests);
}
