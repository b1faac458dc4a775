/* SPDX-License-Identifier: MIT */
/*
 * soma_fit() on a device that is made of several: each of them is a rank, a thread with a copy of what the network was
 * compiled to. The first is the caller's own thread, and its weights are the network's.
 */
#include "train/fit_devices.h"

#include "train/fit.h"

#include <pthread.h>
#include <string.h>

/* A rank beside the first. */
typedef struct member {
    soma_network network; /* the caller's, whose graph and names it shares and only reads */
    soma_compiled compiled;
    soma_fit_options options;
    soma_dataset *dataset;
    const struct soma_fit_devices *devices;
    soma_history history;
    soma_status status;
    char *detail; /* of an error */
    pthread_t thread;
    bool runs;
} member;

/* -------------------------------------------------------------------------------------------------- open and close
 */

/* Weights and states come from the first rank as the fit begins; class weights are compared before that. */
static soma_status copy_class_weights(const soma_compiled *from, soma_compiled *to) {
    const size_t count = from->class_weight_count;
    float *values = soma_malloc(SOMA_MAX(count, 1) * sizeof *values);
    if (!values) return soma_out_of_memory(count * sizeof *values, "class weights");
    const size_t offset = from->class_weight_offset;
    soma_status status = soma_executor_read(from->executor, from->executor->parameters, offset, values, count);
    if (status == SOMA_OK) status = soma_executor_write(to->executor, to->executor->parameters, offset, values, count);
    soma_free(values);
    return status;
}

static soma_status compile_member(member *m, const soma_compiled *first, soma_device *device) {
    const soma_executor *like = first->executor;
    m->compiled = *first;
    m->compiled.device = device;
    m->compiled.executor = NULL;
    m->compiled.steps = NULL;
    m->compiled.predict = NULL;
    m->compiled.last_backward = NULL;
    m->compiled.last_plan = NULL;
    SOMA_TRY(soma_executor_create(device, like->real, like->parameter_count, like->decay_count, &m->compiled.executor));
    m->compiled.executor->trained_count = like->trained_count;
    return copy_class_weights(first, &m->compiled);
}

static soma_status open_member(member *m, const soma_network *network, uint32_t rank) {
    soma_device *device = soma_device_part(network->compiled->device, rank);
    const soma_status status = compile_member(m, network->compiled, device);
    memcpy((void *)&m->network, network, sizeof m->network);
    m->network.compiled = &m->compiled;
    m->options.communicator = soma_thread_ranks_get(m->devices->team, rank);
    m->options.on_batch = NULL;
    m->options.on_epoch = NULL;
    m->options.context = NULL;
    return status == SOMA_OK ? SOMA_OK : soma_error_prefix(status, "%s: ", soma_device_selector(device));
}

static void close_member(member *m) {
    soma_steps_clear(&m->compiled);
    soma_executor_destroy(m->compiled.executor);
    soma_history_clear(&m->history);
    soma_free(m->detail);
}

/* ---------------------------------------------------------------------------------------------------------- running
 */

static bool is_error(soma_status status) {
    return status != SOMA_OK && status != SOMA_STOPPED;
}

/* What it returns is known to the others, or has been told them as a reason to give up. */
static void *run_member(void *context) {
    member *m = context;
    m->status = soma_fit_as_rank(&m->network, m->dataset, &m->options, &m->history, m->devices);
    if (is_error(m->status)) m->detail = soma_strdup(soma_last_error());
    return NULL;
}

static soma_status start(member *m) {
    m->runs = pthread_create(&m->thread, NULL, run_member, m) == 0;
    if (m->runs) return SOMA_OK;
    return soma_error(SOMA_OUT_OF_MEMORY, "%s: the system refused a thread for it",
                      soma_device_selector(m->compiled.device));
}

/* Of all that went wrong what the first rank says counts; it has heard of the others', unless that was at the very end.
 */
static soma_status wait_for_all(member *members, uint32_t count, soma_status status) {
    for (uint32_t i = 0; i < count; i++) {
        member *m = &members[i];
        if (m->runs) pthread_join(m->thread, NULL);
        if (!is_error(status) && is_error(m->status))
            status = soma_error(m->status, "%s", m->detail ? m->detail : soma_device_selector(m->compiled.device));
    }
    return status;
}

static soma_status run(soma_network *network, soma_fit_options *options, soma_history *history, member *members,
                       uint32_t count) {
    const struct soma_fit_devices *devices = members[0].devices;
    soma_dataset *dataset = members[0].dataset;
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; status == SOMA_OK && i < count; i++) status = open_member(&members[i], network, i + 1);
    for (uint32_t i = 0; status == SOMA_OK && i < count; i++) status = start(&members[i]);
    options->communicator = soma_thread_ranks_get(devices->team, 0);
    if (status == SOMA_OK)
        status = soma_fit_as_rank(network, dataset, options, history, devices);
    else
        soma_thread_ranks_abort(devices->team, status, soma_last_error());
    char *detail = is_error(status) ? soma_strdup(soma_last_error()) : NULL;
    const soma_status ended = wait_for_all(members, count, status);
    if (detail) soma_error(status, "%s", detail);
    soma_free(detail);
    return ended;
}

static soma_status fit_on_devices(soma_network *network, soma_dataset *dataset, const soma_fit_options *given,
                                  soma_history *history) {
    const uint32_t count = network->compiled->device->other_count;
    soma_fit_options options = given ? *given : (soma_fit_options){0};
    if (options.communicator)
        return soma_error(SOMA_UNSUPPORTED,
                          "soma_fit: the network is compiled for several devices, %s, and there is a communicator; of "
                          "several processes each can have one device",
                          soma_device_selector(network->compiled->device));
    struct soma_fit_devices devices = {.tells_batches = options.on_batch != NULL};
    member *members = soma_calloc(count, sizeof *members);
    if (!members) return soma_out_of_memory(count * sizeof *members, "the devices that train together");
    soma_status status = soma_thread_ranks_create(count + 1, &devices.team);
    for (uint32_t i = 0; i < count; i++) {
        members[i].options = options;
        members[i].dataset = dataset;
        members[i].devices = &devices;
    }
    if (status == SOMA_OK) status = run(network, &options, history, members, count);
    for (uint32_t i = 0; i < count; i++) close_member(&members[i]);
    soma_thread_ranks_destroy(devices.team);
    soma_free(members);
    return status;
}

soma_status soma_fit(soma_network *network, soma_dataset *dataset, const soma_fit_options *options,
                     soma_history *history) {
    const soma_compiled *compiled = network ? network->compiled : NULL;
    /* What is wrong already is for the check of a single rank to say. */
    const bool several = compiled && !compiled->fit && compiled->device->other_count;
    if (!several) return soma_fit_as_rank(network, dataset, options, history, NULL);
    if (history) memset(history, 0, sizeof *history);
    return fit_on_devices(network, dataset, options, history);
}
