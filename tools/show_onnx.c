/* SPDX-License-Identifier: MIT */
/* soma show of an ONNX model: what is in the file, whether soma can run it or not. */
#include "show_onnx.h"
#include "program.h"
#include <math.h>
#include <soma/onnx.h>
#include <stdio.h>
#include <string.h>

struct contents {
    report *inputs, *outputs, *ops;
};

static void show_value(void *context, const soma_onnx_value_info *value) {
    struct contents *contents = context;
    char shape[128] = "of any shape";
    size_t length = 0;
    report *object = report_append_object(value->is_output ? contents->outputs : contents->inputs);
    report_text(object, "name", value->name);
    report_text(object, "type", value->type);
    report *list = value->has_shape ? report_array(object, "shape") : NULL;
    if (value->has_shape) shape[0] = '\0';
    for (uint32_t i = 0; i < value->rank; i++) {
        bool fixed = value->shape[i] >= 0;
        report_append_number(list, fixed ? (double)value->shape[i] : NAN);
        length += fixed ? (size_t)snprintf(shape + length, sizeof shape - length, "%s%lld", i ? "x" : "",
                                           (long long)value->shape[i])
                        : (size_t)snprintf(shape + length, sizeof shape - length, "%s?", i ? "x" : "");
        if (length >= sizeof shape) break;
    }
    say_result("  %-7s %-24s %-10s %s\n", value->is_output ? "output" : "input", value->name, value->type, shape);
}

static void show_op(void *context, const char *name, size_t nodes, bool supported) {
    struct contents *contents = context;
    report *object = report_append_object(contents->ops);
    report_text(object, "name", name);
    report_count(object, "nodes", nodes);
    report_truth(object, "supported", supported);
    say_result("  op      %-24s %zu node%s%s\n", name, nodes, nodes == 1 ? "" : "s",
               supported ? "" : ", not supported");
}

enum { LINE = 61 };

/* Where a character of UTF-8 begins. */
static bool begins(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
}

/* A control character; those of 8 bits are two bytes. */
static size_t control_bytes(const char *text) {
    const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[first != 0];
    if (first == 0xC2 && second >= 0x80 && second < 0xA0) return 2;
    return first && (first < ' ' || first == 0x7F);
}

/* The beginning of a text, without what would move a terminal's cursor. */
static void begin_of(const char *text, char *line) {
    const size_t length = strnlen(text, LINE);
    snprintf(line, LINE, "%s", text);
    if (length == LINE) {
        size_t end = LINE - 4;
        while (end > 0 && !begins(line[end])) end--;
        memcpy(line + end, "...", 4);
    }
    for (size_t bytes; *line; line += bytes ? bytes : 1) {
        bytes = control_bytes(line);
        memset(line, ' ', bytes);
    }
}

/* In JSON all of it. */
static void show_text(void *context, const char *key, const char *value) {
    char name[LINE], line[LINE];
    begin_of(key, name);
    begin_of(value, line);
    report_text(context, key, value);
    say_result("  text    %-24s %s\n", name, line);
}

soma_status show_onnx_contents(const char *path, report *object) {
    struct contents contents = {.inputs = report_array(object, "inputs"),
                                .outputs = report_array(object, "outputs"),
                                .ops = report_array(object, "ops")};
    int64_t opset;
    soma_status status = soma_list_onnx(path, &(soma_onnx_visitor){.context = &contents}, &opset);
    if (status != SOMA_OK) return status;
    report_number(object, "opset", (double)opset);
    say_result("%s: an ONNX model of opset %lld\n", path, (long long)opset);
    status =
        soma_list_onnx(path, &(soma_onnx_visitor){.context = &contents, .value = show_value, .op = show_op}, &opset);
    return status == SOMA_OK ? soma_onnx_list_texts(path, show_text, report_object(object, "texts")) : status;
}
