/* SPDX-License-Identifier: MIT */
/* Sessions: a network's weights, run forward by several threads or on memory of the application's. */
#include "train/session.h"
#include "train/ids.h"
#include "train/step.h"

struct soma_session {
    soma_network *network;
    soma_executor *executor; /* its parameters are the network's */
    soma_step *step;
    soma_plan *last; /* of the last run; NULL: there was none, or it failed */
};

/* ------------------------------------------------------------------------------------------------- create, destroy */

/* A device reaches the memory of another if both are the processor: handles are pointers there. */
static soma_status check_device(const soma_device *network, const soma_device *session) {
    bool same = session == network;
    if (same || (session->info.kind == SOMA_DEVICE_CPU && session->api == network->api)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "soma_session_create: device %s (%s) can't reach the network's weights on %s (%s); a session is "
                      "on the network's own device, or both are \"cpu\"",
                      session->selector, session->info.name, network->selector, network->info.name);
}

static soma_status open_session(soma_session *session, soma_network *network, soma_device *device) {
    SOMA_TRY(soma_executor_share(network->compiled->executor, device, &session->executor));
    return soma_step_share(network->compiled->predict, session->executor, &session->step);
}

static void free_session(soma_session *session) {
    soma_step_free(session->step);
    soma_executor_destroy(session->executor);
    soma_free(session);
}

soma_status soma_session_create(soma_network *network, const soma_session_options *options, soma_session **out) {
    static const soma_session_options defaults;
    if (!out) return soma_error(SOMA_INVALID_ARGUMENT, "soma_session_create: no place for the session was given");
    *out = NULL;
    if (!options) options = &defaults;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_session_options"));
    SOMA_TRY(soma_require_compiled(network, "soma_session_create"));
    soma_device *device = options->device ? options->device : network->compiled->device;
    SOMA_TRY(check_device(network->compiled->device, device));
    soma_session *session = soma_calloc(1, sizeof *session);
    if (!session) return soma_out_of_memory(sizeof *session, "a session");
    soma_status status = open_session(session, network, device);
    if (status != SOMA_OK) {
        free_session(session);
        return status;
    }
    session->network = network;
    atomic_fetch_add(&network->users, 1);
    *out = session;
    return SOMA_OK;
}

const soma_network *soma_session_network(const soma_session *session) {
    return session->network;
}

void soma_session_destroy(soma_session *session) {
    if (!session) return;
    soma_network *network = session->network;
    free_session(session);
    soma_network_destroy(network); /* one user less */
}

/* ------------------------------------------------------------------------------------------------------------- runs */

static soma_status begin(soma_session *session, const char *function, const void *inputs, size_t batch,
                         soma_plan **plan) {
    if (!session || !inputs)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: the %s NULL", function, session ? "inputs are" : "session is");
    if (batch == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: a batch of 0 samples; it needs at least one", function);
    session->last = NULL;
    return soma_step_plan(session->network, session->step, batch, plan);
}

static soma_status finish(soma_session *session, soma_plan *plan) {
    const soma_step_values values = {0}; /* inference depends on no step */
    SOMA_TRY(soma_plan_run(plan, &values));
    session->last = plan;
    return SOMA_OK;
}

static size_t output_count(const soma_session *session) {
    return soma_network_output_count(session->network);
}

static soma_status missing_input(const char *function, size_t input) {
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: input %zu is NULL", function, input);
}

/* Everything lies in the session's own memory again. */
static soma_status take_back(const soma_session *session, soma_plan *plan) {
    for (size_t i = 0; i < session->network->input_count; i++)
        SOMA_TRY(soma_plan_lend(plan, soma_plan_input(plan, i), NULL, 0, 0));
    for (size_t i = 0; i < output_count(session); i++)
        SOMA_TRY(soma_plan_lend(plan, session->step->output[i], NULL, 0, 0));
    return SOMA_OK;
}

soma_status soma_session_run(soma_session *session, size_t batch, const float *const *inputs, float *const *outputs) {
    soma_plan *plan;
    SOMA_TRY(begin(session, "soma_session_run", inputs, batch, &plan));
    SOMA_TRY(take_back(session, plan));
    for (size_t i = 0; i < session->network->input_count; i++) {
        if (!inputs[i]) return missing_input("soma_session_run", i);
        SOMA_TRY(soma_check_batch_ids(session->network, i, batch, inputs[i]));
        SOMA_TRY(soma_plan_write_input(plan, i, inputs[i], SOMA_F32, 1.0f, 0.0f));
    }
    SOMA_TRY(finish(session, plan));
    return outputs ? soma_plan_read_several(plan, session->step->output, outputs, output_count(session)) : SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------- on device memory */

typedef struct memory_run {
    soma_session *session;
    soma_plan *plan;
    soma_memory *const *inputs, *const *outputs;
    size_t batch;
} memory_run;

static size_t bytes_of(const memory_run *run, const soma_tensor *tensor) {
    return soma_tensor_full_count(tensor, run->batch) * soma_executor_element(run->session->executor);
}

static soma_status check_memory(const memory_run *run, const soma_tensor *tensor, const soma_memory *memory) {
    const soma_device *device = run->session->executor->device;
    char label[SOMA_SHAPE_TEXT];
    if (memory->device != device)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_session_run_memory: the memory for %s is of device %s, the session is on %s",
                          soma_tensor_label(tensor, label), memory->device->selector, device->selector);
    if (memory->bytes < bytes_of(run, tensor))
        return soma_error(SOMA_INVALID_SHAPE,
                          "soma_session_run_memory: %s has %zu bytes for a batch of %zu, its memory has %zu",
                          soma_tensor_label(tensor, label), bytes_of(run, tensor), run->batch, memory->bytes);
    if (memory->offset % device->info.alignment != 0)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_session_run_memory: the memory for %s begins at byte %zu of its buffer, which must be "
                          "a multiple of %u on device %s",
                          soma_tensor_label(tensor, label), memory->offset, device->info.alignment, device->selector);
    return SOMA_OK;
}

static soma_memory *output_memory(const memory_run *run, size_t output) {
    return run->outputs ? run->outputs[output] : NULL;
}

/*
 * Whether an output can be computed right in memory of the caller's: it can't where its value lies in a place that is
 * taken: an input, a weight, a constant, or an output that came before it.
 */
static bool has_own_place(const memory_run *run, size_t output) {
    const soma_tensor *root = soma_tensor_root(run->session->step->output[output]);
    if (root->op == SOMA_OP_INPUT || root->op == SOMA_OP_FILL || root->op == SOMA_OP_CACHE ||
        root->place != SOMA_PLACE_ARENA)
        return false;
    for (size_t i = 0; i < output; i++)
        if (output_memory(run, i) && soma_tensor_root(run->session->step->output[i]) == root) return false;
    return true;
}

static soma_status lend(const memory_run *run, const soma_tensor *tensor, const soma_memory *memory) {
    SOMA_TRY(check_memory(run, tensor, memory));
    return soma_plan_lend(run->plan, tensor, memory->handle, memory->offset, memory->serial);
}

static soma_status lend_inputs(const memory_run *run) {
    for (size_t i = 0; i < run->session->network->input_count; i++) {
        if (!run->inputs[i]) return missing_input("soma_session_run_memory", i);
        for (size_t j = 0; run->outputs && j < output_count(run->session); j++)
            if (run->outputs[j] == run->inputs[i])
                return soma_error(SOMA_INVALID_ARGUMENT,
                                  "soma_session_run_memory: input %zu and output %zu are the same memory", i, j);
        SOMA_TRY(lend(run, soma_plan_input(run->plan, i), run->inputs[i]));
    }
    return SOMA_OK;
}

/* An output that shares its place with one that is lent must not take that loan back. */
static soma_status lend_outputs(const memory_run *run) {
    for (size_t i = 0; i < output_count(run->session); i++) {
        const soma_tensor *output = run->session->step->output[i];
        const soma_memory *memory = output_memory(run, i);
        if (!has_own_place(run, i)) {
            if (memory) SOMA_TRY(check_memory(run, output, memory));
        } else if (memory)
            SOMA_TRY(lend(run, output, memory));
        else
            SOMA_TRY(soma_plan_lend(run->plan, output, NULL, 0, 0));
    }
    return SOMA_OK;
}

static soma_status copy_others(const memory_run *run) {
    for (size_t i = 0; i < output_count(run->session); i++) {
        const soma_tensor *output = run->session->step->output[i];
        const soma_memory *memory = output_memory(run, i);
        void *from;
        size_t offset;
        if (!memory || has_own_place(run, i)) continue;
        soma_plan_locate(run->plan, output, &from, &offset);
        SOMA_TRY(soma_device_copy(run->session->executor->device, memory->handle, memory->offset, from, offset,
                                  bytes_of(run, output)));
    }
    return SOMA_OK;
}

soma_status soma_session_run_memory(soma_session *session, size_t batch, soma_memory *const *inputs,
                                    soma_memory *const *outputs) {
    memory_run run = {.session = session, .inputs = inputs, .outputs = outputs, .batch = batch};
    SOMA_TRY(begin(session, "soma_session_run_memory", inputs, batch, &run.plan));
    SOMA_TRY(lend_inputs(&run));
    SOMA_TRY(lend_outputs(&run));
    SOMA_TRY(finish(session, run.plan));
    return copy_others(&run);
}

soma_status soma_session_output(soma_session *session, size_t index, soma_memory **memory) {
    if (!session || !memory)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_session_output: the %s is NULL",
                          session ? "place for the memory" : "session");
    *memory = NULL;
    if (index >= output_count(session))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_session_output: output %zu of a network that has %zu, numbered from 0", index,
                          output_count(session));
    if (!session->last)
        return soma_error(SOMA_INVALID_STATE, "soma_session_output: there is no output before the first run");
    const memory_run run = {.session = session, .batch = soma_plan_batch(session->last)};
    void *handle;
    size_t offset;
    soma_plan_locate(session->last, session->step->output[index], &handle, &offset);
    return soma_memory_lend(session->executor->device, handle, offset, bytes_of(&run, session->step->output[index]),
                            memory);
}
