/* SPDX-License-Identifier: MIT */
/* From a network to the list of calls that its C file makes. */
#include "io/c/program.h"
#include "graph/rewrites.h"

#include <string.h>

/* ----------------------------------------------------------------------------------------------------------- graph */

/* The copy's parameters carry their number, by which their values are found however the copy is rewritten. */
static void number_parameters(const soma_network *network, soma_graph *graph) {
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_tensor *copy = graph->tensor[network->parameters[i].tensor->id];
        copy->place = SOMA_PLACE_PARAMETER;
        copy->offset = i;
    }
}

static soma_status make_graph(soma_network *network, soma_c_program *program) {
    soma_graph *graph = &program->graph;
    SOMA_TRY(soma_graph_clone(&network->graph, graph));
    number_parameters(network, graph);
    soma_graph_infer(graph);
    program->output_count = soma_network_output_count(network);
    for (size_t i = 0; i < program->output_count; i++) {
        soma_tensor *copy = graph->tensor[soma_network_output(network, i)->id];
        program->output[i] = soma_tensor_without_dropout(copy);
        program->output[i]->kept = true;
    }
    soma_graph_prune(graph);
    return soma_graph_fuse(graph, SOMA_FUSE_GEMM_FUNCTION | SOMA_FUSE_NORMALIZE_FUNCTION | SOMA_FUSE_FOLD);
}

static soma_status lower(soma_c_program *program) {
    static const soma_executor executor = {.real = SOMA_F32};
    soma_lowering *lowering = &program->lowering;
    *lowering = (soma_lowering){.graph = &program->graph, .executor = &executor, .batch = 1};
    SOMA_TRY(soma_lowering_find_seconds(lowering));
    for (uint32_t i = 0; i < program->graph.count; i++) {
        const soma_tensor *tensor = program->graph.tensor[i];
        soma_lower_rule *rule = soma_op_table[tensor->op]->lower;
        char label[SOMA_SHAPE_TEXT];
        soma_status status = rule ? rule(lowering, tensor) : SOMA_OK;
        if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", soma_tensor_label(tensor, label));
    }
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------- what is known */

static bool call_changes(const soma_c_program *program, const soma_call *call) {
    for (uint32_t i = 0; i < call->view_count; i++)
        if (soma_c_view_changes(program, &call->view[i])) return true;
    return false;
}

/* A result depends on the inputs if one of the calls that write it reads what does. */
static void find_changing(soma_c_program *program) {
    const soma_graph *graph = &program->graph;
    for (uint32_t i = 0; i < graph->count; i++) program->changes[i] = graph->tensor[i]->op == SOMA_OP_INPUT;
    for (size_t i = 0; i < program->lowering.count; i++) {
        const soma_call *call = &program->lowering.calls[i];
        if (!call_changes(program, call)) continue;
        for (uint32_t j = 0; j < call->view_count; j++) {
            if (!soma_call_writes(call, j)) continue;
            const soma_tensor *root = soma_c_root(&call->view[j]);
            if (root->op != SOMA_OP_PARAMETER) program->changes[root->id] = true; /* running figures stay */
        }
    }
}

/* The elements of a tensor that does not depend on the inputs: of a parameter what it has learnt, else room. */
static soma_status hold(soma_network *network, soma_c_program *program, const soma_tensor *root) {
    const size_t count = soma_tensor_count(root);
    void **value = &program->value[root->id];
    if (*value) return SOMA_OK;
    *value = soma_calloc(count, sizeof(float));
    if (!*value) return soma_out_of_memory(count * sizeof(float), "the weights");
    if (root->op != SOMA_OP_PARAMETER) return SOMA_OK;
    return soma_get_parameter(network, network->parameters[root->offset].tensor, *value, count);
}

static soma_status hold_all(soma_network *network, soma_c_program *program, const soma_call *call) {
    for (uint32_t i = 0; i < call->view_count; i++) {
        const soma_view *view = &call->view[i];
        if (view->rank && !soma_c_view_changes(program, view)) SOMA_TRY(hold(network, program, soma_c_root(view)));
    }
    return SOMA_OK;
}

/* The call on these elements; its sites stay as they are. */
static soma_status compute(const soma_c_program *program, soma_call call) {
    for (uint32_t i = 0; i < call.view_count; i++)
        if (call.view[i].rank) call.view[i].memory = program->value[soma_c_root(&call.view[i])->id];
    return soma_reference_run(&call);
}

static soma_status compute_known(soma_network *network, soma_c_program *program) {
    for (size_t i = 0; i < program->lowering.count; i++) {
        const soma_call *call = &program->lowering.calls[i];
        SOMA_TRY(hold_all(network, program, call));
        program->done[i] = !call_changes(program, call);
        if (program->done[i]) SOMA_TRY(compute(program, *call));
    }
    for (size_t i = 0; i < program->output_count; i++) {
        const soma_tensor *root = soma_tensor_root(program->output[i]);
        if (!program->changes[root->id]) SOMA_TRY(hold(network, program, root));
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ calls */

/* The one call that writes the tensor; SOMA_C_NONE: several do, or it is read but by call `reader`, or an output. */
static size_t only_writer(const soma_c_program *program, const soma_tensor *root, size_t reader) {
    size_t writer = SOMA_C_NONE;
    for (size_t i = 0; i < program->lowering.count; i++) {
        const soma_call *call = &program->lowering.calls[i];
        for (uint32_t j = 0; j < call->view_count; j++) {
            if (!call->view[j].rank || soma_c_root(&call->view[j]) != root || i == reader) continue;
            if (!soma_call_writes(call, j) || writer != SOMA_C_NONE) return SOMA_C_NONE;
            writer = i;
        }
    }
    for (size_t i = 0; i < program->output_count; i++)
        if (soma_tensor_root(program->output[i]) == root) return SOMA_C_NONE;
    return writer;
}

/* A recurrent layer multiplies the inputs of each step on its way, so that their products with the weights need not be
 * there for all steps at once. */
static void join_products(soma_c_program *program) {
    for (size_t i = 0; i < program->lowering.count; i++) {
        const soma_call *call = &program->lowering.calls[i];
        program->product[i] = SOMA_C_NONE;
        if (call->primitive != SOMA_PRIMITIVE_RECURRENT || program->done[i]) continue;
        size_t writer = only_writer(program, soma_c_root(&call->view[0]), i);
        if (writer == SOMA_C_NONE) continue;
        const soma_call *product = &program->lowering.calls[writer];
        const soma_gemm_params *params = &product->params.gemm;
        if (product->primitive != SOMA_PRIMITIVE_GEMM || params->function != SOMA_IDENTITY || params->transpose_a ||
            params->alpha != 1 || params->beta != 0 || program->done[writer] ||
            soma_c_view_changes(program, &product->view[1]) || soma_c_view_changes(program, &product->view[2]))
            continue;
        program->product[i] = writer;
        program->done[writer] = true;
    }
}

soma_status soma_c_program_make(soma_network *network, soma_c_program *program) {
    SOMA_TRY(make_graph(network, program));
    SOMA_TRY(lower(program));
    const size_t tensors = program->graph.count, calls = SOMA_MAX(program->lowering.count, (size_t)1);
    program->changes = soma_calloc(tensors, sizeof *program->changes);
    program->value = soma_calloc(tensors, sizeof *program->value);
    program->product = soma_calloc(calls, sizeof *program->product);
    program->done = soma_calloc(calls, sizeof *program->done);
    if (!program->changes || !program->value || !program->product || !program->done)
        return soma_out_of_memory(tensors * sizeof *program->value, "the C file");
    find_changing(program);
    SOMA_TRY(compute_known(network, program));
    join_products(program);
    return SOMA_OK;
}

void soma_c_program_clear(soma_c_program *program) {
    for (uint32_t i = 0; program->value && i < program->graph.count; i++) soma_free(program->value[i]);
    soma_free(program->changes);
    soma_free(program->value);
    soma_free(program->product);
    soma_free(program->done);
    soma_free(program->lowering.calls);
    soma_free(program->lowering.origin);
    soma_free(program->lowering.second);
    soma_graph_clear(&program->graph);
}
