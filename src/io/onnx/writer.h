/* SPDX-License-Identifier: MIT */
/*
 * Protocol buffers, written field by field. The numbers of fields are those of ONNX's schema; repeated fields may come
 * in any order, so that a graph's nodes and initializers are written as they arise.
 */
#ifndef SOMA_IO_ONNX_WRITER_H
#define SOMA_IO_ONNX_WRITER_H

#include "base/base.h"

typedef struct soma_onnx_writer {
    uint8_t *data;
    size_t size, capacity;
    bool failed; /* out of memory: what was written since is lost */
} soma_onnx_writer;

void soma_onnx_put_integer(soma_onnx_writer *writer, unsigned field, int64_t value);
void soma_onnx_put_float(soma_onnx_writer *writer, unsigned field, float value);
void soma_onnx_put_bytes(soma_onnx_writer *writer, unsigned field, const void *data, size_t size);
void soma_onnx_put_text(soma_onnx_writer *writer, unsigned field, const char *text);
/* A message is opened, filled and closed; messages nest. */
size_t soma_onnx_open_message(soma_onnx_writer *writer, unsigned field);
void soma_onnx_close_message(soma_onnx_writer *writer, size_t opened);

#endif
