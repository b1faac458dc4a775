/* SPDX-License-Identifier: MIT */
/* Says what is in a table: a line for each column, the classes, and what is worth knowing. */
#include "table_report.h"
#include "program.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Classes that are named, and how many times as often one comes as another before that is said. */
enum { MOST_CLASSES = 12, OUT_OF_BALANCE = 5 };
/* A name is cut short to this width. */
enum { NAME_WIDTH = 24 };

typedef struct cell_text {
    char text[80];
} cell_text;

/* The day, and the time where it is not midnight. */
static cell_text date_text(double seconds) {
    cell_text date = {"?"};
    struct tm parts;
    time_t whole = (time_t)floor(seconds);
    if (!gmtime_r(&whole, &parts)) return date;
    bool midnight = parts.tm_hour + parts.tm_min + parts.tm_sec == 0;
    strftime(date.text, sizeof date.text, midnight ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%S", &parts);
    return date;
}

static cell_text value_text(const soma_column_profile *column, double value, const char *format) {
    cell_text cell = {""};
    if (isnan(value)) return cell;
    if (column->kind == SOMA_KIND_DATE) return date_text(value);
    snprintf(cell.text, sizeof cell.text, format, value);
    return cell;
}

static cell_text range_text(const soma_column_profile *column) {
    cell_text range = {""};
    if (isnan(column->minimum)) return range;
    snprintf(range.text, sizeof range.text, "%.32s to %.32s", value_text(column, column->minimum, "%.10g").text,
             value_text(column, column->maximum, "%.10g").text);
    return range;
}

/* As long as the text's characters are: bytes that go on with one have no width. */
static void say_padded(const char *text, size_t width) {
    char cut[4 * NAME_WIDTH + 4];
    size_t length = 0, shown = 0;
    for (; text[length] && length + 1 < sizeof cut; length++) {
        bool begins = ((unsigned char)text[length] & 0xC0) != 0x80;
        if (begins && shown == width) break;
        shown += begins;
        cut[length] = (unsigned char)text[length] < 0x20 ? ' ' : text[length];
    }
    cut[length] = 0;
    say_result("%s%*s", cut, (int)(width - shown), "");
}

static const char *role_name(soma_column_role role) {
    static const char *const names[] = {"feature", "label", "ignored", "group", "time", "weight", "id", "sequence"};
    return (size_t)role < sizeof names / sizeof *names ? names[role] : "other";
}

static void say_column(size_t index, const soma_column_profile *column, size_t width) {
    char name[NAME_WIDTH + 8];
    snprintf(name, sizeof name, "column %zu", index + 1);
    say_result("  %4zu ", index + 1);
    say_padded(column->name ? column->name : name, width);
    say_result("  %-12s %9" PRIu64 " %7" PRIu64 " %8" PRIu64 "%c  %-26s %-12s%s\n", soma_column_kind_name(column->kind),
               column->values, column->gaps, column->distinct, column->more ? '+' : ' ', range_text(column).text,
               value_text(column, column->mean, "%.8g").text,
               column->role == SOMA_COLUMN_FEATURE ? "" : role_name(column->role));
}

static void report_value(report *object, const char *key, const soma_column_profile *column, double value) {
    if (column->kind == SOMA_KIND_DATE)
        report_text(object, key, date_text(value).text);
    else
        report_number(object, key, value);
}

/* ------------------------------------------------------------------------------------------------------ findings */

static const struct {
    soma_column_finding finding;
    const char *name;
} findings[] = {{SOMA_FINDING_MIXED, "mixed"},           {SOMA_FINDING_CONSTANT, "constant"},
                {SOMA_FINDING_IDENTIFIER, "identifier"}, {SOMA_FINDING_GIVES_AWAY, "gives_label_away"},
                {SOMA_FINDING_FOLLOWS, "follows_label"}, {SOMA_FINDING_FLOAT32, "float32"}};

static void say_mixed(const soma_column_profile *column) {
    say_result("%" PRIu64 " of %" PRIu64 " values %s no %s, the first %s in line %" PRIu64
               "; training would refuse %s\n",
               column->odd, column->values, column->odd == 1 ? "is" : "are",
               column->kind == SOMA_KIND_DATE ? "date" : "number that float32 can hold", column->odd_text,
               column->odd_line, column->odd == 1 ? "it" : "them");
}

static void say_float32(const soma_column_profile *column) {
    say_result("of %" PRIu64 " different values %" PRIu64 " are left in float32, in which networks compute; ",
               column->distinct, column->distinct_float32);
    if (column->role == SOMA_COLUMN_LABEL)
        say_result("a number to predict is kept so\n");
    else
        say_result("soma keeps differences from %.17g, of which %" PRIu64 " are left\n", column->offset,
                   column->distinct_kept);
}

static void say_finding(size_t index, const soma_column_profile *column, soma_column_finding finding) {
    if (column->name)
        say_result("  column %zu (\"%s\"): ", index + 1, column->name);
    else
        say_result("  column %zu: ", index + 1);
    switch (finding) {
    case SOMA_FINDING_MIXED:
        say_mixed(column);
        break;
    case SOMA_FINDING_CONSTANT:
        say_result("constant: all %" PRIu64 " values are the same, and tell nothing%s\n", column->values,
                   column->gaps ? " (but that others are missing)" : "");
        break;
    case SOMA_FINDING_IDENTIFIER:
        say_result("looks like an identifier: each of the %" PRIu64
                   " values is another one; what is learnt from it fits no other rows\n",
                   column->values);
        break;
    case SOMA_FINDING_GIVES_AWAY:
        say_result("gives the label away: each of its %" PRIu64
                   " values comes with one class alone; will it be known when it is to be predicted?\n",
                   column->distinct);
        break;
    case SOMA_FINDING_FOLLOWS:
        say_result("gives the label away: its correlation with it is %.6f; will it be known when it is to be "
                   "predicted?\n",
                   column->correlation);
        break;
    case SOMA_FINDING_FLOAT32:
        say_float32(column);
        break;
    }
}

/* ------------------------------------------------------------------------------------------------------- classes */

void classes_report(const uint64_t *rows, size_t count, class_name *name, const void *context, report *object) {
    report *list = report_array(object, "classes");
    size_t least = SIZE_MAX, most = 0, unused = 0;
    for (size_t i = 0; i < count; i++) {
        char number[24];
        const char *text = name(context, i);
        snprintf(number, sizeof number, "%zu", i);
        if (i < MOST_CLASSES)
            say_result("%s%s %" PRIu64, i ? ", " : "", text ? text : number, rows[i]);
        else if (i == MOST_CLASSES)
            say_result(" and %zu more", count - MOST_CLASSES);
        report *one = report_append_object(list);
        report_text(one, "name", text ? text : number);
        report_count(one, "rows", rows[i]);
        unused += rows[i] == 0;
        if (rows[i] && (least == SIZE_MAX || rows[i] < rows[least])) least = i;
        if (rows[i] > rows[most]) most = i;
    }
    say_result("\n");
    if (unused) say_result("  %zu of the classes %s no rows\n", unused, unused == 1 ? "has" : "have");
    const bool unbalanced = least != SIZE_MAX && rows[most] >= OUT_OF_BALANCE * rows[least];
    report_truth(object, "imbalanced", unbalanced);
    if (count - unused == 1)
        say_result("  all rows have the same label: there is nothing to learn\n");
    else if (unbalanced)
        say_result("  out of balance: the largest class has %.3g times the rows of the smallest; see --class-weights "
                   "and the scores of each class (soma evaluate --report)\n",
                   (double)rows[most] / (double)rows[least]);
}

static const char *name_of_class(const void *context, size_t index) {
    soma_class_profile one = {.name = NULL};
    return soma_table_profile_class(context, index, &one) == SOMA_OK ? one.name : NULL;
}

/* Several are numbers, or hold or not, each: their columns say what is in them. */
static bool say_labels(const soma_table_profile *profile, const soma_table_info *info) {
    soma_column_profile column;
    size_t labels = 0;
    for (size_t i = 0; i < info->columns; i++)
        labels += soma_table_profile_column(profile, i, &column) == SOMA_OK && column.role == SOMA_COLUMN_LABEL;
    if (labels < 2) return false;
    say_result("  %zu labels:", labels);
    for (size_t i = 0; i < info->columns; i++) {
        if (soma_table_profile_column(profile, i, &column) != SOMA_OK || column.role != SOMA_COLUMN_LABEL) continue;
        say_result("%s column %zu%s%s%s", i == info->label ? "" : ",", i + 1, column.name ? " (\"" : "",
                   column.name ? column.name : "", column.name ? "\")" : "");
    }
    say_result("\n");
    return true;
}

static void report_label(const soma_table_profile *profile, const soma_table_info *info, report *object) {
    soma_column_profile label;
    if (say_labels(profile, info)) return;
    if (soma_table_profile_column(profile, info->label, &label) != SOMA_OK) {
        say_result("  no label\n");
        return;
    }
    uint64_t *rows = info->classes ? calloc(info->classes, sizeof *rows) : NULL;
    say_result("  label: column %zu%s%s%s, ", (size_t)info->label + 1, label.name ? " (\"" : "",
               label.name ? label.name : "", label.name ? "\")" : "");
    for (size_t i = 0; rows && i < info->classes; i++) {
        soma_class_profile one = {.rows = 0};
        if (soma_table_profile_class(profile, i, &one) == SOMA_OK) rows[i] = one.rows;
    }
    if (rows) {
        say_result("%zu class%s: ", (size_t)info->classes, info->classes == 1 ? "" : "es");
        classes_report(rows, info->classes, name_of_class, profile, object);
    } else {
        say_result("a number to predict\n");
    }
    free(rows);
    if (info->label_gaps) say_result("  %" PRIu64 " rows have no label; training refuses them\n", info->label_gaps);
}

/* --------------------------------------------------------------------------------------------------------- table */

static void report_column(const soma_column_profile *column, report *list) {
    report *object = report_append_object(list);
    report_text(object, "name", column->name);
    report_text(object, "role", role_name(column->role));
    report_text(object, "kind", soma_column_kind_name(column->kind));
    report_count(object, "values", column->values);
    report_count(object, "gaps", column->gaps);
    report_count(object, "distinct", column->distinct);
    report_truth(object, "more", column->more);
    if (!isnan(column->mean)) {
        report_value(object, "minimum", column, column->minimum);
        report_value(object, "maximum", column, column->maximum);
        report_value(object, "mean", column, column->mean);
        report_count(object, "distinct_float32", column->distinct_float32);
        report_count(object, "distinct_kept", column->distinct_kept);
    }
    if (!isnan(column->correlation)) report_number(object, "correlation", column->correlation);
    if (column->odd) {
        report_count(object, "odd", column->odd);
        report_count(object, "odd_line", column->odd_line);
    }
    report *found = report_array(object, "findings");
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
        if (column->findings & (uint32_t)findings[i].finding) report_append_text(found, findings[i].name);
}

static size_t width_of(const char *name) {
    size_t width = 0;
    for (; name && *name; name++) width += ((unsigned char)*name & 0xC0) != 0x80;
    return width < NAME_WIDTH ? width : NAME_WIDTH;
}

static void say_columns(const soma_table_profile *profile, const soma_table_info *info) {
    size_t width = strlen("column 9999");
    soma_column_profile column;
    for (size_t i = 0; i < info->columns; i++)
        if (soma_table_profile_column(profile, i, &column) == SOMA_OK && width_of(column.name) > width)
            width = width_of(column.name);
    say_result("       %-*s  %-12s %9s %7s %8s   %-26s %s\n", (int)width, "column", "kind", "values", "gaps",
               "distinct", "range", "mean");
    for (size_t i = 0; i < info->columns; i++)
        if (soma_table_profile_column(profile, i, &column) == SOMA_OK) say_column(i, &column, width);
}

static void say_findings(const soma_table_profile *profile, const soma_table_info *info) {
    soma_column_profile column;
    for (size_t i = 0; i < info->columns; i++)
        for (size_t j = 0; j < sizeof findings / sizeof *findings; j++)
            if (soma_table_profile_column(profile, i, &column) == SOMA_OK &&
                column.findings & (uint32_t)findings[j].finding)
                say_finding(i, &column, findings[j].finding);
}

void table_report(const char *path, const soma_table_profile *profile, report *object) {
    soma_table_info info;
    soma_column_profile column;
    soma_table_profile_get_info(profile, &info);
    const char separator[] = {info.separator, 0};
    say_result("%s: a table of %zu rows and %zu columns, %s names in the first line, separated by %s\n", path,
               info.rows, info.columns, info.header ? "with" : "without", info.separator == '\t' ? "tabs" : separator);
    report_text(object, "file", path);
    report_text(object, "holds", "table");
    report_count(object, "rows", info.rows);
    report_truth(object, "header", info.header);
    report_text(object, "separator", separator);
    report *list = report_array(object, "columns");
    for (size_t i = 0; i < info.columns; i++)
        if (soma_table_profile_column(profile, i, &column) == SOMA_OK) report_column(&column, list);
    say_columns(profile, &info);
    report_label(profile, &info, object);
    report_count(object, "label_gaps", info.label_gaps);
    report_count(object, "doubled", info.doubled);
    if (info.doubled) {
        report *lines = report_array(object, "doubled_lines");
        report_append_number(lines, (double)info.first_line);
        report_append_number(lines, (double)info.doubled_line);
        say_result("  %" PRIu64 " row%s the same as one before, to the letter; the first pair is lines %" PRIu64
                   " and %" PRIu64 ": by chance, one may be trained on and the other tested on\n",
                   info.doubled, info.doubled == 1 ? " is" : "s are", info.first_line, info.doubled_line);
    }
    say_findings(profile, &info);
}
