/* SPDX-License-Identifier: MIT */
/* TensorFlow's messages, of which event files are made: the fields of them that TensorBoard reads. Schema: tensorflow,
 * core/util/event.proto, core/framework/summary.proto, graph.proto, attr_value.proto, tensor.proto. */
#ifndef SOMA_IO_TENSORBOARD_EVENTS_H
#define SOMA_IO_TENSORBOARD_EVENTS_H

#include "io/protobuf.h"
#include "nn/network.h"

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

#endif
