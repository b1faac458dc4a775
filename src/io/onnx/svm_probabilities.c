/* SPDX-License-Identifier: MIT */
/*
 * Probabilities of SVMClassifier, on the host. Of each pair of classes the score becomes a probability by a sigmoid
 * whose two numbers were fitted (Platt 1999); those of all classes are the ones that agree best with these of pairs
 * (Wu, Lin and Weng 2004, "Probability estimates for multi-class classification by pairwise coupling", their second
 * method). LIBSVM, scikit-learn and onnxruntime come nearer to them turn by turn, and stop where they are near enough:
 * how many turns that takes depends on the sample, and what they then have is what others compare with.
 */
#include "io/onnx/family.h"
#include "io/onnx/host.h"
#include "io/onnx/svm.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MOST_TURNS = 100, INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

bool soma_onnx_has_probabilities(const Soma__Onnx__NodeProto *proto) {
    const Soma__Onnx__AttributeProto *a = soma_onnx_attribute(&(soma_onnx_node){.proto = proto}, "prob_a");
    return a && a->n_floats;
}

/* ------------------------------------------------------------------------------------------------ scores of pairs */

typedef struct estimate {
    soma_onnx_machine machine;
    const double *a, *b; /* [pairs] */
    const size_t *start; /* [classes + 1] */
    size_t classes;
    double *near;                       /* [vectors]: what the sample is to each */
    double *score;                      /* [pairs] */
    double *votes;                      /* [classes] */
    double *pair, *q, *product, *found; /* [classes, classes] twice, [classes] twice */
} estimate;

static double kernel(const soma_onnx_machine *m, const double *x, const double *vector) {
    const double gamma = m->kernel[0], coef0 = m->kernel[1], degree = m->kernel[2];
    double sum = 0;
    if (strcmp(m->type, "RBF") == 0) {
        for (size_t i = 0; i < m->features; i++) sum += (x[i] - vector[i]) * (x[i] - vector[i]);
        return exp(-gamma * sum);
    }
    for (size_t i = 0; i < m->features; i++) sum += x[i] * vector[i];
    if (strcmp(m->type, "POLY") == 0) return pow(gamma * sum + coef0, degree);
    return strcmp(m->type, "SIGMOID") == 0 ? tanh(gamma * sum + coef0) : sum;
}

/* Above 0: the first class of the pair. */
static void score_pairs(estimate *e, const double *x) {
    const soma_onnx_machine *m = &e->machine;
    size_t pair = 0;
    for (size_t v = 0; v < m->vectors; v++) e->near[v] = kernel(m, x, m->vector + v * m->features);
    for (size_t i = 0; i < e->classes; i++)
        for (size_t j = i + 1; j < e->classes; j++, pair++) {
            double sum = m->rho[pair];
            for (size_t v = e->start[i]; v < e->start[i + 1]; v++)
                sum += e->near[v] * m->coefficient[(j - 1) * m->vectors + v];
            for (size_t v = e->start[j]; v < e->start[j + 1]; v++)
                sum += e->near[v] * m->coefficient[i * m->vectors + v];
            e->score[pair] = sum;
        }
}

/* The first class that most pairs are decided for. */
static size_t most_voted(const estimate *e) {
    size_t best = 0, pair = 0;
    memset(e->votes, 0, e->classes * sizeof *e->votes);
    for (size_t i = 0; i < e->classes; i++)
        for (size_t j = i + 1; j < e->classes; j++, pair++) e->votes[e->score[pair] > 0 ? i : j]++;
    for (size_t k = 1; k < e->classes; k++)
        if (e->votes[k] > e->votes[best]) best = k;
    return best;
}

/* -------------------------------------------------------------------------------------------------- probabilities */

/* Of each pair, and the matrix whose form p Q p is least at those of classes; false: one is NaN. */
static bool fill_pairs(estimate *e) {
    const double least = 1e-7;
    const size_t n = e->classes;
    size_t pair = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, pair++) {
            const double p = 1 / (1 + exp(e->score[pair] * e->a[pair] + e->b[pair]));
            const double kept = fmin(fmax(p, least), 1 - least);
            if (isnan(p)) return false;
            e->pair[i * n + j] = kept;
            e->pair[j * n + i] = 1 - kept;
        }
    for (size_t i = 0; i < n; i++) {
        e->q[i * n + i] = 0;
        for (size_t j = 0; j < n; j++) {
            if (j == i) continue;
            e->q[i * n + i] += e->pair[j * n + i] * e->pair[j * n + i];
            e->q[i * n + j] = -e->pair[j * n + i] * e->pair[i * n + j];
        }
    }
    return true;
}

/* Q p into product; the result is p Q p. */
static double form(estimate *e) {
    double all = 0;
    for (size_t i = 0; i < e->classes; i++) {
        e->product[i] = 0;
        for (size_t j = 0; j < e->classes; j++) e->product[i] += e->q[i * e->classes + j] * e->found[j];
        all += e->found[i] * e->product[i];
    }
    return all;
}

/* Each of them made so that its own equation holds, with the sum 1; LIBSVM's multiclass_probability(). */
static void couple(estimate *e) {
    const size_t n = e->classes;
    for (size_t i = 0; i < n; i++) e->found[i] = 1 / (double)n;
    for (unsigned turn = 0; turn < MOST_TURNS; turn++) {
        double all = form(e), error = 0;
        for (size_t i = 0; i < n; i++) error = fmax(error, fabs(e->product[i] - all));
        if (error < 0.005 / (double)n) return;
        for (size_t i = 0; i < n; i++) {
            const double own = e->q[i * n + i], step = (all - e->product[i]) / own;
            e->found[i] += step;
            all = (all + step * (step * own + 2 * e->product[i])) / (1 + step) / (1 + step);
            for (size_t j = 0; j < n; j++) {
                e->product[j] = (e->product[j] + step * e->q[i * n + j]) / (1 + step);
                e->found[j] /= 1 + step;
            }
        }
    }
}

/* ------------------------------------------------------------------------------------------------------ the node */

static soma_status prepare(soma_onnx_node *node, estimate *e) {
    const size_t n = e->classes, pairs = n * (n - 1) / 2;
    size_t a, b;
    char how[16];
    SOMA_TRY(soma_onnx_get_text(node, "post_transform", "NONE", how, sizeof how));
    if (node->number > 0 && strcmp(how, "NONE") != 0) /* labels do not depend on it */
        return soma_error(SOMA_UNSUPPORTED, "post_transform is %s; of probabilities NONE is known", how);
    SOMA_TRY(soma_onnx_read_machine(node, e->machine.features, &e->machine));
    SOMA_TRY(soma_onnx_get_numbers(node, "prob_a", &e->a, &a));
    SOMA_TRY(soma_onnx_get_numbers(node, "prob_b", &e->b, &b));
    if (a != pairs || b != pairs || e->machine.rhos != pairs || e->machine.coefficients != (n - 1) * e->machine.vectors)
        return soma_error(
            SOMA_INVALID_FILE,
            "prob_a, prob_b, rho and coefficients have %zu, %zu, %zu and %zu numbers; %zu for each of the "
            "first three, and %zu coefficients, are needed for %zu vectors of %zu classes",
            a, b, e->machine.rhos, e->machine.coefficients, pairs, (n - 1) * e->machine.vectors, e->machine.vectors, n);
    SOMA_TRY(soma_onnx_make(node, e->machine.vectors, &e->near));
    SOMA_TRY(soma_onnx_make(node, pairs, &e->score));
    if (node->number == 0) return soma_onnx_make(node, n, &e->votes);
    SOMA_TRY(soma_onnx_make(node, n * n, &e->pair));
    SOMA_TRY(soma_onnx_make(node, n * n, &e->q));
    return soma_onnx_make(node, n, &e->product);
}

/* A label for each sample; words as their places in the list of the classes. */
static soma_status give_labels(soma_onnx_node *node, estimate *e, const double *x, size_t samples,
                               const soma_onnx_classes *classes) {
    double *label = NULL;
    SOMA_TRY(soma_onnx_make(node, samples, &label));
    for (size_t i = 0; i < samples; i++) {
        score_pairs(e, x + i * e->machine.features);
        const size_t best = most_voted(e);
        label[i] = classes->numbers ? (double)classes->numbers[best] : (double)best;
    }
    SOMA_TRY(soma_onnx_give_numbers(node, INT64, &(soma_onnx_shape){.rank = 1, .dim = {samples}}, false, label));
    if (!classes->words) return SOMA_OK;
    node->output.words = *classes;
    node->output.elements.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
    return SOMA_OK;
}

static soma_status give_either(soma_onnx_node *node, estimate *e, const double *x, size_t samples,
                               const soma_onnx_classes *classes) {
    const size_t n = e->classes;
    double *y = NULL;
    SOMA_TRY(prepare(node, e));
    if (node->number == 0) return give_labels(node, e, x, samples, classes);
    SOMA_TRY(soma_onnx_make(node, samples * n, &y));
    for (size_t i = 0; i < samples; i++) {
        score_pairs(e, x + i * e->machine.features);
        e->found = y + i * n;
        if (fill_pairs(e))
            couple(e);
        else /* of what is not known nothing is certain */
            for (size_t k = 0; k < n; k++) e->found[k] = NAN;
    }
    return soma_onnx_give_numbers(node, SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
                                  &(soma_onnx_shape){.rank = 2, .dim = {samples, n}}, false, y);
}

soma_status soma_onnx_give_probabilities(soma_onnx_node *node, const soma_onnx_classes *classes) {
    const soma_onnx_shape *shape = &node->input[0]->shape;
    estimate e = {.classes = classes->count};
    const double *x;
    size_t count;
    if (!node->importer->host) return soma_onnx_on_host("probabilities of a support vector machine are computed");
    if (node->number > 1) return soma_error(SOMA_INVALID_FILE, "a classifier has two outputs");
    if (shape->rank != 2 || node->input[0]->words.count)
        return soma_error(SOMA_UNSUPPORTED, "%s has %u dimensions, or holds words; numbers [batch, features] are taken",
                          node->input[0]->name, shape->rank);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &x, &count));
    SOMA_TRY(soma_onnx_take_made(node->importer, e.classes + 1, sizeof *e.start, node->output.name));
    size_t *start = soma_calloc(e.classes + 1, sizeof *start);
    if (!start) return soma_out_of_memory(e.classes * sizeof *start, "classes");
    soma_status status = soma_onnx_read_starts(node, e.classes, start);
    e.start = start;
    e.machine.vectors = status == SOMA_OK ? start[e.classes] : 0;
    e.machine.features = shape->dim[1];
    if (status == SOMA_OK) status = give_either(node, &e, x, shape->dim[0], classes);
    soma_free(start);
    return status;
}
