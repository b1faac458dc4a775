/* SPDX-License-Identifier: MIT */
/* What the layers' builders have in common. */
#include "nn/layers/layer.h"

#include <math.h>

soma_network *soma_layer_network(const soma_tensor *tensor) {
    return tensor->graph->owner;
}

/* Opens a layer; false where that fails, or something has failed before. */
bool soma_layer_begin(soma_network *network, const char *kind, const char *name) {
    if (network->status != SOMA_OK) return false;
    soma_status status = soma_network_begin_layer(network, kind, name);
    if (status != SOMA_OK) soma_network_fail(network, status);
    return status == SOMA_OK;
}

/* Closes the layer that soma_layer_begin() opened; puts its name before an error's detail. */
soma_tensor *soma_layer_finish(soma_network *network, soma_status status, soma_tensor *out) {
    if (status == SOMA_OK) status = soma_network_end_layer(network, out);
    if (status == SOMA_OK) return out;
    soma_error_prefix(status, "layer %s: ", network->layers[network->layer_count - 1].name);
    return soma_network_fail(network, status);
}

/* A layer of one op. */
soma_tensor *soma_layer_of_op(const char *kind, soma_op op, soma_tensor *const *input, uint32_t count,
                              soma_attributes attributes) {
    soma_network *network = soma_layer_network(input[0]);
    if (!soma_layer_begin(network, kind, NULL)) return NULL;
    soma_tensor_spec spec = {.op = op, .input_count = count, .input = input, .attributes = attributes};
    soma_tensor *out;
    soma_status status = soma_graph_add(&network->graph, &spec, &out);
    return soma_layer_finish(network, status, out);
}

/* A dimension of the sample as an axis of the tensor, which counts the batch. */
uint32_t soma_layer_axis(const soma_tensor *x, uint32_t dimension) {
    return dimension + (x->batched && dimension < UINT32_MAX ? 1 : 0);
}

soma_status soma_layer_check_rank(uint32_t rank, const size_t *shape) {
    if (rank < 1 || rank > 4)
        return soma_error(SOMA_INVALID_SHAPE, "%u dimensions per sample, 1 to 4 are possible", rank);
    return shape ? SOMA_OK : soma_error(SOMA_INVALID_ARGUMENT, "the shape is NULL");
}

/* A parameter of the layer at hand, W [in, units] or b [units]. */
soma_status soma_layer_add_parameter(soma_network *network, const char *role, const soma_parameter *description,
                                     uint32_t rank, const size_t *shape, soma_tensor **out) {
    soma_text name = {.data = NULL};
    soma_text_append(&name, "%s.%s", network->layers[network->layer_count - 1].name, role);
    soma_status status = name.failed ? soma_out_of_memory(name.length, "a parameter's name")
                                     : soma_network_add_parameter(network, description, rank, shape, name.data, out);
    soma_free(name.data);
    return status;
}

soma_status soma_layer_check_initializer(const char *role, soma_initializer initializer, float scale) {
    if ((unsigned)initializer >= SOMA_INIT_COUNT)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: there is no initializer number %d", role, (int)initializer);
    if (!isfinite(scale))
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: the initial scale is %g, it must be finite", role, (double)scale);
    return SOMA_OK;
}

bool soma_layer_same_network(soma_tensor *x, soma_tensor *y, const char *kind) {
    if (x->graph == y->graph) return true;
    soma_network_fail(soma_layer_network(x),
                      soma_error(SOMA_INVALID_ARGUMENT, "%s: the tensors belong to different networks", kind));
    return false;
}
