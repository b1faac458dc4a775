/* SPDX-License-Identifier: MIT */
/* Between the check of a call's single views and that of its views among each other. */
#ifndef SOMA_DEVICE_CHECK_CALL_H
#define SOMA_DEVICE_CHECK_CALL_H

#include "device/device.h"

/* Records an error that begins with the primitive's name. */
soma_status soma_call_refuse(const soma_call *call, soma_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "[32, 10]", into a buffer of SHAPE_TEXT_SIZE. */
const char *soma_call_shape_text(char *text, const soma_view *view);
#define SHAPE_TEXT_SIZE 128
#define SHAPE(view)     soma_call_shape_text((char[SHAPE_TEXT_SIZE]){0}, view)

/* Shapes and parameters, one for each primitive; each view has been found to be well formed by itself. */
typedef soma_status soma_shape_check(const soma_call *call);
soma_shape_check soma_check_fill, soma_check_copy, soma_check_gather, soma_check_gemm, soma_check_unary,
    soma_check_unary_grad, soma_check_bias_unary_grad, soma_check_binary, soma_check_reduce, soma_check_softmax,
    soma_check_softmax_grad, soma_check_dropout, soma_check_loss, soma_check_loss_grad, soma_check_metric,
    soma_check_optimizer;

#endif
