/* SPDX-License-Identifier: MIT */
/* Numbers in files: big- and little-endian, on any host. */
#ifndef SOMA_IO_BYTES_H
#define SOMA_IO_BYTES_H

#include <stdint.h>

static inline uint32_t soma_load_be32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline uint32_t soma_load_le32(const uint8_t *bytes) {
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static inline uint64_t soma_load_le64(const uint8_t *bytes) {
    return (uint64_t)soma_load_le32(bytes + 4) << 32 | soma_load_le32(bytes);
}

static inline void soma_store_le32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

static inline void soma_store_le64(uint8_t *bytes, uint64_t value) {
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

#endif
