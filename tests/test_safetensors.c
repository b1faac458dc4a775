/* SPDX-License-Identifier: MIT */
/* The safetensors format: what is written byte by byte, what comes back, and every way in which a file may be wrong. */
#include "base/file.h"
#include "expect.h"
#include "io/safetensors/safetensors.h"
#include "peak_memory.h"
#include "temporary.h"

#include <math.h>

/* A file of this header and so many bytes of data; free it. */
static uint8_t *make_file(const char *header, size_t data_size, size_t *size) {
    size_t length = strlen(header);
    *size = 8 + length + data_size;
    uint8_t *memory = soma_calloc(*size, 1);
    for (int i = 0; i < 8; i++) memory[i] = (uint8_t)((uint64_t)length >> 8 * i);
    memcpy(memory + 8, header, length);
    for (size_t i = 0; i < data_size; i++) memory[8 + length + i] = (uint8_t)(i + 1);
    return memory;
}

/* -------------------------------------------------------------------------------------------------- good files */

static const float weights[6] = {1, -2, 0.5f, -0.0f, 3.25f, 1e-40f}, bias[2] = {100, -100};

START_TEST(writes_the_format_to_the_letter) {
    const soma_safetensors_source tensors[] = {{"w", 2, {2, 3}, weights}, {"b", 1, {2}, bias}};
    const soma_safetensors_pair metadata[] = {{"k", "v\"\n"}};
    const char *path = temporary_path("file");
    expect_ok(soma_safetensors_write(path, tensors, 2, metadata, 1));
    soma_buffer buffer;
    expect_ok(soma_file_read(path, 1 << 20, &buffer));
    static const char header[] = "{\"__metadata__\":{\"k\":\"v\\\"\\n\"},"
                                 "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}}";
    size_t padded = (sizeof header - 1 + 7) / 8 * 8;
    ck_assert_uint_eq(buffer.size, 8 + padded + 32);
    ck_assert_uint_eq(buffer.data[0], padded & 255);
    for (int i = 1; i < 8; i++) ck_assert_uint_eq(buffer.data[i], 0);
    ck_assert_mem_eq(buffer.data + 8, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < padded; i++) ck_assert_int_eq(buffer.data[8 + i], ' ');
    /* 1.0f is 3F800000, -2.0f is C0000000, little-endian. */
    static const uint8_t numbers[8] = {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0};
    ck_assert_mem_eq(buffer.data + 8 + padded, numbers, sizeof numbers);
    soma_free(buffer.data);
}
END_TEST

START_TEST(reads_what_it_wrote) {
    enum { LARGE = 100003 };
    static float large[LARGE], back[LARGE];
    for (int i = 0; i < LARGE; i++) large[i] = (float)i * 0.37f;
    large[5] = INFINITY;
    large[6] = NAN;
    const soma_safetensors_source tensors[] = {{"z", 2, {2, 3}, weights},
                                               {"nothing", 3, {2, 0, 5}, NULL},
                                               {"a", 0, {0}, bias},
                                               {"large", 1, {LARGE}, large},
                                               {"w\xC3\xA4rme", 5, {1, 1, 2, 1, 1}, bias}};
    const soma_safetensors_pair metadata[] = {{"format", "soma"}, {"empty", ""}};
    const char *path = temporary_path("file");
    expect_ok(soma_safetensors_write(path, tensors, 5, metadata, 2));
    soma_safetensors *file;
    expect_ok(soma_safetensors_open(path, &file));
    ck_assert_uint_eq(soma_safetensors_count(file), 5);
    for (size_t i = 0; i < 5; i++) {
        size_t index;
        ck_assert(soma_safetensors_find(file, tensors[i].name, &index));
        soma_safetensors_info info = soma_safetensors_get(file, index);
        ck_assert_str_eq(info.name, tensors[i].name);
        ck_assert_str_eq(info.dtype, "F32");
        ck_assert_uint_eq(info.rank, tensors[i].rank);
        for (uint32_t j = 0; j < info.rank; j++) ck_assert_uint_eq(info.shape[j], tensors[i].shape[j]);
        expect_ok(soma_safetensors_read(file, index, back, info.count));
        ck_assert(info.count == 0 || memcmp(back, tensors[i].data, info.count * sizeof(float)) == 0);
    }
    size_t index;
    ck_assert(!soma_safetensors_find(file, "w", &index));
    ck_assert_str_eq(soma_safetensors_metadata(file, "format"), "soma");
    ck_assert_str_eq(soma_safetensors_metadata(file, "empty"), "");
    ck_assert_ptr_null(soma_safetensors_metadata(file, "none"));
    expect_error(soma_safetensors_read(file, 0, back, 7), SOMA_INVALID_SHAPE, path, "\"z\"", "6 elements",
                 "7 are wanted");
    soma_safetensors_close(file);
    soma_safetensors_close(NULL);
}
END_TEST

/* Order in the header, white space and other dtypes are free. */
START_TEST(reads_files_of_others) {
    static const char header[] = "{ \"second\" : {\"data_offsets\":[8,12], \"shape\":[2,1], \"dtype\":\"F16\"},\n"
                                 "\"first\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]} }   ";
    size_t size;
    uint8_t *memory = make_file(header, 12, &size);
    const char *path = temporary_file("file", memory, size);
    soma_free(memory);
    soma_safetensors *file;
    expect_ok(soma_safetensors_open(path, &file));
    ck_assert_uint_eq(soma_safetensors_count(file), 2);
    ck_assert_str_eq(soma_safetensors_get(file, 0).name, "first");
    ck_assert_str_eq(soma_safetensors_get(file, 1).dtype, "F16");
    ck_assert_ptr_null(soma_safetensors_metadata(file, "any"));
    float values[2];
    expect_ok(soma_safetensors_read(file, 0, values, 2));
    uint32_t bits;
    memcpy(&bits, values, 4);
    ck_assert_uint_eq(bits, 0x04030201);
    expect_ok(soma_safetensors_read(file, 1, values, 2)); /* 0A09 and 0C0B: exponents 2 and 3, fractions 209 and 00B */
    ck_assert_float_eq(values[0], 0x609p-23f);
    ck_assert_float_eq(values[1], 0x40Bp-22f);
    soma_safetensors_close(file);

    soma_safetensors *empty;
    memory = make_file("{}", 0, &size);
    expect_ok(soma_safetensors_parse("empty", memory, size, size, &empty));
    ck_assert_uint_eq(soma_safetensors_count(empty), 0);
    soma_safetensors_close(empty);
    soma_free(memory);
}
END_TEST

/* Every type that the format knows, by the bits of an element; eight elements fill whole bytes of any. */
static const struct {
    const char *name;
    size_t bits;
    bool real;
} types[] = {
    {"BOOL", 8, false}, {"F4", 4, false},      {"F6_E2M3", 6, false}, {"F6_E3M2", 6, false},     {"U8", 8, false},
    {"I8", 8, false},   {"F8_E5M2", 8, false}, {"F8_E4M3", 8, false}, {"F8_E8M0", 8, false},     {"I16", 16, false},
    {"U16", 16, false}, {"F16", 16, true},     {"BF16", 16, true},    {"F8_E4M3FNUZ", 8, false}, {"I32", 32, false},
    {"U32", 32, false}, {"F32", 32, true},     {"C64", 64, false},    {"F8_E5M2FNUZ", 8, false}, {"F64", 64, true},
    {"I64", 64, false}, {"U64", 64, false},
};

/* Rank 9, and what is read beside it is not disturbed. */
START_TEST(passes_over_any_type_and_rank) {
    char header[512];
    size_t size, data = types[_i].bits, index; /* bytes: of 8 elements */
    snprintf(header, sizeof header,
             "{\"a\":{\"dtype\":\"%s\",\"shape\":[1,2,1,1,2,1,1,2,1],\"data_offsets\":[0,%zu]},"
             "\"none\":{\"dtype\":\"%s\",\"shape\":[1,1,1,1,1,0,3],\"data_offsets\":[%zu,%zu]},"
             "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%zu,%zu]}}",
             types[_i].name, data, types[_i].name, data, data, data, data + 8);
    uint8_t *memory = make_file(header, data + 8, &size);
    static const uint8_t little_endian[8] = {0, 0, 0xc8, 0x42, 0, 0, 0xc8, 0xc2}; /* bias */
    memcpy(memory + size - 8, little_endian, 8);
    const char *path = temporary_file("file", memory, size);
    soma_free(memory);
    soma_safetensors *file;
    expect_ok(soma_safetensors_open(path, &file));
    ck_assert_uint_eq(soma_safetensors_count(file), 3);
    soma_safetensors_info info = soma_safetensors_get(file, 0);
    ck_assert_str_eq(info.name, "a");
    ck_assert_str_eq(info.dtype, types[_i].name);
    ck_assert_uint_eq(info.rank, 9);
    for (uint32_t i = 0; i < 9; i++) ck_assert_uint_eq(info.shape[i], i % 3 == 1 ? 2 : 1);
    ck_assert_uint_eq(info.count, 8);
    ck_assert(soma_safetensors_is_real(&info) == types[_i].real);
    float values[8];
    if (types[_i].real)
        expect_ok(soma_safetensors_read(file, 0, values, 8));
    else
        expect_error(soma_safetensors_read(file, 0, values, 8), SOMA_UNSUPPORTED, path, "\"a\"", types[_i].name,
                     "F32, F16, BF16 and F64");
    ck_assert(soma_safetensors_find(file, "none", &index));
    ck_assert_uint_eq(soma_safetensors_get(file, index).count, 0);
    ck_assert_uint_eq(soma_safetensors_get(file, index).rank, 7);
    ck_assert(soma_safetensors_find(file, "w", &index));
    expect_ok(soma_safetensors_read(file, index, values, 2));
    ck_assert_mem_eq(values, bias, sizeof bias);
    soma_safetensors_close(file);
}
END_TEST

/* --------------------------------------------------------------------------------------------------- bad files */

#define TENSOR(name, shape, begin, end)                                                                                \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

typedef struct bad_header {
    const char *what, *header;
    size_t data_size;
    const char *words[6];
} bad_header;

static const bad_header bad_headers[] = {
    {"no JSON", "{hello}", 0, {"offset ", "JSON object"}},
    {"cut JSON", "{\"a\":{\"dtype\":\"F32\"", 0, {"offset 2", "JSON object"}},
    {"text after the object", "{}x", 0, {"offset ", "JSON object"}},
    {"a list", "[1,2]", 0, {"offset 8", "\"[\"", "must begin with"}},
    {"a space first", " {}", 0, {"offset 8", "must begin with"}},
    {"no UTF-8", "{\"\xE4\":1}", 0, {"offset 10", "\\xe4", "UTF-8"}},
    {"an overlong character", "{\"\xC0\xAF\":1}", 0, {"offset 10", "UTF-8"}},
    {"a surrogate", "{\"\xED\xA0\x80\":1}", 0, {"offset 10", "UTF-8"}},
    {"a zero character in a name", "{\"a\\u0000\":1}", 0, {"offset ", "JSON object"}},
    {"a tensor twice",
     "{" TENSOR("a", "[1]", "0", "4") "," TENSOR("a", "[1]", "4", "8") "}",
     8,
     {"offset ", "duplicate"}},
    {"a field twice",
     "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     4,
     {"offset ", "duplicate"}},
    {"metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, {"offset ", "duplicate"}},
    {"metadata no object", "{\"__metadata__\":[]}", 0, {"__metadata__", "map of strings"}},
    {"metadata no string", "{\"__metadata__\":{\"a\":\"b\",\"n\":3}}", 0, {"__metadata__", "\"n\"", "only strings"}},
    {"metadata nested", "{\"__metadata__\":{\"n\":{\"m\":\"x\"}}}", 0, {"__metadata__", "\"n\"", "only strings"}},
    {"a tensor that is a number", "{\"a\":3}", 0, {"\"a\"", "no object", "\"dtype\""}},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, {"\"a\"", "dtype is missing", "\"F32\""}},
    {"a dtype that is a number",
     "{\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}",
     4,
     {"\"a\"", "dtype", "no string"}},
    {"an unknown dtype",
     "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     4,
     {"\"a\"", "unknown dtype \"F33\"", "F32, F16, ", ", F8_E8M0, ", ", BOOL"}},
    {"no shape",
     "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
     4,
     {"\"a\"", "shape is missing", "list of whole numbers"}},
    {"a shape that is a number", "{" TENSOR("a", "1", "0", "4") "}", 4, {"\"a\"", "shape", "list of whole numbers"}},
    {"a fraction in a shape", "{" TENSOR("a", "[1.0]", "0", "4") "}", 4, {"\"a\"", "dimension 0", "whole number"}},
    {"a string in a shape", "{" TENSOR("a", "[1,\"1\"]", "0", "4") "}", 4, {"\"a\"", "dimension 1", "whole number"}},
    {"a negative dimension", "{" TENSOR("a", "[-1]", "0", "4") "}", 4, {"\"a\"", "dimension 0", "whole number"}},
    {"half a byte",
     "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}",
     2,
     {"\"a\"", "3 elements of F4 take 12 bits", "whole bytes"}},
    {"a quarter of a byte",
     "{\"a\":{\"dtype\":\"F6_E3M2\",\"shape\":[],\"data_offsets\":[0,1]}}",
     1,
     {"\"a\"", "1 elements of F6_E3M2 take 6 bits", "whole bytes"}},
    {"three bytes of four sixths",
     "{\"a\":{\"dtype\":\"F6_E2M3\",\"shape\":[2,2],\"data_offsets\":[0,4]}}",
     4,
     {"\"a\"", "4 bytes", "4 elements of F6_E2M3 needs 3"}},
    {"more bits than can be counted",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}",
     0,
     {"\"a\"", "more elements than memory"}},
    {"a product that overflows in the sixth dimension",
     "{" TENSOR("a", "[1,1,1,1,1,4294967296,4294967296]", "0", "0") "}",
     0,
     {"\"a\"", "more elements than memory"}},
    {"a product that overflows",
     "{" TENSOR("a", "[4294967296,4294967296]", "0", "0") "}",
     0,
     {"\"a\"", "more elements than memory"}},
    {"a product that overflows to what fits",
     "{" TENSOR("a", "[4611686018427387905]", "0", "4") "}",
     4,
     {"\"a\"", "more elements than memory"}},
    {"a number past 64 bits", "{" TENSOR("a", "[18446744073709551617]", "0", "4") "}", 4, {"offset ", "integer"}},
    {"no offsets",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
     4,
     {"\"a\"", "data_offsets are missing", "[begin, end]"}},
    {"three offsets",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
     4,
     {"\"a\"", "two whole numbers"}},
    {"offsets that are strings", "{" TENSOR("a", "[1]", "\"0\"", "4") "}", 4, {"\"a\"", "two whole numbers"}},
    {"a negative offset", "{" TENSOR("a", "[1]", "-4", "0") "}", 4, {"\"a\"", "[-4, 0]", "within the 4 bytes"}},
    {"falling offsets", "{" TENSOR("a", "[1]", "4", "0") "}", 4, {"\"a\"", "[4, 0]", "rise"}},
    {"offsets past the end", "{" TENSOR("a", "[2]", "0", "8") "}", 4, {"\"a\"", "[0, 8]", "within the 4 bytes"}},
    {"offsets that do not fit the shape",
     "{" TENSOR("a", "[3]", "0", "8") "}",
     8,
     {"\"a\"", "8 bytes", "3 elements of F32 needs 12"}},
    {"a gap",
     "{" TENSOR("a", "[1]", "0", "4") "," TENSOR("b", "[1]", "8", "12") "}",
     12,
     {"\"b\"", "offset 8", "ends at 4", "no gap"}},
    {"a gap at the start", "{" TENSOR("a", "[1]", "4", "8") "}", 8, {"\"a\"", "offset 4", "no gap"}},
    {"an overlap",
     "{" TENSOR("a", "[2]", "0", "8") "," TENSOR("b", "[2]", "4", "12") "}",
     12,
     {"\"b\"", "offset 4", "ends at 8", "no overlap"}},
    {"the same bytes twice",
     "{" TENSOR("a", "[1]", "0", "4") "," TENSOR("b", "[1]", "0", "4") "}",
     4,
     {"\"b\"", "no overlap"}},
    {"bytes after the last tensor", "{" TENSOR("a", "[1]", "0", "4") "}", 5, {"end here", "nothing may follow"}},
    {"data without tensors", "{}", 4, {"offset 10", "nothing may follow"}},
    {"a field too many",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"note\":1}}",
     4,
     {"\"a\"", "4 fields", "there are three"}},
};

START_TEST(refuses_bad_headers) {
    const bad_header *one = &bad_headers[_i];
    size_t size;
    uint8_t *memory = make_file(one->header, one->data_size, &size);
    soma_safetensors *file = (soma_safetensors *)1;
    soma_status status = soma_safetensors_parse("model.safetensors", memory, size, size, &file);
    expect_error_words(status, SOMA_INVALID_FILE, one->words, one->what);
    expect_error_words(status, SOMA_INVALID_FILE, (const char *const[]){"model.safetensors: ", NULL}, one->what);
    ck_assert_ptr_null(file);
    const char *path = temporary_file("file", memory, size);
    peak_memory_start();
    status = soma_safetensors_open(path, &file);
    expect_little_memory(size, one->what);
    expect_error_words(status, SOMA_INVALID_FILE, one->words, one->what);
    soma_free(memory);
}
END_TEST

typedef struct bad_bytes {
    const char *what;
    size_t size;
    uint8_t bytes[16];
    const char *words[5];
} bad_bytes;

static const bad_bytes bad_files[] = {
    {"empty", 0, {0}, {"0 bytes", "at least 10"}},
    {"cut in the length", 5, {2, 0, 0, 0, 0}, {"5 bytes", "at least 10"}},
    {"no header", 8, {2}, {"8 bytes", "at least 10"}},
    {"a header of no bytes", 10, {0}, {"offset 0", "a header of 0 bytes", "2 to 100000000"}},
    {"a header longer than the file",
     10,
     {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'},
     {"offset 0", "a header of 3 bytes in a file of 10"}},
    {"a header of 2^64 - 1 bytes",
     10,
     {255, 255, 255, 255, 255, 255, 255, 255, '{', '}'},
     {"a header of 18446744073709551615 bytes"}},
    {"a header past the limit",
     10,
     {1, 0xE1, 0xF5, 5, 0, 0, 0, 0, '{', '}'},
     {"a header of 100000001 bytes", "2 to 100000000"}},
    {"another format",
     16,
     "\x80\x02\x8a\nl\xfc\x9c"
     "F\xf9 j\xa8P\x19.",
     {"offset 0", "Is it a safetensors file?"}},
};

START_TEST(refuses_what_is_no_safetensors) {
    const bad_bytes *one = &bad_files[_i];
    soma_safetensors *file;
    const char *path = temporary_file("file", one->bytes, one->size);
    peak_memory_start();
    soma_status status = soma_safetensors_open(path, &file);
    expect_little_memory(one->size, one->what);
    expect_error_words(status, SOMA_INVALID_FILE, one->words, one->what);
    expect_error(soma_safetensors_open(path, &file), SOMA_INVALID_FILE, path);
    expect_error_words(soma_safetensors_parse("file", one->bytes, one->size, one->size, &file), SOMA_INVALID_FILE,
                       one->words, one->what);
    ck_assert_ptr_null(file);
}
END_TEST

/* The limit holds in a file that is long enough, too; it is refused unread. */
START_TEST(refuses_a_header_past_the_limit) {
    static const uint8_t length[8] = {1, 0xE1, 0xF5, 5}; /* 100,000,001 */
    const char *path = temporary_file("file", length, sizeof length);
    soma_safetensors *file;
    ck_assert_int_eq(truncate(path, 200000000), 0);
    expect_error(soma_safetensors_open(path, &file), SOMA_INVALID_FILE, path, "offset 0", "a header of 100000001 bytes",
                 "2 to 100000000");
}
END_TEST

/* Pairs that are no tensors, of which many fit into few bytes. */
START_TEST(refuses_many_that_are_none_in_little_memory) {
    enum { PAIRS = 60000 };
    soma_text header = {.data = NULL};
    for (int i = 0; i < PAIRS; i++) soma_text_append(&header, "%c\"%x\":0", i ? ',' : '{', i);
    soma_text_append(&header, "}");
    size_t size;
    uint8_t *memory = make_file(header.data, 0, &size);
    soma_safetensors *file;
    peak_memory_start();
    soma_status status = soma_safetensors_parse("many", memory, size, size, &file);
    expect_little_memory(size, "many");
    expect_error(status, SOMA_INVALID_FILE, "many: tensor \"0\": no object");
    soma_free(memory);
    soma_free(header.data);
}
END_TEST

/* As deep as 100,000 brackets: a clean error, no exhausted stack. */
START_TEST(refuses_deep_nesting) {
    enum { DEPTH = 100000 };
    char *header = soma_malloc(DEPTH + 8);
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', DEPTH);
    header[5 + DEPTH] = 0;
    size_t size;
    uint8_t *memory = make_file(header, 0, &size);
    soma_safetensors *file;
    expect_error(soma_safetensors_parse("deep", memory, size, size, &file), SOMA_INVALID_FILE, "deep: offset ",
                 "depth");
    soma_free(memory);
    soma_free(header);
}
END_TEST

START_TEST(refuses_paths_that_are_no_files) {
    soma_safetensors *file;
    expect_error(soma_safetensors_open(temporary_path("absent"), &file), SOMA_IO, "/absent", "No such file");
    expect_error(soma_safetensors_open(temporary_directory, &file), SOMA_IO, temporary_directory, "is a directory");
    expect_error(soma_safetensors_open("/dev/null", &file), SOMA_INVALID_FILE, "/dev/null",
                 "an ordinary file is wanted");
}
END_TEST

START_TEST(notices_a_file_that_shrinks) {
    const soma_safetensors_source tensors[] = {{"w", 2, {2, 3}, weights}};
    const char *path = temporary_path("file");
    expect_ok(soma_safetensors_write(path, tensors, 1, NULL, 0));
    soma_safetensors *file;
    float values[6];
    expect_ok(soma_safetensors_open(path, &file));
    ck_assert_int_eq(truncate(path, 90), 0);
    expect_error(soma_safetensors_read(file, 0, values, 6), SOMA_INVALID_FILE, path, "\"w\"", "shorter");
    soma_safetensors_close(file);
}
END_TEST

START_TEST(refuses_to_write_what_could_not_be_read) {
    const char *path = temporary_path("file");
    const soma_safetensors_source twice[] = {{"w", 1, {2}, bias}, {"w", 1, {2}, bias}};
    const soma_safetensors_source reserved[] = {{"__metadata__", 1, {2}, bias}}, latin[] = {{"\xE4", 1, {2}, bias}};
    const soma_safetensors_source huge[] = {{"w", 2, {SIZE_MAX, SIZE_MAX}, bias}},
                                  deep[] = {{"w", 6, {1, 1, 1, 1, 1}, bias}};
    const soma_safetensors_pair keys[] = {{"k", "1"}, {"k", "2"}}, key[] = {{"\xE4", "1"}}, text[] = {{"k", "a\xE4"}};
    expect_error(soma_safetensors_write(path, twice, 2, NULL, 0), SOMA_INVALID_ARGUMENT, path, "tensor \"w\"",
                 "name is taken");
    expect_error(soma_safetensors_write(path, reserved, 1, NULL, 0), SOMA_INVALID_ARGUMENT, path, "__metadata__",
                 "taken");
    expect_error(soma_safetensors_write(path, latin, 1, NULL, 0), SOMA_INVALID_ARGUMENT, path, "\"\\xe4\"",
                 "must be UTF-8");
    expect_error(soma_safetensors_write(path, huge, 1, NULL, 0), SOMA_INVALID_SHAPE, path, "\"w\"",
                 "more elements than memory");
    expect_error(soma_safetensors_write(path, deep, 1, NULL, 0), SOMA_INVALID_SHAPE, path, "\"w\"",
                 "more than 5 dimensions");
    expect_error(soma_safetensors_write(path, NULL, 0, keys, 2), SOMA_INVALID_ARGUMENT, path, "metadata \"k\"",
                 "taken");
    expect_error(soma_safetensors_write(path, NULL, 0, key, 1), SOMA_INVALID_ARGUMENT, path, "metadata \"\\xe4\"",
                 "UTF-8");
    expect_error(soma_safetensors_write(path, NULL, 0, text, 1), SOMA_INVALID_ARGUMENT, path, "\"k\"", "offset 1");
    expect_error(soma_safetensors_write(temporary_directory, NULL, 0, NULL, 0), SOMA_IO, temporary_directory,
                 "is a directory");
    ck_assert_int_eq(temporary_count(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("safetensors");
    TCase *cases = tcase_create("safetensors");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, writes_the_format_to_the_letter);
    tcase_add_test(cases, reads_what_it_wrote);
    tcase_add_test(cases, reads_files_of_others);
    tcase_add_loop_test(cases, passes_over_any_type_and_rank, 0, (int)SOMA_COUNT_OF(types));
    tcase_add_loop_test(cases, refuses_bad_headers, 0, (int)SOMA_COUNT_OF(bad_headers));
    tcase_add_loop_test(cases, refuses_what_is_no_safetensors, 0, (int)SOMA_COUNT_OF(bad_files));
    tcase_add_test(cases, refuses_a_header_past_the_limit);
    tcase_add_test(cases, refuses_many_that_are_none_in_little_memory);
    tcase_add_test(cases, refuses_deep_nesting);
    tcase_add_test(cases, refuses_paths_that_are_no_files);
    tcase_add_test(cases, notices_a_file_that_shrinks);
    tcase_add_test(cases, refuses_to_write_what_could_not_be_read);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
