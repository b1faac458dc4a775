/* SPDX-License-Identifier: MIT */
/*
 * What the examples of real models begin and end with: an ONNX file, ready to run on the device that soma chooses, or
 * that the environment variable SOMA_DEVICE names.
 */
#ifndef SOMA_EXAMPLES_MODEL_H
#define SOMA_EXAMPLES_MODEL_H

#include <soma/soma.h>

typedef struct model {
    soma_device *device;
    soma_network *network;
    soma_session *session;
} model;

static soma_status open_model(const char *path, const soma_onnx_options *options, model *opened) {
    *opened = (model){NULL, NULL, NULL};
    soma_status status = soma_device_open(NULL, NULL, &opened->device);
    if (status == SOMA_OK) status = soma_load_onnx(path, options, &opened->network);
    if (status == SOMA_OK) status = soma_compile(opened->network, opened->device, NULL);
    if (status == SOMA_OK) status = soma_session_create(opened->network, NULL, &opened->session);
    return status;
}

/* Also what could not be opened. */
static void close_model(model *opened) {
    soma_session_destroy(opened->session);
    soma_network_destroy(opened->network);
    soma_device_close(opened->device);
}

#endif
