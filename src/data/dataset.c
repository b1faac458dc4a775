/* SPDX-License-Identifier: MIT */
/* Data sets: storage shared by reference count, sets made of arrays, and what a program may ask of them. */
#include "data/dataset.h"

#include <string.h>

/* ----------------------------------------------------------------------------------------------------- storage */

soma_storage *soma_storage_create(void) {
    soma_storage *storage = soma_calloc(1, sizeof *storage);
    if (storage) storage->references = 1;
    return storage;
}

void soma_storage_release(soma_storage *storage) {
    if (!storage || __atomic_sub_fetch(&storage->references, 1, __ATOMIC_ACQ_REL) != 0) return;
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) {
        if (storage->input[i].owned) soma_free_aligned(storage->input[i].data);
        if (storage->target[i].owned) soma_free_aligned(storage->target[i].data);
        soma_free(storage->input[i].offset);
    }
    for (size_t i = 0; storage->class_names && i < storage->class_name_count; i++) soma_free(storage->class_names[i]);
    for (size_t i = 0; storage->files && i < storage->rows; i++) soma_free(storage->files[i]);
    soma_columns_clear(&storage->columns);
    soma_vocabulary_clear(&storage->vocabulary);
    soma_series_clear(&storage->series);
    soma_free(storage->past);
    soma_free(storage->past_breaks);
    soma_free(storage->begin);
    soma_free(storage->note);
    soma_free(storage->files);
    soma_free(storage->class_names);
    soma_free(storage->weights);
    soma_free(storage->groups);
    soma_free(storage->group_keys);
    soma_free(storage->times);
    soma_free(storage->id_name);
    soma_free(storage->id_text);
    soma_free(storage->ids);
    soma_storage_release(storage->lender);
    soma_free(storage);
}

void soma_column_set(soma_column *column, void *data, bool owned, soma_dtype dtype, uint32_t rank, const size_t *shape,
                     size_t classes) {
    *column = (soma_column){.data = data, .owned = owned, .dtype = dtype, .rank = rank, .width = 1, .classes = classes};
    for (uint32_t i = 0; i < rank; i++) {
        column->shape[i] = shape[i];
        column->width *= shape[i];
    }
    column->scale = dtype == SOMA_U8 && classes == 0 ? 1.0f / 255.0f : 1.0f;
}

void soma_column_set_samples(soma_column *column, void *data, bool owned, soma_dtype dtype, uint32_t rank,
                             const size_t *shape) {
    soma_column_set(column, data, owned, dtype, rank, shape, 0);
    column->channel_added = dtype == SOMA_U8 && rank == 2;
    if (column->channel_added) column->shape[column->rank++] = 1;
}

static soma_status check_classes(const soma_column *column, size_t rows, size_t index) {
    for (size_t row = 0; row < rows; row++) {
        int32_t value = soma_column_class(column, row);
        if (value < 0 || (size_t)value >= column->classes)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "target %zu, sample %zu: class number %d; class numbers are 0 to %zu", index + 1, row,
                              value, column->classes - 1);
    }
    return SOMA_OK;
}

static soma_status check_column(const soma_column *column, size_t rows, const char *kind, size_t index) {
    bool is_class = column->classes > 0;
    if (!column->data) return soma_error(SOMA_INVALID_ARGUMENT, "%s %zu: no data (NULL)", kind, index + 1);
    bool whole = column->dtype == SOMA_U8 || (column->dtype == SOMA_I32 && *kind == 't');
    if (is_class ? !whole : column->dtype != SOMA_F32 && !whole)
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "%s %zu: elements are %s; inputs are float32 or uint8, targets float32 or class numbers in uint8 or int32",
            kind, index + 1, soma_dtype_name(column->dtype));
    if (column->rank >= SOMA_MAX_RANK || (column->rank == 0) != is_class)
        return soma_error(SOMA_INVALID_SHAPE,
                          "%s %zu: %u dimensions per sample; there may be 1 to %d, none for class numbers", kind,
                          index + 1, column->rank, SOMA_MAX_RANK - 1);
    size_t width = 1, bytes;
    for (uint32_t i = 0; i < column->rank; i++) {
        if (column->shape[i] == 0)
            return soma_error(SOMA_INVALID_SHAPE, "%s %zu: dimension %u of a sample is 0; it must be at least 1", kind,
                              index + 1, i);
        if (!soma_multiply_size(width, column->shape[i], &width)) width = 0;
    }
    if (width != column->width || width == 0 || !soma_column_bytes(column, rows, &bytes))
        return soma_error(SOMA_INVALID_SHAPE, "%s %zu: the shape has more elements than memory can hold", kind,
                          index + 1);
    return is_class ? check_classes(column, rows, index) : SOMA_OK;
}

static soma_status refuse_counts(size_t inputs, size_t targets) {
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%zu inputs and %zu targets; a data set has 1 to %d inputs and 0 to %d targets", inputs, targets,
                      SOMA_MAX_OUTPUTS, SOMA_MAX_OUTPUTS);
}

static soma_status check_storage(const soma_storage *storage) {
    if (storage->input_count < 1 || storage->input_count > SOMA_MAX_OUTPUTS || storage->target_count > SOMA_MAX_OUTPUTS)
        return refuse_counts(storage->input_count, storage->target_count);
    if (storage->rows == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "the data set has no samples; it needs at least one");
    if (storage->rows > INT32_MAX)
        return soma_error(SOMA_INVALID_ARGUMENT, "the data set has %zu samples; at most %d can be numbered",
                          storage->rows, INT32_MAX);
    for (size_t i = 0; i < storage->input_count; i++)
        SOMA_TRY(check_column(&storage->input[i], storage->rows, "input", i));
    for (size_t i = 0; i < storage->target_count; i++)
        SOMA_TRY(check_column(&storage->target[i], storage->rows, "target", i));
    /* Of steps, whose labels are numbers of classes, they are no count of a column. */
    if (storage->class_names && storage->target[0].classes && storage->class_name_count != storage->target[0].classes)
        return soma_error(SOMA_INVALID_ARGUMENT, "the data set has %zu class names for %zu classes",
                          storage->class_name_count, storage->target[0].classes);
    return SOMA_OK;
}

soma_status soma_dataset_view(soma_storage *storage, int32_t *rows, size_t samples, soma_dataset **dataset) {
    *dataset = soma_calloc(1, sizeof **dataset);
    if (!*dataset) {
        soma_free(rows);
        return soma_out_of_memory(sizeof **dataset, "a data set");
    }
    __atomic_add_fetch(&storage->references, 1, __ATOMIC_RELAXED);
    **dataset = (soma_dataset){.storage = storage, .rows = rows, .samples = samples};
    return SOMA_OK;
}

soma_status soma_dataset_make(soma_storage *storage, soma_dataset **dataset) {
    *dataset = NULL;
    storage->references = 1;
    soma_status status = check_storage(storage);
    if (status == SOMA_OK) status = soma_dataset_view(storage, NULL, storage->rows, dataset);
    soma_storage_release(storage); /* the data set has a reference of its own */
    return status;
}

void soma_dataset_destroy(soma_dataset *dataset) {
    if (!dataset) return;
    soma_storage_release(dataset->storage);
    soma_free(dataset->rows);
    soma_free(dataset);
}

/* -------------------------------------------------------------------------------------------------- from arrays */

/* A column over a borrowed array; class numbers where whole numbers are targets. */
static soma_status column_from_array(const soma_array *array, const char *kind, size_t index, size_t rows,
                                     soma_column *column) {
    bool whole = *kind == 't' && (array->dtype == SOMA_U8 || array->dtype == SOMA_I32);
    bool is_class = whole && array->rank == 1;
    if (!array->data) return soma_error(SOMA_INVALID_ARGUMENT, "%s %zu: no data (NULL)", kind, index + 1);
    if (array->rank < 1 || array->rank > SOMA_MAX_RANK)
        return soma_error(SOMA_INVALID_SHAPE,
                          "%s %zu: an array of %u dimensions; there may be 1 to 5, the first is the samples", kind,
                          index + 1, array->rank);
    if (array->shape[0] != rows)
        return soma_error(SOMA_INVALID_SHAPE, "%s %zu: %zu samples, but input 1 has %zu; all need the same number",
                          kind, index + 1, array->shape[0], rows);
    /* Numbers without a further dimension are samples of one element. */
    size_t one = 1, classes = 0;
    uint32_t rank = is_class ? 0 : SOMA_MAX(array->rank - 1, 1);
    if (is_class) {
        soma_column labels = {.data = (void *)(uintptr_t)array->data, .dtype = array->dtype};
        for (size_t row = 0; row < rows; row++)
            classes = SOMA_MAX(classes, (size_t)SOMA_MAX(soma_column_class(&labels, row), 0) + 1);
    }
    soma_column_set(column, (void *)(uintptr_t)array->data, false, array->dtype, rank,
                    array->rank > 1 ? array->shape + 1 : &one, classes);
    if (whole) column->scale = 1;
    return SOMA_OK;
}

soma_status soma_dataset_from_arrays(const soma_array *inputs, size_t input_count, const soma_array *targets,
                                     size_t target_count, soma_dataset **dataset) {
    if (!dataset) return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_arrays: dataset is NULL");
    *dataset = NULL;
    if ((input_count && !inputs) || (target_count && !targets))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_arrays: inputs or targets are NULL");
    if (input_count < 1 || input_count > SOMA_MAX_OUTPUTS || target_count > SOMA_MAX_OUTPUTS)
        return refuse_counts(input_count, target_count);
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    storage->rows = inputs[0].shape[0];
    storage->input_count = input_count;
    storage->target_count = target_count;
    soma_status status = SOMA_OK;
    for (size_t i = 0; status == SOMA_OK && i < input_count; i++)
        status = column_from_array(&inputs[i], "input", i, storage->rows, &storage->input[i]);
    for (size_t i = 0; status == SOMA_OK && i < target_count; i++)
        status = column_from_array(&targets[i], "target", i, storage->rows, &storage->target[i]);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

/* ---------------------------------------------------------------------------------------------------- questions */

void soma_dataset_get_info(const soma_dataset *dataset, soma_dataset_info *info) {
    memset(info, 0, sizeof *info);
    if (!dataset) return;
    const soma_storage *storage = dataset->storage;
    info->samples = dataset->samples;
    info->inputs = storage->input_count;
    info->targets = storage->target_count;
    for (size_t i = 0; i < storage->input_count; i++) {
        info->input_rank[i] = storage->input[i].rank;
        memcpy(info->input_shape[i], storage->input[i].shape, sizeof info->input_shape[i]);
        if (storage->input[i].dtype == SOMA_U8) info->bytes |= UINT64_C(1) << i;
    }
    for (size_t i = 0; i < storage->target_count; i++) {
        info->target_rank[i] = storage->target[i].rank;
        memcpy(info->target_shape[i], storage->target[i].shape, sizeof info->target_shape[i]);
    }
    info->classes = storage->target[0].classes;
    info->weighted = storage->weights != NULL;
    info->masked = storage->masked;
}

size_t soma_dataset_token_count(const soma_dataset *dataset) {
    return dataset ? soma_vocabulary_size(&dataset->storage->vocabulary) : 0;
}

const char *soma_dataset_note(const soma_dataset *dataset) {
    return dataset ? dataset->storage->note : NULL;
}

const char *soma_dataset_class_name(const soma_dataset *dataset, size_t index) {
    if (!dataset || !dataset->storage->class_names || index >= dataset->storage->class_name_count) return NULL;
    return dataset->storage->class_names[index];
}

const char *soma_dataset_file(const soma_dataset *dataset, size_t index) {
    if (!dataset || !dataset->storage->files || index >= dataset->samples) return NULL;
    return dataset->storage->files[soma_dataset_row(dataset, index)];
}

const char *soma_dataset_id(const soma_dataset *dataset, size_t index) {
    if (!dataset || !dataset->storage->ids || index >= dataset->samples) return NULL;
    return dataset->storage->id_text + dataset->storage->ids[soma_dataset_row(dataset, index)];
}

const char *soma_dataset_id_name(const soma_dataset *dataset) {
    return dataset ? dataset->storage->id_name : NULL;
}

static soma_status check_range(const soma_dataset *dataset, size_t first, size_t count) {
    if (first <= dataset->samples && count <= dataset->samples - first) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "samples %zu to %zu of a data set that has %zu", first, first + count,
                      dataset->samples);
}

/* Of a column of numbers, as the network sees them, but for their offsets. */
static void read_numbers(const soma_dataset *dataset, const soma_column *column, size_t first, size_t count,
                         float *values) {
    for (size_t i = 0; i < count; i++, values += column->width) {
        size_t start = soma_dataset_row(dataset, first + i) * column->width;
        for (size_t j = 0; j < column->width; j++) {
            values[j] = column->scale * soma_column_number(column, start + j) + column->shift;
        }
    }
}

soma_status soma_dataset_read_differences(const soma_dataset *dataset, size_t input, size_t first, size_t count,
                                          float *values) {
    if (!dataset || !values)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_read_input: %s is NULL", dataset ? "values" : "dataset");
    if (input >= dataset->storage->input_count)
        return soma_error(SOMA_INVALID_ARGUMENT, "input %zu of a data set that has %zu, numbered from 0", input,
                          dataset->storage->input_count);
    SOMA_TRY(check_range(dataset, first, count));
    read_numbers(dataset, &dataset->storage->input[input], first, count, values);
    return SOMA_OK;
}

soma_status soma_dataset_read_target(const soma_dataset *dataset, size_t target, size_t first, size_t count,
                                     float *values) {
    if (!dataset || !values)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_read_target: %s is NULL",
                          dataset ? "values" : "dataset");
    if (target >= dataset->storage->target_count)
        return soma_error(SOMA_INVALID_ARGUMENT, "target %zu of a data set that has %zu, numbered from 0", target,
                          dataset->storage->target_count);
    if (dataset->storage->target[target].classes)
        return soma_error(SOMA_INVALID_STATE,
                          "target %zu of the data set is class numbers; "
                          "soma_dataset_read_classes() reads those",
                          target);
    SOMA_TRY(check_range(dataset, first, count));
    read_numbers(dataset, &dataset->storage->target[target], first, count, values);
    return SOMA_OK;
}

soma_status soma_dataset_read_input(const soma_dataset *dataset, size_t input, size_t first, size_t count,
                                    float *values) {
    SOMA_TRY(soma_dataset_read_differences(dataset, input, first, count, values));
    soma_column_add_offset(&dataset->storage->input[input], count, values);
    return SOMA_OK;
}

soma_status soma_dataset_read_classes(const soma_dataset *dataset, size_t first, size_t count, int32_t *classes) {
    if (!dataset || !classes)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_read_classes: %s is NULL",
                          dataset ? "classes" : "dataset");
    if (dataset->storage->target[0].classes == 0)
        return soma_error(SOMA_INVALID_STATE, "the data set has no class numbers; its first target is %s",
                          dataset->storage->target_count ? "a number or a row of numbers" : "absent");
    SOMA_TRY(check_range(dataset, first, count));
    for (size_t i = 0; i < count; i++)
        classes[i] = soma_column_class(&dataset->storage->target[0], soma_dataset_row(dataset, first + i));
    return SOMA_OK;
}
