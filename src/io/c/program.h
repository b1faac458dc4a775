/* SPDX-License-Identifier: MIT */
/*
 * What a C file computes: the calls of one sample in inference, with batch normalisation folded, and what of it is
 * known beforehand.
 */
#ifndef SOMA_IO_C_PROGRAM_H
#define SOMA_IO_C_PROGRAM_H

#include "graph/lowering.h"
#include "nn/network.h"

#define SOMA_C_NONE SIZE_MAX

typedef struct soma_c_program {
    soma_graph graph;
    soma_lowering lowering;
    soma_tensor *output[SOMA_MAX_ENDS];
    size_t output_count;
    bool *changes;   /* of each root tensor: it depends on the inputs */
    void **value;    /* of each other root tensor that is needed: its elements, float or int32_t */
    size_t *product; /* of each call: the number of a matrix product that it does on its way; SOMA_C_NONE: none */
    bool *done;      /* of each call: its results are known, or another call does it on its way */
} soma_c_program;

/* `program` is to be cleared even if it fails. */
soma_status soma_c_program_make(soma_network *network, soma_c_program *program);
void soma_c_program_clear(soma_c_program *program);

/* The tensor whose memory a view is of. */
static inline const soma_tensor *soma_c_root(const soma_view *view) {
    return soma_tensor_root(view->memory);
}
/* Whether the view is there and depends on the inputs. */
static inline bool soma_c_view_changes(const soma_c_program *program, const soma_view *view) {
    return view->rank != 0 && program->changes[soma_c_root(view)->id];
}

#endif
