/* SPDX-License-Identifier: MIT */
/* Stands in for the ONNX files where there is no protobuf-c, or no schema. */
#include "base/base.h"
#include "io/name.h"

static soma_status unsupported(const char *path) {
    return soma_error(SOMA_UNSUPPORTED,
                      "%s: ONNX models need soma built with protobuf-c and ONNX's schema; this one is not", path);
}

soma_status soma_load_onnx(const char *path, const soma_onnx_options *options, soma_network **network) {
    (void)options;
    *network = NULL;
    return unsupported(path);
}

soma_status soma_list_onnx(const char *path, const soma_onnx_visitor *visitor, int64_t *opset) {
    (void)visitor;
    *opset = 0;
    return unsupported(path);
}

soma_status soma_save_onnx(soma_network *network, const char *path) {
    (void)network;
    return unsupported(path);
}

soma_status soma_save_onnx_with(soma_network *network, const char *path, const soma_onnx_save_options *options) {
    (void)network, (void)options;
    return unsupported(path);
}

soma_status soma_onnx_check_save(soma_network *network, const char *path) {
    (void)network;
    return unsupported(path);
}
