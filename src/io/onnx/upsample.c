/* SPDX-License-Identifier: MIT */
/* Upsample and Resize: by the nearest neighbour, linearly or by cubics. */
#include "io/onnx/resize.h"

#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

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
    const soma_onnx_resizing *resizing;
    uint32_t axis;
    size_t from, first, count; /* elements of the input; the places of the result that lie inside */
} axis_of;

static size_t index_of(const void *context, size_t i) {
    const axis_of *axis = context;
    return soma_onnx_resize_nearest(axis->resizing, axis->axis, axis->from, i);
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
        double off = axis->resizing->places == SOMA_ONNX_ASYMMETRIC ? (double)i / (double)factor
                                                                    : ((double)i + 0.5) / (double)factor - 0.5;
        SOMA_TRY(blend(x, neighbour[off > 0], fabs(off), &parts[i]));
        SOMA_TRY(soma_graph_reshape(x->graph, parts[i], &like, &parts[i]));
    }
    return soma_graph_join(parts, factor, x->batched ? 3 : 2, y);
}

static soma_status add_frozen(soma_onnx_node *node, const char *ending, uint32_t rank, const size_t *shape,
                              float *numbers, soma_tensor **tensor) {
    SOMA_TRY(soma_onnx_add_parameter(node, node->output.name, ending, rank, shape, numbers, tensor));
    soma_network *network = node->importer->network;
    network->parameters[network->parameter_count - 1].is_frozen = true;
    return SOMA_OK;
}

/* Whether places are as far from each other as the scale says, the first not depending on the size. */
static bool is_even(const axis_of *axis) {
    const soma_onnx_resize_places places = axis->resizing->places;
    return places == SOMA_ONNX_HALF_PIXEL || places == SOMA_ONNX_ASYMMETRIC ||
           (places == SOMA_ONNX_PYTORCH_HALF_PIXEL && axis->count > 1);
}

/* Whether each of a whole number of elements is made of one element and a share of its neighbour. */
static bool grows(const axis_of *axis) {
    const size_t factor = axis->count / axis->from;
    return is_even(axis) && axis->resizing->mode == SOMA_ONNX_RESIZE_LINEAR && factor <= SOMA_MAX_INPUTS &&
           axis->resizing->scale[axis->axis] == (double)factor;
}

/* For soma_graph_pick(): the first or the second tap. */
typedef struct taps_of {
    const axis_of *axis;
    int which;
} taps_of;

static size_t tap_of(const void *context, size_t i) {
    const taps_of *of = context;
    size_t tap[2];
    float weight[2];
    soma_onnx_resize_taps(of->axis->resizing, of->axis->axis, of->axis->from, of->axis->first + i, tap, weight);
    return tap[of->which];
}

/* Whether places have few enough runs of elements that follow each other for soma_graph_pick(). */
static bool has_taps(const axis_of *axis) {
    size_t pieces[2] = {0};
    if (!soma_onnx_resize_has_taps(axis->resizing, axis->axis)) return false;
    for (int which = 0; which < 2; which++) {
        const taps_of of = {axis, which};
        for (size_t i = 0, before = 0; i < axis->count; i++) {
            const size_t tap = tap_of(&of, i);
            pieces[which] += i == 0 || tap != before + 1;
            before = tap;
        }
    }
    return SOMA_MAX(pieces[0], pieces[1]) <= SOMA_MOST_PIECES;
}

/* The first or the second taps of [before, size, after], each by its weight. */
static soma_status weigh_taps(soma_onnx_node *node, const axis_of *axis, int which, soma_tensor *x, soma_tensor **y) {
    const taps_of of = {axis, which};
    const size_t column[] = {axis->count, 1};
    soma_tensor *weights;
    SOMA_TRY(soma_graph_pick(x, 1, axis->count, tap_of, &of, y));
    SOMA_TRY(soma_onnx_take_made(node->importer, axis->count, sizeof(float), node->output.name));
    float *numbers = soma_calloc(axis->count, sizeof *numbers);
    if (!numbers) return soma_out_of_memory(axis->count * sizeof *numbers, node->output.name);
    for (size_t i = 0; i < axis->count; i++) {
        size_t tap[2];
        float weight[2];
        soma_onnx_resize_taps(axis->resizing, axis->axis, axis->from, axis->first + i, tap, weight);
        numbers[i] = weight[which];
    }
    SOMA_TRY(add_frozen(node, "_weights", 2, column, numbers, &weights));
    return soma_graph_binary(x->graph, *y, weights, SOMA_BINARY_MULTIPLY, y);
}

/* From the elements that a place is made of and no others, whatever these are: 0 times one that is infinite is NaN. */
static soma_status resize_by_taps(soma_onnx_node *node, const axis_of *axis, uint32_t dimension, soma_tensor **y) {
    soma_tensor whole = **y, rows = about(*y, dimension), *part[2], *x;
    whole.shape[dimension] = axis->count;
    SOMA_TRY(soma_graph_reshape((*y)->graph, *y, &rows, &x));
    for (int which = 0; which < 2; which++) SOMA_TRY(weigh_taps(node, axis, which, x, &part[which]));
    SOMA_TRY(soma_graph_binary(x->graph, part[0], part[1], SOMA_BINARY_ADD, y));
    return soma_graph_reshape(x->graph, *y, &whole, y);
}

/* Of every so many elements as many places are made, `groups` times, in the same way each time. */
typedef struct phases {
    size_t groups, elements, places;
} phases;

static bool find_phases(const axis_of *axis, phases *of) {
    const size_t most = 16; /* each is computed by itself */
    size_t a = axis->from, b = axis->count;
    while (b > 0) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    *of = (phases){a, axis->from / a, axis->count / a};
    return is_even(axis) && axis->resizing->mode == SOMA_ONNX_RESIZE_LINEAR &&
           soma_onnx_resize_has_taps(axis->resizing, axis->axis) && of->elements <= most && of->places <= most &&
           axis->resizing->scale[axis->axis] == (double)axis->count / (double)axis->from;
}

/* With a group before and one behind, which are the edges. */
typedef struct wide {
    size_t from, before;
} wide;

static size_t edge_of(const void *context, size_t i) {
    const wide *of = context;
    return SOMA_MIN(SOMA_MAX(i, of->before) - of->before, of->from - 1);
}

/* Of each group and those around it one element, counted from the first of the group before: x is [before, groups + 2,
 * elements, after]. */
static soma_status slice_groups(soma_tensor *x, const phases *of, size_t at, soma_tensor **y) {
    const uint32_t batch = x->batched ? 1 : 0;
    soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &x};
    soma_tensor *groups;
    spec.attributes.slice.axis = 1 + batch;
    spec.attributes.slice.start = at / of->elements;
    spec.attributes.slice.length = of->groups;
    SOMA_TRY(soma_graph_add(x->graph, &spec, &groups));
    *y = groups;
    if (of->elements == 1) return SOMA_OK;
    spec.input = &groups;
    spec.attributes.slice.axis = 2 + batch;
    spec.attributes.slice.start = at % of->elements;
    spec.attributes.slice.length = 1;
    return soma_graph_add(x->graph, &spec, y);
}

/* [before, groups elements, after] -> [before, groups, places, after] */
static soma_status blend_groups(const axis_of *axis, const phases *of, soma_tensor *x, soma_tensor **y) {
    const wide edges = {axis->from, of->elements};
    soma_tensor *parts[SOMA_MAX_INPUTS], *two[2];
    soma_tensor like = {
        .batched = x->batched, .rank = 4, .shape = {x->shape[0], of->groups + 2, of->elements, x->shape[2]}};
    SOMA_TRY(soma_graph_pick(x, 1, axis->from + 2 * of->elements, edge_of, &edges, &x));
    SOMA_TRY(soma_graph_reshape(x->graph, x, &like, &x));
    for (size_t i = 0; i < of->places; i++) {
        double before, share = soma_onnx_resize_between(axis->resizing, axis->axis, axis->from, i, &before);
        const size_t first = (size_t)(before + (double)of->elements);
        for (size_t j = 0; j < 2; j++) SOMA_TRY(slice_groups(x, of, first + j, &two[j]));
        SOMA_TRY(blend(two[0], two[1], share, &parts[i]));
    }
    return soma_graph_join(parts, of->places, x->batched ? 3 : 2, y);
}

static soma_status resize_by_phases(const axis_of *axis, const phases *of, uint32_t dimension, soma_tensor **y) {
    soma_tensor whole = **y, rows = about(*y, dimension);
    whole.shape[dimension] = axis->count;
    SOMA_TRY(soma_graph_reshape((*y)->graph, *y, &rows, y));
    SOMA_TRY(blend_groups(axis, of, *y, y));
    return soma_graph_reshape((*y)->graph, *y, &whole, y);
}

/* What each element of the result that lies inside takes of those of the input, [count, from], or where the table comes
 * `behind` what it is multiplied with, [from, count]. */
static soma_status add_table(soma_onnx_node *node, const axis_of *axis, bool behind, const soma_tensor *x,
                             soma_tensor **table) {
    const char *name = node->output.name;
    const size_t from = axis->from, count = axis->count, rows = behind ? from : count;
    if (count > SIZE_MAX / sizeof(float) / from)
        return soma_error(SOMA_UNSUPPORTED, "dimension %u of %zu becomes %zu, which is too many for a table",
                          axis->axis, from, count);
    SOMA_TRY(soma_onnx_take_made(node->importer, count * from, sizeof(float), name));
    float *weights = soma_calloc(count * from, sizeof *weights);
    if (!weights) return soma_out_of_memory(count * from * sizeof *weights, name);
    for (size_t i = 0; i < count; i++)
        soma_onnx_resize_weights(axis->resizing, axis->axis, from, axis->first + i, behind ? count : 1,
                                 weights + (behind ? i : i * from));
    const size_t shape[] = {1, 1, rows, count * from / rows};
    const uint32_t rank = x->batched ? 4 : 3;
    return add_frozen(node, "_weights", rank, shape + 4 - rank, weights, table);
}

/* By a product with a table, in which most numbers are 0: where places are made of more elements, or of too many
 * pieces.
 */
static soma_status resize_by_table(soma_onnx_node *node, const axis_of *axis, uint32_t dimension, soma_tensor **y) {
    soma_tensor whole = **y, rows = about(*y, dimension), *table, *x;
    const bool behind = rows.shape[2] == 1;
    if (behind) {
        rows.shape[2] = rows.shape[1];
        rows.shape[1] = rows.shape[0];
        rows.shape[0] = 1;
    }
    whole.shape[dimension] = axis->count;
    SOMA_TRY(add_table(node, axis, behind, *y, &table));
    SOMA_TRY(soma_graph_reshape((*y)->graph, *y, &rows, &x));
    SOMA_TRY(soma_graph_matmul(x->graph, behind ? x : table, behind ? table : x, y));
    return soma_graph_reshape(x->graph, *y, &whole, y);
}

static soma_status resize_linearly(const axis_of *axis, uint32_t dimension, soma_tensor **y) {
    soma_tensor whole = **y, rows = about(*y, dimension);
    const size_t size = axis->resizing->size[axis->axis];
    whole.shape[dimension] = size;
    SOMA_TRY(soma_graph_reshape((*y)->graph, *y, &rows, y));
    SOMA_TRY(grow_linearly(axis, *y, size / axis->from, y));
    return soma_graph_reshape((*y)->graph, *y, &whole, y);
}

static soma_status resize_by_places(const axis_of *axis, uint32_t dimension, soma_tensor **y) {
    soma_tensor whole = **y;
    const soma_onnx_resizing *resizing = axis->resizing;
    size_t from = axis->from, size = resizing->size[axis->axis], factor = size / from;
    bool repeated = size % from == 0, same = size == from;
    for (size_t i = 0; i < size; i++) {
        const size_t source = soma_onnx_resize_nearest(resizing, axis->axis, from, i);
        repeated = repeated && source == i / factor;
        same = same && source == i;
    }
    if (same) return SOMA_OK;
    whole.shape[dimension] = size;
    if (!repeated) return soma_graph_pick(*y, dimension, size, index_of, axis, y);
    SOMA_TRY(repeat(*y, dimension, factor, y));
    return soma_graph_reshape((*y)->graph, *y, &whole, y);
}

static soma_status take_first(soma_tensor *x, uint32_t dimension, size_t count, soma_tensor **y) {
    soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &x};
    spec.attributes.slice.axis = dimension + (x->batched ? 1 : 0);
    spec.attributes.slice.length = count;
    return soma_graph_add(x->graph, &spec, y);
}

/* Without what lies outside, for which there is place in `padding`; one element where all does. */
static soma_status resize_axis(soma_onnx_node *node, const soma_onnx_resizing *resizing, uint32_t number,
                               uint32_t dimension, soma_tensor_spec *padding, soma_tensor **y) {
    axis_of axis = {.resizing = resizing, .axis = number, .from = (*y)->shape[dimension]};
    phases of;
    if (soma_onnx_resize_keeps(resizing, number, axis.from)) return SOMA_OK;
    soma_onnx_resize_inside(resizing, number, axis.from, &axis.first, &axis.count);
    padding->attributes.pad.before[dimension] = axis.count ? axis.first : resizing->size[number];
    padding->attributes.pad.after[dimension] = axis.count ? resizing->size[number] - axis.first - axis.count : 0;
    if (axis.count == 0) return take_first(*y, dimension, 1, y);
    if (resizing->mode == SOMA_ONNX_RESIZE_NEAREST && resizing->places != SOMA_ONNX_CROP_OF_TF)
        return resize_by_places(&axis, dimension, y);
    if (grows(&axis)) return resize_linearly(&axis, dimension, y);
    if (find_phases(&axis, &of)) return resize_by_phases(&axis, &of, dimension, y);
    return (has_taps(&axis) ? resize_by_taps : resize_by_table)(node, &axis, dimension, y);
}

/* What lies outside comes around all that was computed, so that no number, and be it infinite, is mixed with it. Where
 * all lies outside, the one element is behind and goes. */
static soma_status put_outside(const soma_onnx_resizing *resizing, const soma_tensor_spec *padding, soma_tensor **y) {
    const size_t *before = padding->attributes.pad.before, *after = padding->attributes.pad.after;
    soma_tensor_spec spec = *padding;
    soma_tensor *x = *y;
    bool some = false;
    for (uint32_t i = 0; i < x->rank; i++) some |= before[i] > 0 || after[i] > 0;
    if (!some) return SOMA_OK;
    spec.input = &x;
    spec.attributes.pad.value = resizing->extrapolation;
    return soma_graph_add(x->graph, &spec, y);
}

static soma_status resize(soma_onnx_node *node, uint32_t scales_input) {
    soma_onnx_value *x = node->input[0];
    soma_onnx_shape out = x->shape;
    uint32_t order[SOMA_ONNX_MAX_RANK], dimension, first = soma_onnx_first(node->importer, &out);
    soma_onnx_resizing resizing;
    soma_tensor *y, *tensor;
    soma_tensor_spec padding = {.op = SOMA_OP_PAD, .input_count = 1};
    SOMA_TRY(soma_onnx_get_resizing(node, scales_input, &resizing));
    SOMA_TRY(soma_onnx_as_arranged(node, x, order, &tensor));
    y = tensor;
    for (uint32_t i = first; i < out.rank; i++) {
        SOMA_TRY(soma_onnx_arranged_axis(node, &x->shape, order, i, &dimension));
        SOMA_TRY(resize_axis(node, &resizing, i, dimension - (y->batched ? 1 : 0), &padding, &y));
        out.dim[i] = resizing.size[i];
    }
    SOMA_TRY(put_outside(&resizing, &padding, &y));
    for (uint32_t i = first; i < out.rank; i++) {
        SOMA_TRY(soma_onnx_arranged_axis(node, &x->shape, order, i, &dimension));
        dimension -= y->batched ? 1 : 0;
        if (y->shape[dimension] > out.dim[i]) SOMA_TRY(take_first(y, dimension, out.dim[i], &y));
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
