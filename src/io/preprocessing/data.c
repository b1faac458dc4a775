/* SPDX-License-Identifier: MIT */
/* See data.h. */
#include "io/preprocessing/data.h"
#include "io/json/json.h"
#include "io/preprocessing/columns.h"
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
    soma_status status = soma_columns_encode(&network->columns, &writer);
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

/* What is matched by the columns has to be of as many values as the network takes. */
static soma_status check_features(const soma_network *network) {
    const soma_tensor *input = network->input_count ? network->inputs[0] : NULL;
    const size_t steps = soma_columns_are_of_steps(&network->columns) && input && input->rank == 2
                             ? input->shape[0]
                             : SOMA_MAX(network->series.window, (size_t)1);
    size_t features = soma_columns_inputs(&network->columns) * steps;
    size_t inputs = input ? soma_tensor_count(input) : 0;
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
    if (status == SOMA_OK) status = soma_columns_decode(root, &network->columns);
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
