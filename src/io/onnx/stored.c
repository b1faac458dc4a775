/* SPDX-License-Identifier: MIT */
/*
 * Weights that stay in the model's file until they are wanted. The unpacker would make a second copy of each beside
 * the bytes that it works on: so it is given the file without the larger raw_data of the graph's initializers, and
 * where these lie is remembered. The encoding: protobuf.dev, "Encoding"; the numbers of fields: ONNX's schema.
 */
#include "base/file.h"
#include "io/onnx/export.h"
#include "io/onnx/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5, MOST_VARINT = 10 };
enum { MODEL_GRAPH = 7 };
/* Shorter ones are not worth it; a piece of the file that is looked at. */
enum { LEAST_STORED = 4096, WINDOW = 8192 };

/* A file on its way to a message without what stays. */
typedef struct cutting {
    int descriptor;
    uint8_t *window; /* the file's bytes from `start` on, `count` of them */
    uint64_t start;
    size_t count;
    soma_protobuf writer;
    size_t initializers; /* that came so far */
    bool raw;            /* the one that is cut has had its raw_data */
    soma_onnx_stored_list stored;
    size_t capacity;
} cutting;

/* -------------------------------------------------------------------------------------------------------- the file */

static bool get_byte(cutting *c, uint64_t at, uint8_t *byte) {
    if (at < c->start || at - c->start >= c->count) {
        c->start = at;
        if (!soma_file_read_at(c->descriptor, at, c->window, WINDOW, &c->count) || c->count == 0) return false;
    }
    *byte = c->window[at - c->start];
    return true;
}

static bool get_varint(cutting *c, uint64_t *at, uint64_t end, uint64_t *value) {
    *value = 0;
    for (unsigned i = 0; i < MOST_VARINT && *at < end; i++) {
        uint8_t byte;
        if (!get_byte(c, (*at)++, &byte)) return false;
        *value |= (uint64_t)(byte & 127) << 7 * i;
        if (byte < 128) return true;
    }
    return false;
}

static bool copy(cutting *c, uint64_t from, uint64_t to) {
    while (from < to) {
        uint8_t byte;
        if (!get_byte(c, from, &byte)) return false;
        const size_t at = (size_t)(from - c->start), size = (size_t)SOMA_MIN(to - from, (uint64_t)(c->count - at));
        soma_protobuf_append(&c->writer, c->window + at, size);
        from += size;
    }
    return !c->writer.failed;
}

/* ----------------------------------------------------------------------------------------------------- the messages */

static bool store(cutting *c, uint64_t at, uint64_t length) {
    if (c->stored.count == c->capacity) {
        const size_t capacity = c->capacity ? 2 * c->capacity : 64;
        soma_onnx_stored *grown = soma_realloc(c->stored.of, capacity, sizeof *grown);
        if (!grown) return false;
        c->stored.of = grown;
        c->capacity = capacity;
    }
    c->stored.of[c->stored.count++] = (soma_onnx_stored){.number = c->initializers, .at = at, .size = length};
    return true;
}

/* A field with a length, at its tag; `at` is where its bytes begin. */
typedef struct field {
    uint64_t number, at, length;
} field;

/* The next field from *at on, which ends there then; `*start` is where it began. False for what is no field. */
static bool next_field(cutting *c, uint64_t *at, uint64_t end, field *found) {
    uint64_t tag, value = 0;
    if (!get_varint(c, at, end, &tag)) return false;
    *found = (field){.number = UINT64_MAX};
    switch (tag & 7) {
    case WIRE_VARINT:
        return get_varint(c, at, end, &value);
    case WIRE_FIXED32:
    case WIRE_FIXED64:
        value = (tag & 7) == WIRE_FIXED32 ? 4 : 8;
        break;
    case WIRE_BYTES:
        if (!get_varint(c, at, end, &value)) return false;
        *found = (field){.number = tag >> 3, .at = *at, .length = value};
        break;
    default:
        return false;
    }
    if (value > end - *at) return false;
    *at += value;
    return true;
}

static bool cut_tensor(cutting *c, uint64_t at, uint64_t end) {
    uint64_t kept = at, start = at;
    field found;
    for (c->raw = false; at < end; start = at) {
        if (!next_field(c, &at, end, &found)) return false;
        if (found.number != TENSOR_RAW) continue;
        if (c->raw) return false; /* of two the last would count */
        c->raw = true;
        if (found.length < LEAST_STORED) continue;
        if (!copy(c, kept, start) || !store(c, found.at, found.length)) return false;
        kept = at;
    }
    return copy(c, kept, end);
}

/* A message of which a field is cut, too. */
typedef bool cut_function(cutting *c, uint64_t at, uint64_t end);
static bool cut_within(cutting *c, uint64_t at, uint64_t end, unsigned number, cut_function *cut) {
    uint64_t kept = at, start = at;
    field found;
    for (; at < end; start = at) {
        if (!next_field(c, &at, end, &found)) return false;
        if (found.number != number) continue;
        if (!copy(c, kept, start)) return false;
        const size_t opened = soma_protobuf_open(&c->writer, number);
        if (!cut(c, found.at, at)) return false;
        soma_protobuf_close(&c->writer, opened);
        kept = at;
        c->initializers += number == GRAPH_INITIALIZER;
    }
    return copy(c, kept, end);
}

static bool cut_graph(cutting *c, uint64_t at, uint64_t end) {
    return cut_within(c, at, end, GRAPH_INITIALIZER, cut_tensor);
}

bool soma_onnx_cut(int descriptor, uint64_t size, soma_buffer *rest, soma_onnx_stored_list *stored) {
    cutting c = {.descriptor = descriptor, .window = soma_malloc(WINDOW)};
    struct stat about;
    const bool known = fstat(descriptor, &about) == 0;
    if (known) c.stored.changed = about.st_mtim, c.stored.bytes = (uint64_t)about.st_size;
    const bool done = known && c.window && cut_within(&c, 0, size, MODEL_GRAPH, cut_graph) && !c.writer.failed;
    soma_free(c.window);
    *rest = (soma_buffer){c.writer.data, c.writer.size};
    *stored = c.stored;
    if (done) return true;
    soma_free(rest->data);
    soma_onnx_stored_clear(stored);
    *rest = (soma_buffer){NULL, 0};
    return false;
}

void soma_onnx_stored_clear(soma_onnx_stored_list *stored) {
    soma_free(stored->of);
    *stored = (soma_onnx_stored_list){.of = NULL};
}

/* ------------------------------------------------------------------------------------------------------- the tensors
 */

static int by_tensor(const void *a, const void *b) {
    const uintptr_t p = (uintptr_t)((const soma_onnx_stored *)a)->tensor,
                    q = (uintptr_t)((const soma_onnx_stored *)b)->tensor;
    return (p > q) - (p < q);
}

bool soma_onnx_place_stored(soma_onnx_stored_list *stored, const Soma__Onnx__GraphProto *graph) {
    for (size_t i = 0; i < stored->count; i++) {
        soma_onnx_stored *one = &stored->of[i];
        if (one->number >= graph->n_initializer || graph->initializer[one->number]->has_raw_data) return false;
        Soma__Onnx__TensorProto *tensor = graph->initializer[one->number];
        tensor->has_raw_data = 1;
        tensor->raw_data.len = (size_t)one->size;
        one->tensor = tensor;
    }
    if (stored->count) qsort(stored->of, stored->count, sizeof *stored->of, by_tensor);
    return true;
}

/* Weights of another file would be taken for those of this model. */
static bool is_as_it_was(const soma_onnx_file *file) {
    struct stat about;
    return fstat(file->descriptor, &about) == 0 && (uint64_t)about.st_size == file->stored.bytes &&
           about.st_mtim.tv_sec == file->stored.changed.tv_sec && about.st_mtim.tv_nsec == file->stored.changed.tv_nsec;
}

soma_status soma_onnx_read_stored(const soma_onnx_file *file, const Soma__Onnx__TensorProto *tensor, size_t from,
                                  size_t size, void *data) {
    const soma_onnx_stored wanted = {.tensor = tensor};
    const soma_onnx_stored *found = bsearch(&wanted, file->stored.of, file->stored.count, sizeof wanted, by_tensor);
    const char *name = tensor->name ? tensor->name : "";
    size_t got;
    if (!found) return soma_error(SOMA_INVALID_FILE, "tensor %s: its bytes are not there", name);
    if (!soma_file_read_at(file->descriptor, found->at + from, data, size, &got))
        return soma_error(SOMA_IO, "tensor %s: cannot read: %s", name, strerror(errno));
    if (!is_as_it_was(file))
        return soma_error(SOMA_INVALID_FILE, "tensor %s: the file was changed since it was opened", name);
    if (got == size) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "tensor %s: the file became shorter while it was read", name);
}
