/* SPDX-License-Identifier: MIT */
/* Fuzzes tables: the first byte chooses the options, the rest is the text. */
#include "base/utf8.h"
#include "fuzz.h"
#include "io/csv/csv.h"
#include "io/csv/profile.h"

#include <string.h>

/* What can be read as data can be described, with as many rows. */
static void profile(const char *text, size_t size, const soma_csv_options *options, const soma_dataset *dataset) {
    soma_table_profile *made;
    soma_table_info table;
    soma_dataset_info info;
    soma_status status = soma_csv_profile("table.csv", text, size, options, &made);
    REQUIRE(status == SOMA_OK || !made);
    if (status != SOMA_OK || !dataset) {
        soma_table_profile_destroy(made);
        return;
    }
    soma_table_profile_get_info(made, &table);
    soma_dataset_get_info(dataset, &info);
    REQUIRE(table.rows == info.samples);
    soma_table_profile_destroy(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const labels[] = {NULL, "none", "1", "-1", "2", "a", "label", ""};
    static const char separators[] = {0, 0, ';', ' '};
    if (size == 0) return 0;
    const soma_csv_options options = {.header = data[0] % 3 - 1,
                                      .skip_label = data[0] % 8 == 7,
                                      .regression = data[0] & 4,
                                      .label = labels[data[0] >> 3 & 7],
                                      .separator = separators[data[0] >> 6]};
    soma_dataset *dataset;
    soma_status status = soma_csv_parse("table.csv", (const char *)data + 1, size - 1, &options, &dataset);
    profile((const char *)data + 1, size - 1, &options, dataset);
    for (size_t i = 0; status == SOMA_OK && soma_dataset_class_name(dataset, i); i++) {
        const char *name = soma_dataset_class_name(dataset, i);
        size_t offset;
        REQUIRE(soma_utf8_check(name, strlen(name), &offset));
    }
    require_sound(status, dataset);
    /* The same with all that columns may be. */
    const soma_csv_roles roles = {
        .missing = SOMA_MISSING_MEDIAN, .max_categories = 2, .buckets = 3, .dates = SOMA_DATES_CYCLE, .indicator = 1};
    soma_csv_options with_roles = options;
    with_roles.roles = &roles;
    status = soma_csv_parse("table.csv", (const char *)data + 1, size - 1, &with_roles, &dataset);
    require_sound(status, dataset);
    /* And with columns that are no features, several labels and gaps of its own. */
    const soma_csv_roles columns = {.group = data[0] & 1 ? "1" : NULL,
                                    .time = data[0] & 1 ? NULL : "1",
                                    .optional = data[0] & 2,
                                    .missing = SOMA_MISSING_DROP,
                                    .max_categories = 2,
                                    .dates = SOMA_DATES_NUMBER,
                                    .ignore = data[0] & 4 ? "2:3,x*" : NULL,
                                    .weight = data[0] & 8 ? "2" : NULL,
                                    .id = data[0] & 16 ? "3" : NULL,
                                    .gaps = "-,?"};
    soma_csv_options with_columns = options;
    with_columns.roles = &columns;
    if (data[0] & 32) with_columns.label = "a,4:5";
    status = soma_csv_parse("table.csv", (const char *)data + 1, size - 1, &with_columns, &dataset);
    require_sound(status, dataset);
    /* And with rows that are steps of sequences. */
    const soma_csv_sequences sequences = {
        .column = data[0] & 1 ? "1" : "a", .steps = data[0] & 2 ? 3 : 0, .label_per_step = data[0] & 4};
    const soma_csv_roles of_steps = {.time = data[0] & 8 ? "2" : NULL,
                                     .missing = data[0] & 16 ? SOMA_MISSING_LAST : SOMA_MISSING_DROP,
                                     .max_categories = 2,
                                     .sequences = &sequences};
    soma_csv_options with_sequences = options;
    with_sequences.roles = &of_steps;
    status = soma_csv_parse("table.csv", (const char *)data + 1, size - 1, &with_sequences, &dataset);
    require_sound(status, dataset);
    return 0;
}
