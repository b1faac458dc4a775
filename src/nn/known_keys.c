/* SPDX-License-Identifier: MIT */
/* Keys of what a network has learnt from. */
#include "nn/known_keys.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

void soma_known_keys_clear(soma_known_keys *known) {
    soma_free(known->key);
    *known = (soma_known_keys){.key = NULL};
}

soma_status soma_known_keys_add(soma_known_keys *known, const uint64_t *keys, size_t count, size_t most) {
    size_t all = known->count + count, kept = 0;
    uint64_t *both = soma_realloc(NULL, SOMA_MAX(all, (size_t)1), sizeof *both);
    if (!both) return soma_out_of_memory(all * sizeof *both, "keys of what a network has learnt from");
    if (known->count) memcpy(both, known->key, known->count * sizeof *both);
    if (count) memcpy(both + known->count, keys, count * sizeof *both);
    qsort(both, all, sizeof *both, compare);
    for (size_t i = 0; i < all && kept < most; i++)
        if (kept == 0 || both[kept - 1] != both[i]) both[kept++] = both[i];
    soma_free(known->key);
    *known = (soma_known_keys){both, kept};
    return SOMA_OK;
}

bool soma_known_keys_have(const soma_known_keys *known, uint64_t key) {
    return known->count && bsearch(&key, known->key, known->count, sizeof key, compare) != NULL;
}
