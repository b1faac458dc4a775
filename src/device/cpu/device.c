/* SPDX-License-Identifier: MIT */
/* The cpu device: life and memory. */
#include "base/threads.h"
#include "device/cpu/host.h"
#include "device/cpu/run.h"
#include <soma/device.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct cpu_state {
    const soma_cpu_isa *isa;
    soma_threads *threads;
    /* Host memory that is lent to us, so that free knows what isn't ours. A pointer is there as often as it was
     * wrapped. */
    const void **wrapped;
    size_t wrapped_count, wrapped_capacity;
} cpu_state;

/* -------------------------------------------------------------------------------------------------------- life */

/* SOMA_THREADS, else the option, else all cores. */
static soma_status choose_threads(const soma_device_options *options, uint32_t *threads) {
    const char *text = getenv("SOMA_THREADS");
    *threads = options->threads ? options->threads : soma_threads_available();
    if (text && *text) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);
        if (*end || value < 1 || value > SOMA_CPU_MAX_THREADS)
            return soma_error(SOMA_INVALID_ARGUMENT, "SOMA_THREADS=%s: a number from 1 to %d is expected", text,
                              SOMA_CPU_MAX_THREADS);
        *threads = (uint32_t)value;
    }
    if (*threads > SOMA_CPU_MAX_THREADS)
        return soma_error(SOMA_INVALID_ARGUMENT, "%u threads: at most %d can be used", *threads, SOMA_CPU_MAX_THREADS);
    return SOMA_OK;
}

static void fill_info(const soma_cpu_isa *isa, uint32_t threads, soma_device_info *info) {
    *info = (soma_device_info){.kind = SOMA_DEVICE_CPU, .compute_units = threads, .alignment = SOMA_CPU_ALIGNMENT};
    snprintf(info->name, sizeof info->name, "cpu");
    snprintf(info->platform, sizeof info->platform, "host");
    soma_host_processor(info->vendor, sizeof info->vendor);
    snprintf(info->driver, sizeof info->driver, "soma %s", soma_version());
#ifdef SOMA_HAVE_CBLAS
    const char *large = ", large ones CBLAS";
#else
    const char *large = "";
#endif
    snprintf(info->gemm, sizeof info->gemm, "soma %s%s", isa->name, large);
    info->memory = soma_host_memory();
}

static soma_status cpu_enumerate(soma_device_visitor *visitor, void *context) {
    const soma_cpu_isa *isa = NULL;
    uint32_t threads;
    soma_device_info info;
    soma_status status = soma_cpu_isa_choose(&isa);
    if (status == SOMA_OK) status = choose_threads(&(soma_device_options){0}, &threads);
    fill_info(isa ? isa : soma_cpu_isa_get(0), status == SOMA_OK ? threads : 1, &info);
    visitor(context, 0, &info, status == SOMA_OK, status == SOMA_OK ? NULL : soma_last_error());
    return SOMA_OK;
}

static void cpu_close(void *opaque) {
    cpu_state *state = opaque;
    soma_threads_destroy(state->threads);
    soma_free(state->wrapped);
    soma_free(state);
}

static void cpu_after_fork(void *opaque) {
    cpu_state *state = opaque;
    soma_threads_abandon(state->threads);
    state->threads = NULL;
}

static soma_status cpu_open(uint32_t index, const soma_device_options *options, void **result) {
    *result = NULL;
    if (index != 0) return soma_error(SOMA_NO_DEVICE, "cpu:%u: there is one cpu device, number 0", index);
    uint32_t threads;
    SOMA_TRY(choose_threads(options, &threads));
    cpu_state *state = soma_calloc(1, sizeof *state);
    if (!state) return soma_out_of_memory(sizeof *state, "the cpu device");
    soma_status status = soma_cpu_isa_choose(&state->isa);
    if (status == SOMA_OK) status = soma_threads_create(threads, &state->threads);
    if (status == SOMA_OK)
        *result = state;
    else
        cpu_close(state);
    return status;
}

static void cpu_info(void *opaque, soma_device_info *info) {
    const cpu_state *state = opaque;
    fill_info(state->isa, soma_threads_count(state->threads), info);
}

/* ------------------------------------------------------------------------------------------------------ memory */

static soma_status cpu_alloc(void *opaque, size_t bytes, void **memory) {
    (void)opaque;
    *memory = soma_host_alloc(bytes);
    return *memory ? SOMA_OK : soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the system refused %zu bytes", bytes);
}

static soma_status cpu_wrap(void *opaque, const void *host, size_t bytes, void **memory) {
    (void)bytes;
    cpu_state *state = opaque;
    if (state->wrapped_count == state->wrapped_capacity) {
        size_t capacity = state->wrapped_capacity ? 2 * state->wrapped_capacity : 16;
        const void **wrapped = soma_realloc(state->wrapped, capacity, sizeof *wrapped);
        if (!wrapped) return soma_out_of_memory(capacity * sizeof *wrapped, "the list of wrapped memory");
        state->wrapped = wrapped;
        state->wrapped_capacity = capacity;
    }
    state->wrapped[state->wrapped_count++] = host;
    memcpy(memory, &host, sizeof host); /* the handle is the pointer; that it is read only, the caller keeps in mind */
    return SOMA_OK;
}

static void cpu_free(void *opaque, void *memory) {
    cpu_state *state = opaque;
    for (size_t i = state->wrapped_count; i-- > 0;)
        if (state->wrapped[i] == memory) {
            state->wrapped[i] = state->wrapped[--state->wrapped_count];
            return;
        }
    soma_host_free(memory);
}

static soma_status cpu_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    memcpy((unsigned char *)memory + offset, source, bytes);
    return SOMA_OK;
}

static soma_status cpu_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    memcpy(target, (const unsigned char *)memory + offset, bytes);
    return SOMA_OK;
}

static soma_status cpu_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    return cpu_write(state, to, to_offset, (const unsigned char *)from + from_offset, bytes);
}

static soma_status cpu_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    memset((unsigned char *)memory + offset, byte, bytes);
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- work */

static soma_status cpu_prepare(void *opaque, soma_call *call, size_t *workspace) {
    cpu_state *state = opaque;
    return soma_cpu_prepare(state->isa, soma_threads_count(state->threads), call, workspace);
}

static soma_status cpu_run(void *opaque, soma_call *calls, size_t count) {
    cpu_state *state = opaque;
    soma_cpu_run(state->threads, calls, count);
    return SOMA_OK;
}

static void cpu_release(void *state, soma_call *call) {
    (void)state;
    soma_cpu_release(call);
}

static soma_status cpu_sync(void *state) {
    (void)state; /* run returns when all is done */
    return SOMA_OK;
}

static bool cpu_combines(void *state, soma_primitive primitive) {
    (void)state;
    return primitive == SOMA_PRIMITIVE_CONV_ADD || primitive == SOMA_PRIMITIVE_ATTENTION ||
           primitive == SOMA_PRIMITIVE_ATTENTION_GRAD || primitive == SOMA_PRIMITIVE_OPTIMIZER_ROWS ||
           primitive == SOMA_PRIMITIVE_RECURRENT || primitive == SOMA_PRIMITIVE_RECURRENT_GRAD;
}

/* -------------------------------------------------------------------------------------------------------- peak */

typedef struct peak_run {
    const soma_cpu_isa *isa;
    size_t rounds;
    double operations[SOMA_CPU_MAX_THREADS];
} peak_run;

static void multiply_add(void *context, uint32_t thread) {
    peak_run *run = context;
    float result = 1e-6f;
    run->operations[thread] = run->isa->multiply_add(run->rounds, &result);
    /* What nobody reads the compiler would not compute. */
    if (result == 0.0f) run->operations[thread] += 1.0;
}

/* The best of several runs, since whatever else the machine does can only make one slower. */
static soma_status cpu_peak(void *opaque, double *gflops) {
    enum { RUNS = 10 };
    const double run_seconds = 0.02;
    cpu_state *state = opaque;
    peak_run *run = soma_calloc(1, sizeof *run);
    if (!run) return soma_out_of_memory(sizeof *run, "measuring the peak");
    *run = (peak_run){.isa = state->isa, .rounds = 1000};
    for (int runs = 0; runs < RUNS;) {
        double began = soma_seconds(), operations = 0;
        soma_threads_run(state->threads, multiply_add, run);
        double seconds = soma_seconds() - began;
        for (uint32_t i = 0; i < soma_threads_count(state->threads); i++) operations += run->operations[i];
        if (seconds < run_seconds) {
            run->rounds *= 2;
            continue;
        }
        *gflops = SOMA_MAX(*gflops, operations / seconds * 1e-9);
        runs++;
    }
    soma_free(run);
    return SOMA_OK;
}

extern const soma_device_api soma_cpu_api; /* for the registry */
const soma_device_api soma_cpu_api = {
    .abi = SOMA_DEVICE_ABI,
    .size = sizeof(soma_device_api),
    .name = "cpu",
    .enumerate = cpu_enumerate,
    .open = cpu_open,
    .close = cpu_close,
    .info = cpu_info,
    .alloc = cpu_alloc,
    .free = cpu_free,
    .write = cpu_write,
    .read = cpu_read,
    .copy = cpu_copy,
    .fill = cpu_fill,
    .wrap = cpu_wrap,
    .prepare = cpu_prepare,
    .run = cpu_run,
    .release = cpu_release,
    .sync = cpu_sync,
    .peak = cpu_peak,
    .after_fork = cpu_after_fork,
    .combines = cpu_combines,
};
