/* SPDX-License-Identifier: MIT */
/*
 * A node behind what is computed on the host that only a network computes, as a convolution of the boxes that are left:
 * a network of this node alone, on the session's device. What the run has made goes in, if possible with its first
 * dimension as the batch, so that the network stays where another number of boxes is left; all else are constants.
 */
#include "base/size.h"
#include "io/onnx/family.h"
#include "io/onnx/host.h"
#include "io/onnx/onnx_session.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 32 };

/* How the numbers of a run go in. */
typedef enum way {
    AS_BATCHES, /* each dimension that is their first counts samples */
    AS_INPUTS,  /* as import finds best */
    FIRST_ONLY, /* the first of them; others are constants */
    CONSTANT,   /* none: the node's first input, which is a constant, goes in, and what the run has made is such */
    WAYS
} way;

/* A model of one node, whose inputs and outputs are named anew: those of its graph may have any name. */
typedef struct model {
    soma_onnx_file file;
    Soma__Onnx__ModelProto model;
    Soma__Onnx__GraphProto graph;
    Soma__Onnx__NodeProto node, *nodes[1];
    Soma__Onnx__ValueInfoProto output, *outputs[1];
    char *results[SOMA_MAX_ENDS], result_name[SOMA_MAX_ENDS][NAME_SIZE];
    struct {
        char name[NAME_SIZE];
        Soma__Onnx__ValueInfoProto info;
        Soma__Onnx__TypeProto type;
        Soma__Onnx__TypeProto__Tensor tensor;
        Soma__Onnx__TensorShapeProto shape;
        Soma__Onnx__TensorShapeProto__Dimension dim[SOMA_ONNX_MAX_RANK], *dims[SOMA_ONNX_MAX_RANK];
    } given[SOMA_MAX_INPUTS];
    char *names[SOMA_MAX_INPUTS];
    Soma__Onnx__ValueInfoProto *infos[SOMA_MAX_INPUTS];
    soma_onnx_constant constants[SOMA_MAX_INPUTS];
    soma_onnx_options options;
} model;

/* ----------------------------------------------------------------------------------------------- what is kept of it */

/* A node of the file, or any that was made of one of a function, with the attributes of a call, for as long as that is
 * read: what is there in its place in another run is another node. */
static const Soma__Onnx__NodeProto of_function;

static const Soma__Onnx__NodeProto *key_of(const soma_onnx_node *node) {
    return node->importer->frame ? &of_function : node->proto;
}

static void clear_lone(soma_onnx_lone *one) {
    for (uint32_t i = 0; one->inputs && i < one->input_count; i++) soma_free(one->inputs[i].numbers);
    soma_free(one->inputs);
    soma_session_destroy(one->session);
    soma_network_destroy(one->network);
    *one = (soma_onnx_lone){.node = NULL};
}

void soma_onnx_lone_nodes_clear(soma_onnx_lone_nodes *lone_nodes) {
    for (size_t i = 0; i < lone_nodes->count; i++) clear_lone(&lone_nodes->of[i]);
    soma_free(lone_nodes->of);
    *lone_nodes = (soma_onnx_lone_nodes){.of = NULL};
}

static soma_status is_same_constant(soma_onnx_node *node, uint32_t i, const soma_onnx_lone_input *kept, bool *same) {
    const soma_onnx_elements *elements = &node->input[i]->elements;
    const double *numbers;
    size_t count;
    if (elements->tensor || kept->tensor) return *same = elements->tensor == kept->tensor, SOMA_OK;
    SOMA_TRY(soma_onnx_numbers_of(node, i, &numbers, &count));
    *same = count == kept->count && memcmp(numbers, kept->numbers, count * sizeof *numbers) == 0;
    return SOMA_OK;
}

/* Whether it is of this node, shapes and constants. */
static soma_status fits(soma_onnx_node *node, const soma_onnx_lone *one, bool *same) {
    *same = one->node == node->proto && !node->importer->frame && one->number == node->number &&
            one->input_count == node->input_count;
    const soma_onnx_value *first = NULL; /* of those that go in, all of which have as many samples */
    for (uint32_t i = 0; *same && i < one->input_count; i++) {
        const soma_onnx_lone_input *kept = &one->inputs[i];
        const soma_onnx_value *value = node->input[i];
        *same = kept->there == (value != NULL);
        if (!value || !*same) continue;
        *same = kept->rank == value->shape.rank && kept->type == soma_onnx_type_of(value);
        if (*same && kept->goes_in && one->open) {
            if (!first) first = value;
            *same = value->shape.dim[0] == first->shape.dim[0];
        }
        for (uint32_t k = kept->goes_in && one->open ? 1 : 0; *same && k < kept->rank; k++)
            *same = kept->dim[k] == value->shape.dim[k];
        if (*same && !kept->goes_in) SOMA_TRY(is_same_constant(node, i, kept, same));
    }
    return SOMA_OK;
}

/* Its place in the list: of one node two are kept, of which the other one goes. */
static soma_status place_for(soma_onnx_lone_nodes *lone_nodes, const soma_onnx_node *node, soma_onnx_lone **place) {
    soma_onnx_lone *oldest = NULL;
    size_t count = 0;
    for (soma_onnx_lone *one = lone_nodes->of; one < lone_nodes->of + lone_nodes->count; one++) {
        if (one->node && (one->node != key_of(node) || one->number != node->number)) continue;
        count += one->node != NULL;
        if (!oldest || !one->node || (oldest->node && one->used < oldest->used)) oldest = one;
    }
    if (oldest && (!oldest->node || count >= 2)) return clear_lone(*place = oldest), SOMA_OK;
    soma_onnx_lone *grown = soma_realloc(lone_nodes->of, lone_nodes->count + 1, sizeof *grown);
    if (!grown) return soma_out_of_memory((lone_nodes->count + 1) * sizeof *grown, "networks of single nodes");
    lone_nodes->of = grown;
    *(*place = &grown[lone_nodes->count++]) = (soma_onnx_lone){.node = NULL};
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- the network */

static bool can_go_in(const soma_onnx_value *value) {
    return value && !value->encoded && !soma_onnx_is_words(value) && value->shape.rank > 0;
}

/* Ops of whole numbers that the host does not have. Those that it has it may refuse for the numbers, which are no
 * better in float32. */
static bool takes_whole(const soma_onnx_row *row) {
    static const soma_onnx_row *const rows[] = {&soma_onnx_row_ConvInteger, &soma_onnx_row_MatMulInteger,
                                                &soma_onnx_row_OneHot, &soma_onnx_row_QLinearConv,
                                                &soma_onnx_row_QLinearMatMul};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        if (rows[i] == row) return true;
    return row->domain && strcmp(row->domain, SOMA_ONNX_MICROSOFT) == 0;
}

static bool is_of_run(const soma_onnx_node *node, uint32_t input) {
    const soma_onnx_value *value = node->input[input];
    return can_go_in(value) && value->of_run && (!value->integer || takes_whole(node->row));
}

/* Which inputs go in, and whether that is possible, as with all dimensions that an array may have; of_all: how many
 * there are. */
static bool choose_inputs(const soma_onnx_node *node, way how, bool goes_in[], uint32_t *of_all) {
    bool possible = true;
    size_t first = 0;
    *of_all = 0;
    if (how == CONSTANT) {
        memset(goes_in, 0, node->input_count * sizeof *goes_in);
        const soma_onnx_value *operand = node->input[0];
        goes_in[0] = can_go_in(operand) && !operand->integer && operand->shape.rank <= SOMA_MAX_RANK;
        return goes_in[0];
    }
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *value = node->input[i];
        goes_in[i] = is_of_run(node, i) && (how != FIRST_ONLY || *of_all == 0);
        *of_all += is_of_run(node, i);
        if (!goes_in[i]) continue;
        if (*of_all == 1) first = value->shape.dim[0];
        possible &= value->shape.rank <= SOMA_MAX_RANK;
        possible &= how != AS_BATCHES || (value->shape.rank > 1 && value->shape.dim[0] == first);
        for (uint32_t k = how == AS_BATCHES ? 1 : 0; k < value->shape.rank; k++) possible &= value->shape.dim[k] > 0;
    }
    return possible && *of_all > 0;
}

static soma_status describe_input(soma_onnx_node *node, uint32_t i, bool goes_in, bool open, model *m) {
    const soma_onnx_value *value = node->input[i];
    const size_t number = m->graph.n_input++;
    snprintf(m->given[i].name, NAME_SIZE, "in %u", i);
    m->names[i] = m->given[i].name;
    m->given[i].info = (Soma__Onnx__ValueInfoProto)SOMA__ONNX__VALUE_INFO_PROTO__INIT;
    m->given[i].type = (Soma__Onnx__TypeProto)SOMA__ONNX__TYPE_PROTO__INIT;
    m->given[i].tensor = (Soma__Onnx__TypeProto__Tensor)SOMA__ONNX__TYPE_PROTO__TENSOR__INIT;
    m->given[i].shape = (Soma__Onnx__TensorShapeProto)SOMA__ONNX__TENSOR_SHAPE_PROTO__INIT;
    m->infos[number] = &m->given[i].info;
    m->given[i].info.name = m->given[i].name;
    m->given[i].info.type = &m->given[i].type;
    m->given[i].type.value_case = SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    m->given[i].type.tensor_type = &m->given[i].tensor;
    m->given[i].tensor.has_elem_type = 1;
    m->given[i].tensor.elem_type = soma_onnx_type_of(value);
    m->given[i].tensor.shape = &m->given[i].shape;
    m->given[i].shape.n_dim = value->shape.rank;
    m->given[i].shape.dim = m->given[i].dims;
    for (uint32_t k = 0; k < value->shape.rank; k++) {
        Soma__Onnx__TensorShapeProto__Dimension *dim = m->given[i].dims[k] = &m->given[i].dim[k];
        *dim = (Soma__Onnx__TensorShapeProto__Dimension)SOMA__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT;
        if (goes_in && open && k == 0) continue;
        dim->value_case = SOMA__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        dim->dim_value = (int64_t)value->shape.dim[k];
    }
    if (goes_in) return SOMA_OK;
    soma_onnx_constant *constant = &m->constants[m->options.constant_count++];
    constant->name = m->given[i].name;
    return soma_onnx_numbers_of(node, i, &constant->values, &constant->count);
}

static soma_status describe_node(soma_onnx_node *node, const bool goes_in[], way how, model *m) {
    const soma_onnx_importer *importer = node->importer;
    if (node->proto->n_output > SOMA_MAX_ENDS)
        return soma_error(SOMA_UNSUPPORTED, "%zu outputs; at most %d are possible", node->proto->n_output,
                          SOMA_MAX_ENDS);
    m->graph = (Soma__Onnx__GraphProto)SOMA__ONNX__GRAPH_PROTO__INIT;
    m->output = (Soma__Onnx__ValueInfoProto)SOMA__ONNX__VALUE_INFO_PROTO__INIT;
    m->model = *importer->file->model;
    m->model.graph = &m->graph;
    m->model.n_metadata_props = 0;
    m->node = *node->proto;
    m->node.input = m->names;
    m->node.output = m->results;
    m->graph.n_node = m->graph.n_output = 1;
    m->graph.node = m->nodes;
    m->graph.input = m->infos;
    m->graph.output = m->outputs;
    m->nodes[0] = &m->node;
    m->outputs[0] = &m->output;
    for (uint32_t i = 0; i < node->input_count; i++) {
        m->names[i] = m->given[i].name; /* empty */
        if (node->input[i]) SOMA_TRY(describe_input(node, i, goes_in[i], how == AS_BATCHES, m));
    }
    for (size_t i = 0; i < node->proto->n_output; i++) {
        if (*node->proto->output[i]) snprintf(m->result_name[i], NAME_SIZE, "out %zu", i);
        m->results[i] = m->result_name[i];
    }
    m->output.name = m->results[node->number];
    m->options.constants = m->constants;
    m->options.batch = how == AS_BATCHES ? SOMA_ONNX_BATCH_FIRST : SOMA_ONNX_BATCH_AUTO;
    m->options.memory_limit = importer->memory_limit;
    m->file = *importer->file;
    m->file.model = &m->model;
    m->file.opset = importer->opset;
    m->file.front = NULL;
    m->file.encodes = false;
    m->file.path = (char *)(uintptr_t) "as a network of its own behind what is computed on the host";
    /* Weights that are constants here are none that count as the file's. */
    m->file.budget.limit = SIZE_MAX;
    m->file.budget.used = 0;
    return SOMA_OK;
}

static soma_status keep_inputs(soma_onnx_node *node, const bool goes_in[], const model *m, soma_onnx_lone *one) {
    size_t constant = 0;
    one->input_count = node->input_count;
    one->inputs = soma_calloc(node->input_count + 1, sizeof *one->inputs);
    if (!one->inputs) return soma_out_of_memory(node->input_count * sizeof *one->inputs, "inputs of a node");
    for (uint32_t i = 0; i < node->input_count; i++) {
        soma_onnx_lone_input *kept = &one->inputs[i];
        const soma_onnx_value *value = node->input[i];
        kept->there = value != NULL;
        if (!value) continue;
        kept->goes_in = goes_in[i];
        kept->rank = value->shape.rank;
        kept->type = soma_onnx_type_of(value);
        memcpy(kept->dim, value->shape.dim, sizeof kept->dim);
        kept->tensor = value->elements.tensor;
        if (goes_in[i]) continue;
        const soma_onnx_constant *given = &m->constants[constant++];
        kept->count = given->count;
        if (kept->tensor) continue;
        kept->numbers = soma_malloc(SOMA_MAX(given->count, (size_t)1) * sizeof *kept->numbers);
        if (!kept->numbers) return soma_out_of_memory(given->count * sizeof *kept->numbers, "a constant");
        memcpy(kept->numbers, given->values, given->count * sizeof *kept->numbers);
    }
    return SOMA_OK;
}

/* Whether it is known which shape the result has in the model: as an array, which has fewer dimensions. */
static bool is_shaped(const soma_network *network) {
    for (size_t i = 0; i < network->end_count; i++)
        if (network->ends[i].tensor == soma_network_output(network, 0)) return network->ends[i].shaped;
    return false;
}

static soma_status make_network(const soma_onnx_session *session, soma_onnx_node *node, const bool goes_in[], way how,
                                model *m, soma_onnx_lone *one) {
    const soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    *m = (model){.options = {.batch = SOMA_ONNX_BATCH_AUTO}};
    SOMA_TRY(describe_node(node, goes_in, how, m));
    SOMA_TRY(soma_onnx_import(&m->file, &m->options, &one->network));
    if (!is_shaped(one->network))
        return soma_error(SOMA_UNSUPPORTED,
                          "a result of more than %d dimensions, behind an op whose result's shape depends on numbers",
                          SOMA_MAX_RANK);
    one->node = key_of(node);
    one->number = node->number;
    one->open = how == AS_BATCHES;
    SOMA_TRY(keep_inputs(node, goes_in, m, one));
    SOMA_TRY(soma_compile(one->network, session->device, &options));
    return soma_session_create(one->network, NULL, &one->session);
}

/* In the first way that there is. */
static soma_status make_lone(const soma_onnx_session *session, soma_onnx_node *node, soma_onnx_lone *one) {
    bool goes_in[SOMA_MAX_INPUTS] = {false};
    uint32_t count;
    soma_status status = SOMA_UNSUPPORTED; /* for what the host has said, where nothing can go in */
    model *m = soma_malloc(sizeof *m);
    if (!m) return soma_out_of_memory(sizeof *m, "a model of one node");
    for (way how = AS_BATCHES; how < WAYS; how++) {
        if (!choose_inputs(node, how, goes_in, &count) || (how == FIRST_ONLY && count == 1)) continue;
        status = make_network(session, node, goes_in, how, m, one);
        /* SOMA_INVALID_ARGUMENT: of more inputs than a network has */
        if (status != SOMA_UNSUPPORTED && status != SOMA_INVALID_SHAPE && status != SOMA_INVALID_ARGUMENT) break;
        clear_lone(one);
    }
    soma_free(m);
    if (status != SOMA_OK) clear_lone(one);
    return status;
}

static soma_status find_lone(soma_onnx_session *session, soma_onnx_node *node, soma_onnx_lone **found) {
    soma_onnx_lone_nodes *lone_nodes = &session->lone_nodes;
    bool same = false;
    for (size_t i = 0; i < lone_nodes->count && !same; i++) {
        *found = &lone_nodes->of[i];
        SOMA_TRY(fits(node, *found, &same));
    }
    if (!same) {
        SOMA_TRY(place_for(lone_nodes, node, found));
        SOMA_TRY(make_lone(session, node, *found));
    }
    (*found)->used = ++lone_nodes->runs;
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- a run */

/* As the network takes it: float32, or whole numbers. */
static soma_status take_numbers(soma_onnx_node *node, uint32_t i, soma_dtype dtype, soma_array *array, void **memory) {
    const soma_onnx_value *value = node->input[i];
    size_t count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    const double *numbers;
    *memory = soma_malloc(SOMA_MAX(count, (size_t)1) * soma_dtype_size(dtype));
    if (!*memory) return soma_out_of_memory(count * soma_dtype_size(dtype), value->name);
    *array = (soma_array){.data = *memory, .dtype = dtype, .rank = value->shape.rank};
    memcpy(array->shape, value->shape.dim, value->shape.rank * sizeof *array->shape);
    if (dtype == SOMA_F32) return soma_onnx_read_floats(node->importer->file, &value->elements, *memory);
    SOMA_TRY(soma_onnx_numbers_of(node, i, &numbers, &count));
    for (size_t k = 0; k < count; k++)
        if (!soma_onnx_put_number(dtype, numbers[k], *memory, k))
            return soma_error(SOMA_UNSUPPORTED, "element %zu of %s is %.17g, which is no %s", k, value->name,
                              numbers[k], soma_dtype_name(dtype));
    return SOMA_OK;
}

static soma_status give_result(soma_onnx_node *node, const soma_onnx_lone *one, size_t batch,
                               const soma_array *inputs) {
    soma_onnx_shape shape = {.rank = 0};
    soma_value_info info;
    double *numbers = NULL;
    SOMA_TRY(soma_network_output_info(one->network, 0, &info));
    shape.rank = info.rank;
    for (uint32_t k = 0; k < info.rank; k++) shape.dim[k] = k == info.batch_axis ? batch : info.shape[k];
    const size_t count = soma_onnx_count(&shape, 0, shape.rank);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    if (count > 0) {
        void *made = soma_malloc(count * sizeof(double)), *const outputs[] = {made};
        if (!made) return soma_out_of_memory(count * sizeof(double), node->output.name);
        soma_status status = soma_session_run_arrays(one->session, inputs, outputs);
        for (size_t i = 0; status == SOMA_OK && i < count; i++) numbers[i] = soma_onnx_number_at(info.dtype, made, i);
        soma_free(made);
        SOMA_TRY(status);
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of_array(info.dtype), &shape, false, numbers);
}

soma_status soma_onnx_run_lone(void *context, soma_onnx_node *node) {
    soma_onnx_lone *one = NULL;
    soma_array inputs[SOMA_MAX_INPUTS];
    void *memory[SOMA_MAX_INPUTS] = {NULL};
    size_t count = 0, batch = 1;
    soma_value_info info;
    SOMA_TRY(find_lone(context, node, &one));
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; i < node->input_count && status == SOMA_OK; i++) {
        if (!one->inputs[i].goes_in) continue;
        if (count == 0) batch = node->input[i]->shape.dim[0];
        status = soma_network_input_info(one->network, (uint32_t)count, &info);
        if (status == SOMA_OK) status = take_numbers(node, i, info.dtype, &inputs[count], &memory[count]);
        count++;
    }
    if (status == SOMA_OK) status = give_result(node, one, batch, inputs);
    for (size_t i = 0; i < count; i++) soma_free(memory[i]);
    return status;
}
