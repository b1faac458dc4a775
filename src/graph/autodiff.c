/* SPDX-License-Identifier: MIT */
/* Reverse-mode differentiation: walks the graph backwards and lets each op's rule emit the gradients of its inputs. */
#include "graph/rewrites.h"

typedef struct backward {
    soma_graph *graph;
    uint32_t count;         /* tensors before differentiation */
    bool *needed;           /* [count]: some wanted tensor is an ancestor, or is it */
    soma_tensor **gradient; /* [count] */
} backward;

static soma_status accumulate(backward *pass, const soma_tensor *tensor, soma_tensor *more) {
    soma_tensor **sum = &pass->gradient[tensor->id];
    if (!*sum) {
        *sum = more;
        return SOMA_OK;
    }
    return soma_graph_binary(pass->graph, *sum, more, SOMA_BINARY_ADD, sum);
}

static void mark_needed(backward *pass, soma_tensor *const *wanted, size_t count) {
    for (size_t i = 0; i < count; i++) pass->needed[wanted[i]->id] = true;
    for (uint32_t i = 0; i < pass->count; i++) {
        const soma_tensor *tensor = pass->graph->tensor[i];
        for (uint32_t j = 0; j < tensor->input_count; j++)
            if (pass->needed[tensor->input[j]->id]) pass->needed[i] = true;
    }
}

static soma_status step_back(backward *pass, soma_tensor *tensor) {
    soma_tensor *input_gradient[SOMA_MAX_INPUTS] = {NULL};
    soma_gradient_rule *rule = soma_op_table[tensor->op]->gradient;
    char label[SOMA_SHAPE_TEXT];
    if (!rule)
        return soma_error(SOMA_NO_GRADIENT, "%s: the op %s has no gradient", soma_tensor_label(tensor, label),
                          soma_op_name(tensor->op));
    uint32_t first = pass->graph->count;
    SOMA_TRY(rule(pass->graph, tensor, pass->gradient[tensor->id], input_gradient));
    /* They belong to the layer that they are gradients of: for messages and profiles. */
    for (uint32_t i = first; i < pass->graph->count; i++) pass->graph->tensor[i]->layer = tensor->layer;
    for (uint32_t i = 0; i < tensor->input_count; i++)
        if (input_gradient[i] && pass->needed[tensor->input[i]->id])
            SOMA_TRY(accumulate(pass, tensor->input[i], input_gradient[i]));
    return SOMA_OK;
}

static soma_status differentiate(backward *pass, soma_tensor *const *root, soma_tensor *const *seed, size_t roots) {
    for (size_t i = 0; i < roots; i++) SOMA_TRY(accumulate(pass, root[i], seed[i]));
    for (uint32_t i = pass->count; i-- > 0;)
        if (pass->gradient[i] && pass->needed[i]) SOMA_TRY(step_back(pass, pass->graph->tensor[i]));
    return SOMA_OK;
}

soma_status soma_graph_differentiate(soma_graph *graph, soma_tensor *const *root, soma_tensor *const *seed,
                                     size_t roots, soma_tensor *const *wanted, size_t count, soma_tensor **gradient) {
    backward pass = {.graph = graph, .count = graph->count};
    pass.needed = soma_calloc(graph->count, sizeof *pass.needed);
    pass.gradient = soma_calloc(graph->count, sizeof *pass.gradient);
    soma_status status = SOMA_OK;
    if (!pass.needed || !pass.gradient)
        status = soma_out_of_memory(graph->count * sizeof *pass.gradient, "gradients");
    else {
        mark_needed(&pass, wanted, count);
        status = differentiate(&pass, root, seed, roots);
        for (size_t i = 0; status == SOMA_OK && i < count; i++) gradient[i] = pass.gradient[wanted[i]->id];
    }
    soma_free(pass.needed);
    soma_free(pass.gradient);
    return status;
}
