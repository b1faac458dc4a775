/* SPDX-License-Identifier: MIT */
/* soma summary: layers, shapes, parameters, planned memory. */
#include "freeze.h"
#include "model.h"
#include "report.h"
#include "session.h"

static void report_layers(report *object, const soma_network *network) {
    report *layers = report_array(object, "layers");
    soma_layer_info info;
    for (size_t i = 0; i < soma_network_layer_count(network); i++) {
        if (soma_network_layer(network, i, &info) != SOMA_OK) continue;
        report *layer = report_append_object(layers);
        report_text(layer, "name", info.name);
        report_text(layer, "kind", info.kind);
        report *shape = report_array(layer, "shape");
        for (uint32_t d = 0; d < info.rank; d++) report_append_number(shape, (double)info.shape[d]);
        report_count(layer, "parameters", info.parameters);
        freeze_report(&info, layer);
    }
}

static void report_figures(report *object, const soma_network_figures *figures) {
    report_count(object, "parameters", figures->parameters);
    report_count(object, "frozen", figures->frozen);
    report_count(object, "parameter_bytes", figures->parameter_bytes);
    report_count(object, "gradient_bytes", figures->gradient_bytes);
    report_count(object, "optimizer_bytes", figures->optimizer_bytes);
    report_count(object, "activation_bytes", figures->activation_bytes);
    report_count(object, "workspace_bytes", figures->workspace_bytes);
    report_count(object, "total_bytes", figures->total_bytes);
    report_number(object, "flops_per_step", figures->flops_per_step);
    report_number(object, "flops_per_inference", figures->flops_per_inference);
}

static exit_status summarise(const struct settings *settings, soma_network *network, soma_device *device) {
    char *text;
    soma_status cause = soma_summary(network, settings->batch, &text);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, NULL);
    say_result("%s", text);
    soma_free(text);
    if (!settings->json) {
        model_report_columns(network, NULL);
        model_report_pictures(network, NULL);
        return STATUS_DONE;
    }
    soma_network_figures figures;
    cause = soma_network_get_figures(network, settings->batch, &figures);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, NULL);
    report *object = report_create();
    report_text(object, "device", soma_device_selector(device));
    report_count(object, "batch", settings->batch);
    report_layers(object, network);
    model_report_columns(network, object);
    model_report_pictures(network, object);
    report_figures(object, &figures);
    report_print(object);
    return STATUS_DONE;
}

exit_status command_summary(const struct settings *settings) {
    soma_network *network = NULL;
    soma_device *device = NULL;
    exit_status status = model_open(settings, false, &network, &device);
    if (status == STATUS_DONE) status = summarise(settings, network, device);
    soma_network_destroy(network);
    soma_device_close(device);
    return status;
}
