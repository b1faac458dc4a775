/* SPDX-License-Identifier: MIT */
/* Step graphs: a copy of the network (step_copy.c) with targets, losses and metrics appended (step_loss.c), and what
 * training needs beside those (step_training.c); and their plans. */
#include "graph/rewrites.h"
#include "train/step_build.h"

#include <math.h>
#include <string.h>

/* -------------------------------------------------------------------------------------------------------- the graphs
 */

static void keep_outputs(soma_step_builder *build) {
    for (size_t i = 0; i < soma_network_output_count(build->network); i++) {
        build->step->output[i] = soma_step_copy_of(build, soma_network_output(build->network, i));
        build->step->output[i]->kept = true;
    }
}

static soma_status fuse(soma_step_builder *build) {
    bool forward = soma_mode_is_forward(build->step->signature.mode);
    unsigned which = SOMA_FUSE_ALL;
    soma_device *device = build->compiled->device;
    if (!forward)
        which &= ~(unsigned)(SOMA_FUSE_FOLD | SOMA_FUSE_ADDITION | SOMA_FUSE_ATTENTION | SOMA_FUSE_SETTLED |
                             SOMA_FUSE_GATHER);
    if (!soma_device_combines(device, SOMA_PRIMITIVE_CONV_ADD)) which &= ~(unsigned)SOMA_FUSE_ADDITION;
    if (!soma_device_combines(device, SOMA_PRIMITIVE_ATTENTION)) which &= ~(unsigned)SOMA_FUSE_ATTENTION;
    SOMA_TRY(soma_graph_fuse(build->graph, which));
    return forward ? SOMA_OK : soma_step_fuse_training(build);
}

static soma_status build_graph(soma_step_builder *build) {
    soma_mode mode = build->step->signature.mode;
    SOMA_TRY(soma_step_copy_network(build));
    if (mode == SOMA_MODE_PREDICT || mode == SOMA_MODE_OUTCOMES) keep_outputs(build);
    if (mode != SOMA_MODE_PREDICT && mode != SOMA_MODE_APPLY) SOMA_TRY(soma_step_add_losses(build));
    if (!soma_mode_is_forward(mode)) SOMA_TRY(soma_step_add_training(build));
    soma_graph_prune(build->graph);
    if (soma_mode_is_of_fit(mode)) SOMA_TRY(soma_step_augment(build));
    return build->compiled->fuse ? fuse(build) : SOMA_OK;
}

void soma_step_free(soma_step *step) {
    if (!step) return;
    for (size_t i = 0; i < step->plan_count; i++) soma_plan_destroy(step->plans[i]);
    soma_graph_clear(&step->graph);
    soma_free(step);
}

void soma_steps_clear(soma_compiled *compiled) {
    while (compiled->steps) {
        soma_step *next = compiled->steps->next;
        soma_step_free(compiled->steps);
        compiled->steps = next;
    }
    compiled->predict = NULL;
    compiled->last_backward = NULL;
    compiled->last_plan = NULL;
}

/* Of what else there is, sessions have PREDICT: they plan for the graph that is there. */
void soma_steps_drop_metrics(soma_compiled *compiled) {
    for (soma_step **at = &compiled->steps; *at;) {
        soma_step *step = *at;
        if (step->signature.mode == SOMA_MODE_PREDICT || step->signature.mode == SOMA_MODE_APPLY) {
            at = &step->next;
            continue;
        }
        *at = step->next;
        soma_step_free(step);
    }
    compiled->last_backward = NULL;
    compiled->last_plan = NULL;
}

static bool same_signature(const soma_network *network, const soma_signature *a, const soma_signature *b) {
    if (a->mode != b->mode) return false;
    if (a->mode == SOMA_MODE_PREDICT || a->mode == SOMA_MODE_APPLY) return true;
    if (a->weighted != b->weighted || a->synchronised != b->synchronised) return false;
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (network->compiled->trained_on[i] && (a->target[i] != b->target[i] || a->labels[i] != b->labels[i]))
            return false;
    return true;
}

static soma_status build(soma_network *network, const soma_signature *signature, soma_executor *executor,
                         soma_step **out) {
    soma_step *step = *out = soma_calloc(1, sizeof *step);
    if (!step) return soma_out_of_memory(sizeof *step, "a step");
    step->signature = *signature;
    step->executor = executor;
    step->planned = &step->graph;
    soma_step_builder builder = {
        .network = network, .compiled = network->compiled, .step = step, .graph = &step->graph};
    soma_status status = build_graph(&builder);
    soma_free(builder.stand_in);
    if (status == SOMA_OK) return SOMA_OK;
    soma_step_free(step);
    *out = NULL;
    return status;
}

soma_status soma_step_share(const soma_step *step, soma_executor *executor, soma_step **out) {
    soma_step *shared = *out = soma_calloc(1, sizeof *shared);
    if (!shared) return soma_out_of_memory(sizeof *shared, "a step");
    shared->signature = step->signature;
    shared->executor = executor;
    shared->planned = step->planned;
    memcpy(shared->output, step->output, sizeof shared->output);
    return SOMA_OK;
}

soma_status soma_step_get(soma_network *network, const soma_signature *signature, soma_step **out) {
    soma_compiled *compiled = network->compiled;
    for (soma_step *step = compiled->steps; step; step = step->next)
        if (same_signature(network, &step->signature, signature)) {
            *out = step;
            return SOMA_OK;
        }
    SOMA_TRY(build(network, signature, compiled->executor, out));
    (*out)->next = compiled->steps;
    compiled->steps = *out;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------- plans
 */

static soma_status reserve(soma_compiled *compiled, soma_mode mode) {
    if (soma_mode_is_forward(mode)) return SOMA_OK;
    bool updates = mode != SOMA_MODE_BACKWARD;
    return soma_executor_reserve_training(compiled->executor,
                                          updates ? soma_optimizer_states(compiled->optimizer.kind) : 0);
}

soma_status soma_step_plan(soma_network *network, soma_step *step, size_t batch, soma_plan **out) {
    soma_compiled *compiled = network->compiled;
    size_t found = 0, capacity = SOMA_COUNT_OF(step->plans);
    while (found < step->plan_count && soma_plan_batch(step->plans[found]) != batch) found++;
    soma_plan *plan = found < step->plan_count ? step->plans[found] : NULL;
    if (!plan) {
        SOMA_TRY(reserve(compiled, step->signature.mode));
        SOMA_TRY(soma_plan_create(step->executor, step->planned, batch, compiled->optimizer.kind, &plan));
        if (step->plan_count < capacity)
            step->plan_count++;
        else {
            if (step->executor == compiled->executor && compiled->last_plan == step->plans[capacity - 1])
                compiled->last_plan = NULL;
            soma_plan_destroy(step->plans[capacity - 1]);
        }
        found = step->plan_count - 1;
    }
    memmove(step->plans + 1, step->plans, found * sizeof *step->plans);
    step->plans[0] = plan;
    *out = plan;
    return SOMA_OK;
}

soma_step_values soma_step_values_now(const soma_network *network, size_t start) {
    const soma_compiled *compiled = network->compiled;
    const double base = (double)compiled->optimizer.learning_rate;
    return (soma_step_values){
        .start = start,
        .step = compiled->step,
        .mix = soma_network_mix_at(network, compiled->step),
        .optimizer = soma_optimizer_step(&compiled->optimizer, compiled->step + 1, compiled->learning_rate),
        .rate_share = base > 0 ? (double)compiled->learning_rate / base : 1};
}

/* How often a metric counts a sample: what compares classes does so at each of its steps; and with weights of steps,
 * which are 1 on average, each does. */
static double rows_of_metric(const soma_network *network, uint32_t metric) {
    const soma_tensor *output = soma_network_output(network, 0);
    const soma_metric_kind kind = network->compiled->metric[metric].kind;
    size_t mask;
    if (kind == SOMA_METRIC_SUM) return 1; /* of the losses of samples */
    if (kind != SOMA_METRIC_CATEGORICAL_ACCURACY && kind != SOMA_METRIC_TOP_K_ACCURACY &&
        !soma_mask_of_output(network, 0, &mask))
        return 1;
    const size_t steps = soma_tensor_count(output) / output->shape[output->rank - 1];
    return (double)steps;
}

void soma_step_make_metrics(const soma_network *network, const soma_signature *signature, const double *totals,
                            size_t samples, soma_metrics *metrics) {
    const soma_compiled *compiled = network->compiled;
    memset(metrics, 0, sizeof *metrics);
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (compiled->trained_on[i])
            metrics->loss += (double)compiled->loss_weight[i] * totals[SOMA_SLOT_LOSS + i] / (double)samples;
    metrics->weighted = soma_step_is_weighted(compiled, signature);
    metrics->metric_count = compiled->metric_count;
    for (uint32_t i = 0; i < compiled->metric_count; i++) {
        metrics->metric[i] = totals[SOMA_SLOT_METRIC + i] / (double)samples / rows_of_metric(network, i);
        if (compiled->meaning[i] == SOMA_PERPLEXITY) metrics->metric[i] = exp(metrics->metric[i]);
        if (compiled->meaning[i] == SOMA_LABEL_ERROR_RATE) metrics->metric[i] /= signature->label_mean;
        metrics->metric_name[i] = compiled->metric_name[i];
    }
}

soma_status soma_step_read_metrics(soma_network *network, const soma_signature *signature, size_t samples,
                                   soma_metrics *metrics) {
    double totals[SOMA_ACCUMULATOR_SLOTS];
    SOMA_TRY(soma_executor_read_accumulators(network->compiled->executor, totals));
    soma_step_make_metrics(network, signature, totals, samples, metrics);
    return SOMA_OK;
}

soma_status soma_require_compiled(const soma_network *network, const char *function) {
    const soma_compiled *compiled = network ? network->compiled : NULL;
    if (!compiled)
        return soma_error(SOMA_INVALID_STATE, "%s needs a compiled network; call soma_compile() first", function);
    if (compiled->tensor_count != network->graph.count || compiled->output_count != network->output_count)
        return soma_error(
            SOMA_INVALID_STATE,
            "%s: the network has got further layers or outputs since it was compiled; call soma_compile()", function);
    return SOMA_OK;
}

soma_status soma_require_no_fit(const soma_network *network, const char *function) {
    if (!network->compiled->fit) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "%s can't be called from a callback of soma_fit on the same network",
                      function);
}

soma_status soma_synchronize(soma_network *network) {
    SOMA_TRY(soma_require_compiled(network, "soma_synchronize"));
    return soma_device_sync(network->compiled->device);
}
