/* SPDX-License-Identifier: MIT */
/* See inside.h. */
#include "io/onnx/inside.h"
#include "base/utf8.h"
#include "io/onnx/family.h"

#include <string.h>

/* Bytes that a node which is written out takes in a network, at least. */
enum { COST_OF_NODE = 800 };

static bool is_named(const char *name, const char *wanted) {
    return name && wanted && strcmp(name, wanted) == 0;
}

const Soma__Onnx__NodeProto *soma_onnx_maker(const Soma__Onnx__GraphProto *graph, const char *name, const char *op,
                                             size_t inputs) {
    for (size_t i = 0; i < graph->n_node; i++) {
        const Soma__Onnx__NodeProto *node = graph->node[i];
        if (node->n_output != 1 || !is_named(node->output[0], name)) continue;
        return is_named(node->op_type, op) && node->n_input == inputs && soma_onnx_is_standard(node->domain) ? node
                                                                                                             : NULL;
    }
    return NULL;
}

const char *soma_onnx_behind_identities(const Soma__Onnx__GraphProto *graph, const char *name) {
    const Soma__Onnx__NodeProto *node;
    for (size_t i = 0; i < graph->n_node && (node = soma_onnx_maker(graph, name, "Identity", 1)); i++)
        name = node->input[0];
    return name;
}

soma_status soma_onnx_write_out(soma_onnx_importer *importer, size_t nodes, const char *name) {
    importer->written_out += SOMA_MIN(nodes, (size_t)SOMA_MAX_FILE_TENSORS) + 1;
    if (nodes > SOMA_MAX_FILE_TENSORS || importer->written_out > SOMA_MAX_FILE_TENSORS)
        return soma_error(
            SOMA_UNSUPPORTED,
            "%s: more than %d nodes where branches, loops and functions are written out; so many are read",
            soma_quote(name, strlen(name)).text, SOMA_MAX_FILE_TENSORS);
    return soma_onnx_take(importer, nodes * COST_OF_NODE, name);
}

soma_status soma_onnx_enter_initializers(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph) {
    SOMA_TRY(soma_onnx_write_out(importer, graph->n_initializer, graph->name ? graph->name : "a graph inside"));
    for (size_t i = 0; i < graph->n_initializer; i++)
        SOMA_TRY(soma_onnx_define_initializer(importer, graph->initializer[i]));
    return SOMA_OK;
}

void soma_onnx_leave_initializers(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name) soma_onnx_forget(importer, graph->initializer[i]->name);
}

soma_status soma_onnx_add_inside(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph) {
    SOMA_TRY(soma_onnx_write_out(importer, graph->n_node, graph->name ? graph->name : "a graph inside"));
    for (size_t i = 0; i < graph->n_node; i++) SOMA_TRY(importer->add_node(importer, graph->node[i], i));
    return SOMA_OK;
}

/* Names inside of a graph are no names outside of it: another may have them again. */
void soma_onnx_leave(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_output; j++)
            if (*graph->node[i]->output[j]) soma_onnx_forget(importer, graph->node[i]->output[j]);
}

soma_status soma_onnx_output_inside(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph, size_t number,
                                    soma_onnx_value *value) {
    const char *name = graph->output[number]->name ? graph->output[number]->name : "";
    const soma_onnx_value *found = soma_onnx_find_value(importer, name);
    if (!found || found->absent)
        return soma_error(SOMA_INVALID_FILE, "output %s of the graph inside is no value of it",
                          soma_quote(name, strlen(name)).text);
    *value = *found;
    return SOMA_OK;
}

soma_status soma_onnx_add_branch(soma_onnx_node *node) {
    soma_onnx_importer *importer = node->importer;
    const Soma__Onnx__GraphProto *graph;
    soma_onnx_value made[SOMA_MAX_ENDS];
    SOMA_TRY(soma_onnx_choose_branch(node, &graph));
    const size_t count = node->proto->n_output;
    if (count > SOMA_COUNT_OF(made) || count > graph->n_output)
        return soma_error(count > graph->n_output ? SOMA_INVALID_FILE : SOMA_UNSUPPORTED,
                          "%zu outputs of a branch that has %zu; at most %d are possible", count, graph->n_output,
                          SOMA_MAX_ENDS);
    SOMA_TRY(soma_onnx_enter_initializers(importer, graph));
    SOMA_TRY(soma_onnx_add_inside(importer, graph));
    for (size_t i = 0; i < count; i++) {
        SOMA_TRY(soma_onnx_output_inside(importer, graph, i, &made[i]));
        made[i].name = node->proto->output[i];
    }
    soma_onnx_leave(importer, graph);
    soma_onnx_leave_initializers(importer, graph);
    for (size_t i = 0; i < count; i++)
        if (*made[i].name) SOMA_TRY(soma_onnx_define(importer, &made[i]));
    return SOMA_OK;
}
