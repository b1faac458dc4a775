/* SPDX-License-Identifier: MIT */
/* soma generate: text that a network goes on with, token by token, written as it comes. */
#include "interrupt.h"
#include "model.h"
#include "report.h"
#include "text.h"
#include <math.h>
#include <soma/stream.h>
#include <stdlib.h>
#include <string.h>

struct generation {
    const struct settings *settings;
    soma_network *network;
    soma_generator *generator;
    char *written; /* for --json */
    size_t bytes, room;
    bool begun; /* something was written */
};

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

static exit_status add_token(struct generation *generation) {
    int32_t token;
    soma_status cause = soma_generator_next(generation->generator, &token);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    return write_token(generation, (size_t)token);
}

/* -------------------------------------------------------------------------------------------------------- set-up */

static exit_status open_generator(struct generation *generation, const int32_t *tokens, size_t count) {
    const struct settings *settings = generation->settings;
    const soma_generation_options options = {.temperature = settings->temperature,
                                             .greedy = settings->temperature == 0,
                                             .top_k = (size_t)settings->most_likely,
                                             .top_p = isnan(settings->top_p) ? 0 : settings->top_p,
                                             .seed = settings->seed};
    if (count == 0)
        return fail(STATUS_USAGE, "--prompt: %s has no tokens in the vocabulary of %s",
                    settings->prompt ? "it" : "a new line, the default,", settings->model);
    soma_status cause = soma_generator_create(generation->network, tokens, count, &options, &generation->generator);
    if (cause == SOMA_INVALID_SHAPE || cause == SOMA_UNSUPPORTED)
        return fail_from_library(cause, STATUS_FILE, "--model: %s", settings->model);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    exit_status status = STATUS_DONE;
    for (size_t i = 0; i < count && status == STATUS_DONE && settings->prompt; i++)
        status = write_token(generation, (size_t)tokens[i]);
    return status;
}

/* The prompt, of which a new line is the least. */
static exit_status prepare(struct generation *generation) {
    const struct settings *settings = generation->settings;
    const char *prompt = settings->prompt ? settings->prompt : "\n";
    int32_t *tokens;
    size_t count;
    if (!soma_network_token_count(generation->network))
        return fail(STATUS_FILE, "--model: %s has learnt of no text; accepted: a model of soma train --data FILE.txt",
                    settings->model);
    soma_status cause = soma_network_encode(generation->network, prompt, strlen(prompt), &tokens, &count);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    exit_status status = open_generator(generation, tokens, count);
    soma_free(tokens);
    return status;
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
    exit_status status = prepare(generation);
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
    struct generation generation = {.settings = settings};
    soma_device *device = NULL;
    exit_status status = model_open(settings, false, &generation.network, &device);
    if (status == STATUS_DONE) status = text_give_tokens(settings, generation.network);
    if (status == STATUS_DONE) status = generate(&generation, device);
    soma_generator_destroy(generation.generator);
    free(generation.written);
    soma_network_destroy(generation.network);
    soma_device_close(device);
    return status;
}
