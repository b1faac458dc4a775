/* SPDX-License-Identifier: MIT */
/* Standardised targets: the figures of a data set's, in the last layer of a network. */
#include "data/dataset.h"
#include "nn/layers/layer.h"
#include "train/step.h"

#include <math.h>

/* The layer's function is none, or there is no function at the end of a product, a convolution or a sum with a bias. */
static bool is_linear(const soma_tensor *output) {
    switch (output->op) {
    case SOMA_OP_GEMM:
        return output->attributes.gemm.function == SOMA_IDENTITY;
    case SOMA_OP_BINARY:
        return output->attributes.binary.op == SOMA_BINARY_ADD;
    default:
        return false;
    }
}

/* Of each unit, summed in float64. A constant target is as far from its mean as it is: by 0, with a deviation of 1. */
static soma_status find_figures(const soma_dataset *dataset, size_t width, float *row, double *mean,
                                double *deviation) {
    for (size_t i = 0; i < dataset->samples; i++) {
        SOMA_TRY(soma_dataset_read_target(dataset, 0, i, 1, row));
        for (size_t j = 0; j < width; j++) {
            if (!isfinite(row[j]))
                return soma_error(SOMA_NOT_FINITE, "target %zu of sample %zu is %g; targets must be finite numbers",
                                  j + 1, i, (double)row[j]);
            mean[j] += (double)row[j] / (double)dataset->samples;
        }
    }
    for (size_t i = 0; i < dataset->samples; i++) {
        SOMA_TRY(soma_dataset_read_target(dataset, 0, i, 1, row));
        for (size_t j = 0; j < width; j++) {
            double distance = (double)row[j] - mean[j];
            deviation[j] += distance * distance / (double)dataset->samples;
        }
    }
    for (size_t j = 0; j < width; j++) deviation[j] = sqrt(deviation[j]);
    return SOMA_OK;
}

static soma_status set_figures(soma_network *network, soma_tensor *parameter, size_t width, const double *values,
                               float *room) {
    for (size_t j = 0; j < width; j++) room[j] = (float)values[j];
    return soma_set_parameter(network, parameter, room, width);
}

/* A deviation that float32 takes for 0 would divide by it. */
static soma_status add_layer(soma_network *network, soma_tensor *output, size_t width, const double *mean,
                             double *deviation, float *room) {
    soma_rescaling figures;
    for (size_t j = 0; j < width; j++)
        if (!((float)deviation[j] >= 1e-30f)) deviation[j] = 1;
    soma_tensor *out = soma_layer_rescale(output);
    if (!out) return soma_network_status(network);
    if (!soma_output_is_rescaled(network, out, &figures))
        return soma_error(SOMA_INVALID_STATE, "the layer for scaled targets is none");
    SOMA_TRY(set_figures(network, figures.scale, width, deviation, room));
    return set_figures(network, figures.offset, width, mean, room);
}

soma_status soma_network_scale_targets(soma_network *network, const soma_dataset *dataset, bool *scaled) {
    bool ignored;
    if (!scaled) scaled = &ignored;
    *scaled = false;
    if (!network || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_scale_targets needs a network and a data set");
    if (network->compiled)
        return soma_error(SOMA_INVALID_STATE, "soma_network_scale_targets: the network is compiled already");
    const soma_storage *storage = dataset->storage;
    SOMA_TRY(soma_network_status(network));
    if (soma_network_output_count(network) != 1 || storage->target_count != 1 || storage->target[0].classes ||
        storage->target[0].rank != 1)
        return SOMA_OK;
    soma_tensor *output = soma_network_output(network, 0);
    size_t width = storage->target[0].width, units = output->rank == 1 ? output->shape[0] : 0;
    if (output->rank != 1 || !output->batched || !is_linear(output)) return SOMA_OK;
    if (units % width)
        return soma_error(SOMA_INVALID_SHAPE,
                          "the network has %zu units at its end, the data set %zu targets; as many are wanted, or "
                          "so many for each of several quantiles",
                          units, width);
    double *mean = soma_calloc(2 * units, sizeof *mean);
    float *room = soma_calloc(units, sizeof *room);
    soma_status status = mean && room ? SOMA_OK : soma_out_of_memory(units * sizeof *mean, "figures of the targets");
    if (status == SOMA_OK) status = find_figures(dataset, width, room, mean, mean + units);
    for (size_t j = width; status == SOMA_OK && j < units; j++) {
        mean[j] = mean[j - width];
        mean[units + j] = mean[units + j - width];
    }
    if (status == SOMA_OK) status = add_layer(network, output, units, mean, mean + units, room);
    *scaled = status == SOMA_OK;
    soma_free(mean);
    soma_free(room);
    return status;
}
