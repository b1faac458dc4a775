/* SPDX-License-Identifier: MIT */
/*
 * Text to the numbers of tokens and back, as a `tokenizer.json` of Hugging Face's says: added tokens are looked for,
 * what is between them is normalised, split into words, and each word made of tokens, by merging pairs (byte-pair
 * encoding; Sennrich et al. 2016) or by the longest piece first (WordPiece; Schuster & Nakajima 2012). A tokenizer does
 * not change once it is made, and is shared: it is counted.
 */
#ifndef SOMA_DATA_TOKENIZER_TOKENIZER_H
#define SOMA_DATA_TOKENIZER_TOKENIZER_H

#include "data/tokenizer/characters.h"
#include <soma/tokenizer.h>

#define SOMA_NO_TOKEN           UINT32_MAX
#define SOMA_MOST_TOKENS        ((size_t)1 << 24) /* what float32 has exactly */
#define SOMA_TOKENIZER_STEPS    16
#define SOMA_METASPACE          0x2581u /* of SentencePiece: a lower block, for a space */
#define SOMA_BYTE_ALPHABET_SIZE 256

typedef enum soma_normalizer {
    SOMA_NORMALIZE_LOWERCASE,
    SOMA_NORMALIZE_NFD,
    SOMA_NORMALIZE_NFC,
    SOMA_NORMALIZE_STRIP_ACCENTS, /* without NFD before it what is composed stays */
    SOMA_NORMALIZE_BERT_ACCENTS,
    SOMA_NORMALIZE_BERT_CLEAN,
    SOMA_NORMALIZE_BERT_CHINESE,
    SOMA_NORMALIZE_PREPEND, /* from */
    SOMA_NORMALIZE_REPLACE, /* from by to */
    SOMA_NORMALIZE_STRIP    /* spaces at the beginning (left) or the end (right) */
} soma_normalizer;

typedef enum soma_splitter {
    SOMA_SPLIT_BYTE_LEVEL, /* by GPT-2's expression where `flag` is set */
    SOMA_SPLIT_CL100K,     /* that of GPT-4 and what followed it; `number` digits at most */
    SOMA_SPLIT_WHITESPACE, /* words, and what is neither word nor space */
    SOMA_SPLIT_SPACES,
    SOMA_SPLIT_BERT,
    SOMA_SPLIT_METASPACE,
    SOMA_SPLIT_DIGITS,
    SOMA_SPLIT_PUNCTUATION
} soma_splitter;

/* What becomes of what splits. */
typedef enum soma_split_behavior {
    SOMA_BEHAVIOR_REMOVED,
    SOMA_BEHAVIOR_ISOLATED,
    SOMA_BEHAVIOR_WITH_PREVIOUS,
    SOMA_BEHAVIOR_WITH_NEXT,
    SOMA_BEHAVIOR_CONTIGUOUS
} soma_split_behavior;

/* Whether a Metaspace puts one before a piece. */
typedef enum soma_prepend { SOMA_PREPEND_FIRST, SOMA_PREPEND_NEVER, SOMA_PREPEND_ALWAYS } soma_prepend;

typedef enum soma_decoder {
    SOMA_DECODE_BYTE_LEVEL,
    SOMA_DECODE_METASPACE,
    SOMA_DECODE_WORD_PIECE,    /* from: what goes on with a word; `flag`: no space before punctuation */
    SOMA_DECODE_REPLACE,       /* from by to */
    SOMA_DECODE_BYTE_FALLBACK, /* <0x0A> */
    SOMA_DECODE_FUSE,          /* all is one piece for what follows */
    SOMA_DECODE_STRIP          /* so often the character `from` at the beginning: `number` */
} soma_decoder;

/* A row of one of the three lists; kind is of that list's enumeration. */
typedef struct soma_tokenizer_step {
    int kind;
    soma_characters from, to;
    soma_split_behavior behavior;
    soma_prepend prepend;
    bool flag, split, left, right;
    uint32_t number;
} soma_tokenizer_step;

typedef struct soma_tokenizer_steps {
    soma_tokenizer_step step[SOMA_TOKENIZER_STEPS];
    size_t count;
} soma_tokenizer_steps;

typedef struct soma_added_token {
    uint32_t number;
    soma_characters content; /* normalised where `normalized` is set */
    bool left, right;        /* takes the spaces before or behind it */
    bool normalized;
} soma_added_token;

typedef struct soma_token {
    const char *text; /* NULL: no token has this number */
    uint32_t length;
    bool added;
} soma_token;

typedef struct soma_merge {
    uint32_t left, right; /* left SOMA_NO_TOKEN: an empty slot */
    uint32_t rank, whole;
} soma_merge;

typedef enum soma_tokenizer_model { SOMA_MODEL_BPE, SOMA_MODEL_WORD_PIECE } soma_tokenizer_model;

struct soma_tokenizer {
    uint32_t references; /* atomic */
    char *source;        /* the JSON text, [source_length] and a 0 */
    size_t source_length;
    soma_tokenizer_model model;
    soma_token *tokens; /* [size] */
    size_t size;
    char **texts; /* what the texts of tokens are held in; [text_count] */
    size_t text_count, text_capacity;
    uint32_t *slots; /* [slot_count], a power of 2: numbers of tokens of the model by their texts */
    size_t slot_count;
    soma_merge *merges; /* [merge_slots], likewise by their pairs */
    size_t merge_slots, merge_count;
    uint32_t unknown;
    bool byte_level, byte_fallback, fuse_unknown, whole_words;
    uint32_t byte_tokens[SOMA_BYTE_ALPHABET_SIZE];
    char *prefix;                       /* of pieces that go on with a word */
    size_t longest_word, longest_token; /* characters; bytes, of those in the slots */
    soma_tokenizer_steps normalizers, splitters, decoders;
    bool decodes; /* else tokens are words, with a space between them */
    soma_added_token *added;
    size_t added_count;
    /* [added_order_count]: those that are looked for before normalisation, and after, in the order of their contents */
    const soma_added_token **added_order[2];
    size_t added_order_count[2];
};

/* GPT-2's alphabet: the character that stands for each byte, and back; SOMA_BYTE_ALPHABET_SIZE for any other. */
uint32_t soma_byte_character(unsigned byte);
unsigned soma_character_byte(uint32_t character);

/* -------------------------------------------------------------------------------------------------- being made */

/* Empty, of `size` numbers; `references` is 1. NULL: out of memory. */
soma_tokenizer *soma_tokenizer_make(size_t size);
soma_tokenizer *soma_tokenizer_retain(soma_tokenizer *tokenizer);
/* The text is copied. The number is below the size; SOMA_INVALID_ARGUMENT where it is taken. */
soma_status soma_tokenizer_put(soma_tokenizer *tokenizer, uint32_t number, const char *text, size_t length, bool added);
/* After all tokens of the model: they are found by soma_tokenizer_find(), SOMA_NO_TOKEN where there is none. */
soma_status soma_tokenizer_index(soma_tokenizer *tokenizer);
/* One more, after that. */
void soma_tokenizer_enter(soma_tokenizer *tokenizer, uint32_t number);
uint32_t soma_tokenizer_find(const soma_tokenizer *tokenizer, const char *text, size_t length);
soma_status soma_tokenizer_reserve_merges(soma_tokenizer *tokenizer, size_t count);
/* The next in rank, also of a pair that is there already. */
void soma_tokenizer_put_merge(soma_tokenizer *tokenizer, uint32_t left, uint32_t right, uint32_t whole);
const soma_merge *soma_tokenizer_merge(const soma_tokenizer *tokenizer, uint32_t left, uint32_t right);
/* After all added tokens: they are found by soma_tokenizer_added_at(), the longest that the text begins with; of those
 * with one content the first; NULL: none. */
soma_status soma_tokenizer_order_added(soma_tokenizer *tokenizer);
const soma_added_token *soma_tokenizer_added_at(const soma_tokenizer *tokenizer, bool normalized, const uint32_t *text,
                                                size_t count);
/* After all: the numbers of bytes. */
void soma_tokenizer_find_bytes(soma_tokenizer *tokenizer);

/* A byte-level vocabulary of at most `size` tokens, learnt of a text: each byte, then, again and again, the two
 * neighbours within a word that stand together most often, at least `least` times; of several those with the lower
 * numbers. What splits words is given. */
soma_status soma_tokenizer_learn(soma_tokenizer *tokenizer, const char *text, size_t length, uint64_t least);

/* -------------------------------------------------------------------------------------------------------- parts */

/* A word of a text. */
typedef soma_status soma_word_function(void *context, const uint32_t *word, size_t count);

/*
 * A text in blocks, one after the other, so that what is made of its characters stays small: each ends behind a line,
 * where whatever the tokenizer does ends, too. Where it cannot be known to, or no such line comes, a block is as long
 * as the text. `first`: it begins the text.
 */
typedef soma_status soma_block_function(void *context, const char *text, size_t length, bool first);
soma_status soma_tokenizer_each_block(const soma_tokenizer *tokenizer, const char *text, size_t length,
                                      soma_block_function *block, void *context);
/* In place of what was in `characters`. */
soma_status soma_normalize(const soma_tokenizer *tokenizer, soma_characters *characters);
/* Of a piece between added tokens; `first`: it begins the text. */
soma_status soma_split(const soma_tokenizer *tokenizer, const uint32_t *piece, size_t count, bool first,
                       soma_word_function *word, void *context);

/* Numbers that come, and room that is used again. */
typedef struct soma_encoding {
    const soma_tokenizer *tokenizer;
    int32_t *numbers;
    size_t count, capacity;
    struct soma_symbol *symbols;
    struct soma_candidate *heap;
    size_t room, heap_count;
    char *bytes;
    size_t byte_room;
} soma_encoding;
soma_status soma_encoding_add(soma_encoding *encoding, uint32_t number);
soma_status soma_encoding_reserve_bytes(soma_encoding *encoding, size_t bytes);
/* No token, and none for what is unknown. */
soma_status soma_no_token_for(const char *text, size_t length);
soma_status soma_encode_bpe(void *encoding, const uint32_t *word, size_t count);
soma_status soma_encode_word_piece(void *encoding, const uint32_t *word, size_t count);

#endif
