/* SPDX-License-Identifier: MIT */
/*
 * BitShift, BitwiseAnd, BitwiseOr, BitwiseXor and BitwiseNot: of whole numbers that are known, as exporters unpack
 * weights of few bits with; of others on the host, in a session. Numbers below 0 have the bits of two's complement.
 */
#include "io/onnx/family.h"
#include "io/onnx/host.h"

#include <math.h>

#define TYPE(name) SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__##name

typedef enum bits_op { AND, OR, XOR } bits_op;

static soma_status check(const soma_onnx_node *node) {
    const int32_t type = soma_onnx_type_of(node->input[0]);
    if (!node->input[0]->integer || type == TYPE(BOOL))
        return soma_error(SOMA_INVALID_FILE, "%s is of %s; it must be of whole numbers", node->input[0]->name,
                          soma_onnx_describe_type(type).text);
    if (node->input_count > 1 && soma_onnx_type_of(node->input[1]) != type)
        return soma_error(SOMA_INVALID_FILE, "%s and %s are of different types, %s and %s", node->input[0]->name,
                          node->input[1]->name, soma_onnx_describe_type(type).text,
                          soma_onnx_describe_type(soma_onnx_type_of(node->input[1])).text);
    if (soma_onnx_all_known(node)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "bits of numbers that are known only when the model runs; accepted: `soma predict --raw`, "
                      "soma_onnx_session_run() of soma/onnx.h, soma.onnx.Session, which compute them on the host");
}

/* Exact, as folded numbers are below 2^53 either way. */
static double both(double a, double b) {
    return (double)((int64_t)a & (int64_t)b);
}
static double either(double a, double b) {
    return (double)((int64_t)a | (int64_t)b);
}
static double one(double a, double b) {
    return (double)((int64_t)a ^ (int64_t)b);
}

/* A size of the batch that is not known has no bits that are. */
static soma_status pairs(soma_onnx_node *node, soma_onnx_pair *f) {
    for (uint32_t i = 0; i < 2; i++) {
        const double *unused;
        size_t count;
        SOMA_TRY(soma_onnx_numbers_of(node, i, &unused, &count));
    }
    return soma_onnx_fold_pairs(node, f, soma_onnx_type_of(node->input[0]));
}

static soma_status import_bits(soma_onnx_node *node) {
    static soma_onnx_pair *const f[] = {[AND] = both, [OR] = either, [XOR] = one};
    SOMA_TRY(check(node));
    return pairs(node, f[node->row->parameter]);
}

SOMA_ONNX_OP(BitwiseAnd, 18, 2, 2, "", import_bits, AND, .place = SOMA_ONNX_ANYWHERE);
SOMA_ONNX_OP(BitwiseOr, 18, 2, 2, "", import_bits, OR, .place = SOMA_ONNX_ANYWHERE);
SOMA_ONNX_OP(BitwiseXor, 18, 2, 2, "", import_bits, XOR, .place = SOMA_ONNX_ANYWHERE);

/* Bits of a type, and whether one of them is a sign; 0: of another one. */
static unsigned width_of(int32_t type, bool *has_sign) {
    static const struct {
        int32_t type;
        unsigned width;
        bool has_sign;
    } types[] = {{TYPE(UINT8), 8, false},   {TYPE(INT8), 8, true},     {TYPE(UINT16), 16, false},
                 {TYPE(INT16), 16, true},   {TYPE(UINT32), 32, false}, {TYPE(INT32), 32, true},
                 {TYPE(UINT64), 64, false}, {TYPE(INT64), 64, true}};
    for (size_t i = 0; i < SOMA_COUNT_OF(types); i++)
        if (types[i].type == type) return *has_sign = types[i].has_sign, types[i].width;
    return 0;
}

/* -1 - x, of unsigned types their largest number less x. */
static soma_status import_not(soma_onnx_node *node) {
    const double *x;
    double *y = NULL, most;
    size_t count;
    SOMA_TRY(check(node));
    const int32_t type = soma_onnx_type_of(node->input[0]);
    bool has_sign = false;
    const unsigned width = width_of(type, &has_sign);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &x, &count));
    SOMA_TRY(soma_onnx_make(node, count, &y));
    most = width && !has_sign ? ldexp(1, (int)width) - 1 : -1;
    for (size_t i = 0; i < count; i++) y[i] = most - x[i];
    return soma_onnx_give_numbers(node, type, &node->input[0]->shape, false, y);
}

SOMA_ONNX_OP(BitwiseNot, 18, 1, 1, "", import_not, 0, .place = SOMA_ONNX_ANYWHERE);

/* What leaves the type at its upper end is gone; by as many bits as there are, or more, everything is. A sign is the
 * upper half of all numbers. */
static double shifted_left(double x, double by, unsigned width, bool has_sign) {
    const double all = ldexp(1, (int)width);
    if (by < 0 || by >= width) return 0;
    const double rest = fmod(ldexp(x, (int)by), all);
    if (!has_sign || (rest < all / 2 && rest >= -all / 2)) return rest;
    return rest < 0 ? rest + all : rest - all;
}

#define LEFT(width)                                                                                                    \
    static double left_##width(double x, double by) {                                                                  \
        return shifted_left(x, by, width, false);                                                                      \
    }                                                                                                                  \
    static double left_signed_##width(double x, double by) {                                                           \
        return shifted_left(x, by, width, true);                                                                       \
    }
LEFT(8)
LEFT(16)
LEFT(32)
LEFT(64)

static double right(double x, double by) {
    if (by < 0 || by >= 64) return x < 0 ? -1 : 0;
    return floor(ldexp(x, -(int)by));
}

static soma_status import_shift(soma_onnx_node *node) {
    static soma_onnx_pair *const left[2][4] = {{left_8, left_16, left_32, left_64},
                                               {left_signed_8, left_signed_16, left_signed_32, left_signed_64}};
    const Soma__Onnx__AttributeProto *where = soma_onnx_attribute(node, "direction");
    bool has_sign = false;
    unsigned width, at = 0;
    SOMA_TRY(check(node));
    if (!where || (!soma_onnx_is_text(where, "LEFT") && !soma_onnx_is_text(where, "RIGHT")))
        return soma_error(SOMA_INVALID_FILE, "attribute direction must be LEFT or RIGHT");
    width = width_of(soma_onnx_type_of(node->input[0]), &has_sign);
    if (!width) return soma_error(SOMA_UNSUPPORTED, "bits of %s", node->input[0]->name);
    while (8u << at < width) at++;
    return pairs(node, soma_onnx_is_text(where, "LEFT") ? left[has_sign][at] : right);
}

SOMA_ONNX_OP(BitShift, 11, 2, 2, "direction", import_shift, 0, .place = SOMA_ONNX_ANYWHERE);
