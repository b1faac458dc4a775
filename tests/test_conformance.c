/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite on the device that the first argument names. The environment variable SOMA_PLUGIN, if set, is a
 * plugin to load first. Skips (status 77) where there is no such device.
 */
#include "device/conformance/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static soma_device *device;

START_TEST(row_conforms) {
    if (!soma_suite_has((uint32_t)_i)) return; /* of a soma without training */
    soma_check_result result;
    double begin = soma_seconds();
    soma_status status = soma_suite_check(device, (uint32_t)_i, false, &result);
    ck_assert_msg(status == SOMA_OK, "%s: %s", soma_status_name(status), soma_last_error());
    printf("%-16s %-8s %5u cases  %5.2f s  worst error %-9.3g bound %-9.3g %s\n", result.primitive,
           result.native ? "native" : "fallback", result.cases, soma_seconds() - begin, result.worst_error,
           result.bound, result.passed ? "ok" : "FAILED");
    ck_assert_uint_gt(result.cases, 0);
    ck_assert_msg(result.passed, "%s: %u of %u cases fail; %s", result.primitive, result.failures, result.cases,
                  result.detail);
}
END_TEST

static int run_suite(void) {
    Suite *suite = suite_create("conformance");
    TCase *rows = tcase_create("rows");
    tcase_add_loop_test(rows, row_conforms, 0, SOMA_CHECK_COUNT);
    suite_add_tcase(suite, rows);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* an OpenCL device does not survive a fork */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: test_conformance DEVICE\n");
        return 2;
    }
    const char *plugin = getenv("SOMA_PLUGIN");
    if (plugin && soma_device_load(plugin) != SOMA_OK) {
        fprintf(stderr, "%s\n", soma_last_error());
        return EXIT_FAILURE;
    }
    soma_status status = soma_device_open(argv[1], NULL, &device);
    if (status == SOMA_NO_DEVICE) {
        printf("skipped: %s\n", soma_last_error());
        return 77;
    }
    if (status != SOMA_OK) {
        fprintf(stderr, "%s\n", soma_last_error());
        return EXIT_FAILURE;
    }
    soma_device_info info;
    soma_device_get_info(device, &info);
    printf("%s: %s (%s)\n", soma_device_selector(device), info.name, info.platform);
    int result = run_suite();
    soma_device_close(device);
    return result;
}
