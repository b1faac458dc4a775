/* SPDX-License-Identifier: MIT */
/* See wire.h. The encoding: protobuf.dev, "Encoding". */
#include "io/onnx/wire.h"
#include "base/pages.h"
#include "base/utf8.h"

#include <string.h>

enum { MAX_DEPTH = 32, MAX_VARINT = 10 };
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

typedef struct wire_walk {
    const char *name;
    const uint8_t *data;
    size_t at; /* offset in the file */
} wire_walk;

static soma_status malformed(const wire_walk *walk, size_t offset, const char *schema, const char *what) {
    return soma_error(SOMA_INVALID_FILE, "%s: offset %zu: %s in a %s", walk->name, offset, what, schema);
}

static bool read_varint(wire_walk *walk, size_t end, uint64_t *value) {
    *value = 0;
    for (unsigned i = 0; i < MAX_VARINT && walk->at < end; i++) {
        uint8_t byte = walk->data[walk->at++];
        *value |= (uint64_t)(byte & 127) << 7 * i;
        if (byte < 128) return true;
    }
    return false;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *schema, uint64_t id) {
    for (unsigned i = 0; i < schema->n_fields; i++)
        if (schema->fields[i].id == id) return &schema->fields[i];
    return NULL;
}

static uint64_t wire_type_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    default:
        return WIRE_VARINT;
    }
}

/* Repeated numbers may come one by one or packed, whatever the schema says. */
static bool type_fits(const ProtobufCFieldDescriptor *field, uint64_t wire) {
    uint64_t expected = wire_type_of(field->type);
    return wire == expected || (wire == WIRE_BYTES && field->label == PROTOBUF_C_LABEL_REPEATED);
}

static soma_status check_text(const wire_walk *walk, size_t offset, size_t length, const char *schema) {
    const char *text = (const char *)walk->data + offset;
    size_t bad;
    if (!soma_utf8_check(text, length, &bad)) return malformed(walk, offset + bad, schema, "text that is not UTF-8");
    const char *zero = memchr(text, 0, length);
    return zero ? malformed(walk, offset + (size_t)(zero - text), schema, "text with a zero byte") : SOMA_OK;
}

/* Packed numbers: the bytes are whole elements. */
static soma_status check_packed(wire_walk *walk, const ProtobufCFieldDescriptor *field, size_t end,
                                const char *schema) {
    uint64_t wire = wire_type_of(field->type), value;
    size_t start = walk->at, size = wire == WIRE_FIXED32 ? 4 : 8;
    if (wire != WIRE_VARINT) {
        walk->at = end;
        return (end - start) % size == 0 ? SOMA_OK : malformed(walk, start, schema, "a number that is cut short");
    }
    while (walk->at < end)
        if (!read_varint(walk, end, &value)) return malformed(walk, walk->at, schema, "a number that does not end");
    return SOMA_OK;
}

/* A message that is being looked at. */
typedef struct wire_message {
    const ProtobufCMessageDescriptor *schema;
    size_t end;
    unsigned depth;
    uint64_t seen; /* a bit for each of the schema's fields */
} wire_message;

/*
 * A message in a field that has one comes once. Protobuf would merge several, which copies what is there for each
 * further one: a file of many would take time with the square of its size. Nobody writes such.
 */
static soma_status check_once(const wire_walk *walk, wire_message *in, const ProtobufCFieldDescriptor *field,
                              size_t offset) {
    uint64_t bit = (uint64_t)1 << ((field - in->schema->fields) & 63);
    if (field->label != PROTOBUF_C_LABEL_REPEATED && in->seen & bit)
        return soma_error(SOMA_INVALID_FILE, "%s: offset %zu: a second %s in a %s", walk->name, offset, field->name,
                          in->schema->short_name);
    in->seen |= bit;
    return SOMA_OK;
}

static soma_status check_message(wire_walk *walk, size_t end, const ProtobufCMessageDescriptor *schema, unsigned depth);

/* A field with a length. */
static soma_status check_bytes(wire_walk *walk, const ProtobufCFieldDescriptor *field, wire_message *in) {
    const ProtobufCMessageDescriptor *schema = in->schema;
    const size_t end = in->end;
    size_t start = walk->at;
    uint64_t length;
    if (!read_varint(walk, end, &length))
        return malformed(walk, start, schema->short_name, "a length that does not end");
    if (length > end - walk->at)
        return soma_error(SOMA_INVALID_FILE, "%s: offset %zu: %llu bytes were promised in a %s, which has %zu left",
                          walk->name, start, (unsigned long long)length, schema->short_name, end - walk->at);
    size_t field_end = walk->at + (size_t)length;
    if (field && field->type == PROTOBUF_C_TYPE_MESSAGE) {
        SOMA_TRY(check_once(walk, in, field, start));
        return check_message(walk, field_end, field->descriptor, in->depth + 1);
    }
    if (field && wire_type_of(field->type) != WIRE_BYTES)
        return check_packed(walk, field, field_end, schema->short_name);
    if (field && field->type == PROTOBUF_C_TYPE_STRING)
        SOMA_TRY(check_text(walk, walk->at, (size_t)length, schema->short_name));
    walk->at = field_end;
    return SOMA_OK;
}

static soma_status check_field(wire_walk *walk, wire_message *in) {
    const ProtobufCMessageDescriptor *schema = in->schema;
    const size_t end = in->end;
    size_t start = walk->at;
    uint64_t tag, value;
    if (!read_varint(walk, end, &tag)) return malformed(walk, start, schema->short_name, "a tag that does not end");
    uint64_t id = tag >> 3, wire = tag & 7;
    if (id == 0 || id > 536870911) return malformed(walk, start, schema->short_name, "a field number out of range");
    const ProtobufCFieldDescriptor *field = find_field(schema, id);
    if (field && !type_fits(field, wire)) return malformed(walk, start, schema->short_name, "a field of another type");
    switch (wire) {
    case WIRE_VARINT:
        if (read_varint(walk, end, &value)) return SOMA_OK;
        return malformed(walk, start, schema->short_name, "a number that does not end");
    case WIRE_BYTES:
        return check_bytes(walk, field, in);
    case WIRE_FIXED32:
    case WIRE_FIXED64:
        if (end - walk->at < (wire == WIRE_FIXED32 ? 4 : 8))
            return malformed(walk, start, schema->short_name, "a number that is cut short");
        walk->at += wire == WIRE_FIXED32 ? 4 : 8;
        return SOMA_OK;
    default:
        return malformed(walk, start, schema->short_name, "a field of no type that there is");
    }
}

static soma_status check_message(wire_walk *walk, size_t end, const ProtobufCMessageDescriptor *schema,
                                 unsigned depth) {
    if (depth > MAX_DEPTH) return malformed(walk, walk->at, schema->short_name, "messages nested too deep");
    wire_message message = {.schema = schema, .end = end, .depth = depth};
    while (walk->at < end) SOMA_TRY(check_field(walk, &message));
    return SOMA_OK;
}

soma_status soma_onnx_wire_check(const char *name, const uint8_t *data, size_t size,
                                 const ProtobufCMessageDescriptor *schema) {
    wire_walk walk = {name, data, 0};
    return check_message(&walk, size, schema, 0);
}

/* ------------------------------------------------------------------------------------------------------ memory */

/* The size before each block, so that freeing can give it back; as wide as the strictest alignment. */
#define HEADER_SIZE 16

static void *budget_alloc(void *context, size_t size) {
    soma_onnx_budget *budget = context;
    if (size > SIZE_MAX - 2 * HEADER_SIZE) return NULL;
    size += 2 * HEADER_SIZE; /* what the C library keeps beside a block is counted too */
    if (size > budget->limit - budget->used) return NULL;
    uint8_t *block = soma_malloc(size);
    if (!block) return NULL;
    /* Nearly all that protobuf-c asks for is written whole. Only its notes of a message's fields, each list twice as
     * large as the one before, are not: so less than twice of what they need is asked for, and freed with the message
     * read. */
    soma_expect_all_pages(block, size);
    memcpy(block, &size, sizeof size);
    budget->used += size;
    return block + HEADER_SIZE;
}

static void budget_free(void *context, void *memory) {
    soma_onnx_budget *budget = context;
    if (!memory) return;
    uint8_t *block = (uint8_t *)memory - HEADER_SIZE;
    size_t size;
    memcpy(&size, block, sizeof size);
    budget->used -= size;
    soma_free(block);
}

ProtobufCAllocator soma_onnx_allocator(soma_onnx_budget *budget) {
    return (ProtobufCAllocator){budget_alloc, budget_free, budget};
}
