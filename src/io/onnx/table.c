/* SPDX-License-Identifier: MIT */
/* The tables of both directions: the rows of all families. */
#include "io/onnx/family.h"

#include <string.h>

static const soma_onnx_row *const rows[] = {
#define X(op) &soma_onnx_row_##op,
    SOMA_ONNX_OP_LIST(X)
#undef X
};

bool soma_onnx_is_standard(const char *domain) {
    return !domain || !*domain || strcmp(domain, "ai.onnx") == 0;
}

static bool is_of_domain(const soma_onnx_row *row, const char *domain) {
    return row->domain ? domain && strcmp(row->domain, domain) == 0 : soma_onnx_is_standard(domain);
}

const soma_onnx_row *soma_onnx_find_row(const char *domain, const char *name) {
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        if (strcmp(rows[i]->name, name) == 0 && is_of_domain(rows[i], domain)) return rows[i];
    for (size_t i = 0; i < SOMA_FUNCTION_COUNT && soma_onnx_is_standard(domain); i++)
        if (*name && strcmp(soma_onnx_functions[i].name, name) == 0) return &soma_onnx_functions[i];
    return NULL;
}

int64_t soma_onnx_opset_of(const soma_onnx_file *file, const soma_onnx_row *row, int64_t opset) {
    if (!row->domain) return opset;
    return strcmp(row->domain, SOMA_ONNX_ML) == 0 ? file->learning_opset : 1;
}

soma_onnx_export_rule *const soma_onnx_export_table[SOMA_OP_COUNT] = {
#define X(NAME, name) [SOMA_OP_##NAME] = soma_onnx_export_##name,
    SOMA_ONNX_EXPORT_LIST(X)
#undef X
};
