/* SPDX-License-Identifier: MIT */
/* See onnx_vector_data.h. */
#include "onnx_vector_data.h"
#include "base/file.h"
#include "io/bytes.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void onnx_vector_list_inputs(onnx_vector_place *place) {
    const Soma__Onnx__GraphProto *graph = place->file->model->graph;
    for (size_t i = 0; i < graph->n_input && place->input_count < ONNX_VECTOR_MAX_VALUES; i++) {
        bool initialized = false;
        for (size_t j = 0; j < graph->n_initializer; j++)
            initialized |= strcmp(graph->initializer[j]->name, graph->input[i]->name) == 0;
        if (!initialized) place->input_name[place->input_count++] = graph->input[i]->name;
    }
}

void onnx_vector_clear(onnx_vector_tensor *tensor) {
    if (tensor->message) soma__onnx__tensor_proto__free_unpacked(tensor->message, NULL);
    free(tensor->values);
    memset(tensor, 0, sizeof *tensor);
}

/* NumPy has no bfloat16, so that such data come as uint16, though their model says what they are. */
static void see_bfloat16(const onnx_vector_place *place, const char *what, size_t index,
                         Soma__Onnx__TensorProto *message) {
    const Soma__Onnx__GraphProto *graph = place->file->model->graph;
    size_t count = strcmp(what, "input") == 0 ? graph->n_input : graph->n_output;
    Soma__Onnx__ValueInfoProto **info = strcmp(what, "input") == 0 ? graph->input : graph->output;
    if (message->data_type != SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT16 || index >= count) return;
    const Soma__Onnx__TypeProto *type = info[index]->type;
    if (type->value_case == SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
        type->tensor_type->elem_type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16)
        message->data_type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

/* Some vectors hold doubles that float32 does not, which soma refuses in a model; a network sees infinity in their
 * place. */
static void read_doubles(const onnx_vector_tensor *tensor, size_t count) {
    const Soma__Onnx__TensorProto *message = tensor->message;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = message->has_raw_data ? soma_load_le64(message->raw_data.data + 8 * i) : 0;
        double value = message->has_raw_data ? 0 : message->double_data[i];
        if (message->has_raw_data) memcpy(&value, &bits, sizeof value);
        tensor->values[i] = fabs(value) > (double)FLT_MAX ? copysign(INFINITY, value) : value;
    }
}

bool onnx_vector_read(const onnx_vector_place *place, unsigned set, const char *what, size_t index,
                      onnx_vector_tensor *tensor) {
    char path[1024];
    soma_buffer buffer;
    memset(tensor, 0, sizeof *tensor);
    snprintf(path, sizeof path, "%s/test_data_set_%u/%s_%zu.pb", place->directory, set, what, index);
    if (soma_file_read(path, 1 << 28, &buffer) != SOMA_OK) return false;
    tensor->message = soma__onnx__tensor_proto__unpack(NULL, buffer.size, buffer.data);
    soma_free(buffer.data);
    if (tensor->message) see_bfloat16(place, what, index, tensor->message);
    if (!tensor->message || soma_onnx_elements_of(tensor->message, &tensor->elements) != SOMA_OK) {
        onnx_vector_clear(tensor);
        return false;
    }
    size_t count = tensor->elements.count;
    float *floats = calloc(count + 1, sizeof *floats);
    int64_t *integers = calloc(count + 1, sizeof *integers);
    tensor->values = calloc(count + 1, sizeof *tensor->values);
    bool ok;
    if (soma_onnx_is_integer(tensor->elements.type)) {
        ok = soma_onnx_read_integers(place->file, &tensor->elements, integers) == SOMA_OK;
        for (size_t i = 0; ok && i < count; i++) tensor->values[i] = (double)integers[i];
    } else if (tensor->elements.type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE) {
        read_doubles(tensor, count);
        ok = true;
    } else {
        ok = soma_onnx_read_floats(place->file, &tensor->elements, floats) == SOMA_OK;
        for (size_t i = 0; ok && i < count; i++) tensor->values[i] = (double)floats[i];
    }
    free(floats);
    free(integers);
    if (!ok) onnx_vector_clear(tensor);
    return ok;
}
