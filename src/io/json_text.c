/* SPDX-License-Identifier: MIT */
/* See json_text.h. */
#include "io/json_text.h"

static int append(const char *piece, size_t size, void *context) {
    soma_text *text = context;
    soma_text_append(text, "%.*s", (int)size, piece);
    return text->failed ? -1 : 0;
}

/*
 * Not by json_dumps(): where memory ends at a key, that leaves the key out and reports success. Text that has failed
 * once goes on failing, so that here the dump fails at the next piece, if not at this one.
 */
soma_status soma_json_text(const json_t *value, const char *what, char **result) {
    soma_text text = {.data = NULL};
    *result = NULL;
    if (json_dump_callback(value, append, &text, JSON_COMPACT | JSON_PRESERVE_ORDER) != 0) {
        soma_free(text.data);
        return soma_out_of_memory(text.length, what);
    }
    *result = text.data;
    return SOMA_OK;
}
