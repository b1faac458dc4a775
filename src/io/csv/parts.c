/* SPDX-License-Identifier: MIT */
/* See parts.h. */
#include "io/csv/parts.h"
#include "base/utf8.h"

#include <string.h>

#define PART_SIZE ((size_t)1 << 20)
#define MAX_PARTS 32
/* More do not make it faster: they wait for memory. */
#define MAX_THREADS 8
/* Text that a part has for each column, at least. */
#define BYTES_FOR_COLUMN 64
/* Bytes whose counts fit one byte, so that a compiler can count many at once. */
#define BLOCK 255

/* What text between two cuts has in it. */
typedef struct stretch {
    const char *begin, *end;
    size_t lines, quotes;
    bool fault; /* a zero byte, or no UTF-8 */
} stretch;

typedef struct division {
    stretch *stretches;
    size_t count;
    soma_threads *threads;
} division;

static void look_at_block(stretch *one, const char *text, size_t size, unsigned *high) {
    uint8_t lines = 0, quotes = 0, all = 0, zero = 0;
    for (size_t i = 0; i < size; i++) {
        lines = (uint8_t)(lines + (text[i] == '\n'));
        quotes = (uint8_t)(quotes + (text[i] == '"'));
        all |= (uint8_t)text[i];
        zero |= text[i] == 0;
    }
    one->lines += lines;
    one->quotes += quotes;
    one->fault |= zero;
    *high |= all;
}

static void look_at_stretch(stretch *one) {
    size_t size = (size_t)(one->end - one->begin), offset;
    unsigned high = 0;
    for (size_t i = 0; i < size; i += BLOCK) look_at_block(one, one->begin + i, SOMA_MIN(size - i, BLOCK), &high);
    if (high & 0x80) one->fault |= !soma_utf8_check(one->begin, size, &offset);
}

static void look(void *context, uint32_t thread) {
    division *all = context;
    size_t index;
    while (soma_threads_next(all->threads, thread, all->count, &index)) look_at_stretch(&all->stretches[index]);
}

/* ------------------------------------------------------------------------------------------------------ dividing */

static size_t line_of(const char *text, size_t offset) {
    size_t line = 1;
    for (size_t i = 0; i < offset; i++) line += text[i] == '\n';
    return line;
}

/* Whether every second byte at the beginning is zero. */
static bool is_wide(const char *text, size_t size) {
    size_t zeros[2] = {0}, count = SOMA_MIN(size, (size_t)64) / 2;
    for (size_t i = 0; i < 2 * count; i++) zeros[i % 2] += text[i] == 0;
    return count > 1 && zeros[0] + zeros[1] >= count - count / 8 && (zeros[0] == 0 || zeros[1] == 0);
}

/* Says what is wrong with a text of which something is. */
static soma_status refuse_text(const char *name, const char *text, size_t size) {
    const char *zero = memchr(text, 0, size);
    if (zero)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu, offset %zu: a zero byte%s; a table is text, in UTF-8", name,
                          line_of(text, (size_t)(zero - text)), (size_t)(zero - text),
                          is_wide(text, size) ? ", as every second one of UTF-16" : "");
    size_t offset = 0;
    soma_utf8_check(text, size, &offset);
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu, offset %zu: %s is not UTF-8; text in UTF-8 is wanted", name,
                      line_of(text, offset), offset, soma_quote(text + offset, 1).text);
}

/* Cuts behind ends of lines, which are between characters, though perhaps in quotes. */
static void cut(const char *text, size_t size, stretch *stretches, size_t count) {
    const char *end = text + size, *begin = text;
    for (size_t i = 0; i < count; i++) {
        const char *about = text + size / count * (i + 1);
        const char *next = i + 1 < count && about > begin ? memchr(about, '\n', (size_t)(end - about)) : NULL;
        stretches[i].begin = begin;
        begin = i + 1 == count ? end : about <= begin ? begin : next ? next + 1 : end;
        stretches[i].end = begin;
    }
}

/* From a place to the next end of a line outside quotes, behind which a record begins. */
static size_t pass_over_quoted(const char *text, size_t size, size_t position, size_t *line) {
    for (bool quoted = true; position < size; position++) {
        if (text[position] == '"') quoted = !quoted;
        *line += text[position] == '\n';
        if (!quoted && text[position] == '\n') return position + 1;
    }
    return size;
}

static void make_parts(const char *text, size_t size, const stretch *stretches, soma_csv_parts *parts) {
    size_t line = 1, quotes = 0;
    for (size_t i = 0; i < parts->count; i++) {
        soma_csv_part *part = &parts->part[i];
        *part = (soma_csv_part){.begin = (size_t)(stretches[i].begin - text), .end = size, .line = line};
        if (quotes % 2) part->begin = pass_over_quoted(text, size, part->begin, &part->line);
        if (i) {
            part[-1].end = part->begin;
            part[-1].end_line = part->line;
        }
        line += stretches[i].lines;
        quotes += stretches[i].quotes;
    }
    parts->part[parts->count - 1].end_line = line;
}

/* With one thread where more cannot be had. */
static soma_status make_threads(size_t parts, soma_threads **threads) {
    uint32_t count = SOMA_MIN(soma_threads_available(), MAX_THREADS);
    count = (uint32_t)SOMA_MIN((size_t)count, (parts + 1) / 2);
    if (soma_threads_create(count, threads) == SOMA_OK) return SOMA_OK;
    return count > 1 ? soma_threads_create(1, threads) : SOMA_OUT_OF_MEMORY;
}

soma_status soma_csv_divide(const char *name, const char *text, size_t size, soma_csv_parts *parts) {
    stretch stretches[MAX_PARTS] = {{0}};
    bool fault = false;
    *parts = (soma_csv_parts){.count = SOMA_MIN(size / PART_SIZE + 1, MAX_PARTS)};
    if (size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return soma_error(SOMA_INVALID_FILE, "%s: offset 0: a byte order mark of UTF-16; text in UTF-8 is wanted",
                          name);
    parts->part = soma_calloc(parts->count, sizeof *parts->part);
    if (!parts->part) return soma_out_of_memory(parts->count * sizeof *parts->part, name);
    SOMA_TRY(make_threads(parts->count, &parts->threads));
    cut(text, size, stretches, parts->count);
    soma_threads_run(parts->threads, look, &(division){stretches, parts->count, parts->threads});
    for (size_t i = 0; i < parts->count; i++) fault |= stretches[i].fault;
    if (fault) return refuse_text(name, text, size);
    make_parts(text, size, stretches, parts);
    return SOMA_OK;
}

void soma_csv_parts_clear(soma_csv_parts *parts) {
    soma_threads_destroy(parts->threads);
    soma_free(parts->part);
    *parts = (soma_csv_parts){0};
}

/* The same text in `most` parts at most. */
static void join_parts(soma_csv_parts *parts, size_t most) {
    size_t each = (parts->count + most - 1) / most, count = 0;
    for (size_t i = 0; i < parts->count; i += each) {
        const soma_csv_part last = parts->part[SOMA_MIN(i + each, parts->count) - 1];
        parts->part[count] = parts->part[i];
        parts->part[count].end = last.end;
        parts->part[count++].end_line = last.end_line;
    }
    parts->count = count;
}

void soma_csv_keep_records(soma_csv_parts *parts, const soma_csv_reader *reader, size_t columns) {
    size_t last = soma_csv_last_record(reader);
    for (size_t i = 0; i < parts->count; i++) {
        soma_csv_part *part = &parts->part[i];
        if (part->begin < reader->position) {
            part->begin = reader->position;
            part->line = reader->line;
        }
        part->end = SOMA_MIN(part->end, last);
    }
    join_parts(parts, SOMA_MAX((last - reader->position) / BYTES_FOR_COLUMN / columns, 1));
}

size_t soma_csv_most_rows(const soma_csv_parts *parts, size_t part, size_t columns) {
    const soma_csv_part *of = &parts->part[part];
    bool last = true;
    if (of->begin >= of->end) return 0;
    for (size_t i = part + 1; i < parts->count; i++) last &= parts->part[i].begin >= parts->part[i].end;
    /* The last record may end without a line's end; and each has a byte for each column. */
    size_t lines = of->end_line - of->line + last;
    return SOMA_MIN(lines, (of->end - of->begin) / columns + 1);
}

/* ------------------------------------------------------------------------------------------------------- reading */

typedef struct job {
    soma_csv_parts *parts;
    const soma_csv_reader *reader;
    soma_csv_read_record *read;
    void *context;
} job;

static soma_csv_reader reader_at(const soma_csv_reader *like, size_t position, size_t line) {
    soma_csv_reader reader = *like;
    reader.field = NULL;
    reader.capacity = 0;
    soma_csv_return(&reader, position, line);
    return reader;
}

static void read_part(const job *all, size_t index) {
    soma_csv_part *part = &all->parts->part[index];
    soma_csv_reader reader = reader_at(all->reader, part->begin, part->line);
    part->rows = 0;
    part->status = SOMA_OK;
    while (reader.position < part->end) {
        size_t position = reader.position, line = reader.line;
        part->status = all->read(all->context, index, &reader);
        part->failed_position = position;
        part->failed_line = line;
        if (part->status != SOMA_OK) break;
        part->rows++;
    }
    soma_csv_clear(&reader);
}

static void work(void *context, uint32_t thread) {
    const job *all = context;
    size_t index;
    while (soma_threads_next(all->parts->threads, thread, all->parts->count, &index)) read_part(all, index);
}

size_t soma_csv_read_parts(soma_csv_parts *parts, const soma_csv_reader *reader, soma_csv_read_record *read,
                           void *context) {
    size_t good = 0;
    soma_threads_run(parts->threads, work, &(job){parts, reader, read, context});
    while (good < parts->count && parts->part[good].status == SOMA_OK) good++;
    return good;
}

soma_status soma_csv_explain(const soma_csv_parts *parts, size_t failed, const soma_csv_reader *like,
                             soma_csv_read_record *read, void *context) {
    const soma_csv_part *part = &parts->part[failed];
    soma_csv_reader reader = reader_at(like, part->failed_position, part->failed_line);
    soma_status status = read(context, failed, &reader);
    soma_csv_clear(&reader);
    if (status != SOMA_OK) return status;
    return part->status == SOMA_OUT_OF_MEMORY
               ? soma_out_of_memory(0, like->name)
               : soma_error(part->status, "%s: line %zu: has changed while it was read", like->name, part->failed_line);
}
