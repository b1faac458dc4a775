/* SPDX-License-Identifier: MIT */
/* What a network is, in figures and as text. */
#include "train/step.h"

#include <inttypes.h>
#include <string.h>

/* The plan for a step, made only to be asked. */
static soma_status plan_figures(soma_network *network, soma_mode mode, size_t batch, soma_plan_figures *figures) {
    soma_signature signature = soma_default_signature(network, mode);
    soma_step *step;
    soma_plan *plan;
    SOMA_TRY(soma_step_get(network, &signature, &step));
    SOMA_TRY(
        soma_plan_create(network->compiled->executor, &step->graph, batch, network->compiled->optimizer.kind, &plan));
    soma_plan_get_figures(plan, figures);
    soma_plan_destroy(plan);
    return SOMA_OK;
}

static soma_status device_figures(soma_network *network, size_t batch, soma_network_figures *figures) {
    SOMA_TRY(soma_require_compiled(network, "soma_network_get_figures"));
    const soma_compiled *compiled = network->compiled;
    uint64_t flat = (uint64_t)compiled->executor->parameter_count * soma_executor_element(compiled->executor);
    soma_plan_figures train = {0}, predict;
    bool trains = soma_can_train(network);
    SOMA_TRY(plan_figures(network, SOMA_MODE_PREDICT, batch, &predict));
    if (trains) SOMA_TRY(plan_figures(network, SOMA_MODE_TRAIN, batch, &train));
    const soma_plan_figures *larger = trains ? &train : &predict;
    figures->parameter_bytes = flat;
    uint64_t trained = (uint64_t)compiled->executor->trained_count * soma_executor_element(compiled->executor);
    figures->gradient_bytes = trains ? trained : 0;
    figures->optimizer_bytes = trains ? trained * soma_optimizer_states(compiled->optimizer.kind) : 0;
    figures->activation_bytes = larger->activation_bytes + larger->constant_bytes;
    figures->workspace_bytes = larger->workspace_bytes;
    figures->total_bytes = figures->parameter_bytes + figures->gradient_bytes + figures->optimizer_bytes +
                           figures->activation_bytes + figures->workspace_bytes;
    figures->flops_per_step = train.product_flops;
    figures->flops_per_inference = predict.product_flops;
    figures->calls_per_step = train.calls;
    figures->calls_per_inference = predict.calls;
    return SOMA_OK;
}

soma_status soma_network_get_figures(soma_network *network, size_t batch_size, soma_network_figures *figures) {
    memset(figures, 0, sizeof *figures);
    SOMA_TRY(soma_network_status(network));
    if (batch_size == 0) return soma_error(SOMA_INVALID_ARGUMENT, "the batch size is 0, it must be at least 1");
    figures->layers = network->layer_count;
    for (size_t i = 0; i < network->parameter_count; i++) {
        size_t count = soma_tensor_count(network->parameters[i].tensor);
        figures->parameters += count;
        if (network->parameters[i].is_running)
            figures->running += count;
        else if (network->parameters[i].is_frozen)
            figures->frozen += count;
    }
    return network->compiled ? device_figures(network, batch_size, figures) : SOMA_OK;
}

static void append_bytes(soma_text *text, const char *label, uint64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < SOMA_COUNT_OF(units)) value /= 1024, unit++;
    soma_text_append(text, "  %-18s %10.*f %s\n", label, unit ? 1 : 0, value, units[unit]);
}

static void append_layers(const soma_network *network, soma_text *text) {
    soma_text_append(text, "%-20s %-16s %-22s %12s\n", "layer", "kind", "output", "parameters");
    for (size_t i = 0; i < network->layer_count; i++) {
        const soma_layer *layer = &network->layers[i];
        char shape[SOMA_SHAPE_TEXT];
        soma_layer_info info;
        if (soma_network_layer(network, i, &info) != SOMA_OK) continue;
        soma_text_append(text, "%-20s %-16s %-22s %12zu", layer->name, layer->kind,
                         soma_tensor_shape_text(layer->output, shape), layer->parameters);
        if (info.frozen == layer->parameters && info.frozen) soma_text_append(text, "  frozen");
        if (info.frozen < layer->parameters && info.frozen)
            soma_text_append(text, "  %" PRIu64 " of them frozen", info.frozen);
        if (info.learning_rate > 0) soma_text_append(text, "  learning rate %g", (double)info.learning_rate);
        if (info.has_l2) soma_text_append(text, "  l2 %g", (double)info.l2);
        if (info.has_l1) soma_text_append(text, "  l1 %g", (double)info.l1);
        soma_text_append(text, "\n");
    }
}

static void append_untrained(const soma_network_figures *figures, soma_text *text) {
    const uint64_t trained = figures->parameters - figures->running - figures->frozen;
    if (!figures->running && !figures->frozen) return;
    soma_text_append(text, ", of which ");
    if (figures->running) soma_text_append(text, "%" PRIu64 " are running figures", figures->running);
    if (figures->frozen)
        soma_text_append(text, "%s%" PRIu64 " are frozen", figures->running ? ", " : "", figures->frozen);
    soma_text_append(text, " and %" PRIu64 " are trained", trained);
}

soma_status soma_summary(soma_network *network, size_t batch_size, char **out) {
    soma_network_figures figures;
    soma_text text = {.data = NULL};
    *out = NULL;
    SOMA_TRY(soma_network_get_figures(network, batch_size, &figures));
    append_layers(network, &text);
    soma_text_append(&text, "parameters: %zu", figures.parameters);
    append_untrained(&figures, &text);
    soma_text_append(&text, "\n");
    if (network->compiled) {
        soma_text_append(&text, "memory planned on %s for %s with a batch of %zu:\n",
                         network->compiled->device->info.name, soma_can_train(network) ? "training" : "inference",
                         batch_size);
        append_bytes(&text, "parameters", figures.parameter_bytes);
        append_bytes(&text, "gradients", figures.gradient_bytes);
        append_bytes(&text, "optimizer state", figures.optimizer_bytes);
        append_bytes(&text, "activations", figures.activation_bytes);
        append_bytes(&text, "workspace", figures.workspace_bytes);
        append_bytes(&text, "total", figures.total_bytes);
    }
    if (text.failed) {
        soma_free(text.data);
        return soma_out_of_memory(text.length, "the summary");
    }
    *out = text.data;
    return SOMA_OK;
}
