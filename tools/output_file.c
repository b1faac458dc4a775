/* SPDX-License-Identifier: MIT */
/* Files of results: regular ones whole, through the library; what is none, as /dev/stdout, is written straight. */
#include "output_file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static exit_status refuse(const char *option, const char *path, int reason) {
    return fail(STATUS_FAILED, "--%s: %s: cannot write: %s", option, path, strerror(reason));
}

static exit_status outcome(const char *option, soma_status cause) {
    if (cause == SOMA_OK) return STATUS_DONE;
    return option ? fail_from_library(cause, STATUS_FAILED, "--%s", option)
                  : fail_from_library(cause, STATUS_FAILED, NULL);
}

bool output_is_stream(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

/* The directory that a path lies in. */
static bool stat_directory(const char *path, struct stat *info) {
    const char *slash = strrchr(path, '/');
    char *directory = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    bool known = directory && stat(directory, info) == 0;
    free(directory);
    return known;
}

bool output_is_same(const char *first, const char *second) {
    struct stat one, other;
    if (stat(first, &one) == 0 && stat(second, &other) == 0)
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    const char *slash = strrchr(first, '/'), *other_slash = strrchr(second, '/');
    return strcmp(slash ? slash + 1 : first, other_slash ? other_slash + 1 : second) == 0 &&
           stat_directory(first, &one) && stat_directory(second, &other) && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

exit_status output_file_try(const char *option, const char *path) {
    return path ? outcome(option, soma_check_writable(path)) : STATUS_DONE;
}

exit_status output_text_try(const char *option, const char *path) {
    if (!path || !output_is_stream(path)) return output_file_try(option, path);
    return access(path, W_OK) == 0 ? STATUS_DONE : refuse(option, path, errno);
}

exit_status output_text_open(const char *option, const char *path, struct output_text *output) {
    *output = (struct output_text){.option = option, .path = path};
    output->stream = output_is_stream(path) ? fopen(path, "w") : open_memstream(&output->text, &output->size);
    return output->stream ? STATUS_DONE : refuse(option, path, errno);
}

exit_status output_text_close(struct output_text *output) {
    errno = 0;
    int problem = fflush(output->stream) != 0 || ferror(output->stream) ? (errno ? errno : EIO) : 0;
    if (fclose(output->stream) != 0 && !problem) problem = errno;
    exit_status status = STATUS_DONE;
    if (problem)
        status = refuse(output->option, output->path, problem);
    else if (output->text)
        status = outcome(output->option, soma_write_file(output->path, output->text, output->size));
    free(output->text);
    return status;
}

void output_text_discard(struct output_text *output) {
    fclose(output->stream);
    free(output->text);
}
