/* SPDX-License-Identifier: MIT */
/* RoiAlign where the regions say how many values a mean is of, or come late: on the host, in float32 as onnxruntime has
 * it. */
#include "io/onnx/host.h"
#include "io/onnx/regions.h"

#include <math.h>

/* That a place of the result is of, along a dimension. */
enum { MOST_VALUES = 1 << 24 };

/* A region, along the height and the width: where it begins, how long a place of the result is, and of how many values.
 */
typedef struct region {
    float start[2], length[2];
    size_t count[2];
    const double *image; /* [channels, height, width]; NULL: there is none of its number */
} region;

typedef struct alignment {
    soma_onnx_node *node;
    const soma_onnx_regions *by;
    const double *x, *regions, *images;
    size_t number, channels, size[2];
} alignment;

/* As many values as a place covers positions, where the attribute does not say how many. */
static soma_status count_values(const alignment *a, size_t number, region *of) {
    double all = (double)a->channels;
    for (int i = 0; i < 2; i++) {
        const float places = ceilf(of->length[i]);
        const double count = a->by->samples ? (double)a->by->samples : (double)SOMA_MAX(places, 0.0F);
        all *= (double)a->by->out[i] * count;
        if (!isfinite(of->length[i]) || !(count <= MOST_VALUES))
            return soma_error(SOMA_UNSUPPORTED,
                              "region %zu of %s is %g long along dimension %d: a place of the result would be of more "
                              "than %d values along it",
                              number, a->node->input[1]->name, (double)of->length[i] * (double)a->by->out[i], i,
                              MOST_VALUES);
        of->count[i] = (size_t)count;
    }
    return soma_onnx_take_steps(a->node, all, "values of regions");
}

static soma_status get_region(const alignment *a, size_t number, region *of) {
    const double *given = a->regions + 4 * number, image = a->images[number];
    const float scale = a->by->scale, offset = a->by->half_pixel ? 0.5F : 0;
    for (int i = 0; i < 2; i++) {
        const float end = (float)given[3 - i] * scale - offset;
        of->start[i] = (float)given[1 - i] * scale - offset;
        float length = end - of->start[i];
        if (!a->by->half_pixel) length = length > 1 || isnan(length) ? length : 1;
        of->length[i] = length / (float)a->by->out[i];
    }
    of->image =
        image >= 0 && image < (double)a->number ? a->x + (size_t)image * a->channels * a->size[0] * a->size[1] : NULL;
    return count_values(a, number, of);
}

/* The position before a place along a dimension, and what is taken of that and of the next. */
typedef struct tap {
    size_t at[2];
    float weight[2];
} tap;

/* False: it is outside, where zeros are. */
static bool find_tap(float at, size_t size, tap *of) {
    if (!(at >= -1 && at <= (float)size)) return false;
    at = SOMA_MAX(at, 0.0F);
    of->at[0] = SOMA_MIN((size_t)at, size - 1);
    of->at[1] = SOMA_MIN(of->at[0] + 1, size - 1);
    of->weight[1] = of->at[0] == size - 1 ? 0 : at - (float)of->at[0];
    of->weight[0] = 1 - of->weight[1];
    return true;
}

/* Of value number i, j of a place of the result: its sum, or the largest of its terms. */
static float value_at(const alignment *a, const region *of, const double *image, const size_t *place, size_t i,
                      size_t j) {
    const size_t number[] = {i, j};
    tap taps[2];
    float value = 0;
    for (int k = 0; k < 2; k++) {
        const float at = of->start[k] + (float)place[k] * of->length[k] +
                         ((float)number[k] + 0.5F) * of->length[k] / (float)of->count[k];
        if (!find_tap(at, a->size[k], &taps[k])) return 0;
    }
    for (int k = 0; k < 4; k++) {
        const size_t row = taps[0].at[k / 2], column = taps[1].at[k % 2];
        const float term = taps[0].weight[k / 2] * taps[1].weight[k % 2] * (float)image[row * a->size[1] + column];
        if (!a->by->largest)
            value += term;
        else
            value = k == 0 || term > value ? term : value;
    }
    return value;
}

static double place_of(const alignment *a, const region *of, size_t channel, const size_t *place) {
    const double *image = of->image + channel * a->size[0] * a->size[1];
    const size_t count = of->count[0] * of->count[1];
    float all = 0;
    for (size_t i = 0; i < of->count[0]; i++)
        for (size_t j = 0; j < of->count[1]; j++) {
            const float value = value_at(a, of, image, place, i, j);
            if (!a->by->largest)
                all += value;
            else
                all = (i == 0 && j == 0) || value > all ? value : all;
        }
    return (double)(a->by->largest || count == 0 ? all : all / (float)count);
}

static soma_status align(const alignment *a, size_t count, double *y) {
    const size_t places = (size_t)a->by->out[0] * (size_t)a->by->out[1];
    for (size_t number = 0; number < count; number++) {
        region of = {.image = NULL};
        SOMA_TRY(get_region(a, number, &of));
        for (size_t i = 0; i < a->channels * places; i++) {
            const size_t at = i % places, place[] = {at / (size_t)a->by->out[1], at % (size_t)a->by->out[1]};
            *y++ = of.image ? place_of(a, &of, i / places, place) : 0;
        }
    }
    return SOMA_OK;
}

soma_status soma_onnx_align_on_host(soma_onnx_node *node, const soma_onnx_regions *by) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const size_t regions = node->input[1]->shape.dim[0];
    const soma_onnx_shape out = {.rank = 4, .dim = {regions, x->dim[1], (size_t)by->out[0], (size_t)by->out[1]}};
    alignment a = {node, by, .number = x->dim[0], .channels = x->dim[1], .size = {x->dim[2], x->dim[3]}};
    size_t count, all;
    double *y = NULL;
    if (x->rank != 4 || node->input[1]->shape.rank != 2 || node->input[1]->shape.dim[1] != 4 ||
        node->input[2]->shape.rank != 1 || node->input[2]->shape.dim[0] != regions ||
        !soma_multiply_size(x->dim[1], (size_t)(by->out[0] * by->out[1]), &all) ||
        !soma_multiply_size(all, regions, &all))
        return soma_error(
            SOMA_INVALID_SHAPE,
            "images of %u dimensions, regions of %u, numbers of images of %u; known are [batch, channels, "
            "height, width], [regions, 4] and [regions]",
            x->rank, node->input[1]->shape.rank, node->input[2]->shape.rank);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &a.x, &count));
    if (count == 0 && all > 0) return soma_error(SOMA_INVALID_SHAPE, "%s has no positions", node->input[0]->name);
    SOMA_TRY(soma_onnx_numbers_of(node, 1, &a.regions, &count));
    SOMA_TRY(soma_onnx_numbers_of(node, 2, &a.images, &count));
    SOMA_TRY(soma_onnx_make(node, all, &y));
    SOMA_TRY(align(&a, regions, y));
    return soma_onnx_give_numbers(node, soma_onnx_type_of(node->input[0]), &out, false, y);
}
