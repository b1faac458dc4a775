/* SPDX-License-Identifier: MIT */
/*
 * A network for one step at a time: the graph again, of one step instead of many. Ops that compute each step by itself
 * are the same. A recurrent op has its state come in and go out. Causal attention puts the keys and values of the step
 * into caches, and sees those up to it there. Parameters that lie along the steps, positions, give the step's row.
 * Which step it is, is a state, too, which goes up by one. Any other op is refused.
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
    soma_tensor *step, *index, *seen; /* which step it is; as a number of a row; [steps], 1 up to it. NULL: not yet */
} streaming;

/* By the layer that it is of. */
static soma_status refuse(const streaming *work, const soma_tensor *tensor) {
    const char *layer = tensor->layer ? work->from->layers[tensor->layer - 1].name : soma_tensor_name(tensor);
    return soma_error(SOMA_UNSUPPORTED, "the network does not go step by step: %s looks at several steps at once",
                      layer);
}

static size_t steps_of(const streaming *work) {
    return work->from->inputs[0]->shape[0];
}

/* Of [steps, ...], the batch before them. */
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
        return tensor->attributes.concat.axis >= 2;
    case SOMA_OP_SLICE:
        return tensor->attributes.slice.axis >= 2;
    case SOMA_OP_RESHAPE: /* of what a step has */
        return tensor->input[0]->rank && tensor->input[0]->shape[0] == tensor->shape[0];
    case SOMA_OP_NORMALIZE:
        return tensor->rank == 2 && tensor->attributes.normalize.axis == 2 && !tensor->attributes.normalize.running;
    case SOMA_OP_RECURRENT:
        return !tensor->attributes.recurrent.params.reverse && !tensor->attributes.recurrent.masked &&
               !tensor->attributes.recurrent.stated && !tensor->attributes.recurrent.celled;
    case SOMA_OP_ATTENTION: /* of what is to come nothing is known */
        return tensor->attributes.attention.params.causal && !tensor->attributes.attention.masked;
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

/* ------------------------------------------------------------------------------------------------------- states */

static soma_status check_states(const streaming *work, size_t more) {
    if (1 + work->states + more <= SOMA_MAX_ENDS) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "the network has more recurrent layers than %d outputs have states for",
                      SOMA_MAX_ENDS);
}

/* After the inputs that the layer's states are: they are layers of their own. */
static soma_status begin_layer(streaming *work) {
    return soma_network_begin_layer(work->to, "step", NULL);
}

/* The stream's own names; inputs and parameters keep theirs. */
static soma_status check_own_name(const streaming *work, const char *name) {
    const soma_tensor *tensor = soma_network_tensor(work->from, name);
    if (!tensor || (tensor->op != SOMA_OP_INPUT && tensor->op != SOMA_OP_PARAMETER)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "the network has %s \"%s\", which is what a state of a network of one step would be called; "
                      "another name is wanted",
                      tensor->op == SOMA_OP_INPUT ? "an input" : "weights", name);
}

/* What comes in for a state: its number counts. */
static soma_status add_state(streaming *work, size_t units, size_t number, soma_tensor **state) {
    char name[32];
    snprintf(name, sizeof name, "state_%zu", number + 1);
    SOMA_TRY(check_own_name(work, name));
    *state = soma_input(work->to, name, 1, &units);
    return soma_network_status(work->to);
}

/* [1, units] as [units]. */
static soma_status keep_state(streaming *work, soma_tensor *states, const soma_tensor *before) {
    return soma_graph_reshape(&work->to->graph, states, before, &work->state[work->states++]);
}

/* The step's number comes in, and the next one goes out. */
static soma_status need_step(streaming *work) {
    soma_graph *graph = &work->to->graph;
    soma_tensor_spec spec = {.op = SOMA_OP_FILL,
                             .attributes = {.fill = {1, false}},
                             .dtype = SOMA_F32,
                             .batched = true,
                             .rank = 1,
                             .shape = {1}};
    const size_t one = 1;
    soma_tensor *more;
    if (work->step) return SOMA_OK;
    SOMA_TRY(check_states(work, 1));
    SOMA_TRY(check_own_name(work, "step"));
    work->step = soma_input(work->to, "step", 1, &one);
    SOMA_TRY(soma_network_status(work->to));
    SOMA_TRY(soma_graph_add(graph, &spec, &more));
    SOMA_TRY(soma_graph_binary(graph, work->step, more, SOMA_BINARY_ADD, &work->state[work->states++]));
    spec = (soma_tensor_spec){.op = SOMA_OP_INDEX, .input_count = 1, .input = &work->step};
    return soma_graph_add(graph, &spec, &work->index);
}

/* -------------------------------------------------------------------------------------------------- ops of a step */

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
    SOMA_TRY(check_states(work, lstm ? 2 : 1));
    soma_tensor *before[2];
    for (size_t i = 0; i < (lstm ? 2 : 1); i++)
        SOMA_TRY(add_state(work, tensor->shape[1], work->states + i, &before[i]));
    SOMA_TRY(begin_layer(work));
    SOMA_TRY(add_op(work, tensor, before, lstm ? 2 : 1));
    soma_tensor *states = work->made[tensor->id], *cells;
    SOMA_TRY(keep_state(work, states, before[0]));
    if (!lstm) return SOMA_OK;
    const soma_tensor_spec second = {.op = SOMA_OP_SECOND, .input_count = 1, .input = &states};
    SOMA_TRY(soma_graph_add(&work->to->graph, &second, &cells));
    return keep_state(work, cells, before[1]);
}

static soma_status reshape_to_one_step(streaming *work, const soma_tensor *tensor) {
    soma_tensor shape = *tensor;
    shape.shape[0] = 1;
    SOMA_TRY(begin_layer(work));
    return soma_graph_reshape(&work->to->graph, work->made[tensor->input[0]->id], &shape, &work->made[tensor->id]);
}

/* Of a parameter [steps, ...] along the steps of the tensor: [1, ...] of the step. */
static soma_status take_row(streaming *work, const soma_tensor *parameter, soma_tensor **row) {
    soma_graph *graph = &work->to->graph;
    soma_tensor shape = *parameter, *table = work->made[parameter->id];
    shape.rank = 2;
    shape.shape[1] = soma_tensor_count(parameter) / parameter->shape[0];
    if (parameter->rank != 2) SOMA_TRY(soma_graph_reshape(graph, table, &shape, &table));
    const soma_tensor_spec spec = {
        .op = SOMA_OP_GATHER, .input_count = 2, .input = (soma_tensor *[]){table, work->index}};
    SOMA_TRY(soma_graph_add(graph, &spec, row));
    shape = *parameter;
    shape.shape[0] = 1;
    shape.batched = true;
    return parameter->rank == 2 ? SOMA_OK : soma_graph_reshape(graph, *row, &shape, row);
}

static soma_status add_binary(streaming *work, const soma_tensor *tensor) {
    const soma_tensor *second = tensor->input[1];
    soma_tensor *input[2] = {work->made[tensor->input[0]->id], work->made[second->id]};
    const bool along = second->op == SOMA_OP_PARAMETER && second->rank == tensor->rank && second->shape[0] > 1 &&
                       second->shape[0] == steps_of(work);
    if (along) SOMA_TRY(need_step(work));
    SOMA_TRY(begin_layer(work));
    if (along) SOMA_TRY(take_row(work, second, &input[1]));
    const soma_tensor_spec spec = {
        .op = SOMA_OP_BINARY, .input_count = 2, .input = input, .attributes = tensor->attributes};
    return soma_graph_add(&work->to->graph, &spec, &work->made[tensor->id]);
}

/* ----------------------------------------------------------------------------------------------------- attention */

/* 1 for the steps up to this one, else 0; for all layers. */
static soma_status need_seen(streaming *work) {
    const size_t steps = steps_of(work);
    const soma_parameter description = {
        .initializer = SOMA_INIT_ZEROS, .fan_in = 1, .fan_out = steps, .is_bias = true, .is_frozen = true};
    soma_tensor *numbers;
    if (work->seen) return SOMA_OK;
    SOMA_TRY(check_own_name(work, "numbers_of_steps"));
    SOMA_TRY(soma_network_add_parameter(work->to, &description, 1, &steps, "numbers_of_steps", &numbers));
    float *values = soma_calloc(steps, sizeof *values);
    if (!values) return soma_out_of_memory(steps * sizeof *values, "numbers of steps");
    for (size_t i = 0; i < steps; i++) values[i] = (float)i;
    soma_network_find_parameter(work->to, numbers)->values = values;
    return soma_graph_binary(&work->to->graph, work->step, numbers, SOMA_BINARY_GREATER_EQUAL, &work->seen);
}

/* Of keys or values: those of all steps so far. */
static soma_status add_cache(streaming *work, const soma_tensor *tensor, uint32_t input, const char *what,
                             soma_tensor **all) {
    soma_tensor *row = work->made[tensor->input[input]->id], *cache;
    char name[SOMA_SHAPE_TEXT];
    snprintf(name, sizeof name, "%.100s.%s", work->from->layers[tensor->layer - 1].name, what);
    soma_tensor_spec spec = {.op = SOMA_OP_CACHE,
                             .dtype = SOMA_F32,
                             .batched = true,
                             .rank = 2,
                             .shape = {steps_of(work), row->shape[1]},
                             .name = tensor->layer ? name : what};
    SOMA_TRY(soma_graph_add(&work->to->graph, &spec, &cache));
    spec = (soma_tensor_spec){
        .op = SOMA_OP_SCATTER, .input_count = 3, .input = (soma_tensor *[]){cache, row, work->index}};
    return soma_graph_add(&work->to->graph, &spec, all);
}

static soma_status add_attention(streaming *work, const soma_tensor *tensor) {
    soma_tensor *input[4] = {work->made[tensor->input[0]->id]};
    SOMA_TRY(need_step(work));
    SOMA_TRY(begin_layer(work));
    SOMA_TRY(need_seen(work));
    SOMA_TRY(add_cache(work, tensor, 1, "cached_keys", &input[1]));
    SOMA_TRY(add_cache(work, tensor, 2, "cached_values", &input[2]));
    input[3] = work->seen;
    soma_tensor_spec spec = {
        .op = SOMA_OP_ATTENTION, .input_count = 4, .input = input, .attributes = tensor->attributes};
    spec.attributes.attention.params.causal = false;
    spec.attributes.attention.masked = true;
    return soma_graph_add(&work->to->graph, &spec, &work->made[tensor->id]);
}

/* --------------------------------------------------------------------------------------------------------- whole */

/* One step of what were many, and otherwise the same. */
static bool is_one_step_of(const soma_tensor *made, const soma_tensor *tensor) {
    if (!made->batched || made->rank != tensor->rank || !made->rank || made->shape[0] != 1) return false;
    for (uint32_t i = 1; i < made->rank; i++)
        if (made->shape[i] != tensor->shape[i]) return false;
    return true;
}

static soma_status add_step_of(streaming *work, const soma_tensor *tensor) {
    switch (tensor->op) {
    case SOMA_OP_RECURRENT:
        return add_recurrent(work, tensor);
    case SOMA_OP_ATTENTION:
        return add_attention(work, tensor);
    case SOMA_OP_BINARY:
        return add_binary(work, tensor);
    case SOMA_OP_RESHAPE:
        return reshape_to_one_step(work, tensor);
    default:
        SOMA_TRY(begin_layer(work));
        return add_op(work, tensor, NULL, 0);
    }
}

static soma_status add(streaming *work, const soma_tensor *tensor) {
    if (tensor->op == SOMA_OP_PARAMETER) return add_parameter(work, tensor);
    if (tensor->op == SOMA_OP_INPUT) return add_input(work, tensor);
    if (!is_of_each_step(tensor) || !tensor->batched || !tensor->rank || tensor->shape[0] != steps_of(work))
        return refuse(work, tensor);
    soma_status status = add_step_of(work, tensor);
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

static bool is_next_step(const streaming *work, size_t state) {
    return work->state[state]->op == SOMA_OP_BINARY && work->state[state]->input[0] == work->step;
}

static soma_status build(streaming *work) {
    const soma_graph *graph = &work->from->graph;
    for (uint32_t i = 0; i < graph->count; i++) SOMA_TRY(add(work, graph->tensor[i]));
    soma_output(work->made[soma_network_output(work->from, 0)->id]);
    for (size_t i = 0; i < work->states; i++) {
        char name[32];
        snprintf(name, sizeof name, "after_%zu", i + 1);
        const char *own = is_next_step(work, i) ? "next_step" : name;
        SOMA_TRY(check_own_name(work, own));
        soma_output(soma_named(work->state[i], own));
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
