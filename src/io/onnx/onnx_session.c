/* SPDX-License-Identifier: MIT */
/* Sessions of soma/onnx.h: networks for the shapes that come, and behind them what the host computes. */
#include "io/onnx/onnx_session.h"
#include "base/size.h"
#include "io/onnx/front.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------- what the file declares */

static soma_status describe(const Soma__Onnx__ValueInfoProto *value, bool input, soma_value_info *info) {
    const Soma__Onnx__TypeProto *type = value->type;
    const Soma__Onnx__TypeProto__Tensor *tensor =
        type && type->value_case == SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type : NULL;
    const char *name = value->name ? value->name : "";
    *info = (soma_value_info){.name = name, .dtype = SOMA_F32, .batch_axis = SOMA_NO_AXIS};
    if (input && (!tensor || !tensor->shape || tensor->shape->n_dim > SOMA_MAX_RANK))
        return soma_error(SOMA_UNSUPPORTED, "input %s has no shape, or more than %d dimensions", name, SOMA_MAX_RANK);
    const bool words = tensor && tensor->elem_type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
    if (input && !words && !soma_onnx_is_float(tensor->elem_type) && !soma_onnx_is_integer(tensor->elem_type))
        return soma_error(SOMA_UNSUPPORTED, "input %s: its elements are %s; numbers and words are taken", name,
                          soma_onnx_describe_type(tensor->elem_type).text);
    if (tensor) info->dtype = words ? SOMA_STRING : soma_onnx_dtype_of(tensor->elem_type);
    if (!tensor || !tensor->shape || tensor->shape->n_dim > SOMA_MAX_RANK) return SOMA_OK;
    info->rank = (uint32_t)tensor->shape->n_dim;
    for (uint32_t i = 0; i < info->rank; i++) {
        const Soma__Onnx__TensorShapeProto__Dimension *dim = tensor->shape->dim[i];
        const bool fixed = dim->value_case == SOMA__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (fixed && dim->dim_value > 0 && !soma_size_of(dim->dim_value, &info->shape[i]))
            return soma_error(SOMA_INVALID_SHAPE, "%s: dimension %u is more than memory has bytes", name, i);
    }
    return SOMA_OK;
}

/* The caller's values stand for it, or the file's. */
static bool is_given(const soma_onnx_session *session, const char *name) {
    const Soma__Onnx__GraphProto *graph = session->file->model->graph;
    const soma_onnx_options *options = session->options;
    for (size_t i = 0; options && i < options->constant_count; i++)
        if (strcmp(options->constants[i].name, name) == 0) return true;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name && strcmp(graph->initializer[i]->name, name) == 0) return true;
    return false;
}

static soma_status describe_all(soma_onnx_session *session, const soma_onnx_selection *selection) {
    const Soma__Onnx__GraphProto *graph = session->file->model->graph;
    const bool chosen = session->options && session->options->output_count;
    session->output_count = chosen ? session->options->output_count : graph->n_output;
    session->given = soma_calloc(graph->n_input + 1, sizeof *session->given);
    session->outputs = soma_calloc(session->output_count + 1, sizeof *session->outputs);
    session->results = soma_calloc(session->output_count + 1, sizeof *session->results);
    if (!session->given || !session->outputs || !session->results)
        return soma_out_of_memory(graph->n_input * sizeof *session->given, "inputs and outputs");
    for (size_t i = 0; i < graph->n_input; i++) {
        const char *name = graph->input[i]->name ? graph->input[i]->name : "";
        if (!soma_onnx_needs_value(selection, name) || is_given(session, name)) continue;
        SOMA_TRY(describe(graph->input[i], true, &session->given[session->given_count++]));
    }
    for (size_t i = 0; i < session->output_count; i++)
        SOMA_TRY(describe(soma_onnx_wanted_output(session->file, session->options, i), false, &session->outputs[i]));
    return SOMA_OK;
}

/* What the networks take, once it is known which nodes come before them. */
static soma_status describe_inputs(soma_onnx_session *session) {
    const Soma__Onnx__GraphProto *graph = session->file->model->graph;
    soma_onnx_selection selection;
    session->inputs = soma_calloc(graph->n_input + 1, sizeof *session->inputs);
    if (!session->inputs) return soma_out_of_memory(graph->n_input * sizeof *session->inputs, "inputs");
    SOMA_TRY(soma_onnx_select(session->file, session->options, &selection));
    soma_status status = SOMA_OK;
    for (size_t i = 0; i < graph->n_input && status == SOMA_OK; i++) {
        const char *name = graph->input[i]->name ? graph->input[i]->name : "";
        if (!soma_onnx_needs_value(&selection, name) || is_given(session, name)) continue;
        status = describe(graph->input[i], true, &session->inputs[session->input_count++]);
    }
    soma_onnx_selection_clear(&selection);
    return status;
}

/* -------------------------------------------------------------------------------------------------------- networks */

static void clear_part(soma_onnx_part *one) {
    soma_session_destroy(one->session);
    soma_network_destroy(one->network);
    soma_onnx_late_clear(&one->late);
    soma_free(one->shape);
    *one = (soma_onnx_part){.shape = NULL};
}

static soma_status compile(const soma_onnx_session *session, soma_onnx_part *one) {
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    bool any = false;
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
    for (size_t i = 0; i < one->late.names.count; i++) any |= one->late.needed[i].output != SIZE_MAX;
    if (!any) return SOMA_OK;
    SOMA_TRY(soma_compile(one->network, session->device, &options));
    return soma_session_create(one->network, NULL, &one->session);
}

static soma_status divide(const soma_onnx_session *session, soma_onnx_part *one) {
    soma_onnx_options options = {.batch = SOMA_ONNX_BATCH_AUTO};
    soma_onnx_input *inputs = soma_calloc(session->input_count + 1, sizeof *inputs);
    if (!inputs) return soma_out_of_memory(session->input_count * sizeof *inputs, "the shapes of inputs");
    if (session->options) options = *session->options;
    options.inputs = inputs;
    options.input_count = 0;
    for (size_t i = 0; i < session->input_count; i++)
        if (session->inputs[i].rank)
            inputs[options.input_count++] = (soma_onnx_input){
                .name = session->inputs[i].name, .rank = session->inputs[i].rank, .shape = one->shape[i]};
    soma_status status = soma_onnx_divide(session->file, &options, &one->network, &one->late);
    soma_free(inputs);
    return status == SOMA_OK ? compile(session, one) : status;
}

soma_status soma_onnx_find_part(soma_onnx_session *session, size_t (*shape)[SOMA_MAX_RANK], soma_onnx_part **found) {
    const size_t bytes = (session->input_count + 1) * sizeof *shape;
    soma_onnx_part *oldest = session->parts;
    *found = NULL;
    for (soma_onnx_part *one = session->parts; one < session->parts + SOMA_ONNX_MOST_PARTS; one++) {
        if (one->shape && memcmp(one->shape, shape, bytes) == 0) *found = one;
        if (oldest->shape && (!one->shape || one->used < oldest->used)) oldest = one;
    }
    if (!*found) {
        clear_part(oldest);
        oldest->shape = soma_malloc(bytes);
        if (!oldest->shape) return soma_out_of_memory(bytes, "the shapes of inputs");
        memcpy(oldest->shape, shape, bytes);
        soma_status status = divide(session, oldest);
        if (status != SOMA_OK) return clear_part(oldest), status;
        *found = oldest;
    }
    (*found)->used = ++session->runs;
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------- open and close */

/* What a file fixes is tried at once. */
static soma_status prepare(soma_onnx_session *session) {
    size_t(*shape)[SOMA_MAX_RANK] = soma_calloc(session->input_count + 1, sizeof *shape);
    soma_onnx_part *one;
    bool open = session->file->front != NULL;
    if (!shape) return soma_out_of_memory(session->input_count * sizeof *shape, "the shapes of inputs");
    for (size_t i = 0; i < session->input_count; i++) {
        memcpy(shape[i], session->inputs[i].shape, sizeof *shape);
        for (uint32_t k = 0; k < session->inputs[i].rank; k++) open |= shape[i][k] == 0;
    }
    soma_status status = open ? SOMA_OK : soma_onnx_find_part(session, shape, &one);
    soma_free(shape);
    return status;
}

static soma_status open_model(soma_onnx_session *session) {
    soma_onnx_selection selection;
    SOMA_TRY(soma_onnx_check(session->file));
    soma_status status = soma_onnx_select(session->file, session->options, &selection);
    if (status == SOMA_OK) status = soma_onnx_check_ops(session->file, &selection);
    if (status == SOMA_OK) status = describe_all(session, &selection);
    if (status == SOMA_OK) status = soma_onnx_take_words(session);
    if (status == SOMA_OK) status = soma_onnx_front_split(session->file, &selection);
    if (status == SOMA_OK) status = describe_inputs(session);
    soma_onnx_selection_clear(&selection);
    if (status != SOMA_OK) soma_error_prefix(status, "%s: ", session->file->path);
    return status == SOMA_OK ? prepare(session) : status;
}

soma_status soma_onnx_session_of(soma_onnx_file *file, const soma_onnx_options *options, soma_device *device,
                                 soma_onnx_session **session) {
    *session = soma_calloc(1, sizeof **session);
    if (!*session) return soma_onnx_close(file), soma_out_of_memory(sizeof **session, "a session");
    **session = (soma_onnx_session){.file = file, .options = options, .device = device};
    soma_status status = open_model(*session);
    if (status == SOMA_OK) return SOMA_OK;
    soma_onnx_session_destroy(*session);
    *session = NULL;
    return status;
}

soma_status soma_onnx_session_create(const char *path, const soma_onnx_options *options, soma_device *device,
                                     soma_onnx_session **session) {
    soma_onnx_file *file;
    if (!session)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_session_create: no place for the session was given");
    *session = NULL;
    if (!path || !device)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_session_create: the %s is NULL", path ? "device" : "path");
    if (options) SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_onnx_options"));
    if (options && options->input_count)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_onnx_session_create: inputs have the shapes of each run; input_count must be 0");
    if (options && (options->output_count ? !options->outputs : options->constant_count && !options->constants))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_session_create: a list of the options is NULL");
    SOMA_TRY(soma_onnx_open_whole(path, &file));
    return soma_onnx_session_of(file, options, device, session);
}

void soma_onnx_session_destroy(soma_onnx_session *session) {
    if (!session) return;
    for (size_t i = 0; i < SOMA_ONNX_MOST_PARTS; i++) clear_part(&session->parts[i]);
    soma_onnx_lone_nodes_clear(&session->lone_nodes);
    for (size_t i = 0; session->results && i < session->output_count; i++) soma_free(session->results[i].memory);
    soma_free(session->results);
    soma_free(session->inputs);
    soma_free(session->given);
    soma_free(session->outputs);
    soma_onnx_close(session->file);
    soma_free(session);
}

size_t soma_onnx_session_input_count(const soma_onnx_session *session) {
    return session ? session->given_count : 0;
}

size_t soma_onnx_session_output_count(const soma_onnx_session *session) {
    return session ? session->output_count : 0;
}

static soma_status get_info(const char *function, const soma_value_info *infos, size_t count, size_t index,
                            soma_value_info *info) {
    if (!info || index >= count)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: number %zu of %zu, or no place for it", function, index, count);
    *info = infos[index];
    return SOMA_OK;
}

soma_status soma_onnx_session_input_info(const soma_onnx_session *session, size_t index, soma_value_info *info) {
    return get_info("soma_onnx_session_input_info", session ? session->given : NULL,
                    soma_onnx_session_input_count(session), index, info);
}

soma_status soma_onnx_session_output_info(const soma_onnx_session *session, size_t index, soma_value_info *info) {
    return get_info("soma_onnx_session_output_info", session ? session->outputs : NULL,
                    soma_onnx_session_output_count(session), index, info);
}

soma_status soma_onnx_session_list_texts(const soma_onnx_session *session, soma_onnx_text_visitor *text,
                                         void *context) {
    if (!session || !text)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_session_list_texts: the %s is NULL",
                          session ? "function" : "session");
    soma_onnx_visit_texts(session->file, text, context);
    return SOMA_OK;
}
