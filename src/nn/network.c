/* SPDX-License-Identifier: MIT */
/* The network as an object: creation, builder errors, layers, parameters, look-ups. */
#include "nn/network.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

soma_status soma_network_create(soma_network **network) {
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_create needs a place for the network");
    *network = soma_calloc(1, sizeof **network);
    if (!*network) return soma_out_of_memory(sizeof **network, "a network");
    soma_graph_init(&(*network)->graph);
    (*network)->graph.owner = *network;
    atomic_init(&(*network)->users, 1);
    return SOMA_OK;
}

void soma_preprocessing_clear(soma_preprocessing *preprocessing) {
    soma_free(preprocessing->mean);
    soma_free(preprocessing->scale);
    for (size_t i = 0; i < preprocessing->class_count; i++) soma_free(preprocessing->class_names[i]);
    soma_free(preprocessing->class_names);
    memset(preprocessing, 0, sizeof *preprocessing);
}

void soma_network_free_forward(soma_network *network) {
    for (size_t i = 0; i < network->layer_count; i++) {
        soma_free(network->layers[i].name);
        soma_free(network->layers[i].kind);
    }
    for (size_t i = 0; i < network->parameter_count; i++) soma_free(network->parameters[i].values);
    soma_free(network->layers);
    soma_free(network->parameters);
    soma_free(network->inputs);
    soma_free(network->outputs);
    soma_free(network->ends);
    soma_free(network->error);
    soma_free(network->augmentation);
    soma_free(network->thresholds);
    soma_preprocessing_clear(&network->preprocessing);
    soma_columns_clear(&network->columns);
    soma_vocabulary_clear(&network->vocabulary);
    soma_series_clear(&network->series);
    soma_network_clear_division(network);
    soma_known_keys_clear(&network->known_groups);
    soma_known_keys_clear(&network->known_samples);
    soma_graph_clear(&network->graph);
    soma_free(network);
}

/* ----------------------------------------------------------------------------------------------------------- errors */

soma_tensor *soma_network_fail(soma_network *network, soma_status status) {
    if (network->status != SOMA_OK) return NULL;
    network->status = status;
    network->error = soma_strdup(soma_last_error());
    return NULL;
}

soma_status soma_network_status(soma_network *network) {
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "there is no network: NULL was given");
    if (network->status == SOMA_OK) return SOMA_OK;
    return soma_error(network->status, "%s", network->error ? network->error : soma_status_text(network->status));
}

uint64_t soma_network_shards(const soma_network *network) {
    return network ? network->shards : 0;
}

void soma_network_set_seed(soma_network *network, uint64_t seed) {
    network->seed = seed;
}

/* ------------------------------------------------------------------------------------------------- growing its lists
 */

/* Makes room for one more element in an array; the new one is all zeros. */
static soma_status grow(void *array, size_t count, size_t size) {
    void **pointer = array, *grown = soma_realloc(*pointer, count + 1, size);
    if (!grown) return soma_out_of_memory((count + 1) * size, "the network");
    memset((char *)grown + count * size, 0, size);
    *pointer = grown;
    return SOMA_OK;
}

soma_status soma_network_add_input(soma_network *network, soma_tensor *tensor) {
    if (network->input_count == SOMA_MAX_ENDS)
        return soma_error(SOMA_INVALID_ARGUMENT, "more than %d inputs", SOMA_MAX_ENDS);
    SOMA_TRY(grow(&network->inputs, network->input_count, sizeof *network->inputs));
    network->inputs[network->input_count++] = tensor;
    return SOMA_OK;
}

soma_status soma_network_add_output(soma_network *network, soma_tensor *tensor) {
    if (!tensor->batched)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s is the same for every sample; an output must be computed from an input",
                          soma_tensor_name(tensor));
    for (size_t i = 0; i < network->output_count; i++)
        if (network->outputs[i] == tensor)
            return soma_error(SOMA_INVALID_ARGUMENT, "%s is an output already", soma_tensor_name(tensor));
    if (network->output_count == SOMA_MAX_ENDS)
        return soma_error(SOMA_INVALID_ARGUMENT, "more than %d outputs", SOMA_MAX_ENDS);
    SOMA_TRY(grow(&network->outputs, network->output_count, sizeof *network->outputs));
    network->outputs[network->output_count++] = tensor;
    return SOMA_OK;
}

static bool layer_is_named(const soma_network *network, const char *name) {
    for (size_t i = 0; i < network->layer_count; i++)
        if (strcmp(network->layers[i].name, name) == 0) return true;
    return false;
}

/* A layer's output takes its name, so the tensors' names count too. */
static bool name_is_taken(const soma_network *network, const char *name) {
    return layer_is_named(network, name) || soma_network_tensor(network, name) != NULL;
}

/* "kind_N": N counts the layers of the kind, and goes on where someone has given that name already. */
static void automatic_name(const soma_network *network, const char *kind, char *name, size_t size) {
    size_t number = 1;
    for (size_t i = 0; i < network->layer_count; i++) number += strcmp(network->layers[i].kind, kind) == 0;
    do {
        snprintf(name, size, "%s_%zu", kind, number++);
    } while (name_is_taken(network, name));
}

soma_status soma_check_name(const char *name) {
    size_t length = name ? strlen(name) : 0, offset;
    if (length == 0) return soma_error(SOMA_INVALID_ARGUMENT, "the name is empty");
    if (soma_utf8_check(name, length, &offset)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "the name %s is not UTF-8", soma_quote(name, length).text);
}

soma_status soma_network_append_layer(soma_network *network, const char *kind, const char *name) {
    SOMA_TRY(soma_check_name(name));
    if (layer_is_named(network, name))
        return soma_error(SOMA_INVALID_ARGUMENT, "there is a layer \"%s\" already; names must differ", name);
    SOMA_TRY(grow(&network->layers, network->layer_count, sizeof *network->layers));
    soma_layer layer = {.name = soma_strdup(name), .kind = soma_strdup(kind)};
    if (!layer.name || !layer.kind) {
        soma_free(layer.name);
        soma_free(layer.kind);
        return soma_out_of_memory(strlen(name) + strlen(kind) + 2, "a layer's name");
    }
    network->layers[network->layer_count++] = layer;
    return SOMA_OK;
}

soma_status soma_network_begin_layer(soma_network *network, const char *kind, const char *name) {
    char automatic[64];
    if (!name) automatic_name(network, kind, automatic, sizeof automatic);
    if (name && !layer_is_named(network, name) && soma_network_tensor(network, name))
        return soma_error(SOMA_INVALID_ARGUMENT, "there is a tensor \"%s\" already; names must differ", name);
    return soma_network_append_layer(network, kind, name ? name : automatic);
}

soma_status soma_network_end_layer(soma_network *network, soma_tensor *output) {
    soma_layer *layer = &network->layers[network->layer_count - 1];
    layer->output = output;
    if (!output->name) output->name = soma_strdup(layer->name);
    if (!output->name) return soma_out_of_memory(strlen(layer->name) + 1, "a layer's name");
    for (uint32_t i = network->graph.count; i-- > 0 && network->graph.tensor[i]->layer == 0;)
        network->graph.tensor[i]->layer = (uint32_t)network->layer_count; /* from 1: 0 is none yet */
    return SOMA_OK;
}

soma_status soma_network_add_parameter(soma_network *network, const soma_parameter *description, uint32_t rank,
                                       const size_t *shape, const char *name, soma_tensor **tensor) {
    if (soma_network_tensor(network, name))
        return soma_error(SOMA_INVALID_ARGUMENT, "there is a tensor \"%s\" already; names must differ", name);
    SOMA_TRY(grow(&network->parameters, network->parameter_count, sizeof *network->parameters));
    soma_tensor_spec spec = {.op = SOMA_OP_PARAMETER, .rank = rank, .name = name};
    memcpy(spec.shape, shape, rank * sizeof *shape);
    SOMA_TRY(soma_graph_add(&network->graph, &spec, tensor));
    soma_parameter *parameter = &network->parameters[network->parameter_count++];
    *parameter = *description;
    parameter->tensor = *tensor;
    parameter->values = NULL;
    (*tensor)->place = SOMA_PLACE_PARAMETER;
    if (network->layer_count > 0) network->layers[network->layer_count - 1].parameters += soma_tensor_count(*tensor);
    return SOMA_OK;
}

soma_parameter *soma_network_find_parameter(const soma_network *network, const soma_tensor *tensor) {
    for (size_t i = 0; i < network->parameter_count; i++)
        if (network->parameters[i].tensor == tensor) return &network->parameters[i];
    return NULL;
}

void soma_network_mark_running(soma_network *network, const soma_tensor *tensor) {
    soma_parameter *parameter = soma_network_find_parameter(network, tensor);
    if (parameter) parameter->is_running = true;
}

/* --------------------------------------------------------------------------------------------------------- look-ups */

size_t soma_network_input_count(const soma_network *network) {
    return network->input_count;
}

size_t soma_network_output_count(const soma_network *network) {
    return network->output_count ? network->output_count : (network->layer_count ? 1 : 0);
}

soma_tensor *soma_network_input(const soma_network *network, size_t index) {
    return index < network->input_count ? network->inputs[index] : NULL;
}

soma_tensor *soma_network_output(const soma_network *network, size_t index) {
    if (index < network->output_count) return network->outputs[index];
    if (index == 0 && network->layer_count) return network->layers[network->layer_count - 1].output;
    return NULL;
}

soma_tensor *soma_network_tensor(const soma_network *network, const char *name) {
    for (uint32_t i = 0; i < network->graph.count; i++) {
        soma_tensor *tensor = network->graph.tensor[i];
        if (tensor->name && strcmp(tensor->name, name) == 0) return tensor;
    }
    return NULL;
}

size_t soma_network_parameter_count(const soma_network *network) {
    return network->parameter_count;
}

soma_tensor *soma_network_parameter(const soma_network *network, size_t index) {
    return index < network->parameter_count ? network->parameters[index].tensor : NULL;
}

bool soma_parameter_is_frozen(const soma_network *network, const soma_tensor *tensor) {
    const soma_parameter *parameter = network ? soma_network_find_parameter(network, tensor) : NULL;
    return parameter && parameter->is_frozen;
}

bool soma_normalize_is_frozen(const soma_network *network, const soma_tensor *normalize) {
    if (!normalize->attributes.normalize.running) return false;
    const soma_tensor *variance = network->graph.tensor[normalize->input[normalize->input_count - 1]->id];
    return soma_parameter_is_frozen(network, variance);
}

size_t soma_network_layer_count(const soma_network *network) {
    return network->layer_count;
}

soma_status soma_network_layer(const soma_network *network, size_t index, soma_layer_info *info) {
    if (index >= network->layer_count)
        return soma_error(SOMA_INVALID_ARGUMENT, "layer %zu of %zu", index, network->layer_count);
    const soma_layer *layer = &network->layers[index];
    memset(info, 0, sizeof *info);
    info->name = layer->name;
    info->kind = layer->kind;
    info->parameters = layer->parameters;
    for (size_t i = 0; i < network->parameter_count; i++) {
        const soma_parameter *parameter = &network->parameters[i];
        if (parameter->tensor->layer != index + 1) continue;
        if (parameter->is_frozen) info->frozen += soma_tensor_count(parameter->tensor);
        if (parameter->rate > 0) info->learning_rate = parameter->rate;
        if (parameter->l2.is_given) info->has_l2 = true, info->l2 = SOMA_MAX(info->l2, parameter->l2.value);
        if (parameter->l1.is_given) info->has_l1 = true, info->l1 = SOMA_MAX(info->l1, parameter->l1.value);
    }
    if (layer->output) info->rank = soma_tensor_shape(layer->output, info->shape);
    return SOMA_OK;
}

const char *soma_tensor_name(const soma_tensor *tensor) {
    return tensor->name ? tensor->name : "";
}

uint32_t soma_tensor_shape(const soma_tensor *tensor, size_t *shape) {
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    return tensor->rank;
}

size_t soma_network_class_count(const soma_network *network) {
    return network->preprocessing.class_count;
}

const char *soma_network_class_name(const soma_network *network, size_t index) {
    return index < network->preprocessing.class_count ? network->preprocessing.class_names[index] : NULL;
}
