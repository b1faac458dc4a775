/* SPDX-License-Identifier: MIT */
/*
 * Matrix products. A product of samples by one matrix, or of one matrix by samples, is a GEMM; that of two values that
 * both depend on the input is, for each sample, another product: a MATMUL.
 */
#include "io/onnx/family.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

typedef struct operand {
    soma_tensor *tensor;
    soma_onnx_shape shape;
} operand;

static soma_status get_operand(soma_onnx_node *node, uint32_t input, operand *x) {
    x->shape = node->input[input]->shape;
    return soma_onnx_tensor(node, node->input[input], &x->tensor);
}

static soma_status get_plain_factors(soma_onnx_node *node, operand *a, operand *b) {
    SOMA_TRY(get_operand(node, 0, a));
    return get_operand(node, 1, b);
}

/* The layout of a matrix whose rows (with transpose: columns) lie as the elements of a sample do. */
static bool rows_like(const soma_onnx_layout *sample, const soma_onnx_shape *matrix, bool transpose,
                      soma_onnx_layout *rows) {
    size_t dim[SOMA_ONNX_MAX_LAYOUT + 1];
    uint32_t order[SOMA_ONNX_MAX_LAYOUT + 1], shift = transpose ? 1 : 0, other = transpose ? 0 : sample->rank;
    dim[other] = matrix->dim[transpose ? 0 : 1];
    order[other] = other;
    for (uint32_t i = 0; i < sample->rank; i++) {
        dim[i + shift] = sample->dim[i];
        order[i + shift] = sample->order[i] + shift;
    }
    return soma_onnx_layout_make(sample->rank + 1u, dim, order, rows);
}

/* Samples that are flattened while they do not lie in ONNX's order stay so: it is the matrix's rows that are put into
 * theirs, if it is a constant that nothing has seen in another. */
static soma_status get_factors(soma_onnx_node *node, bool transpose_b, operand *a, operand *b) {
    soma_onnx_value *x = node->input[0], *w = node->input[1];
    uint32_t first = soma_onnx_first(node->importer, &x->shape);
    soma_onnx_layout rows;
    soma_tensor like;
    bool fits = x->layout.rank && w->shape.rank == 2 && !w->shape.batched && !w->integer &&
                soma_onnx_count(&x->shape, first, x->shape.rank) == w->shape.dim[transpose_b ? 1 : 0] &&
                x->shape.dim[x->shape.rank - 1] == w->shape.dim[transpose_b ? 1 : 0] &&
                rows_like(&x->layout, &w->shape, transpose_b, &rows);
    if (fits && (w->tensor ? soma_onnx_layout_same(&w->layout, &rows) : w->constant)) {
        a->shape = x->shape;
        b->shape = w->shape;
        SOMA_TRY(soma_onnx_canonical(node->importer, &w->shape, &like));
        SOMA_TRY(soma_onnx_laid_out(node, w, &rows, &like, &b->tensor));
        SOMA_TRY(soma_onnx_tensor_as_it_lies(node, x, &a->tensor));
        return soma_onnx_reshaped(node, a->tensor, &a->shape, &a->tensor);
    }
    return get_plain_factors(node, a, b);
}

/* Exchanges the last two dimensions. */
static soma_status transpose(soma_onnx_node *node, operand *x) {
    uint32_t rank = x->shape.rank, axis[SOMA_MAX_RANK], first, second;
    SOMA_TRY(soma_onnx_tensor_axis(node, &x->shape, rank - 2, &first));
    SOMA_TRY(soma_onnx_tensor_axis(node, &x->shape, rank - 1, &second));
    for (uint32_t i = 0; i < SOMA_MAX_RANK; i++) axis[i] = i;
    axis[first] = second;
    axis[second] = first;
    size_t rows = x->shape.dim[rank - 2];
    x->shape.dim[rank - 2] = x->shape.dim[rank - 1];
    x->shape.dim[rank - 1] = rows;
    return soma_graph_transpose(x->tensor->graph, x->tensor, axis, &x->tensor);
}

/* All rows of a by one matrix b [k, n], or [n, k] where it is transposed. */
static soma_status rows_by_matrix(soma_onnx_node *node, const operand *a, const operand *b, bool transpose_b,
                                  soma_tensor *bias, operand *out) {
    out->shape = a->shape;
    out->shape.dim[a->shape.rank - 1] = b->shape.dim[transpose_b ? 0 : 1];
    soma_tensor *x = a->tensor;
    if (!a->shape.batched && a->shape.rank != 2) {
        soma_onnx_shape flat = {
            .rank = 2, .dim = {soma_onnx_count(&a->shape, 0, a->shape.rank - 1), a->shape.dim[a->shape.rank - 1]}};
        SOMA_TRY(soma_onnx_reshaped(node, x, &flat, &x));
    } else {
        uint32_t axis;
        SOMA_TRY(soma_onnx_tensor_axis(node, &a->shape, a->shape.rank - 1, &axis));
    }
    SOMA_TRY(soma_graph_gemm(soma_onnx_graph(node), x, b->tensor, bias, false, transpose_b, &out->tensor));
    return soma_onnx_reshaped(node, out->tensor, &out->shape, &out->tensor);
}

/* One matrix by the columns of b: (b^T a^T)^T. */
static soma_status matrix_by_columns(soma_onnx_node *node, const operand *a, const operand *b, operand *out) {
    operand columns = *b;
    SOMA_TRY(transpose(node, &columns));
    SOMA_TRY(rows_by_matrix(node, &columns, a, true, NULL, out));
    return transpose(node, out);
}

static soma_status multiply(soma_onnx_node *node, operand *a, operand *b, bool transpose_b, soma_tensor *bias,
                            operand *out) {
    uint32_t inner = transpose_b ? b->shape.rank - 1 : b->shape.rank - 2;
    uint32_t first = soma_onnx_first(node->importer, &a->shape);
    if (a->shape.rank < first + 1 || b->shape.rank - 2 < soma_onnx_first(node->importer, &b->shape))
        return soma_onnx_mixes(node);
    if (a->shape.dim[a->shape.rank - 1] != b->shape.dim[inner])
        return soma_error(SOMA_INVALID_SHAPE, "cannot multiply: %zu columns by %zu rows",
                          a->shape.dim[a->shape.rank - 1], b->shape.dim[inner]);
    if (!b->shape.batched && b->shape.rank == 2) return rows_by_matrix(node, a, b, transpose_b, bias, out);
    if (transpose_b) SOMA_TRY(transpose(node, b));
    if (!a->shape.batched && a->shape.rank == 2) return matrix_by_columns(node, a, b, out);
    return soma_onnx_matrices(node, a->tensor, &a->shape, b->tensor, &b->shape, &out->tensor, &out->shape);
}

/* A dimension of 1 put at `place`. */
static soma_status widen(soma_onnx_node *node, operand *x, uint32_t place) {
    if (place < soma_onnx_first(node->importer, &x->shape)) return soma_onnx_mixes(node);
    memmove(x->shape.dim + place + 1, x->shape.dim + place, (x->shape.rank - place) * sizeof *x->shape.dim);
    x->shape.dim[place] = 1;
    x->shape.rank++;
    return soma_onnx_reshaped(node, x->tensor, &x->shape, &x->tensor);
}

static void narrow(soma_onnx_shape *shape, uint32_t place) {
    shape->rank--;
    memmove(shape->dim + place, shape->dim + place + 1, (shape->rank - place) * sizeof *shape->dim);
}

/* A dimension that is more than the batch counts matrices, or the rows of the first factor where the other is the same
 * for all samples; a sum over it, or columns, would mix them. */
static bool is_counted_by(const soma_onnx_node *node, uint32_t input) {
    const soma_onnx_shape *x = &node->input[input]->shape;
    const uint32_t behind = x->rank - 1 - node->joint.more - node->joint.place; /* dimensions, as the model has them */
    const bool rows = input == 0 && !node->input[1]->shape.batched && node->input[1]->shape.rank <= 2;
    if (node->joint.more == 0) return true;
    return x->batched ? behind >= (rows ? 1 : 2) : x->rank <= 2 || soma_onnx_count(x, 0, x->rank - 2) == 1;
}

static soma_status import_matmul(soma_onnx_node *node) {
    operand a, b, out;
    const soma_onnx_shape *matrix = &node->input[1]->shape;
    if (node->batch && (matrix->batched || matrix->rank != 2 || node->batch + 1 == node->input[0]->shape.rank))
        return soma_onnx_mixes(node);
    if (!is_counted_by(node, 0) || !is_counted_by(node, 1)) return soma_onnx_mixes(node);
    SOMA_TRY(get_factors(node, false, &a, &b));
    bool row = a.shape.rank == 1, column = b.shape.rank == 1;
    if (a.shape.rank == 0 || b.shape.rank == 0) return soma_error(SOMA_INVALID_SHAPE, "a single number is no matrix");
    if (row) SOMA_TRY(widen(node, &a, 0));
    if (column) SOMA_TRY(widen(node, &b, 1));
    SOMA_TRY(multiply(node, &a, &b, false, NULL, &out));
    if (column) narrow(&out.shape, out.shape.rank - 1);
    if (row) narrow(&out.shape, out.shape.rank - (column ? 1 : 2));
    return soma_onnx_give(node, out.tensor, &out.shape);
}

SOMA_ONNX_OP(MatMul, 1, 2, 2, "", import_matmul, 0, .place = SOMA_ONNX_MOVED);

/* Adds beta c to the product. */
static soma_status add_third(soma_onnx_node *node, float beta, operand *out) {
    soma_onnx_value product = {.tensor = out->tensor, .shape = out->shape, .name = node->output.name}, sum, scaled;
    soma_onnx_value *c = node->input[2];
    soma_tensor *x;
    if (beta != 1) {
        SOMA_TRY(soma_onnx_tensor(node, c, &x));
        scaled = (soma_onnx_value){.shape = c->shape, .name = c->name};
        SOMA_TRY(soma_graph_unary(x->graph, x, (soma_unary_params){SOMA_LINEAR, beta, 0}, &scaled.tensor));
        c = &scaled;
    }
    SOMA_TRY(soma_onnx_combine(node, &product, &product.shape, c, &c->shape, SOMA_BINARY_ADD, &sum));
    SOMA_TRY(soma_onnx_tensor(node, &sum, &out->tensor));
    out->shape = sum.shape;
    return SOMA_OK;
}

/* Whether c is what a GEMM adds to each row; *bias is the tensor then. */
static soma_status find_bias(soma_onnx_node *node, size_t columns, soma_tensor **bias) {
    operand c;
    *bias = NULL;
    soma_onnx_shape *shape = &node->input[2]->shape, row = {.rank = 1, .dim = {columns}};
    if (shape->batched || shape->rank == 0 || shape->rank > 2 || shape->dim[shape->rank - 1] != columns ||
        (shape->rank == 2 && shape->dim[0] != 1))
        return SOMA_OK;
    SOMA_TRY(get_operand(node, 2, &c));
    return soma_onnx_reshaped(node, c.tensor, &row, bias);
}

static soma_status import_gemm(soma_onnx_node *node) {
    operand a, b, out;
    int64_t transpose_a, transpose_b;
    float alpha, beta;
    soma_tensor *bias = NULL;
    bool third = node->input_count > 2 && node->input[2];
    if (node->joint.more == 0 && node->batch) return soma_onnx_mixes(node);
    SOMA_TRY(soma_onnx_get_float(node, "alpha", 1, &alpha));
    SOMA_TRY(soma_onnx_get_float(node, "beta", 1, &beta));
    SOMA_TRY(soma_onnx_get_integer(node, "transA", 0, &transpose_a));
    SOMA_TRY(soma_onnx_get_integer(node, "transB", 0, &transpose_b));
    if (node->joint.more && (transpose_a || node->joint.place || !node->input[0]->shape.batched ||
                             node->input[1]->shape.batched || (third && node->input[2]->shape.batched)))
        return soma_onnx_mixes(node); /* all but the rows of the first factor */
    for (uint32_t i = 1; i < node->input_count; i++)
        if (node->input[i]) soma_onnx_weight(node->input[i]);
    SOMA_TRY(transpose_a ? get_plain_factors(node, &a, &b) : get_factors(node, transpose_b != 0, &a, &b));
    if (a.shape.rank - node->joint.more != 2 || b.shape.rank != 2)
        return soma_error(SOMA_INVALID_SHAPE, "factors of %u and %u dimensions; both must have 2",
                          a.shape.rank - node->joint.more, b.shape.rank);
    if (transpose_a) SOMA_TRY(transpose(node, &a));
    if (third && alpha == 1 && beta == 1 && !b.shape.batched)
        SOMA_TRY(find_bias(node, b.shape.dim[transpose_b ? 0 : 1], &bias));
    SOMA_TRY(multiply(node, &a, &b, transpose_b != 0, bias, &out));
    if (alpha != 1)
        SOMA_TRY(
            soma_graph_unary(out.tensor->graph, out.tensor, (soma_unary_params){SOMA_LINEAR, alpha, 0}, &out.tensor));
    if (third && !bias && beta != 0) {
        soma_onnx_shape product = out.shape;
        SOMA_TRY(add_third(node, beta, &out));
        if (out.shape.rank != product.rank ||
            memcmp(out.shape.dim, product.dim, sizeof product.dim[0] * product.rank) != 0)
            return soma_error(SOMA_INVALID_SHAPE, "the third input cannot be broadcast to the product's shape");
    }
    return soma_onnx_give(node, out.tensor, &out.shape);
}

SOMA_ONNX_OP(Gemm, 1, 2, 3, "alpha beta transA transB broadcast", import_gemm, 0, .place = SOMA_ONNX_MOVED);

/* ---------------------------------------------------------------------------------------------------------- export */

/* MatMul knows no transposition and no bias. */
static soma_status put_matmul(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const char *b = soma_onnx_name_of(exporter, tensor->input[1]), *out = soma_onnx_name_of(exporter, tensor);
    soma_onnx_name turned = soma_onnx_temporary(exporter), product = soma_onnx_temporary(exporter);
    bool bias = tensor->input_count > 2;
    if (tensor->attributes.gemm.transpose_b) {
        PUT("Transpose", turned.text, b, NULL);
        b = turned.text;
    }
    PUT("MatMul", bias ? product.text : out, soma_onnx_name_of(exporter, tensor->input[0]), b);
    if (bias) PUT("Add", out, product.text, soma_onnx_name_of(exporter, tensor->input[2]));
    return SOMA_OK;
}

/* Gemm wants two dimensions, and before opset 11 a bias. */
soma_status soma_onnx_export_gemm(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const char *input[4] = {NULL};
    const soma_gemm_params *params = &tensor->attributes.gemm;
    bool bias = tensor->input_count > 2;
    if (tensor->rank + (tensor->batched ? 1 : 0) > 2 || (!bias && !params->transpose_a))
        return put_matmul(exporter, tensor);
    for (uint32_t i = 0; i < tensor->input_count; i++) input[i] = soma_onnx_name_of(exporter, tensor->input[i]);
    if (!bias) soma_onnx_need_opset(exporter, 11);
    size_t node = soma_onnx_begin_node(exporter, "Gemm", soma_onnx_name_of(exporter, tensor), input);
    if (params->transpose_a) soma_onnx_put_attribute_integer(exporter, "transA", 1);
    if (params->transpose_b) soma_onnx_put_attribute_integer(exporter, "transB", 1);
    soma_onnx_end_node(exporter, node);
    return SOMA_OK;
}
