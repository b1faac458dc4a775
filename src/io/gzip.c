/* SPDX-License-Identifier: MIT */
/* Inflating gzip (RFC 1952) piece by piece, so that nobody holds more than he asks for. */
#include "io/gzip.h"

#ifdef SOMA_HAVE_ZLIB

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#define MEMBER_MAGIC_1 0x1F
#define MEMBER_MAGIC_2 0x8B
#define GZIP_WINDOW    (15 + 16) /* the largest window; 16 asks zlib for gzip's header and trailer */

struct soma_gzip {
    const char *name;
    soma_gzip_source *source;
    void *context;
    z_stream zlib;
    uint64_t taken;    /* compressed bytes that the source has given */
    bool source_ended; /* ... and it has no more */
    bool ended;        /* the last member is complete */
    uint8_t input[65536];
};

static uint64_t offset(const soma_gzip *gzip) {
    return gzip->taken - gzip->zlib.avail_in;
}

/* Moves what is left to the front and fills up behind it. */
static soma_status refill(soma_gzip *gzip) {
    size_t left = gzip->zlib.avail_in, got;
    if (left) memmove(gzip->input, gzip->zlib.next_in, left);
    SOMA_TRY(gzip->source(gzip->context, gzip->input + left, sizeof gzip->input - left, &got));
    gzip->source_ended = got < sizeof gzip->input - left;
    gzip->taken += got;
    gzip->zlib.next_in = gzip->input;
    gzip->zlib.avail_in = (uInt)(left + got);
    return SOMA_OK;
}

soma_status soma_gzip_create(const char *name, soma_gzip_source *source, void *context, soma_gzip **result) {
    *result = NULL;
    soma_gzip *gzip = soma_calloc(1, sizeof *gzip);
    if (!gzip) return soma_out_of_memory(sizeof *gzip, "inflating");
    gzip->name = name;
    gzip->source = source;
    gzip->context = context;
    if (inflateInit2(&gzip->zlib, GZIP_WINDOW) != Z_OK) {
        soma_free(gzip);
        return soma_out_of_memory(0, "inflating");
    }
    *result = gzip;
    return SOMA_OK;
}

void soma_gzip_destroy(soma_gzip *gzip) {
    if (!gzip) return;
    inflateEnd(&gzip->zlib);
    soma_free(gzip);
}

/* A gzip file is one member or more, one after the other. */
static soma_status next_member(soma_gzip *gzip) {
    if (gzip->zlib.avail_in < 2 && !gzip->source_ended) SOMA_TRY(refill(gzip));
    if (gzip->zlib.avail_in == 0) {
        gzip->ended = true;
        return SOMA_OK;
    }
    if (gzip->zlib.avail_in < 2 || gzip->zlib.next_in[0] != MEMBER_MAGIC_1 || gzip->zlib.next_in[1] != MEMBER_MAGIC_2)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: compressed offset %" PRIu64
                          ": the compressed data are complete, but the file goes on; nothing may follow",
                          gzip->name, offset(gzip));
    inflateReset(&gzip->zlib);
    return SOMA_OK;
}

/* One call of inflate, and what it says. */
static soma_status inflate_some(soma_gzip *gzip) {
    if (gzip->zlib.avail_in == 0 && !gzip->source_ended) SOMA_TRY(refill(gzip));
    switch (inflate(&gzip->zlib, Z_NO_FLUSH)) {
    case Z_OK:
        return SOMA_OK;
    case Z_STREAM_END:
        return next_member(gzip);
    case Z_BUF_ERROR: /* no progress, though there was room: no input is left */
        return soma_error(SOMA_INVALID_FILE,
                          "%s: compressed offset %" PRIu64
                          ": the file ends before the compressed data do; it is cut short",
                          gzip->name, offset(gzip));
    case Z_MEM_ERROR:
        return soma_out_of_memory(0, "inflating");
    default:
        return soma_error(SOMA_INVALID_FILE,
                          "%s: compressed offset %" PRIu64 ": damaged (%s); intact gzip data are wanted", gzip->name,
                          offset(gzip), gzip->zlib.msg ? gzip->zlib.msg : "no reason given");
    }
}

soma_status soma_gzip_read(soma_gzip *gzip, void *target, size_t size, size_t *got) {
    *got = 0;
    while (*got < size && !gzip->ended) {
        uInt room = (uInt)SOMA_MIN(size - *got, (size_t)1 << 30); /* zlib counts in 32 bits */
        gzip->zlib.next_out = (Bytef *)target + *got;
        gzip->zlib.avail_out = room;
        SOMA_TRY(inflate_some(gzip));
        *got += room - gzip->zlib.avail_out;
    }
    return SOMA_OK;
}

#else

soma_status soma_gzip_create(const char *name, soma_gzip_source *source, void *context, soma_gzip **gzip) {
    (void)source, (void)context;
    *gzip = NULL;
    return soma_error(SOMA_UNSUPPORTED,
                      "%s: is gzipped, and this soma was built without zlib; decompress it first (gunzip)", name);
}

void soma_gzip_destroy(soma_gzip *gzip) {
    (void)gzip;
}

soma_status soma_gzip_read(soma_gzip *gzip, void *target, size_t size, size_t *got) {
    (void)gzip, (void)target, (void)size;
    *got = 0;
    return SOMA_UNSUPPORTED;
}

#endif
