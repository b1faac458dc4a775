/* SPDX-License-Identifier: MIT */
/* What every part of the program shares: exit statuses, the commands, and how it speaks to people and to scripts. */
#ifndef SOMA_TOOLS_PROGRAM_H
#define SOMA_TOOLS_PROGRAM_H

#include <soma/soma.h>
#include <stdio.h>

/* The table of exit statuses: X(NAME, number, meaning). `soma --help` prints it. */
#define EXIT_STATUS_LIST(X)                                                                                            \
    X(DONE, 0, "success")                                                                                              \
    X(FAILED, 1, "failure while running: training diverged, a check failed, a result could not be written")            \
    X(USAGE, 2, "unknown command or option, malformed value, or a network that does not fit")                          \
    X(DEVICE, 3, "no such device, or the device failed or is too small")                                               \
    X(FILE, 4, "a data or model file that is missing, malformed or does not fit")                                      \
    X(INTERRUPTED, 130, "interrupted by Ctrl-C, SIGTERM or SIGHUP; what --save names has been saved")

typedef enum exit_status {
#define X(name, number, meaning) STATUS_##name = (number),
    EXIT_STATUS_LIST(X)
#undef X
} exit_status;

/* X(NAME, word, one line for the list of commands). */
#define COMMAND_LIST(X)                                                                                                \
    X(TRAIN, train, "train a network on data, and save it")                                                            \
    X(SEARCH, search, "train with options drawn from a space, and say which do best")                                  \
    X(EVALUATE, evaluate, "loss and accuracy of a saved network")                                                      \
    X(PREDICT, predict, "what a saved network says about data")                                                        \
    X(GENERATE, generate, "text that a saved network goes on with")                                                    \
    X(TOKENIZER, tokenizer, "a vocabulary of pieces of words, learnt of a text")                                       \
    X(SUMMARY, summary, "layers, shapes, parameters and memory of a network")                                          \
    X(DEVICES, devices, "the devices of this machine")                                                                 \
    X(TUNE, tune, "measure which kernels serve a device best, and keep to them")                                       \
    X(CHECK, check, "hold a device against the float64 reference")                                                     \
    X(BENCH, bench, "time the steps of a network")                                                                     \
    X(CONVERT, convert, "a model from one format to another")                                                          \
    X(SHOW, show, "what is in a file of a model or of data")                                                           \
    X(DATA, data, "what is in data before anything is trained: kinds, gaps, classes, faults")                          \
    X(WATCH, watch, "the curves of a training in the terminal, while it goes on")

enum command {
#define X(name, word, line) COMMAND_##name,
    COMMAND_LIST(X)
#undef X
        COMMAND_COUNT
};

struct settings; /* options.h */

#define X(name, word, line) exit_status command_##word(const struct settings *settings);
COMMAND_LIST(X)
#undef X

/*
 * Output. Results and progress are for people: they go to stdout, or to stderr when --json claims stdout for its one
 * object. --quiet leaves the results. Errors and the library's warnings always go to stderr.
 */
void message_setup(const char *command, bool json, bool quiet);
FILE *message_stream(void); /* where output for people goes */
bool message_is_quiet(void);
/* Leaves out what say() says until it is told otherwise: what has been said once. */
void message_hush(bool hush);
bool message_uses_color(FILE *stream);                                   /* it is a terminal that wants colours */
bool message_uses_unicode(void);                                         /* the locale's characters are UTF-8 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* not with --quiet */
void say_result(const char *format, ...) __attribute__((format(printf, 1, 2))); /* always */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What stands before each error from now on: where in a file what is wrong was said. NULL: nothing. Not copied. */
void message_context(const char *text);
/* Reports an error, on stderr and as the JSON object {"error": ...} where --json is given; returns `status`. */
exit_status fail(exit_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, where the library's status is the cause. */
exit_status fail_for(soma_status cause, exit_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * The same with the library's detail of the last error; `format` says what was being done, NULL: nothing to add.
 * `blame` is the status for errors about what the library was given: STATUS_USAGE if an option named it, STATUS_FILE if
 * a file held it.
 */
exit_status fail_from_library(soma_status cause, exit_status blame, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "8x8" into text; where not all dimensions fit, "8x8x...". */
void shape_text(uint32_t rank, const size_t *shape, char *text, size_t size);

/* Seconds since the process began, its loading by the system included. */
void clock_setup(void);
double clock_since_start(void);

#endif
