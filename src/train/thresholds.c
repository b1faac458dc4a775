/* SPDX-License-Identifier: MIT */
/* Above which probability a label holds: kept in the network, and told to its metrics. */
#include "train/step.h"

#include <float.h>
#include <math.h>
#include <string.h>

static soma_status check(const soma_network *network, const float *thresholds, size_t count) {
    const soma_tensor *output = soma_network_output(network, 0);
    size_t units = output ? soma_tensor_count(output) : 0;
    if (count != units)
        return soma_error(SOMA_INVALID_SHAPE, "%zu thresholds for the %zu unit%s of output %s; one for each is needed",
                          count, units, units == 1 ? "" : "s", output ? soma_tensor_name(output) : "");
    for (size_t i = 0; i < count; i++)
        if (!(thresholds[i] >= 0 && thresholds[i] <= 1))
            return soma_error(SOMA_INVALID_ARGUMENT, "threshold %zu is %g; accepted: a probability, from 0 to 1", i,
                              (double)thresholds[i]);
    return SOMA_OK;
}

float soma_threshold_of_unit(const soma_network *network, size_t unit, bool logits) {
    float threshold = network->thresholds ? network->thresholds[unit] : 0.5f;
    if (!logits) return threshold;
    if (threshold <= 0) return -FLT_MAX;
    return threshold >= 1 ? FLT_MAX : (float)log((double)threshold / (1 - (double)threshold));
}

float soma_threshold_of_metric(const soma_network *network, bool logits) {
    size_t units = soma_tensor_count(soma_network_output(network, 0));
    for (size_t i = 1; network->thresholds && i < units; i++)
        if (network->thresholds[i] != network->thresholds[0]) return logits ? 0 : 0.5f;
    return soma_threshold_of_unit(network, 0, logits);
}

/* Step graphs hold the threshold of their metrics, so those that have any are made anew. */
static void tell_metrics(soma_network *network) {
    soma_compiled *compiled = network->compiled;
    if (!compiled) return;
    bool logits = soma_loss_kind_takes_binary_logits(compiled->loss[0]);
    float threshold = soma_threshold_of_metric(network, logits);
    bool changes = false;
    for (uint32_t i = 0; i < compiled->metric_count; i++) {
        changes |= compiled->metric[i].threshold != threshold;
        compiled->metric[i].threshold = threshold;
    }
    if (changes) soma_steps_drop_metrics(compiled);
}

soma_status soma_network_set_thresholds(soma_network *network, const float *thresholds, size_t count) {
    float *copy = NULL;
    if (!network || (!thresholds && count))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_set_thresholds: %s is NULL",
                          network ? "thresholds" : "network");
    if (network->compiled) SOMA_TRY(soma_require_no_fit(network, "soma_network_set_thresholds"));
    if (thresholds) {
        SOMA_TRY(check(network, thresholds, count));
        copy = soma_calloc(count, sizeof *copy);
        if (!copy) return soma_out_of_memory(count * sizeof *copy, "thresholds");
        memcpy(copy, thresholds, count * sizeof *copy);
    }
    soma_free(network->thresholds);
    network->thresholds = copy;
    network->threshold_count = thresholds ? count : 0;
    tell_metrics(network);
    return SOMA_OK;
}

const float *soma_network_thresholds(const soma_network *network) {
    return network ? network->thresholds : NULL;
}
