/* SPDX-License-Identifier: MIT */
/* Divides data, and finds the parts of a training again by what the model keeps of it. */
#include "division.h"
#include "table.h"
#include <math.h>
#include <string.h>

/* A part of no samples, or of all of them, by the rounding of soma_dataset_divide(). */
static exit_status check_fraction(const struct settings *settings, const char *option, double fraction,
                                  size_t samples) {
    double taken = round((double)samples * fraction), all = (double)samples;
    char accepted[64] = "";
    if (taken >= 1 && taken < all) return STATUS_DONE;
    if (samples > 1 && taken < 1) snprintf(accepted, sizeof accepted, ", or %.3g and more", 1 / all);
    if (samples > 1 && taken >= 1) snprintf(accepted, sizeof accepted, ", or %.3g and less", (all - 1) / all);
    return fail(STATUS_USAGE, "--%s: %g of the %zu samples %s %s is %s; accepted: 0, which holds none out%s%s", option,
                fraction, samples, strcmp(option, "test") == 0 ? "of" : "to train on of", settings->data,
                taken < 1 ? "none" : "all of them", accepted,
                settings->command == COMMAND_TRAIN ? "" : ", or --part=all, which does not divide");
}

exit_status division_by(const struct settings *settings, const soma_network *network, soma_division_by *by,
                        const char **column) {
    bool said = option_given(settings, split_by);
    /* Times of steps say in which order they are; what sequences are divided by is said. */
    const bool orders = table_is_of_sequences(settings, network) && !(said && settings->split_by == SOMA_BY_TIME);
    const char *group = settings->group_column, *time = orders ? NULL : settings->time_column;
    *by = said ? (soma_division_by)settings->split_by : group ? SOMA_BY_GROUPS : time ? SOMA_BY_TIME : SOMA_BY_ROWS;
    *column = group ? group : time;
    if (group && time)
        return fail(STATUS_USAGE, "--group-column and --time-column are both given; data are divided by one of them");
    if ((*by == SOMA_BY_GROUPS) != (group != NULL) || (*by == SOMA_BY_TIME) != (time != NULL))
        return fail(STATUS_USAGE, "--split-by=%s %s",
                    *by == SOMA_BY_GROUPS ? "group"
                    : *by == SOMA_BY_TIME ? "time"
                                          : "rows",
                    *by == SOMA_BY_GROUPS ? "needs --group-column, and no --time-column"
                    : *by == SOMA_BY_TIME ? "needs --time-column, and no --group-column"
                                          : "goes without --group-column and --time-column");
    return STATUS_DONE;
}

exit_status division_part(const struct settings *settings, const char *option, double fraction,
                          const soma_division *division, soma_dataset **rest, soma_dataset **part) {
    if (fraction == 0) return STATUS_DONE;
    soma_dataset *first, *second;
    exit_status status = check_fraction(settings, option, fraction, data_samples(*rest));
    if (status != STATUS_DONE) return status;
    soma_status cause = soma_dataset_divide(*rest, fraction, division->by, division->seed, &first, &second);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--%s of %s", option, settings->data);
    soma_dataset_destroy(*rest);
    *rest = first;
    *part = second;
    return STATUS_DONE;
}

/* Whether these are the samples that the network was trained on and others were held out of; then *kept says how. */
static bool is_known(const soma_network *network, const soma_dataset *dataset, soma_division *kept) {
    return soma_network_get_division(network, kept) && kept->samples == data_samples(dataset) &&
           kept->fingerprint == soma_dataset_fingerprint(dataset, 0);
}

/* ----------------------------------------------------------------------------------------------------- training */

static const char *name_of(const struct settings *settings) {
    return settings->load ? settings->load : "the model";
}

/* What was held out stays held out, but where the command line says other fractions. */
static void keep_division(const struct settings *settings, const soma_division *kept, soma_division *division) {
    bool other_test = option_given(settings, test) && settings->test != kept->test;
    division->seed = kept->seed;
    division->by = kept->by;
    division->column = kept->column;
    if (!other_test) division->test = kept->test;
    if (!option_given(settings, validation)) division->validation = kept->validation;
    if (other_test && division->test > 0)
        warn("--test %g: %s was trained on these samples with %g of them held out; among those that are held out now "
             "are "
             "some that it has learnt from, and the test will look better than it is",
             settings->test, name_of(settings), kept->test);
    else if (option_given(settings, seed) && settings->seed != kept->seed && !settings->resume)
        say("Division %s is divided as %s was trained on it, by the seed %llu\n", settings->data, name_of(settings),
            (unsigned long long)kept->seed);
}

/* Other data for a network that knows by which column data are divided: where nothing else is said, these are, too. */
static void keep_way(const struct settings *settings, const soma_network *network, const soma_dataset *dataset,
                     soma_division *division) {
    soma_division kept;
    soma_dataset *first, *second;
    if (option_given(settings, split_by) || settings->group_column || settings->time_column ||
        !soma_network_get_division(network, &kept) || kept.by == SOMA_BY_ROWS || !kept.column)
        return;
    soma_status cause = soma_dataset_divide(dataset, 0.5, kept.by, 0, &first, &second);
    if (cause == SOMA_INVALID_STATE) {
        warn("%s has no column \"%s\", by which the data of %s were divided: rows are held out by chance",
             settings->data, kept.column, name_of(settings));
        return;
    }
    division->by = kept.by;
    division->column = kept.column;
    if (cause != SOMA_OK) return; /* dividing says why */
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
}

exit_status division_for_training(const struct settings *settings, soma_network *network, struct loaded *loaded,
                                  struct data *data) {
    soma_division kept, *division = &data->division;
    data->train = loaded->whole ? loaded->whole : loaded->train;
    data->test = loaded->test;
    *division = (soma_division){.test = loaded->whole ? settings->test : 0,
                                .validation = settings->validation,
                                .seed = settings->seed,
                                .samples = data_samples(data->train),
                                .fingerprint = soma_dataset_fingerprint(data->train, 0),
                                .rows_fingerprint = soma_dataset_rows_fingerprint(data->train)};
    exit_status status = division_by(settings, network, &division->by, &division->column);
    if (status != STATUS_DONE) return status;
    if (network && is_known(network, data->train, &kept))
        keep_division(settings, &kept, division);
    else if (network && loaded->whole)
        keep_way(settings, network, data->train, division);
    if (settings->test_data) division->test = 0; /* whatever was held out before: the test is another file now */
    if (settings->validation_data) division->validation = 0;
    status = division_part(settings, "test", division->test, division, &data->train, &data->test);
    if (status != STATUS_DONE) return status;
    return division_part(settings, "validation", division->validation, division, &data->train, &data->validation);
}

/* ------------------------------------------------------------------------------------------- a network that is there
 */

static const char *part_word(int part) {
    return part == PART_TEST ? "test" : part == PART_VALIDATION ? "validation" : "train";
}

/* Whether the part was a file of its own, and which. */
static bool is_own_file(const soma_division *kept, int part, uint64_t *samples, uint64_t *fingerprint) {
    *samples = part == PART_TEST ? kept->test_samples : part == PART_VALIDATION ? kept->validation_samples : 0;
    *fingerprint = part == PART_TEST ? kept->test_fingerprint : kept->validation_fingerprint;
    return *samples > 0;
}

/* Whether these samples are that file. */
static bool is_that_file(const struct settings *settings, const soma_network *network, const soma_dataset *dataset,
                         int part) {
    soma_division kept;
    uint64_t samples, fingerprint;
    if (!soma_network_get_division(network, &kept) || !is_own_file(&kept, part, &samples, &fingerprint) ||
        samples != data_samples(dataset) || fingerprint != soma_dataset_fingerprint(dataset, 0))
        return false;
    if (settings->command == COMMAND_EVALUATE)
        say("The %s set of %s was a file of its own, with the fingerprint %llu: %s is that file\n", part_word(part),
            settings->model, (unsigned long long)fingerprint, settings->data);
    return true;
}

static exit_status refuse_own_file(const struct settings *settings, const soma_division *kept, int part) {
    uint64_t samples, fingerprint;
    if (!is_own_file(kept, part, &samples, &fingerprint)) return STATUS_DONE;
    return fail(
        STATUS_USAGE,
        "--part=%s: the %s set of %s was a file of its own, of %llu samples with the fingerprint %llu, which %s "
        "is not; accepted: that file as --data, or --part=all",
        part_word(part), part_word(part), settings->model, (unsigned long long)samples, (unsigned long long)fingerprint,
        settings->data);
}

/* Nothing is known of the training: the parts are drawn as the command line says, if it says so. */
static exit_status refuse_unknown(const struct settings *settings, int part) {
    if (part != PART_VALIDATION && (option_given(settings, seed) || option_given(settings, test))) return STATUS_DONE;
    return fail(
        STATUS_USAGE,
        "--part=%s: %s does not keep how its data were divided (soma train keeps that now), so which samples of "
        "%s were held out is not known; accepted: --seed and --test as they were in training (--seed 0 and --test "
        "0.2 where nothing was said)%s, or --part=all",
        part_word(part), settings->model, settings->data,
        part == PART_VALIDATION ? ", with --part=train or --part=test" : "");
}

/* Whether these are the samples of the training, but in another order. */
static bool is_reordered(const soma_dataset *dataset, const soma_division *kept) {
    return kept->rows_fingerprint && kept->samples == data_samples(dataset) &&
           kept->rows_fingerprint == soma_dataset_rows_fingerprint(dataset);
}

static exit_status refuse_other(const struct settings *settings, const soma_division *kept, const soma_dataset *given,
                                int part) {
    size_t samples = data_samples(given);
    soma_dataset_info info;
    soma_dataset_get_info(given, &info);
    if (!info.targets)
        return fail(
            STATUS_FILE,
            "--part=%s: %s has no labels, by which the samples of the training are told from others; accepted: the "
            "file as it was then, or --part=all",
            part_word(part), settings->data);
    if (samples > kept->samples && soma_dataset_fingerprint(given, kept->samples) == kept->fingerprint)
        return fail(STATUS_FILE,
                    "--part=%s: %s has %zu samples; the first %llu are those that %s was trained on, the others came "
                    "later. Accepted: the file as it was, or --part=all",
                    part_word(part), settings->data, samples, (unsigned long long)kept->samples, settings->model);
    if (is_reordered(given, kept))
        return fail(
            STATUS_FILE,
            "--part=%s: the %zu samples of %s are the %llu that %s was trained on, in another order, so that it is "
            "not known which were held out; accepted: the file as it was, or --part=all",
            part_word(part), samples, settings->data, (unsigned long long)kept->samples, settings->model);
    return fail(STATUS_FILE,
                "--part=%s: the %zu samples of %s are not the %llu, in their order, that %s was trained on, so none of "
                "them were held out then; accepted: the file as it was, or --part=all",
                part_word(part), samples, settings->data, (unsigned long long)kept->samples, settings->model);
}

/* What the command line says of the division is held against what is known of it. */
static exit_status refuse_contradiction(const struct settings *settings, const soma_division *kept, bool whole) {
    bool seed = option_given(settings, seed) && settings->seed != kept->seed;
    bool test = whole && option_given(settings, test) && settings->test != kept->test;
    if (!seed && !test) return STATUS_DONE;
    return fail(
        STATUS_USAGE,
        "--%s: %s was trained with --seed=%llu and --test=%g of %s; any other division would count samples that it "
        "has learnt from as held out. Accepted: leave it away, the model knows",
        seed ? "seed" : "test", settings->model, (unsigned long long)kept->seed, kept->test, settings->data);
}

static exit_status refuse_none(const struct settings *settings, const soma_division *kept, int part) {
    double fraction = part == PART_TEST ? kept->test : kept->validation;
    if (part == PART_TRAIN || fraction > 0) return STATUS_DONE;
    exit_status status = refuse_own_file(settings, kept, part);
    if (status != STATUS_DONE) return status;
    return fail(STATUS_USAGE, "--part=%s: %s was trained on %s with --%s=0, which holds none out; accepted: train, all",
                part_word(part), settings->model, settings->data, part_word(part));
}

/* The parts as they were in training. base: all samples, or, of data that come divided, those to train on. */
static exit_status find_parts(const struct settings *settings, soma_network *network, int part, bool whole,
                              soma_dataset **base, soma_dataset **test, soma_dataset **validation) {
    soma_division kept, drawn = {.test = settings->test, .seed = settings->seed};
    bool any = soma_network_get_division(network, &kept), known = any && is_known(network, *base, &kept);
    exit_status status = STATUS_DONE;
    if (known) {
        drawn = kept;
        status = refuse_contradiction(settings, &kept, whole);
        if (status == STATUS_DONE) status = refuse_none(settings, &kept, part);
    } else if (any && (whole || part == PART_VALIDATION)) {
        status = refuse_own_file(settings, &kept, part);
        if (status == STATUS_DONE) status = refuse_other(settings, &kept, *base, part);
    } else if (whole || part == PART_VALIDATION) {
        status = refuse_unknown(settings, part);
    }
    if (status == STATUS_DONE && whole) status = division_part(settings, "test", drawn.test, &drawn, base, test);
    if (status == STATUS_DONE && part != PART_TEST)
        status = division_part(settings, "validation", drawn.validation, &drawn, base, validation);
    return status;
}

void division_warn_of_groups(const soma_network *network, const char *model, const char *what,
                             const soma_dataset *dataset) {
    size_t known = 0;
    if (!dataset) return;
    soma_status cause = soma_network_count_known_groups(network, dataset, &known);
    if (cause == SOMA_INVALID_STATE)
        warn("whether any samples %s are of groups that %s was trained on is not known, for there is no column of "
             "groups",
             what, model);
    else if (known)
        warn(
            "%zu of the %zu samples %s are of groups that %s was trained on: this says little of how it does on others",
            known, data_samples(dataset), what, model);
}

void division_warn_of_samples(const soma_network *network, const char *model, const char *what,
                              const soma_dataset *dataset) {
    size_t known = 0;
    if (!dataset || soma_network_count_known_samples(network, dataset, &known) != SOMA_OK) return;
    if (known > data_samples(dataset) / 20) /* some are the same by chance in any table of few columns */
        warn("about %zu of the %zu samples %s are those that %s was trained on, or the same: this says little of how "
             "it does on others",
             known, data_samples(dataset), what, model);
}

/* Nobody asked for what was trained on, but it is among the samples. */
static void warn_of_training(const struct settings *settings, soma_network *network, const soma_dataset *dataset) {
    soma_division kept;
    if (settings->command != COMMAND_EVALUATE || !soma_network_get_division(network, &kept)) return;
    if (data_samples(dataset) < kept.samples || soma_dataset_fingerprint(dataset, kept.samples) != kept.fingerprint) {
        char what[512];
        snprintf(what, sizeof what, "of %s", settings->data);
        if (!is_reordered(dataset, &kept)) {
            division_warn_of_samples(network, settings->model, what, dataset);
            division_warn_of_groups(network, settings->model, what, dataset);
        } else
            warn(
                "the samples of %s are those that %s was trained on, in another order: this says little of how it does "
                "on others",
                settings->data, settings->model);
        return;
    }
    if (data_samples(dataset) > kept.samples)
        warn(
            "the first %llu of the %zu samples of %s are those that %s was trained on: this says little of how it does "
            "on others",
            (unsigned long long)kept.samples, data_samples(dataset), settings->data, settings->model);
    else
        warn("%s was trained on samples of %s: this says little of how it does on others. %s", settings->model,
             settings->data,
             kept.test > 0 ? "Those that were held out are --part=test" : "None were held out of the training");
}

exit_status division_choose(const struct settings *settings, soma_network *network, struct loaded *loaded,
                            soma_dataset **dataset) {
    bool whole = loaded->whole != NULL;
    int part = settings->part != PART_DEFAULT ? settings->part : whole ? PART_ALL : PART_TEST;
    soma_dataset *validation = NULL, **base = whole ? &loaded->whole : &loaded->train;
    exit_status status = STATUS_DONE;
    if (!whole && part == PART_ALL)
        status = fail(STATUS_USAGE, "--part: 'all' is for files; %s comes in two parts, accepted: train, test",
                      settings->data);
    else if (whole && is_that_file(settings, network, *base, part))
        part = PART_ALL;
    else if (part == PART_ALL)
        warn_of_training(settings, network, *base);
    else if (whole || part != PART_TEST)
        status = find_parts(settings, network, part, whole, base, &loaded->test, &validation);
    soma_dataset **source = part == PART_TEST ? &loaded->test : part == PART_VALIDATION ? &validation : base;
    if (status == STATUS_DONE && !*source) status = fail(STATUS_USAGE, "--part: there is no test part with --test 0");
    if (status == STATUS_DONE) {
        *dataset = *source;
        *source = NULL;
    }
    soma_dataset_destroy(validation);
    soma_dataset_destroy(loaded->whole);
    soma_dataset_destroy(loaded->train);
    soma_dataset_destroy(loaded->test);
    return status;
}
