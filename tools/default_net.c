/* SPDX-License-Identifier: MIT */
/* Chooses a network for the data and --loss. */
#include "default_net.h"
#include "model.h"
#include "option_table.h"
#include <math.h>
#include <stdlib.h>

/* More are numbers to predict. */
#define MOST_STEP_CLASSES 65536

/* What a loss wants of the last layer, and of the targets. */
struct objective {
    const char *activation;
    bool categorical, binary;
};

/* labels: whether each of several holds. */
static struct objective objective_of(soma_loss loss, bool classes, bool labels) {
    switch (loss) {
    case SOMA_CATEGORICAL_CROSSENTROPY:
    case SOMA_CATEGORICAL_FOCAL:
        return (struct objective){" softmax", .categorical = true};
    case SOMA_CATEGORICAL_CROSSENTROPY_LOGITS:
    case SOMA_CATEGORICAL_FOCAL_LOGITS:
        return (struct objective){"", .categorical = true};
    case SOMA_BINARY_CROSSENTROPY:
    case SOMA_BINARY_FOCAL:
        return (struct objective){" sigmoid", .binary = true};
    case SOMA_BINARY_CROSSENTROPY_LOGITS:
    case SOMA_BINARY_FOCAL_LOGITS:
        return (struct objective){"", .binary = true};
    case SOMA_FOCAL:
        return (struct objective){classes ? " softmax" : " sigmoid", .categorical = classes, .binary = !classes};
    case SOMA_LOSS_DEFAULT:
        if (labels) return (struct objective){" sigmoid", .binary = true};
        return (struct objective){classes ? " softmax" : "", .categorical = classes};
    default:
        return (struct objective){.activation = ""};
    }
}

/* ----------------------------------------------------------------------------------------------------- one class */

static exit_status find_classes(const soma_dataset *dataset, size_t samples, int32_t *least, int32_t *largest) {
    int32_t *classes = malloc(samples * sizeof *classes);
    if (!classes) return fail(STATUS_FAILED, "out of memory for %zu class numbers", samples);
    soma_status cause = soma_dataset_read_classes(dataset, 0, samples, classes);
    *least = INT32_MAX, *largest = 0;
    for (size_t i = 0; cause == SOMA_OK && i < samples; i++) {
        if (classes[i] < *least) *least = classes[i];
        if (classes[i] > *largest) *largest = classes[i];
    }
    free(classes);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, NULL);
}

static exit_status refuse_one_class(const struct settings *settings, const struct data *data,
                                    const soma_dataset_info *info) {
    int32_t least = 0, largest = 0;
    char number[16];
    exit_status status = find_classes(data->train, info->samples, &least, &largest);
    if (status != STATUS_DONE || least != largest) return status;
    const char *name = soma_dataset_class_name(data->train, (size_t)least);
    snprintf(number, sizeof number, "%d", (int)least);
    return fail(
        STATUS_FILE,
        "--data: the %zu samples to train on of %s are all of the class '%s'; two classes or more are wanted, or %s"
        "--net with a network for one",
        info->samples, settings->data, name ? name : number,
        data->table ? "--label with another column, --regression where the labels are numbers to predict, or " : "");
}

/* ------------------------------------------------------------------------------------------- the loss and metrics */

static bool loss_fits(int value, const void *context) {
    const soma_dataset_info *info = context;
    struct objective objective = objective_of((soma_loss)value, info->classes > 0, false);
    if (info->classes) return objective.categorical || (objective.binary && info->classes <= 2);
    return !objective.categorical || (info->target_rank[0] == 1 && info->target_shape[0][0] > 1);
}

static exit_status refuse_loss(const struct settings *settings, const struct data *data,
                               const soma_dataset_info *info) {
    char accepted[CHOICE_LIST_SIZE], kind[64] = "numbers";
    if (loss_fits(settings->loss, info)) return STATUS_DONE;
    if (info->classes) snprintf(kind, sizeof kind, "%zu classes", info->classes);
    return fail(
        STATUS_USAGE, "--loss: '%s' does not go with the labels of %s, which are %s; accepted: %s%s",
        loss_choice.name(settings->loss), settings->data, kind, choice_list(&loss_choice, loss_fits, info, 1, accepted),
        info->classes && data->table ? ", or any with --regression, where the labels are numbers to predict" : "");
}

static bool metric_fits(int value, const void *context) {
    const struct objective *objective = context;
    if (value == SOMA_TOP_K) return objective->categorical;
    return !objective->categorical || (value != SOMA_BINARY_ACCURACY && value != SOMA_MAE);
}

static exit_status refuse_metrics(const struct settings *settings, const struct objective objective) {
    soma_metric metrics[SOMA_MAX_METRICS];
    char accepted[CHOICE_LIST_SIZE];
    if (!settings->metrics) return STATUS_DONE;
    exit_status status = options_parse_metrics(settings->metrics, metrics);
    for (size_t i = 0; i < SOMA_MAX_METRICS && status == STATUS_DONE; i++)
        if (!metric_fits((int)metrics[i], &objective))
            status =
                fail(STATUS_USAGE, "--metric: '%s' does not go with a loss that takes %s; accepted: %s",
                     metric_choice.name((int)metrics[i]), objective.categorical ? "classes" : "numbers or two classes",
                     choice_list(&metric_choice, metric_fits, &objective, 1, accepted));
    return status;
}

/* ------------------------------------------------------------------------------------------------- several labels */

/* Whether the targets are several columns of a table that are 0 or 1 each, and nobody says that they are numbers. */
static exit_status find_labels(const struct settings *settings, const struct data *data, const soma_dataset_info *info,
                               bool *labels) {
    const size_t width = info->target_rank[0] == 1 ? info->target_shape[0][0] : 0;
    *labels = data->table && width > 1 && !settings->regression;
    if (!*labels) return STATUS_DONE;
    float *targets = malloc(info->samples * width * sizeof *targets);
    if (!targets) return fail(STATUS_FAILED, "out of memory for %zu labels of %zu samples", width, info->samples);
    soma_status cause = soma_dataset_read_target(data->train, 0, 0, info->samples, targets);
    for (size_t i = 0; i < info->samples * width && cause == SOMA_OK; i++)
        *labels &= targets[i] == 0 || targets[i] == 1;
    free(targets);
    if (cause == SOMA_OK && *labels && !settings->folds && !settings->seeds)
        say("Data     %s: the %zu labels are all 0 or 1, so each holds or not (--regression: numbers to predict)\n",
            settings->data, width);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
}

/* ------------------------------------------------------------------------------------------------ labels of steps */

/* Numbers of classes, whole and from 0 on, unless they are said to be numbers to predict: so many units. 0: numbers. */
static exit_status count_classes(const struct settings *settings, const struct data *data,
                                 const soma_dataset_info *info, size_t *classes) {
    const size_t width = info->target_shape[0][0];
    float largest = 0;
    bool whole = !settings->regression && info->target_rank[0] == 1;
    *classes = 0;
    while (soma_dataset_class_name(data->train, *classes)) ++*classes;
    if (!whole || *classes) return STATUS_DONE;
    float *targets = malloc(info->samples * width * sizeof *targets);
    if (!targets) return fail(STATUS_FAILED, "out of memory for the labels of %zu sequences", info->samples);
    soma_status cause = soma_dataset_read_target(data->train, 0, 0, info->samples, targets);
    for (size_t i = 0; i < info->samples * width && cause == SOMA_OK && whole; i++) {
        whole = targets[i] >= 0 && targets[i] < MOST_STEP_CLASSES && floorf(targets[i]) == targets[i];
        if (targets[i] > largest) largest = targets[i];
    }
    free(targets);
    if (whole) *classes = (size_t)largest + 1;
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, NULL);
}

static exit_status net_of_steps(const struct settings *settings, const struct data *data, const soma_dataset_info *info,
                                char *text, size_t size) {
    size_t classes;
    exit_status status = count_classes(settings, data, info, &classes);
    const size_t values = info->target_rank[0] > 1 ? info->target_shape[0][1] : 1;
    const struct objective objective = objective_of((soma_loss)settings->loss, classes > 0, false);
    snprintf(text, size, "lstm 64 bidirectional; dense %zu%s", objective.categorical ? classes : values,
             objective.activation);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- the text */

exit_status default_net(const struct settings *settings, const struct data *data, const char **net) {
    static char text[192];
    soma_dataset_info info;
    size_t outputs = 1;
    soma_dataset_get_info(data->train, &info);
    bool labels = false;
    if (data->text) {
        const size_t tokens = soma_dataset_token_count(data->train);
        snprintf(text, sizeof text, "embedding %zu 64; lstm 128; dense %zu softmax", tokens, tokens);
        *net = text;
        return STATUS_DONE;
    }
    if (settings->sequences.label_per_step) {
        *net = text;
        return net_of_steps(settings, data, &info, text, sizeof text);
    }
    exit_status status = refuse_loss(settings, data, &info);
    if (status == STATUS_DONE) status = find_labels(settings, data, &info, &labels);
    const struct objective objective = objective_of((soma_loss)settings->loss, info.classes > 0, labels);
    if (status == STATUS_DONE) status = refuse_metrics(settings, objective);
    if (status == STATUS_DONE && info.classes) status = refuse_one_class(settings, data, &info);
    if (status != STATUS_DONE) return status;
    for (uint32_t i = 0; i < info.target_rank[0]; i++) outputs *= info.target_shape[0][i];
    if (data->series) {
        snprintf(text, sizeof text, "lstm 64 last; dense %zu", outputs * model_quantile_count(settings));
        *net = text;
        return STATUS_DONE;
    }
    if (info.classes && objective.categorical) outputs = info.classes;
    outputs *= model_quantile_count(settings);
    size_t length = (size_t)snprintf(text, sizeof text, "dense 128 relu%s; dense %zu%s",
                                     info.classes ? "; dropout 0.2" : "", outputs, objective.activation);
    if (info.masked)
        length = (size_t)snprintf(text, sizeof text, "lstm 64 bidirectional last; dense %zu%s", outputs,
                                  objective.activation);
    for (uint32_t i = 0; i < info.target_rank[0] && info.target_rank[0] != 1; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s %zu", i ? "" : "; reshape",
                                   info.target_shape[0][i]);
    *net = text;
    return STATUS_DONE;
}
