/* SPDX-License-Identifier: MIT */
/* How the program speaks: results and progress for people, errors, the library's log, time since the start. */
#include "program.h"
#include "report.h"
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *command_word; /* NULL before it is known */
static const char *context_text; /* NULL: none */
static bool json_mode, quiet_mode, hushed;
static double seconds_at_main;

static void print_prefix(void) {
    fprintf(stderr, command_word ? "soma %s: " : "soma: ", command_word);
}

static void print_log_line(void *context, soma_log_level level, const char *message) {
    (void)context;
    if (level < SOMA_LOG_WARNING && quiet_mode) return;
    print_prefix();
    fprintf(stderr, "%s%s\n", level == SOMA_LOG_WARNING ? "warning: " : "", message);
}

void message_setup(const char *command, bool json, bool quiet) {
    command_word = command;
    json_mode = json;
    quiet_mode = quiet;
    soma_log_set(print_log_line, NULL, quiet ? SOMA_LOG_WARNING : SOMA_LOG_INFO);
}

FILE *message_stream(void) {
    return json_mode ? stderr : stdout;
}

void message_hush(bool hush) {
    hushed = hush;
}

bool message_is_quiet(void) {
    return quiet_mode;
}

bool message_uses_color(FILE *stream) {
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(fileno(stream)) && !(no_color && *no_color) && terminal && strcmp(terminal, "dumb") != 0;
}

bool message_uses_unicode(void) {
    setlocale(LC_CTYPE, ""); /* characters alone: numbers keep their point */
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void say(const char *format, ...) {
    if (quiet_mode || hushed) return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(message_stream(), format, arguments);
    va_end(arguments);
}

void say_result(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(message_stream(), format, arguments);
    va_end(arguments);
}

void warn(const char *format, ...) {
    fflush(message_stream());
    print_prefix();
    fputs("warning: ", stderr);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void message_context(const char *text) {
    context_text = text;
}

/* Frees the message; NULL without memory. */
static char *in_context(char *message) {
    char *whole = NULL;
    if (!context_text || !message) return message;
    if (asprintf(&whole, "%s: %s", context_text, message) < 0) whole = NULL;
    free(message);
    return whole;
}

/* Prints the message and, in JSON mode, the object that stands in for the result. Frees the message. */
static exit_status report_failure(exit_status status, const char *cause, char *message) {
    message = in_context(message);
    fflush(stdout);
    print_prefix();
    fprintf(stderr, "%s\n", message ? message : "out of memory");
    if (json_mode) {
        report *object = report_create();
        report_text(object, "error", message ? message : "out of memory");
        report_text(object, "status", cause);
        report_count(object, "exit_status", (uint64_t)status);
        report_print(object);
    }
    free(message);
    return status;
}

/* To be freed; NULL without memory. */
__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list arguments) {
    char *text = NULL;
    return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

exit_status fail(exit_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = format_text(format, arguments);
    va_end(arguments);
    return report_failure(status, NULL, message);
}

exit_status fail_for(soma_status cause, exit_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = format_text(format, arguments);
    va_end(arguments);
    return report_failure(status, soma_status_name(cause), message);
}

static exit_status status_of(soma_status cause, exit_status blame) {
    switch (cause) {
    case SOMA_STOPPED:
        return STATUS_INTERRUPTED;
    case SOMA_NO_DEVICE:
    case SOMA_DEVICE_FAILED:
    case SOMA_OUT_OF_DEVICE_MEMORY:
    case SOMA_ABI_MISMATCH:
        return STATUS_DEVICE;
    case SOMA_INVALID_ARGUMENT:
    case SOMA_INVALID_SHAPE:
    case SOMA_NO_GRADIENT:
    case SOMA_UNSUPPORTED:
    case SOMA_IO:
    case SOMA_INVALID_FILE:
        return blame;
    default:
        return STATUS_FAILED;
    }
}

exit_status fail_from_library(soma_status cause, exit_status blame, const char *format, ...) {
    const char *detail = soma_last_error();
    if (!*detail) detail = soma_status_text(cause);
    char *doing = NULL, *message = NULL;
    if (format) {
        va_list arguments;
        va_start(arguments, format);
        doing = format_text(format, arguments);
        va_end(arguments);
    }
    if (asprintf(&message, "%s%s%s", doing ? doing : "", doing ? ": " : "", detail) < 0) message = NULL;
    free(doing);
    return report_failure(status_of(cause, blame), soma_status_name(cause), message);
}

static double seconds_of(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* What went by before main() was spent by the loader on the processor, so the processor's clock knows it to the
 * microsecond. */
void clock_setup(void) {
    seconds_at_main = seconds_of(CLOCK_MONOTONIC) - seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double clock_since_start(void) {
    return seconds_of(CLOCK_MONOTONIC) - seconds_at_main;
}

void shape_text(uint32_t rank, const size_t *shape, char *text, size_t size) {
    static const char more[] = "x...";
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < rank; i++) {
        char one[24];
        size_t added = (size_t)snprintf(one, sizeof one, "%s%zu", i ? "x" : "", shape[i]);
        bool fits = length + added + sizeof more <= size;
        snprintf(text + length, size - length, "%s", fits ? one : more);
        if (!fits) return;
        length += added;
    }
}
