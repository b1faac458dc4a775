/* SPDX-License-Identifier: MIT */
/* See window.h. */
#include "nn/layers/window.h"

#include <string.h>

#define MOST_COLOURS 4 /* red, green, blue, and how far one sees through */

soma_status soma_window_rank(const char *what, const size_t size[3], const size_t *const *others, size_t count,
                             uint32_t *rank) {
    for (*rank = 0; *rank < 3 && size[*rank]; ++*rank)
        ;
    for (uint32_t i = *rank; i < 3; i++) {
        bool more = size[i] != 0;
        for (size_t j = 0; j < count; j++) more = more || others[j][i];
        if (more)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "%s has %u size%s; there is a size, stride, dilation or padding for a dimension %u, too",
                              what, *rank, *rank == 1 ? "" : "s", i);
    }
    return *rank ? SOMA_OK : soma_error(SOMA_INVALID_ARGUMENT, "%s has no sizes; at least one is needed", what);
}

uint64_t soma_window_reach(const soma_window_place *place, uint32_t dimension) {
    return (uint64_t)place->dilation[dimension] * (place->size[dimension] - 1) + 1;
}

static soma_status number_in(const char *what, uint32_t dimension, size_t value, size_t least, uint32_t *out) {
    *out = (uint32_t)value;
    if (value >= least && value <= INT32_MAX) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s of dimension %u is %zu, it must be from %zu to %d", what, dimension,
                      value, least, INT32_MAX);
}

/* So much that ceil(size / stride) windows fit; where it is odd, the one more is behind. */
static void pad_same(const soma_tensor *x, uint32_t rank, soma_window_place *place) {
    for (uint32_t i = 3 - rank; i < 3; i++) {
        uint64_t size = x->shape[x->rank - 1 - 3 + i], stride = place->stride[i];
        uint64_t covered = (size - 1) / stride * stride + soma_window_reach(place, i);
        uint64_t missing = covered > size ? covered - size : 0;
        place->before[i] = (int32_t)(missing / 2);
        place->after[i] = (int32_t)(missing - missing / 2);
    }
}

soma_status soma_window_resolve(const soma_window *window, const soma_tensor *x, soma_window_place *place) {
    *place = (soma_window_place){.size = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    if ((unsigned)window->padding > SOMA_PADDING_EXPLICIT)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no padding number %d", (int)window->padding);
    for (uint32_t i = 0; i < window->rank; i++) {
        uint32_t at = 3 - window->rank + i, before = 0, after = 0;
        SOMA_TRY(number_in("the size", i, window->size[i], 1, &place->size[at]));
        if (window->stride[i]) SOMA_TRY(number_in("the stride", i, window->stride[i], 1, &place->stride[at]));
        if (window->dilation[i]) SOMA_TRY(number_in("the dilation", i, window->dilation[i], 1, &place->dilation[at]));
        if (soma_window_reach(place, at) > INT32_MAX)
            return soma_error(SOMA_INVALID_ARGUMENT, "%u positions with a dilation of %u reach over more than %d",
                              place->size[at], place->dilation[at], INT32_MAX);
        if (window->padding != SOMA_PADDING_EXPLICIT && (window->before[i] || window->after[i]))
            return soma_error(
                SOMA_INVALID_ARGUMENT,
                "padding of %zu before and %zu after, where the kind of padding is valid or same; numbers "
                "need SOMA_PADDING_EXPLICIT",
                window->before[i], window->after[i]);
        if (window->padding != SOMA_PADDING_EXPLICIT) continue;
        SOMA_TRY(number_in("the padding before", i, window->before[i], 0, &before));
        SOMA_TRY(number_in("the padding after", i, window->after[i], 0, &after));
        place->before[at] = (int32_t)before;
        place->after[at] = (int32_t)after;
    }
    if (window->padding == SOMA_PADDING_SAME) pad_same(x, window->rank, place);
    return SOMA_OK;
}

soma_status soma_layer_channels(soma_tensor *x, uint32_t rank, soma_tensor **out) {
    static const char *const forms[] = {"", "[time, channels]", "[height, width, channels]",
                                        "[depth, height, width, channels]"};
    char text[SOMA_SHAPE_TEXT];
    *out = x;
    if (x->batched && x->rank == rank + 1) return SOMA_OK;
    if (!x->batched || x->rank != rank)
        return soma_error(SOMA_INVALID_SHAPE,
                          "over %u dimension%s it takes %s per sample, or these without channels, got %s", rank,
                          rank == 1 ? "" : "s", forms[rank], soma_tensor_shape_text(x, text));
    soma_tensor like = *x;
    like.shape[like.rank++] = 1;
    return soma_graph_reshape(x->graph, x, &like, out);
}

/* Whether nothing has said yet what is last in x, channels or a dimension of positions: no layer has worked over
 * either. So few that they are colours are channels. */
static bool may_lack_channels(const soma_tensor *x) {
    if (x->rank < 2 || x->rank > 3 || x->shape[x->rank - 1] <= MOST_COLOURS) return false;
    while (x->op == SOMA_OP_UNARY || x->op == SOMA_OP_DROPOUT || x->op == SOMA_OP_NORMALIZE) x = x->input[0];
    const soma_layer *layer = x->layer ? &soma_layer_network(x)->layers[x->layer - 1] : NULL;
    return x->op == SOMA_OP_INPUT || (layer && strcmp(layer->kind, "reshape") == 0);
}

/* A picture without channels looks like a sequence, and both can be meant. */
static void tell_reading(const soma_clause *clause, const soma_tensor *x) {
    char text[SOMA_SHAPE_TEXT], place[SOMA_CLAUSE_PLACE];
    soma_word word = clause->words[0];
    const char *open = memchr(word.start, '(', word.length);
    int length = (int)(open ? (size_t)(open - word.start) : word.length);
    uint32_t rank = x->rank - 1;
    soma_log(
        SOMA_LOG_WARNING,
        "%s, \"%.*s\": the last dimension of %s is taken for channels; %.*s%ud says that it is, %.*s%ud that there "
        "are none",
        soma_clause_place(clause, place), length, word.start, soma_tensor_shape_text(x, text), length, word.start, rank,
        length, word.start, rank + 1);
}

soma_status soma_positions_of_text(const soma_clause *clause, uint32_t sizes, soma_tensor **x, uint32_t *rank) {
    uint32_t named = soma_clause_dimensions(clause);
    soma_word word = clause->words[0];
    char text[SOMA_SHAPE_TEXT];
    if (named && sizes > 1 && sizes != named)
        return soma_clause_reject(clause, word, "the word names %u dimensions, the sizes are for %u", named, sizes);
    if (sizes > 3) return soma_clause_reject(clause, word, "sizes for %u dimensions; 1 to 3 are possible", sizes);
    *rank = named ? named : sizes > 1 ? sizes : (*x)->rank ? (*x)->rank - 1 : 0;
    if (*rank == 0)
        return soma_clause_reject(clause, word, "it takes positions and, last, channels, as in [28, 28, 3], got %s",
                                  soma_tensor_shape_text(*x, text));
    if (!named && sizes <= 1 && may_lack_channels(*x)) tell_reading(clause, *x);
    soma_status status = soma_layer_channels(*x, *rank, x);
    return status == SOMA_OK ? SOMA_OK : soma_clause_prefix(clause, word, status);
}

soma_status soma_window_padding(const soma_clause *clause, soma_word text, soma_window *window) {
    window->padding = SOMA_PADDING_VALID;
    if (soma_name_is_one_of("valid", text.start, text.length)) return SOMA_OK;
    window->padding = SOMA_PADDING_SAME;
    if (soma_name_is_one_of("same", text.start, text.length)) return SOMA_OK;
    window->padding = SOMA_PADDING_EXPLICIT;
    return soma_clause_sides(clause, text, "the padding, if not valid or same,", window->rank, window->before,
                             window->after);
}
