/* SPDX-License-Identifier: MIT */
/*
 * For developers: what share of the processor's peak the cpu device's convolution and its gradients reach at the layers
 * of typical networks; the shortest of many runs, and the peak of multiply-adds in registers in the same minute.
 * bench_conv [threads [isa [words of a layer's name]]]
 */
#include "bench_cpu.h"

#include <string.h>

#define SECONDS  0.2 /* for each measurement, in each round */
#define ROUNDS   3
#define MIN_RUNS 2

typedef struct layer {
    const char *name;
    size_t images, extent, channels, kernel, filters, stride, before, groups;
} layer;

static const layer layers[] = {
    {"56x56, 64 to 64", 4, 56, 64, 3, 64, 1, 1, 1},
    {"28x28, 128 to 128", 4, 28, 128, 3, 128, 1, 1, 1},
    {"14x14, 256 to 256", 8, 14, 256, 3, 256, 1, 1, 1},
    {"7x7, 512 to 512", 8, 7, 512, 3, 512, 1, 1, 1},
    {"32x32, 16 to 16", 16, 32, 16, 3, 16, 1, 1, 1},
    {"16x16, 32 to 32", 16, 16, 32, 3, 32, 1, 1, 1},
    {"8x8, 64 to 64", 32, 8, 64, 3, 64, 1, 1, 1},
    {"32x32, 16 to 32, stride 2", 16, 32, 16, 3, 32, 2, 1, 1},
    {"56x56, 64 to 128, stride 2", 4, 56, 64, 3, 128, 2, 1, 1},
    {"26x26, 32 to 64, valid", 16, 26, 32, 3, 64, 1, 0, 1},
    {"224x224, 3 to 64, 7x7, stride 2", 1, 224, 3, 7, 64, 2, 3, 1},
    {"32x32, 3 to 16", 16, 32, 3, 3, 16, 1, 1, 1},
    {"28x28, 1 to 32, valid", 16, 28, 1, 3, 32, 1, 0, 1},
    {"28x28, 1 to 6, 5x5", 64, 28, 1, 5, 6, 1, 2, 1},
    {"14x14, 6 to 16, 5x5, valid", 64, 14, 6, 5, 16, 1, 0, 1},
    {"32x32, depthwise 16", 32, 32, 1, 3, 16, 1, 1, 16},
    {"16x16, depthwise 64", 32, 16, 1, 3, 64, 1, 1, 64},
    {"16x16, depthwise 64, stride 2", 32, 16, 1, 3, 64, 2, 1, 64},
    {"14x14, 256 to 256, 32 groups", 4, 14, 8, 3, 256, 1, 1, 32},
    {"7x7, 512 to 512, one image", 1, 7, 512, 3, 512, 1, 1, 1},
    {"32x32, 16 to 16, one image", 1, 32, 16, 3, 16, 1, 1, 1},
};

enum { FORWARD, DATA_GRAD, WEIGHT_GRAD, CALLS };

/* A layer with all that its calls need. */
typedef struct bench {
    const layer *layer;
    size_t x_shape[5], weight_shape[5], y_shape[5], x_channels;
    float *x, *weight, *y, *bias;
    soma_call call[CALLS];
    double best[CALLS], work; /* seconds, operations */
} bench;

static void set_shape(size_t shape[5], size_t first, size_t depth, size_t extent, size_t inner, size_t last) {
    size_t all[5] = {first, depth, extent, inner, last};
    for (int i = 0; i < 5; i++) shape[i] = all[i];
}

static soma_view view_of(float *values, const size_t shape[5]) {
    return soma_view_of(values, 0, SOMA_F32, 5, shape);
}

static size_t count_of(const size_t shape[5]) {
    return shape[0] * shape[1] * shape[2] * shape[3] * shape[4];
}

static bench make_bench(const layer *l, const soma_cpu_isa *isa, uint32_t threads) {
    bench b = {.layer = l, .x_channels = l->channels * l->groups, .best = {1e9, 1e9, 1e9}};
    size_t extent = (l->extent + 2 * l->before - l->kernel) / l->stride + 1, workspace;
    set_shape(b.x_shape, l->images, 1, l->extent, l->extent, b.x_channels);
    set_shape(b.weight_shape, 1, l->kernel, l->kernel, l->channels, l->filters);
    set_shape(b.y_shape, l->images, 1, extent, extent, l->filters);
    b.x = make_floats(count_of(b.x_shape));
    b.weight = make_floats(count_of(b.weight_shape));
    b.y = make_floats(count_of(b.y_shape));
    b.bias = make_floats(l->filters);
    b.work = 2.0 * (double)count_of(b.weight_shape) * (double)(l->images * extent * extent);
    uint32_t stride = (uint32_t)l->stride;
    int32_t before = (int32_t)l->before;
    soma_conv_params params = {.stride = {1, stride, stride},
                               .dilation = {1, 1, 1},
                               .before = {0, before, before},
                               .groups = (uint32_t)l->groups,
                               .alpha = 1.0f};
    soma_view x = view_of(b.x, b.x_shape), weight = view_of(b.weight, b.weight_shape), y = view_of(b.y, b.y_shape);
    b.call[WEIGHT_GRAD] = soma_call_conv_weight_grad(x, y, weight, params);
    b.call[DATA_GRAD] = soma_call_conv_data_grad(y, weight, soma_view_absent(), x, params);
    params.function = SOMA_RELU;
    b.call[FORWARD] = soma_call_conv(x, weight, soma_view_of(b.bias, 0, SOMA_F32, 1, &l->filters), y, params);
    for (int i = 0; i < CALLS; i++) {
        if (soma_cpu_prepare(isa, threads, &b.call[i], &workspace) != SOMA_OK) exit(1);
        b.call[i].workspace = soma_host_alloc(workspace + 1);
    }
    return b;
}

static void free_bench(bench *b) {
    for (int i = 0; i < CALLS; i++) {
        soma_cpu_release(&b->call[i]);
        soma_host_free(b->call[i].workspace);
    }
    soma_host_free(b->x);
    soma_host_free(b->weight);
    soma_host_free(b->y);
    soma_host_free(b->bias);
}

static void measure(const soma_call *call, soma_threads *threads, double *best) {
    bool alone = soma_threads_count(threads) == 1;
    double start = soma_seconds();
    for (size_t runs = 0; runs < MIN_RUNS || soma_seconds() - start < SECONDS; runs++) {
        double begin = now(alone);
        soma_cpu_run(threads, call, 1);
        double seconds = now(alone) - begin;
        if (seconds < *best) *best = seconds;
    }
}

static void measure_layer(const layer *l, const soma_cpu_isa *isa, soma_threads *threads) {
    double peak = 0.0;
    bench b = make_bench(l, isa, soma_threads_count(threads));
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < CALLS; i++) {
            measure_peak(isa, soma_threads_count(threads), &peak);
            measure(&b.call[i], threads, &b.best[i]);
        }
    printf("| %-32s | %3zu", l->name, l->images);
    for (int i = 0; i < CALLS; i++) printf(" | %8.1f us %3.0f %%", 1e6 * b.best[i], 100.0 * b.work / b.best[i] / peak);
    printf(" | %6.1f |\n", 1e-9 * peak);
    fflush(stdout);
    free_bench(&b);
}

int main(int count, char **arguments) {
    const soma_cpu_isa *isa;
    soma_threads *threads = make_threads(count > 1 ? arguments[1] : NULL, count > 2 ? arguments[2] : NULL, &isa);
    printf("%s, %u threads; kernels of 3x3 and padding that keeps the size, where nothing else is said\n\n", isa->name,
           soma_threads_count(threads));
    printf("| layer | images | forward | gradient of the data | of the weights | peak, GFLOP/s |\n");
    printf("| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < SOMA_COUNT_OF(layers); i++)
        if (count < 4 || strstr(layers[i].name, arguments[3])) measure_layer(&layers[i], isa, threads);
    soma_threads_destroy(threads);
    return 0;
}
