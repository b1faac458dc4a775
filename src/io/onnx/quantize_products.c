/* SPDX-License-Identifier: MIT */
/*
 * Products of quantised values: MatMulInteger, ConvInteger, QLinearMatMul and QLinearConv. They are MatMul and Conv of
 * floats, see quantize.c.
 */
#include "base/size.h"
#include "io/onnx/family.h"
#include "io/onnx/quantize.h"

#include <math.h>
#include <string.h>

/* A factor of 8 bits is at most this, its zero point taken away. */
#define MOST_FACTOR 255.0
#define MOST_WHOLE  0x1p24

enum { MOST_PARTS = 9 };

/* Weights as whole numbers, and which of them are added up: those whose number is the same under either rule. */
typedef struct weights {
    double *number;
    size_t count, outputs, inner; /* element i belongs to output i / inner % outputs */
} weights;

static soma_status read_weights(soma_onnx_node *node, const soma_onnx_value *w, const soma_onnx_value *zero,
                                weights *all) {
    const soma_onnx_file *file = node->importer->file;
    soma_onnx_reader reader, zeros;
    all->count = w->elements.count;
    if (!w->constant || (zero && !zero->constant))
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file", w->name);
    const size_t own = zero ? zero->elements.count : 1;
    if (own != 1 && own != all->outputs)
        return soma_error(SOMA_UNSUPPORTED, "%s has %zu zero points for %zu outputs", w->name, own, all->outputs);
    SOMA_TRY(soma_onnx_make(node, all->count, &all->number));
    SOMA_TRY(soma_onnx_reader_open(file, &w->elements, &reader));
    soma_status status = zero ? soma_onnx_reader_open(file, &zero->elements, &zeros) : SOMA_OK;
    for (size_t i = 0; i < all->count && status == SOMA_OK; i++)
        all->number[i] = soma_onnx_read(&reader, i) -
                         (zero ? soma_onnx_read(&zeros, own == 1 ? 0 : i / all->inner % all->outputs) : 0);
    soma_onnx_reader_close(&reader);
    if (zero && status == SOMA_OK) soma_onnx_reader_close(&zeros);
    return status;
}

/* Digit number `place` of a whole number, of so many bits, with its sign. */
static double digit(double number, unsigned bits, unsigned place) {
    const unsigned size = (unsigned)fabs(number) >> (bits * place) & ((1u << bits) - 1);
    return number < 0 ? -(double)size : (double)size;
}

/* The largest sum of products of one digit that an output can have. */
static soma_status largest_sum(soma_onnx_node *node, const weights *all, unsigned bits, double *largest) {
    double *sum = NULL;
    SOMA_TRY(soma_onnx_make(node, all->outputs, &sum));
    *largest = 0;
    for (unsigned place = 0; place * bits < MOST_PARTS; place++) {
        memset(sum, 0, all->outputs * sizeof *sum);
        for (size_t i = 0; i < all->count; i++)
            sum[i / all->inner % all->outputs] += MOST_FACTOR * fabs(digit(all->number[i], bits, place));
        for (size_t i = 0; i < all->outputs; i++) *largest = SOMA_MAX(*largest, sum[i]);
    }
    return SOMA_OK;
}

/* As many bits at once as sums of products have room for. */
static soma_status choose_bits(soma_onnx_node *node, const weights *all, unsigned *bits) {
    static const unsigned choices[] = {MOST_PARTS, 4, 2, 1};
    double largest = 0;
    for (size_t i = 0; i < SOMA_COUNT_OF(choices); i++) {
        *bits = choices[i];
        SOMA_TRY(largest_sum(node, all, *bits, &largest));
        if (largest <= MOST_WHOLE) return SOMA_OK;
    }
    return soma_error(SOMA_UNSUPPORTED, "sums of so many products that float32 does not have all their whole numbers");
}

/* Of x and one digit of the weights. */
static soma_status product_of(soma_onnx_node *node, soma_onnx_rule *rule, const soma_onnx_value *x,
                              const soma_onnx_value *w, const double *numbers, soma_onnx_value *y) {
    soma_onnx_value *given[SOMA_MAX_INPUTS], left = *x;
    const uint32_t count = node->input_count;
    const char *name = node->output.name;
    soma_onnx_value right = {.constant = true, .shape = w->shape, .name = w->name};
    right.elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
                                          .count = w->elements.count,
                                          .made = true,
                                          .doubles = numbers};
    memcpy(given, node->input, sizeof given);
    node->input[0] = &left;
    node->input[1] = &right;
    node->input_count = 2;
    soma_status status = rule(node);
    memcpy(node->input, given, sizeof given);
    node->input_count = count;
    *y = node->output;
    node->output = (soma_onnx_value){.name = name};
    return status;
}

/* The products, digit by digit, those of the highest first. */
static soma_status multiply(soma_onnx_node *node, soma_onnx_rule *rule, const soma_onnx_value *x,
                            const soma_onnx_value *w, const weights *all, soma_onnx_value *y) {
    unsigned bits;
    soma_onnx_value part;
    SOMA_TRY(choose_bits(node, all, &bits));
    if (bits == MOST_PARTS) return product_of(node, rule, x, w, all->number, y);
    for (unsigned place = (MOST_PARTS - 1) / bits + 1; place-- > 0;) {
        double *digits = NULL;
        SOMA_TRY(soma_onnx_make(node, all->count, &digits));
        for (size_t i = 0; i < all->count; i++) digits[i] = digit(all->number[i], bits, place);
        SOMA_TRY(product_of(node, rule, x, w, digits, &part));
        if (place < (MOST_PARTS - 1) / bits) {
            SOMA_TRY(soma_onnx_function(node, y->tensor, SOMA_LINEAR, (float)(1u << bits), 0, &y->tensor));
            SOMA_TRY(soma_graph_binary(part.tensor->graph, y->tensor, part.tensor, SOMA_BINARY_ADD, &part.tensor));
        }
        *y = part;
    }
    return SOMA_OK;
}

/* Inputs of a product: values, zero points, weights. */
typedef struct factors {
    soma_onnx_value *x, *w, *x_zero, *w_zero;
} factors;

/* x less its zero point by w less its own, by the rule of MatMul or Conv; outputs: along dimension `axis` of w. */
static soma_status product(soma_onnx_node *node, const factors *f, bool conv, soma_onnx_value *y) {
    const soma_onnx_shape *shape = &f->w->shape;
    const uint32_t axis = conv ? 0 : shape->rank - 1;
    soma_onnx_value x = soma_onnx_as_floats(f->x);
    if (shape->rank < 2 || shape->batched || (!conv && shape->rank != 2))
        return soma_error(SOMA_UNSUPPORTED, "%s must be a matrix, or the weights of a convolution", f->w->name);
    weights all = {.outputs = shape->dim[axis], .inner = soma_onnx_count(shape, axis + 1, shape->rank)};
    if (all.outputs == 0 || f->w->elements.count == 0) return soma_error(SOMA_UNSUPPORTED, "%s is empty", f->w->name);
    SOMA_TRY(read_weights(node, f->w, f->w_zero, &all));
    for (size_t i = 0; i < all.count; i++)
        if (!(fabs(all.number[i]) < (double)(1 << MOST_PARTS)))
            return soma_error(SOMA_UNSUPPORTED, "%s holds more than numbers of 8 bits", f->w->name);
    if (f->x_zero && f->x_zero->shape.rank > 0 && soma_onnx_count(&f->x_zero->shape, 0, f->x_zero->shape.rank) != 1)
        return soma_error(SOMA_UNSUPPORTED, "%s must be one number", f->x_zero->name);
    SOMA_TRY(soma_onnx_subtract_zero(node, &x, f->x_zero));
    return multiply(node, conv ? soma_onnx_row_Conv.rule : soma_onnx_row_MatMul.rule, &x, f->w, &all, y);
}

static soma_onnx_value *input(const soma_onnx_node *node, uint32_t number) {
    return number < node->input_count ? node->input[number] : NULL;
}

static soma_status check_type(const soma_onnx_value *x) {
    const int32_t type = x->elements.type;
    if (x->integer &&
        (type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT8 || type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT8))
        return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "%s must be uint8 or int8", x->name);
}

static soma_status import_integer(soma_onnx_node *node) {
    const bool conv = node->row->parameter != 0;
    const factors f = {input(node, 0), input(node, 1), input(node, 2), input(node, 3)};
    soma_onnx_value y;
    SOMA_TRY(check_type(f.x));
    SOMA_TRY(check_type(f.w));
    SOMA_TRY(product(node, &f, conv, &y));
    node->output.integer = true;
    node->output.elements.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
    return soma_onnx_give_like(node, y.tensor, &y);
}

SOMA_ONNX_OP(MatMulInteger, 10, 2, 4, "", import_integer, 0);
SOMA_ONNX_OP(ConvInteger, 10, 2, 4, "auto_pad dilations group kernel_shape pads strides", import_integer, 1);

/* ------------------------------------------------------------------------------------------ with scales of results */

/* What sums are multiplied by: of one number or of each output, in float32 as onnxruntime has it. */
static soma_status make_scale(soma_onnx_node *node, const soma_onnx_value *x, const soma_onnx_value *w,
                              const soma_onnx_value *y, soma_onnx_value *scale) {
    const soma_onnx_file *file = node->importer->file;
    const size_t count = w->elements.count;
    float one, other;
    double *numbers = NULL;
    if (!w->constant || !soma_onnx_single(node, x, &one) || !soma_onnx_single(node, y, &other))
        return soma_error(SOMA_UNSUPPORTED, "scales must be constants, and one number but for the weights");
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    soma_onnx_reader reader;
    SOMA_TRY(soma_onnx_reader_open(file, &w->elements, &reader));
    for (size_t i = 0; i < count; i++) numbers[i] = (double)(one * (float)soma_onnx_read(&reader, i) / other);
    soma_onnx_reader_close(&reader);
    *scale = (soma_onnx_value){.constant = true, .shape = w->shape, .name = w->name};
    scale->elements = (soma_onnx_elements){
        .type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .count = count, .made = true, .doubles = numbers};
    return SOMA_OK;
}

/* x, its scale, its zero point, the same of w, scale and zero point of the result, and of a convolution a bias. */
static soma_status import_linear(soma_onnx_node *node) {
    const bool conv = node->row->parameter != 0;
    const factors f = {input(node, 0), input(node, 3), input(node, 2), input(node, 5)};
    soma_onnx_value y, scale;
    SOMA_TRY(check_type(f.x));
    SOMA_TRY(check_type(f.w));
    SOMA_TRY(check_type(node->input[7]));
    SOMA_TRY(product(node, &f, conv, &y));
    const uint32_t axis = conv ? 1 : y.shape.rank - 1;
    if (input(node, 8)) SOMA_TRY(soma_onnx_apply_along(node, &y, node->input[8], axis, SOMA_BINARY_ADD));
    SOMA_TRY(make_scale(node, node->input[1], node->input[4], node->input[6], &scale));
    SOMA_TRY(soma_onnx_apply_along(node, &y, &scale, axis, SOMA_BINARY_MULTIPLY));
    return soma_onnx_give_quantised(node, &y, node->input[7], 0, node->input[7]->elements.type);
}

SOMA_ONNX_OP(QLinearMatMul, 10, 8, 8, "", import_linear, 0);
SOMA_ONNX_OP(QLinearConv, 10, 8, 9, "auto_pad dilations group kernel_shape pads strides", import_linear, 1);
