/* SPDX-License-Identifier: MIT */
/* Reads a tokenizer.json and a text, and prints the numbers of its tokens in a line; then what they are as text. */
#include <soma/tokenizer.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    if (text && fread(text, 1, *length, file) != *length) *length = 0;
    fclose(file);
    return text;
}

static soma_status print(const soma_tokenizer *tokenizer, const char *text, size_t length) {
    int32_t *numbers;
    size_t count;
    soma_status status = soma_tokenizer_encode(tokenizer, text, length, &numbers, &count);
    for (size_t i = 0; status == SOMA_OK && i < count; i++) printf("%d ", numbers[i]);
    if (status == SOMA_OK) putchar('\n');
    for (size_t i = 0; status == SOMA_OK && i < count; i++) {
        char piece[SOMA_TOKEN_BYTES];
        size_t size;
        status = soma_tokenizer_decode(tokenizer, (size_t)numbers[i], i == 0, piece, &size);
        if (status == SOMA_OK) fwrite(piece, 1, size, stdout);
    }
    soma_free(numbers);
    return status;
}

int main(int count, char **arguments) {
    soma_tokenizer *tokenizer = NULL;
    size_t length = 0;
    if (count != 3) return 2;
    char *text = read_file(arguments[2], &length);
    soma_status status = text ? soma_tokenizer_load(arguments[1], &tokenizer) : SOMA_IO;
    if (status == SOMA_OK) status = print(tokenizer, text, length);
    if (status != SOMA_OK) fprintf(stderr, "%s\n", soma_last_error());
    soma_tokenizer_destroy(tokenizer);
    free(text);
    return status != SOMA_OK;
}
