/* SPDX-License-Identifier: MIT */
/* A directory of its own for a test that writes files; everything in it goes away with it. */
#ifndef SOMA_TESTS_TEMPORARY_H
#define SOMA_TESTS_TEMPORARY_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char temporary_directory[256];

static inline void temporary_create(void) {
    const char *base = getenv("TMPDIR");
    snprintf(temporary_directory, sizeof temporary_directory, "%s/soma-test-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(temporary_directory));
}

/* A path in the directory; valid until eight more have been asked for. */
static inline const char *temporary_path(const char *name) {
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", temporary_directory, name);
    return path;
}

/* Number of files in the directory. */
static inline int temporary_count(void) {
    int count = 0;
    DIR *directory = opendir(temporary_directory);
    ck_assert_ptr_nonnull(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

/* Removes a directory with all that is in it. */
static inline void temporary_remove(const char *path) {
    DIR *directory = opendir(path);
    for (const struct dirent *entry; directory && (entry = readdir(directory));) {
        char *inside;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (asprintf(&inside, "%s/%s", path, entry->d_name) < 0) break;
        if (remove(inside) != 0) temporary_remove(inside);
        free(inside);
    }
    if (directory) closedir(directory);
    rmdir(path);
}

static inline void temporary_destroy(void) {
    temporary_remove(temporary_directory);
}

static inline const char *temporary_file(const char *name, const void *data, size_t size) {
    const char *path = temporary_path(name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

#endif
