/* SPDX-License-Identifier: MIT */
/* Batches that are sent to the device while it works on those before. */
#include "train/feeder.h"

#include <string.h>

size_t soma_source_row_bytes(const soma_source *source) {
    return source->width * soma_dtype_size(source->dtype);
}

void soma_source_collect(const soma_source *source, const int32_t *order, size_t start, size_t count, void *rows) {
    size_t bytes = soma_source_row_bytes(source);
    const char *data = source->data;
    char *next = rows;
    if (!order) {
        memcpy(next, data + start * bytes, count * bytes);
        return;
    }
    for (size_t i = 0; i < count; i++, next += bytes) memcpy(next, data + (size_t)order[start + i] * bytes, bytes);
}

bool soma_feeder_room(const soma_device *device, uint64_t bytes) {
    uint64_t all = soma_device_memory_in_all(device), reserve = all / 8;
    soma_device_memory memory;
    soma_device_get_memory(device, &memory); /* sessions in other threads may be allocating */
    return memory.allocated <= all - reserve && bytes <= all - reserve - memory.allocated;
}

/* Places the columns; false where they are more than memory can hold. */
static bool lay_out(soma_feeder *feeder, size_t alignment, size_t *bytes) {
    *bytes = 0;
    for (uint32_t i = 0; i < feeder->source_count; i++) {
        size_t column;
        feeder->offset[i] = *bytes;
        if (!soma_multiply_size(soma_source_row_bytes(&feeder->source[i]), feeder->batch, &column) ||
            column > SIZE_MAX - alignment || !soma_add_size(*bytes, soma_round_up(column, alignment), bytes))
            return false;
    }
    return true;
}

soma_status soma_feeder_open(soma_device *device, const soma_source *source, uint32_t source_count, size_t batch,
                             soma_feeder *feeder) {
    size_t bytes;
    *feeder = (soma_feeder){.source = source, .source_count = source_count, .batch = batch};
    if (!lay_out(feeder, device->info.alignment, &bytes) || !soma_feeder_room(device, soma_upload_room(bytes)))
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the device has no room for batches that are on their way");
    return soma_upload_open(device, bytes, "a batch that is on its way", &feeder->upload);
}

void soma_feeder_close(soma_feeder *feeder) {
    soma_upload_close(&feeder->upload);
    memset(feeder, 0, sizeof *feeder);
}

void soma_feeder_forget(soma_feeder *feeder) {
    feeder->loaded = false;
}

static soma_status collect(soma_feeder *feeder, const int32_t *order, size_t start, size_t count) {
    void *host;
    feeder->loaded = false;
    SOMA_TRY(soma_upload_begin(&feeder->upload, &host));
    for (uint32_t i = 0; i < feeder->source_count; i++)
        soma_source_collect(&feeder->source[i], order, start, count, (char *)host + feeder->offset[i]);
    feeder->start = start;
    feeder->count = count;
    return SOMA_OK;
}

static soma_status send(soma_feeder *feeder) {
    SOMA_TRY(soma_upload_send(&feeder->upload));
    feeder->loaded = true;
    return SOMA_OK;
}

soma_status soma_feeder_load(soma_feeder *feeder, const int32_t *order, size_t start, size_t count) {
    if (feeder->loaded && feeder->start == start && feeder->count == count) return SOMA_OK;
    SOMA_TRY(collect(feeder, order, start, count));
    return send(feeder);
}

soma_status soma_feeder_load_ahead(soma_feeder *feeder, const int32_t *order, size_t start, size_t count) {
    SOMA_TRY(collect(feeder, order, start, count));
    (void)send(feeder);
    return SOMA_OK;
}
