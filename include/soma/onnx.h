/* SPDX-License-Identifier: MIT */
/*
 * soma/onnx.h - ONNX models whose results have shapes that depend on numbers, as those of detectors do: how many boxes
 * are left is known when the model has run. A network (soma_load_onnx()) knows all its shapes beforehand; here the part
 * of the model that does is such a network, on a device, and what comes behind runs on the host.
 *
 *   soma_onnx_session_create("detector.onnx", NULL, device, &session);
 *   soma_array images = {pixels, SOMA_F32, 4, {1, 3, 320, 320}}, boxes;
 *   soma_onnx_session_run(session, &images, &boxes);              boxes.shape[0]: how many there are
 *
 * Shapes that the file leaves open are those of the arrays of each run, too. And words go in, and labels that are words
 * come out, as arrays of SOMA_STRING, of which an element is a `const char *`: docs/onnx.md has what models may do with
 * them.
 */
#ifndef SOMA_ONNX_H
#define SOMA_ONNX_H

#include <soma/soma.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct soma_onnx_session soma_onnx_session;

/*
 * Opens a model. A network is made for the shapes of the inputs when they first come, here already where the file fixes
 * them; the last four of these are kept, each with weights of its own. What is behind NonMaxSuppression, NonZero,
 * Compress and Unique, behind indices, sizes and numbers of TopK that are computed of inputs, and behind an If or a
 * Loop whose condition or number of turns is, is computed on the host, by the ops that docs/onnx.md lists for it. Of
 * another op a network of this node alone is made when the model runs, on the device; up to two are kept of each.
 * SOMA_UNSUPPORTED names what neither has, here or when the model runs.
 *
 * options: as for soma_load_onnx(), NULL for the defaults; borrowed until the session is destroyed, and the device,
 * too. memory_limit bounds what is computed on the host in a run, also. Destroy the session with
 * soma_onnx_session_destroy(). Errors otherwise as soma_load_onnx() and soma_compile() have them.
 */
SOMA_API soma_status soma_onnx_session_create(const char *path, const soma_onnx_options *options, soma_device *device,
                                              soma_onnx_session **session);
/* NULL is accepted. */
SOMA_API void soma_onnx_session_destroy(soma_onnx_session *session);

/* How many inputs there are. */
SOMA_API size_t soma_onnx_session_input_count(const soma_onnx_session *session);
/* How many outputs. */
SOMA_API size_t soma_onnx_session_output_count(const soma_onnx_session *session);
/* Of an input, into *info, what the file says: a dimension of 0 is open, batch_axis is SOMA_NO_AXIS. The name belongs
 * to the session. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_onnx_session_input_info(const soma_onnx_session *session, size_t index,
                                                  soma_value_info *info);
/* Of an output, likewise; of one without a shape in the file rank is 0. */
SOMA_API soma_status soma_onnx_session_output_info(const soma_onnx_session *session, size_t index,
                                                   soma_value_info *info);

/*
 * Runs the model: inputs[soma_onnx_session_input_count()] of the types that the file declares and of shapes that it has
 * room for, with one element at least each; outputs[soma_onnx_session_output_count()] are set to what comes out, which
 * belongs to the session and is there until its next run or end. An output may have no elements: a dimension of 0. A
 * session is for one thread at a time. Words are the caller's, read until this returns, and those that come out belong
 * to the session as the outputs do; a word that the model does not name is encoded as one that equals none of its own.
 * Nothing is computed twice where the shapes are those of one of the last runs.
 *
 * SOMA_INVALID_ARGUMENT names the input whose array has another type or shape, or a word that is NULL or no UTF-8;
 * SOMA_INVALID_FILE and SOMA_UNSUPPORTED the node that fails. Whole numbers are refused where they are too large: in
 * the network as soma_session_run_arrays() has it, on the host, where they are computed with or come out, from 2^53 on
 * either way.
 */
SOMA_API soma_status soma_onnx_session_run(soma_onnx_session *session, const soma_array *inputs, soma_array *outputs);

/* Gets a text that a model holds beside its graph (metadata_props), as names of classes or what it was trained on. Both
 * belong to the model, and may hold any bytes but 0. */
typedef void soma_onnx_text_visitor(void *context, const char *key, const char *value);

/* Calls `text` for each of a model's, in the file's order, whether soma can run the model or not; what it is given is
 * gone afterwards. SOMA_INVALID_ARGUMENT: there is no path or function; else as soma_list_onnx(). */
SOMA_API soma_status soma_onnx_list_texts(const char *path, soma_onnx_text_visitor *text, void *context);
/* The same of a session's model: what is given is there until the session is destroyed. */
SOMA_API soma_status soma_onnx_session_list_texts(const soma_onnx_session *session, soma_onnx_text_visitor *text,
                                                  void *context);

#ifdef __cplusplus
}
#endif

#endif
