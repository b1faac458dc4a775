/* SPDX-License-Identifier: MIT */
/* Copies of a data set's storage, for changing a data set whose storage others share. */
#include "data/dataset.h"

#include <string.h>

static soma_status copy_offset(const soma_column *from, soma_column *to) {
    if (!from->offset) return SOMA_OK;
    to->offset = soma_calloc(from->width, sizeof *to->offset);
    if (!to->offset) return soma_out_of_memory(from->width * sizeof *to->offset, "a copy of the data set");
    memcpy(to->offset, from->offset, from->width * sizeof *to->offset);
    return SOMA_OK;
}

static soma_status copy_column(const soma_dataset *dataset, const soma_column *from, soma_column *to) {
    size_t bytes, size = from->width * soma_dtype_size(from->dtype);
    *to = *from;
    to->owned = false;
    to->offset = NULL;
    SOMA_TRY(copy_offset(from, to));
    to->data =
        soma_column_bytes(from, dataset->samples, &bytes) ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes) : NULL;
    if (!to->data) return soma_out_of_memory(bytes, "a copy of the data set");
    to->owned = true;
    for (size_t i = 0; i < dataset->samples; i++)
        memcpy((char *)to->data + i * size, (const char *)from->data + soma_dataset_row(dataset, i) * size, size);
    return SOMA_OK;
}

static soma_status copy_input_as_seen(const soma_dataset *dataset, size_t input, soma_column *to) {
    const soma_column *from = &dataset->storage->input[input];
    soma_column_set(to, NULL, false, SOMA_F32, from->rank, from->shape, 0);
    to->channel_added = from->channel_added;
    SOMA_TRY(copy_offset(from, to));
    size_t bytes = 0;
    to->data = soma_column_bytes(to, dataset->samples, &bytes) ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes) : NULL;
    if (!to->data) return soma_out_of_memory(bytes, "a float32 copy of the data set");
    to->owned = true;
    return soma_dataset_read_differences(dataset, input, 0, dataset->samples, to->data);
}

static soma_status copy_class_names(const soma_storage *from, soma_storage *to) {
    if (!from->class_names) return SOMA_OK;
    to->class_names = soma_calloc(from->class_name_count, sizeof *to->class_names);
    if (!to->class_names) return soma_out_of_memory(from->class_name_count * sizeof *to->class_names, "class names");
    to->class_name_count = from->class_name_count;
    for (size_t i = 0; i < from->class_name_count; i++)
        if (!(to->class_names[i] = soma_strdup(from->class_names[i])))
            return soma_out_of_memory(strlen(from->class_names[i]) + 1, "a class name");
    return SOMA_OK;
}

static soma_status copy_note(const soma_storage *from, soma_storage *to) {
    to->note = from->note ? soma_strdup(from->note) : NULL;
    return from->note && !to->note ? soma_out_of_memory(strlen(from->note) + 1, "a note") : SOMA_OK;
}

static soma_status copy_files(const soma_dataset *dataset, soma_storage *to) {
    char *const *from = dataset->storage->files;
    if (!from) return SOMA_OK;
    to->files = soma_calloc(dataset->samples, sizeof *to->files);
    if (!to->files) return soma_out_of_memory(dataset->samples * sizeof *to->files, "names of files");
    for (size_t i = 0; i < dataset->samples; i++) {
        const char *file = from[soma_dataset_row(dataset, i)];
        if (!(to->files[i] = soma_strdup(file))) return soma_out_of_memory(strlen(file) + 1, "a file name");
    }
    return SOMA_OK;
}

/* What the storage has beside its columns, a value for each row, or NULL. */
static soma_status copy_values(const soma_dataset *dataset, const void *from, size_t size, void *to) {
    if (!from) return SOMA_OK;
    char *copy = soma_realloc(NULL, dataset->samples, size);
    if (!copy) return soma_out_of_memory(dataset->samples * size, "a copy of the data set");
    for (size_t i = 0; i < dataset->samples; i++)
        memcpy(copy + i * size, (const char *)from + soma_dataset_row(dataset, i) * size, size);
    memcpy(to, &copy, sizeof copy);
    return SOMA_OK;
}

/* The text whole: also of rows that are not in the copy. */
static soma_status copy_ids(const soma_dataset *dataset, soma_storage *to) {
    const soma_storage *from = dataset->storage;
    if (!from->id_name) return SOMA_OK;
    to->id_name = soma_strdup(from->id_name);
    to->id_text = soma_malloc(from->id_bytes);
    if (!to->id_name || !to->id_text) return soma_out_of_memory(from->id_bytes, "identities");
    memcpy(to->id_text, from->id_text, from->id_bytes);
    to->id_bytes = from->id_bytes;
    return copy_values(dataset, from->ids, sizeof *from->ids, &to->ids);
}

/* The past whole: also what comes before the samples that are in the copy. */
static soma_status copy_series(const soma_dataset *dataset, soma_storage *to) {
    const soma_storage *from = dataset->storage;
    size_t bytes = 0;
    SOMA_TRY(soma_series_copy(&from->series, &to->series));
    if (!from->past) return SOMA_OK;
    bytes = from->past_rows * from->series.targets * sizeof *to->past;
    if (!(to->past = soma_malloc(bytes))) return soma_out_of_memory(bytes, "a copy of a series");
    memcpy(to->past, from->past, bytes);
    to->past_rows = from->past_rows;
    bytes = (from->past_rows + 1) * sizeof *to->past_breaks;
    if (!(to->past_breaks = soma_malloc(bytes))) return soma_out_of_memory(bytes, "a copy of a series");
    memcpy(to->past_breaks, from->past_breaks, bytes);
    return copy_values(dataset, from->begin, sizeof *from->begin, &to->begin);
}

static soma_status copy_groups(const soma_dataset *dataset, soma_storage *to) {
    const soma_storage *from = dataset->storage;
    SOMA_TRY(copy_values(dataset, from->groups, sizeof *from->groups, &to->groups));
    if (!from->group_keys) return SOMA_OK;
    to->group_keys = soma_realloc(NULL, from->group_count, sizeof *to->group_keys);
    if (!to->group_keys) return soma_out_of_memory(from->group_count * sizeof *to->group_keys, "groups of a data set");
    memcpy(to->group_keys, from->group_keys, from->group_count * sizeof *to->group_keys);
    to->group_count = from->group_count;
    return SOMA_OK;
}

/* How a copy has its inputs: as they are, as the network sees them, or where they lie, of all rows. */
typedef enum inputs { STORED, SEEN, LENT } inputs;

static soma_status copy_input(const soma_dataset *dataset, size_t input, inputs how, soma_storage *to) {
    const soma_column *from = &dataset->storage->input[input];
    if (how == SEEN) return copy_input_as_seen(dataset, input, &to->input[input]);
    if (how == STORED) return copy_column(dataset, from, &to->input[input]);
    to->input[input] = *from;
    to->input[input].owned = false;
    to->input[input].offset = NULL;
    return copy_offset(from, &to->input[input]);
}

static soma_status copy_storage(const soma_dataset *dataset, inputs how, soma_storage **storage) {
    const soma_storage *from = dataset->storage;
    soma_storage *to = *storage = soma_storage_create();
    if (!to) return soma_out_of_memory(sizeof *to, "a copy of the data set");
    to->rows = dataset->samples;
    to->input_count = from->input_count;
    to->target_count = from->target_count;
    to->masked = from->masked;
    soma_status status = copy_class_names(from, to);
    if (status == SOMA_OK) status = soma_columns_copy(&from->columns, &to->columns);
    if (status == SOMA_OK) status = soma_vocabulary_copy(&from->vocabulary, &to->vocabulary);
    if (status == SOMA_OK) status = copy_series(dataset, to);
    if (status == SOMA_OK) status = copy_note(from, to);
    if (status == SOMA_OK) status = copy_files(dataset, to);
    if (status == SOMA_OK) status = copy_values(dataset, from->weights, sizeof *from->weights, &to->weights);
    if (status == SOMA_OK) status = copy_groups(dataset, to);
    if (status == SOMA_OK) status = copy_values(dataset, from->times, sizeof *from->times, &to->times);
    if (status == SOMA_OK) status = copy_ids(dataset, to);
    for (size_t i = 0; status == SOMA_OK && i < from->input_count; i++) status = copy_input(dataset, i, how, to);
    for (size_t i = 0; status == SOMA_OK && i < from->target_count; i++)
        status = copy_column(dataset, &from->target[i], &to->target[i]);
    if (status == SOMA_OK) return SOMA_OK;
    soma_storage_release(to);
    *storage = NULL;
    return status;
}

soma_status soma_dataset_copy_storage(const soma_dataset *dataset, bool inputs_as_seen, soma_storage **storage) {
    return copy_storage(dataset, inputs_as_seen ? SEEN : STORED, storage);
}

static soma_status copy_rows(const soma_dataset *dataset, int32_t **rows) {
    *rows = NULL;
    if (!dataset->rows) return SOMA_OK;
    *rows = soma_calloc(dataset->samples, sizeof **rows);
    if (!*rows) return soma_out_of_memory(dataset->samples * sizeof **rows, "the rows of a data set");
    memcpy(*rows, dataset->rows, dataset->samples * sizeof **rows);
    return SOMA_OK;
}

soma_status soma_dataset_with_own_targets(const soma_dataset *dataset, soma_dataset **copy) {
    const soma_dataset whole = {.storage = dataset->storage, .samples = dataset->storage->rows};
    soma_storage *storage;
    int32_t *rows;
    *copy = NULL;
    SOMA_TRY(copy_storage(&whole, LENT, &storage));
    storage->lender = dataset->storage;
    __atomic_add_fetch(&storage->lender->references, 1, __ATOMIC_RELAXED);
    soma_status status = copy_rows(dataset, &rows);
    if (status == SOMA_OK) status = soma_dataset_view(storage, rows, dataset->samples, copy);
    soma_storage_release(storage); /* the data set has a reference of its own */
    return status;
}

void soma_dataset_replace_storage(soma_dataset *dataset, soma_storage *storage) {
    soma_storage_release(dataset->storage);
    soma_free(dataset->rows);
    dataset->storage = storage;
    dataset->rows = NULL;
}

soma_status soma_dataset_without_offsets(const soma_dataset *dataset, soma_dataset **copy) {
    soma_storage *storage;
    bool any = false;
    *copy = NULL;
    for (size_t i = 0; dataset && i < dataset->storage->input_count; i++)
        any |= dataset->storage->input[i].offset != NULL;
    if (!any) return SOMA_OK;
    SOMA_TRY(soma_dataset_copy_storage(dataset, true, &storage));
    for (size_t i = 0; i < storage->input_count; i++) {
        soma_column_add_offset(&storage->input[i], storage->rows, storage->input[i].data);
        soma_free(storage->input[i].offset);
        storage->input[i].offset = NULL;
    }
    return soma_dataset_make(storage, copy);
}
