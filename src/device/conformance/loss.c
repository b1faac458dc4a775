/* SPDX-License-Identifier: MIT */
/* Cases of LOSS, and of LOSS_GRAD with a bound of its own: every loss, class numbers and rows as targets, with and
 * without weights. */
#include "device/conformance/loss_bounds.h"
#include "device/conformance/shapes.h"

#define PREDICTION   0
#define TARGET       1
#define WEIGHT       2
#define CLASS_WEIGHT 3
#define DLOSS        4

static const char *const kind_names[SOMA_LOSS_COUNT] = {
#define X(name) #name,
    SOMA_LOSS_LIST(X)
#undef X
};

typedef struct loss_form {
    soma_loss_kind kind;
    bool class_numbers, weighted, class_weighted, with_loss;
    size_t n, k;
    soma_case_bound *bound;
    bool gradient;
    int variant; /* of the focal losses: number of their parameters below */
} loss_form;

/* gamma, smoothing, weights of ones and zeros: the usual, some of each, cross-entropies with smoothing alone. */
static const soma_loss_params focal_params[] = {
    {.gamma = 2.0f, .when_one = 1.0f, .when_zero = 1.0f},
    {.gamma = 1.5f, .smoothing = 0.1f, .when_one = 0.25f, .when_zero = 0.75f},
    {.smoothing = 0.25f, .when_one = 1.0f, .when_zero = 1.0f}};

static bool takes_probabilities(soma_loss_kind kind) {
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_BINARY_CROSSENTROPY;
}

static soma_call make_call(const loss_form *form) {
    soma_view prediction = SOMA_F32_VIEW(form->n, form->k);
    soma_view target = form->class_numbers ? SOMA_SHAPED(SOMA_I32, form->n) : prediction;
    soma_view weight = form->weighted ? SOMA_F32_VIEW(form->n) : soma_view_absent();
    soma_view class_weight =
        form->class_weighted ? SOMA_F32_VIEW(soma_loss_is_binary(form->kind) ? 2 : form->k) : soma_view_absent();
    soma_loss_params params = soma_loss_is_focal(form->kind) ? focal_params[form->variant] : (soma_loss_params){0};
    params.kind = form->kind;
    params.delta = 0.7f;
    if (form->gradient)
        return soma_call_loss_grad(prediction, target, weight, class_weight, SOMA_F32_VIEW(form->n), prediction,
                                   form->with_loss ? SOMA_F32_VIEW(form->n) : soma_view_absent(), params);
    return soma_call_loss(prediction, target, weight, class_weight, SOMA_F32_VIEW(form->n), params);
}

/* Probabilities keep away from the floor of 1e-7, on whose two sides the derivative differs; what is below it is far
 * below. */
static void set_predictions(soma_suite *suite, soma_case *c, const loss_form *form) {
    static const float extremes[] = {0.0f, 1.0f, 1e-9f, 1e-5f};
    static const float far[] = {30.0f, -30.0f, 80.0f, -80.0f, 0.0f};
    static const float logarithms[] = {0.0f, -1e-3f, -30.0f, -80.0f};
    if (form->kind == SOMA_LOSS_CATEGORICAL_FOCAL) {
        soma_case_uniform(suite, c, PREDICTION, -4.0, -0.01);
        soma_case_sprinkle(suite, c, PREDICTION, 11, logarithms, SOMA_COUNT_OF(logarithms));
    } else if (takes_probabilities(form->kind)) {
        soma_case_uniform(suite, c, PREDICTION, 0.001, 0.999);
        soma_case_sprinkle(suite, c, PREDICTION, 11, extremes, SOMA_COUNT_OF(extremes));
    } else {
        soma_case_uniform(suite, c, PREDICTION, -4.0, 4.0);
        soma_case_sprinkle(suite, c, PREDICTION, 17, far, SOMA_COUNT_OF(far));
    }
}

static void set_targets(soma_suite *suite, soma_case *c, const loss_form *form, bool special) {
    static const float whole[] = {0.0f, 1.0f};
    const float outside[] = {-1.0f, (float)form->k, (float)INT32_MIN, 2147483520.0f};
    if (form->class_numbers) {
        soma_case_whole(suite, c, TARGET, 0, (int32_t)form->k - 1);
        if (!special) soma_case_sprinkle(suite, c, TARGET, 13, outside, SOMA_COUNT_OF(outside));
    } else if (soma_loss_is_categorical(form->kind) || soma_loss_is_binary(form->kind)) {
        soma_case_uniform(suite, c, TARGET, 0.01, 0.99); /* rows that do not add up to 1, too */
        if (!special) soma_case_sprinkle(suite, c, TARGET, 2, whole, 2);
    } else if (!special) /* some equal to the prediction */
        for (size_t i = 0; c->data[TARGET] && i < c->positions[TARGET]; i += 5)
            c->data[TARGET][i] = (double)(float)c->data[PREDICTION][i];
}

static void set_views(soma_suite *suite, soma_case *c, const loss_form *form, bool special) {
    set_predictions(suite, c, form);
    set_targets(suite, c, form, special);
    soma_case_uniform(suite, c, WEIGHT, 0.1, 3.0);
    soma_case_uniform(suite, c, CLASS_WEIGHT, 0.1, 3.0);
    soma_case_describe(c, ": %s on %s, targets %s%s%s%s", kind_names[form->kind], SHAPE(&c->call.view[PREDICTION]),
                       form->class_numbers ? "class numbers" : "rows", form->weighted ? ", weights" : "",
                       form->class_weighted ? ", class weights" : "", form->with_loss ? ", losses too" : "");
}

static void loss_case(soma_suite *suite, const loss_form *form) {
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, form->bound);
    set_views(suite, &c, form, false);
    c.garbage_is_finite = form->class_numbers;
    soma_case_run(suite, &c);
}

/*
 * A NaN or an infinity in one operand. An infinite prediction is left out where what it gives is a matter of how the
 * formula is evaluated (0 times infinity); with class numbers the special value is put where the class is.
 */
static void special_case(soma_suite *suite, const loss_form *form, uint32_t view, float value) {
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, form->bound);
    set_views(suite, &c, form, true);
    size_t row = form->n / 2,
           place = view == PREDICTION || (view == TARGET && !form->class_numbers) ? row * form->k : row;
    if (view == CLASS_WEIGHT) place = 1;
    if (view == PREDICTION) {
        soma_case_poke(&c, PREDICTION, place + 1, form->kind == SOMA_LOSS_CATEGORICAL_FOCAL ? -0.5 : 0.5);
        if (form->class_numbers) soma_case_poke(&c, TARGET, row, 0.0);
    }
    soma_case_poke(&c, view, place, (double)value);
    c.garbage_is_finite = true;
    c.any_not_finite = isinf(value);
    soma_case_describe(&c, ", %g in %s", (double)value, soma_call_view_name(&call, view));
    soma_case_run(suite, &c);
}

/*
 * Predictions whose differences overflow, as do the losses of some samples. All is multiples of 1e38, so that it is
 * clear which. Among the weights are zeros: 0 times what overflows is 0.
 */
static void far_case(soma_suite *suite, const loss_form *form) {
    static const float far[] = {3e38f, -3e38f, 1e38f, 0.0f}, whole[] = {0.0f, 1.0f};
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, form->bound);
    set_views(suite, &c, form, true);
    soma_case_sprinkle(suite, &c, PREDICTION, 1, far, SOMA_COUNT_OF(far));
    if (!form->class_numbers) soma_case_sprinkle(suite, &c, TARGET, 1, whole, 2);
    if (form->weighted) soma_case_sprinkle(suite, &c, WEIGHT, 1, whole, 2);
    if (form->class_weighted) soma_case_sprinkle(suite, &c, CLASS_WEIGHT, 1, whole, 2);
    soma_case_describe(&c, ", predictions far apart");
    soma_case_run(suite, &c);
}

static void special_cases(soma_suite *suite, const loss_form *form) {
    const bool has[] = {true, !form->class_numbers, form->weighted, form->class_weighted, form->gradient};
    for (uint32_t view = 0; view < SOMA_COUNT_OF(has); view++) {
        if (!has[view]) continue;
        special_case(suite, form, view, NAN);
        /* Times the zeros of a class number's row, an infinity is as good as a NaN or as a 0. */
        bool plain_factor =
            (view == WEIGHT || view == DLOSS) &&
            !(form->gradient && (takes_probabilities(form->kind) || form->kind == SOMA_LOSS_CATEGORICAL_FOCAL));
        bool residual = !soma_loss_is_categorical(form->kind) && !soma_loss_is_binary(form->kind) && view == PREDICTION;
        if (plain_factor || residual) special_case(suite, form, view, INFINITY);
    }
}

/* Probabilities do not come so far apart; of the derivative of a square a device may double a large part, and what
 * smoothing or weights make of such numbers is no multiple of them. */
static bool comes_far(const loss_form *form) {
    if (takes_probabilities(form->kind) || form->kind == SOMA_LOSS_CATEGORICAL_FOCAL) return false;
    if (form->kind == SOMA_LOSS_BINARY_FOCAL) return form->variant == 0;
    return !(form->gradient && form->kind == SOMA_LOSS_MEAN_SQUARED_ERROR);
}

static void form_cases(soma_suite *suite, loss_form form) {
    static const size_t shapes[][2] = {{1, 1},   {5, 1},    {1, 10},   {7, 3},    {31, 10},  {13, 61},
                                       {127, 2}, {131, 13}, {3, 1000}, {257, 10}, {2, 4099}, {0, 4}};
    bool categorical = soma_loss_is_categorical(form.kind);
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) {
        form.n = shapes[i][0];
        form.k = shapes[i][1];
        loss_case(suite, &form);
    }
    form.n = 7;
    form.k = 5;
    special_cases(suite, &form);
    if (!comes_far(&form)) return;
    if (!categorical) form.k = 1; /* or a sum overflows whose mean does not */
    far_case(suite, &form);
    form.n = 131;
    if (categorical) form.k = 67;
    far_case(suite, &form);
}

void soma_loss_table(soma_suite *suite, soma_case_bound *bound, bool gradient) {
    for (int kind = 0; kind < SOMA_LOSS_COUNT; kind++)
        for (unsigned bits = 0; bits < 16; bits++) {
            bool categorical = soma_loss_is_categorical((soma_loss_kind)kind);
            bool binary = soma_loss_is_binary((soma_loss_kind)kind);
            int variants = soma_loss_is_focal((soma_loss_kind)kind) ? (int)SOMA_COUNT_OF(focal_params) : 1;
            loss_form form = {(soma_loss_kind)kind, bits & 1, bits & 2, bits & 4, bits & 8, 0, 0, bound, gradient, 0};
            if (form.with_loss && !(gradient && kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)) continue;
            if ((form.class_numbers && !categorical) || (form.class_weighted && !categorical && !binary)) continue;
            for (form.variant = 0; form.variant < variants; form.variant++) form_cases(suite, form);
        }
}

static void loss_bound(const soma_call *before, soma_bounded *const *expected) {
    soma_loss_bound(before, expected[4]);
}

void soma_loss_cases(soma_suite *suite) {
    soma_loss_table(suite, loss_bound, false);
}

/* The loss of classifiers, and that of regressions. */
void soma_loss_speed_table(soma_suite *suite, soma_case_bound *bound, bool gradient) {
    static const soma_loss_kind kinds[] = {SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, SOMA_LOSS_MEAN_SQUARED_ERROR};
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++) {
        bool categorical = soma_loss_is_categorical(kinds[i]);
        loss_form form = {.kind = kinds[i],
                          .class_numbers = categorical,
                          .with_loss = gradient && categorical,
                          .n = SOMA_TIMED_ROWS,
                          .k = SOMA_TIMED_COLUMNS,
                          .gradient = gradient};
        soma_call call = make_call(&form);
        soma_case c;
        soma_case_begin(suite, &c, &call, bound);
        set_views(suite, &c, &form, true);
        soma_case_time(suite, &c, categorical ? "cross-entropy of logits" : "mean squared error");
    }
}

void soma_loss_speeds(soma_suite *suite) {
    soma_loss_speed_table(suite, loss_bound, false);
}
