/* SPDX-License-Identifier: MIT */
/*
 * The program soma-probe-opencl: asks OpenCL for all that soma asks it for when it lists devices, and says before and
 * after each platform how far it has come. It may die of it; that is what it is for.
 */
#ifdef __linux__
#include <link.h>
#include <sys/prctl.h>
#endif

#include "device/opencl/driver/opencl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int report = STDOUT_FILENO; /* where the lines go */

/* What a driver prints must not get between the lines; what the application had open is none of its business. */
static bool arrange_descriptors(void) {
    const long most = sysconf(_SC_OPEN_MAX);
    report = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    for (int other = 3; other < SOMA_MIN(most, 4096); other++)
        if (other != report) close(other);
    return report >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
}

/* Says by which signal it ends, and leaves no core file. */
static void say_signal(int number) {
    char line[] = "signal 00\n";
    line[7] = (char)('0' + number / 10 % 10);
    line[8] = (char)('0' + number % 10);
    const ssize_t written = write(report, line, sizeof line - 1);
    _exit(written < 0 ? 3 : 2);
}

static void arrange_end(unsigned seconds) {
    static char stack[1 << 16];
    const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS};
    const struct rlimit no_core = {0, 0};
    struct sigaction action = {.sa_handler = say_signal, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < SOMA_COUNT_OF(deadly); i++) sigaction(deadly[i], &action, NULL);
    setrlimit(RLIMIT_CORE, &no_core);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody wants to know any more */
#endif
    alarm(seconds + 2);
}

static void before(void *context, const char *identity) {
    (void)context;
    dprintf(report, "platform %s\n", identity);
}

static void after(void *context) {
    (void)context;
    dprintf(report, "well\n");
}

#ifdef __linux__
static int say_object(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size, (void)context;
    if (object->dlpi_name[0] == '/' && !strchr(object->dlpi_name, '\n'))
        dprintf(report, "object %s\n", object->dlpi_name);
    return 0;
}
#endif

int main(int argc, char **argv) {
    const int seconds = argc > 3 ? atoi(argv[2]) : 0;
    if (argc < 4 || strcmp(argv[1], SOMA_CL_PROBE_PROTOCOL) != 0 || seconds < 1) {
        fputs("soma-probe-opencl is run by soma, to find out which OpenCL drivers it can use\n", stderr);
        return 1;
    }
    if (!arrange_descriptors()) return 1;
    arrange_end((unsigned)seconds);
    dprintf(report, SOMA_CL_PROBE_PROTOCOL "\n");
    /* ocl-icd, one of the loaders, asks each platform for its devices while it lists them, unless it is told not to. */
    if (strcmp(argv[3], "unsorted") == 0) setenv("OCL_ICD_PLATFORM_SORT", "none", 1);
    soma_cl_verdicts skipped = {0};
    for (int i = 4; i < argc; i++) soma_cl_judge_platform(&skipped, argv[i], "skipped");
    soma_cl_candidate *candidates;
    size_t count;
    dprintf(report, "platforms\n");
    /* An error is no accident: whoever asks in earnest gets it too, and says so. */
    soma_cl_search(&skipped, &(soma_cl_watch){before, after, NULL}, &candidates, &count);
#ifdef __linux__
    dl_iterate_phdr(say_object, NULL);
#endif
    dprintf(report, "done\n");
    _exit(0); /* without what drivers do at the end: they have been tried */
}
