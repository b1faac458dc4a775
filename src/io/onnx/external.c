/* SPDX-License-Identifier: MIT */
/*
 * Tensors whose bytes lie in a file of their own. A model may come from anywhere, and must not make us read anything
 * but data that lies beside it: no path that leads out of its directory, no symbolic link, no file that has another
 * name elsewhere.
 */
#include "base/file.h"
#include "base/utf8.h"
#include "io/onnx/file.h"
#include "io/words.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *label(const Soma__Onnx__TensorProto *tensor) {
    return tensor->name && *tensor->name ? tensor->name : "without a name";
}

static soma_status __attribute__((format(printf, 3, 4)))
refuse(const Soma__Onnx__TensorProto *tensor, soma_status status, const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return soma_error(status, "tensor %s: external data: %s", label(tensor), message);
}

bool soma_onnx_is_external(const Soma__Onnx__TensorProto *tensor) {
    return tensor && tensor->has_data_location &&
           tensor->data_location == SOMA__ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

static const char *entry(const Soma__Onnx__TensorProto *tensor, const char *key) {
    for (size_t i = 0; i < tensor->n_external_data; i++) {
        const Soma__Onnx__StringStringEntryProto *pair = tensor->external_data[i];
        if (pair->key && strcmp(pair->key, key) == 0) return pair->value ? pair->value : "";
    }
    return NULL;
}

/* A number of bytes in decimal; `otherwise` where there is none. */
static soma_status get_bytes(const Soma__Onnx__TensorProto *tensor, const char *key, uint64_t otherwise,
                             uint64_t *value) {
    const char *text = entry(tensor, key);
    char *end;
    *value = otherwise;
    if (!text) return SOMA_OK;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == 0 && errno == 0) return SOMA_OK;
    return refuse(tensor, SOMA_INVALID_FILE, "\"%s\" is %s; a number of bytes was expected", key,
                  soma_quote(text, strlen(text)).text);
}

/* Opens one component below `directory`, without following a link. */
static int open_below(int directory, const char *name, bool last) {
    return openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (last ? O_NONBLOCK : O_DIRECTORY));
}

/* Opens a relative path component by component; -1 with errno, EXDEV for a path that leads out. */
static int open_inside(int directory, const char *location) {
    char name[256];
    int at = dup(directory);
    for (const char *rest = location; at >= 0;) {
        size_t length = strcspn(rest, "/");
        bool last = rest[length] == 0;
        if (length == 0 || length >= sizeof name || (length == 2 && memcmp(rest, "..", 2) == 0)) {
            close(at);
            errno = length >= sizeof name ? ENAMETOOLONG : EXDEV;
            return -1;
        }
        memcpy(name, rest, length);
        name[length] = 0;
        int next = open_below(at, name, last);
        int reason = errno;
        close(at);
        errno = reason;
        at = next;
        if (last) break;
        rest += length + 1;
    }
    return at;
}

static soma_status open_data(const soma_onnx_file *file, const Soma__Onnx__TensorProto *tensor, const char *location,
                             int *descriptor, uint64_t *size) {
    char shown[80];
    struct stat about;
    snprintf(shown, sizeof shown, "%s", soma_quote(location, strlen(location)).text);
    *descriptor = open_inside(file->directory, location);
    if (*descriptor < 0 && errno == EXDEV)
        return refuse(tensor, SOMA_INVALID_FILE, "%s leads out of the model's directory", shown);
    if (*descriptor < 0 && (errno == ELOOP || errno == ENOTDIR))
        return refuse(tensor, SOMA_INVALID_FILE, "%s is, or leads through, a symbolic link or no directory", shown);
    if (*descriptor < 0) return refuse(tensor, SOMA_IO, "%s: cannot open: %s", shown, strerror(errno));
    const char *trouble = NULL;
    if (fstat(*descriptor, &about) != 0)
        trouble = strerror(errno);
    else if (!S_ISREG(about.st_mode))
        trouble = "is no ordinary file";
    else if (about.st_nlink > 1)
        trouble = "has another name (a hard link), which may lie outside the model's directory";
    if (!trouble) return *size = (uint64_t)about.st_size, SOMA_OK;
    close(*descriptor);
    return refuse(tensor, SOMA_INVALID_FILE, "%s %s", shown, trouble);
}

static soma_status read_at(int descriptor, uint64_t offset, uint8_t *data, size_t size) {
    size_t got;
    if (!soma_file_read_at(descriptor, offset, data, size, &got))
        return soma_error(SOMA_IO, "cannot read: %s", strerror(errno));
    return got == size ? SOMA_OK : soma_error(SOMA_INVALID_FILE, "became shorter while it was read");
}

soma_status soma_onnx_read_external(const soma_onnx_file *file, const Soma__Onnx__TensorProto *tensor, size_t size,
                                    uint8_t **data) {
    const char *location = entry(tensor, "location");
    uint64_t offset, length, file_size = 0;
    int descriptor = -1;
    *data = NULL;
    if (!location) return refuse(tensor, SOMA_INVALID_FILE, "there is no \"location\"");
    if (file->directory < 0) return refuse(tensor, SOMA_INVALID_FILE, "the model's directory cannot be read");
    SOMA_TRY(get_bytes(tensor, "offset", 0, &offset));
    SOMA_TRY(get_bytes(tensor, "length", size, &length));
    if (length != size)
        return refuse(tensor, SOMA_INVALID_FILE, "%" PRIu64 " bytes; its dimensions make %zu", length, size);
    SOMA_TRY(open_data(file, tensor, location, &descriptor, &file_size));
    soma_status status = SOMA_OK;
    if (offset > file_size || length > file_size - offset)
        status = refuse(tensor, SOMA_INVALID_FILE, "%zu bytes at offset %" PRIu64 " of a file of %" PRIu64, size,
                        offset, file_size);
    if (status == SOMA_OK && !(*data = soma_malloc(size))) status = soma_out_of_memory(size, "external data");
    if (status == SOMA_OK) {
        status = read_at(descriptor, offset, *data, size);
        if (status != SOMA_OK) soma_error_prefix(status, "tensor %s: external data: ", label(tensor));
    }
    close(descriptor);
    if (status != SOMA_OK) {
        soma_free(*data);
        *data = NULL;
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------------- their size */

/* A file has two names where ".", which leads nowhere, is one of its directories; so what counts is which file it is.
 */
static soma_status add_location(const soma_onnx_file *file, const char *location, soma_words *locations,
                                soma_words *files, uint64_t *size) {
    struct stat about;
    char identity[64];
    size_t number, known = locations->count;
    SOMA_TRY(soma_words_add(locations, location, 0, &number));
    if (locations->count == known) return SOMA_OK;
    int descriptor = open_inside(file->directory, location);
    if (descriptor < 0) return SOMA_OK;
    bool ordinary = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink == 1;
    close(descriptor);
    if (!ordinary) return SOMA_OK;
    snprintf(identity, sizeof identity, "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)about.st_dev, (uintmax_t)about.st_ino);
    known = files->count;
    SOMA_TRY(soma_words_add(files, identity, 0, &number));
    if (files->count > known && __builtin_add_overflow(*size, (uint64_t)about.st_size, size)) *size = UINT64_MAX;
    return SOMA_OK;
}

static soma_status add_tensor(const soma_onnx_file *file, const Soma__Onnx__TensorProto *tensor, soma_words *locations,
                              soma_words *files, uint64_t *size) {
    const char *location = soma_onnx_is_external(tensor) ? entry(tensor, "location") : NULL;
    return location ? add_location(file, location, locations, files, size) : SOMA_OK;
}

static soma_status add_graph(const soma_onnx_file *file, soma_words *locations, soma_words *files, uint64_t *size) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    for (size_t i = 0; i < graph->n_initializer; i++)
        SOMA_TRY(add_tensor(file, graph->initializer[i], locations, files, size));
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_attribute; j++)
            SOMA_TRY(add_tensor(file, graph->node[i]->attribute[j]->t, locations, files, size));
    return SOMA_OK;
}

soma_status soma_onnx_external_size(const soma_onnx_file *file, uint64_t *size) {
    soma_words locations = {0}, files = {0};
    *size = 0;
    soma_status status = add_graph(file, &locations, &files, size);
    soma_words_clear(&locations);
    soma_words_clear(&files);
    return status;
}
