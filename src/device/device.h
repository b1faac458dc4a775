/* SPDX-License-Identifier: MIT */
/* An open device, as the graph and the trainer use it: memory with accounting, calls with fallback. */
#ifndef SOMA_DEVICE_DEVICE_H
#define SOMA_DEVICE_DEVICE_H

#include "base/base.h"
#include <pthread.h>
#include <soma/soma.h>

struct soma_device {
    const soma_device_api *api;
    void *state;
    pthread_mutex_t lock; /* around each use of api and state, and what changes below */
    soma_device_info info;
    char selector[64];
    soma_device_memory memory;
    uint64_t memory_limit, data_memory;       /* 0: none */
    bool fallback_seen[SOMA_PRIMITIVE_COUNT]; /* the log has said that the host executes it */
    uint64_t memories;                        /* soma_memory objects made so far */
    uint32_t process;                         /* soma_process() where it was opened */
    bool told_of_fork;                        /* the slot after_fork was called */
    /* Of several that train together this is the first, and has the others: several.c. */
    soma_device **others;
    uint32_t other_count; /* 0: it is alone */
    bool is_other;        /* of a first one, which closes it */
    char *list;           /* the words that open all of them; NULL: it is alone */
};

/* open.c: one device, by any name that is no list. */
soma_status soma_device_open_one(const char *name, const soma_device_options *options, soma_device **device);
void soma_device_close_one(soma_device *device);
/* Whether a name is "gpu", a kind of device, or one of a kind by its number, and so may stand in a list. */
bool soma_device_is_selector(const char *name);

/*
 * Held around what a device has: its own lock, in a child that inherited it the process's. One thread at a time uses a
 * device.
 */
void soma_device_lock(const soma_device *device);
void soma_device_unlock(const soma_device *device);
/* SOMA_INVALID_STATE in a child of fork() that inherited the open device: there it can only be closed. */
soma_status soma_device_check_process(const soma_device *device);
/* Under the lock: whether the device may be asked to free something. In a child it may be if it knows of that. */
bool soma_device_can_free(soma_device *device);

/*
 * Memory. `bytes` > 0. SOMA_OUT_OF_DEVICE_MEMORY names `what`, the bytes asked for, what is in use and what there is;
 * it is checked against the limit, the device's memory and its largest allocation before the driver is asked.
 */
soma_status soma_device_alloc(soma_device *device, size_t bytes, const char *what, void **memory);
void soma_device_free(soma_device *device, void *memory, size_t bytes); /* accepts NULL */
/* Bytes that may be in use at once, by the device's memory and the limit set for it; UINT64_MAX where neither is known.
 */
uint64_t soma_device_memory_in_all(const soma_device *device);
/* Of samples, see soma_device_options.data_memory: UINT64_MAX where no limit was set. */
uint64_t soma_device_data_memory(const soma_device *device);
/* A handle of host memory without a copy; SOMA_UNSUPPORTED where the device cannot. Free with bytes = 0. */
soma_status soma_device_wrap(soma_device *device, const void *host, size_t bytes, void **memory);
soma_status soma_device_write(soma_device *device, void *memory, size_t offset, const void *source, size_t bytes);
soma_status soma_device_read(soma_device *device, void *memory, size_t offset, void *target, size_t bytes);
soma_status soma_device_copy(soma_device *device, void *to, size_t to_offset, void *from, size_t from_offset,
                             size_t bytes);
soma_status soma_device_fill(soma_device *device, void *memory, size_t offset, uint8_t byte, size_t bytes);

/* Stages, from which values go to the device while it works, and whether it has them: see soma/device.h. A stage counts
 * as so many bytes of the device's memory. */
bool soma_device_stages(const soma_device *device);
soma_status soma_device_stage(soma_device *device, size_t bytes, const char *what, void **stage, void **host);
soma_status soma_device_send(soma_device *device, void *stage, void *memory, size_t bytes);
soma_status soma_device_await(soma_device *device, void *stage);
void soma_device_unstage(soma_device *device, void *stage, size_t bytes); /* accepts NULL */

/* A piece of a handle, as an application sees it. */
typedef enum soma_memory_owner { SOMA_MEMORY_LENT, SOMA_MEMORY_ALLOCATED, SOMA_MEMORY_ADOPTED } soma_memory_owner;
struct soma_memory {
    soma_device *device;
    void *handle;
    size_t offset, bytes;
    soma_memory_owner owner; /* how the handle is freed; LENT: it is not */
    uint64_t serial;         /* tells it from an earlier one at the same address; from 1 */
};
/* A piece of a handle that stays whose it is. */
soma_status soma_memory_lend(soma_device *device, void *handle, size_t offset, size_t bytes, soma_memory **memory);

/*
 * Work. prepare checks the call's own consistency (soma_call_check), asks the device, and marks the call for the
 * fallback where the device does not support it. run executes a list in order. release undoes prepare; accepts a call
 * that was not prepared.
 */
soma_status soma_device_prepare(soma_device *device, soma_call *call, size_t *workspace);
soma_status soma_device_run(soma_device *device, soma_call *calls, size_t count);
/* They are going to be run so often (SIZE_MAX: nobody knows) in this order: the slot `arrange`. */
soma_status soma_device_arrange(soma_device *device, soma_call *calls, size_t count, size_t runs);
void soma_device_release(soma_device *device, soma_call *call);
/* Whether calls of this primitive should be made in place of several: the slot `combines`. */
bool soma_device_combines(soma_device *device, soma_primitive primitive);
soma_status soma_device_sync(soma_device *device);

/* Whether a device's struct reaches as far as this slot, and has it. */
#define SOMA_DEVICE_HAS_SLOT(api, slot)                                                                                \
    ((api)->size >= offsetof(soma_device_api, slot) + sizeof((api)->slot) && (api)->slot)

/* Shapes, ranks, dtypes and parameters of a call against its primitive's contract in soma/primitives.h. */
soma_status soma_call_check(const soma_call *call);
/* Whether a call of these parameters reads, and whether it writes, a view; false for an absent one. The view's name in
 * the contract. */
bool soma_call_reads(const soma_call *call, uint32_t view);
bool soma_call_writes(const soma_call *call, uint32_t view);
/* Whether it adds to what its result held before. */
bool soma_call_accumulates(const soma_call *call);
/* A matrix product or a convolution. */
bool soma_call_is_product(const soma_call *call);
const char *soma_call_view_name(const soma_call *call, uint32_t view);
/* What a call costs: operations, 0 where it is memory that takes the time; bytes that it must read and write at least.
 */
double soma_call_flops(const soma_call *call);
double soma_call_bytes(const soma_call *call);

/*
 * timing.c. How long something takes that is enqueued on the device: repeated until that takes long enough, with
 * nothing else between. `enqueue` returns without waiting.
 */
typedef soma_status soma_enqueue_function(soma_device *device, void *context);
soma_status soma_device_time(soma_device *device, soma_enqueue_function *enqueue, void *context, double *microseconds);
/* The least of a few measurements. */
soma_status soma_device_least_time(soma_device *device, soma_enqueue_function *enqueue, void *context, double *least);
/*
 * timing_call.c. The same of a prepared call: each of its runs finds in memory what the first one found, and what lies
 * there afterwards is what one run makes of it.
 */
soma_status soma_call_time(soma_device *device, soma_call *call, double *microseconds);
soma_status soma_call_least_time(soma_device *device, soma_call *call, double *microseconds);
/* soma_device_peak(), and NaN of a device that does not measure it. */
soma_status soma_device_peak_or_nan(soma_device *device, double *gflops);
/* timing_copy.c. How long a copy within the device's memory takes that reads and writes so many bytes in all, in memory
 * of its own. */
soma_status soma_device_copy_time(soma_device *device, double bytes, double *microseconds);
/* "128x784, 784x128, 128, 128x128": the views that are there. */
void soma_call_shapes(const soma_call *call, char *text, size_t size);

/* reference.c: false for the primitives of training in a soma without it. */
bool soma_reference_has(soma_primitive primitive);
/* fallback.c: executes one call on the host through read and write. */
soma_status soma_fallback_run(soma_device *device, const soma_call *call);

/* registry.c: SOMA_OK for an api that can be registered. */
soma_status soma_registry_check(const soma_device_api *api);
/* The devices in the tree and those registered; NULL past the last. */
const soma_device_api *soma_registry_get(size_t index);

/* The devices in the tree. */
extern const soma_device_api soma_cpu_api;
#ifdef SOMA_HAVE_OPENCL
extern const soma_device_api soma_opencl_api;
#endif

#define SOMA_LOCKED(device, statement)                                                                                 \
    do {                                                                                                               \
        soma_device_lock(device);                                                                                      \
        statement;                                                                                                     \
        soma_device_unlock(device);                                                                                    \
    } while (0)

/* A use of the device, which the child of who opened it is refused. Sets `status`. */
#define SOMA_USE(device, statement)                                                                                    \
    do {                                                                                                               \
        status = soma_device_check_process(device);                                                                    \
        if (status == SOMA_OK) SOMA_LOCKED(device, statement);                                                         \
    } while (0)

#endif
