/* SPDX-License-Identifier: MIT */
/* A network to JSON. */
#include "io/model_fields.h"
#include "io/model_json.h"

#include <stdlib.h>
#include <string.h>

/* jansson returns NULL or -1 only when memory ends (or a number is not finite, which is checked before). */
static soma_status no_memory(void) {
    return soma_out_of_memory(0, "the JSON form of the network");
}

static soma_status set(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) == 0 ? SOMA_OK : no_memory();
}

static json_t *encode_shape(const soma_tensor *tensor) {
    json_t *shape = json_array();
    for (uint32_t i = 0; i < tensor->rank; i++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
    return shape;
}

static json_t *encode_inputs(const soma_tensor *tensor) {
    json_t *inputs = json_array();
    for (uint32_t i = 0; i < tensor->input_count; i++)
        json_array_append_new(inputs, json_integer(tensor->input[i]->id));
    return inputs;
}

static bool shape_is_given(soma_op op) {
    return op == SOMA_OP_INPUT || op == SOMA_OP_PARAMETER || op == SOMA_OP_FILL || op == SOMA_OP_COPY ||
           op == SOMA_OP_RESHAPE;
}

static soma_status encode_tensor(const soma_tensor *tensor, json_t *list) {
    const soma_field *fields;
    size_t count;
    json_t *object = json_object();
    if (json_array_append_new(list, object) != 0) return no_memory();
    if (!soma_op_fields(tensor->op, &fields, &count))
        return soma_error(SOMA_INTERNAL, "the op %s is no part of a network", soma_op_table[tensor->op].name);
    SOMA_TRY(set(object, "op", json_string(soma_op_table[tensor->op].name)));
    if (tensor->name) SOMA_TRY(set(object, "name", json_string(tensor->name)));
    if (tensor->input_count) SOMA_TRY(set(object, "inputs", encode_inputs(tensor)));
    if (shape_is_given(tensor->op)) {
        SOMA_TRY(set(object, "shape", encode_shape(tensor)));
        SOMA_TRY(set(object, "batched", json_boolean(tensor->batched)));
    }
    SOMA_TRY(set(object, "layer", json_integer(tensor->layer)));
    return soma_fields_encode(fields, count, &tensor->attributes, object);
}

static soma_status encode_tensors(const soma_network *network, json_t *root) {
    json_t *list = json_array();
    SOMA_TRY(set(root, "tensors", list));
    for (uint32_t i = 0; i < network->graph.count; i++) SOMA_TRY(encode_tensor(network->graph.tensor[i], list));
    return SOMA_OK;
}

static soma_status encode_layers(const soma_network *network, json_t *root) {
    json_t *list = json_array();
    SOMA_TRY(set(root, "layers", list));
    for (size_t i = 0; i < network->layer_count; i++) {
        const soma_layer *layer = &network->layers[i];
        json_t *object = json_object();
        if (json_array_append_new(list, object) != 0) return no_memory();
        SOMA_TRY(set(object, "name", json_string(layer->name)));
        SOMA_TRY(set(object, "kind", json_string(layer->kind)));
        SOMA_TRY(set(object, "output", json_integer(layer->output->id)));
    }
    return SOMA_OK;
}

static soma_status encode_outputs(const soma_network *network, json_t *root) {
    json_t *list = json_array();
    SOMA_TRY(set(root, "outputs", list));
    for (size_t i = 0; i < network->output_count; i++)
        if (json_array_append_new(list, json_integer(network->outputs[i]->id)) != 0) return no_memory();
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- training
 */

static json_t *name_of(soma_names which, int value) {
    const char *name = soma_name(which, value);
    return name ? json_string(name) : NULL;
}

static soma_status encode_training(const soma_network *network, json_t *root) {
    const soma_compile_options *options = &network->options;
    if (!network->has_options) return SOMA_OK;
    json_t *training = json_object(), *losses = json_array(), *weights = json_array(), *metrics = json_array(),
           *optimizer = json_object();
    SOMA_TRY(set(root, "training", training));
    SOMA_TRY(set(training, "losses", losses));
    SOMA_TRY(set(training, "loss_weights", weights));
    SOMA_TRY(set(training, "metrics", metrics));
    SOMA_TRY(set(training, "optimizer", optimizer));
    SOMA_TRY(set(training, "huber_delta", json_real((double)options->huber_delta)));
    SOMA_TRY(set(training, "top_k", json_integer(options->top_k)));
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (json_array_append_new(losses, name_of(SOMA_NAMES_LOSS, (int)options->loss[i])) != 0 ||
            json_array_append_new(weights, json_real((double)options->loss_weight[i])) != 0)
            return no_memory();
    for (size_t i = 0; i < SOMA_MAX_METRICS; i++)
        if (json_array_append_new(metrics, name_of(SOMA_NAMES_METRIC, (int)options->metrics[i])) != 0)
            return no_memory();
    return soma_fields_encode(soma_optimizer_fields, soma_optimizer_field_count, &options->optimizer, optimizer);
}

static json_t *encode_floats(const float *values, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, json_real((double)values[i])) != 0) break;
    if (json_array_size(list) == count) return list;
    json_decref(list);
    return NULL;
}

static soma_status encode_preprocessing(const soma_network *network, json_t *root) {
    const soma_preprocessing *preprocessing = &network->preprocessing;
    json_t *object = json_object(), *classes = json_array();
    SOMA_TRY(set(root, "preprocessing", object));
    SOMA_TRY(set(object, "classes", classes));
    for (size_t i = 0; i < preprocessing->class_count; i++)
        if (json_array_append_new(classes, json_string(preprocessing->class_names[i])) != 0) return no_memory();
    if (!preprocessing->mean) return SOMA_OK;
    SOMA_TRY(set(object, "mean", encode_floats(preprocessing->mean, preprocessing->width)));
    return set(object, "scale", encode_floats(preprocessing->scale, preprocessing->width));
}

/* -------------------------------------------------------------------------------------------------------- everything
 */

static soma_status encode(const soma_network *network, json_t *root) {
    char seed[32];
    SOMA_TRY(set(root, "format", json_integer(SOMA_MODEL_FORMAT)));
    SOMA_TRY(set(root, "version", json_string(soma_version())));
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)network->seed); /* a JSON number holds 53 bits */
    SOMA_TRY(set(root, "seed", json_string(seed)));
    SOMA_TRY(encode_layers(network, root));
    SOMA_TRY(encode_tensors(network, root));
    SOMA_TRY(encode_outputs(network, root));
    SOMA_TRY(encode_training(network, root));
    return encode_preprocessing(network, root);
}

soma_status soma_model_encode(const soma_network *network, char **text) {
    *text = NULL;
    json_t *root = json_object();
    soma_status status = root ? encode(network, root) : no_memory();
    char *dumped = status == SOMA_OK ? json_dumps(root, JSON_COMPACT) : NULL;
    if (dumped) *text = soma_strdup(dumped);
    if (status == SOMA_OK && !*text) status = no_memory();
    free(dumped);
    json_decref(root);
    return status;
}
