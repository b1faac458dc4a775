/* SPDX-License-Identifier: MIT */
/*
 * Products with weights of few bits, as onnxruntime has them for language models: in blocks along the inputs, each
 * with a scale and a zero point of its own. They become the float32 that they stand for when the model is read.
 */
#include "base/size.h"
#include "io/onnx/compose.h"

#include <inttypes.h>

enum { A, B, SCALES, ZEROS, ORDER, BIAS }; /* inputs */

/* Weights [outputs, inputs] in blocks of so many inputs, of so many bits each, those of lower places first. */
typedef struct blocks {
    size_t inputs, outputs, size, count; /* size of a block; blocks of an output */
    unsigned bits;
} blocks;

static soma_status get_blocks(soma_onnx_node *node, blocks *of) {
    int64_t inputs, outputs, bits, size;
    SOMA_TRY(soma_onnx_get_integer(node, "K", 0, &inputs));
    SOMA_TRY(soma_onnx_get_integer(node, "N", 0, &outputs));
    SOMA_TRY(soma_onnx_get_integer(node, "bits", 4, &bits));
    SOMA_TRY(soma_onnx_get_integer(node, "block_size", 0, &size));
    if (inputs < 1 || outputs < 1 || inputs > INT32_MAX || outputs > INT32_MAX || size < 1 || size > INT32_MAX)
        return soma_error(SOMA_INVALID_FILE, "K is %" PRId64 ", N %" PRId64 ", block_size %" PRId64, inputs, outputs,
                          size);
    if ((bits != 2 && bits != 4 && bits != 8) || size * bits % 8)
        return soma_error(SOMA_UNSUPPORTED,
                          "%" PRId64 " bits in blocks of %" PRId64 "; 2, 4 and 8 bits are known, and "
                          "blocks of whole bytes",
                          bits, size);
    *of = (blocks){(size_t)inputs, (size_t)outputs, (size_t)size, ((size_t)inputs + (size_t)size - 1) / (size_t)size,
                   (unsigned)bits};
    return SOMA_OK;
}

enum { BYTES = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT8 };

/* A constant of so many elements, which are bytes, or numbers that are not whole. */
static soma_status check_constant(const soma_onnx_value *value, bool bytes, size_t count) {
    if (!value->constant)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file; it is known only when the model runs",
                          value->name);
    if (value->integer != bytes || (bytes && value->elements.type != BYTES))
        return soma_error(SOMA_UNSUPPORTED, "%s is of %s; it must be of %s", value->name,
                          soma_onnx_describe_type(value->elements.type).text,
                          bytes ? "uint8" : "numbers that are not whole");
    if (value->elements.count != count || value->elements.open)
        return soma_error(SOMA_INVALID_FILE, "%s has %zu elements, %zu are needed", value->name, value->elements.count,
                          count);
    return SOMA_OK;
}

/* Bytes that so many numbers are packed into, which are fewer than 2^32. */
static size_t bytes_of(const blocks *of, size_t numbers) {
    return (size_t)(((uint64_t)numbers * of->bits + 7) / 8);
}

/* Number i of those that are packed into bytes. */
static double packed(const soma_onnx_reader *bytes, size_t first, size_t i, unsigned bits) {
    const uint64_t bit = (uint64_t)i * bits;
    const unsigned byte = (unsigned)soma_onnx_read(bytes, first + (size_t)(bit / 8));
    return byte >> bit % 8 & ((1u << bits) - 1);
}

static double zero_point(const blocks *of, const soma_onnx_reader *zeros, bool floats, size_t output, size_t block) {
    if (!zeros) return 1u << (of->bits - 1);
    if (floats) return soma_onnx_read(zeros, output * of->count + block);
    return packed(zeros, output * bytes_of(of, of->count), block, of->bits);
}

/* [inputs, outputs] */
static void unpack(const blocks *of, const soma_onnx_reader *reader, bool has_zeros, bool floats, float *to) {
    const size_t bytes = bytes_of(of, of->size);
    for (size_t j = 0; j < of->outputs; j++)
        for (size_t i = 0; i < of->inputs; i++) {
            const size_t block = i / of->size;
            const double scale = soma_onnx_read(&reader[1], j * of->count + block);
            const double number = packed(&reader[0], (j * of->count + block) * bytes, i % of->size, of->bits);
            const double zero = zero_point(of, has_zeros ? &reader[2] : NULL, floats, j, block);
            to[i * of->outputs + j] = (float)((number - zero) * scale);
        }
}

static soma_status read_weights(soma_onnx_node *node, const blocks *of, float *to) {
    const soma_onnx_value *zeros = soma_onnx_optional(node, ZEROS);
    const soma_onnx_value *values[] = {node->input[B], node->input[SCALES], zeros};
    soma_onnx_reader reader[3];
    unsigned opened = 0;
    soma_status status = SOMA_OK;
    for (; opened < (zeros ? 3u : 2u) && status == SOMA_OK; opened += status == SOMA_OK)
        status = soma_onnx_reader_open(node->importer->file, &values[opened]->elements, &reader[opened]);
    if (status == SOMA_OK) unpack(of, reader, zeros != NULL, zeros && !zeros->integer, to);
    while (opened > 0) soma_onnx_reader_close(&reader[--opened]);
    return status;
}

static soma_status make_weights(soma_onnx_node *node, const blocks *of, soma_onnx_value *w) {
    const soma_onnx_value *zeros = soma_onnx_optional(node, ZEROS);
    const size_t shape[] = {of->inputs, of->outputs};
    size_t count, scales, bytes, zero_bytes;
    if (!soma_multiply_size(of->inputs, of->outputs, &count) || count > SIZE_MAX / 8 ||
        !soma_multiply_size(of->outputs, of->count, &scales) ||
        !soma_multiply_size(scales, bytes_of(of, of->size), &bytes) ||
        !soma_multiply_size(of->outputs, bytes_of(of, of->count), &zero_bytes))
        return soma_error(SOMA_INVALID_SHAPE, "more weights than memory has bytes");
    SOMA_TRY(check_constant(node->input[B], true, bytes));
    SOMA_TRY(check_constant(node->input[SCALES], false, scales));
    if (zeros) SOMA_TRY(check_constant(zeros, zeros->integer, zeros->integer ? zero_bytes : scales));
    SOMA_TRY(soma_onnx_take_made(node->importer, count, sizeof(float), node->output.name));
    float *numbers = soma_calloc(count, sizeof *numbers);
    if (!numbers) return soma_out_of_memory(count * sizeof *numbers, node->output.name);
    soma_status status = read_weights(node, of, numbers);
    if (status != SOMA_OK) return soma_free(numbers), status;
    *w = (soma_onnx_value){.name = node->input[B]->name, .shape = {.rank = 2, .dim = {of->inputs, of->outputs}}};
    return soma_onnx_add_parameter(node, node->input[B]->name, "", 2, shape, numbers, &w->tensor);
}

static soma_status import_blocks(soma_onnx_node *node) {
    soma_onnx_value w, y;
    blocks of = {.inputs = 0};
    SOMA_TRY(get_blocks(node, &of));
    if (soma_onnx_optional(node, ORDER))
        return soma_error(SOMA_UNSUPPORTED, "%s says in which order weights have their scales",
                          node->input[ORDER]->name);
    SOMA_TRY(make_weights(node, &of, &w));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, &y, node->input[A], &w));
    if (soma_onnx_optional(node, BIAS)) SOMA_TRY(SOMA_ONNX_COMPOSE(node, Add, NULL, &y, &y, node->input[BIAS]));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(MatMulNBits, 1, 3, 6, "K N accuracy_level bits block_size weight_prepacked", import_blocks, 0,
             .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT);
