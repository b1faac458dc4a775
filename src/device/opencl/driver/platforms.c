/* SPDX-License-Identifier: MIT */
/* Finds the OpenCL devices of all platforms, and says why one can't serve. */
#include "device/opencl/driver/opencl.h"

#include "base/process.h"

#include <inttypes.h>
#include <pthread.h>
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
    soma_cl_verdicts *drivers;
    const soma_cl_watch *watch; /* may be NULL */
    soma_cl_candidate *candidates;
    size_t count;
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
    const uint64_t alignment_bits = soma_cl_device_number(id, CL_DEVICE_MEM_BASE_ADDR_ALIGN);
    info->alignment = alignment_bits ? 64 : 0;
    while (info->alignment < alignment_bits / 8) info->alignment *= 2;
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
    else if (info->alignment == 0)
        snprintf(reason, size, "its driver does not say where parts of its memory may begin");
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
    describe(id, &candidate->info);
    snprintf(candidate->info.platform, sizeof candidate->info.platform, "%s", platform);
    judge(id, &candidate->info, candidate->reason, sizeof candidate->reason);
    return SOMA_OK;
}

static soma_status append_devices(search *found, cl_platform_id platform, const char *name) {
    char reason[160];
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

/* Name, maker and version, in one line. */
static void identify(cl_platform_id platform, soma_cl_identity identity) {
    char name[64], vendor[64], version[128];
    platform_text(platform, CL_PLATFORM_NAME, name, sizeof name);
    platform_text(platform, CL_PLATFORM_VENDOR, vendor, sizeof vendor);
    platform_text(platform, CL_PLATFORM_VERSION, version, sizeof version);
    snprintf(identity, sizeof(soma_cl_identity), "%s, %s, %.60s", name, vendor, version);
    for (char *at = identity; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = ' ';
}

static soma_status search_platform(search *found, cl_platform_id platform) {
    char name[64];
    soma_cl_identity identity;
    platform_text(platform, CL_PLATFORM_NAME, name, sizeof name);
    identify(platform, identity);
    const char *reason = soma_cl_reason_against(found->drivers, identity);
    if (reason) return append_empty(found, name, reason);
    if (found->watch) found->watch->before(found->watch->context, identity);
    soma_status status = append_devices(found, platform, name);
    if (found->watch) found->watch->after(found->watch->context);
    return status;
}

/* ---------------------------------------------------------------------------------------------------------- order */

/* A platform's own candidates, which stand one after the other. */
typedef struct platform_part {
    size_t first, count;
    uint32_t gpus, processors, devices;
} platform_part;

static bool comes_before(const platform_part *one, const platform_part *other) {
    if (one->gpus != other->gpus) return one->gpus > other->gpus;
    if (one->processors != other->processors) return one->processors > other->processors;
    return one->devices > other->devices;
}

static void count_devices(const search *found, platform_part *part) {
    part->count = found->count - part->first;
    for (size_t i = part->first; i < found->count; i++) {
        const soma_cl_candidate *candidate = &found->candidates[i];
        part->devices += candidate->id != NULL;
        part->gpus += candidate->id && candidate->info.kind == SOMA_DEVICE_GPU;
        part->processors += candidate->id && candidate->info.kind == SOMA_DEVICE_OPENCL_CPU;
    }
}

/*
 * Loaders list platforms as directories give them, or in an order of their own, which can be switched off. Numbers of
 * devices are to stay the same: so the order is made here, as ocl-icd makes it: most GPUs first, then most processors,
 * then most devices.
 */
static soma_status put_in_order(search *found, platform_part *parts, size_t count) {
    soma_cl_candidate *sorted = soma_calloc(found->count, sizeof *sorted);
    if (!sorted) return soma_out_of_memory(found->count * sizeof *sorted, "the list of OpenCL devices");
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && comes_before(&parts[j], &parts[j - 1]); j--) {
            const platform_part later = parts[j - 1];
            parts[j - 1] = parts[j];
            parts[j] = later;
        }
    size_t next = 0;
    uint32_t number = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < parts[i].count; j++) sorted[next++] = found->candidates[parts[i].first + j];
    for (size_t i = 0; i < next; i++)
        if (sorted[i].id) sorted[i].index = number++;
    soma_free(found->candidates);
    found->candidates = sorted;
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------- all platforms */

/* A driver may have come since the others were tried. One that is not even there in another process is asked in this
 * one. */
static soma_status meet_strangers(search *found, const cl_platform_id *platforms, size_t count) {
    for (size_t i = 0; found->drivers->tried && i < count; i++) {
        soma_cl_identity identity;
        identify(platforms[i], identity);
        if (!soma_cl_knows_platform(found->drivers, identity)) return soma_cl_know_drivers_anew(found->drivers);
    }
    return SOMA_OK;
}

static soma_status search_platforms(search *found, const cl_platform_id *platforms, size_t count) {
    SOMA_TRY(meet_strangers(found, platforms, count));
    platform_part *parts = soma_calloc(count, sizeof *parts);
    if (!parts) return soma_out_of_memory(count * sizeof *parts, "the list of OpenCL platforms");
    soma_status status = SOMA_OK;
    for (size_t i = 0; status == SOMA_OK && i < count; i++) {
        parts[i].first = found->count;
        status = search_platform(found, platforms[i]);
        count_devices(found, &parts[i]);
    }
    if (status == SOMA_OK) status = put_in_order(found, parts, count);
    soma_free(parts);
    return status;
}

/* Platforms that cannot be listed without losing the process: what is known of them. */
static soma_status append_known(search *found) {
    const soma_cl_verdicts *drivers = found->drivers;
    for (size_t i = 0; i < drivers->count; i++) {
        char name[64]; /* an identity begins with it */
        const char *identity = drivers->platform[i].platform, *comma = strchr(identity, ',');
        snprintf(name, sizeof name, "%.*s", comma ? (int)(comma - identity) : (int)sizeof name, identity);
        if (drivers->platform[i].reason[0]) SOMA_TRY(append_empty(found, name, drivers->platform[i].reason));
    }
    return append_empty(found, "OpenCL", drivers->whole);
}

static soma_status search_all(search *found) {
    cl_uint count = 0;
    if (found->drivers->whole[0]) return append_known(found);
    cl_int code = clGetPlatformIDs(0, NULL, &count);
    if (code == PLATFORM_NOT_FOUND || (code == CL_SUCCESS && count == 0))
        return append_empty(found, "OpenCL",
                            soma_cl_without_loader() ? soma_cl_without_loader()
                                                     : "no OpenCL driver is installed (the loader finds no platform)");
    SOMA_TRY(soma_cl_check(code, "listing the OpenCL platforms"));
    cl_platform_id *platforms = soma_calloc(count, sizeof *platforms);
    if (!platforms) return soma_out_of_memory(count * sizeof *platforms, "the list of OpenCL platforms");
    soma_status status = soma_cl_check(clGetPlatformIDs(count, platforms, NULL), "listing the OpenCL platforms");
    if (status == SOMA_OK) status = search_platforms(found, platforms, count);
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

soma_status soma_cl_search(soma_cl_verdicts *drivers, const soma_cl_watch *watch, soma_cl_candidate **candidates,
                           size_t *count) {
    search found = {.drivers = drivers, .watch = watch};
    soma_status status = search_all(&found);
    if (status != SOMA_OK) {
        soma_free(found.candidates);
        found.candidates = NULL;
        found.count = 0;
    }
    *candidates = found.candidates;
    *count = found.count;
    return status;
}

/* One search at a time: Mesa 22.3's Clover writes to memory of its own when it is asked for its name, without a lock,
 * though OpenCL promises that calls may come from several threads; and drivers set variables of the environment, which
 * is read to know them. */
soma_status soma_cl_find(soma_cl_candidate **candidates, size_t *count) {
    static pthread_mutex_t searching = PTHREAD_MUTEX_INITIALIZER;
    soma_cl_verdicts drivers;
    *candidates = NULL;
    *count = 0;
    SOMA_TRY(soma_cl_check_process());
    pthread_mutex_lock(&searching);
    soma_status status = soma_cl_know_drivers(&drivers);
    if (status == SOMA_OK) status = soma_cl_search(&drivers, NULL, candidates, count);
    pthread_mutex_unlock(&searching);
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
