/* SPDX-License-Identifier: MIT */
/* Names of enumerations: every value has one, and finds back to its value. */
#include "base/base.h"
#include "expect.h"
#include "suite.h"

#include <ctype.h>

static const struct {
    soma_names which;
    int count; /* values from 0 on */
    const char *first, *last;
} enumerations[] = {
    {SOMA_NAMES_FUNCTION, SOMA_FUNCTION_COUNT, "identity", "shrink"},
    {SOMA_NAMES_LOSS, SOMA_CTC + 1, "default", "ctc"},
    {SOMA_NAMES_OPTIMIZER, SOMA_OPTIMIZER_COUNT, "sgd", "adamw"},
    {SOMA_NAMES_SCHEDULE, SOMA_SCHEDULE_PLATEAU + 1, "constant", "plateau"},
    {SOMA_NAMES_METRIC, SOMA_LABEL_ERROR_RATE + 1, "default", "label_error_rate"},
    {SOMA_NAMES_INITIALIZER, SOMA_INIT_COUNT, "default", "orthogonal"},
    {SOMA_NAMES_BINARY, SOMA_BINARY_COUNT, "add", "keep"},
    {SOMA_NAMES_REDUCTION, SOMA_REDUCTION_COUNT, "sum", "sum_squares"},
    {SOMA_NAMES_IMAGE_FIT, SOMA_FIT_PAD + 1, "stretch", "pad"},
    {SOMA_NAMES_POOLING, SOMA_POOL_KIND_COUNT, "max", "average"},
    {SOMA_NAMES_MISSING, SOMA_MISSING_LAST + 1, "error", "last"},
    {SOMA_NAMES_RECURRENT, SOMA_RECURRENT_KIND_COUNT, "rnn", "gru"},
    {SOMA_NAMES_TOKENS, SOMA_TOKENS_TOKENIZER + 1, "characters", "tokenizer"},
};

START_TEST(names_and_values_find_each_other) {
    soma_names which = enumerations[_i].which;
    int value, count = enumerations[_i].count;
    for (int i = 0; i < count; i++) {
        const char *name = soma_name(which, i);
        ck_assert_msg(name != NULL && *name != 0, "enumeration %d has no name for %d", (int)which, i);
        ck_assert(soma_value_of_name(which, name, strlen(name), &value));
        ck_assert_msg(value == i, "%s is %d and %d", name, i, value); /* no two alike */
    }
    ck_assert_str_eq(soma_name(which, 0), enumerations[_i].first);
    ck_assert_str_eq(soma_name(which, count - 1), enumerations[_i].last);
    ck_assert_ptr_null(soma_name(which, -1));
    ck_assert_ptr_null(soma_name(which, count));
}
END_TEST

START_TEST(softmax_stands_apart) {
    int value = 0;
    ck_assert_str_eq(soma_name(SOMA_NAMES_FUNCTION, SOMA_SOFTMAX), "softmax");
    ck_assert(soma_value_of_name(SOMA_NAMES_FUNCTION, "softmax", 7, &value));
    ck_assert_int_eq(value, SOMA_SOFTMAX);
}
END_TEST

START_TEST(only_whole_names_count) {
    int value = 77;
    ck_assert(soma_value_of_name(SOMA_NAMES_FUNCTION, "relu(1)", 4, &value)); /* so much of the text */
    ck_assert_int_eq(value, SOMA_RELU);
    value = 77;
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "relu", 3, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "relu ", 5, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "re lu", 5, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "relu", 4, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "", 0, &value));
    ck_assert(!soma_value_of_name((soma_names)99, "sum", 3, &value));
    ck_assert(!soma_value_of_name((soma_names)-1, "sum", 3, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "_-", 2, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "mse mse_loss", 12, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "squared", 7, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "mean_squared_error\0", 19, &value));
    ck_assert_ptr_null(soma_name((soma_names)99, 0));
    ck_assert_int_eq(value, 77);
}
END_TEST

/* As people type them: short, in the way of other programs, in upper case, with hyphens. */
static const struct {
    soma_names which;
    const char *typed;
    int value;
} typed_names[] = {
    {SOMA_NAMES_LOSS, "mse", SOMA_MEAN_SQUARED_ERROR},
    {SOMA_NAMES_LOSS, "MSE", SOMA_MEAN_SQUARED_ERROR},
    {SOMA_NAMES_LOSS, "MSELoss", SOMA_MEAN_SQUARED_ERROR},
    {SOMA_NAMES_LOSS, "mean-squared-error", SOMA_MEAN_SQUARED_ERROR},
    {SOMA_NAMES_LOSS, "MeanSquaredError", SOMA_MEAN_SQUARED_ERROR},
    {SOMA_NAMES_LOSS, "mae", SOMA_MEAN_ABSOLUTE_ERROR},
    {SOMA_NAMES_LOSS, "L1Loss", SOMA_MEAN_ABSOLUTE_ERROR},
    {SOMA_NAMES_LOSS, "bce", SOMA_BINARY_CROSSENTROPY},
    {SOMA_NAMES_LOSS, "binary_cross_entropy", SOMA_BINARY_CROSSENTROPY},
    {SOMA_NAMES_LOSS, "BCEWithLogitsLoss", SOMA_BINARY_CROSSENTROPY_LOGITS},
    {SOMA_NAMES_LOSS, "cce", SOMA_CATEGORICAL_CROSSENTROPY},
    {SOMA_NAMES_LOSS, "crossentropy", SOMA_CATEGORICAL_CROSSENTROPY},
    {SOMA_NAMES_LOSS, "cross_entropy", SOMA_CATEGORICAL_CROSSENTROPY},
    {SOMA_NAMES_LOSS, "categorical-cross-entropy", SOMA_CATEGORICAL_CROSSENTROPY},
    {SOMA_NAMES_LOSS, "sparse_categorical_crossentropy", SOMA_CATEGORICAL_CROSSENTROPY},
    {SOMA_NAMES_LOSS, "cce_logits", SOMA_CATEGORICAL_CROSSENTROPY_LOGITS},
    {SOMA_NAMES_LOSS, "smooth_l1", SOMA_HUBER},
    {SOMA_NAMES_METRIC, "acc", SOMA_ACCURACY},
    {SOMA_NAMES_METRIC, "TopKCategoricalAccuracy", SOMA_TOP_K},
    {SOMA_NAMES_METRIC, "top-k", SOMA_TOP_K},
    {SOMA_NAMES_METRIC, "mean_absolute_error", SOMA_MAE},
    {SOMA_NAMES_METRIC, "BinaryAccuracy", SOMA_BINARY_ACCURACY},
    {SOMA_NAMES_OPTIMIZER, "Adam", SOMA_ADAM},
    {SOMA_NAMES_OPTIMIZER, "AdamW", SOMA_ADAMW},
    {SOMA_NAMES_OPTIMIZER, "SGD", SOMA_SGD},
    {SOMA_NAMES_OPTIMIZER, "rms_prop", SOMA_RMSPROP},
    {SOMA_NAMES_OPTIMIZER, "nag", SOMA_NESTEROV},
    {SOMA_NAMES_SCHEDULE, "StepLR", SOMA_SCHEDULE_STEP},
    {SOMA_NAMES_SCHEDULE, "CosineAnnealingLR", SOMA_SCHEDULE_COSINE},
    {SOMA_NAMES_SCHEDULE, "ReduceLROnPlateau", SOMA_SCHEDULE_PLATEAU},
    {SOMA_NAMES_INITIALIZER, "HeNormal", SOMA_INIT_HE_NORMAL},
    {SOMA_NAMES_INITIALIZER, "kaiming_normal", SOMA_INIT_HE_NORMAL},
    {SOMA_NAMES_INITIALIZER, "kaiming_uniform_", SOMA_INIT_HE_UNIFORM}, /* PyTorch's, which works in place */
    {SOMA_NAMES_INITIALIZER, "xavier_uniform", SOMA_INIT_GLOROT_UNIFORM},
    {SOMA_NAMES_INITIALIZER, "xavier-normal", SOMA_INIT_GLOROT_NORMAL},
    {SOMA_NAMES_INITIALIZER, "zeros_", SOMA_INIT_ZEROS},
    {SOMA_NAMES_FUNCTION, "ReLU", SOMA_RELU},
    {SOMA_NAMES_FUNCTION, "swish", SOMA_SILU},
    {SOMA_NAMES_FUNCTION, "LeakyReLU", SOMA_LEAKY_RELU},
    {SOMA_NAMES_FUNCTION, "hard-sigmoid", SOMA_HARD_SIGMOID},
    {SOMA_NAMES_FUNCTION, "SoftMax", SOMA_SOFTMAX},
};

START_TEST(names_as_people_type_them) {
    int value = -1;
    ck_assert_msg(
        soma_value_of_name(typed_names[_i].which, typed_names[_i].typed, strlen(typed_names[_i].typed), &value), "%s",
        typed_names[_i].typed);
    ck_assert_msg(value == typed_names[_i].value, "%s is %d", typed_names[_i].typed, value);
}
END_TEST

/* The words of a row find it, and stand in no other row, however they are written. */
START_TEST(other_names_find_their_value) {
    soma_names which = enumerations[_i].which;
    for (int i = 0; i < enumerations[_i].count; i++) {
        const char *words = soma_name_words(which, i);
        ck_assert_msg(words != NULL, "%s", soma_name(which, i));
        for (const char *word = words; *word; word += strspn(word, " ")) {
            size_t length = strcspn(word, " ");
            char upper[64];
            int value = -1;
            ck_assert(length > 0 && length < sizeof upper);
            for (size_t j = 0; j < length; j++) upper[j] = (char)toupper((unsigned char)word[j]);
            ck_assert_msg(soma_value_of_name(which, upper, length, &value) && value == i, "%.*s is %d, not %d",
                          (int)length, word, value, i);
            ck_assert_msg(length != strlen(soma_name(which, i)) || memcmp(word, soma_name(which, i), length) != 0,
                          "%.*s is the name", (int)length, word);
            word += length;
        }
    }
    ck_assert_ptr_null(soma_name_words(which, -1));
    ck_assert_ptr_null(soma_name_words(which, enumerations[_i].count));
    ck_assert_ptr_null(soma_name_words((soma_names)99, 0));
    ck_assert_str_eq(soma_name_words(SOMA_NAMES_FUNCTION, SOMA_SOFTMAX), "");
    ck_assert_str_eq(soma_name_words(SOMA_NAMES_LOSS, SOMA_MEAN_SQUARED_ERROR), "mse mse_loss squared_error");
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, names_and_values_find_each_other, 0, SOMA_COUNT_OF(enumerations));
    tcase_add_test(cases, softmax_stands_apart);
    tcase_add_test(cases, only_whole_names_count);
    tcase_add_loop_test(cases, names_as_people_type_them, 0, SOMA_COUNT_OF(typed_names));
    tcase_add_loop_test(cases, other_names_find_their_value, 0, SOMA_COUNT_OF(enumerations));
}

int main(void) {
    return run_suite("names", add_tests);
}
