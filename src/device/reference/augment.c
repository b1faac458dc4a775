/* SPDX-License-Identifier: MIT */
/* AUGMENT. */
#include "device/reference/augment.h"

static double value_at(const soma_call *call, const soma_augment_draw *draw, size_t sample, int row, int column,
                       size_t channel) {
    const soma_augment_params *params = &call->params.augment;
    const soma_view *x = &call->view[0];
    int height = (int)x->shape[1], width = (int)x->shape[2];
    if (soma_augment_is_cut(draw, (int)params->cutout, row, column)) return 0.0;
    int y = soma_augment_row(draw, height, row), z = soma_augment_column(draw, width, column);
    if (params->rotate == 0.0f) return draw->gain * augment_pixel(x, sample, y, z, channel);
    soma_augment_place at = soma_augment_turned(draw, height, width, y, z);
    double upper = (1.0 - at.righter) * augment_pixel(x, sample, at.y, at.x, channel) +
                   at.righter * augment_pixel(x, sample, at.y, at.x + 1, channel);
    double lower = (1.0 - at.righter) * augment_pixel(x, sample, at.y + 1, at.x, channel) +
                   at.righter * augment_pixel(x, sample, at.y + 1, at.x + 1, channel);
    return draw->gain * ((1.0 - at.lower) * upper + at.lower * lower);
}

soma_status soma_reference_augment(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[1];
    size_t height = x->shape[1], width = x->shape[2], channels = x->shape[3], size = height * width * channels;
    for (size_t sample = 0; sample < x->shape[0]; sample++) {
        const soma_augment_draw draw = augment_draw(&call->params.augment, x, sample);
        for (size_t i = 0; i < size; i++)
            soma_element_set(
                out, sample * size + i,
                value_at(call, &draw, sample, (int)(i / channels / width), (int)(i / channels % width), i % channels));
    }
    return SOMA_OK;
}
