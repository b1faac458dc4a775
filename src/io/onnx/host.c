/* SPDX-License-Identifier: MIT */
/*
 * What is computed on the host: behind ops whose result's shape depends on numbers. Most rules fold what is known; here
 * are those that only a network computes otherwise.
 */
#include "io/onnx/host.h"
#include "device/functions.h"
#include "device/reference/reference.h"
#include "io/onnx/family.h"
#include "io/onnx/late.h"

#include <math.h>
#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

/* ----------------------------------------------------------------------------------------------------- for all ops */

static soma_status read_all(soma_onnx_node *node, uint32_t input, const double **numbers, size_t *count) {
    const soma_onnx_value *value = node->input[input];
    soma_onnx_reader reader;
    double *made = NULL;
    *count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    if (soma_onnx_is_words(value))
        return soma_error(SOMA_UNSUPPORTED, "%s holds words; numbers are taken", value->name);
    if (value->elements.open) return soma_onnx_unknown_batch(value->name);
    SOMA_TRY(soma_onnx_make(node, *count, &made));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    for (size_t i = 0; i < *count; i++) made[i] = soma_onnx_read(&reader, i);
    soma_onnx_reader_close(&reader);
    *numbers = made;
    return SOMA_OK;
}

soma_status soma_onnx_numbers_of(soma_onnx_node *node, uint32_t input, const double **numbers, size_t *count) {
    const soma_onnx_value *value = node->input[input];
    SOMA_TRY(read_all(node, input, numbers, count));
    for (size_t i = 0; value->integer && i < *count; i++)
        SOMA_TRY(soma_onnx_check_whole(value->name, i, (*numbers)[i], value->elements.type));
    return SOMA_OK;
}

/* A bound, mostly, that may be as large as its type has it. */
soma_status soma_onnx_number_of(soma_onnx_node *node, uint32_t input, double otherwise, double *number) {
    const double *numbers = NULL;
    size_t count;
    *number = otherwise;
    if (input >= node->input_count || !node->input[input]) return SOMA_OK;
    SOMA_TRY(read_all(node, input, &numbers, &count));
    if (count != 1)
        return soma_error(SOMA_INVALID_FILE, "%s has %zu elements; it must have one", node->input[input]->name, count);
    *number = numbers[0];
    return SOMA_OK;
}

bool soma_onnx_all_known(const soma_onnx_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i] && !soma_onnx_is_known(node->input[i])) return false;
    return true;
}

#define ACCEPTED "accepted: `soma predict --raw`, soma_onnx_session_run() of soma/onnx.h, soma.onnx.Session"

soma_status soma_onnx_open_result(void) {
    return soma_error(SOMA_UNSUPPORTED, "the shape of its result depends on numbers, and a network knows all shapes "
                                        "beforehand; " ACCEPTED);
}

soma_status soma_onnx_on_host(const char *what) {
    return soma_error(SOMA_UNSUPPORTED, "%s on the host, not by a network; " ACCEPTED, what);
}

soma_status soma_onnx_take_steps(soma_onnx_node *node, double steps, const char *what) {
    node->importer->steps += steps;
    if (node->importer->steps <= 0x1p32) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "more than %.0f %s; up to so many are in a run", 0x1p32, what);
}

/* Merges runs of 1, 2, 4, ... */
soma_status soma_onnx_sort(size_t *things, size_t count, soma_onnx_before *before, const void *context) {
    size_t *other = soma_malloc(SOMA_MAX(count, (size_t)1) * sizeof *other), *from = things, *to = other;
    if (!other) return soma_out_of_memory(count * sizeof *other, "numbers in order");
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t first = 0; first < count; first += 2 * run) {
            const size_t middle = SOMA_MIN(first + run, count), end = SOMA_MIN(first + 2 * run, count);
            size_t a = first, b = middle;
            for (size_t i = first; i < end; i++)
                to[i] = b == end || (a < middle && !before(context, from[b], from[a])) ? from[a++] : from[b++];
        }
        size_t *done = to;
        to = from;
        from = done;
    }
    if (from != things) memcpy(things, from, count * sizeof *things);
    soma_free(other);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------- functions of one number
 */

/* Of a row of the table of functions. */
static soma_status apply_function(soma_onnx_node *node) {
    const soma_function function = (soma_function)node->row->parameter;
    const soma_function_row *row = soma_function_get(function);
    const soma_onnx_value *x = node->input[0];
    float a = row->a, b = row->b;
    const double *from;
    size_t count;
    double *to = NULL;
    if (node->row->whole && x->integer) return node->row->rule(node);
    if (*row->onnx.a) SOMA_TRY(soma_onnx_get_float(node, row->onnx.a, row->a, &a));
    if (*row->onnx.b) SOMA_TRY(soma_onnx_get_float(node, row->onnx.b, row->b, &b));
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &from, &count));
    SOMA_TRY(soma_onnx_make(node, count, &to));
    for (size_t i = 0; i < count; i++) to[i] = soma_reference_function(function, from[i], (double)a, (double)b);
    return soma_onnx_give_numbers(node, soma_onnx_type_of(x), &x->shape, false, to);
}

static soma_status negate(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    const double *from;
    size_t count;
    double *to = NULL;
    if (x->integer) return node->row->rule(node);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &from, &count));
    SOMA_TRY(soma_onnx_make(node, count, &to));
    for (size_t i = 0; i < count; i++) to[i] = -from[i];
    return soma_onnx_give_numbers(node, soma_onnx_type_of(x), &x->shape, false, to);
}

/* ------------------------------------------------------------------------------------------ functions of two and more
 */

static double larger(double a, double b) {
    return isnan(a) || a > b ? a : b;
}

static double smaller(double a, double b) {
    return isnan(a) || a < b ? a : b;
}

/* The inputs one after the other. */
static soma_status fold_all(soma_onnx_node *node, soma_onnx_pair *f) {
    soma_onnx_value *given[2] = {node->input[0], node->input_count > 1 ? node->input[1] : NULL}, so_far = *given[0];
    const int32_t type = soma_onnx_type_of(given[0]);
    const char *name = node->output.name;
    soma_status status = soma_onnx_pass(node, given[0]);
    for (uint32_t i = 1; i < node->input_count && status == SOMA_OK; i++) {
        node->input[0] = &so_far;
        if (i > 1) node->input[1] = node->input[i];
        node->output = (soma_onnx_value){.name = name};
        status = soma_onnx_fold_pairs(node, f, type);
        so_far = node->output;
    }
    node->input[0] = given[0];
    if (given[1]) node->input[1] = given[1];
    return status;
}

static soma_status largest_of(soma_onnx_node *node) {
    return fold_all(node, larger);
}

static soma_status smallest_of(soma_onnx_node *node) {
    return fold_all(node, smaller);
}

static soma_status clip(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    const double *from;
    size_t count;
    double *to = NULL, least, most;
    float lowest, highest;
    SOMA_TRY(soma_onnx_get_float(node, "min", -INFINITY, &lowest));
    SOMA_TRY(soma_onnx_get_float(node, "max", INFINITY, &highest));
    SOMA_TRY(soma_onnx_number_of(node, 1, (double)lowest, &least));
    SOMA_TRY(soma_onnx_number_of(node, 2, (double)highest, &most));
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &from, &count));
    SOMA_TRY(soma_onnx_make(node, count, &to));
    for (size_t i = 0; i < count; i++) {
        const double above = from[i] < least ? least : from[i];
        to[i] = above > most ? most : above;
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of(x), &x->shape, false, to);
}

/* ------------------------------------------------------------------------------------------------------ along an axis
 */

/* Elements along an axis: number i of a line is at first + i * step. */
typedef struct line {
    const double *at;
    size_t first, step;
    bool largest, last; /* which is wanted; of equal ones the last */
} line;

/* Before others: the larger or smaller; a NaN is behind all numbers. */
static bool is_before(const void *context, size_t a, size_t b) {
    const line *of = context;
    const double p = of->at[of->first + a * of->step], q = of->at[of->first + b * of->step];
    if (isnan(p) || isnan(q)) return !isnan(p);
    return of->largest ? p > q : p < q;
}

/* So many of each line, in their order: values or places. */
static soma_status take_lines(soma_onnx_node *node, uint32_t axis, size_t most, line of, bool places,
                              const soma_onnx_shape *out) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const size_t size = x->dim[axis], outer = soma_onnx_count(x, 0, axis);
    double *to = NULL;
    size_t count, *order;
    of.step = soma_onnx_count(x, axis + 1, x->rank);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &of.at, &count));
    SOMA_TRY(soma_onnx_make(node, outer * most * of.step, &to));
    order = soma_calloc(SOMA_MAX(size, (size_t)1), sizeof *order);
    if (!order) return soma_out_of_memory(size * sizeof *order, node->output.name);
    soma_status status = SOMA_OK;
    for (size_t i = 0; most > 0 && i < outer * of.step && status == SOMA_OK; i++) {
        of.first = i / of.step * size * of.step + i % of.step;
        for (size_t k = 0; k < size; k++) order[k] = of.last ? size - 1 - k : k;
        status = soma_onnx_sort(order, size, is_before, &of);
        for (size_t k = 0; k < most; k++)
            to[(i / of.step * most + k) * of.step + i % of.step] =
                places ? (double)order[k] : of.at[of.first + order[k] * of.step];
    }
    soma_free(order);
    SOMA_TRY(status);
    return soma_onnx_give_numbers(node, places ? INT64 : soma_onnx_type_of(node->input[0]), out, false, to);
}

static soma_status top(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    int64_t given, largest, k = -1;
    size_t count = 1;
    uint32_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", -1, &given));
    SOMA_TRY(soma_onnx_get_integer(node, "largest", 1, &largest));
    SOMA_TRY(soma_onnx_axis(node, given, out.rank, &axis));
    SOMA_TRY(node->opset < 10 ? soma_onnx_get_integer(node, "k", -1, &k) : soma_onnx_integers(node, 1, &k, 1, &count));
    if (count != 1 || k < 0 || (uint64_t)k > out.dim[axis])
        return soma_error(SOMA_INVALID_FILE, "the first %lld of an axis of %zu", (long long)k, out.dim[axis]);
    out.dim[axis] = (size_t)k;
    return take_lines(node, axis, (size_t)k, (line){.largest = largest != 0}, node->number > 0, &out);
}

static soma_status extreme_place(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    int64_t given, keep, last;
    uint32_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    SOMA_TRY(soma_onnx_get_integer(node, "keepdims", 1, &keep));
    SOMA_TRY(soma_onnx_get_integer(node, "select_last_index", 0, &last));
    SOMA_TRY(soma_onnx_axis(node, given, out.rank, &axis));
    if (out.dim[axis] == 0) return soma_error(SOMA_INVALID_FILE, "the place of one along an axis of 0");
    out.dim[axis] = 1;
    for (uint32_t i = axis; !keep && i + 1 < out.rank; i++) out.dim[i] = out.dim[i + 1];
    if (!keep) out.rank--;
    const line of = {.largest = node->row == &soma_onnx_row_ArgMax, .last = last != 0};
    return take_lines(node, axis, 1, of, true, &out);
}

/* -------------------------------------------------------------------------------------------------------------- all */

static soma_status apply(soma_onnx_node *node) {
    static const struct {
        const soma_onnx_row *row;
        soma_onnx_rule *rule;
    } rules[] = {
        {&soma_onnx_row_ArgMax, extreme_place},
        {&soma_onnx_row_ArgMin, extreme_place},
        {&soma_onnx_row_Clip, clip},
        {&soma_onnx_row_Max, largest_of},
        {&soma_onnx_row_Min, smallest_of},
        {&soma_onnx_row_Neg, negate},
        {&soma_onnx_row_Pow, soma_onnx_fold_power},
        {&soma_onnx_row_TopK, top},
    };
    soma_onnx_rule *rule = node->row->rule;
    for (size_t i = 0; i < SOMA_COUNT_OF(rules); i++)
        if (rules[i].row == node->row) rule = rules[i].rule;
    for (size_t i = 0; i < SOMA_FUNCTION_COUNT; i++)
        if (&soma_onnx_functions[i] == node->row) rule = apply_function;
    return rule(node);
}

static bool is_of_run(const soma_onnx_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i] && node->input[i]->of_run) return true;
    return false;
}

/* Not on the host: the inputs are as they were before, and so is the network that nobody runs. */
static soma_status apply_elsewhere(soma_onnx_node *node, const soma_onnx_value *before) {
    soma_onnx_importer *importer = node->importer;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i]) *node->input[i] = before[i];
    node->output = (soma_onnx_value){.name = node->output.name};
    memset(node->kept, 0, sizeof node->kept); /* tensors of the network that goes */
    node->kind = 0;
    soma_network_destroy(importer->network);
    SOMA_TRY(soma_network_create(&importer->network));
    SOMA_TRY(soma_network_begin_layer(importer->network, "elsewhere", NULL));
    return importer->elsewhere.run(importer->elsewhere.context, node);
}

soma_status soma_onnx_apply_on_host(soma_onnx_node *node) {
    soma_onnx_importer *importer = node->importer;
    const size_t taken = importer->taken;
    soma_onnx_value before[SOMA_MAX_INPUTS];
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i]) before[i] = *node->input[i];
    soma_status status = apply(node);
    if (status == SOMA_OK && !node->output.constant)
        status = soma_error(SOMA_UNSUPPORTED,
                            "%s comes behind an op whose result's shape depends on numbers, where soma "
                            "computes on the host, and does not have this op",
                            node->output.name);
    if ((status == SOMA_UNSUPPORTED || status == SOMA_INVALID_SHAPE) && importer->elsewhere.run && is_of_run(node)) {
        const soma_status here = status;
        char *reason = soma_strdup(soma_last_error());
        importer->taken = taken;
        status = apply_elsewhere(node, before);
        /* Of what a network leaves to the host, the host's reason counts. */
        if (status == SOMA_UNSUPPORTED && strstr(soma_last_error(), ACCEPTED) && reason)
            status = soma_error(here, "%s", reason);
        soma_free(reason);
    }
    node->output.of_run = is_of_run(node);
    return status;
}
