/* SPDX-License-Identifier: MIT */
/* Dropout, which is active in training alone, as in soma. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* The number of an optional input that must be known now. */
static soma_status get_number(soma_onnx_node *node, uint32_t input, float otherwise, float *number) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    *number = otherwise;
    if (!value || soma_onnx_single(node, value, number)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "%s must be one number, and a constant of the file", value->name);
}

static soma_status import_dropout(soma_onnx_node *node) {
    float ratio, training;
    soma_tensor *x, *y;
    if (node->opset < 12)
        SOMA_TRY(soma_onnx_get_float(node, "ratio", 0.5f, &ratio));
    else
        SOMA_TRY(get_number(node, 1, 0.5f, &ratio));
    SOMA_TRY(get_number(node, 2, 0, &training));
    if (training != 0 && ratio != 0)
        return soma_error(SOMA_UNSUPPORTED, "drops out at every run, by random numbers of its own; soma drops out in "
                                            "training alone");
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x));
    soma_network *network = node->importer->network;
    soma_tensor_spec spec = {.op = SOMA_OP_DROPOUT, .input_count = 1, .input = &x};
    spec.attributes.dropout.rate = ratio;
    spec.attributes.dropout.stream = network->dropout_count++;
    SOMA_TRY(soma_graph_add(&network->graph, &spec, &y));
    return soma_onnx_give_like(node, y, node->input[0]);
}

SOMA_ONNX_OP(Dropout, 1, 1, 3, "ratio is_test seed consumed_inputs", import_dropout, 0, .place = SOMA_ONNX_MOVED);

/* ---------------------------------------------------------------------------------------------------------- export */

/* The rate became an input in opset 12. */
soma_status soma_onnx_export_dropout(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]), *out = soma_onnx_name_of(exporter, tensor);
    float rate = tensor->attributes.dropout.rate;
    if (exporter->opset < 12) {
        size_t node = soma_onnx_begin_node(exporter, "Dropout", out, (const char *[]){x, NULL});
        soma_onnx_put_attribute_float(exporter, "ratio", rate);
        soma_onnx_end_node(exporter, node);
    } else {
        soma_onnx_name number = soma_onnx_number(exporter, rate);
        PUT("Dropout", out, x, number.text);
    }
    return SOMA_OK;
}
