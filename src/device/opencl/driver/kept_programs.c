/* SPDX-License-Identifier: MIT */
/*
 * Programs that drivers have built, in files of the cache directory, for drivers that compile all kernels of a program
 * at once, which took them long enough. A file is named by a hash of the device, of the environment that drivers read,
 * and of the program's name and options. In it are all that the program depends on, in words, and what the driver calls
 * the program's binary. So a newer driver, or newer sources, take the place of the old. A file is believed as a whole
 * or not at all, and a driver that refuses what is in it is given the source.
 */
#include "device/opencl/driver/program.h"

#include "base/cache.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "soma opencl program 1\n"
enum { LIMIT = 1 << 28, MOST = 64 /* devices of a context */, SUM_LENGTH = 21 /* "sum 0123456789abcdef\n" */ };

/* What the driver builds in less is not worth a file: it has kept the program itself, or there is little in it. */
#define WORTH_KEEPING 0.02 /* seconds */

/* ----------------------------------------------------------------------------------------- what a program depends on
 */

/* What the processor can do, as Linux lists it. The binary has instructions that others lack, though they may have the
 * same name: virtual machines hide some. */
static void append_abilities(soma_text *text) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[8192];
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0 || strncmp(line, "isa", 3) == 0) {
            soma_text_append(text, "processor %016" PRIx64 "\n", soma_cache_hash(line, strlen(line)));
            break;
        }
    if (file) fclose(file);
}

/* What is the device's: looked up once, and kept with it. NULL without memory. */
static const char *identify(soma_cl_device *device) {
    if (device->identity) return device->identity;
    const soma_device_info *info = &device->info;
    char version[128] = "";
    soma_text text = {0};
    clGetDeviceInfo(device->id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    soma_text_append(&text, HEAD "device %s, %s, %s\ndriver %s, %s\n", info->name, info->vendor, info->platform,
                     info->driver, version);
    if (info->kind == SOMA_DEVICE_OPENCL_CPU) append_abilities(&text);
    if (text.failed) {
        soma_free(text.data);
        return NULL;
    }
    return device->identity = text.data;
}

/* The words that a file of this program begins with. */
static bool describe(soma_cl_device *device, const soma_cl_built *built, soma_text *words) {
    const char *identity = identify(device);
    if (!identity) return false;
    soma_text_append(words, "%ssource", identity);
    for (size_t i = 0; i < SOMA_COUNT_OF(built->texts); i++)
        soma_text_append(words, " %zu %016" PRIx64, strlen(built->texts[i]),
                         soma_cache_hash(built->texts[i], strlen(built->texts[i])));
    soma_text_append(words, "\nprogram %s\n", built->key);
    return words->data && !words->failed;
}

/* NULL where no directory is named for it, or memory has run out. */
static char *name_file(const soma_cl_device *device, const soma_cl_built *built) {
    const soma_device_info *info = &device->info;
    soma_text text = {0};
    char name[64], *path = NULL;
    soma_text_append(&text, "%s, %s, %016" PRIx64 ", %s", info->name, info->platform, soma_cl_hash_environment(false),
                     built->key);
    if (text.data && !text.failed) {
        snprintf(name, sizeof name, "opencl-programs/%016" PRIx64 ".bin", soma_cache_hash(text.data, text.length));
        if (soma_cache_path(name, &path) != SOMA_OK) path = NULL;
    }
    soma_free(text.data);
    return path;
}

/* Those of a driver that keeps programs itself, and compiles of each what is used alone, would be built in full. */
static bool are_kept(const soma_cl_device *device) {
    return !device->compiles_on_use && soma_fast_paths();
}

/* ------------------------------------------------------------------------------------------------------------ reading
 */

/* Words, a line with the checksum of the binary, binary. */
static const uint8_t *find_binary(const soma_buffer *file, const soma_text *words, size_t *size) {
    char sum[SUM_LENGTH + 1];
    if (file->size <= words->length + SUM_LENGTH || memcmp(file->data, words->data, words->length) != 0) return NULL;
    const uint8_t *binary = file->data + words->length + SUM_LENGTH;
    *size = file->size - words->length - SUM_LENGTH;
    snprintf(sum, sizeof sum, "sum %016" PRIx64 "\n", soma_cache_hash((const char *)binary, *size));
    return memcmp(binary - SUM_LENGTH, sum, SUM_LENGTH) == 0 ? binary : NULL;
}

static cl_program make(soma_cl_device *device, const soma_cl_built *built, const uint8_t *binary, size_t size) {
    cl_int taken = CL_SUCCESS, code;
    cl_program program = clCreateProgramWithBinary(device->context, 1, &device->id, &size, &binary, &taken, &code);
    if (code != CL_SUCCESS) return NULL;
    if (taken == CL_SUCCESS) code = clBuildProgram(program, 1, &device->id, built->options, NULL, NULL);
    if (taken == CL_SUCCESS && code == CL_SUCCESS) return program;
    soma_cl_release_program(device, program);
    return NULL;
}

cl_program soma_cl_recall_program(soma_cl_device *device, const soma_cl_built *built) {
    soma_text words = {0};
    soma_buffer file = {NULL, 0};
    bool there = false;
    cl_program program = NULL;
    char *path = are_kept(device) ? name_file(device, built) : NULL;
    if (path && soma_file_read_if_there(path, LIMIT, &file, &there) == SOMA_OK && there &&
        describe(device, built, &words)) {
        size_t size;
        const uint8_t *binary = find_binary(&file, &words, &size);
        if (binary) program = make(device, built, binary, size);
        soma_log(SOMA_LOG_DEBUG, "%s: %s", path,
                 program  ? built->key
                 : binary ? "the driver refuses what it has made itself"
                          : "holds no more");
    }
    soma_free(words.data);
    soma_free(file.data);
    soma_free(path);
    return program;
}

/* ------------------------------------------------------------------------------------------------------------ writing
 */

/* Which of the devices of the program's context, which may be an application's, is this one, and of how many; MOST: of
 * more, or none. */
static size_t find_place(const soma_cl_device *device, cl_program program, size_t *count) {
    cl_device_id ids[MOST];
    size_t bytes = 0, place = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_DEVICES, sizeof ids, ids, &bytes) != CL_SUCCESS) return MOST;
    *count = bytes / sizeof *ids;
    while (place < *count && ids[place] != device->id) place++;
    return place < *count ? place : MOST;
}

/* The program's binary behind `room` bytes for what goes before it; NULL: the driver gives none, or memory has run out.
 */
static uint8_t *read_binary(const soma_cl_device *device, cl_program program, size_t room, size_t *size) {
    size_t sizes[MOST] = {0}, count;
    uint8_t *binaries[MOST] = {NULL}; /* none is wanted of the other devices, for which it was not built */
    const size_t place = find_place(device, program, &count);
    if (place == MOST ||
        clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, count * sizeof *sizes, sizes, NULL) != CL_SUCCESS)
        return NULL;
    *size = sizes[place];
    if (!*size || *size > LIMIT - room) return NULL;
    uint8_t *bytes = soma_calloc(room + *size, 1);
    if (bytes) binaries[place] = bytes + room;
    if (bytes && clGetProgramInfo(program, CL_PROGRAM_BINARIES, count * sizeof *binaries, binaries, NULL) == CL_SUCCESS)
        return bytes;
    soma_free(bytes);
    return NULL;
}

void soma_cl_keep_program(soma_cl_device *device, const soma_cl_built *built, double seconds, cl_program program) {
    soma_text words = {0};
    if (seconds < WORTH_KEEPING || !are_kept(device)) return;
    char *path = name_file(device, built);
    uint8_t *bytes = NULL;
    size_t size;
    if (path && describe(device, built, &words)) bytes = read_binary(device, program, words.length + SUM_LENGTH, &size);
    if (bytes) {
        char sum[SUM_LENGTH + 1];
        const size_t room = words.length + SUM_LENGTH;
        snprintf(sum, sizeof sum, "sum %016" PRIx64 "\n", soma_cache_hash((const char *)bytes + room, size));
        memcpy(bytes, words.data, words.length);
        memcpy(bytes + words.length, sum, SUM_LENGTH);
        if (soma_cache_prepare(path) != SOMA_OK || soma_file_write(path, bytes, room + size) != SOMA_OK)
            soma_log(SOMA_LOG_DEBUG, "a program of OpenCL cannot be kept: %s", soma_last_error());
    }
    soma_free(bytes);
    soma_free(words.data);
    soma_free(path);
}
