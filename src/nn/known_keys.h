/* SPDX-License-Identifier: MIT */
/* Keys of what a network has learnt from, by which it knows them again in other files: as many as are worth their room
 * in its file. */
#ifndef SOMA_NN_KNOWN_KEYS_H
#define SOMA_NN_KNOWN_KEYS_H

#include "base/base.h"

#define SOMA_MAX_KNOWN_GROUPS  65536
#define SOMA_MAX_KNOWN_SAMPLES 512

typedef struct soma_known_keys {
    uint64_t *key; /* [count], in rising order, each once */
    size_t count;
} soma_known_keys;

/* Takes these keys, of any order, beside those that there are. Of more than `most` the smallest are kept: a sample by
 * chance, since keys are hashes, and the same whatever is added first. */
soma_status soma_known_keys_add(soma_known_keys *known, const uint64_t *keys, size_t count, size_t most);
bool soma_known_keys_have(const soma_known_keys *known, uint64_t key);
void soma_known_keys_clear(soma_known_keys *known);

#endif
