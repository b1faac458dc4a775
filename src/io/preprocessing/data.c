/* SPDX-License-Identifier: MIT */
/* See data.h. */
#include "io/preprocessing/data.h"
#include "io/json/json.h"
#include "io/preprocessing/series.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const by_names[] = {"rows", "groups", "time"};

/* ------------------------------------------------------------------------------------------------------ writing */

/* A JSON number holds 53 bits. */
static void write_big(soma_json_writer *writer, const char *key, uint64_t number) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, number);
    soma_json_write_text(writer, key, text);
}

static void encode_file(soma_json_writer *writer, const char *key, uint64_t samples, uint64_t fingerprint) {
    if (!samples) return;
    soma_json_open_object(writer, key);
    soma_json_write_integer(writer, "samples", (int64_t)samples);
    write_big(writer, "fingerprint", fingerprint);
    soma_json_close_object(writer);
}

static void encode_keys(soma_json_writer *writer, const char *name, const soma_known_keys *known) {
    if (!known->count) return;
    soma_json_open_array(writer, name);
    for (size_t i = 0; i < known->count; i++) write_big(writer, NULL, known->key[i]);
    soma_json_close_array(writer);
}

static void encode_division(soma_json_writer *writer, const soma_division *division) {
    soma_json_open_object(writer, "division");
    soma_json_write_text(writer, "by", by_names[division->by]);
    if (division->column) soma_json_write_text(writer, "column", division->column);
    soma_json_write_real(writer, "test", division->test);
    soma_json_write_real(writer, "validation", division->validation);
    write_big(writer, "seed", division->seed);
    soma_json_write_integer(writer, "samples", (int64_t)division->samples);
    write_big(writer, "fingerprint", division->fingerprint);
    if (division->rows_fingerprint) write_big(writer, "rows_fingerprint", division->rows_fingerprint);
    encode_file(writer, "validation_file", division->validation_samples, division->validation_fingerprint);
    encode_file(writer, "test_file", division->test_samples, division->test_fingerprint);
    soma_json_close_object(writer);
}

static const char *const role_names[] = {"feature", "label", "ignored", "group", "time", "weight", "id"};

/* Where nothing is said, gaps are an error. */
static void encode_gaps(soma_json_writer *writer, const soma_table_column *column) {
    if (column->role != SOMA_COLUMN_FEATURE || column->missing == SOMA_MISSING_ERROR) return;
    soma_json_write_text(writer, "missing", soma_name(SOMA_NAMES_MISSING, (int)column->missing));
    if (isfinite(column->fill)) soma_json_write_real(writer, "fill", column->fill);
}

/* By soma_column_form; what is read as numbers says nothing. */
static const char *const kind_names[] = {NULL, "category", "category", "truth", "date", "date"};

static soma_status encode_form(soma_json_writer *writer, const soma_table_column *column) {
    if (kind_names[column->form]) soma_json_write_text(writer, "kind", kind_names[column->form]);
    if (column->form == SOMA_FORM_CYCLE) soma_json_write_text(writer, "encoding", "cycle");
    if (column->indicator) soma_json_write_truth(writer, "indicator", true);
    if (column->form == SOMA_FORM_HASH) {
        soma_json_write_text(writer, "encoding", "hash");
        soma_json_write_integer(writer, "buckets", (int64_t)column->buckets);
    }
    if (!column->category_count) return SOMA_OK;
    soma_json_open_array(writer, "categories");
    for (size_t i = 0; i < column->category_count; i++)
        SOMA_TRY(soma_json_write_name(writer, NULL, column->categories[i]));
    soma_json_close_array(writer);
    return SOMA_OK;
}

/* Where there are none, they are those of soma_csv_roles.gaps NULL. */
static soma_status encode_gap_texts(soma_json_writer *writer, const soma_gap_texts *gaps) {
    if (gaps->count == 0) return SOMA_OK;
    soma_json_open_array(writer, "gaps");
    for (size_t i = 0; i < gaps->count; i++) SOMA_TRY(soma_json_write_name(writer, NULL, gaps->text[i]));
    soma_json_close_array(writer);
    return SOMA_OK;
}

/* A column without a name has none here. */
static soma_status encode_columns(soma_json_writer *writer, const soma_columns *columns) {
    if (columns->count == 0) return SOMA_OK;
    soma_json_open_array(writer, "columns");
    for (size_t i = 0; i < columns->count; i++) {
        soma_json_open_object(writer, NULL);
        if (columns->named) SOMA_TRY(soma_json_write_name(writer, "name", columns->column[i].name));
        soma_json_write_text(writer, "role", role_names[columns->column[i].role]);
        encode_gaps(writer, &columns->column[i]);
        SOMA_TRY(encode_form(writer, &columns->column[i]));
        soma_json_close_object(writer);
    }
    soma_json_close_array(writer);
    return encode_gap_texts(writer, &columns->gaps);
}

/* One for each input; an empty object for one that is not known. */
static bool knows_ranges(const soma_network *network) {
    bool known = false;
    for (size_t i = 0; i < network->input_count && i < SOMA_MAX_OUTPUTS; i++)
        known |= network->preprocessing.range[i].known;
    return known;
}

static void encode_ranges(soma_json_writer *writer, const soma_network *network) {
    if (!knows_ranges(network)) return;
    soma_json_open_array(writer, "values");
    for (size_t i = 0; i < network->input_count && i < SOMA_MAX_OUTPUTS; i++) {
        const soma_value_range *range = &network->preprocessing.range[i];
        soma_json_open_object(writer, NULL);
        if (range->known) soma_json_write_text(writer, "type", range->bytes ? "uint8" : "float32");
        if (range->known && !range->bytes) {
            soma_json_write_real(writer, "minimum", (double)range->minimum);
            soma_json_write_real(writer, "maximum", (double)range->maximum);
            soma_json_write_truth(writer, "whole", range->whole);
        }
        soma_json_close_object(writer);
    }
    soma_json_close_array(writer);
}

soma_status soma_data_to_text(const soma_network *network, char **text) {
    soma_json_writer writer = {.follows = false};
    *text = NULL;
    if (!network->division.samples && !network->columns.count && !network->known_groups.count &&
        !network->known_samples.count && !knows_ranges(network) && !network->series.window)
        return SOMA_OK;
    soma_json_open_object(&writer, NULL);
    soma_json_write_integer(&writer, "format", SOMA_DATA_FORMAT);
    soma_status status = encode_columns(&writer, &network->columns);
    if (network->division.samples) encode_division(&writer, &network->division);
    encode_keys(&writer, "groups", &network->known_groups);
    encode_keys(&writer, "samples", &network->known_samples);
    encode_ranges(&writer, network);
    soma_series_encode(&network->series, &writer);
    soma_json_close_object(&writer);
    if (status != SOMA_OK) {
        soma_json_abandon(&writer);
        return status;
    }
    return soma_json_finish(&writer, "what is kept of the data", text);
}

/* ------------------------------------------------------------------------------------------------------ reading */

static bool read_digits(const soma_json *string, uint64_t *number) {
    const char *text = soma_json_string(string);
    char *end = NULL;
    errno = 0;
    *number = text ? strtoull(text, &end, 10) : 0;
    return text && *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool read_big(const soma_json *object, const char *key, uint64_t *number) {
    return read_digits(soma_json_get(object, key), number);
}

/* Not there: a fraction of the data, or none. */
static soma_status decode_file(const soma_json *object, const char *key, uint64_t *samples, uint64_t *fingerprint) {
    const soma_json *file = soma_json_get(object, key);
    int64_t number;
    if (!file) return SOMA_OK;
    if (!soma_json_integer(soma_json_get(file, "samples"), &number) || number < 1 ||
        !read_big(file, "fingerprint", fingerprint))
        return soma_error(
            SOMA_INVALID_FILE,
            "\"%s\" of \"division\" must have \"samples\", a number, and \"fingerprint\", a string of digits", key);
    *samples = (uint64_t)number;
    return SOMA_OK;
}

static soma_status decode_division(soma_network *network, const soma_json *object) {
    soma_division division = {.column = soma_json_string(soma_json_get(object, "column"))};
    const char *by = soma_json_string(soma_json_get(object, "by"));
    int64_t samples;
    size_t way = 0;
    if (!object) return SOMA_OK;
    while (by && way < SOMA_COUNT_OF(by_names) && strcmp(by, by_names[way]) != 0) way++;
    if (!by || way == SOMA_COUNT_OF(by_names))
        return soma_error(SOMA_INVALID_FILE, "\"by\" of \"division\" must be rows, groups or time");
    if (!soma_json_number(soma_json_get(object, "test"), &division.test) ||
        !soma_json_number(soma_json_get(object, "validation"), &division.validation) ||
        !read_big(object, "seed", &division.seed) || !read_big(object, "fingerprint", &division.fingerprint) ||
        !soma_json_integer(soma_json_get(object, "samples"), &samples) || samples < 1)
        return soma_error(SOMA_INVALID_FILE,
                          "\"division\" must have \"test\", \"validation\" and \"samples\", which are numbers, and "
                          "\"seed\" and \"fingerprint\", strings of digits");
    division.by = (soma_division_by)way;
    division.samples = (uint64_t)samples;
    /* Earlier versions did not write it. */
    if (soma_json_get(object, "rows_fingerprint") && !read_big(object, "rows_fingerprint", &division.rows_fingerprint))
        return soma_error(SOMA_INVALID_FILE, "\"rows_fingerprint\" of \"division\" must be a string of digits");
    SOMA_TRY(decode_file(object, "validation_file", &division.validation_samples, &division.validation_fingerprint));
    SOMA_TRY(decode_file(object, "test_file", &division.test_samples, &division.test_fingerprint));
    soma_status status = soma_network_set_division(network, &division);
    return status == SOMA_INVALID_ARGUMENT ? soma_error_prefix(SOMA_INVALID_FILE, "\"division\": ") : status;
}

static soma_status decode_keys(const soma_json *root, const char *name, soma_known_keys *known, size_t most) {
    const soma_json *list = soma_json_get(root, name);
    size_t count = 0;
    bool fine = soma_json_is(list, SOMA_JSON_ARRAY);
    if (!list) return SOMA_OK;
    const size_t room = fine ? soma_json_count(list) + 1 : 1;
    uint64_t *keys = soma_calloc(room, sizeof *keys);
    if (!keys) return soma_out_of_memory(room * sizeof *keys, name);
    SOMA_JSON_EACH(value, list) fine &= read_digits(value, &keys[count++]);
    soma_status status = fine ? soma_known_keys_add(known, keys, count, most)
                              : soma_error(SOMA_INVALID_FILE, "\"%s\" must be an array of strings of digits", name);
    soma_free(keys);
    return status;
}

static soma_status decode_categories(const soma_json *list, soma_table_column *column) {
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || soma_json_count(list) < 1 ||
        soma_json_count(list) > SOMA_MAX_CATEGORIES)
        return soma_error(SOMA_INVALID_FILE,
                          "one of the \"columns\" of \"kind\" category must have \"categories\", an array of 1 to %d",
                          SOMA_MAX_CATEGORIES);
    SOMA_JSON_EACH(value, list) {
        const char *text = soma_json_string(value);
        for (size_t i = 0; text && i < column->category_count; i++)
            if (strcmp(column->categories[i], text) == 0) text = NULL;
        if (!text) return soma_error(SOMA_INVALID_FILE, "\"categories\" must be strings, each another one");
        SOMA_TRY(soma_column_add_category(column, text));
    }
    return SOMA_OK;
}

static soma_status decode_hash(const soma_json *object, soma_table_column *column) {
    int64_t buckets;
    if (!soma_json_integer(soma_json_get(object, "buckets"), &buckets) || buckets < 1 || buckets > SOMA_MAX_CATEGORIES)
        return soma_error(SOMA_INVALID_FILE,
                          "one of the \"columns\" of \"encoding\" hash must have \"buckets\", a number from 1 to %d",
                          SOMA_MAX_CATEGORIES);
    column->form = SOMA_FORM_HASH;
    column->buckets = (size_t)buckets;
    return SOMA_OK;
}

/* An encoding that a later version has must not be taken for another one. */
static soma_status decode_form(const soma_json *object, soma_table_column *column) {
    const soma_json *list = soma_json_get(object, "categories"), *indicator = soma_json_get(object, "indicator");
    const char *kind = soma_json_string(soma_json_get(object, "kind"));
    const char *encoding = soma_json_string(soma_json_get(object, "encoding"));
    column->indicator = soma_json_is(indicator, SOMA_JSON_TRUTH) && indicator->is.truth;
    if (indicator && !soma_json_is(indicator, SOMA_JSON_TRUTH))
        return soma_error(SOMA_INVALID_FILE, "\"indicator\" of one of the \"columns\" must be true or false");
    const char *both = kind ? kind : list ? "category" : "number";
    if (strcmp(both, "category") == 0 && encoding && strcmp(encoding, "hash") == 0) return decode_hash(object, column);
    if (strcmp(both, "category") == 0 && !encoding && kind) return decode_categories(list, column);
    if (strcmp(both, "date") == 0 && (!encoding || strcmp(encoding, "cycle") == 0))
        column->form = encoding ? SOMA_FORM_CYCLE : SOMA_FORM_DATE;
    else if (strcmp(both, "truth") == 0 && !encoding)
        column->form = SOMA_FORM_TRUTH;
    else if (strcmp(both, "number") != 0 || encoding)
        return soma_error(SOMA_INVALID_FILE,
                          "one of the \"columns\" has \"kind\" %s and \"encoding\" %s; there are number, truth, date, "
                          "date and cycle, category with \"categories\", category and hash",
                          both, encoding ? encoding : "none");
    return SOMA_OK;
}

static soma_status decode_gaps(const soma_json *object, soma_table_column *column) {
    const soma_json *missing = soma_json_get(object, "missing");
    const char *text = soma_json_string(missing);
    int value = SOMA_MISSING_ERROR;
    if (!missing) return SOMA_OK;
    if (!text || !soma_value_of_name(SOMA_NAMES_MISSING, text, strlen(text), &value))
        return soma_error(SOMA_INVALID_FILE,
                          "\"missing\" of one of the \"columns\" must be error, median, mean, zero, drop or last");
    column->missing = (soma_missing)value;
    if (value == SOMA_MISSING_ERROR || value == SOMA_MISSING_DROP || value == SOMA_MISSING_LAST ||
        !soma_table_column_has_value(column))
        return SOMA_OK;
    if (!soma_json_number(soma_json_get(object, "fill"), &column->fill) || !isfinite(column->fill))
        return soma_error(SOMA_INVALID_FILE,
                          "\"fill\" of one of the \"columns\" must be a number, as \"missing\" is %s", text);
    return SOMA_OK;
}

static soma_status decode_column(const soma_json *object, soma_columns *columns) {
    const char *name = soma_json_string(soma_json_get(object, "name"));
    const char *role = soma_json_string(soma_json_get(object, "role"));
    size_t number = 0;
    while (role && number < SOMA_COUNT_OF(role_names) && strcmp(role, role_names[number]) != 0) number++;
    if (!role || number == SOMA_COUNT_OF(role_names))
        return soma_error(SOMA_INVALID_FILE,
                          "the \"role\" of each of the \"columns\" must be feature, label, ignored, group, time, "
                          "weight or id");
    if (columns->count == 0) columns->named = name != NULL;
    if (columns->named != (name != NULL) || (name && soma_columns_find(columns, name) < columns->count))
        return soma_error(SOMA_INVALID_FILE,
                          "all of the \"columns\" must have a \"name\" of their own, or none of them");
    SOMA_TRY(soma_columns_add(columns, name ? name : "", (soma_column_role)number));
    soma_table_column *column = &columns->column[columns->count - 1];
    SOMA_TRY(decode_form(object, column));
    return decode_gaps(object, column);
}

static soma_status decode_columns(soma_network *network, const soma_json *list) {
    if (!list) return SOMA_OK;
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || soma_json_count(list) > SOMA_MAX_FILE_TENSORS)
        return soma_error(SOMA_INVALID_FILE, "\"columns\" must be an array of at most %d elements",
                          SOMA_MAX_FILE_TENSORS);
    soma_columns_clear(&network->columns);
    SOMA_JSON_EACH(value, list) SOMA_TRY(decode_column(value, &network->columns));
    return SOMA_OK;
}

static soma_status decode_gap_texts(soma_network *network, const soma_json *list) {
    if (!list) return SOMA_OK;
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || soma_json_count(list) < 1 || soma_json_count(list) > SOMA_MAX_GAP_TEXTS)
        return soma_error(SOMA_INVALID_FILE, "\"gaps\" must be an array of 1 to %d strings", SOMA_MAX_GAP_TEXTS);
    SOMA_JSON_EACH(value, list) {
        const char *text = soma_json_string(value);
        if (!text) return soma_error(SOMA_INVALID_FILE, "\"gaps\" must be an array of strings");
        soma_status status = soma_gap_texts_add(&network->columns.gaps, text);
        if (status != SOMA_OK)
            return status == SOMA_INVALID_ARGUMENT ? soma_error_prefix(SOMA_INVALID_FILE, "\"gaps\": ") : status;
    }
    return SOMA_OK;
}

/* What is matched by the columns has to be of as many values as the network takes. */
static soma_status check_features(const soma_network *network) {
    size_t features = soma_columns_inputs(&network->columns) * SOMA_MAX(network->series.window, (size_t)1);
    size_t inputs = network->input_count ? soma_tensor_count(network->inputs[0]) : 0;
    if (network->columns.count == 0 || features == inputs) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "\"columns\" has %zu values, the network takes %zu", features, inputs);
}

static soma_status decode_range(const soma_json *object, soma_value_range *range) {
    const char *type = soma_json_string(soma_json_get(object, "type"));
    const soma_json *whole = soma_json_get(object, "whole");
    double minimum, maximum;
    if (!soma_json_is(object, SOMA_JSON_OBJECT))
        return soma_error(SOMA_INVALID_FILE, "\"values\" must be an array of objects");
    if (!soma_json_get(object, "type")) return SOMA_OK;
    *range = (soma_value_range){.known = true, .bytes = type && strcmp(type, "uint8") == 0};
    if (range->bytes) return SOMA_OK;
    if (!type || strcmp(type, "float32") != 0)
        return soma_error(SOMA_INVALID_FILE, "\"type\" of \"values\" must be uint8 or float32");
    if (!soma_json_number(soma_json_get(object, "minimum"), &minimum) ||
        !soma_json_number(soma_json_get(object, "maximum"), &maximum) || !(minimum <= maximum) ||
        !(fabs(minimum) <= (double)FLT_MAX) || !(fabs(maximum) <= (double)FLT_MAX) ||
        !soma_json_is(whole, SOMA_JSON_TRUTH))
        return soma_error(SOMA_INVALID_FILE,
                          "\"values\" of float32 must have a \"minimum\" and a \"maximum\", not less, "
                          "and say whether they are \"whole\"");
    range->whole = whole->is.truth;
    range->minimum = (float)minimum;
    range->maximum = (float)maximum;
    return SOMA_OK;
}

static soma_status decode_ranges(soma_network *network, const soma_json *list) {
    size_t count = 0;
    if (!list) return SOMA_OK;
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || soma_json_count(list) > SOMA_MAX_OUTPUTS)
        return soma_error(SOMA_INVALID_FILE, "\"values\" must be an array of at most %d objects", SOMA_MAX_OUTPUTS);
    SOMA_JSON_EACH(value, list) SOMA_TRY(decode_range(value, &network->preprocessing.range[count++]));
    return SOMA_OK;
}

static soma_status decode(const char *text, soma_network *network) {
    soma_json_fault fault = {0};
    soma_json *root;
    int64_t format;
    soma_status status = soma_json_parse("what is kept of the data", text, strlen(text), &fault, &root);
    if (status == SOMA_INVALID_FILE)
        return soma_error(status, "not valid JSON: %s at byte %zu", fault.what, fault.offset);
    SOMA_TRY(status);
    if (!soma_json_integer(soma_json_get(root, "format"), &format) || format < 1)
        status = soma_error(SOMA_INVALID_FILE, "\"format\" must be a number");
    else if (format > SOMA_DATA_FORMAT)
        status = soma_error(SOMA_INVALID_FILE, "format %lld; this version of soma knows formats up to %d",
                            (long long)format, SOMA_DATA_FORMAT);
    if (status == SOMA_OK) status = decode_columns(network, soma_json_get(root, "columns"));
    if (status == SOMA_OK) status = decode_gap_texts(network, soma_json_get(root, "gaps"));
    if (status == SOMA_OK) status = soma_series_decode(soma_json_get(root, "series"), network);
    if (status == SOMA_OK) status = check_features(network);
    if (status == SOMA_OK) status = decode_division(network, soma_json_get(root, "division"));
    if (status == SOMA_OK) status = decode_keys(root, "groups", &network->known_groups, SOMA_MAX_KNOWN_GROUPS);
    if (status == SOMA_OK) status = decode_keys(root, "samples", &network->known_samples, SOMA_MAX_KNOWN_SAMPLES);
    if (status == SOMA_OK) status = decode_ranges(network, soma_json_get(root, "values"));
    soma_free(root);
    return status;
}

soma_status soma_data_of_text(const char *text, soma_network *network) {
    soma_status status = text ? decode(text, network) : SOMA_OK;
    return status == SOMA_INVALID_FILE ? soma_error_prefix(status, "metadata " SOMA_DATA_KEY ": ") : status;
}
