/* SPDX-License-Identifier: MIT */
/* Making a plan: lowering, asking the device, binding memory. */
#include "graph/plan_internal.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------------- lowering */

/* A gather call for each input comes first; soma_plan_set_feeds() fills them in. */
static soma_status lower_feeds(soma_plan *plan, soma_lowering *lowering) {
    for (uint32_t i = 0; i < lowering->graph->count; i++) {
        const soma_tensor *tensor = lowering->graph->tensor[i];
        if (tensor->op != SOMA_OP_INPUT) continue;
        soma_dtype dtype = tensor->dtype == SOMA_F32 ? lowering->executor->real : tensor->dtype;
        size_t shape[2] = {plan->batch, soma_tensor_count(tensor)};
        soma_view out = soma_view_of((void *)tensor, 0, dtype, 2, shape);
        SOMA_TRY(soma_lowering_push(lowering, tensor,
                                    soma_call_gather(soma_view_absent(), soma_view_absent(), out, 0, 1, 0)));
        plan->feed_count++;
    }
    return SOMA_OK;
}

/* When a tensor is made. */
typedef enum stage { IN_EACH_RUN, ONCE, WHEN_PARAMETERS_CHANGE } stage;

static stage stage_of(const soma_tensor *tensor) {
    if (tensor->op == SOMA_OP_FILL) return ONCE;
    return tensor->settled ? WHEN_PARAMETERS_CHANGE : IN_EACH_RUN;
}

static soma_status lower_all(soma_lowering *lowering, stage when) {
    for (uint32_t i = 0; i < lowering->graph->count; i++) {
        const soma_tensor *tensor = lowering->graph->tensor[i];
        soma_lower_rule *rule = soma_op_table[tensor->op]->lower;
        if (!rule || stage_of(tensor) != when) continue;
        char label[SOMA_SHAPE_TEXT];
        soma_status status = rule(lowering, tensor);
        if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", soma_tensor_label(tensor, label));
    }
    return SOMA_OK;
}

/* Order: gathers, the step, after it the constants, which run once when the plan is bound, and what is settled. */
static soma_status lower_graph(soma_plan *plan, soma_optimizer_kind optimizer) {
    soma_lowering lowering = {
        .graph = plan->graph, .executor = plan->executor, .batch = plan->batch, .optimizer = optimizer};
    soma_status status = soma_lowering_find_seconds(&lowering);
    if (status == SOMA_OK) status = lower_feeds(plan, &lowering);
    if (status == SOMA_OK) status = lower_all(&lowering, IN_EACH_RUN);
    plan->count = lowering.count;
    if (status == SOMA_OK) status = lower_all(&lowering, ONCE);
    plan->constant_count = lowering.count - plan->count;
    if (status == SOMA_OK) status = lower_all(&lowering, WHEN_PARAMETERS_CHANGE);
    plan->settled_count = lowering.count - plan->count - plan->constant_count;
    plan->calls = lowering.calls;
    plan->origin = lowering.origin;
    soma_free(lowering.second);
    return status;
}

/* Moves the sites out of the calls: until memory is bound, a view has none. */
static soma_status take_sites(soma_plan *plan) {
    size_t all = soma_plan_call_count(plan);
    plan->sites = soma_calloc(all, sizeof *plan->sites);
    if (!plan->sites) return soma_out_of_memory(all * sizeof *plan->sites, "a plan");
    for (size_t i = 0; i < all; i++)
        for (uint32_t j = 0; j < plan->calls[i].view_count; j++) {
            soma_view *view = &plan->calls[i].view[j];
            plan->sites[i].site[j] = view->memory;
            plan->sites[i].offset[j] = view->offset;
            view->memory = NULL;
        }
    plan->changes_parameters = soma_settled_is_changed_by(plan);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------ preparing */

static soma_status prepare(soma_plan *plan, size_t index) {
    soma_call *call = &plan->calls[index];
    size_t workspace = 0;
    char label[SOMA_SHAPE_TEXT];
    soma_status status = soma_device_prepare(plan->executor->device, call, &workspace);
    if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", soma_tensor_label(plan->origin[index], label));
    plan->workspace_bytes = SOMA_MAX(plan->workspace_bytes, workspace);
    return SOMA_OK;
}

static soma_status prepare_range(soma_plan *plan, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) SOMA_TRY(prepare(plan, i));
    return SOMA_OK;
}

static void release_range(soma_plan *plan, size_t first, size_t end) {
    plan->arranged = 0;
    for (size_t i = first; i < end; i++) {
        soma_device_release(plan->executor->device, &plan->calls[i]);
        for (uint32_t j = 0; j < plan->calls[i].view_count; j++) plan->calls[i].view[j].memory = NULL;
        plan->calls[i].workspace = NULL;
    }
}

static bool is_live(const soma_call *call) {
    return call->primitive == SOMA_PRIMITIVE_AUGMENT || call->primitive == SOMA_PRIMITIVE_DROPOUT ||
           call->primitive == SOMA_PRIMITIVE_MIX || call->primitive == SOMA_PRIMITIVE_OPTIMIZER ||
           call->primitive == SOMA_PRIMITIVE_OPTIMIZER_ROWS || soma_call_accumulates(call); /* an update in a product */
}

/* The calls whose parameters change from step to step, so that a run touches no others. */
static soma_status find_live(soma_plan *plan) {
    for (size_t i = plan->feed_count; i < plan->count; i++) plan->live_count += is_live(&plan->calls[i]);
    plan->live = soma_calloc(plan->live_count, sizeof *plan->live);
    if (!plan->live) return soma_out_of_memory(plan->live_count * sizeof *plan->live, "a plan");
    size_t found = 0;
    for (size_t i = plan->feed_count; i < plan->count; i++)
        if (is_live(&plan->calls[i])) plan->live[found++] = i;
    return SOMA_OK;
}

/* Every tensor's bytes must be a size_t, rounded up to the device's alignment too. */
static soma_status check_batch(const soma_plan *plan) {
    if (plan->batch == 0) return soma_error(SOMA_INVALID_ARGUMENT, "the batch size is 0, it must be at least 1");
    for (uint32_t i = 0; i < plan->graph->count; i++) {
        const soma_tensor *tensor = plan->graph->tensor[i];
        size_t most = (SIZE_MAX - plan->executor->device->info.alignment) / sizeof(double) / soma_tensor_count(tensor);
        char text[2][SOMA_SHAPE_TEXT];
        if (tensor->batched && plan->batch > most)
            return soma_error(SOMA_OUT_OF_DEVICE_MEMORY,
                              "a batch of %zu: %s %s has more elements than any memory has bytes", plan->batch,
                              soma_tensor_label(tensor, text[0]), soma_tensor_shape_text(tensor, text[1]));
    }
    return SOMA_OK;
}

soma_status soma_plan_create(soma_executor *executor, const soma_graph *graph, size_t batch,
                             soma_optimizer_kind optimizer, soma_plan **out) {
    *out = NULL;
    soma_plan *plan = soma_calloc(1, sizeof *plan);
    if (!plan) return soma_out_of_memory(sizeof *plan, "a plan");
    plan->executor = executor;
    plan->graph = graph;
    plan->batch = batch;
    plan->expected_runs = SIZE_MAX;
    soma_status status = check_batch(plan);
    if (status == SOMA_OK) status = lower_graph(plan, optimizer);
    if (status == SOMA_OK) status = take_sites(plan);
    if (status == SOMA_OK) status = soma_plan_place(plan);
    if (status == SOMA_OK) status = find_live(plan);
    if (status == SOMA_OK) status = prepare_range(plan, plan->feed_count, soma_plan_call_count(plan));
    if (status != SOMA_OK) {
        soma_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return SOMA_OK;
}

void soma_plan_destroy(soma_plan *plan) {
    if (!plan) return;
    if (plan->calls) release_range(plan, 0, soma_plan_call_count(plan));
    soma_settled_leave(plan);
    soma_device_free(plan->executor->device, plan->constants, plan->constant_bytes);
    soma_device_free(plan->executor->device, plan->caches, plan->cache_bytes);
    soma_free(plan->calls);
    soma_free(plan->origin);
    soma_free(plan->sites);
    soma_free(plan->blocks);
    soma_free(plan->loans);
    soma_free(plan->live);
    soma_free(plan);
}

/* -------------------------------------------------------------------------------------------------------- binding */

void soma_plan_locate(const soma_plan *plan, const soma_tensor *tensor, void **memory, size_t *offset) {
    const soma_tensor *root = soma_tensor_root(tensor);
    const soma_executor *executor = plan->executor;
    size_t element = soma_executor_element(executor);
    if (plan->loans && plan->loans[root->id].serial) {
        *memory = plan->loans[root->id].memory;
        *offset = plan->loans[root->id].offset;
    } else if (root->place == SOMA_PLACE_PARAMETER || root->place == SOMA_PLACE_GRADIENT) {
        *memory = root->place == SOMA_PLACE_PARAMETER ? executor->parameters : executor->gradients;
        *offset = root->offset * element;
    } else {
        *memory = root->op == SOMA_OP_FILL    ? plan->constants
                  : root->op == SOMA_OP_CACHE ? plan->caches
                  : root->settled             ? plan->settled->memory
                                              : executor->arena;
        *offset = plan->blocks[root->id].offset;
    }
}

static void *buffer_of(const soma_executor *executor, const void *site) {
    switch ((soma_site_kind)((const char *)site - soma_sites)) {
    case SOMA_SITE_PARAMETERS:
        return executor->parameters;
    case SOMA_SITE_GRADIENTS:
        return executor->gradients;
    case SOMA_SITE_STATE1:
        return executor->state[0];
    case SOMA_SITE_STATE2:
        return executor->state[1];
    case SOMA_SITE_NORM:
        return executor->norm;
    case SOMA_SITE_ACCUMULATORS:
        return executor->accumulators;
    default:
        return NULL;
    }
}

static void bind_call(soma_plan *plan, size_t index) {
    soma_call *call = &plan->calls[index];
    for (uint32_t j = 0; j < call->view_count; j++) {
        const void *site = plan->sites[index].site[j];
        size_t offset = 0;
        if (!site) continue; /* absent, or a feed's own memory */
        if (soma_site_is_buffer(site))
            call->view[j].memory = buffer_of(plan->executor, site);
        else
            soma_plan_locate(plan, site, &call->view[j].memory, &offset);
        call->view[j].offset = plan->sites[index].offset[j] + offset;
    }
    call->workspace = plan->executor->arena;
    call->workspace_offset = plan->arena_bytes;
}

static void bind_feeds(soma_plan *plan) {
    for (size_t i = 0; plan->fed && i < plan->feed_count; i++) {
        plan->calls[i].view[0].memory = plan->feeds[i].table;
        plan->calls[i].view[1].memory = plan->feeds[i].index;
    }
}

soma_status soma_plan_bind(soma_plan *plan) {
    soma_executor *executor = plan->executor;
    SOMA_TRY(soma_executor_reserve_arena(executor, plan->arena_bytes + plan->workspace_bytes));
    if (plan->generation == executor->generation) return SOMA_OK;
    size_t first = plan->fed ? 0 : plan->feed_count, end = soma_plan_call_count(plan);
    if (plan->generation != 0) { /* memory moved: what the device has prepared holds the old one */
        release_range(plan, first, end);
        SOMA_TRY(prepare_range(plan, first, end));
        /* Since it was tuned, the device may use other kernels, which may want more workspace. */
        SOMA_TRY(soma_executor_reserve_arena(executor, plan->arena_bytes + plan->workspace_bytes));
    }
    for (size_t i = first; i < end; i++) bind_call(plan, i);
    bind_feeds(plan);
    SOMA_TRY(soma_device_run(executor->device, plan->calls + plan->count, plan->constant_count));
    plan->generation = executor->generation;
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- loans */

static bool touches(const soma_plan *plan, size_t index, const soma_tensor *root) {
    for (uint32_t j = 0; j < plan->calls[index].view_count; j++) {
        const void *site = plan->sites[index].site[j];
        if (site && !soma_site_is_buffer(site) && soma_tensor_root(site) == root) return true;
    }
    return false;
}

/* The calls on this tensor get its memory anew; what the device has prepared holds the old one. */
static soma_status bind_again(soma_plan *plan, const soma_tensor *root) {
    for (size_t i = plan->feed_count; i < plan->count; i++) {
        if (!touches(plan, i, root)) continue;
        release_range(plan, i, i + 1);
        SOMA_TRY(prepare(plan, i));
        bind_call(plan, i);
    }
    /* As in soma_plan_bind(); where the arena moves, the next run binds all. */
    return soma_executor_reserve_arena(plan->executor, plan->arena_bytes + plan->workspace_bytes);
}

soma_status soma_plan_lend(soma_plan *plan, const soma_tensor *tensor, void *memory, size_t offset, uint64_t serial) {
    const soma_tensor *root = soma_tensor_root(tensor);
    if (!plan->loans && !memory) return SOMA_OK;
    if (!plan->loans) plan->loans = soma_calloc(plan->graph->count, sizeof *plan->loans);
    if (!plan->loans) return soma_out_of_memory(plan->graph->count * sizeof *plan->loans, "memory lent to a plan");
    soma_loan *loan = &plan->loans[root->id], now = {memory, offset, memory ? serial : 0};
    if (loan->serial == now.serial && loan->offset == offset) return SOMA_OK;
    *loan = now;
    if (plan->generation != plan->executor->generation) return SOMA_OK; /* the next run binds */
    soma_status status = bind_again(plan, root);
    if (status != SOMA_OK) plan->generation = UINT64_MAX; /* of no memory: all is prepared and bound at the next run */
    return status;
}

/* ---------------------------------------------------------------------------------------------------------- feeds */

static bool same_feeds(const soma_plan *plan, const soma_feed *feeds) {
    for (size_t i = 0; i < plan->feed_count; i++) {
        const soma_feed *a = &plan->feeds[i], *b = &feeds[i];
        if (a->table != b->table || a->offset != b->offset || a->dtype != b->dtype || a->rows != b->rows ||
            a->scale != b->scale || a->shift != b->shift || a->index != b->index || a->index_count != b->index_count)
            return false;
    }
    return plan->fed;
}

/* Describes gather number i, whose output view lowering has made. */
static void describe_feed(soma_plan *plan, size_t i, const soma_feed *feed) {
    soma_call *call = &plan->calls[i];
    size_t table[2] = {feed->rows, call->view[2].shape[1]};
    call->view[0] = soma_view_of(NULL, feed->offset, feed->dtype, 2, table);
    call->view[1] = feed->index ? soma_view_of(NULL, 0, SOMA_I32, 1, &feed->index_count) : soma_view_absent();
    call->params.gather = (soma_gather_params){0, feed->scale, feed->shift};
    plan->feeds[i] = *feed;
}

soma_status soma_plan_set_feeds(soma_plan *plan, const soma_feed *feeds, size_t count) {
    if (feeds && count != plan->feed_count)
        return soma_error(SOMA_INVALID_ARGUMENT, "the step has %zu inputs, got %zu feeds", plan->feed_count, count);
    if (feeds && count > SOMA_PLAN_MAX_FEEDS)
        return soma_error(SOMA_INVALID_ARGUMENT, "%zu inputs, at most %d are possible", count, SOMA_PLAN_MAX_FEEDS);
    if (feeds ? same_feeds(plan, feeds) : !plan->fed) return SOMA_OK;
    release_range(plan, 0, plan->feed_count);
    plan->fed = false;
    if (!feeds) return SOMA_OK;
    for (size_t i = 0; i < count; i++) describe_feed(plan, i, &feeds[i]);
    SOMA_TRY(prepare_range(plan, 0, count));
    SOMA_TRY(soma_executor_reserve_arena(plan->executor, plan->arena_bytes + plan->workspace_bytes));
    for (size_t i = 0; i < count; i++) bind_call(plan, i);
    plan->fed = true;
    bind_feeds(plan);
    return SOMA_OK;
}
