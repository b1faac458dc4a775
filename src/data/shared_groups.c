/* SPDX-License-Identifier: MIT */
/* Groups that two data sets have in common, as the training and the test file of a model may. */
#include "data/dataset.h"
#include <soma/soma.h>

#include <stdlib.h>

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

uint64_t soma_dataset_group_key(const soma_dataset *dataset, size_t sample) {
    const soma_storage *storage = dataset->storage;
    int64_t group = storage->groups[soma_dataset_row(dataset, sample)];
    return storage->group_keys ? storage->group_keys[group] : (uint64_t)group;
}

soma_status soma_dataset_count_shared_groups(const soma_dataset *dataset, const soma_dataset *other, size_t *samples) {
    if (!dataset || !other || !samples)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_count_shared_groups: %s is NULL",
                          samples ? "a data set" : "samples");
    *samples = 0;
    if (!dataset->storage->groups || !other->storage->groups)
        return soma_error(SOMA_INVALID_STATE, "the samples of %s data set have no groups",
                          dataset->storage->groups ? "the other" : "the");
    if (!dataset->storage->group_keys != !other->storage->group_keys)
        return soma_error(SOMA_INVALID_STATE,
                          "groups of a table and such as were set by number have nothing in common");
    uint64_t *keys = soma_realloc(NULL, SOMA_MAX(dataset->samples, 1), sizeof *keys);
    if (!keys) return soma_out_of_memory(dataset->samples * sizeof *keys, "the groups of a data set");
    for (size_t i = 0; i < dataset->samples; i++) keys[i] = soma_dataset_group_key(dataset, i);
    qsort(keys, dataset->samples, sizeof *keys, compare);
    for (size_t i = 0; i < other->samples; i++) {
        const uint64_t key = soma_dataset_group_key(other, i);
        *samples += bsearch(&key, keys, dataset->samples, sizeof key, compare) != NULL;
    }
    soma_free(keys);
    return SOMA_OK;
}
