/* SPDX-License-Identifier: MIT */
/* A session of soma/onnx.h, between what opens it (onnx_session.c) and what runs it (onnx_session_run.c, for words
 * onnx_session_words.c). */
#ifndef SOMA_IO_ONNX_ONNX_SESSION_H
#define SOMA_IO_ONNX_ONNX_SESSION_H

#include "io/onnx/late.h"
#include <soma/onnx.h>

/* Shapes whose networks are kept. */
enum { SOMA_ONNX_MOST_PARTS = 4 };

/* A model divided, for one shape of each input. */
typedef struct soma_onnx_part {
    size_t (*shape)[SOMA_MAX_RANK]; /* [inputs]; NULL: this one is free */
    uint64_t used;                  /* when it ran last */
    soma_network *network;
    soma_session *session; /* NULL: nothing is for the network */
    soma_onnx_late late;
} soma_onnx_part;

/* A network of a node behind what the host computes; see onnx_session_node.c. */
typedef struct soma_onnx_lone_input {
    bool there, goes_in; /* not left out; its numbers are those of a run: else it is a constant */
    int32_t type;        /* in ONNX's numbers */
    uint32_t rank;
    size_t dim[SOMA_ONNX_MAX_RANK];
    const Soma__Onnx__TensorProto *tensor; /* of the file, that a constant is; NULL: it is these numbers */
    double *numbers;
    size_t count;
} soma_onnx_lone_input;

typedef struct soma_onnx_lone {
    const Soma__Onnx__NodeProto *node; /* NULL: this one is free */
    size_t number;                     /* of the output */
    bool open;                         /* the first dimension of what goes in may be any */
    uint32_t input_count;
    soma_onnx_lone_input *inputs;
    uint64_t used; /* when it ran last */
    soma_network *network;
    soma_session *session;
} soma_onnx_lone;

typedef struct soma_onnx_lone_nodes {
    soma_onnx_lone *of;
    size_t count;
    uint64_t runs;
} soma_onnx_lone_nodes;

typedef struct soma_onnx_result {
    soma_array array;
    void *memory;
} soma_onnx_result;

struct soma_onnx_session {
    soma_onnx_file *file;
    soma_device *device;
    const soma_onnx_options *options;
    soma_value_info *given, *outputs; /* what goes in, and out */
    size_t given_count, output_count;
    soma_value_info *inputs; /* of the networks: what is given or, of a file with nodes before them, what these make */
    size_t input_count;
    soma_onnx_result *results; /* [output_count] */
    soma_onnx_part parts[SOMA_ONNX_MOST_PARTS];
    soma_onnx_lone_nodes lone_nodes;
    uint64_t runs;
};

/* The one for these shapes; the one that has not run for the longest time goes. */
soma_status soma_onnx_find_part(soma_onnx_session *session, size_t (*shape)[SOMA_MAX_RANK], soma_onnx_part **found);

/* A soma_onnx_run_elsewhere of the session, `context`. */
soma_status soma_onnx_run_lone(void *context, soma_onnx_node *node);
void soma_onnx_lone_nodes_clear(soma_onnx_lone_nodes *lone_nodes);

/* Makes the file's vocabulary where an input is of words. */
soma_status soma_onnx_take_words(soma_onnx_session *session);
/* Arrays of words become such of their numbers, in memory[input], which the caller frees, also after failure. */
soma_status soma_onnx_encode_inputs(const soma_onnx_session *session, soma_array *inputs, void **memory);
/* Runs the nodes before the networks: *arrays, of session->inputs, with their memory, both to be freed, of which the
 * session keeps count; given[i] are arrays as encoded. */
soma_status soma_onnx_run_before(soma_onnx_session *session, const soma_array *given, soma_array *arrays,
                                 void **memory);
/* An array as numbers that rules read, of a value with its type and shape; *memory, to be freed, is where they are if
 * they are no longer where the array has them. */
soma_status soma_onnx_set_elements(soma_onnx_value *value, const soma_array *array, void **memory);
/* Number i of an array. */
double soma_onnx_number_at(soma_dtype dtype, const void *data, size_t i);
/* Makes it that; false where the type has no such number. */
bool soma_onnx_put_number(soma_dtype dtype, double number, void *data, size_t i);
/* Data of an output whose numbers stand for words. */
soma_status soma_onnx_give_words(const soma_onnx_session *session, const soma_onnx_value *value,
                                 soma_onnx_result *result);

#endif
