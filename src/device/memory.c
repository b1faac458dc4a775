/* SPDX-License-Identifier: MIT */
/* Memory of a device in the hands of the application. */
#include "device/device.h"

static soma_status make(soma_device *device, size_t offset, size_t bytes, soma_memory **memory) {
    *memory = soma_calloc(1, sizeof **memory);
    if (!*memory) return soma_out_of_memory(sizeof **memory, "a memory");
    (*memory)->device = device;
    (*memory)->offset = offset;
    (*memory)->bytes = bytes;
    soma_device_lock(device);
    (*memory)->serial = ++device->memories;
    soma_device_unlock(device);
    return SOMA_OK;
}

static soma_status check_place(const char *function, const soma_device *device, soma_memory **memory) {
    if (!memory) return soma_error(SOMA_INVALID_ARGUMENT, "%s: no place for the memory was given", function);
    *memory = NULL;
    return device ? SOMA_OK : soma_error(SOMA_INVALID_ARGUMENT, "%s: the device is NULL", function);
}

soma_status soma_memory_create(soma_device *device, size_t bytes, soma_memory **memory) {
    SOMA_TRY(check_place("soma_memory_create", device, memory));
    if (bytes == 0) return soma_error(SOMA_INVALID_ARGUMENT, "soma_memory_create: 0 bytes; it needs at least one");
    SOMA_TRY(make(device, 0, bytes, memory));
    soma_status status = soma_device_alloc(device, bytes, "a memory", &(*memory)->handle);
    (*memory)->owner = SOMA_MEMORY_ALLOCATED;
    if (status == SOMA_OK) return SOMA_OK;
    soma_free(*memory);
    *memory = NULL;
    return status;
}

soma_status soma_memory_adopt(soma_device *device, void *handle, size_t bytes, soma_memory **memory) {
    SOMA_TRY(check_place("soma_memory_adopt", device, memory));
    SOMA_TRY(make(device, 0, bytes, memory));
    (*memory)->handle = handle;
    (*memory)->owner = SOMA_MEMORY_ADOPTED;
    return SOMA_OK;
}

soma_status soma_memory_lend(soma_device *device, void *handle, size_t offset, size_t bytes, soma_memory **memory) {
    SOMA_TRY(make(device, offset, bytes, memory));
    (*memory)->handle = handle;
    (*memory)->owner = SOMA_MEMORY_LENT;
    return SOMA_OK;
}

void soma_memory_destroy(soma_memory *memory) {
    if (!memory) return;
    if (memory->owner == SOMA_MEMORY_ALLOCATED) soma_device_free(memory->device, memory->handle, memory->bytes);
    if (memory->owner == SOMA_MEMORY_ADOPTED) soma_device_free(memory->device, memory->handle, 0);
    soma_free(memory);
}

size_t soma_memory_bytes(const soma_memory *memory) {
    return memory ? memory->bytes : 0;
}

soma_device *soma_memory_device(const soma_memory *memory) {
    return memory ? memory->device : NULL;
}

void *soma_memory_handle(const soma_memory *memory, size_t *offset) {
    *offset = memory->offset;
    return memory->handle;
}

static soma_status check_range(const char *function, const soma_memory *memory, size_t offset, size_t bytes,
                               const void *host) {
    if (!memory || !host)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: the %s is NULL", function, memory ? "host's memory" : "memory");
    if (offset <= memory->bytes && bytes <= memory->bytes - offset) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: %zu bytes at offset %zu of a memory of %zu bytes", function, bytes,
                      offset, memory->bytes);
}

soma_status soma_memory_write(soma_memory *memory, size_t offset, const void *source, size_t bytes) {
    SOMA_TRY(check_range("soma_memory_write", memory, offset, bytes, source));
    return soma_device_write(memory->device, memory->handle, memory->offset + offset, source, bytes);
}

soma_status soma_memory_read(const soma_memory *memory, size_t offset, void *target, size_t bytes) {
    SOMA_TRY(check_range("soma_memory_read", memory, offset, bytes, target));
    return soma_device_read(memory->device, memory->handle, memory->offset + offset, target, bytes);
}
