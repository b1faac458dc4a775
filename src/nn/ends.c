/* SPDX-License-Identifier: MIT */
/* What goes into a network and comes out of it, as a file declares it: the types of elements, the order of dimensions.
 */
#include "nn/network.h"

#include <string.h>

soma_status soma_network_declare_end(soma_network *network, const soma_end *end) {
    soma_end *ends = soma_realloc(network->ends, network->end_count + 1, sizeof *ends);
    if (!ends)
        return soma_out_of_memory((network->end_count + 1) * sizeof *ends, "the inputs and outputs of a network");
    network->ends = ends;
    ends[network->end_count++] = *end;
    return SOMA_OK;
}

/* Without a declaration it is float32, the samples in front. */
static void describe(const soma_network *network, const soma_tensor *tensor, soma_value_info *info) {
    *info = (soma_value_info){.name = soma_tensor_name(tensor), .dtype = SOMA_F32, .rank = tensor->rank + 1};
    memcpy(info->shape + 1, tensor->shape, tensor->rank * sizeof *info->shape);
    for (size_t i = 0; i < network->end_count; i++) {
        const soma_end *end = &network->ends[i];
        if (end->tensor != tensor) continue;
        info->dtype = end->dtype;
        if (!end->shaped) continue;
        info->rank = end->rank;
        info->batch_axis = end->batch_axis;
        memcpy(info->shape, end->shape, sizeof info->shape);
    }
}

static soma_status get_info(const soma_network *network, const char *function, const char *what, size_t index,
                            size_t count, soma_tensor *const *tensors, soma_value_info *info) {
    if (!network || !info)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: the %s NULL", function,
                          network ? "place for it is" : "network is");
    if (index >= count)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s %zu of a network that has %zu, numbered from 0", function,
                          what, index, count);
    describe(network, tensors[index], info);
    return SOMA_OK;
}

soma_status soma_network_input_info(const soma_network *network, size_t index, soma_value_info *info) {
    return get_info(network, "soma_network_input_info", "input", index, network ? network->input_count : 0,
                    network ? network->inputs : NULL, info);
}

soma_status soma_network_output_info(const soma_network *network, size_t index, soma_value_info *info) {
    soma_tensor *output = network ? soma_network_output(network, index) : NULL;
    return get_info(network, "soma_network_output_info", "output", output ? 0 : index,
                    output    ? 1
                    : network ? soma_network_output_count(network)
                              : 0,
                    &output, info);
}
