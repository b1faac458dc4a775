/* SPDX-License-Identifier: MIT */
/* Choices of kernels as text, and where the text is kept. */
#ifndef SOMA_DEVICE_OPENCL_CHOICES_H
#define SOMA_DEVICE_OPENCL_CHOICES_H

#include "device/opencl/driver/opencl.h"

/* A file of more bytes is none of ours. */
#define SOMA_CL_CHOICES_LIMIT 65536

/* The lines that say whose choices these are: device, platform, driver, version of soma. Free head->data. */
soma_status soma_cl_choices_head(const soma_cl_device *device, soma_text *head);

/* All of the file. Free text->data. */
soma_status soma_cl_choices_write(const soma_cl_device *device, const soma_cl_tuning *tuning, soma_text *text);

/*
 * The way back. SOMA_INVALID_FILE, with the line and what is wrong with it: anything that soma_cl_choices_write() would
 * not have written for this device. Whether the kernels can serve is another question.
 */
soma_status soma_cl_choices_read(const soma_cl_device *device, const char *text, size_t size, soma_cl_tuning *tuning);

/* "NN", "NT", "TN", "TT". */
const char *soma_cl_transposition_name(bool transpose_a, bool transpose_b);

#endif
