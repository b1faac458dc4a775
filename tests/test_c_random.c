/* SPDX-License-Identifier: MIT */
/*
 * Random networks written as C files: multilayer perceptrons, convolutional and recurrent ones. All files of a kind are
 * compiled into one program, with the sanitizers of addresses and of undefined behaviour where the compiler has them,
 * which computes in one run what is then held against the networks in float64. Where there are compilers for other
 * processors, and what runs their programs, the same is done there.
 *
 * Usage: test_c_random [FIRST SEED]
 */
#include "c_files.h"
#include "expect.h"
#include "host_device.h"
#include "host_network.h"
#include "temporary.h"

#include <math.h>
#include <stdarg.h>

enum { NETWORKS = 6, SAMPLES = 3, TEXT = 1024 };

static soma_device device;
static unsigned first_seed = 1;

/* ------------------------------------------------------------------------------------------------- random networks */

static uint64_t state;

/* From least to most. */
static unsigned draw(unsigned least, unsigned most) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return least + (unsigned)((state >> 33) % (most - least + 1));
}

static bool heads(void) {
    return draw(0, 1) == 0;
}

typedef struct recipe {
    uint32_t rank;
    size_t shape[3];
    char text[TEXT];
} recipe;

static void add(recipe *made, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(recipe *made, const char *format, ...) {
    const size_t length = strlen(made->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(made->text + length, TEXT - length, format, arguments);
    va_end(arguments);
}

static const char *draw_function(void) {
    static const char *const functions[] = {"relu", "tanh", "sigmoid", "gelu", "silu", "elu", "leaky_relu", "identity"};
    return functions[draw(0, 7)];
}

static void end_dense(recipe *made) {
    add(made, "dense %u%s", draw(1, 9), heads() ? " softmax" : "");
}

static void draw_perceptron(recipe *made) {
    made->rank = 1;
    made->shape[0] = draw(1, 24);
    for (unsigned layers = draw(1, 4); layers; layers--) {
        const unsigned units = draw(1, 40);
        add(made, "dense %u %s%s; ", units, draw_function(), draw(0, 3) ? "" : " nobias");
        if (draw(0, 3) == 0) add(made, "batchnorm; ");
        if (draw(0, 3) == 0) add(made, "residual(dense %u %s); ", units, draw_function());
        if (draw(0, 3) == 0) add(made, "layernorm; ");
    }
    end_dense(made);
}

static void draw_convolutional(recipe *made) {
    const bool flat = draw(0, 2) == 0; /* one dimension */
    unsigned size = draw(6, 13);
    made->rank = flat ? 2 : 3;
    made->shape[0] = size;
    made->shape[flat ? 1 : 2] = draw(1, 4);
    if (!flat) made->shape[1] = draw(6, 13);
    if (!flat && made->shape[1] < size) size = (unsigned)made->shape[1];
    for (unsigned layers = draw(1, 3); layers; layers--) {
        const unsigned kernel = draw(1, size < 4 ? size : 4), stride = draw(1, 2);
        const char *same = heads() ? " pad same" : "";
        add(made, flat ? "conv %u %u" : "conv %u %ux%u", draw(1, 8), kernel, kernel);
        add(made, " stride %u%s %s; ", stride, same, draw_function());
        size = *same ? (size + stride - 1) / stride : (size - kernel) / stride + 1;
        if (draw(0, 2) == 0) add(made, "batchnorm; ");
        if (size >= 2 && heads()) {
            add(made, "%spool 2; ", heads() ? "max" : "avg");
            size /= 2;
        }
    }
    add(made, heads() ? "flatten; " : "globalavgpool; ");
    end_dense(made);
}

static void draw_recurrent(recipe *made, const char *cell) {
    made->rank = 2;
    made->shape[0] = draw(1, 12);
    made->shape[1] = draw(1, 6);
    for (unsigned layers = draw(1, 2); layers; layers--)
        add(made, "%s %u%s%s; ", cell, draw(1, 12), heads() ? " bidirectional" : "",
            layers == 1 && heads() ? " last" : "");
    end_dense(made);
}

static void draw_lstm(recipe *made) {
    draw_recurrent(made, "lstm");
}

static void draw_gru(recipe *made) {
    draw_recurrent(made, "gru");
}

static const struct kind {
    const char *name;
    void (*make)(recipe *made);
} kinds[] = {
    {"perceptron", draw_perceptron}, {"convolutional", draw_convolutional}, {"lstm", draw_lstm}, {"gru", draw_gru}};

/* ------------------------------------------------------------------------------------------------------- compilers */

static const struct target {
    const char *compiler, *flags, *runner; /* runner NULL: what is compiled is not run */
} targets[] = {
    /* What has no room for a large stack wants none: memory is static. */
    {CC, "-O2 -Wframe-larger-than=512 -Wdouble-promotion", ""},
    {CC, "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all", ""},
    {"arm-linux-gnueabihf-gcc", "-Os -static", "qemu-arm-static"},
    {"riscv64-linux-gnu-gcc", "-Os -static", "qemu-riscv64-static"},
    {"arm-none-eabi-gcc", "-Os -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Wdouble-promotion -c", NULL},
};
enum { TARGETS = sizeof targets / sizeof *targets };
static bool there[TARGETS];

/* Whether programs can be made and run; else says so. */
static bool is_there(const struct target *target) {
    const char *runner = target->runner ? target->runner : "test -f";
    const bool found = shell("d=$(mktemp -d) && cd \"$d\" && echo 'int main(void) { return 0; }' > try.c && "
                             "%s %s -o try try.c > log 2>&1 && %s ./try; status=$?; rm -rf \"$d\"; exit $status",
                             target->compiler, target->flags, runner) == 0;
    if (!found) printf("skipped: %s %s\n", target->compiler, target->flags);
    return found;
}

/* -------------------------------------------------------------------------------------------------- all of a kind */

typedef struct sampled {
    recipe made;
    size_t inputs, outputs;
    float *x, *expected; /* of all samples */
} sampled;

static sampled draw_network(const struct kind *kind, unsigned number) {
    char name[16];
    sampled drawn = {0};
    state = (uint64_t)(first_seed + number) * 1000003u + (uint64_t)(kind - kinds);
    for (int i = 0; i < 8; i++) heads(); /* until the bits are mixed */
    kind->make(&drawn.made);
    soma_network *network = network_of(drawn.made.rank, drawn.made.shape, drawn.made.text);
    change_parameters(network);
    snprintf(name, sizeof name, "n%u.c", number);
    expect_ok(soma_save_c(network, temporary_path(name), NULL, NULL));
    drawn.inputs = soma_tensor_count(soma_network_input(network, 0));
    drawn.outputs = soma_tensor_count(soma_network_output(network, 0));
    drawn.x = malloc(SAMPLES * drawn.inputs * sizeof *drawn.x);
    drawn.expected = malloc(SAMPLES * drawn.outputs * sizeof *drawn.expected);
    double *values = malloc(SAMPLES * drawn.inputs * sizeof *values);
    fill_random(number + 11, values, SAMPLES * drawn.inputs);
    for (size_t i = 0; i < SAMPLES * drawn.inputs; i++) drawn.x[i] = (float)(2 * values[i]);
    free(values);
    const soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, &device, &options));
    expect_ok(soma_run(network, drawn.x, SAMPLES, drawn.expected));
    soma_network_destroy(network);
    return drawn;
}

/* A program that computes all of them: samples come in and go out as bytes. */
static void write_main(void) {
    FILE *file = fopen(temporary_path("main.c"), "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < NETWORKS; i++) fprintf(file, "#define N%d_DECLARATIONS\n#include \"n%d.c\"\n", i, i);
    fprintf(file,
            "#include <stdio.h>\n#include <stdlib.h>\n"
            "static void run(void (*predict)(const float *, float *), size_t inputs, size_t outputs) {\n"
            "    float *x = malloc(inputs * sizeof *x), *y = malloc(outputs * sizeof *y);\n"
            "    for (int i = 0; i < %d; i++) {\n"
            "        if (fread(x, sizeof *x, inputs, stdin) != inputs) exit(1);\n"
            "        predict(x, y);\n"
            "        fwrite(y, sizeof *y, outputs, stdout);\n"
            "    }\n    free(x);\n    free(y);\n}\nint main(void) {\n",
            SAMPLES);
    for (int i = 0; i < NETWORKS; i++)
        fprintf(file, "    run(n%d_predict, N%d_INPUT_COUNT, N%d_OUTPUT_COUNT);\n", i, i, i);
    fprintf(file, "    return 0;\n}\n");
    fclose(file);
}

static void expect_all(const sampled drawn[NETWORKS], const struct target *target) {
    FILE *file = fopen(temporary_path("out"), "rb");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < NETWORKS; i++) {
        char text[2 * TEXT];
        const size_t count = SAMPLES * drawn[i].outputs;
        float *found = malloc(count * sizeof *found);
        ck_assert_uint_eq(fread(found, sizeof *found, count, file), count);
        snprintf(text, sizeof text, "seed %u, %s %s: %s", first_seed + (unsigned)i, target->compiler, target->flags,
                 drawn[i].made.text);
        expect_like(drawn[i].expected, found, count, text);
        free(found);
    }
    fclose(file);
}

START_TEST(random_networks_are_computed) {
    sampled drawn[NETWORKS];
    FILE *in = fopen(temporary_path("in"), "wb");
    ck_assert_ptr_nonnull(in);
    for (unsigned i = 0; i < NETWORKS; i++) {
        drawn[i] = draw_network(&kinds[_i], i);
        fwrite(drawn[i].x, sizeof(float), SAMPLES * drawn[i].inputs, in);
    }
    fclose(in);
    write_main();
    for (int i = 0; i < TARGETS; i++) {
        const struct target *target = &targets[i];
        if (!there[i]) continue;
        ck_assert_int_eq(shell("cd '%s' && %s -std=c99 " WARNINGS " %s %s main.c n?.c -lm", temporary_directory,
                               target->compiler, target->flags, target->runner ? "-o all" : ""),
                         0);
        if (!target->runner) continue;
        ck_assert_int_eq(shell("cd '%s' && %s ./all < in > out", temporary_directory, target->runner), 0);
        expect_all(drawn, target);
    }
    for (int i = 0; i < NETWORKS; i++) {
        free(drawn[i].x);
        free(drawn[i].expected);
    }
}
END_TEST

int main(int argc, char **argv) {
    if (shell(CC " --version > /dev/null 2>&1") != 0) {
        printf("there is no compiler to try the C files with (" CC ")\n");
        return 77;
    }
    if (argc > 1) first_seed = (unsigned)strtoul(argv[1], NULL, 10);
    for (int i = 0; i < TARGETS; i++) there[i] = is_there(&targets[i]);
    fflush(stdout);
    if (!there[0]) return 77; /* nothing would be computed, and all be well */
    host_device_open(&device);
    TCase *all = tcase_create("random C files");
    tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, random_networks_are_computed, 0, sizeof kinds / sizeof *kinds);
    Suite *suite = suite_create("random C files");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
