/* SPDX-License-Identifier: MIT */
/* What other programs call options, and how many type them. */
#include "option_table.h"
#include <string.h>

static const struct {
    const char *word, *name;
} synonyms[] = {
    {"learning-rate", "lr"}, {"batch-size", "batch"},  {"num-epochs", "epochs"},  {"metrics", "metric"},
    {"criterion", "loss"},   {"random-state", "seed"}, {"random-seed", "seed"},   {"validation-split", "validation"},
    {"test-size", "test"},   {"target", "label"},      {"delimiter", "separator"}};

const char *option_synonym(const char *name, size_t index) {
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
        if (strcmp(synonyms[i].name, name) == 0 && index-- == 0) return synonyms[i].word;
    return NULL;
}

void option_underline(const char *word, char underlined[OPTION_WORD_SIZE]) {
    snprintf(underlined, OPTION_WORD_SIZE, "%s", word);
    for (char *at = underlined; *at; at++)
        if (*at == '-') *at = '_';
}

bool option_is_called(const char *name, const char *typed) {
    char word[OPTION_WORD_SIZE], known[OPTION_WORD_SIZE];
    option_underline(typed, word);
    option_underline(name, known);
    bool same = strcmp(word, known) == 0;
    const char *synonym;
    for (size_t i = 0; !same && (synonym = option_synonym(name, i)); i++) {
        option_underline(synonym, known);
        same = strcmp(word, known) == 0;
    }
    return same && strlen(typed) < OPTION_WORD_SIZE;
}
