/* SPDX-License-Identifier: MIT */
/* See zip_archive.h. */
#include "io/zip_archive.h"
#include "base/file.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <zip.h>

/* Archives that unpack to more than this many times their size are looked through first. */
#define TRUSTED_RATIO 4

struct soma_zip {
    char *path;
    zip_t *archive;
};

/* --------------------------------------------------------------------------------------------------------- open */

static soma_status refuse(const char *path, zip_error_t *error) {
    int kind = zip_error_code_zip(error);
    soma_status status = kind == ZIP_ER_MEMORY                                                ? SOMA_OUT_OF_MEMORY
                         : kind == ZIP_ER_OPEN || kind == ZIP_ER_READ || kind == ZIP_ER_NOENT ? SOMA_IO
                                                                                              : SOMA_INVALID_FILE;
    return soma_error(status, "%s: cannot be read as a ZIP archive: %s", path, zip_error_strerror(error));
}

/* Takes over the source, which is NULL after an error. */
static soma_status open_source(const char *path, zip_source_t *source, zip_error_t *error, soma_zip **result) {
    soma_zip *zip = soma_calloc(1, sizeof *zip);
    char *copy = soma_strdup(path);
    *result = NULL;
    if (zip && copy && source) zip->archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, error);
    if (zip && copy && zip->archive) {
        zip->path = copy;
        *result = zip;
        return SOMA_OK;
    }
    soma_status status = zip && copy ? refuse(path, error) : soma_out_of_memory(sizeof *zip + strlen(path), path);
    if (source) zip_source_free(source);
    soma_free(zip);
    soma_free(copy);
    return status;
}

soma_status soma_zip_open(const char *path, soma_zip **zip) {
    zip_error_t error;
    zip_error_init(&error);
    soma_status status = open_source(path, zip_source_file_create(path, 0, -1, &error), &error, zip);
    zip_error_fini(&error);
    return status;
}

soma_status soma_zip_of_memory(const char *name, const void *memory, size_t size, soma_zip **zip) {
    zip_error_t error;
    zip_error_init(&error);
    soma_status status = open_source(name, zip_source_buffer_create(memory, size, 0, &error), &error, zip);
    zip_error_fini(&error);
    return status;
}

void soma_zip_close(soma_zip *zip) {
    if (!zip) return;
    zip_discard(zip->archive);
    soma_free(zip->path);
    soma_free(zip);
}

const char *soma_zip_path(const soma_zip *zip) {
    return zip->path;
}

size_t soma_zip_count(const soma_zip *zip) {
    return (size_t)zip_get_num_entries(zip->archive, 0);
}

const char *soma_zip_name(const soma_zip *zip, size_t index) {
    return zip_get_name(zip->archive, index, 0);
}

/* -------------------------------------------------------------------------------------------------------- entries */

typedef struct entry {
    zip_t *archive; /* borrowed */
    size_t index;
    zip_file_t *file;
    char *name; /* "archive: entry" */
    uint64_t offset;
} entry;

static soma_status read_entry(void *context, uint8_t *target, size_t size, size_t *got) {
    entry *e = context;
    for (*got = 0; *got < size;) {
        zip_int64_t part = zip_fread(e->file, target + *got, size - *got);
        if (part < 0)
            return soma_error(SOMA_INVALID_FILE, "%s: offset %" PRIu64 " of what is unpacked: %s", e->name,
                              e->offset + *got, zip_file_strerror(e->file));
        if (part == 0) break;
        *got += (size_t)part;
    }
    e->offset += *got;
    return SOMA_OK;
}

static void close_entry(void *context) {
    entry *e = context;
    if (e->file) zip_fclose(e->file);
    soma_free(e->name);
    soma_free(e);
}

/* Encrypted ones, other methods, and those of unknown size are not for us. */
static soma_status check_entry(const char *name, const zip_stat_t *about) {
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((about->valid & needed) != needed)
        return soma_error(SOMA_INVALID_FILE, "%s: the archive does not say its size or how it is packed", name);
    if (about->encryption_method != ZIP_EM_NONE) return soma_error(SOMA_INVALID_FILE, "%s: is encrypted", name);
    if (about->comp_method != ZIP_CM_STORE && about->comp_method != ZIP_CM_DEFLATE)
        return soma_error(SOMA_INVALID_FILE, "%s: is packed by method %u; stored (0) and deflated (8) are read", name,
                          about->comp_method);
    return SOMA_OK;
}

static soma_status open_entry(entry *e) {
    e->offset = 0;
    e->file = zip_fopen_index(e->archive, e->index, 0);
    if (e->file) return SOMA_OK;
    zip_error_t *error = zip_get_error(e->archive);
    return soma_error(zip_error_code_zip(error) == ZIP_ER_MEMORY ? SOMA_OUT_OF_MEMORY : SOMA_INVALID_FILE,
                      "%s: cannot be unpacked: %s", e->name, zip_error_strerror(error));
}

static soma_status rewind_entry(void *context) {
    entry *e = context;
    zip_fclose(e->file);
    return open_entry(e);
}

/* Unpacks it all without keeping any, and begins again. */
static soma_status look_through(const zip_stat_t *about, entry *e) {
    uint8_t block[16384];
    size_t got;
    do SOMA_TRY(read_entry(e, block, sizeof block, &got));
    while (got == sizeof block);
    if (e->offset != about->size)
        return soma_error(SOMA_INVALID_FILE, "%s: unpacks to %" PRIu64 " bytes; the archive says %" PRIu64, e->name,
                          e->offset, (uint64_t)about->size);
    return rewind_entry(e);
}

static soma_status prepare_entry(soma_zip *zip, size_t index, entry *e, zip_stat_t *about) {
    soma_text name = {0};
    const char *inner = soma_zip_name(zip, index);
    soma_text_append(&name, "%s: %s", zip->path, inner ? soma_quote(inner, strlen(inner)).text : "an entry");
    e->name = name.data;
    if (name.failed) return soma_out_of_memory(name.length, "the name of an entry");
    if (zip_stat_index(zip->archive, index, 0, about) != 0)
        return soma_error(SOMA_INVALID_FILE, "%s: %s", e->name, zip_strerror(zip->archive));
    SOMA_TRY(check_entry(e->name, about));
    e->archive = zip->archive;
    e->index = index;
    SOMA_TRY(open_entry(e));
    return about->size / TRUSTED_RATIO > about->comp_size ? look_through(about, e) : SOMA_OK;
}

soma_status soma_zip_stream(soma_zip *zip, size_t index, soma_stream **stream) {
    zip_stat_t about;
    *stream = NULL;
    entry *e = soma_calloc(1, sizeof *e);
    if (!e) return soma_out_of_memory(sizeof *e, "an entry of an archive");
    soma_status status = prepare_entry(zip, index, e, &about);
    const soma_stream_reader reader = {read_entry, close_entry, rewind_entry, e};
    if (status == SOMA_OK) return soma_stream_of_reader(e->name, about.size, &reader, stream);
    close_entry(e);
    return status;
}

/* -------------------------------------------------------------------------------------------------------- writing */

/* Midnight of the first day that ZIP knows, 1 January 1980. */
#define NO_TIME_OF_DAY 0
#define FIRST_DAY      (1 << 5 | 1)

static bool add_file(zip_t *archive, const soma_zip_source *file) {
    const zip_buffer_fragment_t fragments[] = {{(zip_uint8_t *)(uintptr_t)file->part[0].data, file->part[0].size},
                                               {(zip_uint8_t *)(uintptr_t)file->part[1].data, file->part[1].size}};
    zip_source_t *source = zip_source_buffer_fragment(archive, fragments, file->part[1].size ? 2 : 1, 0);
    zip_int64_t index = source ? zip_file_add(archive, file->name, source, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0 && source) zip_source_free(source);
    return index >= 0 && zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(archive, (zip_uint64_t)index, NO_TIME_OF_DAY, FIRST_DAY, 0) == 0;
}

static soma_status no_archive(const char *path, zip_error_t *error) {
    return soma_error(zip_error_code_zip(error) == ZIP_ER_MEMORY ? SOMA_OUT_OF_MEMORY : SOMA_INVALID_ARGUMENT,
                      "%s: cannot make the archive: %s", path, zip_error_strerror(error));
}

/* Into the memory of `target`, which stays the caller's. */
static soma_status make_archive(const char *path, const soma_zip_source *files, size_t count, zip_source_t *target) {
    zip_error_t error;
    zip_error_init(&error);
    zip_t *archive = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &error);
    soma_status status = archive ? SOMA_OK : no_archive(path, &error);
    zip_error_fini(&error);
    if (!archive) return status;
    zip_source_keep(target);
    for (size_t i = 0; status == SOMA_OK && i < count; i++)
        if (!add_file(archive, &files[i])) status = no_archive(path, zip_get_error(archive));
    if (status == SOMA_OK && zip_close(archive) == 0) return SOMA_OK;
    if (status == SOMA_OK) status = no_archive(path, zip_get_error(archive));
    zip_discard(archive);
    return status;
}

static soma_status write_source(const char *path, zip_source_t *source) {
    uint8_t block[65536];
    zip_int64_t got = 0;
    soma_file_writer writer;
    if (zip_source_open(source) != 0) return no_archive(path, zip_source_error(source));
    soma_status status = soma_file_begin(path, &writer);
    while (status == SOMA_OK && (got = zip_source_read(source, block, sizeof block)) > 0)
        status = soma_file_append(&writer, block, (size_t)got);
    if (status == SOMA_OK && got < 0) {
        status = no_archive(path, zip_source_error(source));
        soma_file_abandon(&writer);
    }
    zip_source_close(source);
    return status == SOMA_OK ? soma_file_commit(&writer) : status;
}

soma_status soma_zip_write(const char *path, const soma_zip_source *files, size_t count) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, &error);
    soma_status status = target ? SOMA_OK : no_archive(path, &error);
    zip_error_fini(&error);
    if (!target) return status;
    status = make_archive(path, files, count, target);
    if (status == SOMA_OK) status = write_source(path, target);
    zip_source_free(target);
    return status;
}
