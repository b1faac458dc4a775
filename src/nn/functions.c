/* SPDX-License-Identifier: MIT */
/* Functions by name. */
#include "nn/network.h"

#include <string.h>

static bool equals(const char *name, const char *text, size_t length) {
    return name && strlen(name) == length && memcmp(name, text, length) == 0;
}

bool soma_function_from_name(const char *name, size_t length, soma_function *function) {
    for (int i = 0; i < SOMA_FUNCTION_COUNT; i++)
        if (equals(soma_function_name((soma_function)i), name, length)) {
            *function = (soma_function)i;
            return true;
        }
    if (!equals(soma_function_name(SOMA_SOFTMAX), name, length)) return false;
    *function = SOMA_SOFTMAX;
    return true;
}
