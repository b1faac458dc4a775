/* SPDX-License-Identifier: MIT */
/* Builds programs from the embedded kernel sources, each once per device and set of options; what a driver does not
 * keep from one process to the next, kept_programs.c does. */
#include "device/opencl/driver/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE "vector.cl"

/*
 * SOMA_OPENCL_BUILD_OPTIONS is appended to the options of every program: to try a driver's own options, and to see what
 * a failing build looks like (SOMA_OPENCL_BUILD_OPTIONS=-DWIDTH=3).
 */
static const char *options_of_user(void) {
    const char *options = getenv("SOMA_OPENCL_BUILD_OPTIONS");
    return options ? options : "";
}

/* The source whose name the text begins with, followed by a blank or nothing; NULL if there is none. */
static const soma_cl_source *find_source(const char *text) {
    const size_t length = strcspn(text, " ");
    for (const soma_cl_source *source = soma_cl_sources; source->name; source++)
        if (strlen(source->name) == length && strncmp(source->name, text, length) == 0) return source;
    return NULL;
}

/* What the driver's compiler says of a program; the caller's, NULL without memory. */
static char *read_build_log(const soma_cl_device *device, cl_program program) {
    size_t size = 0;
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    char *log = soma_calloc(size + 1, 1);
    if (log && size) clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    return log;
}

static soma_status build_error(soma_cl_device *device, cl_program program, cl_int code, const char *key) {
    char *log = read_build_log(device, program);
    soma_status status =
        soma_error(SOMA_DEVICE_FAILED, "a kernel does not build on %s: %s: %s (%d)\n%s", device->info.name, key,
                   soma_cl_error_name(code), (int)code, log && log[0] ? log : "(the driver gives no build log)");
    soma_free(log);
    return status;
}

/* What a driver has kept from an earlier process is there within milliseconds; else compiling takes seconds in all, of
 * which most are still to come after the first program. */
#define SECONDS_OF_COMPILING 0.2

static void tell_of_compiling(soma_cl_device *device, double seconds) {
    if (seconds < SECONDS_OF_COMPILING || device->told_of_compiling) return;
    device->told_of_compiling = true;
    soma_log(SOMA_LOG_INFO, "compiling kernels for %s; most drivers keep them, so that this happens once on a machine",
             device->info.name);
}

/* For who works on kernels: that a program was built, and each line that the compiler has to say of it. */
static void tell_of_program(const soma_cl_device *device, cl_program program, const char *key) {
    if (!soma_log_enabled(SOMA_LOG_DEBUG)) return;
    soma_log(SOMA_LOG_DEBUG, "built for %s: %s", device->info.name, key);
    char *log = read_build_log(device, program), *rest = log;
    for (char *line; log && (line = strtok_r(rest, "\n", &rest));)
        soma_log(SOMA_LOG_DEBUG, "build log of %s: %s", device->info.name, line);
    soma_free(log);
}

static soma_status build_from_source(soma_cl_device *device, const soma_cl_source *source, const soma_cl_built *built,
                                     cl_program *result) {
    cl_int code;
    const char *texts[SOMA_COUNT_OF(built->texts)];
    memcpy(texts, built->texts, sizeof texts); /* which OpenCL takes without a const */
    cl_program program = clCreateProgramWithSource(device->context, SOMA_COUNT_OF(texts), texts, NULL, &code);
    SOMA_TRY(soma_cl_check(code, "clCreateProgramWithSource of %s on %s", source->name, device->info.name));
    const double began = soma_seconds();
    code = clBuildProgram(program, 1, &device->id, built->options, NULL, NULL);
    const double seconds = soma_seconds() - began;
    tell_of_compiling(device, seconds);
    if (code != CL_SUCCESS) {
        soma_status status = build_error(device, program, code, built->key);
        clReleaseProgram(program);
        return status;
    }
    tell_of_program(device, program, built->key);
    soma_cl_keep_program(device, built, seconds, program);
    *result = program;
    return SOMA_OK;
}

static soma_status build(soma_cl_device *device, const soma_cl_source *source, const char *options, const char *key,
                         cl_program *result) {
    soma_text numbers = {0};
    soma_cl_append_numbers(&numbers);
    if (!numbers.data || numbers.failed) {
        soma_free(numbers.data);
        return soma_out_of_memory(numbers.capacity, "the head of an OpenCL program");
    }
    const soma_cl_built built = {key, options, {numbers.data, source->text}};
    soma_status status = SOMA_OK;
    *result = soma_cl_recall_program(device, &built);
    if (!*result) status = build_from_source(device, source, &built, result);
    soma_free(numbers.data);
    return status;
}

/* The program of this key, from the device's list or built now. The options are the part of the key after the first
 * blank. */
static soma_status get_program(soma_cl_device *device, const char *key, cl_program *result) {
    for (soma_cl_program *program = device->programs; program; program = program->next)
        if (strcmp(program->key, key) == 0) {
            *result = program->program;
            return SOMA_OK;
        }
    const soma_cl_source *source = find_source(key);
    if (!source) return soma_error(SOMA_INTERNAL, "there is no kernel source for %s", key);
    size_t size = strlen(key) + 1;
    soma_cl_program *program = soma_calloc(1, sizeof *program + size);
    if (!program) return soma_out_of_memory(sizeof *program + size, "an OpenCL program");
    memcpy(program->key, key, size);
    soma_status status = build(device, source, strchr(key, ' ') + 1, key, &program->program);
    if (status != SOMA_OK) {
        soma_free(program);
        return status;
    }
    program->next = device->programs;
    device->programs = program;
    *result = program->program;
    return SOMA_OK;
}

/* Whether the source is a part of the one program that processors get, whose compiler leaves out what is not used. */
static bool is_bundled(const soma_cl_device *device, const char *source) {
    if (!soma_cl_works_on_vectors(device) || !device->compiles_on_use) return false;
    char word[64];
    snprintf(word, sizeof word, " %s ", source);
    return strstr(find_source(BUNDLE)->parts, word) != NULL;
}

/* What tells a program from others: its source and its options. */
static void append_key(soma_text *key, const soma_cl_device *device, const soma_cl_style *style, const char *source,
                       const char *options) {
    const bool own = style->width == device->style.width, bundled = own && is_bundled(device, source);
    soma_text_append(key, "%s -cl-std=CL1.2 -DWIDTH=%u -DGROUP=%u%s", bundled ? BUNDLE : source, style->width,
                     style->group, style->fma ? " -DHAVE_FMA" : "");
    if (soma_cl_works_on_vectors(device))
        soma_text_append(key,
                         " -DWIDE_ROWS=%u -DNARROW_ROWS=%u -DDEPTH=%u -DPANELS=%u -DWINDOW=%u -DPOSITIONS=%u -DBOX=%u",
                         style->wide_rows, style->narrow_rows, style->depth, style->panels, style->window,
                         style->positions, style->box);
    if (!bundled) soma_text_append(key, " %s", options);
    soma_text_append(key, " %s", options_of_user());
}

soma_status soma_cl_create_kernel(soma_cl_device *device, const soma_cl_style *style, const char *source,
                                  const char *kernel, const char *options, cl_kernel *result) {
    soma_text key = {0};
    append_key(&key, device, style, source, options);
    if (!key.data || key.failed) {
        soma_free(key.data);
        return soma_out_of_memory(256, "the options of an OpenCL program");
    }
    cl_program program = NULL;
    soma_status status = get_program(device, key.data, &program);
    if (status == SOMA_OK) {
        cl_int code;
        *result = clCreateKernel(program, kernel, &code);
        status = soma_cl_check(code, "clCreateKernel of %s in %s on %s", kernel, key.data, device->info.name);
        if (status == SOMA_OK) soma_log(SOMA_LOG_DEBUG, "made for %s: %s of %s", device->info.name, kernel, key.data);
    }
    soma_free(key.data);
    return status;
}

void soma_cl_free_programs(soma_cl_device *device) {
    while (device->programs) {
        soma_cl_program *program = device->programs;
        device->programs = program->next;
        soma_cl_release_program(device, program->program);
        soma_free(program);
    }
    soma_free(device->identity);
    device->identity = NULL;
}
