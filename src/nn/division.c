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
    if (division->samples == 0 || division->samples > INT32_MAX || division->fingerprint == 0 ||
        division->fingerprint > INT64_MAX)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "a division of %llu samples with the fingerprint %llu; it is of 1 to %d samples, with the "
                          "fingerprint that soma_dataset_fingerprint() gives",
                          (unsigned long long)division->samples, (unsigned long long)division->fingerprint, INT32_MAX);
    if (division->column && !soma_utf8_check(division->column, strlen(division->column), &bad))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "the name of the column by which the data were divided is not UTF-8 from byte %zu on", bad);
    return SOMA_OK;
}

soma_status soma_network_set_division(soma_network *network, const soma_division *division) {
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_set_division: the network is NULL");
    if (!division) {
        soma_network_clear_division(network);
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
