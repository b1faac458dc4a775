/* SPDX-License-Identifier: MIT */
/* One test of the ONNX backend's suite: a model, inputs, and the outputs that are expected. */
#ifndef SOMA_TESTS_ONNX_VECTOR_H
#define SOMA_TESTS_ONNX_VECTOR_H

#include <soma/soma.h>

/*
 * Runs all data sets of the directory on a device. `fixed`: names of inputs, separated by commas, that become
 * constants of the network; may be empty. `first`: of several outputs only the first is asked for. Says what went wrong
 * in text[size]; the status is that of the import.
 */
soma_status onnx_vector_run(const char *directory, const char *fixed, bool first, soma_device *device, char *text,
                            size_t size);
/* The same by soma_onnx_session_run(): types and shapes are those of the data. */
soma_status onnx_vector_run_session(const char *directory, soma_device *device, char *text, size_t size);

#endif
