/* SPDX-License-Identifier: MIT */
/* An open OpenCL device, shared by the files of this directory. */
#ifndef SOMA_DEVICE_OPENCL_OPENCL_H
#define SOMA_DEVICE_OPENCL_OPENCL_H

#include "base/base.h"
#include "device/opencl/driver/probe.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

/*
 * How kernels share out their work; see kernels/opencl.h. Processors get few work-items with explicit vectors, one to a
 * group; everything else gets groups of neighbouring work-items.
 */
typedef struct soma_cl_style {
    uint32_t width; /* floats in a vector */
    uint32_t group; /* work-items in a group */
    bool fma;       /* a fused multiply-add costs no more than a multiplication */
    /* On processors: the tiles of matrix products, see kernels/gemm_vector.cl. */
    uint32_t wide_rows, narrow_rows, depth;
    /* And of convolutions: panels that are packed together; elements of a window, and results, in the weights'
     * gradient; floats of the box that windows lie in. See kernels/conv_vector.cl and kernels/conv_weight_vector.cl. */
    uint32_t panels, window, positions, box;
} soma_cl_style;

/* What follows from the width of vectors and the bytes of local memory, on processors. */
void soma_cl_choose_tiles(soma_cl_style *style, size_t local_memory);
/* The same for convolutions with few columns. */
soma_cl_style soma_cl_slim_style(const soma_cl_style *style);

typedef struct soma_cl_gemm soma_cl_gemm; /* a kernel that multiplies matrices, see gemm.h */

/* Kernels chosen by measurement; no choices: none. */
typedef struct soma_cl_tuning {
    soma_gemm_choice *choices;
    size_t count;
    char date[24];
} soma_cl_tuning;

typedef struct soma_cl_program soma_cl_program;

typedef struct soma_cl_memory soma_cl_memory;
typedef struct soma_cl_stage soma_cl_stage;

typedef struct soma_cl_device {
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;     /* in order */
    cl_command_queue transfers; /* what is sent while the device works; NULL until there is a stage */
    cl_mem nothing;             /* what kernels get for a view without elements, which they do not touch */
    soma_device_info info;
    bool compiles_on_use; /* of a program only the kernels that are launched are compiled, as PoCL does */
    soma_cl_style style;
    soma_cl_style slim;       /* of convolutions with so few columns that half a vector holds them; else as `style` */
    const soma_cl_gemm *gemm; /* the default */
    const soma_cl_gemm *forced_gemm; /* for a trial: this one and no other; else NULL */
    bool clblast_started;
    bool gemm_is_fixed;    /* the environment says who multiplies: choices do not count */
    soma_cl_tuning tuning; /* in force */
    char *tuning_file;     /* where it is kept; NULL: nowhere */
    /* Small calls go into one launch, see list.c: whether by the usual kernel, and by that with layers. */
    bool lists[2], list_compiled[2];
    bool told_of_compiling;
    size_t local_memory, largest_group;
    size_t loop_limit;                  /* passes through loops that a work-item may make; 0: no limit */
    uint64_t memory_limit, memory_used; /* bytes */
    soma_cl_program *programs;          /* built so far, a list */
    char *identity;                     /* of kept_programs.c; NULL until it is asked for */
    bool busy;                          /* something was enqueued since the queue was waited for */
    unsigned char *outgoing;            /* copies of what is being written, see memory.c; NULL until there are any */
    size_t outgoing_used;               /* bytes */
    soma_cl_stage *stages;              /* a list */
    soma_cl_memory *leaving;            /* let go of while commands ran, a list */
    bool driver_is_gone;                /* in a child of fork(): no call of the driver returns */
    int crowded;                        /* so many waits more are slept through, see finish.c */
} soma_cl_device;

static inline bool soma_cl_works_on_vectors(const soma_cl_device *device) {
    return device->style.width > 1;
}

/* Whether its kernels run on the host's own cores, by threads of its library. */
static inline bool soma_cl_is_processor(const soma_cl_device *device) {
    return device->info.kind == SOMA_DEVICE_OPENCL_CPU && soma_cl_works_on_vectors(device);
}

/* What a `memory` handle points to. */
struct soma_cl_memory {
    cl_mem buffer;
    size_t bytes;
    bool wrapped; /* the host's memory, not the device's */
    bool divided; /* there were sub-buffers of it */
    /* Where it was let go of while commands ran: what tells that they have finished (NULL: nothing does), and the next
     * of these memories. */
    cl_event finished;
    soma_cl_memory *next;
};

/* ----------------------------------------------------------------------------------------------------- opencl.c */

extern const soma_device_api soma_opencl_api;

struct soma_cl_candidate;
/* On a context and a queue that are retained, or, where they are NULL, on new ones. */
soma_status soma_cl_open(const struct soma_cl_candidate *candidate, cl_context context, cl_command_queue queue,
                         uint64_t memory_limit, soma_cl_device **device);

/* ----------------------------------------------------------------------------------------------------- finish.c */

/* Returns when all that was enqueued is done, with the code of an error if any of it failed. */
cl_int soma_cl_finish(soma_cl_device *device);

/* Returns when a command of the queue is done, with the code of an error if it failed. */
cl_int soma_cl_await(soma_cl_device *device, cl_event event);

/* ---------------------------------------------------------------------------------------------------- release.c */

/* NULL is accepted. Where the driver is gone, so is what it held. */
void soma_cl_release_memory(const soma_cl_device *device, cl_mem memory);
void soma_cl_release_kernel(const soma_cl_device *device, cl_kernel kernel);
void soma_cl_release_program(const soma_cl_device *device, cl_program program);
/* Queues, context and device. */
void soma_cl_release_driver(const soma_cl_device *device);
/* Gives up a memory and its handle: now, or once the commands that may use it have finished. */
void soma_cl_let_go(soma_cl_device *device, soma_cl_memory *memory);
/* Releases what was let go of, as far as commands are known to have finished. */
void soma_cl_release_finished(soma_cl_device *device);
/* To be told when all that was enqueued has finished. */
void soma_cl_has_finished(soma_cl_device *device);
/* The slot: from here on nothing of the driver is called. */
void soma_cl_after_fork(void *state);

/* ------------------------------------------------------------------------------------------------------ error.c */

/* "CL_OUT_OF_RESOURCES"; "unknown OpenCL error" for a code that is not in OpenCL 1.2 or its ICD extension. */
const char *soma_cl_error_name(cl_int code);

/* Why there is no OpenCL loader, where that is looked for at run time (-Dopencl_loader=dlopen); NULL: there is one. The
 * functions of OpenCL say then that there is no platform. */
const char *soma_cl_without_loader(void);

/* SOMA_OK for CL_SUCCESS; else records what was being done (printf's format) with the code's name and number. */
soma_status soma_cl_check(cl_int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* -------------------------------------------------------------------------------------------------- platforms.c */

typedef struct soma_cl_candidate {
    cl_device_id id; /* NULL: this entry stands for a platform without devices */
    uint32_t index;
    soma_device_info info;
    char reason[160]; /* why it can't serve; "" if it can */
} soma_cl_candidate;

/* Everything there is, platforms with most GPUs first; *candidates is freed by the caller with soma_free(). */
soma_status soma_cl_find(soma_cl_candidate **candidates, size_t *count);

/* The same, but for the platforms that there is a reason against, which are passed over; `watch`, where it is not NULL,
 * is told before and after a platform is asked for its devices. */
typedef struct soma_cl_watch {
    void (*before)(void *context, const char *identity);
    void (*after)(void *context);
    void *context;
} soma_cl_watch;
soma_status soma_cl_search(soma_cl_verdicts *drivers, const soma_cl_watch *watch, soma_cl_candidate **candidates,
                           size_t *count);

/* One device that somebody has already; its index is SOMA_NO_DEVICE_INDEX where it is not among those found. */
soma_status soma_cl_examine(cl_device_id id, soma_cl_candidate *candidate);

/* SOMA_INVALID_STATE in a child of the process that first used a driver: it must not be called there. */
soma_status soma_cl_check_process(void);

/* Reads a number or a flag of a device; 0 where the driver does not know it. */
uint64_t soma_cl_device_number(cl_device_id id, cl_device_info what);

/* ----------------------------------------------------------------------------------------------------- memory.c */

soma_status soma_cl_alloc(void *state, size_t bytes, void **memory);
void soma_cl_free(void *state, void *memory);
soma_status soma_cl_wrap(void *state, const void *host, size_t bytes, void **memory);
soma_status soma_cl_write(void *state, void *memory, size_t offset, const void *source, size_t bytes);
soma_status soma_cl_read(void *state, void *memory, size_t offset, void *target, size_t bytes);
soma_status soma_cl_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes);
soma_status soma_cl_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes);

/* ------------------------------------------------------------------------------------------------------ stage.c */

soma_status soma_cl_stage_make(void *state, size_t bytes, void **stage, void **host);
soma_status soma_cl_stage_send(void *state, void *stage, void *memory, size_t bytes);
soma_status soma_cl_stage_await(void *state, void *stage);
void soma_cl_stage_free(void *state, void *stage);
/* Whether all arrived that was sent, when the queue has been waited for. */
soma_status soma_cl_check_arrivals(const soma_cl_device *device);

/* ---------------------------------------------------------------------------------------- prepare.c and launch.c */

soma_status soma_cl_prepare(void *state, soma_call *call, size_t *workspace);
soma_status soma_cl_run(void *state, soma_call *calls, size_t count);
soma_status soma_cl_arrange(void *state, soma_call *calls, size_t count, size_t runs);
void soma_cl_release(void *state, soma_call *call);

/* ------------------------------------------------------------------------------------------------------- peak.c */

soma_status soma_cl_peak(void *state, double *gflops);

/* ------------------------------------------------------------------------------------------------------- tune.c */

soma_status soma_cl_tune(void *state, const soma_tune_options *options);

/* --------------------------------------------------------------------------------------------------- choices.c */

/*
 * Reads what was kept for this device, at its opening. What can't be trusted as a whole is ignored as a whole, with a
 * warning.
 */
void soma_cl_load_tuning(soma_cl_device *device);
/* Keeps new choices, then puts them in force: takes them over. */
soma_status soma_cl_keep_tuning(soma_cl_device *device, soma_cl_tuning *tuning);
void soma_cl_get_tuning(void *state, soma_tuning *tuning);
soma_status soma_cl_forget_tuning(void *state, bool *removed);
void soma_cl_free_tuning(soma_cl_tuning *tuning);
/* Writes into info.gemm who multiplies. */
void soma_cl_describe_gemm(soma_cl_device *device);

#endif
