/* SPDX-License-Identifier: MIT */
/* Stands in for the ONNX files where there is no protobuf-c, or no schema. */
#include "base/base.h"
#include <soma/soma.h>

soma_status soma_load_onnx(const char *path, const soma_onnx_options *options, soma_network **network) {
    (void)options;
    *network = NULL;
    return soma_error(SOMA_UNSUPPORTED,
                      "%s: ONNX models need soma built with protobuf-c and ONNX's schema; this one is not", path);
}
