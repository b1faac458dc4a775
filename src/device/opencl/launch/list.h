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

/* --------------------------------------------------------------------------------------------------- choice.c */

/* How many of the first calls go into a list: as many as belong there. */
size_t soma_cl_length_of_list(const soma_cl_device *device, const soma_call *calls, size_t count, bool layers);

/* Whether lists of these calls are to be done by the kernel with layers: not where they train, for which there is the
 * other, so that a program has but one of them compiled. */
bool soma_cl_wants_layers(const soma_cl_device *device, const soma_call *calls, size_t count);

#endif
