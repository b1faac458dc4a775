/* SPDX-License-Identifier: MIT */
/*
 * Layers for tests of guarantees that hold for every network, whatever it is made of: the same bits, going on,
 * sessions, memory without copies. A last layer is the test's own.
 */
#ifndef TESTS_FRONTS_H
#define TESTS_FRONTS_H

enum { DENSE_FRONT, CONVOLUTIONAL_FRONT, FRONTS };

/* For an input of one dimension, read as a picture of this shape, as "2 3 1", which may be as small as that. */
#define CONVOLUTIONS(picture)                                                                                          \
    "reshape " picture "; conv 4 2x2 pad same nobias; batchnorm; relu; depthwise 2x2 pad same; maxpool 2 stride 1 "    \
    "pad same; residual(conv 4 2x2 pad same; groupnorm 2; relu); spatialdropout 0.2; avgpool 2 stride 1 pad same; "    \
    "separable 6 2x2 pad same; instancenorm; relu; globalavgpool; layernorm; dropout 0.2; "
#define FRONTS_OF(picture)                                                                                             \
    { "dense 7 tanh; dropout 0.3; ", CONVOLUTIONS(picture) }

#endif
