/* SPDX-License-Identifier: MIT */
/*
 * Quantised values on a device, by hand: every number must be the one, not a near one.
 *
 * Usage: test_onnx_quantize DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

enum { UINT8 = 2, INT8 = 3, UINT16 = 4, INT16 = 5 };

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void put(const char *op, const char *out, const char *const *inputs) {
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, op, out, inputs));
}

/* Halves go to the even side, and what the type does not hold is its end. */
static void rounded(void) {
    floats("s", SHAPE(1), (const float[]){0.5f});
    bytes("z", UINT8, SHAPE(1), (const int8_t[]){10});
    put("QuantizeLinear", "y", INPUTS("x", "s", "z"));
}

/* The ends of a type, whose zero point is 0, there and back. */
static void ends_of(int64_t type, size_t size) {
    floats("s", SHAPE(1), (const float[]){1});
    tensor("z", type, SHAPE(1), size);
    put("QuantizeLinear", "q", INPUTS("x", "s", "z"));
    put("DequantizeLinear", "y", INPUTS("q", "s", "z"));
}
static void ends_of_uint8(void) {
    ends_of(UINT8, 1);
}
static void ends_of_int8(void) {
    ends_of(INT8, 1);
}
static void ends_of_uint16(void) {
    ends_of(UINT16, 2);
}
static void ends_of_int16(void) {
    ends_of(INT16, 2);
}

/* There and back, with a scale and a zero point for each column. */
static void each_column(void) {
    floats("s", SHAPE(2), (const float[]){0.5f, 2});
    bytes("z", INT8, SHAPE(2), (const int8_t[]){0, -1});
    put("QuantizeLinear", "q", INPUTS("x", "s", "z"));
    put("DequantizeLinear", "y", INPUTS("q", "s", "z"));
}

/* Weights are what they stand for as soon as the file is read: (8-bit number - zero point) * scale. */
static void known(void) {
    bytes("w", UINT8, SHAPE(3), (const int8_t[]){0, 10, (int8_t)255});
    floats("s", 0, NULL, (const float[]){0.5f});
    bytes("z", UINT8, 0, NULL, (const int8_t[]){10});
    put("DequantizeLinear", "d", INPUTS("w", "s", "z"));
    put("Add", "y", INPUTS("x", "d"));
}

/* Without a zero point, which is then 0; the numbers have a sign. */
static void known_without_zero(void) {
    bytes("w", INT8, SHAPE(3), (const int8_t[]){-128, -1, 127});
    floats("s", SHAPE(1), (const float[]){2});
    put("DequantizeLinear", "d", INPUTS("w", "s"));
    put("Add", "y", INPUTS("x", "d"));
}

/* [2, 3]: of rows by the axis given, and of columns by the last one. */
static void known_along(int64_t axis, size_t count) {
    bytes("w", INT8, SHAPE(2, 3), (const int8_t[]){1, 2, 3, 4, 5, 6});
    floats("s", SHAPE((int64_t)count), (const float[]){1, 10, 100});
    bytes("z", INT8, SHAPE((int64_t)count), (const int8_t[]){1, 2, 3});
    size_t one = soma_onnx_begin_node(&made, "DequantizeLinear", "d", INPUTS("w", "s", "z"));
    soma_onnx_put_attribute_integer(&made, "axis", axis);
    soma_onnx_end_node(&made, one);
    put("MatMul", "y", INPUTS("x", "d"));
}

static void known_rows(void) {
    known_along(0, 2);
}

static void known_columns(void) {
    known_along(-1, 3);
}

static void make_whole(void) {
    floats("one", SHAPE(1), (const float[]){1});
    bytes("zero", UINT8, SHAPE(1), (const int8_t[]){0});
    put("QuantizeLinear", "q", INPUTS("x", "one", "zero"));
}

/* (x - 1) by (w - 1) */
static void product(void) {
    make_whole();
    bytes("xz", UINT8, SHAPE(1), (const int8_t[]){1});
    bytes("wz", INT8, SHAPE(1), (const int8_t[]){1});
    bytes("w", INT8, SHAPE(2, 2), (const int8_t[]){1, -2, 3, 4});
    put("MatMulInteger", "y", INPUTS("q", "w", "xz", "wz"));
}

/* 600 products of up to 255 127, of which float32 would round the sums on their way: in one column they end small. */
static void long_sums(void) {
    int8_t w[600][2];
    for (int i = 0; i < 600; i++) w[i][0] = 127, w[i][1] = (int8_t)(i < 300 ? 127 : -127);
    w[599][1] = -126;
    make_whole();
    integers("times", 2, (const int64_t[]){1, 300});
    put("Tile", "t", INPUTS("q", "times"));
    bytes("w", INT8, SHAPE(600, 2), &w[0][0]);
    put("MatMulInteger", "y", INPUTS("t", "w"));
}

/* A filter of two points and scales of filters: 3 -> 3 / 2 = 1.5 -> 2, and so on. */
static void convolution(void) {
    make_whole();
    bytes("w", INT8, SHAPE(2, 1, 1, 2), (const int8_t[]){1, 1, -1, 2});
    floats("xs", SHAPE(1), (const float[]){0.5f});
    floats("ws", SHAPE(2), (const float[]){1, 2});
    bytes("wz", INT8, SHAPE(2), (const int8_t[]){0, 0});
    floats("ys", SHAPE(1), (const float[]){1});
    bytes("yz", UINT8, SHAPE(1), (const int8_t[]){3});
    put("QLinearConv", "y", INPUTS("q", "xs", "zero", "w", "ws", "wz", "ys", "yz"));
}

/* Rows of a table of bytes, which become numbers behind: (q - 1) / 2. */
static void embedding(void) {
    bytes("table", INT8, SHAPE(3, 2), (const int8_t[]){1, 3, -5, 127, -128, 9});
    floats("s", SHAPE(1), (const float[]){0.5f});
    bytes("z", INT8, SHAPE(1), (const int8_t[]){1});
    size_t one = soma_onnx_begin_node(&made, "Cast", "rows", INPUTS("x"));
    soma_onnx_put_attribute_integer(&made, "to", 7);
    soma_onnx_end_node(&made, one);
    put("Gather", "q", INPUTS("table", "rows"));
    put("DequantizeLinear", "y", INPUTS("q", "s", "z"));
}

enum { DIRECTIONS = 2, GATES = 4 };

static void put_lstm(const char *op, const char *out, const char *const *inputs) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs), attribute;
    if (inputs[3]) soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, "direction");
    soma_protobuf_put_text(W, 4, "bidirectional");
    soma_protobuf_put_integer(W, 20, 3); /* STRING */
    soma_protobuf_close(W, attribute);
    soma_onnx_end_node(&made, one);
}

/* Each of them, plus so much, as a byte. */
static void put_bytes(const char *name, int64_t type, int more, size_t rank, const int64_t *shape,
                      const int8_t *values) {
    int8_t raised[DIRECTIONS * 2 * GATES];
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    for (size_t i = 0; i < count; i++) raised[i] = (int8_t)(uint8_t)(values[i] + more);
    bytes(name, type, rank, shape, raised);
}

/* Less an LSTM of the numbers that the bytes stand for, it is nothing: with a scale of each direction, and of each of
 * its columns. Bytes without a sign have all numbers, zero points too, more by 128. */
static void lstm(int64_t type) {
    const int more = type == UINT8 ? 128 : 0;
    static const int8_t q[DIRECTIONS][2][GATES] = {{{3, 7, 1, 9}, {5, 2, 4, 0}}, {{1, 8, 3, 6}, {9, 4, 2, 7}}};
    static const int8_t r[DIRECTIONS][GATES] = {{-3, 5, 2, -1}, {4, -6, 1, 3}};
    static const int8_t qz[DIRECTIONS] = {2, 5}, rz[DIRECTIONS][GATES] = {{1, 0, -1, 2}, {-2, 1, 0, 3}};
    static const float qs[DIRECTIONS] = {0.5f, 0.25f}, rs[DIRECTIONS][GATES] = {{0.5f, 1, 2, 0.25f}, {1, 0.5f, 4, 2}};
    float w[DIRECTIONS][GATES][2], v[DIRECTIONS][GATES];
    for (int d = 0; d < DIRECTIONS; d++)
        for (int gate = 0; gate < GATES; gate++) {
            for (int i = 0; i < 2; i++) w[d][gate][i] = (float)(q[d][i][gate] - qz[d]) * qs[d];
            v[d][gate] = (float)(r[d][gate] - rz[d][gate]) * rs[d][gate];
        }
    put_bytes("q", type, more, SHAPE(DIRECTIONS, 2, GATES), &q[0][0][0]);
    put_bytes("qz", type, more, SHAPE(DIRECTIONS), qz);
    floats("qs", SHAPE(DIRECTIONS), qs);
    put_bytes("r", type, more, SHAPE(DIRECTIONS, 1, GATES), &r[0][0]);
    put_bytes("rz", type, more, SHAPE(DIRECTIONS, GATES), &rz[0][0]);
    floats("rs", SHAPE(DIRECTIONS, GATES), &rs[0][0]);
    floats("w", SHAPE(DIRECTIONS, GATES, 2), &w[0][0][0]);
    floats("v", SHAPE(DIRECTIONS, GATES, 1), &v[0][0]);
    put_lstm("DynamicQuantizeLSTM", "a", INPUTS("x", "q", "r", "", "", "", "", "", "qs", "qz", "rs", "rz"));
    put_lstm("LSTM", "b", INPUTS("x", "w", "v"));
    put("Sub", "y", INPUTS("a", "b"));
}

static void signed_lstm(void) {
    lstm(INT8);
}

static void unsigned_lstm(void) {
    lstm(UINT8);
}

static const onnx_case cases[] = {
    {"rounded", rounded, 2, {OPEN, 5}, 1, 5, {0.25f, 0.75f, -1.5f, 300, -300}, {10, 12, 7, 255, 0}},
    {"ends of uint8", ends_of_uint8, 2, {OPEN, 4}, 1, 4, {-1e6f, -1, 256, 1e6f}, {0, 0, 255, 255}},
    {"ends of int8", ends_of_int8, 2, {OPEN, 4}, 1, 4, {-1e6f, -129, 128, 1e6f}, {-128, -128, 127, 127}},
    {"ends of uint16", ends_of_uint16, 2, {OPEN, 4}, 1, 4, {-1e6f, -1, 65536, 1e6f}, {0, 0, 65535, 65535}},
    {"ends of int16", ends_of_int16, 2, {OPEN, 4}, 1, 4, {-1e6f, -32769, 32768, 1e6f}, {-32768, -32768, 32767, 32767}},
    {"each column", each_column, 2, {OPEN, 2}, 2, 4, {1.25f, 5, 1000, -1000}, {1, 4, 63.5f, -254}},
    {"known", known, 2, {OPEN, 3}, 1, 3, {0, 0, 1}, {-5, 0, 123.5f}},
    {"known, without a zero point", known_without_zero, 2, {OPEN, 3}, 1, 3, {0, 0, 1}, {-256, -2, 255}},
    {"known, of rows", known_rows, 2, {OPEN, 2}, 2, 6, {1, 0, 0, 1}, {0, 1, 2, 20, 30, 40}},
    {"known, of columns", known_columns, 2, {OPEN, 2}, 2, 6, {1, 0, 0, 1}, {0, 0, 0, 3, 30, 300}},
    {"product", product, 2, {OPEN, 2}, 1, 2, {3, 4}, {6, 3}},
    {"long sums", long_sums, 2, {OPEN, 2}, 1, 2, {255, 254}, {19392900, 254}},
    {"embedding", embedding, 2, {OPEN, 2}, 1, 4, {2, 1}, {-64.5f, 4, -3, 63}},
    {"signed lstm", signed_lstm, 3, {2, 1, 2}, 1, 4, {1, -2, 0.5f, 3}, {0, 0, 0, 0}},
    {"unsigned lstm", unsigned_lstm, 3, {2, 1, 2}, 1, 4, {1, -2, 0.5f, 3}, {0, 0, 0, 0}},
    {"convolution", convolution, 4, {OPEN, 1, 1, 3}, 1, 4, {1, 2, 5}, {3 + 2, 3 + 4, 3 + 3, 3 + 8}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx, quantize", 16, cases, sizeof cases / sizeof *cases);
}
