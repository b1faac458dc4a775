/* SPDX-License-Identifier: MIT */
/* See json.h. */
#include "io/checkpoint/json.h"
#include "io/json/json.h"
#include "io/model/fields.h"
#include "io/model/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------ tables
 */

#define RUN(member, kind)                                                                                              \
    { #member, kind, 0, offsetof(soma_checkpoint_run, member) }
#define STATE(member, kind)                                                                                            \
    { #member, kind, 0, offsetof(soma_checkpoint_state, member) }
#define WATCH(member, kind)                                                                                            \
    { #member, kind, 0, offsetof(soma_watch, member) }

/* What is likeliest to have been mistaken comes first: the first difference is told. */
static const soma_field run_fields[] = {
    RUN(batch_size, SOMA_FIELD_SIZE), RUN(samples, SOMA_FIELD_SIZE),          RUN(validation_samples, SOMA_FIELD_SIZE),
    RUN(data, SOMA_FIELD_STEPS),      RUN(validation_data, SOMA_FIELD_STEPS), RUN(class_weights, SOMA_FIELD_STEPS),
    RUN(shuffle, SOMA_FIELD_BOOL),    RUN(restore_best, SOMA_FIELD_BOOL),     RUN(monitors_metric, SOMA_FIELD_BOOL),
    RUN(epochs, SOMA_FIELD_COUNT),    RUN(fusion, SOMA_FIELD_BOOL),
};

static const soma_field state_fields[] = {
    STATE(step, SOMA_FIELD_STEPS),           STATE(first_step, SOMA_FIELD_STEPS),
    STATE(batches, SOMA_FIELD_SIZE),         STATE(base_rate, SOMA_FIELD_NUMBER),
    STATE(learning_rate, SOMA_FIELD_NUMBER), STATE(plateau_factor, SOMA_FIELD_NUMBER),
    STATE(seconds, SOMA_FIELD_REAL),         STATE(epoch_seconds, SOMA_FIELD_REAL),
    STATE(best_epoch, SOMA_FIELD_COUNT),
};

static const soma_field watch_fields[] = {
    WATCH(started, SOMA_FIELD_BOOL),
    WATCH(best, SOMA_FIELD_REAL),
    WATCH(reference, SOMA_FIELD_REAL),
    WATCH(waited, SOMA_FIELD_COUNT),
};

/* ------------------------------------------------------------------------------------------------------------ encode
 */

#define WHAT "the JSON form of a checkpoint"

/* The loss and the metrics, one after the other. */
static void encode_metrics(soma_json_writer *writer, const char *key, const soma_metrics *metrics) {
    soma_json_open_array(writer, key);
    soma_json_write_double(writer, NULL, metrics->loss);
    for (uint32_t i = 0; i < metrics->metric_count; i++) soma_json_write_double(writer, NULL, metrics->metric[i]);
    soma_json_close_array(writer);
}

static void encode_epoch(soma_json_writer *writer, const soma_epoch *epoch) {
    soma_json_open_object(writer, NULL);
    encode_metrics(writer, "train", &epoch->train);
    if (epoch->has_validation) encode_metrics(writer, "validation", &epoch->validation);
    soma_json_write_double(writer, "learning_rate", epoch->learning_rate);
    soma_json_write_double(writer, "seconds", epoch->seconds);
    soma_json_close_object(writer);
}

static soma_status encode_struct(soma_json_writer *writer, const char *key, const soma_field *fields, size_t count,
                                 const void *source) {
    soma_json_open_object(writer, key);
    SOMA_TRY(soma_fields_encode(fields, count, source, writer));
    soma_json_close_object(writer);
    return SOMA_OK;
}

static soma_status encode_run(soma_json_writer *writer, const char *key, const soma_checkpoint_run *run) {
    return encode_struct(writer, key, run_fields, SOMA_COUNT_OF(run_fields), run);
}

static soma_status encode(soma_json_writer *writer, const soma_checkpoint *checkpoint) {
    const soma_checkpoint_state *state = &checkpoint->state;
    soma_json_open_object(writer, NULL);
    soma_json_write_integer(writer, "format", SOMA_CHECKPOINT_FORMAT);
    SOMA_TRY(encode_run(writer, "run", &checkpoint->run));
    SOMA_TRY(encode_struct(writer, "state", state_fields, SOMA_COUNT_OF(state_fields), state));
    SOMA_TRY(encode_struct(writer, "watch", watch_fields, SOMA_COUNT_OF(watch_fields), &state->watch));
    SOMA_TRY(encode_struct(writer, "plateau", watch_fields, SOMA_COUNT_OF(watch_fields), &state->plateau));
    soma_json_open_array(writer, "history");
    for (uint32_t i = 0; i < checkpoint->history.count; i++) encode_epoch(writer, &checkpoint->history.epochs[i]);
    soma_json_close_array(writer);
    soma_json_close_object(writer);
    return SOMA_OK;
}

static soma_status finish(soma_json_writer *writer, soma_status status, char **text) {
    *text = NULL;
    if (status == SOMA_OK) return soma_json_finish(writer, WHAT, text);
    soma_json_abandon(writer);
    return status;
}

soma_status soma_checkpoint_encode(const soma_checkpoint *checkpoint, char **text) {
    soma_json_writer writer = {.follows = false};
    return finish(&writer, encode(&writer, checkpoint), text);
}

/* ------------------------------------------------------------------------------------------------------------ decode
 */

static soma_status malformed(const char *what) {
    return soma_error(SOMA_INVALID_FILE, "the checkpoint: %s", what);
}

static soma_status parse(const char *what, const char *text, soma_json **root) {
    soma_json_fault fault = {0};
    soma_status status = soma_json_parse(what, text, strlen(text), &fault, root);
    if (status != SOMA_INVALID_FILE) return status;
    return soma_error(SOMA_INVALID_FILE, "%s is not valid JSON: %s at byte %zu", what, fault.what, fault.offset);
}

/* What is there now is compared in the form that it would have in a file. Takes over own_text. */
static soma_status compare_forms(const char *name, char *own_text, const soma_json *kept, const char *except) {
    soma_json *own = NULL;
    soma_status status = parse(name, own_text, &own);
    if (status == SOMA_OK) status = soma_json_compare(name, own, kept, except);
    soma_free(own);
    soma_free(own_text);
    return status;
}

static soma_status compare_networks(const char *text, const soma_network *network) {
    char *own_text = NULL;
    soma_json *kept = NULL;
    soma_status status = parse("the checkpoint's network", text, &kept);
    if (status == SOMA_OK) status = soma_model_encode(network, &own_text);
    if (status == SOMA_OK) status = compare_forms("network", own_text, kept, "version");
    soma_free(kept);
    return status;
}

static soma_status compare_runs(const soma_json *root, const soma_checkpoint_run *run) {
    const soma_json *kept = soma_json_get(root, "run");
    soma_json_writer writer = {.follows = false};
    char *own_text;
    if (!soma_json_is(kept, SOMA_JSON_OBJECT)) return malformed("\"run\" must be an object");
    SOMA_TRY(finish(&writer, encode_run(&writer, NULL, run), &own_text));
    return compare_forms("run", own_text, kept, NULL);
}

static soma_status decode_metrics(const soma_json *epoch, const char *key, uint32_t count, soma_metrics *metrics) {
    const soma_json *list = soma_json_get(epoch, key);
    bool good = soma_json_is(list, SOMA_JSON_ARRAY) && soma_json_count(list) == (size_t)count + 1;
    uint32_t i = 0;
    SOMA_JSON_EACH(value, good ? list : NULL) {
        good = good && soma_json_double(value, i == 0 ? &metrics->loss : &metrics->metric[i - 1]);
        i++;
    }
    if (good) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "the checkpoint: \"%s\" of an epoch of the history must be %u numbers", key,
                      count + 1);
}

static soma_status decode_epoch(const soma_json *object, const soma_checkpoint *checkpoint, soma_epoch *epoch) {
    SOMA_TRY(decode_metrics(object, "train", checkpoint->metric_count, &epoch->train));
    epoch->has_validation = checkpoint->run.validation_samples && soma_json_get(object, "validation");
    if (epoch->has_validation)
        SOMA_TRY(decode_metrics(object, "validation", checkpoint->metric_count, &epoch->validation));
    if (soma_json_double(soma_json_get(object, "learning_rate"), &epoch->learning_rate) &&
        soma_json_double(soma_json_get(object, "seconds"), &epoch->seconds))
        return SOMA_OK;
    return malformed("an epoch of the history must have \"learning_rate\" and \"seconds\"");
}

static soma_status decode_struct(const soma_json *root, const char *key, const soma_field *fields, size_t count,
                                 void *target) {
    char where[64];
    snprintf(where, sizeof where, "the checkpoint's \"%s\"", key);
    return soma_fields_decode(fields, count, soma_json_get(root, key), where, target);
}

/* The steps made are those of the finished epochs and of the unfinished one. */
static soma_status check_state(const soma_checkpoint *checkpoint, size_t epochs) {
    const soma_checkpoint_state *state = &checkpoint->state;
    uint64_t made;
    if (epochs >= UINT32_MAX || state->batches > checkpoint->epoch_batches || state->step < state->first_step)
        return malformed("more batches than its epoch has, or fewer steps than it began with");
    bool fits = !__builtin_mul_overflow((uint64_t)epochs, (uint64_t)checkpoint->epoch_batches, &made) &&
                !__builtin_add_overflow(made, (uint64_t)state->batches, &made);
    if (!fits || made != state->step - state->first_step)
        return soma_error(SOMA_INVALID_FILE,
                          "the checkpoint: %llu steps were made, which %zu epochs of %zu batches and %zu more are not",
                          (unsigned long long)(state->step - state->first_step), epochs, checkpoint->epoch_batches,
                          state->batches);
    if (state->best_epoch >= epochs && state->best_epoch > 0) return malformed("the best epoch is not in the history");
    if (!(state->base_rate >= 0 && state->learning_rate >= 0 && state->plateau_factor >= 0))
        return malformed("a learning rate is negative");
    if (!(isfinite(state->seconds) && isfinite(state->epoch_seconds))) return malformed("a time is no number");
    return SOMA_OK;
}

static soma_status decode_history(const soma_json *list, soma_checkpoint *checkpoint) {
    size_t i = 0;
    soma_history *history = &checkpoint->history;
    *history = (soma_history){0};
    if (soma_json_count(list) == 0) return SOMA_OK;
    history->epochs = soma_calloc(soma_json_count(list), sizeof *history->epochs);
    if (!history->epochs) return soma_out_of_memory(soma_json_count(list) * sizeof *history->epochs, "the history");
    SOMA_JSON_EACH(object, list) SOMA_TRY(decode_epoch(object, checkpoint, &history->epochs[i++]));
    history->count = (uint32_t)soma_json_count(list);
    return SOMA_OK;
}

static soma_status decode(const soma_json *root, soma_checkpoint *checkpoint) {
    const soma_json *history = soma_json_get(root, "history");
    int64_t format;
    soma_checkpoint_state *state = &checkpoint->state;
    if (!soma_json_integer(soma_json_get(root, "format"), &format)) return malformed("\"format\" must be a number");
    if (format != SOMA_CHECKPOINT_FORMAT)
        return soma_error(SOMA_INVALID_FILE, "the checkpoint: format %lld, this version reads format %d",
                          (long long)format, SOMA_CHECKPOINT_FORMAT);
    SOMA_TRY(compare_runs(root, &checkpoint->run));
    *state = (soma_checkpoint_state){0};
    SOMA_TRY(decode_struct(root, "state", state_fields, SOMA_COUNT_OF(state_fields), state));
    SOMA_TRY(decode_struct(root, "watch", watch_fields, SOMA_COUNT_OF(watch_fields), &state->watch));
    SOMA_TRY(decode_struct(root, "plateau", watch_fields, SOMA_COUNT_OF(watch_fields), &state->plateau));
    if (!soma_json_is(history, SOMA_JSON_ARRAY)) return malformed("\"history\" must be an array");
    SOMA_TRY(check_state(checkpoint, soma_json_count(history)));
    return decode_history(history, checkpoint);
}

soma_status soma_checkpoint_decode(const char *path, const char *network, const char *text,
                                   soma_checkpoint *checkpoint) {
    soma_json *root = NULL;
    soma_status status = parse("the checkpoint", text, &root);
    if (status == SOMA_OK) status = compare_networks(network, checkpoint->network);
    if (status == SOMA_OK) status = decode(root, checkpoint);
    soma_free(root);
    if (status == SOMA_OK) return SOMA_OK;
    soma_history_clear(&checkpoint->history);
    return soma_error_prefix(status, "%s: ", path);
}
