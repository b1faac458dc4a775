/* SPDX-License-Identifier: MIT */
/* See freeze.h. */
#include "freeze.h"
#include "option_value.h"
#include <stdlib.h>
#include <string.h>

/* The next entry of a list that commas separate; the list is taken apart. */
static exit_status next_entry(char **rest, const char *option, const char *whole, char **entry) {
    *entry = strsep(rest, ",");
    if (**entry) return STATUS_DONE;
    return fail(STATUS_USAGE, "--%s: '%s' has an entry that is empty; accepted: entries separated by commas", option,
                whole);
}

static exit_status freeze(soma_network *network, char *list, const char *whole) {
    for (char *pattern; list;) {
        exit_status status = next_entry(&list, "freeze", whole, &pattern);
        if (status != STATUS_DONE) return status;
        soma_status cause = soma_network_set_frozen(network, pattern, true);
        if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--freeze");
    }
    return STATUS_DONE;
}

/* An option whose entries are NAME=X. */
struct number_of {
    const char *option, *what;
    soma_status (*set)(soma_network *network, const char *pattern, float value);
    bool positive; /* else 0 is accepted, too */
    float none;    /* what ends it */
    const char *accepted;
};

static const struct number_of rate_of = {
    "lr-of",
    "learning rate",
    soma_network_set_rate_of,
    true,
    0,
    "X greater than 0, separated by commas (what is to stay as it is, --freeze names)"};
static const struct number_of l2_of = {
    "l2-of", "decay", soma_network_set_l2_of,
    false,   -1,      "X at least 0 that float32 holds, separated by commas (0: no decay)"};
static const struct number_of l1_of = {
    "l1-of", "decay", soma_network_set_l1_of,
    false,   -1,      "X at least 0 that float32 holds, separated by commas (0: no decay)"};

/* Of a number's text, in which one that is not 0 may be too small for a double. */
static bool says_zero(const char *number) {
    const char first = number[strcspn(number, "123456789eE")];
    return first < '1' || first > '9';
}

static exit_status set_numbers(soma_network *network, const struct number_of *of, char *list, const char *whole) {
    for (char *entry; list;) {
        exit_status status = next_entry(&list, of->option, whole, &entry);
        if (status != STATUS_DONE) return status;
        char *number = strrchr(entry, '=');
        double value = 0;
        if (number) *number++ = '\0';
        if (!number || !*entry || !number_parse(number, &value) || !(value >= 0) ||
            ((of->positive || !says_zero(number)) && !((float)value > 0)))
            return fail(STATUS_USAGE, "--%s: '%s%s%s' is no %s of anything; accepted: NAME=X, %s", of->option, entry,
                        number ? "=" : "", number ? number : "", of->what, of->accepted);
        soma_status cause = of->set(network, entry, (float)value);
        if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--%s", of->option);
    }
    return STATUS_DONE;
}

/* What the network had before comes first: of a loaded one, the option says what holds from now on. of: NULL for
 * --freeze. */
static exit_status apply(soma_network *network, const struct number_of *of, const char *whole) {
    if (!whole) return STATUS_DONE;
    soma_status cause = of ? of->set(network, "*", of->none) : soma_network_set_frozen(network, "*", false);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--%s", of ? of->option : "freeze");
    if (strcmp(whole, "none") == 0) return STATUS_DONE;
    char *list = strdup(whole);
    if (!list) return fail(STATUS_FAILED, "out of memory");
    exit_status status = of ? set_numbers(network, of, list, whole) : freeze(network, list, whole);
    free(list);
    return status;
}

exit_status freeze_apply(const struct settings *settings, soma_network *network) {
    exit_status status = apply(network, NULL, settings->freeze);
    if (status == STATUS_DONE) status = apply(network, &rate_of, settings->rates);
    if (status == STATUS_DONE) status = apply(network, &l2_of, settings->l2_of);
    if (status == STATUS_DONE) status = apply(network, &l1_of, settings->l1_of);
    if (status != STATUS_DONE) return status;
    soma_network_figures figures;
    soma_status cause = soma_network_get_figures(network, 1, &figures);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, NULL);
    if (!figures.frozen || figures.running + figures.frozen < figures.parameters) return STATUS_DONE;
    return fail(STATUS_USAGE, "--freeze: all parameters are frozen, so that there is nothing to train%s",
                settings->freeze ? "" : "; the model keeps it, and --freeze none ends it");
}

void freeze_report(const soma_layer_info *info, report *layer) {
    report_count(layer, "frozen", info->frozen);
    if (info->learning_rate > 0) report_number(layer, "learning_rate", (double)info->learning_rate);
    if (info->has_l2) report_number(layer, "l2", (double)info->l2);
    if (info->has_l1) report_number(layer, "l1", (double)info->l1);
}

freeze_note freeze_note_of(const soma_layer_info *info) {
    freeze_note note = {""};
    char *const text = note.text;
    const size_t size = sizeof note.text;
    size_t length = 0;
    if (info->frozen && info->frozen == info->parameters) length = (size_t)snprintf(text, size, "frozen");
    if (info->frozen && info->frozen < info->parameters)
        length = (size_t)snprintf(text, size, "%llu of them frozen", (unsigned long long)info->frozen);
    const struct {
        bool is_there;
        const char *name;
        float value;
    } numbers[] = {{info->learning_rate > 0, "learning rate", info->learning_rate},
                   {info->has_l2, "l2", info->l2},
                   {info->has_l1, "l1", info->l1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].is_there && length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s %g", length ? ", " : "", numbers[i].name,
                                       (double)numbers[i].value);
    return note;
}
