/* SPDX-License-Identifier: MIT */
/* From a network to an ONNX file: names, inputs, outputs, weights. */
#include "base/file.h"
#include "base/utf8.h"
#include "io/name.h"
#include "io/onnx/family.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The model's and the graph's fields. */
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_VERSION = 3, MODEL_GRAPH = 7, MODEL_OPSET = 8 };

/* The first opset in which all operands are broadcast as NumPy does; older readers are rare. */
enum { FIRST_OPSET = 7 };

/* --------------------------------------------------------------------------------------------- inputs, outputs */

bool soma_onnx_names_rows(const soma_tensor *input) {
    const soma_graph *graph = input->graph;
    bool any = false;
    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++) {
            if (graph->tensor[i]->input[j] != input) continue;
            if (graph->tensor[i]->op != SOMA_OP_INDEX) return false;
            any = true;
        }
    return any;
}

/* ValueInfo: a tensor, the batch by name. */
static void put_value(soma_onnx_exporter *exporter, unsigned field, const char *name, const soma_tensor *tensor) {
    const bool whole = tensor->op == SOMA_OP_INPUT && soma_onnx_names_rows(tensor);
    soma_protobuf *writer = &exporter->writer;
    size_t value = soma_protobuf_open(writer, field);
    soma_protobuf_put_text(writer, 1, name);
    size_t type = soma_protobuf_open(writer, 2), tensor_type = soma_protobuf_open(writer, 1);
    soma_protobuf_put_integer(writer, 1, whole ? ONNX_INT64 : ONNX_FLOAT);
    size_t shape = soma_protobuf_open(writer, 2), batch = soma_protobuf_open(writer, 1);
    soma_protobuf_put_text(writer, 2, "batch");
    soma_protobuf_close(writer, batch);
    for (uint32_t i = 0; i < tensor->rank; i++) {
        size_t dimension = soma_protobuf_open(writer, 1);
        soma_protobuf_put_integer(writer, 1, (int64_t)tensor->shape[i]);
        soma_protobuf_close(writer, dimension);
    }
    soma_protobuf_close(writer, shape);
    soma_protobuf_close(writer, tensor_type);
    soma_protobuf_close(writer, type);
    soma_protobuf_close(writer, value);
}

/* A float32 constant of an input's shape; the exporter notes where memory has run out. */
static void put_figures(soma_onnx_exporter *exporter, const soma_tensor *input, const char *name,
                        const double *figures) {
    size_t count = soma_tensor_count(input);
    float *values = soma_calloc(count, sizeof *values);
    for (size_t i = 0; values && i < count; i++) values[i] = (float)figures[i];
    if (values)
        soma_onnx_put_constant(exporter, name, input->rank, input->shape, values);
    else
        exporter->writer.failed = true;
    soma_free(values);
}

/* An input, and its standardisation if the network has learnt one: the model takes the data as they are. */
static void put_input(soma_onnx_exporter *exporter, const soma_tensor *input, size_t offset) {
    const soma_preprocessing *preprocessing = &exporter->network->preprocessing;
    char *name = exporter->name[input->id];
    put_value(exporter, GRAPH_INPUT, name, input);
    if (!preprocessing->mean) return;
    soma_onnx_name mean = soma_onnx_constant_name(exporter, "mean");
    put_figures(exporter, input, mean.text, preprocessing->mean + offset);
    soma_onnx_name scale = soma_onnx_constant_name(exporter, "scale");
    put_figures(exporter, input, scale.text, preprocessing->scale + offset);
    soma_onnx_name centred = soma_onnx_temporary(exporter), standard = soma_onnx_temporary(exporter);
    soma_onnx_put_node(exporter, "Sub", centred.text, name, mean.text);
    soma_onnx_put_node(exporter, "Mul", standard.text, centred.text, scale.text);
    memcpy(name, standard.text, sizeof standard.text);
}

static soma_status put_weights(soma_onnx_exporter *exporter) {
    soma_network *network = exporter->network;
    for (size_t i = 0; i < network->parameter_count; i++) {
        const soma_tensor *tensor = network->parameters[i].tensor;
        size_t count = soma_tensor_count(tensor);
        bool turned = soma_onnx_is_conv_weight(exporter, tensor);
        bool recurrent = soma_onnx_is_recurrent_weight(exporter, tensor);
        float *values = soma_calloc(count, (recurrent ? 3 : turned ? 2 : 1) * sizeof *values);
        if (!values) return soma_out_of_memory(count * sizeof *values, "the weights");
        soma_status status = soma_get_parameter(network, tensor, values, count);
        if (status == SOMA_OK && recurrent)
            status =
                soma_onnx_put_recurrent_weight(exporter, exporter->name[tensor->id], tensor, values, values + count);
        else if (status == SOMA_OK && turned)
            soma_onnx_put_conv_weight(exporter, exporter->name[tensor->id], tensor, values, values + count);
        else if (status == SOMA_OK)
            soma_onnx_put_tensor(exporter, GRAPH_INITIALIZER, exporter->name[tensor->id], tensor->rank, tensor->shape,
                                 values);
        soma_free(values);
        SOMA_TRY(status);
    }
    return SOMA_OK;
}

/* An output that is an input, or shares its name with a standardised one, is a node of its own. */
static void put_output(soma_onnx_exporter *exporter, const soma_tensor *output) {
    soma_onnx_name name;
    memcpy(name.text, soma_onnx_name_of(exporter, output), sizeof name.text);
    if (output->op == SOMA_OP_INPUT) {
        name = soma_onnx_own_name(exporter, "output", &exporter->temporaries);
        soma_onnx_put_node(exporter, "Identity", name.text, exporter->name[output->id], NULL);
    }
    put_value(exporter, GRAPH_OUTPUT, name.text, output);
}

/* ------------------------------------------------------------------------------------------------------- graph */

/* Bytes of the text that fit `most`, and end where a character does. */
static size_t fitting_length(const char *text, size_t most) {
    size_t length = strlen(text), end = 0;
    if (length <= most) return length;
    for (size_t next = 0; next <= most;) {
        end = next;
        next += SOMA_MAX(soma_utf8_length(text + next, length - next), (size_t)1);
    }
    return end;
}

static void name_tensors(soma_onnx_exporter *exporter) {
    const soma_graph *graph = &exporter->network->graph;
    for (uint32_t i = 0; i < graph->count; i++) {
        const char *name = graph->tensor[i]->name;
        char *target = exporter->name[i];
        const char *wanted = name ? name : soma_op_name(graph->tensor[i]->op);
        size_t length = fitting_length(wanted, SOMA_ONNX_NAME - 32);
        snprintf(target, SOMA_ONNX_NAME, "%.*s", (int)length, wanted);
        if (!name) snprintf(target + length, SOMA_ONNX_NAME - length, "_%u", i);
        for (unsigned number = 1; soma_onnx_is_taken(exporter, target, i); number++)
            snprintf(target + length, SOMA_ONNX_NAME - length, "_%u_%u", i, number);
    }
}

/* What the nodes of a tensor take for an input of it. */
static const soma_tensor *made_of(const soma_tensor *tensor, uint32_t input) {
    return tensor->op == SOMA_OP_BINARY      ? soma_onnx_operand(tensor, input)
           : tensor->op == SOMA_OP_RECURRENT ? soma_onnx_recurrent_input(tensor, input)
                                             : tensor->input[input];
}

/* From the outputs back. */
static void mark_needed(soma_onnx_exporter *exporter) {
    const soma_network *network = exporter->network;
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        exporter->needed[soma_network_output(network, i)->id] = true;
    for (uint32_t i = network->graph.count; i-- > 0;) {
        const soma_tensor *tensor = network->graph.tensor[i];
        for (uint32_t j = 0; exporter->needed[i] && j < tensor->input_count; j++)
            exporter->needed[made_of(tensor, j)->id] = true;
    }
}

/* The node, or nodes, that compute the tensor; inputs and parameters are there already. */
static soma_status put_tensor(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    soma_onnx_export_rule *rule = soma_onnx_export_table[tensor->op];
    if (tensor->op == SOMA_OP_INPUT || tensor->op == SOMA_OP_PARAMETER) return SOMA_OK;
    if (!rule) return soma_error(SOMA_UNSUPPORTED, "the op %s has no ONNX form here", soma_op_name(tensor->op));
    return soma_onnx_put_elementwise(exporter, tensor, rule);
}

static soma_status put_nodes(soma_onnx_exporter *exporter) {
    const soma_graph *graph = &exporter->network->graph;
    memset(exporter->first, 0, graph->count * sizeof *exporter->first);
    memset(exporter->only_first, 0, graph->count * sizeof *exporter->only_first);
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_status status = exporter->needed[i] ? put_tensor(exporter, graph->tensor[i]) : SOMA_OK;
        if (status == SOMA_OK && !soma_onnx_may_need(exporter, exporter->least_opset))
            status = soma_error(SOMA_UNSUPPORTED,
                                "it is written in ops of opset %" PRId64 ", and none later than %" PRId64 " is wanted",
                                exporter->least_opset, exporter->limit);
        if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", exporter->name[i]);
    }
    return SOMA_OK;
}

static soma_status put_graph(soma_onnx_exporter *exporter) {
    const soma_network *network = exporter->network;
    size_t offset = 0;
    soma_protobuf_put_text(&exporter->writer, GRAPH_NAME, "soma");
    for (size_t i = 0; i < network->input_count; i++) {
        put_input(exporter, network->inputs[i], offset);
        offset += soma_tensor_count(network->inputs[i]);
    }
    SOMA_TRY(put_weights(exporter));
    SOMA_TRY(put_nodes(exporter));
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        put_output(exporter, soma_network_output(network, i));
    return SOMA_OK;
}

/*
 * The least opset that has all nodes: they say what they need while they are written, and some are written in another
 * form where they may be of a later opset. So they are written, for nobody to read, until none needs a later one.
 */
static soma_status find_opset(soma_onnx_exporter *exporter) {
    exporter->opset = exporter->least_opset = FIRST_OPSET;
    for (;;) {
        SOMA_TRY(put_nodes(exporter));
        exporter->writer.size = 0;
        exporter->constants = exporter->temporaries = 0;
        if (exporter->least_opset <= exporter->opset) return SOMA_OK;
        exporter->opset = exporter->least_opset;
    }
}

/* The format of the file that came with an opset, which whoever knows that opset reads; the fourth is the first in
 * which weights need not be inputs. */
static int64_t format_of(int64_t opset) {
    static const struct {
        int64_t opset, format;
    } first[] = {{23, 11}, {21, 10}, {19, 9}, {15, 8}, {12, 7}, {11, 6}, {10, 5}};
    for (size_t i = 0; i < SOMA_COUNT_OF(first); i++)
        if (opset >= first[i].opset) return first[i].format;
    return 4;
}

/* Protocol buffers are shorter than 2 GiB. */
static soma_status check_size(const char *what, uint64_t bytes) {
    if (bytes <= INT32_MAX) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "%s takes %" PRIu64 " bytes; a file of ONNX holds up to %d. Save it as safetensors", what, bytes,
                      INT32_MAX);
}

/* Before anything is allocated for them. */
static soma_status check_weights(const soma_network *network) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < network->parameter_count; i++)
        bytes += sizeof(float) * (uint64_t)soma_tensor_count(network->parameters[i].tensor);
    return check_size("what the network has learnt", bytes);
}

static soma_status put_model(soma_onnx_exporter *exporter) {
    soma_protobuf *writer = &exporter->writer;
    SOMA_TRY(find_opset(exporter));
    soma_protobuf_put_integer(writer, MODEL_IR, format_of(exporter->opset));
    soma_protobuf_put_text(writer, MODEL_PRODUCER, "soma");
    soma_protobuf_put_text(writer, MODEL_VERSION, soma_version());
    size_t opset = soma_protobuf_open(writer, MODEL_OPSET);
    soma_protobuf_put_text(writer, 1, "");
    soma_protobuf_put_integer(writer, 2, exporter->opset);
    soma_protobuf_close(writer, opset);
    size_t graph = soma_protobuf_open(writer, MODEL_GRAPH);
    SOMA_TRY(put_graph(exporter));
    soma_protobuf_close(writer, graph);
    SOMA_TRY(soma_onnx_put_metadata(exporter));
    if (writer->failed) return soma_out_of_memory(writer->size, "the ONNX model");
    return check_size("the model", writer->size);
}

static soma_status export_network(soma_onnx_exporter *exporter) {
    uint32_t count = exporter->network->graph.count;
    SOMA_TRY(check_weights(exporter->network));
    exporter->name = soma_calloc(count, sizeof *exporter->name);
    exporter->needed = soma_calloc(count, sizeof *exporter->needed);
    exporter->first = soma_calloc(count, sizeof *exporter->first);
    exporter->only_first = soma_calloc(count, sizeof *exporter->only_first);
    if (!exporter->name || !exporter->needed || !exporter->first || !exporter->only_first)
        return soma_out_of_memory(count * sizeof *exporter->name, "names");
    name_tensors(exporter);
    mark_needed(exporter);
    return put_model(exporter);
}

/* All of soma_save_onnx() but the writing, which `write` is for. */
static soma_status save(soma_network *network, const char *path, int64_t limit, bool write) {
    if (!network || !path) return soma_error(SOMA_INVALID_ARGUMENT, "soma_save_onnx needs a network and a path");
    SOMA_TRY(soma_network_status(network));
    if (network->input_count == 0 || !soma_network_output(network, 0))
        return soma_error(SOMA_INVALID_STATE, "soma_save_onnx: the network has no %s",
                          network->input_count ? "output" : "input");
    soma_onnx_exporter exporter = {.network = network, .limit = limit};
    soma_status status = export_network(&exporter);
    if (status != SOMA_OK)
        soma_error_prefix(status, "%s: ", path);
    else
        status = write ? soma_file_write(path, exporter.writer.data, exporter.writer.size) : soma_file_check(path);
    soma_free(exporter.writer.data);
    soma_free(exporter.name);
    soma_free(exporter.needed);
    soma_free(exporter.first);
    soma_free(exporter.only_first);
    return status;
}

soma_status soma_save_onnx(soma_network *network, const char *path) {
    return save(network, path, 0, true);
}

soma_status soma_save_onnx_with(soma_network *network, const char *path, const soma_onnx_save_options *options) {
    static const soma_onnx_save_options defaults;
    if (!options) options = &defaults;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_onnx_save_options"));
    if (options->opset && options->opset < FIRST_OPSET)
        return soma_error(SOMA_INVALID_ARGUMENT, "opset %" PRId64 "; accepted: %d and later ones, 0 for whichever",
                          options->opset, FIRST_OPSET);
    return save(network, path, options->opset, true);
}

soma_status soma_onnx_check_save(soma_network *network, const char *path) {
    return save(network, path, 0, false);
}
