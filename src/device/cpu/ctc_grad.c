/* SPDX-License-Identifier: MIT */
/* CTC_GRAD: a sample is a task, with the states of all its steps, and two more rows of them, in the workspace. */
#include "device/cpu/ctc.h"

/* beta[i] from those of the next step, whose row that is; next NULL: there is none. */
static void go_back(const ctc_sample *s, const float *row, const float *next, float *beta) {
    const size_t states = 2 * s->labels + 1;
    for (size_t i = 0; i < states; i++) {
        if (!next) {
            beta[i] = i + 2 >= states ? 0.0f : CTC_NONE;
            continue;
        }
        float one = i + 1 < states ? next[i + 1] + row[ctc_class(s, i + 1)] : CTC_NONE;
        float two = i + 2 < states && ctc_may_skip_to(s, i + 2) ? next[i + 2] + row[ctc_class(s, i + 2)] : CTC_NONE;
        float stay = next[i] + row[ctc_class(s, i)];
        beta[i] =
            ctc_at_least_none(ctc_log_add(ctc_at_least_none(stay), ctc_at_least_none(one), ctc_at_least_none(two)));
    }
}

/* The probabilities of the states of a step, added up for the class of each. */
static void set_row(const ctc_sample *s, float dloss, const float *alpha, const float *beta, float total, float *out) {
    for (size_t i = 0; i <= 2 * s->labels; i++) out[ctc_class(s, i)] += ctc_power(alpha[i] + beta[i] - total);
    for (size_t k = 0; k < s->classes; k++) out[k] *= -dloss;
}

/* rows: two of beta, then those of alpha. */
static void grad_of(const ctc_sample *s, float dloss, float *rows, float *out) {
    const size_t states = 2 * s->labels + 1, count = s->steps * s->classes;
    float *alpha = rows + 2 * states, *before = NULL, *now = rows, *next = NULL;
    const float *next_row = NULL;
    for (size_t j = 0; j < count; j++) out[j] = s->bad ? __builtin_nanf("") : 0.0f;
    if (s->bad || dloss == 0.0f) return;
    for (size_t t = 0; t < s->steps; t++) {
        if (!ctc_is_there(s, t)) continue;
        ctc_step(s, s->prediction + t * s->classes, before, alpha + t * states);
        before = alpha + t * states;
    }
    const float total = ctc_total(s, before);
    if (total <= 0.5f * CTC_NONE) return;
    for (size_t t = s->steps; t-- > 0;) {
        if (!ctc_is_there(s, t)) continue;
        go_back(s, next_row, next, now);
        set_row(s, dloss, alpha + t * states, now, total, out + t * s->classes);
        next = now;
        next_row = s->prediction + t * s->classes;
        now = next == rows ? rows + states : rows;
    }
}

static size_t rows_of(const soma_call *call) {
    return (call->view[0].shape[1] + 2) * (2 * call->view[1].shape[1] + 1);
}

static void ctc_grad_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const ctc_sample s = ctc_sample_of(call, task);
    grad_of(&s, soma_cpu_floats(&call->view[3])[task], (float *)soma_cpu_workspace(call) + task * rows_of(call),
            soma_cpu_floats(&call->view[4]) + task * s.steps * s.classes);
}

SOMA_CPU_PLANNER(ctc_grad) {
    const size_t samples = call->view[0].shape[0];
    if (call->view[0].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    soma_cpu_add_phase(plan, ctc_grad_task, samples);
    plan->workspace = samples * rows_of(call) * sizeof(float);
    plan->nanoseconds = 3.0 * ctc_nanoseconds(call) + (double)soma_view_count(&call->view[0]);
    return SOMA_OK;
}
