/* SPDX-License-Identifier: MIT */
/* Values of parameters from and to the host. */
#include "train/step.h"

#include <string.h>

soma_status soma_check_parameter(const soma_network *network, const soma_tensor *tensor, size_t count,
                                 soma_parameter **parameter) {
    if (!network || !tensor) return soma_error(SOMA_INVALID_ARGUMENT, "no network or no tensor was given");
    *parameter = soma_network_find_parameter(network, tensor);
    if (!*parameter)
        return soma_error(SOMA_INVALID_ARGUMENT, "\"%s\" is not a parameter of this network", soma_tensor_name(tensor));
    if (soma_tensor_count(tensor) != count)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu values, got room for %zu", soma_tensor_name(tensor),
                          soma_tensor_count(tensor), count);
    return SOMA_OK;
}

soma_status soma_get_parameter(soma_network *network, const soma_tensor *tensor, float *values, size_t count) {
    soma_parameter *parameter = NULL;
    SOMA_TRY(soma_check_parameter(network, tensor, count, &parameter));
    if (network->compiled) {
        SOMA_TRY(soma_require_compiled(network, "soma_get_parameter"));
        soma_executor *executor = network->compiled->executor;
        return soma_executor_read(executor, executor->parameters, tensor->offset, values, count);
    }
    SOMA_TRY(soma_network_status(network)); /* they may be lost */
    if (!parameter->values)
        return soma_parameter_initialize(network, (size_t)(parameter - network->parameters), values);
    memcpy(values, parameter->values, count * sizeof *values);
    return SOMA_OK;
}

soma_status soma_set_parameter(soma_network *network, soma_tensor *tensor, const float *values, size_t count) {
    soma_parameter *parameter = NULL;
    SOMA_TRY(soma_check_parameter(network, tensor, count, &parameter));
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
    SOMA_TRY(soma_check_parameter(network, tensor, tensor ? soma_tensor_count(tensor) : 0, &parameter));
    const soma_executor *executor = network->compiled->executor;
    size_t element = soma_executor_element(executor);
    return soma_memory_lend(executor->device, executor->parameters, tensor->offset * element,
                            soma_tensor_count(tensor) * element, memory);
}
