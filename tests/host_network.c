/* SPDX-License-Identifier: MIT */
/* See host_network.h. */
#include "host_network.h"
#include "expect.h"
#include "graph/plan_internal.h"

#include <stdlib.h>

void fill_random(unsigned seed, double *values, size_t count) {
    unsigned state = seed * 2654435761u + 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (double)(state >> 8) * 0x1p-23 - 1.0;
    }
}

soma_tensor *add_input(soma_graph *graph, const char *shape) {
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .batched = strncmp(shape, "[batch", 6) == 0};
    for (shape += spec.batched ? 6 : 1; *shape != ']'; spec.rank++) {
        char *end;
        spec.shape[spec.rank] = strtoull(shape + strspn(shape, ", "), &end, 10);
        shape = end;
    }
    soma_tensor *tensor;
    expect_ok(soma_graph_add(graph, &spec, &tensor));
    return tensor;
}

soma_tensor *add_unary(soma_graph *graph, soma_tensor *x, soma_function function) {
    soma_activation_options options = soma_activation_defaults(function);
    soma_tensor *out;
    expect_ok(soma_graph_unary(graph, x, (soma_unary_params){function, options.a, options.b}, &out));
    return out;
}

static double *place_of(const soma_plan *plan, const soma_tensor *tensor) {
    void *memory;
    size_t offset;
    soma_plan_locate(plan, tensor, &memory, &offset);
    return (double *)(void *)((char *)memory + offset);
}

void read_double(const soma_plan *plan, const soma_tensor *tensor, double *values) {
    memcpy(values, place_of(plan, tensor), soma_tensor_full_count(tensor, plan->batch) * sizeof *values);
}

void write_double(const soma_plan *plan, const soma_tensor *tensor, const double *values) {
    memcpy(place_of(plan, tensor), values, soma_tensor_full_count(tensor, plan->batch) * sizeof *values);
}

void write_random_inputs(soma_plan *plan, const soma_graph *graph) {
    unsigned number = 0;
    expect_ok(soma_plan_bind(plan));
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *tensor = graph->tensor[i];
        if (tensor->op != SOMA_OP_INPUT) continue;
        number++;
        if (tensor->dtype != SOMA_F32) continue;
        size_t count = soma_tensor_full_count(tensor, plan->batch);
        double *values = calloc(count, sizeof *values);
        fill_random(number, values, count);
        write_double(plan, tensor, values);
        free(values);
    }
}

uint32_t count_op(const soma_graph *graph, soma_op op) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->count; i++) count += graph->tensor[i]->op == op;
    return count;
}

soma_network *network_of_text(size_t width, const char *text) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 5);
    soma_layers(soma_input(network, "x", 1, &width), text);
    expect_ok(soma_network_status(network));
    return network;
}

soma_step *step_of(soma_network *network, soma_mode mode) {
    soma_signature signature = soma_default_signature(network, mode);
    soma_step *step;
    expect_ok(soma_step_get(network, &signature, &step));
    return step;
}

soma_plan *plan_of(soma_network *network, soma_step *step, size_t batch) {
    soma_plan *plan;
    expect_ok(soma_step_plan(network, step, batch, &plan));
    return plan;
}

void run_step(soma_network *network, soma_step *step, soma_plan *plan) {
    size_t number = 0;
    write_random_inputs(plan, &step->graph);
    for (uint32_t i = 0; i < step->graph.count; i++) {
        const soma_tensor *tensor = step->graph.tensor[i];
        if (tensor->op != SOMA_OP_INPUT) continue;
        if (tensor->dtype == SOMA_I32) {
            int32_t *classes = calloc(plan->batch, sizeof *classes);
            size_t units = soma_tensor_count(soma_network_output(network, number - network->input_count));
            for (size_t j = 0; j < plan->batch; j++) classes[j] = (int32_t)(j % units);
            expect_ok(soma_plan_write_input(plan, number, classes, SOMA_I32, 1, 0));
            free(classes);
        }
        number++;
    }
    soma_step_values values = soma_step_values_now(network, 0);
    expect_ok(soma_plan_run(plan, &values));
}
