/* SPDX-License-Identifier: MIT */
/* INPUT and PARAMETER: what is there before anything is computed. */
#include "graph/ops/op.h"

SOMA_OP(input) = {0, 0, soma_shape_given, SOMA_GRADIENT(soma_gradient_none), NULL};
SOMA_OP(parameter) = {0, 0, soma_shape_given, SOMA_GRADIENT(soma_gradient_none), NULL};
