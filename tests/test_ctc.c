/* SPDX-License-Identifier: MIT */
/* CTC: the loss and its gradient against all paths one by one, against another implementation, and in a network. */
#include "nn/network.h"
#include "reference.h"

static soma_view labels_view(int32_t *numbers, size_t n, size_t count) {
    return soma_view_of(numbers, 0, SOMA_I32, 2, (size_t[]){n, count});
}

static double next_number(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 0x1p24;
}

/* --------------------------------------------------------------------------------------------------- all paths */

/* What a path stands for are its classes without repetitions, and then without blanks. */
static bool stands_for(const size_t *path, size_t steps, const int32_t *labels, size_t count, size_t blank) {
    size_t found = 0;
    for (size_t t = 0; t < steps; t++) {
        if (path[t] == blank || (t > 0 && path[t] == path[t - 1])) continue;
        if (found == count || (size_t)labels[found] != path[t]) return false;
        found++;
    }
    return found == count;
}

typedef struct example {
    size_t steps, classes, count, blank;
    int32_t labels[4];
} example;

static void try_example(const example *e, const double *mask, uint32_t seed) {
    double logarithms[64], weight[64] = {0}, found[64], total = 0, loss, dloss = 0.75, distance;
    size_t at[8], there = 0, paths = 1;
    for (size_t i = 0; i < e->steps * e->classes; i++) logarithms[i] = log(0.05 + next_number(&seed));
    for (size_t t = 0; t < e->steps; t++)
        if (!mask || mask[t] != 0) at[there++] = t;
    for (size_t t = 0; t < there; t++) paths *= e->classes;
    for (size_t number = 0; number < paths; number++) {
        size_t path[8], rest = number;
        double probability = 1;
        for (size_t t = 0; t < there; t++, rest /= e->classes) {
            path[t] = rest % e->classes;
            probability *= exp(logarithms[at[t] * e->classes + path[t]]);
        }
        if (!stands_for(path, there, e->labels, e->count, e->blank)) continue;
        total += probability;
        for (size_t t = 0; t < there; t++) weight[at[t] * e->classes + path[t]] += probability;
    }
    int32_t target[5] = {-1, -1, -1, -1, -1};
    memcpy(target, e->labels, e->count * sizeof *target);
    const soma_view prediction = F64(logarithms, 1, e->steps, e->classes), labels = labels_view(target, 1, 5);
    soma_view there_view = mask ? F64((double *)mask, 1, e->steps) : NONE;
    run(soma_call_ctc(prediction, labels, there_view, F64(&loss, 1), (uint32_t)e->blank));
    if (total > 0)
        expect_value(loss, -log(total), 1e-12, "loss");
    else
        ck_assert(isinf(loss) && loss > 0);
#ifdef SOMA_HAVE_TRAINING
    run(soma_call_ctc_grad(prediction, labels, there_view, F64(&dloss, 1), F64(found, 1, e->steps, e->classes),
                           (uint32_t)e->blank));
    for (size_t i = 0; i < e->steps * e->classes; i++)
        expect_value(found[i], total > 0 ? -dloss * weight[i] / total : 0, 1e-12, "gradient");
#else
    (void)dloss, (void)found, (void)weight;
#endif
    run(soma_call_ctc_distance(prediction, labels, there_view, F64(&distance, 1), (uint32_t)e->blank));
    ck_assert(distance >= 0 && distance == floor(distance));
}

START_TEST(all_paths) {
    static const example examples[] = {{1, 2, 0, 1, {0}},       {1, 2, 1, 1, {0}},       {2, 2, 2, 1, {0, 0}},
                                       {3, 2, 2, 1, {0, 0}},    {4, 3, 2, 2, {0, 1}},    {5, 3, 3, 0, {1, 2, 1}},
                                       {5, 3, 3, 0, {2, 2, 1}}, {6, 3, 3, 1, {2, 2, 2}}, {4, 4, 4, 3, {0, 1, 2, 0}},
                                       {4, 4, 3, 2, {0, 0, 0}}, {6, 4, 0, 3, {0}},       {7, 3, 4, 2, {1, 0, 0, 1}}};
    static const double masks[2][7] = {{1, 0, 1, 1, 0, 1, 1}, {0, 0, 0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        try_example(&examples[i], NULL, (uint32_t)i);
        for (size_t j = 0; j < 2; j++) try_example(&examples[i], masks[j], (uint32_t)i);
    }
}
END_TEST

/* Two samples of logits that any program can make; PyTorch 2.15's log_softmax and ctc_loss in float64, with the blank
 * last and lengths 3 and 2 of labels, 6 and 4 of steps, and its gradient for the sum of the losses. */
START_TEST(another_implementation) {
    double logits[2 * 6 * 4], logarithms[2 * 6 * 4], loss[2];
    double mask[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    int32_t target[] = {0, 2, 2, 1, 0, -1};
    for (size_t i = 0; i < 48; i++) logits[i] = ((double)(i * 7 % 13) - 6) / 4;
    run(soma_call_softmax(soma_view_of(logits, 0, SOMA_F64, 3, (size_t[]){12, 4, 1}),
                          soma_view_of(logarithms, 0, SOMA_F64, 3, (size_t[]){12, 4, 1}), true));
    const soma_view prediction = F64(logarithms, 2, 6, 4), labels = labels_view(target, 2, 3), there = F64(mask, 2, 6);
    run(soma_call_ctc(prediction, labels, there, F64(loss, 2), 3));
    EXPECT_VALUES(loss, 1e-12, 6.333394284013063, 3.7936524285685667);
#ifdef SOMA_HAVE_TRAINING
    double dloss[] = {1, 1}, slope[48], back[48];
    run(soma_call_ctc_grad(prediction, labels, there, F64(dloss, 2), F64(slope, 2, 6, 4), 3));
    run(soma_call_softmax_grad(soma_view_of(slope, 0, SOMA_F64, 3, (size_t[]){12, 4, 1}),
                               soma_view_of(logarithms, 0, SOMA_F64, 3, (size_t[]){12, 4, 1}),
                               soma_view_of(back, 0, SOMA_F64, 3, (size_t[]){12, 4, 1}), true));
    EXPECT_VALUES(
        back, 1e-12, -0.47076736709314654, 0.37300495683791418, 0.08322865575540192, 0.014533754499830432,
        -0.25651871267271303, 0.37300495683791407, -0.15556727141510587, 0.03908102724990483, -0.14443201801015654,
        0.37300495683791407, -0.094813980478635665, -0.13375895834912183, 0.35795331795356145, 0.079870181160639986,
        -0.38953261814854395, -0.048290880965657465, 0.35795331795356161, 0.079870181160640014, 0.15926848303118621,
        -0.59709198214538772, 0.35795331795356189, 0.079870181160640083, -0.47855393626556331, 0.040730437151361328,
        0.64126322684109482, -0.33979350233971573, 0.031926616116534627, -0.33339634061791368, 0.053901860684620662,
        -0.2353426501096692, 0.083228655755401948, 0.098212133669646595, -0.024034944251576488, -0.044720492441001992,
        0.083228655755401934, -0.01447321906282345, -0.85330387333468782, 0.69123253074153057, 0.15423482528416216,
        0.0078365173089950911, 0, 0, 0, 0, 0, 0, 0, 0);
#endif
}
END_TEST

/* ----------------------------------------------------------------------------------------------------- distances */

START_TEST(edits_are_counted) {
    static const struct {
        const char *path, *labels; /* '.' is the blank, '_' a step that is not there */
        double edits;
    } examples[] = {{"aabb", "ab", 0}, {"a.a.", "aa", 0},   {"aaaa", "aa", 1},   {"....", "", 0},   {"....", "abc", 3},
                    {"abcd", "", 4},   {"abcd", "bcd", 1},  {"abcd", "axcd", 1}, {"ab.b", "ab", 1}, {"a_a_", "a", 0},
                    {"a_.a", "aa", 0}, {"abdc", "acbd", 2}, {"____", "ab", 2}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        double prediction[4][27] = {{0}}, mask[4], edits;
        int32_t labels[5] = {-1, -1, -1, -1, -1};
        for (size_t t = 0; t < 4; t++) {
            const char c = examples[i].path[t];
            mask[t] = c != '_';
            prediction[t][c == '.' ? 26 : c == '_' ? 5 : c - 'a'] = 1;
        }
        for (size_t j = 0; examples[i].labels[j]; j++) labels[j] = examples[i].labels[j] - 'a';
        run(soma_call_ctc_distance(F64(&prediction[0][0], 1, 4, 27), labels_view(labels, 1, 5), F64(mask, 1, 4),
                                   F64(&edits, 1), 26));
        ck_assert_msg(edits == examples[i].edits, "%s for %s: %g", examples[i].path, examples[i].labels, edits);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ networks */

enum { SAMPLES = 3, STEPS = 5, CLASSES = 4 };

/* What the softmax of the only layer says are the inputs: logits in, weights as they are given. */
static soma_network *plain_network(soma_device *device, bool masked, const soma_compile_options *options) {
    const size_t shape[] = {STEPS, CLASSES}, steps = STEPS;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 2, shape);
    if (masked) x = soma_mask(x, soma_input(network, "mask", 1, &steps));
    x->is_sequence = true;
    ck_assert_ptr_nonnull(soma_layers(x, "dense 4 softmax"));
    expect_ok(soma_compile(network, device, options));
    float identity[CLASSES * CLASSES] = {0};
    for (size_t i = 0; i < CLASSES; i++) identity[i * CLASSES + i] = 1;
    expect_ok(soma_set_parameter(network, soma_network_parameter(network, 0), identity, CLASSES * CLASSES));
    return network;
}

static const float target[SAMPLES * 3] = {0, 1, 1, 2, 0, -1, 1, -1, -1};

static soma_dataset *plain_dataset(const float *labels, const int32_t *lengths) {
    static float x[SAMPLES * STEPS * CLASSES];
    static const int32_t best[SAMPLES][STEPS] = {{0, 1, 3, 1, 1}, {2, 2, 1, 3, 3}, {1, 1, 3, 0, 0}};
    for (size_t i = 0; i < SAMPLES * STEPS; i++)
        for (size_t k = 0; k < CLASSES; k++)
            x[i * CLASSES + k] =
                (best[i / STEPS][i % STEPS] == (int32_t)k ? 2.0f : 0.0f) + (float)((i + 3 * k) % 5) / 8;
    const soma_array inputs = {x, SOMA_F32, 3, {SAMPLES, STEPS, CLASSES}},
                     targets = {labels, SOMA_F32, 2, {SAMPLES, 3}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    if (lengths) expect_ok(soma_dataset_set_lengths(dataset, lengths, SAMPLES));
    return dataset;
}

/* The reference's loss of what the network says. */
static double wanted_loss(soma_network *network, soma_dataset *dataset, const int32_t *lengths) {
    float said[SAMPLES * STEPS * CLASSES];
    double logarithms[SAMPLES * STEPS * CLASSES], mask[SAMPLES * STEPS], loss[SAMPLES];
    int32_t numbers[SAMPLES * 3];
    expect_ok(soma_predict(network, dataset, 0, 0, said));
    for (size_t i = 0; i < SAMPLES * STEPS * CLASSES; i++) logarithms[i] = log((double)said[i]);
    for (size_t i = 0; i < SAMPLES * STEPS; i++) mask[i] = (int32_t)(i % STEPS) < lengths[i / STEPS];
    for (size_t i = 0; i < SAMPLES * 3; i++) numbers[i] = (int32_t)target[i];
    run(soma_call_ctc(F64(logarithms, SAMPLES, STEPS, CLASSES), labels_view(numbers, SAMPLES, 3),
                      F64(mask, SAMPLES, STEPS), F64(loss, SAMPLES), CLASSES - 1));
    return (loss[0] + loss[1] + loss[2]) / SAMPLES;
}

/* Of 0 1 1, 2 0 and 1 are decoded 0 1 1, 2 1 and 1 0: one of three is right, two edits for six labels; without the last
 * two steps of the third, which are not there, two and one. */
static void check_network(const char *selector) {
    static const int32_t whole[] = {STEPS, STEPS, STEPS}, shorter[] = {STEPS, STEPS, 3};
    static const int32_t decoded[2][SAMPLES * STEPS] = {{0, 1, 1, -1, -1, 2, 1, -1, -1, -1, 1, 0, -1, -1, -1},
                                                        {0, 1, 1, -1, -1, 2, 1, -1, -1, -1, 1, -1, -1, -1, -1}};
    const soma_compile_options options = {.loss = {SOMA_CTC}, .metrics = {SOMA_ACCURACY, SOMA_LABEL_ERROR_RATE}};
    soma_device *device;
    int32_t found[SAMPLES * STEPS];
    soma_metrics metrics;
    if (soma_device_open(selector, NULL, &device) != SOMA_OK) return;
    for (int masked = 0; masked < 2; masked++) {
        soma_network *network = plain_network(device, masked, &options);
        soma_dataset *dataset = plain_dataset(target, masked ? shorter : NULL);
        expect_ok(soma_predict_sequences(network, dataset, 2, found));
        ck_assert_mem_eq(found, decoded[masked], sizeof found);
        expect_ok(soma_evaluate(network, dataset, 2, &metrics));
        expect_value(metrics.loss, wanted_loss(network, dataset, masked ? shorter : whole), 1e-5, "loss");
        ck_assert_str_eq(metrics.metric_name[0], "accuracy");
        ck_assert_str_eq(metrics.metric_name[1], "label_error_rate");
        expect_value(metrics.metric[0], (1.0 + masked) / 3, 1e-6, "accuracy");
        expect_value(metrics.metric[1], (2.0 - masked) / 6, 1e-6, "label error rate");
        const double before = metrics.loss;
        const soma_fit_options fit = {.epochs = 60, .batch_size = 2};
        if (SOMA_HAS_TRAINING) {
            expect_ok(soma_fit(network, dataset, &fit, NULL));
            expect_ok(soma_evaluate(network, dataset, 0, &metrics));
            ck_assert_msg(metrics.loss < 0.8 * before, "loss %g, then %g", before, metrics.loss);
        }
        soma_network_destroy(network);
        soma_dataset_destroy(dataset);
    }
    soma_device_close(device);
}

START_TEST(networks) {
    check_network(_i ? "opencl:0" : "cpu");
}
END_TEST

/* Samples of a weight count so much; lengths of labels say what -1 does. */
START_TEST(weights_and_lengths) {
    static const float weights[] = {0, 3, 0}, filled[SAMPLES * 3] = {9, 9, 9, 2, 0, 9, 9, 9, 9};
    static const int32_t lengths[] = {0, 2, 0}, bad[] = {0, 4, 0};
    soma_device *device;
    soma_metrics weighted, all;
    expect_ok(soma_device_open("cpu", NULL, &device));
    soma_network *network = plain_network(device, false, &(soma_compile_options){.loss = {SOMA_CTC}});
    soma_dataset *dataset = plain_dataset(target, NULL), *other = plain_dataset(filled, NULL);
    expect_ok(soma_dataset_set_weights(dataset, weights, SAMPLES));
    expect_error(soma_dataset_set_label_lengths(other, bad, SAMPLES), SOMA_INVALID_ARGUMENT, "4 labels of sample 1",
                 "0 to 3");
    expect_ok(soma_dataset_set_label_lengths(other, lengths, SAMPLES));
    expect_ok(soma_dataset_set_weights(other, weights, SAMPLES));
    expect_ok(soma_evaluate(network, dataset, 0, &weighted));
    expect_ok(soma_evaluate(network, other, 0, &all));
    ck_assert_msg(weighted.loss > 0 && weighted.loss == all.loss, "%g and %g", weighted.loss, all.loss);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(other);
    soma_device_close(device);
}
END_TEST

static const struct {
    float labels[3];
    int32_t length; /* of each sample */
    const char *first, *second;
} bad_labels[] = {{{0, 3, -1}, STEPS, "label 1 of sample 1 is 3", "labels are 0 to 2"},
                  {{0.5f, 1, 1}, STEPS, "label 0 of sample 1 is 0.5", "the last of them the blank"},
                  {{0, -1, 1}, STEPS, "label 2 of sample 1 is 1", "-1 behind the last"},
                  {{0, -.5f, -1}, STEPS, "label 1 of sample 1 is -0.5", "-1 behind the last"},
                  {{0, -7, -1}, STEPS, "label 1 of sample 1 is -7", "-1 behind the last"},
                  {{0, NAN, -1}, STEPS, "label 1 of sample 1 is nan", "0 to 2"},
                  {{1, 1, 1}, 4, "the 3 labels of sample 1 need 5 steps", "has 4 of this sample"}};

START_TEST(labels_that_cannot_be_are_refused) {
    const int32_t lengths[] = {STEPS, bad_labels[_i].length, STEPS};
    float labels[SAMPLES * 3];
    soma_device *device;
    soma_metrics metrics;
    memcpy(labels, target, sizeof labels);
    memcpy(labels + 3, bad_labels[_i].labels, sizeof bad_labels[_i].labels);
    expect_ok(soma_device_open("cpu", NULL, &device));
    soma_network *network = plain_network(device, true, &(soma_compile_options){.loss = {SOMA_CTC}});
    soma_dataset *dataset = plain_dataset(labels, lengths);
    expect_error(soma_evaluate(network, dataset, 0, &metrics), SOMA_INVALID_ARGUMENT, bad_labels[_i].first,
                 bad_labels[_i].second);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    soma_device_close(device);
}
END_TEST

/* Where each step has a class, these are the likeliest, of the steps that there are. */
START_TEST(steps_have_their_likeliest_classes) {
    static const int32_t lengths[] = {STEPS, 1, 3},
                         expected[2][SAMPLES * STEPS] = {{0, 1, 3, 1, 1, 2, 2, 1, 3, 3, 1, 1, 3, 0, 0},
                                                         {0, 1, 3, 1, 1, 2, -1, -1, -1, -1, 1, 1, 3, -1, -1}};
    int32_t found[SAMPLES * STEPS];
    soma_device *device;
    expect_ok(soma_device_open("cpu", NULL, &device));
    for (int masked = 0; masked < 2; masked++) {
        soma_network *network =
            plain_network(device, masked, &(soma_compile_options){.loss = {SOMA_CATEGORICAL_CROSSENTROPY}});
        soma_dataset *dataset = plain_dataset(target, masked ? lengths : NULL);
        expect_ok(soma_predict_sequences(network, dataset, 2, found));
        ck_assert_mem_eq(found, expected[masked], sizeof found);
        soma_network_destroy(network);
        soma_dataset_destroy(dataset);
    }
    soma_device_close(device);
}
END_TEST

/* A step that is not there is where it is not there, behind others and before them. */
START_TEST(labels_keep_their_steps) {
    static const size_t shape[] = {STEPS, CLASSES}, steps = STEPS;
    static const int32_t best[] = {0, 1, 2, 1, 3, 3, 2, 1, 0, 0}, expected[] = {0, -1, 2, 1, -1, -1, -1, 1, -1, 0};
    static const float mask[] = {1, 0, 1, 1, 0, 0, 0, 1, 0, 1};
    float x[2 * STEPS * CLASSES] = {0};
    int32_t found[2 * STEPS];
    soma_device *device;
    soma_network *network;
    soma_dataset *dataset;
    for (size_t i = 0; i < 2 * STEPS; i++) x[i * CLASSES + (size_t)best[i]] = 1;
    const soma_array inputs[] = {{x, SOMA_F32, 3, {2, STEPS, CLASSES}}, {mask, SOMA_F32, 2, {2, STEPS}}};
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_network_create(&network));
    soma_tensor *scores = soma_input(network, "x", 2, shape), *there = soma_input(network, "mask", 1, &steps);
    soma_output(soma_softmax(soma_mask(scores, there), 1));
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_CATEGORICAL_CROSSENTROPY}}));
    expect_ok(soma_dataset_from_arrays(inputs, 2, NULL, 0, &dataset));
    expect_ok(soma_predict_sequences(network, dataset, 0, found));
    ck_assert_mem_eq(found, expected, sizeof found);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

START_TEST(what_does_not_go_with_ctc_is_refused) {
    const size_t shape[] = {STEPS, CLASSES};
    static const float weights[] = {1, 1, 1, 1};
    const soma_compile_options metric = {.loss = {SOMA_CTC}, .metrics = {SOMA_PERPLEXITY}},
                               other = {.metrics = {SOMA_LABEL_ERROR_RATE}},
                               classes = {.loss = {SOMA_CTC}, .class_weight = weights, .class_weight_count = 4},
                               ctc = {.loss = {SOMA_CTC}};
    int32_t labels[1];
    soma_device *device;
    soma_network *network, *flat;
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 2, shape), "lstm 4; dense 4 softmax");
    expect_error(soma_compile(network, device, &metric), SOMA_INVALID_ARGUMENT, "label_error_rate");
    expect_error(soma_compile(network, device, &other), SOMA_INVALID_ARGUMENT, "goes with the loss ctc");
    expect_error(soma_compile(network, device, &classes), SOMA_INVALID_ARGUMENT, "class weights");
    soma_dataset *dataset = plain_dataset(target, NULL);
    expect_ok(soma_network_create(&flat));
    soma_layers(soma_input(flat, NULL, 2, shape), "flatten; dense 4 softmax");
    expect_error(soma_compile(flat, device, &ctc), SOMA_INVALID_SHAPE, "[batch, 4]", "[steps, classes + 1]");
    expect_ok(soma_compile(flat, device, NULL));
    expect_error(soma_predict_sequences(flat, dataset, 0, labels), SOMA_INVALID_STATE,
                 "its loss is categorical_crossentropy", "ctc, or for an output [steps, classes]");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_network_destroy(flat);
    soma_device_close(device);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ctc");
    TCase *cases = tcase_create("cases");
    tcase_set_timeout(cases, 60); /* kernels are compiled */
    tcase_add_test(cases, all_paths);
    tcase_add_test(cases, another_implementation);
    tcase_add_test(cases, edits_are_counted);
    tcase_add_loop_test(cases, networks, 0, 2);
    tcase_add_test(cases, weights_and_lengths);
    tcase_add_loop_test(cases, labels_that_cannot_be_are_refused, 0, (int)(sizeof bad_labels / sizeof *bad_labels));
    tcase_add_test(cases, steps_have_their_likeliest_classes);
    tcase_add_test(cases, labels_keep_their_steps);
    tcase_add_test(cases, what_does_not_go_with_ctc_is_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
