/* SPDX-License-Identifier: MIT */
/* The values of a graph by their names. */
#include "base/utf8.h"
#include "io/onnx/import.h"

#include <string.h>

/* Values of a block. */
enum { BLOCK = 64 };

static soma_onnx_value *value_at(const soma_onnx_scope *scope, size_t number) {
    return &scope->block[number / BLOCK][number % BLOCK];
}

soma_onnx_value *soma_onnx_find_value(const soma_onnx_importer *importer, const char *name) {
    const soma_onnx_scope *scope = &importer->scope;
    size_t number;
    if (!soma_words_find(&scope->names, name, &number) || number / BLOCK >= scope->block_count) return NULL;
    soma_onnx_value *value = value_at(scope, number);
    return value->defined ? value : NULL;
}

soma_status soma_onnx_define(soma_onnx_importer *importer, const soma_onnx_value *value) {
    return soma_onnx_define_as(importer, value->name, value);
}

/* Room for the value of this number, which is at most one block further on. */
static soma_status make_room(soma_onnx_scope *scope, size_t number) {
    if (number / BLOCK < scope->block_count) return SOMA_OK;
    soma_onnx_value **grown = soma_realloc(scope->block, scope->block_count + 1, sizeof(soma_onnx_value *));
    if (!grown) return soma_out_of_memory((scope->block_count + 1) * sizeof *grown, "the values of a model");
    scope->block = grown;
    grown[scope->block_count] = soma_calloc(BLOCK, sizeof **grown);
    if (!grown[scope->block_count]) return soma_out_of_memory(BLOCK * sizeof **grown, "the values of a model");
    scope->block_count++;
    return SOMA_OK;
}

/* Every value has one definition. */
soma_status soma_onnx_define_as(soma_onnx_importer *importer, const char *name, const soma_onnx_value *value) {
    soma_onnx_scope *scope = &importer->scope;
    size_t number;
    if (soma_onnx_find_value(importer, name))
        return soma_error(SOMA_INVALID_FILE, "value %s is defined twice", soma_quote(name, strlen(name)).text);
    SOMA_TRY(soma_words_add(&scope->names, name, 0, &number));
    SOMA_TRY(make_room(scope, number));
    soma_onnx_value *defined = value_at(scope, number);
    *defined = *value;
    defined->defined = true;
    return SOMA_OK;
}

void soma_onnx_forget(soma_onnx_importer *importer, const char *name) {
    soma_onnx_value *value = soma_onnx_find_value(importer, name);
    if (value) value->defined = false;
}

void soma_onnx_scope_clear(soma_onnx_scope *scope) {
    for (size_t i = 0; i < scope->block_count; i++) soma_free(scope->block[i]);
    soma_free(scope->block);
    soma_words_clear(&scope->names);
    *scope = (soma_onnx_scope){.block = NULL};
}
