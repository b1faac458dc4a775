/* SPDX-License-Identifier: MIT */
/*
 * An OpenCL driver with one platform and as many GPUs of an old kind as STUB_GPUS says. It does what STUB_DRIVER says:
 * "abort", "crash", "exit" or "hang" when it is asked for its devices, "load-abort" or "load-hang" when it is asked for
 * its platform, else nothing bad. STUB_LOG names a file to which it adds the name of each program that asks it for its
 * devices.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef STUB_NAME
#define STUB_NAME "Stub"
#endif
#define PLATFORM_ICD_SUFFIX 0x0920 /* CL_PLATFORM_ICD_SUFFIX_KHR */

/* What loaders look up by name. Within this file such a name would mean the loader's own function. */
CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *platforms, cl_uint *count);

/* An object of OpenCL begins with the table of its driver's functions, in the order of their making. */
static void *functions[256];
static struct { void **dispatch; } platform = {functions};

static struct { void **dispatch; } gpus[4];

static void misbehave(const char *when) {
    const char *wanted = getenv("STUB_DRIVER");
    const size_t length = strlen(when);
    if (!wanted || strncmp(wanted, when, length) != 0) return;
    wanted += length;
    fprintf(stderr, "the stub was asked\nit cannot stand that\n\n");
    fflush(stderr);
    if (strcmp(wanted, "abort") == 0) abort();
    if (strcmp(wanted, "crash") == 0) raise(SIGSEGV);
    if (strcmp(wanted, "exit") == 0) _exit(3);
    if (strcmp(wanted, "hang") == 0)
        for (;;) pause();
}

/* "soma-probe-open" is what Linux keeps of a longer name. */
static void log_asker(void) {
    const char *path = getenv("STUB_LOG");
    char name[64] = "";
    FILE *file = fopen("/proc/self/comm", "r");
    if (file && !fgets(name, sizeof name, file)) name[0] = 0;
    if (file) fclose(file);
    file = path ? fopen(path, "a") : NULL;
    if (!file) return;
    fputs(name, file);
    fclose(file);
}

static cl_int answer(const void *it, size_t bytes, size_t room, void *value, size_t *length) {
    if (length) *length = bytes;
    if (value && room < bytes) return CL_INVALID_VALUE;
    if (value) memcpy(value, it, bytes);
    return CL_SUCCESS;
}

static cl_int CL_API_CALL get_devices(cl_platform_id id, cl_device_type type, cl_uint room, cl_device_id *devices,
                                      cl_uint *count) {
    const char *number = getenv("STUB_GPUS");
    const cl_uint there = number && (type & CL_DEVICE_TYPE_GPU) ? (cl_uint)(atoi(number) & 3) : 0;
    (void)id;
    log_asker();
    misbehave("");
    if (count) *count = there;
    for (cl_uint i = 0; devices && i < room && i < there; i++) {
        gpus[i].dispatch = functions;
        devices[i] = (cl_device_id)&gpus[i];
    }
    return there ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

static cl_int CL_API_CALL tell_device(cl_device_id id, cl_device_info what, size_t size, void *value, size_t *length) {
    const cl_ulong number = what == CL_DEVICE_TYPE ? CL_DEVICE_TYPE_GPU : 1;
    const char *version = getenv("STUB_VERSION"), *text = version ? version : "OpenCL 1.0 stub";
    (void)id;
    if (what == CL_DEVICE_NAME || what == CL_DEVICE_VENDOR || what == CL_DEVICE_VERSION || what == CL_DRIVER_VERSION)
        return answer(text, strlen(text) + 1, size, value, length);
    return answer(&number, sizeof number, size, value, length);
}

static cl_int CL_API_CALL tell(cl_platform_id id, cl_platform_info what, size_t size, void *value, size_t *length) {
    const char *text = what == CL_PLATFORM_EXTENSIONS ? "cl_khr_icd"
                       : what == CL_PLATFORM_NAME     ? STUB_NAME
                       : what == CL_PLATFORM_VERSION  ? "OpenCL 1.2 stub"
                       : what == PLATFORM_ICD_SUFFIX  ? "STUB"
                                                      : "Tests";
    (void)id;
    return answer(text, strlen(text) + 1, size, value, length);
}

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id id, cl_platform_info what, size_t size, void *value,
                                                  size_t *length) {
    return tell(id, what, size, value, length);
}

static cl_int CL_API_CALL get_platforms(cl_uint room, cl_platform_id *platforms, cl_uint *count) {
    misbehave("load-");
    /* POSIX's way from a function to an object pointer. */
    cl_int(CL_API_CALL * about)(cl_platform_id, cl_platform_info, size_t, void *, size_t *) = tell;
    cl_int(CL_API_CALL * devices)(cl_platform_id, cl_device_type, cl_uint, cl_device_id *, cl_uint *) = get_devices;
    cl_int(CL_API_CALL * device)(cl_device_id, cl_device_info, size_t, void *, size_t *) = tell_device;
    memcpy(&functions[3], &device, sizeof device);
    memcpy(&functions[1], &about, sizeof about);
    memcpy(&functions[2], &devices, sizeof devices);
    if (count) *count = 1;
    if (platforms && room) platforms[0] = (cl_platform_id)&platform;
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *platforms, cl_uint *count) {
    return get_platforms(room, platforms, count);
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name) {
    void *address = NULL;
    cl_int(CL_API_CALL * platforms)(cl_uint, cl_platform_id *, cl_uint *) = get_platforms;
    if (strcmp(name, "clIcdGetPlatformIDsKHR") == 0) memcpy(&address, &platforms, sizeof address);
    return address;
}
