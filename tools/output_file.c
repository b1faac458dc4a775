/* SPDX-License-Identifier: MIT */
/* Files that appear whole or not at all. What is no regular file, as /dev/stdout, is written straight. */
#include "output_file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static exit_status refuse(const char *option, const char *path, const char *reason) {
    return fail(STATUS_FAILED, "--%s: cannot write '%s': %s", option, path, reason);
}

/* Beside the file that a symbolic link points to, so that the link stays one. */
static exit_status open_temporary(struct output_file *file, const char *target) {
    if (asprintf(&file->temporary, "%s.XXXXXX", target) < 0) return fail(STATUS_FAILED, "out of memory");
    int descriptor = mkstemp(file->temporary);
    if (descriptor >= 0) {
        mode_t mask = umask(0); /* mkstemp makes the file private; it gets the rights of any new file */
        umask(mask);
        file->stream = fchmod(descriptor, 0666 & ~mask) == 0 ? fdopen(descriptor, "w") : NULL;
    }
    if (file->stream) return STATUS_DONE;
    exit_status status = refuse(file->option, file->path, strerror(errno));
    if (descriptor >= 0) {
        close(descriptor);
        unlink(file->temporary);
    }
    free(file->temporary);
    return status;
}

exit_status output_file_open(const char *option, const char *path, struct output_file *file) {
    *file = (struct output_file){.option = option, .path = path};
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) return refuse(option, path, "it is a directory");
    if (exists && !S_ISREG(info.st_mode)) {
        file->stream = fopen(path, "w");
        return file->stream ? STATUS_DONE : refuse(option, path, strerror(errno));
    }
    file->target = exists ? realpath(path, NULL) : strdup(path);
    if (!file->target) return refuse(option, path, strerror(errno));
    exit_status status = open_temporary(file, file->target);
    if (status != STATUS_DONE) free(file->target);
    return status;
}

/* Ends the use of the file; keeps what was written if `keep`. Returns 0, or the errno of what went wrong. */
static int finish(struct output_file *file, bool keep) {
    int problem = 0;
    if (fflush(file->stream) != 0 || ferror(file->stream)) problem = errno ? errno : EIO;
    if (!problem && keep && file->temporary && fsync(fileno(file->stream)) != 0) problem = errno;
    if (fclose(file->stream) != 0 && !problem) problem = errno;
    if (file->temporary) {
        if (keep && !problem && rename(file->temporary, file->target) != 0) problem = errno;
        if (!keep || problem) unlink(file->temporary);
    }
    free(file->temporary);
    free(file->target);
    return problem;
}

exit_status output_file_close(struct output_file *file) {
    int problem = finish(file, true);
    return problem ? refuse(file->option, file->path, strerror(problem)) : STATUS_DONE;
}

/* Whether a new file can be put beside this one. */
static bool may_write_beside(const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    bool may = directory && access(directory, W_OK | X_OK) == 0;
    int problem = errno;
    free(directory);
    return errno = problem, may;
}

/* Makes no file to find out, not even for a moment: a process may be killed at any. */
exit_status output_file_try(const char *option, const char *path) {
    struct stat info;
    if (!path) return STATUS_DONE;
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) return refuse(option, path, "it is a directory");
    if (exists && access(path, W_OK) != 0) return refuse(option, path, strerror(errno));
    if (exists && !S_ISREG(info.st_mode)) return STATUS_DONE;
    char *target = exists ? realpath(path, NULL) : strdup(path);
    bool may = target && may_write_beside(target);
    exit_status status = may ? STATUS_DONE : refuse(option, path, strerror(errno));
    free(target);
    return status;
}
