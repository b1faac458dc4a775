/* SPDX-License-Identifier: MIT */
/* Searches for an expression: threads of its program go through the text side by side, so that none goes back. */
#include "data/tokenizer/characters.h"
#include "data/tokenizer/unicode.h"
#include "io/onnx/pattern_program.h"

#include <string.h>

/* That a character costs, in ranges that it is compared with. */
enum { COST_OF_THREAD = 8 };

double soma_onnx_pattern_work(const soma_onnx_pattern *of) {
    return of->work;
}

static bool is_in(const soma_onnx_pattern *of, const set *one, uint32_t c) {
    for (size_t i = one->first; i < one->first + one->count; i++)
        if (c >= of->ranges[i].first && c <= of->ranges[i].last) return true;
    return false;
}

static bool takes(const soma_onnx_pattern *of, const set *one, uint32_t c) {
    bool in = is_in(of, one, c);
    if (of->any_case && !in) {
        const uint32_t small = soma_small_letter_of(c);
        in = is_in(of, one, small) || (small >= 'a' && small <= 'z' && is_in(of, one, small - 'a' + 'A'));
    }
    return in != one->negated;
}

static bool is_of_word(const char *text, size_t length, size_t at) {
    const char c = at < length ? text[at] : 0;
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool holds(kind place, const char *text, size_t length, size_t at) {
    const bool edge = (at > 0 && is_of_word(text, length, at - 1)) != is_of_word(text, length, at);
    return place == BEGIN ? at == 0 : place == FINISH ? at == length : edge == (place == EDGE);
}

typedef struct search {
    const char *text;
    size_t length, at;
    bool found;
    size_t start, end;
} search;

/* A thread goes on at a step, and at all that it comes to from there without a character. Those that began earlier
 * come first, so that who is there already began no later. */
static void add_thread(soma_onnx_pattern *of, search *s, thread *list, size_t *count, thread one) {
    size_t waiting = 0;
    of->stack[waiting++] = one.at;
    while (waiting > 0) {
        const int32_t at = of->stack[--waiting];
        const step *is = &of->steps[at];
        if (of->seen[at] == of->round) continue;
        of->seen[at] = of->round;
        if (is->kind == FORK || is->kind == JUMP) {
            of->stack[waiting++] = at + is->x;
            if (is->kind == FORK) of->stack[waiting++] = at + is->y;
        } else if (is->kind == SET)
            list[(*count)++] = (thread){at, one.start};
        else if (is->kind == MATCH) {
            if (s->found && s->start < one.start) continue;
            s->found = true;
            s->start = one.start;
            s->end = s->at;
        } else if (holds(is->kind, s->text, s->length, s->at))
            of->stack[waiting++] = at + 1;
    }
}

static void begin_round(soma_onnx_pattern *of) {
    if (++of->round != 0) return;
    memset(of->seen, 0, of->step_count * sizeof *of->seen);
    of->round = 1;
}

bool soma_onnx_pattern_find(soma_onnx_pattern *of, const char *text, size_t length, size_t from, size_t *start,
                            size_t *end) {
    search s = {.text = text, .length = length, .at = from};
    size_t count = 0;
    begin_round(of);
    while (s.at <= length && of->work <= SOMA_ONNX_MOST_SEARCHED) {
        uint32_t c = 0;
        size_t next = 0;
        if (!s.found) add_thread(of, &s, of->now, &count, (thread){0, s.at});
        if (s.at == length || (s.found && count == 0)) break;
        const size_t bytes = SOMA_MAX(soma_next_character(text + s.at, length - s.at, &c), (size_t)1);
        s.at += bytes;
        begin_round(of);
        for (size_t i = 0; i < count; i++) {
            const thread one = of->now[i];
            of->work += COST_OF_THREAD + (double)of->sets[of->steps[one.at].x].count;
            if ((s.found && one.start > s.start) || !takes(of, &of->sets[of->steps[one.at].x], c)) continue;
            add_thread(of, &s, of->next, &next, (thread){one.at + 1, one.start});
        }
        thread *done = of->now;
        of->now = of->next;
        of->next = done;
        count = next;
    }
    *start = s.start;
    *end = s.end;
    return s.found;
}
