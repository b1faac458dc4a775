/* SPDX-License-Identifier: MIT */
/* Which calls gain by being in a list, by what they and a launch of their own cost. */
#include "device/opencl/launch/list.h"
#include "kernels/listed.h"
#include "kernels/recurrent_call.h"

/* What it costs threads to share a launch in a list, in nanoseconds. */
#define TURN_COST 1500.0
/* Of a launch, by one thread. With PoCL 8000 to 12000 pass between one that several threads have done and the next: of
 * larger ones that is too little to gain by being in a list. */
#define MOST_COST 1e6
/* They are counted in 32 bits. */
#define MOST_GROUPS ((size_t)1 << 30)

/* In the order of their numbers: what every list may have, what those with training may, and those with layers. */
#define X(name) +1
enum { FIRST_TRAINING = SOMA_LISTED_TABLE(X), FIRST_LAYER = FIRST_TRAINING + (SOMA_LISTED_TRAINING(X)) };
#undef X

static bool is_of_training(const soma_cl_launch *launch) {
    return launch->listed >= FIRST_TRAINING && launch->listed < FIRST_LAYER;
}

static bool is_of_layers(const soma_cl_launch *launch) {
    return launch->listed >= FIRST_LAYER;
}

/* Launches of one call, at most: a list of thousands of steps would be a large one. */
#define MOST_LAUNCHES 512

/* Weights come once for each result or step that is made of them; where these are few, they take the time. */
#define EACH_PRODUCT 0.03
#define EACH_WEIGHT  0.1

/* Of what goes through tensors element by element; of rows, which are short; of a function's gradient that is added up
 * by columns, too. */
#define EACH_ELEMENT 0.3
#define EACH_OF_ROWS 5.0
#define EACH_OF_BIAS 0.6

/* And its data's gradient, which has the weights, and the result, at the same places. */
static bool is_conv(soma_primitive primitive) {
    return primitive == SOMA_PRIMITIVE_CONV || primitive == SOMA_PRIMITIVE_CONV_ADD ||
           primitive == SOMA_PRIMITIVE_CONV_DATA_GRAD;
}

/* Nanoseconds that one thread needs for a call, roughly. */
static double cost_of(const soma_call *call) {
    double elements = 0;
    if (call->primitive == SOMA_PRIMITIVE_GEMM) {
        const soma_view *a = &call->view[0], *c = &call->view[3];
        size_t k = call->params.gemm.transpose_a ? a->shape[0] : a->shape[1];
        return EACH_PRODUCT * (double)c->shape[0] * (double)c->shape[1] * (double)k;
    }
    if (is_conv(call->primitive)) {
        const soma_view *weight = &call->view[1], *y = &call->view[call->view_count - 1];
        const double weights = (double)soma_view_count(weight),
                     results = (double)soma_view_count(y) / (double)SOMA_MAX(y->shape[4], (size_t)1);
        return weights * (EACH_WEIGHT + EACH_PRODUCT * results);
    }
    if (call->primitive == SOMA_PRIMITIVE_RECURRENT) {
        const soma_recurrent_size size = soma_recurrent_size_of(&call->view[RECURRENT_Y]);
        return (double)size.steps * (double)soma_view_count(&call->view[RECURRENT_WEIGHT]) *
               (EACH_WEIGHT + EACH_PRODUCT * (double)size.samples);
    }
    for (uint32_t i = 0; i < call->view_count; i++) {
        if (call->primitive == SOMA_PRIMITIVE_GATHER && i < 2) continue; /* of the table a few rows */
        if (call->primitive == SOMA_PRIMITIVE_SCATTER && i == 2) continue;
        elements = SOMA_MAX(elements, call->view[i].rank ? (double)soma_view_count(&call->view[i]) : 0);
    }
    const bool of_rows = call->primitive == SOMA_PRIMITIVE_LOSS || call->primitive == SOMA_PRIMITIVE_LOSS_GRAD ||
                         call->primitive == SOMA_PRIMITIVE_METRIC;
    if (call->primitive == SOMA_PRIMITIVE_BIAS_UNARY_GRAD) return elements * EACH_OF_BIAS;
    return elements * (of_rows ? EACH_OF_ROWS : EACH_ELEMENT);
}

/* Whether a list's kernel, that with `layers` or the other, can do this. */
static bool is_listed(const soma_call *call, bool layers) {
    const soma_cl_prepared *prepared = call->prepared;
    for (uint32_t i = 0; i < prepared->launch_count; i++) {
        const soma_cl_launch *launch = &prepared->launch[i];
        if (launch->listed < 0 || (layers ? is_of_training(launch) : is_of_layers(launch))) return false;
    }
    /* The kernel with layers has recurrent ones for single samples, see kernels/recurrent_steps.h. */
    return call->primitive != SOMA_PRIMITIVE_RECURRENT || call->view[RECURRENT_Y].shape[0] == 1;
}

/* What part of one thread's time a launch takes where each group is done by one of the device's threads. */
static double share_of_threads(const soma_cl_device *device, const soma_cl_launch *launch) {
    const size_t threads = SOMA_MAX(device->info.compute_units, 1u),
                 groups = SOMA_MAX(soma_cl_groups_of(launch), (size_t)1);
    return (double)soma_cl_pieces(groups, threads) / (double)groups;
}

bool soma_cl_is_shared(const soma_cl_device *device, const soma_call *call, const soma_cl_launch *launch) {
    const size_t launches = soma_cl_launches_in_all(call->prepared);
    if (soma_cl_groups_of(launch) > MOST_GROUPS) return false;
    return cost_of(call) / (double)launches * (1.0 - share_of_threads(device, launch)) > TURN_COST;
}

/* Whether a call gains by being in a list, where it has no launch of its own. */
static bool belongs_in_list(const soma_call *call, bool layers) {
    const soma_cl_prepared *prepared = call->prepared;
    if (!prepared || prepared->product || prepared->launch_count == 0) return false;
    if (prepared->list && !prepared->list->broken) return false;
    if (!is_listed(call, layers) || soma_cl_launches_in_all(prepared) > MOST_LAUNCHES) return false;
    return cost_of(call) < MOST_COST * (double)soma_cl_launches_in_all(prepared);
}

size_t soma_cl_length_of_list(const soma_call *calls, size_t count, bool layers) {
    size_t length = 0;
    while (length < count && belongs_in_list(&calls[length], layers)) length++;
    return length;
}

bool soma_cl_wants_layers(const soma_call *calls, size_t count) {
    bool layers = false;
    for (size_t i = 0; i < count; i++) {
        const soma_cl_prepared *prepared = calls[i].prepared;
        for (uint32_t j = 0; prepared && j < prepared->launch_count; j++) {
            if (is_of_training(&prepared->launch[j])) return false;
            if (is_of_layers(&prepared->launch[j])) layers |= belongs_in_list(&calls[i], true);
        }
    }
    return layers;
}
