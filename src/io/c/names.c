/* SPDX-License-Identifier: MIT */
/* Identifiers of a C file: all begin with its prefix, so none is a word of C or a name of its library. */
#include "io/c/writer.h"

#include <string.h>

soma_c_name soma_c_prefixed(const soma_c_writer *writer, const char *name) {
    soma_c_name full;
    snprintf(full.text, sizeof full.text, "%.128s_%.128s", writer->prefix, name);
    return full;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_taken(const soma_c_writer *writer, const char *name) {
    for (size_t i = 0; i < writer->name_count; i++)
        if (strcmp(writer->names[i].text, name) == 0) return true;
    return false;
}

soma_status soma_c_take_name(soma_c_writer *writer, const char *text, soma_c_name *name) {
    if (writer->name_count == writer->name_capacity) {
        size_t capacity = 2 * writer->name_capacity + 64;
        soma_c_name *names = soma_realloc(writer->names, capacity, sizeof *names);
        if (!names) return soma_out_of_memory(capacity * sizeof *names, "names");
        writer->names = names;
        writer->name_capacity = capacity;
    }
    *name = soma_c_prefixed(writer, text);
    size_t length = strlen(name->text);
    for (size_t i = strlen(writer->prefix); i < length; i++)
        if (!is_letter(name->text[i])) name->text[i] = '_';
    for (unsigned number = 2; is_taken(writer, name->text); number++)
        snprintf(name->text + length, sizeof name->text - length, "_%u", number);
    writer->names[writer->name_count++] = *name;
    return SOMA_OK;
}
