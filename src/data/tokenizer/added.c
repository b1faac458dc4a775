/* SPDX-License-Identifier: MIT */
/* Added tokens, and which of them a text begins with: they are ordered by their contents, so that those which begin as
 * the text does lie together, and fewer with each character. */
#include "data/tokenizer/tokenizer.h"

#include <stdlib.h>

static int compare_contents(const soma_added_token *a, const soma_added_token *b) {
    const size_t common = SOMA_MIN(a->content.count, b->content.count);
    for (size_t i = 0; i < common; i++)
        if (a->content.at[i] != b->content.at[i]) return a->content.at[i] < b->content.at[i] ? -1 : 1;
    return a->content.count < b->content.count ? -1 : a->content.count > b->content.count;
}

/* Of those with one content the first comes first. */
static int compare(const void *x, const void *y) {
    const soma_added_token *a = *(const soma_added_token *const *)x, *b = *(const soma_added_token *const *)y;
    const int order = compare_contents(a, b);
    return order ? order : a < b ? -1 : 1;
}

soma_status soma_tokenizer_order_added(soma_tokenizer *tokenizer) {
    for (size_t i = 0; i < 2; i++) {
        const soma_added_token **order = soma_calloc(SOMA_MAX(tokenizer->added_count, (size_t)1), sizeof *order);
        if (!order) return soma_out_of_memory(tokenizer->added_count * sizeof *order, "added tokens");
        size_t count = 0;
        for (size_t j = 0; j < tokenizer->added_count; j++)
            if (tokenizer->added[j].normalized == (i == 1) && tokenizer->added[j].content.count)
                order[count++] = &tokenizer->added[j];
        qsort(order, count, sizeof *order, compare);
        tokenizer->added_order[i] = order;
        for (size_t j = 0; j < count; j++)
            if (j == 0 || compare_contents(order[j - 1], order[j]) != 0)
                order[tokenizer->added_order_count[i]++] = order[j];
    }
    return SOMA_OK;
}

/* The first of order[begin, end), which have more than `place` characters, whose character there is not below. */
static size_t first_from(const soma_added_token *const *order, size_t begin, size_t end, size_t place,
                         uint32_t character) {
    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;
        if (order[middle]->content.at[place] < character)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

const soma_added_token *soma_tokenizer_added_at(const soma_tokenizer *tokenizer, bool normalized, const uint32_t *text,
                                                size_t count) {
    const soma_added_token *const *order = tokenizer->added_order[normalized], *found = NULL;
    size_t begin = 0, end = tokenizer->added_order_count[normalized];
    for (size_t i = 0; i < count && begin < end; i++) {
        begin = first_from(order, begin, end, i, text[i]);
        end = first_from(order, begin, end, i, text[i] + 1);
        if (begin < end && order[begin]->content.count == i + 1) found = order[begin++];
    }
    return found;
}
