/* SPDX-License-Identifier: MIT */
/* CTC and its gradient: a sample, and the way through its states from the first step to the last, in logarithms. */
#ifndef SOMA_DEVICE_CPU_CTC_H
#define SOMA_DEVICE_CPU_CTC_H

#include "device/cpu/kernels.h"

/* The logarithm of no probability at all: finite, so that differences are numbers. */
#define CTC_NONE -1e30f

typedef struct ctc_sample {
    const float *prediction, *mask; /* mask NULL: all steps are there */
    const int32_t *target;
    size_t steps, classes, labels;
    int32_t blank;
    bool bad; /* a label is none */
} ctc_sample;

static inline ctc_sample ctc_sample_of(const soma_call *call, size_t i) {
    const soma_view *prediction = &call->view[0], *target = &call->view[1];
    ctc_sample s = {
        .steps = prediction->shape[1], .classes = prediction->shape[2], .blank = (int32_t)call->params.ctc.blank};
    s.prediction = soma_cpu_floats(prediction) + i * s.steps * s.classes;
    s.mask = soma_cpu_optional(&call->view[2]);
    if (s.mask) s.mask += i * s.steps;
    s.target = (const int32_t *)soma_cpu_data(target) + i * target->shape[1];
    for (; s.labels < target->shape[1] && s.target[s.labels] >= 0; s.labels++)
        s.bad |= (size_t)s.target[s.labels] >= s.classes || s.target[s.labels] == s.blank;
    return s;
}

static inline bool ctc_is_there(const ctc_sample *s, size_t step) {
    return !s->mask || s->mask[step] != 0.0f;
}

static inline size_t ctc_class(const ctc_sample *s, size_t state) {
    return (size_t)(state % 2 ? s->target[state / 2] : s->blank);
}

static inline bool ctc_may_skip_to(const ctc_sample *s, size_t state) {
    return state % 2 && state > 1 && s->target[state / 2] != s->target[state / 2 - 1];
}

/* Far down nothing is left, and the exponential need not know how far. */
static inline float ctc_power(float x) {
    return x < -87.0f ? 0.0f : EXP(x);
}

static inline float ctc_log_add(float a, float b, float c) {
    float top = a > b ? a : b;
    top = c > top ? c : top;
    return top + LOG(ctc_power(a - top) + ctc_power(b - top) + ctc_power(c - top));
}

static inline float ctc_at_least_none(float x) {
    return x < CTC_NONE ? CTC_NONE : x;
}

/* One step on: row[k] are its logarithms of probabilities. before NULL: it is the first. */
static inline void ctc_step(const ctc_sample *s, const float *row, const float *before, float *now) {
    const size_t states = 2 * s->labels + 1;
    for (size_t i = 0; i < states; i++) {
        float sum = i < 2 ? 0.0f : CTC_NONE;
        if (before)
            sum = ctc_log_add(before[i], i > 0 ? before[i - 1] : CTC_NONE,
                              ctc_may_skip_to(s, i) ? before[i - 2] : CTC_NONE);
        now[i] = ctc_at_least_none(sum + row[ctc_class(s, i)]);
    }
}

/* Of the states behind the last step, NULL: there was none. Not more than half of CTC_NONE: the labels have no room. */
static inline float ctc_total(const ctc_sample *s, const float *last) {
    if (!last) return s->labels ? CTC_NONE : 0.0f;
    return s->labels ? ctc_log_add(last[2 * s->labels], last[2 * s->labels - 1], CTC_NONE) : last[0];
}

static inline double ctc_nanoseconds(const soma_call *call) {
    return 40.0 * (double)(call->view[0].shape[0] * call->view[0].shape[1] * (2 * call->view[1].shape[1] + 1));
}

#endif
