/* SPDX-License-Identifier: MIT */
/* soma evaluate: loss, metrics and scores of a saved network on data. */
#include "baseline.h"
#include "data.h"
#include "forecast.h"
#include "metrics.h"
#include "mistakes.h"
#include "model.h"
#include "output_file.h"
#include "report.h"
#include "scores.h"
#include "session.h"
#include "text.h"
#include "threshold.h"
#include <math.h>

struct evaluation {
    soma_metrics metrics;
    soma_outcomes outcomes; /* of what needs more than loss and metrics */
    soma_report scores;
    struct forecasts forecasts; /* of a series */
    bool has_scores;
};

/* The network is run once, whatever is wanted of it. */
static soma_status compute(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           struct evaluation *found) {
    found->has_scores = settings->report || settings->plot;
    if (!found->has_scores && !settings->mistakes)
        return soma_evaluate(network, dataset, settings->batch, &found->metrics);
    soma_status cause = soma_evaluate_outcomes(network, dataset, settings->batch, &found->metrics, &found->outcomes);
    return cause == SOMA_OK && found->has_scores ? soma_report_make(&found->outcomes, &found->scores) : cause;
}

static exit_status tell_scores(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                               const struct evaluation *found, report *object) {
    const struct scores scores = {&found->outcomes, &found->scores, network, dataset};
    if (!found->has_scores) return STATUS_DONE;
    if (settings->report) scores_say(&scores);
    scores_report(&scores, object);
    if (!settings->plot) return STATUS_DONE;
    exit_status status = found->forecasts.counted
                             ? forecasts_plot(&found->forecasts, network, dataset, settings->plot, settings->data)
                             : scores_plot(&scores, settings->plot, settings->data);
    if (status == STATUS_DONE) say("Saved the plot in %s\n", settings->plot);
    return status;
}

static exit_status measure(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           report *object) {
    struct evaluation found = {.has_scores = false};
    size_t samples = data_samples(dataset);
    say("%zu samples of %s\n", samples, settings->data);
    soma_status cause = compute(settings, network, dataset, &found);
    exit_status status = cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    if (status == STATUS_DONE) {
        metrics_say("Test", &found.metrics);
        metrics_report(object, "", &found.metrics);
        report_count(object, "samples", samples);
        double mean_loss = baseline_tell(network, dataset, &found.metrics);
        if (isfinite(mean_loss)) report_number(object, "mean_loss", mean_loss);
        threshold_report(network, object);
        status = forecasts_make(settings, network, dataset, &found.forecasts);
    }
    if (status == STATUS_DONE) {
        forecasts_say(&found.forecasts, network);
        forecasts_report(&found.forecasts, network, object);
        status = tell_scores(settings, network, dataset, &found, object);
    }
    if (status == STATUS_DONE && settings->mistakes)
        status = mistakes_write(settings, network, dataset, &found.outcomes, object);
    forecasts_clear(&found.forecasts);
    soma_report_clear(&found.scores);
    soma_outcomes_clear(&found.outcomes);
    return status;
}

static exit_status evaluate(const struct settings *settings, soma_network *network, report *object) {
    soma_dataset *dataset = NULL;
    exit_status status = data_load_for(settings, network, true, &dataset);
    if (status == STATUS_DONE && settings->mistakes) status = mistakes_check(settings, network, dataset);
    if (status == STATUS_DONE) status = measure(settings, network, dataset, object);
    soma_dataset_destroy(dataset);
    return status;
}

exit_status command_evaluate(const struct settings *settings) {
    soma_network *network = NULL;
    soma_device *device = NULL;
    exit_status status = mistakes_try(settings);
    if (status == STATUS_DONE && settings->plot) status = output_text_try("plot", settings->plot);
    if (status == STATUS_DONE) status = model_open(settings, false, &network, &device);
    if (status == STATUS_DONE) status = text_give_tokens(settings, network);
    report *object = status == STATUS_DONE && settings->json ? report_create() : NULL;
    if (status == STATUS_DONE) status = evaluate(settings, network, object);
    if (object && status == STATUS_DONE) {
        report_text(object, "device", soma_device_selector(device));
        report_print(object);
    } else {
        report_destroy(object);
    }
    soma_network_destroy(network);
    soma_device_close(device);
    return status;
}
