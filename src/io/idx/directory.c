/* SPDX-License-Identifier: MIT */
/* Data sets from a directory in MNIST's naming, and the digits that come with soma. */
#include "data/dataset.h"
#include "io/paths.h" /* made by Meson */

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------ MNIST's naming */

static bool exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0;
}

/* The path of a file in the directory, as it is or with .gz; free it with soma_free(). */
static soma_status find_file(const char *directory, const char *name, char **path) {
    soma_text text = {0};
    soma_text_append(&text, "%s/%s", directory, name);
    if (!text.failed && !exists(text.data)) soma_text_append(&text, ".gz");
    *path = text.data;
    if (text.failed) return soma_out_of_memory(strlen(directory) + strlen(name), "a file name");
    if (exists(text.data)) return SOMA_OK;
    return soma_error(
        SOMA_IO,
        "%s: has no %s or %s.gz; a directory in MNIST's naming has train-images-idx3-ubyte, train-labels-idx1-ubyte, "
        "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each gzipped or not",
        directory, name, name);
}

static soma_status read_part(const char *directory, const char *images, const char *labels, size_t classes,
                             soma_dataset **dataset) {
    char *image_path = NULL, *label_path = NULL;
    soma_status status = find_file(directory, images, &image_path);
    if (status == SOMA_OK) status = find_file(directory, labels, &label_path);
    if (status == SOMA_OK) status = soma_dataset_from_idx(image_path, label_path, classes, dataset);
    soma_free(image_path);
    soma_free(label_path);
    return status;
}

/* A network sees both parts: samples must have one shape. */
static soma_status check_same_shape(const char *directory, const soma_dataset *train, const soma_dataset *test) {
    const soma_column *a = &train->storage->input[0], *b = &test->storage->input[0];
    if (a->rank == b->rank && memcmp(a->shape, b->shape, sizeof a->shape) == 0) return SOMA_OK;
    return soma_error(
        SOMA_INVALID_FILE,
        "%s: images for training have %zu elements in %u dimensions, those for testing %zu in %u; both need the same "
        "shape",
        directory, a->width, a->rank, b->width, b->rank);
}

static soma_status check_directory(const char *path) {
    struct stat about;
    if (stat(path, &about) != 0) return soma_error(SOMA_IO, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return soma_error(SOMA_IO, "%s: is no directory; one in MNIST's naming is wanted", path);
    return SOMA_OK;
}

soma_status soma_dataset_from_directory(const char *path, soma_dataset **train, soma_dataset **test) {
    if (!path || !train || !test)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_directory: an argument is NULL");
    *train = *test = NULL;
    SOMA_TRY(check_directory(path));
    SOMA_TRY(read_part(path, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", 0, train));
    size_t classes = (*train)->storage->target[0].classes;
    soma_status status = read_part(path, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", classes, test);
    if (status == SOMA_OK) status = check_same_shape(path, *train, *test);
    if (status == SOMA_OK) return SOMA_OK;
    soma_dataset_destroy(*train);
    soma_dataset_destroy(*test);
    *train = *test = NULL;
    return status;
}

/* --------------------------------------------------------------------------------------------------- the digits */

/* A look at one place: `found` is set to the directory if it holds the digits; else it is added to the places tried. */
static void try_place(const char *data_directory, soma_text *tried, soma_text *found) {
    soma_text train = {0};
    soma_text_append(&train, "%s/digits/train-images-idx3-ubyte", data_directory);
    bool there = !train.failed && exists(train.data);
    soma_text_append(&train, ".gz");
    there |= !train.failed && exists(train.data);
    soma_free(train.data);
    if (there)
        soma_text_append(found, "%s/digits", data_directory);
    else
        soma_text_append(tried, "%s%s/digits", tried->length ? ", " : "", data_directory);
}

/* Places relative to a library or program: bin/ and lib/ lie beside share/, lib/ARCHITECTURE/ one further down; in the
 * build directory they lie beside data/. */
static void try_beside(const char *file, soma_text *tried, soma_text *found) {
    char *real = realpath(file, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    if (slash) {
        *slash = 0;
        static const char *const ways[] = {"/../share/soma", "/../../share/soma", "/../data"};
        for (size_t i = 0; i < SOMA_COUNT_OF(ways) && !found->data; i++) {
            soma_text place = {0};
            soma_text_append(&place, "%s%s", real, ways[i]);
            if (!place.failed) try_place(place.data, tried, found);
            soma_free(place.data);
        }
    }
    free(real);
}

static void find_digits(soma_text *tried, soma_text *found) {
    static const char here; /* an address in this library, wherever it has been loaded from */
    const char *chosen = getenv("SOMA_DATA_DIR");
    if (chosen && *chosen) {
        try_place(chosen, tried, found);
        return;
    }
    Dl_info about;
    if (dladdr(&here, &about) && about.dli_fname) try_beside(about.dli_fname, tried, found);
    if (!found->data) try_beside("/proc/self/exe", tried, found);
    if (!found->data) try_place(SOMA_INSTALLED_DATA_DIRECTORY, tried, found);
#ifdef SOMA_SOURCE_DATA_DIRECTORY
    if (!found->data) try_place(SOMA_SOURCE_DATA_DIRECTORY, tried, found);
#endif
}

soma_status soma_dataset_digits(soma_dataset **train, soma_dataset **test) {
    if (!train || !test) return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_digits: an argument is NULL");
    *train = *test = NULL;
    soma_text tried = {0}, found = {0};
    find_digits(&tried, &found);
    soma_status status;
    if (found.data)
        status = soma_dataset_from_directory(found.data, train, test);
    else
        status = soma_error(
            SOMA_IO,
            "the digits that come with soma are not at %s; set SOMA_DATA_DIR to the directory that holds digits/",
            tried.data ? tried.data : "any known place");
    soma_free(tried.data);
    soma_free(found.data);
    return status;
}
