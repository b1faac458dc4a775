/* SPDX-License-Identifier: MIT */
/* Finds out what --data names, loads it, and divides it. */
#include "data.h"
#include "division.h"
#include "model.h"
#include "pictures.h"
#include "series.h"
#include "table.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static exit_status refuse_missing(const struct settings *settings) {
    struct stat status;
    if (strcmp(settings->data, "digits") == 0 || stat(settings->data, &status) == 0) return STATUS_DONE;
    return fail(STATUS_FILE,
                "%sthere is no file or directory '%s'; accepted: digits, a directory in MNIST's naming or of "
                "pictures, a CSV file, an NPZ archive, an IDX or NPY file with --labels; to predict, also one picture "
                "(PNG or JPEG)",
                settings->command == COMMAND_DATA ? "" : "--data: ", settings->data);
}

/* What would say nothing of such data would be passed over, and something else be meant by it. */
static exit_status refuse_options(const struct settings *settings, enum source source) {
    if (source != SOURCE_IMAGES && (settings->image_size.rank || settings->grey || option_given(settings, image_fit)))
        return fail(STATUS_USAGE, "--image-size, --image-fit and --grey are for pictures; %s holds none",
                    settings->data);
    if (source != SOURCE_TABLE && (settings->label || settings->header || settings->separator))
        return fail(STATUS_USAGE,
                    "--label, --header, --no-header and --separator are for tables (CSV); %s is none. A file of labels "
                    "is --labels",
                    settings->data);
    const struct {
        const char *name;
        bool given;
    } for_tables[] = {{"gaps", settings->gaps},
                      {"missing", option_given(settings, missing)},
                      {"max-categories", option_given(settings, max_categories)},
                      {"hash-buckets", option_given(settings, hash_buckets)},
                      {"dates", option_given(settings, dates)},
                      {"indicator", settings->indicator},
                      {"group-column", settings->group_column},
                      {"time-column", settings->time_column},
                      {"weight-column", settings->weight_column},
                      {"id-column", settings->id_column},
                      {"sequence-column", settings->sequences.column},
                      {"sequence-steps", settings->sequences.steps},
                      {"label-per-step", settings->sequences.label_per_step},
                      {"columns", settings->columns},
                      {"ignore", settings->ignore}};
    for (size_t i = 0; source != SOURCE_TABLE && i < sizeof for_tables / sizeof *for_tables; i++)
        if (for_tables[i].given)
            return fail(STATUS_USAGE, "--%s is for tables (CSV); %s is none", for_tables[i].name, settings->data);
    return STATUS_DONE;
}

/* network: what the data are for, if it is there. `labelled` false: the labels of a table are not looked at. */
static exit_status load(const struct settings *settings, soma_network *network, bool labelled, struct loaded *loaded) {
    const soma_npy_options npy = {.regression = settings->regression, .not_finite = settings->command == COMMAND_DATA};
    *loaded = (struct loaded){.source = source_of(settings)};
    exit_status status = refuse_missing(settings);
    if (status == STATUS_DONE) status = refuse_options(settings, loaded->source);
    if (status == STATUS_DONE) status = text_refuse(settings, loaded->source);
    if (status == STATUS_DONE && loaded->source == SOURCE_TABLE && series_is_meant(settings, network)) {
        loaded->source = SOURCE_SERIES;
        status = series_refuse(settings, network);
    } else if (status == STATUS_DONE && loaded->source == SOURCE_TABLE) {
        status = table_refuse(settings, network);
    }
    if (status != STATUS_DONE) return status;
    soma_status cause = SOMA_OK;
    switch (loaded->source) {
    case SOURCE_DIGITS:
        cause = soma_dataset_digits(&loaded->train, &loaded->test);
        break;
    case SOURCE_DIRECTORY:
        cause = soma_dataset_from_directory(settings->data, &loaded->train, &loaded->test);
        break;
    case SOURCE_IDX:
        cause = soma_dataset_from_idx(settings->data, settings->labels, 0, &loaded->whole);
        break;
    case SOURCE_NPY:
        cause = soma_dataset_from_npy(settings->data, settings->labels, &npy, &loaded->whole);
        break;
    case SOURCE_NPZ:
        cause = soma_dataset_from_npz(settings->data, &npy, &loaded->train, &loaded->test);
        if (loaded->test) break;
        loaded->whole = loaded->train;
        loaded->train = NULL;
        break;
    case SOURCE_IMAGES:
        return pictures_load(settings, network, loaded);
    case SOURCE_TABLE:
        return table_load(settings, network, labelled, &loaded->whole);
    case SOURCE_SERIES:
        return series_load(settings, network, loaded);
    case SOURCE_TEXT:
        return text_load(settings, network, loaded);
    }
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, NULL);
}

exit_status data_open(const struct settings *settings, soma_network *network, struct loaded *loaded) {
    return load(settings, network, true, loaded);
}

exit_status data_is_table(const struct settings *settings, bool *table) {
    exit_status status = refuse_missing(settings);
    *table = status == STATUS_DONE && source_of(settings) == SOURCE_TABLE;
    return status == STATUS_DONE && *table ? refuse_options(settings, SOURCE_TABLE) : status;
}

exit_status data_refuse_unlabelled(const struct settings *settings, const soma_dataset *dataset) {
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    if (info.targets) return STATUS_DONE;
    enum source source = source_of(settings);
    const char *where = source == SOURCE_TABLE    ? "name them by --label COLUMN"
                        : source == SOURCE_NPZ    ? "an array y beside x is wanted"
                        : source == SOURCE_IMAGES ? "pictures lie in a folder for each class"
                                                  : "name them by --labels FILE";
    return fail(STATUS_USAGE, "%s has no labels, which are needed here; %s", settings->data, where);
}

exit_status data_load(const struct settings *settings, soma_network *network, struct data *data) {
    *data = (struct data){0};
    struct loaded loaded;
    exit_status status = load(settings, network, true, &loaded);
    if (status != STATUS_DONE) return status;
    data->table = loaded.source == SOURCE_TABLE;
    data->images = loaded.source == SOURCE_IMAGES;
    data->text = loaded.source == SOURCE_TEXT;
    data->series = loaded.source == SOURCE_SERIES;
    if (data->text || data->series) {
        data->train = loaded.train;
        data->validation = loaded.validation;
        data->test = loaded.test;
        return STATUS_DONE;
    }
    status = data_refuse_unlabelled(settings, loaded.whole ? loaded.whole : loaded.train);
    if (status == STATUS_DONE) {
        status = division_for_training(settings, network, &loaded, data);
    } else {
        data->train = loaded.whole ? loaded.whole : loaded.train;
        data->test = loaded.test;
    }
    if (status != STATUS_DONE) data_release(data);
    return status;
}

void data_release(struct data *data) {
    soma_dataset_destroy(data->train);
    soma_dataset_destroy(data->validation);
    soma_dataset_destroy(data->test);
    *data = (struct data){0};
}

/*
 * A table to predict from may have a label column or not: a network that knows its columns knows that; else as many
 * columns as the network has inputs mean that it has not. What is in the column is looked at only where a part is to be
 * had, which is drawn class by class.
 */
static exit_status load_unlabelled(const struct settings *settings, soma_network *network, struct loaded *loaded) {
    if (source_of(settings) == SOURCE_TABLE && !settings->label && !soma_network_column_count(network)) {
        soma_dataset *plain = NULL;
        if (source_is_stream(settings->data))
            return fail(STATUS_USAGE,
                        "%s can be read only once, and the model does not know whether there is a label; accepted: "
                        "--label none, --label COLUMN, or a file",
                        settings->data);
        if (table_load_unlabelled(settings, network, &plain) == soma_tensor_count(soma_network_input(network, 0))) {
            *loaded = (struct loaded){.source = SOURCE_TABLE, .whole = plain};
            return STATUS_DONE;
        }
        soma_dataset_destroy(plain);
    }
    return load(settings, network, settings->part != PART_DEFAULT && settings->part != PART_ALL, loaded);
}

static exit_status refuse_misfit(const struct settings *settings, soma_network *network, const soma_dataset *dataset) {
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    size_t inputs = 1;
    const size_t takes = soma_network_input_count(network);
    if (info.inputs != takes)
        return fail(STATUS_FILE, "%s has %zu inputs%s, the model %s takes %zu%s", settings->data, info.inputs,
                    info.masked ? ", one of which says how many steps there are" : "", settings->model, takes,
                    takes == 2 && info.inputs == 1 ? "; if that is of sequences, an array of lengths is missing" : "");
    for (uint32_t i = 0; i < info.input_rank[0]; i++) inputs *= info.input_shape[0][i];
    size_t expected = soma_tensor_count(soma_network_input(network, 0));
    if (inputs == expected) return STATUS_DONE;
    return fail(STATUS_FILE, "%s has %zu values per sample, the model %s takes %zu", settings->data, inputs,
                settings->model, expected);
}

exit_status data_match(const struct settings *settings, const soma_network *network, soma_dataset *dataset) {
    size_t left_out = 0;
    soma_status cause = SOMA_OK;
    if (settings->unknown_classes == UNKNOWN_CLASSES_IGNORE)
        cause = soma_dataset_leave_out_unknown(dataset, network, &left_out);
    if (left_out)
        warn("%s: %zu samples of classes that the model does not know are left out", settings->data, left_out);
    if (cause == SOMA_OK) cause = soma_network_apply_preprocessing(network, dataset);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
}

exit_status data_load_for(const struct settings *given, soma_network *network, bool labelled, soma_dataset **dataset) {
    struct settings adjusted = *given, *settings = &adjusted;
    settings->regression |= !model_wants_classes(network, given);
    settings->classification |= !settings->regression;
    *dataset = NULL;
    struct loaded loaded = {0};
    exit_status status =
        labelled ? load(settings, network, true, &loaded) : load_unlabelled(settings, network, &loaded);
    if (loaded.source == SOURCE_SERIES) settings->part = PART_ALL; /* it has been chosen */
    if (status == STATUS_DONE) status = division_choose(settings, network, &loaded, dataset);
    if (status != STATUS_DONE) return status;
    if (labelled) status = data_refuse_unlabelled(settings, *dataset);
    if (status == STATUS_DONE) status = refuse_misfit(settings, network, *dataset);
    if (status == STATUS_DONE) {
        status = data_match(settings, network, *dataset);
    }
    if (status != STATUS_DONE) {
        soma_dataset_destroy(*dataset);
        *dataset = NULL;
    }
    return status;
}

size_t data_samples(const soma_dataset *dataset) {
    soma_dataset_info info = {0};
    if (dataset) soma_dataset_get_info(dataset, &info);
    return info.samples;
}
