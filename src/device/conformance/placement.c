/* SPDX-License-Identifier: MIT */
/* Puts a case's views into device memory between guard bytes, and finds out what was written where nothing should be.
 */
#include "device/conformance/suite.h"

#include <stdio.h>
#include <string.h>

static uint8_t guard_byte(size_t position) {
    return (uint8_t)(0xC3 ^ (position * 31));
}

static size_t span_bytes(const soma_view *view) {
    return soma_view_positions(view) * soma_dtype_size(view->dtype);
}

static size_t slot_bytes(const soma_case *c, size_t workspace, uint32_t slot) {
    if (slot == SOMA_WORKSPACE_SLOT) return workspace;
    return slot < c->call.view_count ? span_bytes(&c->call.view[slot]) : 0;
}

static bool slot_is_used(const soma_case *c, size_t workspace, uint32_t slot) {
    if (slot == SOMA_WORKSPACE_SLOT) return workspace > 0;
    return slot < c->call.view_count && soma_view_present(&c->call.view[slot]);
}

/* Odd cases have all views in one memory, as a plan has them; the first view begins at 0, 1 or 2 times the alignment.
 * Each memory of an even one ends with its view, where sanitizers see what is read behind it; those of odd ones go on,
 * and what is written there is seen without. */
static void lay_out(const soma_suite *suite, const soma_case *c, size_t workspace, soma_placement *placement) {
    size_t alignment = SOMA_MAX(suite->device->info.alignment, 64);
    bool together = suite->number % 2 == 1;
    for (uint32_t slot = 0; slot <= SOMA_WORKSPACE_SLOT; slot++) {
        if (!slot_is_used(c, workspace, slot)) continue;
        if (slot != SOMA_WORKSPACE_SLOT && c->over[slot]) {
            placement->block_of[slot] = placement->block_of[c->over[slot] - 1];
            placement->offset[slot] = placement->offset[c->over[slot] - 1];
            continue;
        }
        uint32_t home = together && slot != SOMA_WORKSPACE_SLOT ? 0 : slot;
        soma_block *block = &placement->block[home];
        size_t offset = block->bytes ? block->bytes : suite->number % 3 * alignment;
        if (slot != SOMA_WORKSPACE_SLOT) offset += c->shift[slot] * soma_dtype_size(c->call.view[slot].dtype);
        placement->block_of[slot] = home;
        placement->offset[slot] = offset;
        block->bytes = offset + slot_bytes(c, workspace, slot);
        if (together || block->bytes == 0) block->bytes = soma_round_up(block->bytes, alignment) + alignment;
    }
}

/* What a view holds at first: its contents, or garbage that is no plausible result. */
static void set_contents(const soma_case *c, const soma_placement *placement, uint32_t slot) {
    soma_view view = c->call.view[slot];
    view.memory = placement->block[placement->block_of[slot]].before;
    view.offset = placement->offset[slot];
    size_t count = soma_view_count(&view);
    double garbage = view.dtype == SOMA_F32 && !c->garbage_is_finite ? NAN : view.dtype == SOMA_U8 ? 0xB7 : 1.3e9;
    for (size_t i = 0; i < count; i++) {
        size_t position = soma_element_position(&view, i);
        soma_element_set(&view, position, c->data[slot] ? c->data[slot][position] : garbage);
    }
}

static soma_status make_block(soma_suite *suite, soma_block *block) {
    block->before = soma_malloc(block->bytes);
    block->after = soma_malloc(block->bytes);
    block->allowed = soma_malloc(block->bytes);
    if (!block->before || !block->after || !block->allowed)
        return soma_out_of_memory(block->bytes, "a case of the conformance suite");
    for (size_t i = 0; i < block->bytes; i++) block->before[i] = guard_byte(i);
    return soma_device_alloc(suite->device, block->bytes, "a case of the conformance suite", &block->memory);
}

soma_status soma_placement_make(soma_suite *suite, const soma_case *c, size_t workspace, soma_placement *placement) {
    memset(placement, 0, sizeof *placement);
    placement->workspace = workspace;
    lay_out(suite, c, workspace, placement);
    for (uint32_t i = 0; i <= SOMA_WORKSPACE_SLOT; i++)
        if (placement->block[i].bytes) SOMA_TRY(make_block(suite, &placement->block[i]));
    for (uint32_t i = 0; i < c->call.view_count; i++)
        if (slot_is_used(c, 0, i) && !c->over[i]) set_contents(c, placement, i);
    if (workspace)
        memset(placement->block[SOMA_WORKSPACE_SLOT].before + placement->offset[SOMA_WORKSPACE_SLOT], 0xFF, workspace);
    for (uint32_t i = 0; i <= SOMA_WORKSPACE_SLOT; i++) {
        soma_block *block = &placement->block[i];
        SOMA_TRY(soma_device_write(suite->device, block->memory, 0, block->before, block->bytes));
    }
    return SOMA_OK;
}

void soma_placement_free(soma_suite *suite, soma_placement *placement) {
    for (uint32_t i = 0; i <= SOMA_WORKSPACE_SLOT; i++) {
        soma_block *block = &placement->block[i];
        soma_device_free(suite->device, block->memory, block->bytes);
        soma_free(block->before);
        soma_free(block->after);
        soma_free(block->allowed);
    }
}

soma_status soma_placement_read(soma_suite *suite, soma_placement *placement) {
    for (uint32_t i = 0; i <= SOMA_WORKSPACE_SLOT; i++) {
        soma_block *block = &placement->block[i];
        SOMA_TRY(soma_device_read(suite->device, block->memory, 0, block->after, block->bytes));
    }
    return SOMA_OK;
}

soma_call soma_placement_call(const soma_case *c, const soma_placement *placement, bool after) {
    soma_call call = c->call;
    for (uint32_t i = 0; i < call.view_count; i++) {
        if (!soma_view_present(&call.view[i])) continue;
        const soma_block *block = &placement->block[placement->block_of[i]];
        call.view[i].memory = after ? block->after : block->before;
        call.view[i].offset = placement->offset[i];
    }
    return call;
}

/* ------------------------------------------------------------------------------------------------------- damage */

/* Takes over from `after` what may have changed: the elements of outputs. */
static void allow_outputs(const soma_case *c, const soma_placement *placement, uint32_t slot, uint8_t *allowed) {
    const soma_view *view = &c->call.view[slot];
    const uint8_t *after = placement->block[placement->block_of[slot]].after;
    size_t size = soma_dtype_size(view->dtype), count = soma_view_count(view);
    for (size_t i = 0; i < count; i++) {
        size_t at = placement->offset[slot] + soma_element_position(view, i) * size;
        memcpy(allowed + at, after + at, size);
    }
}

/* The slot of a block that a byte belongs to or follows. */
static uint32_t slot_at(const soma_case *c, const soma_placement *placement, uint32_t home, size_t position) {
    uint32_t found = home;
    for (uint32_t slot = 0; slot < c->call.view_count; slot++)
        if (soma_view_present(&c->call.view[slot]) && placement->block_of[slot] == home &&
            placement->offset[slot] <= position)
            found = slot;
    return found;
}

static void describe_damage(const soma_case *c, const soma_placement *placement, uint32_t home, size_t position,
                            char *text, size_t size) {
    if (home == SOMA_WORKSPACE_SLOT) {
        snprintf(text, size, "writes outside its workspace");
        return;
    }
    uint32_t slot = slot_at(c, placement, home, position);
    const char *name = soma_call_view_name(&c->call, slot);
    size_t begin = placement->offset[slot], end = begin + span_bytes(&c->call.view[slot]);
    if (position < begin)
        snprintf(text, size, "writes %zu bytes before %s", begin - position, name);
    else if (position >= end)
        snprintf(text, size, "writes %zu bytes past the end of %s", position - end, name);
    else if (soma_call_writes(&c->call, slot))
        snprintf(text, size, "writes into a gap of %s", name);
    else
        snprintf(text, size, "writes into its input %s, byte %zu", name, position - begin);
}

static bool block_is_damaged(const soma_case *c, const soma_placement *placement, uint32_t home, size_t *position) {
    const soma_block *block = &placement->block[home];
    memcpy(block->allowed, block->before, block->bytes);
    for (uint32_t slot = 0; slot < c->call.view_count; slot++)
        if (soma_call_writes(&c->call, slot) && placement->block_of[slot] == home)
            allow_outputs(c, placement, slot, block->allowed);
    if (home == SOMA_WORKSPACE_SLOT)
        memcpy(block->allowed + placement->offset[home], block->after + placement->offset[home], placement->workspace);
    *position = 0;
    while (*position < block->bytes && block->allowed[*position] == block->after[*position]) ++*position;
    return *position < block->bytes;
}

bool soma_placement_is_damaged(const soma_case *c, const soma_placement *placement, char *text, size_t size) {
    for (uint32_t home = 0; home <= SOMA_WORKSPACE_SLOT; home++) {
        size_t position;
        if (!placement->block[home].bytes || !block_is_damaged(c, placement, home, &position)) continue;
        describe_damage(c, placement, home, position, text, size);
        return true;
    }
    return false;
}

void soma_placement_go_on(soma_placement *placement) {
    for (uint32_t i = 0; i <= SOMA_WORKSPACE_SLOT; i++) {
        soma_block *block = &placement->block[i];
        if (block->bytes) memcpy(block->before, block->after, block->bytes);
    }
}
