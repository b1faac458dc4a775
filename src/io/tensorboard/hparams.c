/* SPDX-License-Identifier: MIT */
/*
 * What the page HPARAMS of TensorBoard compares runs by. Each message is kept in the description of a value that is
 * not there. Schema: tensorboard, plugins/hparams/plugin_data.proto and api.proto, google/protobuf/struct.proto.
 */
#include "io/tensorboard/events.h"

enum { PLUGIN_CONTENT = 2, CONTENT_EXPERIMENT = 2, CONTENT_START = 3, CONTENT_END = 4 }; /* of version 0 */
enum { START_HPARAM = 1, START_TIME = 5, END_STATUS = 1, END_TIME = 2, SUCCEEDED = 1, FAILED = 2 };
enum { EXPERIMENT_TIME = 3, EXPERIMENT_HPARAM = 4, EXPERIMENT_METRIC = 5 };
enum { HPARAM_NAME = 1, HPARAM_TYPE = 4, HPARAM_VALUES = 5, HPARAM_INTERVAL = 6, TYPE_TEXT = 1, TYPE_NUMBER = 3 };
enum { INTERVAL_LEAST = 1, INTERVAL_MOST = 2, METRIC_NAME = 1, NAME_TAG = 2 };
enum { LIST_VALUE = 1, ANY_NUMBER = 2, ANY_TEXT = 3 };

/* What is open while a message is filled. */
typedef struct open_content {
    soma_event_value value;
    size_t metadata, plugin, content, message;
} open_content;

static open_content open_message(soma_protobuf *event, double time, const char *tag, unsigned field) {
    open_content open;
    open.value = soma_event_open_value(event, time, 0, tag);
    open.metadata = soma_protobuf_open(event, SOMA_EVENT_VALUE_METADATA);
    open.plugin = soma_protobuf_open(event, SOMA_EVENT_METADATA_PLUGIN);
    soma_protobuf_put_text(event, SOMA_EVENT_PLUGIN_NAME, "hparams");
    open.content = soma_protobuf_open(event, PLUGIN_CONTENT);
    open.message = soma_protobuf_open(event, field);
    return open;
}

static void close_message(soma_protobuf *event, open_content open) {
    soma_protobuf_close(event, open.message);
    soma_protobuf_close(event, open.content);
    soma_protobuf_close(event, open.plugin);
    soma_protobuf_close(event, open.metadata);
    soma_event_close_value(event, open.value);
}

/* A number or a text, as a message that says itself which. */
static void put_any(soma_protobuf *event, unsigned field, const soma_hparam *param) {
    size_t any = soma_protobuf_open(event, field);
    if (param->text)
        soma_protobuf_put_text(event, ANY_TEXT, param->text);
    else
        soma_protobuf_put_double(event, ANY_NUMBER, param->number);
    soma_protobuf_close(event, any);
}

void soma_event_put_hparams(soma_protobuf *event, double time, const soma_hparam *params, size_t count) {
    open_content open = open_message(event, time, "_hparams_/session_start_info", CONTENT_START);
    for (size_t i = 0; i < count; i++) {
        size_t entry = soma_protobuf_open(event, START_HPARAM);
        soma_protobuf_put_text(event, SOMA_EVENT_ENTRY_KEY, params[i].name);
        put_any(event, SOMA_EVENT_ENTRY_VALUE, &params[i]);
        soma_protobuf_close(event, entry);
    }
    soma_protobuf_put_double(event, START_TIME, time);
    close_message(event, open);
}

void soma_event_put_hparams_end(soma_protobuf *event, double time, bool succeeded) {
    open_content open = open_message(event, time, "_hparams_/session_end_info", CONTENT_END);
    soma_protobuf_put_integer(event, END_STATUS, succeeded ? SUCCEEDED : FAILED);
    soma_protobuf_put_double(event, END_TIME, time);
    close_message(event, open);
}

static void put_domain(soma_protobuf *event, const soma_hparam_domain *param) {
    size_t info = soma_protobuf_open(event, EXPERIMENT_HPARAM);
    soma_protobuf_put_text(event, HPARAM_NAME, param->name);
    bool texts = false;
    for (size_t i = 0; i < param->count; i++) texts |= param->values[i].text != NULL;
    soma_protobuf_put_integer(event, HPARAM_TYPE, texts ? TYPE_TEXT : TYPE_NUMBER);
    size_t domain = soma_protobuf_open(event, param->count ? HPARAM_VALUES : HPARAM_INTERVAL);
    for (size_t i = 0; i < param->count; i++) put_any(event, LIST_VALUE, &param->values[i]);
    if (param->count == 0) {
        soma_protobuf_put_double(event, INTERVAL_LEAST, param->least);
        soma_protobuf_put_double(event, INTERVAL_MOST, param->most);
    }
    soma_protobuf_close(event, domain);
    soma_protobuf_close(event, info);
}

void soma_event_put_experiment(soma_protobuf *event, double time, const soma_hparam_domain *params, size_t count,
                               const char *const *metrics, size_t metric_count) {
    open_content open = open_message(event, time, "_hparams_/experiment", CONTENT_EXPERIMENT);
    soma_protobuf_put_double(event, EXPERIMENT_TIME, time);
    for (size_t i = 0; i < count; i++) put_domain(event, &params[i]);
    for (size_t i = 0; i < metric_count; i++) {
        size_t metric = soma_protobuf_open(event, EXPERIMENT_METRIC), name = soma_protobuf_open(event, METRIC_NAME);
        soma_protobuf_put_text(event, NAME_TAG, metrics[i]);
        soma_protobuf_close(event, name);
        soma_protobuf_close(event, metric);
    }
    close_message(event, open);
}
