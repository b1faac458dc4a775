/* SPDX-License-Identifier: MIT */
/* soma evaluate: loss and metrics of a saved network on data. */
#include "data.h"
#include "metrics.h"
#include "model.h"
#include "session.h"

static void report_evaluation(const struct settings *settings, soma_device *device, size_t samples,
                              const soma_metrics *metrics) {
    if (!settings->json) return;
    report *object = report_create();
    metrics_report(object, "", metrics);
    report_count(object, "samples", samples);
    report_text(object, "device", soma_device_selector(device));
    report_print(object);
}

static exit_status evaluate(const struct settings *settings, soma_network *network, soma_device *device) {
    soma_dataset *dataset;
    exit_status status = data_load_for(settings, network, true, &dataset);
    if (status != STATUS_DONE) return status;
    soma_metrics metrics;
    size_t samples = data_samples(dataset);
    say("%zu samples of %s\n", samples, settings->data);
    soma_status cause = soma_evaluate(network, dataset, settings->batch, &metrics);
    soma_dataset_destroy(dataset);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    metrics_say("Test", &metrics);
    report_evaluation(settings, device, samples, &metrics);
    return STATUS_DONE;
}

exit_status command_evaluate(const struct settings *settings) {
    soma_network *network = NULL;
    soma_device *device = NULL;
    exit_status status = model_open(settings, false, &network, &device);
    if (status == STATUS_DONE) status = evaluate(settings, network, device);
    soma_network_destroy(network);
    soma_device_close(device);
    return status;
}
