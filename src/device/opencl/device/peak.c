/* SPDX-License-Identifier: MIT */
/* Measures what the device could do at most: multiply-adds in registers alone (kernels/peak.cl). */
#include "device/opencl/driver/program.h"

/* As in the kernel. */
#define CHAINS 12
/* Groups for each compute unit: on a GPU enough to hide all waiting. */
#define PROCESSOR_GROUPS 4
#define GPU_GROUPS       64
#define RUNS             10
#define RUN_SECONDS      0.02

typedef struct peak_kernel {
    soma_cl_device *device;
    cl_kernel kernel;
    size_t global[1], local[1];
    cl_ulong rounds;
    size_t launches;
} peak_kernel;

static soma_status run_once(const peak_kernel *with, double *seconds) {
    SOMA_TRY(soma_cl_check(clSetKernelArg(with->kernel, 0, sizeof with->rounds, &with->rounds), "clSetKernelArg 0"));
    double began = soma_seconds();
    for (size_t i = 0; i < with->launches; i++)
        SOMA_TRY(soma_cl_check(clEnqueueNDRangeKernel(with->device->queue, with->kernel, 1, NULL, with->global,
                                                      with->local, 0, NULL, NULL),
                               "clEnqueueNDRangeKernel for the peak of %s", with->device->info.name));
    SOMA_TRY(soma_cl_check(soma_cl_finish(with->device), "waiting for %s", with->device->info.name));
    *seconds = soma_seconds() - began;
    return SOMA_OK;
}

/* Longer loops have less overhead, but there are devices that do not finish them. */
static void do_more(peak_kernel *with) {
    if (with->device->loop_limit && with->rounds * 2 > with->device->loop_limit)
        with->launches *= 2;
    else
        with->rounds *= 2;
}

/* The best of several runs, since whatever else the machine does can only make one slower. */
static soma_status measure(peak_kernel *with, double *gflops) {
    const double per_round = 2.0 * CHAINS * with->device->style.width * (double)with->global[0];
    double seconds = 0;
    with->rounds = 1000;
    with->launches = 1;
    SOMA_TRY(run_once(with, &seconds)); /* the first makes the driver ready */
    for (int runs = 0; runs < RUNS;) {
        SOMA_TRY(run_once(with, &seconds));
        if (seconds < RUN_SECONDS) {
            do_more(with);
            continue;
        }
        *gflops = SOMA_MAX(*gflops, per_round * (double)with->rounds * (double)with->launches / seconds * 1e-9);
        runs++;
    }
    return SOMA_OK;
}

static soma_status set_fixed_arguments(const peak_kernel *with, const soma_cl_memory *results) {
    const cl_float small = 1e-6f;
    SOMA_TRY(soma_cl_check(clSetKernelArg(with->kernel, 1, sizeof small, &small), "clSetKernelArg 1"));
    return soma_cl_check(clSetKernelArg(with->kernel, 2, sizeof results->buffer, &results->buffer), "clSetKernelArg 2");
}

soma_status soma_cl_peak(void *state, double *gflops) {
    soma_cl_device *device = state;
    const bool processor = soma_cl_works_on_vectors(device);
    const size_t units = SOMA_MAX(device->info.compute_units, 1u);
    peak_kernel with = {.device = device, .local = {device->style.group}};
    with.global[0] = units * (processor ? PROCESSOR_GROUPS : GPU_GROUPS) * device->style.group;
    void *results = NULL;
    soma_status status = soma_cl_alloc(device, with.global[0] * device->style.width * sizeof(float), &results);
    if (status == SOMA_OK)
        status = soma_cl_create_kernel(device, &device->style, "peak.cl", "multiply_add", " ", &with.kernel);
    if (status == SOMA_OK) status = set_fixed_arguments(&with, results);
    if (status == SOMA_OK) status = measure(&with, gflops);
    soma_cl_release_kernel(device, with.kernel);
    soma_cl_free(device, results);
    return status;
}
