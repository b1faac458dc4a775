/* SPDX-License-Identifier: MIT */
/* Where files are kept that can be made again. */
#include "base/cache.h"
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *value_of(const char *variable) {
    const char *value = getenv(variable);
    return value ? value : "";
}

soma_status soma_cache_path(const char *name, char **path) {
    const char *own = value_of("SOMA_CACHE_DIR"), *caches = value_of("XDG_CACHE_HOME"), *home = value_of("HOME");
    soma_text text = {0};
    *path = NULL;
    if (*own)
        soma_text_append(&text, "%s/%s", own, name);
    else if (*caches == '/')
        soma_text_append(&text, "%s/soma/%s", caches, name);
    else if (*home == '/')
        soma_text_append(&text, "%s/.cache/soma/%s", home, name);
    else
        return SOMA_OK;
    if (text.failed || !text.data) {
        soma_free(text.data);
        return soma_out_of_memory(strlen(name), "a file name");
    }
    *path = text.data;
    return SOMA_OK;
}

soma_status soma_cache_prepare(const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? soma_strdup(path) : NULL;
    if (!directory) return slash ? soma_out_of_memory(strlen(path), "a file name") : SOMA_OK;
    const size_t length = (size_t)(slash - path);
    struct stat about;
    soma_status status = SOMA_OK;
    directory[length] = 0;
    if (!soma_file_make_directory(directory, 0700) || stat(directory, &about) != 0 ||
        access(directory, W_OK | X_OK) != 0)
        status = soma_error(SOMA_IO, "%.*s: cannot be made or written: %s; " SOMA_CACHE_VARIABLES " names another one",
                            (int)length, path, strerror(errno));
    else if (!S_ISDIR(about.st_mode))
        status = soma_error(SOMA_IO, "%s: is no directory; " SOMA_CACHE_VARIABLES " names another one", directory);
    soma_free(directory);
    return status;
}

uint64_t soma_cache_hash(const char *text, size_t length) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}
