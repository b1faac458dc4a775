/* SPDX-License-Identifier: MIT */
/* Reading NumPy's arrays: every type, both byte orders, row- and column-major; files that are refused, and how much
 * memory those take. */
#include "data/dataset.h"
#include "data/preprocess.h"
#include "expect.h"
#include "io/npy/npy.h"
#include "peak_memory.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A file in memory: version 1.0, this dictionary, these elements. */
typedef struct file {
    uint8_t bytes[2048];
    size_t size;
} file;

static file make_file(const char *dictionary, const void *elements, size_t size) {
    file made = {.bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}};
    size_t length = strlen(dictionary);
    made.bytes[8] = (uint8_t)length;
    made.bytes[9] = (uint8_t)(length >> 8);
    memcpy(made.bytes + 10, dictionary, length);
    if (size) memcpy(made.bytes + 10 + length, elements, size);
    made.size = 10 + length + size;
    return made;
}

static file array_file(const char *type, const char *order, const char *shape, const void *elements, size_t size) {
    char dictionary[256];
    snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n", type, order,
             shape);
    return make_file(dictionary, elements, size);
}

static soma_status read_files(const file *inputs, const file *targets, const soma_npy_options *options,
                              soma_dataset **dataset) {
    static const soma_npy_options defaults;
    soma_stream *input_stream, *target_stream = NULL;
    *dataset = NULL;
    SOMA_TRY(soma_stream_of_memory("x", inputs->bytes, inputs->size, &input_stream));
    soma_status status = targets ? soma_stream_of_memory("y", targets->bytes, targets->size, &target_stream) : SOMA_OK;
    if (status == SOMA_OK)
        status = soma_npy_dataset(input_stream, target_stream, options ? options : &defaults, dataset);
    soma_stream_close(input_stream);
    soma_stream_close(target_stream);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ elements */

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static const struct {
    const char *type;
    const uint8_t *bytes;
    size_t size;
    float expected[4];
    size_t count;
} elements[] = {
    /* binary16: 3C00 is 1, C000 is -2, 0001 is 2^-24, 7BFF is 65504 */
    {"<f2", BYTES(0, 0x3C, 0, 0xC0, 1, 0, 0xFF, 0x7B), {1, -2, 0x1p-24f, 65504}, 4},
    {">f2", BYTES(0x3C, 0, 0xC0, 0, 0, 1, 0x7B, 0xFF), {1, -2, 0x1p-24f, 65504}, 4},
    {"<f4", BYTES(0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0), {1.5f, -2}, 2},
    {">f4", BYTES(0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0), {1.5f, -2}, 2},
    /* binary64: 3FF8... is 1.5; 3FB999999999999A is 0.1 */
    {"<f8", BYTES(0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F), {1.5f, 0.1f}, 2},
    {">f8", BYTES(0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0x3F, 0xB9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A), {1.5f, 0.1f}, 2},
    {"|i1", BYTES(0xFF, 0x7F, 0x80), {-1, 127, -128}, 3},
    {"<i1", BYTES(0xFF, 0x7F, 0x80), {-1, 127, -128}, 3},
    {"<i2", BYTES(0xFE, 0xFF, 0x2C, 1), {-2, 300}, 2},
    {">i2", BYTES(0xFF, 0xFE, 1, 0x2C), {-2, 300}, 2},
    {"<i4", BYTES(0xFE, 0xFF, 0xFF, 0xFF, 0x2C, 1, 0, 0), {-2, 300}, 2},
    {">i4", BYTES(0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 1, 0x2C), {-2, 300}, 2},
    {"<i8", BYTES(0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), {-2}, 1},
    {">i8", BYTES(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE), {-2}, 1},
    {"<u2", BYTES(0xFE, 0xFF), {65534}, 1},
    {">u4", BYTES(0x80, 0, 0, 0), {0x1p31f}, 1},
    {"<u8", BYTES(0, 0, 0, 0, 0, 0, 0, 0x80), {0x1p63f}, 1},
    {"|b1", BYTES(0, 1, 2), {0, 1, 1}, 3},
    {"|u1", BYTES(0, 255), {0, 1}, 2}, /* as pixels */
};

START_TEST(every_type_in_both_byte_orders) {
    char shape[32];
    float values[4];
    soma_dataset *dataset;
    snprintf(shape, sizeof shape, "%zu,", elements[_i].count);
    file x = array_file(elements[_i].type, "False", shape, elements[_i].bytes, elements[_i].size);
    expect_ok(read_files(&x, NULL, NULL, &dataset));
    ck_assert_uint_eq(dataset->samples, elements[_i].count);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, elements[_i].count, values));
    for (size_t i = 0; i < elements[_i].count; i++)
        ck_assert_msg(values[i] == elements[_i].expected[i], "%s: element %zu is %g, expected %g", elements[_i].type, i,
                      (double)values[i], (double)elements[_i].expected[i]);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Numbers that differ in their last bits, far beyond what float32 holds, beside a feature that needs no offset. */
static const struct {
    const char *type;
    int64_t first;
} close_numbers[] = {{"<i4", 1700000000}, {">u4", 4000000000},       {"<i8", -1700000000000}, {">i8", INT64_MAX - 30},
                     {"<u8", INT64_MAX},  {"<f8", INT64_C(1) << 52}, {">f8", 1700000000}};

static void put(uint8_t *bytes, const char *type, uint64_t bits) {
    const size_t size = (size_t)(type[2] - '0');
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(bits >> 8 * (type[0] == '<' ? i : size - 1 - i));
}

static uint64_t bits_of(const char *type, uint64_t number) {
    double value = (double)number;
    uint64_t bits = number;
    if (type[1] == 'f') memcpy(&bits, &value, sizeof bits);
    return bits;
}

START_TEST(close_numbers_stay_apart) {
    enum { ROWS = 30 };
    const char *type = close_numbers[_i].type;
    const size_t size = (size_t)(type[2] - '0');
    for (size_t by_column = 0; by_column < 2; by_column++) {
        uint8_t bytes[2 * ROWS * 8];
        soma_dataset *dataset;
        double mean[2], deviation[2];
        for (size_t row = 0; row < ROWS; row++) {
            uint8_t *place = bytes + (by_column ? row : 2 * row) * size;
            put(place, type, bits_of(type, (uint64_t)close_numbers[_i].first + row));
            put(place + (by_column ? ROWS : 1) * size, type, bits_of(type, row % 7));
        }
        file x = array_file(type, by_column ? "True" : "False", "30, 2", bytes, 2 * ROWS * size);
        expect_ok(read_files(&x, NULL, NULL, &dataset));
        const soma_column *column = &dataset->storage->input[0];
        const float *values = column->data;
        ck_assert_ptr_nonnull(column->offset);
        ck_assert_double_eq(column->offset[1], 0);
        for (size_t row = 0; row < ROWS; row++) {
            ck_assert_msg(values[2 * row] - values[0] == (float)row, "%s: row %zu", type, row);
            ck_assert_float_eq(values[2 * row + 1], (float)(row % 7));
        }
        /* The variance of 0 to n - 1 is (n^2 - 1) / 12. */
        expect_ok(soma_dataset_statistics(dataset, mean, deviation));
        ck_assert_double_eq_tol(deviation[0], sqrt((ROWS * ROWS - 1) / 12.0), 1e-6);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(what_float32_holds_has_no_offset) {
    static const struct {
        const char *type;
        double numbers[3];
    } plain[] = {{"<i4", {1 << 24, 5, -(1 << 24)}},
                 {"<u8", {0, 255, 1}},
                 {"<f8", {0.25, 7, 7}},
                 {"<f8", {0.1, 0.2, 0.3}},
                 {"<f8", {1e30, 1e-30, 0}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(plain); i++) {
        const size_t size = (size_t)(plain[i].type[2] - '0');
        uint8_t bytes[3 * 8];
        soma_dataset *dataset;
        for (size_t j = 0; j < 3; j++) {
            uint64_t bits = (uint64_t)(int64_t)plain[i].numbers[j];
            if (plain[i].type[1] == 'f') memcpy(&bits, &plain[i].numbers[j], sizeof bits);
            put(bytes + j * size, plain[i].type, bits);
        }
        file x = array_file(plain[i].type, "False", "3, 1", bytes, 3 * size);
        expect_ok(read_files(&x, NULL, NULL, &dataset));
        ck_assert_msg(!dataset->storage->input[0].offset, "%s, row %zu", plain[i].type, i);
        for (size_t j = 0; j < 3; j++)
            ck_assert_float_eq(((float *)dataset->storage->input[0].data)[j], (float)plain[i].numbers[j]);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

/* 2^60 + 2^36 + 1 lies above the middle of two float32; as float64 it would first be rounded to that middle. */
START_TEST(numbers_are_rounded_once) {
    static const int64_t numbers[2] = {((int64_t)1 << 60) + ((int64_t)1 << 36) + 1,
                                       -((int64_t)1 << 60) - ((int64_t)1 << 36) - 1};
    uint8_t bytes[16];
    soma_dataset *dataset;
    for (size_t i = 0; i < 2; i++) put(bytes + 8 * i, "<i8", (uint64_t)numbers[i]);
    file x = array_file("<i8", "False", "2, 1", bytes, 16);
    expect_ok(read_files(&x, NULL, NULL, &dataset));
    const float *values = dataset->storage->input[0].data;
    ck_assert_ptr_null(dataset->storage->input[0].offset);
    ck_assert_float_eq(values[0], 0x1p60f + 0x1p37f);
    ck_assert_float_eq(values[1], -0x1p60f - 0x1p37f);
    soma_dataset_destroy(dataset);
    file zeros = array_file("<f4", "False", "2, 1", "\0\0\0\x80\0\0\0", 8);
    expect_ok(read_files(&zeros, NULL, NULL, &dataset));
    values = dataset->storage->input[0].data;
    ck_assert(values[0] == 0 && signbit(values[0]) && !signbit(values[1]));
    soma_dataset_destroy(dataset);
}
END_TEST

/* Element (i, j, k) of a [2, 3, 2] array is 100 i + 10 j + k; in column-major order i runs fastest. */
START_TEST(column_major_arrays) {
    uint8_t by_row[12], by_column[12];
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 2; k++) {
                uint8_t value = (uint8_t)(100 * i + 10 * j + k);
                by_row[6 * i + 2 * j + k] = value;
                by_column[i + 2 * j + 6 * k] = value;
            }
    file row = array_file("|i1", "False", "2, 3, 2", by_row, 12);
    file column = array_file("|i1", "True", "2, 3, 2", by_column, 12);
    soma_dataset *a, *b;
    expect_ok(read_files(&row, NULL, NULL, &a));
    expect_ok(read_files(&column, NULL, NULL, &b));
    for (size_t i = 0; i < 12; i++) ck_assert_float_eq(((float *)a->storage->input[0].data)[i], by_row[i]);
    ck_assert_mem_eq(a->storage->input[0].data, b->storage->input[0].data, 12 * sizeof(float));
    ck_assert_uint_eq(b->storage->input[0].rank, 2);
    ck_assert_uint_eq(b->storage->input[0].shape[0], 3);
    soma_dataset_destroy(a);
    soma_dataset_destroy(b);
}
END_TEST

/* Bytes in two dimensions are a grey picture, which has one channel; other numbers may be a sequence. */
START_TEST(pictures_have_channels) {
    static const uint8_t zeros[16];
    const struct {
        const char *type, *shape;
        size_t size;
        uint32_t rank;
        size_t expected[3];
    } samples[] = {{"|u1", "1, 2, 4", 8, 3, {2, 4, 1}},
                   {"<f4", "1, 2, 2", 16, 2, {2, 2}},
                   {"|i1", "1, 2, 4", 8, 2, {2, 4}},
                   {"|u1", "2, 4", 8, 1, {4}},
                   {"|u1", "1, 2, 2, 2", 8, 3, {2, 2, 2}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(samples); i++) {
        file x = array_file(samples[i].type, "False", samples[i].shape, zeros, samples[i].size);
        soma_dataset *dataset;
        expect_ok(read_files(&x, NULL, NULL, &dataset));
        const soma_column *column = &dataset->storage->input[0];
        ck_assert_uint_eq(column->rank, samples[i].rank);
        for (uint32_t j = 0; j < column->rank; j++) ck_assert_uint_eq(column->shape[j], samples[i].expected[j]);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

static void expect_target(const file *y, const soma_npy_options *options, size_t classes, size_t width) {
    static const uint8_t x_bytes[] = {1, 2};
    file x = array_file("|u1", "False", "2, 1", x_bytes, 2);
    soma_dataset *dataset;
    expect_ok(read_files(&x, y, options, &dataset));
    const soma_column *target = &dataset->storage->target[0];
    ck_assert_uint_eq(target->classes, classes);
    ck_assert_uint_eq(target->width, width);
    ck_assert_int_eq(target->dtype, classes ? SOMA_I32 : SOMA_F32);
    if (classes) ck_assert_int_eq(((int32_t *)target->data)[1], 3);
    if (!classes) ck_assert_float_eq(((float *)target->data)[0], 2);
    soma_dataset_destroy(dataset);
}

START_TEST(whole_numbers_are_classes) {
    static const uint8_t bytes[] = {2, 3}, rows[] = {2, 0, 0, 1}, floats[] = {0, 0x40, 0, 0x3C};
    static const soma_npy_options ten = {.classes = 10}, numbers = {.regression = true};
    file flat = array_file("|u1", "False", "2,", bytes, 2), column = array_file("|i1", "False", "2, 1", bytes, 2);
    expect_target(&flat, NULL, 4, 1);
    expect_target(&column, NULL, 4, 1);
    expect_target(&flat, &ten, 10, 1);
    expect_target(&flat, &numbers, 0, 1);
    file wide = array_file("|u1", "False", "2, 2", rows, 4), real = array_file("<f2", "False", "2,", floats, 4);
    expect_target(&wide, NULL, 0, 2);
    expect_target(&real, NULL, 0, 1);
}
END_TEST

/* Versions 2.0 and 3.0 have four bytes of length; writers order and space the dictionary as they like. */
START_TEST(other_versions_and_dictionaries) {
    static const char *const dictionaries[] = {
        "{\"shape\": (2,), \"descr\": \"|u1\", \"fortran_order\": False}",
        "  {  'fortran_order' :False,'shape':( 2 , ),  'descr':'|u1' ,}  \n\n",
        "{'descr': '<u1', 'fortran_order': True, 'shape': (2)}",
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(dictionaries); i++)
        for (uint8_t version = 1; version <= 3; version++) {
            file plain = make_file(dictionaries[i], "\1\2", 2), x = plain;
            if (version > 1) {
                memmove(x.bytes + 12, plain.bytes + 10, plain.size - 10);
                x.bytes[6] = version;
                x.bytes[10] = x.bytes[11] = 0;
                x.size += 2;
            }
            soma_dataset *dataset;
            expect_ok(read_files(&x, NULL, NULL, &dataset));
            ck_assert_uint_eq(dataset->samples, 2);
            ck_assert_mem_eq(dataset->storage->input[0].data, "\1\2", 2);
            soma_dataset_destroy(dataset);
        }
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ bad files */

static const struct {
    const char *dictionary, *data;
    size_t size;
    const char *words[4];
} bad_headers[] = {
    {"", "", 0, {"x: offset 8", "a header of 0 bytes"}},
    {"{", "", 0, {"x: offset 11", "the end", "a key"}},
    {"[1, 2]", "", 0, {"x: offset 10", "\"[1, 2]\"", "\"{\""}},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
     "12345678",
     8,
     {"offset 21", "\"|O\"", "Python's objects"}},
    {"{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", "1", 1, {"offset 21", "\"<U4\"", "accepted"}},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "1", 1, {"offset 21", "\"<c8\"", "accepted"}},
    {"{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}", "1", 1, {"offset 21", "\"<f3\""}},
    {"{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", "1234", 4, {"offset 21", "\"|f4\""}},
    {"{'descr': '=f4', 'fortran_order': False, 'shape': (1,)}", "1234", 4, {"offset 21", "\"=f4\""}},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "", 0, {"offset 20", "records"}},
    {"{'descr': '|u1', 'fortran_order': Maybe, 'shape': (1,)}", "1", 1, {"offset 44", "Maybe", "True or False"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}", "1", 1, {"offset 61", "-1", "whole number"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': [1]}", "1", 1, {"offset 60", "[1]", "a shape"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1)}", "1", 1, {"offset 71", "5 dimensions"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}", "1", 1, {"offset 61", "fits"}},
    {"{'descr': '|u1', 'fortran_order': False}", "1", 1, {"offset 50", "a dictionary of"}},
    {"{'descr': '|u1', 'descr': '|u1', 'shape': (1,)}", "1", 1, {"offset 27", "each once"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}", "1", 1, {"offset 66", "each once"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x", "1", 1, {"offset 66", "nothing after"}},
    {"{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}", "1", 1, {"offset 26", "\",\" or \"}\""}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
     "1",
     1,
     {BY_WIDTH("more than", "a dimension that fits into memory"), BY_WIDTH("1 follow", "offset")}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (65536, 65536, 65536, 65536)}",
     "1",
     1,
     {"more than", "1 follow"}},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,)}", "1", 1, {"8000000000 bytes", "1 follow"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", "12", 2, {"3 bytes", "2 follow", "cut short"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", "12", 2, {"1 bytes", "2 follow", "too long"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 4)}", "", 0, {"x: dimension 0 is 0"}},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "1", 1, {"x: a single number"}},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "\0\0\x80\x7F", 4, {"offset 65", "inf", "finite"}},
    {"{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", "\0\0\0\x7E", 4, {"offset 67", "element 1", "nan"}},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", "\0\0\0\0\0\0\0\x7C", 8, {"1.94906e+289", "float32"}},
};

/* The read is refused with these words, and takes no more than 16 times the file and 1 MiB. */
static void expect_refused(const file *x, const file *y, const soma_npy_options *options, const char *const *words,
                           const char *what) {
    soma_dataset *dataset;
    peak_memory_start();
    soma_status status = read_files(x, y, options, &dataset);
    expect_little_memory(x->size + (y ? y->size : 0), what);
    expect_error_words(status, SOMA_INVALID_FILE, words, what);
    ck_assert_ptr_null(dataset);
}

START_TEST(bad_headers_are_refused) {
    file x = make_file(bad_headers[_i].dictionary, bad_headers[_i].data, bad_headers[_i].size);
    expect_refused(&x, NULL, NULL, bad_headers[_i].words, bad_headers[_i].dictionary);
}
END_TEST

/* NumPy's text of the format: a byte order, a kind, a size. One character after another is each byte that there is. */
START_TEST(types_are_those_of_a_list) {
    static const char taken[] =
        " <f2 >f2 <f4 >f4 <f8 >f8 <i1 >i1 |i1 <i2 >i2 <i4 >i4 <i8 >i8 <u1 >u1 |u1 <u2 >u2 <u4 >u4 "
        "<u8 >u8 <b1 >b1 |b1 ";
    static const char begun[] = "{'descr': '", rest[] = "', 'fortran_order': False, 'shape': (1, 1)}";
    static const char *const types[] = {"<f4", "|u1", ">i8", "<b1"};
    for (size_t i = 0; i < 4; i++)
        for (size_t place = 0; place < 3; place++)
            for (int byte = 0; byte < 256; byte++) {
                char wanted[6] = "     ", dictionary[64];
                memcpy(wanted + 1, types[i], 3);
                wanted[1 + place] = (char)byte;
                const size_t size = wanted[3] >= '1' && wanted[3] <= '9' ? (size_t)(wanted[3] - '0') : 4;
                snprintf(dictionary, sizeof dictionary, "%s???%s", begun, rest);
                file x = make_file(dictionary, (const uint8_t[9]){0}, size);
                memcpy(x.bytes + 10 + strlen(begun), wanted + 1, 3); /* which may have a zero byte */
                soma_dataset *dataset = NULL;
                const soma_status status = read_files(&x, NULL, NULL, &dataset);
                const bool right = byte && strstr(taken, wanted);
                ck_assert_msg(status == (right ? SOMA_OK : SOMA_INVALID_FILE), "%s, byte %zu as %d: %s", types[i],
                              place, byte, status == SOMA_OK ? "taken" : soma_last_error());
                soma_dataset_destroy(dataset);
            }
}
END_TEST

START_TEST(other_bad_files_are_refused) {
    file good = array_file("|u1", "False", "2, 1", "\1\2", 2), x = good;
    x.size = 0;
    expect_refused(&x, NULL, NULL, (const char *[]){"x: offset 0", "NUMPY", NULL}, "nothing");
    x.size = 9;
    expect_refused(&x, NULL, NULL, (const char *[]){"x: offset 9", "ends within its header", NULL},
                   "cut in the length");
    x.size = 20;
    expect_refused(&x, NULL, NULL, (const char *[]){"x: offset 20", "ends within its header", NULL}, "cut");
    x = good;
    x.bytes[1] = 'n';
    expect_refused(&x, NULL, NULL, (const char *[]){"x: offset 0", "NUMPY", NULL}, "magic");
    x = good;
    x.bytes[6] = 4;
    expect_refused(&x, NULL, NULL, (const char *[]){"x: offset 6", "version 4.0", NULL}, "version");
    x = good;
    x.bytes[9] = 0xFF;
    expect_refused(&x, NULL, NULL, (const char *[]){"x: offset 8", "1 to 10000", NULL}, "long header");
    x = (file){.bytes = {0x1F, 0x8B, 8}, .size = 20};
#ifdef SOMA_HAVE_ZLIB /* without it gzipped files are refused before anybody looks inside */
    expect_refused(&x, NULL, NULL, (const char *[]){"x: offset 0", "gzipped", NULL}, "gzip");
#endif
}
END_TEST

START_TEST(bad_targets_are_refused) {
    static const soma_npy_options two = {.classes = 2};
    file x = array_file("|u1", "False", "2, 1", "\1\2", 2);
    file y = array_file("|u1", "False", "3,", "\0\1\1", 3);
    expect_refused(&x, &y, NULL, (const char *[]){"y: 3 targets for the 2 samples of x", NULL}, "count");
    y = array_file("|i1", "False", "2,", "\0\xFF", 2);
    expect_refused(&x, &y, NULL, (const char *[]){"y: offset 69", "element 1 is -1", "class numbers", NULL},
                   "negative");
    y = array_file("<u4", "False", "2,", "\0\0\0\0\xFF\xFF\xFF\xFF", 8);
    expect_refused(&x, &y, NULL, (const char *[]){"y: offset ", "4294967295", NULL}, "large");
    y = array_file("|u1", "False", "2,", "\0\2", 2);
    expect_refused(&x, &y, &two, (const char *[]){"y: offset ", "class 2 of sample 1", "there are 2", NULL}, "range");
}
END_TEST

/* The largest class number is one below INT32_MAX, so that the number of classes fits, too; in every type that can hold
 * it. */
static const struct {
    const char *type;
    const uint8_t *bytes;
    size_t size;
    bool fits;
    const char *text;
} large_classes[] = {
    {"<i4", BYTES(0xFE, 0xFF, 0xFF, 0x7F), true, "2147483646"},
    {">u4", BYTES(0x7F, 0xFF, 0xFF, 0xFE), true, "2147483646"},
    {"<i8", BYTES(0xFE, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0), true, "2147483646"},
    {">u8", BYTES(0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFE), true, "2147483646"},
    {"<i4", BYTES(0xFF, 0xFF, 0xFF, 0x7F), false, "2147483647"},
    {">u4", BYTES(0x7F, 0xFF, 0xFF, 0xFF), false, "2147483647"},
    {"<i8", BYTES(0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0), false, "2147483647"},
    {"<u4", BYTES(0, 0, 0, 0x80), false, "2147483648"},
    {"<i4", BYTES(0, 0, 0, 0x80), false, "-2147483648"},
    {"<i8", BYTES(1, 0, 0, 0, 1, 0, 0, 0), false, "4294967297"}, /* 1 in the lower half */
    {"<u8", BYTES(1, 0, 0, 0, 0, 0, 0, 0x80), false, "9223372036854775809"},
    {">u8", BYTES(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), false, "18446744073709551615"},
};

START_TEST(the_largest_class_number) {
    soma_dataset *dataset;
    file x = array_file("|u1", "False", "1, 1", "\1", 1);
    file y = array_file(large_classes[_i].type, "False", "1,", large_classes[_i].bytes, large_classes[_i].size);
    if (!large_classes[_i].fits) {
        const char *element = large_classes[_i].text;
        expect_refused(&x, &y, NULL, (const char *[]){"y: offset ", "element 0 is ", element, "0 to 2147483646", NULL},
                       element);
        return;
    }
    expect_ok(read_files(&x, &y, NULL, &dataset));
    ck_assert_int_eq(((int32_t *)dataset->storage->target[0].data)[0], 2147483646);
    ck_assert_uint_eq(dataset->storage->target[0].classes, 2147483647);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Gives the header of 2^31 samples of a byte; what follows is never asked for. */
static soma_status read_header_alone(void *context, uint8_t *target, size_t size, size_t *got) {
    file *left = context;
    *got = SOMA_MIN(size, left->size);
    memcpy(target, left->bytes + sizeof left->bytes - left->size, *got);
    left->size -= *got;
    return SOMA_OK;
}

static void close_nothing(void *context) {
    (void)context;
}

START_TEST(more_samples_than_have_a_number) {
    static const soma_npy_options defaults;
    file header = array_file("|u1", "False", "2147483648,", NULL, 0);
    const uint64_t size = header.size + ((uint64_t)1 << 31);
    memmove(header.bytes + sizeof header.bytes - header.size, header.bytes, header.size);
    const soma_stream_reader reader = {read_header_alone, close_nothing, NULL, &header};
    soma_stream *stream;
    soma_dataset *dataset;
    expect_ok(soma_stream_of_reader("x", size, &reader, &stream));
    expect_error(soma_npy_dataset(stream, NULL, &defaults, &dataset), SOMA_INVALID_FILE, "x: 2147483648 samples",
                 "up to 2147483647");
    soma_stream_close(stream);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, every_type_in_both_byte_orders, 0, (int)SOMA_COUNT_OF(elements));
    tcase_add_loop_test(cases, close_numbers_stay_apart, 0, (int)SOMA_COUNT_OF(close_numbers));
    tcase_add_test(cases, what_float32_holds_has_no_offset);
    tcase_add_test(cases, numbers_are_rounded_once);
    tcase_add_test(cases, column_major_arrays);
    tcase_add_test(cases, pictures_have_channels);
    tcase_add_test(cases, whole_numbers_are_classes);
    tcase_add_test(cases, other_versions_and_dictionaries);
    tcase_add_loop_test(cases, bad_headers_are_refused, 0, (int)SOMA_COUNT_OF(bad_headers));
    tcase_add_test(cases, types_are_those_of_a_list);
    tcase_add_test(cases, other_bad_files_are_refused);
    tcase_add_test(cases, bad_targets_are_refused);
    tcase_add_loop_test(cases, the_largest_class_number, 0, (int)SOMA_COUNT_OF(large_classes));
    tcase_add_test(cases, more_samples_than_have_a_number);
}

int main(void) {
    return run_suite("npy_read", add_tests);
}
