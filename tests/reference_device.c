/* SPDX-License-Identifier: MIT */
/*
 * A third device, built as a plugin on soma/device.h alone: one thread, float64 arithmetic. It is strict where a real
 * device would be silently wrong: memory handles are opaque, fresh memory holds NaN, and each view is checked against
 * its block. With SOMA_MINIMAL it has the mandatory slots only, so that soma's fallback does all the work.
 */
#include <soma/device.h>

#include <stdlib.h>
#include <string.h>

#ifdef SOMA_MINIMAL
#define DEVICE_NAME "minimal"
#else
#define DEVICE_NAME "reference"
#endif

#define ALIGNMENT 256

/* What a memory handle points to: not the bytes themselves. */
typedef struct block {
    uint32_t mark;
    size_t bytes;
    unsigned char *data;
} block;
#define BLOCK_MARK 0x50FA50FAu

typedef struct device {
    size_t blocks;
} device;

static void describe(soma_device_info *info) {
    memset(info, 0, sizeof *info);
    strcpy(info->name, DEVICE_NAME);
    strcpy(info->platform, "plugin");
    strcpy(info->vendor, "Soma, Inc.");
    strcpy(info->driver, soma_version());
    strcpy(info->gemm, "float64 reference");
    info->kind = SOMA_DEVICE_OTHER;
    info->compute_units = 1;
    info->alignment = ALIGNMENT;
}

static soma_status device_enumerate(soma_device_visitor *visitor, void *context) {
    soma_device_info info;
    describe(&info);
    visitor(context, 0, &info, true, NULL);
    return SOMA_OK;
}

static soma_status device_open(uint32_t index, const soma_device_options *options, void **state) {
    (void)options;
    if (index > 0) return soma_error(SOMA_NO_DEVICE, "there is one " DEVICE_NAME " device, number 0");
    *state = calloc(1, sizeof(device));
    return *state ? SOMA_OK : soma_error(SOMA_OUT_OF_MEMORY, "out of memory for the " DEVICE_NAME " device");
}

static void device_close(void *state) {
    const device *self = state;
    if (self->blocks)
        soma_log(SOMA_LOG_WARNING, "the " DEVICE_NAME " device was closed with %zu allocations", self->blocks);
    free(state);
}

static void device_info(void *state, soma_device_info *info) {
    (void)state;
    describe(info);
}

/* ------------------------------------------------------------------------------------------------------ memory */

static soma_status device_alloc(void *state, size_t bytes, void **memory) {
    device *self = state;
    block *made = malloc(sizeof *made);
    unsigned char *data = made ? malloc(bytes) : NULL;
    if (!data) {
        free(made);
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the " DEVICE_NAME " device has no %zu bytes", bytes);
    }
    memset(data, 0xFF, bytes);
    *made = (block){BLOCK_MARK, bytes, data};
    self->blocks++;
    *memory = made;
    return SOMA_OK;
}

static void device_free(void *state, void *memory) {
    device *self = state;
    block *freed = memory;
    freed->mark = 0;
    free(freed->data);
    free(freed);
    self->blocks--;
}

/* The address of a range of a block; NULL, and an error, where it is not inside. */
static unsigned char *address(void *memory, size_t offset, size_t bytes) {
    block *found = memory;
    if (!found || found->mark != BLOCK_MARK) {
        soma_error(SOMA_DEVICE_FAILED, "a memory handle is none of the " DEVICE_NAME " device");
        return NULL;
    }
    if (offset > found->bytes || bytes > found->bytes - offset) {
        soma_error(SOMA_DEVICE_FAILED, "%zu bytes at %zu are outside a block of %zu", bytes, offset, found->bytes);
        return NULL;
    }
    return found->data + offset;
}

static soma_status device_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    unsigned char *target = address(memory, offset, bytes);
    if (!target) return SOMA_DEVICE_FAILED;
    memcpy(target, source, bytes);
    return SOMA_OK;
}

static soma_status device_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    const unsigned char *source = address(memory, offset, bytes);
    if (!source) return SOMA_DEVICE_FAILED;
    memcpy(target, source, bytes);
    return SOMA_OK;
}

static soma_status device_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    (void)state;
    unsigned char *target = address(to, to_offset, bytes);
    const unsigned char *source = address(from, from_offset, bytes);
    if (!target || !source) return SOMA_DEVICE_FAILED;
    memcpy(target, source, bytes);
    return SOMA_OK;
}

static soma_status device_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    unsigned char *target = address(memory, offset, bytes);
    if (!target) return SOMA_DEVICE_FAILED;
    memset(target, byte, bytes);
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- work */

#ifndef SOMA_MINIMAL

/* Asked for with every call and returned in its own memory, so that the plan's handling of scratch memory is exercised.
 */
#define WORKSPACE_BYTES 64

static soma_status device_prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state;
    soma_call *seen = malloc(sizeof *seen);
    if (!seen) return soma_error(SOMA_OUT_OF_MEMORY, "out of memory for a prepared call");
    *seen = *call;
    call->prepared = seen;
    *workspace = WORKSPACE_BYTES;
    return SOMA_OK;
}

static void device_release(void *state, soma_call *call) {
    (void)state;
    free(call->prepared);
    call->prepared = NULL;
}

static size_t span(const soma_view *view) {
    if (soma_view_count(view) == 0) return 0;
    size_t last = 0;
    for (uint32_t i = 0; i < view->rank; i++) last += (view->shape[i] - 1) * view->stride[i];
    return (last + 1) * soma_dtype_size(view->dtype);
}

/* Puts the address of a view's bytes in place of its handle; the view must be the one that was prepared. */
static soma_status resolve(const soma_call *call, soma_call *resolved, uint32_t index) {
    const soma_view *view = &call->view[index], *seen = &((const soma_call *)call->prepared)->view[index];
    const char *name = soma_primitive_name(call->primitive);
    if (view->rank == 0) return SOMA_OK;
    if (view->rank != seen->rank || view->dtype != seen->dtype ||
        memcmp(view->shape, seen->shape, sizeof view->shape) != 0 ||
        memcmp(view->stride, seen->stride, sizeof view->stride) != 0)
        return soma_error(SOMA_DEVICE_FAILED, "%s: view %u is another one than was prepared", name, index);
    if (call->primitive != SOMA_PRIMITIVE_COPY && view->offset % ALIGNMENT)
        return soma_error(SOMA_DEVICE_FAILED, "%s: view %u is at byte %zu, not at a multiple of %d", name, index,
                          view->offset, ALIGNMENT);
    resolved->view[index].memory = address(view->memory, view->offset, span(view));
    resolved->view[index].offset = 0;
    return resolved->view[index].memory ? SOMA_OK : SOMA_DEVICE_FAILED;
}

static soma_status run_one(const soma_call *call) {
    if (!call->prepared || ((const soma_call *)call->prepared)->primitive != call->primitive)
        return soma_error(SOMA_DEVICE_FAILED, "%s was not prepared", soma_primitive_name(call->primitive));
    unsigned char *scratch = address(call->workspace, call->workspace_offset, WORKSPACE_BYTES);
    if (!scratch) return SOMA_DEVICE_FAILED;
    memset(scratch, 0xFF, WORKSPACE_BYTES);
    soma_call resolved = *call;
    for (uint32_t i = 0; i < call->view_count; i++)
        if (resolve(call, &resolved, i) != SOMA_OK) return SOMA_DEVICE_FAILED;
    return soma_reference_run(&resolved);
}

static soma_status device_run(void *state, soma_call *calls, size_t count) {
    (void)state;
    for (size_t i = 0; i < count; i++) {
        soma_status status = run_one(&calls[i]);
        if (status != SOMA_OK) return status;
    }
    return SOMA_OK;
}

#endif

const soma_device_api *soma_device_plugin(void);

SOMA_API const soma_device_api *soma_device_plugin(void) {
    static const soma_device_api api = {
        .abi = SOMA_DEVICE_ABI,
        .size = sizeof(soma_device_api),
        .name = DEVICE_NAME,
        .enumerate = device_enumerate,
        .open = device_open,
        .close = device_close,
        .info = device_info,
        .alloc = device_alloc,
        .free = device_free,
        .write = device_write,
        .read = device_read,
        .copy = device_copy,
        .fill = device_fill,
#ifndef SOMA_MINIMAL
        .prepare = device_prepare,
        .run = device_run,
        .release = device_release,
#endif
    };
    return &api;
}
