/* SPDX-License-Identifier: MIT */
/* METRIC. */
#include "device/reference/sample.h"

static size_t first_largest(const sample *s, double (*at)(const sample *, size_t)) {
    size_t best = 0;
    for (size_t j = 1; j < s->width; j++)
        if (at(s, j) > at(s, best)) best = j;
    return best;
}

static double top_k(const sample *s, uint32_t k) {
    if (class_is_outside(s)) return 0.0;
    double of_target = prediction_at(s, first_largest(s, target_at));
    uint32_t greater = 0;
    for (size_t j = 0; j < s->width; j++) greater += prediction_at(s, j) > of_target;
    return greater < k ? 1.0 : 0.0;
}

static double categorical_accuracy(const sample *s) {
    if (class_is_outside(s)) return 0.0;
    return first_largest(s, prediction_at) == first_largest(s, target_at) ? 1.0 : 0.0;
}

static double element_metric_mean(const sample *s) {
    const soma_metric_params *params = &s->call->params.metric;
    double sum = 0.0;
    for (size_t j = 0; j < s->width; j++) {
        double p = prediction_at(s, j), t = target_at(s, j);
        if (params->kind == SOMA_METRIC_ABSOLUTE_ERROR)
            sum += fabs(p - t);
        else
            sum += (p > (double)params->threshold) == (t > 0.5) ? 1.0 : 0.0;
    }
    return sum / (double)s->width;
}

static double metric_of_row(const soma_call *call, size_t i) {
    sample s = sample_of(call, i);
    switch (call->params.metric.kind) {
    case SOMA_METRIC_CATEGORICAL_ACCURACY:
        return categorical_accuracy(&s);
    case SOMA_METRIC_TOP_K_ACCURACY:
        return top_k(&s, call->params.metric.k);
    default:
        return element_metric_mean(&s);
    }
}

static double metric_of_sample(const soma_call *call, size_t i) {
    const soma_view *weights = &call->view[3];
    double weight = soma_view_present(weights) ? soma_element_get(weights, i) : 1.0;
    return weight == 0.0 ? 0.0 : weight * metric_of_row(call, i);
}

soma_status soma_reference_metric(const soma_call *call) {
    const soma_view *prediction = &call->view[0], *accumulator = &call->view[2];
    const soma_metric_params *params = &call->params.metric;
    bool plain_sum = params->kind == SOMA_METRIC_SUM;
    size_t count = plain_sum ? soma_view_count(prediction) : prediction->shape[0];
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += plain_sum ? soma_element_get(prediction, i) : metric_of_sample(call, i);
    /* The second number of a slot is what rounding has added to the first. */
    size_t place = 2 * (size_t)params->slot;
    double total = soma_element_get(accumulator, place) - soma_element_get(accumulator, place + 1) + sum;
    soma_element_set(accumulator, place, total);
    double lost = soma_element_get(accumulator, place) - total;
    soma_element_set(accumulator, place + 1, isfinite(lost) ? lost : 0.0);
    return SOMA_OK;
}
