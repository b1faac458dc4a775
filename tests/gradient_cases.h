/* SPDX-License-Identifier: MIT */
/* The networks whose gradients are checked: every op, layer and loss. */
#ifndef TESTS_GRADIENT_CASES_H
#define TESTS_GRADIENT_CASES_H

#include <soma/soma.h>

typedef struct gradient_case {
    const char *name;
    soma_tensor *(*build)(soma_network *network, int variant);
    int variants;
    soma_compile_options options;
    bool classes;  /* targets are class numbers */
    bool weighted; /* sample weights */
} gradient_case;

extern const gradient_case gradient_cases[];
extern const size_t gradient_case_count;

#endif
