/* SPDX-License-Identifier: MIT */
/* From an ONNX graph to a network: values and their names, the order of things, and which reading a model gets. */
#include "io/onnx/import.h"
#include "base/size.h"
#include "base/utf8.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* Bytes that a node, an input or a tensor of the file takes in a network, with one tensor there; each further tensor;
 * and each byte of a name, which several hold. */
enum { COST_OF_NODE = 800, COST_OF_TENSOR = 300, COST_OF_NAME = 4 };

/* ------------------------------------------------------------------------------------------------------- names */

static soma_onnx_value *find_value(const soma_onnx_importer *importer, const char *name) {
    size_t number;
    return soma_words_find(&importer->names, name, &number) && importer->values[number].defined
               ? &importer->values[number]
               : NULL;
}

/* Every value has one definition. */
static soma_status define(soma_onnx_importer *importer, const soma_onnx_value *value) {
    size_t number;
    if (find_value(importer, value->name))
        return soma_error(SOMA_INVALID_FILE, "value %s is defined twice",
                          soma_quote(value->name, strlen(value->name)).text);
    SOMA_TRY(soma_words_add(&importer->names, value->name, 0, &number));
    if (number >= importer->value_capacity) {
        size_t capacity = SOMA_MAX(2 * importer->value_capacity, (size_t)32);
        soma_onnx_value *grown = soma_realloc(importer->values, capacity, sizeof *grown);
        if (!grown) return soma_out_of_memory(capacity * sizeof *grown, "the values of a model");
        memset(grown + importer->value_capacity, 0, (capacity - importer->value_capacity) * sizeof *grown);
        importer->values = grown;
        importer->value_capacity = capacity;
    }
    importer->values[number] = *value;
    importer->values[number].defined = true;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------ initializers */

static soma_status define_initializer(soma_onnx_importer *importer, const Soma__Onnx__TensorProto *tensor) {
    soma_onnx_value value = {.constant = true, .trained = true, .name = tensor->name};
    if (!tensor->name || !*tensor->name) return soma_error(SOMA_INVALID_FILE, "an initializer has no name");
    SOMA_TRY(soma_onnx_elements_of(tensor, &value.elements));
    value.integer = soma_onnx_is_integer(value.elements.type);
    value.shape.rank = value.elements.rank;
    memcpy(value.shape.dim, value.elements.dim, sizeof value.shape.dim);
    return define(importer, &value);
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
        if (fixed && dim->dim_value < 0)
            return soma_error(SOMA_INVALID_FILE, "dimension %u is %" PRId64, i, dim->dim_value);
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
    return define(importer, value);
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
                              "dimensions %u and %u are not fixed; only one may be left open, that of "
                              "the batch",
                              SOMA_MIN(i, shape->batch), SOMA_MAX(i, shape->batch));
    if (!first_input && importer->batch != shape->dim[shape->batch])
        return soma_error(SOMA_UNSUPPORTED, "has another first dimension than the first input: it cannot be the batch");
    importer->batch = shape->dim[shape->batch];
    return SOMA_OK;
}

static soma_status add_input(soma_onnx_importer *importer, soma_onnx_value *value) {
    soma_network *network = importer->network;
    uint32_t first = soma_onnx_first(importer, &value->shape);
    soma_tensor like;
    for (uint32_t i = 0; i < value->shape.rank; i++) importer->inputs.open |= value->shape.dim[i] == 0;
    for (uint32_t i = first; first == 0 && i < value->shape.rank; i++)
        if (value->shape.dim[i] == 0) return soma_error(SOMA_UNSUPPORTED, "dimension %u is not fixed", i);
    if (first) SOMA_TRY(take_batch(importer, &value->shape, network->input_count == 0));
    soma_onnx_shape shape = value->shape;
    soma_onnx_move_batch(&shape, 0);
    SOMA_TRY(soma_onnx_canonical(importer, &shape, &like));
    SOMA_TRY(soma_network_begin_layer(network, "input", value->name));
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .batched = true, .rank = like.rank};
    memcpy(spec.shape, like.shape, sizeof spec.shape);
    SOMA_TRY(soma_graph_add(&network->graph, &spec, &value->tensor));
    SOMA_TRY(soma_network_add_input(network, value->tensor));
    SOMA_TRY(soma_network_end_layer(network, value->tensor));
    return define(importer, value);
}

static soma_status define_input(soma_onnx_importer *importer, size_t number, const Soma__Onnx__ValueInfoProto *info) {
    soma_onnx_value value = {.name = info->name};
    int32_t type = 0;
    if (!info->name || !*info->name) return soma_error(SOMA_INVALID_FILE, "input %zu has no name", number);
    if (find_value(importer, info->name)) return SOMA_OK; /* an initializer, listed among the inputs too */
    bool empty = false;
    soma_status status = input_shape(info, &type, &value.shape, &empty);
    if (status == SOMA_OK && !soma_onnx_is_float(type) && !soma_onnx_is_integer(type))
        status =
            soma_error(SOMA_UNSUPPORTED, "its elements are %s; numbers are taken", soma_onnx_describe_type(type).text);
    value.integer = soma_onnx_is_integer(type);
    value.elements.type = type;
    const soma_onnx_constant *given = given_constant(importer, info->name);
    if (status == SOMA_OK && empty && !given)
        status = soma_error(SOMA_UNSUPPORTED, "a dimension is 0: there would be no elements");
    if (status == SOMA_OK) status = given ? define_given(importer, given, &value) : add_input(importer, &value);
    return status == SOMA_OK
               ? status
               : soma_error_prefix(status, "input %zu, %s: ", number, soma_quote(info->name, strlen(info->name)).text);
}

/* ------------------------------------------------------------------------------------------------------- nodes */

static soma_status check_attributes(const soma_onnx_node *node) {
    for (size_t i = 0; i < node->proto->n_attribute; i++) {
        const char *name = node->proto->attribute[i]->name ? node->proto->attribute[i]->name : "";
        size_t length = strlen(name);
        const char *at = length ? strstr(node->row->attributes, name) : NULL;
        while (at && ((at != node->row->attributes && at[-1] != ' ') || (at[length] != ' ' && at[length] != 0)))
            at = strstr(at + 1, name);
        if (!at) return soma_error(SOMA_UNSUPPORTED, "attribute %s is not known", soma_quote(name, length).text);
    }
    return SOMA_OK;
}

static soma_status not_computed(const char *name) {
    return soma_error(SOMA_UNSUPPORTED, "%s is not computed: it is not the first output of its op",
                      soma_quote(name, strlen(name)).text);
}

static soma_status find_inputs(soma_onnx_node *node) {
    const Soma__Onnx__NodeProto *proto = node->proto;
    if (proto->n_input < node->row->least || proto->n_input > node->row->most)
        return soma_error(SOMA_INVALID_FILE, "%zu inputs; it takes %u to %u", proto->n_input, node->row->least,
                          node->row->most);
    node->input_count = (uint32_t)proto->n_input;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const char *name = proto->input[i];
        node->input[i] = *name ? find_value(node->importer, name) : NULL;
        if (*name && !node->input[i])
            return soma_error(SOMA_INVALID_FILE, "input %s is no value of the graph that comes before",
                              soma_quote(name, strlen(name)).text);
        if (node->input[i] && node->input[i]->missing) return not_computed(name);
        bool needed = i < node->row->least || node->row->most == SOMA_MAX_INPUTS;
        if (!node->input[i] && needed) return soma_error(SOMA_INVALID_FILE, "input %u is left out", i);
    }
    return SOMA_OK;
}

/* A node that made a tensor is a layer; one that passed a value on is none. */
static soma_status finish_layer(soma_onnx_node *node, uint32_t tensors_before) {
    soma_network *network = node->importer->network;
    const soma_tensor *tensor = node->output.tensor;
    if (tensor && tensor->id >= tensors_before) return soma_network_end_layer(network, node->output.tensor);
    soma_layer *layer = &network->layers[--network->layer_count];
    soma_free(layer->name);
    soma_free(layer->kind);
    return SOMA_OK;
}

/* What it takes beyond that which was counted for every node. */
static soma_status take_for_node(const soma_onnx_node *node, size_t tensors) {
    size_t further = tensors > 1 ? tensors - 1 : 0;
    return soma_onnx_take(node->importer, further * COST_OF_TENSOR + strlen(node->output.name) * COST_OF_NAME,
                          node->output.name);
}

/* Of whole numbers that are known when the model runs, a rule that only moves them sees the floats that they are. */
static soma_status apply_rule(soma_onnx_node *node) {
    soma_onnx_value *whole = node->input_count ? node->input[0] : NULL;
    if (!node->row->carries || !whole || !whole->integer || whole->constant) return soma_onnx_apply_in_front(node);
    soma_onnx_value floats = *whole;
    floats.integer = false;
    node->input[0] = &floats;
    soma_status status = soma_onnx_apply_in_front(node);
    node->input[0] = whole;
    node->output.integer = true;
    node->output.elements.type = whole->elements.type;
    return status;
}

/* One of the node's outputs, as a layer of its own. */
static soma_status add_result(soma_onnx_node *node, const char *name) {
    soma_onnx_importer *importer = node->importer;
    soma_network *network = importer->network;
    char kind[32];
    node->output = (soma_onnx_value){.name = name};
    if (find_value(importer, name)) return define(importer, &node->output);       /* says so */
    if (node->number > 0) SOMA_TRY(soma_onnx_take(importer, COST_OF_NODE, name)); /* the first was counted before */
    for (size_t i = 0; i <= strlen(node->row->name); i++) kind[i] = (char)tolower((unsigned char)node->row->name[i]);
    uint32_t tensors_before = network->graph.count;
    SOMA_TRY(soma_network_begin_layer(network, kind, name));
    SOMA_TRY(apply_rule(node));
    SOMA_TRY(take_for_node(node, network->graph.count - tensors_before));
    SOMA_TRY(finish_layer(node, tensors_before));
    return define(importer, &node->output);
}

static soma_status add_node(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *proto) {
    soma_onnx_node node = {.importer = importer, .proto = proto, .opset = importer->file->opset};
    node.row = soma_onnx_find_row(proto->op_type);
    if (proto->n_output == 0 || (!*proto->output[0] && !node.row->several))
        return soma_error(SOMA_INVALID_FILE, "its output has no name");
    SOMA_TRY(check_attributes(&node));
    SOMA_TRY(find_inputs(&node));
    for (node.number = 0; node.number < proto->n_output; node.number++) {
        const soma_onnx_value other = {.missing = true, .name = proto->output[node.number]};
        if (node.number == 0 || node.row->several) {
            if (*other.name) SOMA_TRY(add_result(&node, other.name));
        } else if (*other.name)
            SOMA_TRY(define(importer, &other));
    }
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- outputs */

/* An output has its own name, and is computed by soma, not just one of the inputs. */
static soma_status add_output(soma_onnx_importer *importer, const Soma__Onnx__ValueInfoProto *info) {
    soma_network *network = importer->network;
    const char *name = info->name ? info->name : "";
    soma_onnx_value *value = find_value(importer, name);
    if (!value) return soma_error(SOMA_INVALID_FILE, "is no value of the graph");
    if (value->missing) return not_computed(name);
    value->integer = false; /* whole numbers and truth are given as the floats that they are */
    if (!value->tensor || !value->tensor->batched)
        return soma_error(SOMA_UNSUPPORTED, "does not depend on an input: it is the same for every sample");
    if (value->shape.batch &&
        soma_onnx_first(importer, &value->shape)) { /* where the model fixes all, it is as it is */
        if (!importer->inputs.open)
            return soma_error(SOMA_UNSUPPORTED, "has the batch as dimension %u", value->shape.batch);
        soma_onnx_move_batch(&value->shape, 0);
    }
    SOMA_TRY(soma_onnx_turn_output(importer, value));
    soma_tensor *tensor = value->tensor;
    if (tensor->op == SOMA_OP_INPUT || !soma_onnx_has_name(tensor, name)) {
        soma_unary_params same = {.function = SOMA_IDENTITY};
        SOMA_TRY(soma_network_begin_layer(
            network, "identity", tensor->op == SOMA_OP_INPUT && soma_onnx_has_name(tensor, name) ? NULL : name));
        SOMA_TRY(soma_graph_unary(&network->graph, tensor, same, &tensor));
        SOMA_TRY(soma_network_end_layer(network, tensor));
    }
    return soma_network_add_output(network, tensor);
}

/* ------------------------------------------------------------------------------------------------- whole graph */

static soma_status add_values(soma_onnx_importer *importer) {
    const Soma__Onnx__GraphProto *graph = importer->file->model->graph;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (soma_onnx_needs_value(importer->selection, graph->initializer[i]->name))
            SOMA_TRY(define_initializer(importer, graph->initializer[i]));
    for (size_t i = 0; i < graph->n_input; i++)
        if (soma_onnx_needs_value(importer->selection, graph->input[i]->name))
            SOMA_TRY(define_input(importer, i, graph->input[i]));
    if (importer->network->input_count == 0) return soma_error(SOMA_UNSUPPORTED, "the graph has no input");
    importer->inputs.fit = true;
    return SOMA_OK;
}

static soma_status add_nodes(soma_onnx_importer *importer) {
    const Soma__Onnx__GraphProto *graph = importer->file->model->graph;
    for (size_t i = 0; i < graph->n_node; i++) {
        const Soma__Onnx__NodeProto *proto = graph->node[i];
        soma_status status = soma_onnx_needs_node(importer->selection, i) ? add_node(importer, proto) : SOMA_OK;
        const char *label = soma_onnx_node_label(proto);
        if (status != SOMA_OK)
            return soma_error_prefix(status, "node %zu, %s (%s, opset %" PRId64 "): ", i,
                                     soma_quote(label, strlen(label)).text, proto->op_type, importer->file->opset);
    }
    return SOMA_OK;
}

static soma_status add_output_number(soma_onnx_importer *importer, size_t number) {
    const Soma__Onnx__ValueInfoProto *info = importer->file->model->graph->output[number];
    const char *name = info->name ? info->name : "";
    soma_status status = add_output(importer, info);
    return status == SOMA_OK
               ? status
               : soma_error_prefix(status, "output %zu, %s: ", number, soma_quote(name, strlen(name)).text);
}

/* In the order of the file or, where they were chosen, of the choice. */
static soma_status add_outputs(soma_onnx_importer *importer) {
    const Soma__Onnx__GraphProto *graph = importer->file->model->graph;
    const soma_onnx_options *options = importer->options;
    if (graph->n_output == 0) return soma_error(SOMA_INVALID_FILE, "the graph has no output");
    if (importer->selection->all) {
        for (size_t i = 0; i < graph->n_output; i++) SOMA_TRY(add_output_number(importer, i));
        return SOMA_OK;
    }
    for (size_t i = 0; i < options->output_count; i++) {
        size_t number = 0; /* one has this name, which the selection has made sure of */
        while (!graph->output[number]->name || strcmp(graph->output[number]->name, options->outputs[i]) != 0) number++;
        SOMA_TRY(add_output_number(importer, number));
    }
    return SOMA_OK;
}

static soma_status build(soma_onnx_importer *importer) {
    SOMA_TRY(add_values(importer));
    SOMA_TRY(add_nodes(importer));
    return add_outputs(importer);
}

/* One reading of the graph. */
static soma_status read_as(const soma_onnx_importer *wanted, bool whole, soma_network **network,
                           soma_onnx_inputs *inputs) {
    soma_onnx_importer importer = *wanted;
    importer.whole = whole;
    SOMA_TRY(soma_network_create(&importer.network));
    soma_status status = build(&importer);
    soma_words_clear(&importer.names);
    soma_free(importer.values);
    soma_onnx_blocks_free(importer.blocks);
    *inputs = importer.inputs;
    if (status == SOMA_OK)
        *network = importer.network;
    else
        soma_network_destroy(importer.network);
    return status;
}

/* ----------------------------------------------------------------------------------------------- before all else */

/* *taken: bytes for all of them. */
static soma_status check_size(const soma_onnx_file *file, const soma_onnx_selection *selection, size_t *taken) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    size_t left = (file->budget.limit - file->budget.used) / COST_OF_NODE;
    size_t wanted = selection->nodes + graph->n_output;
    for (size_t i = 0; i < graph->n_initializer; i++)
        wanted += soma_onnx_needs_value(selection, graph->initializer[i]->name);
    for (size_t i = 0; i < graph->n_input; i++) wanted += soma_onnx_needs_value(selection, graph->input[i]->name);
    if (wanted > SOMA_MAX_FILE_TENSORS)
        return soma_error(SOMA_UNSUPPORTED, "%zu nodes and tensors; at most %d are read", wanted,
                          SOMA_MAX_FILE_TENSORS);
    *taken = wanted * COST_OF_NODE;
    if (wanted <= left) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%zu nodes and tensors in %zu bytes; at most %zu are read of such a file",
                      wanted, file->size, left);
}

/* Bytes that constants which are computed may take. */
static size_t most_made(const soma_onnx_options *options) {
    uint64_t limit = options && options->memory_limit ? options->memory_limit : (uint64_t)4 << 30;
    return (size_t)SOMA_MIN(limit, (uint64_t)SIZE_MAX);
}

static soma_status import(const soma_onnx_file *file, const soma_onnx_options *options,
                          const soma_onnx_selection *selection, soma_network **network) {
    soma_onnx_batch reading = options ? options->batch : SOMA_ONNX_BATCH_AUTO;
    size_t taken = 0;
    SOMA_TRY(check_size(file, selection, &taken));
    SOMA_TRY(soma_onnx_check_ops(file, selection));
    soma_onnx_inputs inputs = {false, false};
    const soma_onnx_importer wanted = {
        .file = file, .options = options, .selection = selection, .taken = taken, .memory_limit = most_made(options)};
    soma_status status = read_as(&wanted, reading == SOMA_ONNX_BATCH_NONE, network, &inputs);
    bool another = (status == SOMA_UNSUPPORTED || status == SOMA_INVALID_SHAPE) && !inputs.open;
    if (reading != SOMA_ONNX_BATCH_AUTO || !another) return status;
    char *first = inputs.fit ? soma_strdup(soma_last_error()) : NULL; /* if they do not, there is but one reading */
    status = read_as(&wanted, true, network, &inputs);
    if (status != SOMA_OK && first && strcmp(first, soma_last_error()) != 0)
        soma_error(status, "read with its first dimension as the batch: %s\nread as one sample: %s", first,
                   soma_last_error());
    soma_free(first);
    return status;
}

soma_status soma_onnx_import(const soma_onnx_file *file, const soma_onnx_options *options, soma_network **network) {
    soma_onnx_selection selection;
    *network = NULL;
    SOMA_TRY(soma_onnx_check(file));
    soma_status status = soma_onnx_select(file, options, &selection);
    if (status == SOMA_OK) status = import(file, options, &selection, network);
    soma_onnx_selection_clear(&selection);
    if (status == SOMA_OK) status = soma_onnx_get_metadata(file, *network);
    if (status == SOMA_OK) return SOMA_OK;
    soma_network_destroy(*network);
    *network = NULL;
    return soma_error_prefix(status, "%s: ", file->path);
}
