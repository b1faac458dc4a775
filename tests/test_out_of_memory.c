/* SPDX-License-Identifier: MIT */
/*
 * Files and data sets without memory: each operation is repeated, and each time one allocation later fails, until all
 * succeed. Every failure must be told as one, give nothing and lose nothing.
 */
#include "base/file.h"
#include "data/dataset.h"
#include "data/preprocess.h"
#include "expect.h"
#include "failing_memory.h"
#include "io/csv/csv.h"
#include "io/csv/profile.h"
#include "io/idx/idx.h"
#include "io/npy/npy.h"
#include "io/safetensors/safetensors.h"
#include "temporary.h"
#include "train/match_data.h"

/* --------------------------------------------------------------------------------------------------- operations */

static const float features[6][2] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 12}};
static const int32_t labels[6] = {0, 1, 0, 1, 0, 1};
static const char table[] = "\"a\",b,label\n1,2,cat\n3,4,dog\n5,6,cat\n7,8,\"a cow\"\n";

/* The end of an operation that makes a data set. */
static soma_status finish(soma_status status, soma_dataset *dataset) {
    allow_allocations();
    if (status != SOMA_OK) ck_assert_ptr_null(dataset);
    soma_dataset_destroy(dataset);
    return status;
}

static soma_status read_table(void) {
    soma_dataset *dataset;
    soma_status status = soma_csv_parse("table.csv", table, sizeof table - 1, NULL, &dataset);
    return finish(status, dataset);
}

static soma_status read_promised_table(void) {
    static const char text[] = "2,2,red,green\n1,2,0\n3,4,1\n";
    soma_dataset *dataset;
    soma_status status = soma_csv_parse("table.csv", text, sizeof text - 1, NULL, &dataset);
    return finish(status, dataset);
}

static soma_status read_forms(void) {
    static const char text[] = "t,w,v,ok,y\n2024-01-01,a,p,yes,x\n2024-01-01T12:00,b,,no,z\n2024-01-03,c,q,,x\n";
    const soma_csv_roles roles = {
        .missing = SOMA_MISSING_MEAN, .max_categories = 2, .buckets = 2, .dates = SOMA_DATES_CYCLE, .indicator = 1};
    soma_dataset *dataset;
    soma_status status =
        soma_csv_parse("table.csv", text, sizeof text - 1, &(soma_csv_options){.roles = &roles}, &dataset);
    return finish(status, dataset);
}

static soma_status profile_table(void) {
    static const char stamps[] = "t,word,y\n1700000000,a,x\n1700000001,b,z\n1700000000,a,x\n";
    soma_table_profile *profile;
    soma_status status = soma_csv_profile("table.csv", stamps, sizeof stamps - 1, NULL, &profile);
    allow_allocations();
    if (status != SOMA_OK) ck_assert_ptr_null(profile);
    soma_table_profile_destroy(profile);
    return status;
}

static soma_status read_table_file(void) {
    soma_dataset *dataset;
    soma_status status = soma_dataset_from_csv(temporary_path("table.csv"), NULL, &dataset);
    return finish(status, dataset);
}

#ifdef SOMA_HAVE_ZLIB
static soma_status find_digits(void) {
    soma_dataset *train, *test;
    soma_status status = soma_dataset_digits(&train, &test);
    finish(status, train);
    finish(status, test);
    /* A place whose name finds no memory is passed over; then none may be found. */
    return status == SOMA_IO && allocation_failed() ? SOMA_OUT_OF_MEMORY : status;
}
#endif

static soma_status write_and_replace(void) {
    soma_status status = soma_file_write(temporary_path("table.csv"), table, sizeof table - 1);
    allow_allocations();
    ck_assert_int_eq(temporary_count(), 1);
    return status;
}

static soma_status write_array(void) {
    soma_status status = soma_npy_write(temporary_path("array.npy"), SOMA_F32, 2, (const size_t[]){6, 2}, features);
    remove(temporary_path("array.npy"));
    allow_allocations();
    ck_assert_int_eq(temporary_count(), 1);
    return status;
}

static soma_status exchange_safetensors(void) {
    const soma_safetensors_source tensors[] = {{"w", 2, {6, 2}, &features[0][0]}, {"b", 0, {0}, &features[0][0]}};
    const soma_safetensors_pair metadata[] = {{"graph", "{}"}, {"format", "soma"}};
    const char *path = temporary_path("file");
    soma_safetensors *file = NULL;
    soma_status status = soma_safetensors_write(path, tensors, 2, metadata, 2);
    if (status == SOMA_OK) {
        status = soma_safetensors_open(path, &file);
        allow_allocations();
        ck_assert((status == SOMA_OK) == (file != NULL));
    }
    soma_safetensors_close(file);
    remove(path);
    allow_allocations();
    ck_assert_int_eq(temporary_count(), 1);
    return status;
}

static soma_status make_dataset(soma_dataset **dataset) {
    static const soma_array inputs = {.data = features, .dtype = SOMA_F32, .rank = 2, .shape = {6, 2}};
    static const soma_array targets = {.data = labels, .dtype = SOMA_I32, .rank = 1, .shape = {6}};
    return soma_dataset_from_arrays(&inputs, 1, &targets, 1, dataset);
}

/* The rest of what may be done to a data set: whatever fails, the set is as it was. */
static soma_status transform_dataset(void) {
    static const double mean[2] = {1, 2}, scale[2] = {3, 4};
    static const float weights[3] = {1, 2, 3};
    double found_mean[2], deviation[2];
    float seen[2];
    soma_dataset *dataset, *first = NULL, *second = NULL;
    SOMA_TRY(make_dataset(&dataset));
    soma_status status = soma_dataset_split(dataset, 0.5, 1, &first, &second);
    bool none = first == NULL && second == NULL;
    if (status == SOMA_OK) status = soma_dataset_statistics(first, found_mean, deviation);
    if (status == SOMA_OK) status = soma_dataset_set_weights(first, weights, 3);
    if (status == SOMA_OK) status = soma_dataset_standardize(dataset, mean, scale, 2);
    allow_allocations();
    ck_assert(!none || status == SOMA_OUT_OF_MEMORY);
    ck_assert_int_eq(soma_dataset_read_input(dataset, 0, 0, 1, seen), SOMA_OK);
    ck_assert_float_eq(seen[0], status == SOMA_OK ? 0 : 1);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    return status;
}

static soma_status divide_dataset(void) {
    static const int64_t groups[6] = {1, 1, 2, 2, 3, 3};
    static const double times[6] = {6, 5, 4, 3, 2, 1};
    soma_dataset *dataset, *part[6] = {NULL};
    SOMA_TRY(make_dataset(&dataset));
    soma_status status = soma_dataset_set_groups(dataset, groups, 6);
    if (status == SOMA_OK) status = soma_dataset_set_times(dataset, times, 6);
    if (status == SOMA_OK) status = soma_dataset_divide(dataset, 0.3, SOMA_BY_GROUPS, 1, &part[0], &part[1]);
    if (status == SOMA_OK) status = soma_dataset_divide(dataset, 0.3, SOMA_BY_TIME, 1, &part[2], &part[3]);
    if (status == SOMA_OK) status = soma_dataset_fold(dataset, 3, 1, SOMA_BY_ROWS, 1, &part[4], &part[5]);
    allow_allocations();
    for (size_t i = 0; i < 6; i++) {
        ck_assert((part[i] == NULL) == (part[i ^ 1] == NULL));
        soma_dataset_destroy(part[i]);
    }
    soma_dataset_destroy(dataset);
    return status;
}

/* Names of files are a piece of memory each. */
static soma_status copy_named_files(void) {
    static const char *const names[6] = {"0.png", "one.png", "2.png", "3.png", "4.png", "5.png"};
    soma_dataset *dataset;
    soma_storage *copy = NULL;
    SOMA_TRY(make_dataset(&dataset));
    long failures = suspend_failures();
    dataset->storage->files = soma_calloc(6, sizeof *dataset->storage->files);
    for (size_t i = 0; i < 6; i++) dataset->storage->files[i] = soma_strdup(names[i]);
    resume_failures(failures);
    soma_status status = soma_dataset_copy_storage(dataset, false, &copy);
    allow_allocations();
    for (size_t i = 0; status == SOMA_OK && i < 6; i++) ck_assert_str_eq(copy->files[i], names[i]);
    if (status != SOMA_OK) ck_assert_ptr_null(copy);
    if (status != SOMA_OK && strstr(soma_last_error(), "a file name"))
        ck_assert_msg(strstr(soma_last_error(), " 6 bytes") || strstr(soma_last_error(), " 8 bytes"), "%s",
                      soma_last_error());
    soma_storage_release(copy);
    soma_dataset_destroy(dataset);
    return status;
}

static soma_status match_classes(void) {
    static const char *const names[] = {"dog", "a cow", "cat", "horse"};
    soma_dataset *dataset;
    SOMA_TRY(soma_csv_parse("table.csv", table, sizeof table - 1, NULL, &dataset));
    soma_status status = soma_dataset_match_classes(dataset, names, 4);
    allow_allocations();
    ck_assert_str_eq(soma_dataset_class_name(dataset, 0), status == SOMA_OK ? "dog" : "cat");
    soma_dataset_destroy(dataset);
    return status;
}

static const struct {
    const char *what;
    soma_status (*run)(void);
    int least; /* allocations that it makes at least: a wrapper that is not called would prove nothing */
} operations[] = {
    {"reading a table", read_table, 15},
    {"reading a table that promises", read_promised_table, 15},
    {"reading a table's file", read_table_file, 18},
    {"replacing a file", write_and_replace, 3},
    {"writing an array", write_array, 4},
    {"transforming a data set", transform_dataset, 15},
    {"what is in a table", profile_table, 25},
    {"words, dates and truth values of a table", read_forms, 40},
    {"dividing a data set", divide_dataset, 25},
    {"matching classes", match_classes, 20},
    {"copying a data set of files", copy_named_files, 10},
#ifdef SOMA_HAVE_ZLIB
    {"finding the digits", find_digits, 15},
#endif
    {"exchanging tensors", exchange_safetensors, 15},
};

START_TEST(every_allocation_may_fail) {
    temporary_file("table.csv", table, sizeof table - 1);
    expect_every_failure_told(operations[_i].what, operations[_i].run, operations[_i].least);
}
END_TEST

int main(void) {
    count_memory();
    Suite *suite = suite_create("out_of_memory");
    TCase *cases = tcase_create("out_of_memory");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, every_allocation_may_fail, 0, (int)SOMA_COUNT_OF(operations));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
