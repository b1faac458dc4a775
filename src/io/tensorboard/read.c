/* SPDX-License-Identifier: MIT */
/* The numbers that are in the event files of a directory, by whomever they were written. */
#include "base/file.h"
#include "base/utf8.h"
#include "io/bytes.h"
#include "io/tensorboard/events.h"
#include "io/tensorboard/records.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <soma/tensorboard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Directories within directories, at most: links may lead round in circles. */
#define MAX_DEPTH 8
#define MAX_FILE  ((size_t)1 << 30)

typedef struct reading {
    soma_tensorboard_reader *read;
    void *context;
} reading;

/* ---------------------------------------------------------------------------------------------------------- one file
 */

/* Whole records; behind the last there may be the beginning of one that is just being written. */
static soma_status read_records(const char *path, const char *run, const soma_buffer *file, const reading *to) {
    enum { HEAD = 12, TAIL = 4 };
    for (size_t at = 0; file->size - at >= HEAD + TAIL;) {
        const uint8_t *record = file->data + at;
        uint64_t size = soma_load_le64(record);
        if (soma_load_le32(record + 8) != soma_crc32c_masked(record, 8))
            return soma_error(SOMA_INVALID_FILE,
                              "%s: offset %zu: no record begins here: its length has another checksum", path, at);
        if (size > file->size - at - HEAD - TAIL) return SOMA_OK;
        if (soma_load_le32(record + HEAD + size) != soma_crc32c_masked(record + HEAD, (size_t)size))
            return soma_error(SOMA_INVALID_FILE, "%s: offset %zu: a record of %" PRIu64 " bytes with another checksum",
                              path, at, size);
        soma_status status = SOMA_OK;
        if (!soma_event_read_scalars(record + HEAD, (size_t)size, run, to->read, to->context, &status))
            return soma_error(SOMA_INVALID_FILE, "%s: offset %zu: a record that is no event", path, at + HEAD);
        if (status != SOMA_OK) return status;
        at += HEAD + (size_t)size + TAIL;
    }
    return SOMA_OK;
}

static soma_status read_file(const char *path, const char *run, const reading *to) {
    soma_buffer file;
    SOMA_TRY(soma_file_read(path, MAX_FILE, &file));
    soma_status status = read_records(path, run, &file, to);
    soma_free(file.data);
    return status;
}

/* --------------------------------------------------------------------------------------------------------- directories
 */

typedef struct names {
    char **name;
    size_t count, capacity;
} names;

static void clear(names *all) {
    for (size_t i = 0; i < all->count; i++) soma_free(all->name[i]);
    soma_free(all->name);
}

static soma_status append(names *all, const char *name) {
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? 2 * all->capacity : 16;
        char **larger = soma_realloc(all->name, capacity, sizeof *larger);
        if (!larger) return soma_out_of_memory(capacity * sizeof *larger, "the names in a directory");
        all->name = larger;
        all->capacity = capacity;
    }
    all->name[all->count] = soma_strdup(name);
    if (!all->name[all->count]) return soma_out_of_memory(strlen(name) + 1, "a file name");
    all->count++;
    return SOMA_OK;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names, which begin with the time for event files. */
static soma_status list(const char *path, names *all) {
    DIR *directory = opendir(path);
    if (!directory) return soma_error(SOMA_IO, "%s: cannot read the directory: %s", path, strerror(errno));
    soma_status status = SOMA_OK;
    const struct dirent *entry;
    while (status == SOMA_OK && (entry = readdir(directory)))
        if (entry->d_name[0] != '.') status = append(all, entry->d_name);
    closedir(directory);
    if (all->count) qsort(all->name, all->count, sizeof *all->name, compare_names);
    return status;
}

static soma_status read_directory(const char *path, const char *run, int depth, const reading *to);

/* What went away since it was listed is passed over. */
static soma_status read_entry(const char *directory, const char *run, const char *name, int depth, const reading *to) {
    struct stat about;
    soma_text path = {0}, inner = {0};
    soma_text_append(&path, "%s/%s", directory, name);
    soma_text_append(&inner, "%s%s%s", run, *run ? "/" : "", name);
    soma_status status = SOMA_OK;
    if (path.failed || inner.failed)
        status = soma_out_of_memory(strlen(directory) + strlen(name), "a file name");
    else if (stat(path.data, &about) != 0)
        status = SOMA_OK;
    else if (S_ISDIR(about.st_mode))
        status = depth < MAX_DEPTH ? read_directory(path.data, inner.data, depth + 1, to) : SOMA_OK;
    else if (S_ISREG(about.st_mode) && strstr(name, ".tfevents."))
        status = read_file(path.data, run, to);
    soma_free(path.data);
    soma_free(inner.data);
    return status;
}

static soma_status read_directory(const char *path, const char *run, int depth, const reading *to) {
    names all = {0};
    soma_status status = list(path, &all);
    for (size_t i = 0; status == SOMA_OK && i < all.count; i++) status = read_entry(path, run, all.name[i], depth, to);
    clear(&all);
    return status;
}

soma_status soma_tensorboard_read(const char *directory, soma_tensorboard_reader *read, void *context) {
    if (!directory || !read)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_tensorboard_read: %s is NULL", directory ? "read" : "directory");
    return read_directory(directory, "", 0, &(reading){read, context});
}
