/* SPDX-License-Identifier: MIT */
/* Pictures moved, turned, brightened and cut into by chance. Work-items share out the pixels. */
#include "opencl.h"

typedef uint soma_u32;
typedef float number;
#define SOMA_MULHI(a, b) mul_hi((uint)(a), (uint)(b))
/* By half turns: of an angle below one they need no reduction, for which cos() and sin() have code of their own. */
#define COS_OF_TURN(x) cospi((x) * M_1_PI_F)
#define SIN_OF_TURN(x) sinpi((x) * M_1_PI_F)
#include "random.h"
#include "augment.h"

static float pixel_or_0(const global float *picture, int height, int width, int channels, int y, int x, int c) {
    const bool inside = y >= 0 && y < height && x >= 0 && x < width;
    return inside ? picture[((ulong)y * width + x) * channels + c] : 0.0f;
}

/* rotate 0: places are whole, and nothing is interpolated. */
KERNEL(GROUP, 1)
void augment(ARGUMENTS(ulong pixels, ulong chunk, uint height, uint width, uint channels, uint shift_height, uint shift_width, uint flips,
                       uint cutout, float rotate, float brightness, uint stream, uint seed_low, uint seed_high, ulong step, ulong start,
                       const global float *x, global float *out)) {
    const ulong end = min(pixels, ((ulong)GROUP_ID(0) + 1) * chunk), size = (ulong)height * width;
    ulong sample = ~(ulong)0;
    soma_augment_draw draw;
    for (ulong i = (ulong)GROUP_ID(0) * chunk + get_local_id(0); i < end; i += GROUP) {
        if (i / size != sample) {
            sample = i / size;
            draw = soma_augment_draw_for((uint)(start + sample), stream, seed_low, seed_high, (uint)step, (uint)(step >> 32), height, width, shift_height,
                                         shift_width, flips, cutout, rotate, brightness);
        }
        const int row = (int)(i % size / width), column = (int)(i % width);
        const int from_y = soma_augment_row(&draw, (int)height, row), from_x = soma_augment_column(&draw, (int)width, column);
        const bool cut = soma_augment_is_cut(&draw, (int)cutout, row, column);
        const global float *picture = x + sample * size * channels;
        const soma_augment_place at = soma_augment_turned(&draw, (int)height, (int)width, from_y, from_x);
        for (uint c = 0; c < channels; c++) {
            float value;
            if (rotate == 0.0f)
                value = pixel_or_0(picture, (int)height, (int)width, (int)channels, from_y, from_x, (int)c);
            else {
                const float a = pixel_or_0(picture, (int)height, (int)width, (int)channels, at.y, at.x, (int)c),
                            b = pixel_or_0(picture, (int)height, (int)width, (int)channels, at.y, at.x + 1, (int)c),
                            d = pixel_or_0(picture, (int)height, (int)width, (int)channels, at.y + 1, at.x, (int)c),
                            e = pixel_or_0(picture, (int)height, (int)width, (int)channels, at.y + 1, at.x + 1, (int)c);
                value = (1.0f - at.lower) * ((1.0f - at.righter) * a + at.righter * b) + at.lower * ((1.0f - at.righter) * d + at.righter * e);
            }
            out[i * channels + c] = cut ? 0.0f : value * draw.gain;
        }
    }
}
