/* SPDX-License-Identifier: MIT */
/* Cases of AUGMENT: each change alone, and all together. */
#include "device/reference/augment.h"
#include "device/conformance/shapes.h"

static soma_bounded gain_of(const soma_augment_params *params, const soma_augment_draw *draw) {
    /* 1 + (2 u - 1) brightness: a product and a sum; 2 u - 1 has no rounding */
    return soma_rounded(draw->gain, (double)params->brightness * SOMA_ULP / 2, SOMA_ULPS_ROUNDING);
}

/*
 * Turned: the angle is two rounded products, at most pi; its cosine and sine are off by 4 ulp (OpenCL 1.2, table 7.1);
 * the place is made of them by six operations on numbers of at most height + width. All in all the place is off by less
 * than (height + width) 2^-19. Between pixels, and at the edge, values change by at most twice the largest a pixel,
 * down and across. The shares and their products are a dozen roundings more.
 */
static soma_bounded turned(const soma_view *x, size_t sample, soma_augment_place at, size_t channel, double largest) {
    double upper = (1.0 - at.righter) * augment_pixel(x, sample, at.y, at.x, channel) +
                   at.righter * augment_pixel(x, sample, at.y, at.x + 1, channel);
    double lower = (1.0 - at.righter) * augment_pixel(x, sample, at.y + 1, at.x, channel) +
                   at.righter * augment_pixel(x, sample, at.y + 1, at.x + 1, channel);
    double moved = (double)(x->shape[1] + x->shape[2]) * 0x1p-19;
    return soma_rounded((1.0 - at.lower) * upper + at.lower * lower, 4.0 * largest * moved + soma_gamma(12) * largest,
                        0.0);
}

static soma_bounded place_bound(const soma_call *before, const soma_augment_draw *draw, size_t index, double largest) {
    const soma_augment_params *params = &before->params.augment;
    const soma_view *x = &before->view[0];
    size_t channel = index % x->shape[3], place = index / x->shape[3];
    int column = (int)(place % x->shape[2]), row = (int)(place / x->shape[2] % x->shape[1]);
    size_t sample = place / x->shape[2] / x->shape[1];
    if (soma_augment_is_cut(draw, (int)params->cutout, row, column)) return soma_exact(0.0);
    int y = soma_augment_row(draw, (int)x->shape[1], row), z = soma_augment_column(draw, (int)x->shape[2], column);
    soma_bounded value = soma_exact(augment_pixel(x, sample, y, z, channel));
    if (params->rotate != 0.0f)
        value =
            turned(x, sample, soma_augment_turned(draw, (int)x->shape[1], (int)x->shape[2], y, z), channel, largest);
    return soma_bounded_multiply(value, gain_of(params, draw));
}

static void augment_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0];
    size_t count = soma_view_count(x), size = x->shape[1] * x->shape[2] * x->shape[3];
    double largest = 0.0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(soma_element_get(x, i)));
    for (size_t i = 0; i < count; i++) {
        const soma_augment_draw draw = augment_draw(&before->params.augment, x, i / size);
        expected[1][i] = place_bound(before, &draw, i, largest);
    }
}

static void augment_case(soma_suite *suite, const size_t *shape, soma_augment_params params, const char *what,
                         bool special) {
    soma_view view = soma_view_shaped(SOMA_F32, 4, shape);
    params.stream = 4;
    params.seed = UINT64_C(0x9E3779B97F4A7C15);
    params.step = UINT64_C(0x123456789A);
    soma_call call = soma_call_augment(view, view, params);
    soma_case c;
    soma_case_begin(suite, &c, &call, augment_bound);
    if (special) soma_case_sprinkle(suite, &c, 0, 5, soma_specials, SOMA_SPECIAL_COUNT);
    c.garbage_is_finite = special;
    c.run_count = 2; /* `step` and `start` are live */
    c.run[1] = call;
    c.run[1].params.augment.step = 7;
    c.run[1].params.augment.start = 11;
    soma_case_describe(&c, ": %s, %s%s", SHAPE(&view), what, special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_augment_cases(soma_suite *suite) {
    /* The last has more numbers in a picture than a thread takes at a time. */
    static const size_t shapes[][4] = {{1, 1, 1, 1}, {5, 1, 7, 1},  {4, 9, 8, 3},   {3, 28, 28, 1}, {0, 4, 4, 2},
                                       {2, 7, 1, 2}, {65, 5, 5, 1}, {2, 32, 31, 3}, {2, 23, 257, 4}};
    static const struct {
        const char *what;
        soma_augment_params params;
    } changes[] = {
        {"nothing", {.cutout = 0}},
        {"moved", {.shift = {2, 3}}},
        {"moved far", {.shift = {40, 65535}}},
        {"mirrored", {.flip = true}},
        {"upside down", {.flip_vertical = true}},
        {"brightened", {.brightness = 0.4f}},
        {"cut", {.cutout = 3}},
        {"cut in half", {.cutout = 16}},
        {"all but turned", {.shift = {2, 1}, .flip = true, .flip_vertical = true, .brightness = 1.0f, .cutout = 4}},
        {"turned", {.rotate = 0.3f}},
        {"turned round", {.rotate = 3.14f}},
        {"all", {.shift = {1, 2}, .flip = true, .rotate = 0.2f, .brightness = 0.2f, .cutout = 2}},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(changes); j++) {
            augment_case(suite, shapes[i], changes[j].params, changes[j].what, false);
            if (changes[j].params.rotate == 0.0f && i == 2)
                augment_case(suite, shapes[i], changes[j].params, changes[j].what, true);
        }
}

void soma_augment_speeds(soma_suite *suite) {
    soma_view view = SOMA_F32_VIEW(64, 32, 32, 3);
    const soma_augment_params moved = {.shift = {4, 4}, .flip = true, .step = 1}, turned = {.rotate = 0.2f, .step = 1};
    soma_call calls[] = {soma_call_augment(view, view, moved), soma_call_augment(view, view, turned)};
    for (size_t i = 0; i < SOMA_COUNT_OF(calls); i++) {
        soma_case c;
        soma_case_begin(suite, &c, &calls[i], augment_bound);
        soma_case_time(suite, &c, i ? "turned" : "moved and mirrored");
    }
}
