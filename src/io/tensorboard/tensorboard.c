/* SPDX-License-Identifier: MIT */
/* Event files for TensorBoard: directories, names, and which event goes into which file. */
#include "base/file.h"
#include "base/utf8.h"
#include "io/tensorboard/events.h"
#include "io/tensorboard/records.h"

#include <errno.h>
#include <fcntl.h>
#include <soma/tensorboard.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The file of one run, open since its first event. */
typedef struct run_file {
    struct run_file *next;
    char *run; /* "" for the log's own directory */
    char *path;
    int descriptor;
} run_file;

struct soma_tensorboard {
    char *directory;
    run_file *files;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ------------------------------------------------------------------------------------------------------------ files */

static bool run_is_name(const char *run) {
    size_t length = strlen(run);
    return length <= 100 &&
           strspn(run, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == length &&
           strcmp(run, ".") != 0 && strcmp(run, "..") != 0;
}

/* DIRECTORY/RUN/events.out.tfevents.SECONDS.HOST.PROCESS.NUMBER, the first number that nobody has. */
static soma_status create(run_file *file, const char *directory) {
    char host[66] = ""; /* of 64 characters and their end; a longer one may come without */
    if (gethostname(host, sizeof host - 1) != 0 || !*host || strchr(host, '/')) strcpy(host, "localhost");
    for (int number = 0; file->descriptor < 0; number++) {
        soma_text path = {0};
        soma_text_append(&path, "%s%s%s/events.out.tfevents.%lld.%s.%ld.%d", directory, *file->run ? "/" : "",
                         file->run, (long long)now(), host, (long)getpid(), number);
        soma_free(file->path);
        file->path = path.data;
        if (path.failed || !path.data) return soma_out_of_memory(strlen(directory), "a file name");
        file->descriptor = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (file->descriptor < 0 && errno != EEXIST && errno != EINTR)
            return soma_error(SOMA_IO, "%s: cannot be made: %s", path.data, strerror(errno));
    }
    return SOMA_OK;
}

static soma_status make_directory(const char *directory, const char *run) {
    soma_text path = {0};
    soma_text_append(&path, "%s%s%s", directory, *run ? "/" : "", run);
    if (path.failed || !path.data) return soma_out_of_memory(strlen(directory), "a file name");
    soma_status status = SOMA_OK;
    if (!soma_file_make_directory(path.data, 0777))
        status = soma_error(SOMA_IO, "%s: the directory cannot be made: %s", path.data, strerror(errno));
    soma_free(path.data);
    return status;
}

static void close_file(run_file *file) {
    if (file->descriptor >= 0) close(file->descriptor);
    soma_free(file->path);
    soma_free(file->run);
    soma_free(file);
}

/* Ends what was put into *event: the record goes into the file, and the memory is freed. */
static soma_status append(const run_file *file, soma_protobuf *event) {
    soma_status status = event->failed ? soma_out_of_memory(event->size, file->path)
                                       : soma_record_append(file->path, file->descriptor, event->data, event->size);
    soma_free(event->data);
    return status;
}

static soma_status start_file(soma_tensorboard *board, const char *run, run_file *file) {
    file->run = soma_strdup(run);
    if (!file->run) return soma_out_of_memory(strlen(run), "a run's name");
    SOMA_TRY(make_directory(board->directory, run));
    SOMA_TRY(create(file, board->directory));
    soma_protobuf event = {0};
    soma_event_put_version(&event, now());
    return append(file, &event);
}

static soma_status file_of(soma_tensorboard *board, const char *run, run_file **file) {
    if (!board) return soma_error(SOMA_INVALID_ARGUMENT, "TensorBoard: the log is NULL");
    if (!run) run = "";
    if (!run_is_name(run))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "TensorBoard: the run %s; letters, digits, '_', '-' and '.' are accepted",
                          soma_quote(run, strlen(run)).text);
    for (*file = board->files; *file; *file = (*file)->next)
        if (strcmp((*file)->run, run) == 0) return SOMA_OK;
    run_file *fresh = soma_calloc(1, sizeof *fresh);
    if (!fresh) return soma_out_of_memory(sizeof *fresh, "a file");
    fresh->descriptor = -1;
    soma_status status = start_file(board, run, fresh);
    if (status != SOMA_OK) {
        close_file(fresh);
        return status;
    }
    fresh->next = board->files;
    board->files = *file = fresh;
    return SOMA_OK;
}

soma_status soma_tensorboard_open(const char *directory, soma_tensorboard **board) {
    if (!directory || !board || !*directory)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_tensorboard_open: %s",
                          board ? "the directory has no name" : "board is NULL");
    *board = NULL;
    SOMA_TRY(make_directory(directory, ""));
    soma_tensorboard *fresh = soma_calloc(1, sizeof *fresh);
    if (fresh) fresh->directory = soma_strdup(directory);
    if (!fresh || !fresh->directory) {
        soma_free(fresh);
        return soma_out_of_memory(strlen(directory), "a log for TensorBoard");
    }
    *board = fresh;
    return SOMA_OK;
}

void soma_tensorboard_close(soma_tensorboard *board) {
    if (!board) return;
    for (run_file *file = board->files, *next; file; file = next) {
        next = file->next;
        close_file(file);
    }
    soma_free(board->directory);
    soma_free(board);
}

/* ----------------------------------------------------------------------------------------------------------- events */

static soma_status check_text(const char *what, const char *text) {
    size_t offset;
    if (text && soma_utf8_check(text, strlen(text), &offset)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "TensorBoard: the %s is %s; UTF-8 is wanted", what,
                      text ? "no UTF-8" : "NULL");
}

static soma_status begin(soma_tensorboard *board, const char *run, const char *tag, run_file **file) {
    SOMA_TRY(check_text("tag", tag));
    return file_of(board, run, file);
}

soma_status soma_tensorboard_scalar(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                    double value) {
    run_file *file;
    SOMA_TRY(begin(board, run, tag, &file));
    soma_protobuf event = {0};
    soma_event_put_scalar(&event, now(), step, tag, (float)value);
    return append(file, &event);
}

soma_status soma_tensorboard_histogram(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                       const float *values, size_t count) {
    run_file *file;
    SOMA_TRY(begin(board, run, tag, &file));
    if (!values && count) return soma_error(SOMA_INVALID_ARGUMENT, "TensorBoard: the values of %s are NULL", tag);
    soma_protobuf event = {0};
    if (!soma_event_put_histogram(&event, now(), step, tag, values, count)) return SOMA_OK;
    return append(file, &event);
}

soma_status soma_tensorboard_text(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                  const char *text) {
    run_file *file;
    SOMA_TRY(check_text("text", text));
    SOMA_TRY(begin(board, run, tag, &file));
    soma_protobuf event = {0};
    soma_event_put_text(&event, now(), step, tag, text);
    return append(file, &event);
}

soma_status soma_tensorboard_png(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                 const void *png, size_t size) {
    enum { HEADER = 33 }; /* bytes, its checksum included */
    static const char start[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    run_file *file;
    SOMA_TRY(begin(board, run, tag, &file));
    if (!png || size < HEADER || memcmp(png, start, sizeof start - 1) != 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "TensorBoard: the picture %s does not begin as a PNG file does", tag);
    soma_protobuf event = {0};
    soma_event_put_png(&event, now(), step, tag, png, size);
    return append(file, &event);
}

soma_status soma_tensorboard_hparams(soma_tensorboard *board, const char *run, const soma_hparam *params,
                                     size_t count) {
    run_file *file;
    SOMA_TRY(file_of(board, run, &file));
    if (!params && count) return soma_error(SOMA_INVALID_ARGUMENT, "soma_tensorboard_hparams: the params are NULL");
    for (size_t i = 0; i < count; i++) {
        SOMA_TRY(check_text("name of a hyperparameter", params[i].name));
        if (params[i].text) SOMA_TRY(check_text("text of a hyperparameter", params[i].text));
    }
    soma_protobuf event = {0};
    soma_event_put_hparams(&event, now(), params, count);
    return append(file, &event);
}

soma_status soma_tensorboard_hparams_end(soma_tensorboard *board, const char *run, bool succeeded) {
    run_file *file;
    SOMA_TRY(file_of(board, run, &file));
    soma_protobuf event = {0};
    soma_event_put_hparams_end(&event, now(), succeeded);
    return append(file, &event);
}

static soma_status check_domain(const soma_hparam_domain *param) {
    SOMA_TRY(check_text("name of a hyperparameter", param->name));
    if (!param->values && param->count)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_tensorboard_experiment: the values of %s are NULL", param->name);
    if (param->count == 0 && !(param->least <= param->most))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_tensorboard_experiment: %s goes from %g to %g; least is to be at most most",
                          param->name, param->least, param->most);
    for (size_t i = 0; i < param->count; i++)
        if (param->values[i].text) SOMA_TRY(check_text("text of a hyperparameter", param->values[i].text));
    return SOMA_OK;
}

soma_status soma_tensorboard_experiment(soma_tensorboard *board, const soma_hparam_domain *params, size_t count,
                                        const char *const *metrics, size_t metric_count) {
    run_file *file;
    SOMA_TRY(file_of(board, NULL, &file));
    if ((!params && count) || (!metrics && metric_count))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_tensorboard_experiment: the %s are NULL",
                          !params && count ? "params" : "metrics");
    for (size_t i = 0; i < count; i++) SOMA_TRY(check_domain(&params[i]));
    for (size_t i = 0; i < metric_count; i++) SOMA_TRY(check_text("tag of a metric", metrics[i]));
    soma_protobuf event = {0};
    soma_event_put_experiment(&event, now(), params, count, metrics, metric_count);
    return append(file, &event);
}

soma_status soma_tensorboard_graph(soma_tensorboard *board, const soma_network *network) {
    run_file *file;
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "soma_tensorboard_graph: the network is NULL");
    SOMA_TRY(file_of(board, NULL, &file));
    soma_protobuf event = {0};
    soma_event_put_graph(&event, now(), network);
    return append(file, &event);
}

/* --------------------------------------------------------------------------------------------------------- an epoch */

static soma_status write_metric(soma_tensorboard *board, const char *run, uint32_t epoch, const char *name,
                                double value) {
    char tag[128];
    snprintf(tag, sizeof tag, "epoch_%s", name);
    return soma_tensorboard_scalar(board, run, tag, epoch, value);
}

static soma_status write_metrics(soma_tensorboard *board, const char *run, uint32_t epoch,
                                 const soma_metrics *metrics) {
    SOMA_TRY(write_metric(board, run, epoch, "loss", metrics->loss));
    for (uint32_t i = 0; i < metrics->metric_count; i++)
        SOMA_TRY(write_metric(board, run, epoch, metrics->metric_name[i], metrics->metric[i]));
    return SOMA_OK;
}

/* Running figures and what is frozen have none, and plain gradient descent makes its steps without. */
static soma_status write_gradient(soma_tensorboard *board, soma_network *network, uint32_t epoch,
                                  const soma_tensor *parameter, float *values) {
    const size_t count = soma_tensor_count(parameter);
    soma_text tag = {0};
    soma_status status = soma_get_gradient(network, parameter, values, count);
    if (status == SOMA_INVALID_STATE || status == SOMA_INVALID_ARGUMENT || status == SOMA_UNSUPPORTED) return SOMA_OK;
    soma_text_append(&tag, "gradient/%s", soma_tensor_name(parameter));
    if (status == SOMA_OK && (tag.failed || !tag.data)) status = soma_out_of_memory(count, "a parameter's name");
    if (status == SOMA_OK) status = soma_tensorboard_histogram(board, "train", tag.data, epoch, values, count);
    soma_free(tag.data);
    return status;
}

static soma_status write_parameter(soma_tensorboard *board, soma_network *network, uint32_t epoch,
                                   const soma_tensor *parameter) {
    size_t count = soma_tensor_count(parameter);
    float *values = soma_realloc(NULL, count, sizeof *values);
    if (!values) return soma_out_of_memory(count * sizeof *values, "a parameter's values");
    soma_status status = soma_get_parameter(network, parameter, values, count);
    if (status == SOMA_OK)
        status = soma_tensorboard_histogram(board, "train", soma_tensor_name(parameter), epoch, values, count);
    if (status == SOMA_OK) status = write_gradient(board, network, epoch, parameter, values);
    soma_free(values);
    return status;
}

soma_status soma_tensorboard_epoch(void *board, soma_network *network, const soma_epoch *epoch) {
    if (!epoch) return soma_error(SOMA_INVALID_ARGUMENT, "soma_tensorboard_epoch: epoch is NULL");
    SOMA_TRY(write_metrics(board, "train", epoch->epoch, &epoch->train));
    if (epoch->has_validation) SOMA_TRY(write_metrics(board, "validation", epoch->epoch, &epoch->validation));
    SOMA_TRY(write_metric(board, "train", epoch->epoch, "learning_rate", epoch->learning_rate));
    SOMA_TRY(write_metric(board, "train", epoch->epoch, "seconds", epoch->seconds));
    for (size_t i = 0; network && i < soma_network_parameter_count(network); i++)
        SOMA_TRY(write_parameter(board, network, epoch->epoch, soma_network_parameter(network, i)));
    return SOMA_OK;
}
