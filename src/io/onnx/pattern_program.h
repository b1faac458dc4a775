/* SPDX-License-Identifier: MIT */
/* What an expression becomes: pattern.c makes it, pattern_find.c has its threads go through a text side by side. */
#ifndef SOMA_IO_ONNX_PATTERN_PROGRAM_H
#define SOMA_IO_ONNX_PATTERN_PROGRAM_H

#include "io/onnx/pattern.h"

typedef enum kind { SET, FORK, JUMP, BEGIN, FINISH, EDGE, NO_EDGE, MATCH } kind;

/* FORK goes on at both x and y from here, JUMP at x; a SET is number x. */
typedef struct step {
    kind kind;
    int32_t x, y;
} step;

typedef struct range {
    uint32_t first, last;
} range;

/* Ranges number first to first + count - 1, or what is in none of them. */
typedef struct set {
    size_t first, count;
    bool negated;
} set;

typedef struct thread {
    int32_t at;
    size_t start;
} thread;

struct soma_onnx_pattern {
    step *steps;
    set *sets;
    range *ranges;
    size_t step_count, set_count, range_count, step_room, set_room, range_room;
    bool any_case;
    thread *now, *next;
    uint32_t *seen; /* of each step: the round in which a thread came to it */
    int32_t *stack;
    uint32_t round;
    double work;
};

#endif
