/* SPDX-License-Identifier: MIT */
/* Draws curves with characters. */
#include "chart.h"
#include "plot_scale.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS = 10 }; /* characters left of the curves */

/* What is drawn into: dots, and for each character which curve was drawn there last. */
struct canvas {
    int columns, rows;   /* characters */
    int across, down;    /* dots in one of them */
    unsigned char *dots; /* [rows * columns], a bit for each dot */
    int *owner;          /* [rows * columns], -1: none */
};

struct chart {
    const struct curve *curve[CHART_MOST_CURVES];
    size_t count, left_out;
    struct plot_scale x, y;
    bool any; /* is there a finite value? */
};

/* ------------------------------------------------------------------------------------------------------------- canvas
 */

/* Braille's dots in the order of their bits (Unicode, block U+2800): the left column's first three, the right's, then
 * the lowest two. */
static unsigned bit_of(int x, int y) {
    static const unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    return bits[y][x];
}

static void put_dot(struct canvas *canvas, int x, int y, int owner) {
    if (x < 0 || y < 0 || x >= canvas->columns * canvas->across || y >= canvas->rows * canvas->down) return;
    int place = y / canvas->down * canvas->columns + x / canvas->across;
    canvas->dots[place] |= (unsigned char)bit_of(x % canvas->across, y % canvas->down);
    canvas->owner[place] = owner;
}

/* Bresenham's. */
static void put_line(struct canvas *canvas, int x, int y, int to_x, int to_y, int owner) {
    int width = abs(to_x - x), height = -abs(to_y - y), error = width + height;
    int right = x < to_x ? 1 : -1, down = y < to_y ? 1 : -1;
    for (;;) {
        put_dot(canvas, x, y, owner);
        if (x == to_x && y == to_y) return;
        int twice = 2 * error;
        if (twice >= height) error += height, x += right;
        if (twice <= width) error += width, y += down;
    }
}

static int dot_at(double place, int dots) {
    return (int)lround(place * (dots - 1));
}

/* What is no finite number breaks the curve. */
static void put_curve(struct canvas *canvas, const struct chart *chart, size_t which) {
    const struct curve *curve = chart->curve[which];
    int before_x = -1, before_y = -1;
    for (size_t i = 0; i < curve->count; i++) {
        if (!isfinite(curve->value[i])) {
            before_x = -1;
            continue;
        }
        int x = dot_at(plot_scale_place(&chart->x, curve->step[i]), canvas->columns * canvas->across);
        int y = dot_at(1 - plot_scale_place(&chart->y, curve->value[i]), canvas->rows * canvas->down);
        put_line(canvas, before_x < 0 ? x : before_x, before_x < 0 ? y : before_y, x, y, (int)which);
        before_x = x;
        before_y = y;
    }
}

/* ------------------------------------------------------------------------------------------------------------- pieces
 */

static void set_color(FILE *stream, const struct chart_style *style, int owner) {
    static const int colors[CHART_MOST_CURVES] = {34, 33, 32, 35, 36, 31};
    if (style->color) fprintf(stream, "\033[%dm", colors[owner]);
}

static void end_color(FILE *stream, const struct chart_style *style) {
    if (style->color) fputs("\033[0m", stream);
}

static const char *mark_of(const struct chart_style *style, size_t owner) {
    static const char *const marks[CHART_MOST_CURVES] = {"*", "o", "+", "x", "#", "@"};
    return style->unicode ? "\xe2\x97\x8f" : marks[owner];
}

static void draw_heading(FILE *stream, const struct chart *chart, const char *name, const struct chart_style *style) {
    int left = style->width - fprintf(stream, "%.*s", style->width / 2, name);
    for (size_t i = 0; i < chart->count; i++) {
        const struct curve *curve = chart->curve[i];
        char text[96];
        int length = snprintf(text, sizeof text, "%.40s%s%.4g", curve->run, *curve->run ? " " : "",
                              curve->value[curve->count - 1]);
        if (left < length + 4) break;
        fputs("  ", stream);
        set_color(stream, style, (int)i);
        fputs(mark_of(style, i), stream);
        end_color(stream, style);
        fprintf(stream, " %s", text);
        left -= length + 4;
    }
    if (chart->left_out && left > 24) fprintf(stream, "  (%zu more runs)", chart->left_out);
    fputc('\n', stream);
}

static void draw_cell(FILE *stream, const struct canvas *canvas, int place, const struct chart_style *style) {
    int owner = canvas->owner[place];
    if (owner < 0) {
        fputc(' ', stream);
        return;
    }
    set_color(stream, style, owner);
    if (style->unicode) /* U+2800 and the bits, in UTF-8 */
        fprintf(stream, "\xe2%c%c", 0xA0 | canvas->dots[place] >> 6, 0x80 | (canvas->dots[place] & 0x3F));
    else
        fputs(mark_of(style, (size_t)owner), stream);
    end_color(stream, style);
}

/* The tick that this row is nearest to; NULL for none. */
static const double *tick_at(const struct plot_scale *y, int row, int rows) {
    for (size_t i = 0; i < y->count; i++)
        if (dot_at(1 - plot_scale_place(y, y->tick[i]), rows) == row) return &y->tick[i];
    return NULL;
}

static void draw_rows(FILE *stream, const struct chart *chart, const struct canvas *canvas,
                      const struct chart_style *style) {
    for (int row = 0; row < canvas->rows; row++) {
        char label[32] = "";
        const double *tick = tick_at(&chart->y, row, canvas->rows);
        if (tick) plot_scale_label(&chart->y, *tick, label, sizeof label);
        fprintf(stream, "%*.*s %s", LABELS - 2, LABELS - 2, label, style->unicode ? "\xe2\x94\x82" : "|");
        for (int column = 0; column < canvas->columns; column++)
            draw_cell(stream, canvas, row * canvas->columns + column, style);
        fputc('\n', stream);
    }
}

static void draw_axis(FILE *stream, const struct chart *chart, int columns) {
    char first[32], last[32];
    snprintf(first, sizeof first, "%.10g", chart->x.low);
    snprintf(last, sizeof last, "%.10g", chart->x.high);
    int room = columns - (int)strlen(first) - (int)strlen(last);
    fprintf(stream, "%*s%s%*s%s\n", LABELS, "", first, room > 1 ? room : 1, "", room > 1 ? last : "");
}

/* -------------------------------------------------------------------------------------------------------------- chart
 */

static bool falls_to_zero(const char *name) {
    return strstr(name, "loss") || strstr(name, "error");
}

static struct chart chart_of(const struct curves *curves, const char *name) {
    struct chart chart = {.count = 0};
    double low = INFINITY, high = -INFINITY, first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < curves->count; i++) {
        const struct curve *curve = &curves->curve[i];
        if (strcmp(curve->chart, name) != 0 || !curve->count) continue;
        if (chart.count == CHART_MOST_CURVES) {
            chart.left_out++;
            continue;
        }
        chart.curve[chart.count++] = curve;
        first = fmin(first, curve->step[0]);
        last = fmax(last, curve->step[curve->count - 1]);
        for (size_t j = 0; j < curve->count; j++) {
            if (!isfinite(curve->value[j])) continue;
            low = fmin(low, curve->value[j]);
            high = fmax(high, curve->value[j]);
        }
    }
    chart.any = low <= high;
    if (!chart.any) return chart;
    chart.x = plot_scale_of_epochs(first, last);
    chart.y = plot_scale_of_values(low, high, falls_to_zero(name));
    return chart;
}

void chart_draw(FILE *stream, const struct curves *curves, const char *name, const struct chart_style *style) {
    const struct chart chart = chart_of(curves, name);
    struct canvas canvas = {.columns = style->width - LABELS,
                            .rows = style->height - 2,
                            .across = style->unicode ? 2 : 1,
                            .down = style->unicode ? 4 : 1};
    size_t cells = (size_t)canvas.columns * (size_t)canvas.rows;
    canvas.dots = calloc(cells, sizeof *canvas.dots);
    canvas.owner = malloc(cells * sizeof *canvas.owner);
    if (canvas.dots && canvas.owner && chart.count) {
        memset(canvas.owner, -1, cells * sizeof *canvas.owner);
        for (size_t i = chart.any ? chart.count : 0; i-- > 0;) put_curve(&canvas, &chart, i); /* the first on top */
        draw_heading(stream, &chart, name, style);
        draw_rows(stream, &chart, &canvas, style);
        draw_axis(stream, &chart, canvas.columns);
    }
    free(canvas.dots);
    free(canvas.owner);
}
