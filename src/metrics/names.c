/* SPDX-License-Identifier: MIT */
/* The scores by name, and which task has which. */
#include "metrics/metrics.h"

#include <string.h>

static const struct {
    const char *name, *tasks;
} rows[] = {
#define X(NAME, name, tasks) [SOMA_SCORE_##NAME] = {name, tasks},
    SOMA_SCORE_LIST(X)
#undef X
};
_Static_assert(SOMA_SCORE_COUNT <= SOMA_MAX_SCORES, "the structs have no room for so many scores");

const char *soma_score_name(soma_score score) {
    return (unsigned)score < SOMA_SCORE_COUNT ? rows[score].name : NULL;
}

bool soma_score_applies(soma_score score, soma_task task, bool of_unit) {
    if ((unsigned)score >= SOMA_SCORE_COUNT || (unsigned)task > SOMA_TASK_NUMBERS) return false;
    return strchr(rows[score].tasks, (of_unit ? "cln" : "CLN")[task]) != NULL;
}
