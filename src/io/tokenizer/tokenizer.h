/* SPDX-License-Identifier: MIT */
/* The form of Hugging Face's tokenizer.json. */
#ifndef SOMA_IO_TOKENIZER_TOKENIZER_H
#define SOMA_IO_TOKENIZER_TOKENIZER_H

#include "data/tokenizer/tokenizer.h"
#include "io/json/json.h"

/* From the text of a file, which is kept; errors do not name the file. */
soma_status soma_tokenizer_parse(const char *text, size_t length, soma_tokenizer **tokenizer);
/* To be freed with soma_free(): of one that was learnt. */
soma_status soma_tokenizer_to_text(const soma_tokenizer *tokenizer, char **text);

/* Lists of the file; see steps.c. `object` may be NULL or null: there are none. */
soma_status soma_tokenizer_read_normalizer(const soma_json *object, soma_tokenizer *tokenizer);
soma_status soma_tokenizer_read_splitter(const soma_json *object, soma_tokenizer *tokenizer);
soma_status soma_tokenizer_read_decoder(const soma_json *object, soma_tokenizer *tokenizer);

#endif
