/* SPDX-License-Identifier: MIT */
/* Transforming data sets. Each transformation makes a storage of its own, so that sets which share the old one do not
 * notice. */
#include "data/preprocess.h"
#include "data/dataset.h"

#include <math.h>
#include <string.h>

size_t soma_dataset_width(const soma_dataset *dataset) {
    size_t width = 0;
    for (size_t i = 0; i < dataset->storage->input_count; i++) width += dataset->storage->input[i].width;
    return width;
}

/* ---------------------------------------------------------------------------------------------- standardisation */

static soma_status refuse_value(size_t input, size_t sample, size_t feature, double value) {
    return soma_error(SOMA_NOT_FINITE, "input %zu, sample %zu, feature %zu is %g; features must be finite numbers",
                      input + 1, sample, feature, value);
}

/* Sums each feature's values in sums[width], and makes them means. */
static soma_status find_means(const soma_dataset *dataset, size_t input, float *sample, double *sums) {
    size_t width = dataset->storage->input[input].width;
    for (size_t i = 0; i < dataset->samples; i++) {
        SOMA_TRY(soma_dataset_read_differences(dataset, input, i, 1, sample));
        for (size_t j = 0; j < width; j++) {
            if (!isfinite(sample[j])) return refuse_value(input, i, j, (double)sample[j]);
            sums[j] += (double)sample[j];
        }
    }
    for (size_t j = 0; j < width; j++) sums[j] /= (double)dataset->samples;
    return SOMA_OK;
}

static soma_status sum_squares(const soma_dataset *dataset, size_t input, float *sample, const double *means,
                               double *squares) {
    size_t width = dataset->storage->input[input].width;
    for (size_t i = 0; i < dataset->samples; i++) {
        SOMA_TRY(soma_dataset_read_differences(dataset, input, i, 1, sample));
        for (size_t j = 0; j < width; j++) {
            double distance = (double)sample[j] - means[j];
            squares[j] += distance * distance;
        }
    }
    return SOMA_OK;
}

static soma_status input_statistics(const soma_dataset *dataset, size_t input, double *mean, double *deviation) {
    size_t width = dataset->storage->input[input].width;
    const double *offset = dataset->storage->input[input].offset;
    float *sample = soma_calloc(width, sizeof *sample);
    double *means = soma_calloc(width, sizeof *means), *squares = soma_calloc(width, sizeof *squares);
    soma_status status = SOMA_OK;
    if (!sample || !means || !squares)
        status = soma_out_of_memory(width * (sizeof *sample + 2 * sizeof *means), "feature statistics");
    if (status == SOMA_OK) status = find_means(dataset, input, sample, means);
    if (status == SOMA_OK) status = sum_squares(dataset, input, sample, means, squares);
    for (size_t j = 0; status == SOMA_OK && j < width; j++) {
        /* Of equal float32 numbers, up to 2^29 of them, sum and mean are exact in float64: their deviation is 0. */
        mean[j] = means[j] + (offset ? offset[j] : 0);
        deviation[j] = sqrt(squares[j] / (double)dataset->samples);
    }
    soma_free(sample);
    soma_free(means);
    soma_free(squares);
    return status;
}

soma_status soma_dataset_statistics(const soma_dataset *dataset, double *mean, double *deviation) {
    for (size_t i = 0; i < dataset->storage->input_count; i++) {
        SOMA_TRY(input_statistics(dataset, i, mean, deviation));
        mean += dataset->storage->input[i].width;
        deviation += dataset->storage->input[i].width;
    }
    return SOMA_OK;
}

/* Of one feature, of the steps that there are: their mean, or, with that, their variance. */
static soma_status masked_moment(const soma_dataset *dataset, size_t features, float *sample, float *mask,
                                 const double *mean, double *moment) {
    const size_t steps = dataset->storage->input[1].width;
    const double *offset = dataset->storage->input[0].offset;
    double count = 0;
    memset(moment, 0, features * sizeof *moment);
    for (size_t i = 0; i < dataset->samples; i++) {
        SOMA_TRY(soma_dataset_read_differences(dataset, 0, i, 1, sample));
        SOMA_TRY(soma_dataset_read_input(dataset, 1, i, 1, mask));
        for (size_t step = 0; step < steps; step++) {
            if (mask[step] == 0) continue;
            count++;
            for (size_t j = 0; j < features; j++) {
                const size_t place = step * features + j;
                const double value = (double)sample[place] + (offset ? offset[place] : 0);
                if (!isfinite(value)) return refuse_value(0, i, place, value);
                moment[j] += mean ? (value - mean[j]) * (value - mean[j]) : value;
            }
        }
    }
    for (size_t j = 0; j < features; j++) moment[j] /= count;
    return SOMA_OK;
}

soma_status soma_dataset_masked_statistics(const soma_dataset *dataset, double *mean, double *deviation) {
    const size_t width = dataset->storage->input[0].width, steps = dataset->storage->input[1].width;
    const size_t features = width / steps;
    float *sample = soma_realloc(NULL, width + steps, sizeof *sample);
    if (!sample) return soma_out_of_memory((width + steps) * sizeof *sample, "figures of sequences");
    soma_status status = masked_moment(dataset, features, sample, sample + width, NULL, mean);
    if (status == SOMA_OK) status = masked_moment(dataset, features, sample, sample + width, mean, deviation);
    soma_free(sample);
    SOMA_TRY(status);
    for (size_t i = 0; i < width + steps; i++) {
        mean[i] = i < width ? mean[i % features] : 0;
        deviation[i] = i < features ? sqrt(deviation[i]) : i < width ? deviation[i % features] : 1;
    }
    return SOMA_OK;
}

/* The offset goes with the mean: their difference is small where both are large. */
static void standardize_column(soma_column *column, size_t rows, const double *mean, const double *scale) {
    float *values = column->data;
    for (size_t row = 0; row < rows; row++)
        for (size_t j = 0; j < column->width; j++, values++) {
            double centre = column->offset ? mean[j] - column->offset[j] : mean[j];
            *values = (float)(((double)*values - centre) * scale[j]);
        }
    soma_free(column->offset);
    column->offset = NULL;
}

soma_status soma_dataset_standardize(soma_dataset *dataset, const double *mean, const double *scale, size_t width) {
    if (width != soma_dataset_width(dataset))
        return soma_error(SOMA_INVALID_SHAPE, "standardisation for %zu features; the samples of the data set have %zu",
                          width, soma_dataset_width(dataset));
    for (size_t j = 0; j < width; j++)
        if (!isfinite(mean[j]) || !isfinite(scale[j]))
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "standardisation of feature %zu: mean %g, scale %g; both must be finite", j, mean[j],
                              scale[j]);
    soma_storage *own;
    SOMA_TRY(soma_dataset_copy_storage(dataset, true, &own));
    for (size_t i = 0; i < own->input_count; i++) {
        standardize_column(&own->input[i], own->rows, mean, scale);
        mean += own->input[i].width;
        scale += own->input[i].width;
    }
    soma_dataset_replace_storage(dataset, own);
    return SOMA_OK;
}
