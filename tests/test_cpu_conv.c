/* SPDX-License-Identifier: MIT */
/* The cpu device's convolution and its gradients in every instruction set of this machine, against a float64 loop over
 * the definition; with any number of threads to the same bits. */
#include "base/random.h"
#include "device/calls.h"
#include "device/cpu/conv/edges.h"
#include "device/cpu/run.h"

#include "expect.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct size {
    size_t images, x[3], channels /* of a group */, kernel[3], filters, y[3];
    uint32_t stride[3], dilation[3];
    int32_t before[3];
    uint32_t groups;
} size;

#define PLAIN .stride = {1, 1, 1}, .dilation = {1, 1, 1}

/* A tile of this height: along an edge there are so many points, and in a tap as many channels; results of one
 * vector. */
#define HEIGHT(n)                                                                                                      \
    { 1, {1, 4, (n) + 2}, n, {1, 3, 3}, 12, {1, 4, (n) + 2}, PLAIN, {0, 1, 1}, 1 }
#define SIX_HEIGHTS(n) HEIGHT(n), HEIGHT((n) + 1), HEIGHT((n) + 2), HEIGHT((n) + 3), HEIGHT((n) + 4), HEIGHT((n) + 5)

/* What conformance's small cases do not reach: several bands, blocks of the sum, panels, pieces; tiles of nearly every
 * height; the last panel and the last vector in part; taps that never lie inside. */
static const size sizes[] = {
    {3, {1, 14, 14}, 24, {1, 3, 3}, 40, {1, 14, 14}, PLAIN, {0, 1, 1}, 1},
    {2, {1, 7, 7}, 160, {1, 3, 3}, 70, {1, 7, 7}, PLAIN, {0, 1, 1}, 1},    /* k of two blocks */
    {1, {1, 7, 7}, 160, {1, 3, 3}, 70, {1, 7, 7}, PLAIN, {0, 1, 1}, 1},    /* one band */
    {1, {1, 32, 32}, 16, {1, 3, 3}, 16, {1, 32, 32}, PLAIN, {0, 1, 1}, 1}, /* corners of one point */
    {5, {1, 30, 41}, 19, {1, 3, 3}, 5, {1, 30, 41}, PLAIN, {0, 1, 1}, 1},
    {2, {1, 13, 17}, 20, {1, 5, 3}, 33, {1, 7, 9}, {1, 2, 2}, {1, 1, 1}, {0, 2, 1}, 1},
    {2, {1, 12, 12}, 7, {1, 3, 3}, 18, {1, 4, 5}, {1, 3, 3}, {1, 2, 1}, {0, -1, 2}, 1},
    {1, {1, 1, 3000}, 16, {1, 1, 5}, 24, {1, 1, 3000}, {1, 1, 1}, {1, 1, 3}, {0, 0, 6}, 1},
    {2, {6, 7, 8}, 5, {3, 3, 2}, 11, {6, 4, 8}, {1, 2, 1}, {1, 1, 1}, {1, 1, 0}, 1},
    {3, {1, 10, 11}, 6, {1, 3, 3}, 60, {1, 10, 11}, PLAIN, {0, 1, 1}, 4},  /* groups */
    {4, {1, 16, 16}, 1, {1, 3, 3}, 77, {1, 16, 16}, PLAIN, {0, 1, 1}, 77}, /* depthwise */
    {4, {1, 15, 16}, 1, {1, 5, 3}, 37, {1, 8, 8}, {1, 2, 2}, {1, 1, 1}, {0, 2, 1}, 37},
    {4, {1, 9, 9}, 1, {1, 3, 3}, 26, {1, 9, 9}, PLAIN, {0, 1, 1}, 13},
    {300, {1, 2, 2}, 33, {1, 2, 2}, 35, {1, 2, 2}, PLAIN, {0, 0, 0}, 1}, /* many images in a band */
    {2, {1, 20, 20}, 3, {1, 7, 7}, 64, {1, 10, 10}, {1, 2, 2}, {1, 1, 1}, {0, 3, 3}, 1},
    {2, {1, 4, 5}, 9, {1, 3, 3}, 10, {1, 3, 4}, {1, 1, 1}, {1, 50, 3}, {0, 1, 4}, 1},
    {2, {1, 32, 32}, 64, {1, 1, 1}, 48, {1, 16, 16}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, 1},
    /* one band, whose panels are packed in blocks of the sum of unequal lengths: as many units of each */
    {1, {1, 6, 6}, 41, {1, 5, 5}, 256, {1, 6, 6}, PLAIN, {0, 2, 2}, 1},
    {1, {1, 1, 40}, 1365, {1, 1, 1}, 520, {1, 1, 40}, PLAIN, {0, 0, 0}, 1},
    /* as many passes of dx as there may be, of which each is a small part of a task */
    {1, {16, 16, 16}, 1, {16, 16, 16}, 32, {1, 1, 1}, {16, 16, 16}, {1, 1, 1}, {0, 0, 0}, 1},
    SIX_HEIGHTS(1),
    SIX_HEIGHTS(7),
    SIX_HEIGHTS(13),
    SIX_HEIGHTS(19),
    /* several passes of dx, whose bands tasks could share more equally if each had its own tasks */
    {12, {1, 32, 32}, 16, {1, 3, 3}, 32, {1, 16, 16}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, 1},
    {18, {1, 32, 32}, 16, {1, 3, 3}, 32, {1, 16, 16}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, 1},
    /* edges: several images in a band, and fewer in the last; as many classes as there are; planes */
    {7, {1, 8, 8}, 64, {1, 3, 3}, 64, {1, 8, 8}, PLAIN, {0, 1, 1}, 1},
    {5, {1, 6, 5}, 13, {1, 5, 5}, 17, {1, 6, 5}, PLAIN, {0, 2, 2}, 1},
    {3, {1, 9, 12}, 16, {1, 3, 4}, 32, {1, 5, 6}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, 1},
    {3, {4, 6, 6}, 16, {3, 3, 3}, 16, {4, 6, 6}, PLAIN, {1, 1, 1}, 1},
    /* taps with gaps between them that no cache holds: in place, over edges, and rows apart */
    {1, {1, 1, 1700}, 40, {1, 1, 3}, 24, {1, 1, 200}, {1, 1, 1}, {1, 1, 750}, {0, 0, 0}, 1},
    {1, {1, 1, 700}, 40, {1, 1, 3}, 24, {1, 1, 700}, {1, 1, 1}, {1, 1, 500}, {0, 0, 500}, 1},
    {2, {1, 24, 24}, 48, {1, 3, 3}, 8, {1, 24, 24}, {1, 1, 1}, {1, 12, 12}, {0, 12, 12}, 1},
    /* taps and points so far outside that offsets of 32 bits don't reach */
    {1, {1, 1, 50}, 64, {1, 1, 3}, 16, {1, 1, 50}, {1, 1, 1}, {1, 1, 1 << 28}, {0, 0, 1 << 28}, 1},
    {1, {1, 1, 50}, 64, {1, 1, 3}, 16, {1, 1, 5}, {1, 1, 1 << 28}, {1, 1, 2}, {0, 0, 1 << 29}, 1},
    {1, {1, 8, 71}, 4, {1, 4, 8}, 16, {1, 16, 64}, {1, 1 << 26, 1}, {1, 2, 1}, {0, 1 << 29, 0}, 1},
};
/* The last ones, which may be left to the fallback. */
#define FAR 3

/* ---------------------------------------------------------------------------------------------------- the calls */

enum { FORWARD, ADDING, DATA_GRAD, WEIGHT_GRAD, CALLS };
static const char *const names[CALLS] = {"y", "y with an addend", "dx", "dweight"};

static size_t volume(const size_t extent[3]) {
    return extent[0] * extent[1] * extent[2];
}

typedef struct convolution {
    const size *size;
    soma_conv_params params;
    size_t x_count, weight_count, y_count, x_channels;
    float *x, *weight, *y, *x_bias, *y_bias;
} convolution;

static float *random_floats(soma_random *random, size_t count) {
    float *values = soma_malloc_aligned(64, soma_round_up(count * sizeof(float) + 1, 64));
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < count; i++) values[i] = soma_random_uniform(random) * 2.0f - 1.0f;
    return values;
}

static convolution make_convolution(const size *s) {
    convolution c = {.size = s, .x_channels = s->channels * s->groups};
    c.params = (soma_conv_params){.groups = s->groups, .function = SOMA_RELU, .alpha = -0.75f, .beta = 0.5f};
    memcpy(c.params.stride, s->stride, sizeof s->stride);
    memcpy(c.params.dilation, s->dilation, sizeof s->dilation);
    memcpy(c.params.before, s->before, sizeof s->before);
    c.x_count = s->images * volume(s->x) * c.x_channels;
    c.y_count = s->images * volume(s->y) * s->filters;
    c.weight_count = volume(s->kernel) * s->channels * s->filters;
    soma_random random;
    soma_random_init(&random, c.x_count, SOMA_STREAM_DATA);
    c.x = random_floats(&random, c.x_count);
    c.weight = random_floats(&random, c.weight_count);
    c.y = random_floats(&random, c.y_count);
    c.x_bias = random_floats(&random, c.x_channels);
    c.y_bias = random_floats(&random, s->filters);
    return c;
}

static void free_convolution(convolution *c) {
    soma_free_aligned(c->x);
    soma_free_aligned(c->weight);
    soma_free_aligned(c->y);
    soma_free_aligned(c->x_bias);
    soma_free_aligned(c->y_bias);
}

static soma_view view_of(const float *values, size_t first, const size_t extent[3], size_t last) {
    size_t shape[5] = {first, extent[0], extent[1], extent[2], last};
    return soma_view_of((void *)(uintptr_t)values, 0, SOMA_F32, 5, shape);
}

/* The call `which`, whose result goes to `out`. */
static soma_call call_of(const convolution *c, int which, float *out) {
    const size *s = c->size;
    soma_view x = view_of(which == DATA_GRAD ? out : c->x, s->images, s->x, c->x_channels),
              y = view_of(which == FORWARD || which == ADDING ? out : c->y, s->images, s->y, s->filters);
    size_t shape[5] = {s->kernel[0], s->kernel[1], s->kernel[2], s->channels, s->filters};
    soma_view weight = soma_view_of(which == WEIGHT_GRAD ? out : c->weight, 0, SOMA_F32, 5, shape);
    if (which == WEIGHT_GRAD) return soma_call_conv_weight_grad(x, y, weight, c->params);
    if (which == DATA_GRAD)
        return soma_call_conv_data_grad(y, weight, soma_view_of(c->x_bias, 0, SOMA_F32, 1, &c->x_channels), x,
                                        c->params);
    soma_view bias = soma_view_of(c->y_bias, 0, SOMA_F32, 1, &s->filters);
    if (which == ADDING)
        return soma_call_conv_add(x, weight, bias, view_of(c->y, s->images, s->y, s->filters), y, c->params);
    return soma_call_conv(x, weight, bias, y, c->params);
}

static size_t count_of(const convolution *c, int which) {
    return which == FORWARD || which == ADDING ? c->y_count : which == DATA_GRAD ? c->x_count : c->weight_count;
}

static bool is_refused(const convolution *c, int which, const soma_cpu_isa *isa) {
    size_t workspace;
    soma_call call = call_of(c, which, c->y);
    soma_status status = soma_cpu_prepare(isa, 1, &call, &workspace);
    if (status == SOMA_OK) soma_cpu_release(&call);
    return status == SOMA_UNSUPPORTED && c->size >= sizes + SOMA_COUNT_OF(sizes) - FAR;
}

#define GUARD 32
/* The result with GUARD words behind it, as behind the scratch memory; before, it holds what `weight` does, so that
 * beta has something to do. */
static float *run(const convolution *c, int which, const soma_cpu_isa *isa, uint32_t threads) {
    size_t count = count_of(c, which), workspace;
    soma_random random;
    soma_random_init(&random, count, SOMA_STREAM_DATA);
    float *out = random_floats(&random, count + GUARD), guard[GUARD];
    if (which == WEIGHT_GRAD) memcpy(out, c->weight, count * sizeof *out);
    memcpy(guard, out + count, sizeof guard);
    soma_threads *team;
    expect_ok(soma_threads_create(threads, &team));
    soma_call call = call_of(c, which, out);
    expect_ok(soma_cpu_prepare(isa, threads, &call, &workspace));
    call.workspace = soma_malloc_aligned(64, soma_round_up(workspace + sizeof guard, 64));
    memset(call.workspace, 0xff, workspace); /* NaN */
    memcpy((char *)call.workspace + workspace, guard, sizeof guard);
    soma_cpu_run(team, &call, 1);
    soma_cpu_release(&call);
    ck_assert_mem_eq((char *)call.workspace + workspace, guard, sizeof guard);
    soma_free_aligned(call.workspace);
    soma_threads_destroy(team);
    ck_assert_mem_eq(out + count, guard, sizeof guard);
    return out;
}

/* ------------------------------------------------------------------------------------------------ the definition */

typedef struct sums {
    double *value[CALLS], *absolute[CALLS];
} sums;

static void add(sums *s, int which, size_t at, double term) {
    s->value[which][at] += term;
    s->absolute[which][at] += fabs(term);
}

/* The place in x that tap k of place q in y lies on, as one index of [d, h, w]; false outside. */
static bool place_in_x(const size *s, const size_t q[3], const size_t k[3], size_t *place) {
    *place = 0;
    for (int d = 0; d < 3; d++) {
        int64_t p = (int64_t)q[d] * s->stride[d] + (int64_t)k[d] * s->dilation[d] - s->before[d];
        if (p < 0 || p >= (int64_t)s->x[d]) return false;
        *place = *place * s->x[d] + (size_t)p;
    }
    return true;
}

static void split(size_t index, const size_t extent[3], size_t part[3]) {
    for (int d = 2; d >= 0; d--, index /= extent[d + 1]) part[d] = index % extent[d];
}

static void add_tap(const convolution *c, sums *s, size_t x_at, size_t weight_at, size_t y_at) {
    const size *z = c->size;
    for (size_t o = 0; o < z->filters; o++)
        for (size_t i = 0; i < z->channels; i++) {
            size_t x = x_at + o / (z->filters / z->groups) * z->channels + i, weight = weight_at + i * z->filters + o;
            add(s, FORWARD, y_at + o, (double)c->x[x] * (double)c->weight[weight]);
            add(s, ADDING, y_at + o, (double)c->x[x] * (double)c->weight[weight]);
            add(s, DATA_GRAD, x, (double)c->y[y_at + o] * (double)c->weight[weight]);
            add(s, WEIGHT_GRAD, weight, (double)c->x[x] * (double)c->y[y_at + o]);
        }
}

static sums sum_up(const convolution *c) {
    const size *z = c->size;
    sums s;
    for (int which = 0; which < CALLS; which++) {
        s.value[which] = soma_calloc(count_of(c, which) + 1, sizeof(double));
        s.absolute[which] = soma_calloc(count_of(c, which) + 1, sizeof(double));
    }
    for (size_t i = 0; i < c->y_count; i++) add(&s, ADDING, i, (double)c->y[i]);
    for (size_t i = 0; i < z->images; i++)
        for (size_t at = 0; at < volume(z->y); at++)
            for (size_t tap = 0; tap < volume(z->kernel); tap++) {
                size_t q[3], k[3], place;
                split(at, z->y, q);
                split(tap, z->kernel, k);
                if (place_in_x(z, q, k, &place))
                    add_tap(c, &s, (i * volume(z->x) + place) * c->x_channels, tap * z->channels * z->filters,
                            (i * volume(z->y) + at) * z->filters);
            }
    return s;
}

static void free_sums(sums *s) {
    for (int which = 0; which < CALLS; which++) {
        soma_free(s->value[which]);
        soma_free(s->absolute[which]);
    }
}

/* The error of a sum of so many rounded terms, and of the epilogue. */
static double bound_of(const convolution *c, int which, double absolute) {
    const size *z = c->size;
    size_t terms = which == FORWARD || which == ADDING ? volume(z->kernel) * z->channels
                   : which == DATA_GRAD                ? volume(z->kernel) * z->filters
                                                       : z->images * volume(z->y);
    return ((double)terms + 5.0) * (double)(FLT_EPSILON / 2) * absolute;
}

static void check(const convolution *c, const sums *s, int which, const float *out, const char *isa) {
    for (size_t i = 0; i < count_of(c, which); i++) {
        double value = s->value[which][i], absolute = s->absolute[which][i], rest;
        if (which == WEIGHT_GRAD) {
            rest = (double)c->params.beta * (double)c->weight[i];
            value = (double)c->params.alpha * value + rest;
        } else {
            rest = (double)(which == DATA_GRAD ? c->x_bias[i % c->x_channels] : c->y_bias[i % c->size->filters]);
            value = fmax(value + rest, 0.0); /* relu: the error does not grow */
        }
        double bound = bound_of(c, which, absolute + fabs(rest));
        if (!(fabs((double)out[i] - value) <= bound))
            ck_abort_msg("%s, sizes[%td]: %s[%zu] is %.9g, expected %.9g +- %g", isa, c->size - sizes, names[which], i,
                         (double)out[i], value, bound);
    }
}

START_TEST(test_against_float64) {
    const soma_cpu_isa *isa;
    for (size_t i = 0; i < SOMA_COUNT_OF(sizes); i++) {
        convolution c = make_convolution(&sizes[i]);
        sums s = sum_up(&c);
        for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
            for (int which = 0; which < CALLS; which++) {
                if (is_refused(&c, which, isa)) continue;
                float *out = run(&c, which, isa, 1 + (uint32_t)(i % 3));
                check(&c, &s, which, out, isa->name);
                soma_free_aligned(out);
            }
        free_sums(&s);
        free_convolution(&c);
    }
}
END_TEST

/* Of y and dx, since how many threads there are tells which products of the padding's zeros with the infinite weight
 * are made, if shapes alone don't. Sums that are not a number differ in nothing that counts. */
static void expect_same(const float *shared, const float *alone, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(shared + i, alone + i, sizeof *alone) != 0 && !(isnan(shared[i]) && isnan(alone[i])))
            ck_abort_msg("[%zu] is %g, alone %g", i, (double)shared[i], (double)alone[i]);
}

START_TEST(test_thread_count_does_not_matter) {
    const soma_cpu_isa *isa;
    for (size_t i = 0; i < SOMA_COUNT_OF(sizes); i++) {
        convolution c = make_convolution(&sizes[i]);
        c.weight[0] = INFINITY;
        for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
            for (int which = 0; which < CALLS; which++) {
                if (is_refused(&c, which, isa)) continue;
                float *alone = run(&c, which, isa, 1);
                for (uint32_t threads = 2; threads <= 5; threads += 3) {
                    float *shared = run(&c, which, isa, threads);
                    expect_same(shared, alone, count_of(&c, which));
                    soma_free_aligned(shared);
                }
                soma_free_aligned(alone);
            }
        free_convolution(&c);
    }
}
END_TEST

/* Taps that are 750 places apart leave the points of a band as they are where nothing is copied; where it is, a box has
 * at least as many points as gaps. A single point in each band would have every band fetch, or copy, all that is
 * between. */
START_TEST(test_gaps_leave_bands_their_points) {
    static const size gaps[] = {
        {1, {1, 1, 3000}, 128, {1, 1, 3}, 64, {1, 1, 1500}, {1, 1, 1}, {1, 1, 750}, {0, 0, 0}, 1},
        {1, {1, 1, 3000}, 128, {1, 1, 3}, 64, {1, 1, 3000}, {1, 1, 1}, {1, 1, 750}, {0, 0, 750}, 1}};
    static const size_t least[] = {48, 1500};
    for (size_t i = 0; i < SOMA_COUNT_OF(gaps); i++) {
        convolution c = make_convolution(&gaps[i]);
        const soma_call call = call_of(&c, FORWARD, c.y);
        conv_pass pass =
            soma_cpu_conv_forward(&c.params, &call.view[0], &call.view[1], &call.view[call.view_count - 1]);
        soma_cpu_conv_trim(&pass);
        expect_ok(soma_cpu_conv_choose_bands(&pass, 1500));
        ck_assert_int_eq(pass.in_place, i == 0);
        ck_assert_uint_ge(pass.band_points, least[i]);
        free_convolution(&c);
    }
}
END_TEST

/* Where all that lies outside is left out, nothing is copied: not where corners have too few points, or with more
 * classes than there may be, or for planes, which have none. */
START_TEST(test_nothing_is_copied_that_is_inside) {
    static const struct {
        size size;
        size_t units;
        bool forward, weights;
    } known[] = {
        {{7, {1, 8, 8}, 64, {1, 3, 3}, 64, {1, 8, 8}, PLAIN, {0, 1, 1}, 1}, 4, true, true},
        {{2, {1, 32, 32}, 16, {1, 3, 3}, 16, {1, 32, 32}, PLAIN, {0, 1, 1}, 1}, 1, true, true},
        {{2, {1, 32, 32}, 16, {1, 3, 3}, 16, {1, 32, 32}, PLAIN, {0, 1, 1}, 1}, 2, false, true},
        {{3, {1, 6, 6}, 16, {1, 5, 5}, 16, {1, 6, 6}, PLAIN, {0, 2, 2}, 1}, 1, false, true},
        {{3, {4, 6, 6}, 16, {3, 3, 3}, 16, {4, 6, 6}, PLAIN, {1, 1, 1}, 1}, 1, false, false},
        {{3, {4, 6, 6}, 16, {3, 3, 3}, 16, {2, 6, 6}, PLAIN, {0, 1, 1}, 1}, 1, true, true},
        {{3, {1, 6, 6}, 3, {1, 3, 3}, 16, {1, 6, 6}, PLAIN, {0, 1, 1}, 1}, 1, false, false},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(known); i++) {
        convolution c = make_convolution(&known[i].size);
        const soma_call call = call_of(&c, FORWARD, c.y);
        conv_pass pass = soma_cpu_conv_forward(&c.params, &call.view[0], &call.view[1], &call.view[3]), again = pass;
        expect_ok(soma_cpu_conv_choose_classed_bands(&pass, 1024, known[i].units));
        ck_assert_msg(pass.in_place == known[i].forward, "known[%zu]", i);
        ck_assert_int_eq(soma_cpu_conv_box_size(&pass) == 0, known[i].forward);
        expect_ok(soma_cpu_conv_choose_tapped_bands(&again, 1024));
        ck_assert_msg(again.in_place == known[i].weights, "known[%zu]", i);
        free_convolution(&c);
    }
}
END_TEST

/* What a band of a long row reads is part of the row; what lies between taps far apart is not fetched. */
START_TEST(test_span_of_a_band) {
    static const size row = {1, {1, 1, 9000}, 64, {1, 1, 5}, 64, {1, 1, 8996}, PLAIN, {0, 0, 0}, 1},
                      apart = {1, {1, 1, 9000}, 64, {1, 1, 2}, 64, {1, 1, 5000}, {1, 1, 1}, {1, 1, 4000}, {0, 0, 0}, 1};
    for (int i = 0; i < 2; i++) {
        convolution c = make_convolution(i ? &apart : &row);
        const soma_call call = call_of(&c, FORWARD, c.y);
        conv_pass pass =
            soma_cpu_conv_forward(&c.params, &call.view[0], &call.view[1], &call.view[call.view_count - 1]);
        soma_cpu_conv_trim(&pass);
        expect_ok(soma_cpu_conv_choose_bands(&pass, 100));
        const conv_band band = soma_cpu_conv_band(&pass, 3);
        const soma_range span = soma_cpu_conv_span(&pass, &band);
        ck_assert_uint_eq(span.begin, i ? 0 : band.first[3] * 64);
        ck_assert_uint_eq(span.end, i ? 0 : (band.first[3] + band.count[3] + 4) * 64);
        free_convolution(&c);
    }
}
END_TEST

/* A single point that would need a box of gigabytes is left to the fallback. */
START_TEST(test_huge_boxes_are_refused) {
    static const size huge = {1,         {1, 40000, 40000}, 1,         {1, 2, 2}, 1, {1, 2, 2},
                              {1, 1, 1}, {1, 30000, 30000}, {0, 1, 1}, 1};
    static float some[8];
    convolution c = {
        .size = &huge, .x_channels = 1, .x = some, .weight = some, .y = some, .x_bias = some, .y_bias = some};
    c.params = (soma_conv_params){
        .stride = {1, 1, 1}, .dilation = {1, 30000, 30000}, .before = {0, 1, 1}, .groups = 1, .alpha = 1.0f};
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++) {
        size_t workspace;
        soma_call call = call_of(&c, FORWARD, some);
        ck_assert_int_eq(soma_cpu_prepare(isa, 1, &call, &workspace), SOMA_UNSUPPORTED);
        call = call_of(&c, WEIGHT_GRAD, some);
        ck_assert_int_eq(soma_cpu_prepare(isa, 1, &call, &workspace), SOMA_UNSUPPORTED);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu conv");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_against_float64);
    tcase_add_test(tests, test_thread_count_does_not_matter);
    tcase_add_test(tests, test_gaps_leave_bands_their_points);
    tcase_add_test(tests, test_nothing_is_copied_that_is_inside);
    tcase_add_test(tests, test_span_of_a_band);
    tcase_add_test(tests, test_huge_boxes_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
