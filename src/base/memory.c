/* SPDX-License-Identifier: MIT */
/* Allocation, growing text, and the clock. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *soma_malloc(size_t size) {
    return malloc(size ? size : 1);
}

void *soma_calloc(size_t count, size_t size) {
    size_t bytes;
    if (!soma_multiply_size(count, size, &bytes)) return NULL;
    return calloc(bytes ? bytes : 1, 1);
}

void *soma_realloc(void *memory, size_t count, size_t size) {
    size_t bytes;
    if (!soma_multiply_size(count, size, &bytes)) return NULL;
    return realloc(memory, bytes ? bytes : 1);
}

char *soma_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = soma_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

void soma_free(void *memory) {
    free(memory);
}

void *soma_malloc_aligned(size_t alignment, size_t size) {
    void *memory = NULL;
    return posix_memalign(&memory, alignment, size ? size : 1) == 0 ? memory : NULL;
}

void soma_free_aligned(void *memory) {
    free(memory);
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
