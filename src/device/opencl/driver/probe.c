/* SPDX-License-Identifier: MIT */
/* Finds out which drivers survive: what is known already, else by soma-probe-opencl, run again without each that fails.
 */
#include "device/opencl/driver/probe.h"

#include "device/opencl/probe_paths.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_SECONDS = 20, MOST_SECONDS = 600 };

/* ---------------------------------------------------------------------------------------------------- the program */

/* Beside a library or a program: in the directory of such programs next to lib/ or lib/ARCHITECTURE/, or in the build
 * tree. */
static bool try_beside(const char *file, soma_text *found) {
    static const char *const ways[] = {"/../" SOMA_PROBE_DIRECTORY, "/../../" SOMA_PROBE_DIRECTORY, "/../src"};
    char *real = realpath(file, NULL), *slash = real ? strrchr(real, '/') : NULL;
    bool there = false;
    if (slash) *slash = 0;
    for (size_t i = 0; slash && !there && i < SOMA_COUNT_OF(ways); i++) {
        found->length = 0;
        soma_text_append(found, "%s%s/" SOMA_PROBE_NAME, real, ways[i]);
        there = !found->failed && access(found->data, X_OK) == 0;
    }
    free(real);
    return there;
}

/* The path of the program, for soma_free(); NULL where it is not found. */
static char *find_program(void) {
    static const char here; /* an address in this library, wherever it has been loaded from */
    const char *chosen = secure_getenv("SOMA_OPENCL_PROBE_PROGRAM");
    if (chosen && *chosen) return soma_strdup(chosen);
    Dl_info about;
    soma_text found = {0};
    if (dladdr(&here, &about) && about.dli_fname && try_beside(about.dli_fname, &found)) return found.data;
    if (try_beside("/proc/self/exe", &found)) return found.data;
    soma_free(found.data);
    return access(SOMA_PROBE_INSTALLED, X_OK) == 0 ? soma_strdup(SOMA_PROBE_INSTALLED) : NULL;
}

/* ------------------------------------------------------------------------------------------------------ its report */

/* How the program ended that has not come to its end, in words that go on after "asked for its devices, ". */
static void tell_how(const soma_cl_probe_report *report, unsigned seconds, int signal, char *how, size_t size) {
    static const struct {
        int number;
        const char *name;
    } signals[] = {{SIGABRT, "SIGABRT"}, {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},  {SIGILL, "SIGILL"},
                   {SIGFPE, "SIGFPE"},   {SIGSYS, "SIGSYS"},   {SIGKILL, "SIGKILL"}};
    char by[32] = "";
    if (report->timed_out) {
        snprintf(how, size, "it did not answer within %u s", seconds);
        return;
    }
    if (signal > 0) snprintf(by, sizeof by, " (signal %d)", signal);
    for (size_t i = 0; i < SOMA_COUNT_OF(signals); i++)
        if (signals[i].number == signal) snprintf(by, sizeof by, " (%s)", signals[i].name);
    if (signal <= 0 && report->exit_status >= 0) snprintf(by, sizeof by, " (exit status %d)", report->exit_status);
    snprintf(how, size, "it ended the process%s%s%s", by, report->said[0] ? ": " : "", report->said);
}

typedef enum outcome { COMPLETE, FAILED_LISTING, FAILED_PLATFORM, NO_REPORT } outcome;

/* Takes what the report says into `drivers`, and the paths of the shared objects. `how`: of what did not end well. */
static outcome read_report(soma_cl_probe_report *report, unsigned seconds, soma_cl_verdicts *drivers,
                           soma_text *objects, char *how, size_t size) {
    char *platform = NULL; /* the one that is being asked */
    int signal = report->signal;
    bool greeted = false;
    char *next;
    for (char *line = report->text; (next = strchr(line, '\n')); line = next + 1) {
        *next = 0;
        if (strcmp(line, SOMA_CL_PROBE_PROTOCOL) == 0) greeted = true;
        if (strcmp(line, "done") == 0 && greeted) return COMPLETE;
        if (strncmp(line, "platform ", 9) == 0) platform = line + 9;
        if (strncmp(line, "object ", 7) == 0) soma_text_append(objects, "%s\n", line + 7);
        if (strncmp(line, "signal ", 7) == 0) signal = atoi(line + 7);
        if (strcmp(line, "well") != 0 || !platform) continue;
        soma_cl_judge_platform(drivers, platform, "");
        platform = NULL;
    }
    if (!greeted) return NO_REPORT;
    tell_how(report, seconds, signal, how, size);
    if (!platform) return FAILED_LISTING;
    soma_cl_reason reason;
    snprintf(reason, sizeof reason, "asked for its devices, %.130s", how);
    soma_cl_judge_platform(drivers, platform, reason);
    return FAILED_PLATFORM;
}

/* -------------------------------------------------------------------------------------------------- trying drivers */

/* ocl-icd, one of the loaders, asks every platform for its devices as soon as it lists them, to sort them. */
static bool loader_may_sort(void) {
    const char *order = getenv("OCL_ICD_PLATFORM_SORT");
    return !order || strcmp(order, "none") != 0;
}

/* Runs the program until it comes to its end, each time without the platforms that it did not survive. False where it
 * cannot be run. */
static bool try_drivers(const char *program, unsigned seconds, soma_cl_probe_report *report, soma_cl_verdicts *drivers,
                        soma_text *objects, bool *stopped_from_outside) {
    bool unsorted = false;
    char how[136];
    outcome found = FAILED_PLATFORM;
    for (int turn = 0; turn <= SOMA_CL_MOST_PLATFORMS && found != COMPLETE; turn++) {
        if (!soma_cl_run_probe(program, seconds, unsorted, drivers, report)) return false;
        *stopped_from_outside |= report->stopped_from_outside;
        objects->length = 0;
        found = read_report(report, seconds, drivers, objects, how, sizeof how);
        if (found == NO_REPORT) soma_log(SOMA_LOG_DEBUG, "%s: does not answer as %s", program, SOMA_CL_PROBE_PROTOCOL);
        if (found == NO_REPORT) return false;
        if (found != FAILED_LISTING) continue;
        snprintf(drivers->whole, sizeof drivers->whole, "asked for its platforms, %.130s", how);
        if (unsorted || !loader_may_sort()) return true;
        unsorted = true; /* to find out which platform it is */
    }
    if (found != COMPLETE) snprintf(drivers->whole, sizeof drivers->whole, "too many of its platforms fail");
    if (found == COMPLETE && unsorted && soma_cl_any_platform_failed(drivers))
        snprintf(drivers->whole, sizeof drivers->whole,
                 "its loader asks every platform for its devices at once, failing ones too; with "
                 "OCL_ICD_PLATFORM_SORT=none it does not");
    return true;
}

static void find_out(unsigned seconds, soma_cl_verdicts *known) {
    soma_cl_verdicts drivers = {0};
    soma_text objects = {0};
    bool stopped_from_outside = false;
    char *program = find_program();
    soma_cl_probe_report *report = soma_malloc(sizeof *report);
    if (!program)
        soma_log(SOMA_LOG_DEBUG, SOMA_PROBE_NAME " is not there: OpenCL drivers are asked without having been tried");
    else if (report && try_drivers(program, seconds, report, &drivers, &objects, &stopped_from_outside)) {
        drivers.tried = (int64_t)time(NULL);
        *known = drivers;
        if (!stopped_from_outside && !objects.failed)
            soma_cl_remember_drivers(&drivers, objects.length ? objects.data : "");
    }
    soma_free(objects.data);
    soma_free(report);
    soma_free(program);
}

/* ------------------------------------------------------------------------------------------------------- knowledge */

/* SOMA_OPENCL_PROBE: for how many seconds a driver is waited for; 0 for "off". */
static soma_status read_setting(unsigned *seconds) {
    const char *text = getenv("SOMA_OPENCL_PROBE");
    *seconds = DEFAULT_SECONDS;
    if (!text || !*text) return SOMA_OK;
    *seconds = 0;
    if (strcmp(text, "off") == 0) return SOMA_OK;
    char *end;
    const unsigned long number = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    if (number < 1 || number > MOST_SECONDS || *end)
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "SOMA_OPENCL_PROBE is \"%s\"; \"off\" is possible, or for how many seconds a driver is waited "
            "for, 1 to %d",
            text, MOST_SECONDS);
    *seconds = (unsigned)number;
    return SOMA_OK;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static soma_cl_verdicts known;
static bool found_out_anew;

static soma_status know(soma_cl_verdicts *drivers, bool anew) {
    unsigned seconds;
    *drivers = (soma_cl_verdicts){0};
    SOMA_TRY(read_setting(&seconds));
    if (!seconds) return SOMA_OK;
    pthread_mutex_lock(&lock);
    anew &= !found_out_anew;
    found_out_anew |= anew;
    if (anew || (!soma_cl_still_holds(&known) && !soma_cl_recall_drivers(&known))) find_out(seconds, &known);
    *drivers = known;
    pthread_mutex_unlock(&lock);
    return SOMA_OK;
}

soma_status soma_cl_know_drivers(soma_cl_verdicts *drivers) {
    return know(drivers, false);
}

soma_status soma_cl_know_drivers_anew(soma_cl_verdicts *drivers) {
    return know(drivers, true);
}
