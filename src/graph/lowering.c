/* SPDX-License-Identifier: MIT */
/* Tensors as views, and the list of calls that the ops' rules make. */
#include "graph/lowering.h"

const char soma_sites[SOMA_SITE_COUNT];

bool soma_site_is_buffer(const void *site) {
    for (int i = 0; i < SOMA_SITE_COUNT; i++)
        if (site == &soma_sites[i]) return true;
    return false;
}

/* ----------------------------------------------------------------------------------------------------------- views */

static soma_dtype dtype_of(const soma_lowering *lowering, const soma_tensor *tensor) {
    return tensor->dtype == SOMA_F32 ? lowering->executor->real : tensor->dtype;
}

soma_view soma_lowering_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_full_shape(tensor, lowering->batch, shape);
    return soma_view_of((void *)tensor, 0, dtype_of(lowering, tensor), rank, shape);
}

soma_view soma_lowering_flat(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_view(lowering, tensor);
    return soma_view_flat(&view);
}

soma_view soma_lowering_rows(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_view(lowering, tensor);
    size_t shape[2] = {tensor->batched ? lowering->batch : 1, soma_tensor_count(tensor)};
    return soma_view_reshape(&view, 2, shape);
}

soma_view soma_lowering_axis(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t axis) {
    return soma_lowering_axes(lowering, tensor, axis, 1);
}

soma_view soma_lowering_axes(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t axis, uint32_t count) {
    soma_view view = soma_lowering_view(lowering, tensor);
    size_t shape[3] = {1, 1, 1};
    for (uint32_t i = 0; i < view.rank; i++) shape[(i >= axis) + (i >= axis + count)] *= view.shape[i];
    return soma_view_reshape(&view, 3, shape);
}

soma_view soma_lowering_site(const soma_lowering *lowering, soma_site_kind site, uint32_t rank, const size_t *shape) {
    return soma_view_of((void *)&soma_sites[site], 0, lowering->executor->real, rank, shape);
}

soma_view soma_lowering_optional(const soma_lowering *lowering, bool present, const soma_tensor *tensor) {
    return present ? soma_lowering_flat(lowering, tensor) : soma_view_absent();
}

soma_view soma_lowering_target(const soma_lowering *lowering, const soma_tensor *target) {
    return target->dtype == SOMA_I32 ? soma_lowering_flat(lowering, target) : soma_lowering_rows(lowering, target);
}

/* ----------------------------------------------------------------------------------------------------------- calls */

soma_status soma_lowering_push(soma_lowering *lowering, const soma_tensor *origin, soma_call call) {
    if (lowering->count == lowering->capacity) {
        size_t capacity = lowering->capacity ? 2 * lowering->capacity : 32;
        soma_call *calls = soma_realloc(lowering->calls, capacity, sizeof *calls);
        if (calls) lowering->calls = calls;
        const soma_tensor **origins = soma_realloc(lowering->origin, capacity, sizeof *origins);
        if (origins) lowering->origin = origins;
        if (!calls || !origins) return soma_out_of_memory(capacity * sizeof *calls, "the list of calls");
        lowering->capacity = capacity;
    }
    lowering->calls[lowering->count] = call;
    lowering->origin[lowering->count++] = origin;
    return SOMA_OK;
}

soma_status soma_lowering_find_seconds(soma_lowering *lowering) {
    const soma_graph *graph = lowering->graph;
    lowering->second = soma_calloc(3 * graph->count, sizeof(soma_tensor *));
    if (!lowering->second) return soma_out_of_memory(3 * graph->count * sizeof(soma_tensor *), "a plan");
    lowering->third = lowering->second + graph->count;
    lowering->fourth = lowering->third + graph->count;
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->op == SOMA_OP_SECOND) lowering->second[tensor->input[0]->id] = tensor;
        if (tensor->op == SOMA_OP_THIRD) lowering->third[tensor->input[0]->id] = tensor;
        if (tensor->op == SOMA_OP_FOURTH) lowering->fourth[tensor->input[0]->id] = tensor;
    }
    return SOMA_OK;
}
