/* SPDX-License-Identifier: MIT */
/* Stands in for the model files where there is no JSON library. */
#include "base/base.h"
#include "io/onnx/name.h"
#include <soma/soma.h>

static soma_status unsupported(const char *path) {
    return soma_error(SOMA_UNSUPPORTED,
                      "%s: model files need soma built with the JSON library jansson; this one is not", path);
}

soma_status soma_save(soma_network *network, const char *path) {
    if (soma_is_onnx_name(path)) return soma_save_onnx(network, path);
    return unsupported(path);
}

soma_status soma_load(const char *path, soma_network **network) {
    if (soma_is_onnx_name(path)) return soma_load_onnx(path, NULL, network);
    *network = NULL;
    return unsupported(path);
}

soma_status soma_load_weights(soma_network *network, const char *path, const soma_weights_options *options) {
    (void)network, (void)options;
    return unsupported(path);
}

soma_status soma_list_tensors(const char *path, soma_tensor_visitor *visitor, void *context, bool *has_network) {
    (void)visitor, (void)context;
    if (has_network) *has_network = false;
    return unsupported(path);
}
