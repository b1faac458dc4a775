/* SPDX-License-Identifier: MIT */
/* See columns.h. */
#include "io/preprocessing/columns.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------ writing */

static const char *const role_names[] = {"feature", "label", "ignored", "group", "time", "weight", "id", "sequence"};

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
soma_status soma_columns_encode(const soma_columns *columns, soma_json_writer *writer) {
    if (columns->count == 0) return SOMA_OK;
    soma_json_open_array(writer, "columns");
    for (size_t i = 0; i < columns->count; i++) {
        soma_json_open_object(writer, NULL);
        if (columns->named) SOMA_TRY(soma_json_write_name(writer, "name", columns->column[i].name));
        soma_json_write_text(writer, "role", role_names[columns->column[i].role]);
        if (columns->step_labels && columns->column[i].role == SOMA_COLUMN_LABEL)
            soma_json_write_text(writer, "per", "step");
        encode_gaps(writer, &columns->column[i]);
        SOMA_TRY(encode_form(writer, &columns->column[i]));
        soma_json_close_object(writer);
    }
    soma_json_close_array(writer);
    return encode_gap_texts(writer, &columns->gaps);
}

/* ------------------------------------------------------------------------------------------------------ reading */

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

/* Of what a label is one: it is said where it is not of a sample. */
static soma_status decode_per(const soma_json *object, soma_columns *columns) {
    const soma_json *per = soma_json_get(object, "per");
    const char *text = soma_json_string(per);
    if (!per) return SOMA_OK;
    if (!text || strcmp(text, "step") != 0)
        return soma_error(SOMA_INVALID_FILE, "\"per\" of one of the \"columns\" must be step");
    columns->step_labels = true;
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
                          "weight, id or sequence");
    if (columns->count == 0) columns->named = name != NULL;
    if (columns->named != (name != NULL) || (name && soma_columns_find(columns, name) < columns->count))
        return soma_error(SOMA_INVALID_FILE,
                          "all of the \"columns\" must have a \"name\" of their own, or none of them");
    SOMA_TRY(soma_columns_add(columns, name ? name : "", (soma_column_role)number));
    soma_table_column *column = &columns->column[columns->count - 1];
    SOMA_TRY(decode_per(object, columns));
    SOMA_TRY(decode_form(object, column));
    return decode_gaps(object, column);
}

static soma_status decode_list(const soma_json *list, soma_columns *columns) {
    if (!list) return SOMA_OK;
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || soma_json_count(list) > SOMA_MAX_FILE_TENSORS)
        return soma_error(SOMA_INVALID_FILE, "\"columns\" must be an array of at most %d elements",
                          SOMA_MAX_FILE_TENSORS);
    soma_columns_clear(columns);
    SOMA_JSON_EACH(value, list) SOMA_TRY(decode_column(value, columns));
    return SOMA_OK;
}

static soma_status decode_gap_texts(const soma_json *list, soma_gap_texts *gaps) {
    if (!list) return SOMA_OK;
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || soma_json_count(list) < 1 || soma_json_count(list) > SOMA_MAX_GAP_TEXTS)
        return soma_error(SOMA_INVALID_FILE, "\"gaps\" must be an array of 1 to %d strings", SOMA_MAX_GAP_TEXTS);
    SOMA_JSON_EACH(value, list) {
        const char *text = soma_json_string(value);
        if (!text) return soma_error(SOMA_INVALID_FILE, "\"gaps\" must be an array of strings");
        soma_status status = soma_gap_texts_add(gaps, text);
        if (status != SOMA_OK)
            return status == SOMA_INVALID_ARGUMENT ? soma_error_prefix(SOMA_INVALID_FILE, "\"gaps\": ") : status;
    }
    return SOMA_OK;
}

soma_status soma_columns_decode(const soma_json *object, soma_columns *columns) {
    SOMA_TRY(decode_list(soma_json_get(object, "columns"), columns));
    return decode_gap_texts(soma_json_get(object, "gaps"), &columns->gaps);
}
