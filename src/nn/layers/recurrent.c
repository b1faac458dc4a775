/* SPDX-License-Identifier: MIT */
/* rnn (Elman 1990), lstm (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000), gru (Cho et al.
 * 2014): the products of all inputs with their weights are one matrix product, then come the steps. */
#include "kernels/recurrent_call.h"
#include "nn/layers/layer.h"

#include <string.h>

/* A layer as it is being made. */
typedef struct recurrent_layer {
    soma_recurrent_kind kind;
    const char *word;
    const soma_recurrent_options *options;
    soma_tensor *x, *mask;
    size_t units, columns; /* columns: gates units */
} recurrent_layer;

/* ------------------------------------------------------------------------------------------------------- parameters
 */

static soma_status add_weight(const recurrent_layer *layer, const char *role, size_t rows, soma_initializer initializer,
                              float scale, soma_tensor **out) {
    const soma_parameter description = {.initializer =
                                            initializer == SOMA_INIT_DEFAULT ? SOMA_INIT_GLOROT_UNIFORM : initializer,
                                        .scale = scale,
                                        .fan_in = rows,
                                        .fan_out = layer->columns};
    return soma_layer_add_parameter(soma_layer_network(layer->x), role, &description, 2,
                                    (const size_t[]){rows, layer->columns}, out);
}

/* 0, but for an LSTM's forget gate, which begins open: 1 (Jozefowicz et al. 2015). */
static soma_status add_bias(const recurrent_layer *layer, const char *role, soma_tensor **out) {
    const bool forgets = layer->kind == SOMA_RECURRENT_LSTM;
    const soma_parameter description = {.initializer = SOMA_INIT_ZEROS,
                                        .fan_in = layer->columns,
                                        .fan_out = layer->columns,
                                        .ones_begin = forgets ? LSTM_FORGET * layer->units : 0,
                                        .ones_count = forgets ? layer->units : 0,
                                        .is_bias = true};
    *out = NULL;
    if (layer->options->no_bias) return SOMA_OK;
    return soma_layer_add_parameter(soma_layer_network(layer->x), role, &description, 1, &layer->columns, out);
}

/* ------------------------------------------------------------------------------------------------------- directions
 */

/* The state after the last step is taken by itself: a gradient begins there. */
static bool takes_end(const soma_recurrent_options *options) {
    return options->last || options->final_state;
}

/* *y: the states of all steps. */
static soma_status add_direction(const recurrent_layer *layer, bool reverse, bool second, soma_tensor **y) {
    const soma_recurrent_options *options = layer->options;
    const bool after = layer->kind == SOMA_RECURRENT_GRU && !options->reset_before;
    soma_tensor *weight, *recurrent, *bias, *recurrent_bias = NULL, *input[6];
    SOMA_TRY(add_weight(layer, second ? "reverse_weight" : "weight", layer->x->shape[1], options->weight_initializer,
                        options->weight_scale, &weight));
    SOMA_TRY(add_weight(layer, second ? "reverse_recurrent_weight" : "recurrent_weight", layer->units,
                        options->recurrent_initializer, options->recurrent_scale, &recurrent));
    SOMA_TRY(add_bias(layer, second ? "reverse_bias" : "bias", &bias));
    if (after) SOMA_TRY(add_bias(layer, second ? "reverse_recurrent_bias" : "recurrent_bias", &recurrent_bias));
    SOMA_TRY(soma_graph_gemm(layer->x->graph, layer->x, weight, bias, false, false, &input[0]));
    soma_tensor_spec spec = {
        .op = SOMA_OP_RECURRENT,
        .input_count = 2,
        .input = input,
        .attributes = {
            .recurrent = {.params = {.kind = layer->kind,
                                     .function = options->function == SOMA_IDENTITY ? SOMA_TANH : options->function,
                                     .reset_before = options->reset_before,
                                     .reverse = reverse},
                          .biased = recurrent_bias != NULL,
                          .masked = layer->mask != NULL,
                          .stated = options->state != NULL,
                          .celled = options->cell != NULL,
                          .truncate = takes_end(options) ? 0 : (uint32_t)options->truncate,
                          .truncate_last = takes_end(options) ? (uint32_t)options->truncate : 0}}};
    input[1] = recurrent;
    if (recurrent_bias) input[spec.input_count++] = recurrent_bias;
    if (layer->mask) input[spec.input_count++] = layer->mask;
    if (options->state) input[spec.input_count++] = options->state;
    if (options->cell) input[spec.input_count++] = options->cell;
    return soma_graph_add(layer->x->graph, &spec, y);
}

/* Of a sequence the step that was done last. */
static soma_status take_last(soma_tensor *sequence, bool reverse, soma_tensor **out) {
    const soma_attributes step = {.slice = {1, reverse ? 0 : sequence->shape[0] - 1, 1}};
    soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &sequence, .attributes = step};
    SOMA_TRY(soma_graph_add(sequence->graph, &spec, out));
    soma_tensor shape = **out;
    shape.rank = 1;
    shape.shape[0] = sequence->shape[1];
    return soma_graph_reshape(sequence->graph, *out, &shape, out);
}

static soma_status give_final(const recurrent_layer *layer, soma_tensor *y) {
    const soma_recurrent_options *options = layer->options;
    if (options->final_state) SOMA_TRY(take_last(y, options->reverse, options->final_state));
    if (!options->final_cell) return SOMA_OK;
    soma_tensor_spec spec = {.op = SOMA_OP_SECOND, .input_count = 1, .input = &y};
    soma_tensor *cells;
    SOMA_TRY(soma_graph_add(y->graph, &spec, &cells));
    return take_last(cells, options->reverse, options->final_cell);
}

static soma_status build_both(const recurrent_layer *layer, soma_tensor **out) {
    soma_tensor *part[2];
    SOMA_TRY(add_direction(layer, false, false, &part[0]));
    SOMA_TRY(add_direction(layer, true, true, &part[1]));
    for (int i = 0; layer->options->last && i < 2; i++) SOMA_TRY(take_last(part[i], i == 1, &part[i]));
    SOMA_TRY(soma_graph_join(part, 2, layer->options->last ? 1 : 2, out));
    (*out)->is_sequence = !layer->options->last;
    (*out)->mask = layer->options->last ? NULL : layer->mask;
    return SOMA_OK;
}

static soma_status check_options(const recurrent_layer *layer) {
    const soma_recurrent_options *options = layer->options;
    const bool lstm = layer->kind == SOMA_RECURRENT_LSTM, gru = layer->kind == SOMA_RECURRENT_GRU;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_recurrent_options"));
    SOMA_TRY(soma_layer_check_initializer("weight", options->weight_initializer, options->weight_scale));
    SOMA_TRY(
        soma_layer_check_initializer("recurrent_weight", options->recurrent_initializer, options->recurrent_scale));
    if (options->truncate > UINT32_MAX)
        return soma_error(SOMA_INVALID_ARGUMENT, "truncate is %llu steps; at most %lu, or 0 for all, are possible",
                          (unsigned long long)options->truncate, (unsigned long)UINT32_MAX);
    if (layer->units == 0) return soma_error(SOMA_INVALID_ARGUMENT, "0 units, at least 1 is needed");
    if (options->reset_before && !gru)
        return soma_error(SOMA_INVALID_ARGUMENT, "reset_before is set, and only a gru has a reset gate");
    if (options->function != SOMA_IDENTITY && layer->kind != SOMA_RECURRENT_RNN)
        return soma_error(SOMA_INVALID_ARGUMENT, "the function is %s, and only that of an rnn can be chosen",
                          soma_function_name(options->function));
    if (!lstm && (options->cell || options->final_cell))
        return soma_error(SOMA_INVALID_ARGUMENT, "it is to have a cell, which only an lstm has");
    if (options->bidirectional &&
        (options->reverse || options->state || options->cell || options->final_state || options->final_cell))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "a bidirectional layer takes and gives no state; make one layer for each direction");
    return SOMA_OK;
}

static soma_status check_truncate(const recurrent_layer *layer) {
    const soma_recurrent_options *options = layer->options;
    const char *end = options->last ? "last" : "final_state";
    if (!options->truncate || !layer->mask || !takes_end(options)) return SOMA_OK;
    return soma_error(
        SOMA_UNSUPPORTED,
        "truncate with %s, of a sequence that has a mask: steps are counted from the last one, which may be "
        "padding; leave truncate, %s or the mask out",
        end, end);
}

static soma_status build(const recurrent_layer *layer, soma_tensor **out) {
    const soma_tensor *x = layer->x;
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(check_options(layer));
    if (!x->batched || x->rank != 2)
        return soma_error(SOMA_INVALID_SHAPE, "it takes steps of features, [batch, steps, features], got %s",
                          soma_tensor_shape_text(x, text));
    SOMA_TRY(check_truncate(layer));
    if (layer->options->bidirectional) return build_both(layer, out);
    soma_tensor *y;
    SOMA_TRY(add_direction(layer, layer->options->reverse, false, &y));
    SOMA_TRY(give_final(layer, y));
    *out = y;
    if (layer->mask) y->mask = layer->mask;
    return layer->options->last ? take_last(y, layer->options->reverse, out) : SOMA_OK;
}

static bool of_one_network(const recurrent_layer *layer) {
    const soma_recurrent_options *options = layer->options;
    soma_tensor *const others[] = {options->mask, options->state, options->cell};
    for (size_t i = 0; i < SOMA_COUNT_OF(others); i++)
        if (others[i] && !soma_layer_same_network(layer->x, others[i], layer->word)) return false;
    return true;
}

static soma_tensor *add_layer(soma_recurrent_kind kind, const char *word, soma_tensor *x, size_t units,
                              const soma_recurrent_options *options) {
    static const soma_recurrent_options defaults;
    recurrent_layer layer = {.kind = kind, .word = word, .options = options ? options : &defaults, .x = x};
    soma_tensor *out = NULL;
    soma_status status = SOMA_OK;
    if (!x || !of_one_network(&layer) || !soma_layer_begin(soma_layer_network(x), word, layer.options->name))
        return NULL;
    layer.units = units;
    layer.mask = layer.options->mask ? layer.options->mask : x->mask;
    if (!soma_multiply_size(units, soma_recurrent_gates(kind), &layer.columns))
        status = soma_error(SOMA_INVALID_ARGUMENT, "%zu units are more than fit into memory", units);
    if (status == SOMA_OK) status = build(&layer, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_rnn(soma_tensor *x, size_t units, const soma_recurrent_options *options) {
    return add_layer(SOMA_RECURRENT_RNN, "rnn", x, units, options);
}

soma_tensor *soma_lstm(soma_tensor *x, size_t units, const soma_recurrent_options *options) {
    return add_layer(SOMA_RECURRENT_LSTM, "lstm", x, units, options);
}

soma_tensor *soma_gru(soma_tensor *x, size_t units, const soma_recurrent_options *options) {
    return add_layer(SOMA_RECURRENT_GRU, "gru", x, units, options);
}

/* --------------------------------------------------------------------------------------------------------- as text */

static bool is(soma_word text, const char *word) {
    return soma_name_is_one_of(word, text.start, text.length);
}

/* "relu" or "tanh" of an rnn. */
static soma_status parse_function(const soma_clause *clause, soma_word text, soma_recurrent_options *options,
                                  bool *found) {
    *found = is(text, "relu") || is(text, "tanh");
    if (*found && options->function != SOMA_IDENTITY) return soma_clause_reject(clause, text, "a second activation");
    if (*found) options->function = is(text, "relu") ? SOMA_RELU : SOMA_TANH;
    return SOMA_OK;
}

/* "reset before" or "reset after" of a gru: two words. */
static soma_status parse_reset(const soma_clause *clause, size_t *at, soma_recurrent_options *options) {
    const bool more = *at + 1 < clause->count;
    if (more && is(clause->words[*at + 1], "before"))
        options->reset_before = true;
    else if (!more || !is(clause->words[*at + 1], "after"))
        return soma_clause_reject(clause, clause->words[*at], "expected \"reset before\" or \"reset after\"");
    ++*at;
    return SOMA_OK;
}

/* "truncate 16": two words. */
static soma_status parse_truncate(const soma_clause *clause, size_t *at, soma_recurrent_options *options) {
    size_t steps = 0;
    if (*at + 1 == clause->count)
        return soma_clause_reject(clause, clause->words[*at], "how many steps? For example \"truncate 16\"");
    const soma_word text = clause->words[++*at];
    if (options->truncate) return soma_clause_reject(clause, text, "a second time");
    SOMA_TRY(soma_clause_size(clause, text, "the number of steps", &steps));
    options->truncate = steps;
    return SOMA_OK;
}

/* Layers over each other, and what is dropped out between them. */
typedef struct layer_pile {
    size_t layers; /* 0: not said */
    float rate;
    bool dropped;
} layer_pile;

static soma_status parse_pile(const soma_clause *clause, size_t *at, layer_pile *pile) {
    const bool drops = is(clause->words[*at], "dropout");
    if (*at + 1 == clause->count)
        return soma_clause_reject(clause, clause->words[*at], "%s is missing",
                                  drops ? "the rate, as in \"dropout 0.2\"," : "how many, as in \"layers 2\",");
    const soma_word text = clause->words[++*at];
    if (drops ? pile->dropped : pile->layers > 0) return soma_clause_reject(clause, text, "a second time");
    if (!drops) return soma_clause_size(clause, text, "the number of layers", &pile->layers);
    pile->dropped = true;
    if (soma_clause_float(clause, text, &pile->rate) && pile->rate >= 0 && pile->rate < 1) return SOMA_OK;
    return soma_clause_reject(clause, text, "the dropout rate must be a number of at least 0 and less than 1");
}

static soma_status parse_word(const soma_clause *clause, soma_recurrent_kind kind, size_t *at,
                              soma_recurrent_options *options, layer_pile *pile) {
    const soma_word text = clause->words[*at];
    char initializers[SOMA_NAME_LIST];
    bool found = false;
    bool *flag = is(text, "last")            ? &options->last
                 : is(text, "reverse")       ? &options->reverse
                 : is(text, "bidirectional") ? &options->bidirectional
                 : is(text, "nobias")        ? &options->no_bias
                                             : NULL;
    if (flag && *flag) return soma_clause_reject(clause, text, "a second time");
    if (flag) return *flag = true, SOMA_OK;
    if (is(text, "layers") || is(text, "dropout")) return parse_pile(clause, at, pile);
    if (is(text, "truncate")) return parse_truncate(clause, at, options);
    if (kind == SOMA_RECURRENT_GRU && is(text, "reset")) return parse_reset(clause, at, options);
    if (kind == SOMA_RECURRENT_RNN) SOMA_TRY(parse_function(clause, text, options, &found));
    if (found) return SOMA_OK;
    if (is(text, "orthogonal") && options->recurrent_initializer != SOMA_INIT_ORTHOGONAL)
        return options->recurrent_initializer = SOMA_INIT_ORTHOGONAL, SOMA_OK;
    const bool second = options->weight_initializer != SOMA_INIT_DEFAULT;
    SOMA_TRY(soma_clause_initializer(clause, text, &found, &options->weight_initializer, &options->weight_scale));
    if (found && second) return soma_clause_reject(clause, text, "a second initializer");
    if (found) return SOMA_OK;
    return soma_clause_reject(
        clause, text,
        "expected last, bidirectional, reverse, nobias,%s truncate, layers, dropout or an initializer (%s)",
        kind == SOMA_RECURRENT_RNN   ? " relu, tanh,"
        : kind == SOMA_RECURRENT_GRU ? " reset before, reset after,"
                                     : "",
        soma_name_list(SOMA_NAMES_INITIALIZER, initializers));
}

static soma_status of_text(const soma_clause *clause, soma_recurrent_kind kind, const char *word, soma_tensor **x) {
    soma_recurrent_options options = {.name = NULL};
    layer_pile pile = {.layers = 0};
    size_t units = 0;
    if (clause->count < 2)
        return soma_clause_reject(clause, clause->words[0], "how many units? For example \"%s 128 last\"", word);
    SOMA_TRY(soma_clause_size(clause, clause->words[1], "the number of units", &units));
    for (size_t i = 2; i < clause->count; i++) SOMA_TRY(parse_word(clause, kind, &i, &options, &pile));
    if (pile.dropped && pile.layers < 2)
        return soma_clause_reject(
            clause, clause->words[0],
            "dropout is between layers, as in \"%s 128 layers 2 dropout 0.2\"; behind one it is a "
            "layer of its own",
            word);
    if (options.bidirectional && options.reverse)
        return soma_clause_reject(clause, clause->words[0], "bidirectional goes both ways: \"reverse\" adds nothing");
    const bool last = options.last;
    for (size_t i = 1; *x && i < pile.layers; i++) {
        options.last = false;
        *x = add_layer(kind, word, *x, units, &options);
        if (pile.rate > 0) *x = soma_dropout(*x, pile.rate);
    }
    options.last = last;
    *x = add_layer(kind, word, *x, units, &options);
    return SOMA_OK;
}

/* rnn UNITS [tanh|relu] [last] [bidirectional|reverse] [nobias] [truncate STEPS] [layers N [dropout RATE]]
 * [INITIALIZER]; a gru has [reset before|after]. */
#define ROW(name, KIND, others)                                                                                        \
    static soma_status name##_of_text(const soma_clause *clause, soma_tensor **x) {                                    \
        return of_text(clause, KIND, #name, x);                                                                        \
    }                                                                                                                  \
    SOMA_LAYER(name) = {.build = name##_of_text, .words = others}
ROW(rnn, SOMA_RECURRENT_RNN, "simplernn");
ROW(lstm, SOMA_RECURRENT_LSTM, NULL);
ROW(gru, SOMA_RECURRENT_GRU, NULL);
