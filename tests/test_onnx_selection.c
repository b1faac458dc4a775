/* SPDX-License-Identifier: MIT */
/* Pieces of values that are known only when a model runs: Slice with any step, Split, Gather, Pad that takes away, and
 * Resize to many places, of x[b][c][i] = 10000 b + 100 c + i. */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 2, CHANNELS = 4, WIDTH = 150 };

static soma_device *device;

static float number(int sample, int channel, int place) {
    return (float)(10000 * sample + 100 * channel + place);
}

static soma_status load(soma_network **network) {
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, NULL, network);
}

static void put(const char *op, const char *out, const char *const *inputs, const char *attribute, int64_t value) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (attribute) soma_onnx_put_attribute_integer(&made, attribute, value);
    soma_onnx_end_node(&made, one);
}

static void slice(int64_t axis, int64_t start, int64_t end, int64_t step) {
    integers("starts", 1, &start);
    integers("ends", 1, &end);
    integers("axes", 1, &axis);
    integers("steps", 1, &step);
    put("Slice", "y", (const char *[]){"x", "starts", "ends", "axes", "steps", NULL}, NULL, 0);
}

/* ------------------------------------------------------------------------------------------------------------ cases */

static void every_third(void) {
    slice(2, 1, 1000, 3);
}
static float every_third_is(int sample, int channel, int place) {
    return number(sample, channel, 1 + 3 * place);
}
static void backwards(void) {
    slice(2, -1, -1000, -1);
}
static float backwards_is(int sample, int channel, int place) {
    return number(sample, channel, WIDTH - 1 - place);
}
/* 149 places, of which nothing but 1 is a divisor. */
static void backwards_but_one(void) {
    slice(2, -2, -1000, -1);
}
static float backwards_but_one_is(int sample, int channel, int place) {
    return number(sample, channel, WIDTH - 2 - place);
}
static void every_other_channel(void) {
    slice(1, 1, 4, 2);
}
static float every_other_channel_is(int sample, int channel, int place) {
    return number(sample, 1 + 2 * channel, place);
}
/* Between convolutions images lie channels last. */
static void after_a_convolution(void) {
    floats("w", SHAPE(4, 1, 1), (const float[]){1, 1, 1, 1});
    put("Conv", "c", (const char *[]){"x", "w", NULL}, "group", 4);
    integers("starts", 2, (const int64_t[]){3, 0});
    integers("ends", 2, (const int64_t[]){-9, 1000});
    integers("axes", 2, (const int64_t[]){1, 2});
    integers("steps", 2, (const int64_t[]){-1, 2});
    put("Slice", "y", (const char *[]){"c", "starts", "ends", "axes", "steps", NULL}, NULL, 0);
}
static float after_a_convolution_is(int sample, int channel, int place) {
    return number(sample, 3 - channel, 2 * place);
}
static void backwards_after_a_convolution(void) {
    floats("w", SHAPE(4, 1, 1), (const float[]){1, 1, 1, 1});
    put("Conv", "c", (const char *[]){"x", "w", NULL}, "group", 4);
    integers("starts", 1, (const int64_t[]){99});
    integers("ends", 1, (const int64_t[]){4});
    integers("axes", 1, (const int64_t[]){2});
    integers("steps", 1, (const int64_t[]){-1});
    put("Slice", "y", (const char *[]){"c", "starts", "ends", "axes", "steps", NULL}, NULL, 0);
}
static float backwards_after_a_convolution_is(int sample, int channel, int place) {
    return number(sample, channel, 99 - place);
}
static void split(const char *const *outputs, const char *lengths, int64_t axis, int64_t count) {
    size_t one = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "x");
    if (lengths) soma_protobuf_put_text(W, NODE_INPUT, lengths);
    for (; *outputs; outputs++) soma_protobuf_put_text(W, NODE_OUTPUT, *outputs);
    soma_protobuf_put_text(W, NODE_OP, "Split");
    soma_onnx_put_attribute_integer(&made, "axis", axis);
    if (count) soma_onnx_put_attribute_integer(&made, "num_outputs", count);
    soma_protobuf_close(W, one);
}
static void three_parts(void) {
    integers("lengths", 3, (const int64_t[]){1, 2, 1});
    split((const char *[]){"a", "b", "c", NULL}, "lengths", -2, 0);
    put("Sub", "d", (const char *[]){"b", "a", NULL}, NULL, 0);
    put("Sub", "y", (const char *[]){"d", "c", NULL}, NULL, 0);
}
static float three_parts_is(int sample, int channel, int place) {
    return number(sample, 1 + channel, place) - number(sample, 0, place) - number(sample, 3, place);
}
/* One that nobody uses has no name. */
static void uneven_parts(void) {
    split((const char *[]){"", "b", "c", "y", NULL}, NULL, 2, 4); /* of 38, 38, 38 and 36 */
}
static float uneven_parts_is(int sample, int channel, int place) {
    return number(sample, channel, 114 + place);
}
/* So many that they do not fit beside the others that were there when the node was read. */
static void threes(void) {
    enum { PARTS = WIDTH / 3 };
    static char names[PARTS][8];
    const char *outputs[PARTS + 1] = {NULL};
    for (int i = 0; i < PARTS; i++) {
        snprintf(names[i], sizeof names[i], i + 1 < PARTS ? "part%d" : "y", i);
        outputs[i] = names[i];
    }
    split(outputs, NULL, 2, PARTS);
}
static float threes_is(int sample, int channel, int place) {
    return number(sample, channel, WIDTH - 3 + place);
}
static void some_channels(void) {
    integers("index", 3, (const int64_t[]){2, -4, 2});
    put("Gather", "y", (const char *[]){"x", "index", NULL}, "axis", 1);
}
static float some_channels_is(int sample, int channel, int place) {
    return number(sample, channel == 1 ? 0 : 2, place);
}
static void less_and_more(void) {
    integers("pads", 6, (const int64_t[]){0, -1, 2, 0, 1, -3});
    floats("seven", 0, NULL, (const float[]){7});
    put("Pad", "y", (const char *[]){"x", "pads", "seven", NULL}, NULL, 0);
}
static float less_and_more_is(int sample, int channel, int place) {
    return channel == 3 || place < 2 ? 7 : number(sample, channel + 1, place - 2);
}
/* One channel and one place are the least that is left. */
static void one_of_each(void) {
    integers("pads", 6, (const int64_t[]){0, -3, 1 - WIDTH, 0, 0, 0});
    put("Pad", "y", (const char *[]){"x", "pads", NULL}, NULL, 0);
}
static float one_of_each_is(int sample, int channel, int place) {
    return number(sample, channel + 3, place + WIDTH - 1);
}
/* attributes: names and texts of them. */
static void put_texts(const char *const *attributes) {
    for (; *attributes; attributes += 2) {
        size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
        soma_protobuf_put_text(W, 1, attributes[0]);
        soma_protobuf_put_integer(W, 20, 3); /* STRING */
        soma_protobuf_put_text(W, 4, attributes[1]);
        soma_protobuf_close(W, attribute);
    }
}
/* Once there and back, and once more. */
static void reflected(void) {
    integers("pads", 6, (const int64_t[]){0, 0, 160, 0, 0, 140});
    size_t one = soma_onnx_begin_node(&made, "Pad", "y", (const char *[]){"x", "pads", NULL});
    put_texts((const char *[]){"mode", "reflect", NULL});
    soma_onnx_end_node(&made, one);
}
static float reflected_is(int sample, int channel, int place) {
    int at = place - 160; /* from -160 to 289: at most twice behind an edge */
    if (at < 0) at = -at;
    if (at >= WIDTH) at = 2 * (WIDTH - 1) - at;
    return number(sample, channel, at < 0 ? -at : at);
}
static void resize(const char *const *inputs, const char *const *attributes) {
    size_t one = soma_onnx_begin_node(&made, "Resize", "y", inputs);
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){2}, 1);
    put_texts(attributes);
    soma_onnx_end_node(&made, one);
}
static const char *const corners[] = {"mode", "linear", "coordinate_transformation_mode", "align_corners", NULL};
/* Linearly, from corner to corner: between two places one more. */
static void to_many_places(void) {
    integers("sizes", 1, (const int64_t[]){299});
    resize((const char *[]){"x", "", "", "sizes", NULL}, corners);
}
/* The same by a scale: 299.4 places are 299, and the last lies in the corner all the same. */
static void to_as_many_places(void) {
    floats("scales", 1, (const int64_t[]){1}, (const float[]){1.996f});
    resize((const char *[]){"x", "", "scales", NULL}, corners);
}
static float to_many_places_is(int sample, int channel, int place) {
    return number(sample, channel, 0) + (float)place / 2;
}
/* The float nearest to 0.7 is less than that; 150 times it is 105 as a float. */
static void to_seven_tenths(void) {
    floats("scales", 1, (const int64_t[]){1}, (const float[]){0.7f});
    resize((const char *[]){"x", "", "scales", NULL},
           (const char *[]){"coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor", NULL});
}
static float to_seven_tenths_is(int sample, int channel, int place) {
    return number(sample, channel, 10 * place / 7);
}

static const struct {
    const char *name;
    void (*body)(void);
    float (*expected)(int sample, int channel, int place);
    int channels, width;
    uint32_t most_calls; /* 0: any number */
} cases[] = {
    {"every third", every_third, every_third_is, 4, 50, 0},
    {"backwards", backwards, backwards_is, 4, WIDTH, 60},
    {"backwards but one", backwards_but_one, backwards_but_one_is, 4, WIDTH - 1, 60},
    {"backwards after a convolution", backwards_after_a_convolution, backwards_after_a_convolution_is, 4, 95, 60},
    {"reflected", reflected, reflected_is, 4, WIDTH + 300, 120},
    {"every other channel", every_other_channel, every_other_channel_is, 2, WIDTH, 0},
    {"after a convolution", after_a_convolution, after_a_convolution_is, 4, 75, 0},
    {"three parts", three_parts, three_parts_is, 2, WIDTH, 0},
    {"uneven parts", uneven_parts, uneven_parts_is, 4, 36, 0},
    {"threes", threes, threes_is, 4, 3, 0},
    {"some channels", some_channels, some_channels_is, 3, WIDTH, 0},
    {"less and more", less_and_more, less_and_more_is, 4, WIDTH - 1, 0},
    {"one of each", one_of_each, one_of_each_is, 1, 1, 0},
    {"to many places", to_many_places, to_many_places_is, 4, 299, 0},
    {"to as many places", to_as_many_places, to_many_places_is, 4, 299, 0},
    {"to seven tenths", to_seven_tenths, to_seven_tenths_is, 4, 105, 0},
};

START_TEST(pieces_are_those_that_are_meant) {
    soma_network *network;
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    size_t count = (size_t)(BATCH * cases[_i].channels * cases[_i].width);
    float *x = calloc((size_t)BATCH * CHANNELS * WIDTH, sizeof *x), *y = calloc(count, sizeof *y);
    for (int i = 0; i < BATCH * CHANNELS * WIDTH; i++)
        x[i] = number(i / (CHANNELS * WIDTH), i / WIDTH % CHANNELS, i % WIDTH);
    onnx_make(cases[_i].body, 8, 18, SHAPE(OPEN, CHANNELS, WIDTH));
    expect_ok(load(&network));
    expect_ok(soma_compile(network, device, &options));
    ck_assert_uint_eq(BATCH * soma_tensor_count(soma_network_output(network, 0)), count);
    expect_ok(soma_run(network, x, BATCH, y));
    for (int i = 0; i < (int)count; i++) {
        int place = i % cases[_i].width, row = i / cases[_i].width;
        float expected = cases[_i].expected(row / cases[_i].channels, row % cases[_i].channels, place);
        ck_assert_msg(fabsf(y[i] - expected) <= 2e-3f, "%s: value %d is %.9g, expected %.9g", cases[_i].name, i,
                      (double)y[i], (double)expected);
    }
    soma_network_figures figures;
    expect_ok(soma_network_get_figures(network, BATCH, &figures));
    ck_assert_msg(!cases[_i].most_calls || figures.calls_per_inference <= cases[_i].most_calls, "%s: %u calls",
                  cases[_i].name, figures.calls_per_inference);
    soma_network_destroy(network);
    free(x);
    free(y);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- refusals */

static void too_few_parts(void) {
    integers("lengths", 2, (const int64_t[]){1, 2});
    split((const char *[]){"y", "b", NULL}, "lengths", 1, 0);
}
static void other_number_of_parts(void) {
    split((const char *[]){"y", "b", NULL}, NULL, 1, 3);
}
static void negative_part(void) {
    integers("lengths", 2, (const int64_t[]){5, -1});
    split((const char *[]){"y", "b", NULL}, "lengths", 1, 0);
}
static void huge_part(void) {
    integers("lengths", 2, (const int64_t[]){1, INT64_MAX});
    split((const char *[]){"y", "b", NULL}, "lengths", 1, 0);
}
static void parts_of_the_batch(void) {
    split((const char *[]){"y", "b", NULL}, NULL, 0, 2);
}
static void nothing_left(void) {
    integers("pads", 6, (const int64_t[]){0, -2, 0, 0, -2, 0});
    put("Pad", "y", (const char *[]){"x", "pads", NULL}, NULL, 0);
}
static void no_slices(void) {
    tensor("index", 7, SHAPE(0), 0);
    put("Gather", "y", (const char *[]){"x", "index", NULL}, "axis", 1);
}

static const struct {
    void (*body)(void);
    soma_status status;
    const char *words;
} refused[] = {
    {too_few_parts, SOMA_INVALID_FILE, "2 parts of 3 elements in all, for 2 outputs of an axis of 4"},
    {other_number_of_parts, SOMA_INVALID_FILE, "cut into 3 parts, of which 2 are named"},
    {negative_part, SOMA_INVALID_FILE, "part 0 has 5 elements; 4 of the axis are left"},
    {huge_part, SOMA_INVALID_FILE, "part 1 has 9223372036854775807 elements; 3 of the axis are left"},
    {parts_of_the_batch, SOMA_UNSUPPORTED, "which is the batch"},
    {nothing_left, SOMA_UNSUPPORTED, "pads of -2 and -2 around 4"},
    {no_slices, SOMA_UNSUPPORTED, "no elements"},
};

START_TEST(what_makes_no_sense_is_refused) {
    soma_network *network;
    onnx_make(refused[_i].body, 8, 18, SHAPE(OPEN, CHANNELS, WIDTH));
    expect_error(load(&network), refused[_i].status, "node 0", refused[_i].words);
    ck_assert_ptr_null(network);
}
END_TEST

int main(void) {
    if (soma_device_open("cpu", NULL, &device) != SOMA_OK) return 1;
    TCase *tcase = tcase_create("onnx, selection");
    tcase_add_unchecked_fixture(tcase, temporary_create, temporary_destroy);
    tcase_add_loop_test(tcase, pieces_are_those_that_are_meant, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tcase, what_makes_no_sense_is_refused, 0, sizeof refused / sizeof *refused);
    Suite *suite = suite_create("onnx, selection");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
