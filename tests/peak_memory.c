/* SPDX-License-Identifier: MIT */
/* See peak_memory.h. The C library's own functions stay reachable under these names. */
#include "peak_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

static long in_use, most, at_start;

void peak_memory_start(void) {
    at_start = most = __atomic_load_n(&in_use, __ATOMIC_RELAXED);
}

size_t peak_memory(void) {
    return most > at_start ? (size_t)(most - at_start) : 0;
}

#if defined(__GLIBC__) && defined(SOMA_COUNT_MEMORY)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static void *count(void *memory) {
    if (!memory) return NULL;
    long now = __atomic_add_fetch(&in_use, (long)malloc_usable_size(memory), __ATOMIC_RELAXED);
    if (now > most) most = now;
    return memory;
}

void *malloc(size_t size) {
    return count(__libc_malloc(size));
}

void *calloc(size_t number, size_t size) {
    return count(__libc_calloc(number, size));
}

void free(void *memory) {
    if (!memory) return;
    __atomic_sub_fetch(&in_use, (long)malloc_usable_size(memory), __ATOMIC_RELAXED);
    __libc_free(memory);
}

/* While it is moved, both are there. */
void *realloc(void *memory, size_t size) {
    long before = memory ? (long)malloc_usable_size(memory) : 0;
    void *moved = __libc_realloc(memory, size);
    if (!moved && size) return NULL;
    count(moved);
    __atomic_sub_fetch(&in_use, before, __ATOMIC_RELAXED);
    return moved;
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = count(__libc_memalign(alignment, size));
    return *memory ? 0 : ENOMEM;
}
#endif
