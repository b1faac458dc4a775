/* SPDX-License-Identifier: MIT */
/*
 * soma/soma.h - build, train, run, save and load neural networks on any OpenCL device or a plain CPU.
 *
 * Conventions
 *   Shapes are given per sample; the batch is an additional first dimension that soma adds itself.
 *   Every call that can fail returns soma_status; soma_last_error() has the detail. SOMA_INVALID_ARGUMENT (NULL where
 *     something is needed, a value out of range), SOMA_OUT_OF_MEMORY, and of what works on a device
 *     SOMA_OUT_OF_DEVICE_MEMORY and SOMA_DEVICE_FAILED, may come from any; what else may is said with the call.
 *   Option structs: zero is the sensible default for every field; a NULL pointer stands for all zeros. Their `reserved`
 *     fields must be zero: that is where later versions put new fields, so that a struct keeps its size and a program
 *     need not be compiled again. A field that this version does not know is refused, not passed over.
 *   X_create makes, X_destroy frees and accepts NULL. Pointers passed in are borrowed for the call unless said
 *     otherwise.
 *
 * Threads
 *   A device may be used by any number of threads; what they ask of it is done one after the other. Any number of
 *     devices may be open, of one kind too.
 *   A network, a session, a data set, a memory: each by one thread at a time; different ones by different threads, on
 *     one device or on several.
 *   One network in several threads: a session for each, see soma_session_create().
 *   soma_last_error() is the calling thread's own. soma_log_set() and soma_set_allocator() are for the whole process,
 *     and come before other threads use soma; the log's receiver may be called by several threads at a time, and must
 *     not call soma.
 */
#ifndef SOMA_SOMA_H
#define SOMA_SOMA_H

#include <soma/base.h>
#include <soma/compile.h>
#include <soma/dataset.h>
#include <soma/device.h>
#include <soma/files.h>
#include <soma/fit.h>
#include <soma/metrics.h>
#include <soma/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------- devices */

/*
 * Opens a device by name:
 *   "cpu"           this processor
 *   "gpu"           the best OpenCL GPU; with none, an OpenCL accelerator or CPU device (the log says so)
 *   "opencl:N"      OpenCL device number N, as `soma devices` numbers them
 *   "auto", NULL    what SOMA_DEVICE names, else a GPU if there is one, else the processor (soma_choose_device()
 *                   measures)
 *   anything else   the name of a registered device kind, or a piece of a device's or platform's name ("nvidia",
 *                   "pocl")
 *   "A,B", "gpu*"   several, of which soma_fit() gives each its share of every batch: names as above, but no pieces of
 *                   names and not "auto"; with a * all of a kind. The first is the device that all else is done on; the
 *                   options are each one's, only that several "cpu" share the cores where no number of threads is given
 * options: NULL for the defaults. SOMA_NO_DEVICE: the detail lists every device seen and every platform passed over,
 * with the reason. soma_device_close() after the last network on it is destroyed.
 */
SOMA_API soma_status soma_device_open(const char *name, const soma_device_options *options, soma_device **device);
/* Waits for what was asked of the device, and frees it. NULL is accepted. No network, session or memory of it may be
 * left. */
SOMA_API void soma_device_close(soma_device *device);

/* Name, kind, driver and memory of an open device, copied into *info. */
SOMA_API void soma_device_get_info(soma_device *device, soma_device_info *info);

/* The word that opens this device again: "cpu", "opencl:1", "opencl:0,opencl:1"; valid while it is open. */
SOMA_API const char *soma_device_selector(const soma_device *device);

/* Of a device that is made of several, number `part`, from 0: 0 is the device itself, NULL comes behind the last. Each
 * has info, memory and selector of its own; all are closed with the first. */
SOMA_API soma_device *soma_device_part(soma_device *device, uint32_t part);

/*
 * Makes one device of several that are open, as a list of names does: of those that an application lends
 * (soma/opencl.h), as sub-devices of OpenCL are. *joined is the first of them, and has the others, which close with it.
 * SOMA_INVALID_ARGUMENT: there is none, or one is there twice; SOMA_INVALID_STATE: one is made of several, or is a part
 * of such, or has memory in use, as of a network that is compiled for it. After an error all are what they were.
 */
SOMA_API soma_status soma_device_join(soma_device *const *devices, uint32_t count, soma_device **joined);

typedef struct soma_device_memory {
    uint64_t allocated;   /* bytes allocated on the device now */
    uint64_t peak;        /* the most there ever was */
    uint64_t reserved[4]; /* zero */
} soma_device_memory;
/* How much memory of the device is in use, into *memory. */
SOMA_API void soma_device_get_memory(const soma_device *device, soma_device_memory *memory);

/*
 * Memory of a device, for soma_session_run_memory(): of soma's own, or of the application's (soma/opencl.h). Numbers in
 * it are float32, row-major, and not set to anything at first. `bytes` of it, at least 1. SOMA_OUT_OF_DEVICE_MEMORY
 * where there is no room, or the limit of the device's options is reached.
 */
SOMA_API soma_status soma_memory_create(soma_device *device, size_t bytes, soma_memory **memory);
/* Before the device is closed; nothing may run on it then. NULL is accepted. Memory of the application stays its own.
 */
SOMA_API void soma_memory_destroy(soma_memory *memory);
/* Its size in bytes; 0 for NULL. */
SOMA_API size_t soma_memory_bytes(const soma_memory *memory);
/* The device that it is of; NULL for NULL. */
SOMA_API soma_device *soma_memory_device(const soma_memory *memory);
/* Copies from the host; offset and bytes must lie within the memory (SOMA_INVALID_ARGUMENT), and source is free
 * afterwards. */
SOMA_API soma_status soma_memory_write(soma_memory *memory, size_t offset, const void *source, size_t bytes);
/* Copies to the host, once all is done that was asked of the device before. Errors as of soma_memory_write(). */
SOMA_API soma_status soma_memory_read(const soma_memory *memory, size_t offset, void *target, size_t bytes);

/* Called for every device of every registered kind; selector is what opens it. */
typedef void soma_device_list_function(void *context, const char *selector, const soma_device_info *info, bool usable,
                                       const char *reason);
/* Calls the function, with this context, for all devices that there are, usable or not, and opens none. What is handed
 * to it is gone afterwards. */
SOMA_API soma_status soma_device_list(soma_device_list_function *function, void *context);

/* One line of a conformance report: a primitive on a device, over all its cases. */
typedef struct soma_check_result {
    const char *primitive;
    bool native; /* false: executed by the fallback */
    bool passed;
    uint32_t cases, failures;
    double worst_error; /* of the case nearest to (or farthest past) its bound: absolute error ... */
    double bound;       /* ... and the bound, derived from the length of the sum and the ulps of the functions used */
    char detail[256];   /* of the first failure: case, element, found and expected; "" if none */
} soma_check_result;
/* Is told of a primitive; what *result holds is gone afterwards. */
typedef void soma_check_function(void *context, const soma_check_result *result);

/*
 * The conformance suite: every primitive against the float64 reference, with guard bytes around every buffer, odd
 * sizes, 1x1, primes, 0 rows, NaN and infinities. Calls `function` (unless NULL) once per primitive, and then for
 * "memory" (write, read, copy, fill) and "list" (calls that depend on each other). SOMA_DEVICE_FAILED if any failed;
 * the detail has the first.
 */
SOMA_API soma_status soma_device_check(soma_device *device, soma_check_function *function, void *context);

/* How quick a primitive is: one call, of the sizes that networks have. */
typedef struct soma_check_speed {
    const char *primitive, *what; /* "reduce", "sum of columns" */
    const char *shapes;           /* of its operands */
    bool native;                  /* false: executed by the fallback */
    double microseconds;          /* the least of a few measurements */
    double flops;                 /* 0 where moving the numbers is what takes the time */
    double bytes;                 /* that it reads and writes at least */
    double share;                 /* where it has flops, of soma_device_peak(), NaN where the device has none; else of
                                     the speed at which the device copies as many bytes in its memory */
    uint64_t reserved[4];         /* zero */
} soma_check_speed;
/* Is told of a call that was timed; what *speed holds is gone afterwards. */
typedef void soma_check_speed_function(void *context, const soma_check_speed *speed);

typedef struct soma_check_options {
    soma_check_speed_function *on_speed; /* NULL: nothing is timed. Else called after the report on each primitive, once
                                            for each of its calls that are timed; valid during the call */
    uint64_t reserved[7];                /* zero */
} soma_check_options;
/* soma_device_check() with options (NULL: none). `context` is for both functions. */
SOMA_API soma_status soma_device_check_with(soma_device *device, const soma_check_options *options,
                                            soma_check_function *function, void *context);

/*
 * Measures the most float32 operations that the device does in a second, in 1e9: multiply-adds, two operations each,
 * that touch no memory. It takes about 0.2 s. SOMA_UNSUPPORTED for a device that has no such measurement.
 */
SOMA_API soma_status soma_device_peak(soma_device *device, double *gflops);

/*
 * Measures which of a device's kernels multiplies matrices of which shape best, and uses them for what is compiled from
 * now on, in this process and in later ones; a network that is compiled already changes over when its memory moves. The
 * choices are kept in a file of this device, its driver and this version of soma, in the directory that SOMA_CACHE_DIR
 * names, else in $XDG_CACHE_HOME/soma, else in $HOME/.cache/soma. Every kernel is held against soma's own before it is
 * timed. It takes up to a minute, or so; nothing else should run then. Only this function measures: opening a device
 * reads what was kept, and never tunes.
 * options: NULL for the defaults. SOMA_UNSUPPORTED: the device has one kernel for every shape, so that there is nothing
 * to tune; SOMA_INVALID_STATE: the environment says which kernels to use, or names no directory to keep the choices in.
 */
SOMA_API soma_status soma_device_tune(soma_device *device, const soma_tune_options *options);

/* Which kernels are in force. SOMA_UNSUPPORTED: a device of this kind knows no tuning. */
SOMA_API soma_status soma_device_get_tuning(soma_device *device, soma_tuning *tuning);

/* Goes back to the device's default kernel, and removes the file; *removed (may be NULL): whether there was one.
 * SOMA_UNSUPPORTED as above. */
SOMA_API soma_status soma_device_forget_tuning(soma_device *device, bool *removed);

/* ------------------------------------------------------------------------------------------------------ names */

/* The enumerations whose values have names: in model files, in networks from text, on the command line. */
typedef enum soma_names {
    SOMA_NAMES_FUNCTION,
    SOMA_NAMES_LOSS,
    SOMA_NAMES_OPTIMIZER,
    SOMA_NAMES_SCHEDULE,
    SOMA_NAMES_METRIC,
    SOMA_NAMES_INITIALIZER,
    SOMA_NAMES_BINARY,
    SOMA_NAMES_REDUCTION,
    SOMA_NAMES_IMAGE_FIT,
    SOMA_NAMES_POOLING, /* soma_pool_kind */
    SOMA_NAMES_MISSING,
    SOMA_NAMES_RECURRENT, /* soma_recurrent_kind */
    SOMA_NAMES_TOKENS
} soma_names;

/*
 * soma_name(SOMA_NAMES_LOSS, SOMA_HUBER) is "huber"; a static string; NULL for a value that there is not. Values
 * count from 0; of functions, SOMA_SOFTMAX stands apart.
 */
SOMA_API const char *soma_name(soma_names which, int value);
/*
 * The other names of a value that soma_value_of_name() knows, separated by blanks: of SOMA_MEAN_SQUARED_ERROR
 * "mse mse_loss squared_error"; "" where there are none, NULL for a value that there is not. A static string.
 */
SOMA_API const char *soma_name_words(soma_names which, int value);
/*
 * The value of a name, or of one of the other names, in upper or lower case, and whatever hyphens and underscores are
 * in it: "HeNormal" and "kaiming-normal" are SOMA_INIT_HE_NORMAL. text need not end with a 0. False, and *value stays,
 * if there is no such name.
 */
SOMA_API bool soma_value_of_name(soma_names which, const char *text, size_t length, int *value);

#ifdef __cplusplus
}
#endif
#endif
