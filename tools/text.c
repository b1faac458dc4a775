/* SPDX-License-Identifier: MIT */
/* See text.h. */
#include "text.h"

#include <soma/tokenizer.h>
#include <string.h>
#include <unistd.h>

/* By --tokens: a kind, or a file, whose tokenizer is to be destroyed. */
static exit_status read_tokens(const struct settings *settings, soma_tokens *kind, soma_tokenizer **tokenizer) {
    const char *text = settings->tokens;
    int value;
    *kind = SOMA_TOKENS_CHARACTERS;
    if (!text) return STATUS_DONE;
    if (soma_value_of_name(SOMA_NAMES_TOKENS, text, strlen(text), &value) && value != SOMA_TOKENS_TOKENIZER) {
        *kind = (soma_tokens)value;
        return STATUS_DONE;
    }
    if (access(text, F_OK) != 0)
        return fail(STATUS_USAGE,
                    "--tokens: %s is none of characters and bytes, and no file; accepted is a tokenizer.json", text);
    *kind = SOMA_TOKENS_TOKENIZER;
    soma_status cause = soma_tokenizer_load(text, tokenizer);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "--tokens");
}

exit_status text_give_tokens(const struct settings *settings, soma_network *network) {
    soma_tokenizer *tokenizer = NULL;
    soma_tokens kind;
    if (!settings->tokens) return STATUS_DONE;
    if (soma_network_token_count(network))
        return fail(STATUS_USAGE, "--tokens: %s keeps the tokens that it has learnt by", settings->model);
    exit_status status = read_tokens(settings, &kind, &tokenizer);
    if (status == STATUS_DONE && kind == SOMA_TOKENS_CHARACTERS)
        status = fail(STATUS_USAGE,
                      "--tokens: which characters there are is what a model keeps, and %s keeps none; "
                      "accepted: bytes, or a tokenizer.json",
                      settings->model);
    soma_status cause = status == STATUS_DONE ? soma_network_set_tokens(network, kind, tokenizer) : SOMA_OK;
    soma_tokenizer_destroy(tokenizer);
    return cause == SOMA_OK ? status : fail_from_library(cause, STATUS_FILE, NULL);
}

static exit_status load(const struct settings *settings, const soma_text_options *options, struct loaded *loaded) {
    soma_status cause =
        soma_dataset_from_text(settings->data, options, &loaded->train, &loaded->validation, &loaded->test);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, NULL);
}

exit_status text_load(const struct settings *settings, const soma_network *network, struct loaded *loaded) {
    const bool trains = settings->command == COMMAND_TRAIN;
    soma_text_options options = {.window = settings->window,
                                 .step = settings->stride,
                                 .validation = trains ? settings->validation : 0,
                                 .test = trains ? settings->test : 0,
                                 .network = network && (!trains || soma_network_token_count(network)) ? network : NULL};
    exit_status status = options.network ? STATUS_DONE : read_tokens(settings, &options.tokens, &options.tokenizer);
    if (status == STATUS_DONE) status = load(settings, &options, loaded);
    soma_tokenizer_destroy(options.tokenizer);
    if (status != STATUS_DONE || trains) return status;
    loaded->whole = loaded->train;
    loaded->train = NULL;
    return STATUS_DONE;
}

exit_status text_refuse(const struct settings *settings, enum source source) {
    const struct {
        const char *name;
        bool given;
    } others[] = {{"folds", settings->folds != 0},
                  {"validation-data", settings->validation_data},
                  {"test-data", settings->test_data},
                  {"labels", settings->labels},
                  {"part", settings->part != PART_DEFAULT && settings->part != PART_ALL}},
      own[] = {{"tokens", option_given(settings, tokens)}},
      windows[] = {{"window", settings->window != 0},
                   {"stride", settings->stride != 0},
                   {"horizon", settings->horizon != 0},
                   {"season", settings->season != 0}};
    for (size_t i = 0; source == SOURCE_TEXT && i < sizeof others / sizeof *others; i++)
        if (others[i].given)
            return fail(
                STATUS_USAGE,
                "--%s does not go with a text, of which %s is one; its end is held out, by --validation and --test",
                others[i].name, settings->data);
    for (size_t i = 0; source != SOURCE_TEXT && i < sizeof own / sizeof *own; i++)
        if (own[i].given)
            return fail(STATUS_USAGE, "--%s is for texts; %s is none (--text takes it for one)", own[i].name,
                        settings->data);
    for (size_t i = source == SOURCE_TEXT ? 2 : 0; source != SOURCE_TABLE && i < sizeof windows / sizeof *windows; i++)
        if (windows[i].given)
            return fail(STATUS_USAGE, "--%s is for %s; %s is none", windows[i].name,
                        i < 2 ? "texts and series (CSV)" : "series (CSV)", settings->data);
    return STATUS_DONE;
}
