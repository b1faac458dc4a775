/* SPDX-License-Identifier: MIT */
/* What normalises: ONNX's ops for it. What they cannot say is written by normalize_parts.c. */
#include "io/onnx/family.h"
#include "io/onnx/window.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* Training takes the figures from the batch. Before opset 14 it was told by there being more outputs, or by an
 * attribute. */
static soma_status check_mode(const soma_onnx_node *node) {
    int64_t training, is_test, spatial;
    bool more = false;
    SOMA_TRY(soma_onnx_get_integer(node, "training_mode", 0, &training));
    SOMA_TRY(soma_onnx_get_integer(node, "is_test", node->opset < 7 ? 0 : 1, &is_test));
    SOMA_TRY(soma_onnx_get_integer(node, "spatial", 1, &spatial));
    for (size_t i = 1; i < node->proto->n_output; i++) more |= *node->proto->output[i] != 0;
    if (training || !is_test || more)
        return soma_error(SOMA_UNSUPPORTED, "normalises by the figures of the batch, as in training; soma reads it as "
                                            "it is used afterwards");
    return spatial ? SOMA_OK : soma_error(SOMA_UNSUPPORTED, "attribute spatial is 0: figures for each position");
}

/* A figure for each channel. */
static soma_status get_figure(soma_onnx_node *node, uint32_t input, soma_tensor **tensor) {
    soma_onnx_value *value = node->input[input];
    const soma_onnx_shape *x = &node->input[0]->shape;
    if (value->shape.batched)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant; it is known only when the model runs", value->name);
    if (value->shape.rank != 1 || value->shape.dim[0] != x->dim[1])
        return soma_error(SOMA_INVALID_SHAPE, "%s must have one number for each of the %zu channels", value->name,
                          x->dim[1]);
    soma_onnx_weight(value);
    return soma_onnx_tensor(node, value, tensor);
}

/* y = x slope + shift: slope = scale / sqrt(variance + epsilon), shift = offset - mean slope. */
static soma_status get_line(soma_onnx_node *node, float epsilon, soma_tensor **slope, soma_tensor **shift) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *scale, *offset, *mean, *variance;
    SOMA_TRY(get_figure(node, 1, &scale));
    SOMA_TRY(get_figure(node, 2, &offset));
    SOMA_TRY(get_figure(node, 3, &mean));
    SOMA_TRY(get_figure(node, 4, &variance));
    SOMA_TRY(soma_onnx_fill(node, epsilon, slope));
    SOMA_TRY(soma_graph_binary(graph, variance, *slope, SOMA_BINARY_ADD, slope));
    SOMA_TRY(soma_onnx_function(node, *slope, SOMA_SQRT, 0, 0, slope));
    SOMA_TRY(soma_graph_binary(graph, scale, *slope, SOMA_BINARY_DIVIDE, slope));
    SOMA_TRY(soma_graph_binary(graph, mean, *slope, SOMA_BINARY_MULTIPLY, shift));
    return soma_graph_binary(graph, offset, *shift, SOMA_BINARY_SUBTRACT, shift);
}

/* By its figures as numbers, of whatever shape. */
static soma_status import_as_line(soma_onnx_node *node, float epsilon) {
    soma_onnx_value *x = node->input[0], y, slope = {.name = node->output.name}, shift = slope;
    SOMA_TRY(get_line(node, epsilon, &slope.tensor, &shift.tensor));
    slope.shape = (soma_onnx_shape){.rank = x->shape.rank - 1, .dim = {x->shape.dim[1]}};
    for (uint32_t i = 1; i < slope.shape.rank; i++) slope.shape.dim[i] = 1;
    shift.shape = slope.shape;
    SOMA_TRY(soma_onnx_combine(node, x, &x->shape, &slope, &slope.shape, SOMA_BINARY_MULTIPLY, &y));
    SOMA_TRY(soma_onnx_combine(node, &y, &y.shape, &shift, &shift.shape, SOMA_BINARY_ADD, &y));
    return soma_onnx_give_like(node, y.tensor, &y);
}

/* Whether scale (1) or offset (2) is a constant, no weight, that does nothing: so a network is written that has none.
 */
static bool is_none(const soma_onnx_node *node, uint32_t input) {
    const soma_onnx_value *value = node->input[input];
    const double number = input == 1 ? 1 : 0;
    soma_onnx_reader reader;
    bool all = value->constant && !value->trained && !value->tensor;
    if (!all || soma_onnx_reader_open(node->importer->file, &value->elements, &reader) != SOMA_OK) return false;
    for (size_t i = 0; all && i < value->elements.count; i++) all = soma_onnx_read(&reader, i) == number;
    soma_onnx_reader_close(&reader);
    return all;
}

/* The running variance is the batch's own, which ONNX has moved by the momentum. figure: scale and offset, or NULL. */
static soma_status import_running(soma_onnx_node *node, float epsilon, soma_tensor *x, soma_tensor *const *figure,
                                  soma_tensor **out) {
    float momentum;
    SOMA_TRY(soma_onnx_get_float(node, "momentum", 0.9f, &momentum));
    soma_tensor *input[5] = {x};
    soma_tensor_spec spec = {.op = SOMA_OP_NORMALIZE, .input_count = 1, .input = input};
    for (int i = 0; i < 4; i++)
        if (figure[i]) input[spec.input_count++] = figure[i];
    spec.attributes.normalize.params =
        (soma_normalize_params){.epsilon = epsilon, .momentum = momentum, .centered = true};
    spec.attributes.normalize.groups = (uint32_t)x->shape[x->rank - 1];
    spec.attributes.normalize.scaled = figure[0] != NULL;
    spec.attributes.normalize.shifted = figure[1] != NULL;
    spec.attributes.normalize.running = true;
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, out));
    for (int i = 2; i < 4; i++) soma_network_mark_running(node->importer->network, figure[i]);
    return SOMA_OK;
}

/* Whether nothing else of the op is it: then training may move it. */
static bool is_alone(soma_tensor *const *figure, uint32_t which) {
    for (uint32_t i = 0; i < 4; i++)
        if (i != which && figure[i] == figure[which]) return false;
    return figure[which]->op == SOMA_OP_PARAMETER;
}

/* Images, and rows of a batch, whose running figures are of the file. */
static bool can_run(const soma_onnx_node *node, soma_tensor *const *figure) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t first = soma_onnx_first(node->importer, x);
    bool rows = x->rank == 2 && first == 1, image = x->rank >= 3 && x->rank - 1 - first <= SOMA_ONNX_IMAGE_RANK;
    return x->batched && (rows || image) && is_alone(figure, 2) && is_alone(figure, 3);
}

static soma_status import_batchnorm(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    soma_tensor *figure[4] = {NULL}, *y;
    float epsilon;
    SOMA_TRY(check_mode(node));
    SOMA_TRY(soma_onnx_get_float(node, "epsilon", 1e-5f, &epsilon));
    if (x->rank < 2) return soma_error(SOMA_INVALID_SHAPE, "%u dimensions; it takes a batch, and channels", x->rank);
    for (uint32_t i = 0; i < 4; i++)
        if (i > 1 || !is_none(node, 1 + i)) SOMA_TRY(get_figure(node, 1 + i, &figure[i]));
    if (!can_run(node, figure)) return import_as_line(node, epsilon);
    if (x->rank > 2) {
        soma_onnx_image image;
        SOMA_TRY(soma_onnx_get_image(node, &image));
        SOMA_TRY(import_running(node, epsilon, image.tensor, figure, &y));
        return soma_onnx_give_image(node, &image, y);
    }
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &y));
    SOMA_TRY(import_running(node, epsilon, y, figure, &y));
    return soma_onnx_give(node, y, x);
}

SOMA_ONNX_OP(BatchNormalization, 1, 5, 5, "epsilon momentum training_mode is_test spatial consumed_inputs",
             import_batchnorm, 0);

/* scale or offset, for each of `count` numbers; one for each group is repeated over it. */
static soma_status get_channels(soma_onnx_node *node, uint32_t input, size_t count, size_t groups, soma_tensor **out) {
    soma_onnx_value *value = node->input[input];
    soma_tensor flat = {.rank = 1, .shape = {count}}, cut = {.rank = 2, .shape = {groups, count / groups}};
    soma_tensor column = {.rank = 2, .shape = {groups, 1}};
    if (value->shape.batched)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant; it is known only when the model runs", value->name);
    size_t have = soma_onnx_count(&value->shape, 0, value->shape.rank);
    if (have != count && have != groups)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu numbers, expected %zu", value->name, have, count);
    soma_onnx_weight(value);
    SOMA_TRY(soma_onnx_tensor(node, value, out));
    if (have != count) {
        SOMA_TRY(soma_graph_reshape(soma_onnx_graph(node), *out, &column, out));
        SOMA_TRY(soma_graph_copy(soma_onnx_graph(node), *out, &cut, 1, out));
    }
    if ((*out)->rank == 1 && (*out)->shape[0] == count) return SOMA_OK;
    return soma_graph_reshape(soma_onnx_graph(node), *out, &flat, out);
}

/* Scale and offset, where they are there and do anything. */
static soma_status get_line_of_channels(soma_onnx_node *node, size_t count, size_t groups, soma_tensor **input,
                                        soma_tensor_spec *spec) {
    bool *has[] = {&spec->attributes.normalize.scaled, &spec->attributes.normalize.shifted};
    for (uint32_t i = 1; i < SOMA_MIN(node->input_count, 3u); i++) {
        *has[i - 1] = node->input[i] && !is_none(node, i);
        if (*has[i - 1]) SOMA_TRY(get_channels(node, i, count, groups, &input[spec->input_count++]));
    }
    return SOMA_OK;
}

/* Over each of `groups` parts of the channels of an image, by figures of its own. */
static soma_status import_groups(soma_onnx_node *node) {
    soma_onnx_image image;
    soma_tensor *input[3], *y;
    int64_t groups = 0;
    soma_tensor_spec spec = {.op = SOMA_OP_NORMALIZE, .input_count = 1, .input = input};
    SOMA_TRY(soma_onnx_get_image(node, &image));
    if (node->row->parameter) SOMA_TRY(soma_onnx_get_integer(node, "num_groups", 0, &groups));
    if (!node->row->parameter) groups = (int64_t)image.channels;
    if (groups < 1 || (uint64_t)groups > image.channels || image.channels % (size_t)groups)
        return soma_error(SOMA_INVALID_SHAPE, "%" PRId64 " groups do not divide %zu channels", groups, image.channels);
    spec.attributes.normalize.params.centered = true;
    SOMA_TRY(soma_onnx_get_float(node, "epsilon", 1e-5f, &spec.attributes.normalize.params.epsilon));
    spec.attributes.normalize.axis = 1 + image.kept;
    spec.attributes.normalize.groups = (uint32_t)groups;
    input[0] = image.tensor;
    SOMA_TRY(get_line_of_channels(node, image.channels, (size_t)groups, input, &spec));
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return soma_onnx_give_image(node, &image, y);
}

SOMA_ONNX_OP(GroupNormalization, 18, 3, 3, "epsilon num_groups stash_type", import_groups, true);
SOMA_ONNX_OP(InstanceNormalization, 1, 3, 3, "epsilon consumed_inputs", import_groups, false);

/* Over all dimensions from the axis on. */
static soma_status import_rows(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    soma_tensor *input[3], *y;
    int64_t given;
    uint32_t axis;
    soma_tensor_spec spec = {.op = SOMA_OP_NORMALIZE, .input_count = 1, .input = input};
    SOMA_TRY(soma_onnx_get_integer(node, "axis", -1, &given));
    SOMA_TRY(soma_onnx_axis(node, given, x->rank, &axis));
    if (node->batch && axis <= node->batch) return soma_onnx_mixes(node); /* of all behind it */
    spec.attributes.normalize.params.centered = node->row->parameter;
    SOMA_TRY(soma_onnx_get_float(node, "epsilon", 1e-5f, &spec.attributes.normalize.params.epsilon));
    SOMA_TRY(soma_onnx_tensor_axis(node, x, axis, &spec.attributes.normalize.axis));
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &input[0]));
    size_t count = soma_onnx_count(x, axis, x->rank);
    SOMA_TRY(get_line_of_channels(node, count, count, input, &spec));
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return soma_onnx_give(node, y, x);
}

/* ONNX has the first since opset 17; onnxruntime's optimiser writes it into models of earlier ones, too, and in the
 * place of the second an op of its own in ONNX's domain. */
enum { ROWS_SINCE = 17 };
SOMA_ONNX_OP(LayerNormalization, 1, 2, 3, "axis epsilon stash_type", import_rows, true, .place = SOMA_ONNX_MOVED);
SOMA_ONNX_OP(RMSNormalization, 23, 2, 2, "axis epsilon stash_type", import_rows, false, .place = SOMA_ONNX_MOVED);
SOMA_ONNX_OP(SimplifiedLayerNormalization, 1, 2, 2, "axis epsilon stash_type", import_rows, false,
             .place = SOMA_ONNX_MOVED);

/* ---------------------------------------------------------------------------------------------------------- export */

/* Names of scale and offset. Where there are none, constants that do nothing, if ONNX's op wants them. */
typedef struct line {
    soma_onnx_name scale, offset;
} line;

/* As many equal numbers as there are channels. */
static soma_status put_equal(soma_onnx_exporter *exporter, size_t channels, float value, soma_onnx_name *name) {
    const soma_tensor like = {.rank = 1, .shape = {channels}};
    *name = soma_onnx_constant_name(exporter, "constant");
    return soma_onnx_put_equal_numbers(exporter, name->text, &like, value);
}

static soma_status get_line_names(soma_onnx_exporter *exporter, const soma_tensor *tensor, bool offset_too,
                                  line *names) {
    bool scaled = tensor->attributes.normalize.scaled, shifted = tensor->attributes.normalize.shifted;
    size_t channels = tensor->shape[tensor->rank - 1];
    if (!scaled) SOMA_TRY(put_equal(exporter, channels, 1, &names->scale));
    if (!shifted && offset_too) SOMA_TRY(put_equal(exporter, channels, 0, &names->offset));
    if (scaled) memcpy(names->scale.text, soma_onnx_name_of(exporter, tensor->input[1]), sizeof names->scale.text);
    if (shifted)
        memcpy(names->offset.text, soma_onnx_name_of(exporter, tensor->input[1 + scaled]), sizeof names->offset.text);
    return SOMA_OK;
}

/* By running figures. */
static soma_status put_batchnorm(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_tensor *const *input = (const soma_tensor *const *)tensor->input;
    const soma_tensor *const *figures = input + tensor->input_count - 2;
    soma_onnx_name out = soma_onnx_temporary(exporter);
    line names;
    SOMA_TRY(get_line_names(exporter, tensor, true, &names));
    bool image = tensor->rank > 1;
    if (!image) memcpy(out.text, soma_onnx_name_of(exporter, tensor), sizeof out.text);
    const char *x = image ? soma_onnx_first_of(exporter, input[0]) : soma_onnx_name_of(exporter, input[0]);
    const char *mean = soma_onnx_name_of(exporter, figures[0]), *variance = soma_onnx_name_of(exporter, figures[1]);
    size_t node = soma_onnx_begin_node(exporter, "BatchNormalization", out.text,
                                       (const char *[]){x, names.scale.text, names.offset.text, mean, variance, NULL});
    soma_onnx_put_attribute_float(exporter, "epsilon", tensor->attributes.normalize.params.epsilon);
    soma_onnx_put_attribute_float(exporter, "momentum", tensor->attributes.normalize.params.momentum);
    soma_onnx_end_node(exporter, node);
    if (image) soma_onnx_made_first(exporter, tensor, out.text);
    return SOMA_OK;
}

/* GroupNormalization has a scale for each channel since this opset. */
enum { GROUPS_SINCE = 21 };

/* Over parts of an image's channels. */
static soma_status put_groups(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    uint32_t groups = tensor->attributes.normalize.groups;
    bool each = groups == tensor->shape[tensor->rank - 1];
    soma_onnx_name out = soma_onnx_temporary(exporter);
    line names;
    SOMA_TRY(get_line_names(exporter, tensor, true, &names));
    const char *const input[] = {soma_onnx_first_of(exporter, tensor->input[0]), names.scale.text, names.offset.text,
                                 NULL};
    size_t node =
        soma_onnx_begin_node(exporter, each ? "InstanceNormalization" : "GroupNormalization", out.text, input);
    soma_onnx_put_attribute_float(exporter, "epsilon", tensor->attributes.normalize.params.epsilon);
    if (!each) {
        soma_onnx_put_attribute_integer(exporter, "num_groups", groups);
        soma_onnx_need_opset(exporter, GROUPS_SINCE);
    }
    soma_onnx_end_node(exporter, node);
    soma_onnx_made_first(exporter, tensor, out.text);
    return SOMA_OK;
}

/* Over the last dimension. */
static soma_status put_rows(soma_onnx_exporter *exporter, const soma_tensor *tensor, const soma_onnx_row *row) {
    line names;
    SOMA_TRY(get_line_names(exporter, tensor, false, &names));
    const char *offset = tensor->attributes.normalize.shifted ? names.offset.text : NULL;
    const char *const input[] = {soma_onnx_name_of(exporter, tensor->input[0]), names.scale.text, offset, NULL};
    size_t node = soma_onnx_begin_node(exporter, row->name, soma_onnx_name_of(exporter, tensor), input);
    soma_onnx_put_attribute_integer(exporter, "axis", tensor->attributes.normalize.axis);
    soma_onnx_put_attribute_float(exporter, "epsilon", tensor->attributes.normalize.params.epsilon);
    soma_onnx_end_node(exporter, node);
    soma_onnx_need_opset(exporter, SOMA_MAX(row->since, (int64_t)ROWS_SINCE));
    return SOMA_OK;
}

/* What an op of ONNX's own says that may be used; the others are made of several. */
soma_status soma_onnx_export_normalize(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_attributes *of = &tensor->attributes;
    bool centered = of->normalize.params.centered, shifted = of->normalize.shifted;
    if (of->normalize.running) return put_batchnorm(exporter, tensor);
    if (of->normalize.axis == 0) return soma_error(SOMA_UNSUPPORTED, "figures of the whole batch have no form in ONNX");
    const bool each = of->normalize.groups == tensor->shape[tensor->rank - 1];
    if (of->normalize.groups && of->normalize.axis == 1 && tensor->rank > 1 && centered &&
        (each || soma_onnx_may_need(exporter, GROUPS_SINCE)))
        return put_groups(exporter, tensor);
    const soma_onnx_row *row = centered ? &soma_onnx_row_LayerNormalization : &soma_onnx_row_RMSNormalization;
    if (!of->normalize.groups && of->normalize.axis == tensor->rank && (centered || !shifted) &&
        soma_onnx_may_need(exporter, SOMA_MAX(row->since, (int64_t)ROWS_SINCE)))
        return put_rows(exporter, tensor, row);
    return soma_onnx_put_normalize_parts(exporter, tensor);
}
