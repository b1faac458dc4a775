/* SPDX-License-Identifier: MIT */
/* What a program may ask of the columns that a network knows. */
#include "nn/network.h"

size_t soma_network_column_count(const soma_network *network) {
    return network ? network->columns.count : 0;
}

soma_status soma_network_column(const soma_network *network, size_t index, soma_column_info *info) {
    if (!network || !info || index >= network->columns.count)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_column: %s",
                          !network ? "the network is NULL"
                          : !info  ? "info is NULL"
                                   : "the network knows of fewer columns");
    const soma_table_column *column = &network->columns.column[index];
    *info = (soma_column_info){.name = *column->name ? column->name : NULL, .role = column->role};
    if (column->role != SOMA_COLUMN_FEATURE) return SOMA_OK;
    info->kind = soma_column_form_name(column->form);
    info->inputs = soma_table_column_width(column);
    info->indicator = column->indicator;
    return SOMA_OK;
}
