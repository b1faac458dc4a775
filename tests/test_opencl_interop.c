/* SPDX-License-Identifier: MIT */
/* On an application's own context, queue and buffers: nothing is copied, everything is in order. */
#include "device/upload.h"
#include "fronts.h"
#include "opencl_devices.h"
#include "suite.h"
#include <soma/opencl.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------- counting transfers */

static int transfers;

/* The linker sends every call of the function here, soma's too. */
#define COUNT(name, parameters, arguments)                                                                             \
    cl_int __real_clEnqueue##name parameters;                                                                          \
    cl_int __wrap_clEnqueue##name parameters;                                                                          \
    cl_int __wrap_clEnqueue##name parameters {                                                                         \
        transfers++;                                                                                                   \
        return __real_clEnqueue##name arguments;                                                                       \
    }
#define EVENTS cl_uint n, const cl_event *wait, cl_event *event
COUNT(ReadBuffer, (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, void *p, EVENTS),
      (q, m, b, o, s, p, n, wait, event))
COUNT(CopyBuffer, (cl_command_queue q, cl_mem f, cl_mem t, size_t fo, size_t to, size_t s, EVENTS),
      (q, f, t, fo, to, s, n, wait, event))
COUNT(FillBuffer, (cl_command_queue q, cl_mem m, const void *p, size_t ps, size_t o, size_t s, EVENTS),
      (q, m, p, ps, o, s, n, wait, event))
COUNT(ReadBufferRect,
      (cl_command_queue q, cl_mem m, cl_bool b, const size_t *bo, const size_t *ho, const size_t *r, size_t br,
       size_t bs, size_t hr, size_t hs, void *p, EVENTS),
      (q, m, b, bo, ho, r, br, bs, hr, hs, p, n, wait, event))
COUNT(WriteBufferRect,
      (cl_command_queue q, cl_mem m, cl_bool b, const size_t *bo, const size_t *ho, const size_t *r, size_t br,
       size_t bs, size_t hr, size_t hs, const void *p, EVENTS),
      (q, m, b, bo, ho, r, br, bs, hr, hs, p, n, wait, event))
COUNT(CopyBufferRect,
      (cl_command_queue q, cl_mem f, cl_mem t, const size_t *fo, const size_t *to, const size_t *r, size_t fr,
       size_t fs, size_t tr, size_t ts, EVENTS),
      (q, f, t, fo, to, r, fr, fs, tr, ts, n, wait, event))

static cl_event held; /* what is written meanwhile waits for it, too; NULL: for nothing more */

cl_int __real_clEnqueueWriteBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, const void *p, EVENTS);
cl_int __wrap_clEnqueueWriteBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, const void *p, EVENTS);
cl_int __wrap_clEnqueueWriteBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, const void *p, EVENTS) {
    transfers++;
    if (held && !b) return __real_clEnqueueWriteBuffer(q, m, b, o, s, p, 1, &held, event);
    return __real_clEnqueueWriteBuffer(q, m, b, o, s, p, n, wait, event);
}

void *__real_clEnqueueMapBuffer(cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t s, EVENTS,
                                cl_int *code);
void *__wrap_clEnqueueMapBuffer(cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t s, EVENTS,
                                cl_int *code);
void *__wrap_clEnqueueMapBuffer(cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t s, EVENTS,
                                cl_int *code) {
    transfers++;
    return __real_clEnqueueMapBuffer(q, m, b, f, o, s, n, wait, event, code);
}

static cl_mem watched; /* a buffer ... */
static int released;   /* ... and how often it was */

cl_int __real_clReleaseMemObject(cl_mem m);
cl_int __wrap_clReleaseMemObject(cl_mem m);
cl_int __wrap_clReleaseMemObject(cl_mem m) {
    released += m == watched;
    return __real_clReleaseMemObject(m);
}

/* ------------------------------------------------------------------------------------------------ an application */

enum { BATCH = 37, INPUTS = 11, UNITS = 5 };

typedef struct application {
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    cl_kernel ramp, twice;
    soma_device *device;
    soma_network *network;
    soma_session *session;
} application;

static const char *const source = "kernel void ramp(global float *x, float step) {"
                                  "    x[get_global_id(0)] = step * (float)((int)get_global_id(0) % 23 - 11);"
                                  "}"
                                  "kernel void twice(global const float *x, global float *y) {"
                                  "    y[get_global_id(0)] = 2.0f * x[get_global_id(0)];"
                                  "}";

static void done(cl_int code, int line) {
    ck_assert_msg(code == CL_SUCCESS, "line %d: %s (%d)", line, soma_cl_error_name(code), (int)code);
}
#define DONE(code) done((code), __LINE__)

static void start_opencl(application *app, cl_device_id id) {
    cl_int code;
    app->id = id;
    app->context = clCreateContext(NULL, 1, &id, NULL, NULL, &code);
    DONE(code);
    app->queue = clCreateCommandQueue(app->context, id, 0, &code);
    DONE(code);
    const char *text = source;
    app->program = clCreateProgramWithSource(app->context, 1, &text, NULL, &code);
    DONE(code);
    DONE(clBuildProgram(app->program, 1, &id, "", NULL, NULL));
    app->ramp = clCreateKernel(app->program, "ramp", &code);
    DONE(code);
    app->twice = clCreateKernel(app->program, "twice", &code);
    DONE(code);
}

static const char *const fronts[FRONTS] = FRONTS_OF("11 1 1");
static int front; /* of the test's network */

static void start_network(application *app, cl_command_queue queue) {
    const size_t shape[] = {INPUTS};
    expect_ok(soma_opencl_open(app->context, app->id, queue, NULL, &app->device));
    expect_ok(soma_network_create(&app->network));
    soma_network_set_seed(app->network, 3);
    soma_dense(soma_layers(soma_input(app->network, NULL, 1, shape), fronts[front]), UNITS, SOMA_SOFTMAX);
    expect_ok(soma_compile(app->network, app->device, NULL));
    expect_ok(soma_session_create(app->network, NULL, &app->session));
}

static void stop(application *app) {
    soma_session_destroy(app->session);
    soma_network_destroy(app->network);
    soma_device_close(app->device);
    clReleaseKernel(app->ramp);
    clReleaseKernel(app->twice);
    clReleaseProgram(app->program);
    clReleaseCommandQueue(app->queue);
    clReleaseContext(app->context);
}

static cl_mem create_buffer(const application *app, size_t count) {
    cl_int code;
    cl_mem buffer = clCreateBuffer(app->context, CL_MEM_READ_WRITE, count * sizeof(float), NULL, &code);
    DONE(code);
    return buffer;
}

static void read_buffer(const application *app, cl_mem buffer, size_t offset, float *values, size_t count) {
    DONE(clEnqueueReadBuffer(app->queue, buffer, CL_TRUE, offset, count * sizeof *values, values, 0, NULL, NULL));
}

static void enqueue_ramp(const application *app, cl_mem x, float step, cl_event *event) {
    const size_t count = (size_t)BATCH * INPUTS;
    DONE(clSetKernelArg(app->ramp, 0, sizeof x, &x));
    DONE(clSetKernelArg(app->ramp, 1, sizeof step, &step));
    DONE(clEnqueueNDRangeKernel(app->queue, app->ramp, 1, NULL, &count, NULL, 0, NULL, event));
    DONE(clFlush(app->queue));
}

/* The same by the ordinary way. */
static void expect_outputs(const application *app, float step, float factor, const float *found) {
    float x[BATCH * INPUTS], y[BATCH * UNITS];
    for (int i = 0; i < BATCH * INPUTS; i++) x[i] = step * (float)(i % 23 - 11);
    expect_ok(soma_run(app->network, x, BATCH, y));
    for (int i = 0; i < BATCH * UNITS; i++)
        ck_assert_msg(found[i] == factor * y[i], "value %d is %.9g, expected %.9g", i, (double)found[i],
                      (double)(factor * y[i]));
}

/* ---------------------------------------------------------------------------------------------------------- tests */

/* What every test does on every device. */
typedef void application_test(application *app);

static application_test *body;

static void run_body(void *state, const soma_device_info *info) {
    application app = {0};
    (void)info;
    start_opencl(&app, ((soma_cl_device *)state)->id);
    body(&app);
    stop(&app);
}

static void with_each(application_test *test, int of_front) {
    body = test;
    front = of_front;
    with_each_device(run_body);
}

static void compute_without_copies(application *app) {
    start_network(app, app->queue);
    cl_mem x = create_buffer(app, BATCH * INPUTS), y = create_buffer(app, BATCH * UNITS),
           z = create_buffer(app, BATCH * UNITS);
    soma_memory *in, *out;
    expect_ok(soma_opencl_wrap(app->device, x, &in));
    expect_ok(soma_opencl_wrap(app->device, y, &out));
    ck_assert_uint_eq(soma_memory_bytes(in), BATCH * INPUTS * sizeof(float));
    for (int turn = 1; turn <= 3; turn++) {
        const size_t count = BATCH * UNITS;
        const float step = 0.1f * (float)turn;
        transfers = 0;
        enqueue_ramp(app, x, step, NULL);
        expect_ok(soma_session_run_memory(app->session, BATCH, &in, &out));
        DONE(clSetKernelArg(app->twice, 0, sizeof y, &y));
        DONE(clSetKernelArg(app->twice, 1, sizeof z, &z));
        DONE(clEnqueueNDRangeKernel(app->queue, app->twice, 1, NULL, &count, NULL, 0, NULL, NULL));
        DONE(clFinish(app->queue));
        ck_assert_msg(transfers == 0, "%d transfers in a run without copies", transfers);
        float found[BATCH * UNITS];
        read_buffer(app, z, 0, found, count);
        ck_assert_int_eq(transfers, 1); /* the counter counts */
        expect_outputs(app, step, 2, found);
    }
    soma_memory_destroy(in);
    soma_memory_destroy(out);
    clReleaseMemObject(x);
    clReleaseMemObject(y);
    clReleaseMemObject(z);
}

START_TEST(a_network_runs_on_the_buffers_of_the_application) {
    with_each(compute_without_copies, _i);
}
END_TEST

/* Buffers are told apart although a new one's memory may lie where an old one's lay. */
static void change_buffers(application *app) {
    start_network(app, app->queue);
    for (int turn = 1; turn <= 4; turn++) {
        cl_mem x = create_buffer(app, BATCH * INPUTS), y = create_buffer(app, BATCH * UNITS);
        soma_memory *in, *out;
        float found[BATCH * UNITS];
        expect_ok(soma_opencl_wrap(app->device, x, &in));
        expect_ok(soma_opencl_wrap(app->device, y, &out));
        enqueue_ramp(app, x, (float)turn, NULL);
        expect_ok(soma_session_run_memory(app->session, BATCH, &in, &out));
        read_buffer(app, y, 0, found, BATCH * UNITS);
        expect_outputs(app, (float)turn, 1, found);
        soma_memory_destroy(in);
        soma_memory_destroy(out);
        clReleaseMemObject(x);
        clReleaseMemObject(y);
    }
}

START_TEST(other_buffers_may_come_each_time) {
    with_each(change_buffers, _i);
}
END_TEST

static cl_int status_of(cl_event event) {
    cl_int status = CL_QUEUED;
    DONE(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL));
    return status;
}

/* soma has a queue of its own here. The user event stands for work of the application's that is still to come. */
static void keep_order(application *app) {
    cl_int code;
    start_network(app, NULL);
    cl_command_queue queue = NULL;
    expect_ok(soma_opencl_handles(app->device, NULL, NULL, &queue));
    ck_assert_ptr_ne(queue, app->queue);
    cl_mem x = create_buffer(app, BATCH * INPUTS), y = create_buffer(app, BATCH * UNITS);
    soma_memory *in, *out;
    expect_ok(soma_opencl_wrap(app->device, x, &in));
    expect_ok(soma_opencl_wrap(app->device, y, &out));
    cl_event gate = clCreateUserEvent(app->context, &code), ready, finished;
    DONE(code);
    enqueue_ramp(app, x, 0.25f, &ready);
    expect_ok(soma_opencl_wait_for(app->device, 2, (cl_event[]){ready, gate}));
    expect_ok(soma_session_run_memory(app->session, BATCH, &in, &out));
    expect_ok(soma_opencl_record(app->device, &finished));
    DONE(clWaitForEvents(1, &ready));
    ck_assert_int_ne(status_of(finished), CL_COMPLETE);
    DONE(clSetUserEventStatus(gate, CL_COMPLETE));
    /* Not the application's queue orders this read behind soma's work, but the event. */
    float found[BATCH * UNITS];
    DONE(clEnqueueReadBuffer(app->queue, y, CL_TRUE, 0, sizeof found, found, 1, &finished, NULL));
    ck_assert_int_eq(status_of(finished), CL_COMPLETE);
    expect_outputs(app, 0.25f, 1, found);
    clReleaseEvent(gate);
    clReleaseEvent(ready);
    clReleaseEvent(finished);
    soma_memory_destroy(in);
    soma_memory_destroy(out);
    clReleaseMemObject(x);
    clReleaseMemObject(y);
}

START_TEST(events_order_the_work_of_two_queues) {
    with_each(keep_order, _i);
}
END_TEST

/* A user event holds up the kernels that use parts of the session's memory, which goes meanwhile. */
static void release_while_busy(application *app) {
    cl_int code;
    size_t offset;
    soma_memory *memory, *in;
    setenv("SOMA_FAST", "0", 1); /* what goes into a list uses memory as a whole */
    start_network(app, NULL);
    setenv("SOMA_FAST", "1", 1);
    cl_mem x = create_buffer(app, BATCH * INPUTS);
    expect_ok(soma_opencl_wrap(app->device, x, &in));
    expect_ok(soma_session_run_memory(app->session, BATCH, &in, NULL));
    expect_ok(soma_session_output(app->session, 0, &memory));
    expect_ok(soma_opencl_buffer(memory, &watched, &offset));
    soma_memory_destroy(memory);

    cl_event gate = clCreateUserEvent(app->context, &code);
    DONE(code);
    expect_ok(soma_opencl_wait_for(app->device, 1, &gate));
    expect_ok(soma_session_run_memory(app->session, BATCH, &in, NULL));
    released = 0;
    soma_session_destroy(app->session);
    app->session = NULL;
    ck_assert_int_eq(released, 0);
    DONE(clSetUserEventStatus(gate, CL_COMPLETE));
    float found[BATCH * INPUTS];
    expect_ok(soma_memory_read(in, 0, found, sizeof found));
    ck_assert_int_eq(released, 1);
    watched = NULL;
    clReleaseEvent(gate);
    soma_memory_destroy(in);
    clReleaseMemObject(x);
}

START_TEST(memory_stays_until_its_commands_have_finished) {
    with_each(release_while_busy, DENSE_FRONT);
}
END_TEST

static cl_uint context_references(const application *app) {
    cl_uint count = 0;
    DONE(clGetContextInfo(app->context, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL));
    return count;
}

static cl_uint queue_references(const application *app) {
    cl_uint count = 0;
    DONE(clGetCommandQueueInfo(app->queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, NULL));
    return count;
}

static void compare_handles(application *app) {
    cl_context context;
    cl_device_id id;
    cl_command_queue queue;
    start_network(app, app->queue);
    expect_ok(soma_opencl_handles(app->device, &context, &id, &queue));
    ck_assert_ptr_eq(context, app->context);
    ck_assert_ptr_eq(id, app->id);
    ck_assert_ptr_eq(queue, app->queue);

    /* A parameter, and an output that stays in the session, are where the application can find them. */
    soma_tensor *weight = soma_network_parameter(app->network, 2);
    float expected[7 * UNITS], found[7 * UNITS], y[BATCH * UNITS];
    soma_memory *memory, *in;
    cl_mem buffer, x = create_buffer(app, BATCH * INPUTS);
    size_t offset;
    expect_ok(soma_parameter_memory(app->network, weight, &memory));
    ck_assert_uint_eq(soma_memory_bytes(memory), sizeof found);
    expect_ok(soma_opencl_buffer(memory, &buffer, &offset));
    read_buffer(app, buffer, offset, found, 7 * UNITS);
    expect_ok(soma_get_parameter(app->network, weight, expected, 7 * UNITS));
    ck_assert_mem_eq(found, expected, sizeof found);
    soma_memory_destroy(memory);

    expect_ok(soma_opencl_wrap(app->device, x, &in));
    expect_ok(soma_opencl_buffer(in, &buffer, &offset));
    ck_assert(buffer == x && offset == 0);
    enqueue_ramp(app, x, 0.5f, NULL);
    expect_ok(soma_session_run_memory(app->session, BATCH, &in, NULL));
    expect_ok(soma_session_output(app->session, 0, &memory));
    expect_ok(soma_opencl_buffer(memory, &buffer, &offset));
    read_buffer(app, buffer, offset, y, BATCH * UNITS);
    expect_outputs(app, 0.5f, 1, y);
    soma_memory_destroy(memory);
    soma_memory_destroy(in);
    clReleaseMemObject(x);
}

START_TEST(handles_come_back) {
    with_each(compare_handles, DENSE_FRONT);
}
END_TEST

enum { TIMES = 16 };
static _Atomic int created, destroyed;

static void CL_CALLBACK count_destroyed(cl_mem buffer, void *context) {
    (void)buffer, (void)context;
    destroyed++;
}

/* Drivers hold the queue and the buffers of the last commands for a while: so there are some before and after. */
static void finish_with_a_ramp(const application *app) {
    cl_mem x = create_buffer(app, BATCH * INPUTS);
    enqueue_ramp(app, x, 1, NULL);
    DONE(clFinish(app->queue));
    clReleaseMemObject(x);
}

static void count_references(application *app) {
    finish_with_a_ramp(app);
    const cl_uint context = context_references(app), queue = queue_references(app);
    cl_mem x = create_buffer(app, BATCH * INPUTS);
    DONE(clSetMemObjectDestructorCallback(x, count_destroyed, NULL));
    created++;
    for (int i = 0; i < TIMES; i++) {
        soma_memory *in;
        start_network(app, app->queue);
        expect_ok(soma_opencl_wrap(app->device, x, &in));
        expect_ok(soma_session_run_memory(app->session, BATCH, &in, NULL));
        DONE(clFinish(app->queue));
        soma_session_destroy(app->session);
        soma_network_destroy(app->network);
        soma_memory_destroy(in);
        soma_device_close(app->device);
    }
    clReleaseMemObject(x);
    finish_with_a_ramp(app);
    char version[128] = "";
    clGetDeviceInfo(app->id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    if (strstr(version, "pocl")) { /* Mesa's threads let go when they come to it */
        ck_assert_uint_eq(queue_references(app), queue);
        ck_assert_uint_eq(context_references(app), context);
    }
    app->session = NULL;
    app->network = NULL;
    app->device = NULL;
}

START_TEST(nothing_is_retained_in_the_end) {
    with_each(count_references, DENSE_FRONT);
    for (int i = 0; i < 2000 && destroyed < created; i++) usleep(1000); /* drivers destroy in threads of their own */
    ck_assert_int_eq(destroyed, created);
}
END_TEST

static void expect_refusals(application *app) {
    cl_int code;
    application other = {0};
    soma_device *device, *cpu;
    soma_memory *memory, *in;
    start_opencl(&other, app->id);
    expect_error(soma_opencl_open(NULL, app->id, NULL, NULL, &device), SOMA_INVALID_ARGUMENT, "context is NULL");
    expect_error(soma_opencl_open(app->context, app->id, other.queue, NULL, &device), SOMA_INVALID_ARGUMENT,
                 "another context");
    cl_command_queue queue = clCreateCommandQueue(app->context, app->id, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &code);
    if (code == CL_SUCCESS) { /* not every device has such queues */
        expect_error(soma_opencl_open(app->context, app->id, queue, NULL, &device), SOMA_INVALID_ARGUMENT,
                     "out of order");
        clReleaseCommandQueue(queue);
    }
    const soma_device_options later = {.reserved = {1}};
    expect_error(soma_opencl_open(app->context, app->id, NULL, &later, &device), SOMA_INVALID_ARGUMENT, "reserved");
    ck_assert_ptr_null(device);

    start_network(app, app->queue);
    cl_mem foreign = create_buffer(&other, 64), small = create_buffer(app, BATCH * INPUTS - 1);
    expect_error(soma_opencl_wrap(app->device, foreign, &memory), SOMA_INVALID_ARGUMENT, "another context");
    ck_assert_ptr_null(memory);
    expect_ok(soma_opencl_wrap(app->device, small, &in));
    expect_error(soma_session_run_memory(app->session, BATCH, &in, NULL), SOMA_INVALID_SHAPE, "1628 bytes", "1624");
    soma_memory_destroy(in);
    const cl_buffer_region region = {0, sizeof(float)};
    cl_mem part = clCreateSubBuffer(small, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    DONE(code);
    expect_error(soma_opencl_wrap(app->device, part, &memory), SOMA_INVALID_ARGUMENT, "part of another buffer");
    clReleaseMemObject(part);
    expect_ok(soma_device_open("cpu", NULL, &cpu));
    expect_error(soma_opencl_wrap(cpu, small, &memory), SOMA_INVALID_ARGUMENT, "cpu is no OpenCL device");
    expect_error(soma_opencl_handles(NULL, NULL, NULL, NULL), SOMA_INVALID_ARGUMENT, "NULL is no OpenCL device");
    expect_error(soma_opencl_wait_for(app->device, 1, NULL), SOMA_INVALID_ARGUMENT, "1 events at NULL");
    expect_error(soma_opencl_record(app->device, NULL), SOMA_INVALID_ARGUMENT, "no place");
    soma_device_close(cpu);
    clReleaseMemObject(foreign);
    clReleaseMemObject(small);
    stop(&other);
}

START_TEST(what_does_not_fit_is_refused) {
    with_each(expect_refusals, DENSE_FRONT);
}
END_TEST

/* Where a buffer is the host's own memory, vectors are read from it. */
static void misalign(application *app) {
    static float host[64];
    cl_int code;
    start_network(app, app->queue);
    soma_device_info info;
    soma_memory *memory;
    soma_device_get_info(app->device, &info);
    float *odd = host + ((uintptr_t)host % info.alignment == 0); /* one of two neighbours is no multiple */
    cl_mem buffer = clCreateBuffer(app->context, CL_MEM_USE_HOST_PTR, 16 * sizeof(float), odd, &code);
    DONE(code);
    if (info.kind == SOMA_DEVICE_OPENCL_CPU && strstr(info.platform, "Portable") && !getenv("SOMA_OPENCL_WIDTH"))
        expect_error(soma_opencl_wrap(app->device, buffer, &memory), SOMA_INVALID_ARGUMENT, "must be a multiple of");
    else {
        expect_ok(soma_opencl_wrap(app->device, buffer, &memory));
        soma_memory_destroy(memory);
    }
    clReleaseMemObject(buffer);
}

START_TEST(unaligned_host_memory_is_refused) {
    with_each(misalign, DENSE_FRONT);
}
END_TEST

/* Element by element, as a GPU reads, it may lie anywhere. */
START_TEST(unaligned_host_memory_will_do_without_vectors) {
    setenv("SOMA_OPENCL_WIDTH", "1", 1);
    with_each(misalign, DENSE_FRONT);
    unsetenv("SOMA_OPENCL_WIDTH");
}
END_TEST

/* What a plain command of the application's is told. rusticl of Mesa 25 gives a queue up with the first command that
 * fails. */
static bool is_given_up(cl_command_queue queue) {
    cl_event marker;
    DONE(clEnqueueMarkerWithWaitList(queue, 0, NULL, &marker));
    const cl_int code = clWaitForEvents(1, &marker);
    clReleaseEvent(marker);
    return code != CL_SUCCESS;
}

/* Most drivers say of no command behind the transfer that it failed, nor of waiting for the queue; some let them fail,
 * too. What is told is the same. Once nobody needs the transfer any more, the device is as good as its queue.
 *
 * What comes before has ended when the event fails: PoCL 3.1 would now and then run a command that waits for both, if
 * they end at one time (docs/devices.md). */
static void lose_a_transfer(application *app, bool waits) {
    enum { BYTES = 256 };
    soma_upload upload;
    char found[BYTES];
    void *host;
    cl_int code;
    start_network(app, app->queue);
    expect_ok(soma_upload_open(app->device, BYTES, "a test", &upload));
    for (int i = 0; i < 2; i++) {
        if (i) expect_ok(soma_device_sync(app->device));
        held = i ? clCreateUserEvent(app->context, &code) : NULL;
        expect_ok(soma_upload_begin(&upload, &host));
        memset(host, 7 + i, BYTES);
        expect_ok(soma_upload_send(&upload));
    }
    DONE(clSetUserEventStatus(held, CL_OUT_OF_RESOURCES));
    clReleaseEvent(held);
    held = NULL;
    soma_status status =
        waits ? soma_device_sync(app->device) : soma_device_read(app->device, upload.memory, 0, found, BYTES);
    expect_error(status, SOMA_DEVICE_FAILED, "did not arrive there");
    soma_upload_close(&upload);
    if (is_given_up(app->queue))
        expect_error(soma_device_sync(app->device), SOMA_DEVICE_FAILED, "waiting for");
    else
        expect_ok(soma_device_sync(app->device));
}

static void lose_and_read(application *app) {
    lose_a_transfer(app, false);
}

static void lose_and_wait(application *app) {
    lose_a_transfer(app, true);
}

START_TEST(what_is_lost_on_its_way_is_told) {
    with_each(lose_and_read, DENSE_FRONT);
    with_each(lose_and_wait, DENSE_FRONT);
}
END_TEST

/* A part of a device, with a context of its own. */
static void run_on_part(void *state, const soma_device_info *info) {
    const cl_device_partition_property parts[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1, 0, 0};
    cl_device_id id = NULL;
    if (!strstr(info->platform, "Portable")) return; /* Mesa's crash when asked */
    if (clCreateSubDevices(((soma_cl_device *)state)->id, parts, 1, &id, NULL) != CL_SUCCESS) return;
    application app = {0};
    start_opencl(&app, id);
    start_network(&app, app.queue);
    cl_mem x = create_buffer(&app, BATCH * INPUTS), y = create_buffer(&app, BATCH * UNITS);
    soma_memory *in, *out;
    float found[BATCH * UNITS];
    expect_ok(soma_opencl_wrap(app.device, x, &in));
    expect_ok(soma_opencl_wrap(app.device, y, &out));
    ck_assert_str_eq(soma_device_selector(app.device), "opencl");
    enqueue_ramp(&app, x, 0.75f, NULL);
    expect_ok(soma_session_run_memory(app.session, BATCH, &in, &out));
    read_buffer(&app, y, 0, found, BATCH * UNITS);
    expect_outputs(&app, 0.75f, 1, found);
    soma_memory_destroy(in);
    soma_memory_destroy(out);
    clReleaseMemObject(x);
    clReleaseMemObject(y);
    stop(&app);
    clReleaseDevice(id);
}

START_TEST(a_sub_device_serves_too) {
    with_each_device(run_on_part);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, a_network_runs_on_the_buffers_of_the_application, 0, FRONTS);
    tcase_add_loop_test(cases, other_buffers_may_come_each_time, 0, FRONTS);
    tcase_add_loop_test(cases, events_order_the_work_of_two_queues, 0, FRONTS);
    tcase_add_test(cases, handles_come_back);
    tcase_add_test(cases, memory_stays_until_its_commands_have_finished);
    tcase_add_test(cases, nothing_is_retained_in_the_end);
    tcase_add_test(cases, what_does_not_fit_is_refused);
    tcase_add_test(cases, unaligned_host_memory_is_refused);
    tcase_add_test(cases, unaligned_host_memory_will_do_without_vectors);
    tcase_add_test(cases, what_is_lost_on_its_way_is_told);
    tcase_add_test(cases, a_sub_device_serves_too);
}

int main(void) {
    const int skip = skip_without_device();
    return skip ? skip : run_suite("opencl_interop", add_tests);
}
