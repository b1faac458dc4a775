/* SPDX-License-Identifier: MIT */
/* The kernels that kernels/list.cl can call, and how their arguments are written down for it. Compiled by C and by OpenCL C. */
#ifndef SOMA_KERNELS_LISTED_H
#define SOMA_KERNELS_LISTED_H

#define SOMA_LISTED_TABLE(X)                                                                                            \
    X(binary)                                                                                                           \
    X(binary_broadcast)                                                                                                 \
    X(copy_float_float)                                                                                                 \
    X(copy_int_float)                                                                                                   \
    X(copy_int_int)                                                                                                     \
    X(crossentropy)                                                                                                     \
    X(fill)                                                                                                             \
    X(gather_float_float)                                                                                               \
    X(gather_int_int)                                                                                                   \
    X(gather_uchar_float)                                                                                               \
    X(gather_uchar_int)                                                                                                 \
    X(gemm_vector_few)                                                                                                  \
    X(gemm_vector_narrow)                                                                                               \
    X(gemm_vector_wide)                                                                                                 \
    X(loss)                                                                                                             \
    X(metric_add)                                                                                                       \
    X(metric_rows)                                                                                                      \
    X(normalize_apply)                                                                                                  \
    X(normalize_given)                                                                                                  \
    X(normalize_join)                                                                                                   \
    X(normalize_pieces)                                                                                                 \
    X(normalize_rows)                                                                                                   \
    X(reduce_columns)                                                                                                   \
    X(reduce_rows)                                                                                                      \
    X(scatter)                                                                                                          \
    X(softmax_rows)                                                                                                     \
    X(unary)
/* What only training needs, and what with the build option WITH_LAYERS is there instead: together they are much to compile, and few lists
 * would have both. */
#define SOMA_LISTED_TRAINING(X)                                                                                         \
    X(bias_unary_grad)                                                                                                  \
    X(crossentropy_grad)                                                                                                \
    X(dropout)                                                                                                          \
    X(gather_grad)                                                                                                      \
    X(loss_grad)                                                                                                        \
    X(norm_join)                                                                                                        \
    X(norm_pieces)                                                                                                      \
    X(normalize_grad_apply)                                                                                             \
    X(normalize_grad_channels)                                                                                          \
    X(normalize_grad_join)                                                                                              \
    X(normalize_grad_pieces)                                                                                            \
    X(normalize_grad_rows)                                                                                              \
    X(optimizer)                                                                                                        \
    X(softmax_grad_rows)                                                                                                \
    X(unary_grad)
#define SOMA_LISTED_LAYERS(X)                                                                                           \
    X(conv_vector_narrow)                                                                                               \
    X(conv_vector_wide)                                                                                                 \
    X(recurrent_gru)                                                                                                    \
    X(recurrent_gru_candidate)                                                                                          \
    X(recurrent_gru_reset)                                                                                              \
    X(recurrent_lstm)                                                                                                   \
    X(recurrent_rnn)

/*
 * A list is numbers of 64 bits. For each launch: the kernel's number, how many groups there are in each dimension, how many arguments, how
 * many launches from this one on one thread does (0: its groups are shared among threads; those behind the first of several say nothing),
 * and the arguments. Their uppermost byte says what they are: 0: a number, or the bits of a float; up to SOMA_LISTED_MEMORIES: a place in
 * so many-th memory, from 1, at the offset in the other bytes; SOMA_LISTED_LIVE: one of the numbers that come with each run.
 * Behind the launches stand counters, which are 0 between runs, a line of a cache for each turn, which is a launch that is shared, or launches
 * that one thread does; and before these a line with how many turns there are.
 */
#define SOMA_LISTED_HEAD     5
#define SOMA_LISTED_LINE     8
#define SOMA_LISTED_TURNS    1 /* where in that line; before it are counters for all turns */
#define SOMA_LISTED_TAG      56
#define SOMA_LISTED_MEMORIES 12
#define SOMA_LISTED_LIVE     255
#define SOMA_LISTED_LIVES    32
/* The kernel's arguments: how many launches, where the counters begin, local memory, the list; the live numbers, two in each; the memories. */
#define SOMA_LISTED_FIRST_LIVE   4
#define SOMA_LISTED_FIRST_MEMORY (SOMA_LISTED_FIRST_LIVE + SOMA_LISTED_LIVES / 2)

#endif
