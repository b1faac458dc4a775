/* SPDX-License-Identifier: MIT */
/*
 * ONNX models out and in: a network that was written and read again computes what it did, can be trained further, and
 * be written once more. (That others read such files, and that their files are read, is shown by onnx_interop.py and
 * the vectors of ONNX's own test suite.)
 */
#include "base/base.h"
#include "base/file.h"
#include "expect.h"
#include "gradient_cases.h"
#include "io/onnx/file.h"
#include "io/onnx/import.h"
#include "temporary.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 5 };

static soma_device *device;

static float number(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-23f - 1;
}

static void compile_for_inference(soma_network *network) {
    soma_compile_options options = {.loss = {SOMA_LOSS_DEFAULT}};
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
    expect_ok(soma_compile(network, device, &options));
}

/* The first output for a batch of numbers; free it. */
static float *outputs(soma_network *network, size_t *count) {
    soma_array arrays[SOMA_MAX_OUTPUTS];
    float *values[SOMA_MAX_OUTPUTS];
    size_t inputs = soma_network_input_count(network);
    unsigned state = 5;
    for (size_t i = 0; i < inputs; i++) {
        const soma_tensor *input = soma_network_input(network, i);
        size_t elements = BATCH * soma_tensor_count(input);
        values[i] = calloc(elements, sizeof(float));
        for (size_t j = 0; j < elements; j++) values[i][j] = number(&state);
        arrays[i] = (soma_array){.data = values[i], .dtype = SOMA_F32, .shape = {BATCH}};
        arrays[i].rank = 1 + soma_tensor_shape(input, arrays[i].shape + 1);
    }
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(arrays, inputs, NULL, 0, &dataset));
    *count = BATCH * soma_tensor_count(soma_network_output(network, 0));
    float *found = calloc(*count, sizeof *found);
    expect_ok(soma_predict(network, dataset, 0, 0, found));
    soma_dataset_destroy(dataset);
    for (size_t i = 0; i < inputs; i++) free(values[i]);
    return found;
}

/* Nodes may be of other ops than the network's were, so that results differ by rounding. */
static void expect_same_outputs(soma_network *a, soma_network *b, const char *name, int variant) {
    size_t count, other;
    float *expected = outputs(a, &count), *found = outputs(b, &other);
    ck_assert_uint_eq(count, other);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabsf(found[i] - expected[i]) <= 64 * 0x1p-24f * (1 + fabsf(expected[i])) ||
                          (isnan(found[i]) && isnan(expected[i])),
                      "%s %d: output %zu is %.9g, was %.9g", name, variant, i, (double)found[i], (double)expected[i]);
    free(expected);
    free(found);
}

/* Whether training leaves it to its layer. */
static bool is_running(const soma_network *network, const soma_tensor *tensor) {
    for (size_t i = 0; i < network->parameter_count; i++)
        if (network->parameters[i].tensor == tensor) return network->parameters[i].is_running;
    return false;
}

/* Bit by bit; weights that no output depends on are not read again. */
static void expect_same_weights(soma_network *network, soma_network *again) {
    float before[2048], after[2048];
    for (size_t i = 0; i < soma_network_parameter_count(again); i++) {
        const soma_tensor *parameter = soma_network_parameter(again, i);
        const soma_tensor *original = soma_network_tensor(network, soma_tensor_name(parameter));
        size_t count = soma_tensor_count(parameter);
        ck_assert_ptr_nonnull(original);
        ck_assert_uint_le(count, 2048);
        expect_ok(soma_get_parameter(again, parameter, after, count));
        expect_ok(soma_get_parameter(network, original, before, count));
        ck_assert_mem_eq(before, after, count * sizeof *after);
        ck_assert_int_eq(is_running(again, parameter), is_running(network, original));
    }
}

/* What the network of a name is refused for; NULL: it is written. */
static const char *form_that_onnx_lacks(const char *name) {
    if (!strcmp(name, "rows of its own")) return "the op ordinal has no ONNX form";
    if (!strcmp(name, "added at places")) return "the op put has no ONNX form";
    if (!strcmp(name, "recurrent, from a state")) return "a mask of steps has no ONNX form";
    if (!strcmp(name, "recurrent, several sequences")) return "recurrent steps without weights of their inputs";
    return NULL;
}

START_TEST(what_is_written_computes_the_same_when_read) {
    const gradient_case *test = &gradient_cases[_i];
    for (int variant = 0; variant < test->variants; variant++) {
        soma_network *network, *again;
        const char *path = temporary_path("network.onnx");
        expect_ok(soma_network_create(&network));
        test->build(network, variant);
        compile_for_inference(network);
        const char *lacking = form_that_onnx_lacks(test->name);
        if (lacking) {
            expect_error(soma_save(network, path), SOMA_UNSUPPORTED, lacking);
            soma_network_destroy(network);
            continue;
        }
        expect_ok(soma_save(network, path));
        expect_ok(soma_load(path, &again));
        expect_same_weights(network, again);
        compile_for_inference(again);
        expect_same_outputs(network, again, test->name, variant);
        soma_network_destroy(network);
        soma_network_destroy(again);
    }
}
END_TEST

/* Every name is kept: of inputs, outputs and weights. */
START_TEST(names_are_kept_and_training_goes_on) {
    soma_network *network, *again;
    const size_t width = 4;
    const char *path = temporary_path("a.onnx");
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_dense(soma_input(network, "pixels", 1, &width), 6, SOMA_GELU);
    soma_named(soma_dense(soma_dropout(x, 0.25f), 3, SOMA_SOFTMAX), "classes");
    expect_ok(soma_compile(network, device, NULL));
    expect_ok(soma_save_onnx(network, path));
    expect_ok(soma_load_onnx(path, NULL, &again));
    ck_assert_str_eq(soma_tensor_name(soma_network_input(again, 0)), "pixels");
    ck_assert_str_eq(soma_tensor_name(soma_network_output(again, 0)), "classes");
    ck_assert_ptr_nonnull(soma_network_tensor(again, "dense_1.weight"));
    soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.05f}};
    expect_ok(soma_compile(again, device, &options));
    float inputs[3 * 4] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1};
    int32_t classes[3] = {0, 1, 2}, found[3];
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&(soma_array){inputs, SOMA_F32, 2, {3, 4}}, 1,
                                       &(soma_array){classes, SOMA_I32, 1, {3}}, 1, &dataset));
    expect_ok(soma_fit(again, dataset, &(soma_fit_options){.epochs = 200, .batch_size = 3}, NULL));
    expect_ok(soma_predict_classes(again, dataset, 0, found));
    ck_assert_mem_eq(found, classes, sizeof classes);
    soma_network *third;
    expect_ok(soma_save_onnx(again, path));
    expect_ok(soma_load_onnx(path, NULL, &third));
    compile_for_inference(third);
    expect_same_outputs(again, third, "trained", 0);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_network_destroy(again);
    soma_network_destroy(third);
}
END_TEST

/* A model takes data as they are: what soma standardises before the network is part of it. */
/* From a first state and cell to the last ones, either way. */
START_TEST(states_of_recurrent_layers_are_written) {
    const char *path = temporary_path("states.onnx");
    soma_network *network, *again;
    soma_tensor *ends[3];
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 1, (size_t[]){4});
    soma_recurrent_options options = {.state = soma_dense(x, 3, SOMA_TANH),
                                      .cell = soma_dense(x, 3, SOMA_IDENTITY),
                                      .final_state = &ends[0],
                                      .final_cell = &ends[1],
                                      .reverse = _i == 1};
    soma_tensor *y = soma_lstm(soma_reshape(soma_dense(x, 6, SOMA_IDENTITY), 2, (size_t[]){3, 2}), 3, &options);
    ends[2] = soma_flatten(y);
    soma_concat(ends, 3, 0);
    expect_ok(soma_network_status(network));
    compile_for_inference(network);
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &again));
    expect_same_weights(network, again);
    compile_for_inference(again);
    expect_same_outputs(network, again, "states", _i);
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

START_TEST(standardisation_is_written) {
    soma_network *network, *again;
    const size_t width = 2;
    float inputs[3 * 2] = {10, -1, 20, 1, 60, 3}, raw[3], standard[3];
    soma_dataset *dataset, *plain;
    const soma_array array = {inputs, SOMA_F32, 2, {3, 2}};
    const char *path = temporary_path("standard.onnx");
    expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &dataset));
    expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &plain));
    expect_ok(soma_network_create(&network));
    /* The input's name is one that the file's own values would get next. */
    soma_dense(soma_input(network, "inner_3", 1, &width), 1, SOMA_SILU);
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_compile(network, device, NULL));
    expect_ok(soma_predict(network, dataset, 0, 0, standard));
    expect_ok(soma_save_onnx(network, path));
    expect_ok(soma_load_onnx(path, NULL, &again));
    compile_for_inference(again);
    expect_ok(soma_predict(again, plain, 0, 0, raw));
    for (int i = 0; i < 3; i++) ck_assert_float_eq_tol(raw[i], standard[i], 4e-6f);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(plain);
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

static void give_classes(soma_network *network, const char *const *names, size_t count) {
    network->preprocessing.class_names = soma_calloc(count, sizeof(char *)); /* as a data set of files does */
    network->preprocessing.class_count = count;
    for (size_t i = 0; i < count; i++) network->preprocessing.class_names[i] = soma_strdup(names[i]);
}

static soma_network *of_pictures(void) {
    const size_t shape[3] = {4, 5, 3};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 3, shape), "globalavgpool; dense 2 softmax");
    expect_ok(soma_network_set_image_options(network, &(soma_image_options){4, 5, SOMA_FIT_CROP, false, {0}}));
    give_classes(network, (const char *const[]){"cat \"\xc3\xa9\"", ""}, 2);
    return network;
}

START_TEST(what_other_data_are_read_by_is_kept) {
    soma_network *network = of_pictures(), *again;
    soma_image_options options;
    const char *path = temporary_path("pictures.onnx"), *other = temporary_path("other.onnx");
    expect_ok(soma_save_onnx(network, path));
    expect_ok(soma_load_onnx(path, NULL, &again));
    ck_assert_uint_eq(soma_network_class_count(again), 2);
    ck_assert_str_eq(soma_network_class_name(again, 0), "cat \"\xc3\xa9\"");
    ck_assert_str_eq(soma_network_class_name(again, 1), "");
    ck_assert(soma_network_get_image_options(again, &options));
    ck_assert(options.height == 4 && options.width == 5 && options.fit == SOMA_FIT_CROP && !options.grey);
    expect_ok(soma_save_onnx(again, other));
    soma_network_destroy(again);
    expect_ok(soma_load_onnx(other, NULL, &again));
    ck_assert_uint_eq(soma_network_class_count(again), 2);
    soma_network_destroy(again);
    soma_preprocessing_clear(&network->preprocessing);
    give_classes(network, (const char *const[]){"\xff"}, 1);
    expect_error(soma_save_onnx(network, path), SOMA_INVALID_ARGUMENT, "\\xff", "not UTF-8");
    expect_error(soma_check_save(network, path), SOMA_INVALID_ARGUMENT, "\\xff", "not UTF-8");
    soma_network_destroy(network);
}
END_TEST

/* Of a file that is right but for these characters. */
START_TEST(metadata_that_are_wrong_are_refused) {
    static const struct {
        const char *what, *by, *words[3];
    } cases[] = {{"\"crop\"", "\"drop\"", {"soma.preprocessing", "\"fit\"", "crop or pad"}},
                 {"[\"cat", "{\"cat", {"soma.preprocessing", "not valid JSON", "byte"}},
                 {"\"height\":4", "\"height\":0", {"soma.preprocessing", "\"image\"", "height"}}};
    soma_network *network = of_pictures(), *again;
    const char *path = temporary_path("pictures.onnx");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        soma_buffer buffer;
        expect_ok(soma_save_onnx(network, path));
        expect_ok(soma_file_read(path, SIZE_MAX, &buffer));
        char *at = memmem(buffer.data, buffer.size, cases[i].what, strlen(cases[i].what));
        ck_assert_ptr_nonnull(at);
        memcpy(at, cases[i].by, strlen(cases[i].by));
        expect_ok(soma_file_write(path, buffer.data, buffer.size));
        expect_error(soma_load_onnx(path, NULL, &again), SOMA_INVALID_FILE, "pictures.onnx", cases[i].words[0],
                     cases[i].words[1], cases[i].words[2]);
        ck_assert_ptr_null(again);
        soma_free(buffer.data);
    }
    soma_network_destroy(network);
}
END_TEST

static float rate_of_dropout(const soma_network *network) {
    for (size_t i = 0; i < network->graph.count; i++)
        if (network->graph.tensor[i]->op == SOMA_OP_DROPOUT) return network->graph.tensor[i]->attributes.dropout.rate;
    return -1;
}

/* Of ONNX's list of ops: since which opset each has the form that is written. */
START_TEST(the_least_opset_is_written) {
    const struct {
        const char *layers;
        int64_t opset;
    } cases[] = {{"dense 4 relu; dropout 0.25; dense 3 softmax", 7},
                 {"reshape 2 2; softmax", 7},
                 {"dense 3 sigmoid; leaky_relu(2,-0.5); linear(-1.5); square; silu", 7},
                 {"dense 3 relu6", 8},
                 {"dense 3 erf", 9},
                 {"dense 3 celu; dropout 0.25", 12},
                 {"dense 3 step", 12},
                 {"dense 3 hard_swish", 14},
                 {"instancenorm", 7},
                 {"maxpool 2", 7},
                 {"maxpool 2 stride 2 ceil", 10},
                 {"maxpool 2 dilation 2", 10},
                 {"avgpool 2", 7},
                 {"avgpool 2 dilation 2", 19},
                 {"layernorm; dense 3 hard_swish", 17},
                 {"dense 3 mish; step", 18},
                 {"dense 3 gelu; mish", 20},
                 {"groupnorm 2; layernorm", 21},
                 {"rmsnorm; groupnorm 2", 23}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        soma_network *network, *again;
        soma_onnx_file *file;
        const size_t shape[2] = {3, 4}; /* of functions of one number positions make no difference, nor of dense */
        bool positions = strstr(cases[i].layers, "norm") || strstr(cases[i].layers, "pool");
        const char *path = temporary_path("opset.onnx");
        expect_ok(soma_network_create(&network));
        soma_layers(soma_input(network, NULL, positions ? 2 : 1, positions ? shape : shape + 1), cases[i].layers);
        compile_for_inference(network);
        expect_ok(soma_save_onnx(network, path));
        expect_ok(soma_onnx_open(path, &file));
        ck_assert_msg(file->opset == cases[i].opset, "%s: opset %d", cases[i].layers, (int)file->opset);
        ck_assert_int_ge(file->model->ir_version, 4);
        soma_onnx_close(file);
        expect_ok(soma_load_onnx(path, NULL, &again));
        compile_for_inference(again);
        expect_same_outputs(network, again, cases[i].layers, 0);
        ck_assert_msg(!strstr(cases[i].layers, "dropout") || rate_of_dropout(again) == 0.25f, "%s: a rate of %g",
                      cases[i].layers, (double)rate_of_dropout(again));
        soma_network_destroy(network);
        soma_network_destroy(again);
    }
}
END_TEST

START_TEST(long_names_end_where_a_character_does) {
    soma_network *network, *again;
    const size_t width = 2;
    char name[600];
    const char *path = temporary_path("long.onnx");
    memset(name, 'a', sizeof name);
    strcpy(name + 479, "\xc3\xa9, and more than there is room for"); /* its second byte is the first too many */
    expect_ok(soma_network_create(&network));
    soma_dense(soma_input(network, name, 1, &width), 1, SOMA_TANH);
    expect_ok(soma_compile(network, device, NULL));
    expect_ok(soma_save_onnx(network, path));
    expect_ok(soma_load_onnx(path, NULL, &again));
    const char *found = soma_tensor_name(soma_network_input(again, 0));
    ck_assert_uint_eq(strlen(found), 479);
    ck_assert_uint_eq(strspn(found, "a"), 479);
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

/* 3.2 GB of weights, which nobody allocates. */
START_TEST(what_is_too_large_is_refused_before_it_is_written) {
    soma_network *network;
    const size_t width = 8000; /* 4 (8000 8000 + 8000) bytes a layer: each is addressed with 32 bits, too */
    const char *path = temporary_path("large.onnx");
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 1, &width);
    for (int i = 0; i < 18; i++) x = soma_dense(x, width, SOMA_TANH);
    expect_error(soma_save_onnx(network, path), SOMA_UNSUPPORTED, "4608576000 bytes");
    expect_error(soma_check_save(network, path), SOMA_UNSUPPORTED, path, "4608576000 bytes");
    ck_assert_int_ne(access(path, F_OK), 0);
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_can_be_written_is_told_beforehand) {
    soma_network *network;
    const size_t width = 4;
    int before = temporary_count();
    expect_ok(soma_network_create(&network));
    soma_dense(soma_input(network, NULL, 1, &width), 2, SOMA_TANH);
    expect_ok(soma_check_save(network, temporary_path("small.onnx")));
    expect_error(soma_check_save(network, temporary_path("no/such/small.onnx")), SOMA_IO, "no/such/small.onnx");
    ck_assert_int_eq(temporary_count(), before);
    soma_network_destroy(network);
}
END_TEST

/* The first opset of each op, and the inputs that it takes at least and at most over all opsets, as ONNX's
 * specification has them ("any" for lists). */
enum { ANY = SOMA_MAX_INPUTS };
static const struct {
    const char *op;
    int64_t since;
    uint32_t least, most;
} spec[] = {
    {"Abs", 1, 1, 1},
    {"Add", 1, 2, 2},
    {"Cast", 1, 1, 1},
    {"Clip", 1, 1, 3},
    {"Concat", 1, 1, ANY},
    {"Constant", 1, 0, 0},
    {"Div", 1, 2, 2},
    {"Dropout", 1, 1, 3},
    {"Celu", 12, 1, 1},
    {"Elu", 1, 1, 1},
    {"Erf", 9, 1, 1},
    {"Exp", 1, 1, 1},
    {"Flatten", 1, 1, 1},
    {"Gelu", 20, 1, 1},
    {"Gemm", 1, 2, 3},
    {"Greater", 1, 2, 2},
    {"GreaterOrEqual", 12, 2, 2},
    {"HardSigmoid", 1, 1, 1},
    {"HardSwish", 14, 1, 1},
    {"Identity", 1, 1, 1},
    {"LeakyRelu", 1, 1, 1},
    {"Log", 1, 1, 1},
    {"LogSoftmax", 1, 1, 1},
    {"MatMul", 1, 2, 2},
    {"Mish", 18, 1, 1},
    {"Max", 1, 1, ANY},
    {"Min", 1, 1, ANY},
    {"Mul", 1, 2, 2},
    {"Neg", 1, 1, 1},
    {"Pow", 1, 2, 2},
    {"PRelu", 1, 2, 2},
    {"Reciprocal", 1, 1, 1},
    {"ReduceMax", 1, 1, 2},
    {"ReduceMean", 1, 1, 2},
    {"ReduceMin", 1, 1, 2},
    {"ReduceSum", 1, 1, 2},
    {"Relu", 1, 1, 1},
    {"Reshape", 1, 1, 2},
    {"Selu", 1, 1, 1},
    {"Sigmoid", 1, 1, 1},
    {"Softmax", 1, 1, 1},
    {"Softplus", 1, 1, 1},
    {"Softsign", 1, 1, 1},
    {"Sqrt", 1, 1, 1},
    {"Squeeze", 1, 1, 2},
    {"Sub", 1, 2, 2},
    {"Sum", 1, 1, ANY},
    {"Tanh", 1, 1, 1},
    {"Transpose", 1, 1, 1},
    {"Unsqueeze", 1, 1, 2},
    {"AveragePool", 1, 1, 1},
    {"BatchNormalization", 1, 5, 5},
    {"ConstantOfShape", 9, 1, 1},
    {"Conv", 1, 2, 3},
    {"ConvTranspose", 1, 2, 3},
    {"DepthToSpace", 1, 1, 1},
    {"Gather", 1, 2, 2},
    {"GlobalAveragePool", 1, 1, 1},
    {"GlobalMaxPool", 1, 1, 1},
    {"GroupNormalization", 18, 3, 3},
    {"InstanceNormalization", 1, 3, 3},
    {"LRN", 1, 1, 1},
    {"LayerNormalization", 1, 2, 3}, /* 17 there; onnxruntime writes it into models of earlier ones, too */
    {"MaxPool", 1, 1, 1},
    {"Pad", 1, 1, 4},
    {"RMSNormalization", 23, 2, 2},
    {"Resize", 10, 1, 4},
    {"Shape", 1, 1, 1},
    {"SimplifiedLayerNormalization", 1, 2, 2}, /* onnxruntime's, in ONNX's own domain */
    {"Size", 1, 1, 1},
    {"Slice", 1, 1, 5},
    {"SpaceToDepth", 1, 1, 1},
    {"Split", 1, 1, 2},
    {"Upsample", 1, 1, 2},
};

START_TEST(ops_are_those_of_the_specification) {
    const soma_onnx_row *row = soma_onnx_find_row(NULL, spec[_i].op);
    ck_assert_msg(row, "%s is not known", spec[_i].op);
    ck_assert_msg(row->since == spec[_i].since, "%s is known since opset %d", spec[_i].op, (int)row->since);
    ck_assert_msg(row->least == spec[_i].least && row->most == spec[_i].most, "%s takes %u to %u inputs", spec[_i].op,
                  row->least, row->most);
}
END_TEST

int main(void) {
    if (soma_device_open("cpu", NULL, &device) != SOMA_OK) return 1;
    TCase *tcase = tcase_create("onnx");
    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, temporary_create, temporary_destroy);
    tcase_add_loop_test(tcase, ops_are_those_of_the_specification, 0, sizeof spec / sizeof spec[0]);
    tcase_add_loop_test(tcase, what_is_written_computes_the_same_when_read, 0, (int)gradient_case_count);
    tcase_add_loop_test(tcase, states_of_recurrent_layers_are_written, 0, 2);
    tcase_add_test(tcase, standardisation_is_written);
    tcase_add_test(tcase, what_other_data_are_read_by_is_kept);
    tcase_add_test(tcase, metadata_that_are_wrong_are_refused);
    tcase_add_test(tcase, the_least_opset_is_written);
    tcase_add_test(tcase, long_names_end_where_a_character_does);
    tcase_add_test(tcase, what_is_too_large_is_refused_before_it_is_written);
    tcase_add_test(tcase, what_can_be_written_is_told_beforehand);
    if (SOMA_HAS_TRAINING) tcase_add_test(tcase, names_are_kept_and_training_goes_on);
    Suite *suite = suite_create("onnx");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
