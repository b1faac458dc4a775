/* SPDX-License-Identifier: MIT */
/* What soma show says of an ONNX model before a network is made of it. */
#ifndef SOMA_TOOLS_SHOW_ONNX_H
#define SOMA_TOOLS_SHOW_ONNX_H

#include "report.h"
#include <soma/soma.h>

/* Opset, inputs, outputs, and ops with the numbers of their nodes, on stdout and into the object (may be NULL). */
soma_status show_onnx_contents(const char *path, report *object);

#endif
