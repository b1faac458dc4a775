/* SPDX-License-Identifier: MIT */
/*
 * Which OpenCL drivers survive being asked for their devices. Some end the process instead, or never answer. So one
 * that is not known yet is asked in a process of its own first, the program soma-probe-opencl, and the answer is
 * remembered.
 */
#ifndef SOMA_DEVICE_OPENCL_PROBE_H
#define SOMA_DEVICE_OPENCL_PROBE_H

#include "base/base.h"

enum { SOMA_CL_MOST_PLATFORMS = 16 };

/* What tells a platform from others: "Portable Computing Language, The pocl project, OpenCL 3.0 PoCL 3.1". */
typedef char soma_cl_identity[192];
typedef char soma_cl_reason[160];

typedef struct soma_cl_verdict {
    soma_cl_identity platform;
    soma_cl_reason reason; /* why it must not be asked for its devices; "": it answers */
} soma_cl_verdict;

typedef struct soma_cl_verdicts {
    soma_cl_verdict platform[SOMA_CL_MOST_PLATFORMS];
    size_t count;
    soma_cl_reason whole; /* why not even the platforms can be listed; "": they can */
    int64_t tried;        /* when, in seconds since 1970; 0: never */
} soma_cl_verdicts;

/* probe.c: what is known of the drivers, from this process, from the cache directory, or found out now. Nothing (zeros)
 * where it cannot be found out, or where the environment forbids it. */
soma_status soma_cl_know_drivers(soma_cl_verdicts *drivers);
/* Finds it out again, for there is a platform that nothing is known of; once in a process. */
soma_status soma_cl_know_drivers_anew(soma_cl_verdicts *drivers);

/* verdicts.c. */
bool soma_cl_knows_platform(const soma_cl_verdicts *drivers, const char *identity);
/* The reason against a platform; NULL where none is known. Text is cut to fit. */
const char *soma_cl_reason_against(const soma_cl_verdicts *drivers, const char *identity);
/* A later verdict on a platform never takes a reason away: two platforms may have one identity. */
void soma_cl_judge_platform(soma_cl_verdicts *drivers, const char *identity, const char *reason);
bool soma_cl_any_platform_failed(const soma_cl_verdicts *drivers);

/*
 * verdicts_file.c: what is remembered from one process to the next. `objects` are the paths of the shared objects that
 * the drivers consist of, one a line: where one of them is another than it was, or the system is, nothing is
 * remembered.
 */
bool soma_cl_recall_drivers(soma_cl_verdicts *drivers);
void soma_cl_remember_drivers(const soma_cl_verdicts *drivers, const char *objects);
/* A hash of the variables by which drivers choose what they do, and of those by which users choose what is loaded. */
uint64_t soma_cl_hash_environment(bool of_loaders);
/* Reasons hold for some minutes only: what a driver stumbled over may be gone. */
bool soma_cl_still_holds(const soma_cl_verdicts *drivers);

/*
 * probe_run.c: one run of the program, which skips those platforms that there is a reason against. Its report and the
 * last line that a driver wrote to its standard output or error, both 0-terminated.
 */
typedef struct soma_cl_probe_report {
    char text[1 << 16], said[80];
    bool timed_out;
    bool stopped_from_outside; /* by a signal that tells nothing of the driver */
    int signal, exit_status;   /* how it ended; -1: unknown */
} soma_cl_probe_report;
/* False where the program cannot be started. `seconds`: after that it is stopped. `unsorted`: see probe_main.c. */
bool soma_cl_run_probe(const char *program, unsigned seconds, bool unsorted, const soma_cl_verdicts *drivers,
                       soma_cl_probe_report *report);

/* What the program and the library have agreed on. Its arguments: this, seconds, "sorted" or "unsorted", identities to
 * skip. Its lines: this, "platforms", and for each platform "platform IDENTITY" and then "well"; "object PATH", "done";
 * "signal NUMBER" where it ends by one. */
#define SOMA_CL_PROBE_PROTOCOL "soma-probe-opencl 1"

#endif
