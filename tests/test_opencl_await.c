/* SPDX-License-Identifier: MIT */
/*
 * How transfers of processors are awaited: with a driver that answers as the test wants it (the linker puts the
 * functions below in its place). What it is told of a failure never keeps a transfer from ending before its memory goes
 * back.
 */
#include "opencl_devices.h"
#include "suite.h"

#include <sched.h>
#include <time.h>

enum { BYTES = 50000, ALWAYS = 1000000 }; /* more than is copied and then written behind our back */

/* ---------------------------------------------------------------------------------------------------- the driver */

static struct {
    int failing_waits; /* so many of the next fail */
    cl_int flush, query;
    bool told;     /* the status of a command is what stands here */
    cl_int status; /* of every command */
    bool crowded;  /* whoever yields waits long */
} driver;

static struct {
    int waits, queries, finishes, yields, released;
    int finishes_at_release; /* at the last one */
} seen;

static void reset(void) {
    memset(&driver, 0, sizeof driver);
    memset(&seen, 0, sizeof seen);
}

cl_int __real_clWaitForEvents(cl_uint count, const cl_event *events);
cl_int __wrap_clWaitForEvents(cl_uint count, const cl_event *events);
cl_int __wrap_clWaitForEvents(cl_uint count, const cl_event *events) {
    seen.waits++;
    if (driver.failing_waits <= 0) return __real_clWaitForEvents(count, events);
    driver.failing_waits--;
    return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
}

cl_int __real_clGetEventInfo(cl_event event, cl_event_info what, size_t room, void *value, size_t *size);
cl_int __wrap_clGetEventInfo(cl_event event, cl_event_info what, size_t room, void *value, size_t *size);
cl_int __wrap_clGetEventInfo(cl_event event, cl_event_info what, size_t room, void *value, size_t *size) {
    seen.queries++;
    if (driver.query != CL_SUCCESS) return driver.query;
    cl_int code = __real_clGetEventInfo(event, what, room, value, size);
    if (driver.told) memcpy(value, &driver.status, sizeof driver.status);
    return code;
}

cl_int __real_clFlush(cl_command_queue queue);
cl_int __wrap_clFlush(cl_command_queue queue);
cl_int __wrap_clFlush(cl_command_queue queue) {
    cl_int code = __real_clFlush(queue);
    return driver.flush != CL_SUCCESS ? driver.flush : code;
}

cl_int __real_clFinish(cl_command_queue queue);
cl_int __wrap_clFinish(cl_command_queue queue);
cl_int __wrap_clFinish(cl_command_queue queue) {
    seen.finishes++;
    return __real_clFinish(queue);
}

cl_int __real_clReleaseEvent(cl_event event);
cl_int __wrap_clReleaseEvent(cl_event event);
cl_int __wrap_clReleaseEvent(cl_event event) {
    seen.released++;
    seen.finishes_at_release = seen.finishes;
    return __real_clReleaseEvent(event);
}

int __real_sched_yield(void);
int __wrap_sched_yield(void);
int __wrap_sched_yield(void) {
    seen.yields++;
    if (!driver.crowded) return __real_sched_yield();
    return nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* ------------------------------------------------------------------------------------------------------- the tests */

static unsigned char sent[BYTES], arrived[BYTES];

static void (*body)(soma_cl_device *device, void *memory);

static void run_body(void *state, const soma_device_info *info) {
    soma_cl_device *device = state;
    (void)info;
    if (!soma_cl_is_processor(device)) return; /* others wait within the driver */
    reset();
    for (size_t i = 0; i < BYTES; i++) sent[i] = (unsigned char)(i * 7 % 251 + 1);
    memset(arrived, 0, sizeof arrived);
    void *memory = upload(state, sent, BYTES);
    reset();
    device->crowded = 0; /* whatever else runs here */
    body(device, memory);
    reset();
    soma_opencl_api.free(state, memory);
}

static void with_processors(void (*test)(soma_cl_device *device, void *memory)) {
    body = test;
    with_each_device(run_body);
}

static soma_status fetch(soma_cl_device *device, void *memory) {
    return soma_opencl_api.read(device, memory, 0, arrived, BYTES);
}

static void expect_arrival(soma_cl_device *device, void *memory) {
    expect_ok(fetch(device, memory));
    ck_assert_mem_eq(arrived, sent, BYTES);
}

/* The queue is waited for to its end as always, by its last command's event and clFinish(); then events go. */
static void expect_end_before_release(int waits) {
    ck_assert_int_eq(seen.waits, waits);
    ck_assert_int_eq(seen.finishes, 1);
    ck_assert_int_eq(seen.finishes_at_release, 1);
    ck_assert_int_eq(seen.released, 2); /* the transfer's, and that of the last command */
}

static void fail_waits(soma_cl_device *device, void *memory) {
    static const int failing[] = {1, ALWAYS};
    for (size_t i = 0; i < SOMA_COUNT_OF(failing); i++) {
        reset();
        memset(arrived, 0, sizeof arrived);
        driver.failing_waits = failing[i];
        expect_error(fetch(device, memory), SOMA_DEVICE_FAILED, "reading 50000 bytes",
                     "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST");
        expect_end_before_release(2);
        ck_assert_mem_eq(arrived, sent, BYTES);
        reset();
        driver.failing_waits = failing[i];
        expect_error(soma_opencl_api.write(device, memory, 0, sent, BYTES), SOMA_DEVICE_FAILED, "writing 50000 bytes",
                     "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST");
        expect_end_before_release(2);
    }
    reset();
    expect_arrival(device, memory);
    ck_assert_int_eq(seen.released, 1);
    ck_assert_int_eq(seen.finishes, 0);
}

START_TEST(a_transfer_ends_before_its_memory_goes_back) {
    with_processors(fail_waits);
}
END_TEST

static void end_badly(soma_cl_device *device, void *memory) {
    driver.told = true;
    driver.status = CL_OUT_OF_RESOURCES;
    driver.failing_waits = 1;
    expect_error(fetch(device, memory), SOMA_DEVICE_FAILED, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST");
    ck_assert_int_eq(seen.yields, 0); /* it has ended: nobody looks again */
}

START_TEST(a_command_that_failed_has_ended) {
    with_processors(end_badly);
}
END_TEST

static void refuse_queries(soma_cl_device *device, void *memory) {
    driver.query = CL_INVALID_VALUE;
    expect_arrival(device, memory);
    ck_assert_int_eq(seen.yields, 0);
    ck_assert_int_eq(seen.waits, 1);
}

START_TEST(what_cannot_be_asked_is_waited_for) {
    with_processors(refuse_queries);
}
END_TEST

/* What may not have been sent off would be looked for in vain. */
static void refuse_flush(soma_cl_device *device, void *memory) {
    driver.flush = CL_OUT_OF_RESOURCES;
    expect_arrival(device, memory);
    ck_assert_int_eq(seen.queries, 0);
    ck_assert_int_eq(seen.waits, 1);
}

START_TEST(what_was_not_flushed_is_waited_for) {
    with_processors(refuse_flush);
}
END_TEST

static void yield_for_long(soma_cl_device *device, void *memory) {
    driver.told = true;
    driver.status = CL_RUNNING;
    driver.crowded = true;
    expect_arrival(device, memory);
    ck_assert_int_eq(seen.yields, 1);
    ck_assert_int_gt(device->crowded, 1);
    device->crowded = 2;
    for (int left = 1; left >= 0; left--) {
        reset();
        expect_arrival(device, memory);
        ck_assert_int_eq(device->crowded, left);
        ck_assert_int_eq(seen.queries, 0);
        ck_assert_int_eq(seen.waits, 1);
    }
    reset();
    expect_arrival(device, memory);
    ck_assert_int_gt(seen.queries, 0);
}

START_TEST(where_others_want_the_cores_waits_are_slept_through) {
    with_processors(yield_for_long);
}
END_TEST

static void never_end(soma_cl_device *device, void *memory) {
    driver.told = true;
    driver.status = CL_RUNNING;
    expect_arrival(device, memory);
    ck_assert_int_gt(seen.yields, 0);
    ck_assert_int_eq(seen.waits, 1);
}

START_TEST(what_takes_long_is_waited_for) {
    with_processors(never_end);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, a_transfer_ends_before_its_memory_goes_back);
    tcase_add_test(cases, a_command_that_failed_has_ended);
    tcase_add_test(cases, what_cannot_be_asked_is_waited_for);
    tcase_add_test(cases, what_was_not_flushed_is_waited_for);
    tcase_add_test(cases, where_others_want_the_cores_waits_are_slept_through);
    tcase_add_test(cases, what_takes_long_is_waited_for);
}

int main(void) {
    const int skipped = skip_without_device();
    return skipped ? skipped : run_suite("opencl-await", add_tests);
}
