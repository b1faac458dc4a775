/* SPDX-License-Identifier: MIT */
/* JSON values as text. */
#ifndef SOMA_IO_JSON_TEXT_H
#define SOMA_IO_JSON_TEXT_H

#include "base/base.h"
#include <jansson.h>

/* Compact, keys in the order in which they were set. Free *text with soma_free(). `what` names it in a message. */
soma_status soma_json_text(const json_t *value, const char *what, char **text);

#endif
