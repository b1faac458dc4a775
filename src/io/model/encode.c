/* SPDX-License-Identifier: MIT */
/* A network to JSON. */
#include "io/json/json.h"
#include "io/model/fields.h"
#include "io/model/json.h"
#include "io/preprocessing/preprocessing.h"

#include <stdio.h>
#include <string.h>

static void encode_shape(soma_json_writer *writer, const soma_tensor *tensor) {
    soma_json_open_array(writer, "shape");
    for (uint32_t i = 0; i < tensor->rank; i++) soma_json_write_integer(writer, NULL, (int64_t)tensor->shape[i]);
    soma_json_close_array(writer);
    soma_json_write_truth(writer, "batched", tensor->batched);
}

static void encode_inputs(soma_json_writer *writer, const soma_tensor *tensor) {
    soma_json_open_array(writer, "inputs");
    for (uint32_t i = 0; i < tensor->input_count; i++) soma_json_write_integer(writer, NULL, tensor->input[i]->id);
    soma_json_close_array(writer);
}

static bool shape_is_given(soma_op op) {
    return op == SOMA_OP_INPUT || op == SOMA_OP_PARAMETER || op == SOMA_OP_FILL || op == SOMA_OP_COPY ||
           op == SOMA_OP_RESHAPE;
}

/* Absent where a parameter is trained like all others. */
static void encode_training_of(soma_json_writer *writer, const soma_parameter *parameter) {
    if (parameter->is_frozen) soma_json_write_truth(writer, "frozen", true);
    if (parameter->rate > 0) soma_json_write_real(writer, "learning_rate", (double)parameter->rate);
    if (parameter->l2.is_given) soma_json_write_real(writer, "l2", (double)parameter->l2.value);
    if (parameter->l1.is_given) soma_json_write_real(writer, "l1", (double)parameter->l1.value);
}

static soma_status encode_tensor(soma_json_writer *writer, const soma_network *network, const soma_tensor *tensor) {
    const soma_field *fields;
    size_t count;
    if (tensor->op == SOMA_OP_CACHE)
        return soma_error(SOMA_UNSUPPORTED,
                          "a stream keeps %s from run to run, for which files have no place; save the "
                          "network that it was made of, and make it again",
                          tensor->name);
    if (!soma_op_fields(tensor->op, &fields, &count))
        return soma_error(SOMA_INTERNAL, "the op %s is no part of a network", soma_op_name(tensor->op));
    soma_json_open_object(writer, NULL);
    soma_json_write_text(writer, "op", soma_op_name(tensor->op));
    if (tensor->name) SOMA_TRY(soma_json_write_name(writer, "name", tensor->name));
    if (tensor->input_count) encode_inputs(writer, tensor);
    if (shape_is_given(tensor->op)) encode_shape(writer, tensor);
    if (tensor->op == SOMA_OP_PARAMETER) encode_training_of(writer, soma_network_find_parameter(network, tensor));
    soma_json_write_integer(writer, "layer", tensor->layer);
    SOMA_TRY(soma_fields_encode(fields, count, &tensor->attributes, writer));
    soma_json_close_object(writer);
    return SOMA_OK;
}

static soma_status encode_tensors(soma_json_writer *writer, const soma_network *network) {
    soma_json_open_array(writer, "tensors");
    for (uint32_t i = 0; i < network->graph.count; i++)
        SOMA_TRY(encode_tensor(writer, network, network->graph.tensor[i]));
    soma_json_close_array(writer);
    return SOMA_OK;
}

static soma_status encode_layers(soma_json_writer *writer, const soma_network *network) {
    soma_json_open_array(writer, "layers");
    for (size_t i = 0; i < network->layer_count; i++) {
        const soma_layer *layer = &network->layers[i];
        soma_json_open_object(writer, NULL);
        SOMA_TRY(soma_json_write_name(writer, "name", layer->name));
        SOMA_TRY(soma_json_write_name(writer, "kind", layer->kind));
        soma_json_write_integer(writer, "output", layer->output->id);
        soma_json_close_object(writer);
    }
    soma_json_close_array(writer);
    return SOMA_OK;
}

static void encode_outputs(soma_json_writer *writer, const soma_network *network) {
    soma_json_open_array(writer, "outputs");
    for (size_t i = 0; i < network->output_count; i++) soma_json_write_integer(writer, NULL, network->outputs[i]->id);
    soma_json_close_array(writer);
}

/* ------------------------------------------------------------------------------------- training and preprocessing */

/* The options have been through soma_compile(), or come from a file: their values have names. */
static void encode_names(soma_json_writer *writer, const char *key, soma_names which, size_t count, const int *values) {
    soma_json_open_array(writer, key);
    for (size_t i = 0; i < count; i++) soma_json_write_text(writer, NULL, soma_name(which, values[i]));
    soma_json_close_array(writer);
}

static void encode_floats(soma_json_writer *writer, const char *key, size_t count, const float *values) {
    soma_json_open_array(writer, key);
    for (size_t i = 0; i < count; i++) soma_json_write_real(writer, NULL, (double)values[i]);
    soma_json_close_array(writer);
}

static void encode_doubles(soma_json_writer *writer, const char *key, size_t count, const double *values) {
    soma_json_open_array(writer, key);
    for (size_t i = 0; i < count; i++) soma_json_write_real(writer, NULL, values[i]);
    soma_json_close_array(writer);
}

static soma_status encode_training(soma_json_writer *writer, const soma_network *network) {
    const soma_compile_options *options = &network->options;
    const size_t outputs = SOMA_MIN(soma_network_output_count(network), (size_t)SOMA_MAX_OUTPUTS);
    int losses[SOMA_MAX_OUTPUTS] = {0}, metrics[SOMA_MAX_METRICS] = {0};
    if (!network->has_options) return SOMA_OK;
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) losses[i] = (int)options->loss[i];
    for (size_t i = 0; i < SOMA_MAX_METRICS; i++) metrics[i] = (int)options->metrics[i];
    soma_json_open_object(writer, "training");
    encode_names(writer, "losses", SOMA_NAMES_LOSS, outputs, losses);
    encode_floats(writer, "loss_weights", outputs, options->loss_weight);
    encode_names(writer, "metrics", SOMA_NAMES_METRIC, SOMA_MAX_METRICS, metrics);
    soma_json_open_object(writer, "optimizer");
    SOMA_TRY(soma_fields_encode(soma_optimizer_fields, soma_optimizer_field_count, &options->optimizer, writer));
    soma_json_close_object(writer);
    soma_json_write_real(writer, "huber_delta", (double)options->huber_delta);
    soma_json_write_integer(writer, "top_k", options->top_k);
    if (options->label_smoothing != 0)
        soma_json_write_real(writer, "label_smoothing", (double)options->label_smoothing);
    if (options->focal_gamma != 0) soma_json_write_real(writer, "focal_gamma", (double)options->focal_gamma);
    if (options->focal_alpha != 0) soma_json_write_real(writer, "focal_alpha", (double)options->focal_alpha);
    if (network->shards) soma_json_write_integer(writer, "shards", (int64_t)network->shards);
    size_t quantiles = 0;
    while (quantiles < SOMA_MAX_QUANTILES && options->quantiles[quantiles] != 0) quantiles++;
    if (quantiles) encode_floats(writer, "quantiles", quantiles, options->quantiles);
    soma_json_close_object(writer);
    return SOMA_OK;
}

static soma_status encode_preprocessing(soma_json_writer *writer, const soma_network *network) {
    const soma_preprocessing *preprocessing = &network->preprocessing;
    soma_json_open_object(writer, "preprocessing");
    SOMA_TRY(soma_preprocessing_encode(writer, network));
    if (preprocessing->mean) {
        encode_doubles(writer, "mean", preprocessing->width, preprocessing->mean);
        encode_doubles(writer, "scale", preprocessing->width, preprocessing->scale);
    }
    soma_json_close_object(writer);
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- everything */

static soma_status encode(soma_json_writer *writer, const soma_network *network) {
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)network->seed); /* a JSON number holds 53 bits */
    soma_json_open_object(writer, NULL);
    soma_json_write_integer(writer, "format", SOMA_MODEL_FORMAT);
    soma_json_write_text(writer, "version", soma_version());
    soma_json_write_text(writer, "seed", seed);
    SOMA_TRY(encode_layers(writer, network));
    SOMA_TRY(encode_tensors(writer, network));
    encode_outputs(writer, network);
    SOMA_TRY(encode_training(writer, network));
    if (network->augmentation) soma_json_write_text(writer, "augmentation", network->augmentation);
    SOMA_TRY(encode_preprocessing(writer, network));
    soma_json_close_object(writer);
    return SOMA_OK;
}

soma_status soma_model_encode(const soma_network *network, char **text) {
    soma_json_writer writer = {.follows = false};
    *text = NULL;
    soma_status status = encode(&writer, network);
    if (status == SOMA_OK) return soma_json_finish(&writer, "the JSON form of the network", text);
    soma_json_abandon(&writer);
    return status;
}
