/* SPDX-License-Identifier: MIT */
/* Upsample and Resize by the nearest neighbour. */
#include "base/utf8.h"
#include "io/onnx/family.h"

#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* From a place in the result to one in the input, and to a whole number. */
typedef enum transformation {
    HALF_PIXEL,
    PYTORCH_HALF_PIXEL,
    ALIGN_CORNERS,
    ASYMMETRIC,
    HALF_PIXEL_OF_TF
} transformation;
typedef enum rounding { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL } rounding;

typedef struct rules {
    transformation transformation;
    rounding rounding;
    double scale[SOMA_ONNX_MAX_RANK];
    size_t size[SOMA_ONNX_MAX_RANK];
} rules;

static soma_status choose(const soma_onnx_node *node, const char *name, const char *const *words, size_t count,
                          int otherwise, int *choice) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    *choice = otherwise;
    if (!attribute) return SOMA_OK;
    for (size_t i = 0; i < count; i++) {
        *choice = (int)i;
        if (soma_onnx_is_text(attribute, words[i])) return SOMA_OK;
    }
    soma_quoted found = soma_quote((const char *)(attribute->has_s ? attribute->s.data : NULL),
                                   attribute->has_s ? attribute->s.len : 0);
    return soma_error(SOMA_UNSUPPORTED, "attribute %s is %s, which is not known", name, found.text);
}

/* Before opset 11 places were multiplied and rounded down. */
static soma_status get_rules(const soma_onnx_node *node, rules *resizing) {
    static const char *const modes[] = {"nearest"};
    static const char *const transformations[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
                                                  "tf_half_pixel_for_nn"};
    static const char *const policies[] = {"stretch"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    bool old = node->opset < 11;
    int mode, places, nearest, policy;
    SOMA_TRY(choose(node, "keep_aspect_ratio_policy", policies, SOMA_COUNT_OF(policies), 0, &policy));
    SOMA_TRY(choose(node, "mode", modes, SOMA_COUNT_OF(modes), 0, &mode));
    SOMA_TRY(choose(node, "coordinate_transformation_mode", transformations, SOMA_COUNT_OF(transformations),
                    old ? ASYMMETRIC : HALF_PIXEL, &places));
    SOMA_TRY(choose(node, "nearest_mode", roundings, SOMA_COUNT_OF(roundings), old ? FLOOR : PREFER_FLOOR, &nearest));
    resizing->transformation = (transformation)places;
    resizing->rounding = (rounding)nearest;
    return SOMA_OK;
}

static size_t source_of(const rules *resizing, uint32_t axis, size_t from, size_t i) {
    double scale = resizing->scale[axis], size = (double)resizing->size[axis], place = (double)i, at;
    switch (resizing->transformation) {
    case ALIGN_CORNERS:
        at = size == 1 ? 0 : place * ((double)from - 1) / (size - 1);
        break;
    case ASYMMETRIC:
        at = place / scale;
        break;
    case HALF_PIXEL_OF_TF:
        at = (place + 0.5) / scale;
        break;
    case PYTORCH_HALF_PIXEL:
        at = size > 1 ? (place + 0.5) / scale - 0.5 : 0;
        break;
    default:
        at = (place + 0.5) / scale - 0.5;
    }
    switch (resizing->rounding) {
    case FLOOR:
        at = floor(at);
        break;
    case CEIL:
        at = ceil(at);
        break;
    case PREFER_FLOOR:
        at = ceil(at - 0.5);
        break;
    default:
        at = floor(at + 0.5);
    }
    return at <= 0 ? 0 : (size_t)SOMA_MIN(at, (double)from - 1);
}

/* ---------------------------------------------------------------------------------------------- what sizes it makes */

/* Which axis number i of a list is for. */
static soma_status get_list_axes(const soma_onnx_node *node, uint32_t rank, uint32_t *axes, size_t *count) {
    int64_t given[SOMA_ONNX_MAX_RANK];
    bool present;
    SOMA_TRY(soma_onnx_get_integers(node, "axes", given, SOMA_ONNX_MAX_RANK, count, &present));
    for (size_t i = 0; present && i < *count; i++) SOMA_TRY(soma_onnx_axis(given[i], rank, &axes[i]));
    if (present) return SOMA_OK;
    *count = rank;
    for (uint32_t i = 0; i < rank; i++) axes[i] = i;
    return SOMA_OK;
}

static soma_status get_scales(soma_onnx_node *node, uint32_t input, float *scales, size_t count) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    if (node->opset < 9) {
        const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, "scales");
        if (!attribute || attribute->n_floats != count)
            return soma_error(SOMA_INVALID_FILE, "attribute scales must have %zu numbers", count);
        for (size_t i = 0; i < count; i++) scales[i] = attribute->floats[i];
        return SOMA_OK;
    }
    if (!value || !value->constant || value->integer)
        return soma_error(SOMA_UNSUPPORTED, "the scales must be a constant of the file");
    if (value->elements.count != count)
        return soma_error(SOMA_INVALID_FILE, "%zu scales; %zu are needed", value->elements.count, count);
    return soma_onnx_read_floats(node->importer->file, &value->elements, scales);
}

static bool has_elements(const soma_onnx_node *node, uint32_t input) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    return value && (!value->constant || value->elements.count > 0);
}

static soma_status set_size(const soma_onnx_node *node, rules *resizing, uint32_t axis, double scale, double size) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    if (!(scale > 0) || !(size >= 1) || size > INT32_MAX)
        return soma_error(SOMA_INVALID_FILE, "dimension %u of %zu would become %.9g", axis, x->dim[axis], size);
    resizing->scale[axis] = scale;
    resizing->size[axis] = (size_t)size;
    return SOMA_OK;
}

/* By scales, or by sizes. The batch stays as it is. */
static soma_status get_sizes(soma_onnx_node *node, uint32_t scales_input, rules *resizing) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t axes[SOMA_ONNX_MAX_RANK], first = soma_onnx_first(node->importer, x), open = 0;
    int64_t sizes[SOMA_ONNX_MAX_RANK];
    float scales[SOMA_ONNX_MAX_RANK];
    size_t count, given;
    bool by_size = node->opset >= 11 && !has_elements(node, scales_input);
    for (uint32_t i = 0; i < x->rank; i++) {
        resizing->scale[i] = 1;
        resizing->size[i] = x->dim[i];
    }
    SOMA_TRY(get_list_axes(node, x->rank, axes, &count));
    if (by_size) {
        SOMA_TRY(soma_onnx_sizes(node, 3, sizes, SOMA_ONNX_MAX_RANK, &given, &open));
        if (given != count) return soma_error(SOMA_INVALID_FILE, "%zu sizes; %zu are needed", given, count);
    } else
        SOMA_TRY(get_scales(node, scales_input, scales, count));
    for (size_t i = 0; i < count; i++) {
        double from = (double)x->dim[axes[i]];
        if (axes[i] < first) {
            bool same = by_size ? (open & 1u << i) || (size_t)sizes[i] == x->dim[axes[i]] : scales[i] == 1;
            if (!same) return soma_onnx_mixes(node);
        } else if (open & 1u << i)
            return soma_onnx_mixes(node);
        else if (by_size)
            SOMA_TRY(set_size(node, resizing, axes[i], (double)sizes[i] / from, (double)sizes[i]));
        else
            SOMA_TRY(set_size(node, resizing, axes[i], (double)scales[i], floor(from * (double)scales[i])));
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- as tensors */

/* x as [before, size, after] about one of its dimensions. */
static soma_tensor about(const soma_tensor *x, uint32_t dimension) {
    soma_tensor rows = {.batched = x->batched, .rank = 3, .shape = {1, x->shape[dimension], 1}};
    for (uint32_t i = 0; i < x->rank; i++)
        if (i != dimension) rows.shape[i < dimension ? 0 : 2] *= x->shape[i];
    return rows;
}

/* Each so many times: [before, size, after] -> [before size, factor, after]. */
static soma_status repeat(soma_tensor *x, uint32_t dimension, size_t factor, soma_tensor **y) {
    soma_tensor rows = about(x, dimension);
    rows.shape[0] *= rows.shape[1];
    rows.shape[1] = 1;
    SOMA_TRY(soma_graph_reshape(x->graph, x, &rows, y));
    rows.shape[1] = factor;
    return soma_graph_copy(x->graph, *y, &rows, 1, y);
}

/* For soma_graph_pick(). */
typedef struct axis_of {
    const rules *rules;
    uint32_t axis;
    size_t from;
} axis_of;

static size_t index_of(const void *context, size_t i) {
    const axis_of *axis = context;
    return source_of(axis->rules, axis->axis, axis->from, i);
}

static soma_status resize_axis(const rules *resizing, uint32_t axis, uint32_t dimension, soma_tensor **y) {
    soma_tensor whole = **y;
    size_t from = whole.shape[dimension], size = resizing->size[axis], factor = size / from;
    bool repeated = size % from == 0, same = size == from;
    for (size_t i = 0; i < size; i++) {
        repeated = repeated && source_of(resizing, axis, from, i) == i / factor;
        same = same && source_of(resizing, axis, from, i) == i;
    }
    if (same) return SOMA_OK;
    whole.shape[dimension] = size;
    if (!repeated) return soma_graph_pick(*y, dimension, size, index_of, &(axis_of){resizing, axis, from}, y);
    SOMA_TRY(repeat(*y, dimension, factor, y));
    return soma_graph_reshape((*y)->graph, *y, &whole, y);
}

static soma_status resize(soma_onnx_node *node, uint32_t scales_input) {
    soma_onnx_value *x = node->input[0];
    soma_onnx_shape out = x->shape;
    uint32_t order[SOMA_ONNX_MAX_RANK], dimension, first = soma_onnx_first(node->importer, &out);
    rules resizing;
    soma_tensor *y, *tensor;
    SOMA_TRY(get_rules(node, &resizing));
    SOMA_TRY(get_sizes(node, scales_input, &resizing));
    SOMA_TRY(soma_onnx_as_arranged(node, x, order, &tensor));
    y = tensor;
    for (uint32_t i = first; i < out.rank; i++) {
        SOMA_TRY(soma_onnx_arranged_axis(node, &x->shape, order, i, &dimension));
        SOMA_TRY(resize_axis(&resizing, i, dimension - (y->batched ? 1 : 0), &y));
        out.dim[i] = resizing.size[i];
    }
    return y == tensor ? soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0)
                       : soma_onnx_give_arranged(node, y, &out, order);
}

static soma_status import_upsample(soma_onnx_node *node) {
    return resize(node, 1);
}

SOMA_ONNX_OP(Upsample, 7, 1, 2, "mode scales", import_upsample, 0);

static soma_status import_resize(soma_onnx_node *node) {
    return resize(node, node->opset < 11 ? 1 : 2);
}

SOMA_ONNX_OP(
    Resize, 10, 1, 4,
    "mode coordinate_transformation_mode nearest_mode cubic_coeff_a exclude_outside extrapolation_value antialias axes "
    "keep_aspect_ratio_policy",
    import_resize, 0);
