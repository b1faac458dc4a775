/* SPDX-License-Identifier: MIT */
/* The kernels chosen for a device: read when it opens, kept when it was tuned, told, forgotten. */
#include "device/opencl/gemm/choices.h"

#include "base/cache.h"
#include "base/file.h"
#include "device/opencl/gemm/clblast.h"
#include "device/opencl/gemm/gemm.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------------ telling */

void soma_cl_describe_gemm(soma_cl_device *device) {
    bool own = !device->gemm->by_clblast, clblast = device->gemm->by_clblast;
    for (size_t i = 0; i < device->tuning.count; i++) {
        const bool by_clblast = soma_cl_gemm_named(device->tuning.choices[i].kernel)->by_clblast;
        own |= !by_clblast;
        clblast |= by_clblast;
    }
    snprintf(device->info.gemm, sizeof device->info.gemm, "%s%s%s%s", clblast ? "CLBlast" : "",
             own && clblast ? " and " : "", own ? "soma.cl" : "", device->tuning.count ? ", tuned" : "");
}

void soma_cl_get_tuning(void *state, soma_tuning *tuning) {
    const soma_cl_device *device = state;
    *tuning = (soma_tuning){.default_kernel = device->gemm->name,
                            .file = device->tuning_file,
                            .date = device->tuning.count ? device->tuning.date : NULL,
                            .choices = device->tuning.choices,
                            .count = device->tuning.count};
}

/* ------------------------------------------------------------------------------------------------------ reading */

/* "gemm-NVIDIA-A100-0123456789abcdef.txt": the hash is of all that the file must say of its device. */
static soma_status name_file(soma_cl_device *device) {
    soma_text head = {0};
    SOMA_TRY(soma_cl_choices_head(device, &head));
    char readable[41], name[80];
    snprintf(readable, sizeof readable, "%.40s", device->info.name);
    for (char *at = readable; *at; at++)
        if ((unsigned char)*at >= 0x80 || !isalnum((unsigned char)*at)) *at = '-';
    snprintf(name, sizeof name, "gemm-%s-%016" PRIx64 ".txt", readable, soma_cache_hash(head.data, head.length));
    soma_free(head.data);
    return soma_cache_path(name, &device->tuning_file);
}

/* Every kernel must be able to serve on this device, as far as that shows without a product; CLBlast is tried out, but
 * only where a choice wants it: it takes time to load. */
static soma_status check_kernels(soma_cl_device *device, const soma_cl_tuning *tuning) {
    for (size_t i = 0; i < tuning->count; i++) {
        const soma_cl_gemm *gemm = soma_cl_gemm_named(tuning->choices[i].kernel);
        char reason[256];
        if (gemm->by_clblast && !soma_cl_clblast_start(device, reason, sizeof reason))
            return soma_error(SOMA_UNSUPPORTED, "it wants CLBlast, which can't serve: %s", reason);
        if (!soma_cl_gemm_fits(device, gemm))
            return soma_error(SOMA_UNSUPPORTED, "it wants the kernel %s, which can't serve on this device", gemm->name);
    }
    return SOMA_OK;
}

static soma_status read_file(soma_cl_device *device, soma_cl_tuning *tuning) {
    soma_buffer buffer;
    bool there;
    SOMA_TRY(soma_file_read_if_there(device->tuning_file, SOMA_CL_CHOICES_LIMIT, &buffer, &there));
    if (!there) return SOMA_OK;
    soma_status status = soma_cl_choices_read(device, (const char *)buffer.data, buffer.size, tuning);
    soma_free(buffer.data);
    if (status == SOMA_OK) status = check_kernels(device, tuning);
    return status;
}

void soma_cl_load_tuning(soma_cl_device *device) {
    soma_cl_tuning tuning = {0};
    soma_status status = name_file(device);
    if (status == SOMA_OK && device->tuning_file && !device->gemm_is_fixed) status = read_file(device, &tuning);
    if (status == SOMA_OK) {
        device->tuning = tuning;
    } else {
        soma_log(SOMA_LOG_WARNING, "%s: the choices of kernels in %s are ignored, %s does matrix products: %s",
                 device->info.name, device->tuning_file ? device->tuning_file : "a file", device->gemm->name,
                 soma_last_error());
        soma_cl_free_tuning(&tuning);
        if (!device->gemm->by_clblast) soma_cl_clblast_stop(device);
    }
    soma_cl_describe_gemm(device);
}

/* ------------------------------------------------------------------------------------------------------ keeping */

soma_status soma_cl_keep_tuning(soma_cl_device *device, soma_cl_tuning *tuning) {
    soma_text text = {0};
    SOMA_TRY(soma_cl_choices_write(device, tuning, &text));
    soma_status status = soma_file_write(device->tuning_file, text.data, text.length);
    soma_free(text.data);
    SOMA_TRY(status);
    soma_cl_free_tuning(&device->tuning);
    device->tuning = *tuning;
    *tuning = (soma_cl_tuning){0};
    soma_cl_describe_gemm(device);
    return SOMA_OK;
}

soma_status soma_cl_forget_tuning(void *state, bool *removed) {
    soma_cl_device *device = state;
    *removed = device->tuning_file && unlink(device->tuning_file) == 0;
    if (device->tuning_file && !*removed && errno != ENOENT && errno != ENOTDIR)
        return soma_error(SOMA_IO, "%s: cannot be removed: %s", device->tuning_file, strerror(errno));
    soma_cl_free_tuning(&device->tuning);
    soma_cl_describe_gemm(device);
    return SOMA_OK;
}
