/* SPDX-License-Identifier: MIT */
/* Nodes that are read when the model runs, with numbers for all that they read: those that were put off, and those in
 * front of the network. */
#include "io/onnx/front.h"
#include "io/onnx/inside.h"
#include "io/onnx/late.h"

static soma_status run_nodes(soma_onnx_importer *importer, const soma_onnx_late *late, const soma_onnx_value *given,
                             soma_onnx_take_result *take, void *context) {
    const Soma__Onnx__GraphProto *graph = importer->file->model->graph;
    for (size_t i = 0; i < late->names.count; i++) SOMA_TRY(soma_onnx_define(importer, &given[i]));
    for (size_t i = 0; i < graph->n_node; i++)
        if (late->node[i]) SOMA_TRY(soma_onnx_add_numbered_node(importer, graph->node[i], i));
    for (size_t i = 0; i < soma_onnx_count_outputs(importer->file, importer->options); i++) {
        const Soma__Onnx__ValueInfoProto *info = soma_onnx_wanted_output(importer->file, importer->options, i);
        const soma_onnx_value *value = soma_onnx_find_value(importer, info->name);
        soma_status status =
            !value || value->missing ? soma_onnx_not_computed(info->name) : soma_onnx_refuse_sequence(value);
        if (status == SOMA_OK) status = take(context, i, value);
        SOMA_TRY(soma_onnx_say_output(status, i, info));
    }
    return SOMA_OK;
}

static const soma_onnx_selection everything = {.all = true};

static soma_onnx_importer host_importer(const soma_onnx_file *file, const soma_onnx_options *options) {
    return (soma_onnx_importer){.file = file,
                                .add_node = soma_onnx_add_numbered_node,
                                .opset = file->opset,
                                .options = options,
                                .selection = &everything,
                                .memory_limit = soma_onnx_most_made(options),
                                .whole = true,
                                .host = true};
}

static soma_status finish_host(soma_onnx_importer *importer, soma_status status) {
    soma_onnx_scope_clear(&importer->scope);
    soma_onnx_blocks_free(importer->blocks);
    soma_network_destroy(importer->network);
    return status == SOMA_OK ? status : soma_error_prefix(status, "%s: ", importer->file->path);
}

soma_status soma_onnx_run_late(const soma_onnx_file *file, const soma_onnx_options *options, const soma_onnx_late *late,
                               const soma_onnx_value *given, soma_onnx_elsewhere elsewhere, soma_onnx_take_result *take,
                               void *context) {
    soma_onnx_importer importer = host_importer(file, options);
    importer.elsewhere = elsewhere;
    SOMA_TRY(soma_network_create(&importer.network));
    return finish_host(&importer, run_nodes(&importer, late, given, take, context));
}

/* ---------------------------------------------------------------------------------------- nodes before the network */

/* What the file has of the values that they read. */
static soma_status define_initializers(soma_onnx_importer *importer, const soma_onnx_front *front) {
    const Soma__Onnx__GraphProto *graph = importer->file->model->graph;
    soma_words read = {.count = 0};
    soma_status status = SOMA_OK;
    size_t number;
    for (size_t i = 0; i < front->node_count; i++)
        for (size_t k = 0; front->node[i] && k < front->nodes[i]->n_input && status == SOMA_OK; k++)
            status = soma_words_add(&read, front->nodes[i]->input[k], 0, &number);
    for (size_t i = 0; i < graph->n_initializer && status == SOMA_OK; i++) {
        const char *name = graph->initializer[i]->name;
        if (name && soma_words_find(&read, name, &number) && !soma_onnx_find_value(importer, name))
            status = soma_onnx_define_initializer(importer, graph->initializer[i]);
    }
    soma_words_clear(&read);
    return status;
}

static soma_status run_front(soma_onnx_importer *importer, const soma_onnx_value *given, size_t count,
                             soma_onnx_take_joint *take, void *context) {
    const soma_onnx_front *front = importer->file->front;
    for (size_t i = 0; i < count; i++) SOMA_TRY(soma_onnx_define(importer, &given[i]));
    SOMA_TRY(define_initializers(importer, front));
    for (size_t i = 0; i < front->node_count; i++)
        if (front->node[i])
            SOMA_TRY(soma_onnx_say_node(importer, soma_onnx_add_node(importer, front->nodes[i]), front->nodes[i], i));
    for (size_t i = 0; i < front->count; i++) {
        const soma_onnx_value *value = soma_onnx_find_value(importer, front->values[i].name);
        SOMA_TRY(value && !value->missing ? take(context, i, value) : soma_onnx_not_computed(front->values[i].name));
    }
    return SOMA_OK;
}

soma_status soma_onnx_run_front(const soma_onnx_file *file, const soma_onnx_options *options,
                                const soma_onnx_value *given, size_t count, soma_onnx_take_joint *take, void *context) {
    soma_onnx_importer importer = host_importer(file, options);
    SOMA_TRY(soma_network_create(&importer.network));
    return finish_host(&importer, run_front(&importer, given, count, take, context));
}
