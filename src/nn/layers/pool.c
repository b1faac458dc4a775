/* SPDX-License-Identifier: MIT */
/* maxpool, avgpool: the largest, or the mean, of windows. */
#include "nn/layers/window.h"

#include <string.h>

static soma_status resolve(const soma_pool_options *options, soma_tensor *x, soma_tensor **with_channels,
                           soma_window_place *place) {
    const size_t *const others[] = {options->stride, options->dilation, options->before, options->after};
    soma_window window = {.padding = options->padding};
    SOMA_TRY(soma_window_rank("the window", options->size, others, SOMA_COUNT_OF(others), &window.rank));
    memcpy(window.size, options->size, sizeof window.size);
    memcpy(window.dilation, options->dilation, sizeof window.dilation);
    memcpy(window.before, options->before, sizeof window.before);
    memcpy(window.after, options->after, sizeof window.after);
    for (uint32_t i = 0; i < window.rank; i++)
        window.stride[i] = options->stride[i] ? options->stride[i] : options->size[i];
    SOMA_TRY(soma_layer_channels(x, window.rank, with_channels));
    return soma_window_resolve(&window, *with_channels, place);
}

/* A window that lies in the padding alone has no largest element, and no mean. */
static soma_status check_padding(const soma_window_place *place) {
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t reach = soma_window_reach(place, i);
        if ((uint64_t)place->before[i] >= reach || (uint64_t)place->after[i] >= reach)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "a padding of %d and %d; it must be less than what the window reaches over (%llu)",
                              place->before[i], place->after[i], (unsigned long long)reach);
    }
    return SOMA_OK;
}

static soma_status build(soma_pool_kind kind, soma_tensor *x, const soma_pool_options *options, soma_tensor **out) {
    soma_window_place place;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_pool_options"));
    if (options->count_padding && kind == SOMA_POOL_MAX)
        return soma_error(SOMA_INVALID_ARGUMENT, "the padding is to be counted, which an average alone does");
    SOMA_TRY(resolve(options, x, &x, &place));
    SOMA_TRY(check_padding(&place));
    soma_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    soma_pool_params *params = &attributes.pool.params;
    params->kind = kind;
    params->count_padding = options->count_padding;
    memcpy(params->size, place.size, sizeof params->size);
    memcpy(params->stride, place.stride, sizeof params->stride);
    memcpy(params->dilation, place.dilation, sizeof params->dilation);
    memcpy(params->before, place.before, sizeof params->before);
    memcpy(params->after, place.after, sizeof params->after);
    attributes.pool.ceil = options->ceil_mode;
    soma_tensor_spec spec = {.op = SOMA_OP_POOL, .input_count = 1, .input = &x, .attributes = attributes};
    return soma_graph_add(x->graph, &spec, out);
}

static soma_tensor *pool(soma_pool_kind kind, soma_tensor *x, const soma_pool_options *options) {
    static const soma_pool_options none;
    if (!options) options = &none;
    if (!x || !soma_layer_begin(soma_layer_network(x), kind == SOMA_POOL_MAX ? "maxpool" : "avgpool", options->name))
        return NULL;
    soma_tensor *out = NULL;
    soma_status status = build(kind, x, options, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_max_pool(soma_tensor *x, const soma_pool_options *options) {
    return pool(SOMA_POOL_MAX, x, options);
}

soma_tensor *soma_average_pool(soma_tensor *x, const soma_pool_options *options) {
    return pool(SOMA_POOL_AVERAGE, x, options);
}

/* --------------------------------------------------------------------------------------------------------- as text */

/* What may follow the size, each once. */
typedef enum pool_word { STRIDE, DILATION, PAD, CEIL, COUNTPAD, POOL_WORDS } pool_word;

static const struct {
    const char *name, *words; /* further ones */
} words[POOL_WORDS] = {
    [STRIDE] = {"stride", "strides"},
    [DILATION] = {"dilation", "dilations dilation_rate"},
    [PAD] = {"pad", "padding"},
    [CEIL] = {"ceil", "ceil_mode"},
    [COUNTPAD] = {"countpad", "count_padding count_include_pad"},
};

static pool_word word_of(soma_word text) {
    int i = 0;
    while (i < POOL_WORDS && !soma_name_is_one_of(words[i].name, text.start, text.length) &&
           !soma_name_is_one_of(words[i].words, text.start, text.length))
        i++;
    return (pool_word)i;
}

static soma_status parse_value(const soma_clause *clause, pool_word kind, soma_word value, uint32_t rank,
                               soma_pool_options *options) {
    if (kind == STRIDE) return soma_clause_sizes_of(clause, value, "the stride", 1, rank, options->stride);
    if (kind == DILATION) return soma_clause_sizes_of(clause, value, "the dilation", 1, rank, options->dilation);
    soma_window window = {.rank = rank};
    SOMA_TRY(soma_window_padding(clause, value, &window));
    options->padding = window.padding;
    memcpy(options->before, window.before, sizeof options->before);
    memcpy(options->after, window.after, sizeof options->after);
    return SOMA_OK;
}

static soma_status parse_options(const soma_clause *clause, bool average, uint32_t rank, soma_pool_options *options) {
    unsigned seen = 0;
    for (size_t i = 2; i < clause->count; i++) {
        soma_word text = clause->words[i];
        pool_word kind = word_of(text);
        if (kind == POOL_WORDS || (kind == COUNTPAD && !average))
            return soma_clause_reject(clause, text, "expected stride, dilation, pad%s",
                                      average ? ", ceil or countpad" : " or ceil");
        if (seen >> kind & 1) return soma_clause_reject(clause, text, "a second %s", words[kind].name);
        seen |= 1u << kind;
        options->ceil_mode |= kind == CEIL;
        options->count_padding |= kind == COUNTPAD;
        if (kind == CEIL || kind == COUNTPAD) continue;
        if (++i == clause->count) return soma_clause_reject(clause, text, "a value is to follow");
        SOMA_TRY(parse_value(clause, kind, clause->words[i], rank, options));
    }
    return SOMA_OK;
}

/* maxpool SIZES [stride 2] [dilation 2] [pad same] [ceil] */
static soma_status pool_of_text(const soma_clause *clause, soma_pool_kind kind, soma_tensor **x) {
    soma_pool_options options = {.name = NULL};
    bool average = kind == SOMA_POOL_AVERAGE;
    uint32_t sizes, rank;
    if (clause->count < 2)
        return soma_clause_reject(clause, clause->words[0], "how large a window? For example \"%s 2\"",
                                  average ? "avgpool" : "maxpool");
    SOMA_TRY(soma_clause_sizes(clause, clause->words[1], "the window", 1, options.size, &sizes));
    SOMA_TRY(soma_positions_of_text(clause, sizes, x, &rank));
    SOMA_TRY(soma_clause_sizes_of(clause, clause->words[1], "the window", 1, rank, options.size));
    SOMA_TRY(parse_options(clause, average, rank, &options));
    *x = pool(kind, *x, &options);
    return SOMA_OK;
}

static soma_status maxpool_of_text(const soma_clause *clause, soma_tensor **x) {
    return pool_of_text(clause, SOMA_POOL_MAX, x);
}

static soma_status avgpool_of_text(const soma_clause *clause, soma_tensor **x) {
    return pool_of_text(clause, SOMA_POOL_AVERAGE, x);
}

SOMA_LAYER(maxpool) = {.build = maxpool_of_text, .has_dimensions = true, .words = "maxpooling"};
SOMA_LAYER(avgpool) = {
    .build = avgpool_of_text, .has_dimensions = true, .words = "avgpooling averagepool averagepooling"};
