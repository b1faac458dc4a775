/* SPDX-License-Identifier: MIT */
/* Tables, as --data names them: how the command line says that they are read, and reading them. */
#include "table.h"
#include <string.h>

/* 0: the loader looks. False for what cannot stand between numbers. */
static bool parse_separator(const char *text, char *separator) {
    *separator = 0;
    if (!text) return true;
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
    *separator = *text;
    return strlen(text) == 1 && !strchr("\"\n\r.+-0123456789", *text);
}

/* Columns that are no features: as the command line names them, or as the network knows; a network of an earlier
 * version knows by what its data were divided. Other data need not have what the network knows. */
static soma_csv_roles columns_of(const struct settings *settings, const soma_network *network) {
    soma_division kept;
    soma_csv_roles said = {.group = settings->group_column,
                           .time = settings->time_column,
                           .weight = settings->weight_column,
                           .id = settings->id_column,
                           .columns = settings->columns,
                           .ignore = settings->ignore,
                           .gaps = settings->gaps,
                           .sequences = settings->sequences.column ? &settings->sequences : NULL};
    if (said.group || said.time || !network || soma_network_column_count(network) ||
        !soma_network_get_division(network, &kept) || kept.by == SOMA_BY_ROWS)
        return said;
    return (soma_csv_roles){.group = kept.by == SOMA_BY_GROUPS ? kept.column : NULL,
                            .time = kept.by == SOMA_BY_TIME ? kept.column : NULL,
                            .weight = said.weight,
                            .id = said.id,
                            .gaps = said.gaps,
                            .sequences = said.sequences,
                            .optional = true};
}

/* And what becomes of gaps: that is said where a model learns of its first table, and known ever after. */
soma_csv_roles table_roles(const struct settings *settings, const soma_network *network) {
    soma_csv_roles roles = columns_of(settings, network);
    if (settings->command == COMMAND_TRAIN && (!network || option_given(settings, missing)))
        roles.missing = (soma_missing)settings->missing;
    if (settings->command == COMMAND_TRAIN) {
        roles.max_categories = settings->max_categories;
        roles.buckets = settings->max_categories ? settings->hash_buckets : 0;
        roles.dates = (uint64_t)settings->dates + SOMA_DATES_NUMBER;
        roles.indicator = settings->indicator;
    }
    roles.classification = settings->classification;
    return roles;
}

/* What the reader has passed over or taken for granted; on stderr, for results may go to stdout. */
static void say_note(const struct settings *settings, const soma_dataset *dataset) {
    for (const char *line = soma_dataset_note(dataset); line && *line;) {
        int length = (int)strcspn(line, "\n");
        if (settings->command == COMMAND_TRAIN)
            say("Data     %.*s\n", length, line);
        else
            warn("%.*s", length, line);
        line += length + (line[length] == '\n');
    }
}

exit_status table_csv_options(const struct settings *settings, const soma_network *network, bool labelled,
                              const soma_csv_roles *roles, soma_csv_options *options) {
    char separator;
    if (settings->regression && settings->classification)
        return fail(STATUS_USAGE,
                    "--classification: the labels are numbers to predict, by --regression or by the model");
    if (!parse_separator(settings->separator, &separator))
        return fail(STATUS_USAGE, "--separator: '%s' cannot separate numbers; accepted: one character, as ';', or tab",
                    settings->separator);
    *options = (soma_csv_options){.label = settings->label,
                                  .header = settings->header,
                                  .separator = separator,
                                  .regression = settings->regression,
                                  .network = network,
                                  .skip_label = !labelled,
                                  .roles = roles};
    return STATUS_DONE;
}

bool table_is_of_sequences(const struct settings *settings, const soma_network *network) {
    bool learnt = false;
    for (size_t i = 0; i < soma_network_column_count(network); i++) {
        soma_column_info column;
        learnt |= soma_network_column(network, i, &column) == SOMA_OK && column.role == SOMA_COLUMN_SEQUENCE;
    }
    return learnt || settings->sequences.column;
}

exit_status table_refuse(const struct settings *settings, const soma_network *network) {
    const bool sequences = table_is_of_sequences(settings, network);
    if (!sequences && (settings->sequences.steps || settings->sequences.label_per_step))
        return fail(STATUS_USAGE, "--%s goes with --sequence-column, which says what rows of %s are one sequence",
                    settings->sequences.steps ? "sequence-steps" : "label-per-step", settings->data);
    if (sequences || settings->missing != SOMA_MISSING_LAST) return STATUS_DONE;
    return fail(STATUS_USAGE,
                "--missing: 'last' is for series, which %s is by --window, and for sequences, by --sequence-column; "
                "without them rows have no value before them; accepted: %s",
                settings->data, "error, drop, median, mean, zero");
}

/* What a model has learnt of its first table stands; the same may be said once more, as where a training is resumed. */
static exit_status refuse_known(const struct settings *settings, const soma_network *network) {
    const char *said = settings->dates + SOMA_DATES_NUMBER == SOMA_DATES_CYCLE ? "date and cycle" : "date";
    const bool dates = option_given(settings, dates);
    bool indicator = false;
    size_t count = network && settings->command == COMMAND_TRAIN ? soma_network_column_count(network) : 0;
    for (size_t i = 0; i < count; i++) {
        soma_column_info column;
        if (soma_network_column(network, i, &column) != SOMA_OK || !column.kind) continue;
        indicator |= column.indicator;
        if (option_given(settings, hash_buckets) && strncmp(column.kind, "hashed", 6) == 0 &&
            column.inputs - column.indicator != settings->hash_buckets)
            return fail(
                STATUS_USAGE, "--hash-buckets: %llu; the model learnt words hashed into %llu inputs, which stand",
                (unsigned long long)settings->hash_buckets, (unsigned long long)(column.inputs - column.indicator));
        if (dates && strncmp(column.kind, "date", 4) == 0 && strcmp(column.kind, said) != 0)
            return fail(STATUS_USAGE, "--dates: dates are to be read as %s; the model learnt %s, which stands", said,
                        column.kind);
    }
    /* A table without gaps has given it none; that of a training that is resumed has not changed. */
    if (count && settings->indicator && !indicator && !settings->resume)
        return fail(STATUS_USAGE, "--indicator: the model learnt of a table without gaps, or without it, which stands");
    return STATUS_DONE;
}

exit_status table_load(const struct settings *settings, const soma_network *network, bool labelled,
                       soma_dataset **dataset) {
    soma_csv_options options;
    const soma_csv_roles roles = table_roles(settings, network);
    exit_status status = table_csv_options(settings, network, labelled, &roles, &options);
    if (status == STATUS_DONE) status = refuse_known(settings, network);
    if (status != STATUS_DONE) return status;
    soma_status cause = soma_dataset_from_csv(settings->data, &options, dataset);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    say_note(settings, *dataset);
    return STATUS_DONE;
}

size_t table_load_unlabelled(const struct settings *settings, const soma_network *network, soma_dataset **dataset) {
    const soma_csv_roles roles = table_roles(settings, network);
    soma_csv_options options = {.label = "none", .header = settings->header, .roles = &roles};
    if (!parse_separator(settings->separator, &options.separator)) return 0;
    if (soma_dataset_from_csv(settings->data, &options, dataset) != SOMA_OK) return 0;
    soma_dataset_info info;
    size_t values = 1; /* of a sequence more than columns */
    soma_dataset_get_info(*dataset, &info);
    for (uint32_t i = 0; i < info.input_rank[0]; i++) values *= info.input_shape[0][i];
    return values;
}
