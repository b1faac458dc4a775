/* SPDX-License-Identifier: MIT */
/*
 * Nodes that are put off: what they make has a shape that depends on numbers which are known only when the model runs.
 * While a network is made of the others it is noted which they are and what they read. When that has been computed, the
 * nodes are read as nodes of a file of constants are: folded, on the host.
 */
#ifndef SOMA_IO_ONNX_LATE_H
#define SOMA_IO_ONNX_LATE_H

#include "io/onnx/import.h"
#include <soma/onnx.h>

/* What nodes that are put off read, and outputs of the graph that are none of theirs. */
typedef struct soma_onnx_needed {
    soma_onnx_value value; /* what the importer knew of it; its elements are there where it is a constant */
    size_t output;         /* of the network, that has its numbers; SIZE_MAX: it is a constant, or an input */
    bool input;            /* of the graph */
} soma_onnx_needed;

struct soma_onnx_late {
    bool *node; /* of the graph, by number: it is put off */
    size_t count;
    soma_words names;         /* of what is needed */
    soma_onnx_needed *needed; /* by number of the name */
    soma_onnx_block *blocks;  /* where its elements may be */
};

/* Accepts one of zeros. */
void soma_onnx_late_clear(soma_onnx_late *late);
/* Notes the node if it has to be put off, with what it reads; its outputs are values that come late. */
soma_status soma_onnx_put_off(soma_onnx_importer *importer, size_t number, bool *late);
/* Whether an op is inside of the node that may have to be put off. */
bool soma_onnx_may_want(const Soma__Onnx__NodeProto *node);
/* This value of the graph is needed, unless it comes late. */
soma_status soma_onnx_need(soma_onnx_importer *importer, const char *name);

/* host.c: the result of a node whose inputs are all known. */
soma_status soma_onnx_apply_on_host(soma_onnx_node *node);

/* import.c: a network of what can be one, and *late of the rest; where nothing of the model is for the network, it has
 * no output. *network: NULL after failure. Clear *late in any case. */
soma_status soma_onnx_divide(const soma_onnx_file *file, const soma_onnx_options *options, soma_network **network,
                             soma_onnx_late *late);
/* Adds a node as it stands, or with its number in the graph, for messages; puts the number of one in its file, its name
 * and its op before an error. */
soma_status soma_onnx_add_node(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node);
soma_status soma_onnx_add_numbered_node(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *proto,
                                        size_t number);
soma_status soma_onnx_say_node(const soma_onnx_importer *importer, soma_status status,
                               const Soma__Onnx__NodeProto *proto, size_t number);

/* import_host.c. Runs the nodes that were put off: given[i] is what late->names.words[i] names, a constant. `take` gets
 * the outputs, in their order. What the host does not have is computed elsewhere. */
typedef soma_status soma_onnx_take_result(void *context, size_t output, const soma_onnx_value *value);
soma_status soma_onnx_run_late(const soma_onnx_file *file, const soma_onnx_options *options, const soma_onnx_late *late,
                               const soma_onnx_value *given, soma_onnx_elsewhere elsewhere, soma_onnx_take_result *take,
                               void *context);
/* outputs.c: outputs of the network for all that is needed and no constant or input, and what each is. */
soma_status soma_onnx_add_needed(soma_onnx_importer *importer);

/* onnx_session.c: of a file that is open, which the session closes, also after failure. */
soma_status soma_onnx_session_of(soma_onnx_file *file, const soma_onnx_options *options, soma_device *device,
                                 soma_onnx_session **session);

#endif
