/* SPDX-License-Identifier: MIT */
/* See part_files.h. */
#include "part_files.h"
#include "source.h"
#include <unistd.h>

exit_status part_files_check(struct settings *settings) {
    const struct {
        const char *file, *name, *fraction_name;
        double *fraction;
        bool given;
    } parts[] = {{settings->validation_data, "validation-data", "validation", &settings->validation,
                  option_given(settings, validation)},
                 {settings->test_data, "test-data", "test", &settings->test, option_given(settings, test)}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].file) continue;
        if (parts[i].given && *parts[i].fraction > 0)
            return fail(STATUS_USAGE,
                        "--%s %s and --%s %g are both given; the samples come from the file, or are that part of %s",
                        parts[i].name, parts[i].file, parts[i].fraction_name, *parts[i].fraction, settings->data);
        if (access(parts[i].file, R_OK) != 0)
            return fail(STATUS_FILE, "--%s: there is no file or directory '%s' that can be read", parts[i].name,
                        parts[i].file);
        *parts[i].fraction = 0;
    }
    return STATUS_DONE;
}

/* What the command line says of the training file's columns is known to the network now, by their names. */
static struct settings settings_for(const struct settings *settings, const soma_network *network, const char *file,
                                    const soma_dataset *train) {
    struct settings part = *settings;
    soma_dataset_info info;
    soma_dataset_get_info(train, &info);
    part.data = file;
    part.labels = NULL;
    part.regression = info.classes == 0 && !soma_dataset_class_name(train, 0); /* steps have names alone */
    part.classification = !part.regression;
    if (!soma_network_column_count(network)) return part;
    part.label = part.columns = part.ignore = NULL;
    part.sequences = (soma_csv_sequences){.column = NULL};
    part.group_column = part.time_column = part.weight_column = part.id_column = NULL;
    return part;
}

static size_t values_of(const soma_dataset *dataset) {
    soma_dataset_info info;
    size_t values = 1;
    soma_dataset_get_info(dataset, &info);
    for (uint32_t i = 0; i < info.input_rank[0]; i++) values *= info.input_shape[0][i];
    return values;
}

static exit_status refuse_kind(const struct settings *part, const char *option) {
    enum source source = source_of(part);
    bool own = source == SOURCE_DIGITS || source == SOURCE_DIRECTORY;
    if (!own && source != SOURCE_IDX && source != SOURCE_NPY) return STATUS_DONE;
    return fail(STATUS_USAGE, "--%s: %s %s; accepted: a table (CSV), an NPZ archive of x and y, pictures", option,
                part->data, own ? "comes divided" : "has its labels in another file");
}

static exit_status open_part(const struct settings *part, const char *option, soma_network *network,
                             const soma_dataset *train, soma_dataset **dataset) {
    struct loaded loaded = {.whole = NULL};
    exit_status status = refuse_kind(part, option);
    if (status == STATUS_DONE) status = data_open(part, network, &loaded);
    if (status != STATUS_DONE) return status;
    if (loaded.whole) {
        *dataset = loaded.whole;
    } else {
        soma_dataset_destroy(loaded.train);
        soma_dataset_destroy(loaded.test);
        return fail(STATUS_USAGE, "--%s: %s comes divided; accepted: a file of one set of samples", option, part->data);
    }
    status = data_refuse_unlabelled(part, *dataset);
    if (status == STATUS_DONE && values_of(*dataset) != values_of(train))
        status = fail(STATUS_FILE, "--%s: %s has %zu values per sample, the data to train on have %zu", option,
                      part->data, values_of(*dataset), values_of(train));
    return status;
}

/* What is known of a patient from the training file helps with other rows of the same. */
static exit_status warn_of_groups(const char *option, const char *file, const struct data *data,
                                  const soma_dataset *dataset) {
    size_t shared = 0;
    if (data->division.by != SOMA_BY_GROUPS) return STATUS_DONE;
    const soma_status cause = soma_dataset_count_shared_groups(data->train, dataset, &shared);
    if (cause != SOMA_OK && cause != SOMA_INVALID_STATE)
        return fail_from_library(cause, STATUS_FILE, "--%s: %s", option, file);
    if (cause != SOMA_OK)
        warn("--%s: whether %s has rows of groups that are trained on is not known, for it has no column of groups, as "
             "%s",
             option, file, data->division.column);
    else if (shared)
        warn("--%s: %zu of the %zu samples of %s are of groups, by %s, that are trained on: this says little of how it "
             "does on others",
             option, shared, data_samples(dataset), file, data->division.column);
    return STATUS_DONE;
}

/* One part, with what tells its samples from others as they stand in the file. */
static exit_status load_part(const struct settings *settings, const char *option, const char *file,
                             soma_network *network, const struct data *data, soma_dataset **dataset, uint64_t *samples,
                             uint64_t *fingerprint) {
    const soma_division *division = &data->division;
    if (*dataset)
        return fail(STATUS_USAGE, "--%s %s: %s comes with samples for that part already; accepted: one of them", option,
                    file, settings->data);
    const struct settings part = settings_for(settings, network, file, data->train);
    exit_status status = open_part(&part, option, network, data->train, dataset);
    if (status != STATUS_DONE) return status;
    *samples = data_samples(*dataset);
    *fingerprint = soma_dataset_fingerprint(*dataset, 0);
    if (*samples == division->samples && *fingerprint == division->fingerprint)
        warn("--%s: the samples of %s are those of %s, which are trained on: this says little of how it does on others",
             option, file, settings->data);
    status = warn_of_groups(option, file, data, *dataset);
    return status != STATUS_DONE ? status : data_match(&part, network, *dataset);
}

exit_status part_files_load(const struct settings *settings, soma_network *network, struct data *data) {
    soma_division *division = &data->division;
    exit_status status = STATUS_DONE;
    if (settings->validation_data)
        status = load_part(settings, "validation-data", settings->validation_data, network, data, &data->validation,
                           &division->validation_samples, &division->validation_fingerprint);
    if (status == STATUS_DONE && settings->test_data)
        status = load_part(settings, "test-data", settings->test_data, network, data, &data->test,
                           &division->test_samples, &division->test_fingerprint);
    return status;
}
