/* SPDX-License-Identifier: MIT */
/*
 * The vectors of the ONNX backend's test suite on one device. The table says what each should come to. Which there are
 * depends on the version that is installed: those that the table has and the installation does not, or the other way
 * round, are named as skipped.
 */
#include "onnx_vector.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct entry {
    char name[160], verdict[16], fixed[64];
    bool seen;
} entry;

static entry *table;
static size_t table_count;
static unsigned ran, refused, others, failures, skipped;

static bool read_table(const char *path) {
    char line[1024];
    FILE *file = fopen(path, "r");
    if (!file) return false;
    while (fgets(line, sizeof line, file)) {
        entry one = {.seen = false};
        if (line[0] == '#' || sscanf(line, "%159s %15s constants: %63s", one.name, one.verdict, one.fixed) < 2)
            continue;
        table = realloc(table, (table_count + 1) * sizeof *table);
        table[table_count++] = one;
    }
    fclose(file);
    return table_count > 0;
}

static entry *find(const char *name) {
    for (size_t i = 0; i < table_count; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}

static void fail(const char *name, const char *format, const char *detail) {
    printf("%s: ", name);
    printf(format, detail); /* NOLINT: all formats are in this file */
    printf("\n");
    failures++;
}

static void skip(const char *name, const char *why) {
    printf("skipped: %s: %s\n", name, why);
    skipped++;
}

static void run(const char *directory, const entry *one, soma_device *device) {
    static char text[16384];
    if (strcmp(one->verdict, "absent") == 0) {
        char path[1500];
        struct stat about;
        snprintf(path, sizeof path, "%s/model.onnx", directory);
        if (stat(path, &about) == 0) fail(one->name, "has a model, the table says it has none%s", "");
        others++;
        return;
    }
    if (strcmp(one->verdict, "session") == 0) {
        soma_status status = onnx_vector_run_session(directory, device, text, sizeof text);
        if (status != SOMA_OK || *text) fail(one->name, "%s", text);
        ran++;
        return;
    }
    bool first = strcmp(one->verdict, "first") == 0;
    soma_status status = onnx_vector_run(directory, one->fixed, first, device, text, sizeof text);
    if (first || strcmp(one->verdict, "run") == 0) {
        if (status != SOMA_OK || *text) fail(one->name, "%s", text);
        ran++;
    } else if (strcmp(one->verdict, "refused") == 0) {
        if (status != SOMA_UNSUPPORTED)
            fail(one->name, "should be refused as not supported, got %s", soma_status_name(status));
        refused++;
    } else if (strcmp(one->verdict, "otherwise") == 0) {
        if (status != SOMA_OK) fail(one->name, "should be run: %s", text);
        if (!*text) fail(one->name, "comes out right, the table says otherwise%s", "");
        others++;
    } else {
        /* Its data are broken; in other versions its model may be another. */
        if (status != SOMA_OK && status != SOMA_UNSUPPORTED) fail(one->name, "should be imported: %s", text);
        others++;
    }
}

static void run_group(const char *root, const char *group, soma_device *device) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, group);
    DIR *directory = opendir(path);
    for (const struct dirent *item; directory && (item = readdir(directory));) {
        char name[800], full[1400];
        if (item->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", group, item->d_name);
        snprintf(full, sizeof full, "%s/%s", root, name);
        entry *one = find(name);
        if (!one) {
            skip(name, "not in the table");
            continue;
        }
        one->seen = true;
        run(full, one, device);
    }
    if (directory) closedir(directory);
}

int main(int argc, char **argv) {
    soma_device *device;
    struct stat about;
    if (argc != 4 || !read_table(argv[2])) return fprintf(stderr, "usage: %s DEVICE TABLE DATA\n", argv[0]), 1;
    if (stat(argv[3], &about) != 0) return printf("skipped: there is no %s (libonnx-testdata)\n", argv[3]), 77;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK)
        return printf("skipped: there is no device \"%s\" here\n", argv[1]), 77;
    DIR *root = opendir(argv[3]);
    for (const struct dirent *item; root && (item = readdir(root));)
        if (item->d_name[0] != '.') run_group(argv[3], item->d_name, device);
    if (root) closedir(root);
    for (size_t i = 0; i < table_count; i++)
        if (!table[i].seen) skip(table[i].name, "not installed");
    printf("%s: %u run, %u refused, %u others, %u skipped, %u failures\n", argv[1], ran, refused, others, skipped,
           failures);
    soma_device_close(device);
    free(table);
    return failures ? 1 : ran ? 0 : 77;
}
