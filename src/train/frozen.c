/* SPDX-License-Identifier: MIT */
/* Parameters that are not trained, and those with learning rates of their own: found by patterns. */
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
    if (network->compiled) SOMA_TRY(soma_require_no_fit(network, "freezing parameters, or giving them a rate"));
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
