/* SPDX-License-Identifier: MIT */
/* Equations of ONNX's Einsum that make no sense: each is refused with what is wrong. */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "suite.h"
#include "temporary.h"

static const struct {
    const char *equation, *second; /* of x [?, 4] and this one, if any */
    soma_status status;
    const char *words;
} cases[] = {
    {"...i...->i", NULL, SOMA_INVALID_FILE, "attribute equation has an ellipsis twice"},
    {"b.i->b", NULL, SOMA_INVALID_FILE, "attribute equation has a character that is no letter"},
    {"bi,ij,jk->bk", "w", SOMA_INVALID_FILE, "another number of terms than there are values"},
    {"bi->b,i", NULL, SOMA_INVALID_FILE, "attribute equation has a character that is no letter"},
    {"b1->b", NULL, SOMA_INVALID_FILE, "attribute equation has a character that is no letter"},
    {"bi-b", NULL, SOMA_INVALID_FILE, "attribute equation has a character that is no letter"},
    {"bi->b->i", NULL, SOMA_INVALID_FILE, "attribute equation has a character that is no letter"},
    {"ii->i", NULL, SOMA_UNSUPPORTED, "works across the first dimension, which is the batch"},
    {"bi->i", NULL, SOMA_UNSUPPORTED, "works across the first dimension, which is the batch"},
    {"bi->bb", NULL, SOMA_INVALID_FILE, "attribute equation has the letter b twice in the result"},
    {"bi,jj->bi", "narrow", SOMA_INVALID_SHAPE, "the letter j stands for 3 and 4"},
    {"b->b", NULL, SOMA_INVALID_FILE, "another number of letters than a value has dimensions"},
    {"bij->b", NULL, SOMA_INVALID_FILE, "another number of letters than a value has dimensions"},
    {"bi->bij", NULL, SOMA_INVALID_FILE, "has a letter in the result alone"},
    {"bi->b", "w", SOMA_INVALID_FILE, "another number of terms than there are values"},
    {"bi,ij->bj", NULL, SOMA_INVALID_FILE, "another number of terms than there are values"},
    {"bi,ij->bj", "narrow", SOMA_INVALID_SHAPE, "the letter i stands for 4 and 3"},
    {NULL, NULL, SOMA_INVALID_FILE, "attribute equation must be a text"},
};

static int which;

static void put(void) {
    const float zeros[16] = {0};
    floats("w", SHAPE(4, 4), zeros);
    floats("narrow", SHAPE(3, 4), zeros);
    size_t one = soma_onnx_begin_node(&made, "Einsum", "y", (const char *[]){"x", cases[which].second, NULL});
    if (cases[which].equation)
        soma_onnx_put_attribute_text(&made, "equation", cases[which].equation);
    else
        soma_onnx_put_attribute_integer(&made, "equation", 1);
    soma_onnx_end_node(&made, one);
}

START_TEST(what_makes_no_sense_is_refused) {
    soma_network *network;
    which = _i;
    make(put, 8, 16);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    expect_error(soma_load_onnx(temporary_path("m.onnx"), NULL, &network), cases[_i].status, "node 0, \"y\" (Einsum",
                 cases[_i].words);
}
END_TEST

/* The first three make a value of twelve letters, all of which the others want. */
static void put_many(void) {
    const float one = 1, ones[4] = {1, 1, 1, 1};
    floats("u", SHAPE(1, 1, 1, 1, 1), &one);
    floats("v", SHAPE(1, 1, 1, 1, 1), &one);
    floats("w", SHAPE(4, 1, 1, 1, 1, 1, 1, 1), ones);
    floats("z", SHAPE(1, 1, 1), &one);
    size_t node = soma_onnx_begin_node(&made, "Einsum", "y", (const char *[]){"x", "u", "v", "w", "z", NULL});
    soma_onnx_put_attribute_text(&made, "equation", "ab,cdefg,hijkl,bcdefghi,jkl->a");
    soma_onnx_end_node(&made, node);
}

START_TEST(more_letters_between_than_a_value_has_are_refused) {
    soma_network *network;
    make(put_many, 8, 16);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    expect_error(soma_load_onnx(temporary_path("m.onnx"), NULL, &network), SOMA_UNSUPPORTED, "node 0, \"y\" (Einsum",
                 "more than 8 letters in a term");
}
END_TEST

static void add(TCase *tests) {
    tcase_add_unchecked_fixture(tests, temporary_create, temporary_destroy);
    tcase_add_test(tests, more_letters_between_than_a_value_has_are_refused);
    tcase_add_loop_test(tests, what_makes_no_sense_is_refused, 0, (int)SOMA_COUNT_OF(cases));
}

int main(void) {
    return run_suite("onnx, Einsum", add);
}
