/* SPDX-License-Identifier: MIT */
/* CTC: a sample is a task, with two rows of states in the workspace. */
#include "device/cpu/ctc.h"

static float loss_of(const ctc_sample *s, float *rows) {
    const size_t states = 2 * s->labels + 1;
    float *before = NULL, *now = rows;
    for (size_t t = 0; t < s->steps; t++) {
        if (!ctc_is_there(s, t)) continue;
        ctc_step(s, s->prediction + t * s->classes, before, now);
        before = now;
        now = before == rows ? rows + states : rows;
    }
    const float total = ctc_total(s, before);
    return total <= 0.5f * CTC_NONE ? __builtin_inff() : 0.0f - total;
}

static void ctc_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const ctc_sample s = ctc_sample_of(call, task);
    float *rows = (float *)soma_cpu_workspace(call) + task * 2 * (2 * call->view[1].shape[1] + 1);
    soma_cpu_floats(&call->view[3])[task] = s.bad ? __builtin_nanf("") : loss_of(&s, rows);
}

SOMA_CPU_PLANNER(ctc) {
    const size_t samples = call->view[0].shape[0];
    if (call->view[0].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    soma_cpu_add_phase(plan, ctc_task, samples);
    plan->workspace = samples * 2 * (2 * call->view[1].shape[1] + 1) * sizeof(float);
    plan->nanoseconds = ctc_nanoseconds(call);
    return SOMA_OK;
}
