/* SPDX-License-Identifier: MIT */
/* The reference for losses, metrics and the optimizer step. */
#include "device/reference.h"

#include "kernels/losses.h"
#include "kernels/optimizers.h"

/* ------------------------------------------------------------------------------------------------------ losses */

/* One sample: its prediction and target rows begin at `first`; a class number stands for a row. */
typedef struct sample {
    const soma_call *call;
    size_t index, first, width;
} sample;

static sample sample_of(const soma_call *call, size_t index) {
    size_t width = call->view[0].shape[1];
    return (sample){call, index, index * width, width};
}

static double prediction_at(const sample *s, size_t j) {
    return soma_element_get(&s->call->view[0], s->first + j);
}

static bool has_class_number(const sample *s) {
    return s->call->view[1].dtype == SOMA_I32;
}

static double class_number(const sample *s) {
    return soma_element_get(&s->call->view[1], s->index);
}

static double target_at(const sample *s, size_t j) {
    if (has_class_number(s)) return class_number(s) == (double)j ? 1.0 : 0.0;
    return soma_element_get(&s->call->view[1], s->first + j);
}

static bool class_is_outside(const sample *s) {
    return has_class_number(s) && !(class_number(s) >= 0.0 && class_number(s) < (double)s->width);
}

static bool is_categorical(const sample *s) {
    soma_loss_kind kind = s->call->params.loss.kind;
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
}

/* weight[i], and for the categorical losses the class weight too. */
static double sample_weight(const sample *s) {
    const soma_view *weight = &s->call->view[2], *class_weight = &s->call->view[3];
    double product = soma_view_present(weight) ? soma_element_get(weight, s->index) : 1.0;
    if (!is_categorical(s) || !soma_view_present(class_weight)) return product;
    if (has_class_number(s))
        return class_is_outside(s) ? NAN : product * soma_element_get(class_weight, (size_t)class_number(s));
    double sum = 0.0;
    for (size_t j = 0; j < s->width; j++) sum += target_at(s, j) * soma_element_get(class_weight, j);
    return product * sum;
}

/* The class weight of one element, for the binary losses. */
static double element_weight(const sample *s, double t) {
    const soma_view *class_weight = &s->call->view[3];
    if (!soma_view_present(class_weight)) return 1.0;
    return t * soma_element_get(class_weight, 1) + (1.0 - t) * soma_element_get(class_weight, 0);
}

static double element_loss(soma_loss_kind kind, double p, double t, double delta) {
    switch ((int)kind) {
#define X(name, loss, derivative)                                                                                      \
    case SOMA_LOSS_##name:                                                                                             \
        return loss;
        SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

static double element_derivative(soma_loss_kind kind, double p, double t, double delta) {
    switch ((int)kind) {
#define X(name, loss, derivative)                                                                                      \
    case SOMA_LOSS_##name:                                                                                             \
        return derivative;
        SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

static double largest_prediction(const sample *s) {
    double largest = -INFINITY;
    for (size_t j = 0; j < s->width; j++) {
        double p = prediction_at(s, j);
        if (isnan(p)) return p;
        if (p > largest) largest = p;
    }
    return largest;
}

/* sum_j e^(p_j - largest) */
static double exponential_sum(const sample *s, double largest) {
    double sum = 0.0;
    for (size_t j = 0; j < s->width; j++) sum += exp(prediction_at(s, j) - largest);
    return sum;
}

/* A class number does not look at the other classes' predictions, so these may be NaN; in a row each counts. */
static double categorical_loss(const sample *s) {
    bool logits = s->call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    double largest = logits ? largest_prediction(s) : 0.0;
    double logarithm = logits ? log(exponential_sum(s, largest)) : 0.0, sum = 0.0;
    for (size_t j = 0; j < s->width; j++) {
        double t = target_at(s, j), p = prediction_at(s, j);
        if (has_class_number(s) && t == 0.0) continue;
        sum += logits ? t * (largest - p + logarithm) : -t * log(SOMA_FLOORED(p));
    }
    return sum;
}

static double element_loss_mean(const sample *s) {
    const soma_loss_params *params = &s->call->params.loss;
    double sum = 0.0;
    for (size_t j = 0; j < s->width; j++) {
        double t = target_at(s, j);
        sum += element_weight(s, t) * element_loss(params->kind, prediction_at(s, j), t, (double)params->delta);
    }
    return sum / (double)s->width;
}

soma_status soma_reference_loss(const soma_call *call) {
    size_t count = call->view[0].shape[0];
    for (size_t i = 0; i < count; i++) {
        sample s = sample_of(call, i);
        double loss = class_is_outside(&s) ? NAN : is_categorical(&s) ? categorical_loss(&s) : element_loss_mean(&s);
        soma_element_set(&call->view[4], i, sample_weight(&s) * loss);
    }
    return SOMA_OK;
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

static void loss_grad_row(const sample *s, double factor) {
    const soma_loss_params *params = &s->call->params.loss;
    for (size_t j = 0; j < s->width; j++) {
        double t = target_at(s, j), value = NAN;
        if (class_is_outside(s))
            value = NAN;
        else if (params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY)
            value = factor * probability_derivative(s, j);
        else
            value = factor * element_weight(s, t) / (double)s->width *
                    element_derivative(params->kind, prediction_at(s, j), t, (double)params->delta);
        soma_element_set(&s->call->view[5], s->first + j, value);
    }
}

soma_status soma_reference_loss_grad(const soma_call *call) {
    size_t count = call->view[0].shape[0];
    for (size_t i = 0; i < count; i++) {
        sample s = sample_of(call, i);
        double factor = soma_element_get(&call->view[4], i) * sample_weight(&s);
        if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS && !class_is_outside(&s))
            logits_grad(&s, factor);
        else
            loss_grad_row(&s, factor);
    }
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- metrics */

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

static double metric_of_sample(const soma_call *call, size_t i) {
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
    soma_element_set(accumulator, place + 1, soma_element_get(accumulator, place) - total);
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------- optimizer */

/* The gradient of one parameter after clipping and decay, see soma_optimizer_params. */
static double ready_gradient(const soma_call *call, size_t i, double w) {
    const soma_optimizer_params *params = &call->params.optimizer;
    double g = soma_element_get(&call->view[1], i);
    if (params->clip_norm > 0.0f) {
        double scale = (double)params->clip_norm / sqrt(soma_element_get(&call->view[4], 0));
        if (scale < 1.0) g *= scale;
    }
    double most = (double)params->clip_value;
    if (most > 0.0) g = g > most ? most : g < -most ? -most : g;
    if (i < params->decay_count) {
        double sign = w > 0.0 ? 1.0 : w < 0.0 ? -1.0 : w * 0.0;
        g += (double)params->l2 * w + (double)params->l1 * sign;
    }
    return g;
}

#define P(field) ((double)params->field)
#define DECAY    decay

soma_status soma_reference_optimizer(const soma_call *call) {
    const soma_optimizer_params *params = &call->params.optimizer;
    const soma_view *parameter = &call->view[0], *state1 = &call->view[2], *state2 = &call->view[3];
    for (size_t i = 0; i < parameter->shape[0]; i++) {
        double w = soma_element_get(parameter, i), g = ready_gradient(call, i, w);
        double m = soma_view_present(state1) ? soma_element_get(state1, i) : 0.0;
        double v = soma_view_present(state2) ? soma_element_get(state2, i) : 0.0;
        double decay = i < params->decay_count ? (double)params->decay : 0.0;
        switch (params->kind) {
#define X(name, states, ...)                                                                                           \
    case SOMA_##name:                                                                                                  \
        __VA_ARGS__;                                                                                                   \
        break;
            SOMA_OPTIMIZER_TABLE(X)
#undef X
        case SOMA_OPTIMIZER_COUNT:
            break;
        }
        soma_element_set(parameter, i, w);
        if (soma_view_present(state1)) soma_element_set(state1, i, m);
        if (soma_view_present(state2)) soma_element_set(state2, i, v);
    }
    return SOMA_OK;
}
