/* SPDX-License-Identifier: MIT */
/*
 * batchnorm (Ioffe & Szegedy 2015), layernorm (Ba et al. 2016), groupnorm (Wu & He 2018), instancenorm (Ulyanov et al.
 * 2016), rmsnorm (Zhang & Sennrich 2019): one op, over other numbers.
 */
#include "nn/layers/window.h"

#include <float.h>

#define USUAL_EPSILON  1e-5f
#define USUAL_MOMENTUM 0.9f

/* What tells the layers apart. */
typedef struct kind {
    const char *name;
    uint32_t axis, groups; /* see soma_attributes; 0 groups: over a whole row, UINT32_MAX: each channel is one */
    bool centered, running, shifts;
    uint32_t least_rank; /* dimensions of a sample */
} kind;

static const kind batchnorm = {"batchnorm", 0, UINT32_MAX, true, true, true, 1};
static const kind layernorm = {"layernorm", UINT32_MAX, 0, true, false, true, 1};
static const kind groupnorm = {"groupnorm", 1, 1, true, false, true, 1};
static const kind instancenorm = {"instancenorm", 1, UINT32_MAX, true, false, true, 2};
static const kind rmsnorm = {"rmsnorm", UINT32_MAX, 0, false, false, false, 1};

/* Options with every default filled in. */
static soma_normalize_options resolve(const soma_normalize_options *given) {
    soma_normalize_options options = given ? *given : (soma_normalize_options){.name = NULL};
    if (options.epsilon == 0) options.epsilon = USUAL_EPSILON;
    if (options.momentum == 0) options.momentum = USUAL_MOMENTUM;
    return options;
}

static soma_status check_shape(const soma_tensor *x, const kind *what) {
    char text[SOMA_SHAPE_TEXT];
    if (x->batched && x->rank >= what->least_rank) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "it takes %s per sample, got %s",
                      what->least_rank > 1 ? "positions and channels" : "at least one dimension",
                      soma_tensor_shape_text(x, text));
}

/* Mean and variance of one number leave nothing of it. Over the batch there may be more. */
static soma_status check_count(const soma_tensor *x, const kind *what, uint32_t groups) {
    char text[SOMA_SHAPE_TEXT];
    size_t channels = x->shape[x->rank - 1], each = what->axis == UINT32_MAX ? channels : soma_tensor_count(x) / groups;
    if (what->axis == 0 || !what->centered || each > 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE,
                      "it takes mean and variance of one number each from %s, which makes 0 of everything; at least "
                      "two are needed",
                      soma_tensor_shape_text(x, text));
}

/* A number for each channel, of which none decays: a scale that shrinks to 0 would switch the channel off. */
static soma_status add_vector(soma_network *network, const char *role, float value, size_t width, bool is_running,
                              soma_tensor **out) {
    soma_parameter description = {.initializer = SOMA_INIT_CONSTANT,
                                  .scale = value,
                                  .fan_in = width,
                                  .fan_out = width,
                                  .is_bias = true,
                                  .is_running = is_running};
    return soma_layer_add_parameter(network, role, &description, 1, &width, out);
}

static soma_status build(soma_tensor *x, const kind *what, uint32_t groups, const soma_normalize_options *options,
                         soma_tensor **out) {
    soma_network *network = soma_layer_network(x);
    SOMA_TRY(check_shape(x, what));
    size_t width = x->shape[x->rank - 1];
    soma_tensor *input[5] = {x};
    soma_attributes attributes = {.normalize = {.params = {.epsilon = options->epsilon,
                                                           .momentum = options->momentum,
                                                           .centered = what->centered,
                                                           .sample_variance = !options->population_variance},
                                                .axis = what->axis == UINT32_MAX ? x->rank : what->axis,
                                                .groups = what->groups == UINT32_MAX ? (uint32_t)width : groups,
                                                .scaled = !options->no_scale,
                                                .shifted = what->shifts && !options->no_offset,
                                                .running = what->running}};
    soma_tensor_spec spec = {.op = SOMA_OP_NORMALIZE, .input_count = 1, .input = input, .attributes = attributes};
    if (attributes.normalize.scaled)
        SOMA_TRY(add_vector(network, "weight", 1, width, false, &input[spec.input_count++]));
    if (attributes.normalize.shifted)
        SOMA_TRY(add_vector(network, "bias", 0, width, false, &input[spec.input_count++]));
    if (attributes.normalize.running) {
        SOMA_TRY(add_vector(network, "running_mean", 0, width, true, &input[spec.input_count++]));
        SOMA_TRY(add_vector(network, "running_var", 1, width, true, &input[spec.input_count++]));
    }
    SOMA_TRY(soma_graph_add(x->graph, &spec, out));
    return check_count(x, what, attributes.normalize.groups);
}

static soma_tensor *add_layer(soma_tensor *x, const kind *what, size_t groups, const soma_normalize_options *given) {
    soma_normalize_options options = resolve(given);
    if (!x || !soma_layer_begin(soma_layer_network(x), what->name, options.name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = SOMA_CHECK_RESERVED(&options, "soma_normalize_options");
    if (status == SOMA_OK && what->groups == 1 && (groups < 1 || groups > SOMA_MOST_UNITS))
        status = soma_error(SOMA_INVALID_ARGUMENT, "%zu groups, 1 to %d are possible", groups, SOMA_MOST_UNITS);
    if (status == SOMA_OK) status = build(x, what, (uint32_t)groups, &options, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_batchnorm(soma_tensor *x, const soma_normalize_options *options) {
    return add_layer(x, &batchnorm, 0, options);
}

soma_tensor *soma_layernorm(soma_tensor *x, const soma_normalize_options *options) {
    return add_layer(x, &layernorm, 0, options);
}

soma_tensor *soma_groupnorm(soma_tensor *x, size_t groups, const soma_normalize_options *options) {
    return add_layer(x, &groupnorm, groups, options);
}

soma_tensor *soma_instancenorm(soma_tensor *x, const soma_normalize_options *options) {
    return add_layer(x, &instancenorm, 0, options);
}

soma_tensor *soma_rmsnorm(soma_tensor *x, const soma_normalize_options *options) {
    return add_layer(x, &rmsnorm, 0, options);
}

/* --------------------------------------------------------------------------------------------------------- as text */

/* NAME(EPSILON), for batchnorm NAME(MOMENTUM) or NAME(MOMENTUM,EPSILON) */
static soma_status parse_arguments(const soma_clause *clause, const kind *what, soma_normalize_options *options) {
    soma_word name;
    float values[2];
    size_t count, most = what->running ? 2 : 1;
    SOMA_TRY(soma_clause_arguments(clause, clause->words[0], &name, values, &count));
    SOMA_TRY(soma_clause_expect_parameters(clause, clause->words[0], name, count, most));
    for (size_t i = 0; i < count; i++) {
        bool is_epsilon = !what->running || i == 1;
        if (is_epsilon && values[i] < FLT_MIN)
            return soma_clause_reject(clause, clause->words[0],
                                      "epsilon must be at least %.3g, the least number that every device reckons with "
                                      "(%g is usual)",
                                      (double)FLT_MIN, (double)USUAL_EPSILON);
        if (!is_epsilon && (values[i] <= 0 || values[i] > 1))
            return soma_clause_reject(clause, clause->words[0], "the momentum must be above 0 and at most 1, got %g",
                                      (double)values[i]);
        *(is_epsilon ? &options->epsilon : &options->momentum) = values[i];
    }
    return SOMA_OK;
}

static bool is(soma_word text, const char *name) {
    return soma_name_is_one_of(name, text.start, text.length);
}

static soma_status parse_word(const soma_clause *clause, soma_word text, const kind *what,
                              soma_normalize_options *options) {
    bool *found = is(text, "noscale")                       ? &options->no_scale
                  : what->shifts && is(text, "nooffset")    ? &options->no_offset
                  : what->running && is(text, "population") ? &options->population_variance
                                                            : NULL;
    if (found && !*found) return *found = true, SOMA_OK;
    if (found) return soma_clause_reject(clause, text, "a second time");
    return soma_clause_reject(clause, text, "expected noscale%s%s", what->shifts ? ", nooffset" : "",
                              what->running ? ", population" : "");
}

/* A word that says how many dimensions there are, and a layer that needs some, want positions and channels. But with
 * one dimension it may be that of the channels, as for PyTorch's BatchNorm1d. */
static soma_status take_positions(const soma_clause *clause, const kind *what, soma_tensor **x) {
    uint32_t named = soma_clause_dimensions(clause), rank;
    bool wanted = named ? named > 1 || what->least_rank > 1 : what->least_rank > 1;
    if (!wanted || (*x)->rank < what->least_rank) return SOMA_OK;
    return soma_positions_of_text(clause, 0, x, &rank);
}

static soma_status of_text(const soma_clause *clause, const kind *what, soma_tensor **x) {
    soma_normalize_options options = {.name = NULL};
    size_t groups = 0, next = 1;
    SOMA_TRY(parse_arguments(clause, what, &options));
    if (what->groups == 1) {
        if (clause->count < 2)
            return soma_clause_reject(clause, clause->words[0], "how many groups? For example \"groupnorm 8\"");
        SOMA_TRY(soma_clause_size(clause, clause->words[next++], "the number of groups", &groups));
    }
    for (; next < clause->count; next++) SOMA_TRY(parse_word(clause, clause->words[next], what, &options));
    SOMA_TRY(take_positions(clause, what, x));
    *x = add_layer(*x, what, groups, &options);
    return SOMA_OK;
}

/* As others call them; has_dimensions: BatchNorm2d. */
#define ROW(name, others)                                                                                              \
    static soma_status name##_of_text(const soma_clause *clause, soma_tensor **x) {                                    \
        return of_text(clause, &name, x);                                                                              \
    }                                                                                                                  \
    SOMA_LAYER(name) = {.build = name##_of_text, .takes_arguments = true, .has_dimensions = true, .words = others}
ROW(batchnorm, "batchnormalization");
ROW(layernorm, "layernormalization");
ROW(groupnorm, "groupnormalization");
ROW(instancenorm, "instancenormalization");
ROW(rmsnorm, "rmsnormalization");
