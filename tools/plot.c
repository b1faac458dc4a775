/* SPDX-License-Identifier: MIT */
/* Draws the course of training as SVG: loss on the left, the first metric on the right. */
#include "history.h"
#include "output_file.h"
#include "plot_scale.h"
#include "svg.h"
#include <math.h>
#include <string.h>

enum {
    MARGIN = 28,
    HEADING = 84, /* top of the panels */
    PANEL_GAP = 36,
    TICK_LABELS = 52,   /* left of the curves */
    PANEL_HEADING = 26, /* above the curves */
    EPOCH_LABELS = 44,  /* below the curves */
    MOST_DOTS = 60      /* epochs up to which each has its dot */
};

/* One figure over the epochs: the loss (metric < 0) or a metric. */
struct curve {
    const soma_history *history;
    int metric;
    bool validation;
};

struct panel {
    const soma_history *history;
    struct curve curves[2];
    size_t curve_count;
    double left, top, width, height; /* of the area of the curves */
    struct plot_scale x, y;
    const char *name;
};

static const char style[] =
    "<style>\n"
    ".ground{fill:#ffffff}.text{fill:#1d2530}.soft{fill:#667085}.grid{stroke:#e6e9ee}.axis{stroke:#a3adbb}\n"
    ".training{stroke:#2563eb}.validation{stroke:#e8590c}.training-ink{fill:#2563eb}.validation-ink{fill:#e8590c}\n"
    ".best{stroke:#1d2530}.halo{stroke:#ffffff}\n"
    "@media (prefers-color-scheme: dark){\n"
    ".ground{fill:#10151c}.text{fill:#e7ebf1}.soft{fill:#98a3b3}.grid{stroke:#262e3a}.axis{stroke:#556070}\n"
    ".training{stroke:#6ba6ff}.validation{stroke:#ff9d57}.training-ink{fill:#6ba6ff}.validation-ink{fill:#ff9d57}\n"
    ".best{stroke:#e7ebf1}.halo{stroke:#10151c}\n"
    "}\n"
    "</style>\n";

static double curve_value(const struct curve *curve, uint32_t epoch) {
    const soma_epoch *row = &curve->history->epochs[epoch];
    const soma_metrics *metrics = curve->validation ? &row->validation : &row->train;
    return curve->metric < 0 ? metrics->loss : metrics->metric[curve->metric];
}

static bool curve_has(const struct curve *curve, uint32_t epoch) {
    return !curve->validation || curve->history->epochs[epoch].has_validation;
}

/* The last epoch that it has a value of; it has one. */
static uint32_t curve_end(const struct curve *curve) {
    uint32_t epoch = curve->history->count - 1;
    while (epoch > 0 && !curve_has(curve, epoch)) epoch--;
    return epoch;
}

static bool curve_is_weighted(const struct curve *curve) {
    const soma_epoch *last = &curve->history->epochs[curve_end(curve)];
    return curve->metric < 0 && (curve->validation ? &last->validation : &last->train)->weighted;
}

static bool is_validated(const soma_history *history) {
    bool any = false;
    for (uint32_t i = 0; i < history->count; i++) any |= history->epochs[i].has_validation;
    return any;
}

static double x_of(const struct panel *panel, uint32_t epoch) {
    return panel->left + panel->width * plot_scale_place(&panel->x, panel->history->epochs[epoch].epoch);
}

static double y_of(const struct panel *panel, double value) {
    return panel->top + panel->height * (1 - plot_scale_place(&panel->y, value));
}

static void panel_setup(struct panel *panel, const soma_history *history, const char *name, int metric) {
    panel->history = history;
    panel->name = name;
    panel->curve_count = is_validated(history) ? 2 : 1;
    double low = INFINITY, high = -INFINITY;
    for (size_t c = 0; c < panel->curve_count; c++) {
        panel->curves[c] = (struct curve){history, metric, c == 1};
        for (uint32_t i = 0; i < history->count; i++) {
            double value = curve_value(&panel->curves[c], i);
            if (!isfinite(value) || !curve_has(&panel->curves[c], i)) continue;
            low = fmin(low, value);
            high = fmax(high, value);
        }
    }
    if (low > high) low = high = 0;
    panel->y = plot_scale_of_values(low, high, metric < 0);
    panel->x = plot_scale_of_epochs(history->epochs[0].epoch, history->epochs[history->count - 1].epoch);
}

/* ------------------------------------------------------------------------------------------------------ pieces */

static void draw_axes(FILE *stream, const struct panel *panel) {
    char label[32];
    double right = panel->left + panel->width, bottom = panel->top + panel->height;
    for (size_t i = 0; i < panel->y.count; i++) {
        double y = y_of(panel, panel->y.tick[i]);
        plot_scale_label(&panel->y, panel->y.tick[i], label, sizeof label);
        fprintf(stream, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", panel->left, y, right);
        fprintf(stream, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", panel->left - 8,
                y + 4, label);
    }
    for (size_t i = 0; i < panel->x.count; i++) {
        double x = panel->left + panel->width * plot_scale_place(&panel->x, panel->x.tick[i]);
        fprintf(stream, "<path class=\"axis\" d=\"M%.1f %.1fv5\"/>\n", x, bottom);
        fprintf(stream, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0f</text>\n", x,
                bottom + 19, panel->x.tick[i]);
    }
    fprintf(stream, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>\n", panel->left, bottom, right);
    fprintf(stream, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">epoch</text>\n",
            panel->left + panel->width / 2, bottom + 38);
}

/* The panel's name on the left, the curves' colours and last values on the right. */
static void draw_panel_heading(FILE *stream, const struct panel *panel) {
    double y = panel->top - 14;
    fprintf(stream, "<text class=\"text\" x=\"%.1f\" y=\"%.1f\" font-size=\"14\" font-weight=\"600\">", panel->left, y);
    svg_print_escaped(stream, panel->name, 40);
    if (panel->y.logarithmic)
        fputs("<tspan class=\"soft\" dx=\"6\" font-size=\"12\" font-weight=\"400\">log scale</tspan>", stream);
    fprintf(stream, "</text>\n<text class=\"text\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
            panel->left + panel->width, y);
    for (size_t c = 0; c < panel->curve_count; c++) {
        const char *name = c ? "validation" : "training";
        fprintf(stream,
                "<tspan class=\"%s-ink\" dx=\"%d\">\xe2\x97\x8f</tspan><tspan class=\"soft\" dx=\"4\">%s%s</tspan>"
                "<tspan dx=\"5\">%#.3g</tspan>",
                name, c ? 16 : 0, name, curve_is_weighted(&panel->curves[c]) ? ", weighted" : "",
                curve_value(&panel->curves[c], curve_end(&panel->curves[c])));
    }
    fputs("</text>\n", stream);
}

static void draw_curve(FILE *stream, const struct panel *panel, const struct curve *curve) {
    const char *name = curve->validation ? "validation" : "training";
    fprintf(
        stream,
        "<path class=\"%s\" fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-linecap=\"round\" d=\"",
        name);
    bool connected = false; /* a value that is no number leaves a gap, an epoch that was not validated none */
    for (uint32_t i = 0; i < panel->history->count; i++) {
        if (!curve_has(curve, i)) continue;
        double value = curve_value(curve, i);
        if (isfinite(value)) fprintf(stream, "%c%.1f %.1f", connected ? 'L' : 'M', x_of(panel, i), y_of(panel, value));
        connected = isfinite(value);
    }
    fputs("\"/>\n", stream);
    if (panel->history->count > MOST_DOTS) return;
    for (uint32_t i = 0; i < panel->history->count; i++) {
        double value = curve_value(curve, i);
        if (!isfinite(value) || !curve_has(curve, i)) continue;
        fprintf(
            stream,
            "<circle class=\"%s-ink\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\"><title>epoch %u: %s %.5g</title></circle>\n",
            name, x_of(panel, i), y_of(panel, value), panel->history->epochs[i].epoch, name, value);
    }
}

/* A line through the best epoch, a ring on the curve that it was judged by, and words at the end that the curve is away
 * from. */
static void draw_best(FILE *stream, const struct panel *panel) {
    const soma_history *history = panel->history;
    const struct curve *judged = &panel->curves[panel->curve_count - 1];
    double value = curve_value(judged, history->best), x = x_of(panel, history->best);
    if (!isfinite(value) || !curve_has(judged, history->best)) return;
    double y = y_of(panel, value), middle = panel->top + panel->height / 2;
    bool left_of_line = x > panel->left + panel->width / 2;
    fprintf(
        stream,
        "<path class=\"best\" stroke-width=\"1\" stroke-dasharray=\"3 4\" opacity=\"0.55\" d=\"M%.1f %.1fV%.1f\"/>\n",
        x, panel->top, panel->top + panel->height);
    fprintf(stream, "<circle class=\"best\" fill=\"none\" stroke-width=\"1.6\" cx=\"%.1f\" cy=\"%.1f\" r=\"6\"/>\n", x,
            y);
    for (int halo = 1; halo >= 0; halo--) { /* the ground's colour first, so that the words stand clear of the lines */
        fprintf(stream, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>best: epoch %u, %#.3g</text>\n",
                halo ? "ground halo" : "text", x + (left_of_line ? -9 : 9),
                y > middle ? panel->top + 16 : panel->top + panel->height - 12, left_of_line ? "end" : "start",
                halo ? " stroke-width=\"5\" stroke-linejoin=\"round\"" : "", history->epochs[history->best].epoch,
                value);
    }
}

static void draw_panel(FILE *stream, const struct panel *panel) {
    draw_axes(stream, panel);
    draw_panel_heading(stream, panel);
    for (size_t c = 0; c < panel->curve_count; c++) draw_curve(stream, panel, &panel->curves[c]);
    draw_best(stream, panel);
}

/* ------------------------------------------------------------------------------------------------- the picture */

static void draw_heading(FILE *stream, const struct plot_caption *caption) {
    fprintf(stream, "<text class=\"text\" x=\"%d\" y=\"38\" font-size=\"17\" font-weight=\"600\">", MARGIN);
    svg_print_escaped(stream, caption->title, 100);
    fprintf(stream, "</text>\n<text class=\"soft\" x=\"%d\" y=\"60\" font-size=\"13\">", MARGIN);
    svg_print_escaped(stream, caption->subtitle, 140);
    fputs("</text>\n", stream);
}

static void place(struct panel *panel, size_t index, size_t count) {
    double width = (PLOT_WIDTH - 2 * MARGIN - PANEL_GAP * (double)(count - 1)) / (double)count;
    panel->left = MARGIN + (width + PANEL_GAP) * (double)index + TICK_LABELS;
    panel->top = HEADING + PANEL_HEADING;
    panel->width = width - TICK_LABELS;
    panel->height = PLOT_HEIGHT - panel->top - EPOCH_LABELS - 8;
}

static void capitalise(const char *name, char *text, size_t size) {
    snprintf(text, size, "%s", name);
    for (char *at = text; *at; at++)
        if (*at == '_') *at = ' ';
    if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 'a' + 'A');
}

void plot_begin(FILE *stream, const struct plot_caption *caption) {
    svg_begin(stream, PLOT_WIDTH, PLOT_HEIGHT, caption->title);
    fprintf(stream, "%s<rect class=\"ground\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", style, PLOT_WIDTH, PLOT_HEIGHT);
    draw_heading(stream, caption);
}

void plot_end(FILE *stream) {
    fputs("</svg>\n", stream);
}

void plot_draw(FILE *stream, const soma_history *history, const struct plot_caption *caption) {
    char metric_name[48];
    struct panel panels[2] = {0};
    const soma_metrics *metrics = &history->epochs[0].train;
    size_t count = metrics->metric_count ? 2 : 1;
    panel_setup(&panels[0], history, "Loss", -1);
    if (count == 2) {
        capitalise(metrics->metric_name[0], metric_name, sizeof metric_name);
        panel_setup(&panels[1], history, metric_name, 0);
    }
    plot_begin(stream, caption);
    for (size_t i = 0; i < count; i++) {
        place(&panels[i], i, count);
        draw_panel(stream, &panels[i]);
    }
    plot_end(stream);
}

exit_status plot_write(const char *path, const soma_history *history, const struct plot_caption *caption) {
    if (!history->count) return STATUS_DONE;
    struct output_text file;
    exit_status status = output_text_open("plot", path, &file);
    if (status != STATUS_DONE) return status;
    plot_draw(file.stream, history, caption);
    return output_text_close(&file);
}
