/* SPDX-License-Identifier: MIT */
/* Weights of RNN, LSTM and GRU: ONNX has a gate's as rows, soma as columns, which is how they are put when the file is
 * read. Where the file makes them of others by ops, the network puts them so. */
#include "io/onnx/recurrent.h"

#include <string.h>

/* Its numbers, to be freed; NULL where they are not known yet. */
static soma_status read(const soma_onnx_recurrence *layer, const soma_onnx_value *value, float **numbers) {
    const soma_onnx_elements *elements = &value->elements;
    *numbers = NULL;
    if (value->integer || elements->open || value->shape.batched)
        return soma_error(SOMA_UNSUPPORTED, "%s must be numbers of the file; it depends on the model's input",
                          value->name);
    if (!value->constant) return SOMA_OK;
    if (elements->made)
        SOMA_TRY(soma_onnx_take_made(layer->node->importer, elements->count, sizeof(float), value->name));
    else
        SOMA_TRY(soma_onnx_take(layer->node->importer, elements->count * sizeof(float), value->name));
    *numbers = soma_calloc(SOMA_MAX(elements->count, (size_t)1), sizeof **numbers);
    if (!*numbers) return soma_out_of_memory(elements->count * sizeof **numbers, value->name);
    soma_status status = soma_onnx_read_floats(layer->node->importer->file, elements, *numbers);
    if (status != SOMA_OK) soma_free(*numbers), *numbers = NULL;
    return status;
}

static float *make(const soma_onnx_recurrence *layer, size_t rows, soma_status *status) {
    float *numbers = soma_calloc(rows, layer->gates * layer->units * sizeof *numbers);
    if (!numbers) *status = soma_out_of_memory(rows * layer->gates * layer->units * sizeof *numbers, "weights");
    return numbers;
}

enum { LINE = 16 };

/* A direction's weights, [gates units, rows] in the file, as [rows, gates units]. */
static soma_status add_weight(const soma_onnx_recurrence *layer, uint32_t input, const float *all, size_t direction,
                              size_t rows, soma_tensor **tensor) {
    const size_t units = layer->units, columns = layer->gates * units;
    const float *from = all + direction * columns * rows;
    soma_status status = SOMA_OK;
    float *to = make(layer, rows, &status);
    for (size_t gate = 0; to && gate < layer->gates; gate++) {
        const float *own = from + soma_onnx_gate(layer->params[0].kind, gate) * units * rows;
        for (size_t first = 0; first < units; first += LINE) { /* so that a line of a cache is written at once */
            const size_t end = SOMA_MIN(first + LINE, units);
            for (size_t row = 0; row < rows; row++)
                for (size_t unit = first; unit < end; unit++)
                    to[row * columns + gate * units + unit] = own[unit * rows + row];
        }
    }
    if (!to) return status;
    return soma_onnx_add_parameter(layer->node, layer->node->input[input]->name, direction ? ".reverse" : "", 2,
                                   (size_t[]){rows, columns}, to, tensor);
}

/* "gru_1.recurrent_bias" beside "gru_1.bias", as soma's own layers have them; else "B.recurrent". */
static soma_status name_of_bias(const char *bias, bool second, soma_text *name) {
    const size_t length = strlen(bias), own = strlen("bias");
    const bool ends = length >= own && strcmp(bias + length - own, "bias") == 0;
    soma_text_append(name, "%.*s%s", (int)(length - (second && ends ? own : 0)), bias,
                     !second ? ""
                     : ends  ? "recurrent_bias"
                             : ".recurrent");
    return name->failed ? soma_out_of_memory(length, "a weight's name") : SOMA_OK;
}

/* The biases of both products, which are added: but in a GRU whose reset gate comes after the product. */
static soma_status add_bias(const soma_onnx_recurrence *layer, const float *all, size_t direction, bool second,
                            bool sum, soma_tensor **tensor) {
    const size_t units = layer->units, columns = layer->gates * units;
    const float *from = all + direction * 2 * columns, *other = from + columns;
    soma_status status = SOMA_OK;
    float *to = make(layer, 1, &status);
    for (size_t gate = 0; to && gate < layer->gates; gate++)
        for (size_t unit = 0; unit < units; unit++) {
            const size_t at = soma_onnx_gate(layer->params[0].kind, gate) * units + unit;
            to[gate * units + unit] = sum ? from[at] + other[at] : (second ? other : from)[at];
        }
    if (!to) return status;
    soma_text name = {.data = NULL};
    status = name_of_bias(layer->node->input[B]->name, second, &name);
    if (status == SOMA_OK)
        status = soma_onnx_add_parameter(layer->node, name.data, direction ? ".reverse" : "", 1, &columns, to, tensor);
    else
        soma_free(to);
    soma_free(name.data);
    return status;
}

/* ------------------------------------------------------------------------------------- weights that the network makes
 */

/* The gates of a direction in soma's order, [gates units, rows]; `start` is where they begin in its part of `all`,
 * which is [directions, every, rows]. */
static soma_status arrange(const soma_onnx_recurrence *layer, soma_tensor *all, size_t every, size_t start, size_t rows,
                           soma_tensor **arranged) {
    const soma_tensor flat = {.rank = 2, .shape = {layer->directions * every, rows}};
    soma_tensor *gates[LSTM_GATES];
    SOMA_TRY(soma_graph_reshape(all->graph, all, &flat, &all));
    for (size_t i = 0; i < layer->gates; i++) {
        const size_t gate = soma_onnx_gate(layer->params[0].kind, i);
        SOMA_TRY(soma_onnx_slice_axis(all, 0, start + gate * layer->units, layer->units, &gates[i]));
    }
    if (layer->gates == 1) return *arranged = gates[0], SOMA_OK;
    return soma_graph_join(gates, layer->gates, 0, arranged);
}

static soma_status arrange_weight(const soma_onnx_recurrence *layer, uint32_t input, size_t direction, size_t rows,
                                  soma_tensor **tensor) {
    const size_t columns = layer->gates * layer->units;
    soma_tensor *all;
    SOMA_TRY(soma_onnx_tensor(layer->node, layer->node->input[input], &all));
    SOMA_TRY(arrange(layer, all, columns, direction * columns, rows, tensor));
    return soma_graph_transpose(all->graph, *tensor, (const uint32_t[SOMA_MAX_RANK]){1, 0, 2, 3, 4}, tensor);
}

static soma_status arrange_bias(const soma_onnx_recurrence *layer, size_t direction, bool second, bool sum,
                                soma_tensor **tensor) {
    const size_t columns = layer->gates * layer->units, start = 2 * direction * columns;
    const soma_tensor row = {.rank = 1, .shape = {columns}};
    soma_tensor *all, *part, *other;
    SOMA_TRY(soma_onnx_tensor(layer->node, layer->node->input[B], &all));
    SOMA_TRY(arrange(layer, all, 2 * columns, start + (second ? columns : 0), 1, &part));
    if (sum) {
        SOMA_TRY(arrange(layer, all, 2 * columns, start + columns, 1, &other));
        SOMA_TRY(soma_graph_binary(all->graph, part, other, SOMA_BINARY_ADD, &part));
    }
    return soma_graph_reshape(all->graph, part, &row, tensor);
}

/* -------------------------------------------------------------------------------------------------------- of either
 * kind
 */

static soma_status get_weight(const soma_onnx_recurrence *layer, uint32_t input, const float *numbers, size_t direction,
                              size_t rows, soma_tensor **tensor) {
    return numbers ? add_weight(layer, input, numbers, direction, rows, tensor)
                   : arrange_weight(layer, input, direction, rows, tensor);
}

static soma_status get_bias(const soma_onnx_recurrence *layer, const float *numbers, size_t direction, bool second,
                            bool sum, soma_tensor **tensor) {
    return numbers ? add_bias(layer, numbers, direction, second, sum, tensor)
                   : arrange_bias(layer, direction, second, sum, tensor);
}

static soma_status add_weights(const soma_onnx_recurrence *layer, float *const *numbers, size_t direction,
                               soma_onnx_recurrent_weights *made) {
    const bool apart = soma_recurrent_differs(&layer->params[direction]);
    SOMA_TRY(get_weight(layer, W, numbers[W], direction, layer->features, &made->input));
    SOMA_TRY(get_weight(layer, R, numbers[R], direction, layer->units, &made->recurrent));
    made->bias = made->recurrent_bias = NULL;
    if (!soma_onnx_is_given(layer->node, B)) return SOMA_OK;
    SOMA_TRY(get_bias(layer, numbers[B], direction, false, !apart, &made->bias));
    return apart ? get_bias(layer, numbers[B], direction, true, false, &made->recurrent_bias) : SOMA_OK;
}

soma_status soma_onnx_add_recurrent_weights(const soma_onnx_recurrence *layer, soma_onnx_recurrent_weights *made) {
    float *numbers[B + 1] = {NULL};
    soma_status status = SOMA_OK;
    for (uint32_t i = W; i <= B && status == SOMA_OK; i++)
        if (soma_onnx_is_given(layer->node, i)) status = read(layer, layer->node->input[i], &numbers[i]);
    for (size_t i = 0; i < layer->directions && status == SOMA_OK; i++)
        status = add_weights(layer, numbers, i, &made[i]);
    for (uint32_t i = W; i <= B; i++) soma_free(numbers[i]);
    return status;
}
