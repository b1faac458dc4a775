/* SPDX-License-Identifier: MIT */
/* com.microsoft's Tokenizer: texts cut into words, each row filled up to the longest. */
#include "data/tokenizer/characters.h"
#include "io/onnx/family.h"
#include "io/onnx/host.h"
#include "io/onnx/pattern.h"
#include "io/onnx/texts.h"

#include <string.h>

/* Each cuts what the one before it left, inside of it. */
enum { MOST_SEPARATORS = 100 };
/* What a word takes beside its letters: its place, of up to twice as many as are used, and what the allocator adds. */
enum { COST_OF_WORD = 2 * sizeof(char *) + 32 };

/* What is cut by: an expression of what is a word, expressions of what is between words, or neither, into characters.
 */
typedef struct cutter {
    soma_onnx_node *node;
    soma_onnx_pattern *word, **between;
    size_t betweens;
    bool characters, mark;
    int64_t least; /* characters of a word */
} cutter;

/* Words of all texts, one after the other: copies. */
typedef struct cut {
    soma_onnx_node *node;
    char **word;
    size_t count, room;
    size_t *first; /* of each text, and one more */
} cut;

static size_t count_characters(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static soma_status add(cut *to, const char *text, size_t length) {
    SOMA_TRY(soma_onnx_take_made(to->node->importer, length + COST_OF_WORD, 1, to->node->output.name));
    if (to->count == to->room) {
        const size_t room = SOMA_MAX(2 * to->room, (size_t)64);
        char **grown = soma_realloc(to->word, room, sizeof *grown);
        if (!grown) return soma_out_of_memory(room * sizeof *grown, "words of a text");
        to->word = grown;
        to->room = room;
    }
    char *copy = soma_malloc(length + 1);
    if (!copy) return soma_out_of_memory(length + 1, "a word");
    if (length) memcpy(copy, text, length);
    copy[length] = 0;
    to->word[to->count++] = copy;
    return SOMA_OK;
}

static soma_status add_word(const cutter *by, cut *to, const char *text, size_t length) {
    const bool enough = length > 0 && count_characters(text, length) >= (size_t)by->least;
    return enough ? add(to, text, length) : SOMA_OK;
}

static size_t one_further(const char *text, size_t length, size_t at) {
    uint32_t c;
    return at < length ? at + soma_next_character(text + at, length - at, &c) : length + 1;
}

typedef struct match {
    bool found;
    size_t start, end;
    size_t next; /* where the next one is looked for */
} match;

static soma_status find(const cutter *by, soma_onnx_pattern *pattern, const char *text, size_t length, match *one) {
    const double before = soma_onnx_pattern_work(pattern);
    one->found =
        one->next <= length && soma_onnx_pattern_find(pattern, text, length, one->next, &one->start, &one->end);
    if (one->found) one->next = one->end > one->start ? one->end : one_further(text, length, one->start);
    return soma_onnx_take_steps(by->node, soma_onnx_pattern_work(pattern) - before, "comparisons with texts");
}

static soma_status cut_words(const cutter *by, const char *text, size_t length, cut *to) {
    match one = {.next = 0};
    for (;;) {
        SOMA_TRY(find(by, by->word, text, length, &one));
        if (!one.found) return SOMA_OK;
        SOMA_TRY(add_word(by, to, text + one.start, one.end - one.start));
    }
}

/* By the expressions from number `next` on, one after the other. */
static soma_status cut_between(const cutter *by, size_t next, const char *text, size_t length, cut *to) {
    match one = {.next = 0};
    size_t from = 0;
    if (next == by->betweens) return add_word(by, to, text, length);
    for (;;) {
        SOMA_TRY(find(by, by->between[next], text, length, &one));
        if (!one.found) break;
        if (one.end == one.start) continue;
        SOMA_TRY(cut_between(by, next + 1, text + from, one.start - from, to));
        from = one.end;
    }
    return cut_between(by, next + 1, text + from, length - from, to);
}

static soma_status cut_characters(const char *text, size_t length, cut *to) {
    for (size_t i = 0; i < length;) {
        const size_t next = one_further(text, length, i);
        SOMA_TRY(add(to, text + i, next - i));
        i = next;
    }
    return SOMA_OK;
}

static soma_status cut_text(const cutter *by, const char *text, cut *to) {
    const size_t length = strlen(text);
    if (by->mark) SOMA_TRY(add(to, "\x02", 1));
    SOMA_TRY(by->characters ? cut_characters(text, length, to)
             : by->word     ? cut_words(by, text, length, to)
                            : cut_between(by, 0, text, length, to));
    return by->mark ? add(to, "\x03", 1) : SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------ attributes */

static soma_status create(const cutter *by, const ProtobufCBinaryData *text, soma_onnx_pattern **pattern) {
    SOMA_TRY(soma_onnx_pattern_create((const char *)text->data, text->len, pattern));
    return soma_onnx_take_made(by->node->importer, soma_onnx_pattern_bytes(*pattern), 1, by->node->output.name);
}

static soma_status get_betweens(const Soma__Onnx__AttributeProto *list, cutter *by) {
    by->characters = list->n_strings == 1 && list->strings[0].len == 0;
    if (by->characters) return SOMA_OK;
    if (list->n_strings > MOST_SEPARATORS)
        return soma_error(SOMA_UNSUPPORTED, "%zu separators; up to %d are possible", list->n_strings, MOST_SEPARATORS);
    by->between = soma_calloc(list->n_strings + 1, sizeof *by->between);
    if (!by->between) return soma_out_of_memory(list->n_strings * sizeof *by->between, "separators");
    for (size_t i = 0; i < list->n_strings; i++) SOMA_TRY(create(by, &list->strings[i], &by->between[by->betweens++]));
    return SOMA_OK;
}

static soma_status get_cutter(const soma_onnx_node *node, cutter *by) {
    const Soma__Onnx__AttributeProto *word = soma_onnx_attribute(node, "tokenexp");
    const Soma__Onnx__AttributeProto *between = soma_onnx_attribute(node, "separators");
    const bool has_word = word && word->s.len, has_between = between && between->n_strings;
    int64_t mark;
    SOMA_TRY(soma_onnx_get_integer(node, "mark", 0, &mark));
    SOMA_TRY(soma_onnx_get_integer(node, "mincharnum", 0, &by->least));
    by->mark = mark != 0;
    if (has_word == has_between || by->least < 1)
        return soma_error(SOMA_INVALID_FILE,
                          "a word is %s, of at least %lld characters; accepted: one of tokenexp and separators, and a "
                          "mincharnum from 1 on",
                          has_word ? "said by tokenexp and separators" : "said by neither or one attribute",
                          (long long)by->least);
    if (has_between) SOMA_TRY(get_betweens(between, by));
    by->characters |= has_word && soma_onnx_is_text(word, ".");
    if (by->characters && by->least > 1)
        return soma_error(SOMA_INVALID_FILE, "mincharnum is %lld, and each word one character", (long long)by->least);
    return has_word && !by->characters ? create(by, &word->s, &by->word) : SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- result */

static soma_status give(soma_onnx_node *node, const soma_onnx_shape *shape, const cut *of, size_t texts,
                        const char *pad) {
    soma_onnx_shape out = *shape;
    size_t most = 0;
    for (size_t i = 0; i < texts; i++) most = SOMA_MAX(most, of->first[i + 1] - of->first[i]);
    SOMA_TRY(soma_onnx_take_made(node->importer, texts * most, sizeof(char *), node->output.name));
    const char **all = soma_calloc(texts * most + 1, sizeof *all);
    if (!all) return soma_out_of_memory(texts * most * sizeof *all, node->output.name);
    for (size_t i = 0; i < texts; i++)
        for (size_t k = 0; k < most; k++)
            all[i * most + k] = of->first[i] + k < of->first[i + 1] ? of->word[of->first[i] + k] : pad;
    out.dim[out.rank++] = most;
    soma_status status = soma_onnx_give_texts(node, &out, all);
    soma_free(all);
    return status;
}

static soma_status cut_all(soma_onnx_node *node, const cutter *by, const char *const *texts, size_t count, cut *to) {
    to->first = soma_calloc(count + 1, sizeof *to->first);
    if (!to->first) return soma_out_of_memory(count * sizeof *to->first, node->output.name);
    for (size_t i = 0; i < count; i++) {
        SOMA_TRY(cut_text(by, texts[i], to));
        to->first[i + 1] = to->count;
    }
    return SOMA_OK;
}

static soma_status import_tokenizer(soma_onnx_node *node) {
    const soma_onnx_shape *shape = &node->input[0]->shape;
    cutter by = {.node = node};
    cut to = {.node = node};
    const char **texts = NULL;
    char *pad = NULL;
    size_t count = 0;
    if (shape->rank < 1 || shape->rank > 2)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %u dimensions; one or two are taken", node->input[0]->name,
                          shape->rank);
    soma_status status = soma_onnx_texts_of(node, &texts, &count);
    if (status == SOMA_OK) status = get_cutter(node, &by);
    if (status == SOMA_OK) status = soma_onnx_copy_text(node, "pad_value", &pad);
    if (status == SOMA_OK) status = cut_all(node, &by, texts, count, &to);
    if (status == SOMA_OK) status = give(node, shape, &to, count, pad ? pad : "");
    for (size_t i = 0; i < to.count; i++) soma_free(to.word[i]);
    for (size_t i = 0; i < by.betweens; i++) soma_onnx_pattern_destroy(by.between[i]);
    soma_onnx_pattern_destroy(by.word);
    soma_free(by.between);
    soma_free(to.word);
    soma_free(to.first);
    soma_free(texts);
    soma_free(pad);
    return status;
}

SOMA_ONNX_OP(Tokenizer, 1, 1, 1, "mark mincharnum pad_value separators tokenexp", import_tokenizer, 0,
             .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT);
