/* SPDX-License-Identifier: MIT */
/* See text.h. */
#include "text.h"

exit_status text_load(const struct settings *settings, const soma_network *network, struct loaded *loaded) {
    const bool trains = settings->command == COMMAND_TRAIN;
    const soma_text_options options = {.tokens = (soma_tokens)settings->tokens,
                                       .window = settings->window,
                                       .step = settings->stride,
                                       .validation = trains ? settings->validation : 0,
                                       .test = trains ? settings->test : 0,
                                       .network =
                                           network && (!trains || soma_network_token_count(network)) ? network : NULL};
    soma_status cause =
        soma_dataset_from_text(settings->data, &options, &loaded->train, &loaded->validation, &loaded->test);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    if (trains) return STATUS_DONE;
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
