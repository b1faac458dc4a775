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

/* What a kind of convolution is asked for, and takes. */
typedef struct conv_form {
    const char *example, *words;
    bool has_filters;
} conv_form;

static bool find_word(soma_word text, conv_word *found) {
    for (int i = 0; i <= NOBIAS; i++)
        if (soma_name_is_one_of(words[i].name, text.start, text.length) ||
            soma_name_is_one_of(words[i].words, text.start, text.length))
            return *found = (conv_word)i, true;
    return false;
}

/* A word that has no value: nobias, a function, an initializer. */
static soma_status parse_word(const soma_clause *clause, const conv_form *form, soma_word text,
                              soma_conv_options *options, conv_word *kind) {
    char functions[SOMA_NAME_LIST], initializers[SOMA_NAME_LIST];
    bool found;
    *kind = ACTIVATION;
    SOMA_TRY(soma_clause_function(clause, text, &found, &options->activation, &options->function));
    if (found) return SOMA_OK;
    *kind = INITIALIZER;
    SOMA_TRY(soma_clause_initializer(clause, text, &found, &options->weight_initializer, &options->weight_scale));
    if (found) return SOMA_OK;
    return soma_clause_reject(clause, text, "expected %s, nobias, an activation (%s) or an initializer (%s)",
                              form->words, soma_name_list(SOMA_NAMES_FUNCTION, functions),
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

static bool is_number(soma_word text) {
    size_t ignored;
    return soma_word_number(text, 1, &ignored);
}

static bool is_x(soma_word text) {
    return text.length == 1 && (*text.start == 'x' || *text.start == 'X');
}

/* Behind a kernel of one size: "3 3", "3 x 3", or, where there are no filters to number, "8 3x3". */
static soma_status refuse_apart(const soma_clause *clause, const conv_form *form, size_t first) {
    if (first >= clause->count || !is_number(clause->words[first - 1])) return SOMA_OK;
    const soma_word one = clause->words[first - 1], next = clause->words[first];
    const size_t second = first + is_x(next);
    if (second < clause->count && is_number(clause->words[second]))
        return soma_clause_reject(clause, next, "a kernel's sizes are one word; write %.*sx%.*s", (int)one.length,
                                  one.start, (int)clause->words[second].length, clause->words[second].start);
    size_t sizes[3];
    uint32_t count;
    if (form->has_filters || soma_clause_sizes(clause, next, "the kernel", 1, sizes, &count) != SOMA_OK) return SOMA_OK;
    const soma_word name = clause->words[0];
    return soma_clause_reject(clause, one, "%.*s takes no number of filters; write %.*s %.*s", (int)name.length,
                              name.start, (int)name.length, name.start, (int)next.length, next.start);
}

/* One size is of one dimension, unless the layer's word says how many there are. */
static soma_status refuse_sequence(const soma_clause *clause, soma_word kernel, const soma_tensor *x) {
    char text[SOMA_SHAPE_TEXT];
    if (soma_clause_dimensions(clause) || !is_number(kernel) || !x->batched || x->rank < 3 || x->rank > 4)
        return SOMA_OK;
    const int length = (int)kernel.length;
    return soma_clause_reject(clause, kernel,
                              "a kernel of one size works over one dimension, [time, channels] per sample, got %s; "
                              "write %.*sx%.*s%s%.*s",
                              soma_tensor_shape_text(x, text), length, kernel.start, length, kernel.start,
                              x->rank == 4 ? "x" : "", x->rank == 4 ? length : 0, kernel.start);
}

static soma_status parse_options(const soma_clause *clause, const conv_form *form, size_t first, uint32_t rank,
                                 soma_conv_options *options) {
    unsigned seen = 0;
    SOMA_TRY(refuse_apart(clause, form, first));
    for (size_t i = first; i < clause->count; i++) {
        soma_word text = clause->words[i];
        conv_word kind = NOBIAS;
        bool keyword = find_word(text, &kind);
        if (!keyword) SOMA_TRY(parse_word(clause, form, text, options, &kind));
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
static soma_status parse(const soma_clause *clause, const conv_form *form, const soma_tensor *x, size_t *filters,
                         soma_conv_options *options) {
    size_t next = 1;
    uint32_t rank;
    if (clause->count < (form->has_filters ? 3u : 2u))
        return soma_clause_reject(clause, clause->words[0], "%s? For example \"%s\"",
                                  form->has_filters ? "how many filters, and which kernel" : "which kernel",
                                  form->example);
    if (form->has_filters) SOMA_TRY(soma_clause_size(clause, clause->words[next++], "the number of filters", filters));
    const soma_word kernel = clause->words[next++];
    SOMA_TRY(parse_kernel(clause, kernel, options->kernel, &rank));
    SOMA_TRY(parse_options(clause, form, next, rank, options));
    return refuse_sequence(clause, kernel, x);
}

typedef soma_tensor *conv_builder(soma_tensor *x, size_t filters, const soma_conv_options *options);

static soma_status with_filters(const soma_clause *clause, conv_builder *build, const conv_form *form,
                                soma_tensor **x) {
    soma_conv_options options = {.name = NULL};
    size_t filters = 0;
    SOMA_TRY(parse(clause, form, *x, &filters, &options));
    *x = build(*x, filters, &options);
    return SOMA_OK;
}

static soma_status conv_of_text(const soma_clause *clause, soma_tensor **x) {
    static const conv_form form = {"conv 32 3x3 relu", "stride, dilation, groups, pad", true};
    return with_filters(clause, soma_conv, &form, x);
}

static soma_status separable_of_text(const soma_clause *clause, soma_tensor **x) {
    static const conv_form form = {"separable 32 3x3 relu", "stride, dilation, pad, multiplier", true};
    return with_filters(clause, soma_separable, &form, x);
}

static soma_status convtranspose_of_text(const soma_clause *clause, soma_tensor **x) {
    static const conv_form form = {"convtranspose 16 4x4 stride 2", "stride, dilation, groups, pad, output_padding",
                                   true};
    return with_filters(clause, soma_conv_transpose, &form, x);
}

static soma_status depthwise_of_text(const soma_clause *clause, soma_tensor **x) {
    static const conv_form form = {"depthwise 3x3 relu", "stride, dilation, pad, multiplier", false};
    soma_conv_options options = {.name = NULL};
    SOMA_TRY(parse(clause, &form, *x, NULL, &options));
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
