/* SPDX-License-Identifier: MIT */
/*
 * Runs soma-probe-opencl, for a bounded time. Inside an application that has threads, signal handlers and children of
 * its own: hence posix_spawn() and no fork(), a process group of its own, and no trust in waitpid(), for which the
 * application may have been quicker.
 */
#include "device/opencl/driver/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ------------------------------------------------------------------------------------------------------- starting */

/* Both ends stay out of other children; neither takes a standard descriptor's number, should one be closed here. */
static bool make_pipe(int ends[2]) {
    int made[2];
    ends[0] = ends[1] = -1;
#ifdef __linux__
    if (pipe2(made, O_CLOEXEC) != 0) return false;
#else
    if (pipe(made) != 0) return false;
#endif
    for (int i = 0; i < 2; i++) ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, 3);
    close(made[0]);
    close(made[1]);
    return ends[0] >= 0 && ends[1] >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static void close_end(int *end) {
    if (*end >= 0) close(*end);
    *end = -1;
}

enum { MOST_ARGUMENTS = 4 + SOMA_CL_MOST_PLATFORMS + 1 };

static void make_arguments(const char *program, const char *seconds, bool unsorted, const soma_cl_verdicts *drivers,
                           const char *arguments[MOST_ARGUMENTS]) {
    size_t count = 0;
    arguments[count++] = program;
    arguments[count++] = SOMA_CL_PROBE_PROTOCOL;
    arguments[count++] = seconds;
    arguments[count++] = unsorted ? "unsorted" : "sorted";
    for (size_t i = 0; i < drivers->count; i++)
        if (drivers->platform[i].reason[0]) arguments[count++] = drivers->platform[i].platform;
    arguments[count] = NULL;
}

/* What the application does with signals is not the child's: none is blocked, none ignored. */
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int spawn(const char *const arguments[], int report, int said, pid_t *child) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = set_attributes(&attributes);
        /* A pipe's writing end gives nothing to read, also where there is no /dev/null. */
        if (!error) error = posix_spawn_file_actions_adddup2(&actions, said, STDIN_FILENO);
        if (!error) error = posix_spawn_file_actions_adddup2(&actions, report, STDOUT_FILENO);
        if (!error) error = posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
        if (!error)
            error = posix_spawn(child, arguments[0], &actions, &attributes, (char **)(uintptr_t)arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* ------------------------------------------------------------------------------------------------------- watching */

typedef struct watched {
    pid_t child;
    int report, said; /* where to read; -1: at its end */
    bool reaped;
    int wait_status;
    size_t length;
    char tail[1024]; /* the last that a driver said */
    size_t tail_length;
    soma_cl_probe_report *to;
} watched;

/* Keeps the last bytes of what comes. */
static void keep_tail(watched *watch, const char *text, size_t length) {
    const size_t room = sizeof watch->tail - 1;
    if (length > room) {
        text += length - room;
        length = room;
    }
    const size_t kept = SOMA_MIN(watch->tail_length, room - length);
    memmove(watch->tail, watch->tail + watch->tail_length - kept, kept);
    memcpy(watch->tail + kept, text, length);
    watch->tail_length = kept + length;
}

/* Takes what there is to read, and closes the end where there will be no more. */
static void take(watched *watch, int *end, bool is_report) {
    char text[4096];
    for (;;) {
        const ssize_t got = *end < 0 ? 0 : read(*end, text, sizeof text);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (got <= 0) break;
        if (!is_report) {
            keep_tail(watch, text, (size_t)got);
            continue;
        }
        const size_t room = sizeof watch->to->text - 1 - watch->length, length = SOMA_MIN(room, (size_t)got);
        memcpy(watch->to->text + watch->length, text, length);
        watch->length += length;
    }
    close_end(end);
}

/* Whether the child has ended, as far as this process can know. */
static bool has_ended(watched *watch) {
    if (!watch->reaped) {
        const pid_t found = waitpid(watch->child, &watch->wait_status, WNOHANG);
        watch->reaped = found == watch->child || (found < 0 && errno == ECHILD);
        if (found < 0) watch->wait_status = -1; /* somebody else has reaped it */
    }
    return watch->reaped;
}

/* Until the child has ended, or the time is over. The end of the pipes is not enough: a process that the application
 * has forked meanwhile may hold them open. */
static bool wait_for_end(watched *watch, double deadline) {
    for (;;) {
        const bool ended = has_ended(watch); /* first: what it has written is there then */
        take(watch, &watch->report, true);
        take(watch, &watch->said, false);
        if (ended) return true;
        const double left = deadline - soma_seconds(), most = watch->report < 0 && watch->said < 0 ? 0.002 : 0.05;
        if (left <= 0) return false;
        struct pollfd ends[2] = {{.fd = watch->report, .events = POLLIN}, {.fd = watch->said, .events = POLLIN}};
        poll(ends, 2, (int)(SOMA_MIN(left, most) * 1000) + 1);
    }
}

/* The child and what it has started. One that hangs in the kernel does not even end now; it is left to its alarm. */
static void stop(watched *watch) {
    if (has_ended(watch)) return;
    kill(-watch->child, SIGKILL);
    kill(watch->child, SIGKILL);
    for (int i = 0; i < 200 && !has_ended(watch); i++) usleep(5000);
}

/* ------------------------------------------------------------------------------------------------------ reporting */

/* The last line that is not empty, in plain characters. */
static void find_last_line(watched *watch) {
    char *tail = watch->tail, *end = tail + watch->tail_length;
    while (end > tail && (unsigned char)end[-1] <= ' ') end--;
    *end = 0;
    char *line = end;
    while (line > tail && line[-1] != '\n' && line[-1] != '\r') line--;
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f) *at = ' ';
    snprintf(watch->to->said, sizeof watch->to->said, "%s", line);
}

static void tell_end(watched *watch) {
    soma_cl_probe_report *report = watch->to;
    report->signal = report->exit_status = -1;
    if (!watch->reaped || watch->wait_status == -1) return;
    if (WIFEXITED(watch->wait_status)) report->exit_status = WEXITSTATUS(watch->wait_status);
    if (WIFSIGNALED(watch->wait_status)) report->signal = WTERMSIG(watch->wait_status);
    const int outside[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < SOMA_COUNT_OF(outside); i++)
        report->stopped_from_outside |= !report->timed_out && report->signal == outside[i];
}

static void watch_child(watched *watch, unsigned seconds) {
    watch->to->timed_out = !wait_for_end(watch, soma_seconds() + seconds);
    stop(watch);
    take(watch, &watch->report, true);
    take(watch, &watch->said, false);
    watch->to->text[watch->length] = 0;
    find_last_line(watch);
    tell_end(watch);
}

bool soma_cl_run_probe(const char *program, unsigned seconds, bool unsorted, const soma_cl_verdicts *drivers,
                       soma_cl_probe_report *report) {
    char limit[16];
    const char *arguments[MOST_ARGUMENTS];
    int reports[2], sayings[2] = {-1, -1};
    watched watch = {.report = -1, .said = -1, .to = report};
    memset(report, 0, sizeof *report);
    snprintf(limit, sizeof limit, "%u", seconds);
    make_arguments(program, limit, unsorted, drivers, arguments);
    int error = make_pipe(reports) && make_pipe(sayings) ? 0 : errno;
    if (!error) error = spawn(arguments, reports[1], sayings[1], &watch.child);
    close_end(&reports[1]);
    close_end(&sayings[1]);
    watch.report = reports[0];
    watch.said = sayings[0];
    if (error)
        soma_log(SOMA_LOG_DEBUG, "%s cannot be started: %s", program, strerror(error));
    else
        watch_child(&watch, seconds);
    close_end(&watch.report);
    close_end(&watch.said);
    return !error;
}
