/* SPDX-License-Identifier: MIT */
/*
 * Calls that follow each other, done by one launch (kernels/list.cl). On a processor a launch costs some microseconds,
 * more than many a call of a small network takes; so there those go into lists, and with them larger ones, which
 * threads share.
 */
#include "device/opencl/launch/list.h"
#include "device/opencl/driver/program.h"
#include "kernels/listed.h"

#include <string.h>

/* For fewer runs no lists are made: their kernel takes seconds to compile, once on a machine, and some ms to load. */
#define LEAST_RUNS 256

/* ------------------------------------------------------------------------------------------------ writing the list */

static cl_ulong tagged(cl_ulong tag, cl_ulong rest) {
    return tag << SOMA_LISTED_TAG | rest;
}

/* A place in a memory; false if it is not inside, or if there are too many memories. */
static bool encode_place(soma_cl_list *list, const soma_cl_memory *memory, size_t offset, size_t bytes,
                         cl_ulong *result) {
    if (!memory || offset > memory->bytes || bytes > memory->bytes - offset) return false;
    uint32_t i = 0;
    while (i < list->memory_count && list->memory[i] != memory) i++;
    if (i == SOMA_LISTED_MEMORIES) return false;
    list->memory[i] = memory;
    list->memory_count = SOMA_MAX(list->memory_count, i + 1);
    *result = tagged(i + 1, offset);
    return true;
}

/* An argument that was not known when the call was prepared. */
static bool encode(soma_cl_list *list, const soma_call *call, const soma_cl_argument *argument, cl_ulong *result) {
    const soma_view *view = argument->source < SOMA_CALL_MAX_VIEWS ? &call->view[argument->source] : NULL;
    switch (argument->kind) {
    case SOMA_CL_ARGUMENT_VIEW: {
        size_t bytes = soma_cl_view_extent(view);
        *result = tagged(1, 0); /* some memory that is not touched */
        return bytes == 0 || encode_place(list, view->memory, view->offset, bytes, result);
    }
    case SOMA_CL_ARGUMENT_SKEW:
        *result = 0; /* places are exact here */
        return true;
    case SOMA_CL_ARGUMENT_SCRATCH:
        return encode_place(list, call->workspace, call->workspace_offset + argument->source, argument->bytes, result);
    default:
        if (list->live_count == SOMA_LISTED_LIVES) return false;
        *result = tagged(SOMA_LISTED_LIVE, list->live_count++);
        return true;
    }
}

static size_t size_of_launch(const soma_cl_launch *launch) {
    return SOMA_LISTED_HEAD + launch->next_index;
}

/* A number whose uppermost byte says that it is none does not fit a list. */
static bool fits(const soma_cl_launch *launch) {
    for (uint32_t i = 0; i < launch->next_index; i++)
        if (launch->fixed[i] >> SOMA_LISTED_TAG) return false;
    return (cl_ulong)launch->all_rows >> SOMA_LISTED_TAG == 0;
}

/* A list that is being written. */
typedef struct writer {
    const soma_cl_device *device;
    soma_cl_list *list;
    cl_ulong *entries;
    size_t at, turns;
    cl_ulong *alone; /* where it stands how many launches one thread does in this turn; NULL: they are shared */
} writer;

/* One thread shares the rows of a matrix product with nobody. */
static void take_all_rows(const soma_cl_launch *launch, cl_ulong *entry) {
    if (!launch->all_rows) return;
    entry[2] = 1;
    entry[SOMA_LISTED_HEAD + launch->rows_index] = launch->all_rows;
}

/* It is shared, or belongs to what one thread does at a time. */
static void write_turn(writer *to, const soma_call *call, const soma_cl_launch *launch, cl_ulong *entry) {
    const bool shared = soma_cl_is_shared(to->device, call, launch);
    if (!shared) take_all_rows(launch, entry);
    to->turns += shared || !to->alone;
    if (shared)
        to->alone = NULL;
    else if (!to->alone)
        to->alone = &entry[4];
    if (to->alone) ++*to->alone;
    /* One more than there are threads: of so many as there are PoCL gives the first thread two. */
    if (shared) to->list->groups = to->device->info.compute_units + 1;
}

static bool write_launch(writer *to, const soma_call *call, const soma_cl_launch *launch) {
    cl_ulong *entry = to->entries + to->at;
    if (!fits(launch)) return false;
    entry[0] = (cl_ulong)launch->listed;
    entry[1] = launch->global[0] / launch->local[0];
    entry[2] = launch->global[1] / launch->local[1];
    entry[3] = launch->next_index;
    memcpy(entry + SOMA_LISTED_HEAD, launch->fixed, launch->next_index * sizeof *entry);
    write_turn(to, call, launch, entry);
    for (uint32_t i = 0; i < launch->argument_count; i++) {
        const soma_cl_argument *argument = &launch->argument[i];
        if (!encode(to->list, call, argument, &entry[SOMA_LISTED_HEAD + argument->index])) return false;
    }
    to->at += size_of_launch(launch);
    return true;
}

/* Writes down all launches of a call, the repeated ones each time that they are done. */
static bool write_call(writer *to, const soma_call *call) {
    const soma_cl_prepared *prepared = call->prepared;
    const size_t once = soma_cl_launches_once(prepared), launches = soma_cl_launches_in_all(prepared),
                 each = SOMA_MAX(prepared->launch_count - once, (size_t)1);
    for (size_t i = 0; i < launches; i++) {
        const size_t round = i < once ? 0 : (i - once) / each;
        const soma_cl_launch *launch = &prepared->launch[i < once ? i : once + (i - once) % each];
        const uint32_t lives = to->list->live_count;
        cl_ulong *entry = to->entries + to->at;
        if (!write_launch(to, call, launch)) return false;
        if (i >= once && to->list->live_count != lives) return false; /* they are read once */
        if (i >= once) entry[SOMA_LISTED_HEAD + launch->round_index] = round;
    }
    return true;
}

static size_t size_of_call(const soma_cl_prepared *prepared) {
    size_t size = 0;
    for (size_t i = 0; i < prepared->launch_count; i++)
        size += (size_of_launch(&prepared->launch[i]) + SOMA_LISTED_LINE) *
                (i < soma_cl_launches_once(prepared) ? 1 : prepared->rounds);
    return size;
}

/* Writes down all launches, and behind them the counters; in *entries, allocated, *size numbers. False where something
 * does not fit a list. */
static bool write_list(const soma_cl_device *device, soma_cl_list *list, const soma_call *calls, cl_ulong **entries,
                       size_t *size) {
    writer to = {.device = device, .list = list};
    size_t most = 2 * SOMA_LISTED_LINE;
    for (size_t i = 0; i < list->count; i++) most += size_of_call(list->member[i]);
    *entries = to.entries = soma_calloc(most, sizeof **entries);
    if (!*entries) return false;
    for (size_t i = 0; i < list->count; i++)
        if (!write_call(&to, &calls[i])) return false;
    list->counters = soma_round_up(to.at, SOMA_LISTED_LINE);
    to.entries[list->counters + SOMA_LISTED_TURNS] = to.turns;
    *size = list->counters + (to.turns + 1) * SOMA_LISTED_LINE;
    return true;
}

/* ------------------------------------------------------------------------------------------------------- its kernel */

static soma_status set_argument(const soma_cl_list *list, cl_uint index, size_t size, const void *value) {
    return soma_cl_check(clSetKernelArg(list->kernel, index, size, value), "clSetKernelArg %u of a list", index);
}

/* The first `count` live numbers. */
static soma_status pass_live(const soma_cl_list *list, const cl_ulong live[SOMA_LISTED_LIVES], uint32_t count) {
    for (uint32_t i = 0; i < count; i += 2)
        SOMA_TRY(set_argument(list, SOMA_LISTED_FIRST_LIVE + i / 2, 2 * sizeof *live, live + i));
    return SOMA_OK;
}

static cl_ulong launch_count(const soma_cl_list *list) {
    cl_ulong launches = 0;
    for (size_t i = 0; i < list->count; i++) launches += soma_cl_launches_in_all(list->member[i]);
    return launches;
}

static soma_status set_fixed_arguments(const soma_cl_device *device, const soma_cl_list *list) {
    const cl_ulong launches = launch_count(list);
    SOMA_TRY(set_argument(list, 0, sizeof launches, &launches));
    SOMA_TRY(set_argument(list, 1, sizeof list->counters, &list->counters));
    const soma_cl_style *style = &device->style;
    const size_t panel = 2 * (size_t)style->width,
                 packed = style->depth * (panel * style->panels + 1) + style->box + style->width;
    const size_t local = packed + style->narrow_rows * panel;
    SOMA_TRY(set_argument(list, 2, local * sizeof(float), NULL));
    SOMA_TRY(set_argument(list, 3, sizeof list->entries, &list->entries));
    const cl_ulong live[SOMA_LISTED_LIVES] = {0};
    SOMA_TRY(pass_live(list, live, SOMA_LISTED_LIVES));
    for (uint32_t i = 0; i < SOMA_LISTED_MEMORIES; i++) {
        cl_mem memory = i < list->memory_count ? list->memory[i]->buffer : device->nothing;
        SOMA_TRY(set_argument(list, SOMA_LISTED_FIRST_MEMORY + i, sizeof memory, &memory));
    }
    return SOMA_OK;
}

static soma_status enqueue(const soma_cl_device *device, const soma_cl_list *list) {
    return soma_cl_check(
        clEnqueueNDRangeKernel(device->queue, list->kernel, 1, NULL, &list->groups, (size_t[]){1}, 0, NULL, NULL),
        "clEnqueueNDRangeKernel for a list of calls on %s", device->info.name);
}

/* PoCL compiles a kernel when it is first launched; so it is now, to do nothing. No wait for it: the queue may be an
 * application's, and held up by what that is going to do later. */
static soma_status compile_now(soma_cl_device *device, const soma_cl_list *list) {
    const cl_ulong no_launches = 0;
    if (device->list_compiled[list->layers]) return SOMA_OK;
    SOMA_TRY(set_argument(list, 0, sizeof no_launches, &no_launches));
    SOMA_TRY(enqueue(device, list));
    device->list_compiled[list->layers] = true;
    const cl_ulong launches = launch_count(list);
    return set_argument(list, 0, sizeof launches, &launches);
}

static soma_status make_kernel(soma_cl_device *device, soma_cl_list *list, const cl_ulong *entries, size_t size) {
    cl_int code;
    SOMA_TRY(soma_cl_create_kernel(device, &device->style, "list.cl", "list", list->layers ? "-DWITH_LAYERS" : " ",
                                   &list->kernel));
    list->entries = clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, size * sizeof *entries,
                                   (void *)(uintptr_t)entries, &code);
    SOMA_TRY(soma_cl_check(code, "clCreateBuffer for a list on %s", device->info.name));
    SOMA_TRY(set_fixed_arguments(device, list));
    return compile_now(device, list);
}

static void free_list(const soma_cl_device *device, soma_cl_list *list) {
    soma_cl_release_kernel(device, list->kernel);
    soma_cl_release_memory(device, list->entries);
    soma_free(list);
}

void soma_cl_list_leave(const soma_cl_device *device, soma_cl_prepared *prepared) {
    soma_cl_list *list = prepared->list;
    if (!list) return;
    prepared->list = NULL;
    list->broken = true;
    if (--list->left == 0) free_list(device, list);
}

/*
 * Makes the list that begins with these calls. SOMA_UNSUPPORTED: a list has no room for so many; otherwise lists by
 * this kernel are of no use on this device, where it does not build. Nothing is said of it: the calls are run one by
 * one.
 */
static soma_status make_list(soma_cl_device *device, const soma_call *calls, size_t count, bool layers) {
    cl_ulong *entries = NULL;
    size_t size;
    soma_cl_list *list = soma_calloc(1, sizeof *list + count * sizeof list->member[0]);
    if (!list) return soma_out_of_memory(sizeof *list, "a list of calls");
    list->count = list->left = count;
    list->layers = layers;
    list->groups = 1;
    for (size_t i = 0; i < count; i++) list->member[i] = calls[i].prepared;
    soma_status status = SOMA_UNSUPPORTED;
    if (write_list(device, list, calls, &entries, &size)) status = make_kernel(device, list, entries, size);
    soma_free(entries);
    if (status != SOMA_OK) {
        free_list(device, list);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        soma_cl_list_leave(device, list->member[i]); /* a broken one */
        list->member[i]->list = list;
    }
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- running */

static bool is_list(const soma_cl_list *list, const soma_call *calls, size_t count) {
    if (!list || list->broken || list->count > count) return false;
    for (size_t i = 0; i < list->count; i++)
        if (calls[i].prepared != list->member[i]) return false;
    return true;
}

static soma_status set_live(const soma_cl_list *list, const soma_call *calls) {
    cl_ulong live[SOMA_LISTED_LIVES] = {0}, *next = live;
    for (size_t i = 0; i < list->count; i++)
        for (uint32_t j = 0; j < list->member[i]->launch_count; j++) {
            const soma_cl_launch *launch = &list->member[i]->launch[j];
            for (uint32_t k = 0; k < launch->argument_count; k++)
                if (launch->argument[k].kind >= SOMA_CL_ARGUMENT_LIVE_FLOAT)
                    soma_cl_read_live(&calls[i], &launch->argument[k], next++);
        }
    return pass_live(list, live, list->live_count);
}

/* Makes a list of as many of the first calls as belong in one and have room, at least two launches. How many; 0: none.
 */
static size_t try_list(soma_cl_device *device, const soma_call *calls, size_t count, bool layers) {
    for (size_t length = soma_cl_length_of_list(calls, count, layers); device->lists[layers] && length > 0;
         length /= 2) {
        if (length == 1 && soma_cl_launches_in_all(calls[0].prepared) < 2) return 0;
        soma_status status = make_list(device, calls, length, layers);
        if (status == SOMA_OK) return length;
        if (status != SOMA_UNSUPPORTED) device->lists[layers] = false;
    }
    return 0;
}

soma_status soma_cl_arrange(void *state, soma_call *calls, size_t count, size_t runs) {
    soma_cl_device *device = state;
    if (runs < LEAST_RUNS) return SOMA_OK;
    const bool layers = soma_cl_wants_layers(calls, count);
    for (size_t i = 0, listed; i < count; i += SOMA_MAX(listed, (size_t)1)) {
        listed = try_list(device, calls + i, count - i, layers && device->lists[true]);
        /* What the kernel with layers can't do on this device the other may. */
        if (layers && !device->lists[true] && listed == 0) listed = try_list(device, calls + i, count - i, false);
    }
    return SOMA_OK;
}

size_t soma_cl_list_run(soma_cl_device *device, const soma_call *calls, size_t count) {
    const soma_cl_prepared *first = calls[0].prepared;
    if (!first || !is_list(first->list, calls, count) || !device->lists[first->list->layers]) return 0;
    if (set_live(first->list, calls) == SOMA_OK && enqueue(device, first->list) == SOMA_OK) return first->list->count;
    device->lists[first->list->layers] =
        false; /* drivers find out only now what they can't do; each call alone may go */
    return 0;
}
