/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes what models keep of their data: the first byte says how many values the network takes, the rest is the text.
 * What is accepted must be written again as it was understood, and tables are read by it or refused.
 */
#include "fuzz.h"
#include "io/csv/csv.h"
#include "io/preprocessing/data.h"
#include "nn/network.h"

#include <string.h>

static soma_network *make_network(size_t inputs) {
    soma_network *network;
    REQUIRE(soma_network_create(&network) == SOMA_OK);
    REQUIRE(soma_input(network, "x", 1, &inputs) != NULL);
    return network;
}

static void read_tables(const soma_network *network) {
    static const char *const tables[] = {"a,b,g,t,y\n1,u,p,2024-02-29,x\n2,v,q,2024-03-01,z\n,,p,,x\n",
                                         "y,t,b,a\n0,1,true,2\n1,2,no,3\n0,?,yes,-\n", "1,2,3\n4,5,6\n7,8,9\n"};
    for (size_t i = 0; i < SOMA_COUNT_OF(tables); i++)
        for (int skip = 0; skip < 2; skip++) {
            const soma_csv_options options = {.network = network, .skip_label = (uint64_t)skip};
            soma_dataset *dataset;
            size_t known;
            soma_status status = soma_csv_parse("table.csv", tables[i], strlen(tables[i]), &options, &dataset);
            if (status == SOMA_OK && soma_network_count_known_groups(network, dataset, &known) != SOMA_OK)
                REQUIRE(known == 0);
            require_sound(status, dataset);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *given, *text, *text_again;
    if (size == 0) return 0;
    soma_network *network = make_network(1 + data[0] % 16), *again = make_network(1 + data[0] % 16);
    given = malloc(size);
    REQUIRE(given != NULL);
    memcpy(given, data + 1, size - 1);
    given[size - 1] = 0;
    soma_status status = soma_data_of_text(given, network);
    REQUIRE(status == SOMA_OK || (status == SOMA_INVALID_FILE && soma_last_error()[0] != 0));
    if (status == SOMA_OK) {
        REQUIRE(soma_data_to_text(network, &text) == SOMA_OK);
        REQUIRE(soma_data_of_text(text, again) == SOMA_OK);
        REQUIRE(soma_data_to_text(again, &text_again) == SOMA_OK);
        REQUIRE(!text == !text_again && (!text || strcmp(text, text_again) == 0));
        soma_free(text);
        soma_free(text_again);
        read_tables(network);
    }
    free(given);
    soma_network_destroy(network);
    soma_network_destroy(again);
    return 0;
}
