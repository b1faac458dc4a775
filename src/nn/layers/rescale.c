/* SPDX-License-Identifier: MIT */
/* rescale: y = x scale + offset, by frozen figures for each unit: the last layer of a network that learns standardised
 * targets and answers in the data's units. See soma_network_scale_targets(). */
#include "nn/layers/layer.h"

#include <string.h>

#define KIND "rescale"

/* What they are is set by who has the figures. */
static soma_status add_figures(soma_network *network, const char *role, float value, size_t width, soma_tensor **out) {
    const soma_parameter description = {.initializer = SOMA_INIT_CONSTANT,
                                        .scale = value,
                                        .fan_in = width,
                                        .fan_out = width,
                                        .is_bias = true,
                                        .is_frozen = true};
    return soma_layer_add_parameter(network, role, &description, 1, &width, out);
}

static soma_status build(soma_tensor *x, soma_tensor **out) {
    soma_network *network = soma_layer_network(x);
    soma_tensor *scale, *offset;
    SOMA_TRY(add_figures(network, "scale", 1, x->shape[0], &scale));
    SOMA_TRY(add_figures(network, "offset", 0, x->shape[0], &offset));
    SOMA_TRY(soma_graph_binary(x->graph, x, scale, SOMA_BINARY_MULTIPLY, out));
    return soma_graph_binary(x->graph, *out, offset, SOMA_BINARY_ADD, out);
}

soma_tensor *soma_layer_rescale(soma_tensor *x) {
    if (!x || !soma_layer_begin(soma_layer_network(x), KIND, NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = build(x, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* By its kind, and by its form, since files may call any layer so. */
bool soma_output_is_rescaled(const soma_network *network, const soma_tensor *output, soma_rescaling *found) {
    if (output->layer == 0 || strcmp(network->layers[output->layer - 1].kind, KIND) != 0) return false;
    if (output->op != SOMA_OP_BINARY || output->attributes.binary.op != SOMA_BINARY_ADD) return false;
    soma_tensor *product = output->input[0];
    if (product->op != SOMA_OP_BINARY || product->attributes.binary.op != SOMA_BINARY_MULTIPLY) return false;
    *found = (soma_rescaling){product->input[0], product->input[1], output->input[1]};
    soma_tensor *const *own = network->graph.tensor; /* of the same ids */
    return soma_parameter_is_frozen(network, own[found->scale->id]) &&
           soma_parameter_is_frozen(network, own[found->offset->id]);
}
