/* SPDX-License-Identifier: MIT */
/*
 * What soma/opencl.h promises about waiting and about references, seen with an event that happens when the test wants
 * it, and with a driver that refuses to be retained (the linker puts the functions below in its place).
 */
#include "opencl_devices.h"
#include "suite.h"

#include <pthread.h>
#include <soma/opencl.h>
#include <stdatomic.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------------ references */

static const char *refused; /* this function answers with an error; NULL: none */
static int device_references, memory_references;

/* As OpenCL has it for whole devices, references are counted here alone. */
cl_int __real_clRetainDevice(cl_device_id id);
cl_int __wrap_clRetainDevice(cl_device_id id);
cl_int __wrap_clRetainDevice(cl_device_id id) {
    if (refused && strcmp(refused, "clRetainDevice") == 0) return CL_OUT_OF_RESOURCES;
    device_references++;
    return __real_clRetainDevice(id);
}

cl_int __real_clReleaseDevice(cl_device_id id);
cl_int __wrap_clReleaseDevice(cl_device_id id);
cl_int __wrap_clReleaseDevice(cl_device_id id) {
    device_references--;
    return __real_clReleaseDevice(id);
}

cl_int __real_clRetainMemObject(cl_mem memory);
cl_int __wrap_clRetainMemObject(cl_mem memory);
cl_int __wrap_clRetainMemObject(cl_mem memory) {
    if (refused && strcmp(refused, "clRetainMemObject") == 0) return CL_OUT_OF_RESOURCES;
    memory_references++;
    return __real_clRetainMemObject(memory);
}

cl_int __real_clReleaseMemObject(cl_mem memory);
cl_int __wrap_clReleaseMemObject(cl_mem memory);
cl_int __wrap_clReleaseMemObject(cl_mem memory) {
    memory_references--;
    return __real_clReleaseMemObject(memory);
}

#define REFUSING(name)                                                                                                 \
    cl_int __real_##name(cl_##name##_object object);                                                                   \
    cl_int __wrap_##name(cl_##name##_object object);                                                                   \
    cl_int __wrap_##name(cl_##name##_object object) {                                                                  \
        return refused && strcmp(refused, #name) == 0 ? CL_OUT_OF_RESOURCES : __real_##name(object);                   \
    }
typedef cl_context cl_clRetainContext_object;
typedef cl_command_queue cl_clRetainCommandQueue_object;
REFUSING(clRetainContext)
REFUSING(clRetainCommandQueue)

/* --------------------------------------------------------------------------------------------------- an application */

typedef struct application {
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
} application;

static void done(cl_int code, int line) {
    ck_assert_msg(code == CL_SUCCESS, "line %d: %s (%d)", line, soma_cl_error_name(code), (int)code);
}
#define DONE(code) done((code), __LINE__)

static void (*body)(application *app);

static void run_body(void *state, const soma_device_info *info) {
    application app = {.id = ((soma_cl_device *)state)->id};
    cl_int code;
    (void)info;
    app.context = clCreateContext(NULL, 1, &app.id, NULL, NULL, &code);
    DONE(code);
    app.queue = clCreateCommandQueue(app.context, app.id, 0, &code);
    DONE(code);
    body(&app);
    clReleaseCommandQueue(app.queue);
    clReleaseContext(app.context);
}

static void with_each(void (*test)(application *app)) {
    body = test;
    with_each_device(run_body);
}

static cl_event make_gate(const application *app) {
    cl_int code;
    cl_event gate = clCreateUserEvent(app->context, &code);
    DONE(code);
    return gate;
}

static bool has_happened(cl_event event) {
    cl_int status = CL_QUEUED;
    DONE(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL));
    return status == CL_COMPLETE;
}

/* ------------------------------------------------------------------------------------------------------- the tests */

enum { PATIENCE = 300 }; /* milliseconds in which a driver with nothing to do has done it */

static void wait_behind_a_gate(application *app) {
    cl_command_queue queues[] = {NULL, app->queue}; /* soma's own, and the application's */
    for (size_t i = 0; i < SOMA_COUNT_OF(queues); i++) {
        soma_device *device;
        cl_event gates[] = {make_gate(app), make_gate(app)}, before, after;
        expect_ok(soma_opencl_open(app->context, app->id, queues[i], NULL, &device));
        expect_ok(soma_opencl_record(device, &before));
        expect_ok(soma_opencl_wait_for(device, 2, gates));
        expect_ok(soma_opencl_record(device, &after));
        DONE(clWaitForEvents(1, &before));
        DONE(clSetUserEventStatus(gates[0], CL_COMPLETE)); /* one of two is not enough */
        for (int waited = 0; waited < PATIENCE; waited++) {
            ck_assert_msg(!has_happened(after), "what was asked of soma did not wait for the event");
            usleep(1000);
        }
        DONE(clSetUserEventStatus(gates[1], CL_COMPLETE));
        DONE(clWaitForEvents(1, &after));
        soma_device_close(device);
        for (size_t gate = 0; gate < 2; gate++) clReleaseEvent(gates[gate]);
        clReleaseEvent(before);
        clReleaseEvent(after);
    }
}

START_TEST(work_waits_for_all_events) {
    with_each(wait_behind_a_gate);
}
END_TEST

typedef struct opener {
    cl_event gate;
    atomic_bool opened;
} opener;

static void *open_gate(void *context) {
    opener *later = context;
    usleep(PATIENCE * 1000);
    later->opened = true;
    clSetUserEventStatus(later->gate, CL_COMPLETE);
    return NULL;
}

static void sync_device(soma_device *device) {
    expect_ok(soma_opencl_api.sync(soma_device_state(device, &soma_opencl_api)));
}

/* What returns only when the queue is empty; the last work is flushed already. */
static void expect_to_wait(const application *app, void (*what)(soma_device *device), bool closes) {
    soma_device *device;
    pthread_t thread;
    opener later = {.gate = make_gate(app)};
    cl_event last;
    expect_ok(soma_opencl_open(app->context, app->id, app->queue, NULL, &device));
    expect_ok(soma_opencl_wait_for(device, 1, &later.gate));
    expect_ok(soma_opencl_record(device, &last));
    ck_assert_int_eq(pthread_create(&thread, NULL, open_gate, &later), 0);
    what(device);
    const bool opened = later.opened;
    pthread_join(thread, NULL);
    if (!closes) soma_device_close(device);
    ck_assert_msg(opened, "%s did not wait for the queue", closes ? "closing" : "sync");
    clReleaseEvent(later.gate);
    clReleaseEvent(last);
}

static void close_with_work_left(application *app) {
    expect_to_wait(app, soma_device_close, true);
}

START_TEST(closing_waits_for_the_queue) {
    with_each(close_with_work_left);
}
END_TEST

static void sync_with_work_left(application *app) {
    expect_to_wait(app, sync_device, false);
}

START_TEST(syncing_waits_for_the_queue) {
    with_each(sync_with_work_left);
}
END_TEST

/* Nothing is released that was not retained. */
static void refuse_references(application *app) {
    static const char *const functions[] = {"clRetainDevice", "clRetainContext", "clRetainCommandQueue"};
    const int devices = device_references, memories = memory_references;
    for (size_t i = 0; i < SOMA_COUNT_OF(functions); i++) {
        soma_device *device;
        refused = functions[i];
        const soma_status status = soma_opencl_open(app->context, app->id, app->queue, NULL, &device);
        refused = NULL;
        expect_error(status, SOMA_DEVICE_FAILED, functions[i], "CL_OUT_OF_RESOURCES");
        ck_assert_ptr_null(device);
        ck_assert_msg(device_references == devices, "%s: %d references to the device too many", functions[i],
                      device_references - devices);
    }
    ck_assert_int_eq(memory_references, memories);
}

START_TEST(a_device_that_cannot_be_retained_is_not_opened) {
    with_each(refuse_references);
}
END_TEST

static void refuse_memory(application *app) {
    soma_device *device;
    soma_memory *memory;
    cl_int code;
    cl_mem buffer = clCreateBuffer(app->context, CL_MEM_READ_WRITE, 4096, NULL, &code);
    DONE(code);
    expect_ok(soma_opencl_open(app->context, app->id, app->queue, NULL, &device));
    const int references = memory_references;
    refused = "clRetainMemObject";
    const soma_status status = soma_opencl_wrap(device, buffer, &memory);
    refused = NULL;
    expect_error(status, SOMA_DEVICE_FAILED, "clRetainMemObject", "CL_OUT_OF_RESOURCES");
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(memory_references, references);
    expect_ok(soma_opencl_wrap(device, buffer, &memory));
    ck_assert_int_eq(memory_references, references + 1);
    soma_memory_destroy(memory);
    ck_assert_int_eq(memory_references, references);
    soma_device_close(device);
    clReleaseMemObject(buffer);
}

START_TEST(a_buffer_that_cannot_be_retained_is_not_wrapped) {
    with_each(refuse_memory);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, work_waits_for_all_events);
    tcase_add_test(cases, closing_waits_for_the_queue);
    tcase_add_test(cases, syncing_waits_for_the_queue);
    tcase_add_test(cases, a_device_that_cannot_be_retained_is_not_opened);
    tcase_add_test(cases, a_buffer_that_cannot_be_retained_is_not_wrapped);
}

int main(void) {
    const int skipped = skip_without_device();
    return skipped ? skipped : run_suite("opencl-waiting", add_tests);
}
