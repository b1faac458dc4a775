/* SPDX-License-Identifier: MIT */
/* What ops make of words of an input (vocabulary.h), and of labels that stand for words. */
#include "base/utf8.h"
#include "io/onnx/family.h"
#include "io/onnx/vocabulary.h"

#include <string.h>

/* Ops that move words, or choose among them. */
static const soma_onnx_row *const movers[] = {
    &soma_onnx_row_ArrayFeatureExtractor,
    &soma_onnx_row_Cast,
    &soma_onnx_row_Concat,
    &soma_onnx_row_Flatten,
    &soma_onnx_row_Gather,
    &soma_onnx_row_Identity,
    &soma_onnx_row_Reshape,
    &soma_onnx_row_Slice,
    &soma_onnx_row_Split,
    &soma_onnx_row_Squeeze,
    &soma_onnx_row_Transpose,
    &soma_onnx_row_Unsqueeze,
};

/* Those that are about what is written there. */
static const soma_onnx_row *const readers[] = {
    &soma_onnx_row_LabelEncoder,     &soma_onnx_row_OneHotEncoder,   &soma_onnx_row_StringConcat,
    &soma_onnx_row_StringNormalizer, &soma_onnx_row_TfIdfVectorizer, &soma_onnx_row_Tokenizer,
};

static bool is_reader(const soma_onnx_row *row) {
    for (size_t i = 0; i < SOMA_COUNT_OF(readers); i++)
        if (readers[i] == row) return true;
    return false;
}

static bool is_mover(const soma_onnx_row *row) {
    for (size_t i = 0; i < SOMA_COUNT_OF(movers); i++)
        if (movers[i] == row) return true;
    return false;
}

/* Labels: their places are no numbers to compute with, nor are those of different lists to be told apart. */
static soma_status check_labels(const soma_onnx_node *node) {
    const bool all = node->row == &soma_onnx_row_Concat;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *value = node->input[i];
        const bool labels = value && soma_onnx_is_labels(value);
        if (all && value && node->input[0] && value->words.words != node->input[0]->words.words)
            return soma_error(SOMA_UNSUPPORTED, "inputs %u and 0 are not labels of the same list of words", i);
        if (labels && !(is_mover(node->row) && (i == 0 || all)))
            return soma_error(SOMA_UNSUPPORTED,
                              "input %u, %s, holds labels that are words: ops that move elements take them", i,
                              soma_quote(value->name, strlen(value->name)).text);
    }
    return SOMA_OK;
}

/* Whether an op takes words there. */
static bool takes_words(const soma_onnx_row *row, uint32_t input) {
    if (row == &soma_onnx_row_Where) return input > 0;
    if (row == &soma_onnx_row_Concat || row == &soma_onnx_row_StringConcat) return true;
    return input == 0 && (is_mover(row) || is_reader(row));
}

soma_status soma_onnx_check_encoded(const soma_onnx_node *node) {
    const soma_onnx_row *row = node->row;
    const bool all = row == &soma_onnx_row_Concat || row == &soma_onnx_row_Where;
    const uint32_t first = row == &soma_onnx_row_Where ? 1 : 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *value = node->input[i], *other = node->input[SOMA_MIN(first, node->input_count - 1)];
        const bool encoded = value && value->encoded;
        if (all && i > first && other && encoded != other->encoded)
            return soma_error(SOMA_UNSUPPORTED,
                              "inputs %u and %u: one holds words of an input of the model, the other "
                              "does not",
                              i, first);
        if (!encoded || takes_words(row, i)) continue;
        return soma_error(
            SOMA_UNSUPPORTED,
            "input %u, %s, holds words of an input of the model: OneHotEncoder and LabelEncoder take them, Where, "
            "StringNormalizer, StringConcat, Tokenizer, TfIdfVectorizer, and ops that move "
            "elements",
            i, soma_quote(value->name, strlen(value->name)).text);
    }
    return check_labels(node);
}

void soma_onnx_keep_encoded(soma_onnx_node *node) {
    const bool chosen = node->row == &soma_onnx_row_Where;
    const soma_onnx_value *moved = node->input_count ? node->input[chosen ? 1 : 0] : NULL;
    if (!moved || !(chosen || is_mover(node->row)) || (!moved->encoded && !soma_onnx_is_labels(moved))) return;
    node->output.encoded = moved->encoded;
    if (!moved->encoded) node->output.words = moved->words;
    node->output.integer = true;
    node->output.elements.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
}
