/* SPDX-License-Identifier: MIT */
/* Makes networks of --net and of files, and compile options of the command line. */
#include "model.h"
#include "class_weights.h"
#include "option_value.h"
#include "session.h"
#include "threshold.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which of the steps of x there are is a second input. */
static soma_tensor *mask(soma_network *network, soma_tensor *x, const struct shape *input, bool masked) {
    return masked ? soma_mask(x, soma_input(network, "mask", 1, input->size)) : x;
}

exit_status model_build(const struct settings *settings, const struct shape *input, bool masked, const char *net,
                        soma_network **network) {
    *network = NULL;
    soma_status cause = soma_network_create(network);
    if (cause == SOMA_OK) {
        soma_network_set_seed(*network, settings->seed);
        soma_layers(mask(*network, soma_input(*network, NULL, input->rank, input->size), input, masked), net);
        cause = soma_network_status(*network);
    }
    if (cause == SOMA_OK) return STATUS_DONE;
    exit_status status = fail_from_library(cause, STATUS_USAGE, "--net");
    soma_network_destroy(*network);
    *network = NULL;
    return status;
}

/* The names of --outputs point into `text`, which is taken apart. */
exit_status model_split_outputs(const struct settings *settings, char *text, const char **names, size_t *count) {
    *count = 0;
    for (char *rest = text, *name; (name = strsep(&rest, ","));) {
        if (!*name)
            return fail(STATUS_USAGE, "--outputs: '%s' has a name that is empty; accepted: names separated by commas",
                        settings->outputs);
        if (*count == SOMA_MAX_ENDS)
            return fail(STATUS_USAGE, "--outputs: more than %d names; a network has so many outputs at most",
                        SOMA_MAX_ENDS);
        names[(*count)++] = name;
    }
    return STATUS_DONE;
}

enum { MOST_INPUTS = SOMA_MAX_ENDS, MOST_DIMENSIONS = 8 };

/* --input, taken apart; the names point into its text. */
struct input_shapes {
    soma_onnx_input inputs[MOST_INPUTS];
    size_t shape[MOST_INPUTS][MOST_DIMENSIONS], count;
};

/* "1x3x320x320" */
static bool parse_dimensions(const char *text, size_t *shape, uint32_t *rank) {
    for (*rank = 0; *rank < MOST_DIMENSIONS; text++) {
        char *end;
        if (*text < '1' || *text > '9') return false;
        const unsigned long long size = strtoull(text, &end, 10);
        if (size > SIZE_MAX / 2) return false;
        shape[(*rank)++] = (size_t)size;
        if (!*end) return true;
        if (*end != 'x') return false;
        text = end;
    }
    return false;
}

static exit_status split_inputs(const struct settings *settings, char *text, struct input_shapes *shapes) {
    shapes->count = 0;
    for (char *rest = text, *one; (one = strsep(&rest, ","));) {
        char *equals = strrchr(one, '=');
        if (shapes->count == MOST_INPUTS) return fail(STATUS_USAGE, "--input: more than %d inputs", (int)MOST_INPUTS);
        size_t *shape = shapes->shape[shapes->count];
        soma_onnx_input *input = &shapes->inputs[shapes->count++];
        if (equals) *equals = 0;
        *input = (soma_onnx_input){.name = one, .shape = shape};
        if (!equals || !*one || !parse_dimensions(equals + 1, shape, &input->rank))
            return fail(STATUS_USAGE,
                        "--input: '%s' is no shape of an input; accepted: images=1x3x320x320, several "
                        "separated by commas",
                        settings->input_shapes);
    }
    return STATUS_DONE;
}

/* Which option an argument of soma_load_onnx() that is wrong comes from. Names and the path may have any words. */
static exit_status refuse_argument(const struct settings *settings, const char *path, soma_status cause) {
    const char *reason = soma_last_error();
    if (strncmp(reason, path, strlen(path)) == 0) reason += strlen(path);
    const bool named = strncmp(reason, ": there is no output ", strlen(": there is no output ")) == 0 ||
                       strncmp(reason, ": the output ", strlen(": the output ")) == 0;
    const bool output = settings->outputs && (!settings->input_shapes || named);
    return fail_from_library(cause, STATUS_USAGE, output ? "--outputs" : "--input");
}

static exit_status load_onnx(const struct settings *settings, const char *path, char *outputs, char *inputs,
                             soma_network **network, soma_status *cause) {
    const char *names[SOMA_MAX_ENDS];
    struct input_shapes shapes;
    soma_onnx_options options = {.outputs = names, .inputs = shapes.inputs, .memory_limit = settings->memory_limit};
    exit_status status = STATUS_DONE;
    if (outputs) status = model_split_outputs(settings, outputs, names, &options.output_count);
    if (status == STATUS_DONE && inputs) status = split_inputs(settings, inputs, &shapes);
    if (status != STATUS_DONE) return status;
    options.input_count = inputs ? shapes.count : 0;
    *cause = soma_load_onnx(path, &options, network);
    return *cause == SOMA_INVALID_ARGUMENT && (outputs || inputs) ? refuse_argument(settings, path, *cause)
                                                                  : STATUS_DONE;
}

exit_status model_try(const struct settings *settings, const char *path, soma_network **network, soma_status *cause) {
    const char *ending = strrchr(path, '.');
    bool onnx = ending && strcmp(ending, ".onnx") == 0;
    *cause = SOMA_OK;
    if (!onnx && (settings->outputs || settings->input_shapes))
        return fail(STATUS_USAGE, "%s goes with ONNX models; the name of %s does not end in .onnx",
                    settings->outputs ? "--outputs" : "--input", path);
    if (!onnx) {
        *cause = soma_load(path, network);
        return STATUS_DONE;
    }
    char *outputs = settings->outputs ? strdup(settings->outputs) : NULL;
    char *inputs = settings->input_shapes ? strdup(settings->input_shapes) : NULL;
    exit_status status = (settings->outputs && !outputs) || (settings->input_shapes && !inputs)
                             ? fail(STATUS_FAILED, "out of memory")
                             : load_onnx(settings, path, outputs, inputs, network, cause);
    free(outputs);
    free(inputs);
    return status;
}

exit_status model_load(const struct settings *settings, const char *path, soma_network **network) {
    soma_status cause;
    exit_status status = model_try(settings, path, network, &cause);
    return status == STATUS_DONE && cause != SOMA_OK ? fail_from_library(cause, STATUS_FILE, NULL) : status;
}

soma_loss model_loss(const soma_network *network) {
    soma_compile_options options;
    return soma_network_get_compile_options(network, &options) == SOMA_OK ? options.loss[0] : SOMA_LOSS_NONE;
}

static bool is_of_classes(soma_loss loss) {
    switch (loss) {
    case SOMA_CATEGORICAL_CROSSENTROPY:
    case SOMA_CATEGORICAL_CROSSENTROPY_LOGITS:
    case SOMA_BINARY_CROSSENTROPY:
    case SOMA_BINARY_CROSSENTROPY_LOGITS:
    case SOMA_FOCAL:
    case SOMA_CATEGORICAL_FOCAL:
    case SOMA_CATEGORICAL_FOCAL_LOGITS:
    case SOMA_BINARY_FOCAL:
    case SOMA_BINARY_FOCAL_LOGITS:
        return true;
    default:
        return false;
    }
}

bool model_is_classifier(const soma_network *network) {
    return is_of_classes(model_loss(network));
}

bool model_is_binary(soma_loss loss) {
    return loss == SOMA_BINARY_CROSSENTROPY || loss == SOMA_BINARY_CROSSENTROPY_LOGITS || loss == SOMA_BINARY_FOCAL ||
           loss == SOMA_BINARY_FOCAL_LOGITS;
}

bool model_has_labels(const soma_network *network) {
    soma_loss loss = model_loss(network);
    return model_is_binary(loss) && soma_tensor_count(soma_network_output(network, 0)) > 1;
}

bool model_wants_classes(soma_network *network, const struct settings *settings) {
    const soma_loss loss = model_loss(network);
    if (settings->loss != SOMA_LOSS_DEFAULT) return is_of_classes((soma_loss)settings->loss);
    return loss == SOMA_LOSS_NONE ? soma_tensor_count(soma_network_output(network, 0)) > 1 : is_of_classes(loss);
}

/* ------------------------------------------------------------------------------------------------ compile options */

/* The library takes 0 for "the default" and a negative coefficient for 0. */
static void set_coefficient(float *field, double value) {
    if (!isnan(value)) *field = value == 0 ? -1 : (float)value;
}

/* Where 0 is the default anyway. */
static void set_amount(float *field, double value) {
    if (!isnan(value)) *field = (float)value;
}

static void set_schedule(const struct settings *settings, soma_schedule *schedule) {
    if (option_given(settings, schedule)) schedule->kind = (soma_schedule_kind)settings->schedule;
    if (option_given(settings, warmup)) schedule->warmup = settings->warmup;
    if (option_given(settings, period)) schedule->period = settings->period;
    if (option_given(settings, patience)) schedule->patience = (uint32_t)settings->patience;
    set_amount(&schedule->factor, settings->factor);
    set_amount(&schedule->floor, settings->floor);
    set_amount(&schedule->min_delta, settings->plateau_delta);
}

static void set_optimizer(const struct settings *settings, bool from_file, soma_optimizer *optimizer) {
    if (from_file && option_given(settings, optimizer)) *optimizer = (soma_optimizer){.schedule = optimizer->schedule};
    if (!from_file || option_given(settings, optimizer)) optimizer->kind = (soma_optimizer_kind)settings->optimizer;
    set_amount(&optimizer->learning_rate, settings->learning_rate);
    set_coefficient(&optimizer->momentum, settings->momentum);
    set_coefficient(&optimizer->beta1, settings->beta1);
    set_coefficient(&optimizer->beta2, settings->beta2);
    set_coefficient(&optimizer->rho, settings->rho);
    set_coefficient(&optimizer->epsilon, settings->epsilon);
    set_amount(&optimizer->l2, settings->l2);
    set_amount(&optimizer->l1, settings->l1);
    set_coefficient(&optimizer->decay, settings->decay);
    set_amount(&optimizer->clip_value, settings->clip_value);
    set_amount(&optimizer->clip_norm, settings->clip_norm);
    set_schedule(settings, &optimizer->schedule);
}

/* What is there stays where the text is NULL. Rising, so that outputs can be told apart at sight. */
static exit_status read_quantiles(const char *text, float quantiles[SOMA_MAX_QUANTILES]) {
    size_t count = 0;
    if (!text) return STATUS_DONE;
    memset(quantiles, 0, SOMA_MAX_QUANTILES * sizeof *quantiles);
    for (const char *at = text;;) {
        char number[32];
        double value;
        size_t length = strcspn(at, ",");
        snprintf(number, sizeof number, "%.*s", (int)length, at);
        if (!number_parse(number, &value) || !(value > 0 && value < 1) || count == SOMA_MAX_QUANTILES ||
            (count && !((float)value > quantiles[count - 1])))
            return fail(STATUS_USAGE,
                        "--quantile: '%s' in '%s'; accepted: up to %d numbers between 0 and 1, in rising order, "
                        "separated by commas",
                        number, text, SOMA_MAX_QUANTILES);
        quantiles[count++] = (float)value;
        if (!at[length]) return STATUS_DONE;
        at += length + 1;
    }
}

size_t model_quantile_count(const struct settings *settings) {
    size_t count = 1;
    if (settings->loss != SOMA_QUANTILE || !settings->quantiles) return 1;
    for (const char *at = settings->quantiles; *at; at++) count += *at == ',';
    return count;
}

exit_status model_options_fill(const struct settings *settings, soma_network *network, const soma_dataset *dataset,
                               model_options *options) {
    *options = (model_options){0};
    soma_compile_options *compile = &options->compile;
    /* A file need not say how its network is trained: ONNX models do not. */
    bool from_file =
        (settings->load || settings->model) && soma_network_get_compile_options(network, compile) == SOMA_OK;
    if (!from_file || option_given(settings, loss)) compile->loss[0] = (soma_loss)settings->loss;
    set_amount(&compile->huber_delta, settings->huber_delta);
    set_amount(&compile->label_smoothing, settings->label_smoothing);
    set_coefficient(&compile->focal_gamma, settings->focal_gamma);
    set_amount(&compile->focal_alpha, settings->focal_alpha);
    if (option_given(settings, top_k)) compile->top_k = (uint32_t)settings->top_k;
    set_optimizer(settings, from_file, &compile->optimizer);
    exit_status status = read_quantiles(settings->quantiles, compile->quantiles);
    if (status != STATUS_DONE) return status;
    if (settings->metrics)
        status = options_parse_metrics(settings->metrics, compile->metrics);
    else if (!from_file)
        for (size_t i = 1; i < SOMA_MAX_METRICS; i++)
            compile->metrics[i] = i == 1 && soma_dataset_token_count(dataset) ? SOMA_PERPLEXITY : SOMA_METRIC_NONE;
    return status == STATUS_DONE && dataset ? class_weights_set(settings, network, dataset, options) : status;
}

void model_options_release(model_options *options) {
    free(options->class_weights);
    *options = (model_options){0};
}

static exit_status build_or_load(const struct settings *settings, soma_network **network) {
    bool may_build = settings->command == COMMAND_SUMMARY || settings->command == COMMAND_BENCH;
    if (settings->model && settings->net)
        return fail(STATUS_USAGE, "--net and --model are both given; one of them is the network");
    if (settings->outputs && !settings->model)
        return fail(STATUS_USAGE, "--outputs goes with --model, of whose outputs it names some");
    if (settings->model) return model_load(settings, settings->model, network);
    if (!may_build) return fail(STATUS_USAGE, "--model is missing; accepted: a file that soma train --save wrote");
    if (!settings->net || !settings->input_shapes)
        return fail(STATUS_USAGE, "%s missing; give --model FILE, or --net TEXT and --input SHAPE",
                    settings->net ? "--input is" : "--net is");
    struct shape input;
    if (!shape_parse(settings->input_shapes, SOMA_MAX_RANK - 1, &input))
        return fail(STATUS_USAGE,
                    "--input: '%s' is not a shape; accepted: one to four positive sizes joined by x, as 784 or 28x28",
                    settings->input_shapes);
    return model_build(settings, &input, false, settings->net, network);
}

/* What is only run needs none, and no gradients. */
static void name_no_loss(soma_compile_options *options) {
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options->loss[i] = SOMA_LOSS_NONE;
    for (size_t i = 0; i < SOMA_MAX_METRICS; i++) options->metrics[i] = SOMA_METRIC_NONE;
}

exit_status model_open(const struct settings *settings, bool measure, soma_network **network, soma_device **device) {
    model_options options = {0};
    exit_status status = *network ? STATUS_DONE : build_or_load(settings, network);
    if (status == STATUS_DONE) status = model_options_fill(settings, *network, NULL, &options);
    if (measure && settings->mode == MODE_INFER) name_no_loss(&options.compile);
    if (status == STATUS_DONE)
        status = measure ? session_choose(settings, *network, &options.compile, settings->batch, device)
                         : session_open(settings, device);
    if (status == STATUS_DONE) {
        session_warn_of_several(*device);
        soma_status cause = soma_compile(*network, *device, &options.compile);
        if (cause != SOMA_OK) status = fail_from_library(cause, settings->model ? STATUS_FILE : STATUS_USAGE, NULL);
    }
    if (status == STATUS_DONE) status = threshold_set(settings, *network);
    model_options_release(&options);
    return status;
}

const char *model_label_name(const soma_network *network, size_t unit) {
    const char *name = NULL;
    size_t labels = 0;
    for (size_t i = 0; i < soma_network_column_count(network); i++) {
        soma_column_info column;
        if (soma_network_column(network, i, &column) != SOMA_OK || column.role != SOMA_COLUMN_LABEL) continue;
        if (labels++ == unit) name = column.name;
    }
    return labels > 1 && labels == soma_tensor_count(soma_network_output(network, 0)) ? name : NULL;
}

/* "(category, 3 inputs)" behind a column that is no plain number. */
static void say_kind(const soma_column_info *column) {
    if (column->inputs == 1 && strcmp(column->kind, "number") == 0) return;
    say_result(" (%s", column->kind);
    if (column->inputs > 1) say_result(", %zu inputs", (size_t)column->inputs);
    say_result("%s)", column->indicator ? ", one for gaps" : "");
}

static void report_kind(const soma_column_info *column, report *one) {
    if (!column->kind) return;
    report_text(one, "kind", column->kind);
    report_count(one, "inputs", column->inputs);
    if (column->indicator) report_truth(one, "indicator", true);
}

void model_report_columns(const soma_network *network, report *object) {
    static const char *const roles[] = {"feature", "label", "ignored", "group", "time", "weight", "id", "sequence"};
    size_t count = soma_network_column_count(network);
    if (!count) return;
    report *list = report_array(object, "columns");
    say_result("columns of the table it learnt from:");
    for (size_t i = 0; i < count; i++) {
        soma_column_info column;
        if (soma_network_column(network, i, &column) != SOMA_OK) break;
        report *one = report_append_object(list);
        if (column.name) report_text(one, "name", column.name);
        report_text(one, "role", roles[column.role]);
        report_kind(&column, one);
        if (!column.name) continue;
        say_result("%s %s", i ? "," : "", column.name);
        if (column.kind)
            say_kind(&column);
        else
            say_result(" (%s)", roles[column.role]);
    }
    soma_column_info first;
    if (soma_network_column(network, 0, &first) == SOMA_OK && !first.name) say_result(" %zu, without names", count);
    say_result("\n");
}

void model_report_pictures(const soma_network *network, report *object) {
    soma_image_options options;
    const char *augmentation = soma_network_augmentation(network);
    if (soma_network_get_image_options(network, &options)) {
        const char *fit = soma_name(SOMA_NAMES_IMAGE_FIT, (int)options.fit);
        say_result("pictures: %zux%zu pixels (height x width), %s, by --image-fit=%s\n", options.height, options.width,
                   options.grey ? "grey" : "red, green and blue", fit);
        report *pictures = report_object(object, "pictures");
        report_count(pictures, "height", options.height);
        report_count(pictures, "width", options.width);
        report_truth(pictures, "grey", options.grey);
        report_text(pictures, "fit", fit);
    }
    if (!augmentation) return;
    say_result("augmentation in training: %s\n", augmentation);
    report_text(object, "augmentation", augmentation);
}

void model_describe(soma_network *network, char *text, size_t size) {
    soma_layer_info layer;
    size_t length = 0;
    soma_tensor *input = soma_network_input(network, 0);
    if (input) length += (size_t)snprintf(text, size, "%zu", soma_tensor_count(input));
    for (size_t i = 0; i < soma_network_layer_count(network) && length < size; i++) {
        if (soma_network_layer(network, i, &layer) != SOMA_OK || !layer.parameters ||
            strcmp(layer.kind, "rescale") == 0)
            continue;
        length += (size_t)snprintf(text + length, size - length, "-%zu", layer.shape[layer.rank - 1]);
    }
}
