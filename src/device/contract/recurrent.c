/* SPDX-License-Identifier: MIT */
/* RECURRENT and its gradient. */
#include "device/contract/contract.h"
#include "kernels/recurrent_call.h"

static soma_status check_params(const soma_call *call) {
    const soma_recurrent_params *params = &call->params.recurrent;
    if ((unsigned)params->kind >= SOMA_RECURRENT_KIND_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no recurrent layer %d", (int)params->kind);
    if (params->kind == SOMA_RECURRENT_RNN && params->function != SOMA_TANH && params->function != SOMA_RELU) {
        const char *name = soma_function_name(params->function);
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "the function is %s; tanh or relu is needed",
                                name ? name : "none");
    }
    return SOMA_OK;
}

/* A view [n, steps, last] where it is there. */
static soma_status need_sequence(const soma_call *call, uint32_t index, soma_recurrent_size size, size_t last) {
    const soma_view *view = &call->view[index];
    if (!soma_view_present(view)) return SOMA_OK;
    const size_t shape[] = {size.samples, size.steps, last};
    soma_view wanted = soma_view_of(NULL, 0, SOMA_F32, 3, shape);
    if (view->rank == 3 && memcmp(view->shape, shape, sizeof shape) == 0) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %s is needed", soma_call_view_name(call, index),
                            SHAPE(view), SHAPE(&wanted));
}

static soma_status need_matrix(const soma_call *call, uint32_t index, size_t rows, size_t columns) {
    return soma_view_present(&call->view[index]) ? soma_need_shape(call, index, 2, rows, columns) : SOMA_OK;
}

static soma_status need_absent(const soma_call *call, uint32_t index, const char *why) {
    if (!soma_view_present(&call->view[index])) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is there; %s", soma_call_view_name(call, index), why);
}

static soma_status need_present(const soma_call *call, uint32_t index) {
    if (soma_view_present(&call->view[index])) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is missing", soma_call_view_name(call, index));
}

/* Cells, and the first of them: of an LSTM. */
static soma_status need_cells(const soma_call *call, uint32_t cells, uint32_t cell, soma_recurrent_size size) {
    static const char why[] = "only an LSTM has cells";
    if (call->params.recurrent.kind != SOMA_RECURRENT_LSTM) {
        SOMA_TRY(need_absent(call, cells, why));
        return need_absent(call, cell, why);
    }
    SOMA_TRY(need_sequence(call, cells, size, size.units));
    return need_matrix(call, cell, size.samples, size.units);
}

static soma_status need_gates(const soma_call *call, uint32_t gates, soma_recurrent_size size) {
    const soma_recurrent_kind kind = call->params.recurrent.kind;
    if (kind == SOMA_RECURRENT_RNN) return need_absent(call, gates, "nothing is kept of an RNN's");
    return need_sequence(call, gates, size, soma_recurrent_kept(kind) * size.units);
}

static soma_status check_recurrent(const soma_call *call) {
    SOMA_TRY(check_params(call));
    SOMA_TRY(soma_need_rank(call, RECURRENT_Y, 3));
    const soma_recurrent_size size = soma_recurrent_size_of(&call->view[RECURRENT_Y]);
    const size_t columns = soma_recurrent_gates(call->params.recurrent.kind) * size.units;
    SOMA_TRY(need_sequence(call, RECURRENT_X, size, columns));
    SOMA_TRY(soma_need_shape(call, RECURRENT_WEIGHT, 2, size.units, columns));
    if (soma_view_present(&call->view[RECURRENT_BIAS])) SOMA_TRY(soma_need_shape(call, RECURRENT_BIAS, 1, columns, 0));
    SOMA_TRY(need_matrix(call, RECURRENT_MASK, size.samples, size.steps));
    SOMA_TRY(need_matrix(call, RECURRENT_STATE, size.samples, size.units));
    SOMA_TRY(need_cells(call, RECURRENT_CELLS, RECURRENT_CELL, size));
    return need_gates(call, RECURRENT_GATES, size);
}

static double flops_of(const soma_call *call, uint32_t y) {
    const soma_recurrent_size size = soma_recurrent_size_of(&call->view[y]);
    return 2.0 * (double)(size.samples * size.steps) * (double)size.units *
           (double)(size.units * soma_recurrent_gates(call->params.recurrent.kind));
}

static double recurrent_flops(const soma_call *call) {
    return flops_of(call, RECURRENT_Y);
}

SOMA_CONTRACT(recurrent) = {.check = check_recurrent,
                            .view = {{"x", F},
                                     {"weight", F},
                                     {"bias", F | OPTIONAL},
                                     {"mask", F | OPTIONAL},
                                     {"state", F | OPTIONAL},
                                     {"cell", F | OPTIONAL},
                                     {"y", F | OUT},
                                     {"cells", F | OPTIONAL | OUT},
                                     {"gates", F | OPTIONAL | OUT}},
                            .flops = recurrent_flops};

static soma_status check_recurrent_grad(const soma_call *call) {
    const soma_recurrent_params *params = &call->params.recurrent;
    SOMA_TRY(check_params(call));
    SOMA_TRY(soma_need_rank(call, RECURRENT_GRAD_DY, 3));
    const soma_recurrent_size size = soma_recurrent_size_of(&call->view[RECURRENT_GRAD_DY]);
    const size_t columns = soma_recurrent_gates(params->kind) * size.units;
    SOMA_TRY(soma_need_same_shape(call, RECURRENT_GRAD_DY, RECURRENT_GRAD_Y));
    SOMA_TRY(soma_need_shape(call, RECURRENT_GRAD_WEIGHT, 2, size.units, columns));
    SOMA_TRY(need_cells(call, RECURRENT_GRAD_CELLS, RECURRENT_GRAD_CELL, size));
    if (params->kind == SOMA_RECURRENT_LSTM) SOMA_TRY(need_present(call, RECURRENT_GRAD_CELLS));
    if (params->kind != SOMA_RECURRENT_RNN) SOMA_TRY(need_present(call, RECURRENT_GRAD_GATES));
    SOMA_TRY(need_gates(call, RECURRENT_GRAD_GATES, size));
    SOMA_TRY(need_matrix(call, RECURRENT_GRAD_MASK, size.samples, size.steps));
    SOMA_TRY(need_matrix(call, RECURRENT_GRAD_STATE, size.samples, size.units));
    SOMA_TRY(need_sequence(call, RECURRENT_GRAD_DX, size, columns));
    if (!soma_recurrent_differs(params)) SOMA_TRY(need_absent(call, RECURRENT_GRAD_DRECURRENT, "it would be dx again"));
    SOMA_TRY(need_sequence(call, RECURRENT_GRAD_DRECURRENT, size, columns));
    SOMA_TRY(need_matrix(call, RECURRENT_GRAD_DSTATE, size.samples, size.units));
    if (params->kind != SOMA_RECURRENT_LSTM) return need_absent(call, RECURRENT_GRAD_DCELL, "only an LSTM has cells");
    return need_matrix(call, RECURRENT_GRAD_DCELL, size.samples, size.units);
}

static double recurrent_grad_flops(const soma_call *call) {
    return flops_of(call, RECURRENT_GRAD_DY);
}

SOMA_CONTRACT(recurrent_grad) = {.check = check_recurrent_grad,
                                 .view = {{"dy", F},
                                          {"weight", F},
                                          {"y", F},
                                          {"cells", F | OPTIONAL},
                                          {"gates", F | OPTIONAL},
                                          {"mask", F | OPTIONAL},
                                          {"state", F | OPTIONAL},
                                          {"cell", F | OPTIONAL},
                                          {"dx", F | OUT},
                                          {"drecurrent", F | OPTIONAL | OUT},
                                          {"dstate", F | OPTIONAL | OUT},
                                          {"dcell", F | OPTIONAL | OUT}},
                                 .flops = recurrent_grad_flops};
