/* SPDX-License-Identifier: MIT */
/*
 * Constants that are computed while a network is made: the shapes that exporters put together from those of values,
 * and weights that a file makes by ops instead of holding them. What is computed so is bounded by the options'
 * memory_limit: a file of a few bytes may ask for any amount.
 */
#include "base/pages.h"
#include "io/onnx/family.h"
#include "io/onnx/inside.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Up to here a whole number that a double holds is the only one that it may have been. */
#define MOST_WHOLE (0x1p53 - 1)

enum { INT32 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT32, INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

struct soma_onnx_block {
    soma_onnx_block *next;
    double numbers[];
};

void soma_onnx_blocks_free(soma_onnx_block *block) {
    while (block) {
        soma_onnx_block *next = block->next;
        soma_free(block);
        block = next;
    }
}

soma_status soma_onnx_keep(soma_onnx_importer *importer, size_t bytes, const char *name, void **memory) {
    SOMA_TRY(soma_onnx_take(importer, bytes, name));
    soma_onnx_block *block = soma_calloc(1, sizeof *block + SOMA_MAX(bytes, (size_t)1));
    if (!block) return soma_out_of_memory(bytes, name);
    block->next = importer->blocks;
    importer->blocks = block;
    *memory = block->numbers;
    return SOMA_OK;
}

soma_status soma_onnx_make(soma_onnx_node *node, size_t count, double **numbers) {
    soma_onnx_importer *importer = node->importer;
    SOMA_TRY(soma_onnx_take_made(importer, count, sizeof(double), node->output.name));
    soma_onnx_block *block = soma_malloc(sizeof *block + count * sizeof(double));
    if (!block) return soma_out_of_memory(count * sizeof(double), node->output.name);
    soma_expect_all_pages(block, sizeof *block + count * sizeof(double));
    block->next = importer->blocks;
    importer->blocks = block;
    *numbers = block->numbers;
    return SOMA_OK;
}

bool soma_onnx_is_known(const soma_onnx_value *value) {
    return value->constant && (value->integer || !value->trained || value->elements.count == 1);
}

bool soma_onnx_can_fold(const soma_onnx_node *node) {
    bool made = false; /* of weights alone, however few, the network's op is made, so that they are trained */
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *value = node->input[i];
        if (value && !soma_onnx_is_known(value)) return false;
        made |= value && (value->integer || !value->trained);
    }
    return made;
}

int32_t soma_onnx_type_of(const soma_onnx_value *value) {
    return value->integer ? value->elements.type : (int32_t)SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
}

static soma_status too_large(const char *name, size_t i, double number, int32_t type) {
    return soma_error(SOMA_UNSUPPORTED, "%s, element %zu, is %.17g: too large for %s, computed with below 2^53", name,
                      i, number, soma_onnx_describe_type(type).text);
}

soma_status soma_onnx_check_whole(const char *name, size_t i, double number, int32_t type) {
    return fabs(number) > MOST_WHOLE ? too_large(name, i, number, type) : SOMA_OK;
}

/* int32 has one more number below 0 than above. */
static bool is_beyond(double number, int32_t type) {
    if (type != INT32) return fabs(number) > MOST_WHOLE;
    return number < (double)INT32_MIN || number > (double)INT32_MAX;
}

/* Whole numbers are whole, and wrap where their type has 8 or 16 bits or no sign, as NumPy and onnxruntime have it;
 * float is rounded to float32, in which a network computes. */
static soma_status settle(soma_onnx_elements *elements, const char *name, double *numbers, size_t count) {
    bool whole = soma_onnx_is_integer(elements->type);
    for (size_t i = 0; i < count; i++) {
        if (!whole) {
            numbers[i] = (double)(float)numbers[i];
            continue;
        }
        elements->open |= isnan(numbers[i]);
        if (numbers[i] < 0 && elements->type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT64)
            return soma_error(SOMA_UNSUPPORTED, "%s, element %zu, is %.17g: as uint64 beyond 2^53, computed with below",
                              name, i, numbers[i]);
        if (!is_beyond(numbers[i], elements->type))
            numbers[i] = soma_onnx_wrap_number(elements->type, numbers[i]);
        else
            return too_large(name, i, numbers[i], elements->type);
    }
    return SOMA_OK;
}

soma_status soma_onnx_give_numbers(soma_onnx_node *node, int32_t type, const soma_onnx_shape *shape, bool equal,
                                   double *numbers) {
    soma_onnx_value *output = &node->output;
    size_t count = soma_onnx_count(shape, 0, shape->rank);
    output->constant = true;
    output->integer = soma_onnx_is_integer(type);
    output->shape = *shape;
    output->elements = (soma_onnx_elements){.type = type, .count = count, .equal = equal, .made = true};
    output->elements.doubles = numbers;
    return settle(&output->elements, output->name, numbers, equal ? SOMA_MIN(count, (size_t)1) : count);
}

/* ------------------------------------------------------------------------------------ a batch that is not known */

/* What becomes of it: added to 0, or multiplied. NaN of 0 times where that is no multiple of it, whole and above 0. */
static double compute_batch(soma_binary op, double a, double b) {
    const double batch = isnan(a) ? a : b, other = isnan(a) ? b : a;
    const double times = (double)soma_onnx_times_of(batch), most = 0x1p31;
    const bool one = !isnan(a) != !isnan(b), product = one && other >= 1 && other * times <= most;
    if (one && other == 0 && (op == SOMA_BINARY_ADD || (op == SOMA_BINARY_SUBTRACT && isnan(a)))) return batch;
    if (op == SOMA_BINARY_MULTIPLY && product) return soma_onnx_times_batch((size_t)(other * times));
    if (op == SOMA_BINARY_DIVIDE && isnan(a) && one && other >= 1 && fmod(times, other) == 0)
        return soma_onnx_times_batch((size_t)(times / other));
    return soma_onnx_times_batch(0);
}

/* ---------------------------------------------------------------------------------------------------- arithmetic */

/* C truncates a quotient of whole numbers, as ONNX does. */
static double compute(soma_binary op, double a, double b, bool whole) {
    switch (op) {
    case SOMA_BINARY_ADD:
        return a + b;
    case SOMA_BINARY_SUBTRACT:
        return a - b;
    case SOMA_BINARY_MULTIPLY:
        return a * b;
    default:
        return whole ? trunc(a / b) : a / b;
    }
}

static soma_status combine(const soma_onnx_node *node, double a, double b, bool whole, double *result) {
    soma_binary op = (soma_binary)node->row->parameter;
    if (whole && (isnan(a) || isnan(b))) {
        *result = compute_batch(op, a, b);
        return soma_onnx_times_of(*result) ? SOMA_OK : soma_onnx_unknown_batch(node->output.name);
    }
    if (whole && op == SOMA_BINARY_DIVIDE && b == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: a whole number is divided by 0", node->output.name);
    *result = compute(op, a, b, whole);
    return SOMA_OK;
}

/* Where an operand's element lies for each of the result: 0 steps where it is repeated. */
static void steps_of(const soma_onnx_shape *x, const soma_onnx_shape *out, size_t *step) {
    size_t stride = 1;
    for (uint32_t i = 0; i < out->rank; i++) { /* from the last dimension */
        bool there = i < x->rank, repeated = !there || x->dim[x->rank - 1 - i] == 1;
        step[out->rank - 1 - i] = repeated ? 0 : stride;
        if (there) stride *= x->dim[x->rank - 1 - i];
    }
}

static size_t place(const soma_onnx_shape *out, const size_t *step, size_t i) {
    size_t at = 0;
    for (uint32_t axis = out->rank; axis-- > 0; i /= out->dim[axis]) at += i % out->dim[axis] * step[axis];
    return at;
}

static soma_status broadcast(const soma_onnx_shape *a, const soma_onnx_shape *b, soma_onnx_shape *out) {
    *out = (soma_onnx_shape){.rank = SOMA_MAX(a->rank, b->rank)};
    for (uint32_t i = 0; i < out->rank; i++) {
        size_t p = i < a->rank ? a->dim[a->rank - 1 - i] : 1, q = i < b->rank ? b->dim[b->rank - 1 - i] : 1;
        if (p != q && p != 1 && q != 1)
            return soma_error(SOMA_INVALID_SHAPE, "dimensions of %zu and %zu cannot be broadcast", p, q);
        out->dim[out->rank - 1 - i] = p == 1 ? q : p;
    }
    size_t count = 1;
    for (uint32_t i = 0; i < out->rank; i++)
        if (!soma_multiply_size(count, out->dim[i], &count))
            return soma_error(SOMA_INVALID_SHAPE, "more elements than memory has bytes");
    return SOMA_OK;
}

/* What becomes of two numbers; NULL: what the row's operation makes of them. */
static soma_status pair(const soma_onnx_node *node, soma_onnx_pair *f, double a, double b, bool whole, double *result) {
    if (!f) return combine(node, a, b, whole, result);
    *result = f(a, b);
    return isnan(*result) && whole ? soma_onnx_unknown_batch(node->output.name) : SOMA_OK;
}

/* Whole numbers to be combined. Where one of two comes out, or their order counts, one of them may be large. */
static soma_status check_pair(const soma_onnx_node *node, double a, size_t i, double b, size_t j, int32_t type) {
    const char *op = node->row->name; /* not its row, which would be a circle: rows of pairs are folded here */
    const bool chosen = !strcmp(op, "Max") || !strcmp(op, "Min") || !strcmp(op, "Clip") ||
                        type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    const soma_onnx_value *x = node->input[0], *y = node->input[1];
    if (chosen && !(fabs(a) > MOST_WHOLE && fabs(b) > MOST_WHOLE)) return SOMA_OK;
    if (x->integer) SOMA_TRY(soma_onnx_check_whole(x->name, i, a, x->elements.type));
    return y->integer ? soma_onnx_check_whole(y->name, j, b, y->elements.type) : SOMA_OK;
}

static soma_status fill_result(soma_onnx_node *node, const soma_onnx_shape *shape, const soma_onnx_reader *a,
                               const soma_onnx_reader *b, soma_onnx_pair *f, int32_t type) {
    size_t count = soma_onnx_count(shape, 0, shape->rank), p[SOMA_ONNX_MAX_RANK], q[SOMA_ONNX_MAX_RANK];
    bool whole = node->input[0]->integer;
    bool equal = (a->elements->equal || a->elements->count == 1) && (b->elements->equal || b->elements->count == 1);
    double *numbers = NULL;
    if (equal) count = SOMA_MIN(count, (size_t)1);
    steps_of(&node->input[0]->shape, shape, p);
    steps_of(&node->input[1]->shape, shape, q);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    for (size_t i = 0; i < count; i++) {
        const size_t at = place(shape, p, i), beside = place(shape, q, i);
        const double one = soma_onnx_read(a, at), other = soma_onnx_read(b, beside);
        SOMA_TRY(check_pair(node, one, at, other, beside, type));
        SOMA_TRY(pair(node, f, one, other, whole, &numbers[i]));
    }
    return soma_onnx_give_numbers(node, type, shape, equal, numbers);
}

soma_status soma_onnx_fold_pairs(soma_onnx_node *node, soma_onnx_pair *f, int32_t type) {
    const soma_onnx_value *x = node->input[0], *y = node->input[1];
    const soma_onnx_file *file = node->importer->file;
    soma_onnx_reader a, b;
    soma_onnx_shape shape;
    SOMA_TRY(broadcast(&x->shape, &y->shape, &shape));
    SOMA_TRY(soma_onnx_reader_open(file, &x->elements, &a));
    soma_status status = soma_onnx_reader_open(file, &y->elements, &b);
    if (status == SOMA_OK) {
        status = fill_result(node, &shape, &a, &b, f, type);
        soma_onnx_reader_close(&b);
    }
    soma_onnx_reader_close(&a);
    return status;
}

/* Whether sums, differences, products and quotients are computed of these whole numbers: exactly, or with an error. */
static bool is_computed(int32_t type, int32_t other) {
    switch (type) {
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT16:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
    case SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT64:
        return other == type;
    case INT32:
    case INT64:
        return true;
    default:
        return false;
    }
}

soma_status soma_onnx_fold_binary(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0], *y = node->input[1];
    if (x->integer != y->integer || (x->integer && !is_computed(x->elements.type, y->elements.type)))
        return soma_error(
            SOMA_UNSUPPORTED,
            "%s and %s are combined; what is computed of constants is of one type, of whole numbers or float",
            soma_onnx_describe_type(soma_onnx_type_of(x)).text, soma_onnx_describe_type(soma_onnx_type_of(y)).text);
    return soma_onnx_fold_pairs(node, NULL, soma_onnx_type_of(x));
}

/* Of a whole number, as a quotient is. */
static double whole_power(double a, double b) {
    return trunc(pow(a, b));
}

soma_status soma_onnx_fold_power(soma_onnx_node *node) {
    return soma_onnx_fold_pairs(node, node->input[0]->integer ? whole_power : pow, soma_onnx_type_of(node->input[0]));
}

/* One of three: the second where the first is not 0, else the third. */
static soma_status fill_choice(soma_onnx_node *node, const soma_onnx_shape *shape, const soma_onnx_reader *reader) {
    size_t count = soma_onnx_count(shape, 0, shape->rank), step[3][SOMA_ONNX_MAX_RANK];
    double *numbers = NULL;
    for (uint32_t i = 0; i < 3; i++) steps_of(&node->input[i]->shape, shape, step[i]);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    for (size_t i = 0; i < count; i++) {
        double which = soma_onnx_read(&reader[0], place(shape, step[0], i));
        uint32_t from = which != 0 ? 1 : 2;
        numbers[i] = soma_onnx_read(&reader[from], place(shape, step[from], i));
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of(node->input[1]), shape, false, numbers);
}

soma_status soma_onnx_fold_choice(soma_onnx_node *node) {
    soma_onnx_reader reader[3];
    soma_onnx_shape shape = node->input[0]->shape;
    uint32_t opened = 0;
    soma_status status = SOMA_OK;
    for (uint32_t i = 1; i < 3; i++) {
        soma_onnx_shape other = shape;
        SOMA_TRY(broadcast(&other, &node->input[i]->shape, &shape));
    }
    while (opened < 3 && status == SOMA_OK) {
        status = soma_onnx_reader_open(node->importer->file, &node->input[opened]->elements, &reader[opened]);
        if (status == SOMA_OK) opened++;
    }
    if (status == SOMA_OK) status = fill_choice(node, &shape, reader);
    while (opened > 0) soma_onnx_reader_close(&reader[--opened]);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ selection */

soma_status soma_onnx_fold_selection(soma_onnx_node *node, const soma_onnx_shape *shape, soma_place_function *place_of,
                                     const void *context) {
    const soma_onnx_value *x = node->input[0];
    size_t count = soma_onnx_count(shape, 0, shape->rank);
    bool equal = x->elements.equal;
    soma_onnx_reader reader;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, equal ? SOMA_MIN(count, (size_t)1) : count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &x->elements, &reader));
    for (size_t i = 0; i < (equal ? SOMA_MIN(count, (size_t)1) : count); i++)
        numbers[i] = soma_onnx_read(&reader, place_of(context, i));
    soma_onnx_reader_close(&reader);
    return soma_onnx_give_numbers(node, soma_onnx_type_of(x), shape, equal, numbers);
}
