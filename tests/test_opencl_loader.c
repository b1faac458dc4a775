/* SPDX-License-Identifier: MIT */
/*
 * The OpenCL loader, looked for at run time as in wheels. The functions of driver/loader.c are linked before the
 * loader's own, so that all of soma goes by them; the argument says what they find: "there", "absent", "other".
 */
#include "device/opencl/driver/opencl.h"
#include "soma/soma.h"

#include <check.h>
#include <dlfcn.h>
#include <string.h>

#include "suite.h"

static const char *found;

static size_t count_platforms(const char *library) {
    void *loader = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!loader) return 0;
    __typeof__(clGetPlatformIDs) *ask = NULL;
    void *symbol = dlsym(loader, "clGetPlatformIDs");
    memcpy(&ask, &symbol, sizeof ask);
    cl_uint count = 0;
    return ask && ask(0, NULL, &count) == CL_SUCCESS ? count : 0;
}

START_TEST(platforms_are_the_loaders) {
    cl_uint count = 0;
    const cl_int code = clGetPlatformIDs(0, NULL, &count);
    if (strcmp(found, "there") == 0) {
        ck_assert_uint_eq(code == CL_SUCCESS ? count : 0, count_platforms("libOpenCL.so.1"));
        return;
    }
    ck_assert_int_eq(code, -1001);
    ck_assert_ptr_nonnull(
        strstr(soma_cl_without_loader(), strcmp(found, "absent") == 0 ? "libabsent.so.1" : "clWaitForEvents"));
}
END_TEST

START_TEST(what_makes_objects_tells_its_code) {
    if (strcmp(found, "there") == 0) return;
    cl_int code = CL_SUCCESS;
    ck_assert_ptr_null(clCreateContext(NULL, 0, NULL, NULL, NULL, &code));
    ck_assert_int_eq(code, -1001);
    ck_assert_ptr_null(clCreateContext(NULL, 0, NULL, NULL, NULL, NULL));
    ck_assert_int_eq(clFinish(NULL), -1001);
}
END_TEST

/* The usable devices of OpenCL in soma's own list: a platform may well have none, and none may be of use. */
static void count_usable(void *context, const char *selector, const soma_device_info *info, bool usable,
                         const char *reason) {
    size_t *count = context;
    (void)info;
    (void)reason;
    if (strncmp(selector, "opencl:", strlen("opencl:")) == 0) *count += usable;
}

/* Devices are those that there are; none says why, and cpu is there. */
START_TEST(devices_are_found_or_it_is_said_why_not) {
    soma_device *device = NULL;
    size_t usable = 0;
    ck_assert_int_eq(soma_device_list(count_usable, &usable), SOMA_OK);
    if (strcmp(found, "there") != 0 || count_platforms("libOpenCL.so.1") == 0) ck_assert_uint_eq(usable, 0);
    ck_assert_int_eq(soma_device_open("opencl", NULL, &device), usable ? SOMA_OK : SOMA_NO_DEVICE);
    soma_device_close(device);
    ck_assert_int_eq(soma_device_open("cpu", NULL, &device), SOMA_OK);
    soma_device_close(device);
}
END_TEST

static void add(TCase *cases) {
    tcase_add_test(cases, platforms_are_the_loaders);
    tcase_add_test(cases, what_makes_objects_tells_its_code);
    tcase_add_test(cases, devices_are_found_or_it_is_said_why_not);
}

int main(int count, char **arguments) {
    found = count > 1 ? arguments[1] : "there";
    return run_suite("opencl-loader", add);
}
