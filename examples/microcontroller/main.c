/* SPDX-License-Identifier: MIT */
/*
 * A network in a program without soma, as on a microcontroller: the file xor.c is all that it needs.
 *
 *     soma train --data xor.csv --test-data xor.csv --net "dense 8 tanh; dense 2 softmax" --batch 4 --validation 0 \
 *          --epochs 500 --lr 0.05 --save xor.safetensors
 *     soma convert xor.safetensors xor.c
 *     cc -std=c99 -O2 -I. main.c -lm
 *
 * Ends with 0 if the network knows which two numbers are equal.
 */
#include "xor.c"

#include <stdio.h>
#include <string.h>

int main(void) {
    int wrong = 0;
    for (int i = 0; i < 4; i++) {
        const float input[XOR_INPUT_COUNT] = {(float)(i / 2), (float)(i % 2)};
        float output[XOR_OUTPUT_COUNT];
        xor_predict(input, output);
        const char *answer = xor_class_names[output[1] > output[0]];
        printf("%d and %d are %s\n", i / 2, i % 2, answer);
        wrong += strcmp(answer, i / 2 == i % 2 ? "equal" : "different") != 0;
    }
    return wrong != 0;
}
