/* SPDX-License-Identifier: MIT */
/* Running a plan, and moving values between it and the host. */
#include "graph/plan_internal.h"
#include "graph/rewrites.h"

#include <math.h>
#include <string.h>

size_t soma_plan_batch(const soma_plan *plan) {
    return plan->batch;
}

soma_call *soma_plan_calls(soma_plan *plan, size_t *count) {
    *count = plan->count - plan->feed_count;
    return plan->calls + plan->feed_count;
}

const soma_tensor *soma_plan_call_tensor(const soma_plan *plan, size_t index) {
    return plan->origin[plan->feed_count + index];
}

void soma_plan_get_figures(const soma_plan *plan, soma_plan_figures *figures) {
    memset(figures, 0, sizeof *figures);
    figures->activation_bytes = plan->arena_bytes;
    figures->workspace_bytes = plan->workspace_bytes;
    figures->constant_bytes = plan->constant_bytes + plan->cache_bytes + (plan->settled ? plan->settled->bytes : 0);
    figures->calls = (uint32_t)plan->count;
    for (size_t i = 0; i < plan->count; i++)
        if (soma_call_is_product(&plan->calls[i])) figures->product_flops += soma_call_flops(&plan->calls[i]);
}

/* ------------------------------------------------------------------------------------------------------------ run */

/* Of OPTIMIZER and OPTIMIZER_ROWS, whose parameters begin with the same. What has a rate of its own takes the same
 * share of it as all else of the common one: a schedule is for all. Decay of its own is in place of the common one,
 * which biases have not. */
static void set_optimizer(soma_call *call, const soma_step_values *values, const soma_tensor *step, size_t decay_end) {
    soma_optimizer_params *params = &call->params.optimizer;
    const soma_optimizer_params fixed = *params;
    *params = values->optimizer;
    params->kind = fixed.kind;
    params->decay_count = fixed.decay_count;
    if (step->attributes.optimizer.rate > 0)
        params->learning_rate = (float)((double)step->attributes.optimizer.rate * values->rate_share);
    if (step->attributes.optimizer.start >= decay_end) params->l2 = params->l1 = params->decay = 0; /* biases */
    if (step->attributes.optimizer.own_l2) params->l2 = step->attributes.optimizer.l2;
    if (step->attributes.optimizer.own_l1) params->l1 = step->attributes.optimizer.l1;
}

/* The number of the first element of what begins with sample number `first`. */
static uint64_t first_element(const soma_tensor *tensor, size_t first) {
    return tensor->batched ? (uint64_t)first * soma_tensor_count(tensor) : 0;
}

static void set_live(soma_plan *plan, const soma_step_values *values) {
    for (size_t i = 0; plan->fed && i < plan->feed_count; i++) plan->calls[i].params.gather.start = values->start;
    for (size_t i = 0; i < plan->live_count; i++) {
        soma_call *call = &plan->calls[plan->live[i]];
        switch (call->primitive) {
        case SOMA_PRIMITIVE_AUGMENT:
            call->params.augment.step = values->step;
            call->params.augment.start = values->first;
            break;
        case SOMA_PRIMITIVE_DROPOUT:
            call->params.dropout.step = values->step;
            call->params.dropout.start = first_element(plan->origin[plan->live[i]], values->first);
            break;
        case SOMA_PRIMITIVE_MIX:
            call->params.mix = values->mix;
            call->params.mix.ahead %= SOMA_MAX(call->view[1].shape[0], 1);
            break;
        case SOMA_PRIMITIVE_GEMM:
            call->params.gemm.alpha = -values->optimizer.learning_rate;
            break;
        case SOMA_PRIMITIVE_CONV_WEIGHT_GRAD:
            call->params.conv.alpha = -values->optimizer.learning_rate;
            break;
        default:
            set_optimizer(call, values, plan->origin[plan->live[i]], plan->executor->decay_count);
        }
    }
}

void soma_plan_expect(soma_plan *plan, size_t runs) {
    if (runs > plan->expected_runs) plan->arranged = 0;
    plan->expected_runs = runs;
}

/* What is made of parameters is as they are now, or other plans will have to make it again. */
static soma_status begin_run(soma_plan *plan) {
    if (plan->changes_parameters) soma_executor_parameters_change(plan->executor);
    return soma_settled_make(plan);
}

/* Where part number `part` ends: behind the last call for a tensor before the pause. */
static size_t end_of_part(const soma_plan *plan, const soma_pauses *pauses, size_t part) {
    size_t end = plan->count;
    if (!pauses || part == pauses->count) return end;
    while (end > plan->feed_count && plan->origin[end - 1]->id > pauses->after[part]) end--;
    return end;
}

/* Calls become one launch on some devices, but never across a pause. */
static soma_status arrange(soma_plan *plan, size_t first, const soma_pauses *pauses, size_t parts) {
    if (plan->arranged == parts) return SOMA_OK;
    for (size_t part = 0, end; part < parts; part++, first = end) {
        end = end_of_part(plan, pauses, part);
        SOMA_TRY(soma_device_arrange(plan->executor->device, plan->calls + first, end - first, plan->expected_runs));
    }
    plan->arranged = parts;
    return SOMA_OK;
}

soma_status soma_plan_run_in_parts(soma_plan *plan, const soma_step_values *values, const soma_pauses *pauses) {
    if (plan->generation != plan->executor->generation) SOMA_TRY(soma_plan_bind(plan));
    size_t first = plan->fed ? 0 : plan->feed_count, parts = pauses ? pauses->count + 1 : 1;
    SOMA_TRY(arrange(plan, first, pauses, parts));
    SOMA_TRY(begin_run(plan));
    set_live(plan, values);
    for (size_t part = 0, end; part < parts; part++, first = end) {
        end = end_of_part(plan, pauses, part);
        SOMA_TRY(soma_device_run(plan->executor->device, plan->calls + first, end - first));
        if (part + 1 < parts) SOMA_TRY(pauses->function(pauses->context, plan, part));
    }
    return SOMA_OK;
}

soma_status soma_plan_run(soma_plan *plan, const soma_step_values *values) {
    return soma_plan_run_in_parts(plan, values, NULL);
}

/* ----------------------------------------------------------------------------------------------------- host access */

const soma_tensor *soma_plan_input(const soma_plan *plan, size_t number) {
    for (uint32_t i = 0; i < plan->graph->count; i++)
        if (plan->graph->tensor[i]->op == SOMA_OP_INPUT && number-- == 0) return plan->graph->tensor[i];
    return NULL;
}

static double host_value(const void *values, soma_dtype dtype, size_t i) {
    switch (dtype) {
    case SOMA_F32:
        return (double)((const float *)values)[i];
    case SOMA_F64:
        return ((const double *)values)[i];
    case SOMA_U8:
        return (double)((const uint8_t *)values)[i];
    default:
        return (double)((const int32_t *)values)[i];
    }
}

/* scale * value + shift in float32, as the devices' GATHER computes it, so that both ways give the same bits. */
static void convert_to(void *target, soma_dtype to, const void *values, soma_dtype from, size_t count, float scale,
                       float shift) {
    for (size_t i = 0; i < count; i++) {
        double value = host_value(values, from, i);
        float scaled = scale * (float)value + shift;
        if (to == SOMA_F32) ((float *)target)[i] = scaled;
        if (to == SOMA_F64) ((double *)target)[i] = (double)scale * value + (double)shift;
        if (to == SOMA_I32) ((int32_t *)target)[i] = (int32_t)value;
    }
}

/* Class numbers are whole; everything may become a real number. */
static bool converts(soma_dtype from, soma_dtype to) {
    return to == SOMA_I32 ? from == SOMA_I32 || from == SOMA_U8 : from < SOMA_DTYPE_COUNT;
}

soma_status soma_plan_write_input(soma_plan *plan, size_t input, const void *values, soma_dtype dtype, float scale,
                                  float shift) {
    const soma_tensor *tensor = soma_plan_input(plan, input);
    if (!tensor) return soma_error(SOMA_INVALID_ARGUMENT, "the step has no input number %zu", input);
    char label[SOMA_SHAPE_TEXT];
    if (!converts(dtype, tensor->dtype))
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s cannot become %s", soma_tensor_label(tensor, label),
                          soma_dtype_name(dtype), soma_dtype_name(tensor->dtype));
    SOMA_TRY(soma_plan_bind(plan));
    soma_dtype target = tensor->dtype == SOMA_F32 ? plan->executor->real : tensor->dtype;
    size_t count = soma_tensor_full_count(tensor, plan->batch), bytes = count * soma_dtype_size(target), offset;
    void *memory;
    soma_plan_locate(plan, tensor, &memory, &offset);
    if (target == dtype && scale == 1 && shift == 0)
        return soma_device_write(plan->executor->device, memory, offset, values, bytes);
    void *converted = soma_malloc(bytes);
    if (!converted) return soma_out_of_memory(bytes, "a batch of input");
    convert_to(converted, target, values, dtype, count, scale, shift);
    soma_status status = soma_device_write(plan->executor->device, memory, offset, converted, bytes);
    soma_free(converted);
    return status;
}

soma_status soma_plan_read(soma_plan *plan, const soma_tensor *tensor, float *values, size_t count) {
    char label[SOMA_SHAPE_TEXT];
    size_t have = soma_tensor_full_count(tensor, plan->batch), offset;
    if (count != have)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s has %zu values for a batch of %zu, asked for %zu",
                          soma_tensor_label(tensor, label), have, plan->batch, count);
    if (tensor->dtype != SOMA_F32)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s is %s, only float32 values can be read",
                          soma_tensor_label(tensor, label), soma_dtype_name(tensor->dtype));
    SOMA_TRY(soma_plan_bind(plan));
    void *memory;
    soma_plan_locate(plan, tensor, &memory, &offset);
    return soma_executor_read(plan->executor, memory, offset / soma_executor_element(plan->executor), values, count);
}

/* Reading costs devices a wait and, on a bus, a way back; so many bytes that lie together come as quickly as few. */
#define READ_TOGETHER 65536

/* What several tensors take of one memory. */
typedef struct span {
    void *memory;
    size_t begin, end; /* bytes */
    size_t tensors;
} span;

static bool add_to_span(span *all, const soma_plan *plan, const soma_tensor *tensor) {
    void *memory;
    size_t begin;
    soma_plan_locate(plan, tensor, &memory, &begin);
    const size_t end = begin + soma_tensor_full_count(tensor, plan->batch) * sizeof(float);
    if (all->tensors++ == 0) *all = (span){memory, begin, end, 1};
    all->begin = SOMA_MIN(all->begin, begin);
    all->end = SOMA_MAX(all->end, end);
    return memory == all->memory && tensor->dtype == SOMA_F32 && all->end - all->begin <= READ_TOGETHER;
}

/* Whether it pays to read these together, from where to where. What lies in the host's memory is there already. */
static bool lie_together(const soma_plan *plan, soma_tensor *const *tensors, float *const *values, size_t count,
                         span *all) {
    *all = (span){0};
    if (plan->executor->real != SOMA_F32 || plan->executor->device->info.kind == SOMA_DEVICE_CPU) return false;
    for (size_t i = 0; i < count; i++)
        if (values[i] && !add_to_span(all, plan, tensors[i])) return false;
    return all->tensors > 1;
}

static soma_status read_together(const soma_plan *plan, soma_tensor *const *tensors, float *const *values, size_t count,
                                 const span *all) {
    const size_t bytes = all->end - all->begin;
    unsigned char *read = soma_malloc(SOMA_MAX(bytes, (size_t)1));
    if (!read) return soma_out_of_memory(bytes, "outputs that are read together");
    soma_status status = soma_device_read(plan->executor->device, all->memory, all->begin, read, bytes);
    for (size_t i = 0; status == SOMA_OK && i < count; i++) {
        void *memory;
        size_t offset;
        if (!values[i]) continue;
        soma_plan_locate(plan, tensors[i], &memory, &offset);
        memcpy(values[i], read + (offset - all->begin),
               soma_tensor_full_count(tensors[i], plan->batch) * sizeof(float));
    }
    soma_free(read);
    return status;
}

soma_status soma_plan_read_several(soma_plan *plan, soma_tensor *const *tensors, float *const *values, size_t count) {
    span all;
    SOMA_TRY(soma_plan_bind(plan));
    if (lie_together(plan, tensors, values, count, &all)) return read_together(plan, tensors, values, count, &all);
    for (size_t i = 0; i < count; i++)
        if (values[i])
            SOMA_TRY(soma_plan_read(plan, tensors[i], values[i], soma_tensor_full_count(tensors[i], plan->batch)));
    return SOMA_OK;
}

soma_status soma_plan_exchange(soma_plan *plan, const soma_tensor *tensor, float *values, bool to_device) {
    soma_executor *executor = plan->executor;
    size_t offset, count = soma_tensor_full_count(tensor, plan->batch);
    void *memory;
    soma_plan_locate(plan, tensor, &memory, &offset);
    offset /= soma_executor_element(executor);
    return to_device ? soma_executor_write(executor, memory, offset, values, count)
                     : soma_executor_read(executor, memory, offset, values, count);
}

/* ------------------------------------------------------------------------------------------------- where it went bad
 */

static soma_status is_finite(soma_plan *plan, const soma_tensor *tensor, bool *finite) {
    *finite = true;
    if (tensor->dtype != SOMA_F32) return SOMA_OK;
    size_t count = soma_tensor_full_count(tensor, plan->batch);
    float *values = soma_calloc(count, sizeof *values);
    if (!values) return soma_out_of_memory(count * sizeof *values, "looking for values that are not finite");
    soma_status status = soma_plan_read(plan, tensor, values, count);
    for (size_t i = 0; status == SOMA_OK && i < count; i++)
        if (!isfinite(values[i])) *finite = false;
    soma_free(values);
    return status;
}

/* What call number `index` has written, a loss before its gradient; a tensor that further calls write too (a
 * concatenation) waits for the last. */
static soma_status find_bad_result(soma_plan *plan, size_t index, const soma_tensor **bad) {
    const soma_call *call = &plan->calls[index];
    if (index + 1 < plan->count && plan->origin[index + 1] == plan->origin[index]) return SOMA_OK;
    for (uint32_t i = 0; i < call->view_count; i++) {
        const void *site = plan->sites[index].site[i];
        bool finite = true;
        if (site && !soma_site_is_buffer(site) && soma_call_writes(call, i)) SOMA_TRY(is_finite(plan, site, &finite));
        if (!finite && (!*bad || soma_tensor_is_loss(site))) *bad = site;
    }
    return SOMA_OK;
}

soma_status soma_plan_find_not_finite(soma_plan *plan, const soma_step_values *values, const soma_tensor **bad) {
    *bad = NULL;
    SOMA_TRY(soma_plan_bind(plan));
    SOMA_TRY(begin_run(plan));
    set_live(plan, values);
    for (uint32_t i = 0; i < plan->graph->count; i++) {
        const soma_tensor *tensor = plan->graph->tensor[i];
        bool finite;
        if (tensor->op != SOMA_OP_PARAMETER && (tensor->op != SOMA_OP_INPUT || plan->fed)) continue;
        SOMA_TRY(is_finite(plan, tensor, &finite));
        if (!finite) return *bad = tensor, SOMA_OK;
    }
    for (size_t i = plan->fed ? 0 : plan->feed_count; i < plan->count && !*bad; i++) {
        if (plan->origin[i]->op == SOMA_OP_OPTIMIZER) break;
        SOMA_TRY(soma_device_run(plan->executor->device, &plan->calls[i], 1));
        SOMA_TRY(find_bad_result(plan, i, bad));
    }
    return SOMA_OK;
}
