/* SPDX-License-Identifier: MIT */
/* The words that some options choose from. */
#include "option_table.h"

static const char *loss_name(int value) {
    return value == SOMA_LOSS_NONE ? "" : soma_name(SOMA_NAMES_LOSS, value); /* the one output is trained on */
}

static const char *optimizer_name(int value) {
    return soma_name(SOMA_NAMES_OPTIMIZER, value);
}

static const char *schedule_name(int value) {
    return soma_name(SOMA_NAMES_SCHEDULE, value);
}

static const char *metric_name(int value) {
    return soma_name(SOMA_NAMES_METRIC, value);
}

static const char *image_fit_name(int value) {
    return soma_name(SOMA_NAMES_IMAGE_FIT, value);
}

static const char *monitor_name(int value) {
    return value == SOMA_MONITOR_LOSS ? "loss" : value == SOMA_MONITOR_METRIC ? "metric" : NULL;
}

static const char *mode_name(int value) {
    return value == MODE_TRAIN ? "train" : value == MODE_INFER ? "infer" : NULL;
}

static const char *part_name(int value) {
    static const char *const names[] = {[PART_DEFAULT] = "default",
                                        [PART_TRAIN] = "train",
                                        [PART_VALIDATION] = "validation",
                                        [PART_TEST] = "test",
                                        [PART_ALL] = "all"};
    return value < (int)(sizeof names / sizeof names[0]) ? names[value] : NULL;
}

static const char *split_name(int value) {
    return value == SOMA_BY_ROWS ? "rows" : value == SOMA_BY_GROUPS ? "group" : value == SOMA_BY_TIME ? "time" : NULL;
}

static const char *unknown_name(int value) {
    static const char *const names[] = {[UNKNOWN_CLASSES_ERROR] = "error", [UNKNOWN_CLASSES_IGNORE] = "ignore"};
    return value >= 0 && (size_t)value < sizeof names / sizeof *names ? names[value] : NULL;
}

static const char *missing_name(int value) {
    return soma_name(SOMA_NAMES_MISSING, value);
}

static const char *dates_name(int value) {
    return value == SOMA_DATES_NUMBER - 1 ? "number" : value == SOMA_DATES_CYCLE - 1 ? "cycle" : NULL;
}

static const char *distributed_name(int value) {
    static const char *const names[] = {"none", "mpi"};
    return value >= 0 && (size_t)value < sizeof names / sizeof *names ? names[value] : NULL;
}

static const char *wire_name(int value) {
    static const char *const names[] = {[SOMA_WIRE_F32] = "f32", [SOMA_WIRE_BF16] = "bf16"};
    return value >= 0 && (size_t)value < sizeof names / sizeof *names ? names[value] : NULL;
}

const choice loss_choice = {loss_name, true, SOMA_NAMES_LOSS};
const choice optimizer_choice = {optimizer_name, true, SOMA_NAMES_OPTIMIZER};
const choice schedule_choice = {schedule_name, true, SOMA_NAMES_SCHEDULE};
const choice metric_choice = {metric_name, true, SOMA_NAMES_METRIC};
const choice missing_choice = {missing_name, true, SOMA_NAMES_MISSING};
const choice image_fit_choice = {image_fit_name, true, SOMA_NAMES_IMAGE_FIT};
const choice dates_choice = {.name = dates_name}, distributed_choice = {.name = distributed_name},
             mode_choice = {.name = mode_name}, monitor_choice = {.name = monitor_name},
             part_choice = {.name = part_name}, split_choice = {.name = split_name},
             unknown_choice = {.name = unknown_name}, wire_choice = {.name = wire_name};
