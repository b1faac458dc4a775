/* SPDX-License-Identifier: MIT */
/* The ways in which a device can be wrong, one at a time; for the test of the conformance suite. */
#ifndef SOMA_TESTS_MUTANTS_H
#define SOMA_TESTS_MUTANTS_H

#include "device/conformance/suite.h"

typedef struct mutant mutant;
struct mutant {
    const char *name;
    uint32_t row;    /* of the suite, which is to find it */
    int argument;    /* a view, a function, an operation, a kind */
    int replacement; /* what is done in its place */
    /* Changes the call before the reference computes it; its inputs are copies. */
    void (*before)(const mutant *self, soma_call *call);
    /* Changes what came out; `old` is the call with its views as they were. */
    soma_status (*after)(const mutant *self, soma_call *call, const soma_call *old);
};

/* Scratch memory that the mutant device asks for with every call. */
#define MUTANT_WORKSPACE 64

/* Mutants of the memory slots and of lists: what is wrong is `argument`, and the device does it. */
enum {
    SHORT_WRITE = 1,
    SHORT_READ,
    LONG_READ,
    SHORT_COPY,
    COPY_FROM_START,
    SHORT_FILL,
    LONG_FILL,
    REVERSED_LIST,
    ONE_CALL_LOST
};

/* All of them, freshly made; free with soma_free(). */
mutant *mutants_make(size_t *count);

#endif
