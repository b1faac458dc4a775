/* SPDX-License-Identifier: MIT */
/* UNARY: functions of one number, and their gradients, alone and with that of a bias. */
#include "device/functions.h"
#include "graph/ops/op.h"

#include <math.h>

static soma_status shape_unary(soma_tensor *tensor) {
    const soma_unary_params *params = &tensor->attributes.unary;
    const soma_function_row *row = soma_function_get(params->function);
    if (!row)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "%d is not a function of one number",
                              (int)params->function);
    if (!isfinite(params->a) || !isfinite(params->b))
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "%s needs finite parameters, got a = %g, b = %g",
                              row->name, (double)params->a, (double)params->b);
    if (!soma_function_fits(params->function, params->a, params->b))
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "%s needs %s, got a = %g, b = %g", row->name, row->needs,
                              (double)params->a, (double)params->b);
    return soma_shape_like_first(tensor);
}

static soma_status gradient_unary(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    bool from_output = soma_function_grad_uses_output(tensor->attributes.unary.function);
    soma_tensor *input[] = {dy, from_output ? tensor : tensor->input[0]};
    return soma_op_add(graph, SOMA_OP_UNARY_GRAD, input, 2, tensor->attributes, &gradient[0]);
}

static soma_status lower_unary(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_unary(soma_lowering_flat(lowering, tensor->input[0]),
                                              soma_lowering_flat(lowering, tensor), tensor->attributes.unary));
}

SOMA_OP(unary) = {1, 1, shape_unary, SOMA_GRADIENT(gradient_unary), lower_unary};

static soma_status lower_unary_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_unary_grad(soma_lowering_flat(lowering, tensor->input[0]),
                                                   soma_lowering_flat(lowering, tensor->input[1]),
                                                   soma_lowering_flat(lowering, tensor), tensor->attributes.unary));
}

SOMA_OP(unary_grad) = {2, 2, soma_shape_of_equal_inputs, NULL, SOMA_TRAINING_CALL(lower_unary_grad)};

/* As rows as long as the bias: samples, or positions of samples. */
static soma_status lower_bias_unary_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *of[] = {tensor->input[0], tensor->input[1], tensor};
    soma_view bias = soma_lowering_flat(lowering, lowering->second[tensor->id]), rows[3];
    for (int i = 0; i < 3; i++) {
        soma_view flat = soma_lowering_flat(lowering, of[i]);
        rows[i] = soma_view_reshape(&flat, 2, (size_t[]){flat.shape[0] / bias.shape[0], bias.shape[0]});
    }
    return soma_lowering_push(lowering, tensor,
                              soma_call_bias_unary_grad(rows[0], rows[1], rows[2], bias, tensor->attributes.unary));
}

SOMA_OP(bias_unary_grad) = {2, 2, soma_shape_of_equal_inputs, NULL, SOMA_TRAINING_CALL(lower_bias_unary_grad)};
