/* SPDX-License-Identifier: MIT */
/* Sums and agreement among the ranks of a training. */
#include "train/team.h"

#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ open and close */

static soma_status check_communicator(const soma_communicator *communicator) {
    if (communicator->abi != SOMA_COMMUNICATOR_ABI)
        return soma_error(SOMA_ABI_MISMATCH, "soma_fit: the communicator is of ABI %" PRIu32 ", this soma takes %d",
                          communicator->abi, SOMA_COMMUNICATOR_ABI);
    if (communicator->size < sizeof *communicator)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit: the communicator has %" PRIu32 " bytes, %zu are needed",
                          communicator->size, sizeof *communicator);
    if (communicator->rank >= communicator->ranks)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_fit: the communicator is of rank %" PRIu32 " of %" PRIu32 "; ranks count from 0",
                          communicator->rank, communicator->ranks);
    if (!communicator->start_sum || !communicator->wait || !communicator->broadcast || !communicator->abort)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit: a function of the communicator is missing");
    return SOMA_CHECK_RESERVED(communicator, "soma_communicator");
}

soma_status soma_team_open(const soma_communicator *communicator, soma_team *team) {
    *team = (soma_team){.ranks = 1};
    if (!communicator) return SOMA_OK;
    SOMA_TRY(check_communicator(communicator));
    team->communicator = communicator;
    team->rank = communicator->rank;
    team->ranks = communicator->ranks;
    return SOMA_OK;
}

soma_status soma_team_reserve(soma_team *team, size_t count, size_t most) {
    if (!team->communicator) return SOMA_OK;
    team->values = soma_calloc(most + SOMA_TEAM_FLAGS, sizeof *team->values);
    if (!team->values) return soma_out_of_memory(most * sizeof *team->values, "a copy of the gradient");
    team->count = count;
    return SOMA_OK;
}

void soma_team_close(soma_team *team) {
    soma_free(team->values);
    team->values = NULL;
}

/* ----------------------------------------------------------------------------------------------------------- sums */

soma_status soma_team_sum_values(const soma_team *team, float *values, size_t count) {
    const soma_communicator *communicator = team->communicator;
    void *sum = NULL;
    if (!communicator || count == 0) return SOMA_OK;
    SOMA_TRY(communicator->start_sum(communicator->context, values, count, &sum));
    return communicator->wait(communicator->context, sum);
}

void soma_team_raise_flags(soma_team *team) {
    for (size_t i = 0; i < SOMA_TEAM_FLAGS; i++) team->values[team->count + i] = team->wants[i] ? 1.0f : 0.0f;
}

void soma_team_read_flags(const soma_team *team, bool agreed[SOMA_TEAM_FLAGS]) {
    for (size_t i = 0; i < SOMA_TEAM_FLAGS; i++) agreed[i] = team->values[team->count + i] > 0;
}

soma_status soma_team_sum(soma_team *team, bool agreed[SOMA_TEAM_FLAGS]) {
    soma_team_raise_flags(team);
    SOMA_TRY(soma_team_sum_values(team, team->values, team->count + SOMA_TEAM_FLAGS));
    soma_team_read_flags(team, agreed);
    return SOMA_OK;
}

soma_status soma_team_broadcast(const soma_team *team, void *bytes, size_t size, uint32_t root) {
    const soma_communicator *communicator = team->communicator;
    if (!communicator || size == 0) return SOMA_OK;
    return communicator->broadcast(communicator->context, bytes, size, root);
}

soma_status soma_team_gather(const soma_team *team, const void *own, size_t size, void *all) {
    memcpy((char *)all + team->rank * size, own, size);
    for (uint32_t i = 0; i < team->ranks; i++) SOMA_TRY(soma_team_broadcast(team, (char *)all + i * size, size, i));
    return SOMA_OK;
}

soma_status soma_team_add(const soma_team *team, double *totals, size_t count) {
    if (!team->communicator) return SOMA_OK;
    double *all = soma_calloc(team->ranks * count, sizeof *all);
    if (!all) return soma_out_of_memory(team->ranks * count * sizeof *all, "the figures of all ranks");
    soma_status status = soma_team_gather(team, totals, count * sizeof *all, all);
    for (size_t i = 0; status == SOMA_OK && i < count; i++) {
        totals[i] = 0;
        for (uint32_t j = 0; j < team->ranks; j++) totals[i] += all[j * count + i];
    }
    soma_free(all);
    return status;
}

soma_status soma_team_all(const soma_team *team, bool own, bool *all) {
    double missing = own ? 0 : 1;
    SOMA_TRY(soma_team_add(team, &missing, 1));
    *all = missing == 0;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------ agreement */

/* What a rank says of itself. */
typedef struct statement {
    uint32_t status;
    char name[64];    /* of the rank; empty: none but its number */
    char detail[444]; /* the beginning of it */
} statement;

static bool is_error(uint32_t status) {
    return status != SOMA_OK && status != SOMA_STOPPED;
}

/* Cut where it is too long, between characters. */
static void take_detail(statement *own) {
    const char *detail = soma_last_error();
    size_t length = strlen(detail);
    if (length >= sizeof own->detail) {
        length = sizeof own->detail - 1;
        while (length > 0 && ((unsigned char)detail[length] & 0xC0) == 0x80) length--;
    }
    memcpy(own->detail, detail, length);
}

static soma_status conclude(soma_team *team, const statement *all, soma_status own) {
    bool stopped = false;
    for (uint32_t i = 0; i < team->ranks; i++) {
        stopped |= all[i].status == SOMA_STOPPED;
        if (!is_error(all[i].status)) continue;
        team->alike = true;
        if (is_error((uint32_t)own)) return own;
        soma_status status = all[i].status < SOMA_STATUS_COUNT ? (soma_status)all[i].status : SOMA_INTERNAL;
        const int most = (int)sizeof all[i].detail - 1;
        if (all[i].name[0]) return soma_error(status, "%.63s: %.*s", all[i].name, most, all[i].detail);
        return soma_error(status, "rank %" PRIu32 ": %.*s", i, most, all[i].detail);
    }
    return stopped ? SOMA_STOPPED : SOMA_OK;
}

soma_status soma_team_agree(soma_team *team, soma_status own) {
    if (!team->communicator) return own;
    statement mine = {.status = (uint32_t)own}, *all = soma_calloc(team->ranks, sizeof *all);
    if (!all) return soma_out_of_memory(team->ranks * sizeof *all, "what all ranks say");
    if (is_error((uint32_t)own)) take_detail(&mine);
    if (team->name) strncpy(mine.name, team->name, sizeof mine.name - 1);
    soma_status status = soma_team_gather(team, &mine, sizeof mine, all);
    if (status == SOMA_OK) status = conclude(team, all, own);
    soma_free(all);
    return status;
}

soma_status soma_team_leave(soma_team *team, soma_status status) {
    const soma_communicator *communicator = team->communicator;
    if (!communicator || team->alike || !is_error((uint32_t)status)) return status;
    team->alike = true;
    if (team->name && team->rank > 0) soma_error_prefix(status, "%s: ", team->name);
    communicator->abort(communicator->context, status, soma_last_error());
    return status;
}
