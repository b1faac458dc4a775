/* SPDX-License-Identifier: MIT */
/* What goes into a network and comes out of it, by name. */
#include "nn/layers/layer.h"

#include <string.h>

static soma_status add_input(soma_network *network, uint32_t rank, const size_t *shape, soma_tensor **out) {
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .batched = true, .rank = rank};
    SOMA_TRY(soma_layer_check_rank(rank, shape));
    memcpy(spec.shape, shape, rank * sizeof *shape);
    SOMA_TRY(soma_graph_add(&network->graph, &spec, out));
    return soma_network_add_input(network, *out);
}

soma_tensor *soma_input(soma_network *network, const char *name, uint32_t rank, const size_t *shape) {
    if (!network || !soma_layer_begin(network, "input", name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = add_input(network, rank, shape, &out);
    return soma_layer_finish(network, status, out);
}

soma_tensor *soma_named(soma_tensor *x, const char *name) {
    if (!x) return NULL;
    soma_status status = soma_check_name(name);
    if (status != SOMA_OK)
        return soma_network_fail(soma_layer_network(x),
                                 soma_error_prefix(status, "renaming %s: ", soma_tensor_name(x)));
    const soma_tensor *other = soma_network_tensor(soma_layer_network(x), name);
    if (other && other != x)
        return soma_network_fail(
            soma_layer_network(x),
            soma_error(SOMA_INVALID_ARGUMENT, "there is a tensor \"%s\" already; names must differ", name));
    char *copy = soma_strdup(name);
    if (!copy) return soma_network_fail(soma_layer_network(x), soma_out_of_memory(strlen(name) + 1, "a name"));
    soma_free(x->name);
    x->name = copy;
    return x;
}

soma_tensor *soma_output(soma_tensor *x) {
    if (!x) return NULL;
    soma_status status = soma_network_add_output(soma_layer_network(x), x);
    return status == SOMA_OK ? x : soma_network_fail(soma_layer_network(x), status);
}
