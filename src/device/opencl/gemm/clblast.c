/* SPDX-License-Identifier: MIT */
/* Matrix products by CLBlast: column-major calls with the operands swapped, which spares it transposing the result. */
#include "device/opencl/gemm/clblast.h"

#ifdef SOMA_HAVE_CLBLAST

#include <clblast_c.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* The functions of CLBlast that we call. */
static struct {
    __typeof__(CLBlastSGemmTempBufferSize) *temp_buffer_size;
    __typeof__(CLBlastSgemmWithTempBuffer) *multiply;
    __typeof__(CLBlastClearCache) *clear_cache;
} clblast;

#ifdef SOMA_CLBLAST_LINKED

bool soma_cl_clblast_load(char *reason, size_t size) {
    (void)reason, (void)size;
    clblast.temp_buffer_size = CLBlastSGemmTempBufferSize;
    clblast.multiply = CLBlastSgemmWithTempBuffer;
    clblast.clear_cache = CLBlastClearCache;
    return true;
}

static void unload(void) {}

#else

/*
 * Loaded when the first GPU wants it: with it come the C++ library and thousands of symbols to bind, a third of the
 * time in which a program on the cpu device starts and makes its first step.
 */
static void *library;

static void unload(void) {
    if (library) dlclose(library);
    library = NULL;
}

/* POSIX lets a pointer to data be one to a function, ISO C has no conversion between them. */
#define FIND(member, name) find(name, &clblast.member, sizeof clblast.member)

static bool find(const char *name, void *function, size_t size) {
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

bool soma_cl_clblast_load(char *reason, size_t size) {
    static const char *const names[] = {"libclblast.so.1", "libclblast.so", "libclblast.dylib"};
    if (library) return true; /* other devices use it */
    for (size_t i = 0; !library && i < SOMA_COUNT_OF(names); i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!library && i == 0) snprintf(reason, size, "it cannot be loaded: %s", dlerror());
    }
    if (!library) return false;
    if (FIND(temp_buffer_size, "CLBlastSGemmTempBufferSize") && FIND(multiply, "CLBlastSgemmWithTempBuffer") &&
        FIND(clear_cache, "CLBlastClearCache"))
        return true;
    snprintf(reason, size, "it lacks a function: %s", dlerror());
    unload();
    return false;
}

#endif

typedef struct multiplication {
    soma_cl_product head;
    size_t m, n, k;
    size_t scratch_offset, scratch_bytes; /* in the workspace; 0 bytes for none */
    cl_mem a, b, c, scratch;
} multiplication;

/*
 * CLBlast keeps its programs in caches that all devices of the process share, and in releases before 1.6.1 two
 * threads that fill them at a time disturb each other. A device's own lock does not keep another device out.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define ALONE(call) (pthread_mutex_lock(&lock), (call), pthread_mutex_unlock(&lock))

bool soma_cl_clblast_is_built_in(void) {
    return true;
}

void soma_cl_clblast_forget(void) {
    ALONE(clblast.clear_cache());
    unload();
}

/* CLBlast passes OpenCL's codes through and has some of its own below -1023. */
static soma_status check(CLBlastStatusCode code, const soma_cl_device *device) {
    if (code > -1024) return soma_cl_check((cl_int)code, "a matrix product by CLBlast on %s", device->info.name);
    return soma_error(SOMA_DEVICE_FAILED, "a matrix product by CLBlast on %s: CLBlast error %d", device->info.name,
                      (int)code);
}

static CLBlastTranspose transpose(bool transposed) {
    return transposed ? CLBlastTransposeYes : CLBlastTransposeNo;
}

/* Elements from one row of a stored matrix to the next. */
static size_t row_a(const multiplication *product, const soma_gemm_params *params) {
    return params->transpose_a ? product->m : product->k;
}

static size_t row_b(const multiplication *product, const soma_gemm_params *params) {
    return params->transpose_b ? product->k : product->n;
}

static soma_status bind_view(soma_cl_device *device, const soma_call *call, uint32_t view, cl_mem *buffer) {
    const soma_view *shown = &call->view[view];
    return soma_cl_window_at(device, call->prepared, shown->memory, shown->offset, soma_cl_view_extent(shown), buffer);
}

static soma_status bind(soma_cl_device *device, const soma_call *call) {
    soma_cl_prepared *prepared = call->prepared;
    multiplication *product = (multiplication *)prepared->product;
    SOMA_TRY(bind_view(device, call, 0, &product->a));
    SOMA_TRY(bind_view(device, call, 1, &product->b));
    SOMA_TRY(bind_view(device, call, 3, &product->c));
    if (product->scratch_bytes == 0) return SOMA_OK;
    return soma_cl_window_at(device, prepared, call->workspace, call->workspace_offset + product->scratch_offset,
                             product->scratch_bytes, &product->scratch);
}

static soma_status run(soma_cl_device *device, const soma_call *call) {
    const multiplication *product = (const multiplication *)((soma_cl_prepared *)call->prepared)->product;
    const soma_gemm_params *params = &call->params.gemm;
    CLBlastStatusCode code;
    ALONE(code = clblast.multiply(CLBlastLayoutColMajor, transpose(params->transpose_b), transpose(params->transpose_a),
                                  product->n, product->m, product->k, params->alpha, product->b, 0,
                                  row_b(product, params), product->a, 0, row_a(product, params), params->beta,
                                  product->c, 0, product->n, &device->queue, NULL, product->scratch));
    return check(code, device);
}

static void destroy(soma_cl_product *product) {
    soma_free(product);
}

static const soma_cl_product_api api = {bind, run, destroy};

void soma_cl_product_write(soma_cl_builder *builder, size_t m, size_t n, size_t k) {
    if (builder->status != SOMA_OK) return;
    multiplication *product = soma_calloc(1, sizeof *product);
    if (!product) {
        builder->status = soma_out_of_memory(sizeof *product, "a matrix product");
        return;
    }
    builder->prepared->product = &product->head;
    *product = (multiplication){.head = {&api}, .m = m, .n = n, .k = k};
    const soma_gemm_params *params = &builder->call->params.gemm;
    CLBlastStatusCode code;
    ALONE(code =
              clblast.temp_buffer_size(CLBlastLayoutColMajor, transpose(params->transpose_b),
                                       transpose(params->transpose_a), n, m, k, 0, row_b(product, params), 0,
                                       row_a(product, params), 0, n, &builder->device->queue, &product->scratch_bytes));
    builder->status = check(code, builder->device);
    if (product->scratch_bytes) product->scratch_offset = soma_cl_reserve(builder, product->scratch_bytes);
}

#else

#include <stdio.h>

bool soma_cl_clblast_is_built_in(void) {
    return false;
}

bool soma_cl_clblast_load(char *reason, size_t size) {
    snprintf(reason, size, "soma was built without it");
    return false;
}

void soma_cl_clblast_forget(void) {}

void soma_cl_product_write(soma_cl_builder *builder, size_t m, size_t n, size_t k) {
    builder->status = soma_error(SOMA_INTERNAL, "a product of %zu x %zu x %zu by CLBlast, which is not there", m, n, k);
}

#endif
