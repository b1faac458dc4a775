/* SPDX-License-Identifier: MIT */
/*
 * Children of fork() that inherit an open device: every use is refused, closing frees their memory and returns, no
 * driver is called, and what they open themselves works. The parent's device stays as it was.
 */
#include "base/process.h"
#include "device/upload.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 3, WIDTH = 4, CLASSES = 2, SECONDS = 60 };

static bool in_child;

/* ------------------------------------------------------------------------------------------- calls of the driver */

#ifdef SOMA_HAVE_OPENCL
#include <soma/opencl.h>
/* What gives back or waits is refused by nobody but the device itself. */
#define WATCHED(name, type)                                                                                            \
    cl_int __real_##name(type object);                                                                                 \
    cl_int __wrap_##name(type object);                                                                                 \
    cl_int __wrap_##name(type object) {                                                                                \
        if (in_child) {                                                                                                \
            fprintf(stderr, "%s is called in the child\n", #name);                                                     \
            _exit(2);                                                                                                  \
        }                                                                                                              \
        return __real_##name(object);                                                                                  \
    }
WATCHED(clFinish, cl_command_queue)
WATCHED(clFlush, cl_command_queue)
WATCHED(clReleaseMemObject, cl_mem)
WATCHED(clReleaseKernel, cl_kernel)
WATCHED(clReleaseProgram, cl_program)
WATCHED(clReleaseCommandQueue, cl_command_queue)
WATCHED(clReleaseContext, cl_context)
WATCHED(clReleaseDevice, cl_device_id)
WATCHED(clReleaseEvent, cl_event)

cl_int __real_clWaitForEvents(cl_uint count, const cl_event *events);
cl_int __wrap_clWaitForEvents(cl_uint count, const cl_event *events);
cl_int __wrap_clWaitForEvents(cl_uint count, const cl_event *events) {
    if (in_child) {
        fprintf(stderr, "clWaitForEvents is called in the child\n");
        _exit(2);
    }
    return __real_clWaitForEvents(count, events);
}
#endif

/* ------------------------------------------------------------------------------------------------------- children */

/* In a child nothing may run that belongs to the test's framework. */
#define CHILD(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "line %d, in the child: %s: %s\n", __LINE__, #condition, soma_last_error());               \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)
#define REFUSED(call) CHILD((call) == SOMA_INVALID_STATE && strstr(soma_last_error(), "fork()"))

/* What a child reaches counts for coverage, too, although it ends by _exit(). */
void __gcov_dump(void) __attribute__((weak));

/* Runs `body` in a child, which must return within SECONDS. */
static void in_a_child(void (*body)(void)) {
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        in_child = true;
        alarm(SECONDS);
        body();
        if (__gcov_dump) __gcov_dump();
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM), "the child hangs");
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status 0x%x", (unsigned)status);
}

/* ----------------------------------------------------------------------------------------------- what is inherited */

static const float x[ROWS * WIDTH] = {1, 2, 3, 4, 0, 1, 0, 1, -1, 0, 1, 0};
static const int32_t classes[ROWS] = {0, 1, 1};
static const soma_array inputs = {x, SOMA_F32, 2, {ROWS, WIDTH}}, targets = {classes, SOMA_I32, 1, {ROWS}};

static soma_device *device; /* closed by the child, so it is not the one that the tests share */
static soma_network *network;
static soma_session *session;
static soma_dataset *dataset;
static soma_memory *memory;
static float expected[ROWS * CLASSES];

#ifdef SOMA_HAVE_TRAINING
static const soma_fit_options one_epoch = {.epochs = 1};
#endif

static void setup(void) {
    expect_ok(soma_device_open(test_device_name, NULL, &device));
    network = network_of((model_shape){WIDTH, 5, CLASSES, true}, 3);
    expect_ok(soma_compile(network, device, NULL));
    dataset = dataset_of(inputs, targets);
    expect_ok(soma_memory_create(device, 64, &memory));
#ifdef SOMA_HAVE_TRAINING
    expect_ok(soma_fit(network, dataset, &one_epoch, NULL));
    expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
#endif
    expect_ok(soma_session_create(network, NULL, &session));
    expect_ok(soma_session_run(session, ROWS, (const float *[]){x}, (float *[]){expected}));
}

static void destroy_all(void) {
    soma_session_destroy(session);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    soma_memory_destroy(memory);
    soma_device_close(device);
}

static void expect_the_parent_goes_on(void) {
    float y[ROWS * CLASSES];
    expect_ok(soma_session_run(session, ROWS, (const float *[]){x}, (float *[]){y}));
    ck_assert_mem_eq(y, expected, sizeof y);
    expect_ok(soma_run(network, x, ROWS, y));
    ck_assert_mem_eq(y, expected, sizeof y);
}

/* ---------------------------------------------------------------------------------------------------------- tests */

static void use_what_was_inherited(void) {
    float y[64];
    soma_network *other = network_of((model_shape){WIDTH, 0, CLASSES, true}, 4);
    soma_memory *another = NULL;
    soma_device_info info;
    soma_device_memory use;
    REFUSED(soma_run(network, x, ROWS, y));
    REFUSED(soma_session_run(session, ROWS, (const float *[]){x}, (float *[]){y}));
    REFUSED(soma_predict(network, dataset, 0, 0, y));
    REFUSED(soma_get_parameter(network, soma_network_tensor(network, "dense_1.bias"), y, 5));
    REFUSED(soma_compile(other, device, NULL));
    REFUSED(soma_memory_create(device, 64, &another));
    REFUSED(soma_memory_write(memory, 0, x, 4));
    REFUSED(soma_memory_read(memory, 0, y, 4));
    REFUSED(soma_device_sync(device));
#ifdef SOMA_HAVE_TRAINING
    REFUSED(soma_fit(network, dataset, &one_epoch, NULL));
    REFUSED(soma_train_on_batch(network, &inputs, &targets, NULL));
#endif
    if (soma_device_peak(device, &(double){0}) != SOMA_UNSUPPORTED) REFUSED(soma_device_peak(device, &(double){0}));
#ifdef SOMA_HAVE_OPENCL
    if (soma_device_state(device, &soma_opencl_api)) {
        REFUSED(soma_opencl_handles(device, NULL, NULL, NULL));
        REFUSED(soma_opencl_record(device, &(cl_event){NULL}));
        REFUSED(soma_device_tune(device, NULL));
        REFUSED(soma_device_get_tuning(device, &(soma_tuning){0}));
    }
#endif
    soma_device_get_info(device, &info);
    CHILD(info.name[0]);
    soma_device_get_memory(device, &use);
    CHILD(use.allocated >= 64);
    soma_network_destroy(other);
}

START_TEST(every_use_is_refused) {
    in_a_child(use_what_was_inherited);
    expect_the_parent_goes_on();
    destroy_all();
}
END_TEST

/* An allocator can be set only where soma holds no memory at all. */
static void close_what_was_inherited(void) {
    destroy_all();
    soma_device_close(test_device);
    CHILD(soma_set_allocator(NULL) == SOMA_OK);
}

START_TEST(closing_frees_everything_and_returns) {
    in_a_child(close_what_was_inherited);
    expect_the_parent_goes_on();
    destroy_all();
}
END_TEST

static soma_upload upload;

static void close_while_values_are_on_their_way(void) {
    void *host;
    REFUSED(soma_upload_begin(&upload, &host));
    soma_upload_close(&upload);
    close_what_was_inherited();
}

START_TEST(what_is_on_its_way_is_given_up) {
    float sent[ROWS * WIDTH];
    void *host;
    expect_ok(soma_upload_open(device, 4096, "a test", &upload));
    for (int i = 0; i < 3; i++) {
        expect_ok(soma_upload_begin(&upload, &host));
        memcpy(host, x, sizeof x);
        expect_ok(soma_upload_send(&upload));
    }
    in_a_child(close_while_values_are_on_their_way);
    expect_ok(soma_device_read(device, upload.memory, 0, sent, sizeof sent));
    ck_assert_mem_eq(sent, x, sizeof sent);
    soma_upload_close(&upload);
    expect_the_parent_goes_on();
    destroy_all();
}
END_TEST

/* As if another thread had been at work when the child was made. */
START_TEST(locks_of_other_threads_hold_nobody_up) {
    soma_device_lock(device);
    in_a_child(use_what_was_inherited);
    in_a_child(close_what_was_inherited);
    soma_device_unlock(device);
    expect_the_parent_goes_on();
    destroy_all();
}
END_TEST

static void run_on_a_device_of_its_own(soma_device *own) {
    float y[ROWS * CLASSES];
    soma_network *mine = network_of((model_shape){WIDTH, 5, CLASSES, true}, 3);
    model m;
    CHILD(soma_compile(mine, own, NULL) == SOMA_OK);
    CHILD(soma_run(mine, x, ROWS, y) == SOMA_OK);
    model_from(&m, (model_shape){WIDTH, 5, CLASSES, true}, mine);
    for (size_t i = 0; i < ROWS; i++) {
        double outputs[CLASSES];
        model_predict(&m, x + i * WIDTH, outputs);
        for (size_t j = 0; j < CLASSES; j++) CHILD(fabs(outputs[j] - (double)y[i * CLASSES + j]) < 1e-6);
    }
    soma_network_destroy(mine);
}

static soma_device *of_the_child;

static void be_refused_as_a_grandchild(void) {
    CHILD(soma_device_sync(of_the_child) == SOMA_INVALID_STATE);
    CHILD(soma_device_sync(device) == SOMA_INVALID_STATE);
    soma_device_close(of_the_child);
    close_what_was_inherited();
}

/* A driver that the parent has used has no threads here; the cpu device makes its own. */
static void open_another(void) {
    in_child = false;
    soma_status status = soma_device_open(test_device_name, NULL, &of_the_child);
    if (strcmp(test_device_name, "cpu") != 0) {
        CHILD(status == SOMA_NO_DEVICE && strstr(soma_last_error(), "fork()"));
        CHILD(soma_device_open("cpu", NULL, &of_the_child) == SOMA_OK);
    } else
        CHILD(status == SOMA_OK);
    run_on_a_device_of_its_own(of_the_child);
    pid_t grandchild = fork();
    CHILD(grandchild >= 0);
    if (grandchild == 0) {
        alarm(SECONDS);
        be_refused_as_a_grandchild();
        _exit(0);
    }
    int ended = 1;
    CHILD(waitpid(grandchild, &ended, 0) == grandchild && ended == 0);
    run_on_a_device_of_its_own(of_the_child);
    soma_device_close(of_the_child);
    close_what_was_inherited();
}

START_TEST(a_child_opens_a_device_of_its_own) {
    in_a_child(open_another);
    expect_the_parent_goes_on();
    destroy_all();
}
END_TEST

static void end_child(void *state) {
    (void)state;
    if (in_child) _exit(3);
}

/* Of a device that does not know of forks nothing is called: what it does there nobody knows. */
START_TEST(a_device_without_the_slot_is_left_alone) {
    static soma_device_api older;
    older = *test_device->api;
    older.name = "older";
    older.size = offsetof(soma_device_api, after_fork);
    older.after_fork = end_child;
    destroy_all();
    expect_ok(soma_device_register(&older));
    const char *usual = test_device_name;
    test_device_name = "older";
    setup();
    older.close = end_child;
    older.free = (void (*)(void *, void *))(uintptr_t)end_child;
    in_a_child(destroy_all);
    older.close = test_device->api->close;
    older.free = test_device->api->free;
    test_device_name = usual;
    expect_the_parent_goes_on();
    destroy_all();
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, every_use_is_refused);
    tcase_add_test(cases, closing_frees_everything_and_returns);
    tcase_add_test(cases, what_is_on_its_way_is_given_up);
    tcase_add_test(cases, locks_of_other_threads_hold_nobody_up);
    tcase_add_test(cases, a_child_opens_a_device_of_its_own);
    tcase_add_test(cases, a_device_without_the_slot_is_left_alone);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "fork", add_tests);
}
