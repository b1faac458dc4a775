/* SPDX-License-Identifier: MIT */
/* Runs a fuzzer over the files of directories, once each: the test that every compiler can build. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static bool replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(size ? size : 1); /* just so large, that a sanitizer sees what reads past the end */
    bool ok = data && fread(data, 1, size, file) == size;
    fclose(file);
    if (ok) LLVMFuzzerTestOneInput(data, size);
    free(data);
    return ok;
}

int main(int count, char **arguments) {
    int files = 0;
    for (int i = 1; i < count; i++) {
        DIR *directory = opendir(arguments[i]);
        for (const struct dirent *entry; directory && (entry = readdir(directory));) {
            char path[4096];
            if (entry->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "%s/%s", arguments[i], entry->d_name);
            if (!replay(path)) {
                fprintf(stderr, "%s: cannot be read\n", path);
                return EXIT_FAILURE;
            }
            files++;
        }
        if (directory) closedir(directory);
    }
    printf("%d inputs\n", files);
    return files ? EXIT_SUCCESS : EXIT_FAILURE;
}
