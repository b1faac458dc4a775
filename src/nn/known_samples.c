/* SPDX-License-Identifier: MIT */
/* The samples that a network has learnt from, by which it knows them in a part of their file, or among others. */
#include "data/fingerprint.h"
#include "nn/network.h"

#include <math.h>

static soma_status check(const char *function, const soma_network *network, const soma_dataset *dataset) {
    if (network && dataset) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s is NULL", function, network ? "the data set" : "the network");
}

soma_status soma_network_add_samples(soma_network *network, const soma_dataset *dataset) {
    SOMA_TRY(check("soma_network_add_samples", network, dataset));
    uint64_t *keys = soma_realloc(NULL, SOMA_MAX(dataset->samples, (size_t)1), sizeof *keys);
    if (!keys) return soma_out_of_memory(dataset->samples * sizeof *keys, "keys of samples");
    for (size_t i = 0; i < dataset->samples; i++) keys[i] = soma_fingerprint_sample(dataset, i);
    soma_status status = soma_known_keys_add(&network->known_samples, keys, dataset->samples, SOMA_MAX_KNOWN_SAMPLES);
    soma_free(keys);
    return status;
}

/* Fewer that are looked for tell nothing of the rest. */
#define FEWEST_OF_A_SHARE 20

/*
 * Of more samples than are kept those with the smallest keys are; so only such are looked for, and where they are
 * enough, their share is that of all.
 */
soma_status soma_network_count_known_samples(const soma_network *network, const soma_dataset *dataset,
                                             size_t *samples) {
    SOMA_TRY(check("soma_network_count_known_samples", network, dataset));
    if (!samples) return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_count_known_samples: samples is NULL");
    const soma_known_keys *known = &network->known_samples;
    const bool all = known->count < SOMA_MAX_KNOWN_SAMPLES;
    size_t looked_for = 0, found = 0;
    *samples = 0;
    if (!known->count) return SOMA_OK;
    for (size_t i = 0; i < dataset->samples; i++) {
        const uint64_t key = soma_fingerprint_sample(dataset, i);
        if (!all && key > known->key[known->count - 1]) continue;
        looked_for++;
        found += soma_known_keys_have(known, key);
    }
    *samples = found;
    if (!all && looked_for >= FEWEST_OF_A_SHARE)
        *samples = (size_t)llround((double)dataset->samples * (double)found / (double)looked_for);
    return SOMA_OK;
}
