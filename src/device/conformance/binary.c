/* SPDX-License-Identifier: MIT */
/* Cases of BINARY: every operation, with equal shapes and every way of repeating the second operand. */
#include "device/conformance/shapes.h"

static const char *const op_names[SOMA_BINARY_COUNT] = {
#define X(name) #name,
    SOMA_BINARY_LIST(X)
#undef X
};

static soma_bounded apply(soma_binary op, double a, double b) {
    soma_bounded x = soma_exact(a), y = soma_exact(b);
    bool unordered = isnan(a) || isnan(b);
    switch (op) {
    case SOMA_BINARY_ADD:
        return soma_bounded_add(x, y);
    case SOMA_BINARY_SUBTRACT:
        return soma_bounded_subtract(x, y);
    case SOMA_BINARY_MULTIPLY:
        return soma_bounded_multiply(x, y);
    case SOMA_BINARY_DIVIDE:
        return soma_bounded_divide(x, y);
    case SOMA_BINARY_MAXIMUM:
        return soma_exact(unordered ? NAN : fmax(a, b));
    case SOMA_BINARY_MINIMUM:
        return soma_exact(unordered ? NAN : fmin(a, b));
    case SOMA_BINARY_GREATER:
        return soma_exact(a > b);
    case SOMA_BINARY_GREATER_EQUAL:
        return soma_exact(a >= b);
    case SOMA_BINARY_POWER:
        return soma_rounded(pow(a, b), 0.0, SOMA_ULPS_POWER);
    case SOMA_BINARY_EQUAL:
        return soma_exact(a == b);
    case SOMA_BINARY_REMAINDER:
        return soma_rounded(fmod(a, b), 0.0, 0.0);
    case SOMA_BINARY_KEEP:
        return soma_exact(b != 0.0 ? a : 0.0);
    case SOMA_BINARY_COUNT:
        break;
    }
    return soma_exact(NAN);
}

static void binary_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *a = &before->view[0], *b = &before->view[1];
    size_t count = soma_view_count(a);
    for (size_t i = 0; i < count; i++)
        expected[2][i] =
            apply(before->params.binary.op, soma_element_get(a, i), soma_element_get(b, soma_element_position(b, i)));
}

/* A stride of 0 where `repeated` says so, else as contiguous as that allows. */
static soma_view broadcast(soma_view view, const bool *repeated) {
    size_t stride = 1;
    for (uint32_t i = view.rank; i-- > 0;) {
        view.stride[i] = repeated[i] ? 0 : stride;
        if (!repeated[i]) stride *= view.shape[i];
    }
    return view;
}

/* Which of the first dimensions repeat, as bits: dimension i by 1 << i. */
static void set_repeated(bool *repeated, unsigned bits) {
    for (uint32_t i = 0; i < SOMA_MAX_RANK; i++) repeated[i] = bits >> i & 1;
}

/* Pairs whose power is a matter of definition (C99, annex F.9.4.4), and pairs that are equal. */
static const float edge_a[] = {0.0f, -2.0f, -2.0f, -2.0f, 0.0f, 1.5f, 1.0f, 0.5f, -1.0f, 2.0f, 3.0f};
static const float edge_b[] = {0.0f, 3.0f, 2.0f, 0.5f, -1.0f, 0.0f, 100.0f, 0.5f, -1.0f, 2.0f, 100.0f};
/* Each special against each, and against a number. */
static const float special_a[] = {NAN, 1.5f, NAN, INFINITY, 2.0f, INFINITY, -INFINITY, -INFINITY, -1.0f, INFINITY, NAN};
static const float special_b[] = {1.5f,  NAN,       NAN,       2.0f, INFINITY, -INFINITY,
                                  -1.5f, -INFINITY, -INFINITY, NAN,  INFINITY};

static void binary_case(soma_suite *suite, soma_binary op, soma_view shape, unsigned repeated_bits, bool special) {
    bool repeated[SOMA_MAX_RANK];
    set_repeated(repeated, repeated_bits);
    soma_view b = broadcast(shape, repeated);
    soma_call call = soma_call_binary(shape, b, shape, op);
    soma_case c;
    soma_case_begin(suite, &c, &call, binary_bound);
    if (op == SOMA_BINARY_POWER) soma_case_uniform(suite, &c, 0, 0.1, 3.0);
    if (op == SOMA_BINARY_DIVIDE || op == SOMA_BINARY_REMAINDER) soma_case_nonzero(suite, &c, 1, 0.25, 3.0);
    if (op == SOMA_BINARY_REMAINDER) soma_case_uniform(suite, &c, 0, -100.0, 100.0);
    if (op == SOMA_BINARY_GREATER || op == SOMA_BINARY_GREATER_EQUAL || op == SOMA_BINARY_EQUAL) {
        soma_case_whole(suite, &c, 0, -2, 2); /* so that many are equal */
        soma_case_whole(suite, &c, 1, -2, 2);
    }
    if (op == SOMA_BINARY_KEEP) soma_case_whole(suite, &c, 1, 0, 1);
    if (!repeated_bits && !special && c.positions[0] > SOMA_COUNT_OF(edge_a)) {
        soma_case_points(&c, 0, edge_a, SOMA_COUNT_OF(edge_a));
        soma_case_points(&c, 1, edge_b, SOMA_COUNT_OF(edge_b));
    }
    if (special) {
        soma_case_points(&c, 0, special_a, SOMA_COUNT_OF(special_a));
        soma_case_points(&c, 1, special_b, SOMA_COUNT_OF(special_b));
    }
    c.garbage_is_finite = special;
    soma_case_describe(&c, ": %s on %s, b repeats dimensions %#x%s", op_names[op], SHAPE(&shape), repeated_bits,
                       special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_binary_cases(soma_suite *suite) {
    static const struct {
        uint32_t rank;
        size_t shape[SOMA_MAX_RANK];
    } shapes[] = {{1, {131}},     {2, {13, 31}},     {2, {128, 10}},       {2, {1, 7}},    {2, {7, 1}},
                  {3, {5, 7, 3}}, {4, {3, 2, 5, 4}}, {5, {2, 3, 1, 5, 2}}, {3, {3, 4, 80}}};
    for (int op = 0; op < SOMA_BINARY_COUNT; op++) {
        binary_case(suite, (soma_binary)op, SOMA_F32_VIEW(1031), 0, false);
        binary_case(suite, (soma_binary)op, SOMA_F32_VIEW(31), 0, true);
        binary_case(suite, (soma_binary)op, SOMA_F32_VIEW(31, 13), 1, false);
        binary_case(suite, (soma_binary)op, SOMA_F32_VIEW(31, 13), 2, false);
    }
    for (size_t i = 0; i < SOMA_FLAT_SHAPE_COUNT; i++)
        binary_case(suite, (soma_binary)(i % SOMA_BINARY_COUNT), soma_flat_view(i), 0, false);
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        for (unsigned repeated = 0; repeated < 1u << shapes[i].rank; repeated++)
            binary_case(suite, (soma_binary)(repeated % 4), soma_view_shaped(SOMA_F32, shapes[i].rank, shapes[i].shape),
                        repeated, false);
    binary_case(suite, SOMA_BINARY_ADD, SOMA_F32_VIEW(0, 5), 1, false);
    binary_case(suite, SOMA_BINARY_ADD, SOMA_F32_VIEW(257, 512), 1, false);
}

void soma_binary_speeds(soma_suite *suite) {
    soma_view shape = SOMA_F32_VIEW(SOMA_TIMED_ROWS, SOMA_TIMED_COLUMNS);
    for (unsigned repeated_bits = 0; repeated_bits < 2; repeated_bits++) { /* b as large as a, or a row of it */
        bool repeated[SOMA_MAX_RANK];
        set_repeated(repeated, repeated_bits);
        soma_call call = soma_call_binary(shape, broadcast(shape, repeated), shape, SOMA_BINARY_ADD);
        soma_case c;
        soma_case_begin(suite, &c, &call, binary_bound);
        soma_case_time(suite, &c, repeated_bits ? "add a row" : "add");
    }
}
