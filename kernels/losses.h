/* SPDX-License-Identifier: MIT */
/*
 * Losses that are a mean over the elements of a row, each a row here: X(NAME, loss, derivative), expressions in the prediction p, the
 * target t, and the parameters `delta`, `focus` (gamma), `smoothing`, `when_one` and `when_zero`. Compiled by C (float and double) and by OpenCL C; `real`, R, EXP, LOG, LOG1P and ABS as in functions.h.
 * The categorical losses couple the elements of a row, so every device has them as functions; what CATEGORICAL_FOCAL (Lin, Goyal, Girshick, He
 * & Dollar 2017, "Focal Loss for Dense Object Detection") makes of an element is here. QUANTILE: Koenker & Bassett 1978, "Regression Quantiles". Formulas: soma_loss_kind in soma/primitive_params.h.
 */
#ifndef SOMA_KERNELS_LOSSES_H
#define SOMA_KERNELS_LOSSES_H

/* Probabilities are taken to be at least this, so that there is no log(0). */
#define SOMA_PROBABILITY_FLOOR R(1e-7)
#define SOMA_FLOORED(p) ((p) < SOMA_PROBABILITY_FLOOR ? SOMA_PROBABILITY_FLOOR : (p))

/* x^focus of x >= 0; a NaN stays one. */
#define SOMA_FOCUSED(x) ((x) > R(0.0) ? EXP(focus * LOG(x)) : (x) + (focus > R(0.0) ? R(0.0) : R(1.0)))

/* Of a log-probability l: (1 - e^l)^focus (-l), and its derivative, without cancellation. Far down e^l l is 0. */
#define SOMA_FOCAL_LOSS(l) (-SOMA_FOCUSED(-EXPM1(l)) * (l))
#define SOMA_FOCAL_SLOPE(l)                                                                                            \
    (-EXPM1(l) > R(0.0)                                                                                                \
         ? SOMA_FOCUSED(-EXPM1(l)) * (focus * ((l) < R(-200.0) ? R(0.0) : EXP(l) * (l)) / -EXPM1(l) - R(1.0))          \
         : -SOMA_FOCUSED(-EXPM1(l)))

/* Of a logit p: the two probabilities, the smoothed target, the probability of not having it, its cross-entropy. */
#define SOMA_UP        (R(1.0) / (R(1.0) + EXP(-p)))
#define SOMA_DOWN      (R(1.0) / (R(1.0) + EXP(p)))
#define SOMA_SMOOTHED  (t + smoothing * (R(0.5) - t))
#define SOMA_MISS      (SOMA_UP * (R(1.0) - SOMA_SMOOTHED) + SOMA_DOWN * SOMA_SMOOTHED)
#define SOMA_BALANCE   (SOMA_SMOOTHED * when_one + (R(1.0) - SOMA_SMOOTHED) * when_zero)
#define SOMA_LOGIT_LOSS(target) ((p < R(0.0) ? R(0.0) : p) - p * (target) + LOG1P(EXP(-ABS(p))))

#define SOMA_ELEMENT_LOSS_TABLE(X)                                                                                     \
    X(BINARY_CROSSENTROPY, -t * LOG(SOMA_FLOORED(p)) - (R(1.0) - t) * LOG(SOMA_FLOORED(R(1.0) - p)),                   \
      (R(1.0) - p < SOMA_PROBABILITY_FLOOR ? R(0.0) : (R(1.0) - t) / (R(1.0) - p)) -                                   \
          (p < SOMA_PROBABILITY_FLOOR ? R(0.0) : t / p))                                                               \
    X(BINARY_CROSSENTROPY_LOGITS, SOMA_LOGIT_LOSS(t),                                                                  \
      R(1.0) / (R(1.0) + EXP(-p)) - t)                                                                                 \
    X(MEAN_SQUARED_ERROR, (p - t) * (p - t), R(2.0) * (p - t))                                                         \
    X(MEAN_ABSOLUTE_ERROR, ABS(p - t), p > t ? R(1.0) : (p < t ? R(-1.0) : p - t))                                     \
    X(HUBER, ABS(p - t) > delta ? delta * (ABS(p - t) - R(0.5) * delta) : R(0.5) * (p - t) * (p - t),                  \
      p - t > delta ? delta : (p - t < -delta ? -delta : p - t))                                                       \
    X(QUANTILE, t < p ? (delta - R(1.0)) * (t - p) : delta * (t - p),                                                  \
      p > t ? R(1.0) - delta : (p < t ? -delta : p - t))                                                               \
    X(BINARY_FOCAL, SOMA_BALANCE * (SOMA_FOCUSED(SOMA_MISS) * SOMA_LOGIT_LOSS(SOMA_SMOOTHED)),                         \
      SOMA_BALANCE * (SOMA_FOCUSED(SOMA_MISS) *                                                                        \
                      (SOMA_MISS > R(0.0) ? focus * (R(1.0) - R(2.0) * SOMA_SMOOTHED) *                                \
                                                    (SOMA_UP * SOMA_DOWN / SOMA_MISS) * SOMA_LOGIT_LOSS(SOMA_SMOOTHED) + \
                                                (SOMA_UP - SOMA_SMOOTHED)                                              \
                                          : SOMA_UP - SOMA_SMOOTHED)))

#endif
