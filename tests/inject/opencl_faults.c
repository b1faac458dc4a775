/* SPDX-License-Identifier: MIT */
/* The calls of OpenCL that soma makes, each of which can fail; and a count of the objects that it holds. */
#include "faults.h"
#include "opencl_kept.h"

/* What is asked for in place of the driver's own. */
#define __real_clCreateContext           kept_create_context
#define __real_clReleaseContext          kept_release_context
#define __real_clCreateCommandQueue      kept_create_queue
#define __real_clCreateBuffer            kept_create_buffer
#define __real_clCreateProgramWithSource kept_create_program
#define __real_clCreateProgramWithBinary kept_create_program_of_binary
#define __real_clGetProgramInfo          kept_program_info
#define __real_clBuildProgram            kept_build_program
#define __real_clCreateKernel            kept_create_kernel
#define __real_clReleaseProgram          kept_release_program

/* What a driver says that is in trouble, whatever it was asked for. */
#define TROUBLE CL_OUT_OF_RESOURCES

static long objects;

long fault_objects_held(void) {
    return objects;
}

#define DECLARE(result, name, parameters)                                                                              \
    result __real_##name parameters;                                                                                   \
    result __wrap_##name parameters;                                                                                   \
    result __wrap_##name parameters

/* A call that returns its code. */
#define WRAP(name, parameters, values)                                                                                 \
    DECLARE(cl_int, name, parameters) {                                                                                \
        return fault_now(FAULT_OPENCL, #name) ? TROUBLE : __real_##name values;                                        \
    }
/* One that may make an event. */
#define WRAP_ENQUEUE(name, parameters, values)                                                                         \
    DECLARE(cl_int, name, parameters) {                                                                                \
        if (fault_now(FAULT_OPENCL, #name)) return TROUBLE;                                                            \
        const cl_int code = __real_##name values;                                                                      \
        objects += code == CL_SUCCESS && event;                                                                        \
        return code;                                                                                                   \
    }
/* One that makes an object. */
#define WRAP_CREATE(type, name, parameters, values)                                                                    \
    DECLARE(type, name, parameters) {                                                                                  \
        if (fault_now(FAULT_OPENCL, #name)) {                                                                          \
            if (code) *code = TROUBLE;                                                                                 \
            return NULL;                                                                                               \
        }                                                                                                              \
        type object = __real_##name values;                                                                            \
        objects += object != NULL;                                                                                     \
        return object;                                                                                                 \
    }
#define WRAP_RETAIN(name, type)                                                                                        \
    DECLARE(cl_int, name, (type object)) {                                                                             \
        if (fault_now(FAULT_OPENCL, #name)) return TROUBLE;                                                            \
        const cl_int code = __real_##name(object);                                                                     \
        objects += code == CL_SUCCESS;                                                                                 \
        return code;                                                                                                   \
    }
/* The object goes even where the call says that it failed: else it would be the test that leaks. */
#define WRAP_RELEASE(name, type)                                                                                       \
    DECLARE(cl_int, name, (type object)) {                                                                             \
        const bool fails = fault_now(FAULT_OPENCL, #name);                                                             \
        const cl_int code = __real_##name(object);                                                                     \
        objects -= code == CL_SUCCESS;                                                                                 \
        return fails ? TROUBLE : code;                                                                                 \
    }

/* What exists. */
WRAP(clGetPlatformIDs, (cl_uint most, cl_platform_id *ids, cl_uint *count), (most, ids, count))
WRAP(clGetPlatformInfo, (cl_platform_id id, cl_platform_info what, size_t size, void *value, size_t *needed),
     (id, what, size, value, needed))
WRAP(clGetDeviceIDs, (cl_platform_id id, cl_device_type type, cl_uint most, cl_device_id *ids, cl_uint *count),
     (id, type, most, ids, count))
WRAP(clGetDeviceInfo, (cl_device_id id, cl_device_info what, size_t size, void *value, size_t *needed),
     (id, what, size, value, needed))
WRAP(clGetProgramInfo, (cl_program program, cl_program_info what, size_t size, void *value, size_t *needed),
     (program, what, size, value, needed))
WRAP(clGetProgramBuildInfo,
     (cl_program program, cl_device_id id, cl_program_build_info what, size_t size, void *value, size_t *needed),
     (program, id, what, size, value, needed))

/* Objects. */
WRAP_CREATE(cl_context, clCreateContext,
            (const cl_context_properties *properties, cl_uint count, const cl_device_id *ids,
             void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data, cl_int *code),
            (properties, count, ids, notify, data, code))
WRAP_CREATE(cl_command_queue, clCreateCommandQueue,
            (cl_context context, cl_device_id id, cl_command_queue_properties properties, cl_int *code),
            (context, id, properties, code))
WRAP_CREATE(cl_mem, clCreateBuffer, (cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code),
            (context, flags, size, host, code))
WRAP_CREATE(cl_mem, clCreateSubBuffer,
            (cl_mem buffer, cl_mem_flags flags, cl_buffer_create_type type, const void *info, cl_int *code),
            (buffer, flags, type, info, code))
WRAP_CREATE(cl_program, clCreateProgramWithSource,
            (cl_context context, cl_uint count, const char **texts, const size_t *lengths, cl_int *code),
            (context, count, texts, lengths, code))
WRAP_CREATE(cl_program, clCreateProgramWithBinary,
            (cl_context context, cl_uint count, const cl_device_id *ids, const size_t *sizes,
             const unsigned char **binaries, cl_int *taken, cl_int *code),
            (context, count, ids, sizes, binaries, taken, code))
WRAP_CREATE(cl_kernel, clCreateKernel, (cl_program program, const char *name, cl_int *code), (program, name, code))
WRAP_RETAIN(clRetainDevice, cl_device_id)
WRAP_RETAIN(clRetainMemObject, cl_mem)
WRAP_RELEASE(clReleaseDevice, cl_device_id)
WRAP_RELEASE(clReleaseContext, cl_context)
WRAP_RELEASE(clReleaseCommandQueue, cl_command_queue)
WRAP_RELEASE(clReleaseMemObject, cl_mem)
WRAP_RELEASE(clReleaseProgram, cl_program)
WRAP_RELEASE(clReleaseKernel, cl_kernel)
WRAP_RELEASE(clReleaseEvent, cl_event)

/* Work. */
WRAP(clBuildProgram,
     (cl_program program, cl_uint count, const cl_device_id *ids, const char *options,
      void(CL_CALLBACK *notify)(cl_program, void *), void *data),
     (program, count, ids, options, notify, data))
WRAP(clSetKernelArg, (cl_kernel kernel, cl_uint index, size_t size, const void *value), (kernel, index, size, value))
WRAP_ENQUEUE(clEnqueueNDRangeKernel,
             (cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
              const size_t *local, cl_uint count, const cl_event *events, cl_event *event),
             (queue, kernel, dimensions, offset, global, local, count, events, event))
WRAP_ENQUEUE(clEnqueueReadBuffer,
             (cl_command_queue queue, cl_mem buffer, cl_bool wait, size_t offset, size_t size, void *target,
              cl_uint count, const cl_event *events, cl_event *event),
             (queue, buffer, wait, offset, size, target, count, events, event))
WRAP_ENQUEUE(clEnqueueWriteBuffer,
             (cl_command_queue queue, cl_mem buffer, cl_bool wait, size_t offset, size_t size, const void *source,
              cl_uint count, const cl_event *events, cl_event *event),
             (queue, buffer, wait, offset, size, source, count, events, event))
WRAP_ENQUEUE(clEnqueueCopyBuffer,
             (cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset, size_t size,
              cl_uint count, const cl_event *events, cl_event *event),
             (queue, from, to, from_offset, to_offset, size, count, events, event))
WRAP_ENQUEUE(clEnqueueFillBuffer,
             (cl_command_queue queue, cl_mem buffer, const void *pattern, size_t pattern_size, size_t offset,
              size_t size, cl_uint count, const cl_event *events, cl_event *event),
             (queue, buffer, pattern, pattern_size, offset, size, count, events, event))
WRAP_ENQUEUE(clEnqueueUnmapMemObject,
             (cl_command_queue queue, cl_mem buffer, void *mapped, cl_uint count, const cl_event *events,
              cl_event *event),
             (queue, buffer, mapped, count, events, event))
WRAP_ENQUEUE(clEnqueueMarkerWithWaitList,
             (cl_command_queue queue, cl_uint count, const cl_event *events, cl_event *event),
             (queue, count, events, event))
DECLARE(void *, clEnqueueMapBuffer,
        (cl_command_queue queue, cl_mem buffer, cl_bool wait, cl_map_flags flags, size_t offset, size_t size,
         cl_uint count, const cl_event *events, cl_event *event, cl_int *code)) {
    if (!fault_now(FAULT_OPENCL, "clEnqueueMapBuffer"))
        return __real_clEnqueueMapBuffer(queue, buffer, wait, flags, offset, size, count, events, event, code);
    *code = TROUBLE;
    return NULL;
}
WRAP(clWaitForEvents, (cl_uint count, const cl_event *events), (count, events))
WRAP(clFlush, (cl_command_queue queue), (queue))
WRAP(clFinish, (cl_command_queue queue), (queue))
