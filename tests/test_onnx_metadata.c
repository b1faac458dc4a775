/* SPDX-License-Identifier: MIT */
/* The texts that an ONNX model has beside its graph. */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "temporary.h"

#include <soma/onnx.h>
#include <stdio.h>
#include <string.h>

enum { METADATA = 14 };

static void put_text(const char *key, const char *value) {
    const size_t pair = soma_protobuf_open(W, METADATA);
    if (key) soma_protobuf_put_text(W, 1, key);
    if (value) soma_protobuf_put_text(W, 2, value);
    soma_protobuf_close(W, pair);
}

static void negative(void) {
    node("Neg", "x", NULL, "y");
}

static void of_no_such_op(void) {
    node("NoSuchOp", "x", NULL, "y");
}

static const char *write_model(void (*body)(void), bool texts) {
    const char *path = temporary_path("m.onnx");
    onnx_make(body, 8, 13, SHAPE(1, 2));
    if (texts) {
        put_text("names", "{0: 'cat', 1: 'dog'}");
        put_text("stride", "32");
        put_text("empty", NULL);
        put_text(NULL, "nameless");
    }
    expect_ok(soma_file_write(path, W->data, W->size));
    return path;
}

static void note(void *context, const char *key, const char *value) {
    char *all = context;
    const size_t length = strlen(all);
    snprintf(all + length, 256 - length, "%s=%s;", key, value);
}

#define ALL "names={0: 'cat', 1: 'dog'};stride=32;empty=;=nameless;"

START_TEST(texts_come_in_the_order_of_the_file) {
    char found[256] = "";
    expect_ok(soma_onnx_list_texts(write_model(negative, true), note, found));
    ck_assert_str_eq(found, ALL);
    found[0] = '\0';
    expect_ok(soma_onnx_list_texts(write_model(of_no_such_op, true), note, found));
    ck_assert_str_eq(found, ALL);
    found[0] = '\0';
    expect_ok(soma_onnx_list_texts(write_model(negative, false), note, found));
    ck_assert_str_eq(found, "");
}
END_TEST

START_TEST(a_session_has_those_of_its_model) {
    soma_device *device;
    soma_onnx_session *session;
    char found[256] = "";
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_onnx_session_create(write_model(negative, true), NULL, device, &session));
    expect_ok(soma_onnx_session_list_texts(session, note, found));
    ck_assert_str_eq(found, ALL);
    expect_error(soma_onnx_session_list_texts(session, NULL, found), SOMA_INVALID_ARGUMENT, "function is NULL");
    expect_error(soma_onnx_session_list_texts(NULL, note, found), SOMA_INVALID_ARGUMENT, "session is NULL");
    soma_onnx_session_destroy(session);
    soma_device_close(device);
}
END_TEST

START_TEST(what_is_no_model_has_none) {
    char found[256] = "";
    const char *path = temporary_path("m.onnx");
    expect_error(soma_onnx_list_texts(NULL, note, found), SOMA_INVALID_ARGUMENT, "path is NULL");
    expect_error(soma_onnx_list_texts(path, NULL, found), SOMA_INVALID_ARGUMENT, "function is NULL");
    expect_error(soma_onnx_list_texts(temporary_path("nothing.onnx"), note, found), SOMA_IO, "nothing.onnx");
    expect_ok(soma_file_write(path, "no model", 8));
    expect_error(soma_onnx_list_texts(path, note, found), SOMA_INVALID_FILE, "m.onnx");
    ck_assert_str_eq(found, "");
}
END_TEST

int main(void) {
    TCase *all = tcase_create("onnx-metadata");
    tcase_add_checked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, texts_come_in_the_order_of_the_file);
    tcase_add_test(all, a_session_has_those_of_its_model);
    tcase_add_test(all, what_is_no_model_has_none);
    Suite *suite = suite_create("onnx-metadata");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
