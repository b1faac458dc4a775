/* SPDX-License-Identifier: MIT */
/*
 * For tests of the opencl device: every device found (of which SOMA_TEST_DEVICE, where it is set, is a part of the
 * name), and small conveniences on the device's own functions.
 */
#ifndef SOMA_TESTS_OPENCL_DEVICES_H
#define SOMA_TESTS_OPENCL_DEVICES_H

#include "device/calls.h"
#include "device/opencl/driver/opencl.h"
#include "expect.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct found_device {
    uint32_t index;
    soma_device_info info;
    bool usable;
    char reason[160];
} found_device;

typedef struct found_devices {
    found_device entry[32];
    size_t count, usable;
} found_devices;

static inline void remember_device(void *context, uint32_t index, const soma_device_info *info, bool usable,
                                   const char *reason) {
    found_devices *found = context;
    if (found->count == SOMA_COUNT_OF(found->entry)) return;
    found_device *entry = &found->entry[found->count++];
    *entry = (found_device){.index = index, .info = *info, .usable = usable};
    snprintf(entry->reason, sizeof entry->reason, "%s", reason ? reason : "");
    found->usable += usable;
}

static inline found_devices find_devices(void) {
    found_devices found = {0};
    expect_ok(soma_opencl_api.enumerate(remember_device, &found));
    return found;
}

/* Whether a device is usable, and one of those to be tested. */
static inline bool is_tested(const found_device *entry) {
    const char *name = getenv("SOMA_TEST_DEVICE");
    return entry->usable && (!name || strstr(entry->info.name, name));
}

/* Opens device `index` with default options. */
static inline void *open_device(uint32_t index) {
    const soma_device_options options = {0};
    void *state = NULL;
    expect_ok(soma_opencl_api.open(index, &options, &state));
    return state;
}

/* Calls `test` with each usable device, open. */
static inline void with_each_device(void (*test)(void *state, const soma_device_info *info)) {
    const found_devices found = find_devices();
    for (size_t i = 0; i < found.count; i++) {
        if (!is_tested(&found.entry[i])) continue;
        void *state = open_device(found.entry[i].index);
        soma_device_info info;
        soma_opencl_api.info(state, &info);
        test(state, &info);
        soma_opencl_api.close(state);
    }
}

/* Memory that holds these bytes. */
static inline void *upload(void *state, const void *values, size_t bytes) {
    void *memory = NULL;
    expect_ok(soma_opencl_api.alloc(state, bytes, &memory));
    if (values) expect_ok(soma_opencl_api.write(state, memory, 0, values, bytes));
    return memory;
}

static inline soma_view matrix_view(void *memory, size_t rows, size_t columns) {
    const size_t shape[2] = {rows, columns};
    return soma_view_of(memory, 0, SOMA_F32, 2, shape);
}

static inline soma_view vector_view(void *memory, soma_dtype dtype, size_t count) {
    return soma_view_of(memory, 0, dtype, 1, &count);
}

/* Prepares a call, with its memory in place, and gives it the workspace it asks for. */
/* Scratch memory is full of NaNs, so that what is read before it was written shows in the result. (The simulator takes
 * some of it for uninitialised even after it was written, depending on what lay at its address before.) */
static inline void prepare_call(void *state, soma_call *call) {
    size_t workspace = 0;
    expect_ok(soma_opencl_api.prepare(state, call, &workspace));
    if (!workspace) return;
    unsigned char *nans = soma_malloc(workspace);
    ck_assert_ptr_nonnull(nans);
    memset(nans, 0xff, workspace);
    call->workspace = upload(state, nans, workspace);
    soma_free(nans);
}

static inline void release_call(void *state, soma_call *call) {
    soma_opencl_api.release(state, call);
    if (call->workspace) soma_opencl_api.free(state, call->workspace);
    call->workspace = NULL;
}

/* The exit status with which Meson counts a test as skipped, after saying why; 0 where there is a device. */
static inline int skip_without_device(void) {
    const found_devices found = find_devices();
    for (size_t i = 0; i < found.count; i++)
        if (is_tested(&found.entry[i])) return 0;
    const char *name = getenv("SOMA_TEST_DEVICE");
    printf("skipped: there is no usable OpenCL device%s%s\n", name ? " with this in its name: " : "", name ? name : "");
    for (size_t i = 0; i < found.count; i++) { /* a platform that fails has no devices to name */
        const soma_device_info *info = &found.entry[i].info;
        printf("  %s%s%s: %s\n", info->platform, *info->name ? ", " : "", info->name, found.entry[i].reason);
    }
    return 77;
}

#endif
