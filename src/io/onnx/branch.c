/* SPDX-License-Identifier: MIT */
/* If: the branch that its condition says is read in its place, where that is known when the model is read. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

static soma_status get_condition(const soma_onnx_node *node, bool *holds) {
    const soma_onnx_value *value = node->input[0];
    soma_onnx_reader reader;
    if (!value->constant || value->elements.count != 1 || value->elements.open)
        return soma_error(SOMA_UNSUPPORTED, "%s says which branch is taken, and is known only when the model runs",
                          value->name);
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    *holds = soma_onnx_read(&reader, 0) != 0;
    soma_onnx_reader_close(&reader);
    return SOMA_OK;
}

soma_status soma_onnx_choose_branch(const soma_onnx_node *node, const Soma__Onnx__GraphProto **graph) {
    bool holds = false;
    SOMA_TRY(get_condition(node, &holds));
    const char *name = holds ? "then_branch" : "else_branch";
    const Soma__Onnx__AttributeProto *branch = soma_onnx_attribute(node, name);
    *graph = branch ? branch->g : NULL;
    return *graph ? SOMA_OK : soma_error(SOMA_INVALID_FILE, "attribute %s must be a graph", name);
}

/* Without a rule: the importer reads the branch. */
SOMA_ONNX_SEVERAL(If, 1, 1, 1, "then_branch else_branch", NULL, 0, .place = SOMA_ONNX_ANYWHERE);
