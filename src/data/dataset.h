/* SPDX-License-Identifier: MIT */
/*
 * Samples in host memory. Loaders (src/io) make one with soma_dataset_make(); the trainer reads it. Several data sets
 * may look at one storage (splits), each through its own list of rows.
 */
#ifndef SOMA_DATA_DATASET_H
#define SOMA_DATA_DATASET_H

#include "base/base.h"
#include "data/columns.h"
#include "data/series.h"
#include "data/vocabulary.h"
#include <soma/soma.h>

/* Alignment of owned data: a cache line, and what devices ask of memory they are to use in place. */
#define SOMA_DATA_ALIGNMENT 64

/* One column of the data: an input or a target, for all rows of the storage. */
typedef struct soma_column {
    void *data;       /* rows * width elements */
    bool owned;       /* data is of soma_malloc_aligned(SOMA_DATA_ALIGNMENT, ...) and freed with the storage */
    soma_dtype dtype; /* F32, U8, I32 */
    uint32_t rank;    /* per sample; 0: one number (class numbers) */
    size_t shape[SOMA_MAX_RANK];
    size_t width;       /* elements per sample */
    float scale, shift; /* what the network sees: scale * value + shift (u8 inputs: 1/255, 0; all else 1, 0) */
    size_t classes;     /* > 0: class numbers in [0, classes). Without: whole numbers of a target are of steps each */
    double *offset;     /* [width], what was taken from the values before they were rounded to float32; NULL: nothing.
                           soma_free() frees it with the storage */
    bool channel_added; /* the last dimension, of 1, is not in the file */
} soma_column;

/* Bytes of a column for so many rows; false on overflow. */
static inline bool soma_column_bytes(const soma_column *column, size_t rows, size_t *bytes) {
    *bytes = soma_dtype_size(column->dtype);
    return soma_multiply_size(*bytes, column->width, bytes) && soma_multiply_size(*bytes, rows, bytes);
}

/* Adds the offset, where there is one, to values[count, width] of the column, in float32. */
static inline void soma_column_add_offset(const soma_column *column, size_t count, float *values) {
    for (size_t i = 0; column->offset && i < count; i++)
        for (size_t j = 0; j < column->width; j++, values++) *values = (float)((double)*values + column->offset[j]);
}

/*
 * The columns do not change once a data set has been made of them: a transformed data set gets a storage of its own. So
 * several data sets, also in several threads, may look at one storage.
 */
typedef struct soma_storage {
    uint32_t references; /* atomic */
    size_t rows;
    size_t input_count, target_count;
    soma_column input[SOMA_MAX_OUTPUTS], target[SOMA_MAX_OUTPUTS];
    struct soma_storage *lender; /* counted: whose memory the inputs are; NULL: nobody's */
    bool masked;                 /* the last input says which steps of the first there are: [steps], 1 or 0 */
    float *weights;              /* [rows] or NULL */
    int64_t *groups;             /* [rows] or NULL */
    uint64_t
        *group_keys; /* [group_count]: what stands for the text of each, of a table; NULL: they were set by number */
    size_t group_count;
    double *times;      /* [rows] or NULL */
    char **class_names; /* [classes of the first target] or NULL */
    size_t class_name_count;
    soma_vocabulary vocabulary; /* of a text */
    soma_columns columns;       /* of the table that the first input was read from */
    soma_series series;         /* that samples are cut out of: [window, inputs of a step] */
    float *past;                /* [rows of the table, targets]: what is forecast, as it was; NULL: no series */
    size_t past_rows;
    size_t *past_breaks; /* [past_rows + 1]: how many of the rows before come after a gap in time */
    size_t *begin;       /* [rows]: where, in the past, each sample's target begins; NULL: no series */
    char *note;          /* see soma_dataset_note(), or NULL */
    char **files;        /* [rows]: the path of each sample's own file, or NULL */
    char *id_name;       /* of the column of the identities; NULL: there are none */
    char *id_text;       /* the identities one after the other, each with a 0 behind it */
    size_t id_bytes;     /* of that */
    size_t *ids;         /* [rows]: where each begins */
} soma_storage;

struct soma_dataset {
    soma_storage *storage;
    int32_t *rows; /* [samples]: the rows of the storage that belong to this set, or NULL for all of them in order */
    size_t samples;
};

/*
 * Takes over the storage (references = 1 is set here), also on failure. Checks that there are rows and inputs, that
 * dtypes, ranks and widths are in order, class numbers are in range, and rows < 2^31.
 */
soma_status soma_dataset_make(soma_storage *storage, soma_dataset **dataset);
/* An empty storage, to be filled by a loader; NULL: out of memory. */
soma_storage *soma_storage_create(void);
/* Drops one reference; the last one frees owned columns, names and weights. Accepts NULL. */
void soma_storage_release(soma_storage *storage);

/* Fills a column: width is the product of the shape; an input of bytes is scaled by 1/255, where classes > 0 nothing is
 * scaled. */
void soma_column_set(soma_column *column, void *data, bool owned, soma_dtype dtype, uint32_t rank, const size_t *shape,
                     size_t classes);

/*
 * The same for inputs of a file, of this shape there. Bytes in two dimensions are a grey picture, and get a channel
 * dimension of 1: else they would be taken for as many channels as the picture is wide.
 */
void soma_column_set_samples(soma_column *column, void *data, bool owned, soma_dtype dtype, uint32_t rank,
                             const size_t *shape);

/* A data set over rows[samples] of a storage: takes over `rows`, also on failure, and adds a reference to the storage.
 */
soma_status soma_dataset_view(soma_storage *storage, int32_t *rows, size_t samples, soma_dataset **dataset);
/* Row of the storage that sample `index` of the data set is. */
static inline size_t soma_dataset_row(const soma_dataset *dataset, size_t index) {
    return dataset->rows ? (size_t)dataset->rows[index] : index;
}
/* Class number of a row, of a column with classes. */
static inline int32_t soma_column_class(const soma_column *column, size_t row) {
    return column->dtype == SOMA_U8 ? (int32_t)((const uint8_t *)column->data)[row]
                                    : ((const int32_t *)column->data)[row];
}
/* A number of a column, as it is stored. */
static inline float soma_column_number(const soma_column *column, size_t place) {
    if (column->dtype == SOMA_F32) return ((const float *)column->data)[place];
    return column->dtype == SOMA_U8 ? (float)((const uint8_t *)column->data)[place]
                                    : (float)((const int32_t *)column->data)[place];
}
/*
 * A storage of this data set's rows alone, in its order. Inputs stay as they are, or become the float32 that the
 * network sees, but for their offsets, which stay. For changing a data set whose storage others share.
 */
soma_status soma_dataset_copy_storage(const soma_dataset *dataset, bool inputs_as_seen, soma_storage **storage);

/* As soma_dataset_read_input(), but without the offset. */
soma_status soma_dataset_read_differences(const soma_dataset *dataset, size_t input, size_t first, size_t count,
                                          float *values);

/* The same samples of the same rows, with a copy of the targets, of all rows; inputs stay where they are. */
soma_status soma_dataset_with_own_targets(const soma_dataset *dataset, soma_dataset **copy);

/*
 * A data set whose inputs have no offsets, since devices know of none: a copy with offset and value added up in float32
 * where there are offsets, to be destroyed; NULL where there are none.
 */
soma_status soma_dataset_without_offsets(const soma_dataset *dataset, soma_dataset **copy);

/* Makes the data set look at a new storage, which holds its samples in its order. */
void soma_dataset_replace_storage(soma_dataset *dataset, soma_storage *storage);

/* What stands for the group of a sample of a data set that has groups: of its text in a table, else its number. */
uint64_t soma_dataset_group_key(const soma_dataset *dataset, size_t sample);

#endif
