/* SPDX-License-Identifier: MIT */
/* Where the tensors of a plan lie: how long each lives, what has memory of its own, and offsets in the arena for all
 * others. */
#include "graph/plan_internal.h"
#include "kernels/recurrent_call.h"

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

/*
 * What a call writes over what it is the last to read, where the device can: see soma_recurrent_params. It saves the
 * memory, and the way of as many bytes through it.
 */
typedef struct overwriting {
    soma_primitive primitive;
    uint32_t read, written; /* views; both absent or of one size */
} overwriting;
static const overwriting overwritings[] = {{SOMA_PRIMITIVE_RECURRENT, RECURRENT_X, RECURRENT_GATES},
                                           {SOMA_PRIMITIVE_RECURRENT_GRAD, RECURRENT_GRAD_GATES, RECURRENT_GRAD_DX}};

/* The tensor that is the whole of this view, and none of the call's others; NULL where there is none in the arena. */
static const soma_tensor *whole_of_view(const soma_plan *plan, size_t index, uint32_t view) {
    const soma_call_sites *sites = &plan->sites[index];
    const void *site = sites->site[view];
    if (!site || soma_site_is_buffer(site) || sites->offset[view] != 0) return NULL;
    const soma_tensor *root = soma_tensor_root(site);
    for (uint32_t j = 0; j < plan->calls[index].view_count; j++)
        if (j != view && sites->site[j] && !soma_site_is_buffer(sites->site[j]) &&
            soma_tensor_root(sites->site[j]) == root)
            return NULL;
    return root->op == SOMA_OP_INPUT || root->op == SOMA_OP_FILL ? NULL : root;
}

/* within[i]: 1 + the block in whose place tensor i lies, having no size of its own; or 0. */
static void overwrite(soma_plan *plan, size_t index, const overwriting *views, uint32_t *within) {
    const soma_tensor *read = whole_of_view(plan, index, views->read),
                      *written = whole_of_view(plan, index, views->written);
    if (!read || !written) return;
    /* What was itself put over another lies in that one's place. */
    const uint32_t at = within[read->id] ? within[read->id] - 1 : read->id;
    soma_block *block = &plan->blocks[written->id], *place = &plan->blocks[at];
    const size_t size = soma_executor_tensor_bytes(plan->executor, plan->batch, written);
    if (place->size != size || block->size != size || place->last != index || block->first != index) return;
    place->last = block->last;
    block->size = 0;
    within[written->id] = at + 1;
}

static void find_overwritten(soma_plan *plan, uint32_t *within) {
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(overwritings); j++)
            if (plan->calls[i].primitive == overwritings[j].primitive &&
                plan->calls[i].params.recurrent.kind == SOMA_RECURRENT_LSTM &&
                soma_device_combines(plan->executor->device, overwritings[j].primitive))
                overwrite(plan, i, &overwritings[j], within);
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

/* Lifetimes, and offsets in the arena. */
static soma_status place_activations(soma_plan *plan, uint32_t *within) {
    const uint32_t count = plan->graph->count;
    find_lifetimes(plan);
    find_overwritten(plan, within);
    place_constants(plan);
    keep_places_apart(plan);
    set_places_apart(plan);
    SOMA_TRY(soma_place_blocks(plan->blocks, count, plan->executor->device->info.alignment, &plan->arena_bytes));
    for (uint32_t i = 0; i < count; i++)
        if (within[i]) plan->blocks[i].offset = plan->blocks[within[i] - 1].offset;
    return SOMA_OK;
}

soma_status soma_plan_place(soma_plan *plan) {
    const size_t count = plan->graph->count;
    plan->blocks = soma_calloc(count, sizeof *plan->blocks);
    uint32_t *within = soma_calloc(count, sizeof *within);
    soma_status status = plan->blocks && within ? place_activations(plan, within)
                                                : soma_out_of_memory(count * sizeof *plan->blocks, "a plan");
    soma_free(within);
    SOMA_TRY(status);
    SOMA_TRY(soma_settled_join(plan));
    SOMA_TRY(place_caches(plan));
    if (plan->constant_bytes == 0) return SOMA_OK;
    return soma_device_alloc(plan->executor->device, plan->constant_bytes, "constants", &plan->constants);
}
