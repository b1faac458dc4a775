/* SPDX-License-Identifier: MIT */
/* Inputs and outputs of the types and shapes that an ONNX file declares: soma_session_run_arrays(). */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>
#include <soma/soma.h>
#include <stdio.h>

enum { MOST = 16 };
/* Of ONNX's elements. */
enum { FLOAT = 1, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32, UINT64 };

static soma_device *device;

/* The model that is being tested. */
static const struct model {
    int64_t from, to; /* types of x and y */
    const char *op, *attribute;
    int64_t value;
} * model;

static void put(const char *op, const char *out, const char *const *inputs, const char *attribute, int64_t value) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (attribute) soma_onnx_put_attribute_integer(&made, attribute, value);
    soma_onnx_end_node(&made, one);
}

static void of_one_op(void) {
    put_typed_value(GRAPH_INPUT, "x", model->from, SHAPE(OPEN, 3));
    put(model->op, "y", (const char *[]){"x", NULL}, model->attribute, model->value);
    put_typed_value(GRAPH_OUTPUT, "y", model->to, SHAPE(OPEN, 3));
}

static soma_session *open_session(void (*body)(void), soma_network **network) {
    const soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    const char *path = temporary_path("m.onnx");
    soma_session *session;
    onnx_make_graph(body, 8, 18);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_load_onnx(path, NULL, network));
    expect_ok(soma_compile(*network, device, &options));
    expect_ok(soma_session_create(*network, NULL, &session));
    return session;
}

static void close_session(soma_session *session, soma_network *network) {
    soma_session_destroy(session);
    soma_network_destroy(network);
}

static void expect_bytes(const void *found, const void *expected, size_t bytes, const char *what) {
    for (size_t i = 0; i < bytes; i++)
        if (((const uint8_t *)found)[i] != ((const uint8_t *)expected)[i])
            ck_abort_msg("%s: byte %zu is %u, expected %u", what, i, ((const uint8_t *)found)[i],
                         ((const uint8_t *)expected)[i]);
}

/* ---------------------------------------------------------------------------------------------------- types, each */

#define CAST(from, to)                                                                                                 \
    { from, to, "Cast", "to", to }
#define ALIKE(from, op)                                                                                                \
    { from, from, op, NULL, 0 }

/* x [2, 3] and what becomes of it. */
static const struct one {
    struct model model;
    soma_dtype from, to;
    const void *x, *y;
} ones[] = {
    {CAST(UINT8, FLOAT), SOMA_U8, SOMA_F32, (uint8_t[]){0, 1, 2, 128, 254, 255}, (float[]){0, 1, 2, 128, 254, 255}},
    {CAST(INT8, FLOAT), SOMA_I8, SOMA_F32, (int8_t[]){0, 1, -1, -128, 126, 127}, (float[]){0, 1, -1, -128, 126, 127}},
    {CAST(UINT16, FLOAT), SOMA_U16, SOMA_F32, (uint16_t[]){0, 1, 2, 3, 4, 65535}, (float[]){0, 1, 2, 3, 4, 65535}},
    {CAST(INT16, FLOAT), SOMA_I16, SOMA_F32, (int16_t[]){0, 1, -2, 3, 4, -32768}, (float[]){0, 1, -2, 3, 4, -32768}},
    {CAST(INT32, FLOAT), SOMA_I32, SOMA_F32, (int32_t[]){16777216, -16777216, 0, 16777215, 1, -1},
     (float[]){16777216, -16777216, 0, 16777215, 1, -1}},
    {CAST(INT64, DOUBLE), SOMA_I64, SOMA_F64, (int64_t[]){16777216, -16777216, 0, 16777215, 1, -1},
     (double[]){16777216, -16777216, 0, 16777215, 1, -1}},
    {CAST(UINT32, FLOAT), SOMA_U32, SOMA_F32, (uint32_t[]){0, 1, 2, 3, 4, 16777216},
     (float[]){0, 1, 2, 3, 4, 16777216}},
    {CAST(UINT64, FLOAT), SOMA_U64, SOMA_F32, (uint64_t[]){0, 1, 2, 3, 4, 16777216},
     (float[]){0, 1, 2, 3, 4, 16777216}},
    {CAST(INT64, UINT32), SOMA_I64, SOMA_U32, (int64_t[]){0, 1, 2, 3, 4, 16777216},
     (uint32_t[]){0, 1, 2, 3, 4, 16777216}},
    {CAST(FLOAT, UINT64), SOMA_F32, SOMA_U64, (float[]){0.9f, 1, 2.5f, 3, 4, 16777216},
     (uint64_t[]){0, 1, 2, 3, 4, 16777216}},
    {CAST(UINT32, UINT64), SOMA_U32, SOMA_U64, (uint32_t[]){0, 1, 2, 3, 4, 16777216},
     (uint64_t[]){0, 1, 2, 3, 4, 16777216}},
    {CAST(UINT64, UINT8), SOMA_U64, SOMA_U8, (uint64_t[]){0, 255, 256, 257, 4, 16777215},
     (uint8_t[]){0, 255, 0, 1, 4, 255}},
    {CAST(BOOL, FLOAT), SOMA_BOOL, SOMA_F32, (uint8_t[]){1, 0, 0, 1, 1, 0}, (float[]){1, 0, 0, 1, 1, 0}},
    {CAST(FLOAT, INT64), SOMA_F32, SOMA_I64, (float[]){1.9f, -1.9f, 0.5f, -0.0f, 16777216, -7},
     (int64_t[]){1, -1, 0, 0, 16777216, -7}},
    {CAST(FLOAT, INT32), SOMA_F32, SOMA_I32, (float[]){1.9f, -1.9f, 0.5f, 3, 4, 5}, (int32_t[]){1, -1, 0, 3, 4, 5}},
    {CAST(FLOAT, BOOL), SOMA_F32, SOMA_BOOL, (float[]){0, 0.5f, -3, -0.0f, 1, NAN}, (uint8_t[]){0, 1, 1, 0, 1, 1}},
    {CAST(INT64, INT32), SOMA_I64, SOMA_I32, (int64_t[]){1, -2, 3, -4, 5, -6}, (int32_t[]){1, -2, 3, -4, 5, -6}},
    /* Those that are none of the type's are taken modulo 2 to its bits. */
    {CAST(INT64, UINT8), SOMA_I64, SOMA_U8, (int64_t[]){255, 256, -1, -257, 16777215, 0},
     (uint8_t[]){255, 0, 255, 255, 255, 0}},
    {CAST(INT32, INT8), SOMA_I32, SOMA_I8, (int32_t[]){127, 128, -128, -129, 383, -16777216},
     (int8_t[]){127, -128, -128, 127, 127, 0}},
    {CAST(FLOAT, UINT8), SOMA_F32, SOMA_U8, (float[]){255.9f, 256.5f, -0.9f, -1.5f, 1000, 0x1p40f},
     (uint8_t[]){255, 0, 0, 255, 232, 0}},
    {CAST(FLOAT, INT16), SOMA_F32, SOMA_I16, (float[]){32767.5f, 32768, -32768, -32769, 65536, 98304},
     (int16_t[]){32767, -32768, -32768, 32767, 0, -32768}},
    {CAST(UINT16, INT8), SOMA_U16, SOMA_I8, (uint16_t[]){127, 128, 255, 256, 65535, 65408},
     (int8_t[]){127, -128, -1, 0, -1, -128}},
    {CAST(INT8, UINT16), SOMA_I8, SOMA_U16, (int8_t[]){0, -1, 1, -128, 127, 2},
     (uint16_t[]){0, 65535, 1, 65408, 127, 2}},
    {CAST(UINT8, INT16), SOMA_U8, SOMA_I16, (uint8_t[]){0, 1, 127, 128, 255, 2}, (int16_t[]){0, 1, 127, 128, 255, 2}},
    {CAST(BOOL, INT8), SOMA_BOOL, SOMA_I8, (uint8_t[]){1, 0, 0, 1, 1, 0}, (int8_t[]){1, 0, 0, 1, 1, 0}},
    {ALIKE(BOOL, "Not"), SOMA_BOOL, SOMA_BOOL, (uint8_t[]){1, 0, 0, 1, 1, 0}, (uint8_t[]){0, 1, 1, 0, 0, 1}},
    {ALIKE(INT64, "Identity"), SOMA_I64, SOMA_I64, (int64_t[]){1, -2, 3, -4, 5, -6}, (int64_t[]){1, -2, 3, -4, 5, -6}},
    {ALIKE(UINT8, "Identity"), SOMA_U8, SOMA_U8, (uint8_t[]){1, 2, 3, 4, 5, 255}, (uint8_t[]){1, 2, 3, 4, 5, 255}},
    {ALIKE(DOUBLE, "Neg"), SOMA_F64, SOMA_F64, (double[]){0.5, -2, INFINITY, 1e30, 3, -1},
     (double[]){-0.5, 2, -INFINITY, -(double)1e30f, -3, 1}},
    /* 1, -2, 65504, 2^-24, infinity, 0 */
    {ALIKE(FLOAT16, "Neg"), SOMA_F16, SOMA_F16, (uint16_t[]){0x3C00, 0xC000, 0x7BFF, 1, 0x7C00, 0},
     (uint16_t[]){0xBC00, 0x4000, 0xFBFF, 0x8001, 0xFC00, 0x8000}},
    /* sqrt of 2 is 1.41421356, between 1.4140625 (0x3DA8) and 1.4150390625: the nearer; of 3 1.7320508, of 2^-24 2^-12
     */
    {ALIKE(FLOAT16, "Sqrt"), SOMA_F16, SOMA_F16, (uint16_t[]){0x4000, 0x4200, 0x4400, 1, 0x7C00, 0},
     (uint16_t[]){0x3DA8, 0x3EEE, 0x4000, 0x0C00, 0x7C00, 0}},
};

START_TEST(each_type_goes_in_and_comes_out) {
    const struct one *one = &ones[_i];
    soma_network *network;
    soma_value_info info;
    uint8_t y[6 * 8 + 1];
    model = &one->model;
    memset(y, 0x5A, sizeof y);
    soma_session *session = open_session(of_one_op, &network);
    expect_ok(soma_network_input_info(network, 0, &info));
    ck_assert_str_eq(info.name, "x");
    ck_assert_int_eq(info.dtype, one->from);
    ck_assert(info.rank == 2 && info.batch_axis == 0 && info.shape[0] == 0 && info.shape[1] == 3);
    expect_ok(soma_network_output_info(network, 0, &info));
    ck_assert_str_eq(info.name, "y");
    ck_assert_int_eq(info.dtype, one->to);
    ck_assert(info.rank == 2 && info.batch_axis == 0 && info.shape[0] == 0 && info.shape[1] == 3);
    const soma_array x = {.data = one->x, .dtype = one->from, .rank = 2, .shape = {2, 3}};
    expect_ok(soma_session_run_arrays(session, &x, (void *[]){y}));
    expect_bytes(y, one->y, 6 * soma_dtype_size(one->to), one->model.op);
    ck_assert_uint_eq(y[6 * soma_dtype_size(one->to)], 0x5A);
    close_session(session, network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- several outputs */

/* x float [?, 4], limit int64 [?, 1]; places of the largest, the two largest and their places, which are the limit. */
static void of_several(void) {
    put_typed_value(GRAPH_INPUT, "x", FLOAT, SHAPE(OPEN, 4));
    put_typed_value(GRAPH_INPUT, "limit", INT64, SHAPE(OPEN, 1));
    integers("k", 1, (const int64_t[]){2});
    put("ArgMax", "first", (const char *[]){"x", NULL}, "axis", 1);
    size_t top = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "x");
    soma_protobuf_put_text(W, NODE_INPUT, "k");
    soma_protobuf_put_text(W, NODE_OUTPUT, "values");
    soma_protobuf_put_text(W, NODE_OUTPUT, "places");
    soma_protobuf_put_text(W, NODE_OP, "TopK");
    soma_protobuf_close(W, top);
    put("Equal", "hit", (const char *[]){"places", "limit", NULL}, NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "first", INT64, SHAPE(OPEN, 1));
    put_typed_value(GRAPH_OUTPUT, "values", FLOAT, SHAPE(OPEN, 2));
    put_typed_value(GRAPH_OUTPUT, "places", INT64, SHAPE(OPEN, 2));
    put_typed_value(GRAPH_OUTPUT, "hit", BOOL, SHAPE(OPEN, 2));
}

START_TEST(several_inputs_and_outputs_have_types_of_their_own) {
    static const float x[] = {1, 4, 2, 3, 9, 7, 8, 6, -1, -2, -3, -1};
    static const int64_t limit[] = {3, 0, 1};
    soma_network *network;
    soma_session *session = open_session(of_several, &network);
    const soma_array inputs[] = {{.data = x, .dtype = SOMA_F32, .rank = 2, .shape = {3, 4}},
                                 {.data = limit, .dtype = SOMA_I64, .rank = 2, .shape = {3, 1}}};
    int64_t first[3], places[6];
    float values[6];
    uint8_t hit[6];
    expect_ok(soma_session_run_arrays(session, inputs, (void *[]){first, values, places, hit}));
    expect_bytes(first, (const int64_t[]){1, 0, 0}, sizeof first, "first");
    expect_bytes(values, (const float[]){4, 3, 9, 8, -1, -1}, sizeof values, "values");
    expect_bytes(places, (const int64_t[]){1, 3, 0, 2, 0, 3}, sizeof places, "places");
    expect_bytes(hit, (const uint8_t[]){0, 1, 1, 0, 0, 0}, sizeof hit, "hit");
    memset(places, 0, sizeof places); /* others are left out */
    expect_ok(soma_session_run_arrays(session, inputs, (void *[]){NULL, NULL, places, NULL}));
    expect_bytes(places, (const int64_t[]){1, 3, 0, 2, 0, 3}, sizeof places, "places alone");
    soma_array other[] = {inputs[0], inputs[1]};
    other[1].shape[0] = 2;
    expect_error(soma_session_run_arrays(session, other, (void *[]){first, values, places, hit}), SOMA_INVALID_ARGUMENT,
                 "input 1", "limit", "2 samples", "3");
    close_session(session, network);
}
END_TEST

/* --------------------------------------------------------------------------------------------------- what is refused
 */

START_TEST(other_types_and_shapes_are_refused_by_name) {
    static const struct model to_float = CAST(INT64, FLOAT);
    static const int64_t x[6] = {0};
    soma_network *network;
    float y[6];
    model = &to_float;
    soma_session *session = open_session(of_one_op, &network);
    soma_array array = {.data = x, .dtype = SOMA_I32, .rank = 2, .shape = {2, 3}};
    expect_error(soma_session_run_arrays(session, &array, (void *[]){y}), SOMA_INVALID_ARGUMENT, "input 0", "x",
                 "int64 [?, 3]", "int32 [2, 3]");
    array = (soma_array){.data = x, .dtype = SOMA_I64, .rank = 2, .shape = {3, 2}};
    expect_error(soma_session_run_arrays(session, &array, (void *[]){y}), SOMA_INVALID_ARGUMENT, "int64 [3, 2]");
    array = (soma_array){.data = x, .dtype = SOMA_I64, .rank = 1, .shape = {6}};
    expect_error(soma_session_run_arrays(session, &array, (void *[]){y}), SOMA_INVALID_ARGUMENT, "int64 [6]");
    array = (soma_array){.data = x, .dtype = SOMA_I64, .rank = 2, .shape = {0, 3}};
    expect_error(soma_session_run_arrays(session, &array, (void *[]){y}), SOMA_INVALID_ARGUMENT, "x");
    array = (soma_array){.data = NULL, .dtype = SOMA_I64, .rank = 2, .shape = {2, 3}};
    expect_error(soma_session_run_arrays(session, &array, (void *[]){y}), SOMA_INVALID_ARGUMENT, "no data");
    expect_error(soma_session_run_arrays(session, NULL, (void *[]){y}), SOMA_INVALID_ARGUMENT, "NULL");
    soma_value_info info;
    expect_error(soma_network_input_info(network, 1, &info), SOMA_INVALID_ARGUMENT, "input 1", "has 1");
    expect_error(soma_network_output_info(network, 2, &info), SOMA_INVALID_ARGUMENT, "output 2", "has 1");
    close_session(session, network);
}
END_TEST

static void of_five_dimensions(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(1, 1, 1, 1, 3));
    put("Neg", "y", (const char *[]){"x", NULL}, NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(1, 1, 1, 1, 3));
}

/* What stands behind the shape is not looked at. */
START_TEST(arrays_of_more_dimensions_than_there_are_are_refused) {
    static const float x[3] = {1, 2, 3};
    struct {
        soma_array array;
        size_t behind;
    } more = {{.data = x, .dtype = SOMA_F32, .rank = SOMA_MAX_RANK + 1, .shape = {1, 1, 1, 1, 1}}, 3};
    soma_network *network;
    float y[3];
    soma_session *session = open_session(of_five_dimensions, &network);
    close_session(session, network);
    expect_ok(soma_load_onnx(temporary_path("m.onnx"), &(soma_onnx_options){.batch = SOMA_ONNX_BATCH_NONE}, &network));
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_session_create(network, NULL, &session));
    expect_error(soma_session_run_arrays(session, &more.array, (void *[]){y}), SOMA_INVALID_ARGUMENT, "input 0", "x",
                 "of 6 dimensions");
    close_session(session, network);
}
END_TEST

static const struct refused {
    struct model model;
    soma_dtype from;
    const void *x;
    soma_status status;
    const char *place, *number;
} refused[] = {
    {CAST(INT64, FLOAT), SOMA_I64, (int64_t[]){0, 0, 0, 0, 16777217, 0}, SOMA_INVALID_ARGUMENT, "[1, 1]", "16777217"},
    {CAST(INT64, FLOAT), SOMA_I64, (int64_t[]){0, 0, INT64_MIN, 0, 0, 0}, SOMA_INVALID_ARGUMENT, "[0, 2]",
     "-9223372036854775808"},
    {CAST(UINT64, FLOAT), SOMA_U64, (uint64_t[]){0, 0, 0, UINT64_MAX, 0, 0}, SOMA_INVALID_ARGUMENT, "[1, 0]",
     "18446744073709551615"},
    {CAST(INT32, FLOAT), SOMA_I32, (int32_t[]){0, 0, 0, 0, 0, -16777217}, SOMA_INVALID_ARGUMENT, "[1, 2]", "-16777217"},
    {CAST(DOUBLE, FLOAT), SOMA_F64, (double[]){0, 1e39, 0, 0, 0, 0}, SOMA_INVALID_ARGUMENT, "[0, 1]", "1e+39"},
    {CAST(FLOAT, INT64), SOMA_F32, (float[]){0, 0, 0, 0, 33554432, 0}, SOMA_UNSUPPORTED, "[1, 1]", "33554432"},
    /* -1 is 2^32 - 1 there, and 2^32 in float32 */
    {CAST(INT64, UINT32), SOMA_I64, (int64_t[]){0, 0, 0, 0, -1, 0}, SOMA_UNSUPPORTED, "[1, 1]", "4.2949673e+09"},
    {CAST(INT32, UINT64), SOMA_I32, (int32_t[]){0, 0, 0, 0, -1, 0}, SOMA_UNSUPPORTED, "[1, 1]", "1.84467441e+19"},
    {CAST(FLOAT, INT32), SOMA_F32, (float[]){NAN, 0, 0, 0, 0, 0}, SOMA_UNSUPPORTED, "[0, 0]", "nan"},
    {CAST(FLOAT, INT32), SOMA_F32, (float[]){0, INFINITY, 0, 0, 0, 0}, SOMA_UNSUPPORTED, "[0, 1]", ""},
};

START_TEST(numbers_that_float32_has_not_are_refused_with_their_place) {
    const struct refused *one = &refused[_i];
    soma_network *network;
    uint8_t y[6 * 8];
    model = &one->model;
    soma_session *session = open_session(of_one_op, &network);
    const soma_array x = {.data = one->x, .dtype = one->from, .rank = 2, .shape = {2, 3}};
    expect_error(soma_session_run_arrays(session, &x, (void *[]){y}), one->status,
                 one->status == SOMA_UNSUPPORTED ? "output 0, y" : "input 0, x", one->place, one->number);
    close_session(session, network);
}
END_TEST

/* Sums and products of narrow types, which wrap: of what float32 is not sure to have. */
static const struct narrow {
    const char *op;
    int64_t type, count;
    const char *word; /* NULL: it is read */
} narrow[] = {
    {"ReduceProd", UINT8, 4, "ReduceProd of uint8"},
    {"ReduceProd", INT8, 4, "ReduceProd of int8"},
    {"ReduceSum", UINT16, 256, NULL},
    {"ReduceSum", UINT16, 257, "ReduceSum of 257 numbers of uint16"},
    {"ReduceL1", INT16, 513, "exact for 512"},
    {"ReduceSumSquare", UINT8, 258, NULL},
    {"ReduceSumSquare", UINT8, 259, "exact for 258"},
    {"CumSum", UINT16, 257, "CumSum of 257 numbers of uint16"},
    {"ReduceMax", UINT16, 257, NULL},
};
static int current;

static void of_narrow(void) {
    const struct narrow *one = &narrow[current];
    const bool runs = !strcmp(one->op, "CumSum");
    put_typed_value(GRAPH_INPUT, "x", one->type, SHAPE(OPEN, one->count));
    integers("axes", 1, (const int64_t[]){1});
    put(one->op, "y", (const char *[]){"x", "axes", NULL}, NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", one->type, SHAPE(OPEN, runs ? one->count : 1));
}

START_TEST(narrow_types_wrap_only_where_float32_is_exact) {
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    current = _i;
    onnx_make_graph(of_narrow, 8, 18);
    expect_ok(soma_file_write(path, W->data, W->size));
    if (narrow[_i].word)
        expect_error(soma_load_onnx(path, NULL, &network), SOMA_UNSUPPORTED, narrow[_i].word);
    else {
        expect_ok(soma_load_onnx(path, NULL, &network));
        soma_network_destroy(network);
    }
}
END_TEST

/* y = (x op 16777217) % 10, of which the result says nothing of what was rounded. */
static const char *operation;
static void with_large_constant(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(OPEN, 3));
    integers("large", 1, (const int64_t[]){16777217});
    integers("ten", 1, (const int64_t[]){10});
    put(operation, "z", (const char *[]){"x", "large", NULL}, NULL, 0);
    put("Mod", "y", (const char *[]){"z", "ten", NULL}, NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", INT64, SHAPE(OPEN, 3));
}

/* Whose mean need not be whole. */
static void mean_of_whole(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(OPEN, 3));
    put("Mean", "m", (const char *[]){"x", "x", NULL}, NULL, 0);
    put("Cast", "y", (const char *[]){"m", NULL}, "to", FLOAT);
    put_typed_value(GRAPH_OUTPUT, "y", FLOAT, SHAPE(OPEN, 3));
}

START_TEST(means_are_of_numbers_that_are_not_whole) {
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    onnx_make_graph(mean_of_whole, 8, 18);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_error(soma_load_onnx(path, NULL, &network), SOMA_UNSUPPORTED, "Mean");
}
END_TEST

START_TEST(constants_that_float32_has_not_are_refused_by_name) {
    static const char *const operations[] = {"Add", "Div", "Mod", "Mul", "Sub", "Sum", "Max", "Clip"};
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    operation = operations[_i];
    onnx_make_graph(with_large_constant, 8, 18);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_error(soma_load_onnx(path, NULL, &network), SOMA_UNSUPPORTED, "large, element 0, is 16777217");
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ shapes
 */

/* [2, ?, 3]: the batch is the second dimension, in and out. */
static void with_the_batch_behind(void) {
    put_typed_value(GRAPH_INPUT, "x", INT32, SHAPE(2, OPEN, 3));
    put("Cast", "y", (const char *[]){"x", NULL}, "to", FLOAT);
    put_typed_value(GRAPH_OUTPUT, "y", FLOAT, SHAPE(2, OPEN, 3));
}

START_TEST(dimensions_are_in_the_order_of_the_file) {
    int32_t x[2 * 4 * 3];
    float y[2 * 4 * 3];
    soma_network *network;
    soma_value_info info;
    soma_session *session = open_session(with_the_batch_behind, &network);
    expect_ok(soma_network_input_info(network, 0, &info));
    ck_assert(info.rank == 3 && info.batch_axis == 1 && info.shape[0] == 2 && !info.shape[1] && info.shape[2] == 3);
    for (int i = 0; i < 24; i++) x[i] = i;
    const soma_array given = {.data = x, .dtype = SOMA_I32, .rank = 3, .shape = {2, 4, 3}};
    expect_ok(soma_network_output_info(network, 0, &info));
    ck_assert_uint_eq(info.rank, 3);
    expect_ok(soma_session_run_arrays(session, &given, (void *[]){y}));
    /* Where the network gives it with the batch in front, it says so. */
    for (size_t i = 0; i < 2; i++)
        for (size_t b = 0; b < 4; b++)
            for (size_t j = 0; j < 3; j++) {
                const size_t at = info.batch_axis == 1 ? (i * 4 + b) * 3 + j : (b * 2 + i) * 3 + j;
                ck_assert_float_eq(y[at], (float)x[(i * 4 + b) * 3 + j]);
            }
    x[(1 * 4 + 2) * 3 + 1] = 1 << 25;
    expect_error(soma_session_run_arrays(session, &given, (void *[]){y}), SOMA_INVALID_ARGUMENT, "[1, 2, 1]");
    close_session(session, network);
}
END_TEST

/* y[i][j] = x[0][j] + x[1][j]: works across the first dimension, so that a sample is the whole. */
static void of_one_sample(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(2, 3));
    put("Cast", "f", (const char *[]){"x", NULL}, "to", FLOAT);
    put("ReduceSum", "s", (const char *[]){"f", "axes", NULL}, "keepdims", 1);
    integers("axes", 1, (const int64_t[]){0});
    put("Cast", "y", (const char *[]){"s", NULL}, "to", INT64);
    put_typed_value(GRAPH_OUTPUT, "y", INT64, SHAPE(1, 3));
}

START_TEST(a_model_of_one_sample_takes_its_shape_or_samples_of_it) {
    static const int64_t x[] = {1, 2, 3, 10, 20, 30, 4, 5, 6, 40, 50, 60};
    int64_t y[6] = {0};
    soma_network *network;
    soma_value_info info;
    soma_session *session = open_session(of_one_sample, &network);
    expect_ok(soma_network_input_info(network, 0, &info));
    ck_assert(info.rank == 2 && info.batch_axis == SOMA_NO_AXIS && info.shape[0] == 2 && info.shape[1] == 3);
    expect_ok(soma_session_run_arrays(session, &(soma_array){x, SOMA_I64, 2, {2, 3}}, (void *[]){y}));
    expect_bytes(y, (const int64_t[]){11, 22, 33, 0, 0, 0}, sizeof y, "one");
    expect_ok(soma_session_run_arrays(session, &(soma_array){x, SOMA_I64, 3, {2, 2, 3}}, (void *[]){y}));
    expect_bytes(y, (const int64_t[]){11, 22, 33, 44, 55, 66}, sizeof y, "two");
    close_session(session, network);
}
END_TEST

/* A network that is of no file. */
START_TEST(other_networks_have_float32_with_the_samples_in_front) {
    static const float x[] = {1, -2, 3, -4};
    float y[4];
    soma_network *network;
    soma_session *session;
    soma_value_info info;
    expect_ok(soma_network_create(&network));
    soma_activation(soma_input(network, "x", 1, &(size_t){2}), SOMA_RELU, NULL);
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_session_create(network, NULL, &session));
    expect_ok(soma_network_input_info(network, 0, &info));
    ck_assert(info.dtype == SOMA_F32 && info.rank == 2 && info.batch_axis == 0 && info.shape[1] == 2);
    expect_ok(soma_network_output_info(network, 0, &info));
    ck_assert(info.dtype == SOMA_F32 && info.rank == 2 && info.batch_axis == 0 && info.shape[1] == 2);
    expect_ok(soma_session_run_arrays(session, &(soma_array){x, SOMA_F32, 2, {2, 2}}, (void *[]){y}));
    expect_bytes(y, (const float[]){1, 0, 3, 0}, sizeof y, "relu");
    close_session(session, network);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *all = tcase_create("onnx, types");
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, each_type_goes_in_and_comes_out, 0, sizeof ones / sizeof *ones);
    tcase_add_test(all, several_inputs_and_outputs_have_types_of_their_own);
    tcase_add_test(all, other_types_and_shapes_are_refused_by_name);
    tcase_add_test(all, arrays_of_more_dimensions_than_there_are_are_refused);
    tcase_add_loop_test(all, numbers_that_float32_has_not_are_refused_with_their_place, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_loop_test(all, narrow_types_wrap_only_where_float32_is_exact, 0, sizeof narrow / sizeof *narrow);
    tcase_add_test(all, means_are_of_numbers_that_are_not_whole);
    tcase_add_loop_test(all, constants_that_float32_has_not_are_refused_by_name, 0, 8);
    tcase_add_test(all, dimensions_are_in_the_order_of_the_file);
    tcase_add_test(all, a_model_of_one_sample_takes_its_shape_or_samples_of_it);
    tcase_add_test(all, other_networks_have_float32_with_the_samples_in_front);
    Suite *suite = suite_create("onnx, types");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
