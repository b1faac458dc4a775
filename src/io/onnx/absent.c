/* SPDX-License-Identifier: MIT */
/* Stands in for the ONNX files where there is no protobuf-c, or no schema. */
#include "base/base.h"
#include "io/name.h"
#include <soma/onnx.h>

static soma_status unsupported(const char *path) {
    return soma_error(SOMA_UNSUPPORTED,
                      "%s: ONNX models need soma built with protobuf-c and ONNX's schema; this one is not", path);
}

static soma_status no_place(const char *function) {
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: no place for the result was given", function);
}

soma_status soma_load_onnx(const char *path, const soma_onnx_options *options, soma_network **network) {
    (void)options;
    if (!network) return no_place("soma_load_onnx");
    *network = NULL;
    return unsupported(path);
}

soma_status soma_list_onnx(const char *path, const soma_onnx_visitor *visitor, int64_t *opset) {
    (void)visitor;
    if (!opset) return no_place("soma_list_onnx");
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

soma_status soma_onnx_session_create(const char *path, const soma_onnx_options *options, soma_device *device,
                                     soma_onnx_session **session) {
    (void)options, (void)device;
    if (!session) return no_place("soma_onnx_session_create");
    *session = NULL;
    return unsupported(path);
}

soma_status soma_onnx_list_texts(const char *path, soma_onnx_text_visitor *text, void *context) {
    (void)text, (void)context;
    return path ? unsupported(path) : no_place("soma_onnx_list_texts");
}

soma_status soma_onnx_session_list_texts(const soma_onnx_session *session, soma_onnx_text_visitor *text,
                                         void *context) {
    (void)session, (void)text, (void)context;
    return no_place("soma_onnx_session_list_texts");
}

/* There is none. */
void soma_onnx_session_destroy(soma_onnx_session *session) {
    (void)session;
}

size_t soma_onnx_session_input_count(const soma_onnx_session *session) {
    (void)session;
    return 0;
}

size_t soma_onnx_session_output_count(const soma_onnx_session *session) {
    (void)session;
    return 0;
}

soma_status soma_onnx_session_input_info(const soma_onnx_session *session, size_t index, soma_value_info *info) {
    (void)session, (void)index, (void)info;
    return unsupported("soma_onnx_session_input_info");
}

soma_status soma_onnx_session_output_info(const soma_onnx_session *session, size_t index, soma_value_info *info) {
    (void)session, (void)index, (void)info;
    return unsupported("soma_onnx_session_output_info");
}

soma_status soma_onnx_session_run(soma_onnx_session *session, const soma_array *inputs, soma_array *outputs) {
    (void)session, (void)inputs, (void)outputs;
    return unsupported("soma_onnx_session_run");
}
