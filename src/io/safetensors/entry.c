/* SPDX-License-Identifier: MIT */
/* See entry.h. */
#include "io/safetensors/entry.h"
#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>

/* All types of the format. Real ones can be weights, the others are passed over. */
static const struct {
    const char *name;
    size_t bits;
    bool real;
} dtypes[] = {
    {"F32", 32, true},     {"F16", 16, true},         {"BF16", 16, true},    {"F64", 64, true},
    {"F8_E4M3", 8, false}, {"F8_E4M3FNUZ", 8, false}, {"F8_E5M2", 8, false}, {"F8_E5M2FNUZ", 8, false},
    {"F8_E8M0", 8, false}, {"F6_E2M3", 6, false},     {"F6_E3M2", 6, false}, {"F4", 4, false},
    {"C64", 64, false},    {"I64", 64, false},        {"I32", 32, false},    {"I16", 16, false},
    {"I8", 8, false},      {"U64", 64, false},        {"U32", 32, false},    {"U16", 16, false},
    {"U8", 8, false},      {"BOOL", 8, false},
};

static soma_status read_dtype(const char *path, const char *name, const soma_json *value,
                              soma_safetensors_entry *into) {
    const char *text = soma_json_string(value);
    if (!text)
        return soma_error(SOMA_INVALID_FILE, "%s: tensor %s: dtype is missing or no string; \"F32\" is wanted", path,
                          QUOTE(name));
    for (size_t i = 0; i < SOMA_COUNT_OF(dtypes); i++)
        if (strcmp(dtypes[i].name, text) == 0) {
            into->info.dtype = dtypes[i].name;
            into->bits = dtypes[i].bits;
            return SOMA_OK;
        }
    char known[256];
    size_t length = 0;
    for (size_t i = 0; i < SOMA_COUNT_OF(dtypes) && length < sizeof known; i++)
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%s", i ? ", " : "", dtypes[i].name);
    return soma_error(SOMA_INVALID_FILE, "%s: tensor %s: unknown dtype %s; the format has %s", path, QUOTE(name),
                      QUOTE(text), known);
}

/* Bits of the tensor in whole bytes: the format has no others, not even at the end of a tensor of less than a byte. */
static soma_status check_bytes(const char *path, const char *name, const soma_safetensors_entry *one) {
    uint64_t bits = (uint64_t)one->info.count * one->bits;
    if (bits / one->bits != one->info.count)
        return soma_error(SOMA_INVALID_FILE, "%s: tensor %s: its shape has more elements than memory can hold", path,
                          QUOTE(name));
    if (bits % 8 == 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: tensor %s: %zu elements of %s take %" PRIu64 " bits; a tensor must fill whole bytes", path,
                      QUOTE(name), one->info.count, one->info.dtype, bits);
}

static uint64_t byte_count(const soma_safetensors_entry *one) {
    return (uint64_t)one->info.count * one->bits / 8;
}

/* The dimensions go to `dimensions`, where there is room. */
static soma_status read_shape(const char *path, const char *name, const soma_json *value, size_t *dimensions,
                              soma_safetensors_entry *into) {
    if (!soma_json_is(value, SOMA_JSON_ARRAY))
        return soma_error(SOMA_INVALID_FILE,
                          "%s: tensor %s: shape is missing or no list; a list of whole numbers is wanted", path,
                          QUOTE(name));
    into->info.rank = 0;
    into->info.shape = dimensions;
    into->info.count = 1;
    bool overflow = false;
    SOMA_JSON_EACH(number, value) {
        const uint32_t i = into->info.rank++;
        int64_t size;
        if (!soma_json_integer(number, &size) || size < 0)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: tensor %s: dimension %u of its shape is no whole number from 0 on", path,
                              QUOTE(name), i);
        overflow |= !soma_size_of(size, &dimensions[i]) ||
                    !soma_multiply_size(into->info.count, dimensions[i], &into->info.count);
    }
    if (overflow)
        return soma_error(SOMA_INVALID_FILE, "%s: tensor %s: its shape has more elements than memory can hold", path,
                          QUOTE(name));
    return check_bytes(path, name, into);
}

static soma_status read_offsets(const char *path, uint64_t data_size, const char *name, const soma_json *value,
                                soma_safetensors_entry *into) {
    int64_t begin, end;
    const soma_json *first = soma_json_begin(value, SOMA_JSON_ARRAY);
    if (!soma_json_is(value, SOMA_JSON_ARRAY) || soma_json_count(value) != 2 || !soma_json_integer(first, &begin) ||
        !soma_json_integer(soma_json_after(first), &end))
        return soma_error(SOMA_INVALID_FILE,
                          "%s: tensor %s: data_offsets are missing or not two whole numbers, [begin, end]", path,
                          QUOTE(name));
    if (begin < 0 || end < begin || (uint64_t)end > data_size)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: tensor %s: data_offsets are [%lld, %lld]; they must rise and lie within the %" PRIu64
                          " bytes of data",
                          path, QUOTE(name), (long long)begin, (long long)end, data_size);
    into->begin = (uint64_t)begin;
    into->end = (uint64_t)end;
    if (into->end - into->begin != byte_count(into))
        return soma_error(SOMA_INVALID_FILE,
                          "%s: tensor %s: data_offsets [%lld, %lld] hold %" PRIu64
                          " bytes; its shape of %zu elements of %s needs %" PRIu64,
                          path, QUOTE(name), (long long)begin, (long long)end, into->end - into->begin,
                          into->info.count, into->info.dtype, byte_count(into));
    return SOMA_OK;
}

soma_status soma_safetensors_read_entry(const char *path, uint64_t data_size, const char *name, const soma_json *value,
                                        size_t *dimensions, soma_safetensors_entry *into) {
    if (!soma_json_is(value, SOMA_JSON_OBJECT))
        return soma_error(SOMA_INVALID_FILE,
                          "%s: tensor %s: no object; {\"dtype\", \"shape\", \"data_offsets\"} is wanted", path,
                          QUOTE(name));
    into->info.name = name;
    SOMA_TRY(read_dtype(path, name, soma_json_get(value, "dtype"), into));
    SOMA_TRY(read_shape(path, name, soma_json_get(value, "shape"), dimensions, into));
    SOMA_TRY(read_offsets(path, data_size, name, soma_json_get(value, "data_offsets"), into));
    if (soma_json_count(value) != 3)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: tensor %s: %zu fields; there are three, dtype, shape and data_offsets", path,
                          QUOTE(name), soma_json_count(value));
    return SOMA_OK;
}

bool soma_safetensors_is_real(const soma_safetensors_info *info) {
    for (size_t i = 0; i < SOMA_COUNT_OF(dtypes); i++)
        if (strcmp(info->dtype, dtypes[i].name) == 0) return dtypes[i].real;
    return false;
}
