/* SPDX-License-Identifier: MIT */
/* Lists of calls, for the files that choose what goes into them and make them. */
#ifndef SOMA_DEVICE_OPENCL_LIST_H
#define SOMA_DEVICE_OPENCL_LIST_H

#include "device/opencl/launch/launch.h"
#include "kernels/listed.h"

struct soma_cl_list {
    cl_kernel kernel;
    cl_mem entries;
    size_t count, left; /* calls, and those of them that are not released yet */
    bool broken;        /* one was released */
    bool layers;        /* its kernel is the one with layers */
    cl_ulong counters;  /* where in the entries they begin */
    size_t groups;      /* that its launch has: 1, or more where threads share what it does */
    uint32_t live_count;
    const soma_cl_memory *memory[SOMA_LISTED_MEMORIES];
    uint32_t memory_count;
    soma_cl_prepared *member[];
};

/* How many launches of a call are done once, and how many in all. */
static inline size_t soma_cl_launches_once(const soma_cl_prepared *prepared) {
    return prepared->repeats ? prepared->once : prepared->launch_count;
}

static inline size_t soma_cl_launches_in_all(const soma_cl_prepared *prepared) {
    const size_t once = soma_cl_launches_once(prepared);
    return once + prepared->rounds * (prepared->launch_count - once);
}

/* Groups of one launch. */
static inline size_t soma_cl_groups_of(const soma_cl_launch *launch) {
    return launch->global[0] / launch->local[0] * (launch->global[1] / launch->local[1]);
}

/* --------------------------------------------------------------------------------------------------- choice.c */

/* Whether the device's threads share the groups of a call's launch in a list, or one of them does all. */
bool soma_cl_is_shared(const soma_cl_device *device, const soma_call *call, const soma_cl_launch *launch);

/* How many of the first calls go into a list: as many as belong there. */
size_t soma_cl_length_of_list(const soma_call *calls, size_t count, bool layers);

/* Whether lists of these calls are to be done by the kernel with layers: not where they train, for which there is the
 * other, so that a program has but one of them compiled. */
bool soma_cl_wants_layers(const soma_call *calls, size_t count);

#endif
