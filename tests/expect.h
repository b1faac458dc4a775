/* SPDX-License-Identifier: MIT */
/* Assertions on statuses and error details, for tests with Check. */
#ifndef SOMA_TESTS_EXPECT_H
#define SOMA_TESTS_EXPECT_H

#include <check.h>
#include <soma/soma.h>
#include <stdint.h>
#include <string.h>

/* What is expected where addresses have 64 bits, and where they have 32. */
#if SIZE_MAX > UINT32_MAX
#define BY_WIDTH(of_64, of_32) of_64
#else
#define BY_WIDTH(of_64, of_32) of_32
#endif

static inline void expect_ok_at(soma_status status, const char *call, int line) {
    if (status != SOMA_OK) ck_abort_msg("line %d: %s: %s: %s", line, call, soma_status_name(status), soma_last_error());
}
#define expect_ok(call) expect_ok_at((call), #call, __LINE__)

/* The status is `expected`, and the detail holds every one of the words (NULL ends them). */
static inline void expect_error_words(soma_status status, soma_status expected, const char *const *words,
                                      const char *what) {
    if (status != expected)
        ck_abort_msg("%s: got %s, expected %s; detail: %s", what, soma_status_name(status), soma_status_name(expected),
                     status == SOMA_OK ? "" : soma_last_error());
    for (; *words; words++)
        if (!strstr(soma_last_error(), *words))
            ck_abort_msg("%s: the detail does not say \"%s\": %s", what, *words, soma_last_error());
}
#define expect_error(call, expected, ...)                                                                              \
    expect_error_words((call), (expected), (const char *const[]){__VA_ARGS__, NULL}, #call)

#endif
