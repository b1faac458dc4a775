/* SPDX-License-Identifier: MIT */
/* The reference: every primitive in float64 on one thread, written to be right at sight. What devices are held against.
 */
#include "device/reference/reference.h"

static soma_reference_primitive *const primitives[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name, views, when) [SOMA_PRIMITIVE_##NAME] = SOMA_WHEN_##when(soma_reference_##name),
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

bool soma_reference_has(soma_primitive primitive) {
    return primitives[primitive] != NULL;
}

soma_status soma_reference_run(const soma_call *call) {
    SOMA_TRY(soma_call_check(call));
    if (soma_reference_has(call->primitive)) return primitives[call->primitive](call);
    return soma_error(SOMA_UNSUPPORTED, "%s: %s", soma_primitive_name(call->primitive), SOMA_WITHOUT_TRAINING);
}
