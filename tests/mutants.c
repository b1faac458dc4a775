/* SPDX-License-Identifier: MIT */
/* What each mutant does wrong. */
#include "mutants.h"

#include "device/element.h"
#include "device/reference/pool.h"
#include <float.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------------------- wrong in a way any device can
 * be */

static float *f32(const soma_view *view) {
    return (float *)(void *)((char *)view->memory + view->offset);
}

/* The output at hand is F32, not empty, and contiguous enough that its last element is the last in memory. */
static bool has_elements(const soma_view *view) {
    return view->dtype == SOMA_F32 && soma_view_count(view) > 0;
}

static float *last_element(const soma_view *view) {
    return f32(view) + soma_element_position(view, soma_view_count(view) - 1);
}

static const soma_view *output(const mutant *self, const soma_call *call) {
    const soma_view *view = &call->view[self->argument];
    return soma_call_writes(call, (uint32_t)self->argument) && has_elements(view) ? view : NULL;
}

/* One element is off by a hundredth of a percent. */
static soma_status after_inexact(const mutant *self, soma_call *call, const soma_call *old) {
    (void)old;
    const soma_view *view = output(self, call);
    if (!view) return SOMA_OK;
    float *wrong =
        call->primitive == SOMA_PRIMITIVE_METRIC ? f32(view) + 2 * call->params.metric.slot : last_element(view);
    *wrong = *wrong * 1.0001f + 1e-6f;
    return SOMA_OK;
}

static soma_status after_unwritten(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *view = output(self, call);
    if (!view) return SOMA_OK;
    size_t place = call->primitive == SOMA_PRIMITIVE_METRIC ? 2 * call->params.metric.slot
                                                            : soma_element_position(view, soma_view_count(view) - 1);
    f32(view)[place] = f32(&old->view[self->argument])[place];
    return SOMA_OK;
}

static soma_status after_past_the_end(const mutant *self, soma_call *call, const soma_call *old) {
    (void)old;
    const soma_view *view = output(self, call);
    if (view) ((uint8_t *)(last_element(view) + 1))[0] ^= 0x10;
    return SOMA_OK;
}

static soma_status after_before_the_start(const mutant *self, soma_call *call, const soma_call *old) {
    (void)old;
    const soma_view *view = output(self, call);
    if (view && view->offset) ((uint8_t *)f32(view))[-1] ^= 0x10;
    return SOMA_OK;
}

static soma_status replace_in_outputs(soma_call *call, bool nan, float by) {
    for (uint32_t i = 0; i < call->view_count; i++) {
        const soma_view *view = &call->view[i];
        if (!soma_call_writes(call, i) || !has_elements(view)) continue;
        size_t count = soma_view_count(view);
        for (size_t j = 0; j < count; j++) {
            float *value = f32(view) + soma_element_position(view, j);
            if (nan ? isnan(*value) : isinf(*value)) *value = copysignf(by, *value);
        }
    }
    return SOMA_OK;
}

static soma_status after_nan_is_0(const mutant *self, soma_call *call, const soma_call *old) {
    (void)self;
    (void)old;
    return replace_in_outputs(call, true, 0.0f);
}

static soma_status after_infinity_is_finite(const mutant *self, soma_call *call, const soma_call *old) {
    (void)self;
    (void)old;
    return replace_in_outputs(call, false, FLT_MAX);
}

static soma_status after_refusing_empty(const mutant *self, soma_call *call, const soma_call *old) {
    (void)self;
    (void)old;
    for (uint32_t i = 0; i < call->view_count; i++)
        if (soma_view_present(&call->view[i]) && soma_view_count(&call->view[i]) == 0)
            return soma_error(SOMA_DEVICE_FAILED, "an empty view");
    return SOMA_OK;
}

static soma_status after_using_more_scratch(const mutant *self, soma_call *call, const soma_call *old) {
    (void)self;
    (void)old;
    ((uint8_t *)call->workspace)[call->workspace_offset + MUTANT_WORKSPACE] ^= 0x10;
    return SOMA_OK;
}

static soma_status after_changed_input(const mutant *self, soma_call *call, const soma_call *old) {
    (void)old;
    const soma_view *view = &call->view[self->argument];
    if (soma_view_count(view) > 0) ((uint8_t *)f32(view))[1] ^= 0x10;
    return SOMA_OK;
}

/* Adds 0 times what was there: what a GEMM does that reads c though beta is 0. */
static soma_status after_reading_garbage(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *view = output(self, call);
    if (view && !soma_call_reads(call, (uint32_t)self->argument))
        *last_element(view) += 0.0f * *last_element(&old->view[self->argument]);
    return SOMA_OK;
}

/* Inputs at half precision: 11 bits of significand. */
static void before_half_precision(const mutant *self, soma_call *call) {
    const soma_view *view = &call->view[self->argument];
    if (!soma_call_reads(call, (uint32_t)self->argument) || view->dtype != SOMA_F32) return;
    size_t count = soma_view_positions(view);
    for (size_t i = 0; i < count; i++) {
        float value = f32(view)[i], factor = value * 8193.0f;
        if (isfinite(value) && isfinite(factor)) f32(view)[i] = factor - (factor - value); /* Veltkamp's splitting */
    }
}

/* -------------------------------------------------------------------------------------- wrong as one primitive can be
 */

static void before_dropping_view(const mutant *self, soma_call *call) {
    call->view[self->argument] = soma_view_absent();
}

static void before_conv_without_addend(const mutant *self, soma_call *call) {
    (void)self;
    call->primitive = SOMA_PRIMITIVE_CONV;
    call->view[3] = call->view[4];
    call->view_count = 4;
}

static void before_other_function(const mutant *self, soma_call *call) {
    soma_function *function =
        call->primitive == SOMA_PRIMITIVE_GEMM ? &call->params.gemm.function : &call->params.unary.function;
    if ((int)*function == self->argument) *function = (soma_function)self->replacement;
}

static void before_usual_parameters(const mutant *self, soma_call *call) {
    (void)self;
    bool takes_b = call->params.unary.function == SOMA_LEAKY_RELU;
    call->params.unary.a = call->params.unary.function == SOMA_HARD_SIGMOID ? 0.2f : 1.0f;
    call->params.unary.b = takes_b ? 0.01f : 0.5f;
}

/* BINARY, REDUCE, LOSS, LOSS_GRAD, METRIC, OPTIMIZER: what is asked for is the first field of each parameter struct. */
static void before_other_kind(const mutant *self, soma_call *call) {
    int *kind = (int *)(void *)&call->params;
    if (*kind == self->argument) *kind = self->replacement;
}

static void before_log_forgotten(const mutant *self, soma_call *call) {
    (void)self;
    call->params.softmax.log = false;
}

static void before_no_broadcast(const mutant *self, soma_call *call) {
    (void)self;
    for (uint32_t i = 0; i < call->view[1].rank; i++)
        if (call->view[1].stride[i] == 0) /* one number for all */
            for (uint32_t j = 0; j < call->view[1].rank; j++) call->view[1].stride[j] = 0;
}

/* An exponential of x itself overflows. */
static soma_status after_softmax_without_maximum(const mutant *self, soma_call *call, const soma_call *old) {
    (void)self;
    for (size_t i = 0; i < soma_view_count(&call->view[0]); i++)
        if (f32(&old->view[0])[i] > 89.0f) f32(&call->view[1])[i] = NAN;
    return SOMA_OK;
}

/* The last product of each sum is left out. */
static void before_short_gemm(const mutant *self, soma_call *call) {
    (void)self;
    const soma_view *b = &call->view[1];
    bool transposed = call->params.gemm.transpose_b;
    size_t k = b->shape[transposed], n = b->shape[!transposed];
    for (size_t j = 0; k && j < n; j++) f32(b)[transposed ? j * k + k - 1 : (k - 1) * n + j] = 0.0f;
}

static void before_clamped_rows(const mutant *self, soma_call *call) {
    (void)self;
    const soma_view *index = &call->view[1];
    int32_t rows = (int32_t)call->view[0].shape[0];
    for (size_t i = 0; i < soma_view_count(index); i++) {
        int32_t *row = (int32_t *)(void *)f32(index) + i;
        if (rows > 0) *row = SOMA_MIN(SOMA_MAX(*row, 0), rows - 1);
    }
}

static void before_first_rows(const mutant *self, soma_call *call) {
    (void)self;
    const soma_view *index = &call->view[1];
    memset(f32(index), 0, soma_view_count(index) * sizeof(int32_t));
}

/* Of the tables, the last row in place of none. */
static void before_clamped_places(const mutant *self, soma_call *call) {
    (void)self;
    const soma_view *index = &call->view[1];
    const int32_t last = (int32_t)call->view[2].shape[1] - 1;
    for (size_t i = 0; i < soma_view_count(index); i++) {
        int32_t *row = (int32_t *)(void *)f32(index) + i;
        *row = SOMA_MIN(*row, last);
    }
}

static soma_status after_rounding_integers(const mutant *self, soma_call *call, const soma_call *old) {
    (void)self;
    const soma_view *in = &old->view[0], *out = &call->view[1];
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count && out->dtype != SOMA_F32; i++)
        soma_element_set(out, soma_element_position(out, i), rint(soma_element_get(in, soma_element_position(in, i))));
    return SOMA_OK;
}

/* The norm is taken to be unscaled. */
static void before_norm_unscaled(const mutant *self, soma_call *call) {
    (void)self;
    if (soma_view_present(&call->view[4])) f32(&call->view[4])[1] = 1.0f;
}

/* What a sum of the squares themselves has: with `argument` nothing of numbers that are too small, else infinity for
 * one that is too large. */
static soma_status after_plain_squares(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *x = &old->view[0];
    float *norm = f32(&call->view[1]), sum = 0.0f;
    for (size_t i = 0; i < soma_view_count(x); i++) sum += f32(x)[i] * f32(x)[i];
    if (self->argument ? sum == 0.0f : isinf(sum)) norm[0] = sqrtf(sum);
    return SOMA_OK;
}

/* The gradient of a maximum goes to the last of equal elements or, with `argument`, to all of them. */
static soma_status after_pool_of_equals(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *dy = &old->view[0], *x = &old->view[1], *y = &old->view[2], *dx = &call->view[3];
    if (call->params.pool.kind != SOMA_POOL_MAX || soma_view_count(dx) == 0) return SOMA_OK;
    memset(f32(dx), 0, soma_view_count(dx) * sizeof(float));
    for (size_t i = 0; i < soma_view_count(dy); i++) {
        window w = window_of(&call->params.pool, dx, dy, i / dy->shape[4]);
        bool given = false;
        for (size_t k = w.places, first; k-- > 0;) {
            if (!window_place(&w, k, false, &first) || (given && !self->argument)) continue;
            size_t at = first + i % dy->shape[4];
            if (f32(x)[at] != f32(y)[i]) continue;
            f32(dx)[at] += f32(dy)[i];
            given = true;
        }
    }
    return SOMA_OK;
}

/* The variance as the mean of the squares less the square of the mean, in float32: wrong for large means. */
static soma_status after_plain_variance(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *x = &old->view[0];
    const size_t columns = x->shape[2], rows = x->shape[1];
    (void)self;
    if (!call->params.normalize.centered || call->params.normalize.given || x->shape[0] != 1 || x->shape[3] != 1 ||
        !soma_view_present(&call->view[7]))
        return SOMA_OK;
    for (size_t j = 0; j < columns && rows > 0; j++) {
        float sum = 0.0f, squares = 0.0f, n = (float)rows;
        for (size_t i = 0; i < rows; i++) sum += f32(x)[i * columns + j];
        for (size_t i = 0; i < rows; i++) squares += f32(x)[i * columns + j] * f32(x)[i * columns + j];
        float variance = fmaxf(0.0f, squares / n - sum / n * (sum / n));
        f32(&call->view[7])[j] = 1.0f / sqrtf(variance + call->params.normalize.epsilon);
    }
    return SOMA_OK;
}

/* dscale is summed over the first outer only. */
static soma_status after_first_outer(const mutant *self, soma_call *call, const soma_call *old) {
    soma_call first = *old;
    (void)self;
    if (!soma_view_present(&call->view[6]) || old->view[0].shape[0] < 2) return SOMA_OK;
    for (uint32_t i = 0; i < 2; i++) first.view[i].shape[0] = 1;
    first.view[5].shape[0] = first.view[3].shape[0] = first.view[4].shape[0] = 1;
    SOMA_TRY(soma_reference_run(&first));
    memcpy(f32(&call->view[6]), f32(&first.view[6]), soma_view_count(&first.view[6]) * sizeof(float));
    return SOMA_OK;
}

static void before_metric_weight(const mutant *self, soma_call *call) {
    (void)self;
    call->view[3] = soma_view_absent();
}

static void before_ctc_mask(const mutant *self, soma_call *call) {
    (void)self;
    call->view[2] = soma_view_absent();
}

static void before_ctc_blank(const mutant *self, soma_call *call) {
    (void)self;
    call->params.ctc.blank = call->params.ctc.blank ? 0 : (uint32_t)call->view[0].shape[2] - 1;
}

static soma_status after_no_compensation(const mutant *self, soma_call *call, const soma_call *old) {
    (void)self;
    (void)old;
    f32(&call->view[2])[2 * call->params.metric.slot + 1] = 0.0f;
    return SOMA_OK;
}

/* Ties go to the last largest element in place of the first: seen by turning each row round. */
static void before_last_of_equals(const mutant *self, soma_call *call) {
    (void)self;
    const soma_view *prediction = &call->view[0];
    size_t width = prediction->shape[1];
    if (call->params.metric.kind != SOMA_METRIC_CATEGORICAL_ACCURACY) return;
    for (size_t i = 0; i < prediction->shape[0]; i++)
        for (size_t j = 0; j + 1 < width; j++) {
            float *row = f32(prediction) + i * width;
            for (size_t l = j + 1; l < width; l++)
                if (row[l] == row[j]) row[j] -= 0.5f; /* values are whole: the order of others stays */
        }
}

/* Sets one number of the parameters: its place in bytes, and a value. */
#define SETTER(name, field, value)                                                                                     \
    static void before_##name(const mutant *self, soma_call *call) {                                                   \
        (void)self;                                                                                                    \
        call->params.field = value;                                                                                    \
    }
SETTER(copy_scale, copy.scale, 1.0f)
SETTER(copy_shift, copy.shift, 0.0f)
SETTER(gather_scale, gather.scale, 1.0f)
SETTER(gather_shift, gather.shift, 0.0f)
SETTER(gather_start, gather.start, 0)
SETTER(gather_grad_skip, gather_grad.skip, -1)
SETTER(optimizer_rows_skip, optimizer_rows.skip, -1)
SETTER(optimizer_rows_clip, optimizer_rows.optimizer.clip_value, 0.0f)
SETTER(gemm_alpha, gemm.alpha, 1.0f)
SETTER(gemm_beta, gemm.beta, 0.0f)
SETTER(dropout_stream, dropout.stream, 5)
SETTER(dropout_seed, dropout.seed, call->params.dropout.seed &UINT32_MAX)
SETTER(dropout_step, dropout.step, call->params.dropout.step &UINT32_MAX)
SETTER(dropout_start, dropout.start, 0)
SETTER(dropout_rate, dropout.rate, 0.5f)
SETTER(loss_delta, loss.delta, 1.0f)
SETTER(metric_slot, metric.slot, 0)
SETTER(metric_k, metric.k, 1)
SETTER(metric_threshold, metric.threshold, 0.5f)
SETTER(l2, optimizer.l2, 0.0f)
SETTER(l1, optimizer.l1, 0.0f)
SETTER(decay, optimizer.decay, 0.0f)
SETTER(clip_value, optimizer.clip_value, 0.0f)
SETTER(clip_norm, optimizer.clip_norm, 0.0f)
SETTER(decay_count, optimizer.decay_count, call->view[0].shape[0])
SETTER(learning_rate, optimizer.learning_rate, 0.05f)
SETTER(correction1, optimizer.correction1, 1.0f)
SETTER(correction2, optimizer.correction2, 1.0f)
SETTER(epsilon, optimizer.epsilon, 0.0f)
SETTER(beta1, optimizer.beta1, 0.95f)
SETTER(beta2, optimizer.beta2, 0.999f)
SETTER(conv_stride, conv.stride[1], 1)
SETTER(conv_dilation, conv.dilation[2], 1)
SETTER(conv_before, conv.before[2], SOMA_MAX(call->params.conv.before[2], 0))
SETTER(conv_function, conv.function, SOMA_IDENTITY)
SETTER(augment_flip, augment.flip, false)
SETTER(augment_flip_vertical, augment.flip_vertical, false)
SETTER(augment_shift, augment.shift[1], call->params.augment.shift[0])
SETTER(augment_brightness, augment.brightness, 0.0f)
SETTER(augment_cutout, augment.cutout, call->params.augment.cutout & ~1u)
SETTER(augment_seed, augment.seed, call->params.augment.seed &UINT32_MAX)
SETTER(augment_step, augment.step, call->params.augment.step &UINT32_MAX)
SETTER(augment_start, augment.start, 0)
SETTER(augment_stream, augment.stream, 0)
SETTER(mix_share, mix.share, 1.0f - call->params.mix.share)
SETTER(mix_ahead, mix.ahead, 0)
SETTER(conv_alpha, conv.alpha, 1.0f)
SETTER(conv_beta, conv.beta, 0.0f)
SETTER(normalize_epsilon, normalize.epsilon, 1e-5f)
SETTER(normalize_momentum, normalize.momentum, 0.9f)
SETTER(normalize_centered, normalize.centered, true)
SETTER(normalize_sample_variance, normalize.sample_variance, false)
SETTER(normalize_given, normalize.given, false)
SETTER(normalize_function, normalize.function, SOMA_IDENTITY)

SETTER(pool_stride, pool.stride[2], 1)
SETTER(pool_dilation, pool.dilation[1], 1)
SETTER(pool_before, pool.before[1], 0)
SETTER(pool_after, pool.after[2], 0)
SETTER(pool_count, pool.count_padding, false)

/* What lies past the padding counts, too. */
static void before_pool_past_the_padding(const mutant *self, soma_call *call) {
    (void)self;
    for (int i = 0; i < 3; i++) call->params.pool.after[i] = 1000;
}

/* Parameters as they were when the call was prepared: the live ones go stale. */
static void before_stale_parameters(const mutant *self, soma_call *call) {
    (void)self;
    memcpy(&call->params, call->prepared, sizeof call->params);
}

/* ---------------------------------------------------------------------------------------------------------- the list
 */

typedef struct mutant_list {
    mutant *items;
    size_t count;
} mutant_list;

static void add(mutant_list *list, mutant added) {
    list->items = soma_realloc(list->items, list->count + 1, sizeof *list->items);
    if (!list->items) abort();
    list->items[list->count++] = added;
}

/* What each view of a primitive is for, by a call that has them all. */
static soma_call call_with_all_views(uint32_t primitive) {
    static const uint32_t view_counts[] = {
#define X(NAME, name, views, ...) views,
        SOMA_PRIMITIVE_LIST(X)
#undef X
    };
    soma_call call = soma_call_make((soma_primitive)primitive, view_counts[primitive]);
    for (uint32_t i = 0; i < call.view_count; i++) call.view[i] = SOMA_F32_VIEW(1);
    return call;
}

static bool is_of_labels(uint32_t primitive) {
    return primitive == SOMA_PRIMITIVE_CTC || primitive == SOMA_PRIMITIVE_CTC_GRAD ||
           primitive == SOMA_PRIMITIVE_CTC_DISTANCE;
}

/* Edits, and what dloss, a finite number here, is times probabilities. */
static bool always_finite(uint32_t primitive) {
    return primitive == SOMA_PRIMITIVE_CTC_GRAD || primitive == SOMA_PRIMITIVE_CTC_DISTANCE;
}

static void add_view_mutants(mutant_list *list, uint32_t primitive) {
    soma_call call = call_with_all_views(primitive);
    for (uint32_t i = 0; i < call.view_count; i++) {
        bool reads = soma_call_reads(&call, i), writes = soma_call_writes(&call, i);
        bool whole_numbers = (primitive == SOMA_PRIMITIVE_GATHER || primitive == SOMA_PRIMITIVE_GATHER_GRAD ||
                              primitive == SOMA_PRIMITIVE_SCATTER || primitive == SOMA_PRIMITIVE_PUT ||
                              primitive == SOMA_PRIMITIVE_OPTIMIZER_ROWS || is_of_labels(primitive)) &&
                             i == 1;
        whole_numbers |= primitive == SOMA_PRIMITIVE_TREES && i == 3;      /* roots */
        bool is_mask = strcmp(soma_call_view_name(&call, i), "mask") == 0; /* 0 or not, in any precision */
        if (writes) {
            add(list, (mutant){"inexact", primitive, (int)i, 0, NULL, after_inexact});
            add(list, (mutant){"last element unwritten", primitive, (int)i, 0, NULL, after_unwritten});
            add(list, (mutant){"writes past the end", primitive, (int)i, 0, NULL, after_past_the_end});
            add(list, (mutant){"writes before the start", primitive, (int)i, 0, NULL, after_before_the_start});
        } else
            add(list, (mutant){"writes into an input", primitive, (int)i, 0, NULL, after_changed_input});
        if (writes && !reads) add(list, (mutant){"reads garbage", primitive, (int)i, 0, NULL, after_reading_garbage});
        if (reads && !whole_numbers && !is_mask)
            add(list, (mutant){"half precision", primitive, (int)i, 0, before_half_precision, NULL});
    }
}

static void add_general_mutants(mutant_list *list) {
    for (uint32_t primitive = 0; primitive < SOMA_PRIMITIVE_COUNT; primitive++) {
        add_view_mutants(list, primitive);
        if (primitive != SOMA_PRIMITIVE_CTC_DISTANCE)
            add(list, (mutant){"NaN becomes 0", primitive, 0, 0, NULL, after_nan_is_0});
        add(list, (mutant){"refuses empty views", primitive, 0, 0, NULL, after_refusing_empty});
        add(list, (mutant){"uses more scratch", primitive, 0, 0, NULL, after_using_more_scratch});
        if (!always_finite(primitive))
            add(list, (mutant){"infinity becomes finite", primitive, 0, 0, NULL, after_infinity_is_finite});
    }
}

static void add_function_mutants(mutant_list *list) {
    static const uint32_t rows[] = {SOMA_PRIMITIVE_GEMM, SOMA_PRIMITIVE_UNARY, SOMA_PRIMITIVE_UNARY_GRAD,
                                    SOMA_PRIMITIVE_BIAS_UNARY_GRAD};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        for (int function = 0; function < SOMA_FUNCTION_COUNT; function++) {
            int other = function == SOMA_IDENTITY ? SOMA_TANH : SOMA_IDENTITY;
            add(list, (mutant){"another function", rows[i], function, other, before_other_function, NULL});
        }
        if (rows[i] != SOMA_PRIMITIVE_GEMM)
            add(list, (mutant){"usual parameters", rows[i], 0, 0, before_usual_parameters, NULL});
    }
}

static void add_kind_mutants(mutant_list *list) {
    static const struct {
        uint32_t row;
        int kind, other;
    } pairs[] = {
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_CATEGORICAL_CROSSENTROPY, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, SOMA_LOSS_CATEGORICAL_CROSSENTROPY},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_BINARY_CROSSENTROPY, SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS, SOMA_LOSS_BINARY_CROSSENTROPY},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_MEAN_SQUARED_ERROR, SOMA_LOSS_MEAN_ABSOLUTE_ERROR},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_MEAN_ABSOLUTE_ERROR, SOMA_LOSS_HUBER},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_HUBER, SOMA_LOSS_MEAN_SQUARED_ERROR},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_QUANTILE, SOMA_LOSS_MEAN_ABSOLUTE_ERROR},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_CATEGORICAL_FOCAL, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS},
        {SOMA_PRIMITIVE_LOSS, SOMA_LOSS_BINARY_FOCAL, SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS},
        {SOMA_PRIMITIVE_METRIC, SOMA_METRIC_CATEGORICAL_ACCURACY, SOMA_METRIC_TOP_K_ACCURACY},
        {SOMA_PRIMITIVE_METRIC, SOMA_METRIC_TOP_K_ACCURACY, SOMA_METRIC_CATEGORICAL_ACCURACY},
        {SOMA_PRIMITIVE_METRIC, SOMA_METRIC_BINARY_ACCURACY, SOMA_METRIC_ABSOLUTE_ERROR},
        {SOMA_PRIMITIVE_METRIC, SOMA_METRIC_ABSOLUTE_ERROR, SOMA_METRIC_BINARY_ACCURACY},
        {SOMA_PRIMITIVE_OPTIMIZER, SOMA_MOMENTUM, SOMA_NESTEROV},
        {SOMA_PRIMITIVE_OPTIMIZER, SOMA_NESTEROV, SOMA_MOMENTUM},
        {SOMA_PRIMITIVE_OPTIMIZER, SOMA_RMSPROP, SOMA_ADAGRAD},
        {SOMA_PRIMITIVE_OPTIMIZER, SOMA_ADAGRAD, SOMA_RMSPROP},
        {SOMA_PRIMITIVE_OPTIMIZER, SOMA_ADAM, SOMA_ADAMW},
        {SOMA_PRIMITIVE_OPTIMIZER, SOMA_ADAMW, SOMA_ADAM},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(pairs); i++) {
        add(list, (mutant){"another kind", pairs[i].row, pairs[i].kind, pairs[i].other, before_other_kind, NULL});
        if (pairs[i].row == SOMA_PRIMITIVE_LOSS) /* their derivatives alike */
            add(list, (mutant){"another kind", SOMA_PRIMITIVE_LOSS_GRAD, pairs[i].kind, pairs[i].other,
                               before_other_kind, NULL});
    }
    for (int op = 0; op < SOMA_BINARY_COUNT; op++)
        add(list, (mutant){"another operation", SOMA_PRIMITIVE_BINARY, op, (op + 1) % SOMA_BINARY_COUNT,
                           before_other_kind, NULL});
    for (int op = 0; op < SOMA_REDUCTION_COUNT; op++)
        add(list, (mutant){"another operation", SOMA_PRIMITIVE_REDUCE, op, (op + 1) % SOMA_REDUCTION_COUNT,
                           before_other_kind, NULL});
}

static void before_recurrent_reverse(const mutant *self, soma_call *call) {
    (void)self;
    call->params.recurrent.reverse = false;
}

/* What nothing is done to but moving: one view of a rank as if it were contiguous, where it has a stride. */
static void before_plain_copy(const mutant *self, soma_call *call) {
    soma_view *view = &call->view[self->argument];
    const bool plain = call->params.copy.scale == 1.0f && call->params.copy.shift == 0.0f &&
                       call->view[0].dtype == SOMA_F32 && call->view[1].dtype == SOMA_F32;
    if (!plain || view->rank != (uint32_t)self->replacement || view->stride[view->rank - 1] <= 1) return;
    for (size_t i = view->rank, step = 1; i-- > 0; step *= view->shape[i]) view->stride[i] = step;
}

static void before_attention_causal(const mutant *self, soma_call *call) {
    (void)self;
    call->params.attention.causal = false;
}

static void before_attention_scale(const mutant *self, soma_call *call) {
    (void)self;
    call->params.attention.scale = 1.0f;
}

/* What is added to the scores, the same along a dimension. */
static void before_attention_repeated(const mutant *self, soma_call *call) {
    soma_view *mask = &call->view[self->argument];
    if (mask->rank == 4) mask->stride[self->replacement] = 0;
}

/* What softmax of a row without keys is, where masks are added. */
static soma_status after_attention_hidden(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *mask = &call->view[self->replacement], *result = output(self, call);
    (void)old;
    if (!result || mask->rank != 4 || mask->stride[0] == 0) return SOMA_OK;
    for (size_t key = 0; key < mask->shape[3]; key++)
        if (f32(mask)[key] != -INFINITY) return SOMA_OK;
    f32(result)[0] = NAN;
    return SOMA_OK;
}

/* The last row of a mask that is added: only its last key is seen. A maximum that begins at -inf is one no number can
 * be subtracted from. */
static soma_status after_attention_late(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *mask = &call->view[3], *y = output(self, call);
    (void)old;
    if (!y || mask->rank != 4 || mask->stride[0] == 0 || mask->shape[3] < 2) return SOMA_OK;
    const float *last = last_element(mask);
    if (*last == -INFINITY) return SOMA_OK;
    for (size_t key = 1; key < mask->shape[3]; key++)
        if (*(last - key) != -INFINITY) return SOMA_OK;
    *last_element(y) = NAN;
    return SOMA_OK;
}

static void before_matmul_scale(const mutant *self, soma_call *call) {
    (void)self;
    call->params.matmul.scale = 1.0f;
}

/* The first matrices for all. */
static void before_matmul_repeat(const mutant *self, soma_call *call) {
    soma_view *view = &call->view[self->argument];
    for (uint32_t i = 0; i + 2 < view->rank; i++) view->stride[i] = 0;
}

static void before_recurrent_reset(const mutant *self, soma_call *call) {
    (void)self;
    call->params.recurrent.reset_before = false;
}

static void before_recurrent_function(const mutant *self, soma_call *call) {
    (void)self;
    call->params.recurrent.function = SOMA_TANH;
}

static void before_trees_depth(const mutant *self, soma_call *call) {
    (void)self;
    call->params.trees.depth = 0;
}

/* Tables of trees that make no sense: 0 in place of NaN, and of what lies beyond the last node. */
static void before_trees_sense(const mutant *self, soma_call *call) {
    const soma_view *view = &call->view[self->argument], *node = &call->view[1];
    const float most = (float)node->shape[0] - 1.0f;
    const size_t count = soma_view_count(view);
    for (size_t i = 0; i < count; i++) {
        float *value = f32(view) + i;
        if (self->replacement ? *value > most : isnan(*value)) *value = 0.0f;
    }
}

/* Of the numbers of a sample each counts once. */
static void before_put_first(const mutant *self, soma_call *call) {
    (void)self;
    const size_t steps = call->view[1].shape[1], count = soma_view_count(&call->view[1]);
    int32_t *index = (int32_t *)(void *)f32(&call->view[1]);
    for (size_t i = 0; i < count; i++)
        for (size_t k = i / steps * steps; k < i; k++)
            if (index[k] == index[i]) index[i] = -1;
}

static void before_put_replaces(const mutant *self, soma_call *call) {
    (void)self;
    call->params.put = (soma_put_params){.combines = false, .op = SOMA_BINARY_ADD};
}

static void before_put_adds(const mutant *self, soma_call *call) {
    (void)self;
    if (call->params.put.combines) call->params.put.op = SOMA_BINARY_ADD;
}

/* Of each sample that of the first. */
static void before_put_first_table(const mutant *self, soma_call *call) {
    (void)self;
    call->view[2].stride[0] = 0;
}

static const mutant single_mutants[] = {
    {"rounds to integers", SOMA_PRIMITIVE_COPY, 0, 0, NULL, after_rounding_integers},
    {"no scale", SOMA_PRIMITIVE_COPY, 0, 0, before_copy_scale, NULL},
    {"no shift", SOMA_PRIMITIVE_COPY, 0, 0, before_copy_shift, NULL},
    {"plain copies from strides as they lie", SOMA_PRIMITIVE_COPY, 0, 1, before_plain_copy, NULL},
    {"plain copies to strides as they lie", SOMA_PRIMITIVE_COPY, 1, 1, before_plain_copy, NULL},
    {"plain copies to rows of columns as they lie", SOMA_PRIMITIVE_COPY, 1, 2, before_plain_copy, NULL},
    {"plain copies to four dimensions as they lie", SOMA_PRIMITIVE_COPY, 1, 4, before_plain_copy, NULL},
    {"plain copies to five dimensions as they lie", SOMA_PRIMITIVE_COPY, 1, 5, before_plain_copy, NULL},
    {"no scale", SOMA_PRIMITIVE_GATHER, 0, 0, before_gather_scale, NULL},
    {"no shift", SOMA_PRIMITIVE_GATHER, 0, 0, before_gather_shift, NULL},
    {"no start", SOMA_PRIMITIVE_GATHER, 0, 0, before_gather_start, NULL},
    {"no index", SOMA_PRIMITIVE_GATHER, 1, 0, before_dropping_view, NULL},
    {"rows outside are clamped", SOMA_PRIMITIVE_GATHER, 0, 0, before_clamped_rows, NULL},
    {"no row is skipped", SOMA_PRIMITIVE_GATHER_GRAD, 0, 0, before_gather_grad_skip, NULL},
    {"no row is skipped", SOMA_PRIMITIVE_OPTIMIZER_ROWS, 0, 0, before_optimizer_rows_skip, NULL},
    {"rows are not clipped", SOMA_PRIMITIVE_OPTIMIZER_ROWS, 0, 0, before_optimizer_rows_clip, NULL},
    {"rows from the first on", SOMA_PRIMITIVE_SCATTER, 0, 0, before_first_rows, NULL},
    {"rows outside are clamped", SOMA_PRIMITIVE_SCATTER, 0, 0, before_clamped_places, NULL},
    {"rows outside are clamped", SOMA_PRIMITIVE_PUT, 0, 0, before_clamped_places, NULL},
    {"what comes first stays", SOMA_PRIMITIVE_PUT, 0, 0, before_put_first, NULL},
    {"nothing is combined", SOMA_PRIMITIVE_PUT, 0, 0, before_put_replaces, NULL},
    {"all is added", SOMA_PRIMITIVE_PUT, 0, 0, before_put_adds, NULL},
    {"one table for all", SOMA_PRIMITIVE_PUT, 0, 0, before_put_first_table, NULL},
    {"no alpha", SOMA_PRIMITIVE_GEMM, 0, 0, before_gemm_alpha, NULL},
    {"no beta", SOMA_PRIMITIVE_GEMM, 0, 0, before_gemm_beta, NULL},
    {"no bias", SOMA_PRIMITIVE_GEMM, 2, 0, before_dropping_view, NULL},
    {"last product left out", SOMA_PRIMITIVE_GEMM, 0, 0, before_short_gemm, NULL},
    {"no broadcast", SOMA_PRIMITIVE_BINARY, 0, 0, before_no_broadcast, NULL},
    {"no logarithm", SOMA_PRIMITIVE_SOFTMAX, 0, 0, before_log_forgotten, NULL},
    {"overflows", SOMA_PRIMITIVE_SOFTMAX, 0, 0, NULL, after_softmax_without_maximum},
    {"no logarithm", SOMA_PRIMITIVE_SOFTMAX_GRAD, 0, 0, before_log_forgotten, NULL},
    {"one stream", SOMA_PRIMITIVE_DROPOUT, 0, 0, before_dropout_stream, NULL},
    {"half the seed", SOMA_PRIMITIVE_DROPOUT, 0, 0, before_dropout_seed, NULL},
    {"half the step", SOMA_PRIMITIVE_DROPOUT, 0, 0, before_dropout_step, NULL},
    {"from the first element", SOMA_PRIMITIVE_DROPOUT, 0, 0, before_dropout_start, NULL},
    {"one rate", SOMA_PRIMITIVE_DROPOUT, 0, 0, before_dropout_rate, NULL},
    {"one delta", SOMA_PRIMITIVE_LOSS, 0, 0, before_loss_delta, NULL},
    {"one delta", SOMA_PRIMITIVE_LOSS_GRAD, 0, 0, before_loss_delta, NULL},
    {"no weight", SOMA_PRIMITIVE_LOSS, 2, 0, before_dropping_view, NULL},
    {"no class weight", SOMA_PRIMITIVE_LOSS, 3, 0, before_dropping_view, NULL},
    {"no weight", SOMA_PRIMITIVE_LOSS_GRAD, 2, 0, before_dropping_view, NULL},
    {"no class weight", SOMA_PRIMITIVE_LOSS_GRAD, 3, 0, before_dropping_view, NULL},
    {"no losses", SOMA_PRIMITIVE_LOSS_GRAD, 6, 0, before_dropping_view, NULL},
    {"first slot", SOMA_PRIMITIVE_METRIC, 0, 0, before_metric_slot, NULL},
    {"one k", SOMA_PRIMITIVE_METRIC, 0, 0, before_metric_k, NULL},
    {"one threshold", SOMA_PRIMITIVE_METRIC, 0, 0, before_metric_threshold, NULL},
    {"no weights", SOMA_PRIMITIVE_METRIC, 0, 0, before_metric_weight, NULL},
    {"all steps are there", SOMA_PRIMITIVE_CTC, 0, 0, before_ctc_mask, NULL},
    {"another blank", SOMA_PRIMITIVE_CTC, 0, 0, before_ctc_blank, NULL},
    {"all steps are there", SOMA_PRIMITIVE_CTC_GRAD, 0, 0, before_ctc_mask, NULL},
    {"another blank", SOMA_PRIMITIVE_CTC_GRAD, 0, 0, before_ctc_blank, NULL},
    {"all steps are there", SOMA_PRIMITIVE_CTC_DISTANCE, 0, 0, before_ctc_mask, NULL},
    {"another blank", SOMA_PRIMITIVE_CTC_DISTANCE, 0, 0, before_ctc_blank, NULL},
    {"no questions", SOMA_PRIMITIVE_TREES, 0, 0, before_trees_depth, NULL},
    {"0 for NaN among roots", SOMA_PRIMITIVE_TREES, 3, 0, before_trees_sense, NULL},
    {"0 for roots beyond the last node", SOMA_PRIMITIVE_TREES, 3, 1, before_trees_sense, NULL},
    {"0 for NaN among nodes", SOMA_PRIMITIVE_TREES, 1, 0, before_trees_sense, NULL},
    {"no compensation", SOMA_PRIMITIVE_METRIC, 0, 0, NULL, after_no_compensation},
    {"last of equals", SOMA_PRIMITIVE_METRIC, 0, 0, before_last_of_equals, NULL},
    {"no l2", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_l2, NULL},
    {"no l1", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_l1, NULL},
    {"no decay", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_decay, NULL},
    {"no clip by value", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_clip_value, NULL},
    {"no clip by norm", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_clip_norm, NULL},
    {"norm unscaled", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_norm_unscaled, NULL},
    {"squares overflow", SOMA_PRIMITIVE_NORM, 0, 0, NULL, after_plain_squares},
    {"squares vanish", SOMA_PRIMITIVE_NORM, 1, 0, NULL, after_plain_squares},
    {"not mirrored", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_flip, NULL},
    {"not upside down", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_flip_vertical, NULL},
    {"as far across as down", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_shift, NULL},
    {"not brightened", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_brightness, NULL},
    {"squares of even size", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_cutout, NULL},
    {"half the seed", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_seed, NULL},
    {"half the step", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_step, NULL},
    {"from the first picture", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_start, NULL},
    {"another stream", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_augment_stream, NULL},
    {"stale parameters", SOMA_PRIMITIVE_AUGMENT, 0, 0, before_stale_parameters, NULL},
    {"the other's share", SOMA_PRIMITIVE_MIX, 0, 0, before_mix_share, NULL},
    {"with itself", SOMA_PRIMITIVE_MIX, 0, 0, before_mix_ahead, NULL},
    {"stale parameters", SOMA_PRIMITIVE_MIX, 0, 0, before_stale_parameters, NULL},
    {"stride of 1", SOMA_PRIMITIVE_CONV, 0, 0, before_conv_stride, NULL},
    {"no dilation", SOMA_PRIMITIVE_CONV, 0, 0, before_conv_dilation, NULL},
    {"nothing left out", SOMA_PRIMITIVE_CONV, 0, 0, before_conv_before, NULL},
    {"no bias", SOMA_PRIMITIVE_CONV, 2, 0, before_dropping_view, NULL},
    {"no function", SOMA_PRIMITIVE_CONV, 0, 0, before_conv_function, NULL},
    {"nothing added", SOMA_PRIMITIVE_CONV_ADD, 0, 0, before_conv_without_addend, NULL},
    {"no bias", SOMA_PRIMITIVE_CONV_ADD, 2, 0, before_dropping_view, NULL},
    {"no function", SOMA_PRIMITIVE_CONV_ADD, 0, 0, before_conv_function, NULL},
    {"stride of 1", SOMA_PRIMITIVE_CONV_ADD, 0, 0, before_conv_stride, NULL},
    {"stride of 1", SOMA_PRIMITIVE_CONV_DATA_GRAD, 0, 0, before_conv_stride, NULL},
    {"no dilation", SOMA_PRIMITIVE_CONV_DATA_GRAD, 0, 0, before_conv_dilation, NULL},
    {"no bias", SOMA_PRIMITIVE_CONV_DATA_GRAD, 2, 0, before_dropping_view, NULL},
    {"no function", SOMA_PRIMITIVE_CONV_DATA_GRAD, 0, 0, before_conv_function, NULL},
    {"stride of 1", SOMA_PRIMITIVE_CONV_WEIGHT_GRAD, 0, 0, before_conv_stride, NULL},
    {"no alpha", SOMA_PRIMITIVE_CONV_WEIGHT_GRAD, 0, 0, before_conv_alpha, NULL},
    {"no beta", SOMA_PRIMITIVE_CONV_WEIGHT_GRAD, 0, 0, before_conv_beta, NULL},
    {"stride of 1", SOMA_PRIMITIVE_POOL, 0, 0, before_pool_stride, NULL},
    {"no dilation", SOMA_PRIMITIVE_POOL, 0, 0, before_pool_dilation, NULL},
    {"no padding before", SOMA_PRIMITIVE_POOL, 0, 0, before_pool_before, NULL},
    {"no padding after", SOMA_PRIMITIVE_POOL, 0, 0, before_pool_after, NULL},
    {"padding not counted", SOMA_PRIMITIVE_POOL, 0, 0, before_pool_count, NULL},
    {"counts past the padding", SOMA_PRIMITIVE_POOL, 0, 0, before_pool_past_the_padding, NULL},
    {"another kind", SOMA_PRIMITIVE_POOL, SOMA_POOL_MAX, SOMA_POOL_AVERAGE, before_other_kind, NULL},
    {"another kind", SOMA_PRIMITIVE_POOL, SOMA_POOL_AVERAGE, SOMA_POOL_MAX, before_other_kind, NULL},
    {"stride of 1", SOMA_PRIMITIVE_POOL_GRAD, 0, 0, before_pool_stride, NULL},
    {"no dilation", SOMA_PRIMITIVE_POOL_GRAD, 0, 0, before_pool_dilation, NULL},
    {"no padding before", SOMA_PRIMITIVE_POOL_GRAD, 0, 0, before_pool_before, NULL},
    {"no padding after", SOMA_PRIMITIVE_POOL_GRAD, 0, 0, before_pool_after, NULL},
    {"padding not counted", SOMA_PRIMITIVE_POOL_GRAD, 0, 0, before_pool_count, NULL},
    {"counts past the padding", SOMA_PRIMITIVE_POOL_GRAD, 0, 0, before_pool_past_the_padding, NULL},
    {"last of equals", SOMA_PRIMITIVE_POOL_GRAD, 0, 0, NULL, after_pool_of_equals},
    {"all of equals", SOMA_PRIMITIVE_POOL_GRAD, 1, 0, NULL, after_pool_of_equals},
    {"no scale", SOMA_PRIMITIVE_NORMALIZE, 1, 0, before_dropping_view, NULL},
    {"no offset", SOMA_PRIMITIVE_NORMALIZE, 2, 0, before_dropping_view, NULL},
    {"one epsilon", SOMA_PRIMITIVE_NORMALIZE, 0, 0, before_normalize_epsilon, NULL},
    {"one momentum", SOMA_PRIMITIVE_NORMALIZE, 0, 0, before_normalize_momentum, NULL},
    {"always centered", SOMA_PRIMITIVE_NORMALIZE, 0, 0, before_normalize_centered, NULL},
    {"no sample variance", SOMA_PRIMITIVE_NORMALIZE, 0, 0, before_normalize_sample_variance, NULL},
    {"figures never given", SOMA_PRIMITIVE_NORMALIZE, 0, 0, before_normalize_given, NULL},
    {"no function", SOMA_PRIMITIVE_NORMALIZE, 0, 0, before_normalize_function, NULL},
    {"plain sums of squares", SOMA_PRIMITIVE_NORMALIZE, 0, 0, NULL, after_plain_variance},
    {"no scale", SOMA_PRIMITIVE_NORMALIZE_GRAD, 2, 0, before_dropping_view, NULL},
    {"always centered", SOMA_PRIMITIVE_NORMALIZE_GRAD, 0, 0, before_normalize_centered, NULL},
    {"first outer alone", SOMA_PRIMITIVE_NORMALIZE_GRAD, 0, 0, NULL, after_first_outer},
    {"no bias", SOMA_PRIMITIVE_RECURRENT, 2, 0, before_dropping_view, NULL},
    {"no mask", SOMA_PRIMITIVE_RECURRENT, 3, 0, before_dropping_view, NULL},
    {"no first state", SOMA_PRIMITIVE_RECURRENT, 4, 0, before_dropping_view, NULL},
    {"no first cell", SOMA_PRIMITIVE_RECURRENT, 5, 0, before_dropping_view, NULL},
    {"nothing kept", SOMA_PRIMITIVE_RECURRENT, 8, 0, before_dropping_view, NULL},
    {"always forward", SOMA_PRIMITIVE_RECURRENT, 0, 0, before_recurrent_reverse, NULL},
    {"always reset after", SOMA_PRIMITIVE_RECURRENT, 0, 0, before_recurrent_reset, NULL},
    {"always tanh", SOMA_PRIMITIVE_RECURRENT, 0, 0, before_recurrent_function, NULL},
    {"no mask", SOMA_PRIMITIVE_RECURRENT_GRAD, 5, 0, before_dropping_view, NULL},
    {"no first state", SOMA_PRIMITIVE_RECURRENT_GRAD, 6, 0, before_dropping_view, NULL},
    {"no first cell", SOMA_PRIMITIVE_RECURRENT_GRAD, 7, 0, before_dropping_view, NULL},
    {"no gradient of the state", SOMA_PRIMITIVE_RECURRENT_GRAD, 10, 0, before_dropping_view, NULL},
    {"no gradient of the cell", SOMA_PRIMITIVE_RECURRENT_GRAD, 11, 0, before_dropping_view, NULL},
    {"always forward", SOMA_PRIMITIVE_RECURRENT_GRAD, 0, 0, before_recurrent_reverse, NULL},
    {"always tanh", SOMA_PRIMITIVE_RECURRENT_GRAD, 0, 0, before_recurrent_function, NULL},
    {"no scale", SOMA_PRIMITIVE_MATMUL, 0, 0, before_matmul_scale, NULL},
    {"the first matrix of a for all", SOMA_PRIMITIVE_MATMUL, 0, 0, before_matmul_repeat, NULL},
    {"the first matrix of b for all", SOMA_PRIMITIVE_MATMUL, 1, 0, before_matmul_repeat, NULL},
    {"no mask", SOMA_PRIMITIVE_ATTENTION, 3, 0, before_dropping_view, NULL},
    {"no total", SOMA_PRIMITIVE_ATTENTION, 5, 0, before_dropping_view, NULL},
    {"one mask for all samples", SOMA_PRIMITIVE_ATTENTION, 3, 0, before_attention_repeated, NULL},
    {"one mask for all heads", SOMA_PRIMITIVE_ATTENTION, 3, 1, before_attention_repeated, NULL},
    {"one mask for all queries", SOMA_PRIMITIVE_ATTENTION, 3, 2, before_attention_repeated, NULL},
    {"numbers where nothing is seen", SOMA_PRIMITIVE_ATTENTION, 4, 3, NULL, after_attention_hidden},
    {"numbers where the last key alone is seen", SOMA_PRIMITIVE_ATTENTION, 4, 0, NULL, after_attention_late},
    {"all keys are seen", SOMA_PRIMITIVE_ATTENTION, 0, 0, before_attention_causal, NULL},
    {"no scale", SOMA_PRIMITIVE_ATTENTION, 0, 0, before_attention_scale, NULL},
    {"no mask", SOMA_PRIMITIVE_ATTENTION_GRAD, 4, 0, before_dropping_view, NULL},
    {"one mask for all samples", SOMA_PRIMITIVE_ATTENTION_GRAD, 4, 0, before_attention_repeated, NULL},
    {"one mask for all heads", SOMA_PRIMITIVE_ATTENTION_GRAD, 4, 1, before_attention_repeated, NULL},
    {"one mask for all queries", SOMA_PRIMITIVE_ATTENTION_GRAD, 4, 2, before_attention_repeated, NULL},
    {"numbers where nothing is seen", SOMA_PRIMITIVE_ATTENTION_GRAD, 7, 4, NULL, after_attention_hidden},
    {"all keys are seen", SOMA_PRIMITIVE_ATTENTION_GRAD, 0, 0, before_attention_causal, NULL},
    {"no scale", SOMA_PRIMITIVE_ATTENTION_GRAD, 0, 0, before_attention_scale, NULL},
    {"all decay", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_decay_count, NULL},
    {"one learning rate", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_learning_rate, NULL},
    {"no first correction", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_correction1, NULL},
    {"no second correction", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_correction2, NULL},
    {"no epsilon", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_epsilon, NULL},
    {"other beta1", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_beta1, NULL},
    {"other beta2", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_beta2, NULL},
    {"stale parameters", SOMA_PRIMITIVE_GATHER, 0, 0, before_stale_parameters, NULL},
    {"stale parameters", SOMA_PRIMITIVE_GEMM, 0, 0, before_stale_parameters, NULL},
    {"stale parameters", SOMA_PRIMITIVE_CONV_WEIGHT_GRAD, 0, 0, before_stale_parameters, NULL},
    {"stale parameters", SOMA_PRIMITIVE_DROPOUT, 0, 0, before_stale_parameters, NULL},
    {"stale parameters", SOMA_PRIMITIVE_OPTIMIZER, 0, 0, before_stale_parameters, NULL},
    {"short write", SOMA_CHECK_MEMORY, SHORT_WRITE, 0, NULL, NULL},
    {"short read", SOMA_CHECK_MEMORY, SHORT_READ, 0, NULL, NULL},
    {"long read", SOMA_CHECK_MEMORY, LONG_READ, 0, NULL, NULL},
    {"short copy", SOMA_CHECK_MEMORY, SHORT_COPY, 0, NULL, NULL},
    {"copy from the start", SOMA_CHECK_MEMORY, COPY_FROM_START, 0, NULL, NULL},
    {"short fill", SOMA_CHECK_MEMORY, SHORT_FILL, 0, NULL, NULL},
    {"long fill", SOMA_CHECK_MEMORY, LONG_FILL, 0, NULL, NULL},
    {"list backwards", SOMA_CHECK_LIST, REVERSED_LIST, 0, NULL, NULL},
    {"last call lost", SOMA_CHECK_LIST, ONE_CALL_LOST, 0, NULL, NULL},
};

mutant *mutants_make(size_t *count) {
    mutant_list list = {0};
    add_general_mutants(&list);
    add_function_mutants(&list);
    add_kind_mutants(&list);
    for (size_t i = 0; i < SOMA_COUNT_OF(single_mutants); i++) add(&list, single_mutants[i]);
    *count = list.count;
    return list.items;
}
