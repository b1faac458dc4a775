/* SPDX-License-Identifier: MIT */
/* The kernels' sources, embedded at build time, and the programs built from them. */
#ifndef SOMA_DEVICE_OPENCL_PROGRAM_H
#define SOMA_DEVICE_OPENCL_PROGRAM_H

#include "device/opencl/driver/opencl.h"

typedef struct soma_cl_source {
    const char *name;  /* "unary.cl" */
    const char *parts; /* the sources that it includes, " unary.cl  copy_gather.cl " */
    const char *text;
} soma_cl_source;

/* One of those that a device has built so far. */
struct soma_cl_program {
    soma_cl_program *next;
    cl_program program;
    char key[]; /* source and options */
};

/* Made by tools/embed-kernels; ends with a NULL name. */
extern const soma_cl_source soma_cl_sources[];

/*
 * A kernel of a source file, in the device's style or another, built with these options beside those that every program
 * gets. Programs are kept by the device; the kernel is the caller's. A failure to build has the driver's log in the
 * detail.
 */
soma_status soma_cl_create_kernel(soma_cl_device *device, const soma_cl_style *style, const char *source,
                                  const char *kernel, const char *options, cl_kernel *result);

/* Frees the programs of a device. */
void soma_cl_free_programs(soma_cl_device *device);

/*
 * kept_programs.c: programs that an earlier process has built, where the driver takes long for it. What a program is
 * built of, as the driver gets it: `key` tells it from others of the device.
 */
typedef struct soma_cl_built {
    const char *key, *options;
    const char *texts[2];
} soma_cl_built;
/* NULL: it has to be built. */
cl_program soma_cl_recall_program(soma_cl_device *device, const soma_cl_built *built);
/* That cannot be kept is no error. `seconds`: what building it took. */
void soma_cl_keep_program(soma_cl_device *device, const soma_cl_built *built, double seconds, cl_program program);

/* numbers.c: appends "#define FUNCTION_RELU 5" and the like: soma's enumerations, for the kernels. */
void soma_cl_append_numbers(soma_text *text);

#endif
