/* SPDX-License-Identifier: MIT */
/*
 * Has every case of the conformance suite prepared on an OpenCL device, and every kernel built that could do a matrix
 * product, and prints what is built, and what the compiler says of that, as the log tells it. Kernels are not run: PoCL
 * would compile each anew for the sizes of its groups. Beside that it writes each kernel source, as drivers get it,
 * into a directory.
 *
 * Usage: opencl_programs DIRECTORY          exit status 77: there is no OpenCL device
 */
#include "device/calls.h"
#include "device/conformance/suite.h"
#include "device/opencl/driver/program.h"
#include "device/opencl/gemm/clblast.h"
#include "device/opencl/gemm/trial.h"

#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_line(void *context, soma_log_level level, const char *message) {
    (void)context, (void)level;
    puts(message);
}

static void expect(soma_status status, const char *what) {
    if (status == SOMA_OK) return;
    fprintf(stderr, "%s: %s\n", what, soma_last_error());
    exit(EXIT_FAILURE);
}

static void write_source(const char *directory, const soma_cl_source *source, const soma_text *head) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, source->name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(head->data, file) < 0 || fputs(source->text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void *open_state(uint32_t index) {
    const soma_device_options options = {0};
    void *state;
    expect(soma_opencl_api.open(index, &options, &state), "opening the device");
    return state;
}

/*
 * Has each kernel that may be chosen for a matrix product built, for each transposition, and what comes after a product
 * of CLBlast's for rows that are short and long. The suite has the default one at work.
 */
static void build_choices(uint32_t index) {
    static const size_t columns[] = {1, 1000};
    char reason[256];
    soma_cl_device *device = open_state(index);
    if (!soma_cl_works_on_vectors(device) && !soma_cl_clblast_start(device, reason, sizeof reason))
        printf("without CLBlast: %s\n", reason);
    for (size_t i = 0; i < SOMA_CL_GEMM_COUNT; i++)
        for (unsigned variant = 0; variant < 4 * SOMA_COUNT_OF(columns); variant++) {
            const soma_cl_trial trial = {
                .device = device,
                .size = {1, columns[variant / 4], 1},
                .params = {.transpose_a = variant & 1, .transpose_b = variant & 2, .alpha = 1},
                .has_bias = true,
            };
            size_t scratch;
            if (soma_cl_gemm_fits(device, &soma_cl_gemms[i]))
                expect(soma_cl_trial_scratch(&trial, &soma_cl_gemms[i], &scratch), soma_cl_gemms[i].name);
        }
    soma_opencl_api.close(device);
}

/* Small calls that are to be run often, which some devices do all in one launch, by a kernel that the suite has no use
 * for. */
static void run_list(uint32_t index) {
    enum { CALLS = 2, RUNS = 1000 };
    const size_t count = 16;
    void *state = open_state(index), *memory;
    soma_call calls[CALLS];
    size_t workspace;
    expect(soma_opencl_api.alloc(state, count * sizeof(float), &memory), "allocating");
    for (int i = 0; i < CALLS; i++) {
        calls[i] = soma_call_fill(soma_view_of(memory, 0, SOMA_F32, 1, &count), (float)i);
        expect(soma_opencl_api.prepare(state, &calls[i], &workspace), "preparing a call");
    }
    expect(soma_opencl_api.arrange(state, calls, CALLS, RUNS), "making a list");
    expect(soma_opencl_api.run(state, calls, CALLS), "running a list");
    for (int i = 0; i < CALLS; i++) soma_opencl_api.release(state, &calls[i]);
    soma_opencl_api.free(state, memory);
    soma_opencl_api.close(state);
}

/* What the suite has a device build. */
static void prepare_suite(soma_device *device) {
    for (uint32_t row = 0; row < SOMA_CHECK_COUNT; row++) {
        soma_check_result result;
        if (!soma_suite_has(row)) continue;
        expect(soma_suite_prepare(device, row, &result), "the conformance suite");
        if (result.passed) continue;
        fprintf(stderr, "%s: %s\n", result.primitive, result.detail);
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv) {
    soma_device *device;
    soma_text head = {0};
    double gflops;
    if (argc != 2) return 2;
    soma_cl_append_numbers(&head);
    if (!head.data || head.failed) return EXIT_FAILURE;
    for (const soma_cl_source *source = soma_cl_sources; source->name; source++) write_source(argv[1], source, &head);
    soma_free(head.data);
    soma_log_set(print_line, NULL, SOMA_LOG_DEBUG);
    soma_status status = soma_device_open("opencl", NULL, &device);
    if (status == SOMA_NO_DEVICE) {
        printf("skipped: %s\n", soma_last_error());
        return 77;
    }
    expect(status, "opening the device");
    prepare_suite(device);
    expect(soma_device_peak(device, &gflops), "measuring the device");
    const uint32_t index = (uint32_t)strtoul(strchr(soma_device_selector(device), ':') + 1, NULL, 10);
    build_choices(index);
    run_list(index);
    soma_device_close(device);
    return EXIT_SUCCESS;
}
