/* SPDX-License-Identifier: MIT */
/* Data sets of pictures: one file; a directory of them; directories named like the classes. */
#include "data/dataset.h"
#include "io/image/image.h"
#include "nn/network.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Pictures of one size, as they come in. */
typedef struct collection {
    const soma_image_options *options;
    size_t height, width, channels; /* 0: the first picture will tell */
    uint8_t *pixels;                /* [count, height, width, channels], of soma_malloc_aligned() */
    int32_t *classes;               /* [count] */
    char **files;                   /* [count], the path of each */
    size_t count, capacity;
    size_t expected; /* as many as the folders list, so that room is taken once; they may change meanwhile */
} collection;

static void clear(collection *all) {
    soma_free_aligned(all->pixels);
    soma_free_aligned(all->classes);
    for (size_t i = 0; all->files && i < all->count; i++) soma_free(all->files[i]);
    soma_free(all->files);
}

static soma_status make_room(collection *all) {
    if (all->count < all->capacity) return SOMA_OK;
    size_t capacity = SOMA_MAX(all->expected, all->capacity + all->capacity / 2 + 1), size, bytes;
    bool fits = soma_multiply_size(all->height, all->width, &size) && soma_multiply_size(size, all->channels, &size) &&
                soma_multiply_size(size, capacity, &bytes);
    uint8_t *pixels = fits ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes) : NULL;
    int32_t *classes = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, capacity * sizeof *classes);
    char **files = soma_realloc(all->files, capacity, sizeof *files);
    if (files) all->files = files;
    if (!pixels || !classes || !files) {
        soma_free_aligned(pixels);
        soma_free_aligned(classes);
        return soma_out_of_memory(fits ? bytes : SIZE_MAX, "a data set of pictures");
    }
    if (all->count) {
        memcpy(pixels, all->pixels, all->count * size);
        memcpy(classes, all->classes, all->count * sizeof *classes);
    }
    soma_free_aligned(all->pixels);
    soma_free_aligned(all->classes);
    all->pixels = pixels;
    all->classes = classes;
    all->capacity = capacity;
    return SOMA_OK;
}

static soma_status take_size(collection *all, const char *path, const soma_picture *picture) {
    if (all->channels == 0) {
        all->channels = picture->channels;
        if (all->height == 0) {
            all->height = picture->height;
            all->width = picture->width;
        }
        return SOMA_OK;
    }
    if (all->options->height || (picture->height == all->height && picture->width == all->width)) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s has %zu x %zu pixels, %s has %zu x %zu; a network takes one size: say which "
                      "(--image-size=HEIGHTxWIDTH)",
                      path, picture->height, picture->width, all->files[0], all->height, all->width);
}

static soma_status add_picture(collection *all, const char *path, int32_t class_number) {
    soma_picture picture;
    SOMA_TRY(soma_picture_read(path, all->options->grey, &picture));
    soma_status status = take_size(all, path, &picture);
    if (status == SOMA_OK) status = make_room(all);
    if (status == SOMA_OK)
        status = soma_picture_fit(&picture, all->options->fit, all->height, all->width,
                                  all->pixels + all->count * all->height * all->width * all->channels);
    if (status == SOMA_OK && !(all->files[all->count] = soma_strdup(path)))
        status = soma_out_of_memory(strlen(path) + 1, "a file name");
    if (status == SOMA_OK) all->classes[all->count++] = class_number;
    soma_free(picture.pixels);
    return status;
}

static soma_status list_pictures(collection *all, const char *path, soma_folder *files) {
    SOMA_TRY(soma_folder_list(path, false, files));
    all->expected += files->count;
    if (files->count) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: holds no picture; files named .png, .jpg or .jpeg are", path);
}

static soma_status add_files(collection *all, const char *path, const soma_folder *files, int32_t class_number) {
    soma_status status = SOMA_OK;
    for (size_t i = 0; status == SOMA_OK && i < files->count; i++) {
        soma_text file = {0};
        soma_text_append(&file, "%s/%s", path, files->names[i]);
        status =
            file.failed ? soma_out_of_memory(strlen(path), "a file name") : add_picture(all, file.data, class_number);
        soma_free(file.data);
    }
    return status;
}

static soma_status add_folder(collection *all, const char *path) {
    soma_folder files;
    soma_status status = list_pictures(all, path, &files);
    if (status == SOMA_OK) status = add_files(all, path, &files, 0);
    soma_folder_clear(&files);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- classes */

/* The number of a folder's class: its place among those that are known. */
static soma_status find_class(const char *path, const soma_folder *classes, const char *name, int32_t *number) {
    for (size_t i = 0; i < classes->count; i++)
        if (strcmp(classes->names[i], name) == 0) return *number = (int32_t)i, SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s/%s: there is no such class to train on; there are %zu, \"%s\" to \"%s\"",
                      path, name, classes->count, classes->names[0], classes->names[classes->count - 1]);
}

typedef struct class_folder {
    soma_text path;
    int32_t number;
    soma_folder files;
} class_folder;

static soma_status list_class(collection *all, const char *path, const soma_folder *classes, const char *name,
                              class_folder *folder) {
    soma_text_append(&folder->path, "%s/%s", path, name);
    if (folder->path.failed) return soma_out_of_memory(strlen(path), "a file name");
    SOMA_TRY(find_class(path, classes, name, &folder->number));
    return list_pictures(all, folder->path.data, &folder->files);
}

/* All are listed before one is read: then it is known how many there are, and what is missing is told at once. */
static soma_status add_listed(collection *all, const char *path, const soma_folder *classes, const soma_folder *here,
                              class_folder *folders) {
    for (size_t i = 0; i < here->count; i++) SOMA_TRY(list_class(all, path, classes, here->names[i], &folders[i]));
    for (size_t i = 0; i < here->count; i++)
        SOMA_TRY(add_files(all, folders[i].path.data, &folders[i].files, folders[i].number));
    return SOMA_OK;
}

static soma_status add_classes(collection *all, const char *path, const soma_folder *classes) {
    soma_folder here;
    SOMA_TRY(soma_folder_list(path, true, &here));
    if (here.count == 0) return soma_error(SOMA_INVALID_FILE, "%s: has no folders, one for each class, in it", path);
    class_folder *folders = soma_calloc(here.count, sizeof *folders);
    soma_status status = folders ? add_listed(all, path, classes, &here, folders)
                                 : soma_out_of_memory(here.count * sizeof *folders, "the folders of classes");
    for (size_t i = 0; folders && i < here.count; i++) {
        soma_free(folders[i].path.data);
        soma_folder_clear(&folders[i].files);
    }
    soma_free(folders);
    soma_folder_clear(&here);
    return status;
}

static soma_status keep_names(soma_storage *storage, const soma_folder *classes) {
    storage->class_names = soma_calloc(classes->count, sizeof *storage->class_names);
    if (!storage->class_names) return soma_out_of_memory(classes->count * sizeof(char *), "class names");
    storage->class_name_count = classes->count;
    for (size_t i = 0; i < classes->count; i++)
        if (!(storage->class_names[i] = soma_strdup(classes->names[i])))
            return soma_out_of_memory(strlen(classes->names[i]) + 1, "a class name");
    return SOMA_OK;
}

/* Takes the pixels over. classes NULL: the pictures have none. */
static soma_status make_dataset(collection *all, const soma_folder *classes, soma_dataset **dataset) {
    const size_t shape[3] = {all->height, all->width, all->channels};
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    storage->rows = all->count;
    storage->input_count = 1;
    soma_column_set(&storage->input[0], all->pixels, true, SOMA_U8, 3, shape, 0);
    storage->files = all->files;
    all->pixels = NULL;
    all->files = NULL;
    if (classes) {
        storage->target_count = 1;
        soma_column_set(&storage->target[0], all->classes, true, SOMA_I32, 0, NULL, classes->count);
        all->classes = NULL;
        soma_status status = keep_names(storage, classes);
        if (status != SOMA_OK) {
            soma_storage_release(storage);
            return status;
        }
    }
    return soma_dataset_make(storage, dataset);
}

/* ------------------------------------------------------------------------------------------------------- sources */

/* Class folders, or pictures without classes. */
static soma_status load_part(const char *path, const soma_image_options *options, const soma_folder *classes,
                             soma_dataset **dataset) {
    collection all = {.options = options, .height = options->height, .width = options->width};
    soma_status status = classes ? add_classes(&all, path, classes) : add_folder(&all, path);
    if (status == SOMA_OK) status = make_dataset(&all, classes, dataset);
    clear(&all);
    return status;
}

static soma_status load_file(const char *path, const soma_image_options *options, soma_dataset **dataset) {
    collection all = {.options = options, .height = options->height, .width = options->width};
    soma_status status = add_picture(&all, path, 0);
    if (status == SOMA_OK) status = make_dataset(&all, NULL, dataset);
    clear(&all);
    return status;
}

static bool has(const soma_folder *folder, const char *name) {
    for (size_t i = 0; i < folder->count; i++)
        if (strcmp(folder->names[i], name) == 0) return true;
    return false;
}

/* train/ and perhaps test/, each with a folder for each class. The pictures to test on get the size of the others. */
static soma_status load_parts(const char *path, const soma_image_options *options, bool has_test, soma_dataset **train,
                              soma_dataset **test) {
    soma_text train_path = {0}, test_path = {0};
    soma_folder classes = {.names = NULL};
    soma_text_append(&train_path, "%s/train", path);
    soma_text_append(&test_path, "%s/test", path);
    soma_status status =
        train_path.failed || test_path.failed ? soma_out_of_memory(strlen(path), "a file name") : SOMA_OK;
    if (status == SOMA_OK) status = soma_folder_list(train_path.data, true, &classes);
    if (status == SOMA_OK && classes.count == 0)
        status = soma_error(SOMA_INVALID_FILE, "%s: has no folders, one for each class, in it", train_path.data);
    if (status == SOMA_OK) status = load_part(train_path.data, options, &classes, train);
    if (status == SOMA_OK && has_test) {
        soma_image_options same = *options;
        const size_t *shape = (*train)->storage->input[0].shape;
        if (same.height == 0) {
            same.height = shape[0];
            same.width = shape[1];
        }
        status = load_part(test_path.data, &same, &classes, test);
    }
    soma_folder_clear(&classes);
    soma_free(train_path.data);
    soma_free(test_path.data);
    return status;
}

static soma_status load_directory(const char *path, const soma_image_options *options, soma_dataset **train,
                                  soma_dataset **test) {
    soma_folder folders;
    SOMA_TRY(soma_folder_list(path, true, &folders));
    soma_status status;
    if (has(&folders, "train"))
        status = load_parts(path, options, has(&folders, "test"), train, test);
    else
        status = load_part(path, options, folders.count ? &folders : NULL, train);
    soma_folder_clear(&folders);
    return status;
}

soma_status soma_dataset_from_images(const char *path, const soma_image_options *options, soma_dataset **train,
                                     soma_dataset **test) {
    static const soma_image_options defaults;
    struct stat about;
    if (!path || !train || !test)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_images: an argument is NULL");
    *train = *test = NULL;
    if (!options) options = &defaults;
    SOMA_TRY(soma_check_image_options(options));
    if (stat(path, &about) != 0) return soma_error(SOMA_IO, "%s: cannot open: %s", path, strerror(errno));
    soma_status status = S_ISDIR(about.st_mode)   ? load_directory(path, options, train, test)
                         : S_ISREG(about.st_mode) ? load_file(path, options, train)
                                                  : soma_error(SOMA_IO, "%s: is neither a file nor a directory", path);
    if (status == SOMA_OK) return SOMA_OK;
    soma_dataset_destroy(*train);
    soma_dataset_destroy(*test);
    *train = *test = NULL;
    return status;
}
