/* SPDX-License-Identifier: MIT */
/*
 * Squared distances of samples to the rows of a table. skl2onnx has them, for nearest neighbours and Gaussian
 * processes, as a Scan with a turn for each sample of the training data: the samples pass as a state, and a turn gives
 * their distances to one row. Written out that is four nodes for each row; all at once it is four in all.
 */
#include "io/onnx/family.h"
#include "io/onnx/inside.h"

#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64, LEAST_OPSET = 13 };
/* Differences of a sample in a block, where that many blocks are enough. */
enum { MOST_DIFFERENCES = 16384, MOST_BLOCKS = 1024 };

static bool is_same(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

/* 1 or -1, in whichever way a file has whole numbers. */
static bool is_last_of_two(const Soma__Onnx__TensorProto *axes) {
    if (axes->data_type != INT64 || axes->n_dims != 1 || axes->dims[0] != 1) return false;
    if (axes->n_int64_data == 1) return axes->int64_data[0] == 1 || axes->int64_data[0] == -1;
    if (!axes->has_raw_data || axes->raw_data.len != sizeof(int64_t)) return false;
    const uint8_t *bytes = axes->raw_data.data, others = bytes[0] == 1 ? 0 : 0xff;
    for (size_t i = 1; i < sizeof(int64_t); i++)
        if (bytes[i] != others) return false;
    return bytes[0] == 1 || bytes[0] == 0xff;
}

/* Whether a reduction is along the last of two dimensions, which goes: by an attribute, or a constant of the body. */
static bool is_along_rows(const Soma__Onnx__GraphProto *body, const Soma__Onnx__NodeProto *reduction) {
    const soma_onnx_node node = {.proto = reduction};
    const Soma__Onnx__AttributeProto *axes = soma_onnx_attribute(&node, "axes");
    const Soma__Onnx__AttributeProto *kept = soma_onnx_attribute(&node, "keepdims");
    if (!kept || kept->i != 0) return false;
    if (reduction->n_input == 1) return axes && axes->n_ints == 1 && (axes->ints[0] == 1 || axes->ints[0] == -1);
    for (size_t i = 0; i < body->n_initializer; i++)
        if (is_same(body->initializer[i]->name, reduction->input[1])) return is_last_of_two(body->initializer[i]);
    return false;
}

bool soma_onnx_are_distances(const soma_onnx_node *node, const Soma__Onnx__GraphProto *body) {
    const soma_onnx_value *x = node->input[0], *rows = node->input_count == 2 ? node->input[1] : NULL;
    const Soma__Onnx__NodeProto *sum, *difference;
    static const char *const plain[] = {"scan_input_axes", "scan_input_directions", "scan_output_axes",
                                        "scan_output_directions"};
    if (!x || !rows || !rows->constant || x->shape.rank != 2 || rows->shape.rank != 2) return false;
    if (x->shape.dim[1] != rows->shape.dim[1] || rows->shape.dim[0] == 0 || rows->shape.dim[1] == 0 ||
        node->importer->opset < LEAST_OPSET)
        return false;
    if (x->integer || rows->integer || node->proto->n_output != 2 || body->n_input != 2 || body->n_output != 2)
        return false;
    for (size_t i = 0; i < SOMA_COUNT_OF(plain); i++)
        if (soma_onnx_attribute(node, plain[i])) return false;
    const char *state = body->input[0]->name, *row = body->input[1]->name;
    if (!is_same(soma_onnx_behind_identities(body, body->output[0]->name), state)) return false;
    const char *result = soma_onnx_behind_identities(body, body->output[1]->name);
    if (!(sum = soma_onnx_maker(body, result, "ReduceSumSquare", 1)) &&
        !(sum = soma_onnx_maker(body, result, "ReduceSumSquare", 2)))
        return false;
    if (!is_along_rows(body, sum) || !(difference = soma_onnx_maker(body, sum->input[0], "Sub", 2))) return false;
    return (is_same(difference->input[0], state) && is_same(difference->input[1], row)) ||
           (is_same(difference->input[0], row) && is_same(difference->input[1], state));
}

/* Of all samples to the rows of a table, [batch, rows]. `axis`: a constant, 2. */
static soma_status add_block(soma_onnx_importer *importer, const char *wide, const char *rows, const char *axis,
                             const char **sum) {
    const int64_t dropped = 0;
    const char *difference, *square;
    SOMA_TRY(soma_onnx_inner_name(importer, &difference));
    SOMA_TRY(soma_onnx_inner_name(importer, &square));
    SOMA_TRY(soma_onnx_inner_name(importer, sum));
    SOMA_TRY(soma_onnx_add_made(importer, "Sub", (const char *[]){wide, rows}, 2, NULL, NULL, 0, difference));
    SOMA_TRY(soma_onnx_add_made(importer, "Mul", (const char *[]){difference, difference}, 2, NULL, NULL, 0, square));
    return soma_onnx_add_made(importer, "ReduceSum", (const char *[]){square, axis}, 2, "keepdims", &dropped, 0, *sum);
}

/* A constant of one whole number, under a name of its own. */
static soma_status add_number(soma_onnx_importer *importer, int64_t number, const char **name) {
    soma_onnx_value value;
    SOMA_TRY(soma_onnx_inner_name(importer, name));
    SOMA_TRY(soma_onnx_number_value(importer, *name, INT64, number, 1, &value));
    return soma_onnx_define(importer, &value);
}

/* Rows of a table from one on, up to another. */
static soma_status cut_rows(soma_onnx_importer *importer, const char *table, size_t first, size_t last,
                            const char **rows) {
    const char *inputs[4] = {table};
    SOMA_TRY(add_number(importer, (int64_t)first, &inputs[1]));
    SOMA_TRY(add_number(importer, (int64_t)last, &inputs[2]));
    SOMA_TRY(add_number(importer, 0, &inputs[3]));
    SOMA_TRY(soma_onnx_inner_name(importer, rows));
    return soma_onnx_add_made(importer, "Slice", inputs, 4, NULL, NULL, 0, *rows);
}

soma_status soma_onnx_add_distances(soma_onnx_node *node) {
    soma_onnx_importer *importer = node->importer;
    const Soma__Onnx__NodeProto *proto = node->proto;
    const size_t rows = node->input[1]->shape.dim[0], features = node->input[1]->shape.dim[1];
    const size_t least = (rows + MOST_BLOCKS - 1) / MOST_BLOCKS; /* of a block */
    const size_t some = SOMA_MIN(rows, SOMA_MAX(least, MOST_DIFFERENCES / features));
    const char *wide, *axis, *table, *sum, *names[MOST_BLOCKS];
    size_t blocks = 0;
    if (*proto->output[0])
        SOMA_TRY(soma_onnx_add_made(importer, "Identity", (const char *[]){proto->input[0]}, 1, NULL, NULL, 0,
                                    proto->output[0]));
    if (!*proto->output[1]) return SOMA_OK;
    SOMA_TRY(add_number(importer, 2, &axis));
    SOMA_TRY(soma_onnx_add_dimension(importer, node->input[0], 1, &wide));
    for (size_t first = 0; first < rows; first += some) {
        table = proto->input[1];
        if (some < rows) SOMA_TRY(cut_rows(importer, table, first, SOMA_MIN(rows, first + some), &table));
        SOMA_TRY(add_block(importer, wide, table, axis, &names[blocks++]));
    }
    sum = names[0];
    if (blocks > 1) {
        SOMA_TRY(soma_onnx_inner_name(importer, &sum));
        SOMA_TRY(soma_onnx_join(importer, names, blocks, 1, sum));
    }
    return soma_onnx_add_made(importer, "Transpose", (const char *[]){sum}, 1, NULL, NULL, 0, proto->output[1]);
}
