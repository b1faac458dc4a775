/* SPDX-License-Identifier: MIT */
/*
 * Lowering: from tensors to calls. Memory is not placed yet, so the views of the calls carry a *site* in their memory
 * field: a tensor, or one of the executor's buffers. plan.c puts the real memory in when it binds the plan.
 */
#ifndef SOMA_GRAPH_LOWERING_H
#define SOMA_GRAPH_LOWERING_H

#include "device/calls.h"
#include "graph/plan.h"

/* A buffer of the executor that a call works on as a whole. */
typedef enum soma_site_kind {
    SOMA_SITE_PARAMETERS,
    SOMA_SITE_GRADIENTS,
    SOMA_SITE_STATE1,
    SOMA_SITE_STATE2,
    SOMA_SITE_NORM,
    SOMA_SITE_ACCUMULATORS,
    SOMA_SITE_COUNT
} soma_site_kind;

typedef struct soma_lowering {
    const soma_graph *graph;
    const soma_executor *executor;
    size_t batch;
    soma_optimizer_kind optimizer;
    soma_tensor **second; /* [tensors]: the SECOND of each, or NULL */
    soma_call *calls;
    const soma_tensor **origin; /* the tensor that each call computes */
    size_t count, capacity;
} soma_lowering;

/* Addresses that stand for the executor's buffers in views. */
extern const char soma_sites[SOMA_SITE_COUNT];

soma_status soma_lowering_push(soma_lowering *lowering, const soma_tensor *origin, soma_call call);

#endif
