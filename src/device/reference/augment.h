/* SPDX-License-Identifier: MIT */
/* What is drawn for a picture, in float64. */
#ifndef SOMA_DEVICE_REFERENCE_AUGMENT_H
#define SOMA_DEVICE_REFERENCE_AUGMENT_H

#include "device/reference/reference.h"

typedef uint32_t soma_u32;
typedef double number;
#define SOMA_MULHI(a, b) ((uint32_t)(((uint64_t)(a) * (uint64_t)(b)) >> 32))
#define COS_OF_TURN(x)   COS(x)
#define SIN_OF_TURN(x)   SIN(x)
#include "kernels/random.h"

#include "kernels/augment.h"

static inline soma_augment_draw augment_draw(const soma_augment_params *params, const soma_view *x, size_t sample) {
    return soma_augment_draw_for((uint32_t)(params->start + sample), params->stream, (uint32_t)params->seed,
                                 (uint32_t)(params->seed >> 32), (uint32_t)params->step, (uint32_t)(params->step >> 32),
                                 (uint32_t)x->shape[1], (uint32_t)x->shape[2], params->shift[0], params->shift[1],
                                 params->flip | params->flip_vertical << 1, params->cutout, (double)params->rotate,
                                 (double)params->brightness);
}

static inline double augment_pixel(const soma_view *x, size_t sample, int row, int column, size_t channel) {
    if (row < 0 || row >= (int)x->shape[1] || column < 0 || column >= (int)x->shape[2]) return 0.0;
    return soma_element_get(x, ((sample * x->shape[1] + (size_t)row) * x->shape[2] + (size_t)column) * x->shape[3] +
                                   channel);
}

#endif
