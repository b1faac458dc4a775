/* SPDX-License-Identifier: MIT */
/* Arrays that go into an ONNX model and come out of it as its file declares them, under the names that it gives them.
 */
#ifndef SOMA_TOOLS_RAW_ARRAYS_H
#define SOMA_TOOLS_RAW_ARRAYS_H

#include "options.h"

/*
 * With --raw, of an ONNX model: where --data has an array for each input, under its name in an .npz, or the one of an
 * .npy with the type of the only input, the model is run on them, and --output, an .npz or .npy, has its outputs.
 * *done: so it was, or failed; else the data are samples as for any network.
 */
exit_status raw_arrays_predict(const struct settings *settings, soma_network *network, soma_device *device, bool *done);

/*
 * Before the network is opened: *done: the model is none, since shapes depend on numbers or are open, and was run on
 * the arrays all the same, or that failed. Else *network is what has been loaded, or NULL. Close *device also after
 * failure.
 */
exit_status raw_arrays_without_network(const struct settings *settings, soma_network **network, soma_device **device,
                                       bool *done);

#endif
