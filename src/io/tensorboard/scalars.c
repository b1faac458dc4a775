/* SPDX-License-Identifier: MIT */
/* The numbers in an event, read field by field. */
#include "base/utf8.h"
#include "io/bytes.h"
#include "io/tensorboard/events.h"

#include <math.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum { TENSOR_CONTENT = 4, TENSOR_FLOATS = 5, TENSOR_DOUBLES = 6, TYPE_FLOAT = 1, TYPE_DOUBLE = 2 };

/* What is left of a message. */
typedef struct message {
    const uint8_t *at, *end;
} message;

typedef struct field {
    uint64_t number, wire;
    uint64_t value; /* of a number, its bits */
    message bytes;  /* of what has a length */
} field;

static bool read_varint(message *from, uint64_t *value) {
    *value = 0;
    for (unsigned i = 0; i < 10 && from->at < from->end; i++) {
        uint8_t byte = *from->at++;
        *value |= (uint64_t)(byte & 127) << 7 * i;
        if (byte < 128) return true;
    }
    return false;
}

static bool read_field(message *from, field *next) {
    uint64_t tag;
    if (!read_varint(from, &tag)) return false;
    *next = (field){.number = tag >> 3, .wire = tag & 7};
    const size_t left = (size_t)(from->end - from->at);
    const size_t fixed = next->wire == FIXED64 ? 8 : next->wire == FIXED32 ? 4 : 0;
    if (next->wire == VARINT) return read_varint(from, &next->value);
    if (fixed) {
        if (left < fixed) return false;
        next->value = fixed == 8 ? soma_load_le64(from->at) : soma_load_le32(from->at);
        next->bytes = (message){from->at, from->at + fixed};
        from->at += fixed;
        return true;
    }
    uint64_t length;
    if (next->wire != BYTES || !read_varint(from, &length) || length > (uint64_t)(from->end - from->at)) return false;
    next->bytes = (message){from->at, from->at + length};
    from->at += length;
    return true;
}

static double float_of(uint64_t bits) {
    const uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return (double)value;
}

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One number in a tensor, packed or not, in one of the places where it can be. */
static bool read_tensor(message from, double *value, bool *found) {
    uint64_t type = TYPE_FLOAT;
    for (field next; from.at < from.end;) {
        if (!read_field(&from, &next)) return false;
        const size_t size = (size_t)(next.bytes.end - next.bytes.at);
        if (next.number == SOMA_EVENT_TENSOR_TYPE && next.wire == VARINT) type = next.value;
        bool wide = next.number == TENSOR_DOUBLES || (next.number == TENSOR_CONTENT && type == TYPE_DOUBLE);
        bool narrow = next.number == TENSOR_FLOATS || (next.number == TENSOR_CONTENT && type == TYPE_FLOAT);
        if ((!wide && !narrow) || size != (wide ? 8u : 4u)) continue;
        *value = wide ? double_of(soma_load_le64(next.bytes.at)) : float_of(soma_load_le32(next.bytes.at));
        *found = true;
    }
    return true;
}

/* A tag and what it has; a value that is no number is passed over. */
static bool read_value(message from, int64_t step, const char *run, soma_tensorboard_reader *read, void *context,
                       soma_status *status) {
    message tag = {NULL, NULL};
    double value = NAN;
    bool found = false;
    for (field next; from.at < from.end;) {
        if (!read_field(&from, &next)) return false;
        if (next.number == SOMA_EVENT_VALUE_TAG && next.wire == BYTES) tag = next.bytes;
        if (next.number == SOMA_EVENT_VALUE_TENSOR && next.wire == BYTES && !read_tensor(next.bytes, &value, &found))
            return false;
        if (next.number != SOMA_EVENT_VALUE_NUMBER || next.wire != FIXED32) continue;
        value = float_of(next.value);
        found = true;
    }
    size_t length = tag.at ? (size_t)(tag.end - tag.at) : 0, offset;
    if (!found || !length) return true;
    if (!soma_utf8_check((const char *)tag.at, length, &offset) || memchr(tag.at, 0, length)) return false;
    char *name = soma_malloc(length + 1);
    if (!name) {
        *status = soma_out_of_memory(length + 1, "the name of a curve");
        return true;
    }
    memcpy(name, tag.at, length);
    name[length] = 0;
    *status = read(context, run, name, step, value);
    soma_free(name);
    return true;
}

bool soma_event_read_scalars(const uint8_t *event, size_t size, const char *run, soma_tensorboard_reader *read,
                             void *context, soma_status *status) {
    message from = {event, event + size}, summary = {NULL, NULL};
    int64_t step = 0;
    for (field next; from.at < from.end;) {
        if (!read_field(&from, &next)) return false;
        if (next.number == SOMA_EVENT_STEP && next.wire == VARINT) step = (int64_t)next.value;
        if (next.number == SOMA_EVENT_SUMMARY && next.wire == BYTES) summary = next.bytes;
    }
    while (summary.at < summary.end) {
        field next;
        if (!read_field(&summary, &next)) return false;
        if (next.number != SOMA_EVENT_SUMMARY_VALUE || next.wire != BYTES) continue;
        if (!read_value(next.bytes, step, run, read, context, status)) return false;
        if (*status != SOMA_OK) return true;
    }
    return true;
}
