/* SPDX-License-Identifier: MIT */
/* What is made before a training: the network for the data, what it learns of them beforehand, and the device. */
#include "default_net.h"
#include "division.h"
#include "freeze.h"
#include "part_files.h"
#include "pictures.h"
#include "session.h"
#include "threshold.h"
#include "train.h"
#include <math.h>
#include <string.h>

/* What is held out now may be of a group that an earlier training has learnt from. */
static exit_status keep_groups(struct training *training) {
    const struct settings *settings = training->settings;
    struct data *data = &training->data;
    if (settings->load) division_warn_of_groups(training->network, settings->load, "to test on", data->test);
    soma_status cause = soma_network_add_groups(training->network, data->train);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
}

/* What is learnt from, as it was read. What is held out now may be among what an earlier training has learnt from. */
static exit_status keep_samples(struct training *training) {
    const struct settings *settings = training->settings;
    struct data *data = &training->data;
    if (settings->load) division_warn_of_samples(training->network, settings->load, "to test on", data->test);
    soma_status cause = soma_network_add_samples(training->network, data->train);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
}

/* Inputs are scaled by figures of the training samples alone: what is held out must not have a say in it. */
static exit_status preprocess(struct training *training) {
    const struct settings *settings = training->settings;
    struct data *data = &training->data;
    soma_dataset *const parts[] = {data->train, data->validation, data->test};
    soma_status cause = SOMA_OK;
    /* Where it is said, the network is one to resume, which keeps figures already: resuming compares them. */
    if (!settings->load || settings->standardize)
        cause = soma_network_fit_preprocessing(training->network, data->train,
                                               settings->standardize ? settings->standardize > 0
                                                                     : data->table || data->series);
    if (cause == SOMA_OK && data->images) {
        const soma_image_options options =
            pictures_options(settings, settings->load ? training->network : NULL, data->train);
        cause = soma_network_set_image_options(training->network, &options);
    }
    exit_status status = cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    if (status == STATUS_DONE && data->division.samples) status = keep_samples(training); /* a fold has none */
    for (size_t i = 0; i < 3 && status == STATUS_DONE; i++)
        if (parts[i]) status = data_match(settings, training->network, parts[i]);
    if (status == STATUS_DONE) status = part_files_load(settings, training->network, data);
    if (status != STATUS_DONE || !data->division.samples) return status;
    if (data->division.by == SOMA_BY_GROUPS) status = keep_groups(training);
    if (status != STATUS_DONE) return status;
    cause = soma_network_set_division(training->network, &data->division);
    soma_network_get_division(training->network, &data->division); /* a column's name is the network's now */
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
}

/* Where the network is soma's own choice, its layers are said with it. */
static exit_status refuse_weights(const struct training *training, soma_status cause) {
    exit_status status = cause == SOMA_INVALID_ARGUMENT ? STATUS_USAGE : STATUS_FILE;
    if (training->settings->net || training->settings->load) return fail_from_library(cause, status, "--weights");
    return fail_from_library(cause, status, "--weights for '%s', since no --net says another network", training->net);
}

/* Now that it is known what is going to be saved. */
static exit_status check_save(const struct training *training) {
    const char *path = training->settings->save;
    soma_status cause = path ? soma_check_save(training->network, path) : SOMA_OK;
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FAILED, "--save");
}

/*
 * Earlier versions read grey pictures without a channel: what is resumed keeps such a shape, which the data fit all the
 * same. What cannot be read is left to resuming, which says why.
 */
static void keep_resumed_shape(const struct settings *settings, struct shape *input) {
    soma_network *resumed;
    size_t shape[SOMA_MAX_RANK];
    if (!settings->resume || input->rank < 2 || input->size[input->rank - 1] != 1) return;
    if (soma_load(settings->resume, &resumed) != SOMA_OK) return;
    uint32_t rank = soma_tensor_shape(soma_network_input(resumed, 0), shape);
    if (rank + 1 == input->rank && memcmp(shape, input->size, rank * sizeof *shape) == 0) input->rank = rank;
    soma_network_destroy(resumed);
}

/* A checkpoint goes on as it began: earlier versions learnt targets as they were. */
static bool resumes_unscaled(const struct settings *settings) {
    soma_network *resumed;
    soma_layer_info last = {.kind = ""};
    if (!settings->resume || soma_load(settings->resume, &resumed) != SOMA_OK) return false;
    size_t layers = soma_network_layer_count(resumed);
    bool unscaled =
        layers == 0 || soma_network_layer(resumed, layers - 1, &last) != SOMA_OK || strcmp(last.kind, "rescale") != 0;
    soma_network_destroy(resumed);
    return unscaled;
}

/*
 * Numbers to predict, of few rows, are learnt to the noise in them. Where network and decay are left to soma, weights
 * decay by as much as a prior of so many rows' weight would have it: of many rows it is next to nothing.
 */
static void choose_decay(struct training *training) {
    const double rows = 4;
    const struct settings *settings = training->settings;
    if (settings->net || !training->data.table || option_given(settings, l2) || option_given(settings, l1) ||
        settings->l2_of || settings->l1_of || settings->optimizer == SOMA_ADAMW)
        return;
    if (settings->loss == SOMA_LOSS_DEFAULT || settings->loss == SOMA_MEAN_SQUARED_ERROR)
        training->decay = rows / fmax((double)data_samples(training->data.train), 2 * rows);
}

static exit_status scale_targets(struct training *training) {
    const struct settings *settings = training->settings;
    bool fits = settings->loss == SOMA_LOSS_DEFAULT || settings->loss == SOMA_MEAN_SQUARED_ERROR ||
                settings->loss == SOMA_MEAN_ABSOLUTE_ERROR || settings->loss == SOMA_HUBER ||
                settings->loss == SOMA_QUANTILE;
    bool scaled = false, wanted = settings->scale_target > 0;
    if (settings->scale_target < 0 || (!wanted && resumes_unscaled(settings))) return STATUS_DONE;
    soma_status cause = fits ? soma_network_scale_targets(training->network, training->data.train, &scaled) : SOMA_OK;
    if (cause == SOMA_INVALID_SHAPE) return STATUS_DONE; /* which training says better */
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    if (scaled) choose_decay(training);
    if (wanted && !scaled)
        return fail(STATUS_USAGE,
                    "--scale-target: it is for numbers to predict, one output of one dimension, a last layer "
                    "without an activation, and the losses mean_squared_error, mean_absolute_error, huber, quantile");
    return STATUS_DONE;
}

static exit_status make_network(struct training *training) {
    const struct settings *settings = training->settings;
    exit_status status = STATUS_DONE;
    soma_dataset_info info;
    soma_dataset_get_info(training->data.train, &info);
    if (!settings->load) {
        struct shape input = {.rank = info.input_rank[0]};
        memcpy(input.size, info.input_shape[0], sizeof input.size);
        keep_resumed_shape(settings, &input);
        training->net = settings->net;
        if (!settings->net) status = default_net(settings, &training->data, &training->net);
        if (status == STATUS_DONE)
            status = model_build(settings, &input, info.masked != 0, training->net, &training->network);
        if (status == STATUS_DONE) status = scale_targets(training);
    }
    if (status == STATUS_DONE && settings->weights) {
        const soma_weights_options options = {.map = settings->weights_map};
        soma_status cause = soma_load_weights(training->network, settings->weights, &options);
        if (cause != SOMA_OK) status = refuse_weights(training, cause);
    }
    if (status == STATUS_DONE && settings->augment) {
        soma_status cause = soma_network_set_augmentation(training->network, settings->augment);
        if (cause != SOMA_OK) status = fail_from_library(cause, STATUS_USAGE, "--augment");
    }
    if (status == STATUS_DONE) status = freeze_apply(settings, training->network);
    if (status == STATUS_DONE) status = preprocess(training);
    return status == STATUS_DONE ? check_save(training) : status;
}

static exit_status compile(struct training *training) {
    const struct settings *settings = training->settings;
    soma_compile_options *options = &training->options.compile;
    exit_status status = model_options_fill(settings, training->network, training->data.train, &training->options);
    if (training->decay > 0) options->optimizer.l2 = (float)training->decay;
    if (status == STATUS_DONE && !training->device)
        status = session_choose(settings, training->network, options, settings->batch, &training->device);
    if (status == STATUS_DONE) status = training_check_alone(settings, training->device);
    if (status != STATUS_DONE) return status;
    soma_status cause = soma_compile(training->network, training->device, options);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, settings->load ? STATUS_FILE : STATUS_USAGE, NULL);
}

exit_status training_prepare(struct training *training) {
    exit_status status = make_network(training);
    if (status == STATUS_DONE) status = compile(training);
    if (status == STATUS_DONE) status = threshold_set(training->settings, training->network);
    if (status == STATUS_DONE && threshold_is_best(training->settings) && !training->data.validation)
        return fail(STATUS_USAGE,
                    "--threshold: best is chosen on the validation samples, and there are none; accepted: "
                    "--validation above 0");
    return status;
}
