/* SPDX-License-Identifier: MIT */
/* Changes by chance of what a network is trained on, from text: "shift 2; flip; cutout 8; mixup 0.2". */
#include "base/number.h"
#include "base/utf8.h"
#include "nn/clause.h"

#include <math.h>
#include <string.h>

#define MOST_PIXELS 65535
#define MOST_ALPHA  100
#define PI          3.14159265358979

/* One change: its words, and what they set. */
typedef struct change_text {
    soma_word words[3];
    size_t count;
} change_text;

static soma_status reject(const change_text *change, const char *form) {
    const char *start = change->words[0].start, *end = start;
    for (size_t i = 0; i < change->count; i++) end = change->words[i].start + change->words[i].length;
    return soma_error(SOMA_INVALID_ARGUMENT, "augmentation: %s; accepted: %s",
                      soma_quote(start, (size_t)(end - start)).text, form);
}

static bool is_one_of(const char *words, soma_word text) {
    return soma_name_is_one_of(words, text.start, text.length);
}

static bool pixels_of(soma_word text, uint32_t *pixels) {
    size_t value;
    if (!soma_word_number(text, 0, &value) || value > MOST_PIXELS) return false;
    *pixels = (uint32_t)value;
    return true;
}

static bool real_of(soma_word text, locale_t c_locale, float most, float *value) {
    char buffer[32];
    if (text.length >= sizeof buffer) return false;
    memcpy(buffer, text.start, text.length);
    buffer[text.length] = 0;
    return soma_number_parse(buffer, c_locale, value) && *value >= 0 && *value <= most;
}

static soma_status take_shift(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    (void)c_locale;
    bool good = change->count >= 2 && pixels_of(change->words[1], &to->pictures.shift[0]);
    to->pictures.shift[1] = to->pictures.shift[0];
    if (change->count == 3) good &= pixels_of(change->words[2], &to->pictures.shift[1]);
    return good ? SOMA_OK : reject(change, "shift PIXELS, or shift DOWN RIGHT, up to 65535, as \"shift 2\"");
}

static soma_status take_flip(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    (void)c_locale;
    bool vertical = change->count == 2 && is_one_of("vertical", change->words[1]);
    bool horizontal = change->count == 1 || (change->count == 2 && is_one_of("horizontal", change->words[1]));
    to->pictures.flip |= horizontal;
    to->pictures.flip_vertical |= vertical;
    return horizontal || vertical ? SOMA_OK : reject(change, "flip, or flip vertical");
}

static soma_status take_rotate(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    float degrees = 0;
    if (change->count != 2 || !real_of(change->words[1], c_locale, 180, &degrees))
        return reject(change, "rotate DEGREES, up to 180, as \"rotate 10\"");
    to->pictures.rotate = (float)((double)degrees * PI / 180);
    return SOMA_OK;
}

static soma_status take_brightness(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    if (change->count == 2 && real_of(change->words[1], c_locale, 1, &to->pictures.brightness)) return SOMA_OK;
    return reject(change, "brightness SHARE, up to 1, as \"brightness 0.2\"");
}

static soma_status take_cutout(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    (void)c_locale;
    if (change->count == 2 && pixels_of(change->words[1], &to->pictures.cutout)) return SOMA_OK;
    return reject(change, "cutout PIXELS, up to 65535, as \"cutout 8\"");
}

static soma_status take_mixup(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    if (change->count == 2 && real_of(change->words[1], c_locale, MOST_ALPHA, &to->mixup)) return SOMA_OK;
    return reject(change, "mixup ALPHA, up to 100, as \"mixup 0.2\"");
}

static soma_status take_none(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    (void)c_locale, (void)to;
    return change->count == 1 ? SOMA_OK : reject(change, "none");
}

static const struct {
    const char *words; /* its name, and others for it */
    soma_status (*take)(const change_text *change, locale_t c_locale, soma_augmentation *to);
} rows[] = {
    {"shift translate crop", take_shift},
    {"flip mirror", take_flip},
    {"rotate rotation", take_rotate},
    {"brightness", take_brightness},
    {"cutout erase", take_cutout},
    {"mixup", take_mixup},
    {"none", take_none},
};

static soma_status take(const change_text *change, locale_t c_locale, soma_augmentation *to) {
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        if (is_one_of(rows[i].words, change->words[0])) return rows[i].take(change, c_locale, to);
    return reject(change, "shift, flip, rotate, brightness, cutout, mixup");
}

/* The words up to the next ';'; *text goes behind it. */
static soma_status next_change(const char **text, change_text *out) {
    const char *c = *text;
    out->count = 0;
    while (*c && *c != ';') {
        if (soma_is_space(*c)) {
            c++;
            continue;
        }
        soma_word word = {c, strcspn(c, " \t\r\n;")};
        c += word.length;
        if (out->count == SOMA_COUNT_OF(out->words)) return reject(out, "at most two numbers behind a word");
        out->words[out->count++] = word;
    }
    *text = *c ? c + 1 : c;
    return SOMA_OK;
}

static soma_status parse(const char *text, locale_t c_locale, soma_augmentation *to) {
    *to = (soma_augmentation){.mixup = 0};
    while (*text) {
        change_text change;
        SOMA_TRY(next_change(&text, &change));
        if (change.count) SOMA_TRY(take(&change, c_locale, to));
    }
    return SOMA_OK;
}

bool soma_augmentation_has_pictures(const soma_augmentation *augmentation) {
    const soma_augment_params *params = &augmentation->pictures;
    return params->shift[0] || params->shift[1] || params->cutout || params->rotate != 0 || params->brightness != 0 ||
           params->flip || params->flip_vertical;
}

soma_status soma_network_set_augmentation(soma_network *network, const char *text) {
    soma_augmentation augmentation;
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_set_augmentation: the network is NULL");
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return soma_out_of_memory(0, "the C locale");
    soma_status status = parse(text ? text : "", c_locale, &augmentation);
    freelocale(c_locale);
    if (status != SOMA_OK) return status;
    bool any = soma_augmentation_has_pictures(&augmentation) || augmentation.mixup != 0;
    char *copy = any ? soma_strdup(text) : NULL;
    if (!copy && any) return soma_out_of_memory(strlen(text) + 1, "the augmentation");
    soma_free(network->augmentation);
    network->augmentation = copy;
    network->augment = augmentation;
    return SOMA_OK;
}

const char *soma_network_augmentation(const soma_network *network) {
    return network ? network->augmentation : NULL;
}
