/* SPDX-License-Identifier: MIT */
/* soma train: data, network, device, training, and what is to be kept of it. */
#include "baseline.h"
#include "data.h"
#include "division.h"
#include "find_rate.h"
#include "history.h"
#include "interrupt.h"
#include "model.h"
#include "output_file.h"
#include "part_files.h"
#include "session.h"
#include "threshold.h"
#include "train.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

exit_status training_check_alone(const struct settings *settings, soma_device *device) {
    const char *option = option_given(settings, bucket)           ? "bucket"
                         : option_given(settings, wire)           ? "wire"
                         : option_given(settings, sync_batchnorm) ? "sync-batchnorm"
                                                                  : NULL;
    if (!option || settings->distributed) return STATUS_DONE;
    if (device ? session_is_several(settings, device) : session_may_be_several(settings)) return STATUS_DONE;
    return fail(STATUS_USAGE,
                "--%s is of several processes or devices; without --distributed and a list of devices there is one%s%s",
                option, device ? ": " : "", device ? soma_device_selector(device) : "");
}

exit_status training_check(const struct settings *settings, const struct distributed *distributed) {
    if (settings->load && settings->net)
        return fail(STATUS_USAGE, "--net and --load are both given; the loaded model has its layers already");
    if (settings->load && settings->scale_target)
        return fail(STATUS_USAGE,
                    "--scale-target and --no-scale-target do not go with --load; the model keeps its own figures");
    if (settings->load && settings->standardize)
        return fail(STATUS_USAGE,
                    "--standardize and --no-standardize do not go with --load; the model keeps its own figures");
    if (settings->load && (settings->image_size.rank || settings->grey))
        return fail(STATUS_USAGE,
                    "--image-size and --grey do not go with --load; the model knows how its pictures are");
    if (settings->outputs && !settings->load)
        return fail(STATUS_USAGE, "--outputs goes with --load, of whose outputs it names some");
    if (settings->weights_map && !settings->weights)
        return fail(STATUS_USAGE, "--weights-map says where --weights has what, and there is none");
    const char *dot = settings->checkpoint ? strrchr(settings->checkpoint, '.') : NULL;
    if (dot && strcmp(dot, ".onnx") == 0)
        return fail(STATUS_USAGE,
                    "--checkpoint: '%s' would be taken for an ONNX model, which a checkpoint is not; accepted: another "
                    "ending, as .ckpt",
                    settings->checkpoint);
    if (settings->report && !runs_wanted(settings))
        return fail(STATUS_USAGE,
                    "--report goes with --folds or --seeds; accepted: one of them, or soma evaluate --report with the "
                    "model that --save wrote");
    if (training_check_alone(settings, NULL) != STATUS_DONE) return STATUS_USAGE;
    if (option_given(settings, shards) && !settings->repeatable)
        return fail(STATUS_USAGE, "--shards says into what --repeatable divides batches, and there is none");
    if (option_given(settings, every) && !settings->checkpoint)
        return fail(STATUS_USAGE, "--every says how often --checkpoint is written, and there is none");
    const struct {
        const char *option, *path;
        exit_status (*try)(const char *option, const char *path);
    } outputs[] = {{"save", settings->save, output_file_try},
                   {"history", settings->history, output_text_try},
                   {"plot", settings->plot, output_text_try},
                   {"checkpoint", distributed_follows(distributed) ? NULL : settings->checkpoint, output_file_try}};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        for (size_t j = 0; j < i; j++)
            if (outputs[i].path && outputs[j].path && output_is_same(outputs[i].path, outputs[j].path))
                return fail(STATUS_USAGE, "--%s and --%s both name '%s'; one would overwrite the other",
                            outputs[j].option, outputs[i].option, outputs[i].path);
        exit_status status = outputs[i].try(outputs[i].option, outputs[i].path);
        if (status != STATUS_DONE) return status;
    }
    return STATUS_DONE;
}

/* -------------------------------------------------------------------------------------------------------- training */

static soma_status on_batch(void *context, soma_network *network, const soma_progress *now) {
    struct training *training = context;
    training->streamed = now->streamed; /* the library's log has said so, and why */
    if (interrupt_came()) return SOMA_STOPPED;
    if (!training->repeated) progress_batch(&training->progress, network, now);
    return SOMA_OK;
}

/* Once a second: what is kept goes to the disk. */
static void keep_history(struct training *training) {
    const double now = clock_since_start();
    if (!training->settings->history || training->repeated || now - training->history_kept < 1) return;
    history_keep(training->settings->history, &training->history);
    training->history_kept = now;
}

static soma_status on_epoch(void *context, soma_network *network, const soma_epoch *epoch) {
    struct training *training = context;
    if (!training->repeated) progress_epoch(&training->progress, epoch);
    board_epoch(&training->board, network, epoch);
    keep_history(training);
    return interrupt_came() ? SOMA_STOPPED : SOMA_OK;
}

soma_status training_fit(struct training *training) {
    const struct settings *settings = training->settings;
    soma_fit_options options = {
        .epochs = (uint32_t)settings->epochs,
        .batch_size = settings->batch,
        .no_shuffle = settings->no_shuffle,
        .validation = training->data.validation,
        .early_stopping = (uint32_t)settings->early_stopping,
        .monitor = (soma_monitor)settings->monitor,
        .restore_best = settings->restore_best,
        .checkpoint = settings->checkpoint,
        .checkpoint_every = settings->every,
        .resume = settings->resume,
        .on_batch = on_batch,
        .on_epoch = on_epoch,
        .context = training,
        .communicator = training->distributed.communicator,
        .shards = settings->repeatable ? settings->shards : 0,
        .bucket_bytes = settings->bucket,
        .wire = (uint32_t)settings->wire,
        .sync_batchnorm = settings->sync_batchnorm,
    };
    if (option_given(settings, min_delta)) options.min_delta = (float)settings->min_delta;
    training->progress = progress_start(options.epochs, data_samples(training->data.train));
    interrupt_watch();
    soma_status cause = soma_fit(training->network, training->data.train, &options, &training->history);
    training->fitted = true;
    progress_end(&training->progress);
    training->interrupted = cause == SOMA_STOPPED;
    return cause;
}

/* What was learned comes first: it is saved before anything else can fail. */
static exit_status save(const struct training *training) {
    const struct settings *settings = training->settings;
    if (settings->save) {
        soma_status cause = soma_save(training->network, settings->save);
        if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, "--save");
        say("Saved the network in %s\n", settings->save);
    }
    if (!settings->history || !training->history.steps) return STATUS_DONE;
    exit_status status = history_write(settings->history, &training->history);
    if (status == STATUS_DONE) say("Saved the history in %s\n", settings->history);
    return status;
}

static exit_status test(struct training *training) {
    if (!training->data.test || training->interrupted) return STATUS_DONE;
    soma_status cause = soma_evaluate(training->network, training->data.test, 0, &training->test);
    training->tested = cause == SOMA_OK;
    if (training->tested) training->mean_loss = baseline_tell(training->network, training->data.test, &training->test);
    if (cause == SOMA_OK)
        return forecasts_make(training->settings, training->network, training->data.test, &training->forecasts);
    return fail_from_library(cause, STATUS_FILE, "the test samples of %s", training->settings->data);
}

static exit_status plot(const struct training *training) {
    const char *path = training->settings->plot;
    if (!path || !training->history.count) return STATUS_DONE;
    char title[256], subtitle[512];
    training_caption(training, title, sizeof title, subtitle, sizeof subtitle);
    exit_status status = plot_write(path, &training->history, &(struct plot_caption){title, subtitle});
    if (status == STATUS_DONE) say("Saved the plot in %s\n", path);
    return status;
}

/*
 * Weights from before the training are worth keeping where there is no file yet, to look at what went wrong with them;
 * but not in the place of others that may have learnt something.
 */
static bool is_worth_saving(const struct training *training, soma_status cause) {
    const char *path = training->settings->save;
    if (training->history.steps) return true;
    return cause == SOMA_NOT_FINITE && path && access(path, F_OK) != 0;
}

/*
 * After a loss that is no number, or a checkpoint that cannot be written, weights and history are kept like any others;
 * the error comes last, and says so.
 */
static exit_status keep_and_fail(struct training *training, soma_status cause) {
    const char *path = training->settings->save;
    bool failed = training->history.checkpoint_failed, saves = is_worth_saving(training, cause);
    char *detail = NULL;
    if (asprintf(&detail, "%s%s", failed ? "--checkpoint: " : "", soma_last_error()) < 0) detail = NULL;
    const char *reason = detail ? detail : soma_status_text(cause);
    exit_status status = saves ? save(training) : STATUS_DONE;
    if (status == STATUS_DONE) status = plot(training);
    if (status != STATUS_DONE)
        warn("%s", reason); /* the error that was told came of it */
    else if (path && saves)
        status = fail_for(cause, STATUS_FAILED, "%s. The weights are saved in %s", reason, path);
    else if (path && cause == SOMA_NOT_FINITE)
        status = fail_for(cause, STATUS_FAILED, "%s. Nothing was learnt, and %s is left as it was", reason, path);
    else
        status = fail_for(cause, STATUS_FAILED, "%s", reason);
    free(detail);
    return status;
}

/* All else is the first process's, which says what has gone wrong. */
static exit_status follow(soma_status cause) {
    return cause == SOMA_OK ? STATUS_DONE : cause == SOMA_STOPPED ? STATUS_INTERRUPTED : STATUS_FAILED;
}

static exit_status train(struct training *training) {
    soma_status cause = training_fit(training);
    if (distributed_follows(&training->distributed)) return follow(cause);
    if (cause == SOMA_NOT_FINITE || training->history.checkpoint_failed) return keep_and_fail(training, cause);
    if (cause != SOMA_OK && cause != SOMA_STOPPED && training->settings->resume)
        return fail_from_library(cause, STATUS_FILE, "--resume");
    if (cause != SOMA_OK && cause != SOMA_STOPPED)
        return fail_from_library(cause, training->settings->net ? STATUS_USAGE : STATUS_FILE, "%s",
                                 training->settings->data);
    training_say_end(training);
    exit_status status = threshold_choose(training->settings, training->network, training->data.validation);
    if (status == STATUS_DONE) status = save(training);
    if (status == STATUS_DONE) status = test(training);
    if (status == STATUS_DONE) status = plot(training);
    if (status == STATUS_DONE && !training->interrupted)
        board_result(training->settings, &training->board, training->network, &training->data, &training->history);
    if (status == STATUS_DONE) status = board_close(training->settings, &training->board);
    if (status != STATUS_DONE) return status;
    training_say_result(training);
    soma_device_get_memory(training->device, &training->memory); /* before the profile takes some */
    if (training->settings->profile && !training->interrupted)
        status = profile_take(training->network, training->settings->batch, true, &training->profile);
    if (status != STATUS_DONE) return status;
    training_report(training);
    return training->interrupted ? STATUS_INTERRUPTED : STATUS_DONE;
}

/* The model to go on from is there before the data: it knows whether labels are classes or numbers. */
static exit_status load_network(struct training *training, struct settings *settings) {
    if (!settings->load) return STATUS_DONE;
    exit_status status = model_load(settings, settings->load, &training->network);
    if (status != STATUS_DONE) return status;
    soma_network_set_seed(training->network, settings->seed);
    settings->regression |= !model_wants_classes(training->network, settings);
    return STATUS_DONE;
}

/*
 * Where --epochs does not say how many: few samples are seen more often, for what is learnt goes by steps rather than
 * by epochs. Small tables came out of 30 epochs untrained; tools/bench-tables shows what they reach.
 */
void training_choose_epochs(size_t samples, struct settings *settings) {
    enum { EPOCHS = 30, STEPS = 2000, MOST_EPOCHS = 200 };
    if (option_given(settings, epochs)) return;
    uint64_t steps = (samples + settings->batch - 1) / settings->batch, wanted = (STEPS + steps - 1) / steps;
    settings->epochs = wanted < EPOCHS ? EPOCHS : wanted > MOST_EPOCHS ? MOST_EPOCHS : wanted;
}

void training_release(struct training *training) {
    board_release(&training->board);
    profile_release(&training->profile);
    soma_history_clear(&training->history);
    forecasts_clear(&training->forecasts);
    soma_network_destroy(training->network);
    model_options_release(&training->options);
    data_release(&training->data);
}

static exit_status train_once(struct training *training, struct settings *settings) {
    training_choose_epochs(data_samples(training->data.train), settings);
    exit_status status = training_prepare(training);
    if (status == STATUS_DONE) status = board_open(settings, training->net, training->network, &training->board);
    if (status != STATUS_DONE) return status;
    if (settings->find_rate) return find_rate(training);
    training_say_start(training);
    return train(training);
}

exit_status training_of_rest(struct training *training, struct settings *settings) {
    struct data *data = &training->data;
    data->division.validation = option_given(settings, validation) ? settings->validation : 0;
    exit_status status = division_part(settings, "validation", data->division.validation, &data->division, &data->train,
                                       &data->validation);
    return status == STATUS_DONE ? train_once(training, settings) : status;
}

/* Folds are made of all but the test samples, of which a last training may be saved. */
static exit_status train_folds(struct training *training, struct settings *settings) {
    double validation = settings->validation;
    settings->validation = 0;
    exit_status status = data_load(settings, NULL, &training->data);
    settings->validation = validation;
    if (status == STATUS_DONE) status = runs_train(settings, training->data.train, &training->device, training->object);
    return status == STATUS_DONE && settings->save ? training_of_rest(training, settings) : status;
}

/* The report is printed by the last training, where there is one. */
static exit_status train_repeatedly(struct training *training, struct settings *settings) {
    training->object = settings->json ? report_create() : NULL;
    exit_status status = settings->folds ? train_folds(training, settings)
                                         : runs_train(settings, NULL, &training->device, training->object);
    if (!training->object) return status; /* printed, or not wanted */
    if (training->device) report_text(training->object, "device", soma_device_selector(training->device));
    report_truth(training->object, "interrupted", status == STATUS_INTERRUPTED);
    if (status == STATUS_DONE || status == STATUS_INTERRUPTED)
        report_print(training->object);
    else
        report_destroy(training->object);
    return status;
}

exit_status command_train(const struct settings *given) {
    struct settings settings = *given;
    struct training training = {.settings = &settings};
    exit_status status = distributed_begin(&settings, &training.distributed);
    if (status == STATUS_DONE) status = training_check(&settings, &training.distributed);
    if (status == STATUS_DONE) status = find_rate_check(&settings);
    if (status == STATUS_DONE) status = runs_check(&settings);
    if (status == STATUS_DONE) status = part_files_check(&settings);
    /* A checkpoint is a model, whose weights do not matter: those to go on from are set in resuming. */
    if (settings.resume && !settings.net && !settings.load) settings.load = settings.resume;
    if (status == STATUS_DONE && runs_wanted(&settings)) {
        status = train_repeatedly(&training, &settings);
    } else {
        if (status == STATUS_DONE) status = load_network(&training, &settings);
        if (status == STATUS_DONE) status = data_load(&settings, training.network, &training.data);
        if (status == STATUS_DONE) status = train_once(&training, &settings);
    }
    training_release(&training);
    soma_device_close(training.device);
    return distributed_end(&training.distributed, status, training.fitted);
}
