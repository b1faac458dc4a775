/* SPDX-License-Identifier: MIT */
/*
 * Works through a list of launches in one: on a processor the launch of a small kernel costs more than what it does. One work-item does
 * all of it, group after group, in the order that separate launches would have, or several share the groups of the larger ones. The host writes
 * the list, see listed.h.
 */
#define IN_LIST
#include "vector.cl"
#include "listed.h"
#ifdef TRAINING
#include "dropout.cl"
#endif /* TRAINING */

#define X(name) LISTED_##name,
enum listed { SOMA_LISTED_TABLE(X) SOMA_LISTED_TRAINING(X) SOMA_LISTED_LAYERS(X) };
#undef X

/* What a launch's arguments are read from. */
typedef struct listed_arguments {
    const global ulong *argument;
    const ulong *live;
    global char *const *memory;
} listed_arguments;

static ulong number_at(listed_arguments from, uint i) {
    const ulong argument = from.argument[i];
    return argument >> SOMA_LISTED_TAG == SOMA_LISTED_LIVE ? from.live[argument & 255] : argument;
}

static global void *memory_at(listed_arguments from, uint i) {
    const ulong argument = from.argument[i];
    return from.memory[argument >> SOMA_LISTED_TAG] + (argument & (((ulong)1 << SOMA_LISTED_TAG) - 1));
}

/* A number, a float, a place; N(3) also stands where the kernel takes an uint. */
#define N(i) number_at(from, i)
#define F(i) as_float((uint)number_at(from, i))
#define AT(i) memory_at(from, i)

#define CALL(name, ...)                                                                                                \
    case LISTED_##name:                                                                                                \
        name(group, local_memory, __VA_ARGS__);                                                                        \
        break;
#define GATHER(name) CALL(name, N(0), N(1), N(2), N(3), N(4), F(5), F(6), N(7), N(8), N(9), AT(10), AT(11), AT(12))
#define GEMM(name)                                                                                                     \
    CALL(name, N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10), F(11), F(12), F(13), F(14), AT(15), AT(16), AT(17), AT(18))

#define COPY(name)                                                                                                     \
    CALL(name, N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10), N(11), N(12), N(13), N(14), N(15), N(16), N(17), F(18), F(19), \
         N(20), AT(21), AT(22))
#define CONV(name)                                                                                                     \
    CALL(name, N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10), N(11), N(12), N(13), N(14),          \
         N(15), N(16), N(17), N(18), N(19), N(20), N(21), N(22), N(23), N(24), N(25), N(26), N(27), N(28),             \
         N(29), N(30), N(31), N(32), F(33), F(34), AT(35), AT(36), AT(37), AT(38), N(39), AT(40))

static void call_group(ulong kernel_number, const ulong *group, local float *local_memory, listed_arguments from) {
    switch (kernel_number) {
        CALL(binary, N(0), N(1), N(2), AT(3), AT(4), AT(5))
        CALL(binary_broadcast, N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10), N(11), AT(12), AT(13), AT(14))
        COPY(copy_float_float)
        COPY(copy_int_float)
        COPY(copy_int_int)
        CALL(crossentropy, N(0), N(1), N(2), N(3), N(4), N(5), N(6), AT(7), AT(8), AT(9), AT(10), AT(11), AT(12))
        CALL(fill, N(0), N(1), F(2), AT(3))
        GATHER(gather_float_float)
        GATHER(gather_int_int)
        GATHER(gather_uchar_float)
        GATHER(gather_uchar_int)
        GEMM(gemm_vector_few)
        GEMM(gemm_vector_narrow)
        GEMM(gemm_vector_wide)
        CALL(loss, N(0), N(1), N(2), N(3), F(4), F(5), F(6), F(7), F(8), N(9), N(10), AT(11), AT(12), AT(13), AT(14), AT(15))
        CALL(metric_add, N(0), N(1), N(2), N(3), N(4), F(5), N(6), N(7), AT(8), AT(9), AT(10), AT(11), AT(12))
        CALL(metric_rows, N(0), N(1), N(2), N(3), N(4), F(5), N(6), N(7), AT(8), AT(9), AT(10), AT(11), AT(12))
        CALL(normalize_apply, N(0), N(1), N(2), N(3), N(4), F(5), F(6), N(7), AT(8), AT(9), AT(10), AT(11))
        CALL(normalize_given, N(0), N(1), N(2), N(3), N(4), F(5), F(6), N(7), F(8), AT(9), AT(10), AT(11), AT(12), AT(13), AT(14), AT(15), AT(16))
        CALL(normalize_join, N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), F(8), F(9), F(10), AT(11), AT(12), AT(13), AT(14), AT(15), AT(16), AT(17))
        CALL(normalize_pieces, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6))
        CALL(normalize_rows, N(0), N(1), N(2), N(3), N(4), F(5), F(6), N(7), F(8), AT(9), AT(10), AT(11), AT(12), AT(13), AT(14))
        CALL(reduce_columns, N(0), N(1), N(2), N(3), N(4), F(5), AT(6), AT(7))
        CALL(reduce_rows, N(0), N(1), N(2), N(3), N(4), N(5), F(6), AT(7), AT(8))
        CALL(scatter, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7))
        CALL(softmax_rows, N(0), N(1), N(2), N(3), AT(4), AT(5))
        CALL(unary, N(0), N(1), N(2), F(3), F(4), AT(5), AT(6))
#ifdef WITH_LAYERS
        CONV(conv_vector_narrow)
        CONV(conv_vector_wide)
        CALL(recurrent_gru, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7), AT(8), AT(9), AT(10), AT(11))
        CALL(recurrent_gru_candidate, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7), AT(8), AT(9), AT(10), AT(11), AT(12), AT(13))
        CALL(recurrent_gru_reset, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7), AT(8), AT(9), AT(10), AT(11), AT(12), AT(13))
        CALL(recurrent_lstm, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7), AT(8), AT(9), AT(10), AT(11), AT(12), AT(13))
        CALL(recurrent_rnn, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7), AT(8), AT(9), AT(10))
#else
#ifdef TRAINING
        CALL(bias_unary_grad, N(0), N(1), N(2), N(3), F(4), F(5), AT(6), AT(7), AT(8), AT(9))
        CALL(crossentropy_grad, N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), AT(8), AT(9), AT(10), AT(11), AT(12), AT(13), AT(14), AT(15))
        CALL(dropout, N(0), N(1), N(2), F(3), N(4), N(5), N(6), N(7), N(8), AT(9), AT(10))
        CALL(gather_grad, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7))
        CALL(loss_grad, N(0), N(1), N(2), N(3), F(4), F(5), F(6), F(7), F(8), N(9), N(10), AT(11), AT(12), AT(13), AT(14), AT(15), AT(16))
        CALL(norm_join, N(0), AT(1), AT(2))
        CALL(norm_pieces, N(0), N(1), N(2), N(3), AT(4), AT(5))
        CALL(normalize_grad_apply, N(0), N(1), N(2), N(3), N(4), N(5), N(6), AT(7), AT(8), AT(9), AT(10), AT(11), AT(12), AT(13))
        CALL(normalize_grad_channels, N(0), N(1), N(2), AT(3), AT(4), AT(5))
        CALL(normalize_grad_join, N(0), N(1), N(2), N(3), N(4), N(5), N(6), AT(7), AT(8), AT(9), AT(10))
        CALL(normalize_grad_pieces, N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), AT(8), AT(9), AT(10), AT(11), AT(12))
        CALL(normalize_grad_rows, N(0), N(1), N(2), N(3), N(4), AT(5), AT(6), AT(7), AT(8), AT(9), AT(10))
        CALL(optimizer, N(0), N(1), N(2), N(3), F(4), F(5), F(6), F(7), F(8), F(9), F(10), F(11), F(12), F(13), F(14), AT(15), AT(16),
             AT(17), AT(18), AT(19))
        CALL(softmax_grad_rows, N(0), N(1), N(2), N(3), AT(4), AT(5), AT(6))
        CALL(unary_grad, N(0), N(1), N(2), F(3), F(4), AT(5), AT(6), AT(7))
#endif /* TRAINING */
#endif
    }
}

/*
 * Several work-items, of a group each, may work through one list. Each goes through all of it. Of a launch whose groups are shared it takes one
 * group after the other, as long as there are any, and waits until those that others took are done; launches that one does all take together.
 * Nobody waits but for work that another is doing, so it does not matter how many of them run at a time, and one that comes late finds nothing left.
 * Where that takes long, since other programs want the processor, who waits leaves the rest of the list to the others.
 */
typedef volatile global uint *counter;
#define COUNTERS (2 * SOMA_LISTED_LINE) /* numbers of 32 bits in a line */
/*
 * Of a turn: how many of its groups are done, and of each share how many are taken. The first thread's share are the first groups, so that it finds
 * in its caches what it wrote in the turn before; who is through with his own takes what is left of others.
 */
#define DONE   0
#define TAKEN  1
#define SHARES (COUNTERS - TAKEN)
/* Of all: whether every turn is done, and how many work-items have left. */
#define OVER 0
#define LEFT 1

/* What was written before is to be seen by who finds a counter changed, on every processor: OpenCL 1.2 promises it within a group alone. */
#if defined(__has_builtin)
#if __has_builtin(__sync_synchronize)
#define ORDER() __sync_synchronize()
#endif
#endif
#ifndef ORDER
#define ORDER() mem_fence(CLK_GLOBAL_MEM_FENCE)
#endif

static void tell_done(counter turn, uint groups) {
    ORDER();
    atomic_add(&turn[DONE], groups);
}

/* Groups that somebody works through, and where he looks for them. */
typedef struct taker {
    counter turn;
    uint groups, shares, own, tried; /* own: his share; tried: shares, from his own on, that hold no more */
} taker;

/* The next group, or so many as there are. */
static uint take(taker *from) {
    for (; from->tried < from->shares; from->tried++) {
        const uint share = (from->own + from->tried) % from->shares;
        const uint first = (uint)((ulong)from->groups * share / from->shares), end = (uint)((ulong)from->groups * (share + 1) / from->shares);
        const counter taken = &from->turn[TAKEN + share];
        if (*taken >= end - first) continue;
        const uint number = first + atomic_inc(taken);
        if (number < end) return number;
    }
    return from->groups;
}

/* Looks at most so often, some 100 us; false if that was in vain. */
#define PATIENCE (1u << 18)
static bool wait_for(counter turn, uint groups) {
    uint looks = 0;
    while (turn[DONE] < groups && looks < PATIENCE) looks++;
    ORDER();
    return looks < PATIENCE;
}

/* The last to leave makes the counters ready for the next run. */
static void leave(counter all, bool over) {
    if (over) all[OVER] = 1;
    ORDER();
    if (atomic_inc(&all[LEFT]) + 1 < get_num_groups(0)) return;
    const ulong turns = ((volatile global ulong *)all)[SOMA_LISTED_TURNS];
    for (ulong i = COUNTERS; i < (turns + 1) * COUNTERS; i++) all[i] = 0;
    all[OVER] = all[LEFT] = 0;
}

/* local_memory holds what a matrix product packs, see gemm_vector.h. (As an array of this kernel it makes PoCL 3.1's compiler crash.) */
/* Live numbers come two at a time, which is as wide a vector as fits the registers of every processor. */
#define LIVE(i) ulong2 live##i
#define STORE_LIVE(i) vstore2(live##i, i, live)
#define MEMORY(i) global char *memory##i
KERNEL_OF_LIST void list(ulong launches, ulong counters, local float *local_memory, global ulong *numbers, LIVE(0), LIVE(1), LIVE(2), LIVE(3), LIVE(4),
                         LIVE(5), LIVE(6), LIVE(7), LIVE(8), LIVE(9), LIVE(10), LIVE(11), LIVE(12), LIVE(13), LIVE(14), LIVE(15), MEMORY(1),
                         MEMORY(2), MEMORY(3), MEMORY(4), MEMORY(5), MEMORY(6), MEMORY(7), MEMORY(8), MEMORY(9), MEMORY(10), MEMORY(11),
                         MEMORY(12)) {
    global char *memory[] = {0,       memory1, memory2, memory3, memory4,  memory5, memory6,
                             memory7, memory8, memory9, memory10, memory11, memory12};
    ulong live[SOMA_LISTED_LIVES];
    STORE_LIVE(0), STORE_LIVE(1), STORE_LIVE(2), STORE_LIVE(3), STORE_LIVE(4), STORE_LIVE(5), STORE_LIVE(6), STORE_LIVE(7);
    STORE_LIVE(8), STORE_LIVE(9), STORE_LIVE(10), STORE_LIVE(11), STORE_LIVE(12), STORE_LIVE(13), STORE_LIVE(14), STORE_LIVE(15);
    const bool together = get_num_groups(0) > 1;
    const global ulong *entry = numbers;
    const counter all = (counter)(numbers + counters);
    counter turn = all;
    if (together && all[OVER]) launches = 0;
    /* The first thread has two work-items, one after the other (see write_turn() in list.c). */
    const uint threads = max((uint)get_num_groups(0) - 1, 1u), thread = max((uint)get_group_id(0), 1u) - 1;
    bool shared = false, mine = true;
    ulong left = 0; /* launches of this turn */
    ulong i = 0;
    for (; i < launches; i++) {
        const listed_arguments from = {entry + SOMA_LISTED_HEAD, live, memory};
        const uint groups = (uint)(entry[1] * entry[2]);
        if (together && left == 0) {
            turn += COUNTERS;
            shared = entry[4] == 0;
            left = shared ? 1 : entry[4];
            mine = shared || atomic_inc(&turn[TAKEN]) == 0;
        }
        taker to_take = {turn, groups, min(threads, (uint)SHARES), 0, 0};
        to_take.own = thread % to_take.shares;
        uint done = 0;
        for (uint number = !mine ? groups : shared ? take(&to_take) : 0; number < groups; number = shared ? take(&to_take) : number + 1) {
            const ulong group[2] = {number % entry[1], number / entry[1]};
            call_group(entry[0], group, local_memory, from);
            done++;
        }
        if (together && --left == 0) {
            if (mine) tell_done(turn, shared ? done : 1);
            if (!wait_for(turn, shared ? groups : 1)) break;
        }
        entry += SOMA_LISTED_HEAD + entry[3];
    }
    if (together) leave(all, i == launches);
}
