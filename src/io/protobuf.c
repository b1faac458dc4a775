/* SPDX-License-Identifier: MIT */
/* See protobuf.h. */
#include "io/protobuf.h"
#include "io/bytes.h"

#include <string.h>

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5, MAX_VARINT = 10 };

static uint8_t *reserve(soma_protobuf *writer, size_t size) {
    size_t wanted;
    if (writer->failed || !soma_add_size(writer->size, size, &wanted)) {
        writer->failed = true;
        return NULL;
    }
    if (wanted > writer->capacity) {
        size_t capacity = SOMA_MAX(wanted, SOMA_MAX(2 * writer->capacity, (size_t)1024));
        uint8_t *grown = soma_realloc(writer->data, capacity, 1);
        if (!grown) {
            writer->failed = true;
            return NULL;
        }
        writer->data = grown;
        writer->capacity = capacity;
    }
    uint8_t *at = writer->data + writer->size;
    writer->size = wanted;
    return at;
}

static size_t encode_varint(uint64_t value, uint8_t *bytes) {
    size_t size = 0;
    for (; value > 127; value >>= 7) bytes[size++] = (uint8_t)(value | 128);
    bytes[size++] = (uint8_t)value;
    return size;
}

void soma_protobuf_append(soma_protobuf *writer, const void *data, size_t size) {
    uint8_t *at = reserve(writer, size);
    if (at && size) memcpy(at, data, size);
}

static void put_varint(soma_protobuf *writer, uint64_t value) {
    uint8_t bytes[MAX_VARINT];
    soma_protobuf_append(writer, bytes, encode_varint(value, bytes));
}

void soma_protobuf_put_integer(soma_protobuf *writer, unsigned field, int64_t value) {
    put_varint(writer, field << 3 | VARINT);
    put_varint(writer, (uint64_t)value);
}

void soma_protobuf_put_float(soma_protobuf *writer, unsigned field, float value) {
    uint8_t bytes[4];
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    soma_store_le32(bytes, bits);
    put_varint(writer, field << 3 | FIXED32);
    soma_protobuf_append(writer, bytes, sizeof bytes);
}

static void append_bits(soma_protobuf *writer, uint64_t bits) {
    uint8_t bytes[8];
    soma_store_le64(bytes, bits);
    soma_protobuf_append(writer, bytes, sizeof bytes);
}

void soma_protobuf_append_double(soma_protobuf *writer, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    append_bits(writer, bits);
}

void soma_protobuf_append_integer(soma_protobuf *writer, int64_t value) {
    append_bits(writer, (uint64_t)value);
}

void soma_protobuf_put_double(soma_protobuf *writer, unsigned field, double value) {
    put_varint(writer, field << 3 | FIXED64);
    soma_protobuf_append_double(writer, value);
}

void soma_protobuf_put_bytes(soma_protobuf *writer, unsigned field, const void *data, size_t size) {
    put_varint(writer, field << 3 | BYTES);
    put_varint(writer, size);
    soma_protobuf_append(writer, data, size);
}

void soma_protobuf_put_text(soma_protobuf *writer, unsigned field, const char *text) {
    soma_protobuf_put_bytes(writer, field, text, strlen(text));
}

size_t soma_protobuf_open(soma_protobuf *writer, unsigned field) {
    put_varint(writer, field << 3 | BYTES);
    return writer->size;
}

/* The length goes before what has been written since. */
void soma_protobuf_close(soma_protobuf *writer, size_t opened) {
    uint8_t bytes[MAX_VARINT];
    if (writer->failed) return;
    size_t length = writer->size - opened, size = encode_varint(length, bytes);
    if (!reserve(writer, size)) return;
    memmove(writer->data + opened + size, writer->data + opened, length);
    memcpy(writer->data + opened, bytes, size);
}
