/* SPDX-License-Identifier: MIT */
/* Taking and restoring copies of the flat parameter and state buffers. */
#include "train/snapshot.h"

#include <string.h>

soma_status soma_snapshot_open(soma_compiled *compiled, soma_snapshot_extent extent, soma_snapshot *snapshot) {
    const soma_executor *executor = compiled->executor;
    memset(snapshot, 0, sizeof *snapshot);
    snapshot->compiled = compiled;
    snapshot->extent = extent;
    snapshot->buffer_count = extent == SOMA_SNAPSHOT_STATE ? 1 + executor->state_count : 1;
    for (uint32_t i = 0; i < snapshot->buffer_count; i++) {
        size_t count = i == 0 ? executor->parameter_count : executor->trained_count;
        size_t bytes = snapshot->bytes[i] = count * soma_executor_element(executor);
        snapshot->buffer[i] = soma_malloc(SOMA_MAX(bytes, 1));
        if (snapshot->buffer[i]) continue;
        soma_snapshot_close(snapshot);
        return soma_out_of_memory(bytes, "a copy of the weights");
    }
    return SOMA_OK;
}

void soma_snapshot_close(soma_snapshot *snapshot) {
    for (uint32_t i = 0; i < SOMA_COUNT_OF(snapshot->buffer); i++) soma_free(snapshot->buffer[i]);
    memset(snapshot, 0, sizeof *snapshot);
}

static void *buffer_on_device(const soma_executor *executor, uint32_t i) {
    return i == 0 ? executor->parameters : executor->state[i - 1];
}

soma_status soma_snapshot_take(soma_snapshot *snapshot) {
    const soma_compiled *compiled = snapshot->compiled;
    snapshot->step = compiled->step;
    snapshot->base_rate = compiled->optimizer.learning_rate;
    snapshot->learning_rate = compiled->learning_rate;
    snapshot->plateau_factor = compiled->plateau_factor;
    for (uint32_t i = 0; i < snapshot->buffer_count; i++)
        SOMA_TRY(soma_device_read(compiled->device, buffer_on_device(compiled->executor, i), 0, snapshot->buffer[i],
                                  snapshot->bytes[i]));
    return SOMA_OK;
}

soma_status soma_snapshot_restore(const soma_snapshot *snapshot) {
    soma_compiled *compiled = snapshot->compiled;
    if (snapshot->extent == SOMA_SNAPSHOT_STATE) {
        compiled->step = snapshot->step;
        compiled->optimizer.learning_rate = snapshot->base_rate;
        compiled->learning_rate = snapshot->learning_rate;
        compiled->plateau_factor = snapshot->plateau_factor;
    }
    soma_executor_parameters_change(compiled->executor);
    for (uint32_t i = 0; i < snapshot->buffer_count; i++)
        SOMA_TRY(soma_device_write(compiled->device, buffer_on_device(compiled->executor, i), 0, snapshot->buffer[i],
                                   snapshot->bytes[i]));
    return SOMA_OK;
}
