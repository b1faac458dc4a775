/* SPDX-License-Identifier: MIT */
/* The groups that a network has learnt from, by which it knows others of their samples. */
#include "base/cache.h"
#include "data/dataset.h"
#include "nn/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A group that was set by number has the key of a table's that is written so. */
static uint64_t key_of(const soma_dataset *dataset, size_t sample) {
    char text[32];
    uint64_t key = soma_dataset_group_key(dataset, sample);
    if (dataset->storage->group_keys) return key;
    snprintf(text, sizeof text, "%" PRId64, (int64_t)key);
    return soma_cache_hash(text, strlen(text));
}

static soma_status check(const char *function, const soma_network *network, const soma_dataset *dataset,
                         const void *samples) {
    if (network && dataset && samples) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s is NULL", function,
                      !network   ? "the network"
                      : !dataset ? "the data set"
                                 : "samples");
}

soma_status soma_network_add_groups(soma_network *network, const soma_dataset *dataset) {
    SOMA_TRY(check("soma_network_add_groups", network, dataset, ""));
    if (!dataset->storage->groups)
        return soma_error(SOMA_INVALID_STATE, "the samples have no groups; soma_dataset_set_groups() gives them some");
    uint64_t *keys = soma_realloc(NULL, SOMA_MAX(dataset->samples, (size_t)1), sizeof *keys);
    if (!keys) return soma_out_of_memory(dataset->samples * sizeof *keys, "the groups of a data set");
    for (size_t i = 0; i < dataset->samples; i++) keys[i] = key_of(dataset, i);
    soma_status status = soma_known_keys_add(&network->known_groups, keys, dataset->samples, SOMA_MAX_KNOWN_GROUPS);
    soma_free(keys);
    return status;
}

soma_status soma_network_count_known_groups(const soma_network *network, const soma_dataset *dataset, size_t *samples) {
    SOMA_TRY(check("soma_network_count_known_groups", network, dataset, samples));
    *samples = 0;
    if (!network->known_groups.count) return SOMA_OK;
    if (!dataset->storage->groups)
        return soma_error(SOMA_INVALID_STATE,
                          "the samples have no groups, so it is not known whether any are of a group that the network "
                          "has learnt from");
    for (size_t i = 0; i < dataset->samples; i++)
        *samples += soma_known_keys_have(&network->known_groups, key_of(dataset, i));
    return SOMA_OK;
}
