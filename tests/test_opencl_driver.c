/* SPDX-License-Identifier: MIT */
/*
 * An application whose OpenCL driver ends the process when it is asked for its devices, or never answers. A process
 * loads its drivers once: so each of the ways (see stub_driver.c) is a run of its own, named by the first argument.
 */
#include "expect.h"
#include "suite.h"
#include "temporary.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <soma/soma.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static const char *expected;
static bool in_company, is_sorted;

typedef struct passed_over {
    char platform[64], reason[256];
    int count, usable;
} passed_over;

/* Keeps the one that the stub has a part in. */
static void keep(void *context, const char *selector, const soma_device_info *info, bool usable, const char *reason) {
    passed_over *found = context;
    (void)selector;
    found->usable += usable;
    if (usable || (strcmp(info->platform, "Stub") != 0 && strcmp(info->platform, "OpenCL") != 0)) return;
    if (found->count++ == 0 || strcmp(info->platform, "Stub") == 0) {
        snprintf(found->platform, sizeof found->platform, "%s", info->platform);
        snprintf(found->reason, sizeof found->reason, "%s", reason);
    }
}

static void expect_passed_over(void) {
    passed_over found = {0};
    expect_ok(soma_device_list(keep, &found));
    ck_assert_int_eq(found.usable, 1); /* cpu */
    ck_assert_msg(strstr(found.reason, expected), "%s is passed over: %s", found.platform, found.reason);
}

static int open_descriptors(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count;
}

START_TEST(it_is_passed_over_with_the_reason) {
    const int descriptors = open_descriptors();
    expect_passed_over();
    soma_device *device;
    expect_error(soma_device_open("opencl:0", NULL, &device), SOMA_NO_DEVICE, expected);
    expect_error(soma_device_open("gpu", NULL, &device), SOMA_NO_DEVICE, expected);
    ck_assert_ptr_null(device);
    expect_ok(soma_device_open("auto", NULL, &device));
    ck_assert_str_eq(soma_device_selector(device), "cpu");
    soma_device_close(device);
    ck_assert_int_eq(open_descriptors(), descriptors);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left to the application */
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

static atomic_bool stop_reaping;

static void *reap(void *context) {
    (void)context;
    while (!stop_reaping)
        if (waitpid(-1, NULL, WNOHANG) <= 0) usleep(100);
    return NULL;
}

/* Forks meanwhile; such a child holds copies of all descriptors, and lives longer. */
static void *leave_a_child(void *context) {
    (void)context;
    for (int i = 0; i < 20; i++) {
        if (fork() == 0) {
            usleep(300000);
            _exit(0);
        }
        usleep(2000);
    }
    return NULL;
}

/* It ignores its children's ends, reaps what it finds, and blocks signals: nothing of that is the driver's. */
START_TEST(an_application_with_children_of_its_own) {
    pthread_t reaper, forker;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ck_assert_int_eq(pthread_create(&reaper, NULL, reap, NULL), 0);
    ck_assert_int_eq(pthread_create(&forker, NULL, leave_a_child, NULL), 0);
    expect_passed_over();
    pthread_join(forker, NULL);
    stop_reaping = true;
    pthread_join(reaper, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    while (waitpid(-1, NULL, 0) > 0) continue;
    expect_passed_over(); /* from memory */
}
END_TEST

static char **drivers; /* NULL ends them */

static void set_up(void) {
    static const char *const places[] = {"SOMA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"};
    temporary_create();
    for (int i = 0; drivers[i]; i++)
        temporary_file(i == 0 ? "first.icd" : "second.icd", drivers[i], strlen(drivers[i]));
    setenv("OCL_ICD_VENDORS", temporary_directory, 1);
    setenv("SOMA_OPENCL_PROBE", "1", 1);
    if (is_sorted)
        setenv("OCL_ICD_PLATFORM_SORT", "devices", 1);
    else
        unsetenv("OCL_ICD_PLATFORM_SORT"); /* as for an application that knows nothing of it */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) unsetenv(places[i]); /* what is known stays in memory */
}

static void add_tests(TCase *cases) {
    tcase_add_unchecked_fixture(cases, set_up, temporary_destroy);
    if (in_company)
        tcase_add_test(cases, an_application_with_children_of_its_own);
    else
        tcase_add_test(cases, it_is_passed_over_with_the_reason);
}

/* Usage: test_opencl_driver BEHAVIOUR[+company|+sorted] EXPECTED DRIVER... */
int main(int argc, char **argv) {
    if (argc < 4) return EXIT_FAILURE;
    char *more = strchr(argv[1], '+');
    if (more) *more++ = 0;
    in_company = more && strcmp(more, "company") == 0;
    is_sorted = more && strcmp(more, "sorted") == 0;
    expected = argv[2];
    drivers = argv + 3;
    setenv("STUB_DRIVER", argv[1], 1);
    return run_suite("opencl-driver", add_tests);
}
