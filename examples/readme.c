/* SPDX-License-Identifier: MIT */
/* The program that README.md shows, word for word; a test compares the two. */
#include <soma/soma.h>
#include <stdio.h>

int main(void) {
    soma_device *device = NULL;
    soma_network *network = NULL;
    soma_dataset *train = NULL, *test = NULL;
    soma_metrics result;
    if (soma_device_open("auto", NULL, &device) || soma_dataset_digits(&train, &test) ||
        soma_network_create(&network) ||
        !soma_layers(soma_input(network, NULL, 2, (size_t[]){8, 8}), "flatten; dense 128 relu; dense 10 softmax") ||
        soma_compile(network, device, &(soma_compile_options){.optimizer.kind = SOMA_ADAM}) ||
        soma_fit(network, train, &(soma_fit_options){.epochs = 30}, NULL) || soma_evaluate(network, test, 0, &result))
        fprintf(stderr, "%s\n", soma_last_error());
    else
        printf("test accuracy %.4f on %s\n", result.metric[0], soma_device_selector(device));
    soma_network_destroy(network);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
    soma_device_close(device);
}
