/* SPDX-License-Identifier: MIT */
/* What is set of each sample: its group, its time, its weight. */
#include "data/dataset.h"

#include <math.h>
#include <string.h>

/* What belongs to the rows of the storage: who shares it must not see it change. */
static soma_status have_own_storage(soma_dataset *dataset) {
    soma_storage *own;
    if (!dataset->rows && __atomic_load_n(&dataset->storage->references, __ATOMIC_ACQUIRE) == 1) return SOMA_OK;
    SOMA_TRY(soma_dataset_copy_storage(dataset, false, &own));
    soma_dataset_replace_storage(dataset, own);
    return SOMA_OK;
}

static soma_status check_count(const soma_dataset *dataset, const void *values, size_t count, const char *what) {
    if (!dataset || !values)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_set_%s: %s is NULL", what, dataset ? what : "dataset");
    if (count == dataset->samples) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%zu %s for %zu samples; each sample needs one", count, what,
                      dataset->samples);
}

/* A copy of the values, in a storage of the data set's own. */
static soma_status copy_values(soma_dataset *dataset, const void *values, size_t size, const char *what, void *copy) {
    const size_t count = dataset->samples;
    SOMA_TRY(have_own_storage(dataset));
    void *bytes = soma_realloc(NULL, count, size);
    if (!bytes) return soma_out_of_memory(count * size, what);
    memcpy(bytes, values, count * size);
    memcpy(copy, &bytes, sizeof bytes);
    return SOMA_OK;
}

soma_status soma_dataset_set_groups(soma_dataset *dataset, const int64_t *groups, size_t count) {
    int64_t *copy = NULL;
    SOMA_TRY(check_count(dataset, groups, count, "groups"));
    SOMA_TRY(copy_values(dataset, groups, sizeof *groups, "groups", &copy));
    soma_free(dataset->storage->groups);
    dataset->storage->groups = copy;
    soma_free(dataset->storage->group_keys);
    dataset->storage->group_keys = NULL;
    dataset->storage->group_count = 0;
    return SOMA_OK;
}

soma_status soma_dataset_set_times(soma_dataset *dataset, const double *times, size_t count) {
    double *copy = NULL;
    SOMA_TRY(check_count(dataset, times, count, "times"));
    for (size_t i = 0; i < count; i++)
        if (!isfinite(times[i]))
            return soma_error(SOMA_INVALID_ARGUMENT, "time of sample %zu is %g; times are finite numbers", i, times[i]);
    SOMA_TRY(copy_values(dataset, times, sizeof *times, "times", &copy));
    soma_free(dataset->storage->times);
    dataset->storage->times = copy;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- lengths */

static soma_status check_lengths(const soma_dataset *dataset, const int32_t *lengths, size_t count) {
    SOMA_TRY(check_count(dataset, lengths, count, "lengths"));
    const soma_column *input = &dataset->storage->input[0];
    if (dataset->storage->input_count != 1 || input->rank != 2 || input->channel_added)
        return soma_error(SOMA_INVALID_SHAPE,
                          "lengths are of samples of one input, [steps, features]; the data set has %zu inputs, the "
                          "first of %u dimensions",
                          dataset->storage->input_count, input->rank - input->channel_added);
    for (size_t i = 0; i < count; i++)
        if (lengths[i] < 1 || (size_t)lengths[i] > input->shape[0])
            return soma_error(SOMA_INVALID_ARGUMENT, "length %d of sample %zu; 1 to %zu steps are possible", lengths[i],
                              i, input->shape[0]);
    return SOMA_OK;
}

soma_status soma_dataset_set_lengths(soma_dataset *dataset, const int32_t *lengths, size_t count) {
    soma_storage *own;
    size_t bytes = SIZE_MAX;
    SOMA_TRY(check_lengths(dataset, lengths, count));
    SOMA_TRY(soma_dataset_copy_storage(dataset, false, &own));
    soma_column *input = &own->input[0], *mask = &own->input[1];
    soma_column_set(mask, NULL, true, SOMA_F32, 1, input->shape, 0);
    if (soma_column_bytes(mask, count, &bytes)) mask->data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes);
    if (!mask->data) {
        soma_storage_release(own);
        return soma_out_of_memory(bytes, "the lengths of samples");
    }
    const size_t steps = input->shape[0], step = input->width / steps * soma_dtype_size(input->dtype);
    for (size_t i = 0; i < count; i++) {
        const size_t length = (size_t)lengths[i];
        for (size_t j = 0; j < steps; j++) ((float *)mask->data)[i * steps + j] = j < length;
        memset((char *)input->data + (i * steps + length) * step, 0, (steps - length) * step);
    }
    own->input_count = 2;
    own->masked = true;
    soma_dataset_replace_storage(dataset, own);
    return SOMA_OK;
}

/* In place of what is there: targets of bytes have no -1. */
static soma_status end_labels(soma_storage *own, const int32_t *lengths) {
    soma_column *target = &own->target[0];
    const size_t width = target->width, shape[] = {width};
    size_t bytes;
    float *labels = soma_multiply_size(own->rows * sizeof *labels, width, &bytes)
                        ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes)
                        : NULL;
    if (!labels) return soma_out_of_memory(own->rows * width * sizeof *labels, "labels");
    for (size_t i = 0; i < own->rows * width; i++)
        labels[i] = i % width < (size_t)lengths[i / width] ? soma_column_number(target, i) : -1;
    if (target->owned) soma_free_aligned(target->data);
    soma_column_set(target, labels, true, SOMA_F32, 1, shape, 0);
    return SOMA_OK;
}

soma_status soma_dataset_set_label_lengths(soma_dataset *dataset, const int32_t *lengths, size_t count) {
    soma_storage *own;
    SOMA_TRY(check_count(dataset, lengths, count, "label_lengths"));
    const soma_column *target = &dataset->storage->target[0];
    if (dataset->storage->target_count != 1 || target->rank != 1 || target->classes)
        return soma_error(SOMA_INVALID_SHAPE,
                          "lengths of labels are of samples with one target, [labels]; the data set has %zu targets%s",
                          dataset->storage->target_count,
                          target->classes ? ", a class of each sample"
                                          : ", or the first has another number of dimensions");
    for (size_t i = 0; i < count; i++)
        if (lengths[i] < 0 || (size_t)lengths[i] > target->width)
            return soma_error(SOMA_INVALID_ARGUMENT, "%d labels of sample %zu; 0 to %zu are possible", lengths[i], i,
                              target->width);
    SOMA_TRY(soma_dataset_copy_storage(dataset, false, &own));
    soma_status status = end_labels(own, lengths);
    if (status == SOMA_OK)
        soma_dataset_replace_storage(dataset, own);
    else
        soma_storage_release(own);
    return status;
}

soma_status soma_dataset_set_weights(soma_dataset *dataset, const float *weights, size_t count) {
    float *copy = NULL;
    SOMA_TRY(check_count(dataset, weights, count, "weights"));
    bool any = count == 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(weights[i]) || weights[i] < 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "weight of sample %zu is %g; weights are finite and not negative",
                              i, (double)weights[i]);
        any |= weights[i] > 0;
    }
    if (!any)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "the weights of the %zu samples are all 0, so that none would count; one must be greater",
                          count);
    SOMA_TRY(copy_values(dataset, weights, sizeof *weights, "sample weights", &copy));
    soma_free(dataset->storage->weights);
    dataset->storage->weights = copy;
    return SOMA_OK;
}
