/* SPDX-License-Identifier: MIT */
/* How a training is told. */
#include "train_result.h"
#include "metrics.h"
#include "threshold.h"
#include <math.h>
#include <string.h>

static soma_device_info device_info(const struct training *training) {
    soma_device_info info;
    soma_device_get_info(training->device, &info);
    return info;
}

static void say_data(const struct training *training) {
    const struct data *data = &training->data;
    soma_dataset_info info;
    soma_dataset_get_info(data->train, &info);
    say("Data     %s: %zu samples to train on", training->settings->data, info.samples);
    const char *validation = training->settings->validation_data, *test = training->settings->test_data;
    if (data->validation)
        say(", %zu%s%s for validation", data_samples(data->validation), validation ? " of " : "",
            validation ? validation : "");
    if (data->test) say(", %zu%s%s to test on", data_samples(data->test), test ? " of " : "", test ? test : "");
    if (info.classes) say("; %zu classes", info.classes);
    if (data->division.column)
        say("; divided by %s column %s", data->division.by == SOMA_BY_TIME ? "time" : "group", data->division.column);
    say("\n");
}

/* Those beside the first, of several. */
static void say_other_devices(const struct training *training) {
    soma_device *part;
    for (uint32_t i = 1; (part = soma_device_part(training->device, i)); i++) {
        soma_device_info info;
        soma_device_get_info(part, &info);
        say("         %s: %s, %s\n", soma_device_selector(part), info.name, info.platform);
    }
}

void training_say_start(const struct training *training) {
    const struct settings *settings = training->settings;
    soma_device_info info = device_info(training);
    soma_network_figures figures;
    char layers[256] = "";
    say_data(training);
    model_describe(training->network, layers, sizeof layers);
    say("Network  %s", training->net ? training->net : training->settings->load);
    if (soma_network_get_figures(training->network, training->settings->batch, &figures) == SOMA_OK)
        say(" (%s, %zu parameters)", layers, figures.parameters);
    say("\nDevice   %s: %s, %s\n", soma_device_selector(training->device), info.name, info.platform);
    say_other_devices(training);
    if (training->distributed.communicator)
        say("Ranks    %u by %s\n", training->distributed.communicator->ranks, training->distributed.module->name);
    if (training->decay > 0)
        say("Decay    weights by %.2g (--l2), as suits numbers to predict of %zu rows\n", training->decay,
            data_samples(training->data.train));
    else if (training->options.compile.optimizer.l2 > 0 && !option_given(settings, l2))
        say("Decay    weights by %.2g (--l2), as the model was trained before\n",
            (double)training->options.compile.optimizer.l2);
    if (training->settings->resume) say("Resumes  %s\n", training->settings->resume);
}

/* The epoch that the weights are of. */
static const soma_epoch *final_epoch(const struct training *training) {
    const soma_history *history = &training->history;
    if (!history->count) return NULL;
    return &history->epochs[history->restored ? history->best : history->count - 1];
}

static double samples_per_second(const struct training *training) {
    const soma_history *history = &training->history;
    double seconds = 0;
    for (uint32_t i = 0; i < history->count; i++) seconds += history->epochs[i].seconds;
    return seconds > 0 ? (double)data_samples(training->data.train) * history->count / seconds : NAN;
}

void training_say_end(const struct training *training) {
    const soma_history *history = &training->history;
    char rate[16];
    if (training->interrupted)
        say("Interrupted%s%s\n", training->settings->checkpoint ? "; to go on, --resume=" : "",
            training->settings->checkpoint ? training->settings->checkpoint : "");
    else if (history->count < training->settings->epochs)
        say("Stopped early: no improvement in %llu epochs\n", (unsigned long long)training->settings->early_stopping);
    if (!history->count) return;
    say("Trained %u epoch%s in %.2f s, %s samples/s; best epoch: %u%s\n", history->count,
        history->count == 1 ? "" : "s", history->seconds, short_number(samples_per_second(training), rate),
        history->epochs[history->best].epoch, history->restored ? ", whose weights are back" : "");
}

void training_say_result(const struct training *training) {
    const soma_epoch *last = final_epoch(training);
    if (training->tested) {
        metrics_say("Test", &training->test);
        forecasts_say(&training->forecasts, training->network);
    } else if (last && last->has_validation)
        metrics_say("Validation", &last->validation);
    else if (last)
        metrics_say("Training", &last->train);
}

void training_report(struct training *training) {
    if (!training->settings->json) return;
    report *object = training->object ? training->object : report_create();
    const soma_history *history = &training->history;
    const soma_epoch *last = final_epoch(training);
    soma_device_info info = device_info(training);
    soma_network_figures figures = {0};
    soma_network_get_figures(training->network, training->settings->batch, &figures);
    report_text(object, "device", soma_device_selector(training->device));
    report_text(object, "device_name", info.name);
    report_count(object, "epochs", history->count);
    if (history->count) report_count(object, "best_epoch", history->epochs[history->best].epoch);
    metrics_report(object, "train_", last ? &last->train : NULL);
    metrics_report(object, "validation_", last && last->has_validation ? &last->validation : NULL);
    metrics_report(object, "test_", training->tested ? &training->test : NULL);
    threshold_report(training->network, object);
    forecasts_report(&training->forecasts, training->network, object);
    if (training->tested && isfinite(training->mean_loss)) report_number(object, "test_mean_loss", training->mean_loss);
    report_number(object, "seconds", history->seconds);
    report_number(object, "samples_per_second", samples_per_second(training));
    report_count(object, "parameters", figures.parameters);
    report_count(object, "peak_memory_bytes", training->memory.peak);
    report_count(object, "seed", training->settings->seed);
    report_truth(object, "streamed", training->streamed);
    report_truth(object, "interrupted", training->interrupted);
    if (training->distributed.communicator) report_count(object, "ranks", training->distributed.communicator->ranks);
    profile_report(object, &training->profile);
    report_print(object);
    training->object = NULL;
}

void training_caption(const struct training *training, char *title, size_t title_size, char *subtitle,
                      size_t subtitle_size) {
    const struct settings *settings = training->settings;
    const soma_optimizer *optimizer = &training->options.compile.optimizer;
    soma_device_info info = device_info(training);
    const char *slash = strrchr(settings->data, '/');
    const char *name = slash && slash[1] ? slash + 1 : settings->data;
    snprintf(title, title_size, "%s", training->net ? training->net : settings->load);
    size_t length = (size_t)snprintf(subtitle, subtitle_size, "%s \xc2\xb7 %s, batch %llu \xc2\xb7 %s", name,
                                     soma_name(SOMA_NAMES_OPTIMIZER, optimizer->kind),
                                     (unsigned long long)settings->batch, info.name);
    double accuracy = training->tested ? metrics_accuracy(&training->test) : NAN;
    if (!isnan(accuracy) && length < subtitle_size)
        snprintf(subtitle + length, subtitle_size - length, " \xc2\xb7 test accuracy %.4f", accuracy);
}
