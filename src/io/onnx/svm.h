/* SPDX-License-Identifier: MIT */
/* A support vector machine as attributes give it, for the network and for the host. */
#ifndef SOMA_IO_ONNX_SVM_H
#define SOMA_IO_ONNX_SVM_H

#include "io/onnx/classes.h"

/* svm_read.c; numbers are the importer's. */
typedef struct soma_onnx_machine {
    const double *vector, *coefficient, *rho, *kernel; /* [vectors, features]; kernel: gamma, coef0, degree */
    size_t vectors, features, coefficients, rhos;
    char type[16];
} soma_onnx_machine;

/* Of so many vectors, which are set, and features. */
soma_status soma_onnx_read_machine(soma_onnx_node *node, size_t features, soma_onnx_machine *machine);
/* Where the vectors of each class begin; [classes + 1]. */
soma_status soma_onnx_read_starts(soma_onnx_node *node, size_t classes, size_t *start);

/* ------------------------------------------------------------------------------------------ svm_probabilities.c */

/* Whether probabilities come of the scores of pairs, by prob_a and prob_b. */
bool soma_onnx_has_probabilities(const Soma__Onnx__NodeProto *proto);
/* Output number node->number, labels or probabilities, of samples that are known. */
soma_status soma_onnx_give_probabilities(soma_onnx_node *node, const soma_onnx_classes *classes);

#endif
