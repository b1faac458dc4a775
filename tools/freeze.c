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

static exit_status set_rates(soma_network *network, char *list, const char *whole) {
    for (char *entry; list;) {
        exit_status status = next_entry(&list, "lr-of", whole, &entry);
        if (status != STATUS_DONE) return status;
        char *number = strrchr(entry, '=');
        double rate = 0;
        if (number) *number++ = '\0';
        if (!number || !*entry || !number_parse(number, &rate) || !(rate > 0) || !((float)rate > 0))
            return fail(
                STATUS_USAGE,
                "--lr-of: '%s%s%s' is no learning rate of anything; accepted: NAME=X, X greater than 0, separated "
                "by commas (what is to stay as it is, --freeze names)",
                entry, number ? "=" : "", number ? number : "");
        soma_status cause = soma_network_set_rate_of(network, entry, (float)rate);
        if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--lr-of");
    }
    return STATUS_DONE;
}

/* What the network had before comes first: of a loaded one, the option says what holds from now on. */
static exit_status apply(soma_network *network, const char *option, const char *whole,
                         exit_status each(soma_network *network, char *list, const char *whole)) {
    if (!whole) return STATUS_DONE;
    bool frozen = strcmp(option, "freeze") == 0;
    soma_status cause =
        frozen ? soma_network_set_frozen(network, "*", false) : soma_network_set_rate_of(network, "*", 0);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--%s", option);
    if (strcmp(whole, "none") == 0) return STATUS_DONE;
    char *list = strdup(whole);
    if (!list) return fail(STATUS_FAILED, "out of memory");
    exit_status status = each(network, list, whole);
    free(list);
    return status;
}

exit_status freeze_apply(const struct settings *settings, soma_network *network) {
    exit_status status = apply(network, "freeze", settings->freeze, freeze);
    if (status == STATUS_DONE) status = apply(network, "lr-of", settings->rates, set_rates);
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
}

const char *freeze_text(const soma_layer_info *info, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    if (info->frozen && info->frozen == info->parameters) length = (size_t)snprintf(text, size, "frozen");
    if (info->frozen && info->frozen < info->parameters)
        length = (size_t)snprintf(text, size, "%llu of them frozen", (unsigned long long)info->frozen);
    if (info->learning_rate > 0)
        snprintf(text + length, size - length, "%slearning rate %g", length ? ", " : "", (double)info->learning_rate);
    return text;
}
