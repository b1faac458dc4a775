/* SPDX-License-Identifier: MIT */
/* zeropad, reflectpad, edgepad: more positions around those that there are; crop: fewer. */
#include "nn/layers/window.h"

#define MOST_COPIES 30 /* on a side: each is a piece of its own */

static soma_status check_sides(const soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after) {
    char text[SOMA_SHAPE_TEXT];
    if (!before || !after) return soma_error(SOMA_INVALID_ARGUMENT, "the numbers before and after are NULL");
    if (x->batched && rank >= 1 && rank < x->rank) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "over %u dimensions it takes these and, last, channels, got %s", rank,
                      soma_tensor_shape_text(x, text));
}

static soma_status add_zeros(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after,
                             soma_tensor **out) {
    soma_attributes attributes = {.pad = {.value = 0}};
    for (uint32_t i = 0; i < rank; i++) {
        attributes.pad.before[x->rank - 1 - rank + i] = before[i];
        attributes.pad.after[x->rank - 1 - rank + i] = after[i];
    }
    soma_tensor_spec spec = {.op = SOMA_OP_PAD, .input_count = 1, .input = &x, .attributes = attributes};
    return soma_graph_add(x->graph, &spec, out);
}

/* A dimension that goes on beyond its edges. */
typedef struct edges {
    soma_pad_mode mode;
    size_t size, before;
} edges;

static size_t place_of(const void *context, size_t i) {
    const edges *of = context;
    bool in_front = i < of->before;
    size_t beyond = in_front ? of->before - i : i - of->before; /* the edge, or the first position */
    if (!in_front && beyond < of->size) return beyond;
    if (of->mode == SOMA_PAD_EDGE) return in_front ? 0 : of->size - 1;
    return in_front ? beyond : 2 * (of->size - 1) - beyond;
}

static soma_status add_mirrored(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after,
                                soma_pad_mode mode, soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    *out = x;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t at = x->rank - 1 - rank + i;
        const edges of = {mode, x->shape[at], before[i]};
        if (mode == SOMA_PAD_REFLECT && (before[i] >= of.size || after[i] >= of.size))
            return soma_error(
                SOMA_INVALID_SHAPE,
                "dimension %u of %s has %zu positions; %zu and %zu around it are not less, as a reflection "
                "must be",
                at, soma_tensor_shape_text(x, text), of.size, before[i], after[i]);
        if (before[i] > MOST_COPIES || after[i] > MOST_COPIES)
            return soma_error(SOMA_INVALID_ARGUMENT, "%zu and %zu around dimension %u; at most %d are possible",
                              before[i], after[i], at, MOST_COPIES);
        SOMA_TRY(soma_graph_pick(*out, at, of.size + before[i] + after[i], place_of, &of, out));
    }
    return SOMA_OK;
}

static soma_status add_pad(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after, soma_pad_mode mode,
                           soma_tensor **out) {
    if ((unsigned)mode > SOMA_PAD_EDGE)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no way to pad number %d", (int)mode);
    SOMA_TRY(check_sides(x, rank, before, after));
    return mode == SOMA_PAD_ZERO ? add_zeros(x, rank, before, after, out)
                                 : add_mirrored(x, rank, before, after, mode, out);
}

soma_tensor *soma_pad(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after, soma_pad_mode mode) {
    static const char *const kinds[] = {"zeropad", "reflectpad", "edgepad"};
    if (!x || !soma_layer_begin(soma_layer_network(x), (unsigned)mode > SOMA_PAD_EDGE ? "pad" : kinds[mode], NULL))
        return NULL;
    soma_tensor *out = NULL;
    soma_status status = add_pad(x, rank, before, after, mode, &out);
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

/* WORD SIZE or WORD BEFORE,AFTER,... */
static soma_status parse_sides(const soma_clause *clause, const char *form, soma_tensor **x, uint32_t *rank,
                               size_t before[3], size_t after[3]) {
    uint32_t sizes = 1, commas = 0;
    SOMA_TRY(soma_clause_expect_words(clause, 2, form));
    for (size_t i = 0; i < clause->words[1].length; i++) {
        commas += clause->words[1].start[i] == ',';
        sizes += clause->words[1].start[i] == 'x';
    }
    if (commas > 1) sizes = (commas + 1) / 2;
    SOMA_TRY(soma_positions_of_text(clause, sizes, x, rank));
    return soma_clause_sides(clause, clause->words[1], "what is at the sides", *rank, before, after);
}

static soma_status pad_of_text(const soma_clause *clause, const char *form, soma_pad_mode mode, soma_tensor **x) {
    size_t before[3], after[3];
    uint32_t rank;
    SOMA_TRY(parse_sides(clause, form, x, &rank, before, after));
    *x = soma_pad(*x, rank, before, after, mode);
    return SOMA_OK;
}

static soma_status zeropad_of_text(const soma_clause *clause, soma_tensor **x) {
    return pad_of_text(clause, "zeropad SIZE", SOMA_PAD_ZERO, x);
}

static soma_status reflectpad_of_text(const soma_clause *clause, soma_tensor **x) {
    return pad_of_text(clause, "reflectpad SIZE", SOMA_PAD_REFLECT, x);
}

static soma_status edgepad_of_text(const soma_clause *clause, soma_tensor **x) {
    return pad_of_text(clause, "edgepad SIZE", SOMA_PAD_EDGE, x);
}

static soma_status crop_of_text(const soma_clause *clause, soma_tensor **x) {
    size_t before[3], after[3];
    uint32_t rank;
    SOMA_TRY(parse_sides(clause, "crop SIZE", x, &rank, before, after));
    *x = soma_crop(*x, rank, before, after);
    return SOMA_OK;
}

SOMA_LAYER(zeropad) = {.build = zeropad_of_text, .has_dimensions = true, .words = "zeropadding"};
SOMA_LAYER(reflectpad) = {.build = reflectpad_of_text, .has_dimensions = true, .words = "reflectionpad"};
SOMA_LAYER(edgepad) = {.build = edgepad_of_text, .has_dimensions = true, .words = "replicationpad"};
SOMA_LAYER(crop) = {.build = crop_of_text, .has_dimensions = true, .words = "cropping"};
