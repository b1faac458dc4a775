/* SPDX-License-Identifier: MIT */
/* See preprocessing.h. */
#include "io/preprocessing/preprocessing.h"

#include "io/tokenizer/tokenizer.h"

#include <string.h>

static soma_status malformed(const char *what) {
    return soma_error(SOMA_INVALID_FILE, "preprocessing: %s", what);
}

/* ------------------------------------------------------------------------------------------------------ writing */

/* Characters by their numbers, since stray bytes are no text. */
static void encode_vocabulary(soma_json_writer *writer, const soma_vocabulary *vocabulary) {
    if (!vocabulary->known) return;
    soma_json_open_object(writer, "tokens");
    soma_json_write_text(writer, "kind", soma_name(SOMA_NAMES_TOKENS, (int)vocabulary->kind));
    if (vocabulary->kind == SOMA_TOKENS_CHARACTERS) {
        soma_json_open_array(writer, "characters");
        for (size_t i = 0; i < vocabulary->count; i++)
            soma_json_write_integer(writer, NULL, (int64_t)vocabulary->characters[i]);
        soma_json_close_array(writer);
    }
    if (vocabulary->kind == SOMA_TOKENS_TOKENIZER)
        soma_json_write_text(writer, "tokenizer", vocabulary->tokenizer->source);
    soma_json_close_object(writer);
}

soma_status soma_preprocessing_encode(soma_json_writer *writer, const soma_network *network) {
    const soma_preprocessing *preprocessing = &network->preprocessing;
    soma_json_open_array(writer, "classes");
    for (size_t i = 0; i < preprocessing->class_count; i++)
        SOMA_TRY(soma_json_write_name(writer, NULL, preprocessing->class_names[i]));
    soma_json_close_array(writer);
    if (network->thresholds) {
        soma_json_open_array(writer, "thresholds");
        for (size_t i = 0; i < network->threshold_count; i++)
            soma_json_write_real(writer, NULL, (double)network->thresholds[i]);
        soma_json_close_array(writer);
    }
    encode_vocabulary(writer, &network->vocabulary);
    if (!network->has_image) return SOMA_OK;
    soma_json_open_object(writer, "image");
    soma_json_write_integer(writer, "height", (int64_t)network->image.height);
    soma_json_write_integer(writer, "width", (int64_t)network->image.width);
    soma_json_write_text(writer, "fit", soma_name(SOMA_NAMES_IMAGE_FIT, (int)network->image.fit));
    soma_json_write_integer(writer, "channels", network->image.grey ? 1 : 3);
    soma_json_close_object(writer);
    return SOMA_OK;
}

soma_status soma_preprocessing_to_text(const soma_network *network, char **text) {
    soma_json_writer writer = {.follows = false};
    *text = NULL;
    if (!network->has_image && !network->preprocessing.class_count && !network->thresholds &&
        !network->vocabulary.known)
        return SOMA_OK;
    soma_json_open_object(&writer, NULL);
    soma_status status = soma_preprocessing_encode(&writer, network);
    soma_json_close_object(&writer);
    if (status == SOMA_OK) return soma_json_finish(&writer, "the JSON form of the preprocessing", text);
    soma_json_abandon(&writer);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ reading */

static soma_status decode_classes(soma_network *network, const soma_json *list) {
    soma_preprocessing *preprocessing = &network->preprocessing;
    size_t count = soma_json_count(list);
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || count > SOMA_MAX_FILE_TENSORS)
        return soma_error(SOMA_INVALID_FILE, "preprocessing: \"classes\" must be an array of at most %d elements",
                          SOMA_MAX_FILE_TENSORS);
    preprocessing->class_names = soma_calloc(count, sizeof *preprocessing->class_names);
    if (!preprocessing->class_names) return soma_out_of_memory(count, "class names");
    SOMA_JSON_EACH(value, list) {
        if (!soma_json_string(value)) return malformed("\"classes\" must be strings");
        char *name = soma_strdup(soma_json_string(value));
        if (!name) return soma_out_of_memory(value->count, "a class name");
        preprocessing->class_names[preprocessing->class_count++] = name;
    }
    return SOMA_OK;
}

/* Absent for other data than pictures, and in files from before there were any. */
static soma_status decode_image(soma_network *network, const soma_json *object) {
    int64_t height, width, channels;
    const char *fit = soma_json_string(soma_json_get(object, "fit"));
    if (!object) return SOMA_OK;
    if (!soma_json_integer(soma_json_get(object, "height"), &height) || height < 1 ||
        !soma_json_integer(soma_json_get(object, "width"), &width) || width < 1 ||
        !soma_json_integer(soma_json_get(object, "channels"), &channels) || (channels != 1 && channels != 3))
        return malformed("\"image\" must have a height, a width, and 1 or 3 channels");
    soma_image_options options = {.height = (size_t)height, .width = (size_t)width, .grey = channels == 1};
    int value;
    if (!fit || !soma_value_of_name(SOMA_NAMES_IMAGE_FIT, fit, strlen(fit), &value))
        return malformed("\"fit\" of \"image\" must be stretch, crop or pad");
    options.fit = (soma_image_fit)value;
    soma_status status = soma_network_set_image_options(network, &options);
    return status == SOMA_INVALID_ARGUMENT ? malformed("\"image\" has sizes that pictures have not") : status;
}

/* Absent where they are 1/2 each. */
static soma_status decode_thresholds(soma_network *network, const soma_json *list) {
    size_t count = soma_json_count(list), i = 0;
    if (!list) return SOMA_OK;
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || !count)
        return malformed("\"thresholds\" must be an array of one for each unit of the first output");
    network->thresholds = soma_calloc(count, sizeof *network->thresholds);
    if (!network->thresholds) return soma_out_of_memory(count * sizeof *network->thresholds, "thresholds");
    network->threshold_count = count;
    SOMA_JSON_EACH(value, list) {
        double threshold;
        if (!soma_json_number(value, &threshold) || !(threshold >= 0 && threshold <= 1))
            return malformed("\"thresholds\" must be numbers from 0 to 1");
        network->thresholds[i++] = (float)threshold;
    }
    return SOMA_OK;
}

static soma_status decode_characters(soma_vocabulary *vocabulary, const soma_json *list) {
    const size_t count = soma_json_count(list);
    int64_t number = -1, before = -1;
    if (!soma_json_is(list, SOMA_JSON_ARRAY) || count > SOMA_CHARACTER_COUNT)
        return malformed("\"characters\" of \"tokens\" must be an array");
    vocabulary->characters = soma_calloc(SOMA_MAX(count, (size_t)1), sizeof *vocabulary->characters);
    if (!vocabulary->characters) return soma_out_of_memory(count * sizeof *vocabulary->characters, "a vocabulary");
    SOMA_JSON_EACH(value, list) {
        if (!soma_json_integer(value, &number) || number <= before || number >= SOMA_CHARACTER_COUNT)
            return malformed("\"characters\" of \"tokens\" must be rising numbers of characters");
        vocabulary->characters[vocabulary->count++] = (uint32_t)number;
        before = number;
    }
    return SOMA_OK;
}

/* The text of a tokenizer.json, within that of the model. */
static soma_status decode_tokenizer(soma_vocabulary *vocabulary, const soma_json *value) {
    if (!soma_json_is(value, SOMA_JSON_STRING)) return malformed("\"tokenizer\" of \"tokens\" must be a string");
    soma_status status = soma_tokenizer_parse(value->is.text, value->count, &vocabulary->tokenizer);
    return status == SOMA_OK ? SOMA_OK : soma_error_prefix(status, "preprocessing: the tokenizer: ");
}

/* Absent where it was trained on other data than text. */
static soma_status decode_vocabulary(soma_network *network, const soma_json *object) {
    const char *kind = soma_json_string(soma_json_get(object, "kind"));
    int value;
    if (!object) return SOMA_OK;
    if (!kind || !soma_value_of_name(SOMA_NAMES_TOKENS, kind, strlen(kind), &value))
        return malformed("\"kind\" of \"tokens\" must be characters, bytes or tokenizer");
    network->vocabulary = (soma_vocabulary){.known = true, .kind = (soma_tokens)value};
    if (value == SOMA_TOKENS_TOKENIZER)
        return decode_tokenizer(&network->vocabulary, soma_json_get(object, "tokenizer"));
    return value == SOMA_TOKENS_BYTES ? SOMA_OK
                                      : decode_characters(&network->vocabulary, soma_json_get(object, "characters"));
}

soma_status soma_preprocessing_decode(soma_network *network, const soma_json *object) {
    SOMA_TRY(decode_vocabulary(network, soma_json_get(object, "tokens")));
    SOMA_TRY(decode_classes(network, soma_json_get(object, "classes")));
    SOMA_TRY(decode_thresholds(network, soma_json_get(object, "thresholds")));
    return decode_image(network, soma_json_get(object, "image"));
}

soma_status soma_preprocessing_of_text(soma_network *network, const char *text, size_t length) {
    soma_json_fault fault = {0};
    soma_json *root;
    soma_status status = soma_json_parse("the JSON form of the preprocessing", text, length, &fault, &root);
    if (status == SOMA_INVALID_FILE)
        return soma_error(status, "preprocessing: not valid JSON: %s at byte %zu", fault.what, fault.offset);
    SOMA_TRY(status);
    status = soma_preprocessing_decode(network, root);
    soma_free(root);
    return status;
}
