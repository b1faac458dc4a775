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
    soma_tensor **second, **third, **fourth; /* [tensors]: the SECOND, the THIRD and the FOURTH of each, or NULL */
    soma_call *calls;
    const soma_tensor **origin; /* the tensor that each call computes */
    size_t count, capacity;
} soma_lowering;

/* Addresses that stand for the executor's buffers in views. */
extern const char soma_sites[SOMA_SITE_COUNT];
/* A site is a buffer of the executor, not a tensor. */
bool soma_site_is_buffer(const void *site);

/* Finds the further results; they are freed as `second`. */
soma_status soma_lowering_find_seconds(soma_lowering *lowering);
soma_status soma_lowering_push(soma_lowering *lowering, const soma_tensor *origin, soma_call call);

/*
 * A tensor as a view: in its own shape; flat; as [samples, everything else], where one without a batch is one row; as
 * [outer, axis, inner], the axis one or several; absent if it is not there; as a target, where class numbers are a
 * vector and rows a matrix like the predictions.
 */
soma_view soma_lowering_view(const soma_lowering *lowering, const soma_tensor *tensor);
soma_view soma_lowering_flat(const soma_lowering *lowering, const soma_tensor *tensor);
soma_view soma_lowering_rows(const soma_lowering *lowering, const soma_tensor *tensor);
soma_view soma_lowering_axis(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t axis);
soma_view soma_lowering_axes(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t axis, uint32_t count);
soma_view soma_lowering_optional(const soma_lowering *lowering, bool present, const soma_tensor *tensor);
soma_view soma_lowering_target(const soma_lowering *lowering, const soma_tensor *target);
/* A buffer of the executor from its beginning. */
soma_view soma_lowering_site(const soma_lowering *lowering, soma_site_kind site, uint32_t rank, const size_t *shape);

#endif
