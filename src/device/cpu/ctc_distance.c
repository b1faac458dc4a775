/* SPDX-License-Identifier: MIT */
/* CTC_DISTANCE: a sample is a task, with a row of edits in the workspace. */
#include "device/cpu/ctc.h"

static size_t best_class(const float *row, size_t classes) {
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

/* edits[j]: from what is decoded so far to the first j labels. */
static void add_label(const ctc_sample *s, size_t label, float *edits) {
    float diagonal = edits[0];
    edits[0] += 1.0f;
    for (size_t j = 1; j <= s->labels; j++) {
        float other = diagonal + ((size_t)s->target[j - 1] == label ? 0.0f : 1.0f), fewer = edits[j];
        diagonal = edits[j];
        if (edits[j - 1] < fewer) fewer = edits[j - 1];
        edits[j] = other < fewer + 1.0f ? other : fewer + 1.0f;
    }
}

static void ctc_distance_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const ctc_sample s = ctc_sample_of(call, task);
    float *edits = (float *)soma_cpu_workspace(call) + task * (call->view[1].shape[1] + 1);
    size_t last = (size_t)s.blank;
    for (size_t j = 0; j <= s.labels; j++) edits[j] = (float)j;
    for (size_t t = 0; t < s.steps; t++) {
        if (!ctc_is_there(&s, t)) continue;
        const size_t best = best_class(s.prediction + t * s.classes, s.classes);
        if (best != last && best != (size_t)s.blank) add_label(&s, best, edits);
        last = best;
    }
    soma_cpu_floats(&call->view[3])[task] = edits[s.labels];
}

SOMA_CPU_PLANNER(ctc_distance) {
    const size_t samples = call->view[0].shape[0];
    if (call->view[0].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    soma_cpu_add_phase(plan, ctc_distance_task, samples);
    plan->workspace = samples * (call->view[1].shape[1] + 1) * sizeof(float);
    plan->nanoseconds =
        (double)soma_view_count(&call->view[0]) + (double)(samples * call->view[0].shape[1] * call->view[1].shape[1]);
    return SOMA_OK;
}
