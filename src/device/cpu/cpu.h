/* SPDX-License-Identifier: MIT */
/*
 * The cpu device from inside: how a call becomes tasks for the threads.
 *
 * A call is planned once, in `prepare`: cut into one or more phases, each a number of tasks that may run in any order
 * and on any thread; all tasks of a phase are done before the next phase begins. The cut may follow the number of
 * threads; what an element is summed of, and in which order, depends on shapes alone, so results do, too.
 *
 * Everything that computes is compiled once per instruction set (SOMA_ISA, see isa.h) and reached through a table of
 * planners.
 */
#ifndef SOMA_DEVICE_CPU_CPU_H
#define SOMA_DEVICE_CPU_CPU_H

#include "base/base.h"

/* Views are at multiples of this; a cache line, and the widest vector. */
#define SOMA_CPU_ALIGNMENT 64

/* Elements of an elementwise task: few enough to share a layer's activations, many enough to make a task's overhead
 * small. */
#define SOMA_CPU_CHUNK 16384

typedef struct soma_cpu_plan soma_cpu_plan;

/* Executes one task of a phase; of the round-th time that it is repeated they are round tasks + 0, 1, ... `thread` <
 * plan->threads tells whose scratch memory it may use. */
typedef void soma_cpu_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread);

/*
 * A phase may work chunk by chunk: of the views whose bits are set in `chunked`, float32 and without gaps, task i takes
 * the elements from i SOMA_CPU_CHUNK on, as many as there are up to SOMA_CPU_CHUNK, and no others; beside these it only
 * reads the views in `read`, and works in the call's workspace. Such phases of neighbouring calls are done chunk by
 * chunk together, while what one writes and the next reads is in a cache (run.c).
 */
typedef struct soma_cpu_phase {
    soma_cpu_task *run;
    size_t tasks;
    uint32_t chunked, read;
} soma_cpu_phase;

#define SOMA_CPU_MAX_PHASES 3

struct soma_cpu_plan {
    uint32_t threads; /* in: of the device */
    uint32_t phase_count;
    soma_cpu_phase phase[SOMA_CPU_MAX_PHASES];
    uint32_t repeated; /* so many of the last phases are done `rounds` times in turn; 0 for none */
    size_t rounds;
    size_t workspace;   /* bytes */
    double nanoseconds; /* that one thread needs: a rough estimate, from measurements with AVX-512 at 3.6 GHz */
    void *detail;       /* the primitive's own, allocated with soma_malloc(), freed with the plan; NULL for none */
};

/* Fills in a plan for a call that has passed soma_call_check(), or returns SOMA_UNSUPPORTED. */
typedef soma_status soma_cpu_planner(const soma_call *call, soma_cpu_plan *plan);

/* One of soma/base.h's functions: out[i] = f(x[i]); out may be x. */
typedef void soma_cpu_function(const float *x, float *out, size_t count, float a, float b);

static inline void soma_cpu_add_phase(soma_cpu_plan *plan, soma_cpu_task *run, size_t tasks) {
    if (tasks) plan->phase[plan->phase_count++] = (soma_cpu_phase){.run = run, .tasks = tasks};
}

/* One that works chunk by chunk on so many elements. */
static inline void soma_cpu_add_chunks(soma_cpu_plan *plan, soma_cpu_task *run, size_t elements, uint32_t chunked,
                                       uint32_t read) {
    soma_cpu_phase phase = {.run = run, .chunked = chunked, .read = read};
    phase.tasks = (elements + SOMA_CPU_CHUNK - 1) / SOMA_CPU_CHUNK;
    if (phase.tasks) plan->phase[plan->phase_count++] = phase;
}

/* The last phases, of which none is empty, are done so many times in turn. */
static inline void soma_cpu_repeat_phases(soma_cpu_plan *plan, uint32_t phases, size_t rounds) {
    plan->repeated = phases;
    plan->rounds = rounds;
}

/* All phases, each as often as it is done, in their order; *round: which time of the phase it is. */
static inline size_t soma_cpu_phase_total(const soma_cpu_plan *plan) {
    return plan->phase_count - plan->repeated + plan->repeated * plan->rounds;
}
static inline const soma_cpu_phase *soma_cpu_phase_at(const soma_cpu_plan *plan, size_t index, size_t *round) {
    size_t once = plan->phase_count - plan->repeated;
    *round = 0;
    if (index < once) return &plan->phase[index];
    *round = (index - once) / plan->repeated;
    return &plan->phase[once + (index - once) % plan->repeated];
}

/* ------------------------------------------------------------------------------------------------------- views */

static inline void *soma_cpu_data(const soma_view *view) {
    return (unsigned char *)view->memory + view->offset;
}
static inline float *soma_cpu_floats(const soma_view *view) {
    return soma_cpu_data(view);
}
/* NULL where the view is absent. */
static inline float *soma_cpu_optional(const soma_view *view) {
    return view->rank ? soma_cpu_data(view) : NULL;
}
static inline void *soma_cpu_workspace(const soma_call *call) {
    return (unsigned char *)call->workspace + call->workspace_offset;
}

/* ------------------------------------------------------------------------------------------------------ ranges */

typedef struct soma_range {
    size_t begin, end;
} soma_range;

static inline size_t soma_range_length(soma_range range) {
    return range.end - range.begin;
}

static inline size_t soma_cpu_parts(size_t count, size_t part) {
    return (count + part - 1) / part;
}
static inline soma_range soma_cpu_part(size_t index, size_t count, size_t part) {
    size_t begin = index * part;
    return (soma_range){begin, SOMA_MIN(begin + part, count)};
}

/* The index-th of `parts` nearly equal parts. */
static inline soma_range soma_cpu_even_part(size_t index, size_t count, size_t parts) {
    size_t each = count / parts, rest = count % parts;
    size_t begin = index * each + SOMA_MIN(index, rest);
    return (soma_range){begin, begin + each + (index < rest)};
}

/* ------------------------------------------------------------------------------------------------------- tasks */

/* A task that takes less is not worth another thread's start. */
#define SOMA_CPU_TASK_NANOSECONDS 2000.0
/*
 * Of a long call each thread gets several tasks, of at least this length: a thread that is held up, by another
 * program or because its core is a slower one, then leaves some of its tasks to the others.
 */
#define SOMA_CPU_LONG_TASK_NANOSECONDS 50000.0
#define SOMA_CPU_TASKS_PER_THREAD      4

/* Into how many tasks a call should be cut that takes plan->nanoseconds, if its results do not depend on that. */
static inline size_t soma_cpu_tasks(const soma_cpu_plan *plan) {
    size_t worthwhile = (size_t)(plan->nanoseconds / SOMA_CPU_TASK_NANOSECONDS) + 1, threads = plan->threads;
    if (worthwhile < threads || threads == 1) return SOMA_MIN(worthwhile, threads);
    size_t several = (size_t)(plan->nanoseconds / SOMA_CPU_LONG_TASK_NANOSECONDS) / threads;
    return threads * SOMA_MIN(SOMA_MAX(several, (size_t)1), (size_t)SOMA_CPU_TASKS_PER_THREAD);
}

#endif
