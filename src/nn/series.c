/* SPDX-License-Identifier: MIT */
/* What a network keeps of the series that it has learnt. */
#include "nn/network.h"

bool soma_network_get_series(const soma_network *network, soma_series_info *info) {
    if (!network || !network->series.window) return false;
    const soma_series *series = &network->series;
    if (info)
        *info = (soma_series_info){.window = series->window,
                                   .horizon = series->horizon,
                                   .targets = series->targets,
                                   .season = series->season,
                                   .trained = series->train_rows,
                                   .validated = series->validation_rows};
    return true;
}

const char *soma_network_series_target(const soma_network *network, size_t index) {
    if (!network || index >= network->series.targets) return NULL;
    const size_t column = soma_columns_of_input(&network->columns, network->series.target[index]);
    return column < network->columns.count ? network->columns.column[column].name : "";
}
