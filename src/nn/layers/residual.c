/* SPDX-License-Identifier: MIT */
/* residual(LAYERS) or residual(LAYERS | LAYERS): what the layers make of x, added to x or to what a shortcut makes of
 * it (He et al. 2015, "Deep Residual Learning for Image Recognition"). */
#include "nn/layers/layer.h"

#include <string.h>

static soma_status add_branches(soma_tensor *y, soma_tensor *shortcut, bool plain, soma_tensor **out) {
    char text[2][SOMA_SHAPE_TEXT];
    if (!soma_tensor_same_shape(y, shortcut))
        return soma_error(SOMA_INVALID_SHAPE, "its layers give %s, %s gives %s; they must be equal%s",
                          soma_tensor_shape_text(y, text[0]), plain ? "the input" : "the shortcut",
                          soma_tensor_shape_text(shortcut, text[1]),
                          plain ? ", or a shortcut behind '|' has to change the shape" : "");
    return soma_graph_binary(y->graph, y, shortcut, SOMA_BINARY_ADD, out);
}

/* The ')' that belongs to the '(' at the start, or NULL. */
static const char *find_close(const char *open, const char *end) {
    int depth = 0;
    for (const char *c = open; c < end; c++) {
        depth += (*c == '(') - (*c == ')');
        if (depth == 0) return c;
    }
    return NULL;
}

/* What stands between the parentheses, which follow the word at once or after a blank. */
static soma_status find_inside(const soma_clause *clause, soma_word *inside) {
    soma_word first = clause->words[0], last = clause->words[clause->count - 1];
    const char *open = memchr(first.start, '(', first.length), *end = last.start + last.length;
    if (!open && clause->count > 1 && *clause->words[1].start == '(') open = clause->words[1].start;
    if (!open)
        return soma_clause_reject(clause, first, "expected \"residual(LAYERS)\" or \"residual(LAYERS | SHORTCUT)\"");
    const char *close = find_close(open, end), *behind = close ? close + 1 : end;
    if (!close) return soma_clause_reject(clause, first, "its '(' has no ')'");
    while (behind < end && soma_is_space(*behind)) behind++;
    if (behind < end) {
        soma_status status =
            soma_error(SOMA_INVALID_ARGUMENT,
                       *behind == ')' ? "more ')' than '('" : "the residual ends before it; is a ';' missing between?");
        return soma_clause_prefix(clause, (soma_word){behind, (size_t)(end - behind)}, status);
    }
    *inside = (soma_word){open + 1, (size_t)(close - (open + 1))};
    return SOMA_OK;
}

/* Cuts off what is behind a '|' that stands in no further parentheses. */
static soma_status cut_shortcut(const soma_clause *clause, soma_word *inside, soma_word *shortcut) {
    const char *end = inside->start + inside->length, *bar = NULL;
    int depth = 0;
    for (const char *c = inside->start; c < end; c++) {
        depth += (*c == '(') - (*c == ')');
        if (*c != '|' || depth > 0) continue;
        if (bar) return soma_clause_reject(clause, (soma_word){c, 1}, "a second '|', there is one shortcut at most");
        bar = c;
    }
    *shortcut = (soma_word){NULL, 0};
    if (!bar) return SOMA_OK;
    *shortcut = (soma_word){bar + 1, (size_t)(end - (bar + 1))};
    inside->length = (size_t)(bar - inside->start);
    return SOMA_OK;
}

static soma_status residual_of_text(const soma_clause *clause, soma_tensor **x) {
    soma_word inside, behind;
    soma_tensor *y = *x, *shortcut = *x, *out = NULL;
    soma_network *network = soma_layer_network(*x);
    SOMA_TRY(find_inside(clause, &inside));
    SOMA_TRY(cut_shortcut(clause, &inside, &behind));
    SOMA_TRY(soma_clause_network(clause, "residual", inside, &y));
    if (y && behind.start) SOMA_TRY(soma_clause_network(clause, "shortcut", behind, &shortcut));
    *x = NULL; /* where a builder failed, the network has its error */
    if (!y || !shortcut || !soma_layer_begin(network, "residual", NULL)) return SOMA_OK;
    soma_status status = add_branches(y, shortcut, behind.start == NULL, &out);
    *x = soma_layer_finish(network, status, out);
    return SOMA_OK;
}

SOMA_LAYER(residual) = {.build = residual_of_text, .takes_arguments = true};
