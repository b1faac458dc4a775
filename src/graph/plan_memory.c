/* SPDX-License-Identifier: MIT */
/* Where the tensors of a plan lie: how long each lives, what has memory of its own, and offsets in the arena for all
 * others. */
#include "graph/plan_internal.h"

static void extend_life(soma_plan *plan, const soma_tensor *tensor, size_t position) {
    const soma_tensor *root = soma_tensor_root(tensor);
    soma_block *block = &plan->blocks[root->id];
    if (root->place != SOMA_PLACE_ARENA || root->op == SOMA_OP_PARAMETER || root->op == SOMA_OP_CACHE || root->settled)
        return;
    if (block->size == 0) {
        block->size = soma_executor_tensor_bytes(plan->executor, plan->batch, root);
        block->first = position;
    }
    block->last = SOMA_MAX(block->last, position);
}

/* A tensor lives from the call that makes it to the last that reads it; inputs from the start, kept ones to the end,
 * constants always. */
static void find_lifetimes(soma_plan *plan) {
    size_t all = plan->count + plan->constant_count;
    for (uint32_t i = 0; i < plan->graph->count; i++)
        if (plan->graph->tensor[i]->op == SOMA_OP_INPUT) extend_life(plan, plan->graph->tensor[i], 0);
    for (size_t i = 0; i < plan->count; i++)
        for (uint32_t j = 0; j < plan->calls[i].view_count; j++) {
            const void *site = plan->sites[i].site[j];
            if (site && !soma_site_is_buffer(site)) extend_life(plan, site, i);
        }
    for (uint32_t i = 0; i < plan->graph->count; i++) {
        const soma_tensor *tensor = plan->graph->tensor[i];
        if (tensor->kept) extend_life(plan, tensor, all);
        if (tensor->op == SOMA_OP_INPUT) plan->blocks[tensor->id].first = 0;
    }
}

/* Constants lie in memory of the plan's own, since other plans use the arena too. */
static void place_constants(soma_plan *plan) {
    size_t alignment = plan->executor->device->info.alignment;
    for (uint32_t i = 0; i < plan->graph->count; i++) {
        if (plan->graph->tensor[i]->op != SOMA_OP_FILL) continue;
        plan->blocks[i].size = 0;
        plan->blocks[i].offset = plan->constant_bytes;
        plan->constant_bytes +=
            soma_round_up(soma_executor_tensor_bytes(plan->executor, plan->batch, plan->graph->tensor[i]), alignment);
    }
}

/* Caches lie there, too: nothing else may write where they are from one run to the next. */
static soma_status place_caches(soma_plan *plan) {
    soma_device *device = plan->executor->device;
    for (uint32_t i = 0; i < plan->graph->count; i++) {
        if (plan->graph->tensor[i]->op != SOMA_OP_CACHE) continue;
        plan->blocks[i].offset = plan->cache_bytes;
        plan->cache_bytes += soma_round_up(
            soma_executor_tensor_bytes(plan->executor, plan->batch, plan->graph->tensor[i]), device->info.alignment);
    }
    if (plan->cache_bytes == 0) return SOMA_OK;
    SOMA_TRY(soma_device_alloc(device, plan->cache_bytes, "cached steps", &plan->caches));
    return soma_device_fill(device, plan->caches, 0, 0, plan->cache_bytes);
}

/* Bytes of all activations, between which they have places of their own: fewer fit one core's first cache, more not two
 * second ones beside weights. */
#define OWN_PLACES_LEAST ((size_t)32 << 10)
#define OWN_PLACES_MOST  ((size_t)1 << 20)

/*
 * Small activations are not put where others were before, for inference by several threads: each has the same lines of
 * every activation, and one that another wrote for an earlier layer goes from cache to cache, which takes longer than
 * the memory is worth. (An OpenCL driver gives lines to whichever thread is idle; a training step has too many
 * activations for caches to hold.)
 */
static void keep_places_apart(soma_plan *plan) {
    const soma_device_info *info = &plan->executor->device->info;
    size_t sum = 0;
    if (plan->changes_parameters || info->compute_units < 2 || info->kind != SOMA_DEVICE_CPU) return;
    for (uint32_t i = 0; i < plan->graph->count; i++)
        if (!soma_add_size(sum, plan->blocks[i].size, &sum)) return;
    if (sum < OWN_PLACES_LEAST || sum > OWN_PLACES_MOST) return;
    for (uint32_t i = 0; i < plan->graph->count; i++) {
        plan->blocks[i].first = 0;
        plan->blocks[i].last = plan->count;
    }
}

/* From so many bytes on, and so many more. */
#define SET_APART_LEAST ((size_t)256 << 10)
#define SET_APART       ((size_t)384)

/*
 * What is as large as a power of two lies one behind the other at multiples of it, and the same place of all of it in
 * the same set of a processor's caches: the columns of a step, which a recurrent layer reads of one tensor and writes
 * to another, would push each other out. Three times 128 bytes set eight tensors in a row 128 bytes apart or more, up
 * to multiples of 1 KiB.
 */
static void set_places_apart(soma_plan *plan) {
    if (plan->executor->device->info.kind != SOMA_DEVICE_CPU) return;
    for (uint32_t i = 0; i < plan->graph->count; i++)
        if (plan->blocks[i].size >= SET_APART_LEAST && plan->blocks[i].size <= SIZE_MAX - SET_APART)
            plan->blocks[i].size += SET_APART;
}

soma_status soma_plan_place(soma_plan *plan) {
    plan->blocks = soma_calloc(plan->graph->count, sizeof *plan->blocks);
    if (!plan->blocks) return soma_out_of_memory(plan->graph->count * sizeof *plan->blocks, "a plan");
    find_lifetimes(plan);
    place_constants(plan);
    keep_places_apart(plan);
    set_places_apart(plan);
    size_t alignment = plan->executor->device->info.alignment;
    SOMA_TRY(soma_place_blocks(plan->blocks, plan->graph->count, alignment, &plan->arena_bytes));
    SOMA_TRY(soma_settled_join(plan));
    SOMA_TRY(place_caches(plan));
    if (plan->constant_bytes == 0) return SOMA_OK;
    return soma_device_alloc(plan->executor->device, plan->constant_bytes, "constants", &plan->constants);
}
