/* SPDX-License-Identifier: MIT */
/*
 * soma/primitives.h - what devices compute: the list of primitives, with the contract of each.
 *
 * Of soma/device.h, which has the views that they work on and the calls that ask for them; their parameters are in
 * soma/primitive_params.h.
 */
#ifndef SOMA_PRIMITIVES_H
#define SOMA_PRIMITIVES_H

#include <soma/base.h>

#ifdef __cplusplus
extern "C" {
#endif

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
 *                                            in their order, but for r = skip; 0 where there are none. dy [n, width],
 *                                            index i32 [n], dtable [rows, width]. What lies outside goes nowhere.
 * RECURRENT       x, weight, [bias], [mask], [state], [cell], y, [cells], [gates]
 *                                            a recurrent layer over all steps of a sequence, from the products of its
 *                                            inputs, x [n, steps, gates units]; see soma_recurrent_params
 * RECURRENT_GRAD  dy, weight, y, [cells], [gates], [mask], [state], [cell], dx, [drecurrent], [dstate], [dcell]
 *                                            its gradient: of x, of the products h weight + bias where those of x are
 *                                            not the same, of the first state and cell
 * ATTENTION       q, k, v, [mask], y, [total]
 *                                            each query's mean of the values, by the likeness of it and their keys; see
 *                                            soma_attention_params
 * ATTENTION_GRAD  dy, q, k, v, [mask], y, total, dq, dk, dv
 *                                            its gradient, from what it made of them
 * CTC             prediction, target, [mask], loss
 *                                            the loss of labels that no step is named for; see soma_ctc_params
 * CTC_GRAD        prediction, target, [mask], dloss, out
 *                                            its gradient
 * CTC_DISTANCE    prediction, target, [mask], out
 *                                            how many edits lie between the labels and what is decoded
 * SCATTER         x, index, out              rows into a table of each sample: out[i, index[i] + j, :] = x[i, j, :].
 *                                            x [n, m, width], index i32 [n], out [n, rows, width]. A row outside its
 *                                            table goes nowhere; all others of out stay as they are.
 * TREES           x, node, leaf, root, out   what decision trees add up to for each sample; see soma_trees_params
 * MATMUL          a, b, c                    c = scale a b for each matrix of several: a [.., m, k], b [.., k, n],
 *                                            c [.., m, n], two to five dimensions, those before the last two the same.
 *                                            Any strides, of which one of the last two is 1 (of c the last), or of a
 *                                            dimension of 1; where one of a or b before these is 0, its matrices are
 *                                            repeated. k = 0 gives 0.
 * OPTIMIZER_ROWS  dy, index, parameter, gradient, [state1]
 *                                            one step on the rows of a table that index names, each once, by the sum
 *                                            of dy that GATHER_GRAD makes of it, added up in the same order; all other
 *                                            rows stay as they are, and so does the row skip. dy [n, width], index i32
 *                                            [n], the others [rows, width]. gradient is worked in: its rows that are
 *                                            named are 0 afterwards. See soma_optimizer_rows_params.
 * PUT             x, index, out              rows into places of a table of each sample, one after the other:
 *                                            out[i, index[i,j], :] = x[i,j,:] for j = 0, 1, ...; where the call
 *                                            `combines`, f(out[i, index[i,j], :], x[i,j,:]), f an ADD, MULTIPLY,
 *                                            MAXIMUM or MINIMUM of two numbers. x [n, m, width], index i32 [n, m], out
 *                                            [n, rows, width]. A row outside its table goes nowhere; rows of out that
 *                                            are not named stay as they are.
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
    X(MATMUL, matmul, 3, ALWAYS)                                                                                       \
    X(OPTIMIZER_ROWS, optimizer_rows, 5, TRAINING)                                                                     \
    X(PUT, put, 3, ALWAYS)

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

#ifdef __cplusplus
}
#endif
#endif
