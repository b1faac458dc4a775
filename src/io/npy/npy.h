/* SPDX-License-Identifier: MIT */
/* NumPy's array files. */
#ifndef SOMA_IO_NPY_H
#define SOMA_IO_NPY_H

#include "io/stream.h"
#include <soma/soma.h>

/* ----------------------------------------------------------------------------------------------------- writing */

/*
 * Writes a row-major array as NPY, version 1.0, in the host's byte order, which the file names. rank 0 is a single
 * number. Atomic, see base/file.h.
 */
soma_status soma_npy_write(const char *path, soma_dtype dtype, uint32_t rank, const size_t *shape, const void *data);
/* What comes before the elements, and how many bytes those take; `name` stands for the file in messages. Free
 * header->data. */
soma_status soma_npy_header(const char *name, soma_dtype dtype, uint32_t rank, const size_t *shape, soma_text *header,
                            size_t *bytes);
/* The same of an array as its elements are written: *data, which is the array's, or of words *own, to be freed. */
soma_status soma_npy_pack(const char *name, const soma_array *array, soma_text *header, const void **data,
                          size_t *bytes, void **own);
/* words.c: words of UTF-8 as so many characters each, with zeros behind the shorter ones; soma_free() them. */
soma_status soma_npy_pack_words(const char *name, const char *const *words, size_t count, size_t *longest,
                                uint32_t **characters);

/* ----------------------------------------------------------------------------------------------------- reading */

/* What the header of a file says. */
typedef struct soma_npy {
    char kind;     /* 'f' float, 'i' signed, 'u' unsigned, 'b' truth values, 'U' words of size / 4 characters */
    uint32_t size; /* bytes of an element */
    bool big_endian, fortran_order;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
    size_t count;        /* elements */
    uint64_t data_start; /* offset of the first */
} soma_npy;

/* Reads up to the elements and checks their promise against the file's size. */
soma_status soma_npy_read_header(soma_stream *stream, soma_npy *npy);
/* The same where words are taken, too. */
soma_status soma_npy_read_header_of_any(soma_stream *stream, soma_npy *npy);
/* The dictionary of a header: sets all but count and data_start. `offset` is that of its first byte, for messages. */
soma_status soma_npy_parse(const char *name, uint64_t offset, const char *text, size_t length, soma_npy *npy);

/*
 * The elements, row-major, to the end of the file: SOMA_F32 of any kind, rounded, finite; SOMA_U8 of unsigned bytes;
 * SOMA_I32 of whole numbers from 0 to INT32_MAX - 1. Free *data with soma_free_aligned().
 */
soma_status soma_npy_read_elements(soma_stream *stream, const soma_npy *npy, soma_dtype as, void **data);
/* Of words, as `const char *` in *data, with their texts behind them: soma_free_aligned() it. */
soma_status soma_npy_read_words(soma_stream *stream, const soma_npy *npy, void **data);
/* The type of its elements. */
soma_dtype soma_npy_dtype(const soma_npy *npy);
/* The elements as they are, of soma_npy_dtype(), row-major and in the host's byte order, to the end of the file. Free
 * *data with soma_free_aligned(). */
soma_status soma_npy_read_as_they_are(soma_stream *stream, const soma_npy *npy, void **data);
/*
 * Samples of numbers as float32, rounded after an offset was subtracted from each feature's where float32 would take
 * different numbers for the same; finite, or not where that is said: the file is gone through twice where its numbers
 * may be such. *offset, of a feature each, is NULL where all are 0; soma_free() it, and *data with soma_free_aligned().
 */
soma_status soma_npy_read_features(soma_stream *stream, const soma_npy *npy, bool not_finite, void **data,
                                   double **offset);

/* Data sets: inputs, and targets or NULL. See soma_dataset_from_npy(). */
soma_status soma_npy_dataset(soma_stream *inputs, soma_stream *targets, const soma_npy_options *options,
                             soma_dataset **dataset);

#endif
