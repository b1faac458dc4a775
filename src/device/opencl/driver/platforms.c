/* SPDX-License-Identifier: MIT */
/* Finds the OpenCL devices of all platforms, and says why one can't serve. */
#include "device/opencl/driver/opencl.h"

#include "base/process.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* A device with less could not hold a small network and its data. */
#define LEAST_MEMORY (UINT64_C(16) << 20)
/* Kernels on everything but processors need groups of this many work-items, and this much local memory. */
#define LEAST_GROUP        64
#define LEAST_LOCAL_MEMORY (UINT64_C(16) << 10)
#define PLATFORM_NOT_FOUND (-1001) /* CL_PLATFORM_NOT_FOUND_KHR */

typedef struct search {
    soma_cl_candidate *candidates;
    size_t count;
    uint32_t devices; /* numbered so far */
} search;

uint64_t soma_cl_device_number(cl_device_id id, cl_device_info what) {
    /* Numbers come as 4 or 8 bytes, little-endian like all that soma runs on. */
    uint64_t value = 0;
    return clGetDeviceInfo(id, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

/* Copies without the blanks around; some drivers pad. */
static void trim(char *target, size_t size, const char *text) {
    while (*text == ' ') text++;
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ') length--;
    snprintf(target, size, "%.*s", (int)SOMA_MIN(length, size - 1), text);
}

static void device_text(cl_device_id id, cl_device_info what, char *target, size_t size) {
    char text[512] = "";
    if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = 0;
    trim(target, size, text);
}

static void platform_text(cl_platform_id id, cl_platform_info what, char *target, size_t size) {
    char text[512] = "";
    if (clGetPlatformInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = 0;
    trim(target, size, text);
}

static soma_cl_candidate *append(search *found) {
    soma_cl_candidate *grown = soma_realloc(found->candidates, found->count + 1, sizeof *grown);
    if (!grown) return NULL;
    found->candidates = grown;
    soma_cl_candidate *candidate = &grown[found->count++];
    memset(candidate, 0, sizeof *candidate);
    candidate->index = SOMA_NO_DEVICE_INDEX;
    return candidate;
}

/* A platform, or OpenCL as a whole, that offers no device. */
static soma_status append_empty(search *found, const char *platform, const char *reason) {
    soma_cl_candidate *candidate = append(found);
    if (!candidate) return soma_out_of_memory(sizeof *candidate, "the list of OpenCL devices");
    snprintf(candidate->info.platform, sizeof candidate->info.platform, "%s", platform);
    candidate->info.kind = SOMA_DEVICE_OTHER;
    candidate->info.alignment = 64;
    snprintf(candidate->reason, sizeof candidate->reason, "%s", reason);
    return SOMA_OK;
}

static soma_device_kind kind_of(cl_device_id id) {
    uint64_t type = soma_cl_device_number(id, CL_DEVICE_TYPE);
    if (type & CL_DEVICE_TYPE_GPU) return SOMA_DEVICE_GPU;
    if (type & CL_DEVICE_TYPE_ACCELERATOR) return SOMA_DEVICE_ACCELERATOR;
    if (type & CL_DEVICE_TYPE_CPU) return SOMA_DEVICE_OPENCL_CPU;
    return SOMA_DEVICE_OTHER;
}

static void describe(cl_device_id id, soma_device_info *info) {
    device_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    device_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    device_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    info->kind = kind_of(id);
    info->memory = soma_cl_device_number(id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_allocation = soma_cl_device_number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    if (soma_cl_device_number(id, CL_DEVICE_ADDRESS_BITS) == 32) {
        info->memory = SOMA_MIN(info->memory, UINT32_MAX);
        info->max_allocation = SOMA_MIN(info->max_allocation, INT32_MAX);
    }
    info->compute_units = (uint32_t)soma_cl_device_number(id, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->alignment = 64;
    while (info->alignment < soma_cl_device_number(id, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8) info->alignment *= 2;
}

/* Why this device can't serve, into reason; "" if it can. */
static void judge(cl_device_id id, const soma_device_info *info, char *reason, size_t size) {
    char version[128];
    device_text(id, CL_DEVICE_VERSION, version, sizeof version);
    int major = 0, minor = 0;
    bool numbered = sscanf(version, "OpenCL %d.%d", &major, &minor) == 2;
    reason[0] = 0;
    if (!soma_cl_device_number(id, CL_DEVICE_AVAILABLE))
        snprintf(reason, size, "the driver says that it is not available");
    else if (!numbered || major < 1 || (major == 1 && minor < 2))
        snprintf(reason, size, "it speaks \"%.40s\"; OpenCL 1.2 is needed", version);
    else if (!soma_cl_device_number(id, CL_DEVICE_COMPILER_AVAILABLE))
        snprintf(reason, size, "it has no compiler for OpenCL C");
    else if (!soma_cl_device_number(id, CL_DEVICE_ENDIAN_LITTLE))
        snprintf(reason, size, "it is big-endian");
    else if (info->memory < LEAST_MEMORY)
        snprintf(reason, size, "it has %" PRIu64 " bytes of memory; %" PRIu64 " are needed", info->memory,
                 LEAST_MEMORY);
    else if (soma_cl_device_number(id, CL_DEVICE_LOCAL_MEM_SIZE) < LEAST_LOCAL_MEMORY)
        snprintf(reason, size, "it has %" PRIu64 " bytes of local memory; %" PRIu64 " are needed",
                 soma_cl_device_number(id, CL_DEVICE_LOCAL_MEM_SIZE), LEAST_LOCAL_MEMORY);
    else if (soma_cl_device_number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE) < LEAST_GROUP)
        snprintf(reason, size, "its groups have %" PRIu64 " work-items at most; %d are needed",
                 soma_cl_device_number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE), LEAST_GROUP);
}

static soma_status append_device(search *found, const char *platform, cl_device_id id) {
    soma_cl_candidate *candidate = append(found);
    if (!candidate) return soma_out_of_memory(sizeof *candidate, "the list of OpenCL devices");
    candidate->id = id;
    candidate->index = found->devices++;
    describe(id, &candidate->info);
    snprintf(candidate->info.platform, sizeof candidate->info.platform, "%s", platform);
    judge(id, &candidate->info, candidate->reason, sizeof candidate->reason);
    return SOMA_OK;
}

static soma_status search_platform(search *found, cl_platform_id platform) {
    char name[64], reason[160];
    platform_text(platform, CL_PLATFORM_NAME, name, sizeof name);
    cl_uint count = 0;
    cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    if (code == CL_DEVICE_NOT_FOUND || (code == CL_SUCCESS && count == 0))
        return append_empty(found, name,
                            strstr(name, "rusticl") ? "it offers no device (RUSTICL_ENABLE=llvmpipe makes it offer one)"
                                                    : "it offers no device");
    if (code != CL_SUCCESS) {
        snprintf(reason, sizeof reason, "its devices can't be listed: %s (%d)", soma_cl_error_name(code), (int)code);
        return append_empty(found, name, reason);
    }
    cl_device_id *ids = soma_calloc(count, sizeof *ids);
    if (!ids) return soma_out_of_memory(count * sizeof *ids, "the list of OpenCL devices");
    soma_status status = soma_cl_check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids, NULL),
                                       "listing the devices of OpenCL platform %s", name);
    for (cl_uint i = 0; status == SOMA_OK && i < count; i++) status = append_device(found, name, ids[i]);
    soma_free(ids);
    return status;
}

static soma_status search_all(search *found) {
    cl_uint count = 0;
    cl_int code = clGetPlatformIDs(0, NULL, &count);
    if (code == PLATFORM_NOT_FOUND || (code == CL_SUCCESS && count == 0))
        return append_empty(found, "OpenCL", "no OpenCL driver is installed (the loader finds no platform)");
    SOMA_TRY(soma_cl_check(code, "listing the OpenCL platforms"));
    cl_platform_id *platforms = soma_calloc(count, sizeof *platforms);
    if (!platforms) return soma_out_of_memory(count * sizeof *platforms, "the list of OpenCL platforms");
    soma_status status = soma_cl_check(clGetPlatformIDs(count, platforms, NULL), "listing the OpenCL platforms");
    for (cl_uint i = 0; status == SOMA_OK && i < count; i++) status = search_platform(found, platforms[i]);
    soma_free(platforms);
    return status;
}

/* Drivers start threads when they are first asked for devices, which a child of fork() has not; it would wait for them
 * for ever. */
soma_status soma_cl_check_process(void) {
    static _Atomic uint32_t user; /* soma_process() + 1 where the driver was first asked; 0: it was not */
    SOMA_TRY(soma_process_watch());
    uint32_t expected = 0, now = soma_process() + 1;
    if (atomic_compare_exchange_strong(&user, &expected, now) || expected == now) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE,
                      "OpenCL was in use before fork(), by another process; its drivers do not work "
                      "in this one");
}

soma_status soma_cl_find(soma_cl_candidate **candidates, size_t *count) {
    search found = {0};
    soma_status status = soma_cl_check_process();
    if (status == SOMA_OK) status = search_all(&found);
    if (status != SOMA_OK) {
        soma_free(found.candidates);
        found.candidates = NULL;
        found.count = 0;
    }
    *candidates = found.candidates;
    *count = found.count;
    return status;
}

/* A sub-device is not among those that platforms list. */
static void examine_other(cl_device_id id, soma_cl_candidate *candidate) {
    cl_platform_id platform = NULL;
    *candidate = (soma_cl_candidate){.id = id, .index = SOMA_NO_DEVICE_INDEX};
    describe(id, &candidate->info);
    if (clGetDeviceInfo(id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL) == CL_SUCCESS)
        platform_text(platform, CL_PLATFORM_NAME, candidate->info.platform, sizeof candidate->info.platform);
    judge(id, &candidate->info, candidate->reason, sizeof candidate->reason);
}

soma_status soma_cl_examine(cl_device_id id, soma_cl_candidate *candidate) {
    soma_cl_candidate *candidates;
    size_t count;
    examine_other(id, candidate);
    SOMA_TRY(soma_cl_find(&candidates, &count));
    for (size_t i = 0; i < count; i++)
        if (candidates[i].id == id) *candidate = candidates[i];
    soma_free(candidates);
    return SOMA_OK;
}
