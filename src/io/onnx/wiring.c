/* SPDX-License-Identifier: MIT */
/* Which node of a graph makes each value, and how often it is used. */
#include "io/onnx/wiring.h"

#include <string.h>

static bool has_graph(const Soma__Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->g || node->attribute[i]->n_graphs) return true;
    return false;
}

/* *plain: each value has one name, and no graph inside of a node uses any. */
static soma_status list_results(soma_onnx_wiring *wiring, bool *plain) {
    const Soma__Onnx__GraphProto *graph = wiring->file->model->graph;
    *plain = true;
    for (size_t i = 0; i < graph->n_node && *plain; i++) {
        *plain = !has_graph(graph->node[i]);
        for (size_t j = 0; j < graph->node[i]->n_output; j++) {
            const size_t known = wiring->results.count;
            size_t number;
            if (!*graph->node[i]->output[j]) continue;
            SOMA_TRY(soma_words_add(&wiring->results, graph->node[i]->output[j], i, &number));
            *plain &= wiring->results.count > known;
        }
    }
    return SOMA_OK;
}

static void use(soma_onnx_wiring *wiring, const char *name) {
    size_t number;
    if (name && soma_words_find(&wiring->results, name, &number)) wiring->uses[number]++;
}

static soma_status list_uses(soma_onnx_wiring *wiring) {
    const Soma__Onnx__GraphProto *graph = wiring->file->model->graph;
    size_t number;
    wiring->uses = soma_calloc(wiring->results.count + 1, sizeof *wiring->uses);
    if (!wiring->uses) return soma_out_of_memory(wiring->results.count * sizeof *wiring->uses, "the values of a model");
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_input; j++) use(wiring, graph->node[i]->input[j]);
    for (size_t i = 0; i < graph->n_output; i++) use(wiring, graph->output[i]->name);
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name)
            SOMA_TRY(soma_words_add(&wiring->initializers, graph->initializer[i]->name, i, &number));
    return SOMA_OK;
}

soma_status soma_onnx_wiring_open(const soma_onnx_file *file, soma_onnx_wiring *wiring, bool *plain) {
    *wiring = (soma_onnx_wiring){.file = file};
    SOMA_TRY(list_results(wiring, plain));
    return *plain ? list_uses(wiring) : SOMA_OK;
}

void soma_onnx_wiring_clear(soma_onnx_wiring *wiring) {
    soma_words_clear(&wiring->results);
    soma_words_clear(&wiring->initializers);
    soma_free(wiring->uses);
    *wiring = (soma_onnx_wiring){.file = NULL};
}

const Soma__Onnx__NodeProto *soma_onnx_wiring_maker(const soma_onnx_wiring *wiring, const char *name, uint32_t uses,
                                                    size_t *number) {
    size_t result;
    if (!soma_words_find(&wiring->results, name, &result) || wiring->uses[result] != uses) return NULL;
    *number = wiring->results.words[result].line;
    return wiring->file->model->graph->node[*number];
}

/* ------------------------------------------------------------------------------------------------------- constants */

const Soma__Onnx__AttributeProto *soma_onnx_only_attribute(const Soma__Onnx__NodeProto *node, const char *name) {
    const Soma__Onnx__AttributeProto *attribute = node && node->n_attribute == 1 ? node->attribute[0] : NULL;
    return attribute && attribute->name && strcmp(attribute->name, name) == 0 ? attribute : NULL;
}

static const Soma__Onnx__TensorProto *constant_of(const soma_onnx_wiring *wiring, const char *name) {
    const Soma__Onnx__GraphProto *graph = wiring->file->model->graph;
    size_t number;
    if (soma_words_find(&wiring->initializers, name, &number))
        return graph->initializer[wiring->initializers.words[number].line];
    if (!soma_words_find(&wiring->results, name, &number)) return NULL;
    const Soma__Onnx__NodeProto *node = graph->node[wiring->results.words[number].line];
    if (!node->op_type || strcmp(node->op_type, "Constant") != 0 || !soma_onnx_is_standard(node->domain)) return NULL;
    const Soma__Onnx__AttributeProto *value = soma_onnx_only_attribute(node, "value");
    return value ? value->t : NULL;
}

soma_status soma_onnx_wiring_constant(const soma_onnx_wiring *wiring, const char *name, int32_t type,
                                      soma_onnx_elements *elements, soma_onnx_reader *reader, bool *found) {
    const Soma__Onnx__TensorProto *tensor = constant_of(wiring, name);
    *found = false;
    if (!tensor || soma_onnx_elements_of(tensor, elements) != SOMA_OK || elements->type != type || elements->count == 0)
        return SOMA_OK;
    const soma_status status = soma_onnx_reader_open(wiring->file, elements, reader);
    *found = status == SOMA_OK;
    return status == SOMA_OUT_OF_MEMORY || status == SOMA_IO ? status : SOMA_OK;
}
