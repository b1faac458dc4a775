/* SPDX-License-Identifier: MIT */
/* The made-up devices. */
#include "fake_device.h"

#include "expect.h"
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *platform;
    soma_device_kind kind;
    uint32_t compute_units;
    uint64_t memory;
    bool usable;
} fakes[FAKE_COUNT] = {
    {"Fake Processor", "Paper", SOMA_DEVICE_OPENCL_CPU, 64, UINT64_C(1) << 40, true},
    {"Fake Small Graphics", "Paper", SOMA_DEVICE_GPU, 8, UINT64_C(1) << 30, true},
    {"Fake Large Graphics", "Paper", SOMA_DEVICE_GPU, 1 << 20, UINT64_C(1) << 50, true},
    {"Fake Broken Graphics", "Cardboard", SOMA_DEVICE_GPU, 1 << 21, UINT64_C(1) << 50, false},
    {"Fake Accelerator", "Paper", SOMA_DEVICE_ACCELERATOR, 1 << 20, UINT64_C(1) << 50, true},
};
bool fake_is_hidden[FAKE_COUNT];

static void fake_describe(uint32_t index, soma_device_info *info) {
    memset(info, 0, sizeof *info);
    snprintf(info->name, sizeof info->name, "%s", fakes[index].name);
    snprintf(info->platform, sizeof info->platform, "%s", fakes[index].platform);
    info->kind = fakes[index].kind;
    info->compute_units = fakes[index].compute_units;
    info->memory = fakes[index].memory;
    info->max_allocation = 4096;
    info->alignment = 64;
}

static soma_status fake_enumerate(soma_device_visitor *visitor, void *context) {
    for (uint32_t i = 0; i < FAKE_COUNT; i++) {
        soma_device_info info;
        fake_describe(i, &info);
        if (!fake_is_hidden[i]) visitor(context, i, &info, fakes[i].usable, fakes[i].usable ? NULL : "it is torn");
    }
    return SOMA_OK;
}

static soma_status fake_open(uint32_t index, const soma_device_options *options, void **state) {
    (void)options;
    *state = (void *)(uintptr_t)(index + 1);
    return SOMA_OK;
}

static void fake_close(void *state) {
    (void)state;
}
static void fake_info(void *state, soma_device_info *info) {
    fake_describe((uint32_t)(uintptr_t)state - 1, info);
}

static soma_status fake_alloc(void *state, size_t bytes, void **memory) {
    (void)state;
    if (bytes == 1024) return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the driver says no");
    *memory = malloc(bytes);
    return SOMA_OK;
}

static void fake_free(void *state, void *memory) {
    (void)state;
    free(memory);
}

static soma_status fake_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    memcpy((char *)memory + offset, source, bytes);
    return SOMA_OK;
}

static soma_status fake_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    memcpy(target, (char *)memory + offset, bytes);
    return SOMA_OK;
}

static soma_status fake_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    (void)state;
    memcpy((char *)to + to_offset, (char *)from + from_offset, bytes);
    return SOMA_OK;
}

static soma_status fake_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    memset((char *)memory + offset, byte, bytes);
    return SOMA_OK;
}

soma_device_api fake_api = {
    .abi = SOMA_DEVICE_ABI,
    .size = sizeof(soma_device_api),
    .name = "fake",
    .enumerate = fake_enumerate,
    .open = fake_open,
    .close = fake_close,
    .info = fake_info,
    .alloc = fake_alloc,
    .free = fake_free,
    .write = fake_write,
    .read = fake_read,
    .copy = fake_copy,
    .fill = fake_fill,
};

char log_lines[4096];

void keep_log(void *context, soma_log_level level, const char *message) {
    (void)context;
    (void)level;
    size_t length = strlen(log_lines);
    snprintf(log_lines + length, sizeof log_lines - length, "%s\n", message);
}

size_t count_in(const char *text, const char *piece) {
    size_t count = 0;
    for (; (text = strstr(text, piece)); text += strlen(piece)) count++;
    return count;
}

void expect_contains(const char *text, const char *piece) {
    ck_assert_msg(strstr(text, piece) != NULL, "\"%s\" is missing in: %s", piece, text);
}

void load_plugin(const char *variable) {
    const char *path = getenv(variable);
    ck_assert_msg(path != NULL, "%s must name the plugin", variable);
    expect_ok(soma_device_load(path));
}

soma_device *open_plugin(const char *variable, const char *name, const soma_device_options *options) {
    soma_device *device;
    load_plugin(variable);
    expect_ok(soma_device_open(name, options, &device));
    return device;
}
