/* SPDX-License-Identifier: MIT */
/*
 * Update rules, each a row: X(NAME, states, rule). Compiled by C (float and double) and by OpenCL C.
 *
 * The rule is one or more statements on w (the parameter), g (its gradient, made ready: see soma_optimizer_params in
 * soma/primitive_params.h), m and v (the states, 0 at the start). P(field) is a field of soma_optimizer_params; DECAY is P(decay), or 0 for
 * an element that does not decay. Who includes this defines `real`, R, P, DECAY and SQRT.
 *
 * MOMENTUM, NESTEROV  Polyak 1964; Sutskever et al. 2013, "On the importance of initialization and momentum"
 * RMSPROP             Tieleman & Hinton 2012, lecture 6.5
 * ADAGRAD             Duchi et al. 2011
 * ADAM                Kingma & Ba 2015, algorithm 1
 * ADAMW               Loshchilov & Hutter 2019, algorithm 2
 */
#ifndef SOMA_KERNELS_OPTIMIZERS_H
#define SOMA_KERNELS_OPTIMIZERS_H

#define SOMA_OPTIMIZER_TABLE(X)                                                                                        \
    X(SGD, 0, w -= P(learning_rate) * g)                                                                               \
    X(MOMENTUM, 1, m = P(beta1) * m + g; w -= P(learning_rate) * m)                                                    \
    X(NESTEROV, 1, m = P(beta1) * m + g; w -= P(learning_rate) * (g + P(beta1) * m))                                   \
    X(RMSPROP, 1, m = P(beta2) * m + (R(1.0) - P(beta2)) * g * g; w -= P(learning_rate) * g / (SQRT(m) + P(epsilon)))  \
    X(ADAGRAD, 1, m += g * g; w -= P(learning_rate) * g / (SQRT(m) + P(epsilon)))                                      \
    X(ADAM, 2, SOMA_ADAM_RULE)                                                                                         \
    X(ADAMW, 2, w -= P(learning_rate) * DECAY * w; SOMA_ADAM_RULE)

/* The corrections are the same for all elements: a reciprocal that is computed once is cheaper than two divisions. */
#define SOMA_ADAM_RULE                                                                                                 \
    m = P(beta1) * m + (R(1.0) - P(beta1)) * g;                                                                        \
    v = P(beta2) * v + (R(1.0) - P(beta2)) * g * g;                                                                    \
    w -= P(learning_rate) * (m * (R(1.0) / P(correction1))) / (SQRT(v * (R(1.0) / P(correction2))) + P(epsilon))

#endif
