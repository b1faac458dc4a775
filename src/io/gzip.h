/* SPDX-License-Identifier: MIT */
/* Inflating gzip (RFC 1952) piece by piece, so that nobody holds more than he asks for. */
#ifndef SOMA_IO_GZIP_H
#define SOMA_IO_GZIP_H

#include "base/base.h"

/* No deflate stream gives more than this many bytes for one (258 bytes for two bits, and a little). */
#define SOMA_GZIP_MAX_RATIO 1032

typedef struct soma_gzip soma_gzip;

/* Gives the next compressed bytes; *got is less than `size` only at the end. */
typedef soma_status soma_gzip_source(void *context, uint8_t *target, size_t size, size_t *got);

/* `name` stands for the file in messages; it and the context must outlive this. SOMA_UNSUPPORTED: built without zlib.
 */
soma_status soma_gzip_create(const char *name, soma_gzip_source *source, void *context, soma_gzip **gzip);
void soma_gzip_destroy(soma_gzip *gzip);

/* The next `size` bytes; *got is less only at the end, when checksums and lengths have been found right. */
soma_status soma_gzip_read(soma_gzip *gzip, void *target, size_t size, size_t *got);

#endif
