/* SPDX-License-Identifier: MIT */
/* See series.h. */
#include "io/preprocessing/series.h"

void soma_series_encode(const soma_series *series, soma_json_writer *writer) {
    if (!series->window) return;
    soma_json_open_object(writer, "series");
    soma_json_write_integer(writer, "window", (int64_t)series->window);
    soma_json_write_integer(writer, "horizon", (int64_t)series->horizon);
    if (series->season) soma_json_write_integer(writer, "season", (int64_t)series->season);
    soma_json_open_array(writer, "targets");
    for (size_t i = 0; i < series->targets; i++) soma_json_write_integer(writer, NULL, (int64_t)series->target[i]);
    soma_json_close_array(writer);
    soma_json_write_integer(writer, "train_rows", (int64_t)series->train_rows);
    soma_json_write_integer(writer, "validation_rows", (int64_t)series->validation_rows);
    if (series->timed) {
        soma_json_write_real(writer, "train_time", series->train_time);
        soma_json_write_real(writer, "validation_time", series->validation_time);
    }
    soma_json_close_object(writer);
}

static bool read_count(const soma_json *object, const char *key, int64_t least, size_t *count) {
    int64_t number;
    if (!soma_json_integer(soma_json_get(object, key), &number) || number < least || number > INT32_MAX) return false;
    *count = (size_t)number;
    return true;
}

static soma_status decode_targets(const soma_json *list, size_t width, soma_series *series) {
    const size_t count = soma_json_is(list, SOMA_JSON_ARRAY) ? soma_json_count(list) : 0;
    int64_t number = -1;
    if (count < 1 || count > width)
        return soma_error(SOMA_INVALID_FILE, "\"targets\" of \"series\" must be an array of 1 to %zu numbers", width);
    if (!(series->target = soma_calloc(count, sizeof *series->target)))
        return soma_out_of_memory(count * sizeof *series->target, "a series");
    SOMA_JSON_EACH(value, list) {
        const int64_t before = number;
        if (!soma_json_integer(value, &number) || number <= before || number >= (int64_t)width)
            return soma_error(SOMA_INVALID_FILE, "\"targets\" of \"series\" must be whole numbers below %zu that rise",
                              width);
        series->target[series->targets++] = (size_t)number;
    }
    return SOMA_OK;
}

soma_status soma_series_decode(const soma_json *object, soma_network *network) {
    soma_series *series = &network->series;
    const size_t inputs = network->input_count ? soma_tensor_count(network->inputs[0]) : 0;
    if (!object) return SOMA_OK;
    soma_series_clear(series);
    if (!read_count(object, "window", 1, &series->window) || !read_count(object, "horizon", 1, &series->horizon) ||
        !read_count(object, "train_rows", 0, &series->train_rows) ||
        !read_count(object, "validation_rows", 0, &series->validation_rows) ||
        (soma_json_get(object, "season") && !read_count(object, "season", 1, &series->season)))
        return soma_error(SOMA_INVALID_FILE, "\"series\" must have \"window\", \"horizon\", \"train_rows\" and "
                                             "\"validation_rows\", whole numbers, and \"season\" must be one");
    if (inputs % series->window)
        return soma_error(SOMA_INVALID_FILE, "\"window\" of \"series\" is %zu steps, the network takes %zu values",
                          series->window, inputs);
    series->timed = soma_json_get(object, "train_time") != NULL;
    if (series->timed && (!soma_json_number(soma_json_get(object, "train_time"), &series->train_time) ||
                          !soma_json_number(soma_json_get(object, "validation_time"), &series->validation_time)))
        return soma_error(SOMA_INVALID_FILE, "\"train_time\" and \"validation_time\" of \"series\" must be numbers");
    if (series->train_rows > series->validation_rows || series->train_time > series->validation_time)
        return soma_error(SOMA_INVALID_FILE, "\"series\" was trained on up to what comes after the end of its "
                                             "validation");
    return decode_targets(soma_json_get(object, "targets"), inputs / series->window, series);
}
