/* SPDX-License-Identifier: MIT */
/* Batches of a data set, from device memory where it fits, else from the host. */
#include "train/batches.h"

#include "base/random.h"

#include <inttypes.h>
#include <string.h>

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
    soma_feeder_forget(&batches->feeder);
    return write_index(batches);
}

size_t soma_batches_row(const soma_batches *batches, size_t index) {
    return batches->order ? (size_t)batches->order[index] : index;
}

/* -------------------------------------------------------------------------------------------------- residence */

static bool is_resident(const soma_batches *batches) {
    return batches && batches->way == SOMA_BATCHES_RESIDENT;
}

/* So many bytes more are about to lie where the device reads them: the limit that was set for that counts them all. */
static soma_status claim(soma_batches *batches, size_t bytes) {
    uint64_t limit = soma_device_data_memory(batches->device);
    if (batches->data_bytes > limit || bytes > limit - batches->data_bytes)
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "they take more than the %" PRIu64 " bytes set for data", limit);
    batches->data_bytes += bytes;
    return SOMA_OK;
}

/* A column of the same storage that other batches already have on the device. */
static bool borrow_column(soma_batches *batches, uint32_t i, const soma_batches *shared) {
    if (!is_resident(shared) || shared->dataset->storage != batches->dataset->storage) return false;
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
    size_t bytes = soma_source_row_bytes(source) * batches->dataset->storage->rows;
    SOMA_TRY(claim(batches, bytes));
    soma_status status = soma_device_wrap(batches->device, source->data, bytes, &batches->column[i].memory);
    if (status != SOMA_UNSUPPORTED) return status;
    if (!soma_feeder_room(batches->device, bytes))
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "they do not fit into the device's memory");
    SOMA_TRY(soma_device_alloc(batches->device, bytes, "the data set", &batches->column[i].memory));
    batches->column[i].bytes = bytes;
    return soma_device_write(batches->device, batches->column[i].memory, 0, source->data, bytes);
}

static soma_status bring_index(soma_batches *batches) {
    if (!batches->order) return SOMA_OK;
    size_t bytes = batches->dataset->samples * sizeof *batches->order;
    SOMA_TRY(claim(batches, bytes));
    SOMA_TRY(soma_device_alloc(batches->device, bytes, "the order of the samples", &batches->index));
    return write_index(batches);
}

static soma_status bring_to_device(soma_batches *batches, const soma_batches *shared) {
    soma_status status = SOMA_OK;
    batches->data_bytes = is_resident(shared) ? shared->data_bytes : 0;
    for (uint32_t i = 0; status == SOMA_OK && i < batches->source_count; i++)
        if (!borrow_column(batches, i, shared)) status = bring_column(batches, i);
    if (status == SOMA_OK) status = bring_index(batches);
    if (status == SOMA_OK) batches->way = SOMA_BATCHES_RESIDENT;
    return status;
}

static void leave_device(soma_batches *batches) {
    for (uint32_t i = 0; i < batches->source_count; i++)
        if (!batches->column[i].borrowed)
            soma_device_free(batches->device, batches->column[i].memory, batches->column[i].bytes);
    memset(batches->column, 0, sizeof batches->column);
    soma_device_free(batches->device, batches->index, batches->dataset->samples * sizeof *batches->order);
    batches->index = NULL;
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

static soma_status make_rows(soma_batches *batches, size_t batch) {
    size_t widest = 0, bytes;
    if (!batches->order) return SOMA_OK; /* rows that follow each other are written from where they are */
    for (uint32_t i = 0; i < batches->source_count; i++)
        widest = SOMA_MAX(widest, soma_source_row_bytes(&batches->source[i]));
    batches->rows = soma_multiply_size(widest, batch, &bytes) ? soma_malloc(bytes) : NULL;
    return batches->rows ? SOMA_OK : soma_out_of_memory(bytes, "a batch");
}

/* Where the device lacks room the next way is taken, until one is found. */
static soma_status choose_way(soma_batches *batches, size_t batch, const soma_batches *shared) {
    soma_status status = bring_to_device(batches, shared);
    if (status != SOMA_OUT_OF_DEVICE_MEMORY) return status;
    leave_device(batches);
    soma_log(SOMA_LOG_INFO, "%zu samples: %s; they are streamed, batch by batch", batches->dataset->samples,
             soma_last_error());
    status = soma_feeder_open(batches->device, batches->source, batches->source_count, batch, &batches->feeder);
    if (status == SOMA_OK) batches->way = SOMA_BATCHES_STREAMED;
    if (status != SOMA_OUT_OF_DEVICE_MEMORY) return status;
    soma_log(SOMA_LOG_INFO, "%s; each is sent before its step", soma_last_error());
    return SOMA_OK;
}

soma_status soma_batches_open(soma_device *device, const soma_dataset *dataset, const soma_match *match,
                              const soma_batches_options *options, soma_batches *batches) {
    memset(batches, 0, sizeof *batches);
    batches->device = device;
    batches->dataset = dataset;
    memcpy(batches->source, match->source, sizeof batches->source);
    batches->source_count = match->source_count;
    size_t batch = SOMA_MIN(options->batch, dataset->samples);
    soma_status status = make_order(batches, options->shuffle);
    if (status == SOMA_OK && !options->on_host) status = choose_way(batches, batch, options->shared);
    if (status == SOMA_OK && batches->way == SOMA_BATCHES_WRITTEN) status = make_rows(batches, batch);
    if (status != SOMA_OK) soma_batches_close(batches);
    return status;
}

void soma_batches_close(soma_batches *batches) {
    if (!batches->device) return;
    leave_device(batches);
    soma_feeder_close(&batches->feeder);
    soma_free(batches->order);
    soma_free(batches->rows);
    memset(batches, 0, sizeof *batches);
}

/* ------------------------------------------------------------------------------------------------------ feeding */

static soma_feed resident_feed(const soma_batches *batches, uint32_t i) {
    return (soma_feed){.table = batches->column[i].memory,
                       .rows = batches->dataset->storage->rows,
                       .index = batches->index,
                       .index_count = batches->dataset->samples};
}

static soma_feed streamed_feed(const soma_batches *batches, uint32_t i) {
    const soma_feeder *feeder = &batches->feeder;
    return (soma_feed){.table = feeder->upload.memory, .offset = feeder->offset[i], .rows = feeder->batch};
}

soma_status soma_batches_attach(const soma_batches *batches, soma_plan *plan) {
    if (batches->way == SOMA_BATCHES_WRITTEN) return soma_plan_set_feeds(plan, NULL, 0);
    soma_feed feeds[SOMA_MAX_SOURCES];
    for (uint32_t i = 0; i < batches->source_count; i++) {
        feeds[i] = is_resident(batches) ? resident_feed(batches, i) : streamed_feed(batches, i);
        feeds[i].dtype = batches->source[i].dtype;
        feeds[i].scale = batches->source[i].scale;
        feeds[i].shift = batches->source[i].shift;
    }
    return soma_plan_set_feeds(plan, feeds, batches->source_count);
}

static soma_status write_inputs(const soma_batches *batches, soma_plan *plan, size_t start) {
    for (uint32_t i = 0; i < batches->source_count; i++) {
        const soma_source *source = &batches->source[i];
        const void *rows = batches->rows;
        if (batches->order)
            soma_source_collect(source, batches->order, start, soma_plan_batch(plan), batches->rows);
        else
            rows = (const char *)source->data + start * soma_source_row_bytes(source);
        SOMA_TRY(soma_plan_write_input(plan, i, rows, source->dtype, source->scale, source->shift));
    }
    return SOMA_OK;
}

soma_status soma_batches_load(soma_batches *batches, soma_plan *plan, size_t start, size_t *first) {
    *first = is_resident(batches) ? start : 0;
    if (batches->way == SOMA_BATCHES_STREAMED)
        return soma_feeder_load(&batches->feeder, batches->order, start, soma_plan_batch(plan));
    return batches->way == SOMA_BATCHES_WRITTEN ? write_inputs(batches, plan, start) : SOMA_OK;
}

soma_status soma_batches_load_ahead(soma_batches *batches, size_t start, size_t count) {
    if (batches->way != SOMA_BATCHES_STREAMED) return SOMA_OK;
    return soma_feeder_load_ahead(&batches->feeder, batches->order, start, count);
}
