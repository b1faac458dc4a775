/* SPDX-License-Identifier: MIT */
/* The values of a file's graph before anybody reads it: for looking at several nodes at once. */
#ifndef SOMA_IO_ONNX_WIRING_H
#define SOMA_IO_ONNX_WIRING_H

#include "io/onnx/file.h"

typedef struct soma_onnx_wiring {
    const soma_onnx_file *file;
    soma_words results, initializers; /* `line`: number of the node, or of the initializer */
    uint32_t *uses;                   /* by number of the result: by nodes, and by the graph's outputs */
} soma_onnx_wiring;

/* *plain: each result has a name of its own, and no node has a graph inside, which might use any. Else nothing is
 * listed. Clear it also after failure. */
soma_status soma_onnx_wiring_open(const soma_onnx_file *file, soma_onnx_wiring *wiring, bool *plain);
void soma_onnx_wiring_clear(soma_onnx_wiring *wiring);

/* The node that makes a value which is used so often, and its number; NULL: none does. */
const Soma__Onnx__NodeProto *soma_onnx_wiring_maker(const soma_onnx_wiring *wiring, const char *name, uint32_t uses,
                                                    size_t *number);
/* *found: it is a constant or initializer of this type, of at least one element; then close the reader. What is wrong
 * with one is for its reader to say; an error is that memory or the file fail. */
soma_status soma_onnx_wiring_constant(const soma_onnx_wiring *wiring, const char *name, int32_t type,
                                      soma_onnx_elements *elements, soma_onnx_reader *reader, bool *found);
/* The only attribute of a node, if that has this name; NULL, as for a node of NULL: there is none. */
const Soma__Onnx__AttributeProto *soma_onnx_only_attribute(const Soma__Onnx__NodeProto *node, const char *name);

#endif
