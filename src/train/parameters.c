/* SPDX-License-Identifier: MIT */
/* Values of parameters and gradients from and to the host. */
#include "train/step.h"

#include <string.h>

static soma_parameter *find_parameter(const soma_network *network, const soma_tensor *tensor) {
    for (size_t i = 0; i < network->parameter_count; i++)
        if (network->parameters[i].tensor == tensor) return &network->parameters[i];
    return NULL;
}

static soma_status check_parameter(const soma_network *network, const soma_tensor *tensor, size_t count,
                                   soma_parameter **parameter) {
    if (!network || !tensor) return soma_error(SOMA_INVALID_ARGUMENT, "no network or no tensor was given");
    *parameter = find_parameter(network, tensor);
    if (!*parameter)
        return soma_error(SOMA_INVALID_ARGUMENT, "\"%s\" is not a parameter of this network", soma_tensor_name(tensor));
    if (soma_tensor_count(tensor) != count)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu values, got room for %zu", soma_tensor_name(tensor),
                          soma_tensor_count(tensor), count);
    return SOMA_OK;
}

soma_status soma_get_parameter(soma_network *network, const soma_tensor *tensor, float *values, size_t count) {
    soma_parameter *parameter = NULL;
    SOMA_TRY(check_parameter(network, tensor, count, &parameter));
    if (network->compiled) {
        SOMA_TRY(soma_require_compiled(network, "soma_get_parameter"));
        soma_executor *executor = network->compiled->executor;
        return soma_executor_read(executor, executor->parameters, tensor->offset, values, count);
    }
    if (!parameter->values)
        return soma_parameter_initialize(network, (size_t)(parameter - network->parameters), values);
    memcpy(values, parameter->values, count * sizeof *values);
    return SOMA_OK;
}

soma_status soma_set_parameter(soma_network *network, soma_tensor *tensor, const float *values, size_t count) {
    soma_parameter *parameter = NULL;
    SOMA_TRY(check_parameter(network, tensor, count, &parameter));
    if (network->compiled) {
        SOMA_TRY(soma_require_compiled(network, "soma_set_parameter"));
        soma_executor *executor = network->compiled->executor;
        return soma_executor_write(executor, executor->parameters, tensor->offset, values, count);
    }
    if (!parameter->values) parameter->values = soma_calloc(count, sizeof *values);
    if (!parameter->values) return soma_out_of_memory(count * sizeof *values, "a parameter");
    memcpy(parameter->values, values, count * sizeof *values);
    return SOMA_OK;
}

soma_status soma_parameter_memory(soma_network *network, const soma_tensor *tensor, soma_memory **memory) {
    soma_parameter *parameter = NULL;
    if (!memory) return soma_error(SOMA_INVALID_ARGUMENT, "soma_parameter_memory: no place for the memory was given");
    *memory = NULL;
    SOMA_TRY(soma_require_compiled(network, "soma_parameter_memory"));
    SOMA_TRY(check_parameter(network, tensor, tensor ? soma_tensor_count(tensor) : 0, &parameter));
    const soma_executor *executor = network->compiled->executor;
    size_t element = soma_executor_element(executor);
    return soma_memory_lend(executor->device, executor->parameters, tensor->offset * element,
                            soma_tensor_count(tensor) * element, memory);
}

static soma_status input_gradient(soma_network *network, size_t input, float *values, size_t count) {
    soma_compiled *compiled = network->compiled;
    const char *name = soma_tensor_name(network->inputs[input]);
    if (!compiled->last_backward || !compiled->last_plan)
        return soma_error(SOMA_INVALID_STATE, "the gradient of input %s is there after soma_backward()", name);
    const soma_tensor *gradient = compiled->last_backward->input_gradient[input];
    if (gradient) return soma_plan_read(compiled->last_plan, gradient, values, count);
    size_t expected = soma_plan_batch(compiled->last_plan) * soma_tensor_count(network->inputs[input]);
    if (count != expected)
        return soma_error(SOMA_INVALID_SHAPE, "the gradient of input %s has %zu values, got room for %zu", name,
                          expected, count);
    memset(values, 0, count * sizeof *values); /* the loss does not depend on it */
    return SOMA_OK;
}

soma_status soma_get_gradient(soma_network *network, const soma_tensor *tensor, float *values, size_t count) {
    SOMA_TRY(soma_require_compiled(network, "soma_get_gradient"));
    for (size_t i = 0; i < network->input_count; i++)
        if (network->inputs[i] == tensor) return input_gradient(network, i, values, count);
    soma_parameter *parameter = NULL;
    SOMA_TRY(check_parameter(network, tensor, count, &parameter));
    soma_executor *executor = network->compiled->executor;
    if (!network->compiled->last_backward)
        return soma_error(SOMA_INVALID_STATE, "there is a gradient of %s after soma_backward()",
                          soma_tensor_name(tensor));
    return soma_executor_read(executor, executor->gradients, tensor->offset, values, count);
}
