/* SPDX-License-Identifier: MIT */
/* A piece of an axis. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- export */

/* Where it begins and ends became inputs in opset 10. */
soma_status soma_onnx_export_slice(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t start = (int64_t)tensor->attributes.slice.start, axis = tensor->attributes.slice.axis;
    int64_t end = start + (int64_t)tensor->attributes.slice.length;
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]), *out = soma_onnx_name_of(exporter, tensor);
    if (exporter->opset < 10) {
        size_t node = soma_onnx_begin_node(exporter, "Slice", out, (const char *[]){x, NULL});
        soma_onnx_put_attribute_integers(exporter, "starts", &start, 1);
        soma_onnx_put_attribute_integers(exporter, "ends", &end, 1);
        soma_onnx_put_attribute_integers(exporter, "axes", &axis, 1);
        soma_onnx_end_node(exporter, node);
        return SOMA_OK;
    }
    soma_onnx_name starts = soma_onnx_list(exporter, &start, 1), ends = soma_onnx_list(exporter, &end, 1);
    soma_onnx_name axes = soma_onnx_list(exporter, &axis, 1);
    const char *input[] = {x, starts.text, ends.text, axes.text, NULL};
    soma_onnx_end_node(exporter, soma_onnx_begin_node(exporter, "Slice", out, input));
    return SOMA_OK;
}
