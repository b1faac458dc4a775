/* SPDX-License-Identifier: MIT */
/* Batches of a data set, from device memory where it fits, else from the host. */
#include "train/batches.h"

#include "base/random.h"

#include <string.h>

static size_t row_bytes(const soma_source *source) {
    return source->width * soma_dtype_size(source->dtype);
}

/* ------------------------------------------------------------------------------------------------------- order */

/* The data set's own order. */
static void reset_order(soma_batches *batches) {
    const soma_dataset *dataset = batches->dataset;
    if (dataset->rows)
        memcpy(batches->order, dataset->rows, dataset->samples * sizeof *batches->order);
    else
        for (size_t i = 0; i < dataset->samples; i++) batches->order[i] = (int32_t)i;
}

static soma_status write_index(soma_batches *batches) {
    if (!batches->index) return SOMA_OK;
    return soma_device_write(batches->device, batches->index, 0, batches->order,
                             batches->dataset->samples * sizeof *batches->order);
}

soma_status soma_batches_shuffle(soma_batches *batches, uint64_t seed, uint64_t number) {
    soma_random random;
    soma_random_init(&random, seed, SOMA_STREAM_SHUFFLE);
    /* A shuffle draws two words per sample, and there are fewer than 2^31 of them: so no two numbers share a word. */
    random.counter = number << 32;
    reset_order(batches);
    soma_random_shuffle(&random, batches->order, batches->dataset->samples);
    return write_index(batches);
}

size_t soma_batches_row(const soma_batches *batches, size_t index) {
    return batches->order ? (size_t)batches->order[index] : index;
}

/* -------------------------------------------------------------------------------------------------- residence */

/* A column of the same storage that other batches already have on the device. */
static bool borrow_column(soma_batches *batches, uint32_t i, const soma_batches *shared) {
    if (!shared || !shared->resident || shared->dataset->storage != batches->dataset->storage) return false;
    for (uint32_t j = 0; j < shared->source_count; j++) {
        if (shared->source[j].data != batches->source[i].data) continue;
        batches->column[i].memory = shared->column[j].memory;
        batches->column[i].borrowed = true;
        return true;
    }
    return false;
}

static soma_status bring_column(soma_batches *batches, uint32_t i) {
    const soma_source *source = &batches->source[i];
    size_t bytes = row_bytes(source) * batches->dataset->storage->rows;
    soma_status status = soma_device_wrap(batches->device, source->data, bytes, &batches->column[i].memory);
    if (status != SOMA_UNSUPPORTED) return status;
    /* An eighth of the memory stays free: for plans of other batch sizes, and for copies of the weights. */
    uint64_t all = soma_device_memory_in_all(batches->device);
    soma_device_memory memory;
    soma_device_get_memory(batches->device, &memory); /* sessions in other threads may be allocating */
    uint64_t used = memory.allocated, reserve = all / 8;
    if (used + reserve > all || bytes > all - used - reserve)
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the data set does not fit into the device's memory");
    SOMA_TRY(soma_device_alloc(batches->device, bytes, "the data set", &batches->column[i].memory));
    batches->column[i].bytes = bytes;
    return soma_device_write(batches->device, batches->column[i].memory, 0, source->data, bytes);
}

static soma_status bring_index(soma_batches *batches) {
    if (!batches->order) return SOMA_OK;
    size_t bytes = batches->dataset->samples * sizeof *batches->order;
    SOMA_TRY(soma_device_alloc(batches->device, bytes, "the order of the samples", &batches->index));
    return write_index(batches);
}

static soma_status bring_to_device(soma_batches *batches, const soma_batches *shared) {
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; status == SOMA_OK && i < batches->source_count; i++)
        if (!borrow_column(batches, i, shared)) status = bring_column(batches, i);
    if (status == SOMA_OK) status = bring_index(batches);
    batches->resident = status == SOMA_OK;
    return status;
}

static void leave_device(soma_batches *batches) {
    for (uint32_t i = 0; i < batches->source_count; i++)
        if (!batches->column[i].borrowed)
            soma_device_free(batches->device, batches->column[i].memory, batches->column[i].bytes);
    memset(batches->column, 0, sizeof batches->column);
    soma_device_free(batches->device, batches->index, batches->dataset->samples * sizeof *batches->order);
    batches->index = NULL;
    batches->resident = false;
}

/* ------------------------------------------------------------------------------------------------ open and close */

static soma_status make_order(soma_batches *batches, bool shuffle) {
    const soma_dataset *dataset = batches->dataset;
    if (!dataset->rows && !shuffle) return SOMA_OK;
    batches->order = soma_realloc(NULL, dataset->samples, sizeof *batches->order);
    if (!batches->order)
        return soma_out_of_memory(dataset->samples * sizeof *batches->order, "the order of the samples");
    reset_order(batches);
    return SOMA_OK;
}

static soma_status make_staging(soma_batches *batches, size_t batch) {
    size_t widest = 0, bytes;
    if (!batches->order) return SOMA_OK; /* rows that follow each other are written from where they are */
    for (uint32_t i = 0; i < batches->source_count; i++) widest = SOMA_MAX(widest, row_bytes(&batches->source[i]));
    batches->staging = soma_multiply_size(widest, batch, &bytes) ? soma_malloc(bytes) : NULL;
    return batches->staging ? SOMA_OK : soma_out_of_memory(bytes, "a batch");
}

soma_status soma_batches_open(soma_device *device, const soma_dataset *dataset, const soma_match *match,
                              const soma_batches_options *options, soma_batches *batches) {
    memset(batches, 0, sizeof *batches);
    batches->device = device;
    batches->dataset = dataset;
    memcpy(batches->source, match->source, sizeof batches->source);
    batches->source_count = match->source_count;
    soma_status status = make_order(batches, options->shuffle);
    if (status == SOMA_OK && !options->on_host) {
        status = bring_to_device(batches, options->shared);
        if (status == SOMA_OUT_OF_DEVICE_MEMORY) {
            leave_device(batches);
            soma_log(SOMA_LOG_INFO, "%s; batches are sent one by one", soma_last_error());
            status = SOMA_OK;
        }
    }
    if (status == SOMA_OK && !batches->resident) status = make_staging(batches, options->batch);
    if (status != SOMA_OK) soma_batches_close(batches);
    return status;
}

void soma_batches_close(soma_batches *batches) {
    if (!batches->device) return;
    leave_device(batches);
    soma_free(batches->order);
    soma_free(batches->staging);
    memset(batches, 0, sizeof *batches);
}

/* ------------------------------------------------------------------------------------------------------ feeding */

soma_status soma_batches_attach(const soma_batches *batches, soma_plan *plan) {
    if (!batches->resident) return soma_plan_set_feeds(plan, NULL, 0);
    soma_feed feeds[SOMA_MAX_SOURCES];
    for (uint32_t i = 0; i < batches->source_count; i++) {
        const soma_source *source = &batches->source[i];
        feeds[i] = (soma_feed){.table = batches->column[i].memory,
                               .dtype = source->dtype,
                               .rows = batches->dataset->storage->rows,
                               .scale = source->scale,
                               .shift = source->shift,
                               .index = batches->index,
                               .index_count = batches->dataset->samples};
    }
    return soma_plan_set_feeds(plan, feeds, batches->source_count);
}

/* The rows of a batch one after the other: in place where they are so already. */
static const void *collect_rows(soma_batches *batches, const soma_source *source, size_t start, size_t count) {
    size_t bytes = row_bytes(source);
    const char *data = source->data;
    if (!batches->order) return data + start * bytes;
    char *next = batches->staging;
    for (size_t i = 0; i < count; i++, next += bytes)
        memcpy(next, data + (size_t)batches->order[start + i] * bytes, bytes);
    return batches->staging;
}

soma_status soma_batches_load(soma_batches *batches, soma_plan *plan, size_t start) {
    if (batches->resident) return SOMA_OK;
    for (uint32_t i = 0; i < batches->source_count; i++) {
        const soma_source *source = &batches->source[i];
        const void *rows = collect_rows(batches, source, start, soma_plan_batch(plan));
        SOMA_TRY(soma_plan_write_input(plan, i, rows, source->dtype, source->scale, source->shift));
    }
    return SOMA_OK;
}
