/* SPDX-License-Identifier: MIT */
/* soma generate: text that a network goes on with, token by token, written as it comes. */
#include "interrupt.h"
#include "model.h"
#include "report.h"
#include "stepper.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct candidate {
    double weight;
    size_t token;
};

struct generation {
    const struct settings *settings;
    soma_network *network;
    size_t window, tokens; /* of a sample; of the vocabulary */
    int32_t *text;         /* [count]: the prompt, and what was added */
    size_t count;
    struct stepper *stepper; /* carries the state of a network that goes step by step; NULL: it runs on windows */
    size_t stepped;          /* tokens that it has been given */
    float *input, *output;
    struct candidate *candidates; /* [tokens] */
    bool logits;
    uint64_t random;
    char *written; /* for --json */
    size_t bytes, room;
    bool begun; /* something was written */
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
    const struct candidate *a = x, *b = y;
    if (a->weight != b->weight) return a->weight < b->weight ? 1 : -1;
    return a->token < b->token ? -1 : 1;
}

/* Weights in proportion to the probabilities, to the power of 1/temperature; the largest is 1. */
static void weigh(const struct generation *generation, const float *row) {
    const double temperature = generation->settings->temperature;
    double largest = -INFINITY;
    for (size_t i = 0; i < generation->tokens; i++) {
        double value = generation->logits ? (double)row[i] : log((double)row[i]);
        generation->candidates[i] = (struct candidate){value, i};
        if (value > largest) largest = value;
    }
    for (size_t i = 0; i < generation->tokens; i++) {
        double distance = generation->candidates[i].weight - largest;
        generation->candidates[i].weight = temperature > 0 ? exp(distance / temperature) : (double)(distance == 0);
    }
}

static size_t choose(struct generation *generation, const float *row) {
    const struct settings *settings = generation->settings;
    size_t count = generation->tokens;
    double sum = 0, kept = 0;
    weigh(generation, row);
    qsort(generation->candidates, count, sizeof *generation->candidates, likelier_first);
    if (settings->temperature == 0) return generation->candidates[0].token;
    if (settings->most_likely && settings->most_likely < count) count = (size_t)settings->most_likely;
    for (size_t i = 0; i < count; i++) sum += generation->candidates[i].weight;
    if (!isnan(settings->top_p)) {
        size_t enough = 0;
        while (enough < count && kept < settings->top_p * sum) kept += generation->candidates[enough++].weight;
        count = enough;
        sum = kept;
    }
    double at = draw(&generation->random) * sum;
    for (size_t i = 0; i + 1 < count; i++) {
        at -= generation->candidates[i].weight;
        if (at < 0) return generation->candidates[i].token;
    }
    return generation->candidates[count - 1].token;
}

/* ------------------------------------------------------------------------------------------------------- writing */

/* Room that grows, for --json. */
static bool reserve(struct generation *generation, size_t length) {
    if (generation->room - generation->bytes >= length) return true;
    const size_t room = 2 * generation->room + length;
    char *grown = realloc(generation->written, room);
    if (!grown) return false;
    generation->written = grown;
    generation->room = room;
    return true;
}

static exit_status write_token(struct generation *generation, size_t token) {
    char text[SOMA_TOKEN_BYTES];
    size_t length;
    soma_status cause = soma_network_decode(generation->network, token, !generation->begun, text, &length);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    generation->begun = true;
    if (generation->settings->json) {
        if (!reserve(generation, length)) return fail(STATUS_FAILED, "out of memory");
        memcpy(generation->written + generation->bytes, text, length);
        generation->bytes += length;
        return STATUS_DONE;
    }
    if (fwrite(text, 1, length, stdout) == length && fflush(stdout) == 0) return STATUS_DONE;
    return fail(STATUS_FAILED, "the text cannot be written");
}

static exit_status step(struct generation *generation) {
    exit_status status = STATUS_DONE;
    for (; status == STATUS_DONE && generation->stepped < generation->count; generation->stepped++)
        status = stepper_step(generation->stepper, generation->text[generation->stepped], generation->output);
    return status;
}

/* The end of the text as far as it fits; what lies behind its end, in a window that is not full, does not count for
 * what comes before. *row: where the output says what comes next. */
static exit_status run_window(struct generation *generation, const float **row) {
    const size_t used = generation->count < generation->window ? generation->count : generation->window;
    for (size_t i = 0; i < generation->window; i++)
        generation->input[i] = i < used ? (float)generation->text[generation->count - used + i] : 0.0f;
    soma_status cause = soma_run(generation->network, generation->input, 1, generation->output);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    const size_t units = soma_tensor_count(soma_network_output(generation->network, 0)) / generation->window;
    *row = generation->output + (used - 1) * units;
    return STATUS_DONE;
}

/* Behind the last step that the network knows it sees the end of the text again and again. */
static void leave_stepper(struct generation *generation) {
    if (!generation->stepper || generation->count <= stepper_steps(generation->stepper)) return;
    stepper_close(generation->stepper);
    generation->stepper = NULL;
}

static exit_status add_token(struct generation *generation) {
    const float *row = generation->output;
    leave_stepper(generation);
    exit_status status = generation->stepper ? step(generation) : run_window(generation, &row);
    if (status != STATUS_DONE) return status;
    const size_t token = choose(generation, row);
    generation->text[generation->count++] = (int32_t)token;
    return write_token(generation, token);
}

static exit_status write_prompt(struct generation *generation) {
    exit_status status = STATUS_DONE;
    for (size_t i = 0; i < generation->count && status == STATUS_DONE && generation->settings->prompt; i++)
        status = write_token(generation, (size_t)generation->text[i]);
    return status;
}

/* -------------------------------------------------------------------------------------------------------- set-up */

/* The prompt, of which a new line is the least, and room for all that is added. */
static exit_status prepare(struct generation *generation) {
    const struct settings *settings = generation->settings;
    const char *prompt = settings->prompt ? settings->prompt : "\n";
    int32_t *numbers;
    soma_status cause = soma_network_encode(generation->network, prompt, strlen(prompt), &numbers, &generation->count);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    generation->text = calloc(generation->count + (size_t)settings->length, sizeof *generation->text);
    if (generation->text) memcpy(generation->text, numbers, generation->count * sizeof *numbers);
    soma_free(numbers);
    generation->input = calloc(generation->window, sizeof *generation->input);
    generation->output = calloc(soma_tensor_count(soma_network_output(generation->network, 0)), sizeof(float));
    generation->candidates = calloc(generation->tokens, sizeof *generation->candidates);
    if (!generation->text || !generation->input || !generation->output || !generation->candidates)
        return fail(STATUS_FAILED, "out of memory");
    if (generation->count) return STATUS_DONE;
    return fail(STATUS_USAGE, "--prompt: %s has no tokens in the vocabulary of %s",
                settings->prompt ? "it" : "a new line, the default,", settings->model);
}

/* It takes a window of tokens, and says for each what comes next. */
static exit_status check_network(struct generation *generation) {
    size_t input[SOMA_MAX_RANK], output[SOMA_MAX_RANK];
    soma_network *network = generation->network;
    const char *model = generation->settings->model;
    generation->tokens = soma_network_token_count(network);
    if (!generation->tokens)
        return fail(STATUS_FILE, "--model: %s has learnt of no text; accepted: a model of soma train --data FILE.txt",
                    model);
    uint32_t inputs = soma_tensor_shape(soma_network_input(network, 0), input),
             outputs = soma_tensor_shape(soma_network_output(network, 0), output);
    if (soma_network_input_count(network) != 1 || soma_network_output_count(network) != 1 || inputs != 1 ||
        outputs != 2 || output[0] != input[0] || output[1] < generation->tokens)
        return fail(
            STATUS_FILE,
            "--model: %s does not say for each token of its input, of %zu kinds, which comes next; its output would be "
            "[%zu, %zu]",
            model, generation->tokens, input[0], generation->tokens);
    generation->window = input[0];
    generation->logits = model_loss(network) == SOMA_CATEGORICAL_CROSSENTROPY_LOGITS ||
                         model_loss(network) == SOMA_CATEGORICAL_FOCAL_LOGITS;
    return STATUS_DONE;
}

/* Bytes of the UTF-8 character at the beginning; 0 if there is none. */
static size_t character_length(const unsigned char *text) {
    const unsigned char first = text[0], second = first ? text[1] : 0;
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second >= 0x90))
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    return length;
}

/* JSON has no stray bytes, nor a byte of 0 here: U+FFFD stands for each. */
static char *as_utf8(const struct generation *generation) {
    char *out = malloc(3 * generation->bytes + 1), *to = out;
    for (size_t at = 0; out && at < generation->bytes;) {
        const unsigned char *from = (const unsigned char *)generation->written + at;
        size_t length = *from ? character_length(from) : 0;
        memcpy(to, length ? (const char *)from : "\xef\xbf\xbd", length ? length : 3);
        to += length ? length : 3;
        at += length ? length : 1;
    }
    if (out) *to = 0;
    return out;
}

static void report_text_of(const struct generation *generation, const soma_device *device, size_t tokens,
                           double seconds) {
    report *object = report_create();
    report_text(object, "device", soma_device_selector(device));
    char *text = as_utf8(generation);
    report_text(object, "text", text);
    free(text);
    report_count(object, "tokens", tokens);
    report_number(object, "seconds", seconds);
    report_print(object);
}

static exit_status generate(struct generation *generation, soma_device *device) {
    exit_status status = check_network(generation);
    if (status == STATUS_DONE) status = stepper_open(generation->network, device, &generation->stepper);
    if (status == STATUS_DONE) status = prepare(generation);
    if (status == STATUS_DONE) status = write_prompt(generation);
    const double began = clock_since_start();
    size_t added = 0;
    interrupt_watch();
    while (status == STATUS_DONE && added < generation->settings->length && !interrupt_came()) {
        status = add_token(generation);
        added++;
    }
    const double seconds = clock_since_start() - began;
    if (status == STATUS_DONE && generation->settings->json)
        report_text_of(generation, device, added, seconds);
    else if (status == STATUS_DONE)
        putchar('\n');
    return status == STATUS_DONE && interrupt_came() ? STATUS_INTERRUPTED : status;
}

exit_status command_generate(const struct settings *settings) {
    struct generation generation = {.settings = settings, .random = settings->seed};
    soma_device *device = NULL;
    exit_status status = model_open(settings, false, &generation.network, &device);
    if (status == STATUS_DONE) status = text_give_tokens(settings, generation.network);
    if (status == STATUS_DONE) status = generate(&generation, device);
    stepper_close(generation.stepper);
    free(generation.text);
    free(generation.input);
    free(generation.output);
    free(generation.candidates);
    free(generation.written);
    soma_network_destroy(generation.network);
    soma_device_close(device);
    return status;
}
