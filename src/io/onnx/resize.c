/* SPDX-License-Identifier: MIT */
/* Attributes, sizes and weights of Resize and Upsample. */
#include "io/onnx/resize.h"
#include "base/utf8.h"

#include <math.h>

/* Of a dimension: each is looked at while the network is made. */
enum { MOST_PLACES = 1 << 24 };

/* ------------------------------------------------------------------------------------------------------- attributes */

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

/* Before opset 11 there were no cubics, and places were multiplied and rounded down. */
static soma_status get_rules(const soma_onnx_node *node, soma_onnx_resizing *resizing) {
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const char *const transformations[] = {"half_pixel",        "pytorch_half_pixel",   "align_corners",
                                                  "asymmetric",        "tf_half_pixel_for_nn", "half_pixel_symmetric",
                                                  "tf_crop_and_resize"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    bool old = node->opset < 11;
    int64_t antialias, exclude_outside;
    int mode, places, nearest;
    SOMA_TRY(choose(node, "mode", modes, SOMA_COUNT_OF(modes) - (old ? 1 : 0), 0, &mode));
    SOMA_TRY(choose(node, "coordinate_transformation_mode", transformations, SOMA_COUNT_OF(transformations),
                    old ? SOMA_ONNX_ASYMMETRIC : SOMA_ONNX_HALF_PIXEL, &places));
    SOMA_TRY(choose(node, "nearest_mode", roundings, SOMA_COUNT_OF(roundings),
                    old ? SOMA_ONNX_FLOOR : SOMA_ONNX_PREFER_FLOOR, &nearest));
    SOMA_TRY(soma_onnx_get_integer(node, "antialias", 0, &antialias));
    SOMA_TRY(soma_onnx_get_integer(node, "exclude_outside", 0, &exclude_outside));
    SOMA_TRY(soma_onnx_get_float(node, "cubic_coeff_a", -0.75f, &resizing->cubic));
    SOMA_TRY(soma_onnx_get_float(node, "extrapolation_value", 0, &resizing->extrapolation));
    if (!isfinite(resizing->cubic))
        return soma_error(SOMA_INVALID_FILE, "attribute cubic_coeff_a is %g, which is no number",
                          (double)resizing->cubic);
    resizing->mode = (soma_onnx_resize_mode)mode;
    resizing->places = (soma_onnx_resize_places)places;
    resizing->rounding = (soma_onnx_resize_rounding)nearest;
    resizing->antialias = antialias != 0;
    resizing->exclude_outside = exclude_outside != 0;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ sizes */

/* Which axis number i of a list is for. */
static soma_status get_list_axes(const soma_onnx_node *node, uint32_t rank, uint32_t *axes, size_t *count) {
    int64_t given[SOMA_ONNX_MAX_RANK];
    bool present;
    SOMA_TRY(soma_onnx_get_integers(node, "axes", given, SOMA_ONNX_MAX_RANK, count, &present));
    for (size_t i = 0; present && i < *count; i++) {
        SOMA_TRY(soma_onnx_axis(node, given[i], rank, &axes[i]));
        for (size_t j = 0; j < i; j++)
            if (axes[j] == axes[i])
                return soma_error(SOMA_INVALID_FILE, "attribute axes names dimension %u twice", axes[i]);
    }
    if (present) return SOMA_OK;
    *count = rank;
    for (uint32_t i = 0; i < rank; i++) axes[i] = i;
    return SOMA_OK;
}

/* `what`: the input, for messages. */
static soma_status get_constants(const soma_onnx_node *node, uint32_t input, const char *what, float *numbers,
                                 size_t count) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    if (!value || !value->constant || value->integer)
        return soma_error(SOMA_UNSUPPORTED, "the %s must be a constant of the file", what);
    if (value->elements.count != count)
        return soma_error(SOMA_INVALID_FILE, "%zu %s; %zu are needed", value->elements.count, what, count);
    return soma_onnx_read_floats(node->importer->file, &value->elements, numbers);
}

static soma_status get_scales(soma_onnx_node *node, uint32_t input, float *scales, size_t count) {
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
    return get_constants(node, input, "scales", scales, count);
}

static bool has_elements(const soma_onnx_node *node, uint32_t input) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    return value && (!value->constant || value->elements.count > 0);
}

static soma_status set_size(const soma_onnx_node *node, soma_onnx_resizing *resizing, uint32_t axis, double scale,
                            double size) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    if (!(scale > 0) || !(size >= 1) || size > MOST_PLACES)
        return soma_error(SOMA_INVALID_FILE, "dimension %u of %zu would become %.9g; 1 to %d are possible", axis,
                          x->dim[axis], size, MOST_PLACES);
    resizing->scale[axis] = scale;
    resizing->size[axis] = (size_t)size;
    return SOMA_OK;
}

/* By scales, or by sizes. */
typedef struct sizes {
    size_t count;
    uint32_t axes[SOMA_ONNX_MAX_RANK];
    bool by_size;
    float scale[SOMA_ONNX_MAX_RANK];
    int64_t size[SOMA_ONNX_MAX_RANK];
    uint32_t open; /* a bit for each size that is the batch's */
    double common; /* scale, that the sizes bound; 0: each has its own */
} sizes;

static soma_status read_sizes(soma_onnx_node *node, uint32_t scales_input, sizes *of) {
    size_t given;
    SOMA_TRY(get_list_axes(node, node->input[0]->shape.rank, of->axes, &of->count));
    of->by_size = node->opset >= 11 && !has_elements(node, scales_input);
    if (!of->by_size) return get_scales(node, scales_input, of->scale, of->count);
    SOMA_TRY(soma_onnx_sizes(node, 3, of->size, SOMA_ONNX_MAX_RANK, &given, &of->open));
    if (given != of->count) return soma_error(SOMA_INVALID_FILE, "%zu sizes; %zu are needed", given, of->count);
    return SOMA_OK;
}

/* keep_aspect_ratio_policy: the sizes bound what a common scale makes, from above or from below. */
static soma_status keep_ratio(const soma_onnx_node *node, sizes *of) {
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
    const soma_onnx_shape *x = &node->input[0]->shape;
    int policy;
    SOMA_TRY(choose(node, "keep_aspect_ratio_policy", policies, SOMA_COUNT_OF(policies), 0, &policy));
    if (policy == 0 || !of->by_size) return SOMA_OK;
    for (size_t i = 0; i < of->count; i++) {
        const double own = of->open & 1u << i ? 1 : (double)of->size[i] / (double)x->dim[of->axes[i]];
        const bool tighter = policy == 1 ? own < of->common : own > of->common;
        if (i == 0 || tighter) of->common = own;
    }
    return SOMA_OK;
}

/* The scale and the new size of axis number i of the list, of `from` elements. */
static soma_status size_axis(const soma_onnx_node *node, const sizes *of, size_t i, soma_onnx_resizing *resizing) {
    const uint32_t axis = of->axes[i];
    const double from = (double)node->input[0]->shape.dim[axis], size = (double)of->size[i];
    if (of->common > 0) return set_size(node, resizing, axis, of->common, floor(of->common * from + 0.5));
    if (of->by_size) return set_size(node, resizing, axis, size / from, size);
    float product = (float)from * of->scale[i]; /* rounded to float: 5 * 2.6 is 13, as where the model comes from */
    return set_size(node, resizing, axis, (double)of->scale[i], (double)floorf(product));
}

static soma_status get_sizes(soma_onnx_node *node, const sizes *of, soma_onnx_resizing *resizing) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const uint32_t first = soma_onnx_first(node->importer, x);
    for (uint32_t i = 0; i < x->rank; i++) {
        resizing->scale[i] = 1;
        resizing->size[i] = x->dim[i];
    }
    for (size_t i = 0; i < of->count; i++) {
        const uint32_t axis = of->axes[i];
        const bool is_open = of->by_size && of->open & 1u << i;
        if (axis < first) {
            bool same = of->by_size ? is_open || (uint64_t)of->size[i] == x->dim[axis] : of->scale[i] == 1;
            if (!same || (of->common > 0 && of->common != 1)) return soma_onnx_mixes(node);
        } else if (is_open)
            return soma_onnx_mixes(node);
        else
            SOMA_TRY(size_axis(node, of, i, resizing));
    }
    return SOMA_OK;
}

/* Of all axes that are resized their beginnings, then their ends. */
static soma_status get_part(const soma_onnx_node *node, const sizes *of, soma_onnx_resizing *resizing) {
    float roi[2 * SOMA_ONNX_MAX_RANK];
    for (uint32_t i = 0; i < SOMA_ONNX_MAX_RANK; i++) {
        resizing->begin[i] = 0;
        resizing->end[i] = 1;
    }
    if (resizing->places != SOMA_ONNX_CROP_OF_TF) return SOMA_OK;
    SOMA_TRY(get_constants(node, 1, "numbers of roi", roi, 2 * of->count));
    for (size_t i = 0; i < of->count; i++) {
        const uint32_t axis = of->axes[i];
        if (!isfinite(roi[i]) || !isfinite(roi[of->count + i]))
            return soma_error(SOMA_INVALID_FILE, "roi of dimension %u is %g to %g; numbers are needed", axis,
                              (double)roi[i], (double)roi[of->count + i]);
        resizing->begin[axis] = (double)roi[i];
        resizing->end[axis] = (double)roi[of->count + i];
        if (axis < soma_onnx_first(node->importer, &node->input[0]->shape) &&
            !soma_onnx_resize_keeps(resizing, axis, resizing->size[axis]))
            return soma_onnx_mixes(node);
    }
    return SOMA_OK;
}

soma_status soma_onnx_get_resizing(soma_onnx_node *node, uint32_t scales_input, soma_onnx_resizing *resizing) {
    sizes of = {.count = 0};
    SOMA_TRY(get_rules(node, resizing));
    SOMA_TRY(read_sizes(node, scales_input, &of));
    SOMA_TRY(keep_ratio(node, &of));
    SOMA_TRY(get_sizes(node, &of, resizing));
    return get_part(node, &of, resizing);
}

bool soma_onnx_resize_keeps(const soma_onnx_resizing *resizing, uint32_t axis, size_t from) {
    return resizing->size[axis] == from && resizing->scale[axis] == 1 &&
           (resizing->places != SOMA_ONNX_CROP_OF_TF || (resizing->begin[axis] == 0 && resizing->end[axis] == 1));
}

/* ----------------------------------------------------------------------------------------------------------- places */

/* In float64, or each step of it rounded to float32. */
static double step(bool rounded, double x) {
    return rounded ? (double)(float)x : x;
}

static double place_of(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i, bool rounded) {
    const double scale = step(rounded, resizing->scale[axis]), size = (double)resizing->size[axis], place = (double)i;
    const double begin = resizing->begin[axis], end = resizing->end[axis], last = (double)from - 1;
    const double centred = step(rounded, step(rounded, (place + 0.5) / scale) - 0.5);
    double share;
    switch (resizing->places) {
    case SOMA_ONNX_ALIGN_CORNERS:
        return size > 1 ? step(rounded, step(rounded, place * last) / (size - 1)) : 0;
    case SOMA_ONNX_ASYMMETRIC:
        return step(rounded, place / scale);
    case SOMA_ONNX_HALF_PIXEL_OF_TF:
        return step(rounded, (place + 0.5) / scale);
    case SOMA_ONNX_PYTORCH_HALF_PIXEL:
        return size > 1 ? centred : 0;
    case SOMA_ONNX_HALF_PIXEL_SYMMETRIC:
        share = step(rounded, size / step(rounded, scale * (double)from));
        return step(rounded, step(rounded, (double)from / 2 * step(rounded, 1 - share)) + centred);
    case SOMA_ONNX_CROP_OF_TF: /* so that the last place is `end` itself */
        if (size > 1) return (begin * (size - 1 - place) + end * place) / (size - 1) * last;
        return (begin + end) / 2 * last;
    default:
        return centred;
    }
}

double soma_onnx_resize_place(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i) {
    return place_of(resizing, axis, from, i, false);
}

/* Places rise or fall with i: those inside follow each other. */
void soma_onnx_resize_inside(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t *first,
                             size_t *count) {
    const size_t size = resizing->size[axis];
    *first = 0;
    *count = size;
    if (resizing->places != SOMA_ONNX_CROP_OF_TF) return;
    *count = 0;
    for (size_t i = 0; i < size; i++) {
        const double at = soma_onnx_resize_place(resizing, axis, from, i);
        if (at < 0 || at > (double)from - 1) continue;
        if (*count == 0) *first = i;
        *count = i + 1 - *first;
    }
}

/* In float32, as where the models come from: 3 / 0.6 is 5 there, and not a little less since 0.6 is a little more. */
size_t soma_onnx_resize_nearest(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i) {
    double at = place_of(resizing, axis, from, i, true);
    switch (resizing->rounding) {
    case SOMA_ONNX_FLOOR:
        at = floor(at);
        break;
    case SOMA_ONNX_CEIL:
        at = ceil(at);
        break;
    case SOMA_ONNX_PREFER_FLOOR:
        at = ceil(at - 0.5);
        break;
    default:
        at = floor(at + 0.5);
    }
    return at <= 0 ? 0 : (size_t)SOMA_MIN(at, (double)from - 1);
}

/* ---------------------------------------------------------------------------------------------------------- weights */

/* A neighbour that only the rounding of a place reaches is no part of it. */
double soma_onnx_resize_between(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i,
                                double *before) {
    const double at = soma_onnx_resize_place(resizing, axis, from, i), whole = floor(at + 0.5);
    const bool is_whole = fabs(at - whole) <= 0x1p-30;
    *before = is_whole ? whole : floor(at);
    return is_whole ? 0 : at - *before;
}

bool soma_onnx_resize_has_taps(const soma_onnx_resizing *resizing, uint32_t axis) {
    return resizing->mode == SOMA_ONNX_RESIZE_NEAREST ||
           (resizing->mode == SOMA_ONNX_RESIZE_LINEAR && (!resizing->antialias || resizing->scale[axis] >= 1));
}

/* With or without what lies outside, a place beyond the edge is the element there. */
void soma_onnx_resize_taps(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i, size_t *tap,
                           float *weight) {
    const double last = (double)from - 1;
    double before, share = soma_onnx_resize_between(resizing, axis, from, i, &before);
    if (resizing->mode == SOMA_ONNX_RESIZE_NEAREST) before = (double)soma_onnx_resize_nearest(resizing, axis, from, i);
    if (resizing->mode == SOMA_ONNX_RESIZE_NEAREST || before < 0 || before >= last) share = 0;
    before = SOMA_MIN(SOMA_MAX(before, 0.0), last);
    tap[0] = (size_t)before;
    tap[1] = tap[0] + (share > 0);
    weight[0] = share > 0 ? (float)(1 - share) : 0.5f;
    weight[1] = share > 0 ? (float)share : 0.5f;
}

/* Of what lies so far away: the triangle, and the cubic of R. Keys, Cubic convolution interpolation for digital image
 * processing, 1981, with a = cubic_coeff_a. */
static double weight_at(const soma_onnx_resizing *resizing, double distance) {
    double x = fabs(distance), a = (double)resizing->cubic;
    if (resizing->mode == SOMA_ONNX_RESIZE_LINEAR) return x < 1 ? 1 - x : 0;
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

void soma_onnx_resize_weights(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i, size_t stride,
                              float *weight) {
    double at = soma_onnx_resize_place(resizing, axis, from, i), last = (double)from - 1;
    if (resizing->mode == SOMA_ONNX_RESIZE_NEAREST) {
        weight[soma_onnx_resize_nearest(resizing, axis, from, i) * stride] = 1;
        return;
    }
    /* Where there are fewer places than before, antialias takes the mean of as many more. */
    const double narrow = resizing->antialias ? SOMA_MIN(resizing->scale[axis], 1.0) : 1.0;
    const double reach = (resizing->mode == SOMA_ONNX_RESIZE_CUBIC ? 2 : 1) / narrow;
    const double begin = ceil(at - reach), end = floor(at + reach);
    double sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (double j = begin; j <= end; j++) {
            const double own = weight_at(resizing, (j - at) * narrow), inside = SOMA_MIN(SOMA_MAX(j, 0.0), last);
            if (resizing->exclude_outside && inside != j) continue;
            if (pass == 0)
                sum += own;
            else if (sum != 0)
                weight[(size_t)inside * stride] += (float)(own / sum);
        }
    /* What reaches no element inside, where others are left out. */
    if (sum == 0) weight[(size_t)SOMA_MIN(SOMA_MAX(floor(at + 0.5), 0.0), last) * stride] = 1;
}
