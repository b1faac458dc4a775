/* SPDX-License-Identifier: MIT */
/* See vocabulary.h. */
#include "io/onnx/vocabulary.h"
#include "base/utf8.h"
#include "io/onnx/classes.h"

#include <inttypes.h>
#include <string.h>

/* What a word takes beside its letters: its entry and its slots, of both up to twice as many as are used, and what the
 * allocator adds. */
enum { COST_OF_WORD = 2 * sizeof(soma_word) + 4 * sizeof(uint32_t) + 32 };

/* Numbers that float32 tells apart. */
#define MOST_WORDS ((size_t)1 << 24)

/* ------------------------------------------------------------------------------------------------------- collecting */

typedef struct collector {
    soma_onnx_file *file;
    size_t used, limit;
} collector;

/* Whether a caller can give such a word. */
static bool is_word(const ProtobufCBinaryData *word) {
    size_t offset;
    if (word->len == 0) return true;
    return !memchr(word->data, 0, word->len) && soma_utf8_check((const char *)word->data, word->len, &offset);
}

static char *copy_of(const ProtobufCBinaryData *word) {
    char *copy = soma_malloc(word->len + 1);
    if (!copy) return NULL;
    if (word->len) memcpy(copy, word->data, word->len);
    copy[word->len] = 0;
    return copy;
}

static bool has_room(size_t used, size_t limit, size_t words, size_t letters) {
    const size_t left = limit - used;
    return left >= COST_OF_WORD && left - COST_OF_WORD >= letters && words < MOST_WORDS;
}

static soma_status add_word(collector *c, const ProtobufCBinaryData *word) {
    soma_words *words = &c->file->vocabulary;
    size_t number;
    if (!is_word(word)) return SOMA_OK; /* who looks it up says so */
    char *text = copy_of(word);
    if (!text) return soma_out_of_memory(word->len + 1, "a word");
    const bool known = soma_words_find(words, text, &number);
    soma_status status = SOMA_OK;
    if (!known && !has_room(c->used, c->limit, words->count, word->len))
        status = soma_error(SOMA_UNSUPPORTED,
                            "%s: the model names more than %zu different words, for which it would take more than %zu "
                            "bytes, or more than float32 can number; memory_limit says how many bytes they may take",
                            c->file->path, words->count, c->limit);
    else if (!known)
        status = soma_words_add(words, text, 0, &number);
    soma_free(text);
    if (status == SOMA_OK && !known) c->used += COST_OF_WORD + word->len;
    return status;
}

static soma_status add_nodes(collector *c, Soma__Onnx__NodeProto *const *nodes, size_t count);

/* A network has its number as a constant, so that no run may forget it. */
static soma_status add_usual_word(collector *c) {
    char text[] = SOMA_ONNX_USUAL_WORD;
    return add_word(c, &(ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text});
}

static soma_status add_attribute(collector *c, const Soma__Onnx__AttributeProto *attribute) {
    for (size_t i = 0; i < attribute->n_strings; i++) SOMA_TRY(add_word(c, &attribute->strings[i]));
    const bool words = attribute->n_strings || (attribute->t && attribute->t->n_string_data);
    if (words && attribute->name && strncmp(attribute->name, "values_", 7) == 0) SOMA_TRY(add_usual_word(c));
    if (attribute->has_s && attribute->name && strcmp(attribute->name, "default_string") == 0)
        SOMA_TRY(add_word(c, &attribute->s));
    for (size_t i = 0; attribute->t && i < attribute->t->n_string_data; i++)
        SOMA_TRY(add_word(c, &attribute->t->string_data[i]));
    return attribute->g ? add_nodes(c, attribute->g->node, attribute->g->n_node) : SOMA_OK;
}

static soma_status add_nodes(collector *c, Soma__Onnx__NodeProto *const *nodes, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < nodes[i]->n_attribute; k++) SOMA_TRY(add_attribute(c, nodes[i]->attribute[k]));
    return SOMA_OK;
}

soma_status soma_onnx_collect_words(soma_onnx_file *file, size_t limit) {
    const Soma__Onnx__ModelProto *model = file->model;
    collector c = {.file = file, .limit = limit};
    file->encodes = true;
    file->met = soma_calloc(1, sizeof *file->met);
    if (!file->met) return soma_out_of_memory(sizeof *file->met, "words of a run");
    file->met->limit = limit;
    SOMA_TRY(add_nodes(&c, model->graph->node, model->graph->n_node));
    for (size_t i = 0; i < model->n_functions; i++)
        SOMA_TRY(add_nodes(&c, model->functions[i]->node, model->functions[i]->n_node));
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- numbers */

void soma_onnx_forget_met(const soma_onnx_file *file, size_t limit) {
    if (!file->met) return;
    soma_words_clear(&file->met->words);
    file->met->used = 0;
    file->met->limit = limit;
}

soma_status soma_onnx_encode_word(const soma_onnx_file *file, const char *word, double *number) {
    soma_onnx_met *met = file->met;
    const size_t named = file->vocabulary.count, letters = strlen(word);
    size_t found;
    if (soma_words_find(&file->vocabulary, word, &found)) return *number = (double)found, SOMA_OK;
    if (!soma_words_find(&met->words, word, &found)) {
        if (!has_room(met->used, met->limit, named + met->words.count, letters))
            return soma_error(
                SOMA_UNSUPPORTED,
                "more than %zu different words come in or are made, for which it would take more than %zu "
                "bytes, or more than float32 can number; memory_limit says how many bytes they may take",
                met->words.count, met->limit);
        SOMA_TRY(soma_words_add(&met->words, word, 0, &found));
        met->used += COST_OF_WORD + letters;
    }
    *number = (double)(named + found);
    return SOMA_OK;
}

size_t soma_onnx_word_count(const soma_onnx_file *file) {
    return file->vocabulary.count + (file->met ? file->met->words.count : 0);
}

const char *soma_onnx_decode_word(const soma_onnx_file *file, double number) {
    const size_t named = file->vocabulary.count;
    if (!(number >= 0 && number < (double)soma_onnx_word_count(file))) return "";
    const size_t place = (size_t)number;
    return place < named ? file->vocabulary.words[place].text : file->met->words.words[place - named].text;
}

static soma_status find_word(const soma_onnx_file *file, const ProtobufCBinaryData *word, double *number) {
    size_t found;
    char *text = is_word(word) ? copy_of(word) : NULL;
    if (is_word(word) && !text) return soma_out_of_memory(word->len + 1, "a word");
    const bool known = text && soma_words_find(&file->vocabulary, text, &found);
    soma_free(text);
    if (known) *number = (double)found;
    return known ? SOMA_OK
                 : soma_error(SOMA_UNSUPPORTED,
                              "is %s; words of UTF-8 without a byte of 0, of a node of the file, are "
                              "looked up",
                              soma_quote((const char *)word->data, word->len).text);
}

soma_status soma_onnx_word_numbers(soma_onnx_node *node, const char *attribute, const ProtobufCBinaryData *words,
                                   size_t count, const double **numbers) {
    double *made = NULL;
    SOMA_TRY(soma_onnx_make(node, count, &made));
    for (size_t i = 0; i < count; i++) {
        soma_status status = find_word(node->importer->file, &words[i], &made[i]);
        if (status != SOMA_OK) return soma_error_prefix(status, "%s: word %zu ", attribute, i);
    }
    *numbers = made;
    return SOMA_OK;
}
