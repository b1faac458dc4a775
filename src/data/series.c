/* SPDX-License-Identifier: MIT */
/* See series.h. */
#include "data/series.h"
#include "data/dataset.h"

#include <math.h>
#include <string.h>

soma_status soma_series_copy(const soma_series *from, soma_series *to) {
    *to = *from;
    to->target = NULL;
    if (!from->targets) return SOMA_OK;
    to->target = soma_realloc(NULL, from->targets, sizeof *to->target);
    if (!to->target) {
        *to = (soma_series){.window = 0};
        return soma_out_of_memory(from->targets * sizeof *to->target, "a series");
    }
    memcpy(to->target, from->target, from->targets * sizeof *to->target);
    return SOMA_OK;
}

void soma_series_keep_bounds(const soma_series *from, soma_series *to) {
    if (!to->window || !from->train_rows) return;
    if (to->timed && from->timed && to->train_time > from->train_time) return;
    to->train_rows = from->train_rows;
    to->validation_rows = from->validation_rows;
    to->timed = from->timed;
    to->train_time = from->train_time;
    to->validation_time = from->validation_time;
}

void soma_series_clear(soma_series *series) {
    soma_free(series->target);
    *series = (soma_series){.window = 0};
}

void soma_series_pool(size_t steps, size_t width, double *mean, double *deviation) {
    for (size_t j = 0; j < width; j++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < steps; i++) sum += mean[i * width + j] / (double)steps;
        for (size_t i = 0; i < steps; i++) {
            const double distance = mean[i * width + j] - sum, own = deviation[i * width + j];
            squares += (distance * distance + own * own) / (double)steps;
        }
        for (size_t i = 0; i < steps; i++) {
            mean[i * width + j] = sum;
            deviation[i * width + j] = sqrt(squares);
        }
    }
}

/* -------------------------------------------------------------------------------------------------------- naive ones
 */

/* The value of the last step, or that of the same time in the last season that is known whole. Behind a gap in time
 * rows do not tell how long ago it was. */
static float naive(const soma_storage *storage, size_t begin, size_t step, size_t season, size_t target) {
    const size_t targets = storage->series.targets, back = season ? season * (step / season + 1) : step + 1;
    if (begin + step < back) return NAN;
    const size_t row = begin + step - back;
    return storage->past_breaks[begin] > storage->past_breaks[row + 1] ? NAN : storage->past[row * targets + target];
}

soma_status soma_dataset_read_naive(const soma_dataset *dataset, size_t season, size_t first, size_t count,
                                    float *values) {
    if (!dataset || !values)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_read_naive: %s is NULL", dataset ? "values" : "dataset");
    const soma_storage *storage = dataset->storage;
    if (!storage->begin)
        return soma_error(SOMA_INVALID_STATE, "soma_dataset_read_naive: the data set is no series with what follows");
    if (first > dataset->samples || count > dataset->samples - first)
        return soma_error(SOMA_INVALID_ARGUMENT, "samples %zu to %zu of a data set that has %zu", first, first + count,
                          dataset->samples);
    for (size_t i = 0; i < count; i++)
        for (size_t step = 0; step < storage->series.horizon; step++)
            for (size_t target = 0; target < storage->series.targets; target++)
                *values++ = naive(storage, storage->begin[soma_dataset_row(dataset, first + i)], step, season, target);
    return SOMA_OK;
}

size_t soma_dataset_series_row(const soma_dataset *dataset, size_t sample) {
    if (!dataset || !dataset->storage->begin || sample >= dataset->samples) return 0;
    return dataset->storage->begin[soma_dataset_row(dataset, sample)];
}

soma_status soma_dataset_read_past(const soma_dataset *dataset, size_t sample, size_t count, float *values) {
    if (!dataset || !values)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_read_past: %s is NULL", dataset ? "values" : "dataset");
    const soma_storage *storage = dataset->storage;
    if (!storage->begin || sample >= dataset->samples)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_read_past: there is no sample %zu of a series", sample);
    const size_t begin = storage->begin[soma_dataset_row(dataset, sample)], targets = storage->series.targets;
    if (count > begin)
        return soma_error(SOMA_INVALID_ARGUMENT, "%zu steps before sample %zu, which has %zu", count, sample, begin);
    memcpy(values, storage->past + (begin - count) * targets, count * targets * sizeof *values);
    return SOMA_OK;
}
