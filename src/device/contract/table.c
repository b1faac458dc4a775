/* SPDX-License-Identifier: MIT */
/* The contracts of all primitives in one table. */
#include "device/contract/contract.h"

static const soma_contract *const contracts[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name, ...) [SOMA_PRIMITIVE_##NAME] = &soma_contract_##name,
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

const soma_contract *soma_contract_of(const soma_call *call) {
    return contracts[call->primitive];
}

const char *soma_call_view_name(const soma_call *call, uint32_t view) {
    return soma_contract_of(call)->view[view].name;
}
