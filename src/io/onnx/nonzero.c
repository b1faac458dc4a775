/* SPDX-License-Identifier: MIT */
/* Ops that choose elements by what they are: NonZero, Compress, Unique. */
#include "io/onnx/family.h"
#include "io/onnx/host.h"

#include <math.h>
#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

/* ---------------------------------------------------------------------------------------------------------- import */

/* [dimensions, elements]: where the elements are that are not 0; of a single number one dimension. */
static soma_status import_nonzero(soma_onnx_node *node) {
    const double *x;
    double *to = NULL;
    size_t count, found = 0, at = 0;
    if (!soma_onnx_all_known(node)) return soma_onnx_open_result();
    const soma_onnx_shape *shape = &node->input[0]->shape;
    const uint32_t rank = SOMA_MAX(shape->rank, 1u);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &x, &count));
    for (size_t i = 0; i < count; i++) found += x[i] != 0;
    SOMA_TRY(soma_onnx_make(node, rank * found, &to));
    for (size_t i = 0; i < count; i++) {
        if (x[i] == 0) continue;
        size_t left = i;
        for (uint32_t axis = rank; axis-- > 0; left /= shape->rank ? shape->dim[axis] : 1)
            to[axis * found + at] = (double)(shape->rank ? left % shape->dim[axis] : 0);
        at++;
    }
    return soma_onnx_give_numbers(node, INT64, &(soma_onnx_shape){.rank = 2, .dim = {rank, found}}, false, to);
}

SOMA_ONNX_OP(NonZero, 9, 1, 1, "", import_nonzero, 0, .place = SOMA_ONNX_ANYWHERE);

/* Slices of an axis: the result's number i is the input's number place[i]. */
typedef struct slices {
    const size_t *place;
    size_t count, size, inner; /* of the places, of the axis, of what is behind it */
} slices;

static size_t source(const void *context, size_t i) {
    const slices *from = context;
    const size_t slice = i / from->inner % from->count, outer = i / from->inner / from->count;
    return (outer * from->size + from->place[slice]) * from->inner + i % from->inner;
}

/* The axis, if one is named; else all dimensions are one, *flat. */
static soma_status get_axis(soma_onnx_node *node, uint32_t *axis, soma_onnx_shape *flat) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t given;
    *axis = 0;
    *flat = *x;
    if (!soma_onnx_attribute(node, "axis")) {
        *flat = (soma_onnx_shape){.rank = 1, .dim = {soma_onnx_count(x, 0, x->rank)}};
        return SOMA_OK;
    }
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    return soma_onnx_axis(node, given, x->rank, axis);
}

static soma_status give_slices(soma_onnx_node *node, const soma_onnx_shape *flat, uint32_t axis, const size_t *place,
                               size_t count) {
    soma_onnx_shape out = *flat;
    const slices from = {place, count, flat->dim[axis], soma_onnx_count(flat, axis + 1, flat->rank)};
    out.dim[axis] = count;
    return soma_onnx_fold_selection(node, &out, source, &from);
}

static soma_status import_compress(soma_onnx_node *node) {
    soma_onnx_shape flat;
    const double *keep;
    size_t count, found = 0;
    uint32_t axis;
    if (!soma_onnx_all_known(node)) return soma_onnx_open_result();
    SOMA_TRY(get_axis(node, &axis, &flat));
    if (node->input[1]->shape.rank != 1)
        return soma_error(SOMA_INVALID_FILE, "%s has %u dimensions; it must have one", node->input[1]->name,
                          node->input[1]->shape.rank);
    SOMA_TRY(soma_onnx_numbers_of(node, 1, &keep, &count));
    size_t *place = soma_calloc(count + 1, sizeof *place);
    if (!place) return soma_out_of_memory(count * sizeof *place, node->output.name);
    for (size_t i = 0; i < count; i++)
        if (keep[i] != 0) place[found++] = i;
    soma_status status = found && place[found - 1] >= flat.dim[axis]
                             ? soma_error(SOMA_INVALID_FILE, "place %zu is to be kept of an axis of %zu",
                                          place[found - 1], flat.dim[axis])
                             : give_slices(node, &flat, axis, place, found);
    soma_free(place);
    return status;
}

SOMA_ONNX_OP(Compress, 9, 2, 2, "axis", import_compress, 0, .place = SOMA_ONNX_ANYWHERE);

/* Slices of an axis, one beside the other. */
typedef struct items {
    const double *x;
    size_t size, outer, inner;
} items;

/* A NaN is behind all numbers, and equal to another, as NumPy's unique() and ONNX's own evaluation have it. */
static int compare(const items *of, size_t a, size_t b) {
    for (size_t i = 0; i < of->outer; i++)
        for (size_t k = 0; k < of->inner; k++) {
            const double p = of->x[(i * of->size + a) * of->inner + k], q = of->x[(i * of->size + b) * of->inner + k];
            if (p == q || (isnan(p) && isnan(q))) continue;
            return p < q || isnan(q) ? -1 : 1;
        }
    return 0;
}

static bool is_less(const void *context, size_t a, size_t b) {
    return compare(context, a, b) < 0;
}

static bool is_earlier(const void *context, size_t a, size_t b) {
    const size_t *first = context;
    return first[a] < first[b];
}

/* What is found of items: memory for each of them. */
typedef struct groups {
    size_t *order;   /* the items, equal ones beside each other */
    size_t *first;   /* of each group the first item */
    size_t *members; /* how many it has */
    size_t *group;   /* of each item */
    size_t *turn;    /* the groups, in the order of the result */
    size_t *place;   /* of each group, there */
    size_t count;
} groups;

static soma_status find_groups(const items *of, bool sorted, groups *g) {
    for (size_t i = 0; i < of->size; i++) g->order[i] = i;
    SOMA_TRY(soma_onnx_sort(g->order, of->size, is_less, of));
    for (size_t i = 0; i < of->size; i++) {
        if (i == 0 || compare(of, g->order[i - 1], g->order[i]) != 0) g->first[g->count++] = g->order[i];
        g->group[g->order[i]] = g->count - 1;
        g->members[g->count - 1]++;
    }
    for (size_t i = 0; i < g->count; i++) g->turn[i] = i;
    if (!sorted) SOMA_TRY(soma_onnx_sort(g->turn, g->count, is_earlier, g->first));
    for (size_t i = 0; i < g->count; i++) g->place[g->turn[i]] = i;
    return SOMA_OK;
}

/* Output number node->number: the slices, where each was first, which of them each of the input's is, how many. */
static soma_status give_groups(soma_onnx_node *node, const soma_onnx_shape *flat, uint32_t axis, const groups *g) {
    const bool of_items = node->number == 2;
    const size_t count = of_items ? flat->dim[axis] : g->count;
    double *to = NULL;
    if (node->number == 0) {
        for (size_t i = 0; i < count; i++) g->order[i] = g->first[g->turn[i]];
        return give_slices(node, flat, axis, g->order, count);
    }
    SOMA_TRY(soma_onnx_make(node, count, &to));
    for (size_t i = 0; i < count; i++)
        to[i] = (double)(of_items            ? g->place[g->group[i]]
                         : node->number == 1 ? g->first[g->turn[i]]
                                             : g->members[g->turn[i]]);
    return soma_onnx_give_numbers(node, INT64, &(soma_onnx_shape){.rank = 1, .dim = {count}}, false, to);
}

static soma_status import_unique(soma_onnx_node *node) {
    soma_onnx_shape flat;
    int64_t sorted;
    size_t count;
    uint32_t axis;
    items of;
    if (!soma_onnx_all_known(node)) return soma_onnx_open_result();
    SOMA_TRY(get_axis(node, &axis, &flat));
    SOMA_TRY(soma_onnx_get_integer(node, "sorted", 1, &sorted));
    if (node->number > 3) return soma_error(SOMA_INVALID_FILE, "output %zu; there are four", node->number);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &of.x, &count));
    const size_t size = of.size = flat.dim[axis];
    of.inner = soma_onnx_count(&flat, axis + 1, flat.rank);
    of.outer = of.inner > 0 ? soma_onnx_count(&flat, 0, axis) : 0; /* however many rows of nothing: none is read */
    size_t *memory = soma_calloc(6 * size + 1, sizeof *memory);
    if (!memory) return soma_out_of_memory(6 * size * sizeof *memory, node->output.name);
    groups g = {memory, memory + size, memory + 2 * size, memory + 3 * size, memory + 4 * size, memory + 5 * size, 0};
    soma_status status = find_groups(&of, sorted != 0, &g);
    if (status == SOMA_OK) status = give_groups(node, &flat, axis, &g);
    soma_free(memory);
    return status;
}

SOMA_ONNX_SEVERAL(Unique, 11, 1, 1, "axis sorted", import_unique, 0, .place = SOMA_ONNX_ANYWHERE);
