/* SPDX-License-Identifier: MIT */
/* How the data were divided that a network was trained on. */
#include "base/utf8.h"
#include "nn/network.h"

#include <string.h>

void soma_network_clear_division(soma_network *network) {
    soma_free(network->division_column);
    network->division_column = NULL;
    network->division = (soma_division){.samples = 0};
}

static soma_status check_samples(const char *what, uint64_t samples, uint64_t fingerprint) {
    if (samples != 0 && samples <= INT32_MAX && fingerprint != 0 && fingerprint <= INT64_MAX) return SOMA_OK;
    return soma_error(
        SOMA_INVALID_ARGUMENT,
        "%s of %llu samples with the fingerprint %llu; it is of 1 to %d samples, with the fingerprint that "
        "soma_dataset_fingerprint() gives",
        what, (unsigned long long)samples, (unsigned long long)fingerprint, INT32_MAX);
}

static soma_status check(const soma_division *division) {
    size_t bad;
    if ((int)division->by < SOMA_BY_ROWS || (int)division->by > SOMA_BY_TIME)
        return soma_error(SOMA_INVALID_ARGUMENT, "%d is no way to divide a data set; accepted: by rows, groups, time",
                          (int)division->by);
    if (!(division->test >= 0 && division->test < 1) || !(division->validation >= 0 && division->validation < 1))
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "a division with %g of the samples to test on and %g for validation; fractions are at least 0 "
            "and below 1",
            division->test, division->validation);
    SOMA_TRY(check_samples("a division", division->samples, division->fingerprint));
    if (division->validation_samples || division->validation_fingerprint)
        SOMA_TRY(
            check_samples("a file for validation", division->validation_samples, division->validation_fingerprint));
    if (division->test_samples || division->test_fingerprint)
        SOMA_TRY(check_samples("a file to test on", division->test_samples, division->test_fingerprint));
    if (division->rows_fingerprint)
        SOMA_TRY(check_samples("a division in any order", division->samples, division->rows_fingerprint));
    if (division->column && !soma_utf8_check(division->column, strlen(division->column), &bad))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "the name of the column by which the data were divided is not UTF-8 from byte %zu on", bad);
    return SOMA_OK;
}

soma_status soma_network_set_division(soma_network *network, const soma_division *division) {
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_set_division: the network is NULL");
    if (!division) {
        soma_network_clear_division(network);
        soma_known_keys_clear(&network->known_groups);
        soma_known_keys_clear(&network->known_samples);
        return SOMA_OK;
    }
    SOMA_TRY(check(division));
    char *column = division->column ? soma_strdup(division->column) : NULL;
    if (division->column && !column) return soma_out_of_memory(strlen(division->column) + 1, "a column's name");
    const soma_division fresh = *division;
    soma_network_clear_division(network);
    network->division = fresh;
    network->division.column = network->division_column = column;
    return SOMA_OK;
}

bool soma_network_get_division(const soma_network *network, soma_division *division) {
    if (!network || !network->division.samples) return false;
    if (division) *division = network->division;
    return true;
}
