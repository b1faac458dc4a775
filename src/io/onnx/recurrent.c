/* SPDX-License-Identifier: MIT */
/*
 * RNN, LSTM and GRU. ONNX has the steps first and the batch behind them, and a gate's weights as rows; soma has the
 * batch in front, and a gate's weights as columns, which is how they are put when the file is read. Where all that an
 * input takes is one sample, its sequences are in front, too, and the layer takes all of them at a time.
 */
#include "io/onnx/recurrent.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { Y, LAST_STATE, LAST_CELL }; /* outputs */

/* ------------------------------------------------------------------------------------------------------- attributes */

static soma_status get_directions(soma_onnx_recurrence *layer) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(layer->node, "direction");
    layer->directions = 1;
    if (!attribute || soma_onnx_is_text(attribute, "forward")) return SOMA_OK;
    const bool both = soma_onnx_is_text(attribute, "bidirectional");
    if (!both && !soma_onnx_is_text(attribute, "reverse"))
        return soma_error(SOMA_INVALID_FILE, "attribute direction must be forward, reverse or bidirectional");
    layer->directions = both ? 2 : 1;
    layer->params[both].reverse = true;
    return SOMA_OK;
}

static bool is_named(const ProtobufCBinaryData *text, const char *name) {
    return text->len == strlen(name) && strncasecmp((const char *)text->data, name, text->len) == 0;
}

/* The usual functions, and of an RNN Relu, too. */
static soma_status get_functions(soma_onnx_recurrence *layer) {
    static const char *const usual[SOMA_RECURRENT_KIND_COUNT][3] = {[SOMA_RECURRENT_RNN] = {"Tanh"},
                                                                    [SOMA_RECURRENT_LSTM] = {"Sigmoid", "Tanh", "Tanh"},
                                                                    [SOMA_RECURRENT_GRU] = {"Sigmoid", "Tanh"}};
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(layer->node, "activations");
    const soma_recurrent_kind kind = layer->params[0].kind;
    const size_t each = kind == SOMA_RECURRENT_RNN ? 1 : kind == SOMA_RECURRENT_LSTM ? 3 : 2;
    for (size_t i = 0; i < layer->directions; i++) layer->params[i].function = SOMA_TANH;
    if (!attribute) return SOMA_OK;
    if (attribute->n_strings != each * layer->directions)
        return soma_error(SOMA_INVALID_FILE, "attribute activations has %zu names; %zu directions of %zu functions",
                          attribute->n_strings, layer->directions, each);
    for (size_t i = 0; i < attribute->n_strings; i++) {
        const bool relu = kind == SOMA_RECURRENT_RNN && is_named(&attribute->strings[i], "Relu");
        if (relu) layer->params[i].function = SOMA_RELU;
        if (relu || is_named(&attribute->strings[i], usual[kind][i % each])) continue;
        return soma_error(SOMA_UNSUPPORTED, "activation %zu is not %s%s", i, usual[kind][i % each],
                          kind == SOMA_RECURRENT_RNN ? " or Relu" : "");
    }
    return SOMA_OK;
}

static soma_status get_attributes(soma_onnx_recurrence *layer) {
    const soma_onnx_node *node = layer->node;
    const bool lstm = layer->params[0].kind == SOMA_RECURRENT_LSTM;
    int64_t after, layout, coupled;
    float clip;
    SOMA_TRY(get_directions(layer));
    SOMA_TRY(get_functions(layer));
    SOMA_TRY(soma_onnx_get_integer(node, "linear_before_reset", 0, &after));
    SOMA_TRY(soma_onnx_get_integer(node, "layout", 0, &layout));
    SOMA_TRY(soma_onnx_get_integer(node, "input_forget", 0, &coupled));
    SOMA_TRY(soma_onnx_get_float(node, "clip", 0, &clip));
    for (size_t i = 0; i < layer->directions; i++)
        layer->params[i].reset_before = layer->params[0].kind == SOMA_RECURRENT_GRU && !after;
    layer->batchwise = layout != 0;
    if (coupled) return soma_error(SOMA_UNSUPPORTED, "input_forget couples two gates, which soma's layer has apart");
    if (soma_onnx_attribute(node, "clip"))
        return soma_error(SOMA_UNSUPPORTED, "clip bounds what the functions get, at %g; soma's layer has no bound",
                          (double)clip);
    if (lstm && soma_onnx_is_given(node, PEEPHOLES))
        return soma_error(SOMA_UNSUPPORTED,
                          "%s are weights from the cell to the gates (peepholes); soma's layer has none",
                          node->input[PEEPHOLES]->name);
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------------- shapes */

static soma_status check_shape(const soma_onnx_value *value, size_t a, size_t b, size_t c) {
    const soma_onnx_shape *shape = &value->shape;
    if (shape->rank == (c ? 3 : 2) && shape->dim[0] == a && shape->dim[1] == b && (!c || shape->dim[2] == c))
        return SOMA_OK;
    char third[32] = "";
    if (c) snprintf(third, sizeof third, ", %zu", c);
    return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions of %zu, %zu, %zu; expected are %zu, %zu%s", value->name,
                      shape->rank, shape->rank > 0 ? shape->dim[0] : 1, shape->rank > 1 ? shape->dim[1] : 1,
                      shape->rank > 2 ? shape->dim[2] : 1, a, b, third);
}

/* Which of a state's dimensions is the batch, or the sequences of a sample. */
static uint32_t batch_of_state(const soma_onnx_recurrence *layer) {
    return layer->batchwise ? 0 : 1;
}

static soma_status check_states(const soma_onnx_recurrence *layer) {
    soma_onnx_node *node = layer->node;
    const uint32_t batch = batch_of_state(layer);
    for (uint32_t i = STATE; i <= CELL; i++) {
        if (!soma_onnx_is_given(node, i)) continue;
        const soma_onnx_shape *shape = &node->input[i]->shape;
        soma_onnx_shape expected = {.rank = 3, .dim = {layer->directions, layer->directions, layer->units}};
        if (shape->batched && !layer->whole && shape->batch != batch) return soma_onnx_mixes(node);
        const bool one = shape->rank == 3 && shape->dim[batch] == 1; /* for all samples */
        const bool open = node->importer->batch == 0 && !shape->batched;
        expected.dim[batch] = layer->whole ? layer->sequences : one || open ? 1 : node->importer->batch;
        SOMA_TRY(check_shape(node->input[i], expected.dim[0], expected.dim[1], expected.dim[2]));
    }
    return SOMA_OK;
}

static soma_status get_sizes(soma_onnx_recurrence *layer) {
    soma_onnx_node *node = layer->node;
    const soma_onnx_shape *x = &node->input[X]->shape, *r = &node->input[R]->shape;
    const uint32_t batch = layer->batchwise ? 0 : 1;
    int64_t hidden;
    if (x->rank != 3 || r->rank != 3)
        return soma_error(SOMA_INVALID_SHAPE, "%s and %s have %u and %u dimensions; both must have 3",
                          node->input[X]->name, node->input[R]->name, x->rank, r->rank);
    if (!x->batched || node->input[X]->integer)
        return soma_error(SOMA_UNSUPPORTED, "%s must be numbers that depend on the model's input",
                          node->input[X]->name);
    layer->whole = node->importer->whole;
    if (!layer->whole && x->batch != batch)
        return soma_error(SOMA_UNSUPPORTED,
                          "the batch is dimension %u of %s, the op has it as dimension %u: samples must be independent "
                          "of each other",
                          x->batch, node->input[X]->name, batch);
    layer->gates = soma_recurrent_gates(layer->params[0].kind);
    layer->units = r->dim[2];
    layer->features = x->dim[2];
    layer->steps = x->dim[1 - batch];
    layer->sequences = layer->whole ? x->dim[batch] : 1;
    SOMA_TRY(soma_onnx_get_integer(node, "hidden_size", (int64_t)layer->units, &hidden));
    if (hidden < 1 || (size_t)hidden != layer->units || layer->units > SIZE_MAX / 16)
        return soma_error(SOMA_INVALID_FILE, "hidden_size is %" PRId64 ", %s has %zu columns", hidden,
                          node->input[R]->name, layer->units);
    SOMA_TRY(check_shape(node->input[W], layer->directions, layer->gates * layer->units, layer->features));
    SOMA_TRY(check_shape(node->input[R], layer->directions, layer->gates * layer->units, layer->units));
    if (soma_onnx_is_given(node, B))
        SOMA_TRY(check_shape(node->input[B], layer->directions, 2 * layer->gates * layer->units, 0));
    return check_states(layer);
}

/* ----------------------------------------------------------------------------------------------------- first states */

/* Zeros, which need not be there: made of a fill by what changes no numbers. */
static bool is_zero(const soma_tensor *tensor) {
    while (tensor->op == SOMA_OP_COPY || tensor->op == SOMA_OP_SLICE || tensor->op == SOMA_OP_RESHAPE)
        tensor = tensor->input[0];
    return tensor->op == SOMA_OP_FILL && tensor->attributes.fill.value == 0;
}

static soma_status all_zero(const soma_onnx_recurrence *layer, const soma_onnx_value *value, bool *zero) {
    soma_onnx_reader reader;
    *zero = false;
    if (!value->constant || value->elements.open) return SOMA_OK;
    SOMA_TRY(soma_onnx_reader_open(layer->node->importer->file, &value->elements, &reader));
    *zero = true;
    const size_t count = value->elements.equal ? SOMA_MIN(value->elements.count, (size_t)1) : value->elements.count;
    for (size_t i = 0; i < count && *zero; i++) *zero = soma_onnx_read(&reader, i) == 0;
    soma_onnx_reader_close(&reader);
    return SOMA_OK;
}

/* What there is of each sequence: so many numbers, in the form in which RECURRENT takes them. */
static soma_tensor of_sequences(const soma_onnx_recurrence *layer, size_t count) {
    if (layer->sequences == 1) return (soma_tensor){.batched = true, .rank = 1, .shape = {count}};
    return (soma_tensor){.batched = true, .rank = 2, .shape = {layer->sequences, count}};
}

/* The first state or cell of a direction, [units] or [sequences, units]; NULL: 0. */
static soma_status first_state(const soma_onnx_recurrence *layer, uint32_t input, size_t direction,
                               soma_tensor **state) {
    soma_onnx_node *node = layer->node;
    const uint32_t batch = batch_of_state(layer);
    const size_t each = layer->sequences * layer->units;
    bool zero;
    *state = NULL;
    if (!soma_onnx_is_given(node, input)) return SOMA_OK;
    soma_onnx_value *value = node->input[input];
    SOMA_TRY(all_zero(layer, value, &zero));
    if (zero) return SOMA_OK;
    if (!value->shape.batched && !layer->whole && value->shape.dim[batch] != 1)
        return soma_error(SOMA_UNSUPPORTED, "%s has a state for each of %zu samples, and is a constant", value->name,
                          value->shape.dim[batch]);
    soma_tensor *x, own = of_sequences(layer, layer->units);
    const soma_tensor one = own;
    SOMA_TRY(soma_onnx_samples(node, value, &x));
    if (is_zero(x)) return SOMA_OK;
    /* Directions are columns where sequences come before them, else rows. */
    soma_tensor rows = {.batched = x->batched, .rank = 2, .shape = {layer->directions, each}};
    if (layer->batchwise) rows.shape[0] = layer->sequences, rows.shape[1] = layer->directions * layer->units;
    SOMA_TRY(soma_graph_reshape(x->graph, x, &rows, &x));
    const uint32_t axis = (x->batched ? 1 : 0) + (layer->batchwise ? 1 : 0);
    const size_t length = layer->batchwise ? layer->units : 1;
    if (layer->directions > 1) SOMA_TRY(soma_onnx_slice_axis(x, axis, direction * length, length, &x));
    own.batched = x->batched;
    SOMA_TRY(soma_graph_reshape(x->graph, x, &own, &x));
    *state = x;
    return x->batched ? SOMA_OK : soma_graph_copy(x->graph, x, &one, 1, state);
}

/* ------------------------------------------------------------------------------------------------------------ lengths
 */

/* Sequences of a sample with lengths: the mask of each is made by ops of its own. */
enum { MOST_LENGTHS = 64 };

static soma_status check_lengths(const soma_onnx_recurrence *layer, const soma_onnx_value *value) {
    const soma_onnx_elements *elements = &value->elements;
    const size_t expected = layer->whole ? layer->sequences : layer->node->importer->batch; /* 0: not known */
    if (elements->open) return soma_onnx_unknown_batch(value->name);
    if (expected == 0 && elements->count > 1)
        return soma_error(
            SOMA_UNSUPPORTED,
            "%s has %zu lengths, and so goes with a batch of that size alone, which the model leaves open: "
            "give the input's shape (--input, soma_onnx_options.inputs)",
            value->name, elements->count);
    if (elements->count == 0 || (expected && elements->count != expected))
        return soma_error(SOMA_INVALID_FILE, "%s has %zu lengths of %zu sequences", value->name, elements->count,
                          expected);
    return SOMA_OK;
}

static soma_status check_length(const soma_onnx_recurrence *layer, const char *name, double length) {
    if (length >= 0 && length <= (double)layer->steps && length == floor(length)) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: a length of %.17g in %zu steps", name, length, layer->steps);
}

/* Those that a constant says, of the first MOST_LENGTHS sequences, or the one of all samples, which must have the same.
 * *shorter: one is less than all steps. */
static soma_status read_lengths(const soma_onnx_recurrence *layer, const soma_onnx_value *value,
                                double lengths[MOST_LENGTHS], bool *shorter) {
    const soma_onnx_elements *elements = &value->elements;
    soma_onnx_reader reader;
    SOMA_TRY(check_lengths(layer, value));
    SOMA_TRY(soma_onnx_reader_open(layer->node->importer->file, elements, &reader));
    const size_t count = elements->equal ? 1 : elements->count;
    bool same = true;
    *shorter = false;
    soma_status status = SOMA_OK;
    for (size_t i = 0; i < SOMA_MIN(layer->sequences, (size_t)MOST_LENGTHS); i++)
        lengths[i] = soma_onnx_read(&reader, i);
    for (size_t i = 0; i < count && status == SOMA_OK; i++) {
        const double length = soma_onnx_read(&reader, i);
        same &= length == lengths[0];
        *shorter |= length < (double)layer->steps;
        status = check_length(layer, value->name, length);
    }
    soma_onnx_reader_close(&reader);
    return status == SOMA_OK && !same && !layer->whole ? soma_onnx_mixes(layer->node) : status;
}

/* A sequence's length as a tensor of one number; `number` is it, where it is a constant. */
static soma_status length_of(const soma_onnx_recurrence *layer, size_t sequence, double number, soma_tensor **length) {
    soma_onnx_value *value = layer->node->input[LENGTHS];
    if (!value->shape.batched) return soma_onnx_fill(layer->node, (float)number, length);
    SOMA_TRY(soma_onnx_samples(layer->node, value, length));
    return layer->sequences > 1 ? soma_onnx_slice_axis(*length, 1, sequence, 1, length) : SOMA_OK;
}

/* Of all sequences, [steps] or [sequences, steps]: 1 for each step that the sequence has, else 0; NULL where they have
 * all. */
static soma_status make_mask(const soma_onnx_recurrence *layer, soma_tensor **mask) {
    const soma_tensor all = of_sequences(layer, layer->steps),
                      steps = {.batched = true, .rank = 1, .shape = {layer->steps}};
    const soma_onnx_value *value = layer->node->input[LENGTHS];
    soma_tensor *parts[MOST_LENGTHS], *numbers, *length;
    soma_graph *graph = soma_onnx_graph(layer->node);
    double lengths[MOST_LENGTHS] = {0};
    bool shorter = true;
    if (value->shape.rank != 1 || !value->integer)
        return soma_error(SOMA_INVALID_FILE, "%s must be a whole number for each sequence", value->name);
    if (!value->shape.batched) SOMA_TRY(read_lengths(layer, value, lengths, &shorter));
    *mask = NULL;
    if (!shorter) return SOMA_OK;
    if (layer->sequences > MOST_LENGTHS)
        return soma_error(SOMA_UNSUPPORTED, "%s has lengths of %zu sequences of a sample; at most %d may have some",
                          value->name, layer->sequences, (int)MOST_LENGTHS);
    SOMA_TRY(soma_onnx_count_up(layer->node, layer->steps, &numbers));
    for (size_t i = 0; i < layer->sequences; i++) {
        SOMA_TRY(length_of(layer, i, lengths[i], &length));
        SOMA_TRY(soma_graph_copy(graph, length, &steps, 1, &length));
        SOMA_TRY(soma_graph_binary(graph, length, numbers, SOMA_BINARY_GREATER, &parts[i]));
    }
    *mask = parts[0];
    if (layer->sequences == 1) return SOMA_OK;
    SOMA_TRY(soma_graph_join(parts, layer->sequences, 1, mask));
    return soma_graph_reshape(graph, *mask, &all, mask);
}

/* ------------------------------------------------------------------------------------------------------------- layers
 */

/* Two dimensions of what a sample has of three, in the other order. */
static soma_status turn(soma_tensor *x, soma_tensor **out) {
    const soma_tensor like = {.batched = true, .rank = 3, .shape = {x->shape[1], x->shape[0], x->shape[2]}};
    if (x->shape[0] == 1 || x->shape[1] == 1) return soma_graph_reshape(x->graph, x, &like, out); /* nothing moves */
    return soma_graph_transpose(x->graph, x, (const uint32_t[SOMA_MAX_RANK]){0, 2, 1, 3}, out);
}

/* [steps, features], or [sequences, steps, features]. */
static soma_status get_sequences(const soma_onnx_recurrence *layer, soma_tensor **x) {
    soma_tensor like = {.batched = true, .rank = 2, .shape = {layer->steps, layer->features}};
    SOMA_TRY(soma_onnx_samples(layer->node, layer->node->input[X], x));
    if (layer->sequences > 1) {
        const size_t first = layer->batchwise ? layer->sequences : layer->steps;
        like = (soma_tensor){
            .batched = true, .rank = 3, .shape = {first, layer->sequences * layer->steps / first, layer->features}};
    }
    if (!soma_tensor_same_shape(*x, &like)) SOMA_TRY(soma_graph_reshape((*x)->graph, *x, &like, x));
    return layer->sequences > 1 && !layer->batchwise ? turn(*x, x) : SOMA_OK;
}

static soma_status add_layer(const soma_onnx_recurrence *layer, const soma_onnx_recurrent_weights *made,
                             size_t direction, soma_tensor *x, soma_tensor *mask, soma_tensor **y) {
    soma_tensor *input[6], *state, *cell;
    SOMA_TRY(first_state(layer, STATE, direction, &state));
    SOMA_TRY(first_state(layer, CELL, direction, &cell));
    SOMA_TRY(soma_graph_gemm(x->graph, x, made->input, made->bias, false, false, &input[0]));
    soma_tensor_spec spec = {.op = SOMA_OP_RECURRENT,
                             .input_count = 2,
                             .input = input,
                             .attributes = {.recurrent = {.params = layer->params[direction],
                                                          .biased = made->recurrent_bias != NULL,
                                                          .masked = mask != NULL,
                                                          .stated = state != NULL,
                                                          .celled = cell != NULL}}};
    input[1] = made->recurrent;
    if (made->recurrent_bias) input[spec.input_count++] = made->recurrent_bias;
    if (mask) input[spec.input_count++] = mask;
    if (state) input[spec.input_count++] = state;
    if (cell) input[spec.input_count++] = cell;
    return soma_graph_add(x->graph, &spec, y);
}

/* The layers, one for each direction, are kept for all outputs. */
static soma_status add_layers(const soma_onnx_recurrence *layer) {
    soma_tensor *x, *mask = NULL;
    soma_onnx_recurrent_weights made[2];
    SOMA_TRY(soma_onnx_add_recurrent_weights(layer, made));
    SOMA_TRY(get_sequences(layer, &x));
    if (soma_onnx_is_given(layer->node, LENGTHS)) SOMA_TRY(make_mask(layer, &mask));
    for (size_t i = 0; i < layer->directions; i++)
        SOMA_TRY(add_layer(layer, &made[i], i, x, mask, &layer->node->kept[i]));
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ outputs
 */

/* The step that was done last, as the only one. The last cell is written as a slice of all, even of one. */
static soma_status take_last(soma_tensor *sequence, bool reverse, soma_tensor **out) {
    const uint32_t axis = sequence->rank - 1; /* the steps', the batch counted */
    const size_t steps = sequence->shape[axis - 1];
    if (steps == 1 && sequence->op != SOMA_OP_SECOND) return *out = sequence, SOMA_OK;
    return soma_onnx_slice_axis(sequence, axis, reverse ? 0 : steps - 1, 1, out);
}

/* ONNX has 0 behind a sequence's end, soma the last state. */
static soma_status end_with_zeros(soma_tensor *y, soma_tensor **out) {
    soma_tensor like = *y, *mask;
    *out = y;
    if (!y->attributes.recurrent.masked) return SOMA_OK;
    like.shape[y->rank - 1] = 1;
    SOMA_TRY(soma_graph_reshape(y->graph, y->input[2 + y->attributes.recurrent.biased], &like, &mask));
    return soma_graph_binary(y->graph, y, mask, SOMA_BINARY_KEEP, out);
}

/* What the output has of one direction, [steps, units] or [sequences, steps, units]. */
static soma_status part_of(const soma_onnx_recurrence *layer, size_t direction, soma_tensor *y, soma_tensor **part) {
    soma_tensor_spec spec = {.op = SOMA_OP_SECOND, .input_count = 1, .input = &y};
    soma_tensor *of = y;
    if (layer->node->number == Y) return end_with_zeros(y, part);
    if (layer->node->number == LAST_CELL) SOMA_TRY(soma_graph_add(y->graph, &spec, &of));
    return take_last(of, layer->params[direction].reverse, part);
}

/* Y [steps, directions, batch, units], or by layout 1 [batch, steps, directions, units]; the others without the steps.
 */
static soma_status give(const soma_onnx_recurrence *layer) {
    soma_onnx_node *node = layer->node;
    const uint32_t first = node->number == Y ? 1 : 0, batch = layer->batchwise ? 0 : first + 1;
    const soma_onnx_shape *x = &node->input[X]->shape;
    soma_tensor *parts[2], *y;
    for (size_t i = 0; i < layer->directions; i++) {
        SOMA_TRY(part_of(layer, i, node->kept[i], &parts[i]));
        if (layer->sequences > 1 && !layer->batchwise) SOMA_TRY(turn(parts[i], &parts[i]));
    }
    /* One direction behind the other: before the sequences, or else the units. */
    const uint32_t axis = layer->sequences > 1 && !layer->batchwise ? 2 : parts[0]->rank;
    y = parts[0];
    if (layer->directions > 1) SOMA_TRY(soma_graph_join(parts, layer->directions, axis, &y));
    soma_onnx_shape out = {.batched = true, .batch = layer->whole ? 0 : batch, .rank = first + 3};
    const size_t others[] = {layer->steps, layer->directions, layer->units};
    for (uint32_t i = 0, other = 1 - first; i < out.rank; i++)
        out.dim[i] = i == batch ? x->dim[layer->batchwise ? 0 : 1] : others[other++];
    return soma_onnx_give_samples(node, y, &out);
}

soma_status soma_onnx_begin_recurrence(soma_onnx_node *node, soma_onnx_recurrence *layer) {
    *layer = (soma_onnx_recurrence){.node = node};
    for (int i = 0; i < 2; i++) layer->params[i].kind = (soma_recurrent_kind)node->row->parameter;
    SOMA_TRY(get_attributes(layer));
    SOMA_TRY(get_sizes(layer));
    if (node->number > (layer->params[0].kind == SOMA_RECURRENT_LSTM ? LAST_CELL : LAST_STATE))
        return soma_error(SOMA_INVALID_FILE, "output %zu; it has fewer", node->number);
    return SOMA_OK;
}

static soma_status import_recurrent(soma_onnx_node *node) {
    soma_onnx_recurrence layer;
    SOMA_TRY(soma_onnx_begin_recurrence(node, &layer));
    if (!node->kept[0]) SOMA_TRY(add_layers(&layer));
    return give(&layer);
}

#define COMMON "activation_alpha activation_beta activations clip direction hidden_size layout "
SOMA_ONNX_SEVERAL(RNN, 7, 3, 6, COMMON, import_recurrent, SOMA_RECURRENT_RNN, .place = SOMA_ONNX_ANYWHERE);
SOMA_ONNX_SEVERAL(LSTM, 7, 3, 8, COMMON "input_forget", import_recurrent, SOMA_RECURRENT_LSTM,
                  .place = SOMA_ONNX_ANYWHERE);
SOMA_ONNX_SEVERAL(GRU, 7, 3, 6, COMMON "linear_before_reset", import_recurrent, SOMA_RECURRENT_GRU,
                  .place = SOMA_ONNX_ANYWHERE);
