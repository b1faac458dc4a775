/* SPDX-License-Identifier: MIT */
/* Checks beyond the primitives: the memory slots, and lists of calls that depend on each other. */
#include "device/conformance/suite.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- memory */

#define BYTES 4099 /* a prime, past a page */

typedef struct range {
    size_t offset, bytes;
} range;

static const range ranges[] = {{0, BYTES}, {0, 1}, {1, 3}, {BYTES - 1, 1}, {64, 256}, {127, 131}, {1031, 2048}, {5, 0}};

/* What the device's memory must hold, and the memory itself. */
typedef struct mirror {
    soma_device *device;
    void *memory;
    uint8_t host[BYTES];
} mirror;

static soma_status mirror_make(soma_suite *suite, mirror *m) {
    memset(m, 0, sizeof *m);
    m->device = suite->device;
    for (size_t i = 0; i < BYTES; i++) m->host[i] = (uint8_t)soma_random_u32(&suite->random);
    SOMA_TRY(soma_device_alloc(m->device, BYTES, "a check of its memory", &m->memory));
    return soma_device_write(m->device, m->memory, 0, m->host, BYTES);
}

static bool mirror_holds(soma_suite *suite, mirror *m, const char *operation, range r) {
    uint8_t found[BYTES];
    char text[96];
    snprintf(text, sizeof text, "case %u: %s, %zu bytes at %zu", suite->number, operation, r.bytes, r.offset);
    soma_status status = soma_device_read(m->device, m->memory, 0, found, BYTES);
    if (status != SOMA_OK) {
        soma_suite_fail(suite, text, "read gives %s: %s", soma_status_name(status), soma_last_error());
        return false;
    }
    for (size_t i = 0; i < BYTES; i++)
        if (found[i] != m->host[i]) {
            soma_suite_fail(suite, text, "byte %zu is %02x, must be %02x", i, found[i], m->host[i]);
            return false;
        }
    return true;
}

static soma_status do_write(soma_suite *suite, mirror *m, mirror *other, range r) {
    (void)other;
    for (size_t i = 0; i < r.bytes; i++) m->host[r.offset + i] = (uint8_t)soma_random_u32(&suite->random);
    return soma_device_write(m->device, m->memory, r.offset, m->host + r.offset, r.bytes);
}

static soma_status do_fill(soma_suite *suite, mirror *m, mirror *other, range r) {
    (void)other;
    uint8_t byte = (uint8_t)soma_random_u32(&suite->random);
    memset(m->host + r.offset, byte, r.bytes);
    return soma_device_fill(m->device, m->memory, r.offset, byte, r.bytes);
}

static soma_status do_copy(soma_suite *suite, mirror *m, mirror *other, range r) {
    size_t from = (size_t)soma_random_below(&suite->random, BYTES - r.bytes + 1);
    memcpy(m->host + r.offset, other->host + from, r.bytes);
    return soma_device_copy(m->device, m->memory, r.offset, other->memory, from, r.bytes);
}

/* Within one memory, from its first half to its second. */
static soma_status do_copy_within(soma_suite *suite, mirror *m, mirror *other, range r) {
    (void)suite;
    (void)other;
    size_t bytes = SOMA_MIN(r.bytes, BYTES / 2), to = BYTES - bytes;
    memcpy(m->host + to, m->host, bytes);
    return soma_device_copy(m->device, m->memory, to, m->memory, 0, bytes);
}

static soma_status do_read(soma_suite *suite, mirror *m, mirror *other, range r) {
    (void)other;
    uint8_t found[BYTES];
    memset(found, 0x5A, sizeof found);
    SOMA_TRY(soma_device_read(m->device, m->memory, r.offset, found, r.bytes));
    for (size_t i = 0; i < BYTES; i++) {
        uint8_t expected = i < r.bytes ? m->host[r.offset + i] : 0x5A;
        if (found[i] == expected) continue;
        soma_suite_fail(suite, "read", "%zu bytes at %zu: byte %zu is %02x, must be %02x", r.bytes, r.offset, i,
                        found[i], expected);
        break;
    }
    return SOMA_OK;
}

static const struct {
    const char *name;
    soma_status (*run)(soma_suite *suite, mirror *m, mirror *other, range r);
} operations[] = {
    {"write", do_write}, {"fill", do_fill}, {"copy", do_copy}, {"copy within", do_copy_within}, {"read", do_read}};

static void check_operations(soma_suite *suite, mirror *m, mirror *other) {
    for (size_t i = 0; i < SOMA_COUNT_OF(operations); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(ranges); j++) {
            suite->result.cases++;
            soma_status status = operations[i].run(suite, m, other, ranges[j]);
            if (status != SOMA_OK)
                soma_suite_fail(suite, operations[i].name, "%zu bytes at %zu: %s: %s", ranges[j].bytes,
                                ranges[j].offset, soma_status_name(status), soma_last_error());
            else
                mirror_holds(suite, m, operations[i].name, ranges[j]);
            suite->number++;
        }
    mirror_holds(suite, other, "nothing", ranges[0]);
}

static void check_wrap(soma_suite *suite, const mirror *m) {
    void *memory;
    uint8_t found[BYTES] = {0};
    soma_status status = soma_device_wrap(suite->device, m->host, BYTES, &memory);
    if (status == SOMA_UNSUPPORTED) return;
    suite->result.cases++;
    if (status == SOMA_OK) {
        status = soma_device_read(suite->device, memory, 0, found, BYTES);
        soma_device_free(suite->device, memory, 0);
    }
    if (status != SOMA_OK)
        soma_suite_fail(suite, "wrap", "%s: %s", soma_status_name(status), soma_last_error());
    else if (memcmp(found, m->host, BYTES) != 0)
        soma_suite_fail(suite, "wrap", "what is read differs from the host memory that was wrapped");
}

/* ------------------------------------------------------------------------------------------------------ stages */

enum { SENDINGS = 8, STAGES = 2 };

/* Two stages in turn to one memory, as an upload uses them: each sending is copied on before the next, and only then is
 * looked whether all are right. The last bytes of a sending that is short are those of the one before. */
static soma_status send_in_turn(soma_suite *suite, mirror *m, void *const stage[], void *const host[], void *kept) {
    static const size_t sent[SENDINGS] = {BYTES, BYTES, 1031, BYTES, 0, 1, 64, BYTES};
    uint8_t expected[SENDINGS][BYTES], found[BYTES];
    for (size_t i = 0; i < SENDINGS; i++) {
        uint8_t *values = host[i % STAGES];
        SOMA_TRY(soma_device_await(m->device, stage[i % STAGES]));
        for (size_t j = 0; j < sent[i]; j++) m->host[j] = values[j] = (uint8_t)soma_random_u32(&suite->random);
        memcpy(expected[i], m->host, BYTES);
        SOMA_TRY(soma_device_send(m->device, stage[i % STAGES], m->memory, sent[i]));
        SOMA_TRY(soma_device_copy(m->device, kept, i * BYTES, m->memory, 0, BYTES));
    }
    for (size_t i = 0; i < SENDINGS; i++) {
        suite->result.cases++;
        SOMA_TRY(soma_device_read(m->device, kept, i * BYTES, found, BYTES));
        for (size_t j = 0; j < BYTES; j++) {
            if (found[j] == expected[i][j]) continue;
            soma_suite_fail(suite, "send", "sending %zu of %zu bytes: byte %zu is %02x, must be %02x", i, sent[i], j,
                            found[j], expected[i][j]);
            break;
        }
    }
    return SOMA_OK;
}

static void check_stages(soma_suite *suite, mirror *m) {
    void *stage[STAGES] = {NULL}, *host[STAGES], *kept = NULL;
    if (!soma_device_stages(m->device)) return;
    soma_status status = soma_device_alloc(m->device, SENDINGS * BYTES, "a check of its stages", &kept);
    for (size_t i = 0; status == SOMA_OK && i < STAGES; i++)
        status = soma_device_stage(m->device, BYTES, "a check of its stages", &stage[i], &host[i]);
    if (status == SOMA_OK) status = send_in_turn(suite, m, stage, host, kept);
    if (status != SOMA_OK) soma_suite_fail(suite, "send", "%s: %s", soma_status_name(status), soma_last_error());
    for (size_t i = 0; i < STAGES; i++) soma_device_unstage(m->device, stage[i], BYTES);
    soma_device_free(m->device, kept, SENDINGS * BYTES);
}

void soma_memory_cases(soma_suite *suite) {
    mirror m, other;
    soma_random_init(&suite->random, SOMA_CHECK_MEMORY, SOMA_STREAM_DATA);
    soma_status status = mirror_make(suite, &m);
    if (status == SOMA_OK)
        status = mirror_make(suite, &other);
    else
        memset(&other, 0, sizeof other);
    if (status != SOMA_OK)
        soma_suite_fail(suite, "allocation", "%s: %s", soma_status_name(status), soma_last_error());
    else {
        check_operations(suite, &m, &other);
        check_wrap(suite, &m);
        check_stages(suite, &m);
    }
    soma_device_free(suite->device, m.memory, BYTES);
    soma_device_free(suite->device, other.memory, BYTES);
}

/* ---------------------------------------------------------------------------------------------------------- list */

#define WIDTH 1031
#define CALLS 7

/*
 * Seven calls in one list, each on what those before it have written; a call that overtakes another gives another
 * number. All values are whole and small, so there is no rounding: x = 3, y = x + x = 6, x = y^2 = 36, z[j] = sum over
 * 4 rows, ...
 */
typedef struct chain {
    void *memory, *scratch;
    size_t bytes, scratch_bytes;
    soma_call call[CALLS];
} chain;

static void chain_calls(soma_device *device, chain *made) {
    size_t step = soma_round_up(WIDTH * sizeof(float), SOMA_MAX(device->info.alignment, 64));
    made->bytes = 3 * step;
    soma_view x = soma_view_of(NULL, 0, SOMA_F32, 1, (size_t[]){WIDTH});
    soma_view y = x, sum = soma_view_of(NULL, 2 * step, SOMA_F32, 2, (size_t[]){1, 1});
    y.offset = step;
    soma_view x_line = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){1, WIDTH, 1});
    soma_view repeated = soma_view_of(NULL, 2 * step, SOMA_F32, 1, (size_t[]){WIDTH});
    repeated.stride[0] = 0;
    soma_unary_params square = {.function = SOMA_SQUARE};
    made->call[0] = soma_call_fill(x, 3.0f);
    made->call[1] = soma_call_binary(x, x, y, SOMA_BINARY_ADD);        /* y = 6 */
    made->call[2] = soma_call_unary(y, x, square);                     /* x = 36 */
    made->call[3] = soma_call_reduce(x_line, sum, SOMA_REDUCE_SUM);    /* sum = 36 WIDTH */
    made->call[4] = soma_call_fill(x, 1.0f);                           /* after it was read */
    made->call[5] = soma_call_binary(x, repeated, y, SOMA_BINARY_ADD); /* y = 1 + 36 WIDTH */
    made->call[6] = soma_call_copy(y, x, 1.0f, 2.0f);                  /* x = 3 + 36 WIDTH */
}

static soma_status chain_prepare(soma_suite *suite, chain *made) {
    chain_calls(suite->device, made);
    SOMA_TRY(soma_device_alloc(suite->device, made->bytes, "a check of lists", &made->memory));
    for (size_t i = 0; i < CALLS; i++) {
        size_t workspace;
        SOMA_TRY(soma_device_prepare(suite->device, &made->call[i], &workspace));
        if (made->call[i].fallback) suite->result.native = false;
        made->scratch_bytes = SOMA_MAX(made->scratch_bytes, workspace);
    }
    if (made->scratch_bytes) /* one for all, as in a plan */
        SOMA_TRY(soma_device_alloc(suite->device, made->scratch_bytes, "a check of lists", &made->scratch));
    for (size_t i = 0; i < CALLS; i++) {
        made->call[i].workspace = made->scratch;
        for (uint32_t j = 0; j < made->call[i].view_count; j++) made->call[i].view[j].memory = made->memory;
    }
    return SOMA_OK;
}

static soma_status chain_run(soma_suite *suite, chain *made) {
    float found[WIDTH];
    SOMA_TRY(soma_device_run(suite->device, made->call, CALLS));
    SOMA_TRY(soma_device_sync(suite->device));
    SOMA_TRY(soma_device_read(suite->device, made->memory, 0, found, sizeof found));
    const float expected = 3.0f + 36.0f * WIDTH;
    for (size_t i = 0; i < WIDTH; i++)
        if (found[i] != expected) {
            soma_suite_fail(suite, "seven dependent calls", "element %zu is %.9g, must be %.9g", i, (double)found[i],
                            (double)expected);
            break;
        }
    return SOMA_OK;
}

void soma_list_cases(soma_suite *suite) {
    chain made;
    memset(&made, 0, sizeof made);
    soma_status status = chain_prepare(suite, &made);
    for (int i = 0; i < 3 && status == SOMA_OK; i++) { /* a list may be recorded at its first run and replayed later */
        suite->result.cases++;
        status = chain_run(suite, &made);
    }
    if (status != SOMA_OK)
        soma_suite_fail(suite, "seven dependent calls", "%s: %s", soma_status_name(status), soma_last_error());
    for (size_t i = 0; i < CALLS; i++) soma_device_release(suite->device, &made.call[i]);
    soma_device_free(suite->device, made.memory, made.bytes);
    soma_device_free(suite->device, made.scratch, made.scratch_bytes);
}
