/* SPDX-License-Identifier: MIT */
/* LOSS_GRAD. */
#include "device/reference/sample.h"

#include "kernels/losses.h"

static double element_derivative(const soma_loss_params *params, double p, double t) {
    const double delta = (double)params->delta, focus = (double)params->gamma, smoothing = (double)params->smoothing;
    const double when_one = (double)params->when_one, when_zero = (double)params->when_zero;
    switch ((int)params->kind) {
#define X(name, loss, derivative)                                                                                      \
    case SOMA_LOSS_##name:                                                                                             \
        return derivative;
        SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

/* d/dp_j of -sum_j t_j ln max(p_j, floor) */
static double probability_derivative(const sample *s, size_t j) {
    double t = target_at(s, j), p = prediction_at(s, j);
    if (has_class_number(s) && t == 0.0) return 0.0;
    return p < SOMA_PROBABILITY_FLOOR ? 0.0 : -t / p;
}

/* d/dp_j of sum_j t_j (ln sum_l e^p_l - p_j): softmax(p)_j sum_l t_l - t_j */
static void logits_grad(const sample *s, double factor) {
    double largest = largest_prediction(s), exponentials = exponential_sum(s, largest), targets = 0.0;
    for (size_t j = 0; j < s->width; j++) targets += target_at(s, j);
    for (size_t j = 0; j < s->width; j++) {
        double softmax = exp(prediction_at(s, j) - largest) / exponentials;
        soma_element_set(&s->call->view[5], s->first + j, factor * (softmax * targets - target_at(s, j)));
    }
}

static double focal_derivative(const sample *s, size_t j) {
    double focus = (double)s->call->params.loss.gamma, t = smoothed_target(s, j), l = prediction_at(s, j);
    return t == 0.0 ? 0.0 : t * SOMA_FOCAL_SLOPE(l);
}

static void loss_grad_row(const sample *s, double factor) {
    const soma_loss_params *params = &s->call->params.loss;
    for (size_t j = 0; j < s->width; j++) {
        double t = target_at(s, j), value = NAN;
        if (class_is_outside(s))
            value = NAN;
        else if (factor == 0.0)
            value = 0.0;
        else if (params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY)
            value = factor * probability_derivative(s, j);
        else if (params->kind == SOMA_LOSS_CATEGORICAL_FOCAL)
            value = factor * focal_derivative(s, j);
        else
            value =
                factor * element_weight(s, t) / (double)s->width * element_derivative(params, prediction_at(s, j), t);
        soma_element_set(&s->call->view[5], s->first + j, value);
    }
}

soma_status soma_reference_loss_grad(const soma_call *call) {
    size_t count = call->view[0].shape[0];
    for (size_t i = 0; i < count; i++) {
        sample s = sample_of(call, i);
        double factor = soma_element_get(&call->view[4], i) * sample_weight(&s);
        if (soma_view_present(&call->view[6])) soma_element_set(&call->view[6], i, soma_reference_loss_of(&s));
        if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS && !class_is_outside(&s) &&
            factor != 0.0)
            logits_grad(&s, factor);
        else
            loss_grad_row(&s, factor);
    }
    return SOMA_OK;
}
