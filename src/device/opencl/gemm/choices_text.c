/* SPDX-License-Identifier: MIT */
/*
 * Choices of kernels as text:
 *
 *   soma matrix products 1
 *   device NVIDIA A100
 *   platform NVIDIA CUDA
 *   driver 535.1
 *   units 108
 *   width 1
 *   soma 0.1.0
 *   date 2026-03-31T12:00:00Z
 *   NN 32 32 128 52100 41700 soma tile 8x16
 *   ...
 *   checksum 0123456789abcdef
 *
 * width is that of our kernels' vectors. A choice has the transposition, m, n and k, 10^6 operations a second of the
 * chosen kernel and of the default one, and the name of the kernel. The checksum is of all the lines before it.
 */
#include "base/cache.h"
#include "base/utf8.h"
#include "device/opencl/gemm/choices.h"
#include "device/opencl/gemm/gemm.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DATE_PATTERN "dddd-dd-ddTdd:dd:ddZ" /* d: a digit */

/* ----------------------------------------------------------------------------------------------------- writing */

const char *soma_cl_transposition_name(bool transpose_a, bool transpose_b) {
    static const char *const names[] = {"NN", "NT", "TN", "TT"};
    return names[2 * transpose_a + transpose_b];
}

/* A driver's text, in one line whatever it holds. */
static void append_line(soma_text *text, const char *key, const char *value) {
    soma_text_append(text, "%s ", key);
    for (; *value; value++) soma_text_append(text, "%c", (unsigned char)*value < ' ' || *value == 0x7f ? ' ' : *value);
    soma_text_append(text, "\n");
}

static soma_status finish(soma_text *text) {
    if (text->data && !text->failed) return SOMA_OK;
    soma_free(text->data);
    text->data = NULL;
    return soma_out_of_memory(text->capacity, "choices of kernels");
}

soma_status soma_cl_choices_head(const soma_cl_device *device, soma_text *head) {
    soma_text_append(head, "soma matrix products 1\n");
    append_line(head, "device", device->info.name);
    append_line(head, "platform", device->info.platform);
    append_line(head, "driver", device->info.driver);
    soma_text_append(head, "units %u\nwidth %u\n", device->info.compute_units, device->style.width);
    append_line(head, "soma", soma_version());
    return finish(head);
}

static void append_checksum(soma_text *text, const char *of, size_t size) {
    soma_text_append(text, "checksum %016" PRIx64 "\n", soma_cache_hash(of, size));
}

static uint64_t mflops(double gflops) {
    return (uint64_t)llround(SOMA_MIN(gflops, 1e9) * 1e3);
}

soma_status soma_cl_choices_write(const soma_cl_device *device, const soma_cl_tuning *tuning, soma_text *text) {
    SOMA_TRY(soma_cl_choices_head(device, text));
    soma_text_append(text, "date %s\n", tuning->date);
    for (size_t i = 0; i < tuning->count; i++) {
        const soma_gemm_choice *choice = &tuning->choices[i];
        soma_text_append(text, "%s %zu %zu %zu %" PRIu64 " %" PRIu64 " %s\n",
                         soma_cl_transposition_name(choice->transpose_a, choice->transpose_b), choice->m, choice->n,
                         choice->k, mflops(choice->gflops), mflops(choice->default_gflops), choice->kernel);
    }
    if (text->data && !text->failed) append_checksum(text, text->data, text->length);
    return finish(text);
}

/* ----------------------------------------------------------------------------------------------------- reading */

/* A line, without its end. */
typedef struct text_line {
    const char *text;
    size_t length;
    unsigned number; /* from 1 */
} text_line;

typedef struct text_reader {
    const char *at, *end;
    text_line line;
} text_reader;

/* False where no whole line is left. */
static bool next_line(text_reader *reader) {
    const char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (!end) return false;
    reader->line = (text_line){reader->at, (size_t)(end - reader->at), reader->line.number + 1};
    reader->at = end + 1;
    return true;
}

static soma_status refuse(const text_line *line, const char *wanted) {
    return soma_error(SOMA_INVALID_FILE, "line %u is %s, where %s is needed", line->number,
                      soma_quote(line->text, line->length).text, wanted);
}

static soma_status cut_short(void) {
    return soma_error(SOMA_INVALID_FILE, "it is cut short");
}

/* Each line of the head, as it is to be. */
static soma_status read_head(text_reader *reader, const soma_text *head) {
    text_reader wanted = {.at = head->data, .end = head->data + head->length};
    while (next_line(&wanted)) {
        if (!next_line(reader)) return cut_short();
        if (reader->line.length != wanted.line.length ||
            memcmp(reader->line.text, wanted.line.text, wanted.line.length) != 0)
            return refuse(&reader->line, soma_quote(wanted.line.text, wanted.line.length).text);
    }
    return SOMA_OK;
}

/* Takes these characters off the front of a line. */
static bool take(text_line *line, const char *piece) {
    const size_t length = strlen(piece);
    if (line->length < length || memcmp(line->text, piece, length) != 0) return false;
    line->text += length;
    line->length -= length;
    return true;
}

/* A whole number without zeros in front, and the blank after it. */
static bool take_number(text_line *line, uint64_t *number) {
    size_t digits = 0;
    *number = 0;
    for (; digits < line->length && line->text[digits] >= '0' && line->text[digits] <= '9'; digits++)
        *number = *number * 10 + (uint64_t)(line->text[digits] - '0');
    if (digits == 0 || digits > 15 || (line->text[0] == '0' && digits > 1)) return false;
    line->text += digits;
    line->length -= digits;
    return take(line, " ");
}

static soma_status read_date(text_reader *reader, char *date) {
    static const char pattern[] = DATE_PATTERN;
    if (!next_line(reader)) return cut_short();
    text_line rest = reader->line;
    bool good = take(&rest, "date ") && rest.length == strlen(pattern);
    for (size_t i = 0; good && i < rest.length; i++)
        good = pattern[i] == 'd' ? rest.text[i] >= '0' && rest.text[i] <= '9' : rest.text[i] == pattern[i];
    if (!good) return refuse(&reader->line, "date and time as 2026-03-31T12:00:00Z");
    memcpy(date, rest.text, rest.length);
    date[rest.length] = 0;
    return SOMA_OK;
}

static bool take_transposition(text_line *line, soma_gemm_choice *choice) {
    for (int i = 0; i < 3; i++) { /* not TT, which nothing needs and nobody measures */
        choice->transpose_a = i / 2;
        choice->transpose_b = i % 2;
        if (take(line, soma_cl_transposition_name(choice->transpose_a, choice->transpose_b))) return take(line, " ");
    }
    return false;
}

static bool take_size(text_line *line, size_t *size) {
    uint64_t number;
    if (!take_number(line, &number) || number < 1 || number > SOMA_TUNE_MAX_SIZE) return false;
    *size = (size_t)number;
    return true;
}

static soma_status read_choice(const text_line *whole, soma_gemm_choice *choice) {
    text_line rest = *whole;
    uint64_t chosen, usual;
    char name[64];
    if (!take_transposition(&rest, choice) || !take_size(&rest, &choice->m) || !take_size(&rest, &choice->n) ||
        !take_size(&rest, &choice->k) || !take_number(&rest, &chosen) || !take_number(&rest, &usual))
        return refuse(whole, "a choice, as \"NN 32 32 32 1000 1000 clblast\",");
    snprintf(name, sizeof name, "%.*s", (int)SOMA_MIN(rest.length, sizeof name), rest.text);
    const soma_cl_gemm *gemm = soma_cl_gemm_named(name);
    if (!gemm || strlen(name) != rest.length)
        return soma_error(SOMA_INVALID_FILE, "line %u names the kernel %s, which this soma does not have",
                          whole->number, soma_quote(rest.text, rest.length).text);
    choice->kernel = gemm->name;
    choice->gflops = (double)chosen * 1e-3;
    choice->default_gflops = (double)usual * 1e-3;
    return SOMA_OK;
}

static soma_status check_sum(const text_reader *reader, const char *text) {
    soma_text wanted = {0};
    append_checksum(&wanted, text, (size_t)(reader->line.text - text));
    SOMA_TRY(finish(&wanted));
    const bool same = reader->line.length + 1 == wanted.length && reader->at == reader->end &&
                      memcmp(reader->line.text, wanted.data, wanted.length) == 0;
    soma_free(wanted.data);
    return same ? SOMA_OK
                : soma_error(SOMA_INVALID_FILE, "the checksum of line %u is not that of the lines before it",
                             reader->line.number);
}

/* Up to the checksum; there is room for as many choices as the text has lines. */
static soma_status read_choices(text_reader *reader, const char *text, soma_cl_tuning *tuning) {
    while (next_line(reader)) {
        text_line rest = reader->line;
        if (take(&rest, "checksum ")) {
            SOMA_TRY(check_sum(reader, text));
            return tuning->count ? SOMA_OK : soma_error(SOMA_INVALID_FILE, "it has no choices");
        }
        SOMA_TRY(read_choice(&reader->line, &tuning->choices[tuning->count]));
        tuning->count++;
    }
    return cut_short();
}

soma_status soma_cl_choices_read(const soma_cl_device *device, const char *text, size_t size, soma_cl_tuning *tuning) {
    text_reader reader = {.at = text, .end = text + size};
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    soma_text head = {0};
    *tuning = (soma_cl_tuning){0};
    SOMA_TRY(soma_cl_choices_head(device, &head));
    tuning->choices = soma_calloc(lines, sizeof *tuning->choices);
    soma_status status = tuning->choices ? read_head(&reader, &head)
                                         : soma_out_of_memory(lines * sizeof *tuning->choices, "choices of kernels");
    soma_free(head.data);
    if (status == SOMA_OK) status = read_date(&reader, tuning->date);
    if (status == SOMA_OK) status = read_choices(&reader, text, tuning);
    if (status != SOMA_OK) soma_cl_free_tuning(tuning);
    return status;
}

void soma_cl_free_tuning(soma_cl_tuning *tuning) {
    soma_free(tuning->choices);
    *tuning = (soma_cl_tuning){0};
}
