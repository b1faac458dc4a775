/* SPDX-License-Identifier: MIT */
/* Which files are ONNX models: those whose name says so. */
#ifndef SOMA_IO_ONNX_NAME_H
#define SOMA_IO_ONNX_NAME_H

#include <stdbool.h>
#include <string.h>

static inline bool soma_is_onnx_name(const char *path) {
    size_t length = strlen(path);
    return length >= 5 && strcmp(path + length - 5, ".onnx") == 0;
}

#endif
