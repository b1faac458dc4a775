/* SPDX-License-Identifier: MIT */
/* A network from JSON. Nothing in the text is trusted: ids, names and shapes are checked, and the op table's rules
 * check the rest. */
#include "base/floats.h"
#include "base/utf8.h"
#include "io/model/fields.h"
#include "io/model/json.h"
#include "io/preprocessing/preprocessing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WHERE 64

static soma_status malformed(const char *where, const char *what) {
    return soma_error(SOMA_INVALID_FILE, "%s: %s", where, what);
}

static soma_quoted quote(const soma_json *string) {
    return soma_quote(soma_json_string(string), string->count);
}

/* A whole number in [0, most]. */
static soma_status get_index(const soma_json *value, size_t most, const char *where, const char *what, size_t *index) {
    int64_t number = -1;
    if (!soma_json_integer(value, &number) || number < 0 || (uint64_t)number > most)
        return soma_error(SOMA_INVALID_FILE, "%s: %s must be a whole number from 0 to %zu", where, what, most);
    *index = (size_t)number;
    return SOMA_OK;
}

static soma_status get_array(const soma_json *object, const char *key, const char *where, size_t most,
                             const soma_json **array) {
    *array = soma_json_get(object, key);
    if (soma_json_is(*array, SOMA_JSON_ARRAY) && soma_json_count(*array) <= most) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: \"%s\" must be an array of at most %zu elements", where, key, most);
}

/* ------------------------------------------------------------------------------------------------------------ tensors
 */

static bool find_op(const char *name, soma_op *op) {
    const soma_field *fields;
    size_t count;
    for (int i = 0; i < SOMA_OP_COUNT; i++)
        if (strcmp(soma_op_name((soma_op)i), name) == 0 && soma_op_fields((soma_op)i, &fields, &count)) {
            *op = (soma_op)i;
            return true;
        }
    return false;
}

static soma_status decode_inputs(const soma_network *network, const soma_json *object, const char *where,
                                 soma_tensor_spec *spec, soma_tensor **input, size_t most) {
    const soma_json *inputs = soma_json_get(object, "inputs");
    spec->input = input;
    if (!inputs) return SOMA_OK;
    SOMA_TRY(get_array(object, "inputs", where, most, &inputs));
    SOMA_JSON_EACH(value, inputs) {
        size_t id = 0;
        if (network->graph.count == 0) return malformed(where, "the first tensor cannot have inputs");
        SOMA_TRY(get_index(value, network->graph.count - 1, where, "an input", &id));
        input[spec->input_count++] = network->graph.tensor[id];
    }
    return SOMA_OK;
}

static soma_status decode_shape(const soma_json *object, const char *where, soma_tensor_spec *spec) {
    const soma_json *shape = soma_json_get(object, "shape"), *batched = soma_json_get(object, "batched");
    if (!shape) return SOMA_OK;
    SOMA_TRY(get_array(object, "shape", where, SOMA_MAX_RANK, &shape));
    SOMA_JSON_EACH(value, shape)
    SOMA_TRY(get_index(value, PTRDIFF_MAX, where, "a dimension", &spec->shape[spec->rank++]));
    if (!soma_json_is(batched, SOMA_JSON_TRUTH)) return malformed(where, "\"batched\" must be true or false");
    spec->batched = batched->is.truth;
    return SOMA_OK;
}

/* What the builders see to, and the shape rules do not. */
static soma_status check_role(const soma_tensor_spec *spec, const char *where) {
    if (spec->name && *spec->name == 0) return malformed(where, "\"name\" is empty");
    if (spec->op == SOMA_OP_DROPOUT && spec->attributes.dropout.stream >= SOMA_MAX_FILE_TENSORS)
        return malformed(where, "\"stream\" is no number of a dropout layer");
    if (spec->op == SOMA_OP_INPUT && (!spec->batched || spec->rank < 1 || spec->rank > 4))
        return malformed(where, "an input must be batched and have 1 to 4 dimensions");
    if (spec->op == SOMA_OP_PARAMETER && (spec->batched || spec->rank < 1 || !spec->name))
        return malformed(where, "a parameter must have a name and a dimension, and not be batched");
    return SOMA_OK;
}

/* Samples are independent of each other: nothing may be made of several of them. */
static soma_status check_samples(const soma_tensor *tensor) {
    bool batched = false;
    for (uint32_t i = 0; i < tensor->input_count; i++) batched |= tensor->input[i]->batched;
    if (!batched || tensor->batched) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s mixes the samples of a batch", soma_op_name(tensor->op));
}

/* Of the second results, the only one that is not training's is the cells of an LSTM. */
static soma_status check_second(const soma_tensor_spec *spec) {
    const soma_tensor *of = spec->op == SOMA_OP_SECOND && spec->input_count == 1 ? spec->input[0] : NULL;
    if (spec->op != SOMA_OP_SECOND) return SOMA_OK;
    if (of && of->op == SOMA_OP_RECURRENT && of->attributes.recurrent.params.kind == SOMA_RECURRENT_LSTM)
        return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "a second result of what is no LSTM");
}

/* Masks that are added to the scores are a rewrite's: those of networks say which keys there are. */
static soma_status check_attention(const soma_tensor_spec *spec) {
    char text[SOMA_SHAPE_TEXT];
    if (spec->op != SOMA_OP_ATTENTION || spec->input_count != 4 || spec->input[3]->rank == 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "attention: the mask must be [batch, keys], got %s",
                      soma_tensor_shape_text(spec->input[3], text));
}

static soma_status register_tensor(soma_network *network, const soma_tensor_spec *spec) {
    soma_tensor *tensor;
    if (spec->op == SOMA_OP_PARAMETER) {
        /* A bias is what has one dimension: it comes last in memory and does not decay. */
        soma_parameter description = {
            .initializer = SOMA_INIT_ZEROS, .is_bias = spec->rank == 1, .fan_in = 1, .fan_out = 1};
        return soma_network_add_parameter(network, &description, spec->rank, spec->shape, spec->name, &tensor);
    }
    SOMA_TRY(check_second(spec));
    SOMA_TRY(check_attention(spec));
    SOMA_TRY(soma_graph_add(&network->graph, spec, &tensor));
    SOMA_TRY(check_samples(tensor));
    if (spec->op == SOMA_OP_INPUT) SOMA_TRY(soma_network_add_input(network, tensor));
    if (spec->op == SOMA_OP_NORMALIZE && spec->attributes.normalize.running)
        for (uint32_t i = 1; i <= 2; i++) soma_network_mark_running(network, spec->input[spec->input_count - i]);
    if (spec->op == SOMA_OP_DROPOUT)
        network->dropout_count = SOMA_MAX(network->dropout_count, spec->attributes.dropout.stream + 1);
    return SOMA_OK;
}

/* What is there in place of the optimizer's. */
static soma_status decode_decay(const soma_json *object, const char *name, const char *where, soma_own_decay *decay) {
    const soma_json *value = soma_json_get(object, name);
    if (!value) return SOMA_OK;
    decay->is_given = soma_json_float(value, &decay->value) && decay->value >= 0;
    if (decay->is_given) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: \"%s\" must be a number of at least 0 that fits float32", where, name);
}

/* Of the parameter that was registered last. */
static soma_status decode_training_of(const soma_network *network, const soma_json *object, const char *where) {
    soma_parameter *parameter = &network->parameters[network->parameter_count - 1];
    const soma_json *frozen = soma_json_get(object, "frozen"), *rate = soma_json_get(object, "learning_rate");
    if (frozen && !soma_json_is(frozen, SOMA_JSON_TRUTH)) return malformed(where, "\"frozen\" must be true or false");
    if (rate && !(soma_json_float(rate, &parameter->rate) && parameter->rate >= 0))
        return malformed(where, "\"learning_rate\" must be a number of at least 0 that fits float32");
    parameter->is_frozen = frozen && frozen->is.truth;
    SOMA_TRY(decode_decay(object, "l2", where, &parameter->l2));
    return decode_decay(object, "l1", where, &parameter->l1);
}

static soma_status decode_tensor(soma_network *network, const soma_json *object, size_t index, size_t layers) {
    char where[MAX_WHERE];
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT};
    soma_tensor *input[SOMA_MAX_INPUTS];
    const soma_field *fields;
    size_t count, layer = 0;
    snprintf(where, sizeof where, "tensor %zu", index);
    const soma_json *op = soma_json_get(object, "op"), *name = soma_json_get(object, "name");
    if (!soma_json_string(op)) return malformed(where, "\"op\" must be a name");
    if (!find_op(soma_json_string(op), &spec.op))
        return soma_error(SOMA_INVALID_FILE, "%s: the op %s is not known to this version", where, quote(op).text);
    if (name && !soma_json_string(name)) return malformed(where, "\"name\" must be a string");
    if (name && soma_network_tensor(network, soma_json_string(name)))
        return soma_error(SOMA_INVALID_FILE, "%s: the name %s is taken", where, quote(name).text);
    spec.name = soma_json_string(name);
    SOMA_TRY(decode_inputs(network, object, where, &spec, input, SOMA_COUNT_OF(input)));
    SOMA_TRY(decode_shape(object, where, &spec));
    if (spec.op == SOMA_OP_GEMM) spec.attributes.gemm.alpha = 1; /* a network's products are plain ones */
    soma_op_fields(spec.op, &fields, &count);
    SOMA_TRY(soma_fields_decode(fields, count, object, where, &spec.attributes));
    SOMA_TRY(check_role(&spec, where));
    SOMA_TRY(get_index(soma_json_get(object, "layer"), layers, where, "\"layer\"", &layer));
    soma_status status = register_tensor(network, &spec);
    if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", where);
    network->graph.tensor[index]->layer = (uint32_t)layer;
    if (spec.op == SOMA_OP_PARAMETER) return decode_training_of(network, object, where);
    return SOMA_OK;
}

static soma_status decode_tensors(soma_network *network, const soma_json *root, size_t layers) {
    const soma_json *list;
    size_t i = 0;
    SOMA_TRY(get_array(root, "tensors", "the network", SOMA_MAX_FILE_TENSORS, &list));
    SOMA_JSON_EACH(object, list) SOMA_TRY(decode_tensor(network, object, i++, layers));
    if (network->input_count == 0) return malformed("the network", "it has no input");
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------- layers and outputs
 */

static soma_status decode_layer(soma_network *network, const soma_json *object, size_t index) {
    char where[MAX_WHERE];
    size_t output = 0;
    snprintf(where, sizeof where, "layer %zu", index);
    const soma_json *name = soma_json_get(object, "name"), *kind = soma_json_get(object, "kind");
    if (!soma_json_string(name) || !soma_json_string(kind))
        return malformed(where, "\"name\" and \"kind\" must be strings");
    if (network->graph.count == 0) return malformed(where, "there are no tensors");
    SOMA_TRY(get_index(soma_json_get(object, "output"), network->graph.count - 1, where, "\"output\"", &output));
    soma_status status = soma_network_append_layer(network, soma_json_string(kind), soma_json_string(name));
    if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", where);
    soma_layer *layer = &network->layers[network->layer_count - 1];
    layer->output = network->graph.tensor[output];
    if (layer->output->op == SOMA_OP_PARAMETER) return malformed(where, "a parameter cannot be a layer's output");
    for (size_t i = 0; i < network->parameter_count; i++)
        if (network->parameters[i].tensor->layer == index + 1)
            layer->parameters += soma_tensor_count(network->parameters[i].tensor);
    return SOMA_OK;
}

static soma_status decode_outputs(soma_network *network, const soma_json *root) {
    const soma_json *list;
    size_t id = 0;
    SOMA_TRY(get_array(root, "outputs", "the network", SOMA_MAX_ENDS, &list));
    SOMA_JSON_EACH(value, list) {
        SOMA_TRY(get_index(value, network->graph.count - 1, "the network", "an output", &id));
        SOMA_TRY(soma_network_add_output(network, network->graph.tensor[id]));
    }
    const soma_tensor *first = soma_network_output(network, 0);
    return first && first->batched ? SOMA_OK : malformed("the network", "it has no output");
}

/* ------------------------------------------------------------------------------------- training and preprocessing */

/* `count` names: all of them, or as many as there are. */
static soma_status decode_names(const soma_json *object, const char *key, soma_names which, size_t count, bool all,
                                int *values) {
    const soma_json *list;
    size_t i = 0;
    SOMA_TRY(get_array(object, key, "training", count, &list));
    if (all && soma_json_count(list) != count)
        return soma_error(SOMA_INVALID_FILE, "training: \"%s\" has %zu elements, expected %zu", key,
                          soma_json_count(list), count);
    SOMA_JSON_EACH(name, list) {
        if (!soma_json_string(name) || !soma_value_of_name(which, soma_json_string(name), name->count, &values[i]))
            return soma_error(SOMA_INVALID_FILE, "training: element %zu of \"%s\" is not known to this version", i,
                              key);
        i++;
    }
    return SOMA_OK;
}

/* Numbers that fit float32, kept as float64. */
static soma_status decode_doubles(const soma_json *object, const char *where, const char *key, size_t count,
                                  double *values) {
    const soma_json *list;
    size_t i = 0;
    SOMA_TRY(get_array(object, key, where, count, &list));
    if (soma_json_count(list) != count)
        return soma_error(SOMA_INVALID_FILE, "%s: \"%s\" has %zu elements, expected %zu", where, key,
                          soma_json_count(list), count);
    SOMA_JSON_EACH(value, list) {
        if (!soma_json_number(value, &values[i]) || soma_is_beyond_float(values[i]))
            return soma_error(SOMA_INVALID_FILE, "%s: element %zu of \"%s\" must be a number that fits float32", where,
                              i, key);
        i++;
    }
    return SOMA_OK;
}

/* Of losses that earlier versions did not have: absent where they are 0. */
static soma_status decode_loss_options(const soma_json *training, soma_compile_options *options) {
    const struct {
        const char *key;
        float *value;
    } rows[] = {{"label_smoothing", &options->label_smoothing},
                {"focal_gamma", &options->focal_gamma},
                {"focal_alpha", &options->focal_alpha}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        const soma_json *value = soma_json_get(training, rows[i].key);
        if (value && !soma_json_float(value, rows[i].value))
            return soma_error(SOMA_INVALID_FILE, "training: \"%s\" must be a number that fits float32", rows[i].key);
    }
    const soma_json *list = soma_json_get(training, "quantiles");
    if (!list) return SOMA_OK;
    SOMA_TRY(get_array(training, "quantiles", "training", SOMA_MAX_QUANTILES, &list));
    double levels[SOMA_MAX_QUANTILES] = {0};
    SOMA_TRY(decode_doubles(training, "training", "quantiles", soma_json_count(list), levels));
    for (size_t i = 0; i < SOMA_MAX_QUANTILES; i++) options->quantiles[i] = (float)levels[i];
    return SOMA_OK;
}

static soma_status decode_training(soma_network *network, const soma_json *root) {
    const soma_json *training = soma_json_get(root, "training");
    if (!training) return SOMA_OK;
    soma_compile_options *options = &network->options;
    int losses[SOMA_MAX_OUTPUTS] = {0}, metrics[SOMA_MAX_METRICS] = {0};
    size_t outputs = SOMA_MIN(soma_network_output_count(network), (size_t)SOMA_MAX_OUTPUTS), top_k = 0, shards = 0;
    SOMA_TRY(decode_names(training, "losses", SOMA_NAMES_LOSS, outputs, true, losses));
    SOMA_TRY(decode_names(training, "metrics", SOMA_NAMES_METRIC, SOMA_MAX_METRICS, false, metrics));
    double weights[SOMA_MAX_OUTPUTS] = {0};
    SOMA_TRY(decode_doubles(training, "training", "loss_weights", outputs, weights));
    for (size_t i = 0; i < outputs; i++) options->loss_weight[i] = (float)weights[i];
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options->loss[i] = (soma_loss)losses[i];
    for (size_t i = 0; i < SOMA_MAX_METRICS; i++) options->metrics[i] = (soma_metric)metrics[i];
    if (!soma_json_float(soma_json_get(training, "huber_delta"), &options->huber_delta))
        return malformed("training", "\"huber_delta\" must be a number that fits float32");
    SOMA_TRY(get_index(soma_json_get(training, "top_k"), UINT32_MAX, "training", "\"top_k\"", &top_k));
    options->top_k = (uint32_t)top_k;
    SOMA_TRY(decode_loss_options(training, options));
    if (soma_json_get(training, "shards"))
        SOMA_TRY(get_index(soma_json_get(training, "shards"), UINT32_MAX, "training", "\"shards\"", &shards));
    network->shards = shards;
    const soma_json *optimizer = soma_json_get(training, "optimizer");
    SOMA_TRY(soma_fields_decode(soma_optimizer_fields, soma_optimizer_field_count, optimizer, "optimizer",
                                &options->optimizer));
    network->has_options = true;
    return SOMA_OK;
}

/* Absent where there is none. */
static soma_status decode_augmentation(soma_network *network, const soma_json *root) {
    const soma_json *text = soma_json_get(root, "augmentation");
    if (!text) return SOMA_OK;
    if (!soma_json_string(text)) return malformed("the network", "\"augmentation\" must be a string");
    soma_status status = soma_network_set_augmentation(network, soma_json_string(text));
    return status == SOMA_INVALID_ARGUMENT ? malformed("the network", "\"augmentation\" is none that there is")
                                           : status;
}

static soma_status decode_preprocessing(soma_network *network, const soma_json *root) {
    const soma_json *object = soma_json_get(root, "preprocessing");
    soma_preprocessing *preprocessing = &network->preprocessing;
    if (!soma_json_is(object, SOMA_JSON_OBJECT)) return malformed("the network", "\"preprocessing\" must be an object");
    SOMA_TRY(soma_preprocessing_decode(network, object));
    if (!soma_json_get(object, "mean")) return SOMA_OK;
    size_t width = 0;
    for (size_t i = 0; i < network->input_count; i++) width += soma_tensor_count(network->inputs[i]);
    const soma_json *mean;
    SOMA_TRY(get_array(object, "mean", "preprocessing", width, &mean)); /* bounds the allocation by the text's length */
    if (soma_json_count(mean) != width)
        return soma_error(SOMA_INVALID_FILE, "preprocessing: %zu means for inputs of %zu values", soma_json_count(mean),
                          width);
    preprocessing->mean = soma_calloc(width, sizeof *preprocessing->mean);
    preprocessing->scale = soma_calloc(width, sizeof *preprocessing->scale);
    preprocessing->width = width;
    if (!preprocessing->mean || !preprocessing->scale) return soma_out_of_memory(width, "preprocessing");
    SOMA_TRY(decode_doubles(object, "preprocessing", "mean", width, preprocessing->mean));
    return decode_doubles(object, "preprocessing", "scale", width, preprocessing->scale);
}

/* --------------------------------------------------------------------------------------------------------- everything
 */

static soma_status decode_seed(soma_network *network, const soma_json *root) {
    const char *text = soma_json_string(soma_json_get(root, "seed"));
    char *end = NULL;
    errno = 0;
    unsigned long long seed = text ? strtoull(text, &end, 10) : 0;
    if (!text || *text < '0' || *text > '9' || *end || errno)
        return malformed("the network", "\"seed\" must be a string of digits");
    network->seed = seed;
    return SOMA_OK;
}

static soma_status decode(soma_network *network, const soma_json *root) {
    const soma_json *layers;
    int64_t format;
    size_t i = 0;
    if (!soma_json_integer(soma_json_get(root, "format"), &format))
        return malformed("the network", "\"format\" must be a number");
    if (format != SOMA_MODEL_FORMAT)
        return soma_error(SOMA_INVALID_FILE, "the network: format %lld, this version reads format %d",
                          (long long)format, SOMA_MODEL_FORMAT);
    SOMA_TRY(decode_seed(network, root));
    SOMA_TRY(get_array(root, "layers", "the network", SOMA_MAX_FILE_TENSORS, &layers));
    SOMA_TRY(decode_tensors(network, root, soma_json_count(layers)));
    SOMA_JSON_EACH(layer, layers) SOMA_TRY(decode_layer(network, layer, i++));
    SOMA_TRY(decode_outputs(network, root));
    SOMA_TRY(decode_training(network, root));
    SOMA_TRY(decode_augmentation(network, root));
    return decode_preprocessing(network, root);
}

soma_status soma_model_decode(const char *name, const char *text, size_t length, soma_network **out) {
    soma_json_fault fault = {0};
    soma_json *root;
    *out = NULL;
    soma_status parsed = soma_json_parse("the JSON form of the network", text, length, &fault, &root);
    if (parsed == SOMA_OK && root->kind < SOMA_JSON_ARRAY) {
        soma_free(root);
        fault.what = "an object is expected";
        parsed = SOMA_INVALID_FILE;
    }
    if (parsed == SOMA_INVALID_FILE)
        return soma_error(SOMA_INVALID_FILE, "%s: the network is not valid JSON: %s at byte %zu", name, fault.what,
                          fault.offset);
    SOMA_TRY(parsed);
    soma_network *network = NULL;
    soma_status status = soma_network_create(&network);
    if (status == SOMA_OK) status = decode(network, root);
    soma_free(root);
    if (status != SOMA_OK) {
        soma_network_destroy(network);
        /* Whatever a rule of the graph calls it: here the file is wrong. */
        return soma_error_prefix(status == SOMA_OUT_OF_MEMORY ? status : SOMA_INVALID_FILE, "%s: ", name);
    }
    *out = network;
    return SOMA_OK;
}
