/* SPDX-License-Identifier: MIT */
/* The reference of ATTENTION against values of another implementation, and its gradient. In float64. */
#include "reference.h"

#include "kernels/attention_call.h"

enum { STEPS = 3, KEYS = 4, HEADS = 2, WIDTH = 2, QUERIES = STEPS * HEADS * WIDTH, NUMBERS = KEYS * WIDTH };

/* Three queries of two heads, which share four keys, of numbers that any program can make. The expected ones are
 * PyTorch 2.15's scaled_dot_product_attention in float64. */
typedef struct example {
    soma_attention_params params;
    double q[QUERIES], k[NUMBERS], v[NUMBERS], mask[KEYS], dy[QUERIES];
    double y[QUERIES], total[HEADS * STEPS], dq[QUERIES], dk[NUMBERS], dv[NUMBERS];
    bool masked;
} example;

static void fill(double *values, size_t count, size_t factor, size_t modulus, double middle, double divisor) {
    for (size_t i = 0; i < count; i++) values[i] = ((double)(i * factor % modulus) - middle) / divisor;
}

static example example_of(bool causal) {
    example e = {.params = {.heads = HEADS, .key_heads = 1, .causal = causal, .scale = 0.75f}};
    fill(e.q, QUERIES, 7, 11, 5, 4);
    fill(e.k, NUMBERS, 5, 9, 4, 4);
    fill(e.v, NUMBERS, 3, 7, 3, 2);
    fill(e.dy, QUERIES, 3, 5, 2, 2);
    return e;
}

static void run_forward(example *e) {
    const soma_attention_views views = {.q = F64(e->q, 1, STEPS, HEADS * WIDTH),
                                        .k = F64(e->k, 1, KEYS, WIDTH),
                                        .v = F64(e->v, 1, KEYS, WIDTH),
                                        .mask = e->masked ? F64(e->mask, 1, KEYS) : NONE,
                                        .y = F64(e->y, 1, STEPS, HEADS * WIDTH),
                                        .total = F64(e->total, 1, HEADS, STEPS)};
    run(soma_call_attention(&views, e->params));
}

static void run_back(example *e) {
#ifdef SOMA_HAVE_TRAINING
    const soma_view q = F64(e->q, 1, STEPS, HEADS * WIDTH);
    const soma_attention_grad_views views = {.dy = F64(e->dy, 1, STEPS, HEADS * WIDTH),
                                             .q = q,
                                             .k = F64(e->k, 1, KEYS, WIDTH),
                                             .v = F64(e->v, 1, KEYS, WIDTH),
                                             .mask = e->masked ? F64(e->mask, 1, KEYS) : NONE,
                                             .y = F64(e->y, 1, STEPS, HEADS * WIDTH),
                                             .total = F64(e->total, 1, HEADS, STEPS),
                                             .dq = F64(e->dq, 1, STEPS, HEADS * WIDTH),
                                             .dk = F64(e->dk, 1, KEYS, WIDTH),
                                             .dv = F64(e->dv, 1, KEYS, WIDTH)};
    run(soma_call_attention_grad(&views, e->params));
#else
    (void)e;
#endif
}

#ifdef SOMA_HAVE_TRAINING
#define EXPECT_GRADIENTS EXPECT_VALUES
#else
#define EXPECT_GRADIENTS(...)
#endif

START_TEST(all_keys_as_elsewhere) {
    example e = example_of(false);
    run_forward(&e);
    run_back(&e);
    EXPECT_VALUES(e.y, ROUNDING, 0.27015646160598, -0.662598134272537, 0.46268151029374438, -0.83740186572746278,
                  0.30683976644271949, -0.69155167354722413, 0.48776391023239213, -0.86603567594637665,
                  0.34182855802072848, -0.72072134871159332, 0.15140921475256497, -0.57804287981253821);
    EXPECT_GRADIENTS(e.dq, ROUNDING, -0.20756193656180075, -0.20756193656180078, -0.16751702230141971,
                     -0.16751702230141993, 0.11631690636112064, 0.1163169063611206, 0.10493111478384341,
                     0.10493111478384341, 0.13639617300766416, 0.13639617300766407, -0.22056743011088908,
                     -0.22056743011088892);
    EXPECT_GRADIENTS(e.dk, ROUNDING, -0.73390810061753564, -0.24527929643964108, 0.19079624450860422,
                     0.37777609621381814, 0.23626398184682829, 0.06991973102791138, 0.30684787426210325,
                     -0.20241653080208882);
    EXPECT_GRADIENTS(e.dv, ROUNDING, -0.40777180610499475, 0.1554584319532315, -0.2870982651231776, 0.12772578757230243,
                     -0.19128253091060948, 0.11186740649652409, -0.11384739786121773, 0.10494837397794173);
}
END_TEST

START_TEST(causal_as_elsewhere) {
    example e = example_of(true);
    run_forward(&e);
    run_back(&e);
    EXPECT_VALUES(e.y, ROUNDING, -1.5, 0, -1.5, 0, -0.070261046808972119, -0.238289825531838, 0.14021445595384158,
                  -0.27336907599230692, 0.29385812012042567, -0.48438071932312765, 0.086913997469910798,
                  -0.40746514996929661);
    EXPECT_GRADIENTS(e.dq, ROUNDING, 0, 0, 0, 0, 0.023386076930221947, 0.023386076930221957, 0.081314475752036375,
                     0.081314475752036319, 0.15949269127791343, 0.15949269127791332, -0.20000952810632877,
                     -0.20000952810632874);
    EXPECT_GRADIENTS(e.dk, ROUNDING, -0.023431664092278731, -1.004226017320385, 0.13618058525151497,
                     0.60008455106605196, -0.11274892115923621, 0.404141466254333, 0, 0);
    EXPECT_GRADIENTS(e.dv, ROUNDING, -1.3544718451364057, 0.96503742027895345, 0.28174347557284257,
                     -0.58759126347122015, 0.072728369563563183, 0.12255384319226699, 0, 0);
}
END_TEST

/* With one key to be seen y is its value, and its score does not matter; with none y is 0. */
START_TEST(masked_keys_do_not_count) {
    example e = example_of(false);
    e.masked = true;
    e.mask[2] = 1;
    run_forward(&e);
    run_back(&e);
    for (size_t i = 0; i < QUERIES; i++) expect_value(e.y[i], e.v[4 + i % WIDTH], ROUNDING, "the only key's value");
#ifdef SOMA_HAVE_TRAINING
    for (size_t i = 0; i < QUERIES; i++) expect_value(e.dq[i], 0, ROUNDING, "dq");
    for (size_t i = 0; i < NUMBERS; i++) {
        const size_t of = i % WIDTH;
        double sum = 0;
        for (size_t j = of; j < QUERIES; j += WIDTH) sum += e.dy[j];
        expect_value(e.dv[i], i / WIDTH == 2 ? sum : 0, ROUNDING, "dv");
    }
#endif
    e.mask[2] = 0;
    run_forward(&e);
    run_back(&e);
    for (size_t i = 0; i < QUERIES; i++) expect_value(e.y[i], 0, EXACTLY, "no key is seen");
    for (size_t i = 0; i < HEADS * STEPS; i++) ck_assert(e.total[i] == INFINITY);
    for (size_t i = 0; i < NUMBERS; i++) expect_value(e.dv[i], 0, EXACTLY, "no key is seen");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference of attention");
    TCase *tests = tcase_create("attention");
    tcase_add_test(tests, all_keys_as_elsewhere);
    tcase_add_test(tests, causal_as_elsewhere);
    tcase_add_test(tests, masked_keys_do_not_count);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
