/* SPDX-License-Identifier: MIT */
/* See fit_sum.h. */
#include "train/fit_sum.h"

#include "train/fit_team.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_BUCKET ((size_t)1 << 20)

/* Elements of the gradient buffer, and the tensor of the step's graph behind which they are as they will be. */
typedef struct range {
    size_t offset, count;
    uint32_t after;
} range;

/* Ranges of the gradient that are summed together; or, where `figure` is not NULL, the value of an ACROSS. */
typedef struct bucket {
    size_t first, end;   /* of the ranges */
    size_t begin, count; /* of the team's values */
    const soma_tensor *figure;
    bool under_way; /* its sum has been begun, and not been waited for */
    void *sum;
} bucket;

struct soma_fit_sum {
    range *ranges;
    bucket *buckets;
    uint32_t *after; /* of each bucket */
    size_t range_count, bucket_count;
    uint16_t *halves; /* [values], where they are sent as such; else NULL */
    float *figures;   /* room for those of the widest ACROSS */
    soma_pauses pauses;
    size_t index; /* the batch that is being computed */
    bool finite;
};

/* ------------------------------------------------------------------------------------------------------- the buckets
 */

/* The last tensor that is made at this place of the gradient buffer; 0 where there is none. */
static uint32_t last_at(const soma_graph *graph, size_t offset) {
    uint32_t last = 0;
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->place == SOMA_PLACE_GRADIENT && graph->tensor[i]->offset == offset) last = i;
    return last;
}

static int compare_time(const void *a, const void *b) {
    const range *x = a, *y = b;
    if (x->after != y->after) return x->after < y->after ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int compare_place(const void *a, const void *b) {
    const range *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void list_ranges(const struct soma_fit *fit, struct soma_fit_sum *sum) {
    const soma_network *network = fit->network;
    for (size_t i = 0; i < network->parameter_count; i++) {
        const soma_parameter *parameter = &network->parameters[i];
        if (!soma_parameter_is_trained(parameter)) continue;
        const size_t offset = parameter->tensor->offset;
        sum->ranges[sum->range_count++] =
            (range){offset, soma_tensor_count(parameter->tensor), last_at(&fit->pass.step->graph, offset)};
    }
    if (sum->range_count) qsort(sum->ranges, sum->range_count, sizeof *sum->ranges, compare_time);
}

/* Neighbours become one, so that less is asked of the device. Between them are at most so many elements, zeros. */
static void join_ranges(struct soma_fit_sum *sum, bucket *b, size_t alignment) {
    qsort(sum->ranges + b->first, b->end - b->first, sizeof *sum->ranges, compare_place);
    size_t kept = b->first;
    for (size_t i = b->first + 1; i < b->end; i++) {
        range *last = &sum->ranges[kept], *next = &sum->ranges[i];
        if (next->offset - (last->offset + last->count) < alignment)
            last->count = next->offset + next->count - last->offset;
        else
            sum->ranges[++kept] = *next;
    }
    b->end = kept + 1;
    b->count = 0;
    for (size_t i = b->first; i < b->end; i++) b->count += sum->ranges[i].count;
}

/* Buckets of so many bytes, in the order in which their gradients are made. The last may be small: it is what all wait
 * for. */
static void fill_buckets(const struct soma_fit *fit, struct soma_fit_sum *sum) {
    const soma_executor *executor = fit->network->compiled->executor;
    const size_t bytes = fit->options.bucket_bytes ? fit->options.bucket_bytes : USUAL_BUCKET;
    const size_t alignment = soma_executor_alignment(executor->device, executor->real);
    const soma_graph *graph = &fit->pass.step->graph;
    size_t next = 0, begin = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        if (graph->tensor[i]->op != SOMA_OP_ACROSS) continue;
        sum->after[sum->bucket_count] = i;
        sum->buckets[sum->bucket_count++] = (bucket){.figure = graph->tensor[i]};
    }
    while (next < sum->range_count) {
        bucket *b = &sum->buckets[sum->bucket_count];
        *b = (bucket){.first = next, .begin = begin};
        for (size_t filled = 0; next < sum->range_count && (filled == 0 || filled < bytes / sizeof(float)); next++)
            filled += sum->ranges[next].count;
        b->end = next;
        sum->after[sum->bucket_count++] = sum->ranges[next - 1].after;
        join_ranges(sum, b, alignment);
        begin += b->count;
    }
}

/* By time; few, and nearly in order. */
static void sort_buckets(struct soma_fit_sum *sum) {
    for (size_t i = 1; i < sum->bucket_count; i++)
        for (size_t j = i; j > 0 && sum->after[j] < sum->after[j - 1]; j--) {
            const bucket b = sum->buckets[j];
            const uint32_t after = sum->after[j];
            sum->buckets[j] = sum->buckets[j - 1];
            sum->after[j] = sum->after[j - 1];
            sum->buckets[j - 1] = b;
            sum->after[j - 1] = after;
        }
}

/* ---------------------------------------------------------------------------------------------------- open and close
 */

static size_t widest_figure(const soma_graph *graph) {
    size_t widest = 1;
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->op == SOMA_OP_ACROSS) widest = SOMA_MAX(widest, soma_tensor_count(graph->tensor[i]));
    return widest;
}

static soma_status reach_for(struct soma_fit *fit, struct soma_fit_sum *sum) {
    const soma_graph *graph = &fit->pass.step->graph;
    size_t most = fit->network->parameter_count + 1;
    sum->ranges = soma_calloc(most, sizeof *sum->ranges);
    for (uint32_t i = 0; i < graph->count; i++) most += graph->tensor[i]->op == SOMA_OP_ACROSS;
    sum->buckets = soma_calloc(most, sizeof *sum->buckets);
    sum->after = soma_calloc(most, sizeof *sum->after);
    sum->figures = soma_calloc(2 * widest_figure(graph), sizeof *sum->figures);
    const size_t values = fit->network->compiled->executor->trained_count + SOMA_TEAM_FLAGS;
    if (fit->options.wire == SOMA_WIRE_BF16) sum->halves = soma_calloc(values, sizeof *sum->halves);
    const bool whole = sum->ranges && sum->buckets && sum->after && sum->figures &&
                       (sum->halves || fit->options.wire != SOMA_WIRE_BF16);
    return whole ? SOMA_OK : soma_out_of_memory(values * sizeof *sum->halves, "the sum of gradients");
}

static soma_status pause_at(void *context, soma_plan *plan, size_t pause);

soma_status soma_fit_open_sum(struct soma_fit *fit) {
    if (!fit->team.communicator || fit->shards) return SOMA_OK;
    struct soma_fit_sum *sum = fit->sum = soma_calloc(1, sizeof *sum);
    if (!sum) return soma_out_of_memory(sizeof *sum, "the sum of gradients");
    SOMA_TRY(reach_for(fit, sum));
    list_ranges(fit, sum);
    fill_buckets(fit, sum);
    sort_buckets(sum);
    sum->pauses = (soma_pauses){sum->after, sum->bucket_count, pause_at, fit};
    fit->pass.pauses = &sum->pauses;
    return SOMA_OK;
}

void soma_fit_close_sum(struct soma_fit *fit) {
    struct soma_fit_sum *sum = fit->sum;
    if (!sum) return;
    soma_free(sum->ranges);
    soma_free(sum->buckets);
    soma_free(sum->after);
    soma_free(sum->halves);
    soma_free(sum->figures);
    soma_free(sum);
    fit->sum = NULL;
    fit->pass.pauses = NULL;
}

/* ----------------------------------------------------------------------------------------------------------- figures
 */

/* How much of the batch this rank has. */
static float share_of(const struct soma_fit *fit) {
    const size_t index = fit->sum->index;
    return (float)((double)soma_pass_own_size(&fit->pass, index) / (double)soma_pass_batch_size(&fit->pass, index));
}

/* As the primitive moves them: running = momentum running + (1 - momentum) figure. */
static soma_status move_running(struct soma_fit *fit, const soma_tensor *figure, const float *values, float *running) {
    soma_executor *executor = fit->network->compiled->executor;
    const size_t count = soma_tensor_count(figure), offset = figure->attributes.across.running;
    const double momentum = (double)figure->attributes.across.momentum;
    const double all =
        (double)soma_pass_batch_size(&fit->pass, fit->sum->index) * (double)figure->attributes.across.positions;
    const double factor = figure->attributes.across.sample_variance ? all / fmax(all - 1, 1) : 1;
    if (all <= 1) return SOMA_OK; /* one number says nothing of how others are spread */
    SOMA_TRY(soma_executor_read(executor, executor->parameters, offset, running, count));
    for (size_t i = 0; i < count; i++)
        running[i] = (float)(momentum * (double)running[i] + (1 - momentum) * factor * (double)values[i]);
    return soma_executor_write(executor, executor->parameters, offset, running, count);
}

/* plan NULL: this rank has no sample, and adds nothing. */
static soma_status agree_on_figure(struct soma_fit *fit, soma_plan *plan, const soma_tensor *figure) {
    const size_t count = soma_tensor_count(figure);
    const float share = share_of(fit);
    float *values = fit->sum->figures;
    memset(values, 0, count * sizeof *values);
    if (plan) SOMA_TRY(soma_plan_exchange(plan, figure, values, false));
    for (size_t i = 0; i < count; i++) values[i] *= share;
    SOMA_TRY(soma_team_sum_values(&fit->team, values, count));
    if (plan) SOMA_TRY(soma_plan_exchange(plan, figure, values, true));
    return figure->attributes.across.moves ? move_running(fit, figure, values, values + count) : SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- gradients */

/* The mean over the batch is the sum of those over its shares, each times how much of the batch it is. */
static soma_status read_bucket(struct soma_fit *fit, const bucket *b) {
    soma_executor *executor = fit->network->compiled->executor;
    float *values = fit->team.values + b->begin;
    const float share = share_of(fit);
    for (size_t i = b->first, done = 0; i < b->end; i++) {
        const range *r = &fit->sum->ranges[i];
        SOMA_TRY(soma_executor_read(executor, executor->gradients, r->offset, values + done, r->count));
        done += r->count;
    }
    for (size_t i = 0; i < b->count; i++) {
        fit->sum->finite &= isfinite(values[i]) != 0;
        values[i] *= share;
    }
    return SOMA_OK;
}

/* The last bucket takes the flags along. */
static size_t sent_with(const struct soma_fit *fit, const bucket *b) {
    return b->count + (b->begin + b->count == fit->team.count ? SOMA_TEAM_FLAGS : 0);
}

static soma_status begin_bucket(struct soma_fit *fit, soma_plan *plan, bucket *b) {
    const soma_communicator *communicator = fit->team.communicator;
    float *values = fit->team.values + b->begin;
    const size_t count = sent_with(fit, b);
    if (communicator->progress) SOMA_TRY(communicator->progress(communicator->context));
    if (plan)
        SOMA_TRY(read_bucket(fit, b));
    else
        memset(values, 0, b->count * sizeof *values);
    if (fit->sum->halves) {
        uint16_t *halves = fit->sum->halves + b->begin;
        for (size_t i = 0; i < count; i++) halves[i] = soma_bf16_of(values[i]);
        SOMA_TRY(communicator->start_sum_bf16(communicator->context, halves, count, &b->sum));
    } else {
        SOMA_TRY(communicator->start_sum(communicator->context, values, count, &b->sum));
    }
    b->under_way = true;
    return SOMA_OK;
}

static soma_status pause_at(void *context, soma_plan *plan, size_t pause) {
    struct soma_fit *fit = context;
    bucket *b = &fit->sum->buckets[pause];
    return b->figure ? agree_on_figure(fit, plan, b->figure) : begin_bucket(fit, plan, b);
}

static soma_status wait_for_bucket(struct soma_fit *fit, bucket *b) {
    const soma_communicator *communicator = fit->team.communicator;
    b->under_way = false; /* an error frees the sum, too */
    return communicator->wait(communicator->context, b->sum);
}

static soma_status end_bucket(struct soma_fit *fit, bucket *b) {
    soma_executor *executor = fit->network->compiled->executor;
    float *values = fit->team.values + b->begin;
    const size_t count = sent_with(fit, b);
    SOMA_TRY(wait_for_bucket(fit, b));
    for (size_t i = 0; fit->sum->halves && i < count; i++)
        values[i] = soma_float_of_bf16(fit->sum->halves[b->begin + i]);
    for (size_t i = b->first; i < b->end; i++) {
        const range *r = &fit->sum->ranges[i];
        SOMA_TRY(soma_executor_write(executor, executor->gradients, r->offset, values, r->count));
        values += r->count;
    }
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- a batch */

static soma_status sum_gradients(struct soma_fit *fit, size_t index) {
    struct soma_fit_sum *sum = fit->sum;
    const bool none = soma_pass_own_size(&fit->pass, index) == 0;
    sum->index = index;
    sum->finite = true;
    fit->team.count = 0;
    for (size_t i = 0; i < sum->bucket_count; i++) fit->team.count += sum->buckets[i].count;
    soma_team_raise_flags(&fit->team);
    SOMA_TRY(soma_pass_run(&fit->pass, index));
    for (size_t i = 0; none && i < sum->bucket_count; i++) SOMA_TRY(pause_at(fit, NULL, i));
    if (!sum->finite) fit->spoiled_at = SOMA_MIN(fit->spoiled_at, fit->network->compiled->step);
    for (size_t i = 0; i < sum->bucket_count; i++)
        if (!sum->buckets[i].figure) SOMA_TRY(end_bucket(fit, &sum->buckets[i]));
    return SOMA_OK;
}

/* What is under way writes to memory that is about to be freed. The others are told first: they may never come to these
 * sums otherwise. Of all errors the first counts. */
static soma_status give_up(struct soma_fit *fit, soma_status status) {
    struct soma_fit_sum *sum = fit->sum;
    char *detail = soma_strdup(soma_last_error());
    soma_team_leave(&fit->team, status);
    for (size_t i = 0; i < sum->bucket_count; i++)
        if (sum->buckets[i].under_way) (void)wait_for_bucket(fit, &sum->buckets[i]);
    if (detail) soma_error(status, "%s", detail);
    soma_free(detail);
    return status;
}

soma_status soma_fit_step_by_sum(struct soma_fit *fit, size_t index) {
    const soma_status status = sum_gradients(fit, index);
    if (status != SOMA_OK) return give_up(fit, status);
    soma_fit_heed_flags(fit);
    return soma_fit_apply(fit->network);
}
