/* SPDX-License-Identifier: MIT */
/*
 * soma/device.h - the boundary between soma and the devices that compute for it.
 *
 * For authors of devices. A device is one struct of functions (soma_device_api). Everything it is asked to compute
 * comes as a soma_call: a primitive's number, up to twelve views of its memory, and the primitive's parameters.
 *
 * Only life and memory are mandatory: a call that `prepare` answers with SOMA_UNSUPPORTED is executed by soma's own
 * float64 reference on the host, through `read` and `write`. So a device with the memory slots alone is slow but
 * complete, and every primitive it adds makes it faster. soma_device_check() (soma check --device=X) holds it against
 * the reference.
 *
 * Threads: soma calls one open device from one thread at a time, though not always from the same one.
 */
#ifndef SOMA_DEVICE_H
#define SOMA_DEVICE_H

#include <soma/primitive_params.h>
#include <soma/primitives.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a struct of this file changes in a way that an older device can't bear; slots are only ever appended. */
#define SOMA_DEVICE_ABI 2

/* ------------------------------------------------------------------------------------------------------ views */

/*
 * A tensor in device memory. Element (i0, i1, ...) lies at byte offset + dtype size * (i0 stride[0] + i1 stride[1] +
 * ...). Views are contiguous in row-major order (stride[rank-1] = 1, ...) except for COPY and MATMUL, and for
 * BINARY's second operand, where a stride of 0 repeats the dimension (broadcast). A dimension may be 0: then there is
 * nothing to compute. rank 0 means that an optional view is absent.
 */
typedef struct soma_view {
    void *memory;  /* as returned by `alloc`; NULL in `prepare`, where memory is not placed yet */
    size_t offset; /* bytes; a multiple of the device's alignment, except for slices in COPY (multiple of the dtype) */
    soma_dtype dtype;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
    size_t stride[SOMA_MAX_RANK]; /* in elements */
} soma_view;

/* Elements of a view; 0 of one that is not used (rank 0). */
static inline size_t soma_view_count(const soma_view *view) {
    size_t count = 1;
    for (uint32_t i = 0; i < view->rank; i++) count *= view->shape[i];
    return view->rank ? count : 0;
}

/* ------------------------------------------------------------------------------------------------------- calls */

#define SOMA_CALL_MAX_VIEWS 12

/*
 * One computation. `prepare` sees it once, with shapes and parameters but no memory; from the first `run` on, memory
 * and shapes stay as they are until `release`, and only parameters marked live (soma/primitive_params.h) change between
 * runs. So a device may set a kernel's arguments once.
 */
typedef struct soma_call {
    soma_primitive primitive;
    uint32_t view_count;
    soma_view view[SOMA_CALL_MAX_VIEWS];
    union {
        soma_fill_params fill;
        soma_copy_params copy;
        soma_gather_params gather;
        soma_gemm_params gemm;
        soma_unary_params unary;
        soma_binary_params binary;
        soma_reduce_params reduce;
        soma_softmax_params softmax;
        soma_dropout_params dropout;
        soma_loss_params loss;
        soma_metric_params metric;
        soma_optimizer_params optimizer;
        soma_conv_params conv;
        soma_pool_params pool;
        soma_normalize_params normalize;
        soma_augment_params augment;
        soma_mix_params mix;
        soma_gather_grad_params gather_grad;
        soma_recurrent_params recurrent;
        soma_attention_params attention;
        soma_ctc_params ctc;
        soma_trees_params trees;
        soma_matmul_params matmul;
        soma_optimizer_rows_params optimizer_rows;
        soma_put_params put;
        uint64_t reserved[16];
    } params;
    void *workspace;         /* scratch memory of the size `prepare` asked for, shared between calls; NULL for none */
    size_t workspace_offset; /* bytes */
    void *prepared;          /* the device's own, made in prepare, freed in release; NULL at first */
    bool fallback;           /* soma's own: executed by the reference on the host */
} soma_call;

/* ----------------------------------------------------------------------------------------------------- devices */

typedef enum soma_device_kind {
    SOMA_DEVICE_CPU, /* host memory: `memory` handles are plain pointers */
    SOMA_DEVICE_GPU,
    SOMA_DEVICE_ACCELERATOR,
    SOMA_DEVICE_OPENCL_CPU, /* an OpenCL device that is the host's own processor */
    SOMA_DEVICE_OTHER
} soma_device_kind;

/* Strings are UTF-8, cut to fit. */
typedef struct soma_device_info {
    char name[96];     /* "cpu", "NVIDIA A100", "pthread-skylake-avx512" */
    char platform[64]; /* "host", "Portable Computing Language" */
    char vendor[64];
    char driver[64]; /* driver or implementation version */
    char gemm[64];   /* who multiplies matrices: "soma avx512", "CLBlast", "soma.cl, tuned" */
    soma_device_kind kind;
    uint64_t memory;         /* bytes in all; 0: unknown */
    uint64_t max_allocation; /* bytes of one allocation; 0: no limit of its own */
    uint32_t compute_units;
    uint32_t alignment;   /* bytes; offsets of views are multiples of it; a power of two, at least 64 */
    uint64_t reserved[8]; /* zero */
} soma_device_info;

#define SOMA_NO_DEVICE_INDEX UINT32_MAX

/*
 * Called once for each device that a kind of device has; `usable` false: passed over, because of `reason`. A platform
 * that has no devices at all is told under SOMA_NO_DEVICE_INDEX, with its name in info->platform. What is handed over
 * is gone afterwards.
 */
typedef void soma_device_visitor(void *context, uint32_t index, const soma_device_info *info, bool usable,
                                 const char *reason);

typedef struct soma_device_options {
    uint32_t threads;      /* cpu: threads to use, 0: as many as cores allowed to this process */
    uint64_t memory_limit; /* bytes; 0: what the device has. More is refused with SOMA_OUT_OF_DEVICE_MEMORY */
    /* Bytes of samples that a fit, an evaluation or a prediction may have where the device reads them, in its memory or
     * in place; more are streamed, batch by batch, to the same bits. 0: the room beside the network, but for an eighth
     * of the memory in all, and what the device reads in place without a limit. */
    uint64_t data_memory;
    uint64_t reserved[5]; /* zero */
} soma_device_options;

/*
 * A kernel chosen for matrix products of a shape: op(a) is [m, k], op(b) is [k, n]. A product whose shape was not
 * measured is done by the kernel of the nearest shape of the same transposition.
 */
typedef struct soma_gemm_choice {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    const char *kernel;            /* "soma tile 16x16", "clblast" */
    double gflops, default_gflops; /* of this kernel and of the default one as they were measured, in 1e9 a second */
    uint64_t reserved[2];          /* zero */
} soma_gemm_choice;

/* Which kernels multiply matrices on a device. Texts and choices are valid until it is tuned again, forgets, or closes.
 */
typedef struct soma_tuning {
    const char *default_kernel; /* serves where nothing was measured */
    const char *file;           /* where choices are kept; NULL: the environment names no directory for them */
    const char *date;           /* when they were measured, "2026-03-31T12:00:00Z"; NULL: the default is in force */
    const soma_gemm_choice *choices; /* `count` of them */
    size_t count;
    uint64_t reserved[4]; /* zero */
} soma_tuning;

/* Told of every shape before it is measured. Return SOMA_OK to go on, SOMA_STOPPED to end; anything else ends it with
 * that status. It must not call soma's functions on the device, soma_device_get_info() among them. */
typedef soma_status soma_tune_function(void *context, size_t done, size_t total, const char *shape);

/* What to measure. Zeros are the defaults. */
typedef struct soma_tune_options {
    /* m, n and k take each of these values, from 1 to SOMA_TUNE_MAX_SIZE; NULL: 32, 128, 512, 2048. What would take
     * too much memory or time is left out, as the log says. */
    const size_t *sizes;
    size_t size_count; /* at most SOMA_TUNE_MAX_SIZES */
    soma_tune_function *on_shape;
    void *context;
    uint64_t reserved[4]; /* zero */
} soma_tune_options;
#define SOMA_TUNE_MAX_SIZES 6
#define SOMA_TUNE_MAX_SIZE  65536

/*
 * Functions return SOMA_OK or an error whose detail they have set with soma_error(). `state` is what `open` gave.
 * Mandatory slots are marked *; the others may be NULL, but `prepare` needs `run`.
 */
typedef struct soma_device_api {
    uint32_t abi;     /* * SOMA_DEVICE_ABI */
    uint32_t size;    /* * sizeof(soma_device_api) as its author knew it */
    const char *name; /* * the word that selects it: "cpu", "opencl"; "opencl:2" gives index 2 */

    /* * Lists the devices there are, without opening them. */
    soma_status (*enumerate)(soma_device_visitor *visitor, void *context);
    /* * Opens device `index`. options is never NULL. */
    soma_status (*open)(uint32_t index, const soma_device_options *options, void **state);
    void (*close)(void *state);                        /* * */
    void (*info)(void *state, soma_device_info *info); /* * */

    soma_status (*alloc)(void *state, size_t bytes, void **memory); /* * bytes > 0; contents undefined */
    void (*free)(void *state, void *memory);                        /* * */
    /* * From and to host memory; return when the host memory may be reused. Ordered after all earlier work. */
    soma_status (*write)(void *state, void *memory, size_t offset, const void *source, size_t bytes);
    soma_status (*read)(void *state, void *memory, size_t offset, void *target, size_t bytes);
    /* * Within the device; may return before it is done. The ranges do not overlap. */
    soma_status (*copy)(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes);
    /* * Sets every byte to `byte`. */
    soma_status (*fill)(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes);
    /* Makes a memory handle of host memory, read only, without a copy; freed with `free`. For devices in host memory.
     */
    soma_status (*wrap)(void *state, const void *host, size_t bytes, void **memory);

    /* Can you do this, and how many bytes of scratch? Compiles what it needs *now*. SOMA_UNSUPPORTED: soma falls back.
     */
    soma_status (*prepare)(void *state, soma_call *call, size_t *workspace);
    /* Enqueues prepared calls in this order; may return before they are done. No allocation, no compilation, no wait.
     */
    soma_status (*run)(void *state, soma_call *calls, size_t count);
    /* Frees call->prepared. */
    void (*release)(void *state, soma_call *call);
    /* Returns when all enqueued work is done, with the first error of any of it. */
    soma_status (*sync)(void *state);

    /* Appended later: a struct whose `size` ends before a slot does without it. */

    /* The most float32 operations in a second, in 1e9: multiply-adds, two operations each, that touch no memory, on all
     * of the device at once; the best of some short runs. *gflops is 0 before. */
    soma_status (*peak)(void *state, double *gflops);
    /* These prepared calls, with their memory, are going to be run in this order about `runs` times (SIZE_MAX: nobody
     * knows, suppose often). What makes that quick is made now, and may take time as `prepare` may; `run` then
     * recognises the calls, and does them as well when they come otherwise. It ends when one of them is released. */
    soma_status (*arrange)(void *state, soma_call *calls, size_t count, size_t runs);
    /* For a device that has several kernels for a matrix product; these three slots come together. `tune` measures
     * which serves which shape best, chooses by that for calls prepared from now on, and keeps the choices for the next
     * time the device opens. Where it fails before it keeps them, or is stopped, all stays as it was. options is never
     * NULL. */
    soma_status (*tune)(void *state, const soma_tune_options *options);
    /* Which kernels are in force. */
    void (*tuning)(void *state, soma_tuning *tuning);
    /* Goes back to the default, and removes what `tune` kept; *removed: whether there was anything. */
    soma_status (*forget_tuning)(void *state, bool *removed);
    /* Once, in a child of fork() that inherited the open device, before anything else of it is called there. The
     * device's threads are not there, and its driver must not be called. From then on it is asked for `release`,
     * `free`, `unstage` and `close` alone, which free what they have of this process's memory. Without this slot
     * nothing is called. */
    void (*after_fork)(void *state);
    /* Bringing values to the device while it works; these four slots come together. A stage is memory of the host's, at
     * *host, from which they go. It may take as much of the device's memory, for which soma has seen that there is
     * room. */
    soma_status (*stage)(void *state, size_t bytes, void **stage, void **host);
    /* Enqueues a copy of the stage's first `bytes` to the beginning of `memory`, ordered as `copy` is; how they come to
     * the device may run beside earlier work. Returns at once; the host's memory must stay as it is. */
    soma_status (*send)(void *state, void *stage, void *memory, size_t bytes);
    /* Returns when the host's memory may be written again. What was lost on its way is told here, and by `read` and
     * `sync`, lest results are taken of values that never came. */
    soma_status (*await)(void *state, void *stage);
    /* Frees a stage, whatever is on its way. */
    void (*unstage)(void *state, void *stage);
    /* Whether one call of a primitive that stands for several (CONV_ADD; ATTENTION, with masks that are added;
     * OPTIMIZER_ROWS) is as quick here as those: soma makes none where the answer is false. Without this slot it is
     * false. Of RECURRENT and RECURRENT_GRAD it is no matter of speed but a promise: `true` says that results are right
     * where they lie over inputs, as soma_recurrent_params has it, which soma then lets them do; a device of which that
     * is not so trains to wrong gradients, without an error. So it answers true for what it knows alone, and never for
     * a primitive that it has not heard of. */
    bool (*combines)(void *state, soma_primitive primitive);
} soma_device_api;

/* The least `size` that a struct of this ABI can have. */
#define SOMA_DEVICE_API_LEAST_SIZE offsetof(soma_device_api, peak)

/*
 * Makes a kind of device known to this process, under api->name, until the process ends; api must stay valid.
 * SOMA_ABI_MISMATCH: another ABI number; SOMA_INVALID_ARGUMENT: a mandatory slot is empty or the name is taken. The
 * same struct again changes nothing.
 */
SOMA_API soma_status soma_device_register(const soma_device_api *api);

/*
 * Loads a shared object and registers what its entry point returns: const soma_device_api *soma_device_plugin(void).
 * The object stays loaded until the process ends. The library loads nothing by itself: it is the program that loads
 * what the environment variable SOMA_PLUGINS names (paths separated by ':').
 */
SOMA_API soma_status soma_device_load(const char *path);
#define SOMA_DEVICE_PLUGIN_SYMBOL "soma_device_plugin"
/* The entry point of a plugin, under that name; the struct stays valid as long as the object is loaded. */
typedef const soma_device_api *soma_device_plugin_function(void);

/* Opaque; see soma/soma.h. */
typedef struct soma_device soma_device;
typedef struct soma_memory soma_memory;

/*
 * For devices that share with the application what it has opened itself, as soma/opencl.h does. soma_device_adopt()
 * makes an open device of a `state` such as the slot `open` gives; soma_device_close() closes it. On failure the state
 * remains the caller's. index: the number that opens the like of it, SOMA_NO_DEVICE_INDEX for none. options: NULL for
 * the defaults.
 */
SOMA_API soma_status soma_device_adopt(const soma_device_api *api, void *state, uint32_t index,
                                       const soma_device_options *options, soma_device **device);
/* The state of a device that was opened through this api; NULL if it was through another. */
SOMA_API void *soma_device_state(const soma_device *device, const soma_device_api *api);

/*
 * Likewise for memory: a handle, such as the slot `alloc` gives, becomes a soma_memory (see soma/soma.h), whose
 * destruction hands it to the slot `free`. It does not count as allocated by soma.
 */
SOMA_API soma_status soma_memory_adopt(soma_device *device, void *handle, size_t bytes, soma_memory **memory);
/* The handle, and the byte at which the memory begins in it. */
SOMA_API void *soma_memory_handle(const soma_memory *memory, size_t *offset);

/* For devices: records the detail of an error (printf's format) for soma_last_error() and returns `status`. */
SOMA_API soma_status soma_error(soma_status status, const char *format, ...)
#if defined(__GNUC__) || defined(__clang__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* For devices: writes one line to the log (printf's format). */
SOMA_API void soma_log(soma_log_level level, const char *format, ...)
#if defined(__GNUC__) || defined(__clang__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/*
 * For devices: executes a call whose view memories are host pointers with the reference (float64 arithmetic, views of
 * any dtype incl. SOMA_F64, one thread). Defined by the mathematics alone: this is what a device is held against.
 */
SOMA_API soma_status soma_reference_run(const soma_call *call);

#ifdef __cplusplus
}
#endif
#endif
