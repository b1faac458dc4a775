/* SPDX-License-Identifier: MIT */
/* See json.h. */
#include "io/checkpoint/json.h"
#include "io/json_compare.h"
#include "io/json_text.h"
#include "io/model/fields.h"
#include "io/model/json.h"

#include <math.h>
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

static soma_status set(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) == 0 ? SOMA_OK
                                                        : soma_out_of_memory(0, "the JSON form of a checkpoint");
}

static soma_status append(json_t *list, json_t *value) {
    return json_array_append_new(list, value) == 0 ? SOMA_OK : soma_out_of_memory(0, "the JSON form of a checkpoint");
}

/* The loss and the metrics, one after the other. */
static soma_status encode_metrics(json_t *epoch, const char *key, const soma_metrics *metrics) {
    json_t *list = json_array();
    SOMA_TRY(set(epoch, key, list));
    SOMA_TRY(append(list, soma_json_of_double(metrics->loss)));
    for (uint32_t i = 0; i < metrics->metric_count; i++)
        SOMA_TRY(append(list, soma_json_of_double(metrics->metric[i])));
    return SOMA_OK;
}

static soma_status encode_epoch(json_t *list, const soma_epoch *epoch) {
    json_t *object = json_object();
    SOMA_TRY(append(list, object));
    SOMA_TRY(encode_metrics(object, "train", &epoch->train));
    if (epoch->has_validation) SOMA_TRY(encode_metrics(object, "validation", &epoch->validation));
    SOMA_TRY(set(object, "learning_rate", soma_json_of_double(epoch->learning_rate)));
    return set(object, "seconds", soma_json_of_double(epoch->seconds));
}

static soma_status encode_struct(json_t *root, const char *key, const soma_field *fields, size_t count,
                                 const void *source) {
    json_t *object = json_object();
    SOMA_TRY(set(root, key, object));
    return soma_fields_encode(fields, count, source, object);
}

static soma_status encode_run(json_t *root, const soma_checkpoint_run *run) {
    return encode_struct(root, "run", run_fields, SOMA_COUNT_OF(run_fields), run);
}

static soma_status encode(json_t *root, const soma_checkpoint *checkpoint) {
    const soma_checkpoint_state *state = &checkpoint->state;
    json_t *epochs = json_array();
    SOMA_TRY(set(root, "format", json_integer(SOMA_CHECKPOINT_FORMAT)));
    SOMA_TRY(encode_run(root, &checkpoint->run));
    SOMA_TRY(encode_struct(root, "state", state_fields, SOMA_COUNT_OF(state_fields), state));
    SOMA_TRY(encode_struct(root, "watch", watch_fields, SOMA_COUNT_OF(watch_fields), &state->watch));
    SOMA_TRY(encode_struct(root, "plateau", watch_fields, SOMA_COUNT_OF(watch_fields), &state->plateau));
    SOMA_TRY(set(root, "history", epochs));
    for (uint32_t i = 0; i < checkpoint->history.count; i++)
        SOMA_TRY(encode_epoch(epochs, &checkpoint->history.epochs[i]));
    return SOMA_OK;
}

soma_status soma_checkpoint_encode(const soma_checkpoint *checkpoint, char **text) {
    *text = NULL;
    json_t *root = json_object();
    soma_status status = root ? encode(root, checkpoint) : soma_out_of_memory(0, "the JSON form of a checkpoint");
    if (status == SOMA_OK) status = soma_json_text(root, "the JSON form of a checkpoint", text);
    json_decref(root);
    return status;
}

/* ------------------------------------------------------------------------------------------------------------ decode
 */

static soma_status malformed(const char *what) {
    return soma_error(SOMA_INVALID_FILE, "the checkpoint: %s", what);
}

static soma_status parse(const char *what, const char *text, json_t **root) {
    json_error_t error;
    *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (*root) return SOMA_OK;
    if (json_error_code(&error) == json_error_out_of_memory) return soma_out_of_memory(strlen(text), what);
    return soma_error(SOMA_INVALID_FILE, "%s is not valid JSON: %s at byte %d", what, error.text, error.position);
}

/* What is there now is compared in the form that it would have in a file. */
static soma_status compare_networks(const char *text, const soma_network *network) {
    char *own_text = NULL;
    json_t *kept = NULL, *own = NULL;
    soma_status status = parse("the checkpoint's network", text, &kept);
    if (status == SOMA_OK) status = soma_model_encode(network, &own_text);
    if (status == SOMA_OK) status = parse("the network", own_text, &own);
    if (status == SOMA_OK) {
        json_object_del(kept, "version");
        json_object_del(own, "version");
        status = soma_json_compare("network", own, kept);
    }
    json_decref(kept);
    json_decref(own);
    soma_free(own_text);
    return status;
}

static soma_status compare_runs(const json_t *root, const soma_checkpoint_run *run) {
    const json_t *kept = json_object_get(root, "run");
    if (!json_is_object(kept)) return malformed("\"run\" must be an object");
    json_t *own = json_object();
    soma_status status = own ? encode_run(own, run) : soma_out_of_memory(0, "the JSON form of a checkpoint");
    if (status == SOMA_OK) status = soma_json_compare("run", json_object_get(own, "run"), kept);
    json_decref(own);
    return status;
}

static soma_status decode_metrics(const json_t *epoch, const char *key, uint32_t count, soma_metrics *metrics) {
    const json_t *list = json_object_get(epoch, key);
    bool good = json_is_array(list) && json_array_size(list) == (size_t)count + 1;
    good = good && soma_json_double(json_array_get(list, 0), &metrics->loss);
    for (uint32_t i = 0; good && i < count; i++)
        good = soma_json_double(json_array_get(list, i + 1), &metrics->metric[i]);
    if (good) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "the checkpoint: \"%s\" of an epoch of the history must be %u numbers", key,
                      count + 1);
}

static soma_status decode_epoch(const json_t *object, const soma_checkpoint *checkpoint, soma_epoch *epoch) {
    SOMA_TRY(decode_metrics(object, "train", checkpoint->metric_count, &epoch->train));
    if (checkpoint->run.validation_samples)
        SOMA_TRY(decode_metrics(object, "validation", checkpoint->metric_count, &epoch->validation));
    if (soma_json_double(json_object_get(object, "learning_rate"), &epoch->learning_rate) &&
        soma_json_double(json_object_get(object, "seconds"), &epoch->seconds))
        return SOMA_OK;
    return malformed("an epoch of the history must have \"learning_rate\" and \"seconds\"");
}

static soma_status decode_struct(const json_t *root, const char *key, const soma_field *fields, size_t count,
                                 void *target) {
    char where[64];
    snprintf(where, sizeof where, "the checkpoint's \"%s\"", key);
    return soma_fields_decode(fields, count, json_object_get(root, key), where, target);
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

static soma_status decode_history(const json_t *list, soma_checkpoint *checkpoint) {
    json_t *object;
    size_t i;
    soma_history *history = &checkpoint->history;
    *history = (soma_history){0};
    if (json_array_size(list) == 0) return SOMA_OK;
    history->epochs = soma_calloc(json_array_size(list), sizeof *history->epochs);
    if (!history->epochs) return soma_out_of_memory(json_array_size(list) * sizeof *history->epochs, "the history");
    json_array_foreach(list, i, object) SOMA_TRY(decode_epoch(object, checkpoint, &history->epochs[i]));
    history->count = (uint32_t)json_array_size(list);
    return SOMA_OK;
}

static soma_status decode(const json_t *root, soma_checkpoint *checkpoint) {
    const json_t *format = json_object_get(root, "format"), *history = json_object_get(root, "history");
    soma_checkpoint_state *state = &checkpoint->state;
    if (!json_is_integer(format)) return malformed("\"format\" must be a number");
    if (json_integer_value(format) != SOMA_CHECKPOINT_FORMAT)
        return soma_error(SOMA_INVALID_FILE, "the checkpoint: format %lld, this version reads format %d",
                          (long long)json_integer_value(format), SOMA_CHECKPOINT_FORMAT);
    SOMA_TRY(compare_runs(root, &checkpoint->run));
    *state = (soma_checkpoint_state){0};
    SOMA_TRY(decode_struct(root, "state", state_fields, SOMA_COUNT_OF(state_fields), state));
    SOMA_TRY(decode_struct(root, "watch", watch_fields, SOMA_COUNT_OF(watch_fields), &state->watch));
    SOMA_TRY(decode_struct(root, "plateau", watch_fields, SOMA_COUNT_OF(watch_fields), &state->plateau));
    if (!json_is_array(history)) return malformed("\"history\" must be an array");
    SOMA_TRY(check_state(checkpoint, json_array_size(history)));
    return decode_history(history, checkpoint);
}

soma_status soma_checkpoint_decode(const char *path, const char *network, const char *text,
                                   soma_checkpoint *checkpoint) {
    json_t *root = NULL;
    soma_status status = parse("the checkpoint", text, &root);
    if (status == SOMA_OK) status = compare_networks(network, checkpoint->network);
    if (status == SOMA_OK) status = decode(root, checkpoint);
    json_decref(root);
    if (status == SOMA_OK) return SOMA_OK;
    soma_history_clear(&checkpoint->history);
    return soma_error_prefix(status, "%s: ", path);
}
