/* SPDX-License-Identifier: MIT */
/* RoiAlign: of regions of images the mean, or the largest, of values between their positions (He et al. 2017). */
#include "io/onnx/regions.h"
#include "io/onnx/compose.h"
#include "io/onnx/host.h"

enum { MOST_SAMPLES = 1 << 15 };

#define WITH(op, x, number, out) SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_##op, x, number, out))
#define PAIR(op, x, y, out)      SOMA_TRY(SOMA_ONNX_COMPOSE(node, op, NULL, out, x, y))

/* Two neighbours along a dimension, of regions [regions, places, 1] or [regions, 1, places]. */
typedef struct line {
    soma_onnx_value place[2], weight[2];
} line;

static soma_status get_way(const soma_onnx_node *node, soma_onnx_regions *by) {
    const Soma__Onnx__AttributeProto *mode = soma_onnx_attribute(node, "mode");
    const Soma__Onnx__AttributeProto *how = soma_onnx_attribute(node, "coordinate_transformation_mode");
    *by = (soma_onnx_regions){.largest = mode && soma_onnx_is_text(mode, "max")};
    by->half_pixel = how ? soma_onnx_is_text(how, "half_pixel") : node->opset >= 16;
    if ((mode && !by->largest && !soma_onnx_is_text(mode, "avg")) ||
        (how && !by->half_pixel && !soma_onnx_is_text(how, "output_half_pixel")))
        return soma_error(SOMA_INVALID_FILE, "attribute mode must be avg or max, coordinate_transformation_mode "
                                             "half_pixel or output_half_pixel");
    SOMA_TRY(soma_onnx_get_float(node, "spatial_scale", 1, &by->scale));
    SOMA_TRY(soma_onnx_get_integer(node, "output_height", 1, &by->out[0]));
    SOMA_TRY(soma_onnx_get_integer(node, "output_width", 1, &by->out[1]));
    SOMA_TRY(soma_onnx_get_integer(node, "sampling_ratio", 0, &by->samples));
    for (int i = 0; i < 2; i++)
        if (by->out[i] < 1 || by->samples < 0 || by->out[i] > MOST_SAMPLES || by->samples > MOST_SAMPLES / by->out[i])
            return soma_error(SOMA_INVALID_FILE, "%lld places of %lld samples each; at most %d in all are possible",
                              (long long)by->out[i], (long long)by->samples, MOST_SAMPLES);
    return SOMA_OK;
}

static soma_status check_shapes(const soma_onnx_node *node, const soma_onnx_regions *by, size_t *points) {
    const soma_onnx_shape *x = &node->input[0]->shape, *regions = &node->input[1]->shape;
    const soma_onnx_shape *images = &node->input[2]->shape;
    if (x->rank != 4 || regions->rank != 2 || regions->dim[1] != 4 || images->rank != 1 || !x->batched ||
        !regions->batched || images->dim[0] != regions->dim[0])
        return soma_error(
            SOMA_UNSUPPORTED,
            "images of %u dimensions, regions of %u, numbers of images of %u; known are [batch, channels, "
            "height, width] and [regions, 4], which depend on inputs, and [regions]",
            x->rank, regions->rank, images->rank);
    if (soma_onnx_first(node->importer, x)) return soma_onnx_mixes(node); /* regions of any image */
    *points = regions->dim[0];
    if (!soma_multiply_size(*points, (size_t)(by->out[0] * by->samples), points) ||
        !soma_multiply_size(*points, (size_t)(by->out[1] * by->samples), points) || *points > INT32_MAX)
        return soma_error(SOMA_UNSUPPORTED, "more than %d places", INT32_MAX);
    return SOMA_OK;
}

/* Where samples are in units of places: 0 at the first one's beginning. */
static soma_status make_steps(soma_onnx_node *node, int64_t out, int64_t samples, soma_onnx_value *steps) {
    const size_t count = (size_t)(out * samples);
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    for (size_t i = 0; i < count; i++) numbers[i] = ((double)i + 0.5) / (double)samples;
    return soma_onnx_compose_numbers(node, ".steps", 2, (size_t[]){1, count}, numbers, steps);
}

/* Along dimension 0, the height, or 1, the width: [regions, samples]. */
static soma_status coordinates(soma_onnx_node *node, const soma_onnx_regions *by, uint32_t axis, soma_onnx_value *at) {
    soma_onnx_value *regions = node->input[1], start, end, steps;
    SOMA_TRY(soma_onnx_compose_part(node, regions, 1, 1 - axis, 1, &start));
    SOMA_TRY(soma_onnx_compose_part(node, regions, 1, 3 - axis, 1, &end));
    WITH(Mul, &start, (double)by->scale, &start);
    WITH(Mul, &end, (double)by->scale, &end);
    if (by->half_pixel) {
        WITH(Sub, &start, 0.5, &start);
        WITH(Sub, &end, 0.5, &end);
    }
    PAIR(Sub, &end, &start, &end);
    if (!by->half_pixel) WITH(Max, &end, 1, &end);
    WITH(Div, &end, (double)by->out[axis], &end);
    SOMA_TRY(make_steps(node, by->out[axis], by->samples, &steps));
    PAIR(Mul, &end, &steps, &steps);
    return SOMA_ONNX_COMPOSE(node, Add, NULL, at, &start, &steps);
}

/* Up to 1 beside the image its edge is taken; beyond that there are zeros, which are no rows. */
static soma_status neighbours(soma_onnx_node *node, const soma_onnx_regions *by, uint32_t axis, size_t stride,
                              line *of) {
    const double size = (double)node->input[0]->shape.dim[2 + axis];
    const int64_t count = by->out[axis] * by->samples;
    const int64_t shape[2][3] = {{0, count, 1}, {0, 1, count}};
    soma_onnx_value x, below, above, none, first;
    SOMA_TRY(coordinates(node, by, axis, &x));
    SOMA_TRY(soma_onnx_compose_reshaped(node, &x, shape[axis], 3, &x));
    WITH(Less, &x, -1, &below);
    WITH(Greater, &x, size, &above);
    PAIR(Or, &below, &above, &below);
    WITH(Max, &x, 0, &x);
    WITH(Min, &x, size - 1, &x);
    SOMA_TRY(soma_onnx_compose_function(node, &x, SOMA_FLOOR, &first));
    PAIR(Sub, &x, &first, &of->weight[1]);
    WITH(Sub, &of->weight[1], 1, &of->weight[0]);
    WITH(Mul, &of->weight[0], -1, &of->weight[0]);
    for (uint32_t i = 0; i < 2; i++) {
        WITH(Add, &first, i, &of->place[i]);
        WITH(Min, &of->place[i], size - 1, &of->place[i]);
        WITH(Mul, &of->place[i], (double)stride, &of->place[i]);
        SOMA_TRY(soma_onnx_compose_number(node, SOMA_ONNX_NO_ROW, &none));
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Where, NULL, &of->place[i], &below, &none, &of->place[i]));
    }
    return SOMA_OK;
}

/* Of the four neighbours of each sample the sum or the largest: [1, points, channels]. */
static soma_status gather_samples(soma_onnx_node *node, const soma_onnx_regions *by, size_t points,
                                  soma_onnx_value *y) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    soma_onnx_value table, image, place, weight, rows;
    line of[2];
    soma_onnx_made to;
    SOMA_TRY(soma_onnx_compose_rows(node, node->input[0], x->dim[2] * x->dim[3], &table));
    SOMA_TRY(soma_onnx_compose_reshaped(
        node, &table, (const int64_t[]){1, (int64_t)(x->dim[0] * x->dim[2] * x->dim[3]), (int64_t)x->dim[1]}, 3,
        &table));
    SOMA_TRY(neighbours(node, by, 0, x->dim[3], &of[0]));
    SOMA_TRY(neighbours(node, by, 1, 1, &of[1]));
    soma_onnx_begin_made(&to);
    soma_onnx_made_integer(&to, "to", SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &to, &image, node->input[2]));
    SOMA_TRY(soma_onnx_keep_inside(node, &image, x->dim[0], &image));
    WITH(Mul, &image, (double)(x->dim[2] * x->dim[3]), &image);
    SOMA_TRY(soma_onnx_compose_reshaped(node, &image, (const int64_t[]){0, 1, 1}, 3, &image));
    for (uint32_t i = 0; i < 4; i++) {
        PAIR(Add, &of[0].place[i / 2], &of[1].place[i % 2], &place);
        PAIR(Add, &place, &image, &place);
        PAIR(Mul, &of[0].weight[i / 2], &of[1].weight[i % 2], &weight);
        SOMA_TRY(soma_onnx_compose_reshaped(node, &place, (const int64_t[]){1, (int64_t)points}, 2, &place));
        SOMA_TRY(soma_onnx_compose_reshaped(node, &weight, (const int64_t[]){1, (int64_t)points, 1}, 3, &weight));
        SOMA_TRY(soma_onnx_rows_of(node, &table, &place, &rows));
        PAIR(Mul, &rows, &weight, &rows);
        if (i == 0)
            *y = rows;
        else if (by->largest)
            PAIR(Max, y, &rows, y);
        else
            PAIR(Add, y, &rows, y);
    }
    return SOMA_OK;
}

/* Over the samples of each place of the result. */
static soma_status import_roi_align(soma_onnx_node *node) {
    soma_onnx_regions by;
    soma_onnx_value y;
    soma_onnx_made window;
    size_t points = 0;
    SOMA_TRY(get_way(node, &by));
    if (node->importer->host) return soma_onnx_align_on_host(node, &by);
    if (by.samples == 0)
        return soma_onnx_on_host("how many values a mean is of (sampling_ratio 0) is found by the regions");
    SOMA_TRY(check_shapes(node, &by, &points));
    const soma_onnx_shape *x = &node->input[0]->shape, *regions = &node->input[1]->shape;
    if (x->dim[0] * x->dim[2] * x->dim[3] > SOMA_ONNX_MOST_COUNTED)
        return soma_error(SOMA_UNSUPPORTED, "more than %zu positions of images", SOMA_ONNX_MOST_COUNTED);
    SOMA_TRY(gather_samples(node, &by, points, &y));
    SOMA_TRY(soma_onnx_compose_reshaped(
        node, &y,
        (const int64_t[]){(int64_t)regions->dim[0], by.out[0] * by.samples, by.out[1] * by.samples, (int64_t)x->dim[1]},
        4, &y));
    SOMA_TRY(soma_onnx_compose_turned(node, &y, (const int64_t[]){0, 3, 1, 2}, &y));
    soma_onnx_begin_made(&window);
    soma_onnx_made_integers(&window, "kernel_shape", (const int64_t[]){by.samples, by.samples}, 2);
    soma_onnx_made_integers(&window, "strides", (const int64_t[]){by.samples, by.samples}, 2);
    if (by.largest)
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, MaxPool, &window, &y, &y));
    else
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, AveragePool, &window, &y, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(RoiAlign, 10, 3, 3,
             "coordinate_transformation_mode mode output_height output_width sampling_ratio spatial_scale",
             import_roi_align, 0);
