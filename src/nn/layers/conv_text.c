/* SPDX-License-Identifier: MIT */
/* Convolutions in a text: conv 32 3x3 [stride 2] [dilation 2] [groups 4] [pad same] [nobias] [relu] [he_normal]. */
#include "nn/layers/window.h"

#include <string.h>

/* What may follow the kernel, each once. */
typedef enum conv_word {
    STRIDE,
    DILATION,
    GROUPS,
    PAD,
    OUTPUT_PADDING,
    MULTIPLIER,
    NOBIAS,
    ACTIVATION,
    INITIALIZER
} conv_word;

static const struct {
    const char *name, *words; /* further ones */
    bool has_value;
} words[] = {
    [STRIDE] = {"stride", "strides", true},
    [DILATION] = {"dilation", "dilations dilation_rate", true},
    [GROUPS] = {"groups", NULL, true},
    [PAD] = {"pad", "padding", true},
    [OUTPUT_PADDING] = {"output_padding", NULL, true},
    [MULTIPLIER] = {"multiplier", "depth_multiplier", true},
    [NOBIAS] = {"nobias", NULL, false},
    [ACTIVATION] = {"activation", NULL, false},
    [INITIALIZER] = {"initializer", NULL, false},
};

static bool find_word(soma_word text, conv_word *found) {
    for (int i = 0; i <= NOBIAS; i++)
        if (soma_name_is_one_of(words[i].name, text.start, text.length) ||
            soma_name_is_one_of(words[i].words, text.start, text.length))
            return *found = (conv_word)i, true;
    return false;
}

/* A word that has no value: nobias, a function, an initializer. */
static soma_status parse_word(const soma_clause *clause, soma_word text, soma_conv_options *options, conv_word *kind) {
    char functions[SOMA_NAME_LIST], initializers[SOMA_NAME_LIST];
    bool found;
    *kind = ACTIVATION;
    SOMA_TRY(soma_clause_function(clause, text, &found, &options->activation, &options->function));
    if (found) return SOMA_OK;
    *kind = INITIALIZER;
    SOMA_TRY(soma_clause_initializer(clause, text, &found, &options->weight_initializer, &options->weight_scale));
    if (found) return SOMA_OK;
    return soma_clause_reject(clause, text,
                              "expected stride, dilation, groups, pad, output_padding, multiplier, nobias, an "
                              "activation (%s) or an initializer (%s)",
                              soma_name_list(SOMA_NAMES_FUNCTION, functions),
                              soma_name_list(SOMA_NAMES_INITIALIZER, initializers));
}

static soma_status parse_padding(const soma_clause *clause, soma_word value, uint32_t rank,
                                 soma_conv_options *options) {
    soma_window window = {.rank = rank};
    SOMA_TRY(soma_window_padding(clause, value, &window));
    options->padding = window.padding;
    memcpy(options->before, window.before, sizeof options->before);
    memcpy(options->after, window.after, sizeof options->after);
    return SOMA_OK;
}

static soma_status parse_value(const soma_clause *clause, conv_word kind, soma_word value, uint32_t rank,
                               soma_conv_options *options) {
    switch (kind) {
    case STRIDE:
        return soma_clause_sizes_of(clause, value, "the stride", 1, rank, options->stride);
    case DILATION:
        return soma_clause_sizes_of(clause, value, "the dilation", 1, rank, options->dilation);
    case GROUPS:
        return soma_clause_size(clause, value, "the number of groups", &options->groups);
    case PAD:
        return parse_padding(clause, value, rank, options);
    case OUTPUT_PADDING:
        return soma_clause_sizes_of(clause, value, "the output padding", 0, rank, options->output_padding);
    default:
        return soma_clause_size(clause, value, "the multiplier", &options->multiplier);
    }
}

static soma_status parse_options(const soma_clause *clause, size_t first, uint32_t rank, soma_conv_options *options) {
    unsigned seen = 0;
    for (size_t i = first; i < clause->count; i++) {
        soma_word text = clause->words[i];
        conv_word kind = NOBIAS;
        bool keyword = find_word(text, &kind);
        if (!keyword) SOMA_TRY(parse_word(clause, text, options, &kind));
        if (seen >> kind & 1) return soma_clause_reject(clause, text, "a second %s", words[kind].name);
        seen |= 1u << kind;
        if (keyword && kind == NOBIAS) options->no_bias = true;
        if (!words[kind].has_value) continue;
        if (++i == clause->count) return soma_clause_reject(clause, text, "a value is to follow");
        SOMA_TRY(parse_value(clause, kind, clause->words[i], rank, options));
    }
    return SOMA_OK;
}

/* The kernel has as many sizes as there are dimensions, unless the layer's word says how many: conv2d 32 3. */
static soma_status parse_kernel(const soma_clause *clause, soma_word text, size_t kernel[3], uint32_t *rank) {
    *rank = soma_clause_dimensions(clause);
    if (*rank) return soma_clause_sizes_of(clause, text, "the kernel", 1, *rank, kernel);
    return soma_clause_sizes(clause, text, "the kernel", 1, kernel, rank);
}

/* WORD [FILTERS] KERNEL ... */
static soma_status parse(const soma_clause *clause, size_t *filters, const char *example, soma_conv_options *options) {
    size_t next = 1;
    uint32_t rank;
    if (clause->count < (filters ? 3u : 2u))
        return soma_clause_reject(clause, clause->words[0], "%s? For example \"%s\"",
                                  filters ? "how many filters, and which kernel" : "which kernel", example);
    if (filters) SOMA_TRY(soma_clause_size(clause, clause->words[next++], "the number of filters", filters));
    SOMA_TRY(parse_kernel(clause, clause->words[next++], options->kernel, &rank));
    return parse_options(clause, next, rank, options);
}

typedef soma_tensor *conv_builder(soma_tensor *x, size_t filters, const soma_conv_options *options);

static soma_status with_filters(const soma_clause *clause, conv_builder *build, const char *example, soma_tensor **x) {
    soma_conv_options options = {.name = NULL};
    size_t filters = 0;
    SOMA_TRY(parse(clause, &filters, example, &options));
    *x = build(*x, filters, &options);
    return SOMA_OK;
}

static soma_status conv_of_text(const soma_clause *clause, soma_tensor **x) {
    return with_filters(clause, soma_conv, "conv 32 3x3 relu", x);
}

static soma_status separable_of_text(const soma_clause *clause, soma_tensor **x) {
    return with_filters(clause, soma_separable, "separable 32 3x3 relu", x);
}

static soma_status convtranspose_of_text(const soma_clause *clause, soma_tensor **x) {
    return with_filters(clause, soma_conv_transpose, "convtranspose 16 4x4 stride 2", x);
}

static soma_status depthwise_of_text(const soma_clause *clause, soma_tensor **x) {
    soma_conv_options options = {.name = NULL};
    SOMA_TRY(parse(clause, NULL, "depthwise 3x3 relu", &options));
    *x = soma_depthwise(*x, &options);
    return SOMA_OK;
}

SOMA_LAYER(conv) = {.build = conv_of_text, .has_dimensions = true, .words = "convolution"};
SOMA_LAYER(depthwise) = {
    .build = depthwise_of_text, .has_dimensions = true, .words = "depthwiseconv depthwise_convolution"};
SOMA_LAYER(separable) = {
    .build = separable_of_text, .has_dimensions = true, .words = "separableconv separable_convolution"};
SOMA_LAYER(convtranspose) = {.build = convtranspose_of_text,
                             .has_dimensions = true,
                             .words = "convtransposed transposedconv deconv deconvolution"};
