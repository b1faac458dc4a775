/* SPDX-License-Identifier: MIT */
/* The executor: the device memory that all plans of a network share. */
#include "graph/plan.h"

#include <math.h>
#include <string.h>

size_t soma_executor_element(const soma_executor *executor) {
    return soma_dtype_size(executor->real);
}

size_t soma_executor_alignment(const soma_device *device, soma_dtype real) {
    return SOMA_MAX(device->info.alignment / soma_dtype_size(real), 1);
}

size_t soma_executor_tensor_bytes(const soma_executor *executor, size_t batch, const soma_tensor *tensor) {
    soma_dtype dtype = tensor->dtype == SOMA_F32 ? executor->real : tensor->dtype;
    return soma_tensor_full_count(tensor, batch) * soma_dtype_size(dtype);
}

static size_t buffer_bytes(const soma_executor *executor, size_t elements) {
    return SOMA_MAX(elements * soma_executor_element(executor), 64);
}

static void free_buffer(soma_executor *executor, void *memory, size_t elements) {
    soma_device_free(executor->device, memory, buffer_bytes(executor, elements));
}

static soma_status allocate(soma_executor *executor, size_t elements, const char *what, void **memory) {
    if (elements > SIZE_MAX / soma_executor_element(executor))
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "%zu elements of %s exceed every memory", elements, what);
    return soma_device_alloc(executor->device, buffer_bytes(executor, elements), what, memory);
}

/* A buffer of zeros; *memory is NULL where that fails. */
static soma_status allocate_zeros(soma_executor *executor, size_t elements, const char *what, void **memory) {
    SOMA_TRY(allocate(executor, elements, what, memory));
    soma_status status = soma_device_fill(executor->device, *memory, 0, 0, buffer_bytes(executor, elements));
    if (status == SOMA_OK) return SOMA_OK;
    free_buffer(executor, *memory, elements);
    *memory = NULL;
    return status;
}

static soma_status create(soma_device *device, soma_dtype real, size_t parameter_count, size_t decay_count, bool blank,
                          soma_executor **out) {
    *out = NULL;
    soma_executor *executor = soma_calloc(1, sizeof *executor);
    if (!executor) return soma_out_of_memory(sizeof *executor, "the executor");
    executor->device = device;
    executor->real = real;
    executor->parameter_count = parameter_count;
    executor->decay_count = decay_count;
    executor->trained_count = parameter_count;
    executor->generation = 1;
    soma_status status =
        (blank ? allocate : allocate_zeros)(executor, parameter_count, "parameters", &executor->parameters);
    if (status == SOMA_OK)
        status = allocate_zeros(executor, SOMA_ACCUMULATOR_SLOTS * 2, "accumulators", &executor->accumulators);
    if (status == SOMA_OK) status = allocate_zeros(executor, 2, "the gradient's norm", &executor->norm);
    if (status != SOMA_OK) {
        soma_executor_destroy(executor);
        return status;
    }
    *out = executor;
    return SOMA_OK;
}

soma_status soma_executor_create(soma_device *device, soma_dtype real, size_t parameter_count, size_t decay_count,
                                 soma_executor **out) {
    return create(device, real, parameter_count, decay_count, false, out);
}

soma_status soma_executor_create_blank(soma_device *device, soma_dtype real, size_t parameter_count, size_t decay_count,
                                       soma_executor **out) {
    return create(device, real, parameter_count, decay_count, true, out);
}

soma_status soma_executor_share(const soma_executor *source, soma_device *device, soma_executor **out) {
    soma_executor *executor = *out = soma_calloc(1, sizeof *executor);
    if (!executor) return soma_out_of_memory(sizeof *executor, "an executor");
    executor->device = device;
    executor->real = source->real;
    executor->parameter_count = source->parameter_count;
    executor->decay_count = source->decay_count;
    executor->trained_count = source->trained_count;
    executor->parameters = source->parameters;
    executor->source = source;
    executor->generation = 1;
    return SOMA_OK;
}

void soma_executor_destroy(soma_executor *executor) {
    if (!executor) return;
    if (!executor->source) free_buffer(executor, executor->parameters, executor->parameter_count);
    free_buffer(executor, executor->gradients, executor->trained_count);
    for (int i = 0; i < 2; i++) free_buffer(executor, executor->state[i], executor->trained_count);
    free_buffer(executor, executor->accumulators, SOMA_ACCUMULATOR_SLOTS * 2);
    free_buffer(executor, executor->norm, 2);
    soma_device_free(executor->device, executor->arena, executor->arena_bytes);
    soma_free(executor);
}

uint32_t soma_optimizer_states(soma_optimizer_kind kind) {
    static const uint8_t states[SOMA_OPTIMIZER_COUNT] = {
#define X(name, count) [SOMA_##name] = count,
        SOMA_OPTIMIZER_LIST(X)
#undef X
    };
    return states[kind];
}

soma_status soma_executor_reserve_training(soma_executor *executor, uint32_t state_count) {
    if (!executor->gradients)
        SOMA_TRY(allocate_zeros(executor, executor->trained_count, "gradients", &executor->gradients));
    while (executor->state_count < state_count) {
        SOMA_TRY(allocate_zeros(executor, executor->trained_count, "optimizer state",
                                &executor->state[executor->state_count]));
        executor->state_count++;
    }
    return SOMA_OK;
}

soma_status soma_executor_reserve_arena(soma_executor *executor, size_t bytes) {
    if (bytes <= executor->arena_bytes) return SOMA_OK;
    soma_device_free(executor->device, executor->arena, executor->arena_bytes);
    executor->arena = NULL;
    executor->arena_bytes = 0;
    executor->generation++;
    SOMA_TRY(soma_device_alloc(executor->device, bytes, "activations", &executor->arena));
    executor->arena_bytes = bytes;
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- access */

void soma_executor_parameters_change(soma_executor *executor) {
    executor->changes++;
}

soma_status soma_executor_write(soma_executor *executor, void *buffer, size_t offset, const float *values,
                                size_t count) {
    size_t element = soma_executor_element(executor);
    if (count == 0) return SOMA_OK;
    if (buffer == executor->parameters) soma_executor_parameters_change(executor);
    if (executor->real == SOMA_F32)
        return soma_device_write(executor->device, buffer, offset * element, values, count * element);
    double *wide = soma_calloc(count, sizeof *wide);
    if (!wide) return soma_out_of_memory(count * sizeof *wide, "a conversion to float64");
    for (size_t i = 0; i < count; i++) wide[i] = (double)values[i];
    soma_status status = soma_device_write(executor->device, buffer, offset * element, wide, count * element);
    soma_free(wide);
    return status;
}

soma_status soma_executor_read(soma_executor *executor, void *buffer, size_t offset, float *values, size_t count) {
    size_t element = soma_executor_element(executor);
    if (count == 0) return SOMA_OK;
    if (executor->real == SOMA_F32)
        return soma_device_read(executor->device, buffer, offset * element, values, count * element);
    double *wide = soma_calloc(count, sizeof *wide);
    if (!wide) return soma_out_of_memory(count * sizeof *wide, "a conversion from float64");
    soma_status status = soma_device_read(executor->device, buffer, offset * element, wide, count * element);
    for (size_t i = 0; status == SOMA_OK && i < count; i++) values[i] = (float)wide[i];
    soma_free(wide);
    return status;
}

soma_status soma_executor_clear_accumulators(soma_executor *executor) {
    return soma_device_fill(executor->device, executor->accumulators, 0, 0,
                            SOMA_ACCUMULATOR_SLOTS * 2 * soma_executor_element(executor));
}

/* The sum without what Kahan's method still owes it. A NaN loses its sign, which says nothing but would be printed. */
static double total_of(double sum, double owed) {
    double total = sum - owed;
    return isnan(total) ? (double)NAN : total;
}

soma_status soma_executor_read_accumulators(soma_executor *executor, double totals[SOMA_ACCUMULATOR_SLOTS]) {
    if (executor->real == SOMA_F64) {
        double pair[SOMA_ACCUMULATOR_SLOTS][2];
        SOMA_TRY(soma_device_read(executor->device, executor->accumulators, 0, pair, sizeof pair));
        for (int i = 0; i < SOMA_ACCUMULATOR_SLOTS; i++) totals[i] = total_of(pair[i][0], pair[i][1]);
        return SOMA_OK;
    }
    float pair[SOMA_ACCUMULATOR_SLOTS][2];
    SOMA_TRY(soma_device_read(executor->device, executor->accumulators, 0, pair, sizeof pair));
    for (int i = 0; i < SOMA_ACCUMULATOR_SLOTS; i++) totals[i] = total_of((double)pair[i][0], (double)pair[i][1]);
    return SOMA_OK;
}
