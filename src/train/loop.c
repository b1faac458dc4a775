/* SPDX-License-Identifier: MIT */
/* Training by a loop of one's own: single steps, gradients without a step, the learning rate. */
#include "graph/rewrites.h"
#include "train/fit.h"

#include <math.h>
#include <string.h>

float soma_rate_now(const soma_compiled *compiled, uint64_t first_step, uint64_t total_steps) {
    const soma_optimizer *optimizer = &compiled->optimizer;
    /* A cosine over the whole of fit begins with it; all else goes on from fit to fit. */
    bool over_fit = optimizer->schedule.kind == SOMA_SCHEDULE_COSINE && optimizer->schedule.period == 0;
    uint64_t t = over_fit ? compiled->step - first_step : compiled->step;
    return soma_schedule_rate(optimizer, t, total_steps, compiled->plateau_factor);
}

/* ------------------------------------------------------------------------------------------------------- a batch */

/* A pass over one batch that lies in the caller's arrays. */
static soma_status run_batch(soma_network *network, const soma_array *inputs, const soma_array *targets, soma_mode mode,
                             soma_metrics *metrics) {
    soma_compiled *compiled = network->compiled;
    size_t target_count = 0;
    for (size_t i = 0; i < SOMA_MAX_ENDS; i++) target_count += compiled->trained_on[i];
    soma_dataset *batch;
    SOMA_TRY(soma_dataset_from_arrays(inputs, network->input_count, targets, target_count, &batch));
    const soma_batches_options options = {.batch = batch->samples, .on_host = true};
    soma_pass pass;
    soma_signature signature;
    soma_status status = soma_pass_open(network, batch, mode, &options, &pass);
    if (status == SOMA_OK) {
        signature = pass.match.signature;
        compiled->learning_rate = soma_rate_now(compiled, 0, 0);
        status = soma_executor_clear_accumulators(compiled->executor);
        if (status == SOMA_OK) status = soma_pass_run(&pass, 0);
        compiled->last_backward = status == SOMA_OK && mode == SOMA_MODE_BACKWARD ? pass.step : NULL;
        compiled->last_plan = status == SOMA_OK ? soma_pass_plan(&pass, 0) : NULL;
        soma_pass_close(&pass);
    }
    if (status == SOMA_OK && metrics) status = soma_step_read_metrics(network, &signature, batch->samples, metrics);
    soma_dataset_destroy(batch);
    return status;
}

soma_status soma_train_on_batch(soma_network *network, const soma_array *inputs, const soma_array *targets,
                                soma_metrics *metrics) {
    SOMA_TRY(soma_require_compiled(network, "soma_train_on_batch"));
    SOMA_TRY(soma_require_no_fit(network, "soma_train_on_batch"));
    SOMA_TRY(soma_require_trained(network, "soma_train_on_batch"));
    SOMA_TRY(run_batch(network, inputs, targets, SOMA_MODE_TRAIN, metrics));
    network->compiled->step++;
    return SOMA_OK;
}

soma_status soma_backward(soma_network *network, const soma_array *inputs, const soma_array *targets,
                          soma_metrics *metrics) {
    SOMA_TRY(soma_require_compiled(network, "soma_backward"));
    SOMA_TRY(soma_require_no_fit(network, "soma_backward"));
    return run_batch(network, inputs, targets, SOMA_MODE_BACKWARD, metrics);
}

soma_status soma_apply_gradients(soma_network *network) {
    SOMA_TRY(soma_require_compiled(network, "soma_apply_gradients"));
    SOMA_TRY(soma_require_no_fit(network, "soma_apply_gradients"));
    soma_compiled *compiled = network->compiled;
    if (!compiled->last_backward)
        return soma_error(SOMA_INVALID_STATE,
                          "soma_apply_gradients: there are no gradients; call soma_backward() first");
    const soma_signature signature = {.mode = SOMA_MODE_APPLY};
    soma_step *step;
    soma_plan *plan;
    SOMA_TRY(soma_step_get(network, &signature, &step));
    SOMA_TRY(soma_step_plan(network, step, 1, &plan));
    compiled->learning_rate = soma_rate_now(compiled, 0, 0);
    soma_step_values values = soma_step_values_now(network, 0);
    SOMA_TRY(soma_plan_run(plan, &values));
    compiled->step++;
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- gradients */

static soma_status input_gradient(soma_network *network, size_t input, float *values, size_t count) {
    soma_compiled *compiled = network->compiled;
    const char *name = soma_tensor_name(network->inputs[input]);
    if (!compiled->last_backward || !compiled->last_plan)
        return soma_error(SOMA_INVALID_STATE, "the gradient of input %s is there after soma_backward()", name);
    const soma_tensor *gradient = compiled->last_backward->input_gradient[input];
    if (gradient) return soma_plan_read(compiled->last_plan, gradient, values, count);
    size_t expected = soma_plan_batch(compiled->last_plan) * soma_tensor_count(network->inputs[input]);
    if (count != expected)
        return soma_error(SOMA_INVALID_SHAPE, "the gradient of input %s has %zu values, got room for %zu", name,
                          expected, count);
    memset(values, 0, count * sizeof *values); /* the loss does not depend on it */
    return SOMA_OK;
}

/* Whether a step of training has moved rows of it alone, by sums that are not kept. */
static bool is_updated_by_rows(const soma_network *network, const soma_tensor *parameter) {
    for (const soma_step *step = network->compiled->steps; step; step = step->next)
        if (step->signature.mode == SOMA_MODE_TRAIN && soma_graph_updates_rows_at(&step->graph, parameter->offset))
            return true;
    return false;
}

/* The last step's, in a callback of its fit. */
static bool has_gradient_of_fit(const soma_network *network, const soma_tensor *parameter) {
    const struct soma_fit *fit = network->compiled->fit;
    return fit && fit->batches_done &&
           (fit->team.communicator || fit->shards ||
            (!soma_updates_in_products(network) && !is_updated_by_rows(network, parameter)));
}

soma_status soma_get_gradient(soma_network *network, const soma_tensor *tensor, float *values, size_t count) {
    SOMA_TRY(soma_require_compiled(network, "soma_get_gradient"));
    for (size_t i = 0; i < network->input_count; i++)
        if (network->inputs[i] == tensor) return input_gradient(network, i, values, count);
    soma_parameter *parameter = NULL;
    SOMA_TRY(soma_check_parameter(network, tensor, count, &parameter));
    soma_executor *executor = network->compiled->executor;
    if (parameter->is_running)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s is a running figure, which is not trained: it has no gradient",
                          soma_tensor_name(tensor));
    if (parameter->is_frozen)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s is frozen: it has no gradient", soma_tensor_name(tensor));
    if (!network->compiled->last_backward && !has_gradient_of_fit(network, parameter->tensor))
        return soma_error(SOMA_INVALID_STATE,
                          "there is a gradient of %s after soma_backward(), and in the callbacks of soma_fit() unless "
                          "the optimizer is plain sgd, or moves the rows of a table that were seen alone",
                          soma_tensor_name(tensor));
    return soma_executor_read(executor, executor->gradients, tensor->offset, values, count);
}

/* ------------------------------------------------------------------------------------------------- learning rate */

soma_status soma_set_learning_rate(soma_network *network, float learning_rate) {
    SOMA_TRY(soma_require_compiled(network, "soma_set_learning_rate"));
    if (!(learning_rate >= 0 && isfinite(learning_rate)))
        return soma_error(SOMA_INVALID_ARGUMENT, "learning rate %g; it must be finite and not negative",
                          (double)learning_rate);
    soma_compiled *compiled = network->compiled;
    compiled->optimizer.learning_rate = compiled->learning_rate = learning_rate;
    compiled->plateau_factor = 1.0f;
    return SOMA_OK;
}

float soma_get_learning_rate(const soma_network *network) {
    return network && network->compiled ? network->compiled->learning_rate : 0.0f;
}
