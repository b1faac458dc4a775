/* SPDX-License-Identifier: MIT */
/* ReverseSequence: the first steps of each sequence, as many as it has, from the last to the first. */
#include "io/onnx/compose.h"

/* [1, steps]: 0, 1, ... */
static soma_status make_steps(soma_onnx_node *node, size_t steps, soma_onnx_value *value) {
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make_table(node, steps, 1, &numbers));
    for (size_t i = 0; i < steps; i++) numbers[i] = (double)i;
    return soma_onnx_compose_numbers(node, ".steps", 2, (size_t[]){1, steps}, numbers, value);
}

/* Which step of a sequence stands where: length - 1 - step where that is one of the sequence, which is no
 * longer than there are steps, else the step. */
static soma_status find_steps(soma_onnx_node *node, size_t steps, soma_onnx_value *place) {
    soma_onnx_value length, step, back, inside, one;
    soma_onnx_made to;
    soma_onnx_begin_made(&to);
    soma_onnx_made_integer(&to, "to", SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Cast, &to, &length, node->input[1]));
    SOMA_TRY(soma_onnx_compose_reshaped(node, &length, (const int64_t[]){0, 1}, 2, &length));
    SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Min, &length, (double)steps, &length));
    SOMA_TRY(make_steps(node, steps, &step));
    SOMA_TRY(soma_onnx_compose_number(node, 1, &one));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Less, NULL, &inside, &step, &length));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Sub, NULL, &back, &length, &step));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Sub, NULL, &back, &back, &one));
    return SOMA_ONNX_COMPOSE(node, Where, NULL, place, &inside, &back, &step);
}

/* x [batch, steps, ...] by lengths that depend on an input. */
static soma_status reverse_computed(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *y) {
    const soma_onnx_shape shape = x->shape;
    const int64_t width = (int64_t)soma_onnx_count(&shape, 2, shape.rank);
    int64_t dim[SOMA_ONNX_MAX_RANK] = {0};
    soma_onnx_value place, table, rows;
    for (uint32_t i = 1; i < shape.rank; i++) dim[i] = (int64_t)shape.dim[i];
    SOMA_TRY(soma_onnx_compose_reshaped(node, x, (const int64_t[]){0, dim[1], width}, 3, &table));
    SOMA_TRY(find_steps(node, shape.dim[1], &place));
    SOMA_TRY(soma_onnx_rows_of(node, &table, &place, &rows));
    return soma_onnx_compose_reshaped(node, &rows, dim, shape.rank, y);
}

/* Of a step of a sequence of which so many are turned round, the place. */
static int64_t turned_place(int64_t step, int64_t steps, int64_t length) {
    const int64_t last = SOMA_MIN(length, steps) - 1;
    return step <= last ? last - step : step;
}

/* x [batch, steps, ...] by lengths that are known: rows of a table. */
static soma_status reverse_rows(soma_onnx_node *node, soma_onnx_value *x, const int64_t *length, soma_onnx_value *y) {
    const soma_onnx_shape shape = x->shape;
    const size_t batch = shape.dim[0], steps = shape.dim[1];
    int64_t dim[SOMA_ONNX_MAX_RANK], *row = soma_calloc(batch * steps + 1, sizeof *row);
    soma_onnx_value rows;
    if (!row) return soma_out_of_memory(batch * steps * sizeof *row, "places of steps");
    for (uint32_t i = 0; i < shape.rank; i++) dim[i] = (int64_t)shape.dim[i];
    for (size_t i = 0; i < batch * steps; i++)
        row[i] = (int64_t)(i / steps * steps) + turned_place((int64_t)(i % steps), dim[1], length[i / steps]);
    soma_status status = soma_onnx_compose_list(node, row, batch * steps, &rows);
    soma_free(row);
    SOMA_TRY(status);
    const int64_t width = (int64_t)soma_onnx_count(&shape, 2, shape.rank);
    SOMA_TRY(soma_onnx_compose_reshaped(node, x, (const int64_t[]){(int64_t)(batch * steps), width}, 2, y));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Gather, NULL, y, y, &rows));
    return soma_onnx_compose_reshaped(node, y, dim, shape.rank, y);
}

static soma_status reverse_known(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *y) {
    const soma_onnx_elements *elements = &node->input[1]->elements;
    if (elements->open) return soma_onnx_unknown_batch(node->input[1]->name);
    if (elements->count != x->shape.dim[0])
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu lengths, of %zu sequences", node->input[1]->name,
                          elements->count, x->shape.dim[0]);
    int64_t *length = soma_calloc(elements->count + 1, sizeof *length);
    if (!length) return soma_out_of_memory(elements->count * sizeof *length, node->input[1]->name);
    soma_status status = soma_onnx_read_integers(node->importer->file, elements, length);
    if (status == SOMA_OK) status = reverse_rows(node, x, length, y);
    soma_free(length);
    return status;
}

static soma_status import_reverse_sequence(soma_onnx_node *node) {
    const soma_onnx_shape shape = node->input[0]->shape;
    const bool batched = soma_onnx_first(node->importer, &shape) > 0, known = node->input[1]->constant;
    soma_onnx_value x = *node->input[0], y;
    int64_t batch_axis, time_axis, order[SOMA_ONNX_MAX_RANK] = {1, 0};
    SOMA_TRY(soma_onnx_get_integer(node, "batch_axis", 1, &batch_axis));
    SOMA_TRY(soma_onnx_get_integer(node, "time_axis", 0, &time_axis));
    if (shape.rank < 2 || batch_axis + time_axis != 1 || batch_axis < 0 || time_axis < 0)
        return soma_error(SOMA_INVALID_FILE,
                          "%u dimensions, batch_axis %lld and time_axis %lld; of two and more one of the first two is "
                          "the batch, and the other one the time",
                          shape.rank, (long long)batch_axis, (long long)time_axis);
    if (batched && shape.batch != (uint32_t)batch_axis) return soma_onnx_mixes(node);
    if (known ? batched : !shape.batched || !node->input[1]->shape.batched)
        return soma_error(SOMA_UNSUPPORTED, "%s and %s must depend on inputs", x.name, node->input[1]->name);
    for (uint32_t i = 2; i < shape.rank; i++) order[i] = i;
    if (batch_axis) SOMA_TRY(soma_onnx_compose_turned(node, &x, order, &x));
    SOMA_TRY((known ? reverse_known : reverse_computed)(node, &x, &y));
    if (batch_axis) SOMA_TRY(soma_onnx_compose_turned(node, &y, order, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_CARRIER(ReverseSequence, 10, 2, 2, "batch_axis time_axis", import_reverse_sequence, 0,
                  .place = SOMA_ONNX_ANYWHERE);
