/* SPDX-License-Identifier: MIT */
/* Upsample and Resize, by the nearest neighbour or linearly. */
#include "base/utf8.h"
#include "io/onnx/family.h"

#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* Of a dimension: each is looked at while the network is made. */
enum { MOST_PLACES = 1 << 24 };

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
    bool linear;
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
    static const char *const modes[] = {"nearest", "linear"};
    static const char *const transformations[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
                                                  "tf_half_pixel_for_nn"};
    static const char *const policies[] = {"stretch"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    bool old = node->opset < 11;
    int64_t antialias;
    int mode, places, nearest, policy;
    SOMA_TRY(choose(node, "keep_aspect_ratio_policy", policies, SOMA_COUNT_OF(policies), 0, &policy));
    SOMA_TRY(choose(node, "mode", modes, SOMA_COUNT_OF(modes), 0, &mode));
    SOMA_TRY(choose(node, "coordinate_transformation_mode", transformations, SOMA_COUNT_OF(transformations),
                    old ? ASYMMETRIC : HALF_PIXEL, &places));
    SOMA_TRY(choose(node, "nearest_mode", roundings, SOMA_COUNT_OF(roundings), old ? FLOOR : PREFER_FLOOR, &nearest));
    SOMA_TRY(soma_onnx_get_integer(node, "antialias", 0, &antialias));
    resizing->linear = mode == 1;
    if (resizing->linear && antialias)
        return soma_error(SOMA_UNSUPPORTED, "attribute antialias is %lld", (long long)antialias);
    resizing->transformation = (transformation)places;
    resizing->rounding = (rounding)nearest;
    return SOMA_OK;
}

/* Where element i of the result lies in the input. */
static double place_of(const rules *resizing, uint32_t axis, size_t from, size_t i) {
    double scale = resizing->scale[axis], size = (double)resizing->size[axis], place = (double)i;
    switch (resizing->transformation) {
    case ALIGN_CORNERS:
        return size > 1 ? place * ((double)from - 1) / (size - 1) : 0;
    case ASYMMETRIC:
        return place / scale;
    case HALF_PIXEL_OF_TF:
        return (place + 0.5) / scale;
    case PYTORCH_HALF_PIXEL:
        return size > 1 ? (place + 0.5) / scale - 0.5 : 0;
    default:
        return (place + 0.5) / scale - 0.5;
    }
}

static size_t source_of(const rules *resizing, uint32_t axis, size_t from, size_t i) {
    double at = place_of(resizing, axis, from, i);
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
    for (size_t i = 0; present && i < *count; i++) SOMA_TRY(soma_onnx_axis(node, given[i], rank, &axes[i]));
    if (present) return SOMA_OK;
    *count = rank;
    for (uint32_t i = 0; i < rank; i++) axes[i] = i;
    return SOMA_OK;
}

static soma_status get_scales(soma_onnx_node *node, uint32_t input, float *scales, size_t count) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    if (node->opset < 7) { /* of images alone */
        for (size_t i = 0; i < count; i++) scales[i] = 1;
        if (count != 4) return soma_error(SOMA_INVALID_SHAPE, "%zu dimensions; it takes 4", count);
        SOMA_TRY(soma_onnx_get_float(node, "height_scale", 0, &scales[2]));
        return soma_onnx_get_float(node, "width_scale", 0, &scales[3]);
    }
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
    if (!(scale > 0) || !(size >= 1) || size > MOST_PLACES)
        return soma_error(SOMA_INVALID_FILE, "dimension %u of %zu would become %.9g; 1 to %d are possible", axis,
                          x->dim[axis], size, MOST_PLACES);
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
            bool same = by_size ? (open & 1u << i) || (uint64_t)sizes[i] == x->dim[axes[i]] : scales[i] == 1;
            if (!same) return soma_onnx_mixes(node);
        } else if (open & 1u << i)
            return soma_onnx_mixes(node);
        else if (by_size)
            SOMA_TRY(set_size(node, resizing, axes[i], (double)sizes[i] / from, (double)sizes[i]));
        else {
            float size = (float)from * scales[i]; /* rounded to float: 5 * 2.6 is 13, as where the model comes from */
            SOMA_TRY(set_size(node, resizing, axes[i], (double)scales[i], (double)floorf(size)));
        }
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

/* (1 - t) a + t b */
static soma_status blend(soma_tensor *a, soma_tensor *b, double t, soma_tensor **y) {
    *y = a;
    if (t == 0) return SOMA_OK;
    SOMA_TRY(soma_graph_unary(a->graph, a, (soma_unary_params){SOMA_LINEAR, (float)(1 - t), 0}, &a));
    SOMA_TRY(soma_graph_unary(a->graph, b, (soma_unary_params){SOMA_LINEAR, (float)t, 0}, &b));
    return soma_graph_binary(a->graph, a, b, SOMA_BINARY_ADD, y);
}

static size_t one_before(const void *context, size_t i) {
    (void)context;
    return i ? i - 1 : 0;
}

static size_t one_behind(const void *context, size_t i) {
    const axis_of *axis = context;
    return SOMA_MIN(i + 1, axis->from - 1);
}

/* By a whole factor: [before, size, after] -> [before, size, factor, after], where each of the factor is x and a share
 * of its neighbour on one side, the same for all of them. */
static soma_status grow_linearly(const axis_of *axis, soma_tensor *x, size_t factor, soma_tensor **y) {
    soma_tensor *parts[SOMA_MAX_INPUTS], *neighbour[2];
    soma_tensor like = {.batched = x->batched, .rank = 4, .shape = {x->shape[0], x->shape[1], 1, x->shape[2]}};
    SOMA_TRY(soma_graph_pick(x, 1, axis->from, one_before, axis, &neighbour[0]));
    SOMA_TRY(soma_graph_pick(x, 1, axis->from, one_behind, axis, &neighbour[1]));
    for (size_t i = 0; i < factor; i++) {
        /* Of the second element: the first may lie before the edge. */
        double off = axis->rules->transformation == ASYMMETRIC ? (double)i / (double)factor
                                                               : ((double)i + 0.5) / (double)factor - 0.5;
        SOMA_TRY(blend(x, neighbour[off > 0], fabs(off), &parts[i]));
        SOMA_TRY(soma_graph_reshape(x->graph, parts[i], &like, &parts[i]));
    }
    return soma_graph_join(parts, factor, x->batched ? 3 : 2, y);
}

/* One element after the other. */
static soma_status blend_each(const axis_of *axis, soma_tensor *x, size_t size, soma_tensor **parts) {
    soma_tensor *two[2];
    for (size_t i = 0; i < size; i++) {
        double at = place_of(axis->rules, axis->axis, axis->from, i), last = (double)axis->from - 1;
        at = at < 0 ? 0 : SOMA_MIN(at, last);
        for (int j = 0; j < 2; j++) {
            soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &x};
            spec.attributes.slice.axis = x->batched ? 2 : 1;
            spec.attributes.slice.start = (size_t)SOMA_MIN(floor(at) + j, last);
            spec.attributes.slice.length = 1;
            SOMA_TRY(soma_graph_add(x->graph, &spec, &two[j]));
        }
        SOMA_TRY(blend(two[0], two[1], at - floor(at), &parts[i]));
    }
    return SOMA_OK;
}

static soma_status pick_linearly(const axis_of *axis, soma_tensor *x, size_t size, soma_tensor **y) {
    if (size > SOMA_MOST_PIECES)
        return soma_error(SOMA_UNSUPPORTED,
                          "dimension %u of %zu becomes %zu, linearly; whole multiples, and up to %d are possible",
                          axis->axis, axis->from, size, SOMA_MOST_PIECES);
    soma_tensor **parts = soma_calloc(size, sizeof(soma_tensor *));
    if (!parts) return soma_out_of_memory(size * sizeof *parts, "the elements of a dimension");
    soma_status status = blend_each(axis, x, size, parts);
    if (status == SOMA_OK) status = soma_graph_join(parts, size, x->batched ? 2 : 1, y);
    soma_free(parts);
    return status;
}

static soma_status resize_linearly(const rules *resizing, uint32_t axis, uint32_t dimension, soma_tensor **y) {
    soma_tensor whole = **y, rows = about(*y, dimension);
    size_t from = whole.shape[dimension], size = resizing->size[axis], factor = size / from;
    const axis_of of = {resizing, axis, from};
    bool fixed = resizing->transformation == HALF_PIXEL || resizing->transformation == ASYMMETRIC ||
                 (resizing->transformation == PYTORCH_HALF_PIXEL && size > 1);
    if (size == from && resizing->scale[axis] == 1) return SOMA_OK;
    whole.shape[dimension] = size;
    SOMA_TRY(soma_graph_reshape((*y)->graph, *y, &rows, y));
    if (fixed && resizing->scale[axis] == (double)factor && factor <= SOMA_MAX_INPUTS)
        SOMA_TRY(grow_linearly(&of, *y, factor, y));
    else
        SOMA_TRY(pick_linearly(&of, *y, size, y));
    return soma_graph_reshape((*y)->graph, *y, &whole, y);
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
        dimension -= y->batched ? 1 : 0;
        SOMA_TRY(resizing.linear ? resize_linearly(&resizing, i, dimension, &y)
                                 : resize_axis(&resizing, i, dimension, &y));
        out.dim[i] = resizing.size[i];
    }
    return y == tensor ? soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0)
                       : soma_onnx_give_arranged(node, y, &out, order);
}

static soma_status import_upsample(soma_onnx_node *node) {
    return resize(node, 1);
}

SOMA_ONNX_OP(Upsample, 1, 1, 2, "mode scales height_scale width_scale", import_upsample, 0);

static soma_status import_resize(soma_onnx_node *node) {
    return resize(node, node->opset < 11 ? 1 : 2);
}

SOMA_ONNX_OP(
    Resize, 10, 1, 4,
    "mode coordinate_transformation_mode nearest_mode cubic_coeff_a exclude_outside extrapolation_value antialias axes "
    "keep_aspect_ratio_policy",
    import_resize, 0);
