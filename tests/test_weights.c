/* SPDX-License-Identifier: MIT */
/* Weights from safetensors files: by name, by a map, transposed, of several types; and what is refused. */
#include "expect.h"
#include "io/safetensors/safetensors.h"
#include "suite.h"
#include "temporary.h"

#include "device/device.h"

static float matrix[6] = {1, 2, 3, 4, 5, 6}, bias[3] = {7, 8, 9}, square[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static soma_network *network_of(void) {
    const size_t width = 2;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &width), "dense 3 tanh; dense 3");
    expect_ok(soma_network_status(network));
    return network;
}

static const char *write_file(const soma_safetensors_source *tensors, size_t count) {
    const char *path = temporary_path("weights");
    expect_ok(soma_safetensors_write(path, tensors, count, NULL, 0));
    return path;
}

static void expect_parameter(soma_network *network, const char *name, const float *expected, size_t count) {
    float values[16];
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, name), values, count));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(values[i] == expected[i], "%s[%zu] is %g, expected %g", name, i, (double)values[i],
                      (double)expected[i]);
}

static soma_status load(soma_network *network, const char *path, const char *map, bool partial) {
    const soma_weights_options options = {.map = map, .partial = partial};
    return soma_load_weights(network, path, &options);
}

/* As soma names and keeps them; what nobody wants is passed over. */
START_TEST(by_their_own_names) {
    const soma_safetensors_source tensors[] = {{"dense_1.weight", 2, {2, 3}, matrix},
                                               {"dense_2.bias", 1, {3}, bias},
                                               {"dense_1.bias", 1, {3}, square},
                                               {"dense_2.weight", 2, {3, 3}, square},
                                               {"another", 1, {3}, bias}};
    soma_network *network = network_of();
    expect_ok(soma_load_weights(network, write_file(tensors, 5), NULL));
    expect_parameter(network, "dense_1.weight", matrix, 6);
    expect_parameter(network, "dense_1.bias", square, 3);
    expect_parameter(network, "dense_2.weight", square, 9);
    expect_parameter(network, "dense_2.bias", bias, 3);
    soma_network_destroy(network);
}
END_TEST

static const soma_safetensors_source torch[] = {{"fc.0.weight", 2, {3, 2}, matrix},
                                                {"fc.0.bias", 1, {3}, bias},
                                                {"fc.2.weight", 2, {3, 3}, square},
                                                {"fc.2.bias", 1, {3}, bias}};

/* As nn.Linear keeps them: [outputs, inputs]. Compiled or not. */
START_TEST(by_a_map_and_transposed) {
    static const float turned[6] = {1, 3, 5, 2, 4, 6}, turned_square[9] = {1, 4, 7, 2, 5, 8, 3, 6, 9};
    static const char *const maps[] = {"dense_1 fc.0 transposed; dense_2 fc.2 transposed",
                                       "\n dense_1\tfc.0 transposed \n;;dense_2 fc.2 transposed;",
                                       "dense_2.weight fc.2.weight transposed; dense_2 fc.2; dense_1 fc.0 transposed"};
    const char *path = write_file(torch, 4);
    soma_device *cpu;
    expect_ok(soma_device_open("cpu", NULL, &cpu));
    for (int i = 0; i < 6; i++) {
        soma_network *network = network_of();
        if (i % 2) expect_ok(soma_compile(network, cpu, NULL));
        expect_ok(load(network, path, maps[i / 2], false));
        expect_parameter(network, "dense_1.weight", turned, 6);
        expect_parameter(network, "dense_1.bias", bias, 3);
        expect_parameter(network, "dense_2.weight", turned_square, 9);
        soma_network_destroy(network);
    }
    soma_device_close(cpu);
}
END_TEST

/* As nn.Conv2d keeps them: [filters, channels / groups, kernel...], and nn.ConvTranspose2d: [channels, filters /
 * groups, kernel...]; along time with one dimension of kernel. */
START_TEST(convolutions_as_pytorch_keeps_them) {
    static const size_t shape[3] = {3, 4, 2};
    float kernel[12], turned[12], back[12], line[12];
    for (size_t i = 0; i < 12; i++) kernel[i] = (float)i;
    for (size_t k = 0; k < 2; k++) /* [3, 2, 1, 2] and [2, 3, 1, 2] */
        for (size_t o = 0; o < 3; o++)
            for (size_t c = 0; c < 2; c++) {
                turned[(k * 2 + c) * 3 + o] = kernel[(o * 2 + c) * 2 + k];
                back[(k * 2 + c) * 3 + o] = kernel[(o * 2 + c) * 2 + k];
                line[(k * 3 + o) * 2 + c] = kernel[(c * 3 + o) * 2 + k];
            }
    const soma_safetensors_source tensors[] = {{"0.weight", 4, {3, 2, 1, 2}, kernel},
                                               {"0.bias", 1, {3}, bias},
                                               {"1.weight", 4, {3, 2, 1, 2}, kernel},
                                               {"2.weight", 3, {2, 3, 2}, kernel}};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 3, shape),
                "conv 3 1x2; convtranspose 2 1x2 nobias; reshape 8 3; conv 2 2 nobias");
    expect_ok(load(network, write_file(tensors, 4),
                   "conv_1 0 transposed; convtranspose_1 1 transposed; conv_2 2 transposed", false));
    expect_parameter(network, "conv_1.weight", turned, 12);
    expect_parameter(network, "conv_1.bias", bias, 3);
    expect_parameter(network, "convtranspose_1.weight", back, 12);
    expect_parameter(network, "conv_2.weight", line, 12);
    expect_error(
        load(network, write_file(tensors, 4), "conv_1 0; convtranspose_1 1 transposed; conv_2 2 transposed", false),
        SOMA_INVALID_SHAPE, "[3, 2, 1, 2]", "it fits transposed");
    soma_network_destroy(network);
}
END_TEST

/* As nn.BatchNorm1d keeps them; its count of batches, of whole numbers, is passed over. */
START_TEST(normalisations_as_pytorch_keeps_them) {
    const soma_safetensors_source tensors[] = {
        {"fc.weight", 2, {3, 2}, matrix},        {"fc.bias", 1, {3}, bias},           {"bn.weight", 1, {3}, matrix},
        {"bn.bias", 1, {3}, matrix + 3},         {"bn.running_mean", 1, {3}, square}, {"bn.running_var", 1, {3}, bias},
        {"bn.num_batches_tracked", 0, {0}, bias}};
    const size_t width = 2;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &width), "dense 3; batchnorm; relu");
    expect_ok(load(network, write_file(tensors, 7), "dense_1 fc transposed; batchnorm_1 bn transposed", false));
    expect_parameter(network, "batchnorm_1.weight", matrix, 3);
    expect_parameter(network, "batchnorm_1.bias", matrix + 3, 3);
    expect_parameter(network, "batchnorm_1.running_mean", square, 3);
    expect_parameter(network, "batchnorm_1.running_var", bias, 3);
    soma_network_destroy(network);
}
END_TEST

START_TEST(a_part_of_them) {
    float before[9];
    soma_network *network = network_of();
    soma_device *cpu;
    expect_ok(soma_device_open("cpu", NULL, &cpu));
    expect_ok(soma_compile(network, cpu, NULL));
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "dense_2.weight"), before, 9));
    expect_ok(load(network, write_file(torch, 2), "dense_1 fc.0 transposed", true));
    expect_parameter(network, "dense_1.bias", bias, 3);
    expect_parameter(network, "dense_2.weight", before, 9);
    soma_network_destroy(network);
    soma_device_close(cpu);
}
END_TEST

/* A file with one tensor "dense_1.bias" of this type. */
static const char *shaped_file(const char *type, const char *shape, const void *data, size_t size) {
    uint8_t file[2048];
    int length =
        snprintf((char *)file + 8, sizeof file - 8,
                 "{\"dense_1.bias\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[0,%zu]}}", type, shape, size);
    memset(file, 0, 8);
    file[0] = (uint8_t)(length & 255);
    file[1] = (uint8_t)(length >> 8);
    memcpy(file + 8 + length, data, size);
    return temporary_file("weights", file, 8 + (size_t)length + size);
}

static const char *typed_file(const char *type, const void *data, size_t size) {
    return shaped_file(type, "3", data, size);
}

START_TEST(types_of_real_numbers) {
    /* 1, -2 and 2^-24; 1, -2 and 2^-126; 1, -2 and 0.1 */
    static const uint8_t halves[] = {0, 0x3C, 0, 0xC0, 1, 0}, bfloats[] = {0x80, 0x3F, 0, 0xC0, 0x80, 0},
                         doubles[] = {0, 0, 0, 0,    0,    0,    0xF0, 0x3F, 0,    0,    0,    0,
                                      0, 0, 0, 0xC0, 0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F};
    soma_network *network = network_of();
    expect_ok(load(network, typed_file("F16", halves, sizeof halves), NULL, true));
    expect_parameter(network, "dense_1.bias", (const float[]){1, -2, 0x1p-24f}, 3);
    expect_ok(load(network, typed_file("BF16", bfloats, sizeof bfloats), NULL, true));
    expect_parameter(network, "dense_1.bias", (const float[]){1, -2, 0x1p-126f}, 3);
    expect_ok(load(network, typed_file("F64", doubles, sizeof doubles), NULL, true));
    expect_parameter(network, "dense_1.bias", (const float[]){1, -2, 0.1f}, 3);
    expect_error(load(network, typed_file("I16", halves, sizeof halves), NULL, true), SOMA_INVALID_FILE,
                 "/weights: tensor dense_1.bias is I16", "F16, BF16 and F64");
    /* 1, -10^300 and 1: float32 would make an infinity of it. 1, -(2^128 - 2^103) and 1 is the first that it rounds to
     * one; an infinity that is in the file is what it is. */
    static const uint8_t large[] = {0,    0,    0,    0,    0, 0, 0xF0, 0x3F, 0x9C, 0x75, 0x00, 0x88,
                                    0x3C, 0xE4, 0x37, 0xFE, 0, 0, 0,    0,    0,    0,    0xF0, 0x3F},
                         first[] = {0,    0,    0,    0,    0, 0, 0xF0, 0x3F, 0, 0, 0,    0xF0,
                                    0xFF, 0xFF, 0xEF, 0xC7, 0, 0, 0,    0,    0, 0, 0xF0, 0x3F},
                         last[] = {0,    0,    0,    0,    0, 0, 0xF0, 0x3F, 0xFF, 0xFF, 0xFF, 0xEF,
                                   0xFF, 0xFF, 0xEF, 0xC7, 0, 0, 0,    0,    0,    0,    0xF0, 0x3F},
                         infinite[] = {0, 0, 0,    0,    0, 0, 0xF0, 0x3F, 0, 0, 0,    0,
                                       0, 0, 0xF0, 0xFF, 0, 0, 0,    0,    0, 0, 0xF0, 0x3F};
    expect_error(load(network, typed_file("F64", large, sizeof large), NULL, true), SOMA_INVALID_FILE,
                 "/weights: tensor \"dense_1.bias\": element 1 is -1", "e+300", "float32");
    expect_error(load(network, typed_file("F64", first, sizeof first), NULL, true), SOMA_INVALID_FILE, "dense_1.bias",
                 "element 1 is -3.40282357e+38");
    expect_ok(load(network, typed_file("F64", last, sizeof last), NULL, true));
    expect_parameter(network, "dense_1.bias", (const float[]){1, -0x1.fffffep127f, 1}, 3);
    expect_ok(load(network, typed_file("F64", infinite, sizeof infinite), NULL, true));
    expect_parameter(network, "dense_1.bias", (const float[]){1, -INFINITY, 1}, 3);
    soma_network_destroy(network);
}
END_TEST

/* Types that are passed over where nobody wants them are refused by the tensor's name where somebody does. */
START_TEST(wanted_tensors_of_other_types_are_refused) {
    static const struct {
        const char *name;
        size_t bytes; /* of four elements */
    } types[] = {{"F4", 2},          {"F6_E2M3", 3}, {"F6_E3M2", 3}, {"F8_E4M3", 4}, {"F8_E5M2", 4}, {"F8_E4M3FNUZ", 4},
                 {"F8_E5M2FNUZ", 4}, {"F8_E8M0", 4}, {"BOOL", 4},    {"I8", 4},      {"U64", 32},    {"C64", 32}};
    static const uint8_t data[32];
    soma_network *network = network_of();
    for (size_t i = 0; i < SOMA_COUNT_OF(types); i++) {
        const char *path = shaped_file(types[i].name, "4", data, types[i].bytes);
        expect_error(load(network, path, NULL, true), SOMA_INVALID_FILE, "/weights: tensor dense_1.bias is ",
                     types[i].name, "F32, F16, BF16 and F64 are read");
    }
    soma_network_destroy(network);
}
END_TEST

/* More dimensions than a network's tensor can have, and more than a message can name. */
START_TEST(wanted_tensors_of_any_rank_are_compared) {
    char shape[1200] = "3";
    static const uint8_t data[12];
    soma_network *network = network_of();
    expect_error(load(network, shaped_file("F32", "1,1,1,1,1,3", data, 12), NULL, true), SOMA_INVALID_SHAPE,
                 "dense_1.bias is [1, 1, 1, 1, 1, 3]", "dense_1.bias is [3]");
    for (int i = 0; i < 500; i++) strcat(shape, ",1");
    expect_error(load(network, shaped_file("F32", shape, data, 12), NULL, true), SOMA_INVALID_SHAPE,
                 "dense_1.bias is [3, 1, 1, ", ", ...]", "dense_1.bias is [3]");
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_does_not_fit_is_refused) {
    static const struct {
        const char *map;
        soma_status status;
        const char *words[5];
    } cases[] = {
        {NULL, SOMA_INVALID_FILE, {"/weights: tensor \"dense_1.weight\"", "dense_1.weight, is not among the 4"}},
        {"dense_1 fc.1", SOMA_INVALID_FILE, {"\"fc.1.weight\"", "for the parameter dense_1.weight"}},
        {"dense_1 fc.0", SOMA_INVALID_SHAPE, {"fc.0.weight is [3, 2]", "dense_1.weight is [2, 3]", "fits transposed"}},
        {"dense_1 fc.0 transposed; dense_2 fc.0", SOMA_INVALID_SHAPE, {"fc.0.weight", "dense_2.weight is [3, 3]"}},
        {"dense_1 fc.0 transposed; dense_2 fc.2; dense_3 fc.2", SOMA_INVALID_ARGUMENT, {"\"dense_3\" is no parameter"}},
        {"dense_1 fc.0 transposed; dense fc.2", SOMA_INVALID_FILE, {"dense_2.weight"}},
        {"dense_1", SOMA_INVALID_ARGUMENT, {"\"dense_1\": an entry is"}},
        {"dense_1 fc.0 turned", SOMA_INVALID_ARGUMENT, {"\"dense_1 fc.0 turned\""}},
        {"dense_1 fc.0 transposed twice", SOMA_INVALID_ARGUMENT, {"twice"}},
    };
    const char *path = write_file(torch, 4);
    for (size_t i = 0; i < SOMA_COUNT_OF(cases); i++) {
        soma_network *network = network_of();
        static const float before[3] = {1, 1, 1};
        expect_ok(soma_set_parameter(network, soma_network_tensor(network, "dense_1.bias"), before, 3));
        expect_error_words(load(network, path, cases[i].map, false), cases[i].status, cases[i].words, "a wrong map");
        expect_parameter(network, "dense_1.bias", before, 3);
        soma_network_destroy(network);
    }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, by_their_own_names);
    tcase_add_test(cases, by_a_map_and_transposed);
    tcase_add_test(cases, convolutions_as_pytorch_keeps_them);
    tcase_add_test(cases, normalisations_as_pytorch_keeps_them);
    tcase_add_test(cases, a_part_of_them);
    tcase_add_test(cases, types_of_real_numbers);
    tcase_add_test(cases, wanted_tensors_of_other_types_are_refused);
    tcase_add_test(cases, wanted_tensors_of_any_rank_are_compared);
    tcase_add_test(cases, what_does_not_fit_is_refused);
}

int main(void) {
    return run_suite("weights", add_tests);
}
