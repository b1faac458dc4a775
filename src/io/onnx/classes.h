/* SPDX-License-Identifier: MIT */
/*
 * What the ops of ai.onnx.ml have in common: rows of features, classes with names, what becomes of scores.
 *
 * A network computes numbers. Labels that are whole numbers are those; of labels that are words the network has the
 * places in a list of these words, which is that of the network's classes.
 */
#ifndef SOMA_IO_ONNX_CLASSES_H
#define SOMA_IO_ONNX_CLASSES_H

#include "io/onnx/import.h"

/* The first input as samples of so many features. */
soma_status soma_onnx_rows(soma_onnx_node *node, soma_tensor **x, size_t *features);

/* A list of numbers that an attribute has, or a tensor of the name NAME_as_tensor; *numbers is the importer's. */
soma_status soma_onnx_get_numbers(soma_onnx_node *node, const char *name, const double **numbers, size_t *count);
/* The same of an attribute that is a tensor. */
soma_status soma_onnx_get_tensor_numbers(soma_onnx_node *node, const Soma__Onnx__AttributeProto *attribute,
                                         const double **numbers, size_t *count);
/* Of numbers that are equal as float32, NaN too, the first alone counts, or the last: *kept are `of`, of as many, but
 * `instead` beside the others. */
soma_status soma_onnx_without_repeats(soma_onnx_node *node, const double *numbers, size_t count, bool last,
                                      const double *of, double instead, const double **kept);
/* A text; `otherwise` where there is no such attribute. */
soma_status soma_onnx_get_text(const soma_onnx_node *node, const char *name, const char *otherwise, char *text,
                               size_t size);

/* A parameter of these numbers, of which a copy is made; a frozen one is not trained. */
soma_status soma_onnx_add_numbers(soma_onnx_node *node, const char *ending, uint32_t rank, const size_t *shape,
                                  const double *numbers, bool frozen, soma_tensor **tensor);

/* Classes by the attributes classlabels_int64s (or _ints) and classlabels_strings: whole numbers, or words. */
soma_status soma_onnx_get_classes(soma_onnx_node *node, const char *numbers, const char *words,
                                  soma_onnx_classes *classes);
/* The result is the label at these places among the classes, one for each sample; the classes are the network's. */
soma_status soma_onnx_give_labels(soma_onnx_node *node, soma_tensor *place, const soma_onnx_shape *shape,
                                  const soma_onnx_classes *classes);
/* The elements of a constant list at these places, or of each of several lists, [lists, elements]: these are the
 * result's last dimension. */
soma_status soma_onnx_look_up(soma_onnx_node *node, const soma_onnx_value *list, soma_tensor *place, soma_tensor **y);
/* The network's classes are called so, where nothing has named them yet. */
void soma_onnx_name_classes(soma_onnx_importer *importer, const soma_onnx_classes *classes);
/* Gives the network the names that were found. */
soma_status soma_onnx_keep_classes(soma_onnx_importer *importer);

/* x op a number */
/* These numbers, for each of the last dimension or one for all, where x is not 0, else 0: not as a product, since the
 * numbers may be infinite or NaN. */
soma_status soma_onnx_keep_numbers(soma_onnx_node *node, soma_tensor *x, const char *ending, size_t count,
                                   const double *numbers, soma_tensor **y);
soma_status soma_onnx_with_number(soma_onnx_node *node, soma_tensor *x, float number, soma_binary op, soma_tensor **y);
/* Along the last dimension, of which 1 is left. */
soma_status soma_onnx_reduce_last(soma_tensor *x, soma_reduction op, soma_tensor **y);
/* The place of the first largest along the last dimension, which becomes 1. */
soma_status soma_onnx_first_largest(soma_onnx_node *node, soma_tensor *x, soma_tensor **place);
/* What the attribute post_transform makes of scores along the last dimension. */
soma_status soma_onnx_transform_scores(soma_onnx_node *node, soma_tensor *x, soma_tensor **y);

/* What tells classes apart: a score for each; or of two one score s, of which those of both are [-s, s] or [1 - s, s].
 */
typedef enum soma_onnx_score_kind { SOMA_ONNX_SCORES, SOMA_ONNX_MARGIN, SOMA_ONNX_PROBABILITY } soma_onnx_score_kind;
/* What a classifier's node results in, its output number node->number: labels [batch], or scores [batch, classes]. The
 * label is that of the first largest score; of one score, of the second class where it is above the threshold. */
soma_status soma_onnx_give_classes(soma_onnx_node *node, soma_tensor *scores, soma_onnx_score_kind kind,
                                   float threshold, const soma_onnx_classes *classes);
/* The scores alone. */
soma_status soma_onnx_give_scores(soma_onnx_node *node, soma_tensor *scores, soma_onnx_score_kind kind,
                                  const soma_onnx_classes *classes);

#endif
