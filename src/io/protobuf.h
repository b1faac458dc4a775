/* SPDX-License-Identifier: MIT */
/*
 * Protocol buffers, written field by field. The numbers of fields are those of the format's schema; repeated fields may
 * come in any order, so that a graph's nodes and initializers are written as they arise. The encoding: protobuf.dev,
 * "Encoding".
 */
#ifndef SOMA_IO_PROTOBUF_H
#define SOMA_IO_PROTOBUF_H

#include "base/base.h"

typedef struct soma_protobuf {
    uint8_t *data;
    size_t size, capacity;
    bool failed; /* out of memory: what was written since is lost */
} soma_protobuf;

void soma_protobuf_put_integer(soma_protobuf *writer, unsigned field, int64_t value);
void soma_protobuf_put_float(soma_protobuf *writer, unsigned field, float value);
void soma_protobuf_put_double(soma_protobuf *writer, unsigned field, double value);
void soma_protobuf_put_bytes(soma_protobuf *writer, unsigned field, const void *data, size_t size);
void soma_protobuf_put_text(soma_protobuf *writer, unsigned field, const char *text);
/* One of a list of numbers of eight bytes each, little-endian, that is opened and closed as a message is (packed). */
void soma_protobuf_append_double(soma_protobuf *writer, double value);
void soma_protobuf_append_integer(soma_protobuf *writer, int64_t value);
/* Bytes as they are: fields that are written already. */
void soma_protobuf_append(soma_protobuf *writer, const void *data, size_t size);
/* A message is opened, filled and closed; messages nest. */
size_t soma_protobuf_open(soma_protobuf *writer, unsigned field);
void soma_protobuf_close(soma_protobuf *writer, size_t opened);

#endif
