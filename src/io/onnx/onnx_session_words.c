/* SPDX-License-Identifier: MIT */
/* Words that go into a session of soma/onnx.h, and those that come out. */
#include "base/size.h"
#include "base/utf8.h"
#include "io/onnx/onnx_session.h"
#include "io/onnx/vocabulary.h"

#include <math.h>
#include <string.h>

soma_status soma_onnx_take_words(soma_onnx_session *session) {
    bool any = false;
    for (size_t i = 0; i < session->given_count; i++) any |= session->given[i].dtype == SOMA_STRING;
    return any ? soma_onnx_collect_words(session->file, soma_onnx_most_made(session->options)) : SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------- in */

static soma_status encode(const soma_onnx_session *session, size_t input, const char *const *words, float *numbers,
                          size_t count) {
    const char *name = session->given[input].name;
    for (size_t i = 0; i < count; i++) {
        size_t offset = 0;
        if (!words[i] || !soma_utf8_check(words[i], strlen(words[i]), &offset))
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "soma_onnx_session_run: input %zu, %s: element %zu is %s%s; words "
                              "of UTF-8 are taken",
                              input, name, i, words[i] ? "no UTF-8: " : "NULL",
                              words[i] ? soma_quote(words[i], strlen(words[i])).text : "");
        double number = 0;
        SOMA_TRY(soma_onnx_encode_word(session->file, words[i], &number));
        numbers[i] = (float)number;
    }
    return SOMA_OK;
}

soma_status soma_onnx_encode_inputs(const soma_onnx_session *session, soma_array *inputs, void **memory) {
    soma_onnx_forget_met(session->file, soma_onnx_most_made(session->options));
    for (size_t i = 0; i < session->given_count; i++) {
        size_t count = 1;
        if (inputs[i].dtype != SOMA_STRING) continue;
        for (uint32_t k = 0; k < inputs[i].rank; k++) count *= inputs[i].shape[k]; /* which the check has multiplied */
        float *numbers = soma_realloc(NULL, count, sizeof *numbers);
        if (!numbers) return soma_out_of_memory(count * sizeof *numbers, session->given[i].name);
        memory[i] = numbers;
        SOMA_TRY(encode(session, i, inputs[i].data, numbers, count));
        inputs[i].data = numbers;
        inputs[i].dtype = SOMA_F32;
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ out */

/* Bytes of all classes' texts, each with its end; what a class of the file may not be is refused. */
static soma_status measure(const soma_onnx_classes *classes, size_t *bytes) {
    *bytes = 0;
    for (size_t i = 0; i < classes->count; i++) {
        const ProtobufCBinaryData *word = &classes->words[i];
        size_t offset;
        if (word->len &&
            (memchr(word->data, 0, word->len) || !soma_utf8_check((const char *)word->data, word->len, &offset)))
            return soma_error(SOMA_UNSUPPORTED, "holds words of which number %zu, %s, is no UTF-8 or has a byte of 0",
                              i, soma_quote((const char *)word->data, word->len).text);
        *bytes += word->len + 1;
    }
    return SOMA_OK;
}

/* Texts into `to`, each at text[i]. */
static void copy_texts(const soma_onnx_classes *classes, char *to, const char **text) {
    for (size_t i = 0; i < classes->count; i++) {
        const ProtobufCBinaryData *word = &classes->words[i];
        if (word->len) memcpy(to, word->data, word->len);
        to[word->len] = 0;
        text[i] = to;
        to += word->len + 1;
    }
}

static soma_status choose_words(const soma_onnx_reader *reader, size_t count, const char *const *text, size_t classes,
                                const char **words) {
    for (size_t i = 0; i < count; i++) {
        const double number = soma_onnx_read(reader, i);
        if (!(number >= 0 && number < (double)classes) || number != trunc(number))
            return soma_error(SOMA_UNSUPPORTED, "element %zu comes out as %.17g, which is no place among %zu words", i,
                              number, classes);
        words[i] = text[(size_t)number];
    }
    return SOMA_OK;
}

/* Copies own[count] behind each other, those that are not NULL, and points at the copies. */
static void copy_own(const char **own, size_t count, char *to) {
    for (size_t i = 0; i < count; i++) {
        if (!own[i]) continue;
        const size_t bytes = strlen(own[i]) + 1;
        own[i] = memcpy(to, own[i], bytes);
        to += bytes;
    }
}

static size_t place_of(const soma_onnx_reader *reader, size_t i, size_t known) {
    const double number = soma_onnx_read(reader, i);
    return number >= 0 && number < (double)known ? (size_t)number : known;
}

/* Each word once, however often it comes out, and behind the words that have a number one for all others. */
static soma_status copy_words(const soma_onnx_file *file, const soma_onnx_reader *reader, size_t count,
                              const char **own, size_t known, const char ***words) {
    size_t bytes = 0, all;
    *words = NULL;
    for (size_t i = 0; i < count; i++) {
        const size_t place = place_of(reader, i, known);
        if (own[place]) continue;
        own[place] = soma_onnx_decode_word(file, (double)place);
        bytes += strlen(own[place]) + 1;
    }
    const bool fits = soma_multiply_size(count + 1, sizeof(char *), &all) && soma_add_size(all, bytes, &all);
    const char **made = *words = fits ? soma_malloc(all) : NULL;
    if (!made) return soma_out_of_memory(fits ? all : SIZE_MAX, "words");
    copy_own(own, known + 1, (char *)(made + count));
    for (size_t i = 0; i < count; i++) made[i] = own[place_of(reader, i, known)];
    return SOMA_OK;
}

/* Words that came in, or were made of such: those of the run, which the next one forgets. */
static soma_status give_encoded(const soma_onnx_session *session, const soma_onnx_value *value,
                                soma_onnx_result *result) {
    const size_t count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    const size_t known = soma_onnx_word_count(session->file);
    const char **own, **words;
    soma_onnx_reader reader;
    SOMA_TRY(soma_onnx_reader_open(session->file, &value->elements, &reader));
    own = soma_calloc(known + 1, sizeof *own);
    soma_status status = own ? copy_words(session->file, &reader, count, own, known, &words)
                             : soma_out_of_memory(known * sizeof *own, "words");
    soma_free(own);
    soma_onnx_reader_close(&reader);
    SOMA_TRY(status);
    soma_free(result->memory);
    result->array.data = result->memory = words;
    return SOMA_OK;
}

soma_status soma_onnx_give_words(const soma_onnx_session *session, const soma_onnx_value *value,
                                 soma_onnx_result *result) {
    const soma_onnx_classes *classes = &value->words;
    const size_t count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    soma_onnx_reader reader;
    size_t bytes, all;
    if (value->encoded) return give_encoded(session, value, result);
    if (!classes->count || !classes->words)
        return soma_error(SOMA_UNSUPPORTED, "holds words that are no labels; names of classes come out");
    SOMA_TRY(measure(classes, &bytes));
    if (!soma_add_size(count, classes->count, &all) || !soma_multiply_size(all, sizeof(char *), &all) ||
        !soma_add_size(all, bytes, &all))
        return soma_out_of_memory(SIZE_MAX, "labels");
    soma_free(result->memory);
    const char **words = result->memory = soma_malloc(all);
    if (!words) return soma_out_of_memory(all, "labels");
    copy_texts(classes, (char *)(words + count + classes->count), words + count);
    result->array.data = words;
    SOMA_TRY(soma_onnx_reader_open(session->file, &value->elements, &reader));
    soma_status status = choose_words(&reader, count, words + count, classes->count, words);
    soma_onnx_reader_close(&reader);
    return status;
}
