/* SPDX-License-Identifier: MIT */
/* Ops that are put together of others of ONNX's, each read by the rule of its own. */
#ifndef SOMA_IO_ONNX_COMPOSE_H
#define SOMA_IO_ONNX_COMPOSE_H

#include "io/onnx/family.h"

enum { SOMA_ONNX_MOST_ATTRIBUTES = 5 };
/* Of an Attention that is put together: its mask is finite wherever it is, so that no query is without keys. */
#define SOMA_ONNX_FINITE_MASK "mask_is_finite"

/* A node of no file, with attributes which may be lists of whole numbers. */
typedef struct soma_onnx_made {
    Soma__Onnx__NodeProto node;
    Soma__Onnx__AttributeProto attribute[SOMA_ONNX_MOST_ATTRIBUTES], *attributes[SOMA_ONNX_MOST_ATTRIBUTES];
    int64_t numbers[SOMA_ONNX_MOST_ATTRIBUTES][SOMA_ONNX_MAX_RANK];
} soma_onnx_made;

/* Without attributes; names and texts are borrowed. */
void soma_onnx_begin_made(soma_onnx_made *made);
void soma_onnx_made_integer(soma_onnx_made *made, const char *name, int64_t number);
void soma_onnx_made_float(soma_onnx_made *made, const char *name, float number);
void soma_onnx_made_text(soma_onnx_made *made, const char *name, const char *text);
/* At most SOMA_ONNX_MAX_RANK of them. */
void soma_onnx_made_integers(soma_onnx_made *made, const char *name, const int64_t *numbers, size_t count);

/* ONNX's op, of opset 20, of these values, with attributes of `made`, or of the node itself where that is NULL. */
soma_status soma_onnx_compose(soma_onnx_node *node, const soma_onnx_row *row, const soma_onnx_made *made,
                              soma_onnx_value *const *inputs, uint32_t count, soma_onnx_value *out);
#define SOMA_ONNX_COMPOSE(node, op, made, out, ...)                                                                    \
    soma_onnx_compose(node, &soma_onnx_row_##op, made, (soma_onnx_value *const[]){__VA_ARGS__},                        \
                      sizeof((soma_onnx_value *[]){__VA_ARGS__}) / sizeof(soma_onnx_value *), out)

/* A constant list of whole numbers, int64; and a constant number. */
soma_status soma_onnx_compose_list(soma_onnx_node *node, const int64_t *numbers, size_t count, soma_onnx_value *list);
soma_status soma_onnx_compose_number(soma_onnx_node *node, double number, soma_onnx_value *value);
/* A constant of these numbers that is not trained. */
soma_status soma_onnx_compose_numbers(soma_onnx_node *node, const char *ending, uint32_t rank, const size_t *shape,
                                      const double *numbers, soma_onnx_value *value);
/* The dimensions in this order; cut into these, of which 0 stays what it is. */
soma_status soma_onnx_compose_turned(soma_onnx_node *node, soma_onnx_value *x, const int64_t *order,
                                     soma_onnx_value *out);
soma_status soma_onnx_compose_reshaped(soma_onnx_node *node, soma_onnx_value *x, const int64_t *shape, uint32_t rank,
                                       soma_onnx_value *out);
/* An op of a value and a number; a function of a value; so many along an axis from `start` on. */
soma_status soma_onnx_compose_with(soma_onnx_node *node, const soma_onnx_row *row, soma_onnx_value *x, double number,
                                   soma_onnx_value *out);
soma_status soma_onnx_compose_function(soma_onnx_node *node, soma_onnx_value *x, soma_function function,
                                       soma_onnx_value *out);
soma_status soma_onnx_compose_part(soma_onnx_node *node, soma_onnx_value *x, int64_t axis, size_t start, size_t count,
                                   soma_onnx_value *out);
/* Of numbers that a file of a few bytes asks for, and that are computed one by one, so many are made at most. */
#define SOMA_ONNX_MOST_MADE ((size_t)1 << 26)
soma_status soma_onnx_make_table(soma_onnx_node *node, size_t rows, size_t columns, double **numbers);
/* NULL where it is not there. */
soma_onnx_value *soma_onnx_optional(const soma_onnx_node *node, uint32_t input);

/* ---------------------------------------------------------------------------------------------- gather_samples.c */

/* A number that, with others added, names no row of a table; such a row is 0. */
#define SOMA_ONNX_NO_ROW (-0x1p27)
/* Whole numbers, floats, that are places of a dimension of this size; those that are none of it, and NaN, become
 * SOMA_ONNX_NO_ROW. Before they are multiplied by strides and added up: beside one dimension is within the next. */
soma_status soma_onnx_keep_inside(soma_onnx_node *node, soma_onnx_value *numbers, size_t size, soma_onnx_value *out);
/* An image [batch, channels, positions...] as a table of so many positions of each sample, [batch, rows, channels]. */
soma_status soma_onnx_compose_rows(soma_onnx_node *node, soma_onnx_value *x, size_t rows, soma_onnx_value *table);
/* Of a table [batch, rows, width] that depends on an input the rows of each sample that these numbers, floats [batch,
 * count] or [batch, count, 1], name: [batch, count, width]; 0 for numbers that are none of its rows. */
soma_status soma_onnx_rows_of(soma_onnx_node *node, soma_onnx_value *table, const soma_onnx_value *numbers,
                              soma_onnx_value *rows);

/* ---------------------------------------------------------------------------------------------------------- grid.c */

/* Of an image [batch, channels, positions...] that depends on an input values between its positions, 0 outside: at[i]
 * has where along dimension i of these, [batch, points, 1], and changes. [batch, points, channels] */
soma_status soma_onnx_sample_linearly(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *at,
                                      soma_onnx_value *y);

/* -------------------------------------------------------------------------------------------- gather_computed.c */

/* Where in all of a sample of the first input, flat, the numbers of the second mean along an axis, as floats in the
 * shape of these: those below 0 count from the end; below 0 where it is none. */
soma_status soma_onnx_places_computed(soma_onnx_node *node, uint32_t axis, soma_onnx_value *place);
/* The same of the numbers along the last dimension of the second, one for each of the first dimensions of the first:
 * which of the slices behind these, in the second's shape with 1 in its last dimension. */
soma_status soma_onnx_tuples_computed(soma_onnx_node *node, soma_onnx_value *place);
/* GatherElements by numbers that depend on an input, along an axis of a value that does, too. */
soma_status soma_onnx_gather_computed(soma_onnx_node *node, uint32_t axis);

#endif
