/* SPDX-License-Identifier: MIT */
/* See failing_memory.h. */
#include "failing_memory.h"

#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static long countdown = -1; /* allocations until one fails; negative: none does */
static bool failed;

static bool fails(void) {
    bool now = countdown >= 0 && countdown-- == 0;
    failed |= now;
    return now;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    return fails() ? NULL : __real_realloc(memory, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
    return fails() ? ENOMEM : __real_posix_memalign(memory, alignment, size);
}

/* ------------------------------------------------------------------------------------------------------ counting */

static _Atomic long held; /* pieces of memory that soma has */

static void *taken(void *memory) {
    if (memory) held++;
    return memory;
}

static void *allocate(void *context, size_t bytes) {
    (void)context;
    return taken(malloc(bytes));
}

static void *reallocate(void *context, void *memory, size_t bytes) {
    (void)context;
    return realloc(memory, bytes);
}

static void release(void *context, void *memory) {
    (void)context;
    held--;
    free(memory);
}

static void *allocate_aligned(void *context, size_t alignment, size_t bytes) {
    void *memory = NULL;
    (void)context;
    return posix_memalign(&memory, alignment, bytes) == 0 ? taken(memory) : NULL;
}

void count_memory(void) {
    const soma_allocator counting = {.allocate = allocate,
                                     .reallocate = reallocate,
                                     .release = release,
                                     .allocate_aligned = allocate_aligned,
                                     .release_aligned = release};
    if (soma_set_allocator(&counting) != SOMA_OK) abort();
}

/* ------------------------------------------------------------------------------------------------------- failing */

void fail_allocation_after(long count) {
    failed = false;
    countdown = count;
}

void allow_allocations(void) {
    countdown = -1;
}

long suspend_failures(void) {
    long left = countdown;
    countdown = -1;
    return left;
}

void resume_failures(long suspended) {
    countdown = suspended;
}

bool allocation_failed(void) {
    return failed;
}

void expect_every_failure_told(const char *what, soma_status (*operation)(void), int least) {
    int allocations = -1;
    (void)operation(); /* what is there from the first time on is no loss */
    do {
        const long before = held;
        fail_allocation_after(++allocations);
        soma_status status = operation();
        allow_allocations();
        if (status != SOMA_OK && (status != SOMA_OUT_OF_MEMORY || !failed))
            ck_abort_msg("%s, allocation %d: %s: %s", what, allocations, soma_status_name(status), soma_last_error());
        if (held != before)
            ck_abort_msg("%s, allocation %d: %ld pieces of memory are lost", what, allocations, held - before);
    } while (failed);
    if (allocations < least) ck_abort_msg("%s: only %d allocations", what, allocations);
}
