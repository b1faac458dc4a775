/* SPDX-License-Identifier: MIT */
/* How the program tells which kernels multiply matrices on a device. */
#include "tuning.h"
#include "program.h"
#include <math.h>
#include <string.h>

static const char *transposition(const soma_gemm_choice *choice) {
    static const char *const names[] = {"NN", "NT", "TN", "TT"};
    return names[2 * choice->transpose_a + choice->transpose_b];
}

/* How many times as quick as the default; NaN where that was not measured. */
static double gain(const soma_gemm_choice *choice) {
    return choice->default_gflops > 0 ? choice->gflops / choice->default_gflops : NAN;
}

/* ------------------------------------------------------------------------------------------------------- a table */

static void say_summary(const soma_tuning *tuning) {
    size_t others = 0, measured = 0;
    double logarithms = 0, most = 1;
    for (size_t i = 0; i < tuning->count; i++) {
        const soma_gemm_choice *choice = &tuning->choices[i];
        if (strcmp(choice->kernel, tuning->default_kernel) == 0) continue;
        others++;
        if (isnan(gain(choice))) continue;
        measured++;
        logarithms += log(gain(choice));
        if (gain(choice) > most) most = gain(choice);
    }
    say_result("%zu shapes; another kernel than %s for %zu of them", tuning->count, tuning->default_kernel, others);
    if (measured)
        say_result(": %.2f times as quick there (geometric mean), %.2f at most", exp(logarithms / (double)measured),
                   most);
    say_result("\n");
}

void tuning_say_table(const soma_tuning *tuning) {
    say_result("        m      n      k  %-16s   GFLOP/s   default   ratio\n", "kernel");
    for (size_t i = 0; i < tuning->count; i++) {
        const soma_gemm_choice *choice = &tuning->choices[i];
        say_result("%s %6zu %6zu %6zu  %-16s %9.1f ", transposition(choice), choice->m, choice->n, choice->k,
                   choice->kernel, choice->gflops);
        if (choice->default_gflops > 0)
            say_result("%9.1f  %6.2f\n", choice->default_gflops, gain(choice));
        else
            say_result("%9s  %6s\n", "-", "-");
    }
    say_summary(tuning);
}

/* --------------------------------------------------------------------------------------------------- in few lines */

static bool is_alike(const soma_gemm_choice *choice, const soma_gemm_choice *other) {
    return choice->transpose_a == other->transpose_a && choice->transpose_b == other->transpose_b;
}

/* How many shapes of the same transposition have the same kernel. */
static size_t count_same(const soma_tuning *tuning, const soma_gemm_choice *choice) {
    size_t count = 0;
    for (size_t i = 0; i < tuning->count; i++)
        count += is_alike(choice, &tuning->choices[i]) && strcmp(choice->kernel, tuning->choices[i].kernel) == 0;
    return count;
}

/* The shapes of this transposition that have this kernel, where no earlier one has. */
static void say_exceptions(const soma_tuning *tuning, size_t first, const char *usual) {
    const soma_gemm_choice *choice = &tuning->choices[first];
    if (strcmp(choice->kernel, usual) == 0) return;
    for (size_t i = 0; i < first; i++)
        if (is_alike(choice, &tuning->choices[i]) && strcmp(choice->kernel, tuning->choices[i].kernel) == 0) return;
    say_result("      %s for", choice->kernel);
    for (size_t i = first; i < tuning->count; i++) {
        const soma_gemm_choice *each = &tuning->choices[i];
        if (is_alike(choice, each) && strcmp(choice->kernel, each->kernel) == 0)
            say_result(" %zux%zux%zu", each->m, each->n, each->k);
    }
    say_result("\n");
}

/* The transposition of choice number `first`, if that is its first. */
static void say_transposition(const soma_tuning *tuning, size_t first) {
    const soma_gemm_choice *usual = &tuning->choices[first];
    for (size_t i = 0; i < first; i++)
        if (is_alike(usual, &tuning->choices[i])) return;
    for (size_t i = first; i < tuning->count; i++)
        if (is_alike(usual, &tuning->choices[i]) && count_same(tuning, &tuning->choices[i]) > count_same(tuning, usual))
            usual = &tuning->choices[i];
    say_result("  %s  %s, for %zu shapes\n", transposition(usual), usual->kernel, count_same(tuning, usual));
    for (size_t i = first; i < tuning->count; i++)
        if (is_alike(usual, &tuning->choices[i])) say_exceptions(tuning, i, usual->kernel);
}

void tuning_say_compact(const soma_tuning *tuning) {
    if (!tuning->date) {
        say_result("  %s, the default; soma tune can measure what is best\n", tuning->default_kernel);
        return;
    }
    say_result("  as measured on %s, in %s; the default is %s\n", tuning->date, tuning->file, tuning->default_kernel);
    for (size_t i = 0; i < tuning->count; i++) say_transposition(tuning, i);
}

/* ---------------------------------------------------------------------------------------------------------- JSON */

void tuning_report(report *object, const soma_tuning *tuning) {
    report_text(object, "default_kernel", tuning->default_kernel);
    report_text(object, "file", tuning->file);
    report_text(object, "date", tuning->date);
    report *choices = report_array(object, "choices");
    for (size_t i = 0; i < tuning->count; i++) {
        const soma_gemm_choice *choice = &tuning->choices[i];
        report *item = report_append_object(choices);
        report_text(item, "transposition", transposition(choice));
        report_count(item, "m", choice->m);
        report_count(item, "n", choice->n);
        report_count(item, "k", choice->k);
        report_text(item, "kernel", choice->kernel);
        report_number(item, "gflops", choice->gflops);
        report_number(item, "default_gflops", choice->default_gflops);
        report_number(item, "ratio", gain(choice));
    }
}
