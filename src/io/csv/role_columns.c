/* SPDX-License-Identifier: MIT */
/* What the columns of a table are for: as the options say, by name or number, or as a network knows. */
#include "base/utf8.h"
#include "io/csv/table.h"
#include "nn/network.h"

#include <stdlib.h>
#include <string.h>

/* A role that one column has, at most. */
typedef struct single {
    soma_column_role role;
    const char *what;
    size_t *column;
} single;

#define SINGLES 5
static void list_singles(soma_csv_layout *layout, single singles[SINGLES]) {
    const single all[SINGLES] = {{SOMA_COLUMN_GROUP, "the groups", &layout->group},
                                 {SOMA_COLUMN_TIME, "the times", &layout->time},
                                 {SOMA_COLUMN_WEIGHT, "the weights", &layout->weight},
                                 {SOMA_COLUMN_ID, "the identities", &layout->id},
                                 {SOMA_COLUMN_SEQUENCE, "what says which sequence a row is of", &layout->sequence}};
    memcpy(singles, all, sizeof all);
}

static const char the_label[] = "the label";

static const char *said_of(const soma_csv_options *options, soma_column_role role) {
    const soma_csv_roles *roles = options->roles;
    if (role == SOMA_COLUMN_LABEL) return options->label;
    if (!roles) return NULL;
    switch (role) {
    case SOMA_COLUMN_GROUP:
        return roles->group;
    case SOMA_COLUMN_TIME:
        return roles->time;
    case SOMA_COLUMN_WEIGHT:
        return roles->weight;
    case SOMA_COLUMN_SEQUENCE:
        return roles->sequences ? roles->sequences->column : NULL;
    default:
        return roles->id;
    }
}

/* The number in a text that names a column, 0 if it is a name. */
static long number_in(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    return *text && *end == 0 ? number : 0;
}

static bool is_none(const char *text) {
    return strcmp(text, "none") == 0;
}

/* Whether several labels may be meant. */
static bool is_list(const char *text) {
    return strpbrk(text, ",:*?\"") != NULL;
}

soma_status soma_csv_check_roles(const soma_csv_roles *roles) {
    if (!roles) return SOMA_OK;
    SOMA_TRY(SOMA_CHECK_RESERVED(roles, "soma_csv_roles"));
    if (!roles->sequences) return SOMA_OK;
    SOMA_TRY(SOMA_CHECK_RESERVED(roles->sequences, "soma_csv_sequences"));
    if (roles->sequences->column) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "soma_csv_sequences.column is NULL; a column is wanted");
}

const char *soma_csv_first_name(const soma_csv_options *options) {
    static const soma_column_role order[] = {SOMA_COLUMN_LABEL,  SOMA_COLUMN_GROUP, SOMA_COLUMN_TIME,
                                             SOMA_COLUMN_WEIGHT, SOMA_COLUMN_ID,    SOMA_COLUMN_SEQUENCE};
    const soma_csv_roles *roles = options->roles;
    for (size_t i = 0; i < SOMA_COUNT_OF(order); i++) {
        bool label = order[i] == SOMA_COLUMN_LABEL;
        const char *text = said_of(options, order[i]);
        if (label && text && is_list(text) && !soma_csv_list_has_names(text)) continue;
        const bool needed = order[i] == SOMA_COLUMN_SEQUENCE || !roles || !roles->optional;
        if (text && number_in(text) == 0 && (label ? !is_none(text) : needed)) return text;
    }
    if (roles && roles->columns && soma_csv_list_has_names(roles->columns)) return roles->columns;
    return roles && roles->ignore && soma_csv_list_has_names(roles->ignore) ? roles->ignore : NULL;
}

/* ------------------------------------------------------------------------------------------------------ options */

static soma_status refuse_number(const soma_csv_reader *reader, const soma_csv_layout *layout, bool label,
                                 long number) {
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: %scolumn %ld; the table has columns 1 to %zu%s", reader->name,
                      label ? "label " : "", number, layout->columns, label ? ", and -1 for the last" : "");
}

static soma_status refuse_name(const soma_csv_reader *reader, const soma_csv_layout *layout, const char *name) {
    soma_text known = soma_csv_list_columns(layout);
    soma_status status = soma_error(SOMA_INVALID_ARGUMENT, "%s: line %zu: no column is called %s; there are %s",
                                    reader->name, layout->header.words[0].line, soma_quote(name, strlen(name)).text,
                                    known.data ? known.data : "others");
    soma_free(known.data);
    return status;
}

/* By name or number; names are left aside while there are none. */
static soma_status find_said(const soma_csv_reader *reader, const soma_csv_layout *layout, const char *text, bool label,
                             bool optional, size_t *column) {
    long number = number_in(text);
    *column = SOMA_CSV_NO_COLUMN;
    if (label && is_none(text)) return SOMA_OK;
    if (number == 0) {
        if (!layout->header.count || soma_words_find(&layout->header, text, column)) return SOMA_OK;
        *column = SOMA_CSV_NO_COLUMN;
        return optional ? SOMA_OK : refuse_name(reader, layout, text);
    }
    if (label && number == -1)
        *column = layout->columns - 1;
    else if (number > 0 && (size_t)number <= layout->columns)
        *column = (size_t)number - 1;
    else if (!optional)
        return refuse_number(reader, layout, label, number);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------ network */

static bool by_name(const soma_columns *known, const soma_csv_layout *layout) {
    return known->named && layout->header.count;
}

/* Where a column that a network knows is in the table: by its name, or by its place among all, or all but the label. */
static size_t place_of_known(const soma_columns *known, size_t index, const soma_csv_layout *layout) {
    size_t number = SOMA_CSV_NO_COLUMN, labels = soma_columns_with(known, SOMA_COLUMN_LABEL), before = 0;
    if (by_name(known, layout))
        return soma_words_find(&layout->header, known->column[index].name, &number) ? number : SOMA_CSV_NO_COLUMN;
    if (layout->columns == known->count) return index;
    if (layout->columns + labels != known->count || known->column[index].role == SOMA_COLUMN_LABEL)
        return SOMA_CSV_NO_COLUMN;
    for (size_t i = 0; i < index; i++) before += known->column[i].role == SOMA_COLUMN_LABEL;
    return index - before;
}

static size_t find_known(const soma_columns *known, soma_column_role role, const soma_csv_layout *layout) {
    size_t index = known ? soma_columns_first(known, role) : 0;
    return known && index < known->count ? place_of_known(known, index, layout) : SOMA_CSV_NO_COLUMN;
}

/* With the label, or without. */
static bool fits_by_place(const soma_columns *known, const soma_csv_layout *layout) {
    return layout->columns == known->count ||
           layout->columns + soma_columns_with(known, SOMA_COLUMN_LABEL) == known->count;
}

static soma_status check_places(const soma_csv_reader *reader, const soma_columns *known,
                                const soma_csv_layout *layout) {
    if (by_name(known, layout) || !soma_columns_with(known, SOMA_COLUMN_LABEL) || fits_by_place(known, layout))
        return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%s: line %zu: %zu columns; the model was trained on %zu and a label, which are matched by their "
                      "place where there are no names",
                      reader->name, reader->line, layout->columns, known->count - 1);
}

/* ------------------------------------------------------------------------------------------------------- labels */

/* Those that the network learnt; all of them, or, where they are not looked at, whichever there are. */
static soma_status find_known_labels(const soma_csv_reader *reader, const soma_csv_options *options,
                                     const soma_columns *known, const soma_csv_layout *layout, bool *chosen) {
    const size_t all = soma_columns_with(known, SOMA_COLUMN_LABEL);
    size_t found = 0;
    soma_text absent = {.length = 0};
    for (size_t i = 0; i < known->count; i++) {
        if (known->column[i].role != SOMA_COLUMN_LABEL) continue;
        const char *name = known->column[i].name;
        size_t column = place_of_known(known, i, layout);
        if (column == SOMA_CSV_NO_COLUMN)
            soma_text_append(&absent, "%s%s", absent.data ? ", " : "", soma_quote(name, strlen(name)).text);
        else
            chosen[column] = true;
        found += column != SOMA_CSV_NO_COLUMN;
    }
    soma_status status = SOMA_OK;
    if (found && found < all && !options->skip_label)
        status = soma_error(SOMA_INVALID_ARGUMENT,
                            "%s: there is no column %s, which the model learnt as a label beside others that are there",
                            reader->name, absent.data ? absent.data : "?");
    soma_free(absent.data);
    return status;
}

/* Which of the network's labels each is, where it has several and both have names. */
static soma_status order_labels(const soma_csv_reader *reader, const soma_columns *known, soma_csv_layout *layout) {
    if (!known || soma_columns_with(known, SOMA_COLUMN_LABEL) < 2 || !by_name(known, layout)) return SOMA_OK;
    for (size_t i = 0; i < layout->columns; i++) {
        if (layout->role[i] != SOMA_COLUMN_LABEL) continue;
        const char *name = layout->header.words[i].text;
        size_t at = soma_columns_find(known, name);
        if (at == known->count || known->column[at].role != SOMA_COLUMN_LABEL) {
            char list[SOMA_COLUMN_LIST];
            return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s is no label of the model; its labels are %s", reader->name,
                              soma_quote(name, strlen(name)).text,
                              soma_columns_list(known, SOMA_COLUMN_LABEL, NULL, list));
        }
        layout->target[i] = 0;
        for (size_t j = 0; j < at; j++) layout->target[i] += known->column[j].role == SOMA_COLUMN_LABEL;
    }
    return SOMA_OK;
}

static soma_status choose_labels(const soma_csv_reader *reader, const soma_csv_options *options,
                                 const soma_columns *known, const soma_csv_layout *layout, bool *chosen) {
    const char *said = options->label;
    size_t column = layout->columns - 1;
    if (!said && known) return find_known_labels(reader, options, known, layout, chosen);
    if (said && is_list(said) && !soma_words_find(&layout->header, said, &column))
        return soma_csv_choose(reader, layout, "label", said, chosen);
    if (said) SOMA_TRY(find_said(reader, layout, said, true, false, &column));
    if (column != SOMA_CSV_NO_COLUMN) chosen[column] = true;
    return SOMA_OK;
}

/* With several, in the order of the table. */
static soma_status find_labels(const soma_csv_reader *reader, const soma_csv_options *options,
                               const soma_columns *known, soma_csv_layout *layout) {
    bool *chosen = soma_calloc(layout->columns, sizeof *chosen);
    if (!chosen) return soma_out_of_memory(layout->columns * sizeof *chosen, reader->name);
    soma_status status = choose_labels(reader, options, known, layout, chosen);
    layout->label = SOMA_CSV_NO_LABEL;
    layout->labels = 0;
    for (size_t i = 0; status == SOMA_OK && i < layout->columns; i++) {
        if (!chosen[i]) continue;
        if (layout->labels == 0) layout->label = i;
        layout->role[i] = SOMA_COLUMN_LABEL;
        layout->target[i] = layout->labels++;
    }
    soma_free(chosen);
    return status == SOMA_OK ? order_labels(reader, known, layout) : status;
}

/* -------------------------------------------------------------------------------------------------------- roles */

static soma_status find_singles(const soma_csv_reader *reader, const soma_csv_options *options,
                                const soma_columns *known, const single singles[SINGLES],
                                const soma_csv_layout *layout) {
    for (size_t i = 0; i < SINGLES; i++) {
        const char *said = said_of(options, singles[i].role);
        *singles[i].column = find_known(known, singles[i].role, layout);
        /* Without its column there are no sequences: that is wanted whatever may be missing. */
        const bool optional = options->roles && options->roles->optional && singles[i].role != SOMA_COLUMN_SEQUENCE;
        if (said) SOMA_TRY(find_said(reader, layout, said, false, optional, singles[i].column));
    }
    return SOMA_OK;
}

static soma_status refuse_twice(const soma_csv_reader *reader, const soma_csv_layout *layout, size_t column,
                                const char *one, const char *other) {
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%s: column %zu%s is both %s and %s; each wants a column of its own (the label is the last by "
                      "default)",
                      reader->name, column + 1, soma_csv_name_column(layout, column).text, one, other);
}

static soma_status give_singles(const soma_csv_reader *reader, const single singles[SINGLES], soma_csv_layout *layout) {
    for (size_t i = 0; i < SINGLES; i++) {
        const size_t column = *singles[i].column;
        if (column == SOMA_CSV_NO_COLUMN) continue;
        if (layout->role[column] == SOMA_COLUMN_LABEL)
            return refuse_twice(reader, layout, column, the_label, singles[i].what);
        for (size_t j = 0; j < i; j++)
            if (*singles[j].column == column)
                return refuse_twice(reader, layout, column, singles[j].what, singles[i].what);
        layout->role[column] = singles[i].role;
    }
    return SOMA_OK;
}

/* Features that a list leaves out; of what a list of columns does not name, label and such stay what they are. */
static soma_status leave_out(const soma_csv_reader *reader, const soma_csv_roles *roles, const single singles[SINGLES],
                             bool *chosen, soma_csv_layout *layout) {
    if (roles->columns) {
        SOMA_TRY(soma_csv_choose(reader, layout, "columns", roles->columns, chosen));
        for (size_t i = 0; i < layout->columns; i++)
            if (!chosen[i] && layout->role[i] == SOMA_COLUMN_FEATURE) layout->role[i] = SOMA_COLUMN_IGNORED;
    }
    if (!roles->ignore) return SOMA_OK;
    memset(chosen, 0, layout->columns * sizeof *chosen);
    SOMA_TRY(soma_csv_choose(reader, layout, "ignore", roles->ignore, chosen));
    for (size_t i = 0; i < layout->columns; i++) {
        if (chosen[i] && layout->role[i] == SOMA_COLUMN_LABEL)
            return refuse_twice(reader, layout, i, the_label, "to be ignored");
        for (size_t j = 0; chosen[i] && j < SINGLES; j++)
            if (*singles[j].column == i) return refuse_twice(reader, layout, i, singles[j].what, "to be ignored");
        if (chosen[i]) layout->role[i] = SOMA_COLUMN_IGNORED;
    }
    return SOMA_OK;
}

static soma_status choose_features(const soma_csv_reader *reader, const soma_csv_roles *roles,
                                   const single singles[SINGLES], soma_csv_layout *layout) {
    bool *chosen = soma_calloc(layout->columns, sizeof *chosen);
    if (!chosen) return soma_out_of_memory(layout->columns * sizeof *chosen, reader->name);
    soma_status status = leave_out(reader, roles, singles, chosen, layout);
    soma_free(chosen);
    return status;
}

static void ignore_known(const soma_columns *known, soma_csv_layout *layout) {
    for (size_t i = 0; i < known->count; i++) {
        size_t column =
            known->column[i].role == SOMA_COLUMN_IGNORED ? place_of_known(known, i, layout) : SOMA_CSV_NO_COLUMN;
        if (column != SOMA_CSV_NO_COLUMN && layout->role[column] == SOMA_COLUMN_FEATURE)
            layout->role[column] = SOMA_COLUMN_IGNORED;
    }
}

/* What is known, and goes on without. */
static void note_absent(const soma_csv_reader *reader, const soma_columns *known, bool predicted,
                        soma_csv_layout *layout) {
    const soma_column_role role = predicted ? SOMA_COLUMN_ID : SOMA_COLUMN_WEIGHT;
    size_t index = soma_columns_first(known, role);
    if (index == known->count || (predicted ? layout->id : layout->weight) != SOMA_CSV_NO_COLUMN) return;
    const char *name = known->column[index].name;
    soma_text_append(&layout->note, "%s%s: no column %s, which the model learnt as %s", layout->note.data ? "\n" : "",
                     reader->name, soma_quote(name, strlen(name)).text,
                     predicted ? "the identities of the rows: they are left away"
                               : "the weights of the rows: all count the same");
}

static soma_status refuse_absent(const soma_csv_reader *reader, const soma_columns *known, soma_column_role role,
                                 const char *what, const char *option) {
    const char *name = known->column[soma_columns_first(known, role)].name;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%s: no column %s, by which the model knows %s; accepted: another one by the option %s",
                      reader->name, soma_quote(name, strlen(name)).text, what, option);
}

/* Steps of a sample, and whether there are sequences at all, of the options and the network. */
static soma_status find_sequences(const soma_csv_reader *reader, const soma_csv_options *options,
                                  const soma_columns *known, soma_csv_layout *layout) {
    const soma_csv_sequences *said = options->roles ? options->roles->sequences : NULL;
    const bool learnt = known && soma_columns_are_of_steps(known);
    const soma_tensor *input = options->network && options->network->input_count ? options->network->inputs[0] : NULL;
    if (said && known && !learnt)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: rows are said to be steps of sequences; the model learnt of rows that are samples each",
                          reader->name);
    if (said && learnt && said->label_per_step && !known->step_labels)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: each step is said to have a label; the model learnt one of each sequence, which stands",
                          reader->name);
    if (learnt && layout->sequence == SOMA_CSV_NO_COLUMN)
        return refuse_absent(reader, known, SOMA_COLUMN_SEQUENCE, "which rows are one sequence",
                             "sequences (--sequence-column)");
    if (learnt && layout->time == SOMA_CSV_NO_COLUMN && soma_columns_first(known, SOMA_COLUMN_TIME) < known->count)
        return refuse_absent(reader, known, SOMA_COLUMN_TIME, "in which order the steps of a sequence are",
                             "time (--time-column)");
    if (layout->sequence == SOMA_CSV_NO_COLUMN) return SOMA_OK;
    if (layout->id != SOMA_CSV_NO_COLUMN)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: column %zu%s is to tell samples apart, which are sequences, and have their own text for "
                          "that, in column %zu%s; say one of them",
                          reader->name, layout->id + 1, soma_csv_name_column(layout, layout->id).text,
                          layout->sequence + 1, soma_csv_name_column(layout, layout->sequence).text);
    layout->steps = said ? said->steps : 0;
    if (!input || input->rank != 2) return SOMA_OK;
    if (layout->steps && layout->steps != input->shape[0])
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: samples of %zu steps are wanted; the network takes %zu, which stands", reader->name,
                          layout->steps, input->shape[0]);
    layout->steps = input->shape[0];
    return SOMA_OK;
}

soma_status soma_csv_find_roles(const soma_csv_reader *reader, const soma_csv_options *options, bool certain,
                                soma_csv_layout *layout) {
    const soma_csv_roles *roles = options->roles;
    const soma_columns *known = options->network && options->network->columns.count ? &options->network->columns : NULL;
    single singles[SINGLES];
    list_singles(layout, singles);
    for (size_t i = 0; i < layout->columns; i++) layout->role[i] = SOMA_COLUMN_FEATURE;
    if (known && certain && !options->label) SOMA_TRY(check_places(reader, known, layout));
    SOMA_TRY(find_labels(reader, options, known, layout));
    SOMA_TRY(find_singles(reader, options, known, singles, layout));
    SOMA_TRY(give_singles(reader, singles, layout));
    if (certain) SOMA_TRY(find_sequences(reader, options, known, layout));
    if (known && certain) note_absent(reader, known, options->skip_label, layout);
    if (roles && (roles->columns || roles->ignore)) return choose_features(reader, roles, singles, layout);
    if (known) ignore_known(known, layout);
    /* Of whatever it is a row: not by the last word alone is a line taken for names. */
    if (!certain && known && !options->label && !fits_by_place(known, layout) &&
        layout->role[layout->columns - 1] == SOMA_COLUMN_FEATURE)
        layout->role[layout->columns - 1] = SOMA_COLUMN_LABEL;
    return SOMA_OK;
}
