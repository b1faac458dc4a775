/* SPDX-License-Identifier: MIT */
/*
 * soma/device.h - the boundary between soma and the devices that compute for it.
 *
 * For authors of devices. A device is one struct of functions (soma_device_api). Everything it is asked to compute
 * comes as a soma_call: a primitive's number, up to twelve views of its memory, and the primitive's parameters.
 *
 * Only life and memory are mandatory: a call that `prepare` answers with SOMA_UNSUPPORTED is executed by soma's own
 * float64 reference on the host, through `read` and `write`. So a device with the memory slots alone is slow but
 * complete, and every primitive it adds makes it faster. soma_device_check() (soma check --device=X) holds it against
 * the reference.
 *
 * Threads: soma calls one open device from one thread at a time, though not always from the same one.
 */
#ifndef SOMA_DEVICE_H
#define SOMA_DEVICE_H

#include <soma/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a struct of this file changes in a way that an older device can't bear; slots are only ever appended. */
#define SOMA_DEVICE_ABI 2

/* ------------------------------------------------------------------------------------------------------ views */

/*
 * A tensor in device memory. Element (i0, i1, ...) lies at byte offset + dtype size * (i0 stride[0] + i1 stride[1] +
 * ...). Views are contiguous in row-major order (stride[rank-1] = 1, ...) except for COPY and MATMUL, and for
 * BINARY's second operand, where a stride of 0 repeats the dimension (broadcast). A dimension may be 0: then there is
 * nothing to compute. rank 0 means that an optional view is absent.
 */
typedef struct soma_view {
    void *memory;  /* as returned by `alloc`; NULL in `prepare`, where memory is not placed yet */
    size_t offset; /* bytes; a multiple of the device's alignment, except for slices in COPY (multiple of the dtype) */
    soma_dtype dtype;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
    size_t stride[SOMA_MAX_RANK]; /* in elements */
} soma_view;

/* Elements of a view; 0 of one that is not used (rank 0). */
static inline size_t soma_view_count(const soma_view *view) {
    size_t count = 1;
    for (uint32_t i = 0; i < view->rank; i++) count *= view->shape[i];
    return view->rank ? count : 0;
}

/* -------------------------------------------------------------------------------------------------- primitives */

/* clang-format off: a table */
/*
 * X(NAME, name, view count, when): `when` is ALWAYS or, for what only training asks for, TRAINING. New ones are added
 * at the end. The views of each, in order; [x] marks an optional one (rank 0 when absent). f32 unless said otherwise;
 * where a line says f32, the reference device may see f64 instead. n is the number of samples in the batch.
 *
 * FILL            out                        out = value
 * COPY            in, out                    out = scale in + shift; same shape, any strides, any dtypes (a
 *                                            conversion to an integer type truncates; scale 1, shift 0)
 * GATHER          table, [index], out        out[i,:] = scale table[row,:] + shift, row = index[start + i], or
 *                                            start + i without an index. table [rows, width] f32, u8 or i32; index
 *                                            i32 [any]; out [n, width] f32 or i32 (then scale 1, shift 0). A row
 *                                            outside the table gives 0.
 * GEMM            a, b, [bias], c            c = f(alpha op(a) op(b) + beta c + bias); op(a) is [m, k], op(b) is
 *                                            [k, n], c [m, n], bias [n] is added to every row; f is a function,
 *                                            IDENTITY for none. With beta = 0, c is not read. k = 0 gives
 *                                            f(beta c + bias).
 * UNARY           x, out                     out = f(x)
 * UNARY_GRAD      dy, x or y, out            out = dy f'. The second view is f's output y where
 *                                            soma_function_grad_uses_output(f), else its input x.
 * BIAS_UNARY_GRAD dy, x or y, out, dbias     as UNARY_GRAD on [rows, cols], and dbias[j] = sum_i out[i, j]
 * BINARY          a, b, out                  out = a op b; b is broadcast to a's shape by strides of 0
 * REDUCE          x, out                     x [outer, axis, inner] -> out [outer, inner]: op over the axis. An
 *                                            empty axis gives SUM 0, SUM_SQUARES 0, MEAN NaN, MAX -inf, MIN +inf.
 *                                            A NaN in the axis gives NaN, for MAX and MIN too.
 * SOFTMAX         x, out                     over the axis of [outer, axis, inner];
 *                                            log: x - max - log sum e^(x - max)
 * SOFTMAX_GRAD    dy, y, out                 y (dy - sum_axis dy y); log: dy - e^y sum_axis dy
 * DROPOUT         x, out                     out_i = x_i / (1 - rate) where a random number u_i >= rate, else 0.
 *                                            u from Philox4x32-10 (Salmon et al. 2011): key = seed, counter =
 *                                            (j / 4, step low, step high, stream), word j % 4, j = start + i; see
 *                                            kernels/random.h. The gradient is the same call on dy.
 * LOSS            prediction, target, [weight], [class_weight], loss
 *                                            loss[i] = w_i l(prediction[i,:], target[i,:]); prediction [n, k];
 *                                            target i32 [n] (class numbers) or f32 [n, k]; weight [n]; loss [n].
 *                                            class_weight [k], or [2] for binary cross-entropy.
 * LOSS_GRAD       prediction, target, [weight], [class_weight], dloss, out, [loss]
 *                                            out[i,:] = dloss[i] w_i dl/dprediction[i,:]; dloss [n]. With loss [n],
 *                                            which CATEGORICAL_CROSSENTROPY_LOGITS alone takes, the losses too.
 * METRIC          prediction, [target], accumulator, [weight]
 *                                            accumulator f32 [slots, 2]: adds the batch's sum to [slot, 0], with
 *                                            Kahan's compensation in [slot, 1] (so the total is
 *                                            [slot, 0] - [slot, 1]). A compensation that is not finite is taken
 *                                            to be 0, so that an infinite total stays the infinity that it is.
 *                                            weight [n], which SUM does not take: what each row adds is multiplied
 *                                            by it, and is 0 where it is 0, whatever the row holds.
 * OPTIMIZER       parameter, gradient, [state1], [state2], [norm]
 *                                            one step over flat [count] buffers, see soma_optimizer_params.
 *                                            norm [2]: what NORM makes of the whole gradient, for clip_norm.
 * NORM            x, norm                    the 2-norm of x [count], so scaled that no square overflows, nor any
 *                                            that counts vanishes: norm[1] = 2^88 where the largest |x_i| (of those
 *                                            that are numbers) is below 2^-40, 1 where it is below 2^48, else 2^-80;
 *                                            norm[0] = sqrt(sum_i (norm[1] x_i)^2). So the 2-norm is
 *                                            norm[0] / norm[1], which float32 need not be able to hold.
 * CONV            x, weight, [bias], y       convolution (cross-correlation, as neural networks have it) over three
 *                                            dimensions, channels last: x [n, d, h, w, groups C], weight
 *                                            [kd, kh, kw, C, O], bias [O], y [n, d', h', w', O]. With q, k and p for
 *                                            places in y, weight and x, and p = q stride + k dilation - before:
 *                                            y[i,q,o] = f(bias[o] + sum_k,c x[i,p,g C + c] weight[k,c,o]), where
 *                                            g = o / (O / groups). y may have any size: outside itself x is 0
 *                                            (whether 0 times a weight that is not finite is NaN or 0 there is left
 *                                            open).
 * CONV_ADD        x, weight, [bias], addend, y
 *                                            CONV with something added before f: y = f(what CONV sums + bias + addend);
 *                                            addend as y, in other memory
 * CONV_DATA_GRAD  dy, weight, [bias], dx     its transpose, which is transposed convolution too: dx[i,p,g C + c] =
 *                                            f(bias[g C + c] + sum of dy[i,q,o] weight[k,c,o] over the o of group g
 *                                            and all q, k with q stride + k dilation - before = p); bias [groups C];
 *                                            outside itself dy is 0
 * CONV_WEIGHT_GRAD x, dy, dweight            dweight[k,c,o] = alpha sum_i,q x[i,p,g C + c] dy[i,q,o]
 *                                            + beta dweight[k,c,o]. With beta = 0, dweight is not read.
 * POOL            x, y                       the largest element, or the mean, of each window: x [n, d, h, w, c],
 *                                            y [n, d', h', w', c]; see soma_pool_params
 * POOL_GRAD       dy, [x], [y], dx           dx from dy, the gradient of POOL's y; dx is as x, dy as y. MAX, with x
 *                                            and the y that POOL made of it: dy goes to the first element of its
 *                                            window that equals y (to the first NaN where y is NaN). AVERAGE, without
 *                                            x and y: each element that was counted in gets dy / count. What no
 *                                            window has gets 0.
 * NORMALIZE       x, [scale], [offset], [running_mean], [running_variance], y, [mean], [inverse]
 *                                            y = f((x - mean) inverse scale + offset); x, y [outer, inner, groups, c].
 *                                            Each (outer, group) has a mean and a variance (the mean of
 *                                            (x - mean)^2) over inner and c, and inverse = 1 / sqrt(variance +
 *                                            epsilon). Where not `centered`, its mean is taken to be 0. What has no
 *                                            elements has mean and variance 0. scale, offset [groups c] are 1 and 0
 *                                            where absent; mean, inverse [outer, groups] are what was used.
 *                                            running_mean, running_variance [groups], both or none, are for outer 1,
 *                                            c 1, `centered`: running = momentum running + (1 - momentum) figure,
 *                                            the variance's with `sample_variance` its sum divided by the count - 1
 *                                            (1 at least). Of no elements they stay. With `given` they are the mean
 *                                            and the variance that are used, and stay.
 * NORMALIZE_GRAD  dy, x, [scale], [mean], inverse, dx, [dscale], [doffset]
 *                                            of NORMALIZE without f (and not `given`): h = (x - mean) inverse,
 *                                            g = dy scale; dx = inverse (g - mean g - h mean(g h)), means over inner
 *                                            and c; without mean g where not `centered`, when mean may be absent and
 *                                            counts as 0. dscale = sum dy h, doffset = sum dy over outer and inner.
 * AUGMENT         x, out                     each picture of x [n, h, w, c] moved, turned, brightened and cut into
 *                                            by chance; kernels/augment.h says what is drawn for picture i from
 *                                            Philox4x32-10 with key = seed and the counters (2 j, step low, step
 *                                            high, stream) and (2 j + 1, ...), j = start + i; see
 *                                            soma_augment_params
 * MIX             x, out                     rows mixed with those `ahead` of them: out[i] = share x[i] +
 *                                            (1 - share) x[(i + ahead) mod n]; out [n, k]; x [n, k], or class
 *                                            numbers [n], of which c stands for the row with 1 at c and 0 elsewhere,
 *                                            and one outside [0, k) for a row of NaN
 * GATHER_GRAD     dy, index, dtable          of GATHER: dtable[r,:] = the sum of dy[i,:] over the i with index[i] = r,
 * in their order, but for r = skip; 0 where there are none. dy [n, width], index i32 [n], dtable [rows, width]. What
 * lies outside goes nowhere.
 * RECURRENT       x, weight, [bias], [mask], [state], [cell], y, [cells], [gates]
 *                                            a recurrent layer over all steps of a sequence, from the products of its
 *                                            inputs, x [n, steps, gates units]; see soma_recurrent_params
 * RECURRENT_GRAD  dy, weight, y, [cells], [gates], [mask], [state], [cell], dx, [drecurrent], [dstate], [dcell]
 *                                            its gradient: of x, of the products h weight + bias where those of x are
 *                                            not the same, of the first state and cell
 * ATTENTION       q, k, v, [mask], y, [total] each query's mean of the values, by the likeness of it and their keys;
 * see soma_attention_params ATTENTION_GRAD  dy, q, k, v, [mask], y, total, dq, dk, dv its gradient, from what it made
 * of them
 * SCATTER         x, index, out              rows into a table of each sample: out[i, index[i] + j, :] = x[i, j, :].
 *                                            x [n, m, width], index i32 [n], out [n, rows, width]. A row outside its
 *                                            table goes nowhere; all others of out stay as they are.
 * CTC             prediction, target, [mask], loss
 *                                            the loss of labels that no step is named for; see soma_ctc_params
 * CTC_GRAD        prediction, target, [mask], dloss, out
 *                                            its gradient
 * CTC_DISTANCE    prediction, target, [mask], out
 *                                            how many edits lie between the labels and what is decoded
 * TREES           x, node, leaf, root, out   what decision trees add up to for each sample; see soma_trees_params
 * MATMUL          a, b, c                    c = scale a b for each matrix of several: a [.., m, k], b [.., k, n],
 *                                            c [.., m, n], two to five dimensions, those before the last two the same.
 *                                            Any strides, of which one of the last two is 1 (of c the last), or of a
 *                                            dimension of 1; where one of a or b before these is 0, its matrices are
 *                                            repeated. k = 0 gives 0.
 */
/* clang-format on */
#define SOMA_PRIMITIVE_LIST(X)                                                                                         \
    X(FILL, fill, 1, ALWAYS)                                                                                           \
    X(COPY, copy, 2, ALWAYS)                                                                                           \
    X(GATHER, gather, 3, ALWAYS)                                                                                       \
    X(GEMM, gemm, 4, ALWAYS)                                                                                           \
    X(UNARY, unary, 2, ALWAYS)                                                                                         \
    X(UNARY_GRAD, unary_grad, 3, TRAINING)                                                                             \
    X(BIAS_UNARY_GRAD, bias_unary_grad, 4, TRAINING)                                                                   \
    X(BINARY, binary, 3, ALWAYS)                                                                                       \
    X(REDUCE, reduce, 2, ALWAYS)                                                                                       \
    X(SOFTMAX, softmax, 2, ALWAYS)                                                                                     \
    X(SOFTMAX_GRAD, softmax_grad, 3, TRAINING)                                                                         \
    X(DROPOUT, dropout, 2, TRAINING)                                                                                   \
    X(LOSS, loss, 5, ALWAYS)                                                                                           \
    X(LOSS_GRAD, loss_grad, 7, TRAINING)                                                                               \
    X(METRIC, metric, 4, ALWAYS)                                                                                       \
    X(OPTIMIZER, optimizer, 5, TRAINING)                                                                               \
    X(NORM, norm, 2, TRAINING)                                                                                         \
    X(CONV, conv, 4, ALWAYS)                                                                                           \
    X(CONV_DATA_GRAD, conv_data_grad, 4, ALWAYS)                                                                       \
    X(CONV_WEIGHT_GRAD, conv_weight_grad, 3, TRAINING)                                                                 \
    X(POOL, pool, 2, ALWAYS)                                                                                           \
    X(POOL_GRAD, pool_grad, 4, TRAINING)                                                                               \
    X(NORMALIZE, normalize, 8, ALWAYS)                                                                                 \
    X(NORMALIZE_GRAD, normalize_grad, 8, TRAINING)                                                                     \
    X(AUGMENT, augment, 2, TRAINING)                                                                                   \
    X(MIX, mix, 2, TRAINING)                                                                                           \
    X(GATHER_GRAD, gather_grad, 3, TRAINING)                                                                           \
    X(RECURRENT, recurrent, 9, ALWAYS)                                                                                 \
    X(RECURRENT_GRAD, recurrent_grad, 12, TRAINING)                                                                    \
    X(CONV_ADD, conv_add, 5, ALWAYS)                                                                                   \
    X(ATTENTION, attention, 6, ALWAYS)                                                                                 \
    X(ATTENTION_GRAD, attention_grad, 10, TRAINING)                                                                    \
    X(CTC, ctc, 4, ALWAYS)                                                                                             \
    X(CTC_GRAD, ctc_grad, 5, TRAINING)                                                                                 \
    X(CTC_DISTANCE, ctc_distance, 4, ALWAYS)                                                                           \
    X(SCATTER, scatter, 3, ALWAYS)                                                                                     \
    X(TREES, trees, 5, ALWAYS)                                                                                         \
    X(MATMUL, matmul, 3, ALWAYS)

typedef enum soma_primitive {
#define X(NAME, ...) SOMA_PRIMITIVE_##NAME,
    SOMA_PRIMITIVE_LIST(X)
#undef X
        SOMA_PRIMITIVE_COUNT
} soma_primitive;

/* "gemm", "bias_unary_grad", ...; a static string. */
SOMA_API const char *soma_primitive_name(soma_primitive primitive);

/* Where f' is computed from: true: from the output y = f(x); false: from the input x. */
SOMA_API bool soma_function_grad_uses_output(soma_function function);

/* "relu", "leaky_relu", ..., "softmax"; a static string; NULL for a value that is no function. */
SOMA_API const char *soma_function_name(soma_function function);

/* Comparisons give 1 or 0, of NaN 0. MAXIMUM and MINIMUM give NaN where one operand is. REMAINDER is a - b trunc(a /
 * b), exactly, with the sign of a, as C's fmod(). KEEP is a where b is not 0, and 0 elsewhere, whatever a is there. */
#define SOMA_BINARY_LIST(X)                                                                                            \
    X(ADD)                                                                                                             \
    X(SUBTRACT)                                                                                                        \
    X(MULTIPLY)                                                                                                        \
    X(DIVIDE)                                                                                                          \
    X(MAXIMUM)                                                                                                         \
    X(MINIMUM)                                                                                                         \
    X(GREATER)                                                                                                         \
    X(GREATER_EQUAL)                                                                                                   \
    X(POWER)                                                                                                           \
    X(EQUAL)                                                                                                           \
    X(REMAINDER)                                                                                                       \
    X(KEEP)
typedef enum soma_binary {
#define X(name) SOMA_BINARY_##name,
    SOMA_BINARY_LIST(X)
#undef X
        SOMA_BINARY_COUNT
} soma_binary;

#define SOMA_REDUCTION_LIST(X) X(SUM) X(MEAN) X(MAX) X(MIN) X(SUM_SQUARES)
typedef enum soma_reduction {
#define X(name) SOMA_REDUCE_##name,
    SOMA_REDUCTION_LIST(X)
#undef X
        SOMA_REDUCTION_COUNT
} soma_reduction;

/*
 * Losses of one sample; t is the target row (a class number c stands for the row with 1 at c), p the prediction row.
 *
 * CATEGORICAL_CROSSENTROPY         -sum_j t_j ln max(p_j, 1e-7); the derivative is 0 where p_j < 1e-7
 * CATEGORICAL_CROSSENTROPY_LOGITS  the same of softmax(p): sum_j t_j ((max - p_j) + ln sum_l e^(p_l - max))
 * BINARY_CROSSENTROPY              mean_j -t_j ln max(p_j, 1e-7) - (1 - t_j) ln max(1 - p_j, 1e-7); derivative as above
 * BINARY_CROSSENTROPY_LOGITS       the same of sigmoid(p): mean_j max(p_j, 0) - p_j t_j + ln(1 + e^-|p_j|)
 * MEAN_SQUARED_ERROR               mean_j (p_j - t_j)^2
 * MEAN_ABSOLUTE_ERROR              mean_j |p_j - t_j|; derivative 0 where equal
 * HUBER                            mean_j of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); d = p_j - t_j
 *
 * QUANTILE                         mean_j of delta d where d >= 0, else (delta - 1) d; d = t_j - p_j; derivative 0
 * where equal CATEGORICAL_FOCAL                -sum_j s_j (1 - e^p_j)^gamma p_j of log-probabilities p, with s_j = t_j
 * + smoothing (1/k - t_j) BINARY_FOCAL                     mean_j w_j (1 - q_j)^gamma b_j of logits p: s_j = t_j +
 * smoothing (1/2 - t_j), q_j = s_j sigmoid(p_j) + (1 - s_j) (1 - sigmoid(p_j)), b_j as in BINARY_CROSSENTROPY_LOGITS
 *                                  with s_j for t_j, w_j = s_j when_one + (1 - s_j) when_zero; 0^0 is 1
 *
 * w_i = weight[i] * class weight. The class weight is class_weight[c], or sum_j t_j class_weight[j] for target rows;
 * for the binary losses it applies to each element j: t_j class_weight[1] + (1 - t_j) class_weight[0]; the
 * other losses take none. A class number outside [0, k) gives NaN. Class numbers are for the categorical losses only.
 *
 * What does not count makes no NaN of an infinity: a sample whose w_i is 0 has a loss of 0, and one whose dloss[i] w_i
 * is 0 a gradient of 0, whatever its prediction; with logits, neither has a t_j of 0 a share in the loss, nor an s_j of
 * 0 with CATEGORICAL_FOCAL.
 */
#define SOMA_LOSS_LIST(X)                                                                                              \
    X(CATEGORICAL_CROSSENTROPY)                                                                                        \
    X(CATEGORICAL_CROSSENTROPY_LOGITS)                                                                                 \
    X(BINARY_CROSSENTROPY)                                                                                             \
    X(BINARY_CROSSENTROPY_LOGITS)                                                                                      \
    X(MEAN_SQUARED_ERROR)                                                                                              \
    X(MEAN_ABSOLUTE_ERROR)                                                                                             \
    X(HUBER)                                                                                                           \
    X(QUANTILE)                                                                                                        \
    X(CATEGORICAL_FOCAL)                                                                                               \
    X(BINARY_FOCAL)
typedef enum soma_loss_kind {
#define X(name) SOMA_LOSS_##name,
    SOMA_LOSS_LIST(X)
#undef X
        SOMA_LOSS_COUNT
} soma_loss_kind;

/* clang-format off: a table */
/*
 * What METRIC adds up over the samples of a batch.
 *
 * SUM                   every element of the prediction view (for losses; no target)
 * CATEGORICAL_ACCURACY  1 where the first largest element of the prediction row is the target class (or the first
 *                       largest of the target row); NaN is passed over, but stays where it is the first element
 * TOP_K_ACCURACY        1 where fewer than k elements of the prediction row are greater than the target class's
 * BINARY_ACCURACY       mean_j of [p_j > threshold] = [t_j > 0.5]
 * ABSOLUTE_ERROR        mean_j |p_j - t_j|
 */
/* clang-format on */
#define SOMA_METRIC_LIST(X) X(SUM) X(CATEGORICAL_ACCURACY) X(TOP_K_ACCURACY) X(BINARY_ACCURACY) X(ABSOLUTE_ERROR)
typedef enum soma_metric_kind {
#define X(name) SOMA_METRIC_##name,
    SOMA_METRIC_LIST(X)
#undef X
        SOMA_METRIC_COUNT
} soma_metric_kind;

/* X(NAME, states per parameter); the update rules are the rows of kernels/optimizers.h, which every device compiles. */
#define SOMA_OPTIMIZER_LIST(X)                                                                                         \
    X(SGD, 0)                                                                                                          \
    X(MOMENTUM, 1)                                                                                                     \
    X(NESTEROV, 1)                                                                                                     \
    X(RMSPROP, 1)                                                                                                      \
    X(ADAGRAD, 1)                                                                                                      \
    X(ADAM, 2)                                                                                                         \
    X(ADAMW, 2)
typedef enum soma_optimizer_kind {
#define X(name, states) SOMA_##name,
    SOMA_OPTIMIZER_LIST(X)
#undef X
        SOMA_OPTIMIZER_COUNT
} soma_optimizer_kind;

/* -------------------------------------------------------------------------------------- parameters of the primitives
 */

typedef struct soma_fill_params {
    float value;
} soma_fill_params;

typedef struct soma_copy_params {
    float scale, shift;
} soma_copy_params;

typedef struct soma_gather_params {
    size_t start; /* live */
    float scale, shift;
} soma_gather_params;

typedef struct soma_gemm_params {
    bool transpose_a, transpose_b; /* stored a is [k, m], stored b is [n, k] */
    float alpha, beta;             /* live */
    soma_function function;
    float a, b; /* the function's parameters */
} soma_gemm_params;

typedef struct soma_unary_params { /* UNARY, UNARY_GRAD, BIAS_UNARY_GRAD */
    soma_function function;
    float a, b;
} soma_unary_params;

typedef struct soma_binary_params {
    soma_binary op;
} soma_binary_params;

typedef struct soma_reduce_params {
    soma_reduction op;
} soma_reduce_params;

typedef struct soma_softmax_params { /* SOFTMAX, SOFTMAX_GRAD */
    bool log;
} soma_softmax_params;

typedef struct soma_dropout_params {
    float rate;      /* 0 <= rate < 1 */
    uint32_t stream; /* tells the dropout layers of a network apart */
    uint64_t seed;
    uint64_t step;  /* live */
    uint64_t start; /* live; the number of the first element, below 2^34: of a batch that others have a part of */
} soma_dropout_params;

typedef struct soma_loss_params { /* LOSS, LOSS_GRAD */
    soma_loss_kind kind;
    float delta;               /* HUBER: > 0; QUANTILE: in (0, 1) */
    float gamma, smoothing;    /* CATEGORICAL_FOCAL, BINARY_FOCAL: >= 0; in [0, 1) */
    float when_one, when_zero; /* BINARY_FOCAL: >= 0 */
} soma_loss_params;

typedef struct soma_metric_params {
    soma_metric_kind kind;
    uint32_t slot;   /* row of the accumulator */
    uint32_t k;      /* TOP_K_ACCURACY */
    float threshold; /* BINARY_ACCURACY */
} soma_metric_params;

/*
 * Every element first gets its gradient made ready, in this order: if clip_norm > 0 and not norm[0] <= clip_norm
 * norm[1] (so a NaN clips too), ((norm[1] g) (1 / norm[0])) clip_norm, in an order in which nothing overflows; clamp to
 * [-clip_value, clip_value] if clip_value > 0; for elements before decay_count add l2 w + l1 sign(w).
 * Then the rule of the kind, see kernels/optimizers.h; ADAMW's decoupled `decay` also applies before decay_count only.
 */
typedef struct soma_optimizer_params { /* all live but kind and decay_count */
    soma_optimizer_kind kind;
    size_t decay_count; /* the weight matrices come first in the flat buffer, biases after them do not decay */
    float learning_rate;
    float beta1;       /* MOMENTUM, NESTEROV: momentum; ADAM: decay of the first moment */
    float beta2;       /* RMSPROP: rho; ADAM: decay of the second moment */
    float epsilon;     /* RMSPROP, ADAGRAD, ADAM */
    float correction1; /* ADAM: 1 - beta1^t, t = 1 at the first step */
    float correction2; /* ADAM: 1 - beta2^t */
    float l2, l1, decay;
    float clip_value, clip_norm;
} soma_optimizer_params;

/* Of CONV, CONV_ADD and both gradients: the same parameters in all. Dimensions that a network does not have are 1 in
 * every shape, with stride and dilation 1 and before 0. */
typedef struct soma_conv_params {
    uint32_t stride[3], dilation[3]; /* depth, height, width; 1 to 2^31 - 1 */
    int32_t before[3];               /* padding in front; negative: so much of x is left out */
    uint32_t groups;                 /* at least 1; divides the channels of x and of y */
    soma_function function;          /* all but CONV_WEIGHT_GRAD: f; IDENTITY for none */
    float a, b;                      /* its parameters */
    float alpha, beta;               /* live; CONV_WEIGHT_GRAD */
} soma_conv_params;
typedef enum soma_pool_kind { SOMA_POOL_MAX, SOMA_POOL_AVERAGE, SOMA_POOL_KIND_COUNT } soma_pool_kind;

/*
 * POOL, POOL_GRAD. Window q of y has the size[0] size[1] size[2] places p = q stride + k dilation - before of x, where
 * k counts from 0 in each of three dimensions (depth, height, width); those that a network does not have are 1 in all
 * shapes, with a size, stride and dilation of 1 and no padding. Elements of y are in the order of their places, and so
 * are those of a window.
 * MAX: the largest of those inside x; NaN if one is NaN, -infinity if there is none.
 * AVERAGE: their sum over their number, 0 if there is none. With count_padding the number is that of places from
 * -before up to the shape of x + after: what lies past the padding behind, where a last window may end, never counts.
 */
typedef struct soma_pool_params {
    soma_pool_kind kind;
    uint32_t size[3], stride[3], dilation[3]; /* at least 1 */
    int32_t before[3], after[3];              /* padding; at least 0. `after` serves count_padding alone */
    bool count_padding;                       /* AVERAGE */
} soma_pool_params;

/* Places of windows, the padding, and the dimensions of x and y that they lie in, are below this. */
#define SOMA_POOL_MOST_PLACES (1 << 30)

typedef struct soma_normalize_params { /* NORMALIZE; NORMALIZE_GRAD: centered alone */
    float epsilon;                     /* at least 0 */
    float momentum;                    /* 0 to 1: what the old running figure keeps */
    bool centered, sample_variance, given;
    soma_function function;
    float a, b; /* the function's parameters */
} soma_normalize_params;
/*
 * What may happen to a picture, in this order; 0 is nothing, and `u` a number in [0, 1) drawn for it. Where places come
 * from outside the picture, they are 0.
 *   turned about its middle by an angle in [-rotate, rotate), bilinear
 *   mirrored, left to right (flip) or upside down (flip_vertical), or not, with the same chance
 *   moved by a whole number of pixels in [-shift, shift], down and to the right
 *   multiplied by 1 + (2 u - 1) brightness
 *   a square of `cutout` pixels, whose middle is anywhere in it, set to 0 (DeVries & Taylor 2017)
 */
typedef struct soma_augment_params {
    uint32_t shift[2]; /* height, width; at most 65535 */
    uint32_t cutout;   /* at most 65535 */
    float rotate;      /* radians, in [0, pi] */
    float brightness;  /* in [0, 1] */
    bool flip, flip_vertical;
    uint32_t stream;
    uint64_t seed;
    uint64_t step;  /* live */
    uint64_t start; /* live; the number of the first picture, below 2^31 */
} soma_augment_params;

typedef struct soma_mix_params {
    float share;    /* live; in [0, 1] */
    uint64_t ahead; /* live; in [0, n), 0 where there are no rows */
} soma_mix_params;

typedef struct soma_gather_grad_params {
    int64_t skip; /* a row that has no gradient; -1: none */
} soma_gather_grad_params;

typedef enum soma_recurrent_kind {
    SOMA_RECURRENT_RNN,
    SOMA_RECURRENT_LSTM,
    SOMA_RECURRENT_GRU,
    SOMA_RECURRENT_KIND_COUNT
} soma_recurrent_kind;

/* clang-format off: a table */
/*
 * RECURRENT, RECURRENT_GRAD. x [n, steps, gates units], weight [units, gates units], bias [gates units], mask [n,
 * steps], state, cell [n, units], y, cells [n, steps, units], gates [n, steps, kept units]. The columns of a gate lie
 * together, in the order told here. Each step makes h' of h and, in an LSTM, c' of c; they begin as `state` and `cell`,
 * or 0, and y and cells have those of each step. With a for a gate's columns of x, p for those of h weight + bias, and
 * s(x) for 1 / (1 + e^-x):
 *
 * RNN   h' = f(a + p), f TANH or RELU                                   1 gate; nothing is kept
 * LSTM  i = s(a + p), f = s(a + p), g = tanh(a + p), o = s(a + p),      4 gates i, f, g, o, all of them kept
 *       c' = f c + i g, h' = o tanh c' (Gers et al. 2000)
 * GRU   z = s(a + p), r = s(a + p), n = tanh(a + r p),                  3 gates z, r, n; kept: z, r, n, and the p of n
 *       h' = (1 - z) n + z h (Cho et al. 2014, as PyTorch and Keras have it)
 *       with reset_before n = tanh(a + p), p of (r h) weight + bias     kept: z, r, n, r h
 *
 * The steps go from the first to the last, with `reverse` from the last to the first. A step at which the mask is 0
 * leaves h and c as they are, whatever x is: y and cells have them again, and what is kept is 0.
 * `cells` and `cell` are an LSTM's alone; its gradient must have `cells`. drecurrent is a GRU's alone, without
 * reset_before.
 */
/* clang-format on */
typedef struct soma_recurrent_params {
    soma_recurrent_kind kind;
    soma_function function; /* RNN: TANH or RELU */
    bool reset_before;      /* GRU */
    bool reverse;
} soma_recurrent_params;

/* clang-format off: formulas */
/*
 * ATTENTION, ATTENTION_GRAD (Vaswani et al. 2017). q [n, steps, heads w], k [n, keys, key_heads w], v [n, keys,
 * key_heads u], y [n, steps, heads u], total [n, heads, steps], mask [n, keys]; the numbers of a head lie together.
 * heads is a multiple of key_heads: head h takes keys and values number h key_heads / heads (grouped queries: Ainslie
 * et al. 2023). For each head, with s_ij = scale q_i . k_j, over the keys j that query i sees:
 *
 *   y_i = sum_j e^s_ij v_j / sum_j e^s_ij,      total_i = log sum_j e^s_ij
 *
 * A query sees the keys at which the mask is not 0, if `causal` only those with j <= i. One that sees none has y 0 and
 * total infinity. Whether keys and values that are not seen, but are no finite numbers, make NaN of y is left open.
 *
 * Back, with p_ij = e^(s_ij - total_i) where i sees j, else 0:
 *   dv_j = sum_i p_ij dy_i,     dk_j = sum_i t_ij q_i,     dq_i = sum_j t_ij k_j,
 *   t_ij = scale p_ij (dy_i . v_j - dy_i . y_i),     sums over i also over the heads that share j's keys
 */
/* clang-format on */
typedef struct soma_attention_params {
    uint32_t heads, key_heads; /* at least 1 */
    bool causal;
    float scale; /* a finite number */
} soma_attention_params;

/*
 * CTC, CTC_GRAD, CTC_DISTANCE: connectionist temporal classification (Graves, Fernandez, Gomez & Schmidhuber 2006).
 * prediction [n, steps, k], logarithms of probabilities; target i32 [n, m], the labels of each sample up to the first
 * negative number, each in [0, k) and none the blank; mask [n, steps], steps at which it is 0 are passed over; loss,
 * dloss, out of CTC_DISTANCE [n], out of CTC_GRAD as prediction.
 *
 * A path names a class for each step; what it stands for are its classes with repetitions taken for one and then
 * blanks left out. loss[i] = -ln of the sum of the probabilities of all paths that stand for the labels of sample i.
 * It is infinity where there are more labels, and blanks that equal neighbours need between them, than steps.
 * CTC_GRAD: out[i,t,c] = -dloss[i] times the probability, among these paths, of those that have c at step t: so much
 * is d loss / d prediction. 0 where dloss[i] is, at steps that are passed over, and where the loss is infinite.
 * A label that is none makes NaN of both.
 * CTC_DISTANCE decodes greedily: the path of the first largest prediction at each step. out[i] is the least number of
 * labels to put in, leave out or exchange (Levenshtein 1966) to get from what that stands for to the labels.
 */
typedef struct soma_ctc_params {
    uint32_t blank; /* < k */
} soma_ctc_params;

/*
 * TREES: an ensemble of decision trees (Breiman 2001; Friedman 2001). x [n, features]; node [nodes, 4], of all trees;
 * leaf [leaves, k]; root [trees]; out [n, k], of sample i the sum over the trees of the row of `leaf` that its path
 * ends at. There are a feature and a leaf at least, and at most 2^24 features, nodes and leaves.
 *
 * A path begins at root[t], and is at a node where that is not negative: v is feature node[0] of the sample, or where
 * that is negative, -1 - node[0]; the path goes on at node[2] where v <= node[1], and where v is NaN and node[0]
 * negative, else at node[3]. At a negative number p it ends, at row -1 - p of `leaf`; one that has not ended after
 * `depth` nodes does at row 0. So tables of any contents are good: a number stands for the nearest that there can be,
 * NaN for the least of them, and what is not whole is cut off towards 0.
 */
typedef struct soma_trees_params {
    uint32_t depth;
} soma_trees_params;

typedef struct soma_matmul_params {
    float scale;
} soma_matmul_params;

/* ------------------------------------------------------------------------------------------------------- calls */

#define SOMA_CALL_MAX_VIEWS 12

/*
 * One computation. `prepare` sees it once, with shapes and parameters but no memory; from the first `run` on, memory
 * and shapes stay as they are until `release`, and only parameters marked live above change between runs. So a device
 * may set a kernel's arguments once.
 */
typedef struct soma_call {
    soma_primitive primitive;
    uint32_t view_count;
    soma_view view[SOMA_CALL_MAX_VIEWS];
    union {
        soma_fill_params fill;
        soma_copy_params copy;
        soma_gather_params gather;
        soma_gemm_params gemm;
        soma_unary_params unary;
        soma_binary_params binary;
        soma_reduce_params reduce;
        soma_softmax_params softmax;
        soma_dropout_params dropout;
        soma_loss_params loss;
        soma_metric_params metric;
        soma_optimizer_params optimizer;
        soma_conv_params conv;
        soma_pool_params pool;
        soma_normalize_params normalize;
        soma_augment_params augment;
        soma_mix_params mix;
        soma_gather_grad_params gather_grad;
        soma_recurrent_params recurrent;
        soma_attention_params attention;
        soma_ctc_params ctc;
        soma_trees_params trees;
        soma_matmul_params matmul;
        uint64_t reserved[16];
    } params;
    void *workspace;         /* scratch memory of the size `prepare` asked for, shared between calls; NULL for none */
    size_t workspace_offset; /* bytes */
    void *prepared;          /* the device's own, made in prepare, freed in release; NULL at first */
    bool fallback;           /* soma's own: executed by the reference on the host */
} soma_call;

/* ----------------------------------------------------------------------------------------------------- devices */

typedef enum soma_device_kind {
    SOMA_DEVICE_CPU, /* host memory: `memory` handles are plain pointers */
    SOMA_DEVICE_GPU,
    SOMA_DEVICE_ACCELERATOR,
    SOMA_DEVICE_OPENCL_CPU, /* an OpenCL device that is the host's own processor */
    SOMA_DEVICE_OTHER
} soma_device_kind;

/* Strings are UTF-8, cut to fit. */
typedef struct soma_device_info {
    char name[96];     /* "cpu", "NVIDIA A100", "pthread-skylake-avx512" */
    char platform[64]; /* "host", "Portable Computing Language" */
    char vendor[64];
    char driver[64]; /* driver or implementation version */
    char gemm[64];   /* who multiplies matrices: "soma avx512", "CLBlast", "soma.cl, tuned" */
    soma_device_kind kind;
    uint64_t memory;         /* bytes in all; 0: unknown */
    uint64_t max_allocation; /* bytes of one allocation; 0: no limit of its own */
    uint32_t compute_units;
    uint32_t alignment;   /* bytes; offsets of views are multiples of it; a power of two, at least 64 */
    uint64_t reserved[8]; /* zero */
} soma_device_info;

#define SOMA_NO_DEVICE_INDEX UINT32_MAX

/*
 * Called once for each device that a kind of device has; `usable` false: passed over, because of `reason`. A platform
 * that has no devices at all is told under SOMA_NO_DEVICE_INDEX, with its name in info->platform. What is handed over
 * is gone afterwards.
 */
typedef void soma_device_visitor(void *context, uint32_t index, const soma_device_info *info, bool usable,
                                 const char *reason);

typedef struct soma_device_options {
    uint32_t threads;      /* cpu: threads to use, 0: as many as cores allowed to this process */
    uint64_t memory_limit; /* bytes; 0: what the device has. More is refused with SOMA_OUT_OF_DEVICE_MEMORY */
    /* Bytes of samples that a fit, an evaluation or a prediction may have where the device reads them, in its memory or
     * in place; more are streamed, batch by batch, to the same bits. 0: the room beside the network, but for an eighth
     * of the memory in all, and what the device reads in place without a limit. */
    uint64_t data_memory;
    uint64_t reserved[5]; /* zero */
} soma_device_options;

/*
 * A kernel chosen for matrix products of a shape: op(a) is [m, k], op(b) is [k, n]. A product whose shape was not
 * measured is done by the kernel of the nearest shape of the same transposition.
 */
typedef struct soma_gemm_choice {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    const char *kernel;            /* "soma tile 16x16", "clblast" */
    double gflops, default_gflops; /* of this kernel and of the default one as they were measured, in 1e9 a second */
    uint64_t reserved[2];          /* zero */
} soma_gemm_choice;

/* Which kernels multiply matrices on a device. Texts and choices are valid until it is tuned again, forgets, or closes.
 */
typedef struct soma_tuning {
    const char *default_kernel; /* serves where nothing was measured */
    const char *file;           /* where choices are kept; NULL: the environment names no directory for them */
    const char *date;           /* when they were measured, "2026-03-31T12:00:00Z"; NULL: the default is in force */
    const soma_gemm_choice *choices; /* `count` of them */
    size_t count;
    uint64_t reserved[4]; /* zero */
} soma_tuning;

/* Told of every shape before it is measured. Return SOMA_OK to go on, SOMA_STOPPED to end; anything else ends it with
 * that status. It must not call soma's functions on the device, soma_device_get_info() among them. */
typedef soma_status soma_tune_function(void *context, size_t done, size_t total, const char *shape);

/* What to measure. Zeros are the defaults. */
typedef struct soma_tune_options {
    /* m, n and k take each of these values, from 1 to SOMA_TUNE_MAX_SIZE; NULL: 32, 128, 512, 2048. What would take
     * too much memory or time is left out, as the log says. */
    const size_t *sizes;
    size_t size_count; /* at most SOMA_TUNE_MAX_SIZES */
    soma_tune_function *on_shape;
    void *context;
    uint64_t reserved[4]; /* zero */
} soma_tune_options;
#define SOMA_TUNE_MAX_SIZES 6
#define SOMA_TUNE_MAX_SIZE  65536

/*
 * Functions return SOMA_OK or an error whose detail they have set with soma_error(). `state` is what `open` gave.
 * Mandatory slots are marked *; the others may be NULL, but `prepare` needs `run`.
 */
typedef struct soma_device_api {
    uint32_t abi;     /* * SOMA_DEVICE_ABI */
    uint32_t size;    /* * sizeof(soma_device_api) as its author knew it */
    const char *name; /* * the word that selects it: "cpu", "opencl"; "opencl:2" gives index 2 */

    /* * Lists the devices there are, without opening them. */
    soma_status (*enumerate)(soma_device_visitor *visitor, void *context);
    /* * Opens device `index`. options is never NULL. */
    soma_status (*open)(uint32_t index, const soma_device_options *options, void **state);
    void (*close)(void *state);                        /* * */
    void (*info)(void *state, soma_device_info *info); /* * */

    soma_status (*alloc)(void *state, size_t bytes, void **memory); /* * bytes > 0; contents undefined */
    void (*free)(void *state, void *memory);                        /* * */
    /* * From and to host memory; return when the host memory may be reused. Ordered after all earlier work. */
    soma_status (*write)(void *state, void *memory, size_t offset, const void *source, size_t bytes);
    soma_status (*read)(void *state, void *memory, size_t offset, void *target, size_t bytes);
    /* * Within the device; may return before it is done. The ranges do not overlap. */
    soma_status (*copy)(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes);
    /* * Sets every byte to `byte`. */
    soma_status (*fill)(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes);
    /* Makes a memory handle of host memory, read only, without a copy; freed with `free`. For devices in host memory.
     */
    soma_status (*wrap)(void *state, const void *host, size_t bytes, void **memory);

    /* Can you do this, and how many bytes of scratch? Compiles what it needs *now*. SOMA_UNSUPPORTED: soma falls back.
     */
    soma_status (*prepare)(void *state, soma_call *call, size_t *workspace);
    /* Enqueues prepared calls in this order; may return before they are done. No allocation, no compilation, no wait.
     */
    soma_status (*run)(void *state, soma_call *calls, size_t count);
    /* Frees call->prepared. */
    void (*release)(void *state, soma_call *call);
    /* Returns when all enqueued work is done, with the first error of any of it. */
    soma_status (*sync)(void *state);

    /* Appended later: a struct whose `size` ends before a slot does without it. */

    /* The most float32 operations in a second, in 1e9: multiply-adds, two operations each, that touch no memory, on all
     * of the device at once; the best of some short runs. *gflops is 0 before. */
    soma_status (*peak)(void *state, double *gflops);
    /* These prepared calls, with their memory, are going to be run in this order about `runs` times (SIZE_MAX: nobody
     * knows, suppose often). What makes that quick is made now, and may take time as `prepare` may; `run` then
     * recognises the calls, and does them as well when they come otherwise. It ends when one of them is released. */
    soma_status (*arrange)(void *state, soma_call *calls, size_t count, size_t runs);
    /* For a device that has several kernels for a matrix product; these three slots come together. `tune` measures
     * which serves which shape best, chooses by that for calls prepared from now on, and keeps the choices for the next
     * time the device opens. Where it fails before it keeps them, or is stopped, all stays as it was. options is never
     * NULL. */
    soma_status (*tune)(void *state, const soma_tune_options *options);
    /* Which kernels are in force. */
    void (*tuning)(void *state, soma_tuning *tuning);
    /* Goes back to the default, and removes what `tune` kept; *removed: whether there was anything. */
    soma_status (*forget_tuning)(void *state, bool *removed);
    /* Once, in a child of fork() that inherited the open device, before anything else of it is called there. The
     * device's threads are not there, and its driver must not be called. From then on it is asked for `release`,
     * `free`, `unstage` and `close` alone, which free what they have of this process's memory. Without this slot
     * nothing is called. */
    void (*after_fork)(void *state);
    /* Bringing values to the device while it works; these four slots come together. A stage is memory of the host's, at
     * *host, from which they go. It may take as much of the device's memory, for which soma has seen that there is
     * room. */
    soma_status (*stage)(void *state, size_t bytes, void **stage, void **host);
    /* Enqueues a copy of the stage's first `bytes` to the beginning of `memory`, ordered as `copy` is; how they come to
     * the device may run beside earlier work. Returns at once; the host's memory must stay as it is. */
    soma_status (*send)(void *state, void *stage, void *memory, size_t bytes);
    /* Returns when the host's memory may be written again. What was lost on its way is told here, and by `read` and
     * `sync`, lest results are taken of values that never came. */
    soma_status (*await)(void *state, void *stage);
    /* Frees a stage, whatever is on its way. */
    void (*unstage)(void *state, void *stage);
    /* Whether one call of a primitive that stands for several, which is CONV_ADD today, is at least as quick here as
     * those: soma makes none where the answer is false. Without this slot it is false. */
    bool (*combines)(void *state, soma_primitive primitive);
} soma_device_api;

/* The least `size` that a struct of this ABI can have. */
#define SOMA_DEVICE_API_LEAST_SIZE offsetof(soma_device_api, peak)

/*
 * Makes a kind of device known to this process, under api->name, until the process ends; api must stay valid.
 * SOMA_ABI_MISMATCH: another ABI number; SOMA_INVALID_ARGUMENT: a mandatory slot is empty or the name is taken. The
 * same struct again changes nothing.
 */
SOMA_API soma_status soma_device_register(const soma_device_api *api);

/*
 * Loads a shared object and registers what its entry point returns: const soma_device_api *soma_device_plugin(void).
 * The object stays loaded until the process ends. The library loads nothing by itself: it is the program that loads
 * what the environment variable SOMA_PLUGINS names (paths separated by ':').
 */
SOMA_API soma_status soma_device_load(const char *path);
#define SOMA_DEVICE_PLUGIN_SYMBOL "soma_device_plugin"
/* The entry point of a plugin, under that name; the struct stays valid as long as the object is loaded. */
typedef const soma_device_api *soma_device_plugin_function(void);

/* Opaque; see soma/soma.h. */
typedef struct soma_device soma_device;
typedef struct soma_memory soma_memory;

/*
 * For devices that share with the application what it has opened itself, as soma/opencl.h does. soma_device_adopt()
 * makes an open device of a `state` such as the slot `open` gives; soma_device_close() closes it. On failure the state
 * remains the caller's. index: the number that opens the like of it, SOMA_NO_DEVICE_INDEX for none. options: NULL for
 * the defaults.
 */
SOMA_API soma_status soma_device_adopt(const soma_device_api *api, void *state, uint32_t index,
                                       const soma_device_options *options, soma_device **device);
/* The state of a device that was opened through this api; NULL if it was through another. */
SOMA_API void *soma_device_state(const soma_device *device, const soma_device_api *api);

/*
 * Likewise for memory: a handle, such as the slot `alloc` gives, becomes a soma_memory (see soma/soma.h), whose
 * destruction hands it to the slot `free`. It does not count as allocated by soma.
 */
SOMA_API soma_status soma_memory_adopt(soma_device *device, void *handle, size_t bytes, soma_memory **memory);
/* The handle, and the byte at which the memory begins in it. */
SOMA_API void *soma_memory_handle(const soma_memory *memory, size_t *offset);

/* For devices: records the detail of an error (printf's format) for soma_last_error() and returns `status`. */
SOMA_API soma_status soma_error(soma_status status, const char *format, ...)
#if defined(__GNUC__) || defined(__clang__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* For devices: writes one line to the log (printf's format). */
SOMA_API void soma_log(soma_log_level level, const char *format, ...)
#if defined(__GNUC__) || defined(__clang__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/*
 * For devices: executes a call whose view memories are host pointers with the reference (float64 arithmetic, views of
 * any dtype incl. SOMA_F64, one thread). Defined by the mathematics alone: this is what a device is held against.
 */
SOMA_API soma_status soma_reference_run(const soma_call *call);

#ifdef __cplusplus
}
#endif
#endif
