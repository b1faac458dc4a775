/* SPDX-License-Identifier: MIT */
/* Loop and Scan of a length that is known when the model is read: the body is written out once for each turn. */
#include "base/utf8.h"
#include "io/onnx/family.h"
#include "io/onnx/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64, BOOL = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL };
/* Turns of one loop, at most. */
enum { MOST_TURNS = 1024 };

typedef struct turns {
    soma_onnx_node *node;
    const Soma__Onnx__GraphProto *body;
    size_t given;        /* inputs before the states: of Loop the number of turns, of its body that of the turn, and the
                            condition */
    size_t states, outs; /* values that go from turn to turn, and such of which each turn makes a piece */
    size_t count;        /* turns made */
    soma_onnx_value *state; /* [states] */
    soma_onnx_value *piece; /* [count][outs] */
    size_t capacity;        /* turns that there is room for */
} turns;

/* ----------------------------------------------------------------------------------------------------------- pieces */

/* What all turns have made of an output. */
static soma_status join_pieces(const turns *t, size_t out, int64_t axis, bool backwards, const char *output) {
    soma_onnx_importer *importer = t->node->importer;
    const char *names[MOST_TURNS];
    if (t->count == 0)
        return soma_error(SOMA_UNSUPPORTED, "%s is made of no turns, and would have no elements",
                          soma_quote(output, strlen(output)).text);
    const int64_t rank = t->piece[out].shape.rank + 1;
    if (axis < -rank || axis >= rank)
        return soma_error(SOMA_INVALID_FILE, "axis %" PRId64 " of an output of %" PRId64 " dimensions", axis, rank);
    axis += axis < 0 ? rank : 0;
    for (size_t i = 0; i < t->count; i++)
        SOMA_TRY(soma_onnx_add_dimension(importer, &t->piece[(backwards ? t->count - 1 - i : i) * t->outs + out], axis,
                                         &names[i]));
    return soma_onnx_join(importer, names, t->count, axis, output);
}

/* ------------------------------------------------------------------------------------------------------------ turns */

static soma_status open_turns(turns *t) {
    const Soma__Onnx__AttributeProto *body = soma_onnx_attribute(t->node, "body");
    t->node->importer->inside++;
    t->body = body ? body->g : NULL;
    if (!t->body) return soma_error(SOMA_INVALID_FILE, "attribute body must be a graph");
    t->state = soma_calloc(t->states + 1, sizeof *t->state);
    return t->state ? SOMA_OK : soma_out_of_memory(t->states * sizeof *t->state, "the turns of a loop");
}

static void close_turns(turns *t) {
    t->node->importer->inside--;
    soma_free(t->state);
    soma_free(t->piece);
}

static const char *body_input(const turns *t, size_t number) {
    const char *name = t->body->input[number]->name;
    return name ? name : "";
}

/* The states before the first turn. */
static soma_status take_states(turns *t) {
    for (size_t i = 0; i < t->states; i++) {
        const soma_onnx_value *value = t->node->input[t->given + i];
        if (!value) return soma_error(SOMA_INVALID_FILE, "input %zu is left out", t->given + i);
        t->state[i] = *value;
    }
    return SOMA_OK;
}

static soma_status define_states(const turns *t) {
    for (size_t i = 0; i < t->states; i++)
        SOMA_TRY(soma_onnx_define_as(t->node->importer, body_input(t, t->given + i), &t->state[i]));
    return SOMA_OK;
}

/* Room for the pieces of one more turn. */
static soma_status grow_pieces(turns *t) {
    SOMA_TRY(soma_onnx_take(t->node->importer, t->outs * sizeof *t->piece, "the turns of a loop"));
    if (t->count < t->capacity) return SOMA_OK;
    const size_t capacity = SOMA_MAX(2 * t->capacity, (size_t)8);
    soma_onnx_value *grown = soma_realloc(t->piece, capacity * t->outs + 1, sizeof *grown);
    if (!grown) return soma_out_of_memory(capacity * t->outs * sizeof *grown, "the turns of a loop");
    t->piece = grown;
    t->capacity = capacity;
    return SOMA_OK;
}

/* One turn: `skipped` outputs of the body come before the states. */
static soma_status make_turn(turns *t, size_t skipped) {
    soma_onnx_importer *importer = t->node->importer;
    SOMA_TRY(grow_pieces(t));
    SOMA_TRY(define_states(t));
    SOMA_TRY(soma_onnx_add_inside(importer, t->body));
    for (size_t i = 0; i < t->states; i++)
        SOMA_TRY(soma_onnx_output_inside(importer, t->body, skipped + i, &t->state[i]));
    for (size_t i = 0; i < t->outs; i++)
        SOMA_TRY(
            soma_onnx_output_inside(importer, t->body, skipped + t->states + i, &t->piece[t->count * t->outs + i]));
    t->count++;
    return SOMA_OK;
}

static void end_turn(const turns *t) {
    soma_onnx_leave(t->node->importer, t->body);
    for (size_t i = 0; i < t->body->n_input; i++) soma_onnx_forget(t->node->importer, body_input(t, i));
}

/* The node's outputs that are states. */
static soma_status give_states(const turns *t) {
    for (size_t i = 0; i < t->states && i < t->node->proto->n_output; i++) {
        t->state[i].name = t->node->proto->output[i];
        if (*t->state[i].name) SOMA_TRY(soma_onnx_define(t->node->importer, &t->state[i]));
    }
    return SOMA_OK;
}

static soma_status too_many(const char *what) {
    return soma_error(SOMA_UNSUPPORTED, "%s more than %d turns; up to so many are written out", what, MOST_TURNS);
}

/* ------------------------------------------------------------------------------------------------------------- Loop */

static soma_status known_truth(const soma_onnx_node *node, const soma_onnx_value *value, bool *holds) {
    soma_onnx_reader reader;
    if (!value->constant || value->elements.count != 1 || value->elements.open)
        return soma_error(SOMA_UNSUPPORTED,
                          "%s says whether there is another turn, and is known only when the model runs; accepted: a "
                          "loop whose number of turns is known when it is read",
                          soma_quote(value->name, strlen(value->name)).text);
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    *holds = soma_onnx_read(&reader, 0) != 0;
    soma_onnx_reader_close(&reader);
    return SOMA_OK;
}

/* -1: there is no number. */
static soma_status get_trips(soma_onnx_node *node, int64_t *trips) {
    const soma_onnx_value *value = node->input[0];
    size_t count;
    *trips = -1;
    if (!value) return SOMA_OK;
    if (!value->constant || value->elements.open)
        return soma_error(SOMA_UNSUPPORTED,
                          "%s says how many turns there are, and is known only when the model runs; accepted: a loop "
                          "whose number of turns is known when it is read",
                          soma_quote(value->name, strlen(value->name)).text);
    SOMA_TRY(soma_onnx_integers(node, 0, trips, 1, &count));
    if (count != 1) return soma_error(SOMA_INVALID_FILE, "the number of turns has %zu elements", count);
    *trips = SOMA_MAX(*trips, (int64_t)0);
    return SOMA_OK;
}

static soma_status loop_turn(turns *t, bool *more) {
    soma_onnx_importer *importer = t->node->importer;
    soma_onnx_value number, condition;
    SOMA_TRY(soma_onnx_number_value(importer, body_input(t, 0), INT64, (int64_t)t->count, 0, &number));
    SOMA_TRY(soma_onnx_define(importer, &number));
    SOMA_TRY(soma_onnx_number_value(importer, body_input(t, 1), BOOL, 1, 0, &condition));
    SOMA_TRY(soma_onnx_define(importer, &condition));
    SOMA_TRY(make_turn(t, 1));
    SOMA_TRY(soma_onnx_output_inside(importer, t->body, 0, &condition));
    SOMA_TRY(known_truth(t->node, &condition, more));
    end_turn(t);
    return SOMA_OK;
}

static soma_status loop(turns *t, int64_t trips) {
    soma_onnx_node *node = t->node;
    bool more = true;
    if (t->body->n_input != t->states + 2 || t->body->n_output != 1 + t->states + t->outs)
        return soma_error(SOMA_INVALID_FILE, "%zu inputs and %zu outputs, and a body of %zu and %zu",
                          node->proto->n_input, node->proto->n_output, t->body->n_input, t->body->n_output);
    if (node->input[1]) SOMA_TRY(known_truth(node, node->input[1], &more));
    SOMA_TRY(take_states(t));
    SOMA_TRY(soma_onnx_enter_initializers(node->importer, t->body));
    while (more && (trips < 0 || (int64_t)t->count < trips)) {
        if (t->count == MOST_TURNS) return too_many("the loop takes");
        SOMA_TRY(loop_turn(t, &more));
    }
    soma_onnx_leave_initializers(node->importer, t->body);
    SOMA_TRY(give_states(t));
    for (size_t i = 0; t->states + i < node->proto->n_output; i++) {
        const char *output = node->proto->output[t->states + i];
        if (*output) SOMA_TRY(join_pieces(t, i, 0, false, output));
    }
    return SOMA_OK;
}

/* A body that hands on the condition that it is given leaves no turn out. */
static bool makes_all_turns(const Soma__Onnx__GraphProto *body) {
    if (body->n_input < 2 || body->n_output < 1) return true;
    return strcmp(soma_onnx_behind_identities(body, body->output[0]->name), body->input[1]->name) == 0;
}

soma_status soma_onnx_add_loop(soma_onnx_node *node) {
    turns t = {.node = node, .given = 2};
    int64_t trips;
    if (node->input_count < 2)
        return soma_error(SOMA_INVALID_FILE, "%u inputs; it takes two at least", node->input_count);
    SOMA_TRY(get_trips(node, &trips));
    t.states = node->input_count - 2;
    const Soma__Onnx__AttributeProto *body = soma_onnx_attribute(node, "body");
    if (trips > MOST_TURNS && body && body->g && makes_all_turns(body->g)) return too_many("the loop takes");
    const size_t made = body && body->g ? body->g->n_output : 0;
    if (made < 1 + t.states || made - 1 - t.states > SOMA_MAX_INPUTS || node->proto->n_output > made - 1)
        return soma_error(SOMA_INVALID_FILE, "%zu states, %zu outputs, and a body that is none or makes %zu", t.states,
                          node->proto->n_output, made);
    t.outs = made - 1 - t.states;
    soma_status status = open_turns(&t);
    if (status == SOMA_OK) status = loop(&t, trips);
    close_turns(&t);
    return status;
}

/* ------------------------------------------------------------------------------------------------------------- Scan */

/* Axes or directions, of inputs or of outputs: as many, or none for zeros. */
static soma_status get_list(const soma_onnx_node *node, const char *name, size_t count, int64_t *values) {
    size_t found;
    bool present;
    memset(values, 0, SOMA_MAX_INPUTS * sizeof *values);
    SOMA_TRY(soma_onnx_get_integers(node, name, values, SOMA_MAX_INPUTS, &found, &present));
    if (!present || found == count) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "attribute %s has %zu numbers for %zu values", name, found, count);
}

typedef struct scan {
    turns t;
    size_t inputs, length;
    int64_t in_axis[SOMA_MAX_INPUTS], in_direction[SOMA_MAX_INPUTS], out_axis[SOMA_MAX_INPUTS],
        out_direction[SOMA_MAX_INPUTS];
} scan;

/* The number of turns is the size of all inputs along their axes. */
static soma_status find_length(scan *s) {
    for (size_t i = 0; i < s->inputs; i++) {
        const soma_onnx_value *value = s->t.node->input[s->t.states + i];
        if (!value) return soma_error(SOMA_INVALID_FILE, "input %zu is left out", s->t.states + i);
        const int64_t rank = value->shape.rank;
        if (s->in_axis[i] < -rank || s->in_axis[i] >= rank)
            return soma_error(SOMA_INVALID_FILE, "axis %" PRId64 " of %s, which has %" PRId64 " dimensions",
                              s->in_axis[i], value->name, rank);
        s->in_axis[i] += s->in_axis[i] < 0 ? rank : 0;
        const size_t size = value->shape.dim[s->in_axis[i]];
        if (size == 0)
            return soma_error(SOMA_UNSUPPORTED,
                              "dimension %" PRId64
                              " of %s is how many turns there are, and is not fixed; give the shape "
                              "(--input, soma_onnx_options.inputs)",
                              s->in_axis[i], soma_quote(value->name, strlen(value->name)).text);
        if (i > 0 && size != s->length)
            return soma_error(SOMA_INVALID_SHAPE, "inputs of %zu and of %zu turns", s->length, size);
        s->length = size;
    }
    return s->length > MOST_TURNS ? too_many("an input has") : SOMA_OK;
}

/* The pieces of the inputs that this turn takes, under the body's names. */
static soma_status define_pieces(const scan *s) {
    const turns *t = &s->t;
    soma_onnx_importer *importer = t->node->importer;
    for (size_t i = 0; i < s->inputs; i++) {
        const size_t place = s->in_direction[i] ? s->length - 1 - t->count : t->count;
        const char *inputs[2] = {t->node->proto->input[t->states + i]};
        soma_onnx_value number;
        SOMA_TRY(soma_onnx_inner_name(importer, &inputs[1]));
        SOMA_TRY(soma_onnx_number_value(importer, inputs[1], INT64, (int64_t)place, 0, &number));
        SOMA_TRY(soma_onnx_define(importer, &number));
        SOMA_TRY(
            soma_onnx_add_made(importer, "Gather", inputs, 2, "axis", &s->in_axis[i], 0, body_input(t, t->states + i)));
    }
    return SOMA_OK;
}

static soma_status run_scan(scan *s) {
    turns *t = &s->t;
    soma_onnx_node *node = t->node;
    if (t->body->n_input != node->input_count || t->body->n_output != t->states + t->outs)
        return soma_error(SOMA_INVALID_FILE, "%u inputs and %zu outputs, and a body of %zu and %zu", node->input_count,
                          node->proto->n_output, t->body->n_input, t->body->n_output);
    SOMA_TRY(get_list(node, "scan_input_axes", s->inputs, s->in_axis));
    SOMA_TRY(get_list(node, "scan_input_directions", s->inputs, s->in_direction));
    SOMA_TRY(get_list(node, "scan_output_axes", t->outs, s->out_axis));
    SOMA_TRY(get_list(node, "scan_output_directions", t->outs, s->out_direction));
    SOMA_TRY(find_length(s));
    SOMA_TRY(take_states(t));
    SOMA_TRY(soma_onnx_enter_initializers(node->importer, t->body));
    while (t->count < s->length) {
        SOMA_TRY(define_pieces(s));
        SOMA_TRY(make_turn(t, 0));
        end_turn(t);
    }
    soma_onnx_leave_initializers(node->importer, t->body);
    SOMA_TRY(give_states(t));
    for (size_t i = 0; t->states + i < node->proto->n_output; i++) {
        const char *output = node->proto->output[t->states + i];
        if (*output) SOMA_TRY(join_pieces(t, i, s->out_axis[i], s->out_direction[i] != 0, output));
    }
    return SOMA_OK;
}

soma_status soma_onnx_add_scan(soma_onnx_node *node) {
    const Soma__Onnx__AttributeProto *body = soma_onnx_attribute(node, "body");
    const size_t made = body && body->g ? body->g->n_output : 0;
    int64_t inputs;
    SOMA_TRY(soma_onnx_get_integer(node, "num_scan_inputs", 0, &inputs));
    if (inputs < 1 || inputs > node->input_count)
        return soma_error(SOMA_INVALID_FILE, "attribute num_scan_inputs is %" PRId64 " of %u inputs", inputs,
                          node->input_count);
    scan s = {.t = {.node = node}, .inputs = (size_t)inputs};
    s.t.states = node->input_count - s.inputs;
    if (made < s.t.states || made - s.t.states > SOMA_MAX_INPUTS || node->proto->n_output > made)
        return soma_error(SOMA_INVALID_FILE, "%zu states, %zu outputs, and a body that is none or makes %zu",
                          s.t.states, node->proto->n_output, made);
    s.t.outs = made - s.t.states;
    if (s.t.states == 1 && s.inputs == 1 && soma_onnx_are_distances(node, body->g))
        return soma_onnx_add_distances(node);
    soma_status status = open_turns(&s.t);
    if (status == SOMA_OK) status = run_scan(&s);
    close_turns(&s.t);
    return status;
}

/* Without a rule: the importer reads the bodies. */
SOMA_ONNX_SEVERAL(Loop, 1, 0, SOMA_MAX_INPUTS - 1, "body", NULL, 0, .place = SOMA_ONNX_ANYWHERE);
SOMA_ONNX_SEVERAL(Scan, 9, 0, SOMA_MAX_INPUTS - 1,
                  "body num_scan_inputs scan_input_axes scan_input_directions scan_output_axes scan_output_directions",
                  NULL, 0, .place = SOMA_ONNX_ANYWHERE);
