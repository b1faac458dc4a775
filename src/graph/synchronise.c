/* SPDX-License-Identifier: MIT */
/*
 * Normalisation over the samples of all ranks. One op computes mean and variance and uses them at once; here they have
 * to be told to the others in between, so it is made of ops that there are: the mean of x, what is left of x without
 * it, the mean of the squares of that, each ACROSS the ranks. The gradient follows by itself.
 */
#include "graph/rewrites.h"

#include <string.h>

/* A NORMALIZE by the figures of the batch, as it is being replaced. */
typedef struct replaced {
    soma_graph *graph;
    soma_tensor *x, *scale, *offset, *mean, *variance; /* scale, offset: NULL where there is none */
    const soma_tensor *normalize;
} replaced;

static replaced describe(soma_graph *graph, const soma_tensor *normalize) {
    replaced r = {.graph = graph, .x = normalize->input[0], .normalize = normalize};
    uint32_t next = 1;
    if (normalize->attributes.normalize.scaled) r.scale = normalize->input[next++];
    if (normalize->attributes.normalize.shifted) r.offset = normalize->input[next++];
    r.mean = normalize->input[next];
    r.variance = normalize->input[next + 1];
    return r;
}

/* One number for each channel. */
static soma_status add_constant(const replaced *r, float value, bool per_batch, soma_tensor **out) {
    soma_tensor_spec spec = {.op = SOMA_OP_FILL,
                             .attributes = {.fill = {value, per_batch}},
                             .dtype = SOMA_F32,
                             .rank = 1,
                             .shape = {r->mean->shape[0]}};
    return soma_graph_add(r->graph, &spec, out);
}

/* The mean of all elements of a channel of y, or of their squares, over the samples of all ranks; it moves `running`.
 */
static soma_status add_figure(const replaced *r, soma_tensor *y, soma_reduction how, const soma_tensor *running,
                              soma_tensor **out) {
    const soma_normalize_params *params = &r->normalize->attributes.normalize.params;
    const size_t positions = soma_tensor_count(r->x) / r->mean->shape[0];
    soma_tensor *share, *own;
    SOMA_TRY(soma_graph_reduce_axes(r->graph, y, how, 0, r->x->rank, &own));
    SOMA_TRY(add_constant(r, 1 / (float)positions, true, &share));
    SOMA_TRY(soma_graph_binary(r->graph, own, share, SOMA_BINARY_MULTIPLY, &own));
    soma_tensor_spec spec = {.op = SOMA_OP_ACROSS, .input_count = 1, .input = &own};
    spec.attributes.across.moves = true;
    spec.attributes.across.sample_variance = how == SOMA_REDUCE_SUM_SQUARES && params->sample_variance;
    spec.attributes.across.momentum = params->momentum;
    spec.attributes.across.running = running->offset;
    spec.attributes.across.positions = positions;
    return soma_graph_add(r->graph, &spec, out);
}

static soma_status add_replacement(const replaced *r, soma_tensor **out) {
    soma_tensor *mean, *variance, *epsilon, *exponent, *y;
    SOMA_TRY(add_figure(r, r->x, SOMA_REDUCE_SUM, r->mean, &mean));
    SOMA_TRY(soma_graph_binary(r->graph, r->x, mean, SOMA_BINARY_SUBTRACT, &y));
    SOMA_TRY(add_figure(r, y, SOMA_REDUCE_SUM_SQUARES, r->variance, &variance));
    SOMA_TRY(add_constant(r, r->normalize->attributes.normalize.params.epsilon, false, &epsilon));
    SOMA_TRY(add_constant(r, -0.5f, false, &exponent));
    SOMA_TRY(soma_graph_binary(r->graph, variance, epsilon, SOMA_BINARY_ADD, &variance));
    SOMA_TRY(soma_graph_binary(r->graph, variance, exponent, SOMA_BINARY_POWER, &variance));
    SOMA_TRY(soma_graph_binary(r->graph, y, variance, SOMA_BINARY_MULTIPLY, &y));
    if (r->scale) SOMA_TRY(soma_graph_binary(r->graph, y, r->scale, SOMA_BINARY_MULTIPLY, &y));
    if (r->offset) SOMA_TRY(soma_graph_binary(r->graph, y, r->offset, SOMA_BINARY_ADD, &y));
    *out = y;
    return SOMA_OK;
}

static bool is_wanted(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_NORMALIZE && tensor->attributes.normalize.running &&
           !tensor->attributes.normalize.params.given;
}

/* What was added from `first` on comes to stand behind tensor number `place`, and all are numbered again. */
static soma_status move_behind(soma_graph *graph, uint32_t first, uint32_t place) {
    const uint32_t added = graph->count - first;
    soma_tensor **moved = soma_calloc(added, sizeof *moved);
    if (!moved) return soma_out_of_memory(added * sizeof *moved, "a normalisation over all ranks");
    memcpy(moved, graph->tensor + first, added * sizeof *moved);
    memmove(graph->tensor + place + 1 + added, graph->tensor + place + 1, (first - place - 1) * sizeof *moved);
    memcpy(graph->tensor + place + 1, moved, added * sizeof *moved);
    for (uint32_t i = 0; i < graph->count; i++) graph->tensor[i]->id = i;
    soma_free(moved);
    return SOMA_OK;
}

static soma_status replace(soma_graph *graph, soma_tensor *normalize, soma_tensor **stand_in) {
    const replaced r = describe(graph, normalize);
    const uint32_t first = graph->count;
    SOMA_TRY(add_replacement(&r, stand_in));
    for (uint32_t i = first; i < graph->count; i++) graph->tensor[i]->layer = normalize->layer;
    for (uint32_t i = 0; i < first; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++)
            if (graph->tensor[i]->input[j] == normalize) graph->tensor[i]->input[j] = *stand_in;
    return move_behind(graph, first, normalize->id);
}

soma_status soma_graph_synchronise(soma_graph *graph, soma_tensor **stand_in) {
    const uint32_t count = graph->count;
    for (uint32_t i = 0; i < count; i++) stand_in[i] = graph->tensor[i];
    for (uint32_t i = 0; i < count; i++)
        if (is_wanted(stand_in[i])) SOMA_TRY(replace(graph, stand_in[i], &stand_in[i]));
    return SOMA_OK;
}
