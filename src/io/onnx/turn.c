/* SPDX-License-Identifier: MIT */
/* The numbers of a constant, put into another order while they are read: by squares that fit lines of a cache, and
 * where they lie in a file as they are, piece by piece. */
#include "io/onnx/import.h"

#include <string.h>

/* A turn by the axes of what it makes: how many there are, and how far apart they lie in what is turned, and then. */
typedef struct turning {
    uint32_t rank;
    uint32_t first, beside; /* the axis that is the first of what is turned, and that which is its last */
    size_t dim[SOMA_COUNT_OF(((soma_onnx_turn *)0)->dim)], from[SOMA_COUNT_OF(((soma_onnx_turn *)0)->dim)],
        to[SOMA_COUNT_OF(((soma_onnx_turn *)0)->dim)];
} turning;

/* Numbers of a square that is turned at a time: a line of a cache on either side. */
enum { SQUARE = 16 };

/* Along two axes, of which one has its elements side by side in what is turned, and the last in what is made. */
static void turn_plane(const turning *t, const float *from, float *to) {
    const uint32_t last = t->rank - 1, beside = t->beside;
    const size_t across = t->from[last], down = t->to[beside];
    for (size_t i = 0; i < t->dim[beside]; i += SQUARE)
        for (size_t j = 0; j < t->dim[last]; j += SQUARE) {
            const size_t rows = SOMA_MIN(t->dim[beside] - i, (size_t)SQUARE),
                         columns = SOMA_MIN(t->dim[last] - j, (size_t)SQUARE);
            for (size_t row = i; row < i + rows; row++)
                for (size_t column = j; column < j + columns; column++)
                    to[row * down + column] = from[row + column * across];
        }
}

/* By way of as many numbers at a time, which a cache holds. */
enum { PIECE = 1 << 16 };

static turning turning_of(const soma_onnx_turn *turn) {
    turning t = {.rank = turn->rank};
    size_t stride[SOMA_COUNT_OF(turn->dim)] = {0};
    for (uint32_t i = t.rank; i-- > 0;) stride[i] = i + 1 == t.rank ? 1 : stride[i + 1] * turn->dim[i + 1];
    for (uint32_t i = t.rank; i-- > 0;) {
        t.dim[i] = turn->dim[turn->axis[i]];
        t.from[i] = stride[turn->axis[i]];
        t.to[i] = i + 1 == t.rank ? 1 : t.to[i + 1] * t.dim[i + 1];
        if (turn->axis[i] == 0) t.first = i;
        if (turn->axis[i] + 1 == t.rank) t.beside = i;
    }
    return t;
}

/* The elements as the turn puts them. */
static void turn_numbers(const turning *t, const float *from, float *to) {
    size_t at[SOMA_COUNT_OF(t->dim)] = {0};
    for (uint32_t axis = 0; axis < t->rank;) { /* the other axes are counted through */
        if (t->beside + 1 == t->rank)
            memcpy(to, from, t->dim[t->beside] * sizeof *to);
        else
            turn_plane(t, from, to);
        for (axis = 0; axis < t->rank; axis++) {
            if (axis == t->beside || axis + 1 == t->rank) continue;
            from += t->from[axis];
            to += t->to[axis];
            if (++at[axis] < t->dim[axis]) break;
            from -= t->from[axis] * at[axis];
            to -= t->to[axis] * at[axis];
            at[axis] = 0;
        }
    }
}

/* Of floats that lie in a file, some rows after the others. */
static soma_status read_pieces(const soma_onnx_file *file, const soma_onnx_value *value, turning *t, float *numbers) {
    const size_t rows = t->dim[t->first], row = t->from[t->first];
    const size_t most = SOMA_MIN(SOMA_MAX(PIECE / row / SQUARE, (size_t)1) * SQUARE, rows);
    float *straight = soma_malloc(most * row * sizeof *straight);
    if (!straight) return soma_out_of_memory(most * row * sizeof *straight, value->name);
    soma_status status = SOMA_OK;
    for (size_t at = 0; at < rows && status == SOMA_OK; at += most) {
        t->dim[t->first] = SOMA_MIN(most, rows - at);
        status = soma_onnx_read_some_floats(file, &value->elements, at * row, t->dim[t->first] * row, straight);
        if (status == SOMA_OK) turn_numbers(t, straight, numbers + at * t->to[t->first]);
    }
    soma_free(straight);
    return status;
}

soma_status soma_onnx_read_turned(const soma_onnx_file *file, const soma_onnx_value *value, const soma_onnx_turn *turn,
                                  float *numbers) {
    const size_t count = value->elements.count;
    size_t turned = 1;
    if (turn->rank <= 1) return soma_onnx_read_floats(file, &value->elements, numbers);
    for (uint32_t i = 0; i < turn->rank; i++) turned *= turn->dim[i];
    if (turned != count)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu elements, of which %zu cannot be put into another order",
                          value->name, count, turned);
    turning t = turning_of(turn);
    if (soma_onnx_is_plain_floats(&value->elements)) return read_pieces(file, value, &t, numbers);
    float *straight = soma_calloc(count, sizeof *straight);
    if (!straight) return soma_out_of_memory(count * sizeof *straight, value->name);
    soma_status status = soma_onnx_read_floats(file, &value->elements, straight);
    if (status == SOMA_OK) turn_numbers(&t, straight, numbers);
    soma_free(straight);
    return status;
}
