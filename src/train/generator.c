/* SPDX-License-Identifier: MIT */
/* Tokens that follow others: a network step by step, or on windows of the text, and what is drawn of what it says. */
#include "nn/network.h"
#include "train/ids.h"
#include "train/step.h"

#include <math.h>
#include <soma/stream.h>
#include <stdlib.h>
#include <string.h>

typedef struct candidate {
    double weight;
    int32_t token;
} candidate;

struct soma_generator {
    soma_generation_options options;
    uint64_t random;
    size_t window, tokens, units; /* steps of the network; tokens that there are; values that it says of each step */
    bool logits;
    int32_t *text; /* [count], with room for more */
    size_t count, room;
    soma_session *session; /* of a step, or of windows */
    soma_network *stream;  /* NULL: it runs on windows */
    soma_network *network;
    bool user;             /* of the network; else a session of windows is */
    size_t stepped, most;  /* tokens that the stream has been given, and that it can be */
    size_t places;         /* inputs and outputs of the stream: the token and what is said, then the states */
    const float **inputs;  /* [places] */
    float **outputs;       /* [places] */
    float *states;         /* of before and after the step, in turn */
    float token;           /* the stream's input */
    float *input, *output; /* of windows; what is said */
    candidate *candidates; /* [tokens] */
};

/* ------------------------------------------------------------------------------------------------------- drawing */

/* In [0, 1): the top 53 bits of splitmix64 (Steele, Lea & Flood 2014). */
static double draw(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* The likeliest first; of equal ones the one with the lower number. */
static int likelier_first(const void *x, const void *y) {
    const candidate *a = x, *b = y;
    if (a->weight != b->weight) return a->weight < b->weight ? 1 : -1;
    return a->token < b->token ? -1 : 1;
}

/* Weights in proportion to the probabilities, to the power of 1/temperature; the largest is 1. */
static soma_status weigh(const soma_generator *generator, const float *row) {
    const double temperature = generator->options.temperature > 0 ? generator->options.temperature : 1;
    double largest = -INFINITY;
    for (size_t i = 0; i < generator->tokens; i++) {
        const double value = generator->logits ? (double)row[i] : log((double)row[i]);
        generator->candidates[i] = (candidate){value, (int32_t)i};
        if (value > largest || isnan(value)) largest = value;
        if (isnan(value)) break;
    }
    if (!isfinite(largest))
        return soma_error(SOMA_NOT_FINITE,
                          "step %zu: the %s of the next token are not finite: the largest is %g; one finite number at "
                          "least, and no NaN, are needed",
                          generator->count - 1, generator->logits ? "logits" : "logarithms of the probabilities",
                          isnan(largest) ? (double)NAN : largest);
    for (size_t i = 0; i < generator->tokens; i++) {
        candidate *at = &generator->candidates[i];
        at->weight =
            generator->options.greedy ? (double)(at->weight == largest) : exp((at->weight - largest) / temperature);
    }
    return SOMA_OK;
}

static soma_status choose(soma_generator *generator, const float *row, int32_t *token) {
    const soma_generation_options *options = &generator->options;
    const candidate *candidates = generator->candidates;
    size_t count = generator->tokens;
    double sum = 0, kept = 0;
    SOMA_TRY(weigh(generator, row));
    qsort(generator->candidates, count, sizeof *candidates, likelier_first);
    *token = candidates[0].token;
    if (options->greedy) return SOMA_OK;
    if (options->top_k && options->top_k < count) count = options->top_k;
    for (size_t i = 0; i < count; i++) sum += candidates[i].weight;
    if (options->top_p > 0) {
        size_t enough = 0;
        while (enough < count && kept < options->top_p * sum) kept += candidates[enough++].weight;
        count = enough;
        sum = kept;
    }
    double at = draw(&generator->random) * sum;
    size_t chosen = 0;
    while (chosen + 1 < count && (at -= candidates[chosen].weight) >= 0) chosen++;
    *token = candidates[chosen].token;
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------- step by step */

/* Places for the states, two of each, which begin as 0. */
static soma_status make_states(soma_generator *generator) {
    size_t values = 1;
    generator->places = soma_network_input_count(generator->stream);
    for (size_t i = 1; i < generator->places; i++)
        values += soma_tensor_count(soma_network_input(generator->stream, i));
    generator->inputs = soma_calloc(generator->places, sizeof *generator->inputs);
    generator->outputs = soma_calloc(generator->places, sizeof *generator->outputs);
    generator->states = soma_calloc(2 * values, sizeof *generator->states);
    if (!generator->inputs || !generator->outputs || !generator->states)
        return soma_out_of_memory(2 * values * sizeof *generator->states, "the states of a stream");
    float *place = generator->states;
    generator->most = SIZE_MAX;
    generator->inputs[0] = &generator->token;
    for (size_t i = 1; i < generator->places; i++) {
        const soma_tensor *input = soma_network_input(generator->stream, i);
        if (strcmp(soma_tensor_name(input), "step") == 0) generator->most = generator->window;
        generator->inputs[i] = place;
        generator->outputs[i] = place + soma_tensor_count(input);
        place += 2 * soma_tensor_count(input);
    }
    return SOMA_OK;
}

static soma_status open_stream(soma_generator *generator) {
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
    SOMA_TRY(soma_compile(generator->stream, generator->network->compiled->device, &options));
    SOMA_TRY(soma_session_create(generator->stream, NULL, &generator->session));
    return make_states(generator);
}

static soma_status step(soma_generator *generator) {
    generator->token = (float)generator->text[generator->stepped];
    generator->outputs[0] = generator->output;
    SOMA_TRY(soma_session_run(generator->session, 1, generator->inputs, generator->outputs));
    generator->stepped++;
    for (size_t i = 1; i < generator->places; i++) {
        float *after = generator->outputs[i];
        generator->outputs[i] = (float *)generator->inputs[i];
        generator->inputs[i] = after;
    }
    return SOMA_OK;
}

static void close_stream(soma_generator *generator) {
    soma_session_destroy(generator->session);
    soma_network_destroy(generator->stream);
    soma_free(generator->inputs);
    soma_free(generator->outputs);
    soma_free(generator->states);
    generator->session = NULL;
    generator->stream = NULL;
    generator->inputs = NULL;
    generator->outputs = NULL;
    generator->states = NULL;
}

/* -------------------------------------------------------------------------------------------------------- windows */

/* The end of the text as far as it fits; what lies behind its end, in a window that is not full, does not count for
 * what comes before. *row: where the output says what comes next. */
static soma_status run_window(soma_generator *generator, const float **row) {
    const size_t used = SOMA_MIN(generator->count, generator->window);
    const float *const inputs[] = {generator->input};
    float *const outputs[] = {generator->output};
    for (size_t i = 0; i < generator->window; i++)
        generator->input[i] = i < used ? (float)generator->text[generator->count - used + i] : 0.0f;
    SOMA_TRY(soma_session_run(generator->session, 1, inputs, outputs));
    *row = generator->output + (used - 1) * generator->units;
    return SOMA_OK;
}

/* One user less; the last frees it. */
static void leave_network(soma_generator *generator) {
    if (generator->user) soma_network_destroy(generator->network);
    generator->user = false;
}

/* Behind the last step that the stream knows it sees the end of the text again and again. */
static soma_status open_windows(soma_generator *generator) {
    close_stream(generator);
    if (!generator->input) generator->input = soma_calloc(generator->window, sizeof *generator->input);
    if (!generator->input) return soma_out_of_memory(generator->window * sizeof *generator->input, "a window of text");
    SOMA_TRY(soma_session_create(generator->network, NULL, &generator->session));
    leave_network(generator);
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- set-up */

static soma_status check_options(const soma_generation_options *options) {
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_generation_options"));
    if (!(options->temperature >= 0) || isinf(options->temperature))
        return soma_error(SOMA_INVALID_ARGUMENT, "the temperature is %g; a number from 0 on is needed",
                          options->temperature);
    if (options->top_p >= 0 && options->top_p <= 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "top_p is %g; a number up to 1 is needed, 0 for all tokens",
                      options->top_p);
}

/* What inference leaves as it is changes nothing of it. */
static bool ends_in_softmax(const soma_tensor *output) {
    const soma_tensor *root = soma_tensor_root(output);
    while (root->op == SOMA_OP_DROPOUT) root = soma_tensor_root(root->input[0]);
    return root->op == SOMA_OP_SOFTMAX && !root->attributes.softmax.log && root->attributes.softmax.axis == root->rank;
}

/* By the loss, if it tells. */
static bool gives_probabilities(const soma_network *network) {
    switch (network->options.loss[0]) {
    case SOMA_CATEGORICAL_CROSSENTROPY:
    case SOMA_CATEGORICAL_FOCAL:
    case SOMA_BINARY_CROSSENTROPY:
    case SOMA_BINARY_FOCAL:
        return true;
    case SOMA_CATEGORICAL_CROSSENTROPY_LOGITS:
    case SOMA_CATEGORICAL_FOCAL_LOGITS:
    case SOMA_BINARY_CROSSENTROPY_LOGITS:
    case SOMA_BINARY_FOCAL_LOGITS:
        return false;
    default:
        return ends_in_softmax(soma_network_output(network, 0));
    }
}

/* It takes a window of tokens, and says for each what comes next. */
static soma_status check_network(soma_generator *generator) {
    const soma_network *network = generator->network;
    char text[2][SOMA_SHAPE_TEXT];
    const soma_tensor *in = soma_network_input(network, 0), *out = soma_network_output(network, 0);
    if (soma_network_input_count(network) != 1 || soma_network_output_count(network) != 1 || in->rank != 1 ||
        out->rank != 2 || out->shape[0] != in->shape[0] || out->shape[1] < soma_network_token_count(network))
        return soma_error(SOMA_INVALID_SHAPE,
                          "the network takes %s and gives %s; what generates takes [batch, steps] and gives [batch, "
                          "steps, tokens], of %zu tokens at least",
                          soma_tensor_shape_text(in, text[0]), soma_tensor_shape_text(out, text[1]),
                          SOMA_MAX(soma_network_token_count(network), (size_t)1));
    generator->window = in->shape[0];
    generator->units = out->shape[1];
    generator->tokens = soma_network_token_count(network);
    if (!generator->tokens) generator->tokens = generator->units;
    generator->logits = !gives_probabilities(network);
    return SOMA_OK;
}

/* Room for one more. */
static soma_status reserve(soma_generator *generator) {
    if (generator->count < generator->room) return SOMA_OK;
    const size_t room = 2 * generator->room + 64;
    int32_t *grown = soma_realloc(generator->text, room, sizeof *grown);
    if (!grown) return soma_out_of_memory(room * sizeof *grown, "a text");
    generator->text = grown;
    generator->room = room;
    return SOMA_OK;
}

static soma_status prepare(soma_generator *generator, const int32_t *tokens, size_t count) {
    SOMA_TRY(check_network(generator));
    for (size_t i = 0; i < count; i++) {
        if (tokens[i] < 0 || (size_t)tokens[i] >= generator->tokens)
            return soma_error(SOMA_INVALID_ARGUMENT, "token number %zu is %d; those of the network are 0 to %zu", i,
                              (int)tokens[i], generator->tokens - 1);
        SOMA_TRY(reserve(generator));
        generator->text[generator->count++] = tokens[i];
    }
    generator->output = soma_calloc(generator->window * generator->units, sizeof *generator->output);
    generator->candidates = soma_calloc(generator->tokens, sizeof *generator->candidates);
    if (!generator->output || !generator->candidates)
        return soma_out_of_memory(generator->window * generator->units * sizeof *generator->output, "a generator");
    const soma_status status = soma_network_stream(generator->network, &generator->stream);
    if (status == SOMA_OK) return open_stream(generator);
    return status == SOMA_UNSUPPORTED ? open_windows(generator) : status;
}

soma_status soma_generator_create(soma_network *network, const int32_t *tokens, size_t count,
                                  const soma_generation_options *options, soma_generator **out) {
    static const soma_generation_options defaults;
    if (!out) return soma_error(SOMA_INVALID_ARGUMENT, "soma_generator_create: no place for the generator was given");
    *out = NULL;
    if (!tokens || count == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_generator_create: there are no tokens to go on from; one at "
                                                 "least is needed");
    if (!options) options = &defaults;
    SOMA_TRY(check_options(options));
    SOMA_TRY(soma_require_compiled(network, "soma_generator_create"));
    soma_generator *generator = soma_calloc(1, sizeof *generator);
    if (!generator) return soma_out_of_memory(sizeof *generator, "a generator");
    generator->network = network;
    generator->user = true;
    atomic_fetch_add(&network->users, 1);
    generator->options = *options;
    generator->random = options->seed;
    const soma_status status = prepare(generator, tokens, count);
    if (status == SOMA_OK)
        *out = generator;
    else
        soma_generator_destroy(generator);
    return status;
}

soma_status soma_generator_next(soma_generator *generator, int32_t *token) {
    if (!generator || !token)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_generator_next: %s is NULL", generator ? "token" : "generator");
    const float *row = generator->output;
    SOMA_TRY(reserve(generator));
    if (!generator->session || (generator->stream && generator->count > generator->most))
        SOMA_TRY(open_windows(generator));
    if (!generator->stream) SOMA_TRY(run_window(generator, &row));
    while (generator->stream && generator->stepped < generator->count) SOMA_TRY(step(generator));
    int32_t chosen;
    SOMA_TRY(choose(generator, row, &chosen));
    *token = generator->text[generator->count++] = chosen;
    return SOMA_OK;
}

void soma_generator_destroy(soma_generator *generator) {
    if (!generator) return;
    close_stream(generator);
    soma_free(generator->text);
    soma_free(generator->input);
    soma_free(generator->output);
    soma_free(generator->candidates);
    leave_network(generator);
    soma_free(generator);
}
