/* SPDX-License-Identifier: MIT */
/* Stands in for safetensors.c and write.c where there is no JSON library. */
#include "io/safetensors/safetensors.h"

static soma_status unsupported(const char *path) {
    return soma_error(SOMA_UNSUPPORTED,
                      "%s: safetensors files need soma built with the JSON library jansson; this one is not", path);
}

soma_status soma_safetensors_write(const char *path, const soma_safetensors_source *tensors, size_t count,
                                   const soma_safetensors_pair *metadata, size_t metadata_count) {
    (void)tensors, (void)count, (void)metadata, (void)metadata_count;
    return unsupported(path);
}

soma_status soma_safetensors_open(const char *path, soma_safetensors **file) {
    *file = NULL;
    return unsupported(path);
}

soma_status soma_safetensors_parse(const char *name, const uint8_t *memory, size_t size, uint64_t file_size,
                                   soma_safetensors **file) {
    (void)memory, (void)size, (void)file_size;
    *file = NULL;
    return unsupported(name);
}

/* Nobody has a file to give to these. */
void soma_safetensors_close(soma_safetensors *file) {
    (void)file;
}

size_t soma_safetensors_count(const soma_safetensors *file) {
    (void)file;
    return 0;
}

soma_safetensors_info soma_safetensors_get(const soma_safetensors *file, size_t index) {
    (void)file, (void)index;
    return (soma_safetensors_info){0};
}

bool soma_safetensors_find(const soma_safetensors *file, const char *name, size_t *index) {
    (void)file, (void)name, (void)index;
    return false;
}

const char *soma_safetensors_metadata(const soma_safetensors *file, const char *key) {
    (void)file, (void)key;
    return NULL;
}

bool soma_safetensors_is_real(const soma_safetensors_info *info) {
    (void)info;
    return false;
}

soma_status soma_safetensors_read(const soma_safetensors *file, size_t index, float *values, size_t count) {
    (void)file, (void)index, (void)values, (void)count;
    return unsupported("tensor");
}
