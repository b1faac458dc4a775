/* SPDX-License-Identifier: MIT */
/* See gap_texts.h. */
#include "data/gap_texts.h"
#include "base/decimal.h"
#include "base/number.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_listed(const soma_gap_texts *gaps, const char *text) {
    for (size_t i = 0; i < gaps->count; i++)
        if (strcasecmp(gaps->text[i], text) == 0) return true;
    return false;
}

/* A number is read as what it says before anybody asks whether it is a gap. */
static bool is_number(const char *text) {
    const char *at = text, *end = text + strlen(text);
    soma_decimal number;
    return soma_decimal_scan(&at, end, &number) && at == end;
}

soma_status soma_gap_texts_add(soma_gap_texts *gaps, const char *text) {
    const char *what = !*text                              ? "is empty, and an empty field is a gap always"
                       : is_number(text)                   ? "is a number, which is no gap"
                       : is_listed(gaps, text)             ? "is there twice"
                       : gaps->count == SOMA_MAX_GAP_TEXTS ? "is one text too many"
                                                           : NULL;
    if (what)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "gaps: %s %s; up to %d different texts that are no numbers are wanted, as NA,?,-",
                          soma_quote(text, strlen(text)).text, what, SOMA_MAX_GAP_TEXTS);
    char **grown = soma_realloc(gaps->text, gaps->count + 1, sizeof *grown);
    if (!grown) return soma_out_of_memory((gaps->count + 1) * sizeof *grown, "texts of gaps");
    gaps->text = grown;
    char *copy = soma_strdup(text);
    if (!copy) return soma_out_of_memory(strlen(text) + 1, "a text of gaps");
    grown[gaps->count++] = copy;
    return SOMA_OK;
}

soma_status soma_gap_texts_copy(const soma_gap_texts *from, soma_gap_texts *to) {
    *to = (soma_gap_texts){.count = 0};
    for (size_t i = 0; i < from->count; i++) {
        soma_status status = soma_gap_texts_add(to, from->text[i]);
        if (status == SOMA_OK) continue;
        soma_gap_texts_clear(to);
        return status;
    }
    return SOMA_OK;
}

void soma_gap_texts_clear(soma_gap_texts *gaps) {
    for (size_t i = 0; i < gaps->count; i++) soma_free(gaps->text[i]);
    soma_free(gaps->text);
    *gaps = (soma_gap_texts){.count = 0};
}

bool soma_gap_texts_equal(const soma_gap_texts *one, const soma_gap_texts *other) {
    for (size_t i = 0; i < one->count; i++)
        if (!is_listed(other, one->text[i])) return false;
    return one->count == other->count;
}

bool soma_gap_texts_have(const soma_gap_texts *gaps, const char *text) {
    if (!gaps || gaps->count == 0) return soma_number_is_gap(text);
    return !*text || is_listed(gaps, text);
}

const char *soma_gap_texts_list(const soma_gap_texts *gaps, char list[SOMA_GAP_TEXT_LIST]) {
    size_t length = 0;
    snprintf(list, SOMA_GAP_TEXT_LIST, "%s", "?, NA, N/A, NaN, null");
    for (size_t i = 0; i < gaps->count && length < SOMA_GAP_TEXT_LIST; i++)
        length += (size_t)snprintf(list + length, SOMA_GAP_TEXT_LIST - length, "%s%s", i ? ", " : "",
                                   soma_quote(gaps->text[i], strlen(gaps->text[i])).text);
    return list;
}
