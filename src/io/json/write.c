/* SPDX-License-Identifier: MIT */
/* Writing JSON. */
#include "base/number.h"
#include "base/utf8.h"
#include "io/json/json.h"

#include <inttypes.h>
#include <string.h>

static bool is_plain(char character) {
    return (unsigned char)character >= 0x20 && character != '"' && character != '\\';
}

/* A character that cannot stand in a string as it is. */
static void write_escape(soma_text *text, char character) {
    static const char names[] = "\"\\bfnrt", meant[] = "\"\\\b\f\n\r\t";
    const char *place = strchr(meant, character);
    if (place)
        soma_text_append(text, "\\%c", names[place - meant]);
    else
        soma_text_append(text, "\\u%04x", (unsigned)character);
}

static void write_quoted(soma_text *text, const char *string) {
    soma_text_append(text, "\"");
    while (*string) {
        size_t plain = 0;
        while (plain < INT32_MAX && is_plain(string[plain])) plain++;
        soma_text_append(text, "%.*s", (int)plain, string);
        string += plain;
        if (*string && !is_plain(*string)) write_escape(text, *string++);
    }
    soma_text_append(text, "\"");
}

/* What stands before a value. */
static soma_text *begin(soma_json_writer *writer, const char *key) {
    if (writer->follows) soma_text_append(&writer->text, ",");
    writer->follows = true;
    if (key) {
        write_quoted(&writer->text, key);
        soma_text_append(&writer->text, ":");
    }
    return &writer->text;
}

static void open_container(soma_json_writer *writer, const char *key, const char *bracket) {
    soma_text_append(begin(writer, key), "%s", bracket);
    writer->follows = false;
}

static void close_container(soma_json_writer *writer, const char *bracket) {
    soma_text_append(&writer->text, "%s", bracket);
    writer->follows = true;
}

void soma_json_open_object(soma_json_writer *writer, const char *key) {
    open_container(writer, key, "{");
}

void soma_json_open_array(soma_json_writer *writer, const char *key) {
    open_container(writer, key, "[");
}

void soma_json_close_object(soma_json_writer *writer) {
    close_container(writer, "}");
}

void soma_json_close_array(soma_json_writer *writer) {
    close_container(writer, "]");
}

void soma_json_write_text(soma_json_writer *writer, const char *key, const char *text) {
    write_quoted(begin(writer, key), text);
}

soma_status soma_json_write_name(soma_json_writer *writer, const char *key, const char *text) {
    size_t length = strlen(text), offset;
    if (!soma_utf8_check(text, length, &offset))
        return soma_error(SOMA_INVALID_ARGUMENT, "the name %s is not UTF-8; names in a file must be",
                          soma_quote(text, length).text);
    soma_json_write_text(writer, key, text);
    return SOMA_OK;
}

void soma_json_write_null(soma_json_writer *writer, const char *key) {
    soma_text_append(begin(writer, key), "null");
}

void soma_json_write_truth(soma_json_writer *writer, const char *key, bool truth) {
    soma_text_append(begin(writer, key), truth ? "true" : "false");
}

void soma_json_write_integer(soma_json_writer *writer, const char *key, int64_t number) {
    soma_text_append(begin(writer, key), "%" PRId64, number);
}

void soma_json_write_real(soma_json_writer *writer, const char *key, double number) {
    soma_text_append(begin(writer, key), "%s", soma_number_write(number, 17).text);
}

soma_status soma_json_finish(soma_json_writer *writer, const char *what, char **text) {
    *text = writer->text.data;
    if (!writer->text.failed && writer->text.data) return SOMA_OK;
    const size_t length = writer->text.length;
    *text = NULL;
    soma_json_abandon(writer);
    return soma_out_of_memory(length, what);
}

void soma_json_abandon(soma_json_writer *writer) {
    soma_free(writer->text.data);
    *writer = (soma_json_writer){.follows = false};
}
