/* SPDX-License-Identifier: MIT */
/*
 * soma/primitive_params.h - the parameters of the primitives, and the kinds of loss, metric, optimizer and others that
 * they choose from.
 *
 * Of soma/device.h; what each primitive computes with them is in soma/primitives.h. Parameters marked live may change
 * from run to run, the others stay as they were in `prepare`.
 */
#ifndef SOMA_PRIMITIVE_PARAMS_H
#define SOMA_PRIMITIVE_PARAMS_H

#include <soma/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------- kinds */

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

/* clang-format off: a table */
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
 * QUANTILE                         mean_j of delta d where d >= 0, else (delta - 1) d; d = t_j - p_j; derivative 0
 *                                  where equal
 * CATEGORICAL_FOCAL                -sum_j s_j (1 - e^p_j)^gamma p_j of log-probabilities p, with
 *                                  s_j = t_j + smoothing (1/k - t_j)
 * BINARY_FOCAL                     mean_j w_j (1 - q_j)^gamma b_j of logits p: s_j = t_j + smoothing (1/2 - t_j),
 *                                  q_j = s_j sigmoid(p_j) + (1 - s_j) (1 - sigmoid(p_j)), b_j as in
 *                                  BINARY_CROSSENTROPY_LOGITS with s_j for t_j, w_j = s_j when_one + (1 - s_j)
 * when_zero; 0^0 is 1
 *
 * w_i = weight[i] * class weight. The class weight is class_weight[c], or sum_j t_j class_weight[j] for target rows;
 * for the binary losses it applies to each element j: t_j class_weight[1] + (1 - t_j) class_weight[0]; the
 * other losses take none. A class number outside [0, k) gives NaN. Class numbers are for the categorical losses only.
 *
 * What does not count makes no NaN of an infinity: a sample whose w_i is 0 has a loss of 0, and one whose dloss[i] w_i
 * is 0 a gradient of 0, whatever its prediction; with logits, neither has a t_j of 0 a share in the loss, nor an s_j of
 * 0 with CATEGORICAL_FOCAL.
 */
/* clang-format on */
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

/* -------------------------------------------------------------------------------------------------- parameters */

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

/*
 * OPTIMIZER_ROWS: of rules under which a row without a gradient stays as it is, SGD, and ADAGRAD, whose epsilon is
 * then above 0. Of the optimizer's parameters its rule, learning rate, epsilon and clip_value count; nothing decays.
 */
typedef struct soma_optimizer_rows_params {
    soma_optimizer_params optimizer;
    int64_t skip; /* as of GATHER_GRAD */
} soma_optimizer_rows_params;

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
 * reset_before. `gates` of an LSTM may lie where x does, and its dx where `gates` does, if the slot `combines` says so.
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
 * key_heads u], y [n, steps, heads u], total [n, heads, steps]; the numbers of a head lie together. mask [n, keys] says
 * which keys are seen, those at which it is not 0; or it is added to s_ij, [n, heads, steps, keys], all but keys may be
 * repeated by strides of 0; a key at which it is -infinity is not seen. It has no gradient.
 * heads is a multiple of key_heads: head h takes keys and values number h key_heads / heads (grouped queries: Ainslie
 * et al. 2023). For each head, with s_ij = scale q_i . k_j, over the keys j that query i sees:
 *   y_i = sum_j e^s_ij v_j / sum_j e^s_ij,      total_i = log sum_j e^s_ij
 * If `causal` a query sees only keys with j <= i. One that sees none has y 0 and total infinity. Whether keys and
 * values that are not seen, but are no finite numbers, make NaN of y is left open.
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

/* PUT. */
typedef struct soma_put_params {
    bool combines;  /* false: what is put takes the place of what is there, and `op` is ADD */
    soma_binary op; /* ADD, MULTIPLY, MAXIMUM or MINIMUM */
} soma_put_params;

#ifdef __cplusplus
}
#endif
#endif
