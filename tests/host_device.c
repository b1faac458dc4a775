/* SPDX-License-Identifier: MIT */
/* See host_device.h. */
#include "host_device.h"

#include "base/process.h"

#include <string.h>

static void host_info(void *state, soma_device_info *info) {
    (void)state;
    memset(info, 0, sizeof *info);
    strcpy(info->name, "host float64");
    info->kind = SOMA_DEVICE_CPU;
    info->compute_units = 1;
    info->alignment = 64;
}

static soma_status host_alloc(void *state, size_t bytes, void **memory) {
    (void)state;
    *memory = soma_malloc(bytes);
    if (!*memory) return soma_out_of_memory(bytes, "the host device");
    memset(*memory, 0xff, bytes); /* NaN in every format: what is read before it is written shows */
    return SOMA_OK;
}

static void host_free(void *state, void *memory) {
    (void)state;
    soma_free(memory);
}

static soma_status host_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    memcpy((char *)memory + offset, source, bytes);
    return SOMA_OK;
}

static soma_status host_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    memcpy(target, (char *)memory + offset, bytes);
    return SOMA_OK;
}

static soma_status host_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    (void)state;
    memmove((char *)to + to_offset, (char *)from + from_offset, bytes);
    return SOMA_OK;
}

static soma_status host_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    memset((char *)memory + offset, byte, bytes);
    return SOMA_OK;
}

static soma_status host_prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state, (void)call;
    *workspace = 0;
    return SOMA_OK;
}

static soma_status host_run(void *state, soma_call *calls, size_t count) {
    (void)state;
    for (size_t i = 0; i < count; i++) SOMA_TRY(soma_reference_run(&calls[i]));
    return SOMA_OK;
}

static const soma_device_api host_api = {.abi = SOMA_DEVICE_ABI,
                                         .size = sizeof(soma_device_api),
                                         .name = "host",
                                         .info = host_info,
                                         .alloc = host_alloc,
                                         .free = host_free,
                                         .write = host_write,
                                         .read = host_read,
                                         .copy = host_copy,
                                         .fill = host_fill,
                                         .prepare = host_prepare,
                                         .run = host_run};

void host_device_open(soma_device *device) {
    memset(device, 0, sizeof *device);
    device->api = &host_api;
    device->process = soma_process();
    pthread_mutex_init(&device->lock, NULL);
    strcpy(device->selector, "host");
    host_info(NULL, &device->info);
}
