/* SPDX-License-Identifier: MIT */
/*
 * Einsum is written as transpositions and products, of two values at a time, from the first on: letters of both that go
 * on are a batch of products, those of both that do not are added up, and those of one are rows or columns. Where
 * nothing is added up it is a product of elements.
 */
#include "base/utf8.h"
#include "io/onnx/family.h"
#include "io/onnx/inside.h"

#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };
enum { MOST = SOMA_ONNX_MAX_RANK, DOTS = '0' /* the dimensions of an ellipsis from the last on: '0', '1', ... */ };

/* A value with the letters of its dimensions. */
typedef struct factor {
    const char *name;
    uint32_t count;
    char letter[MOST + 1];
    size_t size[MOST];
    bool batched; /* the first letter is the batch's */
} factor;

typedef struct parts {
    soma_onnx_node *node;
    soma_onnx_importer *importer;
    uint32_t count, results;
    factor of[SOMA_MAX_INPUTS];
    char result[MOST + 1];
} parts;

static bool has(const char *letters, char letter) {
    return letter && strchr(letters, letter);
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* -------------------------------------------------------------------------------------------------------- equation */

static soma_status add_letter(char *letters, uint32_t *count, char letter) {
    if (*count == MOST) return soma_error(SOMA_UNSUPPORTED, "more than %d letters in a term", MOST);
    letters[(*count)++] = letter;
    letters[*count] = 0;
    return SOMA_OK;
}

/* Letters for the dimensions that the others leave. */
static soma_status add_dots(char *letters, uint32_t *count, uint32_t dots) {
    for (uint32_t i = dots; i-- > 0;) SOMA_TRY(add_letter(letters, count, (char)(DOTS + i)));
    return SOMA_OK;
}

/* A term, or the result: spaces count for nothing. */
static soma_status read_term(const char *text, size_t length, uint32_t dots, char *letters, uint32_t *count) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ' ') continue;
        if (length - i >= 3 && memcmp(text + i, "...", 3) == 0) {
            if (has(letters, DOTS)) return soma_error(SOMA_INVALID_FILE, "attribute equation has an ellipsis twice");
            SOMA_TRY(add_dots(letters, count, dots));
            i += 2;
        } else if (is_letter(text[i]))
            SOMA_TRY(add_letter(letters, count, text[i]));
        else
            return soma_error(SOMA_INVALID_FILE, "attribute equation has a character that is no letter");
    }
    return SOMA_OK;
}

static uint32_t count_letters(const char *text, size_t length) {
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++) count += is_letter(text[i]);
    return count;
}

static soma_status read_factor(parts *p, uint32_t number, const char *text, size_t length, uint32_t *most_dots) {
    const soma_onnx_value *value = p->node->input[number];
    factor *f = &p->of[number];
    const uint32_t letters = count_letters(text, length), rank = value->shape.rank;
    const uint32_t dots = rank > letters ? rank - letters : 0;
    SOMA_TRY(read_term(text, length, dots, f->letter, &f->count));
    if (f->count != rank)
        return soma_error(SOMA_INVALID_FILE,
                          "attribute equation has another number of letters than a value has dimensions");
    f->name = p->node->proto->input[number];
    f->batched = value->shape.batched && !p->importer->whole;
    memcpy(f->size, value->shape.dim, rank * sizeof *f->size);
    if (has(f->letter, DOTS)) *most_dots = SOMA_MAX(*most_dots, dots);
    return SOMA_OK;
}

static size_t times_in_all(const parts *p, char letter) {
    size_t times = 0;
    for (uint32_t t = 0; t < p->count; t++)
        for (uint32_t i = 0; i < p->of[t].count; i++) times += p->of[t].letter[i] == letter;
    return times;
}

/* Without an arrow: the ellipsis, then the letters that come once, in the order of the alphabet. */
static soma_status imply_result(parts *p, uint32_t dots) {
    SOMA_TRY(add_dots(p->result, &p->results, dots));
    for (int c = 'A'; c <= 'z'; c++)
        if (is_letter((char)c) && times_in_all(p, (char)c) == 1) SOMA_TRY(add_letter(p->result, &p->results, (char)c));
    return SOMA_OK;
}

static soma_status read_equation(parts *p, const char *text, size_t length) {
    const char *arrow = memchr(text, '-', length), *end = arrow ? arrow : text + length;
    uint32_t dots = 0;
    if (arrow && (arrow + 1 == text + length || arrow[1] != '>'))
        return soma_error(SOMA_INVALID_FILE, "attribute equation has a character that is no letter");
    for (const char *at = text; at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
        if (p->count == p->node->input_count) {
            p->count++;
            break;
        }
        SOMA_TRY(read_factor(p, p->count, at, (size_t)(stop - at), &dots));
        p->count++;
        at = stop + 1;
    }
    if (p->count != p->node->input_count)
        return soma_error(SOMA_INVALID_FILE, "attribute equation has another number of terms than there are values");
    if (!arrow) return imply_result(p, dots);
    SOMA_TRY(read_term(arrow + 2, (size_t)(text + length - arrow - 2), dots, p->result, &p->results));
    for (uint32_t i = 0; i < p->results; i++) {
        if (times_in_all(p, p->result[i]) == 0)
            return soma_error(SOMA_INVALID_FILE, "attribute equation has a letter in the result alone");
        if (strchr(p->result + i + 1, p->result[i]) != NULL)
            return soma_error(SOMA_INVALID_FILE, "attribute equation has the letter %c twice in the result",
                              p->result[i]);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------- nodes of one value
 */

static soma_status reshape(const parts *p, const int64_t *shape, size_t count, const char **name) {
    const char *inputs[2] = {*name};
    SOMA_TRY(soma_onnx_define_list(p->importer, shape, count, &inputs[1]));
    SOMA_TRY(soma_onnx_inner_name(p->importer, name));
    return soma_onnx_add_made(p->importer, "Reshape", inputs, 2, NULL, NULL, 0, *name);
}

/* Puts the letters into this order, of which there are as many. */
static soma_status arrange(const parts *p, factor *f, const char *letters) {
    int64_t order[MOST];
    const factor old = *f;
    bool same = true;
    for (uint32_t i = 0; i < f->count; i++) {
        const uint32_t from = (uint32_t)(strchr(old.letter, letters[i]) - old.letter);
        order[i] = from;
        same &= from == i;
        f->letter[i] = letters[i];
        f->size[i] = old.size[from];
    }
    if (same) return SOMA_OK;
    SOMA_TRY(soma_onnx_inner_name(p->importer, &f->name));
    return soma_onnx_add_made(p->importer, "Transpose", &old.name, 1, "perm", order, f->count, f->name);
}

/* The dimension at a place, of one element or added up, goes. */
static void drop(factor *f, uint32_t place) {
    for (uint32_t i = place; i + 1 < f->count; i++) f->size[i] = f->size[i + 1];
    memmove(f->letter + place, f->letter + place + 1, f->count - place);
    f->count--;
}

/* Elements of which two letters that are one are equal: x[i, i]. The second of the two goes. */
static soma_status take_diagonal(const parts *p, factor *f, uint32_t first, uint32_t second) {
    const size_t size = f->size[first];
    int64_t order[MOST], shape[MOST];
    uint32_t count = 0;
    const char *inputs[5];
    if (f->batched && first == 0) return soma_onnx_mixes(p->node);
    if (f->size[second] != size)
        return soma_error(SOMA_INVALID_SHAPE, "the letter %c stands for %zu and %zu", f->letter[first], size,
                          f->size[second]);
    for (uint32_t i = 0; i < f->count; i++)
        if (i != first && i != second) order[count++] = i;
    order[count] = first;
    order[count + 1] = second;
    inputs[0] = f->name;
    SOMA_TRY(soma_onnx_inner_name(p->importer, &f->name));
    SOMA_TRY(soma_onnx_add_made(p->importer, "Transpose", inputs, 1, "perm", order, f->count, f->name));
    for (uint32_t i = 0; i < count; i++) shape[i] = 0; /* as it is */
    shape[count] = (int64_t)(size * size);
    SOMA_TRY(reshape(p, shape, count + 1, &f->name));
    inputs[0] = f->name;
    SOMA_TRY(soma_onnx_define_list(p->importer, (const int64_t[]){0}, 1, &inputs[1]));
    SOMA_TRY(soma_onnx_define_list(p->importer, &shape[count], 1, &inputs[2]));
    SOMA_TRY(soma_onnx_define_list(p->importer, (const int64_t[]){(int64_t)count}, 1, &inputs[3]));
    SOMA_TRY(soma_onnx_define_list(p->importer, (const int64_t[]){(int64_t)size + 1}, 1, &inputs[4]));
    SOMA_TRY(soma_onnx_inner_name(p->importer, &f->name));
    SOMA_TRY(soma_onnx_add_made(p->importer, "Slice", inputs, 5, NULL, NULL, 0, f->name));
    const char letter = f->letter[first];
    drop(f, second);
    drop(f, first);
    f->size[f->count] = size;
    return add_letter(f->letter, &f->count, letter);
}

static soma_status take_diagonals(const parts *p, factor *f) {
    for (uint32_t i = 0; i < f->count; i++) {
        const char *again = strchr(f->letter + i + 1, f->letter[i]);
        if (!again) continue;
        SOMA_TRY(take_diagonal(p, f, i, (uint32_t)(again - f->letter)));
        i = UINT32_MAX; /* from the first on: the letters have moved */
    }
    return SOMA_OK;
}

/* Without a dimension of one element. */
static soma_status squeeze(const parts *p, factor *f, uint32_t place) {
    int64_t shape[MOST];
    if (f->batched && place == 0) return soma_onnx_mixes(p->node);
    drop(f, place);
    for (uint32_t i = 0; i < f->count; i++) shape[i] = f->batched && i == 0 ? 0 : (int64_t)f->size[i];
    return reshape(p, shape, f->count, &f->name);
}

/* Adds up over a letter. */
static soma_status add_up(const parts *p, factor *f, uint32_t place) {
    const char *inputs[2] = {f->name};
    const int64_t axis = place;
    if (f->batched && place == 0) return soma_onnx_mixes(p->node);
    SOMA_TRY(soma_onnx_inner_name(p->importer, &f->name));
    if (p->importer->opset < 13)
        SOMA_TRY(soma_onnx_add_made(p->importer, "ReduceSum", inputs, 1, "axes", &axis, 1, f->name));
    else {
        SOMA_TRY(soma_onnx_define_list(p->importer, &axis, 1, &inputs[1]));
        SOMA_TRY(soma_onnx_add_made(p->importer, "ReduceSum", inputs, 2, NULL, NULL, 0, f->name));
    }
    return squeeze(p, f, place);
}

/* Over all letters that nobody wants any more, and that `other` does not have. */
static soma_status add_up_own(const parts *p, factor *f, const char *other, const char *wanted) {
    for (uint32_t i = f->count; i-- > 0;)
        if (!has(other, f->letter[i]) && !has(wanted, f->letter[i])) SOMA_TRY(add_up(p, f, i));
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------ two values */

/* Letters of a product of matrices, in their order in each of the two. */
typedef struct kinds {
    char batch[2], both[MOST + 1], rows[MOST + 1], sums[MOST + 1], columns[MOST + 1];
} kinds;

/* A letter stands for one size; one element is as many as the other value has. */
static soma_status match_sizes(const parts *p, factor *a, factor *b) {
    for (uint32_t i = a->count; i-- > 0;) {
        const char *at = strchr(b->letter, a->letter[i]);
        const uint32_t k = at ? (uint32_t)(at - b->letter) : 0;
        const bool open = at && ((a->batched && i == 0) || (b->batched && k == 0));
        if (!at || a->size[i] == b->size[k]) continue;
        if (a->size[i] == 1 && !(b->batched && k == 0))
            SOMA_TRY(squeeze(p, a, i));
        else if (b->size[k] == 1 && !open)
            SOMA_TRY(squeeze(p, b, k));
        else if (open)
            return soma_onnx_mixes(p->node);
        else
            return soma_error(SOMA_INVALID_SHAPE, "the letter %c stands for %zu and %zu", a->letter[i], a->size[i],
                              b->size[k]);
    }
    return SOMA_OK;
}

static soma_status tell_apart(const parts *p, const factor *a, const factor *b, const char *wanted, kinds *k) {
    const factor *batched = a->batched ? a : b->batched ? b : NULL;
    memset(k, 0, sizeof *k);
    if (batched) k->batch[0] = batched->letter[0];
    for (const factor *f = a; f; f = f == a ? b : NULL)
        if ((f->batched && f->letter[0] != k->batch[0]) || (!f->batched && has(f->letter, k->batch[0])))
            return soma_onnx_mixes(p->node);
    for (uint32_t i = 0; i < a->count; i++) {
        const char letter = a->letter[i];
        if (letter == k->batch[0]) continue;
        char *kind = !has(b->letter, letter) ? k->rows : has(wanted, letter) ? k->both : k->sums;
        kind[strlen(kind)] = letter;
    }
    for (uint32_t i = 0; i < b->count; i++)
        if (b->letter[i] != k->batch[0] && !has(a->letter, b->letter[i])) k->columns[strlen(k->columns)] = b->letter[i];
    return SOMA_OK;
}

/* Its letters in this order, and for each kind of them but the batch's one dimension; where there are none of those
 * that are a batch of products, none for these. */
static soma_status fold_kinds(const parts *p, factor *f, const char *both, const char *second, const char *third) {
    char order[MOST + 1] = "";
    int64_t shape[4];
    size_t count = 0;
    if (f->batched) order[0] = f->letter[0], shape[count++] = 0;
    strcat(strcat(strcat(order, both), second), third);
    SOMA_TRY(arrange(p, f, order));
    for (int kind = 0; kind < 3; kind++) {
        const char *letters = kind == 0 ? both : kind == 1 ? second : third;
        size_t size = 1;
        if (kind == 0 && !*both) continue;
        for (; *letters; letters++) size *= f->size[strchr(f->letter, *letters) - f->letter];
        shape[count++] = (int64_t)size;
    }
    return reshape(p, shape, count, &f->name);
}

static size_t size_of(const factor *a, const factor *b, char letter) {
    const char *at = strchr(a->letter, letter);
    return at ? a->size[at - a->letter] : b->size[strchr(b->letter, letter) - b->letter];
}

/* a becomes the product, of the letters that are wanted. */
static soma_status multiply(const parts *p, factor *a, factor *b, const char *wanted) {
    kinds k;
    factor product = {.batched = a->batched || b->batched};
    int64_t shape[MOST];
    SOMA_TRY(match_sizes(p, a, b));
    SOMA_TRY(add_up_own(p, a, b->letter, wanted));
    SOMA_TRY(add_up_own(p, b, a->letter, wanted));
    SOMA_TRY(tell_apart(p, a, b, wanted, &k));
    if (product.batched && !has(wanted, k.batch[0])) return soma_onnx_mixes(p->node);
    for (const char *letters = k.batch; letters; letters = letters == k.batch  ? k.both
                                                           : letters == k.both ? k.rows
                                                           : letters == k.rows ? k.columns
                                                                               : NULL)
        for (size_t i = 0; letters[i]; i++) {
            const size_t size = size_of(a, b, letters[i]);
            SOMA_TRY(add_letter(product.letter, &product.count, letters[i]));
            product.size[product.count - 1] = size;
            shape[product.count - 1] = letters == k.batch ? 0 : (int64_t)size;
        }
    /* Without sums rows and columns are what either value has one of. */
    SOMA_TRY(fold_kinds(p, a, k.both, k.rows, k.sums));
    SOMA_TRY(fold_kinds(p, b, k.both, k.sums, k.columns));
    SOMA_TRY(soma_onnx_inner_name(p->importer, &product.name));
    SOMA_TRY(soma_onnx_add_made(p->importer, *k.sums ? "MatMul" : "Mul", (const char *[]){a->name, b->name}, 2, NULL,
                                NULL, 0, product.name));
    SOMA_TRY(reshape(p, shape, product.count, &product.name));
    *a = product;
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------------- all */

static soma_status add_parts(parts *p) {
    factor *so_far = &p->of[0];
    const char *output = p->node->proto->output[0];
    for (uint32_t t = 0; t < p->count; t++) SOMA_TRY(take_diagonals(p, &p->of[t]));
    for (uint32_t t = 1; t < p->count; t++) {
        char wanted[SOMA_MAX_INPUTS * (MOST + 1)] = "";
        strcat(wanted, p->result);
        for (uint32_t later = t + 1; later < p->count; later++) strcat(wanted, p->of[later].letter);
        SOMA_TRY(multiply(p, so_far, &p->of[t], wanted));
    }
    SOMA_TRY(add_up_own(p, so_far, "", p->result));
    SOMA_TRY(arrange(p, so_far, p->result));
    return soma_onnx_add_made(p->importer, "Identity", &so_far->name, 1, NULL, NULL, 0, output);
}

soma_status soma_onnx_add_einsum(soma_onnx_node *node, bool *done) {
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(node, "equation");
    parts p = {.node = node, .importer = node->importer};
    *done = node->row == &soma_onnx_row_Einsum;
    if (!*done) return SOMA_OK;
    if (!given || !given->has_s) return soma_error(SOMA_INVALID_FILE, "attribute equation must be a text");
    SOMA_TRY(read_equation(&p, given->s.len ? (const char *)given->s.data : "", given->s.len));
    return add_parts(&p);
}

/* Without a rule: it is written as other nodes. */
SOMA_ONNX_OP(Einsum, 12, 1, SOMA_MAX_INPUTS, "equation", NULL, 0, .place = SOMA_ONNX_ANYWHERE);
