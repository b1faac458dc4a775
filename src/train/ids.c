/* SPDX-License-Identifier: MIT */
/* See ids.h. */
#include "train/ids.h"

/* Whether the index's numbers are the input's, in whatever shape. */
static bool is_of_input(const soma_tensor *index, const soma_tensor *input) {
    return index->op == SOMA_OP_INDEX && soma_tensor_root(index->input[0]) == input;
}

const soma_tensor *soma_table_of_input(const soma_network *network, size_t input) {
    const soma_tensor *table = NULL;
    for (uint32_t i = 0; i < network->graph.count; i++) {
        const soma_tensor *tensor = network->graph.tensor[i];
        if (tensor->op != SOMA_OP_GATHER && tensor->op != SOMA_OP_SCATTER) continue;
        const soma_tensor *index = tensor->input[tensor->op == SOMA_OP_GATHER ? 1 : 2];
        if (!is_of_input(soma_tensor_root(index), network->inputs[input])) continue;
        if (!table || tensor->input[0]->shape[0] < table->shape[0]) table = tensor->input[0];
    }
    return table;
}

static soma_status refuse(const soma_network *network, size_t input, const soma_tensor *table, size_t sample,
                          size_t place, double value) {
    char label[2][SOMA_SHAPE_TEXT];
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "input \"%s\", sample %zu, number %zu: %.9g is no row of %s, which has %zu: whole numbers from 0 "
                      "to %zu are possible",
                      soma_tensor_label(network->inputs[input], label[0]), sample, place, value,
                      soma_tensor_label(table, label[1]), table->shape[0], table->shape[0] - 1);
}

bool soma_is_row_number(float value, size_t rows) {
    return value >= 0 && value < (float)rows && (float)(uint32_t)value == value;
}

static soma_status check_bytes(const soma_network *network, size_t input, const soma_tensor *table,
                               const soma_dataset *dataset) {
    const soma_column *column = &dataset->storage->input[input];
    const uint8_t *bytes = column->data;
    if (table->shape[0] > UINT8_MAX) return SOMA_OK;
    for (size_t i = 0; i < dataset->samples; i++) {
        const uint8_t *row = bytes + soma_dataset_row(dataset, i) * column->width;
        for (size_t j = 0; j < column->width; j++)
            if (row[j] >= table->shape[0]) return refuse(network, input, table, i, j, row[j]);
    }
    return SOMA_OK;
}

static soma_status check_row(const soma_network *network, size_t input, const soma_tensor *table, size_t sample,
                             size_t width, const float *row) {
    for (size_t j = 0; j < width; j++)
        if (!soma_is_row_number(row[j], table->shape[0]))
            return refuse(network, input, table, sample, j, (double)row[j]);
    return SOMA_OK;
}

soma_status soma_check_column_ids(const soma_network *network, size_t input, const soma_dataset *dataset) {
    const soma_tensor *table = soma_table_of_input(network, input);
    const soma_column *column = &dataset->storage->input[input];
    if (!table) return SOMA_OK;
    if (column->dtype == SOMA_U8) return check_bytes(network, input, table, dataset);
    for (size_t i = 0; i < dataset->samples; i++)
        SOMA_TRY(check_row(network, input, table, i, column->width,
                           (const float *)column->data + soma_dataset_row(dataset, i) * column->width));
    return SOMA_OK;
}

soma_status soma_check_batch_ids(const soma_network *network, size_t input, size_t batch, const float *values) {
    const soma_tensor *table = soma_table_of_input(network, input);
    const size_t width = soma_tensor_count(network->inputs[input]);
    for (size_t i = 0; table && i < batch; i++)
        SOMA_TRY(check_row(network, input, table, i, width, values + i * width));
    return SOMA_OK;
}
