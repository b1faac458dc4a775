/* SPDX-License-Identifier: MIT */
/* Planning calls, and working through a list of them on a team of threads. */
#include "device/cpu/run.h"
#include "device/cpu/gemm/blas.h"

/*
 * What it costs to share a list, in nanoseconds: to begin (the other threads still spin; 600 to 1000 were measured) and
 * to end, and for each barrier. A barrier alone takes 80 to 330, but threads never arrive together, and what they hand
 * over goes from core to core: 700 to 2000 where the cores share a cache, 3400 to 9000 where they do not.
 */
#define START_COST   1500.0
#define BARRIER_COST 3000.0
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

/* ---------------------------------------------------------------------------------------------------------- chains */

/* A phase of a call, one time that it is done: tasks first, first + 1, ... */
typedef struct step {
    const soma_call *call;
    const soma_cpu_plan *plan;
    const soma_cpu_phase *phase;
    size_t first;
} step;

/* How far a list has been gone through. */
typedef struct place {
    size_t call, phase;
} place;

/* Steps that are done together, chunk by chunk: normalisation, the sum of a residual and its function are three. */
#define MOST_STEPS 6
typedef struct chain {
    size_t count, tasks;
    step step[MOST_STEPS];
} chain;

typedef struct span {
    uintptr_t begin, end;
} span;

static span span_of(const soma_view *view) {
    uintptr_t begin = view->rank ? (uintptr_t)soma_cpu_data(view) : 0;
    return (span){begin, begin + (view->rank ? soma_view_count(view) * sizeof(float) : 0)};
}

static span workspace_of(const step *s) {
    uintptr_t begin = s->plan->workspace ? (uintptr_t)soma_cpu_workspace(s->call) : 0;
    return (span){begin, begin + s->plan->workspace};
}

static bool overlap(span a, span b) {
    return a.begin < b.end && b.begin < a.end;
}

static bool touches(const step *s, span memory) {
    for (uint32_t i = 0; i < s->call->view_count; i++)
        if (((s->phase->chunked | s->phase->read) >> i & 1) && overlap(span_of(&s->call->view[i]), memory)) return true;
    return overlap(workspace_of(s), memory);
}

/* Whether a chunk of one has to do with no other chunk of the other: what they share they only read, or it begins at
 * the same place for both. */
static bool keep_to_chunks(const step *a, const step *b) {
    if (touches(a, workspace_of(b)) || touches(b, workspace_of(a))) return false;
    for (uint32_t i = 0; i < a->call->view_count; i++)
        for (uint32_t j = 0; j < b->call->view_count; j++) {
            bool chunk_of_a = a->phase->chunked >> i & 1, chunk_of_b = b->phase->chunked >> j & 1;
            if (!chunk_of_a && !(a->phase->read >> i & 1)) continue;
            if (!chunk_of_b && !(b->phase->read >> j & 1)) continue;
            span of_a = span_of(&a->call->view[i]), of_b = span_of(&b->call->view[j]);
            if (!chunk_of_a && !chunk_of_b) continue;
            if (overlap(of_a, of_b) && !(chunk_of_a && chunk_of_b && of_a.begin == of_b.begin)) return false;
        }
    return true;
}

static bool can_join(const chain *c, const step *next) {
    if (c->tasks != next->phase->tasks || c->count == MOST_STEPS) return false;
    if (!c->step[0].phase->chunked || !next->phase->chunked) return false;
    for (size_t i = 0; i < c->count; i++)
        if (!keep_to_chunks(&c->step[i], next)) return false;
    return true;
}

/* The step at a place, which goes on to the next; false at the end of the list. */
static bool take_step(const list *l, place *at, step *taken) {
    for (; at->call < l->count; at->call++, at->phase = 0) {
        const soma_cpu_plan *plan = l->calls[at->call].prepared;
        if (at->phase == soma_cpu_phase_total(plan)) continue;
        size_t round;
        const soma_cpu_phase *phase = soma_cpu_phase_at(plan, at->phase++, &round);
        *taken = (step){&l->calls[at->call], plan, phase, round * phase->tasks};
        return true;
    }
    return false;
}

/* The next steps of a list that may be done together. Whoever asks gets the same. */
static bool take_chain(const list *l, place *at, chain *c) {
    if (!take_step(l, at, &c->step[0])) return false;
    c->count = 1;
    c->tasks = c->step[0].phase->tasks;
    if (!c->step[0].phase->chunked || c->tasks < 2) return true;
    place next = *at;
    for (step s; take_step(l, &next, &s) && can_join(c, &s); *at = next) c->step[c->count++] = s;
    return true;
}

static void run_chunk(const chain *c, size_t task, uint32_t thread) {
    for (size_t i = 0; i < c->count; i++) {
        const step *s = &c->step[i];
        s->phase->run(s->call, s->plan, s->first + task, thread);
    }
}

/* --------------------------------------------------------------------------------------------------------- running */

static void run_alone(const soma_call *calls, size_t count) {
    const list l = {NULL, calls, count};
    place at = {0, 0};
    for (chain c; take_chain(&l, &at, &c);)
        for (size_t task = 0; task < c.tasks; task++) run_chunk(&c, task, 0);
}

/*
 * A chain of no more tasks than threads has one for each of the first threads, without asking: others could not pass
 * the barrier behind it earlier by taking over a task, and the counters of a shared loop go from core to core.
 */
static void run_own_tasks(const list *l, const chain *c, uint32_t thread) {
    if (c->tasks <= soma_threads_count(l->threads)) {
        if (thread < c->tasks) run_chunk(c, thread, thread);
        return;
    }
    for (size_t task; soma_threads_next(l->threads, thread, c->tasks, &task);) run_chunk(c, task, thread);
}

/*
 * What each thread does: all chains of steps, with a barrier between two. One of a single task belongs to thread 0, so
 * none is needed between two of those.
 */
static void run_shared(void *context, uint32_t thread) {
    const list *l = context;
    size_t last = 0; /* how many tasks the chain before had */
    place at = {0, 0};
    for (chain c; take_chain(l, &at, &c); last = c.tasks) {
        if (last && (last > 1 || c.tasks > 1)) soma_threads_barrier(l->threads);
        run_own_tasks(l, &c, thread);
    }
}

/* Whether the threads save more than it costs to share the list between them: there is a barrier for each chain. */
static bool is_worth_sharing(const soma_call *calls, size_t count, uint32_t threads) {
    double saved = -START_COST, all = 0.0;
    for (size_t i = 0; i < count; i++) {
        const soma_cpu_plan *plan = calls[i].prepared;
        size_t tasks = 1;
        for (uint32_t phase = 0; phase < plan->phase_count; phase++) tasks = SOMA_MAX(tasks, plan->phase[phase].tasks);
        all += plan->nanoseconds;
        saved += plan->nanoseconds * (1.0 - 1.0 / (double)SOMA_MIN(tasks, (size_t)threads));
    }
    const list l = {NULL, calls, count};
    place at = {0, 0};
    for (chain c; saved > LEAST_SHARE * all && take_chain(&l, &at, &c);)
        if (c.tasks > 1) saved -= BARRIER_COST;
    return saved > LEAST_SHARE * all;
}

void soma_cpu_run(soma_threads *threads, const soma_call *calls, size_t count) {
    uint32_t thread_count = soma_threads_count(threads);
    if (thread_count == 1 || !is_worth_sharing(calls, count, thread_count))
        run_alone(calls, count);
    else
        soma_threads_run(threads, run_shared, &(list){threads, calls, count});
}
