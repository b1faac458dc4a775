/* SPDX-License-Identifier: MIT */
/* A single step of a fit, and whether what it left is finite: for the epoch, for checkpoints, and for looking back. */
#include "train/fit_shards.h"
#include "train/fit_sum.h"

#include <math.h>
#include <string.h>

soma_status soma_fit_step(struct soma_fit *fit, size_t index, float rate) {
    soma_compiled *compiled = fit->network->compiled;
    compiled->learning_rate = rate;
    if (fit->shards)
        SOMA_TRY(soma_fit_step_by_shards(fit, index));
    else if (fit->team.communicator)
        SOMA_TRY(soma_fit_step_by_sum(fit, index));
    else
        SOMA_TRY(soma_pass_run(&fit->pass, index));
    compiled->step++;
    return SOMA_OK;
}

soma_status soma_fit_read_totals(struct soma_fit *fit, double *totals) {
    if (!fit->shards) return soma_executor_read_accumulators(fit->network->compiled->executor, totals);
    memcpy(totals, soma_fit_totals_of_shards(fit), SOMA_ACCUMULATOR_SLOTS * sizeof *totals);
    return SOMA_OK;
}

soma_status soma_fit_read_metrics(struct soma_fit *fit, size_t samples, soma_metrics *metrics) {
    double totals[SOMA_ACCUMULATOR_SLOTS];
    SOMA_TRY(soma_fit_read_totals(fit, totals));
    soma_step_make_metrics(fit->network, &fit->pass.match.signature, totals, samples, metrics);
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------- is it finite? */

soma_status soma_fit_bad_parameter(soma_executor *executor, size_t *element) {
    enum { CHUNK = 1 << 16 };
    float *values = soma_malloc(CHUNK * sizeof *values);
    if (!values) return soma_out_of_memory(CHUNK * sizeof *values, "looking for values that are not finite");
    soma_status status = SOMA_OK;
    size_t start = 0, bad = executor->parameter_count;
    while (status == SOMA_OK && start < executor->parameter_count && bad == executor->parameter_count) {
        size_t count = SOMA_MIN((size_t)CHUNK, executor->parameter_count - start);
        status = soma_executor_read(executor, executor->parameters, start, values, count);
        for (size_t i = count; status == SOMA_OK && i-- > 0;)
            if (!isfinite(values[i])) bad = start + i;
        start += count;
    }
    soma_free(values);
    *element = bad;
    return status;
}

soma_status soma_fit_loss_is_finite(soma_network *network, bool *finite) {
    soma_metrics metrics;
    SOMA_TRY(soma_fit_read_metrics(network->compiled->fit, 1, &metrics));
    *finite = isfinite(metrics.loss);
    return SOMA_OK;
}

soma_status soma_fit_parameters_are_finite(soma_network *network, bool *finite) {
    size_t element;
    SOMA_TRY(soma_fit_bad_parameter(network->compiled->executor, &element));
    *finite = element == network->compiled->executor->parameter_count;
    return SOMA_OK;
}

soma_status soma_fit_is_finite(struct soma_fit *fit, bool *finite) {
    bool own;
    SOMA_TRY(soma_fit_loss_is_finite(fit->network, &own));
    /* The loss of the last batch was computed before its step was made. */
    if (own) SOMA_TRY(soma_fit_parameters_are_finite(fit->network, &own));
    return soma_team_all(&fit->team, own, finite);
}
