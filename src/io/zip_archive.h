/* SPDX-License-Identifier: MIT */
/* ZIP archives, by libzip. Built without it, every function that returns a status says SOMA_UNSUPPORTED. */
#ifndef SOMA_IO_ZIP_ARCHIVE_H
#define SOMA_IO_ZIP_ARCHIVE_H

#include "io/stream.h"

typedef struct soma_zip soma_zip;

soma_status soma_zip_open(const char *path, soma_zip **zip);
/* The memory must outlive the archive; `name` stands for the path in messages. */
soma_status soma_zip_of_memory(const char *name, const void *memory, size_t size, soma_zip **zip);
void soma_zip_close(soma_zip *zip); /* accepts NULL */

const char *soma_zip_path(const soma_zip *zip);
size_t soma_zip_count(const soma_zip *zip);
/* The name of an entry; NULL if it has none that can be read. */
const char *soma_zip_name(const soma_zip *zip, size_t index);

/*
 * The contents of an entry, stored or deflated. The archive must outlive the stream. One that unpacks to many times its
 * size is unpacked to the end before anything is given: what it promises can then be relied on.
 */
soma_status soma_zip_stream(soma_zip *zip, size_t index, soma_stream **stream);

/* A file in an archive to be written: its contents are the parts one after the other. */
typedef struct soma_zip_source {
    const char *name;
    struct {
        const void *data;
        size_t size;
    } part[2];
} soma_zip_source;

/* Stores the files as they are, with no time of day in them: the same contents give the same bytes. Atomic, see
 * base/file.h. */
soma_status soma_zip_write(const char *path, const soma_zip_source *files, size_t count);

#endif
