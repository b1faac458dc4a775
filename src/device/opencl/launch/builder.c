/* SPDX-License-Identifier: MIT */
/* Writes the launches of a call while it is prepared. */
#include "device/opencl/driver/program.h"
#include "device/opencl/launch/launch.h"

#include <stdio.h>
#include <string.h>

static void begin(soma_cl_builder *builder, const soma_cl_style *style, const char *source, const char *kernel,
                  const char *options) {
    if (builder->status != SOMA_OK) return;
    soma_cl_prepared *prepared = builder->prepared;
    if (prepared->launch_count == SOMA_CL_MAX_LAUNCHES) {
        builder->status = soma_error(SOMA_INTERNAL, "a call has more than %d launches", SOMA_CL_MAX_LAUNCHES);
        return;
    }
    builder->launch = &prepared->launch[prepared->launch_count++];
    builder->launch->listed = style == &builder->device->style ? soma_cl_listed_number(kernel) : -1;
    builder->status = soma_cl_create_kernel(builder->device, style, source, kernel, options, &builder->launch->kernel);
}

void soma_cl_begin(soma_cl_builder *builder, const char *source, const char *kernel, const char *options, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, options);
    vsnprintf(text, sizeof text, options, arguments);
    va_end(arguments);
    begin(builder, &builder->device->style, source, kernel, text);
}

void soma_cl_begin_styled(soma_cl_builder *builder, const soma_cl_style *style, const char *source,
                          const char *kernel) {
    begin(builder, style, source, kernel, " ");
}

static void pass(soma_cl_builder *builder, size_t size, const void *value) {
    if (builder->status != SOMA_OK) return;
    cl_uint index = builder->launch->next_index++;
    if (index == SOMA_CL_MAX_ARGUMENTS) {
        builder->status = soma_error(SOMA_INTERNAL, "a kernel has more than %d arguments", SOMA_CL_MAX_ARGUMENTS);
        return;
    }
    memcpy(&builder->launch->fixed[index], value, size);
    builder->status = soma_cl_check(clSetKernelArg(builder->launch->kernel, index, size, value),
                                    "clSetKernelArg %u for %s", index, soma_primitive_name(builder->call->primitive));
}

void soma_cl_pass_size(soma_cl_builder *builder, size_t value) {
    cl_ulong number = value;
    pass(builder, sizeof number, &number);
}

void soma_cl_pass_rows(soma_cl_builder *builder, size_t rows, size_t all_rows) {
    if (builder->status != SOMA_OK) return;
    builder->launch->rows_index = builder->launch->next_index;
    builder->launch->all_rows = all_rows;
    soma_cl_pass_size(builder, rows);
}

void soma_cl_pass_round(soma_cl_builder *builder) {
    if (builder->status != SOMA_OK) return;
    builder->launch->round_index = builder->launch->next_index;
    soma_cl_pass_size(builder, 0);
}

void soma_cl_repeat(soma_cl_builder *builder, size_t rounds) {
    builder->prepared->once = builder->prepared->launch_count;
    builder->prepared->rounds = rounds;
    builder->prepared->repeats = true;
}

void soma_cl_pass_u32(soma_cl_builder *builder, uint32_t value) {
    pass(builder, sizeof value, &value);
}

void soma_cl_pass_float(soma_cl_builder *builder, float value) {
    pass(builder, sizeof value, &value);
}

static void defer(soma_cl_builder *builder, soma_cl_argument_kind kind, size_t source, size_t bytes) {
    if (builder->status != SOMA_OK) return;
    soma_cl_launch *launch = builder->launch;
    if (launch->argument_count == SOMA_CL_MAX_DEFERRED) {
        builder->status =
            soma_error(SOMA_INTERNAL, "a kernel has more than %d deferred arguments", SOMA_CL_MAX_DEFERRED);
        return;
    }
    launch->argument[launch->argument_count++] =
        (soma_cl_argument){.kind = kind, .index = launch->next_index++, .source = source, .bytes = bytes};
}

void soma_cl_pass_view(soma_cl_builder *builder, uint32_t view) {
    defer(builder, SOMA_CL_ARGUMENT_VIEW, view, 0);
}

void soma_cl_pass_skew(soma_cl_builder *builder, uint32_t view) {
    defer(builder, SOMA_CL_ARGUMENT_SKEW, view, 0);
}

void soma_cl_pass_scratch(soma_cl_builder *builder, size_t offset, size_t bytes) {
    defer(builder, SOMA_CL_ARGUMENT_SCRATCH, offset, bytes);
}

void soma_cl_pass_live(soma_cl_builder *builder, soma_cl_argument_kind kind, size_t offset) {
    defer(builder, kind, offset, 0);
}

void soma_cl_end(soma_cl_builder *builder, size_t local0, size_t local1, size_t groups0, size_t groups1) {
    if (builder->status != SOMA_OK) return;
    soma_cl_launch *launch = builder->launch;
    launch->local[0] = local0;
    launch->local[1] = local1;
    launch->global[0] = local0 * groups0;
    launch->global[1] = local1 * groups1;
}

void soma_cl_expect_loops(soma_cl_builder *builder, size_t passes) {
    const size_t limit = builder->device->loop_limit;
    if (builder->status == SOMA_OK && limit && passes > limit)
        builder->status =
            soma_error(SOMA_UNSUPPORTED, "%s needs %zu passes through loops; %s breaks off after %zu",
                       soma_primitive_name(builder->call->primitive), passes, builder->device->info.name, limit);
}

size_t soma_cl_reserve(soma_cl_builder *builder, size_t bytes) {
    size_t offset = soma_round_up(builder->scratch, builder->device->info.alignment);
    builder->scratch = offset + bytes;
    return offset;
}
