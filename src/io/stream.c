/* SPDX-License-Identifier: MIT */
/* Bytes to be read in order, from a file, from memory or from elsewhere, gzipped or not. */
#include "io/stream.h"
#include "base/file.h"
#include "io/gzip.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct soma_stream {
    char *name;
    int descriptor; /* -1: from memory, or from the reader */
    soma_stream_reader reader;
    const uint8_t *memory; /* what is left of it */
    size_t memory_left;
    uint8_t *owned;     /* a pipe's bytes: a stream must know its size */
    uint64_t size;      /* of the file or the memory */
    uint8_t start[2];   /* the first bytes, which were read to look at them */
    size_t start_count; /* of them, still to be given */
    soma_gzip *gzip;    /* NULL: not gzipped */
    uint64_t offset;
};

/* The next bytes as they are in the file. */
static soma_status read_raw(void *context, uint8_t *target, size_t size, size_t *got) {
    soma_stream *stream = context;
    size_t from_start = SOMA_MIN(size, stream->start_count);
    memcpy(target, stream->start + sizeof stream->start - stream->start_count, from_start);
    stream->start_count -= from_start;
    target += from_start;
    size -= from_start;
    if (stream->reader.read) {
        SOMA_TRY(stream->reader.read(stream->reader.context, target, size, got));
    } else if (stream->descriptor >= 0) {
        SOMA_TRY(soma_file_read_some(stream->name, stream->descriptor, target, size, got));
    } else {
        *got = SOMA_MIN(size, stream->memory_left);
        if (*got) memcpy(target, stream->memory, *got);
        stream->memory += *got;
        stream->memory_left -= *got;
    }
    *got += from_start;
    return SOMA_OK;
}

/* Looks at the first two bytes. A file of one byte is given as it is. */
static soma_status look_for_gzip(soma_stream *stream) {
    size_t got;
    if (stream->size < sizeof stream->start) return SOMA_OK;
    SOMA_TRY(read_raw(stream, stream->start, sizeof stream->start, &got));
    if (got < sizeof stream->start) return soma_error(SOMA_IO, "%s: became shorter while it was read", stream->name);
    stream->start_count = got;
    if (stream->start[0] != 0x1F || stream->start[1] != 0x8B) return SOMA_OK;
    return soma_gzip_create(stream->name, read_raw, stream, &stream->gzip);
}

static soma_status create(const char *name, soma_stream **stream) {
    *stream = soma_calloc(1, sizeof **stream);
    char *copy = soma_strdup(name);
    if (*stream && copy) {
        (*stream)->name = copy;
        (*stream)->descriptor = -1;
        return SOMA_OK;
    }
    soma_free(*stream);
    soma_free(copy);
    *stream = NULL;
    return soma_out_of_memory(sizeof **stream + strlen(name), "reading a file");
}

static soma_status finish_opening(soma_status status, soma_stream **stream) {
    if (status == SOMA_OK) status = look_for_gzip(*stream);
    if (status == SOMA_OK) return SOMA_OK;
    soma_stream_close(*stream);
    *stream = NULL;
    return status;
}

static soma_status open_file(soma_stream *stream) {
    SOMA_TRY(soma_file_open(stream->name, &stream->descriptor, &stream->size));
    if (stream->size != SOMA_FILE_SIZE_UNKNOWN) return SOMA_OK;
    soma_buffer buffer;
    soma_status status =
        soma_file_read_rest(stream->name, stream->descriptor, SOMA_FILE_SIZE_UNKNOWN, SIZE_MAX / 4, &buffer);
    close(stream->descriptor);
    stream->descriptor = -1;
    if (status != SOMA_OK) return status;
    stream->memory = stream->owned = buffer.data;
    stream->size = stream->memory_left = buffer.size;
    return SOMA_OK;
}

soma_status soma_stream_open(const char *path, soma_stream **stream) {
    SOMA_TRY(create(path, stream));
    return finish_opening(open_file(*stream), stream);
}

soma_status soma_stream_of_memory(const char *name, const void *memory, size_t size, soma_stream **stream) {
    SOMA_TRY(create(name, stream));
    (*stream)->memory = memory;
    (*stream)->size = (*stream)->memory_left = size;
    return finish_opening(SOMA_OK, stream);
}

soma_status soma_stream_of_reader(const char *name, uint64_t size, const soma_stream_reader *reader,
                                  soma_stream **stream) {
    soma_status status = create(name, stream);
    if (status != SOMA_OK) return reader->close(reader->context), status;
    (*stream)->reader = *reader;
    (*stream)->size = size;
    return SOMA_OK;
}

void soma_stream_close(soma_stream *stream) {
    if (!stream) return;
    if (stream->reader.close) stream->reader.close(stream->reader.context);
    soma_gzip_destroy(stream->gzip);
    if (stream->descriptor >= 0) close(stream->descriptor);
    soma_free(stream->owned);
    soma_free(stream->name);
    soma_free(stream);
}

soma_status soma_stream_read(soma_stream *stream, void *target, size_t size, size_t *got) {
    if (stream->gzip)
        SOMA_TRY(soma_gzip_read(stream->gzip, target, size, got));
    else
        SOMA_TRY(read_raw(stream, target, size, got));
    stream->offset += *got;
    return SOMA_OK;
}

soma_status soma_stream_rewind(soma_stream *stream) {
    soma_gzip_destroy(stream->gzip);
    stream->gzip = NULL;
    stream->start_count = 0;
    stream->offset = 0;
    if (stream->reader.read) return stream->reader.rewind(stream->reader.context);
    if (stream->descriptor < 0) {
        stream->memory -= (size_t)stream->size - stream->memory_left;
        stream->memory_left = (size_t)stream->size;
    } else if (lseek(stream->descriptor, 0, SEEK_SET) < 0) {
        return soma_error(SOMA_IO, "%s: cannot be read again: %s", stream->name, strerror(errno));
    }
    return look_for_gzip(stream);
}

soma_status soma_stream_finish(soma_stream *stream) {
    uint8_t byte;
    size_t got;
    uint64_t end = stream->offset;
    SOMA_TRY(soma_stream_read(stream, &byte, 1, &got));
    if (got == 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: offset %" PRIu64 ": the data end here, but the file goes on; nothing may follow",
                      stream->name, end);
}

const char *soma_stream_name(const soma_stream *stream) {
    return stream->name;
}

bool soma_stream_gzipped(const soma_stream *stream) {
    return stream->gzip != NULL;
}

uint64_t soma_stream_offset(const soma_stream *stream) {
    return stream->offset;
}

uint64_t soma_stream_capacity(const soma_stream *stream) {
    if (!stream->gzip) return stream->size;
    return stream->size > UINT64_MAX / SOMA_GZIP_MAX_RATIO ? UINT64_MAX : stream->size * SOMA_GZIP_MAX_RATIO;
}
