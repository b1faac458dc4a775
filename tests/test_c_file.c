/* SPDX-License-Identifier: MIT */
/*
 * Networks written as C files: compiled by the compiler that soma was built with, run, and held against the same
 * network in float64.
 */
#include "c_files.h"
#include "expect.h"
#include "host_device.h"
#include "host_network.h"
#include "temporary.h"

#include <dlfcn.h>
#include <math.h>

static soma_device device;

/* ------------------------------------------------------------------------------------------------------- networks */

static void compile(soma_network *network) {
    const soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, &device, &options));
}

/* ---------------------------------------------------------------------------------------------------------- files */

/* What compiled C takes from outside: functions of libm, and what the C library's own start-up adds to any object. */
static void expect_no_library(const char *object) {
    char line[256];
    ck_assert_int_eq(shell("nm -u '%s' > '%s' 2> /dev/null", object, temporary_path("undefined")), 0);
    FILE *file = fopen(temporary_path("undefined"), "r");
    ck_assert_ptr_nonnull(file);
    static const char libm[] =
        " expf expm1f logf log1pf tanhf erff sqrtf fabsf floorf ceilf rintf sinf cosf tanf asinf "
        "acosf atanf sinhf coshf asinhf acoshf atanhf powf fmodf truncf "
        "memcpy memset _GLOBAL_OFFSET_TABLE_ ";
    while (fgets(line, sizeof line, file)) {
        char name[128], spaced[136];
        ck_assert_int_eq(sscanf(line, " U %127s", name), 1);
        snprintf(spaced, sizeof spaced, " %s ", name);
        ck_assert_msg(strstr(libm, spaced) != NULL, "%s is asked for", name);
    }
    fclose(file);
}

typedef void predict_function(const float *x, float *y);

/* The file's function, compiled anew; the library stays open, since what it has is compared. */
static predict_function *compiled(const char *path, const char *prefix, const char *flags, void **library) {
    static unsigned number;
    char name[64], symbol[64];
    snprintf(name, sizeof name, "net%u.so", number++);
    const char *object = temporary_path("net.o");
    ck_assert_int_eq(shell(CC " -std=c99 " WARNINGS " %s -c -o '%s' '%s'", flags, object, path), 0);
    expect_no_library(object);
    ck_assert_int_eq(
        shell(CC " -std=c99 " WARNINGS " %s -fPIC -shared -o '%s' '%s' -lm", flags, temporary_path(name), path), 0);
    *library = dlopen(temporary_path(name), RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(*library != NULL, "%s", dlerror());
    snprintf(symbol, sizeof symbol, "%s_predict", prefix);
    predict_function *function;
    *(void **)&function = dlsym(*library, symbol);
    ck_assert(function != NULL);
    return function;
}

enum { INPUTS = 6 };

static void fill_input(unsigned seed, bool numbers, float *x, size_t count) {
    double *values = malloc(count * sizeof *values);
    fill_random(seed + 77, values, count);
    for (size_t i = 0; i < count; i++) x[i] = numbers ? (float)floor(5 * (values[i] + 1)) : (float)(2 * values[i]);
    free(values);
    if (!numbers && seed == INPUTS - 2) x[count / 2] = NAN;
    if (!numbers && seed == INPUTS - 1) x[count / 2] = INFINITY;
    if (!numbers && seed == INPUTS - 3) memset(x, 0, count * sizeof *x);
}

static void expect_same(soma_network *network, const char *text, const char *flags) {
    soma_c_size size = {0};
    const char *path = temporary_path("my-net.c");
    expect_ok(soma_save_c(network, path, NULL, &size));
    void *library;
    predict_function *predict = compiled(path, "my_net", flags, &library);
    const size_t inputs = soma_tensor_count(soma_network_input(network, 0)),
                 outputs = soma_tensor_count(soma_network_output(network, 0));
    float *x = malloc(inputs * sizeof *x), *expected = malloc(outputs * sizeof *x), *y = malloc(outputs * sizeof *x);
    compile(network);
    for (unsigned i = 0; i < INPUTS; i++) {
        fill_input(i, strncmp(text, "embedding", 9) == 0, x, inputs);
        expect_ok(soma_run(network, x, 1, expected));
        predict(x, y);
        expect_like(expected, y, outputs, text);
    }
    free(x);
    free(y);
    free(expected);
    dlclose(library);
}

/* ---------------------------------------------------------------------------------------------------------- tests */

static const struct {
    uint32_t rank;
    size_t shape[3];
    const char *text;
} cases[] = {
    {1, {7}, "dense 12 relu; dense 9 tanh; dense 4 softmax"},
    {1, {5}, "dense 6 nobias; softmax"},
    {1, {6}, "residual(dense 6 gelu); dropout 0.5; batchnorm; prelu; dense 3"},
    {3, {9, 8, 1}, "conv 4 3x3 pad same relu; maxpool 2; conv 6 3x3; batchnorm; relu; flatten; dense 5"},
    {3, {9, 11, 4}, "depthwise 3x3 stride 2 pad 1; conv 8 1x1 relu6; globalavgpool; dense 3 softmax"},
    {3, {8, 8, 4}, "conv 6 3x3 groups 2 dilation 2 pad 2; avgpool 3 stride 2 pad 1; batchnorm; silu"},
    {3, {7, 6, 2}, "instancenorm; separable 5 3x3 pad 1,0,0,1; maxpool 3 stride 2 pad 1 ceil"},
    {3, {5, 4, 4}, "convtranspose 3 4x4 stride 2 pad 1 relu; globalmaxpool"},
    {3, {3, 4, 4}, "convtranspose 6 3x3 groups 2 dilation 2 output_padding 1; upsample 2; crop 1"},
    {3, {4, 6, 3}, "zeropad 1; reflectpad 1; groupnorm 3; avgpool 2 countpad pad 1"},
    {3, {6, 6, 2}, "conv 3 1x1 pad 1; upsample 2 bilinear"},
    {2, {20, 3}, "conv 5 5 stride 2 pad same tanh; maxpool 2; globalavgpool"},
    {2, {7, 5}, "rnn 6 last; dense 2"},
    {2, {7, 5}, "lstm 6; lstm 5 last; dense 2"},
    {2, {7, 5}, "gru 6 bidirectional; layernorm; dense 3 sigmoid"},
    {2, {6, 4}, "positions sinusoidal; rmsnorm; gru 4 last"},
    {1, {9}, "embedding 10 4; lstm 6 last; dense 2 softmax"},
    {1, {4}, "dense 3; reshape 3 1; softmax"},
    {1, {3}, "dense 1 sigmoid; residual(dense 1 sigmoid)"},
    {2, {6, 8}, "attention heads 4 kvheads 2 rotary"},
    {2, {5, 8}, "transformer heads 2 causal"},
};

START_TEST(a_file_computes_what_the_network_does) {
    soma_network *network = network_of(cases[_i].rank, cases[_i].shape, cases[_i].text);
    change_parameters(network);
    expect_same(network, cases[_i].text, _i % 2 ? "-O2" : "-O0");
    soma_network_destroy(network);
}
END_TEST

/* One matrix for both heads, and one for each, which a parameter has. */
START_TEST(products_of_matrices_are_computed) {
    for (size_t heads = 1; heads < 3; heads++) {
        soma_network *network;
        expect_ok(soma_network_create(&network));
        const size_t given = 24, left[] = {2, 3, 4}, right[] = {1, heads, 4, 3};
        soma_tensor *x = soma_input(network, NULL, 1, &given), *product;
        x = soma_dense(x, 12 * heads, SOMA_TANH);
        soma_tensor *constant = soma_reshape(soma_network_tensor(network, "dense_1.bias"), 4, right);
        x = soma_reshape(soma_dense(x, 24, SOMA_IDENTITY), 3, left);
        expect_ok(soma_graph_matmul(&network->graph, x, constant, &product));
        x = soma_reshape(product, 3, (const size_t[]){2, 3, 3});
        expect_ok(soma_graph_matmul(&network->graph, x, product, &product));
        ck_assert_ptr_nonnull(soma_dense(soma_flatten(product), 3, SOMA_IDENTITY));
        change_parameters(network);
        expect_same(network, "products of matrices", "-O2");
        soma_network_destroy(network);
    }
}
END_TEST

START_TEST(a_function_is_that_of_the_table) {
    for (int function = 0; function < SOMA_FUNCTION_COUNT; function++) {
        const char *name = soma_function_name((soma_function)function);
        soma_network *network = network_of(1, (size_t[]){9}, name);
        expect_same(network, name, "-O2");
        soma_network_destroy(network);
    }
}
END_TEST

START_TEST(what_the_data_were_made_of_is_there) {
    soma_network *network = network_of(1, (size_t[]){2}, "dense 3 softmax");
    change_parameters(network);
    soma_preprocessing *kept = &network->preprocessing;
    kept->width = 2;
    kept->mean = soma_calloc(2, sizeof(double));
    kept->scale = soma_calloc(2, sizeof(double));
    kept->class_names = soma_calloc(3, sizeof(char *));
    kept->class_count = 3;
    const float raw[] = {11, -7}, standard[] = {3, -1};
    memcpy(kept->mean, (const double[]){5, -3}, 2 * sizeof(double));
    memcpy(kept->scale, (const double[]){0.5, 0.25}, 2 * sizeof(double));
    static const char *const names[] = {"one", "\"two\"\n?\?/", "drei \xc3\xa4"};
    for (int i = 0; i < 3; i++) kept->class_names[i] = soma_strdup(names[i]);
    expect_ok(soma_network_set_thresholds(network, (const float[]){0.25f, 0.5f, 0.75f}, 3));
    void *library;
    expect_ok(soma_save_c(network, temporary_path("a.c"), &(soma_c_options){.prefix = "mine"}, NULL));
    predict_function *predict = compiled(temporary_path("a.c"), "mine", "", &library);
    float expected[3], found[3];
    compile(network);
    expect_ok(soma_run(network, standard, 1, expected));
    predict(raw, found);
    expect_like(expected, found, 3, "standardised");
    const char *const *classes = dlsym(library, "mine_class_names");
    const float *thresholds = dlsym(library, "mine_thresholds");
    ck_assert_ptr_nonnull(classes);
    for (int i = 0; i < 3; i++) ck_assert_str_eq(classes[i], names[i]);
    ck_assert_float_eq(thresholds[2], 0.75f);
    dlclose(library);
    soma_network_destroy(network);
}
END_TEST

/* A mean that is large beside the deviation has more digits than one number of C's. */
START_TEST(a_large_mean_keeps_its_digits) {
    soma_network *network = network_of(1, (size_t[]){1}, "dense 3");
    soma_preprocessing *kept = &network->preprocessing;
    kept->width = 1;
    kept->mean = soma_calloc(1, sizeof(double));
    kept->scale = soma_calloc(1, sizeof(double));
    kept->mean[0] = 101325.003;
    kept->scale[0] = 50;
    change_parameters(network);
    void *library;
    expect_ok(soma_save_c(network, temporary_path("m.c"), &(soma_c_options){.prefix = "mine"}, NULL));
    predict_function *predict = compiled(temporary_path("m.c"), "mine", "", &library);
    compile(network);
    for (int i = -2; i < 3; i++) {
        const float raw = 101325 + (float)i / 128, standard = (float)(((double)raw - 101325.003) * 50);
        float expected[3], found[3];
        expect_ok(soma_run(network, &standard, 1, expected));
        predict(&raw, found);
        expect_like(expected, found, 3, "a large mean");
    }
    dlclose(library);
    soma_network_destroy(network);
}
END_TEST

/* Turned for each of them. */
START_TEST(a_weight_can_be_seen_as_two_matrices) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_layers(soma_input(network, NULL, 1, (size_t[]){4}), "dense 6 nobias; relu"), *weight = NULL,
                *seen, *y;
    const soma_tensor like = {.rank = 2, .shape = {6, 4}};
    for (uint32_t i = 0; i < x->graph->count; i++)
        if (x->graph->tensor[i]->op == SOMA_OP_PARAMETER) weight = x->graph->tensor[i];
    expect_ok(soma_graph_reshape(x->graph, weight, &like, &seen));
    expect_ok(soma_graph_gemm(x->graph, x, seen, NULL, false, false, &y));
    soma_output(y);
    change_parameters(network);
    expect_same(network, "twice", "-O2");
    soma_network_destroy(network);
}
END_TEST

/* Two inputs, of which one is an output too; two outputs of the same numbers; names that C has. */
START_TEST(several_inputs_and_outputs_are_arguments) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *a = soma_input(network, "exp", 1, (size_t[]){3}), *b = soma_input(network, "int", 1, (size_t[]){3});
    soma_tensor *sum = soma_output(soma_layers(soma_add(a, b), "tanh"));
    soma_output(soma_layers(sum, "reshape 3 1"));
    soma_output(b);
    void *library;
    expect_ok(soma_save_c(network, temporary_path("4 of them.c"), NULL, NULL));
    compiled(temporary_path("4 of them.c"), "model_4_of_them", "", &library);
    void (*predict)(const float *, const float *, float *, float *, float *);
    *(void **)&predict = dlsym(library, "model_4_of_them_predict");
    float x[] = {1, 2, 3}, y[] = {0.5f, -2, -4}, out[3][3];
    predict(x, y, out[0], out[1], out[2]);
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol((double)out[0][i], tanh((double)(x[i] + y[i])), 1e-6);
        ck_assert_float_eq(out[0][i], out[1][i]);
        ck_assert_float_eq(out[2][i], y[i]);
    }
    dlclose(library);
    soma_network_destroy(network);
}
END_TEST

/* A compiler tells of arguments that nothing uses, which are an error of these tests. */
START_TEST(an_input_that_nothing_reads_is_an_argument) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_input(network, "before", 1, (size_t[]){2});
    soma_tensor *x = soma_input(network, "x", 1, (size_t[]){2});
    soma_input(network, "behind", 1, (size_t[]){3});
    soma_output(soma_layers(x, "tanh"));
    void *library;
    expect_ok(soma_save_c(network, temporary_path("unread.c"), NULL, NULL));
    compiled(temporary_path("unread.c"), "unread", "", &library);
    void (*predict)(const float *, const float *, const float *, float *);
    *(void **)&predict = dlsym(library, "unread_predict");
    float out[2];
    predict(NULL, (const float[]){1, -0.5f}, NULL, out);
    ck_assert_double_eq_tol((double)out[0], tanh(1), 1e-6);
    ck_assert_double_eq_tol((double)out[1], tanh(-0.5), 1e-6);
    dlclose(library);
    soma_network_destroy(network);
}
END_TEST

START_TEST(the_sizes_are_those_of_the_file) {
    soma_network *network = network_of(1, (size_t[]){10}, "dense 20 relu; dense 30 relu; dense 5");
    soma_c_size size;
    expect_ok(soma_save_c(network, temporary_path("s.c"), NULL, &size));
    ck_assert_uint_eq(size.weight_bytes, 4 * (10 * 20 + 20 + 20 * 30 + 30 + 30 * 5 + 5));
    ck_assert_uint_eq(size.memory_bytes, 4 * (20 + 30)); /* input and output are the caller's */
    soma_network_destroy(network);
    /* Of a recurrent layer: all its states and the first, not the products of all steps with the weights. */
    network = network_of(2, (size_t[]){50, 3}, "gru 8 last");
    expect_ok(soma_save_c(network, temporary_path("s.c"), NULL, &size));
    ck_assert_uint_le(size.memory_bytes, 4 * (50 * 8 + 8));
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_has_no_form_is_refused) {
    soma_network *network = network_of(3, (size_t[]){4, 4, 1}, "avgpool 3 stride 2 pad 1 countpad ceil");
    expect_error(soma_save_c(network, temporary_path("no.c"), NULL, NULL), SOMA_UNSUPPORTED, "no.c", "avgpool",
                 "counts padding", "accepted are");
    expect_error(soma_save(network, temporary_path("no.c")), SOMA_UNSUPPORTED, "counts padding");
    expect_error(soma_check_save(network, temporary_path("no.c")), SOMA_UNSUPPORTED, "counts padding");
    ck_assert_int_eq(temporary_count(), 0);
    soma_network_destroy(network);
    network = network_of(1, (size_t[]){3}, "dense 2");
    const soma_c_options prefix = {.prefix = "3d"}, more = {.reserved = {0, 1}};
    expect_error(soma_save_c(network, "a.c", &prefix, NULL), SOMA_INVALID_ARGUMENT, "\"3d\"", "letters");
    expect_error(soma_save_c(network, "a.c", &more, NULL), SOMA_INVALID_ARGUMENT, "reserved");
    expect_error(soma_save_c(NULL, "a.c", NULL, NULL), SOMA_INVALID_ARGUMENT, "a network and a path");
    expect_ok(soma_check_save(network, temporary_path("yes.c")));
    ck_assert_int_eq(temporary_count(), 0);
    soma_network_destroy(network);
}
END_TEST

int main(void) {
    if (shell(CC " --version > /dev/null 2>&1 && command -v nm > /dev/null 2>&1") != 0) {
        printf("there is no compiler to try the C files with (" CC ", nm)\n");
        return 77;
    }
    host_device_open(&device);
    TCase *all = tcase_create("C files");
    tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, a_file_computes_what_the_network_does, 0, sizeof cases / sizeof *cases);
    tcase_add_test(all, a_function_is_that_of_the_table);
    tcase_add_test(all, products_of_matrices_are_computed);
    tcase_add_test(all, what_the_data_were_made_of_is_there);
    tcase_add_test(all, several_inputs_and_outputs_are_arguments);
    tcase_add_test(all, an_input_that_nothing_reads_is_an_argument);
    tcase_add_test(all, the_sizes_are_those_of_the_file);
    tcase_add_test(all, what_has_no_form_is_refused);
    tcase_add_test(all, a_large_mean_keeps_its_digits);
    tcase_add_test(all, a_weight_can_be_seen_as_two_matrices);
    Suite *suite = suite_create("C files");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
