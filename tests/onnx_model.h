/* SPDX-License-Identifier: MIT */
/* ONNX models for tests, written piece by piece. */
#ifndef SOMA_TESTS_ONNX_MODEL_H
#define SOMA_TESTS_ONNX_MODEL_H

#include "io/onnx/export.h"

/* The model that is being written; W is where its bytes go. */
extern soma_onnx_exporter made;
#define W (&made.writer)

enum { OPEN = -1 };
/* "rank, shape" of the functions below. */
#define SHAPE(...)                                                                                                     \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]) {                                            \
        __VA_ARGS__                                                                                                    \
    }

/* A graph with the input x of this shape and the output y; `body` writes what is in it. */
void onnx_make(void (*body)(void), int64_t ir, int64_t opset, size_t rank, const int64_t *shape);
/* The same where `body` writes the inputs and outputs, too. */
void onnx_make_graph(void (*body)(void), int64_t ir, int64_t opset);
/* x [n, 4] */
void make(void (*body)(void), int64_t ir, int64_t opset);
/* Once more for the model that was made: a domain that it imports; NULL: without a name. */
void import_domain(const char *domain, int64_t version);

/* An input or an output: field GRAPH_INPUT, GRAPH_OUTPUT. */
void put_typed_value(unsigned field, const char *name, int64_t type, size_t rank, const int64_t *shape);
void put_value(unsigned field, const char *name, size_t rank, const int64_t *shape);
void node(const char *op, const char *a, const char *b, const char *out);
/* An initializer of zeros, so many bytes of them; one of floats, of bytes (uint8 or int8), of whole numbers. */
void tensor(const char *name, int64_t type, size_t rank, const int64_t *shape, size_t bytes);
void floats(const char *name, size_t rank, const int64_t *shape, const float *values);
void bytes(const char *name, int64_t type, size_t rank, const int64_t *shape, const int8_t *values);
void doubles(const char *name, size_t count, const double *values);
void integers(const char *name, size_t count, const int64_t *values);

#endif
