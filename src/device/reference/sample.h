/* SPDX-License-Identifier: MIT */
/* A sample of a batch, as the reference for losses, their gradients and metrics looks at it. */
#ifndef SOMA_DEVICE_REFERENCE_SAMPLE_H
#define SOMA_DEVICE_REFERENCE_SAMPLE_H

#include "device/reference/reference.h"

/* One sample: its prediction and target rows begin at `first`; a class number stands for a row. */
typedef struct sample {
    const soma_call *call;
    size_t index, first, width;
} sample;

static inline sample sample_of(const soma_call *call, size_t index) {
    size_t width = call->view[0].shape[1];
    return (sample){call, index, index * width, width};
}

static inline double prediction_at(const sample *s, size_t j) {
    return soma_element_get(&s->call->view[0], s->first + j);
}

static inline bool has_class_number(const sample *s) {
    return s->call->view[1].dtype == SOMA_I32;
}

static inline double class_number(const sample *s) {
    return soma_element_get(&s->call->view[1], s->index);
}

static inline double target_at(const sample *s, size_t j) {
    if (has_class_number(s)) return class_number(s) == (double)j ? 1.0 : 0.0;
    return soma_element_get(&s->call->view[1], s->first + j);
}

static inline bool class_is_outside(const sample *s) {
    return has_class_number(s) && !(class_number(s) >= 0.0 && class_number(s) < (double)s->width);
}

static inline bool is_categorical(const sample *s) {
    soma_loss_kind kind = s->call->params.loss.kind;
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS ||
           kind == SOMA_LOSS_CATEGORICAL_FOCAL;
}

/* weight[i], and for the categorical losses the class weight too. */
static inline double sample_weight(const sample *s) {
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
static inline double element_weight(const sample *s, double t) {
    const soma_view *class_weight = &s->call->view[3];
    if (!soma_view_present(class_weight)) return 1.0;
    return t * soma_element_get(class_weight, 1) + (1.0 - t) * soma_element_get(class_weight, 0);
}

static inline double largest_prediction(const sample *s) {
    double largest = -INFINITY;
    for (size_t j = 0; j < s->width; j++) {
        double p = prediction_at(s, j);
        if (isnan(p)) return p;
        if (p > largest) largest = p;
    }
    return largest;
}

/* sum_j e^(p_j - largest) */
static inline double exponential_sum(const sample *s, double largest) {
    double sum = 0.0;
    for (size_t j = 0; j < s->width; j++) sum += exp(prediction_at(s, j) - largest);
    return sum;
}

/* CATEGORICAL_FOCAL: what smoothing makes of a target. */
static inline double smoothed_target(const sample *s, size_t j) {
    double t = target_at(s, j);
    return t + (double)s->call->params.loss.smoothing * (1.0 / (double)s->width - t);
}

/* loss.c: the loss of a sample, times its weights. */
double soma_reference_loss_of(const sample *s);

#endif
