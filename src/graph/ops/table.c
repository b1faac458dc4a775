/* SPDX-License-Identifier: MIT */
/* THE op table: the rows of all families. */
#include "graph/ops/op.h"

const soma_op_row *const soma_op_table[SOMA_OP_COUNT] = {
#define X(NAME, name) [SOMA_OP_##NAME] = &soma_op_row_##name,
    SOMA_OP_LIST(X)
#undef X
};

const char *soma_op_name(soma_op op) {
    static const char *const names[SOMA_OP_COUNT] = {
#define X(NAME, name) [SOMA_OP_##NAME] = #name,
        SOMA_OP_LIST(X)
#undef X
    };
    return names[op];
}
