/* SPDX-License-Identifier: MIT */
/* A piece of an axis. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- export */

soma_status soma_onnx_export_slice(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t start = (int64_t)tensor->attributes.slice.start, axis = tensor->attributes.slice.axis;
    int64_t end = start + (int64_t)tensor->attributes.slice.length;
    soma_onnx_name starts = soma_onnx_list(exporter, &start, 1), ends = soma_onnx_list(exporter, &end, 1);
    soma_onnx_name axes = soma_onnx_list(exporter, &axis, 1);
    const char *input[] = {soma_onnx_name_of(exporter, tensor->input[0]), starts.text, ends.text, axes.text, NULL};
    soma_onnx_end_node(exporter, soma_onnx_begin_node(exporter, "Slice", soma_onnx_name_of(exporter, tensor), input));
    return SOMA_OK;
}
