/* SPDX-License-Identifier: MIT */
/* Draws scores as SVG: confusion matrix, receiver operating characteristic and calibration; or predicted against true,
 * and residuals. */
#include "output_file.h"
#include "plot_scale.h"
#include "scores.h"
#include "svg.h"
#include <math.h>
#include <string.h>

enum {
    SIDE = 270, /* of a panel's square */
    LEFT = 78,  /* of the first square: names and ticks stand before it */
    STEP = 372, /* from a square to the next */
    TOP = 112,
    HEIGHT = 452,
    MOST_NAMES = 12,   /* classes up to which the matrix has names and numbers */
    MOST_CURVES = 8,   /* as many as there are colours */
    MOST_POINTS = 2000 /* of a scatter plot: of more, every so many-th is drawn */
};

static const char style[] =
    "<style>\n"
    ".ground{fill:#ffffff}.text{fill:#1d2530}.soft{fill:#667085}.grid{stroke:#e6e9ee}.axis{stroke:#a3adbb}\n"
    ".cell{fill:#2563eb}.c0{stroke:#2563eb;fill:#2563eb}.c1{stroke:#e8590c;fill:#e8590c}.c2{stroke:#0f9d58;fill:#"
    "0f9d58}\n"
    ".c3{stroke:#a142f4;fill:#a142f4}.c4{stroke:#c5221f;fill:#c5221f}.c5{stroke:#12858d;fill:#12858d}\n"
    ".c6{stroke:#b06000;fill:#b06000}.c7{stroke:#5f6368;fill:#5f6368}\n"
    "@media (prefers-color-scheme: dark){\n"
    ".ground{fill:#10151c}.text{fill:#e7ebf1}.soft{fill:#98a3b3}.grid{stroke:#262e3a}.axis{stroke:#556070}\n"
    ".cell{fill:#6ba6ff}\n"
    "}\n"
    "</style>\n";

struct panel {
    FILE *stream;
    double left;
    struct plot_scale x, y;
};

static double x_of(const struct panel *panel, double value) {
    return panel->left + SIDE * plot_scale_place(&panel->x, value);
}

static double y_of(const struct panel *panel, double value) {
    return TOP + SIDE * (1 - plot_scale_place(&panel->y, value));
}

/* ---------------------------------------------------------------------------------------------------------- pieces */

static void draw_text(const struct panel *panel, const char *class_name, double x, double y, const char *anchor,
                      const char *text, size_t most) {
    fprintf(panel->stream, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class_name, x, y, anchor);
    svg_print_escaped(panel->stream, text, most);
    fputs("</text>\n", panel->stream);
}

static void draw_names(const struct panel *panel, const char *heading, const char *x, const char *y) {
    fprintf(panel->stream, "<text class=\"text\" x=\"%.1f\" y=\"%d\" font-size=\"14\" font-weight=\"600\">%s</text>\n",
            panel->left, TOP - 14, heading);
    draw_text(panel, "soft", panel->left + SIDE / 2., TOP + SIDE + 40, "middle", x, 60);
    fprintf(panel->stream,
            "<text class=\"soft\" transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
            panel->left - 60, TOP + SIDE / 2., y);
}

static void draw_axes(const struct panel *panel) {
    char label[32];
    for (size_t i = 0; i < panel->y.count; i++) {
        double y = y_of(panel, panel->y.tick[i]);
        plot_scale_label(&panel->y, panel->y.tick[i], label, sizeof label);
        fprintf(panel->stream, "<path class=\"grid\" d=\"M%.1f %.1fh%d\"/>\n", panel->left, y, SIDE);
        draw_text(panel, "soft", panel->left - 8, y + 4, "end", label, 16);
    }
    for (size_t i = 0; i < panel->x.count; i++) {
        double x = x_of(panel, panel->x.tick[i]);
        plot_scale_label(&panel->x, panel->x.tick[i], label, sizeof label);
        fprintf(panel->stream, "<path class=\"axis\" d=\"M%.1f %dv5\"/>\n", x, TOP + SIDE);
        if (panel->x.count <= 7 || i % 2 == 0) draw_text(panel, "soft", x, TOP + SIDE + 19, "middle", label, 16);
    }
}

/* Where the values would lie that are just right. */
static void draw_right(const struct panel *panel, double x0, double y0, double x1, double y1) {
    fprintf(panel->stream, "<path class=\"axis\" stroke-dasharray=\"3 4\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n",
            x_of(panel, x0), y_of(panel, y0), x_of(panel, x1), y_of(panel, y1));
}

/* ------------------------------------------------------------------------------------------------ confusion matrix */

static void draw_cell(const struct panel *panel, const soma_report *made, size_t row, size_t column) {
    double side = SIDE / (double)made->units, count = made->confusion[row * made->units + column];
    double share = made->unit[row].support > 0 ? count / made->unit[row].support : 0;
    double x = panel->left + side * (double)column, y = TOP + side * (double)row;
    fprintf(panel->stream,
            "<rect class=\"cell\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" opacity=\"%.3f\"/>\n", x, y,
            side, side, 0.04 + 0.76 * share);
    if (made->units > MOST_NAMES) return;
    char text[32];
    snprintf(text, sizeof text, "%.6g", count);
    draw_text(panel, "text", x + side / 2, y + side / 2 + 4, "middle", text, 10);
}

static void draw_confusion(const struct panel *panel, const struct scores *scores) {
    const soma_report *made = scores->report;
    double side = SIDE / (double)made->units;
    char text[24];
    draw_names(panel, "Confusion matrix", "predicted class", "class");
    for (size_t i = 0; i < made->units; i++)
        for (size_t j = 0; j < made->units; j++) draw_cell(panel, made, i, j);
    for (size_t i = 0; i < made->units && made->units <= MOST_NAMES; i++) {
        const char *name = scores_unit_name(scores, i, text);
        double middle = side * ((double)i + 0.5);
        draw_text(panel, "soft", panel->left - 6, TOP + middle + 4, "end", name, 8);
        draw_text(panel, "soft", panel->left + middle, TOP + SIDE + 17, "middle", name, (size_t)(side / 7) + 1);
    }
}

/* ---------------------------------------------------------------------------------------------------------- curves */

/* Of two classes the second alone: that of the first is its mirror image. */
static exit_status draw_curves(const struct panel *panel, const struct scores *scores) {
    const soma_report *made = scores->report;
    bool two = made->task == SOMA_TASK_CLASSES && made->units == 2;
    size_t drawn = 0;
    for (size_t j = two; j < made->units && drawn < MOST_CURVES; j++) {
        soma_curve curve;
        char text[24], line[64];
        if (isnan(made->unit[j].score[SOMA_SCORE_ROC_AUC])) continue;
        soma_status cause = soma_roc_curve(scores->outcomes, j, &curve);
        if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, "--plot");
        fprintf(panel->stream, "<path class=\"c%zu\" style=\"fill:none\" stroke-width=\"1.8\" d=\"", drawn);
        for (size_t i = 0; i < curve.count; i++)
            fprintf(panel->stream, "%c%.1f %.1f", i ? 'L' : 'M', x_of(panel, curve.x[i]), y_of(panel, curve.y[i]));
        fputs("\"/>\n", panel->stream);
        soma_free(curve.x);
        soma_free(curve.y);
        double y = TOP + SIDE - 12 - 16 * (double)drawn;
        snprintf(line, sizeof line, "%.20s  %.3f", scores_unit_name(scores, j, text),
                 made->unit[j].score[SOMA_SCORE_ROC_AUC]);
        draw_text(panel, "text", panel->left + SIDE - 22, y, "end", line, 40);
        fprintf(panel->stream, "<circle class=\"c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", drawn++,
                panel->left + SIDE - 12, y - 4);
    }
    return STATUS_DONE;
}

static exit_status draw_characteristic(const struct panel *panel, const struct scores *scores) {
    draw_names(panel, "Receiver operating characteristic", "share of the others taken for it",
               "share of its own found");
    draw_axes(panel);
    draw_right(panel, 0, 0, 1, 1);
    return draw_curves(panel, scores);
}

static void draw_calibration(const struct panel *panel, const struct scores *scores) {
    const soma_report *made = scores->report;
    draw_names(panel, "Calibration", "predicted probability", "share that was so");
    draw_axes(panel);
    draw_right(panel, 0, 0, 1, 1);
    bool connected = false;
    fputs("<path class=\"c0\" style=\"fill:none\" stroke-width=\"1.8\" d=\"", panel->stream);
    for (size_t i = 0; i < SOMA_CALIBRATION_BINS; i++) {
        const soma_calibration_bin *bin = &made->bin[i];
        if (bin->weight == 0) continue;
        fprintf(panel->stream, "%c%.1f %.1f", connected ? 'L' : 'M', x_of(panel, bin->mean), y_of(panel, bin->share));
        connected = true;
    }
    fputs("\"/>\n", panel->stream);
    for (size_t i = 0; i < SOMA_CALIBRATION_BINS; i++) {
        const soma_calibration_bin *bin = &made->bin[i];
        if (bin->weight == 0) continue;
        fprintf(panel->stream,
                "<circle class=\"c0\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>%.6g of weight: said %.3f, was %.3f"
                "</title></circle>\n",
                x_of(panel, bin->mean), y_of(panel, bin->share), 2.5 + 6 * sqrt(bin->weight / made->weight),
                bin->weight, bin->mean, bin->share);
    }
}

/* ---------------------------------------------------------------------------------------------------------- points */

static double point(const soma_outcomes *outcomes, size_t index, bool residual) {
    double predicted = (double)outcomes->predictions[index], right = (double)outcomes->targets[index];
    return residual ? predicted - right : predicted;
}

static struct plot_scale scale_of(const soma_outcomes *outcomes, bool targets, bool residual) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < outcomes->samples * outcomes->units; i++) {
        double value = point(outcomes, i, residual), right = targets ? (double)outcomes->targets[i] : value;
        low = fmin(low, fmin(value, right));
        high = fmax(high, fmax(value, right));
    }
    return plot_scale_of_values(low, high, false);
}

static void draw_points(const struct panel *panel, const soma_outcomes *outcomes, bool residual) {
    size_t every = (outcomes->samples + MOST_POINTS - 1) / MOST_POINTS;
    for (size_t i = 0; i < outcomes->samples; i += every)
        for (size_t j = 0; j < outcomes->units && j < MOST_CURVES; j++) {
            size_t index = i * outcomes->units + j;
            double x = residual ? (double)outcomes->predictions[index] : (double)outcomes->targets[index];
            fprintf(panel->stream, "<circle class=\"c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.4\" opacity=\"0.55\"/>\n", j,
                    x_of(panel, x), y_of(panel, point(outcomes, index, residual)));
        }
}

static void draw_numbers(struct panel *panel, const struct scores *scores) {
    const soma_outcomes *outcomes = scores->outcomes;
    panel->x = panel->y = scale_of(outcomes, true, false);
    draw_names(panel, "Predicted against true", "true", "predicted");
    draw_axes(panel);
    draw_right(panel, panel->x.low, panel->x.low, panel->x.high, panel->x.high);
    draw_points(panel, outcomes, false);
    panel->left += STEP;
    panel->x = scale_of(outcomes, false, false);
    panel->y = scale_of(outcomes, false, true);
    draw_names(panel, "Residuals", "predicted", "predicted \xe2\x88\x92 true");
    draw_axes(panel);
    draw_right(panel, panel->x.low, 0, panel->x.high, 0);
    draw_points(panel, outcomes, true);
}

/* ----------------------------------------------------------------------------------------------------- the picture */

static exit_status draw_panels(FILE *stream, const struct scores *scores) {
    struct panel panel = {.stream = stream, .left = LEFT};
    if (scores->report->task == SOMA_TASK_NUMBERS) {
        draw_numbers(&panel, scores);
        return STATUS_DONE;
    }
    panel.x = panel.y = plot_scale_of_values(0, 1, false);
    if (scores->report->task == SOMA_TASK_CLASSES) {
        draw_confusion(&panel, scores);
        panel.left += STEP;
    }
    exit_status status = draw_characteristic(&panel, scores);
    panel.left += STEP;
    draw_calibration(&panel, scores);
    return status;
}

exit_status scores_plot(const struct scores *scores, const char *path, const char *title) {
    int width = LEFT + STEP * (scores->report->task == SOMA_TASK_CLASSES ? 3 : 2) - 20;
    struct output_text file;
    exit_status status = output_text_open("plot", path, &file);
    if (status != STATUS_DONE) return status;
    svg_begin(file.stream, width, HEIGHT, title);
    fprintf(file.stream, "%s<rect class=\"ground\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", style, width, HEIGHT);
    fputs("<text class=\"text\" x=\"28\" y=\"42\" font-size=\"17\" font-weight=\"600\">", file.stream);
    svg_print_escaped(file.stream, title, 100);
    fputs("</text>\n", file.stream);
    status = draw_panels(file.stream, scores);
    fputs("</svg>\n", file.stream);
    if (status == STATUS_DONE) return output_text_close(&file);
    output_text_discard(&file);
    return status;
}
