/* SPDX-License-Identifier: MIT */
/* See series.h. */
#include "series.h"
#include "table.h"

bool series_is_meant(const struct settings *settings, const soma_network *network) {
    const bool said = settings->window || settings->horizon || settings->season || settings->stride;
    return said || soma_network_get_series(network, NULL);
}

static bool is_missing_for_rows(const struct settings *settings) {
    return option_given(settings, missing) && settings->missing != SOMA_MISSING_LAST &&
           settings->missing != SOMA_MISSING_ERROR;
}

exit_status series_refuse(const struct settings *settings, const soma_network *network) {
    const struct {
        const char *name;
        bool given;
    } others[] = {{"folds", settings->folds != 0},
                  {"validation-data", settings->validation_data},
                  {"test-data", settings->test_data},
                  {"labels", settings->labels},
                  {"group-column", settings->group_column},
                  {"weight-column", settings->weight_column},
                  {"id-column", settings->id_column},
                  {"sequence-column", settings->sequences.column},
                  {"classification", settings->classification && !settings->regression},
                  {"split-by", option_given(settings, split_by) && settings->split_by != SOMA_BY_TIME}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].given)
            return fail(STATUS_USAGE,
                        "--%s does not go with a series, which %s is by --window or by the model; its end is held out, "
                        "by --validation and --test",
                        others[i].name, settings->data);
    if (is_missing_for_rows(settings))
        return fail(STATUS_USAGE, "--missing: '%s' does not go with a series; accepted: last, error",
                    soma_name(SOMA_NAMES_MISSING, settings->missing));
    if (!settings->window && !soma_network_get_series(network, NULL))
        return fail(STATUS_USAGE, "--%s goes with --window, of how many rows of %s are a sample",
                    settings->horizon  ? "horizon"
                    : settings->season ? "season"
                                       : "stride",
                    settings->data);
    return STATUS_DONE;
}

/* All columns, as numbers; what is forecast is among them. */
static exit_status load_rows(const struct settings *settings, const soma_network *network, soma_dataset **table) {
    struct settings plain = *settings;
    plain.label = "none";
    plain.regression = true;
    plain.classification = false;
    if (!option_given(settings, missing)) plain.missing = SOMA_MISSING_LAST;
    return table_load(&plain, network, true, table);
}

static void say_note(const struct settings *settings, const soma_dataset *dataset) {
    const char *note = dataset ? soma_dataset_note(dataset) : NULL;
    if (note && settings->command == COMMAND_TRAIN)
        say("Data     %s: %s\n", settings->data, note);
    else if (note)
        warn("%s: %s", settings->data, note);
}

static exit_status take_part(const struct settings *settings, soma_dataset **part, struct loaded *loaded) {
    if (!*part)
        return fail(STATUS_FILE,
                    "--part: %s has no window of that part, as the model was trained on: the rows behind those that "
                    "were trained on are held out; accepted: a longer table, or --part=all",
                    settings->data);
    loaded->whole = *part;
    *part = NULL;
    return STATUS_DONE;
}

/* Whole, or what was held out. */
static exit_status choose_part(const struct settings *settings, struct loaded *loaded) {
    soma_dataset *parts[] = {loaded->train, loaded->validation, loaded->test};
    const int part = settings->part;
    soma_dataset **wanted = &parts[part == PART_TEST ? 2 : part == PART_VALIDATION];
    loaded->train = loaded->validation = loaded->test = NULL;
    exit_status status = take_part(settings, wanted, loaded);
    for (size_t i = 0; i < 3; i++) soma_dataset_destroy(parts[i]);
    return status;
}

exit_status series_load(const struct settings *settings, const soma_network *network, struct loaded *loaded) {
    const bool ahead = settings->command == COMMAND_PREDICT;
    const bool trains = settings->command == COMMAND_TRAIN || settings->command == COMMAND_SEARCH;
    const bool part = !trains && settings->part != PART_DEFAULT && settings->part != PART_ALL;
    const soma_network *known = soma_network_get_series(network, NULL) ? network : NULL;
    const soma_series_options options = {.window = settings->window,
                                         .horizon = settings->horizon,
                                         .step = settings->stride,
                                         .season = settings->season,
                                         .label = settings->label,
                                         .validation = trains ? settings->validation : 0,
                                         .test = trains ? settings->test : 0,
                                         .network = trains ? known : network,
                                         .as_learnt = part,
                                         .ahead = ahead};
    soma_dataset *table = NULL;
    if (part && ahead) return fail(STATUS_USAGE, "--part: a forecast is of what follows the end of %s", settings->data);
    exit_status status = load_rows(settings, known, &table);
    if (status != STATUS_DONE) return status;
    soma_status cause = soma_dataset_from_series(table, &options, &loaded->train, &loaded->validation, &loaded->test);
    soma_dataset_destroy(table);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    say_note(settings, loaded->train);
    return trains ? STATUS_DONE : choose_part(settings, loaded);
}
