/* SPDX-License-Identifier: MIT */
/* What an ONNX file holds, whether a network can be made of it or not. */
#include "io/onnx/import.h"

static soma_onnx_value_info describe(const Soma__Onnx__ValueInfoProto *value, bool output, int64_t *shape) {
    const Soma__Onnx__TypeProto *type = value->type;
    soma_onnx_value_info info = {.name = value->name ? value->name : "", .is_output = output, .shape = shape};
    const Soma__Onnx__TypeProto__Tensor *tensor =
        type && type->value_case == SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type : NULL;
    const char *elements = tensor ? soma_onnx_type_name(tensor->elem_type) : soma_onnx_kind_name(type);
    info.type = elements ? elements : "unknown";
    info.has_shape = tensor && tensor->shape && tensor->shape->n_dim <= SOMA_ONNX_MAX_RANK;
    info.rank = info.has_shape ? (uint32_t)tensor->shape->n_dim : 0;
    for (uint32_t i = 0; i < info.rank; i++) {
        const Soma__Onnx__TensorShapeProto__Dimension *dim = tensor->shape->dim[i];
        bool fixed = dim->value_case == SOMA__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        shape[i] = fixed && dim->dim_value >= 0 ? dim->dim_value : -1;
    }
    return info;
}

/* Initializers may be listed among the inputs, too. */
static soma_status list_inputs(const Soma__Onnx__GraphProto *graph, const soma_onnx_visitor *visitor) {
    int64_t shape[SOMA_ONNX_MAX_RANK];
    soma_words initialized = {0};
    soma_status status = SOMA_OK;
    size_t number;
    for (size_t i = 0; i < graph->n_initializer && status == SOMA_OK; i++)
        if (graph->initializer[i]->name) status = soma_words_add(&initialized, graph->initializer[i]->name, 0, &number);
    for (size_t i = 0; i < graph->n_input && status == SOMA_OK; i++) {
        const soma_onnx_value_info info = describe(graph->input[i], false, shape);
        if (!soma_words_find(&initialized, info.name, &number)) visitor->value(visitor->context, &info);
    }
    soma_words_clear(&initialized);
    return status;
}

static soma_status list_ops(const soma_onnx_file *file, const soma_onnx_visitor *visitor) {
    const soma_onnx_selection all = {.all = true};
    soma_onnx_ops ops;
    soma_status status = soma_onnx_count_ops(file, &all, &ops);
    for (size_t i = 0; i < ops.names.count && status == SOMA_OK; i++)
        visitor->op(visitor->context, ops.names.words[i].text, ops.use[i].count, ops.use[i].supported);
    soma_onnx_ops_clear(&ops);
    return status;
}

static soma_status list(const soma_onnx_file *file, const soma_onnx_visitor *visitor) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    int64_t shape[SOMA_ONNX_MAX_RANK];
    if (visitor->value) SOMA_TRY(list_inputs(graph, visitor));
    for (size_t i = 0; visitor->value && i < graph->n_output; i++) {
        const soma_onnx_value_info info = describe(graph->output[i], true, shape);
        visitor->value(visitor->context, &info);
    }
    return visitor->op ? list_ops(file, visitor) : SOMA_OK;
}

soma_status soma_list_onnx(const char *path, const soma_onnx_visitor *visitor, int64_t *opset) {
    soma_onnx_file *file;
    if (!path || !visitor || !opset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_list_onnx needs a path, a visitor and a place for the opset");
    *opset = 0;
    SOMA_TRY(SOMA_CHECK_RESERVED(visitor, "soma_onnx_visitor"));
    SOMA_TRY(soma_onnx_open(path, &file));
    soma_status status = list(file, visitor);
    if (status == SOMA_OK)
        *opset = file->opset;
    else
        soma_error_prefix(status, "%s: ", path);
    soma_onnx_close(file);
    return status;
}

soma_status soma_onnx_list_texts(const char *path, soma_onnx_text_visitor *text, void *context) {
    soma_onnx_file *file;
    if (!path || !text)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_list_texts: the %s is NULL", path ? "function" : "path");
    SOMA_TRY(soma_onnx_open(path, &file));
    soma_onnx_visit_texts(file, text, context);
    soma_onnx_close(file);
    return SOMA_OK;
}
