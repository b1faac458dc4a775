/* SPDX-License-Identifier: MIT */
/* Prints the names of the values that people choose from, for documented_names_test.py: enumeration, name, other names.
 */
#include <soma/soma.h>
#include <stdio.h>

int main(void) {
    static const struct {
        soma_names which;
        const char *title;
    } tables[] = {{SOMA_NAMES_LOSS, "loss"},
                  {SOMA_NAMES_METRIC, "metric"},
                  {SOMA_NAMES_OPTIMIZER, "optimizer"},
                  {SOMA_NAMES_SCHEDULE, "schedule"},
                  {SOMA_NAMES_INITIALIZER, "initializer"}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (int value = 0; soma_name(tables[i].which, value); value++)
            printf("%s\t%s\t%s\n", tables[i].title, soma_name(tables[i].which, value),
                   soma_name_words(tables[i].which, value));
    return 0;
}
