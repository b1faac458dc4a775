/* SPDX-License-Identifier: MIT */
/* What rules make of words of inputs, on the host: letters there, numbers to everybody else (vocabulary.h). */
#ifndef SOMA_IO_ONNX_TEXTS_H
#define SOMA_IO_ONNX_TEXTS_H

#include "io/onnx/import.h"

/* The texts of the first input, which are the file's, in memory to be freed; refuses what is not known, or no words. */
soma_status soma_onnx_texts_of(soma_onnx_node *node, const char ***texts, size_t *count);
/* The result is texts of this shape. */
soma_status soma_onnx_give_texts(soma_onnx_node *node, const soma_onnx_shape *shape, const char *const *texts);
/* An attribute's text, copied, to be freed; NULL where there is none. */
soma_status soma_onnx_copy_text(const soma_onnx_node *node, const char *name, char **text);

#endif
