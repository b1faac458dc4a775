/* SPDX-License-Identifier: MIT */
/* Typed constructors of calls: nobody fills a soma_call by hand. The views' meaning is in soma/primitives.h. */
#ifndef SOMA_DEVICE_CALLS_H
#define SOMA_DEVICE_CALLS_H

#include "device/views.h"

static inline soma_call soma_call_make(soma_primitive primitive, uint32_t view_count) {
    soma_call call;
    memset(&call, 0, sizeof call);
    call.primitive = primitive;
    call.view_count = view_count;
    return call;
}

static inline soma_call soma_call_fill(soma_view out, float value) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_FILL, 1);
    call.view[0] = out;
    call.params.fill.value = value;
    return call;
}

static inline soma_call soma_call_copy(soma_view in, soma_view out, float scale, float shift) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_COPY, 2);
    call.view[0] = in;
    call.view[1] = out;
    call.params.copy = (soma_copy_params){scale, shift};
    return call;
}

static inline soma_call soma_call_gather(soma_view table, soma_view index, soma_view out, size_t start, float scale,
                                         float shift) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_GATHER, 3);
    call.view[0] = table;
    call.view[1] = index;
    call.view[2] = out;
    call.params.gather = (soma_gather_params){start, scale, shift};
    return call;
}

static inline soma_call soma_call_gather_grad(soma_view dy, soma_view index, soma_view dtable, int64_t skip) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_GATHER_GRAD, 3);
    call.view[0] = dy;
    call.view[1] = index;
    call.view[2] = dtable;
    call.params.gather_grad = (soma_gather_grad_params){skip};
    return call;
}

static inline soma_call soma_call_scatter(soma_view x, soma_view index, soma_view out) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_SCATTER, 3);
    call.view[0] = x;
    call.view[1] = index;
    call.view[2] = out;
    return call;
}

static inline soma_call soma_call_put(soma_view x, soma_view index, soma_view out, soma_put_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_PUT, 3);
    call.view[0] = x;
    call.view[1] = index;
    call.view[2] = out;
    call.params.put = params;
    return call;
}

static inline soma_call soma_call_gemm(soma_view a, soma_view b, soma_view bias, soma_view c, soma_gemm_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_GEMM, 4);
    call.view[0] = a;
    call.view[1] = b;
    call.view[2] = bias;
    call.view[3] = c;
    call.params.gemm = params;
    return call;
}

static inline soma_call soma_call_unary(soma_view x, soma_view out, soma_unary_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_UNARY, 2);
    call.view[0] = x;
    call.view[1] = out;
    call.params.unary = params;
    return call;
}

static inline soma_call soma_call_unary_grad(soma_view dy, soma_view x_or_y, soma_view out, soma_unary_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_UNARY_GRAD, 3);
    call.view[0] = dy;
    call.view[1] = x_or_y;
    call.view[2] = out;
    call.params.unary = params;
    return call;
}

static inline soma_call soma_call_bias_unary_grad(soma_view dy, soma_view x_or_y, soma_view out, soma_view dbias,
                                                  soma_unary_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_BIAS_UNARY_GRAD, 4);
    call.view[0] = dy;
    call.view[1] = x_or_y;
    call.view[2] = out;
    call.view[3] = dbias;
    call.params.unary = params;
    return call;
}

static inline soma_call soma_call_binary(soma_view a, soma_view b, soma_view out, soma_binary op) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_BINARY, 3);
    call.view[0] = a;
    call.view[1] = b;
    call.view[2] = out;
    call.params.binary.op = op;
    return call;
}

static inline soma_call soma_call_reduce(soma_view x, soma_view out, soma_reduction op) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_REDUCE, 2);
    call.view[0] = x;
    call.view[1] = out;
    call.params.reduce.op = op;
    return call;
}

static inline soma_call soma_call_softmax(soma_view x, soma_view out, bool log) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_SOFTMAX, 2);
    call.view[0] = x;
    call.view[1] = out;
    call.params.softmax.log = log;
    return call;
}

static inline soma_call soma_call_softmax_grad(soma_view dy, soma_view y, soma_view out, bool log) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_SOFTMAX_GRAD, 3);
    call.view[0] = dy;
    call.view[1] = y;
    call.view[2] = out;
    call.params.softmax.log = log;
    return call;
}

static inline soma_call soma_call_dropout(soma_view x, soma_view out, soma_dropout_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_DROPOUT, 2);
    call.view[0] = x;
    call.view[1] = out;
    call.params.dropout = params;
    return call;
}

static inline soma_call soma_call_loss(soma_view prediction, soma_view target, soma_view weight, soma_view class_weight,
                                       soma_view loss, soma_loss_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_LOSS, 5);
    call.view[0] = prediction;
    call.view[1] = target;
    call.view[2] = weight;
    call.view[3] = class_weight;
    call.view[4] = loss;
    call.params.loss = params;
    return call;
}

static inline soma_call soma_call_loss_grad(soma_view prediction, soma_view target, soma_view weight,
                                            soma_view class_weight, soma_view dloss, soma_view out, soma_view loss,
                                            soma_loss_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_LOSS_GRAD, 7);
    call.view[0] = prediction;
    call.view[1] = target;
    call.view[2] = weight;
    call.view[3] = class_weight;
    call.view[4] = dloss;
    call.view[5] = out;
    call.view[6] = loss;
    call.params.loss = params;
    return call;
}

static inline soma_call soma_call_metric(soma_view prediction, soma_view target, soma_view accumulator,
                                         soma_view weight, soma_metric_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_METRIC, 4);
    call.view[0] = prediction;
    call.view[1] = target;
    call.view[2] = accumulator;
    call.view[3] = weight;
    call.params.metric = params;
    return call;
}

static inline soma_call soma_call_optimizer(soma_view parameter, soma_view gradient, soma_view state1, soma_view state2,
                                            soma_view norm, soma_optimizer_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_OPTIMIZER, 5);
    call.view[0] = parameter;
    call.view[1] = gradient;
    call.view[2] = state1;
    call.view[3] = state2;
    call.view[4] = norm;
    call.params.optimizer = params;
    return call;
}

static inline soma_call soma_call_optimizer_rows(soma_view dy, soma_view index, soma_view parameter, soma_view gradient,
                                                 soma_view state1, soma_optimizer_rows_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_OPTIMIZER_ROWS, 5);
    call.view[0] = dy;
    call.view[1] = index;
    call.view[2] = parameter;
    call.view[3] = gradient;
    call.view[4] = state1;
    call.params.optimizer_rows = params;
    return call;
}

static inline soma_call soma_call_norm(soma_view x, soma_view norm) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_NORM, 2);
    call.view[0] = x;
    call.view[1] = norm;
    return call;
}

static inline soma_call soma_call_conv(soma_view x, soma_view weight, soma_view bias, soma_view y,
                                       soma_conv_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_CONV, 4);
    call.view[0] = x;
    call.view[1] = weight;
    call.view[2] = bias;
    call.view[3] = y;
    call.params.conv = params;
    return call;
}

static inline soma_call soma_call_conv_add(soma_view x, soma_view weight, soma_view bias, soma_view addend, soma_view y,
                                           soma_conv_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_CONV_ADD, 5);
    call.view[0] = x;
    call.view[1] = weight;
    call.view[2] = bias;
    call.view[3] = addend;
    call.view[4] = y;
    call.params.conv = params;
    return call;
}

static inline soma_call soma_call_conv_data_grad(soma_view dy, soma_view weight, soma_view bias, soma_view dx,
                                                 soma_conv_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_CONV_DATA_GRAD, 4);
    call.view[0] = dy;
    call.view[1] = weight;
    call.view[2] = bias;
    call.view[3] = dx;
    call.params.conv = params;
    return call;
}

static inline soma_call soma_call_conv_weight_grad(soma_view x, soma_view dy, soma_view dweight,
                                                   soma_conv_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_CONV_WEIGHT_GRAD, 3);
    call.view[0] = x;
    call.view[1] = dy;
    call.view[2] = dweight;
    call.params.conv = params;
    return call;
}

static inline soma_call soma_call_pool(soma_view x, soma_view y, soma_pool_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_POOL, 2);
    call.view[0] = x;
    call.view[1] = y;
    call.params.pool = params;
    return call;
}

static inline soma_call soma_call_pool_grad(soma_view dy, soma_view x, soma_view y, soma_view dx,
                                            soma_pool_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_POOL_GRAD, 4);
    call.view[0] = dy;
    call.view[1] = x;
    call.view[2] = y;
    call.view[3] = dx;
    call.params.pool = params;
    return call;
}

/* The views of a call that has many, in its own order: here and below. */
typedef struct soma_normalize_views {
    soma_view x, scale, offset, running_mean, running_variance, y, mean, inverse;
} soma_normalize_views;

static inline soma_call soma_call_normalize(const soma_normalize_views *views, soma_normalize_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_NORMALIZE, sizeof *views / sizeof(soma_view));
    memcpy(call.view, views, sizeof *views);
    call.params.normalize = params;
    return call;
}

typedef struct soma_normalize_grad_views {
    soma_view dy, x, scale, mean, inverse, dx, dscale, doffset;
} soma_normalize_grad_views;

static inline soma_call soma_call_normalize_grad(const soma_normalize_grad_views *views, bool centered) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_NORMALIZE_GRAD, sizeof *views / sizeof(soma_view));
    memcpy(call.view, views, sizeof *views);
    call.params.normalize.centered = centered;
    return call;
}

static inline soma_call soma_call_augment(soma_view x, soma_view out, soma_augment_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_AUGMENT, 2);
    call.view[0] = x;
    call.view[1] = out;
    call.params.augment = params;
    return call;
}

static inline soma_call soma_call_mix(soma_view x, soma_view out, soma_mix_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_MIX, 2);
    call.view[0] = x;
    call.view[1] = out;
    call.params.mix = params;
    return call;
}

typedef struct soma_recurrent_views {
    soma_view x, weight, bias, mask, state, cell, y, cells, gates;
} soma_recurrent_views;

static inline soma_call soma_call_recurrent(const soma_recurrent_views *views, soma_recurrent_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_RECURRENT, sizeof *views / sizeof(soma_view));
    memcpy(call.view, views, sizeof *views);
    call.params.recurrent = params;
    return call;
}

typedef struct soma_recurrent_grad_views {
    soma_view dy, weight, y, cells, gates, mask, state, cell, dx, drecurrent, dstate, dcell;
} soma_recurrent_grad_views;

static inline soma_call soma_call_recurrent_grad(const soma_recurrent_grad_views *views, soma_recurrent_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_RECURRENT_GRAD, sizeof *views / sizeof(soma_view));
    memcpy(call.view, views, sizeof *views);
    call.params.recurrent = params;
    return call;
}

typedef struct soma_attention_views {
    soma_view q, k, v, mask, y, total;
} soma_attention_views;

static inline soma_call soma_call_attention(const soma_attention_views *views, soma_attention_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_ATTENTION, sizeof *views / sizeof(soma_view));
    memcpy(call.view, views, sizeof *views);
    call.params.attention = params;
    return call;
}

typedef struct soma_attention_grad_views {
    soma_view dy, q, k, v, mask, y, total, dq, dk, dv;
} soma_attention_grad_views;

static inline soma_call soma_call_attention_grad(const soma_attention_grad_views *views, soma_attention_params params) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_ATTENTION_GRAD, sizeof *views / sizeof(soma_view));
    memcpy(call.view, views, sizeof *views);
    call.params.attention = params;
    return call;
}

static inline soma_call soma_call_ctc(soma_view prediction, soma_view target, soma_view mask, soma_view loss,
                                      uint32_t blank) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_CTC, 4);
    call.view[0] = prediction;
    call.view[1] = target;
    call.view[2] = mask;
    call.view[3] = loss;
    call.params.ctc.blank = blank;
    return call;
}

static inline soma_call soma_call_ctc_grad(soma_view prediction, soma_view target, soma_view mask, soma_view dloss,
                                           soma_view out, uint32_t blank) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_CTC_GRAD, 5);
    call.view[0] = prediction;
    call.view[1] = target;
    call.view[2] = mask;
    call.view[3] = dloss;
    call.view[4] = out;
    call.params.ctc.blank = blank;
    return call;
}

static inline soma_call soma_call_ctc_distance(soma_view prediction, soma_view target, soma_view mask, soma_view out,
                                               uint32_t blank) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_CTC_DISTANCE, 4);
    call.view[0] = prediction;
    call.view[1] = target;
    call.view[2] = mask;
    call.view[3] = out;
    call.params.ctc.blank = blank;
    return call;
}

static inline soma_call soma_call_trees(soma_view x, soma_view node, soma_view leaf, soma_view root, soma_view out,
                                        uint32_t depth) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_TREES, 5);
    call.view[0] = x;
    call.view[1] = node;
    call.view[2] = leaf;
    call.view[3] = root;
    call.view[4] = out;
    call.params.trees.depth = depth;
    return call;
}

static inline soma_call soma_call_matmul(soma_view a, soma_view b, soma_view c, float scale) {
    soma_call call = soma_call_make(SOMA_PRIMITIVE_MATMUL, 3);
    call.view[0] = a;
    call.view[1] = b;
    call.view[2] = c;
    call.params.matmul.scale = scale;
    return call;
}

#endif
