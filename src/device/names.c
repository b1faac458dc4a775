/* SPDX-License-Identifier: MIT */
/* The names of primitives and functions in lower case, made from the tables that define them. */
#include "device/device.h"

#include "kernels/functions.h"
#include <ctype.h>
#include <pthread.h>

#define NAME_SIZE 24

static const char *const primitive_name[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name, ...) [SOMA_PRIMITIVE_##NAME] = #name,
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

static char function_name[SOMA_FUNCTION_COUNT][NAME_SIZE] = {
#define X(name, from_output, f, derivative) [SOMA_##name] = #name,
    SOMA_FUNCTION_TABLE(X)
#undef X
};

static const bool grad_uses_output[SOMA_FUNCTION_COUNT] = {
#define X(name, from_output, f, derivative) [SOMA_##name] = from_output,
    SOMA_FUNCTION_TABLE(X)
#undef X
};

static void lower(char *text) {
    for (; *text; text++) *text = (char)tolower((unsigned char)*text);
}

static void lower_all(void) {
    for (size_t i = 0; i < SOMA_FUNCTION_COUNT; i++) lower(function_name[i]);
}

static pthread_once_t lowered = PTHREAD_ONCE_INIT;

const char *soma_primitive_name(soma_primitive primitive) {
    return (unsigned)primitive < SOMA_PRIMITIVE_COUNT ? primitive_name[primitive] : "unknown primitive";
}

const char *soma_function_name(soma_function function) {
    pthread_once(&lowered, lower_all);
    if (function == SOMA_SOFTMAX) return "softmax";
    return (unsigned)function < SOMA_FUNCTION_COUNT ? function_name[function] : NULL;
}

bool soma_function_grad_uses_output(soma_function function) {
    if (function == SOMA_SOFTMAX) return true;
    return (unsigned)function < SOMA_FUNCTION_COUNT && grad_uses_output[function];
}
