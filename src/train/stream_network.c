/* SPDX-License-Identifier: MIT */
/*
 * A network for one step at a time: the graph again, of one step instead of many, with states that come in and go out.
 * It is sound for ops that compute each step by itself, and for recurrent ones, whose state is all that goes from step
 * to step; any other is refused.
 */
#include "nn/network.h"
#include "train/step.h"

#include <soma/stream.h>
#include <stdio.h>
#include <string.h>

typedef struct streaming {
    soma_network *from, *to;
    soma_tensor **made;  /* [count of from's tensors]: what each became */
    soma_tensor **state; /* [states]: after the step */
    size_t states;
} streaming;

/* By the layer that it is of. */
static soma_status refuse(const streaming *work, const soma_tensor *tensor) {
    const char *layer = tensor->layer ? work->from->layers[tensor->layer - 1].name : soma_tensor_name(tensor);
    return soma_error(SOMA_UNSUPPORTED, "the network does not go step by step: %s looks at several steps at once",
                      layer);
}

/* Of [steps, features], the batch before them. */
static bool is_of_each_step(const soma_tensor *tensor) {
    switch (tensor->op) {
    case SOMA_OP_INDEX:
    case SOMA_OP_UNARY:
    case SOMA_OP_BINARY:
    case SOMA_OP_DROPOUT:
        return true;
    case SOMA_OP_GATHER:
        return !tensor->input[0]->batched;
    case SOMA_OP_GEMM:
        return tensor->input[0]->batched && !tensor->input[1]->batched && !tensor->attributes.gemm.transpose_a;
    case SOMA_OP_SOFTMAX:
        return tensor->rank == 2 && tensor->attributes.softmax.axis == 2;
    case SOMA_OP_CONCAT:
        return tensor->rank == 2 && tensor->attributes.concat.axis == 2;
    case SOMA_OP_NORMALIZE:
        return tensor->rank == 2 && tensor->attributes.normalize.axis == 2 && !tensor->attributes.normalize.running;
    case SOMA_OP_RECURRENT:
        return !tensor->attributes.recurrent.params.reverse && !tensor->attributes.recurrent.masked &&
               !tensor->attributes.recurrent.stated && !tensor->attributes.recurrent.celled;
    default:
        return false;
    }
}

static soma_status add_parameter(streaming *work, const soma_tensor *tensor) {
    const soma_parameter *parameter = soma_network_find_parameter(work->from, tensor);
    return soma_network_add_parameter(work->to, parameter, tensor->rank, tensor->shape, tensor->name,
                                      &work->made[tensor->id]);
}

static soma_status add_input(streaming *work, const soma_tensor *tensor) {
    size_t shape[SOMA_MAX_RANK];
    if (work->to->input_count || !tensor->rank) return refuse(work, tensor);
    memcpy(shape, tensor->shape, sizeof shape);
    shape[0] = 1;
    work->made[tensor->id] = soma_input(work->to, tensor->name, tensor->rank, shape);
    return soma_network_status(work->to);
}

/* What comes in for a state: its number counts. */
static soma_tensor *add_state(streaming *work, size_t units, size_t number) {
    char name[32];
    snprintf(name, sizeof name, "state_%zu", number + 1);
    return soma_input(work->to, name, 1, &units);
}

/* [1, units] as [units]. */
static soma_status keep_state(streaming *work, soma_tensor *states, const soma_tensor *before) {
    return soma_graph_reshape(&work->to->graph, states, before, &work->state[work->states++]);
}

static soma_status add_op(streaming *work, const soma_tensor *tensor, soma_tensor *const *more, uint32_t count) {
    soma_tensor *input[8];
    soma_tensor_spec spec = {.op = tensor->op, .input = input, .attributes = tensor->attributes};
    if (tensor->input_count + count > SOMA_COUNT_OF(input)) return refuse(work, tensor);
    for (uint32_t i = 0; i < tensor->input_count; i++) input[spec.input_count++] = work->made[tensor->input[i]->id];
    for (uint32_t i = 0; i < count; i++) input[spec.input_count++] = more[i];
    if (tensor->op == SOMA_OP_RECURRENT) {
        spec.attributes.recurrent.stated = count > 0;
        spec.attributes.recurrent.celled = count > 1;
    }
    return soma_graph_add(&work->to->graph, &spec, &work->made[tensor->id]);
}

/* With a state before the step, and after it; an LSTM's cell is a second one. */
static soma_status add_recurrent(streaming *work, const soma_tensor *tensor) {
    const bool lstm = tensor->attributes.recurrent.params.kind == SOMA_RECURRENT_LSTM;
    if (1 + work->states + (lstm ? 2 : 1) > SOMA_MAX_OUTPUTS)
        return soma_error(SOMA_UNSUPPORTED, "the network has more recurrent layers than %d outputs have states for",
                          SOMA_MAX_OUTPUTS);
    soma_tensor *before[2] = {add_state(work, tensor->shape[1], work->states), NULL};
    if (lstm) before[1] = add_state(work, tensor->shape[1], work->states + 1);
    SOMA_TRY(soma_network_status(work->to));
    SOMA_TRY(add_op(work, tensor, before, lstm ? 2 : 1));
    soma_tensor *states = work->made[tensor->id], *cells;
    SOMA_TRY(keep_state(work, states, before[0]));
    if (!lstm) return SOMA_OK;
    const soma_tensor_spec second = {.op = SOMA_OP_SECOND, .input_count = 1, .input = &states};
    SOMA_TRY(soma_graph_add(&work->to->graph, &second, &cells));
    return keep_state(work, cells, before[1]);
}

/* One step of what were many, and otherwise the same. */
static bool is_one_step_of(const soma_tensor *made, const soma_tensor *tensor) {
    if (!made->batched || made->rank != tensor->rank || !made->rank || made->shape[0] != 1) return false;
    for (uint32_t i = 1; i < made->rank; i++)
        if (made->shape[i] != tensor->shape[i]) return false;
    return true;
}

static soma_status add(streaming *work, const soma_tensor *tensor) {
    const size_t steps = work->from->inputs[0]->shape[0];
    if (tensor->op == SOMA_OP_PARAMETER) return add_parameter(work, tensor);
    if (tensor->op == SOMA_OP_INPUT) return add_input(work, tensor);
    if (!is_of_each_step(tensor) || !tensor->batched || !tensor->rank || tensor->shape[0] != steps)
        return refuse(work, tensor);
    SOMA_TRY(soma_network_begin_layer(work->to, "step", NULL));
    soma_status status = tensor->op == SOMA_OP_RECURRENT ? add_recurrent(work, tensor) : add_op(work, tensor, NULL, 0);
    if (status == SOMA_INVALID_SHAPE) return refuse(work, tensor);
    SOMA_TRY(status);
    if (!is_one_step_of(work->made[tensor->id], tensor)) return refuse(work, tensor);
    return soma_network_end_layer(work->to, work->made[tensor->id]);
}

static soma_status copy_weights(streaming *work) {
    for (size_t i = 0; i < work->from->parameter_count; i++) {
        soma_tensor *tensor = work->from->parameters[i].tensor;
        const size_t count = soma_tensor_count(tensor);
        float *values = soma_calloc(count, sizeof *values);
        if (!values) return soma_out_of_memory(count * sizeof *values, "a parameter");
        soma_status status = soma_get_parameter(work->from, tensor, values, count);
        if (status == SOMA_OK) status = soma_set_parameter(work->to, work->made[tensor->id], values, count);
        soma_free(values);
        SOMA_TRY(status);
    }
    return SOMA_OK;
}

static soma_status build(streaming *work) {
    const soma_graph *graph = &work->from->graph;
    for (uint32_t i = 0; i < graph->count; i++) SOMA_TRY(add(work, graph->tensor[i]));
    soma_output(work->made[soma_network_output(work->from, 0)->id]);
    for (size_t i = 0; i < work->states; i++) {
        char name[32];
        snprintf(name, sizeof name, "after_%zu", i + 1);
        soma_output(soma_named(work->state[i], name));
    }
    SOMA_TRY(soma_network_status(work->to));
    return copy_weights(work);
}

soma_status soma_network_stream(soma_network *network, soma_network **stream) {
    if (stream) *stream = NULL;
    if (!network || !stream)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_stream: %s is NULL", network ? "stream" : "network");
    SOMA_TRY(soma_network_status(network));
    if (network->input_count != 1 || soma_network_output_count(network) != 1)
        return soma_error(SOMA_UNSUPPORTED,
                          "a network with %zu inputs and %zu outputs does not go step by step; one of "
                          "each would",
                          network->input_count, soma_network_output_count(network));
    streaming work = {.from = network};
    SOMA_TRY(soma_network_create(&work.to));
    const size_t count = network->graph.count;
    work.made = soma_calloc(count + 1, sizeof(soma_tensor *));
    work.state = soma_calloc(2 * count + 1, sizeof(soma_tensor *));
    soma_status status =
        work.made && work.state ? build(&work) : soma_out_of_memory(3 * count * sizeof(soma_tensor *), "a network");
    soma_free(work.made);
    soma_free(work.state);
    if (status == SOMA_OK)
        *stream = work.to;
    else
        soma_network_destroy(work.to);
    return status;
}
