/* SPDX-License-Identifier: MIT */
/* See front.h. */
#include "io/onnx/front.h"
#include "io/onnx/family.h"

#include <string.h>

/* Ops that look into texts, or count what has no place in a network. */
static const soma_onnx_row *const wanting[] = {
    &soma_onnx_row_StringConcat,
    &soma_onnx_row_StringNormalizer,
    &soma_onnx_row_TfIdfVectorizer,
    &soma_onnx_row_Tokenizer,
};

static bool wants_texts(const Soma__Onnx__NodeProto *node) {
    const soma_onnx_row *row = node->op_type ? soma_onnx_find_row(node->domain, node->op_type) : NULL;
    for (size_t i = 0; i < SOMA_COUNT_OF(wanting); i++)
        if (wanting[i] == row) return true;
    return false;
}

/* Names of values: those that depend on an input of the graph, those that are made in front, those that nodes behind
 * read. */
typedef struct finder {
    const Soma__Onnx__GraphProto *graph;
    const soma_onnx_selection *selection;
    soma_onnx_front *front;
    soma_words initial, depending, wanted, made, read;
} finder;

typedef soma_status visitor(soma_words *words, const char *name, bool *found);

static soma_status add_name(soma_words *words, const char *name, bool *found) {
    size_t number;
    (void)found;
    return *name ? soma_words_add(words, name, 0, &number) : SOMA_OK;
}

static soma_status find_name(soma_words *words, const char *name, bool *found) {
    size_t number;
    *found |= *name && soma_words_find(words, name, &number);
    return SOMA_OK;
}

/* What a node reads, graphs inside of it included. */
static soma_status visit(const Soma__Onnx__NodeProto *node, visitor *see, soma_words *words, bool *found) {
    for (size_t i = 0; i < node->n_input; i++) SOMA_TRY(see(words, node->input[i], found));
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Soma__Onnx__GraphProto *graph = node->attribute[i]->g;
        for (size_t j = 0; graph && j < graph->n_output; j++)
            if (graph->output[j]->name) SOMA_TRY(see(words, graph->output[j]->name, found));
        for (size_t j = 0; graph && j < graph->n_node; j++) SOMA_TRY(visit(graph->node[j], see, words, found));
    }
    return SOMA_OK;
}

static soma_status add_outputs(soma_words *words, const Soma__Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_output; i++) SOMA_TRY(add_name(words, node->output[i], NULL));
    return SOMA_OK;
}

static soma_status find_depending(finder *f) {
    size_t number;
    for (size_t i = 0; i < f->graph->n_initializer; i++)
        if (f->graph->initializer[i]->name) SOMA_TRY(add_name(&f->initial, f->graph->initializer[i]->name, NULL));
    for (size_t i = 0; i < f->graph->n_input; i++) {
        const char *name = f->graph->input[i]->name;
        if (name && !soma_words_find(&f->initial, name, &number)) SOMA_TRY(add_name(&f->depending, name, NULL));
    }
    for (size_t i = 0; i < f->graph->n_node; i++) {
        bool depends = wants_texts(f->graph->node[i]); /* a word that a run makes is that run's */
        SOMA_TRY(visit(f->graph->node[i], find_name, &f->depending, &depends));
        if (depends) SOMA_TRY(add_outputs(&f->depending, f->graph->node[i]));
    }
    return SOMA_OK;
}

static bool makes(const soma_words *words, const Soma__Onnx__NodeProto *node) {
    size_t number;
    for (size_t i = 0; i < node->n_output; i++)
        if (*node->output[i] && soma_words_find(words, node->output[i], &number)) return true;
    return false;
}

/* Backwards, all that they read; what does not depend on an input is computed here and there. */
static soma_status mark(finder *f, bool *any) {
    for (size_t i = f->graph->n_node; i-- > 0;) {
        const Soma__Onnx__NodeProto *node = f->graph->node[i];
        bool depends = wants_texts(node);
        if (!soma_onnx_needs_node(f->selection, i) || !(wants_texts(node) || makes(&f->wanted, node))) continue;
        SOMA_TRY(visit(node, find_name, &f->depending, &depends));
        SOMA_TRY(visit(node, add_name, &f->wanted, NULL));
        f->front->node[i] = true;
        *any |= depends;
    }
    return SOMA_OK;
}

static bool depends(finder *f, const Soma__Onnx__NodeProto *node) {
    return makes(&f->depending, node);
}

/* Nodes and inputs that are left, and the values between. */
static soma_status divide(finder *f) {
    soma_onnx_front *front = f->front;
    bool used = false;
    for (size_t i = 0; i < f->graph->n_node; i++) {
        Soma__Onnx__NodeProto *node = f->graph->node[i];
        if (front->node[i] && depends(f, node)) {
            SOMA_TRY(add_outputs(&f->made, node));
            continue;
        }
        front->number[front->left] = i;
        front->rest[front->left++] = node;
        if (soma_onnx_needs_node(f->selection, i)) SOMA_TRY(visit(node, add_name, &f->read, NULL));
    }
    for (size_t i = 0; i < f->graph->n_output; i++)
        if (f->graph->output[i]->name) SOMA_TRY(add_name(&f->read, f->graph->output[i]->name, NULL));
    for (size_t i = 0; i < f->graph->n_input; i++) {
        used = false;
        if (f->graph->input[i]->name) SOMA_TRY(find_name(&f->read, f->graph->input[i]->name, &used));
        if (used) front->rest_inputs[front->inputs++] = f->graph->input[i];
    }
    front->values = soma_calloc(f->made.count + 1, sizeof *front->values);
    if (!front->values) return soma_out_of_memory(f->made.count * sizeof *front->values, "values before the network");
    for (size_t i = 0; i < f->made.count; i++) {
        used = false;
        SOMA_TRY(find_name(&f->read, f->made.words[i].text, &used));
        if (used) front->values[front->count++].name = f->made.words[i].text;
    }
    return SOMA_OK;
}

/* Their names are those of the nodes that make them, which stay as long as the file. */
static soma_status keep_names(finder *f) {
    soma_onnx_front *front = f->front;
    const char **names = soma_calloc(f->made.count + 1, sizeof *names);
    size_t number;
    if (!names) return soma_out_of_memory(f->made.count * sizeof *names, "values before the network");
    for (size_t i = 0; i < f->graph->n_node; i++)
        for (size_t j = 0; front->node[i] && j < f->graph->node[i]->n_output; j++)
            if (soma_words_find(&f->made, f->graph->node[i]->output[j], &number))
                names[number] = f->graph->node[i]->output[j];
    for (size_t k = 0; k < front->count; k++)
        if (soma_words_find(&f->made, front->values[k].name, &number)) front->values[k].name = names[number];
    soma_free(names);
    return SOMA_OK;
}

static void link_values(soma_onnx_front *front) {
    for (size_t k = 0; k < front->count; k++) {
        soma_onnx_joint_value *to = &front->values[k];
        to->info = (Soma__Onnx__ValueInfoProto)SOMA__ONNX__VALUE_INFO_PROTO__INIT;
        to->type = (Soma__Onnx__TypeProto)SOMA__ONNX__TYPE_PROTO__INIT;
        to->tensor = (Soma__Onnx__TypeProto__Tensor)SOMA__ONNX__TYPE_PROTO__TENSOR__INIT;
        to->shape = (Soma__Onnx__TensorShapeProto)SOMA__ONNX__TENSOR_SHAPE_PROTO__INIT;
        to->dim = (Soma__Onnx__TensorShapeProto__Dimension)SOMA__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT;
        for (size_t i = 0; i < SOMA_ONNX_MAX_RANK; i++) to->dims[i] = &to->dim;
        to->info.name = (char *)(uintptr_t)to->name;
        to->info.type = &to->type;
        to->type.value_case = SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
        to->type.tensor_type = &to->tensor;
        to->tensor.elem_type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
        to->tensor.shape = &to->shape;
        to->shape.dim = to->dims;
        front->rest_inputs[front->inputs++] = &to->info;
    }
}

static soma_status grow_inputs(soma_onnx_front *front) {
    const size_t count = front->inputs + front->count + 1;
    Soma__Onnx__ValueInfoProto **grown = soma_realloc(front->rest_inputs, count, sizeof *grown);
    if (!grown) return soma_out_of_memory(count * sizeof *grown, "inputs");
    front->rest_inputs = grown;
    return SOMA_OK;
}

static soma_status make_front(finder *f, bool *any) {
    soma_onnx_front *front = f->front;
    const size_t nodes = f->graph->n_node;
    *any = false;
    front->node = soma_calloc(nodes + 1, sizeof *front->node);
    front->number = soma_calloc(nodes + 1, sizeof *front->number);
    front->rest = soma_calloc(nodes + 1, sizeof *front->rest);
    front->rest_inputs = soma_calloc(f->graph->n_input + 1, sizeof *front->rest_inputs);
    if (!front->node || !front->number || !front->rest || !front->rest_inputs)
        return soma_out_of_memory(nodes * sizeof *front->rest, "nodes before the network");
    SOMA_TRY(find_depending(f));
    SOMA_TRY(mark(f, any));
    if (!*any) return SOMA_OK;
    SOMA_TRY(divide(f));
    SOMA_TRY(keep_names(f));
    SOMA_TRY(grow_inputs(front));
    link_values(front);
    return SOMA_OK;
}

static void clear(soma_onnx_front *front) {
    soma_free(front->node);
    soma_free(front->number);
    soma_free(front->rest);
    soma_free(front->rest_inputs);
    soma_free(front->values);
    soma_free(front);
}

soma_status soma_onnx_front_split(soma_onnx_file *file, const soma_onnx_selection *selection) {
    Soma__Onnx__GraphProto *graph = file->model->graph;
    soma_onnx_front *front = soma_calloc(1, sizeof *front);
    finder f = {.graph = graph, .selection = selection, .front = front};
    bool any = false;
    if (!front) return soma_out_of_memory(sizeof *front, "nodes before the network");
    for (size_t i = 0; i < graph->n_node && !any; i++) any = wants_texts(graph->node[i]);
    soma_status status = any ? make_front(&f, &any) : SOMA_OK;
    soma_words_clear(&f.initial);
    soma_words_clear(&f.depending);
    soma_words_clear(&f.wanted);
    soma_words_clear(&f.made);
    soma_words_clear(&f.read);
    if (status != SOMA_OK || !any) return clear(front), status;
    front->nodes = graph->node;
    front->node_count = graph->n_node;
    front->all_inputs = graph->input;
    front->input_count = graph->n_input;
    graph->node = front->rest;
    graph->n_node = front->left;
    graph->input = front->rest_inputs;
    graph->n_input = front->inputs;
    file->front = front;
    return SOMA_OK;
}

void soma_onnx_front_join(soma_onnx_file *file) {
    soma_onnx_front *front = file->front;
    if (!front) return;
    Soma__Onnx__GraphProto *graph = file->model->graph;
    graph->node = front->nodes;
    graph->n_node = front->node_count;
    graph->input = front->all_inputs;
    graph->n_input = front->input_count;
    file->front = NULL;
    clear(front);
}

size_t soma_onnx_front_number(const soma_onnx_file *file, size_t number) {
    return file->front && number < file->front->left ? file->front->number[number] : number;
}

void soma_onnx_front_declare(soma_onnx_joint_value *to, const soma_onnx_value *value) {
    to->tensor.elem_type =
        value->encoded ? (int32_t)SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING : soma_onnx_type_of(value);
    to->shape.n_dim = value->shape.rank;
}
