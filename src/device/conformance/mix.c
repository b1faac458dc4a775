/* SPDX-License-Identifier: MIT */
/* Cases of MIX: rows, and class numbers that stand for rows. */
#include "device/reference/mix.h"
#include "device/conformance/shapes.h"

static void mix_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0], *out = &before->view[1];
    const soma_bounded share = soma_exact((double)before->params.mix.share),
                       others = soma_bounded_subtract(soma_exact(1.0), share);
    const size_t columns = out->shape[1], count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        const size_t row = i / columns, column = i % columns, other = mix_partner(before, row);
        expected[1][i] =
            soma_bounded_add(soma_bounded_multiply(share, soma_exact(mix_element(x, row, columns, column))),
                             soma_bounded_multiply(others, soma_exact(mix_element(x, other, columns, column))));
    }
}

typedef enum mix_content { ROWS, SPECIAL_ROWS, CLASSES, CONTENT_COUNT } mix_content;

static void mix_case(soma_suite *suite, size_t rows, size_t columns, soma_mix_params params, mix_content content) {
    static const char *const words[] = {"", ", with NaN and infinities", ", class numbers"};
    const soma_view out = SOMA_F32_VIEW(rows, columns), x = content == CLASSES ? SOMA_SHAPED(SOMA_I32, rows) : out;
    soma_call call = soma_call_mix(x, out, params);
    soma_case c;
    soma_case_begin(suite, &c, &call, mix_bound);
    if (content == CLASSES) soma_case_whole(suite, &c, 0, -1, (int32_t)columns); /* some are none */
    if (content == SPECIAL_ROWS) soma_case_sprinkle(suite, &c, 0, 5, soma_specials, SOMA_SPECIAL_COUNT);
    c.garbage_is_finite = content != ROWS;
    c.run_count = 2; /* both are live */
    c.run[1] = call;
    c.run[1].params.mix = (soma_mix_params){.share = 0.8125f, .ahead = rows > 1};
    soma_case_describe(&c, ": %s, share %g, %llu ahead%s", SHAPE(&out), (double)params.share,
                       (unsigned long long)params.ahead, words[content]);
    soma_case_run(suite, &c);
}

void soma_mix_cases(soma_suite *suite) {
    static const size_t shapes[][2] = {{1, 1}, {5, 1}, {2, 7}, {4, 9}, {3, 784}, {0, 4}, {7, 0}, {65, 33}, {131, 10}};
    static const float shares[] = {0.0f, 0.3f, 0.5f, 1.0f};
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) {
        const size_t rows = shapes[i][0], aheads[] = {0, rows / 2, rows ? rows - 1 : 0};
        for (size_t j = 0; j < SOMA_COUNT_OF(aheads); j++)
            for (size_t k = 0; k < SOMA_COUNT_OF(shares); k++)
                for (int content = 0; content < CONTENT_COUNT; content++)
                    mix_case(suite, rows, shapes[i][1], (soma_mix_params){.share = shares[k], .ahead = aheads[j]},
                             (mix_content)content);
    }
}

void soma_mix_speeds(soma_suite *suite) {
    const soma_view pictures = SOMA_F32_VIEW(64, 32 * 32 * 3);
    soma_call call = soma_call_mix(pictures, pictures, (soma_mix_params){.share = 0.3f, .ahead = 17});
    soma_case c;
    soma_case_begin(suite, &c, &call, mix_bound);
    soma_case_time(suite, &c, "pictures");
}
