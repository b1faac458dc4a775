/* SPDX-License-Identifier: MIT */
/*
 * soma/communicator.h - what training by several processes, or several threads, needs of whatever carries numbers
 * between them: soma_fit_options.communicator. soma/mpi.h makes one of MPI; docs/distributed.md tells the rest.
 *
 * Each of `ranks` processes or threads, numbered from 0, has a network and a communicator of its own, and all call
 * soma_fit() with the same data and options. All then call the functions below in the same order, with the same sizes.
 */
#ifndef SOMA_COMMUNICATOR_H
#define SOMA_COMMUNICATOR_H

#include <soma/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when the struct changes in a way that an older communicator can't bear; functions are only ever appended. */
#define SOMA_COMMUNICATOR_ABI 1

/*
 * All functions are needed. They are called by the thread that is inside of soma_fit(). What is no SOMA_OK ends the
 * training on this rank, and is what soma_fit() returns; soma_error() of soma/device.h gives it a detail.
 */
typedef struct soma_communicator {
    uint32_t abi;         /* SOMA_COMMUNICATOR_ABI */
    uint32_t size;        /* sizeof(soma_communicator) as its author knew it */
    uint32_t rank, ranks; /* which it is, and of how many: rank < ranks */
    void *context;        /* is given to each function */
    /*
     * Begins to add up values[count] of all ranks, in place, and may return before that is done; *sum stands for it.
     * The values are left alone until wait() has returned, which frees what *sum is, with an error, too. Every rank is
     * to get the same bits.
     */
    soma_status (*start_sum)(void *context, float *values, size_t count, void **sum);
    soma_status (*wait)(void *context, void *sum);
    /* bytes[size] of rank `root` to all; returns when they are there. */
    soma_status (*broadcast)(void *context, void *bytes, size_t size, uint32_t root);
    /*
     * This rank cannot go on, for this reason, and the others don't know: they are to get errors from the functions
     * above, or to be ended. May return or not. If it does, wait() is called for what has been begun before; it has to
     * return then, with an error or without, and nothing touches the values of that sum any more.
     */
    void (*abort)(void *context, soma_status status, const char *message);
    /* What has been begun is to go on, as this rank computes meanwhile: called now and then. NULL: nothing to do. */
    soma_status (*progress)(void *context);
    /* start_sum() of bfloat16, the upper half of a float32, rounded to it after each addition: soma_add_bf16(). wait()
     * waits for it. NULL: soma_fit_options.wire cannot ask for it. */
    soma_status (*start_sum_bf16)(void *context, uint16_t *values, size_t count, void **sum);
    uint64_t reserved[4]; /* zero */
} soma_communicator;

/* A number as bfloat16, to nearest, ties to even. What is no number stays none. */
static inline uint16_t soma_bf16_of(float value) {
    union {
        float value;
        uint32_t bits;
    } number = {value};
    if (value != value) return (uint16_t)(number.bits >> 16 | 0x40);
    return (uint16_t)((number.bits + 0x7FFF + (number.bits >> 16 & 1)) >> 16);
}
/* A bfloat16 as a number. */
static inline float soma_float_of_bf16(uint16_t half) {
    union {
        uint32_t bits;
        float value;
    } number = {(uint32_t)half << 16};
    return number.value;
}
/* to += from, for start_sum_bf16(). */
static inline void soma_add_bf16(uint16_t *to, const uint16_t *from, size_t count) {
    for (size_t i = 0; i < count; i++) to[i] = soma_bf16_of(soma_float_of_bf16(to[i]) + soma_float_of_bf16(from[i]));
}

#ifdef __cplusplus
}
#endif
#endif
