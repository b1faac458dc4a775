/* SPDX-License-Identifier: MIT */
/* The trials of a search, the best first: as a table for people, and in JSON. */
#include "report.h"
#include "search.h"
#include <stdlib.h>
#include <string.h>

/* Place and trial; mean and deviation of each figure; the options. */
enum { FIGURES_FROM = 2, MOST_COLUMNS = FIGURES_FROM + 2 * RUNS_MOST_FIGURES + SEARCH_MOST_OPTIONS };

static const struct runs_summary *any_that_worked(const struct search *search) {
    for (size_t i = 0; i < search->count; i++)
        if (!search->trials[i].diverged) return &search->trials[i];
    return NULL;
}

/* Of row 0 the headings; to be freed. */
static char *cell(const struct search *search, const size_t *order, size_t row, size_t column) {
    const struct runs_summary *worked = any_that_worked(search);
    size_t figures = worked ? worked->figures : 1, trial = row ? order[row - 1] : 0;
    const struct runs_summary *summary = &search->trials[trial];
    char *text = NULL;
    int length = 0;
    if (column < FIGURES_FROM && row == 0) return strdup(column ? "trial" : "place");
    if (column < FIGURES_FROM) {
        length = asprintf(&text, "%zu", column ? trial + 1 : row);
    } else if (column < FIGURES_FROM + 2 * figures) {
        size_t figure = (column - FIGURES_FROM) / 2;
        bool deviation = (column - FIGURES_FROM) % 2;
        if (row == 0) return strdup(deviation ? "deviation" : worked ? worked->name[figure] : "loss");
        if (summary->diverged) return strdup(column == FIGURES_FROM ? "diverged" : "-");
        length = asprintf(&text, "%.4f", (deviation ? summary->deviation : summary->mean)[figure]);
    } else {
        size_t option = column - FIGURES_FROM - 2 * figures;
        struct search_point point;
        if (row == 0) return strdup(search_space_option(search->space, option));
        search_space_draw(search->space, trial, &point);
        return strdup(point.text[option]);
    }
    return length < 0 ? NULL : text;
}

exit_status search_table_say(const struct search *search, const size_t *order) {
    const struct runs_summary *worked = any_that_worked(search);
    size_t options = search_space_options(search->space);
    size_t columns = FIGURES_FROM + 2 * (worked ? worked->figures : 1) + options, width[MOST_COLUMNS] = {0};
    if (search->count == 0) return STATUS_DONE;
    /* The first time through measures, the second prints. */
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t row = 0; row <= search->count; row++)
            for (size_t column = 0; column < columns; column++) {
                char *text = cell(search, order, row, column);
                if (!text) return fail(STATUS_FAILED, "out of memory");
                bool words = column >= columns - options, last = column + 1 == columns;
                int room = (int)width[column];
                if (pass == 0 && strlen(text) > width[column]) width[column] = strlen(text);
                if (pass == 1) say_result("%*s%s", words ? (last ? 0 : -room) : room, text, last ? "\n" : "  ");
                free(text);
            }
    return STATUS_DONE;
}

static void report_figures(const struct runs_summary *summary, const double *figures, report *object) {
    for (size_t i = 0; i < summary->figures; i++) report_number(object, summary->name[i], figures[i]);
}

void search_table_report(const struct search *search, const size_t *order, report *object) {
    const struct runs_summary *worked = any_that_worked(search);
    report *array = report_array(object, "trials");
    if (worked) report_text(object, "compared_by", worked->name[search_watched(search)]);
    report_count(object, "folds", search->settings->folds);
    for (size_t i = 0; i < search->count; i++) {
        const struct runs_summary *summary = &search->trials[order[i]];
        struct search_point point;
        report *one = report_append_object(array), *options = report_object(one, "options");
        search_space_draw(search->space, order[i], &point);
        report_count(one, "trial", order[i] + 1);
        for (size_t j = 0; j < search_space_options(search->space); j++)
            report_text(options, search_space_option(search->space, j), point.text[j]);
        report_truth(one, "diverged", summary->diverged);
        report_figures(summary, summary->mean, report_object(one, "mean"));
        report_figures(summary, summary->deviation, report_object(one, "deviation"));
    }
}
