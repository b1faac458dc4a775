/* SPDX-License-Identifier: MIT */
/* Preprocessing that belongs to a network: what it learned of its training data, kept and saved with it. */
#include "data/dataset.h"
#include "data/gaps.h"
#include "data/preprocess.h"
#include "data/tally.h"
#include "nn/network.h"
#include "train/ids.h"
#include "train/match_data.h"

#include <string.h>

/* Of samples, or of their steps. */
static soma_status keep_classes(soma_preprocessing *preprocessing, const soma_dataset *dataset) {
    const size_t classes = dataset->storage->class_name_count;
    if (!soma_dataset_class_name(dataset, 0)) return SOMA_OK;
    preprocessing->class_names = soma_calloc(classes, sizeof *preprocessing->class_names);
    if (!preprocessing->class_names) return soma_out_of_memory(classes * sizeof(char *), "class names");
    for (size_t i = 0; i < classes; i++) {
        const char *name = soma_dataset_class_name(dataset, i);
        preprocessing->class_names[i] = soma_strdup(name ? name : "");
        if (!preprocessing->class_names[i]) return soma_out_of_memory(64, "a class name");
        preprocessing->class_count++;
    }
    return SOMA_OK;
}

/* A mean for each value that the network takes, so that the file it is saved in holds as many as it should. */
static soma_status check_width(const soma_network *network, size_t width) {
    size_t inputs = 0;
    for (size_t i = 0; i < network->input_count; i++) inputs += soma_tensor_count(network->inputs[i]);
    if (inputs == width) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "the network's inputs have %zu values, the samples of the data set %zu",
                      inputs, width);
}

/*
 * Where float32 does as well, figures are those of earlier versions, which kept no more: so that their trainings go on.
 * It does not for the mean of numbers that are kept as differences.
 */
static void round_figures(soma_preprocessing *preprocessing, const soma_dataset *dataset) {
    size_t place = 0;
    for (size_t i = 0; i < dataset->storage->input_count; i++) {
        const soma_column *column = &dataset->storage->input[i];
        for (size_t j = 0; j < column->width; j++, place++) {
            preprocessing->scale[place] = (double)(float)preprocessing->scale[place];
            if (!column->offset || column->offset[j] == 0)
                preprocessing->mean[place] = (double)(float)preprocessing->mean[place];
        }
    }
}

/* What is 0 or 1 stays so: a rare category would be far away from all else. So does what lies on a circle. */
static void leave_categories(soma_preprocessing *preprocessing, const soma_columns *columns, size_t input) {
    for (size_t i = 0; i < columns->count; i++) {
        const soma_table_column *column = &columns->column[i];
        if (column->role != SOMA_COLUMN_FEATURE) continue;
        for (size_t j = 0; j < soma_table_column_width(column) && input < preprocessing->width; j++, input++) {
            if (soma_table_column_is_scaled(column, j)) continue;
            preprocessing->mean[input] = 0;
            preprocessing->scale[input] = 1;
        }
    }
}

/* The name of the table's column that a value of the input is of; NULL: not known. */
static const char *column_of(const soma_columns *columns, size_t value) {
    size_t input = 0;
    for (size_t i = 0; i < columns->count && columns->named; i++) {
        if (columns->column[i].role != SOMA_COLUMN_FEATURE) continue;
        input += soma_table_column_width(&columns->column[i]);
        if (value < input) return columns->column[i].name;
    }
    return NULL;
}

/* Whether standardising makes one number of any two of a sample that follow each other. */
static bool merges_some(const soma_decimal *sample, size_t count, double mean) {
    for (size_t i = 1; i < count; i++)
        if (sample[i].value != sample[i - 1].value &&
            soma_difference(sample[i], mean) == soma_difference(sample[i - 1], mean))
            return true;
    return false;
}

/* A single number far from all others, as 1e20 for a gap, leaves nothing of these: that must not go unsaid. */
static soma_status tell_of_outliers(const soma_dataset *dataset, const soma_column *column, size_t place, size_t j,
                                    double mean, double scale, soma_decimal *sample) {
    /* Of wide samples fewer: each number is a way through memory. */
    const size_t most = SOMA_MIN((size_t)SOMA_TALLY_SAMPLE, SOMA_MAX(((size_t)1 << 24) / column->width, (size_t)64));
    const size_t stride = dataset->samples / most + 1, count = (dataset->samples + stride - 1) / stride;
    const double offset = column->offset ? column->offset[j] : 0;
    size_t before, left;
    for (size_t i = 0; i < count; i++) {
        const size_t row = soma_dataset_row(dataset, i * stride);
        sample[i] = (soma_decimal){.value = (double)((const float *)column->data)[row * column->width + j] + offset};
    }
    if (!merges_some(sample, count, mean)) return SOMA_OK;
    SOMA_TRY(soma_tally_left(sample, count, offset, &before));
    SOMA_TRY(soma_tally_left(sample, count, mean, &left));
    if (before - left <= before / 100) return SOMA_OK;
    const char *name = column_of(&dataset->storage->columns, place);
    soma_log(SOMA_LOG_WARNING,
             "%s%s%s: a number lies so far from the others (mean %g, deviation %g) that of %zu different ones %zu are "
             "left in float32 once they are standardised; leave its row out, or make it a gap",
             name ? "column \"" : "an input", name ? name : "", name ? "\"" : "", mean, scale > 0 ? 1 / scale : 0,
             before, left);
    return SOMA_OK;
}

static soma_status look_for_outliers(const soma_preprocessing *preprocessing, const soma_dataset *dataset) {
    soma_decimal *sample = soma_realloc(NULL, SOMA_TALLY_SAMPLE, sizeof *sample);
    soma_status status =
        sample ? SOMA_OK : soma_out_of_memory(SOMA_TALLY_SAMPLE * sizeof *sample, "a column's numbers");
    size_t place = 0;
    for (size_t i = 0; i < dataset->storage->input_count; i++) {
        const soma_column *column = &dataset->storage->input[i];
        for (size_t j = 0; j < column->width; j++, place++)
            if (status == SOMA_OK && column->dtype == SOMA_F32 && place < preprocessing->width)
                status = tell_of_outliers(dataset, column, place, j, preprocessing->mean[place],
                                          preprocessing->scale[place], sample);
    }
    soma_free(sample);
    return status;
}

static soma_status keep_statistics(soma_preprocessing *preprocessing, const soma_network *network,
                                   const soma_dataset *dataset) {
    size_t width = soma_dataset_width(dataset);
    SOMA_TRY(check_width(network, width));
    preprocessing->mean = soma_calloc(width, sizeof(double));
    preprocessing->scale = soma_calloc(width, sizeof(double));
    preprocessing->width = width;
    if (!preprocessing->mean || !preprocessing->scale)
        return soma_out_of_memory(width * sizeof(double), "preprocessing");
    SOMA_TRY((dataset->storage->masked ? soma_dataset_masked_statistics
                                       : soma_dataset_statistics)(dataset, preprocessing->mean, preprocessing->scale));
    const soma_column *input = &dataset->storage->input[0];
    const bool masked = dataset->storage->masked;
    const size_t steps = masked ? input->shape[0] : SOMA_MAX(dataset->storage->series.window, (size_t)1);
    const size_t features = (masked ? input->width : width) / steps;
    if (steps > 1 && !masked) soma_series_pool(steps, width / steps, preprocessing->mean, preprocessing->scale);
    for (size_t i = 0; i < width; i++)
        preprocessing->scale[i] = soma_scale_of_deviation((double)(float)preprocessing->scale[i]);
    round_figures(preprocessing, dataset);
    for (size_t step = 0; step < steps; step++)
        leave_categories(preprocessing, &dataset->storage->columns, step * features);
    if (steps > 1 || masked) return SOMA_OK; /* one window after the other has the same numbers */
    return look_for_outliers(preprocessing, dataset);
}

/* A table may have more rows than there are tokens, but not fewer. */
static soma_status check_tables(const soma_network *network, const soma_vocabulary *vocabulary) {
    const size_t size = soma_vocabulary_size(vocabulary);
    char label[SOMA_SHAPE_TEXT];
    for (size_t i = 0; i < network->input_count; i++) {
        const soma_tensor *table = soma_table_of_input(network, i);
        if (!table || table->shape[0] >= size) continue;
        return soma_error(SOMA_INVALID_SHAPE, "the text has %zu tokens%s; %s has rows for %zu", size,
                          vocabulary->kind != SOMA_TOKENS_CHARACTERS
                              ? ""
                              : " (a number for each character of what is trained on, and one for all others)",
                          soma_tensor_label(table, label), table->shape[0]);
    }
    return SOMA_OK;
}

soma_status soma_network_set_tokens(soma_network *network, soma_tokens tokens, soma_tokenizer *tokenizer) {
    const soma_vocabulary given = {.known = true, .kind = tokens, .tokenizer = tokenizer};
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_set_tokens: network is NULL");
    if (tokens != (tokenizer ? SOMA_TOKENS_TOKENIZER : SOMA_TOKENS_BYTES))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_set_tokens: tokens of bytes, or of a tokenizer that is "
                                                 "given");
    SOMA_TRY(check_tables(network, &given));
    soma_vocabulary_clear(&network->vocabulary);
    return soma_vocabulary_copy(&given, &network->vocabulary);
}

soma_status soma_network_fit_preprocessing(soma_network *network, const soma_dataset *dataset, bool standardize) {
    soma_preprocessing fresh = {.mean = NULL};
    soma_dataset_info info;
    soma_dataset *filled = NULL;
    if (!network || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_fit_preprocessing needs a network and a data set");
    soma_dataset_get_info(dataset, &info);
    soma_columns columns = {.count = 0};
    soma_vocabulary vocabulary = {.known = false};
    soma_series series = {.window = 0};
    SOMA_TRY(check_tables(network, &dataset->storage->vocabulary));
    soma_status status = keep_classes(&fresh, dataset);
    soma_dataset_ranges(dataset, fresh.range);
    for (size_t i = 0; i < network->input_count && i < SOMA_MAX_OUTPUTS; i++)
        if (soma_table_of_input(network, i)) fresh.range[i].known = false; /* numbers of rows have no other scale */
    if (status == SOMA_OK) status = soma_columns_copy(&dataset->storage->columns, &columns);
    if (status == SOMA_OK) status = soma_vocabulary_copy(&dataset->storage->vocabulary, &vocabulary);
    if (status == SOMA_OK) status = soma_series_copy(&dataset->storage->series, &series);
    if (status == SOMA_OK) status = soma_gaps_find_fills(dataset, &columns);
    if (status == SOMA_OK) status = soma_gaps_filled_copy(dataset, &columns, &filled);
    if (status == SOMA_OK && standardize) status = keep_statistics(&fresh, network, filled ? filled : dataset);
    soma_dataset_destroy(filled);
    if (status != SOMA_OK) {
        soma_columns_clear(&columns);
        soma_vocabulary_clear(&vocabulary);
        soma_series_clear(&series);
        soma_preprocessing_clear(&fresh);
        return status;
    }
    soma_preprocessing_clear(&network->preprocessing);
    soma_columns_clear(&network->columns);
    network->preprocessing = fresh;
    network->columns = columns;
    soma_vocabulary_clear(&network->vocabulary);
    network->vocabulary = vocabulary;
    soma_series_clear(&network->series);
    network->series = series;
    return SOMA_OK;
}

soma_status soma_network_apply_preprocessing(const soma_network *network, soma_dataset *dataset) {
    if (!network || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_apply_preprocessing needs a network and a data set");
    const soma_preprocessing *preprocessing = &network->preprocessing;
    SOMA_TRY(soma_dataset_match(dataset, network));
    /* A column of a table is held against its name; there is nothing to take 0 to 1 for. Gaps come after: what fills
     * them is of the range that was learnt. */
    if (!network->columns.count || !dataset->storage->columns.count)
        SOMA_TRY(soma_dataset_match_ranges(dataset, preprocessing->range, SOMA_MAX_OUTPUTS));
    SOMA_TRY(soma_gaps_fill(dataset, &network->columns));
    if (!preprocessing->mean) return SOMA_OK;
    return soma_dataset_standardize(dataset, preprocessing->mean, preprocessing->scale, preprocessing->width);
}
