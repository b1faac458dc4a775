/* SPDX-License-Identifier: MIT */
/* Nodes and constants of an ONNX graph, and names for them: what all ops are written with. */
#include "io/bytes.h"
#include "io/onnx/export.h"

#include <stdio.h>
#include <string.h>

/* Field numbers and types of attributes. */
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_FLOAT = 2, ATTRIBUTE_INTEGER = 3, ATTRIBUTE_TEXT = 4, ATTRIBUTE_TENSOR = 5 };
enum { ATTRIBUTE_INTEGERS = 8, ATTRIBUTE_TEXTS = 9, ATTRIBUTE_TYPE = 20 };
enum { IS_FLOAT = 1, IS_INTEGER = 2, IS_TEXT = 3, IS_TENSOR = 4, IS_INTEGERS = 7, IS_TEXTS = 8 };

size_t soma_onnx_begin_node(soma_onnx_exporter *exporter, const char *op, const char *output,
                            const char *const *input) {
    size_t node = soma_protobuf_open(&exporter->writer, GRAPH_NODE);
    for (; *input; input++) soma_protobuf_put_text(&exporter->writer, NODE_INPUT, *input);
    soma_protobuf_put_text(&exporter->writer, NODE_OUTPUT, output);
    soma_protobuf_put_text(&exporter->writer, NODE_NAME, output);
    soma_protobuf_put_text(&exporter->writer, NODE_OP, op);
    return node;
}

void soma_onnx_need_opset(soma_onnx_exporter *exporter, int64_t opset) {
    exporter->least_opset = SOMA_MAX(exporter->least_opset, opset);
}

bool soma_onnx_may_need(const soma_onnx_exporter *exporter, int64_t opset) {
    return exporter->limit == 0 || opset <= exporter->limit;
}

void soma_onnx_end_node(soma_onnx_exporter *exporter, size_t opened) {
    soma_protobuf_close(&exporter->writer, opened);
}

void soma_onnx_put_node(soma_onnx_exporter *exporter, const char *op, const char *output, const char *a,
                        const char *b) {
    soma_onnx_end_node(exporter, soma_onnx_begin_node(exporter, op, output, (const char *[]){a, b, NULL}));
}

static size_t open_attribute(soma_onnx_exporter *exporter, const char *name, int64_t type) {
    size_t attribute = soma_protobuf_open(&exporter->writer, NODE_ATTRIBUTE);
    soma_protobuf_put_text(&exporter->writer, ATTRIBUTE_NAME, name);
    soma_protobuf_put_integer(&exporter->writer, ATTRIBUTE_TYPE, type);
    return attribute;
}

void soma_onnx_put_attribute_float(soma_onnx_exporter *exporter, const char *name, float value) {
    size_t attribute = open_attribute(exporter, name, IS_FLOAT);
    soma_protobuf_put_float(&exporter->writer, ATTRIBUTE_FLOAT, value);
    soma_protobuf_close(&exporter->writer, attribute);
}

void soma_onnx_put_attribute_integer(soma_onnx_exporter *exporter, const char *name, int64_t value) {
    size_t attribute = open_attribute(exporter, name, IS_INTEGER);
    soma_protobuf_put_integer(&exporter->writer, ATTRIBUTE_INTEGER, value);
    soma_protobuf_close(&exporter->writer, attribute);
}

void soma_onnx_put_attribute_text(soma_onnx_exporter *exporter, const char *name, const char *text) {
    size_t attribute = open_attribute(exporter, name, IS_TEXT);
    soma_protobuf_put_text(&exporter->writer, ATTRIBUTE_TEXT, text);
    soma_protobuf_close(&exporter->writer, attribute);
}

void soma_onnx_put_attribute_texts(soma_onnx_exporter *exporter, const char *name, const char *const *texts,
                                   size_t count) {
    size_t attribute = open_attribute(exporter, name, IS_TEXTS);
    for (size_t i = 0; i < count; i++) soma_protobuf_put_text(&exporter->writer, ATTRIBUTE_TEXTS, texts[i]);
    soma_protobuf_close(&exporter->writer, attribute);
}

void soma_onnx_put_attribute_integers(soma_onnx_exporter *exporter, const char *name, const int64_t *values,
                                      size_t count) {
    size_t attribute = open_attribute(exporter, name, IS_INTEGERS);
    for (size_t i = 0; i < count; i++) soma_protobuf_put_integer(&exporter->writer, ATTRIBUTE_INTEGERS, values[i]);
    soma_protobuf_close(&exporter->writer, attribute);
}

/* ------------------------------------------------------------------------------------------------------- constants */

/* Little-endian, which costs nothing where the host is. */
void soma_onnx_put_tensor(soma_onnx_exporter *exporter, unsigned field, const char *name, uint32_t rank,
                          const size_t *shape, const float *values) {
    size_t count = 1, tensor = soma_protobuf_open(&exporter->writer, field);
    for (uint32_t i = 0; i < rank; i++) {
        count *= shape[i];
        soma_protobuf_put_integer(&exporter->writer, TENSOR_DIMS, (int64_t)shape[i]);
    }
    soma_protobuf_put_integer(&exporter->writer, TENSOR_TYPE, ONNX_FLOAT);
    soma_protobuf_put_text(&exporter->writer, TENSOR_NAME, name);
    soma_protobuf_put_bytes(&exporter->writer, TENSOR_RAW, values, count * sizeof *values);
    if (!exporter->writer.failed) {
        uint8_t *raw = exporter->writer.data + exporter->writer.size - count * sizeof *values;
        for (size_t i = 0; i < count; i++) {
            uint32_t bits;
            memcpy(&bits, raw + i * sizeof bits, sizeof bits);
            soma_store_le32(raw + i * sizeof bits, bits);
        }
    }
    soma_protobuf_close(&exporter->writer, tensor);
}

bool soma_onnx_is_taken(const soma_onnx_exporter *exporter, const char *name, uint32_t before) {
    for (uint32_t i = 0; i < before; i++)
        if (strcmp(exporter->name[i], name) == 0) return true;
    return false;
}

/* What a standardised input is called in the file is no tensor's name any more, but taken. */
static bool is_own_name(const soma_graph *graph, const char *name) {
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->name && strcmp(graph->tensor[i]->name, name) == 0) return true;
    return false;
}

/* "PREFIX_N" that no tensor has. */
soma_onnx_name soma_onnx_own_name(const soma_onnx_exporter *exporter, const char *prefix, unsigned *number) {
    soma_onnx_name name;
    do {
        snprintf(name.text, sizeof name.text, "%s_%u", prefix, ++*number);
    } while (soma_onnx_is_taken(exporter, name.text, exporter->network->graph.count) ||
             is_own_name(&exporter->network->graph, name.text));
    return name;
}

soma_onnx_name soma_onnx_temporary(soma_onnx_exporter *exporter) {
    return soma_onnx_own_name(exporter, "inner", &exporter->temporaries);
}

/* As a node, not as an initializer: those are weights, which whoever reads the file may train. */
void soma_onnx_put_constant(soma_onnx_exporter *exporter, const char *name, uint32_t rank, const size_t *shape,
                            const float *values) {
    size_t node = soma_onnx_begin_node(exporter, "Constant", name, (const char *[]){NULL});
    size_t attribute = open_attribute(exporter, "value", IS_TENSOR);
    soma_onnx_put_tensor(exporter, ATTRIBUTE_TENSOR, "", rank, shape, values);
    soma_protobuf_close(&exporter->writer, attribute);
    soma_onnx_end_node(exporter, node);
}

soma_onnx_name soma_onnx_constant_name(soma_onnx_exporter *exporter, const char *prefix) {
    return soma_onnx_own_name(exporter, prefix, &exporter->constants);
}

soma_onnx_name soma_onnx_number(soma_onnx_exporter *exporter, float value) {
    soma_onnx_name name = soma_onnx_constant_name(exporter, "constant");
    soma_onnx_put_constant(exporter, name.text, 0, NULL, &value);
    return name;
}

soma_status soma_onnx_put_equal_numbers(soma_onnx_exporter *exporter, const char *name, const soma_tensor *like,
                                        float value) {
    size_t count = soma_tensor_count(like);
    float *values = soma_calloc(count, sizeof *values);
    if (!values) return soma_out_of_memory(count * sizeof *values, "numbers of an ONNX model");
    for (size_t i = 0; i < count; i++) values[i] = value;
    soma_onnx_put_constant(exporter, name, like->rank, like->shape, values);
    soma_free(values);
    return SOMA_OK;
}

soma_onnx_name soma_onnx_list(soma_onnx_exporter *exporter, const int64_t *values, size_t count) {
    soma_onnx_name name = soma_onnx_constant_name(exporter, "constant");
    size_t tensor = soma_protobuf_open(&exporter->writer, GRAPH_INITIALIZER);
    soma_protobuf_put_integer(&exporter->writer, TENSOR_DIMS, (int64_t)count);
    soma_protobuf_put_integer(&exporter->writer, TENSOR_TYPE, ONNX_INT64);
    soma_protobuf_put_text(&exporter->writer, TENSOR_NAME, name.text);
    size_t raw = soma_protobuf_open(&exporter->writer, TENSOR_RAW);
    for (size_t i = 0; i < count; i++) soma_protobuf_append_integer(&exporter->writer, values[i]);
    soma_protobuf_close(&exporter->writer, raw);
    soma_protobuf_close(&exporter->writer, tensor);
    return name;
}

/* -------------------------------------------------------------------------------------------- for several families */

void soma_onnx_put_reshaped(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *shape,
                            size_t rank) {
    soma_onnx_name list = soma_onnx_list(exporter, shape, rank);
    PUT("Reshape", out, x, list.text);
}
