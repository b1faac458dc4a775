/* SPDX-License-Identifier: MIT */
/* Numbers that tell data apart: a multiplicative hash over words of eight bytes. */
#include "data/fingerprint.h"

#include <math.h>
#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u; /* 2^64 divided by the golden ratio */
    return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, const void *data, size_t bytes) {
    const uint8_t *at = data;
    uint64_t word;
    for (; bytes >= sizeof word; at += sizeof word, bytes -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    if (bytes) memcpy(&word, at, bytes);
    return mix(mix(hash, word), bytes);
}

/* A channel that was added is none of the data: earlier versions added none. */
static uint64_t mix_column(uint64_t hash, const soma_dataset *dataset, const soma_column *column) {
    size_t row = column->width * soma_dtype_size(column->dtype);
    uint32_t rank = column->rank - column->channel_added;
    const float seen[2] = {column->scale, column->shift};
    hash = mix(mix(mix(hash, column->dtype), rank), column->classes);
    for (uint32_t i = 0; i < rank; i++) hash = mix(hash, column->shape[i]);
    hash = mix(mix(hash, 0), 0); /* as mix_bytes() ends, of sizes of any width */
    hash = mix_bytes(hash, seen, sizeof seen);
    if (column->offset) hash = mix_bytes(hash, column->offset, column->width * sizeof *column->offset);
    for (size_t i = 0; i < dataset->samples; i++)
        hash = mix_bytes(hash, (const char *)column->data + soma_dataset_row(dataset, i) * row, row);
    return hash;
}

/* Zero stands for "none", and files hold 63 bits. */
static uint64_t finish(uint64_t hash) {
    hash >>= 1;
    return hash ? hash : 1;
}

uint64_t soma_fingerprint(const void *data, size_t bytes) {
    return finish(mix_bytes(0, data, bytes));
}

static uint64_t mix_columns(const soma_dataset *dataset) {
    const soma_storage *storage = dataset->storage;
    uint64_t hash = mix(dataset->samples, storage->target_count);
    for (size_t i = 0; i < storage->input_count; i++) hash = mix_column(hash, dataset, &storage->input[i]);
    for (size_t i = 0; i < storage->target_count; i++) hash = mix_column(hash, dataset, &storage->target[i]);
    return hash;
}

uint64_t soma_fingerprint_dataset(const soma_dataset *dataset) {
    const soma_storage *storage = dataset->storage;
    uint64_t hash = mix_columns(dataset);
    for (size_t i = 0; storage->weights && i < dataset->samples; i++)
        hash = mix_bytes(hash, &storage->weights[soma_dataset_row(dataset, i)], sizeof *storage->weights);
    return finish(hash);
}

uint64_t soma_dataset_fingerprint(const soma_dataset *dataset, size_t samples) {
    if (!dataset || samples > dataset->samples) return 0;
    const soma_storage *storage = dataset->storage;
    const soma_dataset part = {dataset->storage, dataset->rows, samples ? samples : dataset->samples};
    uint64_t hash = mix_columns(&part);
    for (size_t i = 0; storage->groups && i < part.samples; i++)
        hash = mix(hash, (uint64_t)storage->groups[soma_dataset_row(&part, i)]);
    for (size_t i = 0; storage->times && i < part.samples; i++)
        hash = mix_bytes(hash, &storage->times[soma_dataset_row(&part, i)], sizeof *storage->times);
    return finish(hash);
}

/* ---------------------------------------------------------------------------------------------------- in any order */

/* The number as it was read, as far as it is kept, for what was taken from a column depends on its other rows; and all
 * ways to be none as one. */
static uint64_t mix_number(uint64_t hash, const soma_column *column, size_t row, size_t i) {
    double value = (double)((const float *)column->data)[row * column->width + i];
    if (column->offset) value += column->offset[i];
    uint64_t bits = 1;
    if (!isnan(value)) memcpy(&bits, &value, sizeof bits);
    return mix(hash, bits);
}

static uint64_t mix_class(uint64_t hash, const soma_storage *storage, size_t target, size_t row) {
    int32_t number = soma_column_class(&storage->target[target], row);
    if (target > 0 || !storage->class_names || number < 0 || (size_t)number >= storage->class_name_count)
        return mix(hash, (uint64_t)number);
    const char *name = storage->class_names[number];
    return mix_bytes(hash, name, strlen(name));
}

static uint64_t mix_row(uint64_t hash, const soma_column *column, size_t row) {
    size_t bytes = column->width * soma_dtype_size(column->dtype);
    if (column->dtype != SOMA_F32) return mix_bytes(hash, (const char *)column->data + row * bytes, bytes);
    for (size_t i = 0; i < column->width; i++) hash = mix_number(hash, column, row, i);
    return hash;
}

static uint64_t hash_sample(const soma_dataset *dataset, size_t sample) {
    const soma_storage *storage = dataset->storage;
    const size_t row = soma_dataset_row(dataset, sample);
    uint64_t hash = mix(0, storage->target_count);
    for (size_t i = 0; i < storage->input_count; i++) hash = mix_row(hash, &storage->input[i], row);
    for (size_t i = 0; i < storage->target_count; i++)
        hash = storage->target[i].classes ? mix_class(hash, storage, i, row) : mix_row(hash, &storage->target[i], row);
    return mix(hash, 1);
}

uint64_t soma_fingerprint_sample(const soma_dataset *dataset, size_t sample) {
    return finish(hash_sample(dataset, sample));
}

uint64_t soma_dataset_rows_fingerprint(const soma_dataset *dataset) {
    uint64_t sum = 0;
    if (!dataset) return 0;
    for (size_t sample = 0; sample < dataset->samples; sample++) sum += hash_sample(dataset, sample);
    return finish(mix(sum, dataset->samples));
}
