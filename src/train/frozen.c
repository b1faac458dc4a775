/* SPDX-License-Identifier: MIT */
/* Parameters that are not trained, and those with learning rates or decay of their own: found by patterns. */
#include "base/pattern.h"
#include "train/step.h"

#include <math.h>
#include <stdio.h>

static bool is_meant(const soma_network *network, const soma_parameter *parameter, const char *pattern) {
    uint32_t layer = parameter->tensor->layer; /* from 1 */
    if (soma_is_like(pattern, soma_tensor_name(parameter->tensor))) return true;
    return layer > 0 && layer <= network->layer_count && soma_is_like(pattern, network->layers[layer - 1].name);
}

/* With the names of the parameters, which begin with those of the layers, as far as they fit into a message. */
static soma_status refuse_pattern(const soma_network *network, const char *pattern) {
    char names[SOMA_NAME_LIST];
    size_t length = 0;
    names[0] = 0;
    for (size_t i = 0; i < network->parameter_count; i++) {
        const char *name = soma_tensor_name(network->parameters[i].tensor);
        const size_t space = sizeof names - length;
        int more = snprintf(names + length, space, "%s%s", length ? ", " : "", name);
        if (more >= 0 && (size_t)more < space - sizeof ", ...") {
            length += (size_t)more;
            continue;
        }
        snprintf(names + length, space, ", ...");
        break;
    }
    if (!network->parameter_count)
        return soma_error(SOMA_INVALID_ARGUMENT, "\"%s\": the network has no parameters", pattern);
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "\"%s\" is like the name of no layer with parameters, and of no parameter; there are: %s",
                      pattern, names);
}

/* The weights come back to the host, for they are going to lie elsewhere on the device. */
static soma_status begin(soma_network *network, const char *pattern) {
    if (!network || !pattern) return soma_error(SOMA_INVALID_ARGUMENT, "no network or no pattern was given");
    bool found = false;
    for (size_t i = 0; i < network->parameter_count; i++) found |= is_meant(network, &network->parameters[i], pattern);
    if (!found) return refuse_pattern(network, pattern);
    if (network->compiled)
        SOMA_TRY(soma_require_no_fit(network, "freezing parameters, or giving them a rate or decay"));
    return soma_network_decompile(network);
}

soma_status soma_network_set_frozen(soma_network *network, const char *pattern, bool frozen) {
    SOMA_TRY(begin(network, pattern));
    for (size_t i = 0; i < network->parameter_count; i++)
        if (is_meant(network, &network->parameters[i], pattern)) network->parameters[i].is_frozen = frozen;
    return SOMA_OK;
}

soma_status soma_network_set_rate_of(soma_network *network, const char *pattern, float learning_rate) {
    if (!(learning_rate >= 0 && isfinite(learning_rate)))
        return soma_error(SOMA_INVALID_ARGUMENT, "the learning rate of \"%s\" is %g, it must be finite and at least 0",
                          pattern ? pattern : "", (double)learning_rate);
    SOMA_TRY(begin(network, pattern));
    for (size_t i = 0; i < network->parameter_count; i++)
        if (is_meant(network, &network->parameters[i], pattern)) network->parameters[i].rate = learning_rate;
    return SOMA_OK;
}

/* Of a layer what decays by the optimizer's, too; what has the name itself, all the same. To end it, all. */
static bool is_meant_to_decay(const soma_network *network, const soma_parameter *parameter, const char *pattern) {
    const uint32_t layer = parameter->tensor->layer;
    if (parameter->is_running || !is_meant(network, parameter, pattern)) return false;
    const bool by_layer =
        layer > 0 && layer <= network->layer_count && soma_is_like(pattern, network->layers[layer - 1].name);
    return !by_layer || !parameter->is_bias;
}

static soma_own_decay *decay_of(soma_parameter *parameter, bool l1) {
    return l1 ? &parameter->l1 : &parameter->l2;
}

static soma_status set_decay_of(soma_network *network, const char *pattern, bool l1, float value) {
    if (!isfinite(value))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "the %s of \"%s\" is %g, it must be finite; a negative one is the optimizer's again",
                          l1 ? "l1" : "l2", pattern ? pattern : "", (double)value);
    SOMA_TRY(begin(network, pattern));
    bool found = false;
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_parameter *parameter = &network->parameters[i];
        if (value < 0 ? !is_meant(network, parameter, pattern) : !is_meant_to_decay(network, parameter, pattern))
            continue;
        *decay_of(parameter, l1) =
            value < 0 ? (soma_own_decay){false, 0} : (soma_own_decay){true, value > 0 ? value : 0};
        found = true;
    }
    if (found) return SOMA_OK;
    return soma_error(
        SOMA_INVALID_ARGUMENT,
        "\"%s\": there are no weights that decay, only biases or running figures; a bias that is to decay "
        "is named itself, as \"dense_1.bias\"",
        pattern);
}

soma_status soma_network_set_l2_of(soma_network *network, const char *pattern, float l2) {
    return set_decay_of(network, pattern, false, l2);
}

soma_status soma_network_set_l1_of(soma_network *network, const char *pattern, float l1) {
    return set_decay_of(network, pattern, true, l1);
}

static float own_decay(const soma_network *network, const soma_tensor *tensor, bool l1) {
    soma_parameter *parameter = network ? soma_network_find_parameter(network, tensor) : NULL;
    return parameter && decay_of(parameter, l1)->is_given ? decay_of(parameter, l1)->value : -1;
}

float soma_parameter_l2(const soma_network *network, const soma_tensor *tensor) {
    return own_decay(network, tensor, false);
}

float soma_parameter_l1(const soma_network *network, const soma_tensor *tensor) {
    return own_decay(network, tensor, true);
}

float soma_parameter_rate(const soma_network *network, const soma_tensor *tensor) {
    const soma_parameter *parameter = network ? soma_network_find_parameter(network, tensor) : NULL;
    return parameter ? parameter->rate : 0;
}

soma_status soma_require_trained(const soma_network *network, const char *function) {
    for (size_t i = 0; i < network->parameter_count; i++)
        if (soma_parameter_is_trained(&network->parameters[i])) return SOMA_OK;
    if (!network->parameter_count) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "%s: all parameters are frozen, so that there is nothing to train", function);
}
