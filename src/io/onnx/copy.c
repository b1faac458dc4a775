/* SPDX-License-Identifier: MIT */
/* A tensor repeated and scaled, for which ONNX has products. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- export */

/*
 * Scaled and repeated at once by a product with as many equal numbers as there are in the result, which any reader
 * knows; where only the batch is missing, ONNX's broadcasting adds it.
 */
soma_status soma_onnx_export_copy(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    float scale = tensor->attributes.copy.scale;
    if (!x->batched && tensor->batched)
        return soma_error(SOMA_UNSUPPORTED, "a constant repeated for each sample of the batch has no ONNX form here");
    if (soma_tensor_same_shape(x, tensor)) {
        soma_onnx_put_scaled(exporter, soma_onnx_name_of(exporter, tensor), soma_onnx_name_of(exporter, x), scale);
        return SOMA_OK;
    }
    soma_onnx_name from = soma_onnx_aligned(exporter, x, tensor);
    soma_onnx_name factors = soma_onnx_constant_name(exporter, "constant");
    SOMA_TRY(soma_onnx_put_equal_numbers(exporter, factors.text, tensor, scale));
    PUT("Mul", soma_onnx_name_of(exporter, tensor), from.text, factors.text);
    return SOMA_OK;
}
