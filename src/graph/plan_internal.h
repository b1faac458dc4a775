/* SPDX-License-Identifier: MIT */
/* Inside a plan: shared by plan.c, which makes it, and run.c, which runs it. */
#ifndef SOMA_GRAPH_PLAN_INTERNAL_H
#define SOMA_GRAPH_PLAN_INTERNAL_H

#include "graph/lowering.h"
#include "graph/place.h"
#include "graph/plan.h"

/* Network inputs, targets, and the weights. */
#define SOMA_PLAN_MAX_FEEDS (SOMA_MAX_ENDS + 2 * SOMA_MAX_OUTPUTS + 1)

/* Where the views of one call get their memory: a tensor or a buffer of the executor (NULL: none), and an offset in it.
 */
typedef struct soma_call_sites {
    const void *site[SOMA_CALL_MAX_VIEWS];
    size_t offset[SOMA_CALL_MAX_VIEWS];
} soma_call_sites;

/* Memory of the caller's that a tensor's value is kept in; serial 0: none. */
typedef struct soma_loan {
    void *memory;
    size_t offset;
    uint64_t serial;
} soma_loan;

/*
 * What a graph makes of parameters alone, in the order of its tensors. Plans of one graph for all batch sizes share it,
 * so they make it again only when parameters have changed.
 */
typedef struct soma_settled {
    const soma_graph *graph;
    void *memory;
    size_t bytes;
    bool made;
    uint64_t changes; /* of the parameters, when it was made */
    size_t plans;     /* that use it */
    struct soma_settled *next;
} soma_settled;

struct soma_plan {
    soma_executor *executor;
    const soma_graph *graph;
    size_t batch;
    /* feed_count gathers, the rest of the step up to count, then constant_count fills that run once, and settled_count
     * that run when parameters have changed */
    soma_call *calls;
    const soma_tensor **origin;
    soma_call_sites *sites;
    size_t feed_count, count, constant_count, settled_count;
    size_t *live; /* indices of calls whose parameters change from step to step */
    size_t live_count;
    soma_block *blocks; /* by tensor id */
    soma_loan *loans;   /* by tensor id; NULL: there were none yet */
    size_t arena_bytes, workspace_bytes, constant_bytes, cache_bytes;
    void *constants, *caches;
    soma_settled *settled;   /* NULL: nothing of the graph is */
    bool changes_parameters; /* by a run */
    uint64_t generation;     /* of the executor's memory that the calls are bound to; 0: not bound yet */
    bool fed;
    size_t expected_runs; /* SIZE_MAX: nobody knows */
    size_t arranged;      /* the device has been told of the calls of a run, in so many parts, and how often to expect
                             it; 0: not yet */
    soma_feed feeds[SOMA_PLAN_MAX_FEEDS];
};

/* All the plan's calls. */
static inline size_t soma_plan_call_count(const soma_plan *plan) {
    return plan->count + plan->constant_count + plan->settled_count;
}

/* plan_memory.c: finds lifetimes, and allocates what is the plan's own. Once, when the sites have been taken. */
soma_status soma_plan_place(soma_plan *plan);

/* settled.c: places what the graph makes of parameters alone, in memory of the executor's; gives it back; makes it
 * where that has not been done since parameters changed. The plan is bound. */
soma_status soma_settled_join(soma_plan *plan);
void soma_settled_leave(soma_plan *plan);
soma_status soma_settled_make(soma_plan *plan);
/* Whether a run of the plan changes parameters. */
bool soma_settled_is_changed_by(const soma_plan *plan);

#endif
