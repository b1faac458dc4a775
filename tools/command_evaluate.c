/* SPDX-License-Identifier: MIT */
/* soma evaluate: loss and metrics of a saved network on data. */
#include "data.h"
#include "metrics.h"
#include "mistakes.h"
#include "model.h"
#include "report.h"
#include "session.h"

static exit_status measure(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           report *object) {
    soma_metrics metrics;
    size_t samples = data_samples(dataset);
    say("%zu samples of %s\n", samples, settings->data);
    soma_status cause = soma_evaluate(network, dataset, settings->batch, &metrics);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    metrics_say("Test", &metrics);
    metrics_report(object, "", &metrics);
    report_count(object, "samples", samples);
    return STATUS_DONE;
}

static exit_status evaluate(const struct settings *settings, soma_network *network, report *object) {
    soma_dataset *dataset = NULL;
    exit_status status = data_load_for(settings, network, true, &dataset);
    if (status == STATUS_DONE && settings->mistakes) status = mistakes_check(settings, network, dataset);
    if (status == STATUS_DONE) status = measure(settings, network, dataset, object);
    if (status == STATUS_DONE && settings->mistakes) status = mistakes_write(settings, network, dataset, object);
    soma_dataset_destroy(dataset);
    return status;
}

exit_status command_evaluate(const struct settings *settings) {
    soma_network *network = NULL;
    soma_device *device = NULL;
    exit_status status = mistakes_try(settings);
    if (status == STATUS_DONE) status = model_open(settings, false, &network, &device);
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
