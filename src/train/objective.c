/* SPDX-License-Identifier: MIT */
/* What a network is trained for: the losses of its outputs, their weights, and the metrics. */
#include "train/step.h"

#include <math.h>
#include <stdio.h>

/* ------------------------------------------------------------------------------------------------------------ losses
 */

static bool is_last_softmax(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_SOFTMAX && !tensor->attributes.softmax.log &&
           tensor->attributes.softmax.axis == tensor->rank;
}

/* For categorical cross-entropy: a unit per class, of each step if there are several. */
static bool fits_classes(const soma_tensor *output) {
    return output->rank >= 1 && output->shape[output->rank - 1] >= 2;
}

static bool is_sigmoid(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_UNARY && tensor->attributes.unary.function == SOMA_SIGMOID;
}

soma_loss soma_asked_loss(const soma_compile_options *options, size_t output) {
    return output < SOMA_MAX_OUTPUTS ? options->loss[output] : SOMA_LOSS_NONE;
}

soma_loss soma_resolve_loss(soma_loss loss, const soma_tensor *output) {
    if (loss == SOMA_FOCAL && is_last_softmax(output) && fits_classes(output)) return SOMA_CATEGORICAL_FOCAL;
    if (loss == SOMA_FOCAL && is_sigmoid(output)) return SOMA_BINARY_FOCAL;
    if (loss != SOMA_LOSS_DEFAULT) return loss;
    if (is_last_softmax(output)) return fits_classes(output) ? SOMA_CATEGORICAL_CROSSENTROPY : SOMA_LOSS_NONE;
    return is_sigmoid(output) ? SOMA_BINARY_CROSSENTROPY : SOMA_MEAN_SQUARED_ERROR;
}

/* Public losses as the devices know them. */
static const soma_loss_kind loss_kinds[] = {
    [SOMA_CATEGORICAL_CROSSENTROPY] = SOMA_LOSS_CATEGORICAL_CROSSENTROPY,
    [SOMA_CATEGORICAL_CROSSENTROPY_LOGITS] = SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS,
    [SOMA_BINARY_CROSSENTROPY] = SOMA_LOSS_BINARY_CROSSENTROPY,
    [SOMA_BINARY_CROSSENTROPY_LOGITS] = SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS,
    [SOMA_MEAN_SQUARED_ERROR] = SOMA_LOSS_MEAN_SQUARED_ERROR,
    [SOMA_MEAN_ABSOLUTE_ERROR] = SOMA_LOSS_MEAN_ABSOLUTE_ERROR,
    [SOMA_HUBER] = SOMA_LOSS_HUBER,
    [SOMA_QUANTILE] = SOMA_LOSS_QUANTILE,
    [SOMA_CATEGORICAL_FOCAL] = SOMA_LOSS_CATEGORICAL_FOCAL,
    [SOMA_CATEGORICAL_FOCAL_LOGITS] = SOMA_LOSS_CATEGORICAL_FOCAL,
    [SOMA_BINARY_FOCAL] = SOMA_LOSS_BINARY_FOCAL,
    [SOMA_BINARY_FOCAL_LOGITS] = SOMA_LOSS_BINARY_FOCAL,
};

bool soma_loss_is_binary(soma_loss_kind kind) {
    return kind == SOMA_LOSS_BINARY_CROSSENTROPY || kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS ||
           kind == SOMA_LOSS_BINARY_FOCAL;
}

static soma_status refuse_shape(const soma_tensor *output) {
    char text[SOMA_SHAPE_TEXT];
    return soma_error(
        SOMA_INVALID_SHAPE,
        "output %s: categorical cross-entropy needs a last dimension with a unit per class, at least 2, got %s%s",
        soma_tensor_name(output), soma_tensor_shape_text(output, text),
        output->rank == 1 ? " (for one unit use a sigmoid and binary cross-entropy)" : "; name another loss");
}

/* A number of a network that is on the host. */
static float first_value(const soma_network *network, const soma_tensor *tensor) {
    const soma_parameter *parameter = soma_network_find_parameter(network, tensor);
    return parameter->values ? parameter->values[0] : parameter->scale;
}

/* Squares, magnitudes, quantiles and Huber's mixture of both are the same but for a factor, whatever the units; Huber's
 * delta is not, and is one number. */
static void choose_standard(const soma_network *network, soma_compiled *compiled, size_t i) {
    soma_rescaling figures;
    const soma_tensor *output = soma_network_output(network, i);
    if (!compiled->trained_on[i] || !soma_output_is_rescaled(network, output, &figures)) return;
    bool huber = compiled->loss[i] == SOMA_LOSS_HUBER;
    compiled->standardized[i] = compiled->loss[i] == SOMA_LOSS_MEAN_SQUARED_ERROR ||
                                compiled->loss[i] == SOMA_LOSS_MEAN_ABSOLUTE_ERROR ||
                                compiled->loss[i] == SOMA_LOSS_QUANTILE || (huber && soma_tensor_count(output) == 1);
    if (huber && compiled->standardized[i])
        compiled->standard_delta = compiled->huber_delta / first_value(network, figures.scale);
}

static soma_status refuse_focal(const soma_tensor *output) {
    char text[SOMA_SHAPE_TEXT];
    return soma_error(
        SOMA_INVALID_ARGUMENT,
        "output %s %s: focal is the loss of a softmax over classes or of a sigmoid, and the last layer is "
        "neither; accepted for logits: categorical_focal_logits, binary_focal_logits",
        soma_tensor_name(output), soma_tensor_shape_text(output, text));
}

/* Focal losses, and cross-entropies with smoothed targets, of which those are a case: gamma 0. All from logits. */
static soma_status choose_focus(soma_compiled *compiled, const soma_tensor *output, size_t i, soma_loss loss,
                                const soma_compile_options *options) {
    soma_loss_kind kind = compiled->loss[i];
    bool focal = kind == SOMA_LOSS_CATEGORICAL_FOCAL || kind == SOMA_LOSS_BINARY_FOCAL;
    bool categorical = soma_loss_is_categorical(kind);
    compiled->loss_params[i] = (soma_loss_params){.delta = compiled->huber_delta};
    if (!focal && !(options->label_smoothing > 0 && (categorical || soma_loss_is_binary(kind)))) return SOMA_OK;
    if (loss == SOMA_CATEGORICAL_FOCAL || loss == SOMA_BINARY_FOCAL)
        compiled->from_input[i] = categorical ? is_last_softmax(output) : is_sigmoid(output);
    bool logits = compiled->from_input[i] || loss == SOMA_CATEGORICAL_CROSSENTROPY_LOGITS ||
                  loss == SOMA_BINARY_CROSSENTROPY_LOGITS || loss == SOMA_CATEGORICAL_FOCAL_LOGITS ||
                  loss == SOMA_BINARY_FOCAL_LOGITS;
    if (!logits)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "output %s: %s%s is computed from logits: the last layer must be %s, or the loss %s_logits",
                          soma_tensor_name(output), soma_name(SOMA_NAMES_LOSS, (int)loss),
                          focal ? "" : " with label smoothing", categorical ? "a softmax" : "a sigmoid",
                          soma_name(SOMA_NAMES_LOSS, (int)loss));
    float gamma = options->focal_gamma == 0 ? 2 : SOMA_MAX(options->focal_gamma, 0.0f), alpha = options->focal_alpha;
    compiled->loss[i] = categorical ? SOMA_LOSS_CATEGORICAL_FOCAL : SOMA_LOSS_BINARY_FOCAL;
    compiled->loss_params[i] = (soma_loss_params){.gamma = focal ? gamma : 0,
                                                  .smoothing = options->label_smoothing,
                                                  .when_one = focal && alpha > 0 ? alpha : 1,
                                                  .when_zero = focal && alpha > 0 ? 1 - alpha : 1};
    return SOMA_OK;
}

/* The levels divide the last dimension among them. */
static soma_status check_quantiles(const soma_compiled *compiled, const soma_tensor *output) {
    char text[SOMA_SHAPE_TEXT];
    if (output->rank > 0 && output->shape[output->rank - 1] % compiled->quantile_count == 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE,
                      "output %s is %s: with %zu quantiles its last dimension must be so many times the target's",
                      soma_tensor_name(output), soma_tensor_shape_text(output, text), compiled->quantile_count);
}

/* A unit for each class and the blank, at each step. */
static soma_status choose_ctc(soma_compiled *compiled, const soma_tensor *output, size_t i) {
    char text[SOMA_SHAPE_TEXT];
    compiled->is_ctc[i] = true;
    compiled->loss[i] = SOMA_LOSS_COUNT;
    compiled->from_input[i] = is_last_softmax(output);
    if (output->rank == 2 && output->shape[1] >= 2) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE,
                      "output %s is %s: ctc needs [steps, classes + 1], a unit for each class and one for the blank",
                      soma_tensor_name(output), soma_tensor_shape_text(output, text));
}

static soma_status choose_loss(soma_compiled *compiled, const soma_tensor *output, size_t i,
                               const soma_compile_options *options) {
    const soma_loss asked = soma_asked_loss(options, i);
    soma_loss loss = soma_resolve_loss(asked, output);
    if (!soma_name(SOMA_NAMES_LOSS, (int)loss))
        return soma_error(SOMA_INVALID_ARGUMENT, "output %s: there is no loss number %d", soma_tensor_name(output),
                          (int)loss);
    compiled->trained_on[i] = loss != SOMA_LOSS_NONE;
    compiled->lacks_loss[i] = loss == SOMA_LOSS_NONE && asked == SOMA_LOSS_DEFAULT;
    if (!compiled->trained_on[i]) return SOMA_OK;
    if (loss == SOMA_FOCAL) return refuse_focal(output);
    if (loss == SOMA_CTC)
        SOMA_TRY(choose_ctc(compiled, output, i));
    else
        compiled->loss[i] = loss_kinds[loss];
    if ((loss == SOMA_CATEGORICAL_CROSSENTROPY && is_last_softmax(output)) ||
        (loss == SOMA_BINARY_CROSSENTROPY && is_sigmoid(output))) {
        compiled->from_input[i] = true;
        compiled->loss[i] = loss_kinds[loss + 1]; /* the LOGITS form follows */
    }
    SOMA_TRY(choose_focus(compiled, output, i, loss, options));
    if (loss == SOMA_QUANTILE) SOMA_TRY(check_quantiles(compiled, output));
    if (!isfinite(options->loss_weight[i]))
        return soma_error(SOMA_INVALID_ARGUMENT, "output %s: the loss weight is %g, it must be finite",
                          soma_tensor_name(output), (double)options->loss_weight[i]);
    compiled->loss_weight[i] = options->loss_weight[i] != 0 ? options->loss_weight[i] : 1;
    if (soma_loss_is_categorical(compiled->loss[i]) && !fits_classes(output)) return refuse_shape(output);
    return SOMA_OK;
}

soma_status soma_require_losses(const soma_network *network) {
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (network->compiled->lacks_loss[i]) return refuse_shape(soma_network_output(network, i));
    return SOMA_OK;
}

/* Of labels each may have two weights of its own. */
static bool has_pair_for_each(const soma_compiled *compiled, const soma_tensor *output, size_t count) {
    return soma_loss_is_binary(compiled->loss[0]) && output->rank == 1 && output->shape[0] > 1 &&
           count == 2 * output->shape[0];
}

static soma_status choose_class_weights(const soma_network *network, soma_compiled *compiled,
                                        const soma_compile_options *options) {
    if (!options->class_weight) return SOMA_OK;
    const soma_tensor *output = soma_network_output(network, 0);
    size_t expected = soma_loss_is_categorical(compiled->loss[0]) ? output->shape[output->rank - 1]
                      : soma_loss_is_binary(compiled->loss[0])    ? 2
                                                                  : 0;
    if (!compiled->trained_on[0] || expected == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "class weights go with a cross-entropy; output %s has another loss",
                          soma_tensor_name(output));
    compiled->label_weights = has_pair_for_each(compiled, output, options->class_weight_count);
    if (compiled->label_weights) expected = options->class_weight_count;
    if (options->class_weight_count != expected)
        return soma_error(SOMA_INVALID_ARGUMENT, "output %s has %zu classes, got %zu class weights%s",
                          soma_tensor_name(output), expected, options->class_weight_count,
                          soma_loss_is_binary(compiled->loss[0]) ? "; of labels each may have two" : "");
    bool any = false;
    for (size_t i = 0; i < expected; i++) {
        if (!(options->class_weight[i] >= 0 && isfinite(options->class_weight[i])))
            return soma_error(SOMA_INVALID_ARGUMENT, "class weight %zu is %g, it must be finite and at least 0", i,
                              (double)options->class_weight[i]);
        any |= options->class_weight[i] > 0;
    }
    if (!any)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "the class weights are all 0, so that nothing would count; one must be greater");
    compiled->class_weight_count = expected;
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------------- metrics
 */

static soma_metric default_metric(soma_loss_kind loss) {
    if (soma_loss_is_categorical(loss)) return SOMA_ACCURACY;
    return soma_loss_is_binary(loss) ? SOMA_BINARY_ACCURACY : SOMA_MAE;
}

/* What goes with the loss: categorical targets may be class numbers, of which only some metrics know. */
static soma_status check_metric(const soma_tensor *output, soma_metric metric, soma_loss_kind loss, bool ctc) {
    const bool categorical = soma_loss_is_categorical(loss);
    if ((unsigned)metric > SOMA_LABEL_ERROR_RATE)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no metric number %d", (int)metric);
    const bool of_labels = metric == SOMA_ACCURACY || metric == SOMA_LABEL_ERROR_RATE;
    if (ctc && !of_labels && metric != SOMA_METRIC_DEFAULT && metric != SOMA_METRIC_NONE)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "output %s has the loss ctc: its metrics are accuracy, of whole sequences, and "
                          "label_error_rate",
                          soma_tensor_name(output));
    if (!ctc && metric == SOMA_LABEL_ERROR_RATE)
        return soma_error(SOMA_INVALID_ARGUMENT, "label_error_rate goes with the loss ctc; output %s has another loss",
                          soma_tensor_name(output));
    if (metric == SOMA_TOP_K && !categorical)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "top-k accuracy goes with categorical cross-entropy; output %s has another loss",
                          soma_tensor_name(output));
    if (metric == SOMA_PERPLEXITY && (!categorical || loss == SOMA_LOSS_CATEGORICAL_FOCAL))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "perplexity is e to the power of a categorical cross-entropy; output %s has another loss",
                          soma_tensor_name(output));
    if ((metric == SOMA_BINARY_ACCURACY || metric == SOMA_MAE) && categorical)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "output %s has classes as targets: its metrics are accuracy, top-k accuracy and perplexity",
                          soma_tensor_name(output));
    return SOMA_OK;
}

static void add_metric(const soma_network *network, soma_compiled *compiled, soma_metric metric, uint32_t top_k) {
    static const struct {
        soma_metric_kind kind;
        const char *name;
    } rows[] = {
        [SOMA_ACCURACY] = {SOMA_METRIC_CATEGORICAL_ACCURACY, "accuracy"},
        [SOMA_TOP_K] = {SOMA_METRIC_TOP_K_ACCURACY, NULL},
        [SOMA_BINARY_ACCURACY] = {SOMA_METRIC_BINARY_ACCURACY, "accuracy"},
        [SOMA_MAE] = {SOMA_METRIC_ABSOLUTE_ERROR, "mean_absolute_error"},
        [SOMA_PERPLEXITY] = {SOMA_METRIC_SUM, "perplexity"}, /* of the losses */
        [SOMA_LABEL_ERROR_RATE] = {SOMA_METRIC_SUM, "label_error_rate"},
    };
    uint32_t i = compiled->metric_count++;
    bool logits = soma_loss_kind_takes_binary_logits(compiled->loss[0]);
    const bool of_edits = compiled->is_ctc[0]; /* what is counted is a number of each sample already */
    compiled->meaning[i] = metric;
    compiled->metric[i] = (soma_metric_params){.kind = of_edits ? SOMA_METRIC_SUM : rows[metric].kind,
                                               .slot = SOMA_SLOT_METRIC + i,
                                               .k = top_k ? top_k : 5,
                                               .threshold = soma_threshold_of_metric(network, logits)};
    if (metric == SOMA_TOP_K)
        snprintf(compiled->metric_name[i], sizeof compiled->metric_name[i], "top_%u_accuracy", compiled->metric[i].k);
    else
        snprintf(compiled->metric_name[i], sizeof compiled->metric_name[i], "%s", rows[metric].name);
}

static soma_status choose_metrics(const soma_network *network, soma_compiled *compiled,
                                  const soma_compile_options *options) {
    bool categorical = soma_loss_is_categorical(compiled->loss[0]);
    if (!compiled->trained_on[0]) return SOMA_OK;
    for (size_t i = 0; i < SOMA_MAX_METRICS; i++) {
        soma_metric metric = options->metrics[i];
        SOMA_TRY(check_metric(soma_network_output(network, 0), metric, compiled->loss[0], compiled->is_ctc[0]));
        if (i == 0 && metric == SOMA_METRIC_DEFAULT)
            metric = compiled->is_ctc[0] ? SOMA_ACCURACY : default_metric(compiled->loss[0]);
        if (metric == SOMA_METRIC_DEFAULT || metric == SOMA_METRIC_NONE) continue;
        if (metric == SOMA_ACCURACY && !categorical && !compiled->is_ctc[0]) metric = SOMA_BINARY_ACCURACY;
        add_metric(network, compiled, metric, options->top_k);
    }
    return SOMA_OK;
}

/* Layers may have been added, or other outputs chosen of a file. */
static soma_status check_thresholds(const soma_network *network) {
    const soma_tensor *output = soma_network_output(network, 0);
    if (!network->thresholds || network->threshold_count == soma_tensor_count(output)) return SOMA_OK;
    return soma_error(
        SOMA_INVALID_STATE,
        "the network keeps %zu thresholds, but output %s has %zu units; soma_network_set_thresholds() sets "
        "others, or none",
        network->threshold_count, soma_tensor_name(output), soma_tensor_count(output));
}

static soma_status check_amounts(const soma_compile_options *options) {
    if (!(options->label_smoothing >= 0 && options->label_smoothing < 1))
        return soma_error(SOMA_INVALID_ARGUMENT, "label_smoothing is %g, it must be at least 0 and less than 1",
                          (double)options->label_smoothing);
    if (!isfinite(options->focal_gamma))
        return soma_error(SOMA_INVALID_ARGUMENT, "focal_gamma is %g, it must be finite (0 means 2, negative 0)",
                          (double)options->focal_gamma);
    if (!(options->focal_alpha >= 0 && options->focal_alpha < 1))
        return soma_error(SOMA_INVALID_ARGUMENT, "focal_alpha is %g, it must be at least 0 and less than 1 (0: none)",
                          (double)options->focal_alpha);
    return SOMA_OK;
}

static soma_status choose_quantiles(soma_compiled *compiled, const soma_compile_options *options) {
    compiled->quantile_count = 0;
    while (compiled->quantile_count < SOMA_MAX_QUANTILES && options->quantiles[compiled->quantile_count] != 0) {
        float level = options->quantiles[compiled->quantile_count];
        if (!(level > 0 && level < 1))
            return soma_error(SOMA_INVALID_ARGUMENT, "quantile %zu is %g, it must lie between 0 and 1",
                              compiled->quantile_count, (double)level);
        compiled->quantiles[compiled->quantile_count++] = level;
    }
    for (size_t i = compiled->quantile_count; i < SOMA_MAX_QUANTILES; i++)
        if (options->quantiles[i] != 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "quantile %zu follows a 0, which ends the list", i);
    if (compiled->quantile_count == 0) compiled->quantiles[compiled->quantile_count++] = 0.5f;
    return SOMA_OK;
}

/* What is asked for and no loss takes would be passed over in silence. */
static soma_status refuse_unused(const soma_network *network, const soma_compiled *compiled,
                                 const soma_compile_options *options) {
    bool focal = false, binary = false, quantile = false, smooth = false;
    for (size_t i = 0; i < soma_network_output_count(network); i++) {
        soma_loss_kind kind = compiled->loss[i];
        if (!compiled->trained_on[i]) continue;
        bool is_focal = compiled->loss_params[i].gamma > 0 || options->focal_gamma < 0;
        is_focal &= kind == SOMA_LOSS_CATEGORICAL_FOCAL || kind == SOMA_LOSS_BINARY_FOCAL;
        focal |= is_focal;
        binary |= is_focal && kind == SOMA_LOSS_BINARY_FOCAL;
        quantile |= kind == SOMA_LOSS_QUANTILE;
        smooth |= compiled->loss_params[i].smoothing > 0;
    }
    if (options->label_smoothing > 0 && !smooth)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "label smoothing goes with cross-entropies and focal losses; the network has another loss");
    if (options->focal_gamma != 0 && !focal)
        return soma_error(SOMA_INVALID_ARGUMENT, "focal_gamma goes with focal losses; the network has another loss");
    if (options->focal_alpha != 0 && !binary)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "focal_alpha goes with a binary focal loss; of several classes, class weights say how much "
                          "each counts");
    if (options->quantiles[0] != 0 && !quantile)
        return soma_error(SOMA_INVALID_ARGUMENT, "quantiles go with the loss quantile; the network has another loss");
    return SOMA_OK;
}

soma_status soma_choose_objective(const soma_network *network, soma_compiled *compiled,
                                  const soma_compile_options *options) {
    if (!(options->huber_delta >= 0 && isfinite(options->huber_delta)))
        return soma_error(SOMA_INVALID_ARGUMENT, "huber_delta is %g, it must be finite and not negative (0 means 1)",
                          (double)options->huber_delta);
    compiled->huber_delta = options->huber_delta > 0 ? options->huber_delta : 1;
    SOMA_TRY(check_amounts(options));
    SOMA_TRY(choose_quantiles(compiled, options));
    for (size_t i = 0; i < soma_network_output_count(network); i++) {
        SOMA_TRY(choose_loss(compiled, soma_network_output(network, i), i, options));
        choose_standard(network, compiled, i);
    }
    SOMA_TRY(refuse_unused(network, compiled, options));
    SOMA_TRY(choose_class_weights(network, compiled, options));
    SOMA_TRY(check_thresholds(network));
    return choose_metrics(network, compiled, options);
}
