/* SPDX-License-Identifier: MIT */
/*
 * soma inside an OpenCL application: a kernel of the application's computes samples, a network runs on them where they
 * lie, another kernel works on what comes out. Only the last number is read back.
 *
 * The network computes y = 2 a + 3 b by weights that are set by hand, so that the result is known: for samples
 * (i, 1), i = 0 ... 999, the sum of y is 2 * 499500 + 3 * 1000.
 */
#include <math.h>
#include <soma/opencl.h>
#include <stdio.h>

enum { SAMPLES = 1000 };

static const char *const source = "kernel void make(global float2 *x) {"
                                  "    x[get_global_id(0)] = (float2)((float)get_global_id(0), 1.0f);"
                                  "}"
                                  "kernel void add_up(global const float *y, int count, global float *sum) {"
                                  "    float total = 0.0f;"
                                  "    for (int i = 0; i < count; i++) total += y[i];"
                                  "    *sum = total;"
                                  "}";

/* What an application has anyway. */
typedef struct application {
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    cl_kernel make, add_up;
    cl_mem x, y, sum;
} application;

static int start(application *app) {
    cl_platform_id platforms[16];
    cl_uint count = 0;
    if (clGetPlatformIDs(16, platforms, &count) != CL_SUCCESS) return 0;
    for (cl_uint i = 0; i < count && i < 16 && !app->id; i++)
        if (clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &app->id, NULL) != CL_SUCCESS) app->id = NULL;
    if (!app->id) return 0;
    app->context = clCreateContext(NULL, 1, &app->id, NULL, NULL, NULL);
    app->queue = clCreateCommandQueue(app->context, app->id, 0, NULL);
    app->program = clCreateProgramWithSource(app->context, 1, (const char *[]){source}, NULL, NULL);
    if (clBuildProgram(app->program, 1, &app->id, "", NULL, NULL) != CL_SUCCESS) return 0;
    app->make = clCreateKernel(app->program, "make", NULL);
    app->add_up = clCreateKernel(app->program, "add_up", NULL);
    app->x = clCreateBuffer(app->context, CL_MEM_READ_WRITE, SAMPLES * 2 * sizeof(float), NULL, NULL);
    app->y = clCreateBuffer(app->context, CL_MEM_READ_WRITE, SAMPLES * sizeof(float), NULL, NULL);
    app->sum = clCreateBuffer(app->context, CL_MEM_READ_WRITE, sizeof(float), NULL, NULL);
    return app->make && app->add_up && app->x && app->y && app->sum;
}

static void stop(application *app) {
    clReleaseMemObject(app->x);
    clReleaseMemObject(app->y);
    clReleaseMemObject(app->sum);
    clReleaseKernel(app->make);
    clReleaseKernel(app->add_up);
    clReleaseProgram(app->program);
    clReleaseCommandQueue(app->queue);
    clReleaseContext(app->context);
}

/* What soma needs beside it. */
typedef struct model {
    soma_device *device;
    soma_network *network;
    soma_session *session;
    soma_memory *x, *y;
} model;

static soma_status load(const application *app, model *m) {
    const size_t shape[] = {2};
    const float weights[] = {2, 3};
    soma_status status = soma_opencl_open(app->context, app->id, app->queue, NULL, &m->device);
    if (!status) status = soma_network_create(&m->network);
    if (!status) soma_dense(soma_input(m->network, NULL, 1, shape), 1, SOMA_IDENTITY);
    if (!status) status = soma_compile(m->network, m->device, NULL);
    if (!status) status = soma_set_parameter(m->network, soma_network_parameter(m->network, 0), weights, 2);
    if (!status) status = soma_session_create(m->network, NULL, &m->session);
    if (!status) status = soma_opencl_wrap(m->device, app->x, &m->x);
    if (!status) status = soma_opencl_wrap(m->device, app->y, &m->y);
    return status;
}

static void unload(model *m) {
    soma_memory_destroy(m->x);
    soma_memory_destroy(m->y);
    soma_session_destroy(m->session);
    soma_network_destroy(m->network);
    soma_device_close(m->device);
}

/* All of it goes into one queue, in this order; nothing waits until the sum is read. */
static soma_status compute(const application *app, model *m, float *sum) {
    const size_t samples = SAMPLES, one = 1;
    const cl_int count = SAMPLES;
    clSetKernelArg(app->make, 0, sizeof app->x, &app->x);
    clEnqueueNDRangeKernel(app->queue, app->make, 1, NULL, &samples, NULL, 0, NULL, NULL);
    soma_status status = soma_session_run_memory(m->session, SAMPLES, &m->x, &m->y);
    if (status) return status;
    clSetKernelArg(app->add_up, 0, sizeof app->y, &app->y);
    clSetKernelArg(app->add_up, 1, sizeof count, &count);
    clSetKernelArg(app->add_up, 2, sizeof app->sum, &app->sum);
    clEnqueueNDRangeKernel(app->queue, app->add_up, 1, NULL, &one, NULL, 0, NULL, NULL);
    clEnqueueReadBuffer(app->queue, app->sum, CL_TRUE, 0, sizeof *sum, sum, 0, NULL, NULL);
    return SOMA_OK;
}

static void look(void *context, const char *selector, const soma_device_info *info, bool usable, const char *reason) {
    (void)selector, (void)reason;
    if (usable && info->kind != SOMA_DEVICE_CPU) *(bool *)context = true;
}

/* Some drivers end the process that asks for their devices. soma tries them first: where it finds no device, this
 * program had better not look for one itself. */
static bool opencl_is_usable(void) {
    bool found = false;
    return soma_device_list(look, &found) == SOMA_OK && found;
}

int main(void) {
    application app = {0};
    model m = {0};
    float sum = 0;
    if (!opencl_is_usable() || !start(&app)) {
        printf("skipped: there is no OpenCL device\n");
        return 77;
    }
    soma_status status = load(&app, &m);
    if (!status) status = compute(&app, &m, &sum);
    if (status) fprintf(stderr, "%s\n", soma_last_error());
    unload(&m);
    stop(&app);
    printf("sum %.0f, expected %.0f\n", (double)sum, 2.0 * 499500 + 3.0 * SAMPLES);
    return !status && fabsf(sum - 1002000.0f) < 32 ? 0 : 1; /* a thousand additions in float32 */
}
