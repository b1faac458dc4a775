/* SPDX-License-Identifier: MIT */
/* Model files: what is saved comes back, on any device; saved again it is the same file, byte for byte. */
#include "base/file.h"
#include "expect.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"
#include "temporary.h"

#include <math.h>

static soma_device host;
static soma_device *cpu;

static void setup(void) {
    temporary_create();
    host_device_open(&host);
    expect_ok(soma_device_open("cpu", NULL, &cpu));
}

static void teardown(void) {
    temporary_destroy();
    soma_device_close(cpu);
}

/* -------------------------------------------------------------------------------------------------------- networks */

static void build_text(soma_network *network, const char *text) {
    size_t width = 4;
    soma_layers(soma_input(network, "x", 1, &width), text);
}

static void build_plain(soma_network *network) {
    build_text(network, "dense 5 relu; dropout 0.25; dense 3 softmax");
}

static void build_functions(soma_network *network) {
    build_text(network,
               "dense 5 leaky_relu(0.5,-0.25) nobias; linear(0.3); sigmoid; tanh; elu(0.7); selu; softplus; gelu; "
               "silu; hard_sigmoid(0.3,0.4); square; abs; exp; log; sqrt; dense 2 step; identity; dense 1");
}

/* Everything that a builder makes. */
static void build_graph(soma_network *network) {
    size_t image[3] = {2, 3, 2}, width = 4, matrix[2] = {3, 2};
    soma_tensor *x = soma_input(network, "image", 3, image), *y = soma_input(network, NULL, 1, &width);
    soma_tensor *a = soma_named(soma_dense(soma_flatten(x), 6, SOMA_TANH), "left");
    soma_tensor *b = soma_dropout(soma_dropout(soma_dense(y, 6, SOMA_SIGMOID), 0.1f), 0.2f);
    soma_tensor *parts[] = {soma_add(a, b),    soma_subtract(a, b), soma_multiply(a, b),
                            soma_divide(a, b), soma_maximum(a, b),  soma_minimum(a, soma_dense(y, 1, SOMA_EXP))};
    soma_tensor *z = soma_concat(parts, 6, 0);
    soma_output(soma_dense(z, 3, SOMA_SOFTMAX));
    soma_tensor *m = soma_reshape(a, 2, matrix);
    m = soma_log_softmax(soma_softmax(m, 0), 1);
    soma_tensor *reduced[] = {soma_reduce(m, SOMA_REDUCE_SUM, 0), soma_reduce(m, SOMA_REDUCE_MEAN, 0),
                              soma_reduce(m, SOMA_REDUCE_MAX, 0), soma_reduce(m, SOMA_REDUCE_MIN, 0),
                              soma_reduce(m, SOMA_REDUCE_SUM_SQUARES, 0)};
    soma_output(soma_concat(reduced, 5, 0));
}

/* What the layers over positions are made of. */
static void build_positions(soma_network *network) {
    size_t image[3] = {6, 5, 2};
    soma_tensor *x = soma_input(network, "image", 3, image);
    soma_layers(x,
                "residual(conv 4 3x2 stride 2x1 dilation 1x2 groups 2 pad 1,2,0,3 tanh | zeropad 2,0,0,1; conv 4 2x1 "
                "stride 2x1 nobias); spatialdropout 0.25; convtranspose 3 3x3 stride 2 pad 1,0,2,0 output_padding 1 "
                "tanh; crop 1; upsample 2x1; maxpool 2 stride 1 pad 1,0,0,1 ceil; avgpool 2x3 stride 1 dilation 1 "
                "countpad pad same; depthwise 3x3 multiplier 2 pad same; separable 2 3x3; globalavgpool");
}

static void build_names(soma_network *network) {
    size_t width = 4;
    soma_tensor *x = soma_input(network, "Eing\xc3\xa4nge \"1\"\n\\", 1, &width);
    soma_dense_with(x, 2, &(soma_dense_options){.name = "\xe5\xb1\x82"});
}

static const struct {
    void (*build)(soma_network *network);
    size_t inputs;
} networks[] = {{build_plain, 1}, {build_functions, 1}, {build_graph, 2}, {build_names, 1}, {build_positions, 1}};

static soma_network *build(int which) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, UINT64_C(0xfedcba9876543210)); /* no double holds it */
    networks[which].build(network);
    expect_ok(soma_network_status(network));
    return network;
}

static void expect_same_file(const char *a, const char *b) {
    soma_buffer x, y;
    expect_ok(soma_file_read(a, 1 << 20, &x));
    expect_ok(soma_file_read(b, 1 << 20, &y));
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_mem_eq(x.data, y.data, x.size);
    soma_free(x.data);
    soma_free(y.data);
}

/* The first output for a batch of 3. */
static size_t outputs_of(soma_network *network, size_t inputs, float *y) {
    static float x[2][3 * 60];
    soma_array arrays[2];
    double random[180];
    for (size_t i = 0; i < inputs; i++) {
        soma_tensor *input = soma_network_input(network, i);
        arrays[i] = (soma_array){.data = x[i], .dtype = SOMA_F32, .rank = 1 + input->rank, .shape = {3}};
        memcpy(arrays[i].shape + 1, input->shape, input->rank * sizeof(size_t));
        fill_random((unsigned)i + 1, random, 3 * soma_tensor_count(input));
        for (size_t j = 0; j < 3 * soma_tensor_count(input); j++) x[i][j] = (float)random[j];
    }
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(arrays, inputs, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 3, y));
    soma_dataset_destroy(dataset);
    return 3 * soma_tensor_count(soma_network_output(network, 0));
}

START_TEST(what_is_saved_comes_back) {
    soma_network *network = build(_i), *loaded;
    const char *path = temporary_path("model.safetensors"), *again = temporary_path("again.safetensors");
    float y[64], z[64];
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    ck_assert_uint_eq(loaded->seed, network->seed);
    ck_assert_uint_eq(loaded->dropout_count, network->dropout_count);
    ck_assert_uint_eq(soma_network_layer_count(loaded), soma_network_layer_count(network));
    for (size_t i = 0; i < soma_network_layer_count(network); i++) {
        soma_layer_info a, b;
        expect_ok(soma_network_layer(network, i, &a));
        expect_ok(soma_network_layer(loaded, i, &b));
        ck_assert_str_eq(a.name, b.name);
        ck_assert_str_eq(a.kind, b.kind);
        ck_assert(a.rank == b.rank && a.parameters == b.parameters);
        ck_assert_mem_eq(a.shape, b.shape, a.rank * sizeof *a.shape);
    }
    ck_assert_uint_eq(loaded->graph.count, network->graph.count);
    for (uint32_t i = 0; i < network->graph.count; i++) {
        const soma_tensor *a = network->graph.tensor[i], *b = loaded->graph.tensor[i];
        ck_assert_int_eq(a->op, b->op);
        ck_assert_uint_eq(a->layer, b->layer);
        ck_assert_str_eq(soma_tensor_name(a), soma_tensor_name(b));
        ck_assert(soma_tensor_same_shape(a, b));
    }
    expect_ok(soma_save(loaded, again));
    expect_same_file(path, again);
    expect_ok(soma_compile(network, cpu, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    expect_ok(soma_compile(loaded, cpu, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    size_t count = outputs_of(network, networks[_i].inputs, y);
    outputs_of(loaded, networks[_i].inputs, z);
    ck_assert_mem_eq(y, z, count * sizeof *y);
    for (size_t i = 0; i < count; i++) ck_assert(isfinite(y[i]));
    if (_i == 0) ck_assert(y[0] != y[3]); /* it computes something */
    /* On the float64 device: the same but for the rounding of float32. */
    expect_ok(soma_compile(loaded, &host, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    outputs_of(loaded, networks[_i].inputs, z);
    for (size_t i = 0; i < count; i++) ck_assert(fabs((double)y[i] - (double)z[i]) <= 1e-4 * (1 + fabs((double)y[i])));
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

/* JSON has no numbers for these, which are values of a graph like any other. */
START_TEST(values_that_are_not_finite_come_back) {
    static const float values[] = {INFINITY, -INFINITY, NAN};
    const char *path = temporary_path("model.safetensors");
    size_t width = 4;
    for (size_t i = 0; i < SOMA_COUNT_OF(values); i++) {
        soma_network *network, *loaded;
        soma_tensor *padded;
        expect_ok(soma_network_create(&network));
        soma_tensor *x = soma_input(network, "x", 1, &width);
        soma_tensor_spec spec = {.op = SOMA_OP_PAD, .input_count = 1, .input = &x};
        spec.attributes.pad.value = values[i];
        spec.attributes.pad.after[0] = 1;
        expect_ok(soma_graph_add(x->graph, &spec, &padded));
        soma_output(padded);
        expect_ok(soma_network_status(network));
        expect_ok(soma_save(network, path));
        expect_ok(soma_load(path, &loaded));
        float back = soma_network_output(loaded, 0)->attributes.pad.value;
        ck_assert(isnan(values[i]) ? isnan(back) : back == values[i]);
        soma_network_destroy(network);
        soma_network_destroy(loaded);
    }
}
END_TEST

/* Training goes on from a file as it would have gone on: same seed, same dropout, same weights. */
START_TEST(training_continues_alike) {
    static const float x[4][4] = {{1, 0, 0, 1}, {0, 1, 0, 0}, {0, 0, 1, 1}, {1, 1, 0, 0}};
    static const int32_t classes[4] = {0, 1, 2, 0};
    soma_array input = {x, SOMA_F32, 2, {4, 4}}, target = {classes, SOMA_I32, 1, {4}};
    const char *path = temporary_path("model.safetensors"), *again = temporary_path("again.safetensors");
    soma_network *network = build(0), *loaded;
    soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.01f}}, kept;
    expect_ok(soma_compile(network, cpu, &options));
    for (int i = 0; i < 3; i++) expect_ok(soma_train_on_batch(network, &input, &target, NULL));
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    expect_ok(soma_network_get_compile_options(loaded, &kept));
    expect_ok(soma_compile(loaded, cpu, &kept));
    expect_ok(soma_compile(network, cpu, &options));
    for (int i = 0; i < 3; i++) {
        expect_ok(soma_train_on_batch(network, &input, &target, NULL));
        expect_ok(soma_train_on_batch(loaded, &input, &target, NULL));
    }
    expect_ok(soma_save(network, path));
    expect_ok(soma_save(loaded, again));
    expect_same_file(path, again);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

/* ------------------------------------------------------------------------------------------ options, preprocessing */

/* Those of losses that not every network has. */
START_TEST(options_of_losses_come_back) {
    const char *path = temporary_path("model.safetensors");
    const soma_compile_options rows[] = {
        {.loss = {SOMA_FOCAL}, .focal_gamma = -1, .label_smoothing = 0.25f},
        {.loss = {SOMA_BINARY_FOCAL_LOGITS}, .focal_gamma = 1.5f, .focal_alpha = 0.75f},
        {.loss = {SOMA_QUANTILE}, .quantiles = {0.1f, 0.75f, 0.9f}},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_network *network = network_of_text(4, i == 0 ? "dense 3 softmax" : "dense 3"), *loaded;
        soma_compile_options back;
        expect_ok(soma_compile(network, &host, &rows[i]));
        expect_ok(soma_save(network, path));
        expect_ok(soma_load(path, &loaded));
        expect_ok(soma_network_get_compile_options(loaded, &back));
        ck_assert_int_eq(back.loss[0], i == 0 ? SOMA_CATEGORICAL_FOCAL : rows[i].loss[0]);
        ck_assert(back.focal_gamma == rows[i].focal_gamma && back.focal_alpha == rows[i].focal_alpha);
        ck_assert(back.label_smoothing == rows[i].label_smoothing);
        ck_assert_mem_eq(back.quantiles, rows[i].quantiles, sizeof back.quantiles);
        soma_network_destroy(network);
        soma_network_destroy(loaded);
    }
}
END_TEST

START_TEST(compile_options_come_back) {
    const char *path = temporary_path("model.safetensors");
    soma_network *network = build(2), *loaded;
    soma_compile_options given = {.loss = {SOMA_LOSS_DEFAULT, SOMA_HUBER},
                                  .loss_weight = {0.5f, 0.1f},
                                  .huber_delta = 0.3f,
                                  .label_smoothing = 0.125f,
                                  .metrics = {SOMA_TOP_K, SOMA_METRIC_DEFAULT, SOMA_ACCURACY},
                                  .top_k = 2,
                                  .optimizer = {.kind = SOMA_ADAMW,
                                                .learning_rate = 0.1f,
                                                .momentum = 0.2f,
                                                .beta1 = 0.3f,
                                                .beta2 = 0.4f,
                                                .rho = 0.5f,
                                                .epsilon = 0.6f,
                                                .l2 = 0.7f,
                                                .l1 = 0.8f,
                                                .decay = -1,
                                                .clip_value = 1e-30f,
                                                .clip_norm = 1e30f,
                                                .schedule = {.kind = SOMA_SCHEDULE_COSINE,
                                                             .warmup = 3,
                                                             .period = UINT64_C(1) << 60,
                                                             .factor = 0.25f,
                                                             .floor = 0.125f,
                                                             .patience = 7,
                                                             .min_delta = 0.0625f}}},
                         back;
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    expect_error(soma_network_get_compile_options(loaded, &back), SOMA_INVALID_STATE, "not compiled");
    soma_network_destroy(loaded);
    expect_ok(soma_compile(network, &host, &given));
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    expect_ok(soma_network_get_compile_options(loaded, &back));
    given.loss[0] = SOMA_CATEGORICAL_CROSSENTROPY; /* what the default stands for */
    ck_assert_mem_eq(back.loss, given.loss, sizeof given.loss);
    ck_assert_mem_eq(back.loss_weight, given.loss_weight, sizeof given.loss_weight);
    ck_assert_mem_eq(back.metrics, given.metrics, sizeof given.metrics);
    ck_assert(back.label_smoothing == given.label_smoothing && back.focal_gamma == 0 && back.quantiles[0] == 0);
    ck_assert(back.huber_delta == given.huber_delta && back.top_k == given.top_k && back.class_weight == NULL);
    const soma_optimizer *a = &given.optimizer, *b = &back.optimizer;
    ck_assert(a->kind == b->kind && a->learning_rate == b->learning_rate && a->momentum == b->momentum);
    ck_assert(a->beta1 == b->beta1 && a->beta2 == b->beta2 && a->rho == b->rho && a->epsilon == b->epsilon);
    ck_assert(a->l2 == b->l2 && a->l1 == b->l1 && a->decay == b->decay);
    ck_assert(a->clip_value == b->clip_value && a->clip_norm == b->clip_norm);
    const soma_schedule *s = &a->schedule, *t = &b->schedule;
    ck_assert(s->kind == t->kind && s->warmup == t->warmup && s->period == t->period && s->factor == t->factor);
    ck_assert(s->floor == t->floor && s->patience == t->patience && s->min_delta == t->min_delta);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

START_TEST(preprocessing_comes_back) {
    static const float x[3][4] = {{1, 10, 5, 0}, {2, 20, 5, 0}, {3, 60, 5, 1e-20f}};
    static const int32_t classes[3] = {0, 1, 2};
    const char *path = temporary_path("model.safetensors"), *again = temporary_path("again.safetensors");
    soma_array input = {x, SOMA_F32, 2, {3, 4}}, target = {classes, SOMA_I32, 1, {3}};
    soma_dataset *dataset;
    soma_network *network = build(0), *loaded;
    expect_ok(soma_dataset_from_arrays(&input, 1, &target, 1, &dataset));
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    network->preprocessing.class_names = soma_calloc(3, sizeof(char *)); /* arrays have no names: as a table has them */
    network->preprocessing.class_count = 3;
    static const char *const names[3] = {"setosa", "", "versicolor \"\xc3\xa9\"\n"};
    for (int i = 0; i < 3; i++) network->preprocessing.class_names[i] = soma_strdup(names[i]);
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    ck_assert_uint_eq(soma_network_class_count(loaded), 3);
    for (size_t i = 0; i < 3; i++) ck_assert_str_eq(soma_network_class_name(loaded, i), names[i]);
    ck_assert_ptr_null(soma_network_class_name(loaded, 3));
    ck_assert_uint_eq(loaded->preprocessing.width, 4);
    ck_assert_mem_eq(loaded->preprocessing.mean, network->preprocessing.mean, 4 * sizeof(double));
    ck_assert_mem_eq(loaded->preprocessing.scale, network->preprocessing.scale, 4 * sizeof(double));
    expect_ok(soma_save(loaded, again));
    expect_same_file(path, again);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ what is not saved */

/* As a data set would; names of layers and tensors are checked when they are given. */
static void give_class(soma_network *network, const char *name) {
    network->preprocessing.class_names = soma_calloc(1, sizeof(char *));
    network->preprocessing.class_names[0] = soma_strdup(name);
    network->preprocessing.class_count = 1;
}

/* Beforehand as in saving. */
#define unsavable(network, path, expected, ...)                                                                        \
    do {                                                                                                               \
        expect_error(soma_check_save(network, path), expected, __VA_ARGS__);                                           \
        expect_error(soma_save(network, path), expected, __VA_ARGS__);                                                 \
    } while (0)

START_TEST(what_cannot_be_saved_is_refused) {
    const char *path = temporary_path("model.safetensors");
    soma_network *network;
    size_t width = 3;
    expect_ok(soma_network_create(&network));
    unsavable(network, path, SOMA_INVALID_STATE, "no input");
    expect_error(soma_check_save(NULL, path), SOMA_INVALID_ARGUMENT, "a network and a path");
    expect_error(soma_check_save(network, NULL), SOMA_INVALID_ARGUMENT, "a network and a path");
    expect_error(soma_save(NULL, path), SOMA_INVALID_ARGUMENT, "a network and a path");
    expect_error(soma_save(network, NULL), SOMA_INVALID_ARGUMENT, "a network and a path");
    expect_error(soma_load(NULL, &network), SOMA_INVALID_ARGUMENT, "a path");
    expect_error(soma_load(path, NULL), SOMA_INVALID_ARGUMENT, "a place");
    soma_tensor *x = soma_input(network, NULL, 1, &width);
    give_class(network, "\xff\xfe");
    unsavable(network, path, SOMA_INVALID_ARGUMENT, "\\xff\\xfe", "not UTF-8");
    soma_preprocessing_clear(&network->preprocessing);
    expect_ok(soma_check_save(network, path));
    ck_assert_int_eq(temporary_count(), 0);
    expect_ok(soma_save(network, path));
    expect_ok(soma_compile(network, &host,
                           &(soma_compile_options){.optimizer = {.l2 = -INFINITY}})); /* negative: 0 is wanted */
    unsavable(network, path, SOMA_INVALID_ARGUMENT, "l2", "a file cannot hold it");
    soma_dropout(x, 3);
    unsavable(network, path, SOMA_INVALID_ARGUMENT, "layer dropout_1");
    soma_network_destroy(network);
    ck_assert_int_eq(temporary_count(), 1); /* the good file, and nothing half-written */
}
END_TEST

START_TEST(a_failed_save_leaves_the_old_file) {
    const char *path = temporary_path("model.safetensors"), *copy = temporary_path("copy.safetensors");
    soma_network *network = build(0);
    expect_ok(soma_save(network, path));
    expect_ok(soma_save(network, copy));
    give_class(network, "\x80");
    expect_error(soma_save(network, path), SOMA_INVALID_ARGUMENT, "UTF-8");
    expect_same_file(path, copy);
    expect_error(soma_save(network, temporary_path("no/such/directory")), SOMA_INVALID_ARGUMENT, "UTF-8");
    soma_preprocessing_clear(&network->preprocessing);
    unsavable(network, temporary_path("no/such/directory"), SOMA_IO, "no/such/directory");
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, what_is_saved_comes_back, 0, SOMA_COUNT_OF(networks));
    tcase_add_test(cases, compile_options_come_back);
    tcase_add_test(cases, options_of_losses_come_back);
    tcase_add_test(cases, preprocessing_comes_back);
    tcase_add_test(cases, what_cannot_be_saved_is_refused);
    tcase_add_test(cases, a_failed_save_leaves_the_old_file);
    tcase_add_test(cases, values_that_are_not_finite_come_back);
    if (SOMA_HAS_TRAINING) tcase_add_test(cases, training_continues_alike);
}

int main(void) {
    return run_suite("model", add_tests);
}
