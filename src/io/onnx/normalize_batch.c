/* SPDX-License-Identifier: MIT */
/*
 * BatchNormalization by the figures of what it is given, `training_mode`, as networks have it that keep no running
 * ones: where all of that is one sample, it is written as means, differences and products. Its other outputs are the
 * running figures after this batch, of the variance of the population, as ONNX has it.
 */
#include "io/onnx/family.h"
#include "io/onnx/inside.h"

/* What is written, and the batch's own figures, [1, channels, 1, ...]. */
typedef struct figures {
    soma_onnx_node *node;
    soma_onnx_importer *importer;
    uint32_t rank;
    size_t channels;
    const char *mean, *variance, *difference;
} figures;

static soma_status add(const figures *f, const char *op, const char *a, const char *b, const char **result) {
    SOMA_TRY(soma_onnx_inner_name(f->importer, result));
    return soma_onnx_add_made(f->importer, op, (const char *[]){a, b}, b ? 2 : 1, NULL, NULL, 0, *result);
}

static soma_status define_float(const figures *f, float number, const char **name) {
    soma_onnx_value value;
    SOMA_TRY(soma_onnx_inner_name(f->importer, name));
    SOMA_TRY(soma_onnx_float_value(f->importer, *name, number, &value));
    return soma_onnx_define(f->importer, &value);
}

/* The mean of each channel; dimensions stay, as 1. */
static soma_status add_mean(const figures *f, const char *x, const char **mean) {
    int64_t axes[SOMA_ONNX_MAX_RANK];
    const char *list;
    for (uint32_t i = 0; i + 1 < f->rank; i++) axes[i] = i == 0 ? 0 : i + 1;
    if (f->importer->opset >= 18) {
        SOMA_TRY(soma_onnx_define_list(f->importer, axes, f->rank - 1, &list));
        return add(f, "ReduceMean", x, list, mean);
    }
    SOMA_TRY(soma_onnx_inner_name(f->importer, mean));
    return soma_onnx_add_made(f->importer, "ReduceMean", &x, 1, "axes", axes, f->rank - 1, *mean);
}

static soma_status find_figures(figures *f) {
    const char *square, *x = f->node->proto->input[0];
    SOMA_TRY(add_mean(f, x, &f->mean));
    SOMA_TRY(add(f, "Sub", x, f->mean, &f->difference));
    SOMA_TRY(add(f, "Mul", f->difference, f->difference, &square));
    return add_mean(f, square, &f->variance);
}

/* An input of one number for each channel, beside which x is broadcast. */
static soma_status widen(const figures *f, uint32_t input, const char **wide) {
    int64_t shape[SOMA_ONNX_MAX_RANK];
    const char *list;
    for (uint32_t i = 0; i + 1 < f->rank; i++) shape[i] = i == 0 ? (int64_t)f->channels : 1;
    SOMA_TRY(soma_onnx_define_list(f->importer, shape, f->rank - 1, &list));
    return add(f, "Reshape", f->node->proto->input[input], list, wide);
}

static soma_status add_result(const figures *f, float epsilon) {
    const char *small, *deviation, *scale, *shift, *y;
    SOMA_TRY(define_float(f, epsilon, &small));
    SOMA_TRY(add(f, "Add", f->variance, small, &deviation));
    SOMA_TRY(add(f, "Sqrt", deviation, NULL, &deviation));
    SOMA_TRY(widen(f, 1, &scale));
    SOMA_TRY(widen(f, 2, &shift));
    SOMA_TRY(add(f, "Div", f->difference, deviation, &y));
    SOMA_TRY(add(f, "Mul", y, scale, &y));
    return soma_onnx_add_made(f->importer, "Add", (const char *[]){y, shift}, 2, NULL, NULL, 0,
                              f->node->proto->output[0]);
}

/* The running figure, of which `momentum` stays. */
static soma_status add_running(const figures *f, uint32_t output, const char *own, float momentum) {
    const char *list, *kept, *share, *old, *name = f->node->proto->output[output];
    SOMA_TRY(soma_onnx_define_list(f->importer, (const int64_t[]){(int64_t)f->channels}, 1, &list));
    SOMA_TRY(add(f, "Reshape", own, list, &own));
    SOMA_TRY(define_float(f, momentum, &kept));
    SOMA_TRY(define_float(f, 1.0f - momentum, &share));
    SOMA_TRY(add(f, "Mul", f->node->proto->input[output + 2], kept, &old));
    SOMA_TRY(add(f, "Mul", own, share, &own));
    return soma_onnx_add_made(f->importer, "Add", (const char *[]){old, own}, 2, NULL, NULL, 0, name);
}

static soma_status check_figure(const figures *f, uint32_t input) {
    const soma_onnx_value *value = f->node->input[input];
    if (value->shape.rank == 1 && value->shape.dim[0] == f->channels) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%s must have one number for each of the %zu channels", value->name,
                      f->channels);
}

soma_status soma_onnx_add_batch_figures(soma_onnx_node *node, bool *done) {
    figures f = {.node = node, .importer = node->importer};
    int64_t training;
    float epsilon, momentum;
    *done = false;
    if (node->row != &soma_onnx_row_BatchNormalization || node->opset < 14 || !node->importer->whole) return SOMA_OK;
    SOMA_TRY(soma_onnx_get_integer(node, "training_mode", 0, &training));
    if (!training) return SOMA_OK;
    *done = true;
    const soma_onnx_shape *x = &node->input[0]->shape;
    f.rank = x->rank;
    if (f.rank < 2) return soma_error(SOMA_INVALID_SHAPE, "%u dimensions; it takes 2 and more", f.rank);
    f.channels = x->dim[1];
    SOMA_TRY(soma_onnx_get_float(node, "epsilon", 1e-5f, &epsilon));
    SOMA_TRY(soma_onnx_get_float(node, "momentum", 0.9f, &momentum));
    for (uint32_t i = 1; i < node->input_count; i++) SOMA_TRY(check_figure(&f, i));
    SOMA_TRY(find_figures(&f));
    SOMA_TRY(add_result(&f, epsilon));
    for (uint32_t i = 1; i < node->proto->n_output && i < 3; i++)
        if (*node->proto->output[i]) SOMA_TRY(add_running(&f, i, i == 1 ? f.mean : f.variance, momentum));
    return SOMA_OK;
}
