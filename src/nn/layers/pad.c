/* SPDX-License-Identifier: MIT */
/* zeropad: zeros around the positions; crop: positions at the edges left out. */
#include "nn/layers/window.h"

static soma_status check_sides(const soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after) {
    char text[SOMA_SHAPE_TEXT];
    if (!before || !after) return soma_error(SOMA_INVALID_ARGUMENT, "the numbers before and after are NULL");
    if (x->batched && rank >= 1 && rank < x->rank) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "over %u dimensions it takes these and, last, channels, got %s", rank,
                      soma_tensor_shape_text(x, text));
}

/* The dimensions are the last `rank` before the channels. */
static soma_status add_pad(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after,
                           soma_tensor **out) {
    SOMA_TRY(check_sides(x, rank, before, after));
    soma_attributes attributes = {.pad = {.value = 0}};
    for (uint32_t i = 0; i < rank; i++) {
        attributes.pad.before[x->rank - 1 - rank + i] = before[i];
        attributes.pad.after[x->rank - 1 - rank + i] = after[i];
    }
    soma_tensor_spec spec = {.op = SOMA_OP_PAD, .input_count = 1, .input = &x, .attributes = attributes};
    return soma_graph_add(x->graph, &spec, out);
}

soma_tensor *soma_zero_pad(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after) {
    if (!x || !soma_layer_begin(soma_layer_network(x), "zeropad", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = add_pad(x, rank, before, after, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

static soma_status add_crop(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after,
                            soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(check_sides(x, rank, before, after));
    *out = x;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t dimension = x->rank - 1 - rank + i;
        size_t size = x->shape[dimension];
        if (before[i] >= size || after[i] >= size - before[i])
            return soma_error(SOMA_INVALID_SHAPE, "%zu before and %zu after leave nothing of dimension %u of %s",
                              before[i], after[i], dimension, soma_tensor_shape_text(x, text));
        soma_tensor *whole = *out;
        soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &whole};
        spec.attributes.slice.axis = soma_layer_axis(x, dimension);
        spec.attributes.slice.start = before[i];
        spec.attributes.slice.length = size - before[i] - after[i];
        SOMA_TRY(soma_graph_add(x->graph, &spec, out));
    }
    return SOMA_OK;
}

soma_tensor *soma_crop(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after) {
    if (!x || !soma_layer_begin(soma_layer_network(x), "crop", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = add_crop(x, rank, before, after, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* --------------------------------------------------------------------------------------------------------- as text */

typedef soma_tensor *sides_builder(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after);

static soma_status sides_of_text(const soma_clause *clause, const char *form, sides_builder *build, soma_tensor **x) {
    size_t before[3], after[3];
    uint32_t sizes = 1, commas = 0, rank;
    SOMA_TRY(soma_clause_expect_words(clause, 2, form));
    for (size_t i = 0; i < clause->words[1].length; i++) {
        commas += clause->words[1].start[i] == ',';
        sizes += clause->words[1].start[i] == 'x';
    }
    if (commas > 1) sizes = (commas + 1) / 2;
    SOMA_TRY(soma_positions_of_text(clause, sizes, x, &rank));
    SOMA_TRY(soma_clause_sides(clause, clause->words[1], "what is at the sides", rank, before, after));
    *x = build(*x, rank, before, after);
    return SOMA_OK;
}

static soma_status zeropad_of_text(const soma_clause *clause, soma_tensor **x) {
    return sides_of_text(clause, "zeropad SIZE", soma_zero_pad, x);
}

static soma_status crop_of_text(const soma_clause *clause, soma_tensor **x) {
    return sides_of_text(clause, "crop SIZE", soma_crop, x);
}

SOMA_LAYER(zeropad) = {.build = zeropad_of_text, .has_dimensions = true, .words = "zeropadding"};
SOMA_LAYER(crop) = {.build = crop_of_text, .has_dimensions = true, .words = "cropping"};
