/* SPDX-License-Identifier: MIT */
/* Cases of OPTIMIZER: every rule with every clip and decay, over several steps. */
#include "device/conformance/shapes.h"

#define PARAMETER 0
#define GRADIENT  1
#define STATE1    2
#define STATE2    3
#define NORM      4

#define add      soma_bounded_add
#define subtract soma_bounded_subtract
#define multiply soma_bounded_multiply
#define divide   soma_bounded_divide
#define exact    soma_exact
#define ONE      soma_exact(1.0)

static const char *const kind_names[SOMA_OPTIMIZER_COUNT] = {
#define X(name, states) #name,
    SOMA_OPTIMIZER_LIST(X)
#undef X
};

static const uint32_t state_counts[SOMA_OPTIMIZER_COUNT] = {
#define X(name, states) states,
    SOMA_OPTIMIZER_LIST(X)
#undef X
};

/* ------------------------------------------------------------------------------------------------------- bound */

/* One parameter and what belongs to it. */
typedef struct element {
    const soma_optimizer_params *params;
    soma_bounded w, g, m, v;
    bool decays;
} element;

/* Whether the norm is above the limit can be told without error: its factor is a power of two. */
static soma_bounded clipped(const soma_call *call, soma_bounded g) {
    double clip_norm = (double)call->params.optimizer.clip_norm, norm = soma_element_get(&call->view[NORM], 0),
           factor = soma_element_get(&call->view[NORM], 1);
    if (norm <= clip_norm * factor) return g;
    return multiply(multiply(multiply(g, exact(factor)), divide(ONE, exact(norm))), exact(clip_norm));
}

static void make_ready(const soma_call *call, element *e) {
    const soma_optimizer_params *params = e->params;
    if (params->clip_norm > 0.0f) e->g = clipped(call, e->g);
    if (params->clip_value > 0.0f) {
        double limit = (double)params->clip_value;
        e->g = soma_bounded_at_least(soma_bounded_at_most(e->g, limit), -limit);
    }
    if (!e->decays) return;
    double sign = e->w.value > 0.0 ? 1.0 : e->w.value < 0.0 ? -1.0 : e->w.value;
    soma_bounded l2 = multiply(exact((double)params->l2), e->w), l1 = multiply(exact((double)params->l1), exact(sign));
    e->g = add(e->g, add(l2, l1));
}

/* decay m + share g */
static soma_bounded moving(double decay, soma_bounded m, soma_bounded share, soma_bounded g) {
    return add(multiply(exact(decay), m), multiply(share, g));
}

static soma_bounded rest_of(double share) {
    return subtract(ONE, exact(share));
}

/* w - learning_rate numerator / (sqrt(square) + epsilon) */
static void scaled_step(element *e, soma_bounded numerator, soma_bounded square) {
    soma_bounded denominator = add(soma_bounded_sqrt(square), exact((double)e->params->epsilon));
    soma_bounded step = divide(multiply(exact((double)e->params->learning_rate), numerator), denominator);
    e->w = subtract(e->w, step);
}

static void adam(element *e) {
    double beta1 = (double)e->params->beta1, beta2 = (double)e->params->beta2;
    e->m = moving(beta1, e->m, rest_of(beta1), e->g);
    e->v = moving(beta2, e->v, rest_of(beta2), multiply(e->g, e->g));
    scaled_step(e, divide(e->m, exact((double)e->params->correction1)),
                divide(e->v, exact((double)e->params->correction2)));
}

static void update(element *e) {
    soma_bounded rate = exact((double)e->params->learning_rate), decay = exact((double)e->params->decay);
    double beta1 = (double)e->params->beta1, beta2 = (double)e->params->beta2;
    switch (e->params->kind) {
    case SOMA_SGD:
        e->w = subtract(e->w, multiply(rate, e->g));
        break;
    case SOMA_MOMENTUM:
        e->m = moving(beta1, e->m, ONE, e->g);
        e->w = subtract(e->w, multiply(rate, e->m));
        break;
    case SOMA_NESTEROV:
        e->m = moving(beta1, e->m, ONE, e->g);
        e->w = subtract(e->w, multiply(rate, add(e->g, multiply(exact(beta1), e->m))));
        break;
    case SOMA_RMSPROP:
        e->m = moving(beta2, e->m, rest_of(beta2), multiply(e->g, e->g));
        scaled_step(e, e->g, e->m);
        break;
    case SOMA_ADAGRAD:
        e->m = add(e->m, multiply(e->g, e->g));
        scaled_step(e, e->g, e->m);
        break;
    case SOMA_ADAMW:
        if (e->decays) e->w = subtract(e->w, multiply(multiply(rate, decay), e->w));
        adam(e);
        break;
    case SOMA_ADAM:
        adam(e);
        break;
    case SOMA_OPTIMIZER_COUNT:
        break;
    }
}

static void optimizer_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_optimizer_params *params = &before->params.optimizer;
    uint32_t states = state_counts[params->kind];
    for (size_t i = 0; i < before->view[PARAMETER].shape[0]; i++) {
        element e = {.params = params, .decays = i < params->decay_count};
        e.w = soma_given(&before->view[PARAMETER], i);
        e.g = soma_given(&before->view[GRADIENT], i);
        if (states > 0) e.m = soma_given(&before->view[STATE1], i);
        if (states > 1) e.v = soma_given(&before->view[STATE2], i);
        make_ready(before, &e);
        update(&e);
        expected[PARAMETER][i] = e.w;
        if (states > 0) expected[STATE1][i] = e.m;
        if (states > 1) expected[STATE2][i] = e.v;
    }
}

/* -------------------------------------------------------------------------------------------------------- table */

typedef struct extra {
    const char *name;
    float l2, l1, decay, clip_value, clip_norm;
    double norm, factor; /* see NORM */
    double size;         /* of the gradient's elements, at most */
} extra;

static const extra extras[] = {
    {"plain", 0, 0, 0.01f, 0, 0, 0, 1, 2},
    {"l2", 0.03f, 0, 0.01f, 0, 0, 0, 1, 2},
    {"l1", 0, 0.02f, 0.1f, 0, 0, 0, 1, 2},
    {"clip by value", 0, 0, 0.01f, 0.5f, 0, 0, 1, 2},
    {"clip by norm", 0, 0, 0.01f, 0, 0.7f, 5.7735, 1, 2},
    {"norm below the clip", 0, 0, 0.01f, 0, 5.0f, 1.7321, 1, 2},
    {"norm 0", 0, 0, 0.01f, 0, 5.0f, 0, 0x1p88, 2},
    {"norm NaN", 0, 0, 0.01f, 0, 5.0f, NAN, 1, 2},
    {"norm infinite", 0, 0, 0.01f, 0, 5.0f, INFINITY, 0x1p-80, 2},
    {"norm past float32", 0, 0, 0.01f, 0, 0.7f, 0x1.8p50, 0x1p-80, 0x1.8p127},
    {"large norm below a larger clip", 0, 0, 0.01f, 0, 3e38f, 0x1.4p46, 0x1p-80, 2},
    {"small norm", 0, 0, 0.01f, 0, 0x1p-80f, 0x1.4p22, 0x1p88, 0x1p-70},
    {"smallest norm below the clip", 0, 0, 0.01f, 0, 0x1p-60f, 0x1.4p22, 0x1p88, 0x1p-70},
    {"everything", 0.03f, 0.02f, 0.1f, 0.3f, 0.7f, 3.0186, 1, 2},
};

/* How much of the flat buffer decays. */
enum { DECAY_NONE, DECAY_SOME, DECAY_ALL, DECAY_CHOICES };

static soma_call make_call(soma_optimizer_kind kind, const extra *with, size_t count, int decay) {
    soma_view flat = SOMA_F32_VIEW(count);
    uint32_t states = state_counts[kind];
    soma_optimizer_params params = {
        .kind = kind,
        .decay_count = decay == DECAY_NONE   ? 0
                       : decay == DECAY_SOME ? count * 2 / 3
                                             : count,
        .learning_rate = 0.05f,
        .beta1 = 0.9f,
        .beta2 = 0.99f,
        .epsilon = 1e-7f,
        .correction1 = 1.0f - 0.9f,
        .correction2 = 1.0f - 0.99f,
        .l2 = with->l2,
        .l1 = with->l1,
        .decay = with->decay,
        .clip_value = with->clip_value,
        .clip_norm = with->clip_norm,
    };
    return soma_call_optimizer(flat, flat, states > 0 ? flat : soma_view_absent(),
                               states > 1 ? flat : soma_view_absent(),
                               with->clip_norm > 0.0f ? SOMA_F32_VIEW(2) : soma_view_absent(), params);
}

/* Later steps, with what changes from one to the next: the rate by a schedule, the corrections by Adam's definition. */
static void set_steps(soma_case *c, const soma_call *call) {
    c->run_count = SOMA_CASE_MAX_RUNS;
    for (uint32_t i = 0; i < c->run_count; i++) {
        soma_optimizer_params *params = &c->run[i].params.optimizer;
        c->run[i] = *call;
        params->correction1 = (float)(1.0 - pow((double)params->beta1, i + 1.0));
        params->correction2 = (float)(1.0 - pow((double)params->beta2, i + 1.0));
        params->learning_rate *= 1.0f - 0.2f * (float)i;
    }
}

static void optimizer_case(soma_suite *suite, soma_optimizer_kind kind, const extra *with, size_t count, int decay,
                           const float *special) {
    soma_call call = make_call(kind, with, count, decay);
    soma_case c;
    soma_case_begin(suite, &c, &call, optimizer_bound);
    set_steps(&c, &call);
    if (kind == SOMA_MOMENTUM || kind == SOMA_NESTEROV || kind == SOMA_ADAM || kind == SOMA_ADAMW)
        soma_case_uniform(suite, &c, STATE1, -1.0, 1.0);
    else
        soma_case_uniform(suite, &c, STATE1, 0.0, 2.0); /* a sum of squares */
    soma_case_uniform(suite, &c, STATE2, 0.0, 2.0);
    soma_case_uniform(suite, &c, GRADIENT, -with->size, with->size);
    soma_case_poke(&c, PARAMETER, 1, 0.0); /* where sign(w) is 0 */
    soma_case_poke(&c, GRADIENT, 2, 0.0);
    soma_case_poke(&c, NORM, 0, (double)(float)with->norm);
    soma_case_poke(&c, NORM, 1, with->factor);
    if (special) soma_case_sprinkle(suite, &c, GRADIENT, 5, special, SOMA_SPECIAL_COUNT);
    if (special) c.run_count = 1; /* of an infinite parameter, a decay of 0 may make NaN or may be left out */
    soma_case_describe(&c, ": %s of %zu, %s, %zu decay%s", kind_names[kind], count, with->name,
                       call.params.optimizer.decay_count, special ? ", gradients NaN and infinite" : "");
    soma_case_run(suite, &c);
}

/* The state that training begins with: zeros, and gradients that are 0 too, so that Adam divides 0 by epsilon. */
static void first_step_case(soma_suite *suite, soma_optimizer_kind kind) {
    soma_call call = make_call(kind, &extras[0], 61, DECAY_SOME);
    soma_case c;
    soma_case_begin(suite, &c, &call, optimizer_bound);
    set_steps(&c, &call);
    soma_case_uniform(suite, &c, STATE1, 0.0, 0.0);
    soma_case_uniform(suite, &c, STATE2, 0.0, 0.0);
    static const float zero[] = {0.0f};
    soma_case_sprinkle(suite, &c, GRADIENT, 3, zero, 1);
    soma_case_describe(&c, ": %s from the start", kind_names[kind]);
    soma_case_run(suite, &c);
}

void soma_optimizer_cases(soma_suite *suite) {
    static const size_t counts[] = {0, 1, 2, 3, 7, 31, 127, 131, 1000, 4099, 65537};
    for (int kind = 0; kind < SOMA_OPTIMIZER_COUNT; kind++) {
        for (size_t i = 0; i < SOMA_COUNT_OF(extras); i++)
            for (int decay = 0; decay < DECAY_CHOICES; decay++)
                optimizer_case(suite, (soma_optimizer_kind)kind, &extras[i], 131, decay, NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(counts); i++)
            optimizer_case(suite, (soma_optimizer_kind)kind, &extras[i % SOMA_COUNT_OF(extras)], counts[i], DECAY_SOME,
                           NULL);
        optimizer_case(suite, (soma_optimizer_kind)kind, &extras[0], 61, DECAY_SOME, soma_specials);
        optimizer_case(suite, (soma_optimizer_kind)kind, &extras[3], 61, DECAY_SOME, soma_specials);
        first_step_case(suite, (soma_optimizer_kind)kind);
    }
}

void soma_optimizer_speeds(soma_suite *suite) {
    static const soma_optimizer_kind kinds[] = {SOMA_SGD, SOMA_ADAM};
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++) {
        soma_call call = make_call(kinds[i], &extras[0], SOMA_TIMED_COUNT, DECAY_NONE);
        soma_case c;
        soma_case_begin(suite, &c, &call, optimizer_bound);
        soma_case_uniform(suite, &c, STATE2, 0.0, 2.0);
        soma_case_time(suite, &c, kinds[i] == SOMA_SGD ? "sgd" : "adam");
    }
}

/* ------------------------------------------------------------------------------------------------------------ rows */

enum { DY, INDEX, TABLE, WORK, SUMS }; /* the views */

static bool is_of_row(const soma_call *call, size_t i, size_t row) {
    return soma_element_get(&call->view[INDEX], i) == (double)row && call->params.optimizer_rows.skip != (int64_t)row;
}

static void rows_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_optimizer_params *params = &before->params.optimizer_rows.optimizer;
    const size_t width = before->view[TABLE].shape[1], positions = before->view[DY].shape[0];
    const bool stated = soma_view_present(&before->view[SUMS]);
    for (size_t n = 0; n < soma_view_count(&before->view[TABLE]); n++) {
        element e = {.params = params, .w = soma_given(&before->view[TABLE], n)};
        soma_bounded_sum sum = {0};
        bool named = false;
        if (stated) e.m = soma_given(&before->view[SUMS], n);
        for (size_t i = 0; i < positions; i++) {
            if (!is_of_row(before, i, n / width)) continue;
            soma_bounded_sum_add(&sum, soma_given(&before->view[DY], i * width + n % width));
            named = true;
        }
        e.g = soma_bounded_sum_result(&sum);
        if (named) make_ready(before, &e);
        if (named) update(&e);
        expected[TABLE][n] = e.w;
        expected[WORK][n] = named ? exact(0.0) : soma_given(&before->view[WORK], n);
        if (stated) expected[SUMS][n] = e.m;
    }
}

typedef struct rows_shape {
    size_t rows, width, positions;
} rows_shape;

static soma_call make_rows_call(soma_optimizer_kind kind, const rows_shape *s, int64_t skip, float clip_value) {
    const soma_view table = SOMA_F32_VIEW(s->rows, s->width);
    const soma_optimizer_params params = {
        .kind = kind, .learning_rate = 0.05f, .epsilon = 1e-7f, .clip_value = clip_value};
    return soma_call_optimizer_rows(SOMA_F32_VIEW(s->positions, s->width), SOMA_SHAPED(SOMA_I32, s->positions), table,
                                    table, kind == SOMA_ADAGRAD ? table : soma_view_absent(),
                                    (soma_optimizer_rows_params){params, skip});
}

static void rows_case(soma_suite *suite, soma_optimizer_kind kind, const rows_shape *s, int64_t skip, bool special) {
    const float outside[] = {-1.0f, (float)s->rows, (float)INT32_MIN, 2147483520.0f};
    soma_call call = make_rows_call(kind, s, skip, skip == 0 ? 0.5f : 0);
    soma_case c;
    soma_case_begin(suite, &c, &call, rows_bound);
    set_steps(&c, &call);
    soma_case_uniform(suite, &c, SUMS, 0.0, 2.0);
    if (s->rows) soma_case_whole(suite, &c, INDEX, 0, (int32_t)s->rows - 1);
    if (s->positions > 3) soma_case_sprinkle(suite, &c, INDEX, 5, outside, SOMA_COUNT_OF(outside));
    if (special) soma_case_sprinkle(suite, &c, DY, 97, soma_specials, SOMA_SPECIAL_COUNT);
    if (special) c.run_count = 1;
    soma_case_describe(&c, ": %s, dy %s, table %s, without row %lld%s", kind_names[kind], SHAPE(&call.view[DY]),
                       SHAPE(&call.view[TABLE]), (long long)skip, special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_optimizer_rows_cases(soma_suite *suite) {
    static const rows_shape shapes[] = {
        {1, 1, 1},   {2, 3, 5}, {13, 7, 31}, {96, 64, 131}, {3, 131, 257}, {257, 5, 64},
        {31, 61, 1}, {5, 3, 0}, {0, 5, 3},   {7, 0, 4},     {1, 257, 67},  {1031, 2, 500},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) {
        const int64_t skips[] = {-1, 0, (int64_t)shapes[i].rows - 1};
        for (size_t j = 0; j < SOMA_COUNT_OF(skips); j++)
            for (int special = 0; special < 2; special++) {
                rows_case(suite, SOMA_SGD, &shapes[i], skips[j], special);
                rows_case(suite, SOMA_ADAGRAD, &shapes[i], skips[j], special);
            }
    }
}

/* The words of a batch of texts, of a large vocabulary. */
void soma_optimizer_rows_speeds(soma_suite *suite) {
    const rows_shape words = {50000, 64, 32 * 64};
    soma_call call = make_rows_call(SOMA_SGD, &words, -1, 0);
    soma_case c;
    soma_case_begin(suite, &c, &call, rows_bound);
    soma_case_whole(suite, &c, INDEX, 0, (int32_t)words.rows - 1);
    soma_case_time(suite, &c, "words");
}
