/* SPDX-License-Identifier: MIT */
/* ONNX models, as an application sees them. */
#include "io/onnx/import.h"

soma_status soma_load_onnx(const char *path, const soma_onnx_options *options, soma_network **network) {
    soma_onnx_file *file;
    if (!path || !network)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_load_onnx needs a path and a place for the network");
    *network = NULL;
    if (options) SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_onnx_options"));
    if (options && (unsigned)options->batch > SOMA_ONNX_BATCH_NONE)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_load_onnx: there is no reading number %d", (int)options->batch);
    if (options && options->output_count && !options->outputs)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_load_onnx: output_count is %zu, outputs is NULL",
                          options->output_count);
    if (options && options->input_count && !options->inputs)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_load_onnx: input_count is %zu, inputs is NULL",
                          options->input_count);
    SOMA_TRY(soma_onnx_open(path, &file));
    soma_status status = soma_onnx_import(file, options, network);
    soma_onnx_close(file);
    return status;
}
