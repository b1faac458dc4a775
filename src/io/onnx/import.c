/* SPDX-License-Identifier: MIT */
/* From an ONNX graph to a network: values and their names, the order of things, and which reading a model gets. */
#include "base/utf8.h"
#include "io/onnx/again.h"
#include "io/onnx/classes.h"
#include "io/onnx/family.h"
#include "io/onnx/front.h"
#include "io/onnx/inside.h"
#include "io/onnx/late.h"
#include "io/onnx/vocabulary.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* Bytes that a node, an input or a tensor of the file takes in a network, with one tensor there; each further tensor;
 * and each byte of a name, which several hold. */
enum { COST_OF_NODE = 800, COST_OF_TENSOR = 300, COST_OF_NAME = 4 };

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

static soma_status find_inputs(soma_onnx_node *node) {
    const Soma__Onnx__NodeProto *proto = node->proto;
    if (proto->n_input < node->row->least || proto->n_input > node->row->most)
        return soma_error(SOMA_INVALID_FILE, "%zu inputs; it takes %u to %u", proto->n_input, node->row->least,
                          node->row->most);
    node->input_count = (uint32_t)proto->n_input;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const char *name = proto->input[i];
        node->input[i] = *name ? soma_onnx_find_value(node->importer, name) : NULL;
        if (*name && !node->input[i])
            return soma_error(SOMA_INVALID_FILE, "input %s is no value of the graph that comes before",
                              soma_quote(name, strlen(name)).text);
        if (node->input[i] && node->input[i]->missing) return soma_onnx_not_computed(name);
        if (node->input[i] && soma_onnx_is_words(node->input[i]) && (i > 0 || !node->row->takes_words))
            return soma_error(SOMA_UNSUPPORTED, "input %u, %s, holds words; numbers are taken", i,
                              soma_quote(name, strlen(name)).text);
        if (node->input[i] && node->input[i]->absent) node->input[i] = NULL;
        bool needed = i < node->row->least || node->row->most == SOMA_MAX_INPUTS;
        if (!node->input[i] && needed) return soma_error(SOMA_INVALID_FILE, "input %u is left out", i);
    }
    return soma_onnx_check_encoded(node);
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

static soma_status apply_rule(soma_onnx_node *node) {
    if (node->importer->host) return soma_onnx_apply_on_host(node);
    return soma_onnx_apply_row(node);
}

/* Bytes of the name of an op, with its end. */
enum { KIND_SIZE = 64 };
#define X(op) _Static_assert(sizeof #op <= KIND_SIZE, "an op's name is too long");
SOMA_ONNX_OP_LIST(X)
#undef X

/* One of the node's outputs, as a layer of its own. */
static soma_status add_result(soma_onnx_node *node, const char *name) {
    soma_onnx_importer *importer = node->importer;
    soma_network *network = importer->network;
    char kind[KIND_SIZE];
    node->output = (soma_onnx_value){.name = name};
    if (soma_onnx_find_value(importer, name)) return soma_onnx_define(importer, &node->output); /* says so */
    if (node->number > 0) SOMA_TRY(soma_onnx_take(importer, COST_OF_NODE, name)); /* the first was counted before */
    for (size_t i = 0; i <= strlen(node->row->name); i++) kind[i] = (char)tolower((unsigned char)node->row->name[i]);
    uint32_t tensors_before = network->graph.count;
    /* By one of the same name in another branch; names inside of functions and loops come again. */
    const bool taken = importer->inside || soma_network_tensor(network, name);
    SOMA_TRY(soma_network_begin_layer(network, kind, taken ? NULL : name));
    SOMA_TRY(apply_rule(node));
    soma_onnx_keep_encoded(node);
    if (importer->host) tensors_before = importer->network->graph.count; /* of a network that nobody runs */
    SOMA_TRY(take_for_node(node, importer->network->graph.count - tensors_before));
    SOMA_TRY(finish_layer(node, tensors_before));
    return soma_onnx_define(importer, &node->output);
}

/* Ops that soma does not have are looked for beforehand, but in branches, which may be none of those that are taken. */
static soma_status find_row(soma_onnx_node *node) {
    const Soma__Onnx__NodeProto *proto = node->proto;
    const char *op = proto->op_type ? proto->op_type : "";
    node->row = soma_onnx_find_row(proto->domain, op);
    if (node->row) node->opset = soma_onnx_opset_of(node->importer->file, node->row, node->importer->opset);
    if (node->row && node->row->since <= node->opset) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "soma does not have the op %s%s%s in opset %" PRId64,
                      soma_onnx_is_standard(proto->domain) ? "" : proto->domain,
                      soma_onnx_is_standard(proto->domain) ? "" : ".", op, node->opset);
}

/* Those whose rows have no rule: what is inside of them is read in their place. */
static soma_status add_around(soma_onnx_node *node) {
    if (node->row == &soma_onnx_row_If) return soma_onnx_add_branch(node);
    return node->row == &soma_onnx_row_Loop ? soma_onnx_add_loop(node) : soma_onnx_add_scan(node);
}

static soma_status add_op(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *proto) {
    bool done;
    soma_onnx_node node = {.importer = importer, .proto = proto, .opset = importer->opset};
    SOMA_TRY(find_row(&node));
    if (proto->n_output == 0 || (!*proto->output[0] && !node.row->several))
        return soma_error(SOMA_INVALID_FILE, "its output has no name");
    SOMA_TRY(check_attributes(&node));
    SOMA_TRY(soma_onnx_add_long_concat(&node, &done));
    if (done) return SOMA_OK;
    SOMA_TRY(find_inputs(&node));
    SOMA_TRY(soma_onnx_add_sequence(&node, &done));
    if (!done) SOMA_TRY(soma_onnx_add_einsum(&node, &done));
    if (!done) SOMA_TRY(soma_onnx_add_batch_figures(&node, &done));
    if (done) return SOMA_OK;
    if (!node.row->rule) return add_around(&node);
    for (node.number = 0; node.number < proto->n_output; node.number++) {
        const soma_onnx_value other = {.missing = true, .name = proto->output[node.number]};
        if (node.number == 0 || node.row->several) {
            if (*other.name) SOMA_TRY(add_result(&node, other.name));
        } else if (*other.name)
            SOMA_TRY(soma_onnx_define(importer, &other));
    }
    return SOMA_OK;
}

soma_status soma_onnx_add_node(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node) {
    SOMA_TRY(soma_onnx_bind_attributes(importer, node, &node));
    const Soma__Onnx__FunctionProto *function = soma_onnx_find_function(importer->file, node, NULL);
    return function ? soma_onnx_call(importer, node, function) : add_op(importer, node);
}

soma_status soma_onnx_say_node(const soma_onnx_importer *importer, soma_status status,
                               const Soma__Onnx__NodeProto *proto, size_t number) {
    const char *label = soma_onnx_node_label(proto);
    if (status == SOMA_OK || number == SIZE_MAX) return status;
    return soma_error_prefix(status, "node %zu, %s (%s, opset %" PRId64 "): ", number,
                             soma_quote(label, strlen(label)).text, proto->op_type ? proto->op_type : "",
                             importer->opset);
}

static soma_status say_which(const soma_onnx_importer *importer, soma_status status, const Soma__Onnx__NodeProto *proto,
                             size_t number) {
    return soma_onnx_say_node(importer, status, proto, soma_onnx_front_number(importer->file, number));
}

soma_status soma_onnx_add_numbered_node(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *proto,
                                        size_t number) {
    return say_which(importer, soma_onnx_add_node(importer, proto), proto, number);
}

/* What was written as other nodes, of which this one was the last. */
static soma_status add_again(soma_onnx_importer *importer, const soma_onnx_again *again) {
    soma_onnx_node node = {
        .importer = importer, .row = &soma_onnx_row_again, .proto = &again->made.node, .opset = importer->opset};
    SOMA_TRY(find_inputs(&node));
    return add_result(&node, node.proto->output[0]);
}

/* ------------------------------------------------------------------------------------------------- whole graph */

static soma_status add_values(soma_onnx_importer *importer) {
    const Soma__Onnx__GraphProto *graph = importer->file->model->graph;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (soma_onnx_needs_value(importer->selection, graph->initializer[i]->name))
            SOMA_TRY(soma_onnx_define_initializer(importer, graph->initializer[i]));
    for (size_t i = 0; i < graph->n_input; i++)
        if (soma_onnx_needs_value(importer->selection, graph->input[i]->name))
            SOMA_TRY(soma_onnx_define_input(importer, i, graph->input[i]));
    if (importer->network->input_count == 0) return soma_error(SOMA_UNSUPPORTED, "the graph has no input");
    importer->inputs.fit = true;
    return SOMA_OK;
}

static soma_status add_nodes(soma_onnx_importer *importer) {
    const Soma__Onnx__GraphProto *graph = importer->file->model->graph;
    for (size_t i = 0; i < graph->n_node; i++) {
        const soma_onnx_attentions *found = importer->attentions;
        bool late = false;
        if (!soma_onnx_needs_node(importer->selection, i) || (found && found->part[i])) continue;
        if (found && found->again[i]) {
            SOMA_TRY(say_which(importer, add_again(importer, found->again[i]), graph->node[i], i));
            continue;
        }
        if (importer->late) SOMA_TRY(say_which(importer, soma_onnx_put_off(importer, i, &late), graph->node[i], i));
        if (late) continue;
        const soma_status status = soma_onnx_add_numbered_node(importer, graph->node[i], i);
        if (status == SOMA_UNSUPPORTED && importer->late && soma_onnx_may_want(graph->node[i])) *importer->refused = i;
        SOMA_TRY(status);
    }
    return SOMA_OK;
}

static soma_status build(soma_onnx_importer *importer) {
    if (importer->file->model->graph->n_output == 0) return soma_error(SOMA_INVALID_FILE, "the graph has no output");
    SOMA_TRY(add_values(importer));
    SOMA_TRY(add_nodes(importer));
    return importer->late ? soma_onnx_add_needed(importer) : soma_onnx_add_outputs(importer);
}

/* Of one more reading, nothing being noted of those before. */
static soma_status begin_late(const soma_onnx_importer *importer) {
    soma_onnx_late *late = importer->late;
    if (!late) return SOMA_OK;
    soma_onnx_late_clear(late);
    const size_t nodes = importer->file->model->graph->n_node;
    late->node = soma_calloc(nodes + 1, sizeof *late->node);
    return late->node ? SOMA_OK : soma_out_of_memory(nodes, "nodes that are put off");
}

/* One reading of the graph. */
static soma_status read_as(const soma_onnx_importer *wanted, bool whole, soma_network **network,
                           soma_onnx_inputs *inputs) {
    soma_onnx_importer importer = *wanted;
    importer.whole = whole;
    SOMA_TRY(begin_late(&importer));
    SOMA_TRY(soma_network_create(&importer.network));
    soma_status status = build(&importer);
    if (status == SOMA_OK) status = soma_onnx_keep_classes(&importer);
    soma_onnx_scope_clear(&importer.scope);
    if (importer.late)
        importer.late->blocks = importer.blocks; /* where constants are that are needed */
    else
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

size_t soma_onnx_most_made(const soma_onnx_options *options) {
    uint64_t limit = options && options->memory_limit ? options->memory_limit : (uint64_t)4 << 30;
    return (size_t)SOMA_MIN(limit, (uint64_t)SIZE_MAX);
}

/* As the options have it, or in both ways, of which the first that works counts. */
static soma_status read_graph(const soma_onnx_importer *wanted, soma_onnx_batch reading, soma_network **network) {
    soma_onnx_inputs inputs = {false, false};
    soma_status status = read_as(wanted, reading == SOMA_ONNX_BATCH_NONE, network, &inputs);
    bool another = (status == SOMA_UNSUPPORTED || status == SOMA_INVALID_SHAPE) && !inputs.open;
    if (reading != SOMA_ONNX_BATCH_AUTO || !another) return status;
    char *first = inputs.fit ? soma_strdup(soma_last_error()) : NULL; /* if they do not, there is but one reading */
    status = read_as(wanted, true, network, &inputs);
    if (status != SOMA_OK && first && strcmp(first, soma_last_error()) != 0)
        soma_error(status, "read with its first dimension as the batch: %s\nread as one sample: %s", first,
                   soma_last_error());
    soma_free(first);
    return status;
}

/* A loop or branch of which a network cannot have what is inside, since that goes by numbers of a run, is put off, and
 * all is read again. */
static soma_status read_divided(soma_onnx_importer *wanted, soma_onnx_batch reading, soma_network **network) {
    const size_t nodes = wanted->file->model->graph->n_node;
    wanted->on_host = soma_calloc(nodes + 1, sizeof *wanted->on_host);
    if (!wanted->on_host) return soma_out_of_memory(nodes, "nodes that are put off");
    soma_status status;
    bool again;
    do {
        *wanted->refused = SIZE_MAX;
        status = read_graph(wanted, reading, network);
        again = status == SOMA_UNSUPPORTED && *wanted->refused != SIZE_MAX;
        if (again) wanted->on_host[*wanted->refused] = true;
    } while (again);
    soma_free(wanted->on_host);
    return status;
}

static soma_status import(const soma_onnx_file *file, const soma_onnx_options *options,
                          const soma_onnx_selection *selection, const soma_onnx_attentions *attentions,
                          soma_onnx_late *late, soma_network **network) {
    soma_onnx_batch reading = options ? options->batch : SOMA_ONNX_BATCH_AUTO;
    size_t taken = 0, refused = SIZE_MAX;
    SOMA_TRY(check_size(file, selection, &taken));
    SOMA_TRY(soma_onnx_check_ops(file, selection));
    SOMA_TRY(soma_onnx_check_inputs(file, options));
    soma_onnx_importer wanted = {.file = file,
                                 .add_node = soma_onnx_add_numbered_node,
                                 .opset = file->opset,
                                 .options = options,
                                 .selection = selection,
                                 .taken = taken,
                                 .memory_limit = soma_onnx_most_made(options),
                                 .late = late,
                                 .refused = &refused,
                                 .attentions = attentions};
    return late ? read_divided(&wanted, reading, network) : read_graph(&wanted, reading, network);
}

static soma_status make_network(const soma_onnx_file *file, const soma_onnx_options *options, soma_onnx_late *late,
                                soma_network **network) {
    soma_onnx_selection selection;
    soma_onnx_attentions attentions = {.nodes = 0};
    *network = NULL;
    SOMA_TRY(soma_onnx_check(file));
    soma_status status = soma_onnx_select(file, options, &selection);
    /* What is put off is told by the nodes of the file. */
    if (status == SOMA_OK && !late) status = soma_onnx_find_attentions(file, &attentions);
    if (status == SOMA_OK) status = import(file, options, &selection, late ? NULL : &attentions, late, network);
    soma_onnx_attentions_clear(&attentions);
    soma_onnx_selection_clear(&selection);
    if (status == SOMA_OK) status = soma_onnx_get_metadata(file, *network);
    if (status == SOMA_OK) return SOMA_OK;
    soma_network_destroy(*network);
    *network = NULL;
    return soma_error_prefix(status, "%s: ", file->path);
}

soma_status soma_onnx_import(const soma_onnx_file *file, const soma_onnx_options *options, soma_network **network) {
    return make_network(file, options, NULL, network);
}

soma_status soma_onnx_divide(const soma_onnx_file *file, const soma_onnx_options *options, soma_network **network,
                             soma_onnx_late *late) {
    *late = (soma_onnx_late){.node = NULL};
    return make_network(file, options, late, network);
}
