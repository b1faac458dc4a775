/* SPDX-License-Identifier: MIT */
/*
 * What is known of the drivers, in a file of the cache directory. Its name is a hash of the system and of all that says
 * which drivers there are; in it are the verdicts, and the shared objects that the drivers were made of when they were
 * given. It is believed as a whole or not at all.
 */
#include "device/opencl/driver/probe.h"

#include "base/cache.h"
#include "base/file.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define HEAD "soma opencl drivers 1, " SOMA_VERSION_STRING "\n"
enum { LIMIT = 1 << 17, REASONS_LAST = 10 * 60 /* seconds */ };

bool soma_cl_still_holds(const soma_cl_verdicts *drivers) {
    const int64_t age = (int64_t)time(NULL) - drivers->tried;
    return drivers->tried &&
           (!(drivers->whole[0] || soma_cl_any_platform_failed(drivers)) || (age >= 0 && age < REASONS_LAST));
}

/* ----------------------------------------------------------------------------------------------------- the system */

/* What a file is, as far as that shows without reading it. */
static void describe_file(soma_text *text, const char *path) {
    struct stat about;
    if (stat(path, &about) == 0)
        soma_text_append(text, "%lld %lld.%09ld", (long long)about.st_size, (long long)about.st_mtim.tv_sec,
                         (long)about.st_mtim.tv_nsec);
    else
        soma_text_append(text, "absent");
}

static uint64_t hash_and_free(soma_text *text, bool *failed) {
    const uint64_t hash = text->data ? soma_cache_hash(text->data, text->length) : 0;
    *failed |= text->failed;
    soma_free(text->data);
    *text = (soma_text){0};
    return hash;
}

static const char *value_of(const char *variable) {
    const char *value = getenv(variable);
    return value ? value : "";
}

/* The files that name drivers to the loader. A directory gives them in any order: so hashes are added up. */
static uint64_t hash_vendors(bool *failed) {
    const char *vendors = value_of("OCL_ICD_VENDORS"), *other = value_of("OPENCL_VENDOR_PATH");
    if (!*vendors) vendors = *other ? other : "/etc/OpenCL/vendors";
    uint64_t sum = 0;
    soma_text text = {0};
    DIR *directory = opendir(vendors);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".icd") != 0) continue;
        soma_text path = {0};
        soma_text_append(&path, "%s/%s", vendors, entry->d_name);
        soma_text_append(&text, "%s ", entry->d_name);
        if (path.data) describe_file(&text, path.data);
        *failed |= path.failed;
        soma_free(path.data);
        sum += hash_and_free(&text, failed);
    }
    if (directory) {
        closedir(directory);
        return sum;
    }
    describe_file(&text, vendors);
    return hash_and_free(&text, failed);
}

static bool begins_with_one(const char *text, const char *const *prefixes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

uint64_t soma_cl_hash_environment(bool of_loaders) {
    static const char *const loaders[] = {"OCL_", "OPENCL_", "LD_"}, *const drivers[] = {
                                                                         "CL_",      "POCL_", "RUSTICL_", "MESA_",
                                                                         "GALLIUM_", "CUDA_", "NVIDIA_",  "ROCR_",
                                                                         "HSA_",     "HIP_",  "ZE_"};
    uint64_t sum = 0;
    for (char **variable = environ; variable && *variable; variable++) {
        if (begins_with_one(*variable, drivers, SOMA_COUNT_OF(drivers)) ||
            (of_loaders && begins_with_one(*variable, loaders, SOMA_COUNT_OF(loaders))))
            sum += soma_cache_hash(*variable, strlen(*variable));
    }
    return sum;
}

/* The machine, and what sandboxes and limits take away of it. */
static uint64_t hash_machine(bool *failed) {
    static const char *const places[] = {"/sys/devices/system/cpu", "/proc/self", "/dev/shm", "/dev/dri"};
    struct utsname name;
    struct rlimit limit = {0};
    soma_text text = {0};
    if (uname(&name) == 0)
        soma_text_append(&text, "%s %s %s %s", name.sysname, name.nodename, name.release, name.machine);
    getrlimit(RLIMIT_AS, &limit);
    soma_text_append(&text, " %ju", (uintmax_t)limit.rlim_cur);
    for (size_t i = 0; i < SOMA_COUNT_OF(places); i++) soma_text_append(&text, " %d", access(places[i], F_OK) == 0);
    return hash_and_free(&text, failed);
}

/* NULL where no directory is named for it, or memory has run out. */
static char *name_file(void) {
    bool failed = false;
    const uint64_t parts[] = {hash_machine(&failed), soma_cl_hash_environment(true), hash_vendors(&failed)};
    char name[64], *path = NULL;
    snprintf(name, sizeof name, "opencl-drivers-%016" PRIx64 ".txt",
             soma_cache_hash((const char *)parts, sizeof parts));
    if (failed || soma_cache_path(name, &path) != SOMA_OK) return NULL;
    return path;
}

/* -------------------------------------------------------------------------------------------------------- reading */

/* The rest of a line that begins with this word; NULL for another line. */
static char *after(char *line, const char *word) {
    const size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

/* "SIZE TIME PATH" of a file that is still so. */
static bool is_unchanged(char *object) {
    char *path = strchr(object, '/');
    if (!path || path == object) return false;
    path[-1] = 0;
    soma_text now = {0};
    describe_file(&now, path);
    const bool same = now.data && strcmp(now.data, object) == 0;
    soma_free(now.data);
    return same;
}

static bool read_line(char *line, soma_cl_verdicts *drivers) {
    char *rest, *tab;
    if ((rest = after(line, "object"))) return is_unchanged(rest);
    if ((rest = after(line, "tried"))) return (drivers->tried = strtoll(rest, NULL, 10)) > 0;
    if ((rest = after(line, "whole"))) return snprintf(drivers->whole, sizeof drivers->whole, "%s", rest) > 0;
    if (!(rest = after(line, "platform")) || !(tab = strchr(rest, '\t'))) return false;
    *tab = 0;
    soma_cl_judge_platform(drivers, rest, tab + 1);
    return true;
}

/* `text` is 0-terminated; its last line is the checksum of those before. */
static bool read_text(char *text, size_t length, soma_cl_verdicts *drivers) {
    const size_t sum_length = strlen("sum 0123456789abcdef\n");
    char sum[32];
    if (length < sum_length || strlen(text) != length || strncmp(text, HEAD, strlen(HEAD)) != 0) return false;
    snprintf(sum, sizeof sum, "sum %016" PRIx64 "\n", soma_cache_hash(text, length - sum_length));
    if (strcmp(text + length - sum_length, sum) != 0) return false;
    text[length - sum_length] = 0;
    char *line = text + strlen(HEAD);
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        if (!read_line(line, drivers)) return false;
    }
    return *line == 0;
}

bool soma_cl_recall_drivers(soma_cl_verdicts *drivers) {
    char *path = name_file(), *text = NULL;
    soma_buffer buffer = {NULL, 0};
    bool there = false;
    *drivers = (soma_cl_verdicts){0};
    if (path && soma_file_read_if_there(path, LIMIT, &buffer, &there) == SOMA_OK && there)
        text = soma_realloc(buffer.data, buffer.size + 1, 1);
    if (text) {
        buffer.data = (uint8_t *)text;
        text[buffer.size] = 0;
        there = read_text(text, buffer.size, drivers) && soma_cl_still_holds(drivers);
    }
    if (!text || !there) *drivers = (soma_cl_verdicts){0};
    if (text) soma_log(SOMA_LOG_DEBUG, "%s: %s", path, there ? "tells of the OpenCL drivers" : "holds no more");
    soma_free(buffer.data);
    soma_free(path);
    return text && there;
}

/* -------------------------------------------------------------------------------------------------------- writing */

static void append_objects(soma_text *text, const char *objects) {
    while (*objects) {
        const size_t length = strcspn(objects, "\n");
        char path[4096];
        if (length > 0 && length < sizeof path) {
            memcpy(path, objects, length);
            path[length] = 0;
            soma_text_append(text, "object ");
            describe_file(text, path);
            soma_text_append(text, " %s\n", path);
        }
        objects += length + (objects[length] != 0);
    }
}

void soma_cl_remember_drivers(const soma_cl_verdicts *drivers, const char *objects) {
    soma_text text = {0};
    soma_text_append(&text, HEAD "tried %" PRId64 "\n", drivers->tried);
    append_objects(&text, objects);
    if (drivers->whole[0]) soma_text_append(&text, "whole %s\n", drivers->whole);
    for (size_t i = 0; i < drivers->count; i++)
        soma_text_append(&text, "platform %s\t%s\n", drivers->platform[i].platform, drivers->platform[i].reason);
    if (text.data) soma_text_append(&text, "sum %016" PRIx64 "\n", soma_cache_hash(text.data, text.length));
    char *path = text.failed ? NULL : name_file();
    if (path && (soma_cache_prepare(path) != SOMA_OK || soma_file_write(path, text.data, text.length) != SOMA_OK))
        soma_log(SOMA_LOG_DEBUG, "what is known of the OpenCL drivers cannot be kept: %s", soma_last_error());
    soma_free(path);
    soma_free(text.data);
}
