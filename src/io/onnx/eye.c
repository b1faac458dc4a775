/* SPDX-License-Identifier: MIT */
/* EyeLike: ones on a diagonal of a matrix of another value's shape, a constant. */
#include "io/onnx/compose.h"

static soma_status import_eye(soma_onnx_node *node) {
    const soma_onnx_value *like = node->input[0];
    const soma_onnx_shape out = {.rank = 2, .dim = {like->shape.dim[0], like->shape.dim[1]}};
    int64_t type, offset;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_get_integer(node, "dtype", soma_onnx_type_of(like), &type));
    SOMA_TRY(soma_onnx_get_integer(node, "k", 0, &offset));
    if (like->shape.rank != 2) return soma_error(SOMA_INVALID_FILE, "%u dimensions; it takes 2", like->shape.rank);
    if (soma_onnx_first(node->importer, &like->shape)) return soma_onnx_mixes(node);
    if (soma_onnx_is_float((int32_t)type)) type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    if (!soma_onnx_is_float((int32_t)type) && !soma_onnx_is_integer((int32_t)type))
        return soma_error(SOMA_UNSUPPORTED, "a matrix of %s", soma_onnx_describe_type((int32_t)type).text);
    SOMA_TRY(soma_onnx_make_table(node, out.dim[0], out.dim[1], &numbers));
    for (size_t i = 0; i < out.dim[0] * out.dim[1]; i++)
        numbers[i] = (int64_t)(i % out.dim[1]) - (int64_t)(i / out.dim[1]) == offset;
    return soma_onnx_give_numbers(node, (int32_t)type, &out, false, numbers);
}

SOMA_ONNX_OP(EyeLike, 9, 1, 1, "dtype k", import_eye, 0);
