/* SPDX-License-Identifier: MIT */
/*
 * A device to begin with: all that is mandatory, on memory of the host's, and one primitive of its own. What is marked
 * YOURS is what another device does in another way. docs/write-a-device.md goes through it.
 */
#include <soma/device.h>

#include <stdlib.h>
#include <string.h>

/* YOURS: what an open device needs to remember: a context, a queue, compiled kernels. */
typedef struct device {
    size_t allocations;
} device;

/* -------------------------------------------------------------------------------------------------------- life */

/* YOURS. Called before a device is open, too. */
static void describe(soma_device_info *info) {
    memset(info, 0, sizeof *info);
    strcpy(info->name, "template device");
    strcpy(info->platform, "template");
    strcpy(info->vendor, "you");
    strcpy(info->driver, "1.0");
    strcpy(info->gemm, "the host");
    info->kind = SOMA_DEVICE_OTHER;
    info->compute_units = 1;
    info->alignment = 64;
}

/* YOURS: one visit for each device that there is; with usable = false and a reason for one that can't serve. */
static soma_status enumerate(soma_device_visitor *visitor, void *context) {
    soma_device_info info;
    describe(&info);
    visitor(context, 0, &info, true, NULL);
    return SOMA_OK;
}

static soma_status open_device(uint32_t index, const soma_device_options *options, void **state) {
    (void)options;
    if (index > 0) return soma_error(SOMA_NO_DEVICE, "there is one template device, number 0");
    *state = calloc(1, sizeof(device));
    return *state ? SOMA_OK : soma_error(SOMA_OUT_OF_MEMORY, "out of memory for the template device");
}

static void close_device(void *state) {
    const device *self = state;
    if (self->allocations)
        soma_log(SOMA_LOG_WARNING, "the template device was closed with %zu allocations", self->allocations);
    free(state);
}

static void get_info(void *state, soma_device_info *info) {
    (void)state;
    describe(info);
}

/* ------------------------------------------------------------------------------------------------------ memory */

/* YOURS: a handle may be anything; soma only hands it back, with offsets beside it. */
static soma_status allocate(void *state, size_t bytes, void **memory) {
    device *self = state;
    *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!*memory) return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the template device has no %zu bytes", bytes);
    self->allocations++;
    return SOMA_OK;
}

static void release_memory(void *state, void *memory) {
    device *self = state;
    self->allocations--;
    free(memory);
}

static soma_status write_memory(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    memcpy((char *)memory + offset, source, bytes);
    return SOMA_OK;
}

static soma_status read_memory(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    memcpy(target, (const char *)memory + offset, bytes);
    return SOMA_OK;
}

static soma_status copy_memory(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    return write_memory(state, to, to_offset, (const char *)from + from_offset, bytes);
}

static soma_status fill_memory(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    memset((char *)memory + offset, byte, bytes);
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- work */

/* YOURS: say yes to one primitive more, and the host computes one less. */
static soma_status prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state;
    *workspace = 0;
    if (call->primitive == SOMA_PRIMITIVE_FILL && call->view[0].dtype == SOMA_F32) return SOMA_OK;
    return SOMA_UNSUPPORTED;
}

/* YOURS: the kernels. */
static void run_fill(const soma_call *call) {
    const soma_view *out = &call->view[0];
    float *values = (float *)((char *)out->memory + out->offset);
    for (size_t i = 0; i < soma_view_count(out); i++) values[i] = call->params.fill.value;
}

/* Only calls come here that `prepare` has said yes to, in the order in which they must have their effect. */
static soma_status run(void *state, soma_call *calls, size_t count) {
    (void)state;
    for (size_t i = 0; i < count; i++) run_fill(&calls[i]);
    return SOMA_OK;
}

const soma_device_api *soma_device_plugin(void);

SOMA_API const soma_device_api *soma_device_plugin(void) {
    static const soma_device_api api = {
        .abi = SOMA_DEVICE_ABI,
        .size = sizeof(soma_device_api),
        .name = "template", /* YOURS */
        .enumerate = enumerate,
        .open = open_device,
        .close = close_device,
        .info = get_info,
        .alloc = allocate,
        .free = release_memory,
        .write = write_memory,
        .read = read_memory,
        .copy = copy_memory,
        .fill = fill_memory,
        .prepare = prepare,
        .run = run,
    };
    return &api;
}
