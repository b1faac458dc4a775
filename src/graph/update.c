/* SPDX-License-Identifier: MIT */
/*
 * The update inside the product: plain gradient descent, w -= rate * dW with dW = x^T dy, is one product that
 * accumulates into w with alpha = -rate and beta = 1; so is a convolution's weight gradient. It saves writing the
 * gradient, and reading it and w again.
 *
 * The update of rows: of a table the rows that a batch names, where the others would stay as they are.
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

/* ------------------------------------------------------------------------------------------------------------ rows */

/* Of a table with far more rows than a sample names: the gradient, which nothing else reads. */
static bool is_of_few_rows(const soma_graph *graph, const soma_tensor *gradient) {
    if (gradient->op != SOMA_OP_GATHER_GRAD || gradient->place != SOMA_PLACE_GRADIENT || gradient->kept) return false;
    const soma_tensor *parameter = parameter_of(graph, gradient);
    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++)
            if (graph->tensor[i]->input[j] == gradient) return false;
    return parameter && soma_tensor_same_shape(gradient, parameter) &&
           soma_tensor_count(gradient->input[1]) <= gradient->shape[0] / 2;
}

/* The step that an element is part of. */
static soma_tensor *optimizer_of(const soma_graph *graph, size_t element) {
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->op == SOMA_OP_OPTIMIZER && tensor->input_count == 0 &&
            tensor->attributes.optimizer.start <= element && element < tensor->attributes.optimizer.end)
            return tensor;
    }
    return NULL;
}

/* Where the next parameter begins, as aligned as all are; between it and `end` there is none. SIZE_MAX: no other. */
static size_t parameter_behind(const soma_graph *graph, size_t end) {
    size_t next = SIZE_MAX;
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->op == SOMA_OP_PARAMETER && graph->tensor[i]->offset >= end)
            next = SOMA_MIN(next, graph->tensor[i]->offset);
    return next;
}

/* The step becomes three: of what is before the table, of its rows, and of what is behind. */
static soma_status take_rows_out(soma_graph *graph, soma_tensor *gradient, soma_tensor *step) {
    soma_tensor *added;
    soma_tensor_spec rows = {.op = SOMA_OP_OPTIMIZER,
                             .input_count = 2,
                             .input = gradient->input,
                             .attributes.optimizer = step->attributes.optimizer},
                     rest = {.op = SOMA_OP_OPTIMIZER, .attributes.optimizer = step->attributes.optimizer};
    const size_t start = gradient->offset, end = start + soma_tensor_count(gradient);
    rows.attributes.optimizer.start = start;
    rows.attributes.optimizer.end = end;
    rest.attributes.optimizer.start = parameter_behind(graph, end);
    rows.attributes.optimizer.padded = gradient->attributes.gather.padded;
    rows.attributes.optimizer.padding = gradient->attributes.gather.padding;
    SOMA_TRY(soma_graph_add(graph, &rows, &added));
    if (rest.attributes.optimizer.start < rest.attributes.optimizer.end) SOMA_TRY(soma_graph_add(graph, &rest, &added));
    step->attributes.optimizer.end = start;
    gradient->place = SOMA_PLACE_ARENA; /* nobody needs it any more */
    return SOMA_OK;
}

/* Then rows without a gradient move, too. */
static bool decays_by_itself(const soma_tensor *step) {
    return step->attributes.optimizer.l2 != 0 || step->attributes.optimizer.l1 != 0;
}

soma_status soma_graph_update_rows(soma_graph *graph) {
    for (uint32_t i = 0, count = graph->count; i < count; i++) {
        soma_tensor *gradient = graph->tensor[i];
        soma_tensor *step = is_of_few_rows(graph, gradient) ? optimizer_of(graph, gradient->offset) : NULL;
        if (step && !decays_by_itself(step) &&
            step->attributes.optimizer.end >= gradient->offset + soma_tensor_count(gradient))
            SOMA_TRY(take_rows_out(graph, gradient, step));
    }
    soma_graph_prune(graph);
    return SOMA_OK;
}

bool soma_graph_updates_rows_at(const soma_graph *graph, size_t offset) {
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->op == SOMA_OP_OPTIMIZER && graph->tensor[i]->input_count == 2 &&
            graph->tensor[i]->attributes.optimizer.start == offset)
            return true;
    return false;
}
