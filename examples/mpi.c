/* SPDX-License-Identifier: MIT */
/*
 * Training by all processes that mpirun has started: each computes its share of every batch.
 *
 * Usage: mpirun -n 2 mpi [--device=NAME]
 *
 * The data are points of the plane, in classes by how far they lie from its middle.
 */
#include <math.h>
#include <soma/mpi.h>
#include <soma/soma.h>
#include <stdio.h>
#include <string.h>

enum { POINTS = 800, RINGS = 3 };

static float points[POINTS][2];
static int32_t rings[POINTS];

/* Every process makes the same: soma_fit() takes each one's share of them. */
static void draw_points(void) {
    uint32_t state = 1;
    for (int i = 0; i < POINTS; i++) {
        for (int j = 0; j < 2; j++) {
            state = state * 1664525u + 1013904223u;
            points[i][j] = (float)(state >> 8) * 0x1p-23f - 1.0f;
        }
        float distance = hypotf(points[i][0], points[i][1]);
        rings[i] = (distance > 0.5f) + (distance > 0.9f);
    }
}

static soma_status train(soma_network *network, soma_device *device, const soma_communicator *communicator,
                         double *accuracy) {
    soma_array inputs = {points, SOMA_F32, 2, {POINTS, 2}}, targets = {rings, SOMA_I32, 1, {POINTS}};
    soma_compile_options compile = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.02f}};
    soma_fit_options fit = {.epochs = 80, .batch_size = 40, .communicator = communicator};
    soma_dataset *dataset = NULL;
    soma_history history = {0};
    size_t width = 2;
    soma_layers(soma_input(network, NULL, 1, &width), "dense 24 tanh; dense 3 softmax");
    soma_status status = soma_compile(network, device, &compile);
    if (status == SOMA_OK) status = soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset);
    if (status == SOMA_OK) status = soma_fit(network, dataset, &fit, &history);
    if (status == SOMA_OK) *accuracy = history.epochs[history.count - 1].train.metric[0];
    soma_history_clear(&history);
    soma_dataset_destroy(dataset);
    return status;
}

/* With what every process has from the last epoch: the accuracy over the samples of all. */
static int report(const soma_communicator *communicator, soma_status status, double accuracy) {
    if (status != SOMA_OK) {
        fprintf(stderr, "rank %u: %s: %s\n", communicator->rank, soma_status_text(status), soma_last_error());
        return 1;
    }
    if (communicator->rank == 0)
        printf("%u processes: accuracy %.3f in the last epoch\n", communicator->ranks, accuracy);
    return accuracy > 0.9 ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *selector = argc > 1 && strncmp(argv[1], "--device=", 9) == 0 ? argv[1] + 9 : "cpu";
    int provided, result = 1;
    double accuracy = 0;
    soma_mpi mpi;
    soma_device *device = NULL;
    soma_network *network = NULL;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    if (soma_mpi_open(MPI_COMM_WORLD, &mpi) != SOMA_OK) MPI_Abort(MPI_COMM_WORLD, 1);
    draw_points();
    soma_status status = soma_device_open(selector, NULL, &device);
    if (status == SOMA_OK) status = soma_network_create(&network);
    if (status == SOMA_OK) status = train(network, device, &mpi.communicator, &accuracy);
    result = report(&mpi.communicator, status, accuracy);
    soma_network_destroy(network);
    soma_device_close(device);
    if (result) MPI_Abort(MPI_COMM_WORLD, 1); /* the others may still wait for this one */
    soma_mpi_close(&mpi);
    MPI_Finalize();
    return 0;
}
