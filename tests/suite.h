/* SPDX-License-Identifier: MIT */
/* The main program of a test: one case, run in this process. */
#ifndef SOMA_TESTS_SUITE_H
#define SOMA_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

static inline int run_suite(const char *name, void (*add)(TCase *cases)) {
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, 300);
    add(cases);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* a leak checker looks at the process that ends */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
