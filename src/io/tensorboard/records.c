/* SPDX-License-Identifier: MIT */
/* See records.h. */
#include "io/tensorboard/records.h"
#include "io/bytes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

uint32_t soma_crc32c(const void *data, size_t size) {
    const uint8_t *bytes = data;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

uint32_t soma_crc32c_masked(const void *data, size_t size) {
    uint32_t crc = soma_crc32c(data, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static soma_status write_all(const char *path, int descriptor, const uint8_t *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(descriptor, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return soma_error(SOMA_IO, "%s: cannot write: %s", path, strerror(errno));
        data += written;
        size -= (size_t)written;
    }
    return SOMA_OK;
}

/* The length, its checksum, the data, theirs. */
soma_status soma_record_append(const char *path, int descriptor, const void *data, size_t size) {
    enum { HEAD = 12, TAIL = 4 };
    size_t whole;
    uint8_t *record = soma_add_size(size, HEAD + TAIL, &whole) ? soma_malloc(whole) : NULL;
    if (!record) return soma_out_of_memory(size, path);
    soma_store_le64(record, size);
    soma_store_le32(record + 8, soma_crc32c_masked(record, 8));
    memcpy(record + HEAD, data, size);
    soma_store_le32(record + HEAD + size, soma_crc32c_masked(data, size));
    soma_status status = write_all(path, descriptor, record, whole);
    soma_free(record);
    return status;
}
