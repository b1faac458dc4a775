/* SPDX-License-Identifier: MIT */
/* The memory planner: nothing that lives at one time overlaps, and where the optimum is known it is reached. */
#include "expect.h"
#include "graph/place.h"
#include "suite.h"

#define MOST 40

/* The largest sum of blocks that live at one time: no placement needs less. */
static size_t lower_bound(const soma_block *blocks, size_t count) {
    size_t bound = 0;
    for (size_t i = 0; i < count; i++) {
        size_t live = 0;
        for (size_t j = 0; j < count; j++)
            if (blocks[j].first <= blocks[i].first && blocks[i].first <= blocks[j].last) live += blocks[j].size;
        bound = SOMA_MAX(bound, live);
    }
    return bound;
}

static bool live_together(const soma_block *a, const soma_block *b) {
    return a->first <= b->last && b->first <= a->last;
}

static void expect_sound(const soma_block *blocks, size_t count, size_t alignment, size_t total) {
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const soma_block *a = &blocks[i];
        if (a->size == 0) continue;
        ck_assert_uint_eq(a->offset % alignment, 0);
        end = SOMA_MAX(end, a->offset + a->size);
        for (size_t j = 0; j < i; j++) {
            const soma_block *b = &blocks[j];
            if (b->size == 0 || !live_together(a, b)) continue;
            ck_assert_msg(a->offset + a->size <= b->offset || b->offset + b->size <= a->offset,
                          "blocks %zu [%zu, +%zu] and %zu [%zu, +%zu] overlap", i, a->offset, a->size, j, b->offset,
                          b->size);
        }
    }
    ck_assert_uint_eq(total, end);
    ck_assert_uint_ge(total, lower_bound(blocks, count));
}

/* {size, first, last} with alignment 64; the total that a person finds by hand. */
static const struct {
    const char *name;
    size_t count, total;
    soma_block blocks[8];
} known[] = {
    {"nothing", 0, 0, {{0}}},
    {"one block is rounded up", 1, 128, {{65, 0, 3, 0}}},
    {"blocks of size 0 need nothing", 2, 64, {{0, 0, 9, 0}, {64, 0, 9, 0}}},
    {"all at once", 3, 64 + 128 + 192, {{64, 0, 5, 0}, {128, 1, 4, 0}, {192, 2, 3, 0}}},
    {"one after the other", 3, 192, {{64, 0, 1, 0}, {192, 2, 3, 0}, {128, 4, 5, 0}}},
    {"a chain: two neighbours at a time", 4, 256, {{128, 0, 1, 0}, {128, 1, 2, 0}, {128, 2, 3, 0}, {128, 3, 4, 0}}},
    {"a forward and a backward pass",
     6,
     4 * 64 + 64, /* a0 a1 a2 live, and two gradients at the turn */
     {{64, 0, 9, 0}, {64, 1, 8, 0}, {64, 2, 7, 0}, {64, 6, 7, 0}, {64, 7, 8, 0}, {64, 8, 9, 0}}},
    {"a small block in the gap that a large one leaves", 3, 320, {{256, 0, 2, 0}, {64, 0, 9, 0}, {256, 3, 9, 0}}},
    {"touching at one call is living together", 2, 128, {{64, 0, 4, 0}, {64, 4, 8, 0}}},
};

START_TEST(known_graphs_reach_the_lower_bound) {
    soma_block blocks[8];
    size_t total = 77;
    memcpy(blocks, known[_i].blocks, sizeof blocks);
    expect_ok(soma_place_blocks(blocks, known[_i].count, 64, &total));
    expect_sound(blocks, known[_i].count, 64, total);
    ck_assert_msg(total == known[_i].total, "%s: %zu bytes, expected %zu", known[_i].name, total, known[_i].total);
    ck_assert_uint_eq(total, lower_bound(blocks, known[_i].count));
}
END_TEST

static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

START_TEST(random_graphs_are_sound) {
    unsigned state = 1;
    for (int round = 0; round < 2000; round++) {
        soma_block blocks[MOST];
        size_t count = 1 + next_random(&state) % MOST, alignment = (size_t)64 << next_random(&state) % 3, total = 0;
        for (size_t i = 0; i < count; i++) {
            size_t first = next_random(&state) % 50;
            blocks[i] = (soma_block){next_random(&state) % 5000, first, first + next_random(&state) % 20, 0};
        }
        expect_ok(soma_place_blocks(blocks, count, alignment, &total));
        expect_sound(blocks, count, alignment, total);
    }
}
END_TEST

/* Plans, and with them the sums over them, must not depend on how the C library sorts equal elements. */
START_TEST(placement_is_reproducible) {
    soma_block first[MOST], second[MOST];
    size_t total[2];
    for (size_t i = 0; i < MOST; i++) first[i] = second[i] = (soma_block){256, i / 3, i / 3 + 4, 0};
    expect_ok(soma_place_blocks(first, MOST, 64, &total[0]));
    expect_ok(soma_place_blocks(second, MOST, 64, &total[1]));
    ck_assert_uint_eq(total[0], total[1]);
    for (size_t i = 0; i < MOST; i++) ck_assert_uint_eq(first[i].offset, second[i].offset);
}
END_TEST

/* Sizes whose rounding, or whose sum, is no size_t. */
static const struct {
    size_t a, b;
} too_large[] = {{SIZE_MAX, 0}, {SIZE_MAX - 62, 64}, {SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1}, {SIZE_MAX - 127, 128}};

START_TEST(sizes_beyond_memory_are_refused) {
    soma_block blocks[] = {{too_large[_i].a, 0, 1, 0}, {too_large[_i].b, 0, 1, 0}};
    size_t total;
    expect_error(soma_place_blocks(blocks, 2, 64, &total), SOMA_OUT_OF_DEVICE_MEMORY, "memory");
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, known_graphs_reach_the_lower_bound, 0, SOMA_COUNT_OF(known));
    tcase_add_test(cases, random_graphs_are_sound);
    tcase_add_test(cases, placement_is_reproducible);
    tcase_add_loop_test(cases, sizes_beyond_memory_are_refused, 0, SOMA_COUNT_OF(too_large));
}

int main(void) {
    return run_suite("place", add_tests);
}
