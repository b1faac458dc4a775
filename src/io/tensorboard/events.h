/* SPDX-License-Identifier: MIT */
/* TensorFlow's messages, of which event files are made: the fields of them that TensorBoard reads. Schema: tensorflow,
 * core/util/event.proto, core/framework/summary.proto, graph.proto, attr_value.proto, tensor.proto. */
#ifndef SOMA_IO_TENSORBOARD_EVENTS_H
#define SOMA_IO_TENSORBOARD_EVENTS_H

#include "io/protobuf.h"
#include "nn/network.h"

#include <soma/tensorboard.h>

/* Numbers of fields that several files know, by message. */
enum { SOMA_EVENT_STEP = 2, SOMA_EVENT_SUMMARY = 5, SOMA_EVENT_SUMMARY_VALUE = 1 };
enum { SOMA_EVENT_VALUE_TAG = 1, SOMA_EVENT_VALUE_NUMBER = 2, SOMA_EVENT_VALUE_TENSOR = 8, SOMA_EVENT_TENSOR_TYPE = 1 };
enum { SOMA_EVENT_VALUE_METADATA = 9, SOMA_EVENT_METADATA_PLUGIN = 1, SOMA_EVENT_PLUGIN_NAME = 1 };
enum { SOMA_EVENT_ENTRY_KEY = 1, SOMA_EVENT_ENTRY_VALUE = 2 }; /* of maps */

/* A value of a summary, open while it is filled. */
typedef struct soma_event_value {
    size_t summary, value;
} soma_event_value;
soma_event_value soma_event_open_value(soma_protobuf *event, double time, int64_t step, const char *tag);
void soma_event_close_value(soma_protobuf *event, soma_event_value open);

/* The first record of a file. */
void soma_event_put_version(soma_protobuf *event, double time);
void soma_event_put_scalar(soma_protobuf *event, double time, int64_t step, const char *tag, float value);
/* False where no value is finite: then nothing was written. */
bool soma_event_put_histogram(soma_protobuf *event, double time, int64_t step, const char *tag, const float *values,
                              size_t count);
void soma_event_put_text(soma_protobuf *event, double time, int64_t step, const char *tag, const char *text);
/* png: begins as such a file, with its header. */
void soma_event_put_png(soma_protobuf *event, double time, int64_t step, const char *tag, const uint8_t *png,
                        size_t size);
void soma_event_put_graph(soma_protobuf *event, double time, const soma_network *network);

/* hparams.c: what the page HPARAMS reads. */
void soma_event_put_hparams(soma_protobuf *event, double time, const soma_hparam *params, size_t count);
void soma_event_put_hparams_end(soma_protobuf *event, double time, bool succeeded);
void soma_event_put_experiment(soma_protobuf *event, double time, const soma_hparam_domain *params, size_t count,
                               const char *const *metrics, size_t metric_count);

/* Calls `read` for each number in the event; *status is what it returned, or that memory ended. False: event[size] is
 * no event. */
bool soma_event_read_scalars(const uint8_t *event, size_t size, const char *run, soma_tensorboard_reader *read,
                             void *context, soma_status *status);

#endif
