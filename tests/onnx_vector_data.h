/* SPDX-License-Identifier: MIT */
/* What a test of the ONNX backend's suite consists of: a model, and tensors in files beside it. */
#ifndef SOMA_TESTS_ONNX_VECTOR_DATA_H
#define SOMA_TESTS_ONNX_VECTOR_DATA_H

#include "io/onnx/file.h"

enum { ONNX_VECTOR_MAX_VALUES = 16 };

typedef struct onnx_vector_place {
    const char *directory;
    soma_onnx_file *file;                           /* its model */
    const char *input_name[ONNX_VECTOR_MAX_VALUES]; /* of the graph, initializers left out: input_0.pb and so on */
    size_t input_count;
} onnx_vector_place;

typedef struct onnx_vector_tensor {
    soma_onnx_elements elements;
    Soma__Onnx__TensorProto *message;
    double *values;
} onnx_vector_tensor;

/* Fills in the names; the file is open. */
void onnx_vector_list_inputs(onnx_vector_place *place);
/* Number `index` of what is an "input" or an "output" in a data set. False where there is no such file. */
bool onnx_vector_read(const onnx_vector_place *place, unsigned set, const char *what, size_t index,
                      onnx_vector_tensor *tensor);
void onnx_vector_clear(onnx_vector_tensor *tensor);

#endif
