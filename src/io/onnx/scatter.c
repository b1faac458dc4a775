/* SPDX-License-Identifier: MIT */
/*
 * ScatterElements and ScatterND: values that take places of another, or are combined with what is there. Of constant
 * places each element of the result is taken from the one or the other, so that nothing is written twice; places that
 * are named more than once take a round for each time. Of others: scatter_computed.c.
 */
#include "io/onnx/scatter.h"
#include "io/onnx/compose.h"
#include "io/onnx/host.h"

#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { MOST_ROUNDS = 64 };

typedef struct reduction {
    const char *name;
    soma_binary op;
    float neutral;
} reduction;

static const reduction reductions[] = {{"add", SOMA_BINARY_ADD, 0},
                                       {"mul", SOMA_BINARY_MULTIPLY, 1},
                                       {"max", SOMA_BINARY_MAXIMUM, -(float)INFINITY},
                                       {"min", SOMA_BINARY_MINIMUM, (float)INFINITY}};

/* NULL: the values replace what is there. */
static soma_status get_reduction(const soma_onnx_node *node, const reduction **by) {
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(node, "reduction");
    *by = NULL;
    if (!given || soma_onnx_is_text(given, "none")) return SOMA_OK;
    for (size_t i = 0; i < SOMA_COUNT_OF(reductions); i++)
        if (soma_onnx_is_text(given, reductions[i].name)) *by = &reductions[i];
    return *by ? SOMA_OK
               : soma_error(SOMA_INVALID_FILE, "attribute reduction must be \"none\", \"add\", \"mul\", \"max\" or "
                                               "\"min\"");
}

/* Both of the batch, where one is. */
static soma_status match_batches(soma_tensor **x, soma_tensor **values) {
    soma_tensor **alone = (*x)->batched ? values : x;
    if ((*x)->batched == (*values)->batched) return SOMA_OK;
    soma_tensor like = **alone;
    like.batched = true;
    return soma_graph_copy((*alone)->graph, *alone, &like, 1, alone);
}

static size_t number_of(const void *context, size_t i) {
    return ((const size_t *)context)[i];
}

/* y = x where from[i] is i, else what lies behind x. */
static soma_status choose(soma_tensor *x, soma_tensor *behind, const size_t *from, size_t count, soma_tensor **y) {
    SOMA_TRY(match_batches(&x, &behind));
    SOMA_TRY(soma_graph_join((soma_tensor *[]){x, behind}, 2, x->batched ? 1 : 0, y));
    return soma_graph_pick(*y, 0, count, number_of, from, y);
}

/* For each element the value that it gets, the last that names its place. */
static soma_status replace(const soma_onnx_places *at, soma_tensor *x, soma_tensor *values, size_t *from, size_t count,
                           soma_tensor **y) {
    for (size_t i = 0; i < count; i++) from[i] = i;
    for (size_t i = 0; i < at->count * at->slice; i++) from[at->place[i / at->slice] + i % at->slice] = count + i;
    return choose(x, values, from, count, y);
}

/* One round: the element of each place that is named for the time number `round`, or what changes nothing, which lies
 * before the values. False: there is none. */
static bool begin_round(const soma_onnx_places *at, const size_t *time, size_t round, size_t *from, size_t count) {
    bool any = false;
    for (size_t i = 0; i < count; i++) from[i] = 0;
    for (size_t i = 0; i < at->count; i++) {
        if (time[i] != round) continue;
        for (size_t j = 0; j < at->slice; j++) from[at->place[i] + j] = 1 + i * at->slice + j;
        any = true;
    }
    return any;
}

static soma_status combine_in_rounds(soma_onnx_node *node, const soma_onnx_places *at, const reduction *by,
                                     soma_tensor *values, const size_t *time, size_t *from, size_t count,
                                     soma_tensor **y) {
    soma_tensor *neutral, *some;
    SOMA_TRY(soma_onnx_fill(node, by->neutral, &neutral));
    for (size_t round = 0; begin_round(at, time, round, from, count); round++) {
        if (round == MOST_ROUNDS)
            return soma_error(SOMA_UNSUPPORTED, "a place is named more than %d times", MOST_ROUNDS);
        SOMA_TRY(choose(neutral, values, from, count, &some));
        SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), *y, some, by->op, y));
    }
    return SOMA_OK;
}

/* Which time it is that each place is named. */
static soma_status combine(soma_onnx_node *node, const soma_onnx_places *at, const reduction *by, soma_tensor *values,
                           size_t *from, size_t count, soma_tensor **y) {
    size_t *time = soma_calloc(at->count, sizeof *time);
    if (!time) return soma_out_of_memory(at->count * sizeof *time, node->output.name);
    for (size_t i = 0; i < count; i++) from[i] = 0;
    for (size_t i = 0; i < at->count; i++) time[i] = from[at->place[i]]++;
    soma_status status = combine_in_rounds(node, at, by, values, time, from, count, y);
    soma_free(time);
    return status;
}

static soma_status put(soma_onnx_node *node, const soma_onnx_places *at) {
    const soma_onnx_value *x = node->input[0], *values = node->input[2];
    size_t count = soma_onnx_count(&x->shape, 0, x->shape.rank);
    soma_onnx_shape out = x->shape;
    const reduction *by;
    soma_tensor *tensor, *from_values, *y;
    SOMA_TRY(get_reduction(node, &by));
    if (soma_onnx_first(node->importer, &values->shape)) return soma_onnx_mixes(node);
    if (soma_onnx_count(&values->shape, 0, values->shape.rank) != at->count * at->slice)
        return soma_error(SOMA_INVALID_FILE, "the values are not as many as the places");
    SOMA_TRY(soma_onnx_flattened(node, 0, &tensor));
    SOMA_TRY(soma_onnx_flattened(node, 2, &from_values));
    SOMA_TRY(soma_onnx_take_made(node->importer, count, sizeof(size_t), x->name));
    size_t *from = soma_calloc(count, sizeof *from);
    if (!from) return soma_out_of_memory(count * sizeof *from, x->name);
    y = tensor;
    soma_status status =
        by ? combine(node, at, by, from_values, from, count, &y) : replace(at, tensor, from_values, from, count, &y);
    soma_free(from);
    SOMA_TRY(status);
    out.batched |= values->shape.batched;
    node->output.integer = x->integer;
    node->output.elements.type = x->elements.type;
    return soma_onnx_give(node, y, &out);
}

static soma_status put_at(soma_onnx_node *node, soma_put_params params) {
    const bool tuples = node->row->parameter;
    soma_onnx_places at = {.place = NULL};
    soma_status status = tuples ? soma_onnx_places_of_tuples(node, 0, &at) : soma_onnx_places_along(node, &at);
    if (status == SOMA_OK) status = soma_onnx_all_known(node) ? soma_onnx_put_known(node, &at, params) : put(node, &at);
    soma_onnx_places_clear(&at);
    return status;
}

/* Elements along an axis. */
static soma_status put_along(soma_onnx_node *node, soma_put_params params) {
    const soma_onnx_shape *x = &node->input[0]->shape, *index = &node->input[1]->shape;
    const uint32_t first = soma_onnx_first(node->importer, index);
    soma_onnx_value place;
    int64_t given;
    uint32_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    SOMA_TRY(soma_onnx_axis(node, given, x->rank, &axis));
    SOMA_TRY(soma_onnx_places_computed(node, axis, &place));
    return soma_onnx_put_computed(node, &place, soma_onnx_count(x, first, x->rank), 1, params);
}

/* Slices behind the dimensions that tuples of numbers count in, which the batch is none of. */
static soma_status put_tuples(soma_onnx_node *node, soma_put_params params) {
    const soma_onnx_shape *x = &node->input[0]->shape, *index = &node->input[1]->shape;
    const uint32_t length = (uint32_t)index->dim[index->rank - 1];
    soma_onnx_value place;
    if (soma_onnx_first(node->importer, index) || soma_onnx_first(node->importer, x)) return soma_onnx_mixes(node);
    SOMA_TRY(soma_onnx_tuples_computed(node, &place));
    return soma_onnx_put_computed(node, &place, soma_onnx_count(x, 0, length), soma_onnx_count(x, length, x->rank),
                                  params);
}

/* By numbers that are known only when the model runs. */
static soma_status put_computed(soma_onnx_node *node, soma_put_params params) {
    const soma_onnx_shape *x = &node->input[0]->shape, *index = &node->input[1]->shape,
                          *values = &node->input[2]->shape;
    const bool tuples = node->row->parameter;
    soma_onnx_shape wanted = *index;
    size_t length = 0;
    bool fits = tuples ? index->rank > 0 : x->rank > 0 && index->rank == x->rank;
    if (fits && tuples) {
        length = index->dim[--wanted.rank];
        fits = length > 0 && length <= x->rank && wanted.rank + x->rank - length <= SOMA_ONNX_MAX_RANK;
        for (size_t i = length; fits && i < x->rank; i++) wanted.dim[wanted.rank++] = x->dim[i];
    }
    fits = fits && values->rank == wanted.rank;
    for (uint32_t i = 0; fits && i < wanted.rank; i++) fits = values->dim[i] == wanted.dim[i];
    if (!fits)
        return soma_error(SOMA_INVALID_FILE,
                          "%u dimensions of indices do not fit %u of what they are places in, and values of %u",
                          index->rank, x->rank, values->rank);
    if (!node->input[1]->integer)
        return soma_error(SOMA_INVALID_FILE, "%s must be whole numbers", node->input[1]->name);
    return tuples ? put_tuples(node, params) : put_along(node, params);
}

/* Floats have no numbers of 8 and 16 bits that wrap: how often a place is named, and so how large a sum or product
 * becomes before it does, is known only of what is computed on the host. */
static soma_status check_narrow(const soma_onnx_node *node, const reduction *by) {
    soma_onnx_range range;
    if (!by || (by->op != SOMA_BINARY_ADD && by->op != SOMA_BINARY_MULTIPLY) ||
        !soma_onnx_get_range(soma_onnx_type_of(node->input[0]), &range))
        return SOMA_OK;
    return soma_error(
        SOMA_UNSUPPORTED,
        "%s of %s at places, which wrap; accepted: float, double, int32, int64, and for all types max, min "
        "and none",
        by->name, soma_onnx_type_name(soma_onnx_type_of(node->input[0])));
}

static soma_status import_scatter(soma_onnx_node *node) {
    const reduction *by;
    SOMA_TRY(get_reduction(node, &by));
    if (!soma_onnx_all_known(node)) SOMA_TRY(check_narrow(node, by));
    const soma_put_params params = {.combines = by != NULL, .op = by ? by->op : SOMA_BINARY_ADD};
    return node->input[1]->constant ? put_at(node, params) : put_computed(node, params);
}

SOMA_ONNX_OP(Scatter, 9, 3, 3, "axis", import_scatter, false);
SOMA_ONNX_OP(ScatterElements, 11, 3, 3, "axis reduction", import_scatter, false);
SOMA_ONNX_OP(ScatterND, 11, 3, 3, "reduction", import_scatter, true);
