/* SPDX-License-Identifier: MIT */
/*
 * Training by several ranks, which are threads here: the same weights as one rank makes, agreement upon when to end,
 * and refusals of ranks that would train something else.
 */
#include "temporary.h"
#include "thread_team.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Batches of 8, 8 and 2: of the last, two of four ranks have nothing. */
enum { ROWS = 18, SIDE = 5, CHANNELS = 2, WIDTH = SIDE * SIDE * CHANNELS, CLASSES = 3, BATCH = 8, EPOCHS = 3 };
enum { STEPS = EPOCHS * 3, WEIGHTS = 2048 };
#define RATE 0.1f

static float x[ROWS * WIDTH];
static int32_t labels[ROWS];

/* What ranks are to do, and what came of it. */
typedef struct job {
    bool pictures, normalized;
    bool narrow; /* batchnorm of a dense layer, which has no positions */
    bool alone;  /* without a communicator */
    soma_fit_options options;
    uint32_t odd_rank; /* the rank that is unlike the others, in one of the following ways */
    bool other_data, other_network, other_decay, other_weights, other_batch, never_validates, infinite;
    bool rate_by_first;                     /* rank 0 alone sets another learning rate after the first epoch */
    soma_status batch_status, epoch_status; /* what its callbacks return after the first batch or the second epoch */
    float shift;                            /* of the initial weights */
    uint64_t seed;
    /* of each rank */
    soma_status status[TEAM_MOST];
    char message[TEAM_MOST][512];
    soma_history history[TEAM_MOST];
    float weights[TEAM_MOST][WEIGHTS];
    size_t count;
    thread_team team;
} job;

static void make_data(void) {
    fill_uniform(1, x, ROWS * WIDTH);
    fill_classes(2, labels, ROWS, CLASSES);
}

/* Layers of odd widths, so that the masks of a rank's share begin within a block of random words. */
static soma_network *make_network(const job *j, bool odd) {
    soma_network *network;
    soma_network_create(&network);
    soma_network_set_seed(network, j->seed ? j->seed : 7);
    if (j->pictures) {
        soma_tensor *t = soma_input(network, NULL, 3, (size_t[]){SIDE, SIDE, CHANNELS});
        if (j->normalized) t = soma_batchnorm(t, NULL);
        t = soma_conv(t, 3, &(soma_conv_options){.kernel = {3, 3}, .activation = SOMA_TANH});
        soma_dense(soma_flatten(soma_dropout(t, 0.25f)), CLASSES, SOMA_SOFTMAX);
        if (soma_network_set_augmentation(network, "shift 1; flip; brightness 0.2") != SOMA_OK) abort();
    } else if (j->narrow) {
        soma_tensor *t = soma_input(network, NULL, 1, (size_t[]){WIDTH});
        soma_dense(soma_batchnorm(soma_dense(t, 8, SOMA_TANH), NULL), CLASSES, SOMA_SOFTMAX);
    } else {
        soma_tensor *t = soma_input(network, NULL, 1, (size_t[]){WIDTH});
        t = soma_dense(t, odd && j->other_network ? 10 : 9, SOMA_TANH);
        soma_dense(soma_dropout(t, 0.3f), CLASSES, SOMA_SOFTMAX);
        if (odd && j->other_decay && soma_network_set_l1_of(network, "dense_2", 0.25f) != SOMA_OK) abort();
    }
    return network;
}

/* By another amount for each weight, up to `shift`. */
static void shift_weights(soma_network *network, float shift) {
    float values[WEIGHTS], by[WEIGHTS];
    fill_uniform(9, by, WEIGHTS);
    for (size_t i = 0, done = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *tensor = (soma_tensor *)soma_network_parameter(network, i);
        size_t count = soma_tensor_count(tensor);
        soma_get_parameter(network, tensor, values, count);
        for (size_t k = 0; k < count; k++) values[k] += shift * by[done++];
        soma_set_parameter(network, tensor, values, count);
    }
}

typedef struct callback {
    const job *job;
    bool odd, first;
} callback;

static soma_status after_batch(void *context, soma_network *network, const soma_progress *progress) {
    const callback *c = context;
    soma_metrics metrics;
    if (soma_fit_metrics(network, &metrics) != SOMA_OK) return SOMA_INTERNAL;
    return c->odd && progress->epoch == 1 && progress->batch == 1 ? c->job->batch_status : SOMA_OK;
}

static soma_status after_epoch(void *context, soma_network *network, const soma_epoch *epoch) {
    const callback *c = context;
    if (c->job->rate_by_first && c->first && epoch->epoch == 1) return soma_set_learning_rate(network, RATE / 4);
    if (!c->odd || epoch->epoch != 2) return SOMA_OK;
    return c->job->epoch_status == SOMA_OK ? SOMA_OK : soma_error(c->job->epoch_status, "the callback of the odd one");
}

static soma_dataset *make_dataset(const job *j, float *own, bool odd) {
    soma_array inputs = array_f32(own, ROWS, WIDTH), targets = array_i32(labels, ROWS);
    if (j->pictures) inputs = (soma_array){own, SOMA_F32, 4, {ROWS, SIDE, SIDE, CHANNELS}};
    memcpy(own, x, sizeof x);
    if (odd && j->other_data) own[5] += 1;
    if (j->infinite) own[(BATCH - 1) * WIDTH] = INFINITY; /* the end of the first batch */
    soma_dataset *dataset;
    return soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset) == SOMA_OK ? dataset : NULL;
}

static size_t read_weights(soma_network *network, float *weights) {
    size_t done = 0;
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        const soma_tensor *tensor = soma_network_parameter(network, i);
        soma_get_parameter(network, tensor, weights + done, soma_tensor_count(tensor));
        done += soma_tensor_count(tensor);
    }
    return done;
}

/* In a thread of its own: nothing is asserted here. */
static void train(void *context, const soma_communicator *communicator) {
    job *j = context;
    uint32_t rank = communicator->rank;
    bool odd = rank == j->odd_rank;
    float *own = malloc(sizeof x);
    soma_network *network = make_network(j, odd);
    soma_dataset *dataset = make_dataset(j, own, odd);
    soma_fit_options options = j->options;
    callback c = {j, odd, rank == 0};
    options.on_batch = after_batch;
    options.on_epoch = after_epoch;
    options.context = &c;
    options.communicator = j->alone ? NULL : communicator;
    if (odd && j->other_batch) options.batch_size = BATCH / 2;
    static const uint32_t none[1];
    if (odd && j->never_validates) options.validation_epochs = none;
    if (rank > 0 && options.checkpoint) options.checkpoint = "/nowhere/that/can/be/written.ckpt";
    j->status[rank] = soma_compile(
        network, test_device,
        &(soma_compile_options){.optimizer = {.kind = SOMA_SGD, .learning_rate = RATE}, .metrics = {SOMA_ACCURACY}});
    shift_weights(network, odd && j->other_weights ? 0.5f : j->shift);
    if (j->status[rank] == SOMA_OK) j->status[rank] = soma_fit(network, dataset, &options, &j->history[rank]);
    snprintf(j->message[rank], sizeof j->message[rank], "%s", soma_last_error());
    size_t count = read_weights(network, j->weights[rank]);
    if (rank == 0) j->count = count;
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    free(own);
}

static job *begin(void) {
    make_data();
    job *j = calloc(1, sizeof *j);
    j->options.batch_size = BATCH;
    j->options.epochs = EPOCHS;
    j->odd_rank = 1;
    return j;
}

static void end(job *j) {
    for (size_t i = 0; i < TEAM_MOST; i++) soma_history_clear(&j->history[i]);
    free(j);
}

static void run(job *j, uint32_t ranks) {
    run_team(&j->team, ranks, train, j);
}

static void expect_alike(const job *j, uint32_t ranks) {
    for (uint32_t i = 0; i < ranks; i++) {
        ck_assert_msg(j->status[i] == SOMA_OK || j->status[i] == SOMA_STOPPED, "rank %u: %s", i, j->message[i]);
        ck_assert_int_eq(j->status[i], j->status[0]);
        ck_assert_msg(memcmp(j->weights[i], j->weights[0], sizeof j->weights[0]) == 0, "rank %u has other weights", i);
        ck_assert_uint_eq(j->history[i].count, j->history[0].count);
        ck_assert_uint_eq(j->history[i].best, j->history[0].best);
        for (uint32_t e = 0; e < j->history[0].count; e++) {
            const soma_epoch *a = &j->history[0].epochs[e], *b = &j->history[i].epochs[e];
            ck_assert(a->train.loss == b->train.loss && a->validation.loss == b->validation.loss);
            ck_assert(a->train.metric[0] == b->train.metric[0] && a->learning_rate == b->learning_rate);
        }
    }
}

static void expect_rank_error(const job *j, uint32_t rank, soma_status status, const char *part) {
    ck_assert_msg(j->status[rank] == status, "rank %u: %s, %s", rank, soma_status_name(j->status[rank]),
                  j->message[rank]);
    ck_assert_msg(strstr(j->message[rank], part) != NULL, "rank %u: \"%s\" lacks \"%s\"", rank, j->message[rank], part);
}

static float difference(const job *a, const job *b) {
    float most = 0;
    for (size_t i = 0; i < a->count; i++) most = fmaxf(most, fabsf(a->weights[0][i] - b->weights[0][i]));
    return most;
}

/*
 * How far apart rounding can bring the weights. A gradient is a sum over the samples and places of a batch, 9 BATCH at
 * most, of products whose factors are sums over a layer, WIDTH and 27 terms; with a dozen roundings on the way, and one
 * for each rank's share, an order of additions makes a difference of n = 9 BATCH + WIDTH + 27 + 16 roundings of 2^-24
 * at most, of what the terms' amounts add up to. Inputs are at most 1, activations at most 4/3 behind dropout, the
 * loss's gradients at most 1 a sample, weights below 1: with 3 classes and 27 places 4/3 * 3 * 27 bounds that. So a
 * step moves weights apart by RATE times this, and by a rounding of the weight; and the steps that follow carry that
 * on: how strongly is measured, by what becomes of shifted weights.
 */
static float bound_of(const job *plain) {
    job *shifted = begin();
    const float shift = 0x1p-10f, n = 9 * BATCH + WIDTH + 27 + 16;
    shifted->pictures = plain->pictures;
    shifted->shift = shift;
    run(shifted, 1);
    float carried = fmaxf(1, difference(plain, shifted) / shift);
    end(shifted);
    return carried * STEPS * (RATE * n * 0x1p-24f * 4 / 3 * 3 * 27 + 0x1p-24f);
}

static job *train_alone(bool pictures) {
    job *one = begin();
    one->pictures = pictures;
    run(one, 1);
    expect_alike(one, 1);
    return one;
}

static void compare_teams(bool pictures) {
    static const uint32_t sizes[] = {2, 3, 4};
    job *one = train_alone(pictures), *fresh = begin();
    float bound = bound_of(one);
    fresh->pictures = pictures;
    fresh->options.epochs = 1;
    run(fresh, 1); /* training moves the weights by much more than the bound */
    ck_assert_float_gt(difference(one, fresh), 4 * bound);
    for (size_t i = 0; i < 3; i++) {
        job *several = begin();
        several->pictures = pictures;
        run(several, sizes[i]);
        expect_alike(several, sizes[i]);
        float found = difference(one, several);
        ck_assert_msg(found <= bound, "%u ranks: weights differ by %g, more than %g", sizes[i], (double)found,
                      (double)bound);
        for (uint32_t e = 0; e < EPOCHS; e++) {
            const soma_metrics *a = &one->history[0].epochs[e].train, *b = &several->history[0].epochs[e].train;
            ck_assert_double_eq_tol(a->loss, b->loss, 100 * (double)bound);
            ck_assert(a->metric[0] == b->metric[0]);
        }
        end(several);
    }
    end(one);
    end(fresh);
}

START_TEST(ranks_make_what_one_makes) {
    compare_teams(false);
}
END_TEST

START_TEST(ranks_make_what_one_makes_of_pictures) {
    compare_teams(true);
}
END_TEST

/* soma_fit() without a communicator: its gradients go into weights as they are made, which rounds elsewhere. */
START_TEST(a_team_of_one_makes_what_no_team_makes) {
    job *one = train_alone(false);
    soma_network *network = make_network(one, false);
    float *own = malloc(sizeof x), weights[WEIGHTS];
    soma_dataset *dataset = make_dataset(one, own, false);
    expect_ok(soma_compile(network, test_device,
                           &(soma_compile_options){.optimizer = {.kind = SOMA_SGD, .learning_rate = RATE}}));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = EPOCHS, .batch_size = BATCH}, NULL));
    size_t count = read_parameters(network, weights);
    float bound = bound_of(one);
    ck_assert_uint_eq(count, one->count);
    for (size_t i = 0; i < count; i++) ck_assert_float_eq_tol(weights[i], one->weights[0][i], bound);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    free(own);
    end(one);
}
END_TEST

/* In batches of one, of two ranks the first never has a sample: its share is rounded down. */
START_TEST(a_rank_without_a_sample_goes_along) {
    job *several = begin(), *one = begin();
    several->options.batch_size = one->options.batch_size = 1;
    run(one, 1);
    run(several, 2);
    expect_alike(several, 2);
    ck_assert_float_le(difference(one, several), bound_of(one) * BATCH); /* BATCH times as many steps */
    end(several);
    end(one);
}
END_TEST

START_TEST(all_begin_with_the_weights_of_the_first) {
    job *one = train_alone(false), *several = begin();
    several->other_weights = true;
    run(several, 2);
    expect_alike(several, 2);
    ck_assert_float_le(difference(one, several), bound_of(one));
    end(one);
    end(several);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- the sums */

static job *train_with(bool pictures, bool normalized, const soma_fit_options *how, uint32_t ranks) {
    job *j = begin();
    j->pictures = pictures;
    j->normalized = normalized;
    j->options.bucket_bytes = how->bucket_bytes;
    j->options.wire = how->wire;
    j->options.sync_batchnorm = how->sync_batchnorm;
    run(j, ranks);
    expect_alike(j, ranks);
    return j;
}

/* The team adds each element by itself, in the order of the ranks: so in however many pieces it comes. Two ranks of
 * four have no sample of the last batch. */
START_TEST(buckets_change_no_bit) {
    for (int pictures = 0; pictures < 2; pictures++) {
        job *whole = train_with(pictures, false, &(soma_fit_options){.bucket_bytes = SIZE_MAX}, 4);
        ck_assert_uint_eq(whole->team.sums_at_once, 1);
        static const size_t sizes[] = {1, 200, 2000, 0};
        static const size_t at_once[] = {4, 3, 1, 1}; /* two layers of weights and biases each */
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            job *parts = train_with(pictures, false, &(soma_fit_options){.bucket_bytes = sizes[i]}, 4);
            ck_assert(memcmp(parts->weights[0], whole->weights[0], sizeof whole->weights[0]) == 0);
            ck_assert(parts->team.progressed);
            if (i == 0) ck_assert_uint_eq(parts->team.sums_at_once, at_once[i]);
            end(parts);
        }
        end(whole);
    }
}
END_TEST

/*
 * In bfloat16 each rank's gradient is rounded once, and each sum of two again, all by 2^-9 of what they are at most: as
 * bound_of() counts roundings of 2^-24, with one for each rank and each sum.
 */
START_TEST(half_as_much_is_sent_at_the_price_of_rounding) {
    job *plain = train_alone(false);
    const uint32_t ranks = 3;
    const float bound = bound_of(plain), n = 9 * BATCH + WIDTH + 27 + 16;
    job *half = train_with(false, false, &(soma_fit_options){.wire = SOMA_WIRE_BF16, .bucket_bytes = 200}, ranks);
    const float found = difference(plain, half);
    ck_assert_float_le(found, bound + bound / n * (2 * ranks - 1) * 0x1p15f);
    ck_assert_float_gt(found, bound / 16); /* it is rounded indeed */
    end(half);
    end(plain);
}
END_TEST

START_TEST(bfloat16_is_rounded_to_nearest) {
    static const struct {
        float value, rounded;
    } rows[] = {{0, 0},
                {1, 1},
                {-2.5f, -2.5f},
                {1 + 0x1p-8f, 1}, /* a tie goes to the even one */
                {1 + 3 * 0x1p-8f, 1 + 0x1p-6f},
                {1 + 0x1.2p-8f, 1 + 0x1p-7f},
                {-1 - 0x1.2p-8f, -1 - 0x1p-7f},
                {0x1.ffp127f, INFINITY},
                {INFINITY, INFINITY},
                {-INFINITY, -INFINITY}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert(soma_float_of_bf16(soma_bf16_of(rows[i].value)) == rows[i].rounded);
    ck_assert(isnan(soma_float_of_bf16(soma_bf16_of(NAN))));
    const union {
        uint32_t bits;
        float value;
    } quiet = {0x7F800001u};
    ck_assert(isnan(soma_float_of_bf16(soma_bf16_of(quiet.value))));
}
END_TEST

/* As one rank has it, which sees the whole batch, running figures included; by itself each share gives other ones. */
START_TEST(batchnorm_over_all_ranks_is_that_of_one) {
    job *one = begin();
    one->pictures = one->normalized = true;
    one->options.shards = 1;
    one->alone = true;
    run(one, 1);
    expect_alike(one, 1);
    job *apart = train_with(true, true, &(soma_fit_options){.wire = SOMA_WIRE_F32}, 2);
    const float unlike = difference(one, apart);
    ck_assert_float_gt(unlike, 1e-2f);
    for (uint32_t ranks = 1; ranks <= 4; ranks++) {
        job *all = train_with(true, true, &(soma_fit_options){.sync_batchnorm = 1, .bucket_bytes = 400}, ranks);
        ck_assert_msg(difference(one, all) < 1e-4f, "%u ranks: weights differ by %g", ranks,
                      (double)difference(one, all));
        for (uint32_t e = 0; e < EPOCHS; e++)
            ck_assert_double_eq_tol(one->history[0].epochs[e].train.loss, all->history[0].epochs[e].train.loss, 1e-4);
        end(all);
    }
    end(apart);
    end(one);
}
END_TEST

static job *train_narrow(const soma_fit_options *how, uint32_t ranks) {
    job *j = begin();
    j->narrow = true;
    j->alone = ranks == 1;
    j->options.batch_size = how->batch_size;
    j->options.shards = how->shards;
    j->options.sync_batchnorm = how->sync_batchnorm;
    run(j, ranks);
    return j;
}

/* Of 18 samples in batches of 4, each of four ranks has one, and of the last two none or one: the whole batch counts.
 */
START_TEST(shares_of_one_sample_are_normalised_over_all_ranks) {
    job *one = train_narrow(&(soma_fit_options){.batch_size = 4, .shards = 1}, 1);
    expect_alike(one, 1);
    for (uint32_t ranks = 2; ranks <= 4; ranks += 2) {
        job *all = train_narrow(&(soma_fit_options){.batch_size = 4, .sync_batchnorm = 1}, ranks);
        expect_alike(all, ranks);
        ck_assert_msg(difference(one, all) < 1e-4f, "%u ranks: weights differ by %g", ranks,
                      (double)difference(one, all));
        for (uint32_t e = 0; e < EPOCHS; e++)
            ck_assert_double_eq_tol(one->history[0].epochs[e].train.loss, all->history[0].epochs[e].train.loss, 1e-4);
        end(all);
    }
    end(one);
}
END_TEST

/* 18 samples are 3 or 2 for each of 8 shards, but one or two for each of 16, however large the batch may be. */
START_TEST(shares_of_one_sample_are_refused_by_themselves) {
    static const struct {
        soma_fit_options how;
        uint32_t ranks;
        const char *message; /* NULL: it is fine */
    } rows[] = {{{.batch_size = 4},
                 4,
                 "in batches of 4 some of the 4 shares have one number of each or none: nothing could "
                 "be learnt from it; batches of 8 and more, or sync_batchnorm, can be trained on"},
                {{.batch_size = 8}, 4, NULL},
                {{.batch_size = 1, .sync_batchnorm = 1}, 4, "in batches of 1 there is one number of each"},
                {{.batch_size = 32, .shards = 8}, 2, NULL},
                {{.batch_size = 32, .shards = 16},
                 2,
                 "in batches of 18 some of the 16 shares have one number of each or "
                 "none: nothing could be learnt from it; batches of 32 and more can"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        job *j = train_narrow(&rows[i].how, rows[i].ranks);
        if (!rows[i].message) expect_alike(j, rows[i].ranks);
        for (uint32_t rank = 0; rows[i].message && rank < rows[i].ranks; rank++)
            expect_rank_error(j, rank, SOMA_INVALID_ARGUMENT, rows[i].message);
        end(j);
    }
}
END_TEST

/* Four sums in a step, all under way at once. Whichever call fails, what was begun is waited for, the others are told
 * once, and the first error is what is returned. */
START_TEST(sums_under_way_are_waited_for_after_an_error) {
    static const struct {
        team_function failing;
        size_t at, left;
        uint32_t wire;
    } rows[] = {{TEAM_WAIT, 1, 3, SOMA_WIRE_F32},     {TEAM_WAIT, 3, 1, SOMA_WIRE_BF16},
                {TEAM_WAIT, 4, 0, SOMA_WIRE_F32},     {TEAM_WAIT, 6, 2, SOMA_WIRE_F32},
                {TEAM_START, 1, 0, SOMA_WIRE_F32},    {TEAM_START, 3, 2, SOMA_WIRE_F32},
                {TEAM_START, 4, 3, SOMA_WIRE_BF16},   {TEAM_PROGRESS, 4, 3, SOMA_WIRE_F32},
                {TEAM_PROGRESS, 11, 2, SOMA_WIRE_F32}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        job *j = begin();
        j->options.bucket_bytes = 1;
        j->options.wire = rows[i].wire;
        j->team.failing = rows[i].failing;
        j->team.fails_at = rows[i].at;
        run(j, 3);
        ck_assert_uint_eq(j->team.sums_left_at_failure, rows[i].left);
        ck_assert_msg(j->team.sums_left == 0, "row %zu: %zu sums are left under way", i, (size_t)j->team.sums_left);
        expect_rank_error(j, 2, SOMA_IO, "the wire is cut");
        for (uint32_t rank = 0; rank < 3; rank++) {
            if (rank < 2) expect_rank_error(j, rank, SOMA_IO, "given up");
            ck_assert_uint_eq(j->team.aborts[rank], 1);
        }
        end(j);
    }
}
END_TEST

START_TEST(what_does_not_go_with_shards_is_refused) {
    static const struct {
        soma_fit_options how;
        const char *message;
    } rows[] = {{{.wire = SOMA_WIRE_BF16}, "sums in bfloat16"},
                {{.sync_batchnorm = 1}, "batchnorm over all ranks"},
                {{.wire = 2}, "no wire number 2"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        job *j = begin();
        j->options.shards = 4;
        j->options.wire = rows[i].how.wire;
        j->options.sync_batchnorm = rows[i].how.sync_batchnorm;
        run(j, 2);
        expect_rank_error(j, 1, SOMA_INVALID_ARGUMENT, rows[i].message);
        end(j);
    }
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- repeatable */

static void expect_same(const job *a, const job *b, uint32_t ranks) {
    ck_assert_uint_eq(a->history[0].count, b->history[0].count);
    ck_assert_msg(memcmp(a->weights[0], b->weights[0], sizeof a->weights[0]) == 0,
                  "%u ranks have other weights, by up to %g", ranks, (double)difference(a, b));
    for (uint32_t e = 0; e < a->history[0].count; e++) {
        const soma_epoch *of_a = &a->history[0].epochs[e], *of_b = &b->history[0].epochs[e];
        ck_assert(of_a->train.loss == of_b->train.loss && of_a->validation.loss == of_b->validation.loss);
        ck_assert(of_a->train.metric[0] == of_b->train.metric[0]);
    }
}

static job *train_in_shards(uint64_t shards, bool pictures, bool normalized, bool validated, uint32_t ranks) {
    job *j = begin();
    j->pictures = pictures;
    j->normalized = normalized;
    j->alone = ranks == 0;
    j->options.shards = shards;
    j->options.validation_split = validated ? 0.3 : 0;
    j->options.early_stopping = validated ? 1 : 0;
    j->options.epochs = validated ? 20 : EPOCHS;
    run(j, ranks ? ranks : 1);
    expect_alike(j, ranks ? ranks : 1);
    return j;
}

START_TEST(shards_make_the_same_bits) {
    static const struct {
        uint64_t shards;
        bool pictures, normalized, validated;
    } rows[] = {{4, false, false, false}, {4, true, false, false}, {4, true, true, false}, {7, false, false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        job *alone = train_in_shards(rows[i].shards, rows[i].pictures, rows[i].normalized, rows[i].validated, 0);
        for (uint32_t ranks = 1; ranks <= 4; ranks++) {
            job *several =
                train_in_shards(rows[i].shards, rows[i].pictures, rows[i].normalized, rows[i].validated, ranks);
            expect_same(alone, several, ranks);
            end(several);
        }
        if (rows[i].validated) ck_assert_uint_lt(alone->history[0].count, 20);
        end(alone);
    }
}
END_TEST

/* But for batchnorm, they make what whole batches make. */
START_TEST(shards_make_nearly_what_whole_batches_make) {
    job *whole = train_alone(true), *shards = train_in_shards(5, true, false, false, 2);
    ck_assert_float_le(difference(whole, shards), bound_of(whole));
    for (uint32_t e = 0; e < EPOCHS; e++)
        ck_assert_double_eq_tol(whole->history[0].epochs[e].train.loss, shards->history[0].epochs[e].train.loss, 1e-4);
    end(whole);
    end(shards);
}
END_TEST

START_TEST(more_ranks_than_shards_are_refused) {
    job *j = begin();
    j->options.shards = 2;
    run(j, 3);
    expect_rank_error(j, 0, SOMA_INVALID_ARGUMENT, "2 shards are for as many ranks at most; there are 3");
    end(j);
    j = begin();
    j->options.shards = 1025;
    run(j, 1);
    expect_rank_error(j, 0, SOMA_INVALID_ARGUMENT, "shards is 1025; at most 1024");
    end(j);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- the end */

START_TEST(early_stopping_is_agreed) {
    job *j = begin();
    j->options.epochs = 40;
    j->options.validation_split = 0.3;
    j->options.early_stopping = 2;
    j->options.restore_best = true;
    run(j, 4);
    expect_alike(j, 4);
    ck_assert_int_eq(j->status[0], SOMA_OK);
    ck_assert_uint_lt(j->history[0].count, 40);
    ck_assert_uint_eq(j->history[0].best + 3, j->history[0].count);
    ck_assert_uint_eq(j->history[0].restored, 1);
    end(j);
}
END_TEST

START_TEST(one_callback_stops_all) {
    job *j = begin();
    j->batch_status = SOMA_STOPPED;
    run(j, 3);
    expect_alike(j, 3);
    ck_assert_int_eq(j->status[0], SOMA_STOPPED);
    for (size_t i = 0; i < 3; i++) ck_assert_uint_eq(j->history[i].steps, 2); /* after the step that tells them */
    end(j);
    j = begin();
    j->epoch_status = SOMA_STOPPED;
    run(j, 3);
    expect_alike(j, 3);
    ck_assert_int_eq(j->status[2], SOMA_STOPPED);
    ck_assert_uint_eq(j->history[2].count, 2);
    end(j);
}
END_TEST

START_TEST(all_go_on_at_the_rate_of_the_first) {
    job *j = begin();
    j->rate_by_first = true;
    run(j, 3);
    expect_alike(j, 3);
    ck_assert_double_eq(j->history[2].epochs[0].learning_rate, (double)RATE);
    ck_assert_double_eq(j->history[2].epochs[1].learning_rate, (double)(RATE / 4));
    end(j);
}
END_TEST

START_TEST(what_ends_one_ends_all) {
    job *j = begin();
    j->epoch_status = SOMA_INVALID_FILE;
    run(j, 3);
    for (uint32_t i = 0; i < 3; i++)
        expect_rank_error(j, i, SOMA_INVALID_FILE, i == 1 ? "the callback of" : "rank 1: the callback of the odd one");
    ck_assert(!j->team.aborted);
    end(j);
    j = begin();
    j->batch_status = SOMA_INVALID_FILE; /* which nobody asks for there */
    run(j, 3);
    ck_assert_int_eq(j->status[1], SOMA_INVALID_FILE);
    expect_rank_error(j, 0, SOMA_IO, "given up");
    expect_rank_error(j, 2, SOMA_IO, "given up");
    ck_assert(j->team.aborted);
    end(j);
}
END_TEST

START_TEST(the_rank_whose_gradient_is_not_finite_is_named) {
    job *j = begin();
    j->infinite = true;
    j->options.no_shuffle = true;
    run(j, 3);
    for (uint32_t i = 0; i < 3; i++) {
        expect_rank_error(j, i, SOMA_NOT_FINITE, "a gradient that rank 2 computed is not finite");
        expect_rank_error(j, i, SOMA_NOT_FINITE, "The weights are those from before the training");
    }
    end(j);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ the start */

typedef void spoil_function(job *j);
static void spoil_data(job *j) {
    j->other_data = true;
}
static void spoil_network(job *j) {
    j->other_network = true;
}
static void spoil_decay(job *j) {
    j->other_decay = true;
}
static void spoil_options(job *j) {
    j->other_batch = true;
}
static void spoil_validation(job *j) {
    j->never_validates = true;
}
static void spoil_version(job *j) {
    j->team.other_version = "9.9.9";
}

START_TEST(ranks_that_would_train_something_else_are_refused) {
    static const struct {
        spoil_function *spoil;
        const char *message;
    } rows[] = {{spoil_data, "rank 1 has other training data than rank 0: 18 samples with fingerprint "},
                {spoil_network, "rank 1 has another network than rank 0"},
                {spoil_decay, "rank 1 has another network than rank 0"},
                {spoil_options, "rank 1 is to train with other options than rank 0"},
                {spoil_validation, "rank 1 is to train with other options than rank 0"},
                {spoil_version, "rank 1 is soma 9.9.9, rank 0 is soma "}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        job *j = begin();
        rows[i].spoil(j);
        run(j, 2);
        for (uint32_t rank = 0; rank < 2; rank++) {
            expect_rank_error(j, rank, SOMA_INVALID_ARGUMENT, rows[i].message);
            ck_assert_uint_eq(j->history[rank].count, 0);
        }
        ck_assert(!j->team.aborted);
        end(j);
    }
}
END_TEST

static soma_status no_sum(void *context, float *values, size_t count, void **sum) {
    (void)context, (void)values, (void)count, (void)sum;
    return SOMA_INTERNAL;
}

START_TEST(what_is_no_communicator_is_refused) {
    job *j = begin();
    float *own = malloc(sizeof x);
    soma_network *network = make_network(j, false);
    soma_dataset *dataset = make_dataset(j, own, false);
    expect_ok(soma_compile(network, test_device, NULL));
    soma_communicator wrong = {.abi = SOMA_COMMUNICATOR_ABI + 1, .size = sizeof wrong, .ranks = 1};
    soma_fit_options options = {.communicator = &wrong};
    expect_error(soma_fit(network, dataset, &options, NULL), SOMA_ABI_MISMATCH, "ABI 2");
    wrong.abi = SOMA_COMMUNICATOR_ABI;
    expect_error(soma_fit(network, dataset, &options, NULL), SOMA_INVALID_ARGUMENT, "function");
    wrong.start_sum = no_sum;
    wrong.rank = 1;
    expect_error(soma_fit(network, dataset, &options, NULL), SOMA_INVALID_ARGUMENT, "rank 1 of 1");
    wrong.size = 8;
    expect_error(soma_fit(network, dataset, &options, NULL), SOMA_INVALID_ARGUMENT, "8 bytes");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    free(own);
    end(j);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- checkpoints */

START_TEST(fewer_ranks_go_on_from_a_checkpoint) {
    temporary_create();
    const char *path = temporary_path("team.safetensors");
    job *one = train_alone(false), *four = begin(), *two = begin();
    four->options.checkpoint = path;
    four->options.checkpoint_every = 2;
    four->odd_rank = 0;
    four->batch_status = SOMA_STOPPED; /* in the middle of the first epoch */
    run(four, 4);
    expect_alike(four, 4);
    two->options.resume = path;
    run(two, 2);
    expect_alike(two, 2);
    ck_assert_uint_eq(two->history[0].count, EPOCHS);
    ck_assert_float_le(difference(one, two), bound_of(one));
    ck_assert_double_eq_tol(one->history[0].epochs[0].train.loss, two->history[0].epochs[0].train.loss, 1e-5);
    ck_assert_int_eq(temporary_count(), 1);
    temporary_destroy();
    end(one);
    end(four);
    end(two);
}
END_TEST

static job *begin_shards(uint64_t seed) {
    job *j = begin();
    j->pictures = j->normalized = true;
    j->options.shards = 4;
    j->seed = seed;
    return j;
}

/* To the very bits, of shards, from several weights: the sums of the epoch so far that the checkpoint has are floats by
 * chance with some of them, and with others need the second float that is kept of each. */
START_TEST(a_repeatable_one_goes_on_to_the_same_bits) {
    temporary_create();
    job *whole = begin_shards((uint64_t)_i + 1), *two = begin_shards((uint64_t)_i + 1),
        *three = begin_shards((uint64_t)_i + 1);
    run(whole, 1);
    expect_alike(whole, 1);
    two->options.checkpoint = temporary_path("team.safetensors");
    two->options.checkpoint_every = 2;
    two->batch_status = SOMA_STOPPED;
    run(two, 2);
    expect_alike(two, 2);
    three->options.resume = two->options.checkpoint;
    run(three, 3);
    expect_alike(three, 3);
    expect_same(whole, three, 3);
    temporary_destroy();
    end(whole);
    end(two);
    end(three);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, ranks_make_what_one_makes);
    tcase_add_test(cases, ranks_make_what_one_makes_of_pictures);
    tcase_add_test(cases, a_team_of_one_makes_what_no_team_makes);
    tcase_add_test(cases, a_rank_without_a_sample_goes_along);
    tcase_add_test(cases, all_begin_with_the_weights_of_the_first);
    tcase_add_test(cases, buckets_change_no_bit);
    tcase_add_test(cases, half_as_much_is_sent_at_the_price_of_rounding);
    tcase_add_test(cases, bfloat16_is_rounded_to_nearest);
    tcase_add_test(cases, batchnorm_over_all_ranks_is_that_of_one);
    tcase_add_test(cases, shares_of_one_sample_are_normalised_over_all_ranks);
    tcase_add_test(cases, shares_of_one_sample_are_refused_by_themselves);
    tcase_add_test(cases, sums_under_way_are_waited_for_after_an_error);
    tcase_add_test(cases, what_does_not_go_with_shards_is_refused);
    tcase_add_test(cases, shards_make_the_same_bits);
    tcase_add_test(cases, shards_make_nearly_what_whole_batches_make);
    tcase_add_test(cases, more_ranks_than_shards_are_refused);
    tcase_add_test(cases, early_stopping_is_agreed);
    tcase_add_test(cases, all_go_on_at_the_rate_of_the_first);
    tcase_add_test(cases, one_callback_stops_all);
    tcase_add_test(cases, what_ends_one_ends_all);
    tcase_add_test(cases, the_rank_whose_gradient_is_not_finite_is_named);
    tcase_add_test(cases, ranks_that_would_train_something_else_are_refused);
    tcase_add_test(cases, what_is_no_communicator_is_refused);
    tcase_add_test(cases, fewer_ranks_go_on_from_a_checkpoint);
    tcase_add_loop_test(cases, a_repeatable_one_goes_on_to_the_same_bits, 0, 6);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "distributed", add_tests);
}
