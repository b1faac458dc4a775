/* SPDX-License-Identifier: MIT */
/* See pattern.h: an expression becomes a program. */
#include "base/utf8.h"
#include "data/tokenizer/characters.h"
#include "io/onnx/pattern_program.h"

#include <string.h>

/* MOST_PARSED: what repetitions of repetitions may come to, each member of a [ ] counted; MOST_REPEATED is RE2's. */
enum { MOST_STEPS = 1 << 15, MOST_PARSED = 1 << 16, MOST_DEEP = 200, MOST_REPEATED = 1000, LAST = 0x10FFFF };

/* --------------------------------------------------------------------------------------------------------- parsing */

typedef struct parser {
    soma_onnx_pattern *to;
    const char *text;
    size_t length, at, parsed;
    unsigned deep;
} parser;

static soma_status refuse(const parser *p, const char *what) {
    return soma_error(SOMA_UNSUPPORTED, "the expression %s: byte %zu: %s", soma_quote(p->text, p->length).text, p->at,
                      what);
}

/* What is repeated is read again each time. */
static soma_status count_parsed(parser *p, size_t more) {
    p->parsed += more;
    return p->parsed > MOST_PARSED ? refuse(p, "it becomes too large") : SOMA_OK;
}

static soma_status make_room(void **list, size_t *room, size_t count, size_t size) {
    if (count < *room) return SOMA_OK;
    const size_t wanted = SOMA_MAX(2 * *room, (size_t)16);
    void *grown = soma_realloc(*list, wanted, size);
    if (!grown) return soma_out_of_memory(wanted * size, "a regular expression");
    *list = grown;
    *room = wanted;
    return SOMA_OK;
}

/* Before step `at`; what is behind moves as a whole, so that its own jumps stay right. */
static soma_status insert(parser *p, size_t at, step one) {
    soma_onnx_pattern *to = p->to;
    if (to->step_count >= MOST_STEPS) return refuse(p, "it becomes too large");
    SOMA_TRY(make_room((void **)&to->steps, &to->step_room, to->step_count, sizeof *to->steps));
    memmove(to->steps + at + 1, to->steps + at, (to->step_count - at) * sizeof *to->steps);
    to->steps[at] = one;
    to->step_count++;
    return SOMA_OK;
}

static soma_status append(parser *p, step one) {
    return insert(p, p->to->step_count, one);
}

static soma_status add_range(parser *p, uint32_t first, uint32_t last) {
    soma_onnx_pattern *to = p->to;
    if (first > last) return refuse(p, "a range ends before it begins");
    SOMA_TRY(make_room((void **)&to->ranges, &to->range_room, to->range_count, sizeof *to->ranges));
    to->ranges[to->range_count++] = (range){first, last};
    to->sets[to->set_count - 1].count++;
    return SOMA_OK;
}

static soma_status begin_set(parser *p, bool negated) {
    soma_onnx_pattern *to = p->to;
    SOMA_TRY(make_room((void **)&to->sets, &to->set_room, to->set_count, sizeof *to->sets));
    to->sets[to->set_count++] = (set){.first = to->range_count, .negated = negated};
    return append(p, (step){.kind = SET, .x = (int32_t)(to->set_count - 1)});
}

static bool has(const parser *p, char c) {
    return p->at < p->length && p->text[p->at] == c;
}

static bool take(parser *p, const char *what) {
    const size_t length = strlen(what);
    if (p->length - p->at < length || memcmp(p->text + p->at, what, length) != 0) return false;
    p->at += length;
    return true;
}

static uint32_t take_character(parser *p) {
    uint32_t c = 0;
    const size_t bytes = soma_next_character(p->text + p->at, p->length - p->at, &c);
    p->at += SOMA_MAX(bytes, (size_t)1);
    return c;
}

/* The ranges of \d, \w and \s, or, as a capital letter, what is between them. */
static soma_status add_class(parser *p, char letter) {
    static const range digits[] = {{'0', '9'}}, words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
                       spaces[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    const char small = (char)(letter | 0x20);
    const range *list = small == 'd' ? digits : small == 'w' ? words : spaces;
    const size_t count = small == 'd'   ? SOMA_COUNT_OF(digits)
                         : small == 'w' ? SOMA_COUNT_OF(words)
                                        : SOMA_COUNT_OF(spaces);
    uint32_t from = 0;
    for (size_t i = 0; i < count; i++) {
        if (letter == small)
            SOMA_TRY(add_range(p, list[i].first, list[i].last));
        else if (list[i].first > from)
            SOMA_TRY(add_range(p, from, list[i].first - 1));
        from = list[i].last + 1;
    }
    return letter == small ? SOMA_OK : add_range(p, from, LAST);
}

static bool is_class(char c) {
    return c && strchr("dDwWsS", c);
}

/* The character that stands behind a backslash. */
static soma_status take_escaped(parser *p, uint32_t *c) {
    static const char names[] = "nrtfva", stand[] = "\n\r\t\f\v\a";
    if (p->at >= p->length) return refuse(p, "nothing is behind the backslash");
    const char name = p->text[p->at], *known = strchr(names, name);
    if (name && known)
        *c = (uint32_t)(unsigned char)stand[known - names];
    else if ((name >= '0' && name <= '9') || (name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z'))
        return refuse(p, "this letter or digit behind a backslash is not known; \\d \\w \\s \\b and \\n \\t are");
    else
        return *c = take_character(p), SOMA_OK;
    p->at++;
    return SOMA_OK;
}

static soma_status take_set_character(parser *p, uint32_t *c) {
    if (!has(p, '\\')) return *c = take_character(p), SOMA_OK;
    p->at++;
    return take_escaped(p, c);
}

/* What is between [ and ]. */
static soma_status parse_set(parser *p) {
    bool first = true;
    SOMA_TRY(begin_set(p, take(p, "^")));
    for (; first || !has(p, ']'); first = false) {
        uint32_t from, to;
        SOMA_TRY(count_parsed(p, 1));
        if (p->at >= p->length) return refuse(p, "a [ has no ]");
        if (has(p, '[') && p->at + 1 < p->length && p->text[p->at + 1] == ':')
            return refuse(p, "classes by names in [: :] are not known");
        if (has(p, '\\') && p->at + 1 < p->length && is_class(p->text[p->at + 1])) {
            p->at += 2;
            SOMA_TRY(add_class(p, p->text[p->at - 1]));
            continue;
        }
        SOMA_TRY(take_set_character(p, &from));
        to = from;
        if (has(p, '-') && p->at + 1 < p->length && p->text[p->at + 1] != ']') {
            p->at++;
            SOMA_TRY(take_set_character(p, &to));
        }
        SOMA_TRY(add_range(p, from, to));
    }
    p->at++;
    return SOMA_OK;
}

static soma_status parse_alternatives(parser *p);

static soma_status parse_group(parser *p) {
    if (take(p, "?P<") || take(p, "?<")) {
        const size_t name = p->at;
        while (p->at < p->length && !has(p, '>')) p->at++;
        SOMA_TRY(count_parsed(p, p->at - name));
        if (!take(p, ">")) return refuse(p, "a group's name does not end");
    } else if (has(p, '?') && !take(p, "?:"))
        return refuse(p, "this kind of group is not known; ( and (?: are");
    SOMA_TRY(parse_alternatives(p));
    return take(p, ")") ? SOMA_OK : refuse(p, "a ( has no )");
}

static soma_status parse_escape(parser *p) {
    static const struct {
        char name;
        kind kind;
    } places[] = {{'b', EDGE}, {'B', NO_EDGE}, {'A', BEGIN}, {'z', FINISH}};
    uint32_t c;
    for (size_t i = 0; i < SOMA_COUNT_OF(places); i++)
        if (has(p, places[i].name)) return p->at++, append(p, (step){.kind = places[i].kind});
    if (p->at < p->length && is_class(p->text[p->at])) {
        SOMA_TRY(begin_set(p, false));
        return add_class(p, p->text[p->at++]);
    }
    SOMA_TRY(take_escaped(p, &c));
    SOMA_TRY(begin_set(p, false));
    return add_range(p, c, c);
}

static bool take_counts(parser *p, int *least, int *most);

static bool has_repetition(parser *p) {
    int least, most;
    return has(p, '*') || has(p, '+') || has(p, '?') || (has(p, '{') && take_counts(p, &least, &most));
}

static soma_status parse_atom(parser *p) {
    SOMA_TRY(count_parsed(p, 1));
    if (take(p, "(")) return parse_group(p);
    if (take(p, "[")) return parse_set(p);
    if (take(p, "\\")) return parse_escape(p);
    if (take(p, "^")) return append(p, (step){.kind = BEGIN});
    if (take(p, "$")) return append(p, (step){.kind = FINISH});
    if (has_repetition(p)) return refuse(p, "there is nothing to be repeated");
    const bool any = take(p, ".");
    SOMA_TRY(begin_set(p, any));
    const uint32_t c = any ? '\n' : take_character(p);
    return add_range(p, c, c);
}

/* {3}, {3,} or {3,5}, if that is what stands here; *most is -1 for any number. */
static bool take_counts(parser *p, int *least, int *most) {
    size_t at = p->at + 1;
    int numbers[2] = {0, -1}, count = 0;
    bool open = false;
    for (; at < p->length && p->text[at] != '}'; at++) {
        const char c = p->text[at];
        if (c == ',' && count == 1 && !open)
            open = true;
        else if (c >= '0' && c <= '9' && numbers[open] <= MOST_REPEATED) {
            numbers[open] = SOMA_MAX(numbers[open], 0) * 10 + (c - '0');
            if (!open) count = 1;
        } else
            return false;
    }
    if (at >= p->length || !count) return false;
    p->at = at + 1;
    *least = numbers[0];
    *most = open ? numbers[1] : numbers[0];
    return true;
}

/* Once or not at all, or any number of times: what was emitted from step `from` on. */
static soma_status make_optional(parser *p, size_t from, bool again) {
    const int32_t length = (int32_t)(p->to->step_count - from);
    SOMA_TRY(insert(p, from, (step){.kind = FORK, .x = 1, .y = length + (again ? 2 : 1)}));
    return again ? append(p, (step){.kind = JUMP, .x = -(length + 1)}) : SOMA_OK;
}

/* What was emitted from step `from` on stands at byte `text`, and is emitted again as often as it may come. */
static soma_status repeat(parser *p, size_t from, size_t text, int least, int most) {
    const size_t behind = p->at;
    if (least > MOST_REPEATED || most > MOST_REPEATED || (most >= 0 && most < least))
        return refuse(p, "at most 1000 times, and no fewer than at least, are possible");
    p->to->step_count = from;
    for (int i = 0; i < (most < 0 ? least + 1 : most); i++) {
        const size_t first = p->to->step_count;
        p->at = text;
        SOMA_TRY(parse_atom(p));
        if (i >= least) SOMA_TRY(make_optional(p, first, most < 0));
    }
    p->at = behind;
    return SOMA_OK;
}

static soma_status parse_repeated(parser *p) {
    const size_t from = p->to->step_count, text = p->at;
    int least, most;
    SOMA_TRY(parse_atom(p));
    if (take(p, "*"))
        SOMA_TRY(make_optional(p, from, true));
    else if (take(p, "+"))
        SOMA_TRY(append(p, (step){.kind = FORK, .x = (int32_t)from - (int32_t)p->to->step_count, .y = 1}));
    else if (take(p, "?"))
        SOMA_TRY(make_optional(p, from, false));
    else if (has(p, '{') && take_counts(p, &least, &most))
        SOMA_TRY(repeat(p, from, text, least, most));
    else
        return SOMA_OK;
    (void)take(p, "?");
    if (has_repetition(p)) return refuse(p, "a repetition is repeated");
    return SOMA_OK;
}

static soma_status parse_alternatives(parser *p) {
    if (++p->deep > MOST_DEEP) return refuse(p, "more than 200 groups are inside of each other");
    int32_t jump = -1; /* the last over what follows; until it is known how far, each names the one before */
    for (;;) {
        const size_t from = p->to->step_count;
        while (p->at < p->length && !has(p, '|') && !has(p, ')')) SOMA_TRY(parse_repeated(p));
        if (!take(p, "|")) break;
        const int32_t length = (int32_t)(p->to->step_count - from);
        SOMA_TRY(insert(p, from, (step){.kind = FORK, .x = 1, .y = length + 2}));
        SOMA_TRY(append(p, (step){.kind = JUMP, .x = jump}));
        jump = (int32_t)p->to->step_count - 1;
    }
    while (jump >= 0) {
        const int32_t before = p->to->steps[jump].x;
        p->to->steps[jump].x = (int32_t)p->to->step_count - jump;
        jump = before;
    }
    p->deep--;
    return SOMA_OK;
}

static soma_status parse(soma_onnx_pattern *to, const char *text, size_t length) {
    parser p = {.to = to, .text = text, .length = length};
    to->any_case = take(&p, "(?i)");
    SOMA_TRY(parse_alternatives(&p));
    if (p.at < length) return refuse(&p, "a ) has no (");
    return append(&p, (step){.kind = MATCH});
}

soma_status soma_onnx_pattern_create(const char *text, size_t length, soma_onnx_pattern **pattern) {
    soma_onnx_pattern *made = *pattern = soma_calloc(1, sizeof *made);
    size_t wrong;
    if (!made) return soma_out_of_memory(sizeof *made, "a regular expression");
    soma_status status =
        soma_utf8_check(text, length, &wrong)
            ? parse(made, text, length)
            : soma_error(SOMA_INVALID_FILE, "the expression %s is no UTF-8", soma_quote(text, length).text);
    const size_t count = made->step_count + 1;
    if (status == SOMA_OK) {
        made->now = soma_calloc(count, sizeof *made->now);
        made->next = soma_calloc(count, sizeof *made->next);
        made->seen = soma_calloc(count, sizeof *made->seen);
        made->stack = soma_calloc(2 * count, sizeof *made->stack);
        if (!made->now || !made->next || !made->seen || !made->stack)
            status = soma_out_of_memory(count * sizeof *made->now, "a regular expression");
    }
    if (status == SOMA_OK) return SOMA_OK;
    soma_onnx_pattern_destroy(made);
    *pattern = NULL;
    return status;
}

void soma_onnx_pattern_destroy(soma_onnx_pattern *pattern) {
    if (!pattern) return;
    soma_free(pattern->steps);
    soma_free(pattern->sets);
    soma_free(pattern->ranges);
    soma_free(pattern->now);
    soma_free(pattern->next);
    soma_free(pattern->seen);
    soma_free(pattern->stack);
    soma_free(pattern);
}

size_t soma_onnx_pattern_bytes(const soma_onnx_pattern *of) {
    const size_t threads = 2 * sizeof *of->now + sizeof *of->seen + 2 * sizeof *of->stack;
    return sizeof *of + of->step_room * sizeof *of->steps + (of->step_count + 1) * threads +
           of->set_room * sizeof *of->sets + of->range_room * sizeof *of->ranges;
}
