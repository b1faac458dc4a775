/* SPDX-License-Identifier: MIT */
/* Status codes, the error detail of each thread, the log. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *text;
} status_table[] = {
#define X(name, text) {"SOMA_" #name, text},
    SOMA_STATUS_LIST(X)
#undef X
};

/* The detail has a fixed size, so that reporting an error can't fail for want of memory. */
#define ERROR_SIZE 8192
static _Thread_local char error_detail[ERROR_SIZE];

static struct {
    soma_log_function *function;
    void *context;
    soma_log_level minimum;
} log_receiver;

const char *soma_version(void) {
    return SOMA_VERSION_STRING;
}

const char *soma_status_name(soma_status status) {
    return (unsigned)status < SOMA_STATUS_COUNT ? status_table[status].name : "SOMA_UNKNOWN";
}

const char *soma_status_text(soma_status status) {
    return (unsigned)status < SOMA_STATUS_COUNT ? status_table[status].text : "unknown status";
}

const char *soma_last_error(void) {
    return error_detail;
}

void soma_error_clear(void) {
    error_detail[0] = 0;
}

/* By way of a copy, since the arguments may well quote soma_last_error(). */
soma_status soma_error(soma_status status, const char *format, ...) {
    char text[ERROR_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    strcpy(error_detail, text);
    return status;
}

soma_status soma_error_prefix(soma_status status, const char *format, ...) {
    char text[ERROR_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= 0 && length < ERROR_SIZE) snprintf(text + length, sizeof text - (size_t)length, "%s", error_detail);
    strcpy(error_detail, text);
    return status;
}

soma_status soma_check_reserved(const uint64_t *reserved, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (reserved[i])
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "%s: reserved field %zu is %llu; it must be zero. Start from {0}; where it is a field of "
                              "a later version, this library, %s, does not know it",
                              name, i, (unsigned long long)reserved[i], soma_version());
    return SOMA_OK;
}

void soma_log_set(soma_log_function *function, void *context, soma_log_level minimum) {
    log_receiver.function = function;
    log_receiver.context = context;
    log_receiver.minimum = minimum;
}

bool soma_log_enabled(soma_log_level level) {
    return log_receiver.function && level >= log_receiver.minimum;
}

void soma_log(soma_log_level level, const char *format, ...) {
    if (!soma_log_enabled(level)) return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    log_receiver.function(log_receiver.context, level, line);
}

static const struct {
    const char *name;
    uint8_t size;
} dtypes[SOMA_DTYPE_END] = {
    [SOMA_F32] = {"float32", 4},
    [SOMA_F64] = {"float64", 8},
    [SOMA_U8] = {"uint8", 1},
    [SOMA_I32] = {"int32", 4},
    [SOMA_F16] = {"float16", 2},
    [SOMA_I8] = {"int8", 1},
    [SOMA_I16] = {"int16", 2},
    [SOMA_I64] = {"int64", 8},
    [SOMA_U16] = {"uint16", 2},
    [SOMA_U32] = {"uint32", 4},
    [SOMA_U64] = {"uint64", 8},
    [SOMA_BOOL] = {"bool", 1},
    [SOMA_STRING] = {"str", sizeof(const char *)},
};

size_t soma_dtype_size(soma_dtype dtype) {
    return (unsigned)dtype < SOMA_DTYPE_END ? dtypes[dtype].size : 0;
}

const char *soma_dtype_name(soma_dtype dtype) {
    return soma_dtype_size(dtype) ? dtypes[dtype].name : "unknown";
}
