/* SPDX-License-Identifier: MIT */
/* Small ONNX models with an open batch, run on a device, saved as models of soma's own, and run again: values by hand,
 * each the very one. */
#ifndef SOMA_TESTS_ONNX_CASES_H
#define SOMA_TESTS_ONNX_CASES_H

#include "onnx_model.h"

enum { MOST_VALUES = 32 };

typedef struct onnx_case {
    const char *name;
    void (*body)(void); /* writes what makes y of x */
    size_t rank;
    int64_t shape[4]; /* of x */
    size_t samples, count;
    float x[MOST_VALUES], y[MOST_VALUES]; /* y: count numbers */
} onnx_case;

/* The main() of such a test, of models of this opset, whose argument is the device: 77 where there is none. */
int onnx_run_cases(int argc, char **argv, const char *suite, int64_t opset, const onnx_case *cases, size_t count);

#endif
