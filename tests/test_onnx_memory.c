/* SPDX-License-Identifier: MIT */
/* How much memory an ONNX model may take: against its file, and the files beside it. */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/file.h"
#include "nn/network.h"
#include "onnx_model.h"
#include "peak_memory.h"
#include "temporary.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static soma_status load(soma_network **network) {
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, NULL, network);
}

typedef void put_link(const char *from, const char *to);
static size_t chain_length;
static put_link *chain_link;

static void put_abs(const char *from, const char *to) {
    size_t one = soma_protobuf_open(W, GRAPH_NODE); /* without a name, as small as it can be */
    soma_protobuf_put_text(W, NODE_INPUT, from);
    soma_protobuf_put_text(W, NODE_OUTPUT, to);
    soma_protobuf_put_text(W, NODE_OP, "Abs");
    soma_protobuf_close(W, one);
}

/* One node that becomes ten. */
static void put_gelu(const char *from, const char *to) {
    size_t one = soma_onnx_begin_node(&made, "Gelu", to, (const char *[]){from, NULL});
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, "approximate");
    soma_protobuf_put_integer(W, 20, 3); /* STRING */
    soma_protobuf_put_bytes(W, 4, "tanh", 4);
    soma_protobuf_close(W, attribute);
    soma_onnx_end_node(&made, one);
}

static void put_clip(const char *from, const char *to) {
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, "Clip", to, (const char *[]){from, "low", "high", NULL}));
}

/* A tensor of [4, columns] at the beginning of another file. */
static void put_external(const char *name, const char *location, int64_t columns) {
    size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER), entry;
    soma_protobuf_put_integer(W, TENSOR_DIMS, 4);
    soma_protobuf_put_integer(W, TENSOR_DIMS, columns);
    soma_protobuf_put_integer(W, TENSOR_TYPE, ONNX_FLOAT);
    soma_protobuf_put_text(W, TENSOR_NAME, name);
    entry = soma_protobuf_open(W, 13);
    soma_protobuf_put_text(W, 1, "location");
    soma_protobuf_put_text(W, 2, location);
    soma_protobuf_close(W, entry);
    soma_protobuf_put_integer(W, 14, 1); /* EXTERNAL */
    soma_protobuf_close(W, message);
}

static void chain(void) {
    char from[24] = "x", to[24];
    floats("low", SHAPE(1), (const float[]){-1});
    floats("high", SHAPE(1), (const float[]){1});
    for (size_t i = 1; i < chain_length; i++) {
        snprintf(to, sizeof to, "%zx", i);
        chain_link(from, to);
        strcpy(from, to);
    }
    chain_link(from, "y");
}

START_TEST(small_files_may_have_thousands_of_nodes) {
    soma_network *network;
    chain_length = 3000;
    chain_link = put_abs;
    make(chain, 8, 17);
    ck_assert_uint_lt(W->size, 51000);
    expect_ok(load(&network));
    ck_assert_uint_eq(soma_network_layer_count(network), 3001); /* the input is one */
    soma_network_destroy(network);
}
END_TEST

/* Whatever becomes of the nodes. */
START_TEST(nodes_take_no_more_memory_than_is_said) {
    put_link *const links[] = {put_abs, put_gelu, put_clip};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        soma_status status = SOMA_OK;
        for (chain_length = 2000; status == SOMA_OK && chain_length < 16000; chain_length += 2000) {
            soma_network *network;
            chain_link = links[i];
            make(chain, 8, 20);
            peak_memory_start();
            status = load(&network);
            size_t peak = peak_memory(), most = SOMA_ONNX_MEMORY_FACTOR * W->size + SOMA_ONNX_NETWORK_BASE;
            ck_assert_msg(peak <= most, "chain %zu of %zu: %zu bytes, %zu are allowed", i, chain_length, peak, most);
            soma_network_destroy(network);
        }
        if (status != SOMA_OK) expect_error(status, SOMA_INVALID_FILE, "m.onnx: ", " bytes");
    }
}
END_TEST

static void chain_with_data(void) {
    put_external("w", "data", 1 << 16);
    node("MatMul", "x", "w", "p");
    chain();
}

/* The weights of large models lie beside the file, which is small then. */
START_TEST(external_data_count) {
    soma_network *network;
    chain_length = 8000;
    chain_link = put_abs;
    make(chain, 8, 17);
    expect_error(load(&network), SOMA_INVALID_FILE, "8004 nodes and tensors in ");
    make(chain_with_data, 8, 17);
    expect_error(load(&network), SOMA_INVALID_FILE, "8006 nodes and tensors in ");
    ck_assert_int_eq(close(open(temporary_path("data"), O_CREAT | O_WRONLY, 0600)), 0);
    ck_assert_int_eq(truncate(temporary_path("data"), 1 << 20), 0);
    expect_ok(load(&network));
    soma_network_destroy(network);
    unlink(temporary_path("data"));
}
END_TEST

static size_t places;
static void one_place_for_all(void) {
    char name[2][24], location[512] = "";
    for (size_t i = 0; i < places; i++) {
        snprintf(name[0], sizeof name[0], "w%zu", i);
        snprintf(name[1], sizeof name[1], "p%zu", i);
        for (size_t j = 0; j < i; j++) memcpy(location + 2 * j, "./", 2);
        strcpy(location + 2 * i, "data");
        put_external(name[0], location, 1 << 16);
        node("MatMul", "x", name[0], name[1]);
    }
    node("Relu", "x", NULL, "y");
}

/* Many tensors of the same megabyte, under as many names for its file. */
START_TEST(one_place_of_a_file_counts_once) {
    soma_network *network;
    ck_assert_int_eq(close(open(temporary_path("data"), O_CREAT | O_WRONLY, 0600)), 0);
    ck_assert_int_eq(truncate(temporary_path("data"), 1 << 20), 0);
    places = 10;
    make(one_place_for_all, 8, 17);
    expect_ok(load(&network));
    soma_network_destroy(network);
    places = 100;
    make(one_place_for_all, 8, 17);
    peak_memory_start();
    expect_error(load(&network), SOMA_INVALID_FILE, "node ", "more memory than");
    size_t peak = peak_memory(), most = SOMA_ONNX_MEMORY_FACTOR * (W->size + (1 << 20)) + SOMA_ONNX_NETWORK_BASE;
    ck_assert_msg(peak <= most, "%zu bytes, %zu are allowed", peak, most);
    unlink(temporary_path("data"));
}
END_TEST

/* Very many heads of queries for one of keys, whose numbers are to be listed. */
static void many_heads(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 1, 1 << 24));
    put_value(GRAPH_INPUT, "k", SHAPE(OPEN, 1, 1));
    size_t one = soma_onnx_begin_node(&made, "Attention", "y", (const char *[]){"x", "k", "k", NULL});
    soma_onnx_put_attribute_integer(&made, "q_num_heads", 1 << 24);
    soma_onnx_put_attribute_integer(&made, "kv_num_heads", 1);
    soma_onnx_put_attribute_float(&made, "softcap", 1);
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 1, 1 << 24));
}

START_TEST(heads_are_counted_before_they_are_listed) {
    soma_network *network;
    onnx_make_graph(many_heads, 11, 23);
    peak_memory_start();
    expect_error(load(&network), SOMA_UNSUPPORTED, "16777216 heads of queries for 1 of keys");
    size_t peak = peak_memory(), most = SOMA_ONNX_MEMORY_FACTOR * W->size + SOMA_ONNX_NETWORK_BASE;
    ck_assert_msg(peak <= most, "%zu bytes, %zu are allowed", peak, most);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- weights of bytes
 */

enum { TABLE_ROWS = 1 << 18, LOOK_UPS = 5 };

static void cast(const char *from, const char *to, int64_t type) {
    size_t one = soma_onnx_begin_node(&made, "Cast", to, (const char *[]){from, NULL});
    soma_onnx_put_attribute_integer(&made, "to", type);
    soma_onnx_end_node(&made, one);
}

/* The sum of the same rows of one table of bytes, looked up so many times. */
static void rows_of_one_table(void) {
    char rows[24], addend[LOOK_UPS][24];
    const char *all[LOOK_UPS + 1] = {NULL};
    int8_t *table = malloc((size_t)4 * TABLE_ROWS);
    for (size_t i = 0; i < (size_t)4 * TABLE_ROWS; i++) table[i] = (int8_t)(i % 251 - 125);
    bytes("table", 3, SHAPE(TABLE_ROWS, 4), table);
    free(table);
    cast("x", "ids", ONNX_INT64);
    for (size_t i = 0; i < LOOK_UPS; i++) {
        snprintf(rows, sizeof rows, "q%zu", i);
        snprintf(addend[i], sizeof addend[i], "d%zu", i);
        node("Gather", "table", "ids", rows);
        cast(rows, addend[i], ONNX_FLOAT);
        all[i] = addend[i];
    }
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, "Sum", "y", all));
}

START_TEST(a_table_of_bytes_is_in_memory_once) {
    static const float x[4] = {0, 1, TABLE_ROWS - 1, 62};
    float found[16];
    soma_network *network;
    soma_device *device;
    make(rows_of_one_table, 8, 17);
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    peak_memory_start();
    expect_ok(soma_load_onnx(path, NULL, &network));
    size_t peak = peak_memory(), most = (size_t)4 * TABLE_ROWS * (sizeof(float) + 1) + (1 << 20);
    ck_assert_msg(peak <= most, "%zu bytes of memory for a file of %zu", peak, W->size);
    ck_assert_uint_eq(network->parameter_count, 1);
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_run(network, x, 1, found));
    for (size_t i = 0; i < 16; i++)
        ck_assert(found[i] == LOOK_UPS * ((float)(((size_t)x[i / 4] * 4 + i % 4) % 251) - 125));
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* Weights of bytes that are made, for an input of fewer features than they have. */
static void wide_lstm(void) {
    integers("axes", 1, (const int64_t[]){0});
    integers("wide", 3, (const int64_t[]){1, 1 << 24, 4});
    integers("square", 3, (const int64_t[]){1, 1, 4});
    floats("s", SHAPE(1), (const float[]){0.5f});
    bytes("z", 3, SHAPE(1), (const int8_t[]){0});
    node("Unsqueeze", "x", "axes", "sequence");
    for (int i = 0; i < 2; i++) {
        size_t one = soma_onnx_begin_node(&made, "ConstantOfShape", i ? "r" : "w",
                                          (const char *[]){i ? "square" : "wide", NULL});
        size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
        soma_protobuf_put_text(W, 1, "value");
        soma_protobuf_put_integer(W, 20, 4); /* TENSOR */
        size_t value = soma_protobuf_open(W, 5);
        soma_protobuf_put_integer(W, TENSOR_DIMS, 1);
        soma_protobuf_put_integer(W, TENSOR_TYPE, 3);
        soma_protobuf_put_bytes(W, TENSOR_RAW, "\5", 1);
        soma_protobuf_close(W, value);
        soma_protobuf_close(W, attribute);
        soma_onnx_end_node(&made, one);
    }
    size_t one =
        soma_onnx_begin_node(&made, "DynamicQuantizeLSTM", "y",
                             (const char *[]){"sequence", "w", "r", "", "", "", "", "", "s", "z", "s", "z", NULL});
    soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    soma_onnx_end_node(&made, one);
}

START_TEST(weights_of_bytes_are_made_only_if_they_fit) {
    soma_network *network;
    make(wide_lstm, 8, 17);
    peak_memory_start();
    expect_error(load(&network), SOMA_INVALID_SHAPE, "w has 3 dimensions of 1, 4, 16777216; expected are 1, 4, 4");
    ck_assert_uint_lt(peak_memory(), 1 << 20);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ large weights
 */

enum { WIDE = 1 << 18 }; /* columns of [4, WIDE] */

/* Each of its elements is its number modulo 1021. */
static void put_wide(const char *name, bool twice) {
    float *values = malloc((size_t)4 * WIDE * sizeof *values);
    for (size_t i = 0; i < (size_t)4 * WIDE; i++) values[i] = (float)(i % 1021);
    size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER);
    soma_protobuf_put_integer(W, TENSOR_DIMS, 4);
    soma_protobuf_put_integer(W, TENSOR_DIMS, WIDE);
    soma_protobuf_put_integer(W, TENSOR_TYPE, ONNX_FLOAT);
    if (twice) { /* the last one counts */
        for (size_t i = 0; i < (size_t)4 * WIDE; i++) values[i] += 1;
        soma_protobuf_put_bytes(W, TENSOR_RAW, values, (size_t)4 * WIDE * sizeof *values);
        for (size_t i = 0; i < (size_t)4 * WIDE; i++) values[i] -= 1;
    }
    soma_protobuf_put_bytes(W, TENSOR_RAW, values, (size_t)4 * WIDE * sizeof *values);
    soma_protobuf_put_text(W, TENSOR_NAME, name);
    soma_protobuf_close(W, message);
    free(values);
}

static void wide(void) {
    floats("small", SHAPE(4), (const float[]){1, 2, 3, 4});
    put_wide("w", false);
    node("Add", "x", "small", "sum");
    node("MatMul", "sum", "w", "y");
}
static void wide_twice(void) {
    floats("small", SHAPE(4), (const float[]){1, 2, 3, 4});
    put_wide("w", true);
    node("Add", "x", "small", "sum");
    node("MatMul", "sum", "w", "y");
}

START_TEST(large_weights_are_in_memory_once) {
    static const float x[4] = {1, -3, -2, -4}; /* with `small`: 2, -1, 1, 0 */
    float *found = malloc(WIDE * sizeof *found);
    soma_network *network;
    soma_device *device;
    make(_i ? wide_twice : wide, 8, 17);
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    peak_memory_start();
    expect_ok(soma_load_onnx(path, NULL, &network));
    size_t peak = peak_memory(), most = (size_t)4 * WIDE * sizeof *found + (1 << 20);
    if (!_i) ck_assert_msg(peak <= most, "%zu bytes of memory for a file of %zu", peak, W->size);
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_run(network, x, 1, found));
    for (size_t i = 0; i < WIDE; i++)
        ck_assert(found[i] ==
                  2 * (float)(i % 1021) - (float)((WIDE + i) % 1021) + (float)(((size_t)2 * WIDE + i) % 1021));
    soma_network_destroy(network);
    soma_device_close(device);
    free(found);
}
END_TEST

START_TEST(weights_of_a_changed_file_are_not_taken) {
    float *found = malloc((size_t)4 * WIDE * sizeof *found);
    soma_onnx_file *file;
    soma_onnx_elements elements;
    make(wide, 8, 17);
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_onnx_open(path, &file));
    expect_ok(soma_onnx_elements_of(file->model->graph->initializer[1], &elements));
    expect_ok(soma_onnx_read_floats(file, &elements, found));
    ck_assert(found[1022] == 1 && found[4 * WIDE - 1] == (float)((4 * WIDE - 1) % 1021));
    const struct timespec later[2] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, later, 0), 0);
    expect_error(soma_onnx_read_floats(file, &elements, found), SOMA_INVALID_FILE, "tensor w: the file was changed");
    soma_onnx_close(file);
    free(found);
}
END_TEST

enum { STORED = 1100 };
static void least_that_stays(void) {
    static const float zeros[STORED];
    size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER);
    soma_protobuf_put_integer(W, TENSOR_DIMS, STORED);
    soma_protobuf_put_integer(W, TENSOR_TYPE, ONNX_FLOAT);
    soma_protobuf_put_bytes(W, TENSOR_RAW, zeros, sizeof zeros);
    soma_protobuf_put_text(W, TENSOR_NAME, "w");
    soma_protobuf_close(W, message);
    node("Add", "x", "w", "y");
}

/* A file may be cut short between the question how long it is and the reading of it. */
START_TEST(a_file_shorter_than_it_was_has_nothing_that_stays) {
    soma_buffer rest;
    soma_onnx_stored_list stored;
    onnx_make(least_that_stays, 8, 17, SHAPE(OPEN, STORED));
    const char *path = temporary_path("m.onnx");
    const uint64_t size = W->size;
    expect_ok(soma_file_write(path, W->data, W->size));
    int file = open(path, O_RDWR);
    ck_assert(soma_onnx_cut(file, size, &rest, &stored));
    ck_assert_uint_eq(stored.count, 1);
    ck_assert_uint_eq(stored.of[0].size, STORED * sizeof(float));
    ck_assert_uint_lt(rest.size + STORED * sizeof(float), size); /* its length is written shorter, too */
    soma_free(rest.data);
    soma_onnx_stored_clear(&stored);
    for (uint64_t length = size; length-- > 0;) {
        ck_assert_int_eq(ftruncate(file, (off_t)length), 0);
        ck_assert_msg(!soma_onnx_cut(file, size, &rest, &stored), "of %zu bytes", (size_t)length);
        ck_assert_ptr_null(rest.data);
        ck_assert_uint_eq(stored.count, 0);
    }
    close(file);
}
END_TEST

/* Of a file that ends within a weight it is said where. */
START_TEST(weights_that_are_cut_short_are_refused_by_offset) {
    soma_network *network;
    make(wide, 8, 17);
    W->size -= WIDE;
    expect_error(load(&network), SOMA_INVALID_FILE, "bytes were promised in a ", "offset ");
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("onnx, memory");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, small_files_may_have_thousands_of_nodes);
    tcase_add_test(cases, external_data_count);
    tcase_add_test(cases, one_place_of_a_file_counts_once);
    tcase_add_test(cases, nodes_take_no_more_memory_than_is_said);
    tcase_add_test(cases, heads_are_counted_before_they_are_listed);
    tcase_add_test(cases, a_table_of_bytes_is_in_memory_once);
    tcase_add_test(cases, weights_of_bytes_are_made_only_if_they_fit);
    tcase_add_loop_test(cases, large_weights_are_in_memory_once, 0, 2);
    tcase_add_test(cases, weights_of_a_changed_file_are_not_taken);
    tcase_add_test(cases, a_file_shorter_than_it_was_has_nothing_that_stays);
    tcase_add_test(cases, weights_that_are_cut_short_are_refused_by_offset);
    Suite *suite = suite_create("onnx, memory");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
