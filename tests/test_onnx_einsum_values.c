/* SPDX-License-Identifier: MIT */
/*
 * ONNX's Einsum of all forms, with a batch that is open. Values by hand.
 *
 * Usage: test_onnx_einsum_values DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

static void put(const char *equation, const char *second, const char *third) {
    size_t one = soma_onnx_begin_node(&made, "Einsum", "y", (const char *[]){"x", second, third, NULL});
    soma_onnx_put_attribute_text(&made, "equation", equation);
    soma_onnx_end_node(&made, one);
}

static void matrix(const char *name) {
    floats(name, SHAPE(2, 2), (const float[]){1, 2, 3, 4});
}

static void ellipsis(void) {
    matrix("w");
    put("...ij,jk->...ik", "w", NULL);
}
/* What one value has of the ellipsis, the other has not: the sum of columns times 1 and 10. */
static void ellipsis_of_one(void) {
    floats("w", SHAPE(2), (const float[]){1, 10});
    put("...i, i -> ...", "w", NULL);
}
static void three_values(void) {
    matrix("w");
    floats("u", SHAPE(2, 1), (const float[]){1, 10});
    put("bi,ij,jk->bk", "w", "u");
}
static void diagonal(void) {
    put("bii->bi", NULL, NULL);
}
static void trace(void) {
    put("bii->b", NULL, NULL);
}
/* For each of two steps a row of its own. */
static void five_letters(void) {
    floats("w", SHAPE(2, 1, 2), (const float[]){1, 10, 100, 1000});
    put("bthd,tjd->bhtj", "w", NULL);
}
static void two_of_a_sample(void) {
    node("Neg", "x", NULL, "n");
    put("bij,bjk->bik", "n", NULL);
}
static void without_an_arrow(void) {
    matrix("w");
    put("bi,ij", "w", NULL);
}
/* Nothing is added up: [i, j] is x[i] w[j]; in the other order. */
static void outer(void) {
    floats("w", SHAPE(3), (const float[]){1, 10, 100});
    put("bi,j->bji", "w", NULL);
}
/* One letter stands for 1 and 2. */
static void of_one_element(void) {
    floats("w", SHAPE(1, 2), (const float[]){1, 10});
    put("bi,ij->bj", "w", NULL);
}
/* A letter of one value that nobody wants is added up first; the batch turned to the front of the rest. */
static void sums_of_one(void) {
    floats("w", SHAPE(2, 2), (const float[]){1, 2, 3, 4});
    put("bij,jk->bi", "w", NULL);
}
static void turned(void) {
    put("bij->bji", NULL, NULL);
}

static const onnx_case cases[] = {
    {"ellipsis", ellipsis, 4, {OPEN, 1, 2, 2}, 1, 4, {1, 1, 1, -1}, {4, 6, -2, -2}},
    {"ellipsis of one", ellipsis_of_one, 3, {OPEN, 2, 2}, 1, 2, {1, 2, 3, 4}, {21, 43}},
    {"three values", three_values, 2, {OPEN, 2}, 2, 2, {1, 1, 0, 1}, {64, 43}},
    {"diagonal", diagonal, 3, {OPEN, 2, 2}, 2, 4, {1, 2, 3, 4, 5, 6, 7, 8}, {1, 4, 5, 8}},
    {"trace", trace, 3, {OPEN, 2, 2}, 2, 2, {1, 2, 3, 4, 5, 6, 7, 8}, {5, 13}},
    {"five letters", five_letters, 4, {OPEN, 2, 1, 2}, 1, 2, {1, 2, 3, 4}, {21, 4300}},
    {"two of a sample", two_of_a_sample, 3, {OPEN, 2, 2}, 1, 4, {1, 2, 3, 4}, {-7, -10, -15, -22}},
    {"without an arrow", without_an_arrow, 2, {OPEN, 2}, 2, 4, {1, 1, 1, -1}, {4, 6, -2, -2}},
    {"outer", outer, 2, {OPEN, 2}, 1, 6, {2, 3}, {2, 3, 20, 30, 200, 300}},
    {"of one element", of_one_element, 2, {OPEN, 2}, 1, 2, {2, 3}, {5, 50}},
    {"sums of one", sums_of_one, 3, {OPEN, 2, 2}, 1, 2, {1, 0, 1, 1}, {3, 10}},
    {"turned", turned, 3, {OPEN, 2, 3}, 1, 6, {1, 2, 3, 4, 5, 6}, {1, 4, 2, 5, 3, 6}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx, values of Einsum", 16, cases, sizeof cases / sizeof *cases);
}
