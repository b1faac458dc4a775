/* SPDX-License-Identifier: MIT */
/* Random numbers on the host, from the generator that the devices share. */
#include "base/random.h"

#include <math.h>
#include <string.h>

typedef uint32_t soma_u32;
#define SOMA_MULHI(a, b) ((uint32_t)(((uint64_t)(a) * (uint64_t)(b)) >> 32))
#include "kernels/random.h"

void soma_random_init(soma_random *random, uint64_t seed, uint32_t stream) {
    memset(random, 0, sizeof *random);
    random->seed = seed;
    random->stream = stream;
}

uint32_t soma_random_u32(soma_random *random) {
    unsigned word = (unsigned)(random->counter % 4);
    if (word == 0) {
        uint64_t block = random->counter / 4;
        random->block[0] = (uint32_t)block;
        random->block[1] = (uint32_t)(block >> 32);
        random->block[2] = 0;
        random->block[3] = random->stream;
        soma_philox(random->block, (uint32_t)random->seed, (uint32_t)(random->seed >> 32));
    }
    random->counter++;
    return random->block[word];
}

float soma_random_uniform(soma_random *random) {
    return (float)(soma_random_u32(random) >> 8) * 0x1p-24f;
}

float soma_random_normal(soma_random *random) {
    /* 1 - u is in (0, 1], so that the logarithm is finite. */
    double radius = sqrt(-2.0 * log(1.0 - (double)soma_random_uniform(random)));
    return (float)(radius * cos(6.283185307179586 * (double)soma_random_uniform(random)));
}

uint64_t soma_random_below(soma_random *random, uint64_t bound) {
    uint64_t rest = UINT64_MAX % bound, value; /* values past the last whole multiple of bound are drawn again */
    do {
        value = (uint64_t)soma_random_u32(random) << 32;
        value |= soma_random_u32(random);
    } while (rest != bound - 1 && value > UINT64_MAX - 1 - rest);
    return value % bound;
}

void soma_random_shuffle(soma_random *random, int32_t *values, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)soma_random_below(random, i);
        int32_t swap = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swap;
    }
}
