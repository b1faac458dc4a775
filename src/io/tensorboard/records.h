/* SPDX-License-Identifier: MIT */
/* Files of records, each with its length and two checksums, as TensorFlow writes them (TFRecord). */
#ifndef SOMA_IO_TENSORBOARD_RECORDS_H
#define SOMA_IO_TENSORBOARD_RECORDS_H

#include "base/base.h"

/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), and the form in which records hold it: turned by 15 bits, and a number
 * added, so that the checksum of bytes that hold checksums says something. */
uint32_t soma_crc32c(const void *data, size_t size);
uint32_t soma_crc32c_masked(const void *data, size_t size);

/* Appends one record in one call of the system. `path` is for the message. */
soma_status soma_record_append(const char *path, int descriptor, const void *data, size_t size);

#endif
