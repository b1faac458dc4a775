/* SPDX-License-Identifier: MIT */
/* Programs compiled against an earlier version: structs keep their layout, and unknown fields are refused. */
#include "base/base.h"
#include "expect.h"
#include "suite.h"
#include <soma/communicator.h>
#include <soma/onnx.h>
#include <soma/stream.h>
#include <soma/table.h>
#include <soma/tokenizer.h>

#include <stdio.h>

static const struct {
    const char *what;
    size_t found, expected;
} layout[] = {
#define STRUCT(type, bytes)        {"sizeof " #type, sizeof(type), bytes},
#define FIELD(type, field, offset) {#type "." #field, offsetof(type, field), offset},
#include "abi_layout.h"
#undef STRUCT
#undef FIELD
};

START_TEST(structs_keep_their_layout) {
    if (sizeof(void *) != 8) return; /* the list is of 64-bit machines */
    for (size_t i = 0; i < SOMA_COUNT_OF(layout); i++)
        ck_assert_msg(layout[i].found == layout[i].expected, "%s is %zu; programs were compiled with %zu",
                      layout[i].what, layout[i].found, layout[i].expected);
}
END_TEST

/*
 * What a program of the first version hands over: its own idea of the struct, in memory that ends with it. Every field
 * that was added since must read as zero, which is its default.
 */
typedef struct first_csv_options {
    const char *label;
    int header;
    char separator;
    bool regression;
    uint64_t later[4];
} first_csv_options;

START_TEST(an_older_struct_means_what_it_meant) {
    char path[] = "/tmp/soma-abi-XXXXXX";
    int file = mkstemp(path);
    ck_assert(file >= 0);
    FILE *table = fdopen(file, "w");
    fputs("1;2;3\n4;5;6\n", table);
    fclose(table);
    first_csv_options *old = soma_calloc(1, sizeof *old); /* the address sanitizer sees a read past its end */
    memset(old, 0xff, sizeof *old);                       /* what lies between its fields may be anything */
    memset(old->later, 0, sizeof old->later);
    old->label = "1";
    old->header = -1;
    old->separator = ';';
    old->regression = true;
    soma_dataset *dataset = NULL;
    expect_ok(soma_dataset_from_csv(path, (const soma_csv_options *)old, &dataset));
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.samples, 2);
    ck_assert_uint_eq(info.classes, 0);
    ck_assert_uint_eq(info.input_shape[0][0], 2);
    soma_dataset_destroy(dataset);
    soma_free(old);
    remove(path);
}
END_TEST

/* Of the structs within soma_compile_options too. */
START_TEST(fields_of_later_versions_are_refused) {
    const size_t width = 1;
    soma_device *device = NULL;
    soma_network *network = NULL;
    soma_dataset *dataset = NULL;
    const soma_device_options threads = {.reserved = {7}};
    expect_error(soma_device_open("cpu", &threads, &device), SOMA_INVALID_ARGUMENT, "soma_device_options", "0 is 7");
    const soma_csv_options csv = {.reserved = {1}};
    expect_error(soma_dataset_from_csv("none.csv", &csv, &dataset), SOMA_INVALID_ARGUMENT, "soma_csv_options",
                 "0 is 1");

    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 1, &width);
    ck_assert_ptr_null(soma_dense_with(x, 1, &(soma_dense_options){.reserved = {1}}));
    expect_error(soma_network_status(network), SOMA_INVALID_ARGUMENT, "soma_dense_options");
    soma_network_destroy(network);

    expect_ok(soma_network_create(&network));
    soma_dense(soma_input(network, NULL, 1, &width), 1, SOMA_IDENTITY);
    soma_compile_options options = {.reserved = {1}};
    expect_error(soma_compile(network, device, &options), SOMA_INVALID_ARGUMENT, "soma_compile_options");
    options = (soma_compile_options){.optimizer.reserved = {1}};
    expect_error(soma_compile(network, device, &options), SOMA_INVALID_ARGUMENT, "soma_optimizer");
    options = (soma_compile_options){.optimizer.schedule.reserved = {1}};
    expect_error(soma_compile(network, device, &options), SOMA_INVALID_ARGUMENT, "soma_schedule");
    expect_ok(soma_compile(network, device, NULL));

    const float value = 1;
    const soma_array array = {.data = &value, .dtype = SOMA_F32, .rank = 2, .shape = {1, 1}};
    expect_ok(soma_dataset_from_arrays(&array, 1, &array, 1, &dataset));
    const soma_fit_options fit = {.reserved = {[6] = 1}};
    if (SOMA_HAS_TRAINING)
        expect_error(soma_fit(network, dataset, &fit, NULL), SOMA_INVALID_ARGUMENT, "soma_fit_options", "6 is 1");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* The same where the library is built without ONNX. */
START_TEST(functions_of_onnx_want_a_place_for_their_result) {
    const soma_onnx_visitor visitor = {.context = NULL};
    expect_error(soma_onnx_session_create("none.onnx", NULL, NULL, NULL), SOMA_INVALID_ARGUMENT,
                 "soma_onnx_session_create");
    expect_error(soma_load_onnx("none.onnx", NULL, NULL), SOMA_INVALID_ARGUMENT, "soma_load_onnx");
    expect_error(soma_list_onnx("none.onnx", &visitor, NULL), SOMA_INVALID_ARGUMENT, "soma_list_onnx");
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, structs_keep_their_layout);
    tcase_add_test(cases, an_older_struct_means_what_it_meant);
    tcase_add_test(cases, fields_of_later_versions_are_refused);
    tcase_add_test(cases, functions_of_onnx_want_a_place_for_their_result);
}

int main(void) {
    return run_suite("abi", add_tests);
}
