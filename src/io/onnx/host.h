/* SPDX-License-Identifier: MIT */
/* Ops that are computed on the host, by all the numbers of their inputs. */
#ifndef SOMA_IO_ONNX_HOST_H
#define SOMA_IO_ONNX_HOST_H

#include "io/onnx/import.h"

/* ------------------------------------------------------------------------------------------------- host_numbers.c */

/* All numbers of an input that is known, one for each element; the importer's. Whole numbers that are not sure to be
 * themselves are refused. */
soma_status soma_onnx_numbers_of(soma_onnx_node *node, uint32_t input, const double **numbers, size_t *count);
/* One number, of whatever size; `otherwise` where the input is left out. */
soma_status soma_onnx_number_of(soma_onnx_node *node, uint32_t input, double otherwise, double *number);
/* Whether all inputs are known. */
bool soma_onnx_all_known(const soma_onnx_node *node);
/* What its message ends with. */
#define SOMA_ONNX_ACCEPTED "accepted: `soma predict --raw`, soma_onnx_session_run() of soma/onnx.h, soma.onnx.Session"
/* An error of an op that no network has, since it does not know its result's shape. */
soma_status soma_onnx_open_result(void);
/* The same of one that is computed on the host for another reason, which `what` begins with. */
soma_status soma_onnx_on_host(const char *what);

/* Counts steps that are in no proportion to what is read and made: an error where those of a run, `what`, are more than
 * 2^32, which take some 20 seconds. */
soma_status soma_onnx_take_steps(soma_onnx_node *node, double steps, const char *what);

/* Whether one comes before another. */
typedef bool soma_onnx_before(const void *context, size_t a, size_t b);
/* Puts numbers of things into order; those that are equal stay in theirs. */
soma_status soma_onnx_sort(size_t *things, size_t count, soma_onnx_before *before, const void *context);

/* -------------------------------------------------------------------------------------------------- order_known.c */

/* The places of extremes along an axis; the largest or least ones, or their places. */
soma_status soma_onnx_fold_place(soma_onnx_node *node);
soma_status soma_onnx_fold_top(soma_onnx_node *node);

#endif
