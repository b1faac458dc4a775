/* SPDX-License-Identifier: MIT */
/* What every room stands on: the error detail, the log, allocation, time. */
#ifndef SOMA_BASE_BASE_H
#define SOMA_BASE_BASE_H

#include <soma/base.h>
#include <soma/device.h> /* soma_error, soma_log */
#include <stdarg.h>

#define SOMA_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SOMA_MIN(a, b)       ((a) < (b) ? (a) : (b))
#define SOMA_MAX(a, b)       ((a) > (b) ? (a) : (b))

/* Returns the error of a call to the caller. */
#define SOMA_TRY(call)                                                                                                 \
    do {                                                                                                               \
        soma_status try_status_ = (call);                                                                              \
        if (try_status_ != SOMA_OK) return try_status_;                                                                \
    } while (0)

/*
 * What only training needs is left out by -Dtraining=false: whole files, and their entries of tables, which are then
 * NULL.
 */
#ifdef SOMA_HAVE_TRAINING
#define SOMA_HAS_TRAINING        true
#define SOMA_FOR_TRAINING(entry) entry
#else
#define SOMA_HAS_TRAINING        false
#define SOMA_FOR_TRAINING(entry) NULL
#endif
/* By the last column of SOMA_PRIMITIVE_LIST. */
#define SOMA_WHEN_ALWAYS(entry)   entry
#define SOMA_WHEN_TRAINING(entry) SOMA_FOR_TRAINING(entry)
#define SOMA_WITHOUT_TRAINING     "this soma was built without training (-Dtraining=false)"

/* ------------------------------------------------------------------------------------------------------- error */

/* Puts text before the detail that is there: "network file digits.safetensors: " + "...". Returns status. */
soma_status soma_error_prefix(soma_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The reserved fields of an options struct (named) must be zero: a later version's field would be passed over. */
soma_status soma_check_reserved(const uint64_t *reserved, size_t count, const char *name);
#define SOMA_CHECK_RESERVED(options, name)                                                                             \
    soma_check_reserved((options)->reserved, SOMA_COUNT_OF((options)->reserved), name)
/* Forgets the detail. Public entry points need not call it: a detail is replaced by the next soma_error(). */
void soma_error_clear(void);

/* True where a message of this level would be seen: guards work that is done only for a message. */
bool soma_log_enabled(soma_log_level level);

/* ------------------------------------------------------------------------------------------------------ memory */

/* As malloc, calloc, realloc; NULL on failure. The count * size forms fail on overflow. Free with soma_free(). */
void *soma_malloc(size_t size);
void *soma_calloc(size_t count, size_t size);
void *soma_realloc(void *memory, size_t count, size_t size);
char *soma_strdup(const char *text);
/* Aligned to `alignment` (a power of two); free with soma_free_aligned(). */
void *soma_malloc_aligned(size_t alignment, size_t size);
void soma_free_aligned(void *memory);
/* Records and returns SOMA_OUT_OF_MEMORY. `what` names what was to be held. */
soma_status soma_out_of_memory(size_t size, const char *what);

/* a * b and a + b in *result; false on overflow. */
static inline bool soma_multiply_size(size_t a, size_t b, size_t *result) {
    return !__builtin_mul_overflow(a, b, result);
}
static inline bool soma_add_size(size_t a, size_t b, size_t *result) {
    return !__builtin_add_overflow(a, b, result);
}
static inline size_t soma_round_up(size_t value, size_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

/* A growing piece of text; .data is NULL until something was appended, then always 0-terminated. Free .data with
 * soma_free(). */
typedef struct soma_text {
    char *data;
    size_t length, capacity;
    bool failed; /* out of memory: what was appended since is lost */
} soma_text;
void soma_text_append(soma_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* -------------------------------------------------------------------------------------------------------- time */

double soma_seconds(void); /* monotonic */

/* ------------------------------------------------------------------------------------------------- environment */

/*
 * False where the environment has SOMA_FAST=0: then the plain way is taken wherever there is a faster one beside it,
 * for those who doubt a result, and for tests of one against the other.
 */
bool soma_fast_paths(void);

#endif
