/* SPDX-License-Identifier: MIT */
/* quantize.c, for quantize_products.c and others: quantised values as floats, and floats as quantised values. */
#ifndef SOMA_IO_ONNX_QUANTIZE_H
#define SOMA_IO_ONNX_QUANTIZE_H

#include "io/onnx/import.h"

/* The value as floats that are not trained: whole numbers as they are. */
soma_onnx_value soma_onnx_as_floats(const soma_onnx_value *value);
/* An error that names a constant scale which is no finite float32. */
soma_status soma_onnx_check_scale(const soma_onnx_file *file, const soma_onnx_value *scale);
/* x op list, which is one number, or one for each place along an axis of x. */
soma_status soma_onnx_apply_along(soma_onnx_node *node, soma_onnx_value *x, const soma_onnx_value *list, uint32_t axis,
                                  soma_binary op);
/* x less one zero point; NULL: there is none. */
soma_status soma_onnx_subtract_zero(soma_onnx_node *node, soma_onnx_value *x, const soma_onnx_value *zero);
/* The result is x, rounded to even, plus the zero point (NULL: none), within what the type holds. */
soma_status soma_onnx_give_quantised(soma_onnx_node *node, soma_onnx_value *x, const soma_onnx_value *zero,
                                     uint32_t axis, int32_t type);

#endif
