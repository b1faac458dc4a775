/* SPDX-License-Identifier: MIT */
/* What ONNX models mean, where the vectors of ONNX's own test suite do not say: values computed by hand. */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/family.h"
#include "onnx_model.h"
#include "temporary.h"

#include <stdio.h>

enum { MOST_VALUES = 64 };

static soma_device *device;

static soma_status load(const soma_onnx_options *options, soma_network **network) {
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, options, network);
}

/* The first input's values give these of the first output. */
static void expect_values(soma_network *network, size_t samples, const float *x, size_t count, const float *expected,
                          const char *what) {
    float found[MOST_VALUES];
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE, SOMA_LOSS_NONE, SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, device, &options));
    ck_assert_uint_eq(soma_network_input_count(network), 1);
    ck_assert_uint_eq(samples * soma_tensor_count(soma_network_output(network, 0)), count);
    expect_ok(soma_run(network, x, samples, found));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(found[i] == expected[i], "%s: value %zu is %.9g, expected %.9g", what, i, (double)found[i],
                      (double)expected[i]);
}

/* ------------------------------------------------------------------------------------------------------- the file */

static void relu(void) {
    node("Relu", "x", NULL, "y");
}

START_TEST(a_domain_that_is_imported_twice_does_no_harm) {
    soma_network *network;
    const float x[4] = {-1, 2, -3, 4}, y[4] = {0, 2, 0, 4};
    make(relu, 8, 17);
    import_domain(NULL, 17);
    import_domain("ai.onnx", 17);
    expect_ok(load(NULL, &network));
    expect_values(network, 1, x, 4, y, "relu");
    soma_network_destroy(network);
}
END_TEST

/* -------------------------------------------------------------------------------------------- operands before opset 7
 */

typedef struct old_case {
    const char *op;
    int64_t axis; /* -1: none */
    size_t rank;
    int64_t shape[2];
    float second[4], expected[8]; /* for x = 1 to 8, two samples of 2 x 2 */
} old_case;

static const old_case old_cases[] = {
    {"Add", 1, 1, {2}, {10, 20}, {11, 12, 23, 24, 15, 16, 27, 28}},
    {"Add", 2, 1, {2}, {10, 20}, {11, 22, 13, 24, 15, 26, 17, 28}},
    {"Add", -1, 1, {2}, {10, 20}, {11, 22, 13, 24, 15, 26, 17, 28}},
    {"Add", 1, 2, {2, 2}, {10, 20, 30, 40}, {11, 22, 33, 44, 15, 26, 37, 48}},
    {"Sub", 1, 1, {2}, {10, 20}, {-9, -8, -17, -16, -5, -4, -13, -12}},
    {"Mul", 1, 1, {2}, {10, 20}, {10, 20, 60, 80, 50, 60, 140, 160}},
    {"Div", 1, 1, {2}, {2, 4}, {0.5f, 1, 0.75f, 1, 2.5f, 3, 1.75f, 2}},
    {"Pow", 1, 1, {2}, {1, 2}, {1, 2, 9, 16, 5, 6, 49, 64}},
};
static const old_case *old;

static void put_old(void) {
    floats("b", old->rank, old->shape, old->second);
    size_t one = soma_onnx_begin_node(&made, old->op, "y", (const char *[]){"x", "b", NULL});
    soma_onnx_put_attribute_integer(&made, "broadcast", 1);
    if (old->axis != -1) soma_onnx_put_attribute_integer(&made, "axis", old->axis);
    soma_onnx_end_node(&made, one);
}

START_TEST(an_axis_says_where_the_second_operand_begins) {
    soma_network *network;
    const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    old = &old_cases[_i];
    for (int64_t opset = 1; opset < 7; opset++) {
        onnx_make(put_old, 3, opset, SHAPE(OPEN, 2, 2));
        expect_ok(load(NULL, &network));
        expect_values(network, 2, x, 8, old->expected, old->op);
        soma_network_destroy(network);
    }
    onnx_make(put_old, 3, 7, SHAPE(OPEN, 2, 2)); /* since opset 7 the last dimensions meet, and there is no axis */
    expect_ok(load(NULL, &network));
    soma_network_destroy(network);
}
END_TEST

START_TEST(a_second_operand_lies_within_the_first) {
    soma_network *network;
    const old_case outside = {.op = "Add", .axis = 3, .rank = 1, .shape = {2}},
                   below = {.op = "Add", .axis = -2, .rank = 1, .shape = {2}},
                   longer = {.op = "Add", .axis = 2, .rank = 2, .shape = {2, 2}},
                   other = {.op = "Add", .axis = 1, .rank = 1, .shape = {3}},
                   batch = {.op = "Add", .axis = 0, .rank = 1, .shape = {2}};
    const struct {
        const old_case *test;
        soma_status status;
        const char *word;
    } cases[] = {{&outside, SOMA_INVALID_FILE, "does not lie within the first"},
                 {&below, SOMA_INVALID_FILE, "does not lie within the first"},
                 {&longer, SOMA_INVALID_FILE, "does not lie within the first"},
                 {&other, SOMA_INVALID_SHAPE, "2 and 3 cannot be broadcast"},
                 {&batch, SOMA_UNSUPPORTED, "which is the batch"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        old = cases[i].test;
        onnx_make(put_old, 3, 6, SHAPE(OPEN, 2, 2));
        expect_error(load(NULL, &network), cases[i].status, "node 0", cases[i].word);
    }
}
END_TEST

/* --------------------------------------------------------------------------------------------------- chosen outputs */

/* y = relu(x), n = -y; c is made by an op that soma does not have, of a text and a weight of texts. */
static void three_outputs(void) {
    put_typed_value(GRAPH_INPUT, "words", 8, SHAPE(OPEN));
    tensor("names", 8, SHAPE(4), 16);
    node("Relu", "x", NULL, "y");
    node("Tokenize", "words", "names", "t");
    node("Neg", "y", NULL, "n");
    node("MaxRoiPool", "t", "y", "c");
    put_value(GRAPH_OUTPUT, "n", SHAPE(OPEN, 4));
    put_value(GRAPH_OUTPUT, "c", SHAPE(OPEN, 4));
}

START_TEST(nothing_behind_other_outputs_is_needed) {
    soma_network *network;
    const char *one[] = {"n"}, *two[] = {"n", "y"}, *none[] = {"c"};
    const float x[4] = {-1, 2, -3, 4}, n[4] = {-0.0f, -2, -0.0f, -4};
    make(three_outputs, 8, 17);
    expect_error(load(NULL, &network), SOMA_UNSUPPORTED, "2 of 4 nodes", "Tokenize", "MaxRoiPool");
    expect_error(load(&(soma_onnx_options){.outputs = none, .output_count = 1}, &network), SOMA_UNSUPPORTED,
                 "2 of 3 nodes");
    expect_ok(load(&(soma_onnx_options){.outputs = one, .output_count = 1}, &network));
    ck_assert_uint_eq(soma_network_output_count(network), 1);
    expect_values(network, 1, x, 4, n, "n");
    soma_network_destroy(network);
    expect_ok(load(&(soma_onnx_options){.outputs = two, .output_count = 2}, &network));
    ck_assert_uint_eq(soma_network_output_count(network), 2);
    ck_assert_str_eq(soma_tensor_name(soma_network_output(network, 0)), "n");
    ck_assert_str_eq(soma_tensor_name(soma_network_output(network, 1)), "y");
    ck_assert_uint_eq(soma_network_input_count(network), 1);
    soma_network_destroy(network);
}
END_TEST

START_TEST(outputs_are_chosen_by_names_that_there_are) {
    soma_network *network;
    const char *other[] = {"y", "z"}, *twice[] = {"y", "n", "y"}, *inner[] = {"t"};
    make(three_outputs, 8, 17);
    expect_error(load(&(soma_onnx_options){.outputs = other, .output_count = 2}, &network), SOMA_INVALID_ARGUMENT,
                 "m.onnx: ", "no output \"z\"", "\"n\", \"c\", \"y\"");
    expect_error(load(&(soma_onnx_options){.outputs = inner, .output_count = 1}, &network), SOMA_INVALID_ARGUMENT,
                 "no output \"t\"");
    expect_error(load(&(soma_onnx_options){.outputs = twice, .output_count = 3}, &network), SOMA_INVALID_ARGUMENT,
                 "\"y\" is asked for twice");
    expect_error(load(&(soma_onnx_options){.output_count = 1}, &network), SOMA_INVALID_ARGUMENT, "outputs is NULL");
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- the listing
 */

static void append_value(void *context, const soma_onnx_value_info *value) {
    char *text = context;
    sprintf(text + strlen(text), "%s %s %s", value->is_output ? "out" : "in", value->name, value->type);
    for (uint32_t i = 0; i < value->rank; i++) sprintf(text + strlen(text), " %d", (int)value->shape[i]);
    strcat(text, value->has_shape ? "; " : " ?; ");
}

static void append_op(void *context, const char *name, size_t nodes, bool supported) {
    char *text = context;
    sprintf(text + strlen(text), "%s%zu %s; ", supported ? "" : "no ", nodes, name);
}

/* An initializer that is listed as an input is none. */
static void of_all_kinds(void) {
    floats("w", SHAPE(4), (const float[]){1, 2, 3, 4});
    put_value(GRAPH_INPUT, "w", SHAPE(4));
    size_t value = soma_protobuf_open(W, GRAPH_INPUT);
    soma_protobuf_put_text(W, 1, "s");
    size_t type = soma_protobuf_open(W, 2);
    soma_protobuf_close(W, soma_protobuf_open(W, 4)); /* a sequence */
    soma_protobuf_close(W, type);
    soma_protobuf_close(W, value);
    node("Add", "x", "w", "a");
    size_t other = soma_onnx_begin_node(&made, "Attention", "y", (const char *[]){"a", "s", NULL});
    soma_protobuf_put_text(W, 7, "com.example");
    soma_onnx_end_node(&made, other);
}

START_TEST(a_model_is_listed_whether_it_runs_or_not) {
    char text[1000] = "";
    int64_t opset = 0;
    soma_network *network;
    soma_onnx_visitor visitor = {.context = text, .value = append_value, .op = append_op}, none = {.context = NULL};
    make(of_all_kinds, 8, 17);
    expect_error(load(NULL, &network), SOMA_UNSUPPORTED, "Attention");
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_list_onnx(path, &visitor, &opset));
    ck_assert_int_eq(opset, 17);
    ck_assert_str_eq(text, "in x float -1 4; in s sequence ?; out y float -1 4; 1 Add; no 1 com.example.Attention; ");
    expect_ok(soma_list_onnx(path, &none, &opset));
    make(relu, 8, 99);
    expect_error(load(NULL, &network), SOMA_UNSUPPORTED, "opset 99");
    *text = 0;
    expect_ok(soma_list_onnx(path, &visitor, &opset));
    ck_assert_int_eq(opset, 99);
    ck_assert_str_eq(text, "in x float -1 4; out y float -1 4; 1 Relu; ");
    none.reserved[3] = 1;
    expect_error(soma_list_onnx(path, &none, &opset), SOMA_INVALID_ARGUMENT, "soma_onnx_visitor");
    expect_error(soma_list_onnx(NULL, &visitor, &opset), SOMA_INVALID_ARGUMENT, "soma_list_onnx");
    expect_error(soma_list_onnx(temporary_path("nothing.onnx"), &visitor, &opset), SOMA_IO, "nothing.onnx");
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ missing ops */

static void put_branch(const char *name, const char *const *ops) {
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, name);
    soma_protobuf_put_integer(W, 20, 5); /* GRAPH */
    size_t graph = soma_protobuf_open(W, 6);
    for (; *ops; ops++) node(*ops, "x", NULL, "inner");
    soma_protobuf_close(W, graph);
    soma_protobuf_close(W, attribute);
}

static void branches(void) {
    node("MaxRoiPool", "x", NULL, "a");
    node("Relu", "a", NULL, "b");
    size_t one = soma_onnx_begin_node(&made, "If", "c", (const char *[]){"b", NULL});
    put_branch("then_branch", (const char *[]){"MaxRoiPool", "Relu", "RandomNormal", NULL});
    put_branch("else_branch", (const char *[]){"MaxRoiPool", "Gelu", NULL});
    soma_onnx_end_node(&made, one);
    node("MaxRoiPool", "c", NULL, "y");
}

START_TEST(missing_ops_are_summed_up_over_branches_too) {
    soma_network *network;
    make(branches, 8, 17);
    expect_error(load(NULL, &network), SOMA_UNSUPPORTED, "2 of 9 nodes", "opset 17",
                 "\n  \"MaxRoiPool\": 4 nodes, the first \"a\", node 0\n",
                 "\n  \"RandomNormal\": 1 node, \"inner\" inside node 2\n",
                 "\n  \"Gelu\": 1 node, \"inner\" inside node 2; there is this op since opset 20");
    ck_assert_ptr_null(strstr(soma_last_error(), "Relu"));
}
END_TEST

/* A branch that makes y of x by one op, with a value of the same name inside of both. */
static void put_choice(const char *name, const char *op) {
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, name);
    soma_protobuf_put_integer(W, 20, 5); /* GRAPH */
    size_t graph = soma_protobuf_open(W, 6);
    node(op, "x", NULL, "inner");
    node("Neg", "inner", NULL, "result");
    put_value(GRAPH_OUTPUT, "result", SHAPE(OPEN, 4));
    soma_protobuf_close(W, graph);
    soma_protobuf_close(W, attribute);
}

static void put_if(const char *condition, const char *out) {
    size_t one = soma_onnx_begin_node(&made, "If", out, (const char *[]){condition, NULL});
    put_choice("then_branch", "Relu");
    put_choice("else_branch", "MaxRoiPool");
    soma_onnx_end_node(&made, one);
}

/* Whether x has two dimensions, which is known; the other branch has an op that soma does not have. */
static void known_branches(void) {
    node("Shape", "x", NULL, "shape");
    node("Size", "shape", NULL, "rank");
    integers("one", 1, (const int64_t[]){1});
    node("LessOrEqual", "rank", "one", "small");
    node("Not", "small", NULL, "holds");
    put_if("holds", "a");
    put_if("holds", "b");
    node("Add", "a", "b", "y");
}

static void unknown_branches(void) {
    put_if("x", "y");
}

static void branch_not_known(void) {
    node("Shape", "x", NULL, "shape");
    node("Size", "shape", NULL, "rank");
    integers("two", 1, (const int64_t[]){2});
    node("Greater", "rank", "two", "holds");
    put_if("holds", "y");
}

START_TEST(a_branch_is_taken_whose_condition_is_known) {
    soma_network *network;
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    float x[4] = {1, -2, 3, 0}, y[4], expected[4] = {-2, 0, -6, 0};
    make(known_branches, 8, 17);
    expect_ok(load(NULL, &network));
    expect_ok(soma_compile(network, device, &options));
    expect_ok(soma_run(network, x, 1, y));
    for (int i = 0; i < 4; i++) ck_assert_float_eq(y[i], expected[i]);
    soma_network_destroy(network);
    make(unknown_branches, 8, 17);
    expect_error(load(NULL, &network), SOMA_UNSUPPORTED, "node 0", "x says which branch is taken");
    make(branch_not_known, 8, 17);
    expect_error(load(NULL, &network), SOMA_UNSUPPORTED, "node 3", "does not have the op MaxRoiPool in opset 17");
}
END_TEST

static void images(void) {
    node("GlobalAveragePool", "x", NULL, "y");
}

static void pair_of_inputs(void) {
    floats("w", SHAPE(1, 4), (const float[]){1, 2, 3, 4});
    put_value(GRAPH_INPUT, "w", SHAPE(1, 4));
    node("Add", "x", "w", "y");
}

START_TEST(a_shape_is_given_once_and_of_an_input) {
    soma_network *network;
    size_t shape[2] = {1, 4};
    soma_onnx_input inputs[2] = {{.name = "x", .shape = shape, .rank = 2}, {.name = "x", .shape = shape, .rank = 2}};
    soma_onnx_options options = {.inputs = inputs, .input_count = 2};
    make(pair_of_inputs, 8, 17);
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "input \"x\" is given two shapes");
    inputs[1].name = "w";
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "\"w\"", "initializer");
    options.input_count = 1;
    expect_ok(load(&options, &network));
    soma_network_destroy(network);
}
END_TEST

static void scaled(void) {
    put_value(GRAPH_INPUT, "scale", SHAPE(4));
    node("Mul", "x", "scale", "y");
}

static void openly_scaled(void) {
    put_value(GRAPH_INPUT, "scale", SHAPE(OPEN));
    node("Mul", "x", "scale", "y");
}

static void scaled_by_open_rows(void) {
    put_value(GRAPH_INPUT, "scale", SHAPE(OPEN, 4));
    node("Mul", "x", "scale", "y");
}

START_TEST(an_input_given_as_a_constant_has_its_shape) {
    soma_network *network;
    const double values[] = {1, 2, 3, 4};
    soma_onnx_constant constant = {.name = "scale", .values = values, .count = 4};
    const soma_onnx_options options = {.constants = &constant, .constant_count = 1};
    make(openly_scaled, 8, 17); /* as many as are given */
    expect_ok(load(&options, &network));
    ck_assert_uint_eq(soma_network_input_count(network), 1);
    soma_network_destroy(network);
    make(scaled, 8, 17);
    expect_ok(load(&options, &network));
    soma_network_destroy(network);
    constant.count = 3;
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "is given 3 values as a constant, its shape has 4");
    constant.count = 4;
    make(scaled_by_open_rows, 8, 17); /* how many they are is not said by their number alone */
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "is given 4 values as a constant", "its shape has 0");
}
END_TEST

START_TEST(shapes_that_are_open_are_given) {
    soma_network *network;
    size_t shape[4] = {1, 2, 3, 5}, found[SOMA_MAX_RANK];
    soma_onnx_input input = {.name = "x", .shape = shape, .rank = 4};
    soma_onnx_options options = {.inputs = &input, .input_count = 1};
    onnx_make(images, 8, 17, SHAPE(OPEN, 2, OPEN, -1));
    expect_error(load(NULL, &network), SOMA_UNSUPPORTED, "dimensions 0 and 2 are not fixed", "--input");
    expect_ok(load(&options, &network));
    ck_assert_uint_eq(soma_tensor_shape(soma_network_input(network, 0), found), 3);
    ck_assert(found[0] == 2 && found[1] == 3 && found[2] == 5);
    soma_network_destroy(network);
    shape[1] = 7;
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "dimension 1 is given as 7, in the file it is 2");
    input.rank = 3;
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "given 3 dimensions, in the file it has 4");
    input.name = "z";
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "there is no input \"z\"");
    input.shape = NULL;
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "inputs[0] has no name or no shape");
    options.inputs = NULL;
    expect_error(load(&options, &network), SOMA_INVALID_ARGUMENT, "input_count is 1, inputs is NULL");
}
END_TEST

/* ------------------------------------------------------------------------------------------------- documentation */

static const char *document;

/* The ops in the first column of the next table, which are of this domain; *rest is then behind it. */
static size_t count_listed(char **rest, const char *domain) {
    size_t named = 0;
    char *line, *name;
    *rest = strstr(*rest, "| --- | --- |\n") + strlen("| --- | --- |\n");
    while ((line = strsep(rest, "\n")) && strncmp(line, "| ", 2) == 0) {
        char *names = line + 2;
        *strstr(names, " |") = 0;
        while ((name = strsep(&names, ", "))) {
            if (!*name) continue;
            ck_assert_msg(soma_onnx_find_row(domain, name) != NULL, "%s lists %s, which is no op here", document, name);
            named++;
        }
    }
    return named;
}

/* Three tables in docs/onnx.md: of ONNX's own domain, of its classical machine learning, and of onnxruntime's own. */
START_TEST(the_document_lists_the_ops_that_there_are) {
    soma_buffer text;
    size_t known = 0;
    expect_ok(soma_file_read(document, 1 << 20, &text));
    char *copy = soma_calloc(text.size + 1, 1), *rest = memcpy(copy, text.data, text.size);
    size_t named = count_listed(&rest, NULL);
    named += count_listed(&rest, SOMA_ONNX_ML);
    named += count_listed(&rest, SOMA_ONNX_MICROSOFT);
#define X(op) known++;
    SOMA_ONNX_OP_LIST(X)
#undef X
    for (size_t i = 0; i < SOMA_FUNCTION_COUNT; i++)
        if (*soma_onnx_functions[i].name)
            known += soma_onnx_find_row(NULL, soma_onnx_functions[i].name) == &soma_onnx_functions[i];
    ck_assert_uint_eq(named, known);
    soma_free(copy);
    soma_free(text.data);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: %s docs/onnx.md\n", argv[0]), 2;
    document = argv[1];
    if (soma_device_open("cpu", NULL, &device) != SOMA_OK) return 1;
    TCase *cases = tcase_create("onnx, reading");
    tcase_add_unchecked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, a_domain_that_is_imported_twice_does_no_harm);
    tcase_add_loop_test(cases, an_axis_says_where_the_second_operand_begins, 0, sizeof old_cases / sizeof *old_cases);
    tcase_add_test(cases, a_second_operand_lies_within_the_first);
    tcase_add_test(cases, nothing_behind_other_outputs_is_needed);
    tcase_add_test(cases, outputs_are_chosen_by_names_that_there_are);
    tcase_add_test(cases, a_model_is_listed_whether_it_runs_or_not);
    tcase_add_test(cases, missing_ops_are_summed_up_over_branches_too);
    tcase_add_test(cases, a_branch_is_taken_whose_condition_is_known);
    tcase_add_test(cases, shapes_that_are_open_are_given);
    tcase_add_test(cases, an_input_given_as_a_constant_has_its_shape);
    tcase_add_test(cases, a_shape_is_given_once_and_of_an_input);
    tcase_add_test(cases, the_document_lists_the_ops_that_there_are);
    Suite *suite = suite_create("onnx, reading");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
