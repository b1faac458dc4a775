/* SPDX-License-Identifier: MIT */
/* See onnx_model.h. */
#include "onnx_model.h"
#include "io/bytes.h"
#include "io/onnx/file.h"

#include <string.h>

soma_onnx_exporter made;

void put_typed_value(unsigned field, const char *name, int64_t element_type, size_t rank, const int64_t *shape) {
    size_t value = soma_protobuf_open(W, field);
    soma_protobuf_put_text(W, 1, name);
    size_t type = soma_protobuf_open(W, 2), tensor_type = soma_protobuf_open(W, 1);
    soma_protobuf_put_integer(W, 1, element_type);
    size_t shapes = soma_protobuf_open(W, 2);
    for (size_t i = 0; i < rank; i++) {
        size_t dimension = soma_protobuf_open(W, 1);
        if (shape[i] != OPEN) soma_protobuf_put_integer(W, 1, shape[i]);
        soma_protobuf_close(W, dimension);
    }
    soma_protobuf_close(W, shapes);
    soma_protobuf_close(W, tensor_type);
    soma_protobuf_close(W, type);
    soma_protobuf_close(W, value);
}

void put_value(unsigned field, const char *name, size_t rank, const int64_t *shape) {
    put_typed_value(field, name, ONNX_FLOAT, rank, shape);
}

void node(const char *op, const char *a, const char *b, const char *out) {
    soma_onnx_put_node(&made, op, out, a, b);
}

static size_t open_tensor(const char *name, int64_t type, size_t rank, const int64_t *shape) {
    size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER);
    for (size_t i = 0; i < rank; i++) soma_protobuf_put_integer(W, TENSOR_DIMS, shape[i]);
    soma_protobuf_put_integer(W, TENSOR_TYPE, type);
    soma_protobuf_put_text(W, TENSOR_NAME, name);
    return message;
}

void tensor(const char *name, int64_t type, size_t rank, const int64_t *shape, size_t bytes) {
    static const uint8_t zeros[256];
    size_t message = open_tensor(name, type, rank, shape);
    soma_protobuf_put_bytes(W, TENSOR_RAW, zeros, bytes);
    soma_protobuf_close(W, message);
}

void floats(const char *name, size_t rank, const int64_t *shape, const float *values) {
    size_t sizes[SOMA_ONNX_MAX_RANK]; /* which may be more than a tensor has */
    for (size_t i = 0; i < rank; i++) sizes[i] = (size_t)shape[i];
    soma_onnx_put_tensor(&made, GRAPH_INITIALIZER, name, (uint32_t)rank, sizes, values);
}

void bytes(const char *name, int64_t type, size_t rank, const int64_t *shape, const int8_t *values) {
    size_t count = 1, message = open_tensor(name, type, rank, shape);
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    soma_protobuf_put_bytes(W, TENSOR_RAW, values, count);
    soma_protobuf_close(W, message);
}

void doubles(const char *name, size_t count, const double *values) {
    uint8_t raw[8 * 32];
    size_t message = open_tensor(name, 11, 1, &(int64_t){(int64_t)count});
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        soma_store_le64(raw + 8 * i, bits);
    }
    soma_protobuf_put_bytes(W, TENSOR_RAW, raw, 8 * count);
    soma_protobuf_close(W, message);
}

void integers(const char *name, size_t count, const int64_t *values) {
    uint8_t raw[8 * 32];
    size_t message = open_tensor(name, ONNX_INT64, 1, &(int64_t){(int64_t)count});
    for (size_t i = 0; i < count; i++) soma_store_le64(raw + 8 * i, (uint64_t)values[i]);
    soma_protobuf_put_bytes(W, TENSOR_RAW, raw, 8 * count);
    soma_protobuf_close(W, message);
}

void import_domain(const char *domain, int64_t version) {
    size_t import = soma_protobuf_open(W, 8);
    if (domain) soma_protobuf_put_text(W, 1, domain);
    soma_protobuf_put_integer(W, 2, version);
    soma_protobuf_close(W, import);
}

/* Ends with soma_protobuf_close(). */
static size_t begin(int64_t ir, int64_t opset) {
    soma_free(W->data);
    memset(&made, 0, sizeof made);
    soma_protobuf_put_integer(W, 1, ir);
    import_domain(NULL, opset);
    return soma_protobuf_open(W, 7);
}

void onnx_make_graph(void (*body)(void), int64_t ir, int64_t opset) {
    size_t graph = begin(ir, opset);
    body();
    soma_protobuf_close(W, graph);
}

void onnx_make(void (*body)(void), int64_t ir, int64_t opset, size_t rank, const int64_t *shape) {
    size_t graph = begin(ir, opset);
    put_value(GRAPH_INPUT, "x", rank, shape);
    body();
    put_value(GRAPH_OUTPUT, "y", rank, shape);
    soma_protobuf_close(W, graph);
}

void make(void (*body)(void), int64_t ir, int64_t opset) {
    onnx_make(body, ir, opset, SHAPE(OPEN, 4));
}
