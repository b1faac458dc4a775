/* SPDX-License-Identifier: MIT */
/*
 * What CTC must give, from probabilities themselves: cases are small enough for them, so that no logarithm is in the
 * way but the last. Devices add logarithms: each step adds the roundings of two numbers no larger than A, the sum of
 * the largest logarithms of all steps, of an exponential (3 ulp), a sum and a logarithm of at most 3 (3 ulp); sums of
 * exponentials do not make errors larger.
 */
#ifndef SOMA_DEVICE_CONFORMANCE_CTC_H
#define SOMA_DEVICE_CONFORMANCE_CTC_H

#include "device/conformance/shapes.h"

#define CTC_PREDICTION  0
#define CTC_TARGET      1
#define CTC_MASK        2
#define CTC_MOST_STEPS  64
#define CTC_MOST_STATES 84

typedef struct ctc_path {
    const soma_call *call;
    size_t sample, steps, classes, labels, states;
    bool bad;
    size_t at[CTC_MOST_STEPS]; /* the steps that there are */
    size_t there;
    double alpha[CTC_MOST_STEPS][CTC_MOST_STATES], beta[CTC_MOST_STEPS][CTC_MOST_STATES];
    double total, error; /* of the labels; of a logarithm of it */
} ctc_path;

static inline size_t ctc_class_of(const ctc_path *p, size_t state) {
    const soma_view *target = &p->call->view[CTC_TARGET];
    if (state % 2 == 0) return p->call->params.ctc.blank;
    return (size_t)soma_element_get(target, p->sample * target->shape[1] + state / 2);
}

static inline double ctc_probability(const ctc_path *p, size_t step, size_t state) {
    return exp(soma_element_get(&p->call->view[CTC_PREDICTION],
                                (p->sample * p->steps + p->at[step]) * p->classes + ctc_class_of(p, state)));
}

/* Whether a step may lead from one state to another. */
static inline bool ctc_leads(const ctc_path *p, size_t from, size_t to) {
    if (to == from || to == from + 1) return true;
    return to == from + 2 && to % 2 && ctc_class_of(p, from) != ctc_class_of(p, to);
}

static inline void ctc_find_error(ctc_path *p) {
    double all = 0.0;
    for (size_t t = 0; t < p->there; t++) {
        double largest = 0.0;
        for (size_t i = 0; i < p->states; i++) {
            double size = fabs(soma_element_get(&p->call->view[CTC_PREDICTION],
                                                (p->sample * p->steps + p->at[t]) * p->classes + ctc_class_of(p, i)));
            if (isfinite(size) && size > largest) largest = size;
        }
        all += largest;
    }
    p->error = (double)(p->there + 2) * SOMA_ULP * (all + 12.0);
}

static inline void ctc_find_paths(ctc_path *p) {
    for (size_t t = 0; t < p->there; t++)
        for (size_t to = 0; to < p->states; to++) {
            double sum = t == 0 && to < 2 ? 1.0 : 0.0;
            for (size_t from = 0; t && from <= to; from++)
                if (ctc_leads(p, from, to)) sum += p->alpha[t - 1][from];
            p->alpha[t][to] = sum * ctc_probability(p, t, to);
        }
    for (size_t t = p->there; t-- > 0;)
        for (size_t from = 0; from < p->states; from++) {
            double sum = t + 1 == p->there && from + 2 >= p->states ? 1.0 : 0.0;
            for (size_t to = from; t + 1 < p->there && to < p->states; to++)
                if (ctc_leads(p, from, to)) sum += p->beta[t + 1][to] * ctc_probability(p, t + 1, to);
            p->beta[t][from] = sum;
        }
    p->total = p->there == 0 && p->labels == 0 ? 1.0 : 0.0;
    for (size_t i = 0; p->there && i < p->states; i++) p->total += p->alpha[0][i] * p->beta[0][i];
}

static inline void ctc_path_of(const soma_call *call, size_t sample, ctc_path *p) {
    const soma_view *target = &call->view[CTC_TARGET], *mask = &call->view[CTC_MASK];
    *p = (ctc_path){.call = call, .sample = sample, .steps = call->view[0].shape[1], .classes = call->view[0].shape[2]};
    for (; p->labels < target->shape[1]; p->labels++) {
        double label = soma_element_get(target, sample * target->shape[1] + p->labels);
        if (label < 0) break;
        p->bad |= label >= (double)p->classes || label == (double)call->params.ctc.blank;
    }
    p->states = 2 * p->labels + 1;
    for (size_t t = 0; t < p->steps; t++)
        if (!soma_view_present(mask) || soma_element_get(mask, sample * p->steps + t) != 0.0) p->at[p->there++] = t;
    if (p->bad) return;
    ctc_find_error(p);
    ctc_find_paths(p);
}

typedef struct ctc_form {
    size_t n, steps, classes, most;
    bool masked, blank_first;
} ctc_form;

/* ctc.c: all forms; run(suite, form, special): special 1, predictions of -infinity, 2, labels that are none. */
void soma_ctc_forms(soma_suite *suite, void (*run)(soma_suite *suite, const ctc_form *form, int special));
/* ctc.c: the contents of such a case. */
void soma_ctc_contents(soma_suite *suite, soma_case *c, const ctc_form *form, int special);

static inline uint32_t ctc_blank_of(const ctc_form *form) {
    return form->blank_first ? 0 : (uint32_t)form->classes - 1;
}

#endif
