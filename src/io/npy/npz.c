/* SPDX-License-Identifier: MIT */
/* See npz.h. */
#include "io/npy/npz.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/npy/npy.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------------- reading */

/* The entry NAME.npy, with a small or a capital first letter: X is what many call a matrix. False if there is none. */
static bool is_array(const char *entry, const char *name) {
    size_t length = strlen(name);
    bool first = entry && *entry && (*entry == *name || *entry == *name - 'a' + 'A');
    return first && strncmp(entry + 1, name + 1, length - 1) == 0 && strcmp(entry + length, ".npy") == 0;
}

static bool find_array(const soma_zip *zip, const char *name, size_t *index) {
    for (*index = 0; *index < soma_zip_count(zip); ++*index)
        if (is_array(soma_zip_name(zip, *index), name)) return true;
    return false;
}

/* NULL if there is no such array. */
static soma_status open_array(soma_zip *zip, const char *name, soma_stream **stream) {
    size_t index;
    *stream = NULL;
    return find_array(zip, name, &index) ? soma_zip_stream(zip, index, stream) : SOMA_OK;
}

typedef soma_status set_lengths(soma_dataset *dataset, const int32_t *lengths, size_t count);

/* Of sequences, or labels, that are filled up to as many. */
static soma_status read_lengths(soma_zip *zip, const char *name, set_lengths *set, soma_dataset *dataset) {
    soma_stream *stream;
    soma_npy npy;
    void *lengths = NULL;
    SOMA_TRY(open_array(zip, name, &stream));
    if (!stream) return SOMA_OK;
    soma_status status = soma_npy_read_header(stream, &npy);
    if (status == SOMA_OK && (npy.kind == 'f' || npy.kind == 'b' || npy.count != dataset->samples))
        status = soma_error(SOMA_INVALID_FILE, "%s: %zu %s for %zu samples; each needs a length, a whole number",
                            soma_stream_name(stream), npy.count,
                            npy.kind == 'f' || npy.kind == 'b' ? "values that are no whole numbers" : "lengths",
                            dataset->samples);
    if (status == SOMA_OK) status = soma_npy_read_elements(stream, &npy, SOMA_I32, &lengths);
    if (status == SOMA_OK) {
        status = set(dataset, lengths, npy.count);
        if (status == SOMA_INVALID_ARGUMENT || status == SOMA_INVALID_SHAPE)
            status = soma_error_prefix(SOMA_INVALID_FILE, "%s: ", soma_stream_name(stream));
    }
    soma_free_aligned(lengths);
    soma_stream_close(stream);
    return status;
}

static soma_status read_part(soma_zip *zip, const char *inputs, const char *targets, const char *lengths,
                             const char *label_lengths, const soma_npy_options *options, soma_dataset **dataset) {
    soma_stream *input_stream = NULL, *target_stream = NULL;
    soma_status status = open_array(zip, inputs, &input_stream);
    if (status == SOMA_OK) status = open_array(zip, targets, &target_stream);
    if (status == SOMA_OK) status = soma_npy_dataset(input_stream, target_stream, options, dataset);
    soma_stream_close(input_stream);
    soma_stream_close(target_stream);
    if (status != SOMA_OK) return status;
    status = read_lengths(zip, lengths, soma_dataset_set_lengths, *dataset);
    if (status == SOMA_OK) status = read_lengths(zip, label_lengths, soma_dataset_set_label_lengths, *dataset);
    if (status == SOMA_OK) return SOMA_OK;
    soma_dataset_destroy(*dataset);
    *dataset = NULL;
    return status;
}

static soma_status refuse_names(const soma_zip *zip) {
    soma_text names = {0};
    for (size_t i = 0; i < soma_zip_count(zip) && i < 8; i++) {
        const char *name = soma_zip_name(zip, i);
        soma_text_append(&names, "%s%s", i ? ", " : "", name ? soma_quote(name, strlen(name)).text : "?");
    }
    soma_status status = soma_error(
        SOMA_INVALID_FILE,
        "%s: has %s%s; arrays x.npy and y.npy are wanted, or x_train.npy, y_train.npy, x_test.npy, y_test.npy",
        soma_zip_path(zip), names.data ? names.data : "no files", soma_zip_count(zip) > 8 ? ", ..." : "");
    soma_free(names.data);
    return status;
}

/* Which of two of a name is meant, nobody knows. */
static soma_status check_names(const soma_zip *zip) {
    static const char *const names[] = {"x",
                                        "y",
                                        "x_train",
                                        "y_train",
                                        "x_test",
                                        "y_test",
                                        "lengths",
                                        "lengths_train",
                                        "lengths_test",
                                        "label_lengths",
                                        "label_lengths_train",
                                        "label_lengths_test"};
    for (size_t i = 0; i < SOMA_COUNT_OF(names); i++) {
        size_t found = 0;
        for (size_t j = 0; j < soma_zip_count(zip); j++) found += is_array(soma_zip_name(zip, j), names[i]);
        if (found > 1)
            return soma_error(SOMA_INVALID_FILE, "%s: has %zu arrays called %s; one is wanted", soma_zip_path(zip),
                              found, names[i]);
    }
    return SOMA_OK;
}

/* A network sees both parts: samples must have one shape, and the test part no class of its own. */
static soma_status read_test(soma_zip *zip, const soma_npy_options *options, const soma_dataset *train,
                             soma_dataset **test) {
    const soma_column *a = &train->storage->input[0], *b;
    soma_npy_options same = *options;
    if (train->storage->target_count) same.classes = train->storage->target[0].classes;
    SOMA_TRY(read_part(zip, "x_test", "y_test", "lengths_test", "label_lengths_test", &same, test));
    b = &(*test)->storage->input[0];
    if (train->storage->masked != (*test)->storage->masked) {
        soma_dataset_destroy(*test);
        *test = NULL;
        return soma_error(SOMA_INVALID_FILE, "%s: of lengths_train and lengths_test one is there, both are wanted",
                          soma_zip_path(zip));
    }
    if (a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) == 0) return SOMA_OK;
    soma_dataset_destroy(*test);
    *test = NULL;
    return soma_error(SOMA_INVALID_FILE, "%s: samples of x_train and x_test differ in shape", soma_zip_path(zip));
}

soma_status soma_npz_read(soma_zip *zip, const soma_npy_options *options, soma_dataset **train, soma_dataset **test) {
    size_t index;
    *train = *test = NULL;
    SOMA_TRY(check_names(zip));
    if (find_array(zip, "x", &index)) return read_part(zip, "x", "y", "lengths", "label_lengths", options, train);
    if (!find_array(zip, "x_train", &index)) return refuse_names(zip);
    SOMA_TRY(read_part(zip, "x_train", "y_train", "lengths_train", "label_lengths_train", options, train));
    if (!find_array(zip, "x_test", &index)) return SOMA_OK;
    soma_status status = read_test(zip, options, *train, test);
    if (status == SOMA_OK) return SOMA_OK;
    soma_dataset_destroy(*train);
    *train = NULL;
    return status;
}

soma_status soma_dataset_from_npz(const char *path, const soma_npy_options *options, soma_dataset **train,
                                  soma_dataset **test) {
    static const soma_npy_options defaults;
    if (!path || !train || !test)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_npz: an argument is NULL");
    *train = *test = NULL;
    if (!options) options = &defaults;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_npy_options"));
    soma_zip *zip;
    SOMA_TRY(soma_zip_open(path, &zip));
    soma_status status = soma_npz_read(zip, options, train, test);
    soma_zip_close(zip);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- writing */

static soma_status describe(const char *path, const char *name, const soma_array *array, soma_text *file_name,
                            soma_text *header, void **own, soma_zip_source *source) {
    const void *data;
    size_t bytes;
    SOMA_TRY(soma_npy_pack(path, array, header, &data, &bytes, own));
    soma_text_append(file_name, "%s.npy", name);
    if (file_name->failed) return soma_out_of_memory(file_name->length, "the name of an array");
    *source = (soma_zip_source){file_name->data, {{header->data, header->length}, {data, bytes}}};
    return SOMA_OK;
}

soma_status soma_write_npz(const char *path, const char *const *names, const soma_array *arrays, size_t count) {
    if (!path || (count && (!names || !arrays)))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_write_npz: an argument is NULL");
    soma_zip_source *sources = soma_calloc(count, sizeof *sources);
    soma_text *texts = soma_calloc(count, 2 * sizeof *texts);
    void **own = soma_calloc(count, sizeof *own);
    soma_status status = sources && texts && own ? SOMA_OK : soma_out_of_memory(count * sizeof *sources, "the arrays");
    for (size_t i = 0; status == SOMA_OK && i < count; i++)
        status = describe(path, names[i], &arrays[i], &texts[2 * i], &texts[2 * i + 1], &own[i], &sources[i]);
    if (status == SOMA_OK) status = soma_zip_write(path, sources, count);
    for (size_t i = 0; texts && i < 2 * count; i++) soma_free(texts[i].data);
    for (size_t i = 0; own && i < count; i++) soma_free(own[i]);
    soma_free(own);
    soma_free(texts);
    soma_free(sources);
    return status;
}
