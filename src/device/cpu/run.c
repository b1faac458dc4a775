/* SPDX-License-Identifier: MIT */
/* Planning calls, and working through a list of them on a team of threads. */
#include "device/cpu/run.h"

/*
 * A list that takes one thread less than this is not worth waking another for.
 */
#define ALONE_NANOSECONDS 10000.0

soma_status soma_cpu_prepare(const soma_cpu_isa *isa, uint32_t threads, soma_call *call, size_t *workspace) {
    *workspace = 0;
    if ((unsigned)call->primitive >= SOMA_PRIMITIVE_COUNT) return SOMA_UNSUPPORTED;
    soma_cpu_plan *plan = soma_calloc(1, sizeof *plan);
    if (!plan) return soma_out_of_memory(sizeof *plan, "the plan of a call");
    plan->threads = threads;
    soma_status status = isa->planners[call->primitive](call, plan);
    call->prepared = plan;
    if (status != SOMA_OK)
        soma_cpu_release(call);
    else
        *workspace = plan->workspace;
    return status;
}

void soma_cpu_release(soma_call *call) {
    soma_cpu_plan *plan = call->prepared;
    if (plan) soma_free(plan->detail);
    soma_free(plan);
    call->prepared = NULL;
}

typedef struct list {
    soma_threads *threads;
    const soma_call *calls;
    size_t count;
} list;

static void run_alone(const soma_call *calls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const soma_cpu_plan *plan = calls[i].prepared;
        for (uint32_t phase = 0; phase < plan->phase_count; phase++)
            for (size_t task = 0; task < plan->phase[phase].tasks; task++)
                plan->phase[phase].run(&calls[i], plan, task, 0);
    }
}

/*
 * What each thread does: every phase of every call, with a barrier between two phases. A phase of one task belongs to
 * thread 0, so none is needed between two of those.
 */
static void run_shared(void *context, uint32_t thread) {
    const list *l = context;
    bool open = false; /* something was done since the last barrier */
    size_t last = 0;   /* how many tasks the phase had */
    for (size_t i = 0; i < l->count; i++) {
        const soma_cpu_plan *plan = l->calls[i].prepared;
        for (uint32_t phase = 0; phase < plan->phase_count; phase++) {
            const soma_cpu_phase *p = &plan->phase[phase];
            if (open && (last > 1 || p->tasks > 1)) soma_threads_barrier(l->threads);
            size_t task;
            if (p->tasks == 1) {
                if (thread == 0) p->run(&l->calls[i], plan, 0, 0);
            } else
                while (soma_threads_next(l->threads, thread, p->tasks, &task)) p->run(&l->calls[i], plan, task, thread);
            open = true;
            last = p->tasks;
        }
    }
}

void soma_cpu_run(soma_threads *threads, const soma_call *calls, size_t count) {
    double nanoseconds = 0.0;
    for (size_t i = 0; i < count; i++) nanoseconds += ((const soma_cpu_plan *)calls[i].prepared)->nanoseconds;
    if (soma_threads_count(threads) == 1 || nanoseconds < ALONE_NANOSECONDS)
        run_alone(calls, count);
    else
        soma_threads_run(threads, run_shared, &(list){threads, calls, count});
}
