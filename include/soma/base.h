/* SPDX-License-Identifier: MIT */
/*
 * soma/base.h - what every other soma header stands on: status codes, the error detail, the log, element types.
 *
 * Included by soma/soma.h and soma/device.h; there is no need to include it directly.
 */
#ifndef SOMA_BASE_H
#define SOMA_BASE_H

#include <soma/functions.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(SOMA_BUILD_SHARED)
#define SOMA_API __declspec(dllexport)
#elif defined(__GNUC__) || defined(__clang__)
#define SOMA_API __attribute__((visibility("default")))
#else
#define SOMA_API
#endif

#define SOMA_VERSION_MAJOR 0
#define SOMA_VERSION_MINOR 1
#define SOMA_VERSION_PATCH 0

/* The version of the library that is running, "MAJOR.MINOR.PATCH"; a static string. */
SOMA_API const char *soma_version(void);

/*
 * Status codes: every call that can fail returns one. X(name, text). Codes are stable: new ones are added at the end.
 * The text is general; soma_last_error() has the particulars (file and offset, layer and shapes, driver code, build
 * log).
 */
#define SOMA_STATUS_LIST(X)                                                                                            \
    X(OK, "success")                                                                                                   \
    X(STOPPED, "stopped on request")                                                                                   \
    X(INVALID_ARGUMENT, "invalid argument")                                                                            \
    X(INVALID_SHAPE, "shapes do not fit")                                                                              \
    X(INVALID_STATE, "call made out of order")                                                                         \
    X(OUT_OF_MEMORY, "out of host memory")                                                                             \
    X(OUT_OF_DEVICE_MEMORY, "out of device memory")                                                                    \
    X(NO_DEVICE, "no such device")                                                                                     \
    X(DEVICE_FAILED, "the device reported an error")                                                                   \
    X(UNSUPPORTED, "not supported")                                                                                    \
    X(NO_GRADIENT, "no gradient is defined")                                                                           \
    X(IO, "input or output failed")                                                                                    \
    X(INVALID_FILE, "malformed file")                                                                                  \
    X(NOT_FINITE, "a value became infinite or not a number")                                                           \
    X(ABI_MISMATCH, "built against another version of the device interface")                                           \
    X(INTERNAL, "internal error; please report it")

typedef enum soma_status {
#define X(name, text) SOMA_##name,
    SOMA_STATUS_LIST(X)
#undef X
        SOMA_STATUS_COUNT
} soma_status;

/* The code's name, "SOMA_INVALID_SHAPE"; a static string. */
SOMA_API const char *soma_status_name(soma_status status);

/* The code's general text, "shapes do not fit"; a static string. */
SOMA_API const char *soma_status_text(soma_status status);

/*
 * The detail of the last error in the calling thread: one or more lines of UTF-8, "" if there was none. Valid until the
 * next soma call of this thread. The library never prints, exits or aborts: showing this is the caller's business.
 */
SOMA_API const char *soma_last_error(void);

/* Frees memory that soma handed over; accepts NULL. */
SOMA_API void soma_free(void *memory);

/*
 * Where soma's memory on the host comes from: all functions are needed. allocate and reallocate are as malloc() and
 * realloc() (bytes > 0; NULL on failure), and what they give is freed by release; memory from allocate_aligned begins
 * at a multiple of `alignment`, a power of two, and is freed by release_aligned. release is never given NULL. They may
 * be called by several threads at a time, and must not call soma.
 */
typedef struct soma_allocator {
    void *context;
    void *(*allocate)(void *context, size_t bytes);
    void *(*reallocate)(void *context, void *memory, size_t bytes);
    void (*release)(void *context, void *memory);
    void *(*allocate_aligned)(void *context, size_t alignment, size_t bytes);
    void (*release_aligned)(void *context, void *memory);
    uint64_t reserved[4]; /* zero */
} soma_allocator;

/*
 * Sets the process-wide allocator (copied; NULL: the C library's, the default). Before other threads use soma, and
 * while soma holds no memory: else SOMA_INVALID_STATE. Other libraries that soma uses (zlib, OpenCL drivers,
 * the C library) allocate as they do.
 */
SOMA_API soma_status soma_set_allocator(const soma_allocator *allocator);

typedef enum soma_log_level { SOMA_LOG_DEBUG, SOMA_LOG_INFO, SOMA_LOG_WARNING } soma_log_level;

/* Receives one line without a newline. May be called from any thread that is inside a soma call. */
typedef void soma_log_function(void *context, soma_log_level level, const char *message);

/* Sets the process-wide log receiver (NULL: discard, the default). Messages below `minimum` are not even formatted. */
SOMA_API void soma_log_set(soma_log_function *function, void *context, soma_log_level minimum);

/* Element types. Storage is little-endian; computation is in float32 (in float64 on the reference device). */
typedef enum soma_dtype {
    SOMA_F32,         /* IEEE 754 binary32 */
    SOMA_F64,         /* IEEE 754 binary64; only the reference device computes with it */
    SOMA_U8,          /* data sets: pixels, labels */
    SOMA_I32,         /* class indices, row numbers */
    SOMA_DTYPE_COUNT, /* of those that devices know */
    /* Of files, and of what goes into a network and comes out of it (soma_session_run_arrays()) alone. */
    SOMA_F16 = 16, /* IEEE 754 binary16 */
    SOMA_I8,
    SOMA_I16,
    SOMA_I64,
    SOMA_U16,
    SOMA_U32,
    SOMA_U64,
    SOMA_BOOL,   /* a byte, 1 or 0 */
    SOMA_STRING, /* const char *, a word of UTF-8 that ends with a byte of 0: soma_onnx_session_run(),
                    soma_read_arrays(), soma_write_npy() and soma_write_npz() alone */
    SOMA_DTYPE_END
} soma_dtype;

/* Bytes of one element; 0 for a value that is no dtype. */
SOMA_API size_t soma_dtype_size(soma_dtype dtype);

/* NumPy's name of it, as "float32", "int64", "bool" or "str"; a static string, "unknown" for a value that is no dtype.
 */
SOMA_API const char *soma_dtype_name(soma_dtype dtype);

/* Dimensions of a tensor at most: the batch and four of a sample. */
#define SOMA_MAX_RANK 5

/*
 * Functions of one number, applied to each element: activations and a few more. Each is a row of soma/functions.h,
 * which the devices compile; formulas, ranges, derivatives and defaults: docs/networks.md. `a` and `b` are the
 * function's parameters; 0 for both where the function takes none. SOMA_RELU, SOMA_LEAKY_RELU, ...
 */
typedef enum soma_function {
#define X(NAME, ...) SOMA_##NAME,
    SOMA_FUNCTION_TABLE(X)
#undef X
        SOMA_FUNCTION_COUNT,
    /* Not a function of one number: e^x_i / sum_j e^x_j over the last axis, computed after subtracting the maximum.
       Range (0, 1), the sum is 1; dy_i/dx_j = y_i ([i = j] - y_j). Layers take it as their activation. */
    SOMA_SOFTMAX = 64
} soma_function;

#ifdef __cplusplus
}
#endif
#endif
