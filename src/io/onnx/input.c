/* SPDX-License-Identifier: MIT */
/* Values that no node computes: constants. */
#include "io/onnx/family.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

static soma_status import_constant(soma_onnx_node *node) {
    soma_onnx_value *output = &node->output;
    soma_onnx_elements *elements = &output->elements;
    const Soma__Onnx__AttributeProto *value = node->proto->n_attribute == 1 ? node->proto->attribute[0] : NULL;
    const char *name = value && value->name ? value->name : "";
    output->constant = true;
    if (strcmp(name, "value") == 0 && value->t) {
        SOMA_TRY(soma_onnx_elements_of(value->t, elements));
    } else if (strcmp(name, "value_float") == 0 || strcmp(name, "value_floats") == 0) {
        bool list = name[strlen(name) - 1] == 's';
        *elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .rank = list};
        elements->count = elements->dim[0] = list ? value->n_floats : 1;
        elements->floats = list ? value->floats : &value->f;
    } else if (strcmp(name, "value_int") == 0 || strcmp(name, "value_ints") == 0) {
        bool list = name[strlen(name) - 1] == 's';
        *elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64, .rank = list};
        elements->count = elements->dim[0] = list ? value->n_ints : 1;
        elements->integers = list ? value->ints : &value->i;
    } else
        return soma_error(SOMA_UNSUPPORTED, "a constant must have one value, of numbers that are all there");
    output->integer = soma_onnx_is_integer(elements->type);
    output->shape.rank = elements->rank;
    memcpy(output->shape.dim, elements->dim, sizeof output->shape.dim);
    return SOMA_OK;
}

SOMA_ONNX_OP(Constant, 1, 0, 0, "value value_float value_floats value_int value_ints", import_constant, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

/* Whether nothing but dropout reads it, as in spatialdropout: without the batch it is broadcast to the same result. */
static bool only_dropped_out(const soma_tensor *constant) {
    const soma_graph *graph = constant->graph;
    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++)
            if (graph->tensor[i]->input[j] == constant && graph->tensor[i]->op != SOMA_OP_DROPOUT) return false;
    return true;
}

soma_status soma_onnx_export_fill(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    if (tensor->batched && !only_dropped_out(tensor))
        return soma_error(SOMA_UNSUPPORTED, "a constant for each sample of the batch has no ONNX form here");
    return soma_onnx_put_equal_numbers(exporter, soma_onnx_name_of(exporter, tensor), tensor,
                                       tensor->attributes.fill.value);
}
