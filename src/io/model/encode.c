/* SPDX-License-Identifier: MIT */
/* A network to JSON. */
#include "base/utf8.h"
#include "io/json_text.h"
#include "io/model/fields.h"
#include "io/model/json.h"

#include <string.h>

/* jansson returns NULL or -1 only when memory ends (or text is not UTF-8, a number not finite, which is checked
 * before). */
static soma_status no_memory(void) {
    return soma_out_of_memory(0, "the JSON form of the network");
}

static soma_status set(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) == 0 ? SOMA_OK : no_memory();
}

static soma_status append(json_t *list, json_t *value) {
    return json_array_append_new(list, value) == 0 ? SOMA_OK : no_memory();
}

/* Names of classes come from anywhere. */
static soma_status check_text(const char *text) {
    size_t length = strlen(text), offset;
    if (soma_utf8_check(text, length, &offset)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "the name %s is not UTF-8; names in a file must be",
                      soma_quote(text, length).text);
}

static soma_status set_text(json_t *object, const char *key, const char *text) {
    SOMA_TRY(check_text(text));
    return set(object, key, json_string(text));
}

/* A new array or object that belongs to `parent` at once. */
static soma_status set_list(json_t *parent, const char *key, json_t **list) {
    return set(parent, key, *list = json_array());
}

static soma_status set_object(json_t *parent, const char *key, json_t **object) {
    return set(parent, key, *object = json_object());
}

static soma_status encode_shape(const soma_tensor *tensor, json_t *object) {
    json_t *shape;
    SOMA_TRY(set_list(object, "shape", &shape));
    for (uint32_t i = 0; i < tensor->rank; i++) SOMA_TRY(append(shape, json_integer((json_int_t)tensor->shape[i])));
    return set(object, "batched", json_boolean(tensor->batched));
}

static soma_status encode_inputs(const soma_tensor *tensor, json_t *object) {
    json_t *inputs;
    SOMA_TRY(set_list(object, "inputs", &inputs));
    for (uint32_t i = 0; i < tensor->input_count; i++) SOMA_TRY(append(inputs, json_integer(tensor->input[i]->id)));
    return SOMA_OK;
}

static bool shape_is_given(soma_op op) {
    return op == SOMA_OP_INPUT || op == SOMA_OP_PARAMETER || op == SOMA_OP_FILL || op == SOMA_OP_COPY ||
           op == SOMA_OP_RESHAPE;
}

static soma_status encode_tensor(const soma_tensor *tensor, json_t *list) {
    const soma_field *fields;
    size_t count;
    json_t *object = json_object();
    SOMA_TRY(append(list, object));
    if (!soma_op_fields(tensor->op, &fields, &count))
        return soma_error(SOMA_INTERNAL, "the op %s is no part of a network", soma_op_name(tensor->op));
    SOMA_TRY(set_text(object, "op", soma_op_name(tensor->op)));
    if (tensor->name) SOMA_TRY(set_text(object, "name", tensor->name));
    if (tensor->input_count) SOMA_TRY(encode_inputs(tensor, object));
    if (shape_is_given(tensor->op)) SOMA_TRY(encode_shape(tensor, object));
    SOMA_TRY(set(object, "layer", json_integer(tensor->layer)));
    return soma_fields_encode(fields, count, &tensor->attributes, object);
}

static soma_status encode_tensors(const soma_network *network, json_t *root) {
    json_t *list;
    SOMA_TRY(set_list(root, "tensors", &list));
    for (uint32_t i = 0; i < network->graph.count; i++) SOMA_TRY(encode_tensor(network->graph.tensor[i], list));
    return SOMA_OK;
}

static soma_status encode_layers(const soma_network *network, json_t *root) {
    json_t *list;
    SOMA_TRY(set_list(root, "layers", &list));
    for (size_t i = 0; i < network->layer_count; i++) {
        const soma_layer *layer = &network->layers[i];
        json_t *object = json_object();
        SOMA_TRY(append(list, object));
        SOMA_TRY(set_text(object, "name", layer->name));
        SOMA_TRY(set_text(object, "kind", layer->kind));
        SOMA_TRY(set(object, "output", json_integer(layer->output->id)));
    }
    return SOMA_OK;
}

static soma_status encode_outputs(const soma_network *network, json_t *root) {
    json_t *list;
    SOMA_TRY(set_list(root, "outputs", &list));
    for (size_t i = 0; i < network->output_count; i++) SOMA_TRY(append(list, json_integer(network->outputs[i]->id)));
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- training
 */

/* The options have been through soma_compile(), or come from a file: their values have names. */
static json_t *name_of(soma_names which, int value) {
    return json_string(soma_name(which, value));
}

static soma_status encode_training(const soma_network *network, json_t *root) {
    const soma_compile_options *options = &network->options;
    json_t *training, *losses, *weights, *metrics, *optimizer;
    if (!network->has_options) return SOMA_OK;
    SOMA_TRY(set_object(root, "training", &training));
    SOMA_TRY(set_list(training, "losses", &losses));
    SOMA_TRY(set_list(training, "loss_weights", &weights));
    SOMA_TRY(set_list(training, "metrics", &metrics));
    SOMA_TRY(set_object(training, "optimizer", &optimizer));
    SOMA_TRY(set(training, "huber_delta", json_real((double)options->huber_delta)));
    SOMA_TRY(set(training, "top_k", json_integer(options->top_k)));
    for (size_t i = 0; i < soma_network_output_count(network); i++) {
        SOMA_TRY(append(losses, name_of(SOMA_NAMES_LOSS, (int)options->loss[i])));
        SOMA_TRY(append(weights, json_real((double)options->loss_weight[i])));
    }
    for (size_t i = 0; i < SOMA_MAX_METRICS; i++)
        SOMA_TRY(append(metrics, name_of(SOMA_NAMES_METRIC, (int)options->metrics[i])));
    return soma_fields_encode(soma_optimizer_fields, soma_optimizer_field_count, &options->optimizer, optimizer);
}

static soma_status encode_floats(json_t *object, const char *key, const float *values, size_t count) {
    json_t *list;
    SOMA_TRY(set_list(object, key, &list));
    for (size_t i = 0; i < count; i++) SOMA_TRY(append(list, json_real((double)values[i])));
    return SOMA_OK;
}

static soma_status encode_preprocessing(const soma_network *network, json_t *root) {
    const soma_preprocessing *preprocessing = &network->preprocessing;
    json_t *object, *classes;
    SOMA_TRY(set_object(root, "preprocessing", &object));
    SOMA_TRY(set_list(object, "classes", &classes));
    for (size_t i = 0; i < preprocessing->class_count; i++) {
        SOMA_TRY(check_text(preprocessing->class_names[i]));
        SOMA_TRY(append(classes, json_string(preprocessing->class_names[i])));
    }
    if (!preprocessing->mean) return SOMA_OK;
    SOMA_TRY(encode_floats(object, "mean", preprocessing->mean, preprocessing->width));
    return encode_floats(object, "scale", preprocessing->scale, preprocessing->width);
}

/* -------------------------------------------------------------------------------------------------------- everything
 */

static soma_status encode(const soma_network *network, json_t *root) {
    char seed[32];
    SOMA_TRY(set(root, "format", json_integer(SOMA_MODEL_FORMAT)));
    SOMA_TRY(set_text(root, "version", soma_version()));
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)network->seed); /* a JSON number holds 53 bits */
    SOMA_TRY(set_text(root, "seed", seed));
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
    if (status == SOMA_OK) status = soma_json_text(root, "the JSON form of the network", text);
    json_decref(root);
    return status;
}
