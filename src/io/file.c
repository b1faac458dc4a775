/* SPDX-License-Identifier: MIT */
/* Whole files: opening and reading with a limit, writing so that the old file or the new one is there, never a torn
 * one. */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ----------------------------------------------------------------------------------------------------- reading */

soma_status soma_file_open(const char *path, int *descriptor, uint64_t *size) {
    struct stat about;
    *size = 0;
    *descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (*descriptor < 0) return soma_error(SOMA_IO, "%s: cannot open: %s", path, strerror(errno));
    const char *trouble = NULL;
    if (fstat(*descriptor, &about) != 0)
        trouble = strerror(errno);
    else if (S_ISDIR(about.st_mode))
        trouble = "is a directory; a file is wanted";
    if (trouble) {
        close(*descriptor);
        *descriptor = -1;
        return soma_error(SOMA_IO, "%s: %s", path, trouble);
    }
    *size = S_ISREG(about.st_mode) ? (uint64_t)about.st_size : SOMA_FILE_SIZE_UNKNOWN;
    return SOMA_OK;
}

soma_status soma_file_read_some(const char *path, int descriptor, void *target, size_t size, size_t *got) {
    *got = 0;
    while (*got < size) {
        ssize_t part = read(descriptor, (char *)target + *got, SOMA_MIN(size - *got, (size_t)SSIZE_MAX));
        if (part == 0) break;
        if (part < 0 && errno != EINTR) return soma_error(SOMA_IO, "%s: cannot read: %s", path, strerror(errno));
        if (part > 0) *got += (size_t)part;
    }
    return SOMA_OK;
}

static soma_status too_large(const char *path, size_t limit) {
    return soma_error(SOMA_INVALID_FILE, "%s: larger than %zu bytes, the most that is read of such a file", path,
                      limit);
}

/* Reads to the end; one byte more than `limit` is asked for, to tell a file of just that size from a larger one. */
static soma_status read_all(const char *path, int descriptor, size_t expected, size_t limit, soma_buffer *buffer) {
    size_t capacity = SOMA_MIN(expected, limit) + 1;
    for (;;) {
        uint8_t *data = soma_realloc(buffer->data, capacity, 1);
        if (!data) return soma_out_of_memory(capacity, path);
        buffer->data = data;
        size_t got;
        SOMA_TRY(soma_file_read_some(path, descriptor, data + buffer->size, capacity - buffer->size, &got));
        buffer->size += got;
        if (buffer->size > limit) return too_large(path, limit);
        if (buffer->size < capacity) return SOMA_OK;
        capacity = capacity > limit / 2 ? limit + 1 : capacity * 2;
    }
}

soma_status soma_file_read_rest(const char *path, int descriptor, uint64_t size, size_t limit, soma_buffer *buffer) {
    *buffer = (soma_buffer){NULL, 0};
    soma_status status;
    if (size != SOMA_FILE_SIZE_UNKNOWN && size > limit)
        status = too_large(path, limit);
    else
        status = read_all(path, descriptor, size == SOMA_FILE_SIZE_UNKNOWN ? 65536 : (size_t)size, limit, buffer);
    if (status != SOMA_OK) {
        soma_free(buffer->data);
        *buffer = (soma_buffer){NULL, 0};
    }
    return status;
}

soma_status soma_file_read(const char *path, size_t limit, soma_buffer *buffer) {
    int descriptor;
    uint64_t size;
    *buffer = (soma_buffer){NULL, 0};
    SOMA_TRY(soma_file_open(path, &descriptor, &size));
    soma_status status = soma_file_read_rest(path, descriptor, size, limit, buffer);
    close(descriptor);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- writing */

/* The directory of a path, "." for a bare name; free with soma_free(). */
static char *directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = soma_strdup(slash ? path : ".");
    if (directory && slash) directory[slash == path ? 1 : slash - path] = 0;
    return directory;
}

/* Makes an empty file with a name that nobody has, in the directory. */
static soma_status make_temporary(soma_file_writer *writer, const char *directory) {
    static unsigned counter;
    size_t size = strlen(directory) + 64;
    writer->temporary = soma_malloc(size);
    if (!writer->temporary) return soma_out_of_memory(size, "a file name");
    do {
        unsigned number = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
        snprintf(writer->temporary, size, "%s/.soma-%ld-%u.tmp", directory, (long)getpid(), number);
        writer->descriptor = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (writer->descriptor < 0 && errno == EEXIST);
    if (writer->descriptor >= 0) return SOMA_OK;
    soma_status status = soma_error(SOMA_IO, "%s: cannot write in its directory: %s", writer->path, strerror(errno));
    soma_free(writer->temporary); /* there is nothing to remove */
    writer->temporary = NULL;
    return status;
}

/* Looks at what is there already: what may be replaced, and with which permissions the new file comes. */
static soma_status check_replaceable(const char *path, bool *exists, mode_t *mode) {
    struct stat about;
    *exists = stat(path, &about) == 0;
    if (!*exists) {
        if (errno == ENOENT) return SOMA_OK;
        return soma_error(SOMA_IO, "%s: cannot write: %s", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode))
        return soma_error(SOMA_IO, "%s: is %s; a new file or an ordinary one to replace is wanted", path,
                          S_ISDIR(about.st_mode) ? "a directory" : "no ordinary file");
    if (access(path, W_OK) != 0) return soma_error(SOMA_IO, "%s: cannot be replaced: %s", path, strerror(errno));
    *mode = about.st_mode & 07777;
    return SOMA_OK;
}

soma_status soma_file_begin(const char *path, soma_file_writer *writer) {
    bool exists;
    mode_t mode = 0;
    *writer = (soma_file_writer){-1, NULL, NULL};
    SOMA_TRY(check_replaceable(path, &exists, &mode));
    char *target = exists ? realpath(path, NULL) : NULL; /* a symbolic link stays, its target is replaced */
    writer->path = soma_strdup(target ? target : path);
    free(target);
    char *directory = writer->path ? directory_of(writer->path) : NULL;
    soma_status status =
        directory ? make_temporary(writer, directory) : soma_out_of_memory(strlen(path), "a file name");
    soma_free(directory);
    if (status == SOMA_OK && exists && fchmod(writer->descriptor, mode) != 0)
        status = soma_error(SOMA_IO, "%s: cannot set the permissions of the new file: %s", path, strerror(errno));
    if (status != SOMA_OK) soma_file_abandon(writer);
    return status;
}

void soma_file_abandon(soma_file_writer *writer) {
    if (writer->descriptor >= 0) close(writer->descriptor);
    if (writer->temporary) unlink(writer->temporary);
    soma_free(writer->temporary);
    soma_free(writer->path);
    *writer = (soma_file_writer){-1, NULL, NULL};
}

/* Gives up, with the reason that errno has. */
static soma_status give_up(soma_file_writer *writer, const char *what) {
    soma_status status = soma_error(SOMA_IO, "%s: %s: %s", writer->path, what, strerror(errno));
    soma_file_abandon(writer);
    return status;
}

soma_status soma_file_append(soma_file_writer *writer, const void *data, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t part = write(writer->descriptor, (const char *)data + done, SOMA_MIN(size - done, (size_t)SSIZE_MAX));
        if (part < 0 && errno != EINTR) return give_up(writer, "cannot write");
        if (part > 0) done += (size_t)part;
    }
    return SOMA_OK;
}

/* Makes a rename last. File systems that cannot sync a directory say EINVAL; there is nothing more to be done on them.
 */
static soma_status sync_directory(const char *path) {
    char *directory = directory_of(path);
    if (!directory) return soma_out_of_memory(strlen(path), "a file name");
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL);
    int reason = errno;
    if (descriptor >= 0) close(descriptor);
    soma_free(directory);
    /* A directory that may be written but not read cannot be opened; the file is in place all the same. */
    if (synced || (descriptor < 0 && reason == EACCES)) return SOMA_OK;
    return soma_error(SOMA_IO, "%s: written, but its directory cannot be synced: %s", path, strerror(reason));
}

soma_status soma_file_commit(soma_file_writer *writer) {
    if (fsync(writer->descriptor) != 0 && errno != EINVAL) return give_up(writer, "cannot bring it to the disk");
    int closed = close(writer->descriptor);
    writer->descriptor = -1;
    if (closed != 0) return give_up(writer, "cannot close");
    if (rename(writer->temporary, writer->path) != 0) return give_up(writer, "cannot put the new file in place");
    soma_free(writer->temporary);
    writer->temporary = NULL;
    soma_status status = sync_directory(writer->path);
    soma_file_abandon(writer); /* nothing but memory is left to free */
    return status;
}

soma_status soma_file_write(const char *path, const void *data, size_t size) {
    soma_file_writer writer;
    SOMA_TRY(soma_file_begin(path, &writer));
    SOMA_TRY(soma_file_append(&writer, data, size));
    return soma_file_commit(&writer);
}
