/* SPDX-License-Identifier: MIT */
/* The opencl device: lists what there is, opens one of them, and is the table of functions that soma calls it by. */
#include "device/opencl/driver/opencl.h"

#include "device/opencl/driver/program.h"
#include "device/opencl/gemm/clblast.h"
#include "device/opencl/gemm/gemm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Work-items in a group on everything but processors. */
#define GROUP 128

static soma_status enumerate(soma_device_visitor *visitor, void *context) {
    soma_cl_candidate *candidates;
    size_t count;
    SOMA_TRY(soma_cl_find(&candidates, &count));
    for (size_t i = 0; i < count; i++)
        visitor(context, candidates[i].index, &candidates[i].info, candidates[i].reason[0] == 0, candidates[i].reason);
    soma_free(candidates);
    return SOMA_OK;
}

static soma_status find_device(uint32_t index, soma_cl_candidate *result) {
    soma_cl_candidate *candidates;
    size_t count;
    SOMA_TRY(soma_cl_find(&candidates, &count));
    soma_status status = SOMA_NO_DEVICE;
    uint32_t devices = 0;
    for (size_t i = 0; i < count; i++) {
        devices += candidates[i].id != NULL;
        if (!candidates[i].id || candidates[i].index != index) continue;
        *result = candidates[i];
        status = SOMA_OK;
    }
    soma_free(candidates);
    if (status != SOMA_OK) return soma_error(SOMA_NO_DEVICE, "there is no OpenCL device %u; %u found", index, devices);
    return SOMA_OK;
}

/*
 * Floats in a vector. A device that works on vectors itself is a processor whose compiler keeps explicit vectors.
 * llvmpipe is a processor too, but its compiler spreads work-items over the vector, as a GPU does. SOMA_OPENCL_WIDTH=1,
 * 4, 8 or 16 overrides, for tests.
 */
static uint32_t vector_width(const soma_cl_device *device) {
    const char *wanted = getenv("SOMA_OPENCL_WIDTH");
    uint64_t width = soma_cl_device_number(device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    if (device->info.kind != SOMA_DEVICE_OPENCL_CPU || !soma_fast_paths()) width = 1;
    if (wanted && *wanted) width = strtoull(wanted, NULL, 10);
    return width >= 16 ? 16 : width >= 8 ? 8 : width >= 4 ? 4 : 1;
}

/*
 * Accumulators, a vector of each column of the panel and one for a factor fill the vector registers: 32 of them where
 * vectors have 16 floats, else 16. The panel is to stay in the cache nearest to the core, and leave room in local
 * memory.
 */
void soma_cl_choose_tiles(soma_cl_style *style, size_t local_memory) {
    style->wide_rows = style->width == 16 ? 8 : 6;
    style->narrow_rows = style->wide_rows * 3 / 2;
    style->depth = 512;
    while (style->depth > 16 && style->depth * 2 * style->width * sizeof(float) > local_memory / 2) style->depth /= 2;
    /* Of convolutions, whatever leaves room. */
    const size_t panel = 2 * style->width, sums = style->narrow_rows * panel, room = local_memory / sizeof(float);
    style->box = 24 * 1024;
    style->panels = 4;
    while (style->panels > 1 && style->depth * (panel * style->panels + 1) + style->box + style->width + sums > room) {
        style->panels /= 2;
        style->box /= 2;
    }
    while (style->box > 256 && style->depth * (panel * style->panels + 1) + style->box + style->width + sums > room)
        style->box /= 2;
    style->window = 256;
    style->positions = 128;
    while (style->window > 16 &&
           style->positions * (panel * style->panels + 1) + style->window + style->box + style->width + sums > room) {
        style->window /= 2;
        style->positions /= 2;
    }
}

/* Some processors are through with half a vector of 16 in half the time, and none takes longer for it. */
soma_cl_style soma_cl_slim_style(const soma_cl_style *style) {
    soma_cl_style slim = *style;
    if (slim.width == 16) {
        slim.width = 8;
        slim.narrow_rows = 9; /* of 8, 9, 12 and 13 the quickest for LeNet-5, whose window of 25 it divides well */
    }
    return slim;
}

static void choose_style(soma_cl_device *device) {
    const uint64_t abilities = soma_cl_device_number(device->id, CL_DEVICE_SINGLE_FP_CONFIG);
    device->local_memory = (size_t)soma_cl_device_number(device->id, CL_DEVICE_LOCAL_MEM_SIZE);
    device->largest_group = (size_t)soma_cl_device_number(device->id, CL_DEVICE_MAX_WORK_GROUP_SIZE);
    device->style.width = vector_width(device);
    device->style.group = soma_cl_works_on_vectors(device) ? 1 : GROUP;
    while (device->style.group > device->largest_group) device->style.group /= 2;
    device->style.fma = (abilities & CL_FP_FMA) != 0;
    device->compiles_on_use = strcmp(device->info.platform, "Portable Computing Language") == 0;
    /* Elsewhere compiling the kernel of lists, which has all others in it, takes minutes. */
    device->lists[false] = device->lists[true] =
        soma_cl_works_on_vectors(device) && device->compiles_on_use && soma_fast_paths();
    if (soma_cl_works_on_vectors(device)) soma_cl_choose_tiles(&device->style, device->local_memory);
    device->slim = soma_cl_slim_style(&device->style);
    /* A constant of Mesa's (LP_MAX_TGSI_LOOP_ITERATIONS); some passes are left for what no estimate counts. */
    if (strstr(device->info.name, "llvmpipe")) device->loop_limit = 65000;
}

/*
 * CLBlast is for GPUs: on processors our own kernel is several times faster. SOMA_OPENCL_GEMM=clblast or =soma forces
 * one, for tests and comparisons; then a CLBlast that is missing or wrong is an error.
 */
static soma_status choose_gemm(soma_cl_device *device) {
    const char *wanted = getenv("SOMA_OPENCL_GEMM");
    const bool forced = wanted && strcmp(wanted, "clblast") == 0,
               refused = wanted ? strcmp(wanted, "soma") == 0 : !soma_fast_paths();
    char reason[256];
    device->gemm = soma_cl_own_gemm(device);
    device->gemm_is_fixed = forced || refused || !soma_fast_paths();
    if (refused || !(forced || (soma_cl_clblast_is_built_in() && device->info.kind == SOMA_DEVICE_GPU))) return SOMA_OK;
    if (soma_cl_clblast_start(device, reason, sizeof reason)) {
        device->gemm = soma_cl_clblast_gemm();
        return SOMA_OK;
    }
    if (forced) return soma_error(SOMA_UNSUPPORTED, "SOMA_OPENCL_GEMM=clblast: CLBlast can't serve: %s", reason);
    soma_log(SOMA_LOG_WARNING, "%s: CLBlast can't serve, our own kernels do: %s", device->info.name, reason);
    return SOMA_OK;
}

static void close_device(void *state) {
    soma_cl_device *device = state;
    if (!device) return;
    if (device->queue && !device->driver_is_gone) soma_cl_finish(device);
    soma_cl_has_finished(device);
    soma_cl_free_programs(device);
    soma_cl_clblast_stop(device);
    soma_cl_free_tuning(&device->tuning);
    soma_free(device->tuning_file);
    soma_free(device->outgoing);
    soma_cl_release_memory(device, device->nothing);
    soma_cl_release_driver(device);
    soma_free(device);
}

/* The application's context and queue, where they are given, else our own. */
static soma_status start(soma_cl_device *device, cl_context context, cl_command_queue queue) {
    const char *name = device->info.name;
    cl_int code;
    if (!device->largest_group || !device->local_memory) /* they were known before */
        return soma_error(SOMA_DEVICE_FAILED, "%s: its driver no longer says how large groups and local memory may be",
                          name);
    if (context) SOMA_TRY(soma_cl_check(clRetainContext(context), "clRetainContext on %s", name));
    device->context = context ? context : clCreateContext(NULL, 1, &device->id, NULL, NULL, &code);
    if (!context) SOMA_TRY(soma_cl_check(code, "clCreateContext on %s", name));
    if (queue) SOMA_TRY(soma_cl_check(clRetainCommandQueue(queue), "clRetainCommandQueue on %s", name));
    device->queue = queue ? queue : clCreateCommandQueue(device->context, device->id, 0, &code);
    if (!queue) SOMA_TRY(soma_cl_check(code, "clCreateCommandQueue on %s", name));
    device->nothing = clCreateBuffer(device->context, CL_MEM_READ_WRITE, device->info.alignment, NULL, &code);
    return soma_cl_check(code, "clCreateBuffer on %s", name);
}

soma_status soma_cl_open(const soma_cl_candidate *candidate, cl_context context, cl_command_queue queue,
                         uint64_t memory_limit, soma_cl_device **result) {
    if (candidate->reason[0])
        return soma_error(SOMA_NO_DEVICE, "the OpenCL device %s can't serve: %s", candidate->info.name,
                          candidate->reason);
    soma_cl_device *device = soma_calloc(1, sizeof *device);
    if (!device) return soma_out_of_memory(sizeof *device, "an OpenCL device");
    soma_status status = soma_cl_check(clRetainDevice(candidate->id), "clRetainDevice on %s", candidate->info.name);
    if (status != SOMA_OK) {
        soma_free(device);
        return status;
    }
    device->id = candidate->id;
    device->info = candidate->info;
    device->memory_limit = device->info.memory;
    if (memory_limit) device->memory_limit = SOMA_MIN(device->memory_limit, memory_limit);
    choose_style(device);
    status = start(device, context, queue);
    if (status == SOMA_OK) status = choose_gemm(device);
    if (status != SOMA_OK) {
        close_device(device);
        return status;
    }
    soma_cl_load_tuning(device);
    *result = device;
    return SOMA_OK;
}

static soma_status open_device(uint32_t index, const soma_device_options *options, void **state) {
    soma_cl_candidate candidate;
    soma_cl_device *device;
    SOMA_TRY(find_device(index, &candidate));
    SOMA_TRY(soma_cl_open(&candidate, NULL, NULL, options->memory_limit, &device));
    *state = device;
    return SOMA_OK;
}

static void get_info(void *state, soma_device_info *info) {
    *info = ((soma_cl_device *)state)->info;
}

/* A transfer that was lost is what is told: some drivers let what was enqueued behind it fail, too. */
static soma_status with_arrivals(const soma_cl_device *device, soma_status status) {
    soma_status lost = soma_cl_check_arrivals(device);
    return lost != SOMA_OK ? lost : status;
}

static soma_status read_results(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    return with_arrivals(state, soma_cl_read(state, memory, offset, target, bytes));
}

static bool combines(void *state, soma_primitive primitive) {
    (void)state;
    return primitive == SOMA_PRIMITIVE_CONV_ADD || primitive == SOMA_PRIMITIVE_ATTENTION ||
           primitive == SOMA_PRIMITIVE_ATTENTION_GRAD || primitive == SOMA_PRIMITIVE_OPTIMIZER_ROWS ||
           primitive == SOMA_PRIMITIVE_RECURRENT || primitive == SOMA_PRIMITIVE_RECURRENT_GRAD;
}

static soma_status sync_device(void *state) {
    soma_cl_device *device = state;
    soma_status status = soma_cl_check(soma_cl_finish(device), "waiting for %s", device->info.name);
    if (status == SOMA_OK) soma_cl_has_finished(device);
    return with_arrivals(device, status);
}

const soma_device_api soma_opencl_api = {
    .abi = SOMA_DEVICE_ABI,
    .size = sizeof(soma_device_api),
    .name = "opencl",
    .enumerate = enumerate,
    .open = open_device,
    .close = close_device,
    .info = get_info,
    .alloc = soma_cl_alloc,
    .free = soma_cl_free,
    .write = soma_cl_write,
    .read = read_results,
    .copy = soma_cl_copy,
    .fill = soma_cl_fill,
    .wrap = soma_cl_wrap,
    .prepare = soma_cl_prepare,
    .run = soma_cl_run,
    .release = soma_cl_release,
    .sync = sync_device,
    .peak = soma_cl_peak,
    .arrange = soma_cl_arrange,
    .tune = soma_cl_tune,
    .tuning = soma_cl_get_tuning,
    .forget_tuning = soma_cl_forget_tuning,
    .after_fork = soma_cl_after_fork,
    .stage = soma_cl_stage_make,
    .send = soma_cl_stage_send,
    .await = soma_cl_stage_await,
    .unstage = soma_cl_stage_free,
    .combines = combines,
};
