/* SPDX-License-Identifier: MIT */
/*
 * soma/opencl.h - soma inside an application that computes with OpenCL itself: on its context and queue, on its
 * buffers, in step with its commands. Opt-in: the only header of soma that brings in OpenCL's types. It is there where
 * soma was built with OpenCL.
 *
 *   soma_opencl_open(context, id, queue, NULL, &device);       soma's work goes into the application's queue
 *   soma_compile(network, device, NULL);
 *   soma_session_create(network, NULL, &session);
 *   soma_opencl_wrap(device, buffer, &x);                      x is the application's cl_mem, not a copy
 *   soma_session_run_memory(session, batch, &x, &y);           enqueued behind what the application has enqueued
 *
 * Functions that take a device answer SOMA_INVALID_ARGUMENT where it is no OpenCL device of soma's.
 */
#ifndef SOMA_OPENCL_H
#define SOMA_OPENCL_H

#include <soma/soma.h>

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#ifdef __APPLE__
#include <OpenCL/cl.h>
#else
#include <CL/cl.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens a device on the application's own context and queue; a sub-device is as good as a device. The queue must be
 * of that context and device, and in order; NULL: soma makes one in the context. Context, queue and sub-device are
 * retained until soma_device_close(), so the application may release its own references any time. soma waits for
 * nothing when it opens, and for the queue when it closes.
 */
SOMA_API soma_status soma_opencl_open(cl_context context, cl_device_id id, cl_command_queue queue,
                                      const soma_device_options *options, soma_device **device);

/*
 * What a device computes with, whoever made it. References are not retained: they are valid until soma_device_close().
 * Each pointer may be NULL.
 */
SOMA_API soma_status soma_opencl_handles(const soma_device *device, cl_context *context, cl_device_id *id,
                                         cl_command_queue *queue);

/*
 * Makes a memory of the application's buffer, for soma_session_run_memory(), without a copy. The buffer is retained
 * until soma_memory_destroy(); it must be a whole buffer of the device's context, no part of one, and kernels must be
 * allowed to read it (and to write it, as an output). One that uses host memory (CL_MEM_USE_HOST_PTR) on a processor
 * must begin at a multiple of the device's alignment.
 */
SOMA_API soma_status soma_opencl_wrap(soma_device *device, cl_mem buffer, soma_memory **memory);

/*
 * The buffer behind a memory (of soma_memory_create(), soma_session_output(), soma_parameter_memory(), or wrapped), and
 * the byte at which the memory begins in it. Not retained: valid while the memory is.
 */
SOMA_API soma_status soma_opencl_buffer(const soma_memory *memory, cl_mem *buffer, size_t *offset);

/* What is asked of the device from now on begins when these events have happened. Does not wait itself. */
SOMA_API soma_status soma_opencl_wait_for(soma_device *device, cl_uint count, const cl_event *events);

/* An event that happens when all is done that was asked of the device so far; released by the caller. Does not wait. */
SOMA_API soma_status soma_opencl_record(soma_device *device, cl_event *event);

#ifdef __cplusplus
}
#endif
#endif
