/* SPDX-License-Identifier: MIT */
/*
 * Model files that are wrong: each is a good one with one thing changed, in the JSON of the network or among the
 * tensors. Each is refused with a message that says where, and nothing is left behind.
 */
#include "expect.h"
#include "host_network.h"
#include "io/model/json.h"
#include "io/safetensors/safetensors.h"
#include "peak_memory.h"
#include "suite.h"
#include "temporary.h"

#include <stdio.h>
#include <sys/stat.h>

#ifdef SOMA_HAVE_JANSSON
#include <jansson.h>

/*
 * The good network: tensors 0 x [4], 1 dense_1.weight, 2 dense_1.bias, 3 product, 4 dense_1 (relu), 5 dropout_1,
 * 6 dense_2.weight, 7 dense_2.bias, 8 product, 9 dense_2 (softmax); layers x, dense_1, dropout_1, dense_2.
 */
#define TEXT "dense 5 relu; dropout 0.25; dense 3 softmax"

enum { TENSORS = 4 };
static soma_network *good;
static float values[TENSORS][20];
static soma_safetensors_source sources[TENSORS];
static char *good_text;

static void setup(void) {
    temporary_create();
    good = network_of_text(4, TEXT);
    good->has_options = true; /* as if compiled */
    good->preprocessing.mean = soma_calloc(4, sizeof(double));
    good->preprocessing.scale = soma_calloc(4, sizeof(double));
    good->preprocessing.width = 4;
    for (size_t i = 0; i < TENSORS; i++) {
        const soma_tensor *tensor = soma_network_parameter(good, i);
        expect_ok(soma_get_parameter(good, tensor, values[i], soma_tensor_count(tensor)));
        sources[i] = (soma_safetensors_source){.name = tensor->name, .rank = tensor->rank, .data = values[i]};
        memcpy(sources[i].shape, tensor->shape, sizeof sources[i].shape);
    }
    expect_ok(soma_model_encode(good, &good_text));
}

static void teardown(void) {
    soma_network_destroy(good);
    soma_free(good_text);
    temporary_destroy();
}

static const char *write_model(const char *text, size_t count) {
    const char *path = temporary_path("model.safetensors");
    soma_safetensors_pair metadata[] = {{SOMA_MODEL_KEY, text}};
    expect_ok(soma_safetensors_write(path, sources, count, metadata, text ? 1 : 0));
    return path;
}

static void expect_refused(const char *path, const char *const *words, const char *what) {
    soma_network *network = good;
    const char *all[8] = {path};
    for (size_t i = 0; words[i]; i++) all[i + 1] = words[i];
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    peak_memory_start();
    soma_status status = soma_load(path, &network);
    expect_little_memory(about.st_size, what);
    expect_error_words(status, SOMA_INVALID_FILE, all, what);
    ck_assert_ptr_null(network);
}

/* ------------------------------------------------------------------------------------------------------ the network */

/* The place in the JSON, its new value (NULL: removed), what the message says. */
typedef struct change {
    const char *path, *value, *words[3];
} change;

#define LONG_NAME "\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\""

#define OUTPUTS_16 "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"
static const change changes[] = {
    {"format", NULL, {"\"format\" must be a number"}},
    {"format", "2", {"format 2, this version reads format 1"}},
    {"format", "\"1\"", {"\"format\" must be a number"}},
    {"format", "1.0", {"\"format\" must be a number"}},
    {"seed", NULL, {"\"seed\" must be a string of digits"}},
    {"seed", "7", {"\"seed\""}},
    {"seed", "\"-1\"", {"\"seed\""}},
    {"seed", "\"1x\"", {"\"seed\""}},
    {"seed", "\"18446744073709551616\"", {"\"seed\""}},
    {"layers", NULL, {"\"layers\" must be an array"}},
    {"layers", "{}", {"\"layers\" must be an array"}},
    {"tensors", NULL, {"\"tensors\" must be an array"}},
    {"tensors", "[]", {"it has no input"}},
    {"tensors/0", "7", {"tensor 0", "\"op\" must be a name"}},
    {"tensors/0/op", "\"parameter\"", {"tensor 0", "must have a name"}}, /* x is batched */
    {"tensors/3/op", NULL, {"tensor 3", "\"op\" must be a name"}},
    {"tensors/3/op", "\"convolution\"", {"tensor 3", "the op \"convolution\" is not known"}},
    {"tensors/3/op", LONG_NAME, {"tensor 3", "nnnn...\" is not known"}},
    {"tensors/3/op", "\"optimizer\"", {"tensor 3", "the op \"optimizer\" is not known"}}, /* no part of a network */
    {"tensors/3/op", "\"unary_grad\"", {"tensor 3", "is not known"}},
    {"tensors/3/op", "\"second\"", {"tensor 3", "no LSTM"}},
    {"tensors/3/op", "\"third\"", {"tensor 3", "is not known"}},
    {"tensors/3/inputs", NULL, {"tensor 3", "gemm takes 2 to 3 inputs, got 0"}},
    {"tensors/3/inputs", "[0, 1, 2, 2]", {"tensor 3", "gemm takes 2 to 3 inputs, got 4"}},
    {"tensors/3/inputs", "[0, 3]", {"tensor 3", "an input must be a whole number from 0 to 2"}}, /* itself */
    {"tensors/3/inputs", "[0, 9]", {"tensor 3", "an input must be"}}, /* one that comes later */
    {"tensors/3/inputs", "[0, -1]", {"tensor 3", "an input must be"}},
    {"tensors/3/inputs", "[0, 1.5]", {"tensor 3", "an input must be"}},
    {"tensors/3/inputs", "[0, \"1\"]", {"tensor 3", "an input must be"}},
    {"tensors/3/inputs", "[0, 9223372036854775807]", {"tensor 3", "an input must be"}},
    {"tensors/3/inputs", "7", {"tensor 3", "\"inputs\" must be an array"}},
    {"tensors/3/inputs", "[0, 2]", {"tensor 3", "a matrix, or a batch of rows, got [5]"}},
    {"tensors/3/inputs", "[1, 1]", {"tensor 3", "cannot multiply [4, 5] by [4, 5]"}},
    {"tensors/0/inputs", "[0]", {"tensor 0", "the first tensor cannot have inputs"}},
    {"tensors/3/transpose_a", NULL, {"tensor 3", "\"transpose_a\" is missing"}},
    {"tensors/3/transpose_a", "0", {"tensor 3", "\"transpose_a\" must be true or false"}},
    {"tensors/3/transpose_a", "true", {"tensor 3", "cannot multiply [batch, 4] transposed"}},
    {"tensors/4/function", "\"relish\"", {"tensor 4", "\"relish\"", "does not know"}},
    {"tensors/4/function", "5", {"tensor 4", "\"function\" must be a name"}},
    {"tensors/4/function", "\"softmax\"", {"tensor 4", "not a function of one number"}},
    {"tensors/4/function", "\"leaky_relu\"", {"tensor 4", "b < a"}},
    {"tensors/4/a", "1e39", {"tensor 4", "\"a\" must be a number that fits float32"}},
    {"tensors/4/a", "\"1\"", {"tensor 4", "\"a\" must be a number"}},
    {"tensors/5/rate", "1", {"tensor 5", "less than 1"}},
    {"tensors/5/rate", "-0.5", {"tensor 5", "at least 0"}},
    {"tensors/5/stream", "4294967295", {"tensor 5", "\"stream\""}},
    {"tensors/5/stream", "4294967296", {"tensor 5", "\"stream\" must be a whole number"}},
    {"tensors/9/axis", "0", {"tensor 9", "softmax over the batch"}},
    {"tensors/9/axis", "2", {"tensor 9", "no dimension 1"}},
    {"tensors/9/axis", "-1", {"tensor 9", "\"axis\" must be a whole number that is not negative"}},
    {"tensors/9",
     "{\"op\": \"reduce\", \"inputs\": [8], \"reduction\": \"sum\", \"axis\": 0, \"layer\": 4}",
     {"tensor 9", "reduce mixes the samples of a batch"}},
    {"tensors/9",
     "{\"op\": \"gemm\", \"inputs\": [8, 8], \"transpose_a\": true, \"transpose_b\": false, \"layer\": 4}",
     {"tensor 9", "gemm mixes the samples of a batch"}},
    {"tensors/0/shape", NULL, {"tensor 0", "must be batched and have 1 to 4 dimensions"}},
    {"tensors/0/shape", "[]", {"tensor 0", "1 to 4 dimensions"}},
    {"tensors/0/shape", "[0]", {"tensor 0", "dimension 0 is 0"}},
    {"tensors/0/shape", "[-4]", {"tensor 0", "a dimension must be a whole number"}},
    {"tensors/0/shape", "[1, 1, 1, 1, 4]", {"tensor 0", "1 to 4 dimensions"}},
    {"tensors/0/shape", "[1, 1, 1, 1, 1, 4]", {"tensor 0", "at most 5"}},
    {"tensors/0/shape", "[65536, 65536, 65536, 65536]", {"tensor 0", "more elements than memory"}},
    {"tensors/0/shape",
     "[4294967296, 4294967296]",
     {"tensor 0", BY_WIDTH("more elements than memory", "a whole number from 0 to 2147483647")}},
    {"tensors/0/shape",
     "[9223372036854775807]",
     {"tensor 0", BY_WIDTH("more elements than memory", "a whole number from 0 to 2147483647")}},
    {"tensors/0/shape",
     "[2147483647]",
     {BY_WIDTH("tensor 3", "tensor 0"), BY_WIDTH("cannot multiply", "more elements than memory")}},
    {"tensors/0/shape", "[3]", {"tensor 3", "cannot multiply [batch, 3] by [4, 5]"}},
    {"tensors/0/batched", "false", {"tensor 0", "must be batched"}},
    {"tensors/0/batched", NULL, {"tensor 0", "\"batched\" must be true or false"}},
    {"tensors/1/batched", "true", {"tensor 1", "not be batched"}},
    {"tensors/1/name", NULL, {"tensor 1", "must have a name"}},
    {"tensors/1/name", "7", {"tensor 1", "\"name\" must be a string"}},
    {"tensors/1/name", "\"\"", {"tensor 1", "\"name\" is empty"}},
    {"tensors/1/name", "\"x\"", {"tensor 1", "the name \"x\" is taken"}},
    {"tensors/1/name", "\"other\"", {"parameter other is not among the 4 tensors"}},
    {"tensors/1/frozen", "1", {"tensor 1", "\"frozen\" must be true or false"}},
    {"tensors/1/learning_rate", "-1", {"tensor 1", "\"learning_rate\" must be a number of at least 0"}},
    {"tensors/1/learning_rate", "\"fast\"", {"tensor 1", "\"learning_rate\""}},
    {"tensors/1/shape", "[4, 6]", {"tensor 3", "the bias must be [6]"}},
    {"tensors/6/shape", "[3, 5]", {"tensor 8", "cannot multiply"}},
    {"tensors/4/op", "\"parameter\"", {"tensor 4", "parameter"}},
    {"tensors/4/layer", NULL, {"tensor 4", "\"layer\" must be a whole number from 0 to 4"}},
    {"tensors/4/layer", "5", {"tensor 4", "\"layer\" must be"}},
    {"layers/1", "[]", {"layer 1", "\"name\" and \"kind\" must be strings"}},
    {"layers/1/name", NULL, {"layer 1", "must be strings"}},
    {"layers/1/name", "\"\"", {"layer 1", "name is empty"}},
    {"layers/1/name", "\"x\"", {"layer 1", "there is a layer \"x\" already"}},
    {"layers/1/kind", "3", {"layer 1", "must be strings"}},
    {"layers/1/output", NULL, {"layer 1", "\"output\" must be a whole number from 0 to 9"}},
    {"layers/1/output", "10", {"layer 1", "\"output\" must be"}},
    {"layers/1/output", "1", {"layer 1", "a parameter cannot be a layer's output"}},
    {"outputs", NULL, {"\"outputs\" must be an array"}},
    {"outputs", "[10]", {"an output must be a whole number from 0 to 9"}},
    {"outputs", "[9, 9]", {"dense_2 is an output already"}},
    {"outputs", "[1]", {"dense_1.weight", "same for every sample"}},
    {"outputs", "[" OUTPUTS_16 "," OUTPUTS_16 "," OUTPUTS_16 "," OUTPUTS_16 ", 0]", {"at most 64"}},
    {"training", "7", {"\"losses\" must be an array"}},
    {"training/losses", "[]", {"\"losses\" has 0 elements, expected 1"}},
    {"training/losses", "[\"huber\", \"huber\"]", {"\"losses\" must be an array of at most 1"}},
    {"training/losses/0", "\"hinge\"", {"element 0 of \"losses\" is not known"}},
    {"training/metrics/3", "7", {"element 3 of \"metrics\" is not known"}},
    {"training/loss_weights", "[1, 2]", {"\"loss_weights\""}},
    {"training/loss_weights/0", "1e40", {"element 0 of \"loss_weights\" must be a number"}},
    {"training/huber_delta", NULL, {"\"huber_delta\" must be a number"}},
    {"training/huber_delta", "1e40", {"\"huber_delta\" must be a number"}},
    {"training/label_smoothing", "\"much\"", {"\"label_smoothing\" must be a number"}},
    {"training/focal_gamma", "1e40", {"\"focal_gamma\" must be a number"}},
    {"training/focal_alpha", "[]", {"\"focal_alpha\" must be a number"}},
    {"training/quantiles", "0.5", {"\"quantiles\" must be an array of at most 8"}},
    {"training/quantiles", "[0.1, null]", {"element 1 of \"quantiles\""}},
    {"training/top_k", "4294967296", {"\"top_k\" must be a whole number from 0 to 4294967295"}},
    {"training/optimizer", NULL, {"optimizer: \"kind\" is missing"}},
    {"training/optimizer/kind", "\"lion\"", {"optimizer: \"kind\" is \"lion\""}},
    {"training/optimizer/beta1", NULL, {"optimizer: \"beta1\" is missing"}},
    {"training/optimizer/schedule_period", "-1", {"optimizer: \"schedule_period\" must be"}},
    {"preprocessing", NULL, {"\"preprocessing\" must be an object"}},
    {"preprocessing/classes", "{}", {"\"classes\" must be an array"}},
    {"preprocessing/classes", "[\"a\", 7]", {"\"classes\" must be strings"}},
    {"preprocessing/mean", "[1, 2, 3]", {"3 means for inputs of 4 values"}},
    {"preprocessing/mean", "[1, 2, 3, 4, 5]", {"\"mean\" must be an array of at most 4"}},
    {"preprocessing/mean/2", "null", {"element 2 of \"mean\""}},
    {"preprocessing/scale", NULL, {"\"scale\" must be an array"}},
    {"preprocessing/scale/0", "-1e99", {"element 0 of \"scale\""}},
};

static json_t *child(json_t *parent, const char *key, size_t length) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)length, key);
    return json_is_array(parent) ? json_array_get(parent, (size_t)atoi(name)) : json_object_get(parent, name);
}

/* Replaces what is at `path`, "tensors/3/op", or removes it. */
static void apply(json_t *root, const change *what) {
    const char *key = what->path;
    for (const char *slash; (slash = strchr(key, '/')); key = slash + 1) {
        root = child(root, key, (size_t)(slash - key));
        ck_assert_msg(root != NULL, "%s", what->path);
    }
    json_t *value = what->value ? json_loads(what->value, JSON_DECODE_ANY, NULL) : NULL;
    ck_assert_msg(!what->value || value, "%s: %s", what->path, what->value);
    if (json_is_array(root))
        ck_assert_int_eq(json_array_set_new(root, (size_t)atoi(key), value), 0);
    else if (value)
        ck_assert_int_eq(json_object_set_new(root, key, value), 0);
    else
        ck_assert_int_eq(json_object_del(root, key), 0);
}

START_TEST(a_changed_network_is_refused) {
    json_t *root = json_loads(good_text, 0, NULL);
    apply(root, &changes[_i]);
    char *text = json_dumps(root, JSON_COMPACT);
    char what[200];
    snprintf(what, sizeof what, "%s = %s", changes[_i].path, changes[_i].value ? changes[_i].value : "(removed)");
    const char *words[] = {changes[_i].words[0], changes[_i].words[1], changes[_i].words[2], NULL};
    expect_refused(write_model(text, TENSORS), words, what);
    free(text);
    json_decref(root);
}
END_TEST

/* The cells of an LSTM are the only second results of a network that is no training. */
START_TEST(second_results_are_of_an_lstm) {
    static const char *const layers[] = {"lstm 3", "gru 3", "rnn 3", "dense 3"};
    for (size_t i = 0; i < SOMA_COUNT_OF(layers); i++) {
        soma_network *network, *again;
        char *text;
        expect_ok(soma_network_create(&network));
        soma_tensor *x = soma_layers(soma_input(network, "x", 2, (const size_t[]){2, 4}), layers[i]), *second;
        while (x->op != SOMA_OP_RECURRENT && x->op != SOMA_OP_GEMM && x->input_count) x = x->input[0];
        const soma_tensor_spec spec = {.op = SOMA_OP_SECOND, .input_count = 1, .input = &x};
        expect_ok(soma_graph_add(&network->graph, &spec, &second));
        expect_ok(soma_model_encode(network, &text));
        const soma_status status = soma_model_decode("m", text, strlen(text), &again);
        if (i)
            expect_error(status, SOMA_INVALID_FILE, "a second result of what is no LSTM");
        else
            expect_ok(status);
        soma_network_destroy(again);
        soma_network_destroy(network);
        soma_free(text);
    }
}
END_TEST

/* Of steps and keys, or of heads as well: what is added to the scores is no part of a network. */
START_TEST(masks_of_other_shapes_are_refused) {
    static const char *const shapes[] = {"[3]", "[1,1,3]", "[2,3,3]", "[1,2,3,3]"};
    const size_t steps = 3;
    soma_network *network, *again;
    char *text;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 2, (const size_t[]){steps, 4}),
                *mask = soma_input(network, "m", 1, &steps);
    ck_assert_ptr_nonnull(soma_attention(x, 2, &(soma_attention_options){.mask = mask}));
    expect_ok(soma_model_encode(network, &text));
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) {
        json_t *root = json_loads(text, 0, NULL);
        apply(root, &(change){"tensors/1/shape", shapes[i], {NULL}});
        char *changed = json_dumps(root, JSON_COMPACT);
        const soma_status status = soma_model_decode("m", changed, strlen(changed), &again);
        if (i > 0)
            expect_error(status, SOMA_INVALID_FILE, "tensor 11", "the mask must be [batch, keys], got [batch, ");
        else
            expect_ok(status);
        if (i == 0) soma_network_destroy(again);
        free(changed);
        json_decref(root);
    }
    soma_free(text);
    soma_network_destroy(network);
}
END_TEST

/* Harmless changes: the helper does not refuse everything. */
static const change harmless[] = {
    {"version", "\"99.0\"", {NULL}},    {"comment", "[1, {\"a\": null}]", {NULL}},
    {"tensors/3/comment", "1", {NULL}}, {"tensors/3/name", "\"logits\"", {NULL}},
    {"tensors/5/rate", "0", {NULL}},    {"training", NULL, {NULL}},
    {"outputs", "[4, 9]", {NULL}},      {"preprocessing/classes", "[\"a\", \"b\"]", {NULL}},
};

START_TEST(a_harmless_change_is_accepted) {
    json_t *root = json_loads(good_text, 0, NULL);
    if (strcmp(harmless[_i].path, "outputs") == 0) json_object_del(root, "training"); /* a loss per output */
    apply(root, &harmless[_i]);
    char *text = json_dumps(root, JSON_COMPACT);
    soma_network *network;
    expect_ok(soma_load(write_model(text, TENSORS), &network));
    soma_network_destroy(network);
    free(text);
    json_decref(root);
}
END_TEST

/* -------------------------------------------------------------------------------------------------- not a network */

static const struct {
    const char *text, *word;
} texts[] = {
    {"", "not valid JSON"},
    {"nonsense", "not valid JSON"},
    {"{\"format\": 1", "not valid JSON"},
    {"{\"format\": 1, \"format\": 1}", "not valid JSON: duplicate"},
    {"{\"format\": 9223372036854775808}", "not valid JSON"},
    {"{\"format\": 1e999}", "not valid JSON"},
    {"{\"a\": \"\\u0000\"}", "not valid JSON"},
    {"{\"a\": \"\\ud800\"}", "not valid JSON"},
    {"7", "not valid JSON"},
    {"null", "not valid JSON"},
    {"[]", "\"format\" must be a number"},
    {"{}", "\"format\" must be a number"},
};

START_TEST(text_that_is_no_network_is_refused) {
    const char *words[] = {texts[_i].word, NULL};
    expect_refused(write_model(texts[_i].text, TENSORS), words, texts[_i].text);
}
END_TEST

START_TEST(deep_nesting_is_refused) {
    enum { DEPTH = 100000 };
    char *text = soma_malloc(2 * DEPTH + 1);
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    text[2 * DEPTH] = 0;
    static const char *const words[] = {"not valid JSON", NULL};
    expect_refused(write_model(text, TENSORS), words, "deep");
    soma_free(text);
}
END_TEST

START_TEST(too_many_tensors_are_refused) {
    soma_text text = {.data = NULL};
    soma_text_append(&text, "{\"format\":1,\"seed\":\"0\",\"layers\":[],\"tensors\":[0");
    for (int i = 0; i < 20000; i++) soma_text_append(&text, ",0");
    soma_text_append(&text, "]}");
    static const char *const words[] = {"\"tensors\" must be an array of at most 16384", NULL};
    expect_refused(write_model(text.data, TENSORS), words, "many");
    soma_free(text.data);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- the tensors */

START_TEST(a_file_without_a_network_is_refused) {
    static const char *const words[] = {"without a network", "soma.network", NULL};
    expect_refused(write_model(NULL, TENSORS), words, "no metadata");
}
END_TEST

START_TEST(a_missing_tensor_is_refused) {
    static const char *const words[] = {"dense_2.bias is not among the 3 tensors", NULL};
    expect_refused(write_model(good_text, TENSORS - 1), words, "missing");
}
END_TEST

START_TEST(a_tensor_of_another_name_is_refused) {
    sources[0].name = "dense_9.weight";
    static const char *const words[] = {"dense_1.weight is not among the 4 tensors", NULL};
    expect_refused(write_model(good_text, TENSORS), words, "name");
}
END_TEST

START_TEST(a_tensor_of_another_shape_is_refused) {
    sources[0].shape[0] = 5; /* [5, 4] for [4, 5]: as many elements */
    sources[0].shape[1] = 4;
    static const char *const words[] = {"tensor dense_1.weight", "the network's is [4, 5]", NULL};
    expect_refused(write_model(good_text, TENSORS), words, "shape");
    sources[0].rank = 1;
    sources[0].shape[0] = 20;
    expect_refused(write_model(good_text, TENSORS), words, "rank");
    sources[0].shape[0] = 4; /* the first dimension agrees */
    expect_refused(write_model(good_text, TENSORS), words, "prefix");
}
END_TEST

static void expect_refused_with(const char *name, const char *word) {
    soma_safetensors_source more[TENSORS + 1];
    soma_safetensors_pair metadata[] = {{SOMA_MODEL_KEY, good_text}};
    memcpy(more, sources, sizeof sources);
    more[TENSORS] = (soma_safetensors_source){.name = name, .rank = 1, .shape = {1}, .data = values[0]};
    const char *path = temporary_path("model.safetensors"), *words[] = {word, NULL};
    expect_ok(soma_safetensors_write(path, more, TENSORS + 1, metadata, 1));
    expect_refused(path, words, name);
}

START_TEST(a_tensor_too_many_is_refused) {
    expect_refused_with("extra", "tensor extra is no parameter of the network");
    expect_refused_with("dense_1", "tensor dense_1 is no parameter of the network"); /* an activation */
}
END_TEST

/* The header says I16, which has half the bytes. */
START_TEST(a_tensor_of_another_type_is_refused) {
    static const char form[] =
        "{\"__metadata__\":{\"soma.network\":%s},\"dense_1.weight\":{\"dtype\":\"I16\",\"shape\":[4,5],"
        "\"data_offsets\":[0,40]}}";
    json_t *quoted = json_string(good_text);
    char *escaped = json_dumps(quoted, JSON_ENCODE_ANY);
    soma_text file = {.data = NULL};
    soma_text_append(&file, "%8s", ""); /* the length goes here */
    soma_text_append(&file, form, escaped);
    size_t length = file.length - 8;
    for (int i = 0; i < 8; i++) file.data[i] = (char)(length >> 8 * i);
    soma_text_append(&file, "%40s", "");
    static const char *const words[] = {"tensor dense_1.weight is I16, expected F32 (or F16, BF16, F64)", NULL};
    expect_refused(temporary_file("model.safetensors", file.data, file.length), words, "I16");
    soma_free(file.data);
    free(escaped);
    json_decref(quoted);
}
END_TEST

START_TEST(what_is_no_file_is_refused) {
    soma_network *network = good;
    expect_error(soma_load(temporary_path("nothing"), &network), SOMA_IO, "nothing");
    ck_assert_ptr_null(network);
    expect_error(soma_load(temporary_file("empty", "", 0), &network), SOMA_INVALID_FILE, "empty");
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, a_changed_network_is_refused, 0, SOMA_COUNT_OF(changes));
    tcase_add_test(cases, masks_of_other_shapes_are_refused);
    tcase_add_test(cases, second_results_are_of_an_lstm);
    tcase_add_loop_test(cases, a_harmless_change_is_accepted, 0, SOMA_COUNT_OF(harmless));
    tcase_add_loop_test(cases, text_that_is_no_network_is_refused, 0, SOMA_COUNT_OF(texts));
    tcase_add_test(cases, deep_nesting_is_refused);
    tcase_add_test(cases, too_many_tensors_are_refused);
    tcase_add_test(cases, a_file_without_a_network_is_refused);
    tcase_add_test(cases, a_missing_tensor_is_refused);
    tcase_add_test(cases, a_tensor_of_another_name_is_refused);
    tcase_add_test(cases, a_tensor_of_another_shape_is_refused);
    tcase_add_test(cases, a_tensor_too_many_is_refused);
    tcase_add_test(cases, a_tensor_of_another_type_is_refused);
    tcase_add_test(cases, what_is_no_file_is_refused);
}

int main(void) {
    return run_suite("model, bad files", add_tests);
}

#else
int main(void) {
    printf("skipped: built without jansson, by which this test changes models\n");
    return 77;
}
#endif
