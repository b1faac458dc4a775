/* SPDX-License-Identifier: MIT */
/*
 * Functions that a model defines for itself (FunctionProto): a call is written out as the function's nodes. Names
 * inside of a function are its own; its nodes' attributes may be those of the call.
 */
#include "base/utf8.h"
#include "io/onnx/inside.h"

#include <inttypes.h>
#include <string.h>

/* Functions that are inside of each other, at most. */
enum { MOST_DEEP = SOMA_ONNX_MOST_DEEP };

/* ------------------------------------------------------------------------------------------------------ attributes */

static const Soma__Onnx__AttributeProto *find(Soma__Onnx__AttributeProto *const *attributes, size_t count,
                                              const char *name) {
    for (size_t i = 0; i < count; i++)
        if (attributes[i]->name && strcmp(attributes[i]->name, name) == 0) return attributes[i];
    return NULL;
}

static bool refers(const Soma__Onnx__AttributeProto *attribute) {
    return attribute->ref_attr_name && *attribute->ref_attr_name;
}

/* What the call gives, else the function's default; NULL: neither, so that the node has no such attribute. */
static const Soma__Onnx__AttributeProto *given(const soma_onnx_frame *frame, const char *name) {
    const Soma__Onnx__AttributeProto *found = find(frame->call->attribute, frame->call->n_attribute, name);
    return found ? found : find(frame->function->attribute_proto, frame->function->n_attribute_proto, name);
}

/* A node, its list of attributes, and those of them that are another's under a name of their own. */
typedef struct bound_node {
    Soma__Onnx__NodeProto node;
    Soma__Onnx__AttributeProto **list, *attribute;
} bound_node;

soma_status soma_onnx_bind_attributes(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node,
                                      const Soma__Onnx__NodeProto **bound) {
    size_t count = 0;
    const char *label = soma_onnx_node_label(node);
    void *memory;
    *bound = node;
    for (size_t i = 0; i < node->n_attribute; i++) count += refers(node->attribute[i]);
    if (count == 0 || !importer->frame) return SOMA_OK;
    SOMA_TRY(soma_onnx_keep(importer, sizeof(bound_node), label, &memory));
    bound_node *made = memory;
    SOMA_TRY(soma_onnx_keep(importer, node->n_attribute * sizeof *made->list, label, &memory));
    made->list = memory;
    SOMA_TRY(soma_onnx_keep(importer, count * sizeof *made->attribute, label, &memory));
    made->attribute = memory;
    made->node = *node;
    made->node.attribute = made->list;
    made->node.n_attribute = 0;
    for (size_t i = 0; i < node->n_attribute; i++) {
        Soma__Onnx__AttributeProto *attribute = node->attribute[i];
        if (refers(attribute)) {
            const Soma__Onnx__AttributeProto *other = given(importer->frame, attribute->ref_attr_name);
            if (!other) continue;
            Soma__Onnx__AttributeProto *renamed = &made->attribute[--count];
            *renamed = *other;
            renamed->name = attribute->name;
            attribute = renamed;
        }
        made->list[made->node.n_attribute++] = attribute;
    }
    *bound = &made->node;
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------------- calls */

static const char *name_of(const Soma__Onnx__FunctionProto *function) {
    return function->name ? function->name : "";
}

static soma_status check_call(const soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                              const Soma__Onnx__FunctionProto *function) {
    const soma_quoted name = soma_quote(name_of(function), strlen(name_of(function)));
    unsigned depth = 0;
    for (const soma_onnx_frame *frame = importer->frame; frame; frame = frame->outer, depth++)
        if (frame->function == function)
            return soma_error(SOMA_INVALID_FILE, "function %s calls itself, which no function may", name.text);
    if (depth >= MOST_DEEP)
        return soma_error(SOMA_UNSUPPORTED, "function %s is called inside of %u others; at most %d are possible",
                          name.text, depth, MOST_DEEP);
    if (call->n_input > function->n_input || call->n_output > function->n_output)
        return soma_error(SOMA_INVALID_FILE, "%zu inputs and %zu outputs; function %s has %zu and %zu", call->n_input,
                          call->n_output, name.text, function->n_input, function->n_output);
    return SOMA_OK;
}

/* One that is known. */
static soma_status opset_of(const soma_onnx_importer *importer, const Soma__Onnx__FunctionProto *function,
                            int64_t *opset) {
    *opset = soma_onnx_function_opset(function, importer->opset);
    if (*opset >= 1 && *opset <= SOMA_ONNX_LAST_OPSET) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "function %s is of opset %" PRId64 "; those from 1 to %d are known",
                      soma_quote(name_of(function), strlen(name_of(function))).text, *opset, SOMA_ONNX_LAST_OPSET);
}

/* Values that go in, which lie outside, and values that come out. */
typedef struct call_values {
    soma_onnx_value **in, *out;
} call_values;

static soma_status find_inputs(const soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                               soma_onnx_value **in) {
    for (size_t i = 0; i < call->n_input; i++) {
        const char *name = call->input[i];
        in[i] = *name ? soma_onnx_find_value(importer, name) : NULL;
        if (*name && !in[i])
            return soma_error(SOMA_INVALID_FILE, "input %s is no value of the graph that comes before",
                              soma_quote(name, strlen(name)).text);
    }
    return SOMA_OK;
}

/* Inside they have other names; one that is left out is a value that is not there. */
static soma_status define_inputs(soma_onnx_importer *importer, const Soma__Onnx__FunctionProto *function,
                                 soma_onnx_value *const *in) {
    for (size_t i = 0; i < function->n_input; i++) {
        const soma_onnx_value absent = {.absent = true, .name = function->input[i]};
        SOMA_TRY(soma_onnx_define_as(importer, function->input[i], in[i] ? in[i] : &absent));
    }
    return SOMA_OK;
}

static soma_status take_outputs(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                                const Soma__Onnx__FunctionProto *function, soma_onnx_value *out) {
    for (size_t i = 0; i < call->n_output; i++) {
        const char *name = function->output[i];
        if (!*call->output[i]) continue;
        const soma_onnx_value *value = soma_onnx_find_value(importer, name);
        if (!value || value->absent)
            return soma_error(SOMA_INVALID_FILE, "output %s is no value of function %s",
                              soma_quote(name, strlen(name)).text,
                              soma_quote(name_of(function), strlen(name_of(function))).text);
        out[i] = *value;
        out[i].name = call->output[i];
    }
    return SOMA_OK;
}

static soma_status add_body(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                            const Soma__Onnx__FunctionProto *function, const call_values *values) {
    SOMA_TRY(define_inputs(importer, function, values->in));
    for (size_t i = 0; i < function->n_node; i++) SOMA_TRY(importer->add_node(importer, function->node[i], i));
    SOMA_TRY(take_outputs(importer, call, function, values->out));
    for (size_t i = 0; i < call->n_input; i++) { /* what was found out about them, as that a weight is a tensor now */
        if (!values->in[i]) continue;
        soma_onnx_value *inner = soma_onnx_find_value(importer, function->input[i]);
        if (inner) *values->in[i] = *inner;
    }
    return SOMA_OK;
}

static soma_status call_with(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                             const Soma__Onnx__FunctionProto *function, const call_values *values) {
    const soma_onnx_frame frame = {.function = function, .call = call, .outer = importer->frame};
    const int64_t opset = importer->opset;
    int64_t own;
    SOMA_TRY(find_inputs(importer, call, values->in));
    SOMA_TRY(opset_of(importer, function, &own));
    const soma_onnx_scope outside = importer->scope;
    importer->scope = (soma_onnx_scope){.block = NULL};
    importer->frame = &frame;
    importer->opset = own;
    importer->inside++;
    soma_status status = add_body(importer, call, function, values);
    importer->inside--;
    importer->opset = opset;
    importer->frame = frame.outer;
    soma_onnx_scope_clear(&importer->scope);
    importer->scope = outside;
    for (size_t i = 0; status == SOMA_OK && i < call->n_output; i++)
        if (*call->output[i]) status = soma_onnx_define(importer, &values->out[i]);
    return status;
}

soma_status soma_onnx_call(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                           const Soma__Onnx__FunctionProto *function) {
    SOMA_TRY(check_call(importer, call, function));
    SOMA_TRY(soma_onnx_write_out(importer, function->n_node + function->n_input, name_of(function)));
    call_values values = {.in = soma_calloc(function->n_input + 1, sizeof *values.in),
                          .out = soma_calloc(call->n_output + 1, sizeof *values.out)};
    soma_status status = values.in && values.out
                             ? call_with(importer, call, function, &values)
                             : soma_out_of_memory(function->n_input * sizeof *values.in, name_of(function));
    soma_free(values.in);
    soma_free(values.out);
    return status;
}
