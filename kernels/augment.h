/* SPDX-License-Identifier: MIT */
/*
 * What is drawn for a picture, and where its places come from. Compiled by C, as float and as double, and by OpenCL C: who includes this has
 * included random.h with a soma_u32 that is one number, and defines `number` with COS_OF_TURN, SIN_OF_TURN and FLOOR of it.
 */
#ifndef SOMA_KERNELS_AUGMENT_H
#define SOMA_KERNELS_AUGMENT_H

typedef struct soma_augment_draw {
    int down, right;            /* pixels that it moves */
    int mirrored, upside_down;  /* 1 or 0 */
    int cut_top, cut_left;      /* of the square */
    number cosine, sine, gain;
} soma_augment_draw;

/* A number in [0, 1), exactly. */
#define SOMA_AUGMENT_UNIFORM(word) ((number)((word) >> 8) * (number)5.9604644775390625e-8f)

static inline soma_augment_draw soma_augment_draw_for(soma_u32 sample, soma_u32 stream, soma_u32 seed_low, soma_u32 seed_high, soma_u32 step_low,
                                                      soma_u32 step_high, soma_u32 height, soma_u32 width, soma_u32 shift_height,
                                                      soma_u32 shift_width, soma_u32 flips, soma_u32 cutout, number rotate, number brightness) {
    soma_u32 first[4] = {2 * sample, step_low, step_high, stream}, second[4] = {2 * sample + 1, step_low, step_high, stream};
    soma_augment_draw draw;
    soma_philox(first, seed_low, seed_high);
    soma_philox(second, seed_low, seed_high);
    draw.down = (int)SOMA_MULHI(first[0], 2 * shift_height + 1) - (int)shift_height;
    draw.right = (int)SOMA_MULHI(first[1], 2 * shift_width + 1) - (int)shift_width;
    draw.mirrored = (int)(first[2] & flips & 1);
    draw.upside_down = (int)(first[2] & flips & 2) / 2;
    const number angle = ((number)2 * SOMA_AUGMENT_UNIFORM(first[3]) - (number)1) * rotate;
    draw.cosine = COS_OF_TURN(angle);
    draw.sine = SIN_OF_TURN(angle);
    draw.gain = (number)1 + ((number)2 * SOMA_AUGMENT_UNIFORM(second[0]) - (number)1) * brightness;
    draw.cut_top = (int)SOMA_MULHI(second[1], height) - (int)cutout / 2;
    draw.cut_left = (int)SOMA_MULHI(second[2], width) - (int)cutout / 2;
    return draw;
}

/* Whether a place of the result lies in the square that is cut out. */
static inline int soma_augment_is_cut(const soma_augment_draw *draw, int cutout, int y, int x) {
    return y >= draw->cut_top && y < draw->cut_top + cutout && x >= draw->cut_left && x < draw->cut_left + cutout;
}

/* Where a place of the result comes from, but for turning. It may lie outside. */
static inline int soma_augment_row(const soma_augment_draw *draw, int height, int y) {
    const int moved = y - draw->down;
    return draw->upside_down ? height - 1 - moved : moved;
}
static inline int soma_augment_column(const soma_augment_draw *draw, int width, int x) {
    const int moved = x - draw->right;
    return draw->mirrored ? width - 1 - moved : moved;
}

/* And with turning: between which four pixels, from (y, x) on, and with which shares of the lower and the right ones. */
typedef struct soma_augment_place {
    int y, x;
    number lower, righter;
} soma_augment_place;

static inline soma_augment_place soma_augment_turned(const soma_augment_draw *draw, int height, int width, int row, int column) {
    const number middle_y = (number)(height - 1) * (number)0.5f, middle_x = (number)(width - 1) * (number)0.5f;
    const number dy = (number)row - middle_y, dx = (number)column - middle_x;
    const number y = middle_y + (draw->cosine * dy - draw->sine * dx), x = middle_x + (draw->sine * dy + draw->cosine * dx);
    const number whole_y = FLOOR(y), whole_x = FLOOR(x);
    soma_augment_place place;
    place.y = (int)whole_y;
    place.x = (int)whole_x;
    place.lower = y - whole_y;
    place.righter = x - whole_x;
    return place;
}

#endif
