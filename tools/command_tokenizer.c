/* SPDX-License-Identifier: MIT */
/* soma tokenizer: a vocabulary of pieces of words, learnt of a text. */
#include "options.h"
#include "output_file.h"
#include "report.h"
#include <soma/tokenizer.h>

exit_status command_tokenizer(const struct settings *settings) {
    const soma_tokenizer_options options = {.vocabulary = settings->vocabulary};
    soma_tokenizer *tokenizer = NULL;
    if (!settings->data || !settings->save)
        return fail(STATUS_USAGE, "--%s is missing: soma tokenizer --data book.txt --save tokenizer.json",
                    settings->data ? "save" : "data");
    exit_status status = output_file_try("save", settings->save);
    if (status != STATUS_DONE) return status;
    const double began = clock_since_start();
    soma_status cause = soma_tokenizer_train(settings->data, &options, &tokenizer);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    const double seconds = clock_since_start() - began;
    const size_t size = soma_tokenizer_size(tokenizer);
    cause = soma_tokenizer_save(tokenizer, settings->save);
    soma_tokenizer_destroy(tokenizer);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    if (size < settings->vocabulary)
        say("%s has no more pairs that stand there twice: %zu tokens of %llu\n", settings->data, size,
            (unsigned long long)settings->vocabulary);
    say("%s: %zu tokens, in %.1f s\n", settings->save, size, seconds);
    if (settings->json) {
        report *object = report_create();
        report_text(object, "tokenizer", settings->save);
        report_count(object, "tokens", size);
        report_number(object, "seconds", seconds);
        report_print(object);
    }
    return STATUS_DONE;
}
