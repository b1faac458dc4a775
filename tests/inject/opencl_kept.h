/* SPDX-License-Identifier: MIT */
/*
 * Contexts and programs that outlive lives. Every life builds the same programs, and that takes a driver longer than
 * all else in it: PoCL reads the headers of OpenCL C anew even for a program that it has kept. So a context that was
 * released is given to the next who asks for one, one user at a time, and a program that was built in it once is not
 * built there again. What soma holds of it is its own all the same: program objects are made and released as ever.
 * And a context or a program that lives on is no excuse: abort() ends whoever uses one that it has released.
 */
#ifndef TESTS_INJECT_OPENCL_KEPT_H
#define TESTS_INJECT_OPENCL_KEPT_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

/* As the calls of OpenCL of like names. */
cl_context kept_create_context(const cl_context_properties *properties, cl_uint count, const cl_device_id *ids,
                               void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data,
                               cl_int *code);
cl_int kept_release_context(cl_context context);
cl_command_queue kept_create_queue(cl_context context, cl_device_id id, cl_command_queue_properties properties,
                                   cl_int *code);
cl_mem kept_create_buffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code);
cl_program kept_create_program(cl_context context, cl_uint count, const char **texts, const size_t *lengths,
                               cl_int *code);
cl_program kept_create_program_of_binary(cl_context context, cl_uint count, const cl_device_id *ids,
                                         const size_t *sizes, const unsigned char **binaries, cl_int *taken,
                                         cl_int *code);
cl_int kept_program_info(cl_program program, cl_program_info what, size_t size, void *value, size_t *needed);
cl_int kept_build_program(cl_program program, cl_uint count, const cl_device_id *ids, const char *options,
                          void(CL_CALLBACK *notify)(cl_program, void *), void *data);
cl_kernel kept_create_kernel(cl_program program, const char *name, cl_int *code);
cl_int kept_release_program(cl_program program);

/* The driver's own, whose names the linker gives to the wrappers. */
cl_context __real_clCreateContext(const cl_context_properties *properties, cl_uint count, const cl_device_id *ids,
                                  void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data,
                                  cl_int *code);
cl_int __real_clReleaseContext(cl_context context);
cl_program __real_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                            const size_t *lengths, cl_int *code);
cl_program __real_clCreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id *ids,
                                            const size_t *sizes, const unsigned char **binaries, cl_int *taken,
                                            cl_int *code);
cl_int __real_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value, size_t *needed);
cl_int __real_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *ids, const char *options,
                             void(CL_CALLBACK *notify)(cl_program, void *), void *data);
cl_kernel __real_clCreateKernel(cl_program program, const char *name, cl_int *code);
cl_int __real_clReleaseProgram(cl_program program);
cl_command_queue __real_clCreateCommandQueue(cl_context context, cl_device_id id,
                                             cl_command_queue_properties properties, cl_int *code);
cl_mem __real_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code);

#endif
