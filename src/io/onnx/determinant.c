/* SPDX-License-Identifier: MIT */
/* Det: of matrices of up to three rows by its formula, in a network; of larger ones on the host, by elimination. */
#include "io/onnx/compose.h"
#include "io/onnx/host.h"

#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { MOST_ROWS = 3 };

#define PAIR(op, x, y, out) SOMA_TRY(SOMA_ONNX_COMPOSE(node, op, NULL, out, x, y))

/* ad - bc */
static soma_status of_two(soma_onnx_node *node, soma_onnx_value *a, soma_onnx_value *b, soma_onnx_value *c,
                          soma_onnx_value *d, soma_onnx_value *y) {
    soma_onnx_value other;
    PAIR(Mul, a, d, y);
    PAIR(Mul, b, c, &other);
    PAIR(Sub, y, &other, y);
    return SOMA_OK;
}

/* Of elements m[3 i + j]: along the first row. */
static soma_status of_three(soma_onnx_node *node, soma_onnx_value *m, soma_onnx_value *y) {
    soma_onnx_value minor;
    for (int k = 0; k < 3; k++) {
        const int p = k == 0 ? 1 : 0, q = k == 2 ? 1 : 2;
        SOMA_TRY(of_two(node, &m[3 + p], &m[3 + q], &m[6 + p], &m[6 + q], &minor));
        PAIR(Mul, &m[k], &minor, &minor);
        if (k == 0)
            *y = minor;
        else if (k == 1)
            PAIR(Sub, y, &minor, y);
        else
            PAIR(Add, y, &minor, y);
    }
    return SOMA_OK;
}

/* Each element of all matrices is a tensor. */
static soma_status by_formula(soma_onnx_node *node, size_t rows) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t shape[SOMA_ONNX_MAX_RANK] = {0};
    soma_onnx_value flat, part[MOST_ROWS * MOST_ROWS], y;
    shape[x->rank - 2] = (int64_t)(rows * rows);
    SOMA_TRY(soma_onnx_compose_reshaped(node, node->input[0], shape, x->rank - 1, &flat));
    for (size_t i = 0; i < rows * rows; i++) SOMA_TRY(soma_onnx_compose_part(node, &flat, -1, i, 1, &part[i]));
    y = part[0];
    if (rows == 2) SOMA_TRY(of_two(node, &part[0], &part[1], &part[2], &part[3], &y));
    if (rows == 3) SOMA_TRY(of_three(node, part, &y));
    shape[x->rank - 2] = 0;
    SOMA_TRY(soma_onnx_compose_reshaped(node, &y, shape, x->rank - 2, &y));
    return soma_onnx_pass(node, &y);
}

/* The product of what elimination leaves in the diagonal; m is worked in. */
static double eliminate(double *m, size_t rows) {
    double product = 1;
    for (size_t k = 0; k < rows; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < rows; i++)
            if (fabs(m[i * rows + k]) > fabs(m[pivot * rows + k])) pivot = i;
        const double divisor = m[pivot * rows + k];
        product *= pivot == k ? divisor : -divisor;
        if (divisor == 0) return 0;
        for (size_t j = k; j < rows && pivot != k; j++) {
            const double above = m[k * rows + j];
            m[k * rows + j] = m[pivot * rows + j];
            m[pivot * rows + j] = above;
        }
        for (size_t i = k + 1; i < rows; i++) {
            const double factor = m[i * rows + k] / divisor;
            for (size_t j = k + 1; j < rows; j++) m[i * rows + j] -= factor * m[k * rows + j];
        }
    }
    return product;
}

static soma_status on_host(soma_onnx_node *node, size_t rows) {
    soma_onnx_shape out = node->input[0]->shape;
    const double *x;
    double *m = NULL, *y = NULL;
    size_t count;
    out.rank -= 2;
    const size_t matrices = soma_onnx_count(&out, 0, out.rank);
    SOMA_TRY(soma_onnx_take_steps(node, (double)matrices * pow((double)rows, 3) / 3, "products of determinants"));
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &x, &count));
    SOMA_TRY(soma_onnx_make(node, rows * rows, &m));
    SOMA_TRY(soma_onnx_make(node, matrices, &y));
    for (size_t k = 0; k < matrices; k++) {
        for (size_t i = 0; i < rows * rows; i++) m[i] = x[k * rows * rows + i];
        y[k] = eliminate(m, rows);
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of(node->input[0]), &out, false, y);
}

static soma_status import_determinant(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const size_t rows = x->rank < 2 ? 0 : x->dim[x->rank - 1];
    if (rows == 0 || x->dim[x->rank - 2] != rows)
        return soma_error(SOMA_INVALID_SHAPE,
                          "%s has %u dimensions, the last of %zu; determinants are of square "
                          "matrices, [.., n, n]",
                          node->input[0]->name, x->rank, rows);
    if (node->importer->host) return on_host(node, rows);
    if (soma_onnx_first(node->importer, x) && x->rank < 3) return soma_onnx_mixes(node);
    if (rows > MOST_ROWS) return soma_onnx_on_host("determinants of more than three rows are found");
    return by_formula(node, rows);
}

SOMA_ONNX_OP(Det, 11, 1, 1, "", import_determinant, 0);
