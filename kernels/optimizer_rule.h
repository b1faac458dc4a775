/* SPDX-License-Identifier: MIT */
/* The rules of optimizers.h on vectors. Which one is a number, OPTIMIZER_ADAM and the like; the build option FIXED_RULE makes it a constant. */
#ifndef SOMA_KERNELS_OPTIMIZER_RULE_H
#define SOMA_KERNELS_OPTIMIZER_RULE_H

#include "optimizers.h"

#ifdef FIXED_RULE
#define RULE FIXED_RULE
#else
#define RULE rule
#endif

static uint states_of(uint rule) {
    switch (rule) {
#define ROW(name, states, update)                                                                                      \
    case OPTIMIZER_##name: return states;
        SOMA_OPTIMIZER_TABLE(ROW)
#undef ROW
    }
    return 0;
}

typedef struct rates {
    float learning_rate, beta1, beta2, epsilon, correction1, correction2;
} rates;

#define P(field) with.field
#define DECAY decays
static void update_vector(uint rule, real *parameter, real g, real *state1, real *state2, rates with, real decays) {
    real w = *parameter, m = *state1, v = *state2;
    switch (rule) {
#define ROW(name, states, update)                                                                                      \
    case OPTIMIZER_##name: {                                                                                           \
        update;                                                                                                        \
        break;                                                                                                         \
    }
        SOMA_OPTIMIZER_TABLE(ROW)
#undef ROW
    }
    *parameter = w, *state1 = m, *state2 = v;
}

#endif
