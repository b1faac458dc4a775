/* SPDX-License-Identifier: MIT */
/* An open device: memory with its accounting, and calls, of which those that the device can't do go to the fallback. */
#include "device/device.h"

#include "base/process.h"

#include <inttypes.h>
#include <string.h>

const char *soma_device_selector(const soma_device *device) {
    return device->list ? device->list : device->selector;
}

/* ------------------------------------------------------------------------------------------- threads, processes */

static bool is_inherited(const soma_device *device) {
    return device->process != soma_process();
}

/* The lock is no part of what a const device promises. */
static pthread_mutex_t *lock_of(const soma_device *device) {
    return is_inherited(device) ? soma_process_lock() : (pthread_mutex_t *)(uintptr_t)&device->lock;
}

void soma_device_lock(const soma_device *device) {
    pthread_mutex_lock(lock_of(device));
}

void soma_device_unlock(const soma_device *device) {
    pthread_mutex_unlock(lock_of(device));
}

soma_status soma_device_check_process(const soma_device *device) {
    if (!is_inherited(device)) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE,
                      "device %s was opened before fork(), by another process; here it can only be closed, and another "
                      "one opened",
                      device->selector);
}

bool soma_device_can_free(soma_device *device) {
    if (!is_inherited(device)) return true;
    if (!SOMA_DEVICE_HAS_SLOT(device->api, after_fork)) return false;
    if (!device->told_of_fork) device->api->after_fork(device->state);
    device->told_of_fork = true;
    return true;
}

void soma_device_get_info(soma_device *device, soma_device_info *info) {
    SOMA_LOCKED(device, *info = device->info);
}

void soma_device_get_memory(const soma_device *device, soma_device_memory *memory) {
    SOMA_LOCKED(device, *memory = device->memory);
}

/* ------------------------------------------------------------------------------------------------------ memory */

uint64_t soma_device_memory_in_all(const soma_device *device) {
    uint64_t limit = device->memory_limit ? device->memory_limit : UINT64_MAX;
    return device->info.memory ? SOMA_MIN(limit, device->info.memory) : limit;
}

uint64_t soma_device_data_memory(const soma_device *device) {
    return device->data_memory ? device->data_memory : UINT64_MAX;
}

static soma_status check_room(const soma_device *device, size_t bytes, const char *what) {
    uint64_t all = soma_device_memory_in_all(device);
    if (bytes > all || device->memory.allocated > all - bytes)
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY,
                          "%s needs %zu bytes on device %s (%s): %" PRIu64 " bytes are in use of %" PRIu64 "%s", what,
                          bytes, device->selector, device->info.name, device->memory.allocated, all,
                          device->memory_limit == all ? ", the limit set for it" : "");
    uint64_t most = device->info.max_allocation;
    if (most && bytes > most)
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY,
                          "%s needs %zu bytes on device %s (%s), which allocates at most %" PRIu64 " bytes at once",
                          what, bytes, device->selector, device->info.name, most);
    return SOMA_OK;
}

static soma_status explain_refusal(const soma_device *device, soma_status status, size_t bytes, const char *what) {
    return soma_error_prefix(status, "%s needs %zu bytes on device %s (%s), where %" PRIu64 " bytes are in use: ", what,
                             bytes, device->selector, device->info.name, device->memory.allocated);
}

static soma_status count_in(soma_device *device, size_t bytes) {
    device->memory.allocated += bytes;
    device->memory.peak = SOMA_MAX(device->memory.peak, device->memory.allocated);
    return SOMA_OK;
}

static void count_out(soma_device *device, size_t bytes) {
    device->memory.allocated -= SOMA_MIN(bytes, device->memory.allocated);
}

static soma_status allocate(soma_device *device, size_t bytes, const char *what, void **memory) {
    SOMA_TRY(check_room(device, bytes, what));
    soma_status status = device->api->alloc(device->state, bytes, memory);
    return status == SOMA_OK ? count_in(device, bytes) : explain_refusal(device, status, bytes, what);
}

soma_status soma_device_alloc(soma_device *device, size_t bytes, const char *what, void **memory) {
    soma_status status;
    *memory = NULL;
    SOMA_USE(device, status = allocate(device, bytes, what, memory));
    return status;
}

static void deallocate(soma_device *device, void *memory, size_t bytes) {
    if (soma_device_can_free(device)) device->api->free(device->state, memory);
    count_out(device, bytes);
}

void soma_device_free(soma_device *device, void *memory, size_t bytes) {
    if (memory) SOMA_LOCKED(device, deallocate(device, memory, bytes));
}

soma_status soma_device_wrap(soma_device *device, const void *host, size_t bytes, void **memory) {
    *memory = NULL;
    if (!device->api->wrap)
        return soma_error(SOMA_UNSUPPORTED, "device %s can't use host memory without a copy", device->selector);
    soma_status status;
    SOMA_USE(device, status = device->api->wrap(device->state, host, bytes, memory));
    return status;
}

soma_status soma_device_write(soma_device *device, void *memory, size_t offset, const void *source, size_t bytes) {
    soma_status status = SOMA_OK;
    if (bytes) SOMA_USE(device, status = device->api->write(device->state, memory, offset, source, bytes));
    return status;
}

soma_status soma_device_read(soma_device *device, void *memory, size_t offset, void *target, size_t bytes) {
    soma_status status = SOMA_OK;
    if (bytes) SOMA_USE(device, status = device->api->read(device->state, memory, offset, target, bytes));
    return status;
}

soma_status soma_device_copy(soma_device *device, void *to, size_t to_offset, void *from, size_t from_offset,
                             size_t bytes) {
    soma_status status = SOMA_OK;
    if (bytes) SOMA_USE(device, status = device->api->copy(device->state, to, to_offset, from, from_offset, bytes));
    return status;
}

soma_status soma_device_fill(soma_device *device, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    soma_status status = SOMA_OK;
    if (bytes) SOMA_USE(device, status = device->api->fill(device->state, memory, offset, byte, bytes));
    return status;
}

/* ------------------------------------------------------------------------------------------------------ stages */

bool soma_device_stages(const soma_device *device) {
    const soma_device_api *api = device->api;
    return SOMA_DEVICE_HAS_SLOT(api, stage) && SOMA_DEVICE_HAS_SLOT(api, send) && SOMA_DEVICE_HAS_SLOT(api, await) &&
           SOMA_DEVICE_HAS_SLOT(api, unstage);
}

static soma_status make_stage(soma_device *device, size_t bytes, const char *what, void **stage, void **host) {
    SOMA_TRY(check_room(device, bytes, what));
    soma_status status = device->api->stage(device->state, bytes, stage, host);
    return status == SOMA_OK ? count_in(device, bytes) : explain_refusal(device, status, bytes, what);
}

soma_status soma_device_stage(soma_device *device, size_t bytes, const char *what, void **stage, void **host) {
    soma_status status;
    *stage = *host = NULL;
    SOMA_USE(device, status = make_stage(device, bytes, what, stage, host));
    return status;
}

soma_status soma_device_send(soma_device *device, void *stage, void *memory, size_t bytes) {
    soma_status status = SOMA_OK;
    if (bytes) SOMA_USE(device, status = device->api->send(device->state, stage, memory, bytes));
    return status;
}

soma_status soma_device_await(soma_device *device, void *stage) {
    soma_status status;
    SOMA_USE(device, status = device->api->await(device->state, stage));
    return status;
}

static void free_stage(soma_device *device, void *stage, size_t bytes) {
    if (soma_device_can_free(device)) device->api->unstage(device->state, stage);
    count_out(device, bytes);
}

void soma_device_unstage(soma_device *device, void *stage, size_t bytes) {
    if (stage) SOMA_LOCKED(device, free_stage(device, stage, bytes));
}

/* ------------------------------------------------------------------------------------------------------ tuning */

static soma_status check_tunable(const char *function, const soma_device *device) {
    if (!device) return soma_error(SOMA_INVALID_ARGUMENT, "%s: device is NULL", function);
    const soma_device_api *api = device->api;
    if (SOMA_DEVICE_HAS_SLOT(api, tune) && SOMA_DEVICE_HAS_SLOT(api, tuning) &&
        SOMA_DEVICE_HAS_SLOT(api, forget_tuning))
        return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "device %s (%s) has one kernel for each matrix product; there is nothing to tune",
                      device->selector, device->info.name);
}

static soma_status check_tune_options(const soma_tune_options *options) {
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_tune_options"));
    if ((options->sizes == NULL) != (options->size_count == 0) || options->size_count > SOMA_TUNE_MAX_SIZES)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_tune: %zu sizes at %s; 1 to %d are needed, or 0 at NULL",
                          options->size_count, options->sizes ? "an array" : "NULL", SOMA_TUNE_MAX_SIZES);
    for (size_t i = 0; i < options->size_count; i++)
        if (options->sizes[i] < 1 || options->sizes[i] > SOMA_TUNE_MAX_SIZE)
            return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_tune: size %zu is %zu; 1 to %d are possible", i,
                              options->sizes[i], SOMA_TUNE_MAX_SIZE);
    return SOMA_OK;
}

/* Who multiplies matrices is a part of the device's description. */
static void describe_again(soma_device *device) {
    soma_device_info info;
    device->api->info(device->state, &info);
    memcpy(device->info.gemm, info.gemm, sizeof info.gemm);
}

soma_status soma_device_tune(soma_device *device, const soma_tune_options *options) {
    const soma_tune_options used = options ? *options : (soma_tune_options){0};
    SOMA_TRY(check_tunable("soma_device_tune", device));
    SOMA_TRY(check_tune_options(&used));
    soma_status status;
    SOMA_USE(device, status = device->api->tune(device->state, &used); describe_again(device));
    return status;
}

soma_status soma_device_get_tuning(soma_device *device, soma_tuning *tuning) {
    if (!tuning) return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_get_tuning: tuning is NULL");
    *tuning = (soma_tuning){0};
    SOMA_TRY(check_tunable("soma_device_get_tuning", device));
    soma_status status;
    SOMA_USE(device, device->api->tuning(device->state, tuning));
    return status;
}

soma_status soma_device_forget_tuning(soma_device *device, bool *removed) {
    bool any = false;
    if (removed) *removed = false;
    SOMA_TRY(check_tunable("soma_device_forget_tuning", device));
    soma_status status;
    SOMA_USE(device, status = device->api->forget_tuning(device->state, &any); describe_again(device));
    if (removed) *removed = any;
    return status;
}
