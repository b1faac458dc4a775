/* SPDX-License-Identifier: MIT */
/*
 * Losses that are a mean over the elements of a row, each a row here: X(NAME, loss, derivative), expressions in the prediction p, the
 * target t and `delta`. Compiled by C (float and double) and by OpenCL C; `real`, R, EXP, LOG, LOG1P and ABS as in functions.h.
 * The categorical losses couple the elements of a row, so every device has them as functions. Formulas: soma_loss_kind in soma/device.h.
 */
#ifndef SOMA_KERNELS_LOSSES_H
#define SOMA_KERNELS_LOSSES_H

/* Probabilities are taken to be at least this, so that there is no log(0). */
#define SOMA_PROBABILITY_FLOOR R(1e-7)
#define SOMA_FLOORED(p) ((p) < SOMA_PROBABILITY_FLOOR ? SOMA_PROBABILITY_FLOOR : (p))

#define SOMA_ELEMENT_LOSS_TABLE(X)                                                                                     \
    X(BINARY_CROSSENTROPY, -t * LOG(SOMA_FLOORED(p)) - (R(1.0) - t) * LOG(SOMA_FLOORED(R(1.0) - p)),                   \
      (R(1.0) - p < SOMA_PROBABILITY_FLOOR ? R(0.0) : (R(1.0) - t) / (R(1.0) - p)) -                                   \
          (p < SOMA_PROBABILITY_FLOOR ? R(0.0) : t / p))                                                               \
    X(BINARY_CROSSENTROPY_LOGITS, (p < R(0.0) ? R(0.0) : p) - p * t + LOG1P(EXP(-ABS(p))),                             \
      R(1.0) / (R(1.0) + EXP(-p)) - t)                                                                                 \
    X(MEAN_SQUARED_ERROR, (p - t) * (p - t), R(2.0) * (p - t))                                                         \
    X(MEAN_ABSOLUTE_ERROR, ABS(p - t), p > t ? R(1.0) : (p < t ? R(-1.0) : p - t))                                     \
    X(HUBER, ABS(p - t) > delta ? delta * (ABS(p - t) - R(0.5) * delta) : R(0.5) * (p - t) * (p - t),                  \
      p - t > delta ? delta : (p - t < -delta ? -delta : p - t))

#endif
