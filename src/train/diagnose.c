/* SPDX-License-Identifier: MIT */
/*
 * Where training went wrong. During an epoch nothing is looked at, so that nothing is waited for. When its figures turn
 * out not to be finite, the epoch is run again from its beginning, with the same batches, rates and dropout, which
 * gives the same bits; this time the loss is read after each batch, and the batch that spoils it is taken apart call by
 * call.
 */
#include "graph/rewrites.h"
#include "train/evaluate.h"
#include "train/fit.h"

#include <inttypes.h>
#include <math.h>

/* The first value that was not finite. */
typedef struct finding {
    const soma_tensor *tensor; /* of the pass's step graph; NULL: not found */
    size_t batch;              /* from 0 */
    bool after;                /* by that batch's step: the batch itself is in order */
    size_t element;            /* of the tensor, the batch counted */
    float value;
} finding;

/* -------------------------------------------------------------------------------------------------- where was it? */

/* The parameter that holds element `offset` of the flat buffer; NULL if none does. */
static const soma_tensor *parameter_at(const soma_graph *graph, size_t offset) {
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *tensor = graph->tensor[i];
        if (tensor->op == SOMA_OP_PARAMETER && offset >= tensor->offset &&
            offset - tensor->offset < soma_tensor_count(tensor))
            return tensor;
    }
    return NULL;
}

static soma_status find_element(soma_plan *plan, finding *found) {
    size_t count = soma_tensor_full_count(found->tensor, soma_plan_batch(plan));
    float *values = soma_realloc(NULL, count, sizeof *values);
    if (!values) return soma_out_of_memory(count * sizeof *values, "the values of a tensor");
    soma_status status = soma_plan_read(plan, found->tensor, values, count);
    for (size_t i = count; status == SOMA_OK && i-- > 0;) {
        if (isfinite(values[i])) continue;
        found->element = i;
        found->value = values[i];
    }
    soma_free(values);
    return status;
}

/* Batch number `batch`, taken apart. */
static soma_status look_into_batch(soma_pass *pass, size_t batch, finding *found) {
    soma_plan *plan = soma_pass_plan(pass, batch);
    soma_step_values step;
    found->batch = batch;
    SOMA_TRY(soma_pass_load(pass, batch, &step));
    SOMA_TRY(soma_plan_find_not_finite(plan, &step, &found->tensor));
    if (!found->tensor) return SOMA_OK;
    SOMA_TRY(find_element(plan, found));
    /* A product that updates weights in place is a step already. */
    if (found->tensor->place == SOMA_PLACE_PARAMETER && found->tensor->op != SOMA_OP_PARAMETER) {
        found->tensor = parameter_at(&pass->step->graph, found->tensor->offset);
        found->after = true;
    }
    return SOMA_OK;
}

typedef soma_status finite_check(soma_network *network, bool *finite);

/*
 * Runs the first `count` batches of the epoch again, or those of them since it was resumed. With a check, up to the
 * first after which it fails, whose number *spoiled then is.
 */
static soma_status replay(struct soma_fit *fit, size_t count, finite_check *check, size_t *spoiled) {
    soma_network *network = fit->network;
    SOMA_TRY(soma_snapshot_restore(&fit->good));
    for (size_t i = fit->resumed_at; i < count; i++) {
        bool finite = true;
        if (check) SOMA_TRY(soma_executor_clear_accumulators(network->compiled->executor));
        SOMA_TRY(soma_fit_step(fit, i, fit->rates[i]));
        if (check) SOMA_TRY(check(network, &finite));
        if (!finite) return *spoiled = i, SOMA_OK;
    }
    return SOMA_OK;
}

/* The first parameter that is not finite now. */
static soma_status find_parameter(struct soma_fit *fit, finding *found) {
    soma_executor *executor = fit->network->compiled->executor;
    size_t element;
    SOMA_TRY(soma_fit_bad_parameter(executor, &element));
    found->tensor = parameter_at(&fit->pass.step->graph, element);
    if (!found->tensor) return SOMA_OK;
    found->element = element - found->tensor->offset;
    return soma_executor_read(executor, executor->parameters, element, &found->value, 1);
}

static soma_status find_in_batch(struct soma_fit *fit, size_t batch, finding *found) {
    SOMA_TRY(replay(fit, batch, NULL, NULL));
    fit->network->compiled->learning_rate = fit->rates[batch];
    return look_into_batch(&fit->pass, batch, found);
}

/*
 * The weights were bad before batch number `count`. Functions that saturate may hide that from the losses of some
 * batches, so each step is looked at. It was a gradient that spoiled them, or the step alone.
 */
static soma_status find_spoiling_step(struct soma_fit *fit, size_t count, finding *found) {
    finding earlier = {0};
    size_t step = count;
    SOMA_TRY(replay(fit, count, soma_fit_parameters_are_finite, &step));
    if (step == count) return SOMA_OK;
    SOMA_TRY(find_parameter(fit, found));
    SOMA_TRY(find_in_batch(fit, step, &earlier));
    if (earlier.tensor) return *found = earlier, SOMA_OK;
    found->batch = step;
    found->after = true;
    return SOMA_OK;
}

static soma_status find_in_training(struct soma_fit *fit, finding *found) {
    size_t spoiled = fit->batches_done;
    SOMA_TRY(replay(fit, fit->batches_done, soma_fit_loss_is_finite, &spoiled));
    if (spoiled < fit->batches_done) {
        SOMA_TRY(find_in_batch(fit, spoiled, found));
        if (!found->tensor || found->tensor->op != SOMA_OP_PARAMETER || spoiled == fit->resumed_at) return SOMA_OK;
    }
    return find_spoiling_step(fit, spoiled, found);
}

static soma_status find_in_validation(struct soma_fit *fit, finding *found) {
    soma_pass *pass = &fit->validation;
    for (size_t i = 0; i < soma_pass_batch_count(pass); i++) {
        bool finite;
        SOMA_TRY(soma_executor_clear_accumulators(fit->network->compiled->executor));
        SOMA_TRY(soma_pass_run(pass, i));
        SOMA_TRY(soma_fit_loss_is_finite(fit->network, &finite));
        if (!finite) return look_into_batch(pass, i, found);
    }
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------- what to say */

static const char *layer_name(const soma_network *network, const soma_tensor *tensor) {
    return tensor->layer >= 1 && tensor->layer <= network->layer_count ? network->layers[tensor->layer - 1].name : NULL;
}

/* What comes after a loss belongs to the way back; a loss that is made with its gradient stands behind that. */
static bool is_gradient(const soma_graph *graph, const soma_tensor *tensor) {
    for (uint32_t i = 0; i <= tensor->id; i++)
        if (soma_tensor_is_loss(graph->tensor[i]) || graph->tensor[i]->op == SOMA_OP_LOSS_GRAD)
            return !soma_tensor_is_loss(tensor);
    return false;
}

/* Without the sign of a NaN, which says nothing. */
static double as_printed(const finding *found) {
    return isnan(found->value) ? (double)NAN : (double)found->value;
}

static void describe_input(soma_text *text, const soma_pass *pass, const finding *found) {
    char label[SOMA_SHAPE_TEXT];
    size_t width = soma_tensor_count(found->tensor);
    size_t sample = soma_pass_batch_start(pass, found->batch) + found->element / width;
    soma_text_append(text, "input \"%s\" is %g in element %zu of row %zu of the data (rows count from 0)",
                     soma_tensor_label(found->tensor, label), as_printed(found), found->element % width,
                     soma_batches_row(&pass->batches, sample));
}

/* The tensor, and what the value in it says. */
static void describe(soma_text *text, const soma_pass *pass, const finding *found) {
    const soma_tensor *tensor = found->tensor;
    const char *layer = layer_name(pass->network, tensor);
    char label[SOMA_SHAPE_TEXT];
    soma_tensor_label(tensor, label);
    if (tensor->op == SOMA_OP_INPUT) {
        describe_input(text, pass, found);
        return;
    }
    soma_text_append(text, "the first value that is not finite is %g in ", as_printed(found));
    if (tensor->op == SOMA_OP_PARAMETER)
        soma_text_append(text, "the parameter \"%s\"", label);
    else if (soma_tensor_is_loss(tensor))
        soma_text_append(text, "the loss itself; the prediction is finite");
    else if (is_gradient(&pass->step->graph, tensor))
        soma_text_append(text, "a gradient (%s)", label);
    else
        soma_text_append(text, "the activation \"%s\"", label);
    if (layer) soma_text_append(text, " of layer \"%s\"", layer);
}

static void advise(soma_text *text, const struct soma_fit *fit, const finding *found) {
    if (fit->resumed_at)
        soma_text_append(text, ". The weights are those of the checkpoint that was resumed");
    else if (fit->epoch > 1)
        soma_text_append(text, ". The weights are those of the end of epoch %" PRIu32, fit->epoch - 1);
    else
        soma_text_append(text, ". The weights are those from before the training");
    if (found->tensor && found->tensor->op == SOMA_OP_INPUT)
        soma_text_append(text, ". Mend or leave out this row");
    else
        soma_text_append(text, ". Try a learning rate below %g, or clip_norm",
                         (double)fit->network->compiled->learning_rate);
}

static soma_status report(struct soma_fit *fit, const soma_pass *pass, const char *where, const finding *found) {
    soma_text text = {0};
    size_t batches = soma_pass_batch_count(pass);
    soma_text_append(&text, "training stopped in epoch %" PRIu32 ": ", fit->epoch);
    if (found->tensor) {
        soma_text_append(&text, "%s%s %zu of %zu: ", found->after ? "after the step of " : "", where, found->batch + 1,
                         batches);
        describe(&text, pass, found);
    } else
        soma_text_append(&text, "the loss is not finite, its parts are: their sum is too large");
    advise(&text, fit, found);
    soma_status status = soma_error(SOMA_NOT_FINITE, "%s", text.data ? text.data : "training stopped");
    soma_free(text.data);
    return status;
}

/* The rank whose gradient was the first that was not finite; that of no rank where each was, up to the end. */
static soma_status find_rank(const struct soma_fit *fit, uint32_t *found) {
    const soma_team *team = &fit->team;
    uint64_t first = SOMA_NEVER_SPOILED, *steps = soma_calloc(team->ranks, sizeof *steps);
    if (!steps) return soma_out_of_memory(team->ranks * sizeof *steps, "looking for values that are not finite");
    soma_status status = soma_team_gather(team, &fit->spoiled_at, sizeof *steps, steps);
    *found = team->ranks;
    for (uint32_t i = 0; status == SOMA_OK && i < team->ranks; i++) {
        if (steps[i] >= first) continue;
        first = steps[i];
        *found = i;
    }
    soma_free(steps);
    return status;
}

/* Several ranks are not led through the epoch again. */
static soma_status diagnose_team(struct soma_fit *fit) {
    uint32_t rank = 0;
    soma_text text = {0};
    SOMA_TRY(find_rank(fit, &rank));
    soma_text_append(&text, "training stopped in epoch %" PRIu32 ": ", fit->epoch);
    if (rank < fit->team.ranks)
        soma_text_append(&text, "a gradient that rank %" PRIu32 " computed is not finite", rank);
    else
        soma_text_append(&text, "the loss or a weight is not finite");
    soma_text_append(&text, "; one rank alone, without shards, finds out where that began");
    advise(&text, fit, &(finding){0});
    soma_status status = soma_error(SOMA_NOT_FINITE, "%s", text.data ? text.data : "training stopped");
    soma_free(text.data);
    fit->team.alike = true;
    return status;
}

soma_status soma_fit_diagnose(struct soma_fit *fit) {
    finding found = {0};
    if (fit->team.communicator || fit->shards) {
        SOMA_TRY(soma_snapshot_restore(&fit->good));
        return diagnose_team(fit);
    }
    SOMA_TRY(find_in_training(fit, &found));
    soma_status status = report(fit, &fit->pass, "batch", &found);
    soma_status restored = soma_snapshot_restore(&fit->good);
    return restored == SOMA_OK ? status : restored;
}

soma_status soma_fit_diagnose_validation(struct soma_fit *fit) {
    finding found = {0};
    if (fit->team.communicator || fit->shards) return soma_fit_diagnose(fit);
    soma_status status = soma_pass_attach(&fit->validation);
    if (status == SOMA_OK) status = find_in_validation(fit, &found);
    if (status == SOMA_OK) status = report(fit, &fit->validation, "validation batch", &found);
    soma_pass_detach(&fit->validation);
    soma_status restored = soma_snapshot_restore(&fit->good);
    return restored == SOMA_OK ? status : restored;
}
