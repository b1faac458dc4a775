/* SPDX-License-Identifier: MIT */
/* The names under which files, networks from text and the program know the values of enumerations. One table each. */
#include "device/functions.h"
#include "nn/network.h"

#include <string.h>

static const char *const loss_names[] = {
    [SOMA_LOSS_DEFAULT] = "default",
    [SOMA_CATEGORICAL_CROSSENTROPY] = "categorical_crossentropy",
    [SOMA_CATEGORICAL_CROSSENTROPY_LOGITS] = "categorical_crossentropy_logits",
    [SOMA_BINARY_CROSSENTROPY] = "binary_crossentropy",
    [SOMA_BINARY_CROSSENTROPY_LOGITS] = "binary_crossentropy_logits",
    [SOMA_MEAN_SQUARED_ERROR] = "mean_squared_error",
    [SOMA_MEAN_ABSOLUTE_ERROR] = "mean_absolute_error",
    [SOMA_HUBER] = "huber",
    [SOMA_LOSS_NONE] = "none",
};

static const char *const optimizer_names[] = {
    [SOMA_SGD] = "sgd",         [SOMA_MOMENTUM] = "momentum", [SOMA_NESTEROV] = "nesterov", [SOMA_RMSPROP] = "rmsprop",
    [SOMA_ADAGRAD] = "adagrad", [SOMA_ADAM] = "adam",         [SOMA_ADAMW] = "adamw",
};

static const char *const schedule_names[] = {
    [SOMA_SCHEDULE_CONSTANT] = "constant",       [SOMA_SCHEDULE_STEP] = "step",
    [SOMA_SCHEDULE_EXPONENTIAL] = "exponential", [SOMA_SCHEDULE_COSINE] = "cosine",
    [SOMA_SCHEDULE_PLATEAU] = "plateau",
};

static const char *const metric_names[] = {
    [SOMA_METRIC_DEFAULT] = "default",          [SOMA_ACCURACY] = "accuracy", [SOMA_TOP_K] = "top_k",
    [SOMA_BINARY_ACCURACY] = "binary_accuracy", [SOMA_MAE] = "mae",           [SOMA_METRIC_NONE] = "none",
};

static const char *const initializer_names[] = {
    [SOMA_INIT_DEFAULT] = "default",
    [SOMA_INIT_ZEROS] = "zeros",
    [SOMA_INIT_CONSTANT] = "constant",
    [SOMA_INIT_UNIFORM] = "uniform",
    [SOMA_INIT_NORMAL] = "normal",
    [SOMA_INIT_GLOROT_UNIFORM] = "glorot_uniform",
    [SOMA_INIT_GLOROT_NORMAL] = "glorot_normal",
    [SOMA_INIT_HE_UNIFORM] = "he_uniform",
    [SOMA_INIT_HE_NORMAL] = "he_normal",
    [SOMA_INIT_LECUN_UNIFORM] = "lecun_uniform",
    [SOMA_INIT_LECUN_NORMAL] = "lecun_normal",
};

static const char *const binary_names[] = {
    [SOMA_BINARY_ADD] = "add",           [SOMA_BINARY_SUBTRACT] = "subtract",
    [SOMA_BINARY_MULTIPLY] = "multiply", [SOMA_BINARY_DIVIDE] = "divide",
    [SOMA_BINARY_MAXIMUM] = "maximum",   [SOMA_BINARY_MINIMUM] = "minimum",
    [SOMA_BINARY_GREATER] = "greater",   [SOMA_BINARY_GREATER_EQUAL] = "greater_equal",
    [SOMA_BINARY_POWER] = "power",
};

static const char *const reduction_names[] = {
    [SOMA_REDUCE_SUM] = "sum",
    [SOMA_REDUCE_MEAN] = "mean",
    [SOMA_REDUCE_MAX] = "max",
    [SOMA_REDUCE_MIN] = "min",
    [SOMA_REDUCE_SUM_SQUARES] = "sum_squares",
};

#define TABLE(names)                                                                                                   \
    { names, SOMA_COUNT_OF(names) }
static const struct {
    const char *const *names;
    size_t count;
} tables[] = {
    [SOMA_NAMES_LOSS] = TABLE(loss_names),
    [SOMA_NAMES_OPTIMIZER] = TABLE(optimizer_names),
    [SOMA_NAMES_SCHEDULE] = TABLE(schedule_names),
    [SOMA_NAMES_METRIC] = TABLE(metric_names),
    [SOMA_NAMES_INITIALIZER] = TABLE(initializer_names),
    [SOMA_NAMES_BINARY] = TABLE(binary_names),
    [SOMA_NAMES_REDUCTION] = TABLE(reduction_names),
};

const char *soma_name(soma_names which, int value) {
    if (which == SOMA_NAMES_FUNCTION) return soma_function_name((soma_function)value);
    if ((unsigned)which >= SOMA_COUNT_OF(tables) || value < 0 || (size_t)value >= tables[which].count) return NULL;
    return tables[which].names[value];
}

static bool equals(const char *name, const char *text, size_t length) {
    return name && strlen(name) == length && memcmp(name, text, length) == 0;
}

/* Whether the text is one of the words, which are separated by blanks. */
static bool is_one_of(const char *words, const char *text, size_t length) {
    while (*words) {
        size_t span = strcspn(words, " ");
        if (span == length && memcmp(words, text, length) == 0) return true;
        words += span + (words[span] == ' ');
    }
    return false;
}

/* By another name that people type. */
static bool function_of_word(const char *text, size_t length, int *value) {
    for (int i = 0; length > 0 && i < SOMA_FUNCTION_COUNT; i++)
        if (is_one_of(soma_function_get((soma_function)i)->words, text, length)) return *value = i, true;
    return false;
}

bool soma_value_of_name(soma_names which, const char *text, size_t length, int *value) {
    if ((unsigned)which >= SOMA_COUNT_OF(tables)) return false;
    int last = which == SOMA_NAMES_FUNCTION ? SOMA_SOFTMAX : (int)tables[which].count - 1;
    for (int i = 0; i <= last; i++)
        if (equals(soma_name(which, i), text, length)) {
            *value = i;
            return true;
        }
    return which == SOMA_NAMES_FUNCTION && function_of_word(text, length, value);
}
