/* SPDX-License-Identifier: MIT */
/* Fuzzes streams, gzipped or not: the first byte chooses how much is read at a time. */
#include "fuzz.h"
#include "io/stream.h"

#include <string.h>

enum { MOST = 1 << 20 }; /* no input is worth more */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t target[65536];
    if (size == 0) return 0;
    size_t step = (size_t)(data[0] + 1) * 256, got = 0;
    soma_stream *stream;
    data++;
    size--;
    if (soma_stream_of_memory("file.gz", data, size, &stream) != SOMA_OK) return 0;
    bool plain = !soma_stream_gzipped(stream);
    soma_status status;
    do {
        uint64_t offset = soma_stream_offset(stream);
        status = soma_stream_read(stream, target, step, &got);
        REQUIRE(got <= step);
        if (plain) REQUIRE(status == SOMA_OK && (got == 0 || memcmp(target, data + offset, got) == 0));
    } while (status == SOMA_OK && got == step && soma_stream_offset(stream) < MOST);
    REQUIRE(soma_stream_offset(stream) <= soma_stream_capacity(stream));
    if (status == SOMA_OK && got < step) {
        REQUIRE(!plain || soma_stream_offset(stream) == size);
        REQUIRE(soma_stream_finish(stream) == SOMA_OK);
    } else if (status != SOMA_OK)
        REQUIRE(soma_last_error()[0] != 0);
    soma_stream_close(stream);
    return 0;
}
