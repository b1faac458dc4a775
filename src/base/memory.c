/* SPDX-License-Identifier: MIT */
/* Allocation, growing text, and the clock. */
#include "base/base.h"
#include "base/pages.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------------ allocator */

static void *standard_allocate(void *context, size_t bytes) {
    (void)context;
    return malloc(bytes);
}

static void *standard_reallocate(void *context, void *memory, size_t bytes) {
    (void)context;
    return realloc(memory, bytes);
}

static void *standard_allocate_aligned(void *context, size_t alignment, size_t bytes) {
    void *memory = NULL;
    (void)context;
    return posix_memalign(&memory, alignment, bytes) == 0 ? memory : NULL;
}

static void standard_release(void *context, void *memory) {
    (void)context;
    free(memory);
}

static const soma_allocator standard = {
    .allocate = standard_allocate,
    .reallocate = standard_reallocate,
    .release = standard_release,
    .allocate_aligned = standard_allocate_aligned,
    .release_aligned = standard_release,
};
static soma_allocator allocator = {
    .allocate = standard_allocate,
    .reallocate = standard_reallocate,
    .release = standard_release,
    .allocate_aligned = standard_allocate_aligned,
    .release_aligned = standard_release,
};
static _Atomic size_t blocks; /* allocated now: they must be freed by the allocator that made them */

soma_status soma_set_allocator(const soma_allocator *given) {
    if (!given) given = &standard;
    SOMA_TRY(SOMA_CHECK_RESERVED(given, "soma_allocator"));
    if (!given->allocate || !given->reallocate || !given->release || !given->allocate_aligned ||
        !given->release_aligned)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_set_allocator: one of its functions is NULL");
    size_t now = atomic_load(&blocks);
    if (now)
        return soma_error(SOMA_INVALID_STATE,
                          "soma_set_allocator: soma holds %zu pieces of memory; it must come first, or when all that "
                          "soma made is destroyed",
                          now);
    allocator = *given;
    return SOMA_OK;
}

static void *count_block(void *memory) {
    if (memory) atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
    return memory;
}

/* --------------------------------------------------------------------------------------------------------- memory */

void *soma_malloc(size_t size) {
    return count_block(allocator.allocate(allocator.context, size ? size : 1));
}

/* The C library's calloc() need not touch pages that are zero anyway. */
void *soma_calloc(size_t count, size_t size) {
    size_t bytes;
    if (!soma_multiply_size(count, size, &bytes)) return NULL;
    if (allocator.allocate == standard_allocate) return count_block(calloc(bytes ? bytes : 1, 1));
    void *memory = soma_malloc(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *soma_realloc(void *memory, size_t count, size_t size) {
    size_t bytes;
    if (!soma_multiply_size(count, size, &bytes)) return NULL;
    if (!memory) return soma_malloc(bytes);
    return allocator.reallocate(allocator.context, memory, bytes ? bytes : 1);
}

char *soma_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = soma_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

static void release(void (*function)(void *context, void *memory), void *memory) {
    if (!memory) return;
    atomic_fetch_sub_explicit(&blocks, 1, memory_order_relaxed);
    function(allocator.context, memory);
}

void soma_free(void *memory) {
    release(allocator.release, memory);
}

void *soma_malloc_aligned(size_t alignment, size_t size) {
    return count_block(allocator.allocate_aligned(allocator.context, alignment, size ? size : 1));
}

void soma_free_aligned(void *memory) {
    release(allocator.release_aligned, memory);
}

/* Fewer bytes than that come from what the allocator has at hand as likely as not. */
#define MANY_PAGES ((size_t)128 << 10)

#if defined(MADV_HUGEPAGE) || defined(MADV_POPULATE_WRITE)
/* Advice on those of the memory's pages, so many bytes large each, that lie in it whole. A system that does not know it
 * does without. */
static void advise(void *memory, size_t bytes, size_t page, int advice) {
    const uintptr_t from = soma_round_up((size_t)(uintptr_t)memory, page),
                    to = ((uintptr_t)memory + bytes) / page * page;
    if (to > from) (void)madvise((unsigned char *)memory + (from - (uintptr_t)memory), to - from, advice);
}
#endif

/* Of whatever else an allocator may take memory from, nothing is known. */
bool soma_may_advise_pages(void) {
    return allocator.allocate == standard_allocate;
}

void soma_expect_all_pages(void *memory, size_t bytes) {
    if (!soma_may_advise_pages() || bytes < MANY_PAGES) return;
    (void)memory; /* where a system knows of neither */
#ifdef MADV_HUGEPAGE
    advise(memory, bytes, SOMA_LARGE_PAGE, MADV_HUGEPAGE);
#endif
#ifdef MADV_POPULATE_WRITE
    const long page = sysconf(_SC_PAGESIZE);
    if (page > 0) advise(memory, bytes, (size_t)page, MADV_POPULATE_WRITE);
#endif
}

bool soma_give_back_pages(void *memory, size_t bytes) {
#if defined(__linux__) && defined(MADV_DONTNEED)
    const long size = sysconf(_SC_PAGESIZE);
    if (size <= 0 || !soma_may_advise_pages()) return false;
    const uintptr_t page = (uintptr_t)size, from = ((uintptr_t)memory + page - 1) / page * page,
                    to = ((uintptr_t)memory + bytes) / page * page;
    return to > from && madvise((unsigned char *)memory + (from - (uintptr_t)memory), to - from, MADV_DONTNEED) == 0;
#else
    (void)memory, (void)bytes;
    return false;
#endif
}

soma_status soma_out_of_memory(size_t size, const char *what) {
    return soma_error(SOMA_OUT_OF_MEMORY, "out of memory: %zu bytes for %s", size, what);
}

static bool text_reserve(soma_text *text, size_t more) {
    size_t need = text->length + more + 1;
    if (need <= text->capacity) return true;
    size_t capacity = SOMA_MAX(need, text->capacity * 2);
    char *data = soma_realloc(text->data, capacity, 1);
    if (!data) return false;
    text->data = data;
    text->capacity = capacity;
    return true;
}

void soma_text_append(soma_text *text, const char *format, ...) {
    if (text->failed) return;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !text_reserve(text, (size_t)length))
        text->failed = true;
    else {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

double soma_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
