/* SPDX-License-Identifier: MIT */
/* soma watch: the curves of trainings in the terminal, while they go on. */
#include "chart.h"
#include "interrupt.h"
#include "options.h"
#include "report.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WIDTH = 120, BEST_HEIGHT = 14 };

struct screen {
    int columns, lines;
    bool terminal;
    struct chart_style style;
};

static struct screen screen_of(FILE *stream) {
    struct screen screen = {.columns = 80, .lines = 0, .terminal = isatty(fileno(stream))};
    struct winsize size;
    if (screen.terminal && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        screen.columns = size.ws_col;
        screen.lines = size.ws_row;
    }
    screen.style = (struct chart_style){.unicode = message_uses_unicode(), .color = message_uses_color(stream)};
    screen.style.width = screen.columns < MOST_WIDTH ? screen.columns : MOST_WIDTH;
    if (screen.style.width < CHART_LEAST_WIDTH) screen.style.width = CHART_LEAST_WIDTH;
    return screen;
}

/* Whether an earlier curve is of the same chart. */
static bool is_drawn(const struct curves *curves, size_t which) {
    for (size_t i = 0; i < which; i++)
        if (strcmp(curves->curve[i].chart, curves->curve[which].chart) == 0) return true;
    return false;
}

static size_t count_charts(const struct curves *curves) {
    size_t charts = 0;
    for (size_t i = 0; i < curves->count; i++) charts += !is_drawn(curves, i);
    return charts;
}

/* As many charts as the terminal has room for, the first ones; all of them where there is none. */
static void draw(FILE *stream, const char *path, const struct curves *curves, struct screen screen) {
    const size_t charts = count_charts(curves);
    size_t shown = charts;
    screen.style.height = BEST_HEIGHT;
    if (charts == 0) fprintf(stream, "%s: nothing yet\n", path);
    if (screen.lines > 0 && charts) {
        const int lines = screen.lines - 2; /* for what is left out, and the cursor */
        const size_t most = lines >= CHART_LEAST_HEIGHT ? (size_t)(lines / CHART_LEAST_HEIGHT) : 1;
        if (shown > most) shown = most;
        screen.style.height = lines / (int)shown;
        if (screen.style.height > BEST_HEIGHT) screen.style.height = BEST_HEIGHT;
        if (screen.style.height < CHART_LEAST_HEIGHT) screen.style.height = CHART_LEAST_HEIGHT;
    }
    size_t drawn = 0;
    for (size_t i = 0; i < curves->count && drawn < shown; i++) {
        if (is_drawn(curves, i)) continue;
        chart_draw(stream, curves, curves->curve[i].chart, &screen.style);
        drawn++;
    }
    if (drawn < charts) fprintf(stream, "%zu more charts have no room here\n", charts - drawn);
}

static char *text_of(const char *path, const struct curves *curves, const struct screen *screen) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return NULL;
    draw(stream, path, curves, *screen);
    fclose(stream);
    return text;
}

static exit_status read_once(const char *path, struct curves *curves) {
    bool there;
    exit_status status = curves_read(path, &there, curves);
    if (status == STATUS_DONE && !there)
        status = fail(STATUS_FILE,
                      "%s: there is no such file or directory; accepted: a directory that --tensorboard names, or a "
                      "file that --history does",
                      path);
    return status;
}

static void tell(const struct curves *curves, report *object) {
    report *list = report_array(object, "curves");
    for (size_t i = 0; i < curves->count; i++) {
        const struct curve *curve = &curves->curve[i];
        report *entry = report_append_object(list);
        report_text(entry, "chart", curve->chart);
        report_text(entry, "run", curve->run);
        report_count(entry, "points", curve->count);
        report_number(entry, "step", curve->step[curve->count - 1]);
        report_number(entry, "value", curve->value[curve->count - 1]);
    }
}

static exit_status show_once(const struct settings *settings, const char *path) {
    struct curves curves = {0};
    exit_status status = read_once(path, &curves);
    char *text = NULL;
    if (status == STATUS_DONE) {
        const struct screen screen = screen_of(stdout);
        report *object = settings->json ? report_create() : NULL;
        if (!object) text = text_of(path, &curves, &screen);
        if (text) fputs(text, stdout);
        tell(&curves, object);
        report_print(object);
    }
    free(text);
    curves_clear(&curves);
    return status;
}

/* A second, but for a wish to end. */
static void wait_a_second(void) {
    for (int i = 0; i < 10 && !interrupt_came(); i++) nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

static exit_status draw_again(const char *path, char **before) {
    struct curves curves = {0};
    bool there;
    const struct screen screen = screen_of(stdout);
    exit_status status = curves_read(path, &there, &curves);
    char *text = status == STATUS_DONE ? text_of(path, &curves, &screen) : NULL;
    curves_clear(&curves);
    if (text && (!*before || strcmp(text, *before) != 0)) {
        printf("\033[H\033[2J%s", text); /* from the upper left corner, on an empty screen */
        fflush(stdout);
    }
    free(*before);
    *before = text;
    return status;
}

exit_status command_watch(const struct settings *settings) {
    const char *path = settings->operand[0];
    if (!path)
        return fail(STATUS_USAGE,
                    "what is to be watched? accepted: a directory that --tensorboard names, or a file that "
                    "--history does");
    if (settings->once || settings->json || !isatty(STDOUT_FILENO)) return show_once(settings, path);
    exit_status status = STATUS_DONE;
    char *before = NULL;
    interrupt_watch();
    while (status == STATUS_DONE && !interrupt_came()) {
        status = draw_again(path, &before);
        if (status == STATUS_DONE) wait_a_second();
    }
    free(before);
    return status; /* to be ended is what it waits for */
}
