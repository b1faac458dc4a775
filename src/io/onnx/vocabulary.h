/* SPDX-License-Identifier: MIT */
/*
 * Words as inputs: the importer gives each word that the model names a number, and a session encodes by these numbers
 * what comes in. Words that the model does not name have numbers behind all others, which equal none of theirs, for as
 * long as a run lasts.
 */
#ifndef SOMA_IO_ONNX_VOCABULARY_H
#define SOMA_IO_ONNX_VOCABULARY_H

/* What a LabelEncoder gives for what is no key, where its attributes say nothing. */
#define SOMA_ONNX_USUAL_WORD "_Unused"

#include "io/onnx/import.h"

/* The words of all nodes, those of functions and graphs inside of others too, become file->vocabulary. `limit`: bytes
 * that they may take. */
soma_status soma_onnx_collect_words(soma_onnx_file *file, size_t limit);

/* Words of earlier runs are forgotten; those of the next may take so many bytes. */
void soma_onnx_forget_met(const soma_onnx_file *file, size_t limit);
/* The number of a word of the caller's, or of one that was made of such. */
soma_status soma_onnx_encode_word(const soma_onnx_file *file, const char *word, double *number);
/* So many have numbers: 0, 1, ... */
size_t soma_onnx_word_count(const soma_onnx_file *file);
/* The word of such a number; "" of others. */
const char *soma_onnx_decode_word(const soma_onnx_file *file, double number);

/* The numbers of words that an attribute lists; *numbers is the importer's. */
soma_status soma_onnx_word_numbers(soma_onnx_node *node, const char *attribute, const ProtobufCBinaryData *words,
                                   size_t count, const double **numbers);

/* encoded.c: refuses ops that would compute with the numbers, which are none to the model. */
soma_status soma_onnx_check_encoded(const soma_onnx_node *node);
/* After the rule: what it has moved are words as before. */
void soma_onnx_keep_encoded(soma_onnx_node *node);

#endif
