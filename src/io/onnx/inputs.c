/* SPDX-License-Identifier: MIT */
/* What a graph begins with: initializers and inputs. */
#include "base/size.h"
#include "base/utf8.h"
#include "io/onnx/host.h"
#include "io/onnx/import.h"

#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ initializers */

/* A list of words, which ops of classes look up. */
static soma_status define_words(soma_onnx_importer *importer, const Soma__Onnx__TensorProto *tensor) {
    soma_onnx_value value = {.constant = true, .integer = true, .name = tensor->name};
    size_t count = 1;
    if (tensor->n_dims > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "tensor %s: %zu dimensions, at most %d are possible", tensor->name,
                          tensor->n_dims, SOMA_ONNX_MAX_RANK);
    for (size_t i = 0; i < tensor->n_dims; i++)
        if (!soma_size_of(tensor->dims[i], &value.shape.dim[i]) ||
            !soma_multiply_size(count, value.shape.dim[i], &count))
            return soma_error(SOMA_INVALID_FILE, "tensor %s: dimension %zu is %" PRId64, tensor->name, i,
                              tensor->dims[i]);
    if (tensor->n_string_data != count)
        return soma_error(SOMA_INVALID_FILE, "tensor %s: its dimensions make %zu elements, its data holds %zu",
                          tensor->name, count, tensor->n_string_data);
    value.shape.rank = (uint32_t)tensor->n_dims;
    value.elements.type = tensor->data_type;
    value.words = (soma_onnx_classes){.count = count, .words = tensor->string_data};
    return soma_onnx_define(importer, &value);
}

/* One without dimensions is a number of a formula, as exporters write it, and no weight. */
static bool is_of_a_formula(const soma_onnx_importer *importer, const soma_onnx_value *value) {
    float number;
    return value->shape.rank == 0 && !value->integer &&
           soma_onnx_read_floats(importer->file, &value->elements, &number) == SOMA_OK;
}

soma_status soma_onnx_define_initializer(soma_onnx_importer *importer, const Soma__Onnx__TensorProto *tensor) {
    soma_onnx_value value = {.constant = true, .trained = true, .name = tensor->name};
    if (!tensor->name || !*tensor->name) return soma_error(SOMA_INVALID_FILE, "an initializer has no name");
    if (tensor->data_type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING) return define_words(importer, tensor);
    SOMA_TRY(soma_onnx_elements_of(tensor, &value.elements));
    value.integer = soma_onnx_is_integer(value.elements.type);
    value.shape.rank = value.elements.rank;
    memcpy(value.shape.dim, value.elements.dim, sizeof value.shape.dim);
    value.trained = !importer->host && !is_of_a_formula(importer, &value);
    return soma_onnx_define(importer, &value);
}

/* ------------------------------------------------------------------------------------------------------ inputs */

/* Its dimensions; 0 for one that is not fixed. */
static soma_status input_shape(const Soma__Onnx__ValueInfoProto *info, int32_t *type, soma_onnx_shape *shape,
                               bool *empty) {
    const Soma__Onnx__TypeProto__Tensor *tensor =
        info->type && info->type->value_case == SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? info->type->tensor_type
                                                                                          : NULL;
    if (!tensor)
        return soma_error(SOMA_UNSUPPORTED, "is of type %s (value type %d); only a tensor (value type %d) is taken",
                          soma_onnx_kind_name(info->type), info->type ? (int)info->type->value_case : 0,
                          (int)SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE);
    if (!tensor->shape) return soma_error(SOMA_UNSUPPORTED, "has no shape, not even a number of dimensions");
    if (tensor->shape->n_dim > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "%zu dimensions, at most %d are possible", tensor->shape->n_dim,
                          SOMA_ONNX_MAX_RANK);
    *type = tensor->elem_type;
    *empty = false;
    *shape = (soma_onnx_shape){.batched = true, .rank = (uint32_t)tensor->shape->n_dim};
    for (uint32_t i = 0; i < shape->rank; i++) {
        const Soma__Onnx__TensorShapeProto__Dimension *dim = tensor->shape->dim[i];
        bool fixed = dim->value_case == SOMA__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (fixed && dim->dim_value < -1)
            return soma_error(SOMA_INVALID_FILE, "dimension %u is %" PRId64, i, dim->dim_value);
        fixed &= dim->dim_value != -1; /* so some exporters say that it is open */
        *empty |= fixed && dim->dim_value == 0;
        shape->dim[i] = 0;
        if (fixed && !soma_size_of(dim->dim_value, &shape->dim[i]))
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is %" PRId64 ", more than memory has bytes", i,
                              dim->dim_value);
    }
    return SOMA_OK;
}

static const soma_onnx_constant *given_constant(const soma_onnx_importer *importer, const char *name) {
    const soma_onnx_options *options = importer->options;
    for (size_t i = 0; options && i < options->constant_count; i++)
        if (strcmp(options->constants[i].name, name) == 0) return &options->constants[i];
    return NULL;
}

static const soma_onnx_input *given_shape(const soma_onnx_importer *importer, const char *name) {
    const soma_onnx_options *options = importer->options;
    for (size_t i = 0; options && i < options->input_count; i++)
        if (strcmp(options->inputs[i].name, name) == 0) return &options->inputs[i];
    return NULL;
}

/* Dimensions that the caller gives are those that the file has, or leaves open. */
static soma_status take_shape(const soma_onnx_input *given, soma_onnx_shape *shape, bool *empty) {
    if (!given) return SOMA_OK;
    if (given->rank != shape->rank)
        return soma_error(SOMA_INVALID_ARGUMENT, "is given %u dimensions, in the file it has %u", given->rank,
                          shape->rank);
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (given->shape[i] == 0) continue;
        if (shape->dim[i] && shape->dim[i] != given->shape[i])
            return soma_error(SOMA_INVALID_ARGUMENT, "dimension %u is given as %zu, in the file it is %zu", i,
                              given->shape[i], shape->dim[i]);
        if (shape->dim[i] == 0 && *empty)
            return soma_error(SOMA_INVALID_ARGUMENT, "dimension %u is given as %zu, and another is 0 in the file", i,
                              given->shape[i]);
        shape->dim[i] = given->shape[i];
    }
    return SOMA_OK;
}

/* An input that the caller has fixed. */
static soma_status define_given(soma_onnx_importer *importer, const soma_onnx_constant *given, soma_onnx_value *value) {
    size_t count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    if (count == 0 && value->shape.rank == 1) count = value->shape.dim[0] = given->count;
    if (count != given->count)
        return soma_error(SOMA_INVALID_ARGUMENT, "is given %zu values as a constant, its shape has %zu", given->count,
                          count);
    value->constant = true;
    value->shape.batched = false;
    value->elements.rank = value->shape.rank;
    memcpy(value->elements.dim, value->shape.dim, sizeof value->elements.dim);
    value->elements.count = count;
    value->elements.doubles = given->values;
    return soma_onnx_define(importer, value);
}

/* The first reading: the first dimension of all inputs is the same, or not fixed. Where it is, and another is not, that
 * is the batch. */
static soma_status take_batch(soma_onnx_importer *importer, soma_onnx_shape *shape, bool first_input) {
    if (shape->rank < (first_input ? 2 : 1))
        return soma_error(SOMA_UNSUPPORTED, "has %u dimensions; a batch and at least one more are needed", shape->rank);
    for (uint32_t i = 1; shape->dim[shape->batch] && i < shape->rank; i++)
        if (shape->dim[i] == 0) shape->batch = i;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] == 0 && i != shape->batch)
            return soma_error(SOMA_UNSUPPORTED,
                              "dimensions %u and %u are not fixed; only one may be left open, that of the batch: give "
                              "the shape (--input, soma_onnx_options.inputs)",
                              SOMA_MIN(i, shape->batch), SOMA_MAX(i, shape->batch));
    if (!first_input && importer->batch != shape->dim[shape->batch])
        return soma_error(SOMA_UNSUPPORTED, "has another first dimension than the first input: it cannot be the batch");
    importer->batch = shape->dim[shape->batch];
    return SOMA_OK;
}

soma_status soma_onnx_declare(const soma_onnx_importer *importer, const soma_tensor *tensor, int32_t type,
                              const soma_onnx_shape *shape) {
    const bool batch = soma_onnx_first(importer, shape) > 0;
    soma_end end = {.tensor = tensor, .dtype = soma_onnx_dtype_of(type), .shaped = shape->rank <= SOMA_MAX_RANK};
    size_t count = 1;
    end.batch_axis = batch ? shape->batch : SOMA_NO_AXIS;
    end.rank = shape->rank;
    for (uint32_t i = 0; end.shaped && i < shape->rank; i++) {
        end.shape[i] = i == end.batch_axis ? 0 : shape->dim[i];
        if (i != end.batch_axis) end.shaped = soma_multiply_size(count, end.shape[i], &count);
    }
    end.shaped = end.shaped && count == soma_tensor_count(tensor);
    return soma_network_declare_end(importer->network, &end);
}

static soma_status add_input(soma_onnx_importer *importer, soma_onnx_value *value) {
    soma_network *network = importer->network;
    uint32_t first = soma_onnx_first(importer, &value->shape);
    soma_tensor like;
    for (uint32_t i = 0; i < value->shape.rank; i++) importer->inputs.open |= value->shape.dim[i] == 0;
    for (uint32_t i = first; first == 0 && i < value->shape.rank; i++)
        if (value->shape.dim[i] == 0)
            return soma_error(SOMA_UNSUPPORTED,
                              "dimension %u is not fixed: give the shape (--input, soma_onnx_options.inputs)", i);
    if (first) SOMA_TRY(take_batch(importer, &value->shape, network->input_count == 0));
    soma_onnx_shape shape = value->shape;
    soma_onnx_move_batch(&shape, 0);
    SOMA_TRY(soma_onnx_check_edge(importer, &shape));
    SOMA_TRY(soma_onnx_canonical(importer, &shape, &like));
    SOMA_TRY(soma_network_begin_layer(network, "input", value->name));
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .batched = true, .rank = like.rank};
    memcpy(spec.shape, like.shape, sizeof spec.shape);
    SOMA_TRY(soma_graph_add(&network->graph, &spec, &value->tensor));
    SOMA_TRY(soma_network_add_input(network, value->tensor));
    SOMA_TRY(soma_onnx_declare(importer, value->tensor, value->elements.type, &value->shape));
    SOMA_TRY(soma_network_end_layer(network, value->tensor));
    return soma_onnx_define(importer, value);
}

soma_status soma_onnx_define_input(soma_onnx_importer *importer, size_t number,
                                   const Soma__Onnx__ValueInfoProto *info) {
    soma_onnx_value value = {.name = info->name};
    int32_t type = 0;
    if (!info->name || !*info->name) return soma_error(SOMA_INVALID_FILE, "input %zu has no name", number);
    if (soma_onnx_find_value(importer, info->name)) return SOMA_OK; /* an initializer, listed among the inputs too */
    bool empty = false;
    soma_status status = input_shape(info, &type, &value.shape, &empty);
    const bool words = type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
    if (status == SOMA_OK && words && !importer->file->encodes)
        status = soma_error_prefix(soma_onnx_on_host("words are encoded"), "its elements are %s; ",
                                   soma_onnx_describe_type(type).text);
    else if (status == SOMA_OK && !words && !soma_onnx_is_float(type) && !soma_onnx_is_integer(type))
        status = soma_error(SOMA_UNSUPPORTED, "its elements are %s; numbers and words are taken",
                            soma_onnx_describe_type(type).text);
    if (status == SOMA_OK) status = take_shape(given_shape(importer, info->name), &value.shape, &empty);
    value.encoded = words;
    value.integer = words || soma_onnx_is_integer(type);
    value.elements.type = type;
    const soma_onnx_constant *given = given_constant(importer, info->name);
    if (status == SOMA_OK && words && given)
        status = soma_error(SOMA_INVALID_ARGUMENT, "holds words; constants are given of inputs that hold numbers");
    if (status == SOMA_OK && empty && !given)
        status = soma_error(SOMA_UNSUPPORTED, "a dimension is 0: there would be no elements");
    if (status == SOMA_OK) status = given ? define_given(importer, given, &value) : add_input(importer, &value);
    return status == SOMA_OK
               ? status
               : soma_error_prefix(status, "input %zu, %s: ", number, soma_quote(info->name, strlen(info->name)).text);
}

static bool is_initializer(const Soma__Onnx__GraphProto *graph, const char *name) {
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name && strcmp(graph->initializer[i]->name, name) == 0) return true;
    return false;
}

/* Every shape that the caller gives is that of an input, of which it gives no other. */
soma_status soma_onnx_check_inputs(const soma_onnx_file *file, const soma_onnx_options *options) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    for (size_t i = 0; options && i < options->input_count; i++) {
        const char *name = options->inputs[i].name;
        size_t number = 0;
        if (!name || !options->inputs[i].shape || options->inputs[i].rank == 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_options.inputs[%zu] has no name or no shape", i);
        while (number < graph->n_input &&
               (!graph->input[number]->name || strcmp(graph->input[number]->name, name) != 0))
            number++;
        if (number == graph->n_input)
            return soma_error(SOMA_INVALID_ARGUMENT, "there is no input %s; the first is %s",
                              soma_quote(name, strlen(name)).text,
                              graph->n_input && graph->input[0]->name
                                  ? soma_quote(graph->input[0]->name, strlen(graph->input[0]->name)).text
                                  : "not there");
        if (is_initializer(graph, name))
            return soma_error(
                SOMA_INVALID_ARGUMENT,
                "%s has its values in the file, as an initializer: a shape is given of other inputs alone",
                soma_quote(name, strlen(name)).text);
        for (size_t j = 0; j < i; j++)
            if (strcmp(options->inputs[j].name, name) == 0)
                return soma_error(SOMA_INVALID_ARGUMENT, "input %s is given two shapes; one is accepted",
                                  soma_quote(name, strlen(name)).text);
    }
    return SOMA_OK;
}
