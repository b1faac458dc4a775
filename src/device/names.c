/* SPDX-License-Identifier: MIT */
/* The names of primitives. */
#include "device/device.h"

static const char *const primitive_name[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name, ...) [SOMA_PRIMITIVE_##NAME] = #name,
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

const char *soma_primitive_name(soma_primitive primitive) {
    return (unsigned)primitive < SOMA_PRIMITIVE_COUNT ? primitive_name[primitive] : "unknown primitive";
}
