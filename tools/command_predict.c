/* SPDX-License-Identifier: MIT */
/* soma predict: what a saved network says about data. */
#include "data.h"
#include "file_name.h"
#include "model.h"
#include "output_file.h"
#include "predictions.h"
#include "raw_arrays.h"
#include "report.h"
#include <stdlib.h>
#include <string.h>

static exit_status write_table(const struct predictions *predictions, const char *path) {
    struct output_text file;
    exit_status status = output_text_open("output", path, &file);
    if (status != STATUS_DONE) return status;
    predictions_write_csv(predictions, file.stream);
    return output_text_close(&file);
}

static exit_status write_predictions(const struct settings *settings, const struct predictions *predictions) {
    const char *path = settings->output;
    if (!path && settings->json) return STATUS_DONE; /* they are in the object */
    if (!path || strcmp(path, "-") == 0) {
        predictions_write_csv(predictions, stdout);
        return STATUS_DONE;
    }
    exit_status status = ends_in(path, ".npy")   ? predictions_write_npy(predictions, path)
                         : ends_in(path, ".npz") ? predictions_write_npz(predictions, settings->batch, path)
                                                 : write_table(predictions, path);
    if (status == STATUS_DONE) say("Saved %zu predictions in %s\n", predictions->samples, path);
    return status;
}

/* A class for each sample is read off an output of one dimension; others are numbers. */
static bool has_one_dimension(const soma_tensor *output) {
    size_t shape[SOMA_MAX_RANK];
    return soma_tensor_shape(output, shape) == 1;
}

static exit_status predict(const struct settings *settings, soma_network *network, soma_device *device) {
    soma_dataset *dataset;
    soma_series_info series;
    bool done;
    exit_status status = raw_arrays_predict(settings, network, device, &done);
    if (status == STATUS_DONE && !done) status = data_load_for(settings, network, false, &dataset);
    if (status != STATUS_DONE || done) return status;
    struct predictions predictions = {
        .network = network,
        .dataset = dataset,
        .samples = data_samples(dataset),
        .outputs = soma_tensor_count(soma_network_output(network, 0)),
    };
    predictions.as_labels = !settings->raw && model_has_labels(network);
    predictions.as_classes = !settings->raw && model_is_classifier(network) && !predictions.as_labels &&
                             has_one_dimension(soma_network_output(network, 0));
    size_t shape[SOMA_MAX_RANK];
    const uint32_t rank = soma_tensor_shape(soma_network_output(network, 0), shape);
    const bool of_steps = model_is_classifier(network) && rank == 2 && soma_network_class_name(network, 0);
    if (!settings->raw && (model_loss(network) == SOMA_CTC || of_steps)) predictions.sequence = shape[0];
    status = predictions_compute(settings, &predictions);
    if (status == STATUS_DONE && soma_network_get_series(network, &series) &&
        predictions.outputs == series.horizon * series.targets) {
        predictions.steps = true;
        predictions.samples = series.horizon;
        predictions.outputs = series.targets;
    }
    if (status == STATUS_DONE) status = write_predictions(settings, &predictions);
    if (status == STATUS_DONE && settings->json) {
        report *object = report_create();
        report_text(object, "device", soma_device_selector(device));
        report_count(object, "samples", predictions.samples);
        report_text(object, "output", settings->output);
        if (!settings->output) predictions_report(&predictions, object);
        report_print(object);
    }
    free(predictions.values);
    free(predictions.classes);
    soma_dataset_destroy(dataset);
    return status;
}

static exit_status check_settings(const struct settings *settings) {
    const char *path = settings->output;
    if (!path) return STATUS_DONE;
    if (strcmp(path, "-") == 0 && settings->json)
        return fail(STATUS_USAGE,
                    "--output: '-' and --json both want stdout; without --output the object holds the predictions");
    if (strcmp(path, "-") == 0) return STATUS_DONE;
    if (!ends_in(path, ".csv") && !ends_in(path, ".npy") && !ends_in(path, ".npz"))
        return fail(STATUS_USAGE,
                    "--output: '%s' has no known form; accepted: a name that ends in .csv, .npy or .npz, or -", path);
    return ends_in(path, ".csv") ? output_text_try("output", path) : output_file_try("output", path);
}

exit_status command_predict(const struct settings *settings) {
    soma_network *network = NULL;
    soma_device *device = NULL;
    bool done = false;
    exit_status status = check_settings(settings);
    if (status == STATUS_DONE) status = raw_arrays_without_network(settings, &network, &device, &done);
    if (status == STATUS_DONE && !done) status = model_open(settings, false, &network, &device);
    if (status == STATUS_DONE && !done) status = predict(settings, network, device);
    soma_network_destroy(network);
    soma_device_close(device);
    return status;
}
