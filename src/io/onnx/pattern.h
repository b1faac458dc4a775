/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions as com.microsoft's Tokenizer has them: characters, classes, groups, alternatives, repetitions and
 * places, in the syntax of RE2. Of all that match at the earliest place the longest counts, so that greedy and lazy
 * repetitions are the same. A search takes time of the text times the expression.
 */
#ifndef SOMA_IO_ONNX_PATTERN_H
#define SOMA_IO_ONNX_PATTERN_H

#include "base/base.h"

typedef struct soma_onnx_pattern soma_onnx_pattern;

/* Free it with soma_onnx_pattern_destroy(), which accepts NULL. An expression that is wrong or has what is not known
 * is refused with its place. */
soma_status soma_onnx_pattern_create(const char *text, size_t length, soma_onnx_pattern **pattern);
void soma_onnx_pattern_destroy(soma_onnx_pattern *pattern);
size_t soma_onnx_pattern_bytes(const soma_onnx_pattern *pattern);

/* What all searches came to, in comparisons; after so many nothing is found. */
#define SOMA_ONNX_MOST_SEARCHED 0x1p32
double soma_onnx_pattern_work(const soma_onnx_pattern *pattern);

/* The first match in text[length], which is UTF-8, from byte `from` on: [*start, *end). False if there is none. */
bool soma_onnx_pattern_find(soma_onnx_pattern *pattern, const char *text, size_t length, size_t from, size_t *start,
                            size_t *end);

#endif
