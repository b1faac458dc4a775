/* SPDX-License-Identifier: MIT */
/* Inside a plan: shared by plan.c, which makes it, and run.c, which runs it. */
#ifndef SOMA_GRAPH_PLAN_INTERNAL_H
#define SOMA_GRAPH_PLAN_INTERNAL_H

#include "graph/lowering.h"
#include "graph/place.h"
#include "graph/plan.h"

/* Network inputs, targets, and the weights. */
#define SOMA_PLAN_MAX_FEEDS (2 * SOMA_MAX_OUTPUTS + 1)

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

struct soma_plan {
    soma_executor *executor;
    const soma_graph *graph;
    size_t batch;
    soma_call
        *calls; /* feed_count gathers, the rest of the step up to count, then constant_count fills that run once */
    const soma_tensor **origin;
    soma_call_sites *sites;
    size_t feed_count, count, constant_count;
    size_t *live; /* indices of calls whose parameters change from step to step */
    size_t live_count;
    soma_block *blocks; /* by tensor id */
    soma_loan *loans;   /* by tensor id; NULL: there were none yet */
    size_t arena_bytes, workspace_bytes, constant_bytes;
    void *constants;
    uint64_t generation; /* of the executor's memory that the calls are bound to; 0: not bound yet */
    bool fed;
    size_t expected_runs; /* SIZE_MAX: nobody knows */
    bool arranged;        /* the device has been told of the calls that a run consists of, and how often to expect it */
    soma_feed feeds[SOMA_PLAN_MAX_FEEDS];
};

/* A site is a buffer of the executor, not a tensor. */
bool soma_site_is_buffer(const void *site);

#endif
