/* SPDX-License-Identifier: MIT */
/* Weights of RNN, LSTM and GRU: ONNX has a gate's as rows, soma as columns, which is how they are put when the file is
 * read. */
#include "io/onnx/recurrent.h"

#include <string.h>

/* Which of ONNX's gates each of soma's is. */
static const uint32_t gate_order[SOMA_RECURRENT_KIND_COUNT][LSTM_GATES] = {
    [SOMA_RECURRENT_RNN] = {0},
    [SOMA_RECURRENT_LSTM] = {[LSTM_INPUT] = 0, [LSTM_OUTPUT] = 1, [LSTM_FORGET] = 2, [LSTM_CANDIDATE] = 3},
    [SOMA_RECURRENT_GRU] = {[GRU_UPDATE] = 0, [GRU_RESET] = 1, [GRU_CANDIDATE] = 2}};

uint32_t soma_onnx_gate(soma_recurrent_kind kind, size_t gate) {
    return gate_order[kind][gate];
}

/* Its numbers, to be freed. */
static soma_status read(const soma_onnx_recurrence *layer, const soma_onnx_value *value, float **numbers) {
    const soma_onnx_elements *elements = &value->elements;
    *numbers = NULL;
    if (!value->constant || value->integer || elements->open)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file; it is known only when the model runs",
                          value->name);
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

/* A direction's weights, [gates units, rows] in the file, as [rows, gates units]. */
static soma_status add_weight(const soma_onnx_recurrence *layer, uint32_t input, const float *all, size_t direction,
                              size_t rows, soma_tensor **tensor) {
    const size_t units = layer->units, columns = layer->gates * units;
    const float *from = all + direction * columns * rows;
    soma_status status = SOMA_OK;
    float *to = make(layer, rows, &status);
    for (size_t gate = 0; to && gate < layer->gates; gate++)
        for (size_t unit = 0; unit < units; unit++)
            for (size_t row = 0; row < rows; row++)
                to[row * columns + gate * units + unit] =
                    from[(soma_onnx_gate(layer->params[0].kind, gate) * units + unit) * rows + row];
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

static soma_status add_weights(const soma_onnx_recurrence *layer, float *const *numbers, size_t direction,
                               soma_onnx_recurrent_weights *made) {
    const bool apart = soma_recurrent_differs(&layer->params[direction]);
    SOMA_TRY(add_weight(layer, W, numbers[W], direction, layer->features, &made->input));
    SOMA_TRY(add_weight(layer, R, numbers[R], direction, layer->units, &made->recurrent));
    made->bias = made->recurrent_bias = NULL;
    if (!numbers[B]) return SOMA_OK;
    SOMA_TRY(add_bias(layer, numbers[B], direction, false, !apart, &made->bias));
    return apart ? add_bias(layer, numbers[B], direction, true, false, &made->recurrent_bias) : SOMA_OK;
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
