/* SPDX-License-Identifier: MIT */
/* What kind of data --data names, by how it begins and by its name. */
#include "source.h"
#include "file_name.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool source_is_stream(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/* Also of kinds that are not read: who reads pictures says so, which a table's reader cannot. */
static bool is_named_as_picture(const char *path) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

/* What a file begins with, unless that would be taken away from who reads it. A gzipped IDX file is known by its name,
 * which has "idx" in it. */
static enum source source_of_file(const char *path) {
    static const struct {
        const char *start;
        size_t length;
        enum source source;
    } kinds[] = {{"\0\0", 2, SOURCE_IDX},       {"\x93NUMPY", 6, SOURCE_NPY},       {"PK\3\4", 4, SOURCE_NPZ},
                 {"\x89PNG", 4, SOURCE_IMAGES}, {"\xff\xd8\xff", 3, SOURCE_IMAGES}, {"GIF8", 4, SOURCE_IMAGES}};
    const char *slash = strrchr(path, '/');
    char start[] = "------";
    if (strstr(slash ? slash + 1 : path, "idx")) return SOURCE_IDX;
    FILE *file = source_is_stream(path) ? NULL : fopen(path, "rb");
    size_t got = file ? fread(start, 1, strlen(start), file) : 0;
    if (file) fclose(file);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (got >= kinds[i].length && memcmp(start, kinds[i].start, kinds[i].length) == 0) return kinds[i].source;
    /* What is damaged, empty or gzipped is still meant to be what its name says. */
    if (ends_in_or_gzipped(path, ".npy")) return SOURCE_NPY;
    if (is_named_as_picture(path)) return SOURCE_IMAGES;
    return ends_in(path, ".npz") ? SOURCE_NPZ : SOURCE_TABLE;
}

/* A directory with one of IDX's names in it is in MNIST's naming; any other is one of pictures. */
static enum source source_of_directory(const char *path) {
    static const char *const names[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-labels-idx1-ubyte"};
    struct stat status;
    char file[4096];
    for (size_t i = 0; i < 2 * (sizeof names / sizeof *names); i++) {
        snprintf(file, sizeof file, "%s/%s%s", path, names[i / 2], i % 2 ? ".gz" : "");
        if (stat(file, &status) == 0) return SOURCE_DIRECTORY;
    }
    return SOURCE_IMAGES;
}

enum source source_of(const struct settings *settings) {
    struct stat status;
    if (strcmp(settings->data, "digits") == 0) return settings->labels ? SOURCE_IDX : SOURCE_DIGITS;
    if (stat(settings->data, &status) == 0 && S_ISDIR(status.st_mode) && !settings->labels)
        return source_of_directory(settings->data);
    if (settings->as_text) return SOURCE_TEXT;
    if (settings->as_table) return SOURCE_TABLE;
    enum source source = source_of_file(settings->data);
    if (source == SOURCE_TABLE && (ends_in(settings->data, ".txt") || ends_in(settings->data, ".md")))
        source = SOURCE_TEXT;
    return settings->labels && source != SOURCE_NPY ? SOURCE_IDX : source;
}
