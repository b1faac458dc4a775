/* SPDX-License-Identifier: MIT */
/* Cases of FILL, COPY and GATHER: what moves numbers without computing much. */
#include "device/conformance/shapes.h"

#include <string.h>

/* --------------------------------------------------------------------------------------------------------- fill */

static void fill_bound(const soma_call *before, soma_bounded *const *expected) {
    size_t count = soma_view_count(&before->view[0]);
    for (size_t i = 0; i < count; i++) expected[0][i] = soma_exact((double)before->params.fill.value);
}

static void fill_case(soma_suite *suite, soma_view out, float value) {
    soma_call call = soma_call_fill(out, value);
    soma_case c;
    soma_case_begin(suite, &c, &call, fill_bound);
    c.garbage_is_finite = isnan(value);
    soma_case_describe(&c, ": %s with %g", SHAPE(&out), (double)value);
    soma_case_run(suite, &c);
}

void soma_fill_cases(soma_suite *suite) {
    const float values[] = {0.0f, -1.5f, 3.14159274f, 1e-30f, FLT_MAX, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < SOMA_FLAT_SHAPE_COUNT; i++) fill_case(suite, soma_flat_view(i), values[i % 3 + 1]);
    for (size_t i = 0; i < SOMA_COUNT_OF(values); i++) fill_case(suite, SOMA_F32_VIEW(37), values[i]);
}

/* --------------------------------------------------------------------------------------------------------- copy */

/* scale x + shift as the dtype has it: an integer exactly, float32 rounded. */
static soma_bounded scaled(double x, float scale, float shift, soma_dtype dtype) {
    if (dtype == SOMA_I32) return soma_exact(soma_truncate(x, INT32_MIN, INT32_MAX));
    if (dtype == SOMA_U8) return soma_exact(soma_truncate(x, 0.0, UINT8_MAX));
    soma_bounded number = (double)(float)x == x || isnan(x) ? soma_exact(x) : soma_constant(x); /* a long int32 */
    return soma_bounded_add(soma_bounded_multiply(soma_exact((double)scale), number), soma_exact((double)shift));
}

static void copy_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *in = &before->view[0], *out = &before->view[1];
    size_t count = soma_view_count(in);
    for (size_t i = 0; i < count; i++)
        expected[1][i] = scaled(soma_element_get(in, soma_element_position(in, i)), before->params.copy.scale,
                                before->params.copy.shift, out->dtype);
}

typedef struct copy_layout {
    const char *name;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK], in_stride[SOMA_MAX_RANK], out_stride[SOMA_MAX_RANK];
    size_t in_shift, out_shift; /* elements past the alignment */
} copy_layout;

static const copy_layout copy_layouts[] = {
    {"contiguous", 1, {131}, {1}, {1}, 0, 0},
    {"contiguous", 3, {5, 7, 3}, {21, 3, 1}, {21, 3, 1}, 0, 0},
    {"one element", 1, {1}, {1}, {1}, 3, 5},
    {"nothing", 2, {0, 5}, {5, 1}, {5, 1}, 0, 0},
    {"nothing", 3, {4, 0, 3}, {3, 3, 1}, {3, 3, 1}, 1, 1},
    {"transpose", 2, {31, 13}, {13, 1}, {1, 31}, 0, 0},
    {"transpose", 2, {64, 33}, {1, 64}, {33, 1}, 0, 0},
    {"transpose", 2, {1, 131}, {1, 1}, {131, 1}, 0, 0},
    {"permutation", 4, {3, 5, 2, 7}, {70, 14, 7, 1}, {1, 3, 105, 15}, 0, 0},
    {"permutation", 5, {2, 3, 1, 5, 4}, {60, 20, 20, 4, 1}, {1, 2, 6, 6, 30}, 0, 0},
    {"columns into a wider row", 2, {13, 5}, {5, 1}, {17, 1}, 0, 7},
    {"columns out of a wider row", 2, {13, 5}, {17, 1}, {5, 1}, 11, 0},
    {"middle slice", 3, {3, 4, 5}, {63, 9, 1}, {77, 11, 1}, 13, 2},
    {"every third", 1, {61}, {3}, {1}, 1, 0},
    {"to every second", 1, {61}, {1}, {2}, 0, 1},
    {"row repeated", 2, {7, 5}, {0, 1}, {5, 1}, 0, 0},
    {"column repeated", 2, {7, 5}, {1, 0}, {5, 1}, 3, 0},
    {"one number everywhere", 3, {3, 5, 7}, {0, 0, 0}, {35, 7, 1}, 1, 0},
    {"long", 1, {65537}, {1}, {1}, 1, 3},
    {"long transpose", 2, {257, 131}, {131, 1}, {1, 257}, 0, 0},
};

static soma_view strided(soma_dtype dtype, const copy_layout *layout, const size_t *stride) {
    soma_view view = soma_view_shaped(dtype, layout->rank, layout->shape);
    memcpy(view.stride, stride, layout->rank * sizeof *stride);
    return view;
}

static void copy_case(soma_suite *suite, const copy_layout *layout, soma_dtype from, soma_dtype to, float scale,
                      float shift, bool special) {
    soma_call call =
        soma_call_copy(strided(from, layout, layout->in_stride), strided(to, layout, layout->out_stride), scale, shift);
    soma_case c;
    soma_case_begin(suite, &c, &call, copy_bound);
    c.shift[0] = layout->in_shift;
    c.shift[1] = layout->out_shift;
    if (from == SOMA_U8) soma_case_whole(suite, &c, 0, 0, 255);
    if (from == SOMA_I32 && to == SOMA_U8) soma_case_whole(suite, &c, 0, 0, 255);
    if (from == SOMA_I32 && to != SOMA_U8) soma_case_whole(suite, &c, 0, INT32_MIN, INT32_MAX);
    if (from == SOMA_F32 && to == SOMA_U8) soma_case_uniform(suite, &c, 0, 0.0, 255.9);
    if (from == SOMA_F32 && to == SOMA_I32) soma_case_uniform(suite, &c, 0, -1e6, 1e6);
    if (special) soma_case_sprinkle(suite, &c, 0, 3, soma_specials, SOMA_SPECIAL_COUNT);
    c.garbage_is_finite = special;
    soma_case_describe(&c, ": %s %s, %s to %s, scale %g, shift %g%s", layout->name, SHAPE(&call.view[0]),
                       soma_dtype_name(from), soma_dtype_name(to), (double)scale, (double)shift,
                       special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_copy_cases(soma_suite *suite) {
    static const soma_dtype dtypes[] = {SOMA_F32, SOMA_U8, SOMA_I32};
    for (size_t i = 0; i < SOMA_COUNT_OF(copy_layouts); i++) {
        copy_case(suite, &copy_layouts[i], SOMA_F32, SOMA_F32, 1.0f, 0.0f, false);
        copy_case(suite, &copy_layouts[i], SOMA_F32, SOMA_F32, -0.75f, 0.3f, false);
        copy_case(suite, &copy_layouts[i], SOMA_U8, SOMA_F32, 1.0f / 255.0f, 0.0f, false);
    }
    for (size_t from = 0; from < SOMA_COUNT_OF(dtypes); from++)
        for (size_t to = 0; to < SOMA_COUNT_OF(dtypes); to++)
            for (size_t i = 0; i < SOMA_COUNT_OF(copy_layouts); i += 5)
                copy_case(suite, &copy_layouts[i], dtypes[from], dtypes[to], 1.0f, 0.0f, false);
    for (size_t i = 0; i < SOMA_COUNT_OF(copy_layouts); i += 5) {
        copy_case(suite, &copy_layouts[i], SOMA_F32, SOMA_F32, 1.0f, 0.0f, true);
        copy_case(suite, &copy_layouts[i], SOMA_F32, SOMA_F32, 2.0f, 1.0f, true);
        copy_case(suite, &copy_layouts[i], SOMA_I32, SOMA_F32, 0.5f, -3.0f, false);
    }
}

/* ------------------------------------------------------------------------------------------------------- gather */

static void gather_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *table = &before->view[0], *index = &before->view[1], *out = &before->view[2];
    size_t width = out->shape[1];
    for (size_t i = 0; i < out->shape[0]; i++) {
        double row = (double)(before->params.gather.start + i);
        if (soma_view_present(index)) row = soma_element_get(index, before->params.gather.start + i);
        bool inside = row >= 0.0 && row < (double)table->shape[0];
        for (size_t j = 0; j < width; j++)
            expected[2][i * width + j] =
                inside ? scaled(soma_element_get(table, (size_t)row * width + j), before->params.gather.scale,
                                before->params.gather.shift, out->dtype)
                       : soma_exact(0.0);
    }
}

typedef struct gather_shape {
    size_t rows, width, count, indices; /* indices 0: none */
} gather_shape;

static const gather_shape gather_shapes[] = {
    {1, 1, 1, 0},      {1, 1, 1, 1},      {13, 7, 5, 0},      {13, 7, 31, 40},       {31, 1, 131, 200},
    {5, 784, 32, 64},  {127, 64, 61, 97}, {7, 131, 3, 0},     {10, 3, 0, 4},         {10, 0, 4, 4},
    {257, 33, 257, 0}, {2, 4099, 3, 5},   {61, 10, 128, 131}, {1000, 1, 1000, 1500}, {0, 5, 3, 8},
};

static void gather_case(soma_suite *suite, const gather_shape *s, soma_dtype from, soma_dtype to, float scale,
                        float shift) {
    soma_view index = s->indices ? SOMA_SHAPED(SOMA_I32, s->indices) : soma_view_absent();
    soma_call call = soma_call_gather(SOMA_SHAPED(from, s->rows, s->width), index, SOMA_SHAPED(to, s->count, s->width),
                                      0, scale, shift);
    soma_case c;
    soma_case_begin(suite, &c, &call, gather_bound);
    /* `start` is live: the next batch is the same call again. Rows run past the table's end without an index, too. */
    size_t last = s->indices ? s->indices - s->count : s->rows;
    const size_t starts[] = {0, last / 2, last};
    c.run_count = SOMA_COUNT_OF(starts);
    for (uint32_t i = 0; i < c.run_count; i++) {
        c.run[i] = call;
        c.run[i].params.gather.start = starts[i];
    }
    if (from == SOMA_U8) soma_case_whole(suite, &c, 0, 0, 255);
    if (from == SOMA_I32) soma_case_whole(suite, &c, 0, -100000000, 100000000);
    if (from == SOMA_F32 && to == SOMA_I32) soma_case_uniform(suite, &c, 0, -1e6, 1e6);
    if (from == SOMA_F32 && to == SOMA_F32) soma_case_sprinkle(suite, &c, 0, 29, soma_specials, SOMA_SPECIAL_COUNT);
    const float outside[] = {-1.0f, (float)s->rows, (float)s->rows + 1.0f, (float)INT32_MIN, 2147483520.0f};
    if (s->indices && s->rows) soma_case_whole(suite, &c, 1, 0, (int32_t)s->rows - 1);
    if (s->indices > 3) soma_case_sprinkle(suite, &c, 1, 4, outside, SOMA_COUNT_OF(outside));
    soma_case_describe(&c, ": table %s %s, index %s, out %s %s, scale %g, shift %g", SHAPE(&call.view[0]),
                       soma_dtype_name(from), SHAPE(&call.view[1]), SHAPE(&call.view[2]), soma_dtype_name(to),
                       (double)scale, (double)shift);
    soma_case_run(suite, &c);
}

void soma_gather_cases(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(gather_shapes); i++) {
        gather_case(suite, &gather_shapes[i], SOMA_F32, SOMA_F32, 1.0f, 0.0f);
        gather_case(suite, &gather_shapes[i], SOMA_U8, SOMA_F32, 1.0f / 255.0f, 0.0f);
        gather_case(suite, &gather_shapes[i], SOMA_I32, SOMA_I32, 1.0f, 0.0f);
        gather_case(suite, &gather_shapes[i], SOMA_F32, SOMA_F32, -0.75f, 0.3f);
        gather_case(suite, &gather_shapes[i], SOMA_U8, SOMA_I32, 1.0f, 0.0f);
        gather_case(suite, &gather_shapes[i], SOMA_I32, SOMA_F32, 0.25f, 1.0f);
        gather_case(suite, &gather_shapes[i], SOMA_F32, SOMA_I32, 1.0f, 0.0f);
    }
}

/* ------------------------------------------------------------------------------------------------------- speeds */

void soma_fill_speeds(soma_suite *suite) {
    soma_call call = soma_call_fill(SOMA_F32_VIEW(SOMA_TIMED_COUNT), 0.0f);
    soma_case c;
    soma_case_begin(suite, &c, &call, fill_bound);
    soma_case_time(suite, &c, "fill");
}

void soma_copy_speeds(soma_suite *suite) {
    soma_view in = SOMA_F32_VIEW(SOMA_TIMED_ROWS, SOMA_TIMED_COLUMNS), out = in;
    for (int transposed = 0; transposed < 2; transposed++) {
        if (transposed) {
            out.stride[0] = 1;
            out.stride[1] = SOMA_TIMED_ROWS;
        }
        soma_call call = soma_call_copy(in, out, 1.0f, 0.0f);
        soma_case c;
        soma_case_begin(suite, &c, &call, copy_bound);
        soma_case_time(suite, &c, transposed ? "transpose" : "contiguous");
    }
}

/* A batch of images out of a data set that was shuffled. */
void soma_gather_speeds(soma_suite *suite) {
    enum { SAMPLES = 2048, PIXELS = 784, BATCH = 512 };
    const soma_dtype dtypes[] = {SOMA_F32, SOMA_U8};
    for (size_t i = 0; i < SOMA_COUNT_OF(dtypes); i++) {
        soma_call call = soma_call_gather(SOMA_SHAPED(dtypes[i], SAMPLES, PIXELS), SOMA_SHAPED(SOMA_I32, SAMPLES),
                                          SOMA_F32_VIEW(BATCH, PIXELS), 0, 1.0f / 255.0f, 0.0f);
        soma_case c;
        soma_case_begin(suite, &c, &call, gather_bound);
        if (dtypes[i] == SOMA_U8) soma_case_whole(suite, &c, 0, 0, 255);
        soma_case_whole(suite, &c, 1, 0, SAMPLES - 1);
        soma_case_time(suite, &c, dtypes[i] == SOMA_U8 ? "of bytes" : "of floats");
    }
}
