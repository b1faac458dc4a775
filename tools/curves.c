/* SPDX-License-Identifier: MIT */
/* Reads the course of trainings. */
#include "curves.h"
#include "curve_lines.h"
#include "curve_list.h"
#include <errno.h>
#include <soma/tensorboard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* -------------------------------------------------------------------------------------------------------- event files
 */

static soma_status take_number(void *context, const char *run, const char *tag, int64_t step, double value) {
    return curves_add(context, tag, run, (double)step, value) ? SOMA_OK : SOMA_OUT_OF_MEMORY;
}

/* ----------------------------------------------------------------------------------------------------------- histories
 */

enum { MOST_COLUMNS = 64 };

/* Cuts the line at its commas; the fields stay in it. */
static size_t split(char *line, char *fields[MOST_COLUMNS]) {
    size_t count = 0;
    line[strcspn(line, "\r\n")] = 0;
    for (char *at = line; at && count < MOST_COLUMNS; count++) {
        fields[count] = at;
        at = strchr(at, ',');
        if (at) *at++ = 0;
    }
    return count;
}

static bool read_number(const char *text, double *number) {
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == 0;
}

static exit_status fail_for_memory(void) {
    return fail(STATUS_FAILED, "out of memory");
}

static exit_status read_row(const char *path, size_t row, char *line, size_t columns, char *const *names,
                            struct curves *curves) {
    char *fields[MOST_COLUMNS];
    double step = 0, value = 0;
    if (split(line, fields) != columns)
        return curves_refuse_line(path, row, "another number of fields than there are names", "as many are wanted");
    if (!read_number(fields[0], &step))
        return curves_refuse_line(path, row, "the first field is no number", "an epoch or a step is wanted");
    for (size_t i = 1; i < columns; i++) {
        if (!read_number(fields[i], &value)) continue; /* a gap */
        if (!curves_add_named(curves, names[i], step, value)) return fail_for_memory();
    }
    return STATUS_DONE;
}

/* A line without its end is still being written, here as in tables. */
static exit_status read_objects(FILE *file, const char *path, char **line, size_t *room, struct curves *curves) {
    exit_status status = STATUS_DONE;
    size_t row = 1;
    do {
        if (!strchr(*line, '\n')) break;
        status = curve_lines_read(path, row++, *line, curves);
    } while (status == STATUS_DONE && getline(line, room, file) > 0);
    return status;
}

static exit_status read_rows(FILE *file, const char *path, char **line, size_t *room, struct curves *curves) {
    char *names[MOST_COLUMNS];
    double number;
    if (getline(line, room, file) < 0) return STATUS_DONE; /* nothing yet */
    if (**line == '{') return read_objects(file, path, line, room, curves);
    char *header = strdup(*line);
    if (!header) return fail_for_memory();
    const size_t columns = split(header, names);
    exit_status status = STATUS_DONE;
    if (columns < 2 || read_number(names[0], &number))
        status = curves_refuse_line(
            path, 1, "no names of columns",
            "what --history writes is wanted, a table or lines of JSON, or a directory of event files");
    for (size_t row = 2; status == STATUS_DONE && getline(line, room, file) > 0 && strchr(*line, '\n'); row++)
        status = read_row(path, row, *line, columns, names, curves);
    free(header);
    return status;
}

static exit_status read_history(const char *path, struct curves *curves) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (!file) return fail(STATUS_FILE, "%s: cannot open: %s", path, strerror(errno));
    exit_status status = read_rows(file, path, &line, &room, curves);
    if (status == STATUS_DONE && ferror(file)) status = fail(STATUS_FILE, "%s: cannot read: %s", path, strerror(errno));
    free(line);
    fclose(file);
    return status;
}

exit_status curves_read(const char *path, bool *there, struct curves *curves) {
    struct stat about;
    *there = stat(path, &about) == 0;
    if (!*there) return errno == ENOENT ? STATUS_DONE : fail(STATUS_FILE, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISREG(about.st_mode)) return read_history(path, curves);
    if (!S_ISDIR(about.st_mode)) return fail(STATUS_FILE, "%s: neither a directory of event files nor a table", path);
    soma_status cause = soma_tensorboard_read(path, take_number, curves);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, NULL);
}
