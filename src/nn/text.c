/* SPDX-License-Identifier: MIT */
/* Networks from text: "dense 128 relu; dropout 0.2; dense 10 softmax". The grammar is in docs/networks.md. */
#include "nn/layers/layer.h"

/* Splits at white space outside parentheses, up to ';' or the end; *text moves behind it. */
static soma_status next_clause(const char **text, soma_clause *out) {
    const char *c = *text;
    out->count = 0;
    while (*c && *c != ';') {
        if (soma_is_space(*c)) {
            c++;
            continue;
        }
        soma_word piece = {c, 0};
        for (int depth = 0; *c && (depth > 0 || (!soma_is_space(*c) && *c != ';')); c++)
            depth += (*c == '(') - (*c == ')');
        piece.length = (size_t)(c - piece.start);
        if (out->count == SOMA_MAX_WORDS)
            return soma_clause_reject(out, piece, "more than %d words in one layer", SOMA_MAX_WORDS);
        out->words[out->count++] = piece;
    }
    *text = *c ? c + 1 : c;
    return SOMA_OK;
}

static const char *skip_space(const char *text) {
    while (soma_is_space(*text)) text++;
    return text;
}

static soma_status build_layers(const char *text, locale_t c_locale, soma_tensor **x) {
    soma_clause clause = {.c_locale = c_locale};
    while (*x && *(text = skip_space(text))) { /* so a ';' at the end is good */
        clause.number++;
        SOMA_TRY(next_clause(&text, &clause));
        if (clause.count == 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "layer %zu is empty; layers are separated by one ';'",
                              clause.number);
        const soma_layer_row *row = soma_layer_of_word(clause.words[0]);
        SOMA_TRY((row ? row->build : soma_layer_build_activation)(&clause, x));
    }
    if (clause.number == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "the network has no layers; for example \"dense 10 softmax\"");
    return SOMA_OK;
}

soma_tensor *soma_layers(soma_tensor *x, const char *text) {
    if (!x) return NULL;
    soma_network *network = x->graph->owner;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return soma_network_fail(network, soma_out_of_memory(0, "the C locale"));
    soma_status status = build_layers(text ? text : "", c_locale, &x);
    freelocale(c_locale);
    return status == SOMA_OK ? x : soma_network_fail(network, status);
}
