/* SPDX-License-Identifier: MIT */
/* Comma-separated values (RFC 4180) field by field, from text in memory. */
#include "io/csv/reader.h"
#include "base/utf8.h"

#include <string.h>

/* ----------------------------------------------------------------------------------------------------- the text */

/* The separator that the first line uses, outside quotes. */
static char find_separator(const char *text, size_t size) {
    char found = ',';
    bool quoted = false;
    for (size_t i = 0; i < size && (quoted || (text[i] != '\n' && text[i] != '\r')); i++) {
        if (text[i] == '"') quoted = !quoted;
        if (quoted) continue;
        if (text[i] == ',') return ',';
        if (text[i] == ';' || (text[i] == '\t' && found == ',')) found = text[i];
    }
    return found;
}

/* Not a part of a number, a quote, the end of a line, or half a character. */
static bool can_separate(char character) {
    bool letter = (character | 0x20) >= 'a' && (character | 0x20) <= 'z', digit = character >= '0' && character <= '9';
    return (unsigned char)character < 0x80 && !letter && !digit && !strchr("\"\r\n+-.", character);
}

static bool is_blank(const soma_csv_reader *reader, size_t position) {
    char character = reader->text[position];
    return (character == ' ' || character == '\t') && character != reader->separator;
}

static bool is_white(const soma_csv_reader *reader, size_t position) {
    return is_blank(reader, position) || reader->text[position] == '\n' || reader->text[position] == '\r';
}

/* To the start of the first line that has something, where the table begins. */
static void pass_over_empty_lines(soma_csv_reader *reader) {
    for (size_t i = reader->position; i < reader->size && is_white(reader, i); i++)
        if (reader->text[i] == '\n') {
            reader->position = i + 1;
            reader->line++;
        }
}

soma_status soma_csv_begin(soma_csv_reader *reader, const char *name, const char *text, size_t size, char separator) {
    *reader = (soma_csv_reader){.name = name, .text = text, .size = size, .line = 1, .block = SIZE_MAX};
    if (separator && !can_separate(separator))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: separator %s; a character that no number has, and no quote, is wanted", name,
                          soma_quote(&separator, 1).text);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) reader->position = 3;
    reader->separator = separator;
    pass_over_empty_lines(reader);
    if (!separator) reader->separator = find_separator(text + reader->position, size - reader->position);
    return SOMA_OK;
}

void soma_csv_clear(soma_csv_reader *reader) {
    soma_free(reader->field);
    reader->field = NULL;
}

size_t soma_csv_last_record(const soma_csv_reader *reader) {
    size_t end = reader->size;
    while (end > reader->position && is_white(reader, end - 1)) end--;
    return end;
}

bool soma_csv_at_end(const soma_csv_reader *reader) {
    size_t i = reader->position;
    while (i < reader->size && is_white(reader, i)) i++;
    return i == reader->size;
}

/* ----------------------------------------------------------------------------------------------------- one field */

/* Appends text[start..end) to the field. */
static soma_status append(soma_csv_reader *reader, size_t start, size_t end) {
    size_t need = reader->length + (end - start) + 1;
    if (need > reader->capacity) {
        size_t capacity = SOMA_MAX(need, SOMA_MAX(reader->capacity * 2, 64));
        char *field = soma_realloc(reader->field, capacity, 1);
        if (!field) return soma_out_of_memory(capacity, reader->name);
        reader->field = field;
        reader->capacity = capacity;
    }
    memcpy(reader->field + reader->length, reader->text + start, end - start);
    reader->length += end - start;
    reader->field[reader->length] = 0;
    return SOMA_OK;
}

static soma_status syntax_error(const soma_csv_reader *reader, const char *what) {
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu, column %zu: %s", reader->name, reader->field_line,
                      reader->column, what);
}

/* From behind the opening quote to behind the closing one; two quotes stand for one. */
static soma_status read_quoted(soma_csv_reader *reader) {
    for (;;) {
        size_t start = reader->position;
        const char *quote = start < reader->size ? memchr(reader->text + start, '"', reader->size - start) : NULL;
        if (!quote)
            return syntax_error(reader, "a quote is opened and never closed; a second \" is wanted at the field's end");
        size_t end = (size_t)(quote - reader->text);
        for (size_t i = start; i < end; i++) reader->line += reader->text[i] == '\n';
        bool twice = end + 1 < reader->size && reader->text[end + 1] == '"';
        SOMA_TRY(append(reader, start, twice ? end + 1 : end));
        reader->position = end + (twice ? 2 : 1);
        if (!twice) return SOMA_OK;
    }
}

static bool ends_field(const soma_csv_reader *reader, size_t position) {
    char character = reader->text[position];
    return character == reader->separator || character == '\n' || character == '\r';
}

/* Up to the separator or the end of the line, without the spaces around it. */
static soma_status read_plain(soma_csv_reader *reader) {
    size_t start = reader->position, end = start;
    while (end < reader->size && !ends_field(reader, end)) {
        if (reader->text[end] == '"')
            return syntax_error(reader,
                                "a quote inside a field; the whole field is to be quoted, and quotes in it doubled");
        end++;
    }
    reader->position = end;
    while (end > start && is_blank(reader, end - 1)) end--;
    return append(reader, start, end);
}

/* Behind a field there is a separator, or the record ends: with \n, \r\n, or the text. */
static soma_status read_end(soma_csv_reader *reader) {
    reader->ends_record = true;
    if (reader->position == reader->size) return SOMA_OK;
    char character = reader->text[reader->position];
    if (character == '\r') {
        if (reader->position + 1 == reader->size || reader->text[reader->position + 1] != '\n')
            return syntax_error(reader,
                                "a carriage return (\\r) without a line feed behind it; lines end with \\n or \\r\\n");
        reader->position++;
        character = '\n';
    }
    if (character != '\n' && character != reader->separator)
        return syntax_error(reader, "text behind a closing quote; a separator or the end of the line is wanted there");
    reader->position++;
    reader->ends_record = character == '\n';
    reader->line += reader->ends_record;
    return SOMA_OK;
}

soma_status soma_csv_next(soma_csv_reader *reader) {
    reader->column = reader->ends_record ? 1 : reader->column + 1;
    reader->length = 0;
    reader->field_line = reader->line;
    while (reader->position < reader->size && is_blank(reader, reader->position)) reader->position++;
    if (reader->position < reader->size && reader->text[reader->position] == '"') {
        reader->position++;
        SOMA_TRY(read_quoted(reader));
        while (reader->position < reader->size && is_blank(reader, reader->position)) reader->position++;
    } else
        SOMA_TRY(read_plain(reader));
    return read_end(reader);
}
