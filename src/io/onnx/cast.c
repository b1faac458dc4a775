/* SPDX-License-Identifier: MIT */
/* Casts: soma computes in float32, so that there is nothing to compute. */
#include "io/onnx/family.h"

#include <inttypes.h>
#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

static soma_status cast_target(const soma_onnx_node *node, int32_t *type) {
    static const char *const names[] = {"UNDEFINED", "FLOAT",  "UINT8", "INT8",    "UINT16", "INT16",  "INT32",
                                        "INT64",     "STRING", "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64"};
    const Soma__Onnx__AttributeProto *to = soma_onnx_attribute(node, "to");
    if (node->row == &soma_onnx_row_CastLike) {
        const soma_onnx_value *like = node->input[1]; /* what was computed is float32, whatever the file calls it */
        const bool known = like->integer || soma_onnx_is_float(like->elements.type);
        *type = known ? like->elements.type : (int32_t)SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
        return SOMA_OK;
    }
    *type = to && to->has_i && to->i >= 0 && to->i < 1000 ? (int32_t)to->i : 0;
    for (size_t i = 0; node->opset < 6 && to && to->has_s && i < SOMA_COUNT_OF(names); i++)
        if (soma_onnx_is_text(to, names[i])) *type = (int32_t)i;
    return *type ? SOMA_OK
                 : soma_error(SOMA_INVALID_FILE, "attribute to must be the number of a type; it is %" PRId64,
                              to && to->has_i ? to->i : 0);
}

enum { BOOL = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL };

/* Whether all numbers of the one are numbers of the other. */
static bool has_room(const soma_onnx_range *type, int32_t given) {
    soma_onnx_range of;
    return soma_onnx_get_cast_range(given, &of) && of.least >= type->least &&
           of.least + of.span <= type->least + type->span;
}

/* Numbers that are known become whole as C does it; `of`: and numbers of that, NULL: they are. */
static soma_status truncate(soma_onnx_node *node, int32_t type, const soma_onnx_range *of) {
    const soma_onnx_value *x = node->input[0];
    soma_onnx_reader reader;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, x->elements.count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &x->elements, &reader));
    soma_status status = SOMA_OK;
    bool finite = true;
    for (size_t i = 0; i < x->elements.count; i++) {
        numbers[i] = trunc(soma_onnx_read(&reader, i));
        finite &= isfinite(numbers[i]) != 0;
        if (of && x->integer && status == SOMA_OK)
            status = soma_onnx_check_whole(x->name, i, numbers[i], x->elements.type);
        if (of) numbers[i] = soma_onnx_wrap_into(of, numbers[i]);
    }
    soma_onnx_reader_close(&reader);
    SOMA_TRY(status);
    if (!finite) return soma_error(SOMA_UNSUPPORTED, "%s holds what is no finite number", x->name);
    return soma_onnx_give_numbers(node, type, &x->shape, false, numbers);
}

/* Numbers that are known become 1, or 0 where they are 0. */
static soma_status know_truth(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    soma_onnx_reader reader;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, x->elements.count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &x->elements, &reader));
    for (size_t i = 0; i < x->elements.count; i++) numbers[i] = soma_onnx_read(&reader, i) != 0;
    soma_onnx_reader_close(&reader);
    return soma_onnx_give_numbers(node, BOOL, &x->shape, false, numbers);
}

/* 1 where x is not 0: that x = 0 does not hold. */
static soma_status make_truth(soma_onnx_node *node, soma_tensor *x, soma_tensor **y) {
    soma_tensor *zero;
    SOMA_TRY(soma_onnx_fill(node, 0, &zero));
    SOMA_TRY(soma_graph_binary(x->graph, x, zero, SOMA_BINARY_EQUAL, y));
    return soma_graph_binary(x->graph, *y, zero, SOMA_BINARY_EQUAL, y);
}

/* x without its part behind the point. */
static soma_status make_whole(soma_onnx_node *node, soma_tensor *x, soma_tensor **y) {
    soma_tensor *one;
    SOMA_TRY(soma_onnx_fill(node, 1, &one));
    SOMA_TRY(soma_graph_binary(x->graph, x, one, SOMA_BINARY_REMAINDER, y));
    return soma_graph_binary(x->graph, x, *y, SOMA_BINARY_SUBTRACT, y);
}

/* x, which is whole, as a number of the type. */
static soma_status make_narrow(soma_onnx_node *node, soma_tensor *x, const soma_onnx_range *of, soma_tensor **y) {
    soma_tensor *least;
    SOMA_TRY(soma_onnx_fill(node, (float)-of->least, &least));
    SOMA_TRY(soma_graph_binary(x->graph, x, least, SOMA_BINARY_ADD, y));
    SOMA_TRY(soma_onnx_function(node, *y, SOMA_LINEAR, (float)(1 / of->span), 0, y));
    SOMA_TRY(soma_onnx_function(node, *y, SOMA_FLOOR, 0, 0, y));
    SOMA_TRY(soma_onnx_function(node, *y, SOMA_LINEAR, (float)of->span, 0, y));
    return soma_graph_binary(x->graph, x, *y, SOMA_BINARY_SUBTRACT, y);
}

soma_status soma_onnx_wrap(soma_onnx_node *node, int32_t type, soma_tensor *x, soma_tensor **y) {
    soma_onnx_range of;
    *y = x;
    return type != BOOL && soma_onnx_get_range(type, &of) ? make_narrow(node, x, &of, y) : SOMA_OK;
}

/* What is known when the model runs, as whole numbers, of a narrow type or not, or truth. */
static soma_status convert(soma_onnx_node *node, int32_t type, const soma_onnx_range *of) {
    soma_onnx_value *x = node->input[0];
    soma_tensor *y;
    if (x->integer && x->tensor)
        y = x->tensor;
    else if (x->integer)
        SOMA_TRY(soma_onnx_tensor_of_any(node, x, &y));
    else
        SOMA_TRY(soma_onnx_tensor_as_it_lies(node, x, &y));
    if (type == BOOL || !x->integer) SOMA_TRY(type == BOOL ? make_truth(node, y, &y) : make_whole(node, y, &y));
    if (of && type != BOOL) SOMA_TRY(make_narrow(node, y, of, &y));
    node->output.integer = true;
    node->output.elements.type = type;
    return soma_onnx_give_like(node, y, x);
}

/* All of these are float32 here: nothing is rounded to float16 within a network. */
static bool is_float(int32_t type) {
    return type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT || type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE ||
           type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16;
}

/* Whole numbers become floats as they are. Rounding to a type that soma does not compute with is refused. */
static soma_status import_cast(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    int32_t type;
    SOMA_TRY(cast_target(node, &type));
    const bool text = type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
    if ((x->encoded || x->words.count) && text) return soma_onnx_pass(node, x);
    if (x->encoded || soma_onnx_is_labels(x))
        return soma_error(SOMA_UNSUPPORTED, "a cast from words to %s; words stay words here",
                          soma_onnx_describe_type(type).text);
    const bool wide = is_float(type);
    /* Whole numbers are held as they are; a narrower type wraps them, bool makes ones of them. */
    soma_onnx_range of;
    const bool bounded = type != BOOL && soma_onnx_get_cast_range(type, &of);
    const bool wraps = bounded && !(x->integer && has_room(&of, x->elements.type));
    bool whole = bounded || type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 ||
                 type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
    if ((wide || wraps) && x->elements.open) return soma_onnx_unknown_batch(x->name);
    if ((whole && !x->integer && x->constant && !x->trained) || (wraps && x->integer && x->constant))
        return truncate(node, type, wraps ? &of : NULL);
    bool truth = type == BOOL && !(x->integer && x->elements.type == BOOL);
    if (truth && soma_onnx_is_known(x)) return know_truth(node);
    if (truth || wraps || (whole && !x->integer)) return convert(node, type, wraps ? &of : NULL);
    whole |= type == BOOL;
    if (!wide && !(x->integer && whole))
        return soma_error(SOMA_UNSUPPORTED, "a cast from %s to %s; soma computes in float32",
                          x->integer ? "whole numbers" : "float", soma_onnx_describe_type(type).text);
    if (wide && !x->integer) return soma_onnx_pass_on(node);
    /* A narrow type has numbers of its own, to which what is computed of it would wrap. */
    const bool widens = whole && x->constant && type != x->elements.type && soma_onnx_get_range(x->elements.type, &of);
    if (widens && !x->elements.made) return truncate(node, type, NULL);
    SOMA_TRY(soma_onnx_pass(node, x));
    if (widens) node->output.elements.type = type;
    node->output.integer = !wide;
    node->output.tensor = x->constant ? NULL : x->tensor; /* as whole numbers it may be another */
    if (!x->constant) node->output.elements.type = type;
    return SOMA_OK;
}

SOMA_ONNX_OP(Cast, 1, 1, 1, "to saturate round_mode", import_cast, 0, .place = SOMA_ONNX_MOVED);
SOMA_ONNX_OP(CastLike, 15, 2, 2, "saturate round_mode", import_cast, 0, .place = SOMA_ONNX_MOVED);
