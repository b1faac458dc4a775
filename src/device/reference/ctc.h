/* SPDX-License-Identifier: MIT */
/* A sample of CTC, as the reference for it and its gradient looks at it. */
#ifndef SOMA_DEVICE_REFERENCE_CTC_H
#define SOMA_DEVICE_REFERENCE_CTC_H

#include "device/reference/reference.h"

/* States are the blank before, between and behind the labels, and those: 2 labels + 1. */
typedef struct ctc_sample {
    const soma_call *call;
    size_t index, steps, classes, labels;
    bool bad; /* a label is none */
} ctc_sample;

static inline double ctc_label(const ctc_sample *s, size_t number) {
    return soma_element_get(&s->call->view[1], s->index * s->call->view[1].shape[1] + number);
}

static inline ctc_sample ctc_sample_of(const soma_call *call, size_t index) {
    ctc_sample s = {call, index, call->view[0].shape[1], call->view[0].shape[2], 0, false};
    while (s.labels < call->view[1].shape[1] && ctc_label(&s, s.labels) >= 0) {
        double label = ctc_label(&s, s.labels++);
        s.bad |= label >= (double)s.classes || label == (double)call->params.ctc.blank;
    }
    return s;
}

static inline bool ctc_is_there(const ctc_sample *s, size_t step) {
    const soma_view *mask = &s->call->view[2];
    return !soma_view_present(mask) || soma_element_get(mask, s->index * s->steps + step) != 0.0;
}

static inline size_t ctc_states(const ctc_sample *s) {
    return 2 * s->labels + 1;
}

static inline size_t ctc_class(const ctc_sample *s, size_t state) {
    return state % 2 ? (size_t)ctc_label(s, state / 2) : s->call->params.ctc.blank;
}

static inline double ctc_at(const ctc_sample *s, size_t step, size_t state) {
    return soma_element_get(&s->call->view[0], (s->index * s->steps + step) * s->classes + ctc_class(s, state));
}

/* From a label straight to the next, without a blank: only where it is another one. */
static inline bool ctc_may_skip_to(const ctc_sample *s, size_t state) {
    return state % 2 && state > 1 && ctc_class(s, state) != ctc_class(s, state - 2);
}

static inline double ctc_log_add(double a, double b) {
    double top = fmax(a, b);
    return top == -INFINITY ? top : top + log(exp(a - top) + exp(b - top));
}

/* ctc.c: the logarithm of the probability of the labels; alpha [steps, states]: of what is behind each step. */
double soma_reference_ctc_forward(const ctc_sample *s, double *alpha);

#endif
