/* SPDX-License-Identifier: MIT */
/* Shards of a batch, and the tree that adds them up. */
#include "train/fit_shards.h"

#include "train/fit_team.h"

#include <math.h>
#include <string.h>

/* Nodes that are there at a time, of 1024 shards at most: two of each level, where a rank begins and ends between those
 * of a higher one, and the one that is being added. */
enum { MOST_NODES = 22 };

/*
 * A node is the sum of 2^level shards, from number position * 2^level on: of the two nodes below it, the left one
 * first. Nodes come from left to right, and two that make one do so at once.
 */
typedef struct node {
    uint32_t level, position;
    float *values;
} node;

typedef struct tree {
    node nodes[MOST_NODES];
    size_t count;
} tree;

struct soma_shards {
    size_t gradients, running; /* how many numbers of each a node holds; behind them come the accumulators' totals */
    float *before;             /* the running figures, as they were before the step */
    tree own, all;
    double totals[SOMA_ACCUMULATOR_SLOTS];
};

static size_t node_size(const struct soma_shards *shards) {
    return shards->gradients + shards->running + SOMA_ACCUMULATOR_SLOTS;
}

soma_parts soma_fit_own_shards(const struct soma_fit *fit) {
    const uint64_t count = fit->options.shards, rank = fit->team.rank, ranks = fit->team.ranks;
    return (soma_parts){.count = (uint32_t)count,
                        .first = (uint32_t)(count * rank / ranks),
                        .end = (uint32_t)(count * (rank + 1) / ranks)};
}

/* -------------------------------------------------------------------------------------------------- open and close */

static bool moves(const soma_parameter *parameter) {
    return parameter->is_running && !parameter->is_frozen;
}

static size_t count_running(const soma_network *network) {
    size_t count = 0;
    for (size_t i = 0; i < network->parameter_count; i++)
        if (moves(&network->parameters[i])) count += soma_tensor_count(network->parameters[i].tensor);
    return count;
}

soma_status soma_fit_open_shards(struct soma_fit *fit) {
    if (!fit->options.shards) return SOMA_OK;
    struct soma_shards *shards = fit->shards = soma_calloc(1, sizeof *shards);
    if (!shards) return soma_out_of_memory(sizeof *shards, "the shards");
    shards->gradients = fit->network->compiled->executor->trained_count;
    shards->running = count_running(fit->network);
    shards->before = soma_calloc(shards->running + 1, sizeof *shards->before);
    return shards->before ? SOMA_OK : soma_out_of_memory(shards->running * sizeof *shards->before, "the shards");
}

static void close_tree(tree *t) {
    for (size_t i = 0; i < MOST_NODES; i++) soma_free(t->nodes[i].values);
}

void soma_fit_close_shards(struct soma_fit *fit) {
    if (!fit->shards) return;
    close_tree(&fit->shards->own);
    close_tree(&fit->shards->all);
    soma_free(fit->shards->before);
    soma_free(fit->shards);
    fit->shards = NULL;
}

double *soma_fit_totals_of_shards(struct soma_fit *fit) {
    return fit->shards->totals;
}

/* --------------------------------------------------------------------------------------------------------- the tree */

/* Room for one more node, which push() then adds. */
static soma_status next_node(tree *t, size_t size, float **values) {
    node *next = &t->nodes[t->count];
    if (!next->values) next->values = soma_malloc(size * sizeof *next->values);
    *values = next->values;
    return next->values ? SOMA_OK : soma_out_of_memory(size * sizeof *next->values, "the sum of shards");
}

/* The last two become one, in the place of the first. */
static void join(tree *t, size_t size) {
    node *left = &t->nodes[t->count - 2], *right = &t->nodes[t->count - 1];
    for (size_t i = 0; i < size; i++) left->values[i] += right->values[i];
    left->level++;
    left->position /= 2;
    t->count--;
}

static bool make_one(const node *left, const node *right) {
    return left->level == right->level && left->position % 2 == 0 && right->position == left->position + 1;
}

static void push(tree *t, uint32_t level, uint32_t position, size_t size) {
    t->nodes[t->count].level = level;
    t->nodes[t->count++].position = position;
    while (t->count > 1 && make_one(&t->nodes[t->count - 2], &t->nodes[t->count - 1])) join(t, size);
}

/* Which nodes shards from `first` to before `end` come to: the largest that begins there, and so on. */
static uint32_t level_of_next(uint32_t first, uint32_t end) {
    uint32_t level = 0;
    while (first % (2u << level) == 0 && first + (2u << level) <= end) level++;
    return level;
}

/* The own nodes are those of the other ranks' trees, too: each rank sends its, from left to right. */
static soma_status exchange(struct soma_fit *fit, tree *all) {
    struct soma_shards *shards = fit->shards;
    size_t size = node_size(shards), own = 0;
    for (uint32_t rank = 0; rank < fit->team.ranks; rank++) {
        uint64_t count = fit->options.shards;
        uint32_t at = (uint32_t)(count * rank / fit->team.ranks),
                 end = (uint32_t)(count * (rank + 1) / fit->team.ranks);
        while (at < end) {
            uint32_t level = level_of_next(at, end);
            float *values;
            SOMA_TRY(next_node(all, size, &values));
            if (rank == fit->team.rank) memcpy(values, shards->own.nodes[own++].values, size * sizeof *values);
            SOMA_TRY(soma_team_broadcast(&fit->team, values, size * sizeof *values, rank));
            push(all, level, at >> level, size);
            at += 1u << level;
        }
    }
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- a shard */

/* The running figures between the device and a place for them. */
static soma_status move_running(struct soma_fit *fit, float *figures, bool to_device) {
    soma_executor *executor = fit->network->compiled->executor;
    for (size_t i = 0; i < fit->network->parameter_count; i++) {
        const soma_parameter *parameter = &fit->network->parameters[i];
        size_t count = soma_tensor_count(parameter->tensor), offset = parameter->tensor->offset;
        if (!moves(parameter)) continue;
        SOMA_TRY(to_device ? soma_executor_write(executor, executor->parameters, offset, figures, count)
                           : soma_executor_read(executor, executor->parameters, offset, figures, count));
        figures += count;
    }
    return SOMA_OK;
}

/* Means count by how much of the batch the shard is; the accumulators are sums. */
static soma_status read_shard(struct soma_fit *fit, float share, float *values) {
    const struct soma_shards *shards = fit->shards;
    soma_executor *executor = fit->network->compiled->executor;
    double totals[SOMA_ACCUMULATOR_SLOTS];
    bool finite = true;
    SOMA_TRY(soma_executor_read(executor, executor->gradients, 0, values, shards->gradients));
    SOMA_TRY(move_running(fit, values + shards->gradients, false));
    SOMA_TRY(soma_executor_read_accumulators(executor, totals));
    for (size_t i = 0; i < shards->gradients + shards->running; i++) {
        finite &= isfinite(values[i]) != 0;
        values[i] *= share;
    }
    if (!finite) fit->spoiled_at = SOMA_MIN(fit->spoiled_at, fit->network->compiled->step);
    for (size_t i = 0; i < SOMA_ACCUMULATOR_SLOTS; i++)
        values[shards->gradients + shards->running + i] = (float)totals[i];
    return SOMA_OK;
}

static soma_status compute_shard(struct soma_fit *fit, size_t index, float *values) {
    struct soma_shards *shards = fit->shards;
    size_t own = soma_pass_own_size(&fit->pass, index), all = soma_pass_batch_size(&fit->pass, index);
    memset(values, 0, node_size(shards) * sizeof *values);
    if (own == 0) return SOMA_OK;
    SOMA_TRY(move_running(fit, shards->before, true));
    SOMA_TRY(soma_executor_clear_accumulators(fit->network->compiled->executor));
    SOMA_TRY(soma_pass_run(&fit->pass, index));
    return read_shard(fit, (float)((double)own / (double)all), values);
}

static soma_status compute_own(struct soma_fit *fit, size_t index) {
    soma_pass *pass = &fit->pass;
    tree *own = &fit->shards->own;
    own->count = 0;
    SOMA_TRY(move_running(fit, fit->shards->before, false));
    for (pass->part = pass->parts.first; pass->part < pass->parts.end; pass->part++) {
        float *values;
        SOMA_TRY(next_node(own, node_size(fit->shards), &values));
        SOMA_TRY(compute_shard(fit, index, values));
        push(own, 0, pass->part, node_size(fit->shards));
    }
    pass->part = pass->parts.first;
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- a step */

static soma_status sum_flags(struct soma_fit *fit) {
    bool agreed[SOMA_TEAM_FLAGS];
    SOMA_TRY(soma_team_sum(&fit->team, agreed));
    soma_fit_heed_flags(fit);
    return SOMA_OK;
}

soma_status soma_fit_step_by_shards(struct soma_fit *fit, size_t index) {
    struct soma_shards *shards = fit->shards;
    soma_executor *executor = fit->network->compiled->executor;
    tree *sum = fit->team.ranks > 1 ? &shards->all : &shards->own;
    SOMA_TRY(compute_own(fit, index));
    if (fit->team.communicator) SOMA_TRY(sum_flags(fit));
    shards->all.count = 0;
    if (fit->team.ranks > 1) SOMA_TRY(exchange(fit, sum));
    while (sum->count > 1) join(sum, node_size(shards)); /* where shards are no power of two */
    float *values = sum->nodes[0].values;
    SOMA_TRY(soma_executor_write(executor, executor->gradients, 0, values, shards->gradients));
    SOMA_TRY(move_running(fit, values + shards->gradients, true));
    for (size_t i = 0; i < SOMA_ACCUMULATOR_SLOTS; i++)
        shards->totals[i] += (double)values[shards->gradients + shards->running + i];
    return soma_fit_apply(fit->network);
}
