/* SPDX-License-Identifier: MIT */
/* Whole numbers of types that wrap, and truth. */
#include "io/onnx/family.h"

#include <math.h>

enum { BOOL = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL };

bool soma_onnx_get_range(int32_t type, soma_onnx_range *of) {
    switch (type) {
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
        return *of = (soma_onnx_range){INT8_MIN, 0x1p8}, true;
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
        return *of = (soma_onnx_range){0, 0x1p8}, true;
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
        return *of = (soma_onnx_range){INT16_MIN, 0x1p16}, true;
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT16:
        return *of = (soma_onnx_range){0, 0x1p16}, true;
    case BOOL:
        return *of = (soma_onnx_range){0, 2}, true;
    default:
        return false;
    }
}

bool soma_onnx_get_cast_range(int32_t type, soma_onnx_range *of) {
    switch (type) {
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
        return *of = (soma_onnx_range){0, 0x1p32}, true;
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT64:
        return *of = (soma_onnx_range){0, 0x1p64}, true;
    default:
        return soma_onnx_get_range(type, of);
    }
}

double soma_onnx_wrap_into(const soma_onnx_range *of, double number) {
    return number - of->span * floor((number - of->least) / of->span);
}

double soma_onnx_wrap_number(int32_t type, double number) {
    soma_onnx_range of;
    const bool wraps =
        type != BOOL && soma_onnx_get_cast_range(type, &of) && (number < of.least || number >= of.least + of.span);
    return wraps ? soma_onnx_wrap_into(&of, number) : number;
}
