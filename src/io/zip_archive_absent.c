/* SPDX-License-Identifier: MIT */
/* Stands in for zip_archive.c where there is no ZIP library. */
#include "io/zip_archive.h"

static soma_status unsupported(const char *path) {
    return soma_error(SOMA_UNSUPPORTED, "%s: NPZ archives need soma built with libzip; this one is not", path);
}

soma_status soma_zip_open(const char *path, soma_zip **zip) {
    *zip = NULL;
    return unsupported(path);
}

soma_status soma_zip_of_memory(const char *name, const void *memory, size_t size, soma_zip **zip) {
    (void)memory, (void)size;
    *zip = NULL;
    return unsupported(name);
}

soma_status soma_zip_write(const char *path, const soma_zip_source *files, size_t count) {
    (void)files, (void)count;
    return unsupported(path);
}

/* Nobody has an archive to give to these. */
void soma_zip_close(soma_zip *zip) {
    (void)zip;
}

const char *soma_zip_path(const soma_zip *zip) {
    (void)zip;
    return "";
}

size_t soma_zip_count(const soma_zip *zip) {
    (void)zip;
    return 0;
}

const char *soma_zip_name(const soma_zip *zip, size_t index) {
    (void)zip, (void)index;
    return NULL;
}

soma_status soma_zip_stream(soma_zip *zip, size_t index, soma_stream **stream) {
    (void)zip, (void)index;
    *stream = NULL;
    return unsupported("an archive");
}
