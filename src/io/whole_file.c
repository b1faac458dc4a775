/* SPDX-License-Identifier: MIT */
/* What applications write as soma writes its own files. */
#include "base/file.h"
#include <soma/soma.h>

soma_status soma_check_writable(const char *path) {
    return path ? soma_file_check(path) : soma_error(SOMA_INVALID_ARGUMENT, "soma_check_writable: the path is NULL");
}

soma_status soma_write_file(const char *path, const void *data, size_t size) {
    if (!path || (!data && size))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_write_file: %s is NULL", path ? "data" : "the path");
    return soma_file_write(path, data, size);
}
