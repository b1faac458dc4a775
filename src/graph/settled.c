/* SPDX-License-Identifier: MIT */
/*
 * What a graph makes of parameters alone: weights into which a normalisation has been folded, or that a model file
 * turns and joins before it uses them. It is the same in each run until parameters change, so it stays in memory of its
 * own; what only other such values are made of shares its place. The executor counts how often parameters change: by
 * soma_executor_write(), by plans that write them, and by who restores a copy of all; a session looks at the count of
 * the executor whose parameters it has.
 */
#include "graph/plan_internal.h"

static uint64_t changes_of(const soma_executor *executor) {
    return executor->source ? executor->source->changes : executor->changes;
}

static soma_status create(soma_executor *executor, const soma_graph *graph, size_t bytes, soma_settled **out) {
    soma_settled *settled = *out = soma_calloc(1, sizeof *settled);
    if (!settled) return soma_out_of_memory(sizeof *settled, "a plan");
    settled->graph = graph;
    settled->bytes = bytes;
    soma_status status = soma_device_alloc(executor->device, bytes, "what is made of weights", &settled->memory);
    if (status != SOMA_OK) {
        soma_free(settled);
        return status;
    }
    settled->next = executor->settled;
    executor->settled = settled;
    return SOMA_OK;
}

/* From its making to its last use among what is settled, too; for good, if others read it. */
static void find_lives(const soma_plan *plan, soma_block *blocks) {
    const soma_graph *graph = plan->graph;
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *tensor = graph->tensor[i];
        if (tensor->settled && soma_tensor_root(tensor) == tensor)
            blocks[i] = (soma_block){soma_executor_tensor_bytes(plan->executor, plan->batch, tensor), i, i, 0};
        for (uint32_t j = 0; tensor->op != SOMA_OP_RESHAPE && j < tensor->input_count; j++) {
            soma_block *input = &blocks[soma_tensor_root(tensor->input[j])->id];
            input->last = SOMA_MAX(input->last, (size_t)(tensor->settled ? i : graph->count));
        }
    }
}

/* The shapes have no batch in them: each plan of the graph finds the same places. */
static soma_status place(soma_plan *plan, size_t *bytes) {
    const uint32_t count = plan->graph->count;
    soma_block *blocks = soma_calloc(count, sizeof *blocks);
    *bytes = 0;
    if (!blocks) return soma_out_of_memory(count * sizeof *blocks, "a plan");
    find_lives(plan, blocks);
    soma_status status = soma_place_blocks(blocks, count, plan->executor->device->info.alignment, bytes);
    for (uint32_t i = 0; i < count; i++)
        if (blocks[i].size) plan->blocks[i].offset = blocks[i].offset;
    soma_free(blocks);
    return status;
}

soma_status soma_settled_join(soma_plan *plan) {
    soma_settled *settled = plan->executor->settled;
    size_t bytes;
    SOMA_TRY(place(plan, &bytes));
    if (bytes == 0) return SOMA_OK;
    while (settled && settled->graph != plan->graph) settled = settled->next;
    if (!settled) SOMA_TRY(create(plan->executor, plan->graph, bytes, &settled));
    settled->plans++;
    plan->settled = settled;
    return SOMA_OK;
}

void soma_settled_leave(soma_plan *plan) {
    soma_settled *settled = plan->settled, **link = &plan->executor->settled;
    if (!settled || --settled->plans) return;
    while (*link != settled) link = &(*link)->next;
    *link = settled->next;
    soma_device_free(plan->executor->device, settled->memory, settled->bytes);
    soma_free(settled);
}

soma_status soma_settled_make(soma_plan *plan) {
    soma_settled *settled = plan->settled;
    const uint64_t changes = changes_of(plan->executor);
    if (!settled || (settled->made && settled->changes == changes)) return SOMA_OK;
    settled->made = false;
    SOMA_TRY(
        soma_device_run(plan->executor->device, plan->calls + plan->count + plan->constant_count, plan->settled_count));
    settled->made = true;
    settled->changes = changes;
    return SOMA_OK;
}

static bool is_parameter(const void *site) {
    if (!site) return false;
    if (soma_site_is_buffer(site)) return site == &soma_sites[SOMA_SITE_PARAMETERS];
    return soma_tensor_root(site)->place == SOMA_PLACE_PARAMETER;
}

bool soma_settled_is_changed_by(const soma_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        const soma_call *call = &plan->calls[i];
        if (call->primitive == SOMA_PRIMITIVE_NORMALIZE && call->params.normalize.given) continue; /* figures stay */
        for (uint32_t j = 0; j < call->view_count; j++)
            if (soma_call_writes(call, j) && is_parameter(plan->sites[i].site[j])) return true;
    }
    return false;
}
