/* SPDX-License-Identifier: MIT */
/* Which files are ONNX models or C: those whose name says so; and what the other formats need of those. */
#ifndef SOMA_IO_NAME_H
#define SOMA_IO_NAME_H

#include <soma/soma.h>
#include <stdbool.h>
#include <string.h>

static inline bool soma_is_onnx_name(const char *path) {
    size_t length = strlen(path);
    return length >= 5 && strcmp(path + length - 5, ".onnx") == 0;
}

static inline bool soma_is_c_name(const char *path) {
    size_t length = strlen(path);
    return length >= 2 && strcmp(path + length - 2, ".c") == 0;
}

/* soma_check_save() for such a file. */
soma_status soma_onnx_check_save(soma_network *network, const char *path);
soma_status soma_c_check_save(soma_network *network, const char *path);

#endif
