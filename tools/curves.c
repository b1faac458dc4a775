/* SPDX-License-Identifier: MIT */
/* Reads the course of trainings. */
#include "curves.h"
#include "curve_lines.h"
#include <errno.h>
#include <soma/tensorboard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of a run in a table, as soma writes it. */
#define TRAINING   "training"
#define VALIDATION "validation"
#define VALIDATED  "val_" /* before the names of what was measured of the validation samples */

/* Room for twice as many; NULL, and nothing changed, where there is no memory. */
static void *grow(void *memory, size_t *capacity, size_t size) {
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *larger = realloc(memory, wanted * size);
    if (larger) *capacity = wanted;
    return larger;
}

static struct curve *find(struct curves *curves, const char *chart, const char *run) {
    for (size_t i = 0; i < curves->count; i++)
        if (strcmp(curves->curve[i].chart, chart) == 0 && strcmp(curves->curve[i].run, run) == 0)
            return &curves->curve[i];
    if (curves->count == curves->capacity) {
        struct curve *larger = grow(curves->curve, &curves->capacity, sizeof *larger);
        if (!larger) return NULL;
        curves->curve = larger;
    }
    struct curve fresh = {.chart = strdup(chart), .run = strdup(run)};
    if (!fresh.chart || !fresh.run) {
        free(fresh.chart);
        free(fresh.run);
        return NULL;
    }
    curves->curve[curves->count] = fresh;
    return &curves->curve[curves->count++];
}

static bool make_room(struct curve *curve) {
    size_t capacity = curve->capacity;
    if (curve->count < capacity) return true;
    double *step = grow(curve->step, &capacity, sizeof *step);
    if (!step) return false;
    curve->step = step;
    double *value = grow(curve->value, &curve->capacity, sizeof *value);
    if (!value) return false;
    curve->value = value;
    return true;
}

/* A run that begins again, as one that was resumed does, takes the place of what it had from that step on. */
static bool add(struct curves *curves, const char *chart, const char *run, double step, double value) {
    struct curve *curve = find(curves, chart, run);
    if (!curve) return false;
    while (curve->count && curve->step[curve->count - 1] >= step) curve->count--;
    if (!make_room(curve)) return false;
    curve->step[curve->count] = step;
    curve->value[curve->count++] = value;
    return true;
}

void curves_clear(struct curves *curves) {
    for (size_t i = 0; i < curves->count; i++) {
        free(curves->curve[i].chart);
        free(curves->curve[i].run);
        free(curves->curve[i].step);
        free(curves->curve[i].value);
    }
    free(curves->curve);
    *curves = (struct curves){0};
}

/* -------------------------------------------------------------------------------------------------------- event files
 */

static soma_status take_number(void *context, const char *run, const char *tag, int64_t step, double value) {
    return add(context, tag, run, (double)step, value) ? SOMA_OK : SOMA_OUT_OF_MEMORY;
}

/* ----------------------------------------------------------------------------------------------------------- histories
 */

enum { MOST_COLUMNS = 64 };

bool curve_lines_add(struct curves *curves, const char *name, double step, double value) {
    const bool validated = strncmp(name, VALIDATED, strlen(VALIDATED)) == 0;
    return add(curves, name + (validated ? strlen(VALIDATED) : 0), validated ? VALIDATION : TRAINING, step, value);
}

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

exit_status curve_lines_refuse(const char *path, size_t line, const char *found, const char *wanted) {
    return fail(STATUS_FILE, "%s: line %zu: %s; %s", path, line, found, wanted);
}

static exit_status read_row(const char *path, size_t row, char *line, size_t columns, char *const *names,
                            struct curves *curves) {
    char *fields[MOST_COLUMNS];
    double step = 0, value = 0;
    if (split(line, fields) != columns)
        return curve_lines_refuse(path, row, "another number of fields than there are names", "as many are wanted");
    if (!read_number(fields[0], &step))
        return curve_lines_refuse(path, row, "the first field is no number", "an epoch or a step is wanted");
    for (size_t i = 1; i < columns; i++) {
        if (!read_number(fields[i], &value)) continue; /* a gap */
        if (!curve_lines_add(curves, names[i], step, value)) return fail_for_memory();
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
        status = curve_lines_refuse(
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
