/* SPDX-License-Identifier: MIT */
/* What is drawn for a step of mixup: on the host, so that it is the same on every device. */
#include "base/random.h"
#include "nn/network.h"

#include <math.h>

/* Never 0, of which there is no logarithm. */
static double uniform(soma_random *random) {
    return ((double)soma_random_u32(random) + 0.5) * 0x1p-32;
}

static double normal(soma_random *random) {
    const double radius = sqrt(-2.0 * log(uniform(random)));
    return radius * cos(6.283185307179586 * uniform(random));
}

/* The logarithm, as what has a small shape is too small for a number. Marsaglia, Tsang, "A Simple Method for Generating
 * Gamma Variables", 2000; shapes below one by their section 6. */
static double log_gamma_variate(soma_random *random, double shape) {
    if (shape < 1.0) {
        const double power = log(uniform(random)) / shape;
        return log_gamma_variate(random, shape + 1.0) + power;
    }
    const double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double x = normal(random), root = 1.0 + c * x, v = root * root * root;
        if (v > 0.0 && log(uniform(random)) < 0.5 * x * x + d - d * v + d * log(v)) return log(d * v);
    }
}

/* A share by Beta(alpha, alpha) for the batch, as the authors' own program has it; and any of the other samples, which
 * a shuffled batch has in any order. */
soma_mix_params soma_network_mix_at(const soma_network *network, uint64_t step) {
    soma_random random;
    if (network->augment.mixup == 0.0f) return (soma_mix_params){.share = 1.0f};
    /* Every step begins with words of its own, more than one ever takes. */
    soma_random_init(&random, network->seed, SOMA_STREAM_MIX);
    random.counter = step << 16;
    const uint64_t low = soma_random_u32(&random), high = soma_random_u32(&random);
    const double first = log_gamma_variate(&random, (double)network->augment.mixup),
                 second = log_gamma_variate(&random, (double)network->augment.mixup);
    return (soma_mix_params){.share = (float)(1.0 / (1.0 + exp(second - first))), .ahead = high << 32 | low};
}
