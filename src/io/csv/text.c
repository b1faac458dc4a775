/* SPDX-License-Identifier: MIT */
/* See text.h. */
#include "io/csv/text.h"
#include "base/file.h"
#include "io/gzip.h"
#include "io/stream.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* -------------------------------------------------------------------------------------------------------- mapped */

/* A file that is neither empty, nor gzipped, nor a pipe; false where there is no mapping, whatever the reason: it is
 * read then, and that tells. */
static bool map(const char *path, soma_csv_text *text) {
    struct stat about;
    int descriptor;
    uint64_t size;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) return false; /* a pipe can be opened only once */
    if (soma_file_open(path, &descriptor, &size) != SOMA_OK) return false;
    bool whole = size != SOMA_FILE_SIZE_UNKNOWN && size >= 2 && size <= SIZE_MAX / 4;
    void *mapping = whole ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
    close(descriptor);
    if (mapping == MAP_FAILED) return false;
    const uint8_t *start = mapping;
    if (start[0] == 0x1F && start[1] == 0x8B) {
        munmap(mapping, (size_t)size);
        return false;
    }
    *text = (soma_csv_text){.data = mapping, .size = (size_t)size, .mapping = mapping};
    return true;
}

/* ------------------------------------------------------------------------------------------------------ inflated */

/* A gzipped table is not inflated to more than this many times its size: tables of numbers stay far below it. */
#define MAX_RATIO 256

/* All of the stream in memory; *text is to be freed also after a failure. */
static soma_status read_text(soma_stream *stream, char **text, size_t *size) {
    uint64_t limit = soma_stream_capacity(stream);
    size_t capacity = (size_t)limit + 1, got;
    if (soma_stream_gzipped(stream)) {
        limit = limit / SOMA_GZIP_MAX_RATIO * MAX_RATIO;
        capacity = 65536;
    }
    for (*size = 0;; capacity *= 2) {
        char *larger = soma_realloc(*text, capacity, 1);
        if (!larger) return soma_out_of_memory(capacity, soma_stream_name(stream));
        *text = larger;
        SOMA_TRY(soma_stream_read(stream, *text + *size, capacity - *size, &got));
        *size += got;
        if (*size < capacity) return SOMA_OK;
        if (*size > limit)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: inflates to more than %d times its size; decompress it first if that is right",
                              soma_stream_name(stream), MAX_RATIO);
    }
}

soma_status soma_csv_open(const char *path, soma_csv_text *text) {
    soma_stream *stream;
    *text = (soma_csv_text){.data = ""};
    if (map(path, text)) return SOMA_OK;
    SOMA_TRY(soma_stream_open(path, &stream));
    soma_status status = read_text(stream, &text->memory, &text->size);
    soma_stream_close(stream);
    text->data = text->memory;
    return status;
}

void soma_csv_close(soma_csv_text *text) {
    if (text->mapping) munmap(text->mapping, text->size);
    soma_free(text->memory);
    *text = (soma_csv_text){0};
}
