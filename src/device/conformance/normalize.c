/* SPDX-License-Identifier: MIT */
/* Cases of NORMALIZE. */
#include "device/conformance/normalize.h"
#include "device/conformance/unary_bounds.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------------- bound */

typedef struct figures {
    soma_bounded mean, variance;
} figures;

/*
 * The mean and variance of n numbers, by any method that looks at differences: to one of the numbers (x_i - K for a K
 * between the least and the largest), to a first mean, or to the means of blocks that are joined afterwards. A plain
 * sum of large numbers that differ little is none of these, and is refused.
 *
 * With D the largest |x_i - mean|, no such difference exceeds t_i = |x_i - mean| + D by more than its rounding. Its sum
 * has an error of gamma_n sum t; the division by n and the joining of blocks are some more roundings of each term, and
 * what is added to K, or kept of a block, is rounded as a number of the mean's size. So
 *     e_mean <= gamma_(n+8) mean(t) + 3 u (|mean| + D).
 * The sum of squares has gamma_(n+12) sum t^2, as has the square of the sum where that is taken off it, twice at most;
 * and squares about a mean that is e off have 2 e mean(t) + e^2 more.
 */
static figures centered_figures(const soma_view *x, const part *p) {
    double n = (double)p->count, sum = 0.0, squares = 0.0, largest = 0.0, t = 0.0, tt = 0.0;
    for (size_t i = 0; i < p->count; i++) sum += soma_element_get(x, part_position(p, i));
    double mean = sum / n;
    for (size_t i = 0; i < p->count; i++) {
        double difference = soma_element_get(x, part_position(p, i)) - mean;
        squares += difference * difference;
        largest = fmax(largest, fabs(difference));
    }
    for (size_t i = 0; i < p->count; i++) {
        double size = fabs(soma_element_get(x, part_position(p, i)) - mean) + largest;
        t += size / n;
        tt += size * size / n;
    }
    double off = soma_gamma(p->count + 8) * t + 3.0 * SOMA_UNIT_ROUNDOFF * (fabs(mean) + largest);
    double variance_off = soma_gamma(p->count + 12) * 3.0 * tt + 2.0 * off * t + off * off;
    return (figures){soma_rounded(mean, off, 0.0), soma_rounded(squares / n, variance_off, 0.0)};
}

static figures plain_figures(const soma_view *x, const part *p) {
    soma_bounded_sum sum = {.count = 8};
    for (size_t i = 0; i < p->count; i++) {
        soma_bounded value = soma_given(x, part_position(p, i));
        soma_bounded_sum_add(&sum, soma_bounded_multiply(value, value));
    }
    soma_bounded count = soma_exact((double)p->count);
    return (figures){soma_exact(0.0), soma_bounded_divide(soma_bounded_sum_result(&sum), count)};
}

static figures figures_of(const soma_call *call, const part *p) {
    const soma_normalize_params *params = &call->params.normalize;
    if (params->given) return (figures){soma_given(&call->view[3], p->group), soma_given(&call->view[4], p->group)};
    if (p->count == 0) return (figures){soma_exact(0.0), soma_exact(0.0)};
    return params->centered ? centered_figures(&call->view[0], p) : plain_figures(&call->view[0], p);
}

static soma_bounded moved(soma_bounded old, soma_bounded figure, float momentum) {
    soma_bounded rest = soma_constant(1.0 - (double)momentum);
    return soma_bounded_add(soma_bounded_multiply(soma_exact((double)momentum), old),
                            soma_bounded_multiply(rest, figure));
}

static void running_bound(const soma_call *call, const part *p, figures found, soma_bounded *const *expected) {
    const soma_normalize_params *params = &call->params.normalize;
    if (!soma_view_present(&call->view[3])) return;
    soma_bounded mean = soma_given(&call->view[3], p->group), variance = soma_given(&call->view[4], p->group);
    expected[3][p->group] = mean;
    expected[4][p->group] = variance;
    if (params->given || p->count == 0) return;
    if (params->sample_variance && p->count > 1) {
        soma_bounded ratio = soma_bounded_divide(soma_exact((double)p->count), soma_exact((double)p->count - 1.0));
        found.variance = soma_bounded_multiply(found.variance, ratio);
    }
    expected[3][p->group] = moved(mean, found.mean, params->momentum);
    expected[4][p->group] = moved(variance, found.variance, params->momentum);
}

static void part_bound(const soma_call *call, const part *p, soma_bounded *const *expected) {
    const soma_normalize_params *params = &call->params.normalize;
    figures found = figures_of(call, p);
    soma_bounded under = soma_bounded_add(found.variance, soma_exact((double)params->epsilon));
    soma_bounded inverse = soma_bounded_divide(soma_exact(1.0), soma_bounded_sqrt(under));
    running_bound(call, p, found, expected);
    if (soma_view_present(&call->view[6])) expected[6][p->index] = found.mean;
    if (soma_view_present(&call->view[7])) expected[7][p->index] = inverse;
    for (size_t i = 0; i < p->count; i++) {
        size_t channel = part_channel(p, i), at = part_position(p, i);
        soma_bounded value =
            soma_bounded_multiply(soma_bounded_subtract(soma_given(&call->view[0], at), found.mean), inverse);
        value = soma_bounded_multiply(value, given_or(&call->view[1], channel, 1.0));
        value = soma_bounded_add(value, given_or(&call->view[2], channel, 0.0));
        expected[5][at] = soma_bounded_function(params->function, value, (double)params->a, (double)params->b);
    }
}

static void normalize_bound(const soma_call *before, soma_bounded *const *expected) {
    size_t parts = before->view[0].shape[0] * before->view[0].shape[2];
    for (size_t i = 0; i < parts; i++) {
        const part p = part_of(&before->view[0], i);
        part_bound(before, &p, expected);
    }
}

/* ------------------------------------------------------------------------------------------------------- cases */

/* What a call has beside x and y. */
typedef struct mix {
    soma_normalize_params params;
    bool scale, offset, figures, running;
} mix;

static const mix mixes[] = {
    {{.epsilon = 1e-5f, .centered = true}, true, true, true, false},
    {{.epsilon = 0.25f, .centered = true}, false, false, false, false},
    {{.epsilon = 1e-3f, .centered = true, .function = SOMA_RELU}, false, true, false, false},
    {{.epsilon = 1e-5f, .centered = true, .function = SOMA_LEAKY_RELU, .a = 1.0f, .b = 0.25f},
     true,
     false,
     true,
     false},
    {{.epsilon = 1e-5f}, true, false, true, false},
    {{.epsilon = 0.5f, .function = SOMA_TANH}, true, true, false, false},
};

/* For what has running figures. */
static const mix running_mixes[] = {
    {{.epsilon = 1e-5f, .centered = true, .momentum = 0.9f}, true, true, true, true},
    {{.epsilon = 1e-5f, .centered = true, .momentum = 0.25f, .sample_variance = true}, false, false, true, true},
    {{.epsilon = 1e-5f, .centered = true, .momentum = 0.0f, .function = SOMA_RELU}, true, true, false, true},
    {{.epsilon = 1e-5f, .centered = true, .momentum = 1.0f}, false, true, false, true},
    {{.epsilon = 1e-5f, .centered = true, .momentum = 0.5f, .given = true}, true, true, true, true},
    {{.epsilon = 0.5f, .centered = true, .given = true, .function = SOMA_RELU}, false, false, false, true},
    {{.epsilon = 0.5f, .centered = true, .given = true, .sample_variance = true}, true, false, false, true},
};

static soma_call make_call(const size_t *shape, const mix *how) {
    soma_view x = soma_view_shaped(SOMA_F32, 4, shape);
    size_t channels = shape[2] * shape[3];
    soma_view kept = how->figures ? SOMA_F32_VIEW(shape[0], shape[2]) : soma_view_absent();
    soma_normalize_views views = {.x = x,
                                  .scale = view_if(how->scale, channels),
                                  .offset = view_if(how->offset, channels),
                                  .running_mean = view_if(how->running, shape[2]),
                                  .running_variance = view_if(how->running, shape[2]),
                                  .y = x,
                                  .mean = kept,
                                  .inverse = kept};
    return soma_call_normalize(&views, how->params);
}

typedef struct contents {
    double middle, spread;
    const float *special; /* two of them, in x; NULL: none */
} contents;

static void normalize_case(soma_suite *suite, const size_t *shape, const mix *how, contents x) {
    soma_call call = make_call(shape, how);
    soma_case c;
    soma_case_begin(suite, &c, &call, normalize_bound);
    soma_case_uniform(suite, &c, 0, x.middle - x.spread, x.middle + x.spread);
    soma_case_uniform(suite, &c, 4, 0.1, 3.0);
    if (x.special) soma_case_sprinkle(suite, &c, 0, (uint32_t)(2 * shape[1] * shape[3]), x.special, 2);
    c.garbage_is_finite = c.any_not_finite = x.special != NULL;
    soma_case_describe(&c, ": %s, %g +- %g, epsilon %g%s%s%s%s%s, %s", SHAPE(&call.view[0]), x.middle, x.spread,
                       (double)how->params.epsilon, how->params.centered ? "" : ", not centered",
                       how->scale ? ", scale" : "", how->offset ? ", offset" : "",
                       how->running ? ", running figures" : "", how->params.given ? " given" : "",
                       soma_function_name(how->params.function));
    if (x.special) soma_case_describe(&c, ", with %g and %g", (double)x.special[0], (double)x.special[1]);
    soma_case_run(suite, &c);
}

static void special_cases(soma_suite *suite, const mix *how, const size_t *shape) {
    static const float specials[][2] = {{NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, INFINITY}, {NAN, -INFINITY}};
    for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++)
        normalize_case(suite, shape, how, (contents){0.0, 2.0, specials[i]});
    normalize_case(suite, shape, how, (contents){1e4, 1.0, NULL});
    normalize_case(suite, shape, how, (contents){-1e4, 1.0, NULL});
    normalize_case(suite, shape, how, (contents){1e3, 1e-2, NULL});
    normalize_case(suite, shape, how, (contents){7.0, 0.0, NULL}); /* all equal */
    normalize_case(suite, shape, how, (contents){0.0, 0.0, NULL});
    normalize_case(suite, shape, how, (contents){0.0, 1e-12, NULL});
    normalize_case(suite, shape, how, (contents){0.0, 1e12, NULL});
}

void soma_normalize_cases(soma_suite *suite) {
    static const size_t special_shapes[][4] = {{1, 31, 13, 1}, {1, 3001, 5, 1}, {61, 1, 1, 10}, {7, 1, 1, 700},
                                               {3, 13, 4, 5},  {3, 31, 1, 5},   {5, 49, 16, 1}};
    const contents usual = {0.5, 2.0, NULL};
    for (size_t i = 0; i < NORMALIZE_SHAPE_COUNT; i++) {
        const size_t *shape = normalize_shapes[i];
        for (size_t j = 0; j < SOMA_COUNT_OF(mixes); j++) normalize_case(suite, shape, &mixes[j], usual);
        for (size_t j = 0; shape[0] == 1 && shape[3] == 1 && j < SOMA_COUNT_OF(running_mixes); j++)
            normalize_case(suite, shape, &running_mixes[j], usual);
    }
    for (size_t i = 0; i < SOMA_COUNT_OF(special_shapes); i++) {
        special_cases(suite, &mixes[0], special_shapes[i]);
        special_cases(suite, &mixes[4], special_shapes[i]);
    }
    for (size_t j = 0; j < SOMA_COUNT_OF(running_mixes); j++)
        special_cases(suite, &running_mixes[j], special_shapes[j % 2]);
}

/* ------------------------------------------------------------------------------------------------------- speed */

void soma_normalize_speeds(soma_suite *suite) {
    static const struct {
        const char *what;
        size_t shape[4];
        size_t mix; /* of the running ones, where `running` */
        bool running;
    } rows[] = {{"batch", {1, SOMA_TIMED_COUNT / 64, 64, 1}, 0, true},
                {"batch, 16 channels", {1, SOMA_TIMED_COUNT / 16, 16, 1}, 0, true},
                {"figures given", {1, SOMA_TIMED_COUNT / 64, 64, 1}, 4, true},
                {"layers", {SOMA_TIMED_ROWS, 1, 1, SOMA_TIMED_COLUMNS}, 0, false},
                {"groups of 8", {16, SOMA_TIMED_COUNT / 1024, 8, 8}, 0, false},
                {"root mean square", {SOMA_TIMED_ROWS, 1, 1, SOMA_TIMED_COLUMNS}, 4, false}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        const mix *how = rows[i].running ? &running_mixes[rows[i].mix] : &mixes[rows[i].mix];
        soma_call call = make_call(rows[i].shape, how);
        soma_case c;
        soma_case_begin(suite, &c, &call, normalize_bound);
        soma_case_uniform(suite, &c, 4, 0.1, 3.0);
        soma_case_time(suite, &c, rows[i].what);
    }
}
