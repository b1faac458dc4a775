/* SPDX-License-Identifier: MIT */
/* Planning calls, and working through a list of them on a team of threads. */
#include "device/cpu/run.h"
#include "device/cpu/gemm/blas.h"

/*
 * What it costs to share a list, in nanoseconds: to begin (the other threads still spin; 600 to 1000 were measured) and
 * to end, and for each barrier (250 were measured, and threads never arrive together).
 */
#define START_COST   1500.0
#define BARRIER_COST 500.0
/*
 * The least share of a list's time that is worth it. Another thread that saves less makes a list quicker by little
 * where all cores are idle, and takes it two or three times as long where one is not.
 */
#define LEAST_SHARE 0.2

soma_status soma_cpu_prepare(const soma_cpu_isa *isa, uint32_t threads, soma_call *call, size_t *workspace) {
    *workspace = 0;
    if ((unsigned)call->primitive >= SOMA_PRIMITIVE_COUNT || !isa->planners[call->primitive]) return SOMA_UNSUPPORTED;
    soma_cpu_plan *plan = soma_calloc(1, sizeof *plan);
    if (!plan) return soma_out_of_memory(sizeof *plan, "the plan of a call");
    plan->threads = threads;
    soma_status status = SOMA_UNSUPPORTED;
#ifdef SOMA_HAVE_CBLAS
    if (call->primitive == SOMA_PRIMITIVE_GEMM && soma_fast_paths()) status = soma_cpu_plan_gemm_blas(isa, call, plan);
#endif
    if (status == SOMA_UNSUPPORTED) status = isa->planners[call->primitive](call, plan);
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
        for (size_t phase = 0, round; phase < soma_cpu_phase_total(plan); phase++) {
            const soma_cpu_phase *p = soma_cpu_phase_at(plan, phase, &round);
            for (size_t task = 0; task < p->tasks; task++) p->run(&calls[i], plan, round * p->tasks + task, 0);
        }
    }
}

/*
 * A phase with no more tasks than threads has one for each of the first threads, without asking: others could not pass
 * the barrier behind it earlier by taking over a task, and the counters of a shared loop go from core to core.
 */
static void run_own_tasks(const list *l, const soma_call *call, const soma_cpu_phase *p, size_t first,
                          uint32_t thread) {
    if (p->tasks <= soma_threads_count(l->threads)) {
        if (thread < p->tasks) p->run(call, call->prepared, first + thread, thread);
        return;
    }
    for (size_t task; soma_threads_next(l->threads, thread, p->tasks, &task);)
        p->run(call, call->prepared, first + task, thread);
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
        for (size_t phase = 0, round; phase < soma_cpu_phase_total(plan); phase++) {
            const soma_cpu_phase *p = soma_cpu_phase_at(plan, phase, &round);
            if (open && (last > 1 || p->tasks > 1)) soma_threads_barrier(l->threads);
            run_own_tasks(l, &l->calls[i], p, round * p->tasks, thread);
            open = true;
            last = p->tasks;
        }
    }
}

/* Whether the threads save more than it costs to share the list between them. */
static bool is_worth_sharing(const soma_call *calls, size_t count, uint32_t threads) {
    double saved = -START_COST, all = 0.0;
    for (size_t i = 0; i < count; i++) {
        const soma_cpu_plan *plan = calls[i].prepared;
        size_t tasks = 1;
        for (uint32_t phase = 0; phase < plan->phase_count; phase++) {
            const size_t times = phase + plan->repeated < plan->phase_count ? 1 : plan->rounds;
            tasks = SOMA_MAX(tasks, plan->phase[phase].tasks);
            if (plan->phase[phase].tasks > 1) saved -= BARRIER_COST * (double)times;
        }
        all += plan->nanoseconds;
        saved += plan->nanoseconds * (1.0 - 1.0 / (double)SOMA_MIN(tasks, (size_t)threads));
    }
    return saved > LEAST_SHARE * all;
}

void soma_cpu_run(soma_threads *threads, const soma_call *calls, size_t count) {
    uint32_t thread_count = soma_threads_count(threads);
    if (thread_count == 1 || !is_worth_sharing(calls, count, thread_count))
        run_alone(calls, count);
    else
        soma_threads_run(threads, run_shared, &(list){threads, calls, count});
}
