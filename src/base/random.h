/* SPDX-License-Identifier: MIT */
/* Counter-based random numbers on the host: the same on every machine, device and thread count. */
#ifndef SOMA_BASE_RANDOM_H
#define SOMA_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct soma_random {
    uint64_t seed;
    uint32_t stream;  /* tells independent uses of one seed apart */
    uint64_t counter; /* words drawn so far */
    uint32_t block[4];
} soma_random;

/* Streams in use; dropout layers take SOMA_STREAM_DROPOUT + their number. */
enum {
    SOMA_STREAM_SHUFFLE = 1,
    SOMA_STREAM_SPLIT = 2,
    SOMA_STREAM_DATA = 3, /* random data for measurements */
    SOMA_STREAM_AUGMENT = 4,
    SOMA_STREAM_MIX = 5,
    SOMA_STREAM_PARAMETER = 0x1000, /* + number of the parameter */
    SOMA_STREAM_DROPOUT = 0x100000
};

void soma_random_init(soma_random *random, uint64_t seed, uint32_t stream);
uint32_t soma_random_u32(soma_random *random);
/* Uniform in [0, 1), 24 bits. */
float soma_random_uniform(soma_random *random);
/* Standard normal (Box-Muller). */
float soma_random_normal(soma_random *random);
/* Uniform in [0, bound), without bias; bound > 0. */
uint64_t soma_random_below(soma_random *random, uint64_t bound);
/* Fisher-Yates. */
void soma_random_shuffle(soma_random *random, int32_t *values, size_t count);

#endif
