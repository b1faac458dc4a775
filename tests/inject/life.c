/* SPDX-License-Identifier: MIT */
/* See life.h. */
#include "life.h"

#include "faults.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 26, INPUTS = 4, CLASSES = 3, BATCH = 8, EPOCHS = 3, STOP_AFTER = 4 };

/* A file's bytes, in memory that is not soma's. */
typedef struct bytes {
    char *data;
    size_t size;
} bytes;

typedef struct life {
    soma_device *device, *streaming; /* the same once more, to which data are streamed */
    soma_dataset *dataset;
    soma_network *network, *loaded;
    soma_session *session;
    float predicted[SAMPLES * CLASSES], run[SAMPLES * CLASSES];
    const char *device_name;
    bool other_device; /* a fault while it was opened was passed over: it may compute in another way */
} life;

/* What is expected of every life. */
static struct {
    bool known;
    float predicted[SAMPLES * CLASSES];
    bytes model, onnx;
} reference;

static const char *home;
static char table_path[512], model_path[512], checkpoint_path[512], onnx_path[512];

/* ------------------------------------------------------------------------------------------------------- files */

static bytes contents(const char *path) {
    bytes whole = {malloc(1 << 20), 0};
    FILE *file = fopen(path, "rb");
    if (file) {
        whole.size = fread(whole.data, 1, 1 << 20, file);
        fclose(file);
    }
    return whole;
}

static bool same(bytes a, bytes b) {
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static const char old_contents[] = "what was there before";

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) life_fault("%s cannot be written by the test", path);
}

/* The old file is there or the new one. */
static void expect_whole(const life *l, const char *path, bytes expected, bool written) {
    const bytes found = contents(path);
    const bytes old = {(char *)(uintptr_t)old_contents, sizeof old_contents - 1};
    if (reference.known && !l->other_device && !(same(found, expected) || (!written && same(found, old))))
        life_fault("%s is neither what it was nor what it was to be: %zu bytes", path, found.size);
    free(found.data);
}

/* Nothing hidden: the next who writes would take it away. */
static void expect_no_more_files(void) {
    DIR *open = opendir(home);
    if (!open) life_fault("%s: no such directory", home);
    for (const struct dirent *entry; (entry = readdir(open));)
        if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            life_fault("%s was left behind", entry->d_name);
    closedir(open);
}

static void write_table(void) {
    FILE *file = fopen(table_path, "w");
    if (!file) life_fault("%s cannot be written by the test", table_path);
    for (int i = 0; i < SAMPLES; i++) {
        for (int j = 0; j < INPUTS; j++) fprintf(file, "%g,", sin(i * INPUTS + j) + i % CLASSES);
        fprintf(file, "%s\n", (const char *[]){"red", "green", "blue"}[i % CLASSES]);
    }
    fclose(file);
}

/* ------------------------------------------------------------------------------------------------------- steps */

static soma_status open_device(life *l) {
    return soma_device_open(l->device_name, NULL, &l->device);
}

static soma_status open_streaming(life *l) {
    return soma_device_open(l->device_name, &(soma_device_options){.data_memory = 1}, &l->streaming);
}

static soma_status read_data(life *l) {
    return soma_dataset_from_csv(table_path, NULL, &l->dataset);
}

static soma_status make_network(life *l, soma_device *device) {
    const size_t width = INPUTS;
    soma_network_destroy(l->network);
    l->network = NULL;
    soma_status status = soma_network_create(&l->network);
    if (status != SOMA_OK) return status;
    soma_network_set_seed(l->network, 11);
    soma_layers(
        soma_input(l->network, "x", 1, &width),
        "reshape 2 2 1; conv 2 2x2 pad same nobias; batchnorm; tanh; dense 6 tanh; dropout 0.2; dense 3 softmax");
    status = soma_network_status(l->network);
    const soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.02f, .clip_norm = 1},
                                          .metrics = {SOMA_ACCURACY}};
    return status == SOMA_OK ? soma_compile(l->network, device, &options) : status;
}

static soma_status stop_after(void *context, soma_network *network, const soma_progress *progress) {
    int *left = context;
    (void)network, (void)progress;
    return --*left == 0 ? SOMA_STOPPED : SOMA_OK;
}

static soma_status fit(life *l, bool to_the_end, bool resume) {
    int left = to_the_end ? -1 : STOP_AFTER;
    const soma_fit_options options = {.epochs = EPOCHS,
                                      .batch_size = BATCH,
                                      .validation_split = 0.2,
                                      .early_stopping = EPOCHS,
                                      .restore_best = true,
                                      .on_batch = stop_after,
                                      .context = &left,
                                      .checkpoint = checkpoint_path,
                                      .checkpoint_every = 3,
                                      .resume = resume ? checkpoint_path : NULL};
    soma_history history = {.count = 0};
    soma_status status = soma_fit(l->network, l->dataset, &options, &history);
    soma_history_clear(&history);
    return status;
}

/* Whatever happened, the checkpoint is whole; weights may be those of any step, so a network starts anew. */
static soma_status train(life *l) {
    soma_status status = make_network(l, l->device);
    if (status == SOMA_OK) status = fit(l, false, false);
    return status == SOMA_STOPPED ? SOMA_OK : status == SOMA_OK ? SOMA_INTERNAL : status;
}

static soma_status resume(life *l) {
    soma_status status = make_network(l, l->streaming);
    return status == SOMA_OK ? fit(l, true, true) : status;
}

static soma_status save(life *l) {
    return soma_save(l->network, model_path);
}

static soma_status load(life *l) {
    soma_network_destroy(l->loaded);
    l->loaded = NULL;
    soma_status status = soma_load(model_path, &l->loaded);
    return status == SOMA_OK ? soma_compile(l->loaded, l->device, NULL) : status;
}

static soma_status predict(life *l) {
    return soma_predict(l->loaded, l->dataset, 0, 7, l->predicted);
}

static soma_status run_session(life *l) {
    float inputs[SAMPLES * INPUTS];
    for (int i = 0; i < SAMPLES * INPUTS; i++) inputs[i] = (float)sin(i);
    soma_session_destroy(l->session);
    l->session = NULL;
    soma_status status = soma_session_create(l->loaded, NULL, &l->session);
    if (status != SOMA_OK) return status;
    return soma_session_run(l->session, SAMPLES, (const float *[]){inputs}, (float *[]){l->run});
}

#ifdef SOMA_HAVE_ONNX
static soma_status save_onnx(life *l) {
    return soma_save_onnx(l->loaded, onnx_path);
}

static soma_status load_onnx(life *l) {
    soma_network *network = NULL;
    (void)l;
    soma_status status = soma_load_onnx(onnx_path, NULL, &network);
    soma_network_destroy(network);
    return status;
}
#endif

/* ----------------------------------------------------------------------------------------------------- attempts */

/* What failed says so; what can fail where memory ends, or a file or a driver fails, is known. */
static void expect_told(const char *step, soma_status status) {
    if (!fault_struck())
        life_fault("%s: %s where nothing failed: %s", step, soma_status_name(status), soma_last_error());
    if (status == SOMA_INTERNAL || status == SOMA_INVALID_ARGUMENT || status == SOMA_INVALID_STATE ||
        status == SOMA_INVALID_SHAPE)
        life_fault("%s: blames the caller: %s: %s", step, soma_status_name(status), soma_last_error());
    if (!*soma_last_error()) life_fault("%s: %s without a word", step, soma_status_name(status));
}

/* Once more where it failed; `check` looks at what there is in between (NULL: nothing). */
static void attempt(life *l, const char *step, soma_status (*run)(life *), void (*check)(const life *, bool)) {
    fault_go_on();
    soma_status status = run(l);
    fault_pause();
    if (check) check(l, status == SOMA_OK);
    expect_no_more_files();
    if (status == SOMA_OK) return;
    expect_told(step, status);
    status = run(l);
    if (status != SOMA_OK) life_fault("%s: fails again: %s: %s", step, soma_status_name(status), soma_last_error());
    if (check) check(l, true);
}

static void check_model(const life *l, bool written) {
    expect_whole(l, model_path, reference.model, written);
}

static void check_onnx(const life *l, bool written) {
    expect_whole(l, onnx_path, reference.onnx, written);
}

/* There is none yet, or one that loads. */
static void check_checkpoint(const life *l, bool written) {
    soma_network *network = NULL;
    (void)l;
    if (!written && access(checkpoint_path, F_OK) != 0) return;
    if (soma_load(checkpoint_path, &network) != SOMA_OK)
        life_fault("the checkpoint is not whole: %s", soma_last_error());
    soma_network_destroy(network);
}

static void expect_outputs(const life *l) {
    for (int i = 0; reference.known && i < SAMPLES * CLASSES; i++) {
        const float difference = fabsf(l->predicted[i] - reference.predicted[i]);
        if (!(difference <= (l->other_device ? 1e-3f : 0.0f)))
            life_fault("output %d is %.9g, not %.9g", i, (double)l->predicted[i], (double)reference.predicted[i]);
    }
}

static void end(life *l) {
    fault_go_on();
    soma_session_destroy(l->session);
    soma_network_destroy(l->loaded);
    soma_network_destroy(l->network);
    soma_dataset_destroy(l->dataset);
    soma_device_close(l->device);
    soma_device_close(l->streaming);
    fault_pause();
    if (fault_memory_held()) life_fault("%ld pieces of memory are lost", fault_memory_held());
    if (fault_objects_held()) life_fault("%ld objects of OpenCL are lost", fault_objects_held());
}

static void learn_reference(const life *l) {
    memcpy(reference.predicted, l->predicted, sizeof reference.predicted);
    reference.model = contents(model_path);
    reference.onnx = contents(onnx_path);
    reference.known = true;
}

void life_live(const char *device, const char *directory) {
    life l = {.device_name = device};
    home = directory;
    snprintf(table_path, sizeof table_path, "%s/table.csv", directory);
    snprintf(model_path, sizeof model_path, "%s/model.safetensors", directory);
    snprintf(checkpoint_path, sizeof checkpoint_path, "%s/checkpoint.safetensors", directory);
    snprintf(onnx_path, sizeof onnx_path, "%s/model.onnx", directory);
    write_table();
    put(model_path, old_contents);
    put(onnx_path, old_contents);
    unlink(checkpoint_path);
    attempt(&l, "opening the device", open_device, NULL);
    attempt(&l, "opening it to stream", open_streaming, NULL);
    l.other_device = fault_struck() != NULL;
    attempt(&l, "reading the table", read_data, NULL);
    attempt(&l, "training", train, check_checkpoint);
    attempt(&l, "resuming", resume, check_checkpoint);
    attempt(&l, "saving", save, check_model);
    attempt(&l, "loading", load, NULL);
    attempt(&l, "predicting", predict, NULL);
    attempt(&l, "running a session", run_session, NULL);
#ifdef SOMA_HAVE_ONNX
    attempt(&l, "saving as ONNX", save_onnx, check_onnx);
    attempt(&l, "loading from ONNX", load_onnx, NULL);
#else
    (void)check_onnx;
#endif
    expect_outputs(&l);
    if (!reference.known) learn_reference(&l);
    end(&l);
}
