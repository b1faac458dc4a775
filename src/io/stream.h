/* SPDX-License-Identifier: MIT */
/* Bytes to be read in order, from a file or from memory, gzipped or not. */
#ifndef SOMA_IO_STREAM_H
#define SOMA_IO_STREAM_H

#include "base/base.h"

typedef struct soma_stream soma_stream;

/* Looks at the first two bytes to see whether it is gzipped. Close it with soma_stream_close(), which accepts NULL. */
soma_status soma_stream_open(const char *path, soma_stream **stream);
/* The memory must outlive the stream; `name` stands for the path in messages. */
soma_status soma_stream_of_memory(const char *name, const void *memory, size_t size, soma_stream **stream);
/*
 * From what gives its bytes one after the other, `size` of them; it is not looked at whether they are gzipped. `close`
 * is called with the stream's end, or at once if it cannot be made.
 */
typedef struct soma_stream_reader {
    soma_status (*read)(void *context, uint8_t *target, size_t size, size_t *got); /* *got is less only at the end */
    void (*close)(void *context);
    soma_status (*rewind)(void *context); /* begins again with the first byte */
    void *context;
} soma_stream_reader;
soma_status soma_stream_of_reader(const char *name, uint64_t size, const soma_stream_reader *reader,
                                  soma_stream **stream);
void soma_stream_close(soma_stream *stream);

/* The next `size` bytes; *got is less only at the end. */
soma_status soma_stream_read(soma_stream *stream, void *target, size_t size, size_t *got);
/* SOMA_INVALID_FILE if there is anything left; also the moment at which the last checksum of a gzipped file is tested.
 */
soma_status soma_stream_finish(soma_stream *stream);

/* Begins again with the first byte. */
soma_status soma_stream_rewind(soma_stream *stream);

const char *soma_stream_name(const soma_stream *stream);
bool soma_stream_gzipped(const soma_stream *stream);
/* Bytes read so far, decompressed. */
uint64_t soma_stream_offset(const soma_stream *stream);
/* Bytes that the whole can have: just so many if it is not gzipped, at most so many if it is. */
uint64_t soma_stream_capacity(const soma_stream *stream);

#endif
