/* SPDX-License-Identifier: MIT */
/* Reads the arguments of a command by the table of options. */
#include "option_value.h"
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROW 256 /* getopt's number of row 0: above every letter */

static bool belongs_to(const option_row *row, enum command command) {
    return row->commands >> command & 1u;
}

static bool takes_value(const option_row *row) {
    return row->type != OPTION_FLAG && row->type != OPTION_SET;
}

bool option_given_at(const struct settings *settings, size_t offset) {
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].offset == offset && settings->given[i]) return true;
    return false;
}

bool options_contain(int count, char **arguments, const char *word) {
    for (int i = 1; i < count && strcmp(arguments[i], "--") != 0; i++)
        if (strcmp(arguments[i], word) == 0) return true;
    return false;
}

/* Room for each word of each option in two ways. */
#define WORD_LIMIT (4 * OPTION_ROW_LIMIT)

/* Adds a word of row `number` to `count` others. */
static size_t add_word(const char *word, size_t number, struct option *long_options, size_t count) {
    static char underlined[WORD_LIMIT][OPTION_WORD_SIZE];
    const int argument = takes_value(&option_table[number]) ? required_argument : no_argument;
    long_options[count++] = (struct option){word, argument, NULL, FIRST_ROW + (int)number};
    if (!strchr(word, '-')) return count;
    option_underline(word, underlined[count]);
    long_options[count] = (struct option){underlined[count], argument, NULL, FIRST_ROW + (int)number};
    return count + 1;
}

/* The command's rows in getopt's form, ended by zeros, and its letters as ":d:q...": the colon asks for ':' on a
 * missing value. */
static void describe(enum command command, struct option *long_options, char *letters) {
    size_t count = 0;
    const char *synonym;
    *letters++ = ':';
    for (size_t i = 0; i < option_count; i++) {
        const option_row *row = &option_table[i];
        if (!belongs_to(row, command)) continue;
        count = add_word(row->name, i, long_options, count);
        for (size_t j = 0; (synonym = option_synonym(row->name, j)); j++)
            count = add_word(synonym, i, long_options, count);
        if (row->letter) *letters++ = row->letter;
        if (row->letter && takes_value(row)) *letters++ = ':';
    }
    long_options[count] = (struct option){0};
    *letters = '\0';
}

static const option_row *row_of(enum command command, int number) {
    if (number >= FIRST_ROW) return &option_table[number - FIRST_ROW];
    for (size_t i = 0; i < option_count; i++)
        if (belongs_to(&option_table[i], command) && option_table[i].letter == number) return &option_table[i];
    return NULL;
}

static void set_defaults(enum command command, struct settings *settings) {
    memset(settings, 0, sizeof *settings);
    settings->command = command;
    for (size_t i = 0; i < option_count; i++) {
        const option_row *row = &option_table[i];
        void *field = (char *)settings + row->offset;
        if (row->type == OPTION_REAL) *(double *)field = NAN;
    }
    for (size_t i = 0; i < option_count; i++) {
        const option_row *row = &option_table[i];
        if (row->fallback && belongs_to(row, command)) option_read_value(row, row->fallback, settings);
    }
}

static const char *next_name(const void *context, size_t index) {
    for (size_t i = 0; i < option_count; i++) {
        const option_row *row = &option_table[i];
        const char *synonym;
        if (!belongs_to(row, *(const enum command *)context)) continue;
        if (index-- == 0) return row->name;
        for (size_t j = 0; (synonym = option_synonym(row->name, j)); j++)
            if (index-- == 0) return synonym;
    }
    return NULL;
}

static exit_status refuse_long(enum command command, const char *argument) {
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)strcspn(argument, "="), argument);
    const char *name = typed + strspn(typed, "-");
    if (option_is_called("weight-decay", name))
        return fail(STATUS_USAGE,
                    "unknown option '%s'; accepted: --decay, the decoupled one of adamw, or --l2, through the gradient",
                    typed);
    char matches[256] = "";
    for (size_t i = 0; i < option_count; i++) {
        if (!belongs_to(&option_table[i], command) || strncmp(option_table[i].name, name, strlen(name)) != 0) continue;
        size_t length = strlen(matches);
        snprintf(matches + length, sizeof matches - length, "%s--%s", length ? ", " : "", option_table[i].name);
    }
    if (*name && *matches) return fail(STATUS_USAGE, "option '%s' is ambiguous: %s", typed, matches);
    return fail(STATUS_USAGE, "unknown option '%s'%s; --help lists the options", typed,
                did_you_mean("--", suggest(name, next_name, &command)));
}

static exit_status refuse_option(enum command command, int found, const char *argument) {
    const option_row *row = optopt ? row_of(command, optopt) : NULL;
    if (found == ':' && row)
        return fail(STATUS_USAGE, "option '%s' needs a value: --%s=%s", argument, row->name, row->argument);
    if (row) return fail(STATUS_USAGE, "option '--%s' takes no value, but '%s' gives one", row->name, argument);
    if (optopt) return fail(STATUS_USAGE, "unknown option '-%c'; --help lists the options", optopt);
    return refuse_long(command, argument);
}

/* What is read from stdin is called so by most programs. */
static void name_stdin(struct settings *settings) {
    const char **const files[] = {&settings->data, &settings->labels, &settings->validation_data, &settings->test_data};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (*files[i] && strcmp(*files[i], "-") == 0) *files[i] = "/dev/stdin";
    if (settings->command == COMMAND_DATA && settings->operand[0] && strcmp(settings->operand[0], "-") == 0)
        settings->operand[0] = "/dev/stdin";
}

exit_status options_parse(enum command command, int count, char **arguments, struct settings *settings) {
    struct option long_options[WORD_LIMIT + 1];
    char letters[2 * OPTION_ROW_LIMIT + 2];
    describe(command, long_options, letters);
    set_defaults(command, settings);
    opterr = 0;
    optind = 1;
    for (int found; (found = getopt_long(count, arguments, letters, long_options, NULL)) != -1;) {
        if (found == '?' || found == ':') return refuse_option(command, found, arguments[optind - 1]);
        const option_row *row = row_of(command, found);
        exit_status status = option_read_value(row, optarg, settings);
        if (status != STATUS_DONE) return status;
        settings->given[row - option_table] = true;
    }
    static const size_t operands[COMMAND_COUNT] = {
        [COMMAND_CONVERT] = 2, [COMMAND_SHOW] = 1, [COMMAND_DATA] = 1, [COMMAND_WATCH] = 1};
    const size_t most = operands[command];
    for (size_t i = 0; i < most && optind < count; i++) settings->operand[i] = arguments[optind++];
    name_stdin(settings);
    if (optind < count && most)
        return fail(STATUS_USAGE, "unexpected argument '%s'; %zu %s taken, see --help", arguments[optind], most,
                    most == 1 ? "file is" : "files are");
    if (optind < count)
        return fail(STATUS_USAGE, "unexpected argument '%s'; every value belongs to an option, see --help",
                    arguments[optind]);
    return STATUS_DONE;
}

exit_status options_parse_metrics(const char *text, soma_metric metrics[SOMA_MAX_METRICS]) {
    size_t count = 0;
    for (const char *at = text;;) {
        int value;
        size_t length = strcspn(at, ",");
        exit_status status = choice_read("metric", &metric_choice, at, length, &value);
        if (status != STATUS_DONE) return status;
        if (count == SOMA_MAX_METRICS)
            return fail(STATUS_USAGE, "--metric: '%s' has more than %d metrics", text, SOMA_MAX_METRICS);
        metrics[count++] = (soma_metric)value;
        if (!at[length]) break;
        at += length + 1;
    }
    while (count < SOMA_MAX_METRICS) metrics[count++] = SOMA_METRIC_NONE;
    return STATUS_DONE;
}
