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

typedef struct soma_onnx_result {
    soma_array array;
    void *memory;
} soma_onnx_result;

struct soma_onnx_session {
    soma_onnx_file *file;
    soma_device *device;
    const soma_onnx_options *options;
    soma_value_info *inputs, *outputs;
    size_t input_count, output_count;
    soma_onnx_result *results; /* [output_count] */
    soma_onnx_part parts[SOMA_ONNX_MOST_PARTS];
    uint64_t runs;
};

/* The one for these shapes; the one that has not run for the longest time goes. */
soma_status soma_onnx_find_part(soma_onnx_session *session, size_t (*shape)[SOMA_MAX_RANK], soma_onnx_part **found);

/* Makes the file's vocabulary where an input is of words. */
soma_status soma_onnx_take_words(soma_onnx_session *session);
/* Arrays of words become such of their numbers, in memory[input], which the caller frees, also after failure. */
soma_status soma_onnx_encode_inputs(const soma_onnx_session *session, soma_array *inputs, void **memory);
/* Data of an output whose numbers stand for words. */
soma_status soma_onnx_give_words(const soma_onnx_session *session, const soma_onnx_value *value,
                                 soma_onnx_result *result);

#endif
