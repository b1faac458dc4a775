/* SPDX-License-Identifier: MIT */
/*
 * Contexts and programs that outlive lives (inject/opencl_kept.h) must hide no mistake: what a driver would refuse,
 * they refuse; what no program may do, as the use of an object after its release, ends the test. The calls of OpenCL
 * are here those of a driver that gives the same handles every time and knows none but these.
 */
#include "inject/opencl_kept.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>

static char the_context, the_other_context, the_program, the_kernel, the_queue, the_buffer, the_device;
#define CONTEXT ((cl_context)(void *)&the_context)
#define PROGRAM ((cl_program)(void *)&the_program)
#define DEVICE  ((cl_device_id)(void *)&the_device)

static int builds;

/* ------------------------------------------------------------------------------------------------------ the driver */

/* One that has properties is another one, which is not kept. */
cl_context __real_clCreateContext(const cl_context_properties *properties, cl_uint count, const cl_device_id *ids,
                                  void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data,
                                  cl_int *code) {
    (void)count, (void)ids, (void)notify, (void)data;
    *code = CL_SUCCESS;
    return properties ? (cl_context)(void *)&the_other_context : CONTEXT;
}

cl_int __real_clReleaseContext(cl_context context) {
    return context ? CL_SUCCESS : CL_INVALID_CONTEXT;
}

cl_program __real_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                            const size_t *lengths, cl_int *code) {
    (void)count, (void)texts, (void)lengths;
    *code = context ? CL_SUCCESS : CL_INVALID_CONTEXT;
    return context ? PROGRAM : NULL;
}

cl_program __real_clCreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id *ids,
                                            const size_t *sizes, const unsigned char **binaries, cl_int *taken,
                                            cl_int *code) {
    (void)count, (void)ids, (void)sizes, (void)binaries;
    *taken = *code = context ? CL_SUCCESS : CL_INVALID_CONTEXT;
    return context ? PROGRAM : NULL;
}

cl_int __real_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value, size_t *needed) {
    (void)what, (void)size, (void)value, (void)needed;
    return program ? CL_SUCCESS : CL_INVALID_PROGRAM;
}

cl_int __real_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *ids, const char *options,
                             void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    (void)count, (void)ids, (void)options, (void)notify, (void)data;
    builds += program != NULL;
    return program ? CL_SUCCESS : CL_INVALID_PROGRAM;
}

cl_kernel __real_clCreateKernel(cl_program program, const char *name, cl_int *code) {
    (void)name;
    *code = program ? CL_SUCCESS : CL_INVALID_PROGRAM;
    return program ? (cl_kernel)(void *)&the_kernel : NULL;
}

cl_int __real_clReleaseProgram(cl_program program) {
    return program ? CL_SUCCESS : CL_INVALID_PROGRAM;
}

cl_command_queue __real_clCreateCommandQueue(cl_context context, cl_device_id id,
                                             cl_command_queue_properties properties, cl_int *code) {
    (void)id, (void)properties;
    *code = context ? CL_SUCCESS : CL_INVALID_CONTEXT;
    return context ? (cl_command_queue)(void *)&the_queue : NULL;
}

cl_mem __real_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code) {
    (void)flags, (void)size, (void)host;
    *code = context ? CL_SUCCESS : CL_INVALID_CONTEXT;
    return context ? (cl_mem)(void *)&the_buffer : NULL;
}

/* ------------------------------------------------------------------------------------------------------- a life */

static const char *text = "kernel void k() {}";
static cl_int code;

static cl_context new_context(void) {
    return kept_create_context(NULL, 1, &(cl_device_id){DEVICE}, NULL, NULL, &code);
}

static cl_program new_program(cl_context context) {
    return kept_create_program(context, 1, &text, NULL, &code);
}

static cl_int build(cl_program program) {
    return kept_build_program(program, 1, &(cl_device_id){DEVICE}, "", NULL, NULL);
}

/* After it a context and a program are kept. */
static void live(void) {
    cl_context context = new_context();
    cl_program program = new_program(context);
    ck_assert_int_eq(build(program), CL_SUCCESS);
    ck_assert_ptr_nonnull(kept_create_kernel(program, "k", &code));
    ck_assert_int_eq(kept_release_program(program), CL_SUCCESS);
    ck_assert_int_eq(kept_release_context(context), CL_SUCCESS);
}

/* ------------------------------------------------------------------------------------------------------- the tests */

START_TEST(a_program_is_built_once) {
    live();
    live();
    ck_assert_int_eq(builds, 1);
}
END_TEST

static void live_by_binary(const char *binary, size_t size) {
    cl_context context = new_context();
    cl_int taken;
    const unsigned char *bytes = (const unsigned char *)binary;
    cl_program program =
        kept_create_program_of_binary(context, 1, &(cl_device_id){DEVICE}, &size, &bytes, &taken, &code);
    ck_assert_int_eq(build(program), CL_SUCCESS);
    ck_assert_int_eq(kept_program_info(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL), CL_SUCCESS);
    ck_assert_ptr_nonnull(kept_create_kernel(program, "k", &code));
    ck_assert_int_eq(kept_release_program(program), CL_SUCCESS);
    ck_assert_int_eq(kept_release_context(context), CL_SUCCESS);
}

START_TEST(so_is_one_of_a_binary) {
    live();
    live_by_binary("a\0b", 3);
    live_by_binary("a\0b", 3);
    ck_assert_int_eq(builds, 2);
    live_by_binary("a\0c", 3);
    ck_assert_int_eq(builds, 3);
    ck_assert_int_eq(kept_program_info(NULL, CL_PROGRAM_BINARY_SIZES, 0, NULL, NULL), CL_INVALID_PROGRAM);
}
END_TEST

/* What a program is that could not be created. */
START_TEST(no_program_is_refused_though_a_released_one_is_kept) {
    live();
    ck_assert_int_eq(build(NULL), CL_INVALID_PROGRAM);
    ck_assert_ptr_null(kept_create_kernel(NULL, "k", &code));
    ck_assert_int_eq(code, CL_INVALID_PROGRAM);
    ck_assert_int_eq(kept_release_program(NULL), CL_INVALID_PROGRAM);
}
END_TEST

START_TEST(no_context_is_refused_though_a_released_one_is_kept) {
    live();
    ck_assert_ptr_null(new_program(NULL));
    ck_assert_ptr_null(kept_create_queue(NULL, DEVICE, 0, &code));
    ck_assert_ptr_null(kept_create_buffer(NULL, 0, 1, NULL, &code));
    ck_assert_int_eq(kept_release_context(NULL), CL_INVALID_CONTEXT);
    ck_assert_int_eq(kept_release_context(CONTEXT), CL_INVALID_CONTEXT);
}
END_TEST

START_TEST(a_context_in_use_serves) {
    live();
    cl_context context = new_context();
    ck_assert_ptr_nonnull(kept_create_queue(context, DEVICE, 0, &code));
    ck_assert_ptr_nonnull(kept_create_buffer(context, 0, 1, NULL, &code));
    const cl_context_properties properties[] = {0};
    cl_context other = kept_create_context(properties, 1, &(cl_device_id){DEVICE}, NULL, NULL, &code);
    ck_assert_ptr_nonnull(new_program(other));
}
END_TEST

/* Each of them ends the test by abort(). */
START_TEST(programs_of_a_released_context) {
    live();
    new_program(CONTEXT);
}
END_TEST

START_TEST(queues_of_a_released_context) {
    live();
    kept_create_queue(CONTEXT, DEVICE, 0, &code);
}
END_TEST

START_TEST(buffers_of_a_released_context) {
    live();
    kept_create_buffer(CONTEXT, 0, 1, NULL, &code);
}
END_TEST

START_TEST(kernels_of_a_released_program) {
    live();
    kept_create_kernel(PROGRAM, "k", &code);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("kept");
    tcase_add_test(cases, a_program_is_built_once);
    tcase_add_test(cases, so_is_one_of_a_binary);
    tcase_add_test(cases, no_program_is_refused_though_a_released_one_is_kept);
    tcase_add_test(cases, no_context_is_refused_though_a_released_one_is_kept);
    tcase_add_test(cases, a_context_in_use_serves);
    tcase_add_test_raise_signal(cases, programs_of_a_released_context, SIGABRT);
    tcase_add_test_raise_signal(cases, queues_of_a_released_context, SIGABRT);
    tcase_add_test_raise_signal(cases, buffers_of_a_released_context, SIGABRT);
    tcase_add_test_raise_signal(cases, kernels_of_a_released_program, SIGABRT);
    Suite *suite = suite_create("opencl_kept");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK); /* those that abort do so in a process of their own */
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
