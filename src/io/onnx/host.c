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

/* -------------------------------------------------------------------------------------------------------------- all */

static soma_status apply(soma_onnx_node *node) {
    static const struct {
        const soma_onnx_row *row;
        soma_onnx_rule *rule;
    } rules[] = {
        {&soma_onnx_row_ArgMax, soma_onnx_fold_place},
        {&soma_onnx_row_ArgMin, soma_onnx_fold_place},
        {&soma_onnx_row_Clip, clip},
        {&soma_onnx_row_Max, largest_of},
        {&soma_onnx_row_Min, smallest_of},
        {&soma_onnx_row_Neg, negate},
        {&soma_onnx_row_Pow, soma_onnx_fold_power},
        {&soma_onnx_row_TopK, soma_onnx_fold_top},
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
        if (status == SOMA_UNSUPPORTED && strstr(soma_last_error(), SOMA_ONNX_ACCEPTED) && reason)
            status = soma_error(here, "%s", reason);
        soma_free(reason);
    }
    node->output.of_run = is_of_run(node);
    return status;
}
