/* SPDX-License-Identifier: MIT */
/* See opencl_kept.h. */
#include "opencl_kept.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kept_context {
    struct kept_context *next;
    cl_context context;
    cl_device_id id;
    bool used;
} kept_context;

/* A program, from its creation on; one that was built here stays. */
typedef struct kept_program {
    struct kept_program *next;
    cl_program program; /* as soma knows it; NULL: it has released it */
    cl_program built;   /* whose kernels it has: itself, or an earlier one of the same text and options */
    cl_context context;
    char *text, *options;
    bool stays;
} kept_program;

static kept_context *contexts;
static kept_program *programs;

/* ---------------------------------------------------------------------------------------------------- contexts */

cl_context kept_create_context(const cl_context_properties *properties, cl_uint count, const cl_device_id *ids,
                               void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data,
                               cl_int *code) {
    const bool usual = !properties && count == 1 && !notify;
    for (kept_context *kept = contexts; usual && kept; kept = kept->next)
        if (!kept->used && kept->id == ids[0]) {
            kept->used = true;
            if (code) *code = CL_SUCCESS;
            return kept->context;
        }
    cl_context context = __real_clCreateContext(properties, count, ids, notify, data, code);
    if (!context || !usual) return context;
    kept_context *kept = calloc(1, sizeof *kept);
    if (!kept) abort();
    *kept = (kept_context){contexts, context, ids[0], true};
    contexts = kept;
    return context;
}

cl_int kept_release_context(cl_context context) {
    for (kept_context *kept = contexts; kept; kept = kept->next)
        if (kept->context == context) {
            if (!kept->used) return CL_INVALID_CONTEXT;
            kept->used = false;
            return CL_SUCCESS;
        }
    return __real_clReleaseContext(context);
}

/* No driver would tell, since the context lives on. */
static void expect_used(cl_context context) {
    for (const kept_context *kept = contexts; kept; kept = kept->next)
        if (kept->context == context && !kept->used) abort(); /* it uses what it has released */
}

cl_command_queue kept_create_queue(cl_context context, cl_device_id id, cl_command_queue_properties properties,
                                   cl_int *code) {
    expect_used(context);
    return __real_clCreateCommandQueue(context, id, properties, code);
}

cl_mem kept_create_buffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code) {
    expect_used(context);
    return __real_clCreateBuffer(context, flags, size, host, code);
}

/* ---------------------------------------------------------------------------------------------------- programs */

/* The texts as one; where no lengths are given they end with a 0. */
static char *joined(cl_uint count, const char **texts, const size_t *lengths) {
    size_t size = 1;
    for (cl_uint i = 0; i < count; i++) size += lengths && lengths[i] ? lengths[i] : strlen(texts[i]);
    char *whole = malloc(size), *end = whole;
    if (!whole) abort();
    for (cl_uint i = 0; i < count; i++) {
        const size_t length = lengths && lengths[i] ? lengths[i] : strlen(texts[i]);
        memcpy(end, texts[i], length);
        end += length;
    }
    *end = 0;
    return whole;
}

/* One that soma holds; not NULL, as which those that it has released are known: the driver is asked what that is. */
static kept_program *held(cl_program program) {
    for (kept_program *kept = programs; kept; kept = kept->next)
        if (kept->program == program) return kept;
    abort(); /* it uses what it has released */
}

cl_program kept_create_program(cl_context context, cl_uint count, const char **texts, const size_t *lengths,
                               cl_int *code) {
    expect_used(context);
    cl_program program = __real_clCreateProgramWithSource(context, count, texts, lengths, code);
    if (!program) return NULL;
    kept_program *kept = calloc(1, sizeof *kept);
    if (!kept) abort();
    *kept = (kept_program){.next = programs, .program = program, .context = context};
    kept->text = joined(count, texts, lengths);
    programs = kept;
    return program;
}

/* In place of a source stands what says which binary it is. */
cl_program kept_create_program_of_binary(cl_context context, cl_uint count, const cl_device_id *ids,
                                         const size_t *sizes, const unsigned char **binaries, cl_int *taken,
                                         cl_int *code) {
    expect_used(context);
    cl_program program = __real_clCreateProgramWithBinary(context, count, ids, sizes, binaries, taken, code);
    if (!program) return NULL;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizes[0]; i++) hash = (hash ^ binaries[0][i]) * 0x100000001b3u;
    kept_program *kept = calloc(1, sizeof *kept);
    if (!kept || asprintf(&kept->text, "binary %zu %llx", sizes[0], (unsigned long long)hash) < 0) abort();
    kept->next = programs, kept->program = program, kept->context = context;
    programs = kept;
    return program;
}

cl_int kept_program_info(cl_program program, cl_program_info what, size_t size, void *value, size_t *needed) {
    return __real_clGetProgramInfo(program ? held(program)->built : NULL, what, size, value, needed);
}

cl_int kept_build_program(cl_program program, cl_uint count, const cl_device_id *ids, const char *options,
                          void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    if (!program) return __real_clBuildProgram(program, count, ids, options, notify, data);
    kept_program *asked = held(program);
    for (const kept_program *kept = programs; kept; kept = kept->next)
        if (kept->stays && kept->context == asked->context && strcmp(kept->options, options) == 0 &&
            strcmp(kept->text, asked->text) == 0) {
            asked->built = kept->built;
            return CL_SUCCESS;
        }
    const cl_int code = __real_clBuildProgram(program, count, ids, options, notify, data);
    if (code != CL_SUCCESS) return code;
    asked->built = program;
    asked->options = strdup(options);
    asked->stays = asked->options != NULL;
    return CL_SUCCESS;
}

cl_kernel kept_create_kernel(cl_program program, const char *name, cl_int *code) {
    return __real_clCreateKernel(program ? held(program)->built : NULL, name, code);
}

cl_int kept_release_program(cl_program program) {
    if (!program) return __real_clReleaseProgram(program);
    kept_program *kept = held(program);
    kept->program = NULL;
    if (kept->stays) return CL_SUCCESS; /* what soma held is held here from now on */
    kept_program **place = &programs;
    while (*place != kept) place = &(*place)->next;
    *place = kept->next;
    free(kept->text);
    free(kept->options);
    free(kept);
    return __real_clReleaseProgram(program);
}
