/* SPDX-License-Identifier: MIT */
/* What the rows of soma/functions.h tell beside the formulas. */
#ifndef SOMA_DEVICE_FUNCTIONS_H
#define SOMA_DEVICE_FUNCTIONS_H

#include "base/base.h"

typedef struct soma_function_row {
    const char *name;
    const char *words; /* other names, separated by blanks */
    bool from_output;  /* the derivative is an expression in y, not in x */
    uint32_t parameters;
    float a, b;        /* the defaults of the parameters */
    const char *needs; /* a condition on a and b, for messages: "b < a" */
    struct {
        const char *op;    /* "": none by itself */
        int since;         /* the opset */
        const char *a, *b; /* the attributes; "": none */
    } onnx;
} soma_function_row;

/* NULL for a value that is no function of one number. */
const soma_function_row *soma_function_get(soma_function function);

/* Whether a and b are finite and fulfil what the row needs. */
bool soma_function_fits(soma_function function, float a, float b);

/* Where f has no derivative; how many, at most 2. */
uint32_t soma_function_kinks(soma_function function, double a, double b, double kink[2]);

#endif
