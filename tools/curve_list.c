/* SPDX-License-Identifier: MIT */
/* The list that the readers of histories and event files fill. */
#include "curve_list.h"
#include <stdlib.h>
#include <string.h>

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
bool curves_add(struct curves *curves, const char *chart, const char *run, double step, double value) {
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

bool curves_add_named(struct curves *curves, const char *name, double step, double value) {
    const bool validated = strncmp(name, VALIDATED, strlen(VALIDATED)) == 0;
    return curves_add(curves, name + (validated ? strlen(VALIDATED) : 0), validated ? VALIDATION : TRAINING, step,
                      value);
}

exit_status curves_refuse_line(const char *path, size_t line, const char *found, const char *wanted) {
    return fail(STATUS_FILE, "%s: line %zu: %s; %s", path, line, found, wanted);
}
