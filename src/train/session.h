/* SPDX-License-Identifier: MIT */
/* What runs of a session need of it. */
#ifndef SOMA_TRAIN_SESSION_H
#define SOMA_TRAIN_SESSION_H

#include "nn/network.h"

/* The network that it runs. */
const soma_network *soma_session_network(const soma_session *session);

#endif
