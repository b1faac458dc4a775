/* SPDX-License-Identifier: MIT */
/* A device inside the test program: plain host memory and the float64 reference, float64 tensors too. */
#ifndef TESTS_HOST_DEVICE_H
#define TESTS_HOST_DEVICE_H

#include "device/device.h"

/* Sets up *device; there is nothing to close. */
void host_device_open(soma_device *device);

#endif
