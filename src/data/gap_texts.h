/* SPDX-License-Identifier: MIT */
/* What stands in a table's feature where there is no value. */
#ifndef SOMA_DATA_GAP_TEXTS_H
#define SOMA_DATA_GAP_TEXTS_H

#include "base/base.h"

/* All zeros: those that soma_number_is_gap() knows. Else these and the empty one, in whatever letters. */
typedef struct soma_gap_texts {
    char **text;
    size_t count;
} soma_gap_texts;
#define SOMA_MAX_GAP_TEXTS 256

/* Takes a copy. SOMA_INVALID_ARGUMENT: it is empty, or a number, or there already, or one too many. */
soma_status soma_gap_texts_add(soma_gap_texts *gaps, const char *text);
soma_status soma_gap_texts_copy(const soma_gap_texts *from, soma_gap_texts *to);
void soma_gap_texts_clear(soma_gap_texts *gaps);
/* In any order. */
bool soma_gap_texts_equal(const soma_gap_texts *one, const soma_gap_texts *other);
bool soma_gap_texts_have(const soma_gap_texts *gaps, const char *text);
/* "?", "NA": for messages. */
#define SOMA_GAP_TEXT_LIST 160
const char *soma_gap_texts_list(const soma_gap_texts *gaps, char list[SOMA_GAP_TEXT_LIST]);

#endif
