/* SPDX-License-Identifier: MIT */
/*
 * Words as inputs: the importer gives each word that the model names a number, and a session encodes by these numbers
 * what comes in. A word that the model does not name has the number behind all others, which equals none of theirs.
 */
#ifndef SOMA_IO_ONNX_VOCABULARY_H
#define SOMA_IO_ONNX_VOCABULARY_H

#include "io/onnx/import.h"

/* The words of all nodes, those of functions and graphs inside of others too, become file->vocabulary. `limit`: bytes
 * that they may take. */
soma_status soma_onnx_collect_words(soma_onnx_file *file, size_t limit);

/* The number of a word of the caller's. */
float soma_onnx_encode_word(const soma_onnx_file *file, const char *word);

/* The numbers of words that an attribute lists; *numbers is the importer's. */
soma_status soma_onnx_word_numbers(soma_onnx_node *node, const char *attribute, const ProtobufCBinaryData *words,
                                   size_t count, const double **numbers);

/* encoded.c: refuses ops that would compute with the numbers, which are none to the model. */
soma_status soma_onnx_check_encoded(const soma_onnx_node *node);
/* After the rule: what it has moved are words as before. */
void soma_onnx_keep_encoded(soma_onnx_node *node);

#endif
