/* SPDX-License-Identifier: MIT */
/* What comes out of a graph: a network's outputs, or what goes on to the host. */
#include "base/utf8.h"
#include "io/onnx/family.h"
#include "io/onnx/inside.h"
#include "io/onnx/late.h"

#include <string.h>

/* The type that the file declares or, where it says nothing, that the value has. */
static int32_t output_type(const Soma__Onnx__ValueInfoProto *info, const soma_onnx_value *value) {
    const Soma__Onnx__TypeProto *type = info->type;
    const bool said = type && type->value_case == SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && type->tensor_type &&
                      type->tensor_type->elem_type;
    return said ? type->tensor_type->elem_type : soma_onnx_type_of(value);
}

/* An output has its own name, and is computed by soma, not just one of the inputs. */
static soma_status add_output(soma_onnx_importer *importer, const Soma__Onnx__ValueInfoProto *info) {
    soma_network *network = importer->network;
    const char *name = info->name ? info->name : "";
    soma_onnx_value *value = soma_onnx_find_value(importer, name);
    if (!value) return soma_error(SOMA_INVALID_FILE, "is no value of the graph");
    if (value->missing) return soma_onnx_not_computed(name);
    SOMA_TRY(soma_onnx_refuse_sequence(value));
    const int32_t type = output_type(info, value);
    const soma_onnx_shape declared = value->shape;
    value->integer = false; /* whole numbers and truth are the floats that they are, until they leave a session */
    if (!value->tensor || !value->tensor->batched)
        return soma_error(SOMA_UNSUPPORTED, "does not depend on an input: it is the same for every sample");
    if (soma_onnx_beside_batch(&value->shape) > 1)
        return soma_error(SOMA_UNSUPPORTED, "has the batch and dimensions of its samples as one, dimension %u",
                          value->shape.batch);
    if (value->shape.batch &&
        soma_onnx_first(importer, &value->shape)) { /* where the model fixes all, it is as it is */
        if (!importer->inputs.open && !importer->late)
            return soma_error(SOMA_UNSUPPORTED, "has the batch as dimension %u", value->shape.batch);
        soma_onnx_move_batch(&value->shape, 0);
    }
    SOMA_TRY(soma_onnx_check_edge(importer, &value->shape));
    SOMA_TRY(soma_onnx_turn_output(importer, value));
    soma_tensor *tensor = value->tensor;
    if (tensor->op == SOMA_OP_INPUT || !soma_onnx_has_name(tensor, name)) {
        soma_unary_params same = {.function = SOMA_IDENTITY};
        const bool taken = importer->late ? soma_network_tensor(network, name) != NULL
                                          : tensor->op == SOMA_OP_INPUT && soma_onnx_has_name(tensor, name);
        SOMA_TRY(soma_network_begin_layer(network, "identity", taken ? NULL : name));
        SOMA_TRY(soma_graph_unary(&network->graph, tensor, same, &tensor));
        SOMA_TRY(soma_network_end_layer(network, tensor));
    }
    SOMA_TRY(soma_network_add_output(network, tensor));
    return soma_onnx_declare(importer, tensor, type, &declared);
}

const Soma__Onnx__ValueInfoProto *soma_onnx_wanted_output(const soma_onnx_file *file, const soma_onnx_options *options,
                                                          size_t output) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    size_t number = 0; /* one has this name, which the selection has made sure of */
    if (!options || options->output_count == 0) return graph->output[output];
    while (!graph->output[number]->name || strcmp(graph->output[number]->name, options->outputs[output]) != 0) number++;
    return graph->output[number];
}

size_t soma_onnx_count_outputs(const soma_onnx_file *file, const soma_onnx_options *options) {
    return options && options->output_count ? options->output_count : file->model->graph->n_output;
}

soma_status soma_onnx_say_output(soma_status status, size_t number, const Soma__Onnx__ValueInfoProto *info) {
    const char *name = info->name ? info->name : "";
    return status == SOMA_OK
               ? status
               : soma_error_prefix(status, "output %zu, %s: ", number, soma_quote(name, strlen(name)).text);
}

/* In the order of the file or, where they were chosen, of the choice. */
soma_status soma_onnx_add_outputs(soma_onnx_importer *importer) {
    for (size_t i = 0; i < soma_onnx_count_outputs(importer->file, importer->options); i++) {
        const Soma__Onnx__ValueInfoProto *info = soma_onnx_wanted_output(importer->file, importer->options, i);
        SOMA_TRY(soma_onnx_say_output(add_output(importer, info), i, info));
    }
    return SOMA_OK;
}

/* What is computed of weights alone, where a run is of one sample, as an output of that: 0 is added, which is made of
 * an element of an input. */
static soma_status tie_to_sample(soma_onnx_importer *importer, soma_onnx_value *value) {
    const soma_tensor like = {.batched = true, .rank = 1, .shape = {1}};
    soma_network *network = importer->network;
    soma_graph *graph = &network->graph;
    soma_tensor *x = network->inputs[0];
    SOMA_TRY(soma_network_begin_layer(network, "identity", NULL));
    for (uint32_t i = 1; i <= x->rank; i++) SOMA_TRY(soma_onnx_slice_axis(x, i, 0, 1, &x));
    SOMA_TRY(soma_graph_reshape(graph, x, &like, &x));
    SOMA_TRY(soma_graph_binary(graph, x, x, SOMA_BINARY_GREATER, &x)); /* 0 of NaN, too */
    SOMA_TRY(soma_graph_binary(graph, value->tensor, x, SOMA_BINARY_ADD, &value->tensor));
    value->plain = NULL;
    value->shape.batched = true;
    return soma_network_end_layer(network, value->tensor);
}

/* What is needed behind the network: constants and inputs as they are, else it is an output of the network. */
static soma_status add_needed(soma_onnx_importer *importer, size_t number) {
    soma_onnx_needed *needed = &importer->late->needed[number];
    const char *name = importer->late->names.words[number].text;
    soma_onnx_value *value = soma_onnx_find_value(importer, name);
    needed->output = SIZE_MAX;
    needed->value = *value;
    if (soma_onnx_is_constant(value)) return SOMA_OK;
    needed->input = value->tensor && value->tensor->op == SOMA_OP_INPUT && soma_onnx_has_name(value->tensor, name);
    if (needed->input) return SOMA_OK;
    if (value->tensor && !value->tensor->batched && importer->whole) SOMA_TRY(tie_to_sample(importer, value));
    Soma__Onnx__ValueInfoProto info = SOMA__ONNX__VALUE_INFO_PROTO__INIT;
    info.name = (char *)(uintptr_t)name;
    needed->output = importer->network->output_count;
    soma_status status = add_output(importer, &info);
    return status == SOMA_OK ? status
                             : soma_error_prefix(status,
                                                 "%s, which is needed behind an op whose result's shape depends "
                                                 "on numbers: ",
                                                 soma_quote(name, strlen(name)).text);
}

soma_status soma_onnx_add_needed(soma_onnx_importer *importer) {
    soma_onnx_late *late = importer->late;
    for (size_t i = 0; i < soma_onnx_count_outputs(importer->file, importer->options); i++) {
        const Soma__Onnx__ValueInfoProto *info = soma_onnx_wanted_output(importer->file, importer->options, i);
        const char *name = info->name ? info->name : "";
        soma_status status = soma_onnx_find_value(importer, name)
                                 ? soma_onnx_need(importer, name)
                                 : soma_error(SOMA_INVALID_FILE, "is no value of the graph");
        SOMA_TRY(soma_onnx_say_output(status, i, info));
    }
    late->needed = soma_calloc(late->names.count + 1, sizeof *late->needed);
    if (!late->needed) return soma_out_of_memory(late->names.count * sizeof *late->needed, "values that are needed");
    for (size_t i = 0; i < late->names.count; i++) SOMA_TRY(add_needed(importer, i));
    return SOMA_OK;
}
