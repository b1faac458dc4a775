/* SPDX-License-Identifier: MIT */
/*
 * Protocol buffers before they are unpacked. The unpacker recurses without end, says nothing of where it failed, and
 * takes memory as it goes: so the bytes are first walked by the schema, and memory is counted.
 */
#ifndef SOMA_IO_ONNX_WIRE_H
#define SOMA_IO_ONNX_WIRE_H

#include "base/base.h"
#include <protobuf-c/protobuf-c.h>

/*
 * Whether data[size] is one message of the schema: tags, lengths within their message, fields of their type, text that
 * is UTF-8, messages not nested too deep. The error names the offset; `name` stands for the file.
 */
soma_status soma_onnx_wire_check(const char *name, const uint8_t *data, size_t size,
                                 const ProtobufCMessageDescriptor *schema);

/* Memory that may be taken in all, and what is taken. */
typedef struct soma_onnx_budget {
    size_t limit, used;
} soma_onnx_budget;

/* An allocator for the unpacker that takes no more than the budget has; `budget` must stay where it is. */
ProtobufCAllocator soma_onnx_allocator(soma_onnx_budget *budget);

#endif
