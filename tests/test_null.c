/* SPDX-License-Identifier: MIT */
/* Arguments that are NULL where functions of files want something. */
#include "expect.h"
#include "temporary.h"

#include <soma/soma.h>
#include <soma/table.h>
#include <soma/tokenizer.h>

/* A name of a file, or where something is to go, that is not there: said with the function's name, and before any file
 * is touched. */
START_TEST(functions_of_files_refuse_what_is_null) {
    soma_dataset *dataset = NULL;
    soma_arrays *arrays = NULL;
    soma_table_profile *profile = NULL;
    soma_tokenizer *tokenizer = NULL;
    const soma_array array = {.dtype = SOMA_F32};
    const char *path = temporary_path("none");
    const soma_status status = SOMA_INVALID_ARGUMENT;
    expect_error(soma_write_npy(NULL, &array), status, "soma_write_npy", "is NULL");
    expect_error(soma_write_npy(path, NULL), status, "soma_write_npy", "is NULL");
    expect_error(soma_read_arrays(NULL, &arrays), status, "soma_read_arrays", "is NULL");
    expect_error(soma_read_arrays(path, NULL), status, "soma_read_arrays", "is NULL");
    expect_error(soma_dataset_from_npy(NULL, path, NULL, &dataset), status, "soma_dataset_from_npy: inputs is NULL");
    expect_error(soma_dataset_from_npy(path, NULL, NULL, NULL), status, "soma_dataset_from_npy: dataset is NULL");
    expect_error(soma_dataset_digits(NULL, &dataset), status, "soma_dataset_digits", "is NULL");
    expect_error(soma_dataset_digits(&dataset, NULL), status, "soma_dataset_digits", "is NULL");
    expect_error(soma_table_profile_csv(NULL, NULL, &profile), status, "soma_table_profile_csv: path is NULL");
    expect_error(soma_table_profile_csv(path, NULL, NULL), status, "soma_table_profile_csv: profile is NULL");
    expect_error(soma_list_tensors(NULL, NULL, NULL, NULL), status, "soma_list_tensors: path is NULL");
    expect_error(soma_list_tensors(path, NULL, NULL, NULL), status, "soma_list_tensors: visitor is NULL");
    expect_error(soma_tokenizer_load(NULL, &tokenizer), status, "soma_tokenizer_load: path is NULL");
    expect_error(soma_tokenizer_load(path, NULL), status, "soma_tokenizer_load: tokenizer is NULL");
    expect_error(soma_tokenizer_save(NULL, path), status, "soma_tokenizer_save: tokenizer is NULL");
    ck_assert_int_eq(temporary_count(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("null");
    TCase *cases = tcase_create("null");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, functions_of_files_refuse_what_is_null);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
