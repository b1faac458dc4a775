/* SPDX-License-Identifier: MIT */
/*
 * Where OpenCL's loader is asked for at run time (-Dopencl_loader=dlopen): the functions of OpenCL that soma calls,
 * under their own names, each of which hands on to the loader's. So what is built here runs where there is no OpenCL,
 * as a system without any driver.
 */
#include "device/opencl/driver/opencl.h"

#ifdef SOMA_OPENCL_DLOPEN

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Those of the loader that are tried, in this order; a test has others. */
#ifndef SOMA_OPENCL_LIBRARIES
#define SOMA_OPENCL_LIBRARIES                                                                                          \
    "libOpenCL.so.1", "libOpenCL.so", "libOpenCL.dylib", "/System/Library/Frameworks/OpenCL.framework/OpenCL"
#endif

#define NO_LOADER (-1001) /* CL_PLATFORM_NOT_FOUND_KHR, which a loader says that knows no driver */

/* All that is called below src/device/opencl, as CL/cl.h declares it: what gives a code, and what gives an object and
 * writes its code to errcode_ret. */
/* clang-format off */
#define FUNCTIONS(CODE, OBJECT) \
    CODE(clBuildProgram, (cl_program program, cl_uint num_devices, const cl_device_id *device_list, const char *options, void (CL_CALLBACK *pfn_notify)(cl_program program, void *user_data), void *user_data), (program, num_devices, device_list, options, pfn_notify, user_data)) \
    OBJECT(cl_mem, clCreateBuffer, (cl_context context, cl_mem_flags flags, size_t size, void *host_ptr, cl_int *errcode_ret), (context, flags, size, host_ptr, errcode_ret)) \
    OBJECT(cl_command_queue, clCreateCommandQueue, (cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *errcode_ret), (context, device, properties, errcode_ret)) \
    OBJECT(cl_context, clCreateContext, (const cl_context_properties *properties, cl_uint num_devices, const cl_device_id *devices, void (CL_CALLBACK *pfn_notify)(const char *errinfo, const void *private_info, size_t cb, void *user_data), void *user_data, cl_int *errcode_ret), (properties, num_devices, devices, pfn_notify, user_data, errcode_ret)) \
    OBJECT(cl_kernel, clCreateKernel, (cl_program program, const char *kernel_name, cl_int *errcode_ret), (program, kernel_name, errcode_ret)) \
    OBJECT(cl_program, clCreateProgramWithBinary, (cl_context context, cl_uint num_devices, const cl_device_id *device_list, const size_t *lengths, const unsigned char **binaries, cl_int *binary_status, cl_int *errcode_ret), (context, num_devices, device_list, lengths, binaries, binary_status, errcode_ret)) \
    OBJECT(cl_program, clCreateProgramWithSource, (cl_context context, cl_uint count, const char **strings, const size_t *lengths, cl_int *errcode_ret), (context, count, strings, lengths, errcode_ret)) \
    OBJECT(cl_mem, clCreateSubBuffer, (cl_mem buffer, cl_mem_flags flags, cl_buffer_create_type buffer_create_type, const void *buffer_create_info, cl_int *errcode_ret), (buffer, flags, buffer_create_type, buffer_create_info, errcode_ret)) \
    CODE(clEnqueueBarrierWithWaitList, (cl_command_queue command_queue, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, num_events_in_wait_list, event_wait_list, event)) \
    CODE(clEnqueueCopyBuffer, (cl_command_queue command_queue, cl_mem src_buffer, cl_mem dst_buffer, size_t src_offset, size_t dst_offset, size_t size, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, src_buffer, dst_buffer, src_offset, dst_offset, size, num_events_in_wait_list, event_wait_list, event)) \
    CODE(clEnqueueFillBuffer, (cl_command_queue command_queue, cl_mem buffer, const void *pattern, size_t pattern_size, size_t offset, size_t size, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, buffer, pattern, pattern_size, offset, size, num_events_in_wait_list, event_wait_list, event)) \
    OBJECT(void *, clEnqueueMapBuffer, (cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_map, cl_map_flags map_flags, size_t offset, size_t size, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event, cl_int *errcode_ret), (command_queue, buffer, blocking_map, map_flags, offset, size, num_events_in_wait_list, event_wait_list, event, errcode_ret)) \
    CODE(clEnqueueMarkerWithWaitList, (cl_command_queue command_queue, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, num_events_in_wait_list, event_wait_list, event)) \
    CODE(clEnqueueNDRangeKernel, (cl_command_queue command_queue, cl_kernel kernel, cl_uint work_dim, const size_t *global_work_offset, const size_t *global_work_size, const size_t *local_work_size, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, kernel, work_dim, global_work_offset, global_work_size, local_work_size, num_events_in_wait_list, event_wait_list, event)) \
    CODE(clEnqueueReadBuffer, (cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_read, size_t offset, size_t size, void *ptr, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, buffer, blocking_read, offset, size, ptr, num_events_in_wait_list, event_wait_list, event)) \
    CODE(clEnqueueUnmapMemObject, (cl_command_queue command_queue, cl_mem memobj, void *mapped_ptr, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, memobj, mapped_ptr, num_events_in_wait_list, event_wait_list, event)) \
    CODE(clEnqueueWriteBuffer, (cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_write, size_t offset, size_t size, const void *ptr, cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event), (command_queue, buffer, blocking_write, offset, size, ptr, num_events_in_wait_list, event_wait_list, event)) \
    CODE(clFinish, (cl_command_queue command_queue), (command_queue)) \
    CODE(clFlush, (cl_command_queue command_queue), (command_queue)) \
    CODE(clGetCommandQueueInfo, (cl_command_queue command_queue, cl_command_queue_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (command_queue, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clGetContextInfo, (cl_context context, cl_context_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (context, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clGetDeviceIDs, (cl_platform_id platform, cl_device_type device_type, cl_uint num_entries, cl_device_id *devices, cl_uint *num_devices), (platform, device_type, num_entries, devices, num_devices)) \
    CODE(clGetDeviceInfo, (cl_device_id device, cl_device_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (device, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clGetEventInfo, (cl_event event, cl_event_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (event, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clGetMemObjectInfo, (cl_mem memobj, cl_mem_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (memobj, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clGetPlatformIDs, (cl_uint num_entries, cl_platform_id *platforms, cl_uint *num_platforms), (num_entries, platforms, num_platforms)) \
    CODE(clGetPlatformInfo, (cl_platform_id platform, cl_platform_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (platform, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clGetProgramBuildInfo, (cl_program program, cl_device_id device, cl_program_build_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (program, device, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clGetProgramInfo, (cl_program program, cl_program_info param_name, size_t param_value_size, void *param_value, size_t *param_value_size_ret), (program, param_name, param_value_size, param_value, param_value_size_ret)) \
    CODE(clReleaseCommandQueue, (cl_command_queue command_queue), (command_queue)) \
    CODE(clReleaseContext, (cl_context context), (context)) \
    CODE(clReleaseDevice, (cl_device_id device), (device)) \
    CODE(clReleaseEvent, (cl_event event), (event)) \
    CODE(clReleaseKernel, (cl_kernel kernel), (kernel)) \
    CODE(clReleaseMemObject, (cl_mem memobj), (memobj)) \
    CODE(clReleaseProgram, (cl_program program), (program)) \
    CODE(clRetainCommandQueue, (cl_command_queue command_queue), (command_queue)) \
    CODE(clRetainContext, (cl_context context), (context)) \
    CODE(clRetainDevice, (cl_device_id device), (device)) \
    CODE(clRetainMemObject, (cl_mem memobj), (memobj)) \
    CODE(clSetKernelArg, (cl_kernel kernel, cl_uint arg_index, size_t arg_size, const void *arg_value), (kernel, arg_index, arg_size, arg_value)) \
    CODE(clWaitForEvents, (cl_uint num_events, const cl_event *event_list), (num_events, event_list))
/* clang-format on */

#define MEMBER(name, parameters, arguments)              __typeof__(name) *name;
#define OBJECT_MEMBER(type, name, parameters, arguments) __typeof__(name) *name;

static struct { FUNCTIONS(MEMBER, OBJECT_MEMBER) } loaded;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_loaded;
static char problem[256];

/* POSIX lets a pointer to data be one to a function, ISO C has no conversion between them. */
static bool find(void *library, const char *name, void *function, size_t size) {
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

#define FIND(name, parameters, arguments)                                                                              \
    if (!find(library, #name, &loaded.name, sizeof loaded.name)) missing = #name;
#define FIND_OBJECT(type, name, parameters, arguments) FIND(name, parameters, arguments)

/* Stays for as long as the process: drivers have threads that run in it. */
static void load(void) {
    static const char *const names[] = {SOMA_OPENCL_LIBRARIES};
    void *library = NULL;
    for (size_t i = 0; !library && i < SOMA_COUNT_OF(names); i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!library && i == 0)
            snprintf(problem, sizeof problem, "no OpenCL is installed (the loader cannot be loaded: %s)", dlerror());
    }
    if (!library) return;
    const char *missing = NULL;
    FUNCTIONS(FIND, FIND_OBJECT)
    if (missing)
        snprintf(problem, sizeof problem,
                 "the OpenCL loader that is installed lacks %s; one of OpenCL 1.2 or later has it", missing);
    is_loaded = !missing;
}

static bool there(void) {
    pthread_once(&once, load);
    return is_loaded;
}

/* A program that has the static library and OpenCL's own functions besides keeps these where they are its own objects',
 * or of a static loader that comes before soma on the command line; one behind it the linker has no need of any more.
 */
#ifdef __ELF__
#define WEAK __attribute__((weak))
#else
#define WEAK
#endif

#define HAND_ON(name, parameters, arguments)                                                                           \
    WEAK CL_API_ENTRY cl_int CL_API_CALL name parameters {                                                             \
        return there() ? loaded.name arguments : NO_LOADER;                                                            \
    }
#define HAND_ON_OBJECT(type, name, parameters, arguments)                                                              \
    WEAK CL_API_ENTRY type CL_API_CALL name parameters {                                                               \
        if (there()) return loaded.name arguments;                                                                     \
        if (errcode_ret) *errcode_ret = NO_LOADER;                                                                     \
        return NULL;                                                                                                   \
    }

FUNCTIONS(HAND_ON, HAND_ON_OBJECT)

const char *soma_cl_without_loader(void) {
    return there() ? NULL : problem;
}

#else

const char *soma_cl_without_loader(void) {
    return NULL; /* else this would not have started */
}

#endif
