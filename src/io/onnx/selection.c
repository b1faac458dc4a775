/* SPDX-License-Identifier: MIT */
/* What of a graph the outputs that are wanted need. */
#include "base/utf8.h"
#include "io/onnx/inventory.h"

#include <string.h>

/* What a name takes in a table, its share of what is free included. */
enum { COST_OF_NAME = 128 };

static bool is_output(const Soma__Onnx__GraphProto *graph, const char *name) {
    for (size_t i = 0; i < graph->n_output; i++)
        if (graph->output[i]->name && strcmp(graph->output[i]->name, name) == 0) return true;
    return false;
}

static soma_status no_output(const Soma__Onnx__GraphProto *graph, const char *name) {
    enum { MOST_LISTED = 20 };
    soma_text list = {.data = NULL};
    for (size_t i = 0; i < SOMA_MIN(graph->n_output, (size_t)MOST_LISTED); i++) {
        const char *other = graph->output[i]->name ? graph->output[i]->name : "";
        soma_text_append(&list, "%s%s", i ? ", " : "", soma_quote(other, strlen(other)).text);
    }
    if (graph->n_output > MOST_LISTED) soma_text_append(&list, " and %zu more", graph->n_output - MOST_LISTED);
    soma_status status =
        soma_error(SOMA_INVALID_ARGUMENT, "there is no output %s; there %s %s", soma_quote(name, strlen(name)).text,
                   graph->n_output == 1 ? "is" : "are", list.data ? list.data : "none");
    soma_free(list.data);
    return status;
}

static soma_status need(const soma_onnx_file *file, soma_onnx_selection *selection, const char *name) {
    size_t number;
    if (!*name) return SOMA_OK;
    if (selection->names.count >= (file->budget.limit - file->budget.used) / COST_OF_NAME)
        return soma_error(SOMA_INVALID_FILE, "more than %zu names of values in %zu bytes", selection->names.count,
                          file->size);
    return soma_words_add(&selection->names, name, 0, &number);
}

static bool makes_what_is_needed(const soma_onnx_selection *selection, const Soma__Onnx__NodeProto *node) {
    size_t number;
    for (size_t i = 0; i < node->n_output; i++)
        if (soma_words_find(&selection->names, node->output[i], &number)) return true;
    return false;
}

/* What graphs inside of a node use may be of the graph around them. */
static soma_status need_inside(const soma_onnx_file *file, soma_onnx_selection *selection,
                               const Soma__Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Soma__Onnx__GraphProto *graph = node->attribute[i]->g;
        for (size_t j = 0; graph && j < graph->n_output; j++)
            if (graph->output[j]->name) SOMA_TRY(need(file, selection, graph->output[j]->name));
        for (size_t j = 0; graph && j < graph->n_node; j++) {
            for (size_t k = 0; k < graph->node[j]->n_input; k++)
                SOMA_TRY(need(file, selection, graph->node[j]->input[k]));
            SOMA_TRY(need_inside(file, selection, graph->node[j]));
        }
    }
    return SOMA_OK;
}

/* Nodes come after what they read: so from the last to the first. */
static soma_status walk_back(const soma_onnx_file *file, soma_onnx_selection *selection) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    for (size_t i = graph->n_node; i-- > 0;) {
        const Soma__Onnx__NodeProto *node = graph->node[i];
        if (!makes_what_is_needed(selection, node)) continue;
        selection->node[i] = true;
        selection->nodes++;
        for (size_t j = 0; j < node->n_input; j++) SOMA_TRY(need(file, selection, node->input[j]));
        SOMA_TRY(need_inside(file, selection, node));
    }
    return SOMA_OK;
}

soma_status soma_onnx_select(const soma_onnx_file *file, const soma_onnx_options *options,
                             soma_onnx_selection *selection) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    *selection = (soma_onnx_selection){.all = !options || options->output_count == 0, .nodes = graph->n_node};
    if (selection->all) return SOMA_OK;
    selection->nodes = 0;
    selection->node = soma_calloc(SOMA_MAX(graph->n_node, (size_t)1), sizeof *selection->node);
    if (!selection->node) return soma_out_of_memory(graph->n_node, "the nodes that are needed");
    for (size_t i = 0; i < options->output_count; i++) {
        const char *name = options->outputs[i];
        size_t number, known = selection->names.count;
        if (!name || !is_output(graph, name)) return no_output(graph, name ? name : "");
        SOMA_TRY(need(file, selection, name));
        if (selection->names.count == known && soma_words_find(&selection->names, name, &number))
            return soma_error(SOMA_INVALID_ARGUMENT, "the output %s is asked for twice",
                              soma_quote(name, strlen(name)).text);
    }
    return walk_back(file, selection);
}

void soma_onnx_selection_clear(soma_onnx_selection *selection) {
    soma_words_clear(&selection->names);
    soma_free(selection->node);
    selection->node = NULL;
}

bool soma_onnx_needs_node(const soma_onnx_selection *selection, size_t number) {
    return selection->all || selection->node[number];
}

bool soma_onnx_needs_value(const soma_onnx_selection *selection, const char *name) {
    size_t number;
    return selection->all || (name && soma_words_find(&selection->names, name, &number));
}
