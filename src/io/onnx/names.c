/* SPDX-License-Identifier: MIT */
/* The values of a graph by their names. */
#include "base/utf8.h"
#include "io/onnx/import.h"

#include <string.h>

soma_onnx_value *soma_onnx_find_value(const soma_onnx_importer *importer, const char *name) {
    size_t number;
    return soma_words_find(&importer->names, name, &number) && importer->values[number].defined
               ? &importer->values[number]
               : NULL;
}

soma_status soma_onnx_define(soma_onnx_importer *importer, const soma_onnx_value *value) {
    return soma_onnx_define_as(importer, value->name, value);
}

/* Every value has one definition. */
soma_status soma_onnx_define_as(soma_onnx_importer *importer, const char *name, const soma_onnx_value *value) {
    size_t number;
    if (soma_onnx_find_value(importer, name))
        return soma_error(SOMA_INVALID_FILE, "value %s is defined twice", soma_quote(name, strlen(name)).text);
    SOMA_TRY(soma_words_add(&importer->names, name, 0, &number));
    if (number >= importer->value_capacity) {
        size_t capacity = SOMA_MAX(2 * importer->value_capacity, (size_t)32);
        soma_onnx_value *grown = soma_realloc(importer->values, capacity, sizeof *grown);
        if (!grown) return soma_out_of_memory(capacity * sizeof *grown, "the values of a model");
        memset(grown + importer->value_capacity, 0, (capacity - importer->value_capacity) * sizeof *grown);
        importer->values = grown;
        importer->value_capacity = capacity;
    }
    importer->values[number] = *value;
    importer->values[number].defined = true;
    return SOMA_OK;
}

void soma_onnx_forget(soma_onnx_importer *importer, const char *name) {
    size_t number;
    if (soma_words_find(&importer->names, name, &number)) importer->values[number].defined = false;
}
