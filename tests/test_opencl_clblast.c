/* SPDX-License-Identifier: MIT */
/*
 * CLBlast's caches are the whole process's, and are not safe for threads in all of its releases: whatever device calls
 * it, it is called under one lock. That needs no second thread to see: here CLBlast's functions and the locks are
 * wrapped, and what is held when CLBlast is called has to have one lock in common.
 */
#include "opencl_devices.h"

#include "suite.h"
#include <clblast_c.h>
#include <pthread.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- locks */

enum { MOST_LOCKS = 16 };

typedef struct locks {
    const void *lock[MOST_LOCKS];
    size_t count;
} locks;

static _Thread_local locks held;
static locks common; /* to all calls of CLBlast so far */
static int calls;

int __real_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock) {
    const int code = __real_pthread_mutex_lock(lock);
    if (code == 0 && held.count < MOST_LOCKS) held.lock[held.count++] = lock;
    return code;
}

int __real_pthread_mutex_unlock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock) {
    for (size_t i = held.count; i-- > 0;)
        if (held.lock[i] == lock) {
            held.lock[i] = held.lock[--held.count];
            break;
        }
    return __real_pthread_mutex_unlock(lock);
}

static bool has(const locks *set, const void *lock) {
    for (size_t i = 0; i < set->count; i++)
        if (set->lock[i] == lock) return true;
    return false;
}

static void note_call(void) {
    if (calls++ == 0) common = held;
    for (size_t i = common.count; i-- > 0;)
        if (!has(&held, common.lock[i])) common.lock[i] = common.lock[--common.count];
}

/* -------------------------------------------------------------------------------------------------------- CLBlast */

static __typeof__(CLBlastSGemmTempBufferSize) *temp_buffer_size;
static __typeof__(CLBlastSgemmWithTempBuffer) *multiply;
static __typeof__(CLBlastClearCache) *clear_cache;

static CLBlastStatusCode spy_temp_buffer_size(CLBlastLayout layout, CLBlastTranspose ta, CLBlastTranspose tb, size_t m,
                                              size_t n, size_t k, size_t a, size_t row_a, size_t b, size_t row_b,
                                              size_t c, size_t row_c, cl_command_queue *queue, size_t *size) {
    note_call();
    return temp_buffer_size(layout, ta, tb, m, n, k, a, row_a, b, row_b, c, row_c, queue, size);
}

static CLBlastStatusCode spy_multiply(CLBlastLayout layout, CLBlastTranspose ta, CLBlastTranspose tb, size_t m,
                                      size_t n, size_t k, float alpha, cl_mem a, size_t at_a, size_t row_a, cl_mem b,
                                      size_t at_b, size_t row_b, float beta, cl_mem c, size_t at_c, size_t row_c,
                                      cl_command_queue *queue, cl_event *event, cl_mem scratch) {
    note_call();
    return multiply(layout, ta, tb, m, n, k, alpha, a, at_a, row_a, b, at_b, row_b, beta, c, at_c, row_c, queue, event,
                    scratch);
}

static CLBlastStatusCode spy_clear_cache(void) {
    note_call();
    return clear_cache();
}

/* A function's address in a place for an object's, as dlsym() gives it. */
static void *exchange(void *found, void *real, const void *spy) {
    void *address;
    memcpy(real, &found, sizeof found);
    memcpy(&address, spy, sizeof address);
    return found ? address : NULL;
}

void *__real_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name) {
    static __typeof__(CLBlastSGemmTempBufferSize) *const size_spy = spy_temp_buffer_size;
    static __typeof__(CLBlastSgemmWithTempBuffer) *const multiply_spy = spy_multiply;
    static __typeof__(CLBlastClearCache) *const cache_spy = spy_clear_cache;
    void *found = __real_dlsym(library, name);
    if (strcmp(name, "CLBlastSGemmTempBufferSize") == 0) return exchange(found, &temp_buffer_size, &size_spy);
    if (strcmp(name, "CLBlastSgemmWithTempBuffer") == 0) return exchange(found, &multiply, &multiply_spy);
    if (strcmp(name, "CLBlastClearCache") == 0) return exchange(found, &clear_cache, &cache_spy);
    return found;
}

/* ----------------------------------------------------------------------------------------------------------- test */

static void multiply_once(void *state) {
    enum { SIDE = 16 };
    void *memory[3];
    for (size_t i = 0; i < 3; i++) {
        memory[i] = upload(state, NULL, SIDE * SIDE * sizeof(float));
        expect_ok(soma_opencl_api.fill(state, memory[i], 0, 0, SIDE * SIDE * sizeof(float)));
    }
    soma_call call =
        soma_call_gemm(matrix_view(memory[0], SIDE, SIDE), matrix_view(memory[1], SIDE, SIDE), soma_view_absent(),
                       matrix_view(memory[2], SIDE, SIDE), (soma_gemm_params){.alpha = 1});
    prepare_call(state, &call);
    expect_ok(soma_opencl_api.run(state, &call, 1));
    expect_ok(soma_opencl_api.sync(state));
    release_call(state, &call);
    for (size_t i = 0; i < 3; i++) soma_opencl_api.free(state, memory[i]);
}

/* Two at a time: what each locks for itself is no lock in common. */
START_TEST(clblast_is_called_under_one_lock) {
    const found_devices found = find_devices();
    for (size_t i = 0; i < found.count; i++) {
        if (!is_tested(&found.entry[i])) continue;
        void *first = open_device(found.entry[i].index), *second = open_device(found.entry[i].index);
        multiply_once(first);
        multiply_once(second);
        soma_opencl_api.close(first);
        soma_opencl_api.close(second);
    }
    if (!clear_cache) return; /* there is none to be loaded here */
    ck_assert_int_gt(calls, 6);
    ck_assert_uint_gt(common.count, 0);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, clblast_is_called_under_one_lock);
}

int main(void) {
    const int skip = skip_without_device();
    return skip ? skip : run_suite("opencl clblast", add_tests);
}
