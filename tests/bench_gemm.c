/* SPDX-License-Identifier: MIT */
/*
 * For developers: GFLOP/s of the cpu device's matrix product at the shapes of typical networks, beside those of
 * libraries of linear algebra, turn by turn: medians of several rounds, and the ratio to the quicker of the others.
 *
 *   bench_gemm [threads [isa [LIBRARY ...]]]      an isa of - is the processor's best; a LIBRARY is a shared object
 * with cblas_sgemm, as libmkl_rt.so.2, libopenblas.so.0 or NumPy's OpenBLAS
 */
#include "bench_cpu.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>

#define SECONDS 0.06 /* for each measurement, in each round */
#define ROUNDS  5
/* Before each: threads of OpenMP go on spinning for 200 ms, on a core that the next library wants. */
#define PAUSE_NANOSECONDS 300000000
#define MAX_LIBRARIES     4
#define MAX_RUNS          20000
#define MAX_LIST          200 /* calls in one run */

typedef struct shape {
    const char *what;
    size_t m, n, k;
    bool transpose_a, transpose_b;
} shape;

/* Forward (NN), gradient of the weights (TN), gradient of the input (NT). */
#define FORWARD(name, batch, in, out)                                                                                  \
    { name " y", batch, out, in, false, false }
#define LAYER(name, batch, in, out)                                                                                    \
    {name " y", batch, out, in, false, false}, {name " dW", in, out, batch, true, false}, {                            \
        name " dx", batch, in, out, false, true                                                                        \
    }
static const shape shapes[] = {
    LAYER("64-32 b32", 32, 64, 32),           LAYER("32-10 b32", 32, 32, 10),
    LAYER("784-128 b128", 128, 784, 128),     LAYER("128-10 b128", 128, 128, 10),
    LAYER("784-512 b128", 128, 784, 512),     LAYER("512-512 b128", 128, 512, 512),
    LAYER("512-10 b128", 128, 512, 10),       LAYER("1024-2048 b256", 256, 1024, 2048),
    LAYER("2048-2048 b256", 256, 2048, 2048), LAYER("2048-1000 b256", 256, 2048, 1000),
    LAYER("784-512 b1", 1, 784, 512),         LAYER("1024-1024 b1024", 1024, 1024, 1024),
    FORWARD("8-8192 b12", 12, 8, 8192),
};

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ------------------------------------------------------------------------------------------------------- who
 * multiplies */

/* c = a b, `length` times over. */
typedef struct product {
    const shape *shape;
    float *a, *b, *c;
    soma_call call;
    size_t length;
} product;

typedef struct library library;
typedef void run_products(const library *from, const product *product);

typedef int sgemm_32(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                     int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef int sgemm_64(int order, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                     const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

struct library {
    const char *name;
    run_products *run;
    soma_threads *threads;
    sgemm_32 *sgemm;
    sgemm_64 *sgemm_of_64; /* with whole numbers of 64 bits */
};

#define ROW_MAJOR      101
#define TRANSPOSE(yes) ((yes) ? 112 : 111)

static void run_soma(const library *from, const product *p) {
    static soma_call list[MAX_LIST];
    for (size_t i = 0; i < p->length; i++) list[i] = p->call;
    soma_cpu_run(from->threads, list, p->length);
}

static void run_blas(const library *from, const product *p) {
    const shape *s = p->shape;
    size_t lda = s->transpose_a ? s->m : s->k, ldb = s->transpose_b ? s->k : s->n;
    for (size_t i = 0; i < p->length; i++)
        if (from->sgemm)
            (void)from->sgemm(ROW_MAJOR, TRANSPOSE(s->transpose_a), TRANSPOSE(s->transpose_b), (int)s->m, (int)s->n,
                              (int)s->k, 1.0f, p->a, (int)lda, p->b, (int)ldb, 0.0f, p->c, (int)s->n);
        else
            (void)from->sgemm_of_64(ROW_MAJOR, TRANSPOSE(s->transpose_a), TRANSPOSE(s->transpose_b), (int64_t)s->m,
                                    (int64_t)s->n, (int64_t)s->k, 1.0f, p->a, (int64_t)lda, p->b, (int64_t)ldb, 0.0f,
                                    p->c, (int64_t)s->n);
}

static void open_blas(const char *path, uint32_t threads, library *from) {
    char number[16];
    (void)snprintf(number, sizeof number, "%u", threads);
    static const char *const variables[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"};
    for (size_t i = 0; i < SOMA_COUNT_OF(variables); i++) setenv(variables[i], number, 1);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    const char *name = strrchr(path, '/');
    *from = (struct library){.name = name ? name + 1 : path, .run = run_blas};
    *(void **)&from->sgemm = dlsym(object, "cblas_sgemm");
    *(void **)&from->sgemm_of_64 = dlsym(object, "scipy_cblas_sgemm64_");
    if (from->sgemm || from->sgemm_of_64) return;
    fprintf(stderr, "%s: no cblas_sgemm in it\n", path);
    exit(1);
}

/* ---------------------------------------------------------------------------------------------------- measuring */

static product make_product(const shape *s, const soma_cpu_isa *isa, soma_threads *threads) {
    product p = {
        .shape = s, .a = make_floats(s->m * s->k), .b = make_floats(s->k * s->n), .c = make_floats(s->m * s->n)};
    size_t a_shape[] = {s->transpose_a ? s->k : s->m, s->transpose_a ? s->m : s->k};
    size_t b_shape[] = {s->transpose_b ? s->n : s->k, s->transpose_b ? s->k : s->n};
    p.call =
        soma_call_gemm(soma_view_of(p.a, 0, SOMA_F32, 2, a_shape), soma_view_of(p.b, 0, SOMA_F32, 2, b_shape),
                       soma_view_absent(), soma_view_of(p.c, 0, SOMA_F32, 2, (size_t[]){s->m, s->n}),
                       (soma_gemm_params){.transpose_a = s->transpose_a, .transpose_b = s->transpose_b, .alpha = 1.0f});
    size_t workspace;
    if (soma_cpu_prepare(isa, soma_threads_count(threads), &p.call, &workspace) != SOMA_OK) exit(1);
    p.call.workspace = soma_host_alloc(workspace + 1);
    return p;
}

static void release_product(product *p) {
    soma_cpu_release(&p->call);
    soma_host_free(p->call.workspace);
    soma_host_free(p->a);
    soma_host_free(p->b);
    soma_host_free(p->c);
}

/* The median time of a product, of many runs in a row. */
static double seconds_of(const library *from, const product *p, bool alone) {
    static double seconds[MAX_RUNS];
    size_t runs = 0;
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NANOSECONDS}, NULL);
    from->run(from, p);
    for (double start = soma_seconds(); runs < MAX_RUNS && soma_seconds() - start < SECONDS; runs++) {
        double begin = now(alone);
        from->run(from, p);
        seconds[runs] = (now(alone) - begin) / (double)p->length;
    }
    qsort(seconds, runs, sizeof *seconds, compare);
    return seconds[runs / 2];
}

/* The first of the libraries is soma. Returns its speed as a share of the quickest of the others. */
static double measure(const shape *s, const soma_cpu_isa *isa, const library *libraries, size_t count, double peak) {
    soma_threads *threads = libraries[0].threads;
    bool alone = soma_threads_count(threads) == 1;
    product p = make_product(s, isa, threads);
    double work = 2e-9 * (double)s->m * (double)s->n * (double)s->k, others = INFINITY, ratio = 1.0;
    p.length = (size_t)SOMA_MIN(SOMA_MAX(1.0, 0.02 / work), (double)MAX_LIST); /* some 200 microseconds */
    static double seconds[MAX_LIBRARIES][ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < count; i++) seconds[i][round] = seconds_of(&libraries[i], &p, alone);
    printf("| %s %c%c | %zu x %zu x %zu |", s->what, s->transpose_a ? 'T' : 'N', s->transpose_b ? 'T' : 'N', s->m, s->n,
           s->k);
    for (size_t i = 0; i < count; i++) {
        qsort(seconds[i], ROUNDS, sizeof(double), compare);
        printf(" %.1f (%.1f) |", work / seconds[i][ROUNDS / 2], work / seconds[i][0]);
        if (i > 0) others = SOMA_MIN(others, seconds[i][ROUNDS / 2]);
    }
    printf(" %.0f %% |", 100.0 * work / seconds[0][ROUNDS / 2] / peak);
    if (count > 1) printf(" %.2f |", ratio = others / seconds[0][ROUNDS / 2]);
    putchar('\n');
    (void)fflush(stdout);
    release_product(&p);
    return ratio;
}

int main(int count, char **arguments) {
    const soma_cpu_isa *isa;
    bool named = count > 2 && strcmp(arguments[2], "-") != 0;
    soma_threads *threads = make_threads(count > 1 ? arguments[1] : NULL, named ? arguments[2] : NULL, &isa);
    library libraries[MAX_LIBRARIES] = {{.name = "soma", .run = run_soma, .threads = threads}};
    uint32_t number = soma_threads_count(threads);
    size_t libraries_count = 1;
    for (int i = 3; i < count && libraries_count < MAX_LIBRARIES; i++)
        open_blas(arguments[i], number, &libraries[libraries_count++]);
    double peak = 0.0, ratios = 0.0;
    for (int i = 0; i < ROUNDS; i++) measure_peak(isa, number, &peak);
    peak *= 1e-9;
    printf("%s, %u threads, peak %.0f GFLOP/s; GFLOP/s: median of %d rounds (best)\n\n| product | m x n x k |",
           isa->name, number, peak, ROUNDS);
    for (size_t i = 0; i < libraries_count; i++) printf(" %s |", libraries[i].name);
    printf(" share of the peak |%s\n| --- | --- |", libraries_count > 1 ? " soma / the better other |" : "");
    for (size_t i = 0; i < libraries_count; i++) printf(" --- |");
    printf(" --- |%s\n", libraries_count > 1 ? " --- |" : "");
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        ratios += log(measure(&shapes[i], isa, libraries, libraries_count, peak));
    if (libraries_count > 1)
        printf("\ngeometric mean of the ratios: %.2f\n", exp(ratios / (double)SOMA_COUNT_OF(shapes)));
    soma_threads_destroy(threads);
    return 0;
}
