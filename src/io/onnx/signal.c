/* SPDX-License-Identifier: MIT */
/*
 * Of signals: Fourier transforms, as products with a table of sines and cosines, and of frames, as a convolution with
 * one; windows, and weights by which the ear's scale is made of frequencies, which are constants.
 */
#include "io/onnx/compose.h"
#include "io/onnx/host.h"

#include <math.h>

static const double TURN = 6.283185307179586476925286766559;

enum { FLOAT = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT };

/* ---------------------------------------------------------------------------------------------------------- windows */

/* A whole number of 1 and more that is a constant. */
static soma_status get_count(soma_onnx_node *node, uint32_t input, size_t *count) {
    int64_t number = 0;
    size_t numbers;
    SOMA_TRY(soma_onnx_integers(node, input, &number, 1, &numbers));
    if (numbers == 1 && number >= 1 && number <= INT32_MAX) return *count = (size_t)number, SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s is %lld; it must be one number of at least 1", node->input[input]->name,
                      (long long)number);
}

/* Which factors the cosines of one and two turns have, beside 1 of none: those of Hann, Hamming and Blackman. */
enum { HANN, HAMMING, BLACKMAN };

static soma_status import_window(soma_onnx_node *node) {
    static const double factor[][3] = {
        [HANN] = {0.5, -0.5, 0}, [HAMMING] = {25. / 46, -21. / 46, 0}, [BLACKMAN] = {0.42, -0.5, 0.08}};
    const double *of = factor[node->row->parameter];
    int64_t periodic, type;
    double *numbers = NULL;
    size_t count = 0;
    SOMA_TRY(soma_onnx_get_integer(node, "periodic", 1, &periodic));
    SOMA_TRY(soma_onnx_get_integer(node, "output_datatype", FLOAT, &type));
    if (type != FLOAT && type != SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE)
        return soma_error(SOMA_UNSUPPORTED, "a window of %s; float and double are possible",
                          soma_onnx_describe_type((int32_t)type).text);
    SOMA_TRY(get_count(node, 0, &count));
    const double period = periodic ? (double)count : (double)count - 1;
    SOMA_TRY(soma_onnx_make_table(node, count, 1, &numbers));
    for (size_t i = 0; i < count; i++) {
        const double turns = period > 0 ? TURN * (double)i / period : TURN / 2; /* of one alone: its middle */
        numbers[i] = of[0] + of[1] * cos(turns) + of[2] * cos(2 * turns);
    }
    return soma_onnx_give_numbers(node, FLOAT, &(soma_onnx_shape){.rank = 1, .dim = {count}}, false, numbers);
}

SOMA_ONNX_OP(BlackmanWindow, 17, 1, 1, "output_datatype periodic", import_window, BLACKMAN);
SOMA_ONNX_OP(HammingWindow, 17, 1, 1, "output_datatype periodic", import_window, HAMMING);
SOMA_ONNX_OP(HannWindow, 17, 1, 1, "output_datatype periodic", import_window, HANN);

/* ------------------------------------------------------------------------------------------------------- mel scale */

static double mel_of(double hertz) {
    return 2595 * log10(1 + hertz / 700);
}

/* The bin in which a frequency lies, there or not. */
static size_t bin_of(double mel, double length, double rate) {
    const double frequency = 700 * (pow(10, mel / 2595) - 1);
    return (size_t)fmax(fmin(floor((length + 1) * frequency / rate), 0x1p31), 0);
}

/* From 0 at one bin to 1 at another one, as far as there are bins. */
static void ramp(double *numbers, size_t bins, size_t bands, size_t from, size_t to) {
    const size_t low = SOMA_MIN(from, to), high = SOMA_MAX(from, to);
    for (size_t i = low; i <= high && i < bins && low < high; i++)
        numbers[i * bands] = fabs((double)i - (double)from) / (double)(high - low);
}

/* [bins, bands]: triangles that meet in the middle of each other, as wide on the mel scale. */
static soma_status import_mel(soma_onnx_node *node) {
    size_t bands = 0, length = 0;
    double rate, low, high, *numbers = NULL;
    int64_t type;
    SOMA_TRY(soma_onnx_get_integer(node, "output_datatype", FLOAT, &type));
    if (type != FLOAT && type != SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE)
        return soma_error(SOMA_UNSUPPORTED, "weights of %s; float and double are possible",
                          soma_onnx_describe_type((int32_t)type).text);
    SOMA_TRY(get_count(node, 0, &bands));
    SOMA_TRY(get_count(node, 1, &length));
    for (uint32_t i = 2; i < 5; i++)
        if (!soma_onnx_is_known(node->input[i]))
            return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file", node->input[i]->name);
    SOMA_TRY(soma_onnx_number_of(node, 2, 0, &rate));
    SOMA_TRY(soma_onnx_number_of(node, 3, 0, &low));
    SOMA_TRY(soma_onnx_number_of(node, 4, 0, &high));
    const size_t bins = length / 2 + 1;
    if (!(rate > 0) || !(low >= 0) || !(high >= low) || !isfinite(high))
        return soma_error(SOMA_INVALID_FILE, "frequencies from %g to %g of %g samples a second", low, high, rate);
    SOMA_TRY(soma_onnx_make_table(node, bins, bands, &numbers));
    for (size_t i = 0; i < bins * bands; i++) numbers[i] = 0;
    const double step = (mel_of(high) - mel_of(low)) / (double)(bands + 2);
    for (size_t i = 0; i < bands; i++) {
        size_t at[3];
        for (size_t k = 0; k < 3; k++) at[k] = bin_of((double)(i + k) * step + mel_of(low), (double)length, rate);
        if (at[1] > at[0])
            ramp(numbers + i, bins, bands, at[0], at[1]);
        else if (at[1] < bins)
            numbers[at[1] * bands + i] = 1;
        ramp(numbers + i, bins, bands, at[2], at[1]);
    }
    return soma_onnx_give_numbers(node, FLOAT, &(soma_onnx_shape){.rank = 2, .dim = {bins, bands}}, false, numbers);
}

SOMA_ONNX_OP(MelWeightMatrix, 17, 5, 5, "output_datatype", import_mel, 0);

/* ------------------------------------------------------------------------------------------------------- transforms */

/* A transform of so many terms, of which the input has some, whole or its first half. */
typedef struct transform {
    size_t length, given, parts; /* of the input along the axis, and 1, or 2: real and imaginary parts */
    size_t bins, made_parts;     /* of the result */
    bool inverse;
} transform;

/* Of part / whole turns; exact at the quarters, where a sum of whole numbers is to be one. */
static void turn(size_t part, size_t whole, double *cosine, double *sine) {
    static const double quarter[] = {1, 0, -1, 0};
    const bool exact = 4 * part % whole == 0;
    *cosine = exact ? quarter[4 * part / whole] : cos(TURN * (double)part / (double)whole);
    *sine = exact ? quarter[(4 * part / whole + 3) & 3] : sin(TURN * (double)part / (double)whole);
}

/* What term number n of the input, its part `part`, gives to the result's bin, its part `made`. A half that stands for
 * all has each term but the first, and the middle one, twice. */
static double share(const transform *of, size_t n, size_t part, size_t bin, size_t made) {
    double real, imaginary;
    turn(n * bin % of->length, of->length, &real, &imaginary);
    if (!of->inverse) imaginary = -imaginary;
    double factor = of->inverse ? 1 / (double)of->length : 1;
    if (of->inverse && of->made_parts == 1) factor *= n == 0 || 2 * n == of->length ? 1 : 2;
    if (part == made) return factor * real;
    return factor * (made == 1 ? imaginary : -imaginary);
}

/* [given x parts, bins x made parts] */
static soma_status make_table(soma_onnx_node *node, const transform *of, soma_onnx_value *table) {
    const size_t rows = of->given * of->parts, columns = of->bins * of->made_parts;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make_table(node, rows, columns, &numbers));
    for (size_t i = 0; i < rows * columns; i++) {
        const size_t row = i / columns, column = i % columns;
        const size_t n = row / of->parts;
        numbers[i] =
            n < of->length ? share(of, n, row % of->parts, column / of->made_parts, column % of->made_parts) : 0;
    }
    return soma_onnx_compose_numbers(node, ".table", 2, (size_t[]){rows, columns}, numbers, table);
}

/* The transformed axis: an attribute before opset 20. */
static soma_status get_axis(soma_onnx_node *node, uint32_t *axis) {
    const uint32_t rank = node->input[0]->shape.rank;
    int64_t given = node->opset < 20 ? 1 : -2;
    size_t count = 1;
    if (node->opset < 20)
        SOMA_TRY(soma_onnx_get_integer(node, "axis", 1, &given));
    else if (soma_onnx_optional(node, 2))
        SOMA_TRY(soma_onnx_integers(node, 2, &given, 1, &count));
    if (rank < 2 || count != 1) return soma_error(SOMA_INVALID_FILE, "%u dimensions and %zu axes", rank, count);
    SOMA_TRY(soma_onnx_axis(node, given, rank, axis));
    if (*axis + 1 == rank) return soma_error(SOMA_INVALID_FILE, "the last dimension is that of the parts");
    return *axis >= soma_onnx_first(node->importer, &node->input[0]->shape) ? SOMA_OK : soma_onnx_mixes(node);
}

static soma_status get_transform(soma_onnx_node *node, uint32_t axis, transform *of) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t inverse, half;
    SOMA_TRY(soma_onnx_get_integer(node, "inverse", 0, &inverse));
    SOMA_TRY(soma_onnx_get_integer(node, "onesided", 0, &half));
    *of = (transform){.given = x->dim[axis], .parts = x->dim[x->rank - 1], .inverse = inverse != 0, .made_parts = 2};
    of->length = of->inverse && half ? 2 * (of->given - 1) : of->given;
    if (soma_onnx_optional(node, 1)) SOMA_TRY(get_count(node, 1, &of->length));
    of->bins = half && !of->inverse ? of->length / 2 + 1 : of->length;
    if (half && of->inverse) of->made_parts = 1;
    if ((of->parts != 1 && of->parts != 2) || (half && of->parts != (of->inverse ? 2 : 1)) || of->length == 0)
        return soma_error(
            SOMA_INVALID_FILE, "%zu terms of %zu parts; numbers have one, real, or two, real and imaginary%s",
            of->length, of->parts, half ? of->inverse ? ", of a half that stands for all two" : ", of a half one" : "");
    if (half && of->inverse) of->given = SOMA_MIN(of->given, of->length / 2 + 1);
    return SOMA_OK;
}

/* The axis goes before the parts, where both are the terms of a product, and back. */
static soma_status import_transform(soma_onnx_node *node) {
    const soma_onnx_shape shape = node->input[0]->shape;
    int64_t order[SOMA_ONNX_MAX_RANK], back[SOMA_ONNX_MAX_RANK], dim[SOMA_ONNX_MAX_RANK] = {0};
    soma_onnx_value x, table, y;
    transform of;
    uint32_t axis = 0;
    SOMA_TRY(get_axis(node, &axis));
    SOMA_TRY(get_transform(node, axis, &of));
    const uint32_t rank = shape.rank;
    for (uint32_t i = 0, at = 0; i < rank; i++)
        if (i != axis && i + 1 != rank) order[at++] = i;
    order[rank - 2] = axis;
    order[rank - 1] = rank - 1;
    for (uint32_t i = 0; i < rank; i++) back[order[i]] = i;
    x = *node->input[0];
    if (of.given < shape.dim[axis]) SOMA_TRY(soma_onnx_compose_part(node, &x, axis, 0, of.given, &x));
    SOMA_TRY(soma_onnx_compose_turned(node, &x, order, &x));
    for (uint32_t i = 1; i + 2 < rank; i++) dim[i] = (int64_t)x.shape.dim[i];
    dim[rank - 2] = (int64_t)(of.given * of.parts);
    SOMA_TRY(soma_onnx_compose_reshaped(node, &x, dim, rank - 1, &x));
    SOMA_TRY(make_table(node, &of, &table));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, &y, &x, &table));
    dim[rank - 2] = (int64_t)of.bins;
    dim[rank - 1] = (int64_t)of.made_parts;
    SOMA_TRY(soma_onnx_compose_reshaped(node, &y, dim, rank, &y));
    SOMA_TRY(soma_onnx_compose_turned(node, &y, back, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(DFT, 17, 1, 3, "axis inverse onesided", import_transform, 0);

/* ----------------------------------------------------------------------------------------------------------- frames */

/* The numbers of the window, or 1 of each. */
static soma_status get_window(soma_onnx_node *node, size_t *length, const double **window) {
    const soma_onnx_value *given = soma_onnx_optional(node, 2);
    double *ones = NULL;
    size_t count;
    *length = 0;
    if (soma_onnx_optional(node, 3)) SOMA_TRY(get_count(node, 3, length));
    if (given) {
        if (!given->constant) return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file", given->name);
        SOMA_TRY(soma_onnx_numbers_of(node, 2, window, &count));
        if (*length == 0) *length = count;
        if (given->shape.rank == 1 && count == *length && count) return SOMA_OK;
        return soma_error(SOMA_INVALID_FILE, "a window of %zu numbers and frames of %zu", count, *length);
    }
    if (*length == 0) return soma_error(SOMA_INVALID_FILE, "neither a window nor frame_length is given");
    SOMA_TRY(soma_onnx_make_table(node, *length, 1, &ones));
    for (size_t i = 0; i < *length; i++) ones[i] = 1;
    *window = ones;
    return SOMA_OK;
}

/* [bins x 2, parts, length]: the filters of a convolution. */
static soma_status make_filters(soma_onnx_node *node, const transform *of, const double *window,
                                soma_onnx_value *filters) {
    double *numbers = NULL;
    const size_t rows = of->bins * 2 * of->parts;
    SOMA_TRY(soma_onnx_make_table(node, rows, of->length, &numbers));
    for (size_t i = 0; i < rows * of->length; i++) {
        const size_t n = i % of->length, part = i / of->length % of->parts, filter = i / of->length / of->parts;
        numbers[i] = window[n] * share(of, n, part, filter / 2, filter % 2);
    }
    return soma_onnx_compose_numbers(node, ".filters", 3, (size_t[]){of->bins * 2, of->parts, of->length}, numbers,
                                     filters);
}

/* Of a signal [batch, samples] or [batch, samples, parts]: [batch, frames, bins, 2]. */
static soma_status import_frames(soma_onnx_node *node) {
    const soma_onnx_shape shape = node->input[0]->shape;
    soma_onnx_value x, filters, y;
    soma_onnx_made made;
    const double *window = NULL;
    size_t step = 1, length;
    int64_t half;
    SOMA_TRY(soma_onnx_get_integer(node, "onesided", 1, &half));
    SOMA_TRY(get_count(node, 1, &step));
    SOMA_TRY(get_window(node, &length, &window));
    const size_t parts = shape.rank == 3 ? shape.dim[2] : 1;
    transform of = {.length = length, .given = length, .parts = parts, .made_parts = 2};
    of.bins = half ? length / 2 + 1 : length;
    if (shape.rank < 2 || shape.rank > 3 || (parts != 1 && parts != 2) || (half && parts != 1))
        return soma_error(SOMA_INVALID_FILE,
                          "a signal of %u dimensions and %zu parts; it must be [batch, samples, 1], "
                          "or [.., 2] where onesided is 0",
                          shape.rank, parts);
    if (shape.dim[1] < length)
        return soma_error(SOMA_INVALID_SHAPE, "a frame of %zu of a signal of %zu", length, shape.dim[1]);
    const int64_t frames = (int64_t)((shape.dim[1] - length) / step + 1);
    SOMA_TRY(soma_onnx_compose_reshaped(node, node->input[0],
                                        (const int64_t[]){0, (int64_t)shape.dim[1], (int64_t)parts}, 3, &x));
    SOMA_TRY(soma_onnx_compose_turned(node, &x, (const int64_t[]){0, 2, 1}, &x));
    SOMA_TRY(make_filters(node, &of, window, &filters));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integers(&made, "strides", (const int64_t[]){(int64_t)step}, 1);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Conv, &made, &y, &x, &filters));
    SOMA_TRY(soma_onnx_compose_turned(node, &y, (const int64_t[]){0, 2, 1}, &y));
    SOMA_TRY(soma_onnx_compose_reshaped(node, &y, (const int64_t[]){0, frames, (int64_t)of.bins, 2}, 4, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(STFT, 17, 2, 4, "onesided", import_frames, 0);
