/* SPDX-License-Identifier: MIT */
/* Whole files: opening and reading with a limit, writing so that the old file or the new one is there, never a torn
 * one. */
#ifndef SOMA_BASE_FILE_H
#define SOMA_BASE_FILE_H

#include "base/base.h"
#include <sys/types.h>

/*
 * Opens for reading. *size: bytes of a regular file; SOMA_FILE_SIZE_UNKNOWN of a pipe or a device. Directories are
 * refused. close() the descriptor.
 */
#define SOMA_FILE_SIZE_UNKNOWN UINT64_MAX
soma_status soma_file_open(const char *path, int *descriptor, uint64_t *size);

/* Fills target[size] from the descriptor; *got is less only at the end of the file. `path` is for the message. */
soma_status soma_file_read_some(const char *path, int descriptor, void *target, size_t size, size_t *got);

/* The same from this offset on, whatever the descriptor's own place is; false where it cannot be read: errno says why.
 */
bool soma_file_read_at(int descriptor, uint64_t offset, void *target, size_t size, size_t *got);

/* A file, or what a pipe gives, in memory; free data with soma_free(). More than `limit` bytes are an error. */
typedef struct soma_buffer {
    uint8_t *data;
    size_t size;
} soma_buffer;
soma_status soma_file_read(const char *path, size_t limit, soma_buffer *buffer);
/* The same of a file that need not be there; what is no ordinary file is refused. */
soma_status soma_file_read_if_there(const char *path, size_t limit, soma_buffer *buffer, bool *there);
/* The same of an open descriptor, from where it is to the end; `size` as soma_file_open() gave it. */
soma_status soma_file_read_rest(const char *path, int descriptor, uint64_t size, size_t limit, soma_buffer *buffer);

/*
 * Writing: begin, append any number of times, commit. What is written goes to a temporary file in the same directory,
 * which takes the place of `path` when all of it is on the disk. The temporary file that a killed process leaves behind
 * is removed by the next one that writes to this path. A failed append or commit, and abandon, remove the
 * temporary file; then, or after commit, the writer is empty and abandon does nothing. Only regular files are replaced;
 * their permissions are kept, symbolic links followed.
 */
typedef struct soma_file_writer {
    int descriptor, directory; /* of the temporary file, and of the directory; -1: not open */
    char *path, *temporary;    /* NULL: empty */
} soma_file_writer;
soma_status soma_file_begin(const char *path, soma_file_writer *writer);
soma_status soma_file_append(soma_file_writer *writer, const void *data, size_t size);
soma_status soma_file_commit(soma_file_writer *writer);
void soma_file_abandon(soma_file_writer *writer);

/* Before long work: could a file be written there? Makes none to find out: a process may be killed at any moment. */
soma_status soma_file_check(const char *path);

/* Makes a directory, and those above it, where they are not there; false: errno says why not. The path is changed for
 * the while, and then as it was. */
bool soma_file_make_directory(char *path, mode_t mode);

/* All three in one. */
soma_status soma_file_write(const char *path, const void *data, size_t size);

#endif
