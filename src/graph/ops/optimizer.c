/* SPDX-License-Identifier: MIT */
/* NORM: of the whole gradient; OPTIMIZER: the step of all parameters that have one learning rate and one decay, or of
 * the rows of a table that are named. */
#include "graph/ops/op.h"

/* Elements of a flat buffer of the executor. */
static soma_view flat_buffer(const soma_lowering *lowering, soma_site_kind site, size_t start, size_t end) {
    size_t count = end - start;
    soma_view view = soma_lowering_site(lowering, site, 1, &count);
    view.offset = start * soma_executor_element(lowering->executor);
    return view;
}

/* What NORM leaves for OPTIMIZER. */
static soma_view norm_pair(const soma_lowering *lowering) {
    const size_t two = 2;
    return soma_lowering_site(lowering, SOMA_SITE_NORM, 1, &two);
}

static soma_status lower_norm(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(
        lowering, tensor,
        soma_call_norm(flat_buffer(lowering, SOMA_SITE_GRADIENTS, 0, lowering->executor->trained_count),
                       norm_pair(lowering)));
}

SOMA_OP(norm) = {0, 0, soma_shape_none, NULL, SOMA_TRAINING_CALL(lower_norm)};

/* The step of some elements. */
static soma_status push_step(soma_lowering *lowering, const soma_tensor *tensor, soma_view norm) {
    size_t start = tensor->attributes.optimizer.start, end = tensor->attributes.optimizer.end;
    const bool own = tensor->attributes.optimizer.own_l2 || tensor->attributes.optimizer.own_l1;
    size_t decay_end = own ? end : SOMA_MIN(SOMA_MAX(lowering->executor->decay_count, start), end);
    if (start == end) return SOMA_OK;
    uint32_t states = soma_optimizer_states(lowering->optimizer);
    soma_view absent = soma_view_absent();
    soma_optimizer_params params = {.kind = lowering->optimizer, .decay_count = decay_end - start};
    return soma_lowering_push(
        lowering, tensor,
        soma_call_optimizer(flat_buffer(lowering, SOMA_SITE_PARAMETERS, start, end),
                            flat_buffer(lowering, SOMA_SITE_GRADIENTS, start, end),
                            states > 0 ? flat_buffer(lowering, SOMA_SITE_STATE1, start, end) : absent,
                            states > 1 ? flat_buffer(lowering, SOMA_SITE_STATE2, start, end) : absent, norm, params));
}

/* Inputs of a step of rows. */
enum { DY, INDEX, ROWS_INPUTS };

/* The part of a flat buffer that is the table's. */
static soma_view table_of(const soma_lowering *lowering, const soma_tensor *tensor, soma_site_kind site, size_t width) {
    const size_t start = tensor->attributes.optimizer.start, end = tensor->attributes.optimizer.end;
    const soma_view flat = flat_buffer(lowering, site, start, end);
    return soma_view_reshape(&flat, 2, (size_t[]){(end - start) / width, width});
}

/* Where a batch names so many rows that most of the table is touched, all of it is: that goes straight through memory.
 */
static bool is_sparse(size_t positions, size_t rows) {
    return positions <= rows / 2;
}

/* The same bits either way: a row without a gradient stays as it is by these rules. */
static soma_status lower_rows(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *dy = tensor->input[DY];
    const size_t width = dy->shape[dy->rank - 1];
    const soma_view flat = soma_lowering_flat(lowering, dy), index = soma_lowering_flat(lowering, tensor->input[INDEX]);
    const size_t positions = soma_view_count(&index);
    const soma_view rows = soma_view_reshape(&flat, 2, (size_t[]){positions, width});
    const soma_view gradient = table_of(lowering, tensor, SOMA_SITE_GRADIENTS, width);
    const int64_t skip =
        tensor->attributes.optimizer.padded ? (int64_t)tensor->attributes.optimizer.padding : (int64_t)-1;
    if (!is_sparse(positions, gradient.shape[0])) {
        SOMA_TRY(soma_lowering_push(lowering, tensor, soma_call_gather_grad(rows, index, gradient, skip)));
        return push_step(lowering, tensor, soma_view_absent());
    }
    const bool stated = soma_optimizer_states(lowering->optimizer) > 0;
    const soma_optimizer_rows_params params = {{.kind = lowering->optimizer}, skip};
    return soma_lowering_push(
        lowering, tensor,
        soma_call_optimizer_rows(rows, index, table_of(lowering, tensor, SOMA_SITE_PARAMETERS, width), gradient,
                                 stated ? table_of(lowering, tensor, SOMA_SITE_STATE1, width) : soma_view_absent(),
                                 params));
}

static soma_status lower_optimizer(soma_lowering *lowering, const soma_tensor *tensor) {
    if (tensor->input_count == ROWS_INPUTS) return lower_rows(lowering, tensor);
    return push_step(lowering, tensor, tensor->input_count ? norm_pair(lowering) : soma_view_absent());
}

SOMA_OP(optimizer) = {0, ROWS_INPUTS, soma_shape_none, NULL, SOMA_TRAINING_CALL(lower_optimizer)};
