/* SPDX-License-Identifier: MIT */
/* Runs a case on the device and on the reference. */
#include "device/conformance/suite.h"

#include <string.h>

/* The views as `prepare` sees them have no memory; from the first run on they have. */
void soma_placement_place(const soma_placement *placement, soma_call *call) {
    for (uint32_t i = 0; i < call->view_count; i++) {
        if (!soma_view_present(&call->view[i])) continue;
        call->view[i].memory = placement->block[placement->block_of[i]].memory;
        call->view[i].offset = placement->offset[i];
    }
    if (!placement->workspace) return;
    call->workspace = placement->block[SOMA_WORKSPACE_SLOT].memory;
    call->workspace_offset = placement->offset[SOMA_WORKSPACE_SLOT];
}

/* One run of the prepared call, which is the first of these; false if the case has failed. */
static bool run_once(soma_suite *suite, soma_case *c, soma_placement *placement, soma_call *calls, size_t count) {
    char damage[160];
    soma_status status = soma_device_run(suite->device, calls, count);
    if (status == SOMA_OK) status = soma_device_sync(suite->device);
    if (status == SOMA_OK) status = soma_placement_read(suite, placement);
    if (status != SOMA_OK) {
        soma_suite_fail(suite, c->text, "run gives %s: %s", soma_status_name(status), soma_last_error());
        return false;
    }
    if (soma_placement_is_damaged(c, placement, damage, sizeof damage)) {
        soma_suite_fail(suite, c->text, "it %s", damage);
        return false;
    }
    soma_call before = soma_placement_call(c, placement, false), after = soma_placement_call(c, placement, true);
    return soma_case_compare(suite, c, &before, &after);
}

/* Once more, as one of two calls that the device may do at once: that way it can go wrong by itself. */
static void run_beside(soma_suite *suite, soma_case *c, soma_placement *placement, const soma_call *call) {
    soma_call both[2] = {*call, suite->neighbour};
    if (!suite->neighbour.view_count || call->fallback) return;
    soma_status status = soma_device_arrange(suite->device, both, 2, SIZE_MAX);
    soma_case_describe(c, ", in a list");
    if (status != SOMA_OK)
        soma_suite_fail(suite, c->text, "arranging it gives %s: %s", soma_status_name(status), soma_last_error());
    else
        run_once(suite, c, placement, both, 2);
}

static void run_placed(soma_suite *suite, soma_case *c, soma_call *call, size_t workspace) {
    soma_placement placement;
    soma_status status = soma_placement_make(suite, c, workspace, &placement);
    if (status != SOMA_OK)
        soma_suite_fail(suite, c->text, "placing it gives %s: %s", soma_status_name(status), soma_last_error());
    else {
        soma_placement_place(&placement, call);
        uint32_t run = 0;
        for (; run < c->run_count; run++) {
            memcpy(&call->params, &c->run[run].params, sizeof call->params);
            memcpy(&c->call.params, &c->run[run].params, sizeof call->params);
            if (!run_once(suite, c, &placement, call, 1)) break;
            soma_placement_go_on(&placement);
            soma_case_describe(c, ", run %u", run + 2);
        }
        if (run == c->run_count) run_beside(suite, c, &placement, call);
    }
    soma_placement_free(suite, &placement);
}

void soma_case_run(soma_suite *suite, soma_case *c) {
    if (!soma_suite_is_over(suite)) {
        soma_call call = c->call;
        size_t workspace;
        memcpy(&call.params, &c->run[0].params, sizeof call.params);
        soma_status status = soma_device_prepare(suite->device, &call, &workspace);
        suite->result.cases++;
        if (status != SOMA_OK)
            soma_suite_fail(suite, c->text, "prepare gives %s: %s", soma_status_name(status), soma_last_error());
        else {
            if (call.fallback) suite->result.native = false;
            if (!suite->prepares_only) run_placed(suite, c, &call, workspace);
        }
        soma_device_release(suite->device, &call);
    }
    for (uint32_t i = 0; i < SOMA_CALL_MAX_VIEWS; i++) soma_free(c->data[i]);
    suite->number++;
}
