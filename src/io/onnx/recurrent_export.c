/* SPDX-License-Identifier: MIT */
/*
 * A recurrent layer as one of ONNX's: the product of its inputs, which soma has as an op of its own, is part of that,
 * and its weights are written in ONNX's order. The last cell is an output of the same node; other cells ONNX does not
 * give.
 */
#include "io/onnx/recurrent.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- export */

typedef struct recurrence {
    const soma_tensor *x, *weight, *recurrent, *bias, *recurrent_bias, *mask, *state, *cell;
} recurrence;

/* The product of all inputs, if that is what the steps work on. */
static bool is_product(const soma_tensor *x) {
    return x->op == SOMA_OP_GEMM && !x->attributes.gemm.transpose_a && !x->attributes.gemm.transpose_b &&
           x->input[1]->op == SOMA_OP_PARAMETER && (x->input_count < 3 || x->input[2]->op == SOMA_OP_PARAMETER);
}

static recurrence recurrence_of(const soma_tensor *tensor) {
    const soma_tensor *product = tensor->input[0];
    recurrence layer = {.x = product, .recurrent = tensor->input[1]};
    uint32_t next = 2;
    if (is_product(product)) {
        layer.x = product->input[0];
        layer.weight = product->input[1];
        layer.bias = product->input_count > 2 ? product->input[2] : NULL;
    }
    if (tensor->attributes.recurrent.biased) layer.recurrent_bias = tensor->input[next++];
    if (tensor->attributes.recurrent.masked) layer.mask = tensor->input[next++];
    if (tensor->attributes.recurrent.stated) layer.state = tensor->input[next++];
    if (tensor->attributes.recurrent.celled) layer.cell = tensor->input[next];
    return layer;
}

const soma_tensor *soma_onnx_recurrent_input(const soma_tensor *recurrent, uint32_t index) {
    return index == 0 ? recurrence_of(recurrent).x : recurrent->input[index];
}

/* ---------------------------------------------------------------------------------------------------------- weights */

typedef enum role { OTHER, WEIGHT, RECURRENT_WEIGHT_OF, BIAS, SECOND_BIAS } role;

static role role_in(const recurrence *layer, const soma_tensor *parameter) {
    return parameter == layer->weight           ? WEIGHT
           : parameter == layer->recurrent      ? RECURRENT_WEIGHT_OF
           : parameter == layer->bias           ? BIAS
           : parameter == layer->recurrent_bias ? SECOND_BIAS
                                                : OTHER;
}

/* What a parameter is to recurrent layers, and to which (NULL: to none). *mixed: it is something else, too. */
static role role_of(const soma_onnx_exporter *exporter, const soma_tensor *parameter, const soma_tensor **of,
                    bool *mixed) {
    const soma_graph *graph = &exporter->network->graph;
    role found = OTHER;
    bool others = false;
    *of = NULL;
    *mixed = false;
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *user = graph->tensor[i];
        if (!exporter->needed[i]) continue;
        if (user->op != SOMA_OP_RECURRENT) {
            for (uint32_t j = 0; j < user->input_count; j++) others |= user->input[j] == parameter;
            continue;
        }
        const recurrence layer = recurrence_of(user);
        const role here = role_in(&layer, parameter);
        if (here == OTHER) continue;
        if (*of && (here != found || recurrence_of(*of).recurrent_bias != layer.recurrent_bias ||
                    (*of)->attributes.recurrent.params.kind != user->attributes.recurrent.params.kind))
            *mixed = true;
        found = here;
        *of = user;
    }
    *mixed |= *of && others;
    return found;
}

bool soma_onnx_is_recurrent_weight(const soma_onnx_exporter *exporter, const soma_tensor *parameter) {
    const soma_tensor *of;
    bool mixed;
    return role_of(exporter, parameter, &of, &mixed) != OTHER;
}

/* [rows, gates units] as [1, gates units, rows]. */
static void put_matrix(soma_onnx_exporter *exporter, const char *name, soma_recurrent_kind kind,
                       const soma_tensor *parameter, const float *values, float *turned) {
    const size_t rows = parameter->shape[0], columns = parameter->shape[1];
    const size_t gates = soma_recurrent_gates(kind), units = columns / gates, shape[] = {1, columns, rows};
    for (size_t gate = 0; gate < gates; gate++)
        for (size_t unit = 0; unit < units; unit++)
            for (size_t row = 0; row < rows; row++)
                turned[(soma_onnx_gate(kind, gate) * units + unit) * rows + row] =
                    values[row * columns + gate * units + unit];
    soma_onnx_put_tensor(exporter, GRAPH_INITIALIZER, name, 3, shape, turned);
}

/* Both biases, [1, 2 gates units]; the second is 0 where there is none. */
static soma_status put_biases(soma_onnx_exporter *exporter, const char *name, const soma_tensor *recurrent,
                              const float *values, float *turned) {
    const soma_recurrent_kind kind = recurrent->attributes.recurrent.params.kind;
    const recurrence layer = recurrence_of(recurrent);
    const size_t gates = soma_recurrent_gates(kind), units = recurrent->shape[recurrent->rank - 1],
                 columns = gates * units;
    const size_t shape[] = {1, 2 * columns};
    memset(turned, 0, 2 * columns * sizeof *turned);
    if (layer.recurrent_bias) /* of a GRU, whose gates are in ONNX's order */
        SOMA_TRY(soma_get_parameter(exporter->network, layer.recurrent_bias, turned + columns, columns));
    for (size_t gate = 0; gate < gates; gate++)
        memcpy(turned + soma_onnx_gate(kind, gate) * units, values + gate * units, units * sizeof *values);
    soma_onnx_put_tensor(exporter, GRAPH_INITIALIZER, name, 2, shape, turned);
    return SOMA_OK;
}

soma_status soma_onnx_put_recurrent_weight(soma_onnx_exporter *exporter, const char *name, const soma_tensor *parameter,
                                           const float *values, float *turned) {
    const soma_tensor *of;
    bool mixed;
    const role found = role_of(exporter, parameter, &of, &mixed);
    if (found == BIAS) return put_biases(exporter, name, of, values, turned);
    if (found != SECOND_BIAS)
        put_matrix(exporter, name, of->attributes.recurrent.params.kind, parameter, values, turned);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ the node
 */

static soma_status check(const soma_onnx_exporter *exporter, const recurrence *layer, size_t sequences) {
    const soma_tensor *const parameters[] = {layer->weight, layer->recurrent, layer->bias, layer->recurrent_bias};
    const soma_tensor *of;
    bool mixed;
    if (!layer->weight || layer->recurrent->op != SOMA_OP_PARAMETER)
        return soma_error(SOMA_UNSUPPORTED, "recurrent steps without weights of their inputs have no ONNX form here");
    if (sequences > SOMA_MAX_INPUTS) /* which a Concat here takes, too */
        return soma_error(SOMA_UNSUPPORTED,
                          "a recurrent layer has %zu sequences of a sample; at most %d are written, by a node for each",
                          sequences, SOMA_MAX_INPUTS);
    if (layer->mask) return soma_error(SOMA_UNSUPPORTED, "a mask of steps has no ONNX form: ONNX knows lengths alone");
    if (layer->recurrent_bias && !layer->bias)
        return soma_error(SOMA_UNSUPPORTED, "a recurrent bias without the other one has no ONNX form here");
    for (size_t i = 0; i < SOMA_COUNT_OF(parameters); i++) {
        if (!parameters[i]) continue;
        role_of(exporter, parameters[i], &of, &mixed);
        if (mixed)
            return soma_error(SOMA_UNSUPPORTED, "%s is a weight of a recurrent layer and of something else, too",
                              soma_onnx_name_of((soma_onnx_exporter *)exporter, parameters[i]));
    }
    return SOMA_OK;
}

static void put_transposed(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *order,
                           size_t rank) {
    size_t node = soma_onnx_begin_node(exporter, "Transpose", out, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integers(exporter, "perm", order, rank);
    soma_onnx_end_node(exporter, node);
}

/* One sequence of each sample's several, in the shape of one that is alone. */
static soma_onnx_name put_sequence(soma_onnx_exporter *exporter, const soma_tensor *several, int64_t sequence) {
    const soma_onnx_name list = soma_onnx_list(exporter, &sequence, 1), taken = soma_onnx_temporary(exporter),
                         one = soma_onnx_temporary(exporter);
    int64_t shape[SOMA_MAX_RANK] = {0}; /* the batch as it is */
    for (uint32_t i = 1; i < several->rank; i++) shape[i] = (int64_t)several->shape[i];
    const size_t node = soma_onnx_begin_node(exporter, "Gather", taken.text,
                                             (const char *[]){soma_onnx_name_of(exporter, several), list.text, NULL});
    soma_onnx_put_attribute_integer(exporter, "axis", 1);
    soma_onnx_end_node(exporter, node);
    soma_onnx_put_reshaped(exporter, one.text, taken.text, shape, several->rank);
    return one;
}

/* A first state, [batch, units], as [1, batch, units]; "" for none. */
static soma_onnx_name put_state(soma_onnx_exporter *exporter, const soma_tensor *state, bool several,
                                int64_t sequence) {
    soma_onnx_name name = {""}, one;
    if (!state) return name;
    const char *from = soma_onnx_name_of(exporter, state);
    if (several) {
        one = put_sequence(exporter, state, sequence);
        from = one.text;
    }
    name = soma_onnx_temporary(exporter);
    soma_onnx_put_reshaped(exporter, name.text, from, (const int64_t[]){1, -1, (int64_t)state->shape[state->rank - 1]},
                           3);
    return name;
}

/* The tensor of all cells, if something wants one of them. */
static const soma_tensor *cells_of(const soma_onnx_exporter *exporter, const soma_tensor *recurrent) {
    const soma_graph *graph = recurrent->graph;
    for (uint32_t i = 0; i < graph->count; i++)
        if (exporter->needed[i] && graph->tensor[i]->op == SOMA_OP_SECOND && graph->tensor[i]->input[0] == recurrent)
            return graph->tensor[i];
    return NULL;
}

static void put_attributes(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_recurrent_params *params = &tensor->attributes.recurrent.params;
    soma_onnx_put_attribute_integer(exporter, "hidden_size", (int64_t)tensor->shape[tensor->rank - 1]);
    if (params->reverse) soma_onnx_put_attribute_text(exporter, "direction", "reverse");
    if (params->kind == SOMA_RECURRENT_RNN && params->function == SOMA_RELU)
        soma_onnx_put_attribute_texts(exporter, "activations", (const char *[]){"Relu"}, 1);
    if (params->kind == SOMA_RECURRENT_GRU && !params->reset_before)
        soma_onnx_put_attribute_integer(exporter, "linear_before_reset", 1);
}

/* One sequence of each sample: all states `y`, [steps, 1, batch, units], and the last cell where that is wanted. */
static void put_node(soma_onnx_exporter *exporter, const soma_tensor *tensor, int64_t sequence, const char *y,
                     const char *cells) {
    static const char *const ops[] = {"RNN", "LSTM", "GRU"};
    const recurrence layer = recurrence_of(tensor);
    const bool several = tensor->rank == 3;
    const soma_onnx_name state = put_state(exporter, layer.state, several, sequence),
                         cell = put_state(exporter, layer.cell, several, sequence),
                         steps = soma_onnx_temporary(exporter);
    const char *from = soma_onnx_name_of(exporter, layer.x);
    soma_onnx_name one;
    if (several) {
        one = put_sequence(exporter, layer.x, sequence);
        from = one.text;
    }
    put_transposed(exporter, steps.text, from, (const int64_t[]){1, 0, 2}, 3);
    const char *input[] = {steps.text,
                           soma_onnx_name_of(exporter, layer.weight),
                           soma_onnx_name_of(exporter, layer.recurrent),
                           layer.bias ? soma_onnx_name_of(exporter, layer.bias) : "",
                           "",
                           state.text,
                           cell.text,
                           NULL};
    for (size_t last = SOMA_COUNT_OF(input) - 1; last-- > 0 && !*input[last];) input[last] = NULL;
    const size_t node = soma_onnx_begin_node(exporter, ops[tensor->attributes.recurrent.params.kind], y, input);
    if (cells) {
        soma_protobuf_put_text(&exporter->writer, NODE_OUTPUT, "");
        soma_protobuf_put_text(&exporter->writer, NODE_OUTPUT, cells);
    }
    put_attributes(exporter, tensor);
    soma_onnx_end_node(exporter, node);
}

static void put_joined(soma_onnx_exporter *exporter, const char *out, const soma_onnx_name *parts, size_t count) {
    const size_t node = soma_onnx_begin_node(exporter, "Concat", out, (const char *[]){parts[0].text, NULL});
    for (size_t i = 1; i < count; i++) soma_protobuf_put_text(&exporter->writer, NODE_INPUT, parts[i].text);
    soma_onnx_put_attribute_integer(exporter, "axis", 1);
    soma_onnx_end_node(exporter, node);
}

/* A node for each, whose states are joined to [batch, sequences, steps, units], and last cells to [batch, sequences,
 * units]. */
static void put_several(soma_onnx_exporter *exporter, const soma_tensor *tensor, const soma_tensor *cells,
                        soma_onnx_name *states, soma_onnx_name *ends) {
    const size_t count = tensor->shape[0];
    for (size_t i = 0; i < count; i++) {
        const soma_onnx_name y = soma_onnx_temporary(exporter), end = soma_onnx_temporary(exporter);
        put_node(exporter, tensor, (int64_t)i, y.text, cells ? end.text : NULL);
        states[i] = soma_onnx_temporary(exporter);
        put_transposed(exporter, states[i].text, y.text, (const int64_t[]){2, 1, 0, 3}, 4);
        if (!cells) continue;
        ends[i] = soma_onnx_temporary(exporter);
        put_transposed(exporter, ends[i].text, end.text, (const int64_t[]){1, 0, 2}, 3);
    }
    put_joined(exporter, soma_onnx_name_of(exporter, tensor), states, count);
    if (cells) put_joined(exporter, soma_onnx_name_of(exporter, cells), ends, count);
}

soma_status soma_onnx_export_recurrent(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const recurrence layer = recurrence_of(tensor);
    SOMA_TRY(check(exporter, &layer, tensor->rank == 3 ? tensor->shape[0] : 1));
    const soma_tensor *cells = cells_of(exporter, tensor);
    if (tensor->rank == 3) {
        const size_t count = tensor->shape[0];
        soma_onnx_name *names = soma_calloc(2 * count, sizeof *names);
        if (!names) return soma_out_of_memory(2 * count * sizeof *names, "the names of sequences");
        put_several(exporter, tensor, cells, names, names + count);
        soma_free(names);
        return SOMA_OK;
    }
    const soma_onnx_name y = soma_onnx_temporary(exporter), turned = soma_onnx_temporary(exporter);
    put_node(exporter, tensor, 0, y.text, cells ? soma_onnx_name_of(exporter, cells) : NULL);
    put_transposed(exporter, turned.text, y.text, (const int64_t[]){2, 0, 1, 3}, 4);
    soma_onnx_put_reshaped(exporter, soma_onnx_name_of(exporter, tensor), turned.text,
                           (const int64_t[]){0, 0, (int64_t)tensor->shape[1]}, 3);
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------------- the cells
 */

/* The node has given the last of them; a slice is made of that. */
soma_status soma_onnx_export_second(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_graph *graph = tensor->graph;
    const soma_tensor *recurrent = tensor->input[0];
    if (recurrent->op != SOMA_OP_RECURRENT)
        return soma_error(SOMA_UNSUPPORTED, "a second output of %s has no ONNX form here", soma_op_name(recurrent->op));
    const uint32_t axis = recurrent->rank - 1; /* the steps', the batch counted */
    const size_t last = recurrent->attributes.recurrent.params.reverse ? 0 : recurrent->shape[axis - 1] - 1;
    bool fits = true;
    for (size_t i = 0; i < soma_network_output_count(exporter->network); i++)
        fits &= soma_network_output(exporter->network, i) != tensor;
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *user = graph->tensor[i];
        for (uint32_t j = 0; exporter->needed[i] && j < user->input_count; j++) {
            if (user->input[j] != tensor) continue;
            fits &= user->op == SOMA_OP_SLICE && user->attributes.slice.axis == axis &&
                    user->attributes.slice.start == last && user->attributes.slice.length == 1;
        }
    }
    return fits
               ? SOMA_OK
               : soma_error(SOMA_UNSUPPORTED, "cells of other steps than the last have no ONNX form: ONNX's LSTM gives "
                                              "the last alone");
}

bool soma_onnx_put_last_cell(soma_onnx_exporter *exporter, const soma_tensor *slice) {
    const soma_tensor *cells = slice->input[0];
    if (cells->op != SOMA_OP_SECOND) return false;
    if (slice->rank == 3) {
        soma_onnx_put_reshaped(exporter, soma_onnx_name_of(exporter, slice), soma_onnx_name_of(exporter, cells),
                               (const int64_t[]){0, (int64_t)slice->shape[0], 1, (int64_t)slice->shape[2]}, 4);
        return true;
    }
    put_transposed(exporter, soma_onnx_name_of(exporter, slice), soma_onnx_name_of(exporter, cells),
                   (const int64_t[]){1, 0, 2}, 3);
    return true;
}
