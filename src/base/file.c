/* SPDX-License-Identifier: MIT */
/* Whole files: opening and reading with a limit, writing so that the old file or the new one is there, never a torn
 * one. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ----------------------------------------------------------------------------------------------------- reading */

soma_status soma_file_open(const char *path, int *descriptor, uint64_t *size) {
    struct stat about;
    *size = 0;
    do {
        *descriptor = open(path, O_RDONLY | O_CLOEXEC);
    } while (*descriptor < 0 && errno == EINTR); /* while a pipe waited for its writer */
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

bool soma_file_read_at(int descriptor, uint64_t offset, void *target, size_t size, size_t *got) {
    *got = 0;
    while (*got < size) {
        size_t most = SOMA_MIN(size - *got, (size_t)SSIZE_MAX);
        ssize_t part = pread(descriptor, (char *)target + *got, most, (off_t)(offset + *got));
        if (part == 0) break;
        if (part < 0 && errno != EINTR) return false;
        if (part > 0) *got += (size_t)part;
    }
    return true;
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

soma_status soma_file_read_if_there(const char *path, size_t limit, soma_buffer *buffer, bool *there) {
    *buffer = (soma_buffer){NULL, 0};
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe would wait for a writer */
    *there = descriptor >= 0 || (errno != ENOENT && errno != ENOTDIR);
    if (!*there) return SOMA_OK;
    if (descriptor < 0) return soma_error(SOMA_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct stat about;
    soma_status status = SOMA_OK;
    if (fstat(descriptor, &about) != 0)
        status = soma_error(SOMA_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        status = soma_error(SOMA_IO, "%s: is no ordinary file", path);
    else
        status = soma_file_read_rest(path, descriptor, (uint64_t)about.st_size, limit, buffer);
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

/*
 * Temporary files have names of their target's own, and their writers keep them locked. One that nobody has locked was
 * left behind by a process that was killed, and is removed by the next that wants its name: so they never pile up.
 */
static bool names(const char *name, int descriptor) {
    struct stat opened, named;
    return fstat(descriptor, &opened) == 0 && lstat(name, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

static bool remove_stale(const char *name) {
    struct stat opened;
    int descriptor = open(name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* a pipe would wait for a reader */
    if (descriptor < 0) return false;
    if (fstat(descriptor, &opened) != 0 || !S_ISREG(opened.st_mode)) {
        close(descriptor);
        return false;
    }
    /* The name may stand for another file by now. With the lock, nobody else takes the name from this one. */
    bool removed = flock(descriptor, LOCK_EX | LOCK_NB) == 0 && names(name, descriptor) && unlink(name) == 0;
    close(descriptor);
    return removed;
}

/* A new file of this name, locked; -1 with EEXIST where somebody else writes to it. */
static int open_temporary(const char *name) {
    int descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == EEXIST) {
        if (!remove_stale(name)) return errno = EEXIST, -1;
        descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    if (descriptor < 0) return -1;
    /* Between these two moments it may have been taken for a stale one. There are file systems without locks. */
    bool taken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!taken && names(name, descriptor)) return descriptor;
    close(descriptor);
    return errno = EEXIST, -1;
}

enum { MOST_WRITERS = 1000, LONG_NAME = 32, ADDED_TO_NAME = sizeof "..999.tmp" - 1 };

/* The first name for a temporary file, beside the target and made of its own: no longer than that where that is long,
 * so that the one fits where the other does, whatever the file system bears; and ending within no character of UTF-8.
 */
static soma_status name_temporary(const char *path, const char *directory, char **temporary) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name), kept = length < LONG_NAME ? length : length - ADDED_TO_NAME;
    while (kept < length && kept > 0 && (name[kept] & 0xC0) == 0x80) kept--;
    size_t size = strlen(directory) + 1 + kept + ADDED_TO_NAME + 1;
    *temporary = soma_malloc(size);
    if (!*temporary) return soma_out_of_memory(size, "a file name");
    snprintf(*temporary, size, "%s/.%.*s.0.tmp", directory, (int)kept, name);
    return SOMA_OK;
}

static soma_status cannot_write_beside(const char *path) {
    return soma_error(SOMA_IO, "%s: cannot write in its directory: %s", path, strerror(errno));
}

/* The first name that is free. */
static soma_status make_temporary(soma_file_writer *writer, const char *directory) {
    SOMA_TRY(name_temporary(writer->path, directory, &writer->temporary));
    char *number = strrchr(writer->temporary, '0');
    for (unsigned i = 0; i < MOST_WRITERS; i++) {
        snprintf(number, sizeof "999.tmp", "%u.tmp", i);
        writer->descriptor = open_temporary(writer->temporary);
        if (writer->descriptor >= 0 || errno != EEXIST) break;
    }
    if (writer->descriptor >= 0) return SOMA_OK;
    soma_status status = cannot_write_beside(writer->path);
    soma_free(writer->temporary); /* there is nothing to remove */
    writer->temporary = NULL;
    return status;
}

/* For syncing it after the rename, when nothing may fail any more for want of memory. A directory that may be written
 * but not read cannot be opened; that is no reason not to write. */
static soma_status open_directory(soma_file_writer *writer, const char *directory) {
    writer->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer->directory >= 0 || errno == EACCES) return SOMA_OK;
    return soma_error(SOMA_IO, "%s: cannot open its directory: %s", writer->path, strerror(errno));
}

static soma_status open_files(soma_file_writer *writer) {
    char *directory = directory_of(writer->path);
    if (!directory) return soma_out_of_memory(strlen(writer->path), "a file name");
    soma_status status = make_temporary(writer, directory);
    if (status == SOMA_OK) status = open_directory(writer, directory);
    soma_free(directory);
    return status;
}

/* Looks at what is there already: what may be replaced, and with which permissions the new file comes. */
static soma_status check_replaceable(const char *path, bool *exists, mode_t *mode) {
    struct stat about;
    *exists = stat(path, &about) == 0;
    if (!*exists) {
        if (errno == ENOENT && *path) return SOMA_OK;
        return soma_error(SOMA_IO, "%s: cannot write: %s", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode))
        return soma_error(SOMA_IO, "%s: is %s; a new file or an ordinary one to replace is wanted", path,
                          S_ISDIR(about.st_mode) ? "a directory" : "no ordinary file");
    if (access(path, W_OK) != 0) return soma_error(SOMA_IO, "%s: cannot be replaced: %s", path, strerror(errno));
    *mode = about.st_mode & 07777;
    return SOMA_OK;
}

/* The path that a symbolic link holds, seen from where the link is; *target is NULL if there is no link at `path`. */
static soma_status read_link(const char *path, char **target) {
    char held[PATH_MAX];
    ssize_t length = readlink(path, held, sizeof held);
    *target = NULL;
    if (length < 0) return SOMA_OK;
    const char *slash = strrchr(path, '/');
    size_t directory = slash && held[0] != '/' ? (size_t)(slash - path) + 1 : 0;
    size_t size = directory + (size_t)length + 1;
    *target = soma_malloc(size);
    if (!*target) return soma_out_of_memory(size, "a file name");
    memcpy(*target, path, directory);
    memcpy(*target + directory, held, (size_t)length);
    (*target)[size - 1] = 0;
    return SOMA_OK;
}

/* Where a path leads, through as many links as Linux follows, to a file or to where one is going to be. */
static soma_status follow_links(const char *path, char **result) {
    char *next = soma_strdup(path);
    *result = NULL;
    if (!next) return soma_out_of_memory(strlen(path), "a file name");
    for (int links = 0; next && links <= 40; links++) {
        soma_free(*result);
        *result = next;
        SOMA_TRY(read_link(*result, &next));
    }
    soma_free(next);
    return SOMA_OK;
}

/* A directory that may be written, with room in a path for the name of the temporary file. */
static soma_status check_directory(const char *path) {
    struct stat about;
    char *directory = directory_of(path), *temporary = NULL;
    if (!directory) return soma_out_of_memory(strlen(path), "a file name");
    soma_status status = name_temporary(path, directory, &temporary);
    if (status == SOMA_OK &&
        (access(directory, W_OK | X_OK) != 0 || (lstat(temporary, &about) != 0 && errno != ENOENT)))
        status = cannot_write_beside(path);
    soma_free(directory);
    soma_free(temporary);
    return status;
}

soma_status soma_file_check(const char *path) {
    bool exists;
    mode_t mode;
    char *target;
    SOMA_TRY(check_replaceable(path, &exists, &mode));
    soma_status status = follow_links(path, &target);
    if (status == SOMA_OK) status = check_directory(target);
    soma_free(target);
    return status;
}

soma_status soma_file_begin(const char *path, soma_file_writer *writer) {
    bool exists;
    mode_t mode = 0;
    *writer = (soma_file_writer){-1, -1, NULL, NULL};
    SOMA_TRY(check_replaceable(path, &exists, &mode)); /* refuses links that lead round in a circle */
    soma_status status = follow_links(path, &writer->path);
    if (status == SOMA_OK) status = open_files(writer);
    if (status == SOMA_OK && exists && fchmod(writer->descriptor, mode) != 0)
        status = soma_error(SOMA_IO, "%s: cannot set the permissions of the new file: %s", path, strerror(errno));
    if (status != SOMA_OK) soma_file_abandon(writer);
    return status;
}

void soma_file_abandon(soma_file_writer *writer) {
    if (writer->temporary) unlink(writer->temporary); /* before its lock goes */
    if (writer->descriptor >= 0) close(writer->descriptor);
    if (writer->directory >= 0) close(writer->directory);
    soma_free(writer->temporary);
    soma_free(writer->path);
    *writer = (soma_file_writer){-1, -1, NULL, NULL};
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

static int sync_to_disk(int descriptor) {
    int result;
    do {
        result = fsync(descriptor);
    } while (result != 0 && errno == EINTR);
    return result == 0 || errno == EINVAL ? 0 : -1;
}

/*
 * The rename comes before the file is closed: until then it is locked, and nobody takes it for one that was left
 * behind. File systems that cannot sync a directory say EINVAL; there is nothing more to be done on them.
 */
soma_status soma_file_commit(soma_file_writer *writer) {
    if (sync_to_disk(writer->descriptor) != 0) return give_up(writer, "cannot bring it to the disk");
    if (rename(writer->temporary, writer->path) != 0) return give_up(writer, "cannot put the new file in place");
    soma_free(writer->temporary);
    writer->temporary = NULL;
    if (writer->directory >= 0 && sync_to_disk(writer->directory) != 0)
        return give_up(writer, "written, but its directory cannot be synced");
    soma_file_abandon(writer); /* nothing but memory is left to free */
    return SOMA_OK;
}

soma_status soma_file_write(const char *path, const void *data, size_t size) {
    soma_file_writer writer;
    SOMA_TRY(soma_file_begin(path, &writer));
    SOMA_TRY(soma_file_append(&writer, data, size));
    return soma_file_commit(&writer);
}

bool soma_file_make_directory(char *path, mode_t mode) {
    if (mkdir(path, mode) == 0 || errno == EEXIST) return true;
    char *slash = errno == ENOENT ? strrchr(path, '/') : NULL;
    if (!slash || slash == path) return false;
    *slash = 0;
    bool made = soma_file_make_directory(path, mode);
    *slash = '/';
    return made && (mkdir(path, mode) == 0 || errno == EEXIST);
}
