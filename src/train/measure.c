/* SPDX-License-Identifier: MIT */
/* How long a step takes, and its matrix products alone. */
#include "train/measure.h"

#include "base/random.h"
#include "train/fit.h"
#include "train/ids.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------- random data */

/* Some batches, so that the gather reads other rows each time: as many as there are steps, up to so many, in up to so
 * many bytes. */
enum { MOST_BATCHES = 8, MOST_BYTES = 8 << 20 };

static soma_status add_column(soma_column *column, const soma_tensor *like, size_t rows, bool classes,
                              soma_random *random) {
    size_t units = soma_tensor_count(like), count, bytes;
    bool fits = soma_multiply_size(rows, classes ? 1 : units, &count) &&
                soma_multiply_size(count, sizeof(float), &bytes); /* an int32 is as large */
    void *data = fits ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes) : NULL;
    if (!data) return soma_out_of_memory(fits ? bytes : SIZE_MAX, "random data");
    for (size_t i = 0; i < count; i++) {
        if (classes)
            ((int32_t *)data)[i] = (int32_t)soma_random_below(random, units);
        else
            ((float *)data)[i] = soma_random_uniform(random);
    }
    if (classes)
        soma_column_set(column, data, true, SOMA_I32, 0, NULL, units);
    else
        soma_column_set(column, data, true, SOMA_F32, like->rank, like->shape, 0);
    return SOMA_OK;
}

/* Whole numbers, where they name rows of a table. */
static void name_rows(const soma_network *network, size_t input, soma_column *column, size_t rows,
                      soma_random *random) {
    const soma_tensor *table = soma_table_of_input(network, input);
    for (size_t i = 0; table && i < rows * column->width; i++)
        ((float *)column->data)[i] = (float)soma_random_below(random, table->shape[0]);
}

static soma_status fill_storage(const soma_network *network, soma_storage *storage) {
    const soma_compiled *compiled = network->compiled;
    soma_random random;
    soma_random_init(&random, network->seed, SOMA_STREAM_DATA);
    for (size_t i = 0; i < network->input_count; i++) {
        soma_column *column = &storage->input[storage->input_count++];
        SOMA_TRY(add_column(column, network->inputs[i], storage->rows, false, &random));
        name_rows(network, i, column, storage->rows, &random);
    }
    for (size_t i = 0; i < soma_network_output_count(network); i++) {
        if (!compiled->trained_on[i]) continue;
        soma_tensor output = soma_target_like(network, i);
        if (compiled->is_ctc[i]) { /* a label for each sample */
            output.rank = 1;
            output.shape[0] = soma_blank_of(soma_network_output(network, i));
        }
        bool classes = compiled->is_ctc[i] || (soma_loss_is_categorical(compiled->loss[i]) && output.rank == 1);
        SOMA_TRY(add_column(&storage->target[storage->target_count++], &output, storage->rows, classes, &random));
    }
    return SOMA_OK;
}

static soma_status make_data(const soma_network *network, size_t batch, size_t steps, soma_dataset **dataset) {
    size_t width = 0;
    for (size_t i = 0; i < network->input_count; i++) width += soma_tensor_count(network->inputs[i]);
    size_t fitting = MOST_BYTES / sizeof(float) / SOMA_MAX(width, 1) / batch;
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "random data");
    storage->rows = batch * SOMA_MIN(SOMA_MAX(fitting, 1), SOMA_MIN(SOMA_MAX(steps, 1), MOST_BATCHES));
    soma_status status = fill_storage(network, storage);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- steps */

static soma_status open_pass(soma_bench *bench, size_t batch_size, size_t steps) {
    /* What is measured stands for a long training, but for the first step alone. */
    const soma_batches_options options = {.batch = batch_size, .epochs = steps ? 0 : 1, .shuffle = true};
    soma_mode mode = bench->training ? SOMA_MODE_TRAIN : SOMA_MODE_PREDICT;
    SOMA_TRY(make_data(bench->network, batch_size, steps, &bench->dataset));
    SOMA_TRY(soma_pass_open(bench->network, bench->dataset, mode, &options, &bench->pass));
    SOMA_TRY(soma_batches_shuffle(&bench->pass.batches, bench->network->seed, 0));
    if (!bench->training) return SOMA_OK;
    SOMA_TRY(soma_snapshot_open(bench->network->compiled, SOMA_SNAPSHOT_STATE, &bench->before));
    return soma_snapshot_take(&bench->before);
}

static void free_bench(soma_bench *bench) {
    soma_snapshot_close(&bench->before);
    soma_pass_close(&bench->pass);
    soma_dataset_destroy(bench->dataset);
    memset(bench, 0, sizeof *bench);
}

soma_status soma_bench_open(soma_network *network, size_t batch_size, bool training, size_t steps, soma_bench *bench) {
    memset(bench, 0, sizeof *bench);
    SOMA_TRY(soma_require_compiled(network, "a measurement"));
    SOMA_TRY(soma_require_no_fit(network, "a measurement"));
    if (batch_size == 0) return soma_error(SOMA_INVALID_ARGUMENT, "a batch of 0 samples; it needs at least one");
    bench->network = network;
    bench->training = training;
    soma_status status = open_pass(bench, batch_size, steps);
    if (status != SOMA_OK) free_bench(bench);
    return status;
}

soma_status soma_bench_close(soma_bench *bench) {
    soma_status status = bench->training && bench->network ? soma_snapshot_restore(&bench->before) : SOMA_OK;
    free_bench(bench);
    return status;
}

soma_status soma_bench_run(soma_bench *bench, size_t steps) {
    soma_compiled *compiled = bench->network->compiled;
    for (size_t i = 0; i < steps; i++) {
        if (bench->training) compiled->learning_rate = soma_rate_now(compiled, 0, 0);
        SOMA_TRY(soma_pass_run(&bench->pass, bench->next));
        compiled->step += bench->training;
        if (++bench->next == soma_pass_batch_count(&bench->pass)) bench->next = 0;
    }
    return SOMA_OK;
}

soma_status soma_bench_time(soma_bench *bench, size_t steps, double *seconds) {
    double began = soma_seconds();
    SOMA_TRY(soma_bench_run(bench, steps));
    SOMA_TRY(soma_device_sync(bench->network->compiled->device));
    *seconds = soma_seconds() - began;
    return SOMA_OK;
}

static soma_status check_result(const double *microseconds, const char *function) {
    if (microseconds) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: microseconds is NULL", function);
}

soma_status soma_bench_steps(soma_network *network, size_t batch_size, bool training, size_t steps,
                             double *microseconds) {
    SOMA_TRY(check_result(microseconds, "soma_bench_steps"));
    soma_bench bench;
    double seconds = 0;
    SOMA_TRY(soma_bench_open(network, batch_size, training, steps, &bench));
    soma_status status = soma_bench_time(&bench, 1, &seconds); /* binds the plan, wakes the device */
    if (status == SOMA_OK && steps) status = soma_bench_time(&bench, steps, &seconds);
    soma_status closed = soma_bench_close(&bench);
    *microseconds = seconds * 1e6 / (double)SOMA_MAX(steps, 1);
    return status == SOMA_OK ? closed : status;
}

/* --------------------------------------------------------------------------------------------- matrix products */

static soma_status time_calls(soma_device *device, soma_call *calls, size_t count, size_t steps, double *seconds) {
    double began = soma_seconds();
    for (size_t i = 0; i < steps; i++) SOMA_TRY(soma_device_run(device, calls, count));
    SOMA_TRY(soma_device_sync(device));
    *seconds = soma_seconds() - began;
    return SOMA_OK;
}

static soma_status time_gemms(soma_bench *bench, size_t steps, double *seconds) {
    SOMA_TRY(soma_bench_time(bench, 1, seconds)); /* binds the plan */
    size_t count, gemm_count = 0;
    soma_call *calls = soma_plan_calls(soma_pass_plan(&bench->pass, 0), &count);
    soma_call *gemms = soma_calloc(count, sizeof *gemms);
    if (!gemms) return soma_out_of_memory(count * sizeof *gemms, "the matrix products");
    for (size_t i = 0; i < count; i++)
        if (soma_call_is_product(&calls[i])) gemms[gemm_count++] = calls[i];
    soma_device *device = bench->network->compiled->device;
    soma_status status = SOMA_OK;
    *seconds = 0; /* exactly, where there is none */
    if (gemm_count) status = time_calls(device, gemms, gemm_count, 1, seconds);
    if (gemm_count && status == SOMA_OK) status = time_calls(device, gemms, gemm_count, steps, seconds);
    soma_free(gemms);
    return status;
}

soma_status soma_bench_gemms(soma_network *network, size_t batch_size, bool training, size_t steps,
                             double *microseconds) {
    SOMA_TRY(check_result(microseconds, "soma_bench_gemms"));
    if (!steps) return soma_error(SOMA_INVALID_ARGUMENT, "soma_bench_gemms: no steps to time");
    soma_bench bench;
    double seconds = 0;
    SOMA_TRY(soma_bench_open(network, batch_size, training, steps, &bench));
    soma_status status = time_gemms(&bench, steps, &seconds);
    soma_status closed = soma_bench_close(&bench);
    *microseconds = seconds * 1e6 / (double)steps;
    return status == SOMA_OK ? closed : status;
}
