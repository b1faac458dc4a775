/* SPDX-License-Identifier: MIT */
/* Nodes for images whose attributes or weights are wrong: each is refused with the place and the reason. */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "temporary.h"

typedef struct bad_case {
    const char *op, *attribute; /* of whole numbers; "": a text, or a weight of another shape */
    size_t count;
    int64_t values[8];
    const char *text; /* of auto_pad or mode */
    soma_status status;
    const char *words;
} bad_case;

static const bad_case cases[] = {
    {"Conv", "kernel_shape", 2, {2, 3}, NULL, SOMA_INVALID_FILE, "kernel_shape has 2 where the weight has 3"},
    {"Conv", "strides", 1, {1}, NULL, SOMA_INVALID_FILE, "strides has 1 numbers; for 2 dimensions"},
    {"Conv", "strides", 2, {1, 0}, NULL, SOMA_INVALID_FILE, "strides has 0; 1 to"},
    {"Conv", "dilations", 2, {1, (int64_t)1 << 40}, NULL, SOMA_INVALID_FILE, "dilations has 1099511627776; 1 to"},
    {"Conv", "pads", 3, {1, 1, 1}, NULL, SOMA_INVALID_FILE, "pads has 3 numbers"},
    {"Conv", "pads", 4, {1, 1, -1, 1}, NULL, SOMA_INVALID_FILE, "pads has -1; 0 to"},
    {"Conv", "auto_pad", 0, {0}, "SAME", SOMA_INVALID_FILE, "auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER"},
    {"Conv", "", 4, {2, 3, 5, 3}, NULL, SOMA_INVALID_SHAPE, "the kernel reaches over 5 positions"},
    {"Conv", "", 4, {2, 2, 3, 3}, NULL, SOMA_INVALID_SHAPE, "goes with 2 channels"},
    {"Conv", "", 3, {2, 3, 3}, NULL, SOMA_UNSUPPORTED, "the weight w must be the same for every sample, and have 4"},
    {"Conv", "", 4, {2, 3, 0, 3}, NULL, SOMA_INVALID_FILE, "the kernel has 0 positions"},
    {"ConvTranspose", "output_padding", 1, {1}, NULL, SOMA_INVALID_FILE, "output_padding has 1 numbers; it needs 2"},
    {"ConvTranspose", "output_padding", 2, {0, -1}, NULL, SOMA_INVALID_FILE, "output_padding has -1"},
    {"ConvTranspose", "output_shape", 3, {1, 6, 6}, NULL, SOMA_INVALID_FILE, "output_shape has 3 numbers"},
    {"ConvTranspose", "output_shape", 2, {6, 0}, NULL, SOMA_INVALID_FILE, "output_shape has 0"},
    {"MaxPool", "strides", 2, {1, 1}, NULL, SOMA_INVALID_FILE, "kernel_shape is missing"},
    {"MaxPool", "kernel_shape", 2, {5, 1}, NULL, SOMA_INVALID_SHAPE, "the window reaches over 5 positions"},
    {"AveragePool", "kernel_shape", 3, {1, 1, 1}, NULL, SOMA_INVALID_FILE, "kernel_shape has 3 numbers"},
    {"Pad", "pads", 3, {0, 0, 1}, NULL, SOMA_INVALID_FILE, "3 pads; for 4 dimensions they are 8"},
    {"Pad", "pads", 8, {0, 0, -9, 0, 0, 0, 0, 0}, NULL, SOMA_UNSUPPORTED, "pads of -9 and 0"},
    {"Pad", "pads", 8, {1, 0, 0, 0, 0, 0, 0, 0}, NULL, SOMA_UNSUPPORTED, "which is the batch"},
    {"Pad", "mode", 0, {0}, "mirror", SOMA_UNSUPPORTED, "attribute mode is \"mirror\""},
    {"DepthToSpace", "mode", 0, {0}, "DCR", SOMA_INVALID_FILE, "attribute blocksize is 0"}, /* which it lacks */
    {"Upsample", "mode", 0, {0}, "cubic", SOMA_UNSUPPORTED, "attribute mode is \"cubic\""},
};

/* Integers that are not lists, and nodes that lack something. */
static const struct {
    const char *op, *attribute;
    int64_t value;
    soma_status status;
    const char *words;
} single[] = {
    {"Conv", "group", 0, SOMA_INVALID_FILE, "attribute group is 0"},
    {"Conv", "group", 5, SOMA_INVALID_SHAPE, "5 groups cannot share"},
    {"DepthToSpace", "blocksize", 2, SOMA_INVALID_SHAPE, "3 channels are no multiple of the block's 4"},
    {"DepthToSpace", "blocksize", INT64_MAX, SOMA_INVALID_FILE, "attribute blocksize is 9223372036854775807"},
    {"SpaceToDepth", "blocksize", 3, SOMA_INVALID_SHAPE, "4 times 4 positions are no multiples of the block's size, 3"},
    {"SpaceToDepth", "blocksize", 0, SOMA_INVALID_FILE, "attribute blocksize is 0"},
    {"LRN", "size", 0, SOMA_INVALID_FILE, "attribute size is 0"},
};

/* Pools of which some windows have no position of the 4 x 4. */
static const struct {
    const char *op;
    int64_t kernel[2], strides[2], dilations[2], pads[4], count_padding;
    const char *words; /* NULL: read */
} pools[] = {
    {"MaxPool", {2, 2}, {1, 1}, {1, 1}, {2, 0, 0, 0}, 0, "starts at position -2 meets none of the 4 positions"},
    {"MaxPool", {2, 2}, {1, 1}, {1, 1}, {0, 0, 0, 2}, 0, "starts at position 4 meets none of the 4 positions"},
    {"MaxPool",
     {2, 2},
     {1, 1},
     {1, 5},
     {0, 1, 0, 1},
     0,
     "along dimension 1 a window of 2, dilation 5, that starts at position -1"},
    {"MaxPool", {2, 2}, {1, 6}, {1, 5}, {0, 1, 0, 1}, 0, "that starts at position -1"},
    {"AveragePool", {1, 2}, {1, 1}, {1, 5}, {0, 1, 0, 1}, 0, "with a padding of 1 and 1"},
    {"AveragePool", {1, 2}, {1, 1}, {1, 5}, {0, 1, 0, 1}, 1, NULL},
    {"MaxPool", {2, 2}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 0, NULL},
    {"MaxPool", {2, 2}, {1, 2}, {1, 5}, {0, 2, 0, 0}, 0, NULL},
};

static const bad_case *bad;
static int which;

static void put_text_attribute(const char *name, const char *text) {
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, name);
    soma_protobuf_put_integer(W, 20, 3); /* STRING */
    soma_protobuf_put_text(W, 4, text);
    soma_protobuf_close(W, attribute);
}

static bool has_weight(const char *op) {
    return strncmp(op, "Conv", 4) == 0;
}

static void put_bad(void) {
    const int64_t usual[] = {2, 3, 3, 3}, turned[] = {3, 2, 3, 3};
    bool own = *bad->attribute == 0;
    const int64_t *shape = own ? bad->values : strcmp(bad->op, "Conv") == 0 ? usual : turned;
    size_t rank = own ? bad->count : 4, count = 1;
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    float *zeros = soma_calloc(count + 1, sizeof *zeros);
    floats("w", rank, shape, zeros);
    soma_free(zeros);
    size_t one =
        soma_onnx_begin_node(&made, bad->op, "y", (const char *[]){"x", has_weight(bad->op) ? "w" : NULL, NULL});
    if (bad->text)
        put_text_attribute(bad->attribute, bad->text);
    else if (!own)
        soma_onnx_put_attribute_integers(&made, bad->attribute, bad->values, bad->count);
    soma_onnx_end_node(&made, one);
}

static void put_single(void) {
    const float zeros[2 * 3 * 3 * 3] = {0};
    floats("w", SHAPE(2, 3, 3, 3), zeros);
    bool weight = has_weight(single[which].op);
    size_t one = soma_onnx_begin_node(&made, single[which].op, "y", (const char *[]){"x", weight ? "w" : NULL, NULL});
    soma_onnx_put_attribute_integer(&made, single[which].attribute, single[which].value);
    soma_onnx_end_node(&made, one);
}

static void put_pool(void) {
    size_t one = soma_onnx_begin_node(&made, pools[which].op, "y", (const char *[]){"x", NULL});
    soma_onnx_put_attribute_integers(&made, "kernel_shape", pools[which].kernel, 2);
    soma_onnx_put_attribute_integers(&made, "strides", pools[which].strides, 2);
    soma_onnx_put_attribute_integers(&made, "dilations", pools[which].dilations, 2);
    soma_onnx_put_attribute_integers(&made, "pads", pools[which].pads, 4);
    if (pools[which].count_padding) soma_onnx_put_attribute_integer(&made, "count_include_pad", 1);
    soma_onnx_end_node(&made, one);
}

static void expect_refusal(void (*body)(void), soma_status status, const char *words) {
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    onnx_make(body, 8, 8, SHAPE(OPEN, 3, 4, 4));
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_error(soma_load_onnx(path, NULL, &network), status, "m.onnx: node 0, \"y\"", words);
    ck_assert_ptr_null(network);
}

START_TEST(attributes_that_are_wrong_are_refused) {
    bad = &cases[_i];
    expect_refusal(put_bad, bad->status, bad->words);
}
END_TEST

START_TEST(numbers_that_are_wrong_are_refused) {
    which = _i;
    expect_refusal(put_single, single[_i].status, single[_i].words);
}
END_TEST

START_TEST(windows_of_padding_alone_are_refused) {
    soma_network *network = NULL;
    which = _i;
    if (pools[_i].words) {
        expect_refusal(put_pool, SOMA_INVALID_SHAPE, pools[_i].words);
        return;
    }
    onnx_make(put_pool, 8, 19, SHAPE(OPEN, 3, 4, 4));
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    expect_ok(soma_load_onnx(temporary_path("m.onnx"), NULL, &network));
    soma_network_destroy(network);
}
END_TEST

static void put_places(void) {
    size_t one = soma_onnx_begin_node(&made, "MaxPool", "largest", (const char *[]){"x", NULL});
    soma_protobuf_put_text(W, NODE_OUTPUT, "i");
    soma_onnx_put_attribute_integers(&made, "kernel_shape", (const int64_t[]){64, 64}, 2);
    soma_onnx_put_attribute_integers(&made, "strides", (const int64_t[]){64, 64}, 2);
    soma_onnx_end_node(&made, one);
    one = soma_onnx_begin_node(&made, "Cast", "f", (const char *[]){"i", NULL});
    soma_onnx_put_attribute_integer(&made, "to", 1);
    soma_onnx_end_node(&made, one);
    node("Add", "largest", "f", "y");
}

/* Places are counted over all images, channels and positions: float32 has each number up to 2^24, and not the next. */
START_TEST(places_are_counted_as_far_as_floats_do) {
    static const struct {
        int64_t shape[4];
        bool fits;
    } images[] = {{{256, 1, 256, 256}, true},  {{257, 1, 256, 256}, false}, {{1, 256, 256, 256}, true},
                  {{1, 257, 256, 256}, false}, {{16, 16, 256, 256}, true},  {{16, 17, 256, 256}, false}};
    soma_network *network = NULL;
    onnx_make(put_places, 8, 13, 4, images[_i].shape);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    soma_status status = soma_load_onnx(temporary_path("m.onnx"), NULL, &network);
    if (images[_i].fits)
        expect_ok(status);
    else
        expect_error(status, SOMA_UNSUPPORTED, "m.onnx: node 0, \"largest\"", "more than 16777216 elements");
    soma_network_destroy(network);
}
END_TEST

int main(void) {
    TCase *all = tcase_create("onnx, windows");
    tcase_add_checked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, attributes_that_are_wrong_are_refused, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(all, numbers_that_are_wrong_are_refused, 0, sizeof single / sizeof *single);
    tcase_add_loop_test(all, windows_of_padding_alone_are_refused, 0, sizeof pools / sizeof *pools);
    tcase_add_loop_test(all, places_are_counted_as_far_as_floats_do, 0, 6);
    Suite *suite = suite_create("onnx, windows");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
