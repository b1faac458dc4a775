/* SPDX-License-Identifier: MIT */
/* LOSS. */
#include "device/reference/sample.h"

#include "kernels/losses.h"

static double element_loss(const soma_loss_params *params, double p, double t) {
    const double delta = (double)params->delta, focus = (double)params->gamma, smoothing = (double)params->smoothing;
    const double when_one = (double)params->when_one, when_zero = (double)params->when_zero;
    switch ((int)params->kind) {
#define X(name, loss, derivative)                                                                                      \
    case SOMA_LOSS_##name:                                                                                             \
        return loss;
        SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

/* A class number does not look at the other classes' predictions, so these may be NaN; in a row of probabilities each
 * counts. Logits count where the target is 0 by their softmax alone. */
static double categorical_loss(const sample *s) {
    bool logits = s->call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    double largest = logits ? largest_prediction(s) : 0.0;
    double logarithm = logits ? log(exponential_sum(s, largest)) : 0.0, sum = 0.0;
    for (size_t j = 0; j < s->width; j++) {
        double t = target_at(s, j), p = prediction_at(s, j);
        if (t == 0.0 && (logits || has_class_number(s))) continue;
        sum += logits ? t * (largest - p + logarithm) : -t * log(SOMA_FLOORED(p));
    }
    return sum;
}

static double focal_loss(const sample *s) {
    double focus = (double)s->call->params.loss.gamma, sum = 0.0;
    for (size_t j = 0; j < s->width; j++) {
        double t = smoothed_target(s, j), l = prediction_at(s, j);
        if (t != 0.0) sum += t * SOMA_FOCAL_LOSS(l);
    }
    return sum;
}

static double element_loss_mean(const sample *s) {
    const soma_loss_params *params = &s->call->params.loss;
    double sum = 0.0;
    for (size_t j = 0; j < s->width; j++) {
        double t = target_at(s, j);
        sum += element_weight(s, t) * element_loss(params, prediction_at(s, j), t);
    }
    return sum / (double)s->width;
}

double soma_reference_loss_of(const sample *s) {
    if (class_is_outside(s)) return NAN;
    double weight = sample_weight(s);
    if (weight == 0.0) return 0.0;
    if (s->call->params.loss.kind == SOMA_LOSS_CATEGORICAL_FOCAL) return weight * focal_loss(s);
    return weight * (is_categorical(s) ? categorical_loss(s) : element_loss_mean(s));
}

soma_status soma_reference_loss(const soma_call *call) {
    size_t count = call->view[0].shape[0];
    for (size_t i = 0; i < count; i++) {
        sample s = sample_of(call, i);
        soma_element_set(&call->view[4], i, soma_reference_loss_of(&s));
    }
    return SOMA_OK;
}
