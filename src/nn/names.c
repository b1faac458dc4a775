/* SPDX-License-Identifier: MIT */
/* The names under which files, networks from text and the program know the values of enumerations. One table each. */
#include "device/functions.h"
#include "nn/network.h"

#include <stdio.h>
#include <string.h>

/* A value's name, and the other names by which people know it, separated by blanks; NULL: none. */
typedef struct name_row {
    const char *name, *words;
} name_row;

static const name_row loss_rows[] = {
    [SOMA_LOSS_DEFAULT] = {"default", NULL},
    [SOMA_CATEGORICAL_CROSSENTROPY] = {"categorical_crossentropy", "cce crossentropy sparse_categorical_crossentropy"},
    [SOMA_CATEGORICAL_CROSSENTROPY_LOGITS] = {"categorical_crossentropy_logits",
                                              "cce_logits crossentropy_logits softmax_crossentropy_with_logits"},
    [SOMA_BINARY_CROSSENTROPY] = {"binary_crossentropy", "bce bce_loss"},
    [SOMA_BINARY_CROSSENTROPY_LOGITS] = {"binary_crossentropy_logits",
                                         "bce_logits bce_with_logits bce_with_logits_loss "
                                         "binary_crossentropy_with_logits"},
    [SOMA_MEAN_SQUARED_ERROR] = {"mean_squared_error", "mse mse_loss squared_error"},
    [SOMA_MEAN_ABSOLUTE_ERROR] = {"mean_absolute_error", "mae l1_loss absolute_error"},
    [SOMA_HUBER] = {"huber", "huber_loss smooth_l1 smooth_l1_loss"},
    [SOMA_QUANTILE] = {"quantile", "pinball quantile_loss pinball_loss"},
    [SOMA_FOCAL] = {"focal", "focal_loss focal_crossentropy"},
    [SOMA_CATEGORICAL_FOCAL] = {"categorical_focal", "categorical_focal_crossentropy"},
    [SOMA_CATEGORICAL_FOCAL_LOGITS] = {"categorical_focal_logits", "categorical_focal_crossentropy_logits"},
    [SOMA_BINARY_FOCAL] = {"binary_focal", "binary_focal_crossentropy"},
    [SOMA_BINARY_FOCAL_LOGITS] = {"binary_focal_logits", "sigmoid_focal_loss binary_focal_crossentropy_logits"},
    [SOMA_LOSS_NONE] = {"none", NULL},
    [SOMA_CTC] = {"ctc", "ctc_loss"},
};

static const name_row optimizer_rows[] = {
    [SOMA_SGD] = {"sgd", "gradient_descent"},
    [SOMA_MOMENTUM] = {"momentum", "sgd_momentum heavy_ball"},
    [SOMA_NESTEROV] = {"nesterov", "nag nesterov_momentum"},
    [SOMA_RMSPROP] = {"rmsprop", NULL},
    [SOMA_ADAGRAD] = {"adagrad", NULL},
    [SOMA_ADAM] = {"adam", NULL},
    [SOMA_ADAMW] = {"adamw", NULL},
};

static const name_row schedule_rows[] = {
    [SOMA_SCHEDULE_CONSTANT] = {"constant", "fixed"},
    [SOMA_SCHEDULE_STEP] = {"step", "step_decay step_lr"},
    [SOMA_SCHEDULE_EXPONENTIAL] = {"exponential", "exponential_decay exponential_lr"},
    [SOMA_SCHEDULE_COSINE] = {"cosine", "cosine_decay cosine_annealing cosine_annealing_lr"},
    [SOMA_SCHEDULE_PLATEAU] = {"plateau", "reduce_on_plateau reduce_lr_on_plateau"},
};

static const name_row metric_rows[] = {
    [SOMA_METRIC_DEFAULT] = {"default", NULL},
    [SOMA_ACCURACY] = {"accuracy", "acc categorical_accuracy sparse_categorical_accuracy"},
    [SOMA_TOP_K] = {"top_k", "top_k_accuracy top_k_categorical_accuracy sparse_top_k_categorical_accuracy"},
    [SOMA_BINARY_ACCURACY] = {"binary_accuracy", NULL},
    [SOMA_MAE] = {"mae", "mean_absolute_error absolute_error"},
    [SOMA_METRIC_NONE] = {"none", NULL},
    [SOMA_PERPLEXITY] = {"perplexity", "ppl"},
    [SOMA_LABEL_ERROR_RATE] = {"label_error_rate", "ler character_error_rate cer word_error_rate wer"},
};

static const name_row initializer_rows[] = {
    [SOMA_INIT_DEFAULT] = {"default", NULL},
    [SOMA_INIT_ZEROS] = {"zeros", "zero"},
    [SOMA_INIT_CONSTANT] = {"constant", NULL},
    [SOMA_INIT_UNIFORM] = {"uniform", "random_uniform"},
    [SOMA_INIT_NORMAL] = {"normal", "random_normal gaussian"},
    [SOMA_INIT_GLOROT_UNIFORM] = {"glorot_uniform", "xavier_uniform"},
    [SOMA_INIT_GLOROT_NORMAL] = {"glorot_normal", "xavier_normal"},
    [SOMA_INIT_HE_UNIFORM] = {"he_uniform", "kaiming_uniform"},
    [SOMA_INIT_HE_NORMAL] = {"he_normal", "kaiming_normal"},
    [SOMA_INIT_LECUN_UNIFORM] = {"lecun_uniform", NULL},
    [SOMA_INIT_LECUN_NORMAL] = {"lecun_normal", NULL},
    [SOMA_INIT_ORTHOGONAL] = {"orthogonal", NULL},
};

static const name_row binary_rows[] = {
    [SOMA_BINARY_ADD] = {"add", NULL},
    [SOMA_BINARY_SUBTRACT] = {"subtract", NULL},
    [SOMA_BINARY_MULTIPLY] = {"multiply", NULL},
    [SOMA_BINARY_DIVIDE] = {"divide", NULL},
    [SOMA_BINARY_MAXIMUM] = {"maximum", NULL},
    [SOMA_BINARY_MINIMUM] = {"minimum", NULL},
    [SOMA_BINARY_GREATER] = {"greater", NULL},
    [SOMA_BINARY_GREATER_EQUAL] = {"greater_equal", NULL},
    [SOMA_BINARY_POWER] = {"power", NULL},
    [SOMA_BINARY_EQUAL] = {"equal", NULL},
    [SOMA_BINARY_REMAINDER] = {"remainder", NULL},
    [SOMA_BINARY_KEEP] = {"keep", NULL},
};

static const name_row reduction_rows[] = {
    [SOMA_REDUCE_SUM] = {"sum", NULL},
    [SOMA_REDUCE_MEAN] = {"mean", NULL},
    [SOMA_REDUCE_MAX] = {"max", NULL},
    [SOMA_REDUCE_MIN] = {"min", NULL},
    [SOMA_REDUCE_SUM_SQUARES] = {"sum_squares", NULL},
};

static const name_row image_fit_rows[] = {
    [SOMA_FIT_STRETCH] = {"stretch", NULL},
    [SOMA_FIT_CROP] = {"crop", "cover center_crop centre_crop"},
    [SOMA_FIT_PAD] = {"pad", "contain letterbox"},
};

static const name_row pooling_rows[] = {
    [SOMA_POOL_MAX] = {"max", "maximum"},
    [SOMA_POOL_AVERAGE] = {"average", "avg mean"},
};

static const name_row missing_rows[] = {
    [SOMA_MISSING_ERROR] = {"error", NULL}, [SOMA_MISSING_MEDIAN] = {"median", NULL},
    [SOMA_MISSING_MEAN] = {"mean", NULL},   [SOMA_MISSING_ZERO] = {"zero", NULL},
    [SOMA_MISSING_DROP] = {"drop", NULL},   [SOMA_MISSING_LAST] = {"last", NULL},
};

static const name_row recurrent_rows[] = {
    [SOMA_RECURRENT_RNN] = {"rnn", NULL},
    [SOMA_RECURRENT_LSTM] = {"lstm", NULL},
    [SOMA_RECURRENT_GRU] = {"gru", NULL},
};

static const name_row token_rows[] = {
    [SOMA_TOKENS_CHARACTERS] = {"characters", "chars character char"},
    [SOMA_TOKENS_BYTES] = {"bytes", "byte"},
    [SOMA_TOKENS_TOKENIZER] = {"tokenizer", NULL},
};

#define TABLE(rows)                                                                                                    \
    { rows, SOMA_COUNT_OF(rows) }
static const struct {
    const name_row *rows; /* NULL: of functions, which have a table of their own */
    size_t count;
} tables[] = {
    [SOMA_NAMES_FUNCTION] = {NULL, SOMA_SOFTMAX + 1}, [SOMA_NAMES_LOSS] = TABLE(loss_rows),
    [SOMA_NAMES_OPTIMIZER] = TABLE(optimizer_rows),   [SOMA_NAMES_SCHEDULE] = TABLE(schedule_rows),
    [SOMA_NAMES_METRIC] = TABLE(metric_rows),         [SOMA_NAMES_INITIALIZER] = TABLE(initializer_rows),
    [SOMA_NAMES_BINARY] = TABLE(binary_rows),         [SOMA_NAMES_REDUCTION] = TABLE(reduction_rows),
    [SOMA_NAMES_IMAGE_FIT] = TABLE(image_fit_rows),   [SOMA_NAMES_POOLING] = TABLE(pooling_rows),
    [SOMA_NAMES_MISSING] = TABLE(missing_rows),       [SOMA_NAMES_RECURRENT] = TABLE(recurrent_rows),
    [SOMA_NAMES_TOKENS] = TABLE(token_rows),
};

/* Without a name for a value that there is not. */
static name_row row_of(soma_names which, int value) {
    if ((unsigned)which >= SOMA_COUNT_OF(tables) || value < 0 || (size_t)value >= tables[which].count)
        return (name_row){NULL, NULL};
    if (tables[which].rows) return tables[which].rows[value];
    const soma_function_row *function = soma_function_get((soma_function)value);
    return (name_row){soma_function_name((soma_function)value), function ? function->words : NULL};
}

const char *soma_name(soma_names which, int value) {
    return row_of(which, value).name;
}

const char *soma_name_words(soma_names which, int value) {
    name_row row = row_of(which, value);
    return row.name && !row.words ? "" : row.words;
}

/* ------------------------------------------------------------------------------------------------------- finding */

/* Not by the program's locale, in some of which I and i are different letters. */
static char lower(char character) {
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

static bool is_filler(char character) {
    return character == '_' || character == '-';
}

/* The same letters and digits: in upper or lower case, and whatever underscores and hyphens are between them. */
static bool is_same(const char *name, size_t name_length, const char *text, size_t length) {
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        while (i < name_length && is_filler(name[i])) i++;
        while (j < length && is_filler(text[j])) j++;
        if (i == name_length || j == length) return i == name_length && j == length;
        if (lower(name[i]) != lower(text[j])) return false;
    }
}

bool soma_name_is_one_of(const char *words, const char *text, size_t length) {
    while (words && *words) {
        size_t span = strcspn(words, " ");
        if (is_same(words, span, text, length)) return true;
        words += span + (words[span] == ' ');
    }
    return false;
}

bool soma_value_of_name(soma_names which, const char *text, size_t length, int *value) {
    for (int i = 0; (unsigned)which < SOMA_COUNT_OF(tables) && (size_t)i < tables[which].count; i++) {
        name_row row = row_of(which, i);
        if (!row.name) continue; /* of functions, softmax stands apart */
        if (!is_same(row.name, strlen(row.name), text, length) && !soma_name_is_one_of(row.words, text, length))
            continue;
        *value = i;
        return true;
    }
    return false;
}

const char *soma_name_list(soma_names which, char text[SOMA_NAME_LIST]) {
    size_t length = 0;
    text[0] = 0;
    for (int i = 0; (unsigned)which < SOMA_COUNT_OF(tables) && (size_t)i < tables[which].count; i++)
        if (soma_name(which, i) && length < SOMA_NAME_LIST)
            length += (size_t)snprintf(text + length, SOMA_NAME_LIST - length, "%s%s", length ? ", " : "",
                                       soma_name(which, i));
    return text;
}
