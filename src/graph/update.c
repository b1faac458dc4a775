/* SPDX-License-Identifier: MIT */
/*
 * The update inside the product: plain gradient descent, w -= rate * dW with dW = x^T dy, is one product that
 * accumulates into w with alpha = -rate and beta = 1; so is a convolution's weight gradient. It saves writing the
 * gradient, and reading it and w again.
 */
#include "graph/rewrites.h"

/* The parameter whose gradient this is. */
static soma_tensor *parameter_of(const soma_graph *graph, const soma_tensor *gradient) {
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->op == SOMA_OP_PARAMETER && tensor->offset == gradient->offset) return tensor;
    }
    return NULL;
}

static bool is_plain_product(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_CONV_WEIGHT_GRAD || (tensor->op == SOMA_OP_GEMM && tensor->input_count == 2 &&
                                                      tensor->attributes.gemm.function == SOMA_IDENTITY);
}

/* A product that nothing else reads, and that comes after the last use of the parameter's old value. */
static bool can_accumulate(const soma_graph *graph, const soma_tensor *gradient) {
    const soma_tensor *parameter = parameter_of(graph, gradient);
    if (!is_plain_product(gradient) || !parameter || !soma_tensor_same_shape(gradient, parameter)) return false;
    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++) {
            const soma_tensor *input = graph->tensor[i]->input[j];
            if (input == gradient || (soma_tensor_root(input) == parameter && i > gradient->id)) return false;
        }
    return true;
}

static bool is_weight_gradient(const soma_tensor *tensor, size_t decay_count) {
    return tensor->place == SOMA_PLACE_GRADIENT && tensor->offset < decay_count;
}

void soma_graph_update_in_products(soma_graph *graph, size_t decay_count) {
    for (uint32_t i = 0; i < graph->count; i++)
        if (is_weight_gradient(graph->tensor[i], decay_count) && !can_accumulate(graph, graph->tensor[i])) return;
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (is_weight_gradient(tensor, decay_count)) {
            tensor->place = SOMA_PLACE_PARAMETER;
            if (tensor->op == SOMA_OP_GEMM) /* alpha is set before each run */
                tensor->attributes.gemm.beta = 1;
            else
                tensor->attributes.conv.params.beta = 1;
        }
        if (tensor->op == SOMA_OP_OPTIMIZER) tensor->attributes.optimizer.start = decay_count; /* the biases remain */
    }
}
