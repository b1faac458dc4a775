/* SPDX-License-Identifier: MIT */
/* See search.h. */
#include "option_value.h"
#include "search.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dimension {
    const option_row *row;
    const json_t *domain; /* as the file has it */
    const json_t *list;   /* of values; NULL: a range */
    double least, most;
    bool logarithmic, whole;
};

struct search_space {
    json_t *root;
    uint64_t seed;
    size_t count;
    struct dimension dimension[SEARCH_MOST_OPTIONS];
    size_t points;   /* 0: a range, or too many to be listed */
    uint32_t *order; /* in which these are taken */
};

/* What becomes of the columns of a table: the rows stay the same, and what is learnt. */
static bool is_of_columns(const option_row *row) {
    static const char *const names[] = {"columns",        "ignore",       "missing",        "indicator",
                                        "max-categories", "hash-buckets", "dates",          "standardize",
                                        "no-standardize", "scale-target", "no-scale-target"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(row->name, names[i]) == 0) return true;
    return false;
}

/* What may differ between trials whose results are compared: not the rows, nor what they are measured by. */
static bool is_searched(size_t index) {
    static const char *const groups[] = {"Network", "Augmentation", "Optimizer", "Learning rate schedule", "Training"};
    static const char *const fixed[] = {"load",  "weights", "weights-map", "outputs", "input",  "find-lr",   "folds",
                                        "seeds", "monitor", "checkpoint",  "every",   "resume", "validation"};
    const option_row *row = &option_table[index];
    const char *group = NULL;
    bool member = false;
    if (!(row->commands >> COMMAND_SEARCH & 1u)) return false;
    for (size_t i = index + 1; !group && i-- > 0;) group = option_table[i].group;
    for (size_t i = 0; group && i < sizeof groups / sizeof *groups; i++) member |= strcmp(group, groups[i]) == 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) member &= strcmp(row->name, fixed[i]) != 0;
    return member || is_of_columns(row);
}

static const option_row *find_row(const char *name) {
    for (size_t i = 0; i < option_count; i++)
        if (is_searched(i) && option_is_called(option_table[i].name, name)) return &option_table[i];
    return NULL;
}

static const char *next_option(const void *context, size_t index) {
    (void)context;
    for (size_t i = 0; i < option_count; i++)
        if (is_searched(i) && index-- == 0) return option_table[i].name;
    return NULL;
}

static void number_text(double value, int digits, char text[32]) {
    bool whole = value == floor(value) && fabs(value) < 0x1p53;
    snprintf(text, 32, "%.*g", whole ? 17 : digits, value);
}

/* As it would be typed, a number into `number`; NULL where it is no value of an option. */
static const char *value_text(const json_t *value, char number[32]) {
    if (json_is_string(value)) return json_string_value(value);
    if (json_is_boolean(value)) return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        number_text(json_real_value(value), 9, number);
    return json_is_number(value) ? number : NULL;
}

/* Options that set one field, as standardize and no-standardize do. */
static bool set_the_same(const option_row *row, const option_row *other) {
    return row->type == OPTION_SET && other->type == OPTION_SET && row->offset == other->offset;
}

/* What "false" says, where not being given would say a third thing; NULL where there is no such option. */
static const option_row *opposite_of(const option_row *row) {
    for (size_t i = 0; i < option_count; i++)
        if (set_the_same(row, &option_table[i]) && option_table[i].value != row->value) return &option_table[i];
    return NULL;
}

/* Into the settings; `text` must outlive them. */
static exit_status set_option(const option_row *row, const char *text, struct settings *settings) {
    bool flag = row->type == OPTION_FLAG || row->type == OPTION_SET, set = strcmp(text, "true") == 0;
    if (flag && !set && strcmp(text, "false") != 0)
        return fail(STATUS_USAGE, "'%s' is given or not, and takes no '%s'; accepted: a list of true and false",
                    row->name, text);
    const option_row *opposite = flag && !set ? opposite_of(row) : NULL;
    if (opposite) return set_option(opposite, "true", settings);
    settings->given[row - option_table] = !flag || set;
    return flag && !set ? STATUS_DONE : option_read_value(row, text, settings);
}

static exit_status read_list(struct dimension *dimension) {
    static struct settings ignored;
    const char *name = dimension->row->name;
    if (!json_array_size(dimension->list)) return fail(STATUS_FILE, "the list of '%s' is empty", name);
    for (size_t i = 0; i < json_array_size(dimension->list); i++) {
        char number[32];
        const char *text = value_text(json_array_get(dimension->list, i), number);
        if (!text)
            return fail(STATUS_FILE, "value %zu of '%s' is none of an option; accepted: texts, numbers, true, false",
                        i + 1, name);
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_array_get(dimension->list, i), json_array_get(dimension->list, j)))
                return fail(STATUS_FILE, "'%s' lists %s twice; accepted: each value once", name, text);
        exit_status status = set_option(dimension->row, text, &ignored);
        if (status != STATUS_DONE) return status;
    }
    return STATUS_DONE;
}

static exit_status read_range(const json_t *value, struct dimension *dimension) {
    static struct settings ignored;
    const json_t *ends[] = {json_object_get(value, "min"), json_object_get(value, "max")};
    const json_t *logarithmic = json_object_get(value, "log");
    size_t known = 2 + (logarithmic != NULL);
    dimension->least = json_number_value(ends[0]);
    dimension->most = json_number_value(ends[1]);
    dimension->logarithmic = json_is_true(logarithmic);
    dimension->whole = dimension->row->type == OPTION_COUNT;
    if (dimension->row->type != OPTION_REAL && dimension->row->type != OPTION_COUNT)
        return fail(STATUS_FILE, "'%s' takes no numbers to range over; accepted: a list of values",
                    dimension->row->name);
    if (!json_is_number(ends[0]) || !json_is_number(ends[1]) || (logarithmic && !json_is_boolean(logarithmic)) ||
        json_object_size(value) != known || !(dimension->least < dimension->most) ||
        (dimension->logarithmic && !(dimension->least > 0)))
        return fail(STATUS_FILE,
                    "'%s' is no range; accepted: {\"min\": X, \"max\": Y}, X less than Y, perhaps with \"log\": true, "
                    "and X greater than 0 then",
                    dimension->row->name);
    for (size_t i = 0; i < 2; i++) {
        char number[32];
        exit_status status = set_option(dimension->row, value_text(ends[i], number), &ignored);
        if (status != STATUS_DONE) return status;
    }
    return STATUS_DONE;
}

static exit_status read_dimension(const char *name, const json_t *value, const struct settings *given,
                                  search_space *space) {
    const option_row *row = find_row(name);
    if (!row)
        return fail(STATUS_FILE,
                    "'%s' is no option to search over%s; accepted: options of soma train about the network, "
                    "augmentation, optimizer, schedule and training, and what becomes of the columns of a table",
                    name, did_you_mean("", suggest(name, next_option, NULL)));
    if (given->given[row - option_table])
        return fail(STATUS_USAGE, "--%s is given, and '%s' varies it; accepted: one of the two", name, name);
    const option_row *opposite = opposite_of(row);
    if (opposite && given->given[opposite - option_table])
        return fail(STATUS_USAGE, "--%s is given, and '%s' varies the same; accepted: one of the two", opposite->name,
                    name);
    for (size_t i = 0; i < space->count; i++)
        if (space->dimension[i].row == row || set_the_same(space->dimension[i].row, row))
            return fail(STATUS_FILE, "'%s' is %s, which is there already; accepted: one of the two", name,
                        space->dimension[i].row->name);
    if (space->count == SEARCH_MOST_OPTIONS) return fail(STATUS_FILE, "more than %d options", SEARCH_MOST_OPTIONS);
    struct dimension *dimension = &space->dimension[space->count++];
    *dimension = (struct dimension){.row = row, .domain = value, .list = json_is_array(value) ? value : NULL};
    if (dimension->list) return read_list(dimension);
    if (json_is_object(value)) return read_range(value, dimension);
    return fail(STATUS_FILE, "'%s' is neither a list of values nor a range {\"min\": X, \"max\": Y}", name);
}

/* Steele, Lea & Flood 2014, "Fast Splittable Pseudorandom Number Generators": splitmix64. */
static uint64_t mixed(uint64_t state) {
    state += 0x9e3779b97f4a7c15u;
    state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
    state = (state ^ state >> 27) * 0x94d049bb133111ebu;
    return state ^ state >> 31;
}

/* Few points are shuffled, so that none is taken twice. */
static exit_status order_points(search_space *space) {
    enum { MOST_POINTS = 100000 };
    size_t points = 1;
    for (size_t i = 0; i < space->count; i++) {
        points *= json_array_size(space->dimension[i].list);
        if (points == 0 || points > MOST_POINTS) return STATUS_DONE; /* of a range, jansson says 0 */
    }
    space->points = points;
    space->order = calloc(points, sizeof *space->order);
    if (!space->order) return fail(STATUS_FAILED, "out of memory");
    uint64_t state = mixed(space->seed);
    for (size_t i = 0; i < points; i++) {
        state = mixed(state);
        size_t other = (size_t)(state % (i + 1)); /* Fisher and Yates, inside out */
        space->order[i] = space->order[other];
        space->order[other] = (uint32_t)i;
    }
    return STATUS_DONE;
}

static exit_status read_all(const struct settings *given, search_space *space) {
    json_error_t error;
    const char *name;
    json_t *value;
    space->root = json_load_file(given->space, JSON_REJECT_DUPLICATES, &error);
    if (!space->root && error.line < 0) return fail(STATUS_FILE, "%s", error.text);
    if (!space->root) return fail(STATUS_FILE, "line %d, column %d: %s", error.line, error.column, error.text);
    if (!json_is_object(space->root) || !json_object_size(space->root))
        return fail(STATUS_FILE,
                    "an object of options is expected, as {\"lr\": {\"min\": 1e-4, \"max\": 0.1, \"log\": true}}");
    json_object_foreach(space->root, name, value) {
        exit_status status = read_dimension(name, value, given, space);
        if (status != STATUS_DONE) return status;
    }
    return order_points(space);
}

exit_status search_space_read(const struct settings *given, search_space **space) {
    *space = calloc(1, sizeof **space);
    if (!*space) return fail(STATUS_FAILED, "out of memory");
    (*space)->seed = given->seed;
    message_context(given->space);
    exit_status status = read_all(given, *space);
    message_context(NULL);
    return status;
}

json_t *search_space_json(const search_space *space) {
    return space->root;
}

void search_space_release(search_space *space) {
    if (!space) return;
    json_decref(space->root);
    free(space->order);
    free(space);
}

size_t search_space_options(const search_space *space) {
    return space->count;
}

const char *search_space_option(const search_space *space, size_t index) {
    return space->dimension[index].row->name;
}

const json_t *search_space_domain(const search_space *space, size_t index) {
    return space->dimension[index].domain;
}

size_t search_space_points(const search_space *space) {
    return space->points;
}

bool search_space_varies_columns(const search_space *space) {
    for (size_t i = 0; i < space->count; i++)
        if (is_of_columns(space->dimension[i].row)) return true;
    return false;
}

/* --------------------------------------------------------------------------------------------------------- drawing */

static void draw_number(const struct dimension *dimension, double share, char text[32]) {
    double least = dimension->least, most = dimension->most + dimension->whole; /* each whole number has as much room */
    double value = dimension->logarithmic ? least * pow(most / least, share) : least + (most - least) * share;
    if (dimension->whole) value = floor(value);
    number_text(fmin(fmax(value, least), dimension->most), 6, text);
    double read = strtod(text, NULL); /* six digits may be beyond an end */
    if (read < least || read > dimension->most) number_text(read < least ? least : dimension->most, 17, text);
}

void search_space_draw(const search_space *space, size_t trial, struct search_point *point) {
    uint64_t state = mixed(mixed(space->seed) + trial);
    size_t place = space->points ? space->order[trial % space->points] : 0;
    *point = (struct search_point){0};
    for (size_t i = 0; i < space->count; i++) {
        const struct dimension *dimension = &space->dimension[i];
        size_t values = json_array_size(dimension->list);
        state = mixed(state + i);
        double share = (double)(state >> 11) * 0x1p-53;
        if (values) {
            point->choice[i] = space->points ? place % values : (size_t)(share * (double)values);
            place /= values;
            point->text[i] = value_text(json_array_get(dimension->list, point->choice[i]), point->number[i]);
        } else {
            draw_number(dimension, share, point->number[i]);
            point->text[i] = point->number[i];
        }
    }
}

exit_status search_space_apply(const search_space *space, const struct search_point *point, struct settings *settings) {
    exit_status status = STATUS_DONE;
    for (size_t i = 0; i < space->count && status == STATUS_DONE; i++)
        status = set_option(space->dimension[i].row, point->text[i], settings);
    return status;
}

char *search_point_text(const search_space *space, const struct search_point *point) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return NULL;
    for (size_t i = 0; i < space->count; i++)
        fprintf(stream, "%s%s %s", i ? ", " : "", search_space_option(space, i), point->text[i]);
    bool whole = !ferror(stream);
    if (fclose(stream) == 0 && whole) return text;
    free(text);
    return NULL;
}
