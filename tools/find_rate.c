/* SPDX-License-Identifier: MIT */
/* See find_rate.h. */
#include "find_rate.h"
#include "history.h"
#include "output_file.h"
#include "plot_scale.h"
#include "report.h"
#include <math.h>

exit_status find_rate_check(const struct settings *settings) {
    const struct {
        const char *option;
        const char *value;
    } others[] = {{"save", settings->save},     {"history", settings->history},
                  {"plot", settings->plot},     {"checkpoint", settings->checkpoint},
                  {"resume", settings->resume}, {"tensorboard", settings->tensorboard}};
    if (!settings->find_rate) return STATUS_DONE;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].value)
            return fail(STATUS_USAGE, "--find-lr trains nothing, so that there is nothing for --%s", others[i].option);
    return output_text_try("find-lr", settings->find_rate);
}

/* ---------------------------------------------------------------------------------------------------- the picture */

struct sketch {
    const soma_rate_range *range;
    double left, top, width, height; /* of the area of the curve */
    double first, last;              /* decades of the learning rate */
    struct plot_scale y;
};

static double x_of(const struct sketch *sketch, double rate) {
    return sketch->left + sketch->width * (log10(rate) - sketch->first) / (sketch->last - sketch->first);
}

static double y_of(const struct sketch *sketch, double loss) {
    return sketch->top + sketch->height * (1 - plot_scale_place(&sketch->y, loss));
}

/* Losses of single batches may be far off: the axis is of the smoothed ones. */
static struct sketch sketch_of(const soma_rate_range *range) {
    struct sketch sketch = {.range = range, .left = 80, .top = 110, .width = PLOT_WIDTH - 108};
    double low = INFINITY, high = -INFINITY;
    sketch.height = PLOT_HEIGHT - sketch.top - 52;
    for (uint32_t i = 0; i < range->count; i++) {
        low = fmin(low, range->points[i].smoothed);
        high = fmax(high, range->points[i].smoothed);
    }
    if (low > high) low = high = 0;
    sketch.y = plot_scale_of_values(low, high, true);
    sketch.first = floor(log10(range->points[0].learning_rate) + 1e-9);
    sketch.last = fmax(ceil(log10(range->points[range->count - 1].learning_rate) - 1e-9), sketch.first + 1);
    return sketch;
}

static void draw_axes(FILE *stream, const struct sketch *sketch) {
    double right = sketch->left + sketch->width, bottom = sketch->top + sketch->height;
    for (size_t i = 0; i < sketch->y.count; i++) {
        char label[32];
        double y = y_of(sketch, sketch->y.tick[i]);
        plot_scale_label(&sketch->y, sketch->y.tick[i], label, sizeof label);
        fprintf(stream, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", sketch->left, y, right);
        fprintf(stream, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", sketch->left - 8,
                y + 4, label);
    }
    for (double decade = sketch->first; decade <= sketch->last; decade++) {
        double x = x_of(sketch, pow(10, decade));
        fprintf(stream, "<path class=\"axis\" d=\"M%.1f %.1fv5\"/>\n", x, bottom);
        fprintf(stream, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g</text>\n", x, bottom + 19,
                pow(10, decade));
    }
    fprintf(stream, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>\n", sketch->left, bottom, right);
    fprintf(stream, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">learning rate</text>\n",
            sketch->left + sketch->width / 2, bottom + 38);
    fprintf(
        stream,
        "<text class=\"text\" x=\"%.1f\" y=\"%.1f\" font-size=\"14\" font-weight=\"600\">Loss, smoothed"
        "<tspan class=\"soft\" dx=\"6\" font-size=\"12\" font-weight=\"400\">dots: of single batches</tspan></text>\n",
        sketch->left, sketch->top - 14);
}

static void draw_curve(FILE *stream, const struct sketch *sketch) {
    const soma_rate_range *range = sketch->range;
    for (uint32_t i = 0; i < range->count; i++) {
        double loss = range->points[i].loss;
        if (!isfinite(loss) || loss < sketch->y.low || loss > sketch->y.high) continue;
        fprintf(stream, "<circle class=\"training-ink\" opacity=\"0.35\" cx=\"%.1f\" cy=\"%.1f\" r=\"2\"/>\n",
                x_of(sketch, range->points[i].learning_rate), y_of(sketch, loss));
    }
    fputs("<path class=\"training\" fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\" d=\"", stream);
    for (uint32_t i = 0; i < range->count; i++)
        fprintf(stream, "%c%.1f %.1f", i ? 'L' : 'M', x_of(sketch, range->points[i].learning_rate),
                y_of(sketch, range->points[i].smoothed));
    fputs("\"/>\n", stream);
    if (range->suggestion == 0) return;
    double x = x_of(sketch, range->suggestion);
    fprintf(stream, "<path class=\"best\" stroke-dasharray=\"3 4\" opacity=\"0.55\" d=\"M%.1f %.1fV%.1f\"/>\n", x,
            sketch->top, sketch->top + sketch->height);
    fprintf(stream, "<text class=\"text\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">suggestion: %.2g</text>\n",
            x + (x > PLOT_WIDTH / 2.0 ? -9 : 9), sketch->top + 16, x > PLOT_WIDTH / 2.0 ? "end" : "start",
            range->suggestion);
}

static exit_status draw(const struct training *training, const soma_rate_range *range) {
    char title[256], subtitle[512];
    struct output_text file;
    exit_status status = output_text_open("find-lr", training->settings->find_rate, &file);
    if (status != STATUS_DONE) return status;
    training_caption(training, title, sizeof title, subtitle, sizeof subtitle);
    struct sketch sketch = sketch_of(range);
    plot_begin(file.stream, &(struct plot_caption){"Loss over the learning rate", title});
    draw_axes(file.stream, &sketch);
    draw_curve(file.stream, &sketch);
    plot_end(file.stream);
    status = output_text_close(&file);
    if (status == STATUS_DONE) say("Saved the plot in %s\n", training->settings->find_rate);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- the result */

static void tell(const struct training *training, const soma_rate_range *range) {
    if (range->suggestion > 0)
        say_result("Learning rate: %.2g, where the loss falls most steeply\n", range->suggestion);
    else
        say_result("Learning rate: none can be suggested, for the loss fell at no rate\n");
    if (!training->settings->json) return;
    report *object = report_create();
    report_number(object, "learning_rate", range->suggestion > 0 ? range->suggestion : NAN);
    report_truth(object, "diverged", range->diverged);
    report *points = report_array(object, "points");
    for (uint32_t i = 0; i < range->count; i++) {
        report *point = report_append_object(points);
        report_number(point, "learning_rate", range->points[i].learning_rate);
        report_number(point, "loss", range->points[i].loss);
        report_number(point, "smoothed", range->points[i].smoothed);
    }
    report_print(object);
}

exit_status find_rate(const struct training *training) {
    const struct settings *settings = training->settings;
    const soma_rate_range_options options = {.batch_size = settings->batch};
    soma_rate_range range;
    soma_status cause = soma_find_learning_rate(training->network, training->data.train, &options, &range);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    exit_status status = range.count ? draw(training, &range)
                                     : fail(STATUS_FAILED, "--find-lr: the loss is no number at any learning rate");
    if (status == STATUS_DONE) tell(training, &range);
    soma_rate_range_clear(&range);
    return status;
}
