/* SPDX-License-Identifier: MIT */
/* ONNX files: opening, unpacking, and what must be true of the whole before its graph is looked at. */
#include "io/onnx/file.h"
#include "base/file.h"
#include "base/utf8.h"
#include "io/onnx/front.h"
#include "io/onnx/import.h"
#include "io/words.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* The versions whose meaning is known. */
#define MOST_BYTES ((size_t)PTRDIFF_MAX / SOMA_ONNX_MEMORY_FACTOR)
enum { FIRST_IR = 3, LAST_OPSET = SOMA_ONNX_LAST_OPSET, LAST_LEARNING_OPSET = 5 };

/* Exporters name a domain more than once; that is no harm where they name one version. `seen` has versions as lines. */
static soma_status check_domain(const soma_onnx_file *file, const char *domain, int64_t version, soma_words *seen) {
    size_t number, known = seen->count;
    SOMA_TRY(soma_words_add(seen, domain, (size_t)version, &number));
    if (number == known || seen->words[number].line == (size_t)version) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: opset_import names the domain %s with version %" PRId64 " and with version %" PRId64
                      "; a domain has one",
                      file->path, soma_quote(domain, strlen(domain)).text, (int64_t)seen->words[number].line, version);
}

static soma_status check_opset(const soma_onnx_file *file, soma_words *seen) {
    const Soma__Onnx__ModelProto *model = file->model;
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Soma__Onnx__OperatorSetIdProto *opset = model->opset_import[i];
        bool standard = soma_onnx_is_standard(opset->domain);
        SOMA_TRY(check_domain(file, standard ? "ai.onnx" : opset->domain, opset->version, seen));
        const bool learning = opset->domain && strcmp(opset->domain, SOMA_ONNX_ML) == 0;
        if (!standard && !learning) continue;
        if (!opset->has_version || opset->version < 1)
            return soma_error(SOMA_INVALID_FILE, "%s: the opset's version is %" PRId64 ", it must be at least 1",
                              file->path, opset->version);
        const int last = learning ? LAST_LEARNING_OPSET : LAST_OPSET;
        if (opset->version > last)
            return soma_error(SOMA_UNSUPPORTED, "%s: opset %" PRId64 "%s; this version knows those up to %d",
                              file->path, opset->version, learning ? " of " SOMA_ONNX_ML : "", last);
    }
    return SOMA_OK;
}

soma_status soma_onnx_check(const soma_onnx_file *file) {
    const Soma__Onnx__ModelProto *model = file->model;
    if (!model->has_ir_version || model->ir_version < FIRST_IR)
        return soma_error(SOMA_INVALID_FILE, "%s: IR version %" PRId64 "; %d and later are read", file->path,
                          model->ir_version, FIRST_IR);
    if (model->graph->n_sparse_initializer)
        return soma_error(SOMA_UNSUPPORTED, "%s: sparse initializers are not supported", file->path);
    soma_words seen = {0};
    soma_status status = check_opset(file, &seen);
    soma_words_clear(&seen);
    return status;
}

static void find_opsets(soma_onnx_file *file) {
    for (size_t i = 0; i < file->model->n_opset_import; i++) {
        const Soma__Onnx__OperatorSetIdProto *opset = file->model->opset_import[i];
        if (soma_onnx_is_standard(opset->domain))
            file->opset = opset->version;
        else if (strcmp(opset->domain, SOMA_ONNX_ML) == 0)
            file->learning_opset = opset->version;
    }
}

/* `data` may be what is left of a file of `size` bytes. */
static soma_status unpack(soma_onnx_file *file, const uint8_t *data, size_t left, size_t size) {
    SOMA_TRY(soma_onnx_wire_check(file->path, data, left, &soma__onnx__model_proto__descriptor));
    if (__builtin_mul_overflow(size, (size_t)SOMA_ONNX_MEMORY_FACTOR, &file->budget.limit) ||
        __builtin_add_overflow(file->budget.limit, SOMA_ONNX_MEMORY_BASE - sizeof *file, &file->budget.limit))
        return soma_out_of_memory(size, file->path);
    file->size = size;
    file->budget.used = left; /* the bytes themselves */
    file->allocator = soma_onnx_allocator(&file->budget);
    file->model = soma__onnx__model_proto__unpack(&file->allocator, left, data);
    if (!file->model)
        return soma_error(
            SOMA_INVALID_FILE,
            "%s: cannot be unpacked into %d times its %zu bytes: its messages are almost empty, or memory "
            "is short",
            file->path, SOMA_ONNX_MEMORY_FACTOR, size);
    file->budget.used -= left;
    if (!file->model->graph)
        return soma_error(SOMA_INVALID_FILE, "%s: no ONNX model: it has no graph%s", file->path,
                          file->size ? "" : "; the file is empty");
    find_opsets(file);
    return SOMA_OK;
}

/* "DOMAIN\nNAME"; free text->data. */
static soma_status function_key(const char *domain, const char *name, soma_text *text) {
    *text = (soma_text){0};
    soma_text_append(text, "%s\n%s", soma_onnx_is_standard(domain) ? "" : domain, name ? name : "");
    if (!text->failed) return SOMA_OK;
    soma_free(text->data);
    return soma_out_of_memory(text->length, "the name of a function");
}

static soma_status list_functions(soma_onnx_file *file) {
    const Soma__Onnx__ModelProto *model = file->model;
    for (size_t i = 0; i < model->n_functions; i++) {
        const Soma__Onnx__FunctionProto *function = model->functions[i];
        soma_text key;
        size_t number;
        SOMA_TRY(function_key(function->domain, function->name, &key));
        soma_status status = soma_words_add(&file->functions, key.data, i, &number);
        soma_free(key.data);
        SOMA_TRY(status);
        if (file->functions.words[number].line != i)
            return soma_error(
                SOMA_UNSUPPORTED, "%s: functions %zu and %zu are both called %s", file->path,
                file->functions.words[number].line, i,
                soma_quote(function->name ? function->name : "", strlen(function->name ? function->name : "")).text);
    }
    return SOMA_OK;
}

/* An op that soma has is no call, should the model define one of its name: what it means is known. */
const Soma__Onnx__FunctionProto *soma_onnx_find_function(const soma_onnx_file *file, const Soma__Onnx__NodeProto *node,
                                                         size_t *number) {
    soma_text key;
    size_t word;
    if (!file->functions.count || !node->op_type || soma_onnx_find_row(node->domain, node->op_type) ||
        function_key(node->domain, node->op_type, &key) != SOMA_OK)
        return NULL;
    const bool found = soma_words_find(&file->functions, key.data, &word);
    soma_free(key.data);
    if (!found) return NULL;
    const size_t line = file->functions.words[word].line;
    if (number) *number = line;
    return file->model->functions[line];
}

int64_t soma_onnx_function_opset(const Soma__Onnx__FunctionProto *function, int64_t outside) {
    int64_t opset = outside;
    for (size_t i = 0; i < function->n_opset_import; i++)
        if (soma_onnx_is_standard(function->opset_import[i]->domain)) opset = function->opset_import[i]->version;
    return opset;
}

/* From here on a network is made, which may take more where more was given. */
static soma_status widen_budget(soma_onnx_file *file) {
    uint64_t external = 0, given, limit;
    if (file->directory >= 0) SOMA_TRY(soma_onnx_external_size(file, &external));
    if (__builtin_add_overflow((uint64_t)file->size, external, &given) ||
        __builtin_mul_overflow(given, (uint64_t)SOMA_ONNX_MEMORY_FACTOR, &limit) ||
        __builtin_add_overflow(limit, (uint64_t)SOMA_ONNX_NETWORK_BASE, &limit) || limit > SIZE_MAX)
        limit = SIZE_MAX;
    file->budget.limit = (size_t)limit;
    return SOMA_OK;
}

static soma_status create(const char *name, soma_onnx_file **file) {
    *file = soma_calloc(1, sizeof **file);
    if (!*file) return soma_out_of_memory(sizeof **file, name);
    (*file)->directory = (*file)->descriptor = -1;
    (*file)->path = soma_strdup(name);
    if ((*file)->path) return SOMA_OK;
    soma_free(*file);
    *file = NULL;
    return soma_out_of_memory(strlen(name), "a file name");
}

void soma_onnx_close(soma_onnx_file *file) {
    if (!file) return;
    soma_onnx_front_join(file);
    if (file->model) soma__onnx__model_proto__free_unpacked(file->model, &file->allocator);
    if (file->directory >= 0) close(file->directory);
    if (file->descriptor >= 0) close(file->descriptor);
    soma_onnx_stored_clear(&file->stored);
    soma_words_clear(&file->functions);
    soma_words_clear(&file->vocabulary);
    if (file->met) soma_words_clear(&file->met->words);
    soma_free(file->met);
    soma_free(file->path);
    soma_free(file);
}

static soma_status parse(const char *name, const uint8_t *data, size_t left, size_t size, soma_onnx_file **file) {
    SOMA_TRY(create(name, file));
    soma_status status = unpack(*file, data, left, size);
    if (status == SOMA_OK) status = list_functions(*file);
    if (status == SOMA_OK) status = widen_budget(*file);
    if (status == SOMA_OK) return SOMA_OK;
    soma_onnx_close(*file);
    *file = NULL;
    return status;
}

soma_status soma_onnx_parse(const char *name, const uint8_t *data, size_t size, soma_onnx_file **file) {
    return parse(name, data, size, size, file);
}

/* Without its larger weights; *file is NULL where it has to be read as a whole, be it to say what is wrong with it. */
static void open_cut(const char *path, int descriptor, uint64_t size, soma_onnx_file **file) {
    soma_onnx_stored_list stored;
    soma_buffer rest;
    *file = NULL;
    if (size > MOST_BYTES || !soma_onnx_cut(descriptor, size, &rest, &stored)) return;
    const soma_status status = parse(path, rest.data, rest.size, (size_t)size, file);
    soma_free(rest.data);
    if (status == SOMA_OK && soma_onnx_place_stored(&stored, (*file)->model->graph)) {
        (*file)->stored = stored;
        return;
    }
    soma_onnx_stored_clear(&stored);
    soma_onnx_close(*file);
    *file = NULL;
}

static soma_status open_whole(const char *path, int descriptor, uint64_t size, soma_onnx_file **file) {
    soma_buffer buffer;
    SOMA_TRY(soma_file_read_rest(path, descriptor, size, MOST_BYTES, &buffer));
    soma_status status = soma_onnx_parse(path, buffer.data, buffer.size, file);
    soma_free(buffer.data);
    return status;
}

/* The directory is looked up when data is asked for; a file without external data needs none. */
static void open_directory(soma_onnx_file *file) {
    const char *slash = strrchr(file->path, '/');
    char *directory = soma_strdup(slash ? file->path : ".");
    if (!directory) return;
    if (slash) directory[slash == file->path ? 1 : slash - file->path] = 0;
    file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    soma_free(directory);
}

static soma_status open_model(const char *path, bool whole, soma_onnx_file **file) {
    soma_status status = SOMA_OK;
    int descriptor;
    uint64_t size;
    *file = NULL;
    SOMA_TRY(soma_file_open(path, &descriptor, &size));
    if (!whole) open_cut(path, descriptor, size, file);
    if (*file)
        (*file)->descriptor = descriptor; /* it is closed with the file */
    else {
        status = open_whole(path, descriptor, size, file);
        close(descriptor);
    }
    if (status == SOMA_OK) open_directory(*file);
    if (status == SOMA_OK) status = widen_budget(*file);
    if (status == SOMA_OK) return SOMA_OK;
    soma_onnx_close(*file);
    *file = NULL;
    return status;
}

soma_status soma_onnx_open(const char *path, soma_onnx_file **file) {
    return open_model(path, false, file);
}

soma_status soma_onnx_open_whole(const char *path, soma_onnx_file **file) {
    return open_model(path, true, file);
}
