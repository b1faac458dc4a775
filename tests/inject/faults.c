/* SPDX-License-Identifier: MIT */
/* Counting and failing; memory and files. */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *const fault_kind_name[FAULT_KINDS] = {"memory", "files", "opencl"};

static fault_kind armed = FAULT_KINDS;
static bool paused;
static long counted, failing;
static const char *struck;

void fault_arm(fault_kind kind, long after) {
    armed = kind;
    failing = after;
    counted = 0;
    struck = NULL;
    paused = true;
}

long fault_count(void) {
    return counted;
}

const char *fault_struck(void) {
    return struck;
}

void fault_pause(void) {
    paused = true;
}

void fault_go_on(void) {
    paused = false;
}

bool fault_now(fault_kind kind, const char *call) {
    if (kind != armed || paused || counted++ != failing) return false;
    struck = call;
    return true;
}

/* ------------------------------------------------------------------------------------------------------ memory */

static _Atomic long held;

long fault_memory_held(void) {
    return held;
}

static void *taken(void *memory) {
    if (memory) held++;
    return memory;
}

static void *allocate(void *context, size_t bytes) {
    (void)context;
    return fault_now(FAULT_MEMORY, "allocate") ? NULL : taken(malloc(bytes));
}

static void *reallocate(void *context, void *memory, size_t bytes) {
    (void)context;
    return fault_now(FAULT_MEMORY, "reallocate") ? NULL : realloc(memory, bytes);
}

static void release(void *context, void *memory) {
    (void)context;
    held--;
    free(memory);
}

static void *allocate_aligned(void *context, size_t alignment, size_t bytes) {
    void *memory = NULL;
    (void)context;
    if (fault_now(FAULT_MEMORY, "allocate_aligned") || posix_memalign(&memory, alignment, bytes) != 0) return NULL;
    return taken(memory);
}

const soma_allocator fault_allocator = {.allocate = allocate,
                                        .reallocate = reallocate,
                                        .release = release,
                                        .allocate_aligned = allocate_aligned,
                                        .release_aligned = release};

/* ------------------------------------------------------------------------------------------------------- files */

static bool fails(const char *call, int code) {
    if (!fault_now(FAULT_FILES, call)) return false;
    errno = code;
    return true;
}

/* The mode is there with O_CREAT alone. */
#define WRAP_OPEN(name)                                                                                                \
    int __real_##name(const char *path, int flags, ...);                                                               \
    int __wrap_##name(const char *path, int flags, ...);                                                               \
    int __wrap_##name(const char *path, int flags, ...) {                                                              \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        const mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;                                           \
        va_end(arguments);                                                                                             \
        return fails("open", EMFILE) ? -1 : __real_##name(path, flags, mode);                                          \
    }
WRAP_OPEN(open)
WRAP_OPEN(open64)

#define WRAP(result, name, failure, code, parameters, values)                                                          \
    result __real_##name parameters;                                                                                   \
    result __wrap_##name parameters;                                                                                   \
    result __wrap_##name parameters {                                                                                  \
        return fails(#name, code) ? (failure) : __real_##name values;                                                  \
    }
WRAP(ssize_t, read, -1, EIO, (int file, void *target, size_t size), (file, target, size))
WRAP(ssize_t, pread, -1, EIO, (int file, void *target, size_t size, off_t offset), (file, target, size, offset))
WRAP(ssize_t, pread64, -1, EIO, (int file, void *target, size_t size, off_t offset), (file, target, size, offset))
WRAP(ssize_t, write, -1, ENOSPC, (int file, const void *source, size_t size), (file, source, size))
WRAP(int, fsync, -1, EIO, (int file), (file))
WRAP(int, fchmod, -1, EPERM, (int file, mode_t mode), (file, mode))
WRAP(int, rename, -1, EIO, (const char *from, const char *to), (from, to))
WRAP(FILE *, fopen, NULL, EMFILE, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, fopen64, NULL, EMFILE, (const char *path, const char *mode), (path, mode))

/* ------------------------------------------------------------------------------------------------------ OpenCL */

#ifndef SOMA_HAVE_OPENCL
long fault_objects_held(void) {
    return 0;
}
#endif
