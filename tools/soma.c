/* SPDX-License-Identifier: MIT */
/* The program: finds the command, reads its options, runs it. */
#include "interrupt.h"
#include "option_table.h"
#include "report.h"
#include "session.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *line;
    exit_status (*run)(const struct settings *settings);
} commands[] = {
#define X(name, word, line) [COMMAND_##name] = {#word, line, command_##word},
    COMMAND_LIST(X)
#undef X
};

/* clang-format off */
static const char command_words[] =
#define X(name, word, line) #word ", "
    COMMAND_LIST(X)
#undef X
    "help";
/* clang-format on */

/* Examples for `soma COMMAND --help`. */
static const char *const abouts[] = {
    [COMMAND_TRAIN] =
        "  soma train\n"
        "  soma train --data iris.csv --net \"dense 16 tanh; dense 3 softmax\" --epochs 100 --save iris.safetensors\n"
        "  soma train --data mnist/ --device=gpu --epochs 5 --batch 128 --plot run.svg\n"
        "  soma train --load iris.safetensors --data iris.csv --lr 0.0001 --save better.safetensors\n",
    [COMMAND_SEARCH] = "  soma search --space space.json --data iris.csv --trials 30 --results trials.jsonl\n"
                       "  soma search --space space.json --data iris.csv --save best.safetensors\n",
    [COMMAND_EVALUATE] = "  soma evaluate --model digits.safetensors\n"
                         "  soma evaluate --model iris.safetensors --data iris.csv --part test --json\n",
    [COMMAND_PREDICT] = "  soma predict --model iris.safetensors --data new.csv\n"
                        "  soma predict --model digits.safetensors --raw --output probabilities.npy\n",
    [COMMAND_GENERATE] = "  soma generate --model book.safetensors --prompt \"It was \" --length 400\n"
                         "  soma generate --model book.safetensors --temperature 0.7 --top-k 20 --seed 3\n",
    [COMMAND_TOKENIZER] = "  soma tokenizer --data book.txt --vocabulary 4096 --save tokenizer.json\n"
                          "  soma train --data book.txt --tokens tokenizer.json\n",
    [COMMAND_SUMMARY] = "  soma summary --model digits.safetensors\n"
                        "  soma summary --net \"dense 512 relu; dense 10 softmax\" --input 28x28 --batch 128\n",
    [COMMAND_DEVICES] = "  soma devices\n"
                        "  soma devices --device=nvidia      the one that this name opens\n"
                        "  soma devices --verbose            and which kernels multiply matrices of which shape\n",
    [COMMAND_TUNE] = "  soma tune                         every device that has several kernels\n"
                     "  soma tune --device=gpu --sizes=10,64,784\n"
                     "  soma tune --device=gpu --reset    back to the default\n",
    [COMMAND_CHECK] = "  soma check --device=gpu\n",
    [COMMAND_BENCH] =
        "  soma bench --net \"dense 128 relu; dense 10 softmax\" --input 784 --batch 128 --device=cpu --json\n"
        "  soma bench --model digits.safetensors --device=gpu --profile\n",
    [COMMAND_CONVERT] = "  soma convert model.onnx model.safetensors\n"
                        "  soma convert digits.safetensors digits.onnx\n"
                        "  soma convert digits.safetensors digits.c       one C file, for a microcontroller\n",
    [COMMAND_SHOW] = "  soma show model.onnx\n"
                     "  soma show iris.csv --json\n",
    [COMMAND_DATA] = "  soma data iris.csv\n"
                     "  soma data houses.csv --label price --json\n",
    [COMMAND_WATCH] = "  soma watch runs/first             what soma train --tensorboard runs/first writes\n"
                      "  soma watch run.csv                what soma train --history run.csv writes\n",
};

static void print_exit_statuses(FILE *stream) {
    fputs("\nExit status\n", stream);
#define X(name, number, meaning) fprintf(stream, "  %3d  %s\n", number, meaning);
    EXIT_STATUS_LIST(X)
#undef X
}

static void print_usage(FILE *stream) {
    fputs("soma trains and runs neural networks on any OpenCL device or a plain CPU.\n\n"
          "Usage: soma COMMAND [OPTION ...]\n"
          "       soma help COMMAND\n"
          "       soma --help | --version\n\nCommands\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++) fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].line);
    fputs("\n`soma train` alone trains a small network on handwritten digits, on the quickest device.\n"
          "\nEnvironment\n"
          "  SOMA_DEVICE    the device that --device=auto means\n"
          "  SOMA_PLUGINS   shared objects with further kinds of devices, separated by ':'\n"
          "  SOMA_CACHE_DIR where tuning, programs and what is known of drivers are kept, if not in "
          "$XDG_CACHE_HOME/soma or "
          "~/.cache/soma\n"
          "  SOMA_DATA_DIR  where the digits are, if not beside the program or installed\n"
          "  NO_COLOR       no colours on the terminal\n",
          stream);
    print_exit_statuses(stream);
}

static void print_command_help(enum command command, FILE *stream) {
    static const char *const operands[COMMAND_COUNT] = {[COMMAND_CONVERT] = "FROM TO ",
                                                        [COMMAND_SHOW] = "FILE ",
                                                        [COMMAND_DATA] = "FILE ",
                                                        [COMMAND_WATCH] = "DIR|FILE "};
    fprintf(stream, "soma %s: %s\n\nUsage: soma %s %s[OPTION ...]\n\nExamples\n%s", commands[command].name,
            commands[command].line, commands[command].name, operands[command] ? operands[command] : "",
            abouts[command]);
    options_print_help(command, stream);
    print_exit_statuses(stream);
}

static const char *next_command(const void *context, size_t index) {
    (void)context;
    return index < COMMAND_COUNT ? commands[index].name : index == COMMAND_COUNT ? "help" : NULL;
}

/* COMMAND_COUNT, with a message, where there is none of that name. */
static enum command find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0) return (enum command)i;
    fail(STATUS_USAGE, "unknown command '%s'%s; accepted: %s", name,
         did_you_mean("", suggest(name, next_command, NULL)), command_words);
    return COMMAND_COUNT;
}

static exit_status help(int count, char **arguments) {
    if (count < 2) {
        print_usage(stdout);
        return STATUS_DONE;
    }
    enum command command = find_command(arguments[1]);
    if (command == COMMAND_COUNT) return STATUS_USAGE;
    print_command_help(command, stdout);
    return STATUS_DONE;
}

static exit_status run(int count, char **arguments) {
    bool json = options_contain(count, arguments, "--json"), quiet = options_contain(count, arguments, "--quiet");
    message_setup(NULL, json, quiet);
    enum command command = find_command(arguments[0]);
    if (command == COMMAND_COUNT) return STATUS_USAGE;
    message_setup(commands[command].name, json, quiet);
    struct settings settings;
    exit_status status = options_parse(command, count, arguments, &settings);
    if (status != STATUS_DONE) return status;
    message_setup(commands[command].name, settings.json, settings.quiet);
    if (settings.help) {
        print_command_help(command, stdout);
        return STATUS_DONE;
    }
    if (settings.json && !report_available())
        return fail(STATUS_USAGE, "--json is not built in: the program was built without the jansson library");
    status = session_load_plugins();
    return status == STATUS_DONE ? commands[command].run(&settings) : status;
}

/*
 * ocl-icd, one of OpenCL's loaders, asks every driver for its devices as soon as it lists them, to sort them: one that
 * does not survive it would take the others along. soma sorts them itself. A library must not do this to a process.
 */
static void loader_setup(void) {
    setenv("OCL_ICD_PLATFORM_SORT", "none", 0);
}

int main(int argc, char **argv) {
    clock_setup();
    interrupt_setup();
    loader_setup();
    exit_status status;
    if (argc < 2) {
        print_usage(stderr);
        status = STATUS_USAGE;
    } else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("soma %s\n", soma_version());
        status = STATUS_DONE;
    } else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        status = help(argc - 1, argv + 1);
    } else {
        status = run(argc - 1, argv + 1);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (status == STATUS_DONE) status = fail(STATUS_FAILED, "writing to standard output failed");
    }
    return status;
}
