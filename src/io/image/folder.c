/* SPDX-License-Identifier: MIT */
/* What is in a directory. */
#include "io/image/image.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether it belongs into the list; a link is what it leads to. */
static soma_status is_wanted(const char *directory, const char *name, bool directories, bool *wanted) {
    struct stat about;
    soma_text path = {0};
    *wanted = false;
    if (*name == '.' || (!directories && !soma_is_picture_name(name))) return SOMA_OK;
    soma_text_append(&path, "%s/%s", directory, name);
    if (path.failed) return soma_out_of_memory(strlen(directory) + strlen(name), "a file name");
    soma_status status = SOMA_OK;
    if (stat(path.data, &about) != 0) {
        if (!directories) status = soma_error(SOMA_IO, "%s: cannot open: %s", path.data, strerror(errno));
    } else if (S_ISDIR(about.st_mode))
        *wanted = directories;
    else if (!directories && !S_ISREG(about.st_mode))
        status = soma_error(SOMA_IO, "%s: is no file that pictures are in", path.data); /* a pipe might never end */
    else
        *wanted = !directories;
    soma_free(path.data);
    return status;
}

static soma_status append(soma_folder *folder, const char *name) {
    if (folder->count == folder->capacity) {
        size_t capacity = folder->capacity ? 2 * folder->capacity : 64;
        char **names = soma_realloc(folder->names, capacity, sizeof *names);
        if (!names) return soma_out_of_memory(capacity * sizeof *names, "the names in a directory");
        folder->names = names;
        folder->capacity = capacity;
    }
    folder->names[folder->count] = soma_strdup(name);
    if (!folder->names[folder->count]) return soma_out_of_memory(strlen(name) + 1, "a file name");
    folder->count++;
    return SOMA_OK;
}

soma_status soma_folder_list(const char *path, bool directories, soma_folder *folder) {
    *folder = (soma_folder){.names = NULL};
    DIR *directory = opendir(path);
    if (!directory) return soma_error(SOMA_IO, "%s: cannot read the directory: %s", path, strerror(errno));
    soma_status status = SOMA_OK;
    while (status == SOMA_OK) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry) {
            if (errno) status = soma_error(SOMA_IO, "%s: cannot read the directory: %s", path, strerror(errno));
            break;
        }
        bool wanted;
        status = is_wanted(path, entry->d_name, directories, &wanted);
        if (status == SOMA_OK && wanted) status = append(folder, entry->d_name);
    }
    closedir(directory);
    if (status != SOMA_OK)
        soma_folder_clear(folder);
    else if (folder->count) /* without names there is no list to sort */
        qsort(folder->names, folder->count, sizeof *folder->names, compare_names);
    return status;
}

void soma_folder_clear(soma_folder *folder) {
    for (size_t i = 0; i < folder->count; i++) soma_free(folder->names[i]);
    soma_free(folder->names);
    *folder = (soma_folder){.names = NULL};
}
